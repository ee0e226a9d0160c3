//! What a message carries, as a person would read it.

use model::Fields;

/// So much of a payload goes into a fact; the rest is in the evidence.
pub const MOST_PAYLOAD: usize = 4096;

/// Writes `payload` (text) or `payload_hex`, at most [`MOST_PAYLOAD`] bytes of it, and `payload_len`, which is `len`.
pub fn write(fields: &mut Fields, payload: &[u8], len: usize) {
    let head = payload.get(..MOST_PAYLOAD).unwrap_or(payload);
    match printable(head, head.len() < len) {
        Some("") => {}
        Some(text) => fields.text("payload", text),
        None => fields.text("payload_hex", &model::hex(head)),
    }
    fields.int("payload_len", len.try_into().unwrap_or(i64::MAX));
}

/// The bytes as text, if a person can read them: UTF-8 without control characters other than tab and line ends. Of text that
/// was `cut`, the last character may be incomplete; it is left out.
pub fn printable(bytes: &[u8], cut: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if cut && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok())?
        }
        Err(_) => return None,
    };
    // C1 controls are two bytes in UTF-8, so that a look at the bytes does for what matters
    let readable = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || matches!(byte, b'\t' | b'\r' | b'\n');
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let is_readable = |word: &[u8; 8]| !has_control(u64::from_le_bytes(*word)) || word.iter().all(readable);
    (words.iter().all(is_readable) && rest.iter().all(readable)).then_some(text)
}

/// Whether one of eight bytes is below 0x20 or is 0x7f. They are looked at all at once: no sum reaches into the next byte.
fn has_control(word: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let sevens = word & (0x7f * EACH);
    let plain = (sevens + 0x60 * EACH) & !(sevens + EACH);
    !(plain | word) & (0x80 * EACH) != 0
}

/// The bytes as text for the tree: as they are if readable, else hex.
pub fn shown(bytes: &[u8]) -> String {
    let head = bytes.get(..MOST_PAYLOAD).unwrap_or(bytes);
    match printable(head, head.len() < bytes.len()) {
        Some(text) => text.to_owned(),
        None => model::hex(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_if_a_person_can_read_it() {
        for (bytes, expect) in [
            (&b""[..], r#"{"payload_len":0}"#),
            (b"on\n", r#"{"payload":"on\n","payload_len":3}"#),
            ("21,5 °C".as_bytes(), r#"{"payload":"21,5 °C","payload_len":8}"#),
            (b"\x00\x01", r#"{"payload_hex":"0001","payload_len":2}"#),
            (b"\xff", r#"{"payload_hex":"ff","payload_len":1}"#),
        ] {
            let mut fields = Fields::new();
            write(&mut fields, bytes, bytes.len());
            assert_eq!(fields.to_json(), expect);
        }
    }

    #[test]
    fn eight_bytes_are_looked_at_as_one_is() {
        for byte in 0..=255_u8 {
            for at in 0..8 {
                for around in [b'a', 0xff, 0x80, 0x20] {
                    let mut word = [around; 8];
                    word[at] = byte;
                    assert_eq!(has_control(u64::from_le_bytes(word)), byte < 0x20 || byte == 0x7f, "{word:x?}");
                }
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "é".repeat(3000);
        let mut fields = Fields::new();
        write(&mut fields, &long.as_bytes()[1..], long.len() - 1); // starts inside a character: no text
        assert!(fields.to_json().starts_with(r#"{"payload_hex":"a9"#));
        let text = format!("x{long}");
        assert_eq!(printable(&text.as_bytes()[..MOST_PAYLOAD], true).map(str::len), Some(MOST_PAYLOAD - 1));
    }
}
