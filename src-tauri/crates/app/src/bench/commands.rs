//! Commands to things: each kind has its dictionary. Nothing goes out before the analyst has said why.

use device::kind::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ts_rs::TS;

use super::session::{self, Session};
use super::{authority, things};
use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::state::App;

/// A kind of things.
#[derive(Clone, Debug, Serialize, TS)]
pub struct KindRow {
    pub name: String,
    pub label: String,
    /// By name: the JSON object that is sent.
    #[ts(type = "{ [key in string]: unknown }")]
    pub commands: Value,
    pub command_topic: String,
    pub qos: u8,
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
    pub shadow: bool,
    /// Which field of what it says tells whether it is on.
    pub state: Option<String>,
}

/// More kinds: JSON, one or a list, as `device/src/kinds.json` has them.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct KindsAdd {
    pub json: String,
}

/// A command to a thing.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ThingCommand {
    pub id: String,
    /// From its kind's dictionary.
    pub command: String,
    /// Only says what would be sent.
    #[serde(default)]
    pub dry: bool,
}

/// What was, or would be, sent.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingCommanded {
    pub id: String,
    pub topic: String,
    pub qos: u8,
    /// The bytes, which are UTF-8.
    pub payload: String,
    #[ts(type = "unknown")]
    pub command: Value,
    pub sent: bool,
    /// The thing was there when it was sent; nobody keeps it for one that was not.
    pub connected: bool,
}

pub(crate) fn thing_kinds(app: &App, _: Nothing) -> Result<Vec<KindRow>> {
    let kinds = authority::kinds(&*app.open_case()?)?;
    Ok(kinds.names().filter_map(|name| kinds.get(name)).map(row).collect())
}

pub(crate) fn kinds_add(app: &App, request: KindsAdd) -> Result<Vec<KindRow>> {
    authority::add_kinds(&*app.open_case()?, &request.json)?;
    thing_kinds(app, Nothing)
}

pub(crate) fn thing_command(app: &App, request: ThingCommand) -> Result<ThingCommanded> {
    let doing = format!("sending '{}'", request.command);
    let row = things::found(app, &request.id)?;
    if request.dry {
        let kinds = authority::kinds(&*app.open_case()?)?;
        let command = of(kinds.get(&row.kind), &request)?;
        return Ok(commanded(&request.id, command, false, false));
    }
    let session = session::running(app).map_err(|why| why.while_doing(&doing))?;
    session.may_change(&doing)?;
    send(&session, &row, &request.command, None)
}

/// Sends a command; the event is safe in the recording before it goes out.
pub(super) fn send(session: &Session, row: &case::ThingRow, name: &str, scene: Option<&str>) -> Result<ThingCommanded> {
    let doing = format!("sending '{name}'");
    let reason = session.may_change(&doing)?;
    let request = ThingCommand { id: row.id.clone(), command: name.to_owned(), dry: false };
    let command = of(session.kinds.get(&row.kind), &request)?;
    let connected = things::connectivity(row, Some(session)).is_some_and(|now| now.connected);
    let payload = String::from_utf8_lossy(&command.payload).into_owned();
    let told = json!({ "command": name, "topic": command.topic, "payload": payload, "qos": command.qos, "connected": connected, "reason": reason, "scene": scene });
    let mut told = if let Value::Object(told) = told { told } else { Map::new() };
    told.retain(|_, value| !value.is_null());
    session.tell("command", Some(&row.id), told)?;
    let sent = session.broker()?.publish(&command.topic, command.payload.clone(), command.qos, false);
    sent.map_err(|why| authority::failed(&doing, &why))?;
    Ok(commanded(&row.id, command, true, connected))
}

fn of(kind: Option<&Kind>, request: &ThingCommand) -> Result<device::kind::Command> {
    let command = kind.and_then(|kind| kind.command(&request.id, &request.command));
    command.ok_or_else(|| {
        let known: Vec<&str> = kind.map(|kind| kind.commands.keys().map(String::as_str).collect()).unwrap_or_default();
        Error::invalid(format!("sending '{}': it understands {}", request.command, known.join(", ")))
    })
}

fn commanded(id: &str, command: device::kind::Command, sent: bool, connected: bool) -> ThingCommanded {
    ThingCommanded {
        id: id.to_owned(),
        payload: String::from_utf8_lossy(&command.payload).into_owned(),
        topic: command.topic,
        qos: command.qos,
        command: command.body,
        sent,
        connected,
    }
}

fn row(kind: &Kind) -> KindRow {
    KindRow {
        name: kind.name.clone(),
        label: kind.label.clone(),
        commands: Value::Object(kind.commands.clone()),
        command_topic: kind.command.clone(),
        qos: kind.qos,
        publish: kind.publish.clone(),
        subscribe: kind.subscribe.clone(),
        shadow: kind.shadow,
        state: kind.state.clone(),
    }
}
