//! The protobuf wire format (protobuf.dev, "Encoding"): fields with their byte ranges.

/// One field of a message. Offsets are those of the whole report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    pub number: u32,
    pub value: Value<'a>,
    /// First byte of the tag.
    pub start: usize,
    /// First byte of the value; of a length-delimited one, after its length.
    pub at: usize,
    /// One past its last byte.
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl Value<'_> {
    /// The wire type's number.
    pub fn wire_type(self) -> u8 {
        match self {
            Value::Varint(_) => 0,
            Value::Fixed64(_) => 1,
            Value::Bytes(_) => 2,
            Value::Fixed32(_) => 5,
        }
    }
}

/// Where and why a message stopped making sense. Nothing after it can be read, as protobuf has no way to find the next field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault<'a> {
    pub at: usize,
    pub why: &'static str,
    /// The field that the end of the bytes cut short, with what there is of its value.
    pub cut: Option<Field<'a>>,
}

/// The fields of `bytes`, which lie at `base` in the report; after a fault, no more.
pub fn fields(bytes: &[u8], base: usize) -> Fields<'_> {
    Fields { rest: bytes, at: base }
}

pub struct Fields<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Fault<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Field<'a>, Fault<'a>> {
        let start = self.at;
        let fault = |why| Fault { at: start, why, cut: None };
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| fault("a field number over 29 bits"))?;
        if number == 0 || number >= 1 << 29 {
            return Err(fault("a field number that protobuf does not have"));
        }
        let at = self.at;
        let (at, value) = match tag & 7 {
            0 => (at, Value::Varint(self.varint()?)),
            1 => (at, Value::Fixed64(u64::from_le_bytes(self.fixed()?))),
            5 => (at, Value::Fixed32(u32::from_le_bytes(self.fixed()?))),
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                let at = self.at;
                let Some((value, rest)) = self.rest.split_at_checked(length) else {
                    let end = at + self.rest.len();
                    let cut = Field { number, value: Value::Bytes(self.rest), start, at, end };
                    return Err(Fault { at: start, why: "a field longer than what is left", cut: Some(cut) });
                };
                (self.rest, self.at) = (rest, at + length);
                (at, Value::Bytes(value))
            }
            _ => return Err(fault("a wire type that reports do not use")),
        };
        Ok(Field { number, value, start, at, end: self.at })
    }

    /// Seven bits a byte, least significant first; at most ten bytes.
    fn varint(&mut self) -> Result<u64, Fault<'a>> {
        let mut sum = 0_u64;
        for (n, byte) in self.rest.iter().take(10).enumerate() {
            sum |= u64::from(byte & 0x7f) << (7 * n); // bits over 64 fall off, as protobuf says
            if byte & 0x80 == 0 {
                self.at += n + 1;
                self.rest = self.rest.get(n + 1..).unwrap_or_default();
                return Ok(sum);
            }
        }
        let why = if self.rest.len() < 10 { "a varint cut short" } else { "a varint over ten bytes" };
        Err(Fault { at: self.at, why, cut: None })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Fault<'a>> {
        let (value, rest) =
            self.rest.split_first_chunk().ok_or(Fault { at: self.at, why: "a fixed value cut short", cut: None })?;
        self.rest = rest;
        self.at += N;
        Ok(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let said: Vec<String> = fields(bytes, 100)
            .map(|field| match field {
                Ok(f) => format!("{}@{}..{}..{} {:?}", f.number, f.start, f.at, f.end, f.value),
                Err(fault) => format!("{}@{} cut={:?}", fault.why, fault.at, fault.cut.map(|cut| cut.value)),
            })
            .collect();
        assert_eq!(said.join("; "), expected);
    }

    #[test]
    fn fields_and_ranges() {
        check(b"", "");
        check(
            b"\x08\x01\x12\x02ab\x1d\x01\0\0\0",
            "1@100..101..102 Varint(1); 2@102..104..106 Bytes([97, 98]); 3@106..107..111 Fixed32(1)",
        );
        let minus_one = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        check(minus_one, "1@100..101..111 Varint(18446744073709551615)");
    }

    #[test]
    fn faults_end_the_message() {
        check(b"\x12\x05ab", "a field longer than what is left@100 cut=Some(Bytes([97, 98]))");
        check(b"\x08", "a varint cut short@101 cut=None");
        check(&[0xff; 12], "a varint over ten bytes@100 cut=None");
        check(b"\x02\0", "a field number that protobuf does not have@100 cut=None");
        check(b"\x0b", "a wire type that reports do not use@100 cut=None");
        check(b"\x09\0\0", "a fixed value cut short@101 cut=None");
    }
}
