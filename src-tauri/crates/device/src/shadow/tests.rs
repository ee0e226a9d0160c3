//! The shadow protocol, case by case.

use serde_json::{Value, json};

use super::topic::{Ask, Asked, asked};
use super::*;

const S: i64 = 1_700_000_000;

/// A shadow that remembers, and a clock that goes on by a second with each request.
struct Bench {
    name: &'static str,
    newest: Option<ShadowVersion>,
    now: i64,
}

impl Bench {
    fn new() -> Bench {
        Bench { name: "", newest: None, now: S - 1 }
    }

    fn ask(&mut self, ask: Ask, payload: &[u8]) -> Outcome {
        self.now += 1;
        let shadow = Shadow {
            thing: "lamp",
            name: self.name,
            newest: self.newest.as_ref(),
            now: Time(self.now * 1_000_000_000 + 999_999_999),
        };
        let outcome = apply(shadow, ask, payload);
        self.newest = outcome.keep.clone().or(self.newest.take());
        outcome
    }

    fn update(&mut self, document: Value) -> Outcome {
        self.ask(Ask::Update, document.to_string().as_bytes())
    }

    fn get(&mut self) -> Value {
        self.ask(Ask::Get, b"").answer.body
    }
}

#[test]
fn an_update_is_accepted_with_what_was_sent() {
    let mut bench = Bench::new();
    let first = bench.update(json!({ "state": { "desired": { "sendTelemetryData": true, "rate": 5 } } }));
    assert_eq!(first.answer.code, 200);
    let second = bench.update(json!({ "state": { "reported": { "rate": 5 } }, "clientToken": "t", "version": 1 }));
    let reported = json!({ "rate": { "timestamp": S + 1 } });
    assert_eq!(
        second.answer.body,
        json!({ "state": { "reported": { "rate": 5 } }, "metadata": { "reported": reported },
            "timestamp": S + 1, "version": 2, "clientToken": "t" })
    );
    assert_eq!(
        second.delta.unwrap(),
        json!({ "version": 2, "timestamp": S + 1, "state": { "sendTelemetryData": true },
            "metadata": { "sendTelemetryData": { "timestamp": S } }, "clientToken": "t" })
    );
    let desired = json!({ "sendTelemetryData": { "timestamp": S }, "rate": { "timestamp": S } });
    assert_eq!(
        second.documents.unwrap(),
        json!({
            "previous": { "state": { "desired": { "sendTelemetryData": true, "rate": 5 } },
                "metadata": { "desired": desired }, "version": 1 },
            "current": { "state": { "desired": { "sendTelemetryData": true, "rate": 5 }, "reported": { "rate": 5 } },
                "metadata": { "desired": desired, "reported": reported }, "version": 2 },
            "timestamp": S + 1, "clientToken": "t" })
    );
    let got = bench.ask(Ask::Get, br#"{"clientToken":"x"}"#);
    assert_eq!(
        got.answer.body,
        json!({ "state": { "desired": { "sendTelemetryData": true, "rate": 5 }, "reported": { "rate": 5 },
                "delta": { "sendTelemetryData": true } },
            "metadata": { "desired": desired, "reported": reported }, "timestamp": S + 2, "version": 2,
            "clientToken": "x" })
    );
    assert_eq!((got.keep, got.delta, got.documents), (None, None, None));
}

/// Updates one after the other, and the state and delta that are left.
#[test]
fn states_merge() {
    let cases: &[(&str, &[Value], Value, Value)] = &[
        (
            "objects merge recursively",
            &[json!({ "desired": { "a": { "x": 1, "y": 2 } } }), json!({ "desired": { "a": { "y": 3, "z": 4 } } })],
            json!({ "desired": { "a": { "x": 1, "y": 3, "z": 4 } } }),
            json!({ "a": { "x": 1, "y": 3, "z": 4 } }),
        ),
        (
            "arrays are replaced whole",
            &[json!({ "desired": { "a": [1, 2, 3] } }), json!({ "desired": { "a": [4] }, "reported": { "a": [1] } })],
            json!({ "desired": { "a": [4] }, "reported": { "a": [1] } }),
            json!({ "a": [4] }),
        ),
        (
            "null takes a key away",
            &[
                json!({ "reported": { "a": 1, "b": { "c": 1, "d": 2 } } }),
                json!({ "reported": { "a": null, "b": { "c": null } } }),
            ],
            json!({ "reported": { "b": { "d": 2 } } }),
            Value::Null,
        ),
        (
            "a null in what is new is no key",
            &[json!({ "reported": { "a": null, "b": { "c": null } } })],
            json!({ "reported": { "b": {} } }),
            Value::Null,
        ),
        (
            "a section that is null is cleared",
            &[json!({ "desired": { "a": 1 }, "reported": { "a": 2 } }), json!({ "desired": null })],
            json!({ "reported": { "a": 2 } }),
            Value::Null,
        ),
        (
            "keys that are only reported are no difference",
            &[json!({ "desired": { "a": 1 }, "reported": { "a": 1, "b": 2 } })],
            json!({ "desired": { "a": 1 }, "reported": { "a": 1, "b": 2 } }),
            Value::Null,
        ),
        (
            "a difference inside is said with its way there alone",
            &[
                json!({ "desired": { "a": { "x": 1, "y": { "z": 2 } } }, "reported": { "a": { "x": 1, "y": { "z": 3 } } } }),
            ],
            json!({ "desired": { "a": { "x": 1, "y": { "z": 2 } } }, "reported": { "a": { "x": 1, "y": { "z": 3 } } } }),
            json!({ "a": { "y": { "z": 2 } } }),
        ),
        (
            "an object takes the place of a value",
            &[json!({ "desired": { "a": 1 } }), json!({ "desired": { "a": { "b": 2 } } })],
            json!({ "desired": { "a": { "b": 2 } } }),
            json!({ "a": { "b": 2 } }),
        ),
        ("nothing is a version too", &[json!({}), json!({})], json!({}), Value::Null),
    ];
    for (what, updates, state, delta) in cases {
        let mut bench = Bench::new();
        let mut last = None;
        for update in *updates {
            last = Some(bench.update(json!({ "state": update })));
        }
        let last = last.unwrap();
        assert_eq!(last.answer.body["version"], updates.len(), "{what}");
        let got = bench.get();
        assert_eq!(last.delta.map_or(Value::Null, |said| said["state"].clone()), *delta, "{what}");
        assert_eq!(got["state"].get("delta").cloned().unwrap_or_default(), *delta, "{what}");
        let mut expected = state.clone();
        if !delta.is_null() {
            expected["delta"] = delta.clone();
        }
        assert_eq!(got["state"], expected, "{what}");
    }
}

#[test]
fn each_value_has_its_time() {
    let mut bench = Bench::new();
    bench.update(json!({ "state": { "reported": { "a": { "x": 1, "y": 2 }, "l": [1, { "k": 2 }] } } }));
    bench.update(json!({ "state": { "reported": { "a": { "y": 2 } } } }));
    let (old, new) = (json!({ "timestamp": S }), json!({ "timestamp": S + 1 }));
    assert_eq!(
        bench.get()["metadata"],
        json!({ "reported": { "a": { "x": old, "y": new }, "l": [old, { "k": old }] } })
    );
}

#[test]
fn what_is_rejected() {
    let deep = |levels: usize| {
        let (open, close) = ("{\"k\":".repeat(levels), "}".repeat(levels));
        format!("{{\"state\":{{\"desired\":{open}1{close}}}}}").into_bytes()
    };
    let long = |bytes: usize| json!({ "state": { "desired": { "a": "x".repeat(bytes) } } }).to_string().into_bytes();
    let cases: &[(Vec<u8>, u16, &str)] = &[
        (b"{".to_vec(), 400, "Invalid JSON"),
        (b"".to_vec(), 400, "Invalid JSON"),
        (b"[]".to_vec(), 400, "Invalid JSON"),
        (b"{}".to_vec(), 400, "Missing required node: state"),
        (br#"{"state":1}"#.to_vec(), 400, "State node must be an object"),
        (br#"{"state":null}"#.to_vec(), 400, "State node must be an object"),
        (br#"{"state":{"desired":1}}"#.to_vec(), 400, "Desired node must be an object"),
        (br#"{"state":{"reported":[]}}"#.to_vec(), 400, "Reported node must be an object"),
        (br#"{"state":{},"version":"1"}"#.to_vec(), 400, "Invalid version"),
        (br#"{"state":{},"version":-1}"#.to_vec(), 400, "Invalid version"),
        (br#"{"state":{},"version":1.5}"#.to_vec(), 400, "Invalid version"),
        (br#"{"state":{},"clientToken":1}"#.to_vec(), 400, "Invalid clientToken"),
        (format!(r#"{{"state":{{}},"clientToken":"{}"}}"#, "t".repeat(65)).into(), 400, "Invalid clientToken"),
        (br#"{"state":{"delta":{}}}"#.to_vec(), 400, "State contains an invalid node"),
        (deep(7), 400, "JSON contains too many levels of nesting"),
        (deep(40), 400, "JSON contains too many levels of nesting"),
        (deep(900), 400, "JSON contains too many levels of nesting"),
        (b"[".repeat(8192), 400, "JSON contains too many levels of nesting"),
        (br#"{"state":{},"version":7}"#.to_vec(), 409, "Version conflict"),
        (long(8192), 413, "The payload exceeds the maximum size allowed"),
        (
            b"{\"state\":{\"desired\":{\"a\":\"\xff\"}}}".to_vec(),
            415,
            "Unsupported documented encoding; supported encoding is UTF-8",
        ),
    ];
    for (payload, code, message) in cases {
        let mut bench = Bench::new();
        let outcome = bench.ask(Ask::Update, payload);
        let said = String::from_utf8_lossy(payload);
        assert_eq!(outcome.answer.body, json!({ "code": code, "message": message, "timestamp": S }), "{said}");
        assert_eq!(
            (outcome.answer.code, outcome.keep, outcome.delta, outcome.documents),
            (*code, None, None, None),
            "{said}"
        );
    }
    assert!(Bench::new().ask(Ask::Update, &deep(6)).answer.accepted());
    let token = Bench::new().update(json!({ "state": { "x": 1 }, "clientToken": "mine" }));
    assert_eq!(token.answer.body["clientToken"], "mine");
    // Two that fit, and together do not.
    let mut bench = Bench::new();
    assert!(bench.update(json!({ "state": { "desired": { "a": "x".repeat(5000) } } })).answer.accepted());
    assert_eq!(bench.update(json!({ "state": { "desired": { "b": "x".repeat(5000) } } })).answer.code, 413);
    assert_eq!(bench.get()["version"], 1);
}

#[test]
fn what_is_not_there_is_said_by_its_name() {
    let mut bench = Bench::new();
    for ask in [Ask::Get, Ask::Delete] {
        let body = bench.ask(ask, br#"{"clientToken":"t"}"#).answer.body;
        assert_eq!((&body["code"], &body["clientToken"]), (&json!(404), &json!("t")));
        assert_eq!(body["message"], "No shadow exists with name: 'lamp'");
    }
    bench.name = "night";
    assert_eq!(bench.get()["message"], "No shadow exists with name: 'lamp~night'");
    assert_eq!(bench.ask(Ask::Get, b"nonsense").answer.code, 400);
}

#[test]
fn versions_go_on_after_a_deletion() {
    let mut bench = Bench::new();
    let mut numbers = Vec::new();
    for _ in 0..2 {
        bench.update(json!({ "state": { "desired": { "a": 1 } } }));
        numbers.extend(bench.newest.as_ref().map(|newest| newest.version));
        let deleted = bench.ask(Ask::Delete, b"").answer;
        assert_eq!(deleted.body, json!({ "version": numbers.last(), "timestamp": bench.now }));
        assert_eq!(bench.newest.as_ref().map(|newest| newest.document.is_none()), Some(true));
        numbers.extend(bench.newest.as_ref().map(|newest| newest.version));
        assert_eq!(bench.get()["code"], 404);
        assert_eq!(bench.ask(Ask::Delete, b"").answer.code, 404);
    }
    assert_eq!(numbers, [1, 2, 3, 4]);
    // What was deleted does not come back.
    bench.update(json!({ "state": { "desired": { "b": 1 } } }));
    assert_eq!(bench.get()["state"]["desired"], json!({ "b": 1 }));
}

#[test]
fn topics_that_ask() {
    let ask = |thing, name, ask| Some(Asked { thing, name, ask });
    for (topic, expected) in [
        ("$aws/things/A/shadow/get", ask("A", "", Ask::Get)),
        ("$aws/things/A/shadow/update", ask("A", "", Ask::Update)),
        ("$aws/things/A/shadow/name/n/delete", ask("A", "n", Ask::Delete)),
        ("$aws/things/A/shadow/get/accepted", None),
        ("$aws/things/A/shadow/name/n", None),
        ("$aws/things/A/shadow/name//get", None),
        ("$aws/things/A/shadow/name/a/b/get", None),
        ("$aws/things/A/shadow/name/a b/get", None),
        ("A/shadow/get", None),
    ] {
        assert_eq!(asked(topic), expected, "{topic}");
    }
}
