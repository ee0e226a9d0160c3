//! MQTT packets (3.1.1 and 5) as far as a door has to understand them: where one ends, who comes, to where something is published, what is subscribed to.
//! What it does not understand it refuses; nothing here trusts a length.

pub mod answer;
mod cursor;
mod properties;
#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::{Buf, BytesMut};

use crate::topic::{is_filter, is_topic};
use cursor::Cursor;
pub use properties::{Properties, TOPIC_ALIAS, USER_PROPERTY};

/// The largest packet that is taken; AWS IoT takes half of it.
pub const LARGEST: usize = 256 << 10;

/// What a connection keeps ready for what comes.
const ROOM: usize = 64 << 10;

pub const CONNECT: u8 = 1;
pub const CONNACK: u8 = 2;
pub const PUBLISH: u8 = 3;
pub const PUBACK: u8 = 4;
pub const PUBREL: u8 = 6;
pub const PUBCOMP: u8 = 7;
pub const SUBSCRIBE: u8 = 8;
pub const UNSUBSCRIBE: u8 = 10;
pub const PINGREQ: u8 = 12;
pub const DISCONNECT: u8 = 14;
pub const AUTH: u8 = 15;

/// Why something is no packet, and at which of its bytes that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub at: usize,
    pub why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V3,
    V5,
}

impl Version {
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V3 => "3.1.1",
            Version::V5 => "5",
        }
    }
}

/// Cuts what comes into packets.
#[derive(Default)]
pub struct Cutter {
    buffer: BytesMut,
}

impl Cutter {
    /// Where what comes is put. Never holds more than a packet and one reading.
    pub fn room(&mut self) -> &mut BytesMut {
        // Whoever sent something large once does not hold its room for ever.
        if self.buffer.is_empty() && self.buffer.capacity() > ROOM {
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(4096);
        &mut self.buffer
    }

    /// The next whole packet; `None`: more has to come first.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        let Some(len) = whole(&self.buffer)? else { return Ok(None) };
        let Some(packet) = self.buffer.get(..len).map(<[u8]>::to_vec) else { return Ok(None) };
        self.buffer.advance(len);
        Ok(Some(packet))
    }

    /// What came and is no whole packet.
    pub fn rest(&self) -> &[u8] {
        &self.buffer
    }
}

/// How long the packet is that begins here, if it can be told.
fn whole(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(first) = bytes.first() else { return Ok(None) };
    check_flags(*first)?;
    let mut len = 0usize;
    for at in 0..4 {
        let Some(byte) = bytes.get(at + 1) else { return Ok(None) };
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let head = at + 2;
            return match head + len {
                whole if whole > LARGEST => Err(Malformed { at: 1, why: TOO_LARGE }),
                whole => Ok(Some(whole)),
            };
        }
    }
    Err(Malformed { at: 4, why: "remaining length has more than four bytes" })
}

pub const TOO_LARGE: &str = "packet is larger than 256 KiB";

/// Only a PUBLISH says something with its flags.
fn check_flags(first: u8) -> Result<(), Malformed> {
    let flags = first & 0x0f;
    let right = match first >> 4 {
        0 => return Err(Malformed { at: 0, why: "packet of type 0" }),
        PUBLISH => flags & 0x06 != 0x06,
        PUBREL | SUBSCRIBE | UNSUBSCRIBE => flags == 2,
        _ => flags == 0,
    };
    if right { Ok(()) } else { Err(Malformed { at: 0, why: "flags that this type of packet does not have" }) }
}

/// Type of a packet; 0 of nothing.
pub fn kind(packet: &[u8]) -> u8 {
    packet.first().map_or(0, |first| first >> 4)
}

/// Past the fixed header.
fn body(packet: &[u8]) -> Cursor<'_> {
    let lengths = packet.iter().skip(1).take(4);
    let head = 2 + lengths.take_while(|byte| **byte & 0x80 != 0).count();
    Cursor::new(packet, head.min(packet.len()))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    pub version: Version,
    pub clean: bool,
    pub keep_alive: u16,
    pub id: &'a str,
    pub will: Option<Will<'a>>,
    /// Where it says how long it will keep still, and its id, with the length of that.
    places: (Range<usize>, Range<usize>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will<'a> {
    pub topic: &'a str,
    pub qos: u8,
    pub retain: bool,
}

/// What is wrong with a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoConnect {
    Malformed(Malformed),
    /// A version that we do not speak.
    Version(u8),
}

impl From<Malformed> for NoConnect {
    fn from(malformed: Malformed) -> NoConnect {
        NoConnect::Malformed(malformed)
    }
}

