//! What devices say in bodies of HTTP: over many packets, packed, in part, and where that lies in the evidence.

mod common;

use std::io::Write;

use common::{Capture, field};
use flate2::{Compression, write::GzEncoder};

const DESCRIPTION: &str = "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
    <friendlyName>Hall</friendlyName><modelName>Lamp 7</modelName><serialNumber>0123</serialNumber><UDN>uuid:1</UDN></device></root>";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_packed_description_in_chunks_is_told_with_the_bytes_that_it_came_in() {
    let body = gzip(DESCRIPTION);
    let mut capture = Capture::to(49_152);
    capture.send(0, b"GET /d.xml HTTP/1.1\r\nHost: lamp\r\n\r\n");
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for part in body.chunks(50) {
        answer.extend(format!("{:x}\r\n", part.len()).bytes());
        answer.extend_from_slice(part);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    capture.send_all(1, &answer, 70);
    let found = capture.read();
    let [said] = found.of("upnp")[..] else { panic!("{:?}", found.facts) };
    assert_eq!((said.subject.as_str(), field(said, "model_name")), ("Hall", Some("Lamp 7")));
    assert_eq!(said.src, model::Party::Ip("192.168.0.1".parse().unwrap()), "the device itself says so");
    assert_eq!(capture.bytes_of(&said.place).concat(), body);
}

#[test]
fn of_a_body_with_a_gap_the_beginning_is_told() {
    let mut capture = Capture::to(49_152);
    let (told, lost) = DESCRIPTION.split_at(DESCRIPTION.find("<serial").unwrap());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", DESCRIPTION.len());
    capture.send(0, b"GET /d.xml HTTP/1.1\r\nHost: lamp\r\n\r\n").send(1, head.as_bytes()).send(1, told.as_bytes());
    capture.lose(1, lost.len() - 7).send(1, b"</root>").close(1);
    let found = capture.read();
    let [said] = found.of("upnp")[..] else { panic!("{:?}", found.facts) };
    assert_eq!((field(said, "model_name"), field(said, "udn")), (Some("Lamp 7"), None));
    assert!(field(said, "incomplete").is_some());
}

#[test]
fn a_switched_light_and_the_answer_are_told_by_those_who_said_them() {
    let mut capture = Capture::to(80);
    let body = br#"{"on":true,"bri":254}"#;
    let head = format!(
        "PUT /api/0123456789abcdef/lights/2/state HTTP/1.1\r\nHost: hue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    capture.send(0, head.as_bytes()).send(0, &body[..9]).send(0, &body[9..]);
    let answer = br#"[{"success":{"/lights/2/state/on":true}}]"#;
    // a body that ends with the connection
    capture.send(1, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n").send(1, answer).close(1).close(0);
    let found = capture.read();
    let [asked, answered] = found.of("hue")[..] else { panic!("{:?}", found.facts) };
    assert_eq!(
        (asked.subject.as_str(), field(asked, "on"), field(asked, "brightness")),
        ("light 2", Some("true"), Some("100"))
    );
    assert_eq!(capture.bytes_of(&asked.place).concat(), body);
    assert_eq!(
        (field(answered, "success"), capture.bytes_of(&answered.place).concat()),
        (Some("true"), answer.to_vec())
    );
    assert_eq!((asked.src.clone(), asked.dst.clone()), (answered.dst.clone(), answered.src.clone()));
    assert!(
        found
            .facts
            .iter()
            .filter(|fact| fact.kind != "http")
            .all(|fact| !fact.fields.members().contains("0123456789abcdef"))
    );
}
