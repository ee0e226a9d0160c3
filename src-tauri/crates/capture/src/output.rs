//! Where blocks go: a thread that writes them, and the queue before it.
//!
//! Whoever fetches packets must never wait for a disk or a slow reader while there is room: blocks are put together in
//! pieces of 1 MiB, and up to 64 of those may wait. Only then does the fetching wait, and packets with the system.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};

use crate::event::{Event, Failure, tell};
use crate::{clock, pcapng};

const PIECE: usize = 1 << 20;
const PIECES: usize = 64;

/// Where a recording is written.
pub enum Target {
    /// Standard output, or whatever else takes bytes.
    Stream(Box<dyn Write + Send>),
    /// A file, or with `numbered` one after another, of which the last `keep` stay.
    Files { path: PathBuf, numbered: bool, keep: Option<usize> },
}

/// Nothing can be written any more; `Output::end` says why.
#[derive(Debug)]
pub struct Gone;

/// How writing ended.
#[derive(Debug)]
pub enum Ended {
    Well,
    /// The reader has closed the pipe.
    Closed,
    Failed(Failure),
}

pub struct Output {
    /// Whole blocks, to be written.
    piece: Vec<u8>,
    made: usize,
    waiting: Arc<AtomicUsize>,
    full: Sender<Message>,
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<Ended>,
}

enum Message {
    Blocks(Vec<u8>),
    NextFile,
}

impl Output {
    /// Opens the first file, if it is to be files, and starts writing.
    pub fn start(target: Target) -> Result<Output, Failure> {
        let (full, messages) = channel();
        let (back, empty) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut sink = Sink::open(target)?;
        let count = waiting.clone();
        let thread = thread::Builder::new()
            .name("output".into())
            .spawn(move || sink.run(&messages, &back, &count))
            .map_err(|error| Failure::failed(format!("starting a thread: {error}")))?;
        Ok(Output { piece: Vec::with_capacity(PIECE), made: 1, waiting, full, empty, thread })
    }

    /// Room for blocks of so many bytes together: what is appended is written, in order.
    #[inline]
    pub fn room(&mut self, bytes: usize) -> Result<&mut Vec<u8>, Gone> {
        if self.piece.capacity() - self.piece.len() < bytes && !self.piece.is_empty() {
            self.hand_over()?;
        }
        Ok(&mut self.piece)
    }

    /// Hands over what there is, if the writer has nothing to do, and notices if it has ended.
    pub fn flush(&mut self) -> Result<(), Gone> {
        if self.thread.is_finished() {
            return Err(Gone);
        }
        if self.piece.is_empty() || self.waiting.load(Ordering::Acquire) > 0 { Ok(()) } else { self.hand_over() }
    }

    /// What follows goes to the next file.
    pub fn next_file(&mut self) -> Result<(), Gone> {
        self.hand_over()?;
        self.full.send(Message::NextFile).map_err(|_| Gone)
    }

    fn hand_over(&mut self) -> Result<(), Gone> {
        let next = match self.empty.try_recv() {
            Ok(piece) => piece,
            Err(TryRecvError::Empty) if self.made < PIECES => {
                self.made += 1;
                Vec::with_capacity(PIECE)
            }
            Err(TryRecvError::Empty) => self.empty.recv().map_err(|_| Gone)?,
            Err(TryRecvError::Disconnected) => return Err(Gone),
        };
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.full.send(Message::Blocks(std::mem::replace(&mut self.piece, next))).map_err(|_| Gone)
    }

    /// Writes what is left, and says how it went.
    pub fn end(mut self) -> Ended {
        if !self.piece.is_empty() {
            let piece = std::mem::take(&mut self.piece);
            let _ = self.full.send(Message::Blocks(piece));
        }
        drop(self.full);
        self.thread.join().unwrap_or_else(|_| Ended::Failed(Failure::failed("the writer ended unexpectedly")))
    }
}

/// What the thread writes to.
enum Sink {
    Stream(Box<dyn Write + Send>),
    Files(Files),
}

