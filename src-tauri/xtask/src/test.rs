//! Everything that can be checked, from formatting to the real window.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::program::{built, find, npm, program, run, words};
use crate::run::case_from_samples;
use crate::steps::Steps;
use crate::{packages, page};

const TAURI_DRIVER: &str = "2.1.0";

pub fn test() -> ExitCode {
    let mut steps = Steps::default();
    steps.step("set-up", packages::to_test);
    steps.step("formatting", || run(&mut words("cargo fmt --all --check")));

    let installed = steps.step("page: install", page::install);
    if installed.is_some() {
        // First of the page's steps, as the programs below take the page in.
        steps.step("page: build", page::build);
        steps.step("page: types", || run(&mut npm("run --silent check")));
        steps.step("page: lint", || run(&mut npm("run --silent lint")));
        steps.step("page: tests", || run(&mut npm("run --silent test")));
    } else {
        steps.skip("page", "its packages are not installed");
    }

    steps.step("clippy", || run(&mut words("cargo clippy --quiet --workspace --all-targets -- -D warnings")));
    steps.step("tests", || run(&mut tests()));
    let work = crate::target().join("test");
    let case = steps
        .step("programs", || {
            run(&mut words("cargo build --quiet --package cli --package capture --package lintel-desktop"))
        })
        .and_then(|()| steps.step("case from samples", || case_from_samples(&work)));
    if let Some(case) = case {
        let mut e2e = npm("run --silent e2e");
        e2e.env("LINTEL", built("debug", "lintel")).env("LINTEL_CASE", &case);
        steps.step("page in a browser", || run(&mut e2e));
        steps.step("window", || window(&case, &work.join("window")));
    } else {
        steps.skip("page in a browser", "there is no case to look at");
        steps.skip("window", "there is no case to look at");
    }
    steps.end()
}

/// The whole workspace; by nextest where it is installed, which does not run the examples in the documentation.
fn tests() -> Command {
    if find("cargo-nextest").is_some() {
        words("cargo nextest run --workspace --no-fail-fast")
    } else {
        words("cargo test --quiet --workspace --no-fail-fast")
    }
}

/// Opens the real window on `case` and uses it as a person would, through WebDriver. Pictures go to `pictures`.
fn window(case: &Path, pictures: &Path) -> Result<()> {
    let native = env::var_os("EDGEWEBDRIVER").map(|folder| Path::new(&folder).join("msedgedriver.exe"));
    if cfg!(target_os = "macos") || cfg!(windows) && native.is_none() {
        println!("Not tried: there is no WebDriver for the window here (on Windows, EDGEWEBDRIVER names its folder).");
        return Ok(());
    }
    let driver = packages::cargo_tool("tauri-driver", TAURI_DRIVER)?;
    // On Linux, a display and a session of its own: nothing of it is seen, and no window that is open already is met.
    let mut command = if cfg!(target_os = "linux") {
        let screen = "--server-args=-screen 0 1600x1000x24";
        program("dbus-run-session", ["--", "xvfb-run", "--auto-servernum", screen, "node"])
    } else {
        program("node", [""; 0])
    };
    command.arg("tests/window/window.mjs").arg(driver).arg(built("debug", "lintel-desktop")).arg(case).arg(pictures);
    run(command.args(native))
}
