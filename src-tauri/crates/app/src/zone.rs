//! The one zone service: the page, exports and reports all show time by these tables.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Clone, Debug, Deserialize, TS)]
pub struct ZoneRequest {
    /// IANA name.
    pub zone: String,
}

/// How a zone's clock stood, from 1970 to 2100.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ZoneTable {
    pub zone: String,
    /// Version of the zone database.
    pub tzdb: String,
    /// In order; each holds until the next. The first holds since ever.
    pub periods: Vec<ZonePeriod>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct ZonePeriod {
    /// Milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// Seconds east of UTC.
    pub offset: i32,
    /// `CEST`
    pub abbreviation: String,
}

/// What this program is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct AppInfo {
    pub version: String,
    pub zones: Vec<String>,
    pub tzdb: String,
    /// Date of the IEEE vendor lists.
    pub vendors_as_of: String,
    /// The machine's own zone, if it can be told; else UTC.
    pub local_zone: String,
}
