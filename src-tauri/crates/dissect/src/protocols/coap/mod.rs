//! CoAP over UDP (RFC 7252; Observe RFC 7641, blocks RFC 7959): requests to small devices, and what they answer.

mod blocks;
mod codes;
mod options;

use std::collections::VecDeque;

use model::{Fields, Kind};

use self::blocks::{Block, Blocks};
use self::codes::{code_name, content_format, type_name};
use self::options::{Options, number};
use super::cursor::{Cursor, Stop};
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport, payload};
use crate::Tree;

pub struct Coap;

/// Requests of one flow that are remembered for their answers, and as many that observe.
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
        ("observe", "of a request: 0 asks for notifications, 1 ends them; of a response: its order"),
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
}

/// What one message says about the next.
#[derive(Default)]
struct Exchange {
    requests: VecDeque<Request>,
    /// Requests for notifications (RFC 7641): their answers may come for days.
    observing: VecDeque<Request>,
    blocks: Blocks,
}

struct Request {
    side: Side,
    token: [u8; 8],
    token_len: usize,
    mid: u16,
    method: u8,
    uri: String,
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
        let asked = self.request(message.side, &head);
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

        let request = codes::is_method(head.code);
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
            self.remember(message.side, &head, uri, said.number(number::OBSERVE) == Some(0));
        }
        took
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        self.blocks.finish(message.side, out);
    }
}

impl Exchange {
    /// The request that a response or an empty acknowledgement belongs to: the latest with its token or message id.
    fn request(&self, side: Side, head: &Head) -> Option<&Request> {
        if codes::is_method(head.code) {
            return None;
        }
        self.requests.iter().rev().chain(self.observing.iter().rev()).find(|request| {
            let token = request.token.get(..request.token_len);
            request.side != side && if head.code == 0 { request.mid == head.mid } else { token == Some(head.token) }
        })
    }

    fn remember(&mut self, side: Side, head: &Head, uri: String, observes: bool) {
        let mut token = [0; 8];
        for (to, from) in token.iter_mut().zip(head.token) {
            *to = *from;
        }
        let request = Request { side, token, token_len: head.token.len(), mid: head.mid, method: head.code, uri };
        let list = if observes { &mut self.observing } else { &mut self.requests };
        if observes {
            // a client says from time to time that it still observes
            list.retain(|former| former.side != side || former.token != token || former.token_len != request.token_len);
        }
        if list.len() >= MOST_REQUESTS {
            list.pop_front();
        }
        list.push_back(request);
    }
}

/// What the options say.
#[derive(Default)]
struct Said {
    path: String,
    query: String,
    location: String,
    location_query: String,
    host: Option<String>,
    proxy_uri: Option<String>,
    device: Option<String>,
    etag: Option<String>,
    /// Options that hold a number, by their own.
    numbers: Vec<(u16, u32)>,
    oscore: bool,
}

impl Said {
    /// Reads all options. Returns where the payload begins.
    fn read(&mut self, cursor: Cursor, tree: &mut Tree) -> Result<usize, Stop> {
        let mut options = Options::new(cursor.remaining(), cursor.message());
        for option in options.by_ref() {
            let option = option?;
            options::show(&option, tree);
            let text = || String::from_utf8_lossy(option.value);
            match option.number {
                number::URI_PATH => join(&mut self.path, '/', true, &text()),
                number::URI_QUERY => join(&mut self.query, '&', false, &text()),
                number::LOCATION_PATH => join(&mut self.location, '/', true, &text()),
                number::LOCATION_QUERY => join(&mut self.location_query, '&', false, &text()),
                number::URI_HOST => self.host = Some(text().into_owned()),
                number::PROXY_URI => self.proxy_uri = Some(text().into_owned()),
                number::COIOT_DEVICE => self.device = Some(text().into_owned()),
                number::ETAG => self.etag = Some(model::hex(option.value)),
                number::OSCORE => self.oscore = true,
                other if options::is_number(other) && !self.numbers.iter().any(|(of, _)| *of == other) => {
                    self.numbers.push((other, options::uint(option.value)));
                }
                _ => {}
            }
        }
        let payload = options.payload();
        if payload.start > cursor.end() {
            return Err(Stop { at: cursor.end(), why: "CoAP options cut short", short: true });
        }
        if options.marked && payload.is_empty() {
            return Err(Stop { at: payload.start, why: "CoAP payload missing behind its marker", short: true });
        }
        Ok(payload.start)
    }

    fn uri(&self) -> String {
        with_query(&self.path, &self.query)
    }

    fn number(&self, number: u16) -> Option<u32> {
        self.numbers.iter().find(|(of, _)| *of == number).map(|(_, value)| *value)
    }

    fn write(&self, request: bool, fields: &mut Fields, own: &mut Fields) {
        for (name, number) in [("content_format", number::CONTENT_FORMAT), ("accept", number::ACCEPT)] {
            if let Some(format) = self.number(number) {
                match content_format(format) {
                    Some(known) => fields.text(name, known),
                    None => fields.shown(name, format),
                }
            }
        }
        if let Some(observe) = self.number(number::OBSERVE) {
            // of a response it counts up
            if request { &mut *fields } else { &mut *own }.int("observe", observe.into());
        }
        for (name, text) in
            [("host", &self.host), ("proxy_uri", &self.proxy_uri), ("device", &self.device), ("etag", &self.etag)]
        {
            if let Some(text) = text {
                fields.text(name, text);
            }
        }
        let location = with_query(&self.location, &self.location_query);
        if !location.is_empty() {
            fields.text("location", &location);
        }
        if let Some(age) = self.number(number::MAX_AGE) {
            fields.int("max_age", age.into());
        }
        if self.oscore {
            fields.flag("oscore", true);
        }
        for (name, number) in [("block1", number::BLOCK1), ("block2", number::BLOCK2)] {
            if let Some(block) = self.number(number) {
                own.shown(name, options::Block(block));
            }
        }
        for (name, number) in [
            ("size1", number::SIZE1),
            ("size2", number::SIZE2),
            ("coiot_validity", number::COIOT_VALIDITY),
            ("coiot_serial", number::COIOT_SERIAL),
        ] {
            if let Some(value) = self.number(number) {
                own.int(name, value.into());
            }
        }
    }
}

fn join(to: &mut String, separator: char, first: bool, text: &str) {
    if first || !to.is_empty() {
        to.push(separator);
    }
    to.push_str(text);
}

fn with_query(path: &str, query: &str) -> String {
    match (path, query) {
        (path, "") => path.to_owned(),
        ("", query) => format!("/?{query}"),
        (path, query) => format!("{path}?{query}"),
    }
}

fn headline(head: &Head, bytes: &[u8], asked: Option<&Request>) -> String {
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
