//! `sudo lintel-capture allow` (macOS): lets a group of users open the devices that packets come from.
//!
//! macOS makes /dev/bpf* anew each time it starts, for root alone. So a launch daemon gives them to the group at each start, as
//! other capture programs' do (both can be there). The script and its description are `macos/` beside this crate's sources.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::process::Command;
use std::{env, path::Path};

use crate::event::Failure;

const GROUP: &str = "access_lintel";
const FOLDER: &str = "/Library/Application Support/Lintel";
const SCRIPT: &str = "/Library/Application Support/Lintel/allow-bpf";
const DAEMON: &str = "/Library/LaunchDaemons/org.lintel.allow-bpf.plist";

pub fn allow() -> Result<(), Failure> {
    let failed =
        |what: &'static str| move |error: io::Error| Failure::failed(format!("{what}: {error} (is this root?)"));
    DirBuilder::new().recursive(true).mode(0o755).create(FOLDER).map_err(failed(FOLDER))?;
    install(SCRIPT, include_str!("../macos/allow-bpf"), 0o755).map_err(failed(SCRIPT))?;
    install(DAEMON, include_str!("../macos/org.lintel.allow-bpf.plist"), 0o644).map_err(failed(DAEMON))?;
    // Fails where the group is there already.
    let _ = run("/usr/sbin/dseditgroup", &["-q", "-o", "create", GROUP]);
    if let Some(user) = env::var("SUDO_USER").ok().filter(|user| user != "root") {
        run("/usr/sbin/dseditgroup", &["-q", "-o", "edit", "-a", &user, "-t", "user", GROUP])?;
    }
    // Fails where the daemon is not loaded yet.
    let _ = run("/bin/launchctl", &["bootout", "system", DAEMON]);
    run("/bin/launchctl", &["bootstrap", "system", DAEMON])?;
    println!("The group {GROUP} may capture now. Log out and in again for it to hold.");
    Ok(())
}

/// Puts a file in its place whole.
fn install(path: &str, text: &str, mode: u32) -> io::Result<()> {
    let new = format!("{path}.new");
    fs::write(&new, text)?;
    fs::set_permissions(&new, Permissions::from_mode(mode))?;
    fs::rename(&new, Path::new(path))
}

fn run(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let status = Command::new(program).args(arguments).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::failed(format!("{program} ended with {status}"))),
        Err(error) => Err(Failure::failed(format!("starting {program}: {error}"))),
    }
}
