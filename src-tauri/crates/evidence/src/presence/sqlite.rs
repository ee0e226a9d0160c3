//! Tables of an SQLite database, read from its bytes alone (sqlite.org/fileformat2.html): what evidence says is never run as SQL, and
//! every row has its place.
//!
//! Of rows that are longer than a page, what lies on their first page is read. Rows in a write-ahead log beside the file are not there.

use model::Place;

/// What such a file begins with.
pub const MAGIC: &[u8] = b"SQLite format 3\0";
/// Columns of a row that are looked at.
const COLUMNS: usize = 64;
/// Damaged places that are told.
const MOST_DAMAGES: usize = 1_000;
/// Bytes of the header before the first page's own.
const HEADER: usize = 100;

/// A whole database.
pub struct Database<'a> {
    bytes: &'a [u8],
    page_size: usize,
    /// Of a page, what holds content.
    usable: usize,
}

/// What a column of a row holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob,
}

/// One row, as far as its first page holds it.
pub struct Row<'a> {
    pub place: Place,
    pub values: Vec<Value<'a>>,
}

/// A table by its declaration.
pub struct Table {
    pub name: String,
    root: u32,
    columns: Vec<String>,
}

/// Why something of it could not be read, and where.
pub struct Damage {
    pub why: &'static str,
    pub offset: u64,
}

impl<'a> Database<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Database<'a>, &'static str> {
        let header = bytes.get(..HEADER).filter(|header| header.starts_with(MAGIC)).ok_or("no SQLite header")?;
        let page_size = match be(header, 16, 2) {
            Some(1) => 65_536,
            Some(size) if (512..=32_768).contains(&size) && size.is_power_of_two() => size as usize,
            _ => return Err("a page size that SQLite doesn't have"),
        };
        if be(header, 56, 4) != Some(1) {
            return Err("its texts are not UTF-8");
        }
        let usable = page_size - usize::from(header.get(20).copied().unwrap_or(0));
        if usable < 480 {
            return Err("less room on a page than SQLite needs");
        }
        Ok(Database { bytes, page_size, usable })
    }

    /// The tables that the schema declares.
    pub fn tables(&self, damages: &mut Vec<Damage>) -> Vec<Table> {
        let mut tables = Vec::new();
        let _ = self.rows(1, damages, &mut |row| {
            if let [Value::Text(b"table"), Value::Text(name), _, Value::Int(root), Value::Text(sql), ..] =
                row.values.as_slice()
                && let Ok(root) = u32::try_from(*root)
                && tables.len() < 1_000
            {
                let sql = String::from_utf8_lossy(sql);
                tables.push(Table { name: String::from_utf8_lossy(name).into_owned(), root, columns: columns(&sql) });
            }
            Ok::<(), ()>(())
        });
        tables
    }

    /// All rows of a table, in the order of their ids.
    pub fn table<E>(
        &self,
        table: &Table,
        damages: &mut Vec<Damage>,
        each: &mut dyn FnMut(Row<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rows(table.root, damages, each)
    }

    fn rows<E>(
        &self,
        root: u32,
        damages: &mut Vec<Damage>,
        each: &mut dyn FnMut(Row<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut known = vec![false; self.bytes.len() / self.page_size + 2];
        if let Some(known) = known.get_mut(root as usize) {
            *known = true;
        }
        let mut waiting = vec![root];
        while let Some(number) = waiting.pop() {
            let mut damage = |why, at: usize| {
                if damages.len() < MOST_DAMAGES {
                    damages.push(Damage { why, offset: at as u64 });
                }
            };
            let Some((start, page)) = self.page(number) else {
                damage("names a page that is not in the file", 0);
                continue;
            };
            let at = if number == 1 { HEADER } else { 0 };
            let (Some(kind), Some(cells)) = (page.get(at).copied(), be(page, at + 3, 2)) else { continue };
            let leaf = match kind {
                0x0d => true,
                0x05 => false,
                _ => {
                    damage("a page that is none of a table's", start);
                    continue;
                }
            };
            let first = at + if leaf { 8 } else { 12 };
            let pointers =
                (0..cells as usize).map_while(|cell| be(page, first + 2 * cell, 2)).map(|cell| cell as usize);
            if leaf {
                for cell in pointers {
                    match self.cell(page, start, cell) {
                        Some(row) => each(row)?,
                        None => damage("a row that goes beyond its page", start),
                    }
                }
            } else {
                let right = be(page, at + 8, 4);
                let before = waiting.len();
                for child in pointers.filter_map(|cell| be(page, cell, 4)).chain(right) {
                    match known.get_mut(child as usize) {
                        Some(known) if !*known => {
                            *known = true;
                            waiting.push(child as u32);
                        }
                        Some(_) => damage("names a page that belongs to the table already", start),
                        None => damage("names a page that is not in the file", start),
                    }
                }
                if let Some(children) = waiting.get_mut(before..) {
                    children.reverse();
                }
            }
        }
        Ok(())
    }

    /// Where the page begins, and its usable bytes.
    fn page(&self, number: u32) -> Option<(usize, &'a [u8])> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.page_size)?;
        Some((start, self.bytes.get(start..start + self.usable)?))
    }

    fn cell(&self, page: &'a [u8], start: usize, cell: usize) -> Option<Row<'a>> {
        let (length, after) = varint(page, cell)?;
        let (_id, content) = varint(page, after)?;
        let length = usize::try_from(length).ok()?;
        let payload = page.get(content..content.checked_add(self.local(length))?)?;
        let place = Place::bytes((start + cell) as u64, (content + payload.len() - cell) as u64);
        Some(Row { place, values: record(payload)? })
    }

    /// How much of a row lies on its first page.
    fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let rest = least + (length - least) % (self.usable - 4);
        if rest <= most { rest } else { least }
    }
}

impl Table {
    /// Which column has that name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }
}

impl<'a> Row<'a> {
    pub fn get(&self, column: Option<usize>) -> Value<'a> {
        column.and_then(|column| self.values.get(column)).copied().unwrap_or(Value::Null)
    }
}