impl Sink {
    fn open(target: Target) -> Result<Sink, Failure> {
        match target {
            Target::Stream(stream) => Ok(Sink::Stream(stream)),
            Target::Files { path, numbered, keep } => Files::first(path, numbered, keep).map(Sink::Files),
        }
    }

    fn run(&mut self, messages: &Receiver<Message>, back: &Sender<Vec<u8>>, waiting: &AtomicUsize) -> Ended {
        for message in messages {
            let mut piece = match message {
                Message::Blocks(piece) => piece,
                Message::NextFile => match self {
                    Sink::Stream(_) => continue,
                    Sink::Files(files) => match files.next() {
                        Ok(()) => continue,
                        Err(failure) => return Ended::Failed(failure),
                    },
                },
            };
            let written = match self {
                Sink::Stream(stream) => stream.write_all(&piece).and_then(|()| stream.flush()),
                Sink::Files(files) => files.write(&piece),
            };
            if let Err(error) = written {
                return self.failed(&error);
            }
            piece.clear();
            // A piece that one huge packet made larger does not stay so.
            piece.shrink_to(PIECE);
            waiting.fetch_sub(1, Ordering::AcqRel);
            let _ = back.send(piece);
        }
        match self {
            Sink::Files(files) => match files.file.sync_all() {
                Ok(()) => Ended::Well,
                Err(error) => self.failed(&error),
            },
            Sink::Stream(_) => Ended::Well,
        }
    }

    fn failed(&self, error: &io::Error) -> Ended {
        match self {
            Sink::Stream(_) if error.kind() == io::ErrorKind::BrokenPipe => Ended::Closed,
            Sink::Stream(_) => Ended::Failed(Failure::failed(format!("writing to standard output: {error}"))),
            Sink::Files(files) if error.kind() == io::ErrorKind::StorageFull => Ended::Failed(Failure::failed(
                format!("the disk is full: {} ends with the last packet that there was room for", files.path.display()),
            )),
            Sink::Files(files) => Ended::Failed(Failure::failed(format!("writing {}: {error}", files.path.display()))),
        }
    }
}

/// The files of a recording, one of them open.
struct Files {
    wanted: PathBuf,
    keep: Option<usize>,
    number: u32,
    path: PathBuf,
    file: File,
    length: u64,
    /// Earlier ones that are kept so far.
    earlier: VecDeque<PathBuf>,
}

impl Files {
    fn first(wanted: PathBuf, numbered: bool, keep: Option<usize>) -> Result<Files, Failure> {
        let path = if numbered { numbered_path(&wanted, 1) } else { wanted.clone() };
        let file = create(&path)?;
        Ok(Files { wanted, keep, number: 1, path, file, length: 0, earlier: VecDeque::new() })
    }

    fn next(&mut self) -> Result<(), Failure> {
        self.number += 1;
        let path = numbered_path(&self.wanted, self.number);
        self.file = create(&path)?;
        self.length = 0;
        self.earlier.push_back(std::mem::replace(&mut self.path, path));
        while self.keep.is_some_and(|keep| self.earlier.len() >= keep.max(1)) {
            if let Some(oldest) = self.earlier.pop_front() {
                fs::remove_file(&oldest)
                    .map_err(|error| Failure::failed(format!("removing {}: {error}", oldest.display())))?;
            }
        }
        Ok(())
    }

    /// Writes blocks. If not all of them can be, the file ends with the last one that is whole.
    fn write(&mut self, blocks: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < blocks.len() {
            match self.file.write(&blocks[done..]) {
                Ok(0) => return self.cut(&blocks[..done], io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return self.cut(&blocks[..done], error),
            }
        }
        self.length += blocks.len() as u64;
        Ok(())
    }

    fn cut(&mut self, written: &[u8], error: io::Error) -> io::Result<()> {
        self.length += pcapng::whole(written) as u64;
        self.file.set_len(self.length)?;
        let _ = self.file.sync_all();
        Err(error)
    }
}

/// Makes a file that was not there: nothing is ever written over.
fn create(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::wrong(format!("{} is there already", path.display())),
        _ => Failure::failed(format!("making {}: {error}", path.display())),
    })?;
    tell(&Event::File { path: &path.to_string_lossy() });
    Ok(file)
}

