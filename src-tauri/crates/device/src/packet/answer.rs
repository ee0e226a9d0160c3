//! Packets that the door says itself, and small changes to those that come out from inside.

use super::{CONNACK, Connect, DISCONNECT, PUBACK, PUBCOMP, PUBLISH, Properties, USER_PROPERTY, Version, body, kind};

/// Reasons of MQTT 5 (section 2.4).
pub const MALFORMED: u8 = 0x81;
pub const PROTOCOL_ERROR: u8 = 0x82;
pub const BAD_VERSION: u8 = 0x84;
pub const BAD_ID: u8 = 0x85;
pub const NOT_AUTHORIZED: u8 = 0x87;
pub const SERVER_UNAVAILABLE: u8 = 0x88;
pub const KEEP_ALIVE: u8 = 0x8d;
pub const TAKEN_OVER: u8 = 0x8e;
pub const BAD_ALIAS: u8 = 0x94;
pub const PACKET_TOO_LARGE: u8 = 0x95;
pub const ADMINISTRATIVE: u8 = 0x98;

pub fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len().saturating_add(5));
    packet.push(first);
    varint(&mut packet, body.len());
    packet.extend_from_slice(body);
    packet
}

/// CONNACK that refuses, with a reason of MQTT 5; 3.1.1 has fewer of them.
pub fn refuse_connect(version: Version, reason: u8) -> Vec<u8> {
    match version {
        Version::V5 => frame(CONNACK << 4, &[0, reason, 0]),
        Version::V3 => {
            let code = match reason {
                BAD_VERSION => 1,
                BAD_ID => 2,
                SERVER_UNAVAILABLE => 3,
                _ => 5,
            };
            frame(CONNACK << 4, &[0, code])
        }
    }
}

/// What is said before a connection is closed: nothing in 3.1.1.
pub fn goodbye(version: Version, reason: u8) -> Vec<u8> {
    match version {
        Version::V5 => frame(DISCONNECT << 4, &[reason, 0]),
        Version::V3 => Vec::new(),
    }
}

/// Whether it is a CONNACK that lets the client in.
pub fn welcomes(packet: &[u8]) -> bool {
    kind(packet) == CONNACK && packet.get(3) == Some(&0)
}

/// A CONNACK of MQTT 5 that also says what was decided for the client: its id, if it brought none, and for how long it may keep still, if it asked for
/// ever.
pub fn with_decisions(connack: &[u8], connect: &Connect, id: &str, keep_alive: u16) -> Vec<u8> {
    let mut more = Vec::new();
    if connect.id.is_empty() {
        let len = u16::try_from(id.len()).unwrap_or_default();
        more.push(0x12);
        more.extend_from_slice(&len.to_be_bytes());
        more.extend_from_slice(id.as_bytes());
    }
    if connect.keep_alive != keep_alive {
        more.push(0x13);
        more.extend_from_slice(&keep_alive.to_be_bytes());
    }
    let mut inside = body(connack);
    let read = inside.take(2).and_then(|head| Ok((head, Properties::take(&mut inside)?.range())));
    match read {
        Ok((head, range)) if connect.version == Version::V5 && !more.is_empty() => {
            let properties = connack.get(range).unwrap_or_default();
            let mut whole = head.to_vec();
            varint(&mut whole, properties.len().saturating_add(more.len()));
            whole.extend_from_slice(properties);
            whole.extend_from_slice(&more);
            frame(CONNACK << 4, &whole)
        }
        _ => connack.to_vec(),
    }
}

/// A packet from inside as it is to go out: without what the inner broker adds to it, or says to clients that do not know it. `None`: as it is.
pub fn for_outside(packet: &[u8], version: Version) -> Option<Vec<u8>> {
    match (version, kind(packet)) {
        (Version::V5, PUBLISH) => without_origin(packet),
        // Acknowledgements of 3.1.1 have no reason.
        (Version::V3, PUBACK..=PUBCOMP) if packet.len() > 4 => Some(frame(*packet.first()?, packet.get(2..4)?)),
        _ => None,
    }
}

/// Without the user property that says who published: nobody sent it.
fn without_origin(packet: &[u8]) -> Option<Vec<u8>> {
    let first = *packet.first()?;
    let mut inside = body(packet);
    let start = inside.at();
    inside.text().ok()?;
    if first & 6 != 0 {
        inside.id().ok()?;
    }
    let before = packet.get(start..inside.at())?;
    let properties = Properties::take(&mut inside).ok()?;
    let mut kept = Vec::new();
    let mut found = false;
    for property in properties {
        let property = property.ok()?;
        if property.id == USER_PROPERTY && property.key() == Some(b"x-mqtt-client-id") {
            found = true;
        } else {
            kept.extend_from_slice(packet.get(property.place)?);
        }
    }
    if !found {
        return None;
    }
    let mut whole = before.to_vec();
    varint(&mut whole, kept.len());
    whole.extend_from_slice(&kept);
    whole.extend_from_slice(packet.get(inside.at()..)?);
    Some(frame(first, &whole))
}

/// Lengths here are of packets that fit into four bytes.
fn varint(into: &mut Vec<u8>, value: usize) {
    let mut rest = value;
    loop {
        let byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            into.push(byte);
            return;
        }
        into.push(byte | 0x80);
    }
}
