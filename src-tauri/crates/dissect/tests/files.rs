//! Files in bodies: what the engine says of them, and that their content can be had again from where it says they are.

mod common;

use std::io::Write;

use common::{Capture, field};
use sha2::{Digest, Sha256};

/// Text that packs, of so many bytes.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|n| b"lamp on, lamp off; "[(n + n / 700) % 19]).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A brotli stream of one uncompressed block after the other (RFC 7932 section 9.2): window of 16 bits, blocks of 64 KiB.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u64, 0);
    let mut put = |value: u64, width: u32, out: &mut Vec<u8>, align: bool| {
        bits |= value << held;
        held += width;
        while held >= 8 || align && held > 0 {
            out.push(bits as u8);
            bits >>= 8;
            held = held.saturating_sub(8);
        }
    };
    put(0, 1, &mut out, false);
    for block in bytes.chunks(65_536) {
        put(0, 1, &mut out, false); // not the last
        put(0, 2, &mut out, false); // four nibbles
        put(block.len() as u64 - 1, 16, &mut out, false);
        put(1, 1, &mut out, true); // uncompressed
        out.extend(block);
    }
    put(3, 2, &mut out, true);
    out
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(1_000) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

const GET: &[u8] = b"GET /fw/lamp.bin?v=2 HTTP/1.1\r\nHost: fw.example\r\n\r\n";

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(), body].concat()
}

#[test]
fn contents_come_back_from_their_places() {
    let content = text(150_000);
    let sum = model::hex(&Sha256::digest(&content));
    for (encoding, body) in [
        ("", content.clone()),
        ("gzip", gzip(&content)),
        ("gzip", [gzip(&content[..50_000]), gzip(&content[50_000..])].concat()),
        ("deflate", zlib(&content)),
        ("deflate", raw(&content)),
        ("br", brotli(&content)),
    ] {
        for (framing, sent) in [
            (format!("Content-Length: {}\r\n", body.len()), body.clone()),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(&body)),
            (String::new(), body.clone()),
        ] {
            for segment in [1, 7, 1_460] {
                if segment == 1 && sent.len() > 10_000 {
                    continue; // more pieces than a place names
                }
                let headers = format!("Content-Encoding: {encoding}\r\n{framing}");
                let mut capture = Capture::to(80);
                capture.send(0, GET).send_all(1, &answer(&headers, &sent), segment).close(1);
                let found = capture.read();
                let files = found.of("files");
                let case = format!("{encoding:?} {framing:?} in segments of {segment}");
                assert_eq!(files.len(), 1, "{case}");
                let file = files[0];
                assert_eq!(field(file, "sha256"), Some(sum.as_str()), "{case}: {file:?}");
                assert_eq!(field(file, "seen_bytes"), Some(body.len().to_string().as_str()), "{case}");
                assert_eq!(field(file, "mime_type"), Some("text/plain"), "{case}");
                assert_eq!(field(file, "filename"), Some("lamp.bin"));
                assert_eq!(file.subject, "fw.example/fw/lamp.bin?v=2");
                let pieces = capture.bytes_of(&file.place);
                if field(file, "place_cut").is_none() {
                    let again = dissect::content(pieces, field(file, "encoding").unwrap_or_default(), 1 << 20);
                    assert_eq!(model::hex(&Sha256::digest(again.unwrap())), sum, "{case}");
                } else {
                    assert_eq!(pieces.len(), 4_096, "{case}");
                }
                assert!(found.issues.is_empty(), "{case}: {:?}", found.issues);
            }
        }
    }
}

