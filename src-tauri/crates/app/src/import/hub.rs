//! The one thread that writes rows into the case. Imports and live captures hand over to it what they find, as fast as it can take it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use case::{Batch, Case, EvidenceId, NewEvidence, RunId, RunStatus};
use evidence::{Ending, Outcome, Watch};
use model::Cancelled;
use serde_json::json;

use crate::error::{Code, Error, Result};
use crate::jobs::Topic;
use crate::state::{App, lock, now};

/// Batches that wait for the writer.
const WAITING: usize = 3;
/// Rows after which the log of the database has grown much.
const MUCH: usize = 65_536;
/// How long another program's look at the case is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What goes to the writing thread.
pub(super) enum Message {
    Rows(RunId, Box<Batch>),
    End {
        item: EvidenceId,
        run: Option<RunId>,
        outcome: Outcome,
        path: String,
    },
    Refused {
        path: String,
        why: String,
    },
    /// The run is to be as if it had never been.
    Remove(RunId),
    /// Everything before it is written.
    Sync(SyncSender<()>),
    /// Nothing more is read for now.
    Rest,
}

/// The way to the writing thread; it ends when nobody has one any more.
pub(crate) struct Hub {
    case: Arc<Case>,
    to: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// A batch travels from thread to thread as it is.
type Spare = Vec<Box<Batch>>;

#[derive(Default)]
struct Shared {
    /// Batches that are written, for use again: their memory is warm.
    spare: Mutex<Spare>,
    /// Why nothing more can be written.
    failed: Mutex<Option<Error>>,
}

impl Hub {
    /// The case's hub: the one that is there, or a new one. Another Lintel that is writing is an error.
    pub fn of(app: &App, case: &Arc<Case>, watch: &dyn Watch) -> Result<Arc<Hub>> {
        let began = Instant::now();
        loop {
            watch.advance(0)?;
            let mut known = lock(&app.hub);
            if let Some(hub) = known.upgrade().filter(|hub| Arc::ptr_eq(&hub.case, case)) {
                return Ok(hub);
            }
            // Whoever opens the case holds the right for a moment, to look for what a crash left.
            if case.may_import()? {
                let hub = Arc::new(Hub::new(app, case.clone())?);
                *known = Arc::downgrade(&hub);
                return Ok(hub);
            }
            drop(known);
            if began.elapsed() > PATIENCE {
                return Err(Error::new(Code::Busy, "another Lintel is writing into this case just now"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn new(app: &App, case: Arc<Case>) -> Result<Hub> {
        let failed = |why: String| Error::new(Code::Failed, format!("starting the case writer: {why}"));
        let app = app.handle().ok_or_else(|| failed("the program is ending".into()))?;
        let (to, from) = sync_channel(WAITING);
        let shared = Arc::new(Shared::default());
        let (writes, its) = (case.clone(), shared.clone());
        let thread = std::thread::Builder::new().name("case writer".into()).spawn(move || {
            if let Err(why) = write(&app, &writes, from, &its) {
                *lock(&its.failed) = Some(why);
            }
        });
        let thread = thread.map_err(|why| failed(why.to_string()))?;
        Ok(Hub { case, to: Some(to), thread: Some(thread), shared })
    }

    pub(super) fn send(&self, message: Message) -> std::result::Result<(), Cancelled> {
        self.to.as_ref().ok_or(Cancelled)?.send(message).map_err(|_| Cancelled)
    }

    /// An empty batch.
    pub(super) fn batch(&self) -> Box<Batch> {
        lock(&self.shared.spare).pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut batch: Box<Batch>) {
        batch.clear();
        lock(&self.shared.spare).push(batch);
    }

    /// Nothing more is read for now: what comes next has the memory of batches that wait for use, and of what the writer knows.
    pub fn rest(&self) {
        *lock(&self.shared.spare) = Vec::new();
        let _ = self.send(Message::Rest); // a writer that broke off has no memory left
    }

    /// Waits until all that was sent is written.
    pub fn sync(&self) -> Result<()> {
        let (done, wait) = sync_channel(0);
        let written = self.send(Message::Sync(done)).is_ok() && wait.recv().is_ok();
        if written { Ok(()) } else { Err(self.failure()) }
    }

    /// Why nothing more can be written.
    pub fn failure(&self) -> Error {
        let known = lock(&self.shared.failed).clone();
        known.unwrap_or_else(|| Error::new(Code::Failed, "the case writer broke off"))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.to = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was told by whoever waited for it
        }
        self.case.done_importing();
    }
}

/// Writes everything in the order in which it comes. Beside it, what is written moves from the log into the database, which waits
/// for the disk.
fn write(app: &App, case: &Case, from: Receiver<Message>, shared: &Shared) -> Result<()> {
    std::thread::scope(|scope| {
        let (grown, log) = sync_channel(1);
        let mover = std::thread::Builder::new().name("case checkpoint".into());
        // What it does not move, the writer moves once the log is long: it needs neither to start nor to succeed.
        let _ = mover.spawn_scoped(scope, move || log.iter().try_for_each(|()| case.checkpoint()));
        write_all(app, case, from, shared, &grown)
    })
}

fn write_all(app: &App, case: &Case, from: Receiver<Message>, shared: &Shared, grown: &SyncSender<()>) -> Result<()> {
    let mut writer = case.writer()?;
    let mut rows = 0;
    for message in from {
        match message {
            Message::Rows(run, mut batch) => {
                writer.write(run, &batch)?;
                app.changed(&[Topic::Facts]);
                rows += batch.len();
                if rows >= MUCH {
                    rows = 0;
                    let _ = grown.try_send(()); // it is at it already
                }
                batch.clear();
                lock(&shared.spare).push(batch);
            }
            Message::End { item, run, outcome, path } => {
                end(case, item, run, &outcome, &path)?;
                app.changed(&[Topic::Evidence, Topic::Facts, Topic::Custody]);
            }
            Message::Refused { path, why } => {
                let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
                let new = NewEvidence {
                    path: path.clone(),
                    name,
                    kind: "other".into(),
                    reason: why.clone(),
                    ..NewEvidence::default()
                };
                let item = case.evidence_begin(&new, now())?;
                case.evidence_abandon(item, "refused", &why)?;
                log(case, "evidence.refuse", vec![], json!({ "path": path }), &why)?;
            }
            Message::Remove(run) => {
                writer.remove(run)?;
                app.changed(&[Topic::Facts]);
            }
            Message::Sync(done) => {
                let _ = done.send(()); // whoever waited may have gone
            }
            Message::Rest => writer.rest(),
        }
    }
    Ok(())
}

fn end(case: &Case, item: EvidenceId, run: Option<RunId>, outcome: &Outcome, path: &str) -> Result<()> {
    let (status, note) = match &outcome.ending {
        Ending::Complete => ("complete", ""),
        Ending::Partial => ("partial", "damaged, cut short or refused in part: see its issues"),
        Ending::Failed(why) => ("failed", why.as_str()),
    };
    if let Some(run) = run {
        case.run_end(run, if status == "complete" { RunStatus::Done } else { RunStatus::Partial }, now())?;
    }
    let Some(hashes) = &outcome.hashes else {
        return Ok(case.evidence_abandon(item, status, note)?);
    };
    let (sha256, blake3) = (model::hex(&hashes.sha256), model::hex(&hashes.blake3));
    case.evidence_end(item, &sha256, &blake3, hashes.size, status, note)?;
    log(case, "evidence.add", vec![sha256], json!({ "path": path, "size": hashes.size, "blake3": blake3 }), status)
}

pub(crate) fn log(
    case: &Case,
    action: &str,
    objects: Vec<String>,
    params: serde_json::Value,
    outcome: &str,
) -> Result<()> {
    Ok(case.log(now(), &case::Entry { action, objects, params, outcome: outcome.to_owned() })?)
}
