//! Recordings in a case: what was passed on is safe, what is safe can be read at once, and a crash loses nothing of it.

use std::time::{Duration, Instant};

use device::record::{Event, Packet, Record, Recorder};
use serde_json::{Map, Value, json};

use super::*;
use crate::JobState;

struct Bench {
    app: Arc<App>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn fresh() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let app = App::new(Some(folder.path().join("settings")));
        app.call("case_new", json!({ "dir": folder.path().join("case"), "name": "Hollis Street 14" })).unwrap();
        Bench { app, folder }
    }

    fn begin(&self) -> Arc<Recording> {
        let about =
            About { place: Place::Bench, what: "MQTT broker on 192.0.2.9:8883".into(), authority: "warrant 7".into() };
        begin(&self.app, self.app.open_case().unwrap(), about).unwrap()
    }

    fn rows(&self, view: &str, filter: &str) -> Vec<Value> {
        let request = json!({ "view": view, "select": { "filter": filter }, "limit": 3_000 });
        self.app.call("rows", request).unwrap()["rows"].as_array().unwrap().clone()
    }

    fn custody(&self, action: &str) -> Vec<Value> {
        let lines = self.app.call("custody", json!({})).unwrap()["lines"].as_array().unwrap().clone();
        lines.into_iter().filter(|line| line["action"] == action).collect()
    }
}

fn packet(up: bool, hex: &str, refused: Option<&str>) -> Record {
    let (device, broker) = blocks::ends();
    let (from, to) = if up { (device, broker) } else { (broker, device) };
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    Record::Packet(Packet { at: now(), from, to, bytes, refused: refused.map(str::to_owned) })
}

fn event(act: &'static str, fields: Value) -> Record {
    let fields: Map<String, Value> = fields.as_object().cloned().unwrap();
    Record::Event(Event { at: now(), between: Some(blocks::ends()), act, thing: Some("lamp-1".into()), fields })
}

const CONNECT: &str = "1012 00044d5154540402003c 0006 6c616d702d31";
/// To `lamp-1/data`, `on`.
const PUBLISH: &str = "300f 000b 6c616d702d312f64617461 6f6e";
/// To `other/data`.
const FORBIDDEN: &str = "300e 000a 6f746865722f64617461 6f6e";

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_passes_is_evidence_while_it_passes_and_sealed_at_the_end() {
    let bench = Bench::fresh();
    let recording = bench.begin();
    recording.keep(event("connected", json!({ "certificate": "00ff" })));
    recording.keep(packet(true, CONNECT, None));
    recording.keep(packet(true, PUBLISH, None));
    recording.keep(packet(true, FORBIDDEN, Some("it may not publish to other/data")));
    let last = recording.keep(event("refused", json!({ "reason": "topic", "topic": "other/data" })));
    assert_eq!(block_on(recording.safe(last)), Ok(()));
    until("nothing is seen while it is recorded", || {
        bench.rows("mqtt", "").len() == 3 && bench.rows("bench", "").len() == 2
    });
    let state = recording.state();
    assert_eq!((state.running, state.packets, state.refused, state.events), (true, 3, 1, 2));

    recording.stop();
    let job = bench.app.wait(recording.job(), &mut |_| {}).unwrap();
    assert_eq!(job.state, JobState::Done, "{}", job.message);
    assert!(block_on(recording.safe(recording.keep(packet(true, "c000", None)))).is_err());

    let [item] = &bench.rows("evidence", "")[..] else { panic!() };
    assert_eq!((&item["status"], &item["kind"]), (&json!("complete"), &json!("pcapng")));
    assert_eq!(item["sha256"].as_str(), recording.state().sha256.as_deref());
    let [seal] = &bench.custody("bench.seal")[..] else { panic!() };
    for (name, value) in
        [("authority", json!("warrant 7")), ("packets", json!(3)), ("refused", json!(1)), ("problem", Value::Null)]
    {
        assert_eq!(seal["params"][name], value, "{name}");
    }
    assert_eq!(seal["objects"][0], item["sha256"]);

    let [flow] = &bench.rows("flows", "")[..] else { panic!() };
    assert_eq!((&flow["service"], &flow["id.orig_h"]), (&json!("mqtt"), &json!("192.0.2.7")));
    assert_eq!(bench.rows("frames", "mqtt.topic == \"lamp-1/data\"").len(), 1);
    assert_eq!(bench.rows("frames", "ip.addr == 192.0.2.7").len(), 5);
    assert_eq!(bench.rows("frames", "ip.src == 192.0.2.9").len(), 0);
    assert_eq!(bench.rows("bench", "")[1]["uid"], flow["uid"]);
    let comments = bench.rows("capture_comment", "");
    let refused = comments.iter().find(|row| row["scope"] == "packet").unwrap();
    assert_eq!(
        (&refused["comment"], &refused["frame"]),
        (&json!("refused: it may not publish to other/data"), &json!(4))
    );
    assert_eq!(bench.rows("capture_statistics", "")[0]["received"], json!(3));
    as_tshark_sees_it(&bench.app.open_case().unwrap().dir().join(&state.path));
    let said = bench.app.call("stream", json!({ "uid": flow["uid"] })).unwrap();
    assert_eq!(said["parts"].as_array().unwrap().len(), 3);
}

