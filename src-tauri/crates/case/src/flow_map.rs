//! Who talked to whom, summed over all flows.

use crate::{Case, Result};

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
}

/// Pairs beyond are left out, the quietest first.
const MOST: u32 = 20_000;

impl Case {
    /// Pairs of ends, those with the most bytes first.
    pub fn flow_pairs(&self) -> Result<Vec<FlowPair>> {
        self.read(|db| {
            let mut statement = db.prepare(&format!(
                "SELECT o.value, x.orig_mac, p.value, x.resp_mac, x.flows, x.bytes, x.services FROM (
                   SELECT orig_h, orig_mac, resp_h, resp_mac, count(*) AS flows, sum(orig_wire_bytes + resp_wire_bytes) AS bytes,
                   coalesce(group_concat(DISTINCT service), '') AS services
                   FROM flow GROUP BY orig_h, orig_mac, resp_h, resp_mac ORDER BY bytes DESC LIMIT {MOST}) x
                 JOIN text o ON o.id = x.orig_h JOIN text p ON p.id = x.resp_h ORDER BY x.bytes DESC, o.value, p.value"
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(FlowPair {
                    orig: (row.get(0)?, row.get(1)?),
                    resp: (row.get(2)?, row.get(3)?),
                    flows: row.get::<_, i64>(4)? as u64,
                    bytes: row.get::<_, i64>(5)? as u64,
                    services: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
