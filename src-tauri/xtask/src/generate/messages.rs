//! What devices say: bytes of each protocol, as its specification has them.

use std::net::Ipv4Addr;

use super::Random;

/// A DNS message (RFC 1035) with one question, and with the answers if there are any.
pub(super) fn dns(id: u16, flags: u16, name: &str, kind: u16, answers: &[Ipv4Addr]) -> Vec<u8> {
    let mut message = Vec::with_capacity(64);
    message.extend(id.to_be_bytes());
    message.extend(flags.to_be_bytes());
    message.extend([0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
    dns_name(&mut message, name);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    for answer in answers {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]); // the question's name, A, IN, 300 seconds
        message.extend(answer.octets());
    }
    message
}

/// An mDNS announcement (RFC 6762): a service's instance and the host that has it.
pub(super) fn mdns(service: &str, instance: &str, host: &str, ip: Ipv4Addr) -> Vec<u8> {
    let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0];
    dns_name(&mut message, service);
    message.extend([0, 12, 0, 1, 0, 0, 0x11, 0x94]);
    let mut target = Vec::new();
    dns_name(&mut target, &format!("{instance}.{service}"));
    message.extend((target.len() as u16).to_be_bytes());
    message.extend(target);
    dns_name(&mut message, host);
    message.extend([0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4]);
    message.extend(ip.octets());
    message
}

fn dns_name(into: &mut Vec<u8>, name: &str) {
    for label in name.split('.') {
        into.push(label.len() as u8);
        into.extend(label.as_bytes());
    }
    into.push(0);
}

/// An MQTT 3.1.1 packet: its first byte, then what follows the length.
pub(super) fn mqtt(first: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = rest.len();
    loop {
        let low = (length % 128) as u8;
        length /= 128;
        packet.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    packet.extend(rest);
    packet
}

pub(super) fn mqtt_connect(client: &str, user: &str) -> Vec<u8> {
    let mut rest = Vec::new();
    text(&mut rest, "MQTT");
    rest.extend([4, 0x82, 0, 60]); // 3.1.1, user name and clean session, 60 seconds
    text(&mut rest, client);
    text(&mut rest, user);
    mqtt(0x10, &rest)
}

pub(super) fn mqtt_subscribe(id: u16, topic: &str) -> Vec<u8> {
    let mut rest = id.to_be_bytes().to_vec();
    text(&mut rest, topic);
    rest.push(1);
    mqtt(0x82, &rest)
}

/// With an id: QoS 1. Without: QoS 0.
pub(super) fn mqtt_publish(id: Option<u16>, topic: &str, payload: &str) -> Vec<u8> {
    let mut rest = Vec::new();
    text(&mut rest, topic);
    rest.extend(id.map(u16::to_be_bytes).into_iter().flatten());
    rest.extend(payload.as_bytes());
    mqtt(if id.is_some() { 0x32 } else { 0x30 }, &rest)
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend((text.len() as u16).to_be_bytes());
    into.extend(text.as_bytes());
}

/// A CoAP message (RFC 7252): type and token length, code, id, token, `Uri-Path` options, payload.
pub(super) fn coap(kind: u8, code: u8, id: u16, token: [u8; 4], path: &[&str], payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0x40 | kind << 4 | 4, code];
    message.extend(id.to_be_bytes());
    message.extend(token);
    for (nth, part) in path.iter().enumerate() {
        message.push((if nth == 0 { 0xb0 } else { 0 }) | part.len() as u8); // option 11, then 11 again
        message.extend(part.as_bytes());
    }
    if !payload.is_empty() {
        message.push(0xff);
        message.extend(payload);
    }
    message
}

