//! Which rows: conditions, words, a time range - and how they become SQL. Values are always bound, never spliced in.

use rusqlite::types::Value;

use crate::filter::{self, Expr};
use crate::{Case, Error, Result, text};

/// All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    pub conditions: Vec<Condition>,
    /// Words that occur in the row's texts.
    pub search: String,
    /// From this time on, ns since 1970 UTC.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    pub filter: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub field: String,
    pub op: Op,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Is,
    IsNot,
    /// Whatever the case.
    Contains,
    Less,
    More,
    AtMost,
    AtLeast,
    /// Contains exactly this.
    Holds,
    /// A regular expression ([`crate::pattern`]).
    Matches,
    /// An address in a block ([`crate::Block`]).
    Within,
    /// It is there and not empty, whatever the value here.
    Has,
}

/// A WHERE clause under construction.
#[derive(Default)]
pub(crate) struct Where {
    clauses: Vec<String>,
    pub values: Vec<Value>,
}

impl Where {
    pub fn add(&mut self, clause: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.clauses.push(clause.into());
        self.values.extend(values);
    }

    /// All in one, without WHERE.
    pub fn all(self) -> (String, Vec<Value>) {
        (self.clauses.join(" AND "), self.values)
    }

    /// ` WHERE a AND b`, or nothing.
    pub fn sql(&self) -> String {
        if self.clauses.is_empty() { String::new() } else { format!(" WHERE {}", self.clauses.join(" AND ")) }
    }
}

/// `expression op value` for one SQL expression; one value to bind.
pub(crate) fn compare(expression: &str, op: Op, value: &str) -> (String, Value) {
    let text = Value::Text(value.into());
    let sign = match op {
        Op::Is => return (format!("CAST({expression} AS TEXT) = ?"), text),
        Op::IsNot => return (format!("CAST({expression} AS TEXT) IS NOT ?"), text),
        Op::Contains => return (format!("instr(lower({expression}), lower(?)) > 0"), text),
        Op::Holds => return (format!("instr(CAST({expression} AS TEXT), ?) > 0"), text),
        Op::Matches => return (format!("lintel_matches(CAST({expression} AS TEXT), ?)"), text),
        Op::Within => return (format!("lintel_within({expression}, ?)"), text),
        Op::Has => return (format!("{expression} <> ?"), Value::Text(String::new())),
        Op::Less => "<",
        Op::More => ">",
        Op::AtMost => "<=",
        Op::AtLeast => ">=",
    };
    let number = value.parse::<i64>().map(Value::Integer).or_else(|_| value.parse::<f64>().map(Value::Real));
    match number {
        // To SQLite every text is more than any number.
        Ok(number) => (format!("(typeof({expression}) <> 'text' AND {expression} {sign} ?)"), number),
        Err(_) => (format!("{expression} {sign} ?"), text),
    }
}

/// Conditions on facts (alias `f`).
pub(crate) fn facts(case: &Case, select: &Select, kind: Option<&str>) -> Result<Where> {
    let mut clause = Where::default();
    if let Some(kind) = kind {
        clause.add("f.kind IN (SELECT id FROM kind WHERE name = ?)", [Value::Text(kind.into())]);
    }
    for condition in &select.conditions {
        fact_condition(case, condition, &mut clause)?;
    }
    if let Some(since) = select.since {
        clause.add("f.ts >= ?", [Value::Integer(since)]);
    }
    if let Some(until) = select.until {
        clause.add("f.ts < ? AND f.ts > -9223372036854775808", [Value::Integer(until)]);
    }
    if let Some(expr) = &select.filter {
        let (sql, values) = filter::fact_sql(case, expr)?;
        clause.add(sql, values);
    }
    let words = text::query(&select.search);
    if !words.is_empty() {
        let hits = "(SELECT rowid FROM text_fts WHERE text_fts MATCH ?)";
        let columns = ["subject", "fields", "src", "dst"].map(|column| format!("f.{column} IN {hits}"));
        clause.add(format!("({})", columns.join(" OR ")), vec![Value::Text(words); columns.len()]);
    }
    Ok(clause)
}

