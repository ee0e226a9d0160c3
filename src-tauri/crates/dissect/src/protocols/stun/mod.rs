//! STUN and TURN (RFC 8489, 8656): what address a device has to the outside, and who relays for it.

mod channel;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use model::{Fields, Kind};

use super::cursor::{Cursor, Stop};
use super::payload::{printable, shown};
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::Tree;
use channel::Channels;

pub struct Stun;

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// A longer message is not waited for.
const LONGEST: usize = 8 * 1024;
const SHORT: &str = "STUN message cut short";

static KINDS: [Kind; 1] = [Kind {
    name: "stun",
    about: "A device asks what its address is from outside, or is told; or has a server relay for it. Of what is relayed, that \
            something is: once for each channel and direction.",
    fields: &[
        ("msg_type", "request, indication, success, error or channel data"),
        ("method", "binding, allocate, refresh, send, data, ..."),
        ("mapped_address", "the sender's address as the server sees it"),
        ("mapped_port", "and its port"),
        ("relayed_address", "address at the relay"),
        ("relayed_port", "and its port"),
        ("peer_address", "whom the relay is to talk to"),
        ("peer_port", "and the port"),
        ("channel", "number that stands for the peer"),
        ("other_address", "another address of the server"),
        ("other_port", "and its port"),
        ("origin_address", "address that the server answered from"),
        ("origin_port", "and its port"),
        ("software", "what software speaks"),
        ("username", "who asks"),
        ("realm", "what the login is for"),
        ("error_code", "why a request failed"),
        ("error_reason", "the same in words"),
        ("lifetime", "how long the relay is wanted, in seconds"),
        ("controlling", "this side chooses the path (ICE)"),
        ("use_candidate", "this path is chosen (ICE)"),
        ("trans_id", "what an answer is known by, hex"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Stun {
    fn name(&self) -> &'static str {
        "stun"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 3478), (Transport::Tcp, 3478)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let Some(len) = length(message.bytes) else {
            return at_home && message.transport == Transport::Udp && channel::is_likely(message);
        };
        match message.transport {
            Transport::Udp => len == message.bytes.len() || message.cut && len > message.bytes.len(),
            Transport::Tcp => len <= LONGEST,
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader::default())
    }
}

/// How long the message is that begins here, if one does (RFC 8489 section 5).
fn length(bytes: &[u8]) -> Option<usize> {
    let [0..=0x3f, _, a, b, cookie @ ..] = bytes else { return None };
    let len = usize::from(u16::from_be_bytes([*a, *b]));
    (cookie.starts_with(&COOKIE) && len.is_multiple_of(4)).then_some(HEADER + len)
}

#[derive(Default)]
struct Reader {
    channels: Channels,
}

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if message.transport == Transport::Tcp && bytes.len() < 8 {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        }
        let Some(len) = length(bytes) else {
            return self.channels.read(message, out);
        };
        if message.transport == Transport::Tcp && bytes.len() < len && !message.cut {
            return if len <= LONGEST { Step::More } else { Step::NotMine };
        }
        let here = bytes.get(..len).unwrap_or(bytes);
        let mut said = Said::default();
        out.tree.open("stun", "Session Traversal Utilities for NAT", 0..here.len(), String::new);
        let mut read = read(here, &mut out.tree, &mut said);
        if read.is_ok() && bytes.len() < len {
            read = Err(Stop { at: bytes.len(), why: SHORT, short: true });
        }
        if read.is_err_and(|stop| stop.tell(message, out)) {
            said.own.flag("incomplete", true);
        }
        out.tree.close();
        if let (Some(number), Some(peer)) = (said.channel, said.peer) {
            self.channels.bind(number, peer);
        }
        let fact = out.fact("stun", 0..here.len());
        fact.subject = said.mapped.map_or_else(|| kind(here).0.to_owned(), |address| address.to_string());
        (fact.fields, fact.own) = (said.fields, said.own);
        Step::Took(len)
    }
}

/// What a message says, as far as it could be read.
#[derive(Default)]
struct Said {
    fields: Fields,
    own: Fields,
    mapped: Option<IpAddr>,
    peer: Option<(IpAddr, u16)>,
    channel: Option<u16>,
    /// Fields that are there already: each is written once.
    written: Vec<&'static str>,
}

impl Said {
    fn first(&mut self, name: &'static str) -> bool {
        let new = !self.written.contains(&name);
        if new {
            self.written.push(name);
        }
        new
    }
}

