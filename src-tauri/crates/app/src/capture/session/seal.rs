//! The end of a recording, in one act: closed, hashed, and told to the custody log with all that has to be known of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use case::{Capture as Known, CaptureCounts, CaptureState, Case};
use evidence::{Ending, Options, Outcome};
use serde_json::{Value, json};

use super::super::live::{self, Live, WasRead};
use super::super::{clock, tee};
use super::Session;
use super::start::name;
use crate::error::{Code, Error, Result};
use crate::import::{Hub, log};
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, lock, now};

impl Session {
    /// One act: what was recorded, from when to when, how much was lost, how the clock stood, on whose authority, with which hashes.
    pub(super) fn seal(&self, hub: &Arc<Hub>, read: &[WasRead]) -> Result<Ended> {
        hub.sync()?;
        let counts = self.counts();
        self.case.capture_count(self.id, &counts)?;
        let (why, began) = {
            let said = lock(&self.said);
            let why = said.problem.clone().or_else(|| said.why.clone());
            (why.unwrap_or_else(|| "the capture program ended unexpectedly".into()), said.began.clone())
        };
        let well = matches!(why.as_str(), "asked" | "limit" | "end");
        let started = self.case.capture(self.id)?.map(|known| known.started.to_string());
        let ended = now();
        let (objects, files) = written(read);
        let params = json!({
            "capture": self.id, "interface": name(&self.request), "filter": self.request.filter, "options": self.request,
            "program": began, "started": started, "ended": ended.to_string(), "why": why,
            "seconds": self.began.elapsed().as_secs_f64(), // by the monotonic clock
            "packets": counts.packets, "bytes": counts.bytes, "received": counts.received, "dropped": counts.dropped,
            "if_dropped": counts.if_dropped, "marks": self.marks(), "clock": clock::state(),
            "authority": self.request.authority, "files": files,
        });
        log(&self.case, "capture.seal", objects, params, if well { "sealed" } else { "sealed early" })?;
        self.case.capture_state(self.id, CaptureState::Sealed, &why, Some(ended))?;
        let lost = counts.dropped.unwrap_or(0) + counts.if_dropped.unwrap_or(0);
        let mut message = format!("{} packets recorded and sealed in {}", counts.packets, count(read.len(), "file"));
        if lost > 0 {
            message.push_str(&format!("; {lost} packets were lost"));
        }
        if !well {
            message.push_str(&format!("; it ended early: {why}"));
        }
        Ok(Ended { message, differs: lost > 0 || !well })
    }
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Files and their hashes, for the custody log.
fn written(read: &[WasRead]) -> (Vec<String>, Vec<Value>) {
    let hashes = |read: &WasRead| read.outcome.hashes;
    let objects = read.iter().filter_map(hashes).map(|hashes| model::hex(&hashes.sha256)).collect();
    let files = read.iter().map(|read| {
        let hashes = hashes(read);
        let (sha256, blake3) = hashes.as_ref().map(|h| (model::hex(&h.sha256), model::hex(&h.blake3))).unzip();
        json!({ "path": read.path, "size": hashes.map(|h| h.size), "sha256": sha256, "blake3": blake3 })
    });
    (objects, files.collect())
}

/// Seals what a recording left behind that nobody stopped: the program, or the machine, had ended.
pub(in crate::capture) fn seal_interrupted(
    app: &App,
    case: &Arc<Case>,
    known: Known,
    note: &str,
    tick: &Tick,
) -> Result<Ended> {
    let hub = Hub::of(app, case, tick).map_err(|why| why.while_doing("sealing"))?;
    let mut read = Vec::new();
    let mut cut = 0;
    let mut counts = CaptureCounts { packets: 0, bytes: 0, ..known.counts };
    for path in files(case, &known)? {
        let file = case.dir().join(&path);
        tick.at(&path);
        let failed = |why: std::io::Error| Error::new(Code::Failed, format!("sealing {path}: {why}"));
        // Never evidence before this: a block that was only half written when the machine stopped is taken off.
        let whole = tee::trim(&file).map_err(failed)?;
        cut += whole.cut;
        counts.packets += whole.packets;
        counts.bytes += whole.bytes;
        if whole.bytes == 0 {
            continue;
        }
        if let Some(was_read) = read_before(case, &known, &path, &file, tick)? {
            read.push(was_read);
            continue;
        }
        let live = Live::new(case, &hub, &path);
        let mut from = evidence::open(&file).map_err(failed)?;
        let item = &mut |item| {
            let _ = case.capture_is_evidence(known.id, &path, item);
        };
        read.push(live.read(&mut from, tick, item, &mut |_, _| ())?);
    }
    case.capture_count(known.id, &counts)?;
    let (objects, list) = written(&read);
    let params = json!({
        "capture": known.id, "interface": known.interface, "filter": known.filter, "started": known.started.to_string(),
        "why": known.why, "packets": counts.packets, "bytes": counts.bytes, "cut": cut, "clock": clock::state(),
        "authority": known.authority, "note": note, "files": list,
    });
    log(case, "capture.seal", objects, params, "sealed as interrupted")?;
    case.capture_state(known.id, CaptureState::Sealed, "interrupted", Some(now()))?;
    drop(hub);
    live::refresh(case)?;
    case.tidy()?;
    app.changed(&[Topic::Capture, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
    Ok(Ended::well(format!("{} packets sealed in {}", counts.packets, count(read.len(), "file"))))
}

/// A file that was taken apart to its end before the interruption, if it still is what it was then.
fn read_before(case: &Case, known: &Known, path: &str, file: &Path, tick: &Tick) -> Result<Option<WasRead>> {
    let item = known.files.iter().find(|known| known.path == path).and_then(|known| known.evidence);
    let item = item.map(|item| case.evidence(item)).transpose()?.flatten();
    let Some(item) = item.filter(|item| item.status == "complete" && item.sha256.is_some()) else { return Ok(None) };
    let hashed = evidence::hash_item(file, &[], &Options::default(), tick);
    tick.advance(0)?;
    let hashes = hashed.ok().filter(|hashes| Some(model::hex(&hashes.sha256)) == item.sha256);
    let outcome = |hashes| Outcome { hashes: Some(hashes), ending: Ending::Complete };
    Ok(hashes.map(|hashes| WasRead { path: path.to_owned(), outcome: outcome(hashes) }))
}

/// Its files: those that were written down, and any that the crash was faster than.
fn files(case: &Case, known: &Known) -> Result<Vec<String>> {
    let mut paths: Vec<String> = known.files.iter().map(|file| file.path.clone()).collect();
    let Some(stem) = paths.first().and_then(|first| first.strip_suffix("-0001.pcapng")).map(str::to_owned) else {
        return Ok(paths);
    };
    loop {
        let next = tee::numbered(&stem, paths.len() + 1);
        if !case.dir().join(PathBuf::from(&next)).is_file() {
            return Ok(paths);
        }
        case.capture_file(known.id, &next)?;
        paths.push(next);
    }
}
