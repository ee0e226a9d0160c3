//! What a capture program gives, into files of the case: whole pcapng blocks only, so that whatever happens the files can be read.
//!
//! Nothing waits for the analysis: that reads the files behind us, as far as they are written ([`Growing`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evidence::PcapngWriter;
use model::Time;

use crate::state::{lock, now};

/// A file being written, or done with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// Its name in the captures folder.
    pub name: String,
    /// Of whole blocks.
    pub bytes: u64,
    pub packets: u64,
    pub closed: bool,
}

/// When to go on in another file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rotation {
    pub bytes: Option<u64>,
    pub every: Option<Duration>,
}

/// Takes the bytes of one capture.
pub(crate) struct Tee {
    folder: PathBuf,
    stem: String,
    rotation: Rotation,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    files: Vec<Written>,
    out: Option<File>,
    began: Instant,
    /// A block that is not yet whole.
    rest: Vec<u8>,
    /// Section header and interfaces: every file begins with them.
    header: Vec<u8>,
    /// Ticks a second of the first interface.
    ticks: u64,
    /// Nothing more comes.
    ended: bool,
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const LONGEST_BLOCK: usize = 16 << 20;
/// if_tsresol
const RESOLUTION: u16 = 9;
/// How long a reader waits before it looks up.
const PULSE: Duration = Duration::from_millis(50);

impl Tee {
    /// The first file exists at once, so that a full or read-only disk is known before anything is captured.
    pub fn new(folder: &Path, stem: &str, rotation: Rotation) -> io::Result<Tee> {
        let state = State {
            files: Vec::new(),
            out: None,
            began: Instant::now(),
            rest: Vec::new(),
            header: Vec::new(),
            ticks: 1_000_000,
            ended: false,
        };
        let stem = stem.to_owned();
        let tee = Tee { folder: folder.to_owned(), stem, rotation, state: Mutex::new(state), changed: Condvar::new() };
        tee.open(&mut lock(&tee.state))?;
        Ok(tee)
    }

    /// What came. An error: it could not be written, or is no pcapng; what was written before is whole.
    pub fn take(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut state.rest);
        let taken = self.blocks(&mut state, &rest);
        let done = *taken.as_ref().unwrap_or(&0);
        state.rest = rest;
        state.rest.drain(..done);
        self.changed.notify_all();
        taken.map(drop)
    }

    /// Writes the whole blocks in `bytes`; says how many bytes they are.
    fn blocks(&self, state: &mut State, bytes: &[u8]) -> io::Result<usize> {
        let (mut from, mut at, mut packets) = (0, 0, 0);
        while let Some(block) = block(bytes.get(at..).unwrap_or_default())? {
            match word(block, 0) {
                ENHANCED_PACKET => packets += 1,
                SECTION_HEADER => state.header = block.to_vec(),
                INTERFACE_DESCRIPTION => {
                    if word(state.header.get(word(&state.header, 4) as usize..).unwrap_or_default(), 0) == 0 {
                        state.ticks = ticks(block);
                    }
                    state.header.extend_from_slice(block);
                }
                _ => {}
            }
            at += block.len();
            if self.is_full(state, (at - from) as u64) {
                self.write(state, bytes.get(from..at).unwrap_or_default(), packets)?;
                (from, packets) = (at, 0);
                self.rotate(state)?;
            }
        }
        self.write(state, bytes.get(from..at).unwrap_or_default(), packets)?;
        Ok(at)
    }

    fn is_full(&self, state: &State, more: u64) -> bool {
        let Some(file) = state.files.last() else { return false };
        let Rotation { bytes, every } = self.rotation;
        let has_packets = file.bytes + more > state.header.len() as u64;
        has_packets
            && (bytes.is_some_and(|most| file.bytes + more >= most)
                || every.is_some_and(|most| state.began.elapsed() >= most))
    }

