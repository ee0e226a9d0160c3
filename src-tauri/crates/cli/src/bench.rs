//! `lintel bench`: runs the bench until Ctrl+C or `quit`. Each line that is typed is a thing's command, or a question.

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use app::{App, Code, Error, JobState};
use serde_json::{Value, json};

use crate::args::Bench;
use crate::print::Printer;
use crate::{differs, text};

/// It is looked up so often whether somebody asked it to end.
const LOOK: Duration = Duration::from_millis(200);

enum Asked {
    Line(String),
    Stop,
}

pub fn bench(app: &Arc<App>, request: &Bench, out: &mut Printer) -> Result<ExitCode, Error> {
    let start = json!({ "listen": request.listen.clone().unwrap_or_default(), "names": request.name, "authority": request.authority });
    let started = app.call("bench_start", start)?;
    if let Some(reason) = &request.allow {
        app.call("bench_allow", json!({ "reason": reason }))?;
    }
    let service = request.port.map(|port| {
        let options = server::Options { port, allow_acts: request.allow.is_some(), ..server::Options::default() };
        server::serve(app.clone(), options).map_err(|why| Error { code: Code::Failed, message: why.to_string() })
    });
    let service = service.transpose()?;
    let line = json!({ "listen": started["listen"], "recording": started["recording"]["path"],
        "ca": started["ca"]["sha256"], "url": service.as_ref().map(|service| &service.url) });
    out.one(&line, |line| {
        let url = line["url"].as_str().map(|url| format!("\npage and REST: {url}")).unwrap_or_default();
        format!(
            "the bench listens on {}, recorded in {}; `quit` or Ctrl+C ends it{url}",
            text(&line["listen"]),
            text(&line["recording"])
        )
    })?;
    let (ask, asked) = channel();
    let stops = ask.clone();
    let _ = ctrlc::set_handler(move || drop(stops.send(Asked::Stop)));
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if ask.send(Asked::Line(line)).is_err() {
                return;
            }
        }
    });
    let until = request.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
    loop {
        let ended = until.is_some_and(|until| Instant::now() >= until);
        let running = app.call("bench_state", Value::Null)?["running"] == true;
        match asked.recv_timeout(LOOK) {
            _ if ended || !running => break,
            Ok(Asked::Stop) => break,
            Ok(Asked::Line(line)) if matches!(line.trim(), "quit" | "exit") => break,
            Ok(Asked::Line(line)) => {
                if let Err(why) = answer(app, line.trim(), out) {
                    eprintln!("lintel: {}", why.message);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody types any more; Ctrl+C still ends it.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
    }
    drop(service);
    let state = app.call("bench_state", Value::Null)?;
    let id = state["recording"]["job"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    let _ = app.call("bench_stop", Value::Null); // it may have ended by itself
    let job = app.wait(id, &mut |_| ())?;
    let ended = json!({ "state": job.state, "message": job.message, "path": state["recording"]["path"] });
    out.one(&ended, |ended| text(&ended["message"]))?;
    match job.state {
        JobState::Failed => Err(Error { code: Code::Failed, message: job.message }),
        state => Ok(differs(state != JobState::Done)),
    }
}

/// `things`, `thing ID`, or a command and a thing: `on ID`.
fn answer(app: &App, line: &str, out: &mut Printer) -> Result<(), Error> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match (word, rest.trim()) {
        ("", _) => Ok(()),
        ("things", "") => {
            let page = app.call("things", json!({ "limit": 500 }))?;
            for thing in page["things"].as_array().into_iter().flatten() {
                out.one(thing, |thing| {
                    let here = if thing["connectivity"]["connected"] == true { "connected" } else { "-" };
                    let on = match thing["on"].as_bool() {
                        Some(true) => "on",
                        Some(false) => "off",
                        None => "-",
                    };
                    format!("{}  {here:<9}  {on:<3}  {}", text(&thing["id"]), text(&thing["name"]))
                })?;
            }
            Ok(())
        }
        ("thing", id) => out.object(&app.call("thing", json!({ "id": id }))?),
        (command, id) if !id.is_empty() => {
            let sent = app.call("thing_command", json!({ "id": id, "command": command }))?;
            out.one(&sent, |sent| {
                let nobody = if sent["connected"] == true { "" } else { "; it is not connected, and nobody keeps it" };
                format!("sent {} to {}{nobody}", text(&sent["payload"]), text(&sent["topic"]))
            })
        }
        _ => Err(Error {
            code: Code::Invalid,
            message: format!("'{line}': type a command and a thing's id (on ID), things, thing ID, or quit"),
        }),
    }
}
