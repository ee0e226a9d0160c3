use super::super::{Mark, OTHER, Series, Theme, Unit};
use super::*;

/// 2026-03-14T17:42:00Z
const START: i64 = 1_773_510_120 * SECOND;

fn look(width: u32, height: u32, theme: Theme) -> Look {
    Look { width, height, theme, zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap() }
}

fn series(name: &str, values: impl IntoIterator<Item = f64>) -> Series {
    let points = values.into_iter().enumerate().map(|(n, value)| (START + n as i64 * SECOND, value)).collect();
    Series { name: name.into(), points }
}

/// A wave that is the same on every machine.
fn wave(n: usize, height: f64, length: usize) -> f64 {
    let phase = (n % length) as f64 / length as f64;
    height * (1.0 - (2.0 * phase - 1.0).abs())
}

fn packets() -> Chart {
    Chart {
        title: "Packets a second on eth0".into(),
        shape: Shape::Areas,
        unit: Unit::Count("packets/s"),
        series: vec![series("", (0..180).map(|n| 200.0 + wave(n, 900.0, 37) + wave(n, 300.0, 7)))],
        drops: vec![(START + 40 * SECOND, 12.0), (START + 41 * SECOND, 800.0), (START + 120 * SECOND, 0.0)],
        marks: vec![
            Mark { at: START + 101 * SECOND, note: "lamp switched on".into() },
            Mark { at: START + 60 * SECOND, note: "door opened".into() },
            Mark { at: START + 61 * SECOND, note: "door closed".into() },
        ],
        ..Chart::default()
    }
}

fn stacked(shape: Shape) -> Chart {
    let names = ["tls", "dns", "mqtt", "<script>alert(1)</script>", "arp", OTHER];
    let each = |(n, name): (usize, &&str)| {
        series(name, (0..120).map(|k| wave(k + 7 * n, 400_000.0 / (n + 1) as f64, 11 + 6 * n)))
    };
    Chart {
        title: "Bytes by protocol".into(),
        shape,
        unit: Unit::BytesPerSecond,
        series: names.iter().enumerate().map(each).collect(),
        ..Chart::default()
    }
}

/// Places and widths of the texts of a chart, in pixels: (left, right, middle, text).
fn texts(svg: &str) -> Vec<(f64, f64, f64, String)> {
    let value =
        |tag: &str, name: &str| tag.split_once(&format!(" {name}=\"")).unwrap().1.split_once('"').unwrap().0.to_owned();
    let tags = svg.split("<text").skip(1);
    tags.map(|rest| {
        let (tag, rest) = rest.split_once('>').unwrap();
        let text = rest.split_once("</text>").unwrap().0.trim().replace("&lt;", "<").replace("&gt;", ">");
        let (x, y) = (value(tag, "x").parse::<f64>().unwrap() / 10.0, value(tag, "y").parse::<f64>().unwrap() / 10.0);
        let share = match value(tag, "text-anchor").as_str() {
            "start" => 0.0,
            "middle" => 0.5,
            _ => 1.0,
        };
        (x - share * wide(&text), x + (1.0 - share) * wide(&text), y, text)
    })
    .collect()
}

#[test]
fn text_from_evidence_stays_text() {
    let mut chart = stacked(Shape::StackedAreas);
    chart.title = "\"<b>\u{1}&".into();
    chart.series[0].name = "a\0\u{202e}b".into();
    let svg = draw(&chart, &look(1200, 300, Theme::Light));
    assert!(svg.contains("&lt;script&gt;alert(1)") && !svg.contains("<script"), "{svg}");
    assert!(svg.contains("<title>&quot;&lt;b&gt;\u{fffd}&amp;</title>") && svg.contains("a\u{fffd}\u{fffd}b"));
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    for word in ["href", "url(", "style=", "onload", "<image", "<foreignObject"] {
        assert!(!svg.contains(word), "{word}");
    }
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    for chart in [packets(), stacked(Shape::StackedBars)] {
        assert_eq!(draw(&chart, &look(640, 180, Theme::Dark)), draw(&chart.clone(), &look(640, 180, Theme::Dark)));
    }
}

#[test]
fn words_do_not_stand_on_each_other_at_any_size() {
    let mut far = packets();
    far.series[0].points.push((START + 40 * 86_400 * SECOND, 12_345_678.0));
    let shapes = [packets(), far, stacked(Shape::StackedAreas), stacked(Shape::StackedBars), stacked(Shape::Lines)];
    for chart in shapes {
        for (width, height) in [(60, 60), (160, 80), (320, 120), (480, 160), (900, 200), (2400, 600)] {
            let svg = draw(&chart, &look(width, height, Theme::Light));
            let all = texts(&svg);
            for (n, (left, right, y, text)) in all.iter().enumerate() {
                assert!(*left >= -8.0 && *right <= f64::from(width) + 1.0, "{text}: {left} to {right} of {width}");
                assert!(*y >= 0.0 && *y <= f64::from(height.max(60)), "{text} at {y} of {height}");
                for (other_left, other_right, other_y, other) in &all[..n] {
                    let apart = right <= other_left || other_right <= left || (y - other_y).abs() >= TEXT;
                    assert!(apart, "'{text}' stands on '{other}' at {width} x {height}");
                }
            }
        }
    }
}

