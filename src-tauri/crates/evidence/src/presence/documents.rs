//! A file of JSON documents, one after the other: a line each, a list, or one alone.

use model::Cancelled;

use super::document;
use super::telling::Telling;
use crate::source::Source;

/// A longer document is not believed: it would have to be in memory.
pub const LONGEST: usize = 16 << 20;
/// By how much more is looked at when a document does not end in what is seen.
const MORE: usize = 64 << 10;

/// Where the first document begins: the object, or the first object of the list.
pub fn first(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.trim_ascii_start();
    let bytes = bytes.strip_prefix(b"[").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"{").then_some(bytes)
}

/// Gives each document to [`document`]. What is no document is an issue.
pub fn read(source: &mut Source, telling: &mut Telling) -> Result<(), Cancelled> {
    skip_space(source);
    let head = source.head();
    if head.starts_with(b"[") {
        source.consume(1);
        return list(source, telling);
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // A line longer than the head is taken for a line.
    let goes_on = line.len() < head.len() && Balance::default().end(line).is_none();
    if goes_on { one(source, telling) } else { lines(source, telling) }
}

fn one(source: &mut Source, telling: &mut Telling) -> Result<(), Cancelled> {
    let at = source.position();
    match source.whole(LONGEST) {
        Some(whole) => document(whole.trim_ascii_end(), at, telling),
        None => {
            telling.issue("presence report", "longer than 16 MiB, which is the most that is read in one piece", at);
            Ok(())
        }
    }
}

fn lines(source: &mut Source, telling: &mut Telling) -> Result<(), Cancelled> {
    while let Some((length, found)) = until(source, |seen| seen.iter().position(|byte| *byte == b'\n')) {
        let at = source.position();
        if found || length < LONGEST {
            let line = source.peek(length).get(..length).unwrap_or_default();
            let text = line.trim_ascii();
            if !text.is_empty() {
                let before = line.len() - line.trim_ascii_start().len();
                document(text, at + before as u64, telling)?;
            }
            source.consume(length + 1);
        } else {
            telling.issue("presence report", "a line longer than 16 MiB", at);
            source.consume(length);
            while !source.peek(1).is_empty() {
                let seen = source.peek(1);
                let end = seen.iter().position(|byte| *byte == b'\n');
                let step = end.map_or(seen.len(), |end| end + 1);
                source.consume(step);
                if end.is_some() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// What follows `[`.
fn list(source: &mut Source, telling: &mut Telling) -> Result<(), Cancelled> {
    loop {
        skip_space(source);
        let at = source.position();
        match source.peek(1).first() {
            Some(b'{') => {
                let mut balance = Balance::default();
                let Some((length, found)) = until(source, |seen| balance.end(seen)) else { return Ok(()) };
                if !found && length >= LONGEST {
                    telling.issue(
                        "presence report",
                        "longer than 16 MiB, which is the most that is read in one piece",
                        at,
                    );
                    return Ok(());
                }
                // A document that the end cuts short says so itself.
                let length = length + usize::from(found);
                document(source.peek(length).get(..length).unwrap_or_default(), at, telling)?;
                source.consume(length);
            }
            Some(b',') => source.consume(1),
            Some(b']') => {
                source.consume(1);
                skip_space(source);
                if !source.peek(1).is_empty() {
                    telling.issue("presence reports", "text after the end of the list", source.position());
                }
                return Ok(());
            }
            Some(_) => {
                telling.issue("presence reports", "no JSON object here; the rest of the list is left out", at);
                return Ok(());
            }
            None => {
                telling.issue("presence reports", "the list does not end", at);
                return Ok(());
            }
        }
    }
}

/// How many bytes there are before what `find` finds in them, and whether it was found: else they are all that is left, or
/// [`LONGEST`]. `find` gets what comes next, piece after piece. `None`: nothing is left.
fn until(source: &mut Source, mut find: impl FnMut(&[u8]) -> Option<usize>) -> Option<(usize, bool)> {
    let (mut searched, mut want) = (0, 1);
    loop {
        let seen = source.peek(want);
        let seen = seen.get(..LONGEST).unwrap_or(seen);
        let fresh = seen.get(searched..).unwrap_or_default();
        if let Some(at) = find(fresh) {
            return Some((searched + at, true));
        }
        if seen.len() < want || seen.len() >= LONGEST {
            return (!seen.is_empty()).then_some((seen.len(), false));
        }
        searched = seen.len();
        want = (searched + MORE).min(LONGEST);
    }
}

fn skip_space(source: &mut Source) {
    loop {
        let seen = source.peek(1);
        let space = seen.len() - seen.trim_ascii_start().len();
        if space == 0 {
            return;
        }
        source.consume(space);
    }
}

/// Finds the end of an object or list by its brackets.
#[derive(Default)]
struct Balance {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Balance {
    /// Where the last bracket is; `None`: it is not among these bytes.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }
}
