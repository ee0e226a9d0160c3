//! Messages without packets, through the engine: what holds from one to the next, what is told of the bench, and what is too long for one.

mod common;

use common::{Found, field};
use dissect::{Engine, FlowHint, Follow, inspect, summarise};
use model::{Frame, Party, Time};

const DEVICE: ([u8; 4], u16) = ([192, 0, 2, 7], 40_000);
const BROKER: ([u8; 4], u16) = ([192, 0, 2, 9], 8_883);

/// An exported PDU; true: from the device.
fn pdu(protocol: &str, up: bool, shown: &str, message: &[u8]) -> Vec<u8> {
    let ((src, sport), (dst, dport)) = if up { (DEVICE, BROKER) } else { (BROKER, DEVICE) };
    let mut bytes = Vec::new();
    let mut put = |tag: u16, value: &[u8]| {
        bytes.extend(tag.to_be_bytes());
        bytes.extend((value.len() as u16).to_be_bytes());
        bytes.extend(value);
    };
    put(12, protocol.as_bytes());
    put(20, &src);
    put(21, &dst);
    for (tag, number) in [(24, 2), (25, u32::from(sport)), (26, u32::from(dport))] {
        put(tag, &number.to_be_bytes());
    }
    if !shown.is_empty() {
        put(33, shown.as_bytes());
    }
    put(0, &[]);
    bytes.extend(message);
    bytes
}

fn mqtt(up: bool, hex: &str) -> Vec<u8> {
    pdu("mqtt", up, "", &bytes(hex))
}

fn event(text: &str) -> Vec<u8> {
    pdu("json", true, "", text.as_bytes())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn frame(n: usize, bytes: &[u8]) -> Frame<'_> {
    Frame {
        number: n as u64 + 1,
        ts: Some(Time(n as i64 * 1_000_000)),
        offset: n as u64 * 1_000_000,
        bytes,
        wire_len: bytes.len() as u32,
        interface: 0,
        link_type: 252,
    }
}

fn read(frames: &[Vec<u8>]) -> Found {
    let (mut engine, mut found) = (Engine::new(), Found::default());
    for (n, bytes) in frames.iter().enumerate() {
        engine.frame(&frame(n, bytes), &mut found).unwrap();
    }
    engine.finish(&mut found).unwrap();
    found
}

const CONNECT_5: &str = "101e00044d5154540502000a0f110000003c2600016100016222000a00026335";
/// Topic `t`, alias 5, payload `x`.
const PUBLISH: &str = "320c000174000105010123000578";
/// No topic, alias 5, payload `on`.
const BY_ALIAS: &str = "3008000003230005 6f6e";

#[test]
fn version_and_aliases_hold_over_a_conversation() {
    let found = read(&[mqtt(true, CONNECT_5), mqtt(false, "200300 0000"), mqtt(true, PUBLISH), mqtt(true, BY_ALIAS)]);
    assert_eq!(found.issues, []);
    let told: Vec<_> = found.of("mqtt").iter().map(|fact| (field(fact, "msg_type"), fact.subject.as_str())).collect();
    let expect = [(Some("CONNECT"), "c5"), (Some("CONNACK"), "c5"), (Some("PUBLISH"), "t"), (Some("PUBLISH"), "t")];
    assert_eq!(told, expect);
    let [flow] = &found.flows[..] else { panic!("{:?}", found.flows) };
    assert_eq!((flow.proto, flow.service, flow.odd_port, flow.orig.port), ("tcp", Some("mqtt"), false, DEVICE.1));
    assert_eq!((flow.orig.frames, flow.resp.frames, flow.orig.bytes, flow.resp.bytes), (3, 1, 32 + 14 + 10, 5));
    assert!(found.facts.iter().all(|fact| fact.uid == Some(flow.uid) && fact.place.frame.is_some()));
}

