//! Frames with right lengths, sequence numbers and checksums, into a capture file.

use std::io::{self, Write};
use std::net::Ipv4Addr;

/// Who is on a wire: a device of the home, or the router that stands for all that is beyond.
#[derive(Clone, Copy)]
pub(super) struct Host {
    pub(super) mac: [u8; 6],
    pub(super) ip: Ipv4Addr,
}

/// A capture that grows (pcap, nanoseconds, Ethernet).
pub(super) struct Wire<W> {
    out: W,
    /// Bytes so far.
    pub(super) written: u64,
    /// Frames so far.
    pub(super) frames: u64,
    /// Time of the next frame, nanoseconds since 1970. Moves on by itself with each frame.
    pub(super) now: u64,
    datagram: u16,
}

/// One TCP connection, as its two ends count it.
pub(super) struct Connection {
    pub(super) client: Host,
    pub(super) server: Host,
    pub(super) client_port: u16,
    pub(super) server_port: u16,
    /// What each end sends next: client, server.
    pub(super) next: [u32; 2],
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    Client,
    Server,
}

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// Payload of a full Ethernet frame.
pub(super) const SEGMENT: usize = 1448;

impl<W: Write> Wire<W> {
    pub(super) fn new(mut out: W, start: u64) -> io::Result<Wire<W>> {
        let mut header = Vec::with_capacity(24);
        header.extend(0xa1b2_3c4d_u32.to_le_bytes()); // nanoseconds
        header.extend([2, 0, 4, 0]); // version 2.4
        header.extend([0; 8]);
        header.extend(262_144_u32.to_le_bytes());
        header.extend(1_u32.to_le_bytes()); // Ethernet
        out.write_all(&header)?;
        Ok(Wire { out, written: header.len() as u64, frames: 0, now: start, datagram: 1 })
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// An Ethernet frame; short ones are padded to 60 bytes, as on a wire.
    pub(super) fn ethernet(&mut self, to: [u8; 6], from: [u8; 6], kind: u16, payload: &[u8]) -> io::Result<()> {
        let length = (14 + payload.len()).max(60);
        let mut record = Vec::with_capacity(16 + length);
        record.extend(((self.now / 1_000_000_000) as u32).to_le_bytes());
        record.extend(((self.now % 1_000_000_000) as u32).to_le_bytes());
        record.extend((length as u32).to_le_bytes());
        record.extend((length as u32).to_le_bytes());
        record.extend(to);
        record.extend(from);
        record.extend(kind.to_be_bytes());
        record.extend(payload);
        record.resize(16 + length, 0);
        self.out.write_all(&record)?;
        self.written += record.len() as u64;
        self.frames += 1;
        self.now += 40_000 + 8 * length as u64;
        Ok(())
    }

    pub(super) fn udp(&mut self, from: (Host, u16), to: (Host, u16), payload: &[u8]) -> io::Result<()> {
        let mut segment = Vec::with_capacity(8 + payload.len());
        segment.extend(from.1.to_be_bytes());
        segment.extend(to.1.to_be_bytes());
        segment.extend((8 + payload.len() as u16).to_be_bytes());
        segment.extend([0, 0]);
        segment.extend(payload);
        self.ipv4(from.0, to.0, 17, 6, segment)
    }

    /// A segment as `from` sends it now; moves that end's sequence number on.
    pub(super) fn tcp(&mut self, on: &mut Connection, from: End, flags: u8, payload: &[u8]) -> io::Result<()> {
        let segment = on.segment(from, flags, payload);
        self.tcp_segment(on, from, segment)
    }

    /// A segment made before: late, or once more.
    pub(super) fn tcp_segment(&mut self, on: &Connection, from: End, segment: Vec<u8>) -> io::Result<()> {
        let (source, target) = if from == End::Client { (on.client, on.server) } else { (on.server, on.client) };
        self.ipv4(source, target, 6, 16, segment)
    }

    /// An IPv4 packet around `segment`, whose checksum (zero so far) is at `checksum_at`.
    fn ipv4(&mut self, from: Host, to: Host, protocol: u8, checksum_at: usize, mut segment: Vec<u8>) -> io::Result<()> {
        let mut pseudo = Vec::with_capacity(12);
        pseudo.extend(from.ip.octets());
        pseudo.extend(to.ip.octets());
        pseudo.extend([0, protocol]);
        pseudo.extend((segment.len() as u16).to_be_bytes());
        let checksum = !fold(sum(&pseudo) + sum(&segment));
        // RFC 768: a sum of zero is sent as all ones, as zero says that there is none.
        let checksum = if checksum == 0 && protocol == 17 { 0xffff } else { checksum };
        segment[checksum_at..checksum_at + 2].copy_from_slice(&checksum.to_be_bytes());

        let mut packet = Vec::with_capacity(20 + segment.len());
        packet.extend([0x45, 0]);
        packet.extend((20 + segment.len() as u16).to_be_bytes());
        packet.extend(self.datagram.to_be_bytes());
        let hops = if to.ip.is_multicast() { 255 } else { 64 }; // RFC 6762, section 11
        packet.extend([0x40, 0, hops, protocol, 0, 0]); // not to be taken apart
        packet.extend(from.ip.octets());
        packet.extend(to.ip.octets());
        let checksum = !fold(sum(&packet));
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        packet.extend(segment);
        self.datagram = self.datagram.wrapping_add(1);

        let mac = match to.ip.octets() {
            [255, 255, 255, 255] => [0xff; 6],
            [224..=239, b, c, d] => [1, 0, 0x5e, b & 0x7f, c, d],
            _ => to.mac,
        };
        self.ethernet(mac, from.mac, 0x0800, &packet)
    }
}

impl Connection {
    /// The next segment of `from`, without a checksum; moves that end's sequence number on.
    pub(super) fn segment(&mut self, from: End, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (own, other) = if from == End::Client { (0, 1) } else { (1, 0) };
        let (source, target) = if from == End::Client {
            (self.client_port, self.server_port)
        } else {
            (self.server_port, self.client_port)
        };
        let options: &[u8] = if flags & SYN != 0 {
            &[2, 4, 5, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1] // segments of 1460, selective acknowledgement, window times 128
        } else {
            &[]
        };
        let header = 20 + options.len();
        let mut segment = Vec::with_capacity(header + payload.len());
        segment.extend(source.to_be_bytes());
        segment.extend(target.to_be_bytes());
        segment.extend(self.next[own].to_be_bytes());
        segment.extend(if flags & ACK != 0 { self.next[other] } else { 0 }.to_be_bytes());
        segment.extend([(header as u8 / 4) << 4, flags, 0x01, 0xf5, 0, 0, 0, 0]);
        segment.extend(options);
        segment.extend(payload);
        let counted = payload.len() as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        self.next[own] = self.next[own].wrapping_add(counted);
        segment
    }
}

/// The ones' complement sum of RFC 1071, not folded yet.
fn sum(bytes: &[u8]) -> u32 {
    let pairs = bytes.chunks_exact(2);
    let odd = pairs.remainder().first().map_or(0, |&byte| u32::from(byte) << 8);
    pairs.map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>() + odd
}

fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
