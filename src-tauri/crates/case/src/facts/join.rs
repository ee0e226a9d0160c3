//! Small chunks into larger ones: a live capture writes a few facts at a time, and many small chunks are slow to go through.

use rusqlite::{Connection, params};

use super::chunk::{Encoder, Entry, Own, push_own};
use super::scan::{Chunk, Meta, metas};
use super::write::insert;
use crate::Result;
use crate::runs::RunId;

/// A chunk with fewer facts is small.
const SMALL: i64 = 4_096;
/// So many small ones of a kind become one.
const MANY: usize = 8;

/// Puts the small chunks of a run together, kind by kind, where there are many.
pub(crate) fn join(db: &Connection, run: RunId) -> Result<()> {
    let mut statement = db
        .prepare_cached("SELECT kind FROM fact_chunk WHERE run = ? AND count < ? GROUP BY kind HAVING count(*) >= ?")?;
    let kinds = statement.query_map(params![run, SMALL, MANY as i64], |row| row.get(0))?;
    let kinds: Vec<i64> = kinds.collect::<rusqlite::Result<_>>()?;
    for kind in kinds {
        let small = metas(db, "WHERE run = ? AND kind = ? AND count < ?", &[run, kind, SMALL])?;
        into_one(db, run, kind, small)?;
    }
    Ok(())
}

fn into_one(db: &Connection, run: RunId, kind: i64, small: Vec<Meta>) -> Result<()> {
    let own_keys = small.iter().fold(0, |keys, meta| keys | meta.own_keys);
    let mut rows: Vec<(Entry, Own)> = Vec::new();
    for meta in small {
        let id = meta.id;
        let mut chunk = Chunk::new(db, meta);
        rows.append(&mut chunk.entries()?);
        db.prepare_cached("DELETE FROM fact_columns WHERE chunk = ?")?.execute([id])?;
        db.prepare_cached("DELETE FROM fact_chunk WHERE id = ?")?.execute([id])?;
    }
    rows.sort_unstable_by_key(|(entry, _)| (entry.ts, entry.number));
    let entries: Vec<Entry> = rows.iter().map(|(entry, _)| *entry).collect();
    let mut own = Vec::new();
    if rows.iter().any(|(_, (own, pieces))| !own.is_empty() || !pieces.is_empty()) {
        rows.iter().for_each(|(_, (text, pieces))| push_own(&mut own, text, pieces));
    }
    let mut encoder = Encoder::default();
    encoder.encode(&entries, &own)?;
    insert(db, run, kind, &entries, own_keys, &encoder)
}