/// The values of a record, as far as its bytes go.
fn record(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let (header, mut at) = varint(payload, 0)?;
    let mut content = usize::try_from(header).ok()?;
    let types = payload.get(..content)?;
    let mut values = Vec::new();
    while at < types.len() && values.len() < COLUMNS {
        let (kind, next) = varint(types, at)?;
        at = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        // What goes on elsewhere is not looked at, nor is what follows.
        let Some(bytes) = content.checked_add(length).and_then(|end| payload.get(content..end)) else { break };
        content += length;
        values.push(match kind {
            0 => Value::Null,
            8 => Value::Int(0),
            9 => Value::Int(1),
            1..=6 => Value::Int(int(bytes)),
            7 => Value::Real(f64::from_bits(int(bytes).cast_unsigned())),
            kind if kind % 2 == 1 => Value::Text(bytes),
            _ => Value::Blob,
        });
    }
    Some(values)
}

/// Big-endian, signed.
fn int(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |sum, byte| sum << 8 | i64::from(*byte))
}

fn be(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for n in 0..9 {
        let byte = *bytes.get(at.checked_add(n)?)?;
        if n == 8 {
            return Some((value << 8 | u64::from(byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + n + 1));
        }
    }
    None
}

/// The names in `CREATE TABLE name (column type, ..., constraint)`.
fn columns(sql: &str) -> Vec<String> {
    let Some((_, inside)) = sql.split_once('(') else { return Vec::new() };
    let mut depth = 0_u32;
    let parts = inside.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let names = parts.take(COLUMNS).map(|part| {
        let word = part.split_whitespace().next().unwrap_or_default();
        word.trim_matches(|c: char| matches!(c, '"' | '`' | '[' | ']' | '\'' | ')')).to_owned()
    });
    let constraint = |name: &String| {
        let name = name.split('(').next().unwrap_or_default().to_ascii_uppercase();
        matches!(name.as_str(), "UNIQUE" | "PRIMARY" | "CHECK" | "FOREIGN" | "CONSTRAINT")
    };
    names.take_while(|name| !constraint(name)).collect()
}
