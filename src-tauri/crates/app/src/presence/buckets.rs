//! Steps of time as a zone's clocks and calendars have them: an hour is one on the wall, a day may have 23 or 25 of them.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How long the steps are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStep {
    /// As fine as the chart is wide enough for.
    #[default]
    Auto,
    Quarter,
    Hour,
    SixHours,
    Day,
    Week,
    Month,
}

/// About how many seconds.
const STEPS: [(PresenceStep, i64); 6] = [
    (PresenceStep::Quarter, 900),
    (PresenceStep::Hour, 3_600),
    (PresenceStep::SixHours, 21_600),
    (PresenceStep::Day, 86_400),
    (PresenceStep::Week, 604_800),
    (PresenceStep::Month, 2_629_800),
];

/// Steps that are never exceeded, whatever is asked for: an hour each for twenty years.
const MOST: i64 = 180_000;

#[derive(Clone, Debug)]
pub(super) struct Buckets {
    pub step: PresenceStep,
    /// Where each begins, seconds since 1970 UTC, and where the last ends.
    edges: Vec<i64>,
    /// The one that was asked for last: the next is mostly the same.
    at: usize,
}

impl Buckets {
    /// The steps that a time has a part in. `auto`: about how many there may be if nobody says how long they are.
    pub fn new(zone: &TimeZone, (since, until): (i64, i64), step: PresenceStep, auto: usize) -> Buckets {
        let span = until.saturating_sub(since).max(1);
        let most = if step == PresenceStep::Auto { (auto.max(1) as i64).min(MOST) } else { MOST };
        let fits = |(one, seconds): &&(PresenceStep, i64)| *one >= step && span / seconds <= most;
        let step = STEPS.iter().find(fits).map_or(PresenceStep::Month, |(step, _)| *step);
        let mut edges = vec![start(zone, since, step)];
        while let Some(last) = edges.last().copied().filter(|last| *last < until) {
            // Steps go on, whatever a zone's rules say.
            edges.push(next(zone, last, step).filter(|next| *next > last).unwrap_or(last + 900));
        }
        if edges.len() == 1 {
            edges.extend(edges.first().map(|first| first + 1));
        }
        Buckets { step, edges, at: 0 }
    }

