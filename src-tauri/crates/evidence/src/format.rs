//! Every format we recognise. To add one: a file, a line in [`ALL`], a sample.

use model::{Cancelled, Kind, Sink, Time};

use crate::capture::{Pcap, Pcapng, Snoop};
use crate::diagnostic::OnHub;
use crate::keylog::KeyLog;
use crate::label::{Json, Sqlite, Text};
use crate::presence::{CLOUDTRAX, KismetDb, MERAKI};
use crate::source::{HEAD, Source};

/// In the order in which they are asked: magic numbers first, structure last.
pub static ALL: &[&dyn Format] =
    &[&Pcap, &Pcapng, &Snoop, &KismetDb, &Sqlite, &KeyLog, &CLOUDTRAX, &MERAKI, &Json, &OnHub, &Text];

/// What an item of no known format is.
pub const OTHER: &str = "other";

/// A way in which bytes hold frames and facts.
pub trait Format: Sync {
    /// As evidence rows name it: `pcap`, `onhub`, ...
    fn name(&self) -> &'static str;
    /// Changes whenever the same bytes may give other rows.
    fn version(&self) -> &'static str;
    /// The kinds of facts that it makes.
    fn kinds(&self) -> &'static [Kind];
    /// Whether the item is of this format. Err: why not.
    fn recognise(&self, head: &mut Head) -> Result<Recognised, String>;
    /// Reads everything into `sink`. Damage is an issue there and an ending, never an error.
    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled>;
}

/// Why an item is taken for what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    pub reason: String,
    /// What speaks against it: it is read nevertheless, but as partial, with this as an issue.
    pub doubt: Option<String>,
}

impl From<String> for Recognised {
    fn from(reason: String) -> Recognised {
        Recognised { reason, doubt: None }
    }
}

/// How reading an item ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was read.
    Complete,
    /// Something was left out; issues in the sink say what.
    Partial,
    /// Nothing could be read, as the sentence says.
    Failed(String),
}

/// The beginning of an item, to recognise it by; the whole of it, if need be.
pub struct Head<'s, 'a> {
    source: &'s mut Source<'a>,
    /// When the analyst's clock says it is, for formats that refuse the future.
    pub now: Option<Time>,
}

impl<'s, 'a> Head<'s, 'a> {
    pub fn new(source: &'s mut Source<'a>, now: Option<Time>) -> Head<'s, 'a> {
        Head { source, now }
    }

    /// The first 64 KiB; less if the item is shorter.
    pub fn bytes(&mut self) -> &[u8] {
        self.source.head()
    }

    /// Whether [`Head::bytes`] is all there is.
    pub fn is_whole(&mut self) -> bool {
        self.source.peek(HEAD + 1).len() <= HEAD
    }

    /// The first `n` bytes at least; less if the item is shorter.
    pub fn first(&mut self, n: usize) -> &[u8] {
        self.source.peek(n)
    }

    /// The whole item; `None` if it is longer than `cap` bytes.
    pub fn whole(&mut self, cap: usize) -> Option<&[u8]> {
        self.source.whole(cap)
    }
}

/// A format's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub format: &'static str,
    pub why: String,
}

/// `Ok` if the bytes begin with `magic`; else says what they begin with.
pub(crate) fn begins_with(bytes: &[u8], magic: &[u8], whose: &str) -> Result<(), String> {
    if bytes.starts_with(magic) {
        return Ok(());
    }
    Err(match bytes.get(..magic.len()) {
        Some(other) => format!("begins with {}, not with {whose}'s {}", model::hex(other), model::hex(magic)),
        None => format!("{} bytes are too few for a {whose} header", bytes.len()),
    })
}
