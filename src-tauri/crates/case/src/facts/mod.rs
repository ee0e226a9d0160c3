//! Facts as rows. They are stored by the thousand, as columns (`chunk.rs`); `scan.rs` goes through them in order of time, `matching.rs`
//! decides which, `counts.rs` adds them up, `write.rs` puts them there.

mod chunk;
mod counts;
mod join;
mod matching;
mod page;
mod scan;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::collections::HashMap;

use model::{Time, TimeKind, Uid};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value as Json;

pub use counts::{FactGroup, Histogram};
pub(crate) use join::join;
pub(crate) use matching::Test;
pub(crate) use scan::Scan;
pub use write::Facts;
pub(crate) use write::{FactWriter, purge};

use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::views::{PageRequest, Row};
use crate::{Case, Error, NO_TIME, Result};
use scan::{Chunk, metas};

pub type FactId = i64;

/// A fact as it is stored.
#[derive(Clone, Debug)]
pub struct FactRow {
    pub id: FactId,
    pub run: RunId,
    pub kind: String,
    pub ts: Option<Time>,
    pub time_kind: &'static str,
    pub uid: Option<Uid>,
    pub src: String,
    pub dst: String,
    pub subject: String,
    /// Its own fields.
    pub fields: Row,
    pub frame: Option<u64>,
    pub offset: u64,
    pub length: u64,
    /// (frame, offset, length), when it was put together from several places.
    pub pieces: Vec<(u64, u64, u64)>,
}

/// Facts of one frame that are listed.
const MOST_OF_FRAME: usize = 500;

impl Case {
    /// A page of facts in order of time, then place ([`page`]); `after` is the last row's key. `kind`: only that kind.
    pub fn facts_page(
        &self,
        kind: Option<&str>,
        request: &PageRequest,
    ) -> Result<(Vec<FactRow>, Option<String>, Option<u64>)> {
        let total = match request.count {
            true => Some(self.count_facts(kind, &request.select)?),
            false => None,
        };
        let after = request.after.as_deref().map(key).transpose()?;
        self.read_for(&request.select, |db| {
            let (page, more) = page::page(self, db, kind, request, after)?;
            let next =
                page.last().filter(|_| more).map(|last| format!("{}:{}", last.ts.map_or(NO_TIME, |ts| ts.0), last.id));
            Ok((page, next, total))
        })
    }

    pub fn fact(&self, id: FactId) -> Result<Option<FactRow>> {
        let number = matching::number_of(id);
        self.read(|db| {
            for meta in metas(db, "WHERE run = ? AND first <= ? AND last >= ?", &[id >> RUN_BITS, number, number])? {
                let mut chunk = Chunk::new(db, meta);
                if let Some(row) = chunk.keys()?.number.iter().position(|n| *n == number) {
                    return Ok(Some(Reader::new(db)?.read(&mut chunk, row)?));
                }
            }
            Ok(None)
        })
    }

    /// The facts of one frame, in order of place.
    pub fn facts_of_frame(&self, run: RunId, frame: u64) -> Result<Vec<FactRow>> {
        let number = frame as i64;
        self.read(|db| {
            let mut reader = Reader::new(db)?;
            let mut facts = Vec::new();
            let which = "WHERE run = ? AND first_frame <= ? AND last_frame >= ?";
            for meta in metas(db, which, &[run, number, number])? {
                let mut chunk = Chunk::new(db, meta);
                let frames = &chunk.places()?.frame;
                let rows: Vec<usize> =
                    (0..frames.len()).filter(|row| frames[*row] == number).take(MOST_OF_FRAME).collect();
                for row in rows {
                    facts.push(reader.read(&mut chunk, row)?);
                }
            }
            facts.sort_by_key(|fact| fact.id);
            facts.truncate(MOST_OF_FRAME);
            Ok(facts)
        })
    }

