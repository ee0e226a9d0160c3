//! TLS with a key log: what is said inside is read as if it had been said in the clear.
//!
//! `tests/tls/*.txt` are connections of OpenSSL 3.0's `s_client` to its `s_server`, recorded on the loopback: the lines of the key
//! log, then a line for each segment with its sender. What has to come out is what tshark shows with the same key log.
//! `tls13-files.txt` is Python's `ssl` with itself: requests one after the other, three short answers in one record.

mod common;

use common::{Capture, Found, field};
use dissect::{Decrypt, Decrypted, Engine, Value, Wanted};
use model::Fact;

const SESSIONS: &[(&str, &str)] = &[
    ("tls12-aes128cbc", include_str!("tls/tls12-aes128cbc.txt")),
    ("tls12-aes128ccm8", include_str!("tls/tls12-aes128ccm8.txt")),
    ("tls12-aes256gcm", include_str!("tls/tls12-aes256gcm.txt")),
    ("tls12-chacha20", include_str!("tls/tls12-chacha20.txt")),
    ("tls13-aes128gcm", include_str!("tls/tls13-aes128gcm.txt")),
    ("tls13-keyupdate", include_str!("tls/tls13-keyupdate.txt")),
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The segments of a session: (side, bytes).
fn segments(session: &str) -> Vec<(usize, Vec<u8>)> {
    session
        .lines()
        .filter_map(|line| match line.split_once(' ')? {
            ("client", hex) => Some((0, bytes(hex))),
            ("server", hex) => Some((1, bytes(hex))),
            _ => None,
        })
        .collect()
}

fn keys(session: &str) -> String {
    session
        .lines()
        .filter(|line| !line.starts_with("client ") && !line.starts_with("server "))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn capture(segments: &[(usize, Vec<u8>)], segment: usize) -> Capture {
    let mut capture = Capture::to(443);
    for (side, bytes) in segments {
        capture.send_all(*side, bytes, segment);
    }
    capture.close(1).close(0);
    capture
}

fn read(capture: &Capture, keys: &str) -> Found {
    let mut engine = Engine::new();
    engine.secrets(keys.as_bytes());
    capture.read_with(&mut engine)
}

#[test]
fn what_is_said_inside_is_read() {
    for (name, session) in SESSIONS {
        for segment in [1_460, 100, 1] {
            let capture = capture(&segments(session), segment);
            let found = read(&capture, &keys(session));
            let case = format!("{name} in segments of {segment}");
            assert!(found.issues.is_empty(), "{case}: {:?}", found.issues);
            let http = found.of("http");
            assert_eq!(http.len(), 2, "{case}");
            assert!(http.iter().all(|fact| fact.subject == "hub.example/fw.txt"), "{case}");
            assert!(http.iter().all(|fact| field(fact, "decrypted").is_some_and(|is| is.starts_with("true"))));
            assert_eq!(field(http[1], "status_code"), Some("200"));
            let file = found.of("files")[0];
            let sum = "7bd37f53b9621c0e1b0"; // of "lamp firmware 2.0\n"
            assert!(field(file, "sha256").is_some_and(|sha256| sha256.starts_with(sum)), "{case}: {file:?}");
            let login = found.of("credentials")[0];
            assert_eq!((field(login, "method"), field(login, "password")), (Some("bearer"), Some("tok-1")), "{case}");
            let certificate = found.of("x509");
            assert_eq!((certificate.len(), certificate[0].subject.as_str()), (1, "hub.example"), "{case}");
            assert_eq!(field(certificate[0], "decrypted").is_some(), name.starts_with("tls13"), "{case}");
            // the place of what was said inside are whole records
            let record = capture.bytes_of(&http[0].place).concat();
            let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
            assert_eq!((record[0], record.len()), (23, 5 + len), "{case}");
            assert_eq!(found.flows[0].service, Some("tls"));
        }
    }
}

/// What each frame brings.
fn decrypted(capture: &Capture, keys: &str) -> Vec<Decrypted> {
    let mut decrypt = Decrypt::new();
    decrypt.secrets(keys.as_bytes());
    let all: Vec<Decrypted> = capture.frames(1_000).map(|frame| decrypt.frame(&frame)).collect();
    for one in &all {
        let inside = |node: &dissect::Node| node.bytes.start <= node.bytes.end && node.bytes.end <= one.bytes.len();
        assert!(one.nodes.iter().all(inside), "{one:?}");
        assert_eq!(one.bytes.is_empty(), one.nodes.is_empty(), "{one:?}");
    }
    all
}

/// Texts of the fields of that name, and the bytes where they are.
fn texts<'a>(one: &'a Decrypted, name: &str) -> Vec<(&'a str, &'a [u8])> {
    let named = one.nodes.iter().filter(|node| node.name == name);
    named
        .filter_map(|node| match &node.value {
            Value::Text(text) => Some((text.as_str(), &one.bytes[node.bytes.clone()])),
            _ => None,
        })
        .collect()
}

#[test]
fn a_frame_shows_what_is_inside_and_where() {
    for (name, session) in SESSIONS {
        for segment in [1_460, 100, 1] {
            let capture = capture(&segments(session), segment);
            let case = format!("{name} in segments of {segment}");
            let frame_of = |n: usize| read(&capture, &keys(session)).of("http")[n].place.frame.unwrap() as usize - 1;
            let all = decrypted(&capture, &keys(session));
            let with = |name: &str| (0..all.len()).filter(|n| !texts(&all[*n], name).is_empty()).collect::<Vec<_>>();
            assert_eq!(with("http.request.uri"), [frame_of(0)], "{case}");
            assert_eq!(with("http.response.phrase"), [frame_of(1)], "{case}");
            assert_eq!(texts(&all[frame_of(0)], "http.request.uri"), [("/fw.txt", &b"/fw.txt"[..])], "{case}");
            assert_eq!(texts(&all[frame_of(0)], "http.host"), [("hub.example", &b"hub.example"[..])], "{case}");
            let bodies: Vec<u8> =
                all.iter().flat_map(|one| texts(one, "http.file_data")).flat_map(|(_, bytes)| bytes.to_vec()).collect();
            assert_eq!(bodies, b"lamp firmware 2.0\n", "{case}");
            let certificates = all.iter().filter(|one| one.nodes.iter().any(|node| node.name.starts_with("x509")));
            assert_eq!(certificates.count() > 0, name.starts_with("tls13"), "{case}");
            assert!(decrypted(&capture, "").iter().all(|one| one.bytes.is_empty()), "{case}");
        }
    }
}

#[test]
fn without_its_secrets_a_connection_stays_shut() {
    for (name, session) in SESSIONS {
        let capture = capture(&segments(session), 1_460);
        let wrong = keys(session).replace(['a', '4'], "5");
        for keys in ["", &wrong, "CLIENT_RANDOM 00 00"] {
            let found = read(&capture, keys);
            assert_eq!(found.of("http").len(), 0, "{name}");
            assert_eq!(found.of("tls").len(), 2, "{name}");
        }
        // the right connection, but other secrets
        let other: String = keys(session)
            .lines()
            .filter_map(|line| {
                let (head, secret) = line.rsplit_once(' ')?;
                Some(format!("{head} {}\n", "0".repeat(secret.len())))
            })
            .collect();
        assert_eq!(read(&capture, &other).of("http").len(), 0, "{name}");
    }
}

#[test]
fn reading_goes_on_behind_missing_records() {
    let (_, session) = SESSIONS[2];
    let mut segments = segments(session);
    // a record of the client before the request: its Finished
    let (side, bytes) = segments.iter().filter(|(side, _)| *side == 0).nth(1).cloned().unwrap();
    let n = segments.iter().position(|segment| *segment == (side, bytes.clone())).unwrap();
    segments[n].1.truncate(bytes.len() - 45);
    let mut capture = Capture::to(443);
    for (at, (side, bytes)) in segments.iter().enumerate() {
        capture.send(*side, bytes);
        if at == n {
            capture.lose(*side, 45);
        }
    }
    capture.close(1).close(0);
    let found = read(&capture, &keys(session));
    assert_eq!(found.of("http").len(), 2, "{:?}", found.facts);
}

/// Damaged records and key logs: nothing panics.
#[test]
fn damage_is_survived() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % n
    };
    for round in 0..300 {
        let (_, session) = SESSIONS[round % SESSIONS.len()];
        let mut segments = segments(session);
        let mut keys = keys(session).into_bytes();
        for _ in 0..=next(4) {
            let n = next(segments.len());
            let (_, bytes) = &mut segments[n];
            match next(4) {
                0 => bytes.truncate(next(bytes.len())),
                1 if next(4) == 0 => keys.truncate(next(keys.len().max(1))),
                2 => bytes.rotate_left(next(8)),
                _ => {
                    let at = next(bytes.len());
                    bytes[at] ^= 1 << next(8);
                }
            }
            segments.retain(|(_, bytes)| !bytes.is_empty());
        }
        let (capture, keys) = (capture(&segments, 1 + next(1_500)), String::from_utf8_lossy(&keys));
        read(&capture, &keys);
        decrypted(&capture, &keys);
    }
}

