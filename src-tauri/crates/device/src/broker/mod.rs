//! The bench's MQTT broker. A door of our own ends TLS, knows whose each certificate is, judges each packet and has it kept before anybody acts on it;
//! behind it a library's broker does what brokers do.

mod bench;
mod connection;
mod door;
mod inner;
mod judge;
#[cfg(test)]
mod judge_tests;
mod leaving;
mod limits;
mod pump;
mod seats;
mod shadows;
mod verify;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::Error;
use crate::authority::Authority;
use crate::home::{Connectivity, Home};
use crate::kind::Kinds;
use crate::record::Recorder;
use crate::shadow::topic::Ask;
use crate::shadow::{ShadowAnswer, ShadowRequest};
use bench::Bench;
use inner::Inner;

/// How long connections have to end when the broker stops.
const PATIENCE: Duration = Duration::from_secs(3);

pub struct Settings {
    /// Where devices come to. Port 0: any that is free.
    pub listen: SocketAddr,
    /// Vouches for the broker, and tells whose certificates are foreign.
    pub authority: Authority,
    /// Names and addresses by which devices reach the broker: its certificate says them.
    pub names: Vec<String>,
    pub kinds: Kinds,
    /// How many may be connected at once; more wait.
    pub most: usize,
}

impl Settings {
    /// On this machine alone, at the usual port.
    pub fn new(authority: Authority) -> Settings {
        Settings {
            listen: (Ipv4Addr::LOCALHOST, 8883).into(),
            authority,
            names: vec!["localhost".into(), "127.0.0.1".into()],
            kinds: Kinds::usual(),
            most: 4096,
        }
    }
}

/// Runs on threads of its own until it is stopped or dropped.
pub struct Broker {
    bench: Arc<Bench>,
    listen: SocketAddr,
    handle: Handle,
    /// Dropped to stop it.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    pub fn start(settings: Settings, home: Arc<dyn Home>, recorder: Arc<dyn Recorder>) -> Result<Broker, Error> {
        limits::raise();
        let failed = |why: &dyn std::fmt::Display| Error::failed("starting the broker", why);
        let tls = verify::tls(&settings.authority, &settings.names, home.clone())?;
        let tls = TlsAcceptor::from(Arc::new(tls));
        let runtime =
            Builder::new_multi_thread().enable_all().thread_name("broker").build().map_err(|why| failed(&why))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, starting) = mpsc::channel();
        // A runtime may only be waited for, and ended, on a thread that is not one of another.
        let thread = std::thread::Builder::new().name("broker".into()).spawn(move || {
            let begun = runtime.block_on(async {
                let listener = TcpListener::bind(settings.listen).await;
                let listener =
                    listener.map_err(|why| Error::failed(&format!("listening on {}", settings.listen), why))?;
                let listen = listener.local_addr().map_err(|why| Error::failed("listening", why))?;
                let inner = Inner::start(settings.most).await?;
                Ok((listener, listen, Arc::new(Bench::new(home, recorder, settings.kinds, inner))))
            });
            match begun {
                Err(why) => drop(started.send(Err(why))),
                Ok((listener, listen, bench)) => {
                    let _ = started.send(Ok((listen, bench.clone())));
                    runtime.block_on(run(bench, listener, tls, settings.most, stopped));
                }
            }
            runtime.shutdown_timeout(PATIENCE);
        });
        let thread = thread.map_err(|why| failed(&why))?;
        let (listen, bench) = starting.recv().map_err(|why| failed(&why))??;
        Ok(Broker { bench, listen, handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Publishes as the operator, who is no device.
    pub fn publish(&self, topic: &str, payload: Vec<u8>, qos: u8, retain: bool) -> Result<(), Error> {
        if !crate::topic::is_topic(topic) || qos > 2 || payload.len() > crate::packet::LARGEST - (70 << 10) {
            return Err(Error::invalid("publishing: no topic, no such quality of service, or too much for one packet"));
        }
        let (bench, topic) = (self.bench.clone(), topic.to_owned());
        self.done(async move { bench.inner.publish(&topic, payload, qos, retain).await })
    }

    pub fn connectivity(&self, thing: &str) -> Option<Connectivity> {
        self.bench.seats.connectivity(thing)
    }

    /// To be called when the registry has changed: who may no longer be connected is sent away.
    pub fn recheck(&self) {
        self.bench.recheck();
    }

    /// Asks something of a shadow as the operator. Devices are told as of any other request.
    pub fn shadow(&self, thing: &str, name: &str, request: ShadowRequest) -> ShadowAnswer {
        let (ask, payload) = match request {
            ShadowRequest::Get => (Ask::Get, Vec::new()),
            ShadowRequest::Update(document) => (Ask::Update, document),
            ShadowRequest::Delete => (Ask::Delete, Vec::new()),
        };
        let (answer, said) = self.bench.shadows.ask(thing, name, ask, &payload);
        let bench = self.bench.clone();
        // It has been kept, and is as it is, whether or not anybody can be told.
        let _ = self.done(async move { shadows::publish(&bench.inner, said).await });
        answer
    }

    /// Sends all away and waits until they have gone.
    pub fn stop(self) {}

    /// Waits for something that is done on the broker's threads; may be called from those of any other runtime.
    fn done(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let (tell, told) = mpsc::channel();
        self.handle.spawn(async move {
            work.await;
            let _ = tell.send(());
        });
        told.recv().map_err(|_| Error::Failed("publishing: the broker has stopped".into()))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn run(bench: Arc<Bench>, listener: TcpListener, tls: TlsAcceptor, most: usize, stopped: oneshot::Receiver<()>) {
    tokio::select! {
        () = door::open(bench.clone(), listener, tls, most) => {}
        _ = stopped => {}
    }
    bench.seats.keep_only(|_, _| false);
    let until = Instant::now() + PATIENCE;
    while !bench.seats.is_empty() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.inner.stop();
}
