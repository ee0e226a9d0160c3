//! Each distinct text once: names, topics, addresses and field sets stand in thousands of facts.

use std::collections::HashMap;
use std::hash::BuildHasher;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{Error, Result};

/// Texts known to the writer, by a 128-bit hash. Bounded: past the bound a text may be stored again, which costs room, not truth -
/// readers ask for all ids of a value.
pub(crate) struct Interner {
    known: HashMap<u128, u32, foldhash::fast::FixedState>,
    next: u32,
}

const MOST_KNOWN: usize = 1_500_000;

impl Interner {
    pub fn load(db: &Connection) -> Result<Interner> {
        let next = db.query_row("SELECT coalesce(max(id), 0) + 1 FROM text", [], |row| row.get(0))?;
        let mut interner = Interner { known: HashMap::default(), next };
        let mut statement = db.prepare("SELECT id, value FROM text ORDER BY id DESC LIMIT ?")?;
        let mut rows = statement.query([MOST_KNOWN as i64 / 2])?;
        while let Some(row) = rows.next()? {
            interner.known.insert(key(row.get_ref(1)?.as_str().unwrap_or_default()), row.get(0)?);
        }
        Ok(interner)
    }

    /// The id of a text; stores it if it is new. Empty texts have 0.
    pub fn id(&mut self, db: &Connection, value: &str) -> Result<u32> {
        if value.is_empty() {
            return Ok(0);
        }
        let key = key(value);
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let id = self.next;
        db.prepare_cached("INSERT INTO text (id, value) VALUES (?, ?)")?.execute(params![id, value])?;
        self.next = id
            .checked_add(1)
            .ok_or_else(|| Error::Refused("a case holds at most 4 294 967 295 distinct texts".into()))?;
        self.known.insert(key, id);
        Ok(id)
    }
}

/// Two seeded 64-bit hashes. Not chosen by evidence: a collision would need both seeds broken at once.
fn key(value: &str) -> u128 {
    let half = |seed| foldhash::quality::FixedState::with_seed(seed).hash_one(value);
    u128::from(half(0x1f83_d9ab_fb41_bd6b)) << 64 | u128::from(half(0x5be0_cd19_137e_2179))
}

/// Puts the texts that are not yet searchable into the index. Returns how many there were.
pub(crate) fn index(db: &Connection) -> Result<usize> {
    let done: i64 = db
        .query_row("SELECT value FROM case_fact WHERE key = 'searchable'", [], |row| row.get::<_, String>(0))
        .optional()?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let added = db.execute("INSERT INTO text_fts (rowid, value) SELECT id, value FROM text WHERE id > ?", [done])?;
    db.execute(
        "INSERT OR REPLACE INTO case_fact SELECT 'searchable', CAST(coalesce(max(id), 0) AS TEXT) FROM text",
        [],
    )?;
    Ok(added)
}

/// What a person typed, as a query of FTS5: all words, as prefixes, none of its operators.
pub(crate) fn query(typed: &str) -> String {
    let words = typed.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn operators_are_only_text() {
        assert_eq!(super::query("tuya-cloud OR \"x"), "\"tuya\"* \"cloud\"* \"OR\"* \"x\"*");
        assert_eq!(super::query("* ( NEAR"), "\"NEAR\"*");
    }
}
