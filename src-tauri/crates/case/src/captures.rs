//! What a case keeps of captures besides facts: the frame index, interfaces, and who was seen sending.

use rusqlite::OptionalExtension;

use crate::frames::{FrameEntry, decode};
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::views::Row;
use crate::{Case, Result};

/// A hardware address in one run.
#[derive(Clone, Debug)]
pub struct SightingRow {
    pub run: RunId,
    pub mac: String,
    pub ip: Option<String>,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub first_frame: u64,
    pub frames: u64,
    pub bytes: u64,
}

impl Case {
    /// Sightings of all runs.
    pub fn sightings(&self) -> Result<Vec<SightingRow>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT run, mac, ip, first_ts, last_ts, first_frame, frames, bytes FROM sighting ORDER BY mac, run, ip",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(SightingRow {
                    run: row.get(0)?,
                    mac: row.get(1)?,
                    ip: row.get(2)?,
                    first_ts: row.get(3)?,
                    last_ts: row.get(4)?,
                    first_frame: row.get::<_, i64>(5)? as u64,
                    frames: row.get::<_, i64>(6)? as u64,
                    bytes: row.get::<_, i64>(7)? as u64,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// `count` entries of a run's frame index from frame `first` on.
    pub fn frames(&self, run: RunId, first: u64, count: usize) -> Result<Vec<FrameEntry>> {
        let mut entries = Vec::new();
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT first, count, data FROM frame_chunk WHERE run = ? AND first + count > ? ORDER BY first",
            )?;
            let mut rows = statement.query([run, first as i64])?;
            while let Some(row) = rows.next()? {
                let (number, length): (i64, i64) = (row.get(0)?, row.get(1)?);
                let chunk = decode(number as u64, length as usize, row.get_ref(2)?.as_blob().unwrap_or_default())?;
                entries.extend(chunk.into_iter().filter(|entry| entry.number >= first));
                if entries.len() >= count {
                    entries.truncate(count);
                    break;
                }
            }
            Ok(())
        })?;
        Ok(entries)
    }

    /// Captures: (run, evidence, frames), in order.
    pub fn frame_runs(&self) -> Result<Vec<(RunId, i64, u64)>> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT id, evidence, frames FROM run WHERE frames > 0 ORDER BY id")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Link type of each interface of a capture.
    pub fn link_types(&self, run: RunId) -> Result<Vec<(u32, u16)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT number, link_type FROM capture_interface WHERE run = ?")?;
            Ok(statement.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Interfaces of a capture, as rows.
    pub fn interfaces(&self, run: RunId) -> Result<Vec<Row>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT number, link_type, snap_len, name, description, filter, os, ticks_per_second FROM capture_interface WHERE run = ? ORDER BY number",
            )?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([run])?;
            let mut list = Vec::new();
            while let Some(row) = rows.next()? {
                let values = names.iter().enumerate().map(|(at, name)| {
                    Ok((name.clone(), crate::views::show(crate::Shape::Text, name, row.get_ref(at)?)))
                });
                list.push(values.collect::<rusqlite::Result<Row>>()?);
            }
            Ok(list)
        })
    }

    /// Service of a flow by its number in the run, and its originator's address.
    pub fn flow_hint(&self, run: RunId, serial: u32) -> Result<Option<(Option<String>, String, u16)>> {
        self.read(|db| {
            let sql = "SELECT f.service, o.value, f.orig_p FROM flow f JOIN text o ON o.id = f.orig_h WHERE f.id = ?";
            let id = run << RUN_BITS | i64::from(serial);
            Ok(db.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
        })
    }
}
