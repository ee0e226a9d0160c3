//! A bound on reading the directories of archives, which their crates hold in memory.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};

use super::ReadSeek;

/// The most that is read of an archive before its first member. A directory of 100 000 members has some 10 MiB.
pub(super) const LONGEST_DIRECTORY: u64 = 32 << 20;

/// An archive of which only so much may be read.
pub(super) struct Bounded<'a> {
    input: &'a mut dyn ReadSeek,
    left: &'a Cell<Option<u64>>,
}

impl<'a> Bounded<'a> {
    /// `left`: bytes that may be read; none: as many as there are.
    pub fn new(input: &'a mut dyn ReadSeek, left: &'a Cell<Option<u64>>) -> Bounded<'a> {
        Bounded { input, left }
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        if let Some(left) = self.left.get() {
            let left = left.checked_sub(n.max(1) as u64);
            self.left.set(Some(left.ok_or_else(|| io::Error::other("the directory is longer than 32 MiB"))?));
        }
        Ok(n)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}
