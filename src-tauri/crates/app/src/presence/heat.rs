//! At which hours of the week how many were near.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::buckets::Buckets;
use super::unique::distinct;
use super::{NOBODY, PresenceLook, PresencePicture, PresenceScope, PresenceStep, PresenceTable, Scope};
use crate::charts::presence::{Heat, draw_heat};
use crate::error::Result;
use crate::state::App;

/// Hour by weekday, on the zone's clock.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceHeatRequest {
    pub scope: PresenceScope,
    pub look: PresenceLook,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceHeat {
    pub picture: Option<PresencePicture>,
    /// Monday first, each with 24 hours.
    pub days: Vec<PresenceDay>,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceDay {
    pub name: String,
    pub hours: Vec<PresenceHour>,
}

/// An hour of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
pub struct PresenceHour {
    /// Different devices in such an hour, on average; none: the time that is looked at has no such hour.
    pub average: Option<f64>,
    /// How many such hours there were. Of an hour that a change of the clock leaves out, one less; of one that it repeats, one more.
    pub hours: u32,
    /// Devices in all of them together, each counted once an hour.
    pub devices: u32,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub(crate) fn presence_heat(app: &App, request: PresenceHeatRequest) -> Result<PresenceHeat> {
    let scope = Scope::of(app, &request.scope)?;
    let mut week = [[PresenceHour::default(); 24]; 7];
    if let Some(span) = scope.span {
        let mut hours = Buckets::new(&scope.zone, span, PresenceStep::Hour, 1);
        if hours.step != PresenceStep::Hour {
            return Err(crate::Error::invalid("asking for hours of the week: twenty years at most; narrow the time"));
        }
        let counts = distinct(&scope, &mut hours)?;
        for ((from, _), (staying, made_up)) in hours.spans().zip(counts) {
            let there = Timestamp::from_second(from).unwrap_or_default().to_zoned(scope.zone.clone());
            let day = week.get_mut(there.weekday().to_monday_zero_offset() as usize);
            if let Some(hour) = day.and_then(|day| day.get_mut(there.hour() as usize)) {
                hour.hours += 1;
                hour.devices += staying + made_up;
                hour.average = Some(f64::from(hour.devices) / f64::from(hour.hours));
            }
        }
    }
    let chart = Heat {
        title: "Devices near, by hour and weekday".into(),
        unit: "devices an hour, on average".into(),
        rows: DAYS.into_iter().zip(&week).map(|(name, day)| (name, day.map(|hour| hour.average))).collect(),
        empty: NOBODY,
    };
    let rows = DAYS.into_iter().zip(&week).flat_map(|(name, day)| {
        day.iter().enumerate().map(move |(n, hour)| {
            let average = hour.average.map_or_else(|| "–".into(), |average| format!("{average:.2}"));
            [name.to_owned(), format!("{n:02}:00"), average, hour.hours.to_string()]
        })
    });
    Ok(PresenceHeat {
        picture: scope.look(&request.look).map(|look| draw_heat(&chart, &look).into()),
        table: PresenceTable::of(["weekday", "hour", "devices on average", "such hours"], rows),
        days: DAYS
            .into_iter()
            .zip(week)
            .map(|(name, day)| PresenceDay { name: name.into(), hours: day.into() })
            .collect(),
    })
}
