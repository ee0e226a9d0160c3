//! The copies of files in a report: raw or gzipped, whole or in lines.

use std::io::Read;

use model::{Cancelled, Place};

use super::report::{Entry, Span, offset};

/// The most that one file may be inflated to.
const LARGEST: u64 = 256 << 20;
/// The most that all files of a report together may be inflated to, in one pass.
pub const BUDGET: u64 = 1 << 30;
/// The most of one line that is looked at.
const LINE: usize = 16 << 10;

/// A copied file.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    pub path: String,
    /// Its content as it lies in the report.
    pub stored: Span<'a>,
    /// The whole message in the report, with the path.
    pub whole: Span<'a>,
    /// Type of the protobuf message that it is, if it is one.
    pub message_type: String,
}

impl<'a> Member<'a> {
    pub fn new(entry: &Entry<'a>) -> Member<'a> {
        let text = |span: Span| span.text().into_owned();
        Member {
            path: text(entry.name),
            stored: entry.content,
            whole: entry.whole,
            message_type: text(entry.message_type),
        }
    }

    /// Told by magic (RFC 1952), as names don't say.
    pub fn is_gzip(&self) -> bool {
        self.stored.bytes.starts_with(&[0x1f, 0x8b, 8])
    }

    /// Where in the report the bytes of a part of the content are: exact when stored raw, else all of the gzipped content.
    pub fn place(&self, at: u64, length: u64) -> Place {
        match self.is_gzip() {
            true => Place::bytes(offset(self.stored.at), offset(self.stored.bytes.len())),
            false => Place::bytes(offset(self.stored.at).saturating_add(at), length),
        }
    }

    /// Hands the uncompressed content to `each`, piece by piece. Returns why it stopped before the end, if it did.
    pub fn content(
        &self,
        budget: &mut u64,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Cancelled>,
    ) -> Result<Option<String>, Cancelled> {
        if !self.is_gzip() {
            each(self.stored.bytes)?;
            return Ok(None);
        }
        let mut inflated = flate2::bufread::MultiGzDecoder::new(self.stored.bytes);
        let mut left = LARGEST.min(*budget);
        let mut piece = vec![0; 64 << 10];
        loop {
            match inflated.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(got) => {
                    let taken = got.min(usize::try_from(left).unwrap_or(usize::MAX));
                    each(piece.get(..taken).unwrap_or_default())?;
                    left -= offset(taken);
                    *budget = budget.saturating_sub(offset(taken));
                    if taken < got {
                        return Ok(Some("inflates to more than is allowed; the rest is left out".into()));
                    }
                }
                Err(error) => return Ok(Some(format!("gzip: {error}"))),
            }
        }
    }

    /// The first `most` bytes of the uncompressed content.
    pub fn beginning(&self, most: usize) -> Vec<u8> {
        let mut kept = Vec::new();
        let mut budget = offset(most);
        // Cannot be cancelled, and why it stopped is told by who reads all of it.
        let _ = self.content(&mut budget, &mut |piece| {
            let room = most.saturating_sub(kept.len()).min(piece.len());
            kept.extend_from_slice(piece.get(..room).unwrap_or_default());
            Ok(())
        });
        kept
    }
}

/// One line of a text, without its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u64,
    /// Offset in the text.
    pub at: u64,
    /// Length in the text, even if `bytes` is less.
    pub length: u64,
    /// Its first 16 KiB.
    pub bytes: &'a [u8],
}

/// Cuts pieces of a text into lines.
#[derive(Debug, Default)]
pub struct Lines {
    carry: Vec<u8>,
    number: u64,
    at: u64,
    length: u64,
}

impl Lines {
    /// The lines that end in `piece`.
    pub fn push(&mut self, piece: &[u8], each: &mut dyn FnMut(Line) -> Result<(), Cancelled>) -> Result<(), Cancelled> {
        let mut parts = piece.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.add(part);
            self.end(each)?;
            self.at += 1;
        }
        self.add(last);
        Ok(())
    }

    /// What stands after the last line end.
    pub fn finish(mut self, each: &mut dyn FnMut(Line) -> Result<(), Cancelled>) -> Result<(), Cancelled> {
        if self.length > 0 { self.end(each) } else { Ok(()) }
    }

    fn add(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.carry.len()).min(part.len());
        self.carry.extend_from_slice(part.get(..room).unwrap_or_default());
        self.length += offset(part.len());
    }

    fn end(&mut self, each: &mut dyn FnMut(Line) -> Result<(), Cancelled>) -> Result<(), Cancelled> {
        self.number += 1;
        let said = each(Line { number: self.number, at: self.at, length: self.length, bytes: &self.carry });
        self.at += self.length;
        self.length = 0;
        self.carry.clear();
        said
    }
}

