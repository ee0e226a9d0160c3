//! One run of the receiver: what it takes, what it notes, and its files on their way into the case.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use case::Case;
use serde_json::json;

use super::accept::{accept, envelope};
use super::store::{Growing, Store};
use super::{Maker, Opened, ReceiverNote, ReceiverStart, ReceiverState, Refused};
use crate::capture::FOLDER;
use crate::capture::live::{self, Follow, Live};
use crate::error::{Code, Error, Result};
use crate::import::Hub;
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, lock, now};

/// Notes that are kept for whoever asks.
const MOST_NOTES: usize = 1_000;
/// Of a note.
const LONGEST_NOTE: usize = 200;
/// Views are told so often at most that something came.
const TELL: Duration = Duration::from_secs(1);

/// The receiver of presence reports.
pub struct Receiver {
    app: Weak<App>,
    case: Arc<Case>,
    request: ReceiverStart,
    store: Arc<Store>,
    hub: Mutex<Option<Arc<Hub>>>,
    opened: Mutex<Option<Opened>>,
    stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    listen: String,
    url: String,
    accepted: u64,
    unverified: u64,
    refused: u64,
    sealed: Vec<String>,
    job: Option<u32>,
    noted: u64,
    notes: VecDeque<ReceiverNote>,
}

pub(super) fn begin(app: &App, case: Arc<Case>, request: ReceiverStart) -> Result<Arc<Receiver>> {
    let hub = Hub::of(app, &case, &()).map_err(|why| why.while_doing("receiving"))?;
    let folder = case.dir().join(FOLDER);
    let failed = |why| Error::new(Code::Failed, format!("receiving: making files in {}: {why}", folder.display()));
    let store = Store::new(&folder).map_err(failed)?;
    let app = app.handle().map(|app| Arc::downgrade(&app)).unwrap_or_default();
    Ok(Arc::new(Receiver {
        app,
        case,
        request,
        store,
        hub: Mutex::new(Some(hub)),
        opened: Mutex::default(),
        stopped: AtomicBool::new(false),
        state: Mutex::default(),
    }))
}

impl Receiver {
    /// Takes a report: judged, and safe on the disk when this returns well.
    pub fn take(
        &self,
        maker: Maker,
        peer: SocketAddr,
        signature: Option<&[u8]>,
        body: &[u8],
    ) -> std::result::Result<(), Refused> {
        let received = now();
        let kept = self.keep(maker, peer, signature, body, received);
        match &kept {
            Ok((verified, words)) => {
                let words = if *verified { words.clone() } else { format!("{words}, unverified") };
                self.note(peer, true, &words, *verified);
            }
            Err(Refused::Unproven(why) | Refused::Unreadable(why) | Refused::Unsafe(why)) => {
                self.note(peer, false, why, false);
            }
        }
        kept.map(|_| ())
    }

    fn keep(
        &self,
        maker: Maker,
        peer: SocketAddr,
        signature: Option<&[u8]>,
        body: &[u8],
        received: model::Time,
    ) -> std::result::Result<(bool, String), Refused> {
        let app = self.app().ok_or_else(|| Refused::Unsafe("the program is ending".into()))?;
        // A copy, so that nobody waits for the judging of another's report.
        let keys = lock(&app.receiver_keys).clone();
        let accepted = accept(&keys, self.request.accept_unsigned, maker, signature, body)?;
        let text = std::str::from_utf8(body).map_err(|_| Refused::Unreadable("no UTF-8".into()))?;
        let line = envelope(received, peer, accepted.verified, text);
        self.store.append(line, received).map_err(Refused::Unsafe)?;
        Ok((accepted.verified, accepted.words))
    }

    /// Something came that was no report, or too much at once.
    pub fn refuse(&self, peer: SocketAddr, why: &str) {
        self.note(peer, false, why, false);
    }

    /// What Meraki's cloud is answered when it asks.
    pub fn validator(&self) -> Option<&str> {
        self.request.meraki_validator.as_deref().filter(|validator| !validator.is_empty())
    }

    /// For what can be looked up in the case.
    pub fn app(&self) -> Option<Arc<App>> {
        self.app.upgrade()
    }

    /// Whether it is this receiver's case that is open.
    pub fn is_of_open_case(&self) -> bool {
        self.app().and_then(|app| app.open_case().ok()).is_some_and(|case| Arc::ptr_eq(&case, &self.case))
    }

    pub(super) fn is_running(&self) -> bool {
        !self.stopped.load(Relaxed)
    }

