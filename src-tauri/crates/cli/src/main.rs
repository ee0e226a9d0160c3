//! The program `lintel`: words from a terminal to commands, and answers back.
//!
//! Invariant: nothing is done here that is not a command of `app`. Exit codes: 0 done, 1 done with differences or refused items,
//! 2 wrong use, 3 failed. Errors are one sentence on standard error.

mod args;
mod bench;
mod capture;
mod print;
mod progress;
mod receive;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use app::{App, Code, Error, JobState};
use clap::Parser;
use serde_json::{Value, json};

use args::{Args, CaseCommand, Do};
use print::Printer;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(help) => {
            let _ = help.print();
            return ExitCode::from(if help.use_stderr() { 2 } else { 0 });
        }
    };
    let mut out = Printer::new(args.json);
    match run(args, &mut out) {
        Ok(code) => code,
        Err(Error { code, message }) => {
            // A reader that has seen enough (`| head`) is no failure.
            if !out.reader_is_gone() {
                eprintln!("lintel: {message}");
            }
            ExitCode::from(match code {
                _ if out.reader_is_gone() => 0,
                Code::Invalid => 2,
                _ => 3,
            })
        }
    }
}

const DONE: ExitCode = ExitCode::SUCCESS;

fn differs(differs: bool) -> ExitCode {
    ExitCode::from(u8::from(differs))
}

