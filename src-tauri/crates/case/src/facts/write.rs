//! Putting facts into the case: one chunk for each kind of a batch.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Range;

use model::{Fact, Mac, Party, Piece, Time, Uid};
use rusqlite::{Connection, params};

use super::chunk::{Entry, MOST, Parts, encode};
use crate::runs::RunId;
use crate::text::Interner;
use crate::{NO_TIME, Result};

/// Facts on their way from who finds them to who writes them. Their texts lie one after the other in a single one: facts come a
/// million a second, with several small texts each.
#[derive(Default)]
pub struct Facts {
    rows: Vec<Row>,
    text: String,
    pieces: Vec<Piece>,
}

struct Row {
    kind: &'static str,
    ts: Option<Time>,
    time_kind: u8,
    uid: Option<Uid>,
    src: Who,
    dst: Who,
    /// Where its texts begin: subject, fields, own.
    at: usize,
    subject: usize,
    fields: usize,
    own: usize,
    own_keys: u64,
    frame: Option<u64>,
    offset: u64,
    length: u64,
    pieces: Range<usize>,
}

/// A party; of a name, where it lies.
enum Who {
    None,
    Ip(IpAddr),
    Mac(Mac),
    Name(Range<usize>),
}

impl Facts {
    pub fn push(&mut self, fact: &Fact) {
        let (src, dst) = (self.who(&fact.src), self.who(&fact.dst));
        let at = self.text.len();
        let [subject, fields, own] = [fact.subject.as_str(), fact.fields.members(), fact.own.members()].map(|text| {
            self.text.push_str(text);
            text.len()
        });
        let first = self.pieces.len();
        self.pieces.extend_from_slice(&fact.place.pieces);
        self.rows.push(Row {
            kind: fact.kind,
            ts: fact.ts,
            time_kind: fact.time_kind as u8,
            uid: fact.uid,
            src,
            dst,
            at,
            subject,
            fields,
            own,
            own_keys: fact.own.keys(),
            frame: fact.place.frame,
            offset: fact.place.offset,
            length: fact.place.length,
            pieces: first..self.pieces.len(),
        });
    }

    /// Makes it empty, and keeps its memory for the next.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.text.clear();
        self.pieces.clear();
        // One batch of very long texts does not hold its memory for good.
        self.text.shrink_to(16 << 20);
        self.pieces.shrink_to(1 << 16);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory that its texts and pieces take.
    pub fn weight(&self) -> usize {
        self.text.len() + self.pieces.len() * size_of::<Piece>()
    }

    fn who(&mut self, party: &Party) -> Who {
        match party {
            Party::None => Who::None,
            Party::Ip(ip) => Who::Ip(*ip),
            Party::Mac(mac) => Who::Mac(*mac),
            Party::Name(name) => {
                let at = self.text.len();
                self.text.push_str(name);
                Who::Name(at..self.text.len())
            }
        }
    }

    fn text(&self, at: usize, length: usize) -> &str {
        self.text.get(at..at + length).unwrap_or_default()
    }
}

/// Numbers facts, stores their texts once, and packs them.
pub(crate) struct FactWriter {
    kinds: HashMap<&'static str, i64>,
    /// Addresses are numbers far more often than they are new: their texts' ids.
    ips: HashMap<IpAddr, u32, foldhash::fast::RandomState>,
    macs: HashMap<Mac, u32, foldhash::fast::RandomState>,
    /// Facts of each run so far: they are numbered within it.
    written: HashMap<RunId, i64>,
    scratch: String,
}

/// Addresses remembered; past it they are looked up by their text.
const MOST_ADDRESSES: usize = 500_000;

/// What a batch adds to the counts of its run: by (kind, minute), and from when to when.
#[derive(Default)]
pub(crate) struct Added {
    pub tally: HashMap<(i64, i64), i64, foldhash::fast::RandomState>,
    pub times: Vec<(i64, i64)>,
}

impl FactWriter {
    pub fn new() -> FactWriter {
        FactWriter {
            kinds: HashMap::new(),
            ips: HashMap::default(),
            macs: HashMap::default(),
            written: HashMap::new(),
            scratch: String::new(),
        }
    }

    pub fn write(&mut self, db: &Connection, texts: &mut Interner, run: RunId, facts: &Facts) -> Result<Added> {
        let mut added = Added::default();
        let mut number = self.written.get(&run).copied().unwrap_or(0);
        // In order of the kinds' ids, so that the same facts give the same chunks.
        let mut by_kind: BTreeMap<i64, Vec<(Entry, usize)>> = BTreeMap::new();
        for (at, row) in facts.rows.iter().enumerate() {
            number += 1;
            let kind = self.kind(db, row.kind)?;
            let entry = self.entry(db, texts, facts, row, number)?;
            by_kind.entry(kind).or_default().push((entry, at));
        }
        self.written.insert(run, number);
        for (kind, mut rows) in by_kind {
            rows.sort_unstable_by_key(|(entry, _)| (entry.ts, entry.number));
            for rows in rows.chunks(MOST) {
                pack(db, run, kind, rows, facts)?;
                let (mut minute, mut count) = (None, 0);
                for (entry, _) in rows {
                    let of = if entry.ts == NO_TIME { NO_TIME } else { entry.ts.div_euclid(60_000_000_000) };
                    if minute != Some(of) {
                        minute.into_iter().for_each(|minute| *added.tally.entry((kind, minute)).or_default() += count);
                        (minute, count) = (Some(of), 0);
                    }
                    count += 1;
                }
                minute.into_iter().for_each(|minute| *added.tally.entry((kind, minute)).or_default() += count);
                let timed = || rows.iter().map(|(entry, _)| entry.ts).filter(|ts| *ts != NO_TIME);
                added.times.extend(timed().next().zip(timed().next_back()));
            }
        }
        Ok(added)
    }

