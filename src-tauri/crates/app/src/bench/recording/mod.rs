//! What passes on the bench, or between us and a broker elsewhere, kept as evidence: a capture of messages, safe on the disk before anything is
//! answered, read as it grows, and sealed at the end.

mod blocks;
mod queue;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::Case;
use device::record::{Kept, Record, Recorder};
use model::Time;
use serde::Serialize;
use serde_json::json;
use ts_rs::TS;

use self::queue::{Counts, Queue};
use crate::capture::FOLDER;
use crate::capture::live::{self, Follow, Live, WasRead};
use crate::capture::room;
use crate::capture::tee::{self, Growing, Rotation, Tee};
use crate::error::{Code, Error, Result};
use crate::import::Hub;
use crate::jobs::{self, Ended, Tick, Topic};
use crate::orphans::Left;
use crate::state::{App, lock, now};

/// What a crash left of them.
pub(crate) const LEFT: Left = Left {
    is_ours: |name| STEMS.iter().any(|stem| name.starts_with(stem)) && name.ends_with(".pcapng"),
    trim: |path: &Path| tee::trim(path).map(|whole| whole.cut),
    action: "bench.seal",
};

/// Views are told so often at most that something was recorded.
const TELL: Duration = Duration::from_millis(500);

/// With what names of files begin.
const STEMS: [&str; 2] = ["bench-", "broker-"];

/// Where what is recorded passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Our own broker.
    Bench,
    /// Brokers elsewhere.
    Elsewhere,
}

/// What a recording is of.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub place: Place,
    /// In words: `MQTT broker on 192.0.2.9:8883`.
    pub what: String,
    /// By whose leave, on what ground.
    pub authority: String,
}

/// A recording as it stands.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct BenchRecording {
    pub running: bool,
    /// In the case folder.
    pub path: String,
    pub job: Option<u32>,
    /// MQTT packets.
    #[ts(type = "number")]
    pub packets: u64,
    /// Of these, those that went no further.
    #[ts(type = "number")]
    pub refused: u64,
    /// What happened beside them.
    #[ts(type = "number")]
    pub events: u64,
    /// Of the file.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Once it is sealed.
    pub sha256: Option<String>,
    /// Why nothing more can be kept.
    pub problem: Option<String>,
}

/// A recording, running or ended.
pub(crate) struct Recording {
    case: Arc<Case>,
    about: About,
    began: (Time, Instant),
    /// In the case folder.
    path: String,
    tee: Arc<Tee>,
    queue: Arc<Queue>,
    hub: Mutex<Option<Arc<Hub>>>,
    job: AtomicU32,
    analysed: Arc<AtomicU64>,
    sha256: Mutex<Option<String>>,
}

impl Recorder for Recording {
    fn keep(&self, record: Record) -> u64 {
        self.queue.keep(record)
    }

    fn safe(&self, number: u64) -> Pin<Box<dyn Future<Output = Kept> + Send + '_>> {
        Box::pin(self.queue.safe(number))
    }
}

/// Begins a recording into the open case, and the job that reads it.
pub(crate) fn begin(app: &App, case: Arc<Case>, about: About) -> Result<Arc<Recording>> {
    let hub = Hub::of(app, &case, &()).map_err(|why| why.while_doing("recording"))?;
    let folder = case.dir().join(FOLDER);
    let failed = |why| Error::new(Code::Failed, format!("recording: making a file in {}: {why}", folder.display()));
    let began = (now(), Instant::now());
    let prefix = STEMS[usize::from(about.place == Place::Elsewhere)];
    let digits: String = began.0.to_string().chars().take(26).filter(char::is_ascii_alphanumeric).collect();
    let stem = format!("{prefix}{digits}Z");
    let tee = std::fs::create_dir_all(&folder).and_then(|()| Tee::new(&folder, &stem, Rotation::default()));
    let tee = Arc::new(tee.map_err(failed)?);
    let head = blocks::head(&about, began.0).map_err(failed)?;
    tee.take(&head).and_then(|()| tee.sync()).map_err(failed)?;
    let analysed = Arc::new(AtomicU64::new(0));
    let disk = OnDisk { case: case.clone(), tee: tee.clone(), analysed: analysed.clone(), looked: Instant::now() };
    let queue = Queue::begin(disk, began.0).map_err(failed)?;
    let recording = Arc::new(Recording {
        case,
        about,
        began,
        path: format!("{FOLDER}/{stem}.pcapng"),
        tee,
        queue,
        hub: Mutex::new(Some(hub)),
        job: AtomicU32::new(0),
        analysed,
        sha256: Mutex::default(),
    });
    let runs = recording.clone();
    let job = jobs::start(app, "bench", "bytes", move |app, tick| runs.run(app, tick));
    let job = job.inspect_err(|_| recording.stop())?;
    recording.job.store(job.id, Relaxed);
    Ok(recording)
}

