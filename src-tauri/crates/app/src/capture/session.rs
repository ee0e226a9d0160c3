//! One recording: the capture program, its files, what is found in them, and the seal at the end.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::{Capture as Known, CaptureCounts, CaptureState, Case};
use evidence::{Ending, Options, Outcome};
use model::Time;
use serde_json::{Value, json};

use super::live::{Live, WasRead};
use super::tee::{Growing, Rotation, Tee};
use super::traffic::Traffic;
use super::{CaptureStart, clock, program};
use crate::error::{Code, Error, Result};
use crate::import::{Hub, log};
use crate::jobs::{Ended, Tick, Topic};
use crate::state::{App, lock, now};

/// The folder of a case in which recordings lie.
const FOLDER: &str = "captures";
/// How long the capture program may take to begin.
const PATIENCE: Duration = Duration::from_secs(15);
/// Devices and the word index follow so often at most, and in at most a tenth of the time.
const REFRESH: Duration = Duration::from_secs(3);
/// What was written is made sure of so often.
const SYNC: Duration = Duration::from_secs(5);
/// Room that is left on the disk: with none at all nothing could be sealed.
const RESERVE: u64 = 64 << 20;

/// A recording, running or ended.
pub(crate) struct Session {
    pub id: i64,
    case: Arc<Case>,
    request: CaptureStart,
    hub: Mutex<Option<Arc<Hub>>>,
    tee: Arc<Tee>,
    child: Mutex<Child>,
    /// Closing it asks the capture program to stop; none: it reads what it records there.
    control: Mutex<Option<ChildStdin>>,
    said: Mutex<Said>,
    /// By the clock that nobody sets.
    began: Instant,
    pub traffic: Mutex<Traffic>,
    notes: Mutex<Vec<(Time, String)>>,
    /// Bytes of all files that were taken apart.
    analysed: AtomicU64,
    /// Nothing more is recorded.
    over: AtomicBool,
    /// Its end has been written down.
    sealing: AtomicBool,
}

/// What the capture program has said last.
#[derive(Default)]
struct Said {
    counts: CaptureCounts,
    /// As it began: link type, snap length, stamps.
    began: Value,
    /// Why it stopped.
    why: Option<String>,
    /// In its words, when something went wrong.
    problem: Option<String>,
}

/// Starts the capture program; an error if it can't record what was asked for.
pub(super) fn begin(app: &App, case: Arc<Case>, request: CaptureStart) -> Result<Arc<Session>> {
    let hub = Hub::of(app, &case, &()).map_err(|why| why.while_doing("recording"))?;
    let mut command = program::command()?;
    arguments(&mut command, &request)?;
    let mut child = program::spawn(command)?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Error::new(Code::Failed, "recording: the capture program has no output"));
    };
    let control = child.stdin.take();
    let (tell, told) = channel();
    spawn("capture status", move || lines(err, &tell))?;
    let began = told.recv_timeout(PATIENCE).unwrap_or_default();
    if began["event"] != "started" {
        drop(control);
        drop(out);
        return Err(refused(&began, ended(&mut child)));
    }
    let stem = stem(&request);
    let rotation =
        Rotation { bytes: request.file_bytes, every: request.file_seconds.map(|s| Duration::from_secs(s.into())) };
    let folder = case.dir().join(FOLDER);
    let tee = std::fs::create_dir_all(&folder).and_then(|()| Tee::new(&folder, &stem, rotation));
    let tee = Arc::new(tee.map_err(|why| {
        let _ = child.kill();
        let _ = child.wait();
        Error::new(Code::Failed, format!("recording: making a file in {}: {why}", folder.display()))
    })?);
    let options = serde_json::to_string(&request).unwrap_or_default();
    let id = case.capture_begin(&name(&request), &request.filter, &request.authority, &options, now())?;
    let session = Arc::new(Session {
        id,
        case,
        request,
        hub: Mutex::new(Some(hub)),
        tee,
        child: Mutex::new(child),
        control: Mutex::new(control),
        began: Instant::now(),
        said: Mutex::new(Said { began, ..Said::default() }),
        traffic: Mutex::default(),
        notes: Mutex::default(),
        analysed: AtomicU64::new(0),
        over: AtomicBool::new(false),
        sealing: AtomicBool::new(false),
    });
    let (listens, writes) = (session.clone(), session.clone());
    let handle = app.handle();
    spawn("capture status", move || {
        for said in told {
            listens.hear(&said);
            if let Some(app) = &handle {
                app.changed(&[Topic::Capture]);
            }
        }
    })?;
    spawn("capture tee", move || writes.write(out))?;
    Ok(session)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|why| Error::new(Code::Failed, format!("recording: starting a thread: {why}")))
}

