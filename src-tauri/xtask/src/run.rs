//! From a fresh clone to the window on a case.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::program::{built, program, run, run_allowing, words};
use crate::{packages, page};

/// Installs, builds, makes a case from `samples/` and opens the window on it; prints its summary where there is none.
pub fn start() -> Result<()> {
    packages::to_build()?;
    page::install()?;
    page::build()?;
    run(&mut words("cargo build --package cli --package lintel-desktop"))?;
    let case = case_from_samples(&crate::target().join("run"))?;
    if has_display() {
        println!("Opening {}", case.display());
        return run(program(built("debug", "lintel-desktop"), [&case]).current_dir(crate::root()));
    }
    summary(&case)
}

/// A new case in `folder`, with all of `samples/` in it. One that was there before is removed.
pub fn case_from_samples(folder: &Path) -> Result<PathBuf> {
    let case = folder.join("Hollis Street 14.lintel");
    if case.exists() {
        fs::remove_dir_all(&case).with_context(|| format!("removing the old case {}", case.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let lintel = built("debug", "lintel");
    let about =
        ["--name", "Hollis Street 14", "--number", "2026-014", "--examiner", "Sample", "--zone", "Europe/Berlin"];
    run(program(&lintel, ["case", "new"]).arg(&case).args(about))?;
    // 1: something was refused; samples/ has files that are broken on purpose.
    run_allowing(program(&lintel, ["import"]).arg(&case).arg(crate::root().join("samples")), &[0, 1])?;
    Ok(case)
}

fn has_display() -> bool {
    cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn summary(case: &Path) -> Result<()> {
    let lintel = built("debug", "lintel");
    for view in ["evidence", "devices"] {
        println!("\n{view}:");
        run(program(&lintel, ["show"]).arg(case).args([view, "--limit", "40"]))?;
    }
    println!("\nThere is no display here, so no window was opened. To see the case in a browser on this machine:");
    println!("  {} serve {:?}", lintel.display(), case.display().to_string());
    Ok(())
}
