//! A capture file that is still being written, taken apart as it grows.

use std::cell::RefCell;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use case::{Case, EvidenceId};
use evidence::{Host, ItemId, NewItem, Options, Outcome, Watch};
use model::{Cancelled, Fact, Frame, Interface, Issue, Sighting, Sink};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::import::{Hub, Reading, give_up, log};
use crate::jobs::Topic;
use crate::state::{App, now};

/// What was found is shown so often.
const SHOW: Duration = Duration::from_millis(200);
/// How flows and senders stand is told so often at most, and in at most a twentieth of the time.
const LOOK: Duration = Duration::from_secs(1);

/// Devices follow what comes all the time so often at most, and in at most a tenth of the time.
const FOLLOW: Duration = Duration::from_secs(10);

/// Devices and indexes after what was written last.
pub(crate) fn refresh(case: &Case) -> Result<()> {
    case.index()?;
    crate::analysis::devices(case)
}

/// Draws up devices now and then, while something comes.
pub(crate) struct Follow {
    at: Instant,
    took: Duration,
    known: u64,
}

impl Default for Follow {
    fn default() -> Follow {
        Follow { at: Instant::now(), took: Duration::ZERO, known: 0 }
    }
}

impl Follow {
    /// So many bytes were read.
    pub fn look(&mut self, app: &App, case: &Case, read: u64) {
        if read == self.known || self.at.elapsed() <= FOLLOW.max(self.took * 10) {
            return;
        }
        let began = Instant::now();
        let _ = refresh(case); // done again when the file is sealed, where it is told if it fails
        *self = Follow { at: Instant::now(), took: began.elapsed(), known: read };
        app.changed(&[Topic::Devices]);
    }
}

/// Tells the custody log that a file is complete, with its hashes.
pub(crate) fn seal(case: &Case, read: &WasRead, action: &str, mut params: Value, outcome: &str) -> Result<()> {
    let hashes = read.outcome.hashes;
    let hex = |hash: fn(&evidence::Hashes) -> [u8; 32]| hashes.as_ref().map(|hashes| model::hex(&hash(hashes)));
    let sha256 = hex(|hashes| hashes.sha256);
    params["path"] = json!(read.path);
    params["size"] = json!(hashes.map(|hashes| hashes.size));
    params["sha256"] = json!(sha256);
    params["blake3"] = json!(hex(|hashes| hashes.blake3));
    params["clock"] = json!(super::clock_state());
    log(case, action, sha256.into_iter().collect(), params, outcome)
}

/// One file of a live capture on its way into the case.
#[derive(Clone)]
pub(crate) struct Live<'l> {
    case: &'l Case,
    hub: &'l Arc<Hub>,
    /// In the case folder.
    path: &'l str,
    reading: Rc<RefCell<Option<Reading>>>,
    shown: Rc<RefCell<Shown>>,
}

struct Shown {
    at: Instant,
    looked: Instant,
    took: Duration,
}

/// What the evidence says once the file has ended.
pub(crate) struct WasRead {
    /// In the case folder.
    pub path: String,
    pub outcome: Outcome,
}

