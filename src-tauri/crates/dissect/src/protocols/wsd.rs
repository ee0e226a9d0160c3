//! WS-Discovery (OASIS 1.1, and the draft of 2005 that devices speak): cameras and printers that are looked for, and answer.

use std::ops::Range;

use model::Kind;

use super::cursor::Stop;
use super::xmpp::xml::{self, Event, Wrong, local};
use super::{Conversation, Message, Out, Protocol, Step, Transport};

pub struct Wsd;

/// Types, scopes and addresses that go into a fact.
const MOST_WORDS: usize = 32;

static KINDS: [Kind; 1] = [Kind {
    name: "wsd",
    about: "A device says by WS-Discovery that it is there, is looked for, or answers.",
    fields: &[
        ("msg_type", "Hello, Bye, Probe, ProbeMatches, Resolve or ResolveMatches"),
        ("address", "unique name of the device"),
        ("types", "what it is: NetworkVideoTransmitter, PrintDeviceType, ..."),
        ("scopes", "what else it says of itself"),
        ("name", "its name, if a scope says it (ONVIF)"),
        ("hardware", "its model, if a scope says it (ONVIF)"),
        ("location", "where it is, if a scope says it (ONVIF)"),
        ("xaddrs", "where it can be reached"),
        ("metadata_version", "changes when what it says of itself does"),
        ("message_id", "of the message"),
        ("relates_to", "of the message that it answers"),
        ("incomplete", "the capture cut the message"),
    ],
}];

const NAMESPACES: [&[u8]; 2] = [b"schemas.xmlsoap.org/ws/2005/04/discovery", b"docs.oasis-open.org/ws-dd/ns/discovery"];

const MESSAGES: [&str; 6] = ["Hello", "Bye", "Probe", "ProbeMatches", "Resolve", "ResolveMatches"];

const WRONG: Wrong = Wrong {
    deep: "WS-Discovery message too deep",
    short: "WS-Discovery message cut short",
    bad: "WS-Discovery message is no XML",
};

impl Protocol for Wsd {
    fn name(&self) -> &'static str {
        "wsd"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 3702)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, _at_home: bool) -> bool {
        let bytes = message.bytes;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if message.transport != Transport::Udp || bytes.trim_ascii_start().first() != Some(&b'<') {
            return false;
        }
        let head = bytes.get(..1024).unwrap_or(bytes);
        NAMESPACES.iter().any(|namespace| head.windows(namespace.len()).any(|window| window == *namespace))
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        out.tree.open("wsd", "WS-Discovery", 0..bytes.len(), String::new);
        let mut said = Said::default();
        let read = said.read(bytes, out);
        let cut = read.is_err_and(|stop| stop.tell(message, out));
        out.tree.close();
        if said.message.is_empty() {
            return Step::Took(bytes.len().max(1));
        }
        let fact = out.fact("wsd", 0..bytes.len());
        fact.fields.text("msg_type", said.message);
        if !said.address.is_empty() {
            fact.fields.text("address", &said.address);
        }
        for (name, words) in [("types", &said.types), ("scopes", &said.scopes)] {
            if !words.is_empty() {
                fact.fields.texts(name, words);
            }
        }
        for (name, part) in [("name", "/name/"), ("hardware", "/hardware/"), ("location", "/location/")] {
            let scope = said.scopes.iter().find(|scope| scope.starts_with("onvif://") && scope.contains(part));
            if let Some((_, value)) = scope.and_then(|scope| scope.split_once(part)) {
                fact.fields.text(name, &unescaped(value));
            }
        }
        if !said.xaddrs.is_empty() {
            fact.fields.texts("xaddrs", &said.xaddrs);
        }
        for (name, value) in
            [("metadata_version", &said.version), ("message_id", &said.id), ("relates_to", &said.relates_to)]
        {
            if !value.is_empty() {
                fact.own.text(name, value);
            }
        }
        if cut {
            fact.own.flag("incomplete", true);
        }
        fact.subject = match (&said.address, said.types.first()) {
            (address, _) if !address.is_empty() => address.clone(),
            (_, Some(kind)) => kind.clone(),
            _ => said.message.to_owned(),
        };
        Step::Took(bytes.len())
    }
}

