//! What was understood of each item of evidence, and what was not: bytes and packets, by parser.

use std::collections::HashMap;

use case::{Case, CoveredItem};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::filter::Around;
use crate::limits::limits;
use crate::rows::{Column, Row, RowsPage, Select, Shape};

pub(crate) const ABOUT: &str = "what was understood of each item, and what was not";

const COLUMNS: &[(&str, Shape, &str)] = &[
    ("name", Shape::Text, "the item"),
    ("parser", Shape::Text, "format that read it"),
    ("part", Shape::Text, "which part of it: a protocol, or what it is instead"),
    (
        "state",
        Shape::Text,
        "of an item: read, read in part, not read; of its parts: understood, encrypted, not understood (no protocol known here), malformed, missing (not in the evidence)",
    ),
    ("flows", Shape::Number, "conversations"),
    ("frames", Shape::Number, "packets"),
    ("bytes", Shape::Bytes, "payload; of a whole item, its size"),
    ("issues", Shape::Number, "places that could not be read"),
    ("limits", Shape::Text, "what its parser is known not to read"),
    ("path", Shape::Text, "path of the item"),
    ("evidence", Shape::Code, "SHA-256 of the item"),
];

/// What can be seen on the way, and no more.
const ENCRYPTED: &[&str] = &["tls", "dtls", "quic", "ssh", "wireguard"];

/// The whole table: it has a few rows for each item. Only `evidence=` and equality select.
pub(crate) fn page(
    case: &Case,
    select: &Select,
    around: &Around,
    after: Option<&str>,
    skip: u64,
    limit: usize,
) -> Result<RowsPage> {
    let asked = select.to_case("coverage", around)?;
    if asked.filter.is_some() || asked.since.is_some() || asked.until.is_some() {
        return Err(Error::invalid("coverage is asked for whole items: by evidence=, state= and the like"));
    }
    let mut rows = table(case)?;
    for condition in &asked.conditions {
        let not = condition.op == case::Op::IsNot;
        if condition.field == "evidence" {
            let items = case.evidence_matching(&condition.value)?;
            rows.retain(|row| items.iter().any(|item| row["_evidence"] == *item) != not);
            continue;
        }
        if !COLUMNS.iter().any(|(name, ..)| *name == condition.field) {
            return Err(Error::invalid(format!("the view 'coverage' has no column '{}'", condition.field)));
        }
        let text = |row: &Row| match &row[condition.field.as_str()] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        match condition.op {
            case::Op::Is | case::Op::IsNot => rows.retain(|row| (text(row) == condition.value) != not),
            _ => rows.retain(|row| text(row).to_lowercase().contains(&condition.value.to_lowercase())),
        }
    }
    for word in asked.search.to_lowercase().split_whitespace() {
        rows.retain(|row| {
            row.values().any(|value| value.as_str().is_some_and(|text| text.to_lowercase().contains(word)))
        });
    }
    let from = after
        .map_or(Ok(0), str::parse::<usize>)
        .map_err(|_| Error::invalid("the page to go on from is not one of ours"))?;
    let from = from.saturating_add(usize::try_from(skip).unwrap_or(usize::MAX));
    let total = rows.len();
    let end = from.saturating_add(limit).min(total);
    let column = |(name, shape, about): &(&str, Shape, &str)| Column {
        name: (*name).into(),
        about: (*about).into(),
        shape: *shape,
        sortable: false,
    };
    Ok(RowsPage {
        columns: COLUMNS.iter().map(column).collect(),
        rows: rows.into_iter().skip(from).take(limit).collect(),
        next: (end < total).then(|| end.to_string()),
        total: Some(total as u64),
    })
}

#[derive(Default)]
struct Part<'p> {
    part: &'p str,
    state: &'p str,
    flows: u64,
    frames: u64,
    bytes: u64,
    issues: u64,
    limits: &'p str,
}

