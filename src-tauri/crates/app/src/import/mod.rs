//! Evidence into the case: files are read once, hashed, recognised, taken apart and written, all at the same time.

mod again;
mod hub;
mod reading;

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use case::{Case, EvidenceId};
use evidence::{Ending, Host, ItemId, NewItem, Options, Outcome, Times, Watch};
use model::{Cancelled, Sink};

pub(crate) use again::known_secrets;
pub(crate) use hub::{Hub, log};
pub(crate) use reading::Reading;

use crate::analysis;
use crate::error::{Code, Error, Result};
use crate::evidence_items::EvidenceAdd;
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, now};
use hub::Message;

/// Key logs that are kept to read captures with, in bytes.
const MOST_SECRETS: usize = 64 << 20;

/// Reads files and folders into the case.
pub(crate) fn import(app: &App, case: &Arc<Case>, request: &EvidenceAdd, tick: &Tick) -> Result<Ended> {
    // Imports of this program follow each other.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = crate::state::lock(&ONE);
    let hub = Hub::of(app, case, tick).map_err(|why| why.while_doing("importing"))?;
    let ended = import_alone(case, &hub, request, tick);
    drop(hub);
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

fn import_alone(case: &Case, hub: &Arc<Hub>, request: &EvidenceAdd, tick: &Tick) -> Result<Ended> {
    let paths = checked_paths(case, &request.paths)?;
    case.remember_import(Some(&serde_json::to_string(request).unwrap_or_default()))?;
    tick.total(paths.iter().map(|path| evidence::measure(path).1).sum());
    let options = Options { now: Some(now()), ..Options::default() };
    // Key logs first: captures are read with them, whatever the order.
    let mut secrets = known_secrets(case);
    secrets.extend(paths.iter().flat_map(|path| evidence::key_logs(path)));
    let mut host = Importer {
        case,
        hub,
        options: &options,
        copy: request.copy,
        tick,
        open: HashMap::new(),
        begun: Vec::new(),
        seen: Seen::default(),
        failed: None,
        secrets,
    };
    let read = paths.iter().try_for_each(|path| evidence::read_path(path, &mut host, &options, tick));
    let Importer { begun, seen, failed, .. } = host;
    let read = match (hub.sync(), failed) {
        (Err(why), _) | (Ok(()), Some(why)) => Err(why),
        (Ok(()), None) => read.map_err(Error::from),
    };
    let again = read.and_then(|()| again::with_key_logs(case, hub, &seen, tick));
    hub.rest();
    let again = again.or_else(|why| {
        abandon(case, &begun, why.code)?;
        if why.code == Code::Cancelled {
            case.remember_import(None)?;
        }
        // What is complete stays, and has to be found.
        finish(case, tick)?;
        case.tidy()?;
        Err(why)
    })?;
    finish(case, tick)?;
    case.remember_import(None)?;
    case.tidy()?; // last, as the disk is waited for once more for whatever is written after it
    let Seen { read, known, refused, partial, .. } = seen;
    let mut message = format!("{read} item{} read", if read == 1 { "" } else { "s" });
    for (count, word) in [(known, "known already"), (partial, "read in part"), (refused, "refused")] {
        if count > 0 {
            message.push_str(&format!(", {count} {word}"));
        }
    }
    if again > 0 {
        let captures = if again == 1 { "1 capture" } else { &format!("{again} captures") };
        message.push_str(&format!("; a key log opens {captures} of the case, read again with it"));
    }
    Ok(Ended { message, differs: refused > 0 || partial > 0 })
}

fn finish(case: &Case, tick: &Tick) -> Result<()> {
    tick.at("indexing flows and drawing up devices");
    // What is drawn up comes from other tables than what is indexed; it is written when that is done.
    std::thread::scope(|scope| {
        let indexing = scope.spawn(|| case.index());
        let drawn = analysis::devices(case);
        let indexed = indexing.join();
        indexed.unwrap_or_else(|_| Err(case::Error::Refused("indexing the flows broke off".into())))?;
        drawn
    })
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
fn abandon(case: &Case, begun: &[EvidenceId], code: Code) -> Result<()> {
    for item in case.all_evidence()?.into_iter().filter(|item| item.status == "reading" && begun.contains(&item.id)) {
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
    items: HashSet<EvidenceId>,
    /// What key logs among them say.
    key_logs: Vec<u8>,
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

/// The walk's host: registers items, and takes their bytes apart.
struct Importer<'i> {
    case: &'i Case,
    hub: &'i Arc<Hub>,
    options: &'i Options,
    /// Files are copied into the case.
    copy: bool,
    tick: &'i Tick,
    open: HashMap<ItemId, Reading>,
    begun: Vec<EvidenceId>,
    seen: Seen,
    /// Why it was given up.
    failed: Option<Error>,
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
        let begun = Reading::begin(self.case, self.hub, item, &self.secrets);
        let reading = begun.map_err(|why| give_up(&mut self.failed, why))?;
        let id = reading.item;
        self.begun.push(id);
        self.open.insert(ItemId(id as u64), reading);
        Ok(ItemId(id as u64))
    }

    fn sink(&mut self, item: ItemId) -> &mut dyn Sink {
        // An item is begun before it has a sink; one that was not would be written nowhere.
        self.open.entry(item).or_insert_with(|| Reading::nowhere(self.hub))
    }

    fn end(&mut self, item: ItemId, outcome: &Outcome) -> std::result::Result<(), Cancelled> {
        let Some(mut reading) = self.open.remove(&item) else { return Ok(()) };
        let path = reading.path().to_owned();
        reading.end(outcome)?;
        match outcome.ending {
            Ending::Complete => {}
            _ => self.seen.partial += 1,
        }
        self.seen.read += 1;
        self.seen.items.insert(reading.item);
        if self.seen.key_logs.len() + reading.key_log.len() <= MOST_SECRETS {
            self.seen.key_logs.extend_from_slice(&reading.key_log);
        }
        if self.secrets.len() + reading.key_log.len() <= MOST_SECRETS {
            self.secrets.append(&mut reading.key_log);
        }
        if let (true, true, Some(hashes)) = (reading.top, self.copy, &outcome.hashes) {
            let sha256 = model::hex(&hashes.sha256);
            let copied = self.hub.sync().and_then(|()| copy_in(self.case, reading.item, &path, &sha256, self.tick));
            copied.map_err(|why| give_up(&mut self.failed, why))?;
        }
        Ok(())
    }

    fn skip(&mut self, path: &str, why: &str) -> std::result::Result<(), Cancelled> {
        self.seen.refused += 1;
        self.hub.send(Message::Refused { path: path.to_owned(), why: why.to_owned() })
    }
}

/// A walk can only be cancelled: why it was is kept beside it.
pub(crate) fn give_up(failed: &mut Option<Error>, why: Error) -> Cancelled {
    *failed = Some(why);
    Cancelled
}

/// Can be cancelled, but what it reads is not progress: it is read again, or never.
struct Quiet<'t>(&'t Tick);

impl Watch for Quiet<'_> {
    fn advance(&self, _bytes: u64) -> std::result::Result<(), Cancelled> {
        self.0.advance(0)
    }
}
