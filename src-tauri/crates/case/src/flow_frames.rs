//! From a flow to its frames: the frame index says of each frame to which flow it belongs.

use model::Uid;
use rusqlite::{OptionalExtension, params};

use crate::frames::{CHUNK, FrameEntry, decode};
use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::{Case, Result};

/// Where a flow's frames are, and who speaks in it.
#[derive(Clone, Debug)]
pub struct FlowSpan {
    pub run: RunId,
    pub evidence: i64,
    /// Its number in the run, as in [`FrameEntry::flow`].
    pub serial: u32,
    pub uid: Uid,
    pub proto: String,
    pub service: Option<String>,
    pub first_frame: u64,
    pub last_frame: u64,
    pub orig: (String, u16),
    pub resp: (String, u16),
    pub orig_bytes: u64,
    pub resp_bytes: u64,
}

impl Case {
    /// The flows of that name: one for each item of evidence that holds the same packets.
    pub fn flow_spans(&self, uid: Uid) -> Result<Vec<FlowSpan>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT f.id, r.evidence, f.proto, f.service, f.first_frame, f.last_frame, o.value, f.orig_p, p.value, f.resp_p,
                 f.orig_bytes, f.resp_bytes FROM run r CROSS JOIN flow f ON f.id = (r.id << 40) + ?2
                 JOIN text o ON o.id = f.orig_h JOIN text p ON p.id = f.resp_h WHERE f.uid = ?1 ORDER BY f.id",
            )?;
            let number = |row: &rusqlite::Row, at| row.get::<_, i64>(at).map(|n| n as u64);
            let rows = statement.query_map([uid.0 as i64, uid.serial().into()], |row| {
                let id: i64 = row.get(0)?;
                Ok(FlowSpan {
                    run: id >> RUN_BITS,
                    evidence: row.get(1)?,
                    serial: serial(id),
                    uid,
                    proto: row.get(2)?,
                    service: row.get(3)?,
                    first_frame: number(row, 4)?,
                    last_frame: number(row, 5)?,
                    orig: (row.get(6)?, row.get(7)?),
                    resp: (row.get(8)?, row.get(9)?),
                    orig_bytes: number(row, 10)?,
                    resp_bytes: number(row, 11)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The first and the last frame of a run's flow.
    pub fn flow_bounds(&self, run: RunId, serial: u32) -> Result<Option<(u64, u64)>> {
        self.read(|db| {
            let id = run << RUN_BITS | i64::from(serial);
            let bounds = db.query_row("SELECT first_frame, last_frame FROM flow WHERE id = ?", [id], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
            });
            Ok(bounds.optional()?)
        })
    }

    /// The frame index of a run from frame `first` to `last`, chunk by chunk, so that memory does not grow with the capture.
    /// `each` says whether to go on.
    pub fn each_frames<E: From<crate::Error>>(
        &self,
        run: RunId,
        first: u64,
        last: u64,
        each: &mut dyn FnMut(&[FrameEntry]) -> std::result::Result<bool, E>,
    ) -> std::result::Result<(), E> {
        let mut next = first.max(1);
        while next <= last {
            // Its own look each time: `each` may take long, and ask the case itself.
            let chunk = self.read(|db| {
                let mut statement = db.prepare_cached(
                    "SELECT first, count, data FROM frame_chunk WHERE run = ?1 AND first > ?2 - ?3 AND first + count > ?2 ORDER BY first LIMIT 1",
                )?;
                let mut rows = statement.query(params![run, next as i64, CHUNK as i64])?;
                match rows.next()? {
                    None => Ok(Vec::new()),
                    Some(row) => {
                        let (number, length): (i64, i64) = (row.get(0)?, row.get(1)?);
                        decode(number as u64, length as usize, row.get_ref(2)?.as_blob().unwrap_or_default())
                    }
                }
            })?;
            let from = chunk.partition_point(|entry| entry.number < next);
            let to = chunk.partition_point(|entry| entry.number <= last);
            let Some(wanted) = chunk.get(from..to).filter(|wanted| !wanted.is_empty()) else { return Ok(()) };
            next = wanted.last().map_or(last, |entry| entry.number).saturating_add(1);
            if !each(wanted)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A flow's number in its run, from its row's id.
pub(crate) fn serial(id: i64) -> u32 {
    (id & ((1 << RUN_BITS) - 1)) as u32
}
