//! How many were near, over time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::buckets::Buckets;
use super::{NOBODY, PresenceLook, PresencePicture, PresenceScope, PresenceStep, PresenceTable, Scope, nanos};
use crate::charts::presence::{Bar, Bars, MADE_UP, STAYING, draw_bars};
use crate::error::Result;
use crate::state::App;

/// How many different devices were heard in each step of time.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceUniqueRequest {
    pub scope: PresenceScope,
    pub look: PresenceLook,
    pub step: PresenceStep,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceUnique {
    pub picture: Option<PresencePicture>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// How long the steps are.
    pub step: PresenceStep,
    pub buckets: Vec<PresenceCount>,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PresenceCount {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// Different devices whose address isn't made up.
    pub devices: u32,
    /// Different made-up addresses: one device may have several of them.
    pub randomised: u32,
}

/// Each device is counted once in a step: the counts, those of made-up addresses second.
pub(super) fn distinct(scope: &Scope, buckets: &mut Buckets) -> Result<Vec<(u32, u32)>> {
    let most = scope.case.presence_most()?;
    let mut counts = vec![(0, 0); buckets.len()];
    // Of each device, the last step that it was counted in, from 1: steps come in order.
    let mut counted: Vec<u32> = Vec::new();
    scope.case.presence(&scope.select, |heard| {
        let device = heard.device as usize;
        if device > most {
            return;
        }
        if counted.len() <= device {
            counted.resize(device + 1, 0);
        }
        let (Some(at), Some(last)) = (buckets.of(heard.last_second()), counted.get_mut(device)) else { return };
        if *last == at as u32 + 1 {
            return;
        }
        *last = at as u32 + 1;
        if let Some((staying, made_up)) = counts.get_mut(at) {
            *(if heard.randomised { made_up } else { staying }) += 1;
        }
    })?;
    Ok(counts)
}

pub(crate) fn presence_unique(app: &App, request: PresenceUniqueRequest) -> Result<PresenceUnique> {
    let scope = Scope::of(app, &request.scope)?;
    let span = scope.span.unwrap_or_default();
    let auto = if request.look.width > 0 { request.look.width as usize / 6 } else { 400 };
    let mut buckets = Buckets::new(&scope.zone, span, request.step, auto);
    let counts = distinct(&scope, &mut buckets)?;
    let each = || buckets.spans().zip(&counts);
    let chart = Bars {
        title: "Different devices near".into(),
        span: (nanos(span.0), nanos(span.1)),
        unit: "",
        up: vec![("devices", STAYING), ("made-up addresses", MADE_UP)],
        down: Vec::new(),
        bars: each()
            .map(|((from, to), (staying, made_up))| Bar {
                from: nanos(from),
                to: nanos(to),
                up: vec![f64::from(*staying), f64::from(*made_up)],
                down: Vec::new(),
            })
            .collect(),
        empty: NOBODY,
    };
    let table = PresenceTable::of(
        ["from", "to", "devices", "made-up addresses"],
        each().map(|((from, to), (staying, made_up))| {
            [scope.time(from), scope.time(to), staying.to_string(), made_up.to_string()]
        }),
    );
    Ok(PresenceUnique {
        picture: scope.look(&request.look).map(|look| draw_bars(&chart, &look).into()),
        from_ms: span.0 * 1_000,
        to_ms: span.1 * 1_000,
        step: buckets.step,
        buckets: match scope.span {
            None => Vec::new(),
            Some(_) => each()
                .map(|((from, to), (devices, randomised))| PresenceCount {
                    from_ms: from * 1_000,
                    to_ms: to * 1_000,
                    devices: *devices,
                    randomised: *randomised,
                })
                .collect(),
        },
        table: if scope.span.is_some() { table } else { PresenceTable::default() },
    })
}
