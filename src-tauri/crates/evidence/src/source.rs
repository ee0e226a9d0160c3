//! One pass over an item's bytes: whoever reads them, every byte is hashed once and in order.
//!
//! A file is read by a thread of its own, which also makes the BLAKE3; SHA-256, the slowest of all and the floor of every import,
//! has a second one; the parser is the caller. They share chunks, a few at a time. What comes out of a decompressor is read on the
//! caller's thread. Items smaller than their first chunk need no thread at all.

use std::io::{self, BufRead, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use model::Cancelled;
use sha2::{Digest, Sha256};

/// Bytes read at once. At most seven chunks are in flight: two waiting for each of the two readers, three in work.
pub const CHUNK: usize = 1 << 20;
/// Bytes read at once where the next ones may be long in coming, or are not wanted.
const PIECE: usize = 256 << 10;
/// How much of an item [`Source::head`] shows.
pub const HEAD: usize = 64 << 10;
/// Chunks waiting for one reader.
const WAITING: usize = 2;

/// Hears of every chunk, and may end the work.
pub trait Watch: Sync {
    /// So many more bytes were read from the disk; 0: still busy unpacking. An error ends the work at once.
    fn advance(&self, bytes: u64) -> Result<(), Cancelled>;
}

/// Nobody watches.
impl Watch for () {
    fn advance(&self, _bytes: u64) -> Result<(), Cancelled> {
        Ok(())
    }
}

/// What an item's bytes are known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    pub sha256: [u8; 32],
    pub blake3: [u8; 32],
    /// Number of bytes hashed.
    pub size: u64,
}

/// How reading ended.
#[derive(Debug)]
pub struct Finished {
    /// Of all bytes that could be read.
    pub hashes: Hashes,
    /// Why there were no more than these, if not because the item ended.
    pub error: Option<io::Error>,
}

/// The bytes of one item, from first to last. A reading error looks like the end, and is told by [`Source::finish`].
pub struct Source<'a> {
    feed: Feed<'a>,
    watch: &'a dyn Watch,
    /// Counts as read from the disk, not unpacked.
    on_disk: bool,
    /// Being written: what is not there yet may take its time.
    live: bool,
    /// Of the next chunk, and of later ones.
    chunk_size: usize,
    chunk_most: usize,
    pool: Arc<Pool>,
    chunk: Option<Arc<Chunk>>,
    /// Bytes that straddle chunks, laid together: `own` older ones, then a beginning of `chunk`. Empty: look at `chunk` itself.
    seam: Vec<u8>,
    own: usize,
    /// Consumed of what is looked at (seam or chunk).
    at: usize,
    /// Offset in the item of the first byte of what is looked at.
    start: u64,
    /// Nothing more is asked for: what a growing file gets later is not part of this pass.
    ended: bool,
    error: Option<io::Error>,
    cancelled: bool,
}

