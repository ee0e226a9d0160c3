//! Properties of MQTT 5 (section 2.2.2).

use std::ops::Range;

use super::Malformed;
use super::cursor::Cursor;

pub const TOPIC_ALIAS: u8 = 0x23;
pub const USER_PROPERTY: u8 = 0x26;

/// Those of one packet, one after the other.
pub struct Properties<'a> {
    inside: Cursor<'a>,
}

pub struct Property<'a> {
    pub id: u8,
    /// Its bytes, the identifier included.
    pub place: Range<usize>,
    pub value: &'a [u8],
}

impl<'a> Properties<'a> {
    /// Takes their length, and as many bytes.
    pub fn take(body: &mut Cursor<'a>) -> Result<Properties<'a>, Malformed> {
        let len = body.varint()?;
        let len = usize::try_from(len).map_err(|_| body.no("properties are too long"))?;
        Ok(Properties { inside: body.part(len)? })
    }

    /// Whether all are whole.
    pub fn check(mut self) -> Result<(), Malformed> {
        self.try_for_each(|property| property.map(drop))
    }

    /// Where they lie, without their length.
    pub fn range(&self) -> Range<usize> {
        self.inside.at()..self.inside.end_at()
    }

    fn read(&mut self) -> Result<Property<'a>, Malformed> {
        let start = self.inside.at();
        let id = self.inside.u8()?;
        let from = self.inside.clone();
        match id {
            0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2a => drop(self.inside.take(1)?),
            0x13 | 0x21 | 0x22 | TOPIC_ALIAS => drop(self.inside.take(2)?),
            0x02 | 0x11 | 0x18 | 0x27 => drop(self.inside.take(4)?),
            0x0b => drop(self.inside.varint()?),
            0x03 | 0x08 | 0x12 | 0x15 | 0x1a | 0x1c | 0x1f => drop(self.inside.text()?),
            0x09 | 0x16 => drop(self.inside.binary()?),
            USER_PROPERTY => drop((self.inside.text()?, self.inside.text()?)),
            _ => return Err(from.no("a property that does not exist")),
        }
        let place = start..self.inside.at();
        let value = from.clone().take(self.inside.at().saturating_sub(from.at()))?;
        Ok(Property { id, place, value })
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Result<Property<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inside.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            // What follows what can't be read can't be read either.
            self.inside = Cursor::new(&[], 0);
        }
        Some(read)
    }
}

impl Property<'_> {
    pub fn u16(&self) -> Option<u16> {
        Some(u16::from_be_bytes(self.value.try_into().ok()?))
    }

    /// The first of a pair of texts.
    pub fn key(&self) -> Option<&[u8]> {
        Cursor::new(self.value, 0).binary().ok()
    }
}
