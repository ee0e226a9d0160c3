//! MQTT packets as bytes, written by hand: nothing here is shared with what is tested.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V {
    V3,
    V5,
}

pub const BOTH: [V; 2] = [V::V3, V::V5];

impl V {
    /// No properties, in versions that have any.
    fn none(self) -> &'static [u8] {
        if self == V::V5 { &[0] } else { &[] }
    }
}

pub struct Connect<'a> {
    pub version: V,
    pub id: &'a str,
    pub clean: bool,
    pub keep_alive: u16,
    pub will: Option<(&'a str, &'a [u8], bool)>,
    /// MQTT 5: for how long the session is kept.
    pub expiry: u32,
}

impl<'a> Connect<'a> {
    pub fn new(version: V, id: &'a str) -> Connect<'a> {
        Connect { version, id, clean: true, keep_alive: 60, will: None, expiry: 0 }
    }

    /// With a session that remains.
    pub fn lasting(version: V, id: &'a str) -> Connect<'a> {
        Connect { clean: false, expiry: 600, ..Connect::new(version, id) }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut flags = u8::from(self.clean) << 1;
        if let Some((_, _, retain)) = self.will {
            flags |= 0x04 | 0x08 | u8::from(retain) << 5;
        }
        let level = if self.version == V::V5 { 5 } else { 4 };
        let mut body = [text("MQTT"), vec![level, flags], self.keep_alive.to_be_bytes().to_vec()].concat();
        if self.version == V::V5 {
            body.extend([&[5, 0x11][..], &self.expiry.to_be_bytes()].concat());
        }
        body.extend(text(self.id));
        if let Some((topic, payload, _)) = self.will {
            body.extend([self.version.none(), &text(topic), &(payload.len() as u16).to_be_bytes(), payload].concat());
        }
        frame(0x10, &body)
    }
}

pub fn publish(version: V, topic: &str, payload: &[u8], qos: u8, id: u16) -> Vec<u8> {
    publish_as(version, topic, payload, qos << 1, id)
}

pub fn retained(version: V, topic: &str, payload: &[u8]) -> Vec<u8> {
    publish_as(version, topic, payload, 0x03, 9)
}

pub fn publish_as(version: V, topic: &str, payload: &[u8], flags: u8, id: u16) -> Vec<u8> {
    let id = if flags & 6 != 0 { id.to_be_bytes().to_vec() } else { vec![] };
    frame(0x30 | flags, &[&text(topic), &id, version.none(), payload].concat())
}

pub fn subscribe(version: V, id: u16, filters: &[(&str, u8)]) -> Vec<u8> {
    let filters = filters.iter().flat_map(|(filter, qos)| [text(filter), vec![*qos]].concat());
    frame(0x82, &[&id.to_be_bytes()[..], version.none(), &filters.collect::<Vec<_>>()].concat())
}

pub fn unsubscribe(version: V, id: u16, filter: &str) -> Vec<u8> {
    frame(0xa2, &[&id.to_be_bytes()[..], version.none(), &text(filter)].concat())
}

/// PUBACK 4, PUBREC 5, PUBREL 6, PUBCOMP 7.
pub fn ack(kind: u8, id: u16) -> Vec<u8> {
    frame(kind << 4 | if kind == 6 { 2 } else { 0 }, &id.to_be_bytes())
}

pub fn disconnect() -> Vec<u8> {
    frame(0xe0, &[])
}

pub fn ping() -> Vec<u8> {
    frame(0xc0, &[])
}

pub fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

pub fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut len = body.len();
    loop {
        let more = len > 127;
        packet.push((len & 127) as u8 | if more { 128 } else { 0 });
        len >>= 7;
        if !more {
            break;
        }
    }
    [packet, body.to_vec()].concat()
}

/// A packet that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    pub kind: u8,
    pub flags: u8,
    pub body: Vec<u8>,
}

/// A PUBLISH that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub dup: bool,
    pub retain: bool,
    pub id: u16,
    pub properties: Vec<u8>,
}

impl Came {
    /// The next packet of what came, taken off.
    pub fn take(buffer: &mut Vec<u8>) -> Option<Came> {
        let (mut len, mut head) = (0usize, 1);
        loop {
            let byte = *buffer.get(head)?;
            len |= usize::from(byte & 127) << (7 * (head - 1));
            head += 1;
            if byte & 128 == 0 {
                break;
            }
        }
        if buffer.len() < head + len {
            return None;
        }
        let packet: Vec<u8> = buffer.drain(..head + len).collect();
        Some(Came { kind: packet[0] >> 4, flags: packet[0] & 15, body: packet[head..].to_vec() })
    }

    pub fn message(&self, version: V) -> Message {
        assert_eq!(self.kind, 3, "no PUBLISH: {self:x?}");
        let u16_at = |at: usize| u16::from_be_bytes([self.body[at], self.body[at + 1]]);
        let mut at = 2 + usize::from(u16_at(0));
        let topic = String::from_utf8(self.body[2..at].to_vec()).unwrap();
        let qos = self.flags >> 1 & 3;
        let id = if qos > 0 { u16_at(at) } else { 0 };
        at += if qos > 0 { 2 } else { 0 };
        let mut properties = vec![];
        if version == V::V5 {
            let len = usize::from(self.body[at]);
            assert!(len < 128);
            properties = self.body[at + 1..at + 1 + len].to_vec();
            at += 1 + len;
        }
        let payload = self.body[at..].to_vec();
        Message { topic, payload, qos, dup: self.flags & 8 != 0, retain: self.flags & 1 != 0, id, properties }
    }

    /// The packet identifier it begins with.
    pub fn id(&self) -> u16 {
        u16::from_be_bytes([self.body[0], self.body[1]])
    }
}
