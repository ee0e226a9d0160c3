//! Shadows: every version that there ever was.

use rusqlite::{OptionalExtension, Row, params};

use crate::{Case, Error, Result};

/// One version of a shadow.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowRow {
    pub thing: String,
    /// Empty: the classic one.
    pub name: String,
    pub version: i64,
    /// ns since 1970 UTC.
    pub at: i64,
    /// JSON; `None`: deleted with this version.
    pub document: Option<String>,
}

/// Versions of one shadow that are kept; the oldest go first.
const MOST_VERSIONS: i64 = 10_000;

fn read(row: &Row) -> rusqlite::Result<ShadowRow> {
    Ok(ShadowRow {
        thing: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        at: row.get(3)?,
        document: row.get(4)?,
    })
}

impl Case {
    pub fn shadow_keep(&self, shadow: &ShadowRow) -> Result<()> {
        self.write(|db| {
            db.prepare_cached("INSERT OR REPLACE INTO thing_shadow VALUES (?, ?, ?, ?, ?)")?.execute(params![
                shadow.thing,
                shadow.name,
                shadow.version,
                shadow.at,
                shadow.document
            ])?;
            db.prepare_cached("DELETE FROM thing_shadow WHERE thing = ? AND name = ? AND version <= ?")?
                .execute(params![shadow.thing, shadow.name, shadow.version - MOST_VERSIONS])?;
            Ok(())
        })
    }

    /// A version, or the newest that is no newer than it.
    pub fn shadow(&self, thing: &str, name: &str, version: Option<i64>) -> Result<Option<ShadowRow>> {
        let sql =
            "SELECT * FROM thing_shadow WHERE thing = ? AND name = ? AND version <= ? ORDER BY version DESC LIMIT 1";
        let version = version.unwrap_or(i64::MAX);
        self.read(|db| {
            db.prepare_cached(sql)?.query_row(params![thing, name, version], read).optional().map_err(Error::from)
        })
    }

    /// The newest version of each shadow of a thing, deleted ones too, by name.
    pub fn shadows(&self, thing: &str) -> Result<Vec<ShadowRow>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT thing, name, max(version), at, document FROM thing_shadow WHERE thing = ? GROUP BY name ORDER BY name",
            )?;
            let rows = statement.query_map([thing], read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Versions and times of a shadow, the oldest first.
    pub fn shadow_versions(&self, thing: &str, name: &str) -> Result<Vec<(i64, i64)>> {
        let sql = "SELECT version, at FROM thing_shadow WHERE thing = ? AND name = ? ORDER BY version";
        self.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([thing, name], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
