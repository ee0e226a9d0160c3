//! JA3, JA3S and JA4: what software a hello was written by.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::hello::{ALPN, Hello, SERVER_NAME};

/// Values that clients throw in so that servers learn to ignore what they don't know (RFC 8701).
pub fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// What JA3 (JA3S of a server) is the MD5 of: `771,4865-4867,0-11-10,29-23,0`.
pub fn ja3_text(hello: &Hello) -> String {
    let mut text = hello.legacy_version.to_string();
    // of a server there is one cipher, which is no GREASE, and neither groups nor formats
    let lists = [&hello.ciphers, &hello.extensions, &hello.groups];
    for list in &lists[..if hello.client { 3 } else { 2 }] {
        text.push(',');
        joined(&mut text, list.iter().copied().filter(|value| !is_grease(*value)));
    }
    if hello.client {
        text.push(',');
        joined(&mut text, hello.point_formats.iter().copied().map(u16::from));
    }
    text
}

/// `4865-4867`
fn joined(text: &mut String, list: impl Iterator<Item = u16>) {
    for (n, value) in list.enumerate() {
        if n > 0 {
            text.push('-');
        }
        model::decimal(text, value.into());
    }
}

pub fn md5(text: &str) -> String {
    model::hex(&Md5::digest(text))
}

/// JA4 of a ClientHello; `transport`: `t` TCP, `q` QUIC, `d` DTLS.
pub fn ja4(hello: &Hello, transport: char) -> String {
    let (ciphers, extensions) = ja4_lists(hello);
    format!("{}_{}_{}", ja4_head(hello, transport), short_hash(&ciphers), short_hash(&extensions))
}

fn ja4_head(hello: &Hello, transport: char) -> String {
    let version = match hello.version() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    };
    let name = if hello.has(SERVER_NAME) { 'd' } else { 'i' };
    let count = |list: &[u16]| list.iter().filter(|value| !is_grease(**value)).count().min(99);
    let (first, last) = alpn_ends(hello.alpn.first().copied().unwrap_or_default());
    format!("{transport}{version}{name}{:02}{:02}{first}{last}", count(&hello.ciphers), count(&hello.extensions))
}

/// First and last character of the first protocol offered, or of its hex if either is no letter or digit.
fn alpn_ends(protocol: &[u8]) -> (char, char) {
    match (protocol.first(), protocol.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            (char::from(*first), char::from(*last))
        }
        (Some(first), Some(last)) => {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
            (digit(first >> 4), digit(last & 15))
        }
        _ => ('0', '0'),
    }
}

/// The two lists whose hashes JA4 holds.
fn ja4_lists(hello: &Hello) -> (String, String) {
    let sorted = |list: &[u16], without: &[u16]| {
        let mut list: Vec<u16> =
            list.iter().copied().filter(|value| !is_grease(*value) && !without.contains(value)).collect();
        list.sort_unstable();
        hex_list(list.into_iter())
    };
    let mut extensions = sorted(&hello.extensions, &[SERVER_NAME, ALPN]);
    let signatures = hex_list(hello.signatures.iter().copied().filter(|value| !is_grease(*value)));
    if !signatures.is_empty() {
        extensions = format!("{extensions}_{signatures}");
    }
    (sorted(&hello.ciphers, &[]), extensions)
}

fn short_hash(list: &str) -> String {
    if list.is_empty() {
        return "0".repeat(12);
    }
    let hash = Sha256::digest(list);
    model::hex(hash.get(..6).unwrap_or_default())
}

/// `1301,c02b`
pub fn hex_list(list: impl Iterator<Item = u16>) -> String {
    let mut text = String::with_capacity(list.size_hint().1.unwrap_or(0) * 5);
    for value in list {
        if !text.is_empty() {
            text.push(',');
        }
        let digits = [12, 8, 4, 0].map(|shift| b"0123456789abcdef"[usize::from(value >> shift & 15)]);
        text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(list: &str, separator: char, radix: u32) -> Vec<u16> {
        list.split(separator).filter(|n| !n.is_empty()).map(|n| u16::from_str_radix(n, radix).unwrap()).collect()
    }

    #[test]
    fn ja3_is_the_md5_of_the_published_texts() {
        for (text, expect) in [
            (
                "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
                "ada70206e40642a3e4461f35503241d5",
            ),
            ("769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6"),
        ] {
            let parts: Vec<Vec<u16>> = text.split(',').map(|list| numbers(list, '-', 10)).collect();
            let hello = Hello {
                client: true,
                legacy_version: parts[0][0],
                ciphers: [vec![0x0a0a], parts[1].clone()].concat(),
                extensions: [parts[2].clone(), vec![0xfafa]].concat(),
                groups: parts[3].clone(),
                point_formats: parts[4].iter().map(|n| *n as u8).collect(),
                ..Hello::default()
            };
            assert_eq!(ja3_text(&hello), text);
            assert_eq!(md5(&ja3_text(&hello)), expect);
        }
    }

    #[test]
    fn ja4_is_the_published_one() {
        let hello = Hello {
            client: true,
            legacy_version: 0x0303,
            ciphers: numbers("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035", ',', 16),
            extensions: numbers(
                "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015",
                ',',
                16,
            ),
            alpn: vec![b"h2", b"http/1.1"],
            versions: vec![0x1a1a, 0x0304, 0x0303],
            signatures: numbers("0403,0804,0401,0503,0805,0501,0806,0601", ',', 16),
            ..Hello::default()
        };
        assert_eq!(ja4(&hello, 't'), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn ja4_of_an_empty_hello_and_of_odd_protocols() {
        assert_eq!(ja4(&Hello::default(), 'q'), "q00i000000_000000000000_000000000000");
        for (protocol, expect) in [
            (&b"h2"[..], ('h', '2')),
            (b"h", ('h', 'h')),
            (b"\xab", ('a', 'b')),
            (b"h\xcd", ('6', 'd')),
            (b"", ('0', '0')),
        ] {
            assert_eq!(alpn_ends(protocol), expect);
        }
    }
}
