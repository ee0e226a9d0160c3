//! Recording at real interfaces: as root on Linux, in network namespaces; elsewhere each test says that it was not tried.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use support::{Cable, PROGRAM, Recorder, blocks, capinfos, counter, has, kept, sh, tshark, wait_until, words};

/// The payloads that `Cable::send` sends, in order.
fn numbers(capture: &Path) -> Vec<u32> {
    let rows = tshark(capture, "-Y udp -T fields -e udp.payload");
    let number = |row: &String| {
        let digits = &row["6e756d62657220".len()..];
        digits.as_bytes().chunks(2).fold(0, |number, digit| number * 10 + u32::from(digit[1] - b'0'))
    };
    rows.iter().map(number).collect()
}

#[test]
fn records_what_a_filter_takes() {
    let Some(cable) = Cable::new() else { return };
    let mut command = cable.near(PROGRAM);
    command.args(["record", "--interface", "near0", "--filter", "udp port 7007 or udp port 7008"]);
    let recorder = Recorder::start(command.args(["--comment", "Search of 21 November", "--comment", "second note"]));
    cable.send(7007, 2_000);
    cable.send(9, 50); // not asked for
    cable.send(7008, 1_000);
    let done = recorder.stop();

    assert_eq!(done.status.code(), Some(0));
    let last = done.last();
    assert_eq!((&last["why"], &last["packets"]), (&"asked".into(), &3_000.into()));
    assert_eq!((&last["received"], &last["dropped"]), (&3_000.into(), &0.into()));
    assert_eq!(last["bytes"], 3_000 * (14 + 20 + 8 + 13));

    let blocks = blocks(&done.stdout);
    assert_eq!((blocks[0].0, blocks[1].0, blocks[blocks.len() - 1].0), (0x0a0d_0d0a, 1, 5));
    assert_eq!(blocks.iter().filter(|(kind, _)| *kind == 6).count(), 3_000);
    let statistics = blocks[blocks.len() - 1].1;
    let counts = [4, 5, 6, 7, 8].map(|code| counter(statistics, 12, code));
    assert_eq!(counts, [Some(3_000), Some(0), Some(3_000), Some(0), Some(3_000)]);

    if has("tshark") && has("capinfos") {
        let capture = kept(&done.stdout);
        let mut expected: Vec<u32> = (0..2_000).collect();
        expected.extend(0..1_000);
        assert_eq!(numbers(capture.path()), expected);
        assert_eq!(tshark(capture.path(), "-c 1 -T fields -e frame.interface_name"), ["near0"]);
        let about = capinfos(capture.path());
        for text in [
            "Number of packets:   3000",
            "Capture comment:     Search of 21 November",
            "Capture comment:     second note",
            "Name = near0",
            "Filter string = udp port 7007 or udp port 7008",
            "Time precision = nanoseconds (9)",
            "Strict time order:   True",
            "Number of stat entries = 1",
            "Capture application: lintel-capture",
        ] {
            assert!(about.contains(text), "{text} is not in:\n{about}");
        }
    }
}

#[test]
fn rows_come_at_once() {
    let Some(cable) = Cable::new() else { return };
    let mut recorder = cable.record("near0 --filter udp");
    let mut stdout = recorder.child.stdout.take().unwrap();
    let (sender, got) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        let mut piece = vec![0; 1 << 16];
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            sender.send(length).unwrap();
        }
    });
    got.recv_timeout(Duration::from_secs(5)).expect("the head of the file");
    for _ in 0..3 {
        cable.send(7007, 1);
        let length = got.recv_timeout(Duration::from_secs(2)).expect("a packet");
        assert_eq!(length, 32 + 56);
    }
    recorder.signal("TERM");
    assert_eq!(recorder.done().last()["packets"], 3);
    reader.join().unwrap();
}

