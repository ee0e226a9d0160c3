//! TLS up to 1.3 (RFC 8446, 5246): what both sides say before they encrypt.

mod fingerprint;
pub mod hello;
mod names;

use std::borrow::Cow;
use std::ops::Range;

use model::Kind;

use self::hello::{Hello, Pieces};
use super::cursor::Cursor;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};

pub struct Tls;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// RFC 8446 section 5.2: no record's content is longer.
const LONGEST_RECORD: usize = (1 << 14) + 2048;

/// A hello that claims to be longer is not waited for.
const LONGEST_HELLO: usize = 64 * 1024;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

static KINDS: [Kind; 1] = [Kind {
    name: "tls",
    about: "A ClientHello or ServerHello.",
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
}];

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
    (38..LONGEST_HELLO).contains(&claimed) && (*kind == 2 || claimed + 4 >= len)
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
}

#[derive(Default)]
struct Half {
    any: bool,
    encrypted: bool,
    /// So many bytes of the handshake message in progress are still to come; it is not one that we read.
    inside: usize,
}

struct Asked {
    server_name: String,
    session_id: Vec<u8>,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if bytes.len() < 5 {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        }
        let half = &mut self.sides[message.side as usize];
        let Some((kind, len)) = record(bytes) else {
            if !half.any {
                return Step::NotMine;
            }
            out.tree.open("tls", "Transport Layer Security", 0..bytes.len(), String::new);
            out.malformed(0, "no TLS record begins here");
            out.tree.close();
            return Step::Done;
        };
        let first = !std::mem::replace(&mut half.any, true);
        let whole = 5..5 + len;
        match kind {
            // after a plain hello in the clear others follow only where the server asked for another try
            HANDSHAKE if !half.encrypted || is_hello(bytes) => {
                if bytes.len() < whole.end && !message.cut {
                    return Step::More;
                }
                self.handshake(message, whole, out)
            }
            _ => {
                half.encrypted |= kind == CHANGE_CIPHER_SPEC;
                let here = whole.start..whole.end.min(bytes.len());
                show_record(bytes, kind, here.clone(), out);
                if kind == ALERT && len == 2 && here.len() == 2 {
                    let (level, what) = (bytes[5], bytes[6]);
                    out.tree.int("tls.alert_message.level", "Level", 5..6, level);
                    out.tree.coded("tls.alert_message.desc", "Description", 6..7, what, || {
                        format!("{what} ({})", names::alert(what))
                    });
                }
                out.tree.close();
                // where someone looks at one frame, all of its records are shown; first: a capture that began later
                let encrypted = matches!(kind, APPLICATION_DATA | HANDSHAKE) && !first;
                if encrypted && !out.tree.is_on() { Step::Done } else { Step::Took(whole.end) }
            }
        }
    }

    fn gap(&mut self, side: Side) {
        self.sides[side as usize].inside = 0;
    }
}

impl Session {
    /// Reads the handshake messages of the record with this content, and of those records that a hello goes on in.
    fn handshake(&mut self, message: &Message, content: Range<usize>, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let half = &mut self.sides[message.side as usize];
        let mut joined = Joined::new(bytes, content);
        if !joined.gather(bytes, half.inside) && !message.cut {
            return Step::More;
        }
        out.tree
            .open("tls", "Transport Layer Security", 0..joined.end.min(bytes.len()), || joined.headline(half.inside));
        for (start, end) in &joined.records {
            show_record_fields(bytes, *start, *end, out);
        }
        let mut at = half.inside;
        while let Some((kind, len)) = joined.header(at) {
            self.handshake_message(message, &joined, at, kind, len, out);
            at += 4 + len;
        }
        self.sides[message.side as usize].inside = at.saturating_sub(joined.content.len());
        out.tree.close();
        Step::Took(joined.end)
    }

