//! Putting facts into the case: one chunk for each kind of a batch.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Range;

use model::{Fact, Mac, Party, Piece};
use rusqlite::{Connection, params};

use super::chunk::{Encoder, Entry, MOST, push_own};
use crate::runs::RunId;
use crate::text::{Interner, Key};
use crate::{NO_TIME, Result};

/// Facts on their way from who finds them to who writes them. Their texts lie one after the other in few long ones: facts come a
/// million a second, with several small texts each. What is made here is made while the fact is at hand.
#[derive(Default)]
pub struct Facts {
    rows: Vec<Row>,
    kinds: Vec<OfKind>,
    /// Subjects, fields and names.
    text: String,
    /// Bytes of what the kinds have to themselves.
    own: usize,
}

/// What the facts of one kind have to themselves.
struct OfKind {
    name: &'static str,
    /// [`push_own`] of each.
    own: Vec<u8>,
    /// Something in it is not empty.
    some_own: bool,
    own_keys: u64,
    /// None came before an earlier one, and the time of the last.
    in_order: bool,
    last: i64,
}

struct Row {
    /// Which of the batch's kinds.
    kind: usize,
    ts: i64,
    time_kind: u8,
    uid: u64,
    src: Who,
    dst: Who,
    /// Where its texts begin: subject, fields.
    at: usize,
    subject: (usize, Key),
    fields: (usize, Key),
    /// In what its kind has.
    own: Range<usize>,
    frame: u64,
    offset: u64,
    length: u64,
}

/// A party; of a name, where it lies.
enum Who {
    None,
    Ip(IpAddr),
    Mac(Mac),
    Name(Range<usize>),
}

/// Stands in a field set for the fact's subject, where a value is just that: no JSON holds it, as controls are escaped there. Of a
/// resolver's many names there is one field set, then, not one for each.
pub(super) const SUBJECT: char = '\u{2}';

/// Facts for which there is room from the beginning.
const USUAL: usize = 1 << 14;

impl Facts {
    pub fn push(&mut self, fact: &Fact) {
        if self.rows.capacity() == 0 {
            self.rows.reserve(USUAL);
            self.text.reserve(USUAL * 256);
        }
        let (src, dst) = (self.who(&fact.src), self.who(&fact.dst));
        let (at, subject) = (self.text.len(), fact.subject.as_str());
        self.text.push_str(subject);
        match fact.fields.around(subject).filter(|_| !subject.is_empty()) {
            Some((before, behind)) => {
                self.text.push_str(before);
                self.text.push(SUBJECT);
                self.text.push_str(behind);
            }
            None => self.text.push_str(&fact.fields.members()),
        }
        let fields = self.text.get(at + subject.len()..).unwrap_or_default();
        let (subject, fields) = ((subject.len(), Key::of(subject)), (fields.len(), Key::of_members(fields)));
        let ts = fact.ts.map_or(NO_TIME, |ts| ts.0);
        let kind = self.kind(fact.kind);
        let mut own = 0..0;
        if let Some(of) = self.kinds.get_mut(kind) {
            let (start, pieces) = (of.own.len(), pieces(&fact.place.pieces));
            push_own(&mut of.own, fact.own.packed(), &pieces);
            own = start..of.own.len();
            self.own += own.len();
            of.some_own |= !fact.own.is_empty() || !pieces.is_empty();
            of.own_keys |= fact.own.keys();
            of.in_order &= of.last <= ts;
            of.last = ts;
        }
        self.rows.push(Row {
            kind,
            ts,
            time_kind: fact.time_kind as u8,
            uid: fact.uid.map_or(0, |uid| uid.0),
            src,
            dst,
            at,
            subject,
            fields,
            own,
            frame: fact.place.frame.unwrap_or(0),
            offset: fact.place.offset,
            length: fact.place.length,
        });
    }

    /// Makes it empty, and keeps its memory for the next.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.text.clear();
        self.own = 0;
        // One batch of very long texts does not hold its memory for good.
        self.text.shrink_to(16 << 20);
        for of in &mut self.kinds {
            let mut own = std::mem::take(&mut of.own);
            own.clear();
            own.shrink_to(16 << 20);
            *of = OfKind { own, ..OfKind::new(of.name) };
        }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory that its texts and pieces take.
    pub fn weight(&self) -> usize {
        self.text.len() + self.own
    }

