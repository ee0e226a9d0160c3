//! Real captures, against what an independent decoder says of them.

mod common;

use std::io::Write;

use common::{Memory, samples};
use evidence::Ending;
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
        assert_eq!(outcome.ending != Ending::Complete, cut, "{}", memory.tree());
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
fn onhub_reports_whole_cut_and_packed() {
    let Some(samples) = samples() else { return };
    let report = std::fs::read(samples.join("onhub/onhub.report")).unwrap();
    let memory = Memory::of_bytes("report", &report);
    let whole = &memory.items[0];
    assert_eq!(whole.new.kind, "onhub", "{:?}", whole.new.refusals);
    assert_eq!(whole.outcome.as_ref().unwrap().ending, Ending::Complete, "{}", memory.tree());
    assert!(whole.read.facts.len() > 100);

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&report).unwrap();
    let memory = Memory::of_bytes("diagnostics.txt.gz", &gz.finish().unwrap());
    assert_eq!(memory.items[1].new.kind, "onhub");
    assert_eq!(memory.items[1].read.facts, whole.read.facts);

    let memory = Memory::of_bytes("report", &report[..report.len() / 2]);
    let cut = &memory.items[0];
    assert_eq!(cut.new.kind, "onhub", "{:?}", cut.new.refusals);
    assert_eq!(cut.outcome.as_ref().unwrap().ending, Ending::Partial);
    assert!(
        cut.read.issues.iter().any(|issue| issue.what == "onhub" && issue.why.contains("cut short")),
        "{}",
        memory.tree()
    );
}

#[test]
fn everything_is_recognised() {
    let Some(samples) = samples() else { return };
    let memory = Memory::of(&samples);
    for item in &memory.items {
        let by_name = match item.new.name.rsplit('.').next().unwrap() {
            "md" | "csv" => "text",
            "report" => "onhub",
            "json" if item.new.name.starts_with("cloudtrax") => "cloudtrax",
            other => other,
        };
        assert_eq!(item.new.kind, by_name, "{}", item.new.path);
    }
    assert_eq!(memory.skipped, []);
}
