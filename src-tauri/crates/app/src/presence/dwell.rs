//! How long stays are.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{NOBODY, PresenceLook, PresencePicture, PresenceScope, PresenceTable, Scope};
use crate::charts::presence::{Class, Classes, MADE_UP, STAYING, draw_classes};
use crate::error::Result;
use crate::state::App;

/// How many stays were how long.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(default)]
pub struct PresenceDwellRequest {
    pub scope: PresenceScope,
    pub look: PresenceLook,
    /// A stay ends where more than so many seconds pass unheard.
    #[ts(type = "number")]
    pub gap_s: i64,
}

impl Default for PresenceDwellRequest {
    fn default() -> PresenceDwellRequest {
        PresenceDwellRequest { scope: PresenceScope::default(), look: PresenceLook::default(), gap_s: GAP }
    }
}

/// Seconds: the usual five minutes.
pub(super) const GAP: i64 = 300;

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceDwell {
    pub picture: Option<PresencePicture>,
    pub classes: Vec<PresenceStayClass>,
    /// Stays in all, and those that touch the beginning or the end of the time that is looked at: they may have been longer.
    pub stays: u32,
    pub cut: u32,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PresenceStayClass {
    pub name: String,
    /// At least so long, and shorter than that; 0: no limit.
    #[ts(type = "number")]
    pub from_s: i64,
    #[ts(type = "number")]
    pub to_s: i64,
    pub devices: u32,
    /// Of made-up addresses.
    pub randomised: u32,
}

/// As told, as written where it begins, and from how many seconds on.
const CLASSES: [(&str, &str, i64); 10] = [
    ("< 1 min", "0", 0),
    ("1–5 min", "1m", 60),
    ("5–15 min", "5m", 300),
    ("15–30 min", "15m", 900),
    ("30–60 min", "30m", 1_800),
    ("1–2 h", "1h", 3_600),
    ("2–4 h", "2h", 7_200),
    ("4–8 h", "4h", 14_400),
    ("8–24 h", "8h", 28_800),
    ("> 1 d", "1d", 86_400),
];

pub(crate) fn presence_dwell(app: &App, request: PresenceDwellRequest) -> Result<PresenceDwell> {
    let scope = Scope::of(app, &request.scope)?;
    let ends = CLASSES.iter().skip(1).map(|(.., from)| *from).chain([0]);
    let mut classes: Vec<PresenceStayClass> = CLASSES
        .iter()
        .zip(ends)
        .map(|((name, _, from_s), to_s)| PresenceStayClass {
            name: (*name).into(),
            from_s: *from_s,
            to_s,
            devices: 0,
            randomised: 0,
        })
        .collect();
    let (mut stays, mut cut) = (0, 0);
    let span = scope.span.unwrap_or_default();
    scope.stays(request.gap_s, |_, stay| {
        stays += 1;
        cut += u32::from(stay.from <= span.0 || stay.to >= span.1 - 1);
        let class = classes.iter_mut().rev().find(|class| stay.seconds() >= class.from_s);
        if let Some(class) = class {
            *(if stay.randomised { &mut class.randomised } else { &mut class.devices }) += 1;
        }
    })?;
    let chart = Classes {
        title: "Stays by length".into(),
        unit: "stays",
        series: vec![("devices", STAYING), ("made-up addresses", MADE_UP)],
        classes: classes
            .iter()
            .zip(&CLASSES)
            .map(|(class, (_, from, _))| Class {
                from: (*from).into(),
                counts: vec![f64::from(class.devices), f64::from(class.randomised)],
            })
            .collect(),
        empty: NOBODY,
    };
    let rows =
        classes.iter().map(|class| [class.name.clone(), class.devices.to_string(), class.randomised.to_string()]);
    Ok(PresenceDwell {
        picture: scope.look(&request.look).map(|look| draw_classes(&chart, &look).into()),
        table: PresenceTable::of(["length", "stays of devices", "stays of made-up addresses"], rows),
        classes,
        stays,
        cut,
    })
}
