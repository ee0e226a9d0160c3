//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use super::{Layers, Transport, igmp, ndp};
use crate::bytes::chunk;
use crate::protocols::Out;

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
    out.tree.open(root, label, at..bytes.len(), || type_word(six, kind).to_owned());
    out.tree.coded(type_name, "Type", at..at + 1, kind, || format!("{kind} ({})", type_word(six, kind)));
    out.tree.int(code_name, "Code", at + 1..at + 2, code);
    let (sum, sum_name) = (u16::from_be_bytes([high, low]), if six { "icmpv6.checksum" } else { "icmp.checksum" });
    out.tree.coded(sum_name, "Checksum", at + 2..at + 4, sum, || format!("0x{sum:04x}"));
    match (six, kind) {
        (true, 133..=137) => ndp::read(bytes, at, kind, layers, out),
        (true, 130..=132 | 143) => igmp::v6(bytes, at, kind, layers, out),
        _ => {}
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

pub(super) fn type_word(six: bool, kind: u8) -> &'static str {
    match (six, kind) {
        (false, 0) | (true, 129) => "echo reply",
        (false, 8) | (true, 128) => "echo request",
        (false, 3) | (true, 1) => "destination unreachable",
        (false, 5) | (true, 137) => "redirect",
        (false, 11) | (true, 3) => "time exceeded",
        (true, 2) => "packet too big",
        (true, 133) => "router solicitation",
        (true, 134) => "router advertisement",
        (true, 135) => "neighbour solicitation",
        (true, 136) => "neighbour advertisement",
        (true, 130 | 131 | 132 | 143) => "multicast listener",
        _ => "other",
    }
}
