//! A fact's own fields, written once as JSON.

mod json;

use std::borrow::Cow;
use std::fmt::Write;
use std::net::Ipv4Addr;

use self::json::{MARK, is_plain, quote};
pub use self::json::{decimal, dotted, unpacked};

/// An ordered JSON object under construction: `{"query":"a.example","qtype":1}`.
///
/// Facts come by the million, so that fields are written straight into the text that the case stores.
/// Texts that need an escape, such as JSON within JSON, stay as they are between two marks until somebody reads them: few ever do.
/// Invariant: [`unpacked`], it is always the inside of a valid JSON object; keys are unique because each is written once by the code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    text: String,
    /// A bit for each key; several may share one.
    keys: u64,
    /// There is a text between marks.
    marked: bool,
    /// Where the value stands, quotes and all, that may be the fact's subject; empty: nowhere.
    name: (usize, usize),
}

impl Clone for Fields {
    fn clone(&self) -> Fields {
        Fields { text: self.text.clone(), ..*self }
    }

    /// In the memory that is there.
    fn clone_from(&mut self, other: &Fields) {
        self.text.clone_from(&other.text);
        (self.keys, self.marked, self.name) = (other.keys, other.marked, other.name);
    }
}

/// Bytes that most objects have.
const USUAL: usize = 256;

