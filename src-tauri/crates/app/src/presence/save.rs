//! A chart of presence as a file in the case's exports folder: the picture, or its figures.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::*;
use crate::charts::png;
use crate::error::{Error, Result};
use crate::export::{Export, harmless, line, sealed};
use crate::jobs::{self, Ended, JobId};
use crate::state::App;

/// Which chart, and as what.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct PresenceSave {
    pub chart: PresenceChart,
    pub format: PresenceFormat,
}

#[derive(Clone, Debug, Deserialize, TS)]
#[serde(tag = "kind", content = "request", rename_all = "lowercase")]
pub enum PresenceChart {
    Lanes(PresenceLanesRequest),
    Home(PresenceHomeRequest),
    Unique(PresenceUniqueRequest),
    Signal(PresenceSignalRequest),
    Heat(PresenceHeatRequest),
    Dwell(PresenceDwellRequest),
    Moves(PresenceMovesRequest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum PresenceFormat {
    /// The picture.
    Svg,
    /// The picture as pixels.
    Png,
    /// The figures.
    Csv,
}

pub(crate) fn presence_save(app: &App, request: PresenceSave) -> Result<JobId> {
    let case = app.open_case()?;
    let ending = match request.format {
        PresenceFormat::Svg => "svg",
        PresenceFormat::Png => "png",
        PresenceFormat::Csv => "csv",
    };
    jobs::start(app, "export", "bytes", move |app, tick| {
        let (name, picture, table) = draw(app, request.chart)?;
        let export = Export::new(&case, &format!("presence-{name}"), ending);
        tick.at(export.at());
        let failed = |why: std::io::Error| export.failed(why);
        let mut out = BufWriter::new(File::create(&export.path).map_err(failed)?);
        match request.format {
            PresenceFormat::Svg | PresenceFormat::Png => {
                let picture = picture.ok_or_else(|| Error::invalid("saving a chart: it has no width"))?;
                let pixels = (request.format == PresenceFormat::Png).then(|| png(&picture.svg)).transpose()?;
                out.write_all(pixels.as_deref().unwrap_or(picture.svg.as_bytes())).map_err(failed)?;
            }
            PresenceFormat::Csv => {
                for row in std::iter::once(&table.columns).chain(&table.rows) {
                    // A negative number is no formula.
                    let cell = |cell: &String| if cell.parse::<f64>().is_ok() { cell.clone() } else { harmless(cell) };
                    line(&mut out, row.iter().map(cell)).map_err(failed)?;
                }
            }
        }
        out.flush().map_err(failed)?;
        drop(out);
        sealed(&case, &export, json!({ "presence": name, "format": ending, "to": export.at() }))?;
        Ok(Ended::well(format!("written to {}", export.at())))
    })
}

fn draw(app: &App, chart: PresenceChart) -> Result<(&'static str, Option<PresencePicture>, PresenceTable)> {
    Ok(match chart {
        PresenceChart::Lanes(request) => {
            let PresenceLanes { picture, table, .. } = presence_lanes(app, request)?;
            ("lanes", picture, table)
        }
        PresenceChart::Home(request) => {
            let PresenceHome { picture, table, .. } = presence_home(app, request)?;
            ("home", picture, table)
        }
        PresenceChart::Unique(request) => {
            let PresenceUnique { picture, table, .. } = presence_unique(app, request)?;
            ("unique", picture, table)
        }
        PresenceChart::Signal(request) => {
            let PresenceSignal { picture, table, .. } = presence_signal(app, request)?;
            ("signal", picture, table)
        }
        PresenceChart::Heat(request) => {
            let PresenceHeat { picture, table, .. } = presence_heat(app, request)?;
            ("heat", picture, table)
        }
        PresenceChart::Dwell(request) => {
            let PresenceDwell { picture, table, .. } = presence_dwell(app, request)?;
            ("dwell", picture, table)
        }
        PresenceChart::Moves(request) => {
            let PresenceMoves { picture, table, .. } = presence_moves(app, request)?;
            ("moves", picture, table)
        }
    })
}
