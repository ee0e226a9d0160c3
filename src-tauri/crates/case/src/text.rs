//! Each distinct text once: names, topics, addresses and field sets stand in thousands of facts.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{Case, Error, Result};

/// Texts known to the writer, by their [`Key`]. Bounded: past the bound a text may be stored again, which costs room, not truth -
/// readers ask for all ids of a value.
pub(crate) struct Interner {
    /// By the key's first part; the second, and the id.
    known: HashMap<u64, (u32, u32), foldhash::fast::FixedState>,
    next: u32,
}

/// What a text is known by: 96 bits of hash, seeded anew in each process, so that no evidence can be made to collide. Made by
/// whoever has the text at hand: it is mostly all that is needed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64, u32);

static SEEDS: LazyLock<[foldhash::quality::RandomState; 2]> = LazyLock::new(Default::default);

impl Key {
    pub fn of(value: &str) -> Key {
        match value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
            Some(members) => Key::of_members(members),
            None => Key::seeded((0_u8, value)),
        }
    }

    /// Of a JSON object, given without its braces.
    pub fn of_members(members: &str) -> Key {
        Key::seeded((1_u8, members))
    }

    fn seeded(value: (u8, &str)) -> Key {
        let [first, second] = SEEDS.each_ref().map(|seed| seed.hash_one(value));
        Key(first, second as u32)
    }
}

/// A little less than a table of 2^19 slots takes: it doubles no further.
const MOST_KNOWN: usize = 450_000;

impl Interner {
    pub fn load(db: &Connection) -> Result<Interner> {
        let next = db.query_row("SELECT coalesce(max(id), 0) + 1 FROM text", [], |row| row.get(0))?;
        let mut interner = Interner { known: HashMap::default(), next };
        let mut statement = db.prepare("SELECT id, value FROM text ORDER BY id DESC LIMIT ?")?;
        let mut rows = statement.query([MOST_KNOWN as i64 / 2])?;
        while let Some(row) = rows.next()? {
            let Key(first, second) = Key::of(row.get_ref(1)?.as_str().unwrap_or_default());
            interner.known.insert(first, (second, row.get(0)?));
        }
        Ok(interner)
    }

    /// Gives up the memory for what it knows.
    pub fn forget(&mut self) {
        self.known = HashMap::default();
    }

    /// The id of a text; stores it if it is new. Empty texts have 0.
    pub fn id(&mut self, db: &Connection, value: &str) -> Result<u32> {
        if value.is_empty() {
            return Ok(0);
        }
        let key = Key::of(value);
        match self.known(key) {
            Some(id) => Ok(id),
            None => self.add(db, key, value),
        }
    }

    pub fn known(&self, Key(first, second): Key) -> Option<u32> {
        self.known.get(&first).filter(|(other, _)| *other == second).map(|(_, id)| *id)
    }

    /// Stores a text that is not known; gives its id.
    pub fn add(&mut self, db: &Connection, Key(first, second): Key, value: &str) -> Result<u32> {
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let id = self.next;
        db.prepare_cached("INSERT INTO text (id, hash, value) VALUES (?, ?, ?)")?.execute(params![
            id,
            hash(value),
            value
        ])?;
        self.next = id
            .checked_add(1)
            .ok_or_else(|| Error::Refused("a case holds at most 4 294 967 295 distinct texts".into()))?;
        self.known.insert(first, (second, id));
        Ok(id)
    }
}

/// Ids of a text, given as it stands.
pub(crate) fn ids(db: &Connection, value: &str) -> Result<Vec<u32>> {
    let hash = hash(value);
    let which = if hash == 0 { "value = ?2 AND hash = ?1" } else { "hash = ?1 AND hash <> 0 AND value = ?2" };
    let mut statement = db.prepare_cached(&format!("SELECT id FROM text WHERE {which}"))?;
    Ok(statement.query_map(params![hash, value], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Characters of the longest text that can be an address: `0000:...:255.255.255.255`.
const LONGEST_ADDRESS: i64 = 45;

impl Case {
    /// Goes through the distinct texts that are IP addresses, as they stand: whoever sent, received or is named as such.
    pub fn each_address(&self, each: &mut dyn FnMut(&str, IpAddr)) -> Result<()> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT value FROM text WHERE hash <> 0 AND length(value) <= ?")?;
            let mut rows = statement.query([LONGEST_ADDRESS])?;
            while let Some(row) = rows.next()? {
                let text = row.get_ref(0)?.as_str().unwrap_or_default();
                if let Ok(address) = text.parse() {
                    each(text, address);
                }
            }
            Ok(())
        })
    }
}

