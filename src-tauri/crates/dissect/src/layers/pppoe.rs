//! PPP over Ethernet (RFC 2516): the home router's line to its provider.

use model::{Kind, Mac, Party, hex};

use super::{Layers, ppp, tunnel};
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "pppoe",
    about: "a router opens or closes its line to the provider (PPPoE discovery)",
    fields: &[
        ("msg_type", "PADI asks, PADO offers, PADR requests, PADS confirms, PADT ends"),
        ("session", "number of the line; 0 before it is open"),
        ("service", "name of the service that is asked for or offered"),
        ("concentrator", "name of the provider's end"),
        ("host_uniq", "the router's own mark on its requests, hex"),
        ("error", "why the other end refuses"),
    ],
};

/// EtherTypes 0x8863 (discovery) and 0x8864 (session).
pub(super) fn read(bytes: &[u8], at: usize, discovery: bool, layers: &mut Layers, out: &mut Out) {
    layers.top = "pppoe";
    let (Some([0x11, code]), Some(session), Some(length)) =
        (chunk::<2>(bytes, at), u16_be(bytes, at + 2), u16_be(bytes, at + 4))
    else {
        return layers.short(bytes, at, "PPPoE header cut short or of an unknown version", out);
    };
    let word = code_word(code);
    let root = if discovery { "pppoed" } else { "pppoes" };
    out.tree.open(root, "PPP-over-Ethernet", at..at + 6, || format!("{word} session {session}"));
    out.tree.coded("pppoe.code", "Code", at + 1..at + 2, code, || format!("0x{code:02x} ({word})"));
    out.tree.coded("pppoe.session_id", "Session", at + 2..at + 4, session, || format!("0x{session:04x}"));
    out.tree.int("pppoe.payload_length", "Payload length", at + 4..at + 6, length);
    let end = (at + 6 + usize::from(length)).min(bytes.len());
    if discovery {
        tags(&bytes[..end], at, word, session, layers, out);
        return out.tree.close();
    }
    out.tree.close();
    if code != 0 || !layers.descend() {
        return;
    }
    if let (Some(src), Some(dst)) = (layers.src_mac, layers.dst_mac) {
        tunnel::record("pppoe", (Party::Mac(src), Party::Mac(dst)), Some(session.into()), at, layers, out);
    }
    ppp::read(&bytes[..end], at + 6, layers, out);
}

fn tags(bytes: &[u8], at: usize, word: &str, session: u16, layers: &Layers, out: &mut Out) {
    let (mut service, mut concentrator, mut host, mut error) = (None, None, None, None);
    let mut cursor = at + 6;
    while cursor < bytes.len() {
        let (Some(kind), Some(length)) = (u16_be(bytes, cursor), u16_be(bytes, cursor + 2)) else {
            layers.short(bytes, cursor, "PPPoE tag cut short", out);
            break;
        };
        let range = cursor + 4..cursor + 4 + usize::from(length);
        let Some(value) = bytes.get(range.clone()) else {
            layers.short(bytes, cursor, "PPPoE tag cut short", out);
            break;
        };
        let text = || String::from_utf8_lossy(value).into_owned();
        match kind {
            0 => break,
            0x0101 => {
                out.tree.text("pppoed.tags.service_name", "Service name", range.clone(), text());
                service = Some(text()).filter(|text| !text.is_empty());
            }
            0x0102 => {
                out.tree.text("pppoed.tags.ac_name", "Concentrator", range.clone(), text());
                concentrator = Some(text());
            }
            0x0103 => {
                out.tree.bytes("pppoed.tags.host_uniq", "Host's mark", range.clone(), value);
                host = Some(hex(value));
            }
            0x0104 => out.tree.bytes("pppoed.tags.ac_cookie", "Concentrator's cookie", range.clone(), value),
            0x0201..=0x0203 => {
                out.tree.text("pppoed.tags.generic_error", "Error", range.clone(), text());
                error = Some(text());
            }
            _ => out.tree.bytes("pppoed.tag", "Tag", range.clone(), value),
        }
        cursor = range.end;
    }
    let party = |mac: Option<Mac>| mac.map_or(Party::None, Party::Mac);
    let fact = out.fact("pppoe", at..cursor.min(bytes.len()));
    fact.parties = Some((party(layers.src_mac), party(layers.dst_mac)));
    fact.subject = concentrator.clone().or_else(|| service.clone()).unwrap_or_default();
    fact.fields.text("msg_type", word);
    fact.fields.int("session", session.into());
    let texts = [("service", service), ("concentrator", concentrator), ("host_uniq", host), ("error", error)];
    for (name, text) in texts {
        if let Some(text) = text {
            fact.fields.text(name, &text);
        }
    }
}

fn code_word(code: u8) -> &'static str {
    match code {
        0 => "session",
        0x07 => "PADO",
        0x09 => "PADI",
        0x19 => "PADR",
        0x65 => "PADS",
        0xa7 => "PADT",
        _ => "other",
    }
}
