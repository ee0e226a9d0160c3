//! Evidence: add, watch, describe, verify.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rows::Row;

/// Read files and folders into the open case, as a job.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EvidenceAdd {
    pub paths: Vec<String>,
    /// Copy into the case folder (verified by hash) rather than refer to it where it is.
    #[serde(default)]
    pub copy: bool,
}

/// What a path would be taken for, without a case.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EvidenceDetect {
    pub paths: Vec<String>,
}

/// What one file is, and why.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Detected {
    pub path: String,
    /// `pcap`, `pcapng`, `snoop`, `onhub`, a container, ..., or `other`.
    pub kind: String,
    pub reason: String,
    pub refusals: Vec<Refusal>,
    #[ts(type = "number | null")]
    pub size: Option<u64>,
    /// Path of the container that it is in.
    pub parent: Option<String>,
    /// What could not be looked into, and why.
    pub problem: Option<String>,
}

/// Why a format did not take a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Refusal {
    pub format: String,
    pub why: String,
}

/// One item of evidence by its id.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EvidenceId {
    #[ts(type = "number")]
    pub id: i64,
}

/// Everything about one item.
#[derive(Clone, Debug, Serialize, TS)]
pub struct EvidenceDetail {
    /// As in the view `evidence`.
    pub row: Row,
    pub refusals: Vec<Refusal>,
    /// As in the view `runs`, newest first.
    pub runs: Vec<Row>,
    /// As in the view `issues`, the first 200.
    pub issues: Vec<Row>,
    /// As in the view `evidence`: what is inside it.
    pub members: Vec<Row>,
    /// How many facts of each kind.
    pub kinds: Vec<Count>,
    /// Interfaces of a capture.
    pub interfaces: Vec<Row>,
}

/// A name and how often.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Count {
    pub name: String,
    #[ts(type = "number")]
    pub count: u64,
}

/// Re-hash evidence and compare, as a job. No ids: all of it.
#[derive(Clone, Debug, Default, Deserialize, TS)]
pub struct EvidenceVerify {
    #[serde(default)]
    #[ts(type = "number[]")]
    pub ids: Vec<i64>,
}

/// A folder to watch: files that appear and have stopped growing are added.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct WatchDir {
    pub dir: String,
}
