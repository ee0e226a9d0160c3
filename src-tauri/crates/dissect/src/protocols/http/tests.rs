use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, bytes, segments, survives, taken, tree};

fn check(messages: &[(Side, &str)], expect: Expect) {
    let messages: Vec<(Side, &[u8])> = messages.iter().map(|(side, text)| (*side, text.as_bytes())).collect();
    expect.assert_eq(&segments(&Http, &messages));
}

const GET: &str = "GET /api/lights?n=1 HTTP/1.1\r\nHost: bridge.local\r\nUser-Agent: lamp/1.0\r\nReferer: http://a/\r\n\
    Cookie: sid=1; theme=dark\r\nAuthorization: Basic Ym9iOnB3MQ==\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\
    Set-Cookie: sid=2; Path=/\r\nSet-Cookie: lang=en\r\n\r\nhello";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n";

#[test]
fn request_and_response() {
    check(
        &[(Side::Orig, GET), (Side::Resp, OK)],
        expect![[r#"
            http 'bridge.local/api/lights?n=1' {"msg_type":"request","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","user_agent":"lamp/1.0","referrer":"http://a/","authorization":"Basic","username":"bob","password":"masked","cookie_vars":["sid","theme"]} {"trans_depth":1}
            credentials 'bob' {"protocol":"http","method":"basic","username":"bob","host":"bridge.local"} {"password":"pw1"}
            credentials 'sid' {"protocol":"http","method":"cookie","name":"sid","host":"bridge.local"} {"password":"1"}
            http 'bridge.local/api/lights?n=1' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","server":"nginx","content_type":"text/plain","set_cookie_vars":["sid","lang"]} {"trans_depth":1,"content_length":5}
            files 'bridge.local/api/lights?n=1' {"source":"http","filename":"lights","host":"bridge.local","content_type":"text/plain","mime_type":"text/plain","is_orig":false,"total_bytes":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"} {"seen_bytes":5}
        "#]],
    );
}

#[test]
fn bodies_are_skipped_and_requests_counted() {
    let post = "POST /set HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    check(
        &[
            (Side::Orig, post),
            (Side::Orig, GET),
            (Side::Resp, "HTTP/1.1 100 Continue\r\n\r\n"),
            (Side::Resp, CHUNKED),
            (Side::Resp, OK),
        ],
        expect![[r#"
            http 'a/set' {"msg_type":"request","method":"POST","host":"a","uri":"/set","version":"1.1"} {"content_length":18,"trans_depth":1}
            files 'a/set' {"source":"http","host":"a","mime_type":"text/plain","is_orig":true,"total_bytes":18,"sha256":"8ac8a2c19d1c441af9f62e3e2309d3adaf82ddc6cbc8f100770cc234df048e17"} {"seen_bytes":18}
            http 'bridge.local/api/lights?n=1' {"msg_type":"request","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","user_agent":"lamp/1.0","referrer":"http://a/","authorization":"Basic","username":"bob","password":"masked","cookie_vars":["sid","theme"]} {"trans_depth":2}
            credentials 'bob' {"protocol":"http","method":"basic","username":"bob","host":"bridge.local"} {"password":"pw1"}
            credentials 'sid' {"protocol":"http","method":"cookie","name":"sid","host":"bridge.local"} {"password":"1"}
            http 'a/set' {"msg_type":"response","status_code":100,"status_msg":"Continue","method":"POST","host":"a","uri":"/set","version":"1.1"} {"trans_depth":1}
            http 'a/set' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"POST","host":"a","uri":"/set","version":"1.1"} {"trans_depth":1}
            files 'a/set' {"source":"http","host":"a","transfer_encoding":"chunked","mime_type":"text/plain","is_orig":false,"total_bytes":15,"sha256":"5be9432ad835558103e55ce3e05ba7e9212090f3fef0c1b3ca180fb244c82dd0"} {"seen_bytes":15}
            http 'bridge.local/api/lights?n=1' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","server":"nginx","content_type":"text/plain","set_cookie_vars":["sid","lang"]} {"trans_depth":2,"content_length":5}
            files 'bridge.local/api/lights?n=1' {"source":"http","filename":"lights","host":"bridge.local","content_type":"text/plain","mime_type":"text/plain","is_orig":false,"total_bytes":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"} {"seen_bytes":5}
        "#]],
    );
}

#[test]
fn responses_without_a_body() {
    check(
        &[
            (
                Side::Orig,
                "HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\nGET /d HTTP/1.0\r\n\r\n",
            ),
            (Side::Resp, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
            (Side::Resp, "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
            (Side::Resp, "HTTP/1.1 204 No Content\r\n\r\n"),
            (Side::Resp, "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 this is a body until the end"),
        ],
        expect![[r#"
            http '/a' {"msg_type":"request","method":"HEAD","uri":"/a","version":"1.1"} {"trans_depth":1}
            http '/b' {"msg_type":"request","method":"GET","uri":"/b","version":"1.1"} {"trans_depth":2}
            http '/c' {"msg_type":"request","method":"GET","uri":"/c","version":"1.1"} {"trans_depth":3}
            http '/d' {"msg_type":"request","method":"GET","uri":"/d","version":"1.0"} {"trans_depth":4}
            http '/a' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"HEAD","uri":"/a","version":"1.1"} {"trans_depth":1,"content_length":100}
            http '/b' {"msg_type":"response","status_code":304,"status_msg":"Not Modified","method":"GET","uri":"/b","version":"1.1"} {"trans_depth":2,"content_length":100}
            http '/c' {"msg_type":"response","status_code":204,"status_msg":"No Content","method":"GET","uri":"/c","version":"1.1"} {"trans_depth":3}
            http '/d' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"GET","uri":"/d","version":"1.0"} {"trans_depth":4}
            files '/d' {"source":"http","filename":"d","mime_type":"text/plain","is_orig":false,"total_bytes":41,"sha256":"7195e42a9b6017051362f86fb30c94738ac554c0a641f02ebadd92696f85c259"} {"seen_bytes":41}
        "#]],
    );
}

#[test]
fn digest_and_bearer_and_soap() {
    check(
        &[
            (Side::Orig, "GET / HTTP/1.1\r\nAuthorization: Digest username=\"bob\", realm=\"cam\", uri=\"/\"\r\n\r\n"),
            (Side::Orig, "GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n\r\n"),
            (Side::Orig, "POST /ctl HTTP/1.1\r\nSOAPACTION: \"urn:x#AddPortMapping\"\r\n\r\n"),
            (
                Side::Resp,
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"1\"\r\nContent-Length: 0\r\n\r\n",
            ),
        ],
        expect![[r#"
            http '/' {"msg_type":"request","method":"GET","uri":"/","version":"1.1","authorization":"Digest","username":"bob","realm":"cam"} {"trans_depth":1}
            credentials 'bob' {"protocol":"http","method":"digest","username":"bob","realm":"cam"} {}
            http '/' {"msg_type":"request","method":"GET","uri":"/","version":"1.1","authorization":"Bearer"} {"trans_depth":2}
            credentials 'bearer' {"protocol":"http","method":"bearer"} {"password":"abc"}
            http '/ctl' {"msg_type":"request","method":"POST","uri":"/ctl","version":"1.1","soap_action":"urn:x#AddPortMapping"} {"trans_depth":3}
            http '/' {"msg_type":"response","status_code":401,"status_msg":"Unauthorized","method":"GET","uri":"/","version":"1.1","authenticate":"Digest","realm":"cam"} {"trans_depth":1,"content_length":0}
        "#]],
    );
}

#[test]
fn logins_in_forms_queries_and_paths() {
    check(
        &[
            (
                Side::Orig,
                "POST /login HTTP/1.1\r\nHost: cam\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\nuser=bob&password=a%26b",
            ),
            (
                Side::Orig,
                "POST /api/login HTTP/1.1\r\nHost: cam\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"username\":\"bob\",\"password\":\"pw 1\"}",
            ),
            (Side::Orig, "GET /cgi?usr=admin&pwd=12345&n=1 HTTP/1.1\r\nHost: cam\r\n\r\n"),
            (Side::Orig, "GET /api/83b7780291a6ceffbe0bd049104df/lights HTTP/1.1\r\nHost: hue\r\n\r\n"),
            (Side::Orig, "GET /api/lights/1?x=y HTTP/1.1\r\nHost: hue\r\n\r\n"),
        ],
        expect![[r#"
            http 'cam/login' {"msg_type":"request","method":"POST","host":"cam","uri":"/login","version":"1.1","content_type":"application/x-www-form-urlencoded"} {"content_length":23,"trans_depth":1}
            credentials 'bob' {"protocol":"http","method":"form","username":"bob","name":"password","host":"cam"} {"password":"a&b"}
            files 'cam/login' {"source":"http","host":"cam","content_type":"application/x-www-form-urlencoded","mime_type":"text/plain","is_orig":true,"total_bytes":23,"sha256":"001d1a7082d967bf4c7d9aa991cca9c619259ceb4d2092344e40ca9ac52b0159"} {"seen_bytes":23}
            http 'cam/api/login' {"msg_type":"request","method":"POST","host":"cam","uri":"/api/login","version":"1.1","content_type":"application/json"} {"content_length":36,"trans_depth":2}
            credentials 'bob' {"protocol":"http","method":"json","username":"bob","name":"password","host":"cam"} {"password":"pw 1"}
            files 'cam/api/login' {"source":"http","host":"cam","content_type":"application/json","mime_type":"application/json","is_orig":true,"total_bytes":36,"sha256":"44eb35ee4a6445fe00b3a520a841ea23f335e3e5adbb5bea8ece97f34a6bb4d8"} {"seen_bytes":36}
            http 'cam/cgi?usr=admin&pwd=12345&n=1' {"msg_type":"request","method":"GET","host":"cam","uri":"/cgi?usr=admin&pwd=12345&n=1","version":"1.1"} {"trans_depth":3}
            credentials 'admin' {"protocol":"http","method":"query","username":"admin","name":"pwd","host":"cam"} {"password":"12345"}
            http 'hue/api/83b7780291a6ceffbe0bd049104df/lights' {"msg_type":"request","method":"GET","host":"hue","uri":"/api/83b7780291a6ceffbe0bd049104df/lights","version":"1.1"} {"trans_depth":4}
            credentials 'api' {"protocol":"http","method":"path","name":"api","host":"hue"} {"password":"83b7780291a6ceffbe0bd049104df"}
            http 'hue/api/lights/1?x=y' {"msg_type":"request","method":"GET","host":"hue","uri":"/api/lights/1?x=y","version":"1.1"} {"trans_depth":5}
        "#]],
    );
}

#[test]
fn a_tunnel_is_read_on() {
    check(
        &[
            (Side::Orig, "CONNECT broker:1883 HTTP/1.1\r\nHost: broker:1883\r\n\r\n"),
            (Side::Resp, "HTTP/1.1 200 Connection established\r\n\r\n"),
            (Side::Orig, "\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01x"),
        ],
        expect![[r#"
            http 'broker:1883' {"msg_type":"request","method":"CONNECT","host":"broker:1883","uri":"broker:1883","version":"1.1"} {"trans_depth":1}
            http 'broker:1883' {"msg_type":"response","status_code":200,"status_msg":"Connection established","method":"CONNECT","host":"broker:1883","uri":"broker:1883","version":"1.1"} {"trans_depth":1}
            mqtt 'x' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"3.1.1","proto_level":4,"keep_alive":60,"clean_session":true,"has_password":false,"client_id":"x"} {}
        "#]],
    );
}

const UPGRADE: &str = "GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

/// A binary frame; masked if a client sends it.
fn frame(mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82, payload.len() as u8 | if mask.is_some() { 0x80 } else { 0 }];
    frame.extend(mask.unwrap_or_default().iter().take(if mask.is_some() { 4 } else { 0 }));
    frame.extend(payload.iter().zip(mask.unwrap_or_default().iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[test]
fn mqtt_in_a_web_socket() {
    let connect = bytes("10 0d 0004 4d515454 04 02 003c 0001 78");
    let publish = bytes("30 05 0001 74 6f6e");
    let key = Some([1, 2, 3, 4]);
    // two packets, the second of which is split over two frames with a ping between
    let client =
        [frame(key, &[&connect[..], &publish[..3]].concat()), vec![0x89, 0], frame(key, &publish[3..])].concat();
    let answer = frame(None, &bytes("20020000"));
    let text = segments(
        &Http,
        &[
            (Side::Orig, UPGRADE.as_bytes()),
            (Side::Resp, &[UPGRADED.as_bytes(), &answer[..3]].concat()),
            (Side::Orig, &client[..30]),
            (Side::Orig, &client[30..]),
            (Side::Resp, &answer[3..]),
        ],
    );
    expect![[r#"
        http '/mqtt' {"msg_type":"request","method":"GET","uri":"/mqtt","version":"1.1","upgrade":"websocket","websocket_protocol":"mqtt"} {"trans_depth":1}
        http '/mqtt' {"msg_type":"response","status_code":101,"status_msg":"Switching Protocols","method":"GET","uri":"/mqtt","version":"1.1","upgrade":"websocket","websocket_protocol":"mqtt"} {"trans_depth":1}
        mqtt 'x' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"3.1.1","proto_level":4,"keep_alive":60,"clean_session":true,"has_password":false,"client_id":"x"} {}
        mqtt 't' {"msg_type":"PUBLISH","from_client":true,"client":"x","qos":0,"retain":false,"dup":false,"topic":"t","payload_kind":"text"} {"payload":"on","payload_len":2}
        mqtt 'x' {"msg_type":"CONNACK","from_client":false,"client":"x","connect_status":"Connection Accepted","return_code":0,"session_present":false} {}
    "#]].assert_eq(&text);
}

/// RFC 7692: a message packed with what came before in mind, without the four bytes that end each.
fn packed(deflate: &mut flate2::Compress, text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    deflate.compress_vec(text.as_bytes(), &mut out, flate2::FlushCompress::Sync).unwrap();
    let data = out.strip_suffix(&[0, 0, 0xff, 0xff]).unwrap();
    [&[0xc1, data.len() as u8][..], data].concat()
}

#[test]
fn json_by_web_socket() {
    let upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let key = Some([1, 2, 3, 4]);
    let [mut first, mut last] = [&b"{\"access_to"[..], b"ken\":\"t-14\"}"].map(|part| frame(key, part));
    (first[0], last[0]) = (0x01, 0x80); // a text in two frames, a ping between them
    let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
    let state = r#"{"entity_id":"light.shelf_14","state":"off"}"#;
    let answers = [packed(&mut deflate, state), packed(&mut deflate, state)];
    assert!(answers[1].len() < answers[0].len() / 2);
    let cut = [&[0x41, 9][..], &answers[0][2..11]].concat(); // a packed message whose end never comes
    let mut close = frame(key, b"\x03\xe8good night");
    close[0] = 0x88;
    let text = segments(
        &Http,
        &[
            (Side::Orig, UPGRADE.replace("Sec-WebSocket-Protocol: mqtt\r\n", "Host: hub\r\n").as_bytes()),
            (Side::Resp, upgraded.as_bytes()),
            (Side::Orig, &first),
            (
                Side::Orig,
                &frame(key, b"").iter().map(|byte| if *byte == 0x82 { 0x89 } else { *byte }).collect::<Vec<_>>(),
            ),
            (Side::Orig, &last),
            (Side::Resp, &answers.concat()),
            (Side::Resp, &cut),
            (Side::Orig, &close),
        ],
    );
    expect![[r#"
        http 'hub/mqtt' {"msg_type":"request","method":"GET","host":"hub","uri":"/mqtt","version":"1.1","upgrade":"websocket"} {"trans_depth":1}
        http 'hub/mqtt' {"msg_type":"response","status_code":101,"status_msg":"Switching Protocols","method":"GET","host":"hub","uri":"/mqtt","version":"1.1","upgrade":"websocket"} {"trans_depth":1}
        credentials 'access_token' {"protocol":"http","method":"json","name":"access_token","host":"hub"} {"password":"t-14"}
        websocket 'hub/mqtt' {"msg_type":"text","uri":"hub/mqtt"} {"payload":"{\"access_token\":\"t-14\"}","payload_len":23}
        websocket 'hub/mqtt' {"msg_type":"text","uri":"hub/mqtt","compressed":true} {"payload":"{\"entity_id\":\"light.shelf_14\",\"state\":\"off\"}","payload_len":44}
        websocket 'hub/mqtt' {"msg_type":"text","uri":"hub/mqtt","compressed":true} {"payload":"{\"entity_id\":\"light.shelf_14\",\"state\":\"off\"}","payload_len":44}
        websocket 'hub/mqtt' {"msg_type":"close","uri":"hub/mqtt","code":1000,"reason":"good night"} {}
    "#]].assert_eq(&text);
}

#[test]
fn an_upgrade_is_not_http_any_more() {
    check(
        &[
            (Side::Orig, UPGRADE),
            (Side::Resp, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
            (Side::Resp, "HTTP/1.1 200 OK\r\n\r\n"),
        ],
        expect![[r#"
            http '/mqtt' {"msg_type":"request","method":"GET","uri":"/mqtt","version":"1.1","upgrade":"websocket","websocket_protocol":"mqtt"} {"trans_depth":1}
            http '/mqtt' {"msg_type":"response","status_code":101,"status_msg":"Switching Protocols","method":"GET","uri":"/mqtt","version":"1.1","upgrade":"websocket"} {"trans_depth":1}
            ! 0 no WebSocket frame begins here
        "#]],
    );
}

#[test]
fn begins_in_the_middle_of_a_body() {
    check(
        &[(Side::Resp, "and so on</html>"), (Side::Orig, GET), (Side::Resp, OK)],
        expect![[r#"
            http 'bridge.local/api/lights?n=1' {"msg_type":"request","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","user_agent":"lamp/1.0","referrer":"http://a/","authorization":"Basic","username":"bob","password":"masked","cookie_vars":["sid","theme"]} {"trans_depth":1}
            credentials 'bob' {"protocol":"http","method":"basic","username":"bob","host":"bridge.local"} {"password":"pw1"}
            credentials 'sid' {"protocol":"http","method":"cookie","name":"sid","host":"bridge.local"} {"password":"1"}
            http 'bridge.local/api/lights?n=1' {"msg_type":"response","status_code":200,"status_msg":"OK","method":"GET","host":"bridge.local","uri":"/api/lights?n=1","version":"1.1","server":"nginx","content_type":"text/plain","set_cookie_vars":["sid","lang"]} {"trans_depth":1,"content_length":5}
            files 'bridge.local/api/lights?n=1' {"source":"http","filename":"lights","host":"bridge.local","content_type":"text/plain","mime_type":"text/plain","is_orig":false,"total_bytes":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"} {"seen_bytes":5}
        "#]],
    );
}

#[test]
fn lines_that_end_in_lf_alone_or_go_on() {
    check(
        &[(Side::Orig, "GET /a b HTTP/1.1\nHost: x\nX-Long: a\n b\nUser-Agent : y\nno colon\n\n")],
        expect![[r#"
        http 'x/a b' {"msg_type":"request","method":"GET","host":"x","uri":"/a b","version":"1.1","user_agent":"y"} {"trans_depth":1}
    "#]],
    );
}

#[test]
fn malformed() {
    check(
        &[(Side::Resp, "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nbody")],
        expect![[r#"
        http '' {"msg_type":"response","status_code":200,"status_msg":"OK","version":"1.1"} {}
        ! 41 Content-Length is not a number
    "#]],
    );
    check(
        &[(Side::Resp, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")],
        expect![[r#"
        http '' {"msg_type":"response","status_code":200,"status_msg":"OK","version":"1.1"} {}
        ! 0 no HTTP message begins here; the next is looked for where a segment begins
    "#]],
    );
    check(
        &[(Side::Orig, "GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n")],
        expect![[r#"
        http 'x/' {"msg_type":"request","method":"GET","host":"x","uri":"/","version":"1.1"} {"trans_depth":1}
        ! 0 no HTTP message begins here; the next is looked for where a segment begins
    "#]],
    );
    // a stream that ends in the head
    check(
        &[(Side::Orig, "GET / HTTP/1.1\r\nHost: x\r\nUser-")],
        expect![[r#"
        http 'x/' {"msg_type":"request","method":"GET","host":"x","uri":"/","version":"1.1"} {"trans_depth":1,"incomplete":true}
    "#]],
    );
}

#[test]
fn any_split_into_segments_reads_the_same() {
    let stream = [CHUNKED, OK].concat();
    let whole = segments(&Http, &[(Side::Resp, stream.as_bytes())]);
    assert_eq!(whole.lines().count(), 4); // two responses and their files
    for at in 1..stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        assert_eq!(segments(&Http, &[(Side::Resp, head), (Side::Resp, tail)]), whole, "split at {at}");
    }
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        http = GET /api/lights?n=1 HTTP/1.1 0..156
          http.request.method = GET 0..3
          http.request.uri = /api/lights?n=1 4..19
          http.request.version = HTTP/1.1 20..28
          http.host = bridge.local 36..48
          http.user_agent = lamp/1.0 62..70
          http.referer = http://a/ 81..90
          http.cookie = sid=1; theme=dark 100..117
          http.authorization = Basic (masked) 134..152
    "#]]
    .assert_eq(&tree(&Http, Transport::Tcp, Side::Orig, GET.as_bytes()));
    expect![[r#"
        http = HTTP/1.1 200 OK 0..127
          http.response.version = HTTP/1.1 0..8
          http.response.code = 200 9..12
          http.response.phrase = OK 13..15
          http.server = nginx 25..30
          http.content_type = text/plain 46..56
          http.content_length_header = 5 74..75
          http.set_cookie = sid=2; Path=/ 89..102
          http.set_cookie = lang=en 116..123
          http.file_data = hello 127..132
    "#]]
    .assert_eq(&tree(&Http, Transport::Tcp, Side::Resp, OK.as_bytes()));
}

#[test]
fn recognised_by_its_first_line() {
    let taken = |text: &str| taken(&Http, Transport::Tcp, false, text.as_bytes());
    for yes in [
        GET,
        OK,
        "OPTIONS * HTTP/1.1\r\n",
        "GET http://a/ HTTP/1.0\r\n",
        "CONNECT a:443 HTTP/1.1\r\n",
        "SUBSCRIBE /e HTTP/1.1\r\n",
        &format!("GET /{} HTTP/1.1\r\n", "x".repeat(2000)),
    ] {
        assert!(taken(yes), "{yes}");
    }
    for no in [
        "",
        "GET",
        "OPTIONS rtsp://cam/ RTSP/1.0\r\n",
        "DESCRIBE rtsp://cam/ RTSP/1.0\r\n",
        "OPTIONS sip:a SIP/2.0\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "HTTP/1.1 OK\r\n",
        "GETTING / HTTP/1.1\r\n",
        "RTSP/1.0 200 OK\r\n",
    ] {
        assert!(!taken(no), "{no}");
    }
    let mut random = Random(17);
    assert!((0..50_000).all(|n| !super::Http.recognises(
        &crate::protocols::testing::message(&Http, Transport::Tcp, Side::Orig, &random.bytes(n % 100)),
        true
    )));
}

#[test]
fn survives_anything() {
    survives(&Http, Transport::Tcp, &[GET, OK, CHUNKED].map(|text| text.as_bytes().to_vec()));
    let mqtt = [&bytes("10 0d 0004 4d515454 04 02 003c 0001 78")[..], &bytes("30 05 0001 74 6f6e")].concat();
    survives(
        &Http,
        Transport::Tcp,
        &[[UPGRADED.as_bytes(), &frame(None, &mqtt), &frame(Some([9; 4]), &mqtt)].concat()],
    );
}
