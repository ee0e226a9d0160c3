//! Questions to a small house, and what they are answered.

mod average;

use std::path::Path;
use std::sync::Arc;

use case::{About, Batch, Case, NewEvidence, RunId};
use model::{Cancelled, Fact, Frame, Interface, Issue, Mac, Party, Place, Sighting, Signal, Sink, Time};

use super::*;
use crate::state::{App, actor};

/// An application with an open, empty case in Berlin.
pub(super) fn a_case(dir: &Path) -> Arc<App> {
    let app = App::new(Some(dir.join("settings")));
    let about = About { name: "House".into(), zone: "Europe/Berlin".into(), ..About::default() };
    let case = Case::create(&dir.join("a.lintel"), &about, actor(), Time(0)).unwrap();
    app.set_case(Some(Arc::new(case)));
    app
}

/// Tells a case sightings, as an import would.
pub(super) struct Told {
    case: Arc<Case>,
    run: RunId,
    batches: std::sync::mpsc::SyncSender<Batch>,
    writing: std::thread::JoinHandle<()>,
    sink: Collected,
}

#[derive(Default)]
struct Collected(Batch);

impl Sink for Collected {
    fn interface(&mut self, _: &Interface) {}
    fn frame(&mut self, _: &Frame) -> Result<(), Cancelled> {
        Ok(())
    }
    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        self.0.facts.push(&fact);
        Ok(())
    }
    fn issue(&mut self, _: Issue) {}
    fn sighting(&mut self, sighting: &Sighting) {
        self.0.presence.push(sighting.clone());
    }
}

impl Told {
    pub fn new(app: &App) -> Told {
        let case = app.open_case().unwrap();
        let new = NewEvidence { path: "/e/1.json".into(), kind: "cloudtrax".into(), ..NewEvidence::default() };
        let item = case.evidence_begin(&new, Time(0)).unwrap();
        let run = case.run_begin(item, "cloudtrax", "1", Time(0)).unwrap();
        let (batches, come) = std::sync::mpsc::sync_channel::<Batch>(2);
        let written = case.clone();
        let writing = std::thread::spawn(move || {
            let mut writer = written.writer().unwrap();
            come.iter().for_each(|batch| writer.write(run, &batch).unwrap());
        });
        Told { case, run, batches, writing, sink: Collected::default() }
    }

    pub fn one(&mut self, sighting: &Sighting) {
        sighting.tell(Place::bytes(0, 1), |_| {}, &mut self.sink).unwrap();
        if self.sink.0.len() >= 16_384 {
            self.batches.send(std::mem::take(&mut self.sink.0)).unwrap();
        }
    }

    pub fn end(self) {
        self.batches.send(self.sink.0).unwrap();
        drop(self.batches);
        self.writing.join().unwrap();
        self.case.run_end(self.run, case::RunStatus::Done, Time(0)).unwrap();
        self.case.index().unwrap();
    }
}

pub(super) fn look(width: u32, height: u32) -> PresenceLook {
    PresenceLook { width, height, ..PresenceLook::default() }
}

/// In UTC, `03-29 01:10:00`, of 2026.
fn at(text: &str) -> Time {
    Time::parse(&format!("2026-{}Z", text.replace(' ', "T"))).unwrap()
}

fn ms(text: &str) -> i64 {
    at(text).0 / 1_000_000
}

/// Device, first, last, observer, dBm, frames, joined.
type Row = (&'static str, &'static str, &'static str, &'static str, Option<i8>, Option<u32>, Option<bool>);

fn house(dir: &Path, sightings: &[Row]) -> Arc<App> {
    let app = a_case(dir);
    let mut told = Told::new(&app);
    for (device, first, last, node, signal, count, associated) in sightings {
        let device = Mac::parse(device).map_or_else(|_| Party::Name((*device).into()), Party::Mac);
        let signal = signal.map(|avg| Signal { min: avg - 2, avg, max: avg + 2 });
        let (first, last) = (at(first), at(last));
        told.one(&Sighting {
            device,
            node: (*node).into(),
            source: "cloudtrax",
            first,
            last,
            count: *count,
            signal,
            associated: *associated,
        });
    }
    told.end();
    app
}

const PHONE: &str = "18:b4:30:00:00:07";
const GUEST: &str = "4e:20:5d:18:d0:ab"; // made up

