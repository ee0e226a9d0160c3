//! Gives frames to the engine and to a person's eyes.

use dissect::{Engine, FlowHint, inspect, summarise};
use model::{Frame, Time};

/// A frame as captured at a time and place of its own.
pub fn at(number: u64, bytes: &[u8], wire_len: usize, link_type: u16) -> Frame<'_> {
    let ts = Some(Time(number as i64 * 1_000_000));
    Frame { number, ts, offset: number * 10_000, bytes, wire_len: wire_len as u32, interface: 0, link_type }
}

/// Reads a frame, and shows it with and without knowing what it is of.
pub fn try_all(engine: &mut Engine, number: u64, raw: &[u8], link_type: u16) {
    engine.frame(&at(number, raw, raw.len(), link_type), &mut ()).unwrap();
    for hint in [FlowHint::default(), FlowHint { service: Some("dns"), from_orig: false }] {
        for node in inspect(raw, link_type, raw.len() as u32, hint, &[], &[]) {
            assert!(node.bytes.start <= node.bytes.end, "{node:?}");
        }
        summarise(raw, link_type, raw.len() as u32, hint);
    }
}
