//! What the workstation can do: one file per noun, one list of commands.
//!
//! Invariant: no HTTP, no window, no terminal, no SQL and no protocol. Whoever offers the commands - window, service, command line -
//! finds them all in [`COMMANDS`], and none of them has one of its own.

mod analysis;
mod bench;
mod brokers;
mod capture;
mod cases;
mod charts;
mod commands;
mod coverage;
mod custody;
mod decrypted;
mod devices;
mod error;
mod evidence_items;
mod export;
mod export_files;
mod export_tables;
mod files;
mod filter;
mod frame_select;
mod frames;
mod geo;
mod identity;
mod import;
mod jobs;
mod kinds;
mod limits;
mod network_map;
mod orphans;
mod packets;
mod presence;
mod proof;
mod receiver;
mod rows;
mod secrets;
mod state;
mod stream;
mod vault;
mod vendors;
mod verify;
mod watch;
mod zone;

pub use bench::{LightAnswer, LightRequest};
pub use commands::{COMMANDS, Command, Effect, Nothing, command, typescript};
pub use error::{Code, Error, Result};
pub use jobs::{Event, Job, JobState, Topic};
pub use kinds::kinds;
pub use presence::{PresenceAverage, PresenceAverageRequest, PresenceAveraged, PresenceValue};
pub use proof::BytesRequest;
pub use receiver::{Door, Maker, Opened, Receiver, Refused, TlsFiles};
pub use state::App;

/// Facts are made by one thread and given back by another, a million a second, which the system's allocators are slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
