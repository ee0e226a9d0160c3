//! Real captures, against what an independent decoder says of them.

mod common;

use common::{Memory, samples};
use model::Time;
use serde_json::Value;

#[test]
fn captures_hold_what_tshark_counts() {
    let Some(samples) = samples() else { return };
    let mut checked = 0;
    let mut names: Vec<_> =
        std::fs::read_dir(samples.join("expected")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for expected in names {
        let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
        let file = expected["file"].as_str().unwrap();
        let memory = Memory::of(&samples.join(file));
        let item = &memory.items[0];
        let outcome = item.outcome.as_ref().unwrap();
        let frames = &item.read.frames;
        let theirs = &expected["frames"];
        assert_eq!(model::hex(&outcome.hashes.unwrap().sha256), expected["sha256"].as_str().unwrap(), "{file}");
        assert_eq!(outcome.hashes.unwrap().size, expected["bytes"].as_u64().unwrap(), "{file}");
        assert_eq!(frames.len() as u64, theirs["count"].as_u64().unwrap(), "{file}: {}", memory.tree());
        let wire: u64 = frames.iter().map(|frame| u64::from(frame.wire_len)).sum();
        let captured: u64 = frames.iter().map(|frame| frame.bytes.len() as u64).sum();
        assert_eq!(wire, theirs["wire_bytes"].as_u64().unwrap(), "{file}");
        assert_eq!(captured, theirs["captured_bytes"].as_u64().unwrap(), "{file}");
        let times = || frames.iter().filter_map(|frame| frame.ts);
        assert_eq!(times().min(), time(&theirs["first_ts"]), "{file}");
        assert_eq!(times().max(), time(&theirs["last_ts"]), "{file}");
        if let Some(per_interface) = theirs["per_interface"].as_object() {
            for (interface, count) in per_interface {
                let interface: u32 = interface.parse().unwrap();
                let ours = frames.iter().filter(|frame| frame.interface == interface).count();
                assert_eq!(ours as u64, count.as_u64().unwrap(), "{file}");
            }
        }
        let kind = match expected["capinfos"]["file_type"].as_str().unwrap() {
            "nsecpcap" => "pcap",
            other => other,
        };
        assert_eq!(item.new.kind, kind);
        let cut = expected["capinfos"]["cut_short"].as_bool().unwrap();
        assert_eq!(outcome.ending != evidence::Ending::Complete, cut, "{}", memory.tree());
        let bytes = std::fs::read(samples.join(file)).unwrap();
        for (n, frame) in frames.iter().enumerate() {
            assert_eq!(frame.number, n as u64 + 1);
            assert_eq!(
                bytes[frame.offset as usize..][..frame.bytes.len()],
                frame.bytes,
                "{file} frame {}",
                frame.number
            );
        }
        checked += 1;
    }
    assert!(checked >= 20);
}

/// `1340954905.298858000`
fn time(text: &Value) -> Option<Time> {
    let (seconds, nanos) = text.as_str()?.split_once('.')?;
    Time::new(seconds.parse().ok()?, nanos.parse().ok()?)
}

#[test]
fn what_captures_say_beside_their_packets() {
    let Some(samples) = samples() else { return };
    let mut out = String::new();
    for file in ["comments-two-per-packet-be.pcapng", "nrb-custom-isb-le.pcapng", "secrets-dsb-quic.pcapng"] {
        let memory = Memory::of(&samples.join(file));
        let item = &memory.items[0];
        out += &format!("{file}\n");
        for fact in &item.read.facts {
            let (fields, own) = (fact.fields.to_json(), fact.own.to_json());
            out += &format!("  {} frame {:?} {fields} {own}\n", fact.kind, fact.place.frame);
        }
        for issue in &item.read.issues {
            out += &format!("  ! {} @{}: {}\n", issue.what, issue.offset, issue.why);
        }
    }
    println!("{out}");
}

#[test]
fn whole_folder() {
    let Some(samples) = samples() else { return };
    println!("{}", Memory::of(&samples).tree());
}
