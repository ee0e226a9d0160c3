//! The receiver of presence reports: access points post what they heard, and it becomes evidence.
//!
//! Every report is kept byte for byte and made safe on the disk before it is acknowledged; it is read as it comes, and its file is
//! sealed when the hour ends. Keys are held in memory for this run of the program: never in the case, never in a log.

mod accept;
mod keys;
mod session;
mod store;

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub(crate) use keys::Keys;
pub use session::Receiver;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::import::log;
use crate::jobs::{self, JobState};
use crate::orphans::{self, Left};
use crate::state::{App, lock};

/// What a crash left of it.
pub(crate) const LEFT: Left = Left { is_ours: store::is_ours, trim: orphans::whole_lines, action: "receiver.seal" };

/// What is done when nobody says where: only this machine can reach it.
const LISTEN: &str = "127.0.0.1:0";

/// A key that reports are signed with, for as long as the program runs; exactly one of `secret`, `file` and `variable`.
#[derive(Clone, Deserialize, TS)]
pub struct ReceiverKey {
    /// CloudTrax: the network's number. `meraki`: the secret that stands in the reports.
    pub network: String,
    /// As it was typed in.
    #[serde(default)]
    pub secret: Option<String>,
    /// A file that holds it; a line break at its end does not count.
    #[serde(default)]
    pub file: Option<String>,
    /// An environment variable that holds it.
    #[serde(default)]
    pub variable: Option<String>,
}

/// Begin to receive.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct ReceiverStart {
    /// Address and port; empty: this machine alone, any port that is free.
    pub listen: String,
    /// Also keep reports without a signature, as unverified.
    pub accept_unsigned: bool,
    /// What Meraki's cloud is told when it asks whether it has come to the right place.
    pub meraki_validator: Option<String>,
    /// Files (PEM) with a certificate, its issuers after it, and its private key: reports come over TLS. Both or neither.
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    /// By whose leave, on what ground: it is written to the custody log.
    pub authority: String,
}

/// Files with the certificate and the private key of a door.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificate: std::path::PathBuf,
    pub key: std::path::PathBuf,
}

/// How the receiver stands, and what it has noted since.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct ReceiverAsk {
    /// The last note that is known already; 0: none.
    #[ts(type = "number")]
    pub after: u64,
}

/// The receiver. Counts are of its last run.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct ReceiverState {
    pub running: bool,
    /// Where it listens.
    pub listen: String,
    /// Its own pages, for whoever has the token.
    pub url: String,
    /// Networks whose key is known.
    pub networks: Vec<String>,
    pub accept_unsigned: bool,
    /// Reports that were kept.
    #[ts(type = "number")]
    pub accepted: u64,
    /// Of these, without a right signature.
    #[ts(type = "number")]
    pub unverified: u64,
    #[ts(type = "number")]
    pub refused: u64,
    /// Sealed files, in the case folder.
    pub sealed: Vec<String>,
    pub job: Option<u32>,
    pub notes: Vec<ReceiverNote>,
}

/// A report that came, kept or not.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ReceiverNote {
    /// Counted from 1.
    #[ts(type = "number")]
    pub number: u64,
    /// RFC 3339 UTC.
    pub at: String,
    pub peer: String,
    pub accepted: bool,
    /// What it was, or why it was refused.
    pub text: String,
}

/// Whose reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    CloudTrax,
    Meraki,
}

/// Why a report is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not prove who sent it.
    Unproven(String),
    /// It is no report.
    Unreadable(String),
    /// It could not be made safe on the disk.
    Unsafe(String),
}

/// The room that lets access points in: it listens, and gives what comes to the receiver.
pub trait Door: Send + Sync {
    fn open(
        &self,
        receiver: Arc<Receiver>,
        listen: SocketAddr,
        tls: Option<&TlsFiles>,
    ) -> std::result::Result<Opened, String>;
}

/// A door that stands open; it closes when this is dropped.
pub struct Opened {
    pub listen: SocketAddr,
    pub url: String,
    pub guard: Box<dyn Any + Send>,
}

/// Answers with the networks whose key is known.
pub(crate) fn receiver_key(app: &App, request: ReceiverKey) -> Result<Vec<String>> {
    let source = lock(&app.receiver_keys).set(&request)?;
    if let Ok(case) = app.open_case() {
        let params = serde_json::json!({ "network": request.network, "source": source });
        log(&case, "receiver.key", Vec::new(), params, "held in memory")?;
    }
    Ok(lock(&app.receiver_keys).names())
}

pub(crate) fn receiver_start(app: &App, request: ReceiverStart) -> Result<ReceiverState> {
    let case = app.open_case()?;
    let refuse = |why: &str| Err(Error::new(Code::Refused, format!("receiving: {why}")));
    let listen = if request.listen.trim().is_empty() { LISTEN } else { request.listen.trim() };
    let listen: SocketAddr = listen
        .parse()
        .map_err(|_| Error::invalid(format!("receiving: '{listen}' is no address and port such as 192.0.2.7:8090")))?;
    let mut place = lock(&app.receiver);
    if place.as_ref().is_some_and(|receiver| receiver.is_running()) {
        return refuse("the receiver runs already; stop it first");
    }
    if lock(&app.receiver_keys).names().is_empty() && !request.accept_unsigned {
        return refuse("no key is known, so that no report could be accepted: give one, or accept unsigned reports");
    }
    let tls = match (&request.tls_certificate, &request.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
        (None, None) => None,
        _ => return refuse("TLS takes both a certificate and its private key"),
    };
    let receiver = session::begin(app, case, request)?;
    let door =
        app.door.get().ok_or_else(|| Error::new(Code::Failed, "receiving: this program has no door for reports"))?;
    let opened = door.open(receiver.clone(), listen, tls.as_ref());
    let opened = opened.map_err(|why| {
        receiver.stop();
        Error::new(Code::Failed, format!("receiving on {listen}: {why}"))
    })?;
    receiver.opened(opened);
    let runs = receiver.clone();
    let job = jobs::start(app, "receive", "bytes", move |app, tick| runs.run(app, tick))?;
    receiver.is_job(job.id);
    *place = Some(receiver);
    drop(place);
    receiver_state(app, ReceiverAsk::default())
}

/// What was received is sealed by the receiver's job, which then ends.
pub(crate) fn receiver_stop(app: &App, _: Nothing) -> Result<Nothing> {
    let receiver = lock(&app.receiver).clone().filter(|receiver| receiver.is_running());
    receiver.ok_or_else(|| Error::missing("stopping the receiver: it does not run"))?.stop();
    Ok(Nothing)
}

pub(crate) fn receiver_state(app: &App, request: ReceiverAsk) -> Result<ReceiverState> {
    let mut state = lock(&app.receiver).as_ref().map(|receiver| receiver.state(request.after)).unwrap_or_default();
    state.networks = lock(&app.receiver_keys).names();
    let jobs = jobs::jobs(app, Nothing)?;
    let job = state.job.and_then(|id| jobs.into_iter().find(|job| job.id == id));
    state.running = state.running || job.is_some_and(|job| job.state == JobState::Running);
    Ok(state)
}