/// Method and class (RFC 8489 section 5).
fn kind(bytes: &[u8]) -> (&'static str, &'static str) {
    let word = crate::bytes::u16_be(bytes, 0).unwrap_or_default();
    let class = ["request", "indication", "success", "error"][usize::from(word >> 7 & 2 | word >> 4 & 1)];
    let method = match word >> 2 & 0xf80 | word >> 1 & 0x70 | word & 0xf {
        1 => "binding",
        3 => "allocate",
        4 => "refresh",
        6 => "send",
        7 => "data",
        8 => "create permission",
        9 => "channel bind",
        10 => "connect",
        11 => "connection bind",
        12 => "connection attempt",
        _ => "unknown",
    };
    (method, class)
}

fn read(bytes: &[u8], tree: &mut Tree, said: &mut Said) -> Result<(), Stop> {
    let mut cursor = Cursor::new(bytes);
    let word = cursor.u16(SHORT)?;
    let (method, class) = kind(bytes);
    tree.coded("stun.type", "Message Type", 0..2, word, || format!("0x{word:04x} ({method} {class})"));
    said.fields.text("msg_type", class);
    said.fields.text("method", method);
    tree.int("stun.length", "Message Length", 2..4, cursor.u16(SHORT)?);
    tree.bytes("stun.cookie", "Message Cookie", 4..8, cursor.take(4, SHORT)?);
    let id = cursor.take(12, SHORT)?;
    tree.bytes("stun.id", "Message Transaction ID", 8..20, id);
    said.own.text("trans_id", &model::hex(id));
    while !cursor.is_empty() {
        let start = cursor.at();
        let kind = cursor.u16(SHORT)?;
        let len = cursor.u16(SHORT)?;
        let from = cursor.at();
        let value = cursor.take(len.into(), "STUN attribute cut short")?;
        let range = cursor.since(from);
        let name = name(kind);
        tree.open("stun.attribute", "Attribute", start..range.end, || name.to_owned());
        tree.coded("stun.att.type", "Attribute Type", start..start + 2, kind, || format!("0x{kind:04x} ({name})"));
        tree.int("stun.att.length", "Attribute Length", start + 2..from, len);
        let read = Attribute { kind, value, range, id }.read(tree, said);
        tree.close();
        if !read {
            return Err(Stop { at: from, why: "STUN attribute of an impossible length", short: false });
        }
        // padded to four bytes
        let padding = usize::from(len).next_multiple_of(4) - usize::from(len);
        cursor.take(padding.min(cursor.left()), SHORT)?;
    }
    Ok(())
}

fn name(kind: u16) -> &'static str {
    match kind {
        0x0001 => "MAPPED-ADDRESS",
        0x0003 => "CHANGE-REQUEST",
        0x0006 => "USERNAME",
        0x0008 => "MESSAGE-INTEGRITY",
        0x0009 => "ERROR-CODE",
        0x000a => "UNKNOWN-ATTRIBUTES",
        0x000c => "CHANNEL-NUMBER",
        0x000d => "LIFETIME",
        0x0012 => "XOR-PEER-ADDRESS",
        0x0013 => "DATA",
        0x0014 => "REALM",
        0x0015 => "NONCE",
        0x0016 => "XOR-RELAYED-ADDRESS",
        0x0019 => "REQUESTED-TRANSPORT",
        0x001c => "MESSAGE-INTEGRITY-SHA256",
        0x001e => "USERHASH",
        0x0020 | 0x8020 => "XOR-MAPPED-ADDRESS",
        0x0024 => "PRIORITY",
        0x0025 => "USE-CANDIDATE",
        0x8022 => "SOFTWARE",
        0x8023 => "ALTERNATE-SERVER",
        0x8028 => "FINGERPRINT",
        0x8029 => "ICE-CONTROLLED",
        0x802a => "ICE-CONTROLLING",
        0x802b => "RESPONSE-ORIGIN",
        0x802c => "OTHER-ADDRESS",
        _ => "unknown",
    }
}

struct Attribute<'a> {
    kind: u16,
    value: &'a [u8],
    range: Range<usize>,
    id: &'a [u8],
}

