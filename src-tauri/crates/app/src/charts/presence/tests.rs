use super::super::paper::{TEXT, wide};
use super::*;
use jiff::tz::TimeZone;

const HOUR: i64 = 3_600_000_000_000;
/// 2026-03-29T00:00:00Z, an hour before Berlin's clocks are changed.
const START: i64 = 1_774_742_400_000_000_000;

fn look(width: u32, height: u32, theme: Theme) -> Look {
    Look { width, height, theme, zone: TimeZone::get("Europe/Berlin").unwrap() }
}

/// One of each, with names from evidence.
fn all(look: &Look) -> Vec<Placed> {
    let names = ["Desk lamp", "<b>&\u{202e}", "a very long name of a device that somebody gave it in the hall"];
    let lanes = Lanes {
        title: "<lanes>".into(),
        span: (START, START + 6 * HOUR),
        lanes: names
            .iter()
            .map(|name| Lane {
                name: (*name).into(),
                colour: STAYING,
                bars: vec![
                    (START - HOUR, START + HOUR, 0.5),
                    (START + 5 * HOUR, START + 9 * HOUR, 7.0),
                    (START + 3 * HOUR, START + 3 * HOUR, f64::NAN),
                ],
            })
            .collect(),
        empty: "none",
    };
    let bars = Bars {
        title: "bars".into(),
        span: (START, START + 6 * HOUR),
        unit: "",
        up: vec![("arrivals", ARRIVING), ("more", MADE_UP)],
        down: vec![("departures", LEAVING)],
        bars: (0..6)
            .map(|n| Bar {
                from: START + n * HOUR,
                to: START + (n + 1) * HOUR,
                up: vec![n as f64, 2.0],
                down: vec![3.0],
            })
            .collect(),
        empty: "none",
    };
    let bands = Bands {
        title: "bands".into(),
        span: (START, START + 6 * HOUR),
        gap: HOUR,
        bands: names
            .iter()
            .map(|name| Band {
                name: (*name).into(),
                points: (0..5).map(|n| (START + n * HOUR, -80.0, -60.0 - n as f64, -40.0)).collect(),
            })
            .collect(),
        empty: "none",
    };
    let classes = Classes {
        title: "classes".into(),
        unit: "stays",
        series: vec![("devices", STAYING), ("made-up addresses", MADE_UP)],
        classes: (0..10)
            .map(|n| Class { from: format!("{n}m"), counts: vec![f64::from(n), 1_000.0 * f64::from(n)] })
            .collect(),
        empty: "none",
    };
    let heat = Heat {
        title: "heat".into(),
        unit: "devices an hour, on average".into(),
        rows: vec![("Mon", std::array::from_fn(|hour| Some(hour as f64))), ("Tue", [None; 24])],
        empty: "none",
    };
    vec![
        draw_lanes(&lanes, look),
        draw_bars(&bars, look),
        draw_bands(&bands, look),
        draw_classes(&classes, look),
        draw_heat(&heat, look),
    ]
}

#[test]
fn evidence_stays_text_and_all_stays_on_the_sheet() {
    for theme in [Theme::Light, Theme::Dark] {
        for (width, height) in [(1_200, 260), (420, 160), (60, 60), (0, 0), (u32::MAX, 90)] {
            let look = look(width, height, theme);
            for placed in all(&look) {
                let Placed { svg, left, right, top, bottom } = &placed;
                assert!(
                    !svg.contains("<b>") && !svg.contains('\u{202e}') && !svg.contains("NaN") && !svg.contains("inf"),
                    "{svg}"
                );
                assert!(0.0 <= *left && left <= right && 0.0 <= *top, "{left} {right} {top} {bottom}");
                let wide = svg.split_once(" width=\"").unwrap().1.split_once('"').unwrap().0.parse::<f64>().unwrap();
                assert!(*right <= wide || wide < 100.0, "{right} of {wide}");
            }
            assert_eq!(all(&look), all(&look));
        }
    }
}

#[test]
fn lanes_say_where_their_rows_are() {
    let placed = &all(&look(1_000, 10, Theme::Light))[0];
    assert_eq!(placed.bottom - placed.top, f64::from(3 * ROW));
    // 02:00 was not there: the axis goes from 01:00 to 03:00, and says that the clock was changed.
    assert!(placed.svg.contains("03:00") && !placed.svg.contains("02:00") && placed.svg.contains("+01/+02"));
    assert!(placed.left < 1_000.0 / 3.0 + wide("Desk lamp") + TEXT);
}

#[test]
fn a_moment_at_the_end_is_seen() {
    let lane = Lane { name: "hub".into(), colour: STAYING, bars: vec![(START + HOUR, START + HOUR, 1.0)] };
    let lanes = Lanes { span: (START, START + HOUR), lanes: vec![lane], ..Lanes::default() };
    let svg = draw_lanes(&lanes, &look(600, 80, Theme::Light)).svg;
    assert!(svg.contains("width=\"20\" height=\"140\""), "{svg}");
    let bars = Bars {
        span: (START, START + HOUR),
        up: vec![("devices", ARRIVING)],
        bars: vec![Bar { from: START + HOUR, to: START + HOUR, up: vec![3.0], down: vec![] }],
        ..Bars::default()
    };
    let svg = draw_bars(&bars, &look(600, 80, Theme::Light)).svg;
    assert!(
        svg.rsplit("<rect").next().is_some_and(|last| last.contains("width=\"10\"") && last.contains("#009E73")),
        "{svg}"
    );
}

#[test]
fn cividis_goes_from_dark_to_light() {
    let light = |share: f64| {
        let RGBColor(r, g, b) = heat::colour_of_share(share);
        0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
    };
    let steps: Vec<f64> = (0..=100).map(|n| light(f64::from(n) / 100.0)).collect();
    assert!(steps.windows(2).all(|two| two[0] < two[1]), "{steps:?}");
    assert_eq!((light(-1.0), light(2.0)), (light(0.0), light(1.0)));
}
