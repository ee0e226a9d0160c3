//! Packed header fields (HPACK, RFC 7541): what they say, and where in the block each of them stands.

mod huffman;
mod table;

use std::ops::Range;

use self::table::{Entry, Found, Table};
use crate::protocols::http::head::{Header, LONGEST_HEAD, MOST_HEADERS};

/// One direction's decoder: what a block says depends on all blocks before it.
#[derive(Default)]
pub struct Decoder {
    table: Table,
}

/// The header fields of a block, in order.
#[derive(Debug, Default)]
pub struct List {
    /// Names and values, one after the other.
    pub text: Vec<u8>,
    /// Where in `text`.
    pub headers: Vec<Header>,
    /// One for each field of the block, as far as they were kept.
    pub fields: Vec<Field>,
    /// Fields that refer to what earlier blocks said, which is not known.
    pub unknown: usize,
    /// There were more fields, or longer ones, than are kept.
    pub more: bool,
    /// The block's last field is not whole.
    pub cut: bool,
    /// Where and why it could not be read further.
    pub wrong: Option<(usize, &'static str)>,
}

/// How a field was written.
#[derive(Debug)]
pub struct Field {
    /// Bytes of the block.
    pub place: Range<usize>,
    pub form: &'static str,
    /// Entry of the tables that it refers to; 0: none.
    pub index: usize,
    /// Which of `headers` it is; none: not known.
    pub header: Option<usize>,
}

/// Why a block can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// It ends here.
    Short,
    Wrong(&'static str),
}

/// Wireshark's words (RFC 7541 section 6).
const INDEXED: &str = "Indexed Header Field";
const KEPT: [&str; 2] = [
    "Literal Header Field with Incremental Indexing - New Name",
    "Literal Header Field with Incremental Indexing - Indexed Name",
];
const PASSING: [&str; 2] =
    ["Literal Header Field without Indexing - New Name", "Literal Header Field without Indexing - Indexed Name"];
const NEVER: [&str; 2] =
    ["Literal Header Field never Indexed - New Name", "Literal Header Field never Indexed - Indexed Name"];

impl Decoder {
    /// Blocks are missing: what they added is not known.
    pub fn lose(&mut self) {
        self.table.lose();
    }

    /// Reads a block. `cut`: it may end anywhere, and the rest of it will not come.
    pub fn read(&mut self, block: &[u8], cut: bool) -> List {
        let mut list = List::default();
        let mut reader = Reader { block, at: 0 };
        while reader.at < block.len() {
            let start = reader.at;
            match self.field(&mut reader, start, &mut list) {
                Ok(()) => {}
                Err(Stop::Short) if cut => list.cut = true,
                Err(Stop::Short) => list.wrong = Some((start, "header block ends inside a field")),
                Err(Stop::Wrong(why)) => list.wrong = Some((start, why)),
            }
            if list.cut || list.wrong.is_some() {
                self.lose(); // what follows in the block may have added to the table
                break;
            }
        }
        list
    }

    fn field(&mut self, reader: &mut Reader, start: usize, list: &mut List) -> Result<(), Stop> {
        let first = reader.peek()?;
        if first & 0x80 != 0 {
            let index = reader.integer(7)?;
            match self.table.get(index) {
                Found::Entry(name, value) => list.add(start..reader.at, INDEXED, index, name.zip(value)),
                Found::Nothing => return Err(Stop::Wrong("header field refers to an entry that is not in the table")),
            }
            return Ok(());
        }
        if first & 0xe0 == 0x20 {
            let size = reader.integer(5)?;
            self.table.resize(size);
            return Ok(());
        }
        let (bits, forms) = match first {
            0x40.. => (6, KEPT),
            0x10.. => (4, NEVER),
            _ => (4, PASSING),
        };
        let index = reader.integer(bits)?;
        let name = match index {
            0 => Some(reader.string()?.into()),
            index => {
                self.table.name(index).ok_or(Stop::Wrong("header name refers to an entry that is not in the table"))?
            }
        };
        let value = reader.string()?;
        list.add(start..reader.at, forms[usize::from(index > 0)], index, name.as_deref().zip(Some(&value)));
        if first & 0x40 != 0 {
            self.table.insert(Entry::new(name, value));
        }
        Ok(())
    }
}

impl List {
    fn add(&mut self, place: Range<usize>, form: &'static str, index: usize, said: Option<(&[u8], &[u8])>) {
        let Some((name, value)) = said else {
            self.unknown += 1;
            if self.fields.len() < MOST_HEADERS {
                self.fields.push(Field { place, form, index, header: None });
            }
            return;
        };
        let full = self.text.len() + name.len() + value.len() > LONGEST_HEAD;
        if full || self.fields.len() >= MOST_HEADERS {
            self.more = true;
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(name);
        let middle = self.text.len();
        self.text.extend_from_slice(value);
        self.fields.push(Field { place, form, index, header: Some(self.headers.len()) });
        self.headers.push(Header { name: start..middle, value: middle..self.text.len() });
    }
}

struct Reader<'b> {
    block: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Result<u8, Stop> {
        self.block.get(self.at).copied().ok_or(Stop::Short)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// A number in the last `bits` of a byte, and further bytes if it is too large for them (section 5.1). None is larger than 2^28.
    fn integer(&mut self, bits: u32) -> Result<usize, Stop> {
        let most = (1_usize << bits) - 1;
        let mut value = usize::from(self.byte()?) & most;
        if value < most {
            return Ok(value);
        }
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Stop::Wrong("number of more than four bytes in a header block"))
    }

    /// Section 5.2.
    fn string(&mut self) -> Result<Vec<u8>, Stop> {
        let packed = self.peek()? & 0x80 != 0;
        let length = self.integer(7)?;
        let bytes = self.at.checked_add(length).and_then(|end| self.block.get(self.at..end)).ok_or(Stop::Short)?;
        self.at += length;
        if !packed {
            return Ok(bytes.to_vec());
        }
        huffman::decode(bytes).ok_or(Stop::Wrong("text in a header block is not packed as it should be"))
    }
}

#[cfg(test)]
mod tests;
