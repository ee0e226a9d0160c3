//! From a broker to evidence, through the commands. The broker is a few lines here, so that what it says is known byte for byte.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{App, JobState};

fn bytes(hex: &str) -> Vec<u8> {
    super::said::unhex(hex).unwrap()
}

/// Reads one packet; empty at the end.
fn packet(from: &mut TcpStream) -> Vec<u8> {
    let mut packet = vec![0; 2];
    if from.read_exact(&mut packet).is_err() {
        return Vec::new();
    }
    let mut length = usize::from(packet[1] & 0x7f);
    if packet[1] & 0x80 != 0 {
        let mut more = [0];
        from.read_exact(&mut more).unwrap();
        length |= usize::from(more[0]) << 7;
        packet.push(more[0]);
    }
    let head = packet.len();
    packet.resize(head + length, 0);
    from.read_exact(&mut packet[head..]).unwrap();
    packet
}

/// A PUBLISH; with QoS what is behind the topic begins with the packet's identifier.
fn publish(first: u8, topic: &str, rest: &[u8]) -> Vec<u8> {
    let length = (2 + topic.len() + rest.len()) as u8;
    [&[first, length, 0, topic.len() as u8][..], topic.as_bytes(), rest].concat()
}

/// Lets in, grants all, tells of a lamp and a number of temperatures, and takes what is published. Gives all packets that came.
fn broker() -> (u16, std::thread::JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut came = Vec::new();
        loop {
            let packet = packet(&mut client);
            let id = || packet.get(2..4).unwrap().to_vec();
            let answer = match packet.first().map_or(14, |first| first >> 4) {
                1 => bytes("20020000"),
                8 => {
                    let lamp = publish(0x33, "lamp-1/state", b"\0\x07{\"on\":true}");
                    let room = |value: &[u8]| publish(0x30, "room", value);
                    [bytes("9003"), id(), vec![1], lamp, room(b"20.5"), room(b"21.5"), room(b"22.5")].concat()
                }
                3 if packet[0] & 6 == 2 => {
                    let topic = usize::from(packet[3]);
                    [bytes("4002"), packet[4 + topic..6 + topic].to_vec()].concat()
                }
                12 => bytes("d000"),
                14 => {
                    if !packet.is_empty() {
                        came.push(packet);
                    }
                    return came;
                }
                _ => Vec::new(),
            };
            came.push(packet);
            client.write_all(&answer).unwrap();
        }
    });
    (port, thread)
}