    fn kind(&mut self, db: &Connection, name: &'static str) -> Result<i64> {
        if let Some(id) = self.kinds.get(name) {
            return Ok(*id);
        }
        db.execute("INSERT OR IGNORE INTO kind (name) VALUES (?)", [name])?;
        let id = db.query_row("SELECT id FROM kind WHERE name = ?", [name], |row| row.get(0))?;
        self.kinds.insert(name, id);
        Ok(id)
    }

    fn entry(&mut self, db: &Connection, texts: &mut Interner, facts: &Facts, row: &Row, number: i64) -> Result<Entry> {
        let fields = match facts.text(row.at + row.subject, row.fields) {
            "" => 0,
            members => {
                self.scratch.clear();
                self.scratch.push('{');
                self.scratch.push_str(members);
                self.scratch.push('}');
                texts.id(db, &self.scratch)?
            }
        };
        Ok(Entry {
            ts: row.ts.map_or(NO_TIME, |ts| ts.0),
            number,
            src: self.who(db, texts, facts, &row.src)?,
            dst: self.who(db, texts, facts, &row.dst)?,
            subject: texts.id(db, facts.text(row.at, row.subject))?,
            fields,
            time_kind: row.time_kind,
            uid: row.uid.map_or(0, |uid| uid.0),
            frame: row.frame.unwrap_or(0),
            offset: row.offset,
            length: row.length,
        })
    }

    fn who(&mut self, db: &Connection, texts: &mut Interner, facts: &Facts, who: &Who) -> Result<u32> {
        match who {
            Who::None => Ok(0),
            Who::Ip(ip) => self.ip(db, texts, *ip),
            Who::Mac(mac) => {
                if let Some(id) = self.macs.get(mac) {
                    return Ok(*id);
                }
                let id = texts.id(db, &mac.to_string())?;
                if self.macs.len() < MOST_ADDRESSES {
                    self.macs.insert(*mac, id);
                }
                Ok(id)
            }
            Who::Name(name) => texts.id(db, facts.text(name.start, name.len())),
        }
    }

    /// The id of an address's text.
    pub fn ip(&mut self, db: &Connection, texts: &mut Interner, ip: IpAddr) -> Result<u32> {
        if let Some(id) = self.ips.get(&ip) {
            return Ok(*id);
        }
        let id = texts.id(db, &ip.to_string())?;
        if self.ips.len() < MOST_ADDRESSES {
            self.ips.insert(ip, id);
        }
        Ok(id)
    }
}

fn pack(db: &Connection, run: RunId, kind: i64, rows: &[(Entry, usize)], facts: &Facts) -> Result<()> {
    let entries: Vec<Entry> = rows.iter().map(|(entry, _)| *entry).collect();
    let own = rows.iter().filter_map(|(_, at)| facts.rows.get(*at)).map(|row| {
        (facts.text(row.at + row.subject + row.fields, row.own), pieces(facts.pieces.get(row.pieces.clone())))
    });
    let parts = encode(&entries, own);
    let own_keys = rows.iter().filter_map(|(_, at)| facts.rows.get(*at)).fold(0, |keys, row| keys | row.own_keys);
    insert(db, run, kind, &Packed { entries: &entries, parts, own_keys })
}

/// A chunk, ready to be stored.
pub(super) struct Packed<'e> {
    pub entries: &'e [Entry],
    pub parts: Parts,
    pub own_keys: u64,
}

pub(super) fn insert(db: &Connection, run: RunId, kind: i64, chunk: &Packed) -> Result<()> {
    let Packed { entries, parts, own_keys } = chunk;
    let span = |values: &mut dyn Iterator<Item = i64>| {
        values.fold((i64::MAX, i64::MIN), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (first, last) = span(&mut entries.iter().map(|entry| entry.number));
    let (first_ts, last_ts) = span(&mut entries.iter().map(|entry| entry.ts));
    let (first_frame, last_frame) = span(&mut entries.iter().map(|entry| entry.frame as i64));
    db.prepare_cached(
        "INSERT INTO fact_chunk (run, kind, count, first, last, first_ts, last_ts, first_frame, last_frame, own_keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![run, kind, entries.len() as i64, first, last, first_ts, last_ts, first_frame, last_frame, *own_keys as i64])?;
    db.prepare_cached("INSERT INTO fact_columns (chunk, keys, places, own) VALUES (?, ?, ?, ?)")?.execute(params![
        db.last_insert_rowid(),
        parts.keys,
        parts.places,
        parts.own
    ])?;
    Ok(())
}

/// Pieces as JSON; empty if there are none.
fn pieces(pieces: Option<&[Piece]>) -> String {
    let Some(pieces) = pieces.filter(|pieces| !pieces.is_empty()) else { return String::new() };
    let list: Vec<[u64; 3]> = pieces.iter().map(|piece| [piece.frame, piece.offset, piece.length]).collect();
    serde_json::to_string(&list).unwrap_or_default()
}

/// Takes away the facts of a run.
pub(crate) fn purge(db: &Connection, run: RunId) -> Result<()> {
    db.execute("DELETE FROM fact_columns WHERE chunk IN (SELECT id FROM fact_chunk WHERE run = ?)", [run])?;
    db.execute("DELETE FROM fact_chunk WHERE run = ?", [run])?;
    Ok(())
}