impl<'l> Live<'l> {
    pub fn new(case: &'l Case, hub: &'l Arc<Hub>, path: &'l str) -> Live<'l> {
        let shown = Shown { at: Instant::now(), looked: Instant::now(), took: Duration::ZERO };
        Live { case, hub, path, reading: Rc::default(), shown: Rc::new(RefCell::new(shown)) }
    }

    /// Reads the file to its end. `item` is told what it is among the evidence, `each` sees every frame.
    pub fn read(
        &self,
        from: &mut dyn Read,
        watch: &dyn Watch,
        item: &mut dyn FnMut(EvidenceId),
        each: &mut dyn FnMut(&Frame, &Reading),
    ) -> Result<WasRead> {
        let options = Options { now: Some(now()), ..Options::default() };
        let sink = LiveSink { reading: self.reading.clone(), each };
        let mut host = LiveHost { live: self, sink, item, ended: None, failed: None };
        let read = evidence::read_live(Path::new(self.path), from, &mut host, &options, watch);
        let LiveHost { ended, failed, .. } = host;
        self.hub.sync()?;
        if let Some(why) = failed {
            return Err(why);
        }
        read?;
        ended.ok_or_else(|| Error::from(Cancelled))
    }

    /// Shows what was found so far, if it is time.
    pub fn pulse(&self) -> std::result::Result<(), Cancelled> {
        let mut shown = self.shown.borrow_mut();
        if shown.at.elapsed() < SHOW {
            return Ok(());
        }
        let Ok(mut reading) = self.reading.try_borrow_mut() else { return Ok(()) };
        let Some(reading) = reading.as_mut() else { return Ok(()) };
        let look = shown.looked.elapsed() >= LOOK.max(shown.took * 20);
        let began = Instant::now();
        reading.show(look)?;
        shown.at = Instant::now();
        if look {
            (shown.looked, shown.took) = (shown.at, began.elapsed());
        }
        Ok(())
    }
}

/// The walk's host: one item, and nothing in it.
struct LiveHost<'h, 'l> {
    live: &'h Live<'l>,
    sink: LiveSink<'h>,
    item: &'h mut dyn FnMut(EvidenceId),
    ended: Option<WasRead>,
    /// Why it was given up.
    failed: Option<Error>,
}

impl Host for LiveHost<'_, '_> {
    fn begin(&mut self, item: &NewItem) -> std::result::Result<ItemId, Cancelled> {
        let Live { case, hub, reading, .. } = self.live;
        let began = Reading::begin(case, hub, item, &[]).map_err(|why| give_up(&mut self.failed, why))?;
        let id = began.item;
        *reading.borrow_mut() = Some(began);
        (self.item)(id);
        Ok(ItemId(id as u64))
    }

    fn sink(&mut self, _: ItemId) -> &mut dyn Sink {
        &mut self.sink
    }

    fn end(&mut self, _: ItemId, outcome: &Outcome) -> std::result::Result<(), Cancelled> {
        let Some(mut reading) = self.live.reading.borrow_mut().take() else { return Ok(()) };
        reading.anew();
        reading.end(outcome)?;
        self.ended = Some(WasRead { path: self.live.path.to_owned(), outcome: outcome.clone() });
        Ok(())
    }

    fn skip(&mut self, _: &str, _: &str) -> std::result::Result<(), Cancelled> {
        Ok(())
    }
}

/// Shares its reading with whoever shows it now and then.
struct LiveSink<'h> {
    reading: Rc<RefCell<Option<Reading>>>,
    each: &'h mut dyn FnMut(&Frame, &Reading),
}

impl Sink for LiveSink<'_> {
    fn interface(&mut self, interface: &Interface) {
        if let Some(reading) = self.reading.borrow_mut().as_mut() {
            reading.interface(interface);
        }
    }

    fn frame(&mut self, frame: &Frame) -> std::result::Result<(), Cancelled> {
        if let Some(reading) = self.reading.borrow_mut().as_mut() {
            reading.frame(frame)?;
            (self.each)(frame, reading);
        }
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> std::result::Result<(), Cancelled> {
        match self.reading.borrow_mut().as_mut() {
            Some(reading) => reading.fact(fact),
            None => Ok(()),
        }
    }

    fn issue(&mut self, issue: Issue) {
        if let Some(reading) = self.reading.borrow_mut().as_mut() {
            reading.issue(issue);
        }
    }

    fn sighting(&mut self, sighting: &Sighting) {
        if let Some(reading) = self.reading.borrow_mut().as_mut() {
            reading.sighting(sighting);
        }
    }

    fn secrets(&mut self, text: &[u8]) {
        if let Some(reading) = self.reading.borrow_mut().as_mut() {
            reading.secrets(text);
        }
    }
}
