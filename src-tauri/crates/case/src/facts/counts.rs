//! Facts added up: how many, of what, when, and what the same address said again and again.

use std::collections::HashMap;

use rusqlite::Connection;

use super::matching::{Ids, Test, TextColumn};
use super::scan::{Chunk, Scan, metas};
use super::write::SUBJECT;
use super::{Reader, about, object};
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::select::Select;
use crate::views::Row;
use crate::{Case, Error, NO_TIME, Result};

/// Facts over time.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// ns since 1970 UTC.
    pub start: i64,
    /// ns
    pub step: i64,
    /// Kind, and facts in each bucket.
    pub series: Vec<(String, Vec<u32>)>,
}

/// Facts of one run that one address stated with the same fields.
#[derive(Clone, Debug)]
pub struct FactGroup {
    pub kind: String,
    pub run: RunId,
    pub src: String,
    /// What they share: all but what is a fact's alone; null of a value that is each one's subject and was not asked for.
    pub fields: Row,
    /// The first of them.
    pub first: super::FactId,
    pub first_frame: Option<u64>,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub count: u64,
}

const MINUTE: i64 = 60_000_000_000;

impl Case {
    pub fn count_facts(&self, kind: Option<&str>, select: &Select) -> Result<u64> {
        if *select == Select::default() {
            return self.read(|db| {
                let sql = "SELECT coalesce(sum(facts), 0) FROM tally WHERE ?1 IS NULL OR kind = (SELECT id FROM kind WHERE name = ?1)";
                Ok(db.query_row(sql, [kind], |row| row.get::<_, i64>(0))? as u64)
            });
        }
        self.read_for(select, |db| Scan::new(db, Test::new(self, db, select, kind)?)?.count())
    }

    /// Facts of each kind, the most frequent first.
    pub fn kind_counts(&self) -> Result<Vec<(String, u64)>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT k.name, sum(t.facts) AS n FROM tally t JOIN kind k ON k.id = t.kind GROUP BY k.id ORDER BY n DESC, k.name",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Facts by value of a column (`kind evidence src dst subject`), the most frequent first.
    pub fn facets(&self, kind: Option<&str>, select: &Select, field: &str, limit: u32) -> Result<Vec<(String, u64)>> {
        if field == "kind" && kind.is_none() && *select == Select::default() {
            return Ok(self.kind_counts()?.into_iter().take(limit as usize).collect());
        }
        let column = match field {
            "kind" | "evidence" => None,
            "src" => Some(TextColumn::Src),
            "dst" => Some(TextColumn::Dst),
            "subject" => Some(TextColumn::Subject),
            other => return Err(Error::Invalid(format!("facts can't be counted by '{other}'"))),
        };
        self.read_for(select, |db| {
            let mut counts: HashMap<u64, u64, foldhash::fast::FixedState> = HashMap::default();
            Scan::new(db, Test::new(self, db, select, kind)?)?.each(&mut |chunk, mask| {
                let Some(column) = column else {
                    let value = if field == "kind" { chunk.meta.kind } else { chunk.meta.run };
                    *counts.entry(value as u64).or_default() += mask.count(chunk.meta.count) as u64;
                    return Ok(());
                };
                let column = chunk.text(column)?;
                let mut each = vec![0_u64; column.values.len()];
                for (row, at) in column.index.iter().enumerate() {
                    each[usize::from(*at)] += u64::from(mask.has(row));
                }
                for (value, count) in column.values.iter().zip(each).filter(|(id, count)| **id != 0 && *count > 0) {
                    *counts.entry(*value).or_default() += count;
                }
                Ok(())
            })?;
            let mut reader = Reader::new(db)?;
            let mut named: HashMap<String, u64> = HashMap::new();
            // Among equals the names decide: more than the limit are looked up, but not all of a million.
            let mut most: Vec<(u64, u64)> = counts.into_iter().collect();
            most.sort_unstable_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
            for (id, count) in most.into_iter().take(limit as usize * 4 + 1_000) {
                let name = match field {
                    "kind" => reader.kind(id as i64),
                    "evidence" => {
                        let mut statement = db.prepare_cached(
                            "SELECT e.path FROM run r JOIN evidence e ON e.id = r.evidence WHERE r.id = ?",
                        )?;
                        statement.query_row([id as i64], |row| row.get(0)).unwrap_or_default()
                    }
                    _ => reader.text(id)?,
                };
                *named.entry(name).or_default() += count;
            }
            let mut named: Vec<(String, u64)> = named.into_iter().collect();
            named.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            named.truncate(limit as usize);
            Ok(named)
        })
    }

