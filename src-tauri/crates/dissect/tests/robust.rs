//! Whatever the bytes are, nothing here panics, and what is shown lies inside the frame.

mod common;

use common::Capture;
use dissect::{Engine, Findings, FlowHint, Sighting, inspect, summarise};
use model::{Cancelled, Fact, Flow, Frame, Issue, Time};

/// Frames of the common shapes: TCP with options, UDP with DNS, ARP, IPv6 with a fragment header, neighbour discovery, 802.11.
const SEEDS: &[(u16, &str)] = &[
    (
        1,
        "0200000000010200000000020800450000340001400040060000c0a80002c0a800010400075b000000010000000050020fff0000000002040578080a0000000100000000",
    ),
    (
        1,
        "0200000000010200000000020800450000390001400040110000c0a80002c0a80001040000350025000012340100000100000000000003777777076578616d706c650000010001",
    ),
    (1, "ffffffffffff0200000000020806000108000604000102000000000ac0a80002000000000000c0a80001"),
    (
        1,
        "02000000000102000000000286dd60000000001a2c40fe800000000000000000000000000001fe8000000000000000000000000000021100000100000007040000350012000001020304050607080910",
    ),
    (
        1,
        "33330000000102000000000286dd6000000000203afffe800000000000000000000000000001ff02000000000000000000000000000187000000000000fe80000000000000000000000000000201010200000000ff",
    ),
    (
        127,
        "00001200 2e48000010 02 6c09a000c9000000 40000000ffffffffffff0200000000aaffffffffffff1000 0003616263 0104828496ac",
    ),
    (
        113,
        "0000000100060200000000020000080045000028000140004006000001020304050607080050c00000000001000000015010ffff00000000",
    ),
];

/// Those and the frames that the lower layers are tested with.
fn seeds() -> Vec<(u16, Vec<u8>)> {
    let more = include_str!("../src/layers/frames.txt").lines().filter(|line| !line.starts_with('#'));
    let more = more.map(|line| {
        let [_, link_type, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        (link_type.parse().unwrap(), bytes(hex))
    });
    SEEDS.iter().map(|(link_type, hex)| (*link_type, bytes(hex))).chain(more).collect()
}

struct Nowhere;

impl Findings for Nowhere {
    fn fact(&mut self, _: Fact) -> Result<(), Cancelled> {
        Ok(())
    }
    fn flow(&mut self, _: u32, _: &Flow) -> Result<(), Cancelled> {
        Ok(())
    }
    fn sighting(&mut self, _: &Sighting) -> Result<(), Cancelled> {
        Ok(())
    }
    fn issue(&mut self, _: Issue) {}
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A number of a sequence that is the same on every machine (xorshift64).
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

fn try_all(engine: &mut Engine, number: u64, raw: &[u8], link_type: u16) {
    let ts = Some(Time(number as i64 * 1_000_000));
    let frame =
        Frame { number, ts, offset: number * 100, bytes: raw, wire_len: raw.len() as u32, interface: 0, link_type };
    engine.frame(&frame, &mut Nowhere).unwrap();
    for hint in [FlowHint::default(), FlowHint { service: Some("dns"), from_orig: false }] {
        for node in inspect(raw, link_type, raw.len() as u32, hint, &[], &[]) {
            assert!(node.bytes.start <= node.bytes.end, "{node:?}");
        }
        summarise(raw, link_type, raw.len() as u32, hint);
    }
}

#[test]
fn frames_cut_at_every_length() {
    let mut engine = Engine::new();
    let mut number = 0;
    for (link_type, whole) in seeds() {
        for length in 0..=whole.len() {
            number += 1;
            try_all(&mut engine, number, &whole[..length], link_type);
        }
    }
    engine.finish(&mut Nowhere).unwrap();
}

#[test]
fn frames_with_changed_bytes() {
    let mut engine = Engine::new();
    let mut state = 0x1a2b_3c4d_5e6f_7081;
    let seeds = seeds();
    for number in 1..80_000_u64 {
        let (link_type, mut raw) = seeds[next(&mut state) % seeds.len()].clone();
        for _ in 0..=next(&mut state) % 4 {
            let at = next(&mut state) % raw.len();
            raw[at] = next(&mut state) as u8;
        }
        raw.truncate(raw.len() - next(&mut state) % 8);
        try_all(&mut engine, number, &raw, link_type);
    }
    engine.finish(&mut Nowhere).unwrap();
}

/// Connections with bodies of all framings and packings, and MQTT with files: damaged, cut, lost in part, in segments of any length.
#[test]
fn bodies_with_changed_bytes() {
    let get = "GET /api/0123456789abcdef0123/x.bin?token=a%20b HTTP/1.1\r\nHost: h\r\nAuthorization: Basic Ym9iOnB3MQ==\r\n\r\n";
    let post = "POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\nuser=bob&password=a%26b";
    let gzip = "1f8b0800000000000203ab562a51b23232d433ad0500d7ffddb90a000000";
    let brotli = "0b0580 68656c6c6f20776f726c64 03";
    let zlib = "789c cb48cdc9c95748ce2f4e05001b880475";
    let packed = |encoding: &str, body: &[u8], framing: &str| {
        let length = format!("Content-Length: {}\r\n", body.len());
        let framing = if framing == "length" { &length } else { framing };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n{framing}\r\n");
        let body = match framing.starts_with("Transfer") {
            true => [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
            false => body.to_vec(),
        };
        [head.as_bytes(), &body].concat()
    };
    let mut answers = Vec::new();
    for (encoding, body) in [("gzip", gzip), ("br", brotli), ("deflate", zlib), ("x", gzip)] {
        for framing in ["length", "Transfer-Encoding: chunked\r\n", ""] {
            answers.push(packed(encoding, &bytes(body), framing));
        }
    }
    let mqtt = bytes("100d00044d5154540402003c000178 306300017affd8ffe000104a464946");
    let mqtt = [mqtt, vec![7; 88], bytes("301000017abf61610161629f0203ffff00000000")].concat();
    let mut state = 0x0123_4567_89ab_cdef;
    for round in 0..6_000 {
        let mut capture = Capture::to(if round % 7 == 0 { 1883 } else { 80 });
        let (mut asked, mut answer) = match round % 7 {
            0 => (mqtt.clone(), mqtt.clone()),
            1 => (post.as_bytes().to_vec(), answers[next(&mut state) % answers.len()].clone()),
            _ => {
                let two = [&answers[next(&mut state) % answers.len()][..], &answers[next(&mut state) % answers.len()]];
                ([get, get].concat().into_bytes(), two.concat())
            }
        };
        for _ in 0..next(&mut state) % 4 {
            let damaged = if next(&mut state).is_multiple_of(3) { &mut asked } else { &mut answer };
            let at = next(&mut state) % damaged.len();
            damaged[at] = next(&mut state) as u8;
        }
        for (side, stream) in [(0, &asked), (1, &answer)] {
            for part in stream.chunks(1 + next(&mut state) % 90) {
                match next(&mut state) % 16 {
                    0 => capture.lose(side, part.len()),
                    1 => capture.send(side, part).send(side, &part[..part.len() / 2]),
                    _ => capture.send(side, part),
                };
            }
        }
        if round % 2 == 0 {
            capture.close(1);
        }
        for fact in capture.read().facts {
            capture.bytes_of(&fact.place);
        }
    }
}
