//! As much XML as XMPP uses (RFC 6120 section 11): elements, attributes and text, without a document type.

use std::borrow::Cow;
use std::ops::Range;

use crate::protocols::cursor::Stop;

/// Elements lie deeper in no document.
const DEEPEST: usize = 32;

/// A piece of XML; ranges count from the first byte given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `<name …>`; `empty`: `<name …/>`.
    Open {
        name: Range<usize>,
        attributes: Range<usize>,
        empty: bool,
    },
    /// `</name>`
    Close {
        name: Range<usize>,
    },
    Text(Range<usize>),
    /// Text in `<![CDATA[…]]>`.
    Data(Range<usize>),
    /// A comment, or a processing instruction such as `<?xml …?>`.
    Aside,
}

pub enum Next {
    /// And where it ends.
    Token(Token, usize),
    /// The end is not there yet.
    Short,
    /// This is no XML.
    Bad,
}

/// The piece that begins at `at`.
pub fn next(bytes: &[u8], at: usize) -> Next {
    let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { return Next::Short };
    if rest[0] != b'<' {
        let len = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
        return Next::Token(Token::Text(at..at + len), at + len);
    }
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        let known = rest.len().min(start.len());
        if rest.get(..known) != start.as_bytes().get(..known) {
            continue;
        }
        let body = rest.get(start.len()..).unwrap_or_default();
        let Some(len) = find(body, end.as_bytes()) else { return Next::Short };
        let body = at + start.len()..at + start.len() + len;
        let token_end = body.end + end.len();
        let token = if start.starts_with("<![") { Token::Data(body) } else { Token::Aside };
        return Next::Token(token, token_end);
    }
    if rest.starts_with(b"<!") {
        return Next::Bad;
    }
    let Some(len) = tag_end(rest) else { return Next::Short };
    let closing = rest.get(1) == Some(&b'/');
    let inner = at + 1 + usize::from(closing)..at + len - 1;
    let text = bytes.get(inner.clone()).unwrap_or_default();
    let empty = !closing && text.ends_with(b"/");
    let inner_end = inner.end - usize::from(empty);
    let name_len = text.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'/').count();
    let name = inner.start..(inner.start + name_len).min(inner_end);
    if !text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80) {
        return Next::Bad;
    }
    let token =
        if closing { Token::Close { name } } else { Token::Open { attributes: name.end..inner_end, name, empty } };
    Next::Token(token, at + len)
}

/// What a document holds, in order.
pub enum Event<'a> {
    Open {
        name: Range<usize>,
        attributes: Range<usize>,
    },
    /// Text that is not blank, without the blanks around it.
    Text(&'a str, Range<usize>),
}

/// How to say what is wrong with a document: it is nested too deep, ends too early, or is no XML.
pub struct Wrong {
    pub deep: &'static str,
    pub short: &'static str,
    pub bad: &'static str,
}

