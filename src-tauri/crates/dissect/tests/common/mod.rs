//! A TCP connection as frames of a capture, and what the engine finds in it.
#![allow(dead_code, reason = "each test takes what it needs")]

use dissect::{Engine, Findings, Sighting};
use model::{Cancelled, Fact, Flow, Frame, Issue, Place, Time};

pub const ACK: u8 = 0x10;
pub const SYN: u8 = 0x02;
pub const FIN: u8 = 0x01;

/// Frames one after the other, as a file holds them.
#[derive(Default)]
pub struct Capture {
    bytes: Vec<u8>,
    frames: Vec<std::ops::Range<usize>>,
    next: [u32; 2],
    /// Of the client and the server.
    pub ports: [u16; 2],
}

#[derive(Default)]
pub struct Found {
    pub facts: Vec<Fact>,
    pub issues: Vec<Issue>,
    pub flows: Vec<Flow>,
}

impl Findings for Found {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        self.facts.push(fact.clone());
        Ok(())
    }
    fn flow(&mut self, _: u32, flow: &Flow) -> Result<(), Cancelled> {
        self.flows.push(flow.clone());
        Ok(())
    }
    fn sighting(&mut self, _: &Sighting) -> Result<(), Cancelled> {
        Ok(())
    }
    fn issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }
}

impl Found {
    pub fn of(&self, kind: &str) -> Vec<&Fact> {
        self.facts.iter().filter(|fact| fact.kind == kind).collect()
    }
}

impl Capture {
    /// A connection to `port`, with its handshake.
    pub fn to(port: u16) -> Capture {
        let mut capture = Capture { next: [1_000, 5_000], ports: [40_000, port], ..Capture::default() };
        capture.frame(0, 1_000, SYN, b"");
        capture.frame(1, 5_000, SYN | ACK, b"");
        capture.next = [1_001, 5_001];
        capture
    }

    /// A segment with what follows; side 0 opened the connection.
    pub fn send(&mut self, side: usize, payload: &[u8]) -> &mut Capture {
        self.frame(side, self.next[side], ACK, payload);
        self.lose(side, payload.len())
    }

    /// So many bytes that the capture lacks.
    pub fn lose(&mut self, side: usize, bytes: usize) -> &mut Capture {
        self.next[side] = self.next[side].wrapping_add(bytes as u32);
        self
    }

    pub fn send_all(&mut self, side: usize, payload: &[u8], segment: usize) -> &mut Capture {
        payload.chunks(segment).for_each(|part| {
            self.send(side, part);
        });
        self
    }

    pub fn close(&mut self, side: usize) -> &mut Capture {
        self.frame(side, self.next[side], ACK | FIN, b"");
        self.lose(side, 1)
    }

    /// Datagrams between a client and `port`.
    pub fn datagrams(port: u16) -> Capture {
        Capture { ports: [40_000, port], ..Capture::default() }
    }

    pub fn datagram(&mut self, side: usize, payload: &[u8]) -> &mut Capture {
        let start = self.bytes.len();
        let [src, dst] = if side == 0 { [2, 1] } else { [1, 2] };
        self.bytes.extend([2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src, 8, 0, 0x45, 0]);
        self.bytes.extend((28 + payload.len() as u16).to_be_bytes());
        self.bytes.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 192, 168, 0, src, 192, 168, 0, dst]);
        self.bytes.extend(self.ports[side].to_be_bytes());
        self.bytes.extend(self.ports[1 - side].to_be_bytes());
        self.bytes.extend((8 + payload.len() as u16).to_be_bytes());
        self.bytes.extend([0, 0]);
        self.bytes.extend(payload);
        self.frames.push(start..self.bytes.len());
        self
    }

    fn frame(&mut self, side: usize, seq: u32, flags: u8, payload: &[u8]) {
        let start = self.bytes.len();
        let [src, dst] = if side == 0 { [2, 1] } else { [1, 2] };
        self.bytes.extend([2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src, 8, 0]);
        let total = (40 + payload.len()) as u16;
        self.bytes.extend([0x45, 0]);
        self.bytes.extend(total.to_be_bytes());
        self.bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 168, 0, src, 192, 168, 0, dst]);
        self.bytes.extend(self.ports[side].to_be_bytes());
        self.bytes.extend(self.ports[1 - side].to_be_bytes());
        self.bytes.extend(seq.to_be_bytes());
        self.bytes.extend(self.next[1 - side].to_be_bytes());
        self.bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        self.bytes.extend(payload);
        self.frames.push(start..self.bytes.len());
    }

    pub fn read(&self) -> Found {
        self.read_with(&mut Engine::new())
    }

    pub fn read_with(&self, engine: &mut Engine) -> Found {
        self.read_every(1_000_000, engine)
    }

    /// A frame each so many nanoseconds.
    pub fn read_every(&self, nanoseconds: i64, engine: &mut Engine) -> Found {
        let mut found = Found::default();
        for frame in self.frames(nanoseconds) {
            engine.frame(&frame, &mut found).unwrap();
        }
        engine.finish(&mut found).unwrap();
        found
    }

    /// One each so many nanoseconds.
    pub fn frames(&self, nanoseconds: i64) -> impl Iterator<Item = Frame<'_>> {
        self.frames.iter().enumerate().map(move |(n, range)| {
            let bytes = &self.bytes[range.clone()];
            Frame {
                number: n as u64 + 1,
                ts: Some(Time(n as i64 * nanoseconds)),
                offset: range.start as u64,
                bytes,
                wire_len: bytes.len() as u32,
                interface: 0,
                link_type: 1,
            }
        })
    }

    /// The bytes that a fact is about.
    pub fn bytes_of<'a>(&'a self, place: &Place) -> Vec<&'a [u8]> {
        let at = |offset: u64, length: u64| &self.bytes[offset as usize..(offset + length) as usize];
        match place.pieces.as_slice() {
            [] => vec![at(place.offset, place.length)],
            pieces => pieces.iter().map(|piece| at(piece.offset, piece.length)).collect(),
        }
    }
}

/// The text or number behind a key of a fact.
pub fn field<'a>(fact: &'a Fact, key: &str) -> Option<&'a str> {
    let key = format!("\"{key}\":");
    let of = |members: &'a str| members.split_once(&key).map(|(_, rest)| rest);
    let rest = of(fact.fields.packed()).or_else(|| of(fact.own.packed()))?;
    // A text stands between quotes, or as it is between marks.
    match rest.chars().next() {
        Some(mark @ ('"' | '\u{1}')) => rest[1..].split(mark).next(),
        _ => rest.split(',').next(),
    }
}