/// How a program that was asked to end has ended; one that does not is ended.
fn ended(child: &mut Child) -> Option<i32> {
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(2) {
        if let Ok(Some(status)) = child.try_wait() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill(); // it may have ended just now
    child.wait().ok().and_then(|status| status.code())
}

fn arguments(command: &mut Command, request: &CaptureStart) -> Result<()> {
    command.arg("record");
    match &request.replay {
        Some(replay) => {
            if !Path::new(&replay.path).is_file() {
                return Err(Error::missing(format!("playing {}: there is no such file", replay.path)));
            }
            if !(0.0..=1e6).contains(&replay.speed) {
                return Err(Error::invalid("playing a capture: the speed is a number from 0 to 1 000 000"));
            }
            command.args(["--replay", &replay.path, "--speed", &replay.speed.to_string()]);
        }
        None if request.interface.is_empty() => return Err(Error::invalid("recording: which interface?")),
        None => {
            command.args(["--interface", &request.interface]);
        }
    }
    if !request.filter.trim().is_empty() {
        command.args(["--filter", request.filter.trim()]);
    }
    let numbers = [
        ("--snap", request.snap.map(u64::from)),
        ("--buffer", request.buffer_mib.map(u64::from)),
        ("--seconds", request.seconds.map(u64::from)),
        ("--packets", request.packets),
        ("--bytes", request.bytes),
    ];
    for (option, value) in numbers {
        if let Some(value) = value {
            command.args([option, &value.to_string()]);
        }
    }
    for (option, wanted) in [("--no-promiscuous", !request.promiscuous), ("--monitor", request.monitor)] {
        if wanted {
            command.arg(option);
        }
    }
    if reads_standard_input(request) {
        command.stdin(Stdio::inherit());
    } else {
        command.stdin(Stdio::piped()).arg("--until-closed");
    }
    Ok(())
}

fn reads_standard_input(request: &CaptureStart) -> bool {
    request.replay.is_none() && request.interface == "-"
}

/// What is recorded, in a word.
fn name(request: &CaptureStart) -> String {
    match &request.replay {
        Some(replay) => format!("replay of {}", Path::new(&replay.path).file_name().unwrap_or_default().display()),
        None => request.interface.clone(),
    }
}

/// Of the file: when it begins, and what it is of, in letters that every system takes.
fn stem(request: &CaptureStart) -> String {
    let digits: String = now().to_string().chars().take(23).filter(char::is_ascii_alphanumeric).collect();
    let name = name(request);
    let name =
        if request.replay.is_some() { name.trim_end_matches(".pcapng").trim_end_matches(".pcap") } else { &name };
    let what: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .take(40)
        .collect();
    format!("{digits}Z-{}", what.trim_matches(['-', '.']))
}

/// Why the capture program did not begin.
fn refused(said: &Value, status: Option<i32>) -> Error {
    let why = said["why"].as_str().unwrap_or("the capture program did not begin");
    let mend = said["mend"].as_str().map(|mend| format!("; to mend it: {mend}")).unwrap_or_default();
    let code = if status == Some(2) { Code::Invalid } else { Code::Failed };
    Error::new(code, format!("recording: {why}{mend}"))
}

fn lines(from: ChildStderr, to: &Sender<Value>) {
    for line in BufReader::new(from).lines().map_while(std::result::Result::ok) {
        // What is no JSON is a library's complaint: the sentence of an error comes as JSON.
        let said = program::object(&line).unwrap_or_else(|| json!({ "event": "complaint", "why": line }));
        if to.send(said).is_err() {
            return;
        }
    }
}

impl Session {
    pub fn is(&self, case: &Arc<Case>, id: i64) -> bool {
        self.id == id && Arc::ptr_eq(&self.case, case)
    }

    pub fn is_recording(&self) -> bool {
        !self.over.load(Relaxed)
    }

    pub fn analysed(&self) -> u64 {
        self.analysed.load(Relaxed)
    }

    pub fn marks(&self) -> u64 {
        lock(&self.notes).len() as u64
    }

    /// Packets and bytes that are in the files, and what the system counted.
    pub fn counts(&self) -> CaptureCounts {
        let files = self.tee.files();
        let packets = files.iter().map(|file| file.packets).sum();
        let bytes = files.iter().map(|file| file.bytes).sum();
        CaptureCounts { packets, bytes, ..lock(&self.said).counts }
    }

    /// Asks the capture program to stop; what came before is still written, and sealed.
    pub fn stop(&self) {
        lock(&self.control).take();
        if reads_standard_input(&self.request) {
            let _ = lock(&self.child).kill(); // there is no other way to it
        }
    }

    pub fn mark(&self, note: &str) -> Result<()> {
        let failed = |why| Error::new(Code::Failed, format!("noting a moment: {why}"));
        let at = self.tee.mark(note).map_err(failed)?;
        lock(&self.notes).push((at, note.to_owned()));
        Ok(())
    }

    /// What was noted while it ran, and when.
    pub fn notes(&self) -> Vec<(Time, String)> {
        lock(&self.notes).clone()
    }

    fn hear(&self, line: &Value) {
        let mut said = lock(&self.said);
        let before = said.counts.dropped.unwrap_or(0) + said.counts.if_dropped.unwrap_or(0);
        for (key, count) in [("received", 0), ("dropped", 1), ("if_dropped", 2)] {
            if let Some(value) = line[key].as_u64() {
                let counts = &mut said.counts;
                *[&mut counts.received, &mut counts.dropped, &mut counts.if_dropped][count] = Some(value);
            }
        }
        let after = said.counts.dropped.unwrap_or(0) + said.counts.if_dropped.unwrap_or(0);
        match line["event"].as_str() {
            Some("stopped") => said.why = line["why"].as_str().map(str::to_owned),
            Some("error" | "complaint") => said.problem = line["why"].as_str().map(str::to_owned),
            _ => {}
        }
        drop(said);
        if after > before {
            lock(&self.traffic).drop_at(now(), after - before);
        }
    }

    /// The bytes of the capture program into the files, until there are no more.
    fn write(&self, mut out: ChildStdout) {
        let mut buffer = vec![0; 1 << 20];
        let mut looked = Instant::now();
        loop {
            let ended = match out.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => self.tee.take(buffer.get(..n).unwrap_or_default()).map_err(|why| format!("writing: {why}")),
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(why) => Err(format!("reading what the capture program gives: {why}")),
            };
            if let Err(why) = ended {
                lock(&self.said).problem = Some(why);
                break;
            }
            if looked.elapsed() > Duration::from_millis(200) {
                looked = Instant::now();
                if let Some(why) = self.too_little_room() {
                    lock(&self.said).problem.get_or_insert(why);
                    self.stop();
                }
            }
        }
        self.stop();
        drop(out); // the program would wait for ever to be rid of the rest
        let _ = lock(&self.child).wait();
        let cut = self.tee.close();
        if cut > 0 {
            let why = format!("the capture program broke off in the middle of a block: {cut} bytes of it are not kept");
            lock(&self.said).problem.get_or_insert(why);
        }
        self.over.store(true, Relaxed);
    }

    fn too_little_room(&self) -> Option<String> {
        let folder = self.case.dir();
        let (free, all) = (fs4::available_space(folder).ok()?, fs4::total_space(folder).ok()?);
        // What is not yet taken apart needs room in the case, and in its journal.
        let ahead = self.counts().bytes.saturating_sub(self.analysed());
        let few = free < RESERVE.min(all / 2) + ahead * 2;
        few.then(|| format!("the disk is almost full: {} MB are left, which sealing needs", free / 1_000_000))
    }

    /// The recording's job: reads the files as they grow, and seals them.
    pub fn run(self: Arc<Session>, app: &App, tick: &Tick) -> Result<Ended> {
        let hub = lock(&self.hub).take().ok_or_else(|| Error::new(Code::Failed, "the recording has ended already"))?;
        let seconds = self.request.seconds.map_or(String::new(), |seconds| format!(" for {seconds} s"));
        tick.at(format!("recording {}{seconds}", name(&self.request)));
        let refreshes = self.clone();
        let handle = app.handle();
        spawn("capture devices", move || refreshes.refresh(handle.as_deref()))?;
        let read = self.read(app, &hub, tick);
        self.stop(); // when the case can't take any more there is no use in recording on
        while !self.over.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let sealed = read.and_then(|read| self.seal(&hub, &read));
        if let Err(why) = &sealed {
            // It may be that nothing can be written: then it is marked when the case is opened again.
            let _ = self.case.capture_state(self.id, CaptureState::Interrupted, &why.message, Some(now()));
        }
        drop(hub);
        let refreshed = super::live::refresh(&self.case).and_then(|()| Ok(self.case.tidy()?));
        app.changed(&[Topic::Capture, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
        let mut sealed = sealed?;
        if let Err(why) = refreshed {
            sealed.message.push_str(&format!("; devices and the word index are behind: {}", why.message));
            sealed.differs = true;
        }
        Ok(sealed)
    }

    fn read(&self, app: &App, hub: &Arc<Hub>, tick: &Tick) -> Result<Vec<WasRead>> {
        let mut read = Vec::new();
        let mut before = 0;
        let look_up = |analysed: u64| {
            self.analysed.store(analysed, Relaxed);
            tick.reach(analysed);
            if tick.advance(0).is_err() {
                self.stop();
            }
            if !self.is_recording() && !self.sealing.swap(true, Relaxed) {
                let _ = self.case.capture_state(self.id, CaptureState::Sealing, "", None); // told again when it is done
                app.changed(&[Topic::Capture]);
            }
        };
        while let Some(file) = self.tee.file(read.len(), || look_up(before)) {
            let path = format!("{FOLDER}/{}", file.name);
            self.case.capture_file(self.id, &path)?;
            let live = Live::new(&self.case, hub, &path);
            let mut failed = Ok(());
            let mut pulse = |at: u64| {
                look_up(before + at);
                if failed.is_ok() {
                    failed = live.pulse();
                }
            };
            let mut growing = Growing::new(&self.tee, read.len(), &file.name, &mut pulse)
                .map_err(|why| Error::new(Code::Failed, format!("reading {path}: {why}")))?;
            let was_read = live.read(
                &mut growing,
                &(),
                &mut |item| {
                    let _ = self.case.capture_is_evidence(self.id, &path, item); // found by its path, if not
                    app.changed(&[Topic::Capture, Topic::Evidence]);
                },
                &mut |frame, reading| lock(&self.traffic).add(frame.ts, frame.wire_len, &reading.latest()),
            );
            let was_read = was_read?;
            before += was_read.outcome.hashes.as_ref().map_or(0, |hashes| hashes.size);
            read.push(was_read);
            self.case.capture_count(self.id, &self.counts())?;
        }
        Ok(read)
    }

    /// One act: what was recorded, from when to when, how much was lost, how the clock stood, on whose authority, with which hashes.
    fn seal(&self, hub: &Arc<Hub>, read: &[WasRead]) -> Result<Ended> {
        hub.sync()?;
        let counts = self.counts();
        self.case.capture_count(self.id, &counts)?;
        let (why, began) = {
            let said = lock(&self.said);
            let why = said.problem.clone().or_else(|| said.why.clone());
            (why.unwrap_or_else(|| "the capture program ended unexpectedly".into()), said.began.clone())
        };
        let well = matches!(why.as_str(), "asked" | "limit" | "end");
        let started = self.case.capture(self.id)?.map(|known| known.started.to_string());
        let ended = now();
        let (objects, files) = written(read);
        let params = json!({
            "capture": self.id, "interface": name(&self.request), "filter": self.request.filter, "options": self.request,
            "program": began, "started": started, "ended": ended.to_string(), "why": why,
            "seconds": self.began.elapsed().as_secs_f64(), // by the monotonic clock
            "packets": counts.packets, "bytes": counts.bytes, "received": counts.received, "dropped": counts.dropped,
            "if_dropped": counts.if_dropped, "marks": self.marks(), "clock": clock::state(),
            "authority": self.request.authority, "files": files,
        });
        log(&self.case, "capture.seal", objects, params, if well { "sealed" } else { "sealed early" })?;
        self.case.capture_state(self.id, CaptureState::Sealed, &why, Some(ended))?;
        let lost = counts.dropped.unwrap_or(0) + counts.if_dropped.unwrap_or(0);
        let mut message = format!("{} packets recorded and sealed in {}", counts.packets, count(read.len(), "file"));
        if lost > 0 {
            message.push_str(&format!("; {lost} packets were lost"));
        }
        if !well {
            message.push_str(&format!("; it ended early: {why}"));
        }
        Ok(Ended { message, differs: lost > 0 || !well })
    }

    /// While it runs: devices follow what is found, and what is written is made sure of.
    fn refresh(&self, app: Option<&App>) {
        let (mut refreshed, mut synced, mut took, mut counted) = (Instant::now(), Instant::now(), Duration::ZERO, 0);
        while self.is_recording() {
            std::thread::sleep(Duration::from_millis(100));
            if synced.elapsed() > SYNC {
                self.tee.sync();
                let _ = self.case.capture_count(self.id, &self.counts()); // for whoever looks from elsewhere
                synced = Instant::now();
            }
            if refreshed.elapsed() > REFRESH.max(took * 10) && counted != self.analysed() {
                counted = self.analysed();
                let began = Instant::now();
                // Done again at the end, where it is told if it fails.
                if super::live::refresh(&self.case).is_ok()
                    && let Some(app) = app
                {
                    app.changed(&[Topic::Devices]);
                }
                (refreshed, took) = (Instant::now(), began.elapsed());
            }
        }
    }
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Files and their hashes, for the custody log.
fn written(read: &[WasRead]) -> (Vec<String>, Vec<Value>) {
    let hashes = |read: &WasRead| read.outcome.hashes;
    let objects = read.iter().filter_map(hashes).map(|hashes| model::hex(&hashes.sha256)).collect();
    let files = read.iter().map(|read| {
        let hashes = hashes(read);
        let (sha256, blake3) = hashes.as_ref().map(|h| (model::hex(&h.sha256), model::hex(&h.blake3))).unzip();
        json!({ "path": read.path, "size": hashes.map(|h| h.size), "sha256": sha256, "blake3": blake3 })
    });
    (objects, files.collect())
}

/// Seals what a recording left behind that nobody stopped: the program, or the machine, had ended.
pub(super) fn seal_interrupted(app: &App, case: &Arc<Case>, known: Known, note: &str, tick: &Tick) -> Result<Ended> {
    let hub = Hub::of(app, case, tick).map_err(|why| why.while_doing("sealing"))?;
    let mut read = Vec::new();
    let mut cut = 0;
    let mut counts = CaptureCounts { packets: 0, bytes: 0, ..known.counts };
    for path in files(case, &known)? {
        let file = case.dir().join(&path);
        tick.at(&path);
        let failed = |why: std::io::Error| Error::new(Code::Failed, format!("sealing {path}: {why}"));
        // Never evidence before this: a block that was only half written when the machine stopped is taken off.
        let whole = super::tee::trim(&file).map_err(failed)?;
        cut += whole.cut;
        counts.packets += whole.packets;
        counts.bytes += whole.bytes;
        if whole.bytes == 0 {
            continue;
        }
        if let Some(was_read) = read_before(case, &known, &path, &file, tick)? {
            read.push(was_read);
            continue;
        }
        let live = Live::new(case, &hub, &path);
        let mut from = evidence::open(&file).map_err(failed)?;
        let item = &mut |item| {
            let _ = case.capture_is_evidence(known.id, &path, item);
        };
        read.push(live.read(&mut from, tick, item, &mut |_, _| ())?);
    }
    case.capture_count(known.id, &counts)?;
    let (objects, list) = written(&read);
    let params = json!({
        "capture": known.id, "interface": known.interface, "filter": known.filter, "started": known.started.to_string(),
        "why": known.why, "packets": counts.packets, "bytes": counts.bytes, "cut": cut, "clock": clock::state(),
        "authority": known.authority, "note": note, "files": list,
    });
    log(case, "capture.seal", objects, params, "sealed as interrupted")?;
    case.capture_state(known.id, CaptureState::Sealed, "interrupted", Some(now()))?;
    drop(hub);
    super::live::refresh(case)?;
    case.tidy()?;
    app.changed(&[Topic::Capture, Topic::Evidence, Topic::Facts, Topic::Devices, Topic::Custody]);
    Ok(Ended::well(format!("{} packets sealed in {}", counts.packets, count(read.len(), "file"))))
}

/// A file that was taken apart to its end before the interruption, if it still is what it was then.
fn read_before(case: &Case, known: &Known, path: &str, file: &Path, tick: &Tick) -> Result<Option<WasRead>> {
    let item = known.files.iter().find(|known| known.path == path).and_then(|known| known.evidence);
    let item = item.map(|item| case.evidence(item)).transpose()?.flatten();
    let Some(item) = item.filter(|item| item.status == "complete" && item.sha256.is_some()) else { return Ok(None) };
    let hashed = evidence::hash_item(file, &[], &Options::default(), tick);
    tick.advance(0)?;
    let hashes = hashed.ok().filter(|hashes| Some(model::hex(&hashes.sha256)) == item.sha256);
    let outcome = |hashes| Outcome { hashes: Some(hashes), ending: Ending::Complete };
    Ok(hashes.map(|hashes| WasRead { path: path.to_owned(), outcome: outcome(hashes) }))
}

/// Its files: those that were written down, and any that the crash was faster than.
fn files(case: &Case, known: &Known) -> Result<Vec<String>> {
    let mut paths: Vec<String> = known.files.iter().map(|file| file.path.clone()).collect();
    let Some(stem) = paths.first().and_then(|first| first.strip_suffix("-0001.pcapng")).map(str::to_owned) else {
        return Ok(paths);
    };
    loop {
        let next = super::tee::numbered(&stem, paths.len() + 1);
        if !case.dir().join(PathBuf::from(&next)).is_file() {
            return Ok(paths);
        }
        case.capture_file(known.id, &next)?;
        paths.push(next);
    }
}
