//! Recording what somebody else captured: from standard input, a pipe or a file. Takes no privileges.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::{PROGRAM, Recorder, blocks, capinfos, counter, has, kept, tshark};

/// A pcap of so many frames of Ethernet, a tenth of a second apart, in nanoseconds or microseconds, ours or the other way round.
fn pcap(count: u32, nanoseconds: bool, big_endian: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let word =
        |value: u32, out: &mut Vec<u8>| out.extend(if big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    word(if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }, &mut out);
    let version: u32 = if big_endian { 0x0002_0004 } else { 0x0004_0002 };
    for value in [version, 0, 0, 65_535, 1] {
        word(value, &mut out);
    }
    for number in 0..count {
        let tenth = number % 10 * if nanoseconds { 100_000_000 } else { 100_000 };
        for value in [1_700_000_000 + number / 10, tenth, 60, 60] {
            word(value, &mut out);
        }
        let mut frame = [0; 60];
        frame[12..14].copy_from_slice(&if number % 2 == 0 { [0x08, 0x06] } else { [0x88, 0xcc] }); // ARP, LLDP
        frame[20..24].copy_from_slice(&number.to_be_bytes());
        out.extend(frame);
    }
    out
}

fn record(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("record").args(arguments).stdin(Stdio::null());
    command
}

/// Times and numbers of the packets in a pcapng.
fn packets(bytes: &[u8]) -> Vec<(u64, u32)> {
    let word = |body: &[u8], at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
    let one = |body: &[u8]| {
        let time = u64::from(word(body, 4)) << 32 | u64::from(word(body, 8));
        (time, u32::from_be_bytes(body[40..44].try_into().unwrap()))
    };
    blocks(bytes).iter().filter(|(kind, _)| *kind == 6).map(|(_, body)| one(body)).collect()
}

#[test]
fn standard_input_in_any_form() {
    let expected: Vec<_> = (0..40).map(|n: u32| (1_700_000_000_000_000_000 + u64::from(n) * 100_000_000, n)).collect();
    let mut forms = vec![pcap(40, true, false), pcap(40, false, false), pcap(40, true, true), pcap(40, false, true)];
    let (first, second) = (forms[0].clone(), forms.len());
    for form in 0..=second {
        if form == second {
            // What this program writes, it reads.
            let own = record_from(&first, &[]);
            forms.push(own);
        }
        assert_eq!(packets(&record_from(&forms[form], &[])), expected, "form {form}");
    }
    let micro = record_from(&forms[0], &["--micro"]);
    assert_eq!(packets(&micro)[3], (1_700_000_000_300_000, 3));
}

fn record_from(bytes: &[u8], arguments: &[&str]) -> Vec<u8> {
    let mut command = record(&["--interface", "-"]);
    let mut recorder = Recorder::start_only(command.args(arguments).stdin(Stdio::piped()));
    let mut input = recorder.child.stdin.take().unwrap();
    let bytes = bytes.to_owned();
    let feeding = thread::spawn(move || input.write_all(&bytes));
    let done = recorder.done();
    let _ = feeding.join().unwrap();
    assert_eq!((done.status.code(), &done.last()["why"]), (Some(0), &"end".into()), "{:?}", done.events);
    done.stdout
}

#[test]
fn filters_limits_and_snap_hold_here_too() {
    let input = kept(&pcap(1_000, true, false));
    let input = input.path().to_str().unwrap();
    let cases: [(&[&str], &str, usize); 4] = [
        (&["--filter", "arp"], "end", 500),
        (&["--packets", "17"], "limit", 17),
        (&["--bytes", "600"], "limit", 10),
        (&["--filter", "ether proto 0x88cc", "--packets", "3"], "limit", 3),
    ];
    for (arguments, why, count) in cases {
        let done = Recorder::start_only(record(&["--interface", input]).args(arguments)).done();
        assert_eq!((&done.last()["why"], packets(&done.stdout).len()), (&why.into(), count), "{arguments:?}");
        let last = blocks(&done.stdout).pop().unwrap();
        assert_eq!((last.0, counter(last.1, 12, 8)), (5, Some(count as u64)));
    }
    let done = Recorder::start_only(record(&["--interface", input]).args(["--snap", "44"])).done();
    let body = blocks(&done.stdout)[2].1;
    let word = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
    assert_eq!((word(12), word(16), packets(&done.stdout).len()), (44, 60, 1_000));
}

#[test]
fn packets_of_a_live_pipe_come_at_once() {
    let bytes = pcap(3, true, false);
    let mut command = record(&["--interface", "-"]);
    let mut recorder = Recorder::start_only(command.stdin(Stdio::piped()));
    let mut input = recorder.child.stdin.take().unwrap();
    let mut output = recorder.child.stdout.take().unwrap();
    let (sender, got) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        let mut piece = vec![0; 1 << 16];
        while let Ok(length @ 1..) = std::io::Read::read(&mut output, &mut piece) {
            let _ = sender.send(length);
        }
    });
    input.write_all(&bytes[..24]).unwrap();
    got.recv_timeout(Duration::from_secs(5)).expect("the head of the file");
    for number in 0..3 {
        let at = 24 + number * 76;
        input.write_all(&bytes[at..at + 76]).unwrap();
        assert_eq!(got.recv_timeout(Duration::from_secs(2)).expect("a packet"), 92);
    }
    drop(input);
    assert_eq!(recorder.done().last()["packets"], 3);
    reader.join().unwrap();
}

