//! tar: old, ustar, GNU and pax, by the `tar` crate.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use model::Time;
use tar::{Archive, EntryType};

use super::{Container, Entry, Gate, Stop, Unpack};
use crate::format::{Ending, Head, Recognised};

pub(crate) static TAR: Container =
    Container { name: "tar", version: "1", recognise, unpack: Unpack::Streaming(unpack) };

const BLOCK: usize = 512;
/// The most that headers between two members may hold: long names, pax records.
const LONGEST_HEADERS: u64 = 4 << 20;

/// By the checksum of the first header, as `file` and the kernel do; the magic came later and is often missing.
fn recognise(head: &mut Head) -> Result<Recognised, String> {
    let bytes = head.bytes();
    let Some(header) = bytes.get(..BLOCK) else {
        return Err(format!("{} bytes are too few for a tar header", bytes.len()));
    };
    if header.first() == Some(&0) {
        return Err("no name where a tar header has one".into());
    }
    let stated = header.get(148..156).and_then(octal).ok_or("no octal checksum where a tar header has one")?;
    let sum = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
        .sum::<u64>();
    if sum != stated {
        return Err(format!("the checksum of a tar header would be {sum}, not {stated}"));
    }
    let flavour = match header.get(257..265) {
        Some(b"ustar\x0000") => "POSIX",
        Some(b"ustar  \0") => "GNU",
        _ => "old",
    };
    Ok(format!("tar header with the right checksum, {flavour}").into())
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(|c| c == ' ' || c == '\0'), 8).ok()
}

fn unpack(input: &mut dyn BufRead, _name: &[u8], gate: &mut Gate) -> Result<Ending, Stop> {
    let (position, allowed) = (Cell::new(0), Cell::new(LONGEST_HEADERS));
    let mut archive = Archive::new(Allowed { input, position: &position, allowed: &allowed });
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return Ok(Ending::Failed(format!("reading the first tar header: {error}"))),
    };
    for entry in entries {
        let mut member = match entry {
            Ok(member) => member,
            Err(error) => {
                gate.issue(format!("reading a tar header: {error}; the rest is left out"), 0);
                break;
            }
        };
        let name = member.path_bytes().into_owned();
        let header = member.header();
        let kind = header.entry_type();
        let modified = header.mtime().ok().and_then(|seconds| Time::new(i64::try_from(seconds).ok()?, 0));
        let size = member.size();
        // What a sparse file holds is more than what is stored of it.
        let packed = if kind == EntryType::GNUSparse { header.entry_size().unwrap_or_default() } else { size };
        let offset = member.raw_header_position();
        let entry = Entry { name: &name, size: Some(size), packed: Some(packed), modified, offset };
        let link = || member.link_name_bytes().map(|to| String::from_utf8_lossy(&to).into_owned()).unwrap_or_default();
        let refusal = match kind {
            EntryType::Regular if name.ends_with(b"/") => continue, // a folder, as the first tars wrote it
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => None,
            EntryType::Directory => continue,
            EntryType::Symlink => Some(format!("a symbolic link to '{}'", link())),
            EntryType::Link => Some(format!("a hard link to '{}'", link())),
            EntryType::Char | EntryType::Block => Some("a device".to_owned()),
            EntryType::Fifo => Some("a named pipe".to_owned()),
            other => Some(format!("a tar entry of type {:#04x}", other.as_byte())),
        };
        // The contents, read or skipped, and the headers behind them.
        allowed.set(member.raw_file_position().saturating_add(packed).saturating_add(LONGEST_HEADERS));
        match refusal {
            Some(why) => gate.refuse(&entry, &why)?,
            None => gate.member(&entry, &mut member)?,
        }
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

/// The archive, of which only so much may be read as headers: the `tar` crate holds those in memory.
struct Allowed<'a> {
    input: &'a mut dyn BufRead,
    position: &'a Cell<u64>,
    /// How far it may be read for now.
    allowed: &'a Cell<u64>,
}

impl Read for Allowed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.position.set(self.position.get() + n as u64);
        if self.position.get() > self.allowed.get() {
            return Err(io::Error::other("headers longer than 4 MiB"));
        }
        Ok(n)
    }
}
