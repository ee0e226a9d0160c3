use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side::{Orig, Resp};
use crate::protocols::http::Http;
use crate::protocols::testing::{Random, found, segments, survives, taken, tree};

const DESCRIBE: &str = "DESCRIBE rtsp://192.0.2.9:554/live RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: LibVLC/3.0\r\n\
    Authorization: Basic YWRtaW46MTIzNA==\r\nAccept: application/sdp\r\n\r\n";
const DESCRIBED: &str = "RTSP/1.0 200 OK\r\nCSeq: 2\r\nServer: camera/1.0\r\nContent-Type: application/sdp\r\n\
    Content-Length: 130\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=Garden\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
const SETUP: &str = "SETUP rtsp://192.0.2.9/live/track1 RTSP/1.0\r\nCSeq: 3\r\n\
    Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nAuthorization: Digest username=\"admin\", realm=\"cam\", \
    nonce=\"a\", uri=\"b\", response=\"c\"\r\n\r\n";
const REFUSED: &str =
    "RTSP/1.0 401 Unauthorized\r\nCSeq: 3\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"a\"\r\n\r\n";
const PLAY: &str =
    "PLAY rtsp://root:pw@192.0.2.9/live RTSP/1.0\r\nCSeq: 4\r\nSession: 1234\r\nRange: npt=0.000-\r\n\r\n";

fn check(parts: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&segments(&Rtsp, parts));
}

