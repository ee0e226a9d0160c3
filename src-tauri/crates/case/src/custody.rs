//! The custody log: what was done in this case, by whom, when. Append-only and hash-chained.
//!
//! Format (`custody.log`, UTF-8, one JSON object a line, LF): members in this order
//! `seq` (from 1), `ts` (RFC 3339 UTC, nine digits), `mono` (nanoseconds on the process's monotonic clock), `actor`, `machine`,
//! `version` (program and version), `action`, `objects` (list of texts), `params` (object), `outcome`,
//! `prev` (the former line's `hash`; 64 zeros for the first), `hash`.
//! `hash` is the lower-case hex SHA-256 of the line's bytes up to, not including, `,"hash":"`. Paths inside the case folder are
//! relative to it. The database keeps the number and hash of the last line, so that cut-off lines are noticed too.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use model::Time;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

pub(crate) const FILE: &str = "custody.log";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const HASH_MARK: &str = ",\"hash\":\"";

/// Who acts, on which machine, with which program.
#[derive(Clone, Debug)]
pub struct Actor {
    pub actor: String,
    pub machine: String,
    pub version: String,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// `evidence.add`, `case.new`, `export`, ...
    pub action: &'a str,
    /// What it was done to: SHA-256 of evidence, case-relative paths.
    pub objects: Vec<String>,
    pub params: Value,
    /// `done`, `cancelled`, `failed: why`
    pub outcome: String,
}

/// The log of one case.
#[derive(Clone, Debug)]
pub struct Custody {
    path: PathBuf,
    actor: Actor,
}

/// What checking the chain found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    pub lines: u64,
    /// Hash of the last line.
    pub last: String,
    /// Each names its line.
    pub problems: Vec<String>,
}

impl Custody {
    pub(crate) fn new(case: &Path, actor: Actor) -> Custody {
        Custody { path: case.join(FILE), actor }
    }

    /// Adds a line; it is on the disk when this returns. Returns its number and hash.
    pub(crate) fn append(&self, now: Time, entry: &Entry) -> Result<(u64, String)> {
        static START: OnceLock<Instant> = OnceLock::new();
        let doing = || format!("writing to the custody log {}", self.path.display());
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&self.path).map_err(Error::io(doing()))?;
        file.lock().map_err(Error::io(doing()))?;
        let (seq, prev, complete) = last_line(&mut file).map_err(Error::io(doing()))?;
        let mono = START.get_or_init(Instant::now).elapsed().as_nanos() as u64;
        let line = json!({
            "seq": seq + 1, "ts": now.to_string(), "mono": mono,
            "actor": self.actor.actor, "machine": self.actor.machine, "version": self.actor.version,
            "action": entry.action, "objects": entry.objects, "params": entry.params, "outcome": entry.outcome,
            "prev": prev,
        });
        let line = line.to_string();
        let open = line.strip_suffix('}').unwrap_or(&line);
        let hash = sha256(open.as_bytes());
        // A line that a crash cut short stays as it is; ours begins on a line of its own.
        let lead = if complete { "" } else { "\n" };
        let text = format!("{lead}{open}{HASH_MARK}{hash}\"}}\n");
        let before = file.metadata().map_err(Error::io(doing()))?.len();
        if let Err(why) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
            let _ = file.set_len(before); // half a line, on a full disk, would break the chain
            return Err(Error::io(doing())(why));
        }
        Ok((seq + 1, hash))
    }

    /// The lines as they stand, after number `after`, at most `limit`; and how many there are.
    pub fn lines(&self, after: u64, limit: usize) -> Result<(Vec<Value>, u64)> {
        let (mut lines, mut total) = (Vec::new(), 0);
        for line in self.read()? {
            let line = line.map_err(Error::io("reading the custody log"))?;
            total += 1;
            if total > after && lines.len() < limit {
                let damaged = || json!({ "seq": total, "action": "damaged line", "text": line });
                lines.push(serde_json::from_str(&line).ok().filter(Value::is_object).unwrap_or_else(damaged));
            }
        }
        Ok((lines, total))
    }

    /// Recomputes every hash and link.
    pub fn check(&self) -> Result<Check> {
        let mut check = Check { last: ZERO.to_owned(), ..Check::default() };
        for line in self.read()? {
            check.lines += 1;
            let n = check.lines;
            let line = match line {
                Ok(line) => line,
                Err(why) => {
                    check.problems.push(format!("line {n} of the custody log can't be read: {why}"));
                    break;
                }
            };
            match check_line(&line, n, &check.last) {
                Ok(hash) => check.last = hash,
                Err((why, stated)) => {
                    check.problems.push(format!("line {n} of the custody log: {why}"));
                    check.last = stated.unwrap_or_else(|| check.last.clone());
                }
            }
        }
        Ok(check)
    }

    fn read(&self) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>> {
        let file =
            File::open(&self.path).map_err(Error::io(format!("opening the custody log {}", self.path.display())))?;
        let mut reader = BufReader::new(file);
        Ok(std::iter::from_fn(move || {
            let mut raw = Vec::new();
            match reader.read_until(b'\n', &mut raw) {
                Ok(0) => None,
                Ok(_) => {
                    if raw.last() == Some(&b'\n') {
                        raw.pop();
                    }
                    // Damage may have made it anything; the hash is over what is there.
                    Some(Ok(
                        String::from_utf8(raw).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
                    ))
                }
                Err(why) => Some(Err(why)),
            }
        }))
    }
}

