//! Time as evidence states it: UTC nanoseconds, and what kind of clock said so.

use std::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z, UTC, without leap seconds. Covers 1677 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// Which clock a time comes from, and what happened at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeKind {
    /// The capturing machine saw the frame.
    #[default]
    Captured,
    /// The device that reports wrote it down in its log.
    Logged,
    /// The state was true when the report was made.
    Reported,
    /// The subject was last seen at that time, as the source says.
    LastSeen,
    /// The subject came into being (association start, lease start, node added).
    Created,
}

impl TimeKind {
    pub const ALL: [TimeKind; 5] =
        [TimeKind::Captured, TimeKind::Logged, TimeKind::Reported, TimeKind::LastSeen, TimeKind::Created];

    pub fn as_str(self) -> &'static str {
        match self {
            TimeKind::Captured => "captured",
            TimeKind::Logged => "logged",
            TimeKind::Reported => "reported",
            TimeKind::LastSeen => "last seen",
            TimeKind::Created => "created",
        }
    }
}

/// A text is no RFC 3339 time that fits into [`Time`].
#[derive(Debug, PartialEq, Eq)]
pub struct TimeParseError(pub String);

impl fmt::Display for TimeParseError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "'{}' is not a time such as 2026-03-14T17:42:09Z", self.0)
    }
}

impl std::error::Error for TimeParseError {}

impl Time {
    /// From seconds and nanoseconds since 1970; `None` outside 1677 to 2262.
    pub fn new(seconds: i64, nanos: i64) -> Option<Time> {
        seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Time)
    }

    /// Reads RFC 3339, with any offset, or a plain date (midnight UTC).
    pub fn parse(text: &str) -> Result<Time, TimeParseError> {
        let bad = || TimeParseError(text.to_owned());
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let stamp: jiff::Timestamp = whole.parse().map_err(|_| bad())?;
        i64::try_from(stamp.as_nanosecond()).map(Time).map_err(|_| bad())
    }
}

impl fmt::Display for Time {
    /// RFC 3339 UTC with nine digits: `2026-03-14T17:42:09.113000000Z`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (seconds, nanos) = (self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{nanos:09}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Days since 1970-01-01 to a date of the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // days since 0000-03-01, so that a leap day ends its year
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_rfc_3339_with_nine_digits() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Time(1_500_276_531_000_000_000).to_string(), "2017-07-17T07:28:51.000000000Z");
        assert_eq!(Time(951_782_400_000_000_001).to_string(), "2000-02-29T00:00:00.000000001Z");
    }

    #[test]
    fn agrees_with_jiff_over_the_whole_range() {
        let mut at = i64::MIN;
        while let Some(next) = at.checked_add(97_777_777_777_777_777) {
            let theirs = jiff::Timestamp::from_nanosecond(at.into()).unwrap();
            assert_eq!(Time(at).to_string(), format!("{theirs:.9}"));
            assert_eq!(Time::parse(&Time(at).to_string()), Ok(Time(at)));
            at = next;
        }
    }

    #[test]
    fn reads_offsets_and_dates_and_refuses_the_rest() {
        assert_eq!(Time::parse("2017-07-17T09:28:51+02:00"), Ok(Time(1_500_276_531_000_000_000)));
        assert_eq!(Time::parse("1970-01-02"), Ok(Time(86_400_000_000_000)));
        for bad in ["", "yesterday", "2017-13-01", "9999-01-01T00:00:00Z"] {
            assert!(Time::parse(bad).is_err(), "{bad}");
        }
    }
}
