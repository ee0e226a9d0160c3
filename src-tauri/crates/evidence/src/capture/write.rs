//! Packets cut from evidence, or recorded, as a capture of their own: pcapng (draft-ietf-opsawg-pcapng), little-endian, nanoseconds.

use std::io::{self, Write};

use model::{Interface, Time};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

// Options.
const COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
const ISB_START: u16 = 2;
const ISB_END: u16 = 3;
const ISB_RECEIVED: u16 = 4;
const ISB_DROPPED: u16 = 5;
/// 10^-9 seconds
const NANOSECONDS: u8 = 9;

/// Writes a capture block by block. It never looks back, so that it can write anywhere.
pub struct PcapngWriter<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    pub fn new(out: W) -> PcapngWriter<W> {
        PcapngWriter { out, block: Vec::new() }
    }

    /// Begins a section; interfaces count from 0 in it.
    pub fn section(&mut self, comment: &str, application: &str) -> io::Result<()> {
        self.begin(SECTION_HEADER);
        self.word(0x1a2b_3c4d);
        self.block.extend([1, 0, 0, 0]); // version 1.0
        self.block.extend(u64::MAX.to_le_bytes()); // length of the section: not stated
        self.option(COMMENT, comment.as_bytes());
        self.option(SHB_USERAPPL, application.as_bytes());
        self.end_of_options();
        self.end()
    }

    /// Declares the section's next interface.
    pub fn interface(&mut self, interface: &Interface) -> io::Result<()> {
        self.begin(INTERFACE_DESCRIPTION);
        self.block.extend(interface.link_type.to_le_bytes());
        self.block.extend([0, 0]);
        self.word(interface.snap_len);
        for (code, text) in [(IF_NAME, &interface.name), (IF_DESCRIPTION, &interface.description)] {
            if let Some(text) = text {
                self.option(code, text.as_bytes());
            }
        }
        self.option(IF_TSRESOL, &[NANOSECONDS]);
        self.end_of_options();
        self.end()
    }

    /// A packet. Times before 1970, and none at all, can't be written: they become 0, which `comment` ought to say. An empty comment is none.
    pub fn packet(
        &mut self,
        interface: u32,
        ts: Option<Time>,
        bytes: &[u8],
        wire_len: u32,
        comment: &str,
    ) -> io::Result<()> {
        self.begin(ENHANCED_PACKET);
        self.word(interface);
        self.ticks(ticks(ts));
        self.word(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.word(wire_len);
        self.padded(bytes);
        if !comment.is_empty() {
            self.option(COMMENT, comment.as_bytes());
            self.end_of_options();
        }
        self.end()
    }

    /// What an interface has counted by now.
    pub fn statistics(&mut self, interface: u32, counted: &Counted) -> io::Result<()> {
        self.begin(INTERFACE_STATISTICS);
        self.word(interface);
        self.ticks(ticks(Some(counted.end)));
        for (code, at) in [(ISB_START, counted.start), (ISB_END, counted.end)] {
            let ns = ticks(Some(at));
            self.option(code, &[((ns >> 32) as u32).to_le_bytes(), (ns as u32).to_le_bytes()].concat());
        }
        for (code, count) in [(ISB_RECEIVED, counted.received), (ISB_DROPPED, counted.dropped)] {
            self.option(code, &count.to_le_bytes());
        }
        self.end_of_options();
        self.end()
    }

    /// A note at a time, in ticks of the interface's clock: interface statistics that count nothing, with a comment.
    pub fn note(&mut self, interface: u32, ticks: u64, text: &str) -> io::Result<()> {
        self.begin(INTERFACE_STATISTICS);
        self.word(interface);
        self.ticks(ticks);
        self.option(COMMENT, text.as_bytes());
        self.end_of_options();
        self.end()
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.word(kind);
        self.word(0); // its length, once it is known
    }

    fn end(&mut self) -> io::Result<()> {
        let length = (self.block.len() as u32 + 4).to_le_bytes();
        if let Some(place) = self.block.get_mut(4..8) {
            place.copy_from_slice(&length);
        }
        self.block.extend(length);
        self.out.write_all(&self.block)
    }

    fn word(&mut self, word: u32) {
        self.block.extend(word.to_le_bytes());
    }

    fn ticks(&mut self, ticks: u64) {
        self.word((ticks >> 32) as u32);
        self.word(ticks as u32);
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend(bytes);
        self.block.extend(&[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()]);
    }

    /// Texts that are longer than an option can be are cut.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        if !value.is_empty() {
            self.block.extend(code.to_le_bytes());
            self.block.extend((value.len() as u16).to_le_bytes());
            self.padded(value);
        }
    }

    fn end_of_options(&mut self) {
        self.word(0);
    }
}

/// What an interface has counted, from when to when.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub start: Time,
    pub end: Time,
    pub received: u64,
    pub dropped: u64,
}

/// Nanoseconds since 1970; 0 if there is no such time.
fn ticks(ts: Option<Time>) -> u64 {
    ts.map_or(0, |ts| u64::try_from(ts.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_say_their_length_twice_and_fill_words() {
        let mut writer = PcapngWriter::new(Vec::new());
        writer.section("case", "lintel").unwrap();
        writer.interface(&Interface { link_type: 1, snap_len: 64, ..Interface::default() }).unwrap();
        writer.packet(0, Some(Time(0x0102_0304_0506_0708)), b"abcde", 1500, "frame 7").unwrap();
        let bytes = writer.finish().unwrap();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let (mut at, mut kinds) = (0, Vec::new());
        while at < bytes.len() {
            let length = word(at + 4) as usize;
            kinds.push((word(at), length));
            assert_eq!((length % 4, word(at + length - 4) as usize), (0, length));
            at += length;
        }
        assert_eq!(kinds, [(SECTION_HEADER, 52), (1, 32), (6, 56)]);
        let packet = &bytes[84..];
        assert_eq!(&packet[8..28], [0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0, 0, 0xdc, 5, 0, 0]);
        assert_eq!(&packet[28..48], b"abcde\0\0\0\x01\0\x07\0frame 7\0");
    }
}
