//! Files in, frames and facts out.
//!
//! Invariant: evidence is opened read-only and never written, renamed, touched or locked. Nothing here knows a case, a network or
//! a dissector. Nothing here may panic, hang or use memory without bound, whatever the bytes are.
//!
//! Four doors: [`read_path`] reads files and folders into a [`Host`], [`read_live`] what is still being written, [`detect`] only says
//! what they are, and [`read_at`],
//! [`with_item`] and [`hash_item`] lead back to the bytes of an item that was read before.

mod again;
mod capture;
mod container;
mod diagnostic;
mod file;
pub mod format;
mod json_span;
mod keylog;
mod label;
pub mod name;
pub mod onhub;
mod options;
mod presence;
mod source;
mod tree;
mod walk;

pub use again::{LONGEST_PIECE, hash_item, read_again, read_at, read_many, version_of, with_item};
pub use capture::{Counted, EXPORTED_PDU, ExportedPdu, PcapngWriter, secrets_in_block};
pub use file::{Times, open};
pub use format::{Ending, Format, OTHER, Refusal};
pub use keylog::key_logs;
pub use options::{Limits, Options};
pub use presence::{AboutReport, about_report};
pub use source::{CHUNK, Finished, HEAD, Hashes, Source, Watch};
pub use walk::{Host, ItemId, NewItem, Outcome, detect, measure, read_live, read_path};
