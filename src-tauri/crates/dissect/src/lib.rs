//! Bytes in, fields and facts out.
//!
//! Invariant: nothing here reads a file, a clock, a network or a database. That is why every dissector can be tested with
//! a byte string. Nothing here may panic, hang or grow without bound, whatever the bytes are.
//!
//! Three doors: [`Engine`] for a whole capture (frames in order: flows, reassembly, facts), [`inspect`] for one frame as a tree of
//! fields, and [`protocols::ALL`], the list of application protocols, which both use.

pub mod protocols;
mod tree;

pub use tree::{Level, Node, Tree, Value};
