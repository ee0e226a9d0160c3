//! Drives a protocol as the engine does, for tests that are tables of bytes and text.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

use super::{ALL, Message, Out, Protocol, Side, Step, Transport};
use crate::origin::Origin;
use crate::{Node, Tree, Value};

/// The bytes of hex digits; white space is ignored.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// A message on the protocol's own port, from the side that opened the flow or the other.
pub fn message<'a>(protocol: &dyn Protocol, transport: Transport, side: Side, bytes: &'a [u8]) -> Message<'a> {
    let home = protocol.ports().iter().find(|(of, _)| *of == transport).map_or(9999, |(_, port)| *port);
    let client = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 40_000);
    let server = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), home);
    let (src, dst) = if side == Side::Orig { (client, server) } else { (server, client) };
    Message { bytes, transport, side, src, dst, src_mac: None, cut: false, origin: Origin::default() }
}

/// Whether the protocol would take these first bytes of a flow.
pub fn taken(protocol: &dyn Protocol, transport: Transport, at_home: bool, bytes: &[u8]) -> bool {
    protocol.recognises(&message(protocol, transport, Side::Orig, bytes), at_home)
}

/// Which protocol of all takes these first bytes of a flow, on ports that are no one's.
pub fn found(transport: Transport, bytes: &[u8]) -> Option<&'static str> {
    let [src, dst] = [7, 1].map(|host| (IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 40_000));
    let message =
        Message { bytes, transport, side: Side::Orig, src, dst, src_mac: None, cut: false, origin: Origin::default() };
    crate::service::recognise(&message).map(Protocol::name)
}

/// Datagrams of one flow: facts and issues, a line each.
pub fn datagrams(protocol: &dyn Protocol, datagrams: &[(Side, &[u8])]) -> String {
    let mut conversation = protocol.conversation();
    let (mut text, mut observed) = (String::new(), Default::default());
    for (side, bytes) in datagrams {
        let mut out = Out { observed, ..Out::new(Tree::on()) };
        let step = conversation.read(&message(protocol, Transport::Udp, *side, bytes), &mut out);
        observed = std::mem::take(&mut out.observed);
        assert_ne!(step, Step::More, "a datagram has no more");
        lines(&mut text, out, bytes.len());
    }
    for side in [Side::Orig, Side::Resp] {
        let mut out = Out::new(Tree::on());
        conversation.finish(&message(protocol, Transport::Udp, side, &[]), &mut out);
        lines(&mut text, out, 0);
    }
    text
}

/// TCP segments of one flow in the order of arrival: facts and issues, a line each. The streams end after the last.
pub fn segments(protocol: &dyn Protocol, segments: &[(Side, &[u8])]) -> String {
    let mut conversation = protocol.conversation();
    let mut text = String::new();
    let mut streams = [Stream::default(), Stream::default()];
    for (side, bytes) in segments {
        let stream = &mut streams[usize::from(*side == Side::Resp)];
        stream.unread.extend_from_slice(bytes);
        stream.read(protocol, conversation.as_mut(), *side, false, &mut text);
    }
    for (side, stream) in [Side::Orig, Side::Resp].into_iter().zip(&mut streams) {
        stream.read(protocol, conversation.as_mut(), side, true, &mut text);
    }
    for side in [Side::Orig, Side::Resp] {
        let mut out = Out::new(Tree::on());
        conversation.finish(&message(protocol, Transport::Tcp, side, &[]), &mut out);
        lines(&mut text, out, 0);
    }
    text
}

#[derive(Default)]
struct Stream {
    unread: Vec<u8>,
    skip: usize,
    over: bool,
}

impl Stream {
    fn read(
        &mut self,
        protocol: &dyn Protocol,
        with: &mut dyn super::Conversation,
        side: Side,
        cut: bool,
        text: &mut String,
    ) {
        loop {
            let skipped = self.skip.min(self.unread.len());
            self.unread.drain(..skipped);
            self.skip -= skipped;
            if self.over || self.unread.is_empty() {
                return;
            }
            let mut out = Out::new(Tree::on());
            let message = Message { cut, ..message(protocol, Transport::Tcp, side, &self.unread) };
            let step = with.read(&message, &mut out);
            lines(text, out, self.unread.len());
            match step {
                Step::Took(n) => {
                    assert!(n > 0, "took nothing");
                    self.skip = n;
                }
                Step::More => {
                    assert!(!cut, "wants more, where no more will come");
                    return;
                }
                Step::Done => self.over = true,
                Step::NotMine => {
                    let _ = writeln!(text, "not mine");
                    self.over = true;
                }
            }
        }
    }
}

