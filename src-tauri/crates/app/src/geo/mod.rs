//! In which countries outside addresses are: by tables in MaxMind's format that the user has loaded. None is brought along, and none is
//! asked over the network. What they say is a statement of their makers at their date, and no fact of the case.

mod kept;
mod table;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use case::Entry;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::state::{App, now};
pub(crate) use kept::{Loaded, Tables};

/// The tables that are loaded.
#[derive(Clone, Debug, Serialize, TS)]
pub struct GeoState {
    /// Asked in this order: what the first says, the next does not change.
    pub tables: Vec<GeoTable>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct GeoTable {
    /// Of the file that was loaded.
    pub name: String,
    /// What it says it is: `GeoLite2-Country`.
    pub kind: String,
    /// When it was made; RFC 3339 UTC.
    pub built: Option<String>,
    #[ts(type = "number")]
    pub size: u64,
    pub sha256: String,
    /// Why it is not asked.
    pub problem: Option<String>,
}

/// A table by its file.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct GeoLoad {
    /// An .mmdb, or one packed with gzip.
    pub path: String,
}

/// A table by its hash.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct GeoRemove {
    pub sha256: String,
}

#[derive(Clone, Debug, Deserialize, TS)]
pub struct GeoAsk {
    /// At most 1000.
    pub addresses: Vec<String>,
}

/// Where a block of addresses is said to be, and who announces it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, TS)]
pub struct GeoPlace {
    /// ISO 3166: `DE`; empty: not known.
    pub code: String,
    /// As the table calls it.
    pub country: String,
    /// Of the autonomous system.
    pub organisation: String,
    pub as_number: Option<u32>,
    /// Which tables say so, with their dates.
    pub by: Vec<String>,
}

const MOST_ASKED: usize = 1_000;

pub(crate) fn geo_state(app: &App, _: Nothing) -> Result<GeoState> {
    Ok(app.geo.state())
}

pub(crate) fn geo_load(app: &App, request: GeoLoad) -> Result<GeoState> {
    let table = app.geo.load(request.path.trim())?;
    // With its hash, as what is seen from now on depends on it.
    if let Ok(case) = app.open_case() {
        let params = json!({ "path": request.path, "kind": table.kind, "built": table.built });
        case.log(now(), &Entry { action: "geo_load", objects: vec![table.sha256], params, outcome: "done".into() })?;
    }
    Ok(app.geo.state())
}

pub(crate) fn geo_remove(app: &App, request: GeoRemove) -> Result<GeoState> {
    app.geo.remove(&request.sha256)?;
    Ok(app.geo.state())
}

pub(crate) fn geo_lookup(app: &App, request: GeoAsk) -> Result<Vec<Option<GeoPlace>>> {
    if request.addresses.len() > MOST_ASKED {
        return Err(Error::invalid(format!("looking up addresses: more than {MOST_ASKED}; ask for fewer")));
    }
    Ok(request.addresses.iter().map(|address| place(app, address)).collect())
}

/// None for what is no address of the internet, or in no table.
pub(crate) fn place(app: &App, address: &str) -> Option<GeoPlace> {
    app.geo.loaded().place(address.parse().ok()?).map(|place| (*place).clone())
}

/// Addresses of a home, a link or a machine are nowhere, whatever a table says. Those for documentation are let through: it does no harm.
pub(crate) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [a, b, ..] = four.octets();
            let shared = a == 100 && b & 0xc0 == 64; // carriers' own, RFC 6598
            let none = a == 0 || a >= 240; // this network; reserved, broadcast
            !(four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast() || shared || none)
        }
        IpAddr::V6(six) => {
            let none = six.is_unspecified() || six.is_loopback() || six.is_multicast();
            !(none || six.is_unique_local() || six.is_unicast_link_local())
        }
    }
}
