//! Whether a recording has all that went over a cable, at which rate, beside dumpcap on the same cable.
//!
//! Two network namespaces and a veth pair between them: tcpreplay sends a capture at one end, a program records at the other,
//! and what it wrote is compared with what was sent, frame by frame. Nothing else speaks there: no end has an address.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::frames::{Frames, frames};
use crate::generate;
use crate::program::{built, find, output, run, words};

struct Options {
    /// A lintel-capture that is built already.
    program: Option<PathBuf>,
    capture: PathBuf,
    /// Megabits of frames a second; none: as many as dumpcap can take.
    rate: Option<f64>,
    /// Only so many frames of the capture.
    limit: Option<u64>,
    rounds: usize,
    /// MiB that the system keeps for the recorder.
    buffer: u32,
    /// A command line of one more recorder: {interface} {file} {folder} {buffer} stand for what they say. One that names neither
    /// file nor folder is read from its standard output.
    receiver: Option<String>,
}

pub fn capture(options: &[&str]) -> Result<()> {
    let options = Options::read(options)?;
    for needed in ["ip", "tcpreplay", "dumpcap"] {
        ensure!(find(needed).is_some(), "{needed} is not installed (`cargo xtask test` installs it)");
    }
    let own = match &options.program {
        Some(program) => program.clone(),
        None => {
            run(&mut words("cargo build --quiet --release --package capture"))?;
            built("release", "lintel-capture")
        }
    };
    println!("Capture    {}", options.capture.display());
    println!("Machine    {}", super::machine());
    println!("Commit     {}", super::commit());
    println!("Load       {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    let sent = frames(&options.capture, options.limit)?;
    println!("Frames     {} ({} bytes), buffer {} MiB\n", sent.count, sent.bytes, options.buffer);
    let bench = Bench { cable: Cable::new()?, options, sent };

    let dumpcap = "dumpcap -q -i {interface} -B {buffer} -s 262144 -w {file}".to_owned();
    let own = own.to_str().context("the program's path is not UTF-8")?;
    let mut receivers = vec![
        ("dumpcap", dumpcap),
        (
            "lintel-capture, file",
            format!("{own} record --interface {{interface}} --buffer {{buffer}} --write {{file}}"),
        ),
        ("lintel-capture, pipe", format!("{own} record --interface {{interface}} --buffer {{buffer}}")),
    ];
    receivers.extend(bench.options.receiver.clone().map(|receiver| ("--receiver", receiver)));

    println!(
        "{:<22}{:>10}{:>10}{:>11}{:>11}{:>11}{:>10}   the same frames",
        "", "Mbit/s", "kpkt/s", "sent", "arrived", "written", "dropped"
    );
    let rate = match bench.options.rate {
        Some(rate) => rate,
        None => bench.highest_rate(&receivers[0].1)?,
    };
    for _ in 0..bench.options.rounds {
        for (name, receiver) in &receivers {
            bench.round(name, receiver, Some(rate))?;
        }
    }
    Ok(())
}

impl Options {
    fn read(options: &[&str]) -> Result<Options> {
        let (recipe, rest) = super::recipe(options)?;
        let mut read = Options {
            program: None,
            capture: PathBuf::new(),
            rate: None,
            limit: None,
            rounds: 3,
            buffer: 16,
            receiver: None,
        };
        for (name, value) in rest {
            let wrong = || format!("reading {name} {value:?}");
            match name {
                "--file" => read.capture = value.into(),
                "--program" => read.program = Some(value.into()),
                "--mbps" => read.rate = Some(value.parse().with_context(wrong)?),
                "--frames" => read.limit = Some(value.parse().with_context(wrong)?),
                "--rounds" => read.rounds = value.parse().with_context(wrong)?,
                "--buffer" => read.buffer = value.parse().with_context(wrong)?,
                "--receiver" => read.receiver = Some(value.to_owned()),
                _ => bail!("there is no option {name}"),
            }
        }
        if read.capture.as_os_str().is_empty() {
            let folder = crate::target().join("bench");
            fs::create_dir_all(&folder)?;
            read.capture = folder.join(format!("{:?}-{}-{}.pcap", recipe.mix, recipe.size, recipe.seed).to_lowercase());
            if !read.capture.is_file() {
                println!("Making {}", read.capture.display());
                generate::generate(recipe, &read.capture)?;
            }
        }
        Ok(read)
    }
}

struct Bench {
    cable: Cable,
    options: Options,
    sent: Frames,
}

/// What came of a round.
struct Round {
    /// As tcpreplay measured it.
    rate: f64,
    complete: bool,
}

impl Bench {
    /// The highest rate, to a twentieth, at which a recorder misses nothing.
    fn highest_rate(&self, receiver: &str) -> Result<f64> {
        let most = self.round("search: no limit", receiver, None)?;
        if most.complete {
            return Ok(most.rate);
        }
        let (mut good, mut bad) = (0.0, most.rate);
        while bad - good > bad / 20.0 {
            let rate = (good + bad) / 2.0;
            ensure!(rate >= 1.0, "frames are missing even at 1 Mbit/s");
            if self.round("search", receiver, Some(rate))?.complete { good = rate } else { bad = rate }
        }
        Ok(good)
    }

    fn round(&self, name: &str, receiver: &str, rate: Option<f64>) -> Result<Round> {
        let folder = crate::target().join("bench").join("recorded");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).with_context(|| format!("making the folder {}", folder.display()))?;
        let file = folder.join("recorded.pcapng");
        let before = self.cable.arrived()?;
        let recorder = self.cable.record(receiver, self.options.buffer, &file, &folder)?;
        sleep(Duration::from_secs(2));
        let said = self.cable.replay(&self.options, rate)?;
        sleep(Duration::from_secs(1));
        let dropped = recorder.stop()?;
        let arrived = self.cable.arrived()? - before;

        let found = if file.is_file() { file } else { largest_capture(&folder).context("nothing was recorded")? };
        let written = frames(&found, None)?;
        let rated = Rated::read(&said).with_context(|| format!("reading what tcpreplay said: {said}"))?;
        let same = written == self.sent;
        println!(
            "{name:<22}{:>10.0}{:>10.0}{:>11}{:>11}{:>11}{:>10}   {}",
            rated.megabits,
            rated.packets_a_second / 1e3,
            rated.packets,
            arrived,
            written.count,
            dropped.map_or("-".into(), |dropped| dropped.to_string()),
            if same {
                "yes".to_owned()
            } else {
                format!("no, {} are missing", self.sent.count.abs_diff(written.count))
            }
        );
        let _ = fs::remove_dir_all(&folder);
        Ok(Round { rate: rated.megabits, complete: same })
    }
}

