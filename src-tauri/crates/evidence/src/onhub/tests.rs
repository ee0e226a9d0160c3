//! Whole reports: the minimal one, damaged ones, and a real one if it is there.

use model::{Fact, Frame, Interface};

use super::*;

/// The smallest report with one of each: version, empty file, length, WAN info, failed command, info JSON, 11, pair, time.
pub const VECTOR: &str = "0a0a393939392e312e32207812140a102f7661722f6c6f672f6e65742e6c6f6712003a170a112f7661722f6c6f672f6d657373616\
    7657310c0ba06422177616e5f697076345f616464726573733a20223139382e35312e3130302e37220a4a0c0a072f7362696e2f7818ed01521d7b225f61705\
    374617465223a7b225f73746174696f6e73223a5b5d7d7d580162120a024142120c31386234333030303030303768b3ceb1cb05";

pub fn vector() -> Vec<u8> {
    let digits: Vec<u8> = VECTOR.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[derive(Default)]
struct Told {
    facts: Vec<Fact>,
    issues: Vec<Issue>,
}

impl Sink for Told {
    fn interface(&mut self, _: &Interface) {}

    fn frame(&mut self, _: &Frame) -> Result<(), Cancelled> {
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        self.facts.push(fact);
        Ok(())
    }

    fn issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }
}

/// Reads and checks what must hold for any bytes: places inside, documented kinds and fields, valid JSON.
fn told(bytes: &[u8]) -> Told {
    let mut told = Told::default();
    read(bytes, &mut told).unwrap();
    for fact in &told.facts {
        let kind =
            KINDS.iter().find(|kind| kind.name == fact.kind).unwrap_or_else(|| panic!("{} is no kind", fact.kind));
        let end = fact.place.offset.checked_add(fact.place.length).unwrap();
        assert!(end <= offset(bytes.len()), "{} outside", fact.kind);
        let mut names = BTreeSet::new();
        for fields in [&fact.fields, &fact.own] {
            let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&fields.to_json()).unwrap();
            for name in json.keys() {
                assert!(kind.fields.iter().any(|(known, _)| known == name), "{}.{name} is not documented", kind.name);
                assert!(names.insert(name.clone()), "{}.{name} twice", kind.name);
            }
        }
    }
    assert!(told.issues.iter().all(|issue| issue.offset <= offset(bytes.len())));
    told
}

fn of<'a>(told: &'a Told, kind: &str) -> Vec<&'a Fact> {
    told.facts.iter().filter(|fact| fact.kind == kind).collect()
}

fn field(fact: &Fact, name: &str) -> serde_json::Value {
    let look = |fields: &Fields| {
        let json: serde_json::Value = serde_json::from_str(&fields.to_json()).unwrap();
        json.get(name).cloned()
    };
    look(&fact.fields).or_else(|| look(&fact.own)).unwrap_or_default()
}

fn bytes_of<'a>(bytes: &'a [u8], fact: &Fact) -> &'a [u8] {
    let at = usize::try_from(fact.place.offset).unwrap();
    &bytes[at..at + usize::try_from(fact.place.length).unwrap()]
}

