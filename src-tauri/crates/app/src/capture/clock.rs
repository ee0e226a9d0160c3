//! How this machine's clock stood when a capture was sealed: whoever reads its times later has to know.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What can be asked on this system; never over the network.
const ASK: &[&[&str]] = if cfg!(windows) {
    &[&["w32tm", "/query", "/status"]]
} else if cfg!(target_os = "macos") {
    &[&["systemsetup", "-getusingnetworktime"]]
} else {
    &[&["timedatectl", "show", "-p", "NTPSynchronized", "-p", "NTP"], &["chronyc", "-n", "tracking"]]
};
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: usize = 400;

/// What the system says of its clock's synchronisation; a sentence if it says nothing.
pub(crate) fn state() -> String {
    let said = ASK.iter().find_map(|words| ask(words));
    said.unwrap_or_else(|| "not known: this system has nothing that tells whether its clock is synchronised".into())
}

fn ask(words: &[&str]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    super::program::quietly(&mut command);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let began = Instant::now();
    while child.try_wait().ok()?.is_none() {
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said: String = said.join("; ").chars().take(LONGEST).collect();
    (output.status.success() && !said.is_empty()).then(|| format!("{program}: {said}"))
}
