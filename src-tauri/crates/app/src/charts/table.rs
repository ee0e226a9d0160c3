//! A chart's figures as text, row by row.

use std::collections::BTreeMap;

use super::paper::{clean, figures, scale};
use super::{Chart, Look, MOST_SERIES, Table, Unit, ticks};

#[derive(Default)]
struct Row {
    values: BTreeMap<usize, f64>,
    drops: Option<f64>,
    notes: Vec<String>,
}

/// A row for each time, a column for each series, for what was dropped and for bookmarks, where there are any.
pub(crate) fn table(chart: &Chart, look: &Look) -> Table {
    let series = &chart.series[..chart.series.len().min(MOST_SERIES)];
    let unit = match chart.unit {
        Unit::Count(name) => name,
        Unit::BytesPerSecond => "bytes/s",
    };
    let mut columns = vec!["time".to_owned()];
    columns.extend(series.iter().map(|one| match (one.name.as_str(), unit) {
        ("", unit) => unit.to_owned(),
        (name, "") => clean(name),
        (name, unit) => format!("{}, {unit}", clean(name)),
    }));

    let mut rows: BTreeMap<i64, Row> = BTreeMap::new();
    for (n, one) in series.iter().enumerate() {
        for (at, value) in one.points.iter().filter(|(_, value)| value.is_finite()) {
            rows.entry(*at).or_default().values.insert(n, value.max(0.0));
        }
    }
    for (at, count) in chart.drops.iter().filter(|(_, count)| *count > 0.0 && count.is_finite()) {
        *rows.entry(*at).or_default().drops.get_or_insert(0.0) += count;
    }
    for mark in &chart.marks {
        rows.entry(mark.at).or_default().notes.push(clean(&mark.note));
    }
    let (drops, notes) = (rows.values().any(|row| row.drops.is_some()), !chart.marks.is_empty());
    columns.extend(drops.then(|| "dropped".to_owned()));
    columns.extend(notes.then(|| "bookmark".to_owned()));

    let text = |(at, row): (i64, Row)| {
        let mut cells = vec![ticks::full(&look.zone, at)];
        cells.extend(
            (0..series.len()).map(|n| row.values.get(&n).map_or_else(String::new, |value| amount(chart.unit, *value))),
        );
        cells.extend(drops.then(|| row.drops.map_or_else(String::new, figures)));
        cells.extend(notes.then(|| row.notes.join("; ")));
        cells
    };
    Table { columns, rows: rows.into_iter().map(text).collect() }
}

fn amount(unit: Unit, value: f64) -> String {
    let scale = scale(unit, value);
    match unit {
        Unit::Count(_) => figures(value),
        Unit::BytesPerSecond => format!("{}\u{202f}{}", figures(value / scale.by), scale.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mark, Series, Theme};
    use super::*;

    #[test]
    fn each_time_is_a_row() {
        let series = |name: &str, points: &[(i64, f64)]| Series { name: name.into(), points: points.to_vec() };
        let chart = Chart {
            unit: Unit::BytesPerSecond,
            series: vec![
                series("dns", &[(0, 1500.0), (1_000_000_000, f64::NAN)]),
                series("tls", &[(1_000_000_000, 7.0)]),
            ],
            drops: vec![(1_000_000_000, 3.0), (2_000_000_000, 0.0)],
            marks: vec![Mark { at: 500_000_000, note: "door\topened".into() }],
            ..Chart::default()
        };
        let look =
            Look { width: 400, height: 200, theme: Theme::Light, zone: jiff::tz::TimeZone::get("Asia/Kabul").unwrap() };
        let Table { columns, rows } = table(&chart, &look);
        assert_eq!(columns, ["time", "dns, bytes/s", "tls, bytes/s", "dropped", "bookmark"]);
        let rows: Vec<String> = rows.iter().map(|row| row.join("|").replace('\u{202f}', " ")).collect();
        assert_eq!(
            rows,
            [
                "1970-01-01 04:30:00 +04:30|1.5 kB/s|||",
                "1970-01-01 04:30:00.500000 +04:30||||door\u{fffd}opened",
                "1970-01-01 04:30:01 +04:30||7 B/s|3|",
            ]
        );
        assert_eq!(table(&Chart::default(), &look).columns, ["time"]);
    }
}
