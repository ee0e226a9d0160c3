//! 7z, by the `sevenz-rust2` crate.

use std::io;

use model::Time;
use sevenz_rust2::{ArchiveReader, Error, Password};

use super::{Container, Entry, Gate, ReadSeek, Stop, Unpack};
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static SEVENZ: Container =
    Container { name: "7z", version: "1", recognise, unpack: Unpack::Seeking(unpack) };

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    begins_with(head.bytes(), b"7z\xbc\xaf\x27\x1c", "7z")?;
    Ok("7z magic".to_owned().into())
}

fn unpack(input: &mut dyn ReadSeek, gate: &mut Gate) -> Result<Ending, Stop> {
    let mut archive = match ArchiveReader::new(input, Password::empty()) {
        Ok(archive) => archive,
        Err(Error::PasswordRequired | Error::MaybeBadPassword(_)) => {
            return Ok(Ending::Failed("the 7z directory is encrypted".into()));
        }
        Err(error) => return Ok(Ending::Failed(format!("reading the 7z directory: {error}"))),
    };
    archive.set_thread_count(1);
    let mut stop = None;
    let read = archive.for_each_entries(|entry, content| {
        if entry.is_directory() {
            return Ok(true);
        }
        let modified = entry.has_last_modified_date.then(|| time(entry.last_modified_date().into())).flatten();
        let unix_mode =
            (entry.windows_attributes() & 0x8000 != 0).then(|| entry.windows_attributes() >> 16 & 0o170_000);
        let member = Entry { name: entry.name().as_bytes(), size: Some(entry.size()), modified, ..Entry::default() };
        let passed = match unix_mode {
            Some(0o120_000) => gate.refuse(&member, "a symbolic link"),
            _ if entry.is_anti_item() => gate.refuse(&member, "an instruction to delete a file"),
            _ => gate.member(&member, content),
        };
        if let Err(why) = passed {
            stop = Some(why);
            return Ok(false);
        }
        // The next member of the block lies behind this one.
        io::copy(content, &mut io::sink())?;
        Ok(true)
    });
    if let Some(stop) = stop {
        return Err(stop);
    }
    match read {
        Ok(()) => {}
        Err(Error::PasswordRequired | Error::MaybeBadPassword(_)) => gate.issue("members are encrypted; left out", 0),
        Err(error) => gate.issue(format!("reading the members: {error}; the rest is left out"), 0),
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

fn time(at: std::time::SystemTime) -> Option<Time> {
    crate::file::time(at)
}
