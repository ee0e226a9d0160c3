//! IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Fragment, Ip, Layers, transport};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

pub(super) fn v4(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "ip";
    let Some(header) = chunk::<20>(bytes, at) else { return layers.short(bytes, at, "IPv4 header cut short", out) };
    let header_len = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_len < 20 {
        return out.malformed(at, "not an IPv4 header: version or header length is wrong");
    }
    let stated = u16::from_be_bytes([header[2], header[3]]);
    // Captured before segmentation was offloaded to the card, the length may be 0: then it is what the frame holds.
    let total = if stated == 0 { bytes.len() - at } else { stated.into() };
    let src = Ipv4Addr::new(header[12], header[13], header[14], header[15]);
    let dst = Ipv4Addr::new(header[16], header[17], header[18], header[19]);
    let (id, flags) = (u16::from_be_bytes([header[4], header[5]]), u16::from_be_bytes([header[6], header[7]]));
    let (ttl, proto) = (header[8], header[9]);
    layers.ip = Some(Ip { src: src.into(), dst: dst.into(), proto, total: total as u32, ttl });
    if out.tree.is_on() {
        let end = (at + header_len).min(bytes.len());
        out.tree.open("ip", "Internet Protocol Version 4", at..end, || format!("{src} → {dst}"));
        out.tree.int("ip.version", "Version", at..at + 1, header[0] >> 4);
        out.tree.coded("ip.hdr_len", "Header length", at..at + 1, header_len as i64, || format!("{header_len} bytes"));
        out.tree.coded("ip.dsfield", "Differentiated services", at + 1..at + 2, header[1], || {
            format!("0x{:02x}", header[1])
        });
        out.tree.int("ip.len", "Total length", at + 2..at + 4, stated);
        out.tree.coded("ip.id", "Identification", at + 4..at + 6, id, || format!("0x{id:04x} ({id})"));
        out.tree.coded("ip.flags", "Flags", at + 6..at + 7, flags >> 13, || v4_flags(flags));
        out.tree.int("ip.frag_offset", "Fragment offset", at + 6..at + 8, (flags & 0x1fff) * 8);
        out.tree.int("ip.ttl", "Time to live", at + 8..at + 9, ttl);
        out.tree.coded("ip.proto", "Protocol", at + 9..at + 10, proto, || proto_word(proto));
        let sum = u16::from_be_bytes([header[10], header[11]]);
        out.tree.coded("ip.checksum", "Header checksum", at + 10..at + 12, sum, || format!("0x{sum:04x}"));
        out.tree.text("ip.src", "Source", at + 12..at + 16, src);
        out.tree.text("ip.dst", "Destination", at + 16..at + 20, dst);
        out.tree.close();
    }
    if total < header_len {
        return out.malformed(at + 2, "IPv4 total length is shorter than its header");
    }
    let start = at + header_len;
    let end = (at + total).min(bytes.len()).max(start.min(bytes.len()));
    if start > bytes.len() {
        return layers.short(bytes, at, "IPv4 options cut short", out);
    }
    let (more, offset) = (flags & 0x2000 != 0, usize::from(flags & 0x1fff) * 8);
    if more || offset > 0 {
        layers.fragment = Some(Fragment { id: id.into(), offset, more, payload: start..end });
        return;
    }
    transport::read(proto, bytes, start..end, total - header_len, layers, out);
}

fn v4_flags(flags: u16) -> String {
    let words: Vec<&str> = [(0x8000, "evil"), (0x4000, "don't fragment"), (0x2000, "more fragments")]
        .into_iter()
        .filter_map(|(bit, word)| (flags & bit != 0).then_some(word))
        .collect();
    format!("0x{:x} {}", flags >> 13, words.join(", "))
}