pub(crate) fn fact_condition(case: &Case, condition: &Condition, clause: &mut Where) -> Result<()> {
    let Condition { field, op, value } = condition;
    match field.as_str() {
        "evidence" => {
            let runs = case.runs_matching(value)?;
            let ranges: Vec<String> = runs
                .iter()
                .map(|run| crate::schema::ids_of(*run))
                .map(|(first, last)| format!("f.id BETWEEN {first} AND {last}"))
                .collect();
            let any = if ranges.is_empty() { "0".into() } else { format!("({})", ranges.join(" OR ")) };
            clause.add(if *op == Op::IsNot { format!("NOT {any}") } else { any }, []);
        }
        "kind" | "src" | "dst" | "subject" => {
            let (table, column) = if field == "kind" { ("kind", "name") } else { ("text", "value") };
            let (comparison, value) = compare(column, if *op == Op::IsNot { Op::Is } else { *op }, value);
            let not = if *op == Op::IsNot { "NOT " } else { "" };
            // Equality as it stands uses the index on distinct texts.
            let comparison = comparison.replace(&format!("CAST({column} AS TEXT) = ?"), &format!("{column} = ?"));
            clause.add(format!("{not}coalesce(f.{field} IN (SELECT id FROM {table} WHERE {comparison}), 0)"), [value]);
        }
        "uid" => {
            let uid = model::Uid::parse(value).map(|uid| Value::Integer(uid.0 as i64)).unwrap_or(Value::Null);
            clause.add(if *op == Op::IsNot { "f.uid IS NOT ?" } else { "f.uid = ?" }, [uid]);
        }
        "frame" | "offset" | "length" => {
            let (comparison, value) = compare(&format!("f.{field}"), *op, value);
            clause.add(comparison, [value]);
        }
        "ts" => {
            let ts = model::Time::parse(value).map_err(|why| Error::Invalid(format!("filter on ts: {why}")))?;
            let sign = match op {
                Op::Less => "<",
                Op::More => ">",
                Op::AtMost => "<=",
                Op::AtLeast => ">=",
                Op::IsNot => "<>",
                _ => "=",
            };
            clause.add(format!("f.ts {sign} ? AND f.ts > -9223372036854775808"), [Value::Integer(ts.0)]);
        }
        own => {
            if !own.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
                return Err(Error::Invalid(format!("filter: there is no field '{own}'")));
            }
            let path = Value::Text(format!("$.\"{own}\""));
            let plain = match value.as_str() {
                "true" => "1",
                "false" => "0",
                other => other,
            };
            let (comparison, value) = compare("j.value", if *op == Op::IsNot { Op::Is } else { *op }, plain);
            let not = if *op == Op::IsNot { "NOT " } else { "" };
            // The distinct field sets are far fewer than the facts: they are searched once.
            clause.add(
                format!(
                    "{not}(coalesce(f.fields IN (SELECT t.id FROM text t WHERE substr(t.value, 1, 1) = '{{' AND json_valid(t.value)
                     AND EXISTS (SELECT 1 FROM json_each(t.value, ?) j WHERE {comparison})), 0)
                     OR EXISTS (SELECT 1 FROM json_each(coalesce(f.own, '{{}}'), ?) j WHERE {comparison}))"
                ),
                [path.clone(), value.clone(), path, value],
            );
        }
    }
    Ok(())
}

impl Case {
    /// Ids of the items that `wanted` names: a SHA-256, a prefix of it (at least 4 digits), or a path or the last parts of one; with all
    /// that is inside them.
    pub fn evidence_matching(&self, wanted: &str) -> Result<Vec<i64>> {
        let hex = wanted.len() >= 4 && wanted.len() <= 64 && wanted.bytes().all(|b| b.is_ascii_hexdigit());
        let prefix = if hex { format!("{}%", wanted.to_ascii_lowercase()) } else { String::new() };
        self.read(|db| {
            let mut statement = db.prepare(
                "WITH RECURSIVE down (id) AS (
                   SELECT id FROM evidence WHERE path = ?1 OR (?2 <> '' AND sha256 LIKE ?2)
                     OR (?1 <> '' AND substr(path, -length(?1) - 1) = '/' || ?1)
                   UNION SELECT e.id FROM evidence e JOIN down ON e.parent = down.id)
                 SELECT id FROM down ORDER BY id",
            )?;
            Ok(statement.query_map([wanted, &prefix], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    pub(crate) fn runs_matching(&self, wanted: &str) -> Result<Vec<i64>> {
        let items = self.evidence_matching(wanted)?;
        self.read(|db| {
            let list: Vec<String> = items.iter().map(i64::to_string).collect();
            let mut statement =
                db.prepare(&format!("SELECT id FROM run WHERE evidence IN ({}) ORDER BY id", list.join(",")))?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
    }
}
