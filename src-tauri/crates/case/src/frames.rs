//! The frame index: what is kept of each packet, a few bytes each, in chunks of columns.

use crate::columns::{even_deltas, read_even_deltas};
use crate::{Error, Result};

/// Stands for "no time stated".
pub const NO_TIME: i64 = i64::MIN;

/// What the index knows of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameEntry {
    /// From 1.
    pub number: u64,
    /// ns since 1970, or [`NO_TIME`].
    pub ts: i64,
    /// Of its bytes, in the evidence item.
    pub offset: u64,
    pub cap_len: u32,
    pub wire_len: u32,
    pub interface: u32,
    /// Number of its flow in the run; 0: none.
    pub flow: u32,
}

/// Frames in a chunk: small enough to decode in a blink, large enough to be few.
pub(crate) const CHUNK: usize = 4_096;

const NONE: FrameEntry = FrameEntry { number: 0, ts: 0, offset: 0, cap_len: 0, wire_len: 0, interface: 0, flow: 0 };

/// Columns one after the other; each value as the difference to the one before (zigzag varint, LEB128).
pub(crate) fn encode(frames: &[FrameEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frames.len() * 10);
    for Column { get, .. } in COLUMNS {
        let befores = std::iter::once(&NONE).chain(frames);
        even_deltas(&mut out, frames.iter().zip(befores).map(|(frame, before)| get(frame, before)));
    }
    out
}

pub(crate) fn decode(first: u64, count: usize, data: &[u8]) -> Result<Vec<FrameEntry>> {
    let damaged = || Error::Refused(format!("frame index damaged at frame {first}"));
    if count > CHUNK {
        return Err(damaged());
    }
    let mut frames: Vec<FrameEntry> = (0..count as u64).map(|n| FrameEntry { number: first + n, ..NONE }).collect();
    let mut rest = data;
    for Column { set, .. } in COLUMNS {
        let values = read_even_deltas(&mut rest, count).ok_or_else(damaged)?;
        let mut before = NONE;
        for (frame, value) in frames.iter_mut().zip(values) {
            set(frame, &before, value);
            before = *frame;
        }
    }
    Ok(frames)
}

/// Out of a frame and the one before it, and back.
struct Column {
    get: fn(&FrameEntry, &FrameEntry) -> i64,
    set: fn(&mut FrameEntry, &FrameEntry, i64),
}

const COLUMNS: [Column; 6] = [
    Column { get: |f, _| f.ts, set: |f, _, v| f.ts = v },
    Column { get: |f, _| f.cap_len.into(), set: |f, _, v| f.cap_len = v as u32 },
    // From the end of the last frame's bytes: what a record's header takes, mostly always the same.
    Column {
        get: |f, before| f.offset.wrapping_sub(before.offset.wrapping_add(before.cap_len.into())) as i64,
        set: |f, before, v| f.offset = before.offset.wrapping_add(before.cap_len.into()).wrapping_add(v as u64),
    },
    Column {
        get: |f, _| i64::from(f.wire_len) - i64::from(f.cap_len),
        set: |f, _, v| f.wire_len = v.wrapping_add(f.cap_len.into()) as u32,
    },
    Column { get: |f, _| f.interface.into(), set: |f, _, v| f.interface = v as u32 },
    Column { get: |f, _| f.flow.into(), set: |f, _, v| f.flow = v as u32 },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let frames: Vec<FrameEntry> = (0..100)
            .map(|n| FrameEntry {
                number: 7 + n,
                ts: if n == 50 { NO_TIME } else { 1_700_000_000_000_000_000 - (n as i64 * 977) },
                offset: 24 + n * 80,
                cap_len: 60 + (n as u32 % 9),
                wire_len: if n % 5 == 0 { 1_514 } else { 60 + (n as u32 % 9) },
                interface: n as u32 % 2,
                flow: n as u32 / 3,
            })
            .collect();
        let data = encode(&frames);
        assert_eq!(decode(7, 100, &data).unwrap(), frames);
        for cut in 0..data.len() {
            assert!(decode(7, 100, &data[..cut]).is_err());
        }
    }
}
