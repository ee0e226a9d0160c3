//! The live charts: a recording's traffic, as the charts draw it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::traffic::By;
use crate::charts::{self, Chart, Look, Mark, Shape, Theme, Unit};
use crate::error::{Error, Result};
use crate::state::{App, lock};

/// A chart of a recording.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaptureChart {
    #[ts(type = "number")]
    pub id: i64,
    pub chart: CaptureChartKind,
    /// The last so many; 0: all of it.
    #[ts(type = "number")]
    pub seconds: u64,
    pub width: u32,
    pub height: u32,
    pub theme: Theme,
    /// IANA name; empty: UTC.
    #[serde(default)]
    pub zone: String,
}

#[derive(Clone, Copy, Debug, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum CaptureChartKind {
    Packets,
    Bytes,
    Protocols,
    Devices,
}

/// A chart, drawn; and the same figures as a table.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Drawn {
    /// To be shown as an image: never as part of a page.
    pub svg: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Points that a chart is wide enough for.
const MOST_POINTS: usize = 300;
/// So few are bars: areas need more to be read.
const FEW: usize = 30;
/// Protocols and devices that are told apart.
const TOP: usize = 7;
const SECOND: f64 = 1e9;

pub(crate) fn capture_chart(app: &App, request: CaptureChart) -> Result<Drawn> {
    let case = app.open_case()?;
    let session = lock(&app.sessions).iter().find(|session| session.is(&case, request.id)).cloned();
    let missing = || {
        Error::missing(format!(
            "drawing capture {}: it was not recorded since Lintel was started; see the timeline",
            request.id
        ))
    };
    let session = session.ok_or_else(missing)?;
    let (by, title, shape, unit) = match request.chart {
        CaptureChartKind::Packets => (By::Packets, "Packets", Shape::Areas, Unit::Count("packets/s")),
        CaptureChartKind::Bytes => (By::Bytes, "Bytes", Shape::Areas, Unit::BytesPerSecond),
        CaptureChartKind::Protocols => (By::Protocol, "By protocol", Shape::StackedAreas, Unit::BytesPerSecond),
        CaptureChartKind::Devices => (By::Sender, "By device", Shape::StackedAreas, Unit::BytesPerSecond),
    };
    let names = match request.chart {
        CaptureChartKind::Devices => case.device_names()?,
        _ => Default::default(),
    };
    let mut series = lock(&session.traffic).series(by, request.seconds, MOST_POINTS, TOP);
    if session.is_recording() && series.dropped.len() > 1 {
        series.leave_last(); // it has only begun, and would look like a fall
    }
    let few = series.dropped.len() <= FEW;
    let shape = if few && shape == Shape::StackedAreas { Shape::StackedBars } else { shape };
    let at = |step: usize| series.from.saturating_add(series.step.saturating_mul(step as i64));
    let one = matches!(request.chart, CaptureChartKind::Packets | CaptureChartKind::Bytes);
    let per_second = series.step as f64 / SECOND;
    let lines = series.names.iter().zip(&series.values).map(|(name, values)| charts::Series {
        name: match names.get(name).filter(|known: &&String| !known.is_empty()) {
            _ if one => String::new(),
            Some(known) => known.clone(),
            None => name.clone(),
        },
        points: values.iter().enumerate().map(|(step, value)| (at(step), *value as f64 / per_second)).collect(),
    });
    let drops = series.dropped.iter().enumerate().filter(|(_, count)| **count > 0);
    let chart = Chart {
        title: title.into(),
        shape,
        unit,
        span: None,
        drops: drops.map(|(step, count)| (at(step), *count as f64)).collect(),
        marks: session.notes().into_iter().map(|(time, note)| Mark { at: time.0, note }).collect(),
        empty: "No packet yet",
        series: lines.collect(),
    };
    let zone = crate::zone::zone(&request.zone)?;
    let look = Look { width: request.width, height: request.height, theme: request.theme, zone };
    let charts::Table { columns, rows } = charts::table(&chart, &look);
    Ok(Drawn { svg: charts::draw(&chart, &look), columns, rows })
}