impl<'a> Source<'a> {
    /// Reads `file` with a thread of its own, as soon as it proves longer than its first chunk.
    pub fn of_file(file: impl Read + Send + 'static, watch: &'a dyn Watch) -> Source<'a> {
        Source::new(Feed::File { file: Box::new(file), hashing: Hashing::default() }, watch, true, CHUNK)
    }

    /// Reads `read`, mostly a decompressor, on the caller's thread.
    pub fn over(read: &'a mut dyn Read, watch: &'a dyn Watch) -> Source<'a> {
        Source::over_with_chunks(read, watch, CHUNK)
    }

    /// Like [`Source::over`], with chunks of another size.
    pub fn over_with_chunks(read: &'a mut dyn Read, watch: &'a dyn Watch, chunk_size: usize) -> Source<'a> {
        let feed = Feed::Here { read, hashing: Some(Hashing::default()), full: true };
        Source::new(feed, watch, false, chunk_size.max(1))
    }

    /// Reads what is being written at this moment, such as a running capture: bytes are shown as soon as they come.
    pub fn live(read: &'a mut dyn Read, watch: &'a dyn Watch) -> Source<'a> {
        let feed = Feed::Here { read, hashing: Some(Hashing::default()), full: false };
        Source { live: true, ..Source::new(feed, watch, true, PIECE) }
    }

    /// Like [`Source::over`] for bytes that were hashed before; [`Source::finish`] then gives the hashes of nothing.
    pub fn again(read: &'a mut dyn Read, watch: &'a dyn Watch) -> Source<'a> {
        Source::new(Feed::Here { read, hashing: None, full: true }, watch, false, PIECE)
    }

    fn new(feed: Feed<'a>, watch: &'a dyn Watch, on_disk: bool, chunk_size: usize) -> Source<'a> {
        Source {
            feed,
            watch,
            on_disk,
            live: false,
            // Most files and members are short: to clear a whole chunk for each would take longer than to read it.
            chunk_size: chunk_size.min(HEAD),
            chunk_most: chunk_size,
            pool: Arc::default(),
            chunk: None,
            seam: Vec::new(),
            own: 0,
            at: 0,
            start: 0,
            ended: false,
            error: None,
            cancelled: false,
        }
    }

    /// The first 64 KiB (less if there is no more, or not yet), as long as nothing has been consumed.
    pub fn head(&mut self) -> &[u8] {
        let seen = self.peek(if self.live { 1 } else { HEAD });
        seen.get(..HEAD).unwrap_or(seen)
    }

    /// The whole item in one piece, as long as nothing has been consumed; `None` if it is longer than `cap`.
    pub fn whole(&mut self, cap: usize) -> Option<&[u8]> {
        let seen = self.peek(cap.saturating_add(1));
        (seen.len() <= cap).then_some(seen)
    }

    /// What comes next, in one piece and without consuming it: at least `n` bytes, or all that are left.
    /// Copies only if the `n` bytes straddle chunks.
    pub fn peek(&mut self, n: usize) -> &[u8] {
        while self.seen().len() < n && self.extend(n) {}
        self.seen()
    }

    /// Goes on by `n` bytes of what [`Source::peek`] showed.
    pub fn consume(&mut self, n: usize) {
        self.at = self.at.saturating_add(n).min(self.looked_at().len());
        if !self.seam.is_empty() && self.at >= self.own {
            self.start += self.own as u64;
            self.at -= self.own;
            self.seam.clear();
            self.own = 0;
        }
    }

    /// Goes on by `n` bytes, seen or not; says by how many it could.
    pub fn skip(&mut self, n: u64) -> u64 {
        let mut left = n;
        while left > 0 {
            let here = self.peek(1).len();
            if here == 0 {
                break;
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(here);
            self.consume(step);
            left -= step as u64;
        }
        n - left
    }

    /// Offset in the item of the next byte.
    pub fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Whether the watch has ended the work; the source then seems to be at its end.
    pub fn cancelled(&self) -> bool {
        self.cancelled
    }

    /// Why the bytes ended too early, if they did.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Reads the rest, so that the hashes always cover the entire item.
    pub fn finish(mut self) -> Result<Finished, Cancelled> {
        while self.load() {}
        if self.cancelled {
            return Err(Cancelled);
        }
        let hashes = match self.feed {
            Feed::File { hashing, .. } | Feed::Here { hashing: Some(hashing), .. } => hashing.finish(),
            Feed::Thread { thread, .. } => thread.join().unwrap_or_else(|panic| resume_unwind(panic)).finish(),
            Feed::Here { hashing: None, .. } => Hashing::default().finish(),
        };
        Ok(Finished { hashes, error: self.error })
    }

    fn looked_at(&self) -> &[u8] {
        if self.seam.is_empty() { self.chunk.as_deref().map_or(&[], Chunk::bytes) } else { &self.seam }
    }

    fn seen(&self) -> &[u8] {
        self.looked_at().get(self.at..).unwrap_or_default()
    }

    /// A step towards showing `n` bytes; false if there are no more.
    fn extend(&mut self, n: usize) -> bool {
        if self.seam.is_empty() {
            // What is left of this chunk becomes the beginning of a seam; nothing left: the next chunk is looked at directly.
            let rest = self.seen().to_vec();
            self.start = self.position();
            (self.at, self.own, self.seam) = (0, rest.len(), rest);
            return self.load();
        }
        let taken = self.seam.len() - self.own;
        let missing = n.saturating_sub(self.seam.len() - self.at);
        let fresh = self.chunk.as_deref().and_then(|chunk| chunk.bytes().get(taken..)).unwrap_or_default();
        if !fresh.is_empty() {
            self.seam.extend_from_slice(fresh.get(..missing).unwrap_or(fresh));
            return true;
        }
        self.seam.drain(..self.at);
        self.start = self.position();
        (self.at, self.own) = (0, self.seam.len());
        self.load()
    }

    /// The next chunk; false at the end.
    fn load(&mut self) -> bool {
        self.chunk = None;
        if self.ended {
            return false;
        }
        let Next { chunk, error } = self.feed.next(self.chunk_size, self.chunk_most, &self.pool);
        let read = chunk.as_ref().map_or(0, |chunk| chunk.used as u64);
        if read >= self.chunk_size as u64 {
            self.chunk_size = self.chunk_most;
        }
        if self.watch.advance(if self.on_disk { read } else { 0 }).is_err() {
            self.cancelled = true;
            self.ended = true;
            return false;
        }
        self.ended = chunk.is_none() || error.is_some();
        self.error = error;
        self.chunk = chunk;
        self.chunk.is_some()
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let seen = self.fill_buf()?;
        let n = seen.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..n), seen.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.peek(1).is_empty() {
            if self.cancelled {
                return Err(io::Error::other(Cancelled));
            }
            if let Some(error) = &self.error {
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
        }
        Ok(self.seen())
    }

    fn consume(&mut self, n: usize) {
        Source::consume(self, n);
    }
}