/// A Sunday on which Berlin's clocks went from 02:00 to 03:00, at 01:00 UTC.
fn sunday(dir: &Path) -> Arc<App> {
    house(
        dir,
        &[
            (PHONE, "03-29 00:05:00", "03-29 00:20:00", "ap1", Some(-50), Some(200), Some(true)),
            (PHONE, "03-29 00:22:00", "03-29 00:40:00", "ap2", Some(-70), Some(100), Some(true)),
            (GUEST, "03-29 00:30:00", "03-29 00:30:20", "ap1", Some(-85), Some(2), Some(false)),
            (PHONE, "03-29 01:10:00", "03-29 01:10:00", "ap1", Some(-60), Some(1), Some(true)),
            (GUEST, "03-29 02:00:10", "03-29 02:00:40", "ap1", Some(-55), Some(3), Some(false)),
            (PHONE, "03-29 03:00:00", "03-29 05:00:00", "ap1", Some(-52), Some(900), Some(true)),
        ],
    )
}

#[test]
fn lanes_join_what_is_close() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let lanes = |request: PresenceLanesRequest| {
        let found = presence_lanes(&app, request).unwrap();
        let bar = |bar: &PresenceBar| (bar.from_ms, bar.to_ms, bar.sightings);
        let bars: Vec<(String, Vec<_>)> =
            found.lanes.iter().map(|lane| (lane.device.id.clone(), lane.bars.iter().map(bar).collect())).collect();
        (bars, found)
    };
    let span =
        |from: &str, to: &str, sightings: u64| (ms(&format!("03-29 {from}")), ms(&format!("03-29 {to}")), sightings);
    let of_phone =
        vec![span("00:05:00", "00:40:00", 2), span("01:10:00", "01:10:00", 1), span("03:00:00", "05:00:00", 1)];
    let of_guest = vec![span("00:30:00", "00:30:20", 1), span("02:00:10", "02:00:40", 1)];
    let (bars, found) = lanes(PresenceLanesRequest { look: look(800, 200), ..Default::default() });
    assert_eq!(bars, [(PHONE.to_owned(), of_phone.clone()), (GUEST.to_owned(), of_guest.clone())]);
    assert_eq!((found.devices, found.exact, found.joined_s), (2, true, 300));
    assert_eq!((found.lanes[0].total_s, found.lanes[0].sightings), (35 * 60 + 7_200, 4));
    assert!(found.lanes[1].device.randomised);
    let picture = found.picture.unwrap();
    assert!(picture.svg.contains("<title>When devices were near</title>") && picture.svg.contains(PHONE));
    assert!(
        picture.left > 100.0
            && picture.right > 700.0
            && picture.bottom - picture.top >= 2.0 * f64::from(found.lane_height)
    );
    assert_eq!(found.table.rows[0][2], "2026-03-29 01:05:00 +01:00");

    // The gap, the page, the order, the scope.
    let (bars, _) = lanes(PresenceLanesRequest { gap_s: 60, ..Default::default() });
    assert_eq!(bars[0].1[..2], [span("00:05:00", "00:20:00", 1), span("00:22:00", "00:40:00", 1)]);
    let (bars, found) = lanes(PresenceLanesRequest { sort: PresenceSort::TotalTime, limit: 1, ..Default::default() });
    assert_eq!((bars.len(), bars[0].0.as_str(), found.devices), (1, GUEST, 2));
    let scope = PresenceScope {
        since: Some("2026-03-29T00:10:00Z".into()),
        until: Some("2026-03-29T04:00:00Z".into()),
        devices: vec![PHONE.to_uppercase()],
        nodes: vec!["ap1".into()],
        ..Default::default()
    };
    let (bars, _) = lanes(PresenceLanesRequest { scope, ..Default::default() });
    let inside =
        vec![span("00:10:00", "00:20:00", 1), span("01:10:00", "01:10:00", 1), span("03:00:00", "04:00:00", 1)];
    assert_eq!(bars, [(PHONE.to_owned(), inside)]);
    // Farther away, quarter hours are told.
    let far = PresenceScope { until: Some("2026-03-30T00:00:00Z".into()), ..Default::default() };
    let (bars, found) = lanes(PresenceLanesRequest { scope: far, ..Default::default() });
    assert_eq!((bars[0].1.clone(), bars[1].1.clone(), found.exact), (of_phone, of_guest, false));
    let staying = PresenceScope { without_randomised: true, ..Default::default() };
    assert_eq!(lanes(PresenceLanesRequest { scope: staying, ..Default::default() }).0.len(), 1);
    let none = PresenceScope { devices: vec!["nobody".into()], ..Default::default() };
    let (bars, found) = lanes(PresenceLanesRequest { scope: none, look: look(400, 100), ..Default::default() });
    assert!(bars.is_empty() && found.picture.unwrap().svg.contains("Nobody was heard"));
}

