//! Shadows: as they are, as they were, and what the analyst wishes.

use device::shadow::{ShadowAnswer, ShadowRequest};
use model::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ts_rs::TS;

use super::{session, things};
use crate::error::{Code, Error, Result};
use crate::state::App;

/// A shadow, or one version of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct ShadowAsk {
    pub id: String,
    /// Empty: the classic one, which has no name.
    pub name: String,
    /// `null`: the newest.
    #[ts(type = "number | null")]
    pub version: Option<i64>,
}

/// An update, as it would be published: `{"state":{"desired":{...}}}`.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ShadowSet {
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// JSON text.
    pub document: String,
}

/// The shadows of a thing.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ShadowNames {
    /// The classic one first, as an empty text.
    pub names: Vec<String>,
}

/// When a version came to be.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ShadowVersionRow {
    #[ts(type = "number")]
    pub version: i64,
    /// RFC 3339 UTC.
    pub at: String,
}

/// A version of a shadow.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ShadowDocument {
    #[ts(type = "number")]
    pub version: i64,
    /// RFC 3339 UTC.
    pub at: String,
    /// `{"state":{"desired":...,"reported":...},"metadata":...}`; `null`: deleted with this version.
    #[ts(type = "unknown")]
    pub document: Option<Value>,
}

pub(crate) fn shadows(app: &App, request: things::ThingId) -> Result<ShadowNames> {
    let rows = app.open_case()?.shadows(&request.id)?;
    Ok(ShadowNames { names: rows.into_iter().map(|row| row.name).collect() })
}

pub(crate) fn shadow_version(app: &App, request: ShadowAsk) -> Result<Option<ShadowDocument>> {
    let Some(row) = app.open_case()?.shadow(&request.id, &request.name, request.version)? else { return Ok(None) };
    let unread = |why: serde_json::Error| Error::new(Code::Failed, format!("reading a shadow: {why}"));
    let document = row.document.as_deref().map(serde_json::from_str).transpose().map_err(unread)?;
    Ok(Some(ShadowDocument { version: row.version, at: Time(row.at).to_string(), document }))
}

pub(crate) fn shadow_history(app: &App, request: ShadowAsk) -> Result<Vec<ShadowVersionRow>> {
    let versions = app.open_case()?.shadow_versions(&request.id, &request.name)?.into_iter();
    Ok(versions.map(|(version, at)| ShadowVersionRow { version, at: Time(at).to_string() }).collect())
}

pub(crate) fn shadow_set(app: &App, request: ShadowSet) -> Result<ShadowDocument> {
    let ask = ShadowAsk { id: request.id, name: request.name, version: None };
    change(app, &ask, "changing a shadow", ShadowRequest::Update(request.document.into_bytes()))
}

pub(crate) fn shadow_delete(app: &App, request: ShadowAsk) -> Result<ShadowDocument> {
    change(app, &request, "deleting a shadow", ShadowRequest::Delete)
}

fn change(app: &App, ask: &ShadowAsk, doing: &str, request: ShadowRequest) -> Result<ShadowDocument> {
    things::found(app, &ask.id)?;
    let session = session::running(app).map_err(|why| why.while_doing(doing))?;
    let reason = session.may_change(doing)?;
    let mut told = Map::new();
    told.insert("reason".into(), reason.into());
    told.insert("name".into(), ask.name.clone().into());
    match &request {
        ShadowRequest::Update(document) => {
            told.insert("payload".into(), String::from_utf8_lossy(document).into_owned().into())
        }
        _ => told.insert("payload".into(), json!("delete")),
    };
    session.tell("shadow wish", Some(&ask.id), told)?;
    let ShadowAnswer { code, body } = session.broker()?.shadow(&ask.id, &ask.name, request);
    if code != 200 {
        let why = body["message"].as_str().unwrap_or("it was rejected").to_owned();
        let kind = match code {
            404 => Code::Missing,
            409 => Code::Busy,
            400..500 => Code::Invalid,
            _ => Code::Failed,
        };
        return Err(Error::new(kind, format!("{doing}: {code} {why}")));
    }
    let gone = || Error::new(Code::Failed, format!("{doing}: it was accepted, and is not in the case"));
    shadow_version(app, ShadowAsk { version: None, ..ask.clone() })?.ok_or_else(gone)
}
