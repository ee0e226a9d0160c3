//! Bytes in, fields and facts out.
//!
//! Invariant: nothing here reads a file, a clock, a network or a database. That is why every dissector can be tested with
//! a byte string. Nothing here may panic, hang or grow without bound, whatever the bytes are.
//!
//! Five doors: [`Engine`] for a whole capture (frames in order: flows, reassembly, facts), [`inspect`] for one frame as a tree of
//! fields, [`Decrypt`] for what key logs open of it, [`Follow`] for what the two sides of one flow said, and [`protocols::ALL`], the
//! list of application protocols.

mod bytes;
mod carried;
mod decrypt;
mod engine;
mod flows;
mod follow;
mod fragment;
mod heard;
mod inspect;
pub mod layers;
mod origin;
pub mod protocols;
mod repeats;
mod service;
mod sightings;
mod stream;
mod tree;

pub use decrypt::{Decrypt, Decrypted};
pub use engine::{Engine, Findings, Latest};
pub use follow::{Follow, FollowState, Said};
pub use inspect::{Assembled, FlowHint, Summary, inspect, summarise};
pub use protocols::files::{Kept, Unpacker, Wanted, content, is_known as is_known_encoding};
pub use sightings::Sighting;
pub use tree::{Level, Node, Tree, Value};
