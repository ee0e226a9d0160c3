//! A fact's own fields, written once as JSON.

use std::fmt::Write;

/// An ordered JSON object under construction: `{"query":"a.example","qtype":1}`.
///
/// Facts come by the million, so that fields are written straight into the text that the case stores.
/// Invariant: always the inside of a valid JSON object; keys are unique because each is written once by the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    text: String,
    /// A bit for each key; several may share one.
    keys: u64,
}

impl Fields {
    pub fn new() -> Fields {
        Fields::default()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The whole object as JSON text.
    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.text)
    }

    /// The members without the braces.
    pub fn members(&self) -> &str {
        &self.text
    }

    /// Bits of its keys: one of which [`Fields::key_bit`] is not among them is not there.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    pub fn key_bit(key: &str) -> u64 {
        let bytes = key.as_bytes();
        let at = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
        let (middle, last) = (bytes.len() / 2, bytes.len().saturating_sub(1));
        let mixed = at(0) | at(middle) << 8 | at(last.saturating_sub(1)) << 16 | at(last) << 24;
        1 << ((mixed ^ bytes.len() as u32).wrapping_mul(0x9e37_79b1) >> 26)
    }

    pub fn text(&mut self, key: &str, value: &str) {
        // Room for all of it at once, and for most objects for what else will come.
        let room = key.len() + value.len() + 8;
        self.text.reserve(if self.text.is_empty() { room.max(256) } else { room });
        self.key(key);
        quote(&mut self.text, value);
    }

    /// Text from bytes that ought to be UTF-8; what is not becomes U+FFFD.
    pub fn bytes_as_text(&mut self, key: &str, value: &[u8]) {
        self.text(key, &String::from_utf8_lossy(value));
    }

    pub fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        decimal(&mut self.text, value);
    }

    /// A finite number; anything else is left out, as JSON has no word for it.
    pub fn real(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            self.key(key);
            let _ = write!(self.text, "{value}");
        }
    }

    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.text.push_str(if value { "true" } else { "false" });
    }

    pub fn shown(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        self.text.push('"');
        let start = self.text.len();
        let _ = write!(self.text, "{value}");
        // Numbers and addresses need no escape; what does is written again.
        if !is_plain(self.text.as_bytes().get(start..).unwrap_or_default()) {
            let text = self.text.split_off(start);
            self.text.pop();
            return quote(&mut self.text, &text);
        }
        self.text.push('"');
    }

    pub fn texts<S: AsRef<str>>(&mut self, key: &str, values: impl IntoIterator<Item = S>) {
        self.list(key, values, |out, value| quote(out, value.as_ref()));
    }

    pub fn ints<N: Into<i64>>(&mut self, key: &str, values: impl IntoIterator<Item = N>) {
        self.list(key, values, |out, value| decimal(out, value.into()));
    }

    /// A member that is itself an object.
    pub fn object(&mut self, key: &str, value: &Fields) {
        self.key(key);
        self.text.push('{');
        self.text.push_str(&value.text);
        self.text.push('}');
    }

    /// A list of objects.
    pub fn objects(&mut self, key: &str, values: impl IntoIterator<Item = Fields>) {
        self.list(key, values, |out, value| {
            out.push('{');
            out.push_str(&value.text);
            out.push('}');
        });
    }

    fn list<T>(&mut self, key: &str, values: impl IntoIterator<Item = T>, each: impl Fn(&mut String, T)) {
        self.key(key);
        self.text.push('[');
        for (n, value) in values.into_iter().enumerate() {
            if n > 0 {
                self.text.push(',');
            }
            each(&mut self.text, value);
        }
        self.text.push(']');
    }

    fn key(&mut self, key: &str) {
        self.keys |= Fields::key_bit(key);
        // One allocation does for most objects, instead of one for each doubling.
        self.text.reserve(if self.text.is_empty() { 256 } else { key.len() + 4 });
        if !self.text.is_empty() {
            self.text.push(',');
        }
        // Names of fields are plain words of the code, and need no escape.
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }
}

/// Lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// What `{value}` would write, without the machinery for all that it could.
fn decimal(out: &mut String, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut left = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// What JSON must not hold as it is, and what nobody sees.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)
}

