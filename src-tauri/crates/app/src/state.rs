//! The workstation: the open case, jobs, who listens.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use case::{Actor, Case, Entry};
use model::Time;
use serde_json::{Value, json};

use crate::bench;
use crate::brokers::Connections;
use crate::capture::{Counting, Session};
use crate::commands::{Effect, command};
use crate::error::{Code, Error, Result};
use crate::geo::Tables;
use crate::import::Hub;
use crate::jobs::{Event, Jobs, Topic};
use crate::receiver::{self, Door, Keys};
use crate::vault::Vault;
use crate::watch::Watches;

/// What all doors share.
pub struct App {
    /// Where recent cases are remembered; none: nowhere.
    pub(crate) settings: Option<PathBuf>,
    open: RwLock<Option<Arc<Case>>>,
    pub(crate) jobs: Jobs,
    /// Who writes into the open case, while somebody reads for it.
    pub(crate) hub: Mutex<Weak<Hub>>,
    pub(crate) watches: Mutex<Watches>,
    /// Live captures of this run of the program.
    pub(crate) sessions: Mutex<Vec<Arc<Session>>>,
    pub(crate) counting: Counting,
    /// Connections to brokers elsewhere.
    pub(crate) brokers: Mutex<Connections>,
    /// The receiver of presence reports, running or ended.
    pub(crate) receiver: Mutex<Option<Arc<receiver::Receiver>>>,
    pub(crate) receiver_keys: Mutex<Keys>,
    pub(crate) door: OnceLock<Box<dyn Door>>,
    /// The bench, running or stopped.
    pub(crate) bench: Mutex<Option<Arc<bench::Session>>>,
    /// Whether a job is at it.
    pub(crate) deleting: AtomicBool,
    pub(crate) vault: Vault,
    /// Countries of outside addresses.
    pub(crate) geo: Tables,
    listeners: Mutex<Vec<SyncSender<Event>>>,
    me: Weak<App>,
}

impl App {
    /// `settings`: the folder for what is remembered between cases; none: the user's own.
    pub fn new(settings: Option<PathBuf>) -> Arc<App> {
        let settings = settings.or_else(own_settings);
        Arc::new_cyclic(|me| App {
            vault: Vault::new(settings.as_deref()),
            geo: Tables::new(settings.as_deref()),
            settings,
            open: RwLock::new(None),
            jobs: Jobs::default(),
            hub: Mutex::default(),
            watches: Mutex::default(),
            sessions: Mutex::default(),
            counting: Counting::default(),
            brokers: Mutex::default(),
            receiver: Mutex::default(),
            receiver_keys: Mutex::default(),
            door: OnceLock::new(),
            bench: Mutex::default(),
            deleting: AtomicBool::new(false),
            listeners: Mutex::default(),
            me: me.clone(),
        })
    }

    /// Runs a command by name; blocks until it is done (long work only begins).
    pub fn call(&self, name: &str, request: Value) -> Result<Value> {
        let command = command(name)
            .ok_or_else(|| Error::missing(format!("there is no command '{name}'; see `lintel help call`")))?;
        let params = if command.effect == Effect::Reads { Value::Null } else { request.clone() };
        let before = self.open_case().ok();
        let answer = (command.run)(self, request);
        if command.effect != Effect::Reads {
            let outcome = match &answer {
                Ok(_) => "done".to_owned(),
                Err(why) => format!("failed: {why}"),
            };
            // Making and closing a case are written by the case itself, as it is there only on one side of them.
            // What was revealed is written before it is told, and a table of countries with its hash.
            // A key or a password is written without itself.
            let written = matches!(name, "case_new" | "job_cancel" | "receiver_key" | "broker_connect")
                || matches!(name, "secrets_reveal" | "geo_load") && answer.is_ok();
            let case = self.open_case().ok().or(before).filter(|_| !written);
            if let Some(case) = case {
                let params = crate::secrets::unsaid(relative(params, case.dir()));
                case.log(now(), &Entry { action: name, objects: vec![], params, outcome })?;
            }
            self.tell(Event::Changed { topics: command.topics.to_vec() });
        }
        answer
    }

    /// Where presence reports come in; of several the first.
    pub fn install(&self, door: Box<dyn Door>) {
        let _ = self.door.set(door);
    }

    /// Hears everything from now on. A listener that does not keep up misses events, never delays work.
    pub fn subscribe(&self) -> Receiver<Event> {
        let (sender, receiver) = sync_channel(1_024);
        lock(&self.listeners).push(sender);
        receiver
    }

    pub(crate) fn tell(&self, event: Event) {
        use std::sync::mpsc::TrySendError;
        lock(&self.listeners)
            .retain(|listener| !matches!(listener.try_send(event.clone()), Err(TrySendError::Disconnected(_))));
    }

    pub(crate) fn changed(&self, topics: &[Topic]) {
        self.tell(Event::Changed { topics: topics.to_vec() });
    }

    pub(crate) fn open_case(&self) -> Result<Arc<Case>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| Error::new(Code::NoCase, "no case is open: make or open one first"))
    }

    pub(crate) fn set_case(&self, case: Option<Arc<Case>>) {
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = case;
    }

    /// For threads that outlive a call.
    pub(crate) fn handle(&self) -> Option<Arc<App>> {
        self.me.upgrade()
    }

    /// Raw bytes of an item of evidence.
    pub fn bytes(&self, request: crate::BytesRequest) -> Result<Vec<u8>> {
        crate::proof::bytes(self, request)
    }

    /// A device's signal as a time series; for those who ask for it as they asked others.
    pub fn series(&self, request: crate::PresenceAverageRequest) -> Result<crate::PresenceAverage> {
        crate::presence::presence_average(self, request)
    }

    /// Waits until a job has ended; tells each step to `each`.
    pub fn wait(&self, id: u32, each: &mut dyn FnMut(&crate::Job)) -> Result<crate::Job> {
        self.jobs.wait(id, each)
    }
}

/// Where this machine and person are written down in a custody log.
pub(crate) fn actor() -> Actor {
    let first = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty());
    let machine = first(&["COMPUTERNAME", "HOSTNAME"])
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok().map(|text| text.trim().to_owned()));
    Actor {
        actor: first(&["USER", "USERNAME", "LOGNAME"]).unwrap_or_else(|| "unknown".into()),
        machine: machine.unwrap_or_else(|| "unknown".into()),
        version: format!("lintel {}", env!("CARGO_PKG_VERSION")),
    }
}

pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Paths inside the case folder are written relative to it.
fn relative(params: Value, dir: &Path) -> Value {
    match params {
        Value::String(text) => match Path::new(&text).strip_prefix(dir) {
            Ok(inside) => json!(inside.display().to_string()),
            Err(_) => Value::String(text),
        },
        Value::Array(list) => list.into_iter().map(|value| relative(value, dir)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, relative(value, dir))).collect(),
        other => other,
    }
}

fn own_settings() -> Option<PathBuf> {
    let base = if cfg!(windows) {
        std::env::var_os("APPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        std::env::var_os("HOME").map(|home| Path::new(&home).join("Library/Application Support"))
    } else {
        std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
    };
    base.map(|base| base.join("lintel"))
}
