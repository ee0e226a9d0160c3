//! Packets cut from evidence, as a capture of their own that says where each came from.

use std::fs::File;
use std::io::BufWriter;

use case::{Case, FrameEntry, NO_TIME};
use evidence::PcapngWriter;
use model::{Interface, Time};
use serde::Deserialize;
use serde_json::json;
use ts_rs::TS;

use crate::error::{Code, Error, Result};
use crate::export::{Export, sealed};
use crate::filter::Around;
use crate::frame_select::Wanted;
use crate::frames::Reader;
use crate::jobs::{self, Ended, JobId, Tick};
use crate::rows::Select;
use crate::state::App;

/// Write packets to a capture in the case's `exports` folder, as a job.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PacketsSave {
    /// As for the view `frames`; `uid=` selects a flow's.
    pub select: Select,
    /// Only frames of these numbers, in one item of evidence; empty: all that are selected.
    #[ts(type = "number[]")]
    pub frames: Vec<u64>,
}

/// Bytes and packets read in one go: a member of a container is unpacked anew each time.
const BATCH_BYTES: u64 = 16 << 20;
const BATCH: usize = 16_384;

pub(crate) fn packets_save(app: &App, request: PacketsSave) -> Result<JobId> {
    let case = app.open_case()?;
    let wanted = wanted(app, &case, &request)?; // a wrong filter is told at once
    if wanted.runs.is_empty() {
        return Err(Error::missing("saving packets: no capture in the case has such packets"));
    }
    if !request.frames.is_empty() && wanted.runs.len() > 1 {
        return Err(Error::invalid(
            "saving packets: numbers name frames of one item; say which, as in evidence=SHA-256",
        ));
    }
    jobs::start(app, "packets", "packets", move |app, tick| save(app, &case, &request, tick))
}

fn wanted(app: &App, case: &Case, request: &PacketsSave) -> Result<Wanted> {
    let wanted = Wanted::of(case, &request.select, &Around::new(case, &app.geo))?;
    Ok(if request.frames.is_empty() { wanted } else { wanted.only(request.frames.clone()) })
}

fn save(app: &App, case: &Case, request: &PacketsSave, tick: &Tick) -> Result<Ended> {
    let wanted = wanted(app, case, request)?;
    let export = Export::new(case, "packets", "pcapng");
    tick.at(export.at());
    let mut cut = Cut {
        case,
        tick,
        failed: &|why| export.failed(why),
        writer: PcapngWriter::new(BufWriter::new(File::create(&export.path).map_err(|why| export.failed(why))?)),
        written: 0,
        items: Vec::new(),
    };
    let result = wanted.runs.iter().try_for_each(|&capture| cut.capture(&wanted, capture));
    let (written, items) = (cut.written, std::mem::take(&mut cut.items));
    let closed = cut.writer.finish().map(|_| ()).map_err(|why| export.failed(why));
    if let Err(why) = result.and(closed) {
        let _ = std::fs::remove_file(&export.path);
        return Err(why);
    }
    if written == 0 {
        let _ = std::fs::remove_file(&export.path);
        return Err(Error::missing("saving packets: no packet matches"));
    }
    let mut params = json!({ "file": export.at(), "packets": written, "select": request.select, "evidence": items });
    if !request.frames.is_empty() {
        params["frames"] = json!(request.frames);
    }
    sealed(case, &export, params)?;
    Ok(Ended::well(format!("{written} packets written to {}", export.path.display())))
}

/// The capture that is being written.
struct Cut<'c, W> {
    case: &'c Case,
    tick: &'c Tick,
    failed: &'c dyn Fn(std::io::Error) -> Error,
    writer: PcapngWriter<W>,
    written: u64,
    /// SHA-256 of the items that packets are from.
    items: Vec<String>,
}

impl<W: std::io::Write> Cut<'_, W> {
    fn capture(&mut self, wanted: &Wanted, capture: (i64, i64, u64)) -> Result<()> {
        let (run, item, _) = capture;
        let mut reader = Reader::new(self.case, run, item);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut section = None;
        wanted.each(self.case, capture, 1, &mut |found, _| {
            for entry in found {
                batch.push(*entry);
                bytes += u64::from(entry.cap_len);
                if bytes >= BATCH_BYTES || batch.len() >= BATCH {
                    self.packets(&batch, item, run, &mut section, &mut reader)?;
                    batch.clear();
                    bytes = 0;
                }
            }
            Ok(true)
        })?;
        self.packets(&batch, item, run, &mut section, &mut reader)
    }

    fn packets(
        &mut self,
        batch: &[FrameEntry],
        item: i64,
        run: i64,
        section: &mut Option<String>,
        reader: &mut Reader,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let sha256 = match section {
            Some(sha256) => sha256.clone(),
            None => section.insert(self.section(item, run)?).clone(),
        };
        let short = sha256.get(..12).unwrap_or_default();
        for (entry, raw) in batch.iter().zip(reader.bytes(batch)?) {
            if raw.len() != entry.cap_len as usize {
                let why = format!(
                    "saving packets: frame {} can't be read: the evidence is missing or has changed",
                    entry.number
                );
                return Err(Error::new(Code::Failed, why));
            }
            let ts = (entry.ts != NO_TIME).then_some(Time(entry.ts));
            let doubt = match ts {
                None => "; no time is stated",
                Some(ts) if ts.0 < 0 => "; its time lies before 1970",
                Some(_) => "",
            };
            let comment = format!("evidence sha256 {short} frame {}{doubt}", entry.number);
            self.writer.packet(entry.interface, ts, &raw, entry.wire_len, &comment).map_err(self.failed)?;
            self.written += 1;
            self.tick.advance(1)?;
        }
        Ok(())
    }

    /// Begins the section of an item, with the interfaces that it has.
    fn section(&mut self, item: i64, run: i64) -> Result<String> {
        let about = self.case.about()?;
        let evidence =
            self.case.evidence(item)?.ok_or_else(|| Error::missing(format!("there is no evidence {item}")))?;
        let sha256 = evidence.sha256.unwrap_or_default();
        let number = if about.number.is_empty() { String::new() } else { format!(" ({})", about.number) };
        let comment = format!("case {}{number}\nevidence sha256 {sha256}\nevidence path {}", about.name, evidence.path);
        let application = format!("lintel {}", env!("CARGO_PKG_VERSION"));
        self.writer.section(&comment, &application).map_err(self.failed)?;
        for row in self.case.interfaces(run)? {
            let number = |name: &str| row.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
            let interface = Interface {
                link_type: number("link_type") as u16,
                snap_len: number("snap_len") as u32,
                name: text("name"),
                description: text("description"),
                ..Interface::default()
            };
            self.writer.interface(&interface).map_err(self.failed)?;
        }
        self.items.push(sha256.clone());
        Ok(sha256)
    }
}
