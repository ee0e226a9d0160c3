//! The fixed tables that a case shows, and paging through them. Facts have a file of their own.

use rusqlite::types::{Value, ValueRef};

use crate::filter;
use crate::schema::RUN_BITS;
use crate::select::{Condition, Op, Select, Where, compare};
use crate::{Case, Error, NO_TIME, Result};

pub type Row = serde_json::Map<String, serde_json::Value>;

/// How a column's values read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// Addresses, hashes, ids.
    Code,
    Time,
    Number,
    Bytes,
    Duration,
    Flag,
    List,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub about: String,
    pub shape: Shape,
    pub sortable: bool,
}

#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    pub select: Select,
    /// A column; empty: the view's own order.
    pub sort: String,
    pub descending: bool,
    /// `next` of an earlier page.
    pub after: Option<String>,
    pub skip: u64,
    pub limit: u32,
    pub count: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub columns: Vec<Column>,
    /// Each has `_id`.
    pub rows: Vec<Row>,
    pub next: Option<String>,
    pub total: Option<u64>,
}

/// A table of the case: a SELECT with named columns, of which `_id` names the row, `_ts` places it in time and
/// `_evidence` says which item it is from.
pub struct ViewSpec {
    pub name: &'static str,
    pub about: &'static str,
    sql: &'static str,
    order: &'static str,
    /// The table that has a row, with `id` and `ts`, for each of its rows.
    table: Option<&'static str>,
    columns: &'static [(&'static str, Shape, &'static str)],
    /// Columns that words are looked for in.
    searched: &'static [&'static str],
}

