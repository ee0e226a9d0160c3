//! How loud a device was at each observer, over time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::buckets::Buckets;
use super::{PresenceDevice, PresenceLook, PresencePicture, PresenceScope, PresenceStep, PresenceTable, Scope, nanos};
use crate::charts::presence::{Band, Bands, draw_bands};
use crate::error::{Error, Result};
use crate::state::App;

/// The signal of one device, by observer.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceSignalRequest {
    /// Names one device.
    pub scope: PresenceScope,
    pub look: PresenceLook,
    pub step: PresenceStep,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceSignal {
    pub picture: Option<PresencePicture>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    pub step: PresenceStep,
    /// Those with most values first.
    pub nodes: Vec<PresenceNode>,
    /// Observers beyond those that are told apart.
    pub more_nodes: u32,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceNode {
    /// Who heard it; its id is empty where the source doesn't say.
    pub node: PresenceDevice,
    pub points: Vec<PresencePoint>,
}

/// dBm at the observer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, TS)]
pub struct PresencePoint {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    pub min: i8,
    pub average: f64,
    pub max: i8,
    pub values: u32,
}

#[derive(Clone, Copy)]
struct Sum {
    min: i8,
    max: i8,
    sum: i64,
    values: u64,
}

pub(crate) fn presence_signal(app: &App, request: PresenceSignalRequest) -> Result<PresenceSignal> {
    let scope = Scope::of(app, &request.scope)?;
    if scope.select.devices.len() != 1 {
        return Err(Error::invalid("drawing a signal: it is one device's; name one"));
    }
    let span = scope.span.unwrap_or_default();
    let auto = if request.look.width > 0 { request.look.width as usize / 4 } else { 400 };
    let mut buckets = Buckets::new(&scope.zone, span, request.step, auto);
    let mut by_node: HashMap<u32, BTreeMap<usize, Sum>> = HashMap::new();
    scope.case.presence(&scope.select, |heard| {
        let Some(at) = buckets.of(heard.first_second()).filter(|_| heard.signals > 0) else { return };
        let sum = by_node.entry(heard.node).or_default().entry(at);
        let sum = sum.or_insert(Sum { min: heard.signal_min, max: heard.signal_max, sum: 0, values: 0 });
        (sum.min, sum.max) = (sum.min.min(heard.signal_min), sum.max.max(heard.signal_max));
        sum.sum += i64::from(heard.signal_sum);
        sum.values += u64::from(heard.signals);
    })?;
    let mut order: Vec<(u32, BTreeMap<usize, Sum>)> = by_node.into_iter().collect();
    order.sort_by_key(|(node, sums)| (std::cmp::Reverse(sums.values().map(|sum| sum.values).sum::<u64>()), *node));
    let more_nodes = order.len().saturating_sub(crate::charts::MOST_SERIES) as u32;
    order.truncate(crate::charts::MOST_SERIES);
    let names = scope.devices(&order.iter().map(|(node, _)| *node).collect::<Vec<_>>())?;
    let spans: Vec<(i64, i64)> = buckets.spans().collect();
    let point = |(at, sum): (&usize, &Sum)| {
        let (from, to) = spans.get(*at).copied()?;
        let average = sum.sum as f64 / sum.values.max(1) as f64;
        let values = u32::try_from(sum.values).unwrap_or(u32::MAX);
        Some(PresencePoint { from_ms: from * 1_000, to_ms: to * 1_000, min: sum.min, average, max: sum.max, values })
    };
    let nodes: Vec<PresenceNode> = names
        .into_iter()
        .zip(&order)
        .map(|(node, (_, sums))| PresenceNode { node, points: sums.iter().filter_map(point).collect() })
        .collect();
    let longest = spans.iter().map(|(from, to)| to - from).max().unwrap_or(900);
    let chart = Bands {
        title: "Signal by observer".into(),
        span: (nanos(span.0), nanos(span.1)),
        gap: nanos(longest * 2),
        bands: nodes
            .iter()
            .map(|node| Band {
                name: label(&node.node).to_owned(),
                points: node
                    .points
                    .iter()
                    .map(|p| (middle(p), f64::from(p.min), p.average, f64::from(p.max)))
                    .collect(),
            })
            .collect(),
        empty: "No source told the signal of this device in this time",
    };
    let rows = nodes.iter().flat_map(|node| node.points.iter().map(move |point| (node, point))).map(|(node, point)| {
        [
            scope.time(point.from_ms / 1_000),
            label(&node.node).to_owned(),
            point.min.to_string(),
            format!("{:.1}", point.average),
            point.max.to_string(),
            point.values.to_string(),
        ]
    });
    Ok(PresenceSignal {
        picture: scope.look(&request.look).map(|look| draw_bands(&chart, &look).into()),
        from_ms: span.0 * 1_000,
        to_ms: span.1 * 1_000,
        step: buckets.step,
        table: PresenceTable::of(["from", "observer", "weakest, dBm", "mean, dBm", "strongest, dBm", "values"], rows),
        nodes,
        more_nodes,
    })
}

fn middle(point: &PresencePoint) -> i64 {
    nanos(point.from_ms.midpoint(point.to_ms) / 1_000)
}

fn label(node: &PresenceDevice) -> &str {
    match node.label() {
        "" => "not named",
        label => label,
    }
}
