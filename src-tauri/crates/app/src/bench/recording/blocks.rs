//! Records as blocks of a capture: exported PDUs, which Wireshark opens too.

use std::io;

use device::record::{Event, Packet, Record};
use evidence::{Counted, EXPORTED_PDU, ExportedPdu, PcapngWriter};
use model::{Interface, Time};
use serde_json::{Map, Value};

use super::About;

/// Wireshark takes no longer packet of this link type.
const LONGEST_PACKET: usize = 262_144;
/// Of a message in one packet; what is left goes on in further ones.
const LONGEST_PART: usize = LONGEST_PACKET - ExportedPdu::LONGEST;
/// Of a text in an event; a longer event is not read as one.
const LONGEST_TEXT: usize = 8 << 10;
const LONGEST_EVENT: usize = 60 << 10;
/// Of a comment, which is an option.
const LONGEST_COMMENT: usize = 60 << 10;

/// What stands at the beginning of the file.
pub(super) fn head(about: &About, began: Time) -> io::Result<Vec<u8>> {
    let mut writer = PcapngWriter::new(Vec::new());
    let comment = format!("{}\nauthority: {}\nbegan: {began}", about.what, about.authority);
    writer.section(&comment, &format!("lintel {}", env!("CARGO_PKG_VERSION")))?;
    writer.interface(&Interface {
        link_type: EXPORTED_PDU,
        snap_len: LONGEST_PACKET as u32,
        name: Some(if about.place == super::Place::Bench { "bench" } else { "broker" }.into()),
        description: Some(about.what.clone()),
        ..Interface::default()
    })?;
    writer.finish()
}

/// What was counted, at the end of the file.
pub(super) fn tail(counted: &Counted) -> io::Result<Vec<u8>> {
    let mut writer = PcapngWriter::new(Vec::new());
    writer.statistics(0, counted)?;
    writer.finish()
}

/// A group of records.
pub(super) fn group(records: &[Record]) -> io::Result<Vec<u8>> {
    let mut writer = PcapngWriter::new(Vec::with_capacity(records.len() * 256));
    let mut bytes = Vec::new();
    for record in records {
        match record {
            Record::Packet(packet) => put_packet(packet, &mut bytes, &mut writer)?,
            Record::Event(event) => put_event(event, &mut bytes, &mut writer)?,
        }
    }
    writer.finish()
}

fn put_packet(packet: &Packet, bytes: &mut Vec<u8>, to: &mut PcapngWriter<Vec<u8>>) -> io::Result<()> {
    let between = Some((packet.from, packet.to));
    let mut comment = packet.refused.as_deref().map_or(String::new(), |why| format!("refused: {why}"));
    comment.truncate(comment.floor_char_boundary(LONGEST_COMMENT));
    let (first, rest) = packet.bytes.split_at(packet.bytes.len().min(LONGEST_PART));
    put(&ExportedPdu { protocol: "mqtt", between, shown: None }, packet.at, first, &comment, bytes, to)?;
    for part in rest.chunks(LONGEST_PART) {
        put(&ExportedPdu { protocol: "data", between, shown: Some("mqtt") }, packet.at, part, "", bytes, to)?;
    }
    Ok(())
}

fn put_event(event: &Event, bytes: &mut Vec<u8>, to: &mut PcapngWriter<Vec<u8>>) -> io::Result<()> {
    let text = words(event);
    let pdu = ExportedPdu { protocol: "json", between: event.between, shown: None };
    put(&pdu, event.at, text.as_bytes(), "", bytes, to)
}

fn put(
    pdu: &ExportedPdu,
    at: Time,
    message: &[u8],
    comment: &str,
    bytes: &mut Vec<u8>,
    to: &mut PcapngWriter<Vec<u8>>,
) -> io::Result<()> {
    bytes.clear();
    pdu.write(bytes);
    bytes.extend_from_slice(message);
    to.packet(0, Some(at), bytes, u32::try_from(bytes.len()).unwrap_or(u32::MAX), comment)
}

/// `{"bench":"refused","thing":...,"reason":...}`: its act first. Of long texts the beginning; `cut` says so.
fn words(event: &Event) -> String {
    let mut told = Map::new();
    told.insert("bench".into(), event.act.into());
    if let Some(thing) = &event.thing {
        told.insert("thing".into(), short(thing).into());
    }
    let mut cut = false;
    for (name, value) in event.fields.iter().filter(|(name, _)| !matches!(name.as_str(), "bench" | "thing" | "cut")) {
        let value = match value {
            Value::String(text) => {
                cut |= text.len() > LONGEST_TEXT;
                short(text).into()
            }
            other => other.clone(),
        };
        told.insert(short(name).to_owned(), value);
    }
    if cut {
        told.insert("cut".into(), true.into());
    }
    let text = Value::Object(told.clone()).to_string();
    if text.len() <= LONGEST_EVENT {
        return text;
    }
    told.retain(|name, _| matches!(name.as_str(), "bench" | "thing" | "reason"));
    told.insert("cut".into(), true.into());
    Value::Object(told).to_string()
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default()
}

/// Two ends, for tests.
#[cfg(test)]
pub(super) fn ends() -> (std::net::SocketAddr, std::net::SocketAddr) {
    use std::net::SocketAddr;
    (SocketAddr::from(([192, 0, 2, 7], 40_000)), SocketAddr::from(([192, 0, 2, 9], 8_883)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: Value) -> Event {
        let fields = fields.as_object().cloned().unwrap_or_default();
        Event { at: Time(0), between: None, act: "refused", thing: Some("lamp-1".into()), fields }
    }

    #[test]
    fn events_are_objects_that_are_not_too_long() {
        let long = "é".repeat(10_000);
        let parts: Vec<Value> = (0..20_000).map(Value::from).collect();
        for (fields, expect) in [
            (
                serde_json::json!({ "reason": "no", "version": 3 }),
                r#"{"bench":"refused","thing":"lamp-1","reason":"no","version":3}"#.to_owned(),
            ),
            (
                serde_json::json!({ "bench": "x", "thing": "y", "cut": 1 }),
                r#"{"bench":"refused","thing":"lamp-1"}"#.to_owned(),
            ),
            (
                serde_json::json!({ "payload": long }),
                format!(r#"{{"bench":"refused","thing":"lamp-1","payload":"{}","cut":true}}"#, "é".repeat(4_096)),
            ),
            (
                serde_json::json!({ "reason": "no", "list": parts }),
                r#"{"bench":"refused","thing":"lamp-1","reason":"no","cut":true}"#.to_owned(),
            ),
        ] {
            assert_eq!(words(&event(fields)), expect);
        }
    }

    #[test]
    fn no_packet_is_longer_than_wireshark_takes_it() {
        let (from, to) = ends();
        let length = 2 * LONGEST_PART + 7;
        let packet = Packet { at: Time(1), from, to, bytes: vec![0x30; length], refused: Some("too long".into()) };
        let blocks = group(&[Record::Packet(packet)]).unwrap();
        let word = |at: usize| u32::from_le_bytes(blocks[at..at + 4].try_into().unwrap()) as usize;
        let (mut at, mut sizes) = (0, Vec::new());
        while at < blocks.len() {
            sizes.push(word(at + 20));
            at += word(at + 4);
        }
        assert_eq!(sizes.len(), 3);
        assert!(sizes.iter().all(|size| *size <= LONGEST_PACKET));
        assert_eq!(String::from_utf8_lossy(&blocks).matches("refused: too long").count(), 1);
    }
}
