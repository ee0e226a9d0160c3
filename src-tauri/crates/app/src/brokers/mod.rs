//! Brokers elsewhere: AWS IoT, a home's own, a seized one that was started again. We come as a client, and all that passes is evidence.
//!
//! Connecting, listening and publishing touch the world outside. Passwords are held in memory for one connection; keys stay in their files.

mod connection;
mod export;
mod said;
#[cfg(test)]
mod tests;
mod topics;

use device::remote::check_message;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

pub(crate) use connection::Connections;
pub use export::BrokerExport;
pub(crate) use export::broker_export;
pub use topics::{BrokerTopic, BrokerTopicAsk, BrokerTopics, BrokerTopicsAsk};
pub(crate) use topics::{broker_topic, broker_topics};

use crate::bench::recording::BenchRecording;
use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::import::log;
use crate::state::App;

/// Come to a broker. Of what can be left out, nothing means the usual.
#[derive(Clone, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerConnect {
    /// A name or an address.
    pub host: String,
    /// 0: 1883, 8883 with TLS, 80 and 443 over WebSocket.
    pub port: u16,
    pub tls: BrokerTls,
    /// With `own`: a file (PEM) with the authority's certificate.
    pub ca: Option<String>,
    /// Files (PEM) with our certificate and its private key. Both or neither.
    pub certificate: Option<String>,
    pub key: Option<String>,
    pub user: Option<String>,
    /// In memory only; masked in what is recorded.
    pub password: Option<String>,
    pub version: BrokerVersion,
    /// Over WebSocket, at this path: `/mqtt`.
    pub websocket: Option<String>,
    /// `x-amzn-mqtt-ca` for AWS IoT on port 443.
    pub alpn: Option<String>,
    /// Seconds; none: 60; 0: never.
    pub keep_alive: Option<u16>,
    /// Take up the session that the broker remembers of this client id.
    pub resume: bool,
    /// Empty: one that nobody else has.
    pub client_id: String,
    /// By whose leave, on what ground: it is written to the custody log.
    pub authority: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum BrokerTls {
    #[default]
    Off,
    /// The broker's certificate comes from an authority that this system trusts.
    System,
    /// It comes from the authority whose certificate is named.
    Own,
    /// Whoever answers is believed.
    Insecure,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, TS)]
pub enum BrokerVersion {
    #[default]
    #[serde(rename = "3.1.1")]
    V311,
    #[serde(rename = "5")]
    V5,
}

/// One connection by its number.
#[derive(Clone, Copy, Debug, Deserialize, TS)]
pub struct BrokerId {
    pub id: u32,
}

/// A connection to a broker, running or ended.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerState {
    pub id: u32,
    /// `mqtts://broker.example:8883`
    pub url: String,
    /// `connecting`, `connected`, `waiting` (lost; it is tried again) or `ended`
    pub standing: String,
    /// Why it is not connected, or was not before, and what can be done.
    pub why: Option<String>,
    pub client_id: String,
    pub authority: String,
    /// RFC 3339 UTC.
    pub since: Option<String>,
    /// How often it was connected.
    #[ts(type = "number")]
    pub connections: u64,
    pub filters: Vec<BrokerFilter>,
    #[ts(type = "number")]
    pub topics: u64,
    #[ts(type = "number")]
    pub messages: u64,
    /// Messages under topics that are too many to be told apart here; the recording has them.
    #[ts(type = "number")]
    pub left_out: u64,
    /// Messages that we published.
    #[ts(type = "number")]
    pub published: u64,
    pub recording: BenchRecording,
}

/// What we listen to.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerFilter {
    pub filter: String,
    pub qos: u8,
    /// What the broker gave; none: it has not answered.
    pub granted: Option<u8>,
    pub refused: Option<String>,
}

/// Listen to a topic, or, if wildcards are wanted, to many.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerSubscribe {
    pub id: u32,
    pub filter: String,
    pub qos: u8,
    /// `#` and `+` are meant: they bring what other people's devices say, too.
    pub wildcards: bool,
}

/// What the broker said to it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerAnswer {
    pub text: String,
}

