//! CoAP over UDP (RFC 7252; Observe RFC 7641, blocks RFC 7959): requests to small devices, and what they answer.

mod blocks;
mod codes;
mod observe;
mod options;
mod said;

use std::collections::VecDeque;

use model::Kind;

use self::blocks::{Block, Blocks};
use self::codes::{code_name, content_format, type_name};
pub(crate) use self::observe::Observed;
use self::options::{Options, number};
use self::said::Said;
use super::cursor::{Cursor, Stop};
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport, payload};
use crate::Tree;

pub struct Coap;

/// Requests of one flow that are remembered for their answers.
const MOST_REQUESTS: usize = 64;

static KINDS: [Kind; 1] = [Kind {
    name: "coap",
    about: "A CoAP request or response.",
    fields: &[
        ("msg_type", "CON (to be confirmed), NON, ACK or RST"),
        ("code", "method of a request (GET), class.detail of a response (2.05), EMPTY"),
        ("code_name", "what the code means: Content"),
        ("uri", "path and query that a request is about"),
        ("request_uri", "what a response answers, if its request was seen"),
        ("request_method", "method of that request"),
        ("host", "host that the request is for"),
        ("content_format", "what the payload is"),
        ("accept", "what the client would like it to be"),
        ("observe", "of a request: 0 asks for notifications, 1 ends them"),
        (
            "notification",
            "the state of what is observed, told because it was asked for earlier: its request_uri says what",
        ),
        ("observe_seq", "of a notification: its order"),
        ("ends_observing", "with this reset or error, notifications end"),
        ("payload", "what is said, if it is text: the first 4096 bytes"),
        ("payload_hex", "what is said, if it is no text: the first 4096 bytes"),
        ("payload_len", "length of the payload in bytes"),
        ("location", "path and query of what was created"),
        ("max_age", "how long the answer is valid, in seconds"),
        ("etag", "version of the content, hex"),
        ("block1", "part of a request: number/more/size in bytes"),
        ("block2", "part of a response: number/more/size in bytes"),
        ("size1", "length of the whole request's payload in bytes"),
        ("size2", "length of the whole response's payload in bytes"),
        ("proxy_uri", "what a proxy is asked for"),
        ("oscore", "protected by OSCORE (RFC 8613): the payload is encrypted"),
        ("device", "CoIoT device: type#id#version (option 3332)"),
        ("coiot_validity", "CoIoT: how long the report is valid, as sent (option 3412)"),
        ("coiot_serial", "CoIoT: changes when the report does (option 3420)"),
        ("mid", "message id"),
        ("token", "what a response is known by, hex"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Coap {
    fn name(&self) -> &'static str {
        "coap"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 5683)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Udp {
            return false;
        }
        let Ok((head, mut cursor)) = Head::read(message.bytes) else { return false };
        if at_home {
            return codes::is_possible(head.code);
        }
        is(&head, &mut cursor) && !message.cut
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Exchange::default())
    }
}

/// All of it makes sense, and more than chance would have it: a header, then only known options of the right shape, one of
/// which says in plain text what is asked for, or what the payload is.
fn is(head: &Head, cursor: &mut Cursor) -> bool {
    let request = codes::is_method(head.code);
    if !(request || code_name(head.code).is_some()) || head.code == 0 || head.kind == 3 {
        return false;
    }
    let mut options = Options::new(cursor.remaining(), cursor.message());
    let (mut spelled, mut telling) = (0, false);
    for option in options.by_ref() {
        let Ok(option) = option else { return false };
        if !options::fits(option.number, option.value) {
            return false;
        }
        match option.number {
            number::URI_PATH | number::URI_QUERY | number::URI_HOST | number::LOCATION_PATH => {
                spelled += option.value.len()
            }
            number::CONTENT_FORMAT => telling |= content_format(options::uint(option.value)).is_some(),
            _ => {}
        }
    }
    let payload = cursor.message().get(options.payload()).unwrap_or_default();
    spelled >= 3 || !request && telling && !payload.is_empty()
}

const RST: u8 = 3;
const GET: u8 = 1;
const FETCH: u8 = 5;

/// The four bytes before everything, and the token.
struct Head<'a> {
    kind: u8,
    code: u8,
    mid: u16,
    token: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Head<'a>, Cursor<'a>), Stop> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u8("CoAP header cut short")?;
        let code = cursor.u8("CoAP header cut short")?;
        let mid = cursor.u16("CoAP header cut short")?;
        if first >> 6 != 1 {
            return Err(Stop { at: 0, why: "CoAP version is not 1", short: false });
        }
        if first & 15 > 8 {
            return Err(Stop { at: 0, why: "CoAP token of more than 8 bytes", short: false });
        }
        if code == 0 && (first & 15 != 0 || !cursor.is_empty()) {
            return Err(Stop { at: 4, why: "an empty CoAP message with something in it", short: false });
        }
        let token = cursor.take((first & 15).into(), "CoAP token cut short")?;
        Ok((Head { kind: first >> 4 & 3, code, mid, token }, cursor))
    }

    /// Whether the message, whose head this is, has the option Observe.
    fn observes(&self, message: &[u8]) -> bool {
        let options = Options::new(4 + self.token.len()..message.len(), message);
        options.flatten().any(|option| option.number == number::OBSERVE)
    }
}