/// Where chunks come from.
enum Feed<'a> {
    /// A file that may be short.
    File { file: Box<dyn Read + Send>, hashing: Hashing },
    /// A file that a thread reads ahead of us.
    Thread { chunks: Receiver<Next>, thread: JoinHandle<Hashing> },
    /// `full`: chunks wait until they are full.
    Here { read: &'a mut dyn Read, hashing: Option<Hashing>, full: bool },
}

/// What reading gave: bytes, and perhaps why there are no more. Neither: the end.
#[derive(Default)]
struct Next {
    chunk: Option<Arc<Chunk>>,
    error: Option<io::Error>,
}

impl Feed<'_> {
    fn next(&mut self, size: usize, later: usize, pool: &Arc<Pool>) -> Next {
        match self {
            Feed::Thread { chunks, .. } => chunks.recv().unwrap_or_default(),
            Feed::Here { read, hashing, full } => Chunk::read(*read, size, pool, hashing.as_mut(), *full),
            Feed::File { file, hashing } => {
                let mut next = Chunk::read(file, size, pool, Some(hashing), true);
                if next.error.is_none() && next.chunk.as_ref().is_some_and(|chunk| chunk.used == size) {
                    next.error = self.read_ahead(later, pool).err();
                }
                next
            }
        }
    }

    fn read_ahead(&mut self, size: usize, pool: &Arc<Pool>) -> io::Result<()> {
        let Feed::File { file, hashing } = self else { return Ok(()) };
        let mut file = std::mem::replace(file, Box::new(io::empty()));
        let mut hashing = std::mem::take(hashing);
        let pool = pool.clone();
        let (send, chunks) = sync_channel(WAITING);
        let thread = Builder::new().name("evidence reader".into()).spawn(move || {
            loop {
                let next = Chunk::read(&mut file, size, &pool, Some(&mut hashing), true);
                let last = next.chunk.is_none() || next.error.is_some();
                if send.send(next).is_err() || last {
                    return hashing; // nobody wants more, or there is no more
                }
            }
        })?;
        *self = Feed::Thread { chunks, thread };
        Ok(())
    }
}

/// Some bytes of an item; the memory goes back to the pool when the last reader has let it go.
struct Chunk {
    buffer: Vec<u8>,
    used: usize,
    pool: Arc<Pool>,
}

type Pool = Mutex<Vec<Vec<u8>>>;

