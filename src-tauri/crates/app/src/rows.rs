//! Every table: one request shape for all views.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One row: names to values, times as RFC 3339 UTC with nine digits. `_id` names it in other requests.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// A page of a view.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct RowsRequest {
    /// `evidence runs issues frames flows devices facts presence`, or a kind of fact.
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
    /// `csv` or `json` (one object a line).
    pub format: String,
}
