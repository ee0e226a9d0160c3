//! Profile-guided builds: `lintel` is built so that it counts where it goes, works through made captures and the samples, and is built
//! again for the ways that it went. Whoever hands out programs does so; nothing else here needs it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::generate::{self, Mix, Recipe};
use crate::program::{output, program, run, run_allowing, words};

/// Makes the profile, and says how to build with it.
pub fn train() -> Result<()> {
    let folder = crate::target().join("trained");
    let counts = folder.join("counts");
    for old in [&counts, &folder.join("case.lintel")] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("removing {}", old.display()))?;
        }
    }
    run(&mut words("rustup component add llvm-tools"))?;
    // The same units as a release's, or its functions would not be known again; what links them makes no difference.
    let lintel = build(&folder.join("watched"), flag("-Cprofile-generate=", &counts), "off")?;
    work(&lintel, &folder)?;
    let profile = folder.join("lintel.profdata");
    let sysroot = PathBuf::from(output(&mut words("rustc --print sysroot"))?);
    let merge = sysroot.join("lib/rustlib").join(host()?).join("bin/llvm-profdata");
    run(program(merge, ["merge", "-o"]).arg(&profile).arg(&counts))?;
    println!("Made       {}", profile.display());
    println!("Build with RUSTFLAGS=-Cprofile-use={}", profile.display());
    println!("Measure    cargo xtask bench import --profile {}", profile.display());
    Ok(())
}

/// Builds `lintel` with a profile; gives the program.
pub fn with(profile: &Path) -> Result<PathBuf> {
    if !profile.is_file() {
        bail!("there is no profile {}: `cargo xtask train` makes one", profile.display());
    }
    let profile = profile.canonicalize().with_context(|| format!("finding {}", profile.display()))?;
    build(&crate::target().join("trained").join("built"), flag("-Cprofile-use=", &profile), "fat")
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}

/// Builds for this machine by its full name: build scripts and macros are not built with the flag, then.
fn build(target: &Path, flag: OsString, lto: &str) -> Result<PathBuf> {
    let host = host()?;
    let mut cargo = words("cargo build --quiet --release --package cli");
    cargo.args(["--target", &host, "--target-dir"]).arg(target);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flag).env("CARGO_PROFILE_RELEASE_LTO", lto).env_remove("RUSTFLAGS");
    run(&mut cargo)?;
    Ok(target.join(host).join("release").join(format!("lintel{}", std::env::consts::EXE_SUFFIX)))
}

/// What analysts do most: evidence of several kinds comes in, and is looked at.
fn work(lintel: &Path, folder: &Path) -> Result<()> {
    let case = folder.join("case.lintel");
    run(program(lintel, ["case", "new"]).arg(&case).args(["--name", "Training"]).stdout(Stdio::null()))?;
    let mut evidence = vec![crate::root().join("samples")];
    for (name, mix) in [("small", Mix::Small), ("bulk", Mix::Bulk)] {
        let capture = folder.join(format!("{name}.pcap"));
        generate::generate(Recipe { size: 100_000_000, seed: 11, mix }, &capture)?;
        evidence.push(capture);
    }
    // 1: something was refused; some samples are broken on purpose.
    run_allowing(program(lintel, ["import"]).arg(&case).args(&evidence).stdout(Stdio::null()), &[0, 1])?;
    for question in ["devices", "flows", "facts --search lamp", "dns --where query~example", "frames --filter mqtt"] {
        let mut show = program(lintel, ["show"]);
        run(show.arg(&case).args(question.split(' ')).args(["--limit", "500"]).stdout(Stdio::null()))?;
    }
    run_allowing(program(lintel, ["verify"]).arg(&case).stdout(Stdio::null()), &[0, 1])
}

/// This machine, in the words of Rust: `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let said = output(&mut words("rustc --version --verbose"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for which machine it builds")
}
