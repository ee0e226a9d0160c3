//! What the lower layers make of frames made by hand: `frames.txt`, told in `frames.expected.txt`.

use std::fmt::Write;

use super::{KINDS, Layers};
use crate::Tree;
use crate::protocols::Out;
use crate::protocols::testing::{Random, bytes, lines};

fn frames() -> Vec<(&'static str, u16, Vec<u8>)> {
    let rows = include_str!("frames.txt").lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let [name, link_type, hex] = line.split(' ').collect::<Vec<_>>().try_into().expect("three words");
        (name, link_type.parse().expect("a number"), bytes(hex))
    })
    .collect()
}

/// Facts and issues a line each, then what the frame's conversation is.
fn told(bytes: &[u8], link_type: u16, wire_len: usize, tree: Tree) -> (String, Layers) {
    let (mut text, mut out) = (String::new(), Out::new(tree));
    let layers = super::read(bytes, link_type, wire_len as u32, &mut out);
    lines(&mut text, out, bytes.len());
    (text, layers)
}

#[test]
fn what_frames_say() {
    let mut text = String::new();
    for (name, link_type, bytes) in frames() {
        let (lines, layers) = told(&bytes, link_type, bytes.len(), Tree::on());
        let _ = write!(text, "{name}: {}", layers.top);
        if let (Some(ip), Some(transport)) = (&layers.ip, &layers.transport) {
            let _ = write!(text, " {}:{} > {}:{}", ip.src, transport.src_port, ip.dst, transport.dst_port);
        }
        let mac = |mac: Option<model::Mac>| mac.map_or("-".to_owned(), |mac| mac.to_string());
        let _ = writeln!(text, ", {} > {}", mac(layers.src_mac), mac(layers.dst_mac));
        lines.lines().for_each(|line| writeln!(text, "  {line}").expect("a text takes all"));
        assert_eq!(lines, told(&bytes, link_type, bytes.len(), Tree::off()).0, "{name}: the tree changes the facts");
    }
    expect_test::expect_file!["./frames.expected.txt"].assert_eq(&text);
}

/// An address that two devices claim: the second claim names the first.
#[test]
fn an_address_that_is_claimed_twice() {
    let mut out = Out::default();
    let frames = frames();
    let mut read = |name: &str| {
        let (_, link_type, bytes) = frames.iter().find(|(own, _, _)| *own == name).expect("a frame of this name");
        super::read(bytes, *link_type, bytes.len() as u32, &mut out);
        std::mem::take(&mut out.facts).into_iter().map(|fact| fact.fields.to_json()).collect::<String>()
    };
    assert!(!read("arp_probe").contains("conflict"));
    assert!(!read("arp_announcement").contains("conflict"));
    assert!(!read("arp_gratuitous_reply").contains("conflict"));
    assert!(read("arp_taken_over").contains(r#""conflict":"02:00:00:00:00:01""#));
    assert!(!read("arp_taken_over").contains("conflict"));
}

/// The network's key goes to a device that joins, sealed with the key that all know; what is sealed with it can then be read.
#[test]
fn a_zigbee_networks_key_opens_its_later_frames() {
    let mut out = Out::default();
    let frames = frames();
    let mut read = |name: &str| {
        let (_, link_type, bytes) = frames.iter().find(|(own, _, _)| *own == name).expect("a frame of this name");
        super::read(bytes, *link_type, bytes.len() as u32, &mut out);
        let facts: Vec<String> = std::mem::take(&mut out.facts).into_iter().map(|fact| fact.fields.to_json()).collect();
        facts.into_iter().filter(|fields| fields.contains("decrypted")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(read("zigbee_sealed_on_off"), "");
    read("zigbee_transport_key");
    let on_off = r#"{"msg_type":"zcl","network_address":"abcd","pan":"4b62","decrypted":true,"extended_address":"00124b0001020304","destination":"0000","cluster":"0006","cluster_name":"on/off","profile":"0104","command":1}"#;
    assert_eq!(read("zigbee_sealed_on_off"), on_off);
    assert!(read("zigbee_sealed_announce").contains(r#""msg_type":"device_announce""#));
    assert_eq!(read("zigbee_other_key"), "");
}

#[test]
fn every_kind_is_made() {
    let mut text = String::new();
    for (_, link_type, bytes) in frames() {
        text += &told(&bytes, link_type, bytes.len(), Tree::off()).0;
    }
    for kind in KINDS {
        assert!(text.lines().any(|line| line.starts_with(&format!("{} ", kind.name))), "{}", kind.name);
    }
}

/// Nothing panics, every range lies inside the frame, and what the capture cut is not called malformed.
#[test]
fn beginnings_and_damaged_frames() {
    let frames = frames();
    for (name, link_type, bytes) in &frames {
        for length in 0..=bytes.len() {
            told(&bytes[..length], *link_type, length, Tree::on());
            let (text, _) = told(&bytes[..length], *link_type, bytes.len(), Tree::on());
            // Link headers themselves are never cut by a sensible snap length.
            assert!(length < 48 || !text.contains("! "), "{name} cut at {length}: {text}");
        }
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..60_000 {
        let (_, link_type, mut bytes) = frames[random.below(frames.len())].clone();
        for _ in 0..=random.below(4) {
            random.damage(&mut bytes);
        }
        told(&bytes, link_type, bytes.len(), Tree::on());
    }
}
