//! Evidence into the case: files are read once, hashed, recognised, taken apart and written, all at the same time.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::{Batch, Case, EvidenceId, FileTimes, FrameColumns, FrameEntry, NO_TIME, NewEvidence, RunId, RunStatus};
use dissect::{Engine, Findings, Sighting};
use evidence::{Ending, Host, ItemId, NewItem, Options, Outcome, Times, Watch};
use model::{Cancelled, Fact, Flow, Frame, Interface, Issue, Sink};
use serde_json::json;

use crate::analysis;
use crate::error::{Code, Error, Result};
use crate::evidence_items::EvidenceAdd;
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, now};

/// Rows in a batch: enough for fast transactions, few enough for first rows to be seen soon.
const BATCH: usize = 16_384;
/// Batches that wait for the writer.
const WAITING: usize = 2;
/// How long another program's look at the case is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Issues of one item that are listed; a broken file must not fill the case with complaints.
const MOST_ISSUES: usize = 10_000;
/// Key logs that are kept to read captures with, in bytes.
const MOST_SECRETS: usize = 64 << 20;
/// Formats by name: what is read with a key log, and what is one.
const CAPTURES: [&str; 3] = ["pcap", "pcapng", "snoop"];
const KEY_LOG: &str = "keylog";

/// Reads files and folders into the case.
pub(crate) fn import(app: &App, case: &Case, request: &EvidenceAdd, tick: &Tick) -> Result<Ended> {
    // Imports of this program follow each other.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = crate::state::lock(&ONE);
    tick.advance(0)?;
    // Whoever opens the case holds the right for a moment, to look for what a crash left.
    let began = Instant::now();
    while !case.may_import()? {
        if began.elapsed() > PATIENCE {
            return Err(Error::new(Code::Busy, "importing: another Lintel is importing into this case just now"));
        }
        tick.advance(0)?;
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = import_alone(app, case, request, tick);
    case.done_importing();
    app.changed(&[Topic::Case, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
    ended
}

/// What an import that was cut off had been asked for.
pub(crate) fn remembered(case: &Case) -> Result<Option<EvidenceAdd>> {
    Ok(case.remembered_import()?.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(crate) fn remembered_paths(case: &Case) -> Result<Vec<String>> {
    Ok(remembered(case)?.map(|request| request.paths).unwrap_or_default())
}

fn import_alone(app: &App, case: &Case, request: &EvidenceAdd, tick: &Tick) -> Result<Ended> {
    let paths = checked_paths(case, &request.paths)?;
    case.remember_import(Some(&serde_json::to_string(request).unwrap_or_default()))?;
    tick.total(paths.iter().map(|path| evidence::measure(path).1).sum());
    let options = Options { now: Some(now()), ..Options::default() };
    let (sender, receiver) = sync_channel(WAITING);
    let spare = Spare::default();
    let mut seen = Seen::default();
    let read = std::thread::scope(|scope| {
        let named = std::thread::Builder::new().name("case writer".into());
        let writer = named.spawn_scoped(scope, || write(app, case, request.copy, receiver, &spare, tick));
        let writer =
            writer.map_err(|why| Error::new(Code::Failed, format!("importing: starting the writer: {why}")))?;
        // Key logs first: captures are read with them, whatever the order.
        let secrets = paths.iter().flat_map(|path| evidence::key_logs(path)).collect();
        let (open, spare, seen) = (HashMap::new(), spare.clone(), &mut seen);
        let mut host = Importer { case, to: sender, spare, options: &options, tick, open, seen, secrets };
        let read = paths.iter().try_for_each(|path| evidence::read_path(path, &mut host, &options, tick));
        drop(host); // the writer ends when nothing more can come
        let written =
            writer.join().unwrap_or_else(|_| Err(Error::new(Code::Failed, "importing: the writer broke off")));
        written.and(read.map_err(Error::from))
    });
    if let Err(why) = read {
        abandon(case, why.code)?;
        if why.code == Code::Cancelled {
            case.remember_import(None)?;
        }
        // What is complete stays, and has to be found.
        finish(case, tick)?;
        return Err(why);
    }
    finish(case, tick)?;
    case.remember_import(None)?;
    let Seen { read, known, refused, partial, .. } = seen;
    let mut message = format!("{read} item{} read", if read == 1 { "" } else { "s" });
    for (count, word) in [(known, "known already"), (partial, "read in part"), (refused, "refused")] {
        if count > 0 {
            message.push_str(&format!(", {count} {word}"));
        }
    }
    Ok(Ended { message, differs: refused > 0 || partial > 0 })
}

fn finish(case: &Case, tick: &Tick) -> Result<()> {
    tick.at("indexing texts and drawing up devices");
    // What is drawn up comes from other tables than what is indexed; it is written when that is done.
    std::thread::scope(|scope| {
        let indexing = scope.spawn(|| case.index());
        let drawn = analysis::devices(case);
        let indexed = indexing.join();
        indexed.unwrap_or_else(|_| Err(case::Error::Refused("indexing the texts broke off".into())))?;
        drawn
    })?;
    case.tidy()?;
    Ok(())
}

/// A case must not lie inside what it is about to read (nor be read into itself).
fn checked_paths(case: &Case, paths: &[String]) -> Result<Vec<PathBuf>> {
    let own = case.dir().canonicalize().unwrap_or_else(|_| case.dir().to_owned());
    let check = |text: &String| {
        let path = PathBuf::from(text);
        let path = plain(&std::path::absolute(&path).unwrap_or(path));
        let real = path.canonicalize().map_err(|why| Error::missing(format!("adding {}: {why}", path.display())))?;
        if own.starts_with(&real) {
            let why = format!("adding {}: the case itself lies in it; keep cases apart from evidence", path.display());
            return Err(Error::new(Code::Refused, why));
        }
        Ok(path)
    };
    paths.iter().map(check).collect()
}

/// The path without `..`, where that leads to the same place.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    let same = |path: &Path| path.canonicalize().ok();
    if same(&out) == same(path) { out } else { path.to_owned() }
}

/// Items that were not read to their end disappear from views; the attempt stays in the custody log.
fn abandon(case: &Case, code: Code) -> Result<()> {
    for item in case.all_evidence()?.into_iter().filter(|item| item.status == "reading") {
        case.purge_runs_of(item.id)?;
        match code {
            Code::Cancelled => case.evidence_remove(item.id)?,
            _ => case.evidence_abandon(item.id, "failed", "the import broke off")?,
        }
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    read: u64,
    known: u64,
    refused: u64,
    partial: u64,
}

/// Batches that are written, for use again: their memory is warm.
type Spare = Arc<Mutex<Vec<Box<Batch>>>>;

/// What goes to the writing thread.
enum Message {
    Rows(RunId, Box<Batch>),
    End { item: EvidenceId, run: Option<RunId>, outcome: Outcome, path: String, top: bool },
    Refused { path: String, why: String },
}

/// Writes everything in the order in which it was found.
fn write(app: &App, case: &Case, copy: bool, from: Receiver<Message>, spare: &Spare, tick: &Tick) -> Result<()> {
    let mut writer = case.writer()?;
    for message in from {
        match message {
            Message::Rows(run, mut batch) => {
                writer.write(run, &batch)?;
                app.changed(&[Topic::Facts]);
                batch.clear();
                crate::state::lock(spare).push(batch);
            }
            Message::End { item, run, outcome, path, top } => {
                end(case, item, run, &outcome, &path, top && copy, tick)?;
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
        }
    }
    Ok(())
}

fn end(
    case: &Case,
    item: EvidenceId,
    run: Option<RunId>,
    outcome: &Outcome,
    path: &str,
    copy: bool,
    tick: &Tick,
) -> Result<()> {
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
    if copy {
        copy_in(case, item, path, &sha256, tick)?;
    }
    log(case, "evidence.add", vec![sha256], json!({ "path": path, "size": hashes.size, "blake3": blake3 }), status)
}

fn copy_in(case: &Case, item: EvidenceId, path: &str, sha256: &str, tick: &Tick) -> Result<()> {
    let source = evidence::name::unescape_path(path);
    let name = source.file_name().unwrap_or_else(|| "evidence".as_ref());
    let inside = Path::new("copies").join(&sha256[..16.min(sha256.len())]).join(name);
    let target = case.dir().join(&inside);
    let failed = |why: String| Error::new(Code::Failed, format!("copying {path} into the case: {why}"));
    std::fs::create_dir_all(target.parent().unwrap_or(case.dir())).map_err(|why| failed(why.to_string()))?;
    let mut from = evidence::open(&source).map_err(|why| failed(why.to_string()))?;
    let mut to = std::fs::File::create(&target).map_err(|why| failed(why.to_string()))?;
    std::io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).map_err(|why| failed(why.to_string()))?;
    let written =
        evidence::hash_item(&target, &[], &Options::default(), tick).map_err(|why| failed(why.to_string()))?;
    if model::hex(&written.sha256) != sha256 {
        return Err(failed("the copy's SHA-256 differs from what was read".into()));
    }
    // In the case's own words a path has `/`, whatever the machine.
    let inside = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    Ok(case.evidence_copied(item, &inside)?)
}

fn log(case: &Case, action: &str, objects: Vec<String>, params: serde_json::Value, outcome: &str) -> Result<()> {
    Ok(case.log(now(), &case::Entry { action, objects, params, outcome: outcome.to_owned() })?)
}

/// The walk's host: registers items, and takes their bytes apart.
struct Importer<'i> {
    case: &'i Case,
    to: SyncSender<Message>,
    spare: Spare,
    options: &'i Options,
    tick: &'i Tick,
    open: HashMap<ItemId, Reading>,
    seen: &'i mut Seen,
    /// What key logs told.
    secrets: Vec<u8>,
}

impl Host for Importer<'_> {
    fn known(&mut self, path: &str, size: u64, _times: &Times) -> std::result::Result<bool, Cancelled> {
        let items = self.case.all_evidence().unwrap_or_default();
        let done = |item: &&case::Evidence| {
            item.parent.is_none()
                && item.size == Some(size)
                && matches!(item.status.as_str(), "complete" | "partial" | "failed")
        };
        let mut same_size = items.iter().filter(done).filter_map(|item| item.sha256.as_deref()).peekable();
        if same_size.peek().is_none() {
            return Ok(false);
        }
        let (file, _) = evidence::name::split(path);
        let Ok(hashes) = evidence::hash_item(&file, &[], self.options, &Quiet(self.tick)) else { return Ok(false) };
        let sha256 = model::hex(&hashes.sha256);
        let known = same_size.any(|other| other == sha256);
        self.seen.known += u64::from(known);
        Ok(known)
    }

    fn begin(&mut self, item: &NewItem) -> std::result::Result<ItemId, Cancelled> {
        self.tick.at(&item.path);
        let new = NewEvidence {
            parent: item.parent.map(|parent| parent.0 as EvidenceId),
            path: item.path.clone(),
            name: item.name.clone(),
            kind: item.kind.to_owned(),
            reason: item.reason.clone(),
            refusals: item.refusals.iter().map(|no| (no.format.to_owned(), no.why.clone())).collect(),
            size: item.size,
            times: FileTimes {
                modified: item.times.modified.map(|at| at.0),
                created: item.times.created.map(|at| at.0),
                accessed: item.times.accessed.map(|at| at.0),
            },
        };
        let id = self.case.evidence_begin(&new, now()).map_err(|_| Cancelled)?;
        // What no format knows has a run too: reading it may still go wrong, and that is to be written down.
        let run = self.case.run_begin(id, item.kind, item.version, now()).map_err(|_| Cancelled)?;
        let key = ItemId(id as u64);
        let mut reading =
            Reading::new(Some(run), self.to.clone(), self.spare.clone(), &item.path, item.parent.is_none());
        if CAPTURES.contains(&item.kind) {
            reading.engine.secrets(&self.secrets);
        }
        reading.is_key_log = item.kind == KEY_LOG;
        self.open.insert(key, reading);
        Ok(key)
    }

    fn sink(&mut self, item: ItemId) -> &mut dyn Sink {
        // An item is begun before it has a sink; one that was not would be written nowhere.
        let (to, spare) = (&self.to, &self.spare);
        self.open.entry(item).or_insert_with(|| Reading::new(None, to.clone(), spare.clone(), "", false))
    }

    fn end(&mut self, item: ItemId, outcome: &Outcome) -> std::result::Result<(), Cancelled> {
        let Some(mut reading) = self.open.remove(&item) else { return Ok(()) };
        reading.finish()?;
        match outcome.ending {
            Ending::Complete => {}
            _ => self.seen.partial += 1,
        }
        self.seen.read += 1;
        let Reading { run, path, top, key_log, .. } = reading;
        if self.secrets.len() + key_log.len() <= MOST_SECRETS {
            self.secrets.extend(key_log);
        }
        let end = Message::End { item: item.0 as EvidenceId, run, outcome: outcome.clone(), path, top };
        self.to.send(end).map_err(|_| Cancelled)
    }

    fn skip(&mut self, path: &str, why: &str) -> std::result::Result<(), Cancelled> {
        self.seen.refused += 1;
        self.to.send(Message::Refused { path: path.to_owned(), why: why.to_owned() }).map_err(|_| Cancelled)
    }
}

/// Can be cancelled, but what it reads is not progress: it is read again, or never.
struct Quiet<'t>(&'t Tick);

impl Watch for Quiet<'_> {
    fn advance(&self, _bytes: u64) -> std::result::Result<(), Cancelled> {
        self.0.advance(0)
    }
}

/// One item being read.
struct Reading {
    run: Option<RunId>,
    path: String,
    top: bool,
    engine: Engine,
    frames: FrameColumns,
    found: Found,
    is_key_log: bool,
    /// What it says, if it is one.
    key_log: Vec<u8>,
}

/// What was found and not yet written.
struct Found {
    run: Option<RunId>,
    to: SyncSender<Message>,
    spare: Spare,
    batch: Box<Batch>,
    issues: usize,
}

impl Reading {
    fn new(run: Option<RunId>, to: SyncSender<Message>, spare: Spare, path: &str, top: bool) -> Reading {
        let batch = crate::state::lock(&spare).pop().unwrap_or_default();
        let found = Found { run, to, spare, batch, issues: 0 };
        let (engine, frames) = (Engine::new(), FrameColumns::default());
        Reading { run, path: path.to_owned(), top, engine, frames, found, is_key_log: false, key_log: Vec::new() }
    }

    fn finish(&mut self) -> std::result::Result<(), Cancelled> {
        let Reading { engine, found, .. } = self;
        guarded(|| engine.finish(found)).unwrap_or_else(|why| {
            found.issue(Issue::new("flows", why, 0));
            Ok(())
        })?;
        self.found.batch.chunks.extend(self.frames.take());
        if self.found.issues > MOST_ISSUES {
            let rest = self.found.issues - MOST_ISSUES;
            self.found.batch.issues.push(Issue::new("issues", format!("{rest} more of them are not listed"), 0));
        }
        self.found.flush()?;
        self.found.batch.clear();
        crate::state::lock(&self.found.spare).push(std::mem::take(&mut self.found.batch));
        Ok(())
    }
}

impl Sink for Reading {
    fn interface(&mut self, interface: &Interface) {
        self.found.batch.interfaces.push(interface.clone());
    }

    fn frame(&mut self, frame: &Frame) -> std::result::Result<(), Cancelled> {
        let Reading { engine, found, .. } = self;
        let flow = match guarded(|| engine.frame(frame, found)) {
            Ok(flow) => flow?,
            Err(why) => {
                let mut issue = Issue::new("frame", why, frame.offset);
                issue.frame = Some(frame.number);
                found.issue(issue);
                0
            }
        };
        let entry = FrameEntry {
            number: frame.number,
            ts: frame.ts.map_or(NO_TIME, |ts| ts.0),
            offset: frame.offset,
            cap_len: frame.bytes.len() as u32,
            wire_len: frame.wire_len,
            interface: frame.interface,
            flow,
        };
        if let Some(chunk) = self.frames.push(entry) {
            self.found.batch.chunks.push(chunk);
        }
        self.found.flush_if_full()
    }

    fn fact(&mut self, fact: Fact) -> std::result::Result<(), Cancelled> {
        Findings::fact(&mut self.found, fact)
    }

    fn issue(&mut self, issue: Issue) {
        Findings::issue(&mut self.found, issue);
    }

    fn secrets(&mut self, text: &[u8]) {
        if self.is_key_log {
            self.key_log = text.to_vec();
        } else {
            self.engine.secrets(text);
        }
    }
}

/// A dissector that panics on evidence is a defect of ours, told as an issue; it must not take the import with it.
fn guarded<T>(work: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("a dissector failed on it, which is a defect of this program: {}", said.unwrap_or("no reason given"))
    })
}