    /// Facts over time in about so many buckets. Whole minutes come from the tally; finer looks count facts.
    pub fn histogram(&self, select: &Select, buckets: u32) -> Result<Histogram> {
        let counts = self.counts()?;
        let (Some(first), Some(last)) = (counts.first_ts, counts.last_ts) else { return Ok(Histogram::default()) };
        let start = select.since.unwrap_or(first).max(i64::MIN / 2);
        let end = select.until.unwrap_or(last.saturating_add(1)).max(start + 1);
        let step = round_step(end.saturating_sub(start) / i64::from(buckets.max(1)) + 1);
        let start = start.div_euclid(step) * step;
        let length = usize::try_from((end - start).div_euclid(step) + 1).unwrap_or(1).min(10_000);
        let unfiltered = Select { since: None, until: None, ..select.clone() } == Select::default();
        let mut series: HashMap<i64, Vec<u32>> = HashMap::new();
        let mut add = |kind: i64, at: i64, facts: u64| {
            let counts = series.entry(kind).or_insert_with(|| vec![0; length]);
            if let Some(count) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
                *count = count.saturating_add(facts.try_into().unwrap_or(u32::MAX));
            }
        };
        self.read_for(select, |db| {
            if unfiltered && step % MINUTE == 0 {
                let mut statement = db.prepare(
                    "SELECT kind, (minute * ?1 - ?2) / ?3, sum(facts) FROM tally WHERE minute >= ?4 AND minute <= ?5 GROUP BY 1, 2",
                )?;
                let minutes = (start.div_euclid(MINUTE), end.div_euclid(MINUTE));
                let mut rows = statement.query([MINUTE, start, step, minutes.0, minutes.1])?;
                while let Some(row) = rows.next()? {
                    add(row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64);
                }
                return Ok(());
            }
            Scan::new(db, Test::new(self, db, select, None)?)?.each(&mut |chunk, mask| {
                let kind = chunk.meta.kind;
                for (row, ts) in chunk.keys()?.ts.iter().enumerate() {
                    if *ts >= start && *ts <= end && mask.has(row) {
                        add(kind, (ts - start) / step, 1);
                    }
                }
                Ok(())
            })
        })?;
        let kinds = self.kind_names()?;
        let mut series: Vec<(String, Vec<u32>)> =
            series.into_iter().map(|(kind, counts)| (kinds.get(&kind).cloned().unwrap_or_default(), counts)).collect();
        series.sort_by_cached_key(|(kind, counts)| {
            (u64::MAX - counts.iter().map(|n| u64::from(*n)).sum::<u64>(), kind.clone())
        });
        Ok(Histogram { start, step, series })
    }

    /// Facts that an address sent, per hour (start of the hour, ns since 1970 UTC).
    pub fn activity(&self, addresses: &[String]) -> Result<Vec<(i64, u64)>> {
        const HOUR: i64 = 60 * MINUTE;
        self.read(|db| {
            let mut ids = Ids::default();
            for address in addresses {
                ids.extend(crate::text::ids(db, address)?.into_iter().map(u64::from));
            }
            let mut hours = std::collections::BTreeMap::new();
            Scan::new(db, Test::Text(TextColumn::Src, ids))?.each(&mut |chunk, mask| {
                for (row, ts) in chunk.keys()?.ts.iter().enumerate() {
                    if *ts != NO_TIME && mask.has(row) {
                        *hours.entry(ts.div_euclid(HOUR) * HOUR).or_insert(0) += 1;
                    }
                }
                Ok(())
            })?;
            Ok(hours.into_iter().collect())
        })
    }

    /// Calls `each` for what facts of the given kinds say, once for each (run, sender, fields), if one of the fields that are asked for
    /// is among them; no fields: all facts of that kind. Kinds in the order given, the first said first.
    pub fn each_group(&self, kinds: &[(&str, &[&str])], each: &mut dyn FnMut(FactGroup)) -> Result<()> {
        let names = self.kind_names()?;
        self.read(|db| {
            let mut reader = Reader::new(db)?;
            for (kind, fields) in kinds {
                let Some((id, _)) = names.iter().find(|(_, name)| name == kind) else { continue };
                let keys = fields.iter().map(|field| format!("\"{field}\":")).collect();
                let mut groups = Groups { db, keys, sets: HashMap::default(), found: HashMap::default() };
                for meta in metas(db, "WHERE kind = ?", &[*id])? {
                    groups.see(&mut Chunk::new(db, meta))?;
                }
                let mut groups: Vec<(Key, Group)> = groups.found.into_iter().collect();
                groups.sort_unstable_by_key(|((run, ..), group)| (*run, group.first));
                for ((run, src, fields, subject), group) in groups {
                    let some = |ts: i64| (ts != NO_TIME).then_some(ts);
                    each(FactGroup {
                        kind: (*kind).to_owned(),
                        run,
                        src: reader.text(src)?,
                        fields: object(&about(
                            &reader.text(fields)?,
                            (subject != 0).then_some(&*reader.text(subject)?),
                        )),
                        first: run << RUN_BITS | group.first,
                        first_frame: (group.frame != 0).then_some(group.frame as u64),
                        first_ts: group.first_ts,
                        last_ts: some(group.last_ts),
                        count: group.count,
                    });
                }
            }
            Ok(())
        })
    }
}

