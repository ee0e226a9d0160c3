//! Things that are to go: first out of every list, then for good. What fails is tried again, and in the end put where somebody looks at it.

use model::Time;
use rusqlite::params;

use crate::{Case, Error, Result};

/// A thing on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    pub thing: String,
    pub name: String,
    /// When it is tried (again), ns since 1970 UTC.
    pub due: i64,
    pub tries: u32,
    /// Why the last try failed; empty: there was none.
    pub why: String,
    /// It is tried no more.
    pub dead: bool,
}

impl Case {
    /// Takes a thing out of the lists and its certificate out of use; for good at `due`. False if there is no such thing.
    pub fn thing_delete(&self, id: &str, now: Time, due: Time) -> Result<bool> {
        self.write(|db| {
            let sql = "UPDATE thing SET deleted = ?, status = 'INACTIVE' WHERE id = ? AND deleted IS NULL";
            let found = db.execute(sql, params![now.0, id])? > 0;
            if found {
                db.execute("INSERT OR REPLACE INTO thing_deletion (thing, due) VALUES (?, ?)", params![id, due.0])?;
            }
            Ok(found)
        })
    }

    /// It is not to go after all; false if it is gone, or never was to.
    pub fn thing_restore(&self, id: &str) -> Result<bool> {
        self.write(|db| {
            db.execute("DELETE FROM thing_deletion WHERE thing = ?", [id])?;
            let sql = "UPDATE thing SET deleted = NULL, status = 'ACTIVE' WHERE id = ? AND deleted IS NOT NULL";
            Ok(db.execute(sql, [id])? > 0)
        })
    }

    /// Everything on its way out, the next first.
    pub fn thing_deletions(&self) -> Result<Vec<Deletion>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT d.thing, coalesce(t.name, ''), d.due, d.tries, d.why, d.dead FROM thing_deletion d LEFT JOIN thing t ON t.id = d.thing ORDER BY d.dead, d.due, d.thing",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Deletion {
                    thing: row.get(0)?,
                    name: row.get(1)?,
                    due: row.get(2)?,
                    tries: row.get(3)?,
                    why: row.get(4)?,
                    dead: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// It failed: again at `due`, or, with none, never by itself.
    pub fn thing_deletion_failed(&self, id: &str, why: &str, due: Option<Time>) -> Result<()> {
        let sql =
            "UPDATE thing_deletion SET tries = tries + 1, why = ?, due = coalesce(?, due), dead = ? WHERE thing = ?";
        let due_at = due.map(|due| due.0);
        self.write(|db| db.execute(sql, params![why, due_at, due.is_none(), id]).map(|_| ()).map_err(Error::from))
    }

    /// To be tried again, from the beginning; false if it is not on its way out.
    pub fn thing_deletion_again(&self, id: &str, due: Time) -> Result<bool> {
        let sql = "UPDATE thing_deletion SET tries = 0, dead = 0, due = ? WHERE thing = ?";
        self.write(|db| Ok(db.execute(sql, params![due.0, id])? > 0))
    }

    /// Deletes it for good: the thing and its shadows. Its certificate stays known as one that is no longer good.
    pub fn thing_gone(&self, id: &str, now: Time) -> Result<()> {
        self.write(|db| {
            db.execute(
                "INSERT OR REPLACE INTO thing_revoked SELECT sha256, id, ? FROM thing WHERE id = ? AND deleted IS NOT NULL",
                params![now.0, id],
            )?;
            db.execute("DELETE FROM thing_shadow WHERE thing = ?", [id])?;
            db.execute("DELETE FROM thing WHERE id = ? AND deleted IS NOT NULL", [id])?;
            db.execute("DELETE FROM thing_deletion WHERE thing = ?", [id])?;
            Ok(())
        })
    }
}
