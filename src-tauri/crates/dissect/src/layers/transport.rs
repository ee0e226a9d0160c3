//! TCP (RFC 9293) and UDP (RFC 768) headers.

use std::ops::Range;

use super::{ACK, FIN, Layers, RST, SYN, Tcp, Transport, icmp, igmp, tunnel, wpan};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

/// Reads what an IP packet carries, by its header's protocol number. `stated`: payload length on the wire, which may exceed what
/// was captured.
pub(super) fn read(proto: u8, bytes: &[u8], payload: Range<usize>, stated: usize, layers: &mut Layers, out: &mut Out) {
    let body = bytes.get(..payload.end).unwrap_or(bytes);
    let at = payload.start;
    match proto {
        6 => tcp(body, at, stated, layers, out),
        17 => udp(body, at, stated, layers, out),
        1 | 58 => icmp::read(body, at, stated, layers, out),
        _ => {
            let payload_len = stated as u32;
            layers.transport =
                Some(Transport { src_port: 0, dst_port: 0, payload_len, payload: payload.clone(), tcp: None });
            let Some(ip) = layers.ip else { return };
            match proto {
                2 => igmp::v4(body, at, layers, out),
                4 | 41 => tunnel::ip_in_ip(body, payload, ip, layers, out),
                47 => tunnel::gre(body, at, ip, layers, out),
                _ => {}
            }
        }
    }
}

fn udp(bytes: &[u8], at: usize, stated: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "udp";
    let Some(header) = chunk::<8>(bytes, at) else {
        layers.top = "ip";
        begun(bytes, at, ["udp", "udp.srcport", "udp.dstport", ""], "User Datagram Protocol", out);
        return layers.short(bytes, at, "UDP header cut short", out);
    };
    let word = |n: usize| u16::from_be_bytes([header[n], header[n + 1]]);
    let (src_port, dst_port, length) = (word(0), word(2), usize::from(word(4)));
    out.tree.open("udp", "User Datagram Protocol", at..at + 8, || format!("{src_port} → {dst_port}"));
    out.tree.int("udp.srcport", "Source port", at..at + 2, src_port);
    out.tree.int("udp.dstport", "Destination port", at + 2..at + 4, dst_port);
    out.tree.int("udp.length", "Length", at + 4..at + 6, length as i64);
    out.tree.coded("udp.checksum", "Checksum", at + 6..at + 8, word(6), || format!("0x{:04x}", word(6)));
    out.tree.close();
    if length != 0 && length < 8 {
        return out.malformed(at + 4, "UDP length is shorter than its header");
    }
    // 0 is a jumbogram, or a checksum-offloaded packet of more than 64 KiB: then it is what IP holds.
    let total = if length == 0 { stated } else { length.min(stated) };
    let end = (at + total).min(bytes.len()).max(at + 8);
    let payload_len = total.saturating_sub(8) as u32;
    layers.transport = Some(Transport { src_port, dst_port, payload: at + 8..end, payload_len, tcp: None });
    match dst_port {
        4789 => tunnel::vxlan(bytes, at + 8..end, layers, out),
        17754 => wpan::zep(bytes, at + 8..end, layers, out),
        _ => {}
    }
}