/// A length-delimited field.
fn put(number: u32, value: &[u8]) -> Vec<u8> {
    let varint = |mut value: u64| {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    [varint(u64::from(number) << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

#[test]
fn fields_do_not_hide_what_every_fact_has() {
    const EVERY: &[&str] =
        &["kind", "ts", "time_kind", "evidence", "run", "frame", "offset", "length", "uid", "src", "dst", "subject"];
    for kind in KINDS {
        let mut names = BTreeSet::new();
        for (name, about) in kind.fields {
            assert!(!EVERY.contains(name) && names.insert(name) && !about.is_empty(), "{}.{name}", kind.name);
        }
    }
}

#[test]
fn minimal_report() {
    let bytes = vector();
    let told = told(&bytes);
    assert_eq!(told.issues, []);
    let said: Vec<String> = told
        .facts
        .iter()
        .map(|f| format!("{} {}+{} {} {}", f.kind, f.place.offset, f.place.length, f.subject, f.src))
        .collect();
    assert_eq!(
        said,
        [
            "report 0+167 9999.1.2 x ",
            "report_file 14+20 /var/log/net.log ",
            "file_length 36+23 /var/log/messages ",
            "command_output 96+12 /sbin/x ",
            "router_setting 61+32 wan_ipv4_address ",
            "pseudonym 143+18 AB 18:b4:30:00:00:07",
        ]
    );
    assert_eq!(field(&told.facts[0], "unix_time"), "2017-07-17T07:28:51.000000000Z");
    assert_eq!(bytes_of(&bytes, &told.facts[4]), b"wan_ipv4_address: \"198.51.100.7\"");
}

#[test]
fn cut_anywhere_or_changed_at_random_never_panics() {
    let bytes = vector();
    for length in 0..bytes.len() {
        told(&bytes[..length]);
        let _ = (recognise(&bytes[..length], None), might_be(&bytes[..length]));
    }
    let mut next = chance();
    for _ in 0..5_000 {
        let mut changed = bytes.clone();
        for _ in 0..1 + next() % 4 {
            let at = next() % changed.len();
            changed[at] = next().to_le_bytes()[0];
        }
        told(&changed);
        let _ = recognise(&changed, None);
    }
}

/// A linear congruential generator, so that a failure comes again.
fn chance() -> impl FnMut() -> usize {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap()
    }
}

#[test]
fn unknown_fields_are_kept() {
    let bytes = [vector(), put(15, b"later"), put(6, b"\xff\0"), put(12, b"\x0a\x02CD\x48\x05")].concat();
    let told = told(&bytes);
    let said: Vec<String> = of(&told, "unknown_field")
        .iter()
        .map(|f| format!("{} {} {}", f.fields.members(), f.own.members(), f.place.offset))
        .collect();
    assert_eq!(
        said,
        [
            r#""inside":"report","number":15,"wire_type":2 "value_length":5,"raw":"6c61746572","text":"later" 167"#,
            r#""inside":"report","number":6,"wire_type":2 "value_length":2,"raw":"ff00" 174"#,
            r#""inside":"pseudonyms","number":9,"wire_type":0 "value_length":1,"raw":"05" 184"#,
        ]
    );
    assert_eq!(told.issues.len(), 1, "a pseudonym without a MAC");
}

#[test]
fn now_is_the_last_log_line_when_the_report_has_no_time() {
    let log = b"2017-07-16T00:00:10.5+00:00 INFO kernel: [10.5] x\n2017-07-16T00:01:00+00:00 INFO hostapd[1]: w: STA aabbcc000001 WPA: EAPOL-Key timeout";
    let file = [put(1, b"/var/log/messages"), put(2, log)].concat();
    let info = br#"{"_apState":{"_stations":[{"_connected":true,"_id":"A","_lastSeenSecondsSinceEpoch":0}]}}"#;
    let bytes = [put(1, b"1.2.3"), put(2, &file), put(10, info)].concat();
    let told = told(&bytes);
    let station = of(&told, "station")[0];
    assert_eq!(station.ts.unwrap().to_string(), "2017-07-16T00:01:00.000000000Z");
    let report = of(&told, "report")[0];
    assert_eq!(field(report, "time_source"), "last_log_line");
    assert_eq!(field(report, "boot_time"), "2017-07-16T00:00:00.000000000Z");
    let logs = of(&told, "log");
    assert_eq!(logs.len(), 1);
    let line = bytes_of(&bytes, logs[0]);
    assert!(
        line.starts_with(b"2017-07-16T00:01") && line.ends_with(b"timeout"),
        "a raw file's lines have exact ranges"
    );
}

/// The real report, where it is.
fn real() -> Option<Vec<u8>> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/samples-real/onhub/onhub.report")).ok()
}

#[test]
fn real_report() {
    let Some(bytes) = real() else { return };
    let whole = recognise(&bytes, Time::new(1_700_000_000, 0)).unwrap();
    assert!(matches!(whole, Recognised::Whole(_)), "{whole:?}");
    assert_eq!(might_be(&bytes[..65_536]), Ok(()));
    let told = told(&bytes);
    assert_eq!(told.issues, []);

    let report = of(&told, "report")[0];
    for (name, expected) in [
        ("version", serde_json::json!("9460.40.5 (Official Build) stable-channel whirlwind")),
        ("hardware", "WHIRLWIND D3A-Q2Q-Q8B".into()),
        ("boot_firmware", "Google_Storm.6315.91.0".into()),
        ("unix_time", "2017-07-17T07:28:51.000000000Z".into()),
        ("stations", 8.into()),
        ("stations_connected", 4.into()),
        ("files", 15.into()),
        ("file_lengths", 7.into()),
        ("commands", 18.into()),
        ("pseudonyms", 50.into()),
        ("leases", 8.into()),
        ("log_lines", 13_723.into()),
        ("unknown_fields", 0.into()),
        ("unknown1", 1.into()),
    ] {
        assert_eq!(field(report, name), expected, "{name}");
    }
    let starts = |name: &str, expected: &str| {
        let said = field(report, name);
        assert!(said.as_str().is_some_and(|said| said.starts_with(expected)), "{name} {said}");
    };
    starts("boot_time", "2017-07-13T06:44:03");
    starts("first_log", "2017-07-16T06:54:31");
    starts("last_log", "2017-07-17T07:28:54");
}

#[test]
fn real_stations() {
    let Some(bytes) = real() else { return };
    let told = told(&bytes);
    let stations = of(&told, "station");
    assert_eq!(stations.len(), 8);
    for station in &stations {
        let id = field(station, "station_id");
        let slice = bytes_of(&bytes, station);
        assert!(slice.starts_with(b"{") && slice.ends_with(b"}"));
        assert!(String::from_utf8_lossy(slice).contains(id.as_str().unwrap()));
        assert!(station.ts.unwrap().0 > 1_500_000_000_000_000_000);
    }
    let said: Vec<String> = stations
        .iter()
        .map(|s| {
            let f = |name| field(s, name).to_string().replace('"', "");
            let wired = if f("wired") == "true" { "wired" } else { "" };
            // What is not masked is as stated; it is no business of this test.
            let name = if s.subject.contains("masked") { s.subject.as_str() } else { "named" };
            format!("{}={} {} {} {name}{wired}", s.src, f("colon_mac"), f("join_confidence"), f("connected"))
        })
        .collect();
    assert_eq!(
        said,
        [
            "10:92:66:00:00:02=10:92:66:00:00:26 high false android-… (masked by device)",
            "18:b4:30:00:00:07=18:b4:30:00:00:21 high true …XDU (masked by device)",
            "1c:af:05:00:00:06=1c:af:05:00:00:22 high false android-… (masked by device)",
            "20:16:d8:00:00:01=20:16:d8:00:00:1f high true named",
            "50:f5:20:00:00:05=50:f5:20:00:00:27 high false android-… (masked by device)",
            "a0:02:dc:00:00:08=a0:02:dc:00:00:20 high true named",
            "b8:27:eb:00:00:04=b8:27:eb:00:00:28 high false named",
            "d0:52:a8:00:00:03=d0:52:a8:00:00:23 high true st-… (masked by device)wired",
        ]
    );
}

#[test]
fn real_tables() {
    let Some(bytes) = real() else { return };
    let told = told(&bytes);
    for (kind, count) in [
        ("lease", 8),
        ("arp_entry", 13),
        ("association", 3),
        ("bridge_port", 6),
        ("pseudonym", 50),
        ("wifi_network", 3),
        ("command_output", 18),
        ("report_file", 15),
        ("file_length", 7),
        ("wan_idle_usage", 1),
    ] {
        assert_eq!(of(&told, kind).len(), count, "{kind}");
    }
    let node = of(&told, "node").into_iter().find(|node| field(node, "added_uptime_seconds") == 348_232).unwrap();
    assert_eq!(node.ts.unwrap().to_string().get(..19), Some("2017-07-17T07:27:55"));
    let station =
        of(&told, "station").into_iter().find(|station| field(station, "colon_mac") == node.src.to_string()).unwrap();
    assert_eq!(node.subject, station.subject);
    for association in of(&told, "association") {
        let seconds = field(association, "connected_seconds").as_i64().unwrap();
        assert_eq!(association.ts, Time::new(1_500_276_531 - seconds, 0));
        assert!(bytes_of(&bytes, association).starts_with(b"Station "));
    }
    for lease in of(&told, "lease") {
        let slice = String::from_utf8_lossy(bytes_of(&bytes, lease)).into_owned();
        assert!(slice.starts_with("dhcp_lease {") && slice.contains(field(lease, "ip").as_str().unwrap()));
        assert!(!field(lease, "station").is_null());
    }
    assert!(
        of(&told, "bridge_port")
            .iter()
            .any(|port| field(port, "wired") == true && port.src.to_string() == "d0:52:a8:00:00:23")
    );
    for fact in &told.facts {
        let shown = format!("{} {}", fact.subject, fact.fields.members());
        assert!(!shown.contains("****"), "{} shows masked data: {shown}", fact.kind);
    }
}

#[test]
fn real_logs() {
    let Some(bytes) = real() else { return };
    let told = told(&bytes);
    let mut counts = std::collections::BTreeMap::new();
    for log in of(&told, "log") {
        *counts.entry(field(log, "event").as_str().unwrap().to_owned()).or_insert(0) += 1;
        assert!(log.ts.is_some());
    }
    // Counted apart with grep.
    for (event, count) in [
        ("sta_auth", 25),
        ("sta_auth_resp", 4),
        ("sta_assoc", 22),
        ("sta_connect", 11),
        ("sta_disconnect", 22),
        ("sta_disassoc_resp", 7),
        ("wrong_password", 25),
        ("wpa_completed", 13),
        ("wpa_rekeyed", 7),
        ("wpa_timeout", 34),
        ("dhcp_discover", 9),
        ("dhcp_offer", 9),
        ("dhcp_request", 22),
        ("dhcp_ack", 21),
        ("dhcp_nak", 1),
        ("router_solicit", 30),
        ("frame_received", 72),
        ("frame_sent", 72),
        ("dropped_frame", 1242),
        ("scan", 295),
        ("ssdp_services", 1475),
        ("packet_blast", 28),
        ("wan_active", 14),
        ("wan_idle", 13),
        ("wan_dhcp_ack", 2),
        ("wan_usage", 129),
        ("wireless_client_traffic", 17),
        ("password_shown", 3),
        ("app_used", 34),
        ("web_access", 7),
        ("report_fetch", 8),
        ("unauthorized_station", 2),
        ("taxonomy", 3),
    ] {
        assert_eq!(counts.get(event), Some(&count), "{event}");
    }
    let repeated: i64 = of(&told, "log").iter().filter_map(|log| field(log, "repeated").as_i64()).sum();
    assert_eq!(repeated, 11);
    let mut order: Vec<String> = of(&told, "log").iter().map(|log| field(log, "member").to_string()).collect();
    order.dedup();
    let place = |path: &str| order.iter().position(|member| member.trim_matches('"') == path);
    assert!(place("/var/log/messages.1") < place("/var/log/messages"), "older first: {order:?}");
}

/// The line of a gzipped log is found again by the offsets that its fact gives.
#[test]
fn real_log_lines_are_where_their_facts_say() {
    let Some(bytes) = real() else { return };
    let report = Report::parse(&bytes);
    let members: Vec<Member> = report.files.iter().map(Member::new).collect();
    let contents: Vec<Vec<u8>> = members.iter().map(|member| member.beginning(usize::MAX)).collect();
    for log in of(&told(&bytes), "log") {
        let path = field(log, "member");
        let n = members.iter().position(|member| path == member.path.as_str()).unwrap();
        let at = usize::try_from(field(log, "member_offset").as_i64().unwrap()).unwrap();
        let line = contents[n][at..].split(|byte| *byte == b'\n').next().unwrap();
        let line = String::from_utf8_lossy(line);
        assert!(line.contains(field(log, "text").as_str().unwrap()), "{line}");
        if members[n].is_gzip() {
            assert_eq!(bytes_of(&bytes, log), members[n].stored.bytes);
        } else {
            assert_eq!(bytes_of(&bytes, log), line.as_bytes());
        }
    }
}

/// Most of it is gzipped logs, so that changes go to the rest: tables, commands, settings, stations.
#[test]
fn real_report_damaged() {
    let Some(bytes) = real() else { return };
    let rest = bytes.windows(14).position(|window| window == b"local_network ").unwrap();
    let bytes = [&bytes[..53], &put(2, &put(1, b"/x")), &bytes[rest - 3..]].concat();
    assert!(recognise(&bytes, None).is_ok_and(|said| matches!(said, Recognised::Whole(_))));
    assert_eq!(of(&told(&bytes), "station").len(), 8);
    let mut next = chance();
    for _ in 0..40 {
        let mut changed = bytes.clone();
        for _ in 0..1 + next() % 40 {
            let at = next() % changed.len();
            changed[at] =
                [b'"', b'{', b'}', b'[', b':', b',', b'\\', b'\n', b' ', 0, 0xff, next().to_le_bytes()[0]][next() % 12];
        }
        told(&changed);
        let length = next() % changed.len();
        told(&changed[..length]);
        let _ = recognise(&changed[..length], None);
    }
}

/// Files of the system are no reports. A few thousand small ones, so that it takes no time.
#[test]
fn no_other_file_is_recognised() {
    let mut folders = vec![std::path::PathBuf::from("/usr/share"), "/bin".into()];
    let mut left = 4_000;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata().is_ok_and(|meta| meta.len() < 1 << 20) {
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                assert!(recognise(&bytes, None).is_err(), "{}", entry.path().display());
                left -= 1;
                if left == 0 {
                    return;
                }
            }
        }
    }
}
