//! Start line and header fields, as HTTP and SSDP write them (RFC 9112 section 2).

use std::borrow::Cow;
use std::ops::Range;

use crate::Tree;

/// A head of more bytes is not waited for.
pub const LONGEST_HEAD: usize = 64 * 1024;

/// A head has some dozen header fields; a hostile one may have thousands.
pub const MOST_HEADERS: usize = 512;

/// Start line and header fields. Lenient: lines may end in LF alone, and what is no header field is left out.
pub struct Head<'a> {
    bytes: &'a [u8],
    /// The start line without its end.
    pub start: Range<usize>,
    pub headers: Vec<Header>,
    /// Where the body begins.
    pub end: usize,
    /// The empty line behind the head is there.
    pub complete: bool,
}

/// A header field; its value may go on over several lines.
#[derive(Debug)]
pub struct Header {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

impl<'a> Head<'a> {
    pub fn read(bytes: &'a [u8]) -> Head<'a> {
        let mut head = Head { bytes, start: 0..0, headers: Vec::with_capacity(16), end: 0, complete: false };
        let mut first = true;
        while head.end < bytes.len().min(LONGEST_HEAD) {
            let from = head.end;
            let rest = bytes.get(from..).unwrap_or_default();
            let line_feed = rest.iter().position(|byte| *byte == b'\n');
            head.end = from + line_feed.map_or(rest.len(), |at| at + 1);
            let to = from + line_feed.unwrap_or(rest.len());
            let to = if bytes.get(from..to).is_some_and(|line| line.ends_with(b"\r")) { to - 1 } else { to };
            if std::mem::take(&mut first) {
                head.start = from..to;
            } else if from == to && line_feed.is_some() {
                head.complete = true;
                break;
            } else {
                head.line(from..to);
            }
        }
        head
    }

    /// Header fields that were written in another way, and stand in `bytes` now.
    pub fn of(bytes: &'a [u8], headers: Vec<Header>) -> Head<'a> {
        Head { bytes, start: 0..0, headers, end: bytes.len(), complete: true }
    }

    fn line(&mut self, line: Range<usize>) {
        let text = self.bytes.get(line.clone()).unwrap_or_default();
        if text.starts_with(b" ") || text.starts_with(b"\t") {
            if let Some(last) = self.headers.last_mut() {
                last.value.end = line.end;
            }
            return;
        }
        let Some(colon) = text.iter().position(|byte| *byte == b':') else { return };
        if self.headers.len() < MOST_HEADERS {
            let name = trim(self.bytes, line.start..line.start + colon);
            let value = trim(self.bytes, line.start + colon + 1..line.end);
            self.headers.push(Header { name, value });
        }
    }

    pub fn slice(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    pub fn text(&self, range: &Range<usize>) -> Cow<'a, str> {
        String::from_utf8_lossy(self.slice(range))
    }

    /// The first field of this name, in any case.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.all(name).next()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        self.headers
            .iter()
            .filter(move |header| self.slice(&header.name).eq_ignore_ascii_case(name.as_bytes()))
            .map(|header| self.text(&header.value))
    }

    /// The start line's words, the last of which may hold spaces.
    pub fn words<const N: usize>(&self) -> [Range<usize>; N] {
        let mut at = self.start.start;
        let mut n = 0;
        [(); N].map(|()| {
            n += 1;
            let rest = self.slice(&(at..self.start.end));
            let len = rest.iter().position(|byte| *byte == b' ').filter(|_| n < N).unwrap_or(rest.len());
            let word = at..at + len;
            at = (word.end + 1).min(self.start.end);
            word
        })
    }

    /// Writes the header fields to the tree, with Wireshark's names.
    pub fn show(&self, tree: &mut Tree) {
        if !tree.is_on() {
            return;
        }
        for header in &self.headers {
            let name = self.text(&header.name);
            let lower = name.to_ascii_lowercase();
            match FIELDS.iter().find(|(known, ..)| *known == lower) {
                // credentials are not shown
                Some((known, field, label)) if known.ends_with("authorization") => {
                    let value = self.text(&header.value);
                    let scheme = value.split(' ').next().unwrap_or_default();
                    tree.text(field, label, header.value.clone(), format_args!("{scheme} (masked)"));
                }
                Some((_, field, label)) => tree.text(field, label, header.value.clone(), self.text(&header.value)),
                None => {
                    let range = header.name.start..header.value.end.max(header.name.end);
                    tree.text("http.header", "Header", range, format_args!("{name}: {}", self.text(&header.value)));
                }
            }
        }
    }
}

fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let slice = bytes.get(range.clone()).unwrap_or_default();
    let start = range.start + (slice.len() - slice.trim_ascii_start().len());
    let end = (range.end - (slice.len() - slice.trim_ascii_end().len())).max(start);
    start..end
}

/// Header, Wireshark's field, label.
const FIELDS: [(&str, &str, &str); 31] = [
    ("host", "http.host", "Host"),
    ("user-agent", "http.user_agent", "User-Agent"),
    ("referer", "http.referer", "Referer"),
    ("cookie", "http.cookie", "Cookie"),
    ("set-cookie", "http.set_cookie", "Set-Cookie"),
    ("content-type", "http.content_type", "Content-Type"),
    ("content-length", "http.content_length_header", "Content-Length"),
    ("content-encoding", "http.content_encoding", "Content-Encoding"),
    ("transfer-encoding", "http.transfer_encoding", "Transfer-Encoding"),
    ("server", "http.server", "Server"),
    ("location", "http.location", "Location"),
    ("authorization", "http.authorization", "Authorization"),
    ("proxy-authorization", "http.proxy_authorization", "Proxy-Authorization"),
    ("www-authenticate", "http.www_authenticate", "WWW-Authenticate"),
    ("proxy-authenticate", "http.proxy_authenticate", "Proxy-Authenticate"),
    ("date", "http.date", "Date"),
    ("connection", "http.connection", "Connection"),
    ("upgrade", "http.upgrade", "Upgrade"),
    ("accept", "http.accept", "Accept"),
    ("accept-language", "http.accept_language", "Accept-Language"),
    ("accept-encoding", "http.accept_encoding", "Accept-Encoding"),
    ("cache-control", "http.cache_control", "Cache-Control"),
    ("last-modified", "http.last_modified", "Last-Modified"),
    ("x-forwarded-for", "http.x_forwarded_for", "X-Forwarded-For"),
    ("nt", "ssdp.nt", "Notification Type"),
    ("nts", "ssdp.nts", "Notification Sub Type"),
    ("st", "ssdp.st", "Search Target"),
    ("usn", "ssdp.usn", "Unique Service Name"),
    ("mx", "ssdp.mx", "Longest Wait"),
    ("man", "ssdp.man", "Extension"),
    ("sec-websocket-protocol", "http.sec_websocket_protocol", "Sec-WebSocket-Protocol"),
];
