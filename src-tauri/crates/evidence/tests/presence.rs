//! Reports of presence, as facts with the bytes that say so.

mod common;

use std::fmt::Write;
use std::path::Path;

use common::{Item, Memory};
use evidence::Ending;
use model::Fact;
use serde_json::{Value, json};

/// The example of the makers' own description.
const VECTOR: &str = r#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{"mac":"9c:b6:d0:11:22:33","count":3,"min_signal":-71,"max_signal":-60,"avg_signal":-66,"first_seen":1700000000,"last_seen":1700000012,"associated":true}]}"#;

fn item(name: &str, bytes: &[u8]) -> Item {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Memory::of(&path).items.remove(0)
}

/// A fact in one line, with the bytes of its place.
fn line(fact: &Fact, bytes: &[u8]) -> String {
    let at = fact.place.offset as usize..(fact.place.offset + fact.place.length) as usize;
    format!(
        "{} {{{},{}}} {}",
        fact.ts.unwrap(),
        fact.fields.members(),
        fact.own.members(),
        String::from_utf8_lossy(&bytes[at])
    )
}

fn check(kind: &str, text: &str, expected: &[&str]) {
    let item = item("report", text.as_bytes());
    assert_eq!(item.new.kind, kind, "{}\n{:?}", item.new.reason, item.new.refusals);
    let mut said = String::new();
    for fact in &item.read.facts {
        assert_eq!((fact.kind, fact.subject.as_str()), ("sighting", fact.src.to_string().as_str()));
        writeln!(said, "{}", line(fact, text.as_bytes())).unwrap();
    }
    for issue in &item.read.issues {
        writeln!(said, "! {} @{}: {}", issue.what, issue.offset, issue.why).unwrap();
    }
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{text}");
    let whole = item.read.issues.is_empty();
    assert_eq!(item.outcome.unwrap().ending == Ending::Complete, whole);
}

/// What stands of a sighting of the example's network and node.
fn said(fields: &str, own: &str, bytes: &str) -> String {
    format!(
        "2023-11-14T22:13:20.000000000Z {{\"device\":\"9c:b6:d0:11:22:33\",\"node\":\"ac:86:74:00:10:20\",\"source\":\"cloudtrax\",{fields}\
         \"network\":\"700123\",\"first_seen\":\"2023-11-14T22:13:20.000000000Z\",{own}}} {bytes}"
    )
}

#[test]
fn a_report_gives_a_sighting_for_each_probe_request() {
    let probe = &VECTOR[VECTOR.find("{\"mac\"").unwrap()..VECTOR.len() - 2];
    let own = "\"last_seen\":\"2023-11-14T22:13:32.000000000Z\",\"count\":3,\"signal_min\":-71,\"signal_avg\":-66,\"signal_max\":-60";
    let one = said("\"associated\":true,", own, probe);
    check("cloudtrax", VECTOR, &[&one]);
    // Sent again, as a line each and as a list: told once.
    check("cloudtrax", &format!("{VECTOR}\n\n{VECTOR}\r\n"), &[&one]);
    check("cloudtrax", &format!(" [ {VECTOR} ,\n{VECTOR}] "), &[&one]);
    // Over several lines.
    let value: Value = serde_json::from_str(VECTOR).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let start = pretty.find("{\n      \"mac\"").unwrap();
    let many = item("report", pretty.as_bytes());
    assert_eq!((many.new.kind, many.read.issues.len()), ("cloudtrax", 0));
    assert_eq!(many.read.facts[0].place.offset as usize, start);
    assert_eq!(many.read.facts[0].own, item("report", VECTOR.as_bytes()).read.facts[0].own);
}

