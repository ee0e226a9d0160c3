//! The command line as scripts know it: the program itself, on real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program, away from the user's own settings.
fn lintel(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintel"));
    command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).env("HOME", home);
    command
}

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        let case = Case { folder: tempfile::tempdir().unwrap() };
        let made = case.run(&["case", "new", "CASE", "--name", "Hollis Street 14", "--zone", "Europe/Berlin"]);
        assert_eq!(code(&made), 0, "{made:?}");
        case
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("home.lintel")
    }

    /// Runs the program; the word CASE stands for the case's folder.
    fn run(&self, args: &[&str]) -> Output {
        let dir = self.dir();
        let args = args.iter().map(|arg| if *arg == "CASE" { dir.as_os_str() } else { arg.as_ref() });
        lintel(self.folder.path()).args(args).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], args].concat());
        assert!(code(&output) <= 1, "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// All that a case says, as one text.
    fn dump(&self) -> String {
        ["facts", "flows", "frames", "issues", "devices", "presence"]
            .map(|view| String::from_utf8(self.run(&["--json", "show", "CASE", view]).stdout).unwrap())
            .join("\n")
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../samples")
}

fn household() -> String {
    samples().join("hollis-street").display().to_string()
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let dumps = [Case::new(), Case::new()].map(|case| {
        case.run(&["import", "CASE", &household()]);
        case.dump()
    });
    assert!(dumps[0].lines().count() > 1_000);
    assert!(dumps[0] == dumps[1], "two imports of the same evidence differ");
}

#[test]
fn rows_have_the_fields_that_scripts_rely_on() {
    let case = Case::new();
    case.run(&["import", "CASE", &household()]);
    for row in case.json(&["show", "CASE", "evidence"]) {
        for field in ["sha256", "path", "kind", "size", "status", "frames", "first_ts", "last_ts", "parent"] {
            assert!(row.get(field).is_some(), "evidence has no {field}");
        }
    }
    let facts = case.json(&["show", "CASE", "facts"]);
    for row in &facts {
        for field in ["kind", "ts", "evidence", "run", "frame", "offset", "length", "uid", "src", "dst", "subject"] {
            assert!(row.get(field).is_some(), "a fact has no {field}: {row}");
        }
        assert!(row.as_object().unwrap().keys().all(|name| !name.starts_with('_')));
        if let Some(ts) = row["ts"].as_str() {
            assert!(ts.len() == 30 && ts.ends_with('Z'), "{ts}");
        }
    }
    let count = case.json(&["show", "CASE", "facts", "--count"]);
    assert_eq!(count[0]["count"], facts.len());
    assert_eq!(case.json(&["show", "CASE", "facts", "--limit", "7"]).len(), 7);

    // One item by hash, by the beginning of its hash, by path; together all facts are found again.
    let items = case.json(&["show", "CASE", "evidence", "--where", "kind=pcapng"]);
    let item = items.iter().find(|item| item["path"].as_str().unwrap().ends_with("router.pcapng")).unwrap();
    let (sha256, path) = (item["sha256"].as_str().unwrap(), item["path"].as_str().unwrap());
    let mine = facts.iter().filter(|row| row["evidence"] == sha256).count();
    assert!(mine > 100);
    for name in [sha256, &sha256[..8], path, "router.pcapng"] {
        let rows = case.json(&["show", "CASE", "facts", "--where", &format!("evidence={name}")]);
        assert_eq!(rows.len(), mine, "evidence={name}");
    }

    // A stretch of time, and the rest.
    let middle = facts[facts.len() / 2]["ts"].as_str().unwrap();
    let before = case.json(&["show", "CASE", "facts", "--until", middle]).len();
    let after = case.json(&["show", "CASE", "facts", "--since", middle]).len();
    let timed = facts.iter().filter(|row| !row["ts"].is_null()).count();
    assert!(before > 0 && after > 0);
    assert_eq!(before + after, timed);
}

#[test]
fn every_fact_leads_to_its_bytes() {
    let case = Case::new();
    case.run(&["import", "CASE", &household()]);
    let mut proven = 0;
    for row in case.json(&["show", "CASE", "dns"]) {
        let capture = case.json(&[
            "show",
            "CASE",
            "evidence",
            "--where",
            &format!("sha256={}", row["evidence"].as_str().unwrap()),
        ]);
        let path = capture[0]["path"].as_str().unwrap();
        if path.contains("!/") || !row["pieces"].is_null() {
            continue;
        }
        let bytes = fs::read(path).unwrap();
        let at = row["offset"].as_u64().unwrap() as usize;
        let message = &bytes[at..at + row["length"].as_u64().unwrap() as usize];
        assert_eq!(u16::from_be_bytes([message[0], message[1]]), row["trans_id"].as_u64().unwrap() as u16);
        proven += 1;
        if proven == 20 {
            break;
        }
    }
    assert_eq!(proven, 20);
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let case = Case::new();
    let evidence = case.folder.path().join("evidence");
    fs::create_dir(&evidence).unwrap();
    for name in ["router.pcapng", "lamp-port.pcap"] {
        fs::copy(samples().join("hollis-street").join(name), evidence.join(name)).unwrap();
    }
    case.run(&["import", "CASE", evidence.to_str().unwrap()]);
    let good = case.run(&["verify", "CASE"]);
    assert_eq!(code(&good), 0, "{}", String::from_utf8_lossy(&good.stdout));

    let target = evidence.join("lamp-port.pcap");
    let mut bytes = fs::read(&target).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&target, bytes).unwrap();
    let lines = case.json(&["verify", "CASE"]);
    assert_eq!(code(&case.run(&["verify", "CASE"])), 1);
    for line in lines {
        let want = if line["object"].as_str().unwrap().ends_with("lamp-port.pcap") { "changed" } else { "match" };
        assert_eq!(line["state"], want, "{line}");
    }

    let log = case.dir().join("custody.log");
    let mut text = fs::read(&log).unwrap();
    let second = text.iter().position(|byte| *byte == b'\n').unwrap() + 40;
    text[second] ^= 1;
    fs::write(&log, text).unwrap();
    let custody = case.run(&["custody", "CASE", "--verify"]);
    assert_eq!(code(&custody), 1);
    assert!(String::from_utf8_lossy(&custody.stdout).contains("line 2 of the custody log"));
    assert_eq!(code(&case.run(&["verify", "CASE"])), 1);
}

