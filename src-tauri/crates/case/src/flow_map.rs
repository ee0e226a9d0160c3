//! Who talked to whom, summed over all flows.

use crate::schema::RUN_BITS;
use crate::{Case, NO_TIME, Result};

/// Flows between two ends, both ways.
#[derive(Clone, Debug)]
pub struct FlowPair {
    /// Address and hardware address of who opened them.
    pub orig: (String, Option<String>),
    pub resp: (String, Option<String>),
    pub flows: u64,
    pub bytes: u64,
    /// Application protocols, comma between.
    pub services: String,
    /// Of flows in which a hardware address is missing: whose run they are, and from when to when; else nothing.
    pub run: Option<i64>,
    pub span: Option<(i64, i64)>,
}

/// An IP address that was a hardware address's, as some item of evidence says.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    pub run: Option<i64>,
    pub ip: String,
    pub mac: String,
    /// When that was seen; nothing where no time is stated.
    pub span: Option<(i64, i64)>,
}

/// Pairs beyond are left out, the quietest first.
const MOST: u32 = 20_000;
/// More are not looked at: somebody claims addresses without end.
const MOST_BINDINGS: u32 = 200_000;

impl Case {
    /// Pairs of ends, those with the most bytes first.
    pub fn flow_pairs(&self) -> Result<Vec<FlowPair>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!(
                "SELECT o.value, lintel_mac(x.orig_mac), p.value, lintel_mac(x.resp_mac), x.flows, x.bytes, x.services, x.run, x.first, x.last FROM (
                   SELECT orig_h, orig_mac, resp_h, resp_mac, count(*) AS flows, sum(orig_wire_bytes + resp_wire_bytes) AS bytes,
                   coalesce(group_concat(DISTINCT service), '') AS services,
                   CASE WHEN orig_mac IS NULL OR resp_mac IS NULL THEN id >> {RUN_BITS} END AS run,
                   min(nullif(ts, {NO_TIME})) AS first, max(nullif(last_ts, {NO_TIME})) AS last
                   FROM flow GROUP BY orig_h, orig_mac, resp_h, resp_mac, run ORDER BY bytes DESC LIMIT {MOST}) x
                 JOIN text o ON o.id = x.orig_h JOIN text p ON p.id = x.resp_h ORDER BY x.bytes DESC, o.value, p.value, x.run"
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(FlowPair {
                    orig: (row.get(0)?, row.get(1)?),
                    resp: (row.get(2)?, row.get(3)?),
                    flows: row.get::<_, i64>(4)? as u64,
                    bytes: row.get::<_, i64>(5)? as u64,
                    services: row.get(6)?,
                    run: row.get(7)?,
                    span: row.get::<_, Option<i64>>(8)?.zip(row.get(9)?),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Which IP address was which device's: senders on the wire, and what ARP, DHCP and routers' reports say.
    pub fn bindings(&self) -> Result<Vec<Binding>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!(
                "SELECT run, ip, mac, first_ts, last_ts FROM sighting WHERE ip IS NOT NULL AND mac IN (SELECT mac FROM device)
                 UNION SELECT (SELECT id FROM run WHERE evidence = i.evidence ORDER BY status IN ('running', 'interrupted'), id DESC LIMIT 1),
                 i.value, i.mac, i.first_ts, i.last_ts FROM identity i
                 WHERE i.kind LIKE 'ip by %' OR i.kind LIKE 'router: % ip' OR i.kind = 'router: ip'
                 ORDER BY 1, 2, 3, 4, 5 LIMIT {MOST_BINDINGS}",
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(Binding {
                    run: row.get(0)?,
                    ip: row.get(1)?,
                    mac: row.get(2)?,
                    span: row.get::<_, Option<i64>>(3)?.zip(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
