//! Packets as rows: the index says where they are, the evidence what they are.

use case::{Case, Condition, FrameEntry, NO_TIME, PageRequest};
use dissect::{FlowHint, summarise};
use model::Time;

use crate::error::{Error, Result};
use crate::proof::Source;
use crate::rows::{Column, Labels, Row, RowsPage, Shape};

/// Frames looked at in one go.
const STRETCH: usize = 512;

const COLUMNS: &[(&str, Shape, &str)] = &[
    ("frame", Shape::Number, "number, from 1, as Wireshark counts"),
    ("ts", Shape::Time, "when it was captured"),
    ("src", Shape::Code, "sender"),
    ("dst", Shape::Code, "receiver"),
    ("protocol", Shape::Text, "topmost protocol that was understood"),
    ("length", Shape::Bytes, "bytes on the wire"),
    ("cap_len", Shape::Bytes, "bytes captured"),
    ("info", Shape::Text, "what it is, in one line"),
    ("interface", Shape::Number, "interface of the capture, from 0"),
    ("offset", Shape::Number, "offset of its bytes in the item"),
    ("evidence", Shape::Code, "SHA-256 of the item"),
];

/// A page of frames, item by item in the order of their numbers. `after`: `run:number` of the last one seen.
pub(crate) fn page(case: &Case, request: &PageRequest) -> Result<RowsPage> {
    let columns = COLUMNS.iter().map(|(name, shape, about)| Column {
        name: (*name).into(),
        about: (*about).into(),
        shape: *shape,
        sortable: false,
    });
    let mut page = RowsPage { columns: columns.collect(), rows: Vec::new(), next: None, total: None };
    if !request.sort.is_empty() && request.sort != "frame" {
        return Err(Error::invalid("frames come in the order of their numbers"));
    }
    let (on_items, conditions): (Vec<&Condition>, Vec<&Condition>) =
        request.select.conditions.iter().partition(|condition| condition.field == "evidence");
    for condition in &conditions {
        if !COLUMNS.iter().any(|(name, ..)| *name == condition.field) {
            return Err(Error::invalid(format!("frames have no column '{}'", condition.field)));
        }
    }
    let mut runs = case.frame_runs()?;
    for condition in on_items {
        let items = case.evidence_matching(&condition.value)?;
        runs.retain(|(_, item, _)| items.contains(item) != (condition.op == case::Op::IsNot));
    }
    let select = &request.select;
    let plain = conditions.is_empty() && select.search.is_empty() && select.since.is_none() && select.until.is_none();
    if plain && request.count {
        page.total = Some(runs.iter().map(|(.., frames)| frames).sum());
    }
    let (after_run, after_frame) = match &request.after {
        Some(after) => after
            .split_once(':')
            .and_then(|(run, frame)| Some((run.parse::<i64>().ok()?, frame.parse::<u64>().ok()?)))
            .ok_or_else(|| Error::invalid("the page to go on from is not one of ours"))?,
        None => (0, 0),
    };
    let mut skip = request.skip;
    let mut matches = 0;
    let mut labels = Labels::new(case)?;
    for (run, item, frames) in runs.into_iter().filter(|(run, ..)| *run >= after_run) {
        let mut number = if run == after_run { after_frame + 1 } else { 1 };
        if plain {
            let stepped = skip.min((frames + 1).saturating_sub(number));
            (skip, number) = (skip - stepped, number + stepped);
        }
        let mut source: Option<Source> = None;
        while number <= frames {
            let entries = case.frames(run, number, STRETCH)?;
            let Some(last) = entries.last() else { break };
            number = last.number + 1;
            let wanted: Vec<FrameEntry> = entries
                .into_iter()
                .filter(|entry| select.since.is_none_or(|since| entry.ts >= since))
                .filter(|entry| select.until.is_none_or(|until| entry.ts < until && entry.ts != NO_TIME))
                .collect();
            let room = (request.limit as usize).saturating_sub(page.rows.len());
            let wanted = if plain { &wanted[..wanted.len().min(room + 1)] } else { &wanted[..] };
            if wanted.is_empty() {
                continue;
            }
            let source = match &mut source {
                Some(source) => source,
                empty => empty.insert(Source::of(case, item)?),
            };
            for row in rows(case, run, wanted, source, &mut labels)? {
                if !plain && !is_wanted(&row, &conditions, &select.search) {
                    continue;
                }
                matches += 1;
                if skip > 0 {
                    skip -= 1;
                } else if page.rows.len() < request.limit as usize {
                    page.rows.push(row);
                } else {
                    if page.next.is_none() {
                        page.next = page.rows.last().and_then(|row| row["_id"].as_str()).map(str::to_owned);
                    }
                    if plain || !request.count {
                        return Ok(page);
                    }
                }
            }
        }
    }
    if request.count && !plain {
        page.total = Some(matches);
    }
    Ok(page)
}

