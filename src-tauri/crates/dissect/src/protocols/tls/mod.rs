//! TLS up to 1.3 (RFC 8446, 5246): what both sides say before they encrypt, and with a key log what they say then.

mod certificate;
mod cipher;
mod der;
pub mod dtls;
mod fingerprint;
pub mod hello;
mod inner;
mod names;
mod open;
mod records;
mod secrets;

pub use self::secrets::Secrets;

use std::borrow::Cow;
use std::ops::Range;

use model::Kind;

use self::hello::{Hello, Pieces};
use self::open::Open;
use self::records::Hellos;
use super::cursor::Cursor;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};
use crate::Tree;

pub struct Tls;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// RFC 8446 section 5.2: no record's content is longer.
const LONGEST_RECORD: usize = (1 << 14) + 2048;

/// A hello or chain of certificates that claims to be longer is not waited for.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// RFC 7366.
const ENCRYPT_THEN_MAC: u16 = 22;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

pub(super) static KINDS: [Kind; 2] = [
    Kind {
        name: "tls",
        about: "A ClientHello or ServerHello, over TCP or DTLS; or which key a client means, if it names one.",
        fields: &[
            ("msg_type", "client_hello or server_hello"),
            ("server_name", "host that the client wants (SNI)"),
            ("version", "highest version that the client offers, or the one that the server chose"),
            ("cipher", "cipher suite that the server chose"),
            ("next_protocol", "application protocol that the server chose (ALPN)"),
            ("alpn", "application protocols that the client offers"),
            ("ja3", "fingerprint of the client's software: MD5 of what it offers, in its order"),
            ("ja4", "fingerprint of the client's software: what it offers, sorted"),
            ("ja3s", "fingerprint of the server's answer"),
            ("versions", "all versions that the client offers"),
            ("legacy_version", "version in the hello's old field"),
            ("ciphers", "cipher suites that the client offers, hex"),
            ("psk_identity", "which key the client means, of those that both know from before"),
            ("curve", "group that the server chose for the key exchange (1.3)"),
            ("resumed", "the server takes up a former session"),
            ("session_ticket", "the client holds a ticket of a former session (up to 1.2)"),
            ("psk", "the client offers a key from before (1.3): most often a former session"),
            ("early_data", "the client sends data before the server answers"),
            ("ech", "an encrypted hello is inside: server_name is only the outer one"),
            ("hello_retry", "the server asks for another hello"),
            ("client_random", "the hello's random bytes, hex: finds the keys in a key log"),
            ("session_id", "hex"),
            ("incomplete", "the capture cut the hello"),
        ],
    },
    certificate::KIND,
];

