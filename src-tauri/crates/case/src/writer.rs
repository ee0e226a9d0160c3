//! Bulk writing of one run: batches in, transactions out.

use std::collections::{HashMap, HashSet};

use model::{Flow, Interface, Issue, Mac};
use rusqlite::{Connection, OptionalExtension, params};
use std::net::IpAddr;

use crate::facts::{FactWriter, Facts};
use crate::frames::{CHUNK, FrameEntry, NO_TIME, encode};
use crate::presence::PresenceWriter;
use crate::runs::RunId;
use crate::schema::{LATE_INDEXES, RUN_BITS};
use crate::text::{self, Interner};
use crate::{Case, Result, Select};

/// What a reader has found since the last batch. Filled by the parsing thread, written by another.
#[derive(Default)]
pub struct Batch {
    pub facts: Facts,
    pub flows: Vec<(u32, Flow)>,
    pub issues: Vec<Issue>,
    pub interfaces: Vec<Interface>,
    pub sightings: Vec<Sighting>,
    /// Who was heard when, as sources tell it.
    pub presence: Vec<model::Sighting>,
    /// Frame index chunks, ready made.
    pub chunks: Vec<FrameChunk>,
    /// Of a capture that is still running: flows that have not ended, as they are now.
    pub open_flows: Vec<(u32, Flow)>,
    /// The sightings are all of the run so far, instead of those that were written before.
    pub all_sightings: bool,
    /// More such small batches will follow: what they leave is put together now and then.
    pub live: bool,
}

impl Batch {
    /// Rows in it, roughly; long texts count as more.
    pub fn len(&self) -> usize {
        self.facts.len()
            + self.facts.weight() / 2_048
            + self.flows.len()
            + self.issues.len()
            + self.sightings.len()
            + self.presence.len()
            + self.open_flows.len()
            + self.chunks.len() * 256
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.interfaces.is_empty()
    }

    /// Makes it empty, and keeps its memory for the next.
    pub fn clear(&mut self) {
        let Batch { facts, flows, issues, interfaces, sightings, presence, chunks, open_flows, all_sightings, live } =
            self;
        facts.clear();
        flows.clear();
        issues.clear();
        interfaces.clear();
        sightings.clear();
        presence.clear();
        chunks.clear();
        open_flows.clear();
        (*all_sightings, *live) = (false, false);
    }
}

/// A hardware address that sent frames in this run, with an IP address of its own if known.
#[derive(Clone, Debug)]
pub struct Sighting {
    pub mac: Mac,
    pub ip: Option<IpAddr>,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub first_frame: u64,
    pub frames: u64,
    pub bytes: u64,
}

/// Frames on their way into the index.
#[derive(Default)]
pub struct FrameColumns {
    frames: Vec<FrameEntry>,
}

/// Some thousands of them, packed.
pub struct FrameChunk {
    /// Number of the first frame.
    first: u64,
    count: usize,
    span: Span,
    data: Vec<u8>,
}

impl FrameColumns {
    /// Adds a frame; gives a chunk if that makes one full.
    pub fn push(&mut self, frame: FrameEntry) -> Option<FrameChunk> {
        if self.frames.capacity() == 0 {
            self.frames.reserve_exact(CHUNK);
        }
        self.frames.push(frame);
        if self.frames.len() == CHUNK { self.take() } else { None }
    }

    /// What is there already of the chunk in the making; later ones take its place.
    pub fn so_far(&self) -> Option<FrameChunk> {
        let first = self.frames.first()?.number;
        let mut span = Span::default();
        self.frames.iter().for_each(|frame| span.see(frame.ts));
        Some(FrameChunk { first, count: self.frames.len(), span, data: encode(&self.frames) })
    }

    /// What is left at the end.
    pub fn take(&mut self) -> Option<FrameChunk> {
        let chunk = self.so_far();
        self.frames.clear();
        chunk
    }
}

/// Writes the rows of runs. Rows of earlier batches are visible to readers at once; all disappear if the run is purged.
pub struct Writer<'c> {
    case: &'c Case,
    interner: Interner,
    facts: FactWriter,
    presence: PresenceWriter,
    /// What is in the table `spoken` already.
    spoken: HashSet<(RunId, Mac, &'static str), foldhash::fast::RandomState>,
    /// Ids of flows that are written, and have not ended.
    open: HashSet<i64, foldhash::fast::RandomState>,
}

/// Entries of it that are remembered; what is forgotten is put there again, to no effect.
const MOST_SPOKEN: usize = 200_000;

/// What a batch adds to its run.
#[derive(Default)]
struct Totals {
    tally: HashMap<(i64, i64), i64, foldhash::fast::RandomState>,
    frames: usize,
    flows: usize,
    issues: usize,
    /// From the earliest to the latest frame.
    captured: Span,
    /// The same of facts: what counts where there are no frames.
    stated: Span,
}

