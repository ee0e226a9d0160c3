//! RTSP (RFC 2326, 7826): who watches which camera. The pictures themselves are skipped.

mod sdp;

use std::collections::VecDeque;
use std::ops::Range;

use model::Kind;

use super::credentials::Login;
use super::http::credentials;
use super::http::head::{Head, LONGEST_HEAD};
use super::{Conversation, Draft, Message, Out, Protocol, Side, Step, Transport};

pub struct Rtsp;

/// Of a longer body only so much is read.
const MOST_BODY: usize = 16 * 1024;
/// Requests whose responses are still to come.
const MOST_REQUESTS: usize = 16;

static KINDS: [Kind; 1] = [Kind {
    name: "rtsp",
    about: "An RTSP request or response: someone wants to see what a camera sees.",
    fields: &[
        ("msg_type", "request or response"),
        ("method", "DESCRIBE, SETUP, PLAY, ...; of a response: its request's"),
        ("uri", "of a response: its request's"),
        ("status_code", "how it ended: 200, 401, ..."),
        ("status_msg", "the same in words"),
        ("user_agent", "what software asks"),
        ("server", "what software answers"),
        ("authorization", "how the client proves who it is: Basic, Digest"),
        ("username", "who it says it is"),
        ("password", "with which password, if it is sent in the clear"),
        ("realm", "what the login is for"),
        ("authenticate", "what proof the server asks for"),
        ("transport", "how pictures and sound are to be sent"),
        ("session", "what the session is known by"),
        ("range", "from when to when"),
        ("public", "methods that the server has"),
        ("session_name", "what is sent"),
        ("media", "kinds of media and how they are coded"),
        ("tool", "what software describes them"),
        ("content_type", "what the body is"),
        ("content_length", "its length in bytes"),
        ("cseq", "number that an answer is known by"),
        ("incomplete", "the capture cut the message"),
    ],
}];

/// RFC 2326 section 10, and what AirPlay adds.
const METHODS: [&str; 15] = [
    "OPTIONS",
    "DESCRIBE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "TEARDOWN",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "ANNOUNCE",
    "RECORD",
    "REDIRECT",
    "PLAY_NOTIFY",
    "FLUSH",
    "GET",
    "POST",
];

impl Protocol for Rtsp {
    fn name(&self) -> &'static str {
        "rtsp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, 554), (Transport::Tcp, 8554)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, _at_home: bool) -> bool {
        message.transport == Transport::Tcp && begins(message.bytes)
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// Whether a request or response begins here; HTTP's look alike but for their version and what they ask for.
fn begins(bytes: &[u8]) -> bool {
    if let [b'R', b'T', b'S', b'P', b'/', b'1' | b'2', b'.', ..] = bytes {
        return true;
    }
    let Some(space) = bytes.iter().take(16).position(|byte| *byte == b' ') else { return false };
    let (method, rest) = bytes.split_at(space);
    if !METHODS.iter().any(|known| known.as_bytes() == method) {
        return false;
    }
    let line = rest.get(1..512.min(rest.len())).unwrap_or_default();
    if line.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"rtsp")) {
        return true;
    }
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else { return false };
    let line = line.get(..end).unwrap_or_default().trim_ascii_end();
    line.rsplit(|byte| *byte == b' ').next().is_some_and(|version| version.starts_with(b"RTSP/"))
}

/// What one message says about the next.
#[derive(Default)]
struct Session {
    requests: VecDeque<(String, String, String)>,
    lost: [bool; 2],
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let lost = &mut self.lost[message.side as usize];
        // media between the messages (RFC 2326 section 10.12)
        if bytes.first() == Some(&b'$') && !*lost {
            return match crate::bytes::u16_be(bytes, 2) {
                Some(len) => {
                    let end = (4 + usize::from(len)).min(bytes.len());
                    out.tree.open("rtsp", "Real Time Streaming Protocol", 0..end, || "interleaved frame".into());
                    out.tree.int("rtsp.channel", "Channel", 1..2, bytes.get(1).copied().unwrap_or_default());
                    out.tree.int("rtsp.length", "Length", 2..4, len);
                    out.tree.close();
                    Step::Took(4 + usize::from(len))
                }
                None if message.cut => Step::Took(bytes.len()),
                None => Step::More,
            };
        }
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return Step::Took(blank);
        }
        let part = bytes.len() < 16 && !bytes.contains(&b'\n') && !*lost;
        if !begins(bytes) {
            if part && !message.cut {
                return Step::More;
            }
            if !std::mem::replace(lost, true) {
                out.tree.open("rtsp", "Real Time Streaming Protocol", 0..bytes.len(), String::new);
                out.malformed(0, "no RTSP message begins here; the next is looked for where a segment begins");
                out.tree.close();
            }
            return Step::Took(bytes.len().max(1));
        }
        let head = Head::read(bytes);
        if !head.complete && bytes.len() < LONGEST_HEAD && !message.cut {
            return Step::More;
        }
        *lost = false;
        let length = head.get("content-length").and_then(|length| length.parse::<u32>().ok()).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or_default();
        let there = bytes.len() - head.end;
        if head.complete && there < length.min(MOST_BODY) && !message.cut {
            return Step::More;
        }
        let end = head.end.saturating_add(length);
        self.message(message, &head, head.end..end.min(bytes.len()).min(head.end + MOST_BODY), out);
        if !head.complete || end > bytes.len() && message.cut {
            match out.facts.last_mut() {
                Some(fact) if message.cut => fact.own.flag("incomplete", true),
                _ => out.malformed(bytes.len(), "RTSP head of more than 64 KiB"),
            }
        }
        Step::Took(end.max(1))
    }

    fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
    }
}

