//! Charts: a description goes in, an SVG and the same figures as a table come out.
//!
//! One drawing serves the page and reports. It depends on nothing but what goes in: no clock, no font, no window, so that the same
//! description gives the same bytes. The page shows it as an image, never as part of itself.

mod colours;
mod legend;
mod over_time;
mod paper;
mod png;
pub(crate) mod presence;
mod table;
mod ticks;

use jiff::tz::TimeZone;
use serde::Deserialize;
use ts_rs::TS;

pub(crate) use over_time::draw;
pub(crate) use png::png;
pub(crate) use table::table;
pub(crate) use ticks::full;

/// Values over time, in nanoseconds since 1970 UTC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    /// What it is, for those who do not see it.
    pub title: String,
    pub shape: Shape,
    pub unit: Unit,
    /// The axis; else it goes from the first value to the last.
    pub span: Option<(i64, i64)>,
    /// In the order in which they are stacked and named; at most [`MOST_SERIES`] are drawn.
    pub series: Vec<Series>,
    /// What was lost: when, and how many.
    pub drops: Vec<(i64, f64)>,
    pub marks: Vec<Mark>,
    /// One sentence for when there is nothing to draw.
    pub empty: &'static str,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// May come from evidence. A kind of fact has its colour by its name; empty: the accent colour, and no word beside it.
    pub name: String,
    /// In order of time. What isn't finite is left out, what is negative is 0.
    pub points: Vec<(i64, f64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub at: i64,
    pub note: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each series on its own.
    #[default]
    Lines,
    /// The same, filled down to the ground.
    Areas,
    /// Upon each other.
    StackedAreas,
    /// Upon each other, a bar for each time.
    StackedBars,
}

/// What values count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `packets`, `packets/s`
    Count(&'static str),
    BytesPerSecond,
}

impl Default for Unit {
    fn default() -> Unit {
        Unit::Count("")
    }
}

/// What of the looks the chart itself doesn't say.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    pub theme: Theme,
    pub zone: TimeZone,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

/// The same figures for those who read rather than look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// More categories than this cannot be told apart; whoever makes the chart puts the rest together.
pub(crate) const MOST_SERIES: usize = 12;

/// The name of what is left when the most important categories are shown; drawn in grey.
pub(crate) const OTHER: &str = "others";
