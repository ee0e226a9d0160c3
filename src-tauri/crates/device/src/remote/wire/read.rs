//! What a broker says.

use bytes::{Buf, BytesMut};

use super::{LONGEST, PUBACK, PUBCOMP, PUBREC, PUBREL, SUBACK, UNSUBACK, property};

/// A packet of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) enum Received<'a> {
    Connack(Connack<'a>),
    Publish(Publish<'a>),
    Ack(Ack<'a>),
    PingResp,
    /// With its reason.
    Disconnect(u8, Said<'a>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct Connack<'a> {
    pub session_present: bool,
    pub code: u8,
    pub said: Said<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct Publish<'a> {
    pub topic: &'a str,
    pub qos: u8,
    pub retain: bool,
    /// 0 without QoS.
    pub id: u16,
    pub payload: &'a [u8],
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK or UNSUBACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct Ack<'a> {
    pub kind: u8,
    pub id: u16,
    /// Of a subscription what was granted; 0x80 and above: refused.
    pub code: u8,
    pub said: Said<'a>,
}

/// What properties say that we listen to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::remote) struct Said<'a> {
    pub reason: Option<&'a str>,
    pub assigned_id: Option<&'a str>,
    pub server: Option<&'a str>,
    pub keep_alive: Option<u16>,
    pub alias: Option<u16>,
    /// How many of our messages with QoS may be on their way.
    pub most: Option<u16>,
}

/// Takes the next packet of a broker off what came.
pub(in crate::remote) fn cut_theirs(buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, String> {
    if buffer.first().is_some_and(|first| matches!(first >> 4, 0 | 1 | 8 | 10 | 12)) {
        return Err("the other side does not speak MQTT as a broker does".into());
    }
    cut(buffer)
}

/// Takes the next packet off what came; `None`: more has to come first.
pub(in crate::remote) fn cut(buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, String> {
    let Some(length) = whole(buffer)? else { return Ok(None) };
    let packet = buffer.get(..length).unwrap_or_default().to_vec();
    buffer.advance(packet.len());
    Ok(Some(packet))
}

/// How long the packet at the beginning of `bytes` is, if it is all there.
fn whole(bytes: &[u8]) -> Result<Option<usize>, String> {
    let mut length = 0_usize;
    for at in 0..4 {
        let Some(byte) = bytes.get(1 + at) else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let whole = length + 2 + at;
            return match whole {
                _ if whole > LONGEST => Err(format!("a packet of {whole} bytes was sent, more than are taken")),
                _ if bytes.len() < whole => Ok(None),
                _ => Ok(Some(whole)),
            };
        }
    }
    Err("a packet was sent whose length has more than four bytes".into())
}

/// Reads a whole packet.
pub(in crate::remote) fn read(packet: &[u8], is_v5: bool) -> Result<Received<'_>, String> {
    let first = packet.first().copied().unwrap_or(0);
    let (kind, flags) = (first >> 4, first & 15);
    let head = 2 + packet.iter().skip(1).take(3).take_while(|byte| **byte & 0x80 != 0).count();
    let mut body = Body { bytes: packet.get(head..).unwrap_or_default() };
    let read = match kind {
        2 => body.connack(is_v5).map(Received::Connack),
        3 => body.publish(flags, is_v5).map(Received::Publish),
        PUBACK | PUBREC | PUBREL | PUBCOMP | SUBACK | UNSUBACK => body.ack(kind, is_v5).map(Received::Ack),
        13 => Some(Received::PingResp),
        14 if is_v5 => body.disconnect(),
        _ => None,
    };
    read.ok_or_else(|| format!("the broker sends a malformed packet (type {kind}, {} bytes)", packet.len()))
}

struct Body<'a> {
    bytes: &'a [u8],
}

impl<'a> Body<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n)?;
        self.bytes = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|two| u16::from_be_bytes(*two))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.u16()?;
        std::str::from_utf8(self.take(length.into())?).ok()
    }

    fn length(&mut self) -> Option<usize> {
        let mut length = 0_usize;
        for at in 0..4 {
            let byte = self.u8()?;
            length |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }

    fn properties(&mut self) -> Option<Said<'a>> {
        let length = self.length()?;
        let mut of = Body { bytes: self.take(length)? };
        let mut said = Said::default();
        while !of.bytes.is_empty() {
            let skipped = match of.u8()? {
                property::SERVER_KEEP_ALIVE => {
                    said.keep_alive = Some(of.u16()?);
                    0
                }
                property::TOPIC_ALIAS => {
                    said.alias = Some(of.u16()?);
                    0
                }
                property::REASON => {
                    said.reason = Some(of.text()?);
                    0
                }
                property::ASSIGNED_ID => {
                    said.assigned_id = Some(of.text()?);
                    0
                }
                property::SERVER_REFERENCE => {
                    said.server = Some(of.text()?);
                    0
                }
                property::RECEIVE_MAXIMUM => {
                    said.most = Some(of.u16()?);
                    0
                }
                0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2a => 1,
                0x22 => 2,
                0x02 | 0x11 | 0x18 | 0x27 => 4,
                0x03 | 0x08 | 0x09 | 0x15 | 0x16 | 0x1a => of.u16()?.into(),
                0x26 => {
                    of.text()?;
                    of.u16()?.into()
                }
                0x0b => {
                    of.length()?;
                    0
                }
                _ => return None,
            };
            of.take(skipped)?;
        }
        Some(said)
    }

    fn connack(&mut self, is_v5: bool) -> Option<Connack<'a>> {
        let (flags, code) = (self.u8()?, self.u8()?);
        let said = if is_v5 && !self.bytes.is_empty() { self.properties()? } else { Said::default() };
        (flags <= 1).then_some(Connack { session_present: flags & 1 != 0, code, said })
    }

    fn publish(&mut self, flags: u8, is_v5: bool) -> Option<Publish<'a>> {
        let qos = flags >> 1 & 3;
        let topic = self.text()?;
        let id = if qos > 0 { self.u16()? } else { 0 };
        let said = if is_v5 { self.properties()? } else { Said::default() };
        // We allow no aliases (Topic Alias Maximum is not said), so that each has its topic.
        let right = qos < 3 && (qos == 0 || id != 0) && said.alias.is_none() && is_topic(topic);
        right.then_some(Publish { topic, qos, retain: flags & 1 != 0, id, payload: std::mem::take(&mut self.bytes) })
    }

    fn ack(&mut self, kind: u8, is_v5: bool) -> Option<Ack<'a>> {
        let id = self.u16()?;
        let mut said = Said::default();
        let code = match kind {
            SUBACK => {
                if is_v5 {
                    said = self.properties()?;
                }
                self.u8()?
            }
            UNSUBACK if is_v5 => {
                said = self.properties()?;
                self.u8()?
            }
            UNSUBACK => 0,
            _ => {
                let code = if is_v5 && !self.bytes.is_empty() { self.u8()? } else { 0 };
                if is_v5 && !self.bytes.is_empty() {
                    said = self.properties()?;
                }
                code
            }
        };
        Some(Ack { kind, id, code, said })
    }

    fn disconnect(&mut self) -> Option<Received<'a>> {
        let code = if self.bytes.is_empty() { 0 } else { self.u8()? };
        let said = if self.bytes.is_empty() { Said::default() } else { self.properties()? };
        Some(Received::Disconnect(code, said))
    }
}