#[test]
fn filters_select_rows_of_every_view() {
    let case = Case::new();
    case.run(&["import", "CASE", samples().join("hollis-street/router.pcapng").to_str().unwrap()]);
    let count = |view: &str, filter: &str| {
        let line = &case.json(&["show", "CASE", view, "--filter", filter, "--count"])[0];
        line["count"].as_u64().unwrap_or_else(|| panic!("{view}: {filter}: {line}"))
    };
    let queries = count("facts", "dns.qry.name contains \"cloud\"");
    assert!(queries > 0);
    assert_eq!(count("frames", "dns.qry.name contains \"cloud\""), queries, "each message is a frame and a fact");
    assert_eq!(count("facts", "mqtt"), count("mqtt", ""));
    assert_eq!(count("facts", "!mqtt") + count("facts", "mqtt"), count("facts", ""));
    assert!(count("flows", "dns.qry.name contains \"cloud\"") > 0);
    assert_eq!(count("flows", "tcp") + count("flows", "!tcp"), count("flows", ""));
    assert_eq!(count("flows", "tcp.port in {1 80..80}"), count("flows", "tcp && (id.orig_p == 80 or id.resp_p == 80)"));
    for filter in
        ["ip.addr == 192.168.86.0/24 && udp.srcport == 53", "eth.src == 38:8c:50:14:00:25", "frame.time >= 2026-01-01"]
    {
        assert!(count("facts", filter) > 0, "{filter}");
    }
    for (filter, says) in [
        ("dns and htpp.host", "unknown field 'htpp.host' at 9; did you mean 'http.host'?"),
        ("(dns", "')' is missing at 5"),
    ] {
        let refused = case.run(&["show", "CASE", "facts", "--filter", filter]);
        assert_eq!(code(&refused), 2);
        assert!(
            String::from_utf8_lossy(&refused.stderr).contains(says),
            "{}",
            String::from_utf8_lossy(&refused.stderr)
        );
    }
}