    fn write(&self, state: &mut State, blocks: &[u8], packets: u64) -> io::Result<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        let (Some(out), Some(file)) = (&mut state.out, state.files.last_mut()) else {
            return Err(io::Error::other("there is no file to write to"));
        };
        if let Err(why) = out.write_all(blocks) {
            // Half a block would spoil what was written before it.
            let _ = out.set_len(file.bytes);
            return Err(why);
        }
        file.bytes += blocks.len() as u64;
        file.packets += packets;
        Ok(())
    }

    fn rotate(&self, state: &mut State) -> io::Result<()> {
        self.open(state)?;
        let header = state.header.clone();
        self.write(state, &header, 0)
    }

    fn open(&self, state: &mut State) -> io::Result<()> {
        let number = state.files.len() + 1;
        let alone = self.rotation.bytes.is_none() && self.rotation.every.is_none();
        let name = if alone { format!("{}.pcapng", self.stem) } else { numbered(&self.stem, number) };
        let file = OpenOptions::new().write(true).create_new(true).open(self.folder.join(&name))?;
        self.close_file(state);
        state.out = Some(file);
        state.began = Instant::now();
        state.files.push(Written { name, ..Written::default() });
        Ok(())
    }

    fn close_file(&self, state: &mut State) {
        if let Some(out) = state.out.take() {
            let _ = out.sync_all(); // what can't be made sure of is found when the file is read and hashed
        }
        if let Some(file) = state.files.last_mut() {
            file.closed = true;
        }
    }

    /// Puts a note beside the packets, at this moment: interface statistics that count nothing, with a comment.
    pub fn mark(&self, note: &str) -> io::Result<Time> {
        let at = now();
        let mut state = lock(&self.state);
        if state.header.is_empty() || state.ended {
            return Err(io::Error::other("nothing is being recorded just now"));
        }
        let ticks = (i128::from(at.0) * i128::from(state.ticks) / 1_000_000_000).try_into().unwrap_or(0);
        let mut writer = PcapngWriter::new(Vec::new());
        writer.note(0, ticks, note)?;
        let block = writer.finish()?;
        self.write(&mut state, &block, 0)?;
        self.changed.notify_all();
        Ok(at)
    }

    /// Nothing more comes. Says how many bytes of an unfinished block were left over.
    pub fn close(&self) -> usize {
        let mut state = lock(&self.state);
        self.close_file(&mut state);
        state.ended = true;
        self.changed.notify_all();
        state.rest.len()
    }

    /// Makes sure that what was written so far outlives a power cut.
    pub fn sync(&self) -> io::Result<()> {
        let out = lock(&self.state).out.as_ref().map(File::try_clone).transpose()?;
        out.map_or(Ok(()), |out| out.sync_data())
    }

    pub fn files(&self) -> Vec<Written> {
        lock(&self.state).files.clone()
    }

    /// Waits for a file; `None` when there will be no such file.
    pub fn file(&self, number: usize, mut pulse: impl FnMut()) -> Option<Written> {
        let mut state = lock(&self.state);
        loop {
            if let Some(file) = state.files.get(number) {
                return Some(file.clone());
            }
            if state.ended {
                return None;
            }
            state = self.changed.wait_timeout(state, PULSE).unwrap_or_else(PoisonError::into_inner).0;
            drop(state);
            pulse();
            state = lock(&self.state);
        }
    }

    /// How far a file is written beyond `from`, and whether that is all; waits a moment if there is nothing.
    fn beyond(&self, number: usize, from: u64) -> (u64, bool) {
        let state = lock(&self.state);
        let look = |state: &State| {
            state.files.get(number).map_or((0, true), |file| (file.bytes.saturating_sub(from), file.closed))
        };
        match look(&state) {
            (0, false) => look(&self.changed.wait_timeout(state, PULSE).unwrap_or_else(PoisonError::into_inner).0),
            found => found,
        }
    }
}

/// Reads one of the files as it grows, and ends when it is closed.
pub(crate) struct Growing<'p> {
    tee: Arc<Tee>,
    number: usize,
    file: File,
    at: u64,
    /// Called before each reading, and now and then while waiting.
    pulse: &'p mut dyn FnMut(u64),
}

