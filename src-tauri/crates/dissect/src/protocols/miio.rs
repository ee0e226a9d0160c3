//! miIO, the protocol of Xiaomi's devices (UDP 54321): found by a hello, then encrypted with a token - which a device that
//! has not been set up tells whoever asks.

use md5::{Digest, Md5};
use model::Kind;

use super::credentials::Login;
use super::cursor::Cursor;
use super::{Conversation, Message, Out, Protocol, Step, Transport, aes, json, payload};

pub struct Miio;

const HEADER: usize = 32;
const SHORT: &str = "miIO message cut short";

static KINDS: [Kind; 1] = [Kind {
    name: "miio",
    about: "A Xiaomi device is looked for, answers, or is told something.",
    fields: &[
        ("msg_type", "hello, hello response, or message"),
        ("device_id", "number of the device"),
        ("method", "what is asked or told, if the token was seen before: get_prop, set_power, ..."),
        ("params", "with what, as JSON"),
        ("result", "the answer, as JSON"),
        ("ssid", "network that the device is to join"),
        ("password", "of the network"),
        ("token", "key of the device, which it tells until it is set up, hex"),
        ("encrypted", "what is said needs the device's token to be read"),
        ("stamp", "seconds since the device started"),
        ("trans_id", "what an answer is known by"),
        ("payload", "the message, if it could be read: the first 4096 bytes"),
        ("payload_hex", "the message, if it could be read and is no text: the first 4096 bytes"),
        ("payload_len", "its length in bytes, or of what is encrypted"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Miio {
    fn name(&self) -> &'static str {
        "miio"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 54_321)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let [0x21, 0x31, a, b, ..] = message.bytes else { return false };
        let len = usize::from(u16::from_be_bytes([*a, *b]));
        let blocks = len >= HEADER && (len - HEADER).is_multiple_of(16);
        message.transport == Transport::Udp
            && blocks
            && (len == message.bytes.len() || at_home && message.cut && len > message.bytes.len())
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What one message says about the next.
#[derive(Default)]
struct Session {
    /// The device told it.
    token: Option<[u8; 16]>,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if !bytes.starts_with(&[0x21, 0x31]) {
            return Step::NotMine;
        }
        out.tree.open("miio", "miIO", 0..bytes.len(), String::new);
        let read = self.message(bytes, out);
        if read.is_err_and(|stop| stop.tell(message, out))
            && let Some(fact) = out.facts.last_mut()
        {
            fact.own.flag("incomplete", true);
        }
        out.tree.close();
        Step::Took(bytes.len())
    }
}

impl Session {
    fn message(&mut self, bytes: &[u8], out: &mut Out) -> Result<(), super::cursor::Stop> {
        let mut cursor = Cursor::starting(bytes, 2);
        out.tree.text("miio.magic", "Magic", 0..2, "2131");
        let len = usize::from(cursor.u16(SHORT)?);
        out.tree.int("miio.length", "Length", 2..4, len);
        let unknown = cursor.u32(SHORT)?;
        let id = cursor.u32(SHORT)?;
        out.tree.coded("miio.device_id", "Device ID", 8..12, id, || format!("0x{id:08x}"));
        let stamp = cursor.u32(SHORT)?;
        out.tree.int("miio.stamp", "Stamp", 12..16, stamp);
        let sum: [u8; 16] = cursor.take(16, SHORT)?.try_into().unwrap_or_default();
        out.tree.bytes("miio.checksum", "Checksum", 16..32, &sum);
        let hello = unknown == u32::MAX && id == u32::MAX;
        let empty = sum == [0; 16] || sum == [0xff; 16];
        let body = cursor.remaining();
        let sealed = cursor.rest();
        let plain = if sealed.is_empty() { None } else { self.open(sealed) };
        if let Some(plain) = &plain {
            out.tree.text("miio.data", "Data", body, payload::shown(plain));
        } else if !sealed.is_empty() {
            out.tree.bytes("miio.payload", "Payload (encrypted)", body, sealed);
        }
        let fact = out.fact("miio", 0..bytes.len());
        let kind = match (hello, len) {
            (true, _) => "hello",
            (false, HEADER) => "hello response",
            _ => "message",
        };
        fact.fields.text("msg_type", kind);
        kind.clone_into(&mut fact.subject);
        if !hello {
            fact.fields.shown("device_id", id);
            fact.subject = id.to_string();
            fact.own.int("stamp", stamp.into());
        }
        let (mut token, mut network) = (None, None);
        if kind == "hello response" && !empty && bytes.len() == HEADER {
            fact.own.text("token", &model::hex(&sum));
            self.token = Some(sum);
            token = Some(sum);
        }
        match plain {
            Some(plain) => {
                if let Some(object) = json::object(&plain) {
                    for (name, wanted) in [("method", true), ("params", false), ("result", false)] {
                        match object.get(name) {
                            Some(serde_json::Value::String(text)) if wanted => {
                                fact.fields.text(name, json::short(text))
                            }
                            Some(value) if !wanted => fact.own.text(name, json::short(&value.to_string())),
                            _ => {}
                        }
                    }
                    // a phone sets the device up
                    let param = |name| object.get("params")?.get(name)?.as_str().map(json::short);
                    network = param("passwd")
                        .map(|password| (param("ssid").unwrap_or_default().to_owned(), password.to_owned()));
                    for (name, field) in [("ssid", "ssid"), ("passwd", "password")] {
                        if let Some(value) = object.get("params").and_then(|params| params.get(name)) {
                            json::write(&mut fact.own, field, value);
                        }
                    }
                    if let Some(id) = object.get("id") {
                        json::write(&mut fact.own, "trans_id", id);
                    }
                }
                payload::write(&mut fact.own, &plain, plain.len());
            }
            None if !sealed.is_empty() => {
                fact.fields.flag("encrypted", true);
                fact.own.int("payload_len", (len - HEADER.min(len)).try_into().unwrap_or(0));
            }
            None => {}
        }
        let login = Login { protocol: "miio", ..Login::default() };
        if let Some(token) = token {
            let (name, password) = (id.to_string(), model::hex(&token));
            Login { method: "token", name: &name, password: &password, ..login }.tell(0..bytes.len(), out);
        }
        if let Some((name, password)) = &network {
            Login { method: "wifi", name, password, ..login }.tell(0..bytes.len(), out);
        }
        let stop = |why| super::cursor::Stop { at: bytes.len(), why, short: true };
        match bytes.len() {
            there if there < len => Err(stop(SHORT)),
            there if there > len => {
                Err(super::cursor::Stop { short: false, ..stop("miIO message longer than it says") })
            }
            _ => Ok(()),
        }
    }

    /// Key and first block follow from the token.
    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let token = self.token?;
        let (key, iv) = keys(token);
        let mut plain = aes::open_chain(key, iv, sealed)?;
        if plain.last() == Some(&0) {
            plain.pop(); // some end their text as C does
        }
        Some(plain)
    }
}

fn keys(token: [u8; 16]) -> ([u8; 16], [u8; 16]) {
    let key: [u8; 16] = Md5::digest(token).into();
    (key, Md5::new().chain_update(key).chain_update(token).finalize().into())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::Side::{self, Orig, Resp};
    use super::*;
    use crate::protocols::testing::{Random, bytes, datagrams, found, survives, taken, tree};

    const HELLO: &str = "21310020ffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    /// A device that has not been set up: its token stands where the sum would.
    const TOKEN: &str = "2131002000000000 02f2a1b0 00000e10 00112233445566778899aabbccddeeff";
    const SET_UP: &str = "2131002000000000 02f2a1b0 00000e10 ffffffffffffffffffffffffffffffff";

    fn command(text: &str) -> Vec<u8> {
        let (key, iv) = keys(bytes("00112233445566778899aabbccddeeff").try_into().unwrap());
        let sealed = aes::seal(key, Some(iv), text.as_bytes());
        let mut message = bytes("2131 0000 00000000 02f2a1b0 00000e11 0123456789abcdef0123456789abcdef");
        message[2..4].copy_from_slice(&(32 + sealed.len() as u16).to_be_bytes());
        [message, sealed].concat()
    }

    fn check(parts: &[(Side, &[u8])], expect: Expect) {
        expect.assert_eq(&datagrams(&Miio, parts));
    }

    #[test]
    fn hello() {
        check(
            &[(Orig, &bytes(HELLO)), (Resp, &bytes(SET_UP)), (Orig, &command("{\"id\":1}"))],
            expect![[r#"
            miio 'hello' {"msg_type":"hello"} {}
            miio '49455536' {"msg_type":"hello response","device_id":"49455536"} {"stamp":3600}
            miio '49455536' {"msg_type":"message","device_id":"49455536","encrypted":true} {"stamp":3601,"payload_len":16}
        "#]],
        );
    }

    #[test]
    fn what_follows_a_token_is_read() {
        check(
            &[
                (Orig, &bytes(HELLO)),
                (Resp, &bytes(TOKEN)),
                (Orig, &command(r#"{"id":7,"method":"miIO.config_router","params":{"ssid":"home","passwd":"pw"}}"#)),
                (Resp, &command("{\"id\":7,\"result\":[\"ok\"]}\0")),
            ],
            expect![[r#"
                miio 'hello' {"msg_type":"hello"} {}
                miio '49455536' {"msg_type":"hello response","device_id":"49455536"} {"stamp":3600,"token":"00112233445566778899aabbccddeeff"}
                credentials '49455536' {"protocol":"miio","method":"token","name":"49455536"} {"password":"00112233445566778899aabbccddeeff"}
                miio '49455536' {"msg_type":"message","device_id":"49455536","method":"miIO.config_router"} {"stamp":3601,"params":"{\"ssid\":\"home\",\"passwd\":\"pw\"}","ssid":"home","password":"pw","trans_id":7,"payload":"{\"id\":7,\"method\":\"miIO.config_router\",\"params\":{\"ssid\":\"home\",\"passwd\":\"pw\"}}","payload_len":77}
                credentials 'home' {"protocol":"miio","method":"wifi","name":"home"} {"password":"pw"}
                miio '49455536' {"msg_type":"message","device_id":"49455536"} {"stamp":3601,"result":"[\"ok\"]","trans_id":7,"payload":"{\"id\":7,\"result\":[\"ok\"]}","payload_len":24}
            "#]],
        );
    }

    #[test]
    fn the_keys_are_as_others_derive_them() {
        let (key, iv) = keys([0; 16]);
        assert_eq!(model::hex(&key), "4ae71336e44bf9bf79d2752e234818a5");
        assert_eq!(iv, <[u8; 16]>::from(Md5::digest([&key[..], &[0; 16]].concat())));
    }

    #[test]
    fn malformed() {
        check(
            &[(Resp, &command("{}")[..40])],
            expect![[r#"
            miio '49455536' {"msg_type":"message","device_id":"49455536","encrypted":true} {"stamp":3601,"payload_len":16}
            ! 40 miIO message cut short
        "#]],
        );
        check(
            &[(Resp, &[&bytes(SET_UP)[..], &[1]].concat())],
            expect![[r#"
            miio '49455536' {"msg_type":"hello response","device_id":"49455536","encrypted":true} {"stamp":3600,"payload_len":0}
            ! 33 miIO message longer than it says
        "#]],
        );
        check(
            &[(Resp, &bytes(SET_UP)[..20])],
            expect![[r#"
            ! 16 miIO message cut short
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            miio =  0..48
              miio.magic = 2131 0..2
              miio.length = 48 2..4
              miio.device_id = 0x02f2a1b0 8..12
              miio.stamp = 3601 12..16
              miio.checksum = 0123456789abcdef0123456789abcdef 16..32
              miio.payload = d83f2070bfb4052b59ef00b860beab3a 32..48
        "#]]
        .assert_eq(&tree(&Miio, Transport::Udp, Resp, &command("{}")));
    }

    #[test]
    fn recognised_by_payload() {
        for message in [bytes(HELLO), bytes(TOKEN), command("{}")] {
            assert_eq!(found(Transport::Udp, &message), Some("miio"));
        }
        assert!(!taken(&Miio, Transport::Udp, true, &bytes(HELLO)[..31]));
        let mut random = Random(54_321);
        assert!((0..100_000).all(|n| !taken(&Miio, Transport::Udp, true, &random.bytes(n % 80))));
    }

    #[test]
    fn survives_anything() {
        survives(&Miio, Transport::Udp, &[bytes(HELLO), bytes(TOKEN), command("{}")]);
    }
}
