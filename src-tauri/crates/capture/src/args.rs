//! What can be asked on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args as Group, Parser, Subcommand};

use crate::open::{How, LONGEST};
use crate::recording::Limits;

#[derive(Debug, Parser)]
#[command(
    name = "lintel-capture",
    version,
    about = "Packets from an interface to a pcapng file. Knows nothing of what they mean.",
    after_help = "Exit codes: 0 done; 2 wrong use, an unknown interface or a bad filter; 3 no permission, disk or device failed.\n\
                  `lintel-capture doctor` says what is missing, `lintel-capture record --help` what is written where."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Do,
}

#[derive(Debug, Subcommand)]
pub enum Do {
    /// The interfaces of this machine, one JSON object a line
    List,
    /// Whether a filter is one for an interface: exit code 0, or 2 with libpcap's reason. Takes no privileges
    Check(Check),
    /// Packets and bytes at each interface, each second a JSON line, until standard input is closed. Takes no privileges
    Activity,
    /// Record packets as pcapng on standard output, or in files
    Record(Box<Record>),
    /// What this program may do here, and one command that mends what it may not: a JSON object
    Doctor,
    /// Let the users of this Mac's group access_lintel capture (macOS, as root): what `doctor` names
    #[cfg(target_os = "macos")]
    Allow,
}

#[derive(Debug, Group)]
pub struct Check {
    /// A name that `list` gives
    #[arg(long, value_name = "NAME")]
    pub interface: String,
    /// A capture filter, as tcpdump takes it
    #[arg(long, value_name = "FILTER", default_value = "", allow_hyphen_values = true)]
    pub filter: String,
    /// Link type that the filter is for, by libpcap's number; otherwise the interface's usual one
    #[arg(long, value_name = "N")]
    pub link_type: Option<i32>,
}

