//! Which frames of which captures: by their flow, by the index, and only where that is not enough by their bytes.

use std::collections::HashMap;

use case::{Case, Condition, FrameEntry, NO_TIME, Op};
use dissect::protocols::Out;
use dissect::{FlowHint, Tree};

use crate::error::{Error, Result};
use crate::filter::{Around, FrameFilter, Known, Looked};
use crate::frames::{self, Reader};
use crate::rows::{Row, Select};

/// Frames looked at in one go.
const STRETCH: usize = 512;

/// Frames that are wanted.
pub(crate) struct Wanted {
    /// (run, item, frames) of captures in which some may be.
    pub runs: Vec<(i64, i64, u64)>,
    /// Of one flow only: by run, its number there, and its first and last frame.
    flows: Option<HashMap<i64, (u32, u64, u64)>>,
    /// Only these, in order.
    numbers: Option<Vec<u64>>,
    conditions: Vec<Condition>,
    search: String,
    since: Option<i64>,
    until: Option<i64>,
    filter: Option<FrameFilter>,
}

impl Wanted {
    pub fn of(case: &Case, select: &Select, around: &Around) -> Result<Wanted> {
        let asked = select.to_case("frames", around)?;
        let mut wanted = Wanted {
            runs: case.frame_runs()?,
            flows: None,
            numbers: None,
            conditions: Vec::new(),
            search: asked.search,
            since: asked.since,
            until: asked.until,
            filter: FrameFilter::load(case, around, &select.filter)?,
        };
        for condition in asked.conditions {
            match (condition.field.as_str(), condition.op) {
                ("evidence", op) => {
                    let items = case.evidence_matching(&condition.value)?;
                    wanted.runs.retain(|(_, item, _)| items.contains(item) != (op == Op::IsNot));
                }
                ("uid", Op::Is) => {
                    let uid = model::Uid::parse(&condition.value)
                        .ok_or_else(|| Error::invalid(format!("'{}' is no flow's name", condition.value)))?;
                    let spans = case.flow_spans(uid)?.into_iter();
                    let spans = spans.map(|span| (span.run, (span.serial, span.first_frame, span.last_frame)));
                    wanted.flows = Some(spans.collect());
                }
                ("uid", _) => return Err(Error::invalid("frames are asked for one flow: uid=...")),
                (field, _) if frames::columns().iter().any(|column| column.name == field) => {
                    wanted.conditions.push(condition)
                }
                (field, _) => return Err(Error::invalid(format!("frames have no column '{field}'"))),
            }
        }
        if let Some(flows) = &wanted.flows {
            wanted.runs.retain(|(run, ..)| flows.contains_key(run));
        }
        Ok(wanted)
    }

    /// Only frames of these numbers.
    pub fn only(mut self, mut numbers: Vec<u64>) -> Wanted {
        numbers.sort_unstable();
        numbers.dedup();
        self.numbers = Some(numbers);
        self
    }

    /// All frames of its captures.
    pub fn is_plain(&self) -> bool {
        let unasked =
            self.conditions.is_empty() && self.search.is_empty() && self.since.is_none() && self.until.is_none();
        unasked && self.flows.is_none() && self.numbers.is_none() && self.filter.is_none()
    }

    /// First and last frame of a run that may be wanted.
    pub fn range(&self, run: i64, frames: u64) -> (u64, u64) {
        let (mut first, mut last) = (1, frames);
        if let Some((_, from, to)) = self.flows.as_ref().and_then(|flows| flows.get(&run)) {
            (first, last) = (*from, (*to).min(frames));
        }
        if let Some(numbers) = &self.numbers {
            first = first.max(numbers.first().copied().unwrap_or(u64::MAX));
            last = last.min(numbers.last().copied().unwrap_or(0));
        }
        (first, last)
    }

    fn by_index(&self, run: i64, entry: &FrameEntry) -> Known {
        let no = self.since.is_some_and(|since| entry.ts < since)
            || self.until.is_some_and(|until| entry.ts >= until || entry.ts == NO_TIME)
            || self.flows.as_ref().and_then(|flows| flows.get(&run)).is_some_and(|(serial, ..)| *serial != entry.flow)
            || self.numbers.as_ref().is_some_and(|numbers| numbers.binary_search(&entry.number).is_err());
        if no {
            return Known::No;
        }
        match self.filter.as_ref().map_or(Known::Yes, |filter| filter.known(run, entry)) {
            Known::Yes if !self.conditions.is_empty() || !self.search.is_empty() => Known::Maybe,
            known => known,
        }
    }

