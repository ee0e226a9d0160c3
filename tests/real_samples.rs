//! Real captures, against what TShark says of them (`expected/*.json` beside them). Skipped where they are not.

use std::collections::BTreeMap;
use std::path::Path;

use journeys::support::{Bench, real_samples};
use serde_json::{Value, json};

/// What is counted differently on purpose: file, what, why.
const ACCEPTED: &[(&str, &str, &str)] = &[(
    "solaris.snoop",
    "dhcp host names",
    "the client states a hardware address of 16 bytes: TShark shows none for it, we show it as hex",
)];

type Counts = BTreeMap<String, u64>;

#[test]
fn real_captures_equal_tshark() {
    let Some(folder) = real_samples() else { return };
    let expected = std::fs::read_dir(folder.join("expected")).unwrap().map(|entry| {
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        (expected["file"].as_str().unwrap().to_owned(), expected)
    });
    compare_all(&folder, expected.collect(), 25, check);
}

#[test]
fn our_captures_equal_tshark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let expected = expected.as_object().unwrap().iter().map(|(file, facts)| (file.clone(), facts.clone()));
    compare_all(&folder, expected.filter(|(file, _)| file.starts_with("hollis-street/")).collect(), 3, check_counts);
}

type Check = fn(&Bench, &Value, &Value, &mut dyn FnMut(&str, Value, Value));

/// How many frames and messages, and when.
fn check_counts(bench: &Bench, item: &Value, expected: &Value, compare: &mut dyn FnMut(&str, Value, Value)) {
    let rows = |kind: &str| bench.rows(kind, &[("evidence", item["sha256"].as_str().unwrap())]);
    compare("frames", expected["frames"]["count"].clone(), item["frames"].clone());
    for name in ["first_ts", "last_ts"] {
        compare(name, expected["frames"][name].clone(), json!(item[name].as_str().map(seconds)));
    }
    let of = |kind: &str, message: &str| rows(kind).iter().filter(|row| row["msg_type"] == message).count();
    let counted = [
        ("arp", rows("arp").len()),
        ("dhcp", rows("dhcp").len()),
        ("mdns", rows("mdns").len()),
        ("coap", rows("coap").len()),
        ("ssdp", rows("ssdp").len()),
        ("mqtt_messages", rows("mqtt").len()),
        ("dns_query", of("dns", "query")),
        ("dns_response", of("dns", "response")),
        ("tls_client_hello", of("tls", "client_hello")),
        ("http_request", of("http", "request")),
        ("http_response", of("http", "response")),
    ];
    for (name, ours) in counted {
        if let Some(theirs) = expected["counts"].get(name) {
            compare(name, theirs.clone(), json!(ours));
        }
    }
}