/// One frame as a row.
pub(crate) fn row(case: &Case, run: i64, entry: &FrameEntry, source: &mut Source) -> Result<Row> {
    let mut found = rows(case, run, std::slice::from_ref(entry), source, &mut Labels::new(case)?)?;
    found.pop().ok_or_else(|| Error::missing(format!("there is no frame {}", entry.number)))
}

fn rows(case: &Case, run: i64, entries: &[FrameEntry], source: &mut Source, labels: &mut Labels) -> Result<Vec<Row>> {
    let (item, sha256, _) = labels.of(run);
    let pieces: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.offset, entry.cap_len.into())).collect();
    // A file that is gone or has changed still has its index: the rows are there, without what only its bytes could tell.
    let bytes = source.read(&pieces);
    let mut rows = Vec::with_capacity(entries.len());
    for (n, entry) in entries.iter().enumerate() {
        let mut row = Row::new();
        row.insert("_id".into(), format!("{run}:{}", entry.number).into());
        row.insert("_evidence".into(), item.into());
        row.insert("frame".into(), entry.number.into());
        row.insert("ts".into(), (entry.ts != NO_TIME).then(|| Time(entry.ts).to_string()).into());
        let raw = bytes.as_ref().ok().and_then(|bytes| bytes.get(n)).filter(|raw| raw.len() == entry.cap_len as usize);
        match raw {
            Some(raw) => {
                let flow = if entry.flow == 0 { None } else { case.flow_hint(run, entry.flow)? };
                let service = flow.as_ref().and_then(|(service, ..)| service.as_deref());
                let link_type = source.link_type(case, run, entry.interface)?;
                let summary = summarise(raw, link_type, entry.wire_len, FlowHint { service, from_orig: true });
                row.insert("src".into(), summary.src.into());
                row.insert("dst".into(), summary.dst.into());
                row.insert("protocol".into(), summary.protocol.into());
                row.insert("info".into(), summary.info.into());
            }
            None => {
                row.insert("info".into(), "its bytes can't be read: the evidence is missing or has changed".into());
            }
        }
        row.insert("length".into(), entry.wire_len.into());
        row.insert("cap_len".into(), entry.cap_len.into());
        row.insert("interface".into(), entry.interface.into());
        row.insert("offset".into(), entry.offset.into());
        row.insert("evidence".into(), sha256.clone().into());
        rows.push(row);
    }
    Ok(rows)
}

fn is_wanted(row: &Row, conditions: &[&Condition], search: &str) -> bool {
    let text = |name: &str| match row.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let holds = |condition: &&Condition| {
        let value = text(&condition.field);
        let number = || Some((value.parse::<f64>().ok()?, condition.value.parse::<f64>().ok()?));
        match condition.op {
            case::Op::Is => value == condition.value,
            case::Op::IsNot => value != condition.value,
            case::Op::Contains => value.to_lowercase().contains(&condition.value.to_lowercase()),
            case::Op::Less => number().map_or(value < condition.value, |(a, b)| a < b),
            case::Op::More => number().map_or(value > condition.value, |(a, b)| a > b),
        }
    };
    let line = || ["src", "dst", "protocol", "info"].map(text).join(" ").to_lowercase();
    conditions.iter().all(holds) && search.split_whitespace().all(|word| line().contains(&word.to_lowercase()))
}
