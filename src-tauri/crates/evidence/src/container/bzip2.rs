//! bzip2: one member, out of one or more concatenated streams.

use std::io::BufRead;

use bzip2::bufread::MultiBzDecoder;

use super::{Container, Entry, Gate, Stop, Unpack, member_name};
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static BZIP2: Container =
    Container { name: "bzip2", version: "1", recognise, unpack: Unpack::Streaming(unpack) };

/// The magic of the first block (pi), or of the end when there is none (the square root of pi).
const BLOCKS: [&[u8]; 2] = [&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    let bytes = head.bytes();
    begins_with(bytes, b"BZh", "bzip2")?;
    let level = bytes.get(3).is_some_and(|level| (b'1'..=b'9').contains(level));
    let block = bytes.get(4..10).is_some_and(|magic| BLOCKS.contains(&magic));
    if level && block {
        Ok("bzip2 magic".to_owned().into())
    } else {
        Err("begins with BZh, but no block follows".into())
    }
}

fn unpack(input: &mut dyn BufRead, name: &[u8], gate: &mut Gate) -> Result<Ending, Stop> {
    let member = member_name(name, &[(".bz2", ""), (".tbz2", ".tar"), (".tbz", ".tar"), (".bzip2", "")], None);
    let mut streams = MultiBzDecoder::new(input);
    gate.member(&Entry { name: &member, ..Entry::default() }, &mut streams)?;
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}
