//! Texts and numbers as JSON writes them.

use std::net::Ipv4Addr;

/// Stands before and behind a text that is kept as it is: no JSON holds it, as controls are escaped there.
pub(super) const MARK: char = '\u{1}';

/// JSON out of what [`super::Fields::packed`] gives. Of damaged text, something that is no worse.
pub fn unpacked(packed: &str) -> String {
    let mut out = String::with_capacity(packed.len() + packed.len() / 4);
    for (n, part) in packed.split(MARK).enumerate() {
        match n % 2 {
            0 => out.push_str(part),
            _ => quote(&mut out, part),
        }
    }
    out
}

/// Whether a mark is in the text itself. All bytes are looked at, as many at once as the machine can.
pub(super) fn has_mark(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte == MARK as u8))
}

/// `value` in quotes, with what needs an escape escaped.
pub(super) fn quote(out: &mut String, value: &str) {
    out.reserve(value.len() + 2);
    out.push('"');
    let (words, rest) = value.as_bytes().as_chunks::<8>();
    if is_plain(value.as_bytes()) {
        out.push_str(value);
    } else {
        let mut escaped = Escaped { made: [0; MADE], length: 0, out };
        words.iter().for_each(|word| escaped.word(u64::from_le_bytes(*word), 8));
        escaped.bytes(rest);
        escaped.flush();
    }
    out.push('"');
}

/// Text on its way, eight bytes at a time: JSON within JSON has a quote in every other word.
struct Escaped<'a> {
    made: [u8; MADE],
    length: usize,
    out: &'a mut String,
}

const MADE: usize = 128;
/// Past it, what is made is handed over: eight bytes that all need the longest escape still go behind it.
const FULL: usize = MADE - 8 * 6 - 8;

impl Escaped<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        word.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        self.word(u64::from_le_bytes(word), bytes.len().min(8));
    }

    /// The first `count` bytes of a word, the lowest first.
    fn word(&mut self, mut word: u64, count: usize) {
        if self.length > FULL {
            self.flush();
        }
        let mut left = count;
        let mut marks = specials(word) & u64::MAX.checked_shr(64 - 8 * count as u32).unwrap_or(0);
        while marks != 0 {
            let before = marks.trailing_zeros() / 8;
            self.put(word, before as usize);
            (word, marks) = (word >> (8 * before), marks >> (8 * before));
            self.escape(word as u8);
            // The special byte itself, too.
            (word, marks) = (word >> 8, marks >> 8);
            left -= before as usize + 1;
        }
        self.put(word, left);
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                let digit = |four: u8| u64::from(b"0123456789abcdef"[usize::from(four & 15)]);
                return self.put(u64::from_le_bytes(*b"\\u00\0\0\0\0") | digit(byte >> 4) << 32 | digit(byte) << 40, 6);
            }
        };
        self.put(u64::from(b'\\') | u64::from(short) << 8, 2);
    }

    /// Always eight bytes, of which `count` stay: copying so many takes no call.
    fn put(&mut self, word: u64, count: usize) {
        if let Some(to) = self.made.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut()) {
            *to = word.to_le_bytes();
            self.length += count;
        }
    }

    /// Hands over what is made. A character that is cut stays until its end is there.
    fn flush(&mut self) {
        let made = self.made.get(..self.length).unwrap_or_default();
        let whole = match std::str::from_utf8(made) {
            Ok(text) => text,
            Err(cut) => {
                made.get(..cut.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok()).unwrap_or_default()
            }
        };
        self.out.push_str(whole);
        let whole = whole.len();
        self.made.copy_within(whole..self.length, 0);
        self.length -= whole;
    }
}

/// Writes what `{value}` would, without the machinery for all that it could.
pub fn decimal(out: &mut String, value: i64) {
    if let digit @ 0..10 = value {
        return out.push(char::from(b'0' + digit as u8));
    }
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
    out.push_str(std::str::from_utf8(digits.get(at..).unwrap_or_default()).unwrap_or_default());
}

/// Writes an IPv4 address: `192.0.2.1`.
pub fn dotted(out: &mut String, address: Ipv4Addr) {
    for (n, octet) in address.octets().into_iter().enumerate() {
        if n > 0 {
            out.push('.');
        }
        decimal(out, octet.into());
    }
}

/// Whether a text, given as bytes, needs no escape.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| specials(u64::from_le_bytes(*word)) == 0) && !rest.iter().copied().any(is_special)
}

/// What JSON must not hold as it is, and what nobody sees.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)
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

#[cfg(test)]
mod tests {
    use super::*;

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

    /// As slow and as plain as can be.
    fn expected(value: &str) -> String {
        let each = |c: char| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            c if c < ' ' || c == '\u{7f}' => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        format!("\"{}\"", value.chars().map(each).collect::<String>())
    }

    #[test]
    fn escapes_are_found_wherever_they_are() {
        let characters = ['x', '"', '\\', '\n', '\r', '\t', '\u{0}', '\u{1f}', '\u{7f}', 'é', '€', '😀'];
        for special in characters {
            for around in characters {
                for length in (0..40).chain([63, 64, 65, 200]) {
                    for at in 0..=length.min(40) {
                        let mut text = around.to_string().repeat(at);
                        text.push(special);
                        text.push_str(&around.to_string().repeat(length - at));
                        let mut out = String::from("before");
                        quote(&mut out, &text);
                        assert_eq!(out, format!("before{}", expected(&text)));
                    }
                }
            }
        }
    }

    #[test]
    fn mixtures_are_what_a_json_reader_reads() {
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as usize
            };
            let length = next() % 150;
            let text: String =
                (0..length).map(|_| ['a', ' ', '"', '\\', '\n', 'ü', '😀', '\u{1}'][next() % 8]).collect();
            let mut out = String::new();
            quote(&mut out, &text);
            assert_eq!(out, expected(&text));
            assert!(is_plain(text.as_bytes()) == (out.len() == text.len() + 2));
        }
    }
}
