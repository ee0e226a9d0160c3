//! As much DER (X.690) as certificates need.

use crate::protocols::cursor::{Cursor, Stop};

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OBJECT_ID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// Reads one element: its tag, and a cursor over its content.
pub fn element<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, Cursor<'a>), Stop> {
    let why = "DER element cut short";
    let tag = cursor.u8(why)?;
    let first = cursor.u8(why)?;
    let mut len = usize::from(first);
    if first & 0x80 != 0 {
        let bytes = cursor.take(usize::from(first & 0x7f), why)?;
        if bytes.is_empty() || bytes.len() > 4 {
            return Err(cursor.stop("DER element of an impossible length"));
        }
        len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
    }
    Ok((tag, cursor.part(len, why)?))
}

/// Reads one element that must have this tag.
pub fn expect<'a>(cursor: &mut Cursor<'a>, tag: u8, why: &'static str) -> Result<Cursor<'a>, Stop> {
    let stop = cursor.stop(why);
    match element(cursor)? {
        (found, content) if found == tag => Ok(content),
        _ => Err(stop),
    }
}

/// Reads one element if it has this tag.
pub fn optional<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Option<Cursor<'a>>, Stop> {
    let next = cursor.clone().u8("");
    if next != Ok(tag) {
        return Ok(None);
    }
    element(cursor).map(|(_, content)| Some(content))
}

/// An object identifier as `1.2.840`.
pub fn object_id(bytes: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for byte in bytes.iter().take(64) {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                // the first holds two
                let top = (number / 40).min(2);
                numbers.push(top);
                number -= top * 40;
            }
            numbers.push(std::mem::take(&mut number));
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_elements_of_short_and_long_length() {
        let bytes = [&[0x30, 3, 2, 1, 5, 4, 0x81, 0x80][..], &[7; 128]].concat();
        let mut cursor = Cursor::new(&bytes);
        let mut inner = expect(&mut cursor, SEQUENCE, "a sequence").unwrap();
        assert!(optional(&mut inner, BOOLEAN).unwrap().is_none());
        assert_eq!(optional(&mut inner, INTEGER).unwrap().unwrap().rest(), [5]);
        assert_eq!(element(&mut cursor).unwrap().1.left(), 128);
        for bad in [&[0x30][..], &[0x30, 0x80], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x30, 5, 1]] {
            assert!(element(&mut Cursor::new(bad)).is_err());
        }
    }

    #[test]
    fn writes_object_identifiers() {
        assert_eq!(object_id(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(object_id(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(object_id(&[0xff; 40]), "");
    }
}
