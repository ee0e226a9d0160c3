//! Solaris snoop (RFC 1761).

use model::{Cancelled, Frame, Interface, Issue, Kind, Sink};

use super::clock::Clock;
use super::{LONGEST_PACKET, MOST_SEARCHES, NO_LINK_TYPE, SEARCH};
use crate::format::{Ending, Format, Head, Recognised, begins_with};
use crate::source::Source;

/// Solaris snoop.
pub struct Snoop;

const MAGIC: &[u8; 8] = b"snoop\0\0\0";
const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 24;

impl Format for Snoop {
    fn name(&self) -> &'static str {
        "snoop"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[] // packets only
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let bytes = head.bytes();
        begins_with(bytes, MAGIC, "snoop")?;
        match bytes.get(8..FILE_HEADER).map(words) {
            Some([2, _]) => Ok("snoop magic, version 2".to_owned().into()),
            Some([version, _]) => Err(format!("snoop magic, but version {version}")),
            None => Err("snoop magic, but cut short in the header".into()),
        }
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let Some([_, data_link]) = source.peek(FILE_HEADER).get(8..FILE_HEADER).map(words) else {
            return Ok(Ending::Failed("cut short in the snoop header".into()));
        };
        let link_type = match link_type(data_link) {
            Some(link_type) => link_type,
            None => {
                sink.issue(Issue::new("snoop header", format!("datalink type {data_link} has no LINKTYPE"), 12));
                NO_LINK_TYPE
            }
        };
        sink.interface(&Interface { link_type, ticks_per_second: 1_000_000, ..Interface::default() });
        source.consume(FILE_HEADER);
        records(link_type, source, sink)
    }
}

fn records(link_type: u16, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
    let mut ending = Ending::Complete;
    let mut searches = 0;
    let mut number = 0;
    let mut need = RECORD_HEADER;
    loop {
        let base = source.position();
        let window = source.peek(need);
        let ended = window.len() < need;
        let mut at = 0;
        let damage = loop {
            let rest = window.get(at..).unwrap_or_default();
            let Some(record) = Record::read(rest) else {
                need = RECORD_HEADER;
                break None;
            };
            if let Err(why) = record.believe() {
                break Some(why);
            }
            let (start, end, length) = (RECORD_HEADER, RECORD_HEADER + record.captured, record.length as usize);
            // Only the padding of the very last record may be missing.
            let Some(bytes) = rest.get(start..end).filter(|_| ended || rest.len() >= length) else {
                need = length;
                break None;
            };
            number += 1;
            sink.frame(&Frame {
                number,
                ts: Clock::MICROSECONDS.time(u64::from(record.second) * 1_000_000 + u64::from(record.microsecond)),
                offset: base + (at + start) as u64,
                bytes,
                wire_len: record.wire_len,
                interface: 0,
                link_type,
            })?;
            at = (at + length).min(window.len());
        };
        let left = window.len() - at;
        if ended && damage.is_none() {
            if left > 0 {
                let why = format!("cut short: {need} bytes needed, {left} left");
                let issue = Issue::new("snoop record", why, base + at as u64);
                sink.issue(Issue { frame: Some(number + 1), skipped: Some(left as u64), ..issue });
                ending = Ending::Partial;
            }
            source.consume(at + left);
            return Ok(ending);
        }
        source.consume(at);
        let Some(why) = damage else { continue };
        ending = Ending::Partial;
        searches += 1;
        let at = source.position();
        let found = if searches < MOST_SEARCHES { search(source.peek(SEARCH)) } else { None };
        let (why, skipped) = match found {
            Some(skipped) => (why, skipped as u64),
            None => (format!("{why}; no further record found"), source.skip(u64::MAX)),
        };
        let issue = Issue::new("snoop record", why, at);
        sink.issue(Issue { frame: Some(number + 1), skipped: Some(skipped), ..issue });
        if found.is_none() {
            return Ok(ending);
        }
        source.skip(skipped);
        need = RECORD_HEADER;
    }
}

struct Record {
    wire_len: u32,
    captured: usize,
    /// Header, packet and padding.
    length: u32,
    second: u32,
    microsecond: u32,
}

impl Record {
    fn read(bytes: &[u8]) -> Option<Record> {
        let [wire_len, captured, length, _drops, second, microsecond] = words(bytes.get(..RECORD_HEADER)?);
        Some(Record { wire_len, captured: captured as usize, length, second, microsecond })
    }

    fn believe(&self) -> Result<(), String> {
        if self.captured > LONGEST_PACKET as usize {
            return Err(format!("a length of {} bytes, where {LONGEST_PACKET} is the most", self.captured));
        }
        let least = RECORD_HEADER + self.captured;
        if !(least..=least + LONGEST_PACKET as usize).contains(&(self.length as usize)) {
            return Err(format!("a record of {} bytes around a packet of {}", self.length, self.captured));
        }
        Ok(())
    }
}

/// Where in `bytes`, from 1, the next record begins: by strict rules, and followed by a second one or the end.
fn search(bytes: &[u8]) -> Option<usize> {
    let length = |at: usize| {
        let record = Record::read(bytes.get(at..)?)?;
        let sound = record.believe().is_ok()
            && record.captured > 0
            && record.captured <= record.wire_len as usize
            && record.wire_len <= LONGEST_PACKET
            && record.microsecond < 1_000_000
            && record.length as usize <= RECORD_HEADER + record.captured + 8;
        sound.then_some(record.length as usize)
    };
    (1..bytes.len()).find(|&at| {
        length(at).is_some_and(|first| {
            let next = at + first;
            next == bytes.len() || length(next).is_some()
        })
    })
}

/// Big-endian numbers, as many as fit; the rest are 0.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *to = u32::from_be_bytes(*from);
    }
    out
}

/// The LINKTYPE of a snoop datalink type (RFC 1761 section 4, <sys/dlpi.h>).
fn link_type(data_link: u32) -> Option<u16> {
    Some(match data_link {
        0 | 4 => 1, // IEEE 802.3, Ethernet
        2 => 6,     // token ring
        8 => 10,    // FDDI
        10 => 107,  // frame relay
        18 => 123,  // SunATM
        26 => 242,  // IP over InfiniBand
        _ => return None,
    })
}