impl<'p> Growing<'p> {
    pub fn new(tee: &Arc<Tee>, number: usize, name: &str, pulse: &'p mut dyn FnMut(u64)) -> io::Result<Growing<'p>> {
        let file = File::open(tee.folder.join(name))?;
        Ok(Growing { tee: tee.clone(), number, file, at: 0, pulse })
    }
}

impl Read for Growing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            (self.pulse)(self.at);
            let (more, closed) = self.tee.beyond(self.number, self.at);
            if more > 0 {
                let most = into.len().min(usize::try_from(more).unwrap_or(usize::MAX));
                let n = self.file.read(into.get_mut(..most).unwrap_or_default())?;
                self.at += n as u64;
                return Ok(n);
            }
            if closed {
                return Ok(0);
            }
        }
    }
}

/// Name of one of the files that follow each other.
pub(crate) fn numbered(stem: &str, number: usize) -> String {
    format!("{stem}-{number:04}.pcapng")
}

/// A file that nobody closed, after its half written end was taken off.
pub(crate) struct Whole {
    pub bytes: u64,
    pub packets: u64,
    /// Bytes that were taken off.
    pub cut: u64,
}

/// Cuts a file back to its last whole block.
pub(crate) fn trim(path: &Path) -> io::Result<Whole> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut whole = Whole { bytes: 0, packets: 0, cut: 0 };
    let mut from = io::BufReader::with_capacity(1 << 20, &file);
    let mut header = [0; 8];
    while length - whole.bytes >= 12 && from.read_exact(&mut header).is_ok() {
        let size = u64::from(word(&header, 4));
        if !(12..=LONGEST_BLOCK as u64).contains(&size) || !size.is_multiple_of(4) || whole.bytes + size > length {
            break;
        }
        // A power cut may leave the length of a file that was never filled: its last word is there only if all is.
        from.seek_relative(size as i64 - 12)?;
        let mut again = [0; 4];
        from.read_exact(&mut again)?;
        if u64::from(u32::from_le_bytes(again)) != size {
            break;
        }
        whole.packets += u64::from(word(&header, 0) == ENHANCED_PACKET);
        whole.bytes += size;
    }
    whole.cut = length - whole.bytes;
    if whole.cut > 0 {
        file.set_len(whole.bytes)?;
        file.sync_all()?;
    }
    Ok(whole)
}

/// The first block in `bytes`; `None` if it is not whole yet.
fn block(bytes: &[u8]) -> io::Result<Option<&[u8]>> {
    if bytes.len() < 12 {
        return Ok(None);
    }
    let length = word(bytes, 4) as usize;
    if !(12..=LONGEST_BLOCK).contains(&length) || !length.is_multiple_of(4) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a pcapng block of {length} bytes came")));
    }
    Ok(bytes.get(..length))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four))
}

