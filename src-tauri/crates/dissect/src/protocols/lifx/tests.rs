use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side;
use crate::protocols::testing::{Random, bytes, datagrams, found, survives, taken, tree};

const GET_SERVICE: &str = "240000340200000000000000000000000000000000000000000000000000000002000000";
const SET_POWER: &str = "2600001402000000d073d501020300000000000000000207000000000000000015000000ffff";

/// A message to or from one bulb.
fn of(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = bytes(SET_POWER)[..36].to_vec();
    message[..2].copy_from_slice(&(36 + payload.len() as u16).to_le_bytes());
    message[32..34].copy_from_slice(&kind.to_le_bytes());
    [&message, payload].concat()
}

fn state() -> Vec<u8> {
    let mut label = [0; 32];
    label[..7].copy_from_slice(b"Kitchen");
    of(107, &[&bytes("5555 ffff 0080 ac0d 0000 ffff")[..], &label, &[0; 8]].concat())
}

fn group() -> Vec<u8> {
    let mut label = [0; 32];
    label[..4].copy_from_slice(b"Home");
    of(50, &[&[0xab; 16][..], &label, &1_700_000_000_000_000_000_u64.to_le_bytes()].concat())
}

fn check(bytes: &[u8], expect: Expect) {
    expect.assert_eq(&datagrams(&Lifx, &[(Side::Orig, bytes)]));
}

#[test]
fn the_vectors() {
    check(
        &bytes(GET_SERVICE),
        expect![[r#"
        lifx 'GetService' {"msg_type":"GetService","type":2} {"source":2,"seq":0}
    "#]],
    );
    check(
        &bytes(SET_POWER),
        expect![[r#"
        lifx 'SetPower' {"msg_type":"SetPower","type":21,"target":"d0:73:d5:01:02:03","power":"on"} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
}

#[test]
fn what_bulbs_say() {
    check(
        &state(),
        expect![[r#"
        lifx 'Kitchen' {"msg_type":"LightState","type":107,"target":"d0:73:d5:01:02:03","hue":120,"saturation":100,"brightness":50,"kelvin":3500,"power":"on","label":"Kitchen"} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
    check(
        &group(),
        expect![[r#"
        lifx 'Home' {"msg_type":"StateLocation","type":50,"target":"d0:73:d5:01:02:03","group_id":"abababababababababababababababab","label":"Home","updated_at":"2023-11-14T22:13:20.000000000Z"} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
    check(
        &of(3, &bytes("01 7cdd0000")),
        expect![[r#"
        lifx 'StateService' {"msg_type":"StateService","type":3,"target":"d0:73:d5:01:02:03","service_port":56700} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
    check(
        &of(15, &bytes("0000000000000000 0000000000000000 4d000300")),
        expect![[r#"
        lifx 'StateHostFirmware' {"msg_type":"StateHostFirmware","type":15,"target":"d0:73:d5:01:02:03","firmware":"3.77"} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
    check(
        &of(33, &bytes("01000000 1b000000 00000000")),
        expect![[r#"
        lifx 'StateVersion' {"msg_type":"StateVersion","type":33,"target":"d0:73:d5:01:02:03","vendor":1,"product":27} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
    check(
        &of(35, &bytes("0000d8a5e6e79717 00ca9a3b00000000 0094357700000000")),
        expect![[r#"
        lifx 'StateInfo' {"msg_type":"StateInfo","type":35,"target":"d0:73:d5:01:02:03"} {"source":2,"seq":7,"ack_required":true,"time":"2023-11-15T21:06:02.166542336Z","uptime":1,"downtime":2}
    "#]],
    );
    check(
        &of(102, &bytes("00 5555 ffff ffff ac0d e8030000")),
        expect![[r#"
        lifx 'SetColor' {"msg_type":"SetColor","type":102,"target":"d0:73:d5:01:02:03","hue":120,"saturation":100,"brightness":100,"kelvin":3500} {"source":2,"seq":7,"ack_required":true,"duration":1}
    "#]],
    );
    check(
        &of(117, &bytes("0000 f4010000")),
        expect![[r#"
        lifx 'SetLightPower' {"msg_type":"SetLightPower","type":117,"target":"d0:73:d5:01:02:03","power":"off"} {"source":2,"seq":7,"ack_required":true,"duration":0.5}
    "#]],
    );
    check(
        &of(999, &bytes("00")),
        expect![[r#"
        lifx 'unknown' {"msg_type":"unknown","type":999,"target":"d0:73:d5:01:02:03"} {"source":2,"seq":7,"ack_required":true}
    "#]],
    );
}

#[test]
fn malformed() {
    check(
        &of(102, &bytes("00 5555")),
        expect![[r#"
        lifx 'SetColor' {"msg_type":"SetColor","type":102,"target":"d0:73:d5:01:02:03","hue":120} {"source":2,"seq":7,"ack_required":true}
        ! 39 LIFX payload cut short
    "#]],
    );
    check(
        &bytes(SET_POWER)[..37],
        expect![[r#"
        lifx 'SetPower' {"msg_type":"SetPower","type":21,"target":"d0:73:d5:01:02:03"} {"source":2,"seq":7,"ack_required":true}
        ! 37 LIFX message cut short
    "#]],
    );
    check(
        &[bytes(SET_POWER), vec![0]].concat(),
        expect![[r#"
        lifx 'SetPower' {"msg_type":"SetPower","type":21,"target":"d0:73:d5:01:02:03","power":"on"} {"source":2,"seq":7,"ack_required":true}
        ! 38 LIFX message longer than it says
    "#]],
    );
    check(
        &bytes(GET_SERVICE)[..30],
        expect![[r#"
        ! 0 LIFX message cut short
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        lifx = LightState 0..88
          lifx.size = 88 0..2
          lifx.protocol = 1024 2..4
          lifx.tagged = 0 2..4
          lifx.source = 0x00000002 4..8
          lifx.target = d0:73:d5:01:02:03 8..16
          lifx.res_required = 0 22..23
          lifx.ack_required = 1 22..23
          lifx.sequence = 7 23..24
          lifx.type = LightState (107) 32..34
          lifx.hue = 21845 36..38
          lifx.saturation = 65535 38..40
          lifx.brightness = 32768 40..42
          lifx.kelvin = 3500 42..44
          lifx.power = on (65535) 46..48
          lifx.label = Kitchen 48..80
    "#]]
    .assert_eq(&tree(&Lifx, Transport::Udp, Side::Orig, &state()));
}

#[test]
fn recognised_by_payload() {
    for message in [bytes(GET_SERVICE), bytes(SET_POWER), state(), group()] {
        assert_eq!(found(Transport::Udp, &message), Some("lifx"));
    }
    assert!(!taken(&Lifx, Transport::Udp, true, &bytes(SET_POWER)[..37]));
    assert!(!taken(&Lifx, Transport::Tcp, true, &bytes(SET_POWER)));
    let mut random = Random(56_700);
    assert!((0..100_000).all(|n| !taken(&Lifx, Transport::Udp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    survives(&Lifx, Transport::Udp, &[bytes(GET_SERVICE), bytes(SET_POWER), state(), group()]);
}
