//! Presence: who was near when. Figures and charts over the sightings of the case, and what may be concluded from them.
//!
//! Sightings are kept by quarter hours (`case`'s `presence`); what is shorter is looked up in the facts themselves.

mod average;
mod buckets;
mod dwell;
mod heat;
mod home;
mod lanes;
mod moves;
mod save;
mod scope;
mod signal;
#[cfg(test)]
mod speed;
mod stays;
#[cfg(test)]
mod tests;
mod unique;

use serde::Serialize;
use ts_rs::TS;

pub(crate) use average::presence_average;
pub use average::{PresenceAverage, PresenceAverageRequest, PresenceAveraged, PresenceValue};
pub(crate) use buckets::PresenceStep;
pub(crate) use dwell::*;
pub(crate) use heat::*;
pub(crate) use home::*;
pub(crate) use lanes::*;
pub(crate) use moves::*;
pub(crate) use save::*;
pub(crate) use scope::*;
pub(crate) use signal::*;
pub(crate) use unique::*;

use crate::charts::presence::Placed;

/// A chart, drawn, and where in it the figures lie, in CSS pixels.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PresencePicture {
    /// To be shown as an image: never as part of a page.
    pub svg: String,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// The same figures for those who read rather than look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct PresenceTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl From<Placed> for PresencePicture {
    fn from(Placed { svg, left, right, top, bottom }: Placed) -> PresencePicture {
        PresencePicture { svg, left, right, top, bottom }
    }
}

impl PresenceTable {
    fn of<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> PresenceTable {
        PresenceTable { columns: columns.map(str::to_owned).into(), rows: rows.into_iter().map(Vec::from).collect() }
    }
}

/// Nanoseconds, as charts count; seconds beyond what they can say are the last that they can.
fn nanos(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000)
}

const NOBODY: &str = "Nobody was heard in this time";
