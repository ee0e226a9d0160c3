//! A conversation's payload as both sides said it, in the order of capture: what Wireshark calls following a stream.
//!
//! It can be left and taken up again at any frame, so that a long conversation is read page by page.

use std::net::IpAddr;

use model::Frame;

use crate::fragment::Fragments;
use crate::layers::{self, ACK, Layers, SYN};
use crate::protocols::Out;
use crate::stream::{Next, Stream};
use crate::tree::Tree;

/// A stretch of payload, or of what is missing of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said<'a> {
    pub from_orig: bool,
    /// The frame that brought it.
    pub frame: u64,
    /// Position in what this side said.
    pub at: u64,
    pub bytes: &'a [u8],
    /// Bytes that no frame holds; then `bytes` is empty.
    pub missing: u64,
}

/// Where to take a conversation up again. Sides: the one that opened it, the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowState {
    /// TCP: sequence number expected next.
    pub next: [Option<u32>; 2],
    /// Bytes told so far, missing ones included.
    pub told: [u64; 2],
    /// The earliest frame whose bytes wait for others: has to be seen again.
    pub waiting: Option<u64>,
}

/// Follows one conversation.
pub struct Follow {
    tcp: bool,
    /// Who opened it; the port only where there are ports.
    orig: (IpAddr, Option<u16>),
    resp: IpAddr,
    streams: [Stream; 2],
    told: [u64; 2],
    fragments: Fragments,
    out: Out,
}

impl Follow {
    /// `proto` as in the flow: `tcp`, `udp`, ...
    pub fn new(proto: &str, orig: (IpAddr, u16), resp: IpAddr) -> Follow {
        Follow {
            tcp: proto == "tcp",
            orig: (orig.0, matches!(proto, "tcp" | "udp").then_some(orig.1)),
            resp,
            streams: Default::default(),
            told: [0; 2],
            fragments: Fragments::default(),
            out: Out::new(Tree::off()),
        }
    }

    /// As it stood when it was left.
    pub fn resume(&mut self, state: &FollowState) {
        self.told = state.told;
        for (stream, next) in self.streams.iter_mut().zip(state.next) {
            *stream = Stream::default();
            if let Some(next) = next {
                stream.resume(next);
            }
        }
    }

    pub fn state(&self) -> FollowState {
        let [orig, resp] = &self.streams;
        let waiting = [orig.waiting_from(), resp.waiting_from()].into_iter().flatten().min();
        FollowState { next: [orig.expected(), resp.expected()], told: self.told, waiting }
    }

    /// Reads a frame of the conversation, or a fragment that belongs to one; calls `each` with all that is in order now.
    pub fn frame(&mut self, frame: &Frame, each: &mut dyn FnMut(Said)) {
        self.out.facts.clear();
        self.out.complaints.clear();
        let layers = layers::read(frame.bytes, frame.link_type, frame.wire_len, &mut self.out);
        match (&layers.fragment, layers.ip) {
            (Some(fragment), Some(ip)) => {
                let mine = [self.orig.0, self.resp];
                if !mine.contains(&ip.src) || !mine.contains(&ip.dst) {
                    return;
                }
                if let Some((bytes, _)) = self.fragments.add(frame, &ip, fragment) {
                    let inner = layers::read_reassembled(&bytes, ip, &mut self.out);
                    self.payload(frame.number, &bytes, &inner, each);
                }
            }
            _ => self.payload(frame.number, frame.bytes, &layers, each),
        }
    }

    /// The conversation has ended: what is still missing will not come.
    pub fn finish(&mut self, each: &mut dyn FnMut(Said)) {
        for side in 0..2 {
            let told = &mut self.told;
            self.streams[side].finish(&mut |_, next| tell(told, side, 0, next, each));
        }
    }

    fn payload(&mut self, frame: u64, bytes: &[u8], layers: &Layers, each: &mut dyn FnMut(Said)) {
        let (Some(ip), Some(transport)) = (&layers.ip, &layers.transport) else { return };
        let from_orig = ip.src == self.orig.0 && self.orig.1.is_none_or(|port| port == transport.src_port);
        let side = usize::from(!from_orig);
        let payload = bytes.get(transport.payload.clone()).unwrap_or_default();
        let length = transport.payload_len;
        let told = &mut self.told;
        let Some(tcp) = transport.tcp.filter(|_| self.tcp) else {
            let kept = payload.get(..length as usize).unwrap_or(payload);
            tell(told, side, frame, Next::Bytes { bytes: kept, frame, offset: 0 }, each);
            let lost = length - (kept.len() as u32).min(length);
            return tell(told, side, frame, Next::Gap(lost), each);
        };
        let [orig, resp] = &mut self.streams;
        let (mine, other) = if from_orig { (orig, resp) } else { (resp, orig) };
        if tcp.flags & ACK != 0 {
            other.acknowledged(tcp.ack, &mut |_, next| tell(told, 1 - side, frame, next, each));
        }
        if tcp.flags & SYN != 0 && mine.expected().is_none() {
            mine.open(tcp.seq);
        }
        if length > 0 {
            let seq = if tcp.flags & SYN != 0 { tcp.seq.wrapping_add(1) } else { tcp.seq };
            mine.take(seq, payload, length, frame, 0, &mut |_, next| tell(told, side, frame, next, each));
        }
    }
}

