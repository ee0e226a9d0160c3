//! From a row to the bytes that prove it.

use std::path::PathBuf;

use case::Case;
use dissect::{Assembled, Decrypted, FlowHint, Level, Value};
use evidence::Options;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::decrypted::{self, Opened};
use crate::error::{Code, Error, Result};
use crate::rows::{Labels, Row};
use crate::state::App;

/// A fact by its `_id`.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FactId {
    pub id: String,
}

/// A fact with its proof.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FactDetail {
    /// As in the view of its kind.
    pub row: Row,
    /// What one row of this kind is.
    pub about: String,
    /// Its own fields in the declared order, with what each means.
    pub fields: Vec<FieldNote>,
    pub proof: Proof,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct FieldNote {
    pub name: String,
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    pub about: String,
}

/// Where something stands in the evidence.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Proof {
    #[ts(type = "number")]
    pub evidence_id: i64,
    pub path: String,
    pub kind: String,
    pub sha256: String,
    /// `unverified`, `match`, `changed`, `missing`, `unreadable`: when last looked at.
    pub verified: String,
    /// Parser and version that made it.
    pub run: String,
    #[ts(type = "number | null")]
    pub frame: Option<u64>,
    #[ts(type = "number")]
    pub offset: u64,
    #[ts(type = "number")]
    pub length: u64,
    /// Further pieces, when it was put together from several places.
    pub pieces: Vec<PieceRef>,
    /// The bytes (at most the first 4096), hex; or why they can't be shown.
    pub bytes: Option<String>,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct PieceRef {
    #[ts(type = "number")]
    pub frame: u64,
    #[ts(type = "number")]
    pub offset: u64,
    #[ts(type = "number")]
    pub length: u64,
}

/// A frame of a capture.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FrameId {
    #[ts(type = "number")]
    pub evidence_id: i64,
    /// From 1.
    #[ts(type = "number")]
    pub number: u64,
}

/// A frame taken apart.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FrameDetail {
    /// As in the view `frames`.
    pub row: Row,
    /// The frame, then each message that was put together from several frames, then what key logs open of it.
    pub sources: Vec<ByteSource>,
    /// In order; a node's children follow it with a larger depth.
    pub nodes: Vec<TreeNode>,
    /// `_id`, kind and subject of the facts that it holds.
    pub facts: Vec<Row>,
    pub proof: Proof,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct ByteSource {
    /// `Frame (74 bytes)`, `Reassembled (2 pieces, 1802 bytes)`, `Decrypted (320 bytes)`, `Followed (41 bytes)`.
    pub name: String,
    /// All its bytes, hex.
    pub hex: String,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct TreeNode {
    /// Wireshark's filter name where there is one.
    pub name: String,
    pub label: String,
    /// Worded for people.
    pub text: String,
    pub start: u32,
    pub end: u32,
    /// Index into `sources`.
    pub source: u8,
    pub depth: u8,
    /// `note`, `warn` or `error`.
    pub level: Option<String>,
}

/// Raw bytes of an item of evidence.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct BytesRequest {
    #[ts(type = "number")]
    pub evidence_id: i64,
    #[ts(type = "number")]
    pub offset: u64,
    /// At most 1 MiB.
    pub length: u32,
    /// Instead of evidence: a file of the case's `exports` folder, by its name.
    #[serde(default)]
    #[ts(optional)]
    pub export: Option<String>,
}

/// Bytes shown of a fact.
const SHOWN: u64 = 4_096;
const MOST_BYTES: u32 = 1 << 20;

pub(crate) fn fact(app: &App, request: FactId) -> Result<FactDetail> {
    let case = app.open_case()?;
    let id = request.id.parse().map_err(|_| Error::invalid(format!("'{}' is no fact's id", request.id)))?;
    let mut fact = case.fact(id)?.ok_or_else(|| Error::missing(format!("there is no fact {id}")))?;
    crate::secrets::mask(&mut fact);
    let kind = crate::kinds::kind(&fact.kind);
    let declared = kind.map(|kind| kind.fields).unwrap_or_default();
    let about = |name: &str| declared.iter().find(|(field, _)| *field == name).map_or("", |(_, about)| about);
    let mut fields: Vec<FieldNote> = fact
        .fields
        .iter()
        .map(|(name, value)| FieldNote { name: name.clone(), value: value.clone(), about: about(name).to_owned() })
        .collect();
    fields.sort_by_key(|field| declared.iter().position(|(name, _)| *name == field.name).unwrap_or(usize::MAX));
    let place = (fact.frame, fact.offset, fact.length, fact.pieces.clone());
    let proof = proof(&case, fact.run, place)?;
    let row = Labels::new(&case).row(fact);
    Ok(FactDetail { row, about: kind.map(|kind| kind.about).unwrap_or_default().to_owned(), fields, proof })
}