#[test]
fn times_are_those_of_the_zone() {
    let words = |zone: &str| {
        let look = Look { zone: jiff::tz::TimeZone::get(zone).unwrap(), ..look(900, 200, Theme::Light) };
        texts(&draw(&packets(), &look)).into_iter().map(|(.., text)| text).collect::<Vec<_>>()
    };
    let (berlin, utc) = (words("Europe/Berlin"), words("UTC"));
    assert!(berlin.contains(&"18:43:00".into()) && berlin.contains(&"+01:00".into()), "{berlin:?}");
    assert!(utc.contains(&"17:43:00".into()) && utc.contains(&"UTC".into()), "{utc:?}");
}

#[test]
fn what_was_dropped_is_said_in_a_word_and_in_red() {
    let svg = draw(&packets(), &look(900, 200, Theme::Light));
    assert!(svg.contains(">\n812 dropped</text>"), "{svg}");
    let red: Vec<&str> = svg.lines().filter(|line| line.contains("#B0241B") && line.contains("<rect")).collect();
    assert_eq!(red.len(), 4, "a band and a bar for each of two times: {red:?}");
    let none = Chart { drops: vec![(START, 0.0)], ..packets() };
    assert!(!draw(&none, &look(900, 200, Theme::Light)).contains("dropped"));
}

#[test]
fn bookmarks_are_counted_in_order_of_time() {
    let svg = draw(&packets(), &look(900, 200, Theme::Light));
    let flags: Vec<(f64, String)> = texts(&svg)
        .into_iter()
        .filter(|(.., text)| ["1", "2", "3"].contains(&text.as_str()))
        .map(|(left, .., text)| (left, text))
        .collect();
    // The second is hidden behind the first, its line is not.
    assert_eq!(flags.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    assert!(flags[0].0 < flags[1].0);
}

#[test]
fn nothing_says_so_and_one_value_is_a_dot() {
    let empty = Chart { empty: "Nothing recorded yet.", series: vec![series("dns", [])], ..packets() };
    let svg = draw(&empty, &look(400, 120, Theme::Dark));
    assert!(svg.contains("Nothing recorded yet.</text>") && !svg.contains("<polyline"));
    let one = Chart { series: vec![series("", [7.0])], drops: vec![], marks: vec![], ..packets() };
    assert!(draw(&one, &look(400, 120, Theme::Dark)).contains("<circle"));
    let one = Chart { series: vec![series("dns", [7.0])], ..stacked(Shape::StackedAreas) };
    assert!(draw(&one, &look(400, 120, Theme::Dark)).matches("<rect").count() >= 4);
}

#[test]
fn no_values_break_it() {
    let odd = [f64::NAN, f64::INFINITY, -5.0, 0.0, 1e300, f64::MIN_POSITIVE];
    let times = [i64::MIN, i64::MAX, 0, -1, START, START];
    for shape in [Shape::Lines, Shape::Areas, Shape::StackedAreas, Shape::StackedBars] {
        for span in [None, Some((i64::MIN, i64::MAX)), Some((5, 5)), Some((9, 3)), Some((START, START + 1))] {
            let points: Vec<(i64, f64)> = times.into_iter().zip(odd).collect();
            let chart = Chart {
                shape,
                span,
                series: (0..40).map(|n| Series { name: format!("n{n}"), points: points.clone() }).collect(),
                drops: points.clone(),
                marks: times.map(|at| Mark { at, note: String::new() }).to_vec(),
                ..Chart::default()
            };
            for (width, height) in [(0, 0), (1, 4_000_000_000), (300, 100)] {
                let svg = draw(&chart, &look(width, height, Theme::Light));
                assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"));
            }
            assert!(!super::super::table(&chart, &look(1, 1, Theme::Light)).rows.is_empty());
        }
    }
}

#[test]
fn no_more_is_drawn_than_can_be_seen() {
    let chart = Chart { series: vec![series("", (0..200_000).map(|n| wave(n, 50.0, 999)))], ..packets() };
    let svg = draw(&chart, &look(600, 150, Theme::Light));
    assert!(svg.len() < 40_000, "{}", svg.len());
}

/// Writes charts to look at: `LINTEL_CHARTS=/tmp/charts cargo test -p app charts`.
#[test]
fn to_look_at() {
    let Ok(folder) = std::env::var("LINTEL_CHARTS") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let empty = Chart { empty: "Nothing recorded yet.", ..Chart::default() };
    let one = Chart { series: vec![series("", [7.0])], drops: vec![], marks: vec![], ..packets() };
    let one_stacked =
        Chart { series: vec![series("dns", [7.0]), series("tls", [4.0])], ..stacked(Shape::StackedAreas) };
    let charts = [
        ("packets", packets()),
        ("areas", stacked(Shape::StackedAreas)),
        ("bars", stacked(Shape::StackedBars)),
        ("lines", stacked(Shape::Lines)),
        ("empty", empty),
        ("one", one),
        ("one-stacked", one_stacked),
    ];
    for (name, chart) in charts {
        for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            for (width, height) in [(260, 90), (520, 150), (1000, 260)] {
                let path = std::path::Path::new(&folder).join(format!("{name}-{width}-{word}.svg"));
                std::fs::write(path, draw(&chart, &look(width, height, theme))).unwrap();
            }
        }
    }
}
