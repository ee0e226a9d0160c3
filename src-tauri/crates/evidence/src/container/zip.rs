//! zip, by the `zip` crate, through its central directory.

use std::cell::Cell;
use std::io::{BufReader, Read, SeekFrom};

use model::Time;
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::directory::{Bounded, LONGEST_DIRECTORY};
use super::{Container, Entry, Gate, ReadSeek, Stop, Unpack};
use crate::format::{Ending, Head, Recognised};

pub(crate) static ZIP: Container = Container { name: "zip", version: "1", recognise, unpack: Unpack::Seeking(unpack) };

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    match head.bytes() {
        [b'P', b'K', 3, 4, ..] => Ok("zip local file header".to_owned().into()),
        [b'P', b'K', 5, 6, ..] => Ok("zip end of central directory: empty".to_owned().into()),
        [b'P', b'K', 7, 8, b'P', b'K', 3, 4, ..] => Ok("zip of one segment".to_owned().into()),
        other => Err(format!("begins with {}, which no zip does", model::hex(other.get(..4).unwrap_or(other)))),
    }
}

fn unpack(input: &mut dyn ReadSeek, gate: &mut Gate) -> Result<Ending, Stop> {
    let left = Cell::new(Some(LONGEST_DIRECTORY));
    let mut archive = match ZipArchive::new(Bounded::new(&mut *input, &left)) {
        Ok(archive) => archive,
        Err(error) => {
            gate.issue(format!("reading the directory: {error}; members are looked for from the beginning"), 0);
            return without_directory(input, gate);
        }
    };
    left.set(None);
    for index in 0..archive.len() {
        let (name, mut entry, refusal) = match archive.by_index_raw(index) {
            Ok(member) => {
                let name = name(&member);
                let entry = Entry {
                    name: &[],
                    size: Some(member.size()),
                    packed: Some(member.compressed_size()),
                    modified: member.last_modified().and_then(time),
                    offset: member.header_start(),
                };
                if member.is_dir() {
                    continue;
                }
                let refusal = match (member.encrypted(), member.unix_mode().map(|mode| mode & 0o170_000)) {
                    (true, _) => Some("encrypted".to_owned()),
                    (_, Some(0o120_000)) => Some("a symbolic link".to_owned()),
                    (_, Some(0o010_000 | 0o020_000 | 0o060_000 | 0o140_000)) => {
                        Some("a device, pipe or socket".to_owned())
                    }
                    _ => unsupported(member.compression()),
                };
                (name, entry, refusal)
            }
            Err(error) => {
                gate.issue(format!("member {index}: {error}; left out"), 0);
                continue;
            }
        };
        entry.name = &name;
        match refusal {
            Some(why) => gate.refuse(&entry, &why)?,
            None => match archive.by_index(index) {
                Ok(mut member) => gate.member(&entry, &mut member)?,
                Err(error) => gate.refuse(&entry, &error.to_string())?,
            },
        }
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

/// Reads a zip whose end is missing by the headers in front of the members. What a writer could not seek back to say there, such
/// as sizes, is lost.
fn without_directory(input: &mut dyn ReadSeek, gate: &mut Gate) -> Result<Ending, Stop> {
    if let Err(error) = input.seek(SeekFrom::Start(0)) {
        return Ok(Ending::Failed(format!("going back to its start: {error}")));
    }
    let mut input = BufReader::new(input);
    loop {
        match zip::read::read_zipfile_from_stream(&mut input) {
            Ok(Some(member)) if member.is_dir() => {}
            Ok(Some(mut member)) => {
                let name = name(&member);
                let entry = Entry {
                    name: &name,
                    size: Some(member.size()),
                    packed: Some(member.compressed_size()),
                    modified: member.last_modified().and_then(time),
                    offset: member.header_start(),
                };
                match unsupported(member.compression()) {
                    Some(why) => gate.refuse(&entry, &why)?,
                    None => gate.member(&entry, &mut member)?,
                }
            }
            Ok(None) => return Ok(Ending::Partial),
            Err(error) => {
                gate.issue(format!("reading a member's header: {error}; the rest is left out"), 0);
                return Ok(Ending::Partial);
            }
        }
    }
}

/// As UTF-8 if it is that, flagged or not; else by code page 437.
fn name<R: Read + ?Sized>(member: &ZipFile<'_, R>) -> Vec<u8> {
    match std::str::from_utf8(member.name_raw()) {
        Ok(name) => name.as_bytes().to_vec(),
        Err(_) => member.name().map_or_else(|_| member.name_raw().to_vec(), |name| name.as_bytes().to_vec()),
    }
}

/// Why a member packed in this way cannot be read, if it cannot.
fn unsupported(method: CompressionMethod) -> Option<String> {
    #[expect(deprecated, reason = "there is no other way to the number")]
    match method {
        CompressionMethod::Unsupported(number) => {
            Some(format!("packed by method {number} ({method}), which is not supported"))
        }
        _ => None,
    }
}

/// zip keeps local time without a zone; it is taken as UTC.
fn time(at: zip::DateTime) -> Option<Time> {
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    Time::parse(&text).ok()
}
