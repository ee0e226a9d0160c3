//! What the two sides of a flow said, page by page, however long it is.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;

use case::{Case, FlowSpan, FrameEntry, NO_TIME};
use dissect::{Follow, FollowState, Said};
use model::{Time, Uid};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::export::{Export, sealed};
use crate::frames::Reader;
use crate::jobs::{self, Ended, JobId, Tick};
use crate::state::App;

/// A flow's payload, both directions in the order of capture.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct StreamRequest {
    pub uid: String,
    /// SHA-256, a prefix of it, or path; only needed if several items hold the flow.
    pub evidence: String,
    /// `next` of an earlier page.
    pub after: Option<String>,
    /// About so many bytes of payload; 0: 65536.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct StreamPage {
    pub uid: String,
    #[ts(type = "number")]
    pub evidence_id: i64,
    pub proto: String,
    pub service: Option<String>,
    /// Address and port of who opened it.
    pub orig: String,
    /// Of who answered.
    pub resp: String,
    /// Payload in all, what is missing included.
    #[ts(type = "number")]
    pub orig_bytes: u64,
    #[ts(type = "number")]
    pub resp_bytes: u64,
    pub parts: Vec<StreamPart>,
    /// For the next page's `after`; none: this was the last.
    pub next: Option<String>,
}

/// What one frame brought.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StreamPart {
    pub from_orig: bool,
    #[ts(type = "number")]
    pub frame: u64,
    pub ts: Option<String>,
    /// Position in what this side said.
    #[ts(type = "number")]
    pub at: u64,
    /// Bytes that no frame holds; then there is no hex.
    #[ts(type = "number")]
    pub missing: u64,
    pub hex: String,
}

/// Write a flow's payload to a file in the case's `exports` folder, as a job.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct StreamSave {
    pub uid: String,
    /// As for `stream`.
    pub evidence: String,
    /// `orig`, `resp`; empty: both, in the order of capture.
    pub side: String,
}

const PAGE: usize = 64 << 10;
const LARGEST_PAGE: usize = 1 << 20;
/// Frames read in one go.
const STRETCH: usize = 256;
/// Frames whose time is remembered, for bytes that waited for others.
const MOST_TIMES: usize = 16_384;

pub(crate) fn stream(app: &App, request: StreamRequest) -> Result<StreamPage> {
    let case = app.open_case()?;
    let span = span(&case, &request.uid, &request.evidence)?;
    let cursor = request.after.as_deref().map(Cursor::read).transpose()?.unwrap_or_default();
    let limit = match request.limit as usize {
        0 => PAGE,
        n => n.min(LARGEST_PAGE),
    };
    let (mut parts, mut bytes) = (Vec::new(), 0);
    let next = walk(&case, &span, cursor, &mut |said, ts| {
        bytes += said.bytes.len();
        parts.push(StreamPart {
            from_orig: said.from_orig,
            frame: said.frame,
            ts: ts.map(|ts| ts.to_string()),
            at: said.at,
            missing: said.missing,
            hex: model::hex(said.bytes),
        });
        // A page of nothing but gaps ends, too.
        Ok(bytes < limit && parts.len() < limit)
    })?;
    let end = |(host, port): &(String, u16)| match (host.contains(':'), matches!(span.proto.as_str(), "tcp" | "udp")) {
        (true, true) => format!("[{host}]:{port}"),
        (false, true) => format!("{host}:{port}"),
        (_, false) => host.clone(),
    };
    Ok(StreamPage {
        uid: span.uid.to_string(),
        evidence_id: span.evidence,
        orig: end(&span.orig),
        resp: end(&span.resp),
        proto: span.proto,
        service: span.service,
        orig_bytes: span.orig_bytes,
        resp_bytes: span.resp_bytes,
        parts,
        next: next.map(|cursor| cursor.to_string()),
    })
}

pub(crate) fn stream_save(app: &App, request: StreamSave) -> Result<JobId> {
    let case = app.open_case()?;
    if !matches!(request.side.as_str(), "" | "orig" | "resp") {
        return Err(Error::invalid(format!(
            "saving a stream: the side is orig, resp or empty, not '{}'",
            request.side
        )));
    }
    let span = span(&case, &request.uid, &request.evidence)?;
    jobs::start(app, "stream", "bytes", move |_, tick| save(&case, &span, &request.side, tick))
}