/// A DHCP message (RFC 2131) of the given kind (53).
pub(super) fn dhcp(kind: u8, transaction: u32, mac: [u8; 6], ip: Ipv4Addr, name: &str) -> Vec<u8> {
    let from_server = matches!(kind, 2 | 5);
    let mut message = vec![if from_server { 2 } else { 1 }, 1, 6, 0];
    message.extend(transaction.to_be_bytes());
    message.extend([0; 8]);
    message.extend(if from_server { ip.octets() } else { [0; 4] });
    message.extend([0; 8]);
    message.extend(mac);
    message.resize(236, 0);
    message.extend([99, 130, 83, 99, 53, 1, kind]);
    if from_server {
        message.extend([54, 4, 192, 168, 7, 1, 51, 4, 0, 1, 0x51, 0x80, 1, 4, 255, 255, 255, 0, 3, 4, 192, 168, 7, 1]);
    } else {
        message.extend([61, 7, 1]);
        message.extend(mac);
        message.extend([12, name.len() as u8]);
        message.extend(name.as_bytes());
        message.extend([50, 4]);
        message.extend(ip.octets());
        message.extend([55, 4, 1, 3, 6, 15]);
    }
    message.push(255);
    message.resize(message.len().max(300), 0);
    message
}

/// An ARP packet (RFC 826) for IPv4 on Ethernet.
pub(super) fn arp(operation: u8, sender: ([u8; 6], Ipv4Addr), target: ([u8; 6], Ipv4Addr)) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, operation];
    packet.extend(sender.0);
    packet.extend(sender.1.octets());
    packet.extend(target.0);
    packet.extend(target.1.octets());
    packet
}

/// A TLS 1.3 ClientHello (RFC 8446, 4.1.2) in its record.
pub(super) fn client_hello(server_name: &str, random: &mut Random) -> Vec<u8> {
    let mut extensions = Vec::new();
    let name = server_name.as_bytes();
    let mut list = ((name.len() + 3) as u16).to_be_bytes().to_vec();
    list.push(0);
    list.extend((name.len() as u16).to_be_bytes());
    list.extend(name);
    extension(&mut extensions, 0, &list);
    extension(&mut extensions, 10, &[0, 4, 0, 29, 0, 23]);
    extension(&mut extensions, 11, &[1, 0]);
    extension(&mut extensions, 13, &[0, 8, 4, 3, 8, 4, 4, 1, 5, 3]);
    extension(&mut extensions, 16, b"\x00\x0c\x02h2\x08http/1.1");
    extension(&mut extensions, 43, &[4, 3, 4, 3, 3]);
    let mut share = vec![0, 36, 0, 29, 0, 32];
    share.extend(random.bytes(32));
    extension(&mut extensions, 51, &share);

    let mut hello = vec![3, 3];
    hello.extend(random.bytes(32));
    hello.push(32);
    hello.extend(random.bytes(32));
    hello.extend([0, 10, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    handshake(1, &hello)
}

/// The ServerHello that answers it, and the end of what can be read.
pub(super) fn server_hello(random: &mut Random) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend(random.bytes(32));
    hello.push(32);
    hello.extend(random.bytes(32));
    hello.extend([0x13, 1, 0]);
    let mut extensions = Vec::new();
    extension(&mut extensions, 43, &[3, 4]);
    let mut share = vec![0, 29, 0, 32];
    share.extend(random.bytes(32));
    extension(&mut extensions, 51, &share);
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    let mut records = handshake(2, &hello);
    records.extend([20, 3, 3, 0, 1, 1]); // ChangeCipherSpec
    records
}

/// A record of application data that nobody can read.
pub(super) fn sealed(length: usize, random: &mut Random) -> Vec<u8> {
    let mut record = vec![23, 3, 3];
    record.extend((length as u16).to_be_bytes());
    record.extend(random.bytes(length));
    record
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![22, 3, 1];
    record.extend((body.len() as u16 + 4).to_be_bytes());
    record.extend([kind, 0]);
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

fn extension(into: &mut Vec<u8>, kind: u16, body: &[u8]) {
    into.extend(kind.to_be_bytes());
    into.extend((body.len() as u16).to_be_bytes());
    into.extend(body);
}