#[test]
fn a_device_counts_once_in_a_step() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let unique = |step, zone: &str| {
        let scope = PresenceScope { zone: zone.into(), ..Default::default() };
        let found = presence_unique(&app, PresenceUniqueRequest { scope, step, look: look(600, 200) }).unwrap();
        assert!(found.picture.unwrap().svg.contains("made-up addresses"));
        found.buckets.iter().map(|one| (one.from_ms, one.devices, one.randomised)).collect::<Vec<_>>()
    };
    let hour = |from: &str, devices, made_up| (ms(&format!("03-29 {from}:00")), devices, made_up);
    let hours = [
        hour("00:00", 1, 1),
        hour("01:00", 1, 0),
        hour("02:00", 0, 1),
        hour("03:00", 1, 0),
        hour("04:00", 1, 0),
        hour("05:00", 1, 0),
    ];
    assert_eq!(unique(PresenceStep::Hour, ""), hours);
    assert_eq!(unique(PresenceStep::Day, ""), [(ms("03-28 23:00:00"), 1, 1)]);
    assert_eq!(unique(PresenceStep::Day, "America/Los_Angeles"), [(ms("03-28 07:00:00"), 1, 1)]);
}

#[test]
fn hours_of_the_week_are_those_of_the_wall() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let heat = presence_heat(&app, PresenceHeatRequest { look: look(700, 240), ..Default::default() }).unwrap();
    let sunday: Vec<Option<f64>> = heat.days[6].hours.iter().map(|hour| hour.average).collect();
    // 00:00 UTC was 01:00 in Berlin, 01:00 UTC was 03:00: there was no 02:00.
    assert_eq!(sunday[..9], [None, Some(2.0), None, Some(1.0), Some(1.0), Some(1.0), Some(1.0), Some(1.0), None]);
    assert!(heat.days[..6].iter().all(|day| day.hours.iter().all(|hour| hour.hours == 0)));
    // Two weeks make an average; the clock's repeated hour in October counts twice.
    let dir = tempfile::tempdir().unwrap();
    let app = house(
        dir.path(),
        &[
            (PHONE, "10-25 00:30:00", "10-25 01:10:00", "ap1", None, None, None),
            (GUEST, "11-01 01:30:00", "11-01 01:30:00", "ap1", None, None, None),
        ],
    );
    let heat = presence_heat(&app, PresenceHeatRequest::default()).unwrap();
    let two = heat.days[6].hours[2];
    assert_eq!((two.hours, two.devices, two.average), (3, 3, Some(1.0)));
}

#[test]
fn stays_are_split_and_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let dwell = |gap_s| {
        let found =
            presence_dwell(&app, PresenceDwellRequest { gap_s, look: look(600, 200), ..Default::default() }).unwrap();
        let some = found.classes.iter().filter(|class| class.devices + class.randomised > 0);
        (
            found.stays,
            found.cut,
            some.map(|class| (class.name.clone(), class.devices, class.randomised)).collect::<Vec<_>>(),
        )
    };
    let class = |name: &str, devices, made_up| (name.to_owned(), devices, made_up);
    assert_eq!(dwell(300), (5, 2, vec![class("< 1 min", 1, 2), class("30–60 min", 1, 0), class("2–4 h", 1, 0)]));
    assert_eq!(dwell(2 * 3_600), (2, 1, vec![class("1–2 h", 0, 1), class("4–8 h", 1, 0)]));

    let moves = presence_moves(
        &app,
        PresenceMovesRequest { step: PresenceStep::Hour, look: look(600, 200), ..Default::default() },
    )
    .unwrap();
    let told: Vec<(u32, u32)> = moves.buckets.iter().map(|one| (one.arrivals, one.departures)).collect();
    assert_eq!(told, [(1, 2), (1, 1), (1, 1), (1, 0), (0, 0), (0, 0)]);
    assert_eq!((moves.there_before, moves.there_after), (1, 1));
}