impl Found {
    fn flush_if_full(&mut self) -> std::result::Result<(), Cancelled> {
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> std::result::Result<(), Cancelled> {
        let Some(run) = self.run.filter(|_| !self.batch.is_empty()) else { return Ok(()) };
        let next = crate::state::lock(&self.spare).pop().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, next);
        self.to.send(Message::Rows(run, batch)).map_err(|_| Cancelled)
    }
}

impl Findings for Found {
    fn fact(&mut self, fact: Fact) -> std::result::Result<(), Cancelled> {
        self.batch.facts.push(&fact);
        self.flush_if_full()
    }

    fn flow(&mut self, serial: u32, flow: &Flow) -> std::result::Result<(), Cancelled> {
        self.batch.flows.push((serial, flow.clone()));
        self.flush_if_full()
    }

    fn sighting(&mut self, sighting: &Sighting) -> std::result::Result<(), Cancelled> {
        self.batch.sightings.push(case::Sighting {
            mac: sighting.mac,
            ip: sighting.ip,
            first_ts: sighting.first_ts.map(|ts| ts.0),
            last_ts: sighting.last_ts.map(|ts| ts.0),
            first_frame: sighting.first_frame,
            frames: sighting.frames,
            bytes: sighting.bytes,
        });
        self.flush_if_full()
    }

    fn issue(&mut self, issue: Issue) {
        self.issues += 1;
        if self.issues <= MOST_ISSUES {
            self.batch.issues.push(issue);
        }
    }
}