fn run(args: Args, out: &mut Printer) -> Result<ExitCode, Error> {
    // What the command line does is no reason to touch the window's list of recent cases.
    let app = App::new(None);
    match args.command {
        Do::Case { command: CaseCommand::New { dir, about } } => {
            let mut request = json!(about.to_json());
            request["dir"] = json!(dir);
            let info = app.call("case_new", request)?;
            out.one(&info, |info| format!("made {}", text(&info["dir"])))?;
            Ok(DONE)
        }
        Do::Case { command: CaseCommand::Info { case } } => {
            let info = open(&app, &case)?;
            out.object(&info)?;
            Ok(DONE)
        }
        Do::Detect { paths } => {
            let found = app.call("evidence_detect", json!({ "paths": paths }))?;
            let found = found.as_array().cloned().unwrap_or_default();
            let refused = found.iter().any(|item| !item["problem"].is_null());
            for item in &found {
                out.one(item, print::detected)?;
            }
            Ok(differs(refused))
        }
        Do::Import { case, paths, copy } => {
            tell_interrupted(&open(&app, &case)?);
            import(&app, "evidence_add", json!({ "paths": paths, "copy": copy }), out)
        }
        Do::Capture(request) => {
            tell_interrupted(&open(&app, &request.case)?);
            capture::capture(&app, &request, out)
        }
        Do::Receive(request) => {
            tell_interrupted(&open(&app, &request.case)?);
            receive::receive(&app, &request, out)
        }
        Do::Bench(request) => {
            tell_interrupted(&open(&app, &request.case)?);
            bench::bench(&app, &request, out)
        }
        Do::Doctor => capture::doctor(&app, out),
        Do::Resume { case } => {
            open(&app, &case)?;
            import(&app, "evidence_resume", Value::Null, out)
        }
        Do::Show(show) => {
            open(&app, &show.case)?;
            out.pages(&app, show)?;
            Ok(DONE)
        }
        Do::Verify { case } => {
            open(&app, &case)?;
            let job = wait(&app, "evidence_verify", json!({ "ids": [] }))?;
            let items = app.call("rows", json!({ "view": "evidence", "limit": 10_000 }))?;
            let items = items["rows"].as_array().cloned().unwrap_or_default();
            for item in items.iter().filter(|item| item["parent"].is_null() && !item["sha256"].is_null()) {
                let line = json!({ "object": item["path"], "sha256": item["sha256"], "state": item["verified"] });
                out.one(&line, |line| format!("{:<10} {}", text(&line["state"]), text(&line["object"])))?;
            }
            let chain = custody_check(&app, out)?;
            Ok(differs(chain || job["state"] != "done"))
        }
        Do::Custody { case, verify } => {
            open(&app, &case)?;
            if verify {
                return Ok(differs(custody_check(&app, out)?));
            }
            out.custody(&app)?;
            Ok(DONE)
        }
        Do::Export { case, view, format, out: folder, filters } => {
            open(&app, &case)?;
            let select = filters.to_json()?;
            if format == "files" {
                let job = wait(&app, "file_save", json!({ "select": select }))?;
                let written = text(&job["message"]);
                if let Some(folder) = folder {
                    bring_files(&written, &folder)?;
                }
                out.one(&json!({ "message": written }), |line| text(&line["message"]))?;
                return Ok(differs(job["state"] != "done"));
            }
            let job = match format.as_str() {
                "pcapng" => wait(&app, "packets_save", json!({ "select": select }))?,
                _ => wait(&app, "rows_export", json!({ "view": view, "format": format, "select": select }))?,
            };
            let written = text(&job["message"]);
            if let Some(folder) = folder {
                bring(&written, &folder)?;
            }
            out.one(&json!({ "message": written }), |line| text(&line["message"]))?;
            Ok(DONE)
        }
        Do::Follow { case, uid, evidence } => {
            open(&app, &case)?;
            out.stream(&app, &uid, &evidence)?;
            Ok(DONE)
        }
        Do::Serve { case, port, ui } => {
            let info = match case {
                Some(case) => Some(open(&app, &case)?),
                None => None,
            };
            serve(
                &app,
                server::Options {
                    port,
                    page: ui.map(server::Page::Folder).unwrap_or_default(),
                    token: None,
                    allow_acts: args.allow_acts,
                },
                info.as_ref(),
                out,
            )
        }
        Do::Call { case, name, request } => {
            if case.as_os_str() != "-" {
                open(&app, &case)?;
            }
            let request: Value = serde_json::from_str(&request).map_err(|why| Error {
                code: Code::Invalid,
                message: format!("reading the request to {name}: {why}"),
            })?;
            let acts = app::command(&name).is_some_and(|command| command.effect == app::Effect::Acts);
            if acts && !args.allow_acts {
                let message =
                    format!("{name} touches the world outside this machine: add --allow-acts if that is meant");
                return Err(Error { code: Code::Invalid, message });
            }
            let answer = app.call(&name, request)?;
            // A job would end with this program: it is waited for.
            let answer = match answer.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("id")) {
                Some(id) if name != "job_cancel" => finish(&app, id)?,
                _ => answer,
            };
            out.object(&answer)?;
            Ok(DONE)
        }
        Do::Commands => {
            for command in app::COMMANDS {
                let line = json!({ "name": command.name, "effect": format!("{:?}", command.effect), "about": command.about.trim() });
                out.one(&line, |line| {
                    format!("{:<18} {:<8} {}", text(&line["name"]), text(&line["effect"]), text(&line["about"]))
                })?;
            }
            Ok(DONE)
        }
    }
}

fn open(app: &App, case: &Path) -> Result<Value, Error> {
    app.call("case_open", json!({ "dir": case }))
}

fn tell_interrupted(info: &Value) {
    for path in info["interrupted"].as_array().into_iter().flatten() {
        eprintln!("lintel: an earlier import was cut off while reading {}; `lintel resume` finishes it", text(path));
    }
}

fn import(app: &App, command: &str, request: Value, out: &mut Printer) -> Result<ExitCode, Error> {
    let job = wait(app, command, request)?;
    let info = app.call("case_info", Value::Null)?;
    let line = json!({ "state": job["state"], "message": job["message"], "counts": info["counts"] });
    out.one(&line, |line| {
        let counts = &line["counts"];
        format!(
            "{}\n{} items of evidence, {} frames, {} flows, {} facts, {} devices, {} issues",
            text(&line["message"]),
            counts["evidence"],
            counts["frames"],
            counts["flows"],
            counts["facts"],
            counts["devices"],
            counts["issues"]
        )
    })?;
    Ok(differs(job["state"] != "done"))
}

