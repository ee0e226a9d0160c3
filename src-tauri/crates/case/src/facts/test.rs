//! Which facts: conditions, made ready once, then asked of whole columns. A dictionary that holds none of the wanted values
//! settles a chunk at once.

use std::collections::HashSet;

use rusqlite::Connection;
use serde_json::Value as Json;

use super::scan::Chunk;
use crate::columns::Dictionary;
use crate::schema::RUN_BITS;
use crate::select::{Condition, Op, Select};
use crate::{Case, Error, NO_TIME, Result, text};

/// Ids of texts.
pub(crate) type Ids = HashSet<u64, foldhash::fast::FixedState>;

/// A condition on facts, ready to be asked.
pub(crate) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Kind(Ids),
    Run(HashSet<i64>),
    /// From the first time to before the second.
    Time(i64, i64),
    Text(TextColumn, Ids),
    Uid(u64),
    Number(NumberColumn, Op, String),
    /// A member of the fact's own fields: the field sets that hold it, and what to look for in what is the fact's alone.
    Member {
        fields: Ids,
        key: String,
        op: Op,
        value: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextColumn {
    Src,
    Dst,
    Subject,
    Fields,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberColumn {
    Ts,
    Frame,
    Offset,
    Length,
}

/// Which facts of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mask {
    None,
    All,
    Some(Vec<bool>),
}

impl Mask {
    fn of(rows: Vec<bool>) -> Mask {
        match rows.iter().filter(|row| **row).count() {
            0 => Mask::None,
            n if n == rows.len() => Mask::All,
            _ => Mask::Some(rows),
        }
    }

    pub fn count(&self, of: usize) -> usize {
        match self {
            Mask::None => 0,
            Mask::All => of,
            Mask::Some(rows) => rows.iter().filter(|row| **row).count(),
        }
    }

    pub fn has(&self, row: usize) -> bool {
        match self {
            Mask::None => false,
            Mask::All => true,
            Mask::Some(rows) => rows.get(row).copied().unwrap_or(false),
        }
    }

    fn not(self) -> Mask {
        match self {
            Mask::None => Mask::All,
            Mask::All => Mask::None,
            Mask::Some(rows) => Mask::of(rows.into_iter().map(|row| !row).collect()),
        }
    }

    fn both(self, other: Mask, both: fn(bool, bool) -> bool) -> Mask {
        match (self, other) {
            (Mask::Some(a), Mask::Some(b)) => Mask::of(a.into_iter().zip(b).map(|(a, b)| both(a, b)).collect()),
            (Mask::Some(rows), whole) | (whole, Mask::Some(rows)) => {
                let whole = whole == Mask::All;
                match (both(true, whole), both(false, whole)) {
                    (true, true) => Mask::All,
                    (false, false) => Mask::None,
                    _ => Mask::Some(rows),
                }
            }
            (a, b) if both(a == Mask::All, b == Mask::All) => Mask::All,
            _ => Mask::None,
        }
    }
}

impl Test {
    /// Makes a selection ready.
    pub fn new(case: &Case, db: &Connection, select: &Select, kind: Option<&str>) -> Result<Test> {
        let mut all = Vec::new();
        if let Some(kind) = kind {
            all.push(Test::Kind(ids(db, "SELECT id FROM kind WHERE name = ?", kind)?));
        }
        for condition in &select.conditions {
            all.push(Test::condition(case, db, condition)?);
        }
        if select.since.is_some() || select.until.is_some() {
            let until = select.until.unwrap_or(i64::MAX);
            // What states no time is in no range that ends.
            let since = select.since.unwrap_or(if select.until.is_some() { NO_TIME + 1 } else { NO_TIME });
            all.push(Test::Time(since, until));
        }
        let words = text::query(&select.search);
        if !words.is_empty() {
            all.push(Test::anywhere(ids(db, "SELECT rowid FROM text_fts WHERE text_fts MATCH ?", &words)?));
        }
        Ok(Test::All(all))
    }

    fn anywhere(ids: Ids) -> Test {
        use TextColumn::{Dst, Fields, Src, Subject};
        Test::Any([Subject, Fields, Src, Dst].map(|column| Test::Text(column, ids.clone())).into())
    }

    pub fn condition(case: &Case, db: &Connection, condition: &Condition) -> Result<Test> {
        let Condition { field, op, value } = condition;
        // What is not so: the opposite of what is so.
        if *op == Op::IsNot {
            let so = Condition { op: Op::Is, ..condition.clone() };
            return Ok(Test::Not(Box::new(Test::condition(case, db, &so)?)));
        }
        Ok(match field.as_str() {
            "evidence" => Test::Run(case.runs_matching(value)?.into_iter().collect()),
            "kind" => Test::Kind(matching(db, "kind", "name", *op, value)?),
            "src" => Test::Text(TextColumn::Src, matching(db, "text", "value", *op, value)?),
            "dst" => Test::Text(TextColumn::Dst, matching(db, "text", "value", *op, value)?),
            "subject" => Test::Text(TextColumn::Subject, matching(db, "text", "value", *op, value)?),
            "uid" => match model::Uid::parse(value) {
                Some(uid) => Test::Uid(uid.0),
                None => Test::Any(Vec::new()),
            },
            "frame" => Test::Number(NumberColumn::Frame, *op, value.clone()),
            "offset" => Test::Number(NumberColumn::Offset, *op, value.clone()),
            "length" => Test::Number(NumberColumn::Length, *op, value.clone()),
            "ts" => {
                let ts = model::Time::parse(value).map_err(|why| Error::Invalid(format!("filter on ts: {why}")))?;
                Test::Number(NumberColumn::Ts, *op, ts.0.to_string())
            }
            own if own.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) => {
                Test::member(db, own, *op, value)?
            }
            other => return Err(Error::Invalid(format!("filter: there is no field '{other}'"))),
        })
    }

    /// The distinct field sets are far fewer than the facts: they are looked through once.
    fn member(db: &Connection, key: &str, op: Op, value: &str) -> Result<Test> {
        let mut fields = Ids::default();
        let mut statement = db.prepare("SELECT id, value FROM text WHERE instr(value, ?) > 0")?;
        let mut rows = statement.query([format!("\"{key}\":")])?;
        while let Some(row) = rows.next()? {
            if member_matches(row.get_ref(1)?.as_str().unwrap_or_default(), key, op, value) {
                fields.insert(row.get::<_, i64>(0)? as u64);
            }
        }
        Ok(Test::Member { fields, key: key.to_owned(), op, value: value.to_owned() })
    }

    /// The facts of a chunk for which it holds.
    pub fn of(&self, chunk: &mut Chunk) -> Result<Mask> {
        Ok(match self {
            Test::All(tests) => {
                let mut mask = Mask::All;
                for test in tests {
                    if mask == Mask::None {
                        break;
                    }
                    mask = mask.both(test.of(chunk)?, |a, b| a && b);
                }
                mask
            }
            Test::Any(tests) => {
                let mut mask = Mask::None;
                for test in tests {
                    if mask == Mask::All {
                        break;
                    }
                    mask = mask.both(test.of(chunk)?, |a, b| a || b);
                }
                mask
            }
            Test::Not(test) => test.of(chunk)?.not(),
            Test::Kind(kinds) => whole(kinds.contains(&(chunk.meta.kind as u64))),
            Test::Run(runs) => whole(runs.contains(&chunk.meta.run)),
            Test::Time(since, until) => {
                let (first, last) = (chunk.meta.first_ts, chunk.meta.last_ts);
                match () {
                    () if last < *since || first >= *until => Mask::None,
                    () if first >= *since && last < *until => Mask::All,
                    () => Mask::of(chunk.keys()?.ts.iter().map(|ts| ts >= since && ts < until).collect()),
                }
            }
            Test::Text(column, ids) => of_dictionary(chunk.text(*column)?, |id| ids.contains(&id)),
            Test::Uid(uid) => of_dictionary(&chunk.places()?.uid, |other| other == *uid),
            Test::Number(column, op, value) => {
                let wanted = Number::new(value);
                let rows = match column {
                    NumberColumn::Ts => &chunk.keys()?.ts,
                    NumberColumn::Frame => &chunk.places()?.frame,
                    NumberColumn::Offset => &chunk.places()?.offset,
                    NumberColumn::Length => &chunk.places()?.length,
                };
                let no_frame = *column == NumberColumn::Frame;
                Mask::of(rows.iter().map(|n| !(no_frame && *n == 0) && wanted.holds(*op, *n)).collect())
            }
            Test::Member { fields, key, op, value } => {
                let mut rows = match of_dictionary(chunk.text(TextColumn::Fields)?, |id| fields.contains(&id)) {
                    Mask::All => return Ok(Mask::All),
                    Mask::None => vec![false; chunk.meta.count],
                    Mask::Some(rows) => rows,
                };
                for (row, (own, _)) in rows.iter_mut().zip(chunk.own()?) {
                    *row = *row || (own.contains(key) && member_matches(&format!("{{{own}}}"), key, *op, value));
                }
                Mask::of(rows)
            }
        })
    }
}

