//! A device's signal as a time series, asked for as the old averaging services were: granularity and time window.
//!
//! Buckets are aligned in UTC and come newest first; those without values are left out. Of `all`, the time stamp is that of the newest value.
//! Values are the means that sightings state, at the time of their first frame; `min` and `max` are over the weakest and strongest that they state.

use std::collections::BTreeMap;

use case::{Condition, FactRow, Op, PageRequest, PresenceSelect};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::scope::plain;
use crate::error::{Error, Result};
use crate::state::{App, lock, now};

/// A device's signal in steps of time.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceAverageRequest {
    /// Its address or pseudonym.
    pub device: String,
    pub value: PresenceValue,
    /// `all` (if empty), `second minute fifteen_minute thirty_minute hour day week month quarter year`
    pub granularity: String,
    /// `12h`, `90m`, `30s`: so long before now. Empty: since 1970.
    pub time_window: String,
    /// RFC 3339; none: the clock's while something is being recorded or received, else the time of the case's newest sighting.
    pub now: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum PresenceValue {
    #[default]
    Average,
    Sum,
    Min,
    Max,
    Count,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct PresenceAverage {
    pub buckets: Vec<PresenceAveraged>,
    /// Where the window ends, RFC 3339 UTC.
    pub now: String,
    /// What that is: `given`, `clock`, `newest sighting`
    pub now_is: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct PresenceAveraged {
    /// `2024-05-01T13:00:00.000Z`: where the bucket begins; of `all`, the newest value.
    pub time_stamp: String,
    pub result: f64,
    #[ts(type = "number")]
    pub data_points: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Granularity {
    All,
    /// Seconds, aligned from 1970.
    Each(i64),
    Week,
    /// So many of the calendar's.
    Months(i16),
}

const GRANULARITIES: [(&str, Granularity); 11] = [
    ("all", Granularity::All),
    ("second", Granularity::Each(1)),
    ("minute", Granularity::Each(60)),
    ("fifteen_minute", Granularity::Each(900)),
    ("thirty_minute", Granularity::Each(1_800)),
    ("hour", Granularity::Each(3_600)),
    ("day", Granularity::Each(86_400)),
    ("week", Granularity::Week),
    ("month", Granularity::Months(1)),
    ("quarter", Granularity::Months(3)),
    ("year", Granularity::Months(12)),
];

const SECOND: i64 = 1_000_000_000;
/// Values that are looked up one by one.
const MOST_VALUES: usize = 500_000;

#[derive(Clone, Copy)]
struct Sum {
    sum: i64,
    points: u64,
    min: i64,
    max: i64,
}

impl Sum {
    fn plus(self, other: Sum) -> Sum {
        Sum {
            sum: self.sum + other.sum,
            points: self.points + other.points,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

pub(crate) fn presence_average(app: &App, request: PresenceAverageRequest) -> Result<PresenceAverage> {
    let case = app.open_case()?;
    let granularity = granularity(&request.granularity)?;
    let window = window(&request.time_window)?;
    let device = plain(&request.device);
    let known = !device.is_empty() && case.presence_knows(&device)?;
    if !known && crate::devices::device(app, crate::devices::DeviceId { mac: device.clone() }).is_err() {
        return Err(Error::missing(format!("there is no device '{}' in this case", request.device)));
    }
    let recording = lock(&app.sessions).iter().any(|session| session.is_recording())
        || crate::receiver::receiver_state(app, crate::receiver::ReceiverAsk::default())?.running;
    let newest = case.presence_span()?.map(|(_, end)| Time(super::nanos(end) - 1));
    let (until, now_is) = match (&request.now, newest) {
        (Some(given), _) => (Time::parse(given).map_err(|why| Error::invalid(format!("averaging: {why}")))?, "given"),
        (None, Some(newest)) if !recording => (newest, "newest sighting"),
        (None, _) => (now(), "clock"),
    };
    let since = window.map_or(Some(0), |window| until.0.checked_sub(window)).unwrap_or(0).max(0);

    let mut buckets: BTreeMap<i64, Sum> = BTreeMap::new();
    let mut newest_value = None;
    let mut put = |second: i64, sum: Sum| {
        newest_value = newest_value.max(Some(second));
        buckets.entry(start(granularity, second)).and_modify(|known| *known = known.plus(sum)).or_insert(sum);
    };
    let series = Series { case: &case, device: &device };
    let fine = matches!(granularity, Granularity::Each(seconds) if seconds < case::QUARTER);
    let whole = |ns: i64| ns.div_euclid(case::QUARTER * SECOND);
    // Quarter hours that lie in the window as a whole come as such; at its ends, and if finer ones are asked for, single values.
    let (first, last) = (whole(since.saturating_add(case::QUARTER * SECOND - 1)), whole(until.0.saturating_add(1)));
    if fine || first >= last {
        series.singly(since, until.0, &mut put)?;
    } else {
        let at = |quarter: i64| quarter * case::QUARTER * SECOND;
        series.singly(since, at(first) - 1, &mut put)?;
        series.by_quarters(first * case::QUARTER, last * case::QUARTER, &mut put)?;
        series.singly(at(last), until.0, &mut put)?;
    }
    let newest_value = match (granularity, newest_value) {
        (Granularity::All, Some(second)) => series.newest(second, until.0)?,
        _ => None,
    };
    let value = |sum: &Sum| match request.value {
        PresenceValue::Average => sum.sum as f64 / sum.points.max(1) as f64,
        PresenceValue::Sum => sum.sum as f64,
        PresenceValue::Min => sum.min as f64,
        PresenceValue::Max => sum.max as f64,
        PresenceValue::Count => sum.points as f64,
    };
    let stamp = |start: i64| match newest_value {
        Some(newest) => newest.0.div_euclid(1_000_000),
        None => start.saturating_mul(1_000),
    };
    let buckets = buckets.iter().rev().map(|(start, sum)| PresenceAveraged {
        time_stamp: milliseconds(stamp(*start)),
        result: value(sum),
        data_points: sum.points,
    });
    Ok(PresenceAverage { buckets: buckets.collect(), now: until.to_string(), now_is: now_is.into() })
}

struct Series<'a> {
    case: &'a case::Case,
    device: &'a str,
}

impl Series<'_> {
    /// Seconds, the end not included.
    fn by_quarters(&self, since: i64, until: i64, put: &mut impl FnMut(i64, Sum)) -> Result<()> {
        let devices = vec![self.device.to_owned()];
        let select = PresenceSelect { since: Some(since), until: Some(until), devices, ..PresenceSelect::default() };
        self.case.presence(&select, |heard| {
            let start = heard.quarter.saturating_mul(case::QUARTER);
            if heard.signals > 0 && (since..until).contains(&start) {
                let (min, max) = (heard.signal_min.into(), heard.signal_max.into());
                put(start, Sum { sum: heard.signal_sum.into(), points: heard.signals.into(), min, max });
            }
        })?;
        Ok(())
    }

    /// Nanoseconds, both ends included.
    fn singly(&self, since: i64, until: i64, put: &mut impl FnMut(i64, Sum)) -> Result<()> {
        if since > until {
            return Ok(());
        }
        let mut values = 0;
        self.each(since, until, &mut |ts, average, fact| {
            let number = |name: &str| fact.fields.get(name).and_then(serde_json::Value::as_i64).unwrap_or(average);
            let (min, max) = (number("signal_min"), number("signal_max"));
            put(ts.0.div_euclid(SECOND), Sum { sum: average, points: 1, min, max });
            values += 1;
            if values <= MOST_VALUES {
                return Ok(());
            }
            let why = format!(
                "averaging: more than {MOST_VALUES} single values; give a shorter time_window or a granularity of fifteen_minute or longer"
            );
            Err(Error::invalid(why))
        })
    }

    /// The newest value, which is not before a second of its quarter hour.
    fn newest(&self, second: i64, until: i64) -> Result<Option<Time>> {
        let mut newest = None;
        self.each(super::nanos(second), until, &mut |ts, _, _| {
            newest = newest.max(Some(ts));
            Ok(())
        })?;
        Ok(newest)
    }

    /// Sightings with a signal: their time and mean.
    fn each(&self, since: i64, until: i64, see: &mut dyn FnMut(Time, i64, &FactRow) -> Result<()>) -> Result<()> {
        let condition = Condition { field: "src".into(), op: Op::Is, value: self.device.into() };
        let mut request = PageRequest { limit: 20_000, ..PageRequest::default() };
        request.select.conditions = vec![condition];
        (request.select.since, request.select.until) = (Some(since), Some(until.saturating_add(1)));
        loop {
            let (facts, next, _) = self.case.facts_page(Some(model::SIGHTING.name), &request)?;
            for fact in &facts {
                let average = fact.fields.get("signal_avg").and_then(serde_json::Value::as_i64);
                if let Some((ts, average)) = fact.ts.zip(average) {
                    see(ts, average, fact)?;
                }
            }
            request.after = next;
            if request.after.is_none() {
                return Ok(());
            }
        }
    }
}

fn granularity(name: &str) -> Result<Granularity> {
    let name = if name.is_empty() { "all" } else { name };
    let known = GRANULARITIES.iter().find(|(known, _)| *known == name).map(|(_, granularity)| *granularity);
    known.ok_or_else(|| {
        let all = GRANULARITIES.map(|(name, _)| name).join(" ");
        Error::invalid(format!("averaging: there is no granularity '{name}'; there are {all}"))
    })
}

/// Nanoseconds.
fn window(text: &str) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || Error::invalid(format!("averaging: '{text}' is no time window such as 12h, 90m or 30s"));
    let unit = match text.as_bytes().last() {
        Some(b'h') => 3_600,
        Some(b'm') => 60,
        Some(b's') => 1,
        _ => return Err(bad()),
    };
    let digits =
        text.get(..text.len() - 1).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).ok_or_else(bad)?;
    let number: i64 = digits.parse().ok().filter(|number| *number > 0).ok_or_else(bad)?;
    // Longer than there has been time is all of it.
    Ok(Some(number.saturating_mul(unit).saturating_mul(SECOND)))
}

/// Where the bucket of a second begins.
fn start(granularity: Granularity, second: i64) -> i64 {
    const DAY: i64 = 86_400;
    match granularity {
        Granularity::All => 0,
        Granularity::Each(seconds) => second.div_euclid(seconds) * seconds,
        // 1970-01-01 was a Thursday.
        Granularity::Week => (second.div_euclid(DAY) + 3).div_euclid(7) * 7 * DAY - 3 * DAY,
        Granularity::Months(months) => {
            let date = Timestamp::from_second(second).unwrap_or_default().to_zoned(TimeZone::UTC).date();
            let month = (i16::from(date.month()) - 1) / months * months + 1;
            Date::new(date.year(), month as i8, 1)
                .and_then(|date| date.to_zoned(TimeZone::UTC))
                .map_or(second, |start| start.timestamp().as_second())
        }
    }
}

/// `2024-05-01T13:00:00.000Z`
fn milliseconds(ms: i64) -> String {
    let stamp = Timestamp::UNIX_EPOCH.checked_add(ms.milliseconds()).unwrap_or_default();
    format!("{stamp:.3}")
}