/// All lines of a short text.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    (1..).zip(text.split_inclusive(|byte| *byte == b'\n')).map(move |(number, whole)| {
        let bytes = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = Line { number, at, length: offset(bytes.len()), bytes };
        at += offset(whole.len());
        line
    })
}

/// The order in which to read files so that logs run forward: rotated ones (`messages.1`, `net.2.log`) before those that go on,
/// each family where its first file stands.
pub fn oldest_first(members: &[Member]) -> Vec<usize> {
    let families: Vec<(String, u32)> = members.iter().map(|member| family(&member.path)).collect();
    let mut first = std::collections::BTreeMap::new();
    for (n, (stem, _)) in families.iter().enumerate() {
        first.entry(stem.as_str()).or_insert(n);
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| {
        families.get(*n).map(|(stem, rotation)| (first.get(stem.as_str()).copied(), std::cmp::Reverse(*rotation)))
    });
    order
}

/// What a file is called before rotation, and how often it was rotated.
pub fn family(path: &str) -> (String, u32) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (name, end) = match name.strip_suffix(".log") {
        Some(name) => (name, ".log"),
        None => (name, ""),
    };
    match name.rsplit_once('.').map(|(stem, number)| (stem, number.parse::<u32>())) {
        Some((stem, Ok(rotation))) => (format!("{folder}/{stem}{end}"), rotation),
        _ => (path.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn member<'a>(path: &str, bytes: &'a [u8]) -> Member<'a> {
        let stored = Span { at: 1000, bytes };
        Member { path: path.into(), stored, whole: stored, message_type: String::new() }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_are_the_same_however_the_text_comes() {
        let text = b"one\n\ntwo\nlast";
        let whole: Vec<Line> = lines(text).collect();
        let expected = [(1, 0, 3), (2, 4, 0), (3, 5, 3), (4, 9, 4)];
        assert_eq!(whole.iter().map(|l| (l.number, l.at, l.length)).collect::<Vec<_>>(), expected);
        for size in 1..text.len() {
            let (mut cut, mut n) = (Lines::default(), 0);
            let mut each = |line: Line| {
                assert_eq!(Some(&line), whole.get(n));
                n += 1;
                Ok(())
            };
            text.chunks(size).try_for_each(|piece| cut.push(piece, &mut each)).unwrap();
            cut.finish(&mut each).unwrap();
            assert_eq!(n, 4);
        }
    }

    #[test]
    fn long_lines_are_cut_but_counted() {
        let mut cut = Lines::default();
        let mut said = Vec::new();
        let mut each = |line: Line| {
            said.push((line.at, line.length, line.bytes.len()));
            Ok(())
        };
        cut.push(&[b'x'; 200_000], &mut each).unwrap();
        cut.push(b"\ny\n", &mut each).unwrap();
        assert_eq!(said, [(0, 200_000, LINE), (200_001, 1, 1)]);
    }

    #[test]
    fn gzip_is_inflated_up_to_the_budget_and_damage_is_told() {
        let packed = gzip(&[b'a'; 100_000]);
        let read = |bytes: &[u8], mut budget: u64| {
            let mut size = 0;
            let fault = member("/x", bytes).content(&mut budget, &mut |piece| {
                size += piece.len();
                Ok(())
            });
            (size, fault.unwrap().map(|why| why.split(':').next().unwrap_or_default().to_owned()), budget)
        };
        assert_eq!(read(&packed, 200_000), (100_000, None, 100_000));
        let over = "inflates to more than is allowed; the rest is left out";
        assert_eq!(read(&packed, 70_000), (70_000, Some(over.into()), 0));
        let (size, fault, _) = read(packed.get(..packed.len() - 9).unwrap(), BUDGET);
        assert!(size > 0 && fault.is_some());
        assert_eq!(read(b"\x1f\x8b\x08", BUDGET), (0, Some("gzip".into()), BUDGET));
        assert_eq!(read(b"raw", 0), (3, None, 0));
        assert_eq!(member("/x", &packed).beginning(10), [b'a'; 10]);
        assert_eq!(member("/x", b"raw").beginning(2), b"ra");
    }

    #[test]
    fn rotated_logs_come_before_those_that_go_on() {
        let paths =
            ["/a", "/var/log/net.log", "/var/log/net.1.log", "/log/messages", "/log/messages.1", "/log/messages.10"];
        let members: Vec<Member> = paths.iter().map(|path| member(path, b"")).collect();
        assert_eq!(oldest_first(&members), [0, 2, 1, 5, 4, 3]);
    }
}