/// Say something. Without `act` it is only shown what would be said.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerPublish {
    pub id: u32,
    pub topic: String,
    /// As text.
    pub text: Option<String>,
    /// Or as hex; exactly one of the two, or neither: nothing, as a retained message is erased.
    pub hex: Option<String>,
    pub qos: u8,
    pub retain: bool,
    /// It is meant: this changes the scene.
    pub act: bool,
    /// Why, and by whose leave; without one nothing is sent. It is written to the custody log and the recording.
    pub reason: String,
}

/// What was said, or would be.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerPublished {
    pub sent: bool,
    pub topic: String,
    /// The payload's bytes.
    pub hex: String,
    pub length: u32,
    pub qos: u8,
    pub retain: bool,
    /// The broker's answer; before: what will happen, in a sentence.
    pub text: String,
}

fn failed(what: &str, why: String) -> Error {
    Error::new(Code::Failed, format!("{what}: {why}"))
}

pub(crate) fn broker_connect(app: &App, request: BrokerConnect) -> Result<BrokerState> {
    let case = app.open_case()?;
    if request.authority.trim().is_empty() {
        let why = "connecting to a broker: say on whose authority; it touches what is not ours";
        return Err(Error::new(Code::Refused, why));
    }
    // The request names a password, so that it is written by itself.
    let said = json!({
        "host": request.host, "port": request.port, "tls": request.tls, "ca": request.ca, "certificate": request.certificate,
        "key": request.key, "user": request.user, "password": request.password.as_ref().map(|_| "given"),
        "version": request.version, "websocket": request.websocket, "alpn": request.alpn, "resume": request.resume,
        "client_id": request.client_id, "authority": request.authority,
    });
    let connected = connection::connect(app, &case, request);
    let outcome = connected.as_ref().map_or_else(|why| format!("failed: {why}"), |_| "connected".into());
    log(&case, "broker_connect", Vec::new(), said, &outcome)?;
    connected
}

pub(crate) fn broker_disconnect(app: &App, request: BrokerId) -> Result<BrokerState> {
    let connection = connection::find(app, request.id)?;
    connection.end();
    Ok(connection.state())
}

pub(crate) fn brokers(app: &App, _: Nothing) -> Result<Vec<BrokerState>> {
    Ok(connection::of_case(app)?.iter().map(|connection| connection.state()).collect())
}

pub(crate) fn broker_subscribe(app: &App, request: BrokerSubscribe) -> Result<BrokerAnswer> {
    let connection = connection::find(app, request.id)?;
    let answer = connection.broker.subscribe(&request.filter, request.qos, request.wildcards);
    answer.map(|text| BrokerAnswer { text }).map_err(|why| failed("subscribing", why))
}

pub(crate) fn broker_unsubscribe(app: &App, request: BrokerSubscribe) -> Result<BrokerAnswer> {
    let connection = connection::find(app, request.id)?;
    let answer = connection.broker.unsubscribe(&request.filter);
    answer.map(|text| BrokerAnswer { text }).map_err(|why| failed("ending a subscription", why))
}

pub(crate) fn broker_publish(app: &App, request: BrokerPublish) -> Result<BrokerPublished> {
    let connection = connection::find(app, request.id)?;
    let bad = |why: &str| Error::invalid(format!("publishing: {why}"));
    let payload = match (&request.text, &request.hex) {
        (Some(_), Some(_)) => return Err(bad("the payload is given as text or as hex, not both")),
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(hex)) => said::unhex(hex).ok_or_else(|| bad("the payload is no hex"))?,
        (None, None) => Vec::new(),
    };
    check_message(&request.topic, &payload, request.qos).map_err(|why| bad(&why))?;
    let url = connection.broker.settings().url();
    if request.act && request.reason.trim().is_empty() {
        return Err(Error::new(Code::Refused, "publishing: this changes the scene: give the reason first"));
    }
    let text = if request.act {
        connection.note_act(&request.topic, request.reason.trim());
        connection
            .broker
            .publish(&request.topic, &payload, request.qos, request.retain)
            .map_err(|why| failed("publishing", why))?
    } else {
        let kept = if request.retain { ", which keeps it for whoever comes later" } else { "" };
        format!(
            "nothing was sent; {} bytes would go to '{}' on {url}{kept}: this changes the scene",
            payload.len(),
            request.topic
        )
    };
    Ok(BrokerPublished {
        sent: request.act,
        topic: request.topic,
        hex: model::hex(&payload),
        length: payload.len().try_into().unwrap_or(u32::MAX),
        qos: request.qos,
        retain: request.retain,
        text,
    })
}
