//! Recordings as scripts know them: the two programs themselves, playing captures, being stopped, killed and starved.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program, away from the user's own settings. The capture program is made if nobody has yet.
fn lintel(home: &Path) -> Command {
    static MADE: Once = Once::new();
    let program = Path::new(env!("CARGO_BIN_EXE_lintel"));
    MADE.call_once(|| {
        if !program.with_file_name(format!("lintel-capture{}", std::env::consts::EXE_SUFFIX)).is_file() {
            let mut cargo = Command::new(env!("CARGO"));
            let target = program.ancestors().nth(2).unwrap();
            cargo.args(["build", "--quiet", "-p", "capture", "--target-dir"]).arg(target);
            assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        }
    });
    let mut command = Command::new(program);
    command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).env("HOME", home).env_remove("LINTEL_CAPTURE");
    command
}

struct Case {
    folder: tempfile::TempDir,
    dir: PathBuf,
}

impl Case {
    fn new() -> Case {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("home.lintel");
        let case = Case { folder, dir };
        assert_eq!(code(&case.run(&["case", "new", "CASE", "--name", "Hollis Street 14"])), 0);
        case
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = lintel(self.folder.path());
        command.args(args.iter().map(|arg| if *arg == "CASE" { self.dir.as_os_str() } else { arg.as_ref() }));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], args].concat());
        assert!(code(&output) <= 1, "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn captures(&self) -> Vec<Value> {
        self.json(&["call", "CASE", "captures"]).remove(0).as_array().unwrap().clone()
    }

    /// All that is told of what the captures hold, without the paths that they lie at.
    fn dump(&self) -> String {
        let view = |view: &&str| {
            let mut rows = self.json(&["show", "CASE", view]);
            rows.iter_mut().for_each(|row| {
                row.as_object_mut().unwrap().remove("path");
            });
            rows.into_iter().map(|row| format!("{view} {row}\n")).collect::<String>()
        };
        ["facts", "flows", "frames", "issues", "devices"].iter().map(view).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.join("captures")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../samples")
}

fn sample() -> String {
    samples().join("hollis-street/router.pcapng").display().to_string()
}