struct Bench {
    app: Arc<App>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn fresh() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let app = App::new(Some(folder.path().join("settings")));
        app.call("case_new", json!({ "dir": folder.path().join("case"), "name": "Hollis Street 14" })).unwrap();
        Bench { app, _folder: folder }
    }

    fn call(&self, name: &str, request: Value) -> Value {
        self.app.call(name, request).unwrap()
    }

    fn refused(&self, name: &str, request: Value) -> String {
        self.app.call(name, request).unwrap_err().message
    }

    fn rows(&self, view: &str) -> Vec<Value> {
        self.call("rows", json!({ "view": view, "limit": 3_000 }))["rows"].as_array().unwrap().clone()
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn from_a_broker_to_evidence() {
    let bench = Bench::fresh();
    let (port, thread) = broker();
    let connect = json!({ "host": "127.0.0.1", "port": port, "user": "examiner", "password": "pw-4711", "authority": "warrant 7" });
    let mut nobody = connect.clone();
    nobody["authority"] = json!(" ");
    assert!(bench.refused("broker_connect", nobody).contains("authority"));
    let state = bench.call("broker_connect", connect);
    assert_eq!(state["standing"], "connected");
    let id = &state["id"];

    assert!(bench.refused("broker_subscribe", json!({ "id": id, "filter": "#" })).contains("wildcards"));
    let answer = bench.call("broker_subscribe", json!({ "id": id, "filter": "#", "qos": 1, "wildcards": true }));
    assert_eq!(answer["text"], "subscribed with QoS 1");
    until("the messages do not come", || bench.call("brokers", json!(null))[0]["messages"] == 4);

    let tree = bench.call("broker_topics", json!({ "id": id }));
    let names: Vec<_> =
        tree["levels"].as_array().unwrap().iter().map(|level| (&level["name"], &level["is_topic"])).collect();
    assert_eq!(names, [(&json!("lamp-1"), &json!(false)), (&json!("room"), &json!(true))]);
    let found = bench.call("broker_topics", json!({ "id": id, "search": "lamp TRUE" }));
    assert_eq!(found["levels"][0]["path"], "lamp-1/state");
    let lamp = bench.call("broker_topic", json!({ "id": id, "topic": "lamp-1/state" }));
    assert_eq!(
        (&lamp["retained"], &lamp["numbers"], &lamp["values"][0]["kind"]),
        (&json!(true), &json!(["/on"]), &json!("json"))
    );
    let room = bench.call("broker_topic", json!({ "id": id, "topic": "room", "number": "" }));
    let series: Vec<_> =
        room["series"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap()).collect();
    assert_eq!(series, [20.5, 21.5, 22.5]);

    let publish = json!({ "id": id, "topic": "lamp-1/command", "text": "{\"power\": true}", "qos": 1 });
    let shown = bench.call("broker_publish", publish.clone());
    assert_eq!((&shown["sent"], &shown["hex"]), (&json!(false), &json!(model::hex(b"{\"power\": true}"))));
    let mut act = publish;
    act["act"] = json!(true);
    assert!(bench.refused("broker_publish", act.clone()).contains("reason"));
    act["reason"] = json!("test of the switch, exhibit 7");
    assert_eq!(bench.call("broker_publish", act)["sent"], true);

    let job =
        bench.call("broker_export", json!({ "id": id, "format": "jsonl", "path": "room" }))["id"].as_u64().unwrap();
    let job = bench.app.wait(job as u32, &mut |_| {}).unwrap();
    assert!(job.message.starts_with("3 messages"), "{}", job.message);

    let ended = bench.call("broker_disconnect", json!({ "id": id }));
    assert_eq!(ended["standing"], "ended");
    let came = thread.join().unwrap();
    let job = bench.app.wait(ended["recording"]["job"].as_u64().unwrap() as u32, &mut |_| {}).unwrap();
    assert_eq!(job.state, JobState::Done, "{}", job.message);

    // What reached the broker: nothing that was only shown, and an acknowledgement for what was safe.
    let kinds: Vec<u8> = came.iter().map(|packet| packet[0] >> 4).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == 3).count(), 1);
    assert!(kinds.contains(&4) && kinds.last() == Some(&14));
    assert!(came[0].windows(7).any(|part| part == b"pw-4711"));

    // And the evidence: the same packets, without our password.
    let told: Vec<Value> = bench.rows("mqtt");
    let count = |kind: &str| told.iter().filter(|row| row["msg_type"] == kind).count();
    assert_eq!(
        (count("CONNECT"), count("CONNACK"), count("PUBLISH"), count("PUBACK"), count("DISCONNECT")),
        (1, 1, 5, 2, 1)
    );
    let acts: Vec<_> = bench.rows("bench").iter().map(|row| row["act"].clone()).collect();
    assert_eq!(acts, ["connected", "publish", "disconnected"]);
    let [item] = &bench.rows("evidence")[..] else { panic!() };
    let file = bench.app.open_case().unwrap().dir().join(item["path"].as_str().unwrap());
    let raw = std::fs::read(file).unwrap();
    assert!(!raw.windows(7).any(|part| part == b"pw-4711") && raw.windows(7).any(|part| part == b"*******"));

    let custody = bench.call("custody", json!({})).to_string();
    assert!(custody.contains("broker_publish") && custody.contains("warrant 7") && custody.contains("bench.seal"));
    assert!(!custody.contains("pw-4711"));
}

#[test]
fn what_can_not_be_reached_is_said() {
    let bench = Bench::fresh();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let why = bench.refused("broker_connect", json!({ "host": "127.0.0.1", "port": port, "authority": "warrant 7" }));
    assert!(why.contains("nothing listens there"), "{why}");
    assert_eq!(bench.call("brokers", json!(null)), json!([]));
    until("the attempt is no evidence", || bench.rows("bench").len() == 1);
    assert_eq!(bench.rows("bench")[0]["act"], "unreached");
}
