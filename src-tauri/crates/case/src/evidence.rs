//! Items of evidence: what was given, what it was taken for, and whether it is still the same.

use model::Time;
use rusqlite::{OptionalExtension, Row, params};

use crate::{Case, Result};

pub type EvidenceId = i64;

/// An item about to be read.
#[derive(Clone, Debug, Default)]
pub struct NewEvidence {
    pub parent: Option<EvidenceId>,
    /// As given; members: `container!/member`.
    pub path: String,
    pub name: String,
    pub kind: String,
    pub reason: String,
    /// (format, why not)
    pub refusals: Vec<(String, String)>,
    pub size: Option<u64>,
    pub times: FileTimes,
}

/// What the file system says, ns since 1970 UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileTimes {
    pub modified: Option<i64>,
    pub created: Option<i64>,
    pub accessed: Option<i64>,
}

/// How the case keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Reference,
    Copy,
}

/// What looking at it again found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    Match,
    Changed,
    Missing,
    Unreadable,
}

impl Verified {
    pub fn as_str(self) -> &'static str {
        match self {
            Verified::Match => "match",
            Verified::Changed => "changed",
            Verified::Missing => "missing",
            Verified::Unreadable => "unreadable",
        }
    }
}

/// An item as the case knows it.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub id: EvidenceId,
    pub parent: Option<EvidenceId>,
    pub path: String,
    pub name: String,
    pub kind: String,
    pub refusals: Vec<(String, String)>,
    pub size: Option<u64>,
    pub sha256: Option<String>,
    pub blake3: Option<String>,
    pub status: String,
    /// Path of the copy, relative to the case folder.
    pub copy: Option<String>,
    pub verified: String,
}

const COLUMNS: &str = "id, parent, path, name, kind, refusals, size, sha256, blake3, status, copy, verified";

fn read(row: &Row) -> rusqlite::Result<Evidence> {
    Ok(Evidence {
        id: row.get(0)?,
        parent: row.get(1)?,
        path: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        refusals: serde_json::from_str(&row.get::<_, String>(5)?).unwrap_or_default(),
        size: row.get::<_, Option<i64>>(6)?.map(|size| size as u64),
        sha256: row.get(7)?,
        blake3: row.get(8)?,
        status: row.get(9)?,
        copy: row.get(10)?,
        verified: row.get(11)?,
    })
}

impl Case {
    pub fn evidence(&self, id: EvidenceId) -> Result<Option<Evidence>> {
        self.read(|db| {
            Ok(db.query_row(&format!("SELECT {COLUMNS} FROM evidence WHERE id = ?"), [id], read).optional()?)
        })
    }

    /// All items in the order in which they were added.
    pub fn all_evidence(&self) -> Result<Vec<Evidence>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!("SELECT {COLUMNS} FROM evidence ORDER BY id"))?;
            Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Registers an item that is about to be read. One at the same path that an earlier attempt left unfinished is taken up again.
    pub fn evidence_begin(&self, new: &NewEvidence, now: Time) -> Result<EvidenceId> {
        let refusals = serde_json::to_string(&new.refusals).unwrap_or_default();
        self.write(|db| {
            let unfinished: Option<EvidenceId> = db
                .query_row(
                    "SELECT id FROM evidence WHERE path = ? AND parent IS ? AND status IN ('reading', 'interrupted', 'cancelled')",
                    params![new.path, new.parent],
                    |row| row.get(0),
                )
                .optional()?;
            let id = match unfinished {
                Some(id) => id,
                None => {
                    db.execute("INSERT INTO evidence (path, name, kind, reason, refusals, status, added) VALUES ('', '', '', '', '', '', 0)", [])?;
                    db.last_insert_rowid()
                }
            };
            db.execute(
                "UPDATE evidence SET parent = ?, path = ?, name = ?, kind = ?, reason = ?, refusals = ?, size = ?, modified = ?,
                 created = ?, accessed = ?, status = 'reading', note = '', added = ? WHERE id = ?",
                params![
                    new.parent, new.path, new.name, new.kind, new.reason, refusals, new.size.map(|size| size as i64),
                    new.times.modified, new.times.created, new.times.accessed, now.0, id
                ],
            )?;
            Ok(id)
        })
    }

    /// The item was read to its end (or as far as it could be).
    pub fn evidence_end(
        &self,
        id: EvidenceId,
        sha256: &str,
        blake3: &str,
        size: u64,
        status: &str,
        note: &str,
    ) -> Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE evidence SET sha256 = ?, blake3 = ?, size = ?, status = ?, note = ? WHERE id = ?",
                params![sha256, blake3, size as i64, status, note, id],
            )?;
            Ok(())
        })
    }

    /// The item was not read to its end.
    pub fn evidence_abandon(&self, id: EvidenceId, status: &str, note: &str) -> Result<()> {
        self.write(|db| {
            db.execute("UPDATE evidence SET status = ?, note = ? WHERE id = ?", params![status, note, id])?;
            Ok(())
        })
    }

    /// The finished item with these bytes, if the case has one besides `not`.
    pub fn evidence_with(&self, sha256: &str, not: EvidenceId) -> Result<Option<Evidence>> {
        self.read(|db| {
            Ok(db
                .query_row(
                    &format!("SELECT {COLUMNS} FROM evidence WHERE sha256 = ? AND id <> ? AND parent IS NULL AND status <> 'duplicate' ORDER BY id LIMIT 1"),
                    params![sha256, not],
                    read,
                )
                .optional()?)
        })
    }

    /// Takes an item out again, with its members and all that was read from them.
    pub fn evidence_remove(&self, id: EvidenceId) -> Result<()> {
        let members: Vec<EvidenceId> = self.read(|db| {
            let mut statement = db.prepare("SELECT id FROM evidence WHERE parent = ?")?;
            Ok(statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })?;
        for member in members {
            self.evidence_remove(member)?;
        }
        self.purge_runs_of(id)?;
        self.write(|db| {
            db.execute("DELETE FROM evidence WHERE id = ?", [id])?;
            Ok(())
        })
    }

    /// Where the case keeps a copy of it, relative to the case folder.
    pub fn evidence_copied(&self, id: EvidenceId, copy: &str) -> Result<()> {
        self.write(|db| {
            db.execute("UPDATE evidence SET stored = 'copy', copy = ? WHERE id = ?", params![copy, id])?;
            Ok(())
        })
    }

    pub fn evidence_verified(&self, id: EvidenceId, found: Verified, now: Time) -> Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE evidence SET verified = ?, verified_at = ? WHERE id = ?",
                params![found.as_str(), now.0, id],
            )?;
            Ok(())
        })
    }
}
