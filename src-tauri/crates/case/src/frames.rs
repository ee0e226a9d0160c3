//! The frame index: what is kept of each packet, a few bytes each, in chunks of columns.

use crate::columns::{deltas, read_deltas};
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

/// Columns one after the other; each value as the difference to the one before (zigzag varint, LEB128).
pub(crate) fn encode(frames: &[FrameEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frames.len() * 10);
    for column in COLUMNS {
        deltas(&mut out, frames.iter().map(column.0));
    }
    out
}

pub(crate) fn decode(first: u64, count: usize, data: &[u8]) -> Result<Vec<FrameEntry>> {
    let damaged = || Error::Refused(format!("frame index damaged at frame {first}"));
    let empty = FrameEntry { number: 0, ts: 0, offset: 0, cap_len: 0, wire_len: 0, interface: 0, flow: 0 };
    if count > CHUNK {
        return Err(damaged());
    }
    let mut frames: Vec<FrameEntry> = (0..count as u64).map(|n| FrameEntry { number: first + n, ..empty }).collect();
    let mut rest = data;
    for column in COLUMNS {
        let values = read_deltas(&mut rest, count).ok_or_else(damaged)?;
        frames.iter_mut().zip(values).for_each(|(frame, value)| (column.1)(frame, value));
    }
    Ok(frames)
}

type Get = fn(&FrameEntry) -> i64;
type Set = fn(&mut FrameEntry, i64);

const COLUMNS: [(Get, Set); 6] = [
    (|f| f.ts, |f, v| f.ts = v),
    (|f| f.offset as i64, |f, v| f.offset = v as u64),
    (|f| f.cap_len.into(), |f, v| f.cap_len = v as u32),
    (|f| i64::from(f.wire_len) - i64::from(f.cap_len), |f, v| f.wire_len = (v + i64::from(f.cap_len)) as u32),
    (|f| f.interface.into(), |f, v| f.interface = v as u32),
    (|f| f.flow.into(), |f, v| f.flow = v as u32),
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