/// `frames` and the kinds of facts come besides.
pub static VIEWS: &[ViewSpec] = &[
    ViewSpec {
        name: "evidence",
        about: "what was given or made, and what it was taken for",
        sql: "SELECT e.id AS _id, coalesce(r.first_ts, e.modified) AS _ts, e.id AS _evidence, e.sha256, e.path, e.name, e.kind, e.reason, e.size, e.status,
              e.note, sum(r.frames) AS frames, sum(r.facts) AS facts, sum(r.issues) AS issues, min(r.first_ts) AS first_ts, max(r.last_ts) AS last_ts,
              p.sha256 AS parent, p.id AS _parent, e.blake3, e.modified, e.stored, e.copy, e.verified, e.verified_at
              FROM evidence e LEFT JOIN run r ON r.evidence = e.id LEFT JOIN evidence p ON p.id = e.parent
              WHERE e.status <> 'duplicate' GROUP BY e.id",
        order: "_id",
        table: None,
        columns: &[
            ("sha256", Shape::Code, "SHA-256 of all its bytes"),
            ("path", Shape::Text, "as given; members of a container: container!/member"),
            ("name", Shape::Text, "last part of the path"),
            ("kind", Shape::Text, "format, container or 'other'"),
            ("reason", Shape::Text, "why it was taken for that"),
            ("size", Shape::Bytes, "bytes"),
            ("status", Shape::Text, "complete, partial (damaged or cut short), failed, reading, interrupted, cancelled"),
            ("note", Shape::Text, "what is missing or went wrong"),
            ("frames", Shape::Number, "packets"),
            ("facts", Shape::Number, "facts read from it"),
            ("issues", Shape::Number, "what could not be read"),
            ("first_ts", Shape::Time, "earliest time in it"),
            ("last_ts", Shape::Time, "latest time in it"),
            ("parent", Shape::Code, "SHA-256 of the container that it is in"),
            ("blake3", Shape::Code, "BLAKE3 of all its bytes"),
            ("modified", Shape::Time, "last change of the file, as its file system says"),
            ("stored", Shape::Text, "reference: read where it is; copy: a verified copy is in the case"),
            ("copy", Shape::Text, "path of the copy in the case folder"),
            ("verified", Shape::Text, "when last hashed again: match, changed, missing, unreadable"),
            ("verified_at", Shape::Time, "when it was last hashed again"),
        ],
        searched: &["path", "kind", "reason", "sha256"],
    },
    ViewSpec {
        name: "runs",
        about: "passes of a parser over an item of evidence",
        sql: "SELECT r.id AS _id, r.first_ts AS _ts, e.id AS _evidence, e.sha256 AS evidence, e.path, r.parser, r.version, r.status, r.frames, r.facts,
              r.flows, r.issues, r.first_ts, r.last_ts FROM run r JOIN evidence e ON e.id = r.evidence",
        order: "_id",
        table: None,
        columns: &[
            ("evidence", Shape::Code, "SHA-256 of the item"),
            ("path", Shape::Text, "path of the item"),
            ("parser", Shape::Text, "what read it"),
            ("version", Shape::Text, "version of the parser"),
            ("status", Shape::Text, "done, partial, running, interrupted"),
            ("frames", Shape::Number, "packets"),
            ("facts", Shape::Number, "facts"),
            ("flows", Shape::Number, "conversations"),
            ("issues", Shape::Number, "what could not be read"),
            ("first_ts", Shape::Time, "earliest time"),
            ("last_ts", Shape::Time, "latest time"),
        ],
        searched: &["path", "parser"],
    },
    ViewSpec {
        name: "issues",
        about: "what could not be read: where and why",
        sql: "SELECT i.id AS _id, NULL AS _ts, e.id AS _evidence, e.sha256 AS evidence, e.path, i.what, i.why, i.frame, i.offset, i.skipped
              FROM issue i JOIN run r ON r.id = i.run JOIN evidence e ON e.id = r.evidence",
        order: "_id",
        table: None,
        columns: &[
            ("what", Shape::Text, "what was being read"),
            ("why", Shape::Text, "why it failed"),
            ("frame", Shape::Number, "frame, in a capture"),
            ("offset", Shape::Number, "offset in the item"),
            ("skipped", Shape::Bytes, "bytes left out because of it"),
            ("evidence", Shape::Code, "SHA-256 of the item"),
            ("path", Shape::Text, "path of the item"),
        ],
        searched: &["what", "why", "path"],
    },
    ViewSpec {
        name: "flows",
        about: "conversations, with the fields of Zeek's conn.log",
        sql: "SELECT f.id AS _id, f.ts AS _ts, r.evidence AS _evidence, f.ts, f.uid, o.value AS \"id.orig_h\", f.orig_p AS \"id.orig_p\",
              p.value AS \"id.resp_h\", f.resp_p AS \"id.resp_p\", f.proto, f.service, (f.last_ts - f.ts) / 1e9 AS duration, f.orig_bytes, f.resp_bytes,
              f.conn_state, f.history, f.missed_bytes, f.orig_pkts, f.orig_ip_bytes, f.orig_wire_bytes, f.resp_pkts, f.resp_ip_bytes, f.resp_wire_bytes,
              lintel_mac(f.orig_mac) AS orig_l2_addr, lintel_mac(f.resp_mac) AS resp_l2_addr, f.vlan, f.odd_port AS odd_port, f.last_ts, f.first_frame AS frame, f.last_frame,
              e.sha256 AS evidence
              FROM flow f JOIN text o ON o.id = f.orig_h JOIN text p ON p.id = f.resp_h JOIN run r ON r.id = f.id >> 40 JOIN evidence e ON e.id = r.evidence",
        order: "_ts, _id",
        table: Some("flow"),
        columns: &[
            ("ts", Shape::Time, "first frame"),
            ("uid", Shape::Code, "name of the flow"),
            ("id.orig_h", Shape::Code, "who opened it"),
            ("id.orig_p", Shape::Number, "port of who opened it"),
            ("id.resp_h", Shape::Code, "who answered"),
            ("id.resp_p", Shape::Number, "port of who answered"),
            ("proto", Shape::Text, "transport: tcp, udp, icmp, ip (other)"),
            ("service", Shape::Text, "application protocol, recognised by payload"),
            ("duration", Shape::Duration, "first to last frame, seconds"),
            ("orig_bytes", Shape::Bytes, "payload from who opened it"),
            ("resp_bytes", Shape::Bytes, "payload from who answered"),
            ("conn_state", Shape::Text, "how it went, in Zeek's words"),
            ("history", Shape::Code, "what happened in order, in Zeek's letters"),
            ("missed_bytes", Shape::Bytes, "payload that no frame holds"),
            ("orig_pkts", Shape::Number, "frames from who opened it"),
            ("orig_ip_bytes", Shape::Bytes, "IP bytes from who opened it"),
            ("orig_wire_bytes", Shape::Bytes, "bytes on the wire from who opened it"),
            ("resp_pkts", Shape::Number, "frames from who answered"),
            ("resp_ip_bytes", Shape::Bytes, "IP bytes from who answered"),
            ("resp_wire_bytes", Shape::Bytes, "bytes on the wire from who answered"),
            ("orig_l2_addr", Shape::Code, "hardware address of who opened it"),
            ("resp_l2_addr", Shape::Code, "hardware address of who answered"),
            ("vlan", Shape::Number, "VLAN"),
            ("odd_port", Shape::Flag, "the protocol is on a port that is not its own"),
            ("last_ts", Shape::Time, "last frame"),
            ("frame", Shape::Number, "first frame"),
            ("last_frame", Shape::Number, "last frame"),
            ("evidence", Shape::Code, "SHA-256 of the item"),
        ],
        searched: &["id.orig_h", "id.resp_h", "service", "orig_l2_addr", "resp_l2_addr"],
    },
    ViewSpec {
        name: "devices",
        about: "who lived in the house, by hardware address",
        sql: "SELECT mac AS _id, first_ts AS _ts, NULL AS _evidence, mac, name, vendor, local, ips, names, protocols, first_ts, last_ts, frames, bytes,
              details ->> 'station_id' AS station_id, details ->> 'join_rule' AS join_rule, details ->> 'join_confidence' AS join_confidence,
              details ->> 'band' AS band, details ->> 'connected' AS connected, details ->> 'wired' AS wired,
              details ->> 'lease_address' AS lease_address, details ->> 'also' AS also,
              details ->> 'joined' AS joined FROM device",
        order: "_id",
        table: None,
        columns: &[
            ("name", Shape::Text, "the best name known"),
            ("mac", Shape::Code, "hardware address"),
            ("vendor", Shape::Text, "who was given the address block, by the IEEE lists"),
            ("ips", Shape::List, "IP addresses that it used"),
            ("names", Shape::List, "names that it or others gave it"),
            ("protocols", Shape::List, "application protocols that it spoke"),
            ("first_ts", Shape::Time, "first seen"),
            ("last_ts", Shape::Time, "last seen"),
            ("frames", Shape::Number, "packets that it sent"),
            ("bytes", Shape::Bytes, "bytes that it sent"),
            ("local", Shape::Flag, "locally administered address: made up by software, perhaps for a short time"),
            ("station_id", Shape::Code, "the router's id of it"),
            ("join_rule", Shape::Text, "how the router's pseudonyms of it were joined"),
            ("join_confidence", Shape::Text, "how sure the join is"),
            ("band", Shape::Text, "Wi-Fi band at the time of the router's report"),
            ("connected", Shape::Flag, "connected at the time of the router's report"),
            ("wired", Shape::Flag, "connected by cable at the time of the router's report"),
            ("lease_address", Shape::Code, "address that the router had leased to it"),
            ("also", Shape::Code, "a second pseudonym of the same device in the router's report"),
            ("joined", Shape::List, "other addresses that the analyst takes for this device's"),
        ],
        searched: &["name", "mac", "vendor", "ips", "names", "protocols"],
    },
    ViewSpec {
        name: "identities",
        about: "what names or describes a device: names, models, software, addresses",
        sql: "SELECT i.rowid AS _id, i.first_ts AS _ts, i.evidence AS _evidence, i.mac, d.name, i.kind, i.value, i.count, i.first_ts, i.last_ts,
              i.frame, e.sha256 AS evidence FROM identity i LEFT JOIN device d ON d.mac = i.mac LEFT JOIN evidence e ON e.id = i.evidence",
        order: "_id",
        table: None,
        columns: &[
            ("name", Shape::Text, "the device, by the best name known"),
            ("mac", Shape::Code, "its hardware address"),
            ("kind", Shape::Text, "what says so"),
            ("value", Shape::Text, "what is said"),
            ("count", Shape::Number, "how often"),
            ("first_ts", Shape::Time, "first said"),
            ("last_ts", Shape::Time, "last said"),
            ("frame", Shape::Number, "first frame"),
            ("evidence", Shape::Code, "SHA-256 of the item"),
        ],
        searched: &["name", "mac", "kind", "value"],
    },
    ViewSpec {
        name: "presence",
        about: "when a hardware address was heard, per item of evidence",
        sql: "SELECT s.rowid AS _id, s.first_ts AS _ts, e.id AS _evidence, s.mac, s.ip, s.first_ts, s.last_ts, s.frames, s.bytes, s.first_frame AS frame,
              e.sha256 AS evidence, e.path FROM sighting s JOIN run r ON r.id = s.run JOIN evidence e ON e.id = r.evidence",
        order: "_id",
        table: None,
        columns: &[
            ("mac", Shape::Code, "hardware address"),
            ("ip", Shape::Code, "IP address of its own that it used"),
            ("first_ts", Shape::Time, "first heard"),
            ("last_ts", Shape::Time, "last heard"),
            ("frames", Shape::Number, "packets"),
            ("bytes", Shape::Bytes, "bytes"),
            ("frame", Shape::Number, "first frame"),
            ("evidence", Shape::Code, "SHA-256 of the item"),
            ("path", Shape::Text, "path of the item"),
        ],
        searched: &["mac", "ip"],
    },
];

