//! Gives frames to the engine and to a person's eyes.

use dissect::{Engine, Findings, FlowHint, Sighting, inspect, summarise};
use model::{Cancelled, Fact, Flow, Frame, Issue, Time};

/// What is found is dropped.
pub struct Nowhere;

impl Findings for Nowhere {
    fn fact(&mut self, _: Fact) -> Result<(), Cancelled> {
        Ok(())
    }
    fn flow(&mut self, _: u32, _: &Flow) -> Result<(), Cancelled> {
        Ok(())
    }
    fn sighting(&mut self, _: &Sighting) -> Result<(), Cancelled> {
        Ok(())
    }
    fn issue(&mut self, _: Issue) {}
}

/// A frame as captured at a time and place of its own.
pub fn at(number: u64, bytes: &[u8], wire_len: usize, link_type: u16) -> Frame<'_> {
    let ts = Some(Time(number as i64 * 1_000_000));
    Frame { number, ts, offset: number * 10_000, bytes, wire_len: wire_len as u32, interface: 0, link_type }
}

/// Reads a frame, and shows it with and without knowing what it is of.
pub fn try_all(engine: &mut Engine, number: u64, raw: &[u8], link_type: u16) {
    engine.frame(&at(number, raw, raw.len(), link_type), &mut Nowhere).unwrap();
    for hint in [FlowHint::default(), FlowHint { service: Some("dns"), from_orig: false }] {
        for node in inspect(raw, link_type, raw.len() as u32, hint, &[], &[]) {
            assert!(node.bytes.start <= node.bytes.end, "{node:?}");
        }
        summarise(raw, link_type, raw.len() as u32, hint);
    }
}
