//! pcapng (draft-ietf-opsawg-pcapng): any number of sections, each in its own byte order, with any number of interfaces.
//!
//! Packet blocks come by the million and are read here, straight from the chunk; the rare ones are in [`super::blocks`].

use model::{Cancelled, Fact, Fields, Frame, Interface, Issue, Kind, Place, Sink, Time};

use super::blocks::{self, Section, Skipped};
use super::clock::Clock;
use super::{KINDS, LONGEST_ANNOUNCED, MOST_SEARCHES, NO_LINK_TYPE, SEARCH, longest_packet};
use crate::format::{Ending, Format, Head, Recognised, begins_with};
use crate::source::Source;

/// pcapng.
pub struct Pcapng;

impl Format for Pcapng {
    fn name(&self) -> &'static str {
        "pcapng"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let bytes = head.bytes();
        begins_with(bytes, &SECTION_HEADER.to_be_bytes(), "pcapng")?;
        let order = byte_order(bytes).ok_or("a pcapng section header without byte-order magic")?;
        let length = bytes.get(4..8).and_then(|four| order.u32(four)).unwrap_or_default();
        if !(28..=LONGEST_BLOCK).contains(&length) {
            return Err(format!("a pcapng section header with a length of {length}"));
        }
        let name = if order == Order::Big { "big" } else { "little" };
        Ok(format!("pcapng section header, {name}-endian").into())
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let mut capture = Capture {
            sink,
            section: None,
            number: 0,
            partial: false,
            skipped: Skipped::default(),
            interfaces: 0,
            no_interface: None,
            timeless: None,
        };
        capture.read(source)?;
        capture.skipped.tell(capture.sink);
        if let Some((packets, first)) = capture.timeless {
            let why = format!("{packets} state a time outside 1677 to 2262, and are given none");
            capture.sink.issue(Issue::new("pcapng packets", why, first));
        }
        Ok(if capture.partial { Ending::Partial } else { Ending::Complete })
    }
}

/// Longest block that Wireshark takes for one.
const LONGEST_BLOCK: u32 = LONGEST_ANNOUNCED;
/// Type, length, and the length again.
const SHORTEST_BLOCK: usize = 12;

pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Byte order of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    pub fn u16(self, bytes: &[u8]) -> Option<u16> {
        let two = *bytes.first_chunk()?;
        Some(if self == Order::Big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    #[inline]
    pub fn u32(self, bytes: &[u8]) -> Option<u32> {
        let four = *bytes.first_chunk()?;
        Some(if self == Order::Big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    pub fn u64(self, bytes: &[u8]) -> Option<u64> {
        let eight = *bytes.first_chunk()?;
        Some(if self == Order::Big { u64::from_be_bytes(eight) } else { u64::from_le_bytes(eight) })
    }
}

/// What a section header's byte-order magic says.
fn byte_order(section_header: &[u8]) -> Option<Order> {
    match section_header.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(Order::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(Order::Little),
        _ => None,
    }
}

/// A pcapng file being read.
struct Capture<'s> {
    sink: &'s mut dyn Sink,
    section: Option<Section>,
    /// Of the last frame.
    number: u64,
    partial: bool,
    skipped: Skipped,
    /// Interfaces of all sections so far.
    interfaces: u32,
    /// Packets whose time is outside 1677 to 2262, and where the first of them is.
    timeless: Option<(u64, u64)>,
    /// The one that stands for none, once there is a record that has none.
    no_interface: Option<u32>,
}

/// Why the blocks in sight end.
enum Stop {
    /// The next one needs so many bytes.
    Need(usize),
    Damaged(String),
}

impl Capture<'_> {
    fn read(&mut self, source: &mut Source) -> Result<(), Cancelled> {
        let mut searches = 0;
        let mut need = SHORTEST_BLOCK;
        loop {
            let base = source.position();
            let window = source.peek(need);
            let ended = window.len() < need;
            let (at, stop) = self.blocks(window, base)?;
            let left = window.len() - at;
            source.consume(at);
            match stop {
                Stop::Need(more) if ended => {
                    if left > 0 {
                        let why = format!("cut short: {more} bytes needed, {left} left");
                        self.issue("pcapng block", why, source.position(), Some(left as u64));
                        source.consume(left);
                    }
                    return Ok(());
                }
                Stop::Need(more) => need = more,
                Stop::Damaged(why) => {
                    searches += 1;
                    let at = source.position();
                    let seen = source.peek(SEARCH);
                    let found = if searches < MOST_SEARCHES { self.search(seen) } else { None };
                    let (why, skipped) = match found {
                        Some(skipped) => (why, skipped as u64),
                        None => (format!("{why}; no further block found"), source.skip(u64::MAX)),
                    };
                    self.issue("pcapng block", why, at, Some(skipped));
                    if found.is_none() {
                        return Ok(());
                    }
                    source.skip(skipped);
                    need = SHORTEST_BLOCK;
                }
            }
        }
    }

    /// Reads whole blocks from `window`, which lies at `base`; says how far it came and why not further.
    fn blocks(&mut self, window: &[u8], base: u64) -> Result<(usize, Stop), Cancelled> {
        let mut at = 0;
        loop {
            let rest = window.get(at..).unwrap_or_default();
            let header = match Header::read(rest, self.order()) {
                Ok(Some(header)) => header,
                Ok(None) => return Ok((at, Stop::Need(SHORTEST_BLOCK))),
                Err(why) => return Ok((at, Stop::Damaged(why))),
            };
            let Some(block) = rest.get(..header.padded) else { return Ok((at, Stop::Need(header.padded))) };
            let again = block.get(header.padded - 4..).and_then(|four| header.order.u32(four));
            if again != Some(header.length) {
                let why =
                    format!("a length of {} in front, but {} at the end", header.length, again.unwrap_or_default());
                return Ok((at, Stop::Damaged(why)));
            }
            let offset = base + at as u64;
            match header.kind {
                ENHANCED_PACKET => self.enhanced_packet(block, header.order, offset)?,
                SIMPLE_PACKET => self.simple_packet(block, header.order, offset)?,
                PACKET => self.packet(block, header.order, offset)?,
                SECTION_HEADER => {
                    self.section = Some(Section::new(header.order));
                    self.rare(header.kind, block, offset)?;
                }
                blocks::CUSTOM | blocks::CUSTOM_DO_NOT_COPY => self.custom(block, offset)?,
                blocks::SYSTEMD_JOURNAL => self.journal(block, offset)?,
                kind => self.rare(kind, block, offset)?,
            }
            at += header.padded;
        }
    }

    fn rare(&mut self, kind: u32, block: &[u8], offset: u64) -> Result<(), Cancelled> {
        let Some(section) = &mut self.section else { return Ok(()) };
        let read = blocks::read(kind, block, offset, section, &mut self.interfaces, &mut self.skipped, self.sink)?;
        if let Err(why) = read {
            self.issue(blocks::name(kind), why, offset, Some(block.len() as u64));
        }
        Ok(())
    }

    fn order(&self) -> Option<Order> {
        self.section.as_ref().map(|section| section.order)
    }

    #[inline]
    fn enhanced_packet(&mut self, block: &[u8], order: Order, offset: u64) -> Result<(), Cancelled> {
        let u32 = |at: usize| block.get(at..).and_then(|bytes| order.u32(bytes)).unwrap_or_default();
        let packet = Packet {
            interface: u32(8),
            ticks: Some(u64::from(u32(12)) << 32 | u64::from(u32(16))),
            captured: u32(20),
            wire_len: u32(24),
            start: 28,
        };
        self.emit(&packet, block, order, offset, "pcapng enhanced packet block")
    }

    /// The packet block of the first drafts, obsolete since 2004 and still met.
    fn packet(&mut self, block: &[u8], order: Order, offset: u64) -> Result<(), Cancelled> {
        let u32 = |at: usize| block.get(at..).and_then(|bytes| order.u32(bytes)).unwrap_or_default();
        let packet = Packet {
            interface: block.get(8..).and_then(|bytes| order.u16(bytes)).unwrap_or_default().into(),
            ticks: Some(u64::from(u32(12)) << 32 | u64::from(u32(16))),
            captured: u32(20),
            wire_len: u32(24),
            start: 28,
        };
        self.emit(&packet, block, order, offset, "pcapng packet block")
    }

    /// No time, and of interface 0; how much was captured follows from its snap length.
    fn simple_packet(&mut self, block: &[u8], order: Order, offset: u64) -> Result<(), Cancelled> {
        let wire_len = block.get(8..).and_then(|bytes| order.u32(bytes)).unwrap_or_default();
        let snap_len =
            self.section.as_ref().and_then(|section| section.interfaces.first()).map_or(0, |first| first.snap_len);
        let captured = if snap_len == 0 { wire_len } else { wire_len.min(snap_len) };
        let packet = Packet { interface: 0, ticks: None, captured, wire_len, start: 12 };
        self.emit(&packet, block, order, offset, "pcapng simple packet block")
    }

    /// A custom block: whatever its vendor (a private enterprise number) laid in it, without time.
    fn custom(&mut self, block: &[u8], offset: u64) -> Result<(), Cancelled> {
        match block.get(12..block.len() - 4) {
            Some(content) => self.other_record(content, offset + 12, None),
            None => {
                self.issue("pcapng custom block", "no enterprise number".into(), offset, Some(block.len() as u64));
                Ok(())
            }
        }
    }

    /// An entry of the capturing machine's journal, as `journalctl -o export` writes it.
    fn journal(&mut self, block: &[u8], offset: u64) -> Result<(), Cancelled> {
        let content = block.get(8..block.len() - 4).unwrap_or_default();
        let padding = content.iter().rev().take_while(|byte| **byte == 0).count();
        let entry = content.get(..content.len() - padding).unwrap_or_default();
        let stated = entry.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"__REALTIME_TIMESTAMP="));
        let microseconds = stated.and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| text.parse().ok());
        self.other_record(entry, offset + 8, microseconds.and_then(|ticks| Clock::MICROSECONDS.time(ticks)))
    }

    /// A record that is no packet. It is a frame nevertheless, because Wireshark counts it as one.
    fn other_record(&mut self, bytes: &[u8], offset: u64, ts: Option<Time>) -> Result<(), Cancelled> {
        let interface = match self.no_interface {
            Some(interface) => interface,
            None => {
                let index = self.interfaces;
                self.interfaces += 1;
                self.sink.interface(&Interface {
                    index,
                    link_type: NO_LINK_TYPE,
                    description: Some("records of the file that are no packets".into()),
                    offset,
                    ..Interface::default()
                });
                *self.no_interface.insert(index)
            }
        };
        self.number += 1;
        self.sink.frame(&Frame {
            number: self.number,
            ts,
            offset,
            bytes,
            wire_len: bytes.len() as u32, // a block has at most 16 MiB
            interface,
            link_type: NO_LINK_TYPE,
        })
    }

    #[inline]
    fn emit(&mut self, packet: &Packet, block: &[u8], order: Order, offset: u64, what: &str) -> Result<(), Cancelled> {
        let interface =
            self.section.as_ref().and_then(|section| section.interfaces.get(packet.interface as usize)).copied();
        let Some(interface) = interface else {
            let why = format!("interface {} is not described in this section", packet.interface);
            self.issue(what, why, offset, Some(block.len() as u64));
            return Ok(());
        };
        let end = packet.start + packet.captured as usize;
        let room = block.len() - 4; // every block is at least 12 long
        let bytes = block.get(packet.start..end.min(room)).filter(|_| end <= room);
        let Some(bytes) = bytes.filter(|_| packet.captured <= longest_packet(interface.link_type, interface.snap_len))
        else {
            let why = format!("{} bytes of packet in a block of {}", packet.captured, block.len());
            self.issue(what, why, offset, Some(block.len() as u64));
            return Ok(());
        };
        self.number += 1;
        let stated = packet.ticks.zip(interface.clock);
        let ts = stated.and_then(|(ticks, clock)| clock.time(ticks));
        if ts.is_none() && stated.is_some() {
            self.timeless.get_or_insert((0, offset)).0 += 1;
        }
        self.sink.frame(&Frame {
            number: self.number,
            ts,
            offset: offset + packet.start as u64,
            bytes,
            wire_len: packet.wire_len,
            interface: interface.index,
            link_type: interface.link_type,
        })?;
        let options_at = end.next_multiple_of(4);
        match block.get(options_at..room) {
            Some(options) if options.len() > 4 && packet.ticks.is_some() => {
                self.comments(options, order, offset + options_at as u64, ts)
            }
            _ => Ok(()),
        }
    }

    fn comments(&mut self, options: &[u8], order: Order, base: u64, ts: Option<Time>) -> Result<(), Cancelled> {
        for (at, code, value) in Options::new(options, order) {
            if code == blocks::COMMENT {
                let place = Place { frame: Some(self.number), ..Place::bytes(base + at as u64, value.len() as u64) };
                let text = String::from_utf8_lossy(value).into_owned();
                let mut fields = Fields::new();
                fields.text("comment", &text);
                fields.text("scope", "packet");
                self.sink.fact(Fact { ts, subject: text, fields, ..Fact::new("capture_comment", place) })?;
            }
        }
        Ok(())
    }

    fn issue(&mut self, what: &str, why: String, offset: u64, skipped: Option<u64>) {
        self.partial = true;
        self.sink.issue(Issue { skipped, ..Issue::new(what, why, offset) });
    }

    /// Where in `bytes`, from 1, the next block begins: of a known type, and with the same length at its end.
    fn search(&self, bytes: &[u8]) -> Option<usize> {
        let section = self.order();
        (1..bytes.len()).find(|&at| {
            let rest = bytes.get(at..).unwrap_or_default();
            let known = rest.starts_with(&SECTION_HEADER.to_be_bytes())
                || section.and_then(|order| order.u32(rest)).is_some_and(blocks::is_known);
            let Some(Ok(Some(header))) = known.then(|| Header::read(rest, section)) else { return false };
            let again = rest.get(header.padded - 4..).and_then(|four| header.order.u32(four));
            header.padded == header.length as usize && again == Some(header.length)
        })
    }
}

