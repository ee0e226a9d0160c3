//! What leaves the workstation, and what it says of streams, against TShark. Skipped where that is not installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use journeys::support::{Bench, real_samples};
use serde_json::{Value, json};

fn has_tshark() -> bool {
    let there = Command::new("tshark").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: TShark is not installed");
    }
    there
}

fn tshark(args: &[&str]) -> String {
    let output = Command::new("tshark").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Our own captures, and the real ones where they are. Those that hold several link types can't become one nsecpcap.
fn captures() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/hollis-street");
    let mut list = vec![own.join("router.pcapng"), own.join("lamp-port.pcap")];
    if let Some(folder) = real_samples() {
        let mut real: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        real.sort();
        list.extend(
            real.into_iter()
                .filter(|path| path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng")),
        );
    }
    list
}

/// Stretches of payload in order; true: from who opened the flow.
type Told = Vec<(bool, String)>;

fn push(told: &mut Told, from_orig: bool, hex: &str) {
    match told.last_mut() {
        Some((side, text)) if *side == from_orig => text.push_str(hex),
        _ => told.push((from_orig, hex.to_owned())),
    }
}

/// As Wireshark words a gap.
fn gap(missing: &Value) -> String {
    format!("[{missing} bytes missing in capture file]").bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn ours(bench: &Bench, uid: &str, limit: u32) -> (Told, String) {
    let (mut told, mut after, mut orig) = (Told::new(), Value::Null, String::new());
    loop {
        let page = bench.app.call("stream", json!({ "uid": uid, "after": after, "limit": limit })).unwrap();
        for part in page["parts"].as_array().unwrap() {
            // Of a datagram that the snap length cut, TShark does not say that something is missing.
            let hex = match part["missing"] == 0 || page["proto"] == "udp" {
                true => part["hex"].as_str().unwrap().to_owned(),
                false => gap(&part["missing"]),
            };
            push(&mut told, part["from_orig"] == true, &hex);
        }
        orig = page["orig"].as_str().map_or(orig, str::to_owned);
        after = page["next"].clone();
        if after.is_null() {
            return (told, orig);
        }
    }
}

/// What `-z follow,...,raw` printed, by protocol and number of the stream: who is node 0, and what was said.
fn followed(text: &str) -> BTreeMap<(String, u64), (String, Told)> {
    let (mut all, mut at) = (BTreeMap::new(), (String::new(), 0));
    for line in text.lines() {
        if let Some(filter) = line.strip_prefix("Filter: ") {
            let (proto, number) = filter.split_once(".stream eq ").unwrap();
            at = (proto.to_owned(), number.parse().unwrap());
        } else if let Some(address) = line.strip_prefix("Node 0: ") {
            all.insert(at.clone(), (address.to_owned(), Told::new()));
        } else if let Some((_, told)) = all.get_mut(&at)
            && !line.trim().is_empty()
            && line.trim().bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            push(told, !line.starts_with('\t'), line.trim());
        }
    }
    all
}

#[test]
fn streams_equal_tshark() {
    if !has_tshark() {
        return;
    }
    let (mut compared, mut bytes) = (0, 0);
    let mut wrong = Vec::new();
    for file in captures() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let path = file.to_str().unwrap();
        let bench = Bench::fresh();
        bench.import(&[&file]);
        let fields =
            tshark(&["-r", path, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "udp.stream"]);
        let mut streams: BTreeMap<u64, (&str, u64)> = BTreeMap::new();
        let mut sizes: BTreeMap<(&str, u64), u64> = BTreeMap::new();
        for line in fields.lines() {
            let mut cells = line.split('\t');
            let frame = cells.next().and_then(|cell| cell.parse().ok()).unwrap_or(0);
            for proto in ["tcp", "udp"] {
                // An ICMP error repeats the header of what it is about: that is not of the stream for us.
                if let Some(stream) = cells.next().and_then(|cell| cell.parse().ok()) {
                    streams.insert(frame, (proto, stream));
                    *sizes.entry((proto, stream)).or_default() += 1;
                }
            }
        }
        let flows: Vec<Value> =
            ["tcp", "udp"].iter().flat_map(|proto| bench.rows("flows", &[("proto", proto)])).take(120).collect();
        let mut args: Vec<String> = ["-q", "-r", path].map(str::to_owned).to_vec();
        let of = |flow: &Value| streams.get(&flow["frame"].as_u64().unwrap()).copied();
        for (proto, stream) in flows.iter().filter_map(of) {
            args.extend(["-z".to_owned(), format!("follow,{proto},raw,{stream}")]);
        }
        let said = followed(&tshark(&args.iter().map(String::as_str).collect::<Vec<_>>()));
        for flow in &flows {
            let packets = flow["orig_pkts"].as_u64().unwrap() + flow["resp_pkts"].as_u64().unwrap();
            let Some((proto, stream)) = of(flow).filter(|stream| sizes[stream] == packets) else { continue };
            let Some((node, theirs)) = said.get(&(proto.to_owned(), stream)) else { continue };
            let uid = flow["uid"].as_str().unwrap();
            let (whole, orig) = ours(&bench, uid, 0);
            let turned: Told = theirs.iter().map(|(side, hex)| (*side == (orig == *node), hex.clone())).collect();
            if whole != turned {
                let place = whole.iter().zip(&turned).position(|(a, b)| a != b);
                let start =
                    |told: &Told| told.first().map(|(side, hex)| format!("{side} {}", hex.get(..24).unwrap_or(hex)));
                wrong.push(format!("{name}: {proto} stream {stream} ({uid}, {orig}, node 0 {node}) differs at turn {place:?}: {} and {} turns, {:?} and {:?}", whole.len(), turned.len(), start(&whole), start(&turned)));
            }
            assert_eq!(ours(&bench, uid, 700).0, whole, "{name}: {uid} in small pages");
            compared += 1;
            bytes += whole.iter().map(|(_, hex)| hex.len() / 2).sum::<usize>();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{compared} streams, {bytes} bytes");
    assert!(compared > 50);
}

/// Packets as nsecpcap, written by TShark itself.
fn packets(file: &Path, filter: &str, folder: &Path) -> Vec<u8> {
    let out = folder.join("compared.pcap");
    let _ = std::fs::remove_file(&out);
    tshark(&["-r", file.to_str().unwrap(), "-Y", filter, "-F", "nsecpcap", "-w", out.to_str().unwrap()]);
    let mut bytes = std::fs::read(&out).unwrap_or_default();
    // The file's snap length: TShark keeps that of a pcap, and does not that of a pcapng.
    if let Some(snap_len) = bytes.get_mut(16..20) {
        snap_len.fill(0);
    }
    bytes
}

#[test]
fn saved_packets_are_the_same_packets() {
    if !has_tshark() {
        return;
    }
    let mut compared = 0;
    for file in captures() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let types = tshark(&["-r", file.to_str().unwrap(), "-T", "fields", "-e", "frame.encap_type"]);
        if types.lines().collect::<std::collections::BTreeSet<_>>().len() > 1 {
            continue; // TShark can't write several link types into one nsecpcap
        }
        let bench = Bench::fresh();
        bench.import(&[&file]);
        let evidence = bench.rows("evidence", &[]);
        let sha256 = evidence[0]["sha256"].as_str().unwrap();
        let frames = evidence[0]["frames"].as_u64().unwrap_or(0);
        let flow = bench.rows("flows", &[]).into_iter().max_by_key(|flow| flow["orig_pkts"].as_u64());
        let mine = flow.as_ref().map(|flow| bench.rows("frames", &[("uid", flow["uid"].as_str().unwrap())]));
        let numbers = |rows: &[Value]| rows.iter().map(|row| row["frame"].to_string()).collect::<Vec<_>>().join(", ");
        let mut asked = vec![
            (json!({ "select": {} }), "frame".to_owned()),
            (json!({ "frames": [frames] }), format!("frame.number == {frames}")),
        ];
        if let (Some(flow), Some(rows)) = (&flow, &mine) {
            let select = json!({ "filters": [{ "field": "uid", "op": "=", "value": flow["uid"] }] });
            asked.push((json!({ "select": select }), format!("frame.number in {{{}}}", numbers(rows))));
        }
        for (request, filter) in asked {
            let job = bench.job("packets_save", request.clone());
            let written = bench.dir().join(job["at"].as_str().unwrap());
            let theirs = packets(&file, &filter, bench.folder.path());
            if theirs.len() <= 24 {
                continue; // TShark does not read this file
            }
            let ours = packets(&written, "frame", bench.folder.path());
            assert!(ours == theirs, "{name}: {request}: {} and {} bytes", ours.len(), theirs.len());
            compared += 1;
            let comments = tshark(&["-r", written.to_str().unwrap(), "-T", "fields", "-e", "frame.comment"]);
            assert!(
                comments.lines().all(|line| line.starts_with(&format!("evidence sha256 {} frame ", &sha256[..12]))),
                "{name}: {comments}"
            );
            let custody = bench.app.call("custody", json!({ "limit": 1_000 })).unwrap();
            let line =
                custody["lines"].as_array().unwrap().iter().rfind(|line| line["action"] == "export").unwrap().clone();
            assert_eq!(line["params"]["file"], job["at"]);
            assert_eq!(line["params"]["evidence"], json!([sha256]));
        }
    }
    eprintln!("{compared} exports");
    assert!(compared > 5);
}

#[test]
fn filters_count_as_tshark_does() {
    if !has_tshark() {
        return;
    }
    let router = [
        "dns",
        "mdns",
        "arp",
        "tcp",
        "tls",
        "mqtt",
        "ssdp",
        "dhcp",
        "icmpv6",
        "tcp.port == 80",
        "tcp.port in {80, 443, 8000..9000}",
        "tcp.srcport == 80",
        "udp.dstport == 53",
        "ip.addr == 192.168.0.0/16",
        "ip.src == 192.168.86.24",
        "ip.addr != 192.168.86.24",
        "!(ip.addr == 192.168.86.24)",
        "eth.addr == b8:27:eb:14:00:20",
        "eth.src == b8:27:eb:14:00:20 && tcp",
        "dns.qry.name contains \"cloud\"",
        "dns.qry.name matches \"^TUYA|example$\"",
        "dns.flags.response == 1",
        "dns && !(dns.flags.response == 1)",
        "http.host",
        "http.request.method == \"GET\"",
        "mqtt.topic",
        "mqtt.msgtype == 3",
        "tls.handshake.extensions_server_name",
        "frame.len > 200 and not tcp",
        "frame.number >= 100 && frame.number <= 120",
        "ip.ttl < 64 || arp",
    ];
    let groups = ["igmp", "icmpv6", "!igmp", "igmp.maddr == 239.1.14.14", "igmp.type == 0x16", "icmpv6.type == 143"];
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    count_as_tshark(&samples.join("hollis-street/router.pcapng"), &router);
    count_as_tshark(&samples.join("protocols/igmp.pcapng"), &groups);
    count_as_tshark(&samples.join("protocols/llmnr.pcapng"), &["llmnr", "igmp || arp"]);
    let second = [
        "http2.headers.method == \"POST\"",
        "http2.headers.status == 404",
        "http2.headers.content_type contains \"html\"",
        "http2.headers.server && http2.headers.status < 300",
    ];
    count_as_tshark(&samples.join("protocols/http2.pcapng"), &second);
}

/// Each filter finds in the file what it finds there for TShark, and that is something.
fn count_as_tshark(file: &Path, filters: &[&str]) {
    let bench = Bench::fresh();
    bench.import(&[file]);
    for filter in filters {
        let page = bench
            .app
            .call("rows", json!({ "view": "frames", "select": { "filter": filter }, "limit": 10_000, "count": true }));
        let page = page.unwrap_or_else(|why| panic!("{filter}: {why}"));
        let ours: Vec<String> = page["rows"].as_array().unwrap().iter().map(|row| row["frame"].to_string()).collect();
        let theirs = tshark(&["-r", file.to_str().unwrap(), "-Y", filter, "-T", "fields", "-e", "frame.number"]);
        assert_eq!(ours, theirs.lines().collect::<Vec<_>>(), "{filter}");
        assert_eq!(page["total"].as_u64().unwrap() as usize, ours.len(), "{filter}");
        assert!(!ours.is_empty(), "{filter}");
    }
}

/// Frame by frame: who probes, the sequence number, the channel, the signal, the name asked for.
#[test]
fn probe_requests_equal_tshark() {
    let Some(capture) = real_samples().map(|folder| folder.join("probe-requests-radiotap-2023-04-14.pcap")) else {
        return;
    };
    if !has_tshark() {
        return;
    }
    let fields = ["frame.number", "wlan.sa", "wlan.seq", "wlan_radio.channel", "radiotap.dbm_antsignal", "wlan.ssid"];
    let path = capture.display().to_string();
    let mut args = vec!["-r", &path, "-Y", "wlan.fc.type_subtype == 4", "-T", "fields"];
    fields.iter().for_each(|field| args.extend(["-e", field]));
    let hex = |name: &str| name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let theirs: Vec<String> = tshark(&args).lines().map(|line| line.replace("<MISSING>", "")).collect();
    let bench = Bench::fresh();
    bench.import(&[&capture]);
    let ours: Vec<String> = bench
        .rows("wlan", &[("msg_type", "probe_request")])
        .iter()
        .map(|row| {
            let name = hex(row["ssid"].as_str().unwrap_or_default());
            // 802.11's own channel where the sender names another than the one it was heard on.
            let heard = (row["frequency"].as_i64().unwrap() - 2407) / 5;
            format!(
                "{}\t{}\t{}\t{heard}\t{}\t{name}",
                row["frame"],
                row["src"].as_str().unwrap(),
                row["sequence"],
                row["signal"]
            )
        })
        .collect();
    assert_eq!(ours.len(), 3_227);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}
