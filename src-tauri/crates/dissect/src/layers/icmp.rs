//! ICMP (RFC 792) and ICMPv6 with neighbour discovery (RFC 4443, RFC 4861).

use std::net::{IpAddr, Ipv6Addr};

use model::{Kind, Mac, Party};

use super::{Layers, Transport};
use crate::bytes::chunk;
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "ndp",
    about: "one IPv6 neighbour discovery message: who claims or asks for an address",
    fields: &[
        ("msg_type", "neighbour or router, solicitation or advertisement, or redirect"),
        ("target_ip", "the address that is asked for or claimed"),
        ("mac", "hardware address that the message states (option 1 or 2)"),
        ("duplicate_check", "sent from :: - a device that has just joined checks that its address is free"),
        ("router", "the sender is a router"),
        ("prefix", "a router advertises this prefix"),
    ],
};

pub(super) fn read(bytes: &[u8], at: usize, stated: usize, layers: &mut Layers, out: &mut Out) {
    let Some(ip) = layers.ip else { return };
    let six = ip.proto == 58;
    layers.top = if six { "icmpv6" } else { "icmp" };
    let Some([kind, code, high, low]) = chunk::<4>(bytes, at) else {
        return if layers.cut {
        } else {
            out.malformed(at, "ICMP header cut short")
        };
    };
    let (root, type_name, code_name) = match six {
        true => ("icmpv6", "icmpv6.type", "icmpv6.code"),
        false => ("icmp", "icmp.type", "icmp.code"),
    };
    let label = if six { "Internet Control Message Protocol v6" } else { "Internet Control Message Protocol" };
    out.tree.open(root, label, at..bytes.len(), || type_word(six, kind).to_owned());
    out.tree.coded(type_name, "Type", at..at + 1, kind, || format!("{kind} ({})", type_word(six, kind)));
    out.tree.int(code_name, "Code", at + 1..at + 2, code);
    out.tree.coded("icmp.checksum", "Checksum", at + 2..at + 4, 0, || format!("0x{high:02x}{low:02x}"));
    if six && matches!(kind, 133..=137) {
        neighbour(bytes, at, kind, layers, out);
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

fn type_word(six: bool, kind: u8) -> &'static str {
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

fn neighbour(bytes: &[u8], at: usize, kind: u8, layers: &Layers, out: &mut Out) {
    let Some(ip) = layers.ip else { return };
    let target = matches!(kind, 135..=137).then(|| chunk::<16>(bytes, at + 8).map(Ipv6Addr::from)).flatten();
    if let Some(target) = target {
        out.tree.text("icmpv6.nd.ns.target_address", "Target address", at + 8..at + 24, target);
    }
    let mut cursor = at
        + match kind {
            133 => 8,
            134 => 16,
            137 => 40,
            _ => 24,
        };
    let (mut mac, mut prefix) = (None, None);
    // Each option is at least 8 bytes, so that this ends.
    while let (Some(option), Some(units)) = (bytes.get(cursor), bytes.get(cursor + 1)) {
        let length = usize::from(*units) * 8;
        if length == 0 || cursor + length > bytes.len() {
            if !layers.cut {
                out.malformed(cursor, "neighbour discovery option cut short");
            }
            break;
        }
        match option {
            1 | 2 => {
                mac = bytes.get(cursor + 2..).and_then(Mac::read);
                if let Some(mac) = mac {
                    out.tree.text("icmpv6.opt.linkaddr", "Link-layer address", cursor..cursor + length, mac);
                }
            }
            3 => {
                if let (Some(bits), Some(raw)) = (bytes.get(cursor + 2), chunk::<16>(bytes, cursor + 16)) {
                    let text = format!("{}/{bits}", Ipv6Addr::from(raw));
                    out.tree.text("icmpv6.opt.prefix", "Prefix", cursor..cursor + length, &text);
                    prefix = Some(text);
                }
            }
            _ => {}
        }
        cursor += length;
    }
    let word = type_word(true, kind);
    let fact = out.fact("ndp", at..cursor.min(bytes.len()));
    fact.subject = target.map_or(ip.src, IpAddr::V6).to_string();
    fact.parties = Some((layers.src_mac.map_or(Party::Ip(ip.src), Party::Mac), Party::Ip(ip.dst)));
    fact.fields.text("msg_type", word);
    if let Some(target) = target {
        fact.fields.shown("target_ip", target);
    }
    if let Some(mac) = mac {
        fact.fields.shown("mac", mac);
    }
    if kind == 135 && ip.src.is_unspecified() {
        fact.fields.flag("duplicate_check", true);
    }
    if kind == 134 || (kind == 136 && bytes.get(at + 4).is_some_and(|flags| flags & 0x80 != 0)) {
        fact.fields.flag("router", true);
    }
    if let Some(prefix) = prefix {
        fact.fields.text("prefix", &prefix);
    }
}
