//! Presence at home: a conclusion. It says how sure it is and why, and is written nowhere.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::stays::Stay;
use super::{NOBODY, PresenceDevice, PresenceLook, PresencePicture, PresenceScope, PresenceTable, Scope, nanos};
use crate::charts::presence::{Lane, Lanes, MADE_UP, ROW, STAYING, draw_lanes};
use crate::error::Result;
use crate::state::App;

/// Who was probably at home when.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(default)]
pub struct PresenceHomeRequest {
    pub scope: PresenceScope,
    /// The height is that of the lanes.
    pub look: PresenceLook,
    pub thresholds: PresenceThresholds,
    /// Devices to step over, and how many there are to be: those come first of whom most can be said.
    pub skip: u32,
    pub limit: u32,
}

impl Default for PresenceHomeRequest {
    fn default() -> PresenceHomeRequest {
        PresenceHomeRequest {
            scope: PresenceScope::default(),
            look: PresenceLook::default(),
            thresholds: PresenceThresholds::default(),
            skip: 0,
            limit: 40,
        }
    }
}

/// What the conclusion is drawn by. All of it may be changed, and is told with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct PresenceThresholds {
    /// One who is heard again within so many seconds never left.
    #[ts(type = "number")]
    pub gap_s: i64,
    /// As many frames in a quarter hour, on average, are traffic; fewer are probes.
    pub traffic_frames: u32,
    /// How sure it is of one that joined the network,
    pub associated: f64,
    /// of one that had traffic,
    pub traffic: f64,
    /// of one that only probed.
    pub probes: f64,
    /// A made-up address that never joined counts so much of that.
    pub randomised: f64,
    /// dBm: at least as strong adds to it, weaker than the other takes from it; the mean counts.
    pub near_dbm: i8,
    pub far_dbm: i8,
    pub near: f64,
    pub far: f64,
    /// From here on it is "probably", and "perhaps".
    pub probably: f64,
    pub perhaps: f64,
}

