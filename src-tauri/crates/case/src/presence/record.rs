//! One record: 32 bytes, little-endian, whatever the machine.

use crate::{Error, Result};

/// Seconds.
pub const QUARTER: i64 = 900;
pub(super) const QUARTERS_OF_HOUR: i64 = 4;
pub(super) const LENGTH: usize = 32;

/// What is known of one device at one observer in one quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Numbers of their names ([`crate::Case::presence_names`]); 0: an observer that the source doesn't name.
    pub device: u32,
    pub node: u32,
    /// Which, counted from 1970 UTC.
    pub quarter: i64,
    /// That began in it; none: one that began before goes on.
    pub sightings: u32,
    pub frames: u32,
    /// Seconds of the quarter hour, of 900.
    pub first: u16,
    pub last: u16,
    /// Sightings with a signal, and the sum of their means, dBm; the weakest and the strongest of all.
    pub signals: u32,
    pub signal_sum: i32,
    pub signal_min: i8,
    pub signal_max: i8,
    /// Joined to the observer's network at some time in it; none: no source knows.
    pub associated: Option<bool>,
    /// The address is made up: locally administered.
    pub randomised: bool,
}

impl Heard {
    /// The place in the order in which they are kept: by device, time and observer.
    pub(super) fn key(&self) -> (u32, i64, u32) {
        (self.device, self.quarter, self.node)
    }

    /// Seconds since 1970 UTC.
    pub fn first_second(&self) -> i64 {
        self.quarter.saturating_mul(QUARTER).saturating_add(self.first.into())
    }

    pub fn last_second(&self) -> i64 {
        self.quarter.saturating_mul(QUARTER).saturating_add(self.last.into())
    }

    /// Two of the same device, observer and quarter hour in one.
    pub fn merge(&mut self, other: &Heard) {
        self.sightings = self.sightings.saturating_add(other.sightings);
        self.frames = self.frames.saturating_add(other.frames);
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        if other.signals > 0 {
            let had = self.signals > 0;
            self.signal_min = if had { self.signal_min.min(other.signal_min) } else { other.signal_min };
            self.signal_max = if had { self.signal_max.max(other.signal_max) } else { other.signal_max };
            // Both or neither, so that the mean stays one.
            let sums = self.signals.checked_add(other.signals).zip(self.signal_sum.checked_add(other.signal_sum));
            (self.signals, self.signal_sum) = sums.unwrap_or((self.signals, self.signal_sum));
        }
        self.associated = match (self.associated, other.associated) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, None) => None,
        };
    }

    pub(super) fn push(&self, out: &mut Vec<u8>) {
        out.extend(self.device.to_le_bytes());
        out.extend(self.node.to_le_bytes());
        out.extend(self.sightings.to_le_bytes());
        out.extend(self.frames.to_le_bytes());
        out.extend(self.signals.to_le_bytes());
        out.extend(self.signal_sum.to_le_bytes());
        out.extend(self.first.to_le_bytes());
        out.extend(self.last.to_le_bytes());
        out.extend(self.signal_min.to_le_bytes());
        out.extend(self.signal_max.to_le_bytes());
        out.push(self.quarter.rem_euclid(QUARTERS_OF_HOUR) as u8);
        out.push(self.associated.map_or(0, |yes| if yes { 2 } else { 1 }) | u8::from(self.randomised) << 2);
    }

    pub(super) fn read(hour: i64, bytes: &[u8; LENGTH]) -> Heard {
        let [d0, d1, d2, d3, n0, n1, n2, n3, s0, s1, s2, s3, f0, f1, f2, f3, rest @ ..] = *bytes;
        let [g0, g1, g2, g3, m0, m1, m2, m3, a0, a1, b0, b1, min, max, quarter, flags] = rest;
        Heard {
            device: u32::from_le_bytes([d0, d1, d2, d3]),
            node: u32::from_le_bytes([n0, n1, n2, n3]),
            quarter: hour * QUARTERS_OF_HOUR + i64::from(quarter & 3),
            sightings: u32::from_le_bytes([s0, s1, s2, s3]),
            frames: u32::from_le_bytes([f0, f1, f2, f3]),
            first: u16::from_le_bytes([a0, a1]),
            last: u16::from_le_bytes([b0, b1]),
            signals: u32::from_le_bytes([g0, g1, g2, g3]),
            signal_sum: i32::from_le_bytes([m0, m1, m2, m3]),
            signal_min: min as i8,
            signal_max: max as i8,
            associated: match flags & 3 {
                0 => None,
                other => Some(other == 2),
            },
            randomised: flags & 4 != 0,
        }
    }
}

/// The records of a blob; the hour is its row's.
pub(super) fn records(hour: i64, data: &[u8]) -> Result<impl Iterator<Item = Heard> + '_> {
    // Beyond what a time of 64 bits in nanoseconds can say, the row is none of ours.
    if !data.len().is_multiple_of(LENGTH) || hour.unsigned_abs() > 1 << 32 {
        return Err(Error::Refused(format!("presence damaged at hour {hour}")));
    }
    Ok(data.as_chunks().0.iter().map(move |bytes| Heard::read(hour, bytes)))
}