/// Enough packets to be stopped in the middle of: the sample again and again, each time a little later.
fn long_capture(folder: &Path, megabytes: usize) -> String {
    let path = folder.join("long.pcap");
    let mut bytes: Vec<u8> = Vec::new();
    bytes.extend([0xa1b2_c3d4_u32.to_le_bytes(), 0x0004_0002_u32.to_le_bytes(), [0; 4], [0; 4]].concat());
    bytes.extend([262_144_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat());
    let mut n = 0_u32;
    while bytes.len() < megabytes << 20 {
        let query = dns_query(&format!("host-{n}.hollis.example"));
        let udp = [&[0x30, 0x39, 0, 53], &(query.len() as u16 + 8).to_be_bytes()[..], &[0, 0], &query].concat();
        let mut ip = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 86, 20, 192, 168, 86, 1];
        ip[2..4].copy_from_slice(&(udp.len() as u16 + 20).to_be_bytes());
        let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &ip, &udp].concat();
        for word in [1_700_000_000 + n / 1_000, n % 1_000 * 1_000, frame.len() as u32, frame.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(frame);
        n += 1;
    }
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// A query for an address, as RFC 1035 section 4 has it.
fn dns_query(name: &str) -> Vec<u8> {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend(label.as_bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    query
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What `capinfos` says of a file, if it is on this machine.
fn capinfos(path: &Path) {
    match Command::new("capinfos").args(["-c", "-M"]).arg(path).output() {
        Ok(output) => assert!(output.status.success(), "{}: {}", path.display(), said(&output)),
        Err(_) => eprintln!("capinfos is not here: {} was not shown to it", path.display()),
    }
}

fn verified(case: &Case) {
    let verify = case.run(&["verify", "CASE"]);
    assert_eq!(code(&verify), 0, "{} {}", String::from_utf8_lossy(&verify.stdout), said(&verify));
}

#[test]
fn what_is_recorded_is_what_an_import_of_it_says() {
    for (replay, more) in [(sample(), &[][..]), (sample(), &["--file-bytes", "60000"])] {
        let live = Case::new();
        let began = live.json(&[&["capture", "CASE", "--replay", &replay, "--speed", "0"], more].concat());
        assert_eq!((&began[0]["state"], &began[0]["why"]), (&"sealed".into(), &"end".into()), "{began:?}");
        let files = live.files();
        assert_eq!(files.len() > 1, !more.is_empty());
        files.iter().for_each(|file| capinfos(file));
        verified(&live);
        let imported = Case::new();
        imported
            .run(&[&["import", "CASE"], &files.iter().map(|f| f.to_str().unwrap()).collect::<Vec<_>>()[..]].concat());
        let (live, imported) = (live.dump(), imported.dump());
        assert!(live.lines().count() > 1_000);
        let differs = live.lines().zip(imported.lines()).find(|(a, b)| a != b);
        assert!(live == imported, "{differs:?}");
    }
}

#[test]
fn the_custody_log_tells_the_recording_whole() {
    let case = Case::new();
    let authority = "warrant 2026-114, district court";
    case.json(&["capture", "CASE", "--replay", &sample(), "--speed", "0", "--filter", "udp", "--authority", authority]);
    let log = case.json(&["custody", "CASE"]);
    let seal = log.iter().find(|line| line["action"] == "capture.seal").unwrap();
    let params = &seal["params"];
    for key in ["interface", "started", "ended", "clock", "packets", "received", "dropped", "program"] {
        assert!(!params[key].is_null(), "no {key}: {params}");
    }
    assert_eq!(
        (&params["authority"], &params["filter"], &seal["outcome"]),
        (&authority.into(), &"udp".into(), &"sealed".into())
    );
    let evidence = case.json(&["show", "CASE", "evidence"]);
    assert_eq!((&params["files"][0]["sha256"], &seal["objects"][0]), (&evidence[0]["sha256"], &evidence[0]["sha256"]));
    let frames = case.json(&["show", "CASE", "frames", "--count"]);
    assert_eq!(params["packets"], frames[0]["count"]);
    assert!(frames[0]["count"].as_u64().unwrap() > 50);
}

#[test]
fn errors_are_a_sentence_and_a_code() {
    let case = Case::new();
    let try_it = |args: &[&str]| {
        let output = case.run(&[&["capture", "CASE"], args].concat());
        (code(&output), said(&output))
    };
    for (args, want, word) in [
        (&["--interface", "no-such-interface"][..], 2, "no-such-interface"),
        (&["--replay", &sample(), "--filter", "udp prot 53"], 2, "udp prot 53"),
        (&["--replay", "/no/such/file"], 3, "there is no such file"),
        (&["--replay", &sample(), "--speed", "-3"], 2, "speed"),
        (&[], 2, "--interface"),
    ] {
        let (code, said) = try_it(args);
        assert!(code == want && said.contains(word), "{args:?}: {code} {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    assert!(case.captures().is_empty() && case.json(&["show", "CASE", "evidence"]).is_empty());
}

/// A recording under way, of more than it can get through in a moment.
fn recording(case: &Case, megabytes: usize) -> Child {
    let replay = long_capture(case.folder.path(), megabytes);
    let mut command = case.command(&["--json", "capture", "CASE", "--replay", &replay, "--speed", "3"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Rows are there before it has ended.
    wait_for("the first rows", || {
        if let Some(status) = child.try_wait().unwrap() {
            let mut why = String::new();
            std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut why).unwrap();
            std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut why).unwrap();
            panic!("the recording has ended: {status}: {why}");
        }
        let count = case.json(&["show", "CASE", "dns", "--count"]);
        (count[0]["count"].as_u64().unwrap() > 500).then_some(())
    });
    child
}

#[test]
fn a_killed_program_loses_nothing_that_was_written() {
    let case = Case::new();
    let mut child = recording(&case, 20);
    child.kill().unwrap();
    child.wait().unwrap();
    let [known] = &case.captures()[..] else { panic!() };
    assert_eq!(known["state"], "interrupted");
    let sealed = case.json(&["capture", "CASE", "--seal", &known["id"].to_string(), "--note", "power failed"]);
    assert!(sealed[0]["message"].as_str().unwrap().contains("sealed"));
    let [known] = &case.captures()[..] else { panic!() };
    assert_eq!((&known["state"], &known["files"][0]["sha256"].is_string()), (&"sealed".into(), &true));
    let frames = case.json(&["show", "CASE", "frames", "--count"])[0]["count"].clone();
    assert!(known["packets"] == frames && frames.as_u64().unwrap() > 500, "{known}");
    verified(&case);
    capinfos(&case.files()[0]);
    assert_eq!(code(&case.run(&["capture", "CASE", "--seal", "1"])), 3, "sealed twice");
    // The same as if somebody had brought the file.
    let imported = Case::new();
    imported.run(&["import", "CASE", case.files()[0].to_str().unwrap()]);
    assert!(case.dump() == imported.dump());
}

#[cfg(unix)]
#[test]
fn a_killed_capture_program_is_told_and_sealed() {
    let case = Case::new();
    let child = recording(&case, 20);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    // Whichever of its threads has begun it.
    let program = match children.trim() {
        "" => {
            let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
            let all =
                threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default());
            all.collect::<String>()
        }
        found => found.to_owned(),
    };
    let program = program.split_whitespace().next().expect("no capture program runs");
    assert!(Command::new("kill").args(["-9", program]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &told["state"]), (1, &"sealed".into()), "{told}");
    assert!(told["message"].as_str().unwrap().contains("unexpectedly"), "{told}");
    assert_eq!(told["packets"], case.json(&["show", "CASE", "frames", "--count"])[0]["count"]);
    verified(&case);
    capinfos(&case.files()[0]);
}

#[test]
fn an_interrupt_stops_and_seals() {
    let case = Case::new();
    let child = recording(&case, 20);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &told["state"], &told["why"]), (0, &"sealed".into(), &"asked".into()), "{told}");
    verified(&case);
}

/// `lintel serve`, called as the page calls it.
struct Service {
    child: Child,
    host: String,
    token: String,
}

impl Service {
    fn of(case: &Case) -> Service {
        let mut child = case.command(&["--json", "serve", "CASE"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
        let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
        let (host, token) = url.trim_start_matches("http://").split_once("/#").unwrap();
        let token = token.rsplit('=').next().unwrap().to_owned();
        Service { child, host: host.to_owned(), token }
    }

    fn call(&self, name: &str, request: Value) -> Value {
        use std::io::{Read, Write};
        let (host, token, body) = (&self.host, &self.token, request.to_string());
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        let head = format!(
            "POST /api/{name} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{name}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_recordings_an_import_and_notes_go_on_beside_each_other() {
    let case = Case::new();
    let service = Service::of(&case);
    let replay = long_capture(case.folder.path(), 2);
    let begin = |path: &str, speed: f64| {
        let replay = serde_json::json!({ "path": path, "speed": speed });
        service.call("capture_start", serde_json::json!({ "replay": replay }))["capture"].as_i64().unwrap()
    };
    let (slow, quick) = (begin(&replay, 0.5), begin(&sample(), 0.0));
    let state = |id: i64| {
        let captures = service.call("captures", Value::Null);
        captures.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone()
    };
    // A note lands between the packets, at its time, and points to its bytes.
    let note = "lamp switched on now <script>";
    wait_for("a first packet", || (state(slow)["packets"].as_u64() > Some(0)).then_some(()));
    service.call("capture_mark", serde_json::json!({ "id": slow, "note": note }));
    let rows = || service.call("rows", serde_json::json!({ "view": "bookmark", "limit": 10 }))["rows"].clone();
    let bookmark = wait_for("the note", || rows().as_array().unwrap().first().cloned());
    assert_eq!((&bookmark["note"], bookmark["ts"].is_string()), (&note.into(), true));
    // Devices follow while it runs.
    wait_for("a device", || {
        let devices = service.call("rows", serde_json::json!({ "view": "devices", "limit": 10 }))["rows"].clone();
        devices.as_array().unwrap().iter().any(|row| row["mac"] == "02:00:00:00:00:02").then_some(())
    });
    wait_for("the quick one's seal", || (state(quick)["state"] == "sealed").then_some(()));
    let broken = samples().join("broken");
    service.call("evidence_add", serde_json::json!({ "paths": [broken] }));
    wait_for("the import", || {
        let jobs = service.call("jobs", Value::Null);
        let import = jobs.as_array().unwrap().iter().find(|job| job["name"] == "import").unwrap().clone();
        (import["state"] != "running").then_some(())
    });
    assert_eq!(state(slow)["state"], "recording", "an import has ended a recording");
    service.call("capture_stop", serde_json::json!({ "id": slow }));
    let sealed = wait_for("the seal", || Some(state(slow)).filter(|one| one["state"] == "sealed"));
    assert_eq!((&sealed["why"], &sealed["marks"]), (&"asked".into(), &1.into()));
    drop(service);
    verified(&case);
    let [mark] = &case.json(&["show", "CASE", "bookmark"])[..] else { panic!() };
    let file = case.dir.join(sealed["files"][0]["path"].as_str().unwrap());
    let (offset, length) = (mark["offset"].as_u64().unwrap() as usize, mark["length"].as_u64().unwrap() as usize);
    let block = &fs::read(&file).unwrap()[offset..offset + length];
    assert!(String::from_utf8_lossy(block).contains(note));
    capinfos(&file);
}

/// A network namespace of its own, with its loopback up: nobody else speaks there.
#[cfg(target_os = "linux")]
struct Namespace(String);

#[cfg(target_os = "linux")]
impl Namespace {
    /// None where none can be made, or entered.
    fn new() -> Option<Namespace> {
        let space = Namespace(format!("lintel{}live", std::process::id()));
        let name = space.0.as_str();
        let ip = |args: &[&str]| Command::new("ip").args(args).output().is_ok_and(|output| output.status.success());
        let ready = ip(&["netns", "add", name]) && ip(&["netns", "exec", name, "ip", "link", "set", "lo", "up"]);
        if !ready {
            eprintln!("not shown: network namespaces can't be made here (this takes root and iproute2)");
        }
        ready.then_some(space)
    }

    /// The same command, there.
    fn within(&self, command: &Command) -> Command {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &self.0]).arg(command.get_program()).args(command.get_args());
        command.get_envs().for_each(|(key, value)| match value {
            Some(value) => drop(there.env(key, value)),
            None => drop(there.env_remove(key)),
        });
        there
    }
}

#[cfg(target_os = "linux")]
impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).output();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_dns_query_is_on_the_timeline_within_a_second() {
    let Some(space) = Namespace::new() else { return };
    let case = Case::new();
    let mut command = space.within(&case.command(&["--json", "capture", "CASE", "--interface", "lo"]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the recording", || {
        let recording = case.captures().first().is_some_and(|capture| capture["state"] == "recording");
        (recording && case.files().first()?.metadata().ok()?.len() > 0).then_some(())
    });
    // What else this machine does may delay one; not all.
    let mut quickest = Duration::MAX;
    for n in 0..8 {
        let name = format!("lamp-{n}.hollis.example");
        let send = "import socket,sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes.fromhex(sys.argv[1]), ('127.0.0.1', 53))";
        let hex: String = dns_query(&name).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sender = Command::new("python3");
        assert!(space.within(sender.args(["-c", send, &hex])).status().unwrap().success());
        let sent = Instant::now();
        let shown =
            || case.json(&["show", "CASE", "facts", "--where", "kind=dns", "--where", &format!("query={name}")]);
        let [row] = &wait_for("the query", || Some(shown()).filter(|rows| !rows.is_empty()))[..] else { panic!() };
        let after = sent.elapsed();
        assert_eq!((&row["kind"], row["ts"].is_string()), (&"dns".into(), true), "{row}");
        quickest = quickest.min(after);
        if quickest < Duration::from_secs(1) {
            break;
        }
    }
    assert!(quickest < Duration::from_secs(1), "the quickest of 8 took {quickest:?}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(code(&child.wait_with_output().unwrap()), 0);
    verified(&case);
}

/// A file system of its own that is soon full; needs the right to mount.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_and_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(folder.path()).output();
    match mount(&["-t", "tmpfs", "-o", "size=160m", "none"]) {
        Ok(output) if output.status.success() => {}
        _ => return eprintln!("not shown: this user may not mount a small file system"),
    }
    let unmount = Unmount(folder.path().to_owned());
    let home = tempfile::tempdir().unwrap();
    let case = Case { folder: home, dir: folder.path().join("home.lintel") };
    assert_eq!(code(&case.run(&["case", "new", "CASE", "--name", "small"])), 0);
    // Almost full: the recording ends while there is room to seal it.
    let replay = long_capture(case.folder.path(), 60);
    let output = case.run(&["--json", "capture", "CASE", "--replay", &replay, "--speed", "50"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &told["state"]), (1, &"sealed".into()), "{told} {}", said(&output));
    assert!(told["why"].as_str().unwrap().contains("disk"), "{told}");
    assert_eq!(told["packets"], case.json(&["show", "CASE", "frames", "--count"])[0]["count"]);
    verified(&case);
    case.files().iter().for_each(|file| capinfos(file));

    // Filled by somebody else, all at once: nothing can be sealed, nor written down.
    let (file, before) = (case.files()[0].clone(), case.captures().len());
    fs::remove_dir_all(&case.dir).unwrap();
    assert_eq!((file.exists(), before), (false, 1));
    assert_eq!(code(&case.run(&["case", "new", "CASE", "--name", "small"])), 0);
    let child = recording(&case, 40);
    let filler = folder.path().join("filler");
    let mut filling = fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut filling, &[0; 1 << 12]).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert!(matches!(code(&output), 1 | 3), "{output:?}");
    drop(filling); // a file that is open keeps its room
    fs::remove_file(&filler).unwrap();
    let [known] = &case.captures()[..] else { panic!() };
    if known["state"] == "interrupted" {
        case.json(&["capture", "CASE", "--seal", &known["id"].to_string()]);
    }
    let [known] = &case.captures()[..] else { panic!() };
    assert_eq!(known["state"], "sealed", "{known}");
    assert!(known["packets"].as_u64().unwrap() > 500);
    assert_eq!(known["packets"], case.json(&["show", "CASE", "frames", "--count"])[0]["count"]);
    verified(&case);
    case.files().iter().for_each(|file| capinfos(file));
    drop(unmount);
}

#[cfg(target_os = "linux")]
struct Unmount(PathBuf);

#[cfg(target_os = "linux")]
impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
