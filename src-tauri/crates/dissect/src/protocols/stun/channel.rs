//! ChannelData (RFC 8656 section 12.4): what passes a relay, behind a channel's number and a length in place of a whole message.

use std::net::IpAddr;

use crate::carried;
use crate::protocols::{Message, Out, Step, Transport};

/// Channels that are remembered of one flow.
const MOST: usize = 256;

/// The channels of one flow: whom each leads to, and which way something passed.
#[derive(Default)]
pub(super) struct Channels(Vec<Channel>);

#[derive(Default)]
struct Channel {
    number: u16,
    peer: Option<(IpAddr, u16)>,
    told: [bool; 2],
}

/// Number and length, if the first byte is a channel's. RFC 7983 leaves 0x40 to 0x4f to them, RFC 5766 had all up to 0x7f.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    match bytes {
        [high @ 0x40..=0x7f, low, a, b, ..] => {
            Some((u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*a, *b]).into()))
        }
        _ => None,
    }
}

/// Whether a datagram is as long as it says, or padded.
fn fits(len: usize, message: &Message) -> bool {
    let there = message.bytes.len();
    (4 + len..=4 + len.next_multiple_of(4)).contains(&there) || message.cut && there < 4 + len
}

/// Whether a datagram is channel data by what it looks like.
pub(super) fn is_likely(message: &Message) -> bool {
    head(message.bytes).is_some_and(|(number, len)| number < 0x5000 && len > 0 && fits(len, message))
}

impl Channels {
    fn of(&mut self, number: u16) -> Option<&mut Channel> {
        let at = match self.0.iter().position(|channel| channel.number == number) {
            Some(at) => at,
            None if self.0.len() < MOST => {
                self.0.push(Channel { number, ..Channel::default() });
                self.0.len() - 1
            }
            None => return None,
        };
        self.0.get_mut(at)
    }

    /// A client asks that a channel lead to a peer, or goes on to.
    pub fn bind(&mut self, number: u16, peer: (IpAddr, u16)) {
        if let Some(channel) = self.of(number).filter(|channel| channel.peer != Some(peer)) {
            *channel = Channel { number, peer: Some(peer), told: [false; 2] };
        }
    }

    /// Told is that something passes, once for each channel and direction; what it is, is between others.
    pub fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let Some((number, len)) = head(message.bytes) else { return Step::NotMine };
        let is_known = self.0.iter().any(|channel| channel.number == number);
        let took = match message.transport {
            Transport::Udp if fits(len, message) => message.bytes.len(),
            // In a stream nothing tells a channel's data from what lies behind a gap, but its number.
            Transport::Tcp if number < 0x5000 || is_known => 4 + len.next_multiple_of(4),
            _ => return Step::NotMine,
        };
        out.tree.open("stun", "Session Traversal Utilities for NAT", 0..4, || "ChannelData".to_owned());
        out.tree.coded("stun.channel", "Channel Number", 0..2, number, || format!("0x{number:04x}"));
        out.tree.int("stun.length", "Message Length", 2..4, len as i64);
        out.tree.close();
        let end = message.bytes.len().min(4 + len);
        out.aside(|out| {
            // Its ends are others than the packet's, which are not taken for its protocol's.
            let ends = Message { bytes: &[], transport: Transport::Udp, cut: end < 4 + len, ..*message };
            let ends = Message { src: (ends.src.0, 0), dst: (ends.dst.0, 0), ..ends };
            carried::show(message.bytes, 4..end, Some(ends), out);
        });
        let Some(channel) = self.of(number) else { return Step::Took(took) };
        if !std::mem::replace(&mut channel.told[message.side as usize], true) {
            let fact = out.fact("stun", 0..end);
            fact.subject = channel.peer.map_or_else(|| format!("0x{number:04x}"), |(ip, _)| ip.to_string());
            fact.fields.text("msg_type", "channel data");
            fact.fields.int("channel", number.into());
            if let Some((ip, port)) = channel.peer {
                fact.fields.shown("peer_address", ip);
                fact.fields.int("peer_port", port.into());
            }
        }
        Step::Took(took)
    }
}
