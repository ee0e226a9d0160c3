//! Which facts: conditions, made ready once, then asked of whole columns. A dictionary that holds none of the wanted values
//! settles a chunk at once.

use std::cmp::Ordering;
use std::collections::HashSet;

use model::{Fields, unpacked};
use regex::Regex;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::scan::Chunk;
use super::write::SUBJECT;
use crate::columns::Dictionary;
use crate::filter::{self, Block, Expr};
use crate::schema::RUN_BITS;
use crate::select::{Condition, Op, Select, compare};
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
    /// Of the flow of this name; 0: of none.
    Uid(u64),
    /// Of these flows, by the ids of their rows.
    Flows(HashSet<i64, foldhash::fast::FixedState>),
    /// Of these flows, and the one that is named here by its text is at that end: (flow, text).
    Ends(TextColumn, HashSet<(i64, u64), foldhash::fast::FixedState>),
    Number(NumberColumn, Wanted),
    /// A member of the fact's own fields: the field sets that hold it, those of which it is the fact's subject and the subjects that
    /// are as wanted, and what to look for in what is the fact's alone.
    Member {
        fields: Ids,
        about: Ids,
        subjects: Ids,
        key: String,
        wanted: Wanted,
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

    pub fn both(self, other: Mask, both: fn(bool, bool) -> bool) -> Mask {
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
        // The time first: it mostly settles a chunk unopened.
        if select.since.is_some() || select.until.is_some() {
            let until = select.until.unwrap_or(i64::MAX);
            // What states no time is in no range that ends.
            let since = select.since.unwrap_or(if select.until.is_some() { NO_TIME + 1 } else { NO_TIME });
            all.push(Test::Time(since, until));
        }
        for condition in &select.conditions {
            all.push(Test::condition(case, db, condition)?);
        }
        if let Some(expr) = &select.filter {
            all.push(Test::of_expr(case, db, expr)?);
        }
        // Each word may be in another of the fact's texts.
        for word in text::queries(&select.search) {
            all.push(Test::anywhere(ids(db, "SELECT rowid FROM text_fts WHERE text_fts MATCH ?", &word)?));
        }
        Ok(Test::All(all))
    }

    /// Makes a tree of conditions ready.
    pub fn of_expr(case: &Case, db: &Connection, expr: &Expr) -> Result<Test> {
        let each = |list: &[Expr]| list.iter().map(|one| Test::of_expr(case, db, one)).collect::<Result<Vec<Test>>>();
        Ok(match expr {
            Expr::All(list) => Test::All(each(list)?),
            Expr::Any(list) => Test::Any(each(list)?),
            Expr::Not(inner) => Test::Not(Box::new(Test::of_expr(case, db, inner)?)),
            Expr::Is(condition) => Test::condition(case, db, condition)?,
            Expr::Kinds(kinds) => Test::kinds(db, kinds)?,
            Expr::Flow(inner) => {
                let flows = filter::flows(case, db, inner, "w.id, 0")?;
                Test::Flows(flows.into_iter().map(|(flow, _)| flow).collect())
            }
            Expr::End { dst, orig, resp } => {
                let mut ends: HashSet<(i64, u64), foldhash::fast::FixedState> = HashSet::default();
                ends.extend(filter::flows(case, db, orig, "w.id, w.orig_h")?);
                ends.extend(filter::flows(case, db, resp, "w.id, w.resp_h")?);
                Test::Ends(if *dst { TextColumn::Dst } else { TextColumn::Src }, ends)
            }
            Expr::Fact(..) => return Err(filter::misplaced()),
        })
    }

    pub fn kinds(db: &Connection, kinds: &[String]) -> Result<Test> {
        let mut all = Ids::default();
        for kind in kinds {
            all.extend(ids(db, "SELECT id FROM kind WHERE name = ?", kind)?);
        }
        Ok(Test::Kind(all))
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
            "src" => Test::text(db, TextColumn::Src, *op, value)?,
            "dst" => Test::text(db, TextColumn::Dst, *op, value)?,
            "subject" => Test::text(db, TextColumn::Subject, *op, value)?,
            "uid" if *op == Op::Has => Test::Not(Box::new(Test::Uid(0))),
            "uid" => model::Uid::parse(value).map_or(Test::Any(Vec::new()), |uid| Test::Uid(uid.0)),
            "frame" => Test::Number(NumberColumn::Frame, Wanted::new(*op, value)?),
            "offset" => Test::Number(NumberColumn::Offset, Wanted::new(*op, value)?),
            "length" => Test::Number(NumberColumn::Length, Wanted::new(*op, value)?),
            "ts" if *op == Op::Has => Test::Time(NO_TIME + 1, i64::MAX),
            "ts" => {
                let ts = model::Time::parse(value).map_err(|why| Error::Invalid(format!("filter on ts: {why}")))?;
                Test::Number(NumberColumn::Ts, Wanted::new(*op, &ts.0.to_string())?)
            }
            own if own.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) => {
                Test::member(db, own, Wanted::new(*op, value)?)?
            }
            other => return Err(Error::Invalid(format!("filter: there is no field '{other}'"))),
        })
    }

    fn text(db: &Connection, column: TextColumn, op: Op, value: &str) -> Result<Test> {
        if op == Op::Has {
            return Ok(Test::Not(Box::new(Test::Text(column, [0].into_iter().collect()))));
        }
        Ok(Test::Text(column, matching(db, "text", "value", op, value)?))
    }

    /// The distinct field sets are far fewer than the facts: they are looked through once.
    fn member(db: &Connection, key: &str, wanted: Wanted) -> Result<Test> {
        let [mut fields, mut about, mut subjects] = [(); 3].map(|()| Ids::default());
        let mut statement = db.prepare("SELECT id, value FROM text WHERE instr(value, ?) > 0")?;
        let mut rows = statement.query([format!("\"{key}\":")])?;
        let named = format!("\"{key}\":{SUBJECT}");
        while let Some(row) = rows.next()? {
            let (id, value) = (row.get::<_, i64>(0)? as u64, row.get_ref(1)?.as_str().unwrap_or_default());
            if value.contains(&named) {
                about.insert(id);
            } else if member_matches(&super::about(value, None), key, &wanted) {
                fields.insert(id);
            }
        }
        if !about.is_empty() {
            // What stands in a field set as it is needs no escape, and every field set has quotes.
            let mut statement = db.prepare("SELECT id, value FROM text WHERE instr(value, '\"') = 0")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if wanted.word(row.get_ref(1)?.as_str().unwrap_or_default()) {
                    subjects.insert(row.get::<_, i64>(0)? as u64);
                }
            }
        }
        Ok(Test::Member { fields, about, subjects, key: key.to_owned(), wanted })
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
            Test::Uid(wanted) => of_dictionary(&chunk.places()?.uid, |uid| uid == *wanted),
            Test::Flows(flows) => {
                let run = chunk.meta.run;
                of_dictionary(&chunk.places()?.uid, |uid| uid != 0 && flows.contains(&filter::flow_id(run, uid)))
            }
            Test::Ends(column, ends) => {
                let (count, run) = (chunk.meta.count, chunk.meta.run);
                let uids = &chunk.places()?.uid;
                let flows: Vec<i64> = (0..count).map(|row| filter::flow_id(run, uids.get(row))).collect();
                let names = chunk.text(*column)?;
                Mask::of(flows.iter().enumerate().map(|(row, flow)| ends.contains(&(*flow, names.get(row)))).collect())
            }
            Test::Number(column, wanted) => {
                let rows = match column {
                    NumberColumn::Ts => &chunk.keys()?.ts,
                    NumberColumn::Frame => &chunk.places()?.frame,
                    NumberColumn::Offset => &chunk.places()?.offset,
                    NumberColumn::Length => &chunk.places()?.length,
                };
                let none = match column {
                    NumberColumn::Ts => Some(NO_TIME),
                    NumberColumn::Frame => Some(0),
                    _ => None,
                };
                Mask::of(rows.iter().map(|n| Some(*n) != none && wanted.number(*n)).collect())
            }
            Test::Member { fields, about, subjects, key, wanted } => {
                let sets = chunk.text(TextColumn::Fields)?;
                let (held, named) =
                    (of_dictionary(sets, |id| fields.contains(&id)), of_dictionary(sets, |id| about.contains(&id)));
                let named = match named {
                    Mask::None => Mask::None,
                    some => some
                        .both(of_dictionary(chunk.text(TextColumn::Subject)?, |id| subjects.contains(&id)), |a, b| {
                            a && b
                        }),
                };
                let mut rows = match held.both(named, |a, b| a || b) {
                    Mask::All => return Ok(Mask::All),
                    Mask::None => vec![false; chunk.meta.count],
                    Mask::Some(rows) => rows,
                };
                let own = match chunk.meta.own_keys & Fields::key_bit(key) {
                    0 => &[],
                    _ => chunk.own()?,
                };
                for (row, (own, _)) in rows.iter_mut().zip(own) {
                    // Marks hide nothing: keys stand outside of them.
                    let has = || own.contains(key) && member_matches(&format!("{{{}}}", unpacked(own)), key, wanted);
                    *row = *row || has();
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

/// What a value is compared with, and how.
pub(crate) struct Wanted {
    op: Op,
    text: String,
    int: Option<i64>,
    real: Option<f64>,
    pattern: Option<Regex>,
    block: Option<Block>,
    list: HashSet<String>,
}

impl Wanted {
    fn new(op: Op, text: &str) -> Result<Wanted> {
        let pattern = match op {
            Op::Matches => {
                Some(filter::pattern(text).map_err(|why| Error::Invalid(format!("the pattern '{text}': {why}")))?)
            }
            _ => None,
        };
        let (int, real) = (text.parse().ok(), text.parse().ok());
        let list = match op {
            Op::OneOf => {
                serde_json::from_str(text).map_err(|_| Error::Invalid(format!("'{text}' is no list of texts")))?
            }
            _ => HashSet::new(),
        };
        Ok(Wanted { op, text: text.to_owned(), int, real, pattern, block: Block::parse(text), list })
    }

    /// Whether a whole number is as wanted.
    fn number(&self, n: i64) -> bool {
        use Ordering::{Equal, Greater, Less};
        let order = match (self.int, self.real) {
            (Some(int), _) => Some(n.cmp(&int)),
            (None, Some(real)) => (n as f64).partial_cmp(&real),
            _ => None,
        };
        match self.op {
            Op::Is => order == Some(Equal),
            Op::IsNot => order != Some(Equal),
            Op::Less => order == Some(Less),
            Op::More => order == Some(Greater),
            Op::AtMost => matches!(order, Some(Less | Equal)),
            Op::AtLeast => matches!(order, Some(Greater | Equal)),
            Op::Has => true,
            Op::Contains | Op::Holds | Op::Matches | Op::Within | Op::OneOf => self.word(&n.to_string()),
        }
    }

    /// Whether a text is as wanted.
    fn word(&self, text: &str) -> bool {
        match self.op {
            Op::Is => text == self.text,
            Op::IsNot => text != self.text,
            Op::Contains => text.to_lowercase().contains(&self.text.to_lowercase()),
            Op::Holds => text.contains(&self.text),
            Op::Matches => self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)),
            Op::Within => self.block.zip(text.parse().ok()).is_some_and(|(block, address)| block.holds(address)),
            Op::Has => !text.is_empty(),
            Op::OneOf => self.list.contains(text),
            // Texts are in an order among themselves only.
            Op::Less | Op::More | Op::AtMost | Op::AtLeast if self.real.is_some() => false,
            Op::Less => text < self.text.as_str(),
            Op::More => text > self.text.as_str(),
            Op::AtMost => text <= self.text.as_str(),
            Op::AtLeast => text >= self.text.as_str(),
        }
    }

    fn value(&self, value: &Json) -> bool {
        match value {
            Json::Null => false,
            Json::String(text) => self.word(text),
            // As words or as Wireshark's 1 and 0.
            Json::Bool(so) => self.word(if *so { "true" } else { "false" }) || self.number(i64::from(*so)),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => self.number(int),
                (None, Some(real)) => {
                    let order = self.real.and_then(|wanted| real.partial_cmp(&wanted));
                    match self.op {
                        Op::Less => order == Some(Ordering::Less),
                        Op::More => order == Some(Ordering::Greater),
                        Op::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                        Op::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                        Op::Is => order == Some(Ordering::Equal),
                        _ => self.word(&number.to_string()),
                    }
                }
                _ => false,
            },
            other => self.word(&other.to_string()),
        }
    }
}

