//! Sightings of a crowd, written and asked for. The measuring itself stands beside the questions: `app/src/presence/speed.rs`.

use anyhow::{Result, bail};

use super::{commit, machine};
use crate::program::{run, words};

pub fn presence(options: &[&str]) -> Result<()> {
    let mut command =
        words("cargo test --quiet --release --package app --lib presence::speed -- --ignored --nocapture");
    for pair in options.chunks(2) {
        match pair {
            ["--sightings", value] => command.env("LINTEL_SIGHTINGS", value),
            ["--devices", value] => command.env("LINTEL_DEVICES", value),
            ["--days", value] => command.env("LINTEL_DAYS", value),
            _ => bail!("there is no option {}", pair.join(" ")),
        };
    }
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    run(&mut command)
}
