//! One recording: the capture program, its files, what is found in them, and the seal at the end.

mod seal;
mod start;

use std::io::Read;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::{CaptureCounts, CaptureState, Case};
use model::Time;
use serde_json::Value;

use super::live::{Live, WasRead};
use super::room;
use super::tee::{Growing, Tee};
use super::traffic::Traffic;
use super::{CaptureStart, FOLDER};
use crate::error::{Code, Error, Result};
use crate::import::Hub;
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, lock, now};

pub(super) use seal::seal_interrupted;
pub(super) use start::begin;
use start::{name, reads_standard_input};

/// Devices and the word index follow so often at most, and in at most a tenth of the time.
const REFRESH: Duration = Duration::from_secs(3);
/// What was written is made sure of so often.
const SYNC: Duration = Duration::from_secs(5);

/// A recording, running or ended.
pub(crate) struct Session {
    pub id: i64,
    case: Arc<Case>,
    request: CaptureStart,
    hub: Mutex<Option<Arc<Hub>>>,
    tee: Arc<Tee>,
    child: Mutex<Child>,
    /// Closing it asks the capture program to stop; none: it reads what it records there.
    control: Mutex<Option<ChildStdin>>,
    said: Mutex<Said>,
    /// By the clock that nobody sets.
    began: Instant,
    pub traffic: Mutex<Traffic>,
    notes: Mutex<Vec<(Time, String)>>,
    /// Bytes of all files that were taken apart.
    analysed: AtomicU64,
    /// Nothing more is recorded.
    over: AtomicBool,
    /// Its end has been written down.
    sealing: AtomicBool,
}

/// What the capture program has said last.
#[derive(Default)]
struct Said {
    counts: CaptureCounts,
    /// As it began: link type, snap length, stamps.
    began: Value,
    /// Why it stopped.
    why: Option<String>,
    /// In its words, when something went wrong.
    problem: Option<String>,
}

impl Session {
    pub fn is(&self, case: &Arc<Case>, id: i64) -> bool {
        self.id == id && Arc::ptr_eq(&self.case, case)
    }

    pub fn is_recording(&self) -> bool {
        !self.over.load(Relaxed)
    }

    pub fn analysed(&self) -> u64 {
        self.analysed.load(Relaxed)
    }

    pub fn marks(&self) -> u64 {
        lock(&self.notes).len() as u64
    }

    /// Packets and bytes that are in the files, and what the system counted.
    pub fn counts(&self) -> CaptureCounts {
        let files = self.tee.files();
        let packets = files.iter().map(|file| file.packets).sum();
        let bytes = files.iter().map(|file| file.bytes).sum();
        CaptureCounts { packets, bytes, ..lock(&self.said).counts }
    }

    /// Asks the capture program to stop; what came before is still written, and sealed.
    pub fn stop(&self) {
        lock(&self.control).take();
        if reads_standard_input(&self.request) {
            let _ = lock(&self.child).kill(); // there is no other way to it
        }
    }

    pub fn mark(&self, note: &str) -> Result<()> {
        let failed = |why| Error::new(Code::Failed, format!("noting a moment: {why}"));
        let at = self.tee.mark(note).map_err(failed)?;
        lock(&self.notes).push((at, note.to_owned()));
        Ok(())
    }

    /// What was noted while it ran, and when.
    pub fn notes(&self) -> Vec<(Time, String)> {
        lock(&self.notes).clone()
    }

    fn hear(&self, line: &Value) {
        let mut said = lock(&self.said);
        let before = said.counts.dropped.unwrap_or(0) + said.counts.if_dropped.unwrap_or(0);
        for (key, count) in [("received", 0), ("dropped", 1), ("if_dropped", 2)] {
            if let Some(value) = line[key].as_u64() {
                let counts = &mut said.counts;
                *[&mut counts.received, &mut counts.dropped, &mut counts.if_dropped][count] = Some(value);
            }
        }
        let after = said.counts.dropped.unwrap_or(0) + said.counts.if_dropped.unwrap_or(0);
        match line["event"].as_str() {
            Some("stopped") => said.why = line["why"].as_str().map(str::to_owned),
            Some("error" | "complaint") => said.problem = line["why"].as_str().map(str::to_owned),
            _ => {}
        }
        drop(said);
        if after > before {
            lock(&self.traffic).drop_at(now(), after - before);
        }
    }