/// Several files of one connection.
const FILES: &str = include_str!("tls/tls13-files.txt");

/// What is said of a file, so that it can be had again.
fn wanted(fact: &Fact, is_known: bool) -> Wanted {
    let number = |name: &str| field(fact, name).and_then(|value| value.split([',', '}']).next()?.parse().ok());
    let sha256 = field(fact, "sha256").map_or("", |value| &value[..64]);
    let length = number("content_bytes").or_else(|| number("seen_bytes")).filter(|_| is_known);
    Wanted { place: fact.place.clone(), sha256: sha256.to_owned(), length }
}

/// The contents that pass, by number.
fn passed(capture: &Capture, wanted: Vec<Wanted>) -> Vec<(usize, Vec<u8>, bool)> {
    let mut decrypt = Decrypt::new();
    decrypt.secrets(keys(FILES).as_bytes());
    let all = wanted.len();
    decrypt.seek(wanted);
    let mut found = Vec::new();
    for frame in capture.frames(1_000) {
        found.extend(decrypt.pass(&frame));
    }
    found.extend(decrypt.end());
    assert_eq!(decrypt.is_over(), found.len() == all);
    found.into_iter().map(|(number, kept)| (number, kept.bytes, kept.whole)).collect()
}

#[test]
fn all_files_of_a_connection_are_had_in_one_pass() {
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>().into_bytes();
    let contents = [
        b"lamp on\n".to_vec(),
        b"lamp off\n".to_vec(),
        b"lamp on\n".to_vec(),
        lines(120, |n| format!("lamp {n} on\n")),
        lines(200, |n| format!("block {n} of firmware\n")),
        br#"{"on":true,"level":40}"#.to_vec(),
    ];
    for segment in [1_460, 100] {
        let capture = capture(&segments(FILES), segment);
        let found = read(&capture, &keys(FILES));
        let files = found.of("files");
        assert_eq!(files.len(), contents.len(), "{files:?}");
        assert_eq!(files[0].place, files[1].place, "they came in one record");
        for is_known in [true, false] {
            let all: Vec<Wanted> = files.iter().map(|fact| wanted(fact, is_known)).collect();
            let each: Vec<_> = contents.iter().cloned().enumerate().map(|(n, content)| (n, content, true)).collect();
            assert_eq!(passed(&capture, all.clone()), each);
            // One alone, and beside one that never comes.
            for (n, content) in contents.iter().enumerate() {
                let other = Wanted { sha256: "0".repeat(64), ..all[n].clone() };
                assert_eq!(passed(&capture, vec![other, all[n].clone()]), [(1, content.clone(), true)]);
            }
        }
        // Longer than it was: what was asked for comes, and that there is more.
        let short = Wanted { length: Some(100), ..wanted(files[3], true) };
        assert_eq!(passed(&capture, vec![short]), [(0, contents[3][..101].to_vec(), false)]);
    }
}
