use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side;
use crate::protocols::testing::{Random, bytes, datagrams, found, survives, taken, tree};

/// get-request for sysDescr, version 1, community public.
const GET: &str = "302602010004067075626c6963a019020101020100020100300e300c06082b060102010101000500";
/// The answer: sysDescr, sysUpTime, sysName.
const RESPONSE: &str =
    "305502010104067075626c6963a248020101020100020100303d301406082b0601020101010004084c616d7020322e31300f
    06082b0601020101030043030f4240301406082b0601020101050004086c616d702d6b6974";
/// linkDown of an access point, version 1.
const TRAP: &str =
    "303b02010004067075626c6963a42e06092b0601040181e05c014004c0000209020102020100430206403011300f060a2b06
    0102010202010103020103";
/// coldStart of version 2c, with values of many types.
const NOTIFICATION: &str =
    "308190020101040770726976617465a781810201070201000201003076300e06082b06010201010300430210683017060a2b
    06010603010104010006092b06010603010105013014060a2b0601020102020106030406020000000001301106092b060102
    01041401014004c00002093018060b2b060102011f0101010601460900ffffffffffffffff300806042b0601098000";
/// A set-request that was refused.
const REFUSED: &str = "302602010104057772697465a21a020163020111020101300f300d06082b06010201010500040178";
/// getBulkRequest, version 2c.
const BULK: &str = "302502010104067075626c6963a5180202123402010002010a300c300a06062b06010201020500";
/// Version 3, the question for the engine: report flag, no user.
const DISCOVERY: &str =
    "303e020103301102044a68f3a2020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e
    020437f06a1f0201000201003000";
/// Version 3, encrypted.
const ENCRYPTED: &str =
    "305d020103300e02010a020300ffe304010302010304363034040d80001f8880e9630000d61ff44902010d020201f4040472
    6f6f74040c0102030405060708090a0b0c040801020304050607080410000102030405060708090a0b0c0d0e0f";

fn check(hex: &str, expect: Expect) {
    expect.assert_eq(&datagrams(&Snmp, &[(Side::Orig, &bytes(hex))]));
}