    pub(super) fn opened(&self, opened: Opened) {
        {
            let mut state = lock(&self.state);
            (state.listen, state.url) = (opened.listen.to_string(), opened.url.clone());
        }
        *lock(&self.opened) = Some(opened);
    }

    pub(super) fn is_job(&self, job: u32) {
        lock(&self.state).job = Some(job);
    }

    /// Nothing more is let in; what came is sealed by the job.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Relaxed);
        // Outside the lock: whoever is being answered may still note something.
        let opened = lock(&self.opened).take();
        drop(opened);
        self.store.end();
    }

    pub(super) fn state(&self, after: u64) -> ReceiverState {
        let state = lock(&self.state);
        ReceiverState {
            running: self.is_running(),
            listen: state.listen.clone(),
            url: state.url.clone(),
            networks: Vec::new(),
            accept_unsigned: self.request.accept_unsigned,
            accepted: state.accepted,
            unverified: state.unverified,
            refused: state.refused,
            sealed: state.sealed.clone(),
            job: state.job,
            notes: state.notes.iter().filter(|note| note.number > after).cloned().collect(),
        }
    }

    fn note(&self, peer: SocketAddr, accepted: bool, text: &str, verified: bool) {
        let mut state = lock(&self.state);
        state.accepted += u64::from(accepted);
        state.unverified += u64::from(accepted && !verified);
        state.refused += u64::from(!accepted);
        state.noted += 1;
        if state.notes.len() >= MOST_NOTES {
            state.notes.pop_front();
        }
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_NOTE).collect();
        let note = ReceiverNote { number: state.noted, at: now().to_string(), peer: peer.to_string(), accepted, text };
        state.notes.push_back(note);
    }

    /// The receiver's job: reads the files behind the store, and seals each when it is done with.
    pub(super) fn run(self: Arc<Receiver>, app: &App, tick: &Tick) -> Result<Ended> {
        let hub = lock(&self.hub).take().ok_or_else(|| Error::new(Code::Failed, "the receiver has ended already"))?;
        tick.at(format!("receiving on {}", lock(&self.state).listen));
        let read = self.read(app, &hub, tick);
        self.stop(); // when the case can't take any more, nothing more is acknowledged
        drop(hub);
        let refreshed = live::refresh(&self.case).and_then(|()| Ok(self.case.tidy()?));
        app.changed(&[Topic::Capture, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
        read?;
        refreshed?;
        let state = lock(&self.state);
        let files = if state.sealed.len() == 1 { "file" } else { "files" };
        Ok(Ended::well(format!(
            "{} reports received and sealed in {} {files}; {} refused",
            state.accepted,
            state.sealed.len(),
            state.refused
        )))
    }

    fn read(&self, app: &App, hub: &Arc<Hub>, tick: &Tick) -> Result<()> {
        let (mut number, mut before) = (0, 0);
        let mut told = (Instant::now(), 0);
        let mut look_up = |analysed: u64| {
            tick.reach(analysed);
            if tick.advance(0).is_err() {
                self.stop();
            }
            let noted = lock(&self.state).noted;
            if noted != told.1 && told.0.elapsed() >= TELL {
                told = (Instant::now(), noted);
                app.changed(&[Topic::Capture, Topic::Facts]);
            }
        };
        while let Some(file) = self.store.file(number, &mut || look_up(before)) {
            let path = format!("{FOLDER}/{}", file.name);
            let live = Live::new(&self.case, hub, &path);
            let mut failed = Ok(());
            let mut follow = Follow::default();
            let mut pulse = |at: u64| {
                look_up(before + at);
                if failed.is_ok() {
                    failed = live.pulse();
                }
                follow.look(app, &self.case, at);
            };
            let mut growing = Growing::new(&self.store, number, &file.name, &mut pulse)
                .map_err(|why| Error::new(Code::Failed, format!("reading {path}: {why}")))?;
            let item = &mut |_| app.changed(&[Topic::Evidence]);
            let read = live.read(&mut growing, &(), item, &mut |_, _| ())?;
            before += read.outcome.hashes.as_ref().map_or(0, |hashes| hashes.size);
            live::seal(
                &self.case,
                &read,
                super::LEFT.action,
                json!({ "listen": lock(&self.state).listen, "authority": self.request.authority, "accept_unsigned": self.request.accept_unsigned }),
                "sealed",
            )?;
            lock(&self.state).sealed.push(path);
            number += 1;
            live::refresh(&self.case)?;
            app.changed(&[Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
        }
        Ok(())
    }
}
