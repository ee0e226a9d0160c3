//! Speaks with a protocol as the engine does, and holds what it says to the rules.

use std::net::{IpAddr, Ipv4Addr};

use dissect::Tree;
use dissect::protocols::{ALL, Conversation, Message, Out, Protocol, Side, Step, Transport};

/// Bytes of one side: a datagram, or a segment of a stream.
pub struct Piece<'a> {
    pub side: Side,
    pub bytes: &'a [u8],
    /// Bytes before these are missing from the capture.
    pub gap: bool,
}

/// How a conversation is held.
#[derive(Clone, Copy)]
pub struct Manner {
    pub transport: Transport,
    /// On the protocol's own port.
    pub home: bool,
    /// Fields are asked for, not only facts.
    pub fields: bool,
    /// Datagrams are cut by the capture.
    pub cut: bool,
}

/// What a message may at most give: facts and issues for each of its bytes, and fields.
const FACTS_PER_BYTE: usize = 1;
const MOST_FACTS: usize = 64;
const MOST_NODES: usize = 20_000;

pub const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 7), 40_000);

/// The protocol's port over this transport, or one that is no one's.
pub fn server(protocol: &dyn Protocol, transport: Transport, home: bool) -> (Ipv4Addr, u16) {
    let own = protocol.ports().iter().find(|(over, _)| home && *over == transport);
    (Ipv4Addr::new(192, 0, 2, 1), own.map_or(9_999, |(_, port)| *port))
}

/// Has one new conversation.
pub fn talk(protocol: &dyn Protocol, manner: Manner, pieces: &[Piece]) {
    let mut conversation = protocol.conversation();
    let mut streams = [Stream::default(), Stream::default()];
    for piece in pieces {
        let message = message(protocol, manner, piece.side, piece.bytes);
        protocol.recognises(&message, manner.home);
        let stream = &mut streams[usize::from(piece.side == Side::Resp)];
        if piece.gap {
            conversation.gap(piece.side);
            stream.unread.clear();
        }
        match manner.transport {
            Transport::Udp if piece.bytes.is_empty() => {}
            Transport::Udp => {
                let mut message = message;
                message.cut = manner.cut;
                let step = step(conversation.as_mut(), &message, manner.fields);
                assert_ne!(step, Step::More, "a datagram has no more");
            }
            Transport::Tcp => {
                stream.unread.extend_from_slice(piece.bytes);
                stream.read(protocol, conversation.as_mut(), manner, piece.side, false);
            }
        }
    }
    for (side, stream) in [Side::Orig, Side::Resp].into_iter().zip(&mut streams) {
        stream.read(protocol, conversation.as_mut(), manner, side, true);
    }
}

fn message<'a>(protocol: &dyn Protocol, manner: Manner, side: Side, bytes: &'a [u8]) -> Message<'a> {
    let server = server(protocol, manner.transport, manner.home);
    let (src, dst) = if side == Side::Orig { (CLIENT, server) } else { (server, CLIENT) };
    let end = |(ip, port): (Ipv4Addr, u16)| (IpAddr::V4(ip), port);
    Message::new(bytes, manner.transport, side, end(src), end(dst))
}

#[derive(Default)]
struct Stream {
    unread: Vec<u8>,
    skip: usize,
    over: bool,
}

impl Stream {
    fn read(&mut self, protocol: &dyn Protocol, with: &mut dyn Conversation, manner: Manner, side: Side, cut: bool) {
        let mut at = 0;
        while !self.over {
            let skipped = self.skip.min(self.unread.len() - at);
            self.skip -= skipped;
            at += skipped;
            if at == self.unread.len() {
                break;
            }
            let mut message = message(protocol, manner, side, &self.unread[at..]);
            message.cut = cut;
            match step(with, &message, manner.fields) {
                Step::Took(n) => self.skip = n,
                Step::More => {
                    assert!(!cut, "wants more, where no more will come");
                    break;
                }
                Step::Done | Step::NotMine => self.over = true,
            }
        }
        self.unread.drain(..at);
    }
}

/// Reads one message, and checks what was made of it.
fn step(with: &mut dyn Conversation, message: &Message, fields: bool) -> Step {
    let mut out = Out::new(if fields { Tree::on() } else { Tree::off() });
    let step = with.read(message, &mut out);
    assert_ne!(step, Step::Took(0), "stands still");
    let length = message.bytes.len();
    let most = MOST_FACTS + FACTS_PER_BYTE * length;
    assert!(out.facts.len() <= most, "{} facts of {length} bytes", out.facts.len());
    assert!(out.complaints.len() <= most, "{} issues of {length} bytes", out.complaints.len());
    for fact in out.facts.iter() {
        // A body that began in earlier messages says itself where it is.
        let inside = fact.place.is_some() || fact.bytes.start < fact.bytes.end && fact.bytes.end <= length;
        assert!(inside, "{} is about {:?} of {length} bytes", fact.kind, fact.bytes);
        let declared = ALL.iter().any(|protocol| protocol.kinds().iter().any(|kind| kind.name == fact.kind));
        assert!(declared, "{} is no kind", fact.kind);
    }
    for complaint in &out.complaints {
        assert!(complaint.at <= length, "'{}' is at {} of {length} bytes", complaint.why, complaint.at);
    }
    let nodes = out.tree.into_nodes();
    assert!(nodes.len() <= MOST_NODES, "{} fields", nodes.len());
    for node in &nodes {
        assert!(node.bytes.start <= node.bytes.end && node.bytes.end <= length, "{node:?} of {length} bytes");
    }
    step
}
