//! One item on its way into the case: its frames are taken apart, and what is found goes to the writer in batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use case::{Batch, Case, EvidenceId, FileTimes, FrameColumns, FrameEntry, NO_TIME, NewEvidence, RunId};
use dissect::{Engine, Findings, Latest, Sighting};
use evidence::{NewItem, Outcome};
use model::{Cancelled, Fact, Flow, Frame, Interface, Issue, Sink};

use super::hub::{Hub, Message};
use crate::state::now;

/// Rows in a batch: enough for fast transactions, few enough for first rows to be seen soon.
const BATCH: usize = 16_384;
/// Issues of one item that are listed; a broken file must not fill the case with complaints.
const MOST_ISSUES: usize = 10_000;
/// Formats by name: what is read with a key log, and what is one.
pub(super) const CAPTURES: [&str; 3] = ["pcap", "pcapng", "snoop"];
pub(super) const KEY_LOG: &str = "keylog";

/// One item being read.
pub(crate) struct Reading {
    pub item: EvidenceId,
    path: String,
    pub top: bool,
    engine: Engine,
    frames: FrameColumns,
    found: Found,
    /// The last frame that [`Reading::show`] showed.
    shown: u64,
    is_key_log: bool,
    /// What it says, if it is one.
    pub key_log: Vec<u8>,
}

/// What was found and not yet written.
struct Found {
    run: Option<RunId>,
    to: Arc<Hub>,
    batch: Box<Batch>,
    issues: usize,
}

impl Reading {
    /// Registers an item, and begins a run over it. `secrets`: what key logs have told so far.
    pub fn begin(case: &Case, hub: &Arc<Hub>, item: &NewItem, secrets: &[u8]) -> crate::Result<Reading> {
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
        let id = case.evidence_begin(&new, now())?;
        // What no format knows has a run too: reading it may still go wrong, and that is to be written down.
        let run = case.run_begin(id, item.kind, item.version, now())?;
        let mut reading = Reading::over(hub, Some(run));
        (reading.item, reading.path, reading.top) = (id, item.path.clone(), item.parent.is_none());
        if CAPTURES.contains(&item.kind) {
            reading.engine.secrets(secrets);
        }
        reading.is_key_log = item.kind == KEY_LOG;
        Ok(reading)
    }

    /// Goes over a capture once more, in a run that is begun.
    pub fn again(hub: &Arc<Hub>, run: RunId, secrets: &[u8]) -> Reading {
        let mut reading = Reading::over(hub, Some(run));
        reading.engine.secrets(secrets);
        reading
    }

    /// Of an item that was not begun: what is found is written nowhere.
    pub fn nowhere(hub: &Arc<Hub>) -> Reading {
        Reading::over(hub, None)
    }

    fn over(hub: &Arc<Hub>, run: Option<RunId>) -> Reading {
        let found = Found { run, to: hub.clone(), batch: hub.batch(), issues: 0 };
        Reading {
            item: 0,
            path: String::new(),
            top: false,
            engine: Engine::new(),
            frames: FrameColumns::default(),
            found,
            shown: 0,
            is_key_log: false,
            key_log: Vec::new(),
        }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The item has been read to its end.
    pub fn end(&mut self, outcome: &Outcome) -> Result<(), Cancelled> {
        self.rest()?;
        let (run, path) = (self.found.run, std::mem::take(&mut self.path));
        self.found.to.send(Message::End { item: self.item, run, outcome: outcome.clone(), path })
    }

    /// Nothing more comes: hands over what is left.
    pub fn rest(&mut self) -> Result<(), Cancelled> {
        let Reading { engine, found, .. } = self;
        guarded(|| engine.finish(found)).unwrap_or_else(|why| {
            found.issue(Issue::new("flows", why, 0));
            Ok(())
        })?;
        found.batch.chunks.extend(self.frames.take());
        if found.issues > MOST_ISSUES {
            let rest = found.issues - MOST_ISSUES;
            found.batch.issues.push(Issue::new("issues", format!("{rest} more of them are not listed"), 0));
        }
        found.flush()?;
        found.to.give_back(std::mem::take(&mut found.batch));
        Ok(())
    }

    /// Of the frame that was read last.
    pub fn latest(&self) -> Latest {
        self.engine.latest()
    }

    /// Of an item that is still being written: shows what was found since the last time, and, if `look`, how its flows stand.
    pub fn show(&mut self, look: bool) -> Result<(), Cancelled> {
        let Reading { engine, found, frames, shown, .. } = self;
        let last = engine.latest().frame;
        if *shown == last && found.batch.is_empty() && !look {
            return Ok(());
        }
        *shown = last;
        if look {
            let batch = &mut found.batch;
            let sightings = engine.so_far(&mut |serial, flow| batch.open_flows.push((serial, flow)));
            found.batch.all_sightings = true;
            sightings.iter().try_for_each(|sighting| found.sighting(sighting))?;
        }
        found.batch.chunks.extend(frames.so_far());
        found.batch.live = true;
        found.flush()
    }

    /// What is left to tell of a live item replaces what was told of it so far.
    pub fn anew(&mut self) {
        self.found.batch.all_sightings = true;
    }
}

impl Sink for Reading {
    fn interface(&mut self, interface: &Interface) {
        self.engine.interface(interface);
        self.found.batch.interfaces.push(interface.clone());
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Cancelled> {
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

    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        Findings::fact(&mut self.found, &fact)
    }

    fn issue(&mut self, issue: Issue) {
        Findings::issue(&mut self.found, issue);
    }

    fn sighting(&mut self, sighting: &model::Sighting) {
        Findings::heard(&mut self.found, sighting);
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
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("a dissector failed on it, which is a defect of this program: {}", said.unwrap_or("no reason given"))
    })
}

impl Found {
    fn flush_if_full(&mut self) -> Result<(), Cancelled> {
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Cancelled> {
        let Some(run) = self.run.filter(|_| !self.batch.is_empty()) else { return Ok(()) };
        let batch = std::mem::replace(&mut self.batch, self.to.batch());
        self.to.send(Message::Rows(run, batch))
    }
}

impl Findings for Found {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        self.batch.facts.push(fact);
        self.flush_if_full()
    }

    fn flow(&mut self, serial: u32, flow: &Flow) -> Result<(), Cancelled> {
        self.batch.flows.push((serial, flow.clone()));
        self.flush_if_full()
    }

    fn sighting(&mut self, sighting: &Sighting) -> Result<(), Cancelled> {
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

    fn heard(&mut self, sighting: &model::Sighting) {
        // The fact before it has just been counted; a batch that is full is sent with the next.
        self.batch.presence.push(sighting.clone());
    }

    fn issue(&mut self, issue: Issue) {
        self.issues += 1;
        if self.issues <= MOST_ISSUES {
            self.batch.issues.push(issue);
        }
    }
}
