//! How a recording begins: what the capture program is told, and what is made of its answer.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::Case;
use serde_json::{Value, json};

use super::super::tee::{Rotation, Tee};
use super::super::{CaptureStart, FOLDER, program};
use super::{Said, Session, spawn};
use crate::error::{Code, Error, Result};
use crate::import::Hub;
use crate::jobs::Topic;
use crate::state::{App, now};

/// How long the capture program may take to begin.
const PATIENCE: Duration = Duration::from_secs(15);

/// Starts the capture program; an error if it can't record what was asked for.
pub(in crate::capture) fn begin(app: &App, case: Arc<Case>, request: CaptureStart) -> Result<Arc<Session>> {
    let hub = Hub::of(app, &case, &()).map_err(|why| why.while_doing("recording"))?;
    let mut command = program::command()?;
    arguments(&mut command, &request)?;
    let mut child = program::spawn(command)?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Error::new(Code::Failed, "recording: the capture program has no output"));
    };
    let control = child.stdin.take();
    let (tell, told) = channel();
    spawn("capture status", move || lines(err, &tell))?;
    let began = told.recv_timeout(PATIENCE).unwrap_or_default();
    if began["event"] != "started" {
        drop(control);
        drop(out);
        return Err(refused(&began, ended(&mut child)));
    }
    let stem = stem(&request);
    let rotation =
        Rotation { bytes: request.file_bytes, every: request.file_seconds.map(|s| Duration::from_secs(s.into())) };
    let folder = case.dir().join(FOLDER);
    let tee = std::fs::create_dir_all(&folder).and_then(|()| Tee::new(&folder, &stem, rotation));
    let tee = Arc::new(tee.map_err(|why| {
        let _ = child.kill();
        let _ = child.wait();
        Error::new(Code::Failed, format!("recording: making a file in {}: {why}", folder.display()))
    })?);
    let options = serde_json::to_string(&request).unwrap_or_default();
    let id = case.capture_begin(&name(&request), &request.filter, &request.authority, &options, now())?;
    let session = Arc::new(Session {
        id,
        case,
        request,
        hub: Mutex::new(Some(hub)),
        tee,
        child: Mutex::new(child),
        control: Mutex::new(control),
        began: Instant::now(),
        said: Mutex::new(Said { began, ..Said::default() }),
        traffic: Mutex::default(),
        notes: Mutex::default(),
        analysed: AtomicU64::new(0),
        over: AtomicBool::new(false),
        sealing: AtomicBool::new(false),
    });
    let (listens, writes) = (session.clone(), session.clone());
    let handle = app.handle();
    spawn("capture status", move || {
        for said in told {
            listens.hear(&said);
            if let Some(app) = &handle {
                app.changed(&[Topic::Capture]);
            }
        }
    })?;
    spawn("capture tee", move || writes.write(out))?;
    Ok(session)
}

/// How a program that was asked to end has ended; one that does not is ended.
fn ended(child: &mut Child) -> Option<i32> {
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(2) {
        if let Ok(Some(status)) = child.try_wait() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill(); // it may have ended just now
    child.wait().ok().and_then(|status| status.code())
}

fn arguments(command: &mut Command, request: &CaptureStart) -> Result<()> {
    command.arg("record");
    match &request.replay {
        Some(replay) => {
            if !Path::new(&replay.path).is_file() {
                return Err(Error::missing(format!("playing {}: there is no such file", replay.path)));
            }
            if !(0.0..=1e6).contains(&replay.speed) {
                return Err(Error::invalid("playing a capture: the speed is a number from 0 to 1 000 000"));
            }
            command.args(["--replay", &replay.path, "--speed", &replay.speed.to_string()]);
        }
        None if request.interface.is_empty() => return Err(Error::invalid("recording: which interface?")),
        None => {
            command.args(["--interface", &request.interface]);
        }
    }
    if !request.filter.trim().is_empty() {
        command.args(["--filter", request.filter.trim()]);
    }
    let numbers = [
        ("--snap", request.snap.map(u64::from)),
        ("--buffer", request.buffer_mib.map(u64::from)),
        ("--seconds", request.seconds.map(u64::from)),
        ("--packets", request.packets),
        ("--bytes", request.bytes),
    ];
    for (option, value) in numbers {
        if let Some(value) = value {
            command.args([option, &value.to_string()]);
        }
    }
    for (option, wanted) in [("--no-promiscuous", !request.promiscuous), ("--monitor", request.monitor)] {
        if wanted {
            command.arg(option);
        }
    }
    if reads_standard_input(request) {
        command.stdin(Stdio::inherit());
    } else {
        command.stdin(Stdio::piped()).arg("--until-closed");
    }
    Ok(())
}

pub(super) fn reads_standard_input(request: &CaptureStart) -> bool {
    request.replay.is_none() && request.interface == "-"
}

/// What is recorded, in a word.
pub(super) fn name(request: &CaptureStart) -> String {
    match &request.replay {
        Some(replay) => format!("replay of {}", Path::new(&replay.path).file_name().unwrap_or_default().display()),
        None => request.interface.clone(),
    }
}

/// Of the file: when it begins, and what it is of, in letters that every system takes.
fn stem(request: &CaptureStart) -> String {
    let digits: String = now().to_string().chars().take(23).filter(char::is_ascii_alphanumeric).collect();
    let name = name(request);
    let name =
        if request.replay.is_some() { name.trim_end_matches(".pcapng").trim_end_matches(".pcap") } else { &name };
    let what: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .take(40)
        .collect();
    format!("{digits}Z-{}", what.trim_matches(['-', '.']))
}

/// Why the capture program did not begin.
fn refused(said: &Value, status: Option<i32>) -> Error {
    let why = said["why"].as_str().unwrap_or("the capture program did not begin");
    let mend = said["mend"].as_str().map(|mend| format!("; to mend it: {mend}")).unwrap_or_default();
    let code = if status == Some(2) { Code::Invalid } else { Code::Failed };
    Error::new(code, format!("recording: {why}{mend}"))
}

fn lines(from: ChildStderr, to: &Sender<Value>) {
    for line in BufReader::new(from).lines().map_while(std::result::Result::ok) {
        // What is no JSON is a library's complaint: the sentence of an error comes as JSON.
        let said = program::object(&line).unwrap_or_else(|| json!({ "event": "complaint", "why": line }));
        if to.send(said).is_err() {
            return;
        }
    }
}
