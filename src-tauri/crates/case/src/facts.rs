//! Facts as rows: pages by key, counts, histograms, facets.

use std::collections::HashMap;

use model::{Kind, Time, TimeKind, Uid};
use rusqlite::{OptionalExtension, params_from_iter};
use serde_json::Value as Json;

use crate::frames::{FrameEntry, decode};
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::select::{self, Select};
use crate::views::{PageRequest, Row};
use crate::{Case, Error, NO_TIME, Result};

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

/// Facts of one kind in one stretch of time.
struct Bucket {
    kind: i64,
    at: i64,
    facts: u64,
}

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

/// A hardware address in one run.
#[derive(Clone, Debug)]
pub struct SightingRow {
    pub run: RunId,
    pub mac: String,
    pub ip: Option<String>,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub first_frame: u64,
    pub frames: u64,
    pub bytes: u64,
}

const COLUMNS: &str = "f.id, f.kind, f.ts, f.time_kind, f.uid, s.value, d.value, j.value, t.value, f.own, f.frame, f.offset, f.length, f.pieces";
const TEXTS: &str =
    "LEFT JOIN text s ON s.id = f.src LEFT JOIN text d ON d.id = f.dst LEFT JOIN text j ON j.id = f.subject
                     LEFT JOIN text t ON t.id = f.fields";

