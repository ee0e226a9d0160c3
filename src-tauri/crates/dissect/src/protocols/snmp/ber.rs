//! As much BER (X.690) as SNMP uses (RFC 3417 section 8): short tags, definite lengths.

use std::ops::Range;

use crate::protocols::cursor::{Cursor, Stop};

pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_ID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;

/// An element: its tag, and where its content is.
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub bytes: Range<usize>,
}

/// An identifier of more arcs is not an object's (RFC 2578 section 3.5: at most 128).
const MOST_ARCS: usize = 128;

/// The length that a tag announces: bytes in front of the content, and of the content.
pub fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(1)?);
    if first & 0x80 == 0 {
        return Some((2, first));
    }
    let count = first & 0x7f;
    let long = bytes.get(2..2 + count).filter(|long| (1..=4).contains(&long.len()))?;
    Some((2 + count, long.iter().fold(0, |len, byte| len << 8 | usize::from(*byte))))
}

/// Reads tag and length.
fn header(cursor: &mut Cursor) -> Result<(u8, usize), Stop> {
    let why = "SNMP element cut short";
    let rest = cursor.message().get(cursor.remaining()).unwrap_or_default();
    let stop = cursor.stop("SNMP element of an impossible length");
    let tag = cursor.u8(why)?;
    match head(rest) {
        Some((front, len)) => cursor.take(front - 1, why).map(|_| (tag, len)),
        None if rest.get(1).is_some_and(|first| !(0x81..=0x84).contains(first)) => Err(stop),
        None => Err(cursor.take(rest.len(), why).err().unwrap_or(stop)),
    }
}

/// Reads one element: its tag, and a cursor over its content. Of a message that is shorter than it says, as much as there is.
pub fn open<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, Cursor<'a>), Stop> {
    let (tag, len) = header(cursor)?;
    let message = cursor.message();
    let is_short = |(front, len): (usize, usize)| front + len > message.len();
    let len = if len > cursor.left() && head(message).is_some_and(is_short) { cursor.left() } else { len };
    Ok((tag, cursor.part(len, "SNMP element cut short")?))
}

/// Opens one element that must have this tag.
pub fn expect<'a>(cursor: &mut Cursor<'a>, tag: u8, why: &'static str) -> Result<Cursor<'a>, Stop> {
    let stop = cursor.stop(why);
    match open(cursor)? {
        (found, content) if found == tag => Ok(content),
        _ => Err(stop),
    }
}

/// Reads one whole element.
pub fn element<'a>(cursor: &mut Cursor<'a>) -> Result<Element<'a>, Stop> {
    let (tag, len) = header(cursor)?;
    let start = cursor.at();
    let content = cursor.take(len, "SNMP value cut short")?;
    Ok(Element { tag, content, bytes: cursor.since(start) })
}

/// Reads a whole number.
pub fn int(cursor: &mut Cursor, why: &'static str) -> Result<(i64, Range<usize>), Stop> {
    let stop = cursor.stop(why);
    let element = element(cursor)?;
    match signed(element.content) {
        Some(number) if element.tag == INTEGER => Ok((number, element.bytes)),
        _ => Err(stop),
    }
}

/// Reads a string of bytes.
pub fn octets<'a>(cursor: &mut Cursor<'a>, why: &'static str) -> Result<(&'a [u8], Range<usize>), Stop> {
    let stop = cursor.stop(why);
    let element = element(cursor)?;
    if element.tag == OCTET_STRING { Ok((element.content, element.bytes)) } else { Err(stop) }
}

pub fn signed(content: &[u8]) -> Option<i64> {
    let first = *content.first().filter(|_| content.len() <= 8)?;
    let sign = if first & 0x80 != 0 { -1 } else { 0 };
    Some(content.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
}

/// Up to 64 bits; a leading zero keeps the number positive.
pub fn unsigned(content: &[u8]) -> Option<u64> {
    let digits = match content {
        [0, rest @ ..] if rest.len() == 8 => rest,
        all => all,
    };
    (1..=8).contains(&digits.len()).then(|| digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// An object identifier as `1.3.6.1.2.1`; `None` if it is none.
pub fn object_id(content: &[u8]) -> Option<String> {
    let mut arcs: Vec<u32> = Vec::with_capacity(content.len().min(MOST_ARCS) + 1);
    let mut arc = 0_u32;
    for byte in content {
        arc = arc.checked_mul(128)? | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                // the first holds two
                let top = (arc / 40).min(2);
                arcs.push(top);
                arc -= top * 40;
            }
            arcs.push(std::mem::take(&mut arc));
        }
        if arcs.len() > MOST_ARCS {
            return None;
        }
    }
    let whole = content.last().is_none_or(|last| last & 0x80 == 0);
    whole.then(|| arcs.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (bytes, expect) in [
            (&[0x30, 5][..], Some((2, 5))),
            (&[0x30, 0x81, 200], Some((3, 200))),
            (&[0x30, 0x82, 1, 0], Some((4, 256))),
            (&[0x30, 0x82, 1], None),
            (&[0x30, 0x80], None),
            (&[0x30, 0x85, 0, 0, 0, 0, 0], None),
            (&[0x30], None),
        ] {
            assert_eq!(head(bytes), expect, "{bytes:02x?}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(signed(&[0xff, 0x7f]), Some(-129));
        assert_eq!(signed(&[0; 9]), None);
        assert_eq!(signed(&[]), None);
        assert_eq!(unsigned(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
        assert_eq!(unsigned(&[1; 9]), None);
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(object_id(&[0x2b, 6, 1, 2, 1]).as_deref(), Some("1.3.6.1.2.1"));
        assert_eq!(object_id(&[0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]).as_deref(), Some("1.3.4294967295"));
        assert_eq!(object_id(&[0x2b, 0x9f, 0xff, 0xff, 0xff, 0x7f]), None, "an arc of more than 32 bits");
        assert_eq!(object_id(&[0x2b, 0x86]), None, "an arc without an end");
        assert_eq!(object_id(&[1; 200]), None);
        assert_eq!(object_id(&[]).as_deref(), Some(""));
    }
}