fn tcp(bytes: &[u8], at: usize, stated: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "tcp";
    let Some(header) = chunk::<20>(bytes, at) else {
        layers.top = "ip";
        let names = ["tcp", "tcp.srcport", "tcp.dstport", "tcp.seq_raw"];
        begun(bytes, at, names, "Transmission Control Protocol", out);
        return layers.short(bytes, at, "TCP header cut short", out);
    };
    let word = |n: usize| u16::from_be_bytes([header[n], header[n + 1]]);
    let long = |n: usize| u32::from_be_bytes([header[n], header[n + 1], header[n + 2], header[n + 3]]);
    let (src_port, dst_port, seq, ack, flags) = (word(0), word(2), long(4), long(8), header[13]);
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < 20 {
        return out.malformed(at + 12, "TCP header length is below 20");
    }
    if out.tree.is_on() {
        let end = (at + header_len).min(bytes.len());
        out.tree.open("tcp", "Transmission Control Protocol", at..end, || {
            format!("{src_port} → {dst_port} [{}] seq {seq}", flag_words(flags))
        });
        out.tree.int("tcp.srcport", "Source port", at..at + 2, src_port);
        out.tree.int("tcp.dstport", "Destination port", at + 2..at + 4, dst_port);
        out.tree.int("tcp.seq_raw", "Sequence number (raw)", at + 4..at + 8, seq);
        out.tree.int("tcp.ack_raw", "Acknowledgment number (raw)", at + 8..at + 12, ack);
        out.tree.coded("tcp.hdr_len", "Header length", at + 12..at + 13, header_len as i64, || {
            format!("{header_len} bytes")
        });
        out.tree
            .coded("tcp.flags", "Flags", at + 12..at + 14, flags, || format!("0x{flags:02x} ({})", flag_words(flags)));
        out.tree.int("tcp.window_size_value", "Window", at + 14..at + 16, word(14));
        out.tree.coded("tcp.checksum", "Checksum", at + 16..at + 18, word(16), || format!("0x{:04x}", word(16)));
        out.tree.int("tcp.urgent_pointer", "Urgent pointer", at + 18..at + 20, word(18));
        // What is cut off was not malformed.
        let cut = layers.cut && at + header_len > end;
        options(bytes, at + 20..end, cut, out);
        out.tree.close();
    }
    let start = (at + header_len).min(bytes.len());
    let payload_len = stated.saturating_sub(header_len) as u32;
    layers.transport = Some(Transport {
        src_port,
        dst_port,
        payload: start..bytes.len(),
        payload_len,
        tcp: Some(Tcp { seq, ack, flags }),
    });
}

/// What there is of a header that is cut: an ICMP error may quote eight bytes of it.
fn begun(bytes: &[u8], at: usize, names: [&'static str; 4], label: &'static str, out: &mut Out) {
    let (Some(src), Some(dst)) = (u16_be(bytes, at), u16_be(bytes, at + 2)) else { return };
    out.tree.open(names[0], label, at..bytes.len(), || format!("{src} → {dst}"));
    out.tree.int(names[1], "Source port", at..at + 2, src);
    out.tree.int(names[2], "Destination port", at + 2..at + 4, dst);
    if let Some(seq) = u32_be(bytes, at + 4).filter(|_| !names[3].is_empty()) {
        out.tree.int(names[3], "Sequence number (raw)", at + 4..at + 8, seq);
    }
    out.tree.close();
}

fn flag_words(flags: u8) -> String {
    let words: Vec<&str> = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (8, "PSH"), (ACK, "ACK"), (0x20, "URG")]
        .into_iter()
        .filter_map(|(bit, word)| (flags & bit != 0).then_some(word))
        .collect();
    words.join(", ")
}

fn options(bytes: &[u8], range: Range<usize>, cut: bool, out: &mut Out) {
    let mut at = range.start;
    while at < range.end {
        let (kind, length) = match bytes.get(at) {
            Some(0) | None => return,
            Some(1) => (1, 1),
            Some(kind) => (*kind, bytes.get(at + 1).map_or(0, |n| usize::from(*n))),
        };
        if (kind > 1 && length < 2) || length == 0 || at + length > range.end {
            if !cut {
                out.tree.note(crate::Level::Error, at..range.end, "TCP option cut short");
            }
            return;
        }
        match kind {
            1 => {}
            2 => out.tree.int(
                "tcp.options.mss_val",
                "Maximum segment size",
                at..at + length,
                u16_be(bytes, at + 2).unwrap_or(0),
            ),
            3 => out.tree.int(
                "tcp.options.wscale.shift",
                "Window scale",
                at..at + length,
                bytes.get(at + 2).copied().unwrap_or(0),
            ),
            4 => out.tree.text("tcp.options.sack_perm", "SACK permitted", at..at + length, "yes"),
            8 => out.tree.bytes("tcp.options.timestamp", "Timestamps", at..at + length, &bytes[at + 2..at + length]),
            _ => out.tree.bytes("tcp.options", "Option", at..at + length, &bytes[at..at + length]),
        }
        at += length;
    }
}
