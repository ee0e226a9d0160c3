//! Files that hold files. They are opened in place: nothing is written into a folder, members are read as they come out.
//!
//! A member has a name, its own hashes, and a parent. What may not be read (links, devices, encrypted members, names that leave the
//! archive) and what would not end (bombs) becomes an issue of the container, which is then partial.

mod bzip2;
mod directory;
mod guard;
mod gzip;
mod sevenz;
mod sevenz_header;
mod tar;
mod xz;
mod zip;
mod zstd;

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use model::{Cancelled, Time};

pub(crate) use guard::{Account, Gate, Take};

use crate::format::{Ending, Head, Recognised};
use crate::source::Source;

/// Every container we open, in the order in which they are asked.
pub(crate) static ALL: &[&Container] =
    &[&gzip::GZIP, &zstd::ZSTD, &xz::XZ, &bzip2::BZIP2, &zip::ZIP, &sevenz::SEVENZ, &tar::TAR];

/// A file format that holds members.
pub(crate) struct Container {
    /// As evidence rows name it.
    pub name: &'static str,
    pub version: &'static str,
    /// Err: why not.
    pub recognise: fn(&mut Head) -> Result<Recognised, String>,
    pub unpack: Unpack,
}

/// How members come out: they are handed to the gate, one after the other.
pub(crate) enum Unpack {
    /// From first to last byte. The name is the container's own, without folders.
    Streaming(fn(input: &mut dyn BufRead, name: &[u8], gate: &mut Gate) -> Result<Ending, Stop>),
    /// By a directory inside.
    Seeking(fn(input: &mut dyn ReadSeek, gate: &mut Gate) -> Result<Ending, Stop>),
}

pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A member, as its container describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry<'a> {
    /// As stored; `/` between folders.
    pub name: &'a [u8],
    /// Uncompressed, as the container claims.
    pub size: Option<u64>,
    /// Compressed.
    pub packed: Option<u64>,
    pub modified: Option<Time>,
    /// Of the member's header in the container, if known.
    pub offset: u64,
}

/// Why unpacking ends before the container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    /// The taker has what it wanted, or the gate has closed.
    Enough,
}

impl From<Cancelled> for Stop {
    fn from(_: Cancelled) -> Stop {
        Stop::Cancelled
    }
}

/// What the only member of a compressed file is called: as the file, without the ending that says how it is compressed; else as
/// the file itself says; else as the file.
fn member_name(container: &[u8], endings: &[(&str, &str)], stored: Option<Vec<u8>>) -> Vec<u8> {
    for (ending, instead) in endings {
        if let Some((stem, end)) =
            container.len().checked_sub(ending.len()).and_then(|at| container.split_at_checked(at))
            && !stem.is_empty()
            && end.eq_ignore_ascii_case(ending.as_bytes())
        {
            return [stem, instead.as_bytes()].concat();
        }
    }
    stored.filter(|name| crate::name::check(name).is_ok()).unwrap_or_else(|| container.to_vec())
}

/// A spool is held in memory up to this size.
const IN_MEMORY: usize = 1 << 20;

/// Lays what is left of `source` into a nameless temporary file, to seek in it.
pub(crate) fn spool(source: &mut Source, cap: u64) -> io::Result<impl ReadSeek + use<>> {
    let mut spool = tempfile::spooled_tempfile(IN_MEMORY);
    let mut left = cap;
    loop {
        let seen = source.peek(1);
        let n = seen.len();
        if n == 0 {
            break;
        }
        left = left
            .checked_sub(n as u64)
            .ok_or_else(|| io::Error::other(format!("longer than {cap} bytes, which is the limit")))?;
        spool.write_all(seen)?;
        source.consume(n);
    }
    spool.seek(SeekFrom::Start(0))?;
    Ok(spool)
}
