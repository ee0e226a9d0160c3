//! Things that were registered.

use model::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Case, Error, Result};

/// A thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThingRow {
    /// A UUID, lower case: its MQTT client id.
    pub id: String,
    pub kind: String,
    pub name: String,
    pub note: String,
    /// The exhibit's number, as the analyst writes it.
    pub exhibit: String,
    /// ns since 1970 UTC.
    pub created: i64,
    /// PEM.
    pub certificate: String,
    /// Of the certificate's DER, lower-case hex.
    pub sha256: String,
    /// It came with a certificate of its own.
    pub imported: bool,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// When it was said that it is to go; it is in no list from then on.
    pub deleted: Option<i64>,
    /// Whether it was there when it was last heard of; `None`: it never came.
    pub connected: Option<bool>,
    /// Of its last coming or going.
    pub since: Option<i64>,
    /// Why it went.
    pub reason: Option<String>,
}

/// A page of things.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Things {
    pub things: Vec<ThingRow>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<String>,
    pub total: u64,
}

const COLUMNS: &str =
    "id, kind, name, note, exhibit, created, certificate, sha256, imported, status, deleted, connected, since, reason";

fn read(row: &Row) -> rusqlite::Result<ThingRow> {
    Ok(ThingRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        note: row.get(3)?,
        exhibit: row.get(4)?,
        created: row.get(5)?,
        certificate: row.get(6)?,
        sha256: row.get(7)?,
        imported: row.get(8)?,
        status: row.get(9)?,
        deleted: row.get(10)?,
        connected: row.get(11)?,
        since: row.get(12)?,
        reason: row.get(13)?,
    })
}

impl Case {
    /// A new thing; one with the same id or certificate is an error.
    pub fn thing_add(&self, thing: &ThingRow) -> Result<()> {
        self.write(|db| {
            let taken: Option<String> = db
                .query_row("SELECT id FROM thing WHERE id = ? OR sha256 = ?", [&thing.id, &thing.sha256], |row| row.get(0))
                .optional()?;
            if let Some(id) = taken {
                return Err(Error::Refused(format!("the thing {id} has this id or this certificate already")));
            }
            db.execute(
                "INSERT INTO thing (id, kind, name, note, exhibit, created, certificate, sha256, imported, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ACTIVE')",
                params![
                    thing.id, thing.kind, thing.name, thing.note, thing.exhibit, thing.created, thing.certificate,
                    thing.sha256, thing.imported
                ],
            )?;
            db.execute("DELETE FROM thing_revoked WHERE sha256 = ?", [&thing.sha256])?;
            Ok(())
        })
    }

    /// Things in the order in which they were made, from after the id `after`; those that are to go are left out. `search`: a part of name, id,
    /// note or exhibit.
    pub fn things(&self, search: &str, after: Option<&str>, limit: u32) -> Result<Things> {
        const WANTED: &str =
            "deleted IS NULL AND (?1 = '' OR instr(lower(name || ' ' || id || ' ' || note || ' ' || exhibit), ?1) > 0)";
        let search = search.trim().to_lowercase();
        self.read(|db| {
            let total: i64 =
                db.query_row(&format!("SELECT count(*) FROM thing WHERE {WANTED}"), [&search], |row| row.get(0))?;
            let mut statement = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM thing WHERE {WANTED} AND rowid > coalesce((SELECT rowid FROM thing WHERE id = ?2), 0) ORDER BY rowid LIMIT ?3"
            ))?;
            let rows = statement.query_map(params![search, after, i64::from(limit) + 1], read)?;
            let mut things: Vec<ThingRow> = rows.collect::<rusqlite::Result<_>>()?;
            let more = things.len() > limit as usize;
            things.truncate(limit as usize);
            let next = things.last().filter(|_| more).map(|last| last.id.clone());
            Ok(Things { things, next, total: total as u64 })
        })
    }

    /// One thing, also one that is to go.
    pub fn thing(&self, id: &str) -> Result<Option<ThingRow>> {
        self.read(|db| one(db, "id", id))
    }

    /// The thing that holds a certificate, by its SHA-256 in hex; also one that is to go.
    pub fn thing_by_certificate(&self, sha256: &str) -> Result<Option<ThingRow>> {
        self.read(|db| one(db, "sha256", sha256))
    }

    /// Whose certificate it was, before that thing was deleted for good.
    pub fn thing_revoked(&self, sha256: &str) -> Result<Option<String>> {
        let sql = "SELECT thing FROM thing_revoked WHERE sha256 = ?";
        self.read(|db| Ok(db.query_row(sql, [sha256], |row| row.get(0)).optional()?))
    }

    /// Changes what the analyst wrote of a thing; false if there is none.
    pub fn thing_change(&self, id: &str, name: &str, note: &str, exhibit: &str) -> Result<bool> {
        let sql = "UPDATE thing SET name = ?, note = ?, exhibit = ? WHERE id = ? AND deleted IS NULL";
        self.write(|db| Ok(db.execute(sql, [name, note, exhibit, id])? > 0))
    }

    /// Its certificate is good (`ACTIVE`) or not (`INACTIVE`) from now on; false if there is no such thing.
    pub fn thing_status(&self, id: &str, status: &str) -> Result<bool> {
        let sql = "UPDATE thing SET status = ? WHERE id = ? AND deleted IS NULL";
        self.write(|db| Ok(db.execute(sql, [status, id])? > 0))
    }

    /// A thing came or went.
    pub fn thing_connectivity(&self, id: &str, connected: bool, at: Time, reason: Option<&str>) -> Result<()> {
        let sql = "UPDATE thing SET connected = ?, since = ?, reason = ? WHERE id = ?";
        self.write(|db| db.execute(sql, params![connected, at.0, reason, id]).map(|_| ()).map_err(Error::from))
    }

    /// After a crash nobody is connected: whoever was, was lost.
    pub fn things_lost(&self, at: Time) -> Result<usize> {
        let sql =
            "UPDATE thing SET connected = 0, since = ?, reason = 'SERVER_INITIATED_DISCONNECT' WHERE connected = 1";
        self.write(|db| Ok(db.execute(sql, [at.0])?))
    }
}

fn one(db: &Connection, column: &str, value: &str) -> Result<Option<ThingRow>> {
    let sql = format!("SELECT {COLUMNS} FROM thing WHERE {column} = ?");
    Ok(db.prepare_cached(&sql)?.query_row([value], read).optional()?)
}
