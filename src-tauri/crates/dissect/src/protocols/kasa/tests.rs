use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side::{self, Orig, Resp};
use crate::protocols::testing::{Random, bytes, datagrams, found, segments, survives, taken, tree};

const ASK: &str = "d0f281f88bff9af7d5ef94b6d1b4c09fec95e68fe187e8caf08bf68bf6";
const SWITCH: &str = "0000002ad0f281f88bff9af7d5ef94b6c5a0d48bf99cf091e8b7c4b0d1a5c0e2d8a381f286e793f6d4eedfa2dfa2";

/// Puts the disguise on.
fn disguised(text: &str) -> Vec<u8> {
    let mut key = KEY;
    text.bytes()
        .map(|byte| {
            key ^= byte;
            key
        })
        .collect()
}

fn framed(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], &disguised(text)].concat()
}

const INFO: &str = r#"{"system":{"get_sysinfo":{"sw_ver":"1.5.6 Build","hw_ver":"2.0","model":"HS110(EU)",
    "deviceId":"8006AB","oemId":"FDD1","hwId":"45E2","rssi":-57,"longitude_i":85421,"latitude_i":473769,
    "alias":"Heater","mic_type":"IOT.SMARTPLUGSWITCH","mac":"50:C7:BF:01:02:03","relay_state":1,"on_time":3600,
    "led_off":0,"err_code":0}},"emeter":{"get_realtime":{"voltage_mv":230100,"current_ma":10,"power_mw":2300,
    "total_wh":1234,"err_code":0}}}"#;

fn check(parts: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&segments(&Kasa, parts));
}

