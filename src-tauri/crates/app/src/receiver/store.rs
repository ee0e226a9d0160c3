//! Reports on the disk: a file for each hour, made safe before anything is acknowledged. Reports that come at once share one act of that.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use model::Time;

use crate::state::{lock, now};

/// Reports that may wait for the disk; whoever comes then waits too.
const WAITING: usize = 1_024;
/// How long is waited before it is looked up: whether the hour has ended, whether a reader is to go on.
const LOOK_UP: Duration = Duration::from_millis(200);
const HOUR: i64 = 3_600_000_000_000;
/// Files of one hour: receivers that were started in it.
const MOST_FILES: usize = 10_000;

/// A file being written, or done with.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Its name in the captures folder.
    pub name: String,
    /// On the disk for certain.
    pub bytes: u64,
    pub closed: bool,
}

/// Takes lines, and gives them back to whoever reads the files behind it.
pub(super) struct Store {
    folder: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
    to: Mutex<Option<SyncSender<Line>>>,
}

#[derive(Default)]
struct State {
    files: Vec<Written>,
    /// Nothing more comes.
    ended: bool,
}

struct Line {
    bytes: Vec<u8>,
    received: Time,
    done: SyncSender<Result<(), String>>,
}

/// The name that a file of this hour begins with: `presence-2026112013`.
fn stem(hour: i64) -> String {
    let digits: String =
        Time(hour.saturating_mul(HOUR)).to_string().chars().filter(char::is_ascii_digit).take(10).collect();
    format!("presence-{digits}")
}

/// Whether a file of the captures folder is one of ours.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with("presence-") && name.ends_with(".jsonl")
}

impl Store {
    /// With a thread of its own, which ends when the store does.
    pub fn new(folder: &Path) -> io::Result<Arc<Store>> {
        std::fs::create_dir_all(folder)?;
        let (to, from) = sync_channel(WAITING);
        let store = Arc::new(Store {
            folder: folder.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
            to: Mutex::new(Some(to)),
        });
        let writes = store.clone();
        std::thread::Builder::new().name("receiver store".into()).spawn(move || {
            writes.write(&from);
            lock(&writes.state).ended = true;
            writes.changed.notify_all();
        })?;
        Ok(store)
    }

