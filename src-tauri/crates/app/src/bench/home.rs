//! What the broker asks of the case, and what it tells: whose a certificate is, shadows, who came and went, what was said.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use case::{Case, ShadowRow};
use device::home::{Connectivity, Holder, Registry, ShadowVersion};
use device::kind::Kinds;
use model::Time;
use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::jobs::Topic;
use crate::state::{App, lock};

/// What was said is kept for views: so many messages of each thing, and so much of each. All of it is in the recording.
const MOST_SAID: usize = 120;
const LONGEST: usize = 4_096;
/// Things of which it is kept.
const MOST_THINGS: usize = 10_000;
/// Views are told, and comings and goings written down, so often.
const TELL: Duration = Duration::from_millis(100);

/// A message of a thing.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub at: Time,
    pub topic: String,
    /// Its beginning.
    pub payload: Vec<u8>,
    pub length: usize,
}

/// What is known of a thing since the bench was started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub said: VecDeque<Said>,
    pub count: u64,
    /// Whether it said that it is on.
    pub on: Option<bool>,
}

/// The case, as the broker sees it.
pub(crate) struct Home {
    case: Arc<Case>,
    app: Weak<App>,
    /// They say which field of what a thing says tells whether it is on.
    kinds: Kinds,
    state: Mutex<State>,
    ended: AtomicBool,
}

#[derive(Default)]
struct State {
    heard: HashMap<String, Heard>,
    connectivity: HashMap<String, Connectivity>,
    /// Whose is not yet in the case.
    unwritten: HashSet<String>,
    /// What a thing's kind is, as far as it was asked.
    kind_of: HashMap<String, String>,
    changed: bool,
}

impl Home {
    pub fn new(app: &App, case: Arc<Case>, kinds: Kinds) -> Result<Arc<Home>> {
        let app = app.handle().map(|app| Arc::downgrade(&app)).unwrap_or_default();
        let home = Arc::new(Home { case, app, kinds, state: Mutex::default(), ended: AtomicBool::new(false) });
        let weak = Arc::downgrade(&home);
        let failed = |why: std::io::Error| Error::new(Code::Failed, format!("starting the bench: {why}"));
        std::thread::Builder::new()
            .name("bench books".into())
            .spawn(move || {
                while let Some(home) = weak.upgrade().filter(|home| !home.ended.load(Relaxed)) {
                    home.write();
                    drop(home);
                    std::thread::sleep(TELL);
                }
            })
            .map_err(failed)?;
        Ok(home)
    }

    /// What was heard of a thing.
    pub fn heard(&self, thing: &str) -> Heard {
        lock(&self.state).heard.get(thing).cloned().unwrap_or_default()
    }

    /// The last message, and whether it is on.
    pub fn latest(&self, thing: &str) -> (Option<Said>, Option<bool>) {
        let state = lock(&self.state);
        let heard = state.heard.get(thing);
        (heard.and_then(|heard| heard.said.back().cloned()), heard.and_then(|heard| heard.on))
    }

    pub fn connected(&self) -> u32 {
        let state = lock(&self.state);
        u32::try_from(state.connectivity.values().filter(|now| now.connected).count()).unwrap_or(u32::MAX)
    }

    /// Connectivity that may not be in the case yet.
    pub fn now(&self, thing: &str) -> Option<Connectivity> {
        lock(&self.state).connectivity.get(thing).cloned()
    }

    /// Nothing more will be told: what is left is written down.
    pub fn settle(&self) {
        self.ended.store(true, Relaxed);
        self.write();
    }

    fn write(&self) {
        let (unwritten, changed) = {
            let mut state = lock(&self.state);
            let unwritten: Vec<(String, Connectivity)> = std::mem::take(&mut state.unwritten)
                .into_iter()
                .filter_map(|thing| state.connectivity.get(&thing).cloned().map(|now| (thing, now)))
                .collect();
            (unwritten, std::mem::take(&mut state.changed))
        };
        for (thing, now) in unwritten {
            let at = Time(now.at.unwrap_or_default());
            if self.case.thing_connectivity(&thing, now.connected, at, now.reason.as_deref()).is_err() {
                lock(&self.state).unwritten.insert(thing); // again with the next
            }
        }
        if changed && let Some(app) = self.app.upgrade() {
            app.changed(&[Topic::Bench]);
        }
    }

