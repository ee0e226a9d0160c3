//! Interfaces, files and pipes, opened; and why not.

use std::env;

use pcap::{Active, Capture, Device, Linktype, Offline};

use crate::event::Failure;
use crate::{libpcap, npcap};

/// How an interface is to be listened at.
#[derive(Clone, Debug)]
pub struct How {
    pub snap: u32,
    pub promiscuous: bool,
    pub monitor: bool,
    pub link_type: Option<i32>,
    /// MiB that the system keeps for packets that were not fetched yet.
    pub buffer: u32,
    pub nanoseconds: bool,
}

/// An opened interface.
pub struct Live {
    pub capture: Capture<Active>,
    pub nanoseconds: bool,
    pub promiscuous: bool,
}

/// How long the system may keep packets to hand over more of them at once, in milliseconds.
pub const LATENCY: i32 = 100;

/// The longest packet that libpcap takes; an interface's frames are shorter, but for those that the system put together.
pub const LONGEST: u32 = 262_144;

const NO_PROMISCUOUS_MODE: i32 = 2; // PCAP_WARNING_PROMISC_NOTSUP
const LINUX_SLL2: i32 = 276;

/// Opens an interface, without a filter.
pub fn live(name: &str, how: &How) -> Result<Live, Failure> {
    npcap::present()?;
    let inactive = Capture::from_device(name).map_err(|error| Failure::wrong(libpcap::words(&error)))?;
    let buffer = i32::try_from(u64::from(how.buffer) << 20).unwrap_or(i32::MAX);
    let inactive = inactive
        .snaplen(i32::try_from(how.snap).unwrap_or(i32::MAX))
        .promisc(how.promiscuous)
        .timeout(LATENCY)
        .buffer_size(buffer);
    let opened = libpcap::activate(inactive, how.nanoseconds, how.monitor)
        .map_err(|(code, words)| refused(name, code, &words))?;
    let mut capture = opened.capture;
    match how.link_type {
        Some(wanted) => capture.set_datalink(Linktype(wanted)).map_err(|error| {
            let offered = capture.list_datalinks().unwrap_or_default();
            let offered: Vec<_> = offered.iter().map(|it| format!("{} ({})", it.0, link_type_name(*it))).collect();
            Failure::wrong(format!(
                "{name} has no link type {wanted}, only {}: {}",
                offered.join(", "),
                libpcap::words(&error)
            ))
        })?,
        // All of a Linux machine's interfaces at once: the newer header says from which one a packet is.
        None if name == "any" => drop(capture.set_datalink(Linktype(LINUX_SLL2))),
        None => (),
    }
    let promiscuous = how.promiscuous && opened.warning != NO_PROMISCUOUS_MODE;
    Ok(Live { capture, nanoseconds: opened.nanoseconds, promiscuous })
}

/// Opens a file, a named pipe or (`-`) standard input that holds a pcap or pcapng.
pub fn offline(path: &str) -> Result<Capture<Offline>, Failure> {
    npcap::present()?;
    let name = if path == "-" { "standard input" } else { path };
    libpcap::open_offline(path).map_err(|error| {
        let words = libpcap::words(&error);
        let words = words.strip_prefix(&format!("{path}: ")).unwrap_or(&words);
        Failure::failed(format!("reading {name}: {words}"))
    })
}

