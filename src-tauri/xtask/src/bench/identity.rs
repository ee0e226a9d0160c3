//! How well phones are told apart that change their addresses: in a made-up crowd of which the truth is known.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{commit, machine};
use crate::generate::{Crowd, phones};
use crate::program::{built, output, program, run, words};

/// Pairs of addresses that are one phone's: how many of those that are said are (precision), how many of those that are get said (recall).
pub fn identity(options: &[&str]) -> Result<()> {
    let mut crowd = Crowd { phones: 40, length: 7_200, seed: 7 };
    for pair in options.chunks(2) {
        let wrong = || format!("reading {}", pair.join(" "));
        match pair {
            ["--phones", value] => crowd.phones = value.parse().with_context(wrong)?,
            ["--seconds", value] => crowd.length = value.parse().with_context(wrong)?,
            ["--seed", value] => crowd.seed = value.parse().with_context(wrong)?,
            _ => bail!("there is no option {}", pair.join(" ")),
        }
    }
    run(&mut words("cargo build --quiet --release --package cli"))?;
    let folder = crate::target().join("bench");
    fs::create_dir_all(&folder)?;
    let (capture, case) = (folder.join("phones.pcap"), folder.join("phones.lintel"));
    let truth: HashMap<String, usize> = phones(crowd, &capture)?
        .into_iter()
        .map(|(mac, phone)| (mac.map(|byte| format!("{byte:02x}")).join(":"), phone))
        .collect();
    if case.exists() {
        fs::remove_dir_all(&case)?;
    }
    let lintel = built("release", "lintel");
    output(program(&lintel, ["case", "new"]).arg(&case).args(["--name", "Phones"]))?;
    output(program(&lintel, ["import"]).arg(&case).arg(&capture))?;
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    println!("Crowd      {} phones, {} s, seed {}\n", crowd.phones, crowd.length, crowd.seed);
    println!(
        "{:<30}{:>11}{:>9}{:>9}{:>11}{:>9}",
        "least probability", "hypotheses", "said", "right", "precision", "recall"
    );
    let mut heard = None;
    for least in [0.5, 0.7, 0.9, 0.99] {
        let request = format!("{{\"weights\":{{\"least\":{least}}}}}");
        let answer = output(program(&lintel, ["--json", "call"]).arg(&case).args(["identities", &request]))?;
        let answer: Value = serde_json::from_str(&answer).context("reading the hypotheses")?;
        let groups: Vec<Vec<usize>> = answer["hypotheses"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let macs = one["addresses"].as_array().into_iter().flatten().filter_map(|alias| alias["mac"].as_str());
                macs.filter_map(|mac| truth.get(mac).copied()).collect()
            })
            .collect();
        let is = match &heard {
            Some(is) => *is,
            None => *heard.insert(pairs_that_are(&lintel, &case, &truth)?),
        };
        let said: u64 = groups.iter().map(|group| pairs(group.len())).sum();
        let right: u64 = groups.iter().map(|group| of_one(group)).sum();
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        println!(
            "{least:<30}{:>11}{said:>9}{right:>9}{:>11.3}{:>9.3}",
            groups.len(),
            share(right, said),
            share(right, is)
        );
    }
    Ok(())
}

/// Pairs of addresses that were heard, and are one phone's.
fn pairs_that_are(lintel: &std::path::Path, case: &std::path::Path, truth: &HashMap<String, usize>) -> Result<u64> {
    let devices = output(program(lintel, ["--json", "show"]).arg(case).arg("devices"))?;
    let phones: Vec<usize> = devices
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|row| truth.get(row["mac"].as_str()?).copied())
        .collect();
    println!("{} addresses heard, of {} that they had\n", phones.len(), truth.len());
    Ok(of_one(&phones))
}

fn of_one(phones: &[usize]) -> u64 {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    phones.iter().for_each(|phone| *counts.entry(*phone).or_default() += 1);
    counts.values().map(|count| pairs(*count)).sum()
}

fn pairs(count: usize) -> u64 {
    (count * count.saturating_sub(1) / 2) as u64
}
