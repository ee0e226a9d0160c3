//! Time series, against the vectors of the services that were asked so before.

use super::*;

#[test]
fn averages_are_those_of_the_old_services() {
    let dir = tempfile::tempdir().unwrap();
    let value = |first: &'static str, dbm| (PHONE, first, first, "ap1", Some(dbm), None, None);
    // The vectors of the reference.
    let app = house(dir.path(), &[value("05-01 10:00:30", 1), value("05-01 10:20:00", 3), value("05-01 11:05:00", 5)]);
    let now = Some("2026-05-01T11:30:00Z".to_owned());
    let ask = |granularity: &str, time_window: &str, value, now: &Option<String>| {
        let request = PresenceAverageRequest {
            device: PHONE.to_uppercase(),
            value,
            granularity: granularity.into(),
            time_window: time_window.into(),
            now: now.clone(),
        };
        presence_average(&app, request)
    };
    let told = |granularity: &str, window: &str, value| -> Vec<(String, f64, u64)> {
        let found = ask(granularity, window, value, &now).unwrap();
        found.buckets.into_iter().map(|one| (one.time_stamp, one.result, one.data_points)).collect()
    };
    let at = |time: &str, result, points| (format!("2026-05-01T{time}.000Z"), result, points);
    use PresenceValue::*;
    for (granularity, window, value, wanted) in [
        ("hour", "", Average, vec![at("11:00:00", 5.0, 1), at("10:00:00", 2.0, 2)]),
        ("fifteen_minute", "", Average, vec![at("11:00:00", 5.0, 1), at("10:15:00", 3.0, 1), at("10:00:00", 1.0, 1)]),
        ("all", "", Average, vec![at("11:05:00", 3.0, 3)]),
        ("", "", Average, vec![at("11:05:00", 3.0, 3)]),
        ("hour", "1h", Average, vec![at("11:00:00", 5.0, 1)]),
        // The window's beginning cuts a bucket, which keeps its place.
        ("hour", "71m", Average, vec![at("11:00:00", 5.0, 1), at("10:00:00", 3.0, 1)]),
        ("hour", "70m", Average, vec![at("11:00:00", 5.0, 1), at("10:00:00", 3.0, 1)]),
        ("hour", "69m", Average, vec![at("11:00:00", 5.0, 1)]),
        ("second", "3600s", Average, vec![at("11:05:00", 5.0, 1)]),
        ("minute", "", Sum, vec![at("11:05:00", 5.0, 1), at("10:20:00", 3.0, 1), at("10:00:00", 1.0, 1)]),
        ("thirty_minute", "", Sum, vec![at("11:00:00", 5.0, 1), at("10:00:00", 4.0, 2)]),
        ("day", "", Count, vec![at("00:00:00", 3.0, 3)]),
        ("all", "", Min, vec![at("11:05:00", -1.0, 3)]),
        ("all", "2h", Max, vec![at("11:05:00", 7.0, 3)]),
        ("all", "10s", Average, vec![]),
    ] {
        assert_eq!(told(granularity, window, value), wanted, "{granularity} {window}");
    }
    // Weeks begin on Monday, quarters in January, April, July, October.
    for (granularity, start) in
        [("week", "2026-04-27"), ("month", "2026-05-01"), ("quarter", "2026-04-01"), ("year", "2026-01-01")]
    {
        assert_eq!(told(granularity, "", Average), [(format!("{start}T00:00:00.000Z"), 3.0, 3)], "{granularity}");
    }
    // The case's newest sighting is now, unless something is being recorded.
    let newest = ask("all", "40m", Average, &None).unwrap();
    assert_eq!((newest.now_is.as_str(), newest.buckets[0].data_points), ("newest sighting", 1));
    assert_eq!(ask("all", "9999999999999h", Average, &None).unwrap().buckets[0].data_points, 3);
    for window in ["12", "h", "0h", "-1h", "1d", "1.5h", "99999999999999999999h", "1\u{200b}h", "é"] {
        assert_eq!(ask("all", window, Average, &now).unwrap_err().code, crate::Code::Invalid, "{window}");
    }
    assert_eq!(ask("none", "", Average, &now).unwrap_err().code, crate::Code::Invalid);
    let unknown = PresenceAverageRequest { device: "nobody".into(), ..Default::default() };
    assert_eq!(presence_average(&app, unknown).unwrap_err().code, crate::Code::Missing);
}
