//! Which rows: conditions, words, a time range - and how they become SQL. Values are always bound, never spliced in.

use rusqlite::types::Value;

use crate::filter::Expr;
use crate::{Case, Result};

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
    /// One of many texts: the value is a list of them in JSON.
    OneOf,
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
        Op::OneOf => return (format!("CAST({expression} AS TEXT) IN (SELECT value FROM json_each(?))"), text),
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