/// Earliest and latest time.
#[derive(Clone, Copy, Default)]
struct Span(Option<i64>, Option<i64>);

impl Span {
    fn see(&mut self, ts: i64) {
        if ts != NO_TIME {
            self.0 = Some(self.0.map_or(ts, |first| first.min(ts)));
            self.1 = Some(self.1.map_or(ts, |last| last.max(ts)));
        }
    }
}

impl Case {
    /// A writer for runs that are begun. Only one at a time makes sense: it knows the texts that are stored.
    pub fn writer(&self) -> Result<Writer<'_>> {
        let interner = Interner::load(&self.writing())?;
        let (facts, spoken, open) = (FactWriter::new(), HashSet::default(), HashSet::default());
        Ok(Writer { case: self, interner, facts, presence: PresenceWriter::default(), spoken, open })
    }

    /// After bulk loading: secondary indexes. What is too much to sort in little memory goes by way of a file without a name in the
    /// system's place for such; where there is none, all is sorted in memory.
    pub fn index(&self) -> Result<()> {
        let sorted_in = |place: &str| {
            self.writing().pragma_update(None, "temp_store", place)?;
            self.write(|db| {
                for index in LATE_INDEXES {
                    db.execute(index, [])?;
                }
                Ok(())
            })
        };
        let by_file = sorted_in("FILE");
        self.writing().pragma_update(None, "temp_store", "MEMORY")?;
        by_file.or_else(|_| sorted_in("MEMORY"))?;
        // Most of the write-ahead log on its way already, beside whatever else is done; `tidy` moves the rest.
        self.checkpoint()
    }

    /// Makes words be found in all texts that there are. Whoever looks for words does this first: an import does not wait for it.
    pub fn searchable(&self) -> Result<()> {
        if self.read(text::is_indexed)? { Ok(()) } else { self.write(text::index) }
    }

    /// Like [`Case::read`] for what `select` asks for.
    pub(crate) fn read_for<T>(&self, select: &Select, look: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if !select.search.is_empty() {
            self.searchable()?;
        }
        self.read(look)
    }

    /// Lets the query planner know the tables' sizes, and moves the write-ahead log into the database.
    pub fn tidy(&self) -> Result<()> {
        let db = self.writing();
        db.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")?;
        Ok(())
    }
}

impl Writer<'_> {
    /// Writes a batch of a run in one transaction.
    pub fn write(&mut self, run: RunId, batch: &Batch) -> Result<()> {
        let case = self.case;
        case.write(|db| {
            let mut totals = Totals::default();
            self.write_rows(db, run, batch, &mut totals)?;
            write_totals(db, run, batch, totals)
        })
    }

    /// Nothing more is written for now: gives up memory that can be had again.
    pub fn rest(&mut self) {
        self.interner.forget();
        self.facts.rest();
        self.spoken = HashSet::default();
    }

    /// Takes away a run, as if it had never been: another may get its id.
    pub fn remove(&mut self, run: RunId) -> Result<()> {
        self.facts.forget(run);
        self.spoken.retain(|(other, ..)| *other != run);
        self.open.retain(|flow| flow >> RUN_BITS != run);
        self.case.run_remove(run)
    }

    fn write_rows(&mut self, db: &Connection, run: RunId, batch: &Batch, totals: &mut Totals) -> Result<()> {
        let Writer { interner, facts, presence, spoken, open, .. } = self;
        let added = facts.write(db, interner, run, &batch.facts)?;
        if batch.live {
            crate::facts::join(db, run)?;
        }
        totals.tally = added.tally;
        added.times.into_iter().for_each(|(first, last)| {
            totals.stated.see(first);
            totals.stated.see(last);
        });
        let mut insert = db.prepare_cached(
            "INSERT OR REPLACE INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let ended = batch.flows.iter().map(|flow| (flow, false));
        for ((serial, flow), is_open) in ended.chain(batch.open_flows.iter().map(|flow| (flow, true))) {
            let id = run << RUN_BITS | i64::from(*serial);
            insert_flow(db, &mut insert, facts, interner, id, flow)?;
            let is_new = if is_open { open.insert(id) } else { !open.remove(&id) };
            totals.flows += usize::from(is_new);
            let Some(service) = flow.service else { continue };
            for mac in [flow.orig.mac, flow.resp.mac].into_iter().flatten() {
                if spoken.insert((run, mac, service)) {
                    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO spoken VALUES (?, ?, ?)")?;
                    insert.execute(params![run, mac.to_string(), service])?;
                }
            }
            if spoken.len() > MOST_SPOKEN {
                spoken.clear();
            }
        }
        let mut insert =
            db.prepare_cached("INSERT INTO issue (run, what, why, frame, offset, skipped) VALUES (?, ?, ?, ?, ?, ?)")?;
        let left_out = presence.write(db, run, &batch.presence)?;
        totals.issues = batch.issues.len() + left_out.len();
        for issue in batch.issues.iter().chain(&left_out) {
            let (frame, skipped) = (issue.frame.map(|n| n as i64), issue.skipped.map(|n| n as i64));
            insert.execute(params![run, issue.what, issue.why, frame, issue.offset as i64, skipped])?;
        }
        for i in &batch.interfaces {
            db.execute(
                "INSERT OR REPLACE INTO capture_interface VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    run,
                    i.index,
                    i.link_type,
                    i.snap_len,
                    i.name,
                    i.description,
                    i.filter,
                    i.os,
                    i.ticks_per_second as i64,
                    i.offset as i64
                ],
            )?;
        }
        if batch.all_sightings {
            db.execute("DELETE FROM sighting WHERE run = ?", [run])?;
        }
        let mut insert = db.prepare_cached("INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
        for s in &batch.sightings {
            let (mac, ip) = (s.mac.to_string(), s.ip.map(|ip| ip.to_string()));
            insert.execute(params![
                run,
                mac,
                ip,
                s.first_ts,
                s.last_ts,
                s.first_frame as i64,
                s.frames as i64,
                s.bytes as i64
            ])?;
        }
        let mut earlier = db.prepare_cached("SELECT count FROM frame_chunk WHERE run = ? AND first = ?")?;
        let mut insert = db.prepare_cached("INSERT OR REPLACE INTO frame_chunk VALUES (?, ?, ?, ?, ?, ?)")?;
        for FrameChunk { first: number, count, span: Span(first, last), data } in &batch.chunks {
            [first, last].into_iter().flatten().for_each(|ts| totals.captured.see(*ts));
            // Of a running capture, a chunk in the making may be there already.
            let known: Option<i64> = earlier.query_row([run, *number as i64], |row| row.get(0)).optional()?;
            totals.frames += count - known.map_or(0, |known| known as usize).min(*count);
            insert.execute(params![run, *number as i64, *count as i64, first, last, data])?;
        }
        Ok(())
    }
}

