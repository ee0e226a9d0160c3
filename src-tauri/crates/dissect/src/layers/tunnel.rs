//! Packets within packets: GRE (RFC 2784, RFC 2890, RFC 2637), IP in IP (RFC 2003, RFC 4213) and VXLAN (RFC 7348). The innermost packet
//! is the frame's conversation; what is around it is shown, and told once.

use std::ops::Range;

use model::{Kind, Party};

use super::{Ip, Layers, ip, link, ppp};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "tunnel",
    about: "packets travel within packets between two ends; once for each kind and pair of ends",
    fields: &[
        ("tunnel_type", "gre, pptp, vxlan, 4in4, 6in4, 4in6, 6in6 or pppoe"),
        ("endpoints", "both ends, the smaller address first"),
        ("id", "the tunnel's number as first seen: key, network (VNI), call or session"),
        ("mac", "hardware address of the first packet's sender"),
    ],
};

/// A fact about a tunnel, once whichever end speaks.
pub(super) fn record(kind: &str, ends: (Party, Party), id: Option<u32>, at: usize, layers: &Layers, out: &mut Out) {
    let (a, b) = match &ends {
        (Party::Mac(a), Party::Mac(b)) if a > b => (ends.1, ends.0),
        (Party::Ip(a), Party::Ip(b)) if a > b => (ends.1, ends.0),
        _ => ends,
    };
    let fact = out.fact("tunnel", at..at + 1);
    fact.once = true;
    fact.fields.text("tunnel_type", kind);
    fact.fields.texts("endpoints", [a.to_string(), b.to_string()]);
    fact.subject = kind.to_owned();
    fact.parties = Some((a, b));
    if let Some(id) = id {
        fact.own.int("id", id.into());
    }
    if let Some(mac) = layers.src_mac {
        fact.own.shown("mac", mac);
    }
}

/// Reads what is inside; if that is no conversation, the outer packet remains the frame's.
fn inside(layers: &mut Layers, out: &mut Out, read: impl FnOnce(&mut Layers, &mut Out)) {
    let (ip, transport, macs) = (layers.ip, layers.transport.take(), (layers.src_mac, layers.dst_mac));
    read(layers, out);
    if layers.transport.is_none() && layers.fragment.is_none() {
        (layers.ip, layers.transport) = (ip, transport);
        (layers.src_mac, layers.dst_mac) = macs;
    }
}

/// Packets without an Ethernet header of their own: who sends them at the tunnel's end is not their sender.
fn routed(layers: &mut Layers, out: &mut Out, read: impl FnOnce(&mut Layers, &mut Out)) {
    inside(layers, out, |layers, out| {
        (layers.src_mac, layers.dst_mac) = (None, None);
        read(layers, out);
    });
}

fn ends(ip: &Ip) -> (Party, Party) {
    (Party::Ip(ip.src), Party::Ip(ip.dst))
}

/// IP protocols 4 and 41.
pub(super) fn ip_in_ip(bytes: &[u8], payload: Range<usize>, outer: Ip, layers: &mut Layers, out: &mut Out) {
    if !layers.descend() {
        return;
    }
    let kind = match (outer.src.is_ipv4(), outer.proto) {
        (true, 4) => "4in4",
        (true, _) => "6in4",
        (false, 4) => "4in6",
        (false, _) => "6in6",
    };
    let at = payload.start;
    if bytes.get(at).is_none_or(|first| first >> 4 != if outer.proto == 4 { 4 } else { 6 }) {
        return;
    }
    record(kind, ends(&outer), None, at, layers, out);
    routed(layers, out, |layers, out| match outer.proto {
        4 => ip::v4(bytes, at, layers, out),
        _ => ip::v6(bytes, at, layers, out),
    });
}

/// IP protocol 47.
pub(super) fn gre(bytes: &[u8], at: usize, outer: Ip, layers: &mut Layers, out: &mut Out) {
    layers.top = "gre";
    let (Some(flags), Some(kind)) = (u16_be(bytes, at), u16_be(bytes, at + 2)) else {
        return layers.short(bytes, at, "GRE header cut short", out);
    };
    let version = flags & 7;
    let has = |bit: u16| usize::from(flags & bit != 0) * 4;
    // Checksum, routing (whose length is not told here), key, sequence number; PPTP's acknowledgement.
    let key_at = at + 4 + has(0x8000);
    let inner = key_at + has(0x2000) + has(0x1000) + if version == 1 { has(0x0080) } else { 0 };
    if version > 1 || flags & 0x4000 != 0 || inner > bytes.len() {
        return;
    }
    let key = (flags & 0x2000 != 0).then(|| u32_be(bytes, key_at)).flatten();
    out.tree.open("gre", "Generic Routing Encapsulation", at..inner, || format!("0x{kind:04x}"));
    out.tree.coded("gre.flags_and_version", "Flags and version", at..at + 2, flags, || format!("0x{flags:04x}"));
    out.tree.coded("gre.proto", "Protocol type", at + 2..at + 4, kind, || format!("0x{kind:04x}"));
    if let Some(key) = key {
        if version == 1 {
            out.tree.int("gre.key.call_id", "Call", key_at + 2..key_at + 4, key & 0xffff);
        } else {
            out.tree.coded("gre.key", "Key", key_at..key_at + 4, key, || format!("0x{key:08x}"));
        }
    }
    out.tree.close();
    if !layers.descend() {
        return;
    }
    let (word, id) = if version == 1 { ("pptp", key.map(|key| key & 0xffff)) } else { ("gre", key) };
    record(word, ends(&outer), id, at, layers, out);
    match kind {
        0x6558 => inside(layers, out, |layers, out| link::ethernet(bytes, inner, layers, out)),
        0x880b => routed(layers, out, |layers, out| ppp::read(bytes, inner, layers, out)),
        0x0800 | 0x86dd => routed(layers, out, |layers, out| link::ether_type(bytes, inner, kind, layers, out)),
        _ => {}
    }
}

/// UDP port 4789. The outer header stays the frame's conversation if this isn't VXLAN.
pub(super) fn vxlan(bytes: &[u8], payload: Range<usize>, layers: &mut Layers, out: &mut Out) {
    let at = payload.start;
    let bytes = bytes.get(..payload.end).unwrap_or(bytes);
    let (Some(ip), Some([8, 0, 0, 0, a, b, c, 0])) = (layers.ip, chunk::<8>(bytes, at)) else { return };
    if bytes.len() < at + 22 || !layers.descend() {
        return;
    }
    let vni = u32::from_be_bytes([0, a, b, c]);
    layers.top = "vxlan";
    out.tree.open("vxlan", "Virtual eXtensible Local Area Network", at..at + 8, || format!("network {vni}"));
    out.tree.coded("vxlan.flags", "Flags", at..at + 2, 0x0800, || "0x0800".to_owned());
    out.tree.int("vxlan.vni", "Network (VNI)", at + 4..at + 7, vni);
    out.tree.close();
    record("vxlan", ends(&ip), Some(vni), at, layers, out);
    inside(layers, out, |layers, out| link::ethernet(bytes, at + 8, layers, out));
}