/// Whether a name is that of a file or pipe, not of an interface.
pub fn is_pipe(name: &str) -> bool {
    name == "-" || name.contains('/') || name.to_ascii_lowercase().starts_with(r"\\.\pipe\")
}

/// A filter that libpcap takes, or its reason against it.
pub fn filter<T: pcap::Activated>(capture: &mut Capture<T>, text: &str) -> Result<(), Failure> {
    capture.filter(text, true).map_err(|error| bad_filter(text, &error))
}

pub fn bad_filter(text: &str, error: &pcap::Error) -> Failure {
    Failure::wrong(format!("the filter {text:?} is not one: {}", libpcap::words(error)))
}

pub fn unknown(name: &str) -> Failure {
    Failure::wrong(format!("there is no interface {name:?}"))
}

/// Whether libpcap lists it. What it can't list (for want of a permission) counts as there.
pub fn exists(name: &str) -> bool {
    match Device::list() {
        Ok(devices) => devices.iter().any(|device| device.name == name),
        Err(_) => true,
    }
}

pub fn link_type_name(link_type: Linktype) -> String {
    link_type.get_name().unwrap_or_else(|_| link_type.0.to_string())
}

/// Why an interface was not opened, in our words where libpcap's code has a meaning.
fn refused(name: &str, code: i32, words: &str) -> Failure {
    match code {
        // Linux refuses to say of a name without permission that it is none.
        libpcap::NO_SUCH_DEVICE => unknown(name),
        libpcap::NO_PERMISSION | libpcap::NO_PERMISSION_FOR_PROMISCUOUS if !exists(name) => unknown(name),
        libpcap::NO_PERMISSION | libpcap::NO_PERMISSION_FOR_PROMISCUOUS => {
            Failure { mend: mend(), ..Failure::failed(format!("no permission to capture on {name}")) }
        }
        libpcap::NOT_UP => Failure {
            mend: cfg!(target_os = "linux").then(|| format!("sudo ip link set dev {} up", quoted(name))),
            ..Failure::failed(format!("the interface {name} is down"))
        },
        libpcap::NO_MONITOR => Failure::wrong(format!("{name} has no monitor mode")),
        _ if words.contains("No such device") => unknown(name),
        _ => Failure::failed(format!("opening {name}: {words}")),
    }
}

/// The one command that gives this program the permission.
pub fn mend() -> Option<String> {
    let own = env::current_exe().ok()?;
    let own = quoted(own.to_str()?);
    if cfg!(target_os = "linux") {
        Some(format!("sudo setcap cap_net_raw,cap_net_admin=ep {own}"))
    } else if cfg!(target_os = "macos") {
        Some(format!("sudo {own} allow"))
    } else {
        None
    }
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:@%+=".contains(&byte);
    if text.bytes().all(plain) && !text.is_empty() { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The number that a file says for libpcap's. They differ where systems had used a number for two things
/// (<https://www.tcpdump.org/linktypes.html>).
pub fn in_files(link_type: Linktype) -> u16 {
    let number = match link_type.0 {
        11 => 100,                               // ATM, RFC 1483
        12 | 14 => 101,                          // raw IP
        15 => 102,                               // SLIP of BSD/OS
        16 => 103,                               // PPP of BSD/OS
        19 => 106,                               // ATM of Linux
        149 if cfg!(target_os = "macos") => 258, // packets with the process that sent them
        other => other,
    };
    u16::try_from(number).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_and_interfaces() {
        let pipes = ["-", "/tmp/pipe", "./pipe", r"\\.\pipe\wireshark", r"\\.\PIPE\x"];
        let interfaces =
            ["eth0", "any", "br-lan", "enp0s31f6.7", r"\Device\NPF_{6B29FC40-CA47-1067-B31D-00DD010662DA}"];
        assert!(pipes.into_iter().all(is_pipe));
        assert!(!interfaces.into_iter().any(is_pipe));
    }

    #[test]
    fn words_for_a_shell() {
        assert_eq!(quoted("/usr/bin/lintel-capture"), "/usr/bin/lintel-capture");
        assert_eq!(quoted("/Users/x/My Apps/it's"), r"'/Users/x/My Apps/it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_was_refused() {
        let cases = [
            (libpcap::NO_SUCH_DEVICE, "", "there is no interface \"lo\"", 2),
            (libpcap::NO_PERMISSION, "", "no permission to capture on lo", 3),
            (libpcap::NOT_UP, "", "the interface lo is down", 3),
            (libpcap::NO_MONITOR, "", "lo has no monitor mode", 2),
            (-1, "odd", "opening lo: odd", 3),
        ];
        for (code, words, why, exit) in cases {
            let failure = refused("lo", code, words);
            assert_eq!((failure.why.as_str(), failure.code), (why, exit));
        }
    }

    #[test]
    fn numbers_of_link_types_in_files() {
        let cases = [(0, 0), (1, 1), (12, 101), (113, 113), (276, 276), (127, 127), (-1, u16::MAX)];
        for (number, expected) in cases {
            assert_eq!(in_files(Linktype(number)), expected);
        }
    }
}