pub(super) fn v6(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "ipv6";
    let Some(header) = chunk::<40>(bytes, at) else { return layers.short(bytes, at, "IPv6 header cut short", out) };
    if header[0] >> 4 != 6 {
        return out.malformed(at, "not an IPv6 header: version is wrong");
    }
    let payload_len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let (first, ttl) = (header[6], header[7]);
    let address = |from: usize| chunk::<16>(bytes, at + from).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from);
    let (src, dst) = (address(8), address(24));
    if out.tree.is_on() {
        let flow = u32_be(bytes, at).unwrap_or(0) & 0xf_ffff;
        out.tree.open("ipv6", "Internet Protocol Version 6", at..at + 40, || format!("{src} → {dst}"));
        out.tree.int("ipv6.version", "Version", at..at + 1, header[0] >> 4);
        out.tree.coded("ipv6.flow", "Flow label", at + 1..at + 4, flow, || format!("0x{flow:05x}"));
        out.tree.int("ipv6.plen", "Payload length", at + 4..at + 6, payload_len as i64);
        out.tree.coded("ipv6.nxt", "Next header", at + 6..at + 7, first, || proto_word(first));
        out.tree.int("ipv6.hlim", "Hop limit", at + 7..at + 8, ttl);
        out.tree.text("ipv6.src", "Source", at + 8..at + 24, src);
        out.tree.text("ipv6.dst", "Destination", at + 24..at + 40, dst);
        out.tree.close();
    }
    // Jumbograms and offloaded segmentation state 0: then it is what the frame holds.
    let payload_len = if payload_len == 0 { bytes.len() - at - 40 } else { payload_len };
    let end = (at + 40 + payload_len).min(bytes.len());
    let (mut next, mut cursor) = (first, at + 40);
    let ip = |proto| Ip { src: src.into(), dst: dst.into(), proto, total: 40 + payload_len as u32, ttl };
    // RFC 8200 allows each extension header once, destination options twice.
    for _ in 0..10 {
        layers.ip = Some(ip(next));
        let length = match next {
            0 | 43 | 60 | 135 | 139 | 140 => bytes.get(cursor + 1).map(|n| (usize::from(*n) + 1) * 8),
            51 => bytes.get(cursor + 1).map(|n| (usize::from(*n) + 2) * 4),
            44 => {
                let (Some(inner), Some(word), Some(id)) =
                    (bytes.get(cursor), u16_be(bytes, cursor + 2), u32_be(bytes, cursor + 4))
                else {
                    return layers.short(bytes, cursor, "IPv6 fragment header cut short", out);
                };
                let (offset, more) = (usize::from(word & 0xfff8), word & 1 != 0);
                out.tree.open("ipv6.fraghdr", "Fragment header", cursor..cursor + 8, || format!("offset {offset}"));
                out.tree.coded("ipv6.fraghdr.offset", "Offset", cursor + 2..cursor + 4, word >> 3, || {
                    format!("{} ({offset} bytes)", word >> 3)
                });
                out.tree.int("ipv6.fraghdr.more", "More fragments", cursor + 3..cursor + 4, more);
                out.tree.coded("ipv6.fraghdr.ident", "Identification", cursor + 4..cursor + 8, id, || {
                    format!("0x{id:08x}")
                });
                out.tree.close();
                layers.ip = Some(ip(*inner));
                if more || offset > 0 {
                    layers.fragment = Some(Fragment { id, offset, more, payload: cursor + 8..end.max(cursor + 8) });
                    return;
                }
                next = *inner;
                cursor += 8;
                continue;
            }
            _ => {
                let rest = (at + 40 + payload_len).saturating_sub(cursor);
                return transport::read(next, bytes, cursor.min(end)..end, rest, layers, out);
            }
        };
        let (Some(length), Some(inner)) = (length.filter(|length| cursor + length <= end), bytes.get(cursor)) else {
            return layers.short(bytes, cursor, "IPv6 extension header cut short", out);
        };
        let kind = next;
        out.tree.open("ipv6.ext", "Extension header", cursor..cursor + length, || proto_word(kind));
        out.tree.close();
        next = *inner;
        cursor += length;
    }
    out.malformed(cursor, "more IPv6 extension headers than any packet needs");
}

/// IANA's name of an IP protocol number.
pub(super) fn proto_word(proto: u8) -> String {
    let word = match proto {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        43 => "routing header",
        44 => "fragment header",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        59 => "no next header",
        60 => "destination options",
        132 => "SCTP",
        _ => "unknown",
    };
    format!("{proto} ({word})")
}
