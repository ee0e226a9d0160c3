//! MessagePack (github.com/msgpack/msgpack/blob/master/spec.md) as text: JSON where JSON can say it.

use std::fmt::Write;

use super::cbor::quote;
use crate::protocols::cursor::{Cursor, Stop};

const DEEPEST: usize = 16;
const CUT: &str = "MessagePack value cut short";

/// The text of a map whose keys are texts, and all there is; `None`: it is not. Nothing marks MessagePack, so that less is not taken for it.
pub fn text(bytes: &[u8]) -> Option<String> {
    if bytes.len() < 3 || !matches!(bytes.first()?, 0x81..=0x8f | 0xde | 0xdf) {
        return None;
    }
    let (mut cursor, mut out) = (Cursor::new(bytes), String::new());
    value(&mut cursor, &mut out, DEEPEST).ok()?;
    cursor.is_empty().then_some(out)
}

fn value(cursor: &mut Cursor, out: &mut String, deeper: usize) -> Result<(), Stop> {
    let first = cursor.u8(CUT)?;
    let _ = match first {
        0x00..=0x7f => write!(out, "{first}"),
        0xe0.. => write!(out, "{}", first as i8),
        0x80..=0x8f => return map(cursor, usize::from(first & 15), out, deeper),
        0xde => {
            let len = cursor_len(cursor, 2)?;
            return map(cursor, len, out, deeper);
        }
        0xdf => {
            let len = cursor_len(cursor, 4)?;
            return map(cursor, len, out, deeper);
        }
        0x90..=0x9f => return array(cursor, usize::from(first & 15), out, deeper),
        0xdc => {
            let len = cursor_len(cursor, 2)?;
            return array(cursor, len, out, deeper);
        }
        0xdd => {
            let len = cursor_len(cursor, 4)?;
            return array(cursor, len, out, deeper);
        }
        0xa0..=0xbf => return string(cursor, usize::from(first & 31), out),
        0xd9..=0xdb => {
            let len = cursor_len(cursor, 1 << (first - 0xd9))?;
            return string(cursor, len, out);
        }
        0xc0 => write!(out, "null"),
        0xc2 => write!(out, "false"),
        0xc3 => write!(out, "true"),
        0xc4..=0xc6 => {
            let len = cursor_len(cursor, 1 << (first - 0xc4))?;
            write!(out, "h'{}'", model::hex(cursor.take(len, CUT)?))
        }
        0xc7..=0xc9 => {
            let len = cursor_len(cursor, 1 << (first - 0xc7))?;
            return extension(cursor, len, out);
        }
        0xd4..=0xd8 => return extension(cursor, 1 << (first - 0xd4), out),
        0xca => write!(out, "{}", f32::from_bits(cursor.u32(CUT)?)),
        0xcb => write!(out, "{}", f64::from_bits(cursor.u64(CUT)?)),
        0xcc => write!(out, "{}", cursor.u8(CUT)?),
        0xcd => write!(out, "{}", cursor.u16(CUT)?),
        0xce => write!(out, "{}", cursor.u32(CUT)?),
        0xcf => write!(out, "{}", cursor.u64(CUT)?),
        0xd0 => write!(out, "{}", cursor.u8(CUT)? as i8),
        0xd1 => write!(out, "{}", cursor.u16(CUT)? as i16),
        0xd2 => write!(out, "{}", cursor.u32(CUT)? as i32),
        0xd3 => write!(out, "{}", cursor.u64(CUT)? as i64),
        0xc1 => return Err(cursor.stop("a byte that MessagePack never has")),
    };
    Ok(())
}

fn cursor_len(cursor: &mut Cursor, bytes: usize) -> Result<usize, Stop> {
    Ok(match bytes {
        1 => cursor.u8(CUT)?.into(),
        2 => cursor.u16(CUT)?.into(),
        _ => cursor.u32(CUT)? as usize,
    })
}

fn string(cursor: &mut Cursor, len: usize, out: &mut String) -> Result<(), Stop> {
    let text = std::str::from_utf8(cursor.take(len, CUT)?).map_err(|_| cursor.stop("MessagePack text is no UTF-8"))?;
    quote(text, out);
    Ok(())
}

fn extension(cursor: &mut Cursor, len: usize, out: &mut String) -> Result<(), Stop> {
    let kind = cursor.u8(CUT)? as i8;
    let _ = write!(out, "{kind}(h'{}')", model::hex(cursor.take(len, CUT)?));
    Ok(())
}

fn map(cursor: &mut Cursor, len: usize, out: &mut String, deeper: usize) -> Result<(), Stop> {
    let deeper = deeper.checked_sub(1).ok_or_else(|| cursor.stop("MessagePack too deep"))?;
    out.push('{');
    for n in 0..len {
        if n > 0 {
            out.push(',');
        }
        if !matches!(cursor.message().get(cursor.at()), Some(0xa0..=0xbf | 0xd9..=0xdb)) {
            return Err(cursor.stop("a key that is no text"));
        }
        value(cursor, out, deeper)?;
        out.push(':');
        value(cursor, out, deeper)?;
    }
    out.push('}');
    Ok(())
}

fn array(cursor: &mut Cursor, len: usize, out: &mut String, deeper: usize) -> Result<(), Stop> {
    let deeper = deeper.checked_sub(1).ok_or_else(|| cursor.stop("MessagePack too deep"))?;
    out.push('[');
    for n in 0..len {
        if n > 0 {
            out.push(',');
        }
        value(cursor, out, deeper)?;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::bytes;

    #[test]
    fn maps_of_texts_alone() {
        let deep = [[0x81, 0xa1, b'a'].repeat(40), vec![0xc0]].concat();
        for (hex, expect) in [
            // The example of msgpack.org.
            ("82a7636f6d70616374c3a6736368656d6100", Some(r#"{"compact":true,"schema":0}"#)),
            ("81a16193c0e0d1ff7f", Some(r#"{"a":[null,-32,-129]}"#)),
            ("de0001a174cb4035800000000000", Some(r#"{"t":21.5}"#)),
            ("81d90162c403010203", Some(r#"{"b":h'010203'}"#)),
            ("81a162c70105ff", Some(r#"{"b":5(h'ff')}"#)),
            ("8101c0", None),     // a key that is no text
            ("81a161c1", None),   // a byte that is never there
            ("81a16101ff", None), // more behind it
            ("82a16101", None),   // cut short
            ("dfffffffffa16101", None),
            ("93010203", None), // a list alone
        ] {
            assert_eq!(text(&bytes(hex)).as_deref(), expect, "{hex}");
        }
        assert_eq!(text(&deep), None, "too deep");
    }
}