impl<'a> Connect<'a> {
    pub fn read(packet: &'a [u8]) -> Result<Connect<'a>, NoConnect> {
        if kind(packet) != CONNECT {
            return Err(Malformed { at: 0, why: "the first packet is no CONNECT" }.into());
        }
        let mut body = body(packet);
        let name = body.text()?;
        let level = body.u8()?;
        let version = match (name, level) {
            ("MQTT", 4) => Version::V3,
            ("MQTT", 5) => Version::V5,
            ("MQTT" | "MQIsdp", level) => return Err(NoConnect::Version(level)),
            _ => return Err(body.no("the protocol is not MQTT").into()),
        };
        let flags = body.u8()?;
        let (will, qos) = (flags & 0x04 != 0, flags >> 3 & 3);
        if flags & 1 != 0 || qos == 3 || (!will && flags & 0x38 != 0) {
            return Err(body.no("connect flags that contradict themselves").into());
        }
        if version == Version::V3 && flags & 0xc0 == 0x40 {
            return Err(body.no("a password without a user name").into());
        }
        let keep_alive_at = body.at();
        let keep_alive = body.u16()?;
        if version == Version::V5 {
            Properties::take(&mut body)?.check()?;
        }
        let id_at = body.at();
        let id = body.text()?;
        let places = (keep_alive_at..keep_alive_at + 2, id_at..body.at());
        let will = if will {
            if version == Version::V5 {
                Properties::take(&mut body)?.check()?;
            }
            let topic = body.text()?;
            if !is_topic(topic) {
                return Err(body.no("the will's topic is no topic").into());
            }
            body.binary()?;
            Some(Will { topic, qos, retain: flags & 0x20 != 0 })
        } else {
            None
        };
        if flags & 0x80 != 0 {
            body.text()?;
        }
        if flags & 0x40 != 0 {
            body.binary()?;
        }
        body.end()?;
        Ok(Connect { version, clean: flags & 2 != 0, keep_alive, id, will, places })
    }

    /// The same with another id and another keep-alive.
    pub fn with(&self, packet: &[u8], id: &str, seconds: u16) -> Vec<u8> {
        let start = body(packet).at();
        let (keep_alive, old_id) = self.places.clone();
        let part = |range: Range<usize>| packet.get(range).unwrap_or_default();
        let id_len = u16::try_from(id.len()).unwrap_or_default().to_be_bytes();
        let parts: [&[u8]; 6] = [
            part(start..keep_alive.start),
            &seconds.to_be_bytes(),
            part(keep_alive.end..old_id.start),
            &id_len,
            id.as_bytes(),
            part(old_id.end..packet.len()),
        ];
        answer::frame(CONNECT << 4, &parts.concat())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    pub qos: u8,
    pub retain: bool,
    /// Empty in MQTT 5: the alias stands for it.
    pub topic: &'a str,
    pub alias: Option<u16>,
    pub id: Option<u16>,
    pub payload: Range<usize>,
}

impl<'a> Publish<'a> {
    pub fn read(packet: &'a [u8], version: Version) -> Result<Publish<'a>, Malformed> {
        let first = packet.first().copied().unwrap_or_default();
        let qos = first >> 1 & 3;
        let mut body = body(packet);
        let topic = body.text()?;
        let id = if qos > 0 { Some(body.id()?) } else { None };
        let mut alias = None;
        if version == Version::V5 {
            for property in Properties::take(&mut body)? {
                let property = property?;
                if property.id == TOPIC_ALIAS {
                    alias = property.u16();
                }
            }
        }
        if !(is_topic(topic) || topic.is_empty() && alias.is_some()) {
            return Err(body.no("what it is published to is no topic"));
        }
        let payload = body.at()..packet.len();
        Ok(Publish { qos, retain: first & 1 != 0, topic, alias, id, payload })
    }
}

/// The filters of a SUBSCRIBE, in their order.
pub fn filters(packet: &[u8], version: Version) -> Result<Vec<&str>, Malformed> {
    let mut body = body(packet);
    body.id()?;
    if version == Version::V5 {
        Properties::take(&mut body)?.check()?;
    }
    let mut filters = Vec::new();
    while !body.is_empty() {
        let filter = body.text()?;
        if !is_filter(filter) {
            return Err(body.no("what is subscribed to is no filter"));
        }
        let options = body.u8()?;
        if options & 3 == 3 || (version == Version::V3 && options > 2) || options & 0xc0 != 0 {
            return Err(body.no("subscription options that do not exist"));
        }
        filters.push(filter);
    }
    if filters.is_empty() {
        return Err(body.no("a SUBSCRIBE without a filter"));
    }
    Ok(filters)
}

/// The packet identifier of a packet that begins with one.
pub fn identifier(packet: &[u8]) -> Result<u16, Malformed> {
    body(packet).id()
}
