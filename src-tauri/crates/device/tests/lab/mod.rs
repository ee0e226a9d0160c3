//! A laboratory in memory: a registry, a recorder, a broker, and clients that say exactly what they are told to.

#![allow(dead_code)] // each test uses a part of it

pub mod client;
pub mod mqtt;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use device::authority::{Authority, Issued, KeyKind};
use device::broker::{Broker, Settings};
use device::home::{Connectivity, Holder, Home, Registry, ShadowVersion};
use device::kind::Kinds;
use device::record::{Event, Kept, Packet, Record, Recorder};
use model::Time;

/// What a case would be.
#[derive(Default)]
pub struct World {
    pub holders: Mutex<HashMap<[u8; 32], Holder>>,
    pub records: Mutex<Vec<Record>>,
    pub shadows: Mutex<BTreeMap<(String, String), Vec<ShadowVersion>>>,
    pub connectivity: Mutex<Vec<(String, Connectivity)>>,
    pub messages: Mutex<Vec<(String, String, Vec<u8>)>>,
    /// Up to which record all is safe; beyond, it is waited for. 0: all is.
    pub held_from: AtomicU64,
}

impl Registry for World {
    fn holder(&self, certificate: &[u8; 32]) -> Option<Holder> {
        self.holders.lock().unwrap().get(certificate).cloned()
    }
}

impl Home for World {
    fn shadow(&self, thing: &str, name: &str) -> Result<Option<ShadowVersion>, String> {
        let shadows = self.shadows.lock().unwrap();
        Ok(shadows.get(&(thing.to_owned(), name.to_owned())).and_then(|all| all.last().cloned()))
    }

    fn shadows(&self, thing: &str) -> Result<Vec<String>, String> {
        let shadows = self.shadows.lock().unwrap();
        let live = shadows
            .iter()
            .filter(|(key, all)| key.0 == thing && all.last().is_some_and(|last| last.document.is_some()));
        Ok(live.map(|(key, _)| key.1.clone()).collect())
    }

    fn keep_shadow(&self, version: &ShadowVersion) -> Result<(), String> {
        let mut shadows = self.shadows.lock().unwrap();
        shadows.entry((version.thing.clone(), version.name.clone())).or_default().push(version.clone());
        Ok(())
    }

    fn connectivity(&self, thing: &str, now: &Connectivity) {
        self.connectivity.lock().unwrap().push((thing.to_owned(), now.clone()));
    }

    fn message(&self, thing: &str, topic: &str, payload: &[u8], _: Time) {
        self.messages.lock().unwrap().push((thing.to_owned(), topic.to_owned(), payload.to_vec()));
    }
}

impl Recorder for World {
    fn keep(&self, record: Record) -> u64 {
        let mut records = self.records.lock().unwrap();
        records.push(record);
        records.len() as u64
    }

    fn safe(&self, number: u64) -> Pin<Box<dyn Future<Output = Kept> + Send + '_>> {
        Box::pin(async move {
            loop {
                match self.held_from.load(Ordering::Relaxed) {
                    0 => return Ok(()),
                    u64::MAX => return Err("the disk is full".into()),
                    held if number < held => return Ok(()),
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        })
    }
}

impl World {
    /// Refusals as `thing reason topic`, in their order.
    pub fn refusals(&self) -> Vec<String> {
        let said = |event: Event| {
            let field = |name: &str| event.fields.get(name).and_then(|value| value.as_str()).unwrap_or("-").to_owned();
            format!("{} {} {}", event.thing.as_deref().unwrap_or("-"), field("reason"), field("topic"))
        };
        self.events("refused").into_iter().map(said).collect()
    }

    pub fn events(&self, act: &str) -> Vec<Event> {
        let records = self.records.lock().unwrap();
        let event = |record: &Record| match record {
            Record::Event(event) if event.act == act => Some(event.clone()),
            _ => None,
        };
        records.iter().filter_map(event).collect()
    }

    pub fn packets(&self) -> Vec<Packet> {
        let records = self.records.lock().unwrap();
        let packet = |record: &Record| match record {
            Record::Packet(packet) => Some(packet.clone()),
            Record::Event(_) => None,
        };
        records.iter().filter_map(packet).collect()
    }

    /// Why a thing left, each time.
    pub fn leavings(&self, thing: &str) -> Vec<String> {
        let said = self.connectivity.lock().unwrap();
        said.iter()
            .filter(|(who, now)| who == thing && !now.connected)
            .filter_map(|(_, now)| now.reason.clone())
            .collect()
    }
}

pub struct Lab {
    pub world: Arc<World>,
    pub authority: Authority,
    pub broker: Broker,
}

impl Lab {
    pub fn new() -> Lab {
        Lab::with("[]")
    }

    /// With other kinds than the usual.
    pub fn with(kinds: &str) -> Lab {
        let authority = Authority::make("Case 7", now()).unwrap();
        let again = Authority::open(authority.certificate_pem(), authority.key_pem()).unwrap();
        let world = Arc::new(World::default());
        let kinds = Kinds::usual().with(kinds).unwrap();
        let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), kinds, ..Settings::new(again) };
        let broker = Broker::start(settings, world.clone(), world.clone()).unwrap();
        Lab { world, authority, broker }
    }

    pub fn at(&self) -> SocketAddr {
        self.broker.listen()
    }

    /// A light that is registered.
    pub fn light(&self, id: &str) -> Issued {
        let issued = self.authority.issue(id, KeyKind::P256, now(), None).unwrap();
        self.register(id, &issued, None);
        issued
    }

    pub fn register(&self, id: &str, issued: &Issued, barred: Option<&str>) {
        let holder = Holder { thing: id.into(), kind: "light".into(), barred: barred.map(str::to_owned) };
        self.world.holders.lock().unwrap().insert(issued.certificate.sha256, holder);
    }
}

pub fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Time(since.as_nanos() as i64)
}

/// Waits until something is so; a test that waits for ever says for what.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < end, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
