use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, segments, survives, taken, tree};

const STREAM: &str = "<?xml version='1.0'?><stream:stream from='bob@home.example' to='home.example' version='1.0' \
    xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const FEATURES: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
const MESSAGE: &str = "<message from='bob@home.example/lamp' to='hub@home.example' id='m1' type='chat'><body>on &amp; <![CDATA[<off>]]></body><x xmlns='a'><y/></x></message>";

fn check(stanzas: &[(Side, &str)], expect: Expect) {
    let stanzas: Vec<(Side, &[u8])> = stanzas.iter().map(|(side, text)| (*side, text.as_bytes())).collect();
    expect.assert_eq(&segments(&Xmpp, &stanzas));
}

#[test]
fn stream_features_and_stanzas() {
    check(
        &[
            (Side::Orig, STREAM),
            (Side::Resp, FEATURES),
            (Side::Orig, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGJvYgBwdzE=</auth>"),
            (Side::Resp, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
            (
                Side::Orig,
                "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>lamp</resource></bind></iq>",
            ),
            (
                Side::Resp,
                "<iq type='result' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>bob@home.example/lamp</jid></bind></iq>",
            ),
            (Side::Orig, "<presence><show>away</show><status>bed</status></presence> \n"),
            (Side::Orig, MESSAGE),
            (
                Side::Resp,
                "<iq type='error' id='2'><query xmlns='jabber:iq:roster'/><error type='auth'><forbidden xmlns='x'/></error></iq>",
            ),
            (Side::Orig, "</stream:stream>"),
        ],
        expect![[r#"
            xmpp 'home.example' {"stanza":"stream","from":"bob@home.example","to":"home.example","version":"1.0","lang":"en","namespace":"jabber:client"} {}
            xmpp 'features' {"stanza":"features","namespace":"urn:ietf:params:xml:ns:xmpp-tls","child":"starttls","mechanisms":["PLAIN","SCRAM-SHA-1"],"starttls":"required"} {}
            credentials 'bob' {"protocol":"xmpp","method":"plain","username":"bob"} {"password":"pw1"}
            xmpp 'auth' {"stanza":"auth","namespace":"urn:ietf:params:xml:ns:xmpp-sasl","mechanism":"PLAIN","user":"bob","password":"masked"} {}
            xmpp 'success' {"stanza":"success","namespace":"urn:ietf:params:xml:ns:xmpp-sasl"} {}
            xmpp 'iq' {"stanza":"iq","type":"set","namespace":"urn:ietf:params:xml:ns:xmpp-bind","child":"bind","resource":"lamp"} {"id":"1"}
            xmpp 'iq' {"stanza":"iq","type":"result","namespace":"urn:ietf:params:xml:ns:xmpp-bind","child":"bind","jid":"bob@home.example/lamp"} {"id":"1"}
            xmpp 'presence' {"stanza":"presence","child":"show","show":"away","status":"bed"} {}
            xmpp 'hub@home.example' {"stanza":"message","from":"bob@home.example/lamp","to":"hub@home.example","type":"chat","child":"body","body":"on & <off>"} {"id":"m1"}
            xmpp 'iq' {"stanza":"iq","type":"error","namespace":"jabber:iq:roster","child":"query","error":"forbidden"} {"id":"2"}
            xmpp '' {"stanza":"stream end"} {}
        "#]],
    );
}

#[test]
fn logins_keep_no_password() {
    check(
        &[
            (
                Side::Orig,
                "<iq type='set' id='a'><query xmlns='jabber:iq:auth'><username>bob</username><password>pw1</password><resource>r</resource></query></iq>",
            ),
            (Side::Orig, "<auth xmlns='s' mechanism='SCRAM-SHA-1'>biwsbj1ib2Iscj1hYmM=</auth>"),
            (Side::Resp, "<failure xmlns='s'><not-authorized/><text>no</text></failure>"),
        ],
        expect![[r#"
            xmpp 'iq' {"stanza":"iq","type":"set","namespace":"jabber:iq:auth","child":"query","user":"bob","password":"masked","resource":"r"} {"id":"a"}
            xmpp 'auth' {"stanza":"auth","namespace":"s","mechanism":"SCRAM-SHA-1","user":"bob"} {}
            xmpp 'failure' {"stanza":"failure","namespace":"s","child":"not-authorized","error":"not-authorized"} {}
        "#]],
    );
}

#[test]
fn any_split_into_segments_reads_the_same() {
    let stream = [STREAM, FEATURES, MESSAGE].concat();
    let whole = segments(&Xmpp, &[(Side::Orig, stream.as_bytes())]);
    assert_eq!(whole.lines().count(), 3);
    for at in 1..stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        assert_eq!(segments(&Xmpp, &[(Side::Orig, head), (Side::Orig, tail)]), whole, "split at {at}");
    }
}

#[test]
fn after_starttls_comes_tls() {
    let mut conversation = Xmpp.conversation();
    let mut say = |side, bytes: &[u8]| {
        let mut out = Out::new(crate::Tree::off());
        let message = crate::protocols::testing::message(&Xmpp, Transport::Tcp, side, bytes);
        (conversation.read(&message, &mut out), out.facts.len())
    };
    say(Side::Orig, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    say(Side::Resp, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(say(Side::Orig, b"\x16\x03\x01\x00\xc1\x01"), (Step::More, 0));
    assert_eq!(say(Side::Resp, b"<iq/>"), (Step::Done, 0));
}

#[test]
fn malformed() {
    check(
        &[(Side::Orig, STREAM), (Side::Orig, "<!DOCTYPE a>"), (Side::Orig, MESSAGE)],
        expect![[r#"
            xmpp 'home.example' {"stanza":"stream","from":"bob@home.example","to":"home.example","version":"1.0","lang":"en","namespace":"jabber:client"} {}
            ! 0 no XMPP stanza begins here; the next is looked for where a segment begins
            xmpp 'hub@home.example' {"stanza":"message","from":"bob@home.example/lamp","to":"hub@home.example","type":"chat","child":"body","body":"on & <off>"} {"id":"m1"}
        "#]],
    );
    check(
        &[(Side::Orig, "and so on</body></message>"), (Side::Orig, MESSAGE)],
        expect![[r#"
            ! 0 no XMPP stanza begins here; the next is looked for where a segment begins
            xmpp 'hub@home.example' {"stanza":"message","from":"bob@home.example/lamp","to":"hub@home.example","type":"chat","child":"body","body":"on & <off>"} {"id":"m1"}
        "#]],
    );
    check(
        &[(Side::Orig, &MESSAGE[..90])],
        expect![[r#"
        xmpp 'hub@home.example' {"stanza":"message","from":"bob@home.example/lamp","to":"hub@home.example","type":"chat","child":"body","body":"on &"} {"id":"m1","incomplete":true}
    "#]],
    );
}

#[test]
fn a_stanza_that_never_ends_is_let_go() {
    let long = format!("<message to='a'><body>{}", "x".repeat(100_000));
    let text = segments(&Xmpp, &[(Side::Orig, long.as_bytes()), (Side::Orig, MESSAGE.as_bytes())]);
    assert!(text.contains("more than 64 KiB") && text.contains("hub@home.example"), "{}", &text[..100]);
    let deep = "<a>".repeat(20_000);
    assert!(segments(&Xmpp, &[(Side::Orig, deep.as_bytes())]).contains("'a'"));
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        xmpp = message chat 0..150
          xmpp.stanza = message 1..8
          xmpp.from = bob@home.example/lamp 8..79
          xmpp.to = hub@home.example 8..79
          xmpp.id = m1 8..79
          xmpp.type = chat 8..79
          xmpp.message.body = on &  86..95
          xmpp.message.body = <off> 104..109
    "#]]
    .assert_eq(&tree(&Xmpp, Transport::Tcp, Side::Orig, MESSAGE.as_bytes()));
}

#[test]
fn recognised_by_payload() {
    assert!(taken(&Xmpp, Transport::Tcp, false, STREAM.as_bytes()));
    assert!(taken(&Xmpp, Transport::Tcp, true, MESSAGE.as_bytes()));
    for no in [MESSAGE, "<?xml version='1.0'?><root/>", "<html>", ""] {
        assert!(!taken(&Xmpp, Transport::Tcp, false, no.as_bytes()));
    }
    let mut random = Random(23);
    assert!((0..20_000).all(|n| !taken(&Xmpp, Transport::Tcp, true, &random.bytes(n % 100))));
}

#[test]
fn survives_anything() {
    survives(&Xmpp, Transport::Tcp, &[STREAM, FEATURES, MESSAGE].map(|text| text.as_bytes().to_vec()));
}
