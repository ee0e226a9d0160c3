use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, bytes, segments, survives, taken, tree};

const CONNECT: &str =
    "103500044d51545404ee003c000563616d2d31000f686f6d652f63616d2f73746174757300076f66666c696e650003626f620003707731";
const PUBLISH: &str = "33180009686f6d652f6c616d70000a7b226f6e223a747275657d";
const CONNECT_5: &str = "10 1e 0004 4d515454 05 02 000a 0f 11 0000003c 26 0001 61 0001 62 22 000a 0002 6335";
const CONNECT_31: &str = "10 0f 0006 4d5149736470 03 02 001e 0001 78";

fn check(hex: &str, expect: Expect) {
    check_both(&[(Side::Orig, hex)], expect);
}

fn check_both(packets: &[(Side, &str)], expect: Expect) {
    let packets: Vec<(Side, Vec<u8>)> = packets.iter().map(|(side, hex)| (*side, bytes(hex))).collect();
    let borrowed: Vec<(Side, &[u8])> = packets.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
    expect.assert_eq(&segments(&Mqtt, &borrowed));
}

#[test]
fn connect_with_will_and_password() {
    check(
        CONNECT,
        expect![[r#"
            credentials 'bob' {"protocol":"mqtt","method":"connect","username":"bob","name":"cam-1"} {"password":"pw1"}
            mqtt 'cam-1' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"3.1.1","proto_level":4,"keep_alive":60,"clean_session":true,"has_password":true,"client_id":"cam-1","will_topic":"home/cam/status","will_qos":1,"will_retain":true,"will_payload":"offline","username":"bob"} {}
        "#]],
    );
}

#[test]
fn connect_of_3_1_and_5_0() {
    check(
        CONNECT_31,
        expect![[r#"
        mqtt 'x' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQIsdp","proto_version":"3.1","proto_level":3,"keep_alive":30,"clean_session":true,"has_password":false,"client_id":"x"} {}
    "#]],
    );
    check(
        CONNECT_5,
        expect![[r#"
        mqtt 'c5' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"5.0","proto_level":5,"keep_alive":10,"clean_session":true,"has_password":false,"session_expiry":60,"topic_alias_maximum":10,"user_properties":["a=b"],"client_id":"c5"} {}
    "#]],
    );
}

#[test]
fn publish_with_qos_1_retained() {
    check(
        PUBLISH,
        expect![[r#"
            mqtt 'home/lamp' {"msg_type":"PUBLISH","from_client":true,"qos":1,"retain":true,"dup":false,"topic":"home/lamp","payload_kind":"json"} {"packet_id":10,"payload":"{\"on\":true}","payload_len":11}
        "#]],
    );
}

#[test]
fn publish_of_5_0_and_its_alias() {
    check_both(
        &[
            (Side::Orig, CONNECT_5),
            (Side::Orig, "320c000174000105010123000578"),
            (Side::Orig, "3008 0000 03 230005 6f 6e"),
            (Side::Resp, "3008 0000 03 230005 6f 6e"),
        ],
        expect![[r#"
            mqtt 'c5' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"5.0","proto_level":5,"keep_alive":10,"clean_session":true,"has_password":false,"session_expiry":60,"topic_alias_maximum":10,"user_properties":["a=b"],"client_id":"c5"} {}
            mqtt 't' {"msg_type":"PUBLISH","from_client":true,"client":"c5","qos":1,"retain":false,"dup":false,"topic":"t","topic_alias":5,"payload_kind":"text"} {"packet_id":1,"payload":"x","payload_len":1}
            mqtt 't' {"msg_type":"PUBLISH","from_client":true,"client":"c5","qos":0,"retain":false,"dup":false,"topic_alias":5,"topic":"t","payload_kind":"text"} {"payload":"on","payload_len":2}
            mqtt 'c5' {"msg_type":"PUBLISH","from_client":false,"client":"c5","qos":0,"retain":false,"dup":false,"topic_alias":5,"payload_kind":"text"} {"payload":"on","payload_len":2}
        "#]],
    );
}

#[test]
fn a_whole_session() {
    check_both(
        &[
            (Side::Orig, CONNECT),
            (Side::Resp, "20020000"),
            (Side::Orig, "820e 0001 0003 612f62 01 0003 612f23 02"),
            (Side::Resp, "9004 0001 01 80"),
            (Side::Orig, PUBLISH),
            (Side::Resp, "4002 000a  3004 0001 61 00"),
            (Side::Orig, "a207 0002 0003 612f62 c000"),
            (Side::Resp, "b002 0002 d000"),
            (Side::Orig, "e000"),
        ],
        expect![[r#"
            credentials 'bob' {"protocol":"mqtt","method":"connect","username":"bob","name":"cam-1"} {"password":"pw1"}
            mqtt 'cam-1' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"3.1.1","proto_level":4,"keep_alive":60,"clean_session":true,"has_password":true,"client_id":"cam-1","will_topic":"home/cam/status","will_qos":1,"will_retain":true,"will_payload":"offline","username":"bob"} {}
            mqtt 'cam-1' {"msg_type":"CONNACK","from_client":false,"client":"cam-1","connect_status":"Connection Accepted","return_code":0,"session_present":false} {}
            mqtt 'a/b' {"msg_type":"SUBSCRIBE","from_client":true,"client":"cam-1","topics":["a/b","a/#"],"qos_levels":[1,2]} {"packet_id":1}
            mqtt 'cam-1' {"msg_type":"SUBACK","from_client":false,"client":"cam-1","granted_qos_levels":[1,128]} {"packet_id":1}
            mqtt 'home/lamp' {"msg_type":"PUBLISH","from_client":true,"client":"cam-1","qos":1,"retain":true,"dup":false,"topic":"home/lamp","payload_kind":"json"} {"packet_id":10,"payload":"{\"on\":true}","payload_len":11}
            mqtt 'cam-1' {"msg_type":"PUBACK","from_client":false,"client":"cam-1"} {"packet_id":10}
            mqtt 'a' {"msg_type":"PUBLISH","from_client":false,"client":"cam-1","qos":0,"retain":false,"dup":false,"topic":"a","payload_kind":"binary"} {"payload_hex":"00","payload_len":1}
            mqtt 'a/b' {"msg_type":"UNSUBSCRIBE","from_client":true,"client":"cam-1","topics":["a/b"]} {"packet_id":2}
            mqtt 'cam-1' {"msg_type":"PINGREQ","from_client":true,"client":"cam-1"} {}
            mqtt 'cam-1' {"msg_type":"UNSUBACK","from_client":false,"client":"cam-1"} {"packet_id":2}
            mqtt 'cam-1' {"msg_type":"PINGRESP","from_client":false,"client":"cam-1"} {}
            mqtt 'cam-1' {"msg_type":"DISCONNECT","from_client":true,"client":"cam-1"} {}
        "#]],
    );
}

#[test]
fn refused() {
    check_both(
        &[(Side::Orig, CONNECT), (Side::Resp, "20020005")],
        expect![[r#"
            credentials 'bob' {"protocol":"mqtt","method":"connect","username":"bob","name":"cam-1"} {"password":"pw1"}
            mqtt 'cam-1' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"3.1.1","proto_level":4,"keep_alive":60,"clean_session":true,"has_password":true,"client_id":"cam-1","will_topic":"home/cam/status","will_qos":1,"will_retain":true,"will_payload":"offline","username":"bob"} {}
            mqtt 'cam-1' {"msg_type":"CONNACK","from_client":false,"client":"cam-1","connect_status":"Refused: not authorized","return_code":5,"session_present":false} {}
        "#]],
    );
    check_both(
        &[(Side::Orig, CONNECT_5), (Side::Resp, "200a 00 87 07 1f 0004 6e6f7065")],
        expect![[r#"
        mqtt 'c5' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"5.0","proto_level":5,"keep_alive":10,"clean_session":true,"has_password":false,"session_expiry":60,"topic_alias_maximum":10,"user_properties":["a=b"],"client_id":"c5"} {}
        mqtt 'c5' {"msg_type":"CONNACK","from_client":false,"client":"c5","connect_status":"Not authorized","return_code":135,"session_present":false,"reason_string":"nope"} {}
    "#]],
    );
}

#[test]
fn reasons_of_5_0() {
    check_both(
        &[
            (Side::Orig, CONNECT_5),
            (Side::Resp, "4003 0001 10 e002 8e 00"),
            (Side::Orig, "f00c 18 0a 15 0001 6d 16 0003 010203"),
        ],
        expect![[r#"
            mqtt 'c5' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"5.0","proto_level":5,"keep_alive":10,"clean_session":true,"has_password":false,"session_expiry":60,"topic_alias_maximum":10,"user_properties":["a=b"],"client_id":"c5"} {}
            mqtt 'c5' {"msg_type":"PUBACK","from_client":false,"client":"c5","reason_code":16,"reason":"No matching subscribers"} {"packet_id":1}
            mqtt 'c5' {"msg_type":"DISCONNECT","from_client":false,"client":"c5","reason_code":142,"reason":"Session taken over"} {}
            mqtt 'c5' {"msg_type":"AUTH","from_client":true,"client":"c5","reason_code":24,"reason":"Continue authentication","auth_method":"m"} {}
        "#]],
    );
}

#[test]
fn any_split_into_segments_reads_the_same() {
    let stream = [bytes(CONNECT), bytes(PUBLISH), bytes("c000")].concat();
    let whole = segments(&Mqtt, &[(Side::Orig, &stream)]);
    assert_eq!(whole.lines().count(), 4); // three packets and a login
    for at in 1..stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(segments(&Mqtt, &[(Side::Orig, head), (Side::Orig, tail)]), whole, "split at {at}");
    }
}

#[test]
fn begins_in_the_middle_of_a_packet() {
    check_both(
        &[(Side::Orig, "747275657d"), (Side::Orig, PUBLISH)],
        expect![[r#"
            mqtt 'home/lamp' {"msg_type":"PUBLISH","from_client":true,"qos":1,"retain":true,"dup":false,"topic":"home/lamp","payload_kind":"json"} {"packet_id":10,"payload":"{\"on\":true}","payload_len":11}
        "#]],
    );
}

#[test]
fn a_large_payload_is_a_file() {
    let mut stream = bytes("30 83 a0 06 0001 74"); // 102,403 bytes follow the header
    stream.extend(std::iter::repeat_n(b'x', 102_400));
    stream.extend(bytes("c000"));
    let text = segments(&Mqtt, &[(Side::Orig, &stream)]);
    assert!(text.contains(r#""payload_len":102400"#), "{}", &text[..200]);
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains(r#"files 't' {"source":"mqtt","mime_type":"text/plain""#), "{}", &text[5_000..]);
}

#[test]
fn payloads_are_unpacked_and_shadows_understood() {
    check(
        "303a0026246177732f7468696e67732f706c75672d372f736861646f772f7570646174652f64656c74617b227374617465223a7b226f6e223a317d7d 30290027246177732f7468696e67732f706c75672d372f736861646f772f6e616d652f636f6e662f676574 302100017a1f8b0800000000000203ab562a51b23232d433ad0500d7ffddb90a000000 300c000163a2616ff56174f94d60",
        expect![[r#"
            mqtt '$aws/things/plug-7/shadow/update/delta' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false,"topic":"$aws/things/plug-7/shadow/update/delta","payload_kind":"json","thing":"plug-7","action":"update/delta"} {"payload":"{\"state\":{\"on\":1}}","payload_len":18}
            mqtt '$aws/things/plug-7/shadow/name/conf/get' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false,"topic":"$aws/things/plug-7/shadow/name/conf/get","thing":"plug-7","shadow":"conf","action":"get"} {"payload_len":0}
            mqtt 'z' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false,"topic":"z","payload_kind":"gzip"} {"payload":"{\"t\":21.5}","payload_len":30}
            mqtt 'c' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false,"topic":"c","payload_kind":"cbor"} {"payload":"{\"o\":true,\"t\":21.5}","payload_len":9}
        "#]],
    );
}

#[test]
fn a_payload_that_is_no_text() {
    check(
        "3007 0001 74 00ff1002",
        expect![[r#"
            mqtt 't' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false,"topic":"t","payload_kind":"binary"} {"payload_hex":"00ff1002","payload_len":4}
        "#]],
    );
}

#[test]
fn malformed() {
    // a topic longer than its packet
    check(
        "c000 3005 0009 616263",
        expect![[r#"
        mqtt '' {"msg_type":"PINGREQ","from_client":true} {}
        mqtt '' {"msg_type":"PUBLISH","from_client":true,"qos":0,"retain":false,"dup":false} {}
        ! 4 MQTT text cut short
    "#]],
    );
    // a type that does not exist
    check(
        "c000 0000",
        expect![[r#"
        mqtt '' {"msg_type":"PINGREQ","from_client":true} {}
        ! 0 no MQTT packet begins here; the next is looked for where a segment begins
    "#]],
    );
    // a property that does not exist
    check_both(
        &[(Side::Orig, CONNECT_5), (Side::Orig, "3007 0001 74 02 7f00 78")],
        expect![[r#"
        mqtt 'c5' {"msg_type":"CONNECT","from_client":true,"proto_name":"MQTT","proto_version":"5.0","proto_level":5,"keep_alive":10,"clean_session":true,"has_password":false,"session_expiry":60,"topic_alias_maximum":10,"user_properties":["a=b"],"client_id":"c5"} {}
        mqtt 't' {"msg_type":"PUBLISH","from_client":true,"client":"c5","qos":0,"retain":false,"dup":false,"topic":"t"} {}
        ! 6 unknown MQTT property
    "#]],
    );
    // a stream that ends within a packet
    check(
        "c000 3308 0001 74 00",
        expect![[r#"
        mqtt '' {"msg_type":"PINGREQ","from_client":true} {}
        mqtt 't' {"msg_type":"PUBLISH","from_client":true,"qos":1,"retain":true,"dup":false,"topic":"t"} {"incomplete":true}
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        mqtt = CONNECT 0..55
          mqtt.msgtype = 1 (CONNECT) 0..1
          mqtt.len = 53 1..2
          mqtt.protoname = MQTT 4..8
          mqtt.ver = 4 (MQTT 3.1.1) 8..9
          mqtt.conflags = 0xee 9..10
            mqtt.conflag.uname = 1 9..10
            mqtt.conflag.passwd = 1 9..10
            mqtt.conflag.retain = 1 9..10
            mqtt.conflag.qos = 1 9..10
            mqtt.conflag.willflag = 1 9..10
            mqtt.conflag.cleansess = 1 9..10
          mqtt.kalive = 60 10..12
          mqtt.clientid = cam-1 14..19
          mqtt.willtopic = home/cam/status 21..36
          mqtt.willmsg = offline 38..45
          mqtt.username = bob 47..50
          mqtt.passwd = (masked) 52..55
    "#]]
    .assert_eq(&tree(&Mqtt, Transport::Tcp, Side::Orig, &bytes(CONNECT)));
    expect![[r#"
        mqtt = PUBLISH home/lamp 0..26
          mqtt.msgtype = 3 (PUBLISH) 0..1
          mqtt.dupflag = 0 0..1
          mqtt.qos = 1 (at least once) 0..1
          mqtt.retain = 1 0..1
          mqtt.len = 24 1..2
          mqtt.topic = home/lamp 4..13
          mqtt.msgid = 10 13..15
          mqtt.msg = {"on":true} 15..26
    "#]]
    .assert_eq(&tree(&Mqtt, Transport::Tcp, Side::Orig, &bytes(PUBLISH)));
}

#[test]
fn recognised_by_payload() {
    for hex in [CONNECT, CONNECT_5, CONNECT_31] {
        assert!(taken(&Mqtt, Transport::Tcp, false, &bytes(hex)));
    }
    for hex in [PUBLISH, "c000", "d000", "20020000", "9003000101", "40020001", "8208 0001 0003 612f62 01"] {
        assert!(taken(&Mqtt, Transport::Tcp, true, &bytes(hex)), "{hex}");
        assert!(!taken(&Mqtt, Transport::Tcp, false, &bytes(hex)), "{hex}");
    }
    for other in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x00\x05hello", b"", b"10"] {
        assert!(!taken(&Mqtt, Transport::Tcp, true, other));
    }
    let mut random = Random(11);
    assert!((0..50_000).all(|n| !taken(&Mqtt, Transport::Tcp, false, &random.bytes(n % 100))));
    let at_home = (0..50_000).filter(|n| taken(&Mqtt, Transport::Tcp, true, &random.bytes(20 + n % 100))).count();
    assert!(at_home < 50, "{at_home} of 50000");
}

#[test]
fn survives_anything() {
    let session = [CONNECT, "20020000", PUBLISH, "820e 0001 0003 612f62 01 0003 612f23 02", "c000"].map(bytes).concat();
    let session_5 = [CONNECT_5, "320c000174000105010123000578", "3008 0000 03 230005 6f 6e", "e002 8e 00"].map(bytes);
    survives(&Mqtt, Transport::Tcp, &[session, session_5.concat()]);
}
