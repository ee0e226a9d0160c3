//! Sightings become records: spread over the quarter hours that they span, merged with what is there.

use std::collections::{BTreeMap, HashMap};

use model::{Issue, Mac, Party, Sighting};
use rusqlite::{Connection, OptionalExtension, params};

use super::record::{LENGTH, QUARTERS_OF_HOUR, records};
use super::{Heard, QUARTER, number};
use crate::Result;
use crate::runs::RunId;

/// Records in a blob. An hour has one, unless there were more devices than a house has: then a batch need not touch them all.
const MOST: usize = 16_384;
/// Quarter hours that one sighting is spread over: 31 days.
const MOST_QUARTERS: i64 = 31 * 24 * QUARTERS_OF_HOUR;
/// Quarter hours between the first and the last that all sightings of a run may fill; more are told by their ends alone.
const MOST_BETWEEN: i64 = 1_000_000;
/// Seconds: before 1990 and from 2100 on nothing was heard, whatever a clock says.
const BELIEVABLE: std::ops::Range<i64> = 631_152_000..4_102_444_800;
/// Names that are remembered; what is forgotten is looked up again.
const MOST_NAMES: usize = 500_000;
const SECOND: i64 = 1_000_000_000;

#[derive(Default)]
pub(crate) struct PresenceWriter {
    devices: HashMap<Party, u32, foldhash::fast::RandomState>,
    nodes: HashMap<String, u32, foldhash::fast::RandomState>,
    runs: HashMap<RunId, OfRun>,
}

/// What has been left out of a run's charts, and told.
#[derive(Default)]
struct OfRun {
    between: i64,
    told_long: bool,
    told_full: bool,
    told_time: bool,
}

/// An hour's records by device, observer and quarter hour.
type Hour = HashMap<(u32, u32, i64), Heard, foldhash::fast::RandomState>;

impl PresenceWriter {
    /// Puts sightings where charts find them. What is left out comes back as issues; the facts have it all.
    pub fn write(&mut self, db: &Connection, run: RunId, sightings: &[Sighting]) -> Result<Vec<Issue>> {
        let mut issues = Vec::new();
        let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
        for sighting in sightings {
            let device = self.device(db, &sighting.device)?;
            let node = self.node(db, &sighting.node)?;
            let of_run = self.runs.entry(run).or_default();
            let (first, last) = (sighting.first.0.div_euclid(SECOND), sighting.last.0.div_euclid(SECOND));
            if !BELIEVABLE.contains(&first) {
                let why = format!(
                    "at {}: no clock that was set; such sightings are in the facts, not in charts",
                    sighting.first
                );
                tell(&mut issues, &mut of_run.told_time, why);
                continue;
            }
            let last = last.clamp(first, BELIEVABLE.end - 1);
            spread(sighting, (device, node), (first, last), of_run, &mut issues, &mut |heard| {
                let hour = hours.entry(heard.quarter.div_euclid(QUARTERS_OF_HOUR)).or_default();
                hour.entry((device, node, heard.quarter)).and_modify(|known| known.merge(&heard)).or_insert(heard);
            });
        }
        for (hour, heard) in hours {
            merge(db, run, hour, heard)?;
        }
        if self.runs.len() > 1_000 {
            self.runs.retain(|other, _| *other == run);
        }
        Ok(issues)
    }

    fn device(&mut self, db: &Connection, device: &Party) -> Result<u32> {
        if let Some(known) = self.devices.get(device) {
            return Ok(*known);
        }
        let id = named(db, &device.to_string())?;
        if self.devices.len() >= MOST_NAMES {
            self.devices.clear();
        }
        self.devices.insert(device.clone(), id);
        Ok(id)
    }

    fn node(&mut self, db: &Connection, node: &str) -> Result<u32> {
        if let Some(known) = self.nodes.get(node) {
            return Ok(*known);
        }
        let id = named(db, node)?;
        if self.nodes.len() >= MOST_NAMES {
            self.nodes.clear();
        }
        self.nodes.insert(node.to_owned(), id);
        Ok(id)
    }
}

