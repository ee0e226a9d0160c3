//! The broker inside: a library's. It knows sessions, acknowledgements, retained messages and wills. Only the door comes to it, over loopback, and is
//! known by the port from which it comes.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mqtt5::QoS;
use mqtt5::broker::config::{BrokerConfig, StorageBackend, StorageConfig};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::{AuthProvider, AuthResult, BrokerShutdownHandle, MqttBroker};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use tokio::net::{TcpSocket, TcpStream};

use super::judge::ALIASES;
use crate::Error;
use crate::kind::Kind;
use crate::packet::LARGEST;

/// Sessions are kept for as long as AWS IoT keeps them at most.
const SESSION: Duration = Duration::from_secs(7 * 86_400);
/// What waits for a client that is away, and what is retained.
const MOST_QUEUED: usize = 1000;
const MOST_QUEUED_BYTES: usize = 4 << 20;
const MOST_RETAINED: usize = 10_000;
const MOST_FILTERS: usize = 100;

pub struct Inner {
    at: SocketAddr,
    router: Arc<MessageRouter>,
    stop: BrokerShutdownHandle,
    door: Arc<Door>,
}

/// From where the door comes, for whom; and who each one is.
#[derive(Default)]
struct Door {
    inside: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    ports: HashMap<SocketAddr, String>,
    /// Also of those who have left: their wills and sessions remain.
    kinds: HashMap<String, Arc<Kind>>,
}

/// Lets one connection in as long as it lives.
pub struct Pass {
    door: Arc<Door>,
    port: SocketAddr,
}

impl Inner {
    pub async fn start(most: usize) -> Result<Inner, Error> {
        let failed = |why: &dyn std::fmt::Display| Error::failed("starting the broker", why);
        let storage = StorageConfig::default()
            .with_backend(StorageBackend::Memory)
            .with_max_queued_messages_per_client(MOST_QUEUED)
            .with_max_queued_bytes_per_client(MOST_QUEUED_BYTES)
            .with_cleanup_interval(Duration::from_secs(60));
        let mut config = BrokerConfig::default()
            .with_bind_address((Ipv4Addr::LOCALHOST, 0))
            .with_storage(storage)
            .with_session_expiry(SESSION)
            .with_max_clients(most.saturating_mul(2))
            // What the door lets in grows by an id at most.
            .with_max_packet_size(LARGEST + 1024)
            .with_max_subscriptions_per_client(MOST_FILTERS)
            .with_max_retained_messages(MOST_RETAINED)
            .with_client_channel_capacity(MOST_QUEUED)
            .with_sys_topics_enabled(false);
        config.topic_alias_maximum = ALIASES;
        let door = Arc::new(Door::default());
        let broker = MqttBroker::with_config(config).await.map_err(|why| failed(&why))?;
        let mut broker = broker.with_auth_provider(door.clone());
        let at = broker.local_addr().ok_or_else(|| failed(&"it listens nowhere"))?;
        let (router, stop) = (broker.router(), broker.shutdown_handle());
        let mut listens = broker.ready_receiver();
        tokio::spawn(async move { broker.run().await });
        listens.wait_for(|ready| *ready).await.map_err(|why| failed(&why))?;
        Ok(Inner { at, router, stop, door })
    }

    /// A connection for a thing.
    pub async fn connect(&self, thing: &str, kind: &Arc<Kind>) -> io::Result<(TcpStream, Pass)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let port = socket.local_addr()?;
        {
            let mut known = self.door.lock();
            known.ports.insert(port, thing.to_owned());
            known.kinds.insert(thing.to_owned(), kind.clone());
        }
        let pass = Pass { door: self.door.clone(), port };
        let stream = socket.connect(self.at).await?;
        stream.set_nodelay(true)?;
        Ok((stream, pass))
    }

    /// Publishes as nobody's client.
    pub async fn publish(&self, topic: &str, payload: Vec<u8>, qos: u8, retain: bool) {
        let qos = match qos {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        };
        let packet = PublishPacket::new(topic, payload, qos).with_retain(retain);
        self.router.route_message(&packet, None).await;
    }

    pub fn stop(&self) {
        self.stop.shutdown();
    }
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kind(&self, thing: &str) -> Option<Arc<Kind>> {
        self.lock().kinds.get(thing).cloned()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.door.lock().ports.remove(&self.port);
    }
}

type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The door has judged already; here the same rules hold for what is inside: filters, sessions that come back, wills.
impl AuthProvider for Door {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        from: SocketAddr,
    ) -> Soon<'a, mqtt5::error::Result<AuthResult>> {
        let known = self.lock().ports.get(&from).is_some_and(|thing| *thing == connect.client_id);
        let result = if known { AuthResult::success() } else { AuthResult::fail(ReasonCode::NotAuthorized) };
        Box::pin(ready(Ok(result)))
    }

    fn authorize_publish<'a>(&'a self, client: &str, _: Option<&'a str>, topic: &'a str) -> Soon<'a, bool> {
        let may = self.kind(client).is_some_and(|kind| kind.may_publish(client, topic));
        Box::pin(ready(may))
    }

    fn authorize_subscribe<'a>(&'a self, client: &str, _: Option<&'a str>, filter: &'a str) -> Soon<'a, bool> {
        let may = self.kind(client).is_some_and(|kind| kind.may_subscribe(client, filter));
        Box::pin(ready(may))
    }
}