#[test]
fn a_signal_is_told_by_observer() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let scope = PresenceScope { devices: vec![PHONE.into()], ..Default::default() };
    let signal = presence_signal(
        &app,
        PresenceSignalRequest { scope: scope.clone(), look: look(600, 200), step: PresenceStep::Day },
    )
    .unwrap();
    let told: Vec<_> = signal
        .nodes
        .iter()
        .map(|node| {
            (
                node.node.id.as_str(),
                node.points[0].min,
                node.points[0].average,
                node.points[0].max,
                node.points[0].values,
            )
        })
        .collect();
    assert_eq!(told, [("ap1", -62, -54.0, -48, 3), ("ap2", -72, -70.0, -68, 1)]);
    assert!(signal.picture.unwrap().svg.contains("dBm"));
    assert!(presence_signal(&app, PresenceSignalRequest::default()).is_err());
}

#[test]
fn home_is_a_conclusion_with_its_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let app = sunday(dir.path());
    let home = presence_home(&app, PresenceHomeRequest { look: look(600, 200), ..Default::default() }).unwrap();
    let told: Vec<_> = home
        .lanes
        .iter()
        .flat_map(|lane| {
            lane.stays.iter().map(|stay| {
                (lane.device.id.as_str(), stay.confidence, stay.conclusion.as_str(), stay.reasons.join(", "))
            })
        })
        .collect();
    let joined = |signal: &str| format!("joined the network{signal}");
    assert_eq!(
        told,
        [
            (PHONE, 1.0, "probably at home", joined(", strong signal: -60 dBm")),
            (PHONE, 1.0, "probably at home", joined(", strong signal: -52 dBm")),
            (
                GUEST,
                0.0,
                "heard nearby, perhaps only passing",
                "only probes, made-up address, weak signal: -85 dBm".to_owned()
            ),
            (
                GUEST,
                0.28,
                "heard nearby, perhaps only passing",
                "only probes, made-up address, strong signal: -55 dBm".to_owned()
            ),
        ]
    );
    let thresholds =
        PresenceThresholds { gap_s: 60, randomised: 1.0, perhaps: 0.2, near_dbm: 0, far_dbm: -100, ..home.thresholds };
    let home = presence_home(&app, PresenceHomeRequest { thresholds, ..Default::default() }).unwrap();
    let last = &home.lanes[1].stays[1];
    assert_eq!((last.confidence, last.conclusion.as_str()), (0.35, "perhaps at home"));
    assert_eq!((home.lanes[0].stays.len(), home.thresholds), (4, thresholds));
}

#[test]
fn without_sightings_every_question_has_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let app = a_case(dir.path());
    let look = || look(300, 100);
    assert!(
        presence_lanes(&app, PresenceLanesRequest { look: look(), ..Default::default() }).unwrap().lanes.is_empty()
    );
    assert!(
        presence_unique(&app, PresenceUniqueRequest { look: look(), ..Default::default() }).unwrap().buckets.is_empty()
    );
    assert!(
        presence_moves(&app, PresenceMovesRequest { look: look(), ..Default::default() }).unwrap().buckets.is_empty()
    );
    assert_eq!(presence_dwell(&app, PresenceDwellRequest { look: look(), ..Default::default() }).unwrap().stays, 0);
    assert_eq!(presence_heat(&app, PresenceHeatRequest { look: look(), ..Default::default() }).unwrap().days.len(), 7);
    assert!(presence_home(&app, PresenceHomeRequest { look: look(), ..Default::default() }).unwrap().lanes.is_empty());
    let backwards =
        PresenceScope { since: Some("2026-03-30".into()), until: Some("2026-03-29".into()), ..Default::default() };
    assert!(presence_unique(&app, PresenceUniqueRequest { scope: backwards, ..Default::default() }).is_err());
    let wrong = PresenceScope { zone: "Mars/Olympus".into(), ..Default::default() };
    assert!(presence_unique(&app, PresenceUniqueRequest { scope: wrong, ..Default::default() }).is_err());
}