/// What every kind of packet block says.
struct Packet {
    interface: u32,
    ticks: Option<u64>,
    captured: u32,
    wire_len: u32,
    /// Where in the block the packet's bytes start.
    start: usize,
}

struct Header {
    kind: u32,
    length: u32,
    /// The length, rounded up to the boundary of 4 at which the next block must begin.
    padded: usize,
    order: Order,
}

impl Header {
    /// The block header that begins here. `None`: too few bytes. Err: it cannot be one.
    #[inline]
    fn read(bytes: &[u8], section: Option<Order>) -> Result<Option<Header>, String> {
        let Some(first) = bytes.first_chunk::<SHORTEST_BLOCK>() else { return Ok(None) };
        let kind = u32::from_be_bytes([first[0], first[1], first[2], first[3]]);
        let order = if kind == SECTION_HEADER {
            byte_order(first).ok_or("a section header without byte-order magic")?
        } else {
            section.ok_or("a block before the first section header")?
        };
        let kind = order.u32(first).unwrap_or_default();
        let length = order.u32(&first[4..]).unwrap_or_default();
        let shortest = match kind {
            ENHANCED_PACKET | PACKET => 32,
            SECTION_HEADER => 28,
            SIMPLE_PACKET => 16,
            _ => SHORTEST_BLOCK as u32,
        };
        if !(shortest..=LONGEST_BLOCK).contains(&length) {
            return Err(format!("a block of type {kind:#x} with a length of {length}"));
        }
        Ok(Some(Header { kind, length, padded: (length as usize).next_multiple_of(4), order }))
    }
}

/// The options of a packet block, as (offset of the value, code, value). Ends at the end-of-options code or at damage.
struct Options<'a> {
    bytes: &'a [u8],
    at: usize,
    order: Order,
}

impl<'a> Options<'a> {
    fn new(bytes: &'a [u8], order: Order) -> Options<'a> {
        Options { bytes, at: 0, order }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (usize, u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.bytes.get(self.at..)?;
        let code = self.order.u16(head)?;
        let length = usize::from(self.order.u16(head.get(2..)?)?);
        if code == 0 {
            return None;
        }
        let at = self.at + 4;
        let value = self.bytes.get(at..at + length)?;
        self.at = (at + length).next_multiple_of(4);
        Some((at, code, value))
    }
}