fn tell(told: &mut [u64; 2], side: usize, now: u64, next: Next, each: &mut dyn FnMut(Said)) {
    let Some(told) = told.get_mut(side) else { return };
    let (frame, bytes, missing) = match next {
        Next::Bytes { bytes, frame, .. } => (frame, bytes, 0),
        Next::Gap(missing) => (now, &[][..], u64::from(missing)),
    };
    let length = bytes.len() as u64 + missing;
    if length > 0 {
        each(Said { from_orig: side == 0, frame, at: *told, bytes, missing });
        *told += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// Raw IPv4 with TCP: from 10.0.0.1:1000 to 10.0.0.2:80, or back.
    fn tcp(from_orig: bool, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let ((src, sport), (dst, dport)) = if from_orig { ((1, 1000_u16), (2, 80_u16)) } else { ((2, 80), (1, 1000)) };
        let total = 40 + payload.len() as u16;
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, src, 10, 0, 0, dst]);
        bytes.extend(sport.to_be_bytes());
        bytes.extend(dport.to_be_bytes());
        bytes.extend(seq.to_be_bytes());
        bytes.extend(ack.to_be_bytes());
        bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(payload);
        bytes
    }

    fn follow() -> Follow {
        let ip = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        Follow::new("tcp", (ip(1), 1000), ip(2))
    }

    fn feed(follow: &mut Follow, number: u64, bytes: &[u8], text: &mut String) {
        let frame =
            Frame { number, ts: None, offset: 0, bytes, wire_len: bytes.len() as u32, interface: 0, link_type: 101 };
        follow.frame(&frame, &mut |said| say(text, said));
    }

    fn say(text: &mut String, said: Said) {
        let side = if said.from_orig { '>' } else { '<' };
        let what = String::from_utf8_lossy(said.bytes);
        let missing = if said.missing > 0 { format!("[{}]", said.missing) } else { String::new() };
        text.push_str(&format!("{side}{}@{}:{what}{missing} ", said.frame, said.at));
    }

    /// A request, and an answer whose segments come out of order, one twice, and with one lost.
    fn conversation() -> Vec<Vec<u8>> {
        vec![
            tcp(true, 99, 0, SYN, b""),
            tcp(false, 499, 100, SYN | ACK, b""),
            tcp(true, 100, 500, ACK, b"GET"),
            tcp(false, 503, 103, ACK, b"def"),
            tcp(false, 500, 103, ACK, b"abc"),
            tcp(false, 500, 103, ACK, b"abc"),
            tcp(true, 103, 506, ACK, b"more"),
            tcp(false, 508, 107, ACK, b"ij"),
            tcp(true, 107, 510, ACK, b""),
        ]
    }

    const TOLD: &str = ">3@0:GET <5@0:abc <4@3:def >7@3:more <9@6:[2] <8@8:ij ";

    #[test]
    fn both_sides_in_order_of_capture() {
        let (mut follow, mut text) = (follow(), String::new());
        for (n, bytes) in conversation().iter().enumerate() {
            feed(&mut follow, n as u64 + 1, bytes, &mut text);
        }
        follow.finish(&mut |said| say(&mut text, said));
        assert_eq!(text, TOLD);
    }

    #[test]
    fn left_and_taken_up_again_at_any_frame() {
        let frames = conversation();
        for stop in 1..frames.len() {
            let (mut first, mut text) = (follow(), String::new());
            for (n, bytes) in frames.iter().enumerate().take(stop) {
                feed(&mut first, n as u64 + 1, bytes, &mut text);
            }
            let state = first.state();
            let mut second = follow();
            second.resume(&state);
            let from = state.waiting.map_or(stop, |frame| frame as usize - 1);
            for (n, bytes) in frames.iter().enumerate().skip(from) {
                feed(&mut second, n as u64 + 1, bytes, &mut text);
            }
            second.finish(&mut |said| say(&mut text, said));
            assert_eq!(text, TOLD, "left after frame {stop}");
        }
    }
}