/// What one message says about the next.
#[derive(Default)]
struct Exchange {
    requests: VecDeque<Request>,
    blocks: Blocks,
}

struct Request {
    side: Side,
    token: Token,
    mid: u16,
    /// It asks for notifications.
    observes: bool,
    asked: Asked,
}

/// What a response answers.
#[derive(Clone, Debug)]
struct Asked {
    method: u8,
    uri: String,
}

/// What a response is known by: up to eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Token([u8; 8], usize);

impl Token {
    fn of(bytes: &[u8]) -> Token {
        let mut token = [0; 8];
        for (to, from) in token.iter_mut().zip(bytes) {
            *to = *from;
        }
        Token(token, bytes.len())
    }
}

impl Conversation for Exchange {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let took = Step::Took(bytes.len().max(1));
        if bytes.is_empty() {
            return took;
        }
        let (head, cursor) = match Head::read(bytes) {
            Ok(read) => read,
            Err(stop) => {
                out.tree.open("coap", "Constrained Application Protocol", 0..bytes.len(), String::new);
                stop.tell(message, out);
                out.tree.close();
                return took;
            }
        };
        let mut said = Said::default();
        let request = codes::is_method(head.code);
        let told = if request { Told::default() } else { self.told(message, &head, out) };
        let asked = told.asked.as_ref();
        out.tree.open("coap", "Constrained Application Protocol", 0..bytes.len(), || headline(&head, bytes, asked));
        show_head(&head, &mut out.tree);
        let read = said.read(cursor, &mut out.tree);
        let (at, stop) = match read {
            Ok(at) => (at, None),
            Err(stop) => (bytes.len(), Some(stop)),
        };
        let payload = bytes.get(at..).unwrap_or_default();
        if !payload.is_empty() && out.tree.is_on() {
            out.tree.text("coap.payload", "Payload", at..bytes.len(), payload::shown(payload));
        }
        if let Some(asked) = asked {
            out.tree.text("coap.request_uri", "Request URI", 0..0, &asked.uri);
        }
        let incomplete = stop.is_some_and(|stop| stop.tell(message, out));
        out.tree.close();

        let uri = said.uri();
        let fact = out.fact("coap", 0..bytes.len());
        let (fields, own) = (&mut fact.fields, &mut fact.own);
        fields.text("msg_type", type_name(head.kind));
        fields.shown("code", codes::Code(head.code));
        if let Some(name) = code_name(head.code) {
            fields.text("code_name", name);
        }
        if request || !uri.is_empty() {
            fact.subject.push_str(if uri.is_empty() { "/" } else { &uri });
            fields.text("uri", &fact.subject);
        } else if let Some(asked) = asked {
            fact.subject.clone_from(&asked.uri);
            fields.text("request_uri", &asked.uri);
            fields.shown("request_method", codes::Code(asked.method));
        }
        said.write(request, fields, own);
        if told.notification {
            fields.flag("notification", true);
        }
        if told.ends {
            fields.flag("ends_observing", true);
        }
        own.int("mid", head.mid.into());
        if !head.token.is_empty() {
            own.text("token", &model::hex(head.token));
        }
        if !payload.is_empty() {
            payload::write(own, payload, payload.len());
        }
        if incomplete {
            own.flag("incomplete", true);
        }
        let block = said.number(if request { number::BLOCK1 } else { number::BLOCK2 });
        let uri = if request || block.is_some() { fact.subject.clone() } else { String::new() };
        if let Some(option) = block.filter(|_| !incomplete && !payload.is_empty()) {
            let content_type = said.number(number::CONTENT_FORMAT).and_then(content_format);
            let block = Block { request, uri: &uri, content_type, option, payload: at..bytes.len() };
            self.blocks.take(message, block, out);
        }
        if request {
            self.remember(message, &head, uri, said.number(number::OBSERVE), out);
        }
        took
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        self.blocks.finish(message.side, out);
    }
}