    pub(crate) fn kind_names(&self) -> Result<HashMap<i64, String>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT id, name FROM kind")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Makes rows of what chunks hold; each text is fetched once.
pub(crate) struct Reader<'d> {
    db: &'d Connection,
    kinds: HashMap<i64, String>,
    texts: HashMap<u64, String>,
}

/// Texts remembered while reading.
const MOST_TEXTS: usize = 20_000;

impl<'d> Reader<'d> {
    pub fn new(db: &'d Connection) -> Result<Reader<'d>> {
        let mut statement = db.prepare_cached("SELECT id, name FROM kind")?;
        let kinds = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        Ok(Reader { db, kinds, texts: HashMap::new() })
    }

    pub fn text(&mut self, id: u64) -> Result<String> {
        if id == 0 {
            return Ok(String::new());
        }
        if let Some(known) = self.texts.get(&id) {
            return Ok(known.clone());
        }
        let mut statement = self.db.prepare_cached("SELECT value FROM text WHERE id = ?")?;
        let text: String = statement.query_row([id as i64], |row| row.get(0)).optional()?.unwrap_or_default();
        if self.texts.len() >= MOST_TEXTS {
            self.texts.clear();
        }
        self.texts.insert(id, text.clone());
        Ok(text)
    }

    pub fn kind(&self, id: i64) -> String {
        self.kinds.get(&id).cloned().unwrap_or_default()
    }

    fn read(&mut self, chunk: &mut Chunk, row: usize) -> Result<FactRow> {
        let (ts, id) = chunk.key(row)?;
        let keys = chunk.keys()?;
        let [src, dst, subject, fields] =
            [&keys.src, &keys.dst, &keys.subject, &keys.fields].map(|column| column.get(row));
        let places = chunk.places()?;
        let at = |column: &[i64]| column.get(row).copied().unwrap_or(0) as u64;
        let (frame, offset, length) = (at(&places.frame), at(&places.offset), at(&places.length));
        let (uid, time_kind) = (places.uid.get(row), places.time_kind.get(row));
        let (own, pieces) = chunk.own()?.get(row).cloned().unwrap_or_default();
        let subject = self.text(subject)?;
        let mut all = object(&about(&self.text(fields)?, Some(&subject)));
        all.extend(members(&model::unpacked(&own)));
        Ok(FactRow {
            id,
            run: chunk.meta.run,
            kind: self.kind(chunk.meta.kind),
            ts: (ts != NO_TIME).then_some(Time(ts)),
            time_kind: TimeKind::ALL.get(time_kind as usize).map_or("", |kind| kind.as_str()),
            uid: (uid != 0).then_some(Uid(uid)),
            src: self.text(src)?,
            dst: self.text(dst)?,
            subject,
            fields: all,
            frame: (frame != 0).then_some(frame),
            offset,
            length,
            pieces: serde_json::from_str(&pieces).unwrap_or_default(),
        })
    }
}

/// The members of an object, without its braces.
fn members(text: &str) -> Row {
    if text.is_empty() { Row::new() } else { object(&format!("{{{text}}}")) }
}

/// A field set with the fact's subject where it stands for it; null, of facts with several.
fn about<'t>(fields: &'t str, subject: Option<&str>) -> Cow<'t, str> {
    match fields.split_once(write::SUBJECT) {
        None => Cow::Borrowed(fields),
        Some((before, behind)) => {
            let value = subject.map_or(Json::Null, |subject| Json::String(subject.to_owned()));
            Cow::Owned(format!("{before}{value}{behind}"))
        }
    }
}

fn object(text: &str) -> Row {
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => map,
        _ => Row::new(),
    }
}

fn key(after: &str) -> Result<(i64, i64)> {
    let parsed = after.split_once(':').and_then(|(ts, id)| Some((ts.parse().ok()?, id.parse().ok()?)));
    parsed.ok_or_else(|| Error::Invalid("the page to go on from is not one of ours".into()))
}