/// `home.pcapng` as `home_00001_20261121160000.pcapng`, in UTC: the way capture programs name them.
fn numbered_path(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or("pcapng".into(), |ending| ending.to_string_lossy());
    path.with_file_name(format!("{stem}_{number:05}_{}.{ending}", clock::compact()))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

    /// Takes bytes one piece at a time, when it is told to.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_reader_gets_everything_in_order() {
        let (go, told) = mpsc::channel();
        let got = Arc::new(Mutex::new(Vec::new()));
        let mut output = Output::start(Target::Stream(Box::new(Slow(told, got.clone())))).unwrap();
        let mut expected = Vec::new();
        for number in 0..40_000_u64 {
            let length = (number % 1_400) as usize;
            pcapng::packet(output.room(pcapng::packet_len(length)).unwrap(), number, &[7; 1_400][..length], 1_400);
            pcapng::packet(&mut expected, number, &[7; 1_400][..length], 1_400);
        }
        assert!(got.lock().unwrap().is_empty(), "30 MB were taken without a write");
        for _ in 0..PIECES {
            go.send(()).unwrap();
        }
        assert!(matches!(output.end(), Ended::Well));
        assert!(*got.lock().unwrap() == expected);
    }

    #[test]
    fn flushes_when_the_writer_is_idle() {
        let (go, told) = mpsc::channel();
        let got = Arc::new(Mutex::new(Vec::new()));
        let mut output = Output::start(Target::Stream(Box::new(Slow(told, got.clone())))).unwrap();
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        for number in 1..=3_usize {
            pcapng::packet(output.room(64).unwrap(), 0, b"x", 1);
            output.flush().unwrap();
            let waited = (0..500).any(|_| {
                thread::sleep(Duration::from_millis(2));
                got.lock().unwrap().len() == number * pcapng::packet_len(1)
            });
            assert!(waited, "packet {number} did not come");
        }
    }

    #[test]
    fn a_closed_reader_is_noticed() {
        let (go, told) = mpsc::channel::<()>();
        drop(go);
        let mut output = Output::start(Target::Stream(Box::new(Slow(told, Arc::default())))).unwrap();
        let gone = (0..PIECES * 2).any(|_| {
            let Ok(room) = output.room(PIECE) else { return true };
            room.extend(std::iter::repeat_n(0, PIECE));
            thread::sleep(Duration::from_millis(1));
            false
        });
        assert!(gone);
        assert!(matches!(output.end(), Ended::Closed));
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        fs::write(&path, "precious").unwrap();
        let failure = create(&path).unwrap_err();
        assert!(failure.code == 2 && failure.why.ends_with("a.pcapng is there already"), "{failure:?}");
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_file_ends_with_its_last_whole_block() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::first(folder.path().join("a.pcapng"), false, None).unwrap();
        let mut blocks = Vec::new();
        pcapng::packet(&mut blocks, 1, b"one", 3);
        files.write(&blocks).unwrap();
        let whole = blocks.len();
        pcapng::packet(&mut blocks, 2, b"another", 7);
        files.file.write_all(&blocks[..whole + 9]).unwrap();
        files.cut(&blocks[..whole + 9], io::ErrorKind::StorageFull.into()).unwrap_err();
        assert_eq!(fs::read(&files.path).unwrap().len(), whole * 2);
    }

    #[test]
    fn names_of_files() {
        let path = numbered_path(Path::new("/x/home.pcapng"), 7);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("home_00007_20") && name.ends_with(".pcapng") && name.len() == 32, "{name}");
        assert!(numbered_path(Path::new("home"), 1).to_str().unwrap().ends_with(".pcapng"));
    }
}
