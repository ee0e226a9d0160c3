//! HTTP (RFC 9110): requests, responses, and the files in their bodies. Here as HTTP/1 writes them (RFC 9112); `h2` reads HTTP/2.

mod body;
pub mod credentials;
mod exchange;
mod h2;
pub mod head;
mod messages;
mod readers;
mod start;
mod websocket;

use std::collections::VecDeque;

use model::Kind;

use self::body::{Body, Framing, framing};
use self::exchange::{Answer, Request, authority, number};
pub use self::h2::Http2;
use self::head::{Head, LONGEST_HEAD};
use self::readers::{hue, upnp};
use self::start::{Begins, begins, request_line, status};
use self::websocket::WebSocket;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};

pub struct Http;

/// Requests whose responses are still to come.
const MOST_REQUESTS: usize = 256;

static PORTS: [(Transport, u16); 8] = [
    (Transport::Tcp, 80),
    (Transport::Tcp, 8080),
    (Transport::Tcp, 8000),
    (Transport::Tcp, 8008),
    (Transport::Tcp, 8060),
    (Transport::Tcp, 1400),
    (Transport::Tcp, 3128),
    (Transport::Tcp, 49152),
];

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
        ("incomplete", "the capture lacks some of the head"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
};

impl Protocol for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &PORTS
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
            Begins::Short | Begins::No if out.tree.is_on() && h2::fill(bytes) => {
                self.taken_over = TakenOver::By(Http2.conversation());
                self.tunnel(message, out)
            }
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

    fn is_chain(&self) -> bool {
        matches!(&self.taken_over, TakenOver::By(inner) if inner.is_chain())
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
                let status = (!is_request).then(|| status(&head));
                let body = Body::new(&head, &request, status, framing, out);
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

        exchange::tell_request(head, &request, number(&head.text(&version)), 0..head.end.min(message.bytes.len()), out);
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
        let status = status(head);
        out.tree.int("http.response.code", "Status Code", code, status);
        out.tree.text("http.response.phrase", "Response Phrase", phrase.clone(), head.text(&phrase));
        head.show(&mut out.tree);
        // 100 and 103 come before the response proper
        let interim = (100..200).contains(&status) && status != 101;
        let request = if interim { self.requests.front().cloned() } else { self.requests.pop_front() };

        let (version, phrase) = (head.text(&version), head.text(&phrase));
        let answer = Answer { status, phrase: Some(&phrase), version: number(&version), request: request.as_ref() };
        exchange::tell_response(head, &answer, 0..head.end.min(message.bytes.len()), out);

        let method = request.as_ref().map_or("", |request| request.method.as_str());
        if status == 101 || method == "CONNECT" && (200..300).contains(&status) {
            let socket = head.get("upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
            let spoken = head.get("sec-websocket-protocol").unwrap_or_default();
            let host = request.as_ref().map_or_else(String::new, Request::subject);
            let second =
                status == 101 && head.get("upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("h2c"));
            self.taken_over = match () {
                () if socket => TakenOver::WebSocket(Box::new(WebSocket::new(&spoken, host))),
                () if second => TakenOver::By(h2::upgraded(message.side, request.clone(), self.depth)),
                () => TakenOver::Someone,
            };
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

#[cfg(test)]
mod tests;
