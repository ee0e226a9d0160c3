//! Where an axis has its marks: round times of a zone's clocks, round values.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};

const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;

/// From a nanosecond to half a second in 1, 2 and 5, then as clocks and calendars have it.
const CLOCK: &[i128] = &[
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];
const MONTHS: &[i16] = &[1, 2, 3, 6, 12, 24, 60, 120];

/// Never more than this, whatever is asked.
const MOST: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimeTick {
    pub at: i64,
    pub text: String,
    /// A day begins, or more: drawn stronger.
    pub major: bool,
}

/// At most about `most` round marks of the zone's wall clock.
pub(super) fn times(zone: &TimeZone, from: i64, to: i64, most: usize) -> Vec<TimeTick> {
    let span = (i128::from(to) - i128::from(from)).max(1);
    let most = most.clamp(1, MOST) as i128;
    let fine = (0..9).flat_map(|power| [1, 2, 5].map(|n| n * 10_i128.pow(power)));
    match fine.chain(CLOCK.iter().copied()).find(|step| span / step <= most) {
        Some(step) => clock_times(zone, from, to, step),
        None => {
            let months = MONTHS.iter().copied().find(|months| span / (i128::from(*months) * 30 * DAY) <= most);
            month_times(zone, from, to, months.unwrap_or(120))
        }
    }
}

fn clock_times(zone: &TimeZone, from: i64, to: i64, step: i128) -> Vec<TimeTick> {
    let wall = |at: i128| at + offset(zone, at);
    let (from, to) = (i128::from(from), i128::from(to));
    let mut ticks = Vec::new();
    let mut at = (wall(from) + step - 1).div_euclid(step) * step;
    while at <= wall(to) && ticks.len() < MOST {
        // From the wall clock back to the instant; in a skipped hour there is none, in a repeated one the first will do.
        let instant = at - offset(zone, at - offset(zone, at));
        if let (true, Ok(instant)) = ((from..=to).contains(&instant) && wall(instant) == at, i64::try_from(instant)) {
            let major = at.rem_euclid(DAY) == 0;
            ticks.push(TimeTick { at: instant, text: text(zone, instant, step), major });
        }
        at += step;
    }
    ticks
}

fn month_times(zone: &TimeZone, from: i64, to: i64, months: i16) -> Vec<TimeTick> {
    let first = stamp(from).to_zoned(zone.clone()).date();
    let since = (first.year() * 12 + i16::from(first.month()) - 1).div_euclid(months) * months;
    let Ok(start) = civil::Date::new(since.div_euclid(12), (since.rem_euclid(12) + 1) as i8, 1) else {
        return Vec::new();
    };
    let mut ticks = Vec::new();
    for n in 0..=MOST as i32 {
        let Ok(date) = start.checked_add((n * i32::from(months)).months()) else { break };
        let Ok(at) = date.to_zoned(zone.clone()) else { break };
        let Ok(at) = i64::try_from(at.timestamp().as_nanosecond()) else { break };
        if at > to {
            break;
        }
        if at >= from {
            let text = if months >= 12 { date.strftime("%Y") } else { date.strftime("%Y-%m") };
            ticks.push(TimeTick { at, text: text.to_string(), major: date.month() == 1 });
        }
    }
    ticks
}

/// As much of a time as its step needs.
fn text(zone: &TimeZone, at: i64, step: i128) -> String {
    let there = stamp(at).to_zoned(zone.clone());
    let midnight = there.time() == civil::Time::midnight();
    let format = match step {
        DAY.. => "%Y-%m-%d",
        _ if midnight => "%Y-%m-%d",
        MINUTE.. => "%H:%M",
        SECOND.. => "%H:%M:%S",
        1_000_000.. => "%H:%M:%S.%3f",
        1_000.. => "%H:%M:%S.%6f",
        _ => "%H:%M:%S.%9f",
    };
    there.strftime(format).to_string()
}

/// How far the zone's clocks are from UTC in a span: `UTC`, `+02:00`, `+01/+02` where they are changed in it.
pub(super) fn offset_text(zone: &TimeZone, from: i64, to: i64) -> String {
    if zone == &TimeZone::UTC {
        return "UTC".into();
    }
    let of = |at: i64, format: &str| stamp(at).to_zoned(zone.clone()).strftime(format).to_string();
    let (first, last) = (of(from, "%:z"), of(to, "%:z"));
    if first == last { first } else { format!("{}/{}", first.trim_end_matches(":00"), last.trim_end_matches(":00")) }
}

