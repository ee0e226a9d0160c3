//! The library that speaks MQTT for us: packet identifiers, QoS, keep-alive, the state of a session are its business.
//!
//! It talks to our relay only (`session/relay.rs`), so that it is told neither where the broker is nor how one comes there, nor our password:
//! in its place it has as many stars, and in the client id's place a word by which the relay knows it.

use std::time::Duration;

use rumqttc::v5;

use super::settings::{Settings, Version};
use super::wire::LONGEST;

/// Questions that are on their way from us to it.
const ROOM: usize = 1_100;
/// Packet identifiers that are used in turn; far more than are in use at a time.
const IDENTIFIERS: u16 = 4_096;
/// How long it waits for the relay, seconds: longer than the relay itself waits for anybody.
const PATIENCE: u64 = 120;
/// How long a session that is to be taken up again is kept (MQTT 5), seconds.
const SESSION: u32 = 86_400;

/// To ask with. What is asked goes out in the order in which it was asked.
pub(super) enum Client {
    V4(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

/// What does it.
pub(super) enum Library {
    V4(Box<rumqttc::EventLoop>),
    V5(Box<v5::EventLoop>),
}

/// It could not be asked.
pub(super) struct Busy;

/// Seconds between pings; the library can neither do without them in MQTT 5, nor have less than five.
pub(super) fn keep_alive(settings: &Settings) -> u16 {
    match (settings.version, settings.keep_alive) {
        (Version::V5, 0) => u16::MAX,
        (Version::V5, seconds) => seconds.max(5),
        (Version::V311, seconds) => seconds,
    }
}

/// What comes to this port of our own machine, under this name.
pub(super) fn new(settings: &Settings, name: &str, port: u16) -> (Client, Library) {
    let host = "127.0.0.1";
    let user = settings.user.as_deref().unwrap_or_default();
    let stars = "*".repeat(settings.password.as_ref().map_or(0, |secret| secret.0.len()));
    let keep_alive = Duration::from_secs(keep_alive(settings).into());
    let mut network = rumqttc::NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(PATIENCE);
    match settings.version {
        Version::V311 => {
            let mut options = rumqttc::MqttOptions::new(name, host, port);
            options.set_keep_alive(keep_alive).set_clean_session(settings.clean).set_inflight(IDENTIFIERS);
            options.set_max_packet_size(LONGEST, LONGEST).set_credentials(user, stars);
            let (client, mut library) = rumqttc::AsyncClient::new(options, ROOM);
            library.set_network_options(network);
            (Client::V4(client), Library::V4(Box::new(library)))
        }
        Version::V5 => {
            let mut options = v5::MqttOptions::new(name, host, port);
            options.set_keep_alive(keep_alive).set_clean_start(settings.clean);
            options.set_session_expiry_interval((!settings.clean).then_some(SESSION));
            options.set_max_packet_size(u32::try_from(LONGEST).ok()).set_credentials(user, stars);
            options.set_outgoing_inflight_upper_limit(IDENTIFIERS);
            options.set_network_options(network).set_connection_timeout(PATIENCE);
            let (client, library) = v5::AsyncClient::new(options, ROOM);
            (Client::V5(client), Library::V5(Box::new(library)))
        }
    }
}

impl Library {
    /// Goes on until it can't, and says why. It is not asked again then: whether and when somebody comes back is not its business.
    pub async fn run(self) -> String {
        let why = match self {
            Library::V4(mut library) => loop {
                match library.poll().await {
                    Ok(_) => {}
                    Err(rumqttc::ConnectionError::MqttState(rumqttc::StateError::AwaitPingResp)) => return silent(),
                    Err(why) => break why.to_string(),
                }
            },
            Library::V5(mut library) => loop {
                match library.poll().await {
                    Ok(_) => {}
                    Err(v5::ConnectionError::MqttState(v5::StateError::AwaitPingResp)) => return silent(),
                    Err(why) => break why.to_string(),
                }
            },
        };
        format!("the broker and we do not understand each other: {why}")
    }
}

fn silent() -> String {
    "the broker does not answer any more".into()
}

impl Client {
    pub fn subscribe(&self, filter: &str, qos: u8) -> Result<(), Busy> {
        match self {
            Client::V4(client) => client.try_subscribe(filter, four(qos)).map_err(|_| Busy),
            Client::V5(client) => client.try_subscribe(filter, five(qos)).map_err(|_| Busy),
        }
    }

    pub fn unsubscribe(&self, filter: &str) -> Result<(), Busy> {
        match self {
            Client::V4(client) => client.try_unsubscribe(filter).map_err(|_| Busy),
            Client::V5(client) => client.try_unsubscribe(filter).map_err(|_| Busy),
        }
    }

    pub fn publish(&self, topic: &str, payload: Vec<u8>, qos: u8, retain: bool) -> Result<(), Busy> {
        match self {
            Client::V4(client) => client.try_publish(topic, four(qos), retain, payload).map_err(|_| Busy),
            Client::V5(client) => client.try_publish(topic, five(qos), retain, payload).map_err(|_| Busy),
        }
    }

    pub fn disconnect(&self) -> Result<(), Busy> {
        match self {
            Client::V4(client) => client.try_disconnect().map_err(|_| Busy),
            Client::V5(client) => client.try_disconnect().map_err(|_| Busy),
        }
    }
}

fn four(qos: u8) -> rumqttc::QoS {
    match qos {
        0 => rumqttc::QoS::AtMostOnce,
        1 => rumqttc::QoS::AtLeastOnce,
        _ => rumqttc::QoS::ExactlyOnce,
    }
}

fn five(qos: u8) -> v5::mqttbytes::QoS {
    match qos {
        0 => v5::mqttbytes::QoS::AtMostOnce,
        1 => v5::mqttbytes::QoS::AtLeastOnce,
        _ => v5::mqttbytes::QoS::ExactlyOnce,
    }
}