    fn kind(&mut self, name: &'static str) -> usize {
        // Mostly it is the very same text.
        let same = self.kinds.iter().position(|of| std::ptr::eq(of.name, name));
        same.or_else(|| self.kinds.iter().position(|of| of.name == name)).unwrap_or_else(|| {
            self.kinds.push(OfKind::new(name));
            self.kinds.len() - 1
        })
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

impl OfKind {
    fn new(name: &'static str) -> OfKind {
        OfKind { name, own: Vec::new(), some_own: false, own_keys: 0, in_order: true, last: NO_TIME }
    }
}

/// Numbers facts, stores their texts once, and packs them.
pub(crate) struct FactWriter {
    kinds: HashMap<&'static str, i64>,
    /// Addresses are numbers far more often than they are new: their texts' ids, of IPv4 and of IPv6.
    fours: HashMap<u32, u32, foldhash::fast::RandomState>,
    sixes: HashMap<u128, u32, foldhash::fast::RandomState>,
    macs: HashMap<Mac, u32, foldhash::fast::RandomState>,
    /// Facts of each run so far: they are numbered within it.
    written: HashMap<RunId, i64>,
    encoder: Encoder,
    /// Memory for one batch after the other: facts by kind, what is theirs alone in another order, a text.
    entries: Vec<Vec<Entry>>,
    own: Vec<u8>,
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
            fours: HashMap::default(),
            sixes: HashMap::default(),
            macs: HashMap::default(),
            written: HashMap::new(),
            encoder: Encoder::default(),
            entries: Vec::new(),
            own: Vec::new(),
            scratch: String::new(),
        }
    }

    pub fn write(&mut self, db: &Connection, texts: &mut Interner, run: RunId, facts: &Facts) -> Result<Added> {
        let mut added = Added::default();
        let before = self.written.get(&run).copied().unwrap_or(0);
        let mut number = before;
        let mut entries = std::mem::take(&mut self.entries);
        entries.resize_with(facts.kinds.len().max(entries.len()), Vec::new);
        entries.iter_mut().for_each(Vec::clear);
        // In order of the kinds' ids, so that the same facts give the same chunks.
        let mut kinds: BTreeMap<i64, usize> = BTreeMap::new();
        for row in &facts.rows {
            number += 1;
            let Some((of, entries)) = facts.kinds.get(row.kind).zip(entries.get_mut(row.kind)) else { continue };
            if entries.is_empty() {
                kinds.insert(self.kind(db, of.name)?, row.kind);
            }
            entries.push(self.entry(db, texts, facts, row, number)?);
        }
        self.written.insert(run, number);
        for (kind, at) in kinds {
            let Some((of, entries)) = facts.kinds.get(at).zip(entries.get_mut(at)) else { continue };
            if !of.in_order {
                entries.sort_unstable_by_key(|entry| (entry.ts, entry.number));
            }
            for entries in entries.chunks(MOST) {
                let own_of = |entry: &Entry| {
                    let row = facts.rows.get((entry.number - before - 1) as usize);
                    row.map_or(0..0, |row| row.own.clone())
                };
                let own = match entries {
                    _ if !of.some_own => &[],
                    [first, .., last] if of.in_order => {
                        of.own.get(own_of(first).start..own_of(last).end).unwrap_or_default()
                    }
                    entries => {
                        self.own.clear();
                        let parts = entries.iter().filter_map(|entry| of.own.get(own_of(entry)));
                        parts.for_each(|part| self.own.extend_from_slice(part));
                        &self.own[..]
                    }
                };
                self.encoder.encode(entries, own)?;
                insert(db, run, kind, entries, of.own_keys, &self.encoder)?;
                let (mut minute, mut count) = (None, 0);
                for entry in entries {
                    let of = if entry.ts == NO_TIME { NO_TIME } else { entry.ts.div_euclid(60_000_000_000) };
                    if minute != Some(of) {
                        minute.into_iter().for_each(|minute| *added.tally.entry((kind, minute)).or_default() += count);
                        (minute, count) = (Some(of), 0);
                    }
                    count += 1;
                }
                minute.into_iter().for_each(|minute| *added.tally.entry((kind, minute)).or_default() += count);
                let timed = || entries.iter().map(|entry| entry.ts).filter(|ts| *ts != NO_TIME);
                added.times.extend(timed().next().zip(timed().next_back()));
            }
        }
        self.entries = entries;
        self.own.shrink_to(16 << 20);
        Ok(added)
    }

