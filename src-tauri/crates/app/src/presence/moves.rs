//! Who came and who went, over time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::buckets::Buckets;
use super::dwell::GAP;
use super::{PresenceLook, PresencePicture, PresenceScope, PresenceStep, PresenceTable, Scope, nanos};
use crate::charts::presence::{ARRIVING, Bar, Bars, LEAVING, draw_bars};
use crate::error::Result;
use crate::state::App;

/// Arrivals and departures: where stays begin and end.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(default)]
pub struct PresenceMovesRequest {
    pub scope: PresenceScope,
    pub look: PresenceLook,
    /// A stay ends where more than so many seconds pass unheard.
    #[ts(type = "number")]
    pub gap_s: i64,
    pub step: PresenceStep,
}

impl Default for PresenceMovesRequest {
    fn default() -> PresenceMovesRequest {
        PresenceMovesRequest {
            scope: PresenceScope::default(),
            look: PresenceLook::default(),
            gap_s: GAP,
            step: PresenceStep::Auto,
        }
    }
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceMoves {
    pub picture: Option<PresencePicture>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    pub step: PresenceStep,
    pub buckets: Vec<PresenceMove>,
    /// Near when the time that is looked at begins, and when it ends: they neither came nor went in it.
    pub there_before: u32,
    pub there_after: u32,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct PresenceMove {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    pub arrivals: u32,
    pub departures: u32,
}

pub(crate) fn presence_moves(app: &App, request: PresenceMovesRequest) -> Result<PresenceMoves> {
    let scope = Scope::of(app, &request.scope)?;
    let span = scope.span.unwrap_or_default();
    let auto = if request.look.width > 0 { request.look.width as usize / 6 } else { 400 };
    let mut buckets = Buckets::new(&scope.zone, span, request.step, auto);
    let mut moves = vec![PresenceMove::default(); if scope.span.is_some() { buckets.len() } else { 0 }];
    let (mut there_before, mut there_after) = (0, 0);
    let gap = request.gap_s.max(0);
    scope.stays(gap, |_, stay| {
        // Heard so near the beginning that it may have been there before, and the same at the end.
        if stay.from - span.0 <= gap {
            there_before += 1;
        } else if let Some(one) = buckets.of(stay.from).and_then(|at| moves.get_mut(at)) {
            one.arrivals += 1;
        }
        if span.1 - stay.to <= gap {
            there_after += 1;
        } else if let Some(one) = buckets.of(stay.to).and_then(|at| moves.get_mut(at)) {
            one.departures += 1;
        }
    })?;
    for (one, (from, to)) in moves.iter_mut().zip(buckets.spans()) {
        (one.from_ms, one.to_ms) = (from * 1_000, to * 1_000);
    }
    let chart = Bars {
        title: "Arrivals and departures".into(),
        span: (nanos(span.0), nanos(span.1)),
        unit: "",
        up: vec![("arrivals", ARRIVING)],
        down: vec![("departures", LEAVING)],
        bars: moves
            .iter()
            .map(|one| Bar {
                from: nanos(one.from_ms / 1_000),
                to: nanos(one.to_ms / 1_000),
                up: vec![f64::from(one.arrivals)],
                down: vec![f64::from(one.departures)],
            })
            .collect(),
        empty: "Nobody came or went in this time",
    };
    let rows = moves.iter().map(|one| {
        [
            scope.time(one.from_ms / 1_000),
            scope.time(one.to_ms / 1_000),
            one.arrivals.to_string(),
            one.departures.to_string(),
        ]
    });
    Ok(PresenceMoves {
        picture: scope.look(&request.look).map(|look| draw_bars(&chart, &look).into()),
        from_ms: span.0 * 1_000,
        to_ms: span.1 * 1_000,
        step: buckets.step,
        table: PresenceTable::of(["from", "to", "arrivals", "departures"], rows),
        buckets: moves,
        there_before,
        there_after,
    })
}
