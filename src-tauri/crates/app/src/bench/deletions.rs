//! Deleting things: out of the lists and out of use at once, for good a little later, by a job that tries again and survives a restart.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use case::Case;
use model::Time;
use serde::Serialize;
use serde_json::json;
use ts_rs::TS;

use super::things::{ThingId, ThingRow};
use super::{bundle, things};
use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::import::log;
use crate::jobs::{self, Ended, Tick, Topic};
use crate::state::{App, now};

/// How long it can be undone: IoTLite's queue holds a deletion back for five seconds, too.
const DELAY: i64 = 5_000_000_000;
/// So often it is tried; each time twice as long after the last.
const MOST_TRIES: u32 = 5;
const LOOK: Duration = Duration::from_millis(100);

/// A thing on its way out.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingDeletion {
    pub thing: String,
    pub name: String,
    /// RFC 3339 UTC: when it is tried (again).
    pub due: String,
    pub tries: u32,
    /// Why the last try failed.
    pub why: String,
    /// It was tried often enough; it waits for whoever looks into it.
    pub dead: bool,
}

pub(crate) fn thing_delete(app: &App, request: ThingId) -> Result<Nothing> {
    let case = app.open_case()?;
    let now = now();
    if !case.thing_delete(&request.id, now, Time(now.0.saturating_add(DELAY)))? {
        return Err(Error::missing(format!("deleting: there is no thing {}", request.id)));
    }
    if let Some(session) = things::of_case(app) {
        session.recheck();
    }
    begin(app, case)?;
    Ok(Nothing)
}

pub(crate) fn thing_restore(app: &App, request: ThingId) -> Result<ThingRow> {
    if !app.open_case()?.thing_restore(&request.id)? {
        return Err(Error::missing(format!("bringing back {}: it is gone for good, or was never to go", request.id)));
    }
    things::thing(app, request)
}

pub(crate) fn thing_deletions(app: &App, _: Nothing) -> Result<Vec<ThingDeletion>> {
    let list = app.open_case()?.thing_deletions()?.into_iter();
    Ok(list
        .map(|one| ThingDeletion {
            thing: one.thing,
            name: one.name,
            due: Time(one.due).to_string(),
            tries: one.tries,
            why: one.why,
            dead: one.dead,
        })
        .collect())
}

pub(crate) fn thing_deletion_retry(app: &App, request: ThingId) -> Result<Nothing> {
    let case = app.open_case()?;
    if !case.thing_deletion_again(&request.id, now())? {
        return Err(Error::missing(format!("deleting again: {} is not on its way out", request.id)));
    }
    begin(app, case)?;
    Ok(Nothing)
}

/// What was to go when the program last ended goes now.
pub(crate) fn adopt(app: &App) {
    let Ok(case) = app.open_case() else { return };
    if case.thing_deletions().is_ok_and(|list| list.iter().any(|one| !one.dead)) {
        let _ = begin(app, case); // without threads nothing goes; the list says so
    }
}

/// One job at a time does it all.
fn begin(app: &App, case: Arc<Case>) -> Result<()> {
    if app.deleting.swap(true, Relaxed) {
        return Ok(());
    }
    let job = jobs::start(app, "delete", "things", move |app, tick| {
        let done = run(app, &case, tick);
        app.deleting.store(false, Relaxed);
        // Whatever came while this one ended.
        adopt(app);
        done
    });
    job.map(|_| ()).inspect_err(|_| app.deleting.store(false, Relaxed))
}

fn run(app: &App, case: &Arc<Case>, tick: &Tick) -> Result<Ended> {
    let (mut gone, mut failed) = (0, 0);
    loop {
        let open = app.open_case().is_ok_and(|open| Arc::ptr_eq(&open, case));
        let next = case.thing_deletions()?.into_iter().find(|one| !one.dead);
        let Some(next) = next.filter(|_| open) else { break };
        tick.at(format!("deleting {}", if next.name.is_empty() { &next.thing } else { &next.name }));
        if next.due > now().0 {
            tick.advance(0)?;
            std::thread::sleep(LOOK);
            continue;
        }
        match app.vault.remove(&bundle::entry(&next.thing)).and_then(|()| Ok(case.thing_gone(&next.thing, now())?)) {
            Ok(()) => {
                gone += 1;
                log(case, "thing.gone", vec![next.thing], json!({ "name": next.name }), "deleted for good")?;
            }
            Err(why) => {
                let after = DELAY << next.tries.min(16);
                let due = (next.tries + 1 < MOST_TRIES).then(|| Time(now().0.saturating_add(after)));
                failed += u32::from(due.is_none());
                case.thing_deletion_failed(&next.thing, &why.message, due)?;
            }
        }
        app.changed(&[Topic::Bench, Topic::Custody]);
    }
    let things = if gone == 1 { "thing" } else { "things" };
    let mut message = format!("{gone} {things} deleted for good");
    if failed > 0 {
        message.push_str(&format!("; {failed} could not be, see the list of deletions"));
    }
    Ok(Ended { message, differs: failed > 0 })
}
