//! Ticks of a capture's clock as nanoseconds since 1970.

use model::Time;

/// A clock that counts from 1970 (plus an offset) in fixed ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub ticks_per_second: u64,
    pub offset_seconds: i64,
    rate: Rate,
}

/// Decimal clocks, which are almost all, need one multiplication or division only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    /// Nanoseconds a tick.
    Slow(u64),
    /// Ticks a nanosecond.
    Fast(u64),
    Other,
}

const NANOS: u64 = 1_000_000_000;

impl Clock {
    pub const MICROSECONDS: Clock = Clock::new(1_000_000, 0);
    pub const NANOSECONDS: Clock = Clock::new(NANOS, 0);

    /// `ticks_per_second` of 0 counts as 1.
    pub const fn new(ticks_per_second: u64, offset_seconds: i64) -> Clock {
        let ticks_per_second = if ticks_per_second == 0 { 1 } else { ticks_per_second };
        let rate = if NANOS.is_multiple_of(ticks_per_second) {
            Rate::Slow(NANOS / ticks_per_second)
        } else if ticks_per_second.is_multiple_of(NANOS) {
            Rate::Fast(ticks_per_second / NANOS)
        } else {
            Rate::Other
        };
        Clock { ticks_per_second, offset_seconds, rate }
    }

    /// By a pcapng `if_tsresol` option: 10^-n, or 2^-n with the highest bit set. `None`: finer than 64 bits can count.
    pub fn by_resolution(tsresol: u8, offset_seconds: i64) -> Option<Clock> {
        let power = u32::from(tsresol & 0x7f);
        let base: u64 = if tsresol & 0x80 == 0 { 10 } else { 2 };
        base.checked_pow(power).map(|ticks| Clock::new(ticks, offset_seconds))
    }

    /// When the clock showed `ticks`, cut off below the nanosecond; `None` outside 1677 to 2262.
    pub fn time(&self, ticks: u64) -> Option<Time> {
        let nanos = match self.rate {
            Rate::Slow(each) => ticks.checked_mul(each)?,
            Rate::Fast(each) => ticks / each,
            Rate::Other => {
                u64::try_from(u128::from(ticks) * u128::from(NANOS) / u128::from(self.ticks_per_second)).ok()?
            }
        };
        if self.offset_seconds == 0 {
            return i64::try_from(nanos).ok().map(Time);
        }
        let sum = i128::from(self.offset_seconds) * i128::from(NANOS) + i128::from(nanos);
        i64::try_from(sum).ok().map(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_every_resolution() {
        let cases: &[(u8, i64, u64, Option<i64>)] = &[
            (6, 0, 1_500_000, Some(1_500_000_000)),
            (9, 0, 1_500_000, Some(1_500_000)),
            (0, 0, 7, Some(7_000_000_000)),
            (12, 0, 1_999, Some(1)),
            (0x80 | 20, 0, 1 << 20, Some(1_000_000_000)),
            (0x80 | 20, 0, 1, Some(953)),
            (0x80 | 63, 0, 1 << 62, Some(500_000_000)),
            (6, 10, 1, Some(10_000_001_000)),
            (6, -10, 1, Some(-9_999_999_000)),
            (6, i64::MAX, 1, None),
            (6, 0, u64::MAX, None),
            (0, 0, u64::MAX, None),
            (0, i64::MIN, u64::MAX, None),
        ];
        for &(tsresol, offset, ticks, nanos) in cases {
            let clock = Clock::by_resolution(tsresol, offset).unwrap();
            assert_eq!(clock.time(ticks), nanos.map(Time), "{tsresol} {offset} {ticks}");
        }
        for too_fine in [20, 0x7f, 0x80 | 64, 0xff] {
            assert_eq!(Clock::by_resolution(too_fine, 0), None);
        }
    }
}
