use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, bytes, datagrams, survives, taken, tree};

const GET: &str = "42011234beefb773656e736f72730474656d704d03756e69743d63656c736975732d646567";
const CONTENT: &str = "62451234beefc132213cff7b2274223a32312e357d";
/// Block 2 of a PUT to `/fw` on `cam.local`.
const BLOCK: &str = "41031235aa 39 63616d2e6c6f63616c 82 6677 11 2a d1 02 2e ff 0102";
/// A Shelly's report: NON 0.30 with the device, a validity and a serial number.
const COIOT: &str = "50 1e 0001 b3 636974 01 73 ec 0bec 5348504c472d5323613123 32 d2 43 0640 82 0064 ff 7b7d";

fn check(messages: &[(Side, &str)], expect: Expect) {
    let messages: Vec<(Side, Vec<u8>)> = messages.iter().map(|(side, hex)| (*side, bytes(hex))).collect();
    let borrowed: Vec<(Side, &[u8])> = messages.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
    expect.assert_eq(&datagrams(&Coap, &borrowed));
}

#[test]
fn request_and_what_answers_it() {
    check(
        &[(Side::Orig, GET), (Side::Resp, CONTENT)],
        expect![[r#"
        coap '/sensors/temp?unit=celsius-deg' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/sensors/temp?unit=celsius-deg"} {"mid":4660,"token":"beef"}
        coap '/sensors/temp?unit=celsius-deg' {"msg_type":"ACK","code":"2.05","code_name":"Content","request_uri":"/sensors/temp?unit=celsius-deg","request_method":"GET","content_format":"application/json","max_age":60} {"mid":4660,"token":"beef","payload":"{\"t\":21.5}","payload_len":10}
    "#]],
    );
}

#[test]
fn an_answer_without_its_request() {
    check(
        &[(Side::Resp, CONTENT)],
        expect![[r#"
        coap '' {"msg_type":"ACK","code":"2.05","code_name":"Content","content_format":"application/json","max_age":60} {"mid":4660,"token":"beef","payload":"{\"t\":21.5}","payload_len":10}
    "#]],
    );
}

#[test]
fn separate_response_and_notifications() {
    check(
        &[
            (Side::Orig, "41010001aa 60 51 74"),
            (Side::Resp, "60000001"),
            (Side::Resp, "41457777aa 61 05 61 32 ff 31"),
            (Side::Orig, "60007777"),
            (Side::Resp, "51457778aa 61 06 61 32 ff 32"),
            (Side::Orig, "70007778"),
        ],
        expect![[r#"
            coap '/t' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/t","observe":0} {"mid":1,"token":"aa"}
            coap '/t' {"msg_type":"ACK","code":"EMPTY","code_name":"Empty","request_uri":"/t","request_method":"GET"} {"mid":1}
            coap '/t' {"msg_type":"CON","code":"2.05","code_name":"Content","request_uri":"/t","request_method":"GET","content_format":"application/json","notification":true} {"observe_seq":5,"mid":30583,"token":"aa","payload":"1","payload_len":1}
            coap '/t' {"msg_type":"ACK","code":"EMPTY","code_name":"Empty","request_uri":"/t","request_method":"GET"} {"mid":30583}
            coap '/t' {"msg_type":"NON","code":"2.05","code_name":"Content","request_uri":"/t","request_method":"GET","content_format":"application/json","notification":true} {"observe_seq":6,"mid":30584,"token":"aa","payload":"2","payload_len":1}
            coap '/t' {"msg_type":"RST","code":"EMPTY","code_name":"Empty","request_uri":"/t","request_method":"GET","ends_observing":true} {"mid":30584}
        "#]],
    );
}

/// A GET of `/t` that observes (0) or ends it (1), with token aa.
const OBSERVE: &str = "41010001aa 60 51 74";
const CANCEL: &str = "41010002aa 61 01 51 74";

#[test]
fn observing_ends() {
    let lines = |messages: &[(Side, &str)]| {
        let messages: Vec<(Side, Vec<u8>)> = messages.iter().map(|(side, hex)| (*side, bytes(hex))).collect();
        let borrowed: Vec<(Side, &[u8])> = messages.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
        let text = datagrams(&Coap, &borrowed);
        // what each is about, and what it says of observing
        let says = |line: &str, what: &str| if line.contains(what) { what.to_owned() } else { String::new() };
        let subject = |line: &str| line.split('\'').nth(1).unwrap_or_default().to_owned();
        let each = text.lines().map(|line| subject(line) + &says(line, "notification") + &says(line, "ends_observing"));
        each.collect::<Vec<String>>().join(" ")
    };
    const TOLD: &str = "51450011aa 61 05 ff 31";
    const LATER: &str = "51450012aa 61 06 ff 32";
    const PLAIN: &str = "61450002aa ff 33";
    use Side::{Orig, Resp};
    for (messages, expect) in [
        // told again, until the client ends it; what comes then has no path
        (&[(Orig, OBSERVE), (Resp, TOLD), (Resp, LATER)][..], "/t /tnotification /tnotification"),
        (
            &[(Orig, OBSERVE), (Resp, TOLD), (Orig, CANCEL), (Resp, PLAIN), (Resp, LATER)],
            "/t /tnotification /t /t notification",
        ),
        // a reset of the latest notification, or of another message
        (
            &[(Orig, OBSERVE), (Resp, TOLD), (Orig, "70000011"), (Resp, LATER)],
            "/t /tnotification /tends_observing notification",
        ),
        (&[(Orig, OBSERVE), (Resp, TOLD), (Orig, "70000099"), (Resp, LATER)], "/t /tnotification  /tnotification"),
        // an error ends it
        (
            &[(Orig, OBSERVE), (Resp, TOLD), (Resp, "51840013aa"), (Resp, LATER)],
            "/t /tnotification /tends_observing notification",
        ),
        // a server that does not agree
        (&[(Orig, OBSERVE), (Resp, "61450001aa ff 31"), (Resp, LATER)], "/t /t notification"),
        (&[(Orig, OBSERVE), (Resp, "70000001"), (Resp, LATER)], "/t /tends_observing notification"),
        // the token is another request's by now
        (
            &[(Orig, OBSERVE), (Resp, TOLD), (Orig, "41010003aa b1 78"), (Resp, LATER), (Resp, "61450003aa ff 31")],
            "/t /tnotification /x /tnotification /x",
        ),
        // nobody asked, or with another token, or the wrong side tells
        (&[(Resp, TOLD)], "notification"),
        (&[(Orig, OBSERVE), (Resp, "51450011ab 61 05 ff 31")], "/t notification"),
        (&[(Orig, OBSERVE), (Orig, TOLD)], "/t notification"),
    ] {
        assert_eq!(lines(messages), expect, "{messages:?}");
    }
}

#[test]
fn the_same_token_of_the_other_side_is_another() {
    check(
        &[(Side::Orig, "41010001aa b1 74"), (Side::Orig, "61450001aa ff 31")],
        expect![[r#"
        coap '/t' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/t"} {"mid":1,"token":"aa"}
        coap '' {"msg_type":"ACK","code":"2.05","code_name":"Content"} {"mid":1,"token":"aa","payload":"1","payload_len":1}
    "#]],
    );
}

#[test]
fn blocks_and_host() {
    check(
        &[(Side::Orig, BLOCK), (Side::Resp, "615f1235aa d1 0e 2a")],
        expect![[r#"
            coap '/fw' {"msg_type":"CON","code":"PUT","code_name":"PUT","uri":"/fw","content_format":"application/octet-stream","host":"cam.local"} {"block1":"2/1/1024","mid":4661,"token":"aa","payload_hex":"0102","payload_len":2}
            coap '/fw' {"msg_type":"ACK","code":"2.31","code_name":"Continue","request_uri":"/fw","request_method":"PUT"} {"block1":"2/1/64","mid":4661,"token":"aa"}
            files '/fw' {"source":"coap","filename":"fw","content_type":"application/octet-stream","is_orig":true} {"seen_bytes":2,"missing_bytes":2048,"incomplete":true}
        "#]],
    );
}

#[test]
fn registration_says_its_place() {
    check(
        &[(Side::Orig, "41020001aa b2 7264 45 65703d6c31"), (Side::Resp, "61410001aa 82 7264 03 576831")],
        expect![[r#"
            coap '/rd?ep=l1' {"msg_type":"CON","code":"POST","code_name":"POST","uri":"/rd?ep=l1"} {"mid":1,"token":"aa"}
            coap '/rd?ep=l1' {"msg_type":"ACK","code":"2.01","code_name":"Created","request_uri":"/rd?ep=l1","request_method":"POST","location":"/rd/Wh1"} {"mid":1,"token":"aa"}
        "#]],
    );
}

#[test]
fn coiot_report() {
    check(
        &[(Side::Orig, COIOT)],
        expect![[r#"
        coap '/cit/s' {"msg_type":"NON","code":"0.30","code_name":"CoIoT report","uri":"/cit/s","device":"SHPLG-S#a1#2"} {"coiot_validity":1600,"coiot_serial":100,"mid":1,"payload":"{}","payload_len":2}
    "#]],
    );
}

#[test]
fn malformed_ones_keep_what_was_read() {
    // an option longer than the message
    check(
        &[(Side::Orig, "40010001 b1 74 09 61")],
        expect![[r#"
        coap '/t' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/t"} {"mid":1}
        ! 7 CoAP option cut short
    "#]],
    );
    // a reserved length
    check(
        &[(Side::Orig, "40010001 b1 74 0f 61")],
        expect![[r#"
        coap '/t' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/t"} {"mid":1}
        ! 6 CoAP option with the reserved length 15
    "#]],
    );
    // a marker without a payload
    check(
        &[(Side::Orig, "40010001 b1 74 ff")],
        expect![[r#"
        coap '/t' {"msg_type":"CON","code":"GET","code_name":"GET","uri":"/t"} {"mid":1}
        ! 7 CoAP payload missing behind its marker
    "#]],
    );
    // a token of 9 bytes, another version
    check(
        &[(Side::Orig, "49010001 000000000000000000"), (Side::Orig, "80010001")],
        expect![[r#"
        ! 0 CoAP token of more than 8 bytes
        ! 0 CoAP version is not 1
    "#]],
    );
    // unknown code
    check(
        &[(Side::Orig, "40300001")],
        expect![[r#"
        coap '' {"msg_type":"CON","code":"1.16"} {"mid":1}
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        coap = CON GET /sensors/temp?unit=celsius-deg 0..37
          coap.version = 1 0..1
          coap.type = 0 (CON) 0..1
          coap.token_len = 2 0..1
          coap.code = GET (GET) 1..2
          coap.mid = 4660 2..4
          coap.token = beef 4..6
          coap.opt.uri_path = sensors 7..14
          coap.opt.uri_path = temp 15..19
          coap.opt.uri_query = unit=celsius-deg 21..37
    "#]]
    .assert_eq(&tree(&Coap, Transport::Udp, Side::Orig, &bytes(GET)));
    expect![[r#"
        coap = ACK 2.05 0..21
          coap.version = 1 0..1
          coap.type = 2 (ACK) 0..1
          coap.token_len = 2 0..1
          coap.code = 2.05 (Content) 1..2
          coap.mid = 4660 2..4
          coap.token = beef 4..6
          coap.opt.ctype = 50 (application/json) 7..8
          coap.opt.max_age = 60 9..10
          coap.payload = {"t":21.5} 11..21
    "#]]
    .assert_eq(&tree(&Coap, Transport::Udp, Side::Resp, &bytes(CONTENT)));
}

#[test]
fn recognised_by_payload() {
    for hex in [GET, CONTENT, BLOCK, COIOT] {
        assert!(taken(&Coap, Transport::Udp, false, &bytes(hex)), "{hex}");
    }
    assert!(taken(&Coap, Transport::Udp, true, &bytes("40000001")));
    assert!(!taken(&Coap, Transport::Udp, false, &bytes("40000001")));
    assert!(!taken(
        &Coap,
        Transport::Udp,
        false,
        &bytes("1a2b 0100 0001 0000 0000 0000 03777777 0474657374 00 0001 0001")
    ));
    let mut random = Random(5);
    let mut wrong = 0;
    for n in 0..200_000 {
        let mut noise = random.bytes(4 + n % 60);
        noise[0] = 0x40 | noise[0] & 0x3f; // as of an encrypted QUIC packet
        wrong += usize::from(taken(&Coap, Transport::Udp, false, &noise));
    }
    assert!(wrong < 10, "{wrong} of 200000");
}

#[test]
fn survives_anything() {
    survives(&Coap, Transport::Udp, &[GET, CONTENT, BLOCK, COIOT].map(bytes));
}
