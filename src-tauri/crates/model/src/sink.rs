//! Where readers put what they read.

use crate::{Fact, Frame, Interface, Issue, Sighting};

/// The analyst has stopped the job: unwind without further rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// Takes what a format reads, in the order of the evidence. Offsets are those of the evidence item being read.
pub trait Sink {
    /// A capture's interface, before its first frame.
    fn interface(&mut self, interface: &Interface);
    /// A packet; its bytes are valid only during the call. An error stops the reader, which returns it.
    fn frame(&mut self, frame: &Frame) -> Result<(), Cancelled>;
    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled>;
    fn issue(&mut self, issue: Issue);
    /// What the fact before it says in words, for whoever counts: see [`Sighting::tell`].
    fn sighting(&mut self, _sighting: &Sighting) {}
    /// Lines of a TLS key log (SSLKEYLOGFILE): what follows may be read with them.
    fn secrets(&mut self, _text: &[u8]) {}
}
