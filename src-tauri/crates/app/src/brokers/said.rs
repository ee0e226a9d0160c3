//! What a payload is, for a person, and the numbers in it.

use serde_json::Value as Json;

/// Longer payloads are not taken apart for numbers.
const LONGEST_JSON: usize = 64 << 10;
/// Numbers that are named of one payload.
const MOST_NUMBERS: usize = 200;
const DEEPEST: usize = 16;
/// Of a payload this much is shown.
pub(super) const SHOWN: usize = 64 << 10;

/// A payload as a person reads it.
pub(super) struct Read {
    /// `json`, `text`, `cbor`, `msgpack`, `gzip`, `zlib`, a type of file, or `binary`.
    pub kind: &'static str,
    pub text: Option<String>,
}

/// `length`: of the payload, of which `bytes` are there.
pub(super) fn read(bytes: &[u8], length: usize) -> Read {
    let (kind, text) = dissect::protocols::read_payload(bytes, length);
    let mut text = text.map(|text| text.into_owned());
    if kind == "json" || kind == "text" {
        // What is read of text for a fact is shorter than what a person may see.
        let head = bytes.get(..SHOWN).unwrap_or(bytes);
        text = Some(String::from_utf8_lossy(head).trim_end_matches('\u{fffd}').to_owned());
    }
    if let Some(text) = &mut text {
        text.truncate(text.floor_char_boundary(SHOWN));
    }
    Read { kind, text }
}

/// The payload as JSON, if it is, or if what is packed or coded in it can be said so.
fn json(bytes: &[u8], length: usize) -> Option<Json> {
    if length > LONGEST_JSON {
        return None;
    }
    let Read { text, .. } = read(bytes, length);
    serde_json::from_str(text?.trim()).ok()
}

/// The number at a path (empty: the payload is one); true and false are 1 and 0.
pub(super) fn number(bytes: &[u8], length: usize, path: &str) -> Option<f64> {
    of(json(bytes, length)?.pointer(path)?)
}

fn of(value: &Json) -> Option<f64> {
    match value {
        Json::Bool(on) => Some(if *on { 1.0 } else { 0.0 }),
        // Some devices write numbers as texts.
        Json::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        other => other.as_f64().filter(|number| number.is_finite()),
    }
}

/// Where numbers stand in it: paths as in RFC 6901.
pub(super) fn numbers(bytes: &[u8], length: usize) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(json) = json(bytes, length) {
        look(&json, String::new(), DEEPEST, &mut found);
    }
    found
}

fn look(value: &Json, path: String, deeper: usize, found: &mut Vec<String>) {
    if found.len() >= MOST_NUMBERS || deeper == 0 {
        return;
    }
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                look(value, format!("{path}/{name}"), deeper - 1, found);
            }
        }
        Json::Array(list) => {
            for (n, value) in list.iter().enumerate().take(MOST_NUMBERS) {
                look(value, format!("{path}/{n}"), deeper - 1, found);
            }
        }
        value if of(value).is_some() => found.push(path),
        _ => {}
    }
}

/// The bytes of hex digits; white space and colons are ignored.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().filter(|c| !c.is_whitespace() && *c != ':');
    let digits: Vec<u8> = digits.map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_their_paths() {
        for (payload, paths, path, value) in [
            (&b"21.5"[..], "", "", Some(21.5)),
            (br#"{"t":21.5,"on":true,"name":"x","s":"7"}"#, "/t /on /s", "/on", Some(1.0)),
            (br#"{"a/b":[1,{"c":-2}]}"#, "/a~1b/0 /a~1b/1/c", "/a~1b/1/c", Some(-2.0)),
            (b"\xa1\x61t\xf9\x4d\x60", "/t", "/t", Some(21.5)), // CBOR
            (b"\x81\xa1t\xcb\x40\x35\x80\0\0\0\0\0", "/t", "/t", Some(21.5)), // MessagePack
            (b"ON", "", "", None),
            (b"{\"t\":1", "", "/t", None),
            (b"\xff\xfe\x00", "", "", None),
        ] {
            assert_eq!(numbers(payload, payload.len()).join(" "), paths, "{payload:?}");
            assert_eq!(number(payload, payload.len(), path), value, "{payload:?}");
        }
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(numbers(deep.as_bytes(), deep.len()).is_empty());
    }

    #[test]
    fn payloads_for_a_person() {
        let long = "é".repeat(40_000);
        for (payload, kind, shown) in [
            (&b"{\"on\":true}"[..], "json", Some("{\"on\":true}")),
            (b"on", "text", Some("on")),
            (b"\x89PNG\r\n\x1a\n\0\0", "binary", None), // too short to be one
            (b"\x00\x01", "binary", None),
            (b"\xa1\x61t\x01", "cbor", Some("{\"t\":1}")),
        ] {
            let read = read(payload, payload.len());
            assert_eq!((read.kind, read.text.as_deref()), (kind, shown), "{payload:?}");
        }
        assert_eq!(read(long.as_bytes(), long.len()).text.map(|text| text.len()), Some(SHOWN));
        assert_eq!(unhex("0a:FF 00"), Some(vec![10, 255, 0]));
        assert_eq!((unhex("0"), unhex("zz")), (None, None));
    }
}
