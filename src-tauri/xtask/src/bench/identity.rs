//! How well phones are told apart that change their addresses: in a made-up crowd of which the truth is known.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{commit, machine};
use crate::generate::{Crowd, phones};
use crate::program::{built, output, program, run, words};

/// Whose an address is.
type Truth = HashMap<String, (usize, bool)>;

/// Changes from one address to the next: how many of those that are said are one phone's (precision), how many of those that happened
/// are said (recall); of all phones, and of those that go on counting their frames.
pub fn identity(options: &[&str]) -> Result<()> {
    let mut crowd = Crowd { phones: 40, length: 7_200, seed: 7 };
    let mut lintel = None;
    for pair in options.chunks(2) {
        let wrong = || format!("reading {}", pair.join(" "));
        match pair {
            ["--phones", value] => crowd.phones = value.parse().with_context(wrong)?,
            ["--seconds", value] => crowd.length = value.parse().with_context(wrong)?,
            ["--seed", value] => crowd.seed = value.parse().with_context(wrong)?,
            ["--program", path] => lintel = Some(std::path::PathBuf::from(path)),
            _ => bail!("there is no option {}", pair.join(" ")),
        }
    }
    let lintel = match lintel {
        Some(lintel) => lintel,
        None => {
            run(&mut words("cargo build --quiet --release --package cli"))?;
            built("release", "lintel")
        }
    };
    let folder = crate::target().join("bench");
    fs::create_dir_all(&folder)?;
    let (capture, case) = (folder.join("phones.pcap"), folder.join("phones.lintel"));
    let truth: Truth = phones(crowd, &capture)?
        .into_iter()
        .map(|(mac, phone, goes_on)| (mac.map(|byte| format!("{byte:02x}")).join(":"), (phone, goes_on)))
        .collect();
    if case.exists() {
        fs::remove_dir_all(&case)?;
    }
    output(program(&lintel, ["case", "new"]).arg(&case).args(["--name", "Phones"]))?;
    output(program(&lintel, ["import"]).arg(&case).arg(&capture))?;
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    println!("Crowd      {} phones, {} s, seed {}\n", crowd.phones, crowd.length, crowd.seed);
    let heard = heard(&lintel, &case, &truth)?;
    for (whose, only) in [("all", false), ("those that go on counting", true)] {
        let happened = changes(heard.iter().filter(|(_, goes_on)| *goes_on || !only).map(|(phone, _)| *phone));
        println!("{whose}: {happened} changes of address");
        println!(
            "{:>18}{:>12}{:>8}{:>8}{:>11}{:>9}",
            "least probability", "hypotheses", "said", "right", "precision", "recall"
        );
        for least in [0.3, 0.5, 0.7, 0.9, 0.99] {
            let request = format!("{{\"weights\":{{\"least\":{least}}}}}");
            let answer =
                output(program(&lintel, ["--json", "call"]).arg(&case).args(["identity_hypotheses", &request]))?;
            let answer: Value = serde_json::from_str(&answer).context("reading the hypotheses")?;
            let all = answer["hypotheses"].as_array().into_iter().flatten();
            let chains = all.map(|one| {
                let macs = one["addresses"].as_array().into_iter().flatten().filter_map(|alias| alias["mac"].as_str());
                macs.filter_map(|mac| truth.get(mac).copied()).collect::<Vec<_>>()
            });
            let steps: Vec<[(usize, bool); 2]> = chains
                .flat_map(|chain| chain.windows(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<_>>())
                .filter(|[before, _]| before.1 || !only)
                .collect();
            let right = steps.iter().filter(|[before, after]| before.0 == after.0).count();
            let share = |of: usize| if of == 0 { 0.0 } else { right as f64 / of as f64 };
            let (said, hypotheses) = (steps.len(), answer["hypotheses"].as_array().map_or(0, Vec::len));
            println!("{least:>18}{hypotheses:>12}{said:>8}{right:>8}{:>11.3}{:>9.3}", share(said), share(happened));
        }
    }
    Ok(())
}

/// Whose the addresses are that were heard.
fn heard(lintel: &Path, case: &Path, truth: &Truth) -> Result<Vec<(usize, bool)>> {
    let devices = output(program(lintel, ["--json", "show"]).arg(case).arg("devices"))?;
    let rows = devices.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let heard: Vec<_> = rows.filter_map(|row| truth.get(row["mac"].as_str()?).copied()).collect();
    println!("{} addresses heard, of {} that they had\n", heard.len(), truth.len());
    Ok(heard)
}

/// One for each address of a phone after its first.
fn changes(phones: impl Iterator<Item = usize>) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    phones.for_each(|phone| *counts.entry(phone).or_default() += 1);
    counts.values().map(|count| count - 1).sum()
}
