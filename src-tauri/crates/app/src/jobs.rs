//! Long work: progress, cancelling, and what is running.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A piece of long work, running or ended.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Job {
    pub id: u32,
    /// `import`, `verify`, `export`, `index`
    pub name: String,
    /// What it is at: a path, a step.
    pub at: String,
    #[ts(type = "number")]
    pub done: u64,
    /// 0: not known.
    #[ts(type = "number")]
    pub total: u64,
    /// Of `done` and `total`: `bytes`, `rows`.
    pub unit: String,
    /// Units a second, lately.
    #[ts(type = "number")]
    pub rate: u64,
    pub state: JobState,
    /// When ended: one sentence that says what came of it.
    pub message: String,
    /// RFC 3339 UTC.
    pub started: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    Done,
    /// Done, with something refused or different: the message says what.
    Differs,
    Cancelled,
    Failed,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
pub struct JobId {
    pub id: u32,
}

/// What the page is told without asking: over server-sent events, or the window's own channel.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Views that show one of these have to ask again.
    Changed { topics: Vec<Topic> },
    Job { job: Job },
}

/// What a command reads or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, TS)]
pub enum Topic {
    Case,
    Evidence,
    Facts,
    Devices,
    Custody,
    Jobs,
}
