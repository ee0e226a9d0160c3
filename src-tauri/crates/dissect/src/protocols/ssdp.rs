//! SSDP (UPnP Device Architecture 1.1 section 1): devices that say that they are there, and who looks for them.

use model::Kind;

use super::http::head::Head;
use super::{Conversation, Message, Out, Protocol, Step, Transport};

pub struct Ssdp;

static KINDS: [Kind; 1] = [Kind {
    name: "ssdp",
    about: "A UPnP device announces itself, is looked for, or answers.",
    fields: &[
        ("method", "NOTIFY, M-SEARCH, or response"),
        ("nt", "what is announced"),
        ("nts", "ssdp:alive, ssdp:byebye or ssdp:update"),
        ("st", "what is looked for, or found"),
        ("usn", "unique name of what is announced or found"),
        ("uuid", "unique name of the device in it"),
        ("location", "where the device's description is"),
        ("server", "operating system, UPnP version and product"),
        ("user_agent", "what software looks"),
        ("max_age", "how long the announcement is valid, in seconds"),
        ("mx", "longest wait for an answer, in seconds"),
        ("man", "ssdp:discover"),
        ("host", "group or host that is addressed"),
        ("status_code", "of a response"),
        ("hue_bridgeid", "id of a Hue bridge"),
        ("boot_id", "changes when the device restarts"),
        ("config_id", "changes when the device's description does"),
        ("friendly_name", "name of the searcher"),
        ("date", "the device's clock, as it writes it"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Ssdp {
    fn name(&self) -> &'static str {
        "ssdp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 1900)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Udp {
            return false;
        }
        let bytes = message.bytes;
        if bytes.starts_with(b"NOTIFY * HTTP/1.") || bytes.starts_with(b"M-SEARCH * HTTP/1.") {
            return true;
        }
        // a response goes to whatever port the searcher has; other protocols answer like this, too
        bytes.starts_with(b"HTTP/1.") && {
            let head = Head::read(bytes.get(..1024).unwrap_or(bytes));
            at_home || head.get("usn").is_some() && head.get("st").is_some()
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if bytes.is_empty() {
            return Step::Took(1);
        }
        let head = Head::read(bytes);
        out.tree.open("ssdp", "Simple Service Discovery Protocol", 0..bytes.len(), || {
            let what = head.get("nt").or_else(|| head.get("st")).unwrap_or_default();
            format!("{} {what}", head.text(&head.start)).trim_end().to_owned()
        });
        let response = bytes.starts_with(b"HTTP/");
        let [first, second, third] = head.words();
        let status: Option<u16> = head.text(&second).parse().ok();
        if response {
            out.tree.int("http.response.code", "Status Code", second, status.unwrap_or(0));
            out.tree.text("http.response.phrase", "Response Phrase", third.clone(), head.text(&third));
        } else {
            out.tree.text("http.request.method", "Request Method", first.clone(), head.text(&first));
            out.tree.text("http.request.uri", "Request URI", second.clone(), head.text(&second));
        }
        head.show(&mut out.tree);
        let known = response || matches!(head.slice(&first), b"NOTIFY" | b"M-SEARCH");
        if !known {
            out.malformed(0, "neither NOTIFY, M-SEARCH nor a response");
        } else if !head.complete && !message.cut && !bytes.ends_with(b"\n") {
            // many devices leave out the empty line at the end; a line that is cut off is another matter
            out.malformed(bytes.len(), "SSDP message without an end");
        }
        out.tree.close();
        if !known {
            return Step::Took(bytes.len());
        }

        let fact = out.fact("ssdp", 0..bytes.len());
        let fields = &mut fact.fields;
        let method = head.text(&first);
        fields.text("method", if response { "response" } else { &method });
        for (name, header) in [
            ("nt", "nt"),
            ("nts", "nts"),
            ("st", "st"),
            ("usn", "usn"),
            ("location", "location"),
            ("server", "server"),
            ("user_agent", "user-agent"),
            ("man", "man"),
            ("host", "host"),
            ("hue_bridgeid", "hue-bridgeid"),
            ("friendly_name", "cpfn.upnp.org"),
        ] {
            if let Some(value) = head.get(header) {
                fields.text(name, value.trim_matches('"'));
            }
        }
        if let Some(uuid) = head.get("usn").as_deref().and_then(uuid) {
            fields.text("uuid", uuid);
        }
        let max_age = head.get("cache-control").and_then(|control| number_after(&control, "max-age"));
        for (name, value) in [
            ("max_age", max_age),
            ("mx", head.get("mx").and_then(|mx| mx.parse().ok())),
            ("status_code", status.filter(|_| response).map(i64::from)),
            ("boot_id", head.get("bootid.upnp.org").and_then(|id| id.parse().ok())),
            ("config_id", head.get("configid.upnp.org").and_then(|id| id.parse().ok())),
        ] {
            if let Some(value) = value {
                fields.int(name, value);
            }
        }
        if let Some(date) = head.get("date") {
            fact.own.text("date", &date);
        }
        if message.cut && !head.complete {
            fact.own.flag("incomplete", true);
        }
        let subject = head.get("usn").or_else(|| head.get("st")).or_else(|| head.get("nt"));
        fact.subject = subject.unwrap_or_default().into_owned();
        Step::Took(bytes.len())
    }
}

/// `uuid:2f402f80::upnp:rootdevice` -> `2f402f80`
fn uuid(usn: &str) -> Option<&str> {
    usn.strip_prefix("uuid:")?.split("::").next()
}

/// The number in `max-age = 1800`.
fn number_after(text: &str, word: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let rest = text.split_once(word)?.1.trim_start().strip_prefix('=')?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side;
    use crate::protocols::testing::{Random, datagrams, survives, taken, tree};

    const NOTIFY: &str = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age = 100\r\n\
        LOCATION: http://192.0.2.9:80/description.xml\r\nSERVER: Linux/3.14 UPnP/1.0 IpBridge/1.26\r\nNTS: ssdp:alive\r\n\
        hue-bridgeid: 001788FFFE000001\r\nNT: upnp:rootdevice\r\nUSN: uuid:2f402f80-da50::upnp:rootdevice\r\n\r\n";
    const SEARCH: &str =
        "M-SEARCH * HTTP/1.1\r\nHost:239.255.255.250:1900\r\nMan:\"ssdp:discover\"\r\nMX: 3\r\nST: ssdp:all\r\n\r\n";
    const FOUND: &str = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: http://192.0.2.9/d.xml\r\n\
        ST: urn:x\r\nUSN: uuid:aa::urn:x\r\nBOOTID.UPNP.ORG: 7\r\nDATE: Thu, 01 Jan 1970 00:00:09 GMT\r\n\r\n";

    fn check(text: &str, expect: Expect) {
        expect.assert_eq(&datagrams(&Ssdp, &[(Side::Orig, text.as_bytes())]));
    }

    #[test]
    fn announcement() {
        check(
            NOTIFY,
            expect![[r#"
            ssdp 'uuid:2f402f80-da50::upnp:rootdevice' {"method":"NOTIFY","nt":"upnp:rootdevice","nts":"ssdp:alive","usn":"uuid:2f402f80-da50::upnp:rootdevice","location":"http://192.0.2.9:80/description.xml","server":"Linux/3.14 UPnP/1.0 IpBridge/1.26","host":"239.255.255.250:1900","hue_bridgeid":"001788FFFE000001","uuid":"2f402f80-da50","max_age":100} {}
        "#]],
        );
    }

    #[test]
    fn goodbye() {
        check(
            "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:byebye\r\nUSN: uuid:aa\r\n\r\n",
            expect![[r#"
            ssdp 'uuid:aa' {"method":"NOTIFY","nt":"upnp:rootdevice","nts":"ssdp:byebye","usn":"uuid:aa","uuid":"aa"} {}
        "#]],
        );
    }

    #[test]
    fn search_and_response() {
        check(
            SEARCH,
            expect![[r#"
            ssdp 'ssdp:all' {"method":"M-SEARCH","st":"ssdp:all","man":"ssdp:discover","host":"239.255.255.250:1900","mx":3} {}
        "#]],
        );
        check(
            FOUND,
            expect![[r#"
            ssdp 'uuid:aa::urn:x' {"method":"response","st":"urn:x","usn":"uuid:aa::urn:x","location":"http://192.0.2.9/d.xml","uuid":"aa","max_age":1800,"status_code":200,"boot_id":7} {"date":"Thu, 01 Jan 1970 00:00:09 GMT"}
        "#]],
        );
    }

    #[test]
    fn malformed() {
        check(
            "NOTIFY * HTTP/1.1\r\nNT: upnp:ro",
            expect![[r#"
            ssdp 'upnp:ro' {"method":"NOTIFY","nt":"upnp:ro"} {}
            ! 30 SSDP message without an end
        "#]],
        );
        check(
            "nonsense",
            expect![[r#"
            ! 0 neither NOTIFY, M-SEARCH nor a response
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            ssdp = NOTIFY * HTTP/1.1 upnp:rootdevice 0..281
              http.request.method = NOTIFY 0..6
              http.request.uri = * 7..8
              http.host = 239.255.255.250:1900 25..45
              http.cache_control = max-age = 100 62..75
              http.location = http://192.0.2.9:80/description.xml 87..122
              http.server = Linux/3.14 UPnP/1.0 IpBridge/1.26 132..165
              ssdp.nts = ssdp:alive 172..182
              http.header = hue-bridgeid: 001788FFFE000001 184..214
              ssdp.nt = upnp:rootdevice 220..235
              ssdp.usn = uuid:2f402f80-da50::upnp:rootdevice 242..277
        "#]]
        .assert_eq(&tree(&Ssdp, Transport::Udp, Side::Orig, NOTIFY.as_bytes()));
    }

    #[test]
    fn recognised_by_payload() {
        for text in [NOTIFY, SEARCH, FOUND] {
            assert!(taken(&Ssdp, Transport::Udp, false, text.as_bytes()));
        }
        assert!(!taken(&Ssdp, Transport::Udp, false, b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!taken(&Ssdp, Transport::Tcp, true, NOTIFY.as_bytes()));
        let mut random = Random(19);
        assert!((0..20_000).all(|n| !taken(&Ssdp, Transport::Udp, true, &random.bytes(n % 100))));
    }

    #[test]
    fn survives_anything() {
        survives(&Ssdp, Transport::Udp, &[NOTIFY, SEARCH, FOUND].map(|text| text.as_bytes().to_vec()));
    }
}