struct Group {
    first: i64,
    frame: i64,
    first_ts: Option<i64>,
    last_ts: i64,
    count: u64,
}

/// Run, sender, fields; the subject, if it is one of them.
type Key = (RunId, u64, u64, u64);

/// The groups of one kind.
struct Groups<'d> {
    db: &'d Connection,
    /// What is asked for, as it stands in a field set.
    keys: Vec<String>,
    sets: HashMap<u64, Set, foldhash::fast::FixedState>,
    found: HashMap<Key, Group, foldhash::fast::FixedState>,
}

/// What a field set is to whoever asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Set {
    Nothing,
    Told,
    /// The fact's subject is one of the values that are asked for.
    ToldAbout,
}

impl Groups<'_> {
    fn set(&mut self, id: u64) -> Result<Set> {
        if let Some(known) = self.sets.get(&id) {
            return Ok(*known);
        }
        let mut statement = self.db.prepare_cached("SELECT value FROM text WHERE id = ?")?;
        let mut rows = statement.query([id as i64])?;
        let row = rows.next()?;
        let text = row.map_or(Ok(""), |row| row.get_ref(0).map(|text| text.as_str().unwrap_or_default()))?;
        let set = match self.keys.is_empty() {
            true if text.contains(SUBJECT) => Set::ToldAbout,
            true => Set::Told,
            false => self.keys.iter().map(|key| told(text, key)).max().unwrap_or(Set::Nothing),
        };
        self.sets.insert(id, set);
        Ok(set)
    }

    fn see(&mut self, chunk: &mut Chunk) -> Result<()> {
        let run = chunk.meta.run;
        // Groups whose first fact is in this chunk, and where: most chunks have none, and their places need not be looked at.
        let mut first = Vec::new();
        let keys = chunk.keys()?;
        let sets = keys.fields.values.iter().map(|id| self.set(*id)).collect::<Result<Vec<Set>>>()?;
        if sets.iter().all(|set| *set == Set::Nothing) {
            return Ok(());
        }
        for (row, at) in keys.fields.index.iter().enumerate() {
            let subject = match sets.get(usize::from(*at)) {
                Some(Set::Told) => 0,
                Some(Set::ToldAbout) => keys.subject.get(row),
                _ => continue,
            };
            let (Some(ts), Some(number)) = (keys.ts.get(row), keys.number.get(row)) else { continue };
            let key = (run, keys.src.get(row), keys.fields.get(row), subject);
            let group = self.found.entry(key).or_insert(Group {
                first: i64::MAX,
                frame: 0,
                first_ts: None,
                last_ts: NO_TIME,
                count: 0,
            });
            if *number < group.first {
                group.first = *number;
                first.push((key, row));
            }
            if *ts != NO_TIME {
                group.first_ts = Some(group.first_ts.map_or(*ts, |first| first.min(*ts)));
            }
            group.last_ts = group.last_ts.max(*ts);
            group.count += 1;
        }
        if !first.is_empty() {
            let frames = &chunk.places()?.frame;
            for (key, row) in first {
                if let (Some(group), Some(frame)) = (self.found.get_mut(&key), frames.get(row)) {
                    group.frame = *frame;
                }
            }
        }
        Ok(())
    }
}

/// What a field set says of a key, which may stand in several of its objects.
fn told(text: &str, key: &str) -> Set {
    let values = text.match_indices(key).filter_map(|(at, _)| text.get(at + key.len()..));
    let each = values.map(|value| if value.starts_with(SUBJECT) { Set::ToldAbout } else { Set::Told });
    each.max().unwrap_or(Set::Nothing)
}

/// Nice widths: 1, 2, 5, 10 ... ms, then seconds, minutes, hours, days.
fn round_step(ns: i64) -> i64 {
    const MS: i64 = 1_000_000;
    const S: i64 = 1_000 * MS;
    const STEPS: [i64; 27] = [
        MS,
        2 * MS,
        5 * MS,
        10 * MS,
        20 * MS,
        50 * MS,
        100 * MS,
        200 * MS,
        500 * MS,
        S,
        2 * S,
        5 * S,
        10 * S,
        15 * S,
        30 * S,
        60 * S,
        120 * S,
        300 * S,
        600 * S,
        900 * S,
        1_800 * S,
        3_600 * S,
        7_200 * S,
        21_600 * S,
        43_200 * S,
        86_400 * S,
        7 * 86_400 * S,
    ];
    STEPS.into_iter().find(|step| *step >= ns).unwrap_or_else(|| (ns / (30 * 86_400 * S) + 1) * 30 * 86_400 * S)
}