/// What a response or an empty message is about.
#[derive(Default)]
struct Told {
    asked: Option<Asked>,
    /// The state of what is observed.
    notification: bool,
    /// Nothing more will be told of it.
    ends: bool,
}

impl Exchange {
    /// What a response, an acknowledgement or a reset belongs to: the latest request with its token or message id, or what is observed.
    fn told(&self, message: &Message, head: &Head, out: &mut Out) -> Told {
        let observed = &mut out.observed;
        if head.code == 0 {
            let mut requests = self.requests.iter().rev();
            if let Some(request) = requests.find(|request| request.side != message.side && request.mid == head.mid) {
                let refused = head.kind == RST && request.observes;
                if refused {
                    observed.end(message.dst, message.src, request.token);
                }
                return Told { asked: Some(request.asked.clone()), ends: refused, ..Told::default() };
            }
            let (asked, ends) = observed.heard(message.src, message.dst, head.mid, head.kind == RST);
            return Told { asked, ends, ..Told::default() };
        }
        let token = Token::of(head.token);
        let notification = head.code >> 5 == 2 && head.observes(message.bytes);
        let (watched, ends) = match notification {
            true => (observed.notified(message.dst, message.src, token, head.mid), false),
            false => (None, observed.answered(message.dst, message.src, token, head.code >> 5 != 2)),
        };
        // the token may be another request's by now: a notification belongs to what is observed, or to nothing known
        let known = |request: &&Request| !notification && request.side != message.side && request.token == token;
        let asked = watched.or_else(|| Some(self.requests.iter().rev().find(known)?.asked.clone()));
        Told { asked, notification, ends }
    }

    fn remember(&mut self, message: &Message, head: &Head, uri: String, observe: Option<u32>, out: &mut Out) {
        let token = Token::of(head.token);
        let asked = Asked { method: head.code, uri };
        // of other methods the option means nothing (RFC 7641 section 2, RFC 8132 section 2.4)
        let observe = observe.filter(|_| matches!(head.code, GET | FETCH));
        match observe {
            Some(0) => out.observed.begin(message.src, message.dst, token, &asked),
            Some(1) => out.observed.end(message.src, message.dst, token),
            _ => {}
        }
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.pop_front();
        }
        let observes = observe == Some(0);
        self.requests.push_back(Request { side: message.side, token, mid: head.mid, observes, asked });
    }
}

fn headline(head: &Head, bytes: &[u8], asked: Option<&Asked>) -> String {
    let mut said = Said::default();
    let cursor = Cursor::starting(bytes, 4 + head.token.len());
    let _ = said.read(cursor, &mut Tree::off());
    let uri = asked.map_or_else(|| said.uri(), |asked| asked.uri.clone());
    format!("{} {} {uri}", type_name(head.kind), codes::Code(head.code)).trim_end().to_owned()
}

fn show_head(head: &Head, tree: &mut Tree) {
    tree.int("coap.version", "Version", 0..1, 1);
    tree.coded("coap.type", "Type", 0..1, head.kind, || format!("{} ({})", head.kind, type_name(head.kind)));
    tree.int("coap.token_len", "Token Length", 0..1, head.token.len());
    tree.coded("coap.code", "Code", 1..2, head.code, || match code_name(head.code) {
        Some(name) => format!("{} ({name})", codes::Code(head.code)),
        None => codes::Code(head.code).to_string(),
    });
    tree.int("coap.mid", "Message ID", 2..4, head.mid);
    if !head.token.is_empty() {
        tree.bytes("coap.token", "Token", 4..4 + head.token.len(), head.token);
    }
}

#[cfg(test)]
mod tests;