/// Goes through a document that is there as a whole. `each` gets what it holds, and the local names of the elements around that.
pub fn walk<'a>(bytes: &'a [u8], wrong: &Wrong, each: &mut dyn FnMut(&[&'a [u8]], Event)) -> Result<(), Stop> {
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut open: Vec<&[u8]> = Vec::new();
    while at < bytes.len() {
        let start = at;
        let token = match next(bytes, at) {
            Next::Token(token, end) => {
                at = end;
                token
            }
            Next::Short => return Err(Stop { at: bytes.len(), why: wrong.short, short: true }),
            Next::Bad => return Err(Stop { at, why: wrong.bad, short: false }),
        };
        match token {
            Token::Open { name, attributes, empty } => {
                let named = bytes.get(name.clone()).map(local).unwrap_or_default();
                each(&open, Event::Open { name, attributes });
                if !empty && open.len() < DEEPEST {
                    open.push(named);
                } else if !empty {
                    return Err(Stop { at: start, why: wrong.deep, short: false });
                }
            }
            Token::Close { .. } => {
                open.pop();
            }
            Token::Text(range) | Token::Data(range) => {
                let text = decode(bytes.get(range.clone()).unwrap_or_default());
                if !text.trim().is_empty() {
                    each(&open, Event::Text(text.trim(), range));
                }
            }
            Token::Aside => {}
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Stop { at: bytes.len(), why: wrong.short, short: true }) }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Length of the tag: up to the first `>` that is not in quotes.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// A name without its prefix: `stream:features` -> `features`.
pub fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or(name)
}

/// An attribute's value in a tag.
pub fn attribute<'a>(bytes: &'a [u8], attributes: &Range<usize>, wanted: &str) -> Option<Cow<'a, str>> {
    let mut rest = bytes.get(attributes.clone())?;
    loop {
        rest = rest.trim_ascii_start();
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let (name, value) = rest.split_at(equals);
        let value = value.get(1..)?.trim_ascii_start();
        let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
        let end = value.iter().position(|byte| byte == quote)?;
        let (value, after) = value.split_at(end);
        if name.trim_ascii_end() == wanted.as_bytes() {
            return Some(decode(value));
        }
        rest = after.get(1..)?;
    }
}

/// Text with its entities resolved: the five of XML, and characters by number. No others are, so that nothing can grow.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains('&') {
        return text;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        decoded.push_str(before);
        let end = entity.bytes().take(12).position(|byte| byte == b';');
        let name = end.and_then(|end| entity.get(1..end)).unwrap_or_default();
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.strip_prefix('#').and_then(|number| {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                };
                char::from_u32(code?)
            }),
        };
        match (character, end) {
            (Some(character), Some(end)) => {
                decoded.push(character);
                rest = entity.get(end + 1..).unwrap_or_default();
            }
            _ => {
                decoded.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> String {
        let bytes = text.as_bytes();
        let show = |range: &Range<usize>| &text[range.clone()];
        let (mut at, mut said) = (0, Vec::new());
        loop {
            match next(bytes, at) {
                Next::Token(token, end) => {
                    said.push(match &token {
                        Token::Open { name, attributes, empty } => {
                            format!("open {}{}{}", show(name), show(attributes), if *empty { " /" } else { "" })
                        }
                        Token::Close { name } => format!("close {}", show(name)),
                        Token::Text(text) => format!("text {}", show(text)),
                        Token::Data(text) => format!("data {}", show(text)),
                        Token::Aside => "aside".into(),
                    });
                    at = end;
                }
                Next::Short => said.push(if at == bytes.len() { "end".into() } else { "short".into() }),
                Next::Bad => said.push("bad".into()),
            }
            if matches!(said.last().map(String::as_str), Some("end" | "short" | "bad")) {
                return said.join("; ");
            }
        }
    }

    #[test]
    fn tells_the_pieces_apart() {
        for (text, expect) in [
            ("<?xml version='1.0'?> <a:b c='d>e'/>", "aside; text  ; open a:b c='d>e' /; end"),
            ("<a>x<b/></a>", "open a; text x; open b /; close a; end"),
            ("<a><![CDATA[<b>]]><!-- <c> --></a >", "open a; data <b>; aside; close a; end"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]>", "bad"),
            ("<>", "bad"),
            ("< a>", "bad"),
            ("<a b='>", "short"),
            ("<![CDA", "short"),
            ("</a", "short"),
        ] {
            assert_eq!(tokens(text), expect, "{text}");
        }
    }

    #[test]
    fn finds_attributes_and_resolves_entities() {
        let tag = b"a from='x&amp;y' to = \"b'c\" bad d='&#x41;&#66;&nope;&'";
        let all = 1..tag.len();
        assert_eq!(attribute(tag, &all, "from").as_deref(), Some("x&y"));
        assert_eq!(attribute(tag, &all, "to").as_deref(), Some("b'c"));
        assert_eq!(attribute(tag, &all, "none"), None);
        assert_eq!(decode(b"&#x41;&#66;&nope;&"), "AB&nope;&");
    }
}
