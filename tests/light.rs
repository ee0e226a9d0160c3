//! A simulated light, as an independent client library speaks MQTT: it says its state on `<id>/data` when it starts, when it changes and every so many
//! seconds, does what `<id>/command` says, and follows its shadow. It ends when its standard input is closed, or on SIGTERM.
//!
//! ```text
//! light --host HOST --port PORT --id ID --certificate FILE --key FILE --ca FILE [--every SECONDS] [--keep-alive SECONDS]
//! ```
//!
//! On its standard output it says what happens to it, a JSON object a line: `{"connected":true}`, `{"power":true}`, `{"error":"..."}`.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::tokio_rustls::rustls::crypto::ring;
use rumqttc::tokio_rustls::rustls::pki_types::pem::PemObject;
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rumqttc::tokio_rustls::rustls::{ClientConfig, RootCertStore};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, TlsConfiguration, Transport};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{interval, sleep};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments = Arguments::read()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Light::shine(arguments))
}

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read() -> Outcome<Arguments> {
        let mut given = HashMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let name = name.strip_prefix("--").ok_or_else(|| format!("'{name}' is no option"))?.to_owned();
            let value = words.next().ok_or_else(|| format!("--{name} wants a value"))?;
            given.insert(name, value);
        }
        Ok(Arguments(given))
    }

    fn get(&self, name: &str) -> Outcome<&str> {
        Ok(self.0.get(name).ok_or_else(|| format!("--{name} is missing"))?)
    }

    fn seconds(&self, name: &str) -> Outcome<u64> {
        Ok(self.0.get(name).map_or(Ok(30), |seconds| seconds.parse())?)
    }

    fn mqtt(&self) -> Outcome<MqttOptions> {
        let mut options = MqttOptions::new(self.get("id")?, self.get("host")?, self.get("port")?.parse()?);
        options.set_keep_alive(Duration::from_secs(self.seconds("keep-alive")?));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.get("ca")?)?)?;
        let chain = CertificateDer::pem_file_iter(self.get("certificate")?)?.collect::<Result<Vec<_>, _>>()?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(self.get("key")?)?)?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))));
        Ok(options)
    }
}

struct Light {
    id: String,
    power: bool,
    client: AsyncClient,
}

impl Light {
    async fn shine(arguments: Arguments) -> Outcome<()> {
        let (client, mut events) = AsyncClient::new(arguments.mqtt()?, 64);
        let mut light = Light { id: arguments.get("id")?.to_owned(), power: false, client };
        let mut clock = interval(Duration::from_secs(arguments.seconds("every")?.max(1)));
        clock.tick().await; // the first comes at once
        let mut ending = ending();
        let mut connected = false;
        loop {
            tokio::select! {
                _ = ending.recv() => return light.leave(events).await,
                _ = clock.tick() => if connected { light.say_state()? },
                event = events.poll() => match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        connected = true;
                        print(&json!({ "connected": true }));
                        light.begin()?;
                    }
                    Ok(Event::Incoming(Packet::Publish(said))) => light.hear(&said.topic, &said.payload)?,
                    Ok(_) => {}
                    Err(why) if connected => {
                        connected = false;
                        print(&json!({ "connected": false, "error": why.to_string() }));
                        sleep(Duration::from_secs(1)).await;
                    }
                    Err(why) => {
                        print(&json!({ "error": why.to_string() }));
                        return Err(why.into());
                    }
                },
            }
        }
    }

    fn begin(&self) -> Outcome<()> {
        self.client.try_subscribe(format!("{}/command", self.id), QoS::AtLeastOnce)?;
        self.client.try_subscribe(self.shadow("update/delta"), QoS::AtLeastOnce)?;
        self.say_state()
    }

    /// A command, or what the shadow says is desired.
    fn hear(&mut self, topic: &str, payload: &[u8]) -> Outcome<()> {
        let said: Value = serde_json::from_slice(payload).unwrap_or_default();
        let wanted = if topic == self.shadow("update/delta") { &said["state"] } else { &said };
        let Some(power) = wanted["power"].as_bool() else { return Ok(()) };
        self.power = power;
        print(&json!({ "power": power }));
        self.say_state()
    }

    fn say_state(&self) -> Outcome<()> {
        let state = json!({ "power": self.power });
        let say = |topic, body: &Value| self.client.try_publish(topic, QoS::AtLeastOnce, false, body.to_string());
        say(format!("{}/data", self.id), &state)?;
        say(self.shadow("update"), &json!({ "state": { "reported": state } }))?;
        Ok(())
    }

    fn shadow(&self, what: &str) -> String {
        format!("$aws/things/{}/shadow/{what}", self.id)
    }

    /// Says goodbye, and waits a moment until it has been said.
    async fn leave(self, mut events: EventLoop) -> Outcome<()> {
        self.client.try_disconnect()?;
        let said = async {
            while !matches!(events.poll().await, Err(_) | Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect))) {}
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), said).await;
        print(&json!({ "connected": false }));
        Ok(())
    }
}

/// Hears something when it is time to end.
fn ending() -> mpsc::Receiver<()> {
    let (end, ending) = mpsc::channel(1);
    let closed = end.clone();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = closed.blocking_send(());
    });
    #[cfg(unix)]
    if let Ok(mut asked) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::spawn(async move {
            asked.recv().await;
            let _ = end.send(()).await;
        });
    }
    ending
}

/// Whoever reads along may have gone.
fn print(said: &Value) {
    let _ = writeln!(std::io::stdout(), "{said}");
}
