//! Where secrets stand in what was said: members, form fields, addresses.

use std::ops::Range;

use dissect::protocols::credentials::{is_secret, key_in_path};

use super::MASK;

/// The text with its secrets masked; none if it has none that can be told by a name beside them.
pub(super) fn masked(text: &str) -> Option<String> {
    let (mut found, mut done) = (Vec::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        if at < done {
            continue; // it lies in what is masked
        }
        let secret = match byte {
            b'=' | b':' => named(text, at).or_else(|| (byte == b':').then(|| in_address(text, at)).flatten()),
            b'>' => element(text, at),
            _ => None,
        };
        if let Some(range) = secret.filter(|range| !range.is_empty()) {
            done = range.end;
            found.push(range);
        }
    }
    if let Some(key) = key_in_path(text) {
        // It is a part of the text, so that its place is known by its address.
        let at = (key.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        found.push(at..at + key.len());
    }
    cover(text, found)
}

/// The text with each of `secrets` masked wherever it stands as a word of its own.
pub(super) fn without(text: &str, secrets: &[String]) -> Option<String> {
    let mut found = Vec::new();
    for secret in secrets {
        for (at, _) in text.match_indices(secret.as_str()) {
            let beside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let end = at + secret.len();
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(end..).and_then(|after| after.chars().next());
            if beside(before) && beside(after) {
                found.push(at..end);
            }
        }
    }
    cover(text, found)
}

fn cover(text: &str, mut found: Vec<Range<usize>>) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|range| (range.start, range.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for range in found {
        if range.start < at {
            // It lies in, or runs on from, what is masked already.
            at = at.max(range.end);
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(MASK);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Some(out)
}

/// `password=x&`, `"password": "x"`, also where the quotes themselves are escaped.
fn named(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = bytes.get(..at)?.trim_ascii_end();
    let unquoted = before.strip_suffix(b"\"").map(|rest| without_end(rest, b'\\'));
    let quoted = unquoted.is_some();
    let name_end = unquoted.unwrap_or(before);
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let start = name_end.iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
    let name = std::str::from_utf8(name_end.get(start..)?).ok()?;
    let is_member = bytes.get(at) == Some(&b':');
    if is_member && !quoted || !is_secret(name) {
        return None;
    }
    let mut from = at + 1;
    while let Some(byte) = bytes.get(from).filter(|byte| matches!(byte, b' ' | b'\t' | b'=')) {
        if *byte == b'=' && from > at + 1 {
            break; // what follows a gap is no second half of `==`
        }
        from += 1;
    }
    let escapes = bytes.get(from..)?.iter().take_while(|byte| **byte == b'\\').count();
    if bytes.get(from + escapes) == Some(&b'"') {
        from += escapes + 1;
        return Some(from..closing(bytes, from, escapes));
    }
    let rest = bytes.get(from..)?;
    let is_end = |byte: &u8| match is_member {
        true => !(byte.is_ascii_digit() || matches!(byte, b'.' | b'-')),
        false => byte.is_ascii_whitespace() || matches!(byte, b'&' | b';' | b'"' | b'\'' | b'<' | b'>' | b'#'),
    };
    Some(from..from + rest.iter().position(is_end).unwrap_or(rest.len()))
}

fn without_end(bytes: &[u8], byte: u8) -> &[u8] {
    let end = bytes.iter().rposition(|other| *other != byte).map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or_default()
}

/// Where the string that began at `from` ends: at a quote that is escaped as its first one was. Cut off: at the end.
fn closing(bytes: &[u8], from: usize, escapes: usize) -> usize {
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'\\' => run += 1,
            b'"' if run >= escapes && (run - escapes).is_multiple_of(2 * (escapes + 1)) => return at - escapes,
            _ => run = 0,
        }
        if *byte == b'"' {
            run = 0;
        }
    }
    bytes.len()
}

/// How far back names are looked for.
fn near(text: &str, at: usize) -> usize {
    text.ceil_char_boundary(at.saturating_sub(256))
}

/// `://user:x@host`, asked of its second colon.
fn in_address(text: &str, at: usize) -> Option<Range<usize>> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '<' | '>');
    let user = text.get(near(text, at)..at)?.rsplit(is_end).next()?;
    if !text.get(..at - user.len())?.ends_with("://") || user.contains([':', '@']) {
        return None;
    }
    let rest = text.get(at + 1..)?;
    let authority = rest.split(is_end).next()?;
    authority.rfind('@').map(|end| at + 1..at + 1 + end)
}

/// `<password>x<`, asked of its `>`.
fn element(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.get(near(text, at)..at)?;
    let tag = before.get(before.rfind('<')? + 1..)?;
    let name = tag.split([' ', '\t', '\n']).next()?;
    let name = name.rsplit(':').next()?;
    let rest = text.get(at + 1..)?;
    is_secret(name).then(|| at + 1..at + 1 + rest.find('<').unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_beside_their_names() {
        for (text, expect) in [
            (r#"{"ssid":"home","password":"hunter22","key_type":3}"#, r#"{"ssid":"home","password":"•","key_type":3}"#),
            (r#"{"pin" : 1234, "n": 5}"#, r#"{"pin" : •, "n": 5}"#),
            (r#"{"passwd":"a\"b\\","x":1}"#, r#"{"passwd":"•","x":1}"#),
            (
                r#"{"params":"{\"passwd\":\"pw\",\"ssid\":\"home\"}"}"#,
                r#"{"params":"{\"passwd\":\"•\",\"ssid\":\"home\"}"}"#,
            ),
            (r#"{"password":"cut of"#, r#"{"password":"•"#),
            ("user=bob&password=a%26b&x=1", "user=bob&password=•&x=1"),
            ("GET /login?PWD=12345 HTTP/1.1", "GET /login?PWD=• HTTP/1.1"),
            ("credentials.password == \"pw 1\" && x", "credentials.password == \"•\" && x"),
            ("rtsp://root:p:w@192.0.2.9:554/live", "rtsp://root:•@192.0.2.9:554/live"),
            ("<x:password a='1'>pw</x:password>", "<x:password a='1'>•</x:password>"),
            ("hue/api/83b7780291a6ceffbe0bd049104df/lights", "hue/api/•/lights"),
            ("password=é&é=1", "password=•&é=1"),
        ] {
            assert_eq!(masked(text).as_deref(), Some(expect.replace('•', MASK).as_str()), "{text}");
        }
        for text in [
            "",
            "=",
            ":",
            ">",
            "\"",
            "password",
            "password=",
            "\"password\":\"\"",
            "\"password\":null",
            "has_password:true",
            "http://192.0.2.9:80/a@b",
            "http://a:80/?x=a@b",
            "Password: ",
            "é=é",
            "\\\":\\\"",
            "a://b:c",
            "<a>b</a>",
        ] {
            assert_eq!(masked(text), None, "{text}");
        }
    }

    #[test]
    fn known_secrets_as_words() {
        let secrets = ["pw".to_owned(), "a b".to_owned()];
        assert_eq!(without("PASS pw, pwd; a b", &secrets), Some(format!("PASS {MASK}, pwd; {MASK}")));
        assert_eq!(without("épwé", &secrets), None);
    }
}
