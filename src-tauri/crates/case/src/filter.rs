//! Filters as trees of conditions, and how they become SQL. What a person's names mean is decided further up: here stand only
//! columns of facts, columns of flows, and the ways between the two. Values are always bound, never spliced in.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use model::Mac;
use regex::{Regex, RegexBuilder};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::facts::{Scan, Test};
use crate::flow_frames::serial;
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::select::{Condition, Op, compare};
use crate::views::{VIEWS, ViewSpec, column_condition};
use crate::{Case, Error, Result};

/// A tree of conditions on one table's rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold; of none: true.
    All(Vec<Expr>),
    /// One of them holds; of none: false.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// On a column of the row.
    Is(Condition),
    /// The row is a fact of one of these kinds.
    Kinds(Vec<String>),
    /// Of a fact: what holds of the flow that it belongs to.
    Flow(Box<Expr>),
    /// Of a fact: what holds of that end of its flow which is the fact's `src` (or its `dst`): a condition each for the end that
    /// opened the flow and for the other.
    End {
        dst: bool,
        orig: Box<Expr>,
        resp: Box<Expr>,
    },
    /// Of a flow: it holds a fact of these kinds for which this holds.
    Fact(Vec<String>, Box<Expr>),
}

impl Expr {
    pub fn is(field: impl Into<String>, op: Op, value: impl Into<String>) -> Expr {
        Expr::Is(Condition { field: field.into(), op, value: value.into() })
    }

    #[expect(clippy::should_implement_trait, reason = "a tree is built, nothing is computed")]
    pub fn not(self) -> Expr {
        Expr::Not(Box::new(self))
    }
}

type Sql = (String, Vec<Value>);

/// Of flows, as the table holds them (alias `w`).
fn flow_sql(case: &Case, expr: &Expr) -> Result<Sql> {
    match expr {
        Expr::Is(Condition { field, op, value }) => {
            if field == "evidence" {
                let runs: Vec<String> = case.runs_matching(value)?.iter().map(i64::to_string).collect();
                let not = if *op == Op::IsNot { "NOT " } else { "" };
                return Ok((format!("w.id >> {RUN_BITS} {not}IN ({})", runs.join(",")), Vec::new()));
            }
            let host = match field.as_str() {
                "id.orig_h" => Some("orig_h"),
                "id.resp_h" => Some("resp_h"),
                _ => None,
            };
            if let Some(host) = host {
                // Equality as it stands uses the index on distinct texts.
                if *op == Op::Is {
                    let ids = case.read(|db| crate::text::ids(db, value))?;
                    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
                    return Ok((format!("w.{host} IN ({})", ids.join(",")), Vec::new()));
                }
                let (comparison, value) = compare("value", *op, value);
                return Ok((format!("w.{host} IN (SELECT id FROM text WHERE {comparison})"), vec![value]));
            }
            let mac = match field.as_str() {
                "orig_l2_addr" => Some("w.orig_mac"),
                "resp_l2_addr" => Some("w.resp_mac"),
                _ => None,
            };
            // Few comparisons need it as text.
            match (mac, op, Mac::parse(value)) {
                (Some(mac), Op::Has, _) => return Ok((format!("{mac} IS NOT NULL"), Vec::new())),
                (Some(mac), Op::Is, Ok(wanted)) if wanted.to_string() == *value => {
                    return Ok(settled((format!("{mac} = {}", wanted.to_bits()), Vec::new())));
                }
                _ => {}
            }
            let column = match field.as_str() {
                "id.orig_p" => "w.orig_p",
                "id.resp_p" => "w.resp_p",
                "orig_l2_addr" => "lintel_mac(w.orig_mac)",
                "resp_l2_addr" => "lintel_mac(w.resp_mac)",
                "frame" => "w.first_frame",
                "duration" => "((w.last_ts - w.ts) / 1e9)",
                "uid" | "ts" | "last_ts" | "proto" | "service" | "conn_state" | "history" | "missed_bytes"
                | "orig_bytes" | "resp_bytes" | "orig_pkts" | "resp_pkts" | "orig_ip_bytes" | "resp_ip_bytes"
                | "orig_wire_bytes" | "resp_wire_bytes" | "vlan" | "odd_port" | "last_frame" => &format!("w.{field}"),
                other => return Err(Error::Invalid(format!("flows have no column '{other}'"))),
            };
            let flows = VIEWS.iter().find(|view| view.name == "flows").ok_or_else(misplaced)?;
            let condition = Condition { field: field.clone(), op: *op, value: value.clone() };
            let (comparison, value) = column_condition(flows, &condition, Some(column))?;
            Ok(settled((comparison, vec![value])))
        }
        Expr::Fact(kinds, inner) => {
            Ok(("w.id IN (SELECT value FROM json_each(?))".into(), vec![flows_with(case, kinds, inner)?]))
        }
        Expr::Kinds(_) | Expr::Flow(_) | Expr::End { .. } => Err(misplaced()),
        both => joined(both, &mut |expr| flow_sql(case, expr)),
    }
}