impl Case {
    /// A page of facts in order of time, then place; `after` is the last row's key. `kind`: only that kind.
    pub fn facts_page(
        &self,
        kind: Option<&str>,
        request: &PageRequest,
    ) -> Result<(Vec<FactRow>, Option<String>, Option<u64>)> {
        let mut clause = select::facts(self, &request.select, kind)?;
        let total = match request.count {
            true => Some(self.count_facts(kind, &request.select)?),
            false => None,
        };
        let (direction, beyond) = if request.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = &request.after {
            let (ts, id) = key(after)?;
            clause.add(
                format!("(f.ts, f.id) {beyond} (?, ?)"),
                [rusqlite::types::Value::Integer(ts), rusqlite::types::Value::Integer(id)],
            );
        }
        let kinds = self.kind_names()?;
        // The key columns are found first and the texts joined to one page of them, so that stepping over rows stays cheap.
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT f.* FROM fact f{} ORDER BY f.ts {direction}, f.id {direction} LIMIT {} OFFSET {}) f {TEXTS}
             ORDER BY f.ts {direction}, f.id {direction}",
            clause.sql(),
            u64::from(request.limit) + 1,
            request.skip
        );
        self.read(|db| {
            let mut statement = db.prepare(&sql)?;
            let mut rows = statement.query(params_from_iter(&clause.values))?;
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                page.push(read(row, &kinds)?);
            }
            let more = page.len() as u64 > u64::from(request.limit);
            page.truncate(request.limit as usize);
            let next =
                page.last().filter(|_| more).map(|last| format!("{}:{}", last.ts.map_or(NO_TIME, |ts| ts.0), last.id));
            Ok((page, next, total))
        })
    }

    pub fn fact(&self, id: FactId) -> Result<Option<FactRow>> {
        let kinds = self.kind_names()?;
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM fact f {TEXTS} WHERE f.id = ?");
            db.query_row(&sql, [id], |row| Ok(read(row, &kinds))).optional()?.transpose()
        })
    }

    /// The facts of one frame.
    pub fn facts_of_frame(&self, run: RunId, frame: u64, ts: i64) -> Result<Vec<FactRow>> {
        let kinds = self.kind_names()?;
        let (first, last) = crate::schema::ids_of(run);
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM fact f {TEXTS} WHERE f.ts = ? AND f.frame = ? AND f.id BETWEEN ? AND ? ORDER BY f.id LIMIT 500"
            );
            let mut statement = db.prepare(&sql)?;
            let mut rows = statement.query([ts, frame as i64, first, last])?;
            let mut facts = Vec::new();
            while let Some(row) = rows.next()? {
                facts.push(read(row, &kinds)?);
            }
            Ok(facts)
        })
    }

    /// Calls `each` for every fact of the given kinds, in order of run and place.
    pub fn each_fact(&self, kinds: &[&str], each: &mut dyn FnMut(FactRow) -> Result<()>) -> Result<()> {
        let names = self.kind_names()?;
        let ids: Vec<String> =
            names.iter().filter(|(_, name)| kinds.contains(&name.as_str())).map(|(id, _)| id.to_string()).collect();
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM fact f {TEXTS} WHERE f.kind IN ({}) ORDER BY f.id", ids.join(","));
            let mut statement = db.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(read(row, &names)?)?;
            }
            Ok(())
        })
    }

    pub fn count_facts(&self, kind: Option<&str>, select: &Select) -> Result<u64> {
        if *select == Select::default() {
            return self.read(|db| {
                let sql = "SELECT coalesce(sum(facts), 0) FROM tally WHERE ?1 IS NULL OR kind = (SELECT id FROM kind WHERE name = ?1)";
                Ok(db.query_row(sql, [kind], |row| row.get::<_, i64>(0))? as u64)
            });
        }
        let clause = select::facts(self, select, kind)?;
        self.read(|db| {
            let sql = format!("SELECT count(*) FROM fact f{}", clause.sql());
            Ok(db.query_row(&sql, params_from_iter(&clause.values), |row| row.get::<_, i64>(0))? as u64)
        })
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
        let clause = select::facts(self, select, kind)?;
        let (expression, join) = match field {
            "kind" => ("k.name", "JOIN kind k ON k.id = g.v"),
            "evidence" => ("coalesce(e.path, '')", "JOIN run r ON r.id = g.v JOIN evidence e ON e.id = r.evidence"),
            "src" | "dst" | "subject" => ("x.value", "JOIN text x ON x.id = g.v"),
            other => return Err(Error::Invalid(format!("facts can't be counted by '{other}'"))),
        };
        let value = match field {
            "evidence" => format!("f.id >> {RUN_BITS}"),
            column => format!("f.{column}"),
        };
        let sql = format!(
            "SELECT {expression}, sum(g.n) AS n FROM (SELECT {value} AS v, count(*) AS n FROM fact f{} GROUP BY 1) g {join}
             GROUP BY 1 ORDER BY n DESC, 1 LIMIT {limit}",
            clause.sql()
        );
        self.read(|db| {
            let mut statement = db.prepare(&sql)?;
            let rows = statement
                .query_map(params_from_iter(&clause.values), |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
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
        const MINUTE: i64 = 60_000_000_000;
        let whole = Select { since: None, until: None, ..select.clone() } == Select::default();
        let clause = select::facts(self, select, None)?;
        let kinds = self.kind_names()?;
        let rows: Vec<Bucket> = self.read(|db| {
            let (sql, values) = match whole && step % MINUTE == 0 {
                true => (
                    format!(
                        "SELECT kind, (minute * {MINUTE} - {start}) / {step} AS bucket, sum(facts) FROM tally
                         WHERE minute >= {} AND minute <= {} GROUP BY 1, 2",
                        start.div_euclid(MINUTE),
                        end.div_euclid(MINUTE)
                    ),
                    Vec::new(),
                ),
                false => (
                    format!(
                        "SELECT f.kind, (f.ts - {start}) / {step} AS bucket, count(*) FROM fact f{} {} f.ts >= {start} AND f.ts <= {end} GROUP BY 1, 2",
                        clause.sql(),
                        if clause.sql().is_empty() { "WHERE" } else { "AND" }
                    ),
                    clause.values.clone(),
                ),
            };
            let mut statement = db.prepare(&sql)?;
            let rows = statement.query_map(params_from_iter(&values), |row| {
                Ok(Bucket { kind: row.get(0)?, at: row.get(1)?, facts: row.get::<_, i64>(2)? as u64 })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })?;
        let mut series: HashMap<i64, Vec<u32>> = HashMap::new();
        for Bucket { kind, at, facts } in rows {
            let counts = series.entry(kind).or_insert_with(|| vec![0; length]);
            if let Some(count) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
                *count = count.saturating_add(facts.try_into().unwrap_or(u32::MAX));
            }
        }
        let mut series: Vec<(String, Vec<u32>)> =
            series.into_iter().map(|(kind, counts)| (kinds.get(&kind).cloned().unwrap_or_default(), counts)).collect();
        series.sort_by_cached_key(|(kind, counts)| {
            (u64::MAX - counts.iter().map(|n| u64::from(*n)).sum::<u64>(), kind.clone())
        });
        Ok(Histogram { start, step, series })
    }

    /// Sightings of all runs.
    pub fn sightings(&self) -> Result<Vec<SightingRow>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT run, mac, ip, first_ts, last_ts, first_frame, frames, bytes FROM sighting ORDER BY mac, run, ip",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(SightingRow {
                    run: row.get(0)?,
                    mac: row.get(1)?,
                    ip: row.get(2)?,
                    first_ts: row.get(3)?,
                    last_ts: row.get(4)?,
                    first_frame: row.get::<_, i64>(5)? as u64,
                    frames: row.get::<_, i64>(6)? as u64,
                    bytes: row.get::<_, i64>(7)? as u64,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// `count` entries of a run's frame index from frame `first` on.
    pub fn frames(&self, run: RunId, first: u64, count: usize) -> Result<Vec<FrameEntry>> {
        let mut entries = Vec::new();
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT first, count, data FROM frame_chunk WHERE run = ? AND first + count > ? ORDER BY first",
            )?;
            let mut rows = statement.query([run, first as i64])?;
            while let Some(row) = rows.next()? {
                let (number, length): (i64, i64) = (row.get(0)?, row.get(1)?);
                let chunk = decode(number as u64, length as usize, row.get_ref(2)?.as_blob().unwrap_or_default())?;
                entries.extend(chunk.into_iter().filter(|entry| entry.number >= first));
                if entries.len() >= count {
                    entries.truncate(count);
                    break;
                }
            }
            Ok(())
        })?;
        Ok(entries)
    }

    /// Captures: (run, evidence, frames), in order.
    pub fn frame_runs(&self) -> Result<Vec<(RunId, i64, u64)>> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT id, evidence, frames FROM run WHERE frames > 0 ORDER BY id")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Link type of each interface of a capture.
    pub fn link_types(&self, run: RunId) -> Result<Vec<(u32, u16)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT number, link_type FROM capture_interface WHERE run = ?")?;
            Ok(statement.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Interfaces of a capture, as rows.
    pub fn interfaces(&self, run: RunId) -> Result<Vec<Row>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT number, link_type, snap_len, name, description, filter, os, ticks_per_second FROM capture_interface WHERE run = ? ORDER BY number",
            )?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([run])?;
            let mut list = Vec::new();
            while let Some(row) = rows.next()? {
                let values = names.iter().enumerate().map(|(at, name)| {
                    Ok((name.clone(), crate::views::show(crate::Shape::Text, name, row.get_ref(at)?)))
                });
                list.push(values.collect::<rusqlite::Result<Row>>()?);
            }
            Ok(list)
        })
    }

    /// Service of a flow by its number in the run, and its originator's address.
    pub fn flow_hint(&self, run: RunId, serial: u32) -> Result<Option<(Option<String>, String, u16)>> {
        self.read(|db| {
            let sql = "SELECT f.service, o.value, f.orig_p FROM flow f JOIN text o ON o.id = f.orig_h WHERE f.id = ?";
            let id = run << RUN_BITS | i64::from(serial);
            Ok(db.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
        })
    }

    /// Makes a view for each kind of fact, for whoever opens the case with SQL: `SELECT * FROM dns`. Only if they are not as they
    /// should be, since it changes the schema under whoever else has the case open.
    pub fn declare(&self, kinds: &[Kind]) -> Result<()> {
        let views: Vec<(&str, String)> = kinds.iter().map(|kind| (kind.name, view_of(kind))).collect();
        let known: HashMap<String, String> = self.read(|db| {
            let mut statement = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type IN ('view', 'table')")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })?;
        if views.iter().all(|(name, sql)| known.get(*name) == Some(sql)) {
            return Ok(());
        }
        self.write(|db| {
            for (name, sql) in &views {
                if known.get(*name).is_some_and(|sql| !sql.starts_with("CREATE VIEW")) {
                    return Err(Error::Refused(format!("the kind '{name}' bears the name of a table")));
                }
                db.execute(&format!("DROP VIEW IF EXISTS \"{name}\""), [])?;
                db.execute(sql, [])?;
            }
            Ok(())
        })
    }

    pub(crate) fn kind_names(&self) -> Result<HashMap<i64, String>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT id, name FROM kind")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn view_of(kind: &Kind) -> String {
    let fields: String = kind
        .fields
        .iter()
        .map(|(name, _)| format!(", coalesce(t.value ->> '$.\"{name}\"', f.own ->> '$.\"{name}\"') AS \"{name}\""))
        .collect();
    format!(
        "CREATE VIEW \"{0}\" AS SELECT f.id, CASE WHEN f.ts = {NO_TIME} THEN NULL ELSE f.ts END AS ts_ns, e.sha256 AS evidence, e.path, f.frame,
         f.offset, f.length, s.value AS src, d.value AS dst, j.value AS subject{fields}
         FROM fact f JOIN kind k ON k.id = f.kind AND k.name = '{0}' JOIN run r ON r.id = f.id >> {RUN_BITS}
         JOIN evidence e ON e.id = r.evidence {TEXTS}",
        kind.name
    )
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

fn key(after: &str) -> Result<(i64, i64)> {
    let parsed = after.split_once(':').and_then(|(ts, id)| Some((ts.parse().ok()?, id.parse().ok()?)));
    parsed.ok_or_else(|| Error::Invalid("the page to go on from is not one of ours".into()))
}

fn read(row: &rusqlite::Row, kinds: &HashMap<i64, String>) -> Result<FactRow> {
    let id: i64 = row.get(0)?;
    let object = |text: Option<String>| match text.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(Json::Object(map)) => map,
        _ => Row::new(),
    };
    let mut fields = object(row.get(8)?);
    fields.extend(object(row.get(9)?));
    let ts: i64 = row.get(2)?;
    let pieces: Option<String> = row.get(13)?;
    Ok(FactRow {
        id,
        run: id >> RUN_BITS,
        kind: kinds.get(&row.get(1)?).cloned().unwrap_or_default(),
        ts: (ts != NO_TIME).then_some(Time(ts)),
        time_kind: TimeKind::ALL.get(usize::from(row.get::<_, u8>(3)?)).map_or("", |kind| kind.as_str()),
        uid: row.get::<_, Option<i64>>(4)?.map(|uid| Uid(uid as u64)),
        src: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        dst: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        subject: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        fields,
        frame: row.get::<_, Option<i64>>(10)?.map(|n| n as u64),
        offset: row.get::<_, i64>(11)? as u64,
        length: row.get::<_, i64>(12)? as u64,
        pieces: pieces.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}
