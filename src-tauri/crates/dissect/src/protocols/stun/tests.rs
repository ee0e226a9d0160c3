use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side::{self, Orig, Resp};
use crate::protocols::testing::{Random, bytes, datagrams, found, segments, survives, taken, tree};

/// RFC 5769 section 2.1: a request of ICE.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74
    002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020
    000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
/// Section 2.2: its answer over IPv4.
const RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220
    002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// Section 2.3: and over IPv6.
const RESPONSE_6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220
    002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
/// A relay wants to know who asks.
const REFUSED: &str = "011300302112a442000102030405060708090a0b 00090010 00000401556e617574686f72697a6564
    0014000b6578616d706c652e6f726700 8022 0006 74 75 72 6e 20 31 0000";

/// A channel is asked for: 0x5679 to 192.0.2.1, port 32853.
const BIND: &str = "000900142112a442000102030405060708090a0b 000c0004 56790000 001200080001a147e112a643";
/// Something passes it.
const DATA: &str = "56790005 68656c6c6f";

fn check(parts: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&datagrams(&Stun, parts));
}

#[test]
fn the_vectors_of_rfc_5769() {
    check(
        &[(Orig, &bytes(REQUEST)), (Resp, &bytes(RESPONSE)), (Resp, &bytes(RESPONSE_6))],
        expect![[r#"
        stun 'binding' {"msg_type":"request","method":"binding","software":"STUN test client","controlling":false} {"trans_id":"b7e7a701bc34d686fa87dfae","username":"evtj:h6vY"}
        stun '192.0.2.1' {"msg_type":"success","method":"binding","software":"test vector","mapped_address":"192.0.2.1","mapped_port":32853} {"trans_id":"b7e7a701bc34d686fa87dfae"}
        stun '2001:db8:1234:5678:11:2233:4455:6677' {"msg_type":"success","method":"binding","software":"test vector","mapped_address":"2001:db8:1234:5678:11:2233:4455:6677","mapped_port":32853} {"trans_id":"b7e7a701bc34d686fa87dfae"}
    "#]],
    );
}

#[test]
fn a_relay_refuses() {
    check(
        &[(Resp, &bytes(REFUSED))],
        expect![[r#"
        stun 'allocate' {"msg_type":"error","method":"allocate","error_code":401,"error_reason":"Unauthorized","realm":"example.org","software":"turn 1"} {"trans_id":"000102030405060708090a0b"}
    "#]],
    );
}

#[test]
fn over_tcp() {
    let both = [bytes(REQUEST), bytes("40000003 010203 00"), bytes(REQUEST)].concat();
    expect![[r#"
        stun 'binding' {"msg_type":"request","method":"binding","software":"STUN test client","controlling":false} {"trans_id":"b7e7a701bc34d686fa87dfae","username":"evtj:h6vY"}
        stun '0x4000' {"msg_type":"channel data","channel":16384} {}
        stun 'binding' {"msg_type":"request","method":"binding","software":"STUN test client","controlling":false} {"trans_id":"b7e7a701bc34d686fa87dfae","username":"evtj:h6vY"}
    "#]].assert_eq(&segments(&Stun, &[(Orig, &both[..50]), (Orig, &both[50..])]));
}

/// That something passes is told once for each channel and direction; between whom, if the channel was seen to be asked for.
#[test]
fn over_a_channel() {
    let (bind, data, other) = (bytes(BIND), bytes(DATA), bytes("40010004 68656c6c"));
    let padded = [&data[..], &[0; 3]].concat();
    check(
        &[
            (Orig, &bind),
            (Orig, &data),
            (Orig, &padded),
            (Resp, &data),
            (Orig, &bind),
            (Orig, &data),
            (Orig, &other),
            (Orig, &data[..8]),
            (Orig, &[&padded[..], &[0]].concat()),
        ],
        expect![[r#"
            stun 'channel bind' {"msg_type":"request","method":"channel bind","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {"trans_id":"000102030405060708090a0b"}
            stun '192.0.2.1' {"msg_type":"channel data","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {}
            stun '192.0.2.1' {"msg_type":"channel data","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {}
            stun 'channel bind' {"msg_type":"request","method":"channel bind","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {"trans_id":"000102030405060708090a0b"}
            stun '0x4001' {"msg_type":"channel data","channel":16385} {}
        "#]],
    );
    // A stream is followed past what passes a channel that it asked for.
    let stream = [bind, padded, bytes(REQUEST)].concat();
    expect![[r#"
        stun 'channel bind' {"msg_type":"request","method":"channel bind","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {"trans_id":"000102030405060708090a0b"}
        stun '192.0.2.1' {"msg_type":"channel data","channel":22137,"peer_address":"192.0.2.1","peer_port":32853} {}
        stun 'binding' {"msg_type":"request","method":"binding","software":"STUN test client","controlling":false} {"trans_id":"b7e7a701bc34d686fa87dfae","username":"evtj:h6vY"}
    "#]].assert_eq(&segments(&Stun, &[(Orig, &stream[..30]), (Orig, &stream[30..])]));
}

/// A check of a path (ICE) goes through the relay: it is shown, and told of nobody.
#[test]
fn what_is_inside_a_channel() {
    let request = bytes("00010000 2112a442000102030405060708090a0b");
    let data = [bytes("40000014"), request].concat();
    expect![[r#"
        stun = ChannelData 0..4
          stun.channel = 0x4000 0..2
          stun.length = 20 2..4
        stun =  4..24
          stun.type = 0x0001 (binding request) 4..6
          stun.length = 0 6..8
          stun.cookie = 2112a442 8..12
          stun.id = 000102030405060708090a0b 12..24
    "#]]
    .assert_eq(&tree(&Stun, Transport::Udp, Orig, &data));
    expect![[r#"
        stun = ChannelData 0..4
          stun.channel = 0x5679 0..2
          stun.length = 5 2..4
        data.data = 68656c6c6f 4..9
    "#]]
    .assert_eq(&tree(&Stun, Transport::Udp, Orig, &bytes(DATA)));
    check(
        &[(Orig, &data)],
        expect![[r#"
        stun '0x4000' {"msg_type":"channel data","channel":16384} {}
    "#]],
    );
}

#[test]
fn malformed() {
    check(
        &[(Orig, &bytes("0001000c2112a442000102030405060708090a0b 0020 0008 0003000000000000"))],
        expect![[r#"
        stun 'binding' {"msg_type":"request","method":"binding"} {"trans_id":"000102030405060708090a0b"}
        ! 24 STUN attribute of an impossible length
    "#]],
    );
    check(
        &[(Orig, &bytes("000100082112a442000102030405060708090a0b 0006 0009 61626364"))],
        expect![[r#"
        stun 'binding' {"msg_type":"request","method":"binding"} {"trans_id":"000102030405060708090a0b"}
        ! 24 STUN attribute cut short
    "#]],
    );
    check(
        &[(Orig, &bytes(REQUEST)[..40])],
        expect![[r#"
        stun 'binding' {"msg_type":"request","method":"binding","software":"STUN test client"} {"trans_id":"b7e7a701bc34d686fa87dfae"}
        ! 40 STUN message cut short
    "#]],
    );
    check(&[(Orig, b"\x80\x60 media")], expect![[""]]);
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        stun =  0..80
          stun.type = 0x0101 (binding success) 0..2
          stun.length = 60 2..4
          stun.cookie = 2112a442 4..8
          stun.id = b7e7a701bc34d686fa87dfae 8..20
          stun.attribute = SOFTWARE 20..35
            stun.att.type = 0x8022 (SOFTWARE) 20..22
            stun.att.length = 11 22..24
            stun.att.software = test vector 24..35
          stun.attribute = XOR-MAPPED-ADDRESS 36..48
            stun.att.type = 0x0020 (XOR-MAPPED-ADDRESS) 36..38
            stun.att.length = 8 38..40
            stun.att.family = IPv4 41..42
            stun.att.port = 32853 42..44
            stun.att.ipv4 = 192.0.2.1 44..48
          stun.attribute = MESSAGE-INTEGRITY 48..72
            stun.att.type = 0x0008 (MESSAGE-INTEGRITY) 48..50
            stun.att.length = 20 50..52
            stun.value = 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 52..72
          stun.attribute = FINGERPRINT 72..80
            stun.att.type = 0x8028 (FINGERPRINT) 72..74
            stun.att.length = 4 74..76
            stun.value = c07d4c96 76..80
    "#]]
    .assert_eq(&tree(&Stun, Transport::Udp, Resp, &bytes(RESPONSE)));
}

#[test]
fn recognised_by_payload() {
    for hex in [REQUEST, RESPONSE, RESPONSE_6, REFUSED] {
        assert_eq!(found(Transport::Udp, &bytes(hex)), Some("stun"), "{hex}");
        assert_eq!(found(Transport::Tcp, &bytes(hex)), Some("stun"), "{hex}");
    }
    assert!(!taken(&Stun, Transport::Udp, true, &bytes(REQUEST)[..40]));
    let data = bytes("40000005 68656c6c6f");
    assert!(taken(&Stun, Transport::Udp, true, &data) && !taken(&Stun, Transport::Udp, true, &data[..8]));
    assert!(!taken(&Stun, Transport::Udp, false, &data) && !taken(&Stun, Transport::Tcp, true, &data));
    let mut random = Random(3478);
    assert!((0..100_000).all(|n| !taken(&Stun, Transport::Udp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    let samples = [REQUEST, RESPONSE, RESPONSE_6, REFUSED, BIND, DATA].map(bytes);
    survives(&Stun, Transport::Udp, &samples);
    survives(&Stun, Transport::Tcp, &samples);
}
