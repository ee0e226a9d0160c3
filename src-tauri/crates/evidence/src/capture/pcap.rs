//! Classic pcap (draft-ietf-opsawg-pcap), with the variants that Wireshark reads: both byte orders, micro- and nanoseconds, the
//! longer record header of Kuznetzov's libpcap, and Ixia's lcap.

use model::{Cancelled, Frame, Interface, Issue, Kind, Sink};

use super::clock::Clock;
use super::{LONGEST_PACKET, MOST_SEARCHES, SEARCH, longest_packet};
use crate::format::{Ending, Format, Head, Recognised};
use crate::source::Source;

/// Classic pcap.
pub struct Pcap;

impl Format for Pcap {
    fn name(&self) -> &'static str {
        "pcap"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[] // packets only
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let bytes = head.bytes();
        let layout = Layout::read(bytes)?;
        let order = if layout.big_endian { "big" } else { "little" };
        let ticks = if layout.clock == Clock::NANOSECONDS { "nanoseconds" } else { "microseconds" };
        Ok(format!("pcap magic {}, {order}-endian, {ticks}", model::hex(bytes.get(..4).unwrap_or_default())).into())
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let layout = match Layout::read(source.peek(FILE_HEADER + 4)) {
            Ok(layout) => layout,
            Err(why) => return Ok(Ending::Failed(why)),
        };
        sink.interface(&Interface {
            link_type: layout.link_type,
            snap_len: layout.snap_len,
            ticks_per_second: layout.clock.ticks_per_second,
            ..Interface::default()
        });
        source.consume(layout.file_header);
        records(&layout, source, sink)
    }
}

const FILE_HEADER: usize = 24;

fn records(layout: &Layout, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
    let mut ending = Ending::Complete;
    let mut searches = 0;
    let mut number = 0;
    let mut last_second = None;
    let mut need = layout.record_header;
    loop {
        let base = source.position();
        let window = source.peek(need);
        let ended = window.len() < need;
        let mut at = 0;
        let stop = loop {
            let rest = window.get(at..).unwrap_or_default();
            let Some(record) = layout.record(rest) else { break Stop::Need(layout.record_header) };
            if let Err(why) = layout.believe(&record) {
                break Stop::Damaged(why);
            }
            let end = layout.record_header + record.captured as usize;
            let Some(bytes) = rest.get(layout.record_header..end) else { break Stop::Need(end) };
            number += 1;
            last_second = Some(record.second);
            sink.frame(&Frame {
                number,
                ts: layout.clock.time(record.ticks),
                offset: base + (at + layout.record_header) as u64,
                bytes,
                wire_len: record.wire_len,
                interface: 0,
                link_type: layout.link_type,
            })?;
            at += end;
        };
        let left = window.len() - at;
        source.consume(at);
        match stop {
            Stop::Need(more) if ended => {
                if left > 0 {
                    let why = format!("cut short: {more} bytes needed, {left} left");
                    let issue = Issue::new("pcap record", why, source.position());
                    sink.issue(Issue { frame: Some(number + 1), skipped: Some(left as u64), ..issue });
                    source.consume(left);
                    ending = Ending::Partial;
                }
                return Ok(ending);
            }
            Stop::Need(more) => need = more,
            Stop::Damaged(why) => {
                ending = Ending::Partial;
                searches += 1;
                let at = source.position();
                let seen = source.peek(SEARCH);
                let found = if searches < MOST_SEARCHES { layout.search(seen, last_second) } else { None };
                let (why, skipped) = match found {
                    Some(skipped) => (why, skipped as u64),
                    None => (format!("{why}; no further record found"), source.skip(u64::MAX)),
                };
                let issue = Issue::new("pcap record", why, at);
                sink.issue(Issue { frame: Some(number + 1), skipped: Some(skipped), ..issue });
                if found.is_none() {
                    return Ok(ending);
                }
                source.skip(skipped);
                need = layout.record_header;
            }
        }
    }
}

/// Why the records in sight end.
enum Stop {
    /// The next one needs so many bytes.
    Need(usize),
    Damaged(String),
}

/// What the file header says of the file.
#[derive(Debug)]
struct Layout {
    big_endian: bool,
    clock: Clock,
    file_header: usize,
    record_header: usize,
    link_type: u16,
    snap_len: u32,
    longest: u32,
    lengths: Lengths,
}

/// In which order a record states its two lengths; old versions of libpcap had them the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    /// Version 2.3 came in both ways: the captured length is the smaller one.
    SmallerIsCaptured,
}

struct Record {
    second: u32,
    ticks: u64,
    captured: u32,
    wire_len: u32,
}