#[derive(Debug, Group)]
#[command(
    group = ArgGroup::new("source").required(true).args(["interface", "replay"]),
    after_help = "\
Status is told on standard error, a JSON object a line:
  {\"event\":\"started\",\"interface\",\"link_type\",\"snap_len\",\"filter\",\"nanoseconds\",\"promiscuous\",\"at\"}
  {\"event\":\"file\",\"path\"}                          each file that was begun
  {\"event\":\"status\",\"packets\",\"bytes\",\"received\",\"dropped\",\"if_dropped\",\"at\"}     twice a second
  {\"event\":\"error\",\"why\",\"mend\"}                  a sentence, and a command that mends it, or null
  {\"event\":\"stopped\",\"why\",\"packets\",\"bytes\",\"received\",\"dropped\",\"if_dropped\",\"at\"}   always the last
packets, bytes: written; received: counted by libpcap, the dropped ones included; dropped: the system had no room for them;
if_dropped: dropped by the interface. why is asked, limit, end, interface, output or error.

SIGINT and SIGTERM end a recording; what the system held at that moment is written, then the counts. A second one ends it at once.
Once the interface is open, all privileges are given up; under sudo, files are made as the user who called it."
)]
pub struct Record {
    /// A name that `list` gives; - for standard input, or the path of a pipe, that give a pcap or pcapng
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    /// Record the packets of a file as if they came now
    #[arg(long, value_name = "FILE")]
    pub replay: Option<String>,
    /// How many times as fast as they were captured; 0: without waiting
    #[arg(long, value_name = "X", default_value_t = 1.0, conflicts_with = "interface", value_parser = speed)]
    pub speed: f64,
    /// Only packets that this capture filter takes (as tcpdump's)
    #[arg(long, value_name = "FILTER", default_value = "", allow_hyphen_values = true)]
    pub filter: String,
    /// So many bytes of each packet
    #[arg(long, value_name = "BYTES", default_value_t = LONGEST, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST)))]
    pub snap: u32,
    /// Only what is for this machine
    #[arg(long)]
    pub no_promiscuous: bool,
    /// Put a wireless interface in monitor mode: all frames of its channel
    #[arg(long)]
    pub monitor: bool,
    /// One of the interface's link types, by libpcap's number
    #[arg(long, value_name = "N")]
    pub link_type: Option<i32>,
    /// How much the system may hold until it is fetched
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub buffer: u32,
    /// Microseconds, even where nanoseconds are offered
    #[arg(long)]
    pub micro: bool,
    /// End after so many seconds
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// End after so many packets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
    /// End once the packets have so many bytes together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bytes: Option<u64>,
    /// Write to a file, which must not be there yet, and not to standard output
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Begin a new file after so many seconds: FILE_00001_20261121160000.pcapng and so on, times in UTC
    #[arg(long, value_name = "S", requires = "write", value_parser = seconds)]
    pub file_seconds: Option<Duration>,
    /// Begin a new file once one has so many bytes
    #[arg(long, value_name = "N", requires = "write", value_parser = clap::value_parser!(u64).range(1..))]
    pub file_bytes: Option<u64>,
    /// Begin a new file after so many packets
    #[arg(long, value_name = "N", requires = "write", value_parser = clap::value_parser!(u64).range(1..))]
    pub file_packets: Option<u64>,
    /// Keep only the last N of those files
    #[arg(long, value_name = "N", requires = "write", value_parser = keep)]
    pub keep: Option<usize>,
    /// A note for the file's beginning; may be given again
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub comment: Vec<String>,
    /// End when standard input is closed, and so with the program that started this one
    #[arg(long)]
    pub until_closed: bool,
}

impl Record {
    pub fn how(&self) -> How {
        How {
            snap: self.snap,
            promiscuous: !self.no_promiscuous,
            monitor: self.monitor,
            link_type: self.link_type,
            buffer: self.buffer,
            nanoseconds: !self.micro,
        }
    }

    pub fn limits(&self) -> Limits {
        Limits {
            duration: self.seconds,
            packets: self.packets,
            bytes: self.bytes,
            file_duration: self.file_seconds,
            file_packets: self.file_packets,
            file_bytes: self.file_bytes,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| !seconds.is_zero()).ok_or_else(|| "a number of seconds greater than 0 was expected".into())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| speed.is_finite() && *speed >= 0.0);
    speed.ok_or_else(|| "0 or a greater number was expected".into())
}

fn keep(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|keep| *keep > 0).ok_or_else(|| "a number greater than 0 was expected".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(["lintel-capture"].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_holds() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn wrong_use() {
        let wrong = [
            "",
            "listen",
            "record",
            "record --interface eth0 --replay a.pcap",
            "record --interface eth0 --speed 2",
            "record --replay a.pcap --speed -1",
            "record --replay a.pcap --speed NaN",
            "record --interface eth0 --seconds 0",
            "record --interface eth0 --seconds soon",
            "record --interface eth0 --seconds inf",
            "record --interface eth0 --packets 0",
            "record --interface eth0 --buffer 0",
            "record --interface eth0 --buffer 4096",
            "record --interface eth0 --snap 262145",
            "record --interface eth0 --file-bytes 1000",
            "record --interface eth0 --write a --file-bytes 1000 --keep 0",
            "check --filter tcp",
        ];
        for line in wrong {
            let error = parse(line).map(|args| format!("{args:?}")).expect_err(line);
            assert!(error.use_stderr() && error.exit_code() == 2, "{line}");
        }
    }

    #[test]
    fn all_of_it() {
        let line = "record --interface eth0 --filter tcp --snap 96 --no-promiscuous --monitor --link-type 127 --buffer 64 --micro \
                    --seconds 1.5 --packets 5 --bytes 6 --write x --file-seconds 7 --file-bytes 8 --file-packets 9 --keep 2 \
                    --comment one --comment two --until-closed";
        let Ok(Args { command: Do::Record(record) }) = parse(line) else { panic!() };
        let (how, limits) = (record.how(), record.limits());
        assert!(!how.promiscuous && how.monitor && !how.nanoseconds && how.link_type == Some(127));
        assert_eq!((how.snap, how.buffer), (96, 64));
        assert_eq!((limits.duration, limits.packets), (Some(Duration::from_millis(1_500)), Some(5)));
        assert_eq!((limits.bytes, limits.file_bytes, limits.file_packets), (Some(6), Some(8), Some(9)));
        assert!(limits.of_files() && record.comment == ["one", "two"] && record.keep == Some(2) && record.until_closed);
    }
}
