//! What the tests of this crate share: a host that remembers, and builders of captures.
#![allow(dead_code)] // each test uses its part

pub mod build;
#[path = "../../../dissect/tests/robust/mutate.rs"]
pub mod mutate;

use std::path::{Path, PathBuf};

use evidence::{Ending, Host, ItemId, NewItem, Options, Outcome};
use model::{Cancelled, Fact, Frame, Interface, Issue, Sink, Time};

/// A host that remembers everything.
#[derive(Default)]
pub struct Memory {
    pub items: Vec<Item>,
    /// What was no item, and why.
    pub skipped: Vec<(String, String)>,
}

pub struct Item {
    pub new: NewItem,
    pub read: Read,
    pub outcome: Option<Outcome>,
}

/// What came out of one item.
#[derive(Default)]
pub struct Read {
    pub interfaces: Vec<Interface>,
    pub frames: Vec<Seen>,
    pub facts: Vec<Fact>,
    pub issues: Vec<Issue>,
    pub secrets: Vec<u8>,
}

/// A frame that outlives the call.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub number: u64,
    pub ts: Option<Time>,
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub wire_len: u32,
    pub interface: u32,
    pub link_type: u16,
}

impl Sink for Read {
    fn interface(&mut self, interface: &Interface) {
        assert_eq!(interface.index as usize, self.interfaces.len());
        self.interfaces.push(interface.clone());
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Cancelled> {
        assert!((frame.interface as usize) < self.interfaces.len());
        let &Frame { number, ts, offset, bytes, wire_len, interface, link_type } = frame;
        self.frames.push(Seen { number, ts, offset, bytes: bytes.to_vec(), wire_len, interface, link_type });
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        self.facts.push(fact);
        Ok(())
    }

    fn issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    fn secrets(&mut self, text: &[u8]) {
        self.secrets.extend(text);
    }
}

impl Host for Memory {
    fn begin(&mut self, item: &NewItem) -> Result<ItemId, Cancelled> {
        if let Some(ItemId(parent)) = item.parent {
            assert!(self.items[parent as usize].outcome.is_none(), "a member outside its container");
        }
        self.items.push(Item { new: item.clone(), read: Read::default(), outcome: None });
        Ok(ItemId(self.items.len() as u64 - 1))
    }

    fn sink(&mut self, ItemId(item): ItemId) -> &mut dyn Sink {
        &mut self.items[item as usize].read
    }

    fn end(&mut self, ItemId(item): ItemId, outcome: &Outcome) -> Result<(), Cancelled> {
        let ended = self.items[item as usize].outcome.replace(outcome.clone());
        assert!(ended.is_none(), "ended twice");
        Ok(())
    }

    fn skip(&mut self, path: &str, why: &str) -> Result<(), Cancelled> {
        self.skipped.push((path.to_owned(), why.to_owned()));
        Ok(())
    }
}

impl Memory {
    pub fn of(path: &Path) -> Memory {
        Memory::with(path, &Options::default())
    }

    pub fn with(path: &Path, options: &Options) -> Memory {
        let mut memory = Memory::default();
        evidence::read_path(path, &mut memory, options, &()).unwrap();
        assert!(memory.items.iter().all(|item| item.outcome.is_some()), "an item without end");
        memory
    }

    /// A file of these bytes.
    pub fn of_bytes(name: &str, bytes: &[u8]) -> Memory {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Memory::of(&path)
    }

    /// One line an item: depth by parents, name, kind, ending, frames; then its issues.
    pub fn tree(&self) -> String {
        let mut out = String::new();
        for item in &self.items {
            let indent = "  ".repeat(self.depth(item));
            let frames = item.read.frames.len();
            let frames = if frames == 0 { String::new() } else { format!(" {frames} frames") };
            let ending = match &item.outcome.as_ref().unwrap().ending {
                Ending::Complete => "complete".to_owned(),
                Ending::Partial => "partial".to_owned(),
                Ending::Failed(why) => format!("failed: {why}"),
            };
            out += &format!("{indent}{} [{}] {ending}{frames}\n", item.new.name, item.new.kind);
            for issue in &item.read.issues {
                out += &format!("{indent}  ! {} @{}: {}\n", issue.what, issue.offset, issue.why);
            }
        }
        for (path, why) in &self.skipped {
            let name = path.rsplit('/').next().unwrap();
            out += &format!("- {name}: {why}\n");
        }
        out
    }

    fn depth(&self, item: &Item) -> usize {
        item.new.parent.map_or(0, |ItemId(parent)| 1 + self.depth(&self.items[parent as usize]))
    }
}

/// Real samples, where they are.
pub fn samples() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/samples-real"));
    path.is_dir().then_some(path)
}
