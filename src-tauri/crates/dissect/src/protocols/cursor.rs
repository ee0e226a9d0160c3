//! Reading forward over a message, never past its end.

use std::ops::Range;

use super::{Message, Out};
use crate::Level;

/// Where reading is, within the whole message, so that every position is one that the tree and issues can use.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

/// Why reading stopped before the end of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Offset in the message.
    pub at: usize,
    pub why: &'static str,
    /// The message itself ends here: bad only if nothing cut it.
    pub short: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0, end: bytes.len() }
    }

    /// From `at` on; at the end if there is nothing.
    pub fn starting(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at: at.min(bytes.len()), end: bytes.len() }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn end(&self) -> usize {
        self.end
    }

    pub fn left(&self) -> usize {
        self.end - self.at
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.end
    }

    /// The whole message, whatever part of it is being read.
    pub fn message(&self) -> &'a [u8] {
        self.bytes
    }

    /// From `start` to here.
    pub fn since(&self, start: usize) -> Range<usize> {
        start.min(self.at)..self.at
    }

    /// From here to the end.
    pub fn remaining(&self) -> Range<usize> {
        self.at..self.end
    }

    pub fn stop(&self, why: &'static str) -> Stop {
        Stop { at: self.at, why, short: false }
    }

    /// The next `n` bytes, or a stop saying what was cut short.
    pub fn take(&mut self, n: usize, why: &'static str) -> Result<&'a [u8], Stop> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.end);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => Err(Stop { at: self.at, why, short: self.end == self.bytes.len() }),
        }
    }

    fn chunk<const N: usize>(&mut self, why: &'static str) -> Result<[u8; N], Stop> {
        self.take(N, why).map(|taken| taken.try_into().unwrap_or([0; N]))
    }

    pub fn u8(&mut self, why: &'static str) -> Result<u8, Stop> {
        self.chunk(why).map(|[byte]| byte)
    }

    pub fn u16(&mut self, why: &'static str) -> Result<u16, Stop> {
        self.chunk(why).map(u16::from_be_bytes)
    }

    pub fn u32(&mut self, why: &'static str) -> Result<u32, Stop> {
        self.chunk(why).map(u32::from_be_bytes)
    }

    pub fn u64(&mut self, why: &'static str) -> Result<u64, Stop> {
        self.chunk(why).map(u64::from_be_bytes)
    }

    /// A cursor over the next `n` bytes alone, which are done with here.
    pub fn part(&mut self, n: usize, why: &'static str) -> Result<Cursor<'a>, Stop> {
        let start = self.at;
        self.take(n, why)?;
        Ok(Cursor { bytes: self.bytes, at: start, end: self.at })
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..self.end).unwrap_or_default();
        self.at = self.end;
        rest
    }
}

impl Stop {
    /// Says so: as an issue, or, when the capture cut the message, only as a note. True if it was cut.
    pub fn tell(&self, message: &Message, out: &mut Out) -> bool {
        let cut = self.short && message.cut;
        if cut {
            out.tree.note(Level::Note, self.at..self.at, format_args!("{} (the rest is not here)", self.why));
        } else {
            out.malformed(self.at, self.why);
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_reads_past_its_end() {
        let mut cursor = Cursor::new(&[1, 2, 3, 4, 5]);
        assert_eq!(cursor.u8("a"), Ok(1));
        let mut part = cursor.part(2, "b").unwrap();
        assert_eq!(part.take(3, "c"), Err(Stop { at: 1, why: "c", short: false }));
        assert_eq!(part.u16("d"), Ok(0x0203));
        assert!(part.is_empty());
        assert_eq!(cursor.take(usize::MAX, "e"), Err(Stop { at: 3, why: "e", short: true }));
        assert_eq!((cursor.rest(), cursor.left()), (&[4, 5][..], 0));
    }
}
