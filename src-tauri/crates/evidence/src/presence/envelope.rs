//! A report with when and from whom it came, as our receiver keeps it: the body stands in it as text, byte for byte.

use std::borrow::Cow;
use std::ops::Range;

use model::Time;

use crate::json_span::Unescaped;
use crate::tree::{Node, Value};

/// What an envelope says.
pub struct Envelope<'a> {
    pub received: Time,
    pub verified: bool,
    pub body: Cow<'a, str>,
    /// Where the body stands, without its quotes.
    pub inside: Range<usize>,
}

/// The envelope, if it is one by all its members.
pub fn read<'a>(node: &'a Node) -> Option<Envelope<'a>> {
    let received = Time::parse(node.word("received")?).ok()?;
    let verified = node.get("verified")?.flag()?;
    node.word("peer")?;
    let body = node.get("body")?;
    match &body.value {
        Value::Text(text) => {
            Some(Envelope { received, verified, body: Cow::Borrowed(text), inside: body.at + 1..body.end - 1 })
        }
        _ => None,
    }
}

/// Leads from a place in a body to where that stands in the file. Goes forward only.
pub struct Body<'a> {
    raw: Unescaped<'a>,
    /// Offset in the file of the body's first byte.
    at: u64,
    /// Bytes of the body that were passed.
    passed: usize,
}

impl<'a> Body<'a> {
    pub fn new(raw: &'a str, at: u64) -> Body<'a> {
        Body { raw: Unescaped::new(raw), at, passed: 0 }
    }

    pub fn offset(&mut self, target: usize) -> u64 {
        while self.passed < target {
            match self.raw.next() {
                Some(c) => self.passed += c.len_utf8(),
                None => break,
            }
        }
        self.at + self.raw.at() as u64
    }
}