#[test]
fn input_that_breaks_off() {
    let mut bytes = pcap(10, true, false);
    bytes.truncate(bytes.len() - 30);
    let broken = kept(&bytes);
    let done = Recorder::start_only(&mut record(&["--interface", broken.path().to_str().unwrap()])).done();
    assert_eq!((done.status.code(), &done.last()["why"]), (Some(3), &"error".into()));
    assert!(done.error()["why"].as_str().unwrap().contains("truncated"), "{}", done.error());
    assert_eq!(packets(&done.stdout).len(), 9);
    assert_eq!(blocks(&done.stdout).pop().unwrap().0, 5);

    for nonsense in [&b""[..], b"not a capture at all, but long enough to be one", &pcap(1, true, false)[..20]] {
        let nonsense = kept(nonsense);
        let done = Recorder::start_only(&mut record(&["--interface", nonsense.path().to_str().unwrap()])).done();
        assert_eq!(done.status.code(), Some(3));
        assert!(done.error()["why"].as_str().unwrap().starts_with("reading "), "{}", done.error());
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn a_replay_keeps_its_pace() {
    let input = kept(&pcap(11, true, false)); // a second
    let input = input.path().to_str().unwrap();
    for (speed, least, most) in [("1", 1_000, 4_000), ("4", 250, 900), ("0", 0, 500)] {
        let began = Instant::now();
        let done = Recorder::start_only(&mut record(&["--replay", input, "--speed", speed])).done();
        let spent = began.elapsed().as_millis();
        assert!((least..most).contains(&spent), "speed {speed}: {spent} ms");
        assert_eq!((packets(&done.stdout).len(), &done.last()["why"]), (11, &"end".into()));
    }
}

#[test]
fn a_replay_can_be_ended() {
    let input = kept(&pcap(1_000, true, false)); // more than a minute and a half
    let mut command = record(&["--replay", input.path().to_str().unwrap(), "--until-closed"]);
    let recorder = Recorder::start_only(command.stdin(Stdio::piped()));
    thread::sleep(Duration::from_millis(500));
    let done = recorder.done();
    assert_eq!((&done.last()["why"], done.status.code()), (&"asked".into(), Some(0)));
    assert!((2..20).contains(&packets(&done.stdout).len()));
}

#[test]
fn replays_in_files() {
    let input = kept(&pcap(100, true, false));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.pcapng");
    let arguments = ["--speed", "0", "--file-packets", "30", "--write", path.to_str().unwrap(), "--replay"];
    let done = Recorder::start_only(record(&arguments).arg(input.path())).done();
    let files = done.files();
    let counts: Vec<_> = files.iter().map(|file| packets(&fs::read(file).unwrap()).len()).collect();
    assert_eq!(counts, [30, 30, 30, 10]);
    let again =
        Recorder::start_only(record(&["--speed", "0", "--write", &files[0], "--replay"]).arg(input.path())).done();
    assert_eq!(again.status.code(), Some(2));
    assert!(again.error()["why"].as_str().unwrap().ends_with("is there already"));
}

#[test]
fn sources_that_exclude_each_other() {
    for arguments in [&["--interface", "-", "--until-closed"][..], &[], &["--interface", "x", "--replay", "y"]] {
        let done = Recorder::start_only(&mut record(arguments)).done();
        assert_eq!((done.status.code(), done.events.len()), (Some(2), 1), "{arguments:?}");
        assert!(!done.error()["why"].as_str().unwrap().is_empty());
    }
}

/// What other programs say of it: Wireshark's read every sample as they read what was recorded of it.
#[test]
fn wireshark_reads_it_as_the_original() {
    if !has("tshark") || !has("capinfos") {
        println!("Not tried: tshark is not installed.");
        return;
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../samples");
    let mut captures = Vec::new();
    find(&samples, &mut captures);
    let mut read = 0;
    for capture in captures {
        let done = Recorder::start_only(record(&["--speed", "0", "--replay"]).arg(&capture)).done();
        if done.status.code() != Some(0) {
            continue; // with more than one kind of interface, which libpcap does not read
        }
        let copy = kept(&done.stdout);
        let fields = "-T fields -e frame.time_epoch -e frame.len -e frame.cap_len -e frame.protocols -e _ws.col.Info";
        assert!(tshark(&capture, fields) == tshark(copy.path(), fields), "{}", capture.display());
        assert!(capinfos(copy.path()).contains("Number of stat entries = 1"));
        read += 1;
    }
    assert!(read > 0, "no sample was read");
}

fn find(folder: &Path, captures: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.ends_with("broken") {
            continue;
        } else if path.is_dir() {
            find(&path, captures);
        } else if path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng") {
            captures.push(path);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(support::words("mkfifo").arg(&path).status().unwrap().success());
    let recorder = Recorder::start_only(&mut record(&["--interface", path.to_str().unwrap()]));
    fs::File::options().write(true).open(&path).unwrap().write_all(&pcap(5, false, false)).unwrap();
    let done = recorder.done();
    assert_eq!((&done.last()["why"], packets(&done.stdout).len()), (&"end".into(), 5));
}