impl ViewSpec {
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.columns.iter();
        columns
            .map(|(name, shape, about)| Column {
                name: (*name).into(),
                about: (*about).into(),
                shape: *shape,
                sortable: true,
            })
            .collect()
    }
}

impl Case {
    /// A page of one of [`VIEWS`].
    pub fn page(&self, view: &ViewSpec, request: &PageRequest) -> Result<Page> {
        let mut clause = Where::default();
        for condition in &request.select.conditions {
            if condition.field == "evidence" {
                let items: Vec<String> = self.evidence_matching(&condition.value)?.iter().map(i64::to_string).collect();
                let not = if condition.op == Op::IsNot { "NOT " } else { "" };
                clause.add(format!("_evidence {not}IN ({})", items.join(",")), []);
                continue;
            }
            let (comparison, value) = column_condition(view, condition, None)?;
            clause.add(comparison, [value]);
        }
        if let Some(expr) = &request.select.filter {
            let (sql, values) = filter::view_sql(self, view, expr)?;
            clause.add(sql, values);
        }
        if let Some(since) = request.select.since {
            clause.add("_ts >= ?", [Value::Integer(since)]);
        }
        if let Some(until) = request.select.until {
            clause.add("_ts < ?", [Value::Integer(until)]);
        }
        for word in request.select.search.split_whitespace() {
            let any: Vec<String> =
                view.searched.iter().map(|column| format!("instr(lower(\"{column}\"), lower(?)) > 0")).collect();
            clause.add(format!("({})", any.join(" OR ")), vec![Value::Text(word.into()); any.len()]);
        }
        let direction = if request.descending { "DESC" } else { "ASC" };
        let order = match view.columns.iter().find(|(name, ..)| *name == request.sort) {
            Some((name, ..)) => format!("\"{name}\" {direction}, _id {direction}"),
            None if request.sort.is_empty() => {
                view.order.split(", ").map(|key| format!("{key} {direction}")).collect::<Vec<_>>().join(", ")
            }
            None => return Err(Error::Invalid(format!("the view '{}' has no column '{}'", view.name, request.sort))),
        };
        // In the view's own order a page begins behind a key, which costs the same for the last page as for the first.
        let keyed = request.sort.is_empty();
        let whole = clause.sql();
        let whole_values = clause.values.clone();
        let mut from = request.skip;
        match &request.after {
            Some(after) if keyed => {
                let (ts, id) = after.split_once('|').ok_or_else(not_ours)?;
                let id = id.parse().map(Value::Integer).unwrap_or_else(|_| Value::Text(id.into()));
                let beyond = if request.descending { "<" } else { ">" };
                match view.order {
                    "_id" => clause.add(format!("_id {beyond} ?"), [id]),
                    _ => {
                        let ts = Value::Integer(ts.parse().map_err(|_| not_ours())?);
                        clause.add(format!("(_ts, _id) {beyond} (?, ?)"), [ts, id]);
                    }
                }
            }
            Some(after) => from += after.parse::<u64>().map_err(|_| not_ours())?,
            None => {}
        }
        let limit = u64::from(request.limit) + 1;
        let sql = match view.table {
            // A page of all rows is found among narrow keys, and only then joined with what they refer to.
            Some(table) if keyed && whole.is_empty() => {
                let keys = clause.sql().replace("_ts, _id", "ts, id");
                format!(
                    "SELECT * FROM ({}) WHERE _id IN (SELECT id FROM {table}{keys} ORDER BY ts {direction}, id {direction} LIMIT {limit} OFFSET {from})
                     ORDER BY {order}",
                    view.sql
                )
            }
            _ => format!("SELECT * FROM ({}){} ORDER BY {order} LIMIT {limit} OFFSET {from}", view.sql, clause.sql()),
        };
        self.read(|db| {
            let mut page = Page { columns: view.columns(), ..Page::default() };
            let mut statement = db.prepare(&sql)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query(rusqlite::params_from_iter(&clause.values))?;
            let mut last = String::new();
            while let Some(row) = rows.next()? {
                if page.rows.len() as u64 == u64::from(request.limit) {
                    page.next = Some(if keyed { last } else { (from + u64::from(request.limit)).to_string() });
                    break;
                }
                if keyed {
                    last = key(row)?;
                }
                let mut shown = Row::new();
                for (at, name) in names.iter().enumerate() {
                    let shape = view.columns.iter().find(|(column, ..)| column == name).map(|(_, shape, _)| *shape);
                    match shape {
                        Some(shape) => shown.insert(name.clone(), show(shape, name, row.get_ref(at)?)),
                        None if name == "_id" || name == "_parent" || name == "_evidence" => {
                            shown.insert(name.clone(), show(Shape::Text, name, row.get_ref(at)?))
                        }
                        None => None,
                    };
                }
                page.rows.push(shown);
            }
            drop(rows);
            if request.count {
                let sql = match view.table {
                    Some(table) if whole.is_empty() => format!("SELECT count(*) FROM {table}"),
                    _ => format!("SELECT count(*) FROM ({}){whole}", view.sql),
                };
                let total: i64 = db.query_row(&sql, rusqlite::params_from_iter(&whole_values), |row| row.get(0))?;
                page.total = Some(total as u64);
            }
            Ok(page)
        })
    }
}

