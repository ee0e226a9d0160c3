//! Live captures: what can be recorded, recording, and sealing what was recorded as evidence.

mod activity;
mod chart;
mod clock;
pub(crate) mod live;
mod program;
pub(crate) mod room;
mod session;
pub(crate) mod tee;
mod traffic;

use case::{Capture as Known, CaptureState};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use activity::CaptureActivity;
pub(crate) use activity::{Counting, capture_activity};
pub(crate) use chart::capture_chart;
pub use chart::{CaptureChart, Drawn};
pub(crate) use clock::state as clock_state;
pub use program::CaptureHost;
pub(crate) use session::Session;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::jobs::{self, JobId, Topic};
use crate::state::{App, lock};

/// The folder of a case in which recordings lie.
pub(crate) const FOLDER: &str = "captures";
/// Ended recordings of this run of the program whose charts are kept.
const MOST_ENDED: usize = 8;

/// Check a capture filter (BPF, as tcpdump takes it).
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaptureCheck {
    pub interface: String,
    pub filter: String,
}

/// Whether a capture filter makes sense.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaptureChecked {
    pub valid: bool,
    /// Why not.
    pub why: Option<String>,
}

/// Record an interface. Of what can be left out, nothing means the usual.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
pub struct CaptureStart {
    /// Its name; a pipe's path; `-`: what comes on the program's standard input.
    #[serde(default)]
    pub interface: String,
    /// Play a capture file at its own pace instead, for training.
    #[serde(default)]
    pub replay: Option<CaptureReplay>,
    /// BPF, as tcpdump takes it; empty: everything.
    #[serde(default)]
    pub filter: String,
    /// Bytes of a packet that are kept.
    #[serde(default)]
    pub snap: Option<u32>,
    /// Also what is for others.
    #[serde(default = "yes")]
    pub promiscuous: bool,
    /// All frames of the air, where the adapter can.
    #[serde(default)]
    pub monitor: bool,
    /// Of the system's buffer.
    #[serde(default)]
    pub buffer_mib: Option<u32>,
    /// Stop after so many seconds.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// Stop after so many packets.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub packets: Option<u64>,
    /// Stop after so many bytes.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
    /// Go on in a new file after so many bytes.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub file_bytes: Option<u64>,
    /// Go on in a new file after so many seconds.
    #[serde(default)]
    pub file_seconds: Option<u32>,
    /// By whose leave, on what ground: it is written to the custody log.
    #[serde(default)]
    pub authority: String,
}

fn yes() -> bool {
    true
}

/// A capture file to be played.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct CaptureReplay {
    pub path: String,
    /// 1: as it was; 10: ten times as fast; 0: as fast as it goes.
    pub speed: f64,
}

/// A recording that has begun.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaptureStarted {
    #[ts(type = "number")]
    pub capture: i64,
    pub job: u32,
}

/// One live capture by its number.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaptureId {
    #[ts(type = "number")]
    pub id: i64,
}

/// A note: on a moment of a running capture, or to the sealing of one.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaptureNote {
    #[ts(type = "number")]
    pub id: i64,
    pub note: String,
}

/// A live capture.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Capture {
    #[ts(type = "number")]
    pub id: i64,
    /// Interface, or file that is played.
    pub interface: String,
    pub filter: String,
    pub authority: String,
    /// `recording`, `sealing`, `sealed`, `interrupted` or `failed`
    pub state: String,
    /// Why it ended.
    pub why: String,
    pub files: Vec<CaptureFile>,
    /// RFC 3339 UTC.
    pub started: String,
    pub ended: Option<String>,
    #[ts(type = "number")]
    pub packets: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    /// As the system counted; none: it did not.
    #[ts(type = "number | null")]
    pub received: Option<u64>,
    #[ts(type = "number | null")]
    pub dropped: Option<u64>,
    #[ts(type = "number | null")]
    pub if_dropped: Option<u64>,
    /// How much of `bytes` has been taken apart.
    #[ts(type = "number")]
    pub analysed_bytes: u64,
    pub limits: CaptureLimits,
    /// Notes that were made.
    #[ts(type = "number")]
    pub marks: u64,
    /// Whether there are charts of it.
    pub charted: bool,
}

/// When it stops by itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
pub struct CaptureLimits {
    pub seconds: Option<u32>,
    #[ts(type = "number | null")]
    pub packets: Option<u64>,
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
}

