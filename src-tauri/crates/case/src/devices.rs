//! Devices and what identifies them: conclusions, replaced as a whole when they are drawn anew.

use std::collections::HashMap;

use model::Mac;
use rusqlite::params;

use crate::{Case, Result};

/// A device by its hardware address.
#[derive(Clone, Debug, Default)]
pub struct DeviceRow {
    pub mac: String,
    pub name: String,
    pub vendor: String,
    pub local: bool,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub frames: u64,
    pub bytes: u64,
    pub ips: Vec<String>,
    pub names: Vec<String>,
    pub protocols: Vec<String>,
    /// What a router's report says of it, by field.
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// Something that identifies a device, and what proves it.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityRow {
    pub mac: String,
    pub kind: String,
    pub value: String,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub count: u64,
    pub fact: Option<i64>,
    pub evidence: i64,
    pub frame: Option<u64>,
}

/// A neighbour in conversation.
#[derive(Clone, Debug)]
pub struct FlowTotal {
    pub key: String,
    pub flows: u64,
    pub bytes: u64,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    pub mac: Option<String>,
}

impl Case {
    pub fn replace_devices(&self, devices: &[DeviceRow], identities: &[IdentityRow]) -> Result<()> {
        self.write(|db| {
            db.execute_batch("DELETE FROM device; DELETE FROM identity;")?;
            let mut insert = db.prepare("INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            for d in devices {
                let list = |texts: &[String]| serde_json::to_string(texts).unwrap_or_default();
                insert.execute(params![
                    d.mac,
                    d.name,
                    d.vendor,
                    d.local,
                    d.first_ts,
                    d.last_ts,
                    d.frames as i64,
                    d.bytes as i64,
                    list(&d.ips),
                    list(&d.names),
                    list(&d.protocols),
                    serde_json::to_string(&d.details).unwrap_or_default()
                ])?;
            }
            let mut insert = db.prepare("INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            for i in identities {
                insert.execute(params![
                    i.mac,
                    i.kind,
                    i.value,
                    i.first_ts,
                    i.last_ts,
                    i.count as i64,
                    i.fact,
                    i.evidence,
                    i.frame.map(|n| n as i64)
                ])?;
            }
            Ok(())
        })
    }

    /// Names of devices by their hardware addresses.
    pub fn device_names(&self) -> Result<HashMap<String, String>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT mac, name FROM device WHERE name <> ''")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    pub fn identities(&self, mac: &str) -> Result<Vec<IdentityRow>> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT * FROM identity WHERE mac = ? ORDER BY kind, count DESC, value")?;
            let rows = statement.query_map([mac], |row| {
                Ok(IdentityRow {
                    mac: row.get(0)?,
                    kind: row.get(1)?,
                    value: row.get(2)?,
                    first_ts: row.get(3)?,
                    last_ts: row.get(4)?,
                    count: row.get::<_, i64>(5)? as u64,
                    fact: row.get(6)?,
                    evidence: row.get(7)?,
                    frame: row.get::<_, Option<i64>>(8)?.map(|n| n as u64),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Flows in which a hardware address took part, by application protocol (`by_peer` false) or by the other side's address.
    pub fn flow_totals(&self, mac: &str, by_peer: bool) -> Result<Vec<FlowTotal>> {
        let key = if by_peer { "t.value" } else { "coalesce(service, proto)" };
        let sql = format!(
            "SELECT {key}, count(*), sum(x.bytes), min(nullif(x.ts, {0})), max(nullif(x.last_ts, {0})), lintel_mac(max(x.peer_mac)) FROM (
               SELECT service, proto, orig_wire_bytes + resp_wire_bytes AS bytes, ts, last_ts, resp_h AS peer, resp_mac AS peer_mac
               FROM flow WHERE orig_mac = ?1
               UNION ALL SELECT service, proto, orig_wire_bytes + resp_wire_bytes, ts, last_ts, orig_h, orig_mac FROM flow WHERE resp_mac = ?1) x
             JOIN text t ON t.id = x.peer GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 500",
            crate::NO_TIME
        );
        self.read(|db| {
            let mut statement = db.prepare(&sql)?;
            // What is no address took part in nothing.
            let mac = Mac::parse(mac).map_or(-1, |mac| mac.to_bits() as i64);
            let rows = statement.query_map([mac], |row| {
                Ok(FlowTotal {
                    key: row.get(0)?,
                    flows: row.get::<_, i64>(1)? as u64,
                    bytes: row.get::<_, i64>(2)? as u64,
                    first_ts: row.get(3)?,
                    last_ts: row.get(4)?,
                    mac: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// (hardware address, service) pairs of all flows.
    pub fn spoken(&self) -> Result<Vec<(String, String)>> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT DISTINCT mac, service FROM spoken ORDER BY mac, service")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    }
}
