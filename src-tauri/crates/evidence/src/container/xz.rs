//! xz: one member, out of one or more concatenated streams.

use std::io::BufRead;

use lzma_rust2::XzReader;

use super::{Container, Entry, Gate, Stop, Unpack, member_name};
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static XZ: Container = Container { name: "xz", version: "1", recognise, unpack: Unpack::Streaming(unpack) };

/// In KiB: what `xz -9` makes needs 65 MiB.
const MOST_MEMORY: u32 = 512 << 10;

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    begins_with(head.bytes(), b"\xfd7zXZ\0", "xz")?;
    Ok("xz magic".to_owned().into())
}

fn unpack(input: &mut dyn BufRead, name: &[u8], gate: &mut Gate) -> Result<Ending, Stop> {
    let member = member_name(name, &[(".xz", ""), (".txz", ".tar")], None);
    let mut streams = XzReader::new_mem_limit(input, true, MOST_MEMORY);
    gate.member(&Entry { name: &member, ..Entry::default() }, &mut streams)?;
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}