/// What a message says.
#[derive(Default)]
struct Said {
    message: &'static str,
    address: String,
    types: Vec<String>,
    scopes: Vec<String>,
    xaddrs: Vec<String>,
    version: String,
    id: String,
    relates_to: String,
}

impl Said {
    fn read(&mut self, bytes: &[u8], out: &mut Out) -> Result<(), Stop> {
        xml::walk(bytes, &WRONG, &mut |open, event| match event {
            Event::Open { name, .. } => {
                let named = bytes.get(name.clone()).map(local).unwrap_or_default();
                if open.last() == Some(&&b"Body"[..])
                    && let Some(known) = MESSAGES.iter().find(|known| known.as_bytes() == named)
                {
                    self.message = known;
                    out.tree.text("wsd.message", "Message", name, known);
                }
            }
            Event::Text(text, range) => self.text(open, text, range, out),
        })
    }

    fn text(&mut self, open: &[&[u8]], text: &str, range: Range<usize>, out: &mut Out) {
        let [.., parent, name] = open else { return };
        let (field, label, into): (_, _, &mut String) = match *name {
            b"Types" => return words(&mut self.types, "wsd.types", "Types", text, range, out),
            b"Scopes" => return words(&mut self.scopes, "wsd.scopes", "Scopes", text, range, out),
            b"XAddrs" => return words(&mut self.xaddrs, "wsd.xaddrs", "Addresses", text, range, out),
            b"Address" if *parent == b"EndpointReference" => ("wsd.address", "Device", &mut self.address),
            b"MetadataVersion" => ("wsd.metadata_version", "Metadata version", &mut self.version),
            b"MessageID" => ("wsd.message_id", "Message ID", &mut self.id),
            b"RelatesTo" => ("wsd.relates_to", "Relates to", &mut self.relates_to),
            b"Action" => return out.tree.text("wsd.action", "Action", range, text),
            _ => return,
        };
        out.tree.text(field, label, range, text);
        if into.is_empty() {
            super::json::short(text).clone_into(into);
        }
    }
}