impl Recording {
    /// Nothing more is taken; what waits is still written, and sealed by the job.
    pub fn stop(&self) {
        self.queue.end();
    }

    /// Its job; it ends when the recording is sealed.
    pub fn job(&self) -> u32 {
        self.job.load(Relaxed)
    }

    pub fn state(&self) -> BenchRecording {
        let Counts { packets, refused, events, .. } = self.queue.counts();
        BenchRecording {
            running: self.queue.is_taking(),
            path: self.path.clone(),
            job: Some(self.job()).filter(|job| *job != 0),
            packets,
            refused,
            events,
            bytes: self.tee.files().iter().map(|file| file.bytes).sum(),
            sha256: lock(&self.sha256).clone(),
            problem: self.queue.problem(),
        }
    }

    /// The recording's job: reads the file as it grows, and seals it.
    fn run(self: Arc<Recording>, app: &App, tick: &Tick) -> Result<Ended> {
        let hub = lock(&self.hub).take().ok_or_else(|| Error::new(Code::Failed, "the recording has ended already"))?;
        tick.at(format!("recording {}", self.about.what));
        let read = self.read(app, &hub, tick);
        self.stop(); // when the case can't take any more, nothing more may be answered
        self.queue.wait();
        let sealed = read.and_then(|read| self.seal(&read));
        drop(hub);
        let refreshed = live::refresh(&self.case).and_then(|()| Ok(self.case.tidy()?));
        app.changed(&[Topic::Bench, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
        let sealed = sealed?;
        refreshed?;
        Ok(sealed)
    }

    fn read(&self, app: &App, hub: &Arc<Hub>, tick: &Tick) -> Result<WasRead> {
        let live = Live::new(&self.case, hub, &self.path);
        let mut failed = Ok(());
        let (mut follow, mut tells) = (Follow::default(), (Instant::now(), 0));
        let name = self.path.strip_prefix(FOLDER).map_or(self.path.as_str(), |rest| rest.trim_start_matches('/'));
        let mut pulse = |at: u64| {
            self.analysed.store(at, Relaxed);
            tick.reach(at);
            if tick.advance(0).is_err() {
                self.stop();
            }
            if failed.is_ok() {
                failed = live.pulse();
            }
            follow.look(app, &self.case, at);
            if at != tells.1 && tells.0.elapsed() >= TELL {
                tells = (Instant::now(), at);
                app.changed(&[Topic::Bench]);
            }
        };
        let mut growing = Growing::new(&self.tee, 0, name, &mut pulse)
            .map_err(|why| Error::new(Code::Failed, format!("reading {}: {why}", self.path)))?;
        let item = &mut |_| app.changed(&[Topic::Bench, Topic::Evidence]);
        live.read(&mut growing, &(), item, &mut |_, _| ())
    }

    fn seal(&self, read: &WasRead) -> Result<Ended> {
        let Counts { packets, refused, events, lost } = self.queue.counts();
        let problem = self.queue.problem();
        let params = json!({
            "what": self.about.what, "authority": self.about.authority, "started": self.began.0.to_string(),
            "ended": now().to_string(), "seconds": self.began.1.elapsed().as_secs_f64(), // by the monotonic clock
            "packets": packets, "refused": refused, "events": events, "lost": lost, "problem": problem,
        });
        let outcome = if problem.is_none() { "sealed" } else { "sealed early" };
        live::seal(&self.case, read, LEFT.action, params, outcome)?;
        *lock(&self.sha256) = read.outcome.hashes.map(|hashes| model::hex(&hashes.sha256));
        let mut message = format!("{packets} packets and {events} events recorded and sealed in {}", self.path);
        if let Some(why) = &problem {
            message.push_str(&format!("; it ended early, and {lost} more were not kept: {why}"));
        }
        Ok(Ended { message, differs: problem.is_some() })
    }
}

/// The file of a recording.
struct OnDisk {
    case: Arc<Case>,
    tee: Arc<Tee>,
    analysed: Arc<AtomicU64>,
    /// When the room that is left was looked at.
    looked: Instant,
}

impl queue::Disk for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.looked.elapsed() > room::LOOK {
            self.looked = Instant::now();
            let written: u64 = self.tee.files().iter().map(|file| file.bytes).sum();
            if let Some(why) = room::too_little(self.case.dir(), written.saturating_sub(self.analysed.load(Relaxed))) {
                return Err(std::io::Error::other(why));
            }
        }
        self.tee.take(bytes)?;
        self.tee.sync()
    }

    fn close(&mut self) {
        self.tee.close();
    }
}
