//! Journeys through the workstation as a person would go, on the project's own samples.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use journeys::support::Bench;
use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

#[test]
fn every_fact_has_only_fields_that_are_explained() {
    let bench = Bench::fresh();
    bench.import(&[&samples()]);
    let kinds: BTreeMap<&str, Vec<&str>> =
        app::kinds().map(|kind| (kind.name, kind.fields.iter().map(|(name, _)| *name).collect())).collect();
    let base = [
        "_id",
        "_evidence",
        "_masked",
        "kind",
        "ts",
        "time_kind",
        "evidence",
        "run",
        "frame",
        "offset",
        "length",
        "uid",
        "src",
        "dst",
        "subject",
        "pieces",
        "summary",
    ];
    for fact in bench.rows("facts", &[]) {
        let kind = fact["kind"].as_str().unwrap();
        let known = kinds.get(kind).unwrap_or_else(|| panic!("the kind {kind} is not declared"));
        for name in fact.as_object().unwrap().keys() {
            assert!(base.contains(&name.as_str()) || known.contains(&name.as_str()), "{kind}.{name} is not explained");
        }
    }
}

#[test]
fn a_row_leads_to_its_packet_and_its_bytes() {
    let bench = Bench::fresh();
    let capture = samples().join("hollis-street/router.pcapng");
    bench.import(&[&capture]);
    let bytes = fs::read(&capture).unwrap();
    for kind in ["dns", "dhcp", "mqtt", "coap", "tls", "http", "ssdp", "arp"] {
        let rows = bench.rows(kind, &[]);
        let row = rows.first().unwrap_or_else(|| panic!("no {kind} in the household"));
        let fact = bench.app.call("fact", json!({ "id": row["_id"] })).unwrap();
        let proof = &fact["proof"];
        let (at, length) = (proof["offset"].as_u64().unwrap() as usize, proof["length"].as_u64().unwrap() as usize);
        if proof["pieces"].as_array().unwrap().is_empty() {
            let want: String = bytes[at..at + length].iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(proof["bytes"], want, "{kind}");
        }
        let frame = json!({ "evidence_id": proof["evidence_id"], "number": proof["frame"] });
        let frame = bench.app.call("frame", frame).unwrap();
        let nodes = frame["nodes"].as_array().unwrap();
        assert!(
            nodes.iter().any(|node| node["name"].as_str().unwrap().starts_with(kind)),
            "{kind}: its fields are not in the tree"
        );
        for node in nodes {
            let source = frame["sources"][node["source"].as_u64().unwrap() as usize]["hex"].as_str().unwrap();
            assert!(
                node["end"].as_u64().unwrap() as usize * 2 <= source.len(),
                "{kind}: {node} lies outside its bytes"
            );
        }
    }
}

/// Ethernet frames with the segments of a recorded connection, a line each: `client 1603…`, `server 1603…`.
fn capture_of(session: &str) -> Vec<u8> {
    let mut capture = [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65_535, 1].map(u32::to_be_bytes).concat();
    let mut next = [1_u32, 1];
    for line in session.lines() {
        let (side, hex) = match line.split_once(' ') {
            Some(("client", hex)) => (0, hex),
            Some(("server", hex)) => (1, hex),
            _ => continue,
        };
        let payload: Vec<u8> =
            (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
        let (src, dst) = if side == 0 { (2, 1) } else { (1, 2) };
        let ports = if side == 0 { [40_000_u16, 443] } else { [443, 40_000] }.map(u16::to_be_bytes).concat();
        let mut frame = vec![2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src, 8, 0, 0x45, 0];
        frame.extend((40 + payload.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 168, 0, src, 192, 168, 0, dst]);
        frame.extend(ports);
        frame.extend([next[side], next[1 - side]].map(u32::to_be_bytes).concat());
        frame.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
        next[side] += payload.len() as u32;
        frame.extend(payload);
        capture.extend([1_700_000_000, 0, frame.len() as u32, frame.len() as u32].map(u32::to_be_bytes).concat());
        capture.extend(frame);
    }
    capture
}

/// The same frames as pcapng, behind a block of secrets.
fn pcapng_of(pcap: &[u8], keys: &str) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let body = [body, &[0; 3][..body.len().wrapping_neg() % 4]].concat();
        let len = (12 + body.len() as u32).to_be_bytes();
        [&kind.to_be_bytes()[..], &len, &body, &len].concat()
    };
    let mut out = block(0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat());
    out.extend(block(1, &[0, 1, 0, 0, 0, 0, 0, 0]));
    let secrets = [&0x544c_534b_u32.to_be_bytes()[..], &(keys.len() as u32).to_be_bytes(), keys.as_bytes()].concat();
    out.extend(block(10, &secrets));
    let mut rest = &pcap[24..];
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let len = &head[8..12];
        let (frame, after) = after.split_at(u32::from_be_bytes(len.try_into().unwrap()) as usize);
        out.extend(block(6, &[&[0; 12][..], len, len, frame].concat()));
        rest = after;
    }
    out
}

