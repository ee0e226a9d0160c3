//! QUIC (RFC 9000, 9001; version 2 RFC 9369): its first packets, which anyone on the way can read.
//!
//! Their keys follow from a number in the first of them, so that the hellos of TLS in it are as open as over TCP.

mod keys;
mod packet;

use std::collections::BTreeMap;
use std::ops::Range;

use model::Kind;

use self::keys::{Keys, Pair};
use self::packet::{Form, Long};
use super::cursor::Cursor;
use super::tls::hello::{self, Pieces};
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};
use crate::{Level, Tree};

pub struct Quic;

/// A hello that claims to be longer is not waited for.
const LONGEST_HELLO: usize = 64 * 1024;
const MOST_PIECES: usize = 512;

/// After so many first packets that cannot be read, the flow is let go.
const MOST_FAILURES: u8 = 16;

/// Apart from `tls`, so that hellos over TCP are counted as other tools count them.
static HELLO: Kind = Kind {
    name: "quic_hello",
    about: "A ClientHello or ServerHello inside QUIC.",
    fields: super::tls::KINDS[0].fields,
};

static KINDS: [Kind; 2] = [
    Kind {
        name: "quic",
        about: "The start of a QUIC connection: what each side says first.",
        fields: &[
            ("msg_type", "client_initial, server_initial, retry or version_negotiation"),
            ("version", "of QUIC: 1, 2, draft-29"),
            ("server_name", "host that the client wants (SNI); also in the kind quic_hello"),
            ("client_protocol", "application protocol that the client offers first (ALPN)"),
            ("versions", "versions that the server offers instead"),
            ("client_initial_dcid", "connection id that the first packets' keys follow from, hex"),
            ("client_scid", "connection id that the client chose, hex"),
            ("server_scid", "connection id that the server chose, hex"),
            ("incomplete", "the capture cut the datagram"),
        ],
    },
    HELLO,
];

impl Protocol for Quic {
    fn name(&self) -> &'static str {
        "quic"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 443), (Transport::Udp, 853)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Udp {
            return false;
        }
        let Ok(long) = Long::read(Cursor::new(message.bytes)) else { return false };
        let fixed = message.bytes.first().is_some_and(|first| first & 0x40 != 0);
        let ids = long.dcid.len() + long.scid.len() > 0;
        match long.form {
            // a client's first datagram is at least 1200 bytes long, its first id at least 8
            Form::Initial => fixed && (at_home || long.dcid.len() >= 8 || long.scid.len() >= 4),
            Form::Retry | Form::VersionNegotiation => at_home && ids,
            Form::ZeroRtt | Form::Handshake => at_home && fixed && ids,
            Form::Unknown => false,
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Connection::default())
    }
}

#[derive(Default)]
struct Connection {
    keys: Option<Pair>,
    client: Option<Side>,
    /// What CRYPTO frames said, by their offset, of client and server.
    said: [Crypto; 2],
    failures: u8,
    asked: Option<String>,
}

#[derive(Default)]
struct Crypto {
    pieces: BTreeMap<u64, Vec<u8>>,
    len: usize,
    /// The hello is read.
    done: bool,
}

impl Conversation for Connection {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let took = Step::Took(bytes.len().max(1));
        let over = self.failures >= MOST_FAILURES || self.said.iter().all(|crypto| crypto.done);
        if bytes.is_empty() || over && !out.tree.is_on() {
            return took;
        }
        out.tree.open("quic", "QUIC IETF", 0..bytes.len(), String::new);
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            if first & 0x80 == 0 {
                if first & 0x40 != 0 {
                    out.tree.int("quic.header_form", "Header Form", at..at + 1, 0);
                }
                out.tree.text("quic.short", "QUIC Short Header", at..bytes.len(), "encrypted");
                break;
            }
            match Long::read(Cursor::starting(bytes, at)) {
                Ok(long) => {
                    let end = long.end.min(bytes.len()).max(at + 1);
                    self.packet(message, at..end, &long, out);
                    at = end;
                }
                Err(stop) => {
                    // behind a packet there may be padding
                    if at == 0 && !(stop.short && message.cut) {
                        out.tree.note(Level::Warn, stop.at..stop.at, stop.why);
                    }
                    break;
                }
            }
        }
        out.tree.close();
        took
    }
}

impl Connection {
    fn packet(&mut self, message: &Message, at: Range<usize>, long: &Long, out: &mut Out) {
        out.tree.open("quic.packet", "QUIC Packet", at.clone(), || {
            format!("{}, version {}", long.form.name(), long.version_name())
        });
        long.show(at.start, &mut out.tree);
        match long.form {
            Form::Initial => self.initial(message, at, long, out),
            Form::Retry => {
                let fact = out.fact("quic", at);
                fact.subject = self.asked.clone().unwrap_or_default();
                fact.fields.text("msg_type", "retry");
                fact.fields.text("version", &long.version_name());
                fact.own.text("server_scid", &model::hex(long.scid));
            }
            Form::VersionNegotiation => {
                let versions = message.bytes.get(long.payload.clone()).unwrap_or_default();
                let (versions, _) = versions.as_chunks::<4>();
                let fact = out.fact("quic", at);
                fact.fields.text("msg_type", "version_negotiation");
                let names = versions.iter().take(32).map(|four| packet::version_name(u32::from_be_bytes(*four)));
                fact.fields.texts("versions", names);
                fact.own.text("server_scid", &model::hex(long.scid));
            }
            Form::ZeroRtt | Form::Handshake | Form::Unknown => {}
        }
        out.tree.close();
    }

