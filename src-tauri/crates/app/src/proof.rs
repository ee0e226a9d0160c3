//! From a row to the bytes that prove it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rows::Row;

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
    /// The frame, then each message that was put together from several frames.
    pub sources: Vec<ByteSource>,
    /// In order; a node's children follow it with a larger depth.
    pub nodes: Vec<TreeNode>,
    /// `_id`, kind and subject of the facts that it holds.
    pub facts: Vec<Row>,
    pub proof: Proof,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct ByteSource {
    /// `Frame (74 bytes)`, `Reassembled TCP (2 frames, 1 802 bytes)`.
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
}
