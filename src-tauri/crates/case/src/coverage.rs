//! How much of the evidence was understood: sums over runs, flows, facts and issues.

use crate::runs::RunId;
use crate::schema::RUN_BITS;
use crate::{Case, Result};

/// What was read of an item, or not.
#[derive(Clone, Debug)]
pub struct CoveredItem {
    pub evidence: i64,
    pub sha256: String,
    pub path: String,
    pub kind: String,
    pub reason: String,
    pub status: String,
    pub size: u64,
    /// The pass over it, if there was one: id and parser.
    pub run: Option<(RunId, String)>,
    pub frames: u64,
    pub facts: u64,
}

/// Flows of one run that speak the same.
#[derive(Clone, Debug)]
pub struct CoveredFlows {
    pub run: RunId,
    pub service: Option<String>,
    pub proto: String,
    pub flows: u64,
    pub frames: u64,
    /// Payload, without what is missing.
    pub bytes: u64,
    pub missed: u64,
}

/// What could not be read, by what was being read.
#[derive(Clone, Debug)]
pub struct CoveredIssues {
    pub run: RunId,
    pub what: String,
    pub count: u64,
    pub skipped: u64,
}

impl Case {
    /// Items that are no duplicates, in order.
    pub fn covered_items(&self) -> Result<Vec<CoveredItem>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT e.id, coalesce(e.sha256, ''), e.path, e.kind, e.reason, e.status, coalesce(e.size, 0), r.id, r.parser,
                 coalesce(r.frames, 0), coalesce(r.facts, 0)
                 FROM evidence e LEFT JOIN run r ON r.evidence = e.id WHERE e.status <> 'duplicate' ORDER BY e.id, r.id",
            )?;
            let rows = statement.query_map([], |row| {
                let (run, parser): (Option<i64>, Option<String>) = (row.get(7)?, row.get(8)?);
                let n = |at| row.get::<_, i64>(at).map(|n| n as u64);
                Ok(CoveredItem {
                    evidence: row.get(0)?,
                    sha256: row.get(1)?,
                    path: row.get(2)?,
                    kind: row.get(3)?,
                    reason: row.get(4)?,
                    status: row.get(5)?,
                    size: n(6)?,
                    run: run.zip(parser),
                    frames: n(9)?,
                    facts: n(10)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Flows by run, service and transport.
    pub fn covered_flows(&self) -> Result<Vec<CoveredFlows>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!(
                "SELECT id >> {RUN_BITS}, service, proto, count(*), sum(orig_pkts + resp_pkts), sum(orig_bytes + resp_bytes), sum(missed_bytes)
                 FROM flow GROUP BY 1, 2, 3 ORDER BY 1, 6 DESC, 2, 3"
            ))?;
            let rows = statement.query_map([], |row| {
                let n = |at| row.get::<_, i64>(at).map(|n| n as u64);
                let missed = n(6)?;
                Ok(CoveredFlows {
                    run: row.get(0)?,
                    service: row.get(1)?,
                    proto: row.get(2)?,
                    flows: n(3)?,
                    frames: n(4)?,
                    bytes: n(5)?.saturating_sub(missed),
                    missed,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    pub fn covered_issues(&self) -> Result<Vec<CoveredIssues>> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT run, what, count(*), coalesce(sum(skipped), 0) FROM issue GROUP BY run, what ORDER BY run, 3 DESC, what",
            )?;
            let rows = statement.query_map([], |row| {
                let n = |at| row.get::<_, i64>(at).map(|n| n as u64);
                Ok(CoveredIssues { run: row.get(0)?, what: row.get(1)?, count: n(2)?, skipped: n(3)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