    /// Whether those that the index leaves open are wanted.
    fn look(&self, run: i64, entries: &[FrameEntry], reader: &mut Reader) -> Result<Vec<bool>> {
        let bytes = reader.bytes(entries).ok();
        let reads_rows = self.filter.as_ref().is_some_and(FrameFilter::reads_rows);
        let rows = match reads_rows || !self.conditions.is_empty() || !self.search.is_empty() {
            true => reader.rows_of(entries, bytes.as_deref())?,
            false => Vec::new(),
        };
        let mut answers = Vec::with_capacity(entries.len());
        for (n, entry) in entries.iter().enumerate() {
            let row = rows.get(n);
            let asked = row.is_none_or(|row| is_wanted(row, &self.conditions, &self.search));
            let filter = self.filter.as_ref().filter(|filter| filter.known(run, entry) == Known::Maybe);
            let Some(filter) = filter.filter(|_| asked) else {
                answers.push(asked);
                continue;
            };
            let raw = bytes.as_ref().and_then(|bytes| bytes.get(n)).map(Vec::as_slice).unwrap_or_default();
            let link_type = reader.link_type(entry)?;
            let layers = dissect::layers::read(raw, link_type, entry.wire_len, &mut Out::new(Tree::off()));
            let nodes = match filter.reads_fields() {
                true => {
                    let service = reader.service(entry)?;
                    let hint = FlowHint { service: service.as_deref(), from_orig: true };
                    dissect::inspect(raw, link_type, entry.wire_len, hint, &[], &[])
                }
                false => Vec::new(),
            };
            let macs = [layers.src_mac, layers.dst_mac];
            answers.push(filter.holds(run, entry, &Looked { row, nodes: &nodes, macs }));
        }
        Ok(answers)
    }

    /// Calls `each` with the wanted frames of a run from `first` on, some at a time, with a reader of their bytes. `each` says whether
    /// to go on.
    pub fn each(
        &self,
        case: &Case,
        (run, item, frames): (i64, i64, u64),
        first: u64,
        each: &mut dyn FnMut(&[FrameEntry], &mut Reader) -> Result<bool>,
    ) -> Result<()> {
        let (from, last) = self.range(run, frames);
        let mut reader = Reader::new(case, run, item);
        case.each_frames(run, from.max(first), last, &mut |chunk| {
            let known: Vec<(FrameEntry, Known)> = chunk
                .iter()
                .map(|entry| (*entry, self.by_index(run, entry)))
                .filter(|(_, known)| *known != Known::No)
                .collect();
            for stretch in known.chunks(STRETCH) {
                let unsure: Vec<FrameEntry> =
                    stretch.iter().filter(|(_, known)| *known == Known::Maybe).map(|(entry, _)| *entry).collect();
                let mut answers =
                    if unsure.is_empty() { Vec::new() } else { self.look(run, &unsure, &mut reader)? }.into_iter();
                let wanted: Vec<FrameEntry> = stretch
                    .iter()
                    .filter(|(_, known)| *known == Known::Yes || answers.next().unwrap_or(false))
                    .map(|(entry, _)| *entry)
                    .collect();
                if !wanted.is_empty() && !each(&wanted, &mut reader)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}

fn is_wanted(row: &Row, conditions: &[Condition], search: &str) -> bool {
    let text = |name: &str| match row.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let holds = |condition: &Condition| {
        let value = text(&condition.field);
        let number = || Some((value.parse::<f64>().ok()?, condition.value.parse::<f64>().ok()?));
        match condition.op {
            Op::Is => value == condition.value,
            Op::IsNot => value != condition.value,
            Op::Less => number().map_or(value < condition.value, |(a, b)| a < b),
            Op::More => number().map_or(value > condition.value, |(a, b)| a > b),
            _ => value.to_lowercase().contains(&condition.value.to_lowercase()),
        }
    };
    let line = || ["src", "dst", "protocol", "info"].map(text).join(" ").to_lowercase();
    conditions.iter().all(holds) && search.split_whitespace().all(|word| line().contains(&word.to_lowercase()))
}