#[test]
fn packets_of_a_flow_leave_as_a_capture_and_come_back_the_same() {
    let case = Case::new();
    case.run(&["import", "CASE", samples().join("hollis-street/router.pcapng").to_str().unwrap()]);
    let flow = case.json(&["show", "CASE", "flows", "--filter", "mqtt", "--limit", "1"]).remove(0);
    let uid = format!("uid={}", flow["uid"].as_str().unwrap());
    let frames = case.json(&["show", "CASE", "frames", "--where", &uid]);
    assert_eq!(frames.len() as u64, flow["orig_pkts"].as_u64().unwrap() + flow["resp_pkts"].as_u64().unwrap());
    let said = case.json(&["follow", "CASE", flow["uid"].as_str().unwrap()]);
    assert!(said.iter().any(|part| part["from_orig"] == true) && said.iter().any(|part| part["from_orig"] == false));

    let out = case.folder.path().join("out");
    let export = ["export", "CASE", "--format", "pcapng", "--where", &uid, "--out", out.to_str().unwrap()];
    assert_eq!(code(&case.run(&export)), 0);
    let line = case.json(&["custody", "CASE"]).into_iter().rfind(|line| line["action"] == "export").unwrap();
    assert_eq!(line["params"]["packets"], frames.len() as u64);
    assert!(line["objects"][0].as_str().is_some_and(|hash| hash.len() == 64));
    let again = Case::new();
    again.run(&["import", "CASE", out.to_str().unwrap()]);
    let of = |rows: &[Value]| -> Vec<[Value; 4]> {
        rows.iter().map(|row| ["ts", "length", "cap_len", "info"].map(|name| row[name].clone())).collect()
    };
    assert_eq!(of(&again.json(&["show", "CASE", "frames"])), of(&frames));
    let comments = again.json(&["show", "CASE", "capture_comment"]);
    assert!(
        comments
            .iter()
            .any(|row| row["scope"] == "section" && row["comment"].as_str().unwrap().contains("evidence sha256 "))
    );
    assert_eq!(code(&case.run(&["export", "CASE", "--format", "pcapng", "--filter", "frame.number == 99999"])), 3);
    assert_eq!(code(&case.run(&["verify", "CASE"])), 0);
}

#[test]
fn tables_for_other_programs_hold_every_fact() {
    let case = Case::new();
    case.run(&["import", "CASE", samples().join("hollis-street").to_str().unwrap()]);
    let out = case.folder.path().join("out");
    assert_eq!(code(&case.run(&["export", "CASE", "--format", "sqlite", "--out", out.to_str().unwrap()])), 0);
    let file = fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
    let db = rusqlite::Connection::open(file).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    assert_eq!(count("SELECT count(*) FROM dns"), case.json(&["show", "CASE", "dns"]).len() as u64);
    assert_eq!(count("SELECT count(*) FROM flows"), case.json(&["show", "CASE", "flows"]).len() as u64);
    assert!(count("SELECT count(*) FROM mqtt WHERE topic <> '' AND ts >= '2026'") > 0);
    assert!(count("SELECT count(*) FROM about WHERE \"table\" = 'dns' AND \"column\" = 'query'") == 1);
}

