//! Going through what was heard, hour by hour. The database is read by a thread of its own, one hour ahead of whoever counts.

use std::collections::HashSet;
use std::sync::mpsc::{SyncSender, sync_channel};

use rusqlite::{Connection, params};

use super::record::{LENGTH, QUARTERS_OF_HOUR, records};
use super::{Heard, PresenceSelect, QUARTER, number};
use crate::{Case, Error, Result};

const HOUR: i64 = QUARTER * QUARTERS_OF_HOUR;
/// Hours that may wait to be counted.
const AHEAD: usize = 4;
/// Bytes of one hour that are put in order; of more, each piece is.
const MOST_OF_HOUR: usize = 64 << 20;

/// An hour's blobs, one after the other.
struct Piece {
    hour: i64,
    blobs: usize,
    data: Vec<u8>,
}

/// Who is wanted, as numbers; none: everybody.
#[derive(Default)]
struct Wanted {
    devices: Option<HashSet<u32, foldhash::fast::RandomState>>,
    nodes: Option<HashSet<u32, foldhash::fast::RandomState>>,
    without_randomised: bool,
    since: i64,
    until: i64,
}

impl Case {
    /// Hands all that was heard in a time to `see`: hour by hour, in it by device, then by quarter hour, then by observer. Several runs
    /// may have heard the same.
    pub fn presence(&self, select: &PresenceSelect, mut see: impl FnMut(&Heard)) -> Result<()> {
        let (since, until) = (select.since.unwrap_or(i64::MIN), select.until.unwrap_or(i64::MAX));
        let numbers = |names: &[String]| match names {
            [] => Ok(None),
            names => self.read(|db| {
                let known = names.iter().filter_map(|name| number(db, name).transpose());
                Ok(Some(known.collect::<Result<HashSet<_, _>>>()?))
            }),
        };
        let wanted = Wanted {
            devices: numbers(&select.devices)?,
            nodes: numbers(&select.nodes)?,
            without_randomised: select.without_randomised,
            since,
            until,
        };
        let nobody = [&wanted.devices, &wanted.nodes].into_iter().flatten().any(HashSet::is_empty);
        if nobody || since >= until {
            return Ok(());
        }
        let (to, from) = sync_channel::<Piece>(AHEAD);
        std::thread::scope(|threads| {
            let reading = threads.spawn(move || self.read(|db| read(db, since, until, &to)));
            let counted = from.iter().try_for_each(|piece| wanted.pick(piece, &mut see));
            drop(from); // whoever reads on notices
            let read = reading.join().unwrap_or_else(|_| Err(Error::Refused("reading presence broke off".into())));
            counted.and(read)
        })
    }
}

/// Hands the blobs of a time over; gives up when nobody takes them.
fn read(db: &Connection, since: i64, until: i64, to: &SyncSender<Piece>) -> Result<()> {
    let mut statement =
        db.prepare_cached("SELECT hour, data FROM presence_hour WHERE hour BETWEEN ? AND ? ORDER BY hour, run, part")?;
    let mut rows = statement.query(params![since.div_euclid(HOUR), until.saturating_sub(1).div_euclid(HOUR)])?;
    let mut piece: Option<Piece> = None;
    while let Some(row) = rows.next()? {
        let (hour, data) = (row.get(0)?, row.get_ref(1)?.as_blob().unwrap_or_default());
        match &mut piece {
            Some(piece) if piece.hour == hour && piece.data.len() < MOST_OF_HOUR => {
                piece.data.extend_from_slice(data);
                piece.blobs += 1;
            }
            _ => {
                if let Some(full) = piece.replace(Piece { hour, blobs: 1, data: data.to_vec() })
                    && to.send(full).is_err()
                {
                    return Ok(());
                }
            }
        }
    }
    if let Some(last) = piece {
        to.send(last).ok();
    }
    Ok(())
}

impl Wanted {
    fn pick(&self, piece: Piece, see: &mut impl FnMut(&Heard)) -> Result<()> {
        let Piece { hour, blobs, data } = piece;
        // Of a few devices among thousands, only the first bytes of each record are looked at.
        let data = match &self.devices {
            None => data,
            Some(devices) => {
                let of = |record: &&[u8; LENGTH]| {
                    record.first_chunk().is_some_and(|id| devices.contains(&u32::from_le_bytes(*id)))
                };
                data.as_chunks::<LENGTH>().0.iter().filter(of).flatten().copied().collect()
            }
        };
        let start = hour.saturating_mul(HOUR);
        let whole = start >= self.since && start.saturating_add(HOUR) <= self.until;
        let holds = |heard: &Heard| {
            (whole || heard.last_second() >= self.since && heard.first_second() < self.until)
                && !(self.without_randomised && heard.randomised)
                && self.nodes.as_ref().is_none_or(|nodes| nodes.contains(&heard.node))
        };
        let found = records(hour, &data)?.filter(holds);
        if blobs == 1 {
            found.for_each(|heard| see(&heard));
        } else {
            let mut found: Vec<Heard> = found.collect();
            found.sort_unstable_by_key(Heard::key);
            found.iter().for_each(see);
        }
        Ok(())
    }
}

pub(super) fn of_hour(db: &Connection, hour: i64, see: &mut dyn FnMut(&Heard)) -> Result<()> {
    let mut statement = db.prepare_cached("SELECT data FROM presence_hour WHERE hour = ?")?;
    let mut rows = statement.query([hour])?;
    while let Some(row) = rows.next()? {
        records(hour, row.get_ref(0)?.as_blob().unwrap_or_default())?.for_each(|heard| see(&heard));
    }
    Ok(())
}