#[test]
fn nothing_is_claimed_of_what_is_incomplete() {
    let content = text(20_000);
    let head = answer("Content-Length: 20000\r\n", b"");
    // a hole inside: the next response is read all the same
    let mut capture = Capture::to(80);
    capture.send(0, &[GET, GET].concat()).send(1, &head).send(1, &content[..5_000]).lose(1, 3_000);
    capture.send(1, &content[8_000..]).send(1, &answer("Content-Length: 2\r\n", b"ok"));
    let found = capture.read();
    let files = found.of("files");
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!((field(files[0], "sha256"), field(files[0], "missing_bytes")), (None, Some("3000")));
    assert_eq!(field(files[0], "seen_bytes"), Some("17000"));
    assert_eq!(field(files[1], "seen_bytes"), Some("2"));
    assert!(field(files[1], "sha256").is_some());
    assert_eq!(found.of("http").len(), 4);

    // a hole over the end
    let mut capture = Capture::to(80);
    capture.send(0, GET).send(1, &head).send(1, &content[..5_000]).lose(1, 15_100);
    capture.send(1, &answer("Content-Length: 2\r\n", b"ok"));
    let found = capture.read();
    let files = found.of("files");
    assert_eq!((field(files[0], "sha256"), field(files[0], "incomplete")), (None, Some("true")));
    assert_eq!(files.len(), 2);

    // the capture ends in it
    let mut capture = Capture::to(80);
    capture.send(0, GET).send(1, &head).send(1, &content[..5_000]);
    let found = capture.read();
    assert_eq!(field(found.of("files")[0], "incomplete"), Some("true"));
    assert_eq!(field(found.of("files")[0], "sha256"), None);

    // it ends with the connection, which the capture has not seen
    let mut capture = Capture::to(80);
    capture.send(0, GET).send(1, &answer("", &content[..5_000]));
    let found = capture.read();
    assert_eq!(field(found.of("files")[0], "sha256"), None);

    // the connection's end was seen, but not all before it
    for lost in [0, 100] {
        let mut capture = Capture::to(80);
        capture.send(0, GET).send(1, &answer("", &content[..5_000])).lose(1, lost).close(1);
        let found = capture.read();
        assert_eq!(field(found.of("files")[0], "sha256").is_some(), lost == 0);
    }
}

#[test]
fn what_is_not_packed_as_it_says_has_no_hash() {
    let mut broken = gzip(&text(5_000));
    let last = broken.len() - 6;
    broken[last] ^= 1;
    for (encoding, body) in [("gzip", broken), ("br", vec![0xff; 500]), ("deflate", vec![0x78, 0x9c, 0xff, 0xff])] {
        let headers = format!("Content-Encoding: {encoding}\r\nContent-Length: {}\r\n", body.len());
        let mut capture = Capture::to(80);
        capture.send(0, GET).send(1, &answer(&headers, &body));
        let found = capture.read();
        let file = found.of("files")[0];
        assert_eq!(field(file, "sha256"), None, "{encoding}");
        assert_eq!(field(file, "error"), Some("it is not packed as it says"), "{encoding}");
        assert!(dissect::content([&body[..]], encoding, 1 << 20).is_err());
    }
    // an encoding that is not read: the body as it is
    let mut capture = Capture::to(80);
    capture.send(0, GET).send(1, &answer("Content-Encoding: zstd\r\nContent-Length: 2\r\n", b"ok"));
    let found = capture.read();
    assert_eq!(field(found.of("files")[0], "packed"), Some("true"));
}

#[test]
fn known_bytes_unpack() {
    for (encoding, packed, expect) in [
        ("br", &b"\x0b\x05\x80hello world\x03"[..], &b"hello world"[..]),
        ("br", b"\x06", b""),
        (
            "br", // by another program
            b"\x1b\x4b\x00\x20\x04\xea\x64\xa9\xde\xba\xd0\xb4\xa4\x48\x78\x9b\xc2\x31\xce\x70\x10\xbe\xed\x71\x9e\x6c\xf0\x90\xa5\x37\x59\x33\x51\xf0\x15\xbd\x68\x0c\x2d\xd3\xe9\xb0\x2a\xc4\x09\xa9\x26\xb1\x9b\x92\x21\x4f\x3a\x7e",
            b"lamp on, lamp off; lamp on again and so on and so forth, the quick brown fox",
        ),
        ("deflate", b"\x4b\x04\x00", b"a"),
        ("deflate", b"\x78\x9c\x4b\x04\x00\x00\x62\x00\x62", b"a"),
        ("identity", b"as it is", b"as it is"),
    ] {
        let pieces = packed.chunks(1);
        assert_eq!(dissect::content(pieces, encoding, 100).unwrap(), expect, "{encoding}");
        assert!(expect.len() < 2 || dissect::content([packed], encoding, 3).is_err(), "{encoding}");
    }
    assert!(dissect::content([&b"\x0b\x05\x80hello"[..]], "br", 100).is_err());
}

#[test]
fn a_bomb_is_not_followed() {
    let zeros = vec![0; 80 << 20];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < 100_000);
    // a content of its own may be very dense
    let headers = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", bomb.len());
    let mut capture = Capture::to(80);
    capture.send(0, GET).send_all(1, &answer(&headers, &bomb), 1_460);
    assert!(field(capture.read().of("files")[0], "sha256").is_some());
    // but not many of them
    let times = 60;
    let mut capture = Capture::to(80);
    for _ in 0..times {
        capture.send(0, GET).send_all(1, &answer(&headers, &bomb), 60_000);
    }
    let found = capture.read();
    let errors: Vec<_> = found.of("files").iter().map(|file| field(file, "error")).collect();
    assert_eq!((errors.len(), errors[0]), (times, None));
    assert_eq!(errors[times - 1], Some("it unpacks to more than is believed"));
    assert!(dissect::content([&bomb[..]], "gzip", 1 << 20).is_err());
}

