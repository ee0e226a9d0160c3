//! Going through chunks of facts in order of time, opening no more of them than the answer needs.

use std::collections::{BinaryHeap, HashMap};

use rusqlite::{Connection, OptionalExtension};

use super::chunk::{Entry, Keys, Own, Places, decode_own};
use super::matching::{Mask, Test, TextColumn};
use crate::columns::Dictionary;
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::{Error, Result};

/// What is known of a chunk without opening it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub id: i64,
    pub run: RunId,
    pub kind: i64,
    pub count: usize,
    pub first_ts: i64,
    pub last_ts: i64,
    /// Bits of the keys in `own` ([`model::Fields::keys`]).
    pub own_keys: u64,
}

const META: &str = "SELECT id, run, kind, count, first_ts, last_ts, own_keys FROM fact_chunk";

pub(crate) fn metas(db: &Connection, which: &str, values: &[i64]) -> Result<Vec<Meta>> {
    let mut statement = db.prepare_cached(&format!("{META} {which} ORDER BY id"))?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
        Ok(Meta {
            id: row.get(0)?,
            run: row.get(1)?,
            kind: row.get(2)?,
            count: row.get::<_, i64>(3)?.clamp(0, super::chunk::MOST as i64) as usize,
            first_ts: row.get(4)?,
            last_ts: row.get(5)?,
            own_keys: row.get::<_, i64>(6)? as u64,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A chunk, opened as far as was needed.
pub(crate) struct Chunk<'d> {
    db: &'d Connection,
    pub meta: Meta,
    keys: Option<Keys>,
    places: Option<Places>,
    own: Option<Vec<Own>>,
}

impl<'d> Chunk<'d> {
    pub fn new(db: &'d Connection, meta: Meta) -> Chunk<'d> {
        Chunk { db, meta, keys: None, places: None, own: None }
    }

    fn part<T>(&self, column: &str, decode: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let mut statement = self.db.prepare_cached(&format!("SELECT {column} FROM fact_columns WHERE chunk = ?"))?;
        let found = statement.query_row([self.meta.id], |row| Ok(row.get_ref(0)?.as_blob().map(decode)));
        found.optional()?.and_then(std::result::Result::ok).ok_or_else(missing)?
    }

    pub fn keys(&mut self) -> Result<&Keys> {
        if self.keys.is_none() {
            self.keys = Some(self.part("keys", |bytes| Keys::decode(bytes, self.meta.count))?);
        }
        self.keys.as_ref().ok_or_else(missing)
    }

    pub fn places(&mut self) -> Result<&Places> {
        if self.places.is_none() {
            self.places = Some(self.part("places", |bytes| Places::decode(bytes, self.meta.count))?);
        }
        self.places.as_ref().ok_or_else(missing)
    }

    pub fn own(&mut self) -> Result<&[Own]> {
        if self.own.is_none() {
            self.own = Some(self.part("own", |bytes| decode_own(bytes, self.meta.count))?);
        }
        Ok(self.own.as_deref().unwrap_or_default())
    }

    /// All of it, as it was before it became columns.
    pub fn entries(&mut self) -> Result<Vec<(Entry, Own)>> {
        self.keys()?;
        self.places()?;
        self.own()?;
        let (Some(keys), Some(places), Some(own)) = (self.keys.take(), self.places.take(), self.own.take()) else {
            return Err(missing());
        };
        let at = |column: &[i64], row: usize| column.get(row).copied().unwrap_or(0);
        let rows = own.into_iter().enumerate().map(|(row, own)| {
            let entry = Entry {
                ts: at(&keys.ts, row),
                number: at(&keys.number, row),
                src: keys.src.get(row) as u32,
                dst: keys.dst.get(row) as u32,
                subject: keys.subject.get(row) as u32,
                fields: keys.fields.get(row) as u32,
                time_kind: places.time_kind.get(row) as u8,
                uid: places.uid.get(row),
                frame: at(&places.frame, row) as u64,
                offset: at(&places.offset, row) as u64,
                length: at(&places.length, row) as u64,
            };
            (entry, own)
        });
        Ok(rows.collect())
    }

    pub fn text(&mut self, column: TextColumn) -> Result<&Dictionary> {
        let keys = self.keys()?;
        Ok(match column {
            TextColumn::Src => &keys.src,
            TextColumn::Dst => &keys.dst,
            TextColumn::Subject => &keys.subject,
            TextColumn::Fields => &keys.fields,
        })
    }

    /// (time, id) of a fact: its place in the order of all.
    pub fn key(&mut self, row: usize) -> Result<(i64, i64)> {
        let run = self.meta.run;
        let keys = self.keys()?;
        let (ts, number) = (keys.ts.get(row), keys.number.get(row));
        Ok((ts.copied().unwrap_or(0), run << RUN_BITS | number.copied().unwrap_or(0)))
    }

    /// How many of its facts come before a key.
    fn before(&mut self, key: (i64, i64)) -> Result<usize> {
        let run = self.meta.run;
        let keys = self.keys()?;
        let (mut low, mut high) = (0, keys.ts.len());
        while low < high {
            let middle = low.midpoint(high);
            if (keys.ts[middle], run << RUN_BITS | keys.number[middle]) < key {
                low = middle + 1
            } else {
                high = middle
            }
        }
        Ok(low)
    }
}

/// Facts for which a test holds, in order of time, then of place.
pub(crate) struct Scan<'d> {
    db: &'d Connection,
    test: Test,
    /// Only facts from the first time to before the second.
    span: Option<(i64, i64)>,
    metas: Vec<Meta>,
    /// Chunks that were looked at, and the facts of them that match.
    open: HashMap<usize, (Chunk<'d>, Mask)>,
    /// How many facts of a chunk match, once known.
    matching: Vec<Option<usize>>,
}

/// Chunks kept open while looking for a place.
const MOST_OPEN: usize = 256;

impl<'d> Scan<'d> {
    pub fn new(db: &'d Connection, test: Test) -> Result<Scan<'d>> {
        let metas = metas(db, "", &[])?;
        let matching = vec![None; metas.len()];
        Ok(Scan { db, test, span: None, metas, open: HashMap::new(), matching })
    }

    /// Whether there are facts on both sides of a time, whatever matches.
    pub fn is_on_both_sides(&self, of: i64) -> bool {
        self.metas.iter().any(|meta| meta.first_ts < of) && self.metas.iter().any(|meta| meta.last_ts >= of)
    }

    /// From now on only facts from the first time to before the second.
    pub fn only(&mut self, since: i64, until: i64) {
        self.span = Some((since, until));
        self.open.clear();
        self.matching.fill(None);
    }

    /// From when to when a chunk has facts that can be wanted; the first later than the last: it has none.
    fn ends(&self, at: usize) -> (i64, i64) {
        let Meta { first_ts, last_ts, .. } = self.metas[at];
        self.span.map_or((first_ts, last_ts), |(since, until)| (first_ts.max(since), last_ts.min(until - 1)))
    }

    fn mask(&self, chunk: &mut Chunk) -> Result<Mask> {
        match self.span {
            None => self.test.of(chunk),
            // The time first: it mostly settles a chunk unopened.
            Some((since, until)) => match Test::Time(since, until).of(chunk)? {
                Mask::None => Ok(Mask::None),
                mask => Ok(mask.both(self.test.of(chunk)?, |a, b| a && b)),
            },
        }
    }

    /// Goes through all facts that match, chunk by chunk.
    pub fn each(&mut self, see: &mut dyn FnMut(&mut Chunk, &Mask) -> Result<()>) -> Result<()> {
        for at in 0..self.metas.len() {
            let mut chunk = Chunk::new(self.db, self.metas[at]);
            match self.mask(&mut chunk)? {
                Mask::None => {}
                mask => see(&mut chunk, &mask)?,
            }
        }
        Ok(())
    }

    pub fn count(&mut self) -> Result<u64> {
        let mut count = 0;
        self.each(&mut |chunk, mask| {
            count += mask.count(chunk.meta.count) as u64;
            Ok(())
        })?;
        Ok(count)
    }

    fn opened(&mut self, at: usize) -> Result<&mut (Chunk<'d>, Mask)> {
        if !self.open.contains_key(&at) {
            if self.open.len() >= MOST_OPEN {
                self.open.clear();
            }
            let mut chunk = Chunk::new(self.db, self.metas[at]);
            let mask = self.mask(&mut chunk)?;
            self.matching[at] = Some(mask.count(chunk.meta.count));
            self.open.insert(at, (chunk, mask));
        }
        self.open.get_mut(&at).ok_or_else(missing)
    }

    fn matching(&mut self, at: usize) -> Result<usize> {
        match self.matching[at] {
            Some(count) => Ok(count),
            None => {
                self.opened(at)?;
                Ok(self.matching[at].unwrap_or(0))
            }
        }
    }

    /// How many facts that match come before a key.
    fn rank(&mut self, key: (i64, i64)) -> Result<u64> {
        let mut rank = 0;
        for at in 0..self.metas.len() {
            let (first_ts, last_ts) = self.ends(at);
            if first_ts > last_ts {
                continue;
            }
            rank += match () {
                () if last_ts < key.0 => self.matching(at)?,
                () if first_ts > key.0 => 0,
                () => {
                    let (chunk, mask) = self.opened(at)?;
                    let before = chunk.before(key)?;
                    match mask {
                        Mask::Some(rows) => rows.iter().take(before).filter(|row| **row).count(),
                        Mask::All => before,
                        Mask::None => 0,
                    }
                }
            } as u64;
        }
        Ok(rank)
    }

    /// How many facts that match come after a key, in this direction.
    pub fn left(&mut self, after: Option<(i64, i64)>, descending: bool) -> Result<u64> {
        let all = self.rank((i64::MAX, i64::MAX))?;
        match (after, descending) {
            (None, _) => Ok(all),
            (Some(key), true) => self.rank(key),
            (Some((ts, id)), false) => Ok(all - self.rank((ts, id.saturating_add(1)))?),
        }
    }

    /// At most `limit` keys after `after`, having stepped over `skip`. Each with its chunk and row there.
    pub fn page(
        &mut self,
        after: Option<(i64, i64)>,
        skip: u64,
        limit: usize,
        descending: bool,
    ) -> Result<Vec<(usize, usize)>> {
        let (mut after, mut skip) = (after, skip);
        if skip > super::chunk::MOST as u64 {
            (after, skip) = self.leap(after, skip, descending)?;
        }
        // Chunks in the order in which they come up: the next is the last.
        let mut waiting: Vec<usize> = (0..self.metas.len()).collect();
        waiting.retain(|at| {
            let (first, last) = self.ends(*at);
            first <= last
        });
        match descending {
            false => waiting.sort_by_key(|at| std::cmp::Reverse((self.ends(*at).0, *at))),
            true => waiting.sort_by_key(|at| (self.ends(*at).1, *at)),
        }
        let mut heads: BinaryHeap<Head> = BinaryHeap::new();
        let mut page = Vec::new();
        while page.len() < limit {
            while let Some(at) = waiting.last().copied() {
                let (first_ts, last_ts) = self.ends(at);
                let (begins, ends) = if descending { (last_ts, first_ts) } else { (first_ts, last_ts) };
                if heads.peek().is_some_and(|head| turn(begins, descending) < head.0.0) {
                    break;
                }
                waiting.pop();
                let is_past = after.is_some_and(|(ts, _)| turn(ends, descending) > turn(ts, descending));
                if !is_past {
                    self.push_head(&mut heads, at, None, after, descending)?;
                }
            }
            let Some(Head(_, at, row)) = heads.pop() else { break };
            match skip {
                0 => page.push((at, row)),
                _ => skip -= 1,
            }
            self.push_head(&mut heads, at, Some(row), None, descending)?;
        }
        Ok(page)
    }

    /// The next fact of a chunk that matches: behind a row, or the first beyond a key.
    fn push_head(
        &mut self,
        heads: &mut BinaryHeap<Head>,
        at: usize,
        behind: Option<usize>,
        beyond: Option<(i64, i64)>,
        descending: bool,
    ) -> Result<()> {
        let (chunk, mask) = self.opened(at)?;
        if *mask == Mask::None {
            return Ok(());
        }
        let count = chunk.meta.count;
        let next = match (behind, beyond, descending) {
            (Some(row), _, false) => (row + 1..count).find(|row| mask.has(*row)),
            (Some(row), _, true) => (0..row).rfind(|row| mask.has(*row)),
            (None, Some((ts, id)), false) => {
                let from = chunk.before((ts, id.saturating_add(1)))?;
                (from..count).find(|row| mask.has(*row))
            }
            (None, Some(key), true) => (0..chunk.before(key)?).rfind(|row| mask.has(*row)),
            (None, None, false) => (0..count).find(|row| mask.has(*row)),
            (None, None, true) => (0..count).rfind(|row| mask.has(*row)),
        };
        if let Some(row) = next {
            let (ts, id) = chunk.key(row)?;
            heads.push(Head((turn(ts, descending), turn(id, descending)), at, row));
        }
        Ok(())
    }

    /// A key so far on that fewer than a chunk's facts are left to step over: found by halving, not by walking.
    fn leap(&mut self, after: Option<(i64, i64)>, skip: u64, descending: bool) -> Result<(Option<(i64, i64)>, u64)> {
        let mut bounds: Vec<i64> =
            (0..self.metas.len()).map(|at| self.ends(at)).flat_map(|(first, last)| [first, last]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        if descending {
            bounds.reverse();
        }
        // Facts stepped over when going on from a bound.
        let mut start = 0;
        if let Some((ts, id)) = after {
            start = self.rank((ts, if descending { id } else { id.saturating_add(1) }))?;
        } else if descending {
            for at in 0..self.metas.len() {
                start += self.matching(at)? as u64;
            }
        }
        let mut best = (after, skip);
        let (mut low, mut high) = (0, bounds.len());
        while low < high {
            let middle = low.midpoint(high);
            let bound = (bounds[middle], if descending { i64::MAX } else { i64::MIN });
            let rank = self.rank(bound)?;
            let (gone, far_enough) = match descending {
                false => (rank.saturating_sub(start), rank >= start),
                true => (start.saturating_sub(rank), rank <= start),
            };
            if far_enough && gone <= skip {
                best = (Some(bound), skip - gone);
            }
            if gone <= skip { low = middle + 1 } else { high = middle }
        }
        Ok(best)
    }

    pub fn chunk(&mut self, at: usize) -> Result<&mut Chunk<'d>> {
        Ok(&mut self.opened(at)?.0)
    }
}

/// The smallest comes out of the heap first, or in descending order the greatest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head((i64, i64), usize, usize);

fn turn(n: i64, descending: bool) -> i64 {
    if descending { n } else { !n }
}

fn missing() -> Error {
    Error::Refused("the case database is damaged: a chunk of facts is missing its columns".into())
}