#[test]
fn files_leave_as_they_were_and_secrets_only_for_a_reason() {
    let case = Case::new();
    case.run(&["import", "CASE", &household()]);
    let out = case.folder.path().join("out");
    let export = ["export", "CASE", "--format", "files", "--where", "sha256!=", "--out", out.to_str().unwrap()];
    let exported = case.run(&export);
    assert_eq!(code(&exported), 0, "{exported:?}");
    let known: Vec<String> = case
        .json(&["show", "CASE", "files", "--where", "sha256!="])
        .iter()
        .map(|row| row["sha256"].as_str().unwrap().to_owned())
        .collect();
    let names: Vec<String> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let list = names.iter().find(|name| name.ends_with(".jsonl")).expect("a list of the files");
    let list = fs::read_to_string(out.join(list)).unwrap();
    assert!(!known.is_empty() && list.lines().count() == known.len(), "{list}");
    for line in list.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (sha256, file) = (line["sha256"].as_str().unwrap(), Path::new(line["file"].as_str().unwrap()));
        assert!(line["state"] == "match" && known.iter().any(|known| known == sha256), "{line}");
        // Hashed anew, by what reads evidence.
        let detected = fs::read(out.join(file.file_name().unwrap())).unwrap();
        assert_eq!(detected.len() as u64, line["length"].as_u64().unwrap());
        assert!(file.file_name().unwrap().to_str().unwrap().starts_with(&sha256[..16]));
    }
    assert_eq!(code(&case.run(&["export", "CASE", "--format", "files", "--where", "filename=none"])), 3);

    let passwords = |more: &[&str]| -> Vec<String> {
        let rows = case.json(&[&["show", "CASE", "credentials"], more].concat());
        rows.iter().map(|row| row["password"].as_str().unwrap().to_owned()).collect()
    };
    let masked = passwords(&[]);
    assert!(!masked.is_empty() && masked.iter().all(|password| password == "••••••"), "{masked:?}");
    let told = passwords(&["--reveal", "warrant 12/4"]);
    assert_eq!(told.len(), masked.len());
    assert!(told.iter().any(|password| password == "a-lamp-secret"), "{told:?}");
    assert!(!case.dump().contains("a-lamp-secret"));
    let log = case.json(&["custody", "CASE"]);
    let line = log.iter().rfind(|line| line["action"] == "secrets_reveal").unwrap();
    assert_eq!(line["params"]["reason"], "warrant 12/4");
    assert_eq!(line["params"]["revealed"].as_array().unwrap().len(), told.len());
    assert!(!log.iter().any(|line| line.to_string().contains("a-lamp-secret")));
}

#[test]
fn coverage_says_what_was_not_understood() {
    let case = Case::new();
    case.run(&["import", "CASE", samples().join("hollis-street").to_str().unwrap()]);
    let rows = case.json(&["show", "CASE", "coverage"]);
    let state = |part: &str| rows.iter().find(|row| row["part"] == part).map(|row| row["state"].clone());
    assert_eq!(state("mqtt"), Some("understood".into()));
    assert_eq!(state("tls"), Some("encrypted".into()));
    assert!(rows.iter().any(|row| row["name"] == "story.tsv" && row["state"] == "not read"));
    for item in case.json(&["show", "CASE", "evidence"]).iter().filter(|item| item["frames"].as_u64() > Some(0)) {
        let mine = rows.iter().filter(|row| row["evidence"] == item["sha256"]);
        let (whole, parts): (Vec<_>, Vec<_>) = mine.partition(|row| row["part"] == "whole item");
        let sum: u64 = parts.iter().filter_map(|row| row["frames"].as_u64()).sum();
        assert_eq!(whole[0]["frames"].as_u64(), Some(sum), "every packet of {} is accounted for, once", item["name"]);
    }
}

#[test]
fn evidence_stays_as_it_is() {
    let case = Case::new();
    let evidence = case.folder.path().join("evidence");
    fs::create_dir(&evidence).unwrap();
    let file = evidence.join("router.pcapng");
    fs::copy(samples().join("hollis-street/router.pcapng"), &file).unwrap();
    let state = || {
        let metadata = fs::metadata(&file).unwrap();
        #[cfg(unix)]
        let changed = std::os::unix::fs::MetadataExt::ctime_nsec(&metadata);
        #[cfg(not(unix))]
        let changed = 0;
        let names: Vec<_> = fs::read_dir(&evidence).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        (fs::read(&file).unwrap(), metadata.modified().unwrap(), changed, metadata.permissions().readonly(), names)
    };
    let before = state();
    let mut permissions = fs::metadata(&evidence).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&evidence, permissions.clone()).unwrap();
    case.run(&["import", "CASE", evidence.to_str().unwrap()]);
    case.run(&["import", "CASE", "--copy", file.to_str().unwrap()]);
    case.run(&["verify", "CASE"]);
    case.json(&["show", "CASE", "frames"]);
    #[expect(clippy::permissions_set_readonly_false, reason = "so that the folder can be cleaned up")]
    permissions.set_readonly(false);
    fs::set_permissions(&evidence, permissions).unwrap();
    assert!(state() == before, "reading evidence has changed it");
    assert_eq!(case.json(&["show", "CASE", "evidence"]).len(), 1, "the same file twice is one item");
}