fn quote(out: &mut String, value: &str) {
    out.reserve(value.len() + 2);
    out.push('"');
    // So much is written already. What needs an escape is ASCII, so that every cut is between characters.
    let mut written = 0;
    let (words, rest) = value.as_bytes().as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let mut marks = specials(u64::from_le_bytes(*word));
        while marks != 0 {
            let byte = (marks.trailing_zeros() / 8) as usize;
            escape(out, value, at + byte, &mut written);
            marks &= marks - 1;
        }
        at += word.len();
    }
    for (n, _) in rest.iter().enumerate().filter(|(_, byte)| is_special(**byte)) {
        escape(out, value, at + n, &mut written);
    }
    out.push_str(value.get(written..).unwrap_or_default());
    out.push('"');
}

/// Writes what comes before the special byte at `at`, and what stands for the byte itself.
fn escape(out: &mut String, value: &str, at: usize, written: &mut usize) {
    out.push_str(value.get(*written..at).unwrap_or_default());
    *written = at + 1;
    match value.as_bytes().get(at).copied().unwrap_or(0) {
        b'"' | b'\\' => {
            out.push('\\');
            *written = at; // it comes with what follows
        }
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => {
            let _ = write!(out, "\\u{other:04x}");
        }
    }
}

/// The highest bit of each of eight bytes that is special. Bytes are looked at all at once: no sum reaches into the next.
fn specials(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * EACH;
    let sevens = word & LOW;
    let differs = |byte: u8| (sevens ^ (u64::from(byte) * EACH)) + LOW;
    // The highest bit of each: at least 0x20, not a quote, not a backslash, not 0x7f.
    let plain = (sevens + 0x60 * EACH) & differs(b'"') & differs(b'\\') & !(sevens + EACH);
    !(plain | word) & !LOW
}

/// Whether a text, given as bytes, needs no escape.
fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| specials(u64::from_le_bytes(*word)) == 0) && !rest.iter().any(|byte| is_special(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_json() {
        let mut inner = Fields::new();
        inner.int("ttl", 60);
        let mut fields = Fields::new();
        fields.text("query", "a\"b\\c\n\u{1}é");
        fields.flag("AA", false);
        fields.texts("answers", ["x", "y"]);
        fields.ints("TTLs", [1_i64, -2, 0, i64::MIN, i64::MAX]);
        fields.shown("ip", std::net::Ipv4Addr::new(192, 0, 2, 1));
        fields.shown("odd", format_args!("a\"{}", '\n'));
        fields.real("nothing", f64::NAN);
        fields.real("signal", -47.5);
        fields.objects("records", [inner]);
        assert_eq!(
            fields.to_json(),
            r#"{"query":"a\"b\\c\n\u0001é","AA":false,"answers":["x","y"],"TTLs":[1,-2,0,-9223372036854775808,9223372036854775807],"ip":"192.0.2.1","odd":"a\"\n","signal":-47.5,"records":[{"ttl":60}]}"#
        );
        assert_eq!(Fields::new().to_json(), "{}");
    }

    #[test]
    fn eight_bytes_are_looked_at_as_one_is() {
        for byte in 0..=255_u8 {
            for at in 0..8 {
                for around in [b'a', 0xff, 0x80, b'"', 0x1f, 0x00, 0x7f, 0x20] {
                    let mut word = [around; 8];
                    word[at] = byte;
                    let marks = specials(u64::from_le_bytes(word)).to_le_bytes();
                    assert_eq!(marks, word.map(|byte| u8::from(is_special(byte)) << 7), "{word:x?}");
                }
            }
        }
    }

    #[test]
    fn escapes_are_found_wherever_they_are() {
        for length in 0..40 {
            for at in 0..length {
                let mut text = "é".repeat(3) + &"x".repeat(length);
                text.replace_range(6 + at..=6 + at, "\"");
                let mut fields = Fields::new();
                fields.text("t", &text);
                assert_eq!(fields.members(), format!("\"t\":\"{}\"", text.replace('"', "\\\"")));
            }
        }
    }
}