impl Chunk {
    /// The next `size` bytes; less at the end, before an error, or if it need not be `full`.
    fn read(from: &mut dyn Read, size: usize, pool: &Arc<Pool>, hashing: Option<&mut Hashing>, full: bool) -> Next {
        let spare = pool.lock().ok().and_then(|mut pool| pool.pop()).filter(|buffer| buffer.len() >= size);
        let buffer = spare.unwrap_or_else(|| vec![0; size]);
        let mut chunk = Chunk { buffer, used: 0, pool: pool.clone() };
        let error = loop {
            let free = chunk.buffer.get_mut(chunk.used..).unwrap_or_default();
            if free.is_empty() {
                break None;
            }
            let room = free.len();
            match from.read(free) {
                Ok(0) => break None,
                Ok(n) => {
                    chunk.used += n.min(room);
                    if !full {
                        break None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        if chunk.used == 0 {
            return Next { chunk: None, error };
        }
        let chunk = Arc::new(chunk);
        if let Some(hashing) = hashing {
            hashing.update(&chunk);
        }
        Next { chunk: Some(chunk), error }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(std::mem::take(&mut self.buffer));
        }
    }
}

/// Both hashes in the making.
#[derive(Default)]
struct Hashing {
    blake3: blake3::Hasher,
    sha256: Sha,
    size: u64,
}

enum Sha {
    Here(Sha256),
    There { chunks: SyncSender<Arc<Chunk>>, thread: JoinHandle<Sha256> },
}

impl Default for Sha {
    fn default() -> Sha {
        Sha::Here(Sha256::new())
    }
}

impl Hashing {
    fn update(&mut self, chunk: &Arc<Chunk>) {
        self.sha256.update(chunk);
        self.blake3.update(chunk.bytes());
        self.size += chunk.used as u64;
    }

    fn finish(self) -> Hashes {
        Hashes { sha256: self.sha256.finish(), blake3: *self.blake3.finalize().as_bytes(), size: self.size }
    }
}

impl Sha {
    fn update(&mut self, chunk: &Arc<Chunk>) {
        if let Sha::Here(hasher) = self {
            hasher.update(chunk.bytes());
            // A full first chunk: more will follow. Without a thread to spare the work is done here.
            if chunk.used >= CHUNK {
                let hasher = hasher.clone();
                if let Ok(there) = Sha::there(hasher) {
                    *self = there;
                }
            }
        } else if let Sha::There { chunks, .. } = self {
            let _ = chunks.send(chunk.clone()); // fails only if the thread has panicked, which `finish` passes on
        }
    }

    fn there(mut hasher: Sha256) -> io::Result<Sha> {
        let (chunks, waiting) = sync_channel::<Arc<Chunk>>(WAITING);
        let thread = Builder::new().name("evidence sha256".into()).spawn(move || {
            for chunk in waiting {
                hasher.update(chunk.bytes());
            }
            hasher
        })?;
        Ok(Sha::There { chunks, thread })
    }

    fn finish(self) -> [u8; 32] {
        let hasher = match self {
            Sha::Here(hasher) => hasher,
            Sha::There { chunks, thread } => {
                drop(chunks);
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
        };
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails once after `good` bytes.
    struct Failing {
        good: usize,
    }

    impl Read for Failing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.good == 0 {
                self.good = usize::MAX;
                return Err(io::Error::other("bad sector"));
            }
            let n = into.len().min(self.good).min(10);
            self.good -= n;
            Ok(n)
        }
    }

    #[test]
    fn peeks_and_consumes_like_a_slice() {
        let bytes: Vec<u8> = (0..5_000_u32).map(|n| (n % 251) as u8).collect();
        for chunk in [1, 7, 64, 1000, 4999, 5000, 9000] {
            let mut reader = bytes.as_slice();
            let mut source = Source::over_with_chunks(&mut reader, &(), chunk);
            let mut at = 0;
            for step in (0..).map(|n| n * 37 % 211) {
                let want = step * 3 % 400;
                let rest = &bytes[at..];
                let seen = source.peek(want);
                assert!(seen.len() >= want.min(rest.len()));
                assert_eq!(seen, &rest[..seen.len()]);
                let take = step.min(seen.len());
                source.consume(take);
                at += take;
                assert_eq!(source.position(), at as u64);
                if at == bytes.len() {
                    break;
                }
            }
            assert_eq!(source.peek(1), b"");
            assert_eq!(source.finish().unwrap().hashes.blake3, *blake3::hash(&bytes).as_bytes());
        }
    }

    #[test]
    fn whole_items_and_skips() {
        let bytes = vec![7; 1000];
        let mut reader = bytes.as_slice();
        let mut source = Source::over_with_chunks(&mut reader, &(), 64);
        assert_eq!(source.whole(999), None);
        assert_eq!(source.whole(1000), Some(&bytes[..]));
        assert_eq!(source.position(), 0);
        assert_eq!(source.skip(900), 900);
        assert_eq!(source.skip(900), 100);
        assert_eq!(source.position(), 1000);
    }

    #[test]
    fn an_error_ends_the_bytes_and_is_told() {
        let mut failing = Failing { good: 95 };
        let mut source = Source::over_with_chunks(&mut failing, &(), 40);
        assert_eq!(source.peek(1000).len(), 95);
        let mut all = Vec::new();
        assert_eq!(source.read_to_end(&mut all).unwrap_err().to_string(), "bad sector");
        assert_eq!(all.len(), 95);
        let finished = source.finish().unwrap();
        assert_eq!((finished.hashes.size, finished.error.unwrap().to_string()), (95, "bad sector".to_owned()));
    }
}
