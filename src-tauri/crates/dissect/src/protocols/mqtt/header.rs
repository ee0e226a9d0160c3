//! The fixed header, and whether bytes are the start of a packet at all.

use crate::protocols::cursor::Cursor;
use crate::protocols::payload::printable;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Connect = 1,
    ConnAck,
    Publish,
    PubAck,
    PubRec,
    PubRel,
    PubComp,
    Subscribe,
    SubAck,
    Unsubscribe,
    UnsubAck,
    PingReq,
    PingResp,
    Disconnect,
    Auth,
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::Connect,
        Kind::ConnAck,
        Kind::Publish,
        Kind::PubAck,
        Kind::PubRec,
        Kind::PubRel,
        Kind::PubComp,
        Kind::Subscribe,
        Kind::SubAck,
        Kind::Unsubscribe,
        Kind::UnsubAck,
        Kind::PingReq,
        Kind::PingResp,
        Kind::Disconnect,
        Kind::Auth,
    ];

    pub fn name(self) -> &'static str {
        const NAMES: [&str; 15] = [
            "CONNECT",
            "CONNACK",
            "PUBLISH",
            "PUBACK",
            "PUBREC",
            "PUBREL",
            "PUBCOMP",
            "SUBSCRIBE",
            "SUBACK",
            "UNSUBSCRIBE",
            "UNSUBACK",
            "PINGREQ",
            "PINGRESP",
            "DISCONNECT",
            "AUTH",
        ];
        NAMES[self as usize - 1]
    }
}

pub enum Header {
    Is(Fixed),
    /// The header itself is not all there.
    Short,
    /// No packet begins like this.
    Not,
}

/// A fixed header (3.1.1 section 2.2).
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    pub kind: Kind,
    pub flags: u8,
    /// Length of this header: 2 to 5 bytes.
    pub len: usize,
    /// Length of what follows it.
    pub remaining: usize,
}

/// Reads the fixed header; its type and flags must be possible.
pub fn read(bytes: &[u8]) -> Header {
    let Some(&first) = bytes.first() else { return Header::Short };
    let Some(&kind) = usize::from(first >> 4).checked_sub(1).and_then(|n| Kind::ALL.get(n)) else { return Header::Not };
    let flags = first & 15;
    let possible = match kind {
        Kind::Publish => flags & 6 != 6,
        // 3.1 has the flag for duplicates here, too
        Kind::PubRel | Kind::Subscribe | Kind::Unsubscribe => matches!(flags, 2 | 10),
        _ => flags == 0,
    };
    if !possible {
        return Header::Not;
    }
    let mut remaining = 0_usize;
    for n in 0..4 {
        let Some(&byte) = bytes.get(1 + n) else { return Header::Short };
        remaining |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Header::Is(Fixed { kind, flags, len: 2 + n, remaining });
        }
    }
    Header::Not
}

/// A CONNECT packet with the name of the protocol: nothing else looks like it.
pub fn is_connect(bytes: &[u8]) -> bool {
    let Header::Is(Fixed { kind: Kind::Connect, len, remaining, .. }) = read(bytes) else { return false };
    let rest = bytes.get(len..).unwrap_or_default();
    remaining >= 10
        && (matches!(rest, [0, 4, b'M', b'Q', b'T', b'T', 4 | 5 | 0x84, ..])
            || matches!(rest, [0, 6, b'M', b'Q', b'I', b's', b'd', b'p', 3 | 0x83, ..]))
}

/// Whether another packet, or nothing, follows the one that begins here.
pub fn goes_on(bytes: &[u8]) -> bool {
    let Header::Is(header) = read(bytes) else { return false };
    let next = bytes.get(header.len.saturating_add(header.remaining)..).unwrap_or_default();
    !matches!(read(next), Header::Not)
}

/// Whether a packet may well begin here. Asked when it is not known where packets begin, so that it must look inside.
pub fn plausible(bytes: &[u8], is_v5: bool) -> bool {
    let Header::Is(header) = read(bytes) else { return false };
    let total = header.len.saturating_add(header.remaining);
    let Some(body) = bytes.get(header.len..total.min(bytes.len())) else { return false };
    let whole = body.len() == header.remaining;
    let fits = match header.kind {
        Kind::Connect => return is_connect(bytes),
        Kind::Publish => return publish(body, header, is_v5),
        Kind::ConnAck => {
            matches!(body, [0 | 1, 0..=5])
                || matches!(body, [0 | 1, 0 | 0x80.., len, ..] if usize::from(*len) + 3 == body.len())
        }
        Kind::PubAck | Kind::PubRec | Kind::PubRel | Kind::PubComp => {
            matches!(body, [a, b] | [a, b, 0..=0xa2, ..] if a | b != 0) && header.remaining < 256
        }
        Kind::Subscribe | Kind::Unsubscribe => filter(body),
        Kind::SubAck => body.len() > 2 && body[2..].iter().all(|code| matches!(code, 0..=2 | 0x80..=0xa2)),
        Kind::UnsubAck => body.len() >= 2 && body[2..].iter().all(|code| matches!(code, 0 | 17 | 0x80..=0xa2)),
        Kind::PingReq | Kind::PingResp => header.remaining == 0,
        Kind::Disconnect => header.remaining < 256,
        Kind::Auth => (1..256).contains(&header.remaining),
    };
    fits && whole
}

fn publish(body: &[u8], header: Fixed, is_v5: bool) -> bool {
    let mut cursor = Cursor::new(body);
    let topic = cursor.u16("").and_then(|len| cursor.take(len.into(), "")).unwrap_or_default();
    let topic_is_text = printable(topic, false).is_some_and(|topic| !topic.contains(['+', '#', '\n', '\r']));
    let id_fits = header.flags & 6 == 0 || cursor.u16("").is_ok_and(|id| id != 0);
    topic_is_text && id_fits && (is_v5 || !topic.is_empty())
}

/// A packet identifier and a topic filter, perhaps with the (short) properties of 5.0 between.
fn filter(body: &[u8]) -> bool {
    let fits = |at: usize| {
        let mut cursor = Cursor::starting(body, at);
        let filter = cursor.u16("").and_then(|len| cursor.take(len.into(), "")).unwrap_or_default();
        !filter.is_empty() && printable(filter, false).is_some()
    };
    fits(2) || body.get(2).is_some_and(|properties| *properties < 0x80 && fits(3 + usize::from(*properties)))
}
