//! Frames of a cable and of the air, and what is told of who sent them.

use model::{Flow, Uid};

use super::*;
use crate::Engine;

#[derive(Default)]
struct Kept {
    facts: Vec<Fact>,
    heard: Vec<Sighting>,
    issues: Vec<Issue>,
}

impl Findings for Kept {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        if fact.kind == model::SIGHTING.name {
            self.facts.push(fact.clone());
        }
        Ok(())
    }

    fn flow(&mut self, _: u32, _: &Flow) -> Result<(), Cancelled> {
        Ok(())
    }

    fn sighting(&mut self, _: &crate::Sighting) -> Result<(), Cancelled> {
        Ok(())
    }

    fn heard(&mut self, sighting: &Sighting) {
        self.heard.push(sighting.clone());
    }

    fn issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }
}

const PHONE: [u8; 6] = [0xda, 0xa1, 0x19, 0, 0, 1];
const TV: [u8; 6] = [0x38, 0x8c, 0x50, 0, 0, 2];
const ACCESS_POINT: [u8; 6] = [0xf4, 0xf2, 0x6d, 0, 0, 3];

/// Seconds, link type, bytes: in this order, a thousand bytes apart.
fn run(frames: &[(i64, u16, Vec<u8>)]) -> Kept {
    let (mut engine, mut kept) = (Engine::new(), Kept::default());
    engine.interface(&Interface { name: Some("eth1".into()), index: 1, ..Interface::default() });
    for ((seconds, link_type, bytes), number) in frames.iter().zip(1..) {
        let frame = Frame {
            number,
            ts: Time::new(*seconds, 0),
            offset: number * 1_000,
            bytes,
            wire_len: bytes.len() as u32,
            interface: u32::from(*link_type == 1),
            link_type: *link_type,
        };
        engine.frame(&frame, &mut kept).unwrap();
    }
    engine.finish(&mut kept).unwrap();
    kept
}

fn said(kept: &Kept) -> Vec<String> {
    assert_eq!(kept.facts.len(), kept.heard.len());
    let line = |fact: &Fact| {
        let Place { frame, offset, length, .. } = fact.place;
        let own = fact.own.members().replace("1970-01-01T00:", "").replace(":00.000000000Z", "");
        assert_eq!((fact.uid, &fact.subject), (None::<Uid>, &fact.src.to_string()));
        format!("{}@{offset}+{length} {},{own}", frame.unwrap(), fact.fields.members())
    };
    kept.facts.iter().map(line).collect()
}

fn ethernet(sender: [u8; 6]) -> Vec<u8> {
    [&[0xff; 6][..], &sender, &[0x88, 0xb5], &[0; 46]].concat()
}

/// Radiotap with flags and signal, then a frame of this control word and these addresses.
fn radio(flags: u8, signal: i8, control: [u8; 2], addresses: [[u8; 6]; 3]) -> Vec<u8> {
    let tap = [0, 0, 10, 0, 0x22, 0, 0, 0, flags, signal.cast_unsigned()];
    [&tap[..], &control, &[0, 0], &addresses.concat(), &[0x10, 0]].concat()
}

#[test]
fn silence_parts_intervals_of_a_cable() {
    let frames: Vec<_> = [0, 60, 360, 300, 660, 961]
        .map(|at| (at, 1, ethernet(TV)))
        .into_iter()
        .chain([(0, 1, ethernet([0; 6])), (0, 1, ethernet(ACCESS_POINT))])
        .collect();
    let start = |mac: &str| format!("\"device\":\"{mac}\",\"node\":\"eth1\",\"source\":\"lan\"");
    let tv = start("38:8c:50:00:00:02");
    assert_eq!(
        said(&run(&frames)),
        [
            format!("1@1000+60 {tv},\"first_seen\":\"00\",\"last_seen\":\"11\",\"count\":5"),
            format!(
                "6@6000+60 {tv},\"first_seen\":\"16:01.000000000Z\",\"last_seen\":\"16:01.000000000Z\",\"count\":1"
            ),
            format!("8@8000+60 {},\"first_seen\":\"00\",\"last_seen\":\"00\",\"count\":1", start("f4:f2:6d:00:00:03")),
        ]
    );
}

#[test]
fn by_radio_looking_for_a_network_is_not_being_in_one() {
    let (all, probe, data) = ([0xff; 6], [0x40, 0], [0x48, 1]);
    let frames = [
        (0, 127, radio(0, -60, probe, [all, PHONE, all])),
        (60, 127, radio(0x40, -90, probe, [all, PHONE, all])), // damaged
        (60, 127, radio(0, -71, probe, [all, PHONE, all])),
        (120, 127, radio(0, -50, data, [ACCESS_POINT, PHONE, TV])),
        (120, 127, radio(0, -40, [0x80, 0], [all, ACCESS_POINT, ACCESS_POINT])), // beacon
        (120, 127, radio(0, -41, [0x48, 2], [PHONE, ACCESS_POINT, TV])),         // to the phone, from the television
        (180, 127, radio(0, -50, [0xb0, 0], [ACCESS_POINT, PHONE, ACCESS_POINT])), // authentication
    ];
    let start = |mac: &str, associated: &str| {
        format!("\"device\":\"{mac}\",\"node\":\"radio\",\"source\":\"wlan\"{associated}")
    };
    let phone = |associated: &str| start("da:a1:19:00:00:01", associated);
    let levels = |min: i8, avg: i8, max: i8| format!("\"signal_min\":{min},\"signal_avg\":{avg},\"signal_max\":{max}");
    assert_eq!(
        said(&run(&frames)),
        [
            format!(
                "1@1000+34 {},\"first_seen\":\"00\",\"last_seen\":\"01\",\"count\":2,{}",
                phone(",\"associated\":false,\"randomised\":true"),
                levels(-71, -66, -60)
            ),
            format!(
                "4@4000+34 {},\"first_seen\":\"02\",\"last_seen\":\"02\",\"count\":1,{}",
                phone(",\"associated\":true,\"randomised\":true,\"network\":\"f4:f2:6d:00:00:03\""),
                levels(-50, -50, -50)
            ),
            format!(
                "5@5000+34 {},\"first_seen\":\"02\",\"last_seen\":\"02\",\"count\":2,{}",
                start("f4:f2:6d:00:00:03", ""),
                levels(-41, -41, -40)
            ),
            format!(
                "7@7000+34 {},\"first_seen\":\"03\",\"last_seen\":\"03\",\"count\":1,{}",
                phone(",\"randomised\":true,\"network\":\"f4:f2:6d:00:00:03\""),
                levels(-50, -50, -50)
            ),
        ]
    );
}

#[test]
fn a_flood_of_forged_addresses_is_bounded_and_intervals_end_as_it_goes() {
    let forged = |n: u32| {
        let [_, b, c, d] = n.to_be_bytes();
        ethernet([2, 0, 0, b, c, d])
    };
    let flood: Vec<_> = (0..60_000).map(|n| (0, 1, forged(n))).collect();
    let kept = run(&flood);
    assert_eq!((kept.facts.len(), kept.issues.len()), (MOST, 1));
    // Spread over time, each ends before the last of them come.
    let spread: Vec<_> = (0..120_000).map(|n| (i64::from(n) / 10, 1, forged(n))).collect();
    let kept = run(&spread);
    assert_eq!((kept.facts.len(), kept.issues.len()), (120_000, 0));
    let frames: Vec<_> = kept.facts.iter().filter_map(|fact| fact.place.frame).collect();
    assert!(frames.is_sorted(), "in the order in which they began");
}
