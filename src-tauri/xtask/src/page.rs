//! The page's build.

use anyhow::Result;

use crate::program::{npm, run};

/// Installs the page's packages, exactly those of `package-lock.json`, unless that has been done.
pub fn install() -> Result<()> {
    let ui = crate::root().join("ui");
    let changed = |path: &str| ui.join(path).metadata().and_then(|file| file.modified()).ok();
    // npm writes the second when it has installed what the first asks for.
    if changed("node_modules/.package-lock.json") >= changed("package-lock.json") {
        return Ok(());
    }
    run(&mut npm("ci --no-audit --no-fund"))
}

pub fn build() -> Result<()> {
    run(&mut npm("run --silent build"))
}
