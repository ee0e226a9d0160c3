//! Reads a packet from its start to its end, and never beyond.

use super::Malformed;

#[derive(Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

const CUT: &str = "packet ends too soon";

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// Where it ends.
    pub fn end_at(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// That this, here, is why it is no packet.
    pub fn no(&self, why: &'static str) -> Malformed {
        Malformed { at: self.at, why }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(len).ok_or(self.no(CUT))?;
        let taken = self.bytes.get(self.at..end).ok_or(self.no(CUT))?;
        self.at = end;
        Ok(taken)
    }

    /// The next `len` bytes as a cursor of their own, which knows where it is.
    pub fn part(&mut self, len: usize) -> Result<Cursor<'a>, Malformed> {
        let at = self.at;
        self.take(len)?;
        Ok(Cursor { bytes: self.bytes.get(..self.at).unwrap_or_default(), at })
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// A packet identifier: never 0.
    pub fn id(&mut self) -> Result<u16, Malformed> {
        let no = self.no("packet identifier is 0");
        match self.u16()? {
            0 => Err(no),
            id => Ok(id),
        }
    }

    pub fn varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.no("number has more than four bytes"))
    }

    pub fn binary(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u16()?;
        self.take(len.into())
    }

    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let no = self.no("text is not UTF-8, or has a null character");
        let text = std::str::from_utf8(self.binary()?).map_err(|_| no)?;
        if text.contains('\0') { Err(no) } else { Ok(text) }
    }

    pub fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(self.no("something follows the packet's end")) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let no = self.no(CUT);
        self.take(N)?.try_into().map_err(|_| no)
    }
}
