//! Measuring against public tools on the same file in the same run.

mod broker;
mod capture;
mod frames;
mod identity;
mod presence;
mod query;

pub use broker::broker;
pub use capture::capture;
pub use identity::identity;
pub use presence::presence;
pub use query::query;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs, io};

use anyhow::{Context, Result, bail};

use crate::generate::{self, Mix, Recipe};
use crate::program::{built, find, output, program, run, words};

/// Imports a made capture into fresh cases, in turn with `openssl dgst -sha256` and other readers of the same file.
pub fn import(options: &[&str]) -> Result<()> {
    let (recipe, rest) = recipe(options)?;
    let (mut rounds, mut file) = (5, None);
    for (name, value) in rest {
        match name {
            "--file" => file = Some(std::path::PathBuf::from(value)),
            "--rounds" => rounds = value.parse().with_context(|| format!("reading --rounds {value:?}"))?,
            _ => bail!("there is no option {name}"),
        }
    }
    run(&mut words("cargo build --quiet --release --package cli"))?;
    let folder = crate::target().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("making the folder {}", folder.display()))?;

    let made = folder.join(format!("{:?}-{}-{}.pcap", recipe.mix, recipe.size, recipe.seed).to_lowercase());
    let capture = file.unwrap_or(made);
    if !capture.is_file() {
        println!("Making {}", capture.display());
        generate::generate(recipe, &capture)?;
    }
    let bytes = io::copy(&mut fs::File::open(&capture)?, &mut io::sink()).context("warming the file")?;
    println!("Capture    {} ({bytes} bytes)", capture.display());
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());

    let case = folder.join("bench.lintel");
    let lintel = built("release", "lintel");
    let new_case = || -> Result<()> {
        if case.exists() {
            fs::remove_dir_all(&case)?;
        }
        run(program(&lintel, ["case", "new"]).arg(&case).args(["--name", "Bench"]).stdout(Stdio::null()))
    };
    let mut contestants = vec![
        Contestant::new("openssl dgst -sha256", program("openssl", ["dgst", "-sha256"])),
        Contestant::new("lintel import", program(&lintel, ["import"])),
    ];
    contestants[1].command.arg(&case);
    if find("capinfos").is_some() {
        contestants.push(Contestant::new("capinfos", program("capinfos", [""; 0])));
    }
    for contestant in &mut contestants {
        contestant.command.arg(&capture);
    }
    for _ in 0..rounds {
        for contestant in &mut contestants {
            if contestant.name == "lintel import" {
                new_case()?;
            }
            contestant.go()?;
        }
    }
    if find("tshark").is_some() {
        // Once: it takes minutes, and says the same each time.
        let mut tshark =
            Contestant::new("tshark -q -z conv,tcp", program("tshark", ["-n", "-q", "-z", "conv,tcp", "-r"]));
        tshark.command.arg(&capture);
        tshark.go()?;
        contestants.push(tshark);
    }
    report(&contestants, bytes);
    let began = std::time::Instant::now();
    let search = ["--search", "no-such-word", "--limit", "1"];
    run(program(&lintel, ["show"]).arg(&case).arg("facts").args(search).stdout(Stdio::null()))?;
    println!("\nFirst search  {:.2} s: it makes the index of words", began.elapsed().as_secs_f64());
    println!("Case on disk  {} bytes, {:.3} of the capture", size(&case)?, size(&case)? as f64 / bytes as f64);
    Ok(())
}

/// The recipe in `options`, and the options that are not about it.
pub fn recipe<'a>(options: &[&'a str]) -> Result<(Recipe, Vec<(&'a str, &'a str)>)> {
    let mut recipe = Recipe { size: 200_000_000, seed: 7, mix: Mix::Small };
    let mut rest = Vec::new();
    for pair in options.chunks(2) {
        let &[name, value] = pair else { bail!("the option {} takes a value", pair.join(" ")) };
        match name {
            "--size" => recipe.size = bytes(value)?,
            "--seed" => recipe.seed = value.parse().with_context(|| format!("reading --seed {value:?}"))?,
            "--mix" => recipe.mix = value.parse()?,
            _ => rest.push((name, value)),
        }
    }
    Ok((recipe, rest))
}

/// `200M` and the like, in SI units.
fn bytes(text: &str) -> Result<u64> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let unit: u64 = match unit {
        "" => 1,
        "K" | "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => bail!("a size is a number with K, M or G, not {text:?}"),
    };
    let number: u64 = number.parse().with_context(|| format!("reading the size {text:?}"))?;
    number.checked_mul(unit).with_context(|| format!("the size {text:?} is too large"))
}

/// A program on the capture, and how it did in each round.
struct Contestant {
    name: &'static str,
    command: Command,
    seconds: Vec<f64>,
    /// Largest resident memory of any round, KiB; none where GNU time is not installed.
    peak: Option<u64>,
}

impl Contestant {
    fn new(name: &'static str, command: Command) -> Contestant {
        // GNU time reports the memory of what it runs, and costs a millisecond.
        let command = if Path::new("/usr/bin/time").is_file() && cfg!(target_os = "linux") {
            let mut timed = program("/usr/bin/time", ["-q", "-f", "%M"]);
            timed.arg(command.get_program()).args(command.get_args());
            timed
        } else {
            command
        };
        Contestant { name, command, seconds: Vec::new(), peak: None }
    }

    fn go(&mut self) -> Result<()> {
        let start = Instant::now();
        let output = self.command.stdout(Stdio::null()).output().with_context(|| format!("starting {}", self.name))?;
        self.seconds.push(start.elapsed().as_secs_f64());
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("{} ended with {}: {said}", self.name, output.status);
        }
        self.peak = self.peak.max(said.lines().last().and_then(|line| line.trim().parse().ok()));
        Ok(())
    }

    fn median(&self) -> f64 {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        if seconds.len() % 2 == 1 { seconds[middle] } else { (seconds[middle - 1] + seconds[middle]) / 2.0 }
    }
}

fn report(contestants: &[Contestant], bytes: u64) {
    let floor = contestants[0].median();
    println!(
        "\n{:<24}{:>8}{:>10}{:>10}{:>12}{:>12}   all rounds, s",
        "", "rounds", "median s", "MB/s", "x openssl", "peak MB"
    );
    for contestant in contestants {
        let median = contestant.median();
        let peak = contestant.peak.map_or("-".into(), |peak| format!("{:.0}", peak as f64 * 1024.0 / 1e6));
        let all: Vec<_> = contestant.seconds.iter().map(|seconds| format!("{seconds:.3}")).collect();
        println!(
            "{:<24}{:>8}{median:>10.3}{:>10.0}{:>12.2}{peak:>12}   {}",
            contestant.name,
            all.len(),
            bytes as f64 / 1e6 / median,
            median / floor,
            all.join(" ")
        );
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("", |(_, name)| name);
    format!("{} {}, {cores} cores, {model}", env::consts::OS, env::consts::ARCH)
}

fn commit() -> String {
    output(&mut words("git describe --always --dirty --abbrev=12")).unwrap_or_else(|_| "unknown".into())
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))? {
        let entry = entry?;
        total += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let all: Vec<_> =
            ["17", "3k", "200M", "50G", "", "2T", "1.5G", "99999999999G"].map(|text| bytes(text).ok()).to_vec();
        assert_eq!(all, [Some(17), Some(3_000), Some(200_000_000), Some(50_000_000_000), None, None, None, None]);
    }
}
