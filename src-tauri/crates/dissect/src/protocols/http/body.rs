//! Bodies: where they end (RFC 9112 section 6), and the files that they are.

use std::ops::Range;

use model::Fields;

use super::head::{Head, LONGEST_HEAD};
use super::readers::{self, Wanted};
use super::{Half, Request, Session, credentials};
use crate::protocols::credentials as logins;
use crate::protocols::files::{self, File};
use crate::protocols::{Message, Out, Side, Step, payload};

/// Where a body ends (RFC 9112 section 6.3).
pub enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
    Bad(usize, &'static str),
}

/// What the head says of it; `None`: nothing.
pub fn framing(head: &Head) -> Option<Framing> {
    let chunked = head.all("transfer-encoding").any(|value| value.to_ascii_lowercase().contains("chunked"));
    if chunked {
        return Some(Framing::Chunked);
    }
    let length = head.get("content-length")?;
    // several lengths are fine if they agree
    let mut all = length.split(',').map(str::trim);
    let first = all.next().unwrap_or_default();
    match first.parse() {
        Ok(len) if all.all(|other| other == first) => Some(Framing::Length(len)),
        _ => Some(Framing::Bad(head.end, "Content-Length is not a number")),
    }
}

/// A body on its way.
pub struct Body {
    file: File,
    /// It may hold a login: how it is written, and whom it is for.
    form: Option<(Form, String)>,
    wanted: Option<Box<Wanted>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Url,
    Json,
}

impl Body {
    /// `status`: of an answer; none: the body is the request's own.
    pub fn new(head: &Head, request: &Request, status: Option<u16>, framing: &Framing, out: &mut Out) -> Body {
        let encoding = head.get("content-encoding").unwrap_or_default();
        let mut file = File::new("http", encoding.trim(), out);
        file.subject = request.subject();
        let disposition = head.get("content-disposition").unwrap_or_default();
        let named = credentials::parameter(&disposition, "filename").filter(|name| !name.is_empty());
        let is_request = status.is_none();
        let from_uri = request.method == if is_request { "PUT" } else { "GET" };
        let fields: &mut Fields = &mut file.fields;
        if let Some(name) = named.or_else(|| files::name_of(&request.uri).filter(|_| from_uri)) {
            fields.text("filename", name);
        }
        if let Some(host) = &request.host {
            fields.text("host", host);
        }
        for (name, header) in [("content_type", "content-type"), ("content_range", "content-range")] {
            if let Some(value) = head.get(header) {
                fields.text(name, &value);
            }
        }
        match framing {
            Framing::Length(len) => file.total = Some(*len),
            Framing::Chunked => fields.text("transfer_encoding", "chunked"),
            _ => {}
        }
        let content_type = head.get("content-type").unwrap_or_default().to_ascii_lowercase();
        let form = match () {
            () if !is_request => None,
            () if content_type.starts_with("application/x-www-form-urlencoded") => Some(Form::Url),
            () if content_type.contains("json") => Some(Form::Json),
            () => None,
        };
        let wanted = Wanted::new(request, status, &content_type);
        if wanted.is_some() {
            file.keep(readers::LONGEST, out);
        }
        Body {
            file,
            form: form.map(|form| (form, request.host.clone().unwrap_or_default())),
            wanted: wanted.map(Box::new),
        }
    }

    /// It goes on with this part of the message.
    pub fn take(&mut self, message: &Message, range: Range<usize>, out: &mut Out) {
        self.file.take(message, range, out);
    }

    pub fn missing(&mut self, bytes: u64) {
        self.file.missing(bytes);
    }

    /// Nothing more of it will come.
    pub fn end(mut self, side: Side, complete: bool, out: &mut Out) {
        if let Some((form, host)) = self.form.take() {
            let head = String::from_utf8_lossy(self.file.head()).into_owned();
            let first = out.facts.len();
            match form {
                Form::Url => told("form", &host, logins::pairs(&head), 0..0, out),
                Form::Json => told("json", &host, logins::members(&head), 0..0, out),
            }
            let place = self.file.place();
            for fact in out.facts.iter_mut().skip(first) {
                fact.place = Some(place.clone());
            }
        }
        let place = self.wanted.is_some().then(|| self.file.place());
        let kept = self.file.end(side, complete, out);
        if let Some(wanted) = self.wanted {
            let first = out.facts.len();
            wanted.tell(&kept, out);
            for fact in out.facts.iter_mut().skip(first) {
                fact.place.clone_from(&place);
            }
        }
    }
}

/// Secrets among pairs of names and values, with the user named beside them.
pub fn told<'a, S: AsRef<str> + 'a>(
    method: &'static str,
    host: &str,
    pairs: impl Iterator<Item = (S, S)>,
    bytes: Range<usize>,
    out: &mut Out,
) {
    let pairs: Vec<(S, S)> = pairs.collect();
    let user = pairs.iter().find(|(name, value)| logins::is_user(name.as_ref()) && !value.as_ref().is_empty());
    for (name, value) in &pairs {
        let (name, password) = (name.as_ref(), value.as_ref());
        if logins::is_secret(name) && !password.is_empty() {
            let username = user.map_or("", |(_, user)| user.as_ref());
            let login =
                logins::Login { protocol: "http", method, username, name, password, host, ..Default::default() };
            login.tell(bytes.clone(), out);
        }
    }
}

