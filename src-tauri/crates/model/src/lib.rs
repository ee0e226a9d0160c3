//! The words that every room shares.
//!
//! Invariant: this crate knows nobody. No file, no clock, no database, no protocol; only what a frame, a fact, a flow and a
//! place in the evidence are, and how the core says them to each other.

mod address;
mod fact;
mod fields;
pub mod filter;
mod flow;
mod frame;
mod kind;
mod sighting;
mod sink;
mod time;

pub use address::{Mac, MacParseError};
pub use fact::{Fact, Issue, Party, Piece, Place};
pub use fields::{Fields, decimal, dotted, hex, unpacked};
pub use flow::{Endpoint, Flow, Uid};
pub use frame::{Frame, Interface};
pub use kind::{FieldSpec, Kind};
pub use sighting::{SIGHTING, Sighting, Signal};
pub use sink::{Cancelled, Sink};
pub use time::{Time, TimeKind, TimeParseError};