#[test]
fn a_key_log_beside_a_capture_opens_it() {
    let session = include_str!("../src-tauri/crates/dissect/tests/tls/tls13-aes128gcm.txt");
    let folder = tempfile::tempdir().unwrap();
    // The capture comes first, by name.
    fs::write(folder.path().join("a.pcap"), capture_of(session)).unwrap();
    let keys: String =
        session.lines().filter(|line| line.contains("_SECRET")).map(|line| format!("{line}\n")).collect();
    fs::write(folder.path().join("keys.txt"), &keys).unwrap();
    let bench = Bench::fresh();
    bench.import(&[folder.path()]);
    let http = bench.rows("http", &[]);
    assert_eq!(http.len(), 2, "{http:?}");
    assert!(http.iter().all(|row| row["decrypted"] == json!(true) && row["host"] == "hub.example"), "{http:?}");
    secrets_are_told_for_a_reason(&bench);
    assert_eq!(bench.rows("x509", &[])[0]["common_name"], "hub.example");
    // What was said inside is proved by the record that it came in.
    let fact = bench.app.call("fact", json!({ "id": http[0]["_id"] })).unwrap();
    assert!(fact["proof"]["bytes"].as_str().unwrap().starts_with("170303"), "{}", fact["proof"]);
    // The same when the capture carries its secrets itself.
    let inside = Bench::fresh();
    let capture = inside.folder.path().join("b.pcapng");
    fs::write(&capture, pcapng_of(&capture_of(session), &keys)).unwrap();
    inside.import(&[&capture]);
    assert_eq!(inside.rows("http", &[]).len(), 2);
    // Without them, nothing.
    let shut = Bench::fresh();
    shut.import(&[&folder.path().join("a.pcap")]);
    assert!(shut.rows("http", &[]).is_empty() && shut.rows("tls", &[]).len() == 2);
}

/// Of a case with the bearer token `tok-1`.
fn secrets_are_told_for_a_reason(bench: &Bench) {
    let row = &bench.rows("credentials", &[])[0];
    assert_eq!((&row["password"], &row["_masked"]), (&json!("••••••"), &json!(["password"])));
    // The value itself may be asked for, and nothing else of it.
    assert_eq!(bench.rows("credentials", &[("password", "tok-1")]).len(), 1);
    assert_eq!(bench.rows("credentials", &[("password", "tok-2")]).len(), 0);
    let select = |op: &str, value: &str| json!({ "filters": [{ "field": "password", "op": op, "value": value }] });
    let refused = [
        json!({ "view": "credentials", "select": select("~", "tok") }),
        json!({ "view": "facts", "select": select(">", "a") }),
        json!({ "view": "credentials", "select": { "filter": "credentials.password contains \"tok\"" } }),
        json!({ "view": "credentials", "select": { "filter": "credentials.password >= \"t\"" } }),
    ];
    for request in refused {
        let why = bench.app.call("rows", request.clone()).expect_err(&request.to_string());
        assert!(why.to_string().contains("secret"), "{why}");
    }
    assert!(bench.app.call("facets", json!({ "view": "credentials", "field": "password" })).is_err());
    // Nothing that leaves has it: rows, facts, exports.
    let fact = bench.app.call("fact", json!({ "id": row["_id"] })).unwrap();
    let all = bench.app.call("rows", json!({ "view": "facts", "limit": 10_000 })).unwrap();
    assert!(!format!("{fact}{all}").contains("tok-1"), "{fact}");
    for format in ["csv", "json"] {
        let select = select("=", "tok-1");
        let job = bench.job("rows_export", json!({ "view": "credentials", "format": format, "select": select }));
        let text = fs::read_to_string(bench.dir().join(job["at"].as_str().unwrap())).unwrap();
        assert!(text.contains("••••••") && !text.contains("tok-1"), "{text}");
    }
    // Somebody says why.
    assert!(bench.app.call("secrets_reveal", json!({ "facts": [row["_id"]], "reason": " " })).is_err());
    let reason = "warrant 12/4";
    let told = bench.app.call("secrets_reveal", json!({ "facts": [row["_id"]], "reason": reason })).unwrap();
    assert_eq!(told["facts"], json!([{ "id": row["_id"], "values": { "password": "tok-1" } }]));
    let select = select("=", "tok-1");
    let told = bench.app.call("secrets_reveal", json!({ "view": "credentials", "select": select, "reason": reason }));
    assert_eq!(told.unwrap()["facts"][0]["values"]["password"], "tok-1");
    let log = fs::read_to_string(bench.dir().join("custody.log")).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("\"action\":\"secrets_reveal\"")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let fact = row["_id"].as_str().unwrap();
    assert!(lines[0].contains("failed") && lines[1..].iter().all(|line| line.contains(reason) && line.contains(fact)));
    assert!(!log.contains("tok-1"), "the custody log tells the secret");
}