fn whole(holds: bool) -> Mask {
    if holds { Mask::All } else { Mask::None }
}

fn of_dictionary(column: &Dictionary, wanted: impl Fn(u64) -> bool) -> Mask {
    let values: Vec<bool> = column.values.iter().map(|value| wanted(*value)).collect();
    if values.iter().all(|value| !value) {
        return Mask::None;
    }
    if values.iter().all(|value| *value) {
        return Mask::All;
    }
    Mask::of(column.index.iter().map(|at| values.get(usize::from(*at)).copied().unwrap_or(false)).collect())
}

/// What a whole number is compared with.
struct Number<'v> {
    text: &'v str,
    int: Option<i64>,
    real: Option<f64>,
}

impl Number<'_> {
    fn new(text: &str) -> Number<'_> {
        Number { text, int: text.parse().ok(), real: text.parse().ok() }
    }

    fn holds(&self, op: Op, n: i64) -> bool {
        match op {
            Op::Is => self.int == Some(n),
            Op::IsNot => self.int != Some(n),
            Op::Contains => n.to_string().contains(self.text),
            Op::Less => self.int.map_or_else(|| self.real.is_some_and(|real| (n as f64) < real), |int| n < int),
            Op::More => self.int.map_or_else(|| self.real.is_some_and(|real| (n as f64) > real), |int| n > int),
        }
    }
}

