//! MQTT 3.1, 3.1.1 and 5.0 (OASIS): what devices publish and who listens.

mod cbor;
mod content;
mod header;
mod msgpack;
mod packet;
mod properties;

use std::collections::HashMap;

use model::Kind;

pub use self::content::read as read_payload;

use self::content::Carried;
use self::header::{Fixed, Header, Kind as PacketKind};
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};
use crate::Level;

pub struct Mqtt;

/// Of a longer packet only so much is kept and read; the rest is skipped as it arrives.
const MOST_KEPT: usize = 64 * 1024;

/// Topics behind aliases, all together, in bytes: more than any broker grants, less than a hostile one could ask for.
const MOST_ALIASED: usize = 1 << 20;

static KINDS: [Kind; 1] = [Kind {
    name: "mqtt",
    about: "An MQTT packet.",
    fields: &[
        ("msg_type", "CONNECT, CONNACK, PUBLISH, ... DISCONNECT, AUTH"),
        ("topic", "what is published; resolved if an alias stands for it"),
        ("payload", "what is said, if it is text: the first 4096 bytes"),
        ("payload_hex", "what is said, if it is no text: the first 4096 bytes"),
        ("payload_len", "length of the payload in bytes"),
        (
            "payload_kind",
            "json, text, cbor, msgpack, gzip, zlib (payload is what they hold, as text), else the type of file or binary",
        ),
        ("thing", "device that an AWS IoT topic is about"),
        ("shadow", "name of its shadow, if it has one"),
        ("action", "what is done or told: update, update/delta, get/accepted, ..."),
        ("from_client", "sent by the client, not the broker"),
        ("client", "client of this connection, if its CONNECT was seen"),
        ("client_id", "name under which the client connects"),
        ("username", "user who connects"),
        ("has_password", "a password is sent with it"),
        ("proto_name", "MQTT, or MQIsdp for 3.1"),
        ("proto_version", "3.1, 3.1.1 or 5.0"),
        ("proto_level", "its number in the packet: 3, 4 or 5"),
        ("keep_alive", "longest silence of the client, in seconds"),
        ("clean_session", "nothing is remembered of former connections"),
        ("will_topic", "where the broker tells that the client is gone"),
        ("will_payload", "what it tells then, as text or hex"),
        ("will_qos", "how surely: 0, 1 or 2"),
        ("will_retain", "it is kept for later subscribers"),
        ("connect_status", "the broker's answer to a CONNECT"),
        ("return_code", "its number"),
        ("session_present", "the broker remembers the client"),
        ("topics", "topic filters that are subscribed to or left"),
        ("qos_levels", "how surely each is wanted: 0, 1 or 2"),
        ("granted_qos_levels", "how surely each is given; 128 and above: refused"),
        ("qos", "at most once (0), at least once (1), exactly once (2)"),
        ("retain", "the broker keeps it for later subscribers, or has kept it"),
        ("dup", "sent again"),
        ("reason_code", "how it ended (5.0)"),
        ("reason", "its name"),
        ("reason_string", "what a person may read of it"),
        ("content_type", "what the payload is"),
        ("response_topic", "where an answer is expected"),
        ("correlation_data", "what an answer is known by, hex"),
        ("topic_alias", "number that stands for the topic"),
        ("message_expiry", "how long the message is of interest, in seconds"),
        ("session_expiry", "how long the session is kept, in seconds"),
        ("assigned_client_id", "name that the broker gives the client"),
        ("server_keep_alive", "keep-alive that the broker wants, in seconds"),
        ("server_reference", "broker to use instead"),
        ("auth_method", "how the client proves who it is"),
        ("receive_maximum", "unanswered messages at a time"),
        ("topic_alias_maximum", "highest topic alias"),
        ("subscription_ids", "subscriptions that the message belongs to"),
        ("user_properties", "key=value"),
        ("packet_id", "packet identifier"),
        ("incomplete", "the capture cut the packet"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
}];

impl Protocol for Mqtt {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, 1883)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        message.transport == Transport::Tcp
            && (header::is_connect(message.bytes)
                || at_home && header::plausible(message.bytes, false) && header::goes_on(message.bytes))
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What one packet says about the next.
#[derive(Default)]
struct Session {
    /// From the CONNECT packet; 0: not seen.
    level: u8,
    client_id: String,
    client: Option<Side>,
    aliases: HashMap<(Side, u16), String>,
    aliased: usize,
    sync: [Sync; 2],
    /// Payloads that are files and go on.
    carried: [Option<Box<Carried>>; 2],
    /// Those that ended where bytes are missing, and whether that was their proper end.
    ended: Vec<(Side, bool, Box<Carried>)>,
}

/// Whether it is known where packets begin.
#[derive(Clone, Copy, Default, PartialEq)]
enum Sync {
    /// Nothing read so far: the capture may have begun in the middle of a packet.
    #[default]
    Unknown,
    Found,
    Lost,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        if !self.ended.is_empty() {
            self.tell_ended(out);
        }
        if let Some(taken) = self.carry_on(message, out) {
            return Step::Took(taken.max(1));
        }
        let bytes = message.bytes;
        let is_v5 = self.is_v5();
        let sync = &mut self.sync[message.side as usize];
        let header = match header::read(bytes) {
            Header::Short if !message.cut => return Step::More,
            Header::Is(header) if *sync == Sync::Found => header,
            Header::Is(header)
                if header::plausible(bytes, is_v5) && (*sync == Sync::Unknown || header::goes_on(bytes)) =>
            {
                header
            }
            Header::Is(header) if *sync == Sync::Unknown && !message.cut && is_part(bytes, &header) => {
                return Step::More;
            }
            header => {
                if *sync == Sync::Found && !matches!(header, Header::Short) {
                    out.tree.open("mqtt", "MQ Telemetry Transport Protocol", 0..bytes.len(), String::new);
                    out.malformed(0, "no MQTT packet begins here; the next is looked for where a segment begins");
                    out.tree.close();
                }
                *sync = Sync::Lost;
                // packets mostly begin where segments do: try again with the next one
                return Step::Took(bytes.len().max(1));
            }
        };
        let total = header.len.saturating_add(header.remaining);
        if bytes.len() < total.min(MOST_KEPT) && !message.cut {
            return Step::More;
        }
        *sync = Sync::Found;
        let here = bytes.get(..total.min(MOST_KEPT)).unwrap_or(bytes);
        // what lies within the packet's own length is malformed if it does not fit; what the capture lacks is not
        let message = Message { bytes: here, cut: here.len() < total, ..*message };
        packet::dissect(self, &message, &header, out);
        let goes_on = self.carried[message.side as usize].is_some();
        Step::Took(if goes_on { here.len() } else { total })
    }

    fn missed(&mut self, side: Side, bytes: u64) -> bool {
        self.missed_in_payload(side, bytes)
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        self.tell_ended(out);
        if let Some(carried) = self.carried[message.side as usize].take() {
            carried.file.end(message.side, false, out);
        }
    }

    fn gap(&mut self, side: Side) {
        self.sync[side as usize] = Sync::Lost;
        if let Some(mut carried) = self.carried[side as usize].take() {
            carried.file.missing(0);
            self.ended.push((side, false, carried));
        }
    }
}

/// Whether more of the packet may come, and it is short enough to wait for.
fn is_part(bytes: &[u8], header: &Fixed) -> bool {
    let total = header.len.saturating_add(header.remaining);
    bytes.len() < total && total <= MOST_KEPT
}

impl Session {
    fn is_v5(&self) -> bool {
        self.level >= 5
    }

    /// Whether the sender is the client: known from CONNECT, else from what only one of them sends, else from ports.
    fn is_client(&mut self, message: &Message, kind: PacketKind) -> bool {
        let other = if message.side == Side::Orig { Side::Resp } else { Side::Orig };
        if self.client.is_none() || kind == PacketKind::Connect {
            self.client = match kind {
                PacketKind::Connect | PacketKind::Subscribe | PacketKind::Unsubscribe | PacketKind::PingReq => {
                    Some(message.side)
                }
                PacketKind::ConnAck | PacketKind::SubAck | PacketKind::UnsubAck | PacketKind::PingResp => Some(other),
                _ => None,
            };
        }
        match self.client {
            Some(client) => client == message.side,
            None if message.dst.1 == 1883 || message.src.1 == 1883 => message.dst.1 == 1883,
            None => message.side == Side::Orig,
        }
    }

    /// What a PUBLISH with this alias is about (5.0 section 3.3.2.3.4); a topic that comes with it is remembered.
    fn resolve(&mut self, side: Side, alias: u16, topic: &str, out: &mut Out) -> Option<String> {
        if topic.is_empty() {
            let known = self.aliases.get(&(side, alias)).cloned();
            if known.is_none() {
                out.tree.note(Level::Warn, 0..0, "the topic behind this alias was said before the capture began");
            }
            return known;
        }
        if self.aliased + topic.len() <= MOST_ALIASED {
            self.aliased += topic.len();
            if let Some(former) = self.aliases.insert((side, alias), topic.to_owned()) {
                self.aliased -= former.len();
            }
        }
        Some(topic.to_owned())
    }
}

#[cfg(test)]
mod tests;
