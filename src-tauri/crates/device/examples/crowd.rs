//! A crowd of devices at the bench's broker: how many messages a second are on the disk and acknowledged, and how soon.
//!
//! ```text
//! cargo run --release -p device --example crowd -- [DEVICES [MESSAGES-A-SECOND [SECONDS [BROKER SERVICE TOKEN]]]]
//! ```
//!
//! With three numbers at most, all of it runs in one process: the broker, a recorder that writes to a file and has each batch put on the disk, and
//! the devices, each with its own certificate and TLS connection. With the addresses of a running `lintel bench` the devices are registered there and
//! come to it: `cargo xtask bench broker` does that. Prints one JSON object.

#[path = "../tests/lab/mqtt.rs"]
#[allow(dead_code)]
mod mqtt;

use std::collections::HashMap;
use std::future::Future;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use device::authority::{Authority, Issued, KeyKind};
use device::broker::{Broker, Settings};
use device::home::{Connectivity, Holder, Home, Registry, ShadowVersion};
use device::record::{Kept, Record, Recorder};
use model::Time;
use mqtt::{Came, Connect, V, publish};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, usual: u64| words.get(n).map_or(usual, |word| word.parse().expect("a number"));
    let (devices, rate, seconds) = (number(0, 1000), number(1, 5000), number(2, 10));
    let now = Time(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as i64);
    let authority = Authority::make("Crowd", now).unwrap();
    let issued: Vec<_> =
        (0..devices).map(|n| authority.issue(&format!("device-{n}"), KeyKind::P256, now, None).unwrap()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let said = if let [_, _, _, broker, service, token] = &words[..] {
        let root = elsewhere(service, token, &issued);
        runtime.block_on(crowd(broker.parse().unwrap(), &root, issued, rate, seconds))
    } else {
        let world = Arc::new(World::new());
        for (n, issued) in issued.iter().enumerate() {
            let holder = Holder { thing: format!("device-{n}"), kind: "light".into(), barred: None };
            world.holders.lock().unwrap().insert(issued.certificate.sha256, holder);
        }
        let again = Authority::open(authority.certificate_pem(), authority.key_pem()).unwrap();
        let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), ..Settings::new(again) };
        let broker = Broker::start(settings, world.clone(), world.clone()).unwrap();
        let mut said = runtime.block_on(crowd(broker.listen(), authority.certificate_pem(), issued, rate, seconds));
        said["synced"] = world.batches.load(Ordering::Relaxed).into();
        broker.stop();
        said
    };
    println!("{said}");
}

/// Registers the devices at a running bench, and gives its authority's certificate.
fn elsewhere(service: &str, token: &str, issued: &[Issued]) -> String {
    let call = |name: &str, request: serde_json::Value| -> serde_json::Value {
        let body = request.to_string();
        let mut stream = std::net::TcpStream::connect(service).unwrap();
        let head = format!(
            "POST /api/{name} HTTP/1.1\r\nHost: {service}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    for (n, issued) in issued.iter().enumerate() {
        call("thing_import", serde_json::json!({ "id": format!("device-{n}"), "certificate": issued.certificate_pem }));
    }
    call("bench_state", serde_json::json!({}))["ca"]["certificate"].as_str().unwrap().to_owned()
}

async fn crowd(at: SocketAddr, root: &str, issued: Vec<Issued>, rate: u64, seconds: u64) -> serde_json::Value {
    let devices = issued.len();
    let began = Instant::now();
    let at_once = Arc::new(Semaphore::new(64));
    let mut coming = Vec::new();
    for (n, issued) in issued.into_iter().enumerate() {
        let (config, at_once) = (config(root, &issued), at_once.clone());
        coming.push(tokio::spawn(async move {
            let _turn = at_once.acquire_owned().await.unwrap();
            come(at, config, n).await
        }));
    }
    let mut streams = Vec::new();
    for coming in coming {
        streams.push(coming.await.unwrap());
    }
    let connected = began.elapsed();

    let spent = cpu();
    let began = Instant::now();
    let period = Duration::from_secs_f64(devices as f64 / rate as f64);
    let until = began + Duration::from_secs(seconds);
    let mut talking = Vec::new();
    for (n, stream) in streams.into_iter().enumerate() {
        let first = began + period.mul_f64(n as f64 / devices as f64);
        talking.push(tokio::spawn(talk(stream, n, first, period, until)));
    }
    let (mut sent, mut took) = (0, Vec::new());
    for talking in talking {
        let (said, acknowledged) = talking.await.unwrap();
        sent += said;
        took.extend(acknowledged);
    }
    let elapsed = began.elapsed().as_secs_f64();
    let spent = cpu().zip(spent).map(|(after, before)| after - before);
    took.sort();
    let at = |share: f64| {
        took.get(((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1)))
            .map(|took| took.as_secs_f64() * 1000.0)
    };
    serde_json::json!({
        "devices": devices, "connected_seconds": connected.as_secs_f64(), "wanted_per_second": rate, "seconds": elapsed,
        "sent": sent, "acknowledged": took.len(), "per_second": took.len() as f64 / elapsed,
        "milliseconds": { "median": at(0.5), "p99": at(0.99), "most": at(1.0) },
        "cpu_seconds": spent, "memory_peak_mb": peak(),
    })
}

/// One device: says something whenever its time has come, and hears the acknowledgement.
async fn talk(
    mut stream: TlsStream<TcpStream>,
    n: usize,
    first: Instant,
    period: Duration,
    until: Instant,
) -> (u64, Vec<Duration>) {
    let topic = format!("device-{n}/data");
    let (mut sent, mut took, mut came) = (0u64, Vec::new(), Vec::new());
    let mut next = first;
    while next < until {
        tokio::time::sleep_until(next.into()).await;
        let id = (sent % 60_000) as u16 + 1;
        let body = format!("{{\"power\": {}, \"number\": {sent}}}", sent % 2 == 0);
        let said = Instant::now();
        if stream.write_all(&publish(V::V3, &topic, body.as_bytes(), 1, id)).await.is_err() {
            break; // the bench was killed: what it acknowledged counts
        }
        sent += 1;
        let Some(ack) = hear(&mut stream, &mut came).await else { break };
        assert_eq!((ack.kind, ack.id()), (4, id));
        took.push(said.elapsed());
        // Who is late does not hurry.
        next = (next + period).max(Instant::now());
    }
    (sent, took)
}

async fn come(at: SocketAddr, config: Arc<ClientConfig>, n: usize) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(at).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    let id = format!("device-{n}");
    stream.write_all(&Connect { keep_alive: 600, ..Connect::new(V::V3, &id) }.bytes()).await.unwrap();
    let connack = hear(&mut stream, &mut Vec::new()).await.expect("it answers");
    assert_eq!((connack.kind, connack.body[1]), (2, 0));
    stream
}

