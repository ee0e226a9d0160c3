//! DTLS up to 1.2 (RFC 6347): TLS in datagrams, as CoAP devices and lamps use it.

use std::ops::Range;

use model::Kind;

use super::hello::{self, Pieces};
use super::{CLIENT_HELLO, CLIENT_KEY_EXCHANGE, HANDSHAKE, SERVER_HELLO, names};
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::{Conversation, Message, Out, Protocol, Step, Transport};

/// Its facts are of the kind `tls`.
pub struct Dtls;

/// A message in more and larger fragments is not put together.
const LONGEST_MESSAGE: usize = 16 * 1024;

impl Protocol for Dtls {
    fn name(&self) -> &'static str {
        "dtls"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 5684), (Transport::Udp, 2100)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Udp {
            return false;
        }
        let mut cursor = Cursor::new(message.bytes);
        let Ok(record) = Record::read(&mut cursor) else { return false };
        if at_home && record.epoch > 0 {
            return matches!(record.kind, 20..=25);
        }
        let mut content = Cursor::starting(message.bytes, record.content.start);
        record.kind == HANDSHAKE
            && record.epoch == 0
            && Fragment::read(&mut content).is_ok_and(|fragment| {
                matches!(fragment.kind, 1..=3 | 11..=16) && fragment.offset + fragment.data.len() <= fragment.len
            })
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

struct Record {
    kind: u8,
    version: u16,
    epoch: u16,
    content: Range<usize>,
}

impl Record {
    fn read(cursor: &mut Cursor) -> Result<Record, Stop> {
        let why = "DTLS record cut short";
        let start = cursor.stop("no DTLS record begins here");
        let kind = cursor.u8(why)?;
        let version = cursor.u16(why)?;
        if !matches!(kind, 20..=25) || !matches!(version, 0xfeff | 0xfefd | 0x0100) {
            return Err(start);
        }
        let epoch = cursor.u16(why)?;
        cursor.take(6, why)?; // sequence number
        let len = cursor.u16(why)?;
        let content = cursor.part(len.into(), why)?.remaining();
        Ok(Record { kind, version, epoch, content })
    }
}

/// A handshake message or a part of it (section 4.2.2).
struct Fragment {
    kind: u8,
    len: usize,
    sequence: u16,
    offset: usize,
    data: Range<usize>,
}

impl Fragment {
    fn read(cursor: &mut Cursor) -> Result<Fragment, Stop> {
        let why = "DTLS handshake message cut short";
        let u24 = |cursor: &mut Cursor| -> Result<usize, Stop> {
            let high = cursor.u8(why)?;
            Ok(usize::from(high) << 16 | usize::from(cursor.u16(why)?))
        };
        let kind = cursor.u8(why)?;
        let len = u24(cursor)?;
        let sequence = cursor.u16(why)?;
        let offset = u24(cursor)?;
        let part = u24(cursor)?;
        let data = cursor.part(part, why)?.remaining();
        Ok(Fragment { kind, len, sequence, offset, data })
    }
}

#[derive(Default)]
struct Session {
    /// What each side has said so far of a message in fragments: its number, and its bytes from the start.
    partial: [Option<(u16, Vec<u8>)>; 2],
    server_name: String,
    psk: bool,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        out.tree.open("dtls", "Datagram Transport Layer Security", 0..bytes.len(), String::new);
        let mut cursor = Cursor::new(bytes);
        while !cursor.is_empty() {
            let start = cursor.at();
            let record = match Record::read(&mut cursor) {
                Ok(record) => record,
                Err(stop) => {
                    stop.tell(message, out);
                    break;
                }
            };
            let name = names::content_type(record.kind);
            out.tree.open("dtls.record", "Record Layer", cursor.since(start), || name.to_owned());
            out.tree.int("dtls.record.content_type", "Content Type", start..start + 1, record.kind);
            out.tree.text("dtls.record.version", "Version", start + 1..start + 3, names::version(record.version));
            out.tree.int("dtls.record.epoch", "Epoch", start + 3..start + 5, record.epoch);
            out.tree.int("dtls.record.length", "Length", start + 11..start + 13, record.content.len());
            out.tree.close();
            if record.kind == HANDSHAKE && record.epoch == 0 {
                let mut content = Cursor::starting(bytes, record.content.start);
                let content = content.part(record.content.len(), "DTLS record cut short");
                if let Err(stop) = content.and_then(|content| self.handshake(message, content, out)) {
                    stop.tell(message, out);
                }
            }
        }
        out.tree.close();
        Step::Took(bytes.len().max(1))
    }
}

impl Session {
    fn handshake(&mut self, message: &Message, mut content: Cursor, out: &mut Out) -> Result<(), Stop> {
        while !content.is_empty() {
            let start = content.at();
            let fragment = Fragment::read(&mut content)?;
            let range = content.since(start);
            let name = names::handshake(fragment.kind);
            out.tree.open("dtls.handshake", "Handshake Protocol", range.clone(), || name.to_owned());
            out.tree.coded("dtls.handshake.type", "Handshake Type", start..start + 1, fragment.kind, || {
                format!("{} ({name})", fragment.kind)
            });
            self.fragment(message, &fragment, range, out);
            out.tree.close();
        }
        Ok(())
    }

    fn fragment(&mut self, message: &Message, fragment: &Fragment, range: Range<usize>, out: &mut Out) {
        let data = message.bytes.get(fragment.data.clone()).unwrap_or_default();
        if data.len() == fragment.len {
            let pieces = Pieces(vec![(0, fragment.data.start)]);
            return self.whole(fragment.kind, data, &pieces, range, out);
        }
        let partial = &mut self.partial[message.side as usize];
        if fragment.offset == 0 {
            *partial = Some((fragment.sequence, Vec::new()));
        }
        let Some((sequence, said)) = partial else { return };
        if *sequence == fragment.sequence && said.len() == fragment.offset && fragment.len <= LONGEST_MESSAGE {
            said.extend_from_slice(data);
            if said.len() == fragment.len {
                let said = std::mem::take(said);
                // its fields lie in several datagrams: the tree shows none of them
                let mut aside = Out::default();
                self.whole(fragment.kind, &said, &Pieces(vec![(0, 0)]), 0..said.len(), &mut aside);
                for mut fact in aside.facts {
                    fact.bytes = range.clone();
                    out.facts.push(fact);
                }
            }
        }
    }

    fn whole(&mut self, kind: u8, body: &[u8], pieces: &Pieces, range: Range<usize>, out: &mut Out) {
        match kind {
            CLIENT_HELLO | SERVER_HELLO => {
                let client = kind == CLIENT_HELLO;
                let (hello, stop) = hello::read(Cursor::new(body), client, 'd', pieces, &mut out.tree);
                if let Some(stop) = stop {
                    out.malformed(stop.at, stop.why);
                }
                if client {
                    self.server_name = hello.server_name.clone().unwrap_or_default();
                } else {
                    self.psk = hello.is_psk();
                }
                let fact = out.fact("tls", range);
                hello.write('d', None, fact);
                fact.subject.clone_from(&self.server_name);
            }
            CLIENT_KEY_EXCHANGE if self.psk => {
                super::psk_identity(Cursor::new(body), pieces, range, &self.server_name, out);
            }
            _ => {}
        }
    }
}
