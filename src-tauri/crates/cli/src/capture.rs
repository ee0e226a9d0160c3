//! `lintel capture`: records until a limit or Ctrl+C, says how it goes, and tells what was sealed.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::{App, Code, Error, JobState};
use serde_json::{Value, json};

use crate::args::Capture;
use crate::print::Printer;
use crate::{differs, finish, text};

pub fn capture(app: &Arc<App>, request: &Capture, out: &mut Printer) -> Result<ExitCode, Error> {
    if let Some(id) = request.seal {
        let job = app.call("capture_seal", json!({ "id": id, "note": request.note }))?;
        let job = finish(app, &job["id"])?;
        out.one(&json!({ "capture": id, "message": job["message"] }), |line| text(&line["message"]))?;
        return Ok(differs(job["state"] != "done"));
    }
    let mut begun: Vec<Value> = Vec::new();
    for request in request.requests() {
        match app.call("capture_start", request) {
            Ok(started) => begun.push(started),
            Err(why) => {
                stop(app, &begun);
                wait(app, &begun)?;
                return Err(why);
            }
        }
    }
    let stopping = (app.clone(), begun.clone());
    // A second Ctrl+C finds nothing left to stop; what was written is kept whatever happens.
    let _ = ctrlc::set_handler(move || stop(&stopping.0, &stopping.1));
    let jobs = wait(app, &begun)?;
    let captures = app.call("captures", Value::Null)?;
    let mut different = false;
    for (started, (state, message)) in begun.iter().zip(jobs) {
        let mut capture = captures
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["id"] == started["capture"])
            .cloned()
            .unwrap_or_default();
        capture["message"] = json!(message);
        out.one(&capture, |capture| {
            let files = capture["files"].as_array().into_iter().flatten();
            let files: String =
                files.map(|file| format!("\n  {}  {}", text(&file["sha256"]), text(&file["path"]))).collect();
            format!("{}: {}{files}", text(&capture["interface"]), text(&capture["message"]))
        })?;
        if state == JobState::Failed {
            return Err(Error { code: Code::Failed, message });
        }
        different |= state != JobState::Done;
    }
    Ok(differs(different))
}

fn stop(app: &App, begun: &[Value]) {
    for started in begun {
        let _ = app.call("capture_stop", json!({ "id": started["capture"] })); // it may have ended by itself
    }
}

/// Waits for all of them; says now and then how they stand.
fn wait(app: &App, begun: &[Value]) -> Result<Vec<(JobState, String)>, Error> {
    let mut told = Instant::now();
    let mut ended = Vec::new();
    for started in begun {
        let id = started["job"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        let job = app.wait(id, &mut |_| {
            if told.elapsed() > Duration::from_millis(500) && std::io::stderr().is_terminal() {
                told = Instant::now();
                tell(app);
            }
        })?;
        ended.push((job.state, job.message));
    }
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    Ok(ended)
}

fn tell(app: &App) {
    let captures = app.call("captures", Value::Null).unwrap_or_default();
    let running = captures
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["state"] == "recording" || one["state"] == "sealing");
    let words: Vec<String> = running
        .map(|one| {
            let lost = one["dropped"].as_u64().unwrap_or(0) + one["if_dropped"].as_u64().unwrap_or(0);
            let megabytes = one["bytes"].as_f64().unwrap_or(0.0) / 1e6;
            format!(
                "{} {}: {} packets, {megabytes:.1} MB, {lost} lost",
                text(&one["state"]),
                text(&one["interface"]),
                one["packets"]
            )
        })
        .collect();
    eprint!("\r\x1b[K{}", words.join("; "));
    let _ = std::io::stderr().flush();
}

/// What this machine can record; exit code 1 if something is in the way.
pub fn doctor(app: &App, out: &mut Printer) -> Result<ExitCode, Error> {
    let host = app.call("capture_interfaces", Value::Null)?;
    out.one(&host, |host| {
        let mut said = match &host["problem"] {
            Value::Null => "This machine can record.".to_owned(),
            problem => format!("This machine can't record: {}", text(problem)),
        };
        if let Some(mend) = host["mend"].as_str() {
            said.push_str(&format!("\nTo mend it: {mend}"));
        }
        if let Some(program) = host["program"].as_str() {
            said.push_str(&format!("\nCapture program: {program}"));
        }
        for interface in host["interfaces"].as_array().into_iter().flatten() {
            let state = match interface["why"].as_str() {
                Some(why) => why.to_owned(),
                None => interface["addresses"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(" "),
            };
            said.push_str(&format!("\n  {:<16} {:<10} {state}", text(&interface["name"]), text(&interface["kind"])));
        }
        said
    })?;
    Ok(differs(!host["problem"].is_null()))
}
