//! TP-Link Kasa's own protocol: plugs, switches and bulbs that answer on port 9999, with JSON that is only disguised.
//!
//! Each byte is mixed with the one before as it was sent, the first with 171; over TCP a length of four bytes stands in front.

mod said;

use model::Kind;

use super::{Conversation, Message, Out, Protocol, Step, Transport, json, payload};

pub struct Kasa;

/// A longer message is not waited for.
const LONGEST: usize = 64 * 1024;

const KEY: u8 = 171;
const PORT: u16 = 9999;
/// `{`, and what it is followed by, disguised: a quotation mark or `}`.
const BRACE: u8 = b'{' ^ KEY;
const QUOTE: u8 = b'"' ^ BRACE;
const END: u8 = b'}' ^ BRACE;

static KINDS: [Kind; 1] = [Kind {
    name: "kasa",
    about: "A TP-Link Kasa device is asked or told something, or says how it is.",
    fields: &[
        ("msg_type", "request or response"),
        ("commands", "what is asked or told: system.get_sysinfo, system.set_relay_state, ..."),
        ("alias", "name that the owner gave the device"),
        ("device_id", "the device's own id (deviceId)"),
        ("mac", "its hardware address"),
        ("model", "of the device"),
        ("dev_name", "the model in words"),
        ("device_type", "plug, switch or bulb"),
        ("relay_state", "1: on, or to be switched on; 0: off"),
        ("on_off", "the same of a bulb"),
        ("brightness", "in percent"),
        ("hue", "of a bulb, in degrees"),
        ("saturation", "of a bulb, in percent"),
        ("color_temp", "of a bulb, in kelvin"),
        ("led_off", "1: the light on the device is off"),
        ("sw_ver", "version of its software"),
        ("hw_ver", "version of the device"),
        ("hw_id", "id of the hardware"),
        ("oem_id", "id of the maker"),
        ("children", "sockets of a power strip: id, alias, state"),
        ("child_ids", "the sockets that are meant"),
        ("err_code", "0: done"),
        ("err_msg", "why not"),
        ("latitude", "where the owner's phone was at the setup, in degrees"),
        ("longitude", "where the owner's phone was at the setup, in degrees"),
        ("ssid", "network that the device is to join, or has"),
        ("username", "of the owner's account"),
        ("password", "of the network, or of the account"),
        ("on_time", "how long it has been on, in seconds"),
        ("rssi", "strength of its reception, in dBm"),
        ("power", "in watts"),
        ("voltage", "in volts"),
        ("current", "in amperes"),
        ("total", "used so far, in kilowatt-hours"),
        ("payload", "the whole message: the first 4096 bytes"),
        ("payload_hex", "the whole message, if it is no text: the first 4096 bytes"),
        ("payload_len", "its length in bytes"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Kasa {
    fn name(&self) -> &'static str {
        "kasa"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, PORT), (Transport::Udp, PORT)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let bytes = message.bytes;
        let body = match (message.transport, bytes) {
            (Transport::Udp, body) => body,
            (Transport::Tcp, [0, 0, _, _, body @ ..]) => body,
            _ => return false,
        };
        let member = matches!(body, [BRACE, QUOTE, next, ..] if (next ^ QUOTE).is_ascii_lowercase());
        let ends = matches!(body, [.., before, last] if before ^ last == b'}');
        member && (at_home || ends) || at_home && body == [BRACE, END]
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
        if message.transport == Transport::Udp {
            return if bytes.first() == Some(&BRACE) {
                dissect(message, 0, bytes.len(), out);
                Step::Took(bytes.len())
            } else {
                Step::NotMine
            };
        }
        let Some(len) = crate::bytes::u32_be(bytes, 0) else {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        };
        let end = 4 + usize::try_from(len).unwrap_or(usize::MAX).min(LONGEST + 1);
        if end > 4 + LONGEST || len < 2 || bytes.get(4).is_some_and(|first| *first != BRACE) {
            if !std::mem::replace(lost, true) {
                out.malformed(0, "no Kasa message begins here; the next is looked for where a segment begins");
            }
            return Step::NotMine;
        }
        if bytes.len() < end && !message.cut {
            return Step::More;
        }
        *lost = false;
        let here = Message { bytes: bytes.get(..end).unwrap_or(bytes), cut: bytes.len() < end, ..*message };
        dissect(&here, 4, end - 4, out);
        Step::Took(end)
    }

    fn gap(&mut self, side: super::Side) {
        self.lost[side as usize] = true;
    }
}

/// Takes the disguise off.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut key = KEY;
    bytes.iter().map(|byte| std::mem::replace(&mut key, *byte) ^ byte).collect()
}

/// One message: its body begins at `start` and has `len` bytes.
fn dissect(message: &Message, start: usize, len: usize, out: &mut Out) {
    let bytes = message.bytes;
    let plain = plain(bytes.get(start..).unwrap_or_default());
    out.tree.open("tplink-smarthome", "TP-Link Smart Home Protocol", 0..bytes.len(), String::new);
    if start > 0 {
        out.tree.int("tplink_smarthome.len", "Len", 0..start, len);
    }
    if out.tree.is_on() {
        out.tree.text("tplink_smarthome.msg", "Msg", start..bytes.len(), payload::shown(&plain));
    }
    let object = json::object(&plain);
    if object.is_none() {
        let stop = super::cursor::Stop { at: bytes.len(), why: "Kasa message is no JSON", short: true };
        stop.tell(message, out);
    }
    out.tree.close();
    if bytes.len() <= start {
        return;
    }
    let fact = out.fact("kasa", 0..bytes.len());
    let asks = message.dst.1 == PORT || message.src.1 != PORT && message.side == super::Side::Orig;
    fact.fields.text("msg_type", if asks { "request" } else { "response" });
    if let Some(object) = &object {
        said::write(object, fact);
    }
    payload::write(&mut fact.own, &plain, len);
    if message.cut {
        fact.own.flag("incomplete", true);
    }
    if let Some(object) = &object {
        said::tell_login(object, 0..bytes.len(), out);
    }
}

#[cfg(test)]
mod tests;
