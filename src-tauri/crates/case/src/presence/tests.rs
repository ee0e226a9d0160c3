//! What charts are given is what was told: against a plain count of every sighting.

use std::collections::BTreeMap;

use model::{Party, Sighting, Signal, Time};

use super::{Heard, PresenceSelect, QUARTER};
use crate::{Actor, Batch, Case, NewEvidence, PageRequest, RunId};

/// Monday 2026-03-30 00:00 UTC.
const MONDAY: i64 = 1_774_828_800;

fn sighting(device: &str, node: &str, first: i64, last: i64) -> Sighting {
    Sighting {
        device: Party::Name(device.into()),
        node: node.into(),
        source: "cloudtrax",
        first: Time(first * 1_000_000_000),
        last: Time(last * 1_000_000_000),
        count: None,
        signal: None,
        associated: None,
    }
}

fn a_case(dir: &std::path::Path) -> Case {
    let actor = Actor { actor: "tester".into(), machine: "bench".into(), version: "0".into() };
    let about = crate::About { name: "a".into(), ..Default::default() };
    Case::create(&dir.join("a.lintel"), &about, actor, Time(0)).unwrap()
}

fn a_run(case: &Case, name: &str) -> RunId {
    let new = NewEvidence { path: format!("/e/{name}.json"), kind: "cloudtrax".into(), ..NewEvidence::default() };
    let item = case.evidence_begin(&new, Time(0)).unwrap();
    case.run_begin(item, "cloudtrax", "1", Time(0)).unwrap()
}

fn write(case: &Case, run: RunId, batches: &[Vec<Sighting>]) {
    let mut writer = case.writer().unwrap();
    for presence in batches {
        writer.write(run, &Batch { presence: presence.clone(), ..Batch::default() }).unwrap();
    }
}

fn all(case: &Case, select: &PresenceSelect) -> Vec<Heard> {
    let mut found = Vec::new();
    case.presence(select, |heard| found.push(*heard)).unwrap();
    found
}

