//! Files that passed in the evidence: their content made again out of the bytes that carried it.

mod saving;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use case::{Case, FactRow, PageRequest};
use dissect::{Kept, Unpacker};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use self::saving::Saving;
use crate::decrypted;
use crate::error::{Code, Error, Result};
use crate::export::{Export, sealed};
use crate::filter::Around;
use crate::jobs::{self, Ended, JobId, Tick};
use crate::proof::Source;
use crate::rows::{Labels, Select};
use crate::state::App;

/// Write files that passed in the evidence to the case's `exports/files` folder, as a job.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct FileSave {
    /// `_id` of one fact of the kind `files`; empty: all that `select` selects.
    pub fact: String,
    /// As for the view `files`.
    pub select: Select,
}

/// The beginning of a file's content.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct FileLook {
    /// `_id` of a fact of the kind `files`.
    pub fact: String,
    /// At most so many bytes; 0: 65536.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct FileContent {
    /// Its first bytes, unpacked, hex.
    pub hex: String,
    /// These are all.
    pub whole: bool,
    /// Why there are no more, if there should be.
    pub problem: Option<String>,
}

const LOOK: usize = 64 << 10;
const LARGEST_LOOK: usize = 2 << 20;
/// Bytes of the evidence that are read in one go.
const STRETCH: u64 = 16 << 20;
/// Facts asked for at once.
const PAGE: u32 = 1_000;

pub(crate) fn file_look(app: &App, request: FileLook) -> Result<FileContent> {
    let case = app.open_case()?;
    let fact = one(&case, &request.fact)?;
    let most = match request.limit as usize {
        0 => LOOK,
        n => n.min(LARGEST_LOOK),
    };
    let mut head = Head { bytes: Vec::new(), most };
    let problem = match content(&case, &fact, &mut head, &mut |_| Ok(())) {
        // A full head ends the reading.
        Ok(problem) if head.bytes.len() < most => problem,
        Ok(_) => None,
        Err(why) => Some(why.message),
    };
    Ok(FileContent { hex: model::hex(&head.bytes), whole: problem.is_none() && head.bytes.len() < most, problem })
}

pub(crate) fn file_save(app: &App, request: FileSave) -> Result<JobId> {
    let case = app.open_case()?;
    if request.fact.is_empty() {
        request.select.to_case("files", &Around::new(&case, &app.geo))?; // a wrong filter is told at once
    } else {
        one(&case, &request.fact)?;
    }
    jobs::start(app, "files", "bytes", move |app, tick| save(app, &case, &request, tick))
}

fn one(case: &Case, id: &str) -> Result<FactRow> {
    let number = id.parse().map_err(|_| Error::invalid(format!("'{id}' is no fact's id")))?;
    let fact = case.fact(number)?.ok_or_else(|| Error::missing(format!("there is no fact {id}")))?;
    match fact.kind.as_str() {
        "files" => Ok(fact),
        kind => Err(Error::invalid(format!("a fact of the kind {kind} holds no file"))),
    }
}

/// Writes the files and a list of them: what each is called, its hash, and how it compares with what was seen at the import.
fn save(app: &App, case: &Case, request: &FileSave, tick: &Tick) -> Result<Ended> {
    let list = Export::new(case, "files", "jsonl");
    let folder = folder(&case.dir().join("exports"));
    if folder.is_symlink() {
        return Err(Error::new(Code::Failed, format!("saving files: {} leads elsewhere", folder.display())));
    }
    fs::create_dir_all(&folder).map_err(|why| list.failed(why))?;
    let mut saving = Saving::new(case, tick, folder);
    if request.fact.is_empty() {
        let mut page = PageRequest {
            select: request.select.to_case("files", &Around::new(case, &app.geo))?,
            sort: String::new(),
            descending: false,
            after: None,
            skip: 0,
            limit: PAGE,
            count: false,
        };
        loop {
            let (facts, next, _) = case.facts_page(Some("files"), &page)?;
            facts.iter().try_for_each(|fact| saving.file(fact))?;
            match next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
    } else {
        saving.file(&one(case, &request.fact)?)?;
    }
    saving.encrypted()?;
    let Saving { list: lines, saved, refused, .. } = saving;
    if lines.is_empty() {
        return Err(Error::missing("saving files: no file matches"));
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&list.path, text).map_err(|why| list.failed(why))?;
    let mut params = json!({ "file": list.at(), "files": saved.len(), "refused": refused });
    if request.fact.is_empty() {
        params["select"] = json!(request.select);
    } else {
        params["list"] = json!(lines);
    }
    sealed(case, &list, params)?;
    let no = if refused > 0 { format!(" ({refused} could not be had)") } else { String::new() };
    let message = match (saved.as_slice(), request.fact.is_empty()) {
        ([only], false) => {
            tick.at(format!("exports/files/{only}"));
            format!("{only} written to {}", case.dir().join("exports/files").display())
        }
        (_, _) => {
            tick.at(list.at());
            format!("{} files{no}, listed in a file written to {}", saved.len(), list.path.display())
        }
    };
    if saved.is_empty() {
        let why = lines.first().and_then(|line| line["problem"].as_str()).unwrap_or_default();
        return Err(Error::new(Code::Failed, format!("saving files: none could be had: {why}")));
    }
    Ok(Ended { message, differs: refused > 0 })
}

fn said<'f>(fact: &'f FactRow, name: &str) -> &'f str {
    fact.fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Writes what was opened of an encrypted connection; as [`content`].