#[test]
fn what_is_odd_is_kept_and_remarked() {
    let report = |probe: &str| {
        let text = format!(r#"{{"network_id":"700123","node_mac":"ac8674001020","probe_requests":[{probe}]}}"#);
        let read = item("report", text.as_bytes()).read;
        let facts = read.facts.iter().map(|fact| {
            let own: Value = serde_json::from_str(&fact.own.to_json()).unwrap();
            let fields: Value = serde_json::from_str(&fact.fields.to_json()).unwrap();
            let get = |name: &str| own.get(name).or(fields.get(name)).cloned().unwrap_or(Value::Null);
            ["signal_min", "signal_max", "count", "associated", "randomised", "implausible"].map(get)
        });
        (json!(facts.collect::<Vec<_>>()), read.issues.iter().map(|issue| issue.why.clone()).collect::<Vec<_>>())
    };
    let mac = r#""mac":"9C-B6-D0-11-22-33","first_seen":"1700000000","last_seen":"1700000012""#;
    for (probe, facts, issues) in [
        (
            format!(r#"{{{mac},"count":"3","min_signal":"-71","avg_signal":-66.4,"associated":"1"}}"#),
            json!([[-71, -66, 3, true, null, null]]),
            vec![],
        ),
        (
            format!(r#"{{{mac},"count":-1,"min_signal":-30,"avg_signal":-27,"max_signal":-5}}"#),
            json!([[-30, -5, null, null, null, "a signal of -5 dBm"]]),
            vec![],
        ),
        (
            format!(r#"{{{mac},"min_signal":-30,"avg_signal":-40,"max_signal":-900}}"#),
            json!([[
                -30,
                -40,
                null,
                null,
                null,
                "max_signal -900; weakest, mean and strongest signal are not in this order"
            ]]),
            vec![],
        ),
        (
            r#"{"mac":"4e:20:5d:18:d0:ab","first_seen":1700000012,"last_seen":1700000000}"#.into(),
            json!([[null, null, null, null, true, "seen first after it was seen last"]]),
            vec![],
        ),
        (
            r#"{"mac":"9c:b6:d0:11:22:33","last_seen":77}"#.into(),
            json!([[null, null, null, null, null, "before 2010: a clock that was not set"]]),
            vec![],
        ),
        (
            r#"{"mac":"9c:b6:d0:11:22","last_seen":1700000000},{"mac":"9c:b6:d0:11:22:33","last_seen":"noon"},{}"#
                .into(),
            json!([]),
            vec![
                "no mac that is an address",
                "neither first_seen nor last_seen is a time",
                "no mac that is an address",
            ],
        ),
    ] {
        let (found, whys) = report(&probe);
        assert_eq!((found, whys), (facts, issues.into_iter().map(str::to_owned).collect()), "{probe}");
    }
}

#[test]
fn an_envelope_says_when_it_came_and_leads_into_the_body() {
    // A body with characters that need escapes, of one to four bytes, before what is told of.
    let body = VECTOR.replacen('{', "{\"x\":\"a\\\"\u{e9}\u{1f600}\\n\",", 1).replacen("},", "},\n", 1);
    let mut text = String::new();
    for verified in [true, false] {
        let body = if verified { body.clone() } else { body.replace("\"count\":3", "\"count\":4") };
        let envelope =
            json!({"received": "2023-11-14T22:13:40.5Z", "peer": "192.0.2.7:4915", "verified": verified, "body": body});
        writeln!(text, "{envelope}").unwrap();
    }
    let text = text.replace('\u{e9}', "\\u00e9").replacen('\u{1f600}', "\\ud83d\\ude00", 1);
    let item = item("report", text.as_bytes());
    assert_eq!(item.new.kind, "cloudtrax", "{:?}", item.new.refusals);
    assert!(item.new.reason.ends_with("in an envelope of when it was received"), "{}", item.new.reason);
    assert_eq!((item.read.facts.len(), item.read.issues.len()), (2, 0));
    for (fact, verified, count) in [(&item.read.facts[0], true, 3), (&item.read.facts[1], false, 4)] {
        let said = line(fact, text.as_bytes());
        let bytes = format!(r#"{{\"mac\":\"9c:b6:d0:11:22:33\",\"count\":{count},"#);
        assert!(said.contains(&bytes) && said.ends_with(r#"\"associated\":true}"#), "{said}");
        assert!(said.contains(&format!(",\"verified\":{verified},")), "{said}");
        assert!(said.contains(",\"received\":\"2023-11-14T22:13:40.500000000Z\""), "{said}");
    }
    // A clock that is a day ahead of ours.
    let ahead = text.replace("2023-11-14T22:13:40.5Z", "2023-11-13T22:13:00Z");
    let ahead = self::item("report", ahead.as_bytes()).read.facts.remove(0);
    assert!(ahead.own.members().contains("more than a day after it was received"), "{:?}", ahead.own);
}

#[test]
fn meraki_of_both_kinds() {
    let second = r#"{"clientMac":"9c:b6:d0:11:22:33","ipv4":"/192.168.0.38","ipv6":null,"seenTime":"2023-11-14T22:13:20Z","seenEpoch":1700000000,"ssid":"Home","rssi":47,"manufacturer":"Acme","os":null,"location":{"lat":51.5,"lng":-0.1,"unc":3.2,"x":[],"y":[]}}"#;
    let stranger = r#"{"clientMac":"da:b6:d0:11:22:33","seenEpoch":1700000000,"ssid":null,"rssi":11,"location":null}"#;
    let report = format!(
        r#"{{"version":"2.0","secret":"s","type":"DevicesSeen","data":{{"apMac":"00:18:0a:01:02:03","apTags":["lobby"],"observations":[{second},{stranger},{{}}]}}}}"#
    );
    let start = |mac: &str, own: &str| {
        format!(
            "2023-11-14T22:13:20.000000000Z {{\"device\":\"{mac}\",\"node\":\"00:18:0a:01:02:03\",\"source\":\"meraki\",\"associated\":{own}"
        )
    };
    let times = "\"first_seen\":\"2023-11-14T22:13:20.000000000Z\",\"last_seen\":\"2023-11-14T22:13:20.000000000Z\"";
    let one = start(
        "9c:b6:d0:11:22:33",
        &format!(
            "true,\"ssid\":\"Home\",\"ip\":\"192.168.0.38\",\"signal_unit\":\"dB above noise\",{times},\"signal_raw\":47,\"latitude\":51.5,\"longitude\":-0.1,\"uncertainty\":3.2}} {second}"
        ),
    );
    let other = start(
        "da:b6:d0:11:22:33",
        &format!("false,\"randomised\":true,\"signal_unit\":\"dB above noise\",{times},\"signal_raw\":11}} {stranger}"),
    );
    let missing = format!("! meraki observation @{}: no clientMac that is an address", report.len() - 5);
    check("meraki", &report, &[&one, &other, &missing]);

    let third = r#"{"clientMac":"9c:b6:d0:11:22:33","ipv4":null,"ipv6":null,"ssid":null,"locations":[{"time":"2023-11-14T22:13:20Z","lat":51.5,"lng":-0.1,"variance":4.0,"rssiRecords":[{"apMac":"00:18:0a:01:02:03","rssi":-60}]}],"latestRecord":{"time":"2023-11-14T22:13:20Z","nearestApMac":"00:18:0a:01:02:03","nearestApRssi":-60}}"#;
    let report = format!(
        r#"{{"version":"3.0","secret":"s","type":"WiFi","data":{{"networkId":"N_1","observations":[{third}]}}}}"#
    );
    let levels = "\"signal_min\":-60,\"signal_avg\":-60,\"signal_max\":-60,\"latitude\":51.5,\"longitude\":-0.1";
    let one = start("9c:b6:d0:11:22:33", &format!("false,\"network\":\"N_1\",{times},{levels}}} {third}"));
    check("meraki", &report, &[&one]);
}

#[test]
fn damage_keeps_what_stands_before_and_after() {
    let cut = &VECTOR[..VECTOR.len() - 30];
    let two = VECTOR.replace("\"count\":3", "\"count\":4");
    let text = format!("{VECTOR}\n{cut}\nno report\n{{\"a\":1}}\n{two}\n");
    let lines = item("report", text.as_bytes());
    assert_eq!((lines.new.kind, lines.read.facts.len()), ("cloudtrax", 2));
    let whys: Vec<_> = lines.read.issues.iter().map(|issue| (issue.offset as usize, issue.why.as_str())).collect();
    let after = VECTOR.len() + 1 + cut.len();
    assert_eq!(
        whys,
        [
            (after, "neither a comma nor an end"),
            (after + 1, "no JSON"),
            (after + 11, "cloudtrax: no network_id that is a number; meraki: no version"),
        ]
    );
    assert_eq!(lines.outcome.unwrap().ending, Ending::Partial);
    for (text, facts, why) in [
        (format!("[{VECTOR},{two}"), 2, "the list does not end"),
        (format!("[{VECTOR},7,{two}]"), 1, "no JSON object here; the rest of the list is left out"),
        (format!("[{VECTOR}] and more"), 1, "text after the end of the list"),
        (format!("[{VECTOR},{}", &two[..two.len() - 1]), 2, "neither a comma nor an end"),
    ] {
        let list = item("report", text.as_bytes());
        assert_eq!((list.new.kind, list.read.facts.len()), ("cloudtrax", facts), "{text}");
        assert!(list.read.issues.iter().any(|issue| issue.why == why), "{text}: {:?}", list.read.issues);
    }
}

#[test]
fn only_reports_are_taken_for_reports() {
    for (text, kind) in [
        (r#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","probe_requests":{}}"#, "json"),
        (r#"{"network_id":"x","node_mac":"AC:86:74:00:10:20","probe_requests":[]}"#, "json"),
        (r#"{"network_id":1,"node_mac":"AC:86:74:00:10","probe_requests":[]}"#, "json"),
        (r#"{"network_id":1,"node_mac":"AC:86:74:00:10:20","probe_requests":[1]}"#, "json"),
        (r#"{"network_id":1,"node_mac":"AC:86:74:00:10:20","probe_requests":[]}"#, "cloudtrax"),
        (r#"{"version":"4.0","type":"WiFi","data":{"networkId":"N","observations":[]}}"#, "json"),
        (r#"{"version":"3.0","type":"WiFi","data":{"networkId":"N","observations":[]}}"#, "meraki"),
        ("[]", "json"),
        ("probe_requests", "text"),
    ] {
        assert_eq!(item("file", text.as_bytes()).new.kind, kind, "{text}");
    }
}

#[test]
fn many_reports_stream_through() {
    let mut text = String::new();
    let mut count = 0;
    while text.len() < 20 << 20 {
        // What names the first stands behind a list that is longer than the beginning that is looked at.
        let probes = (0..if text.is_empty() { 3_000 } else { 5 }).map(|_| {
            count += 1;
            let (mac, second) = (format!("9cb6d0{count:06x}"), 1_700_000_000 + count);
            format!(r#"{{"mac":"{mac}","count":1,"avg_signal":-60,"first_seen":{second},"last_seen":{second},"associated":false}}"#)
        });
        let probes = probes.collect::<Vec<_>>().join(",");
        writeln!(text, r#"{{"probe_requests":[{probes}],"node_mac":"AC:86:74:00:10:20","network_id":1}}"#).unwrap();
    }
    let began = std::time::Instant::now();
    let item = item("reports.jsonl", text.as_bytes());
    println!("{count} sightings in {:?}", began.elapsed());
    assert_eq!((item.new.kind, item.read.facts.len(), item.read.issues.len()), ("cloudtrax", count, 0));
    let last = item.read.facts.last().unwrap();
    assert!(line(last, text.as_bytes()).ends_with(r#""associated":false}"#));
}

#[test]
fn the_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().join("samples/presence");
    let mut said = String::new();
    for name in ["cloudtrax.jsonl", "received.jsonl", "meraki.json", "home.kismet"] {
        let item = Memory::of(&folder.join(name)).items.remove(0);
        let phone = item.read.facts.iter().filter(|fact| fact.subject == "3c:28:6d:14:00:24").count();
        let odd = item.read.facts.iter().filter(|fact| fact.own.members().contains("\"implausible\"")).count();
        let (facts, issues) = (item.read.facts.len(), item.read.issues.len());
        writeln!(said, "{name} {} {facts} {phone} {odd} {issues}", item.new.kind).unwrap();
    }
    assert_eq!(
        said,
        "cloudtrax.jsonl cloudtrax 96 4 1 0\nreceived.jsonl cloudtrax 6 2 0 0\nmeraki.json meraki 4 3 0 0\nhome.kismet kismetdb 63 1 0 0\n"
    );
    // Every row of Kismet's stands where it says.
    let bytes = std::fs::read(folder.join("home.kismet")).unwrap();
    let kismet = Memory::of(&folder.join("home.kismet")).items.remove(0);
    for fact in &kismet.read.facts {
        let said = line(fact, &bytes);
        assert!(said.matches(&fact.subject.to_uppercase()).count() >= 1, "{said}");
    }
    let phone = kismet.read.facts.iter().find(|fact| fact.subject == "3c:28:6d:14:00:24").unwrap();
    assert_eq!(
        phone.own.members(),
        "\"first_seen\":\"2026-11-20T12:58:14.000000000Z\",\"last_seen\":\"2026-11-20T13:02:22.000000000Z\",\
         \"signal_max\":-49,\"latitude\":52.5,\"longitude\":13.25"
    );
}

#[test]
fn a_routers_stations_their_associations_and_its_log_are_sightings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().join("samples/hollis-street");
    let report = Memory::of(&folder.join("onhub.report")).items.remove(0);
    let of = |kind: &str| report.read.facts.iter().filter(|fact| fact.kind == kind).collect::<Vec<_>>();
    let sightings = of("sighting");
    let at = |place: &model::Place| sightings.iter().filter(|fact| fact.place == *place).collect::<Vec<_>>();
    for station in of("station") {
        let heard = at(&station.place);
        assert_eq!((heard.len(), heard[0].ts), (1, station.ts), "{}", station.subject);
        assert_eq!(heard[0].src, station.src);
    }
    for association in of("association") {
        let heard = at(&association.place);
        assert_eq!((heard.len(), heard[0].ts, &heard[0].src), (1, association.ts, &association.src));
        assert!(
            heard[0].fields.members().contains("\"associated\":true") && heard[0].own.members().contains("signal_avg")
        );
    }
    // Lines of hostapd that say that a station connected, was associated, disconnected, disassociated or deauthenticated, by grep.
    let log = sightings.len() - of("station").len() - of("association").len();
    assert_eq!((of("station").len(), of("association").len(), log), (8, 4, 38));
    assert!(sightings.iter().all(|fact| fact.fields.members().contains("\"source\":\"onhub\"")));
}