impl Layout {
    fn read(bytes: &[u8]) -> Result<Layout, String> {
        let Some(magic) = bytes.first_chunk::<4>() else {
            return Err(format!("{} bytes are too few for a pcap header", bytes.len()));
        };
        let (little, big) = (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic));
        let known = |magic| matches!(magic, USEC | NSEC | KUZNETZOV | IXIA_HARDWARE | IXIA_SOFTWARE);
        let (magic, big_endian) = match (known(little), known(big)) {
            (true, _) => (little, false),
            (_, true) => (big, true),
            _ => return Err(format!("begins with {}, which is no pcap magic", model::hex(magic))),
        };
        // pcap-parser knows the two usual magics in both orders; the variants differ in what follows only.
        let mut header: [u8; FILE_HEADER] = bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| format!("{} bytes are too few for a pcap header", bytes.len()))?;
        header[..4].copy_from_slice(&if big_endian { USEC.to_be_bytes() } else { USEC.to_le_bytes() });
        let (_, header) = pcap_parser::parse_pcap_header(&header).map_err(|_| "pcap magic, but no pcap header")?;
        // Later versions than 2.4 were never defined, but a damaged number is no reason to refuse; Wireshark does not either.
        if header.version_major < 2 {
            return Err(format!("pcap magic, but version {}.{}", header.version_major, header.version_minor));
        }
        let nanoseconds = matches!(magic, NSEC | IXIA_HARDWARE);
        Ok(Layout {
            big_endian,
            clock: if nanoseconds { Clock::NANOSECONDS } else { Clock::MICROSECONDS },
            file_header: if matches!(magic, IXIA_HARDWARE | IXIA_SOFTWARE) { FILE_HEADER + 4 } else { FILE_HEADER },
            record_header: if magic == KUZNETZOV { 24 } else { 16 },
            link_type: header.network.0 as u16, // the upper bits say whether and how much FCS there is
            snap_len: header.snaplen,
            longest: longest_packet(header.network.0 as u16, header.snaplen),
            lengths: match (header.version_major, header.version_minor) {
                (2, 3) => Lengths::SmallerIsCaptured,
                (2, 0..3) | (543, _) => Lengths::WireFirst,
                _ => Lengths::CapturedFirst,
            },
        })
    }

    /// The header of the record that begins here; `None` if there are too few bytes.
    #[inline]
    fn record(&self, bytes: &[u8]) -> Option<Record> {
        let (fields, _) = bytes.get(..self.record_header)?.as_chunks::<4>();
        let [second, fraction, first, other, ..] = fields else { return None };
        let u32 =
            |bytes: &[u8; 4]| if self.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
        let (second, fraction, first, other) = (u32(second), u32(fraction), u32(first), u32(other));
        let (captured, wire_len) = match self.lengths {
            Lengths::CapturedFirst => (first, other),
            Lengths::WireFirst => (other, first),
            Lengths::SmallerIsCaptured => (first.min(other), first.max(other)),
        };
        let ticks = u64::from(second) * self.clock.ticks_per_second + u64::from(fraction);
        Some(Record { second, ticks, captured, wire_len })
    }

    /// What every real record fulfils.
    #[inline]
    fn believe(&self, record: &Record) -> Result<(), String> {
        if record.captured > self.longest {
            return Err(format!("a length of {} bytes, where {} is the most", record.captured, self.longest));
        }
        if record.captured == 0 && record.wire_len == 0 && record.ticks == 0 {
            return Err("a record header of zeros".into());
        }
        Ok(())
    }

    /// Where in `bytes`, from 1, the next record begins: by strict rules, and followed by a second one or the end.
    fn search(&self, bytes: &[u8], last_second: Option<u32>) -> Option<usize> {
        let length = |at: usize| -> Option<usize> {
            let record = self.record(bytes.get(at..)?)?;
            let near = last_second.is_none_or(|last| record.second.abs_diff(last) <= 86_400);
            let fraction = record.ticks - u64::from(record.second) * self.clock.ticks_per_second;
            let sound = (1..=self.longest).contains(&record.captured)
                && (record.captured..=LONGEST_PACKET.max(self.longest)).contains(&record.wire_len)
                && fraction < self.clock.ticks_per_second;
            (near && sound).then_some(self.record_header + record.captured as usize)
        };
        (1..bytes.len()).find(|&at| {
            length(at).is_some_and(|first| {
                let next = at + first;
                next == bytes.len() || length(next).is_some()
            })
        })
    }
}

const USEC: u32 = 0xa1b2_c3d4;
const NSEC: u32 = 0xa1b2_3c4d;
const KUZNETZOV: u32 = 0xa1b2_cd34;
const IXIA_HARDWARE: u32 = 0x1c00_01ac;
const IXIA_SOFTWARE: u32 = 0x1c00_01ab;
