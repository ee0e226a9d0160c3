//! HTTP/1 (RFC 9112): requests, responses, and the files in their bodies.

mod body;
pub mod credentials;
pub mod head;
mod messages;
mod readers;
mod start;
mod websocket;

use std::collections::VecDeque;
use std::ops::Range;

use model::{Fields, Kind};

use self::body::{Body, Framing, framing};
use self::head::{Head, LONGEST_HEAD};
use self::readers::{hue, upnp};
use self::start::{Begins, begins, request_line};
use self::websocket::WebSocket;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};

pub struct Http;

/// Requests whose responses are still to come.
const MOST_REQUESTS: usize = 256;

/// Its own messages, and what heads and bodies hold.
static KINDS: [Kind; 6] = [HTTP, messages::KIND, super::files::KIND, super::credentials::KIND, upnp::KIND, hue::KIND];

/// What heads and bodies hold: told beside the message, at places within it.
pub fn beside() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| ![HTTP.name, messages::KIND.name].contains(&kind.name))
}

const HTTP: Kind = Kind {
    name: "http",
    about: "An HTTP request or response.",
    fields: &[
        ("msg_type", "request or response"),
        ("method", "of a response: its request's"),
        ("host", "of a response: its request's"),
        ("uri", "of a response: its request's"),
        ("status_code", "how it ended: 200, 404, ..."),
        ("status_msg", "the same in words"),
        ("user_agent", "what software asks"),
        ("server", "what software answers"),
        ("content_type", "what the body is"),
        ("content_length", "length of the body in bytes, as announced"),
        ("content_encoding", "how the body is packed"),
        ("referrer", "page that led here"),
        ("origin", "page that asks"),
        ("location", "where to go instead"),
        ("version", "HTTP version"),
        ("authorization", "how the client proves who it is: Basic, Digest, Bearer"),
        ("username", "who it says it is"),
        ("password", "masked, if there is one"),
        ("realm", "what the login is for"),
        ("authenticate", "what proof the server asks for"),
        ("cookie_vars", "names of the cookies sent"),
        ("set_cookie_vars", "names of the cookies set"),
        ("proxied", "for whom a proxy asks"),
        ("via", "through which proxies"),
        ("soap_action", "what a device is told to do (UPnP)"),
        ("upgrade", "protocol that takes over"),
        ("websocket_protocol", "what is spoken inside a WebSocket"),
        ("trans_depth", "number of the request in its connection, from 1"),
        ("incomplete", "the capture cut the head"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
};

impl Protocol for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[
            (Transport::Tcp, 80),
            (Transport::Tcp, 8080),
            (Transport::Tcp, 8000),
            (Transport::Tcp, 8008),
            (Transport::Tcp, 8060),
            (Transport::Tcp, 1400),
            (Transport::Tcp, 3128),
            (Transport::Tcp, 49152),
        ]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, _at_home: bool) -> bool {
        message.transport == Transport::Tcp && begins(message.bytes) == Begins::Yes
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What one message says about the next.
#[derive(Default)]
struct Session {
    sides: [Half; 2],
    requests: VecDeque<Request>,
    depth: i64,
    taken_over: TakenOver,
    bodies: [Option<Box<Body>>; 2],
    /// Bodies that ended where bytes are missing, and whether that was their proper end.
    ended: Vec<(Side, bool, Box<Body>)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Half {
    /// Nothing read so far: the capture may have begun in the middle of a message.
    #[default]
    Unknown,
    /// A head is next.
    Head,
    /// So many bytes of a body are next; `u64::MAX`: all that comes.
    Body(u64),
    /// A chunk of a body is next.
    Chunk,
    /// So many bytes of a chunk are next.
    InChunk(u64),
    /// Header fields behind the last chunk are next.
    Trailer,
    /// It is not known where messages begin.
    Lost,
}

/// What speaks after a tunnel or an upgrade.
#[derive(Default)]
enum TakenOver {
    #[default]
    No,
    /// Not yet known.
    Someone,
    By(Box<dyn Conversation>),
    WebSocket(Box<WebSocket>),
}

#[derive(Clone, Default)]
struct Request {
    method: String,
    host: Option<String>,
    uri: String,
    depth: i64,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        self.tell_ended(out);
        match &mut self.taken_over {
            TakenOver::No => {}
            TakenOver::WebSocket(socket) => return socket.read(message, out),
            TakenOver::Someone | TakenOver::By(_) => return self.tunnel(message, out),
        }
        let bytes = message.bytes;
        match self.sides[message.side as usize] {
            Half::Body(left) | Half::InChunk(left) => return Step::Took(self.body(message, 0, left, out).max(1)),
            Half::Chunk => return self.chunk(message, out),
            Half::Trailer => return self.trailer(message),
            Half::Head if matches!(bytes.first(), Some(b'\r' | b'\n')) => {
                // some clients end their body with an empty line too many
                let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                return Step::Took(empty);
            }
            Half::Unknown | Half::Head | Half::Lost => {}
        }
        match begins(bytes) {
            Begins::Yes => self.head(message, out),
            // A frame that is looked at alone: how the connection began is not known.
            Begins::Short | Begins::No if out.tree.is_on() && websocket::fill(bytes) => {
                let mut socket = Box::<WebSocket>::default();
                let step = socket.read(message, out);
                self.taken_over = TakenOver::WebSocket(socket);
                step
            }
            Begins::Short if !message.cut => Step::More,
            Begins::Short | Begins::No => self.lose(message, out),
        }
    }

    fn gap(&mut self, side: Side) {
        match &mut self.taken_over {
            TakenOver::WebSocket(socket) => return socket.gap(side),
            TakenOver::By(inner) => return inner.gap(side),
            TakenOver::No | TakenOver::Someone => {}
        }
        self.sides[side as usize] = Half::Lost;
        if let Some(mut body) = self.bodies[side as usize].take() {
            body.missing(0);
            self.ended.push((side, false, body));
        }
        // which response belongs to which request is no longer known
        self.requests.clear();
    }

    fn missed(&mut self, side: Side, bytes: u64) -> bool {
        match &mut self.taken_over {
            TakenOver::WebSocket(_) | TakenOver::Someone => false,
            TakenOver::By(inner) => inner.missed(side, bytes),
            TakenOver::No => self.missed_in_body(side, bytes),
        }
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        self.tell_ended(out);
        let until_close = self.sides[message.side as usize] == Half::Body(u64::MAX);
        self.end_body(message.side, until_close && !message.cut, out);
        match &mut self.taken_over {
            TakenOver::By(inner) => inner.finish(message, out),
            TakenOver::WebSocket(socket) => socket.finish(message, out),
            TakenOver::No | TakenOver::Someone => {}
        }
    }
}

impl Session {
    fn tell_ended(&mut self, out: &mut Out) {
        for (side, complete, body) in self.ended.drain(..) {
            body.end(side, complete, out);
        }
    }

    /// Not a message: heads mostly begin where segments do, so that the next one is tried.
    fn lose(&mut self, message: &Message, out: &mut Out) -> Step {
        let half = &mut self.sides[message.side as usize];
        if !matches!(half, Half::Unknown | Half::Lost) {
            out.tree.open("http", "Hypertext Transfer Protocol", 0..message.bytes.len(), String::new);
            out.malformed(0, "no HTTP message begins here; the next is looked for where a segment begins");
            out.tree.close();
        }
        *half = Half::Lost;
        self.end_body(message.side, false, out);
        Step::Took(message.bytes.len().max(1))
    }

    fn head(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let head = Head::read(bytes);
        if !head.complete && head.end < LONGEST_HEAD && !message.cut {
            return Step::More;
        }
        out.tree.open("http", "Hypertext Transfer Protocol", 0..head.end, || head.text(&head.start).into_owned());
        let is_request = !bytes.starts_with(b"HTTP/");
        let (framing, request) =
            if is_request { self.request(message, &head, out) } else { self.response(message, &head, out) };
        let mut next = Half::Head;
        if !head.complete {
            next = Half::Lost;
            if message.cut {
                if let Some(fact) = out.facts.iter_mut().find(|fact| fact.kind == HTTP.name) {
                    fact.own.flag("incomplete", true);
                }
            } else {
                out.malformed(head.end, "HTTP head without an end");
            }
        }
        self.sides[message.side as usize] = next;
        let step = match &framing {
            Framing::Bad(at, why) => {
                out.malformed(*at, *why);
                self.sides[message.side as usize] = Half::Lost;
                Step::Took(head.end)
            }
            Framing::None | Framing::Length(0) => Step::Took(head.end),
            _ if next == Half::Lost => Step::Took(head.end),
            framing => {
                let body = Body::new(&head, &request, is_request, framing, out);
                self.begin_body(body, framing, message, head.end, out)
            }
        };
        out.tree.close();
        step
    }

    fn request(&mut self, message: &Message, head: &Head, out: &mut Out) -> (Framing, Request) {
        let [method, uri, version] = request_line(head);
        out.tree.text("http.request.method", "Request Method", method.clone(), head.text(&method));
        out.tree.text("http.request.uri", "Request URI", uri.clone(), head.text(&uri));
        out.tree.text("http.request.version", "Request Version", version.clone(), head.text(&version));
        head.show(&mut out.tree);
        self.depth += 1;
        let uri = head.text(&uri).into_owned();
        let host = head.get("host").map(|host| host.into_owned()).or_else(|| authority(&uri));
        let request = Request { method: head.text(&method).into_owned(), host, uri, depth: self.depth };

        let fact = out.fact("http", 0..head.end.min(message.bytes.len()));
        let fields = &mut fact.fields;
        fields.text("msg_type", "request");
        request.write(fields);
        write_version(head, &version, fields);
        for (name, header) in [
            ("user_agent", "user-agent"),
            ("referrer", "referer"),
            ("origin", "origin"),
            ("content_type", "content-type"),
            ("content_encoding", "content-encoding"),
            ("proxied", "x-forwarded-for"),
            ("via", "via"),
            ("soap_action", "soapaction"),
            ("upgrade", "upgrade"),
            ("websocket_protocol", "sec-websocket-protocol"),
        ] {
            if let Some(value) = head.get(header) {
                fields.text(name, value.trim_matches('"'));
            }
        }
        if let Some(value) = head.get("authorization").or_else(|| head.get("proxy-authorization")) {
            credentials::write(&value, fields);
        }
        write_names("cookie_vars", head.all("cookie").flat_map(|all| cookies(&all)), fields);
        write_length(head, &mut fact.own);
        fact.own.int("trans_depth", request.depth);
        fact.subject = request.subject();
        credentials::tell_all(head, &request, 0..head.end.min(message.bytes.len()), out);
        let framing = framing(head).unwrap_or(Framing::None);
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request.clone());
        (framing, request)
    }

    fn response(&mut self, message: &Message, head: &Head, out: &mut Out) -> (Framing, Request) {
        let [version, code, phrase] = head.words();
        out.tree.text("http.response.version", "Response Version", version.clone(), head.text(&version));
        let status: u16 = head.text(&code).parse().unwrap_or(0);
        out.tree.int("http.response.code", "Status Code", code, status);
        out.tree.text("http.response.phrase", "Response Phrase", phrase.clone(), head.text(&phrase));
        head.show(&mut out.tree);
        // 100 and 103 come before the response proper
        let interim = (100..200).contains(&status) && status != 101;
        let request = if interim { self.requests.front().cloned() } else { self.requests.pop_front() };

        let fact = out.fact("http", 0..head.end.min(message.bytes.len()));
        let fields = &mut fact.fields;
        fields.text("msg_type", "response");
        fields.int("status_code", status.into());
        fields.text("status_msg", &head.text(&phrase));
        if let Some(request) = &request {
            request.write(fields);
            fact.own.int("trans_depth", request.depth);
            fact.subject = request.subject();
        }
        write_version(head, &version, fields);
        for (name, header) in [
            ("server", "server"),
            ("content_type", "content-type"),
            ("content_encoding", "content-encoding"),
            ("location", "location"),
            ("via", "via"),
            ("upgrade", "upgrade"),
            ("websocket_protocol", "sec-websocket-protocol"),
        ] {
            if let Some(value) = head.get(header) {
                fields.text(name, &value);
            }
        }
        if let Some(value) = head.get("www-authenticate").or_else(|| head.get("proxy-authenticate")) {
            fields.text("authenticate", value.split(' ').next().unwrap_or_default());
            if let Some(realm) = credentials::parameter(&value, "realm") {
                fields.text("realm", realm);
            }
        }
        let set = head.all("set-cookie").flat_map(|cookie| cookies(&cookie).into_iter().next());
        write_names("set_cookie_vars", set, fields);
        write_length(head, &mut fact.own);

        let method = request.as_ref().map_or("", |request| request.method.as_str());
        if status == 101 || method == "CONNECT" && (200..300).contains(&status) {
            let socket = head.get("upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
            let spoken = head.get("sec-websocket-protocol").unwrap_or_default();
            let host = request.as_ref().map_or_else(String::new, Request::subject);
            self.taken_over =
                if socket { TakenOver::WebSocket(Box::new(WebSocket::new(&spoken, host))) } else { TakenOver::Someone };
            return (Framing::None, request.unwrap_or_default());
        }
        if interim || matches!(status, 204 | 304) || method == "HEAD" {
            return (Framing::None, request.unwrap_or_default());
        }
        (framing(head).unwrap_or(Framing::UntilClose), request.unwrap_or_default())
    }

    /// What is spoken inside a tunnel is read as if it stood alone.
    fn tunnel(&mut self, message: &Message, out: &mut Out) -> Step {
        if let TakenOver::Someone = self.taken_over {
            let protocol = super::ALL.iter().find(|protocol| protocol.recognises(message, false));
            let Some(protocol) = protocol else { return Step::Done };
            self.taken_over = TakenOver::By(protocol.conversation());
        }
        let TakenOver::By(inner) = &mut self.taken_over else { return Step::Done };
        match inner.read(message, out) {
            Step::NotMine => Step::Done,
            step => step,
        }
    }
}

impl Request {
    fn write(&self, fields: &mut Fields) {
        fields.text("method", &self.method);
        if let Some(host) = &self.host {
            fields.text("host", host);
        }
        fields.text("uri", &self.uri);
    }

    /// What is asked for, without the query.
    fn path(&self) -> &str {
        let uri = self.uri.split(['?', '#']).next().unwrap_or(&self.uri);
        match uri.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
            None => uri,
        }
    }

    fn subject(&self) -> String {
        match &self.host {
            Some(host) if self.uri.starts_with('/') => format!("{host}{}", self.uri),
            _ => self.uri.clone(),
        }
    }
}

/// The host of a URI that names one, as those to a proxy do.
fn authority(uri: &str) -> Option<String> {
    let rest = uri.split_once("://")?.1;
    let host = rest.split(['/', '?']).next()?;
    Some(host.rsplit('@').next().unwrap_or(host).to_owned())
}

fn write_version(head: &Head, version: &Range<usize>, fields: &mut Fields) {
    let version = head.text(version);
    if let Some(number) = version.trim().strip_prefix("HTTP/") {
        fields.text("version", number);
    }
}

fn write_length(head: &Head, own: &mut Fields) {
    if let Some(len) = head.get("content-length").and_then(|len| len.parse().ok()) {
        own.int("content_length", len);
    }
}

/// Names of the cookies in a `Cookie` or `Set-Cookie`, never their values.
fn cookies(value: &str) -> Vec<String> {
    value.split(';').take(64).filter_map(|pair| Some(pair.split_once('=')?.0.trim().to_owned())).collect()
}

fn write_names(name: &str, names: impl Iterator<Item = String>, fields: &mut Fields) {
    let names: Vec<String> = names.take(64).collect();
    if !names.is_empty() {
        fields.texts(name, names);
    }
}

#[cfg(test)]
mod tests;
