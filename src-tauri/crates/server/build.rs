//! Puts the built page (`ui/dist`), if there is one, into the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let ui = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../../ui");
    let dist = ui.join("dist");
    let mut files = Vec::new();
    if dist.is_dir() {
        walk(&dist, "", &mut files).unwrap_or_else(|error| panic!("reading the built page in {dist:?}: {error}"));
    }
    files.sort();

    let mut list = String::from("&[\n");
    for (name, path) in &files {
        writeln!(list, "    ({name:?}, include_bytes!({path:?})),").expect("a string takes it");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("page.rs");
    fs::write(&out, list).unwrap_or_else(|error| panic!("writing {out:?}: {error}"));

    // A path that is not there makes cargo run this each time: until the page is built, watch where it will appear.
    println!("cargo::rerun-if-changed={}", if files.is_empty() { &ui } else { &dist }.display());
    println!("cargo::rerun-if-changed=build.rs");
}

/// All files under `dir`, as (path in the page with `/`, path on this machine).
fn walk(dir: &Path, prefix: &str, into: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), into)?;
        } else {
            into.push((name, entry.path().canonicalize()?));
        }
    }
    Ok(())
}
