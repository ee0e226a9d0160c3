//! HTTP/2 as the engine reads it from segments: places, holes, and what one packet says together with those before it.

mod common;

use std::io::Write;

use common::{Capture, field};
use dissect::{Decrypt, FlowHint, Node, Value, inspect, summarise};
use sha2::{Digest, Sha256};

fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (content.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// A field that the table keeps from then on.
fn kept(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    [vec![0x40], text(name), text(value)].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const ENDS: u8 = 0x05;

/// GET http://hub PATH, the path as it is.
fn get(stream: u32, path: &str) -> Vec<u8> {
    let block = [&[0x82, 0x86][..], &kept(":authority", "hub"), &kept(":path", path)].concat();
    frame(1, ENDS, stream, &block)
}

/// The same once more: host and path as they were said last.
fn again(stream: u32) -> Vec<u8> {
    frame(1, ENDS, stream, &[0x82, 0x86, 0xbf, 0xbe])
}

/// Data in padded frames of so many bytes.
fn data(stream: u32, bytes: &[u8], each: usize) -> Vec<Vec<u8>> {
    let last = bytes.len().div_ceil(each) - 1;
    let padded = |(n, part): (usize, &[u8])| {
        let padding = n % 50;
        let content = [&[padding as u8], part, &vec![0; padding]].concat();
        frame(0, 8 | u8::from(n == last), stream, &content)
    };
    bytes.chunks(each).enumerate().map(padded).collect()
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|n| b"lamp on, lamp off; "[(n + n / 700) % 19]).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two answers in turns.
fn answers(first: &[u8], second: &[u8]) -> Vec<u8> {
    let head = |stream, more: Vec<u8>| frame(1, 4, stream, &[vec![0x88], more].concat());
    let mut sent = vec![frame(4, 0, 0, &[]), head(1, kept("content-encoding", "gzip")), head(3, Vec::new())];
    let (mut one, mut other) = (data(1, first, 900).into_iter(), data(3, second, 700).into_iter());
    loop {
        let next = [one.next(), other.next()];
        if next == [None, None] {
            return sent.concat();
        }
        sent.extend(next.into_iter().flatten());
    }
}

#[test]
fn contents_come_back_from_their_places() {
    let contents = [text(20_000), text(9_000)];
    let packed = gzip(&contents[0]);
    for segment in [11, 100, 1_460] {
        let mut capture = Capture::to(80);
        capture.send(0, &[PREFACE, &get(1, "/a.txt"), &get(3, "/b.txt")].concat());
        capture.send_all(1, &answers(&packed, &contents[1]), segment).close(1);
        let found = capture.read();
        assert!(found.issues.is_empty(), "{:?}", found.issues);
        assert_eq!(found.flows[0].service, Some("http2"));
        assert_eq!(found.of("http").len(), 4);
        let mut files = found.of("files");
        files.sort_by_key(|file| file.subject.clone());
        assert_eq!(files.len(), 2);
        for (file, content) in files.iter().zip(&contents) {
            let sum = model::hex(&Sha256::digest(content));
            assert_eq!(field(file, "sha256"), Some(sum.as_str()), "segments of {segment}: {file:?}");
            let pieces = capture.bytes_of(&file.place);
            let again = dissect::content(pieces, field(file, "encoding").unwrap_or_default(), 1 << 20).unwrap();
            assert_eq!(model::hex(&Sha256::digest(again)), sum, "segments of {segment}");
        }
        // the place of a head are its frames
        let place = capture.bytes_of(&found.of("http")[1].place).concat();
        assert_eq!(place, get(3, "/b.txt"));
    }
}

#[test]
fn what_a_hole_swallows_is_said_and_not_made_up() {
    let content = text(3_000);
    let sent = answers(&gzip(b"on"), &content);
    // in one frame's data: everything else is read as ever
    let mut capture = Capture::to(80);
    capture.send(0, &[PREFACE, &get(1, "/a.txt"), &get(3, "/b.txt")].concat());
    capture.send(1, &sent[..300]).lose(1, 50).send(1, &sent[350..]).close(1);
    let found = capture.read();
    let [one, other] = found.of("files")[..] else { panic!("{found:?}", found = found.facts) };
    assert!(field(one, "sha256").is_some() && field(other, "sha256").is_none(), "{one:?} {other:?}");
    assert_eq!((field(other, "missing_bytes"), field(other, "seen_bytes")), (Some("50"), Some("2950")));

    // a request that defines host and path: those after it are told without
    let mut capture = Capture::to(80);
    capture.send(0, PREFACE).send(0, &get(1, "/a"));
    capture
        .lose(0, get(3, "/b").len())
        .send(0, &again(5))
        .send(0, &again(7))
        .send(0, &get(9, "/c"))
        .send(0, &again(11));
    capture.send(1, &frame(4, 0, 0, &[])).send(1, &frame(1, ENDS, 5, &[0x88])).close(0).close(1);
    let found = capture.read();
    let uris: Vec<_> = found.of("http").iter().map(|fact| (field(fact, "uri"), field(fact, "incomplete"))).collect();
    let (known, not) = (|uri| (Some(uri), None), (Some(""), Some("true}")));
    assert_eq!(uris.len(), 6, "{uris:?}");
    assert_eq!(uris[..1], [known("/a")]);
    assert!(uris[1..3].iter().all(|(uri, incomplete)| *uri == not.0 && incomplete.is_some()), "{uris:?}");
    assert_eq!(uris[3..5], [known("/c"), known("/c")]);
    assert_eq!(found.issues.len(), 1, "{:?}", found.issues);
    let issue = &found.issues[0];
    assert!(issue.why.contains("missing from the capture") && issue.frame.is_some(), "{issue:?}");
}

#[test]
fn without_its_beginning_nothing_is_guessed() {
    let mut capture = Capture::to(80);
    capture.send(0, &get(5, "/a")).send(1, &answers(b"x", b"y")).send(0, &again(7)).close(0).close(1);
    let found = capture.read();
    assert_eq!((found.of("http").len(), found.of("files").len(), found.flows[0].service), (0, 0, None));
}

fn said<'n>(nodes: &'n [Node], name: &str) -> Vec<&'n str> {
    let named = nodes.iter().filter(|node| node.name == name);
    named.filter_map(|node| if let Value::Text(text) = &node.value { Some(text.as_str()) } else { None }).collect()
}

