//! 7z, by the `sevenz-rust2` crate.

use std::cell::Cell;
use std::io::{self, Read};

use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, Error, Password};

use super::directory::{Bounded, LONGEST_DIRECTORY};
use super::sevenz_header;
use super::{Container, Entry, Gate, ReadSeek, Stop, Unpack};
use crate::file;
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static SEVENZ: Container =
    Container { name: "7z", version: "1", recognise, unpack: Unpack::Seeking(unpack) };

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    begins_with(head.bytes(), b"7z\xbc\xaf\x27\x1c", "7z")?;
    Ok("7z magic".to_owned().into())
}

fn unpack(input: &mut dyn ReadSeek, gate: &mut Gate) -> Result<Ending, Stop> {
    if let Err(why) = sevenz_header::check(input) {
        return Ok(Ending::Failed(why));
    }
    let password = Password::empty();
    let left = Cell::new(Some(LONGEST_DIRECTORY));
    let mut input = Bounded::new(input, &left);
    let archive = match Archive::read(&mut input, &password) {
        Ok(archive) => archive,
        Err(error) => return Ok(Ending::Failed(format!("reading the 7z directory: {error}"))),
    };
    left.set(None);
    for (index, block) in archive.blocks.iter().enumerate() {
        if let Err(why) = affordable(block) {
            gate.issue(format!("block {index}: {why}; left out"), 0);
            continue;
        }
        let mut stop = None;
        let decoder = BlockDecoder::new(1, index, &archive, &password, &mut input);
        let read = decoder.for_each_entries(&mut |entry, content| {
            let mut content = Once { content, failed: false };
            match pass(entry, &mut content, gate) {
                Err(why) => stop = Some(why),
                // The next member of the block lies behind this one.
                Ok(()) if !content.failed => {
                    if io::copy(&mut content, &mut io::sink()).is_ok() {
                        return Ok(true);
                    }
                }
                Ok(()) => {}
            }
            Ok(false)
        });
        match (stop, read) {
            (Some(stop), _) => return Err(stop),
            (None, Ok(true)) => {}
            (None, Ok(false)) => gate.issue(format!("block {index}: damaged; the rest of its members is left out"), 0),
            (None, Err(Error::PasswordRequired | Error::MaybeBadPassword(_))) => {
                gate.issue(format!("block {index}: encrypted; its members are left out"), 0);
            }
            (None, Err(error)) => gate.issue(format!("block {index}: {error}; its members are left out"), 0),
        }
    }
    for (index, entry) in archive.files.iter().enumerate() {
        if archive.stream_map.file_block_index.get(index).is_some_and(Option::is_none) {
            pass(entry, &mut io::empty(), gate)?;
        }
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

fn pass(entry: &ArchiveEntry, content: &mut dyn Read, gate: &mut Gate) -> Result<(), Stop> {
    if entry.is_directory() {
        return Ok(());
    }
    let modified = entry.has_last_modified_date.then(|| file::time(entry.last_modified_date().into())).flatten();
    let unix_mode = (entry.windows_attributes() & 0x8000 != 0).then(|| entry.windows_attributes() >> 16 & 0o170_000);
    let member = Entry { name: entry.name().as_bytes(), size: Some(entry.size()), modified, ..Entry::default() };
    match unix_mode {
        Some(0o120_000) => gate.refuse(&member, "a symbolic link"),
        _ if entry.is_anti_item() => gate.refuse(&member, "an instruction to delete a file"),
        _ => gate.member(&member, content),
    }
}

/// Whether a block can be decoded in memory. Err: why not.
fn affordable(block: &Block) -> Result<(), String> {
    let need: u64 = block.coders.iter().map(|coder| memory(coder.encoder_method_id(), coder.properties())).sum();
    if need > MOST_MEMORY {
        return Err(format!("needs {need} bytes of memory to unpack, where {MOST_MEMORY} is the most"));
    }
    Ok(())
}

/// `7z -mx=9` asks for 256 MiB at most.
const MOST_MEMORY: u64 = 512 << 20;

/// What a decoder with these properties keeps in mind.
fn memory(method: &[u8], properties: &[u8]) -> u64 {
    let size = properties.get(1..5).and_then(|four| four.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four));
    match (method, properties.first()) {
        (sevenz_header::LZMA | sevenz_header::PPMD, _) => size.into(),
        (sevenz_header::LZMA2, Some(&bits)) => (2 | u64::from(bits & 1)) << (u32::from(bits) / 2 + 11).min(40),
        _ => 0,
    }
}

/// Decoders must not be asked again after an error: some never return.
struct Once<'a> {
    content: &'a mut dyn Read,
    failed: bool,
}

impl Read for Once<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("reading failed before"));
        }
        let read = self.content.read(into);
        self.failed = read.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        read
    }
}
