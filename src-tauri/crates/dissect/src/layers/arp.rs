//! Address resolution (RFC 826, RFC 5227), and its reverse (RFC 903), which has the same shape.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use model::{Kind, Mac, Party};

use super::Layers;
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "arp",
    about: "one ARP message: who claims or asks for an address",
    fields: &[
        ("operation", "request or reply; reverse_request or reverse_reply: a device asks for its own address"),
        ("mac", "sender's hardware address as the message states it"),
        ("ip", "sender's IP address; empty in a probe"),
        ("target_mac", "target's hardware address"),
        ("target_ip", "target's IP address: what is asked for"),
        ("gratuitous", "sender and target address are the same: a device announces itself"),
        ("announcement", "a gratuitous request: the device now uses the address (RFC 5227)"),
        ("probe", "no sender address: a device tries whether the address is free (RFC 5227)"),
        (
            "conflict",
            "hardware address that claimed the sender's IP address before: it is used twice, taken over, or was passed on",
        ),
        ("mac_differs", "the Ethernet sender is not the one that the message names"),
    ],
};

/// Who claimed which address last.
#[derive(Debug, Default)]
pub(super) struct Claims(HashMap<Ipv4Addr, Mac, foldhash::fast::RandomState>);

/// A home has hundreds of addresses at most; a flood of forged ones must not fill the memory.
const MOST_CLAIMS: usize = 4096;

impl Claims {
    /// Takes note of a claim; gives who else claimed the address before.
    fn claim(&mut self, ip: Ipv4Addr, mac: Mac) -> Option<Mac> {
        if self.0.len() >= MOST_CLAIMS && !self.0.contains_key(&ip) {
            return None;
        }
        self.0.insert(ip, mac).filter(|former| *former != mac)
    }
}

pub(super) fn read(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "arp";
    let (Some(hardware), Some(protocol), Some([6, 4]), Some(operation)) =
        (u16_be(bytes, at), u16_be(bytes, at + 2), chunk::<2>(bytes, at + 4), u16_be(bytes, at + 6))
    else {
        return layers.short(bytes, at, "ARP header cut short, or not for Ethernet and IPv4", out);
    };
    let (Some(sha), Some(spa), Some(tha), Some(tpa)) = (
        bytes.get(at + 8..).and_then(Mac::read),
        chunk::<4>(bytes, at + 14).map(Ipv4Addr::from),
        bytes.get(at + 18..).and_then(Mac::read),
        chunk::<4>(bytes, at + 24).map(Ipv4Addr::from),
    ) else {
        return layers.short(bytes, at + 8, "ARP message cut short", out);
    };
    let word = match operation {
        1 => "request",
        2 => "reply",
        3 => "reverse_request",
        4 => "reverse_reply",
        _ => "other",
    };
    let probe = spa.is_unspecified() && operation == 1;
    let gratuitous = spa == tpa && !spa.is_unspecified();
    let announcement = gratuitous && operation == 1;
    let differs = layers.src_mac.is_some_and(|mac| mac != sha);
    let claims = !spa.is_unspecified() && matches!(operation, 1 | 2);
    let conflict = claims.then(|| out.learned.arp.claim(spa, sha)).flatten();
    if out.tree.is_on() {
        out.tree.open("arp", "Address Resolution Protocol", at..at + 28, || match operation {
            1 => format!("who has {tpa}? tell {spa}"),
            _ => format!("{spa} is at {sha}"),
        });
        out.tree.int("arp.hw.type", "Hardware type", at..at + 2, hardware);
        out.tree.coded("arp.proto.type", "Protocol type", at + 2..at + 4, protocol, || format!("0x{protocol:04x}"));
        out.tree.coded("arp.opcode", "Opcode", at + 6..at + 8, operation, || format!("{operation} ({word})"));
        for (name, label, holds) in [
            ("arp.isprobe", "Probe", probe),
            ("arp.isgratuitous", "Gratuitous", gratuitous),
            ("arp.isannouncement", "Announcement", announcement),
        ] {
            if holds {
                out.tree.int(name, label, at + 6..at + 28, holds);
            }
        }
        if differs {
            let text = "the Ethernet sender is not the one that the message names";
            out.tree.note(crate::Level::Warn, at + 8..at + 14, text);
        }
        out.tree.text("arp.src.hw_mac", "Sender MAC", at + 8..at + 14, sha);
        out.tree.text("arp.src.proto_ipv4", "Sender IP", at + 14..at + 18, spa);
        out.tree.text("arp.dst.hw_mac", "Target MAC", at + 18..at + 24, tha);
        out.tree.text("arp.dst.proto_ipv4", "Target IP", at + 24..at + 28, tpa);
        out.tree.close();
    }
    let fact = out.fact("arp", at..at + 28);
    model::dotted(&mut fact.subject, if operation == 1 { tpa } else { spa });
    fact.parties = Some((Party::Mac(layers.src_mac.unwrap_or(sha)), target(layers, tha, tpa)));
    let fields = &mut fact.fields;
    fields.text("operation", word);
    fields.shown("mac", sha);
    if !spa.is_unspecified() {
        fields.ipv4("ip", spa);
    }
    if tha != Mac::ZERO {
        fields.shown("target_mac", tha);
    }
    fields.ipv4("target_ip", tpa);
    if let Some(former) = conflict {
        fields.shown("conflict", former);
    }
    for (name, holds) in
        [("gratuitous", gratuitous), ("announcement", announcement), ("probe", probe), ("mac_differs", differs)]
    {
        if holds {
            fields.flag(name, true);
        }
    }
}

fn target(layers: &Layers, tha: Mac, tpa: Ipv4Addr) -> Party {
    match layers.dst_mac {
        Some(mac) if !mac.is_group() => Party::Mac(mac),
        _ if tha != Mac::ZERO && !tha.is_group() => Party::Mac(tha),
        _ => Party::Ip(IpAddr::V4(tpa)),
    }
}
