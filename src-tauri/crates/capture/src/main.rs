//! The program `lintel-capture`: packets from an interface to a pcapng file, and what there is to capture from. Lintel starts
//! it as a child, so that the one thing that needs privileges is small, and gives them up as soon as it can.
//!
//! Invariant: nothing here knows what a packet means, what a case is, or any other crate of this project. It writes nothing but
//! the capture (standard output or `--write`) and what it says of it (standard error), and takes orders from nobody but its
//! arguments, signals and the end of its standard input. Exit codes: 0 done, 2 wrong use, 3 failed.

mod activity;
#[cfg(target_os = "macos")]
mod allow;
mod args;
mod check;
mod clock;
mod doctor;
mod event;
mod libpcap;
mod list;
mod npcap;
mod open;
mod output;
mod pcapng;
mod privileges;
mod record;
mod recording;
mod system;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Args, Do};
use event::Failure;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(help) => return wrong_use(&help),
    };
    let done = match args.command {
        Do::List => list::list(),
        Do::Check(wanted) => check::check(&wanted),
        Do::Activity => activity::activity(),
        Do::Record(wanted) => return record::record(&wanted).into(),
        Do::Doctor => doctor::doctor(),
        #[cfg(target_os = "macos")]
        Do::Allow => allow::allow(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lintel-capture: {}", failure.why);
            ExitCode::from(failure.code)
        }
    }
}

/// Help is for people; of a recording that was not understood, the program that wanted it is told as of everything else.
fn wrong_use(help: &clap::Error) -> ExitCode {
    if !help.use_stderr() {
        let _ = help.print();
        return ExitCode::SUCCESS;
    }
    if env::args_os().nth(1).is_some_and(|command| command == "record") && !io::IsTerminal::is_terminal(&io::stderr()) {
        let said = help.to_string();
        let first: Vec<&str> = said.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
        Failure::wrong(first.join(" ").trim_start_matches("error: ")).tell();
    } else {
        let _ = help.print();
    }
    ExitCode::from(2)
}

/// One JSON object, one line, on standard output. A reader that has seen enough is no failure.
fn print(object: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(object).map_err(|error| Failure::failed(error.to_string()))?;
    line.push(b'\n');
    match io::stdout().lock().write_all(&line) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        outcome => outcome.map_err(|error| Failure::failed(format!("writing to standard output: {error}"))),
    }
}