impl Attribute<'_> {
    /// False if the value is too short for what it ought to be.
    fn read(&self, tree: &mut Tree, said: &mut Said) -> bool {
        match self.kind {
            0x0001 => self.address(false, ["mapped_address", "mapped_port"], tree, said),
            0x0020 | 0x8020 => self.address(true, ["mapped_address", "mapped_port"], tree, said),
            0x0016 => self.address(true, ["relayed_address", "relayed_port"], tree, said),
            0x0012 => self.address(true, ["peer_address", "peer_port"], tree, said),
            0x802b => self.address(false, ["origin_address", "origin_port"], tree, said),
            0x802c | 0x8023 => self.address(false, ["other_address", "other_port"], tree, said),
            0x0006 => self.text("stun.att.username", "Username", "username", tree, said),
            0x0014 => self.text("stun.att.realm", "Realm", "realm", tree, said),
            0x8022 => self.text("stun.att.software", "Software", "software", tree, said),
            0x0009 => {
                let [_, _, class, number, reason @ ..] = self.value else { return false };
                let code = i64::from(class & 7) * 100 + i64::from(*number);
                let reason = shown(reason);
                tree.int("stun.att.error.class", "Error Class", self.part(2..3), class & 7);
                tree.coded("stun.att.error", "Error Code", self.part(3..4), *number, || code.to_string());
                tree.text("stun.att.error.reason", "Error Reason Phrase", self.part(4..self.value.len()), &reason);
                if said.first("error_code") {
                    said.fields.int("error_code", code);
                    said.fields.text("error_reason", &reason);
                }
                true
            }
            0x000c => {
                let Some(number) = crate::bytes::u16_be(self.value, 0) else { return false };
                tree.coded("stun.att.channelnum", "Channel-Number", self.part(0..2), number, || {
                    format!("0x{number:04x}")
                });
                if said.first("channel") {
                    said.channel = Some(number);
                    said.fields.int("channel", number.into());
                }
                true
            }
            0x000d => {
                let Some(seconds) = crate::bytes::u32_be(self.value, 0) else { return false };
                tree.int("stun.att.lifetime", "Lifetime", self.range.clone(), seconds);
                if said.first("lifetime") {
                    said.fields.int("lifetime", seconds.into());
                }
                true
            }
            0x8029 | 0x802a => {
                tree.bytes("stun.att.tie-breaker", "Tie breaker", self.range.clone(), self.value);
                if said.first("controlling") {
                    said.fields.flag("controlling", self.kind == 0x802a);
                }
                true
            }
            0x0025 => {
                if said.first("use_candidate") {
                    said.fields.flag("use_candidate", true);
                }
                true
            }
            _ => {
                tree.bytes("stun.value", "Value", self.range.clone(), self.value);
                true
            }
        }
    }

    fn part(&self, within: Range<usize>) -> Range<usize> {
        self.range.start + within.start..self.range.start + within.end
    }

    fn text(
        &self,
        field: &'static str,
        label: &'static str,
        name: &'static str,
        tree: &mut Tree,
        said: &mut Said,
    ) -> bool {
        let text = shown(self.value);
        tree.text(field, label, self.range.clone(), &text);
        if printable(self.value, false).is_some() && said.first(name) {
            let into = if name == "username" { &mut said.own } else { &mut said.fields };
            into.text(name, &text);
        }
        true
    }

    /// RFC 8489 sections 14.1 and 14.2: mixed with cookie and id, so that no router on the way changes it.
    fn address(&self, mixed: bool, [name, port_name]: [&'static str; 2], tree: &mut Tree, said: &mut Said) -> bool {
        let [_, family, a, b, address @ ..] = self.value else { return false };
        let mut mask = [0; 16];
        if mixed {
            mask.iter_mut().zip(COOKIE.iter().chain(self.id)).for_each(|(byte, with)| *byte = *with);
        }
        let port = u16::from_be_bytes([a ^ mask[0], b ^ mask[1]]);
        let mut octets = [0; 16];
        octets.iter_mut().zip(address.iter().zip(mask)).for_each(|(byte, (sent, with))| *byte = sent ^ with);
        let [w, x, y, z, ..] = octets;
        let (ip, field): (IpAddr, _) = match (family, address.len()) {
            (1, 4) => (Ipv4Addr::new(w, x, y, z).into(), "stun.att.ipv4"),
            (2, 16) => (Ipv6Addr::from(octets).into(), "stun.att.ipv6"),
            _ => return false,
        };
        tree.coded("stun.att.family", "Protocol Family", self.part(1..2), *family, || {
            if *family == 1 { "IPv4".into() } else { "IPv6".into() }
        });
        tree.int("stun.att.port", "Port", self.part(2..4), port);
        tree.text(field, "IP", self.part(4..self.value.len()), ip);
        // mixed or not, the first one that is there
        if said.first(name) {
            match name {
                "mapped_address" => said.mapped = Some(ip),
                "peer_address" => said.peer = Some((ip, port)),
                _ => {}
            }
            said.fields.shown(name, ip);
            said.fields.int(port_name, port.into());
        }
        true
    }
}

#[cfg(test)]
mod tests;
