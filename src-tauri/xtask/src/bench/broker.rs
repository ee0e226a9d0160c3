//! A crowd of devices at the bench's broker. The measuring itself stands beside it: `device/examples/crowd.rs`.

use anyhow::{Result, bail};

use super::{commit, machine};
use crate::program::{run, words};

pub fn broker(options: &[&str]) -> Result<()> {
    let (mut devices, mut rate, mut seconds) = ("1000", "5000", "10");
    for pair in options.chunks(2) {
        match pair {
            ["--devices", value] => devices = value,
            ["--rate", value] => rate = value,
            ["--seconds", value] => seconds = value,
            _ => bail!("there is no option {}", pair.join(" ")),
        }
    }
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    run(words("cargo run --quiet --release --package device --example crowd --").args([devices, rate, seconds]))
}
