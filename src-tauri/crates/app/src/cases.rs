//! Cases: make, open, describe, close; and which were open before.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Make a new case.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaseNew {
    /// The folder to make; `.lintel` is added to its name if missing.
    pub dir: String,
    #[serde(flatten)]
    pub about: CaseAbout,
}

/// What an analyst states about a case.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
pub struct CaseAbout {
    pub name: String,
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub examiner: String,
    #[serde(default)]
    pub agency: String,
    /// IANA name of the zone in which times are shown; empty: UTC.
    #[serde(default)]
    pub zone: String,
    #[serde(default)]
    pub notes: String,
}

/// A case by its folder.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaseDir {
    pub dir: String,
}

/// An open case.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaseInfo {
    pub dir: String,
    #[serde(flatten)]
    pub about: CaseAbout,
    /// RFC 3339 UTC.
    pub created: String,
    pub counts: CaseCounts,
    /// Imports that were cut off (a crash, a power failure), by evidence path: offer to finish them.
    pub interrupted: Vec<String>,
    /// Whether the custody log's chain holds; the sentence says what is wrong if not.
    pub custody_problem: Option<String>,
    /// Earliest and latest time of any fact or frame; RFC 3339 UTC.
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

/// How much a case holds.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct CaseCounts {
    pub evidence: u64,
    pub frames: u64,
    pub facts: u64,
    pub flows: u64,
    pub devices: u64,
    pub issues: u64,
    /// Bytes of top-level evidence.
    pub bytes: u64,
}

/// A case that was open before.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct RecentCase {
    pub dir: String,
    pub name: String,
    #[serde(default)]
    pub number: String,
    /// RFC 3339 UTC.
    pub opened: String,
    /// Items of evidence, when last seen.
    pub evidence: u64,
    /// Bytes of the evidence, when last seen.
    pub bytes: u64,
    /// Its folder is still there.
    #[serde(default)]
    pub present: bool,
}