fn issues(case: &Case) -> Vec<String> {
    let view = crate::VIEWS.iter().find(|view| view.name == "issues").unwrap();
    let page = case.page(view, &PageRequest { limit: 100, ..PageRequest::default() }).unwrap();
    page.rows.iter().map(|row| row["why"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_interval_is_spread_over_the_quarter_hours_that_it_spans() {
    // From and to in seconds after Monday, frames -> (quarter hour, from, to, sightings, frames)
    type Row = (i64, u16, u16, u32, u32);
    let table: &[(i64, i64, u32, &[Row])] = &[
        (0, 0, 7, &[(0, 0, 0, 1, 7)]),
        (12, 899, 7, &[(0, 12, 899, 1, 7)]),
        (899, 900, 10, &[(0, 899, 899, 1, 5), (1, 0, 0, 0, 5)]),
        (0, 2_699, 9, &[(0, 0, 899, 1, 3), (1, 0, 899, 0, 3), (2, 0, 899, 0, 3)]),
        (1_700, 1_600, 3, &[(1, 800, 800, 1, 3)]), // ends before it begins: a moment
    ];
    for (first, last, frames, wanted) in table {
        let dir = tempfile::tempdir().unwrap();
        let case = a_case(dir.path());
        let run = a_run(&case, "one");
        let signal = Some(Signal { min: -90, avg: -60, max: -20 });
        let told = Sighting { count: Some(*frames), signal, ..sighting("phone", "", MONDAY + first, MONDAY + last) };
        write(&case, run, &[vec![told]]);
        let found = all(&case, &PresenceSelect::default());
        let rows: Vec<Row> = found
            .iter()
            .map(|heard| (heard.quarter - MONDAY / QUARTER, heard.first, heard.last, heard.sightings, heard.frames))
            .collect();
        assert_eq!(rows, *wanted, "{first} {last}");
        // A value is counted once, where it was told.
        let signals: Vec<_> =
            found.iter().map(|heard| (heard.signals, heard.signal_sum, heard.signal_min, heard.signal_max)).collect();
        assert_eq!(signals[0], (1, -60, -90, -20));
        assert!(signals[1..].iter().all(|signal| *signal == (0, 0, 0, 0)));
        let (end, last) = (case.presence_span().unwrap().unwrap(), rows.last().unwrap());
        assert_eq!(end, (MONDAY + first, MONDAY + last.0 * QUARTER + i64::from(last.2) + 1));
    }
}

#[test]
fn what_many_batches_tell_is_added_up() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path());
    let runs = [a_run(&case, "one"), a_run(&case, "two")];
    /// Sightings, frames, sum of signals, weakest, strongest, joined.
    type Sums = (u32, u32, i32, i8, i8, Option<bool>);
    let mut plain: BTreeMap<(String, i64, String), Sums> = BTreeMap::new();
    let mut roll = 7_u64;
    let mut dice = |sides: u64| {
        roll = roll.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (roll >> 33) % sides
    };
    for run in runs {
        let mut batches = Vec::new();
        for batch in 0..40 {
            let mut told = Vec::new();
            for _ in 0..50 {
                let (device, node) = (format!("device {}", dice(6)), format!("node {}", dice(3)));
                let first = MONDAY + batch * 300 + dice(900) as i64;
                let avg = -(dice(70) as i8) - 20;
                let signal = (dice(3) > 0).then_some(Signal { min: avg - 3, avg, max: avg + 3 });
                let associated = [None, Some(false), Some(true)][dice(3) as usize];
                let frames = dice(9) as u32;
                told.push(Sighting {
                    count: Some(frames),
                    signal,
                    associated,
                    ..sighting(&device, &node, first, first)
                });
                let sums = plain.entry((device, first / QUARTER, node)).or_insert((0, 0, 0, i8::MAX, i8::MIN, None));
                sums.0 += 1;
                sums.1 += frames;
                if let Some(signal) = signal {
                    sums.2 += i32::from(avg);
                    sums.3 = sums.3.min(signal.min);
                    sums.4 = sums.4.max(signal.max);
                }
                sums.5 = sums.5.max(associated);
            }
            batches.push(told);
        }
        write(&case, run, &batches);
    }
    let check = |select: &PresenceSelect, holds: &dyn Fn(&str, i64, &str) -> bool| {
        let found = all(&case, select);
        assert!(found.windows(2).all(|two| {
            let key = |heard: &Heard| (heard.quarter / 4, heard.device, heard.quarter, heard.node);
            key(&two[0]) <= key(&two[1])
        }));
        let mut sums = BTreeMap::new();
        for heard in found {
            let [device, node]: [String; 2] =
                case.presence_names(&[heard.device, heard.node]).unwrap().try_into().unwrap();
            let sum = sums.entry((device, heard.quarter, node)).or_insert((0, 0, 0, i8::MAX, i8::MIN, None));
            sum.0 += heard.sightings;
            sum.1 += heard.frames;
            sum.2 += heard.signal_sum;
            if heard.signals > 0 {
                sum.3 = heard.signal_min.min(sum.3);
                sum.4 = heard.signal_max.max(sum.4);
            }
            sum.5 = heard.associated.max(sum.5);
        }
        let wanted: BTreeMap<_, _> =
            plain.iter().filter(|((d, q, n), _)| holds(d, *q, n)).map(|(key, sum)| (key.clone(), *sum)).collect();
        assert!(!wanted.is_empty());
        assert_eq!(sums, wanted);
    };
    check(&PresenceSelect::default(), &|_, _, _| true);
    let select = PresenceSelect {
        devices: vec!["device 2".into(), "device 5".into(), "nobody".into()],
        nodes: vec!["node 1".into()],
        ..PresenceSelect::default()
    };
    check(&select, &|device, _, node| ["device 2", "device 5"].contains(&device) && node == "node 1");
    let (since, until) = (MONDAY + 3 * QUARTER, MONDAY + 9 * QUARTER);
    let select = PresenceSelect { since: Some(since), until: Some(until), ..PresenceSelect::default() };
    check(&select, &|_, quarter, _| (since / QUARTER..until / QUARTER).contains(&quarter));

    let nobody = PresenceSelect { devices: vec!["nobody".into()], ..PresenceSelect::default() };
    assert_eq!(all(&case, &nobody), []);
    let begun = case.run(runs[0]).unwrap().unwrap().evidence;
    case.purge_runs_of(begun).unwrap();
    case.purge_runs_of(case.run(runs[1]).unwrap().unwrap().evidence).unwrap();
    assert_eq!((all(&case, &PresenceSelect::default()), case.presence_span().unwrap()), (vec![], None));
}

#[test]
fn what_no_chart_can_show_is_told_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path());
    let run = a_run(&case, "one");
    let second = i64::MAX / 1_000_000_000;
    let mut told = vec![
        sighting("a", "n", 0, 10),
        sighting("a", "n", -second, second),
        sighting("a", "n", second, second),
        sighting("b", "n", MONDAY, second),
    ];
    let month = 31 * 24 * 3600;
    told.extend((0..400).map(|n| sighting("c", "n", MONDAY - month * (n % 7), MONDAY - month * (n % 7) + month - 1)));
    write(&case, run, &[told]);
    let found = all(&case, &PresenceSelect::default());
    let names = case.presence_names(&[1, 2, 3]).unwrap();
    assert_eq!(names, ["a", "n", "b"]);
    let of_b: Vec<&Heard> = found.iter().filter(|heard| heard.device == 3).collect();
    assert_eq!(of_b.len(), 31 * 96);
    assert!(found.iter().all(|heard| heard.device != 1));
    // Each began, though not all are drawn through: 400 in seven months.
    let of_c = found.iter().filter(|heard| heard.device == 4);
    assert_eq!(of_c.clone().map(|heard| heard.sightings).sum::<u32>(), 400);
    assert!(of_c.count() <= 7 * 31 * 96);
    let why = issues(&case).join(" | ");
    for word in ["no clock that was set", "first 31 days", "beginnings and ends"] {
        assert!(why.contains(word), "{word}: {why}");
    }
    assert_eq!(issues(&case).len(), 3);
    assert_eq!(case.counts().unwrap().issues, 3);
}