impl Protocol for Tls {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[
            (Transport::Tcp, 443),
            (Transport::Tcp, 8443),
            (Transport::Tcp, 8883),
            (Transport::Tcp, 853),
            (Transport::Tcp, 993),
            (Transport::Tcp, 995),
            (Transport::Tcp, 465),
            (Transport::Tcp, 5223),
            (Transport::Tcp, 8009),
        ]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Tcp {
            return false;
        }
        is_hello(message.bytes)
            || at_home && record(message.bytes).is_some_and(|(kind, len)| kind != HEARTBEAT && len > 0)
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// A record with the start of a hello in it.
pub fn is_hello(bytes: &[u8]) -> bool {
    let Some((HANDSHAKE, len)) = record(bytes) else { return false };
    let Some([kind @ (1 | 2), high, middle, low, 3, 0..=4]) = bytes.get(5..).and_then(|rest| rest.first_chunk::<6>())
    else {
        return false;
    };
    let claimed = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
    // a ServerHello may share its record with what follows; a ClientHello stands alone, but may span several
    (38..LONGEST_MESSAGE).contains(&claimed) && (*kind == 2 || claimed + 4 >= len)
}

/// Content type and length of the record that begins here.
fn record(bytes: &[u8]) -> Option<(u8, usize)> {
    let [kind @ CHANGE_CIPHER_SPEC..=HEARTBEAT, 3, 0..=4, high, low] = bytes.first_chunk()? else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    (len <= LONGEST_RECORD).then_some((*kind, len))
}

/// What one record says about the next.
#[derive(Default)]
pub struct Session {
    sides: [Half; 2],
    /// What the client asked for: an answer belongs to it.
    asked: Option<Asked>,
    /// The server chose a key that both know from before: the client says which.
    psk: bool,
    hellos: Hellos,
    /// A key log was asked for this connection's secrets.
    sought: bool,
    /// It has them.
    open: Option<Box<Open>>,
}

#[derive(Default)]
struct Half {
    any: bool,
    /// Bytes are missing: records may begin anywhere.
    lost: bool,
    encrypted: bool,
    /// So many bytes of the handshake record in progress are still to come.
    left: usize,
    /// So many bytes of the handshake message in progress are still to come; it is not one that we read.
    inside: usize,
}

struct Asked {
    side: Side,
    server_name: String,
    session_id: Vec<u8>,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let half = &mut self.sides[message.side as usize];
        if half.left > 0 {
            let left = half.left;
            return self.handshake(message, 0, left, out);
        }
        if bytes.len() < 5 {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        }
        let Some((kind, len)) = record(bytes) else {
            if !half.any {
                return Step::NotMine;
            }
            if !half.lost {
                out.tree.open("tls", "Transport Layer Security", 0..bytes.len(), String::new);
                out.malformed(0, "no TLS record begins here");
                out.tree.close();
            }
            return Step::Done;
        };
        let first = !std::mem::replace(&mut half.any, true);
        half.lost = false;
        // after a hello in the clear others follow only where the server asked for another try
        if kind == HANDSHAKE && len > 0 && (!half.encrypted || is_hello(bytes)) {
            return self.handshake(message, 5, len, out);
        }
        let sealed = kind == APPLICATION_DATA || half.encrypted && kind != CHANGE_CIPHER_SPEC;
        half.encrypted |= kind == CHANGE_CIPHER_SPEC;
        if sealed && self.is_open(out) {
            return self.opened(message, len, out);
        }
        let here = 5..(5 + len).min(bytes.len());
        out.tree.open("tls", "Transport Layer Security", 0..here.end, || names::content_type(kind).to_owned());
        show_record(bytes, 0, here.end, out);
        if let (ALERT, Some([level, what])) = (kind, bytes.get(here)) {
            show_alert(5, *level, *what, &mut out.tree);
        }
        out.tree.close();
        // where someone looks at one frame, all of its records are shown; first: a capture that began later
        let encrypted = matches!(kind, APPLICATION_DATA | HANDSHAKE) && !first;
        if encrypted && !out.tree.is_on() { Step::Done } else { Step::Took(5 + len) }
    }

    fn gap(&mut self, side: Side) {
        let half = &mut self.sides[side as usize];
        (half.left, half.inside, half.lost) = (0, 0, true);
        if let Some(open) = &mut self.open {
            open.gap(side);
        }
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        if let Some(open) = &mut self.open {
            open.finish(message, out);
        }
    }
}

impl Session {
    /// Whether a key log has the secrets of this connection.
    fn is_open(&mut self, out: &Out) -> bool {
        if !self.sought && !out.secrets.is_empty() {
            self.sought = true;
            let client = self.asked.as_ref().map(|asked| asked.side);
            self.open = client.and_then(|client| Open::new(&self.hellos, client, &out.secrets)).map(Box::new);
        }
        self.open.is_some()
    }

    fn opened(&mut self, message: &Message, len: usize, out: &mut Out) -> Step {
        let whole = 5 + len;
        if message.bytes.len() < whole {
            return if message.cut { Step::Done } else { Step::More };
        }
        let more = self.open.as_mut().is_some_and(|open| open.record(message, len, out));
        if more { Step::Took(whole) } else { Step::Done }
    }

