//! Who was near, as access points report it: CloudTrax, Cisco Meraki; and as Kismet logs it.
//!
//! A file of reports is one report, a JSON list of them, or a line each. A line may be an envelope, as our own receiver writes it:
//! `{"received":RFC 3339,"peer":"address:port","verified":bool,"body":"the report as it came"}`.

mod cloudtrax;
mod documents;
mod envelope;
mod kismet;
mod meraki;
mod once;
mod sqlite;
mod telling;

use model::{Cancelled, Kind, SIGHTING, Sink};

use crate::format::{Ending, Format, Head, Recognised};
use crate::json_span;
use crate::source::{HEAD, Source};
use crate::tree::Node;
use documents::LONGEST;
use telling::{Report, Telling};

pub use kismet::KismetDb;

/// What all of these make.
const KINDS: &[Kind] = &[SIGHTING];

/// Reports of one maker's access points.
pub struct Reports {
    name: &'static str,
    /// A member's name without which the beginning of a file is none of these.
    mark: &'static str,
    /// What the report is, in words. Err: why it is none.
    judge: fn(&Node) -> Result<String, String>,
    tell: fn(&Node, &mut Report) -> Result<(), Cancelled>,
}

pub static CLOUDTRAX: Reports =
    Reports { name: "cloudtrax", mark: "probe_requests", judge: cloudtrax::judge, tell: cloudtrax::tell };
pub static MERAKI: Reports = Reports { name: "meraki", mark: "observations", judge: meraki::judge, tell: meraki::tell };

/// All makers. A file may mix them: the first report names the format.
static ALL: [&Reports; 2] = [&CLOUDTRAX, &MERAKI];

impl Format for Reports {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let bytes = head.bytes();
        let mut judged = self.first(bytes);
        let mark = self.mark.as_bytes();
        if judged.is_ok() || !bytes.windows(mark.len()).any(|window| window == mark) {
            return judged.map(Recognised::from);
        }
        // What says so may come behind a long list.
        let (mut seen, mut want) = (bytes.len(), 2 * HEAD);
        while judged.is_err() && seen < LONGEST {
            let more = head.first(want);
            if more.len() <= seen {
                break;
            }
            (seen, want) = (more.len(), (2 * want).min(LONGEST));
            judged = self.first(more.get(..LONGEST).unwrap_or(more));
        }
        judged.map(Recognised::from)
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let mut telling = Telling::new(sink);
        documents::read(source, &mut telling)?;
        Ok(telling.ending())
    }
}

impl Reports {
    /// What the first document is, in words.
    fn first(&self, bytes: &[u8]) -> Result<String, String> {
        let Some(first) = documents::first(bytes) else { return Err("begins with no JSON object".into()) };
        let (Some(node), _) = json_span::parse(first, 0) else { return Err("begins with no JSON object".into()) };
        let Some(envelope) = envelope::read(&node) else { return (self.judge)(&node) };
        match json_span::parse(envelope.body.as_bytes(), 0) {
            (Some(inner), _) => Ok(format!("{}, in an envelope of when it was received", (self.judge)(&inner)?)),
            _ => Err("an envelope without JSON in it".into()),
        }
    }
}

/// What a receiver has to know of a report before it keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AboutReport {
    /// `cloudtrax` or `meraki`.
    pub format: &'static str,
    /// The network that it is of; empty: it does not say.
    pub network: String,
    /// In words.
    pub words: String,
}

/// What a body is. Err: why it is no report, whole and in UTF-8.
pub fn about_report(body: &[u8]) -> Result<AboutReport, String> {
    std::str::from_utf8(body).map_err(|error| format!("no UTF-8 at {}", error.valid_up_to()))?;
    let (node, fault) = json_span::parse(body, 0);
    if let Some(fault) = fault {
        return Err(format!("no JSON: {} at {}", fault.why, fault.at));
    }
    let node = node.ok_or("no JSON")?;
    let mut whys = Vec::new();
    for reports in ALL {
        match (reports.judge)(&node) {
            Ok(words) => {
                let network = node.get("network_id").or(node.path(&["data", "networkId"])).and_then(Node::text);
                let network = network.unwrap_or_default().to_owned();
                return Ok(AboutReport { format: reports.name, network, words });
            }
            Err(why) => whys.push(format!("{}: {why}", reports.name)),
        }
    }
    Err(whys.join("; "))
}

/// One report of any maker; in an envelope or not.
fn document(bytes: &[u8], offset: u64, telling: &mut Telling) -> Result<(), Cancelled> {
    let base = usize::try_from(offset).unwrap_or(usize::MAX);
    let (Some(node), fault) = json_span::parse(bytes, base) else {
        telling.issue("presence report", "no JSON", offset);
        return Ok(());
    };
    if let Some(envelope) = envelope::read(&node) {
        let raw = bytes.get(envelope.inside.start.saturating_sub(base)..envelope.inside.end.saturating_sub(base));
        let Some(raw) = raw.and_then(|raw| std::str::from_utf8(raw).ok()) else {
            telling.issue("presence report", "its envelope is no UTF-8", offset);
            return Ok(());
        };
        let at = envelope.inside.start as u64;
        let (inner, fault) = json_span::parse(envelope.body.as_bytes(), 0);
        let mut report = Report::enveloped(telling, &envelope, raw, at).broken(fault.map(|fault| fault.at));
        match inner {
            Some(inner) => {
                any(&inner, at, &mut report)?;
                if let Some(fault) = fault {
                    let at = report.offset(fault.at);
                    report.issue("presence report JSON", fault.why, at);
                }
            }
            None => report.issue("presence report", "no JSON", at),
        }
    } else {
        any(&node, offset, &mut Report::bare(telling).broken(fault.map(|fault| fault.at)))?;
    }
    if let Some(fault) = fault {
        telling.issue("presence report JSON", fault.why, fault.at as u64);
    }
    Ok(())
}

fn any(node: &Node, offset: u64, report: &mut Report) -> Result<(), Cancelled> {
    let mut whys = Vec::new();
    for reports in ALL {
        match (reports.judge)(node) {
            Ok(_) => return (reports.tell)(node, report),
            Err(why) => whys.push(format!("{}: {why}", reports.name)),
        }
    }
    report.issue("presence report", &whys.join("; "), offset);
    Ok(())
}
