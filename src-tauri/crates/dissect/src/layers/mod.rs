//! From the link layer to the transport: what every frame has, whatever it carries.

mod arp;
mod ble;
mod eapol;
mod exported;
mod icmp;
mod igmp;
mod ip;
mod link;
mod llc;
mod lldp;
mod ndp;
mod ppi;
mod ppp;
mod pppoe;
mod quoted;
#[cfg(test)]
mod testing;
mod transport;
mod tunnel;
mod wlan;
mod wpan;

use std::net::IpAddr;
use std::ops::Range;

use model::{Kind, Mac};

use crate::protocols::{Out, bench};

pub(crate) use exported::Exported;

/// The kinds of facts that the lower layers make.
pub const KINDS: &[Kind] = &[
    arp::KIND,
    ndp::KIND,
    igmp::KIND,
    wlan::KIND,
    eapol::KIND,
    ble::KIND,
    wpan::KIND,
    wpan::ZIGBEE,
    tunnel::KIND,
    pppoe::KIND,
    ppp::KIND,
    lldp::KIND,
    llc::STP,
    bench::KIND,
];

/// What former frames of a capture taught that later ones are read with.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    zigbee: wpan::Keys,
    arp: arp::Claims,
}

/// What the layers below the application say of one frame. Ranges are of the frame.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    pub src_mac: Option<Mac>,
    pub dst_mac: Option<Mac>,
    pub vlan: Option<u16>,
    pub ip: Option<Ip>,
    pub fragment: Option<Fragment>,
    pub transport: Option<Transport>,
    /// The topmost layer that was understood, in Wireshark's spelling of its protocol column in lower case.
    pub top: &'static str,
    /// Something was cut off by the snap length.
    pub cut: bool,
    /// The access point, of an 802.11 frame.
    pub(crate) bssid: Option<Mac>,
    /// Who sent it by radio, of an 802.11 frame that was received undamaged.
    pub(crate) air: Option<Air>,
    /// How to say what it is in one line, where facts don't.
    pub(crate) line: Option<Line>,
    /// A message that somebody took out of its packets: what it is.
    pub(crate) exported: Option<Exported>,
    /// What stands behind the transport's header is in the tree, if somebody looks.
    pub(crate) shown: bool,
    /// Packets within packets, so far.
    depth: u8,
}

/// A sentence on what begins somewhere in the frame: made only if somebody lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    at: usize,
    says: fn(&[u8], usize, &Layers) -> String,
}

/// Who sent an 802.11 frame, in what relation to which access point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    pub sender: Mac,
    /// The access point that it speaks to.
    pub bssid: Option<Mac>,
    /// In its network: sends data through it. Not: looks for networks.
    pub associated: Option<bool>,
    /// dBm.
    pub signal: Option<i8>,
}

/// Real tunnels nest twice or so.
const MOST_NESTED: u8 = 6;

impl Layers {
    /// Steps into a packet within a packet; false when that has gone too far.
    fn descend(&mut self) -> bool {
        self.depth = self.depth.saturating_add(1);
        self.depth <= MOST_NESTED
    }

    /// One line on the frame; empty if nobody has one.
    pub(crate) fn sentence(&self, bytes: &[u8]) -> String {
        self.line.map(|Line { at, says }| says(bytes, at, self)).unwrap_or_default()
    }

    /// Something ends before it should: malformed, unless it was the snap length that ended it.
    fn short(&self, bytes: &[u8], at: usize, why: &str, out: &mut Out) {
        if !self.cut {
            out.malformed(at.min(bytes.len()), why);
        }
    }
}

/// An IP header.
#[derive(Clone, Copy, Debug)]
pub struct Ip {
    pub src: IpAddr,
    pub dst: IpAddr,
    /// What it carries (IANA protocol number), after IPv6 extension headers.
    pub proto: u8,
    /// Bytes of the whole packet, header included, as the header states them.
    pub total: u32,
    /// Time to live or hop limit.
    pub ttl: u8,
}

/// A fragment's place in its datagram.
#[derive(Clone, Debug)]
pub struct Fragment {
    pub id: u32,
    /// Bytes from the datagram's start.
    pub offset: usize,
    pub more: bool,
    pub payload: Range<usize>,
}

/// A TCP, UDP, ICMP or other header.
#[derive(Clone, Debug)]
pub struct Transport {
    /// For ICMP: type and code.
    pub src_port: u16,
    pub dst_port: u16,
    pub payload: Range<usize>,
    /// Payload bytes on the wire, also those that the snap length cut.
    pub payload_len: u32,
    pub tcp: Option<Tcp>,
}

#[derive(Clone, Copy, Debug)]
pub struct Tcp {
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
}

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// Reads a frame's lower layers: fields into the tree, facts (ARP, neighbour discovery, radio) into `out`.
#[inline]
pub fn read(bytes: &[u8], link_type: u16, wire_len: u32, out: &mut Out) -> Layers {
    let mut layers = Layers::default();
    read_into(bytes, link_type, wire_len, &mut layers, out);
    layers
}

/// The same into new layers: moving them would take longer than reading most headers.
pub(crate) fn read_into(bytes: &[u8], link_type: u16, wire_len: u32, layers: &mut Layers, out: &mut Out) {
    (layers.top, layers.cut) = ("data", (bytes.len() as u64) < u64::from(wire_len));
    link::read(bytes, link_type, layers, out);
}

/// Reads the transport header of a datagram that was put together from fragments.
pub fn read_reassembled(bytes: &[u8], ip: Ip, out: &mut Out) -> Layers {
    let mut layers = Layers { top: "ip", ip: Some(ip), ..Layers::default() };
    transport::read(ip.proto, bytes, 0..bytes.len(), bytes.len(), &mut layers, out);
    layers
}
