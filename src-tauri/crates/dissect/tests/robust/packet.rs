//! Ethernet frames around payload, as a capture of a conversation has them.

use dissect::protocols::{Side, Transport};
use std::net::Ipv4Addr;

/// One end of a conversation.
pub type End = (Ipv4Addr, u16);

/// A segment's place in its stream.
#[derive(Clone, Copy, Default)]
pub struct Tcp {
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
}

pub const SYN: u8 = 2;
pub const ACK: u8 = 16;

/// A frame from `src` to `dst`; checksums are left out, as a sender's own capture has them.
pub fn frame(side: Side, src: End, dst: End, transport: Transport, tcp: Tcp, payload: &[u8]) -> Vec<u8> {
    let over = match transport {
        Transport::Udp => {
            [&src.1.to_be_bytes()[..], &dst.1.to_be_bytes(), &(payload.len() as u16 + 8).to_be_bytes(), &[0, 0]]
                .concat()
        }
        Transport::Tcp => [
            &src.1.to_be_bytes()[..],
            &dst.1.to_be_bytes(),
            &tcp.seq.to_be_bytes(),
            &tcp.ack.to_be_bytes(),
            &[0x50, tcp.flags, 0xff, 0xff, 0, 0, 0, 0],
        ]
        .concat(),
    };
    let length = (20 + over.len() + payload.len()) as u16;
    let proto = if transport == Transport::Udp { 17 } else { 6 };
    let macs: &[u8] = match side {
        Side::Orig => &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 7, 8, 0],
        Side::Resp => &[2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 8, 0],
    };
    let ip = [&[0x45, 0][..], &length.to_be_bytes(), &[0, 1, 0, 0, 64, proto, 0, 0], &src.0.octets(), &dst.0.octets()];
    [macs, &ip.concat(), &over, payload].concat()
}
