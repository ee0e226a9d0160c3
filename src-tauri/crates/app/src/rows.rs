//! Every table: one request shape for all views.

use std::collections::HashMap;

use case::{Case, Condition, FactRow, PageRequest};
use model::{Kind, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::evidence_items::Count;
use crate::filter::Around;
use crate::jobs::{self, JobId};
use crate::kinds::kinds;
use crate::secrets;
use crate::state::App;

/// One row: names to values, times as RFC 3339 UTC with nine digits. `_id` names it in other requests, `_evidence` the item that it is from.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// A page of a view.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct RowsRequest {
    /// `evidence runs issues frames flows devices identities facts presence coverage`, or a kind of fact.
    pub view: String,
    pub select: Select,
    /// A column of the view; empty: its natural order (time, then place).
    pub sort: String,
    pub descending: bool,
    /// `next` of an earlier page.
    pub after: Option<String>,
    /// Rows to step over from there.
    #[ts(type = "number")]
    pub skip: u64,
    /// At most so many rows; 0: 200.
    pub limit: u32,
    /// Also count all rows that match.
    pub count: bool,
}

/// Which rows: all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct Select {
    pub filters: Vec<Filter>,
    /// Words that occur in the row's texts (prefixes count).
    pub search: String,
    /// RFC 3339; from this time on.
    pub since: Option<String>,
    /// RFC 3339; before this time.
    pub until: Option<String>,
    /// In the words of Wireshark's display filters; empty: all.
    pub filter: String,
}

/// A condition on one column.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, TS)]
pub struct Filter {
    pub field: String,
    pub op: Op,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, TS)]
pub enum Op {
    /// Equal; for `evidence` a SHA-256, a prefix of it or a path.
    #[serde(rename = "=")]
    Is,
    #[serde(rename = "!=")]
    IsNot,
    /// Contains, whatever the case.
    #[serde(rename = "~")]
    Contains,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = ">")]
    More,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct RowsPage {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// For the next page's `after`; none: this was the last.
    pub next: Option<String>,
    /// Rows that match, if asked for.
    #[ts(type = "number | null")]
    pub total: Option<u64>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Column {
    pub name: String,
    pub about: String,
    pub shape: Shape,
    pub sortable: bool,
}

/// How a column's values are to be shown and aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    Text,
    /// Addresses, hashes, ids: monospace.
    Code,
    Time,
    Number,
    /// A number of bytes.
    Bytes,
    /// Seconds.
    Duration,
    Flag,
    List,
}

/// What there is to look at.
#[derive(Clone, Debug, Serialize, TS)]
pub struct View {
    pub name: String,
    pub about: String,
    /// A kind of fact (else one of the fixed views).
    pub kind: bool,
    /// How many rows the open case has of it.
    #[ts(type = "number")]
    pub count: u64,
}

/// Counts by value, for the facets beside a table.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct FacetsRequest {
    pub view: String,
    pub select: Select,
    /// `kind`, `evidence`, `src`, `dst`, `subject`, ...
    pub field: String,
    /// At most so many values, most frequent first; 0: 20.
    pub limit: u32,
}

/// Facts over time, for the histogram.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct HistogramRequest {
    pub select: Select,
    /// About so many buckets; 0: 120.
    pub buckets: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Histogram {
    /// Start of the first bucket, milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Width of a bucket, milliseconds.
    #[ts(type = "number")]
    pub step_ms: i64,
    /// One for each kind, most frequent first.
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Series {
    pub kind: String,
    /// One number for each bucket.
    pub counts: Vec<u32>,
}

/// Write a table to the case's `exports` folder, as a job.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct RowsExport {
    pub view: String,
    pub select: Select,
    /// `csv`, `json` (one object a line) or `sqlite` (a table for each kind of fact, with what its columns mean).
    pub format: String,
}

/// Rows of a page, unless asked otherwise; and the most.
const PAGE: u32 = 200;
const MOST: u32 = 10_000;

