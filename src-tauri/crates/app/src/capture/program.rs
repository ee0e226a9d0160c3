//! The capture program `lintel-capture`: where it is, what it says of interfaces, filters and rights.
//!
//! It is a program of its own so that nothing else needs the right to capture. Its words are lines of JSON.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::error::{Code, Error, Result};

const NAME: &str = if cfg!(windows) { "lintel-capture.exe" } else { "lintel-capture" };
/// Names another place for it.
const VARIABLE: &str = "LINTEL_CAPTURE";

/// A network interface that could be recorded.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct CaptureInterface {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub addresses: Vec<String>,
    /// `ethernet`, `wifi`, `loopback`, `bluetooth`, `usb`, `virtual` or `other`
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub link_types: Vec<CaptureLinkType>,
    #[serde(default)]
    pub up: bool,
    #[serde(default)]
    pub running: bool,
    /// Whether it can listen to all frames of the air.
    #[serde(default)]
    pub monitor: bool,
    /// Whether it can be recorded now.
    #[serde(default)]
    pub opens: bool,
    /// Why not.
    #[serde(default)]
    pub why: Option<String>,
}

/// A way in which an interface gives its frames.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct CaptureLinkType {
    pub dlt: i32,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
}

/// What this machine can record, and what is in the way.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaptureHost {
    /// Path of the capture program.
    pub program: Option<String>,
    /// What is in the way, in a sentence.
    pub problem: Option<String>,
    /// A command that mends it.
    pub mend: Option<String>,
    pub interfaces: Vec<CaptureInterface>,
}

/// Beside this program, or where the environment says.
pub(super) fn find() -> Option<PathBuf> {
    if let Some(said) = std::env::var_os(VARIABLE) {
        return Some(PathBuf::from(said)).filter(|path| path.is_file());
    }
    let own = std::env::current_exe().ok()?;
    // A test's program lies one folder deeper than the programs.
    let folders = own.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(NAME)).find(|path| path.is_file())
}

/// Runs it; its output is for us.
pub(super) fn command() -> Result<Command> {
    let path = find().ok_or_else(|| Error::missing(MISSING))?;
    let mut command = Command::new(path);
    quietly(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// On Windows a program of the terminal opens one, unless it is told not to.
pub(super) fn quietly(command: &mut Command) {
    #[cfg(windows)]
    {
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
    }
    let _ = command;
}

const MISSING: &str = "recording: the capture program lintel-capture is not beside this program; install it again";

/// Starts a prepared command.
pub(super) fn spawn(mut command: Command) -> Result<Child> {
    command.spawn().map_err(|why| {
        let program = command.get_program().to_string_lossy().into_owned();
        Error::new(Code::Failed, format!("recording: starting {program}: {why}"))
    })
}

/// All that it can say of this machine.
pub(super) fn host() -> CaptureHost {
    let mut host = CaptureHost {
        program: find().map(|path| path.display().to_string()),
        problem: None,
        mend: None,
        interfaces: Vec::new(),
    };
    match say(&["doctor"]) {
        Err(why) => {
            host.problem = Some(why.message);
            return host;
        }
        Ok(said) => {
            if let Some(doctor) = said.lines().find_map(object).filter(|doctor| doctor["can_capture"] == false) {
                host.problem = doctor["why"].as_str().map(str::to_owned);
                host.mend = doctor["mend"].as_str().map(str::to_owned);
            }
        }
    }
    match say(&["list"]) {
        Ok(said) => host.interfaces = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        Err(why) => host.problem = host.problem.or(Some(why.message)),
    }
    host
}

/// Whether a capture filter makes sense; else why not.
pub(super) fn check(interface: &str, filter: &str) -> Result<Option<String>> {
    let mut command = command()?;
    // Of none in particular, a filter is looked at as one of Ethernet.
    let interface = if interface.is_empty() { "-" } else { interface };
    command.args(["check", "--interface", interface, "--filter", filter]);
    let output = spawn(command)?.wait_with_output().map_err(failed)?;
    match output.status.code() {
        Some(0) => Ok(None),
        Some(2) => Ok(Some(sentence(&output.stderr))),
        _ => Err(Error::new(Code::Failed, format!("checking a capture filter: {}", sentence(&output.stderr)))),
    }
}

fn say(arguments: &[&str]) -> Result<String> {
    let mut command = command()?;
    command.args(arguments);
    let output = spawn(command)?.wait_with_output().map_err(failed)?;
    if !output.status.success() && output.stdout.is_empty() {
        return Err(Error::new(Code::Failed, sentence(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn failed(why: std::io::Error) -> Error {
    Error::new(Code::Failed, format!("asking the capture program: {why}"))
}

pub(super) fn object(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok().filter(Value::is_object)
}

/// What it said last on its standard error: as JSON (`why`), or as a sentence.
pub(super) fn sentence(stderr: &[u8]) -> String {
    let said = String::from_utf8_lossy(stderr);
    let last =
        said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("the capture program ended without a word");
    let why = object(last).and_then(|line| line["why"].as_str().map(str::to_owned));
    let sentence = why.unwrap_or_else(|| last.trim_start_matches("lintel-capture: ").to_owned());
    sentence.chars().take(400).collect()
}
