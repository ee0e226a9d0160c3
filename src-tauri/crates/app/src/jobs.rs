//! Long work: progress, cancelling, and what is running.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use model::Cancelled;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::state::{App, lock, now};

/// A piece of long work, running or ended.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Job {
    pub id: u32,
    /// `import`, `verify`, `export`, `index`
    pub name: String,
    /// What it is at: a path, a step.
    pub at: String,
    #[ts(type = "number")]
    pub done: u64,
    /// 0: not known.
    #[ts(type = "number")]
    pub total: u64,
    /// Of `done` and `total`: `bytes`, `rows`.
    pub unit: String,
    /// Units a second, lately.
    #[ts(type = "number")]
    pub rate: u64,
    pub state: JobState,
    /// When ended: one sentence that says what came of it.
    pub message: String,
    /// RFC 3339 UTC.
    pub started: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    Done,
    /// Done, with something refused or different: the message says what.
    Differs,
    Cancelled,
    Failed,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
pub struct JobId {
    pub id: u32,
}

/// What the page is told without asking: over server-sent events, or the window's own channel.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Views that show one of these have to ask again.
    Changed {
        topics: Vec<Topic>,
    },
    Job {
        job: Job,
    },
}

/// What a command reads or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, TS)]
pub enum Topic {
    Case,
    Evidence,
    Facts,
    Devices,
    Custody,
    Jobs,
    Capture,
    Bench,
    Geo,
}

/// All work of this run of the program.
#[derive(Default)]
pub(crate) struct Jobs {
    list: Mutex<Vec<Arc<Tick>>>,
    ended: Condvar,
}

/// Ended jobs that are still shown.
const MOST_ENDED: usize = 50;
/// Progress is told at most so often.
const EVERY: Duration = Duration::from_millis(100);

/// A running job's progress, and whether it shall stop.
pub(crate) struct Tick {
    app: Weak<App>,
    job: Mutex<Job>,
    done: AtomicU64,
    cancelled: AtomicBool,
    began: Instant,
    told: Mutex<Instant>,
}

/// How a job ended well.
pub(crate) struct Ended {
    pub message: String,
    /// Something was refused, or is different from what it was.
    pub differs: bool,
}

impl Ended {
    pub fn well(message: impl Into<String>) -> Ended {
        Ended { message: message.into(), differs: false }
    }
}

/// Begins long work on a thread of its own.
pub(crate) fn start(
    app: &App,
    name: &str,
    unit: &str,
    work: impl FnOnce(&App, &Tick) -> Result<Ended> + Send + 'static,
) -> Result<JobId> {
    let Some(app) = app.handle() else { return Err(Error::new(Code::Failed, "the program is ending")) };
    let tick = {
        let mut list = lock(&app.jobs.list);
        let id = list.last().map_or(1, |last| lock(&last.job).id + 1);
        let ended = list.iter().filter(|tick| lock(&tick.job).state != JobState::Running).count();
        if ended > MOST_ENDED
            && let Some(oldest) = list.iter().position(|tick| lock(&tick.job).state != JobState::Running)
        {
            list.remove(oldest);
        }
        let job = Job {
            id,
            name: name.to_owned(),
            at: String::new(),
            done: 0,
            total: 0,
            unit: unit.to_owned(),
            rate: 0,
            state: JobState::Running,
            message: String::new(),
            started: now().to_string(),
        };
        let tick = Arc::new(Tick {
            app: Arc::downgrade(&app),
            job: Mutex::new(job),
            done: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            began: Instant::now(),
            told: Mutex::new(Instant::now()),
        });
        list.push(tick.clone());
        tick
    };
    let id = lock(&tick.job).id;
    tick.tell();
    std::thread::Builder::new()
        .name(format!("{name} {id}"))
        .spawn(move || {
            let ended =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&app, &tick))).unwrap_or_else(|_| {
                    Err(Error::new(Code::Failed, "an error in the program ended the work; what was written is kept"))
                });
            {
                let mut job = lock(&tick.job);
                job.done = tick.done.load(Relaxed);
                (job.state, job.message) = match ended {
                    Ok(Ended { message, differs: false }) => (JobState::Done, message),
                    Ok(Ended { message, differs: true }) => (JobState::Differs, message),
                    Err(why) if why.code == Code::Cancelled => (JobState::Cancelled, "cancelled".into()),
                    Err(why) => (JobState::Failed, why.message),
                };
            }
            tick.tell();
            let _list = lock(&app.jobs.list);
            app.jobs.ended.notify_all();
        })
        .map_err(|why| Error::new(Code::Failed, format!("starting a thread: {why}")))?;
    Ok(JobId { id })
}

impl Tick {
    /// So much more is done; tells the listeners now and then. An error: stop.
    pub fn advance(&self, by: u64) -> std::result::Result<(), Cancelled> {
        self.done.fetch_add(by, Relaxed);
        let due = {
            let mut told = lock(&self.told);
            let due = told.elapsed() >= EVERY;
            if due {
                *told = Instant::now();
            }
            due
        };
        if due {
            self.tell();
        }
        if self.cancelled.load(Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    /// So much is done in all.
    pub fn reach(&self, done: u64) {
        self.done.store(done, Relaxed);
    }

    pub fn total(&self, total: u64) {
        lock(&self.job).total = total;
    }

    /// There is more to do than was known.
    pub fn more(&self, by: u64) {
        lock(&self.job).total += by;
    }

    /// What it is at now: a path, a step.
    pub fn at(&self, at: impl Into<String>) {
        lock(&self.job).at = at.into();
        self.tell();
    }

    fn tell(&self) {
        let job = {
            let mut job = lock(&self.job);
            job.done = self.done.load(Relaxed);
            let seconds = self.began.elapsed().as_secs_f64();
            job.rate = if seconds > 0.0 { (job.done as f64 / seconds) as u64 } else { 0 };
            job.clone()
        };
        if let Some(app) = self.app.upgrade() {
            app.tell(Event::Job { job });
        }
    }
}

impl evidence::Watch for Tick {
    fn advance(&self, bytes: u64) -> std::result::Result<(), Cancelled> {
        Tick::advance(self, bytes)
    }
}

impl Jobs {
    pub(crate) fn wait(&self, id: u32, each: &mut dyn FnMut(&Job)) -> Result<Job> {
        let mut list = lock(&self.list);
        loop {
            let job = list.iter().map(|tick| lock(&tick.job).clone()).find(|job| job.id == id);
            let job = job.ok_or_else(|| Error::missing(format!("there is no job {id}")))?;
            if job.state != JobState::Running {
                return Ok(job);
            }
            each(&job);
            list = self.ended.wait_timeout(list, EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

pub(crate) fn jobs(app: &App, _: Nothing) -> Result<Vec<Job>> {
    let list = lock(&app.jobs.list);
    Ok(list.iter().map(|tick| Job { done: tick.done.load(Relaxed), ..lock(&tick.job).clone() }).collect())
}

pub(crate) fn job_cancel(app: &App, request: JobId) -> Result<Nothing> {
    let list = lock(&app.jobs.list);
    let tick = list.iter().find(|tick| lock(&tick.job).id == request.id);
    tick.ok_or_else(|| Error::missing(format!("there is no job {}", request.id)))?.cancelled.store(true, Relaxed);
    Ok(Nothing)
}