    fn initial(&mut self, message: &Message, at: Range<usize>, long: &Long, out: &mut Out) {
        let Some(packet) = message.bytes.get(at.clone()) else { return };
        let pn_offset = long.payload.start - at.start;
        let Some((plain, start)) = self.decrypt(message.side, long, packet, pn_offset) else {
            if !message.cut {
                self.failures = self.failures.saturating_add(1);
            }
            out.tree.note(
                Level::Note,
                long.payload.clone(),
                "cannot be decrypted: the connection began before the capture, or this is cut",
            );
            return;
        };
        let from_client = self.client == Some(message.side);
        let crypto = &mut self.said[usize::from(!from_client)];
        let place = at.start + start;
        let (mut inside, mut in_order) = (Vec::new(), 0_u64);
        packet::frames(&plain, place, &mut out.tree, &mut |offset, range| {
            // what lies in one packet in order can be shown where it lies
            if offset == in_order {
                inside.push((in_order as usize, place + range.start));
                in_order += range.len() as u64;
            }
            crypto.add(offset, plain.get(range).unwrap_or_default());
        });
        if crypto.done {
            return;
        }
        let Some(hello) = crypto.hello() else { return };
        crypto.done = true;
        let all_here = in_order >= hello.len() as u64;
        self.hello(&hello, from_client, all_here.then_some(Pieces(inside)), at, long, out);
    }

    fn hello(
        &mut self,
        bytes: &[u8],
        from_client: bool,
        pieces: Option<Pieces>,
        at: Range<usize>,
        long: &Long,
        out: &mut Out,
    ) {
        let is_client = bytes.first() == Some(&1);
        if is_client != from_client {
            return;
        }
        let cursor = Cursor::starting(bytes, 4);
        let (hello, stop) = match pieces {
            Some(pieces) => {
                out.tree.open("tls.handshake", "TLS Handshake", at.clone(), || {
                    if is_client { "Client Hello".into() } else { "Server Hello".into() }
                });
                let read = hello::read(cursor, is_client, 'q', &pieces, &mut out.tree);
                out.tree.close();
                read
            }
            None => hello::read(cursor, is_client, 'q', &Pieces(vec![(0, 0)]), &mut Tree::off()),
        };
        if let Some(stop) = stop {
            out.malformed(at.start, stop.why);
        }
        if is_client {
            self.asked = Some(hello.server_name.clone().unwrap_or_default());
        }
        let subject = self.asked.clone().unwrap_or_default();
        let fact = out.fact("quic", at.clone());
        fact.subject.clone_from(&subject);
        fact.fields.text("msg_type", if is_client { "client_initial" } else { "server_initial" });
        fact.fields.text("version", &long.version_name());
        if let Some(name) = &hello.server_name {
            fact.fields.text("server_name", name);
        }
        if let Some(protocol) = hello.alpn.first().filter(|_| is_client) {
            fact.fields.text("client_protocol", &super::payload::shown(protocol));
        }
        if is_client {
            let dcid = self.keys.as_ref().map(|pair| model::hex(&pair.dcid)).unwrap_or_default();
            fact.own.text("client_initial_dcid", &dcid);
        }
        fact.own.text(if is_client { "client_scid" } else { "server_scid" }, &model::hex(long.scid));
        let fact = out.fact("quic_hello", at);
        hello.write('q', None, fact);
        fact.subject = subject;
    }

    /// The plain text of an Initial packet, and where it begins in it.
    fn decrypt(&mut self, side: Side, long: &Long, packet: &[u8], pn_offset: usize) -> Option<(Vec<u8>, usize)> {
        if let Some(pair) = &self.keys {
            let keys: &Keys = if self.client == Some(side) { &pair.client } else { &pair.server };
            if let Some(plain) = keys.open(packet, pn_offset) {
                return Some(plain);
            }
            if self.client != Some(side) {
                return None;
            }
        }
        // the first packet, or the first after a Retry
        let pair = Pair::derive(long.version, long.dcid)?;
        let plain = pair.client.open(packet, pn_offset)?;
        self.keys = Some(pair);
        self.client = Some(side);
        self.said = [Crypto::default(), Crypto::default()];
        Some(plain)
    }
}

impl Crypto {
    fn add(&mut self, offset: u64, data: &[u8]) {
        if !self.done && self.len + data.len() <= LONGEST_HELLO && self.pieces.len() < MOST_PIECES {
            let former = self.pieces.insert(offset, data.to_vec());
            self.len = self.len + data.len() - former.map_or(0, |former| former.len());
        }
    }

    /// The handshake message at the start, once all of it is there.
    fn hello(&self) -> Option<Vec<u8>> {
        let mut all: Vec<u8> = Vec::new();
        for (offset, piece) in &self.pieces {
            let known = (all.len() as u64).checked_sub(*offset)?;
            if let Some(fresh) = usize::try_from(known).ok().and_then(|known| piece.get(known..)) {
                all.extend_from_slice(fresh);
            }
        }
        let [1 | 2, high, middle, low] = all.first_chunk()? else { return None };
        let len = 4 + u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        all.get(..len).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests;