/// A file of a capture.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaptureFile {
    /// In the case folder.
    pub path: String,
    /// Its id among the evidence.
    #[ts(type = "number | null")]
    pub evidence: Option<i64>,
    /// Once it is sealed.
    pub sha256: Option<String>,
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
}

pub(crate) fn capture_interfaces(_: &App, _: Nothing) -> Result<CaptureHost> {
    Ok(program::host())
}

pub(crate) fn capture_check(_: &App, request: CaptureCheck) -> Result<CaptureChecked> {
    let why = program::check(&request.interface, &request.filter)?;
    Ok(CaptureChecked { valid: why.is_none(), why })
}

pub(crate) fn capture_start(app: &App, request: CaptureStart) -> Result<CaptureStarted> {
    let case = app.open_case()?;
    let session = session::begin(app, case, request)?;
    let capture = session.id;
    {
        let mut sessions = lock(&app.sessions);
        let ended = sessions.iter().filter(|session| !session.is_recording()).count();
        if let Some(oldest) = sessions.iter().position(|session| ended >= MOST_ENDED && !session.is_recording()) {
            sessions.remove(oldest);
        }
        sessions.push(session.clone());
    }
    let job = jobs::start(app, "capture", "bytes", move |app, tick| session.run(app, tick))?;
    app.changed(&[Topic::Capture, Topic::Custody]);
    Ok(CaptureStarted { capture, job: job.id })
}

pub(crate) fn captures(app: &App, _: Nothing) -> Result<Vec<Capture>> {
    let case = app.open_case()?;
    let sessions = lock(&app.sessions).clone();
    let known = case.captures()?;
    let evidence = case.all_evidence()?;
    let show = |known: Known| {
        let session = sessions.iter().find(|session| session.is(&case, known.id));
        let options: CaptureLimits = serde_json::from_str(&known.options).unwrap_or_default();
        let counts = session.map_or(known.counts, |session| session.counts());
        let files = known.files.into_iter().map(|file| {
            let item = evidence.iter().find(|item| Some(item.id) == file.evidence);
            CaptureFile {
                path: file.path,
                evidence: file.evidence,
                sha256: item.and_then(|item| item.sha256.clone()),
                bytes: item.and_then(|item| item.size),
            }
        });
        Capture {
            id: known.id,
            interface: known.interface,
            filter: known.filter,
            authority: known.authority,
            state: known.state.as_str().to_owned(),
            why: known.why,
            files: files.collect(),
            started: known.started.to_string(),
            ended: known.ended.map(|at| at.to_string()),
            packets: counts.packets,
            bytes: counts.bytes,
            received: counts.received,
            dropped: counts.dropped,
            if_dropped: counts.if_dropped,
            analysed_bytes: session.map_or(counts.bytes, |session| session.analysed()),
            limits: options,
            marks: session.map_or(0, |session| session.marks()),
            charted: session.is_some(),
        }
    };
    Ok(known.into_iter().map(show).collect())
}

pub(crate) fn capture_stop(app: &App, request: CaptureId) -> Result<Nothing> {
    running(app, request.id)?.stop();
    Ok(Nothing)
}

pub(crate) fn capture_mark(app: &App, request: CaptureNote) -> Result<Nothing> {
    let note = request.note.trim();
    if note.is_empty() {
        return Err(Error::invalid("noting a moment: say what happened"));
    }
    running(app, request.id)?.mark(note)?;
    Ok(Nothing)
}

pub(crate) fn capture_seal(app: &App, request: CaptureNote) -> Result<JobId> {
    let case = app.open_case()?;
    let missing = || Error::missing(format!("sealing: there is no capture {}", request.id));
    let known = case.capture(request.id)?.ok_or_else(missing)?;
    if known.state != CaptureState::Interrupted {
        let why = format!("sealing capture {}: it is {}, not interrupted", known.id, known.state.as_str());
        return Err(Error::new(Code::Refused, why));
    }
    jobs::start(app, "seal", "bytes", move |app, tick| {
        session::seal_interrupted(app, &case, known, &request.note, tick)
    })
}

fn running(app: &App, id: i64) -> Result<std::sync::Arc<Session>> {
    let case = app.open_case()?;
    let sessions = lock(&app.sessions);
    let found = sessions.iter().find(|session| session.is(&case, id) && session.is_recording());
    found.cloned().ok_or_else(|| Error::missing(format!("capture {id} is not being recorded")))
}
