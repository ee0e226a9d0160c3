//! What was said to a file in the case's `exports` folder. All of it is in the recording; this is what is kept here.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use device::remote::Topic;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::connection::{self, Connection};
use super::topics::{BrokerValue, value};
use crate::error::Result;
use crate::export::{Export, harmless, line, sealed};
use crate::jobs::{self, Ended, JobId, Tick};
use crate::state::App;

/// Write what was said to the case's `exports` folder, as a job.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerExport {
    pub id: u32,
    /// This topic and those below it; none: all.
    pub path: Option<String>,
    pub format: BrokerFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum BrokerFormat {
    #[default]
    Csv,
    /// JSON lines.
    Jsonl,
}

/// Topics that are copied out at once.
const PIECE: usize = 64;
const COLUMNS: [&str; 8] = ["topic", "ts", "qos", "retained", "length", "kind", "text", "hex"];

pub(crate) fn broker_export(app: &App, request: BrokerExport) -> Result<JobId> {
    let connection = connection::find(app, request.id)?;
    jobs::start(app, "export", "rows", move |_, tick| export(&connection, &request, tick))
}

fn export(connection: &Arc<Connection>, request: &BrokerExport, tick: &Tick) -> Result<Ended> {
    let csv = request.format == BrokerFormat::Csv;
    let export = Export::new(&connection.case, "broker", if csv { "csv" } else { "jsonl" });
    tick.at(export.at());
    let mut out = BufWriter::new(File::create(&export.path).map_err(|why| export.failed(why))?);
    let (mut from, mut written) = (0, 0_u64);
    let mut write = || -> Result<()> {
        if csv {
            line(&mut out, COLUMNS.iter().map(|name| (*name).to_owned())).map_err(|why| export.failed(why))?;
        }
        loop {
            let piece: Vec<Topic> =
                connection.broker.topics(|topics| topics.all().skip(from).take(PIECE).cloned().collect());
            if piece.is_empty() {
                return Ok(());
            }
            from += piece.len();
            for topic in piece.iter().filter(|topic| is_below(&topic.name, request.path.as_deref())) {
                for said in topic.values().map(value) {
                    let done =
                        if csv { row(&mut out, &topic.name, &said) } else { object(&mut out, &topic.name, &said) };
                    done.map_err(|why| export.failed(why))?;
                    written += 1;
                    tick.advance(1)?;
                }
            }
        }
    };
    let result = write().and_then(|()| out.flush().map_err(|why| export.failed(why)));
    if let Err(why) = result {
        let _ = std::fs::remove_file(&export.path);
        return Err(why);
    }
    let params = json!({
        "file": export.at(), "broker": connection.broker.settings().url(), "path": request.path, "format": request.format, "rows": written,
    });
    sealed(&connection.case, &export, params)?;
    Ok(Ended::well(format!("{written} messages written to {}", export.path.display())))
}

fn is_below(topic: &str, path: Option<&str>) -> bool {
    let Some(path) = path else { return true };
    topic.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn row(out: &mut impl Write, topic: &str, said: &BrokerValue) -> std::io::Result<()> {
    let text = said.text.as_deref().map(harmless).unwrap_or_default();
    let cells = [
        harmless(topic),
        said.ts.clone(),
        said.qos.to_string(),
        said.retained.to_string(),
        said.length.to_string(),
        said.kind.clone(),
        text,
        said.hex.clone(),
    ];
    line(out, cells.into_iter())
}

fn object(out: &mut impl Write, topic: &str, said: &BrokerValue) -> std::io::Result<()> {
    let object = json!({
        "topic": topic, "ts": said.ts, "qos": said.qos, "retained": said.retained, "length": said.length,
        "kind": said.kind, "text": said.text, "hex": said.hex,
    });
    writeln!(out, "{object}")
}
