//! Builders of captures in every variant that we claim to read.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Little,
    Big,
}
pub use Order::{Big, Little};

impl Order {
    pub fn u16(self, n: u16) -> [u8; 2] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    pub fn u32(self, n: u32) -> [u8; 4] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    pub fn u64(self, n: u64) -> [u8; 8] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }
}

/// A classic pcap file header.
pub fn pcap(order: Order, magic: u32, link_type: u32) -> Vec<u8> {
    pcap_version(order, magic, (2, 4), link_type)
}

pub fn pcap_version(order: Order, magic: u32, version: (u16, u16), link_type: u32) -> Vec<u8> {
    let mut out = order.u32(magic).to_vec();
    out.extend(order.u16(version.0));
    out.extend(order.u16(version.1));
    out.extend([0; 8]);
    out.extend(order.u32(65_535));
    out.extend(order.u32(link_type));
    out
}

/// A classic pcap record; `extra` goes between header and packet.
pub fn record(order: Order, seconds: u32, fraction: u32, extra: &[u8], packet: &[u8], wire_len: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for n in [seconds, fraction, packet.len() as u32, wire_len] {
        out.extend(order.u32(n));
    }
    out.extend(extra);
    out.extend(packet);
    out
}

/// Three records of 60, 1 and 1500 bytes, a second apart.
pub fn three_records(order: Order, extra: &[u8]) -> Vec<u8> {
    [60, 1, 1500]
        .iter()
        .zip(1_700_000_000..)
        .flat_map(|(&length, second)| record(order, second, 5, extra, &packet(length), length as u32))
        .collect()
}

/// Bytes that look like nothing.
pub fn packet(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + length) as u8).collect()
}

/// A pcapng block of any type.
pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let body = padded(body);
    let length = order.u32(body.len() as u32 + 12);
    [&order.u32(kind)[..], &length, &body, &length].concat()
}

pub fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    [&order.u16(code)[..], &order.u16(value.len() as u16), &padded(value)].concat()
}

pub fn section(order: Order, options: &[u8]) -> Vec<u8> {
    let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8], options].concat();
    block(order, 0x0a0d_0d0a, &body)
}

pub fn interface(order: Order, link_type: u16, snap_len: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(link_type)[..], &[0, 0], &order.u32(snap_len), options].concat())
}

pub fn enhanced(order: Order, interface: u32, ticks: u64, packet: &[u8], wire_len: u32, options: &[u8]) -> Vec<u8> {
    let words = [interface, (ticks >> 32) as u32, ticks as u32, packet.len() as u32, wire_len];
    let head: Vec<u8> = words.into_iter().flat_map(|word| order.u32(word)).collect();
    block(order, 6, &[&head, &padded(packet), options].concat())
}

pub fn simple(order: Order, packet: &[u8], wire_len: u32) -> Vec<u8> {
    block(order, 3, &[&order.u32(wire_len)[..], packet].concat())
}

/// The packet block that enhanced ones replaced.
pub fn old_packet(order: Order, interface: u16, ticks: u64, packet: &[u8], wire_len: u32) -> Vec<u8> {
    let mut head = [order.u16(interface), order.u16(3)].concat();
    for word in [(ticks >> 32) as u32, ticks as u32, packet.len() as u32, wire_len] {
        head.extend(order.u32(word));
    }
    block(order, 2, &[&head, packet].concat())
}

/// A file with all that pcapng has: two sections of different byte order, clocks, comments, names, statistics, secrets.
pub fn everything() -> Vec<u8> {
    let big = [
        section(
            Big,
            &[option(Big, 2, b"lab bench"), option(Big, 4, b"builder"), option(Big, 1, b"first half")].concat(),
        ),
        interface(Big, 1, 0, &[option(Big, 2, b"eth0"), option(Big, 9, &[9]), option(Big, 11, b"\0not arp")].concat()),
        interface(Big, 127, 96, &option(Big, 9, &[0x80 | 20])),
        enhanced(Big, 0, 1_700_000_000_000_000_001, &packet(60), 60, &option(Big, 1, b"look here")),
        enhanced(Big, 1, 1_700_000_000 << 20, &packet(33), 90, &[]),
        block(Big, 0xbad, &[&Big.u32(32_473)[..], b"whatever"].concat()),
        block(Big, 5, &[&[0; 12][..], &option(Big, 4, &Big.u64(77)), &option(Big, 5, &Big.u64(2))].concat()),
    ];
    let little = [
        section(Little, &[]),
        interface(Little, 105, 8, &option(Little, 14, &Little.u64(-3600_i64 as u64))),
        simple(Little, &packet(8), 20),
        old_packet(Little, 0, 1_700_000_000_000_000, &packet(5), 5),
        block(Little, 4, &[&[1, 0, 14, 0][..], &[192, 0, 2, 7], b"hub.test\0\0", &[0; 2], &[0; 4]].concat()),
        block(Little, 10, &[&Little.u32(0x544c_534b)[..], &Little.u32(6), b"secret"].concat()),
        block(Little, 0x7777, b"abcd"),
        enhanced(Little, 0, 1_700_000_001_000_000, &packet(7), 7, &[]),
    ];
    [big.concat(), little.concat()].concat()
}

pub fn snoop(data_link: u32, records: &[(&[u8], u32)]) -> Vec<u8> {
    let mut out = [&b"snoop\0\0\0"[..], &2_u32.to_be_bytes(), &data_link.to_be_bytes()].concat();
    for (packet, wire_len) in records {
        let body = padded(packet);
        for word in [*wire_len, packet.len() as u32, body.len() as u32 + 24, 0, 911_274_719, 885_516] {
            out.extend(word.to_be_bytes());
        }
        out.extend(body);
    }
    out
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(bytes.len().next_multiple_of(4), 0);
    out
}