async fn hear(stream: &mut TlsStream<TcpStream>, came: &mut Vec<u8>) -> Option<Came> {
    loop {
        if let Some(packet) = Came::take(came) {
            return Some(packet);
        }
        let mut buffer = [0; 512];
        let len = stream.read(&mut buffer).await.ok().filter(|len| *len > 0)?;
        came.extend_from_slice(&buffer[..len]);
    }
}

fn config(root: &str, own: &Issued) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let chain = vec![CertificateDer::from_pem_slice(own.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(own.private_key_pem.as_bytes()).unwrap();
    Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
}

/// Seconds of processor time of this process, where the system tells it.
fn cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// A registry in memory, and a recorder that puts what it is given on the disk, all that waits at once.
struct World {
    holders: Mutex<HashMap<[u8; 32], Holder>>,
    waiting: Arc<Mutex<(u64, Vec<u8>)>>,
    safe: watch::Receiver<u64>,
    batches: Arc<AtomicU64>,
}

impl World {
    fn new() -> World {
        let waiting = Arc::new(Mutex::new((0, Vec::new())));
        let batches = Arc::new(AtomicU64::new(0));
        let (done, safe) = watch::channel(0);
        let (taken, counted) = (Arc::downgrade(&waiting), batches.clone());
        std::thread::spawn(move || {
            let mut file = tempfile::tempfile().unwrap();
            while let Some(waiting) = taken.upgrade() {
                let (number, bytes) = {
                    let mut waiting = waiting.lock().unwrap();
                    (waiting.0, std::mem::take(&mut waiting.1))
                };
                if bytes.is_empty() {
                    std::thread::sleep(Duration::from_micros(200));
                    continue;
                }
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = done.send(number);
            }
        });
        World { holders: Mutex::default(), waiting, safe, batches }
    }
}

impl Recorder for World {
    fn keep(&self, record: Record) -> u64 {
        let mut waiting = self.waiting.lock().unwrap();
        waiting.0 += 1;
        match record {
            Record::Packet(packet) => {
                waiting.1.extend_from_slice(&packet.at.0.to_le_bytes());
                waiting.1.extend_from_slice(&packet.bytes);
            }
            Record::Event(event) => waiting.1.extend_from_slice(format!("{event:?}").as_bytes()),
        }
        waiting.0
    }

    fn safe(&self, number: u64) -> Pin<Box<dyn Future<Output = Kept> + Send + '_>> {
        let mut safe = self.safe.clone();
        Box::pin(async move {
            let reached = safe.wait_for(|safe| *safe >= number).await;
            reached.map(drop).map_err(|why| why.to_string())
        })
    }
}

impl Registry for World {
    fn holder(&self, certificate: &[u8; 32]) -> Option<Holder> {
        self.holders.lock().unwrap().get(certificate).cloned()
    }
}

impl Home for World {
    fn shadow(&self, _: &str, _: &str) -> Result<Option<ShadowVersion>, String> {
        Ok(None)
    }

    fn shadows(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn keep_shadow(&self, _: &ShadowVersion) -> Result<(), String> {
        Ok(())
    }

    fn connectivity(&self, _: &str, _: &Connectivity) {}

    fn message(&self, _: &str, _: &str, _: &[u8], _: Time) {}
}
