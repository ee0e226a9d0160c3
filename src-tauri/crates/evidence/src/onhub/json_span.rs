//! JSON (RFC 8259) with the byte range of every value. A broken text keeps what was read before.

use std::borrow::Cow;

use super::tree::{DEPTH, Fault, Member, Node, VALUES, Value};

/// Reads `bytes`, which lie at `base` in the report. `None`: not even the beginning of a value.
pub fn parse(bytes: &[u8], base: usize) -> (Option<Node<'_>>, Option<Fault>) {
    let mut reader = Reader { bytes, base, at: 0, left: VALUES, fault: None };
    let node = reader.value(0);
    reader.space();
    if reader.at < bytes.len() {
        reader.fail::<()>("text after the end of the document");
    }
    (node, reader.fault)
}

struct Reader<'a> {
    bytes: &'a [u8],
    base: usize,
    at: usize,
    left: usize,
    /// The first fault; nothing is read after it.
    fault: Option<Fault>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Node<'a>> {
        self.space();
        let at = self.base + self.at;
        if depth > DEPTH {
            return self.fail("values nested too deep");
        }
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return self.fail("too many values"),
        };
        let value = match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => self.word()?,
            Some(_) => return self.fail("no JSON value here"),
            None => return self.fail("cut short before a value"),
        };
        Some(Node { at, end: self.base + self.at, value })
    }

    fn object(&mut self, depth: usize) -> Value<'a> {
        let mut members = Vec::new();
        self.at += 1;
        if !self.closes(b'}') {
            loop {
                self.space();
                let at = self.base + self.at;
                if self.peek() != Some(b'"') {
                    self.fail::<()>("no name here");
                    break;
                }
                let Some(name) = self.string() else { break };
                self.space();
                if !self.eat(b':') {
                    self.fail::<()>("no colon after a name");
                    break;
                }
                let Some(value) = self.value(depth + 1) else { break };
                members.push(Member { name, at, value });
                if !self.more(b'}') {
                    break;
                }
            }
        }
        Value::Object(members)
    }

    fn list(&mut self, depth: usize) -> Value<'a> {
        let mut items = Vec::new();
        self.at += 1;
        if !self.closes(b']') {
            while let Some(item) = self.value(depth + 1) {
                items.push(item);
                if !self.more(b']') {
                    break;
                }
            }
        }
        Value::List(items)
    }

    /// After an item: is there another? Takes the comma or the end.
    fn more(&mut self, end: u8) -> bool {
        if self.fault.is_some() || self.closes(end) {
            return false;
        }
        if self.eat(b',') {
            return true;
        }
        self.fail::<()>("neither a comma nor an end").is_some()
    }

    fn closes(&mut self, end: u8) -> bool {
        self.space();
        self.eat(end)
    }

    fn word(&mut self) -> Option<Value<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')))
            .unwrap_or(rest.len());
        let word = rest.get(..length).and_then(|word| std::str::from_utf8(word).ok())?;
        let digits = |b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let number = || word.bytes().all(digits) && word.parse::<f64>().is_ok();
        if !matches!(word, "true" | "false" | "null") && !number() {
            return self.fail("neither a number nor true, false or null");
        }
        self.at += length;
        Some(Value::Word(word))
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        let raw = loop {
            match self.bytes.get(at) {
                Some(b'"') => break self.bytes.get(start..at)?,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
                None => return self.fail("a string without end"),
            }
        };
        self.at = at + 1;
        Some(if escaped { Cow::Owned(unescape(raw)) } else { String::from_utf8_lossy(raw) })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&mut self, why: &'static str) -> Option<T> {
        self.fault.get_or_insert(Fault { at: self.base + self.at, why });
        None
    }
}

/// Takes the backslashes out. Lone surrogates become U+FFFD, unknown escapes their letter.
fn unescape(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new(); // a surrogate pair comes as two escapes
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escape = if c == '\\' { chars.next() } else { None };
        if escape == Some('u') {
            let mut ahead = chars.clone();
            let digits: String = ahead.by_ref().take(4).collect();
            if let (4, Ok(unit)) = (digits.len(), u16::from_str_radix(&digits, 16)) {
                units.push(unit);
                chars = ahead;
                continue;
            }
        }
        out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
        out.push(match escape {
            None => c,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(other) => other,
        });
    }
    out.push_str(&String::from_utf16_lossy(&units));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_values() {
        let json = br#" {"a": [1, {"b":"x\u00e9\ud83d\ude00\n"}], "c":true}"#;
        let (node, fault) = parse(json, 0);
        let node = node.unwrap();
        assert_eq!(fault, None);
        let inner = node.all("a").nth(1).unwrap();
        assert_eq!(json.get(inner.at..inner.end), Some(&br#"{"b":"x\u00e9\ud83d\ude00\n"}"#[..]));
        assert_eq!(inner.word("b"), Some("xé😀\n"));
        assert_eq!(node.get("c").and_then(Node::flag), Some(true));
        assert_eq!(node.all("a").next().and_then(Node::int), Some(1));
    }

    #[test]
    fn broken_texts_keep_their_beginning() {
        for (json, why) in [
            (&br#"{"a":1,"b""#[..], "no colon after a name"),
            (br#"{"a":1,"b":"#, "cut short before a value"),
            (br#"{"a":1 "b":2}"#, "neither a comma nor an end"),
            (br#"{"a":1,}"#, "no name here"),
            (br#"{"a":1}x"#, "text after the end of the document"),
            (br#"{"a":1,"b":"x"#, "a string without end"),
            (br#"{"a":1,"b":nope}"#, "neither a number nor true, false or null"),
        ] {
            let (node, fault) = parse(json, 0);
            assert_eq!(node.unwrap().get("a").and_then(Node::int), Some(1));
            assert_eq!(fault.unwrap().why, why);
        }
        let deep = [b'['; 100_000];
        assert_eq!(parse(&deep, 0).1.unwrap().why, "values nested too deep");
        let wide = b"[0".iter().chain(b",0".iter().cycle().take(2 * VALUES + 10)).copied().collect::<Vec<u8>>();
        assert_eq!(parse(&wide, 0).1.unwrap().why, "too many values");
    }
}