    fn handshake_message(
        &mut self,
        message: &Message,
        joined: &Joined,
        at: usize,
        kind: u8,
        len: usize,
        out: &mut Out,
    ) {
        let end = (at + 4 + len).min(joined.content.len());
        let range = joined.pieces.place(at..end);
        let name = names::handshake(kind);
        out.tree.open("tls.handshake", "Handshake Protocol", range.clone(), || name.to_owned());
        out.tree.coded("tls.handshake.type", "Handshake Type", joined.pieces.place(at..at + 1), kind, || {
            format!("{kind} ({name})")
        });
        out.tree.int("tls.handshake.length", "Length", joined.pieces.place(at + 1..at + 4), len);
        if matches!(kind, CLIENT_HELLO | SERVER_HELLO) {
            let client = kind == CLIENT_HELLO;
            let body = joined.content.get(..end).unwrap_or_default();
            let (hello, stop) = hello::read(Cursor::starting(body, at + 4), client, 't', &joined.pieces, &mut out.tree);
            let cut = Message { cut: message.cut && end < at + 4 + len, ..*message };
            let incomplete = stop.is_some_and(|stop| stop.tell(&cut, out));
            let subject = self.remember(client, &hello);
            let fact = out.fact("tls", range);
            hello.write('t', self.asked.as_ref().map(|asked| asked.session_id.as_slice()), fact);
            if incomplete {
                fact.own.flag("incomplete", true);
            }
            fact.subject = subject;
        }
        out.tree.close();
    }

    /// Returns the name that the client asked for.
    fn remember(&mut self, client: bool, hello: &Hello) -> String {
        if client {
            self.asked = Some(Asked {
                server_name: hello.server_name.clone().unwrap_or_default(),
                session_id: hello.session_id.to_vec(),
            });
        }
        self.asked.as_ref().map(|asked| asked.server_name.clone()).unwrap_or_default()
    }
}

/// The contents of consecutive handshake records as one.
struct Joined<'a> {
    content: Cow<'a, [u8]>,
    pieces: Pieces,
    /// Each record's start and end in the message.
    records: Vec<(usize, usize)>,
    end: usize,
}

impl<'a> Joined<'a> {
    fn new(bytes: &'a [u8], content: Range<usize>) -> Joined<'a> {
        Joined {
            content: Cow::Borrowed(bytes.get(content.start..content.end.min(bytes.len())).unwrap_or_default()),
            pieces: Pieces(vec![(0, content.start)]),
            records: vec![(0, content.end.min(bytes.len()))],
            end: content.end,
        }
    }

    /// Adds records until each hello is whole, and each other message's header. `at`: where the first message begins.
    /// False if a record that is needed is not there yet.
    fn gather(&mut self, bytes: &[u8], mut at: usize) -> bool {
        while at < self.content.len() {
            loop {
                let need = match self.header(at) {
                    Some((CLIENT_HELLO | SERVER_HELLO, len)) if len <= LONGEST_HELLO => at + 4 + len,
                    _ => at + 4,
                };
                if self.content.len() >= need {
                    break;
                }
                match bytes.get(self.end..).map(|rest| (record(rest), rest.len())) {
                    Some((Some((HANDSHAKE, len)), have)) if have >= 5 + len && len > 0 => self.add(bytes, len),
                    Some((Some((HANDSHAKE, len)), _)) if len > 0 => return false,
                    Some((None, 0..5)) | None => return false,
                    // something else follows: the message stays as it is
                    _ => return true,
                }
            }
            at += self.header(at).map_or(4, |(_, len)| 4 + len);
        }
        true
    }

    fn add(&mut self, bytes: &[u8], len: usize) {
        let start = self.end + 5;
        self.pieces.0.push((self.content.len(), start));
        self.records.push((self.end, start + len));
        self.content.to_mut().extend_from_slice(bytes.get(start..start + len).unwrap_or_default());
        self.end = start + len;
    }

    /// Type and length of the handshake message that begins at `at`.
    fn header(&self, at: usize) -> Option<(u8, usize)> {
        let [kind, high, middle, low] = self.content.get(at..)?.first_chunk()?;
        Some((*kind, u32::from_be_bytes([0, *high, *middle, *low]) as usize))
    }

    fn headline(&self, mut at: usize) -> String {
        let mut names = Vec::new();
        while let Some((kind, len)) = self.header(at)
            && names.len() < 8
        {
            names.push(names::handshake(kind));
            at += 4 + len;
        }
        names.join(", ")
    }
}

fn show_record(bytes: &[u8], kind: u8, content: Range<usize>, out: &mut Out) {
    out.tree.open("tls", "Transport Layer Security", 0..content.end, || names::content_type(kind).to_owned());
    show_record_fields(bytes, 0, content.end, out);
}

fn show_record_fields(bytes: &[u8], start: usize, end: usize, out: &mut Out) {
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