    /// Reads one handshake message; its record's content goes on at `start` for `left` bytes. A message that we read may span
    /// several records.
    fn handshake(&mut self, message: &Message, start: usize, left: usize, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let half = &mut self.sides[message.side as usize];
        let mut joined = Joined::new(bytes, start, left);
        let known = half.inside;
        if known == 0 && !joined.gather(bytes) && !message.cut {
            return Step::More;
        }
        let (kind, len) = joined.header().filter(|_| known == 0).unwrap_or_default();
        let read = is_read(kind, len);
        // of another message only what lies in this record is taken now
        let rest = if known > 0 { known } else { 4 + len };
        let here = if read { rest.min(joined.content.len()) } else { rest.min(left) };
        half.inside = if read { 0 } else { rest - here };
        let end;
        (end, half.left) = joined.after(here, start, left);
        out.tree.open("tls", "Transport Layer Security", 0..end.min(bytes.len()), || names::handshake(kind).to_owned());
        if start > 0 {
            show_record(bytes, 0, joined.ends.first().map_or(end, |end| *end).min(bytes.len()), out);
        }
        if known == 0 && joined.content.len() >= 4 {
            self.handshake_message(message, &joined, kind, len, out);
        }
        out.tree.close();
        Step::Took(end.max(1))
    }

    fn handshake_message(&mut self, message: &Message, joined: &Joined, kind: u8, len: usize, out: &mut Out) {
        let end = (4 + len).min(joined.content.len());
        let range = joined.pieces.place(0..end);
        let name = names::handshake(kind);
        out.tree.open("tls.handshake", "Handshake Protocol", range.clone(), || name.to_owned());
        out.tree.coded("tls.handshake.type", "Handshake Type", joined.pieces.place(0..1), kind, || {
            format!("{kind} ({name})")
        });
        out.tree.int("tls.handshake.length", "Length", joined.pieces.place(1..4), len);
        let body = Cursor::starting(joined.content.get(..end).unwrap_or_default(), 4);
        let cut = Message { cut: message.cut && end < 4 + len, ..*message };
        match kind {
            CLIENT_HELLO | SERVER_HELLO if is_read(kind, len) => {
                let client = kind == CLIENT_HELLO;
                let (hello, stop) = hello::read(body, client, 't', &joined.pieces, &mut out.tree);
                let incomplete = stop.is_some_and(|stop| stop.tell(&cut, out));
                let subject = self.remember(message.side, client, &hello);
                self.psk = !client && hello.is_psk();
                let fact = out.fact("tls", range);
                hello.write('t', self.asked.as_ref().map(|asked| asked.session_id.as_slice()), fact);
                if incomplete {
                    fact.own.flag("incomplete", true);
                }
                fact.subject = subject;
            }
            CERTIFICATE if is_read(kind, len) => {
                let from_client = self.asked.as_ref().is_some_and(|asked| asked.side == message.side);
                if let Err(stop) = certificate::read_chain(body, from_client, false, &joined.pieces, out) {
                    stop.tell(&cut, out);
                }
            }
            CLIENT_KEY_EXCHANGE if self.psk => {
                let subject = self.asked.as_ref().map_or("", |asked| asked.server_name.as_str());
                psk_identity(body, &joined.pieces, range, subject, out);
            }
            _ => {}
        }
        out.tree.close();
    }

    /// Returns the name that the client asked for.
    fn remember(&mut self, side: Side, client: bool, hello: &Hello) -> String {
        if let Ok(random) = hello.random.try_into() {
            if client {
                self.hellos.client_random = random;
            } else {
                let cipher = hello.ciphers.first().copied().unwrap_or_default();
                let (version, mac_last) = (hello.version(), hello.has(ENCRYPT_THEN_MAC));
                self.hellos = Hellos { server_random: random, version, cipher, mac_last, ..self.hellos };
            }
        }
        if client {
            self.asked = Some(Asked {
                side,
                server_name: hello.server_name.clone().unwrap_or_default(),
                session_id: hello.session_id.to_vec(),
            });
        }
        self.asked.as_ref().map(|asked| asked.server_name.clone()).unwrap_or_default()
    }
}

/// Which key the client means (RFC 4279): mostly a name of the device, in the clear.
fn psk_identity(mut body: Cursor, pieces: &Pieces, range: Range<usize>, subject: &str, out: &mut Out) {
    let why = "PSK identity cut short";
    let read = body.u16(why).and_then(|len| body.part(len.into(), why));
    let Ok(mut identity) = read else { return out.malformed(range.start, why) };
    let at = pieces.place(identity.remaining());
    let identity = super::payload::shown(identity.rest());
    out.tree.text("tls.handshake.client_psk_identity", "PSK identity", at, &identity);
    let fact = out.fact("tls", range);
    fact.fields.text("msg_type", "client_key_exchange");
    fact.fields.text("psk_identity", &identity);
    subject.clone_into(&mut fact.subject);
}