/// A condition on a column of a view; `of`: the SQL expression that stands for it, if not its name.
pub(crate) fn column_condition(view: &ViewSpec, condition: &Condition, of: Option<&str>) -> Result<(String, Value)> {
    let Some((name, shape, _)) = view.columns.iter().find(|(name, ..)| *name == condition.field) else {
        return Err(Error::Invalid(format!("the view '{}' has no column '{}'", view.name, condition.field)));
    };
    let value = if condition.op == Op::Has { String::new() } else { stored(*shape, name, &condition.value)? };
    let own = format!("\"{name}\"");
    let (comparison, value) = compare(of.unwrap_or(&own), condition.op, &value);
    // A flow's name says where its row is in each run: there is no index of names.
    if let ("flows", "uid", Op::Is, Some(uid)) = (view.name, *name, condition.op, model::Uid::parse(&condition.value)) {
        let (id, serial) = (if of.is_some() { "w.id" } else { "_id" }, uid.serial());
        return Ok((format!("({comparison} AND {id} IN (SELECT (id << {RUN_BITS}) + {serial} FROM run))"), value));
    }
    Ok((comparison, value))
}

fn not_ours() -> Error {
    Error::Invalid("the page to go on from is not one of ours".into())
}

/// A row's key, for the page after it.
fn key(row: &rusqlite::Row) -> Result<String> {
    let ts = match row.get_ref("_ts")? {
        ValueRef::Integer(ts) => ts,
        _ => NO_TIME,
    };
    Ok(match row.get_ref("_id")? {
        ValueRef::Integer(id) => format!("{ts}|{id}"),
        ValueRef::Text(id) => format!("{ts}|{}", String::from_utf8_lossy(id)),
        _ => String::new(),
    })
}

