//! Keeps what it is told, and says that it is safe, or that it never will be.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use device::record::{Kept, Packet, Record, Recorder};
use device::remote::{Settings, Tls, Version};

#[derive(Default)]
pub struct Told {
    pub records: Mutex<Vec<Record>>,
    pub full: AtomicBool,
}

impl Recorder for Told {
    fn keep(&self, record: Record) -> u64 {
        let mut records = self.records.lock().unwrap();
        records.push(record);
        records.len() as u64
    }

    fn safe(&self, _: u64) -> Pin<Box<dyn Future<Output = Kept> + Send + '_>> {
        let kept = if self.full.load(Relaxed) { Err("the disk is full".into()) } else { Ok(()) };
        Box::pin(std::future::ready(kept))
    }
}

impl Told {
    pub fn new() -> Arc<Told> {
        Arc::default()
    }

    /// Packets; true: of ours.
    pub fn packets(&self, port: u16) -> Vec<(bool, Vec<u8>)> {
        let records = self.records.lock().unwrap();
        let packets = records.iter().filter_map(|record| match record {
            Record::Packet(Packet { to, bytes, .. }) => Some((to.port() == port, bytes.clone())),
            Record::Event(_) => None,
        });
        packets.collect()
    }

    pub fn acts(&self) -> Vec<&'static str> {
        let records = self.records.lock().unwrap();
        let acts = records.iter().filter_map(|record| match record {
            Record::Event(event) => Some(event.act),
            Record::Packet(_) => None,
        });
        acts.collect()
    }
}

pub fn settings(port: u16) -> Settings {
    Settings {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::Off,
        certificate: None,
        user: None,
        password: None,
        version: Version::V311,
        websocket: None,
        alpn: None,
        keep_alive: 30,
        clean: true,
        client_id: "examiner".into(),
        alone: true,
    }
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(15), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