#[test]
fn privileges_are_given_up() {
    let Some(cable) = Cable::new() else { return };
    let state = |pid: u32, name: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let folder = tempfile::tempdir().unwrap();
    sh(&format!("chown 65534:65534 {}", folder.path().display()));
    for sudo in [false, true] {
        let mut command = cable.near(PROGRAM);
        let path = folder.path().join(format!("{sudo}.pcapng"));
        command.args(["record", "--interface", "near0", "--write"]).arg(&path);
        if sudo {
            command.envs([("SUDO_UID", "65534"), ("SUDO_GID", "65534")]);
        } else {
            // The folder is another user's: without a capability root may not write there either.
            sh(&format!("chmod 777 {}", folder.path().display()));
        }
        let recorder = Recorder::start(&mut command);
        let tasks = fs::read_dir(format!("/proc/{}/task", recorder.child.id())).unwrap();
        let tasks: Vec<u32> = tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
        assert!(tasks.len() > 1);
        for task in tasks {
            for set in ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"] {
                assert_eq!(state(task, set), "0000000000000000", "{set} sudo: {sudo}");
            }
            assert_eq!(state(task, "NoNewPrivs:"), "1");
            let user = if sudo { "65534 65534 65534 65534" } else { "0 0 0 0" };
            assert_eq!((state(task, "Uid:").as_str(), state(task, "Gid:").as_str()), (user, user));
        }
        cable.send(7007, 10);
        assert!(recorder.stop().last()["packets"].as_u64() >= Some(10));
        let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).unwrap());
        assert_eq!(owner, if sudo { 65_534 } else { 0 });
    }
}

#[test]
fn sentences_and_exit_codes() {
    let Some(cable) = Cable::new() else { return };
    // As nobody, from a place where nobody may look.
    let folder = tempfile::tempdir().unwrap();
    sh(&format!("chmod 755 {}", folder.path().display()));
    let copy = folder.path().join("lintel-capture");
    fs::copy(PROGRAM, &copy).unwrap();
    let copy = copy.to_str().unwrap();
    let nobody =
        format!("setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all {copy}");
    sh(&format!("ip -n {} link add idle0 type veth peer name idle1", cable.near));

    let mend = format!("sudo setcap cap_net_raw,cap_net_admin=ep {copy}");
    let cases: [(&str, &str, i32, Option<&str>); 7] = [
        (PROGRAM, "--interface nothere0", 2, Some("there is no interface \"nothere0\"")),
        (&nobody, "--interface nothere0", 2, Some("there is no interface \"nothere0\"")),
        (&nobody, "--interface near0", 3, Some("no permission to capture on near0")),
        (PROGRAM, "--interface near0 --filter tcp||", 2, Some("the filter \"tcp||\" is not one: ")),
        (PROGRAM, "--interface near0 --monitor", 2, Some("near0 has no monitor mode")),
        (PROGRAM, "--interface near0 --link-type 105", 2, None),
        (PROGRAM, "--interface near0 --packets 0", 2, None),
    ];
    for (program, arguments, code, why) in cases {
        let mut command = cable.near(program);
        let done = Recorder::start_only(command.arg("record").args(arguments.split_whitespace())).done();
        assert_eq!(done.status.code(), Some(code), "{arguments}: {:?}", done.events);
        let error = done.error();
        if let Some(why) = why {
            assert!(error["why"].as_str().unwrap().starts_with(why), "{arguments}: {error}");
        }
        assert!(!error["why"].as_str().unwrap().contains('\n') && done.stdout.is_empty());
        if code == 3 {
            assert_eq!(error["mend"], mend);
        }
    }

    let checks = [
        ("--interface near0 --filter tcp", 0, ""),
        ("--interface near0", 0, ""),
        ("--interface near0 --filter port", 2, "lintel-capture: the filter \"port\" is not one: "),
        ("--interface near0 --filter type+mgt", 2, "lintel-capture: the filter \"type mgt\" is not one"),
        ("--interface near0 --link-type 105 --filter type+mgt", 0, ""),
        ("--interface nothere0 --filter tcp", 2, "lintel-capture: there is no interface \"nothere0\"\n"),
    ];
    for (arguments, code, said) in checks {
        let mut command = cable.near(&nobody);
        let arguments = arguments.split_whitespace().map(|word| word.replace('+', " "));
        let output = command.arg("check").args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}: {stderr}");
        assert!(stderr.starts_with(said) && stderr.is_empty() == said.is_empty(), "{said}: {stderr}");
    }

    let doctor = |program: &str| -> serde_json::Value {
        serde_json::from_slice(&cable.near(program).arg("doctor").output().unwrap().stdout).unwrap()
    };
    let (root, nobody) = (doctor(PROGRAM), doctor(&nobody));
    assert_eq!((&root["can_capture"], &root["why"]), (&true.into(), &serde_json::Value::Null));
    assert!(root["libpcap"].as_str().unwrap().starts_with("libpcap version"));
    assert_eq!((&nobody["can_capture"], &nobody["mend"]), (&false.into(), &mend.into()));
    assert_eq!(nobody["effective_capabilities"], serde_json::json!([]));
}