#[test]
fn a_packet_is_shown_with_what_those_before_taught() {
    let mut capture = Capture::to(80);
    capture.send(0, &[PREFACE, &get(1, "/a.txt")].concat()).send(0, &again(3)).send(0, &again(5)[..10]);
    capture.send(0, &again(5)[10..]);
    let hint = FlowHint { service: Some("http2"), from_orig: true };
    let mut decrypt = Decrypt::new();
    let mut shown = Vec::new();
    for frame in capture.frames(1_000) {
        let followed = decrypt.frame(&frame);
        let alone = inspect(frame.bytes, 1, frame.wire_len, hint, &[], &[]);
        shown.push([&alone, &followed.nodes].map(|nodes| said(nodes, "http2.headers.path").join(",")));
        for node in &followed.nodes {
            assert!(node.bytes.start <= node.bytes.end && node.bytes.end <= followed.bytes.len(), "{node:?}");
        }
    }
    let both = |alone: &str, followed: &str| [alone.to_owned(), followed.to_owned()];
    // handshake, request, again, and once more in two segments: a packet alone says only what it says itself
    let expect = [("", ""), ("", ""), ("/a.txt", "/a.txt"), ("", "/a.txt"), ("", ""), ("", "/a.txt")];
    assert_eq!(shown, expect.map(|(alone, followed)| both(alone, followed)));
    let lines: Vec<String> =
        capture.frames(1).map(|frame| summarise(frame.bytes, 1, frame.wire_len, hint).info).collect();
    assert_eq!(lines[2..4], ["Magic, SETTINGS[0], HEADERS[1]: GET hub/a.txt", "HEADERS[3]: GET"]);
}
