use expect_test::{Expect, expect};

use super::*;
use crate::Tree;
use crate::protocols::http::Http;
use crate::protocols::testing::{Random, bytes, found, lines, message, segments, survives};
use crate::protocols::{Out, Step};

mod shown;

/// A frame of that type, with flags, of a stream.
fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (content.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// A block of fields that are not kept, written in full.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":authority", "hub"), (":path", "/lights.json?n=1")];
const ENDS: u8 = 0x05; // the headers and the stream

fn client(frames: &[Vec<u8>]) -> Vec<u8> {
    [PREFACE, &frame(4, 0, 0, &[]), &frames.concat()].concat()
}

fn server(frames: &[Vec<u8>]) -> Vec<u8> {
    [frame(4, 0, 0, &bytes("000300000064")), frame(4, 1, 0, &[]), frames.concat()].concat()
}

fn check(messages: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&segments(&Http2, messages));
}

#[test]
fn what_http_1_tells_too() {
    let asked = fields(
        &[
            &GET[..],
            &[
                ("user-agent", "lamp/1.0"),
                ("authorization", "Basic Ym9iOnB3MQ=="),
                ("cookie", "sid=1"),
                ("cookie", "theme=dark"),
            ],
        ]
        .concat(),
    );
    let said = fields(&[
        (":status", "200"),
        ("server", "nginx"),
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("set-cookie", "sid=2; Path=/"),
    ]);
    let login = fields(&[
        (":method", "POST"),
        (":authority", "hub"),
        (":path", "/login"),
        ("content-type", "application/x-www-form-urlencoded"),
    ]);
    check(
        &[
            (
                Side::Orig,
                &client(&[
                    frame(1, ENDS, 1, &asked),
                    frame(1, 4, 3, &login),
                    frame(0, 1, 3, b"user=bob&password=a%26b"),
                ]),
            ),
            (
                Side::Resp,
                &server(&[
                    frame(1, 4, 1, &said),
                    frame(0, 1, 1, b"hello"),
                    frame(1, ENDS, 3, &fields(&[(":status", "401"), ("www-authenticate", "Digest realm=\"cam\"")])),
                ]),
            ),
        ],
        expect![[r#"
            http 'hub/lights.json?n=1' {"msg_type":"request","method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2","user_agent":"lamp/1.0","authorization":"Basic","username":"bob","password":"masked","cookie_vars":["sid","theme"]} {"trans_depth":1}
            credentials 'bob' {"protocol":"http","method":"basic","username":"bob","host":"hub"} {"password":"pw1"}
            credentials 'sid' {"protocol":"http","method":"cookie","name":"sid","host":"hub"} {"password":"1"}
            http 'hub/login' {"msg_type":"request","method":"POST","host":"hub","uri":"/login","version":"2","content_type":"application/x-www-form-urlencoded"} {"trans_depth":2}
            credentials 'bob' {"protocol":"http","method":"form","username":"bob","name":"password","host":"hub"} {"password":"a&b"}
            files 'hub/login' {"source":"http","host":"hub","content_type":"application/x-www-form-urlencoded","mime_type":"text/plain","is_orig":true,"total_bytes":23,"sha256":"001d1a7082d967bf4c7d9aa991cca9c619259ceb4d2092344e40ca9ac52b0159"} {"seen_bytes":23}
            http 'hub/lights.json?n=1' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2","server":"nginx","content_type":"text/plain","set_cookie_vars":["sid"]} {"trans_depth":1,"content_length":5}
            files 'hub/lights.json?n=1' {"source":"http","filename":"lights.json","host":"hub","content_type":"text/plain","mime_type":"text/plain","is_orig":false,"total_bytes":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"} {"seen_bytes":5}
            http 'hub/login' {"msg_type":"response","status_code":401,"method":"POST","host":"hub","uri":"/login","version":"2","authenticate":"Digest","realm":"cam"} {"trans_depth":2}
        "#]],
    );
}

/// Two bodies in turns, padded; a request in three frames with a priority; a push; trailers; what is asked of 100-continue.
fn interleaved() -> [Vec<u8>; 2] {
    let block = fields(&GET);
    let (first, rest) = block.split_at(7);
    let (second, third) = rest.split_at(20);
    let answer = |kind| fields(&[(":status", "200"), ("content-type", kind)]);
    let padded = |data: &[u8], padding: usize| [&[padding as u8], data, &vec![0; padding]].concat();
    let client = client(&[
        frame(1, 0x29, 1, &[&[3, 0x80, 0, 0, 7, 15], first, &[0; 3]].concat()),
        frame(9, 0, 1, second),
        frame(9, 4, 1, third),
        frame(8, 0, 0, &bytes("00010000")),
        frame(1, ENDS, 3, &fields(&[(":method", "GET"), (":authority", "hub"), (":path", "/b.bin")])),
    ]);
    let pushed =
        [&[0, 0, 0, 2][..], &fields(&[(":method", "GET"), (":authority", "hub"), (":path", "/c.css")])].concat();
    let server = server(&[
        frame(5, 4, 1, &pushed),
        frame(1, 4, 1, &fields(&[(":status", "103")])),
        frame(1, 4, 1, &answer("application/json")),
        frame(1, 4, 3, &answer("application/octet-stream")),
        frame(0, 8, 1, &padded(b"{\"on\":", 4)),
        frame(0, 0, 3, b"\x01\x02\x03"),
        frame(6, 0, 0, &[7; 8]),
        frame(0, 9, 3, &padded(b"\x04", 9)),
        frame(0, 8, 1, &padded(b"true}", 0)),
        frame(99, 0xff, 1, b"of another day"),
        frame(1, ENDS, 1, &fields(&[("x-sum", "1")])),
        frame(1, 4, 2, &answer("text/css")),
        frame(0, 1, 2, b"p{}"),
        frame(7, 0, 0, &bytes("00000003 00000000 627965")),
    ]);
    [client, server]
}

#[test]
fn streams_in_turns() {
    let [client, server] = interleaved();
    check(
        &[(Side::Orig, &client), (Side::Resp, &server)],
        expect![[r#"
        http 'hub/lights.json?n=1' {"msg_type":"request","method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2"} {"trans_depth":1}
        http 'hub/b.bin' {"msg_type":"request","method":"GET","host":"hub","uri":"/b.bin","version":"2"} {"trans_depth":2}
        http 'hub/lights.json?n=1' {"msg_type":"response","status_code":103,"method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2"} {"trans_depth":1}
        http 'hub/lights.json?n=1' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2","content_type":"application/json"} {"trans_depth":1}
        http 'hub/b.bin' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/b.bin","version":"2","content_type":"application/octet-stream"} {"trans_depth":2}
        files 'hub/b.bin' {"source":"http","filename":"b.bin","host":"hub","content_type":"application/octet-stream","is_orig":false,"total_bytes":4,"sha256":"9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a"} {"seen_bytes":4}
        files 'hub/lights.json?n=1' {"source":"http","filename":"lights.json","host":"hub","content_type":"application/json","mime_type":"application/json","is_orig":false,"total_bytes":11,"sha256":"5e39d588e5c38ea7dbb55361e6fcb0465fa613e7c504bef60a09c53909104702"} {"seen_bytes":11}
        http 'hub/c.css' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/c.css","version":"2","content_type":"text/css"} {}
        files 'hub/c.css' {"source":"http","filename":"c.css","host":"hub","content_type":"text/css","mime_type":"text/plain","is_orig":false,"total_bytes":3,"sha256":"806db221261eade44c886da5317adb894822d146f0f69ed009e59cae83afcbd6"} {"seen_bytes":3}
    "#]],
    );
}

/// What makers say is read here as in HTTP/1.
#[test]
fn makers_are_understood() {
    let path = "/clip/v2/resource/light/3a1e5a4b-0000-4000-8000-0017880a0b0c";
    let asked = fields(&[
        (":method", "PUT"),
        (":authority", "bridge"),
        (":path", path),
        ("hue-application-key", "k-1234567890"),
        ("content-type", "application/json"),
    ]);
    let said = fields(&[(":status", "200"), ("content-type", "application/json")]);
    let client = client(&[frame(1, 4, 1, &asked), frame(0, 1, 1, br#"{"on":{"on":true}}"#)]);
    let server = server(&[frame(1, 4, 1, &said), frame(0, 1, 1, br#"{"errors":[],"data":[]}"#)]);
    let text = segments(&Http2, &[(Side::Orig, &client), (Side::Resp, &server)]);
    let own = text.lines().filter(|line| !line.starts_with("http ") && !line.starts_with("files "));
    let own: String = own.map(|line| format!("{line}\n")).collect();
    expect![[r#"
        credentials 'hue-application-key' {"protocol":"http","method":"header","name":"hue-application-key","host":"bridge"} {"password":"k-1234567890"}
        hue 'light 3a1e5a4b-0000-4000-8000-0017880a0b0c' {"msg_type":"request","what":"light","id":"3a1e5a4b-0000-4000-8000-0017880a0b0c","on":true,"path":"/clip/v2/resource/light/3a1e5a4b-0000-4000-8000-0017880a0b0c","version":2,"host":"bridge"} {}
        hue 'light 3a1e5a4b-0000-4000-8000-0017880a0b0c' {"msg_type":"response","what":"light","id":"3a1e5a4b-0000-4000-8000-0017880a0b0c","success":true,"path":"/clip/v2/resource/light/3a1e5a4b-0000-4000-8000-0017880a0b0c","version":2,"host":"bridge"} {}
    "#]].assert_eq(&own);
}

#[test]
fn any_split_into_segments_reads_the_same() {
    let [client, server] = interleaved();
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let whole = sorted(segments(&Http2, &[(Side::Orig, &client), (Side::Resp, &server)]));
    for at in 1..server.len() {
        let (head, tail) = server.split_at(at);
        let split = [(Side::Orig, &client[..]), (Side::Resp, head), (Side::Resp, tail)];
        assert_eq!(sorted(segments(&Http2, &split)), whole, "split at {at}");
    }
    let singly: Vec<(Side, &[u8])> = client.chunks(1).map(|byte| (Side::Orig, byte)).collect();
    let text = segments(&Http2, &[&singly[..], &[(Side::Resp, &server)]].concat());
    assert_eq!(sorted(text), whole);
}

/// Reads steps one after the other, as the engine does with what is whole.
fn told(session: &mut dyn Conversation, side: Side, bytes: &[u8]) -> String {
    let (mut text, mut at) = (String::new(), 0);
    while at < bytes.len() {
        let mut out = Out::new(Tree::off());
        let step = session.read(&message(&Http2, Transport::Tcp, side, &bytes[at..]), &mut out);
        lines(&mut text, out, bytes.len() - at);
        match step {
            Step::Took(n) => at += n,
            step => return format!("{text}{step:?}\n"),
        }
    }
    text
}

/// After a gap: what refers to what was said before is not known, and is told once; what was said since is.
#[test]
fn nothing_is_made_up_behind_a_gap() {
    let mut session = Http2.conversation();
    // ":authority: hub" and "user-agent: lamp" are kept; then ":path: /b" is the only field that is new
    let first = bytes("82 86 84 41 03 687562 7a 04 6c616d70");
    let again = bytes("82 86 04 02 2f62 bf be");
    let mut text = told(session.as_mut(), Side::Orig, &client(&[frame(1, ENDS, 1, &first), frame(1, ENDS, 3, &again)]));
    session.gap(Side::Orig);
    text += "gap\n";
    text += &told(session.as_mut(), Side::Orig, b"the rest of a body that nobody knows the beginning of");
    text += &told(session.as_mut(), Side::Orig, &[frame(1, ENDS, 7, &again), frame(1, ENDS, 9, &again)].concat());
    text += &told(session.as_mut(), Side::Orig, &frame(1, ENDS, 11, &[first, bytes("be")].concat()));
    expect![[r#"
        http 'hub/' {"msg_type":"request","method":"GET","host":"hub","uri":"/","version":"2","user_agent":"lamp"} {"trans_depth":1}
        http 'hub/b' {"msg_type":"request","method":"GET","host":"hub","uri":"/b","version":"2","user_agent":"lamp"} {"trans_depth":2}
        gap
        http '/b' {"msg_type":"request","method":"GET","uri":"/b","version":"2"} {"trans_depth":3,"incomplete":true}
        ! 0 header fields refer to what was said before, which is missing from the capture
        http '/b' {"msg_type":"request","method":"GET","uri":"/b","version":"2"} {"trans_depth":4,"incomplete":true}
        http 'hub/' {"msg_type":"request","method":"GET","host":"hub","uri":"/","version":"2","user_agent":"lamp"} {"trans_depth":5}
    "#]].assert_eq(&text);
}

#[test]
fn a_body_goes_on_where_only_some_of_it_is_missing() {
    let mut session = Http2.conversation();
    told(session.as_mut(), Side::Orig, &client(&[frame(1, ENDS, 1, &fields(&GET))]));
    let answer =
        [frame(1, 4, 1, &fields(&[(":status", "200")])), frame(0, 1, 1, b"0123456789"), frame(6, 0, 0, &[0; 8])];
    let answer = server(&answer);
    let cut = answer.len() - 17 - 6; // in the middle of the data
    let mut text = told(session.as_mut(), Side::Resp, &answer[..cut]);
    assert!(!session.missed(Side::Resp, 7) && session.missed(Side::Resp, 4));
    text += &told(session.as_mut(), Side::Resp, &answer[cut + 4..]);
    expect![[r#"
        http 'hub/lights.json?n=1' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2"} {"trans_depth":1}
        files 'hub/lights.json?n=1' {"source":"http","filename":"lights.json","host":"hub","mime_type":"text/plain","is_orig":false} {"seen_bytes":6,"missing_bytes":4}
    "#]].assert_eq(&text);
}

#[test]
fn streams_that_are_broken_off_and_those_that_are_too_many() {
    let post = fields(&[(":method", "POST"), (":authority", "hub"), (":path", "/set")]);
    let stream = |n: u32| [frame(1, 4, n, &post), frame(0, 0, n, b"on")].concat();
    let broken = client(&[stream(1), frame(3, 0, 1, &bytes("00000008")), frame(0, 1, 1, b"off")]);
    check(
        &[(Side::Orig, &broken)],
        expect![[r#"
        http 'hub/set' {"msg_type":"request","method":"POST","host":"hub","uri":"/set","version":"2"} {"trans_depth":1}
        files 'hub/set' {"source":"http","host":"hub","mime_type":"text/plain","is_orig":true} {"seen_bytes":2,"incomplete":true}
    "#]],
    );
    let many: Vec<Vec<u8>> = (0..2_000).map(|n| stream(2 * n + 1)).collect();
    let mut session = Http2.conversation();
    let text = told(session.as_mut(), Side::Orig, &client(&many));
    // as many as are given up, and no more
    assert_eq!(text.lines().filter(|line| line.starts_with("files ")).count(), 2_000 - 256);
    let first = text.lines().position(|line| line.starts_with("files ")).unwrap();
    assert!(text.lines().nth(first).unwrap().contains("\"incomplete\":true"));
}

#[test]
fn malformed() {
    for (what, frames, expect) in [
        (
            "a length that the type has not",
            frame(6, 0, 0, &[0; 7]),
            "! 0 HTTP/2 frame of a length that its type does not have",
        ),
        ("a stream that it can't have", frame(0, 0, 0, b"x"), "! 0 HTTP/2 frame of a type that is not for this stream"),
        ("too long", frame(0, 0, 1, &[0; 16_385]), "! 0 HTTP/2 frame is longer than the other side takes"),
        ("more padding than frame", frame(0, 8, 1, &[5, 0, 0]), "! 0 HTTP/2 padding is longer than its frame"),
        ("the same of headers", frame(1, 12, 1, &[5, 0, 0]), "! 0 HTTP/2 padding is longer than its frame"),
        ("no beginning", frame(9, 4, 1, &[0x82]), "! 0 HTTP/2 header block is continued that was not begun"),
        (
            "interrupted",
            [frame(1, 0, 1, &[0x82]), frame(6, 0, 0, &[0; 8])].concat(),
            "! 10 HTTP/2 header block is interrupted by another frame",
        ),
        ("neither", frame(1, 4, 1, &fields(&[("x", "y")])), "! 0 HTTP/2 head that is neither a request nor a response"),
        ("bad field", frame(1, 4, 1, &[0x82, 0xff, 0xff]), "! 10 header block ends inside a field"),
        (
            "flood",
            [frame(1, 0, 1, &[]), frame(9, 0, 1, &[]).repeat(5_000)].concat(),
            "! 0 HTTP/2 header block is too long",
        ),
    ] {
        let mut session = Http2.conversation();
        let ping = frame(6, 0, 0, &[0; 8]);
        let text = told(session.as_mut(), Side::Orig, &client(&[frames, ping]));
        let issues: Vec<&str> = text.lines().filter(|line| !line.starts_with("http ")).collect();
        assert_eq!(issues, [expect], "{what}");
    }
}

#[test]
fn an_upgrade_of_http_1() {
    let ask = "GET /lights.json HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let frames = [frame(4, 0, 0, &[]), frame(1, 4, 1, &fields(&[(":status", "200")])), frame(0, 1, 1, b"on")].concat();
    let more = client(&[frame(1, ENDS, 3, &fields(&GET))]);
    let text = segments(
        &Http,
        &[
            (Side::Orig, ask.as_bytes()),
            (Side::Resp, &[switch.as_bytes(), &frames].concat()),
            (Side::Orig, &more),
            (Side::Resp, &frame(1, ENDS, 3, &fields(&[(":status", "304")]))),
        ],
    );
    expect![[r#"
        http 'hub/lights.json' {"msg_type":"request","method":"GET","host":"hub","uri":"/lights.json","version":"1.1","upgrade":"h2c"} {"trans_depth":1}
        http 'hub/lights.json' {"msg_type":"response","status_code":101,"status_msg":"Switching Protocols","method":"GET","host":"hub","uri":"/lights.json","version":"1.1","upgrade":"h2c"} {"trans_depth":1}
        http 'hub/lights.json' {"msg_type":"response","status_code":200,"method":"GET","host":"hub","uri":"/lights.json","version":"2"} {"trans_depth":1}
        files 'hub/lights.json' {"source":"http","filename":"lights.json","host":"hub","mime_type":"text/plain","is_orig":false,"total_bytes":2,"sha256":"b8d31e852725afb1e26d53bab6095b2bff1749c9275be13ed1c05a56ed31ec09"} {"seen_bytes":2}
        http 'hub/lights.json?n=1' {"msg_type":"request","method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2"} {"trans_depth":2}
        http 'hub/lights.json?n=1' {"msg_type":"response","status_code":304,"method":"GET","host":"hub","uri":"/lights.json?n=1","version":"2"} {"trans_depth":2}
    "#]].assert_eq(&text);
}

#[test]
fn only_its_beginning_says_that_it_is_it() {
    assert_eq!(found(Transport::Tcp, &client(&[])), Some("http2"));
    let [client, server] = interleaved();
    for at in 1..client.len() {
        assert_eq!(found(Transport::Tcp, &client[at..]), None, "at {at}");
    }
    assert_eq!(found(Transport::Tcp, &server), None);
    // who looks at a packet of such a connection is shown frames where frames are, and nothing else
    assert!(fill(&server) && fill(&client[24..]) && fill(&server[..20]));
    let mut random = Random(5);
    let frames: Vec<usize> = std::iter::successors(Some(0), |at| {
        let frame = frame::Frame::read(&server[*at..])?;
        Some(at + frame.end()).filter(|at| *at < server.len())
    })
    .collect();
    for at in (0..server.len() - 9).filter(|at| !frames.contains(at)) {
        assert!(!fill(&server[at..]), "at {at}");
    }
    assert!((0..50_000).all(|n| !fill(&random.bytes(n % 100))));
}

#[test]
fn survives_anything() {
    let [client, server] = interleaved();
    let indexed = frame(1, ENDS, 1, &bytes("828684418cf1e3c2e5f23a6ba0ab90f4ff be58086e6f2d6361636865"));
    survives(&Http2, Transport::Tcp, &[client, server, super::PREFACE.to_vec(), [PREFACE, &indexed].concat()]);
}
