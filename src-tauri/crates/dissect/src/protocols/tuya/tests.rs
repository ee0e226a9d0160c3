use expect_test::{Expect, expect};

use super::frame::{seal, wrap};
use super::*;
use crate::protocols::Side::{Orig, Resp};
use crate::protocols::testing::{Random, bytes, datagrams, found, segments, survives, taken, tree};

const DISCOVERY: &str = "000055aa00000000000000130000007c00000000d09766676f3369eb10b5e9f132fd802aa03d286e04db353ca13cba51951166
    0dbbadc06c25bf6933f127c9c9ca0ac516a483be81e77f2e71f4307bd81685095e7e6fd47351a96972bdc91a04690e1ee171c2d8baa577697f22d9df
    11a1836615eedd5c953bb9377560ae90dfbc45dbe26228f0fe0000aa55";

fn check(bytes: &[u8], expect: Expect) {
    expect.assert_eq(&datagrams(&Tuya, &[(Orig, bytes)]));
}

/// Version 3.4: a HMAC of 32 bytes stands where the CRC was.
fn with_hmac(command: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = wrap(command, &[body, &[0x5a; 28][..]].concat());
    let end = frame.len() - 8;
    frame[end..end + 4].copy_from_slice(&[1, 2, 3, 4]);
    frame
}

