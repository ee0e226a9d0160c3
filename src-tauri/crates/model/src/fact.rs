//! One thing that happened or was stated, and where its bytes are.

use std::fmt;
use std::net::IpAddr;

use crate::{Fields, Mac, Time, TimeKind, Uid};

/// One thing that happened or was stated: kind, time, who, subject, fields, and where its bytes are.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Which kind, by Zeek's log name where Zeek has one: `dns`, `mqtt`, `dhcp`, `station`, ...
    pub kind: &'static str,
    /// When, if the source says so.
    pub ts: Option<Time>,
    pub time_kind: TimeKind,
    /// The flow it belongs to.
    pub uid: Option<Uid>,
    /// Who did or said it.
    pub src: Party,
    /// To whom.
    pub dst: Party,
    /// The one text that an analyst would look for: a DNS name, a topic, a host name.
    pub subject: String,
    /// What is likely to be the same in other facts: stored once a case.
    pub fields: Fields,
    /// What is this fact's alone: transaction ids, counters.
    pub own: Fields,
    pub place: Place,
}

impl Fact {
    pub fn new(kind: &'static str, place: Place) -> Fact {
        Fact {
            kind,
            ts: None,
            time_kind: TimeKind::default(),
            uid: None,
            src: Party::None,
            dst: Party::None,
            subject: String::new(),
            fields: Fields::new(),
            own: Fields::new(),
            place,
        }
    }
}

/// Someone that a fact is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Party {
    #[default]
    None,
    Mac(Mac),
    Ip(IpAddr),
    Name(String),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Party::None => Ok(()),
            Party::Mac(mac) => mac.fmt(f),
            Party::Ip(ip) => ip.fmt(f),
            Party::Name(name) => f.write_str(name),
        }
    }
}

/// Where in the evidence the bytes of something are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Number of the frame from 1, as Wireshark counts, when the evidence is a capture. Of a message that spans several: the last.
    pub frame: Option<u64>,
    /// First byte in the evidence item (for a member of a container: in the member, uncompressed).
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
    /// All pieces in order, when the bytes do not lie together (reassembled TCP, IP fragments); else empty.
    pub pieces: Vec<Piece>,
}

impl Place {
    pub fn bytes(offset: u64, length: u64) -> Place {
        Place { offset, length, ..Place::default() }
    }
}

/// One run of bytes of a message that was put together from several frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub frame: u64,
    pub offset: u64,
    pub length: u64,
}

/// Something that a parser could not read: what, where and why. A damaged record is normal, and never silently skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What was being read: `"pcap record"`, `"dns message"`.
    pub what: String,
    /// Why it failed.
    pub why: String,
    pub frame: Option<u64>,
    /// Offset in the evidence item.
    pub offset: u64,
    /// Bytes left out because of it, if known.
    pub skipped: Option<u64>,
}

impl Issue {
    pub fn new(what: impl Into<String>, why: impl Into<String>, offset: u64) -> Issue {
        Issue { what: what.into(), why: why.into(), frame: None, offset, skipped: None }
    }
}