#[test]
fn interfaces_are_listed() {
    let Some(cable) = Cable::new() else { return };
    let output = cable.near(PROGRAM).arg("list").output().unwrap();
    let rows: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let row =
        |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} is not listed"));
    let near = row("near0");
    assert_eq!((&near["kind"], &near["addresses"]), (&"virtual".into(), &serde_json::json!(["10.9.8.1"])));
    assert_eq!((&near["opens"], &near["up"], &near["monitor"]), (&true.into(), &true.into(), &false.into()));
    assert_eq!(near["link_types"][0]["dlt"], 1);
    assert_eq!((&row("lo")["kind"], &row("any")["kind"]), (&"loopback".into(), &"virtual".into()));
}

#[test]
fn activity_is_counted() {
    let Some(cable) = Cable::new() else { return };
    let mut command = cable.near(PROGRAM);
    let mut child = command.arg("activity").stdin(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    cable.send(7007, 400);
    thread::sleep(Duration::from_millis(1_200));
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let packets: u64 = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|second| {
            let interfaces = second["interfaces"].as_array().unwrap();
            interfaces.iter().find(|it| it["name"] == "near0").unwrap()["packets"].as_u64().unwrap()
        })
        .sum();
    // The datagrams, answers that nobody listens there, and who has which address.
    assert!((400..900).contains(&packets), "{packets}");
}

#[test]
fn an_interface_goes_away() {
    let Some(cable) = Cable::new() else { return };
    let recorder = cable.record("near0 --filter udp");
    cable.send(7007, 500);
    thread::sleep(Duration::from_millis(700));
    sh(&format!("ip -n {} link del near0", cable.near));
    let done = recorder.done();
    assert_eq!(done.status.code(), Some(3));
    assert_eq!(done.error()["why"], "the interface near0 went away");
    assert_eq!((&done.last()["why"], &done.last()["packets"]), (&"interface".into(), &500.into()));
    let blocks = blocks(&done.stdout);
    let (kind, statistics) = blocks[blocks.len() - 1];
    assert_eq!((kind, counter(statistics, 12, 8), counter(statistics, 12, 4)), (5, Some(500), Some(500)));
}

#[test]
fn ends_with_whoever_started_it() {
    let Some(cable) = Cable::new() else { return };
    let mut command = cable.near(PROGRAM);
    command.args(["record", "--interface", "near0", "--filter", "udp", "--until-closed"]).stdin(Stdio::piped());
    let mut recorder = Recorder::start(&mut command);
    cable.send(7007, 5);
    thread::sleep(Duration::from_millis(300));
    assert!(recorder.child.try_wait().unwrap().is_none());
    let done = recorder.done(); // which closes its standard input
    assert_eq!(done.status.code(), Some(0));
    assert_eq!((&done.last()["why"], &done.last()["packets"]), (&"asked".into(), &5.into()));
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let Some(cable) = Cable::new() else { return };
    let mut recorder = cable.record("near0");
    drop(recorder.child.stdout.take());
    cable.send(7007, 5);
    let done = recorder.done();
    assert_eq!((&done.last()["why"], done.status.code()), (&"output".into(), Some(0)));
}

#[test]
fn limits() {
    let Some(cable) = Cable::new() else { return };
    let cases = [("--packets 700", 700), ("--bytes 5500", 100), ("--packets 9 --bytes 56", 2)];
    for (limit, packets) in cases {
        let recorder = cable.record(&format!("near0 --filter udp {limit}"));
        cable.send(7007, 1_000);
        let done = recorder.done();
        assert_eq!((&done.last()["why"], &done.last()["packets"]), (&"limit".into(), &packets.into()), "{limit}");
        assert_eq!(blocks(&done.stdout).len(), packets + 3, "{limit}");
    }
    let recorder = cable.record("near0 --filter udp --seconds 4 --snap 60");
    cable.send(7007, 100);
    let done = recorder.done();
    assert_eq!((&done.last()["why"], &done.last()["packets"]), (&"limit".into(), &100.into()));
}