/// Whether a message is one that we read, and short enough to be waited for.
fn is_read(kind: u8, len: usize) -> bool {
    matches!(kind, CLIENT_HELLO | SERVER_HELLO | CERTIFICATE | CLIENT_KEY_EXCHANGE) && len <= LONGEST_MESSAGE
}

/// A handshake message whose records' contents are put together.
struct Joined<'a> {
    content: Cow<'a, [u8]>,
    pieces: Pieces,
    /// Where each record ends in the message.
    ends: Vec<usize>,
}

impl<'a> Joined<'a> {
    /// From `start` on, where the content of a record goes on for `left` bytes.
    fn new(bytes: &'a [u8], start: usize, left: usize) -> Joined<'a> {
        let end = start + left;
        let content = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        Joined { content: Cow::Borrowed(content), pieces: Pieces(vec![(0, start)]), ends: vec![end] }
    }

    /// Adds records until the message's header is whole, and all of it, if it is one that we read. False if more has to come.
    fn gather(&mut self, bytes: &[u8]) -> bool {
        // more records can follow only if the last is all there
        while self.ends.last().is_some_and(|end| *end <= bytes.len()) {
            if self.is_whole() {
                return true;
            }
            let end = self.ends.last().copied().unwrap_or_default();
            match bytes.get(end..).map(|rest| (record(rest), rest.len())) {
                Some((Some((HANDSHAKE, len)), _)) if len > 0 => {
                    let start = end + 5;
                    self.pieces.0.push((self.content.len(), start));
                    self.ends.push(start + len);
                    let content = bytes.get(start..(start + len).min(bytes.len())).unwrap_or_default();
                    self.content.to_mut().extend_from_slice(content);
                }
                Some((None, 0..5)) | None => return false,
                // something else follows: the message stays as it is
                _ => return true,
            }
        }
        self.is_whole()
    }

    /// All of the message that we read is there.
    fn is_whole(&self) -> bool {
        let need = match self.header() {
            Some((kind, len)) if is_read(kind, len) => 4 + len,
            _ => 4,
        };
        self.content.len() >= need
    }

    /// Type and length of the message.
    fn header(&self) -> Option<(u8, usize)> {
        let [kind, high, middle, low] = self.content.first_chunk()?;
        Some((*kind, u32::from_be_bytes([0, *high, *middle, *low]) as usize))
    }

    /// Where in the message `taken` bytes of the content end, and how much of the record there is left. A record that began at
    /// `start` with `left` bytes may not be all there.
    fn after(&self, taken: usize, start: usize, left: usize) -> (usize, usize) {
        if taken <= left && self.pieces.0.len() == 1 {
            return (start + taken, left - taken);
        }
        let piece = self.pieces.0.iter().rposition(|(from, _)| *from < taken).unwrap_or(0);
        let (from, at) = self.pieces.0.get(piece).copied().unwrap_or_default();
        let end = at + taken.saturating_sub(from);
        (end, self.ends.get(piece).map_or(0, |record| record.saturating_sub(end)))
    }
}

fn show_alert(at: usize, level: u8, what: u8, tree: &mut Tree) {
    tree.int("tls.alert_message.level", "Level", at..at + 1, level);
    tree.coded("tls.alert_message.desc", "Description", at + 1..at + 2, what, || {
        format!("{what} ({})", names::alert(what))
    });
}

fn show_record(bytes: &[u8], start: usize, end: usize, out: &mut Out) {
    let mut cursor = Cursor::starting(bytes, start);
    let (Ok(kind), Ok(version), Ok(len)) = (cursor.u8(""), cursor.u16(""), cursor.u16("")) else { return };
    out.tree.open("tls.record", "Record Layer", start..end, || names::content_type(kind).to_owned());
    out.tree.coded("tls.record.content_type", "Content Type", start..start + 1, kind, || {
        format!("{kind} ({})", names::content_type(kind))
    });
    out.tree.coded("tls.record.version", "Version", start + 1..start + 3, version, || {
        format!("{version:#06x} ({})", names::version(version))
    });
    out.tree.int("tls.record.length", "Length", start + 3..start + 5, len);
    out.tree.close();
}

#[cfg(test)]
mod tests;
