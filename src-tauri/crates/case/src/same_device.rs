//! Addresses that the analyst takes for one device. Facts keep their addresses; only conclusions follow.

use model::Time;
use rusqlite::params;

use crate::{Case, Result};

/// An address, and the device that it is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct SameDevice {
    pub mac: String,
    /// Never itself the other's.
    pub device: String,
    pub why: String,
    pub at: Time,
}

impl Case {
    pub fn same_devices(&self) -> Result<Vec<SameDevice>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT mac, device, why, at FROM same_device ORDER BY device, mac")?;
            let rows = statement.query_map([], |row| {
                Ok(SameDevice { mac: row.get(0)?, device: row.get(1)?, why: row.get(2)?, at: Time(row.get(3)?) })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// All of `macs`, and what was joined to them before, are one device with `device`.
    pub fn devices_join(&self, device: &str, macs: &[String], why: &str, now: Time) -> Result<()> {
        self.write(|db| {
            let device: String = db
                .query_row("SELECT device FROM same_device WHERE mac = ?", [device], |row| row.get(0))
                .unwrap_or_else(|_| device.to_owned());
            for mac in macs.iter().filter(|mac| **mac != device) {
                // What was joined to it goes along.
                db.execute("UPDATE same_device SET device = ? WHERE device = ?", params![device, mac])?;
                db.execute("INSERT OR REPLACE INTO same_device VALUES (?, ?, ?, ?)", params![mac, device, why, now.0])?;
            }
            Ok(())
        })
    }

    /// The address is a device of its own again; false if it was.
    pub fn devices_part(&self, mac: &str) -> Result<bool> {
        self.write(|db| Ok(db.execute("DELETE FROM same_device WHERE mac = ?", [mac])? > 0))
    }
}