fn save(case: &Case, span: &FlowSpan, side: &str, tick: &Tick) -> Result<Ended> {
    let what = [format!("stream-{}", span.uid), side.to_owned()];
    let export = Export::new(case, what.join("-").trim_end_matches('-'), "bin");
    tick.at(export.at());
    tick.total(match side {
        "orig" => span.orig_bytes,
        "resp" => span.resp_bytes,
        _ => span.orig_bytes.saturating_add(span.resp_bytes),
    });
    let mut out = BufWriter::new(File::create(&export.path).map_err(|why| export.failed(why))?);
    let (mut written, mut missing) = (0_u64, 0_u64);
    let result = walk(case, span, Cursor::default(), &mut |said, _| {
        if (side == "orig" && !said.from_orig) || (side == "resp" && said.from_orig) {
            return Ok(true);
        }
        out.write_all(said.bytes).map_err(|why| export.failed(why))?;
        written += said.bytes.len() as u64;
        missing += said.missing;
        tick.advance(said.bytes.len() as u64)?;
        Ok(true)
    });
    if let Err(why) = result.and(out.flush().map_err(|why| export.failed(why))) {
        let _ = std::fs::remove_file(&export.path);
        return Err(why);
    }
    let item = case.evidence(span.evidence)?.and_then(|item| item.sha256);
    let params = json!({ "file": export.at(), "uid": span.uid.to_string(), "side": side, "evidence": item, "bytes": written, "missing": missing });
    sealed(case, &export, params)?;
    let gaps = if missing > 0 { format!(" ({missing} more are missing from the capture)") } else { String::new() };
    Ok(Ended::well(format!("{written} bytes{gaps} written to {}", export.path.display())))
}

/// The flow of that name; in one item only.
fn span(case: &Case, uid: &str, evidence: &str) -> Result<FlowSpan> {
    let parsed = Uid::parse(uid).ok_or_else(|| Error::invalid(format!("'{uid}' is no flow's name")))?;
    let mut spans = case.flow_spans(parsed)?;
    if !evidence.is_empty() {
        let items = case.evidence_matching(evidence)?;
        spans.retain(|span| items.contains(&span.evidence));
    }
    match (spans.len(), spans.pop()) {
        (1, Some(span)) => Ok(span),
        (0, _) => Err(Error::missing(format!("there is no flow {uid}"))),
        (several, _) => Err(Error::invalid(format!("{several} items hold the flow {uid}: say which, by its SHA-256"))),
    }
}

/// Where a page begins: a frame, and what was told before it.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    frame: u64,
    state: FollowState,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let next = self.state.next.map(|next| next.map_or(String::new(), |next| next.to_string()));
        let [told_orig, told_resp] = self.state.told;
        write!(f, "{}:{}:{}:{told_orig}:{told_resp}", self.frame, next[0], next[1])
    }
}

impl Cursor {
    fn read(text: &str) -> Result<Cursor> {
        let parts: Vec<&str> = text.split(':').collect();
        let parsed = || {
            let [frame, orig, resp, told_orig, told_resp] = parts.as_slice() else { return None };
            let next = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
            let told = [told_orig.parse().ok()?, told_resp.parse().ok()?];
            Some(Cursor {
                frame: frame.parse().ok()?,
                state: FollowState { next: [next(orig)?, next(resp)?], told, waiting: None },
            })
        };
        parsed().ok_or_else(|| Error::invalid("the page to go on from is not one of ours"))
    }
}

/// Calls `each` with all that is said from `cursor` on; it says whether to go on after the frame. Returns where to go on, if
/// anything is left.
fn walk(
    case: &Case,
    span: &FlowSpan,
    cursor: Cursor,
    each: &mut dyn FnMut(Said, Option<Time>) -> Result<bool>,
) -> Result<Option<Cursor>> {
    let ip = |host: &str| {
        host.parse::<IpAddr>().map_err(|_| Error::missing(format!("the flow {} has no addresses", span.uid)))
    };
    let mut follow = Follow::new(&span.proto, (ip(&span.orig.0)?, span.orig.1), ip(&span.resp.0)?);
    follow.resume(&cursor.state);
    let mut reader = Reader::new(case, span.run, span.evidence);
    let mut times: HashMap<u64, i64> = HashMap::new();
    let mut stopped = None;
    let mut told = Ok(true);
    let mut tell = |said: Said, times: &HashMap<u64, i64>, told: &mut Result<bool>| {
        let ts = times.get(&said.frame).filter(|ts| **ts != NO_TIME).map(|ts| Time(*ts));
        match each(said, ts) {
            Ok(go_on) => *told = std::mem::replace(told, Ok(true)).map(|so_far| so_far && go_on),
            Err(why) => *told = Err(why),
        }
    };
    let first = cursor.frame.max(span.first_frame);
    // Fragments belong to no flow until the last of them is there: they are offered as well.
    case.each_frames(span.run, first, span.last_frame, &mut |chunk: &[FrameEntry]| -> Result<bool> {
        let mine: Vec<FrameEntry> =
            chunk.iter().filter(|entry| entry.flow == span.serial || entry.flow == 0).copied().collect();
        for stretch in mine.chunks(STRETCH) {
            for (entry, bytes) in stretch.iter().zip(reader.bytes(stretch)?) {
                if entry.flow == span.serial {
                    if times.len() >= MOST_TIMES {
                        times.clear();
                    }
                    times.insert(entry.number, entry.ts);
                }
                follow.frame(&reader.frame(entry, &bytes)?, &mut |said| tell(said, &times, &mut told));
                if !std::mem::replace(&mut told, Ok(true))? {
                    let state = follow.state();
                    let frame = state.waiting.unwrap_or(entry.number + 1).min(entry.number + 1);
                    stopped = Some(Cursor { frame, state });
                    return Ok(false);
                }
            }
        }
        Ok(true)
    })?;
    if stopped.is_none() {
        follow.finish(&mut |said| tell(said, &times, &mut told));
        told?;
    }
    Ok(stopped)
}
