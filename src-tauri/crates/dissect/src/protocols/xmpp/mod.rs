//! XMPP (RFC 6120): streams and their stanzas.

mod stanza;
pub mod xml;

use model::Kind;

use self::xml::{Next, Token, local};
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport, tls};

pub struct Xmpp;

/// A longer stanza is not waited for.
const LONGEST_STANZA: usize = 64 * 1024;

static KINDS: [Kind; 1] = [Kind {
    name: "xmpp",
    about: "An XMPP stream's start, end or stanza.",
    fields: &[
        ("stanza", "message, presence, iq, stream, features, auth, ..."),
        ("from", "who sends, as the stanza says"),
        ("to", "for whom it is"),
        ("type", "chat, get, set, result, error, unavailable, ..."),
        ("namespace", "of the first child, else of the stanza itself"),
        ("child", "name of the first child"),
        ("body", "what a message says"),
        ("topic", "what a message is about"),
        ("show", "away, chat, dnd or xa"),
        ("status", "what a presence says of itself"),
        ("jid", "full name that the server gives the client"),
        ("resource", "which of the user's clients it is"),
        ("mechanism", "how the client proves who it is"),
        ("mechanisms", "how it may"),
        ("user", "who logs in"),
        ("password", "masked, if there is one"),
        ("starttls", "offered or required: what follows may be encrypted"),
        ("error", "what went wrong"),
        ("version", "of the stream"),
        ("lang", "language of the stream"),
        ("id", "of the stanza or the stream"),
        ("incomplete", "the capture cut the stanza"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
}];

impl Protocol for Xmpp {
    fn name(&self) -> &'static str {
        "xmpp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, 5222), (Transport::Tcp, 5269)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Tcp {
            return false;
        }
        let head = message.bytes.get(..512).unwrap_or(message.bytes).trim_ascii_start();
        let starts = |what: &str| head.starts_with(what.as_bytes());
        let has = |what: &[u8]| head.windows(what.len()).any(|window| window == what);
        starts("<")
            && (at_home && (starts("<?xml") || starts("<message") || starts("<presence") || starts("<iq"))
                || has(b"<stream:stream")
                || has(b"http://etherx.jabber.org/streams"))
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What one stanza says about the next.
#[derive(Default)]
struct Session {
    lost: [bool; 2],
    /// The server agreed to encrypt: what follows is TLS.
    tls: Option<tls::Session>,
    asked_tls: bool,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        if let Some(tls) = &mut self.tls {
            return match tls.read(message, out) {
                Step::NotMine => Step::Done,
                step => step,
            };
        }
        let bytes = message.bytes;
        let lost = self.lost[message.side as usize];
        match xml::next(bytes, 0) {
            Next::Token(Token::Text(range), end) => {
                let blank = bytes.get(range).is_some_and(|text| text.trim_ascii().is_empty());
                if !blank { self.lose(message, out) } else { Step::Took(end) }
            }
            Next::Token(Token::Aside, end) => Step::Took(end),
            Next::Token(Token::Data(_), _) | Next::Bad => self.lose(message, out),
            Next::Token(Token::Close { name }, end) => {
                let end_of_stream = bytes.get(name).map(local) == Some(b"stream");
                if !end_of_stream {
                    return self.lose(message, out);
                }
                out.tree.open("xmpp", "XMPP Protocol", 0..end, || "stream end".into());
                out.tree.close();
                let fact = out.fact("xmpp", 0..end);
                fact.fields.text("stanza", "stream end");
                Step::Took(end)
            }
            Next::Token(Token::Open { name, empty, .. }, end) => {
                let name = bytes.get(name).map(local).unwrap_or_default();
                if lost && !stanza::is_known(name) {
                    return self.lose(message, out);
                }
                self.lost[message.side as usize] = false;
                if empty || name == b"stream" {
                    return self.stanza(message, end, true, out);
                }
                match element_end(bytes, end) {
                    Next::Token(_, end) => self.stanza(message, end, true, out),
                    Next::Short if bytes.len() < LONGEST_STANZA && !message.cut => Step::More,
                    Next::Short => self.stanza(message, bytes.len(), false, out),
                    Next::Bad => self.lose(message, out),
                }
            }
            Next::Short if bytes.len() < LONGEST_STANZA && !message.cut => Step::More,
            Next::Short => self.lose(message, out),
        }
    }

    fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
        if let Some(tls) = &mut self.tls {
            tls.gap(side);
        }
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        if let Some(tls) = &mut self.tls {
            tls.finish(message, out);
        }
    }
}

impl Session {
    fn stanza(&mut self, message: &Message, end: usize, whole: bool, out: &mut Out) -> Step {
        let bytes = message.bytes.get(..end).unwrap_or(message.bytes);
        let name = stanza::dissect(bytes, out);
        if !whole {
            self.lost[message.side as usize] = true;
            match out.facts.last_mut() {
                Some(fact) if message.cut => fact.own.flag("incomplete", true),
                _ => out.malformed(bytes.len(), "XMPP stanza of more than 64 KiB"),
            }
        }
        match name.as_str() {
            "starttls" => self.asked_tls = true,
            "proceed" if self.asked_tls => self.tls = Some(tls::Session::default()),
            _ => {}
        }
        Step::Took(end.max(1))
    }

    /// No stanza begins here: stanzas mostly begin where segments do, so that the next one is tried.
    fn lose(&mut self, message: &Message, out: &mut Out) -> Step {
        if !std::mem::replace(&mut self.lost[message.side as usize], true) {
            out.tree.open("xmpp", "XMPP Protocol", 0..message.bytes.len(), String::new);
            out.malformed(0, "no XMPP stanza begins here; the next is looked for where a segment begins");
            out.tree.close();
        }
        Step::Took(message.bytes.len().max(1))
    }
}

/// Where the element whose start tag ends at `at` has its end.
fn element_end(bytes: &[u8], mut at: usize) -> Next {
    let mut depth = 1_usize;
    loop {
        match xml::next(bytes, at) {
            Next::Token(token, end) => {
                at = end;
                match &token {
                    Token::Open { empty: false, .. } => depth += 1,
                    Token::Close { .. } => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Next::Token(token, end);
                }
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests;