    pub fn len(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// From and to, in order.
    pub fn spans(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.edges.iter().copied().zip(self.edges.iter().skip(1).copied())
    }

    /// The step that a second lies in.
    pub fn of(&mut self, second: i64) -> Option<usize> {
        let holds = |at: usize| {
            self.edges.get(at).is_some_and(|from| *from <= second)
                && self.edges.get(at + 1).is_some_and(|to| second < *to)
        };
        if !holds(self.at) {
            self.at = match self.at + 1 {
                next if holds(next) => next,
                _ => self.edges.partition_point(|edge| *edge <= second).checked_sub(1)?,
            };
        }
        (self.at < self.len()).then_some(self.at)
    }
}

fn stamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

/// Seconds past a full hour on the zone's clock.
fn past_hour(zone: &TimeZone, second: i64) -> i64 {
    (second + i64::from(zone.to_offset(stamp(second)).seconds())).rem_euclid(3_600)
}

fn start(zone: &TimeZone, second: i64, step: PresenceStep) -> i64 {
    let there = stamp(second).to_zoned(zone.clone());
    let date = there.date();
    let of = |date: Date, hour: i8| instant(zone, date, hour).unwrap_or(second);
    match step {
        PresenceStep::Auto | PresenceStep::Quarter => second.div_euclid(900) * 900,
        PresenceStep::Hour => second - past_hour(zone, second),
        PresenceStep::SixHours => of(date, there.hour() / 6 * 6),
        PresenceStep::Day => of(date, 0),
        PresenceStep::Week => of(monday(date), 0),
        PresenceStep::Month => of(date.first_of_month(), 0),
    }
}

fn next(zone: &TimeZone, second: i64, step: PresenceStep) -> Option<i64> {
    let there = stamp(second).to_zoned(zone.clone());
    let date = there.date();
    match step {
        PresenceStep::Auto | PresenceStep::Quarter => Some(second + 900),
        PresenceStep::Hour => Some(second + 3_600 - past_hour(zone, second)),
        PresenceStep::SixHours if there.hour() < 18 => instant(zone, date, there.hour() / 6 * 6 + 6),
        PresenceStep::SixHours | PresenceStep::Day => instant(zone, date.tomorrow().ok()?, 0),
        PresenceStep::Week => instant(zone, monday(date).checked_add(7.days()).ok()?, 0),
        PresenceStep::Month => instant(zone, date.first_of_month().checked_add(1.month()).ok()?, 0),
    }
}

fn instant(zone: &TimeZone, date: Date, hour: i8) -> Option<i64> {
    let time = Time::new(hour, 0, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

fn monday(date: Date) -> Date {
    date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(zone: &str, from: &str, to: &str, step: PresenceStep) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let buckets = Buckets::new(&zone, (second(from), second(to)), step, 10);
        buckets.edges.iter().map(|edge| stamp(*edge).to_zoned(zone.clone()).strftime("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn steps_are_those_of_the_zones_clock() {
        use PresenceStep::{Auto, Day, Hour, Month, SixHours, Week};
        for (zone, from, to, step, wanted) in [
            ("UTC", "2026-03-28T22:10:00Z", "2026-03-29T00:30:00Z", Hour, "28 22:00|28 23:00|29 00:00|29 01:00"),
            // 02:00 was not there that night, and was there twice in October.
            ("Europe/Berlin", "2026-03-29T00:10:00Z", "2026-03-29T02:00:00Z", Hour, "29 01:00|29 03:00|29 04:00"),
            ("Europe/Berlin", "2026-10-25T00:10:00Z", "2026-10-25T02:00:00Z", Hour, "25 02:00|25 02:00|25 03:00"),
            ("Asia/Kabul", "2026-03-29T00:10:00Z", "2026-03-29T01:40:00Z", Hour, "29 04:00|29 05:00|29 06:00|29 07:00"),
            (
                "Europe/Berlin",
                "2026-03-28T23:10:00Z",
                "2026-03-29T12:00:00Z",
                SixHours,
                "29 00:00|29 06:00|29 12:00|29 18:00",
            ),
            ("Europe/Berlin", "2026-03-28T23:10:00Z", "2026-03-29T22:00:00Z", Day, "29 00:00|30 00:00"),
            ("Europe/Berlin", "2026-03-28T23:10:00Z", "2026-03-30T22:00:00Z", Week, "23 00:00|30 00:00|06 00:00"),
            ("UTC", "2026-01-31T00:00:00Z", "2026-02-03T00:00:00Z", Month, "01 00:00|01 00:00|01 00:00"),
            // 10 at most: hours would be 12.
            ("UTC", "2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z", Auto, "01 00:00|01 06:00|01 12:00"),
        ] {
            assert_eq!(edges(zone, from, to, step).join("|"), wanted, "{zone} {from} {step:?}");
        }
    }

    #[test]
    fn a_second_is_found_in_its_step_whatever_the_order() {
        let mut buckets = Buckets::new(&TimeZone::UTC, (900, 9_000), PresenceStep::Quarter, 1);
        assert_eq!(buckets.len(), 9);
        for (second, wanted) in [
            (900, Some(0)),
            (1_799, Some(0)),
            (1_800, Some(1)),
            (8_999, Some(8)),
            (899, None),
            (9_000, None),
            (900, Some(0)),
        ] {
            assert_eq!(buckets.of(second), wanted, "{second}");
        }
        let long = Buckets::new(&TimeZone::UTC, (631_152_000, 4_102_444_800), PresenceStep::Quarter, 1);
        assert!(long.len() as i64 <= MOST && long.step == PresenceStep::SixHours, "{:?}", long.step);
    }
}