#[test]
fn nothing_is_lost_or_doubled_between_files() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home.pcapng");
    for (limit, least) in [("--file-packets 777", 26), ("--file-bytes 300000", 6), ("--file-seconds 0.1", 3)] {
        let recorder = cable.record(&format!("near0 --filter udp --write {} {limit}", path.display()));
        cable.send(7007, 20_000);
        let done = recorder.stop();
        assert_eq!((&done.last()["packets"], &done.last()["dropped"]), (&20_000.into(), &0.into()));
        let files = done.files();
        assert!(files.len() >= least, "{limit}: {}", files.len());
        let (mut packets, mut received) = (0, 0);
        let mut all = Vec::new();
        for file in &files {
            let bytes = fs::read(file).unwrap();
            let blocks = blocks(&bytes);
            let last = blocks[blocks.len() - 1];
            assert_eq!((blocks[0].0, blocks[1].0, last.0), (0x0a0d_0d0a, 1, 5), "{file}");
            assert_eq!(counter(last.1, 12, 8), Some(blocks.len() as u64 - 3), "{file}");
            packets += blocks.len() - 3;
            received += counter(last.1, 12, 4).unwrap();
            if has("tshark") && limit.contains("bytes") {
                all.extend(numbers(Path::new(file)));
            }
            fs::remove_file(file).unwrap();
        }
        assert_eq!((packets, received), (20_000, 20_000), "{limit}");
        assert!(all.is_empty() || all == (0..20_000).collect::<Vec<_>>());
    }
}

#[test]
fn a_ring_keeps_the_last_files() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.pcapng");
    let recorder = cable.record(&format!("near0 --filter udp --write {} --file-packets 100 --keep 3", path.display()));
    cable.send(7007, 1_050);
    let done = recorder.stop();
    assert_eq!(done.files().len(), 11);
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.sort();
    assert_eq!(left, done.files()[8..].iter().map(Into::<std::path::PathBuf>::into).collect::<Vec<_>>());
    assert_eq!(blocks(&fs::read(&left[2]).unwrap()).len(), 50 + 3);
}

#[test]
fn a_full_disk() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mounted = words("mount -t tmpfs -o size=100k none").arg(folder.path()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("Not tried: a small disk can't be mounted here.");
        return;
    }
    let path = folder.path().join("a.pcapng");
    let recorder = cable.record(&format!("near0 --filter udp --write {}", path.display()));
    cable.send(7007, 3_000);
    let done = recorder.done();
    let bytes = fs::read(&path).unwrap();
    sh(&format!("umount {}", folder.path().display()));
    assert_eq!(done.status.code(), Some(3));
    assert!(done.error()["why"].as_str().unwrap().starts_with("the disk is full: "), "{:?}", done.events);
    assert_eq!(done.last()["why"], "error");
    // Whole, and with as many packets as there was room for.
    let packets = blocks(&bytes).iter().filter(|(kind, _)| *kind == 6).count();
    assert!((1_000..1_164).contains(&packets), "{packets}");
}

#[test]
fn the_end_includes_what_the_system_held() {
    let Some(cable) = Cable::new() else { return };
    for _ in 0..5 {
        let recorder = cable.record("near0 --filter udp");
        cable.send(7007, 300);
        // At once: the system hands packets over every tenth of a second.
        let done = recorder.stop();
        assert_eq!((&done.last()["packets"], &done.last()["received"]), (&300.into(), &300.into()));
    }
}

#[test]
fn a_slow_reader_costs_nothing_while_there_is_room() {
    let Some(cable) = Cable::new() else { return };
    let recorder = cable.record("near0 --filter udp");
    cable.send(7007, 60_000); // 5 MB, five times what a pipe holds
    recorder.signal("INT");
    thread::sleep(Duration::from_millis(500));
    let done = recorder.done();
    assert_eq!((&done.last()["packets"], &done.last()["dropped"]), (&60_000.into(), &0.into()));
    assert_eq!(blocks(&done.stdout).len(), 60_003);
}

#[test]
fn every_interface_at_once() {
    let Some(cable) = Cable::new() else { return };
    let recorder = cable.record("any --filter udp");
    cable.send(7007, 20);
    let done = recorder.stop();
    assert_eq!((&done.last()["why"], done.last()["packets"].as_u64()), (&"asked".into(), Some(20)));
    // The header that says which interface a packet is from.
    assert_eq!(u16::from_le_bytes(blocks(&done.stdout)[1].1[..2].try_into().unwrap()), 276);
}

/// A second signal does not wait for anything.
#[test]
fn a_second_signal_ends_it_at_once() {
    let Some(cable) = Cable::new() else { return };
    let recorder = cable.record("near0");
    let pid = recorder.child.id();
    recorder.signal("STOP");
    recorder.signal("INT");
    recorder.signal("CONT");
    wait_until("the end", || {
        let _ = Command::new("kill").arg("-INT").arg(pid.to_string()).stderr(Stdio::null()).status();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("State:\tZ") || status.is_empty()
    });
    drop(recorder);
}