pub(crate) fn views(app: &App, _: Nothing) -> Result<Vec<View>> {
    let case = app.open_case()?;
    let counts = case.counts()?;
    let fixed = |view: &case::ViewSpec| View {
        name: view.name.into(),
        about: view.about.into(),
        kind: false,
        count: match view.name {
            "evidence" => counts.evidence,
            "flows" => counts.flows,
            "devices" => counts.devices,
            "issues" => counts.issues,
            _ => 0,
        },
    };
    let mut views: Vec<View> = case::VIEWS.iter().map(fixed).collect();
    let more = [
        ("frames", "packets of all captures", counts.frames),
        ("facts", "everything that happened or was stated", counts.facts),
        ("coverage", crate::coverage::ABOUT, 0),
    ];
    views.extend(more.map(|(name, about, count)| View { name: name.into(), about: about.into(), kind: false, count }));
    let known = case.kind_counts()?;
    views.extend(kinds().map(|kind| View {
        name: kind.name.into(),
        about: kind.about.into(),
        kind: true,
        count: known.iter().find(|(name, _)| name == kind.name).map_or(0, |(_, count)| *count),
    }));
    Ok(views)
}

pub(crate) fn rows(app: &App, request: RowsRequest) -> Result<RowsPage> {
    let case = app.open_case()?;
    let limit = if request.limit == 0 { PAGE } else { request.limit.min(MOST) };
    let around = Around::new(&case, &app.geo);
    let page = PageRequest {
        select: request.select.to_case(&request.view, &around)?,
        sort: request.sort,
        descending: request.descending,
        after: request.after,
        skip: request.skip,
        limit,
        count: request.count,
    };
    if let Some(view) = case::VIEWS.iter().find(|view| view.name == request.view) {
        let page = case.page(view, &page)?;
        let columns = page.columns.into_iter().map(Column::from).collect();
        return Ok(RowsPage { columns, rows: page.rows, next: page.next, total: page.total });
    }
    match request.view.as_str() {
        "frames" => crate::frames::page(&case, &request.select, &page, &around),
        "coverage" => {
            crate::coverage::page(&case, &request.select, &around, page.after.as_deref(), page.skip, limit as usize)
        }
        "facts" => facts(&case, None, &page),
        kind => match crate::kinds::kind(kind) {
            Some(kind) => facts(&case, Some(kind), &page),
            None => Err(Error::invalid(format!("there is no view '{kind}'; `lintel call views null` lists them"))),
        },
    }
}

fn facts(case: &Case, kind: Option<&'static Kind>, page: &PageRequest) -> Result<RowsPage> {
    let mut columns = fact_columns(kind);
    if !page.sort.is_empty() && page.sort != "ts" {
        return Err(Error::invalid("facts are sorted by ts only"));
    }
    for column in &mut columns {
        column.sortable = column.name == "ts";
    }
    let (found, next, total) = case.facts_page(kind.map(|kind| kind.name), page)?;
    let mut labels = Labels::new(case);
    let rows = found.into_iter().map(|mut fact| {
        secrets::mask(&mut fact);
        let summary = kind.is_none().then(|| summary(&fact.fields));
        let mut row = labels.row(fact);
        row.extend(summary.map(|summary| ("summary".to_owned(), summary.into())));
        row
    });
    Ok(RowsPage { columns, rows: rows.collect(), next, total })
}

/// A fact's own fields in a line, for tables that hold all kinds. What is long or made of parts is for a closer look.
fn summary(fields: &Row) -> String {
    const LONGEST: usize = 160;
    let mut line = String::new();
    for (name, value) in fields {
        let word = match value {
            serde_json::Value::String(text) if text.chars().count() <= 60 => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(true) => String::new(),
            _ => continue,
        };
        let part = if word.is_empty() { name.clone() } else { format!("{name} {word}") };
        if line.len() + part.len() > LONGEST {
            break;
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&part);
    }
    line
}

