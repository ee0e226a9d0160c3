//! Names of files and members as text that leads back to them.
//!
//! A path is the file's own, then `!/` and the name in it for each container: `home.zip!/router/eth0.pcap.gz!/eth0.pcap`.
//! What would be ambiguous or is no UTF-8 is written as `%` and two hex digits a byte: bytes that are no UTF-8, a `%` that two hex
//! digits follow, a `!` at the end of a folder's name. The second member of one name in one container ends in `#2`, and a name
//! that itself ends like that has its `#` written as `%23`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Between a container and its member.
pub const INSIDE: &str = "!/";

/// The text for a name as a container stores it. Undone by [`unescape`].
pub fn escape(name: &[u8]) -> String {
    let mut out = escape_bytes(name);
    if let Some((front, digits)) = out.rsplit_once('#')
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        out = format!("{front}%23{digits}");
    }
    out
}

/// The text for a path on the disk. Undone by [`unescape_path`].
pub fn escape_path(path: &Path) -> String {
    escape_bytes(path.as_os_str().as_encoded_bytes())
}

/// The bytes that [`escape`] was given.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        match coded(rest) {
            Some(byte) => {
                out.push(byte);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// The path that [`escape_path`] was given.
pub fn unescape_path(text: &str) -> PathBuf {
    os_string(unescape(text)).into()
}

/// The file, and the chain of members in it: what [`crate::with_item`] and its kin want.
pub fn split(path: &str) -> (PathBuf, Vec<String>) {
    let mut parts = path.split(INSIDE);
    let file = unescape_path(parts.next().unwrap_or_default());
    (file, parts.map(str::to_owned).collect())
}

/// The path of a member of the item at `path`.
pub fn join(path: &str, member: &str) -> String {
    format!("{path}{INSIDE}{member}")
}

/// The name of a member without its folders.
pub(crate) fn last(member: &str) -> &str {
    member.rsplit('/').next().unwrap_or(member)
}

/// The name of the `nth` member of this (escaped) name.
pub(crate) fn again(escaped: &str, nth: u32) -> String {
    format!("{escaped}#{nth}")
}

/// Whether a member may have this name. Err: why not.
pub(crate) fn check(name: &[u8]) -> Result<(), String> {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    if name.is_empty() {
        return Err("has no name".into());
    }
    if name.contains(&0) {
        return Err("the name holds a zero byte".into());
    }
    if name.first().is_some_and(is_separator) || matches!(name, [b'a'..=b'z' | b'A'..=b'Z', b':', ..]) {
        return Err("the name is an absolute path".into());
    }
    for part in name.split(is_separator) {
        if part == b".." {
            return Err("the name leaves the archive by '..'".into());
        }
        if is_device(part) {
            return Err(format!("'{}' is a device on Windows", String::from_utf8_lossy(part)));
        }
    }
    Ok(())
}

/// `CON`, `nul.txt`, `COM1`, ... mean devices on Windows, in every folder.
fn is_device(part: &[u8]) -> bool {
    let stem = part.split(|byte| matches!(byte, b'.' | b':')).next().unwrap_or_default().trim_ascii_end();
    let stem = stem.to_ascii_uppercase();
    match stem.as_slice() {
        b"CON" | b"PRN" | b"AUX" | b"NUL" | b"CONIN$" | b"CONOUT$" => true,
        [b'C', b'O', b'M', digit] | [b'L', b'P', b'T', digit] => matches!(digit, b'1'..=b'9'),
        _ => false,
    }
}

fn escape_bytes(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        let valid = chunk.valid();
        for (at, c) in valid.char_indices() {
            let rest = valid.as_bytes().get(at..).unwrap_or_default();
            let ambiguous = match c {
                '%' => coded(rest).is_some(),
                '!' => matches!(rest.get(1), Some(b'/' | b'\\') | None),
                _ => false,
            };
            if ambiguous {
                let _ = write!(out, "%{:02X}", c as u32);
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The byte that `%` and two hex digits at the beginning stand for.
fn coded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Windows names are UTF-16 that may hold lone surrogates; std encodes those as three bytes (WTF-8), and so do we.
#[cfg(windows)]
fn os_string(bytes: Vec<u8>) -> std::ffi::OsString {
    let mut wide: Vec<u16> = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        wide.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        match rest {
            [0xed, a @ 0xa0..=0xbf, b @ 0x80..=0xbf, tail @ ..] => {
                wide.push(0xd000 | u16::from(a & 0x3f) << 6 | u16::from(b & 0x3f));
                rest = tail;
            }
            [_, tail @ ..] => {
                wide.push(0xfffd);
                rest = tail;
            }
            [] => {}
        }
    }
    std::os::windows::ffi::OsStringExt::from_wide(&wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        let cases: &[(&[u8], &str)] = &[
            (b"eth0.pcap", "eth0.pcap"),
            ("Küche/été.pcap".as_bytes(), "Küche/été.pcap"),
            (b"100%", "100%"),
            (b"100% sure", "100% sure"),
            (b"%41", "%2541"),
            (b"\xff\xfe.pcap", "%FF%FE.pcap"),
            (b"a!/b", "a%21/b"),
            (b"wow!", "wow%21"),
            (b"wow!.txt", "wow!.txt"),
            (b"a#2", "a%232"),
            (b"a#b", "a#b"),
            (b"%\xff", "%%FF"),
        ];
        for (name, text) in cases {
            assert_eq!(escape(name), *text);
            assert_eq!(unescape(text), *name, "{text}");
        }
    }

    #[test]
    fn paths_split_at_containers() {
        let (file, members) = split("/x/home.zip!/router/eth0.pcap.gz!/eth0.pcap");
        assert_eq!(file, Path::new("/x/home.zip"));
        assert_eq!(members, ["router/eth0.pcap.gz", "eth0.pcap"]);
        let odd = Path::new("/x/yes!/a.zip");
        assert_eq!(split(&join(&escape_path(odd), "b")), (odd.to_owned(), vec!["b".to_owned()]));
    }

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        let refused: &[&[u8]] = &[
            b"",
            b"/etc/passwd",
            b"\\\\server\\x",
            b"C:\\x",
            b"c:x",
            b"../x",
            b"a/../../x",
            b"a\\..\\x",
            b"..",
            b"nul",
            b"a/CON.txt",
            b"aux .x",
            b"LPT1",
            b"com9:",
            b"a\0b",
        ];
        for name in refused {
            assert!(check(name).is_err(), "{}", String::from_utf8_lossy(name));
        }
        for name in [&b"a/b.pcap"[..], b"...", b"a..b", b"console", b"COM10", b"com0", b"\xff", b"ab:c"] {
            assert_eq!(check(name), Ok(()), "{}", String::from_utf8_lossy(name));
        }
    }
}