/// Facts as `kind 'subject' fields own`, issues as `! at why`; holds them and the tree to their rules.
pub fn lines(text: &mut String, mut out: Out, len: usize) {
    out.tree.int("test.depth", "Depth", 0..0, 0);
    for fact in out.facts {
        let (fields, own) = (fact.fields.to_json(), fact.own.to_json());
        let kinds = ALL.iter().flat_map(|p| p.kinds()).chain(crate::layers::KINDS);
        let kind = kinds.into_iter().find(|kind| kind.name == fact.kind).expect("a declared kind");
        let declared: BTreeSet<&str> = kind.fields.iter().map(|(name, _)| *name).collect();
        let mut seen = BTreeSet::new();
        for object in [&fields, &own] {
            let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(object).expect("valid JSON");
            assert_eq!(json.len(), object_keys(object), "a key is written twice: {object}");
            for key in json.keys() {
                assert!(declared.contains(key.as_str()), "{} does not declare {key}", fact.kind);
                assert!(seen.insert(key.clone()), "{key} is in fields and own");
            }
        }
        let inside = fact.bytes.start < fact.bytes.end && fact.bytes.end <= len;
        assert!(inside || fact.place.is_some(), "a fact is about bytes of the message");
        let _ = writeln!(text, "{} '{}' {fields} {own}", fact.kind, fact.subject);
    }
    for complaint in out.complaints {
        assert!(complaint.at <= len);
        let _ = writeln!(text, "! {} {}", complaint.at, complaint.why);
    }
    let nodes = out.tree.into_nodes();
    assert!(nodes.len() >= 20_000 || nodes.last().is_none_or(|n| n.depth == 0), "a group was left open");
    for node in &nodes {
        assert!(node.bytes.start <= node.bytes.end && node.bytes.end <= len, "{node:?} is outside the message");
    }
}

/// Members of the outer object, repeated keys counted.
fn object_keys(json: &str) -> usize {
    let (mut depth, mut quoted, mut escaped, mut commas, mut empty) = (0, false, false, 0, true);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 1 => commas += 1,
            _ => {}
        }
        empty &= depth < 1 || matches!(c, '{' | '}');
    }
    if empty { 0 } else { commas + 1 }
}

/// The tree of one message: `  name = value [start..end]`, nested by indent.
pub fn tree(protocol: &dyn Protocol, transport: Transport, side: Side, bytes: &[u8]) -> String {
    let mut out = Out::new(Tree::on());
    protocol.conversation().read(&message(protocol, transport, side, bytes), &mut out);
    let mut text = String::new();
    for Node { name, value, shown, bytes, depth, .. } in out.tree.into_nodes() {
        let value = match (shown, value) {
            (Some(shown), _) => shown,
            (_, Value::None) => String::new(),
            (_, Value::Int(int)) => int.to_string(),
            (_, Value::Text(text)) => text,
        };
        let _ = writeln!(text, "{:indent$}{name} = {value} {bytes:?}", "", indent = usize::from(depth) * 2);
    }
    text
}

/// Reads every beginning of each sample, and many thousand damaged ones, both as what a capture cut and as what was sent.
/// Nothing may panic, stand still, or break the rules of [`lines`].
pub fn survives(protocol: &dyn Protocol, transport: Transport, samples: &[Vec<u8>]) {
    let read = |bytes: &[u8], side: Side| {
        let message = message(protocol, transport, side, bytes);
        for at_home in [false, true] {
            protocol.recognises(&message, at_home);
        }
        match transport {
            Transport::Udp => {
                datagrams(protocol, &[(side, bytes)]);
                let mut out = Out::new(Tree::off());
                protocol.conversation().read(&Message { cut: true, ..message }, &mut out);
                lines(&mut String::new(), out, bytes.len());
            }
            Transport::Tcp => {
                let middle = bytes.len() / 2;
                segments(protocol, &[(side, &bytes[..middle]), (side, &bytes[middle..])]);
            }
        }
    };
    for sample in samples {
        for len in 0..=sample.len() {
            read(&sample[..len], Side::Orig);
            read(&sample[..len], Side::Resp);
        }
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for n in 0..20_000 {
        let mut bytes = samples[random.below(samples.len())].clone();
        for _ in 0..=random.below(4) {
            random.damage(&mut bytes);
        }
        read(&bytes, if n % 2 == 0 { Side::Orig } else { Side::Resp });
    }
}

/// xorshift64: the same numbers every time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 32) as u8).collect()
    }

    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return bytes.push(self.next() as u8);
        }
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.next() as u8,
            2 => bytes[at] = [0, 0xff, 0x7f, 0x80, 0xc0][self.below(5)],
            3 => bytes.truncate(at),
            4 => {
                let from = self.below(bytes.len());
                let piece = bytes[from..(from + 8).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                bytes.drain(at..(at + 1 + self.below(4)).min(bytes.len()));
            }
        }
    }
}