/// The columns of facts: those that all have, then the kind's own.
pub(crate) fn fact_columns(kind: Option<&Kind>) -> Vec<Column> {
    let column =
        |name: &str, shape, about: &str| Column { name: name.into(), about: about.into(), shape, sortable: false };
    let mut columns = vec![
        column("ts", Shape::Time, "when"),
        column("kind", Shape::Text, "what kind of fact"),
        column("src", Shape::Code, "who"),
        column("dst", Shape::Code, "to whom"),
        column("subject", Shape::Text, "what it is about"),
    ];
    match kind {
        Some(kind) => columns.extend(kind.fields.iter().map(|(name, about)| column(name, Shape::Text, about))),
        None => columns.push(column("summary", Shape::Text, "its own fields")),
    }
    columns.extend([
        column("time_kind", Shape::Text, "which clock the time is from, and what happened at it"),
        column("uid", Shape::Code, "its flow"),
        column("frame", Shape::Number, "frame that completes it"),
        column("offset", Shape::Number, "offset of its bytes in the item"),
        column("length", Shape::Bytes, "how many bytes"),
        column("evidence", Shape::Code, "SHA-256 of the item"),
        column("run", Shape::Text, "parser, its version, and the item it read"),
    ]);
    columns
}

/// What a run's facts say of where they are from.
pub(crate) struct Labels<'c> {
    case: &'c Case,
    runs: HashMap<i64, (i64, String, String)>,
}

impl Labels<'_> {
    pub fn new(case: &Case) -> Labels<'_> {
        Labels { case, runs: HashMap::new() }
    }

    /// (id of the item, its SHA-256, the run's name). The name is made of what was run on what, so that it is the same in every case.
    pub fn of(&mut self, run: i64) -> (i64, String, String) {
        if let Some(known) = self.runs.get(&run) {
            return known.clone();
        }
        let found = self.case.run(run).ok().flatten();
        let item = found.as_ref().and_then(|run| self.case.evidence(run.evidence).ok().flatten());
        let sha256 = item.as_ref().and_then(|item| item.sha256.clone()).unwrap_or_default();
        let name = found
            .map(|run| format!("{}/{} {}", run.parser, run.version, sha256.get(..12).unwrap_or_default()))
            .unwrap_or_default();
        let label = (item.map_or(0, |item| item.id), sha256, name);
        // While an item is still being read it has no hash yet: that must not be remembered.
        if !label.1.is_empty() {
            self.runs.insert(run, label.clone());
        }
        label
    }

    /// A fact as a row: the common columns, then its own fields on the same level.
    /// What is secret is masked; `_masked` names it.
    pub fn row(&mut self, mut fact: FactRow) -> Row {
        let (item, sha256, run) = self.of(fact.run);
        let masked = secrets::mask(&mut fact);
        let mut row = Row::new();
        if !masked.is_empty() {
            row.insert("_masked".into(), masked.into());
        }
        row.insert("_id".into(), fact.id.to_string().into());
        row.insert("_evidence".into(), item.into());
        row.insert("kind".into(), fact.kind.into());
        row.insert("ts".into(), fact.ts.map(|ts| ts.to_string()).into());
        row.insert("time_kind".into(), fact.time_kind.into());
        row.insert("evidence".into(), sha256.into());
        row.insert("run".into(), run.into());
        row.insert("frame".into(), fact.frame.into());
        row.insert("offset".into(), fact.offset.into());
        row.insert("length".into(), fact.length.into());
        row.insert("uid".into(), fact.uid.map(|uid| uid.to_string()).into());
        row.insert("src".into(), fact.src.into());
        row.insert("dst".into(), fact.dst.into());
        row.insert("subject".into(), fact.subject.into());
        if !fact.pieces.is_empty() {
            let pieces = fact.pieces.iter().map(|(frame, offset, length)| json!([frame, offset, length]));
            row.insert("pieces".into(), pieces.collect::<Vec<_>>().into());
        }
        for (name, value) in fact.fields {
            row.entry(name).or_insert(value);
        }
        row
    }
}

