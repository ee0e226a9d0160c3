//! Passes of a parser over an item of evidence.

use model::Time;
use rusqlite::{OptionalExtension, params};

use crate::evidence::EvidenceId;
use crate::schema::ids_of;
use crate::{Case, Result};

pub type RunId = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    Running,
    Done,
    /// Ended before the end of the evidence: damaged or cut short.
    Partial,
}

impl RunStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            RunStatus::Running => "running",
            RunStatus::Done => "done",
            RunStatus::Partial => "partial",
        }
    }
}

/// One pass of one version of a parser over one item.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub evidence: EvidenceId,
    pub parser: String,
    pub version: String,
}

impl Case {
    /// Begins a run; one that an earlier attempt left unfinished is begun anew under its id, so that results don't depend on it.
    pub fn run_begin(&self, evidence: EvidenceId, parser: &str, version: &str, now: Time) -> Result<RunId> {
        self.write(|db| {
            let unfinished: Option<RunId> = db
                .query_row(
                    "SELECT id FROM run WHERE evidence = ? AND parser = ? AND status IN ('running', 'interrupted')",
                    params![evidence, parser],
                    |row| row.get(0),
                )
                .optional()?;
            let id = match unfinished {
                Some(id) => id,
                None => {
                    db.execute(
                        "INSERT INTO run (evidence, parser, version, status, started) VALUES (?, '', '', '', 0)",
                        [evidence],
                    )?;
                    db.last_insert_rowid()
                }
            };
            purge(db, id)?;
            db.execute(
                "UPDATE run SET parser = ?, version = ?, status = ?, started = ?, finished = NULL WHERE id = ?",
                params![parser, version, RunStatus::Running.as_str(), now.0, id],
            )?;
            Ok(id)
        })
    }

    pub fn run_end(&self, id: RunId, status: RunStatus, now: Time) -> Result<()> {
        self.write(|db| {
            db.execute("UPDATE run SET status = ?, finished = ? WHERE id = ?", params![status.as_str(), now.0, id])?;
            Ok(())
        })
    }

    /// Takes away all that was read from an item.
    pub fn purge_runs_of(&self, evidence: EvidenceId) -> Result<()> {
        self.write(|db| {
            let mut statement = db.prepare("SELECT id FROM run WHERE evidence = ?")?;
            let runs: Vec<RunId> =
                statement.query_map([evidence], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for run in runs {
                purge(db, run)?;
                db.execute("DELETE FROM run WHERE id = ?", [run])?;
            }
            Ok(())
        })
    }

    /// Ends a pass that takes the place of all others over its item.
    pub fn run_supersede(&self, evidence: EvidenceId, by: RunId, status: RunStatus, now: Time) -> Result<()> {
        self.write(|db| {
            db.execute("UPDATE run SET status = ?, finished = ? WHERE id = ?", params![status.as_str(), now.0, by])?;
            let mut statement = db.prepare("SELECT id FROM run WHERE evidence = ? AND id <> ?")?;
            let runs: Vec<RunId> =
                statement.query_map([evidence, by], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for run in runs {
                purge(db, run)?;
                db.execute("DELETE FROM run WHERE id = ?", [run])?;
            }
            Ok(())
        })
    }

    /// Items that were read, and that a pass over was cut off again later.
    pub fn cut_off_again(&self) -> Result<Vec<EvidenceId>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT DISTINCT r.evidence FROM run r JOIN evidence e ON e.id = r.evidence
                 WHERE r.status IN ('running', 'interrupted') AND e.status IN ('complete', 'partial')",
            )?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Takes away one pass, as if it had never been.
    pub(crate) fn run_remove(&self, id: RunId) -> Result<()> {
        self.write(|db| {
            purge(db, id)?;
            db.execute("DELETE FROM run WHERE id = ?", [id])?;
            Ok(())
        })
    }

    /// The finished pass over an item, else the running one, if there is one.
    pub fn run_of(&self, evidence: EvidenceId) -> Result<Option<Run>> {
        self.read(|db| {
            let sql = "SELECT id, evidence, parser, version FROM run WHERE evidence = ?
                       ORDER BY status IN ('running', 'interrupted'), id DESC LIMIT 1";
            Ok(db.query_row(sql, [evidence], run).optional()?)
        })
    }

    pub fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.read(|db| {
            Ok(db.query_row("SELECT id, evidence, parser, version FROM run WHERE id = ?", [id], run).optional()?)
        })
    }

    /// After a crash: what unfinished runs wrote disappears, and their items are marked so that they can be read again.
    /// Only to be called while holding the right to import. Returns the paths of the items.
    pub(crate) fn recover(&self) -> Result<Vec<String>> {
        self.write(|db| {
            let mut statement = db.prepare("SELECT id FROM run WHERE status = 'running'")?;
            let runs: Vec<RunId> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for run in runs {
                purge(db, run)?;
                db.execute("UPDATE run SET status = 'interrupted' WHERE id = ?", [run])?;
            }
            db.execute("UPDATE evidence SET status = 'interrupted' WHERE status = 'reading'", [])?;
            crate::live::interrupt(db)
        })?;
        self.interrupted()
    }

    /// Top-level items whose reading was cut off; live captures are sealed, not read on.
    pub fn interrupted(&self) -> Result<Vec<String>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "WITH RECURSIVE up (id, parent, path) AS (
                   SELECT id, parent, path FROM evidence WHERE status = 'interrupted'
                   UNION SELECT e.id, e.parent, e.path FROM evidence e JOIN up ON e.id = up.parent)
                 SELECT DISTINCT path FROM up WHERE parent IS NULL
                 AND id NOT IN (SELECT evidence FROM capture_file WHERE evidence IS NOT NULL) ORDER BY id",
            )?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn run(row: &rusqlite::Row) -> rusqlite::Result<Run> {
    Ok(Run { id: row.get(0)?, evidence: row.get(1)?, parser: row.get(2)?, version: row.get(3)? })
}

fn purge(db: &rusqlite::Connection, run: RunId) -> Result<()> {
    let (first, last) = ids_of(run);
    crate::facts::purge(db, run)?;
    crate::presence::purge(db, run)?;
    db.execute("DELETE FROM flow WHERE id BETWEEN ? AND ?", [first, last])?;
    for table in ["issue", "capture_interface", "frame_chunk", "sighting", "tally", "spoken"] {
        db.execute(&format!("DELETE FROM {table} WHERE run = ?"), [run])?;
    }
    db.execute(
        "UPDATE run SET frames = 0, facts = 0, flows = 0, issues = 0, first_ts = NULL, last_ts = NULL WHERE id = ?",
        [run],
    )?;
    Ok(())
}
