//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

mod words;

use std::net::Ipv4Addr;

use super::{Layers, Line, Transport, igmp, ndp, quoted};
use crate::bytes::chunk;
use crate::protocols::Out;
use words::{code_word, type_word};

pub(super) fn read(bytes: &[u8], at: usize, stated: usize, layers: &mut Layers, out: &mut Out) {
    let Some(ip) = layers.ip else { return };
    let six = ip.proto == 58;
    layers.top = if six { "icmpv6" } else { "icmp" };
    let Some([kind, code, high, low]) = chunk::<4>(bytes, at) else {
        return layers.short(bytes, at, "ICMP header cut short", out);
    };
    let (root, type_name, code_name) = match six {
        true => ("icmpv6", "icmpv6.type", "icmpv6.code"),
        false => ("icmp", "icmp.type", "icmp.code"),
    };
    let label = if six { "Internet Control Message Protocol v6" } else { "Internet Control Message Protocol" };
    layers.line = Some(Line {
        at,
        says: |bytes, at, layers| layers.ip.map(|ip| words::sentence(bytes, at, &ip)).unwrap_or_default(),
    });
    out.tree.open(root, label, at..bytes.len(), || type_word(six, kind).unwrap_or_default().to_owned());
    out.tree.coded(type_name, "Type", at..at + 1, kind, || numbered(kind, type_word(six, kind)));
    out.tree.coded(code_name, "Code", at + 1..at + 2, code, || numbered(code, code_word(six, kind, code).flatten()));
    let (sum, sum_name) = (u16::from_be_bytes([high, low]), if six { "icmpv6.checksum" } else { "icmp.checksum" });
    out.tree.coded(sum_name, "Checksum", at + 2..at + 4, sum, || format!("0x{sum:04x}"));
    layers.shown = true;
    match (six, kind) {
        (true, 133..=137) => ndp::read(bytes, at, kind, layers, out),
        (true, 130..=132 | 143) => igmp::v6(bytes, at, kind, layers, out),
        (false, 3 | 4 | 5 | 11 | 12) | (true, 1..=4) if out.tree.is_on() => error(bytes, at, six, layers, out),
        _ => layers.shown = false,
    }
    out.tree.close();
    layers.transport = Some(Transport {
        src_port: kind.into(),
        dst_port: code.into(),
        payload: (at + 8).min(bytes.len())..bytes.len(),
        payload_len: stated.saturating_sub(8) as u32,
        tcp: None,
    });
}

fn numbered(number: u8, word: Option<&str>) -> String {
    word.map_or_else(|| number.to_string(), |word| format!("{number} ({word})"))
}

/// What an error says beside its type and code, and the packet that it is about.
fn error(bytes: &[u8], at: usize, six: bool, layers: &Layers, out: &mut Out) {
    let Some([kind, code, _, _, rest @ ..]) = chunk::<8>(bytes, at) else { return };
    let word = u32::from_be_bytes(rest);
    let tree = &mut out.tree;
    match (six, kind) {
        (false, 3) if code == 4 => tree.int("icmp.mtu", "MTU of next hop", at + 6..at + 8, word & 0xffff),
        (false, 5) => tree.text("icmp.redir_gw", "Gateway", at + 4..at + 8, Ipv4Addr::from(rest)),
        (false, 12) => tree.int("icmp.pointer", "Pointer", at + 4..at + 5, rest[0]),
        (true, 2) => tree.int("icmpv6.mtu", "MTU", at + 4..at + 8, word),
        (true, 4) => tree.int("icmpv6.pointer", "Pointer", at + 4..at + 8, word),
        _ => {}
    }
    // RFC 4884: how long the quoted packet is, in words of four bytes (IPv6: eight), if something follows it.
    let (name, place, length) = match (six, kind) {
        (false, 3 | 11 | 12) => ("icmp.length", at + 5, usize::from(rest[1]) * 4),
        (true, 1 | 3) => ("icmpv6.length", at + 4, usize::from(rest[0]) * 8),
        _ => ("", at, 0),
    };
    let end = if length > 0 { bytes.len().min(at + 8 + length) } else { bytes.len() };
    if length > 0 {
        tree.coded(
            name,
            "Length of original datagram",
            place..place + 1,
            (length / if six { 8 } else { 4 }) as i64,
            || format!("{length} bytes"),
        );
    }
    quoted::read(bytes, at + 8..end, six, layers, out);
    if let Some(more) = bytes.get(end..).filter(|more| !more.is_empty()) {
        out.tree.bytes("icmp.ext", "Extensions", end..bytes.len(), more);
    }
}
