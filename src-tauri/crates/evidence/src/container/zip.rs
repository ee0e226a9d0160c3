//! zip, by the `zip` crate, through its central directory.

use std::io::{self, Read, SeekFrom};

use model::Time;
use zip::ZipArchive;
use zip::result::ZipError;

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
    match directory_size(input) {
        Ok(size) if size > gate.most_members().saturating_mul(LONGEST_ENTRY) => {
            return Ok(Ending::Failed(format!("a zip directory of {size} bytes is more than is read")));
        }
        Ok(_) => {}
        Err(error) => return Ok(Ending::Failed(format!("reading the zip directory: {error}"))),
    }
    let mut archive = match ZipArchive::new(input) {
        Ok(archive) => archive,
        Err(error) => return Ok(Ending::Failed(format!("reading the zip directory: {error}"))),
    };
    for index in 0..archive.len() {
        let (name, mut entry, refusal) = match archive.by_index_raw(index) {
            Ok(member) => {
                let name = match std::str::from_utf8(member.name_raw()) {
                    Ok(name) => name.as_bytes().to_vec(),
                    Err(_) => {
                        member.name().map_or_else(|_| member.name_raw().to_vec(), |name| name.as_bytes().to_vec())
                    }
                };
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
                    (true, _) => Some("encrypted"),
                    (_, Some(0o120_000)) => Some("a symbolic link"),
                    (_, Some(0o010_000 | 0o020_000 | 0o060_000 | 0o140_000)) => Some("a device, pipe or socket"),
                    _ => None,
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
            Some(why) => gate.refuse(&entry, why)?,
            None => match archive.by_index(index) {
                Ok(mut member) => gate.member(&entry, &mut member)?,
                Err(ZipError::UnsupportedArchive(why)) => gate.refuse(&entry, why)?,
                Err(error) => gate.refuse(&entry, &error.to_string())?,
            },
        }
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

/// A directory entry is seldom longer; the directory is held in memory.
const LONGEST_ENTRY: u64 = 1024;
/// Of the record at the end (APPNOTE 4.3.16), without the comment, which has at most 65 535 bytes.
const END: usize = 22;

/// What the directory must hold in memory, by where it starts: everything from there to the end of the file.
fn directory_size(input: &mut dyn ReadSeek) -> io::Result<u64> {
    let length = input.seek(SeekFrom::End(0))?;
    let tail = length.min(END as u64 + 65_535);
    input.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    Read::take(&mut *input, tail).read_to_end(&mut bytes)?;
    input.seek(SeekFrom::Start(0))?;
    let end = bytes.windows(END).rev().find(|window| window.starts_with(b"PK\x05\x06"));
    let end = end.ok_or_else(|| io::Error::other("no end of central directory: cut short, or no zip"))?;
    Ok(end.get(12..16).and_then(|four| four.first_chunk()).map_or(0, |four| u64::from(u32::from_le_bytes(*four))))
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
