//! A job's progress, on standard error when that is a terminal.

use std::io::{IsTerminal, Write};

use app::Job;

#[derive(Default)]
pub struct Bar {
    shown: bool,
}

impl Bar {
    pub fn show(&mut self, job: &Job) {
        let mut err = std::io::stderr();
        if !err.is_terminal() {
            return;
        }
        let part =
            (job.done.min(job.total) * 100).checked_div(job.total).map_or(String::new(), |part| format!("{part:>3} %"));
        let rate = match job.unit.as_str() {
            "bytes" => format!("{} MB/s", job.rate / 1_000_000),
            unit => format!("{} {unit}/s", job.rate),
        };
        let at: String = job.at.chars().filter(|c| !c.is_control()).collect();
        let at: String = at.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
        let _ = write!(err, "\r\x1b[K{} {part} {rate} {at}", job.name);
        let _ = err.flush();
        self.shown = true;
    }

    pub fn clear(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
