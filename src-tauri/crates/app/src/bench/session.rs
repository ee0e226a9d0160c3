//! One run of the bench: the broker, what is recorded of it, and whether anything may be changed.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use case::Case;
use device::authority::Authority;
use device::broker::{Broker, Settings};
use device::kind::Kinds;
use device::record::{Event, Record, Recorder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

use super::home::Home;
use super::recording::{self, BenchRecording, Recording};
use super::{authority, deletions};
use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::state::{App, lock, now};

/// Where the broker listens when nobody says where: this machine alone, MQTT over TLS.
const LISTEN: &str = "127.0.0.1:8883";
/// More than anybody has.
const MOST_NAMES: usize = 64;

/// Start the bench.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct BenchStart {
    /// Address and port; empty: this machine alone, port 8883.
    pub listen: String,
    /// Names and addresses by which devices reach it, beside that one: the broker's certificate says them.
    pub names: Vec<String>,
    /// By whose leave, on what ground: it is written to the custody log.
    pub authority: String,
}

/// Allow what changes the scene, or forbid it again.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct BenchAllow {
    /// The legal basis; empty: nothing may be changed from now on.
    pub reason: String,
}

/// The case's own authority.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BenchCa {
    pub subject: String,
    /// Of its certificate.
    pub sha256: String,
    /// RFC 3339 UTC.
    pub not_after: String,
    /// PEM.
    pub certificate: String,
}

/// The bench as it stands.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct BenchState {
    pub running: bool,
    /// Where devices come to.
    pub listen: String,
    pub authority: String,
    /// Why things may be changed; `None`: they may not.
    pub allowed: Option<String>,
    pub ca: Option<BenchCa>,
    pub recording: Option<BenchRecording>,
    /// Things that are there now.
    pub connected: u32,
}

/// A bench, running or stopped.
pub(crate) struct Session {
    pub case: Arc<Case>,
    pub kinds: Kinds,
    pub home: Arc<Home>,
    pub recording: Arc<Recording>,
    request: BenchStart,
    broker: Mutex<Option<Arc<Broker>>>,
    allowed: Mutex<Option<String>>,
}

pub(crate) fn bench_start(app: &App, request: BenchStart) -> Result<BenchState> {
    let case = app.open_case()?;
    let text = if request.listen.trim().is_empty() { LISTEN } else { request.listen.trim() };
    let listen: SocketAddr = text.parse().map_err(|_| {
        Error::invalid(format!("starting the bench: '{text}' is no address and port such as 192.0.2.7:8883"))
    })?;
    if request.names.len() > MOST_NAMES {
        return Err(Error::invalid(format!("starting the bench: more than {MOST_NAMES} names")));
    }
    let mut place = lock(&app.bench);
    if place.as_ref().is_some_and(|session| session.is_running()) {
        return Err(Error::new(Code::Refused, "starting the bench: it runs already; stop it first"));
    }
    let authority = authority::of(app, &case)?;
    *place = Some(begin(app, case, request, listen, authority)?);
    drop(place);
    bench_state(app, Nothing)
}

fn begin(
    app: &App,
    case: Arc<Case>,
    request: BenchStart,
    listen: SocketAddr,
    authority: Authority,
) -> Result<Arc<Session>> {
    let kinds = authority::kinds(&case)?;
    // Who was there when the program last ended is there no more.
    case.things_lost(now())?;
    let about = recording::About {
        place: recording::Place::Bench,
        what: format!("MQTT broker of the bench on {listen}"),
        authority: request.authority.clone(),
    };
    let recording = recording::begin(app, case.clone(), about)?;
    let home = Home::new(app, case.clone(), kinds.clone())?;
    let mut settings = Settings::new(authority);
    (settings.listen, settings.kinds) = (listen, kinds.clone());
    let ip = listen.ip();
    let own = (!ip.is_unspecified()).then(|| ip.to_string());
    for name in own.into_iter().chain(request.names.iter().map(|name| name.trim().to_owned())) {
        if !name.is_empty() && !settings.names.contains(&name) {
            settings.names.push(name);
        }
    }
    let broker = Broker::start(settings, home.clone(), recording.clone()).map_err(|why| {
        recording.stop();
        authority::failed("starting the bench", &why)
    })?;
    Ok(Arc::new(Session {
        case,
        kinds,
        home,
        recording,
        request,
        broker: Mutex::new(Some(Arc::new(broker))),
        allowed: Mutex::default(),
    }))
}

