//! mosquitto as most homes run it: with passwords, over TLS with client certificates and rules, over WebSocket.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use device::remote::{Broker, Secret, Settings, Standing, Tls, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::kept::{Told, settings, until};

struct Mosquitto {
    child: Child,
    folder: tempfile::TempDir,
    plain: u16,
    tls: u16,
    websocket: u16,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where it is: Debian has it in a folder that is not on everybody's path.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// An authority, the broker's certificate for `localhost`, one that has expired, and those of two devices.
fn certificates(folder: &Path) {
    let name = |name: &str, hosts: &[&str]| {
        let mut params = CertificateParams::new(hosts.iter().map(|host| host.to_string()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let put = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
    let authority = |common: &str, file: &str| {
        let mut params = name(common, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        put(file, &authority.pem());
        authority
    };
    let ours = authority("authority of the house", "ca.pem");
    authority("another authority", "other-ca.pem");
    for (file, common, hosts, year) in
        [("broker", "localhost", &["localhost"][..], 4096), ("lamp", "lamp-1", &[], 4096), ("old", "lamp-1", &[], 2020)]
    {
        let key = KeyPair::generate().unwrap();
        let mut params = name(common, hosts);
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        put(&format!("{file}.pem"), &params.signed_by(&key, &ours).unwrap().pem());
        put(&format!("{file}.key"), &key.serialize_pem());
    }
}

fn run(broker: &Path, folder: &Path) -> Child {
    let mut command = Command::new(broker);
    command.arg("-c").arg(folder.join("conf")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Mosquitto {
    fn start() -> Option<Mosquitto> {
        let (Some(broker), Some(passwd)) = (program("mosquitto"), program("mosquitto_passwd")) else {
            eprintln!("skipped: mosquitto is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        certificates(folder.path());
        let done = Command::new(passwd).args(["-b", "-c", &at("passwords"), "examiner", "pw 1"]).status().unwrap();
        assert!(done.success());
        std::fs::write(at("rules"), "user lamp-1\ntopic write lamp-1/data\ntopic read lamp-1/command\n").unwrap();
        let (plain, tls, websocket) = (free_port(), free_port(), free_port());
        let text = [
            "per_listener_settings true\nuser root\npersistence false\n".to_owned(),
            format!("listener {plain} 127.0.0.1\nallow_anonymous false\npassword_file {}\n", at("passwords")),
            format!(
                "listener {tls} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\n",
                at("ca.pem"),
                at("broker.pem"),
                at("broker.key")
            ),
            format!("require_certificate true\nuse_identity_as_username true\nacl_file {}\n", at("rules")),
            format!("listener {websocket} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n"),
        ];
        std::fs::write(at("conf"), text.concat()).unwrap();
        let mut child = run(&broker, folder.path());
        let mut answers = |port: u16| {
            for _ in 0..500 {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return true;
                }
                if child.try_wait().unwrap().is_some() {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            false
        };
        if !answers(plain) || !answers(tls) || !answers(websocket) {
            eprintln!("skipped: this mosquitto does not start with TLS and WebSocket");
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        Some(Mosquitto { child, folder, plain, tls, websocket })
    }

    /// Ends it, and starts it anew.
    fn again(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = run(&program("mosquitto").unwrap(), self.folder.path());
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plain(&self, password: &str) -> Settings {
        Settings { user: Some("examiner".into()), password: Some(Secret(password.into())), ..settings(self.plain) }
    }

    fn tls(&self, certificate: &str) -> Settings {
        Settings {
            host: "localhost".into(),
            tls: Tls::Own(self.file("ca.pem")),
            certificate: Some((self.file(&format!("{certificate}.pem")), self.file(&format!("{certificate}.key")))),
            ..settings(self.tls)
        }
    }
}

/// A neighbour that asks all the time whether the broker is there. Over WebSocket mosquitto sends 4 KiB, then waits until somebody else has
/// something for it, for up to a tenth of a second: to a house in which nobody else speaks, 300 KB take seven seconds, whoever listens.
struct Neighbour {
    is_over: Arc<AtomicBool>,
    asks: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn of(mosquitto: &Mosquitto) -> Neighbour {
        let mut stream = TcpStream::connect(("127.0.0.1", mosquitto.plain)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"\x10\x25\x00\x04MQTT\x04\xc2\x00\x00\x00\x09neighbour\x00\x08examiner\x00\x04pw 1").unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0x20, 2, 0, 0]);
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = is_over.clone();
        let asks = std::thread::spawn(move || {
            let mut answer = [0; 2];
            // Once the broker is gone there is nobody to keep awake.
            while !ends.load(Relaxed)
                && stream.write_all(&[0xc0, 0]).and_then(|()| stream.read_exact(&mut answer)).is_ok()
            {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Neighbour { is_over, asks: Some(asks) }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        let _ = self.asks.take().map(JoinHandle::join);
    }
}

fn connect(settings: Settings) -> Broker {
    Broker::connect(settings, Told::new()).unwrap()
}

fn refused(settings: Settings) -> String {
    Broker::connect(settings, Told::new()).err().expect("it is let in")
}

#[test]
fn over_every_way() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let neighbour = Neighbour::of(&mosquitto);
    said_and_heard(&mosquitto);
    drop(neighbour);
    who_is_let_in(&mosquitto);
    what_rules_allow(&mosquitto);
    taken_over_and_back_again(&mut mosquitto);
}

/// Each version and each QoS, over each way: what one says the other hears, and all of it is recorded.
fn said_and_heard(mosquitto: &Mosquitto) {
    for version in [Version::V311, Version::V5] {
        let plain = Settings { version, ..mosquitto.plain("pw 1") };
        let websocket = Settings { version, websocket: Some("/mqtt".into()), ..settings(mosquitto.websocket) };
        for (way, port) in [(plain, mosquitto.plain), (websocket, mosquitto.websocket)] {
            let told = Told::new();
            let hears = Broker::connect(way.clone(), told.clone()).unwrap();
            let says = connect(Settings { client_id: "lamp".into(), ..way });
            assert_eq!(hears.subscribe("home/+/state", 2, true), Ok("subscribed with QoS 2".into()));
            let long = vec![b'x'; 300_000];
            for qos in 0..3 {
                says.publish("home/lamp/state", b"{\"on\":true}", qos, qos == 1).unwrap();
                says.publish(&format!("home/{qos}/state"), &long, qos, false).unwrap();
            }
            until("not all is heard", || hears.state().sums.messages == 6);
            let lamp = hears.topics(|topics| topics.topic("home/lamp/state").cloned()).unwrap();
            let qos: Vec<u8> = lamp.values().map(|value| value.qos).collect();
            assert_eq!((lamp.messages, qos), (3, vec![0, 1, 2]));
            // Everything was released: QoS 2 takes four packets.
            until("QoS 2 is not ended", || {
                told.packets(port).iter().filter(|(ours, bytes)| *ours && bytes[0] == 0x70).count() == 2
            });
            let later = connect(Settings { client_id: "later".into(), ..hears.settings().clone() });
            later.subscribe("home/lamp/state", 0, false).unwrap();
            until("nothing is kept", || {
                later.topics(|topics| topics.topic("home/lamp/state").is_some_and(|topic| topic.retained))
            });
            assert_eq!(later.unsubscribe("home/lamp/state"), Ok("no longer subscribed".into()));
            says.publish("home/lamp/state", b"", 1, true).unwrap(); // nothing is kept for the next way
            for broker in [hears, says, later] {
                broker.disconnect();
                until("it does not end", || broker.state().standing == Standing::Ended);
            }
            assert_eq!(told.packets(port).last(), Some(&(true, vec![0xe0, 0])));
            assert_eq!(told.acts(), ["connected", "disconnected"]);
        }
    }
}

fn who_is_let_in(mosquitto: &Mosquitto) {
    connect(mosquitto.tls("lamp")).disconnect();
    let own = mosquitto.tls("lamp");
    for (settings, expect) in [
        (mosquitto.plain("wrong"), "not allowed in"),
        (Settings { version: Version::V5, ..mosquitto.plain("wrong") }, "not allowed to do that"),
        (Settings { host: "127.0.0.1".into(), ..own.clone() }, "is for another name"),
        (
            Settings { tls: Tls::Own(mosquitto.file("other-ca.pem")), ..own.clone() },
            "authority that is not trusted here",
        ),
        (Settings { certificate: None, ..own.clone() }, "wants a client certificate"),
        (mosquitto.tls("old"), "certificate"),
        (Settings { port: mosquitto.plain, ..own.clone() }, "is it the port without"),
        (Settings { tls: Tls::Off, certificate: None, ..own.clone() }, "the connection"),
        (
            Settings { certificate: Some((mosquitto.file("lamp.pem"), mosquitto.file("broker.key"))), ..own.clone() },
            "does not belong to",
        ),
        (Settings { tls: Tls::Own(mosquitto.file("nowhere.pem")), ..own.clone() }, "nowhere.pem"),
        (Settings { tls: Tls::Own(mosquitto.file("rules")), ..own.clone() }, "there is none"),
    ] {
        let why = refused(settings);
        eprintln!("{why}");
        assert!(why.contains(expect), "{expect}: {why}");
    }
    // Whoever answers is believed, if that is said.
    connect(Settings { host: "127.0.0.1".into(), tls: Tls::Insecure, ..own }).disconnect();
}

fn what_rules_allow(mosquitto: &Mosquitto) {
    for version in [Version::V311, Version::V5] {
        let lamp = connect(Settings { version, ..mosquitto.tls("lamp") });
        assert!(lamp.publish("lamp-1/data", b"{}", 1, false).is_ok());
        // MQTT 3.1.1 has no way to say that it was not allowed.
        let forbidden = lamp.publish("other/data", b"{}", 1, false);
        assert_eq!(forbidden.is_err(), version == Version::V5, "{forbidden:?}");
        assert!(lamp.subscribe("lamp-1/command", 1, false).is_ok());
        lamp.disconnect();
    }
}

/// A device with our client id throws us out: we do not throw it out in turn. A broker that comes back is taken up again.
fn taken_over_and_back_again(mosquitto: &mut Mosquitto) {
    let come = Settings { alone: false, ..mosquitto.plain("pw 1") };
    let first = connect(come.clone());
    let second = connect(come);
    until("nobody is thrown out", || first.state().standing == Standing::Ended);
    assert!(first.state().why.is_some_and(|why| why.contains("the same client id")));
    std::thread::sleep(Duration::from_millis(1_700)); // as long as the first attempt to come back would take
    assert_eq!((second.state().standing, second.state().connections), (Standing::Connected, 1));
    let lost = connect(Settings { client_id: "lost".into(), ..mosquitto.plain("pw 1") });
    lost.subscribe("home/lamp/state", 0, false).unwrap();
    mosquitto.again();
    until("it does not come back", || lost.state().connections == 2);
    until("it does not listen again", || {
        second.state().standing == Standing::Ended && lost.state().filters.iter().all(|own| own.granted == Some(0))
    });
    let says = connect(Settings { client_id: "lamp".into(), ..mosquitto.plain("pw 1") });
    says.publish("home/lamp/state", b"on", 1, false).unwrap();
    until("it does not hear again", || lost.state().sums.messages == 1);
}