fn table(case: &Case) -> Result<Vec<Row>> {
    let mut flows: HashMap<i64, Vec<case::CoveredFlows>> = HashMap::new();
    for one in case.covered_flows()? {
        flows.entry(one.run).or_default().push(one);
    }
    let mut issues: HashMap<i64, Vec<case::CoveredIssues>> = HashMap::new();
    for one in case.covered_issues()? {
        issues.entry(one.run).or_default().push(one);
    }
    // Facts of the link layer and of radio belong to no flow.
    let told = case.fact_frames_where(&case::Expr::is("uid", case::Op::Has, "").not())?;
    let mut rows = Vec::new();
    let items = case.covered_items()?;
    for item in &items {
        let mut put = |part: Part| rows.push(row(item, &part, rows.len()));
        // What is only given a name, such as JSON of nobody we know, is not read.
        let reads = |parser: &str| {
            evidence::format::ALL.iter().any(|format| format.name() == parser && !format.kinds().is_empty())
        };
        let format = item.run.as_ref().filter(|(_, parser)| item.frames > 0 || reads(parser));
        let Some((run, parser)) = format else {
            // Containers are read through their members; what is none, and no format's, is not read at all.
            let inside = format!("{}!/", item.path);
            let opened = items.iter().any(|other| other.path.starts_with(&inside));
            let (part, state) = if opened { ("opened: see its members", "read") } else { ("whole item", "not read") };
            put(Part { part, state, bytes: item.size, limits: &item.reason, ..Part::default() });
            continue;
        };
        put(Part {
            part: "whole item",
            state: whole(item),
            frames: item.frames,
            bytes: item.size,
            limits: limits(parser),
            ..Part::default()
        });
        let mut missed = 0;
        for one in flows.remove(run).unwrap_or_default() {
            missed += one.missed;
            let unknown = format!("{} of no known protocol", one.proto);
            let (part, state) = match (&one.service, one.proto.as_str()) {
                (Some(service), _) if ENCRYPTED.contains(&service.as_str()) => (service.as_str(), "encrypted"),
                (Some(service), _) => (service.as_str(), "understood"),
                (None, "icmp") => ("icmp", "understood"),
                (None, proto) if one.bytes == 0 => (proto, "understood"), // no payload to understand
                (None, _) => (unknown.as_str(), "not understood"),
            };
            put(Part {
                part,
                state,
                flows: one.flows,
                frames: one.frames,
                bytes: one.bytes,
                limits: limits(part),
                ..Part::default()
            });
        }
        if missed > 0 {
            let why = "TCP sequence numbers claim it, or the snap length cut it";
            put(Part {
                part: "payload that no packet holds",
                state: "missing",
                bytes: missed,
                limits: why,
                ..Part::default()
            });
        }
        let (with_facts, silent) = loose(case, *run, item.frames, &told)?;
        if with_facts > 0 {
            let part = "packets outside of flows with facts";
            put(Part { part, state: "understood", frames: with_facts, ..Part::default() });
        }
        if silent > 0 {
            put(Part {
                part: "packets outside of flows without facts",
                state: "not understood",
                frames: silent,
                limits: "fragments, repetitions, link layers and protocols that are not read",
                ..Part::default()
            });
        }
        for one in issues.remove(run).unwrap_or_default() {
            put(Part { part: &one.what, state: "malformed", issues: one.count, bytes: one.skipped, ..Part::default() });
        }
    }
    Ok(rows)
}

/// Packets of a run that belong to no flow: those that complete a fact, and those that do not.
fn loose(case: &Case, run: i64, frames: u64, told: &[(i64, u64)]) -> Result<(u64, u64)> {
    let (mut with_facts, mut silent) = (0, 0);
    case.each_frames(run, 1, frames, &mut |chunk: &[case::FrameEntry]| -> Result<bool> {
        for entry in chunk.iter().filter(|entry| entry.flow == 0) {
            match told.binary_search(&(run, entry.number)) {
                Ok(_) => with_facts += 1,
                Err(_) => silent += 1,
            }
        }
        Ok(true)
    })?;
    Ok((with_facts, silent))
}

fn whole(item: &CoveredItem) -> &'static str {
    match item.status.as_str() {
        "complete" => "read",
        "partial" => "read in part",
        _ => "not read",
    }
}

fn row(item: &CoveredItem, part: &Part, number: usize) -> Row {
    let some = |n: u64| if n == 0 { Value::Null } else { n.into() };
    let mut row = Row::new();
    row.insert("_id".into(), number.to_string().into());
    row.insert("_evidence".into(), item.evidence.into());
    let name = item.path.rsplit('/').next().unwrap_or(&item.path);
    row.insert("name".into(), name.into());
    row.insert("path".into(), item.path.clone().into());
    row.insert("parser".into(), item.run.as_ref().map(|(_, parser)| parser.clone()).into());
    row.insert("part".into(), part.part.into());
    row.insert("state".into(), part.state.into());
    row.insert("flows".into(), some(part.flows));
    row.insert("frames".into(), some(part.frames));
    // Packets outside of flows have no payload that was measured.
    row.insert("bytes".into(), if part.flows == 0 { some(part.bytes) } else { part.bytes.into() });
    row.insert("issues".into(), some(part.issues));
    row.insert("limits".into(), part.limits.into());
    row.insert("evidence".into(), item.sha256.clone().into());
    row
}