/// A time in full, with its offset.
pub(crate) fn full(zone: &TimeZone, at: i64) -> String {
    let there = stamp(at).to_zoned(zone.clone());
    let format = if at % 1_000_000_000 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S.%6f" };
    let end = if zone == &TimeZone::UTC { "UTC".into() } else { there.strftime("%:z").to_string() };
    format!("{} {end}", there.strftime(format))
}

/// Every i64 of nanoseconds is a time that jiff knows.
fn stamp(at: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(at)).unwrap_or_default()
}

fn offset(zone: &TimeZone, at: i128) -> i128 {
    let stamp = Timestamp::from_nanosecond(at).unwrap_or_default();
    i128::from(zone.to_offset(stamp).seconds()) * SECOND
}

/// The step between round values, so that at most about `most` of them reach `top`; whole numbers alone.
pub(super) fn value_step(top: f64, most: usize) -> f64 {
    let least = (top / most.max(1) as f64).max(1.0);
    let power = 10_f64.powi(least.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= least * 0.999).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> i64 {
        i64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap()
    }

    fn texts(zone_name: &str, from: &str, to: &str, most: usize) -> Vec<String> {
        times(&zone(zone_name), at(from), at(to), most).into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn marks_are_round_on_the_clocks_of_the_zone() {
        for (name, from, to, expected) in [
            (
                "UTC",
                "2026-03-14T10:00:01Z",
                "2026-03-14T10:01:01Z",
                "10:00:10 10:00:20 10:00:30 10:00:40 10:00:50 10:01:00",
            ),
            ("Asia/Kabul", "2026-03-14T10:00:00Z", "2026-03-14T16:00:00Z", "15:00 16:00 17:00 18:00 19:00 20:00"),
            ("UTC", "2026-03-14T22:00:00Z", "2026-03-15T04:00:00Z", "22:00 23:00 2026-03-15 01:00 02:00 03:00 04:00"),
            // 02:00 was not there that night.
            ("Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z", "01:00 03:00 04:00 05:00"),
            ("UTC", "2026-01-20T00:00:00Z", "2026-07-02T00:00:00Z", "2026-02 2026-03 2026-04 2026-05 2026-06 2026-07"),
            ("UTC", "2019-05-01T00:00:00Z", "2023-05-01T00:00:00Z", "2020 2021 2022 2023"),
            (
                "UTC",
                "2026-03-14T10:00:00Z",
                "2026-03-14T10:00:00.000000004Z",
                "10:00:00.000000000 10:00:00.000000001 10:00:00.000000002 10:00:00.000000003 10:00:00.000000004",
            ),
        ] {
            assert_eq!(texts(name, from, to, 6).join(" "), expected, "{from}");
        }
    }

    #[test]
    fn no_span_is_too_wide_or_too_narrow() {
        for name in ["UTC", "Europe/Berlin", "America/St_Johns"] {
            for (from, to) in [(i64::MIN, i64::MAX), (0, 0), (5, 4), (i64::MAX - 1, i64::MAX), (i64::MIN, i64::MIN + 1)]
            {
                assert!(times(&zone(name), from, to, 8).len() <= 12, "{name} {from} {to}");
            }
        }
    }

    #[test]
    fn an_offset_is_told_and_so_is_its_change() {
        let (winter, summer) = (at("2026-03-29T00:00:00Z"), at("2026-03-29T02:00:00Z"));
        assert_eq!(offset_text(&zone("Europe/Berlin"), winter, winter), "+01:00");
        assert_eq!(offset_text(&zone("Europe/Berlin"), winter, summer), "+01/+02");
        assert_eq!(offset_text(&TimeZone::UTC, winter, summer), "UTC");
        assert_eq!(full(&zone("Asia/Kabul"), summer), "2026-03-29 06:30:00 +04:30");
        assert_eq!(full(&TimeZone::UTC, summer + 1_500), "2026-03-29 02:00:00.000001 UTC");
    }

    #[test]
    fn values_go_in_round_steps() {
        for (top, most, step) in
            [(0.0, 4, 1.0), (3.0, 4, 1.0), (10.0, 4, 5.0), (120.0, 4, 50.0), (999.0, 5, 200.0), (1e9, 4, 5e8)]
        {
            assert_eq!(value_step(top, most), step, "{top}");
        }
    }
}