#[test]
fn a_crowd_takes_several_blobs_and_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path());
    let run = a_run(&case, "one");
    let batch = |from: i64| {
        (from..from + 10_000).map(|n| sighting(&format!("{n}"), "n", MONDAY + n % 900, MONDAY + n % 900)).collect()
    };
    write(&case, run, &[batch(0), batch(10_000), batch(20_000), batch(25_000), batch(35_000)]);
    let found = all(&case, &PresenceSelect::default());
    assert!(found.is_sorted_by_key(|heard| heard.device));
    let mut sightings = BTreeMap::new();
    found.iter().for_each(|heard| *sightings.entry(heard.device).or_insert(0) += heard.sightings);
    assert_eq!(sightings.len(), 45_000);
    assert_eq!(sightings.values().filter(|count| **count == 2).count(), 5_000);
    let one = PresenceSelect { devices: vec!["27000".into()], ..PresenceSelect::default() };
    assert_eq!(all(&case, &one).iter().map(|heard| heard.sightings).sum::<u32>(), 2);
}

#[test]
fn a_damaged_blob_is_an_error_and_no_panic() {
    let record = Heard {
        device: 1,
        node: 2,
        quarter: -5,
        sightings: u32::MAX,
        frames: 3,
        first: 0,
        last: 899,
        signals: 7,
        signal_sum: i32::MIN,
        signal_min: -128,
        signal_max: 127,
        associated: Some(false),
        randomised: true,
    };
    let mut data = Vec::new();
    record.push(&mut data);
    assert_eq!(super::record::records(-2, &data).unwrap().next(), Some(record));
    assert!(super::record::records(0, &data[..31]).is_err());
    assert!(super::record::records(i64::MAX, &data).is_err());
    // Nor do sums that are full.
    let mut sum = record;
    sum.merge(&record);
    assert_eq!((sum.sightings, sum.signals, sum.signal_sum), (u32::MAX, 7, i32::MIN));
}
