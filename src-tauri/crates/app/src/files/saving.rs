//! Files on their way to the case's folder, each under a name of ours, and what is told of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use case::{Case, FactRow};
use dissect::Kept;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{content, is_decrypted, opened, said};
use crate::decrypted;
use crate::error::{Code, Error, Result};
use crate::jobs::Tick;
use crate::rows::Labels;

/// The largest content that is written, where the fact does not say how long it is.
const LARGEST: u64 = 4 << 30;

/// What is written of them, and told.
pub(super) struct Saving<'s> {
    case: &'s Case,
    tick: &'s Tick,
    folder: PathBuf,
    /// What became of each.
    pub list: Vec<Value>,
    /// Names in the folder.
    pub saved: Vec<String>,
    pub refused: u64,
    /// Those in encrypted connections, and their lines in the list: each connection is opened once for all of its files.
    later: Vec<(usize, FactRow)>,
    /// Pieces of their places, and they themselves.
    weight: usize,
}

/// Files in encrypted connections, and pieces of their places, that are looked for at once.
const MOST_LATER: usize = 1_000_000;
/// What a file counts for beside its pieces.
const EACH: usize = 100;

/// What became of a file: name, hash, length, `match` or `part`.
type Saved = (String, String, u64, &'static str);

impl<'s> Saving<'s> {
    pub fn new(case: &'s Case, tick: &'s Tick, folder: PathBuf) -> Saving<'s> {
        Saving { case, tick, folder, list: Vec::new(), saved: Vec::new(), refused: 0, later: Vec::new(), weight: 0 }
    }

    pub fn file(&mut self, fact: &FactRow) -> Result<()> {
        let (_, item, _) = Labels::new(self.case).of(fact.run);
        let mut line = json!({ "fact": fact.id.to_string(), "filename": said(fact, "filename"), "evidence": item });
        let is_decrypted = is_decrypted(fact);
        if is_decrypted {
            line["decrypted"] = json!(true);
        }
        self.list.push(line);
        let at = self.list.len() - 1;
        if !is_decrypted {
            let became =
                self.write(fact, |to| content(self.case, fact, to, &mut |bytes| Ok(self.tick.advance(bytes)?)));
            return self.became(at, became);
        }
        self.weight += EACH + fact.pieces.len();
        self.later.push((at, fact.clone()));
        if self.weight > MOST_LATER { self.encrypted() } else { Ok(()) }
    }

    /// Writes the files in encrypted connections.
    pub fn encrypted(&mut self) -> Result<()> {
        self.weight = 0;
        let mut by_flow: BTreeMap<(i64, u32), Vec<(usize, FactRow)>> = BTreeMap::new();
        for (at, fact) in std::mem::take(&mut self.later) {
            match decrypted::flow(self.case, &fact)? {
                Some(flow) => by_flow.entry((fact.run, flow)).or_default().push((at, fact)),
                None => self.became(at, Err(decrypted::shut()))?,
            }
        }
        for ((run, flow), facts) in by_flow {
            let (item, ..) = Labels::new(self.case).of(run);
            let rows: Vec<&FactRow> = facts.iter().map(|(_, fact)| fact).collect();
            let mut became: BTreeMap<usize, Result<Saved>> = BTreeMap::new();
            let mut had = |number: usize, kept: Kept| -> Result<()> {
                if let Some((at, fact)) = facts.get(number) {
                    became.insert(*at, self.write(fact, |to| opened(&kept, to)));
                }
                Ok(())
            };
            let mut each = |bytes| Ok(self.tick.advance(bytes)?);
            let read = decrypted::files(self.case, item, flow, &rows, &mut each, &mut had);
            for (at, _) in &facts {
                let why = || read.as_ref().err().cloned().unwrap_or_else(decrypted::shut);
                let became = became.remove(at).unwrap_or_else(|| Err(why()));
                self.became(*at, became)?;
            }
        }
        Ok(())
    }

    fn became(&mut self, at: usize, became: Result<Saved>) -> Result<()> {
        let Some(line) = self.list.get_mut(at) else { return Ok(()) };
        match became {
            Ok((name, sha256, length, state)) => {
                line["file"] = json!(format!("exports/files/{name}"));
                line["sha256"] = json!(sha256);
                line["length"] = json!(length);
                line["state"] = json!(state);
                self.saved.push(name);
            }
            Err(why) if why.code == Code::Cancelled => return Err(why),
            Err(why) => {
                line["problem"] = json!(why.message);
                self.refused += 1;
            }
        }
        Ok(())
    }

    /// `fill` gives the content, and says why it ended early, if it did. Its name is not known before its hash.
    fn write(&self, fact: &FactRow, fill: impl FnOnce(&mut Hashed) -> Result<Option<String>>) -> Result<Saved> {
        let (sha256, filename) = (said(fact, "sha256"), said(fact, "filename"));
        let part = self.folder.join(format!(".part-{}", fact.id));
        let failed = |why: io::Error| Error::new(Code::Failed, format!("writing {}: {why}", part.display()));
        let _ = fs::remove_file(&part); // left by a program that was cut off
        let file = File::options().write(true).create_new(true).open(&part).map_err(failed)?;
        let length = fact.fields.get("content_bytes").and_then(Value::as_u64).unwrap_or(LARGEST);
        let mut hashed = Hashed { to: BufWriter::new(file), hash: Sha256::new(), length: 0, most: length };
        let done = fill(&mut hashed).and_then(|problem| {
            hashed.flush().map_err(failed)?;
            let found = model::hex(&hashed.hash.clone().finalize());
            let state = match sha256 {
                "" => "part", // not all of it was seen, so that there is nothing to compare with
                known if known == found => "match",
                _ => {
                    let why = problem.unwrap_or_else(|| "its hash is not what it was at the import".into());
                    return Err(Error::new(Code::Failed, why));
                }
            };
            if hashed.length == 0 {
                return Err(Error::missing(problem.unwrap_or_else(|| "it is empty".into())));
            }
            let name = safe_name(&found, filename);
            fs::rename(&part, self.folder.join(&name)).map_err(failed)?;
            Ok((name, found, hashed.length, state))
        });
        if done.is_err() {
            let _ = fs::remove_file(&part);
        }
        done
    }
}

/// A name that leads nowhere and means nothing to any system: the hash's beginning, then letters of what the sender called it.
fn safe_name(sha256: &str, filename: &str) -> String {
    const LONGEST: usize = 80;
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    let plain = plain.trim_matches('.');
    let from = plain.len().saturating_sub(LONGEST); // its end says what it is
    let name = plain.get(from..).filter(|name| !name.is_empty()).unwrap_or("file");
    format!("{}-{name}", sha256.get(..16).unwrap_or(sha256))
}

struct Hashed {
    to: BufWriter<File>,
    hash: Sha256,
    length: u64,
    /// More is too much.
    most: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length += bytes.len() as u64;
        if self.length > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.to.write_all(bytes)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        let hash = "0123456789abcdef0123";
        for (name, expect) in [
            ("a.jpg", "a.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\nul", "nul"),
            ("..", "file"),
            ("", "file"),
            ("a b\0\u{202e}gpj.exe", "a_b__gpj.exe"),
            (".hidden.", "hidden"),
            ("é", "_"),
        ] {
            assert_eq!(safe_name(hash, name), format!("0123456789abcdef-{expect}"), "{name}");
        }
        assert_eq!(safe_name(hash, &("x".repeat(300) + ".bin")).len(), 17 + 80);
    }
}
