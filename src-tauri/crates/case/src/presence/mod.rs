//! Who was heard when, in quarter hours: what charts of presence are made of.
//!
//! Of each run and hour of UTC there are blobs of [`Heard`]s, one for each device, observer and quarter hour (`record.rs`), merged as
//! sightings come in (`write.rs`) and gone through hour by hour (`scan.rs`). The facts stay what proves them.

mod record;
mod scan;
#[cfg(test)]
mod tests;
mod write;

use rusqlite::{Connection, OptionalExtension};

pub use record::{Heard, QUARTER};
pub(crate) use write::PresenceWriter;

use crate::{Case, Result};

/// Which of them: all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceSelect {
    /// From this time on, seconds since 1970 UTC.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// Addresses or pseudonyms; none: all.
    pub devices: Vec<String>,
    /// Observers; none: all. An empty text: those that no source names.
    pub nodes: Vec<String>,
    /// Without made-up addresses.
    pub without_randomised: bool,
}

impl Case {
    /// From the first second that somebody was heard in to the one after the last; none: there are no sightings.
    pub fn presence_span(&self) -> Result<Option<(i64, i64)>> {
        self.read(|db| {
            let (first, last): (Option<i64>, Option<i64>) =
                db.query_row("SELECT min(hour), max(hour) FROM presence_hour", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
            let mut span = (i64::MAX, i64::MIN);
            for hour in [first, last] {
                scan::of_hour(db, hour, &mut |heard| {
                    span = (span.0.min(heard.first_second()), span.1.max(heard.last_second().saturating_add(1)));
                })?;
            }
            Ok((span.0 < span.1).then_some(span))
        })
    }

    /// The highest number of a device or observer; they go from 1 without holes.
    pub fn presence_most(&self) -> Result<usize> {
        self.read(|db| {
            let most =
                db.query_row("SELECT coalesce(max(id), 0) FROM presence_name", [], |row| row.get::<_, u32>(0))?;
            Ok(most as usize)
        })
    }

    /// Whether a device or observer of that name is known.
    pub fn presence_knows(&self, name: &str) -> Result<bool> {
        self.read(|db| Ok(number(db, name)?.is_some()))
    }

    /// The texts of devices or observers, in the order of their numbers; of one that there isn't, an empty one.
    pub fn presence_names(&self, numbers: &[u32]) -> Result<Vec<String>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT value FROM presence_name WHERE id = ?")?;
            let name = |number: &u32| statement.query_row([number], |row| row.get(0)).optional();
            Ok(numbers
                .iter()
                .map(name)
                .map(|name| name.map(Option::unwrap_or_default))
                .collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// The number of a device or observer; none: nobody of that name was heard. An empty name has 0.
fn number(db: &Connection, name: &str) -> Result<Option<u32>> {
    if name.is_empty() {
        return Ok(Some(0));
    }
    let mut statement = db.prepare_cached("SELECT id FROM presence_name WHERE value = ?")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Takes away all of a run.
pub(crate) fn purge(db: &Connection, run: i64) -> Result<()> {
    db.execute("DELETE FROM presence_hour WHERE run = ?", [run])?;
    Ok(())
}