fn write_totals(db: &Connection, run: RunId, batch: &Batch, totals: Totals) -> Result<()> {
    let mut tally = db.prepare_cached(
        "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET facts = facts + excluded.facts",
    )?;
    for ((kind, minute), facts) in totals.tally {
        tally.execute(params![run, kind, minute, facts])?;
    }
    // What a capture says of other times (statistics, say) does not stretch it beyond its frames.
    let (frames, first, last): (i64, _, _) =
        db.query_row("SELECT frames, first_ts, last_ts FROM run WHERE id = ?", [run], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let known = Span(first, last);
    let mut span = match (frames > 0, totals.frames > 0) {
        (false, true) => Span::default(),
        _ => known,
    };
    let more = if frames > 0 || totals.frames > 0 { totals.captured } else { totals.stated };
    [more.0, more.1].into_iter().flatten().for_each(|ts| span.see(ts));
    db.execute(
        "UPDATE run SET frames = frames + ?, facts = facts + ?, flows = flows + ?, issues = issues + ?, first_ts = ?, last_ts = ?
         WHERE id = ?",
        params![
            totals.frames as i64, batch.facts.len() as i64, totals.flows as i64, totals.issues as i64, span.0, span.1, run
        ],
    )?;
    Ok(())
}

fn insert_flow(
    db: &Connection,
    insert: &mut rusqlite::Statement,
    facts: &mut FactWriter,
    texts: &mut Interner,
    id: i64,
    flow: &Flow,
) -> Result<()> {
    let Flow { orig, resp, .. } = flow;
    let orig_h = facts.ip(db, texts, orig.ip)?;
    let resp_h = facts.ip(db, texts, resp.ip)?;
    let time = |ts: Option<model::Time>| ts.map_or(NO_TIME, |ts| ts.0);
    insert.execute(params![
        id,
        flow.uid.0 as i64,
        flow.proto,
        flow.ip_proto,
        flow.service,
        flow.odd_port,
        flow.vlan,
        time(flow.first_ts),
        time(flow.last_ts),
        flow.first_frame as i64,
        flow.last_frame as i64,
        orig_h,
        orig.port,
        resp_h,
        resp.port,
        orig.mac.map(|mac| mac.to_bits() as i64),
        resp.mac.map(|mac| mac.to_bits() as i64),
        orig.frames as i64,
        orig.wire_bytes as i64,
        orig.ip_bytes as i64,
        orig.bytes as i64,
        resp.frames as i64,
        resp.wire_bytes as i64,
        resp.ip_bytes as i64,
        resp.bytes as i64,
        flow.conn_state,
        flow.history,
        flow.missed_bytes as i64
    ])?;
    Ok(())
}