fn opened(kept: &Kept, to: &mut dyn Write) -> Result<Option<String>> {
    match to.write_all(&kept.bytes) {
        Ok(()) if kept.whole => Ok(None),
        Ok(()) => Ok(Some("it is longer than what is opened of an encrypted connection".into())),
        Err(why) if why.kind() == io::ErrorKind::WriteZero => Ok(None), // enough
        Err(why) => Err(Error::new(Code::Failed, format!("writing it: {why}"))),
    }
}

/// Whether it was read with the keys of a key log: the bytes of its place are encrypted.
fn is_decrypted(fact: &FactRow) -> bool {
    fact.fields.get("decrypted") == Some(&Value::Bool(true))
}

/// Writes the content of a file to `to`, unpacked as far as it can be; says why it ended early, if it did. `each`: bytes of the
/// evidence that were read.
fn content(
    case: &Case,
    fact: &FactRow,
    to: &mut dyn Write,
    each: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Option<String>> {
    let (evidence, ..) = Labels::new(case).of(fact.run);
    if is_decrypted(fact) {
        return opened(&decrypted::file(case, evidence, fact, each)?, to);
    }
    let mut source = Source::of(case, evidence)?;
    let whole = [(0, fact.offset, fact.length)];
    let pieces = if fact.pieces.is_empty() { &whole[..] } else { &fact.pieces };
    let mut unpacker = Unpacker::new(said(fact, "encoding"), to);
    for stretch in stretches(pieces) {
        let mut read = 0;
        for bytes in source.read(&stretch)? {
            read += bytes.len() as u64;
            match unpacker.write(&bytes) {
                Ok(()) => {}
                Err(why) if why.kind() == io::ErrorKind::WriteZero => return Ok(None), // enough
                Err(why) => return Ok(Some(format!("its content could not be made again: {why}"))),
            }
        }
        each(read)?;
    }
    Ok(unpacker.end().err().map(|_| "its packed content ends too early".to_owned()))
}

/// Pieces in groups that are read in one go; long ones are cut.
fn stretches(pieces: &[(u64, u64, u64)]) -> Vec<Vec<(u64, u64)>> {
    let mut groups = vec![Vec::new()];
    let mut room = STRETCH;
    for (_, offset, length) in pieces {
        let (mut at, mut left) = (*offset, *length);
        while left > 0 {
            let now = left.min(room);
            if let Some(group) = groups.last_mut() {
                group.push((at, now));
            }
            (at, left, room) = (at.saturating_add(now), left - now, room - now);
            if room == 0 {
                groups.push(Vec::new());
                room = STRETCH;
            }
        }
    }
    groups
}

/// The first bytes; then no more are taken.
struct Head {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.most.saturating_sub(self.bytes.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where a saved file lies, by its name in the folder.
pub(crate) fn folder(exports: &Path) -> PathBuf {
    exports.join("files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pieces_are_cut() {
        let groups = stretches(&[(1, 100, 10), (2, 500, STRETCH + 5)]);
        assert_eq!(groups, [vec![(100, 10), (500, STRETCH - 10)], vec![(490 + STRETCH, 15)]]);
        assert_eq!(stretches(&[]), [vec![]]);
    }
}