/// FNV-1a over the length and the first bytes: finds a text quickly, and is the same in every version. 0 for field sets, which
/// are never looked for as a whole.
fn hash(value: &str) -> i64 {
    if value.starts_with('{') {
        return 0;
    }
    let length = (value.len() as u32).to_le_bytes();
    let bytes = length.iter().chain(value.as_bytes().iter().take(96));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash as i64 | 1
}

/// Id of the last text that is in the index of words.
fn indexed(db: &Connection) -> Result<i64> {
    let done = db
        .query_row("SELECT value FROM case_fact WHERE key = 'searchable'", [], |row| row.get::<_, String>(0))
        .optional()?;
    Ok(done.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Whether all texts are in the index of words.
pub(crate) fn is_indexed(db: &Connection) -> Result<bool> {
    let last: Option<i64> = db.query_row("SELECT max(id) FROM text", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0) <= indexed(db)?)
}

/// Puts the texts that are not yet searchable into the index.
pub(crate) fn index(db: &Connection) -> Result<()> {
    let done = indexed(db)?;
    let mut statement = db.prepare("SELECT id, value FROM text WHERE id > ? ORDER BY id")?;
    let mut insert = db.prepare("INSERT INTO text_fts (rowid, value) VALUES (?, ?)")?;
    let mut rows = statement.query([done])?;
    let (mut last, mut words) = (done, String::new());
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        let value = row.get_ref(1)?.as_str().unwrap_or_default();
        words.clear();
        // What somebody calls `{deviceId}/status` is no field set.
        let value = if value.starts_with("{\"") { values(value, &mut words) } else { value };
        insert.execute(params![last, value])?;
    }
    db.execute("INSERT OR REPLACE INTO case_fact VALUES ('searchable', ?)", [last.to_string()])?;
    Ok(())
}

/// The values of a JSON object without its keys and escapes, for the word index; room for them is lent.
fn values<'w>(json: &str, words: &'w mut String) -> &'w str {
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let inside = &rest[1..];
            let mut end = 0;
            let bytes = inside.as_bytes();
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(inside.len());
            rest = inside.get(end + 1..).unwrap_or_default();
            if !rest.starts_with(':') {
                let mut pieces = inside.get(..end).unwrap_or_default().split('\\');
                words.push_str(pieces.next().unwrap_or_default());
                for piece in pieces {
                    // What follows a backslash is one character, or `u` and four digits.
                    let escape = if piece.starts_with('u') { 5 } else { 1 };
                    words.push(' ');
                    words.push_str(piece.get(escape..).unwrap_or_default());
                }
                words.push(' ');
            }
        } else {
            if c.is_ascii_digit() || matches!(c, '.' | '-') {
                words.push(c);
            } else if !words.ends_with(' ') {
                words.push(' ');
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    words
}

/// What a person typed, as queries of FTS5: each word by itself, as a prefix; none of its operators.
pub(crate) fn queries(typed: &str) -> impl Iterator<Item = String> {
    let words = typed.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| format!("\"{word}\"*"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_field_sets_only_the_values_are_words() {
        for (json, words) in [
            (
                r#"{"query":"lamp.example","qtype":1,"AA":true,"answers":["192.0.2.1","x y"]}"#,
                "lamp.example 1 192.0.2.1 x y",
            ),
            (r#"{"a":"one\ntwo\u00e9three \"four\"","b":{"c":"five:"}}"#, "one two three four five:"),
            (r#"{"cut":"sho"#, "sho"),
            (r#"{"cut":"\"#, ""),
        ] {
            let mut room = String::new();
            let found: Vec<&str> = super::values(json, &mut room).split_whitespace().collect();
            assert_eq!(found.join(" "), words);
        }
    }

    #[test]
    fn a_text_has_one_key() {
        use super::Key;
        assert_eq!(Key::of(r#"{"qtype":1}"#), Key::of_members(r#""qtype":1"#));
        assert_eq!(Key::of("lamp"), Key::of("lamp"));
        for other in ["lamp ", "Lamp", "{lamp}", "{", "{}", ""] {
            assert_ne!(Key::of("lamp"), Key::of(other));
        }
        assert_ne!(Key::of("lamp"), Key::of_members("lamp"));
    }

    #[test]
    fn operators_are_only_text() {
        let queries = |typed| super::queries(typed).collect::<Vec<_>>().join(" ");
        assert_eq!(queries("tuya-cloud OR \"x"), "\"tuya\"* \"cloud\"* \"OR\"* \"x\"*");
        assert_eq!(queries("* ( NEAR"), "\"NEAR\"*");
    }
}
