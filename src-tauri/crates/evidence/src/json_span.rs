//! JSON (RFC 8259) with the byte range of every value. A broken text keeps what was read before.

use std::borrow::Cow;

use crate::tree::{DEPTH, Fault, Member, Node, VALUES, Value};

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

/// Takes the backslashes out.
fn unescape(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    Unescaped::new(&text).collect()
}

/// The characters that the inside of a JSON string stands for. Lone surrogates become U+FFFD, unknown escapes their letter.
pub struct Unescaped<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Unescaped<'a> {
    pub fn new(raw: &'a str) -> Unescaped<'a> {
        Unescaped { raw, at: 0 }
    }

    /// Where what stands for the next character begins.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let rest = self.raw.get(self.at..)?;
        let mut chars = rest.chars();
        let first = chars.next()?;
        let Some(escape) = chars.next().filter(|_| first == '\\') else {
            self.at += first.len_utf8();
            return Some(first);
        };
        if escape == 'u'
            && let Some(unit) = unit(rest, 2)
        {
            self.at += 6;
            // A character beyond U+FFFF comes as two escapes.
            let low = if rest.get(6..8) == Some("\\u") { unit_of_pair(rest, 8) } else { None };
            if let (0xd800..=0xdbff, Some(low)) = (unit, low) {
                self.at += 6;
                return char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            }
            return Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at += 1 + escape.len_utf8();
        Some(match escape {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            other => other,
        })
    }
}

/// Four hex digits at `at`.
fn unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

fn unit_of_pair(text: &str, at: usize) -> Option<u32> {
    unit(text, at).filter(|unit| (0xdc00..=0xdfff).contains(unit))
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
    fn escapes_stand_for_characters() {
        for (raw, text) in [
            (r"a\u00e9\ud83d\ude00\n\/", "a\u{e9}\u{1f600}\n/"),
            (r"\ud83dx\ude00\ud83d\u0041", "\u{fffd}x\u{fffd}\u{fffd}A"),
            (r"\u12\q\é\u+123", "u12qéu+123"),
        ] {
            assert_eq!(unescape(raw.as_bytes()), text, "{raw}");
        }
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