#[test]
fn a_cancelled_import_disappears() {
    let bench = Bench::fresh();
    let capture = bench.folder.path().join("large.pcap");
    let small = fs::read(samples().join("hollis-street/lamp-port.pcap")).unwrap();
    let mut large = small.clone();
    (0..600).for_each(|_| large.extend_from_slice(&small[24..]));
    fs::write(&capture, large).unwrap();
    let id = bench.app.call("evidence_add", json!({ "paths": [capture] })).unwrap()["id"].clone();
    bench.app.call("job_cancel", json!({ "id": id })).unwrap();
    let job = bench.app.wait(id.as_u64().unwrap() as u32, &mut |_| {}).unwrap();
    assert_eq!(serde_json::to_value(job.state).unwrap(), "cancelled", "{}", job.message);
    assert!(bench.rows("evidence", &[]).is_empty() && bench.rows("facts", &[]).is_empty());
    let info = bench.app.call("case_info", Value::Null).unwrap();
    assert_eq!(info["interrupted"], json!([]), "what the analyst stopped is not offered again");
    let log = fs::read_to_string(bench.dir().join("custody.log")).unwrap();
    assert!(log.contains("evidence_add"), "the attempt stays in the custody log");
    // And may be tried again.
    assert_eq!(bench.import(&[&capture])["state"], "done");
    assert!(!bench.rows("facts", &[]).is_empty());
}