    fn kind_of(&self, thing: &str) -> Option<String> {
        if let Some(kind) = lock(&self.state).kind_of.get(thing) {
            return Some(kind.clone());
        }
        let kind = self.case.thing(thing).ok().flatten()?.kind;
        let mut state = lock(&self.state);
        if state.kind_of.len() < MOST_THINGS {
            state.kind_of.insert(thing.to_owned(), kind.clone());
        }
        Some(kind)
    }
}

impl Registry for Home {
    fn holder(&self, certificate: &[u8; 32]) -> Option<Holder> {
        let sha256 = model::hex(certificate);
        match self.case.thing_by_certificate(&sha256) {
            Ok(Some(thing)) => {
                let barred = match (thing.deleted.is_some(), thing.status.as_str()) {
                    (true, _) => Some("REVOKED".to_owned()),
                    (false, "ACTIVE") => None,
                    (false, other) => Some(other.to_owned()),
                };
                Some(Holder { thing: thing.id, kind: thing.kind, barred })
            }
            Ok(None) => {
                let thing = self.case.thing_revoked(&sha256).ok().flatten()?;
                Some(Holder { thing, kind: String::new(), barred: Some("REVOKED".into()) })
            }
            // A case that can't be read lets nobody in.
            Err(_) => None,
        }
    }
}

impl device::home::Home for Home {
    fn shadow(&self, thing: &str, name: &str) -> std::result::Result<Option<ShadowVersion>, String> {
        let row = self.case.shadow(thing, name, None).map_err(|why| why.to_string())?;
        row.map(|row| version(&row)).transpose()
    }

    fn shadows(&self, thing: &str) -> std::result::Result<Vec<String>, String> {
        let rows = self.case.shadows(thing).map_err(|why| why.to_string())?;
        Ok(rows.into_iter().filter(|row| row.document.is_some()).map(|row| row.name).collect())
    }

    fn keep_shadow(&self, version: &ShadowVersion) -> std::result::Result<(), String> {
        let row = ShadowRow {
            thing: version.thing.clone(),
            name: version.name.clone(),
            version: i64::try_from(version.version).map_err(|_| "the version is too high".to_owned())?,
            at: version.at.0,
            document: version.document.as_ref().map(Value::to_string),
        };
        self.case.shadow_keep(&row).map_err(|why| why.to_string())?;
        lock(&self.state).changed = true;
        Ok(())
    }

    fn connectivity(&self, thing: &str, now: &Connectivity) {
        let mut state = lock(&self.state);
        state.connectivity.insert(thing.to_owned(), now.clone());
        state.unwritten.insert(thing.to_owned());
        state.changed = true;
    }

    fn message(&self, thing: &str, topic: &str, payload: &[u8], at: Time) {
        // Only what it says itself tells of its state; a command is a wish.
        let own = topic.strip_prefix(thing).is_some_and(|rest| rest.starts_with('/') && !rest.ends_with("/command"));
        let on = if own { self.says_on(thing, payload) } else { None };
        let mut state = lock(&self.state);
        state.changed = true;
        if state.heard.len() >= MOST_THINGS && !state.heard.contains_key(thing) {
            return;
        }
        let heard = state.heard.entry(thing.to_owned()).or_default();
        heard.count += 1;
        heard.on = on.or(heard.on);
        if heard.said.len() >= MOST_SAID {
            heard.said.pop_front();
        }
        let head = payload.get(..LONGEST).unwrap_or(payload).to_vec();
        heard.said.push_back(Said { at, topic: topic.to_owned(), payload: head, length: payload.len() });
    }
}

impl Home {
    fn says_on(&self, thing: &str, payload: &[u8]) -> Option<bool> {
        let kind = self.kind_of(thing)?;
        let field = self.kinds.get(&kind)?.state.as_deref()?;
        let said: Value = serde_json::from_slice(payload).ok()?;
        said.get(field)?.as_bool()
    }
}

pub(super) fn version(row: &ShadowRow) -> std::result::Result<ShadowVersion, String> {
    let document = row.document.as_deref().map(serde_json::from_str).transpose();
    Ok(ShadowVersion {
        thing: row.thing.clone(),
        name: row.name.clone(),
        version: u64::try_from(row.version).unwrap_or(0),
        at: Time(row.at),
        document: document.map_err(|why| format!("a shadow in the case can't be read: {why}"))?,
    })
}
