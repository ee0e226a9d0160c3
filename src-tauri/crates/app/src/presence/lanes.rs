//! Swim lanes: of each device, when it was near.

use std::cmp::Reverse;
use std::collections::HashMap;

use case::{Condition, Op, PageRequest, PresenceSelect};
use model::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::dwell::GAP;
use super::stays::Stay;
use super::{NOBODY, PresenceDevice, PresenceLook, PresencePicture, PresenceScope, PresenceTable, Scope, nanos};
use crate::charts::presence::{Lane, Lanes, MADE_UP, ROW, STAYING, draw_lanes};
use crate::error::Result;
use crate::state::App;

/// Lanes of a page of devices.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(default)]
pub struct PresenceLanesRequest {
    pub scope: PresenceScope,
    /// The height is that of the lanes.
    pub look: PresenceLook,
    /// What is heard again within so many seconds is one bar.
    #[ts(type = "number")]
    pub gap_s: i64,
    pub sort: PresenceSort,
    pub descending: bool,
    /// Devices to step over, and how many there are to be.
    pub skip: u32,
    pub limit: u32,
}

impl Default for PresenceLanesRequest {
    fn default() -> PresenceLanesRequest {
        PresenceLanesRequest {
            scope: PresenceScope::default(),
            look: PresenceLook::default(),
            gap_s: GAP,
            sort: PresenceSort::default(),
            descending: false,
            skip: 0,
            limit: 40,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PresenceSort {
    #[default]
    FirstSeen,
    TotalTime,
    Name,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceLanes {
    pub picture: Option<PresencePicture>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// Devices in all.
    pub devices: u32,
    /// How high a lane is, in CSS pixels; the first begins at the picture's top.
    pub lane_height: u32,
    pub lanes: Vec<PresenceLane>,
    /// Gaps of fewer seconds than this are not shown: because of the threshold, or because there is no room for them.
    #[ts(type = "number")]
    pub joined_s: i64,
    /// Drawn from single sightings; else from quarter hours, in which gaps are not seen.
    pub exact: bool,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceLane {
    pub device: PresenceDevice,
    #[ts(type = "number")]
    pub first_ms: i64,
    #[ts(type = "number")]
    pub last_ms: i64,
    /// Seconds of all its bars at the threshold.
    #[ts(type = "number")]
    pub total_s: i64,
    #[ts(type = "number")]
    pub sightings: u64,
    pub bars: Vec<PresenceBar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PresenceBar {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    #[ts(type = "number")]
    pub sightings: u64,
}

/// Lanes of a page.
const MOST: u32 = 500;
/// Seconds: a time that is shorter is drawn from single sightings.
const CLOSE: i64 = 6 * 3_600;
/// As long as there are no more of them.
const MOST_SIGHTINGS: u32 = 20_000;

/// What a device comes to in all.
#[derive(Clone, Copy, Default)]
struct Total {
    device: u32,
    first: i64,
    last: i64,
    seconds: i64,
    sightings: u64,
}

impl Total {
    fn add(totals: &mut Vec<Total>, device: u32, stay: &Stay) {
        let at = device as usize;
        if totals.len() <= at {
            totals.resize(at + 1, Total::default());
        }
        let Some(total) = totals.get_mut(at) else { return };
        if total.device == 0 {
            *total = Total { device, first: stay.from, last: stay.to, ..Total::default() };
        }
        (total.first, total.last) = (total.first.min(stay.from), total.last.max(stay.to));
        total.seconds += stay.seconds();
        total.sightings += stay.sightings;
    }
}

pub(crate) fn presence_lanes(app: &App, request: PresenceLanesRequest) -> Result<PresenceLanes> {
    let scope = Scope::of(app, &request.scope)?;
    let span = scope.span.unwrap_or_default();
    let gap = request.gap_s.clamp(0, 366 * 86_400);
    let mut totals: Vec<Total> = Vec::new();
    scope.stays(gap, |device, stay| Total::add(&mut totals, device, &stay))?;
    totals.retain(|total| total.device != 0);
    let devices = totals.len() as u32;
    match request.sort {
        PresenceSort::FirstSeen => totals.sort_by_key(|total| (total.first, total.device)),
        PresenceSort::TotalTime => totals.sort_by_key(|total| (total.seconds, Reverse(total.device))),
        PresenceSort::Name => {
            let numbers: Vec<u32> = totals.iter().map(|total| total.device).collect();
            let names = scope.devices(&numbers)?;
            // What has a name comes before what has an address alone.
            let mut named: Vec<_> =
                names.iter().map(|d| (d.name.is_empty(), d.label().to_lowercase())).zip(totals).collect();
            named.sort_by(|(a, one), (b, other)| a.cmp(b).then(one.device.cmp(&other.device)));
            totals = named.into_iter().map(|(_, total)| total).collect();
        }
    }
    if request.descending {
        totals.reverse();
    }
    let page: Vec<Total> =
        totals.into_iter().skip(request.skip as usize).take(request.limit.clamp(1, MOST) as usize).collect();
    let names = scope.devices(&page.iter().map(|total| total.device).collect::<Vec<_>>())?;

    // What would not be seen apart is one.
    let fine = if request.look.width > 0 { (span.1 - span.0) / i64::from(request.look.width) } else { 0 };
    let joined = gap.max(fine);
    let close = if span.1 - span.0 <= CLOSE { sighted(&scope, &names, joined)? } else { None };
    let exact = close.is_some();
    let mut bars = match close {
        Some(bars) => bars,
        None => joined_bars(&scope, &names, joined)?,
    };
    let lanes: Vec<PresenceLane> = names
        .into_iter()
        .zip(&page)
        .map(|(device, total)| PresenceLane {
            bars: bars.remove(&device.id).unwrap_or_default(),
            device,
            first_ms: total.first * 1_000,
            last_ms: total.last * 1_000,
            total_s: total.seconds,
            sightings: total.sightings,
        })
        .collect();
    let chart = Lanes {
        title: "When devices were near".into(),
        span: (nanos(span.0), nanos(span.1)),
        lanes: lanes
            .iter()
            .map(|lane| Lane {
                name: lane.device.label().to_owned(),
                colour: if lane.device.randomised { MADE_UP } else { STAYING },
                bars: lane
                    .bars
                    .iter()
                    .map(|bar| (bar.from_ms.saturating_mul(1_000_000), bar.to_ms.saturating_mul(1_000_000), 1.0))
                    .collect(),
            })
            .collect(),
        empty: NOBODY,
    };
    let rows = lanes.iter().flat_map(|lane| lane.bars.iter().map(move |bar| (lane, bar))).map(|(lane, bar)| {
        let seconds = (bar.to_ms - bar.from_ms) / 1_000;
        [
            lane.device.label().to_owned(),
            lane.device.id.clone(),
            scope.time(bar.from_ms / 1_000),
            scope.time(bar.to_ms / 1_000),
            seconds.to_string(),
            bar.sightings.to_string(),
        ]
    });
    Ok(PresenceLanes {
        picture: scope.look(&request.look).map(|look| draw_lanes(&chart, &look).into()),
        from_ms: span.0 * 1_000,
        to_ms: span.1 * 1_000,
        devices,
        lane_height: ROW,
        joined_s: joined,
        exact,
        table: PresenceTable::of(["device", "address", "from", "to", "seconds", "sightings"], rows),
        lanes,
    })
}

/// Bars by device, of what the case keeps of quarter hours.
fn joined_bars(scope: &Scope, devices: &[PresenceDevice], gap: i64) -> Result<HashMap<String, Vec<PresenceBar>>> {
    let mut bars: HashMap<u32, Vec<PresenceBar>> = HashMap::new();
    scope.of_devices(devices).stays(gap, |device, stay| {
        let bar = PresenceBar { from_ms: stay.from * 1_000, to_ms: stay.to * 1_000, sightings: stay.sightings };
        bars.entry(device).or_default().push(bar);
    })?;
    let (numbers, bars): (Vec<u32>, Vec<_>) = bars.into_iter().unzip();
    Ok(scope.case.presence_names(&numbers)?.into_iter().zip(bars).collect())
}

/// Bars by device, of single sightings; none: there are too many.
fn sighted(scope: &Scope, devices: &[PresenceDevice], gap: i64) -> Result<Option<HashMap<String, Vec<PresenceBar>>>> {
    let Some(span) = scope.span else { return Ok(None) };
    let (since, until) = (nanos(span.0), nanos(span.1));
    let mut found: HashMap<String, Vec<PresenceBar>> = HashMap::new();
    // Those that began before, and go on into it: an hour before in the facts, longer ones as quarter hours.
    let mut longer = Vec::new();
    let scope = scope.of_devices(devices);
    scope.case.presence(&scope.select, |heard| {
        if heard.sightings == 0 {
            let (from, to) = (heard.first_second().max(span.0), heard.last_second().min(span.1));
            longer.push((heard.device, PresenceBar { from_ms: from * 1_000, to_ms: to * 1_000, sightings: 0 }));
        }
    })?;
    let names = scope.case.presence_names(&longer.iter().map(|(device, _)| *device).collect::<Vec<_>>())?;
    for (name, (_, bar)) in names.into_iter().zip(longer) {
        found.entry(name).or_default().push(bar);
    }
    let is = |field: &str, value: &str| Condition { field: field.into(), op: Op::Is, value: value.into() };
    let mut request = PageRequest { limit: MOST_SIGHTINGS, ..PageRequest::default() };
    (request.select.since, request.select.until) = (Some(since.saturating_sub(nanos(3_600))), Some(until));
    if let [one] = devices {
        request.select.conditions.push(is("src", &one.id));
    }
    if let [one] = scope.select.nodes.as_slice() {
        request.select.conditions.push(is("node", one));
    }
    let (facts, more, _) = scope.case.facts_page(Some(model::SIGHTING.name), &request)?;
    if more.is_some() {
        return Ok(None);
    }
    for fact in facts {
        let node = fact.fields.get("node").and_then(|node| node.as_str()).unwrap_or_default();
        if !scope.select.nodes.is_empty() && !scope.select.nodes.iter().any(|wanted| wanted == node) {
            continue;
        }
        let time =
            |name: &str| fact.fields.get(name)?.as_str().and_then(|text| Time::parse(text).ok()).map(|time| time.0);
        let Some(first) = time("first_seen").or(fact.ts.map(|ts| ts.0)) else { continue };
        let last = time("last_seen").unwrap_or(first).max(first);
        if last < since || first >= until {
            continue;
        }
        let bar =
            PresenceBar { from_ms: first.max(since) / 1_000_000, to_ms: last.min(until) / 1_000_000, sightings: 1 };
        found.entry(fact.src).or_default().push(bar);
    }
    for bars in found.values_mut() {
        bars.sort_unstable_by_key(|bar| (bar.from_ms, bar.to_ms));
        bars.dedup_by(|next, bar| {
            let joined = next.from_ms - bar.to_ms <= gap * 1_000;
            if joined {
                bar.to_ms = bar.to_ms.max(next.to_ms);
                bar.sightings += next.sightings;
            }
            joined
        });
    }
    Ok(Some(found))
}

impl Scope {
    /// The same of some devices alone.
    pub(super) fn of_devices(&self, devices: &[PresenceDevice]) -> Scope {
        let devices = devices.iter().map(|device| device.id.clone()).collect::<Vec<_>>();
        // Nobody is not everybody.
        let span = self.span.filter(|_| !devices.is_empty());
        let select = PresenceSelect { devices, ..self.select.clone() };
        Scope { case: self.case.clone(), select, span, zone: self.zone.clone() }
    }
}