#[test]
fn someone_watches_a_camera() {
    let media = b"\x24\x00\x00\x04abcdRTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 1234\r\n\r\n\x24\x01\x00";
    check(
        &[
            (Orig, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            (Resp, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP\r\n\r\n"),
            (Orig, DESCRIBE.as_bytes()),
            (Resp, DESCRIBED.as_bytes()),
            (Orig, SETUP.as_bytes()),
            (Resp, REFUSED.as_bytes()),
            (Orig, PLAY.as_bytes()),
            (Resp, media),
            (Resp, b"\x01xRTSP/1.0 454 Session Not Found\r\n\r\n"),
        ],
        expect![[r#"
            rtsp '*' {"msg_type":"request","method":"OPTIONS","uri":"*"} {"cseq":"1"}
            rtsp '*' {"msg_type":"response","method":"OPTIONS","uri":"*","status_code":200,"status_msg":"OK","public":"DESCRIBE, SETUP"} {"cseq":"1"}
            credentials 'admin' {"protocol":"rtsp","method":"basic","username":"admin"} {"password":"1234"}
            rtsp 'rtsp://192.0.2.9:554/live' {"msg_type":"request","method":"DESCRIBE","uri":"rtsp://192.0.2.9:554/live","authorization":"Basic","user_agent":"LibVLC/3.0"} {"username":"admin","password":"1234","cseq":"2"}
            rtsp 'rtsp://192.0.2.9:554/live' {"msg_type":"response","method":"DESCRIBE","uri":"rtsp://192.0.2.9:554/live","status_code":200,"status_msg":"OK","server":"camera/1.0","content_type":"application/sdp","session_name":"Garden","media":["video H264/90000","audio PCMU/8000"]} {"cseq":"2","content_length":130}
            credentials 'admin' {"protocol":"rtsp","method":"digest","username":"admin","realm":"cam"} {}
            rtsp 'rtsp://192.0.2.9/live/track1' {"msg_type":"request","method":"SETUP","uri":"rtsp://192.0.2.9/live/track1","authorization":"Digest","transport":"RTP/AVP/TCP;unicast;interleaved=0-1"} {"username":"admin","realm":"cam","cseq":"3"}
            rtsp 'rtsp://192.0.2.9/live/track1' {"msg_type":"response","method":"SETUP","uri":"rtsp://192.0.2.9/live/track1","status_code":401,"status_msg":"Unauthorized","authenticate":"Digest realm=\"cam\", nonce=\"a\""} {"cseq":"3"}
            credentials 'root' {"protocol":"rtsp","method":"address","username":"root","host":"192.0.2.9"} {"password":"pw"}
            rtsp 'rtsp://root:pw@192.0.2.9/live' {"msg_type":"request","method":"PLAY","uri":"rtsp://root:pw@192.0.2.9/live","range":"npt=0.000-"} {"username":"root","password":"pw","session":"1234","cseq":"4"}
            rtsp 'rtsp://root:pw@192.0.2.9/live' {"msg_type":"response","method":"PLAY","uri":"rtsp://root:pw@192.0.2.9/live","status_code":200,"status_msg":"OK"} {"session":"1234","cseq":"4"}
            rtsp '' {"msg_type":"response","status_code":454,"status_msg":"Session Not Found"} {}
        "#]],
    );
}

#[test]
fn malformed() {
    check(
        &[(Orig, b"PLAY rtsp://a RTSP/1.0\r\nCSeq: 1\r\n")],
        expect![[r#"
        rtsp 'rtsp://a' {"msg_type":"request","method":"PLAY","uri":"rtsp://a"} {"cseq":"1","incomplete":true}
    "#]],
    );
    check(
        &[(Orig, DESCRIBE.as_bytes()), (Resp, &DESCRIBED.as_bytes()[..150])],
        expect![[r#"
            credentials 'admin' {"protocol":"rtsp","method":"basic","username":"admin"} {"password":"1234"}
            rtsp 'rtsp://192.0.2.9:554/live' {"msg_type":"request","method":"DESCRIBE","uri":"rtsp://192.0.2.9:554/live","authorization":"Basic","user_agent":"LibVLC/3.0"} {"username":"admin","password":"1234","cseq":"2"}
            rtsp 'rtsp://192.0.2.9:554/live' {"msg_type":"response","method":"DESCRIBE","uri":"rtsp://192.0.2.9:554/live","status_code":200,"status_msg":"OK","server":"camera/1.0","content_type":"application/sdp","session_name":"Garden","media":["video"]} {"cseq":"2","content_length":130,"incomplete":true}
        "#]],
    );
    check(
        &[(Orig, b"\x80\x60 media, no message"), (Orig, b"$$"), (Orig, PLAY.as_bytes())],
        expect![[r#"
            ! 0 no RTSP message begins here; the next is looked for where a segment begins
            credentials 'root' {"protocol":"rtsp","method":"address","username":"root","host":"192.0.2.9"} {"password":"pw"}
            rtsp 'rtsp://root:pw@192.0.2.9/live' {"msg_type":"request","method":"PLAY","uri":"rtsp://root:pw@192.0.2.9/live","range":"npt=0.000-"} {"username":"root","password":"pw","session":"1234","cseq":"4"}
        "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        rtsp = RTSP/1.0 200 OK 0..230
          rtsp.response = RTSP/1.0 200 OK 0..15
          rtsp.status = 200 9..12
          rtsp.header = CSeq: 2 17..24
          rtsp.header = Server: camera/1.0 26..44
          rtsp.content-type = application/sdp 60..75
          rtsp.content-length = 130 93..96
          sdp =  100..230
            sdp.session_name = Garden 131..139
            sdp.media = video 0 RTP/AVP 96 141..161
            sdp.media_attr = rtpmap:96 H264/90000 163..185
            sdp.media = audio 0 RTP/AVP 0 187..206
            sdp.media_attr = rtpmap:0 PCMU/8000 208..228
    "#]]
    .assert_eq(&tree(&Rtsp, Transport::Tcp, Resp, DESCRIBED.as_bytes()));
}

#[test]
fn recognised_by_payload() {
    for text in [DESCRIBE, DESCRIBED, SETUP, REFUSED, PLAY, "OPTIONS * RTSP/1.0\r\n"] {
        assert_eq!(found(Transport::Tcp, text.as_bytes()), Some("rtsp"));
        assert!(!taken(&Http, Transport::Tcp, true, text.as_bytes()));
    }
    assert_eq!(found(Transport::Tcp, b"GET /info RTSP/1.0\r\n"), Some("rtsp"), "AirPlay");
    assert!(!taken(&Rtsp, Transport::Tcp, true, b"GET /a?RTSP/1 HTTP/1.1\r\n\r\n"));
    assert!(!taken(&Rtsp, Transport::Tcp, true, b"OPTIONS * HTTP/1.1\r\n\r\n"));
    let mut random = Random(554);
    assert!((0..100_000).all(|n| !taken(&Rtsp, Transport::Tcp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    let samples = [DESCRIBE, DESCRIBED, SETUP, PLAY, "$\0\0\x02ab$\x01\0\0RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"];
    survives(&Rtsp, Transport::Tcp, &samples.map(|text| text.as_bytes().to_vec()));
}
