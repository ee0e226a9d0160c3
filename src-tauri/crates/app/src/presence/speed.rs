//! How fast sightings are written and charts are made: `cargo xtask bench presence`.

use std::time::Instant;

use model::{Mac, Party, Sighting, Signal, Time};

use super::tests::{Told, a_case, look};
use super::*;

/// Monday 2026-03-02 00:00 UTC.
const START: i64 = 1_772_409_600;

fn number(name: &str, otherwise: i64) -> i64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
#[ignore = "takes minutes, and measures"]
fn ten_million_sightings() {
    let (sightings, days) = (number("LINTEL_SIGHTINGS", 10_000_000), number("LINTEL_DAYS", 14));
    let (devices, nodes) = (number("LINTEL_DEVICES", 1_000), 3);
    let dir = tempfile::tempdir().unwrap();
    let app = a_case(dir.path());
    let mut told = Told::new(&app);
    let began = Instant::now();
    let mut dice = 7_u64;
    let mut roll = |sides: i64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((dice >> 33) % sides as u64) as i64
    };
    for n in 0..sightings {
        let at = START + (n as i128 * i128::from(days * 86_400) / i128::from(sightings)) as i64;
        // Each is at home for twelve hours a day, of its own.
        let hour = at.rem_euclid(86_400) / 3_600;
        let device = loop {
            let device = roll(devices);
            if (hour - device % 24).rem_euclid(24) < 12 {
                break device;
            }
        };
        let avg = -40 - roll(45) as i8;
        told.one(&Sighting {
            device: Party::Mac(Mac([
                if device % 3 == 0 { 0x02 } else { 0x18 },
                0xb4,
                0x30,
                0,
                (device >> 8) as u8,
                device as u8,
            ])),
            node: format!("ac:86:74:00:10:{:02x}", roll(nodes)),
            source: "cloudtrax",
            first: Time(at * 1_000_000_000),
            last: Time((at + roll(30)) * 1_000_000_000),
            count: Some(roll(40) as u32),
            signal: Some(Signal { min: avg - 4, avg, max: avg + 4 }),
            associated: Some(device % 3 == 1),
        });
    }
    told.end();
    let seconds = began.elapsed().as_secs_f64();
    println!("{sightings} sightings of {devices} devices at {nodes} nodes in {days} days");
    println!("written in {seconds:.1} s: {:.0} a second, with their facts", sightings as f64 / seconds);
    let bytes = std::fs::metadata(dir.path().join("a.lintel/case.db")).unwrap().len();
    println!("case.db {:.0} MB", bytes as f64 / 1e6);

    let one = PresenceScope { devices: vec!["18:b4:30:00:00:07".into()], ..PresenceScope::default() };
    let hours = PresenceScope {
        since: Some("2026-03-05T10:00:00Z".into()),
        until: Some("2026-03-05T14:00:00Z".into()),
        ..PresenceScope::default()
    };
    let look = || look(1_200, 260);
    type Ask<'a> = (&'a str, Box<dyn Fn() -> usize + 'a>);
    let questions: Vec<Ask> = vec![
        (
            "lanes, first seen",
            Box::new(|| {
                presence_lanes(&app, PresenceLanesRequest { look: look(), ..Default::default() }).unwrap().lanes.len()
            }),
        ),
        (
            "lanes, by name, page 10",
            Box::new(|| {
                let request =
                    PresenceLanesRequest { look: look(), sort: PresenceSort::Name, skip: 400, ..Default::default() };
                presence_lanes(&app, request).unwrap().lanes.len()
            }),
        ),
        (
            "lanes, four hours",
            Box::new(|| {
                presence_lanes(&app, PresenceLanesRequest { scope: hours.clone(), look: look(), ..Default::default() })
                    .unwrap()
                    .lanes
                    .len()
            }),
        ),
        (
            "unique",
            Box::new(|| {
                presence_unique(&app, PresenceUniqueRequest { look: look(), ..Default::default() })
                    .unwrap()
                    .buckets
                    .len()
            }),
        ),
        (
            "signal of one",
            Box::new(|| {
                presence_signal(&app, PresenceSignalRequest { scope: one.clone(), look: look(), ..Default::default() })
                    .unwrap()
                    .nodes
                    .len()
            }),
        ),
        (
            "heat",
            Box::new(|| {
                presence_heat(&app, PresenceHeatRequest { look: look(), ..Default::default() }).unwrap().days.len()
            }),
        ),
        (
            "dwell",
            Box::new(|| {
                presence_dwell(&app, PresenceDwellRequest { look: look(), ..Default::default() }).unwrap().stays
                    as usize
            }),
        ),
        (
            "moves",
            Box::new(|| {
                presence_moves(&app, PresenceMovesRequest { look: look(), ..Default::default() }).unwrap().buckets.len()
            }),
        ),
        (
            "home",
            Box::new(|| {
                presence_home(&app, PresenceHomeRequest { look: look(), ..Default::default() }).unwrap().lanes.len()
            }),
        ),
        (
            "average by hour of one",
            Box::new(|| {
                let request = PresenceAverageRequest {
                    device: "18:b4:30:00:00:07".into(),
                    granularity: "hour".into(),
                    ..Default::default()
                };
                presence_average(&app, request).unwrap().buckets.len()
            }),
        ),
    ];
    println!("{:<28}{:>10}{:>10}{:>12}", "", "median ms", "worst ms", "figures");
    for (name, ask) in questions {
        let mut figures = 0;
        let mut times: Vec<f64> = (0..5)
            .map(|_| {
                let began = Instant::now();
                figures = ask();
                began.elapsed().as_secs_f64() * 1_000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name:<28}{:>10.1}{:>10.1}{figures:>12}", times[2], times[4]);
    }
}