pub(crate) fn frame(app: &App, request: FrameId) -> Result<FrameDetail> {
    let case = app.open_case()?;
    let missing =
        || Error::missing(format!("there is no frame {} in evidence {}", request.number, request.evidence_id));
    let run = case.run_of(request.evidence_id)?.ok_or_else(missing)?.id;
    let entry = case.frames(run, request.number, 1)?.into_iter().find(|entry| entry.number == request.number);
    let entry = entry.ok_or_else(missing)?;
    let mut source = Source::of(&case, request.evidence_id)?;
    let row = crate::frames::row(&case, run, request.evidence_id, &entry)?;
    let proof = proof(&case, run, (Some(entry.number), entry.offset, entry.cap_len.into(), Vec::new()))?;
    let raw =
        source.read(&[(entry.offset, entry.cap_len.into())]).ok().and_then(|mut all| all.pop()).unwrap_or_default();
    let facts = case.facts_of_frame(run, entry.number)?;
    let hint = if entry.flow == 0 { None } else { case.flow_hint(run, entry.flow)? };
    let service = hint.as_ref().and_then(|(service, ..)| service.clone());
    let from_orig = |src: &str| hint.as_ref().is_none_or(|(_, orig, _)| orig == src);
    let mine = row.get("src").and_then(serde_json::Value::as_str).unwrap_or_default();

    let (mut starts, mut assembled, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    sources.push(ByteSource { name: format!("Frame ({} bytes)", raw.len()), hex: model::hex(&raw) });
    let mut seen: Vec<&[(u64, u64, u64)]> = Vec::new();
    // The place of what is told beside a message is a body, which begins none and may be very long.
    for fact in facts.iter().filter(|fact| !dissect::protocols::is_beside(&fact.kind)) {
        if fact.pieces.is_empty() {
            starts.extend(fact.offset.checked_sub(entry.offset).and_then(|at| usize::try_from(at).ok()));
        } else if let Some(service) = service.as_ref().filter(|_| !seen.contains(&fact.pieces.as_slice())) {
            seen.push(&fact.pieces);
            let pieces: Vec<(u64, u64)> = fact.pieces.iter().map(|(_, offset, length)| (*offset, *length)).collect();
            let Ok(parts) = source.read(&pieces) else { continue };
            let bytes = parts.concat();
            let name = format!("Reassembled ({} pieces, {} bytes)", pieces.len(), bytes.len());
            sources.push(ByteSource { name, hex: model::hex(&bytes) });
            assembled.push(Assembled { bytes, service: service.clone(), from_orig: from_orig(&fact.src) });
        }
    }
    starts.sort_unstable();
    starts.dedup();
    let hint = FlowHint { service: service.as_deref(), from_orig: from_orig(mine) };
    let link_type = source.link_type(&case, run, entry.interface)?;
    let nodes = dissect::inspect(&raw, link_type, entry.wire_len, hint, &starts, &assembled);
    let mut nodes: Vec<TreeNode> = nodes.into_iter().map(TreeNode::from).collect();
    let in_clear = service.as_deref() == Some("http2") || nodes.iter().any(|node| node.name == "http2");
    let not = if in_clear { "header fields are those of this packet alone" } else { "not decrypted" };
    if in_clear || service.as_deref() == Some("tls") {
        match decrypted::of(&case, run, request.evidence_id, &entry, in_clear) {
            Ok(Opened::All(opened)) => show_opened(opened, in_clear, &mut nodes, &mut sources),
            Ok(Opened::Far) => {
                nodes.push(TreeNode::note(&format!("{not}: too much of the connection lies before this packet")))
            }
            Err(why) => nodes.push(TreeNode::note(&format!("{not}: {}", why.message))),
        }
    }
    crate::secrets::mask_tree(&mut nodes, &facts);
    let mut labels = Labels::new(&case);
    Ok(FrameDetail { row, sources, nodes, facts: facts.into_iter().map(|fact| labels.row(fact)).collect(), proof })
}

pub(crate) fn bytes(app: &App, request: BytesRequest) -> Result<Vec<u8>> {
    let case = app.open_case()?;
    let length = request.length.min(MOST_BYTES);
    if let Some(name) = &request.export {
        let path = crate::export_files::path(&case, name)?;
        return evidence::read_at(&path, &[], &Options::default(), &(), request.offset, length.into())
            .map_err(|why| Error::new(Code::Failed, format!("reading {}: {why}", path.display())));
    }
    let mut found = Source::of(&case, request.evidence_id)?.read(&[(request.offset, length.into())])?;
    Ok(found.pop().unwrap_or_default())
}

/// What was decrypted has bytes of its own; so has HTTP/2 `in_clear`, whose fields take the place of what the packet alone tells.
fn show_opened(opened: Decrypted, in_clear: bool, nodes: &mut Vec<TreeNode>, sources: &mut Vec<ByteSource>) {
    let Some(source) = u8::try_from(sources.len()).ok().filter(|_| !opened.bytes.is_empty()) else { return };
    let name = format!("{} ({} bytes)", if in_clear { "Followed" } else { "Decrypted" }, opened.bytes.len());
    let mut inside = false;
    nodes.retain(|node| {
        inside = in_clear && (node.name == "http2" || inside && node.depth > 0);
        !inside
    });
    sources.push(ByteSource { name, hex: model::hex(&opened.bytes) });
    nodes.extend(opened.nodes.into_iter().map(|node| TreeNode { source, ..TreeNode::from(node) }));
}

impl TreeNode {
    fn note(text: &str) -> TreeNode {
        TreeNode {
            name: "_ws.expert".to_owned(),
            label: "Note".to_owned(),
            text: text.to_owned(),
            start: 0,
            end: 0,
            source: 0,
            depth: 0,
            level: Some("note".to_owned()),
        }
    }
}

impl From<dissect::Node> for TreeNode {
    fn from(node: dissect::Node) -> TreeNode {
        let value = match node.value {
            Value::None => String::new(),
            Value::Int(n) => n.to_string(),
            Value::Text(text) => text,
        };
        TreeNode {
            name: node.name.to_owned(),
            label: node.label.to_owned(),
            text: node.shown.unwrap_or(value),
            start: node.bytes.start as u32,
            end: node.bytes.end as u32,
            source: node.source,
            depth: node.depth,
            level: node.level.map(|level| {
                match level {
                    Level::Note => "note",
                    Level::Warn => "warn",
                    Level::Error => "error",
                }
                .to_owned()
            }),
        }
    }
}

type At = (Option<u64>, u64, u64, Vec<(u64, u64, u64)>);

fn proof(case: &Case, run: i64, (frame, offset, length, pieces): At) -> Result<Proof> {
    let (evidence_id, sha256, run) = Labels::new(case).of(run);
    let item = case.evidence(evidence_id)?.ok_or_else(|| Error::missing("the evidence is no longer in the case"))?;
    let wanted: Vec<(u64, u64)> = match pieces.is_empty() {
        true => vec![(offset, length.min(SHOWN))],
        false => pieces.iter().map(|(_, offset, length)| (*offset, (*length).min(SHOWN))).collect(),
    };
    let read = Source::of(case, evidence_id).and_then(|mut source| source.read(&wanted));
    let (bytes, problem) = match read {
        Ok(parts) => {
            let mut all = parts.concat();
            all.truncate(SHOWN as usize);
            (Some(model::hex(&all)), None)
        }
        Err(why) => (None, Some(why.message)),
    };
    Ok(Proof {
        evidence_id,
        path: item.path,
        kind: item.kind,
        sha256,
        verified: item.verified,
        run,
        frame,
        offset,
        length,
        pieces: pieces.into_iter().map(|(frame, offset, length)| PieceRef { frame, offset, length }).collect(),
        bytes,
        problem,
    })
}

/// An item of evidence, open for looking at pieces of it: where it lies, or the case's own copy if it is gone from there.
pub(crate) struct Source {
    path: String,
    file: PathBuf,
    members: Vec<String>,
    link_types: Option<Vec<(u32, u16)>>,
}

impl Source {
    pub fn of(case: &Case, item: i64) -> Result<Source> {
        let missing = || Error::missing(format!("there is no evidence {item}"));
        let evidence = case.evidence(item)?.ok_or_else(missing)?;
        let (file, members) = evidence::name::split(&evidence.path);
        let mut file = case.dir().join(file); // what lies in the case is named from there
        let mut top = evidence.clone();
        while let Some(parent) = top.parent {
            top = case.evidence(parent)?.ok_or_else(missing)?;
        }
        if let Some(copy) = &top.copy
            && !file.exists()
        {
            file = case.dir().join(copy);
        }
        Ok(Source { path: evidence.path, file, members, link_types: None })
    }

    /// Pieces (offset, length), in the order in which they are asked for.
    pub fn read(&mut self, pieces: &[(u64, u64)]) -> Result<Vec<Vec<u8>>> {
        evidence::read_many(&self.file, &self.members, &Options::default(), &(), pieces)
            .map_err(|why| Error::new(Code::Failed, format!("reading {}: {why}", self.path)))
    }

    /// All of it once more, by its format: how that ended, and its SHA-256.
    pub fn read_again(
        &self,
        kind: &str,
        sink: &mut dyn model::Sink,
        options: &Options,
        watch: &dyn evidence::Watch,
    ) -> Result<(evidence::Ending, String)> {
        evidence::read_again(&self.file, &self.members, kind, sink, options, watch)
            .map(|(ending, hashes)| (ending, model::hex(&hashes.sha256)))
            .map_err(|why| {
                let is_cancelled = watch.advance(0).is_err();
                let code = if is_cancelled { Code::Cancelled } else { Code::Failed };
                Error::new(code, format!("reading {}: {why}", self.path))
            })
    }

    pub fn link_type(&mut self, case: &Case, run: i64, interface: u32) -> Result<u16> {
        if self.link_types.is_none() {
            self.link_types = Some(case.link_types(run)?);
        }
        let known = self.link_types.iter().flatten().find(|(number, _)| *number == interface);
        Ok(known.map_or(u16::MAX, |(_, link_type)| *link_type))
    }
}