#[test]
fn copies_are_verified_and_serve_when_the_original_is_gone() {
    let case = Case::new();
    let file = case.folder.path().join("lamp.pcap");
    fs::copy(samples().join("hollis-street/lamp-port.pcap"), &file).unwrap();
    case.run(&["import", "CASE", "--copy", file.to_str().unwrap()]);
    let frames = case.json(&["show", "CASE", "frames"]);
    fs::remove_file(&file).unwrap();
    assert_eq!(case.json(&["show", "CASE", "frames"]), frames);
    let lines = case.json(&["verify", "CASE"]);
    assert_eq!(lines[0]["state"], "missing", "the original is gone, which is to be said");
}

#[test]
fn a_killed_import_is_finished_without_a_trace() {
    let evidence = tempfile::tempdir().unwrap();
    fs::write(evidence.path().join("a-many-queries.pcap"), many_queries(150_000)).unwrap();
    fs::copy(samples().join("hollis-street/router.pcapng"), evidence.path().join("b-router.pcapng")).unwrap();
    let whole = evidence.path().to_str().unwrap();

    let undisturbed = Case::new();
    undisturbed.run(&["import", "CASE", whole]);
    let want = undisturbed.dump();

    let case = Case::new();
    let mut import = lintel(case.folder.path())
        .args(["import", case.dir().to_str().unwrap(), whole])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As soon as a batch of rows is there, and long before all are: seen by the database's log, which costs no time.
    let began = Instant::now();
    let log = case.dir().join("case.db-wal");
    while fs::metadata(&log).map_or(0, |log| log.len()) < 500_000 && import.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "no rows after a minute");
    }
    assert!(
        import.try_wait().unwrap().is_none(),
        "the import was over before it could be killed: make the capture larger"
    );
    import.kill().unwrap();
    import.wait().unwrap();

    let info = &case.json(&["case", "info", "CASE"])[0];
    assert!(!info["interrupted"].as_array().unwrap().is_empty(), "{info}");
    assert_eq!(case.json(&["show", "CASE", "facts", "--count"])[0]["count"], 0, "what was half read is not shown");
    let resumed = case.run(&["resume", "CASE"]);
    assert_eq!(code(&resumed), 0, "{}", String::from_utf8_lossy(&resumed.stderr));
    assert!(case.dump() == want, "the finished import differs from an undisturbed one");
    assert!(case.json(&["case", "info", "CASE"])[0]["interrupted"].as_array().unwrap().is_empty());
    assert_eq!(code(&case.run(&["verify", "CASE"])), 0);
}

/// A capture of DNS queries: Ethernet, IPv4, UDP, each a name of its own.
fn many_queries(count: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for n in 0..count {
        let name = format!("n{n}");
        let mut dns = Vec::from([(n >> 8) as u8, n as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.len() as u8]);
        dns.extend_from_slice(name.as_bytes());
        dns.extend_from_slice(b"\x07example\x00\x00\x01\x00\x01");
        let (udp, ip) = ((8 + dns.len()) as u16, (28 + dns.len()) as u16);
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend_from_slice(&ip.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 10, 0, (n >> 8) as u8, n as u8, 10, 0, 0, 1]);
        frame.extend_from_slice(&(1024 + (n % 60_000) as u16).to_be_bytes());
        frame.extend_from_slice(&[0, 53]);
        frame.extend_from_slice(&udp.to_be_bytes());
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(&dns);
        for word in [1_700_000_000 + n / 1_000, n % 1_000 * 1_000, frame.len() as u32, frame.len() as u32] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&frame);
    }
    out
}