/// Whether a member of a JSON object is as wanted; of a list, one of its items.
fn member_matches(json: &str, key: &str, op: Op, wanted: &str) -> bool {
    let Ok(Json::Object(members)) = serde_json::from_str(json) else { return false };
    let Some(value) = members.get(key) else { return false };
    match value {
        Json::Array(items) => items.iter().any(|item| matches(item, op, wanted)),
        one => matches(one, op, wanted),
    }
}

pub(crate) fn matches(value: &Json, op: Op, wanted: &str) -> bool {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Null => return false,
        other => other.to_string(),
    };
    match op {
        Op::Is => text == wanted,
        Op::IsNot => text != wanted,
        Op::Contains => text.to_lowercase().contains(&wanted.to_lowercase()),
        Op::Less | Op::More => {
            let order = match (value.as_f64(), wanted.parse::<f64>()) {
                (Some(value), Ok(wanted)) => value.partial_cmp(&wanted),
                (None, Err(_)) => Some(text.as_str().cmp(wanted)),
                _ => None,
            };
            let so = if op == Op::Less { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
            order == Some(so)
        }
    }
}

/// Ids of the names or texts of which a comparison holds.
pub(crate) fn matching(db: &Connection, table: &str, column: &str, op: Op, value: &str) -> Result<Ids> {
    if table == "text" && op == Op::Is {
        return Ok(text::ids(db, value)?.into_iter().map(u64::from).collect());
    }
    let condition = match op {
        Op::Is => format!("{column} = ?"),
        Op::IsNot => format!("{column} <> ?"),
        Op::Contains => format!("instr(lower({column}), lower(?)) > 0"),
        Op::Less => format!("{column} < ?"),
        Op::More => format!("{column} > ?"),
    };
    ids(db, &format!("SELECT id FROM {table} WHERE {condition}"), value)
}

fn ids(db: &Connection, sql: &str, value: &str) -> Result<Ids> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([value], |row| row.get::<_, i64>(0))?;
    Ok(rows.map(|id| id.map(|id| id as u64)).collect::<rusqlite::Result<_>>()?)
}

/// The number of a fact in its run.
pub(crate) fn number_of(id: i64) -> i64 {
    id & ((1 << RUN_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_combine() {
        let some = || Mask::of(vec![true, false, true]);
        let and = |a: bool, b: bool| a && b;
        let or = |a: bool, b: bool| a || b;
        assert_eq!(some().both(Mask::All, and), some());
        assert_eq!(Mask::None.both(some(), and), Mask::None);
        assert_eq!(some().both(Mask::None, or), some());
        assert_eq!(Mask::All.both(some(), or), Mask::All);
        assert_eq!(some().both(some().not(), or), Mask::All);
        assert_eq!(some().both(some().not(), and), Mask::None);
        assert_eq!((some().count(3), Mask::All.count(3), Mask::None.count(3)), (2, 3, 0));
    }

    #[test]
    fn members_are_compared_by_what_they_are() {
        let json = r#"{"query":"Lamp.example","ttl":60,"AA":true,"answers":["192.0.2.1","x"]}"#;
        for (key, op, wanted, holds) in [
            ("query", Op::Is, "Lamp.example", true),
            ("query", Op::Contains, "lamp", true),
            ("query", Op::Is, "lamp.example", false),
            ("ttl", Op::Is, "60", true),
            ("ttl", Op::More, "7", true),
            ("ttl", Op::Less, "7", false),
            ("ttl", Op::Less, "seven", false),
            ("AA", Op::Is, "true", true),
            ("answers", Op::Is, "192.0.2.1", true),
            ("answers", Op::Is, "192.0.2.2", false),
            ("nothing", Op::Contains, "", false),
        ] {
            assert_eq!(member_matches(json, key, op, wanted), holds, "{key} {op:?} {wanted}");
        }
    }
}