#[test]
fn a_watched_folder_is_taken_up_when_its_files_have_stopped_growing() {
    let bench = Bench::fresh();
    let folder = bench.folder.path().join("inbox");
    fs::create_dir(&folder).unwrap();
    bench.app.call("watch_start", json!({ "dir": folder })).unwrap();
    let bytes = fs::read(samples().join("hollis-street/lamp-port.pcap")).unwrap();
    let target = folder.join("lamp.pcap");
    fs::write(&target, &bytes[..bytes.len() / 2]).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    fs::write(&target, &bytes).unwrap();
    let began = Instant::now();
    let item = loop {
        let items = bench.rows("evidence", &[]);
        if let Some(item) = items.into_iter().find(|item| item["status"] == "complete") {
            break item;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the file was not taken up");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(item["size"], bytes.len());
    let watched = bench.app.call("watch_list", Value::Null).unwrap();
    assert_eq!(watched.as_array().unwrap().len(), 1);
    assert_eq!(bench.app.call("watch_stop", json!({ "dir": watched[0] })).unwrap(), json!([]));
}

#[test]
fn tables_leave_as_files_and_the_custody_log_knows() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street/router.pcapng")]);
    let rows = bench.rows("dns", &[]).len();
    for format in ["csv", "json"] {
        bench.job("rows_export", json!({ "view": "dns", "format": format }));
    }
    let exports: Vec<PathBuf> =
        fs::read_dir(bench.dir().join("exports")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(exports.len(), 2);
    for file in exports {
        let text = fs::read_to_string(&file).unwrap();
        let head = usize::from(file.extension().unwrap() == "csv");
        assert_eq!(text.lines().count(), rows + head, "{}", file.display());
        let log = fs::read_to_string(bench.dir().join("custody.log")).unwrap();
        assert!(log.contains(file.file_name().unwrap().to_str().unwrap()));
    }
}

#[test]
fn text_search_facets_and_histogram_agree() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street/router.pcapng")]);
    let select = json!({ "search": "lamp" });
    let page =
        bench.app.call("rows", json!({ "view": "facts", "select": select, "count": true, "limit": 5_000 })).unwrap();
    let total = page["total"].as_u64().unwrap();
    assert!(total > 20, "{total}");
    assert!(page["rows"].as_array().unwrap().iter().all(|row| row.to_string().to_lowercase().contains("lamp")));
    let facets = bench.app.call("facets", json!({ "view": "facts", "select": select, "field": "kind" })).unwrap();
    let sum: u64 = facets.as_array().unwrap().iter().map(|facet| facet["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, total);
    for buckets in [1, 10, 500] {
        let histogram = bench.app.call("histogram", json!({ "select": select, "buckets": buckets })).unwrap();
        let series = histogram["series"].as_array().unwrap();
        let sum: u64 =
            series.iter().flat_map(|one| one["counts"].as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(sum, total, "{buckets} buckets");
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street")]);
    for view in ["facts", "frames", "flows", "devices", "evidence", "dns"] {
        for descending in [false, true] {
            if descending && view == "frames" {
                continue; // they come in the order of their numbers
            }
            let (mut ids, mut after) = (Vec::new(), Value::Null);
            loop {
                let request = json!({ "view": view, "after": after, "limit": 37, "descending": descending });
                let page = bench.app.call("rows", request).unwrap();
                ids.extend(page["rows"].as_array().unwrap().iter().map(|row| row["_id"].to_string()));
                after = page["next"].clone();
                if after.is_null() {
                    break;
                }
            }
            let whole = bench
                .app
                .call("rows", json!({ "view": view, "limit": 10_000, "descending": descending, "count": true }))
                .unwrap();
            let want: Vec<String> =
                whole["rows"].as_array().unwrap().iter().map(|row| row["_id"].to_string()).collect();
            assert_eq!(ids, want, "{view}");
            assert_eq!(whole["total"], want.len(), "{view}");
            let skipped = bench
                .app
                .call("rows", json!({ "view": view, "skip": 5, "limit": 3, "descending": descending }))
                .unwrap();
            let skipped: Vec<String> =
                skipped["rows"].as_array().unwrap().iter().map(|row| row["_id"].to_string()).collect();
            assert_eq!(skipped, want.iter().skip(5).take(3).cloned().collect::<Vec<_>>(), "{view}");
        }
    }
}

#[test]
fn a_key_log_that_comes_later_opens_what_is_there() {
    let protocols = samples().join("protocols");
    let (capture, keys) = (protocols.join("tls.pcapng"), protocols.join("tls.keys.txt"));
    let bench = Bench::fresh();
    bench.import(&[&capture]);
    let hellos = bench.rows("tls", &[]).len();
    assert_eq!((bench.rows("http", &[]).len(), bench.rows("runs", &[]).len()), (0, 1));
    let job = bench.import(&[&keys]);
    assert!(job["message"].as_str().unwrap().contains("a key log opens 1 capture of the case"), "{job}");
    let requests: Vec<Value> = bench.rows("http", &[("msg_type", "request")]);
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|row| row["decrypted"] == true && row["uri"] == "/lights.json"), "{requests:?}");
    // The former run is gone, and with it all that it said.
    assert_eq!((bench.rows("tls", &[]).len(), bench.rows("runs", &[]).len()), (hellos, 2));
    assert_eq!(bench.rows("evidence", &[]).len(), 2);
    let custody = bench.app.call("custody", json!({ "limit": 100 })).unwrap();
    let lines = custody["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["action"] == "evidence.read_again").unwrap();
    assert_eq!((&line["outcome"], &line["params"]["why"]), (&json!("complete"), &json!("a key log came")));
    // The same key log once more opens nothing more.
    bench.import(&[&keys]);
    assert_eq!(bench.rows("runs", &[]).len(), 2);

    let other = Bench::fresh();
    other.import(&[&keys]);
    let job = other.import(&[&capture]);
    assert!(!job["message"].as_str().unwrap().contains("again"), "{job}");
    assert_eq!(other.rows("http", &[]).len(), bench.rows("http", &[]).len());
}

/// Fields that the packet of a row shows of what was decrypted, as `name=text=bytes there`.
fn decrypted(bench: &Bench, row: &Value) -> Option<Vec<String>> {
    shown_as(bench, row, "Decrypted")
}

/// The same of bytes by that name.
fn shown_as(bench: &Bench, row: &Value, name: &str) -> Option<Vec<String>> {
    let proof = bench.app.call("fact", json!({ "id": row["_id"] })).unwrap()["proof"].clone();
    let frame = json!({ "evidence_id": proof["evidence_id"], "number": proof["frame"] });
    let shown = bench.app.call("frame", frame).unwrap();
    let sources = shown["sources"].as_array().unwrap();
    let source = sources.iter().position(|source| source["name"].as_str().unwrap().starts_with(name))?;
    let hex = sources[source]["hex"].as_str().unwrap();
    let nodes = shown["nodes"].as_array().unwrap().iter().filter(|node| node["source"] == source as u64);
    let said = nodes.map(|node| {
        let [start, end] = ["start", "end"].map(|at| node[at].as_u64().unwrap() as usize * 2);
        format!("{}={}={}", node["name"].as_str().unwrap(), node["text"].as_str().unwrap(), &hex[start..end])
    });
    Some(said.collect())
}

#[test]
fn http_2_is_read_in_the_clear_and_where_a_key_log_opens_it() {
    let protocols = samples().join("protocols");
    let bench = Bench::fresh();
    bench.import(&[&protocols.join("http2.pcapng")]);
    let of = |bench: &Bench, view: &str, filter: &str| -> Vec<Value> {
        let select = json!({ "view": view, "select": { "filter": filter }, "limit": 100 });
        bench.app.call("rows", select).unwrap()["rows"].as_array().unwrap().clone()
    };
    assert_eq!((of(&bench, "http", "http2").len(), of(&bench, "http", "!http2").len()), (28, 2));
    assert_eq!(of(&bench, "flows", "http2").len(), 5, "the fifth by upgrade");
    assert!(bench.rows("issues", &[]).is_empty());
    // what a packet says only together with those before it: the third request for the style
    let asked = of(&bench, "http", "http2.headers.path == \"/style.css\"");
    let said = shown_as(&bench, &asked[0], "Followed").unwrap();
    assert!(said.iter().any(|field| field.starts_with("http2.headers.path=/style.css=")), "{said:?}");
    let login = of(&bench, "http", "http2.headers.path contains \"lights\" && http.cookie_vars");
    let said = shown_as(&bench, &login[0], "Followed").unwrap();
    assert!(!said.iter().any(|field| field.contains("c0ffee")), "{said:?}");
    assert!(said.iter().any(|field| field.starts_with("http2.headers.cookie=•")), "{said:?}");
    // behind an upgrade
    let answers = of(&bench, "http", "http2.headers.status && http.uri == \"/log.json\"");
    let said = shown_as(&bench, answers.last().unwrap(), "Followed").unwrap();
    assert!(said.iter().any(|field| field.starts_with("http2.headers.status=200=")), "{said:?}");
    let logins = bench.rows("credentials", &[]);
    let methods: Vec<&str> = logins.iter().map(|login| login["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["basic", "cookie", "form"]);
    // the file that passed is the one that was served, whole
    let log = of(&bench, "files", "files.filename == \"log.json\"");
    assert!(log.len() == 2 && log[0]["sha256"] == log[1]["sha256"] && log[0]["total_bytes"] == 1_965, "{log:?}");

    let bench = Bench::fresh();
    bench.import(&[&protocols.join("http2-tls.keys.txt"), &protocols.join("http2-tls.pcapng")]);
    let requests = of(&bench, "http", "http2 && http.msg_type == request");
    assert_eq!(requests.len(), 7, "{requests:?}");
    assert!(requests.iter().all(|row| row["decrypted"] == true && row["host"] == "hub.workshop.example"));
    let said = decrypted(&bench, &requests[6]).unwrap();
    assert!(said.iter().any(|field| field.starts_with("http2.headers.path=/missing=")), "{said:?}");
    let packed = of(&bench, "files", "files.encoding == gzip");
    assert!(packed.len() == 2 && packed.iter().all(|file| file["sha256"] == log[0]["sha256"]), "{packed:?}");
}

#[test]
fn a_packet_shows_what_a_key_log_opens_of_it() {
    let protocols = samples().join("protocols");
    let keys = fs::read(protocols.join("tls.keys.txt")).unwrap();
    let bench = Bench::fresh();
    bench.import(&[&protocols.join("tls.pcapng")]);
    assert!(bench.rows("tls", &[]).iter().all(|hello| decrypted(&bench, hello).is_none()));
    bench.import(&[&protocols.join("tls.keys.txt")]);
    let check = |bench: &Bench| {
        let hellos = bench.rows("tls", &[("msg_type", "client_hello")]);
        assert!(hellos.iter().all(|hello| decrypted(bench, hello).is_none()));
        let requests = bench.rows("http", &[("msg_type", "request")]);
        let frames: Vec<&Value> = requests.iter().map(|request| &request["frame"]).collect();
        assert_eq!(frames, [16, 34], "as TShark says with the same keys");
        for request in &requests {
            let said = decrypted(bench, request).unwrap();
            let uri: String = "/lights.json".bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(said.contains(&format!("http.request.uri=/lights.json={uri}")), "{said:?}");
            let login = said.iter().find(|field| field.starts_with("http.authorization=")).unwrap();
            assert!(login.contains("••••••"), "{login}");
        }
    };
    check(&bench);

    // the same with the keys in the capture itself: a decryption secrets block behind the section header
    let mut capture = fs::read(protocols.join("tls.pcapng")).unwrap();
    let header = u32::from_le_bytes(capture[4..8].try_into().unwrap()) as usize;
    let padded = keys.len().div_ceil(4) * 4;
    let total = (20 + padded as u32).to_le_bytes();
    let mut block = [&10_u32.to_le_bytes()[..], &total, b"KSLT", &(keys.len() as u32).to_le_bytes(), &keys].concat();
    block.resize(16 + padded, 0);
    block.extend(total);
    capture.splice(header..header, block);
    let bench = Bench::fresh();
    let path = bench.folder.path().join("carries.pcapng");
    fs::write(&path, capture).unwrap();
    bench.import(&[&path]);
    check(&bench);
}

#[test]
fn a_file_in_an_encrypted_connection_is_had_again() {
    let protocols = samples().join("protocols");
    let bench = Bench::fresh();
    bench.import(&[&protocols.join("tls.pcapng"), &protocols.join("tls.keys.txt")]);
    let session = include_str!("../src-tauri/crates/dissect/tests/tls/tls13-aes128gcm.txt");
    let (capture, keys) = (bench.folder.path().join("fw.pcap"), bench.folder.path().join("fw.txt"));
    fs::write(&capture, capture_of(session)).unwrap();
    let lines = session.lines().filter(|line| line.contains("_SECRET"));
    fs::write(&keys, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    bench.import(&[&capture, &keys]);
    let files = bench.rows("files", &[]);
    assert!(files.len() >= 2 && files.iter().all(|file| file["decrypted"] == true), "{files:?}");
    let firmware = files.iter().find(|file| file["filename"] == "fw.txt").unwrap();
    let shown = bench.app.call("file_look", json!({ "fact": firmware["_id"] })).unwrap();
    let hex: String = b"lamp firmware 2.0\n".iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&shown["hex"], &shown["whole"]), (&json!(hex), &json!(true)), "{shown}");
    let few = bench.app.call("file_look", json!({ "fact": firmware["_id"], "limit": 4 })).unwrap();
    assert_eq!((&few["hex"], &few["whole"], &few["problem"]), (&json!("6c616d70"), &json!(false), &Value::Null));
    let job = bench.job("file_save", json!({}));
    let list = fs::read_to_string(bench.dir().join(job["at"].as_str().unwrap())).unwrap();
    let saved: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(saved.len(), files.len());
    for line in &saved {
        // Of the firmware nobody says that it has ended.
        let state = if line["filename"] == "fw.txt" { "part" } else { "match" };
        assert_eq!((&line["state"], &line["decrypted"]), (&json!(state), &json!(true)), "{line}");
    }
    let line = saved.iter().find(|line| line["filename"] == "fw.txt").unwrap();
    assert_eq!(fs::read(bench.dir().join(line["file"].as_str().unwrap())).unwrap(), b"lamp firmware 2.0\n");
    // A capture that is another one by now opens nothing.
    fs::write(&capture, b"another").unwrap();
    let why = bench.app.call("file_look", json!({ "fact": firmware["_id"] })).unwrap()["problem"].clone();
    assert!(why.as_str().is_some_and(|why| !why.is_empty()), "{why}");
}

#[test]
fn files_of_an_encrypted_connection_are_saved_in_one_pass() {
    let bench = Bench::fresh();
    let session = include_str!("../src-tauri/crates/dissect/tests/tls/tls13-files.txt");
    let (capture, keys) = (bench.folder.path().join("fw.pcap"), bench.folder.path().join("fw.txt"));
    let packets = capture_of(session);
    fs::write(&capture, &packets).unwrap();
    let lines = session.lines().filter(|line| line.contains("_SECRET"));
    fs::write(&keys, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    bench.import(&[
        &capture,
        &keys,
        &samples().join("protocols/tls.pcapng"),
        &samples().join("protocols/tls.keys.txt"),
    ]);
    let one = json!({ "filters": [{ "field": "evidence", "op": "=", "value": "fw.pcap" }] });
    let job = bench.job("file_save", json!({ "select": one }));
    let captured =
        packets.len() as u64 - 24 - 16 * session.lines().filter(|line| !line.contains("_SECRET")).count() as u64;
    assert_eq!(job["done"], captured, "all that was captured, once");
    let list = |job: &Value| -> Vec<Value> {
        let list = fs::read_to_string(bench.dir().join(job["at"].as_str().unwrap())).unwrap();
        list.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let saved = list(&job);
    let files = bench.rows("files", &[("evidence", "fw.pcap")]);
    let ids = |rows: &[Value], name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&saved, "fact"), ids(&files, "_id"), "in the order of the table");
    assert!(saved.iter().all(|line| line["state"] == "match" && line["decrypted"] == true), "{saved:?}");
    let content = |line: &Value| fs::read(bench.dir().join(line["file"].as_str().unwrap())).unwrap();
    let names = ["a.txt", "b.txt", "again.txt", "log.txt", "fw.bin", "state.json"];
    assert_eq!(ids(&saved, "filename"), names);
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>().into_bytes();
    let contents = [
        b"lamp on\n".to_vec(),
        b"lamp off\n".to_vec(),
        b"lamp on\n".to_vec(),
        lines(120, |n| format!("lamp {n} on\n")),
        lines(200, |n| format!("block {n} of firmware\n")),
        br#"{"on":true,"level":40}"#.to_vec(),
    ];
    assert_eq!(saved.iter().map(content).collect::<Vec<_>>(), contents);
    // Of several captures, each has its own.
    let all = list(&bench.job("file_save", json!({})));
    assert!(all.len() > saved.len() && all.iter().all(|line| line["state"] == "match"), "{all:?}");
    // What cannot be opened any more is told of each.
    fs::write(&capture, b"another").unwrap();
    let some = list(&bench.job("file_save", json!({})));
    let refused: Vec<&Value> = some.iter().filter(|line| line["problem"].is_string()).collect();
    assert_eq!((refused.len(), some.len()), (contents.len(), all.len()));
}

#[test]
fn a_capture_that_has_changed_keeps_what_was_read() {
    let protocols = samples().join("protocols");
    let bench = Bench::fresh();
    let capture = bench.folder.path().join("tls.pcapng");
    let mut bytes = fs::read(protocols.join("tls.pcapng")).unwrap();
    fs::write(&capture, &bytes).unwrap();
    bench.import(&[&capture]);
    let facts = bench.rows("facts", &[]).len();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&capture, &bytes).unwrap();
    bench.import(&[&protocols.join("tls.keys.txt")]);
    assert_eq!((bench.rows("http", &[]).len(), bench.rows("runs", &[]).len()), (0, 2));
    assert_eq!(bench.rows("facts", &[]).len(), facts + 1); // that there is a key log
}

#[test]
fn the_map_shows_each_device_once() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street")]);
    let map = bench.app.call("network_map", json!({})).unwrap();
    let nodes = map["nodes"].as_array().unwrap();
    let ips: Vec<String> = bench
        .rows("devices", &[])
        .iter()
        .flat_map(|device| device["ips"].as_array().unwrap().clone())
        .filter_map(|ip| ip.as_str().map(str::to_owned))
        .collect();
    let twice: Vec<&Value> =
        nodes.iter().filter(|node| node["role"] != "outside" && ips.iter().any(|ip| node["id"] == *ip)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(nodes.iter().any(|node| node["id"] == "b8:27:eb:14:00:20"), "{nodes:?}");
}

#[test]
fn the_timeline_does_not_begin_with_a_clock_that_was_never_set() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street")]);
    let times: Vec<String> =
        bench.rows("facts", &[]).iter().map(|row| row["ts"].as_str().unwrap_or_default().to_owned()).collect();
    let believed = times.iter().take_while(|ts| ts.as_str() >= "1990").count();
    assert!(believed > 1_000);
    assert!(times[..believed].is_sorted());
    assert!(times[believed..].iter().all(|ts| ts.as_str() < "1990"), "{:?}", &times[believed..]);
}

#[test]
fn addresses_are_one_device_only_by_the_analysts_act() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street")]);
    let devices = || bench.rows("devices", &[]);
    let before = devices();
    let mac = |at: usize| before[at]["mac"].as_str().unwrap().to_owned();
    let (one, other) = (mac(0), mac(1));
    assert!(bench.app.call("devices_join", json!({ "macs": [&one, &other], "why": " " })).is_err(), "no reason given");
    bench.app.call("devices_join", json!({ "macs": [&one, &other], "why": "same sticker" })).unwrap();
    let joined = devices();
    let row = joined.iter().find(|row| row["mac"] == *one).unwrap();
    assert_eq!((joined.len(), &row["joined"]), (before.len() - 1, &json!([&other])), "{row}");
    assert!(joined.iter().all(|row| row["mac"] != *other));
    let frames = |row: &Value| row["frames"].as_u64().unwrap();
    assert_eq!(frames(row), frames(&before[0]) + frames(&before[1]));
    // Drawn anew by an import, they stay one.
    bench.import(&[&samples().join("protocols/tls.keys.txt")]);
    assert_eq!(devices().iter().filter(|row| row["mac"] == *other).count(), 0);
    bench.app.call("devices_part", json!({ "mac": &other, "why": "two stickers" })).unwrap();
    assert_eq!(devices(), before);
    let custody = bench.app.call("custody", json!({ "limit": 100 })).unwrap();
    let lines = custody["lines"].as_array().unwrap();
    for (action, why) in [("devices_join", "same sticker"), ("devices_part", "two stickers")] {
        assert!(lines.iter().any(|line| line["action"] == action && line["params"]["why"] == why), "{lines:?}");
    }
}

#[test]
fn a_filter_asks_the_loaded_table_for_countries() {
    let bench = Bench::fresh();
    bench.import(&[&samples().join("hollis-street/router.pcapng")]);
    let ask = |view: &str, filter: &str| {
        let request = json!({ "view": view, "select": { "filter": filter }, "count": true, "limit": 10_000 });
        bench.app.call("rows", request)
    };
    let refused = ask("frames", "ip.geoip.country_iso == \"DE\"").unwrap_err().message;
    assert!(refused.contains("a table of countries, and none is loaded at 1; load one"), "{refused}");
    let table = samples().join("../tests/ui/countries.mmdb");
    bench.app.call("geo_load", json!({ "path": table })).unwrap();
    // What the table says, in blocks: Germany announced by 64500, the Netherlands by 64501.
    let (de, nl) = ("203.0.113.0/28", "203.0.113.16/29");
    let of = |name: &str, block: &str| format!("ip.{name} == {block}");
    for (filter, same) in [
        ("ip.geoip.country_iso == \"DE\"", of("addr", de)),
        ("ip.geoip.src_country_iso == DE", of("src", de)),
        ("ip.geoip.dst_country contains \"etherlands\"", of("dst", nl)),
        ("ip.geoip.asnum > 64500", of("addr", nl)),
        ("ip.geoip.src_asnum in {1..64500}", of("src", de)),
        ("ip.geoip.org matches \"net 6450[01]\"", format!("({} or {})", of("addr", de), of("addr", nl))),
        ("ip.geoip.country", format!("({} or {})", of("addr", de), of("addr", nl))),
        ("ip.geoip.country_iso != DE", format!("({} and not {})", of("addr", nl), of("addr", de))),
        ("!ip.geoip.country_iso", format!("!({} or {})", of("addr", de), of("addr", nl))),
        ("ip.geoip.country_iso == de", "ip.addr == 10.255.255.255".to_owned()),
        ("ipv6.geoip.country_iso == DE", "ipv6.addr == 2001:db8:ffff::1".to_owned()),
        ("tcp && ip.geoip.country_iso in {DE NL}", format!("tcp and ({} or {})", of("addr", de), of("addr", nl))),
    ] {
        let mut rows = 0;
        for view in ["facts", "flows", "frames", "tls"] {
            let found = [filter, same.as_str()].map(|filter| ask(view, filter).unwrap()["rows"].clone());
            assert_eq!(found[0], found[1], "{view}: {filter}");
            rows += found[0].as_array().unwrap().len();
        }
        let none = filter.contains("== de") || filter.starts_with("ipv6");
        assert_eq!(rows == 0, none, "{filter}: {rows} rows");
    }
    assert!(ask("evidence", "ip.geoip.country_iso == DE").is_err());
}