impl Session {
    fn message(&mut self, message: &Message, head: &Head, body: Range<usize>, out: &mut Out) {
        let bytes = message.bytes;
        let response = bytes.starts_with(b"RTSP/");
        let [first, second, third] = head.words();
        out.tree.open("rtsp", "Real Time Streaming Protocol", 0..body.end, || head.text(&head.start).into_owned());
        if response {
            out.tree.text("rtsp.response", "Response", head.start.clone(), head.text(&head.start));
            out.tree.int("rtsp.status", "Status", second.clone(), head.text(&second).parse::<u16>().unwrap_or(0));
        } else {
            out.tree.text("rtsp.request", "Request", head.start.clone(), head.text(&head.start));
            out.tree.text("rtsp.method", "Method", first.clone(), head.text(&first));
            out.tree.text("rtsp.url", "URL", second.clone(), head.text(&second));
        }
        show(head, out);
        let said = sdp::read(bytes, body.clone(), out);
        if body.end > body.start && said.is_none() {
            out.tree.bytes("rtsp.data", "Data", body.clone(), bytes.get(body.clone()).unwrap_or_default());
        }
        out.tree.close();

        let cseq = head.get("cseq").unwrap_or_default().into_owned();
        if !response {
            tell(head, &head.text(&second), 0..body.end.max(1), out);
        }
        let fact = out.fact("rtsp", 0..body.end.max(1));
        if response {
            fact.fields.text("msg_type", "response");
            let asked = self.requests.iter().position(|(known, ..)| *known == cseq);
            let asked = asked.and_then(|at| self.requests.remove(at));
            if let Some((_, method, uri)) = asked {
                fact.fields.text("method", &method);
                fact.fields.text("uri", &uri);
                fact.subject = uri;
            }
            if let Ok(status) = head.text(&second).parse::<u16>() {
                fact.fields.int("status_code", status.into());
            }
            fact.fields.text("status_msg", &head.text(&third));
        } else {
            let (method, uri) = (head.text(&first).into_owned(), head.text(&second).into_owned());
            fact.fields.text("msg_type", "request");
            fact.fields.text("method", &method);
            fact.fields.text("uri", &uri);
            fact.subject.clone_from(&uri);
            credentials(head, &uri, fact);
            if self.requests.len() >= MOST_REQUESTS {
                self.requests.pop_front();
            }
            self.requests.push_back((cseq.clone(), method, uri));
        }
        for (name, header) in [
            ("user_agent", "user-agent"),
            ("server", "server"),
            ("authenticate", "www-authenticate"),
            ("transport", "transport"),
            ("range", "range"),
            ("public", "public"),
            ("content_type", "content-type"),
        ] {
            if let Some(value) = head.get(header) {
                fact.fields.text(name, &value);
            }
        }
        if let Some(said) = said {
            said.write(&mut fact.fields);
        }
        for (name, value) in [("session", head.get("session")), ("cseq", head.get("cseq"))] {
            if let Some(value) = value {
                fact.own.text(name, &value);
            }
        }
        if let Some(length) = head.get("content-length").and_then(|length| length.parse::<u32>().ok()) {
            fact.own.int("content_length", length.into());
        }
    }
}

/// The login itself, as a fact of its own.
fn tell(head: &Head, uri: &str, bytes: Range<usize>, out: &mut Out) {
    let login = Login { protocol: "rtsp", ..Login::default() };
    if let Some(value) = head.get("authorization") {
        credentials::tell(&value, &login, bytes, out);
    } else if let Some((pair, host)) = pair(uri) {
        let (username, password) = pair.split_once(':').unwrap_or((pair, ""));
        if !username.is_empty() {
            Login { method: "address", username, password, host, ..login }.tell(bytes, out);
        }
    }
}

/// `user:password` and host of an address.
fn pair(uri: &str) -> Option<(&str, &str)> {
    let authority = uri.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    authority.and_then(|authority| authority.rsplit_once('@'))
}

/// Who asks: a header (RFC 7617, 7616), or the address itself.
fn credentials(head: &Head, uri: &str, fact: &mut Draft) {
    if let Some(value) = head.get("authorization") {
        let (scheme, rest) = value.split_once(' ').unwrap_or((&value, ""));
        fact.fields.text("authorization", scheme);
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = credentials::decode(rest).unwrap_or_default();
            login(&String::from_utf8_lossy(&pair), fact);
        } else {
            for name in ["username", "realm"] {
                if let Some(value) = credentials::parameter(rest, name) {
                    fact.own.text(name, value);
                }
            }
        }
        return;
    }
    if let Some((pair, _)) = pair(uri) {
        login(pair, fact);
    }
}

fn login(pair: &str, fact: &mut Draft) {
    let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
    if !user.is_empty() {
        fact.own.text("username", user);
        fact.own.text("password", password);
    }
}

/// Header fields that Wireshark has names for, and the rest as it is.
fn show(head: &Head, out: &mut Out) {
    if !out.tree.is_on() {
        return;
    }
    for header in &head.headers {
        let (name, value) = (head.text(&header.name), head.text(&header.value));
        let range = header.value.clone();
        match name.to_ascii_lowercase().as_str() {
            "content-type" => out.tree.text("rtsp.content-type", "Content-type", range, value),
            "content-length" => out.tree.text("rtsp.content-length", "Content-length", range, value),
            "session" => out.tree.text("rtsp.session", "Session", range, value),
            "transport" => out.tree.text("rtsp.transport", "Transport", range, value),
            _ => {
                let range = header.name.start..header.value.end.max(header.name.end);
                out.tree.text("rtsp.header", "Header", range, format_args!("{name}: {value}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