impl Select {
    /// For a view; the filter of frames is not for the database alone to answer.
    pub(crate) fn to_case(&self, view: &str, around: &Around) -> Result<case::Select> {
        let time = |text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Time::parse(text).map(|time| Some(time.0)).map_err(|why| Error::invalid(why.to_string())),
            None => Ok(None),
        };
        let condition = |filter: &Filter| Condition {
            field: filter.field.clone(),
            op: match filter.op {
                Op::Is => case::Op::Is,
                Op::IsNot => case::Op::IsNot,
                Op::Contains => case::Op::Contains,
                Op::Less => case::Op::Less,
                Op::More => case::Op::More,
            },
            value: filter.value.clone(),
        };
        self.filters.iter().try_for_each(|filter| secrets::check(filter, view))?;
        Ok(case::Select {
            conditions: self.filters.iter().map(condition).collect(),
            search: self.search.clone(),
            since: time(&self.since)?,
            until: time(&self.until)?,
            filter: if view == "frames" || self.filter.is_empty() {
                None
            } else {
                crate::filter::for_rows(&self.filter, view, around)?
            },
        })
    }
}

impl From<case::Column> for Column {
    fn from(column: case::Column) -> Column {
        Column {
            name: column.name,
            about: column.about,
            sortable: column.sortable,
            shape: match column.shape {
                case::Shape::Text => Shape::Text,
                case::Shape::Code => Shape::Code,
                case::Shape::Time => Shape::Time,
                case::Shape::Number => Shape::Number,
                case::Shape::Bytes => Shape::Bytes,
                case::Shape::Duration => Shape::Duration,
                case::Shape::Flag => Shape::Flag,
                case::Shape::List => Shape::List,
            },
        }
    }
}

pub(crate) fn facets(app: &App, request: FacetsRequest) -> Result<Vec<Count>> {
    let case = app.open_case()?;
    let kind = match request.view.as_str() {
        "" | "facts" => None,
        kind => {
            Some(crate::kinds::kind(kind).ok_or_else(|| Error::invalid(format!("'{kind}' is no kind of fact")))?.name)
        }
    };
    let limit = if request.limit == 0 { 20 } else { request.limit.min(1_000) };
    let select = request.select.to_case(kind.unwrap_or("facts"), &Around::new(&case, &app.geo))?;
    let counts = case.facets(kind, &select, &request.field, limit)?;
    // What is a secret as a whole can't be counted by; a subject may hold one.
    let counts = counts.into_iter().map(|(name, count)| (secrets::line(name), count));
    Ok(counts.map(|(name, count)| Count { name, count }).collect())
}

pub(crate) fn histogram(app: &App, request: HistogramRequest) -> Result<Histogram> {
    let case = app.open_case()?;
    let buckets = if request.buckets == 0 { 120 } else { request.buckets.min(2_000) };
    let select = request.select.to_case("facts", &Around::new(&case, &app.geo))?;
    let case::Histogram { start, step, series } = case.histogram(&select, buckets)?;
    Ok(Histogram {
        start_ms: start.div_euclid(1_000_000),
        step_ms: step / 1_000_000,
        series: series.into_iter().map(|(kind, counts)| Series { kind, counts }).collect(),
    })
}

pub(crate) fn rows_export(app: &App, request: RowsExport) -> Result<JobId> {
    let case = app.open_case()?;
    if !matches!(request.format.as_str(), "csv" | "json" | "sqlite") {
        return Err(Error::invalid(format!("exporting: the format is csv, json or sqlite, not '{}'", request.format)));
    }
    // Asked once here, so that a wrong view or filter is told at once.
    let first =
        RowsRequest { view: request.view.clone(), select: request.select.clone(), limit: 1, ..RowsRequest::default() };
    let columns = rows(app, first)?.columns;
    jobs::start(app, "export", "rows", move |app, tick| match request.format.as_str() {
        "sqlite" => crate::export_tables::write(app, &case, &request, tick),
        _ => crate::export::write(app, &case, &request, &columns, tick),
    })
}
