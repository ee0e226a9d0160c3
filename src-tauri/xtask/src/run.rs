//! From a fresh clone to the window on a case.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::{built, output, program, run, run_allowing, words};
use crate::{packages, page};

/// Installs, builds, makes a case from `samples/` and opens the window on it; prints its summary where there is none.
pub fn start() -> Result<()> {
    packages::to_build()?;
    page::install()?;
    page::build()?;
    run(&mut words("cargo build --package cli --package capture --package lintel-desktop"))?;
    let case = case_from_samples(&crate::target().join("run"))?;
    if has_display() {
        println!("Opening {}", case.display());
        return run(program(built("debug", "lintel-desktop"), [&case]).current_dir(crate::root()));
    }
    summary(&case)
}

/// A new case in `folder`, with the evidence of `samples/` in it. One that was there before is removed.
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
    // 1: something was refused; some samples are broken on purpose.
    let samples = ["hollis-street", "broken"].map(|name| crate::root().join("samples").join(name));
    run_allowing(program(&lintel, ["import"]).arg(&case).args(samples), &[0, 1])?;
    Ok(case)
}

fn has_display() -> bool {
    cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn summary(case: &Path) -> Result<()> {
    println!("\nEvidence (what is inside containers is left out):");
    table(case, "evidence", &["kind", "status", "frames", "facts", "issues", "name"])?;
    println!("\nDevices:");
    table(case, "devices", &["mac", "vendor", "frames", "name", "protocols"])?;
    println!("\nThere is no display here, so no window was opened. To see the case in a browser on this machine:");
    println!("  {} serve {:?}", built("debug", "lintel").display(), case.display().to_string());
    Ok(())
}

/// A few columns of a view.
fn table(case: &Path, view: &str, columns: &[&str]) -> Result<()> {
    let said = output(program(built("debug", "lintel"), ["show", "--json"]).arg(case).arg(view))?;
    let mut rows = vec![columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()];
    for line in said.lines() {
        let row: Value = serde_json::from_str(line).with_context(|| format!("reading the row {line}"))?;
        if !row["parent"].is_null() {
            continue; // inside a container
        }
        rows.push(columns.iter().map(|&name| cell(&row[name])).collect());
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("  {}", cells.join("  ").trim_end());
    }
    Ok(())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
