//! Tuya's own protocol: devices that shout who they are (UDP 6666, 6667, 7000), and are told what to do (TCP 6668).
//!
//! What is broadcast is encrypted with a key that all share, and read here; what is said to one device needs that device's own key.

mod frame;

use model::{Fields, Kind};

use self::frame::{Body, Frame};
use super::{Conversation, Draft, Message, Out, Protocol, Side, Step, Transport, json, payload};

pub struct Tuya;

static KINDS: [Kind; 1] = [Kind {
    name: "tuya",
    about: "A Tuya device announces itself, is told something, or tells.",
    fields: &[
        ("msg_type", "CONTROL, STATUS, HEART_BEAT, DP_QUERY, UDP_NEW, ..."),
        ("command", "its number"),
        ("device_id", "id of the device (gwId, devId)"),
        ("ip", "the device's address, as it says itself"),
        ("product_key", "which product it is"),
        ("version", "of the protocol that it speaks: 3.1 to 3.5"),
        ("active", "2: bound to an account"),
        ("encrypt", "whether what it says is encrypted"),
        ("from", "app: a phone looks for devices"),
        ("uuid", "the device's other id"),
        ("account", "the account that controls it"),
        ("dps", "data points that are set or told, as JSON"),
        ("return_code", "the device's answer: 0: done"),
        ("encrypted", "it needs the device's own key to be read"),
        ("integrity", "what it ends with: crc, hmac or gcm"),
        ("payload", "the message in the clear: the first 4096 bytes"),
        ("payload_hex", "the message in the clear, if it is no text: the first 4096 bytes"),
        ("payload_len", "its length in bytes, or of what is encrypted"),
        ("seq", "number of the message"),
        ("incomplete", "the capture cut the message"),
    ],
}];

/// A longer frame is not waited for.
const LONGEST: usize = 64 * 1024;

impl Protocol for Tuya {
    fn name(&self) -> &'static str {
        "tuya"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 6666), (Transport::Udp, 6667), (Transport::Udp, 7000), (Transport::Tcp, 6668)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let bytes = message.bytes;
        if !bytes.starts_with(&[0, 0, 0x55, 0xaa]) && !bytes.starts_with(&[0, 0, 0x66, 0x99]) {
            return false;
        }
        match (frame::total(bytes), message.transport) {
            (Some(total), Transport::Udp) => total == bytes.len() || at_home && message.cut,
            (Some(total), Transport::Tcp) => total <= LONGEST,
            (None, _) => false,
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

#[derive(Default)]
struct Session {
    lost: [bool; 2],
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let lost = &mut self.lost[message.side as usize];
        let udp = message.transport == Transport::Udp;
        let marked = frame::MARKS.iter().any(|mark| bytes.starts_with(mark) || mark.starts_with(bytes));
        let total = match frame::total(bytes) {
            Some(total) if marked && total <= LONGEST => total,
            None if marked && !udp && !message.cut => return Step::More,
            None if marked && message.cut => bytes.len(),
            _ => {
                if !std::mem::replace(lost, true) {
                    out.malformed(0, "no Tuya frame begins here");
                }
                return Step::NotMine;
            }
        };
        if bytes.len() < total && !udp && !message.cut {
            return Step::More;
        }
        *lost = false;
        let here = Message { bytes: bytes.get(..total).unwrap_or(bytes), ..*message };
        dissect(&here, total, out);
        Step::Took(total.max(1))
    }

    fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
    }
}

fn dissect(message: &Message, total: usize, out: &mut Out) {
    let bytes = message.bytes;
    out.tree.open("tuya", "Tuya", 0..bytes.len(), String::new);
    let asks = message.transport == Transport::Tcp && message.side == Side::Orig;
    let read = frame::read(bytes, total, asks, &mut out.tree);
    let frame = match read {
        Ok(frame) => frame,
        Err((frame, stop)) => {
            let cut = stop.tell(message, out);
            Frame { cut, ..frame }
        }
    };
    out.tree.close();
    let Some(command) = frame.command else { return };
    let fact = out.fact("tuya", 0..bytes.len());
    let name = frame::name(command);
    fact.fields.text("msg_type", name);
    fact.fields.int("command", command.into());
    if let Some(code) = frame.return_code {
        fact.fields.int("return_code", code.into());
    }
    let mut version = frame.version;
    match &frame.body {
        Body::Clear(plain) => {
            if let Some(object) = json::object(plain) {
                said(&object, fact);
                version = version.filter(|_| !object.contains_key("version"));
            }
            payload::write(&mut fact.own, plain, plain.len());
        }
        Body::Sealed(len) => {
            fact.fields.flag("encrypted", true);
            fact.own.int("payload_len", i64::try_from(*len).unwrap_or(i64::MAX));
        }
        Body::Empty => {}
    }
    if let Some(version) = version {
        fact.fields.text("version", &version);
    }
    if let Some(integrity) = frame.integrity {
        fact.fields.text("integrity", integrity);
    }
    fact.own.int("seq", frame.seq.into());
    if fact.subject.is_empty() {
        fact.subject = name.to_owned();
    }
    if frame.cut {
        fact.own.flag("incomplete", true);
    }
}

/// What the message names; the data points may lie one object deeper (3.4).
fn said(object: &serde_json::Map<String, serde_json::Value>, fact: &mut Draft) {
    let inner = object.get("data").and_then(serde_json::Value::as_object);
    let find = |names: &[&str]| names.iter().find_map(|name| object.get(*name).or_else(|| inner?.get(*name)));
    for (names, field) in [
        (&["gwId", "devId"][..], "device_id"),
        (&["ip"], "ip"),
        (&["productKey"], "product_key"),
        (&["version"], "version"),
        (&["active"], "active"),
        (&["encrypt"], "encrypt"),
        (&["from"], "from"),
        (&["uuid"], "uuid"),
        (&["uid"], "account"),
    ] {
        if let Some(value) = find(names) {
            json::write(&mut fact.fields, field, value);
        }
    }
    if let Some(points) = find(&["dps"]) {
        dps(&mut fact.own, points);
    }
    if let Some(id) = find(&["gwId", "devId"]).and_then(serde_json::Value::as_str) {
        json::short(id).clone_into(&mut fact.subject);
    }
}

fn dps(fields: &mut Fields, points: &serde_json::Value) {
    fields.text("dps", json::short(&points.to_string()));
}

#[cfg(test)]
mod tests;