impl Default for PresenceThresholds {
    fn default() -> PresenceThresholds {
        PresenceThresholds {
            gap_s: 1_800,
            traffic_frames: 20,
            associated: 0.9,
            traffic: 0.7,
            probes: 0.35,
            randomised: 0.5,
            near_dbm: -60,
            far_dbm: -80,
            near: 0.1,
            far: 0.2,
            probably: 0.7,
            perhaps: 0.4,
        }
    }
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceHome {
    pub picture: Option<PresencePicture>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// Devices in all.
    pub devices: u32,
    /// How high a lane is, in CSS pixels; the first begins at the picture's top.
    pub lane_height: u32,
    pub lanes: Vec<PresenceHomeLane>,
    /// As they were used.
    pub thresholds: PresenceThresholds,
    pub table: PresenceTable,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PresenceHomeLane {
    pub device: PresenceDevice,
    pub stays: Vec<PresenceStay>,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct PresenceStay {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// 0 to 1.
    pub confidence: f64,
    /// `probably at home`, ...
    pub conclusion: String,
    pub reasons: Vec<String>,
}

/// Why a stay is thought to be one at home, or not.
#[derive(Clone, Copy)]
enum Reason {
    Joined,
    /// Frames a quarter hour.
    Traffic(u64),
    Probes,
    MadeUp,
    /// The mean, dBm.
    Strong(f64),
    Weak(f64),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Reason::Joined => f.write_str("joined the network"),
            Reason::Traffic(frames) => write!(f, "traffic: {frames} frames a quarter hour"),
            Reason::Probes => f.write_str("only probes"),
            Reason::MadeUp => f.write_str("made-up address"),
            Reason::Strong(dbm) => write!(f, "strong signal: {dbm:.0} dBm"),
            Reason::Weak(dbm) => write!(f, "weak signal: {dbm:.0} dBm"),
        }
    }
}

impl PresenceThresholds {
    /// How sure it is that a stay is one at home.
    fn weigh(&self, stay: &Stay, mut because: impl FnMut(Reason)) -> f64 {
        let quarters = stay.seconds() as u64 / case::QUARTER as u64 + 1;
        let joined = stay.associated == Some(true);
        let (reason, mut confidence) = if joined {
            (Reason::Joined, self.associated)
        } else if stay.frames / quarters >= u64::from(self.traffic_frames) {
            (Reason::Traffic(stay.frames / quarters), self.traffic)
        } else {
            (Reason::Probes, self.probes)
        };
        because(reason);
        if stay.randomised && !joined {
            because(Reason::MadeUp);
            confidence *= self.randomised;
        }
        if stay.signals > 0 {
            let mean = stay.signal_sum as f64 / stay.signals as f64;
            if mean >= f64::from(self.near_dbm) {
                because(Reason::Strong(mean));
                confidence += self.near;
            } else if mean < f64::from(self.far_dbm) {
                because(Reason::Weak(mean));
                confidence -= self.far;
            }
        }
        if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// What may be concluded from a stay.
    fn conclude(&self, stay: &Stay) -> PresenceStay {
        let mut reasons = Vec::new();
        let confidence = self.weigh(stay, |reason| reasons.push(reason.to_string()));
        let conclusion = match confidence {
            sure if sure >= self.probably => "probably at home",
            sure if sure >= self.perhaps => "perhaps at home",
            _ => "heard nearby, perhaps only passing",
        };
        PresenceStay {
            from_ms: stay.from * 1_000,
            to_ms: stay.to * 1_000,
            confidence: (confidence * 100.0).round() / 100.0,
            conclusion: conclusion.into(),
            reasons,
        }
    }
}

pub(crate) fn presence_home(app: &App, request: PresenceHomeRequest) -> Result<PresenceHome> {
    let scope = Scope::of(app, &request.scope)?;
    let span = scope.span.unwrap_or_default();
    let thresholds = request.thresholds;
    let gap = thresholds.gap_s.clamp(0, 366 * 86_400);
    // By what can be said of them: sure seconds; of moments, a little.
    let mut sure: Vec<(f64, u32)> = Vec::new();
    scope.stays(gap, |device, stay| {
        let at = device as usize;
        if sure.len() <= at {
            sure.resize(at + 1, (0.0, 0));
        }
        if let Some((sum, known)) = sure.get_mut(at) {
            *sum += thresholds.weigh(&stay, |_| {}) * (stay.seconds() as f64 + 1.0);
            *known = device;
        }
    })?;
    sure.retain(|(_, device)| *device != 0);
    let devices = sure.len() as u32;
    sure.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    let page = sure.iter().skip(request.skip as usize).take(request.limit.clamp(1, 500) as usize);
    let page: Vec<u32> = page.map(|(_, device)| *device).collect();
    let names = scope.devices(&page)?;
    let mut stays: HashMap<u32, Vec<PresenceStay>> = HashMap::new();
    scope
        .of_devices(&names)
        .stays(gap, |device, stay| stays.entry(device).or_default().push(thresholds.conclude(&stay)))?;
    let lanes: Vec<PresenceHomeLane> = names
        .into_iter()
        .zip(&page)
        .map(|(device, number)| PresenceHomeLane { device, stays: stays.remove(number).unwrap_or_default() })
        .collect();
    let chart = Lanes {
        title: "Who was probably at home: the stronger the colour, the surer".into(),
        span: (nanos(span.0), nanos(span.1)),
        lanes: lanes
            .iter()
            .map(|lane| Lane {
                name: lane.device.label().to_owned(),
                colour: if lane.device.randomised { MADE_UP } else { STAYING },
                bars: lane
                    .stays
                    .iter()
                    .map(|stay| (nanos(stay.from_ms / 1_000), nanos(stay.to_ms / 1_000), stay.confidence))
                    .collect(),
            })
            .collect(),
        empty: NOBODY,
    };
    let rows = lanes.iter().flat_map(|lane| lane.stays.iter().map(move |stay| (lane, stay))).map(|(lane, stay)| {
        [
            lane.device.label().to_owned(),
            lane.device.id.clone(),
            scope.time(stay.from_ms / 1_000),
            scope.time(stay.to_ms / 1_000),
            stay.conclusion.clone(),
            format!("{:.2}", stay.confidence),
            stay.reasons.join("; "),
        ]
    });
    Ok(PresenceHome {
        picture: scope.look(&request.look).map(|look| draw_lanes(&chart, &look).into()),
        from_ms: span.0 * 1_000,
        to_ms: span.1 * 1_000,
        devices,
        lane_height: ROW,
        thresholds,
        table: PresenceTable::of(["device", "address", "from", "to", "conclusion", "confidence", "because"], rows),
        lanes,
    })
}
