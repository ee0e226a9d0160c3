//! Steps with a headline each, and a count at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Default)]
pub struct Steps {
    passed: u32,
    failed: Vec<&'static str>,
    spent: Duration,
}

impl Steps {
    /// Takes a step and gives what came of it; a failed one is reported, counted, and keeps no other from being taken.
    pub fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = work();
        let spent = start.elapsed();
        self.spent += spent;
        match &outcome {
            Ok(_) => {
                self.passed += 1;
                println!("== {name}: passed in {:.1} s", spent.as_secs_f64());
            }
            Err(error) => {
                self.failed.push(name);
                println!("== {name}: failed in {:.1} s: {error:#}", spent.as_secs_f64());
            }
        }
        outcome.ok()
    }

    /// A step that cannot be taken, since one that it builds on has failed.
    pub fn skip(&mut self, name: &'static str, why: &str) {
        println!("\n== {name}: failed, not tried: {why}");
        self.failed.push(name);
    }

    /// The last line says how many passed and failed.
    pub fn end(self) -> ExitCode {
        println!("\nTook {} min {} s.", self.spent.as_secs() / 60, self.spent.as_secs() % 60);
        for name in &self.failed {
            println!("Failed: {name}");
        }
        println!("{} passed, {} failed", self.passed, self.failed.len());
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