    /// The bytes of the capture program into the files, until there are no more.
    fn write(&self, mut out: ChildStdout) {
        let mut buffer = vec![0; 1 << 20];
        let mut looked = Instant::now();
        loop {
            let ended = match out.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => self.tee.take(buffer.get(..n).unwrap_or_default()).map_err(|why| format!("writing: {why}")),
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(why) => Err(format!("reading what the capture program gives: {why}")),
            };
            if let Err(why) = ended {
                lock(&self.said).problem = Some(why);
                break;
            }
            if looked.elapsed() > room::LOOK {
                looked = Instant::now();
                if let Some(why) = self.too_little_room() {
                    lock(&self.said).problem.get_or_insert(why);
                    self.stop();
                }
            }
        }
        self.stop();
        drop(out); // the program would wait for ever to be rid of the rest
        let _ = lock(&self.child).wait();
        let cut = self.tee.close();
        if cut > 0 {
            let why = format!("the capture program broke off in the middle of a block: {cut} bytes of it are not kept");
            lock(&self.said).problem.get_or_insert(why);
        }
        self.over.store(true, Relaxed);
    }

    fn too_little_room(&self) -> Option<String> {
        room::too_little(self.case.dir(), self.counts().bytes.saturating_sub(self.analysed()))
    }

    /// The recording's job: reads the files as they grow, and seals them.
    pub fn run(self: Arc<Session>, app: &App, tick: &Tick) -> Result<Ended> {
        let hub = lock(&self.hub).take().ok_or_else(|| Error::new(Code::Failed, "the recording has ended already"))?;
        let seconds = self.request.seconds.map_or(String::new(), |seconds| format!(" for {seconds} s"));
        tick.at(format!("recording {}{seconds}", name(&self.request)));
        let refreshes = self.clone();
        let handle = app.handle();
        spawn("capture devices", move || refreshes.refresh(handle.as_deref()))?;
        let read = self.read(app, &hub, tick);
        self.stop(); // when the case can't take any more there is no use in recording on
        while !self.over.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let sealed = read.and_then(|read| self.seal(&hub, &read));
        if let Err(why) = &sealed {
            // It may be that nothing can be written: then it is marked when the case is opened again.
            let _ = self.case.capture_state(self.id, CaptureState::Interrupted, &why.message, Some(now()));
        }
        drop(hub);
        let refreshed = super::live::refresh(&self.case).and_then(|()| Ok(self.case.tidy()?));
        app.changed(&[Topic::Capture, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
        let mut sealed = sealed?;
        if let Err(why) = refreshed {
            sealed.message.push_str(&format!("; devices and the word index are behind: {}", why.message));
            sealed.differs = true;
        }
        Ok(sealed)
    }

    fn read(&self, app: &App, hub: &Arc<Hub>, tick: &Tick) -> Result<Vec<WasRead>> {
        let mut read = Vec::new();
        let mut before = 0;
        let look_up = |analysed: u64| {
            self.analysed.store(analysed, Relaxed);
            tick.reach(analysed);
            if tick.advance(0).is_err() {
                self.stop();
            }
            if !self.is_recording() && !self.sealing.swap(true, Relaxed) {
                let _ = self.case.capture_state(self.id, CaptureState::Sealing, "", None); // told again when it is done
                app.changed(&[Topic::Capture]);
            }
        };
        while let Some(file) = self.tee.file(read.len(), || look_up(before)) {
            let path = format!("{FOLDER}/{}", file.name);
            self.case.capture_file(self.id, &path)?;
            let live = Live::new(&self.case, hub, &path);
            let mut failed = Ok(());
            let mut pulse = |at: u64| {
                look_up(before + at);
                if failed.is_ok() {
                    failed = live.pulse();
                }
            };
            let mut growing = Growing::new(&self.tee, read.len(), &file.name, &mut pulse)
                .map_err(|why| Error::new(Code::Failed, format!("reading {path}: {why}")))?;
            let was_read = live.read(
                &mut growing,
                &(),
                &mut |item| {
                    let _ = self.case.capture_is_evidence(self.id, &path, item); // found by its path, if not
                    app.changed(&[Topic::Capture, Topic::Evidence]);
                },
                &mut |frame, reading| lock(&self.traffic).add(frame.ts, frame.wire_len, &reading.latest()),
            );
            let was_read = was_read?;
            before += was_read.outcome.hashes.as_ref().map_or(0, |hashes| hashes.size);
            read.push(was_read);
            self.case.capture_count(self.id, &self.counts())?;
        }
        Ok(read)
    }

    /// While it runs: devices follow what is found, and what is written is made sure of.
    fn refresh(&self, app: Option<&App>) {
        let (mut refreshed, mut synced, mut took, mut counted) = (Instant::now(), Instant::now(), Duration::ZERO, 0);
        while self.is_recording() {
            std::thread::sleep(Duration::from_millis(100));
            if synced.elapsed() > SYNC {
                let _ = self.tee.sync(); // what can't be made sure of is found when the file is read and hashed
                let _ = self.case.capture_count(self.id, &self.counts()); // for whoever looks from elsewhere
                synced = Instant::now();
            }
            if refreshed.elapsed() > REFRESH.max(took * 10) && counted != self.analysed() {
                counted = self.analysed();
                let began = Instant::now();
                // Done again at the end, where it is told if it fails.
                if super::live::refresh(&self.case).is_ok()
                    && let Some(app) = app
                {
                    app.changed(&[Topic::Devices]);
                }
                (refreshed, took) = (Instant::now(), began.elapsed());
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|why| Error::new(Code::Failed, format!("recording: starting a thread: {why}")))
}