/// Everybody is sent away; what was recorded is sealed by the recording's job, which then ends.
pub(crate) fn bench_stop(app: &App, _: Nothing) -> Result<BenchState> {
    running(app)?.stop();
    bench_state(app, Nothing)
}

pub(crate) fn bench_state(app: &App, _: Nothing) -> Result<BenchState> {
    let case = app.open_case()?;
    let ca = authority::certificate(&case)?.and_then(|pem| {
        let facts = device::certificate::read(&pem).ok()?;
        Some(BenchCa {
            subject: facts.subject,
            sha256: model::hex(&facts.sha256),
            not_after: facts.not_after.to_string(),
            certificate: pem,
        })
    });
    let session = lock(&app.bench).clone().filter(|session| Arc::ptr_eq(&session.case, &case));
    let Some(session) = session else { return Ok(BenchState { ca, ..BenchState::default() }) };
    let broker = if session.is_running() { lock(&session.broker).clone() } else { None };
    Ok(BenchState {
        running: broker.is_some(),
        listen: broker.map(|broker| broker.listen().to_string()).unwrap_or_default(),
        authority: session.request.authority.clone(),
        allowed: lock(&session.allowed).clone(),
        ca,
        recording: Some(session.recording.state()),
        connected: session.home.connected(),
    })
}

pub(crate) fn bench_allow(app: &App, request: BenchAllow) -> Result<BenchState> {
    let session = running(app)?;
    let reason = request.reason.trim();
    let allowed = (!reason.is_empty()).then(|| reason.to_owned());
    let mut fields = Map::new();
    fields.insert("reason".into(), reason.into());
    // Forbidden at once, whether or not it can be recorded; allowed only when that is on record.
    *lock(&session.allowed) = None;
    session.tell(if allowed.is_some() { "allowed" } else { "forbidden" }, None, fields)?;
    *lock(&session.allowed) = allowed;
    bench_state(app, Nothing)
}

/// The bench of the open case, if it runs.
pub(super) fn running(app: &App) -> Result<Arc<Session>> {
    let case = app.open_case()?;
    let session = lock(&app.bench).clone();
    session
        .filter(|session| session.is_running() && Arc::ptr_eq(&session.case, &case))
        .ok_or_else(|| Error::new(Code::Refused, "the bench does not run: start it first"))
}

impl Session {
    /// Without a recording nothing may pass: when that has ended, by cancelling its job or for want of room, so has the bench.
    pub fn is_running(&self) -> bool {
        let here = lock(&self.broker).is_some();
        if here && !self.recording.state().running {
            self.stop();
            return false;
        }
        here
    }

    pub fn stop(&self) {
        // Outside the lock: who is sent away is still told of.
        let broker = lock(&self.broker).take();
        *lock(&self.allowed) = None;
        drop(broker);
        self.home.settle();
        self.recording.stop();
    }

    /// The broker, for as long as somebody works with it.
    pub fn broker(&self) -> Result<Arc<Broker>> {
        let stopped = || Error::new(Code::Refused, "the bench does not run: start it first");
        lock(&self.broker).clone().ok_or_else(stopped)
    }

    /// Why things may be changed; an error if they may not.
    pub fn may_change(&self, doing: &str) -> Result<String> {
        lock(&self.allowed).clone().ok_or_else(|| {
            let why = format!("{doing}: this changes the scene, and nothing may be changed yet: give the reason first");
            Error::new(Code::Refused, why)
        })
    }

    /// Writes what happened into the recording, and returns when it is safe there.
    pub fn tell(&self, act: &'static str, thing: Option<&str>, fields: Map<String, Value>) -> Result<()> {
        let event = Event { at: now(), between: None, act, thing: thing.map(str::to_owned), fields };
        let number = self.recording.keep(Record::Event(event));
        wait(self.recording.safe(number)).map_err(|why| Error::new(Code::Failed, format!("recording it: {why}")))
    }

    /// Things that may not be here any more are sent away.
    pub fn recheck(&self) {
        if let Ok(broker) = self.broker() {
            broker.recheck();
        }
    }
}

/// Waits for something that is done elsewhere, on a thread that has nothing else to do.
fn wait<T>(mut work: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// The bench of a case that is being closed stops; deletions of the new one go on.
pub(crate) fn change_case(app: &App) {
    let session = lock(&app.bench).take();
    if let Some(session) = session {
        session.stop();
    }
    deletions::adopt(app);
}