/// Begins a job and waits for its end, with progress on the terminal.
fn wait(app: &App, command: &str, request: Value) -> Result<Value, Error> {
    let begun = app.call(command, request)?;
    finish(app, &begun["id"])
}

fn finish(app: &App, id: &Value) -> Result<Value, Error> {
    let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    let mut bar = progress::Bar::default();
    let job = app.wait(id, &mut |job| bar.show(job))?;
    bar.clear();
    match job.state {
        JobState::Failed => Err(Error { code: Code::Failed, message: job.message }),
        JobState::Cancelled => Err(Error { code: Code::Cancelled, message: format!("{} was cancelled", job.name) }),
        JobState::Running | JobState::Done | JobState::Differs => {
            serde_json::to_value(&job).map_err(|why| Error { code: Code::Failed, message: why.to_string() })
        }
    }
}

/// Whether something is wrong with the custody log.
fn custody_check(app: &App, out: &mut Printer) -> Result<bool, Error> {
    let check = app.call("custody_verify", Value::Null)?;
    let problems = check["problems"].as_array().cloned().unwrap_or_default();
    let state = if problems.is_empty() { "match" } else { "changed" };
    let line = json!({ "object": "custody.log", "lines": check["lines"], "state": state, "problems": problems });
    out.one(&line, |line| {
        let problems: String =
            line["problems"].as_array().into_iter().flatten().map(|problem| format!("\n  {}", text(problem))).collect();
        format!("{:<10} custody.log, {} lines{problems}", text(&line["state"]), line["lines"])
    })?;
    Ok(!problems.is_empty())
}

/// Copies saved files and their list out of the case.
fn bring_files(message: &str, folder: &Path) -> Result<(), Error> {
    bring(message, folder)?;
    let failed =
        |why: String| Error { code: Code::Failed, message: format!("copying files to {}: {why}", folder.display()) };
    let list = Path::new(message.split_once(" written to ").map_or("", |(_, path)| path));
    let files = list.with_file_name("files");
    let list = std::fs::read_to_string(list).map_err(|why| failed(why.to_string()))?;
    for line in list.lines() {
        let line: Value = serde_json::from_str(line).map_err(|why| failed(why.to_string()))?;
        let Some(file) = line["file"].as_str().and_then(|file| Path::new(file).file_name()) else { continue };
        std::fs::copy(files.join(file), folder.join(file)).map_err(|why| failed(why.to_string()))?;
    }
    Ok(())
}

/// Copies the exported file out of the case.
fn bring(message: &str, folder: &Path) -> Result<(), Error> {
    let failed = |why: String| Error {
        code: Code::Failed,
        message: format!("copying the export to {}: {why}", folder.display()),
    };
    let from = Path::new(message.split_once(" written to ").map_or("", |(_, path)| path));
    let name = from.file_name().ok_or_else(|| failed("there is none".into()))?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::copy(from, folder.join(name)))
        .map_err(|why| failed(why.to_string()))?;
    Ok(())
}

fn serve(app: &Arc<App>, options: server::Options, info: Option<&Value>, out: &mut Printer) -> Result<ExitCode, Error> {
    let failed = |why: server::Error| Error { code: Code::Failed, message: format!("serving: {why}") };
    let running = server::serve(app.clone(), options).map_err(failed)?;
    server::install_receiver(app, Some(running.token.clone())).map_err(failed)?;
    let line = json!({ "url": running.url, "case": info.map(|info| info["dir"].clone()) });
    out.one(&line, |line| format!("open {} in a browser; Ctrl+C ends the service", text(&line["url"])))?;
    running.wait().map_err(failed)?;
    Ok(DONE)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
