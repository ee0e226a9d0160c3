//! Live captures: what is being recorded, how far it is, and whether it was sealed.

use model::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::evidence::EvidenceId;
use crate::{Case, Result};

pub type CaptureId = i64;

/// How a live capture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureState {
    Recording,
    /// Stopped; what was written is being read to its end and hashed.
    Sealing,
    /// Closed, hashed, and in the custody log.
    Sealed,
    /// The program ended while it ran: what was written is there, and nobody has sealed it yet.
    Interrupted,
    /// Nothing was recorded.
    Failed,
}

impl CaptureState {
    const ALL: [(CaptureState, &str); 5] = [
        (CaptureState::Recording, "recording"),
        (CaptureState::Sealing, "sealing"),
        (CaptureState::Sealed, "sealed"),
        (CaptureState::Interrupted, "interrupted"),
        (CaptureState::Failed, "failed"),
    ];

    pub fn as_str(self) -> &'static str {
        CaptureState::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// A live capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    pub id: CaptureId,
    pub interface: String,
    pub filter: String,
    /// By whose leave, on what ground.
    pub authority: String,
    /// As it was asked for, in JSON.
    pub options: String,
    pub state: CaptureState,
    /// Why it ended.
    pub why: String,
    pub started: Time,
    pub ended: Option<Time>,
    pub counts: CaptureCounts,
    pub files: Vec<CaptureFile>,
}

/// How much was captured, and how much was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounts {
    /// Written to the files.
    pub packets: u64,
    pub bytes: u64,
    /// As the system counted; `None` if it did not.
    pub received: Option<u64>,
    pub dropped: Option<u64>,
    pub if_dropped: Option<u64>,
}

/// One of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFile {
    /// In the case folder, with `/`.
    pub path: String,
    pub evidence: Option<EvidenceId>,
}

impl Case {
    /// Writes down that a capture begins.
    pub fn capture_begin(
        &self,
        interface: &str,
        filter: &str,
        authority: &str,
        options: &str,
        now: Time,
    ) -> Result<CaptureId> {
        self.write(|db| {
            db.execute(
                "INSERT INTO capture (interface, filter, authority, options, state, why, started, packets, bytes) VALUES (?, ?, ?, ?, 'recording', '', ?, 0, 0)",
                params![interface, filter, authority, options, now.0],
            )?;
            Ok(db.last_insert_rowid())
        })
    }

    /// A file that the capture goes on in.
    pub fn capture_file(&self, id: CaptureId, path: &str) -> Result<()> {
        self.write(|db| {
            db.execute(
                "INSERT INTO capture_file SELECT ?1, coalesce(max(number), 0) + 1, ?2, NULL FROM capture_file WHERE capture = ?1",
                params![id, path],
            )?;
            Ok(())
        })
    }

    /// The item of evidence that one of its files has become.
    pub fn capture_is_evidence(&self, id: CaptureId, path: &str, evidence: EvidenceId) -> Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE capture_file SET evidence = ? WHERE capture = ? AND path = ?",
                params![evidence, id, path],
            )?;
            Ok(())
        })
    }

    pub fn capture_count(&self, id: CaptureId, counts: &CaptureCounts) -> Result<()> {
        let some = |count: Option<u64>| count.map(|count| count as i64);
        self.write(|db| {
            db.execute(
                "UPDATE capture SET packets = ?, bytes = ?, received = ?, dropped = ?, if_dropped = ? WHERE id = ?",
                params![
                    counts.packets as i64,
                    counts.bytes as i64,
                    some(counts.received),
                    some(counts.dropped),
                    some(counts.if_dropped),
                    id
                ],
            )?;
            Ok(())
        })
    }

    pub fn capture_state(&self, id: CaptureId, state: CaptureState, why: &str, ended: Option<Time>) -> Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE capture SET state = ?, why = ?, ended = coalesce(?, ended) WHERE id = ?",
                params![state.as_str(), why, ended.map(|at| at.0), id],
            )?;
            Ok(())
        })
    }

    pub fn capture(&self, id: CaptureId) -> Result<Option<Capture>> {
        self.read(|db| {
            let found = db.query_row(&format!("{COLUMNS} WHERE id = ?"), [id], read).optional()?;
            found.map(|capture| with_files(db, capture)).transpose()
        })
    }

    /// All of them, newest first.
    pub fn captures(&self) -> Result<Vec<Capture>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!("{COLUMNS} ORDER BY id DESC"))?;
            let found = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
            found.into_iter().map(|capture| with_files(db, capture)).collect()
        })
    }
}

/// After a crash: what was running is not any more.
pub(crate) fn interrupt(db: &Connection) -> Result<()> {
    db.execute(
        "UPDATE capture SET state = 'interrupted', why = 'the program ended' WHERE state IN ('recording', 'sealing')",
        [],
    )?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, interface, filter, authority, options, state, why, started, ended, packets, bytes, received, dropped, if_dropped FROM capture";

fn read(row: &Row) -> rusqlite::Result<Capture> {
    let some = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(|count| count as u64));
    let state: String = row.get(5)?;
    Ok(Capture {
        id: row.get(0)?,
        interface: row.get(1)?,
        filter: row.get(2)?,
        authority: row.get(3)?,
        options: row.get(4)?,
        state: CaptureState::ALL
            .iter()
            .find(|(_, name)| *name == state)
            .map_or(CaptureState::Failed, |(state, _)| *state),
        why: row.get(6)?,
        started: Time(row.get(7)?),
        ended: row.get::<_, Option<i64>>(8)?.map(Time),
        counts: CaptureCounts {
            packets: row.get::<_, i64>(9)? as u64,
            bytes: row.get::<_, i64>(10)? as u64,
            received: some(11)?,
            dropped: some(12)?,
            if_dropped: some(13)?,
        },
        files: Vec::new(),
    })
}

fn with_files(db: &Connection, capture: Capture) -> Result<Capture> {
    let mut statement =
        db.prepare_cached("SELECT path, evidence FROM capture_file WHERE capture = ? ORDER BY number")?;
    let files =
        statement.query_map([capture.id], |row| Ok(CaptureFile { path: row.get(0)?, evidence: row.get(1)? }))?;
    Ok(Capture { files: files.collect::<rusqlite::Result<_>>()?, ..capture })
}
