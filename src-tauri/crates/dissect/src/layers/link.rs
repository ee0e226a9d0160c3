//! Link layers: Ethernet with VLAN tags, Linux cooked, raw IP, loopback. Radio has files of its own.
//! Link types: tcpdump.org/linktypes.html. Cooked headers: LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 there.

use model::Mac;

use super::{Layers, arp, ble, eapol, exported, ip, llc, lldp, ppi, ppp, pppoe, wlan, wpan};
use crate::bytes::{u16_be, u32_be, u32_le};
use crate::protocols::Out;

pub(super) fn read(bytes: &[u8], link_type: u16, layers: &mut Layers, out: &mut Out) {
    match link_type {
        1 => ethernet(bytes, 0, layers, out),
        9 | 50 => ppp::read(bytes, 0, layers, out),
        0 | 108 => loopback(bytes, layers, out),
        12 | 14 | 101 => raw_ip(bytes, 0, layers, out),
        228 => ip::v4(bytes, 0, layers, out),
        229 => ip::v6(bytes, 0, layers, out),
        113 => cooked(bytes, layers, out),
        276 => cooked2(bytes, layers, out),
        105 => wlan::read(bytes, 0, wlan::Radio::default(), layers, out),
        127 => wlan::radiotap::read(bytes, layers, out),
        192 => ppi::read(bytes, layers, out),
        195 | 230 | 215 | 283 => wpan::read(bytes, link_type, layers, out),
        252 => exported::read(bytes, layers, out),
        251 => ble::link_layer(bytes, 0, ble::Radio::default(), layers, out),
        256 => ble::with_header(bytes, layers, out),
        272 => ble::nordic(bytes, layers, out),
        _ => layers.top = "unknown link",
    }
}

pub(super) fn ethernet(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "eth";
    let (Some(dst), Some(src), Some(kind)) =
        (Mac::read(&bytes[at.min(bytes.len())..]), bytes.get(at + 6..).and_then(Mac::read), u16_be(bytes, at + 12))
    else {
        return layers.short(bytes, at, "Ethernet header cut short", out);
    };
    layers.src_mac = Some(src);
    layers.dst_mac = Some(dst);
    out.tree.open("eth", "Ethernet", at..at + 14, || format!("{src} → {dst}"));
    out.tree.text("eth.dst", "Destination", at..at + 6, dst);
    out.tree.text("eth.src", "Source", at + 6..at + 12, src);
    type_field(out, ["eth.type", "eth.len"], at + 12, kind);
    out.tree.close();
    ether_type(bytes, at + 14, kind, layers, out);
}

/// What follows an EtherType, through any VLAN tags (IEEE 802.1Q, 802.1ad).
pub(super) fn ether_type(bytes: &[u8], at: usize, kind: u16, layers: &mut Layers, out: &mut Out) {
    let (mut at, mut kind) = (at, kind);
    for _ in 0..4 {
        if !matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200) {
            break;
        }
        let (Some(tag), Some(inner)) = (u16_be(bytes, at), u16_be(bytes, at + 2)) else {
            return layers.short(bytes, at, "VLAN tag cut short", out);
        };
        layers.vlan = Some(tag & 0x0fff); // the innermost tag names the network
        layers.top = "vlan";
        let (label, names) = if kind == 0x88a8 {
            ("802.1ad Virtual LAN", ["ieee8021ad", "ieee8021ad.priority", "ieee8021ad.id", "ieee8021ad.etype"])
        } else {
            ("802.1Q Virtual LAN", ["vlan", "vlan.priority", "vlan.id", "vlan.etype"])
        };
        out.tree.open(names[0], label, at..at + 4, || format!("id {}", tag & 0x0fff));
        out.tree.int(names[1], "Priority", at..at + 2, tag >> 13);
        out.tree.int(names[2], "ID", at..at + 2, tag & 0x0fff);
        type_field(out, [names[3], "vlan.len"], at + 2, inner);
        out.tree.close();
        (at, kind) = (at + 4, inner);
    }
    match kind {
        0x0800 => ip::v4(bytes, at, layers, out),
        0x86dd => ip::v6(bytes, at, layers, out),
        0x0806 | 0x8035 => arp::read(bytes, at, layers, out),
        0x888e | 0x88c7 => eapol::read(bytes, at, layers, out),
        0x88cc => lldp::read(bytes, at, layers, out),
        0x8863 | 0x8864 => pppoe::read(bytes, at, kind == 0x8863, layers, out),
        0..=0x05dc => llc::read(bytes, at, layers, out),
        _ => {}
    }
}