#[test]
fn a_device_announces_itself() {
    check(
        &bytes(DISCOVERY),
        expect![[r#"
        tuya 'bf01' {"msg_type":"UDP_NEW","command":19,"return_code":0,"device_id":"bf01","ip":"192.168.1.20","product_key":"keyab","version":"3.3","active":2,"encrypt":true,"integrity":"crc"} {"payload":"{\"ip\":\"192.168.1.20\",\"gwId\":\"bf01\",\"active\":2,\"ablilty\":0,\"encrypt\":true,\"productKey\":\"keyab\",\"version\":\"3.3\"}","payload_len":110,"seq":0}
    "#]],
    );
    let clear = br#"{"ip":"192.0.2.9","gwId":"0120","active":2,"encrypt":false,"productKey":"k","version":"3.1"}"#;
    check(
        &wrap(0, &[&[0; 4][..], clear].concat()),
        expect![[r#"
        tuya '0120' {"msg_type":"UDP","command":0,"return_code":0,"device_id":"0120","ip":"192.0.2.9","product_key":"k","version":"3.1","active":2,"encrypt":false,"integrity":"crc"} {"payload":"{\"ip\":\"192.0.2.9\",\"gwId\":\"0120\",\"active\":2,\"encrypt\":false,\"productKey\":\"k\",\"version\":\"3.1\"}","payload_len":92,"seq":5}
    "#]],
    );
    check(
        &seal(0x13, &[&[0; 4][..], br#"{"gwId":"bf02","ip":"192.0.2.10","version":"3.5"}"#].concat()),
        expect![[r#"
        tuya 'bf02' {"msg_type":"UDP_NEW","command":19,"return_code":0,"device_id":"bf02","ip":"192.0.2.10","version":"3.5","integrity":"gcm"} {"payload":"{\"gwId\":\"bf02\",\"ip\":\"192.0.2.10\",\"version\":\"3.5\"}","payload_len":49,"seq":7}
    "#]],
    );
    check(
        &seal(0x25, br#"{"from":"app","ip":"192.0.2.7"}"#),
        expect![[r#"
        tuya 'REQ_DEVINFO' {"msg_type":"REQ_DEVINFO","command":37,"ip":"192.0.2.7","from":"app","version":"3.5","integrity":"gcm"} {"payload":"{\"from\":\"app\",\"ip\":\"192.0.2.7\"}","payload_len":31,"seq":7}
    "#]],
    );
}

#[test]
fn a_device_is_told() {
    let sealed = [&b"3.3\0\0\0\0\0\0\0\0\0\0\0\0"[..], &[0xa7; 32]].concat();
    let frames = [
        (Orig, wrap(7, &sealed)),
        (Resp, wrap(7, &[0; 4])),
        (Resp, wrap(8, &[&[0; 4][..], &sealed].concat())),
        (Orig, wrap(9, br#"{"gwId":"0120","devId":"0120"}"#)),
        (Orig, wrap(7, br#"{"devId":"0120","dps":{"1":true},"t":"1700000000","uid":"u1"}"#)),
        (Resp, wrap(0x0a, &[&[0, 0, 0, 1][..], b"json obj data unvalid"].concat())),
        (Orig, with_hmac(3, &[0xa7; 32])),
    ];
    let parts: Vec<(Side, &[u8])> = frames.iter().map(|(side, frame)| (*side, &frame[..])).collect();
    expect![[r#"
        tuya 'CONTROL' {"msg_type":"CONTROL","command":7,"encrypted":true,"version":"3.3","integrity":"crc"} {"payload_len":47,"seq":5}
        tuya 'CONTROL' {"msg_type":"CONTROL","command":7,"return_code":0,"integrity":"crc"} {"seq":5}
        tuya 'STATUS' {"msg_type":"STATUS","command":8,"return_code":0,"encrypted":true,"version":"3.3","integrity":"crc"} {"payload_len":47,"seq":5}
        tuya '0120' {"msg_type":"HEART_BEAT","command":9,"device_id":"0120","integrity":"crc"} {"payload":"{\"gwId\":\"0120\",\"devId\":\"0120\"}","payload_len":30,"seq":5}
        tuya '0120' {"msg_type":"CONTROL","command":7,"device_id":"0120","account":"u1","integrity":"crc"} {"dps":"{\"1\":true}","payload":"{\"devId\":\"0120\",\"dps\":{\"1\":true},\"t\":\"1700000000\",\"uid\":\"u1\"}","payload_len":61,"seq":5}
        tuya 'DP_QUERY' {"msg_type":"DP_QUERY","command":10,"return_code":1,"integrity":"crc"} {"payload":"json obj data unvalid","payload_len":21,"seq":5}
        tuya 'SESS_KEY_NEG_START' {"msg_type":"SESS_KEY_NEG_START","command":3,"encrypted":true,"integrity":"hmac"} {"payload_len":32,"seq":5}
    "#]].assert_eq(&segments(&Tuya, &parts));
}

#[test]
fn malformed() {
    let frame = wrap(9, b"");
    check(
        &[&frame[..frame.len() - 1], &[0x56]].concat(),
        expect![[r#"
        tuya 'HEART_BEAT' {"msg_type":"HEART_BEAT","command":9,"integrity":"crc"} {"seq":5}
        ! 20 Tuya frame without its end mark
    "#]],
    );
    check(
        &[&frame[..16], &[0; 4], &frame[20..]].concat(),
        expect![[r#"
        tuya 'HEART_BEAT' {"msg_type":"HEART_BEAT","command":9} {"seq":5}
        ! 16 the sum of a Tuya frame is wrong
    "#]],
    );
    check(
        &frame[..18],
        expect![[r#"
        tuya 'HEART_BEAT' {"msg_type":"HEART_BEAT","command":9,"encrypted":true} {"payload_len":2,"seq":5}
        ! 18 Tuya frame cut short
    "#]],
    );
    check(
        &frame[..6],
        expect![[r#"
        ! 0 no Tuya frame begins here
    "#]],
    );
    check(
        b"\x00\x00\x55\xab 123456789012",
        expect![[r#"
        ! 0 no Tuya frame begins here
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        tuya =  0..140
          tuya.prefix = 0x000055aa 0..4
          tuya.seq = 0 4..8
          tuya.cmd = UDP_NEW (19) 8..12
          tuya.len = 124 12..16
          tuya.return_code = 0 16..20
          tuya.data = {"ip":"192.168.1.20","gwId":"bf01","active":2,"ablilty":0,"encrypt":true,"productKey":"keyab","version":"3.3"} 20..132
          tuya.crc = 6228f0fe 132..136
    "#]].assert_eq(&tree(&Tuya, Transport::Udp, Orig, &bytes(DISCOVERY)));
    expect![[r#"
        tuya =  0..68
          tuya.prefix = 0x000055aa 0..4
          tuya.seq = 5 4..8
          tuya.cmd = CONTROL_NEW (13) 8..12
          tuya.len = 52 12..16
          tuya.payload = 07070707070707070707070707070707 16..32
          tuya.hmac = 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a01020304 32..64
    "#]]
    .assert_eq(&tree(&Tuya, Transport::Tcp, Orig, &with_hmac(0x0d, &[7; 16])));
}

#[test]
fn recognised_by_payload() {
    for frame in [bytes(DISCOVERY), seal(0x25, b"{}"), wrap(9, b"")] {
        assert_eq!(found(Transport::Udp, &frame), Some("tuya"));
        assert_eq!(found(Transport::Tcp, &frame), Some("tuya"));
    }
    assert!(!taken(&Tuya, Transport::Udp, false, &bytes(DISCOVERY)[..100]));
    let mut random = Random(6668);
    assert!((0..100_000).all(|n| !taken(&Tuya, Transport::Tcp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    survives(&Tuya, Transport::Udp, &[bytes(DISCOVERY), seal(0x13, b"\0\0\0\0{\"gwId\":\"a\"}")]);
    survives(&Tuya, Transport::Tcp, &[wrap(7, b"{\"devId\":\"a\",\"dps\":{\"1\":true}}"), with_hmac(3, &[7; 16])]);
}
