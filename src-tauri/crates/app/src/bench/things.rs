//! Things as views show them.

use device::home::Connectivity;
use device::kind::Kinds;
use model::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::authority;
use super::home::Said;
use super::session::Session;
use crate::error::{Error, Result};
use crate::state::{App, lock};
use std::sync::Arc;

/// Things of a page when nobody says how many, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 500;
/// Series of numbers that are shown of a thing.
const MOST_SERIES: usize = 16;

/// A page of things.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct ThingsAsk {
    /// A part of name, id, note or exhibit.
    pub search: String,
    /// Where it begins: `next` of the page before.
    pub after: Option<String>,
    /// 0: a hundred; at most 500.
    pub limit: u32,
}

#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct ThingsPage {
    pub things: Vec<ThingRow>,
    pub next: Option<String>,
    #[ts(type = "number")]
    pub total: u64,
}

/// One thing by its id.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ThingId {
    pub id: String,
}

/// A thing as it stands.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingRow {
    pub id: String,
    pub kind: String,
    pub name: String,
    pub note: String,
    pub exhibit: String,
    /// RFC 3339 UTC.
    pub created: String,
    /// SHA-256 of its certificate.
    pub sha256: String,
    /// PEM.
    pub certificate: String,
    /// RFC 3339 UTC: its certificate's end.
    pub not_after: String,
    /// Its certificate is not of the case's own authority.
    pub imported: bool,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `null`: it never came.
    pub connectivity: Option<ThingConnectivity>,
    /// Whether it says that it is on.
    pub on: Option<bool>,
    /// What it said last, since the bench was started.
    pub last: Option<ThingSaid>,
    /// What it publishes to, then what it listens to.
    pub topics: Vec<String>,
    /// Commands that it understands.
    pub commands: Vec<String>,
}

/// As AWS reports it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct ThingConnectivity {
    pub connected: bool,
    /// RFC 3339 UTC: of its last coming or going.
    pub at: Option<String>,
    /// Why it went.
    pub reason: Option<String>,
}

/// A message of a thing, or to it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingSaid {
    /// RFC 3339 UTC.
    pub at: String,
    pub topic: String,
    /// Its beginning, as text; what is no UTF-8 is U+FFFD.
    pub text: String,
    /// Of all of it.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What a thing said lately, and the numbers in it over time.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingSeries {
    /// Since the bench was started.
    #[ts(type = "number")]
    pub count: u64,
    /// The latest last.
    pub said: Vec<ThingSaid>,
    /// By the name of the JSON member: (milliseconds since 1970 UTC, value).
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

pub(crate) fn things(app: &App, request: ThingsAsk) -> Result<ThingsPage> {
    let case = app.open_case()?;
    let limit = if request.limit == 0 { USUAL } else { request.limit.min(MOST) };
    let page = case.things(&request.search, request.after.as_deref(), limit)?;
    let (kinds, session) = (authority::kinds(&case)?, of_case(app));
    let things = page.things.into_iter().map(|row| shown(row, &kinds, session.as_deref())).collect();
    Ok(ThingsPage { things, next: page.next, total: page.total })
}

pub(crate) fn thing(app: &App, request: ThingId) -> Result<ThingRow> {
    let case = app.open_case()?;
    let row = found(app, &request.id)?;
    Ok(shown(row, &authority::kinds(&case)?, of_case(app).as_deref()))
}

pub(crate) fn thing_said(app: &App, request: ThingId) -> Result<ThingSeries> {
    found(app, &request.id)?;
    let heard = of_case(app).map(|session| session.home.heard(&request.id)).unwrap_or_default();
    let mut series: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for said in &heard.said {
        let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(&said.payload) else { continue };
        for (name, value) in &members {
            let value = value.as_bool().map(f64::from).or_else(|| value.as_f64());
            let Some(value) = value.filter(|value| value.is_finite()) else { continue };
            let at = said.at.0 as f64 / 1e6;
            let known = series.iter().position(|(known, _)| known == name);
            if known.is_none() && series.len() < MOST_SERIES {
                series.push((name.clone(), Vec::new()));
            }
            let place = known.unwrap_or(series.len().saturating_sub(1));
            if let Some((_, values)) = series.get_mut(place).filter(|(known, _)| known == name) {
                values.push((at, value));
            }
        }
    }
    Ok(ThingSeries { count: heard.count, said: heard.said.iter().map(said).collect(), series })
}

/// A thing that is in the lists.
pub(super) fn found(app: &App, id: &str) -> Result<case::ThingRow> {
    let row = app.open_case()?.thing(id)?.filter(|thing| thing.deleted.is_none());
    row.ok_or_else(|| Error::missing(format!("there is no thing {id}")))
}

/// The bench of the open case, running or stopped.
pub(super) fn of_case(app: &App) -> Option<Arc<Session>> {
    let case = app.open_case().ok()?;
    lock(&app.bench).clone().filter(|session| Arc::ptr_eq(&session.case, &case))
}

/// As it is now: the broker knows before the case does.
pub(super) fn connectivity(row: &case::ThingRow, session: Option<&Session>) -> Option<Connectivity> {
    let now = session.and_then(|session| session.home.now(&row.id));
    now.or_else(|| row.connected.map(|connected| Connectivity { connected, at: row.since, reason: row.reason.clone() }))
}

pub(super) fn shown(row: case::ThingRow, kinds: &Kinds, session: Option<&Session>) -> ThingRow {
    let connectivity = connectivity(&row, session).map(|now| ThingConnectivity {
        connected: now.connected,
        at: now.at.map(|at| Time(at).to_string()),
        reason: now.reason,
    });
    let kind = kinds.get(&row.kind);
    let (last, on) = session.map(|session| session.home.latest(&row.id)).unwrap_or_default();
    let facts = device::certificate::read(&row.certificate).ok();
    ThingRow {
        connectivity,
        on,
        last: last.as_ref().map(said),
        topics: kind.map(|kind| kind.topics(&row.id)).unwrap_or_default(),
        commands: kind.map(|kind| kind.commands.keys().cloned().collect()).unwrap_or_default(),
        created: Time(row.created).to_string(),
        not_after: facts.map(|facts| facts.not_after.to_string()).unwrap_or_default(),
        id: row.id,
        kind: row.kind,
        name: row.name,
        note: row.note,
        exhibit: row.exhibit,
        sha256: row.sha256,
        certificate: row.certificate,
        imported: row.imported,
        status: row.status,
    }
}

fn said(said: &Said) -> ThingSaid {
    ThingSaid {
        at: said.at.to_string(),
        topic: said.topic.clone(),
        text: String::from_utf8_lossy(&said.payload).into_owned(),
        bytes: said.length as u64,
    }
}