#[test]
fn the_vectors() {
    expect![[r#"
        kasa 'system.get_sysinfo' {"msg_type":"request","commands":["system.get_sysinfo"]} {"payload":"{\"system\":{\"get_sysinfo\":{}}}","payload_len":29}
    "#]].assert_eq(&datagrams(&Kasa, &[(Orig, &bytes(ASK))]));
    check(
        &[(Orig, &bytes(SWITCH))],
        expect![[r#"
        kasa 'system.set_relay_state' {"msg_type":"request","commands":["system.set_relay_state"],"relay_state":1} {"payload":"{\"system\":{\"set_relay_state\":{\"state\":1}}}","payload_len":42}
    "#]],
    );
}

#[test]
fn what_a_plug_says() {
    check(
        &[(Resp, &framed(INFO))],
        expect![[r#"
        kasa 'Heater' {"msg_type":"response","commands":["system.get_sysinfo","emeter.get_realtime"],"alias":"Heater","device_id":"8006AB","mac":"50:c7:bf:01:02:03","model":"HS110(EU)","device_type":"IOT.SMARTPLUGSWITCH","relay_state":1,"led_off":0,"sw_ver":"1.5.6 Build","hw_ver":"2.0","hw_id":"45E2","oem_id":"FDD1","err_code":0} {"on_time":3600,"rssi":-57,"latitude":47.3769,"longitude":8.5421,"power":2.3,"voltage":230.1,"current":0.01,"total":1.234,"payload":"{\"system\":{\"get_sysinfo\":{\"sw_ver\":\"1.5.6 Build\",\"hw_ver\":\"2.0\",\"model\":\"HS110(EU)\",\n    \"deviceId\":\"8006AB\",\"oemId\":\"FDD1\",\"hwId\":\"45E2\",\"rssi\":-57,\"longitude_i\":85421,\"latitude_i\":473769,\n    \"alias\":\"Heater\",\"mic_type\":\"IOT.SMARTPLUGSWITCH\",\"mac\":\"50:C7:BF:01:02:03\",\"relay_state\":1,\"on_time\":3600,\n    \"led_off\":0,\"err_code\":0}},\"emeter\":{\"get_realtime\":{\"voltage_mv\":230100,\"current_ma\":10,\"power_mw\":2300,\n    \"total_wh\":1234,\"err_code\":0}}}","payload_len":447}
    "#]],
    );
}

#[test]
fn setup_and_strips_and_bulbs() {
    for (text, expect) in [
        (
            r#"{"netif":{"set_stassoc":{"ssid":"home","password":"hunter22","key_type":3}}}"#,
            expect![[r#"
                kasa 'netif.set_stassoc' {"msg_type":"request","commands":["netif.set_stassoc"]} {"ssid":"home","password":"hunter22","payload":"{\"netif\":{\"set_stassoc\":{\"ssid\":\"home\",\"password\":\"hunter22\",\"key_type\":3}}}","payload_len":76}
                credentials 'home' {"protocol":"kasa","method":"wifi","name":"home"} {"password":"hunter22"}
            "#]],
        ),
        (
            r#"{"cnCloud":{"bind":{"username":"a@example.com","password":"pw"}}}"#,
            expect![[r#"
                kasa 'cnCloud.bind' {"msg_type":"request","commands":["cnCloud.bind"]} {"username":"a@example.com","password":"pw","payload":"{\"cnCloud\":{\"bind\":{\"username\":\"a@example.com\",\"password\":\"pw\"}}}","payload_len":65}
                credentials 'a@example.com' {"protocol":"kasa","method":"json","username":"a@example.com"} {"password":"pw"}
            "#]],
        ),
        (
            r#"{"context":{"child_ids":["8006AB00"]},"system":{"set_relay_state":{"state":0}}}"#,
            expect![[r#"
                kasa 'system.set_relay_state' {"msg_type":"request","child_ids":["8006AB00"],"commands":["system.set_relay_state"],"relay_state":0} {"payload":"{\"context\":{\"child_ids\":[\"8006AB00\"]},\"system\":{\"set_relay_state\":{\"state\":0}}}","payload_len":79}
            "#]],
        ),
        (
            r#"{"system":{"get_sysinfo":{"children":[{"id":"00","alias":"TV","state":1,"on_time":5}],"mic_mac":"50C7BF010203"}}}"#,
            expect![[r#"
                kasa 'system.get_sysinfo' {"msg_type":"request","commands":["system.get_sysinfo"],"mac":"50:c7:bf:01:02:03"} {"children":[{"id":"00","alias":"TV","state":1,"on_time":5}],"payload":"{\"system\":{\"get_sysinfo\":{\"children\":[{\"id\":\"00\",\"alias\":\"TV\",\"state\":1,\"on_time\":5}],\"mic_mac\":\"50C7BF010203\"}}}","payload_len":113}
            "#]],
        ),
        (
            r#"{"smartlife.iot.smartbulb.lightingservice":{"transition_light_state":{"on_off":1,"brightness":40,"hue":120}}}"#,
            expect![[r#"
                kasa 'smartlife.iot.smartbulb.lightingservice.transition_light_state' {"msg_type":"request","commands":["smartlife.iot.smartbulb.lightingservice.transition_light_state"],"on_off":1,"brightness":40,"hue":120} {"payload":"{\"smartlife.iot.smartbulb.lightingservice\":{\"transition_light_state\":{\"on_off\":1,\"brightness\":40,\"hue\":120}}}","payload_len":109}
            "#]],
        ),
        (
            r#"{"system":{"err_code":-1,"err_msg":"module not support"}}"#,
            expect![[r#"
            kasa '' {"msg_type":"request","commands":[],"err_code":-1,"err_msg":"module not support"} {"payload":"{\"system\":{\"err_code\":-1,\"err_msg\":\"module not support\"}}","payload_len":57}
        "#]],
        ),
    ] {
        check(&[(Orig, &framed(text))], expect);
    }
}

#[test]
fn malformed() {
    check(
        &[(Orig, &framed("{\"system\":{")), (Orig, &bytes("00000003 d1d2d3"))],
        expect![[r#"
        kasa '' {"msg_type":"request"} {"payload":"{\"system\":{","payload_len":11}
        ! 15 Kasa message is no JSON
        ! 0 no Kasa message begins here; the next is looked for where a segment begins
        not mine
    "#]],
    );
    check(
        &[(Orig, &bytes(SWITCH)[..20])],
        expect![[r#"
        kasa '' {"msg_type":"request"} {"payload":"{\"system\":{\"set_","payload_len":42,"incomplete":true}
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        tplink-smarthome =  0..46
          tplink_smarthome.len = 42 0..4
          tplink_smarthome.msg = {"system":{"set_relay_state":{"state":1}}} 4..46
    "#]]
    .assert_eq(&tree(&Kasa, Transport::Tcp, Orig, &bytes(SWITCH)));
}

#[test]
fn recognised_by_payload() {
    assert_eq!(found(Transport::Udp, &bytes(ASK)), Some("kasa"));
    assert_eq!(found(Transport::Tcp, &bytes(SWITCH)), Some("kasa"));
    assert!(taken(&Kasa, Transport::Udp, true, &disguised("{}")));
    assert!(!taken(&Kasa, Transport::Udp, false, &disguised("{}")));
    assert!(!taken(&Kasa, Transport::Udp, false, &bytes(ASK)[..20]));
    let mut random = Random(9999);
    for transport in [Transport::Udp, Transport::Tcp] {
        assert!((0..100_000).all(|n| !taken(&Kasa, transport, false, &random.bytes(n % 80))));
    }
}

#[test]
fn survives_anything() {
    survives(&Kasa, Transport::Udp, &[bytes(ASK), disguised(INFO)]);
    survives(&Kasa, Transport::Tcp, &[bytes(SWITCH)]);
}
