//! What a client sends.

use super::{LONGEST, property};

/// How a client comes.
#[derive(Clone, Copy, Debug)]
pub(in crate::remote) struct Connect<'a> {
    pub is_v5: bool,
    pub clean: bool,
    pub keep_alive: u16,
    pub id: &'a str,
    pub user: Option<&'a str>,
    pub password: Option<&'a [u8]>,
}

pub(in crate::remote) fn connect(say: &Connect) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    text(&mut body, b"MQTT")?;
    body.push(if say.is_v5 { 5 } else { 4 });
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    body.push(flag(say.user.is_some(), 0x80) | flag(say.password.is_some(), 0x40) | flag(say.clean, 2));
    body.extend(say.keep_alive.to_be_bytes());
    if say.is_v5 {
        let mut properties = vec![property::LONGEST_PACKET];
        properties.extend((LONGEST as u32).to_be_bytes());
        if !say.clean {
            properties.push(property::SESSION_EXPIRY);
            properties.extend(86_400_u32.to_be_bytes());
        }
        length(&mut body, properties.len())?;
        body.extend(properties);
    }
    text(&mut body, say.id.as_bytes())?;
    if let Some(user) = say.user {
        text(&mut body, user.as_bytes())?;
    }
    if let Some(password) = say.password {
        text(&mut body, password)?;
    }
    packet(0x10, &body)
}

pub(in crate::remote) fn publish(
    is_v5: bool,
    (topic, message): (&str, &[u8]),
    qos: u8,
    retain: bool,
    id: u16,
) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(topic.len() + message.len() + 8);
    text(&mut body, topic.as_bytes())?;
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    if is_v5 {
        body.push(0);
    }
    body.extend(message);
    packet(0x30 | qos << 1 | u8::from(retain), &body)
}

pub(in crate::remote) fn subscribe(is_v5: bool, id: u16, filter: &str, qos: u8) -> Option<Vec<u8>> {
    let mut body = id.to_be_bytes().to_vec();
    if is_v5 {
        body.push(0);
    }
    text(&mut body, filter.as_bytes())?;
    body.push(qos);
    packet(0x82, &body)
}

pub(in crate::remote) fn unsubscribe(is_v5: bool, id: u16, filter: &str) -> Option<Vec<u8>> {
    let mut body = id.to_be_bytes().to_vec();
    if is_v5 {
        body.push(0);
    }
    text(&mut body, filter.as_bytes())?;
    packet(0xa2, &body)
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP: all is well.
pub(in crate::remote) fn ack(kind: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![kind << 4 | if kind == super::PUBREL { 2 } else { 0 }, 2, high, low]
}

pub(in crate::remote) fn pingreq() -> Vec<u8> {
    vec![0xc0, 0]
}

pub(in crate::remote) fn disconnect() -> Vec<u8> {
    vec![0xe0, 0]
}

/// `None`: longer than MQTT can say.
fn packet(first: u8, body: &[u8]) -> Option<Vec<u8>> {
    let mut packet = Vec::with_capacity(body.len() + 5);
    packet.push(first);
    length(&mut packet, body.len())?;
    packet.extend(body);
    Some(packet)
}

fn length(to: &mut Vec<u8>, length: usize) -> Option<()> {
    let mut left = u32::try_from(length).ok().filter(|length| *length < 1 << 28)?;
    loop {
        let byte = (left & 0x7f) as u8;
        left >>= 7;
        to.push(byte | if left > 0 { 0x80 } else { 0 });
        if left == 0 {
            return Some(());
        }
    }
}

fn text(to: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    to.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
    to.extend(text);
    Some(())
}