/// What follows, under the first name; or how long it is, under the second.
fn type_field(out: &mut Out, [name, length]: [&'static str; 2], at: usize, kind: u16) {
    if kind <= 0x05dc {
        return out.tree.int(length, "Length", at..at + 2, kind);
    }
    let word = match kind {
        0x0800 => "IPv4",
        0x86dd => "IPv6",
        0x0806 => "ARP",
        0x8035 => "RARP",
        0x8100 => "802.1Q",
        0x88a8 => "802.1ad",
        0x888e => "EAPOL",
        0x88cc => "LLDP",
        0x8863 | 0x8864 => "PPPoE",
        _ => "unknown",
    };
    out.tree.coded(name, "Type", at..at + 2, kind, || format!("0x{kind:04x} ({word})"));
}

fn raw_ip(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    match bytes.get(at).map(|first| first >> 4) {
        Some(4) => ip::v4(bytes, at, layers, out),
        Some(6) => ip::v6(bytes, at, layers, out),
        _ => out.malformed(at, "raw IP frame begins with neither version 4 nor 6"),
    }
}

/// BSD loopback: the address family in the byte order of the capturing machine (0), or in network order (108).
fn loopback(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "null";
    let (Some(little), Some(big)) = (u32_le(bytes, 0), u32_be(bytes, 0)) else {
        return out.malformed(0, "loopback header cut short");
    };
    let family = little.min(big);
    out.tree.open("null", "Null/Loopback", 0..4, || format!("family {family}"));
    out.tree.int("null.family", "Family", 0..4, family);
    out.tree.close();
    match family {
        2 => ip::v4(bytes, 4, layers, out),
        10 | 24 | 28 | 30 => ip::v6(bytes, 4, layers, out),
        _ => {}
    }
}

fn cooked(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "sll";
    let (Some(packet_type), Some(hardware), Some(length), Some(kind)) =
        (u16_be(bytes, 0), u16_be(bytes, 2), u16_be(bytes, 4), u16_be(bytes, 14))
    else {
        return out.malformed(0, "Linux cooked header cut short");
    };
    if length == 6 {
        layers.src_mac = Mac::read(&bytes[6..]);
    }
    out.tree.open("sll", "Linux cooked capture v1", 0..16, String::new);
    out.tree.coded("sll.pkttype", "Packet type", 0..2, packet_type, || packet_type_word(packet_type));
    out.tree.int("sll.hatype", "Link-layer address type", 2..4, hardware);
    if let Some(mac) = layers.src_mac {
        out.tree.text("sll.src.eth", "Source", 6..12, mac);
    }
    type_field(out, ["sll.etype", "sll.etype"], 14, kind);
    out.tree.close();
    ether_type(bytes, 16, kind, layers, out);
}

fn cooked2(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "sll";
    let (Some(kind), Some(index), Some(hardware), Some(&[packet_type, length])) =
        (u16_be(bytes, 0), u32_be(bytes, 4), u16_be(bytes, 8), bytes.get(10..12).and_then(|b| b.first_chunk()))
    else {
        return out.malformed(0, "Linux cooked header cut short");
    };
    if bytes.len() < 20 {
        return out.malformed(12, "Linux cooked header cut short");
    }
    if length == 6 {
        layers.src_mac = Mac::read(&bytes[12..]);
    }
    out.tree.open("sll", "Linux cooked capture v2", 0..20, String::new);
    type_field(out, ["sll.etype", "sll.etype"], 0, kind);
    out.tree.int("sll.ifindex", "Interface index", 4..8, index);
    out.tree.int("sll.hatype", "Link-layer address type", 8..10, hardware);
    out.tree.coded("sll.pkttype", "Packet type", 10..11, packet_type, || packet_type_word(packet_type.into()));
    if let Some(mac) = layers.src_mac {
        out.tree.text("sll.src.eth", "Source", 12..18, mac);
    }
    out.tree.close();
    ether_type(bytes, 20, kind, layers, out);
}

fn packet_type_word(packet_type: u16) -> String {
    let word = match packet_type {
        0 => "to us",
        1 => "broadcast",
        2 => "multicast",
        3 => "to another host",
        4 => "sent by us",
        _ => "unknown",
    };
    format!("{packet_type} ({word})")
}
