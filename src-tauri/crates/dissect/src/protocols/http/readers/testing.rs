//! Exchanges, for tests of readers.

use crate::protocols::Side;
use crate::protocols::http::Http;
use crate::protocols::testing::segments;

/// A request, and what is answered to it; a body that is empty is none.
pub struct Asked<'a> {
    pub line: &'a str,
    pub headers: &'a str,
    pub body: &'a str,
    pub status: &'a str,
    pub content_type: &'a str,
    pub answer: &'a str,
}

/// The facts of one exchange that are not `http` and `files`, a line each.
pub fn told(asked: &Asked) -> String {
    let Asked { line, headers, body, status, content_type, answer } = asked;
    let length =
        |body: &str| if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request = format!("{line} HTTP/1.1\r\nHost: bridge\r\n{headers}{}\r\n{body}", length(body));
    let kind = if content_type.is_empty() { String::new() } else { format!("Content-Type: {content_type}\r\n") };
    let response = format!("HTTP/1.1 {status}\r\n{kind}Content-Length: {}\r\n\r\n{answer}", answer.len());
    let text = segments(&Http, &[(Side::Orig, request.as_bytes()), (Side::Resp, response.as_bytes())]);
    let own = text.lines().filter(|line| !line.starts_with("http ") && !line.starts_with("files "));
    own.map(|line| format!("{line}\n")).collect()
}
