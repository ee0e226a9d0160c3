//! Back to the bytes: an item, or a piece of it, long after it was read.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use model::{Cancelled, Issue, Sink};

use crate::container::{self, Account, Entry, Gate, Stop, Take, Unpack};
use crate::file;
use crate::format::{self, Ending, Head};
use crate::name;
use crate::options::Options;
use crate::source::{Hashes, Source, Watch};

/// The most that [`read_at`] gives at once.
pub const LONGEST_PIECE: u64 = 64 << 20;

/// Opens the item that `members` lead to in `file` (none: the file itself; see [`crate::name::split`]) and lets `look` read it.
///
/// A member is unpacked from the beginning, as far as `look` reads; zip and 7z inside another container go through a temporary file.
pub fn with_item<T>(
    file: &Path,
    members: &[String],
    options: &Options,
    watch: &dyn Watch,
    look: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    let mut top = file::open(file)?;
    let mut look = Some(look);
    let mut seen = None;
    let mut once = |read: &mut dyn Read| {
        if let Some(look) = look.take() {
            seen = Some(look(read)?);
        }
        Ok(())
    };
    match members.split_first() {
        None => once(&mut top)?,
        Some((first, rest)) => {
            let account = Account::new(&options.limits, top.metadata()?.len());
            let name = file.file_name().map(|name| name::escape_path(Path::new(name))).unwrap_or_default();
            let mut again = top.try_clone()?;
            let way = Way { name: first, rest, options, watch, account: &account };
            descend(Source::again(&mut top, watch), Some(&mut again), &name, &way, &mut once)?;
        }
    }
    seen.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// `length` bytes from `offset` on; fewer at the item's end or after [`LONGEST_PIECE`].
pub fn read_at(
    file: &Path,
    members: &[String],
    options: &Options,
    watch: &dyn Watch,
    offset: u64,
    length: u64,
) -> io::Result<Vec<u8>> {
    let mut pieces = read_many(file, members, options, watch, &[(offset, length)])?;
    Ok(pieces.pop().unwrap_or_default())
}

/// Like [`read_at`], for several pieces (offset, length) at once: a member is unpacked only once for all of them.
pub fn read_many(
    file: &Path,
    members: &[String],
    options: &Options,
    watch: &dyn Watch,
    pieces: &[(u64, u64)],
) -> io::Result<Vec<Vec<u8>>> {
    if members.is_empty() {
        let mut file = file::open(file)?;
        return pieces
            .iter()
            .map(|&(offset, length)| {
                file.seek(SeekFrom::Start(offset))?;
                let mut bytes = Vec::new();
                Read::by_ref(&mut file).take(length.min(LONGEST_PIECE)).read_to_end(&mut bytes)?;
                Ok(bytes)
            })
            .collect();
    }
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&index| pieces.get(index));
    with_item(file, members, options, watch, |read| {
        let mut source = Source::again(read, watch);
        let mut found = vec![Vec::new(); pieces.len()];
        for index in order {
            let (Some(&(offset, length)), Some(to)) = (pieces.get(index), found.get_mut(index)) else { continue };
            source.skip(offset - source.position());
            let length = usize::try_from(length.min(LONGEST_PIECE)).unwrap_or(usize::MAX);
            if source.position() == offset {
                let seen = source.peek(length); // without consuming: the next piece may overlap
                to.extend_from_slice(seen.get(..length).unwrap_or(seen));
            }
        }
        Ok(found)
    })
}

