//! The tree of fields that an analyst sees for one frame.

use std::fmt;
use std::ops::Range;

/// A field's value, as the tree shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    None,
    Int(i64),
    Text(String),
}

/// How bad a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing: a retransmission, a goodbye.
    Note,
    /// Unusual: a gap, a non-standard port.
    Warn,
    /// Malformed: the bytes break the protocol's rules.
    Error,
}

/// One field, protocol or note.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Wireshark's display-filter name where one exists (`dns.qry.name`), else ours.
    pub name: &'static str,
    /// What a person reads: `Name`.
    pub label: &'static str,
    pub value: Value,
    /// How the value is worded, if not simply as it is: `A (Host address)`, `0x1a2b`.
    pub shown: Option<String>,
    /// Bytes of `source` that it was read from.
    pub bytes: Range<usize>,
    /// 0: the frame. Else: the nth reassembled message.
    pub source: u8,
    /// Nesting; a node's children follow it with a larger depth.
    pub depth: u8,
    pub level: Option<Level>,
}

/// Collects fields while a dissector reads - or nothing at all, at no cost, when only facts are wanted.
#[derive(Debug, Default)]
pub struct Tree {
    on: bool,
    depth: u8,
    base: usize,
    source: u8,
    nodes: Vec<Node>,
}

/// No frame that a person can read has more fields than this; a hostile one may.
const MOST_NODES: usize = 20_000;

impl Tree {
    /// A tree that keeps nothing.
    pub fn off() -> Tree {
        Tree::default()
    }

    /// A tree that keeps everything.
    pub fn on() -> Tree {
        Tree { on: true, ..Tree::default() }
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    pub fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    /// Fields so far.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Takes back all fields but the first `len`, and every group that is open.
    pub fn truncate(&mut self, len: usize) {
        self.nodes.truncate(len);
        self.depth = 0;
    }

    /// Byte ranges given from here on count from `base` of `source`. Returns the former setting.
    pub fn rebase(&mut self, source: u8, base: usize) -> (u8, usize) {
        (std::mem::replace(&mut self.source, source), std::mem::replace(&mut self.base, base))
    }

    /// Byte ranges given from here on count from `by` bytes further. Returns what [`Tree::rebase`] takes to undo it.
    pub(crate) fn shift(&mut self, by: usize) -> (u8, usize) {
        self.rebase(self.source, self.base.saturating_add(by))
    }

    /// Where ranges count from now.
    pub fn base(&self) -> usize {
        self.base
    }

    /// A protocol or group: what is added until [`Tree::close`] lies under it. The text is its headline.
    pub fn open(
        &mut self,
        name: &'static str,
        label: &'static str,
        bytes: Range<usize>,
        text: impl FnOnce() -> String,
    ) {
        if self.on {
            let text = text();
            let value = if text.is_empty() { Value::None } else { Value::Text(text) };
            self.push(name, label, bytes, value, None, None);
            self.depth = self.depth.saturating_add(1);
        }
    }

    /// Ends the group opened last.
    pub fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub fn int(&mut self, name: &'static str, label: &'static str, bytes: Range<usize>, value: impl TryInto<i64>) {
        if self.on {
            self.push(name, label, bytes, value.try_into().map_or(Value::None, Value::Int), None, None);
        }
    }

    /// A number with a wording of its own: `1 (A)`, `0x0800 (IPv4)`.
    pub fn coded(
        &mut self,
        name: &'static str,
        label: &'static str,
        bytes: Range<usize>,
        value: impl TryInto<i64>,
        shown: impl FnOnce() -> String,
    ) {
        if self.on {
            let value = value.try_into().map_or(Value::None, Value::Int);
            self.push(name, label, bytes, value, Some(shown()), None);
        }
    }

    pub fn text(&mut self, name: &'static str, label: &'static str, bytes: Range<usize>, value: impl fmt::Display) {
        if self.on {
            self.push(name, label, bytes, Value::Text(value.to_string()), None, None);
        }
    }

    /// Raw bytes, shown as hex (the first 64).
    pub fn bytes(&mut self, name: &'static str, label: &'static str, range: Range<usize>, raw: &[u8]) {
        if self.on {
            let more = if raw.len() > 64 { "…" } else { "" };
            let text = format!("{}{more}", model::hex(&raw[..raw.len().min(64)]));
            self.push(name, label, range, Value::Text(text), None, None);
        }
    }

    /// An expert note on some bytes.
    pub fn note(&mut self, level: Level, bytes: Range<usize>, text: impl fmt::Display) {
        if self.on {
            self.push("_ws.expert", "Note", bytes, Value::Text(text.to_string()), None, Some(level));
        }
    }

    fn push(
        &mut self,
        name: &'static str,
        label: &'static str,
        bytes: Range<usize>,
        value: Value,
        shown: Option<String>,
        level: Option<Level>,
    ) {
        if self.nodes.len() < MOST_NODES {
            let bytes = bytes.start + self.base..bytes.end + self.base;
            self.nodes.push(Node { name, label, value, shown, bytes, source: self.source, depth: self.depth, level });
        }
    }
}