/// Of one of the fixed tables, as it is shown.
pub(crate) fn view_sql(case: &Case, view: &ViewSpec, expr: &Expr) -> Result<Sql> {
    match expr {
        Expr::Is(condition) if condition.field == "evidence" => {
            let items: Vec<String> = case.evidence_matching(&condition.value)?.iter().map(i64::to_string).collect();
            let not = if condition.op == Op::IsNot { "NOT " } else { "" };
            Ok((format!("coalesce(_evidence {not}IN ({}), 0)", items.join(",")), Vec::new()))
        }
        Expr::Is(condition) => {
            let (comparison, value) = column_condition(view, condition, None)?;
            Ok(settled((comparison, vec![value])))
        }
        Expr::Fact(kinds, inner) if view.name == "flows" => {
            Ok(("_id IN (SELECT value FROM json_each(?))".into(), vec![flows_with(case, kinds, inner)?]))
        }
        Expr::Kinds(_) | Expr::Flow(_) | Expr::End { .. } | Expr::Fact(..) => Err(misplaced()),
        both => joined(both, &mut |expr| view_sql(case, view, expr)),
    }
}

fn joined(expr: &Expr, each: &mut dyn FnMut(&Expr) -> Result<Sql>) -> Result<Sql> {
    let (list, sign, empty) = match expr {
        Expr::All(list) => (list.as_slice(), " AND ", "1"),
        Expr::Any(list) => (list.as_slice(), " OR ", "0"),
        Expr::Not(inner) => {
            let (sql, values) = each(inner)?;
            return Ok((format!("NOT {sql}"), values));
        }
        _ => return Err(misplaced()),
    };
    let (mut clauses, mut values) = (Vec::new(), Vec::new());
    for one in list {
        let (sql, more) = each(one)?;
        clauses.push(sql);
        values.extend(more);
    }
    if clauses.is_empty() {
        clauses.push(empty.to_owned());
    }
    Ok((format!("({})", clauses.join(sign)), values))
}

/// Ids of flows that hold a fact of these kinds for which `inner` holds, as a list for SQL.
fn flows_with(case: &Case, kinds: &[String], inner: &Expr) -> Result<Value> {
    let found = case.read(|db| {
        let test = Test::All(vec![Test::kinds(db, kinds)?, Test::of_expr(case, db, inner)?]);
        let mut flows: HashSet<i64> = HashSet::new();
        Scan::new(db, test)?.each(&mut |chunk, mask| {
            let run = chunk.meta.run;
            let column = &chunk.places()?.uid;
            let uids = (0..column.index.len()).filter(|row| mask.has(*row)).map(|row| column.get(row));
            flows.extend(uids.filter(|uid| *uid != 0).map(|uid| flow_id(run, uid)));
            Ok(())
        })?;
        Ok(flows)
    })?;
    Ok(Value::Text(serde_json::to_string(&found).unwrap_or_default()))
}

/// The id of a flow's row: its name says its number in the run.
pub(crate) fn flow_id(run: RunId, uid: u64) -> i64 {
    run << RUN_BITS | i64::from(model::Uid(uid).serial())
}