#[test]
fn exit_codes_and_sentences() {
    let case = Case::new();
    let nowhere = case.folder.path().join("nowhere").display().to_string();
    for (args, want, says) in [
        (vec!["nonsense"], 2, "unrecognized subcommand"),
        (vec!["show", "CASE", "no-such-view"], 2, "there is no view 'no-such-view'"),
        (vec!["show", "CASE", "facts", "--where", "x"], 2, "not of the form FIELD=VALUE"),
        (vec!["show", "CASE", "flows", "--where", "nothing=1"], 2, "has no column 'nothing'"),
        (vec!["show", "CASE", "facts", "--since", "yesterday"], 2, "'yesterday' is not a time"),
        (vec!["show", &nowhere, "facts"], 3, "there is no case there"),
        (vec!["import", "CASE", &nowhere], 3, "there is no such file or folder"),
        (vec!["import", "CASE", case.folder.path().to_str().unwrap()], 3, "the case itself lies in it"),
        (vec!["case", "new", "CASE", "--name", "again"], 3, "there is one already"),
        (vec!["call", "CASE", "rows", "{"], 2, "reading the request to rows"),
        (vec!["detect", &nowhere], 3, "there is no such file or folder"),
    ] {
        let output = case.run(&args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), want, "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    let case = Case::new();
    let imported = case.run(&["import", "CASE", samples().join("broken").to_str().unwrap()]);
    assert_eq!(code(&imported), 1, "{}", String::from_utf8_lossy(&imported.stderr));
    let evidence = case.json(&["show", "CASE", "evidence"]);
    assert!(evidence.iter().all(|item| item["status"] != "reading"));
    let of =
        |name: &str| evidence.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{name} is missing"));
    for name in ["pcap_cut_in_record.pcap", "onhub_cut.report", "zip_path_traversal.zip", "gzip_cut.pcap"] {
        assert_eq!(of(name)["status"], "partial", "{name}");
        assert!(of(name)["issues"].as_u64() > Some(0), "{name}");
    }
    assert_eq!(of("empty.pcap")["kind"], "other");
    for item in &evidence {
        assert!(item["status"] == "refused" || item["sha256"].is_string(), "{item}");
    }
}

#[test]
fn countries_are_told_by_a_table_that_is_loaded_and_by_nothing_else() {
    let case = Case::new();
    case.run(&["import", "CASE", samples().join("hollis-street/router.pcapng").to_str().unwrap()]);
    let places = || -> Vec<(String, Value)> {
        let map = case.json(&["call", "CASE", "network_map"]).remove(0);
        let nodes = map["nodes"].as_array().unwrap().iter();
        nodes.map(|node| (node["id"].as_str().unwrap().to_owned(), node["place"].clone())).collect()
    };
    assert!(places().iter().all(|(_, place)| place.is_null()));
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/ui/countries.mmdb");
    let load = serde_json::json!({ "path": table }).to_string();
    let loaded = case.json(&["call", "CASE", "geo_load", &load]).remove(0);
    let sha256 = loaded["tables"][0]["sha256"].as_str().unwrap().to_owned();
    let known: Vec<String> = places()
        .iter()
        .filter(|(_, place)| !place.is_null())
        .map(|(id, place)| format!("{id} {} {} {}", place["code"], place["as_number"], place["by"][0]))
        .collect();
    let by = "\"countries.mmdb (Test-Country-ASN, 2026-11-03)\"";
    assert_eq!(known, [format!("203.0.113.10 \"DE\" 64500 {by}"), format!("203.0.113.20 \"NL\" 64501 {by}")]);

    // What was loaded is on record, with its hash; what is no table is refused, and that is on record, too.
    let refused = serde_json::json!({ "path": samples().join("hollis-street/radio.pcap") }).to_string();
    assert_eq!(code(&case.run(&["call", "CASE", "geo_load", &refused])), 2);
    let log = case.json(&["custody", "CASE"]);
    let lines: Vec<&Value> = log.iter().filter(|line| line["action"] == "geo_load").collect();
    assert_eq!((lines.len(), lines[0]["objects"][0].as_str()), (2, Some(sha256.as_str())));
    assert!(lines[1]["outcome"].as_str().unwrap().contains("no table in MaxMind's format"), "{}", lines[1]);
    let remove = serde_json::json!({ "sha256": sha256 }).to_string();
    assert_eq!(code(&case.run(&["call", "CASE", "geo_remove", &remove])), 0);
    assert!(places().iter().all(|(_, place)| place.is_null()));
}
