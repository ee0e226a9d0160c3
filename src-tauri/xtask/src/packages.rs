//! What has to be on the machine. The one list of it.

use std::env;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::program::{find, output, program, run, words};

/// Debian packages that building takes.
const TO_BUILD: &[&str] =
    &["build-essential", "pkg-config", "libpcap-dev", "libwebkit2gtk-4.1-dev", "librsvg2-dev", "libxdo-dev"];

/// Debian packages that the tests take on top: a display, two browsers, other people's dissectors and recorders to
/// compare with, cables between network namespaces and what sends along them, a broker that is not ours.
const TO_TEST: &[&str] = &[
    "xvfb",
    "xauth",
    "dbus-daemon",
    "dbus-x11",
    "webkit2gtk-driver",
    "fonts-dejavu-core",
    "tshark",
    "wireshark-common",
    "tcpreplay",
    "iproute2",
    "libcap2-bin",
    "mosquitto",
    "mosquitto-clients",
    "openssl",
    "time",
];

/// The browser that tries the page. Ubuntu has it as a snap alone: there, Playwright takes the Chrome that is installed.
const TO_TEST_ON_DEBIAN: &[&str] = &["chromium"];

const NEEDS_ON_MACOS: &str = "\
On macOS, Lintel needs:
  Xcode command line tools   xcode-select --install
  Node.js 20.19 or newer     https://nodejs.org";

const NEEDS_ON_WINDOWS: &str = "\
On Windows, Lintel needs:
  Build Tools for Visual Studio, \"Desktop development with C++\"   winget install Microsoft.VisualStudio.2022.BuildTools
  WebView2 runtime (part of Windows 11)                          winget install Microsoft.EdgeWebView2Runtime
  Node.js 20.19 or newer                                         winget install OpenJS.NodeJS.LTS";

/// Sees to it that Lintel can be built here.
pub fn to_build() -> Result<()> {
    if cfg!(target_os = "macos") {
        let tools = words("xcode-select -p").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if find("npm").is_none() || !tools.is_ok_and(|status| status.success()) {
            bail!("something is missing. {NEEDS_ON_MACOS}");
        }
        return Ok(());
    }
    if cfg!(windows) {
        let npm =
            env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join("npm.cmd").is_file()));
        if !npm {
            bail!("npm is missing. {NEEDS_ON_WINDOWS}");
        }
        return Ok(());
    }
    install(TO_BUILD)?;
    if find("npm").is_none() {
        bail!("npm is missing: install Node.js 20.19 or newer (https://nodejs.org, or your distribution's packages)");
    }
    Ok(())
}

/// Sees to it that everything can be tested here.
pub fn to_test() -> Result<()> {
    to_build()?;
    if cfg!(target_os = "linux") {
        install(TO_TEST)?;
        if std::fs::read_to_string("/etc/os-release").is_ok_and(|about| about.lines().any(|line| line == "ID=debian")) {
            install(TO_TEST_ON_DEBIAN)?;
        }
    }
    Ok(())
}

/// Installs those of the packages that are missing.
fn install(packages: &[&str]) -> Result<()> {
    if find("dpkg-query").is_none() {
        println!("This is no Debian or Ubuntu. Taking it that these are here by other names: {}", packages.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing {}", missing.join(" "));
    let is_root = output(&mut words("id -u"))? == "0";
    let apt = |arguments: &str| {
        let line = format!("env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 {arguments}");
        let mut command = if is_root { words(&line) } else { words(&format!("sudo {line}")) };
        command.stdout(Stdio::null());
        run(&mut command)
    };
    if !is_root && find("sudo").is_none() {
        bail!("these packages are missing, and only root can install them: {}", missing.join(" "));
    }
    apt("update")?;
    apt(&format!("install -y --no-install-recommends {}", missing.join(" "))).context("installing packages")
}

fn is_installed(package: &str) -> bool {
    let asked = program("dpkg-query", ["-W", "-f=${Status}", package]).output();
    asked.is_ok_and(|answer| answer.stdout == b"install ok installed")
}

/// Installs a program from crates.io for this project alone, under `target/tools`, unless it is there.
pub fn cargo_tool(name: &str, version: &str) -> Result<std::path::PathBuf> {
    let tools = crate::target().join("tools");
    let installed = tools.join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let stamp = tools.join(format!("{name}-{version}"));
    if !(installed.is_file() && stamp.is_file()) {
        let mut cargo =
            program("cargo", ["install", name, "--version", version, "--locked", "--force", "--quiet", "--root"]);
        run(cargo.arg(Path::new(&tools)))?;
        std::fs::write(&stamp, "").with_context(|| format!("writing {}", stamp.display()))?;
    }
    Ok(installed)
}
