//! The program, run on interfaces that exist for a test alone: two network namespaces and a cable between them.

#![allow(dead_code)] // each test program uses its part of it

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lintel-capture");

/// Runs a line of words, which must succeed.
pub fn sh(line: &str) -> String {
    let output = words(line).output().unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn words(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).stdin(Stdio::null());
    command
}

pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Two ends of a cable, each in a namespace of its own; they go with it. IPv6 is off, so that nothing is said unasked.
pub struct Cable {
    pub near: String,
    pub far: String,
}

impl Cable {
    /// None where this is not root, or namespaces can't be made: the test says so and ends.
    pub fn new() -> Option<Cable> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lintel{}x{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let cable = Cable { near: format!("{name}a"), far: format!("{name}b") };
        let does = |line: String| words(&line).output().is_ok_and(|done| done.status.success());
        let made = has("ip") && does(format!("ip netns add {}", cable.near));
        // Where the root folder is no mount point, as in a chroot, they can be made and not entered.
        if !made || !does(format!("ip netns exec {} true", cable.near)) {
            println!("Not tried: network namespaces can't be made here (this takes Linux, root and iproute2).");
            if !made {
                std::mem::forget(cable); // there is nothing to take away
            }
            return None;
        }
        sh(&format!("ip netns add {}", cable.far));
        for space in [&cable.near, &cable.far] {
            sh(&format!(
                "ip netns exec {space} sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
            ));
        }
        sh(&format!("ip -n {} link add near0 type veth peer name far0 netns {}", cable.near, cable.far));
        for (space, end, host) in [(&cable.near, "near0", 1), (&cable.far, "far0", 2)] {
            sh(&format!("ip -n {space} addr add 10.9.8.{host}/24 dev {end}"));
            sh(&format!("ip -n {space} link set {end} up"));
            sh(&format!("ip -n {space} link set lo up"));
        }
        Some(cable)
    }

    /// A program at the near end.
    pub fn near(&self, program: &str) -> Command {
        let mut command = words(&format!("ip netns exec {} {program}", self.near));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Recording at the near end.
    pub fn record(&self, arguments: &str) -> Recorder {
        Recorder::start(self.near(PROGRAM).args(["record", "--interface"]).args(arguments.split_whitespace()))
    }

    /// Sends so many datagrams from the far end to a port of the near end, 500 in a burst, each with its number.
    pub fn send(&self, port: u16, count: u32) {
        let script = format!(
            "import socket, time\n\
             s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
             for n in range({count}):\n\
             \x20   s.sendto(b'number %06d' % n, ('10.9.8.1', {port}))\n\
             \x20   if n % 500 == 499: time.sleep(0.01)\n"
        );
        let mut command = words(&format!("ip netns exec {} python3 -c", self.far));
        assert!(command.arg(script).status().unwrap().success());
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for space in [&self.near, &self.far] {
            let _ = words(&format!("ip netns del {space}")).output();
        }
    }
}

/// The program at work.
pub struct Recorder {
    pub child: Child,
    /// What it has said already.
    said: Vec<Value>,
}

/// What came of it.
pub struct Done {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub events: Vec<Value>,
}

impl Recorder {
    /// Starts it, and waits until it records.
    pub fn start(command: &mut Command) -> Recorder {
        let mut recorder = Recorder::start_only(command);
        let stderr = recorder.child.stderr.as_mut().unwrap();
        while !recorder.said.iter().any(|event| event["event"] == "started") {
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                let mut byte = [0];
                assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{:?}", recorder.said);
                line.push(byte[0]);
            }
            recorder.said.push(serde_json::from_slice(&line).unwrap());
        }
        recorder
    }

    pub fn start_only(command: &mut Command) -> Recorder {
        Recorder { child: command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), said: Vec::new() }
    }

    pub fn signal(&self, name: &str) {
        sh(&format!("kill -{name} {}", self.child.id()));
    }

    /// Waits for its end, for half a minute at most.
    pub fn done(mut self) -> Done {
        let pid = self.child.id();
        let (sender, ended) = std::sync::mpsc::channel();
        let watch = thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(30)).is_err() {
                let _ = words(&format!("kill -9 {pid}")).status();
            }
        });
        drop(self.child.stdin.take());
        let Output { status, stdout, stderr } = self.child.wait_with_output().unwrap();
        let _ = sender.send(());
        watch.join().unwrap();
        let lines = String::from_utf8(stderr).unwrap();
        let mut events = self.said;
        events
            .extend(lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"))));
        Done { status, stdout, events }
    }

    /// Asks it to stop.
    pub fn stop(self) -> Done {
        self.signal("INT");
        self.done()
    }
}

impl Done {
    pub fn last(&self) -> &Value {
        let last = self.events.last().unwrap();
        assert_eq!(last["event"], "stopped", "{:?}", self.events);
        last
    }

    pub fn error(&self) -> &Value {
        self.events
            .iter()
            .find(|event| event["event"] == "error")
            .unwrap_or_else(|| panic!("no error: {:?}", self.events))
    }

    pub fn files(&self) -> Vec<String> {
        let files = self.events.iter().filter(|event| event["event"] == "file");
        files.map(|event| event["path"].as_str().unwrap().to_owned()).collect()
    }
}

/// Rows of fields that tshark finds, separated by tabs.
pub fn tshark(capture: &Path, arguments: &str) -> Vec<String> {
    let output = words("tshark -n -r").arg(capture).args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

pub fn capinfos(capture: &Path) -> String {
    String::from_utf8(words("capinfos -M").arg(capture).output().unwrap().stdout).unwrap()
}

/// Puts bytes in a file of their own.
pub fn kept(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".pcapng").tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.flush().unwrap();
    file
}

/// Waits until something holds, for ten seconds at most.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: not within ten seconds");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Types and bodies of a pcapng's blocks, which must be whole.
pub fn blocks(bytes: &[u8]) -> Vec<(u32, &[u8])> {
    let mut rest = bytes;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let (kind, length) = (word(0), word(4) as usize);
        assert_eq!(word(length - 4) as usize, length);
        blocks.push((kind, &rest[8..length - 4]));
        rest = &rest[length..];
    }
    blocks
}

/// An integer option of a block's body, whose options begin at an offset.
pub fn counter(body: &[u8], mut at: usize, wanted: u16) -> Option<u64> {
    loop {
        let half = |at: usize| u16::from_le_bytes(body[at..at + 2].try_into().unwrap());
        let (code, length) = (half(at), half(at + 2) as usize);
        match code {
            0 => return None,
            _ if code == wanted => return Some(u64::from_le_bytes(body[at + 4..at + 12].try_into().unwrap())),
            _ => at += 4 + length.next_multiple_of(4),
        }
    }
}
