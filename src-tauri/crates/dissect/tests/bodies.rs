//! Bodies of messages with changed bytes: whatever a packed body does, nothing panics, and every fact's bytes are where it says.

mod common;

use common::Capture;

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