/// Ticks a second of an interface description (if_tsresol; a millionth if it says nothing).
fn ticks(block: &[u8]) -> u64 {
    let mut options = block.get(16..block.len().saturating_sub(4)).unwrap_or_default();
    while let [a, b, c, d, rest @ ..] = options {
        let (code, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        if code == RESOLUTION {
            return match rest.first().copied().unwrap_or(6) {
                power @ 0x80.. => 1 << (power & 0x7f).min(63),
                power => 10_u64.checked_pow(power.into()).unwrap_or(1_000_000_000),
            };
        }
        options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Interface;

    fn capture(packets: u64) -> Vec<u8> {
        let mut writer = PcapngWriter::new(Vec::new());
        writer.section("", "test").unwrap();
        writer.interface(&Interface { link_type: 1, snap_len: 64, ..Interface::default() }).unwrap();
        for n in 0..packets {
            writer.packet(0, Some(Time(1_700_000_000_000_000_000 + n as i64)), &[n as u8; 61], 61, "").unwrap();
        }
        writer.finish().unwrap()
    }

    /// Of one of its packets.
    const PACKET: usize = 28 + 64 + 4;

    fn read_all(tee: &Arc<Tee>) -> Vec<Vec<u8>> {
        let each = tee.files().into_iter().enumerate().map(|(number, file)| {
            let mut bytes = Vec::new();
            Growing::new(tee, number, &file.name, &mut |_| ()).unwrap().read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, file.bytes);
            bytes
        });
        each.collect()
    }

    #[test]
    fn only_whole_blocks_are_written_however_they_come() {
        let bytes = capture(5);
        for step in [1, 7, 50, 1000] {
            let folder = tempfile::tempdir().unwrap();
            let tee = Arc::new(Tee::new(folder.path(), "eth0", Rotation::default()).unwrap());
            for piece in bytes[..bytes.len() - 3].chunks(step) {
                tee.take(piece).unwrap();
                let on_disk = std::fs::read(folder.path().join("eth0.pcapng")).unwrap();
                let mut rest = &on_disk[..];
                while let Some(whole) = block(rest).unwrap() {
                    rest = &rest[whole.len()..];
                }
                assert_eq!(rest, b"", "a block is cut");
            }
            assert!(tee.close() > 0);
            let [file] = &tee.files()[..] else { panic!() };
            assert_eq!((file.packets, file.closed), (4, true));
            assert_eq!(read_all(&tee)[0], bytes[..file.bytes as usize]);
        }
    }

    #[test]
    fn files_follow_each_other_without_a_seam() {
        let bytes = capture(40);
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { bytes: Some(1_000), every: None };
        let tee = Arc::new(Tee::new(folder.path(), "eth0", rotation).unwrap());
        bytes.chunks(333).for_each(|piece| tee.take(piece).unwrap());
        assert_eq!(tee.close(), 0);
        let files = tee.files();
        assert!(files.len() > 3 && files.iter().all(|file| file.closed && file.bytes < 1_200));
        assert_eq!(files.iter().map(|file| file.packets).sum::<u64>(), 40);
        let all = read_all(&tee);
        let header = bytes.len() - 40 * PACKET;
        assert!(all.iter().all(|file| file[..header] == bytes[..header]));
        let packets: Vec<u8> = all.iter().flat_map(|file| file[header..].to_vec()).collect();
        assert_eq!(packets, bytes[header..]);
    }

    #[test]
    fn a_mark_lies_between_packets_in_the_capture_s_own_ticks() {
        let bytes = capture(2);
        let folder = tempfile::tempdir().unwrap();
        let tee = Arc::new(Tee::new(folder.path(), "eth0", Rotation::default()).unwrap());
        assert!(tee.mark("too early").is_err());
        tee.take(&bytes[..bytes.len() - 10]).unwrap();
        let at = tee.mark("lamp on").unwrap();
        tee.take(&bytes[bytes.len() - 10..]).unwrap();
        tee.close();
        assert!(tee.mark("too late").is_err());
        let all = &read_all(&tee)[0];
        let mark = &all[bytes.len() - PACKET..];
        let ticks = u64::from(word(mark, 12)) << 32 | u64::from(word(mark, 16));
        assert_eq!((word(mark, 0), ticks as i64), (5, at.0));
        assert_eq!(all.len(), bytes.len() + word(mark, 4) as usize);
    }

    #[test]
    fn a_half_written_end_is_taken_off() {
        let bytes = capture(3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.pcapng");
        for (tail, packets) in [(&bytes[..0], 3), (&bytes[..5], 3), (&[0; 40][..], 3), (&bytes[..bytes.len() - 50], 5)]
        {
            std::fs::write(&path, [&bytes, tail].concat()).unwrap();
            let whole = trim(&path).unwrap();
            assert_eq!((whole.packets, whole.bytes + whole.cut), (packets, (bytes.len() + tail.len()) as u64));
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.bytes);
        }
    }

    #[test]
    fn what_is_no_pcapng_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let tee = Tee::new(folder.path(), "eth0", Rotation::default()).unwrap();
        assert_eq!(tee.take(b"tcpdump: no such device").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