    /// Gives up memory that can be had again: how far its runs are stays.
    pub fn rest(&mut self) {
        let (kinds, written) = (std::mem::take(&mut self.kinds), std::mem::take(&mut self.written));
        *self = FactWriter { kinds, written, ..FactWriter::new() };
    }

    /// A run is no more.
    pub fn forget(&mut self, run: RunId) {
        self.written.remove(&run);
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
        let (subject, subject_key) = row.subject;
        let fields = match row.fields {
            (0, _) => 0,
            (length, key) => match texts.known(key) {
                Some(id) => id,
                None => {
                    self.scratch.clear();
                    self.scratch.push('{');
                    self.scratch.push_str(facts.text(row.at + subject, length));
                    self.scratch.push('}');
                    texts.add(db, key, &self.scratch)?
                }
            },
        };
        Ok(Entry {
            ts: row.ts,
            number,
            src: self.who(db, texts, facts, &row.src)?,
            dst: self.who(db, texts, facts, &row.dst)?,
            subject: match texts.known(subject_key) {
                _ if subject == 0 => 0,
                Some(id) => id,
                None => texts.add(db, subject_key, facts.text(row.at, subject))?,
            },
            fields,
            time_kind: row.time_kind,
            uid: row.uid,
            frame: row.frame,
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
        let known = match ip {
            IpAddr::V4(four) => self.fours.get(&four.to_bits()),
            IpAddr::V6(six) => self.sixes.get(&six.to_bits()),
        };
        if let Some(id) = known {
            return Ok(*id);
        }
        let id = texts.id(db, &ip.to_string())?;
        if self.fours.len() + self.sixes.len() < MOST_ADDRESSES {
            match ip {
                IpAddr::V4(four) => self.fours.insert(four.to_bits(), id),
                IpAddr::V6(six) => self.sixes.insert(six.to_bits(), id),
            };
        }
        Ok(id)
    }
}

/// Stores a chunk.
pub(super) fn insert(
    db: &Connection,
    run: RunId,
    kind: i64,
    entries: &[Entry],
    own_keys: u64,
    parts: &Encoder,
) -> Result<()> {
    let span = |values: &mut dyn Iterator<Item = i64>| {
        values.fold((i64::MAX, i64::MIN), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (first, last) = span(&mut entries.iter().map(|entry| entry.number));
    let (first_ts, last_ts) = span(&mut entries.iter().map(|entry| entry.ts));
    let (first_frame, last_frame) = span(&mut entries.iter().map(|entry| entry.frame as i64));
    db.prepare_cached(
        "INSERT INTO fact_chunk (run, kind, count, first, last, first_ts, last_ts, first_frame, last_frame, own_keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![run, kind, entries.len() as i64, first, last, first_ts, last_ts, first_frame, last_frame, own_keys as i64])?;
    db.prepare_cached("INSERT INTO fact_columns (chunk, keys, places, own) VALUES (?, ?, ?, ?)")?.execute(params![
        db.last_insert_rowid(),
        parts.keys,
        parts.places,
        parts.own()
    ])?;
    Ok(())
}

/// Pieces as JSON; empty if there are none.
fn pieces(pieces: &[Piece]) -> String {
    if pieces.is_empty() {
        return String::new();
    }
    let list: Vec<[u64; 3]> = pieces.iter().map(|piece| [piece.frame, piece.offset, piece.length]).collect();
    serde_json::to_string(&list).unwrap_or_default()
}

/// Takes away the facts of a run.
pub(crate) fn purge(db: &Connection, run: RunId) -> Result<()> {
    db.execute("DELETE FROM fact_columns WHERE chunk IN (SELECT id FROM fact_chunk WHERE run = ?)", [run])?;
    db.execute("DELETE FROM fact_chunk WHERE run = ?", [run])?;
    Ok(())
}