/// Two columns of the flows (alias `w`) for which `expr` holds.
pub(crate) fn flows(case: &Case, db: &Connection, expr: &Expr, columns: &str) -> Result<Vec<(i64, u64)>> {
    let (sql, values) = flow_sql(case, expr)?;
    let mut statement = db.prepare(&format!("SELECT {columns} FROM flow w WHERE {sql}"))?;
    let rows = statement.query_map(params_from_iter(&values), |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Nothing to compare with is "no", so that its opposite is "yes".
fn settled((sql, values): Sql) -> Sql {
    (format!("coalesce(({sql}), 0)"), values)
}

pub(crate) fn misplaced() -> Error {
    Error::Invalid("the filter can't be asked of this table".into())
}

impl Case {
    /// Flows for which `expr` holds: (run, number in the run), in order.
    pub fn flows_where(&self, expr: &Expr) -> Result<Vec<(RunId, u32)>> {
        let (sql, values) = flow_sql(self, expr)?;
        self.read(|db| {
            let mut statement = db.prepare(&format!("SELECT w.id FROM flow w WHERE {sql} ORDER BY w.id"))?;
            let rows = statement.query_map(params_from_iter(&values), |row| row.get::<_, i64>(0))?;
            Ok(rows.map(|id| id.map(|id| (id >> RUN_BITS, serial(id)))).collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Frames that complete a fact for which `expr` holds: (run, frame), in order, each once.
    pub fn fact_frames_where(&self, expr: &Expr) -> Result<Vec<(RunId, u64)>> {
        let mut frames: Vec<(RunId, u64)> = Vec::new();
        self.read(|db| {
            Scan::new(db, Test::of_expr(self, db, expr)?)?.each(&mut |chunk, mask| {
                let run = chunk.meta.run;
                let column = &chunk.places()?.frame;
                let of = column.iter().enumerate().filter(|(row, frame)| **frame != 0 && mask.has(*row));
                frames.extend(of.map(|(_, frame)| (run, *frame as u64)));
                Ok(())
            })
        })?;
        frames.sort_unstable();
        frames.dedup();
        Ok(frames)
    }
}

/// Bytes that a compiled pattern may take.
const LARGEST_PATTERN: usize = 1 << 20;

/// A regular expression as filters mean it: whatever the case, as in Wireshark, and never larger than is good for us.
pub fn pattern(text: &str) -> std::result::Result<Regex, String> {
    let built = RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(LARGEST_PATTERN)
        .dfa_size_limit(LARGEST_PATTERN)
        .nest_limit(64)
        .build();
    built.map_err(|why| match why {
        regex::Error::CompiledTooBig(_) => "it is too large".into(),
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    })
}

/// A block of addresses: `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    bits: u8,
}

impl Block {
    pub fn parse(text: &str) -> Option<Block> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Block { address, bits })
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        let mask = |bits: u8, width: u32| if bits == 0 { 0 } else { u128::MAX << (width - u32::from(bits)) };
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(four)) => {
                let mask = mask(self.bits, 32) as u32;
                u32::from(block) & mask == u32::from(four) & mask
            }
            (IpAddr::V6(block), IpAddr::V6(six)) => {
                let mask = mask(self.bits, 128);
                u128::from(block) & mask == u128::from(six) & mask
            }
            _ => false,
        }
    }
}

/// What SQL can't do by itself. Registered on every connection.
pub(crate) fn functions(db: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("lintel_matches", 2, flags, |context: &Context| {
        let pattern: Arc<Regex> = context.get_or_create_aux(1, |value| {
            pattern(value.as_str()?).map_err(|why| -> Box<dyn std::error::Error + Send + Sync> { why.into() })
        })?;
        Ok(context.get_raw(0).as_str().is_ok_and(|text| pattern.is_match(text)))
    })?;
    db.create_scalar_function("lintel_mac", 1, flags, |context: &Context| {
        Ok(context.get::<Option<i64>>(0)?.map(|bits| Mac::from_bits(bits as u64).to_string()))
    })?;
    db.create_scalar_function("lintel_within", 2, flags, |context: &Context| {
        let block: Arc<Option<Block>> = context
            .get_or_create_aux(1, |value| Ok::<_, rusqlite::types::FromSqlError>(Block::parse(value.as_str()?)))?;
        let address = context.get_raw(0).as_str().ok().and_then(|text| text.parse().ok());
        Ok(block.zip(address).is_some_and(|(block, address)| block.holds(address)))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        for (block, address, holds) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("192.168.1.129/25", "192.168.1.200", true),
            ("192.168.1.129/25", "192.168.1.100", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "10.0.0.1", false),
        ] {
            assert_eq!(Block::parse(block).unwrap().holds(address.parse().unwrap()), holds, "{block} {address}");
        }
        for text in ["10.0.0.0/33", "10.0.0/8", "::/129", "x", "1.2.3.4/", ""] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(pattern("^TUYA").unwrap().is_match("tuya.example"));
        assert!(pattern("(").is_err());
        assert_eq!(pattern("(((a{100}){100}){100}){100}").map(|_| ()), Err("it is too large".into()));
    }
}