fn named(db: &Connection, name: &str) -> Result<u32> {
    if let Some(id) = number(db, name)? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO presence_name (value) VALUES (?)")?.execute([name])?;
    Ok(u32::try_from(db.last_insert_rowid()).unwrap_or(0))
}

fn tell(issues: &mut Vec<Issue>, told: &mut bool, why: String) {
    if !std::mem::replace(told, true) {
        issues.push(Issue::new("sighting", why, 0));
    }
}

/// One record for each quarter hour: what was counted stands in the first, frames in all, by their share of the time.
fn spread(
    sighting: &Sighting,
    (device, node): (u32, u32),
    (first, last): (i64, i64),
    of_run: &mut OfRun,
    issues: &mut Vec<Issue>,
    put: &mut dyn FnMut(Heard),
) {
    let begins = first.div_euclid(QUARTER);
    let mut ends = last.div_euclid(QUARTER);
    if ends - begins >= MOST_QUARTERS {
        ends = begins + MOST_QUARTERS - 1;
        let why =
            format!("from {} to {}: charts show the first 31 days of so long a one", sighting.first, sighting.last);
        tell(issues, &mut of_run.told_long, why);
    }
    let last = last.min((ends + 1) * QUARTER - 1);
    let between = (ends - begins - 1).max(0);
    let ends_alone = of_run.between + between > MOST_BETWEEN;
    if ends_alone {
        let why = format!(
            "more than {MOST_BETWEEN} quarter hours of long ones: from here on charts show their beginnings and ends"
        );
        tell(issues, &mut of_run.told_full, why);
    } else {
        of_run.between += between;
    }
    let (mut frames, mut seconds) = (sighting.count.unwrap_or(0), last - first + 1);
    for quarter in begins..=ends {
        if ends_alone && quarter != begins && quarter != ends {
            continue;
        }
        let start = quarter * QUARTER;
        let (from, to) = (first.max(start) - start, last.min(start + QUARTER - 1) - start);
        // What is left, by what is left of the time: the last takes all the rest.
        let share = match quarter == ends {
            true => frames,
            false => (i64::from(frames) * (to - from + 1) / seconds.max(1)) as u32,
        };
        (frames, seconds) = (frames - share.min(frames), seconds - (to - from + 1));
        let signal = sighting.signal.filter(|_| quarter == begins);
        put(Heard {
            device,
            node,
            quarter,
            sightings: u32::from(quarter == begins),
            frames: share,
            first: from as u16,
            last: to as u16,
            signals: u32::from(signal.is_some()),
            signal_sum: signal.map_or(0, |signal| signal.avg.into()),
            signal_min: signal.map_or(0, |signal| signal.min),
            signal_max: signal.map_or(0, |signal| signal.max),
            associated: sighting.associated,
            randomised: sighting.mac().is_some_and(Mac::is_local),
        });
    }
}

/// Adds to the hour's last blob, or puts further ones behind it.
fn merge(db: &Connection, run: RunId, hour: i64, mut heard: Hour) -> Result<()> {
    let mut statement = db
        .prepare_cached("SELECT part, data FROM presence_hour WHERE hour = ? AND run = ? ORDER BY part DESC LIMIT 1")?;
    let known = statement
        .query_row(params![hour, run], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let mut part = match known {
        None => 0,
        Some((part, data)) if data.len() >= MOST * LENGTH => part + 1,
        Some((part, data)) => {
            for mut earlier in records(hour, &data)? {
                let key = (earlier.device, earlier.node, earlier.quarter);
                if let Some(later) = heard.get(&key) {
                    earlier.merge(later);
                }
                heard.insert(key, earlier);
            }
            part
        }
    };
    let mut all: Vec<Heard> = heard.into_values().collect();
    all.sort_unstable_by_key(Heard::key);
    let mut insert =
        db.prepare_cached("INSERT OR REPLACE INTO presence_hour (hour, run, part, data) VALUES (?, ?, ?, ?)")?;
    for some in all.chunks(MOST) {
        let mut data = Vec::with_capacity(some.len() * LENGTH);
        some.iter().for_each(|heard| heard.push(&mut data));
        insert.execute(params![hour, run, part, data])?;
        part += 1;
    }
    Ok(())
}