#[test]
fn an_event_is_a_fact_of_the_connection_and_nothing_that_was_said_on_it() {
    let refused = r#"{"bench":"refused","thing":"lamp-1","reason":"topic not allowed"}"#;
    let frames = [
        event(r#"{"bench":"connected","thing":"lamp-1"}"#),
        mqtt(true, "300700017400ff1002"),
        event(refused),
        event(r#"{"bench":"connected","thing":"lamp-1"}"#),
        mqtt(true, "300700017400ff1002"),
    ];
    let found = read(&frames);
    let told: Vec<_> = found.of("bench").iter().map(|fact| (field(fact, "act"), fact.subject.as_str())).collect();
    assert_eq!(told, [(Some("connected"), "lamp-1"), (Some("refused"), "lamp-1"), (Some("connected"), "lamp-1")]);
    let fact = found.of("bench")[1];
    assert_eq!(fact.src, Party::Ip(DEVICE.0.into()));
    assert_eq!(fact.place.length as usize, refused.len());
    // The second time the device came is another conversation.
    let flows: Vec<_> = found.flows.iter().map(|flow| (flow.orig.frames, flow.orig.bytes)).collect();
    assert_eq!(flows, [(3, 9), (2, 9)]);
    assert!(found.facts.iter().all(|fact| fact.uid.is_some()));
    let line = summarise(&frames[2], 252, frames[2].len() as u32, FlowHint::default());
    assert_eq!((line.protocol, line.info.as_str(), line.src.as_str()), ("bench", "refused lamp-1", "192.0.2.7"));
}

#[test]
fn what_was_said_can_be_followed() {
    let frames = [event(r#"{"bench":"connected"}"#), mqtt(true, "c000"), mqtt(false, "d000"), mqtt(true, "e000")];
    let mut follow = Follow::new("tcp", (DEVICE.0.into(), DEVICE.1), BROKER.0.into());
    let mut told = Vec::new();
    for (n, bytes) in frames.iter().enumerate() {
        follow.frame(&frame(n, bytes), &mut |said| told.push((said.from_orig, said.at, said.bytes.to_vec())));
    }
    follow.finish(&mut |_| panic!("nothing is missing"));
    assert_eq!(told, [(true, 0, vec![0xc0, 0]), (false, 0, vec![0xd0, 0]), (true, 2, vec![0xe0, 0])]);
}

#[test]
fn a_long_message_goes_on_in_further_packets() {
    let long: Vec<u8> = [&b"\x89PNG\r\n\x1a\n"[..], &vec![7; 200_000]].concat();
    let body = [&b"\0\x03pic"[..], &long].concat();
    let mut packet = vec![0x30];
    let mut left = body.len();
    while left > 0 {
        packet.push((left % 128) as u8 | if left > 127 { 128 } else { 0 });
        left /= 128;
    }
    packet.extend(&body);
    let mut frames = vec![pdu("mqtt", true, "", &packet[..90_000])];
    frames.extend(packet[90_000..].chunks(60_000).map(|part| pdu("data", true, "mqtt", part)));
    frames.push(mqtt(true, "c000"));
    let found = read(&frames);
    assert_eq!(found.issues, []);
    let told: Vec<_> = found.of("mqtt").iter().map(|fact| field(fact, "msg_type")).collect();
    assert_eq!(told, [Some("PUBLISH"), Some("PINGREQ")]);
    let [file] = found.of("files")[..] else { panic!("{:?}", found.facts) };
    assert_eq!(field(file, "total_bytes").or(field(file, "seen_bytes")), Some(long.len().to_string().as_str()));
    assert_eq!(found.flows[0].orig.bytes, packet.len() as u64 + 2);
}

#[test]
fn a_message_that_is_shorter_than_it_says_spoils_no_other() {
    let found = read(&[mqtt(true, "300f00017400ff1002"), mqtt(true, "300700017400ff1002")]);
    assert_eq!(found.of("mqtt").len(), 1, "{:?}", found.facts);
    assert_eq!(found.issues.iter().map(|issue| issue.frame).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn what_we_do_not_read_is_no_error() {
    let found = read(&[pdu("diameter", true, "", b"\x01\0\0\x14"), pdu("json", true, "", b"{\"a\":1}")]);
    assert_eq!((found.facts.len(), found.issues.len(), found.flows.len()), (0, 0, 1));
    assert_eq!((found.flows[0].service, found.flows[0].orig.frames), (None, 2));
}

#[test]
fn a_person_sees_tags_and_message() {
    let bytes = mqtt(true, "33180009686f6d652f6c616d70000a7b226f6e223a747275657d");
    let nodes = inspect(&bytes, 252, bytes.len() as u32, FlowHint { service: Some("mqtt"), from_orig: true }, &[], &[]);
    let at = |name: &str| nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("{name}")).bytes.clone();
    assert_eq!(&bytes[at("exported_pdu.ipv4_src")], &DEVICE.0);
    assert_eq!(&bytes[at("mqtt.topic")], b"home/lamp");
    assert_eq!(at("exported_pdu").end, at("mqtt").start);
}