fn compare_all(folder: &Path, expected: Vec<(String, Value)>, at_least: usize, check: Check) {
    let bench = Bench::fresh();
    bench.import(&[folder]);
    let evidence = bench.rows("evidence", &[]);
    let mut differences = Vec::new();
    assert!(expected.len() >= at_least, "only {} captures are compared", expected.len());
    for (file, expected) in expected {
        let item = evidence.iter().find(|item| item["sha256"] == expected["sha256"]);
        let item = item.unwrap_or_else(|| panic!("{file} is not in the case, or its hash is another"));
        let mut compare = |what: &str, theirs: Value, ours: Value| {
            let accepted = ACCEPTED.iter().any(|(other, differs, _)| *other == file && *differs == what);
            if theirs != ours && !accepted {
                differences.push(format!("{file}: {what}: TShark {theirs}, Lintel {ours}"));
            }
        };
        check(&bench, item, &expected, &mut compare);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn check(bench: &Bench, item: &Value, expected: &Value, compare: &mut dyn FnMut(&str, Value, Value)) {
    let sha256 = item["sha256"].as_str().unwrap();
    let rows = |kind: &str| bench.rows(kind, &[("evidence", sha256)]);
    compare("frames", expected["frames"]["count"].clone(), item["frames"].clone());
    for (ours, theirs) in [("first_ts", "first_ts"), ("last_ts", "last_ts")] {
        compare(theirs, expected["frames"][theirs].clone(), json!(item[ours].as_str().map(seconds)));
    }
    let frames = rows("frames");
    compare("frame rows", expected["frames"]["count"].clone(), json!(frames.len()));
    let wire: u64 = frames.iter().filter_map(|frame| frame["length"].as_u64()).sum();
    compare("wire bytes", expected["frames"]["wire_bytes"].clone(), json!(wire));

    let count = |name: &str| expected["counts"].get(name).cloned().unwrap_or(json!(0));
    let of = |rows: &[Value], field: &str, value: &str| json!(rows.iter().filter(|row| row[field] == value).count());
    let (dns, mdns, dhcp, arp) = (rows("dns"), rows("mdns"), rows("dhcp"), rows("arp"));
    let (mqtt, coap, ssdp, tls, http) = (rows("mqtt"), rows("coap"), rows("ssdp"), rows("tls"), rows("http"));
    for (name, rows) in
        [("arp", &arp), ("dns", &dns), ("mdns", &mdns), ("dhcp", &dhcp), ("coap", &coap), ("ssdp", &ssdp)]
    {
        compare(name, count(name), json!(rows.len()));
    }
    compare("mqtt messages", count("mqtt_messages"), json!(mqtt.len()));
    compare("dns queries", count("dns_query"), of(&dns, "msg_type", "query"));
    compare("dns responses", count("dns_response"), of(&dns, "msg_type", "response"));
    compare("mdns queries", count("mdns_query"), of(&mdns, "msg_type", "query"));
    compare("client hellos", count("tls_client_hello"), of(&tls, "msg_type", "client_hello"));
    compare("server hellos", count("tls_server_hello"), of(&tls, "msg_type", "server_hello"));
    compare("http requests", count("http_request"), of(&http, "msg_type", "request"));
    compare("http responses", count("http_response"), of(&http, "msg_type", "response"));
    compare("probe requests", count("wlan_probe_request"), of(&rows("wlan"), "msg_type", "probe_request"));

    if let Some(theirs) = expected["wlan"]["probe_requests"].as_array() {
        let probes = of_type(&rows("wlan"), "probe_request");
        // Whom asked who, how often, how loud: (source, network name).
        let mut pairs: BTreeMap<(String, String), (u64, i64, i64)> = BTreeMap::new();
        for row in &probes {
            let word = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let (signal, pair) = (row["signal"].as_i64().unwrap(), (word("src"), word("ssid")));
            let pair = pairs.entry(pair).or_insert((0, signal, signal));
            *pair = (pair.0 + 1, pair.1.min(signal), pair.2.max(signal));
        }
        let sources: std::collections::BTreeSet<&str> = pairs.keys().map(|(source, _)| source.as_str()).collect();
        compare("probing sources", expected["wlan"]["probe_request_sources"].clone(), json!(sources.len()));
        let theirs: BTreeMap<(String, String), (u64, i64, i64)> = theirs
            .iter()
            .map(|pair| {
                let (word, number) =
                    (|name: &str| pair[name].as_str().unwrap().to_owned(), |name: &str| pair[name].as_i64());
                let numbers =
                    (pair["count"].as_u64().unwrap(), number("rssi_min").unwrap(), number("rssi_max").unwrap());
                ((word("sa"), word("ssid")), numbers)
            })
            .collect();
        compare("probed (source, network)", json!(theirs.len()), json!(pairs.len()));
        compare("probes, signals of each", json!(format!("{theirs:?}")), json!(format!("{pairs:?}")));
        // Their sightings say the same in sum.
        let heard: u64 = rows("sighting").iter().filter_map(|row| row["count"].as_u64()).sum();
        compare("probes in sightings", json!(probes.len()), json!(heard));
    }

    let names = |known: &Value| {
        json!(known.as_object().map(|map| map.keys().cloned().collect::<std::collections::BTreeSet<_>>()))
    };
    if let Some(theirs) = expected.get("dns") {
        compare("dns names", names(&theirs["query_names"]), set(values(&of_type(&dns, "query"), "query")));
        compare("addresses", theirs["a"].clone(), set(records(&dns, &mdns, "A")));
        compare("IPv6 addresses", theirs["aaaa"].clone(), set(records(&dns, &mdns, "AAAA")));
        compare("aliases", theirs["cname"].clone(), set(records(&dns, &mdns, "CNAME")));
    }
    if let Some(theirs) = expected.get("tls").filter(|_| count("tls_client_hello") != 0) {
        let hellos: Vec<Value> = tls.iter().filter(|row| row["msg_type"] == "client_hello").cloned().collect();
        let over_tcp = theirs["client_hellos"].as_array().unwrap().iter().filter(|hello| hello["quic"] == false);
        let over_tcp: Vec<&Value> = over_tcp.collect();
        let want: Vec<Value> =
            over_tcp.iter().map(|hello| json!([hello["frame"], hello["sni"], hello["ja3"]])).collect();
        let have: Vec<Value> = hellos
            .iter()
            .map(|row| json!([row["frame"], row["server_name"].as_str().into_iter().collect::<Vec<_>>(), [row["ja3"]]]))
            .collect();
        compare("client hellos in detail", json!(want), json!(have));
    }
    if let Some(theirs) = expected.get("http") {
        let requests: Vec<Value> = http
            .iter()
            .filter(|row| row["msg_type"] == "request")
            .map(
                |row| json!({ "frame": row["frame"], "method": row["method"], "uri": row["uri"], "host": row["host"] }),
            )
            .collect();
        compare("http requests in detail", theirs["requests"].clone(), json!(requests));
        compare("user agents", theirs["user_agents"].clone(), tally(values(&http, "user_agent")));
        compare("servers", theirs["servers"].clone(), tally(values(&http, "server")));
        let codes = http.iter().filter_map(|row| row["status_code"].as_i64()).map(|code| code.to_string()).collect();
        compare("status codes", theirs["response_codes"].clone(), tally(codes));
    }
    if let Some(theirs) = expected.get("mqtt") {
        compare("mqtt types", theirs["types"].clone(), tally(values(&mqtt, "msg_type")));
        compare(
            "mqtt client ids",
            theirs["client_ids"].clone(),
            tally(values(&of_type(&mqtt, "CONNECT"), "client_id")),
        );
        compare("mqtt users", theirs["usernames"].clone(), tally(values(&mqtt, "username")));
        compare(
            "mqtt publish topics",
            theirs["publish_topics"].clone(),
            tally(values(&of_type(&mqtt, "PUBLISH"), "topic")),
        );
        compare(
            "mqtt subscriptions",
            theirs["subscribe_topics"].clone(),
            tally(values(&of_type(&mqtt, "SUBSCRIBE"), "topics")),
        );
    }
    if let Some(theirs) = expected.get("coap") {
        // TShark names a matched response by its request's URI, as we do in a field of its own.
        let uris = values(&coap, "uri").into_iter().chain(values(&coap, "request_uri")).collect();
        compare("coap uris", theirs["uris"].clone(), tally(uris));
        compare("coap types", theirs["types"].clone(), tally(values(&coap, "msg_type")));
    }
    if let Some(theirs) = expected.get("dhcp") {
        let named = dhcp
            .iter()
            .filter(|row| !row["host_name"].is_null())
            .map(|row| json!([row["mac"].as_str().unwrap_or_default(), row["host_name"]]));
        compare("dhcp host names", theirs["hostnames"].clone(), json!(named.collect::<Vec<_>>()));
        let acked =
            dhcp.iter().filter(|row| row["msg_types"] == "ACK").map(|row| json!([row["mac"], row["assigned_addr"]]));
        compare("dhcp leases", theirs["acked"].clone(), json!(acked.collect::<Vec<_>>()));
        compare("dhcp vendor classes", theirs["vendor_classes"].clone(), tally(values(&dhcp, "vendor_class")));
    }
    if let Some(theirs) = expected.get("ssdp") {
        compare("ssdp methods", theirs["methods"].clone(), tally(values(&ssdp, "method")));
        for field in ["usn", "nt", "location", "server"] {
            compare(&format!("ssdp {field}"), theirs[field].clone(), set(values(&ssdp, field)));
        }
    }
    let flows: Vec<Value> = rows("flows");
    compare("flows", conversations_of(&expected["flows"]), conversations(&flows));
}

/// TShark's conversations, ordered as ours.
fn conversations_of(flows: &Value) -> Value {
    let mut sums = Counts::new();
    for flow in flows.as_array().into_iter().flatten() {
        let text = |at: usize| flow[at].as_str().map_or_else(|| flow[at].to_string(), str::to_owned);
        add(
            &mut sums,
            &text(0),
            (&text(1), &text(2)),
            (&text(3), &text(4)),
            [5, 6, 7, 8].map(|at| flow[at].as_u64().unwrap()),
        );
    }
    json!(sums)
}

/// Our flows, summed up by 5-tuple as TShark does.
fn conversations(flows: &[Value]) -> Value {
    let mut sums = Counts::new();
    for flow in flows.iter().filter(|flow| flow["proto"] == "tcp" || flow["proto"] == "udp") {
        let text = |name: &str| flow[name].as_str().map_or_else(|| flow[name].to_string(), str::to_owned);
        let numbers =
            ["orig_pkts", "orig_wire_bytes", "resp_pkts", "resp_wire_bytes"].map(|name| flow[name].as_u64().unwrap());
        let (orig, resp) = ((text("id.orig_h"), text("id.orig_p")), (text("id.resp_h"), text("id.resp_p")));
        add(&mut sums, &text("proto"), (&orig.0, &orig.1), (&resp.0, &resp.1), numbers);
    }
    json!(sums)
}

fn add(sums: &mut Counts, proto: &str, a: (&str, &str), b: (&str, &str), [ab, ab_bytes, ba, ba_bytes]: [u64; 4]) {
    for (from, to, frames, bytes) in [(a, b, ab, ab_bytes), (b, a, ba, ba_bytes)] {
        let key = format!("{proto} {}:{} > {}:{}", from.0, from.1, to.0, to.1);
        if frames > 0 {
            *sums.entry(format!("{key} frames")).or_default() += frames;
            *sums.entry(format!("{key} bytes")).or_default() += bytes;
        }
    }
}

fn of_type(rows: &[Value], kind: &str) -> Vec<Value> {
    rows.iter().filter(|row| row["msg_type"] == kind).cloned().collect()
}

/// All texts in a field, lists spread out.
fn values(rows: &[Value], field: &str) -> Vec<String> {
    let each = rows.iter().flat_map(|row| match &row[field] {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    });
    each.collect()
}

/// Data of all records of a type, in DNS and mDNS.
fn records(dns: &[Value], mdns: &[Value], kind: &str) -> Vec<String> {
    let all = dns.iter().chain(mdns).flat_map(|row| row["records"].as_array().cloned().unwrap_or_default());
    all.filter(|record| record["type"] == kind)
        .filter_map(|record| record["data"].as_str().map(str::to_owned))
        .collect()
}

fn set(texts: Vec<String>) -> Value {
    json!(texts.into_iter().collect::<std::collections::BTreeSet<_>>())
}

fn tally(texts: Vec<String>) -> Value {
    let mut counts = Counts::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    json!(counts)
}

/// `1585066894.317703000`, as TShark writes it.
fn seconds(ts: &str) -> String {
    let whole = app_time(ts);
    format!("{}.{:09}", whole.div_euclid(1_000_000_000), whole.rem_euclid(1_000_000_000))
}

fn app_time(ts: &str) -> i64 {
    model::Time::parse(ts).unwrap().0
}

#[test]
fn the_onhub_report_lists_its_stations() {
    let Some(folder) = real_samples() else { return };
    let bench = Bench::fresh();
    bench.import(&[&folder.join("onhub/onhub.report")]);
    let devices = bench.rows("devices", &[]);
    let stations: Vec<&Value> = devices.iter().filter(|device| !device["station_id"].is_null()).collect();
    assert_eq!(stations.len(), 8);
    let having = |name: &str| stations.iter().filter(|device| !device[name].is_null()).count();
    assert_eq!((having("join_rule"), having("connected"), having("lease_address")), (8, 8, 8));
    assert_eq!(stations.iter().filter(|device| device["connected"] == true).count(), 4);
    assert_eq!(stations.iter().filter(|device| device["wired"] == true).count(), 1);
    let report = std::fs::read(folder.join("onhub/onhub.report")).unwrap();
    for fact in bench.rows("station", &[]) {
        let (at, length) = (fact["offset"].as_u64().unwrap() as usize, fact["length"].as_u64().unwrap() as usize);
        let id = fact["station_id"].as_str().unwrap().as_bytes();
        assert!(report[at..at + length].windows(id.len()).any(|window| window == id));
    }
}

#[test]
fn detection_names_every_file_and_takes_nothing_else_for_a_report() {
    let Some(folder) = real_samples() else { return };
    let bench = Bench::fresh();
    let found = bench.app.call("evidence_detect", json!({ "paths": [folder] })).unwrap();
    for item in found.as_array().unwrap() {
        let path = Path::new(item["path"].as_str().unwrap());
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let want = match extension {
            "json" if path.file_stem().is_some_and(|name| name == "cloudtrax-presence-report") => "cloudtrax",
            "pcap" | "pcapng" | "snoop" | "json" => extension,
            "report" => "onhub",
            _ => "text",
        };
        assert_eq!(item["kind"], want, "{}", path.display());
        assert!(!item["reason"].as_str().unwrap().is_empty());
    }
    bench.import(&[&folder.join("presence/cloudtrax-presence-report.json")]);
    let sightings = bench.rows("sighting", &[("node", "ac:86:74:61:4f:c0")]);
    let signals: Vec<i64> = sightings.iter().filter_map(|row| row["signal_avg"].as_i64()).collect();
    assert_eq!((sightings.len(), signals.iter().sum::<i64>()), (5, -278), "{signals:?}");
    let system = Path::new("/usr/share/zoneinfo");
    if system.is_dir() {
        let found = bench.app.call("evidence_detect", json!({ "paths": [system] })).unwrap();
        assert!(found.as_array().unwrap().iter().all(|item| item["kind"] != "onhub"));
    }
}