#[test]
fn question_and_answer() {
    check(
        GET,
        expect![[r#"
            snmp '1.3.6.1.2.1.1.1.0' {"version":"1","msg_type":"get-request","oids":["1.3.6.1.2.1.1.1.0"]} {"community":"public","request_id":1,"bindings":[{"oid":"1.3.6.1.2.1.1.1.0","type":"null"}],"bindings_count":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
        "#]],
    );
    check(
        RESPONSE,
        expect![[r#"
            snmp 'Lamp 2.1' {"version":"2c","msg_type":"get-response","display_string":"Lamp 2.1","sys_name":"lamp-kit","oids":["1.3.6.1.2.1.1.1.0","1.3.6.1.2.1.1.3.0","1.3.6.1.2.1.1.5.0"]} {"community":"public","request_id":1,"up_time":10000,"bindings":[{"oid":"1.3.6.1.2.1.1.1.0","type":"octets","value":"Lamp 2.1"},{"oid":"1.3.6.1.2.1.1.3.0","type":"timeticks","value":"1000000"},{"oid":"1.3.6.1.2.1.1.5.0","type":"octets","value":"lamp-kit"}],"bindings_count":3}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
        "#]],
    );
    check(
        BULK,
        expect![[r#"
            snmp '1.3.6.1.2.1.2' {"version":"2c","msg_type":"getBulkRequest","non_repeaters":0,"max_repetitions":10,"oids":["1.3.6.1.2.1.2"]} {"community":"public","request_id":4660,"bindings":[{"oid":"1.3.6.1.2.1.2","type":"null"}],"bindings_count":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
        "#]],
    );
    check(
        REFUSED,
        expect![[r#"
            snmp 'x' {"version":"2c","msg_type":"get-response","error_status":"notWritable","error_index":1,"sys_name":"x","oids":["1.3.6.1.2.1.1.5.0"]} {"community":"write","request_id":99,"bindings":[{"oid":"1.3.6.1.2.1.1.5.0","type":"octets","value":"x"}],"bindings_count":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"write"}
        "#]],
    );
}

#[test]
fn traps() {
    check(
        TRAP,
        expect![[r#"
            snmp '1.3.6.1.4.1.28764.1' {"version":"1","msg_type":"trap","enterprise":"1.3.6.1.4.1.28764.1","agent_addr":"192.0.2.9","generic_trap":"linkDown","oids":["1.3.6.1.2.1.2.2.1.1.3"]} {"community":"public","up_time":16,"bindings":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":"3"}],"bindings_count":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
        "#]],
    );
    check(
        NOTIFICATION,
        expect![[r#"
            snmp '1.3.6.1.6.3.1.1.5.1' {"version":"2c","msg_type":"snmpV2-trap","trap":"1.3.6.1.6.3.1.1.5.1","oids":["1.3.6.1.2.1.1.3.0","1.3.6.1.6.3.1.1.4.1.0","1.3.6.1.2.1.2.2.1.6.3","1.3.6.1.2.1.4.20.1.1","1.3.6.1.2.1.31.1.1.1.6.1","1.3.6.1.9"]} {"community":"private","request_id":7,"up_time":42,"bindings":[{"oid":"1.3.6.1.2.1.1.3.0","type":"timeticks","value":"4200"},{"oid":"1.3.6.1.6.3.1.1.4.1.0","type":"oid","value":"1.3.6.1.6.3.1.1.5.1"},{"oid":"1.3.6.1.2.1.2.2.1.6.3","type":"octets","value":"020000000001"},{"oid":"1.3.6.1.2.1.4.20.1.1","type":"address","value":"192.0.2.9"},{"oid":"1.3.6.1.2.1.31.1.1.1.6.1","type":"counter64","value":"18446744073709551615"},{"oid":"1.3.6.1.9","type":"noSuchObject"}],"bindings_count":6}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"private"}
        "#]],
    );
}

#[test]
fn version_3() {
    check(
        DISCOVERY,
        expect![[r#"
        snmp '' {"version":"3","security":"noAuthNoPriv","msg_type":"get-request"} {"msg_id":1248392098,"request_id":938502687}
    "#]],
    );
    check(
        ENCRYPTED,
        expect![[r#"
        snmp 'root' {"version":"3","security":"authPriv","engine_id":"80001f8880e9630000d61ff449","encrypted":true} {"msg_id":10,"engine_boots":13,"engine_time":500,"username":"root"}
    "#]],
    );
}

#[test]
fn malformed() {
    check(
        &GET.replace("a019", "a029"),
        expect![[r#"
            snmp '' {"version":"1"} {"community":"public"}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
            ! 15 SNMP element cut short
        "#]],
    );
    check(
        &GET.replace("06082b06", "05082b06"),
        expect![[r#"
            snmp '' {"version":"1","msg_type":"get-request"} {"community":"public","request_id":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
            ! 28 SNMP variable binding without an object identifier
        "#]],
    );
    check(
        &GET.replace("3026", "3080"),
        expect![[r#"
        ! 0 SNMP element of an impossible length
    "#]],
    );
    check(
        &GET[..GET.len() - 8],
        expect![[r#"
            snmp '' {"version":"1","msg_type":"get-request"} {"community":"public","request_id":1}
            credentials 'community' {"protocol":"snmp","method":"community"} {"password":"public"}
            ! 30 SNMP value cut short
        "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        snmp =  0..40
          snmp.version = version-1 (0) 4..5
          snmp.community = public 7..13
          snmp.data = get-request (0) 13..40
          snmp.get_request_element =  13..40
            snmp.request_id = 1 17..18
            snmp.error_status = noError (0) 20..21
            snmp.error_index = 0 23..24
            snmp.variable_bindings =  24..40
              snmp.VarBind_element = 1.3.6.1.2.1.1.1.0:  26..40
                snmp.name = 1.3.6.1.2.1.1.1.0 30..38
                snmp.value.null =  40..40
    "#]]
    .assert_eq(&tree(&Snmp, Transport::Udp, Side::Orig, &bytes(GET)));
    expect![[r#"
        snmp =  0..95
          snmp.msgVersion = snmpv3 (3) 4..5
          snmp.msgGlobalData_element =  5..21
            snmp.msgID = 10 9..10
            snmp.msgMaxSize = 65507 12..15
            snmp.msgFlags = 03 (authPriv) 17..18
            snmp.msgSecurityModel = USM (3) 20..21
          snmp.msgAuthoritativeEngineID = 80001f8880e9630000d61ff449 27..40
          snmp.msgAuthoritativeEngineBoots = 13 42..43
          snmp.msgAuthoritativeEngineTime = 500 45..47
          snmp.msgUserName = root 49..53
          snmp.msgAuthenticationParameters = 0102030405060708090a0b0c 55..67
          snmp.msgPrivacyParameters = 0102030405060708 69..77
          snmp.encryptedPDU = 000102030405060708090a0b0c0d0e0f 77..95
    "#]]
    .assert_eq(&tree(&Snmp, Transport::Udp, Side::Orig, &bytes(ENCRYPTED)));
}

#[test]
fn recognised_by_payload() {
    for hex in [GET, RESPONSE, TRAP, NOTIFICATION, REFUSED, BULK, DISCOVERY, ENCRYPTED] {
        assert_eq!(found(Transport::Udp, &bytes(hex)), Some("snmp"), "{hex}");
    }
    assert!(!taken(&Snmp, Transport::Udp, false, &bytes(GET)[..30]));
    assert!(!taken(&Snmp, Transport::Tcp, true, &bytes(GET)));
    let mut random = Random(161);
    assert!((0..100_000).all(|n| !taken(&Snmp, Transport::Udp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    survives(
        &Snmp,
        Transport::Udp,
        &[GET, RESPONSE, TRAP, NOTIFICATION, REFUSED, BULK, DISCOVERY, ENCRYPTED].map(bytes),
    );
}
