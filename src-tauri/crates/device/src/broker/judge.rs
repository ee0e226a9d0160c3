//! What a thing may say, packet by packet. Nothing here waits or sends.

use std::collections::HashMap;
use std::ops::Range;

use super::leaving::Leaving;
use crate::kind::Kind;
use crate::packet::answer::{self, refuse_connect};
use crate::packet::{self, Connect, Malformed, NoConnect, Publish, Version, filters};

/// How many aliases for topics a client may have (MQTT 5).
pub const ALIASES: u16 = 32;
/// For those who would keep still for ever: AWS IoT's longest.
const LONGEST_STILL: u16 = 1200;

/// What is to be done with a packet.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It goes on, and is a message.
    Say {
        topic: String,
        payload: Range<usize>,
    },
    /// It goes on; these filters of it are refused inside, by the same rules.
    Part(Vec<String>),
    /// It goes on, and is the last one.
    Leave,
    Refuse(Refused),
}

/// Why a packet goes no further, and with it the connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub leaving: Leaving,
    pub why: String,
    /// Where it was to go.
    pub topic: Option<String>,
    /// What is said last.
    pub farewell: Vec<u8>,
}

impl Refused {
    /// As it is written beside the packet.
    pub fn record(&self) -> String {
        format!("{}: {}", self.leaving.as_str(), self.why)
    }
}

/// Who was let in, and how.
#[derive(Debug)]
pub struct Entry<'a> {
    pub connect: Connect<'a>,
    /// The packet as it goes on.
    pub inside: Vec<u8>,
    /// For how long it may keep still, in seconds.
    pub keep_alive: u16,
}

pub struct Judge<'a> {
    thing: &'a str,
    kind: &'a Kind,
    version: Version,
    aliases: HashMap<u16, String>,
}

/// Whether this thing may come in with this packet.
pub fn enter<'a>(packet: &'a [u8], thing: &str, kind: &Kind) -> Result<Entry<'a>, Refused> {
    let refuse = |version: Version, reason: u8, leaving: Leaving, why: String, topic: Option<&str>| {
        let farewell = refuse_connect(version, reason);
        Err(Refused { leaving, why, topic: topic.map(str::to_owned), farewell })
    };
    let connect = match Connect::read(packet) {
        Ok(connect) => connect,
        Err(NoConnect::Version(level)) => {
            let version = if level < 5 { Version::V3 } else { Version::V5 };
            let why = format!("MQTT of level {level} is not spoken here");
            return refuse(version, answer::BAD_VERSION, Leaving::ClientError, why, None);
        }
        // Nothing is answered to what is no CONNECT.
        Err(NoConnect::Malformed(malformed)) => {
            return Err(Refused { farewell: Vec::new(), ..no_packet(malformed, Version::V3) });
        }
    };
    let version = connect.version;
    if connect.id.is_empty() && version == Version::V3 && !connect.clean {
        let why = "a session is to be kept for a client without an id".into();
        return refuse(version, answer::BAD_ID, Leaving::ClientError, why, None);
    }
    if !connect.id.is_empty() && connect.id != thing {
        let why = format!("its certificate is for '{thing}', and it calls itself '{}'", shortened(connect.id));
        return refuse(version, answer::NOT_AUTHORIZED, Leaving::Forbidden, why, None);
    }
    if let Some(will) = connect.will.as_ref().filter(|will| !kind.may_publish(thing, will.topic)) {
        let why = format!("its will may not be published to '{}'", shortened(will.topic));
        return refuse(version, answer::NOT_AUTHORIZED, Leaving::Forbidden, why, Some(will.topic));
    }
    let keep_alive = if connect.keep_alive == 0 { LONGEST_STILL } else { connect.keep_alive };
    Ok(Entry { inside: connect.with(packet, thing, u16::MAX), keep_alive, connect })
}

impl<'a> Judge<'a> {
    pub fn new(thing: &'a str, kind: &'a Kind, version: Version) -> Judge<'a> {
        Judge { thing, kind, version, aliases: HashMap::new() }
    }

    pub fn judge(&mut self, packet: &[u8]) -> Verdict {
        let verdict = match packet::kind(packet) {
            packet::PUBLISH => self.publish(packet),
            packet::SUBSCRIBE => filters(packet, self.version).map(|filters| {
                let refused = filters.into_iter().filter(|filter| !self.kind.may_subscribe(self.thing, filter));
                match refused.map(str::to_owned).collect::<Vec<_>>() {
                    refused if refused.is_empty() => Verdict::Pass,
                    refused => Verdict::Part(refused),
                }
            }),
            packet::UNSUBSCRIBE | packet::PUBACK..=packet::PUBCOMP => packet::identifier(packet).map(|_| Verdict::Pass),
            packet::PINGREQ => Ok(Verdict::Pass),
            packet::DISCONNECT => Ok(Verdict::Leave),
            packet::AUTH if self.version == Version::V5 => Ok(Verdict::Pass),
            packet::CONNECT => Err(Malformed { at: 0, why: "a second CONNECT" }),
            _ => Err(Malformed { at: 0, why: "a packet that clients do not send" }),
        };
        verdict.unwrap_or_else(|malformed| Verdict::Refuse(no_packet(malformed, self.version)))
    }

    fn publish(&mut self, packet: &[u8]) -> Result<Verdict, Malformed> {
        let publish = Publish::read(packet, self.version)?;
        if publish.alias.is_some_and(|alias| alias == 0 || alias > ALIASES) {
            let farewell = answer::goodbye(self.version, answer::BAD_ALIAS);
            let why = format!("an alias for a topic that is not from 1 to {ALIASES}");
            return Ok(Verdict::Refuse(Refused { leaving: Leaving::ClientError, why, topic: None, farewell }));
        }
        let topic = match (publish.alias, publish.topic) {
            (Some(alias), "") => {
                let known = self.aliases.get(&alias).cloned();
                known.ok_or(Malformed { at: 0, why: "an alias that stands for no topic yet" })?
            }
            (_, topic) => topic.to_owned(),
        };
        if !self.kind.may_publish(self.thing, &topic) {
            let why = format!("it may not publish to '{}'", shortened(&topic));
            let farewell = answer::goodbye(self.version, answer::NOT_AUTHORIZED);
            return Ok(Verdict::Refuse(Refused { leaving: Leaving::Forbidden, why, topic: Some(topic), farewell }));
        }
        if let Some(alias) = publish.alias {
            self.aliases.insert(alias, topic.clone());
        }
        Ok(Verdict::Say { topic, payload: publish.payload })
    }
}

/// That this is where MQTT ends.
pub fn no_packet(malformed: Malformed, version: Version) -> Refused {
    let reason = if malformed.why == packet::TOO_LARGE { answer::PACKET_TOO_LARGE } else { answer::MALFORMED };
    let why = format!("{} (byte {})", malformed.why, malformed.at);
    Refused { leaving: Leaving::ClientError, why, topic: None, farewell: answer::goodbye(version, reason) }
}

/// Texts from outside are as long as they like.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
