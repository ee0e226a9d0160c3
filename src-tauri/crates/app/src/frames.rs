//! Packets as rows: the index says where they are, the evidence what they are.

use std::collections::HashMap;

use case::{Case, FrameEntry, NO_TIME, PageRequest};
use dissect::{FlowHint, summarise};
use model::{Frame, Time};

use crate::error::{Error, Result};
use crate::filter::Around;
use crate::frame_select::Wanted;
use crate::proof::Source;
use crate::rows::{Column, Labels, Row, RowsPage, Select, Shape};

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

pub(crate) fn columns() -> Vec<Column> {
    let column = |(name, shape, about): &(&str, Shape, &str)| Column {
        name: (*name).into(),
        about: (*about).into(),
        shape: *shape,
        sortable: false,
    };
    COLUMNS.iter().map(column).collect()
}

/// A page of frames, item by item in the order of their numbers. `after`: `run:number` of the last one seen.
pub(crate) fn page(case: &Case, select: &Select, request: &PageRequest, around: &Around) -> Result<RowsPage> {
    let mut page = RowsPage { columns: columns(), rows: Vec::new(), next: None, total: None };
    if !request.sort.is_empty() && request.sort != "frame" {
        return Err(Error::invalid("frames come in the order of their numbers"));
    }
    let wanted = Wanted::of(case, select, around)?;
    let plain = wanted.is_plain();
    if plain && request.count {
        page.total = Some(wanted.runs.iter().map(|(.., frames)| frames).sum());
    }
    let (after_run, after_frame) = match &request.after {
        Some(after) => after
            .split_once(':')
            .and_then(|(run, frame)| Some((run.parse::<i64>().ok()?, frame.parse::<u64>().ok()?)))
            .ok_or_else(|| Error::invalid("the page to go on from is not one of ours"))?,
        None => (0, 0),
    };
    let limit = request.limit as usize;
    let mut skip = request.skip;
    let mut matches = 0;
    for (run, item, frames) in wanted.runs.iter().copied().filter(|(run, ..)| *run >= after_run) {
        let mut number = if run == after_run { after_frame + 1 } else { 1 };
        if plain {
            let stepped = skip.min((frames + 1).saturating_sub(number));
            (skip, number) = (skip - stepped, number + stepped);
        }
        let mut go_on = true;
        wanted.each(case, (run, item, frames), number, &mut |found, reader| {
            matches += found.len() as u64;
            let stepped = usize::try_from(skip).unwrap_or(usize::MAX).min(found.len());
            skip -= stepped as u64;
            let rest = found.get(stepped..).unwrap_or_default();
            let room = limit.saturating_sub(page.rows.len());
            page.rows.extend(reader.rows(rest.get(..room).unwrap_or(rest))?);
            if rest.len() > room && page.next.is_none() {
                page.next = page.rows.last().and_then(|row| row["_id"].as_str()).map(str::to_owned);
            }
            go_on = page.next.is_none() || (request.count && !plain);
            Ok(go_on)
        })?;
        if !go_on {
            return Ok(page);
        }
    }
    if request.count && !plain {
        page.total = Some(matches);
    }
    Ok(page)
}

/// One frame as a row.
pub(crate) fn row(case: &Case, run: i64, item: i64, entry: &FrameEntry) -> Result<Row> {
    let mut found = Reader::new(case, run, item).rows(std::slice::from_ref(entry))?;
    found.pop().ok_or_else(|| Error::missing(format!("there is no frame {}", entry.number)))
}

/// Reads frames of one capture, and what the case knows of their flows.
pub(crate) struct Reader<'c> {
    case: &'c Case,
    run: i64,
    item: i64,
    source: Option<Source>,
    labels: Labels<'c>,
    services: HashMap<u32, Option<String>>,
}

/// Flows whose service is remembered.
const MOST_SERVICES: usize = 100_000;

impl<'c> Reader<'c> {
    pub fn new(case: &'c Case, run: i64, item: i64) -> Reader<'c> {
        Reader { case, run, item, source: None, labels: Labels::new(case), services: HashMap::new() }
    }

    fn source(&mut self) -> Result<&mut Source> {
        match self.source {
            Some(ref mut source) => Ok(source),
            None => Ok(self.source.insert(Source::of(self.case, self.item)?)),
        }
    }

    /// Their bytes, as they stand in the evidence.
    pub fn bytes(&mut self, entries: &[FrameEntry]) -> Result<Vec<Vec<u8>>> {
        let pieces: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.offset, entry.cap_len.into())).collect();
        self.source()?.read(&pieces)
    }

    pub fn link_type(&mut self, entry: &FrameEntry) -> Result<u16> {
        let (case, run) = (self.case, self.run);
        self.source()?.link_type(case, run, entry.interface)
    }

    /// It as the import read it, but for its time.
    pub fn frame<'b>(&mut self, entry: &FrameEntry, bytes: &'b [u8]) -> Result<Frame<'b>> {
        let link_type = self.link_type(entry)?;
        let &FrameEntry { number, offset, wire_len, interface, .. } = entry;
        Ok(Frame { number, ts: None, offset, bytes, wire_len, interface, link_type })
    }

    /// The application protocol of its flow.
    pub fn service(&mut self, entry: &FrameEntry) -> Result<Option<String>> {
        if entry.flow == 0 {
            return Ok(None);
        }
        if let Some(known) = self.services.get(&entry.flow) {
            return Ok(known.clone());
        }
        let service = self.case.flow_hint(self.run, entry.flow)?.and_then(|(service, ..)| service);
        if self.services.len() >= MOST_SERVICES {
            self.services.clear();
        }
        self.services.insert(entry.flow, service.clone());
        Ok(service)
    }

    pub fn rows(&mut self, entries: &[FrameEntry]) -> Result<Vec<Row>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        // A file that is gone or has changed still has its index: the rows are there, without what only its bytes could tell.
        let bytes = self.bytes(entries).ok();
        self.rows_of(entries, bytes.as_deref())
    }

    /// Rows of frames whose bytes are there, if they can be had.
    pub fn rows_of(&mut self, entries: &[FrameEntry], bytes: Option<&[Vec<u8>]>) -> Result<Vec<Row>> {
        let (item, sha256, _) = self.labels.of(self.run);
        let mut rows = Vec::with_capacity(entries.len());
        for (n, entry) in entries.iter().enumerate() {
            let mut row = Row::new();
            row.insert("_id".into(), format!("{}:{}", self.run, entry.number).into());
            row.insert("_evidence".into(), item.into());
            row.insert("frame".into(), entry.number.into());
            row.insert("ts".into(), (entry.ts != NO_TIME).then(|| Time(entry.ts).to_string()).into());
            let raw = bytes.and_then(|bytes| bytes.get(n)).filter(|raw| raw.len() == entry.cap_len as usize);
            match raw {
                Some(raw) => {
                    let service = self.service(entry)?;
                    let hint = FlowHint { service: service.as_deref(), from_orig: true };
                    let summary = summarise(raw, self.link_type(entry)?, entry.wire_len, hint);
                    row.insert("src".into(), summary.src.into());
                    row.insert("dst".into(), summary.dst.into());
                    row.insert("protocol".into(), summary.protocol.into());
                    row.insert("info".into(), crate::secrets::line(summary.info).into());
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
}
