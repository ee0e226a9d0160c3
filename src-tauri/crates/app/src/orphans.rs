//! What was being recorded when the program, or the machine, ended, and nobody stopped it. Found when the case is opened again.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use case::Case;
use serde_json::json;

use crate::bench::recording;
use crate::capture::FOLDER;
use crate::capture::live::{self, Live};
use crate::error::{Code, Error, Result};
use crate::import::Hub;
use crate::receiver;
use crate::state::App;

/// Whose files are sealed when they are found.
const ALL: &[Left] = &[receiver::LEFT, recording::LEFT];

/// Files of one kind of recording.
pub(crate) struct Left {
    /// By its name.
    pub is_ours: fn(&str) -> bool,
    /// Takes off what was only half written, and says how many bytes that was.
    pub trim: fn(&Path) -> io::Result<u64>,
    /// What the custody log calls it when one is sealed.
    pub action: &'static str,
}

/// Takes such files into the case. Where that is not possible now (another Lintel writes into the case, which may be what is
/// recording; a disk that is full), they stay where they are, and are found the next time.
pub(crate) fn adopt(app: &App, case: &Arc<Case>) {
    let Ok(names) = orphans(case) else { return };
    if names.is_empty() || !case.may_import().unwrap_or(false) {
        return;
    }
    // The hub takes the right for itself.
    case.done_importing();
    let Ok(hub) = Hub::of(app, case, &()) else { return };
    for (left, name) in names {
        let _ = take(case, &hub, left, &name);
    }
    drop(hub);
    let _ = live::refresh(case).and_then(|()| Ok(case.tidy()?));
}

/// Files that are no complete evidence yet.
fn orphans(case: &Case) -> Result<Vec<(&'static Left, String)>> {
    let Ok(entries) = std::fs::read_dir(case.dir().join(FOLDER)) else { return Ok(Vec::new()) };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let of = |name: String| ALL.iter().find(|left| (left.is_ours)(&name)).map(|left| (left, name));
    let mut names: Vec<(&Left, String)> = names.filter_map(of).collect();
    if !names.is_empty() {
        let known = case.all_evidence()?;
        names.retain(|(_, name)| {
            let path = format!("{FOLDER}/{name}");
            !known.iter().any(|item| item.path == path && !matches!(item.status.as_str(), "reading" | "interrupted"))
        });
    }
    names.sort_by(|(_, a), (_, b)| a.cmp(b));
    Ok(names)
}

fn take(case: &Case, hub: &Arc<Hub>, left: &Left, name: &str) -> Result<()> {
    let path = format!("{FOLDER}/{name}");
    let file = case.dir().join(&path);
    let failed = |why: io::Error| Error::new(Code::Failed, format!("sealing {path}: {why}"));
    let cut = (left.trim)(&file).map_err(failed)?;
    if std::fs::metadata(&file).map_err(failed)?.len() == 0 {
        return Ok(());
    }
    let mut from = evidence::open(&file).map_err(failed)?;
    let read = Live::new(case, hub, &path).read(&mut from, &(), &mut |_| (), &mut |_, _| ())?;
    live::seal(case, &read, left.action, json!({ "cut": cut }), "sealed as interrupted")
}

/// Cuts a file back to its last whole line: what stands behind it was never acknowledged, and the file is no evidence before this.
/// Returns how many bytes were taken off.
pub(crate) fn whole_lines(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let (mut whole, mut piece) = (length, vec![0; 64 << 10]);
    while whole > 0 {
        let start = whole.saturating_sub(piece.len() as u64);
        let Some(wanted) = piece.get_mut(..usize::try_from(whole - start).unwrap_or(0)) else { break };
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(wanted)?;
        match wanted.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => {
                whole = start + at as u64 + 1;
                break;
            }
            None => whole = start,
        }
    }
    if whole < length {
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(length - whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("presence-2026112013.jsonl");
        let long = "x".repeat(200_000);
        for (text, left) in [
            ("", ""),
            ("half", ""),
            ("a\n", "a\n"),
            ("a\nb\nhal", "a\nb\n"),
            (&format!("a\n{long}"), "a\n"),
            (&format!("{long}\n{long}"), &format!("{long}\n")),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(whole_lines(&path).unwrap(), (text.len() - left.len()) as u64);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), left);
        }
    }
}