/// What tcpreplay says at its end.
struct Rated {
    packets: u64,
    megabits: f64,
    packets_a_second: f64,
}

impl Rated {
    /// `Actual: 100 packets (5000 bytes) sent in 1.23 seconds` and `Rated: 4065.0 Bps, 0.032 Mbps, 81.30 pps`.
    fn read(said: &str) -> Option<Rated> {
        let before = |line: &str, word: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|other| other.trim_end_matches(',') == word)?;
            words.get(at.checked_sub(1)?)?.parse::<f64>().ok()
        };
        let line = |start: &str| said.lines().find(|line| line.trim_start().starts_with(start));
        Some(Rated {
            packets: before(line("Actual:")?, "packets")? as u64,
            megabits: before(line("Rated:")?, "Mbps")?,
            packets_a_second: before(line("Rated:")?, "pps")?,
        })
    }
}

/// A program that records until it is told to stop, and who reads its output if that is a pipe.
struct Recorder {
    child: Child,
    reader: Option<JoinHandle<io::Result<u64>>>,
}

impl Recorder {
    /// Ends it, and gives how many packets it says were dropped, if it says.
    fn stop(self) -> Result<Option<u64>> {
        run(&mut words(&format!("kill -INT {}", self.child.id())))?;
        let ended = self.child.wait_with_output()?;
        if let Some(reader) = self.reader {
            reader.join().map_err(|_| anyhow::anyhow!("the pipe's reader panicked"))?.context("reading the pipe")?;
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "the recorder ended with {}: {said}", ended.status);
        let last = said.lines().rev().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        if let Some(last) = last {
            return Ok(last["dropped"].as_u64());
        }
        // `Packets received/dropped on interface 'near0': 10/0 (pcap:0/dumpcap:0/flushed:0/ps_ifdrop:0) (100.0%)`
        let counts = said.lines().find_map(|line| line.strip_prefix("Packets received/dropped")?.split_once("': "));
        Ok(counts.and_then(|(_, counts)| counts.split([' ', '/']).nth(1)?.parse().ok()))
    }
}