impl Fields {
    pub fn new() -> Fields {
        Fields::default()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes all away, and keeps the memory for what comes next.
    pub fn clear(&mut self) {
        self.text.clear();
        (self.keys, self.marked, self.name) = (0, false, (0, 0));
    }

    /// Bytes of memory that it has.
    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Makes room for so many bytes that are about to come, so that they need no other.
    pub fn room_for(&mut self, bytes: usize) {
        self.text.reserve(bytes + USUAL);
    }

    /// The whole object as JSON text.
    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.members())
    }

    /// The members without the braces.
    pub fn members(&self) -> Cow<'_, str> {
        if self.marked { Cow::Owned(unpacked(&self.text)) } else { Cow::Borrowed(&self.text) }
    }

    /// The members as they are kept: [`unpacked`] gives them back.
    pub fn packed(&self) -> &str {
        &self.text
    }

    /// What stands before and behind `subject`, if a value that was written by [`Fields::name`] is just that: facts that differ in
    /// whom they are about alone have the same fields but for this.
    pub fn around(&self, subject: &str) -> Option<(&str, &str)> {
        let (start, end) = self.name;
        let value = self.text.get(start + 1..end.checked_sub(1)?).filter(|_| !self.marked)?;
        if value == subject { self.text.get(..start).zip(self.text.get(end..)) } else { None }
    }

    /// Bits of its keys: one of which [`Fields::key_bit`] is not among them is not there.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    #[inline(always)]
    pub fn key_bit(key: &str) -> u64 {
        let bytes = key.as_bytes();
        let at = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
        let (middle, last) = (bytes.len() / 2, bytes.len().saturating_sub(1));
        let mixed = at(0) | at(middle) << 8 | at(last.saturating_sub(1)) << 16 | at(last) << 24;
        1 << ((mixed ^ bytes.len() as u32).wrapping_mul(0x9e37_79b1) >> 26)
    }

    #[inline(always)]
    pub fn text(&mut self, key: &str, value: &str) {
        if value.len() > USUAL / 2 {
            self.text.reserve(value.len() + USUAL / 2);
        }
        self.key(key);
        let mark = match is_plain(value.as_bytes()) {
            true => '"',
            false if json::has_mark(value) => return quote(&mut self.text, value),
            false => MARK,
        };
        self.marked |= mark == MARK;
        self.text.push(mark);
        self.text.push_str(value);
        self.text.push(mark);
    }

    /// Text that is the fact's subject, too.
    pub fn name(&mut self, key: &str, value: &str) {
        self.text(key, value);
        if is_plain(value.as_bytes()) {
            self.name = (self.text.len() - value.len() - 2, self.text.len());
        }
    }

    /// Text from bytes that ought to be UTF-8; what is not becomes U+FFFD.
    pub fn bytes_as_text(&mut self, key: &str, value: &[u8]) {
        self.text(key, &String::from_utf8_lossy(value));
    }

    #[inline(always)]
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

    #[inline(always)]
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.text.push_str(if value { "true" } else { "false" });
    }

    pub fn ipv4(&mut self, key: &str, value: Ipv4Addr) {
        self.key(key);
        self.text.push('"');
        dotted(&mut self.text, value);
        self.text.push('"');
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
        self.marked |= value.marked;
        self.text.push('{');
        self.text.push_str(&value.text);
        self.text.push('}');
    }

    /// A list of objects.
    pub fn objects(&mut self, key: &str, values: impl IntoIterator<Item = Fields>) {
        let mut marked = self.marked;
        self.list(key, values, |out, value| {
            marked |= value.marked;
            out.push('{');
            out.push_str(&value.text);
            out.push('}');
        });
        self.marked = marked;
    }

    /// The same of what is at hand in another shape: `each` writes an object's members.
    pub fn objects_of<T>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Fields, T),
    ) {
        self.key(key);
        self.text.push('[');
        // Each is written behind what is there, as an object of its own: its keys are not ours, and its first has no comma before it.
        let ours = (self.keys, self.name);
        for (n, value) in values.into_iter().enumerate() {
            if n > 0 {
                self.text.push(',');
            }
            self.text.push('{');
            each(self, value);
            self.text.push('}');
        }
        (self.keys, self.name) = ours;
        self.text.push(']');
    }

    fn list<T>(&mut self, key: &str, values: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
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

    /// Inlined, as most keys are known when the program is built: their bits are, then, and copying them takes no call.
    #[inline(always)]
    fn key(&mut self, key: &str) {
        self.keys |= Fields::key_bit(key);
        // One allocation does for most objects, instead of one for each doubling; and room for a number behind it.
        self.text.reserve(if self.text.is_empty() { USUAL } else { key.len() + 32 });
        if !matches!(self.text.as_bytes().last(), None | Some(b'{')) {
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
        fields.ipv4("ip", Ipv4Addr::new(192, 0, 2, 1));
        fields.shown("mask", Ipv4Addr::new(255, 255, 0, 0));
        fields.shown("odd", format_args!("a\"{}", '\n'));
        fields.real("nothing", f64::NAN);
        fields.real("signal", -47.5);
        fields.objects("records", [inner]);
        let before = fields.keys();
        fields.objects_of("more", [(1, "{"), (2, "two\nlines")], |one, (n, text)| {
            one.int("n", n);
            one.text("text", text);
        });
        fields.objects_of("none", [(); 0], |_, ()| {});
        assert_eq!(fields.keys(), ["more", "none"].iter().fold(before, |keys, key| keys | Fields::key_bit(key)));
        assert_eq!(
            fields.to_json(),
            r#"{"query":"a\"b\\c\n\u0001é","AA":false,"answers":["x","y"],"TTLs":[1,-2,0,-9223372036854775808,9223372036854775807],"ip":"192.0.2.1","mask":"255.255.0.0","odd":"a\"\n","signal":-47.5,"records":[{"ttl":60}],"more":[{"n":1,"text":"{"},{"n":2,"text":"two\nlines"}],"none":[]}"#
        );
        assert_eq!(Fields::new().to_json(), "{}");
    }

    #[test]
    fn a_name_is_found_if_it_is_the_subject_and_needs_no_escape() {
        for (name, subject, around) in [
            ("a.example", "a.example", true),
            ("", "", true),
            ("a.example", "b.example", false),
            ("a.example", "", false),
            ("a\"b", "a\"b", false),
            ("\u{1}", "\u{1}", false),
            ("\"\"\"", "\"\"\"", false),
        ] {
            let mut fields = Fields::new();
            fields.int("n", 1);
            assert_eq!(fields.around(name), None);
            fields.name("query", name);
            fields.flag("AA", true);
            let parts = fields.around(subject);
            assert_eq!(parts, around.then_some(("\"n\":1,\"query\":", ",\"AA\":true")), "{name}");
            fields.text("said", "two\nlines");
            assert_eq!(fields.around(subject), None);
            fields.clear();
            assert_eq!(fields.around(subject), None);
        }
    }

    #[test]
    fn what_is_kept_as_it_is_reads_as_what_is_escaped() {
        for value in
            ["{\"a\":\"b\\c\"}", "two\nlines", "\u{1}", "a\u{1}\"b\u{1}", "\"", "\u{7f}é\"", &"\"x\u{2}".repeat(99)]
        {
            let mut inner = Fields::new();
            inner.text("said", value);
            let mut fields = Fields::new();
            fields.text("said", value);
            fields.object("one", &inner);
            fields.objects("more", [inner.clone(), inner]);
            fields.int("n", 1);
            let mut said = "\"said\":".to_owned();
            quote(&mut said, value);
            assert_eq!(
                fields.to_json(),
                format!(r#"{{{said},"one":{{{said}}},"more":[{{{said}}},{{{said}}}],"n":1}}"#)
            );
            assert_eq!(unpacked(fields.packed()), fields.members());
        }
    }
}