/// What a person wrote, as the database holds it.
fn stored(shape: Shape, name: &str, value: &str) -> Result<String> {
    Ok(match shape {
        Shape::Time => {
            model::Time::parse(value).map_err(|why| Error::Invalid(format!("filter on {name}: {why}")))?.0.to_string()
        }
        Shape::Flag if value == "true" => "1".into(),
        Shape::Flag if value == "false" => "0".into(),
        Shape::Code if name == "uid" => match model::Uid::parse(value) {
            Some(uid) => (uid.0 as i64).to_string(),
            None => value.into(),
        },
        _ => value.into(),
    })
}

/// What the database holds, as it is shown.
pub(crate) fn show(shape: Shape, name: &str, value: ValueRef) -> serde_json::Value {
    use serde_json::Value as Json;
    match (shape, value) {
        (_, ValueRef::Null | ValueRef::Blob(_)) => Json::Null,
        (Shape::Time, ValueRef::Integer(NO_TIME)) => Json::Null,
        (Shape::Time, ValueRef::Integer(ns)) => Json::String(model::Time(ns).to_string()),
        (Shape::Flag, ValueRef::Integer(n)) => Json::Bool(n != 0),
        (Shape::Code, ValueRef::Integer(n)) if name == "uid" => Json::String(model::Uid(n as u64).to_string()),
        (Shape::List, ValueRef::Text(text)) => serde_json::from_slice(text).unwrap_or(Json::Null),
        (_, ValueRef::Integer(n)) => n.into(),
        (_, ValueRef::Real(n)) => n.into(),
        (_, ValueRef::Text(text)) => Json::String(String::from_utf8_lossy(text).into_owned()),
    }
}
