//! Where a message begins: its first line (RFC 9112 sections 3 and 4).

use std::ops::Range;

use super::head::Head;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    Yes,
    No,
    /// Too few bytes to tell.
    Short,
}

/// Methods of HTTP, WebDAV and UPnP.
const METHODS: [&str; 26] = [
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "BIND",
    "LINK",
    "UNLINK",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "M-SEARCH",
    "M-POST",
];

/// Whether a request or a response begins here. RTSP and SIP look alike, but for their version and what they ask for.
pub fn begins(bytes: &[u8]) -> Begins {
    let answer = b"HTTP/1.";
    if bytes.len() < answer.len() && answer.starts_with(bytes) {
        return Begins::Short;
    }
    if bytes.starts_with(answer) {
        return match bytes.get(8..12) {
            Some([b' ', code @ ..]) if code.iter().all(u8::is_ascii_digit) => Begins::Yes,
            Some(_) => Begins::No,
            None => Begins::Short,
        };
    }
    let Some(space) = bytes.iter().take(12).position(|byte| *byte == b' ') else {
        let part = METHODS.iter().any(|method| method.as_bytes().starts_with(bytes));
        return if part { Begins::Short } else { Begins::No };
    };
    let (method, target) = bytes.split_at(space);
    let Some(method) = METHODS.iter().find(|known| known.as_bytes() == method) else { return Begins::No };
    let line = target.get(1..512.min(target.len())).unwrap_or_default();
    let plain = matches!(line.first(), Some(b'/' | b'*')) || line.starts_with(b"http") || *method == "CONNECT";
    match line.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            let line = line.get(..end).unwrap_or_default().trim_ascii_end();
            let version = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
            if plain && version.starts_with(b"HTTP/1.") { Begins::Yes } else { Begins::No }
        }
        None if line.is_empty() => Begins::Short,
        None if plain && line.iter().all(|byte| !byte.is_ascii_control()) => Begins::Yes,
        None => Begins::No,
    }
}

/// Method, URI and version. The URI ends where the version begins: some clients leave spaces in it.
pub fn request_line(head: &Head) -> [Range<usize>; 3] {
    let [method, rest] = head.words();
    let version = head.slice(&rest).windows(6).rposition(|six| six == b" HTTP/").map_or(rest.end, |at| rest.start + at);
    [method, rest.start..version, (version + 1).min(rest.end)..rest.end]
}

/// The code of a response; 0 if it is none.
pub fn status(head: &Head) -> u16 {
    let [_, code, _] = head.words();
    head.text(&code).parse().unwrap_or(0)
}