/// A name that something can be published to.
pub(in crate::remote) fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && !topic.contains(['+', '#', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
    }

    #[test]
    fn what_brokers_say() {
        for (hex, is_v5, expect) in [
            ("20020005", false, "Connack(Connack { session_present: false, code: 5"),
            ("200a0087071f00046e6f7065", true, "code: 135, said: Said { reason: Some(\"nope\")"),
            (
                "33180009686f6d652f6c616d70000a7b226f6e223a747275657d",
                false,
                "topic: \"home/lamp\", qos: 1, retain: true, id: 10",
            ),
            ("9003000180", false, "Ack(Ack { kind: 9, id: 1, code: 128"),
            ("900400010080", true, "Ack(Ack { kind: 9, id: 1, code: 128"),
            ("4003000110", true, "Ack(Ack { kind: 4, id: 1, code: 16"),
            ("e0028e00", true, "Disconnect(142"),
            ("d000", false, "PingResp"),
        ] {
            let packet = bytes(hex);
            assert_eq!(whole(&packet), Ok(Some(packet.len())), "{hex}");
            let told = format!("{:?}", read(&packet, is_v5).unwrap());
            assert!(told.contains(expect), "{hex}: {told}");
            for length in 0..packet.len() {
                assert_eq!(whole(&packet[..length]), Ok(None), "{hex} {length}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (hex, is_v5) in [
            ("2000", false),
            ("20020205", false),
            ("3003000561", false),
            ("30020001", false),
            ("3003000123", false),              // a wildcard is no topic
            ("3605000174000a", false),          // QoS 3
            ("3205000174 0000", false),         // no packet identifier
            ("3009000174 0323000578 61", true), // an alias that was not allowed
            ("e000", false),
            ("f000", true),
            ("20050000ff0102", true),
        ] {
            assert!(read(&bytes(hex), is_v5).unwrap_err().contains("malformed"), "{hex}");
        }
        for hex in ["00", "10", "c000", "30ffffffff01", "30ffffff7f"] {
            assert!(cut_theirs(&mut bytes(hex)[..].into()).is_err(), "{hex}");
        }
    }
}