/// The line's hash if all holds; else why not, and the hash that it states.
fn check_line(line: &str, n: u64, prev: &str) -> std::result::Result<String, (String, Option<String>)> {
    let Some((body, tail)) = line.rsplit_once(HASH_MARK) else {
        return Err(("has no hash (cut short or overwritten)".into(), None));
    };
    let stated = tail.strip_suffix("\"}").unwrap_or(tail).to_owned();
    let actual = sha256(body.as_bytes());
    if actual != stated {
        return Err((format!("its hash is {actual}, it states {stated}: the line was changed"), Some(stated)));
    }
    let value: Value =
        serde_json::from_str(line).map_err(|why| (format!("is not JSON: {why}"), Some(stated.clone())))?;
    if value["seq"] != n {
        return Err((format!("says it is line {}: lines are missing or out of order", value["seq"]), Some(stated)));
    }
    if value["prev"] != *prev {
        return Err(("does not follow the line before it: lines were removed, added or changed".into(), Some(stated)));
    }
    Ok(stated)
}

/// Number and hash of the last line, and whether it ends properly.
fn last_line(file: &mut File) -> std::io::Result<(u64, String, bool)> {
    let (mut seq, mut hash, mut complete) = (0, ZERO.to_owned(), true);
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(&mut *file);
    let mut raw = Vec::new();
    while reader.read_until(b'\n', &mut raw)? > 0 {
        seq += 1;
        complete = raw.last() == Some(&b'\n');
        let line = String::from_utf8_lossy(&raw);
        if let Some((_, tail)) = line.trim_end().rsplit_once(HASH_MARK) {
            hash = tail.trim_end_matches("\"}").to_owned();
        }
        raw.clear();
    }
    Ok((seq, hash, complete))
}

fn sha256(bytes: &[u8]) -> String {
    model::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(dir: &Path) -> Custody {
        Custody::new(dir, Actor { actor: "analyst".into(), machine: "bench".into(), version: "lintel 0".into() })
    }

    fn entry(action: &str) -> Entry<'_> {
        Entry {
            action,
            objects: vec!["ab\"c".into()],
            params: json!({"hash": ",\"hash\":\"x"}),
            outcome: "done".into(),
        }
    }

    #[test]
    fn chain_holds_until_a_byte_changes() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(dir.path());
        for action in ["case.new", "evidence.add", "export"] {
            log.append(Time(0), &entry(action)).unwrap();
        }
        assert_eq!(log.check().unwrap().problems, Vec::<String>::new());
        assert_eq!(log.lines(1, 1).unwrap().0[0]["action"], "evidence.add");

        let path = dir.path().join(FILE);
        let good = std::fs::read(&path).unwrap();
        let lines: Vec<usize> = good.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let line = lines.iter().filter(|end| **end < at).count() + 1;
            let problems = log.check().unwrap().problems;
            assert!(problems.iter().any(|p| p.starts_with(&format!("line {line} "))), "byte {at}: {problems:?}");
        }
    }

    #[test]
    fn a_removed_line_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(dir.path());
        for action in ["a", "b", "c"] {
            log.append(Time(0), &entry(action)).unwrap();
        }
        let path = dir.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let kept: Vec<&str> = text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| line).collect();
        std::fs::write(&path, kept.join("\n") + "\n").unwrap();
        assert!(log.check().unwrap().problems[0].starts_with("line 2 "));
    }

    #[test]
    fn goes_on_after_a_line_that_was_cut_short() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(dir.path());
        log.append(Time(0), &entry("a")).unwrap();
        let path = dir.path().join(FILE);
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"seq\":2,\"ts\"");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(log.append(Time(0), &entry("b")).unwrap().0, 3);
        let problems = log.check().unwrap().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("line 2 "));
    }
}