/// Whether a member of a JSON object is as wanted; of a list, one of its items.
fn member_matches(json: &str, key: &str, wanted: &Wanted) -> bool {
    // Values are looked at where the key stands, before the whole is taken apart: mostly none of them will do. A quoted key is
    // never part of a text, whose quotes are escaped.
    let marked = format!("\"{key}\":");
    let mut places = json.match_indices(&marked).filter_map(|(at, _)| json.get(at + marked.len()..));
    let could = |value: Json| match value {
        Json::Array(items) => items.iter().any(|item| wanted.value(item)),
        one => wanted.value(&one),
    };
    let first =
        |rest: &str| serde_json::Deserializer::from_str(rest).into_iter().next().and_then(std::result::Result::ok);
    if !places.any(|rest| first(rest).is_some_and(could)) {
        return false;
    }
    let Ok(Json::Object(members)) = serde_json::from_str(json) else { return false };
    match members.get(key) {
        None => false,
        Some(Json::Array(items)) => items.iter().any(|item| wanted.value(item)),
        Some(one) => wanted.value(one),
    }
}

/// Ids of the names or texts of which a comparison holds.
pub(crate) fn matching(db: &Connection, table: &str, column: &str, op: Op, value: &str) -> Result<Ids> {
    if table == "text" && op == Op::Is {
        return Ok(text::ids(db, value)?.into_iter().map(u64::from).collect());
    }
    let (condition, value) = match op {
        Op::Is => (format!("{column} = ?"), Value::Text(value.to_owned())),
        op => compare(column, op, value),
    };
    let mut statement = db.prepare(&format!("SELECT id FROM {table} WHERE {condition}"))?;
    let rows = statement.query_map([value], |row| row.get::<_, i64>(0))?;
    Ok(rows.map(|id| id.map(|id| id as u64)).collect::<rusqlite::Result<_>>()?)
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
            ("AA", Op::Is, "1", true),
            ("AA", Op::Is, "0", false),
            ("ttl", Op::AtMost, "60", true),
            ("query", Op::Matches, "^lamp\\.", true),
            ("query", Op::Holds, "lamp", false),
            ("answers", Op::Within, "192.0.2.0/24", true),
            ("query", Op::Has, "", true),
            ("answers", Op::Is, "192.0.2.1", true),
            ("answers", Op::Is, "192.0.2.2", false),
            ("nothing", Op::Contains, "", false),
            ("query", Op::OneOf, r#"["x","Lamp.example"]"#, true),
            ("ttl", Op::OneOf, r#"["6","60"]"#, true),
            ("answers", Op::OneOf, r#"["192.0.2.1"]"#, true),
            ("query", Op::OneOf, r#"["lamp.example"]"#, false),
            ("query", Op::OneOf, "[]", false),
        ] {
            let ready = Wanted::new(op, wanted).unwrap();
            assert_eq!(member_matches(json, key, &ready), holds, "{key} {op:?} {wanted}");
        }
    }
}