/// An MQTT packet that publishes `payload` under `topic`.
fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x30];
    let mut left = 2 + topic.len() + payload.len();
    while left >= 128 {
        packet.push(left as u8 | 0x80);
        left >>= 7;
    }
    packet.push(left as u8);
    packet.extend((topic.len() as u16).to_be_bytes());
    packet.extend(topic.bytes());
    packet.extend(payload);
    packet
}

const CONNECT: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01x";

#[test]
fn payloads_of_mqtt_that_are_files() {
    let picture = [&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], &text(150_000)].concat();
    for (payload, mime_type) in
        [(&picture[..], "image/jpeg"), (&picture[..200], "image/jpeg"), (&gzip(&picture), "application/gzip")]
    {
        let mut capture = Capture::to(1883);
        capture.send(0, CONNECT).send_all(0, &publish("cam/1/snapshot", payload), 1_460).send(0, &[0xc0, 0]);
        let found = capture.read();
        assert!(found.issues.is_empty(), "{:?}", found.issues);
        assert_eq!(found.of("mqtt").len(), 3);
        let files = found.of("files");
        assert_eq!(files.len(), 1, "{mime_type} of {}", payload.len());
        let sum = model::hex(&Sha256::digest(payload));
        assert_eq!((files[0].subject.as_str(), field(files[0], "sha256")), ("cam/1/snapshot", Some(sum.as_str())));
        assert_eq!(field(files[0], "mime_type"), Some(mime_type));
        assert_eq!(dissect::content(capture.bytes_of(&files[0].place), "", 1 << 20).unwrap(), payload);
    }
    // a hole in it: the next packet is read all the same
    let packet = publish("cam/1/snapshot", &picture);
    let mut capture = Capture::to(1883);
    capture.send(0, CONNECT).send_all(0, &packet[..140_000], 1_460).lose(0, 5_000);
    capture.send(0, &packet[145_000..]).send(0, &publish("t", b"on"));
    let found = capture.read();
    assert_eq!(found.of("mqtt").len(), 3, "{:?}", found.facts);
    assert_eq!(
        (field(found.of("files")[0], "missing_bytes"), field(found.of("files")[0], "sha256")),
        (Some("5000"), None)
    );
}

/// A CoAP GET of `/fw` for a block of 64 bytes, and the response with it.
fn block(number: u8, more: bool, payload: &[u8]) -> [Vec<u8>; 2] {
    let asked = [&[0x41, 1, 0, number, 7, 0xb2, b'f', b'w', 0xc1, number << 4 | 2][..]].concat();
    let option = number << 4 | u8::from(more) << 3 | 2;
    let answered = [&[0x61, 0x45, 0, number, 7, 0xd1, 10, option, 0xff][..], payload].concat();
    [asked, answered]
}

#[test]
fn blocks_of_coap_are_a_file() {
    let content = text(200);
    let sum = model::hex(&Sha256::digest(&content));
    let blocks: Vec<[Vec<u8>; 2]> =
        content.chunks(64).enumerate().map(|(n, part)| block(n as u8, part.len() == 64, part)).collect();
    let all = |order: &[usize]| {
        let mut capture = Capture::datagrams(5683);
        for n in order {
            let [asked, answered] = &blocks[*n];
            capture.datagram(0, asked).datagram(1, answered);
        }
        let found = capture.read();
        assert!(found.issues.is_empty(), "{:?}", found.issues);
        (capture, found)
    };
    let (capture, found) = all(&[0, 0, 1, 1, 2, 3]);
    let file = found.of("files")[0];
    assert_eq!((file.subject.as_str(), field(file, "sha256")), ("/fw", Some(sum.as_str())), "{file:?}");
    assert_eq!(dissect::content(capture.bytes_of(&file.place), "", 1 << 20).unwrap(), content);
    // one is missing; the last is missing
    let (_, found) = all(&[0, 2, 3]);
    assert_eq!(
        (field(found.of("files")[0], "missing_bytes"), field(found.of("files")[0], "sha256")),
        (Some("64"), None)
    );
    let (_, found) = all(&[0, 1, 2]);
    assert_eq!(field(found.of("files")[0], "incomplete").map(|is| is.starts_with("true")), Some(true));
}