fn largest_capture(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let captures = entries.filter_map(|path| match path.is_dir() {
        true => largest_capture(&path),
        false => path.extension().is_some_and(|ending| ending == "pcapng").then_some(path),
    });
    captures.max_by_key(|path| fs::metadata(path).map_or(0, |about| about.len()))
}

/// Two namespaces and what connects them; they go with it.
struct Cable {
    near: String,
    far: String,
}

impl Cable {
    fn new() -> Result<Cable> {
        let name = format!("lintel-bench-{}", process::id());
        let cable = Cable { near: format!("{name}-near"), far: format!("{name}-far") };
        for space in [&cable.near, &cable.far] {
            run(&mut words(&format!("ip netns add {space}")))
                .context("making a network namespace (this takes root)")?;
            let off = "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";
            run(&mut words(&format!("ip netns exec {space} sysctl -qw {off}")))?;
        }
        // Frames of any length, since captures have those that a card had put together.
        let ends = format!("near0 mtu 65535 type veth peer name far0 mtu 65535 netns {}", cable.far);
        run(&mut words(&format!("ip -n {} link add {ends}", cable.near)))?;
        for (space, end) in [(&cable.near, "near0"), (&cable.far, "far0")] {
            if find("ethtool").is_some() {
                let off = format!("ip netns exec {space} ethtool -K {end} gro off gso off tso off rx off tx off");
                let _ = words(&off).stdout(Stdio::null()).stderr(Stdio::null()).status();
            }
            run(&mut words(&format!("ip -n {space} link set {end} arp off up")))?;
        }
        Ok(cable)
    }

    /// Starts a recorder at the near end.
    fn record(&self, receiver: &str, buffer: u32, file: &Path, folder: &Path) -> Result<Recorder> {
        let (path, folder) = (file.to_str().context("not UTF-8")?, folder.to_str().context("not UTF-8")?);
        let mut command = words(&format!("ip netns exec {}", self.near));
        command.args(receiver.split_whitespace().map(|word| {
            let word = word.replace("{interface}", "near0").replace("{buffer}", &buffer.to_string());
            word.replace("{file}", path).replace("{folder}", folder)
        }));
        let piped = !receiver.contains("{file}") && !receiver.contains("{folder}");
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.stdout(if piped { Stdio::piped() } else { Stdio::null() }).spawn()?;
        let reader = match child.stdout.take() {
            Some(mut output) => {
                let mut file = File::create(file)?;
                Some(spawn(move || io::copy(&mut output, &mut file)))
            }
            None => None,
        };
        Ok(Recorder { child, reader })
    }

    /// Sends the capture from the far end, out of memory, and gives what tcpreplay says.
    fn replay(&self, options: &Options, rate: Option<f64>) -> Result<String> {
        let mut command =
            words(&format!("ip netns exec {} tcpreplay --intf1 far0 --preload-pcap --quiet --no-flow-stats", self.far));
        command.arg(rate.map_or("--topspeed".into(), |rate| format!("--mbps={rate:.3}")));
        command.args(options.limit.map(|limit| format!("--limit={limit}"))).arg(&options.capture);
        let said = command.stderr(Stdio::piped()).output().context("starting tcpreplay")?;
        let words = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        ensure!(said.status.success(), "tcpreplay ended with {}: {words}", said.status);
        Ok(words)
    }

    /// Packets that the near end's interface has received.
    fn arrived(&self) -> Result<u64> {
        let path = "/sys/class/net/near0/statistics/rx_packets";
        Ok(output(&mut words(&format!("ip netns exec {} cat {path}", self.near)))?.parse()?)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for space in [&self.near, &self.far] {
            let _ = words(&format!("ip netns del {space}")).status();
        }
    }
}