/// `Garden%20camera` -> `Garden camera`
fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => {
                bytes.push(b'%');
                bytes.extend(part.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn words(
    into: &mut Vec<String>,
    field: &'static str,
    label: &'static str,
    text: &str,
    range: Range<usize>,
    out: &mut Out,
) {
    out.tree.text(field, label, range, text);
    for word in text.split_ascii_whitespace() {
        let known = into.iter().any(|known| known == word);
        if into.len() < MOST_WORDS && !known {
            into.push(super::json::short(word).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side::{self, Orig, Resp};
    use crate::protocols::testing::{Random, datagrams, found, survives, taken, tree};

    const PROBE: &str = r#"<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
<e:Header><w:MessageID>uuid:84ede3de</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"#;
    const MATCH: &str = r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
<s:Header><a:MessageID>uuid:1</a:MessageID><a:RelatesTo>uuid:84ede3de</a:RelatesTo>
<a:ReplyTo><a:Address>http://anonymous</a:Address></a:ReplyTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>
<a:EndpointReference><a:Address>urn:uuid:5f5a69c2-e0ae-504f-829b-00408c000001</a:Address></a:EndpointReference>
<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Garden%20camera onvif://www.onvif.org/hardware/C100 onvif://www.onvif.org/location/home</d:Scopes>
<d:XAddrs>http://192.0.2.9/onvif/device_service http://[fe80::1]/onvif</d:XAddrs>
<d:MetadataVersion>10</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"#;
    const BYE: &str = r#"<s:Envelope xmlns:s="x" xmlns:d="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"><s:Body>
<d:Bye><EndpointReference><Address>urn:uuid:1</Address></EndpointReference></d:Bye></s:Body></s:Envelope>"#;

    fn check(parts: &[(Side, &[u8])], expect: Expect) {
        expect.assert_eq(&datagrams(&Wsd, parts));
    }

    #[test]
    fn a_camera_is_looked_for_and_answers() {
        check(
            &[(Orig, PROBE.as_bytes()), (Resp, MATCH.as_bytes()), (Resp, BYE.as_bytes())],
            expect![[r#"
                wsd 'dn:NetworkVideoTransmitter' {"msg_type":"Probe","types":["dn:NetworkVideoTransmitter"]} {"message_id":"uuid:84ede3de"}
                wsd 'urn:uuid:5f5a69c2-e0ae-504f-829b-00408c000001' {"msg_type":"ProbeMatches","address":"urn:uuid:5f5a69c2-e0ae-504f-829b-00408c000001","types":["dn:NetworkVideoTransmitter","tds:Device"],"scopes":["onvif://www.onvif.org/type/video_encoder","onvif://www.onvif.org/name/Garden%20camera","onvif://www.onvif.org/hardware/C100","onvif://www.onvif.org/location/home"],"name":"Garden camera","hardware":"C100","location":"home","xaddrs":["http://192.0.2.9/onvif/device_service","http://[fe80::1]/onvif"]} {"metadata_version":"10","message_id":"uuid:1","relates_to":"uuid:84ede3de"}
                wsd 'urn:uuid:1' {"msg_type":"Bye","address":"urn:uuid:1"} {}
            "#]],
        );
    }

    #[test]
    fn names_without_escapes() {
        for (text, expect) in
            [("a%20b%C3%A9", "a bé"), ("50%", "50%"), ("%zz%2", "%zz%2"), ("%e9", "\u{fffd}"), ("é%41", "éA")]
        {
            assert_eq!(unescaped(text), expect);
        }
    }

    #[test]
    fn malformed() {
        check(
            &[(Orig, &PROBE.as_bytes()[..400])],
            expect![[r#"
            ! 400 WS-Discovery message cut short
        "#]],
        );
        check(
            &[(Orig, BYE.replace("<d:Bye>", "<d:Bye><!DOCTYPE a>").as_bytes())],
            expect![[r#"
            wsd 'Bye' {"msg_type":"Bye"} {}
            ! 104 WS-Discovery message is no XML
        "#]],
        );
        check(
            &[(Orig, "<a>".repeat(40).as_bytes())],
            expect![[r#"
            ! 96 WS-Discovery message too deep
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            wsd =  0..921
              wsd.message_id = uuid:1 225..231
              wsd.relates_to = uuid:84ede3de 258..271
              wsd.message = ProbeMatches 368..382
              wsd.address = urn:uuid:5f5a69c2-e0ae-504f-829b-00408c000001 430..475
              wsd.types = dn:NetworkVideoTransmitter tds:Device 519..556
              wsd.scopes = onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Garden%20camera onvif://www.onvif.org/hardware/C100 onvif://www.onvif.org/location/home 577..732
              wsd.xaddrs = http://192.0.2.9/onvif/device_service http://[fe80::1]/onvif 754..814
              wsd.metadata_version = 10 845..847
        "#]]
        .assert_eq(&tree(&Wsd, Transport::Udp, Orig, MATCH.as_bytes()));
    }

    #[test]
    fn recognised_by_payload() {
        for text in [PROBE, MATCH, BYE] {
            assert_eq!(found(Transport::Udp, text.as_bytes()), Some("wsd"));
        }
        assert!(!taken(&Wsd, Transport::Udp, true, b"<a></a>"));
        let mut random = Random(3702);
        assert!((0..20_000).all(|n| !taken(&Wsd, Transport::Udp, true, &random.bytes(n % 80))));
    }

    #[test]
    fn survives_anything() {
        survives(&Wsd, Transport::Udp, &[PROBE, MATCH, BYE].map(|text| text.as_bytes().to_vec()));
    }
}