/// Reads an item once more, by the format that took it before, and hashes it anew.
pub fn read_again(
    file: &Path,
    members: &[String],
    kind: &str,
    sink: &mut dyn Sink,
    options: &Options,
    watch: &dyn Watch,
) -> io::Result<(Ending, Hashes)> {
    let format = format::ALL.iter().find(|format| format.name() == kind);
    let format = format.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("'{kind}' is no format")))?;
    let mut read = |mut source: Source| {
        let recognised = format.recognise(&mut Head::new(&mut source, options.now));
        let mut ending = format.read(&mut source, sink).map_err(io::Error::other)?;
        if let Some(doubt) = recognised.ok().and_then(|recognised| recognised.doubt) {
            sink.issue(Issue::new(format.name(), doubt, 0));
            if ending == Ending::Complete {
                ending = Ending::Partial;
            }
        }
        let finished = source.finish().map_err(io::Error::other)?;
        finished.error.map_or(Ok((ending, finished.hashes)), Err)
    };
    match members {
        [] => read(Source::of_file(file::open(file)?, watch)),
        members => with_item(file, members, options, watch, |bytes| read(Source::over(bytes, watch))),
    }
}

/// The version of what reads a format; empty if there is none of this name.
pub fn version_of(kind: &str) -> &'static str {
    format::ALL.iter().find(|format| format.name() == kind).map_or("", |format| format.version())
}

/// The item's hashes as of now.
pub fn hash_item(file: &Path, members: &[String], options: &Options, watch: &dyn Watch) -> io::Result<Hashes> {
    let finished = match members {
        [] => Source::of_file(file::open(file)?, watch).finish(),
        members => with_item(file, members, options, watch, |read| Ok(Source::over(read, watch).finish()))?,
    };
    let finished = finished.map_err(io::Error::other)?;
    match finished.error {
        Some(error) => Err(error),
        None => Ok(finished.hashes),
    }
}

/// The member that is looked for, and the ones in it.
struct Way<'w> {
    name: &'w str,
    rest: &'w [String],
    options: &'w Options,
    watch: &'w dyn Watch,
    account: &'w Account<'w>,
}

type Look<'l> = &'l mut dyn FnMut(&mut dyn Read) -> io::Result<()>;

fn descend(mut source: Source, file: Option<&mut File>, name: &str, way: &Way, look: Look) -> io::Result<()> {
    let head = &mut Head::new(&mut source, way.options.now);
    let container = container::ALL.iter().find(|container| (container.recognise)(head).is_ok());
    let Some(container) = container else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("'{name}' is no container any more")));
    };
    let mut finder = Finder { way, look, found: None };
    let mut gate = Gate::new(container.name, way.account, &mut finder);
    let unpacked = match (&container.unpack, file) {
        (Unpack::Streaming(unpack), _) => unpack(&mut source, &name::unescape(name::last(name)), &mut gate),
        (Unpack::Seeking(unpack), Some(file)) => {
            drop(source);
            file.seek(SeekFrom::Start(0))?;
            unpack(&mut BufReader::new(file), &mut gate)
        }
        (Unpack::Seeking(unpack), None) => {
            let mut spool = container::spool(&mut source, way.options.limits.spool_bytes)?;
            unpack(&mut spool, &mut gate)
        }
    };
    match (finder.found, unpacked) {
        (Some(found), _) => found,
        (None, Err(Stop::Cancelled)) => Err(io::Error::other(Cancelled)),
        (None, Ok(Ending::Failed(why))) => Err(io::Error::new(io::ErrorKind::InvalidData, why)),
        (None, _) => Err(io::Error::new(io::ErrorKind::NotFound, format!("no '{}' in '{name}'", way.name))),
    }
}

/// Takes one member and lets the others pass.
struct Finder<'f> {
    way: &'f Way<'f>,
    look: Look<'f>,
    found: Option<io::Result<()>>,
}

impl Take for Finder<'_> {
    fn take(&mut self, name: &str, _entry: &Entry, content: &mut dyn Read) -> Result<(), Stop> {
        self.way.watch.advance(0)?;
        if name != self.way.name {
            return Ok(());
        }
        self.found = Some(match self.way.rest.split_first() {
            None => (self.look)(content),
            Some((next, rest)) => {
                let way = Way { name: next, rest, ..*self.way };
                descend(Source::again(content, way.watch), None, name, &way, self.look)
            }
        });
        Err(Stop::Enough)
    }

    fn issue(&mut self, _issue: Issue) {} // told when the container was read
}