impl Session {
    /// A body begins; what is there of it is read.
    pub(super) fn begin_body(
        &mut self,
        body: Body,
        framing: &Framing,
        message: &Message,
        at: usize,
        out: &mut Out,
    ) -> Step {
        let side = message.side as usize;
        self.bodies[side] = Some(Box::new(body));
        let left = match framing {
            Framing::Length(len) => *len,
            Framing::Chunked => {
                self.sides[side] = Half::Chunk;
                return Step::Took(at);
            }
            _ => u64::MAX,
        };
        self.sides[side] = Half::Body(left);
        let taken = if at < message.bytes.len() { self.body(message, at, left, out) } else { 0 };
        Step::Took(at + taken)
    }

    /// The body goes on at `at` of the message for `left` bytes (`u64::MAX`: all that comes); returns how many are there.
    pub(super) fn body(&mut self, message: &Message, at: usize, left: u64, out: &mut Out) -> usize {
        let here = message.bytes.len().saturating_sub(at);
        let taken = usize::try_from(left).map_or(here, |left| left.min(here));
        show_body(message.bytes, at..at + taken, out);
        if let Some(body) = &mut self.bodies[message.side as usize] {
            body.take(message, at..at + taken, out);
        }
        if self.passed(message.side, taken as u64) {
            self.end_body(message.side, true, out);
        }
        taken
    }

    /// So many bytes of the body are done with; true if that was its end.
    fn passed(&mut self, side: Side, bytes: u64) -> bool {
        let half = &mut self.sides[side as usize];
        match half {
            Half::Body(u64::MAX) => false,
            Half::Body(left) => {
                *left = left.saturating_sub(bytes);
                let over = *left == 0;
                if over {
                    *half = Half::Head;
                }
                over
            }
            Half::InChunk(left) => {
                *left = left.saturating_sub(bytes);
                if *left == 0 {
                    *half = Half::Chunk;
                }
                false
            }
            _ => false,
        }
    }

    pub(super) fn end_body(&mut self, side: Side, complete: bool, out: &mut Out) {
        if let Some(body) = self.bodies[side as usize].take() {
            body.end(side, complete, out);
        }
    }

    /// Bytes are missing; true if they all lie in the body.
    pub(super) fn missed_in_body(&mut self, side: Side, bytes: u64) -> bool {
        match self.sides[side as usize] {
            Half::Body(left) | Half::InChunk(left) if bytes <= left => {}
            _ => return false,
        }
        if let Some(body) = &mut self.bodies[side as usize] {
            body.missing(bytes);
        }
        if self.passed(side, bytes)
            && let Some(body) = self.bodies[side as usize].take()
        {
            self.ended.push((side, true, body));
        }
        true
    }

    /// A chunk's size and what it holds (RFC 9112 section 7.1).
    pub(super) fn chunk(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let Some(end) = bytes.iter().take(256).position(|byte| *byte == b'\n') else {
            return if bytes.len() < 256 && !message.cut { Step::More } else { self.lose(message, out) };
        };
        let line = bytes.get(..end).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            return Step::Took(end + 1); // the line end behind the last chunk's data
        }
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let Some(size) = size else { return self.lose(message, out) };
        out.tree.open("http", "Hypertext Transfer Protocol", 0..end + 1, || format!("chunk of {size} bytes"));
        out.tree.int("http.chunk_size", "Chunk Size", 0..digits.len(), size);
        let mut taken = end + 1;
        if size == 0 {
            self.sides[message.side as usize] = Half::Trailer;
            self.end_body(message.side, true, out);
        } else {
            self.sides[message.side as usize] = Half::InChunk(size.min(u64::MAX - 1));
            taken += self.body(message, end + 1, size.min(u64::MAX - 1), out);
        }
        out.tree.close();
        Step::Took(taken)
    }

    pub(super) fn trailer(&mut self, message: &Message) -> Step {
        let bytes = message.bytes;
        let line_feed = bytes.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n');
        match line_feed {
            Some(at) => {
                if bytes.get(..at).is_some_and(|line| line.trim_ascii().is_empty()) {
                    self.sides[message.side as usize] = Half::Head;
                }
                Step::Took(at + 1)
            }
            None if message.cut || bytes.len() >= LONGEST_HEAD => Step::Took(bytes.len().max(1)),
            None => Step::More,
        }
    }
}

fn show_body(bytes: &[u8], range: Range<usize>, out: &mut Out) {
    if out.tree.is_on() && !range.is_empty() {
        let body = bytes.get(range.clone()).unwrap_or_default();
        out.tree.text("http.file_data", "File Data", range, payload::shown(body));
    }
}