fn as_tshark_sees_it(file: &Path) {
    let fields = ["_ws.col.Protocol", "mqtt.topic", "mqtt.clientid", "frame.comment", "ip.src"];
    let args = fields.iter().flat_map(|field| ["-e", field]);
    let seen = std::process::Command::new("tshark")
        .args(["-T", "fields", "-E", "separator=|", "-r"])
        .arg(file)
        .args(args)
        .output();
    let Ok(seen) = seen else { return eprintln!("skipped: TShark is not here") };
    let lines = String::from_utf8(seen.stdout).unwrap();
    let expect = [
        "JSON||||192.0.2.7",
        "MQTT||lamp-1||192.0.2.7",
        "MQTT|lamp-1/data|||192.0.2.7",
        "MQTT|other/data||refused: it may not publish to other/data|192.0.2.7",
        "JSON||||192.0.2.7",
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expect);
}

/// As a power cut leaves it: no end, and a block that was only half written.
#[test]
fn a_crash_loses_nothing_that_was_safe() {
    let bench = Bench::fresh();
    let recording = bench.begin();
    let last = recording.keep(packet(true, CONNECT, None));
    assert_eq!(block_on(recording.safe(last)), Ok(()));
    let file = bench.app.open_case().unwrap().dir().join(recording.state().path);
    let whole = std::fs::read(&file).unwrap();
    recording.stop();
    bench.app.wait(recording.job(), &mut |_| {}).unwrap();

    let name = "bench-20261121T120000000000Z.pcapng";
    let other = tempfile::tempdir().unwrap();
    let app = App::new(Some(bench.folder.path().join("other settings")));
    app.call("case_new", json!({ "dir": other.path().join("case"), "name": "left" })).unwrap();
    app.call("case_close", json!(null)).unwrap();
    let captures = other.path().join("case.lintel/captures");
    std::fs::create_dir_all(&captures).unwrap();
    std::fs::write(captures.join(name), [&whole[..], &[6, 0, 0, 0, 0x40, 0, 0, 0, 0]].concat()).unwrap();
    app.call("case_open", json!({ "dir": other.path().join("case.lintel") })).unwrap();
    let left = Bench { app, folder: other };
    assert_eq!(std::fs::read(captures.join(name)).unwrap(), whole);
    assert_eq!(left.rows("mqtt", "").len(), 1);
    let [seal] = &left.custody("bench.seal")[..] else { panic!() };
    assert_eq!((&seal["outcome"], &seal["params"]["cut"]), (&json!("sealed as interrupted"), &json!(9)));
}

/// So many records as fifty thousand devices send in a second; each waits until its own is safe.
#[test]
fn much_at_once() {
    let bench = Bench::fresh();
    let recording = bench.begin();
    let began = Instant::now();
    let mut last = 0;
    for n in 0..50_000_u32 {
        last = recording.keep(packet(true, PUBLISH, None));
        if n % 1_000 == 0 {
            assert_eq!(block_on(recording.safe(last)), Ok(()));
        }
    }
    assert_eq!(block_on(recording.safe(last)), Ok(()));
    eprintln!("{:.0} records a second", 50_000.0 / began.elapsed().as_secs_f64());
    recording.stop();
    let job = bench.app.wait(recording.job(), &mut |_| {}).unwrap();
    assert_eq!(job.state, JobState::Done, "{}", job.message);
    let view = bench.app.call("rows", json!({ "view": "mqtt", "limit": 1, "count": true })).unwrap();
    assert_eq!(view["total"], json!(50_000));
}
