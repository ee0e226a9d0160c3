//! `lintel receive`: takes presence reports until Ctrl+C, says what came, and tells what was sealed.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use app::{App, Code, Error, JobState};
use serde_json::{Value, json};

use crate::args::Receive;
use crate::print::Printer;
use crate::{differs, text};

/// What came is told so often.
const TELL: Duration = Duration::from_millis(100);

pub fn receive(app: &Arc<App>, request: &Receive, out: &mut Printer) -> Result<ExitCode, Error> {
    for key in &request.key {
        let (network, file) = key.split_once('=').ok_or_else(|| Error {
            code: Code::Invalid,
            message: "--key: not of the form NETWORK=FILE; a key itself is never said here".into(),
        })?;
        app.call("receiver_key", json!({ "network": network, "file": file }))?;
    }
    if let Some(variable) = request.key_variable.as_deref() {
        let (network, variable) = variable.split_once('=').ok_or_else(|| Error {
            code: Code::Invalid,
            message: "--key-variable: not of the form NETWORK=NAME".into(),
        })?;
        app.call("receiver_key", json!({ "network": network, "variable": variable }))?;
    }
    if let Some(file) = &request.meraki_secret_file {
        app.call("receiver_key", json!({ "network": "meraki", "file": file }))?;
    }
    let failed = |why: server::Error| Error { code: Code::Failed, message: format!("receiving: {why}") };
    server::install_receiver(app, None).map_err(failed)?;
    let started = app.call("receiver_start", request.to_json())?;
    let line = json!({ "listen": started["listen"], "url": started["url"] });
    out.one(&line, |line| {
        format!("receiving on {}; Ctrl+C ends it\nwhat came: {}", text(&line["listen"]), text(&line["url"]))
    })?;
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let _ = ctrlc::set_handler(move || asks.store(true, Relaxed));
    let job = wait(app, &started["job"], &asked)?;
    let state = app.call("receiver_state", json!({}))?;
    let ended = json!({
        "state": job.state, "message": job.message, "accepted": state["accepted"], "unverified": state["unverified"],
        "refused": state["refused"], "sealed": state["sealed"],
    });
    out.one(&ended, |ended| text(&ended["message"]))?;
    match job.state {
        JobState::Failed => Err(Error { code: Code::Failed, message: job.message }),
        state => Ok(differs(state != JobState::Done)),
    }
}

/// Until it ends: by itself, or because it was asked to.
fn wait(app: &Arc<App>, job: &Value, asked: &AtomicBool) -> Result<app::Job, Error> {
    let id = job.as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    let (mut told, mut stopping) = (0, false);
    loop {
        let state = app.call("receiver_state", json!({ "after": told }))?;
        for note in state["notes"].as_array().into_iter().flatten() {
            told = note["number"].as_u64().unwrap_or(told);
            let word = if note["accepted"] == true { "kept" } else { "refused" };
            eprintln!("{} {} {word}: {}", text(&note["at"]), text(&note["peer"]), text(&note["text"]));
        }
        if state["running"] == false {
            return app.wait(id, &mut |_| ());
        }
        if asked.load(Relaxed) && !stopping {
            stopping = true;
            let _ = app.call("receiver_stop", Value::Null); // it may have ended by itself
        }
        std::thread::sleep(TELL);
    }
}
