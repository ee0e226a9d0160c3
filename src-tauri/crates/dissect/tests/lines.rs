//! The one line on a packet that makes no facts, against TShark's. Skipped where that is not installed.

#[path = "common/tshark.rs"]
mod tshark;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dissect::{FlowHint, summarise};
use tshark::{frames, has_tshark, tell, written};

/// TShark's line on each packet of a capture.
fn theirs(file: &Path) -> Vec<String> {
    let mut command = Command::new("tshark");
    let output = command.args(["-n", "-o", "gui.column.format:\"Info\",\"%i\"", "-r"]).arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn ours(frame: &[u8], link_type: u16) -> String {
    summarise(frame, link_type, frame.len() as u32, FlowHint::default()).info
}

/// An IP packet with nothing but an ICMP message.
fn icmp(six: bool, kind: u8, code: u8) -> Vec<u8> {
    let message = [&[kind, code, 0, 0, 0x12, 0x34, 0, 7][..], &[1; 60]].concat();
    let header = match six {
        true => [&[0x60, 0, 0, 0, 0, message.len() as u8, 58, 64][..], &[0x20; 32]].concat(),
        false => vec![0x45, 0, 0, 20 + message.len() as u8, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 7],
    };
    [header, message].concat()
}

/// The line on each of ICMP's types and codes, but for those that facts make a line of.
#[test]
fn icmp_in_one_line() {
    if !has_tshark() {
        return;
    }
    let told_by_facts = |six: bool, kind: u8| six && matches!(kind, 130..=137 | 143);
    let all = [false, true].into_iter().flat_map(|six| (0..=255).map(move |kind| (six, kind)));
    let kinds = all.filter(|(six, kind)| !told_by_facts(*six, *kind));
    let sent: Vec<_> = kinds.flat_map(|(six, kind)| (0..=17).map(move |code| (six, kind, code))).collect();
    let frames: Vec<Vec<u8>> = sent.iter().map(|(six, kind, code)| icmp(*six, *kind, *code)).collect();
    let file = written("icmp", 101, frames.iter());
    let theirs = theirs(&file);
    fs::remove_file(&file).unwrap();
    assert_eq!(theirs.len(), sent.len());
    let mut differences = Vec::new();
    for ((what, frame), theirs) in sent.iter().zip(&frames).zip(&theirs) {
        let ours = ours(frame, 101);
        // What other packets have to do with it, and what the ones say that these are filled with.
        let theirs = [" (request in", " (reply in", " (no response", "[Malformed", " from "]
            .into_iter()
            .fold(theirs.as_str(), |text, more| text.split(more).next().unwrap_or(text));
        let theirs = theirs.split_whitespace().collect::<Vec<_>>().join(" ");
        let theirs = theirs.replace("Mobile IP Advertisement", "Router advertisement"); // by an extension among the ones
        let same = match theirs.contains("Unknown") && !theirs.contains("Unknown query") {
            true => ours.contains("code ") || ours.starts_with("Unknown type") || theirs.starts_with(&ours),
            false => ours == theirs,
        };
        if !same {
            differences.push(format!("{what:?}: TShark {theirs}, Lintel {ours}"));
        }
    }
    tell(&differences);
}

/// Differences on packets that make no facts: `same` says whether a line of ours says what TShark's does.
fn differences(name: &str, file: &Path, same: fn(&str, &str) -> Option<bool>) -> (usize, Vec<String>) {
    let (link_type, frames) = frames(file);
    let (mut compared, mut differences) = (0, Vec::new());
    let theirs = theirs(file);
    assert_eq!(frames.len(), theirs.len(), "{name}");
    for ((n, frame), theirs) in frames.iter().enumerate().zip(theirs) {
        let ours = ours(frame, link_type);
        let Some(is_same) = same(&ours, &theirs) else { continue };
        compared += 1;
        if !is_same {
            differences.push(format!("{name} {}: TShark {theirs}, Lintel {ours}", n + 1));
        }
    }
    (compared, differences)
}

/// A packet of a Bluetooth connection. TShark tells more than we do of messages of channels, and a direction even where it knows none;
/// with the last fragment it tells what all of them are.
fn bluetooth(ours: &str, theirs: &str) -> Option<bool> {
    let told = ["UnknownDirection ", "Sent ", "Rcvd "].iter().find_map(|way| theirs.strip_prefix(way));
    if told.is_some() && ours == "L2CAP Fragment" {
        return None;
    }
    let theirs = told.unwrap_or(theirs);
    let theirs = theirs.split("[Malformed").next().unwrap_or_default().trim();
    if ours.starts_with("ADV_") || ours.starts_with("SCAN_") || ours.starts_with("CONNECT_") {
        return None; // told by facts
    }
    let message = ["ATT ", "SMP ", "L2CAP "].iter().find_map(|protocol| ours.strip_prefix(protocol));
    Some(match message.filter(|_| !theirs.starts_with("L2CAP")) {
        Some("unknown") => theirs == "<unknown>",
        Some(words) => theirs.starts_with(words),
        None => ours == theirs || ours == "L2CAP" && theirs.is_empty(),
    })
}

/// What TShark reads further is not compared, nor the names that it has for makers.
fn llc(ours: &str, theirs: &str) -> Option<bool> {
    let plain = match (theirs.find(" ("), theirs.find("), PID")) {
        (Some(start), Some(end)) => format!("{}{}", &theirs[..start], &theirs[end + 1..]),
        _ => theirs.split("[Malformed").next().unwrap_or_default().trim().to_owned(),
    };
    let known =
        plain.contains("SSAP ") && !plain.contains("HPEXT") || plain.contains("; SNAP") || plain.contains("Device ID");
    known.then(|| ours == plain)
}

/// Those that make a fact say whom it is about.
fn wpan(ours: &str, theirs: &str) -> Option<bool> {
    let told = ["beacon", "data", "command"].iter().any(|word| ours.starts_with(word)) || theirs.contains("ZigBee");
    (!told && !theirs.starts_with("ZCL")).then(|| ours == theirs.split("[Malformed").next().unwrap_or_default())
}

fn ppp(ours: &str, theirs: &str) -> Option<bool> {
    theirs.starts_with("Echo R").then(|| ours == theirs)
}

#[test]
fn frames_made_by_hand_in_one_line() {
    if !has_tshark() {
        return;
    }
    let to = |dsap: u8, ssap: u8, rest: &[u8]| {
        let body = [&[dsap, ssap], rest, &[1; 10]].concat();
        let head = [1, 0x80, 0x9c, 0x11, 0x22, 0x33, 2, 0x11, 0x22, 0x33, 0x44, 0x55, 0, body.len() as u8];
        [&head[..], &body].concat()
    };
    let mut wired: Vec<Vec<u8>> = Vec::new();
    for ssap in [0x98, 0x99] {
        wired.extend((0..=255).map(|control| to(0x98, ssap, &[control, control.wrapping_mul(7)])));
    }
    wired.extend((0..=255).filter(|sap| *sap != 0xaa).flat_map(|sap| [to(sap, 0x98, &[3]), to(0x98, sap, &[3])]));
    wired.extend(
        [[0x12, 0x34, 0x56, 7, 0x89], [0, 0x80, 0xc2, 0, 0x99]].map(|snap| to(0xaa, 0xaa, &[&[3][..], &snap].concat())),
    );
    let packet = |head: u8, body: &[u8]| [&[0x11, 0x22, 0x33, 0x44, head, body.len() as u8], body, &[0; 3]].concat();
    let message = |channel: u16, lie: i16, body: &[u8]| {
        let length = (body.len() as u16).wrapping_add_signed(lie);
        packet(2, &[&length.to_le_bytes()[..], &channel.to_le_bytes(), body].concat())
    };
    let mut radio = vec![
        packet(1, b""),
        packet(1, b"x"),
        packet(2, b"x"),
        message(4, 2, b"\x0a\x03\0"),
        message(4, -1, b"\x0a\x03\0"),
    ];
    radio.extend((0..=0x40_u8).map(|code| packet(3, &[&[code][..], &[0; 30]].concat())));
    radio.extend((0..=255).map(|code| message(4, 0, &[&[code][..], &[1; 20]].concat())));
    radio.extend((0..32).map(|code| message(6, 0, &[&[code][..], &[1; 68]].concat())));
    radio.extend((0..32).map(|code| message(5, 0, &[code, 1, 8, 0, 1, 0, 1, 0, 1, 0, 1, 0])));
    radio.extend([7, 0x40, 0x7f].map(|channel| message(channel, 0, b"\x01\0\x01\0")));
    let mac = |control: u16, rest: &[u8]| [&control.to_le_bytes()[..], &[7], rest].concat();
    let mut sensors: Vec<Vec<u8>> = (0..8_u16)
        .filter(|kind| *kind != 3)
        .flat_map(|kind| [mac(kind, &[0; 4]), mac(kind | 2 << 12, &[0; 4])])
        .collect();
    sensors.push(mac(1 | 2 << 10, &[0x34, 0x12, 0xff, 0xff, 4, 2]));
    sensors.push(mac(1 | 2 << 10, &[0x34, 0x12, 0x34, 0x12, 4, 2]));
    sensors.push(mac(1 | 3 << 10, &[0x34, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 4, 2]));
    for (name, link_type, sent, same, least) in [
        ("llc", 1, wired, llc as fn(&str, &str) -> Option<bool>, 900),
        ("btle", 251, radio, bluetooth, 390),
        ("wpan", 230, sensors, wpan, 15),
    ] {
        let file = written(name, link_type, sent.iter());
        let (compared, differences) = differences(name, &file, same);
        fs::remove_file(&file).unwrap();
        tell(&differences);
        assert!(compared >= least, "{name}: {compared} of {} packets compared", sent.len());
    }
}

#[test]
fn recordings_in_one_line() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../samples/protocols");
    let real: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples-real");
    if !has_tshark() {
        return;
    }
    for (folder, name, same, least) in [
        (&own, "pppoe.pcapng", ppp as fn(&str, &str) -> Option<bool>, 28),
        (&real, "ble-le-secure-connections.pcapng", bluetooth, 250),
        (&real, "zigbee-touchlink-802154-tap.pcap", wpan, 38),
        (&real, "vlan.pcap", llc, 6),
        (&real, "solaris.snoop", llc, 0),
    ] {
        if !folder.join(name).is_file() {
            eprintln!("skipped: {name} is not here");
            continue;
        }
        let plain = std::env::temp_dir().join(format!("lintel-lines-{}.pcap", std::process::id()));
        let mut converter = Command::new("tshark");
        converter.args(["-F", "pcap", "-r"]).arg(folder.join(name)).arg("-w").arg(&plain);
        assert!(converter.status().unwrap().success(), "{name}");
        let (compared, differences) = differences(name, &plain, same);
        fs::remove_file(&plain).unwrap();
        tell(&differences);
        assert!(compared >= least, "{name}: {compared} packets compared");
    }
}
