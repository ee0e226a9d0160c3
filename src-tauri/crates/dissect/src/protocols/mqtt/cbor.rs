//! CBOR (RFC 8949) as text: JSON where JSON can say it, else diagnostic notation (section 8).

use std::fmt::Write;

use crate::protocols::cursor::{Cursor, Stop};

const DEEPEST: usize = 16;
const CUT: &str = "CBOR item cut short";

/// The text of one item that is a map or a list with something in it, and all there is; `None`: it is not.
pub fn text(bytes: &[u8]) -> Option<String> {
    let first = bytes.first()?;
    let marked = bytes.starts_with(&[0xd9, 0xd9, 0xf7]); // section 3.4.6
    if bytes.len() < 3 || !marked && !matches!(first, 0x81..=0x9b | 0xa1..=0xbb | 0x9f | 0xbf) {
        return None;
    }
    let mut cursor = Cursor::new(bytes);
    let mut out = String::new();
    item(&mut cursor, &mut out, DEEPEST).ok()?;
    cursor.is_empty().then_some(out)
}

fn item(cursor: &mut Cursor, out: &mut String, deeper: usize) -> Result<(), Stop> {
    let first = cursor.u8(CUT)?;
    let (major, low) = (first >> 5, first & 31);
    if low == 31 {
        return endless(cursor, major, out, deeper);
    }
    let value = match low {
        0..24 => u64::from(low),
        24 => cursor.u8(CUT)?.into(),
        25 => cursor.u16(CUT)?.into(),
        26 => cursor.u32(CUT)?.into(),
        27 => cursor.u64(CUT)?,
        _ => return Err(cursor.stop("CBOR item of no known length")),
    };
    let len = usize::try_from(value).unwrap_or(usize::MAX);
    let _ = match major {
        0 => write!(out, "{value}"),
        1 => write!(out, "{}", -1 - i128::from(value)),
        2 => write!(out, "h'{}'", model::hex(cursor.take(len, CUT)?)),
        3 => {
            let text = std::str::from_utf8(cursor.take(len, CUT)?).map_err(|_| cursor.stop("CBOR text is no UTF-8"))?;
            quote(text, out);
            Ok(())
        }
        4 | 5 => return list(cursor, major == 5, Some(len), out, deeper),
        6 => {
            if deeper == 0 {
                return Err(cursor.stop("CBOR too deep"));
            }
            // what a tag says is of the item's meaning; that it is CBOR says nothing
            return item(cursor, out, deeper - 1);
        }
        _ => match low {
            20 => write!(out, "false"),
            21 => write!(out, "true"),
            22 => write!(out, "null"),
            23 => write!(out, "undefined"),
            25 => write!(out, "{}", half(value as u16)),
            26 => write!(out, "{}", f32::from_bits(value as u32)),
            27 => write!(out, "{}", f64::from_bits(value)),
            _ => write!(out, "simple({value})"),
        },
    };
    Ok(())
}

/// Text or a list whose length is not said before.
fn endless(cursor: &mut Cursor, major: u8, out: &mut String, deeper: usize) -> Result<(), Stop> {
    match major {
        4 | 5 => list(cursor, major == 5, None, out, deeper),
        _ => Err(cursor.stop("CBOR item of no known length")),
    }
}

fn list(cursor: &mut Cursor, map: bool, len: Option<usize>, out: &mut String, deeper: usize) -> Result<(), Stop> {
    if deeper == 0 {
        return Err(cursor.stop("CBOR too deep"));
    }
    out.push(if map { '{' } else { '[' });
    let mut n = 0;
    loop {
        if len == Some(n) {
            break;
        }
        if len.is_none() && cursor.message().get(cursor.at()) == Some(&0xff) {
            cursor.u8(CUT)?;
            break;
        }
        if n > 0 {
            out.push(',');
        }
        item(cursor, out, deeper - 1)?;
        if map {
            out.push(':');
            item(cursor, out, deeper - 1)?;
        }
        n += 1;
    }
    out.push(if map { '}' } else { ']' });
    Ok(())
}

pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appendix D.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::bytes;

    /// RFC 8949 appendix A.
    #[test]
    fn published_examples() {
        for (hex, expect) in [
            ("83010203", Some("[1,2,3]")),
            ("8301820203820405", Some("[1,[2,3],[4,5]]")),
            ("a26161016162820203", Some(r#"{"a":1,"b":[2,3]}"#)),
            ("9f018202039f0405ffff", Some("[1,[2,3],[4,5]]")),
            ("bf61610161629f0203ffff", Some(r#"{"a":1,"b":[2,3]}"#)),
            ("84f4f5f6f93e00", Some("[false,true,null,1.5]")),
            ("82fa47c35000fb3ff199999999999a", Some("[100000,1.1]")),
            ("823903e7c249010000000000000000", Some("[-1000,h'010000000000000000']")),
            ("d9d9f7a10102", Some("{1:2}")),
            ("a162ff00f5", None), // text that is none
            ("8301020304", None), // more behind it
            ("830102", None),     // cut short
            ("6161616161", None), // a text alone
            ("9fffff", None),
        ] {
            assert_eq!(text(&bytes(hex)).as_deref(), expect, "{hex}");
        }
        assert_eq!(text(&[0x81; 100]), None, "too deep");
        assert_eq!(text(&bytes("9b7fffffffffffffff")), None, "claims to be long");
    }
}
