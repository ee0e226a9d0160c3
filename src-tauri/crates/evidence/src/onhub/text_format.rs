//! Protobuf's text format (protobuf.dev, "Text Format") with the byte range of every value.

use std::borrow::Cow;

use crate::tree::{DEPTH, Fault, Member, Node, VALUES, Value};

/// Reads the message in `bytes`, which lie at `base` in the report. A broken text keeps what was read before.
pub fn parse(bytes: &[u8], base: usize) -> (Node<'_>, Option<Fault>) {
    let mut reader = Reader { bytes, base, at: 0, left: VALUES, fault: None };
    let members = reader.members(None, 0);
    (Node { at: base, end: base + bytes.len(), value: Value::Object(members) }, reader.fault)
}

struct Reader<'a> {
    bytes: &'a [u8],
    base: usize,
    at: usize,
    left: usize,
    fault: Option<Fault>,
}

impl<'a> Reader<'a> {
    /// Members up to the closing bracket, or to the end of the text where there is none.
    fn members(&mut self, close: Option<u8>, depth: usize) -> Vec<Member<'a>> {
        let mut members = Vec::new();
        loop {
            self.space();
            match self.peek() {
                None if close.is_none() => break,
                None => {
                    self.fail::<()>("a message without end");
                    break;
                }
                byte if byte == close => {
                    self.at += 1;
                    break;
                }
                Some(_) => {}
            }
            let Some(member) = self.member(depth) else { break };
            members.push(member);
            if self.fault.is_some() {
                break;
            }
            self.space();
            if matches!(self.peek(), Some(b',' | b';')) {
                self.at += 1;
            }
        }
        members
    }

    fn member(&mut self, depth: usize) -> Option<Member<'a>> {
        let at = self.base + self.at;
        let name = self.name()?;
        self.space();
        let colon = self.peek() == Some(b':');
        if colon {
            self.at += 1;
            self.space();
        }
        match self.peek() {
            Some(b'{' | b'<' | b'[') => {}
            _ if colon => {}
            _ => return self.fail("neither a colon nor a message after a name"),
        }
        let value = self.value(depth + 1)?;
        Some(Member { name: Cow::Borrowed(name), at, value })
    }

    fn value(&mut self, depth: usize) -> Option<Node<'a>> {
        let at = self.base + self.at;
        if depth > DEPTH {
            return self.fail("messages nested too deep");
        }
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return self.fail("too many values"),
        };
        let value = match self.peek() {
            Some(open @ (b'{' | b'<')) => {
                self.at += 1;
                Value::Object(self.members(Some(if open == b'{' { b'}' } else { b'>' }), depth))
            }
            Some(b'[') => self.list(depth),
            Some(b'"' | b'\'') => Value::Text(self.strings()?),
            Some(_) => Value::Word(self.word("no value here")?),
            None => return self.fail("cut short before a value"),
        };
        Some(Node { at, end: self.base + self.at, value })
    }

    fn list(&mut self, depth: usize) -> Value<'a> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                _ => match self.value(depth + 1) {
                    Some(item) => items.push(item),
                    None => break,
                },
            }
            if self.fault.is_some() {
                break;
            }
        }
        Value::List(items)
    }

    /// A field's name, or that of an extension in square brackets.
    fn name(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'[') {
            return self.word("no field name here");
        }
        let rest = self.bytes.get(self.at..)?;
        let Some(name) = rest.iter().position(|b| *b == b']').and_then(|end| rest.get(..end + 1)) else {
            return self.fail("an extension's name without end");
        };
        self.at += name.len();
        std::str::from_utf8(name).ok().or_else(|| self.fail("an extension's name is not text"))
    }

    fn word(&mut self, why: &'static str) -> Option<&'a str> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'.')))
            .unwrap_or(rest.len());
        match rest.get(..length).and_then(|word| std::str::from_utf8(word).ok()) {
            Some(word) if !word.is_empty() => {
                self.at += length;
                Some(word)
            }
            _ => self.fail(why),
        }
    }

    /// One string, or several that follow each other and mean one.
    fn strings(&mut self) -> Option<Cow<'a, str>> {
        let mut whole = self.string()?;
        loop {
            let end = self.at;
            self.space();
            if !matches!(self.peek(), Some(b'"' | b'\'')) {
                self.at = end; // what follows a value is not its own
                return Some(whole);
            }
            whole.to_mut().push_str(&self.string()?);
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let quote = self.peek();
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        let raw = loop {
            match self.bytes.get(at).copied() {
                byte if byte == quote && byte.is_some() => break self.bytes.get(start..at)?,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(b'\n') | None => return self.fail("a string without end"),
                Some(_) => at += 1,
            }
        };
        self.at = at + 1;
        Some(if escaped {
            Cow::Owned(String::from_utf8_lossy(&unescape(raw)).into_owned())
        } else {
            String::from_utf8_lossy(raw)
        })
    }

    fn space(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'#') => {
                    while !matches!(self.peek(), None | Some(b'\n')) {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&mut self, why: &'static str) -> Option<T> {
        self.fault.get_or_insert(Fault { at: self.base + self.at, why });
        None
    }
}

/// C escapes to bytes: `\n`, `\"`, `\303`, `\xc3`.
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let Some(escape) = (if byte == b'\\' { rest.next() } else { None }) else {
            out.push(byte);
            continue;
        };
        let mut number = |first: u32, radix: u32, digits: usize| {
            let mut sum = first;
            for _ in 0..digits {
                let Some(digit) = rest.peek().and_then(|b| (*b as char).to_digit(radix)) else { break };
                sum = sum * radix + digit;
                rest.next();
            }
            (sum & 0xff) as u8
        };
        out.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'0'..=b'7' => number(u32::from(escape - b'0'), 8, 2),
            b'x' | b'X' => number(0, 16, 2),
            other => other,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_messages_and_their_ranges() {
        let text = b"# c\nwan { ip: \"1.2.3.4\" n: -5 }\nlease{a:'x' 'y'}\nlease <a: \"\\303\\251\\x21\">\nl: [1, 2]\nmode: AUTO; ok: true";
        let (node, fault) = parse(text, 0);
        assert_eq!(fault, None);
        let wan = node.get("wan").unwrap();
        assert_eq!(text.get(wan.at..wan.end), Some(&b"{ ip: \"1.2.3.4\" n: -5 }"[..]));
        assert_eq!(wan.get("n").and_then(Node::int), Some(-5));
        assert_eq!(node.all("lease").filter_map(|lease| lease.word("a")).collect::<Vec<_>>(), ["xy", "é!"]);
        assert_eq!(node.all("l").filter_map(Node::int).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(node.word("mode"), Some("AUTO"));
        assert_eq!(node.get("ok").and_then(Node::flag), Some(true));
    }

    #[test]
    fn broken_texts_keep_their_beginning() {
        for (text, why) in [
            (&b"a: 1 b {"[..], "a message without end"),
            (b"a: 1 b", "neither a colon nor a message after a name"),
            (b"a: 1 b:", "cut short before a value"),
            (b"a: 1 b: \"x", "a string without end"),
            (b"a: 1 }", "no field name here"),
            (b"a: 1 [x", "an extension's name without end"),
        ] {
            let (node, fault) = parse(text, 0);
            assert_eq!(node.get("a").and_then(Node::int), Some(1));
            assert_eq!(fault.unwrap().why, why);
        }
        let deep = b"a{".repeat(10_000);
        assert_eq!(parse(&deep, 0).1.unwrap().why, "messages nested too deep");
    }
}