    /// Returns when the line is safe on the disk.
    pub fn append(&self, bytes: Vec<u8>, received: Time) -> Result<(), String> {
        let ended = || "the receiver has been stopped".to_owned();
        let to = lock(&self.to).clone().ok_or_else(ended)?;
        let (done, wait) = sync_channel(1);
        to.send(Line { bytes, received, done }).map_err(|_| ended())?;
        drop(to);
        wait.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Nothing more is taken; what waits is still written.
    pub fn end(&self) {
        lock(&self.to).take();
    }

    /// The file with this number, as soon as there is one. `None`: there will be none.
    pub fn file(&self, number: usize, look_up: &mut dyn FnMut()) -> Option<Written> {
        loop {
            look_up();
            let state = lock(&self.state);
            if let Some(file) = state.files.get(number) {
                return Some(file.clone());
            }
            if state.ended {
                return None;
            }
            drop(self.changed.wait_timeout(state, LOOK_UP).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn write(&self, from: &Receiver<Line>) {
        let mut open: Option<Open> = None;
        loop {
            match from.recv_timeout(LOOK_UP) {
                Ok(first) => {
                    let mut group = vec![first];
                    while group.len() < WAITING
                        && let Ok(line) = from.try_recv()
                    {
                        group.push(line);
                    }
                    self.write_group(group, &mut open);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if open.as_ref().is_some_and(|open| open.hour != now().0.div_euclid(HOUR)) {
                        self.close(&mut open);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return self.close(&mut open),
            }
        }
    }

    /// Lines of one hour go together.
    fn write_group(&self, mut group: Vec<Line>, open: &mut Option<Open>) {
        while let Some(first) = group.first() {
            let hour = first.received.0.div_euclid(HOUR);
            let other = group.iter().position(|line| line.received.0.div_euclid(HOUR) != hour).unwrap_or(group.len());
            let later = group.split_off(other);
            let written = self.write_lines(&group, hour, open).map_err(|why| format!("writing the report: {why}"));
            if written.is_err() {
                // What came to the disk of these lines was not acknowledged; a later file goes on.
                self.close(open);
            }
            for line in group {
                let _ = line.done.send(written.clone()); // whoever asked may have gone
            }
            group = later;
        }
    }

    fn write_lines(&self, lines: &[Line], hour: i64, open: &mut Option<Open>) -> io::Result<()> {
        if open.as_ref().is_some_and(|open| open.hour != hour) {
            self.close(open);
        }
        let file = match open {
            Some(open) => open,
            None => {
                let (name, file) = self.create(hour)?;
                let number = {
                    let mut state = lock(&self.state);
                    state.files.push(Written { name, bytes: 0, closed: false });
                    state.files.len() - 1
                };
                open.insert(Open { hour, number, file, bytes: 0 })
            }
        };
        let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.bytes.len()).sum());
        lines.iter().for_each(|line| bytes.extend_from_slice(&line.bytes));
        let written = file.file.write_all(&bytes).and_then(|()| file.file.sync_data());
        if let Err(why) = written {
            let _ = file.file.set_len(file.bytes); // half a line must not stand before others
            return Err(why);
        }
        file.bytes += bytes.len() as u64;
        if let Some(known) = lock(&self.state).files.get_mut(file.number) {
            known.bytes = file.bytes;
        }
        self.changed.notify_all();
        Ok(())
    }

    fn create(&self, hour: i64) -> io::Result<(String, File)> {
        let stem = stem(hour);
        for number in 1..MOST_FILES {
            let name = if number == 1 { format!("{stem}.jsonl") } else { format!("{stem}-{number}.jsonl") };
            match OpenOptions::new().append(true).create_new(true).open(self.folder.join(&name)) {
                Ok(file) => {
                    sync_folder(&self.folder)?;
                    return Ok((name, file));
                }
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
                Err(why) => return Err(why),
            }
        }
        Err(io::Error::other("there are too many files of this hour"))
    }

    fn close(&self, open: &mut Option<Open>) {
        if let Some(open) = open.take()
            && let Some(known) = lock(&self.state).files.get_mut(open.number)
        {
            known.closed = true;
        }
        self.changed.notify_all();
    }
}

struct Open {
    hour: i64,
    number: usize,
    file: File,
    bytes: u64,
}

/// A file is there after a power cut only if its folder was made safe, where folders can be.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Reads a file behind the store, and ends when the store has closed it.
pub(super) struct Growing<'p> {
    store: Arc<Store>,
    number: usize,
    file: File,
    at: u64,
    /// Called before each reading, and now and then while waiting.
    pulse: &'p mut dyn FnMut(u64),
}

impl<'p> Growing<'p> {
    pub fn new(
        store: &Arc<Store>,
        number: usize,
        name: &str,
        pulse: &'p mut dyn FnMut(u64),
    ) -> io::Result<Growing<'p>> {
        let file = File::open(store.folder.join(name))?;
        Ok(Growing { store: store.clone(), number, file, at: 0, pulse })
    }
}

impl Read for Growing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            (self.pulse)(self.at);
            let state = lock(&self.store.state);
            let (bytes, closed) = state.files.get(self.number).map_or((0, true), |file| (file.bytes, file.closed));
            if bytes > self.at {
                drop(state);
                let most = into.len().min(usize::try_from(bytes - self.at).unwrap_or(usize::MAX));
                let n = self.file.read(into.get_mut(..most).unwrap_or_default())?;
                self.at += n as u64;
                return Ok(n);
            }
            if closed {
                return Ok(0);
            }
            drop(self.store.changed.wait_timeout(state, LOOK_UP).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_files_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let hour = |hour: i64| Time(1_795_179_600_000_000_000 + hour * HOUR);
        for round in 0..2 {
            let store = Store::new(folder.path()).unwrap();
            for (at, text) in [(0, "a\n"), (0, "b\n"), (1, "c\n")] {
                store.append(format!("{round}{text}").into_bytes(), hour(at)).unwrap();
            }
            store.end();
            assert!(store.append(b"late\n".to_vec(), hour(1)).is_err());
            let mut read = Vec::new();
            while let Some(file) = store.file(read.len(), &mut || ()) {
                let mut text = String::new();
                Growing::new(&store, read.len(), &file.name, &mut |_| ()).unwrap().read_to_string(&mut text).unwrap();
                assert_eq!(std::fs::read_to_string(folder.path().join(&file.name)).unwrap(), text);
                assert!(is_ours(&file.name));
                read.push(format!("{} {text:?}", file.name));
            }
            let want = [
                [r#"presence-2026112013.jsonl "0a\n0b\n""#, r#"presence-2026112014.jsonl "0c\n""#],
                [r#"presence-2026112013-2.jsonl "1a\n1b\n""#, r#"presence-2026112014-2.jsonl "1c\n""#],
            ];
            assert_eq!(read, want[round]);
        }
    }

    #[test]
    fn a_file_is_read_while_it_grows_and_many_write_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path()).unwrap();
        let threads: Vec<_> = (0..16)
            .map(|thread| {
                let store = store.clone();
                std::thread::spawn(move || {
                    for n in 0..50 {
                        store.append(format!("{thread} {n}\n").into_bytes(), Time(0)).unwrap();
                    }
                })
            })
            .collect();
        let file = store.file(0, &mut || ()).unwrap();
        let ends = store.clone();
        let ender = std::thread::spawn(move || {
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            ends.end();
        });
        let mut text = String::new();
        Growing::new(&store, 0, &file.name, &mut |_| ()).unwrap().read_to_string(&mut text).unwrap();
        ender.join().unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 800);
    }
}
