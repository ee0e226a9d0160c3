//! Files in, frames and facts out.
//!
//! Invariant: evidence is opened read-only and never written, renamed, touched or locked. Nothing here knows a case, a network or
//! a dissector. Nothing here may panic, hang or use memory without bound, whatever the bytes are.

pub mod onhub;
