//! Every application protocol that we read.
//!
//! To add one: a file (or folder) here, two lines in this one, a sample. A protocol is recognised by payload as well as by
//! port: its ports make it the first candidate, [`Protocol::recognises`] decides; found on another port it is still read,
//! and the flow says so.

mod aes;
pub mod bench;
mod coap;
pub mod credentials;
mod cursor;
mod dhcp;
mod dhcpv6;
mod dns;
mod drafts;
pub mod files;
mod ftp;
mod http;
mod json;
mod kasa;
mod lifx;
mod miio;
mod mqtt;
mod ntp;
mod payload;
mod quic;
mod rtsp;
mod snmp;
mod ssdp;
mod stun;
mod telnet;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod tuya;
mod wireguard;
mod wsd;
mod xmpp;

use std::net::IpAddr;
use std::ops::Range;

use model::{Kind, Mac};

use crate::Tree;
use crate::origin::Origin;

pub use drafts::{Draft, Drafts};
pub use mqtt::read_payload;

/// All of them, in the order in which they are tried on a port that is no one's.
pub static ALL: &[&dyn Protocol] = &[
    &tls::Tls,
    &rtsp::Rtsp,
    &http::Http2,
    &http::Http,
    &ssdp::Ssdp,
    &wsd::Wsd,
    &mqtt::Mqtt,
    &xmpp::Xmpp,
    &kasa::Kasa,
    &tuya::Tuya,
    &ftp::Ftp,
    &telnet::Telnet,
    &coap::Coap,
    &dhcp::Dhcp,
    &dhcpv6::Dhcpv6,
    &dns::Dns,
    &dns::Mdns,
    &dns::Llmnr,
    &dns::nbns::Nbns,
    &ntp::Ntp,
    &stun::Stun,
    &snmp::Snmp,
    &wireguard::WireGuard,
    &lifx::Lifx,
    &miio::Miio,
    &quic::Quic,
    &tls::dtls::Dtls,
];

/// The protocol of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name() == name)
}

/// Whether facts of this kind are told beside those of the message that they are part of: what a body holds begins no message.
pub fn is_beside(kind: &str) -> bool {
    http::beside().any(|beside| beside.name == kind)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
}

/// Who speaks: the side that opened the flow, or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Orig,
    Resp,
}

/// What a protocol gets to read: a datagram's payload, or what is there of a TCP stream from the first unread byte on.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub bytes: &'a [u8],
    pub transport: Transport,
    pub side: Side,
    /// (address, port) of the sender and the receiver of these bytes.
    pub src: (IpAddr, u16),
    pub dst: (IpAddr, u16),
    /// Link-layer sender, if there is one.
    pub src_mac: Option<Mac>,
    /// The snap length cut the datagram, or the stream ends here: what is missing will not come. A message that is cut short because
    /// of it is not malformed: read what is there.
    pub cut: bool,
    /// Where the bytes are in the evidence, if it is known.
    pub(crate) origin: Origin<'a>,
}

impl<'a> Message<'a> {
    /// A message of its own, whole and of no known place.
    pub fn new(
        bytes: &'a [u8],
        transport: Transport,
        side: Side,
        src: (IpAddr, u16),
        dst: (IpAddr, u16),
    ) -> Message<'a> {
        Message { bytes, transport, side, src, dst, src_mac: None, cut: false, origin: Origin::default() }
    }
}

/// What became of the bytes at the start of a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes are read and done with (at least 1). May exceed what is there: the rest is skipped as it arrives,
    /// never buffered (a large payload). For datagrams: everything is done with, whatever the number.
    Took(usize),
    /// A message has begun, but its end is not there yet. Never for datagrams.
    More,
    /// Nothing further in this direction is worth reading (the rest is encrypted).
    Done,
    /// These bytes are not this protocol's.
    NotMine,
}

impl Step {
    /// What was read of these bytes.
    pub(crate) fn read_of(self, bytes: &[u8]) -> &[u8] {
        match self {
            Step::Took(n) => bytes.get(..n.max(1)).unwrap_or(bytes),
            Step::Done => bytes,
            Step::More | Step::NotMine => &[],
        }
    }
}

/// An application protocol.
pub trait Protocol: Sync {
    /// Zeek's service name in lower case; also the name of its first kind of fact: `dns`.
    fn name(&self) -> &'static str;

    /// The ports that are its own.
    fn ports(&self) -> &'static [(Transport, u16)];

    /// The kinds of facts that it makes.
    fn kinds(&self) -> &'static [Kind];

    /// Whether the first bytes of a flow (either direction) are its. `at_home`: one of the ports is its own, so that weaker signs will do.
    /// Must look at no more than a few hundred bytes, and be strict enough to be asked about any payload when `at_home` is false.
    fn recognises(&self, message: &Message, at_home: bool) -> bool;

    /// Whether its datagrams come again word for word, and say nothing but what is in their bytes, whoever sends them.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether its messages are told by how they begin, one behind the other: a packet is read from its first byte too, not only where
    /// something was found. Its conversations are chains, too.
    fn is_chain(&self) -> bool {
        false
    }

    /// A reader for one flow, which remembers what one message says about the next.
    fn conversation(&self) -> Box<dyn Conversation>;
}

/// Reads one flow's messages in order, both directions.
pub trait Conversation: Send {
    /// Reads one message at the start of `message.bytes`: fields into `out.tree`, facts by `out.fact`.
    fn read(&mut self, message: &Message, out: &mut Out) -> Step;

    /// Bytes of `side` are missing from the capture: forget half-read messages; the next bytes may start anywhere.
    fn gap(&mut self, _side: Side) {}

    /// So many bytes of `side` are missing from the capture. True if the conversation knows what lies there, and reads on behind;
    /// else [`Conversation::gap`] follows.
    fn missed(&mut self, _side: Side, _bytes: u64) -> bool {
        false
    }

    /// Whether a message says only together with those before it what it says.
    fn is_chain(&self) -> bool {
        false
    }

    /// Nothing more will come from `message.side`; the message is empty. `message.cut`: the sender did not say so.
    fn finish(&mut self, _message: &Message, _out: &mut Out) {}
}

/// Something that could not be read, at an offset in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub at: usize,
    pub why: String,
}

/// What a dissector writes to.
#[derive(Debug, Default)]
pub struct Out {
    /// What former frames taught that later ones are read with.
    pub(crate) learned: crate::layers::Learned,
    pub tree: Tree,
    pub facts: Drafts,
    pub complaints: Vec<Complaint>,
    /// Memory that unpackers hold, in KiB.
    pub(crate) held: u32,
    /// What contents grew to beyond what is usual, in bytes.
    pub(crate) grown: u64,
    /// What key logs told, to open what is encrypted.
    pub(crate) secrets: tls::Secrets,
    /// Somebody looks at what a frame brings of it: for them.
    pub(crate) opening: Option<Box<crate::decrypt::Opening>>,
    /// A file whose content is wanted once more.
    pub(crate) sought: Option<Box<files::Sought>>,
    /// How deep reading is inside of what was opened.
    pub(crate) depth: u8,
    /// Who is to be told of changes, by devices that speak CoAP.
    pub(crate) observed: coap::Observed,
    /// Somebody wants a line about a packet: what its messages are, where they say so themselves.
    pub(crate) line: Option<String>,
    /// What was said before in the same words.
    pub(crate) repeats: crate::repeats::Repeats,
}

/// A line about a packet is not made longer than this.
const LONGEST_LINE: usize = 200;

impl Out {
    pub fn new(tree: Tree) -> Out {
        Out { tree, ..Out::default() }
    }

    /// A new fact to fill in, about `bytes` of the message.
    pub fn fact(&mut self, kind: &'static str, bytes: Range<usize>) -> &mut Draft {
        self.facts.begin(kind, bytes)
    }

    /// Words for the line about a packet, if one is wanted; those that begin with a colon go on with the last.
    pub(crate) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(line) = self.line.as_mut().filter(|line| line.len() < LONGEST_LINE) {
            let words = words();
            if !line.is_empty() && !words.starts_with(':') {
                line.push_str(", ");
            }
            line.push_str(words.get(..words.floor_char_boundary(LONGEST_LINE)).unwrap_or(&words));
        }
    }

    /// Reads what is shown and not told, if somebody looks: what an error quotes, what a relay passes on. Its facts and issues are
    /// dropped, and nothing is learned from it.
    pub(crate) fn aside(&mut self, read: impl FnOnce(&mut Out)) {
        if !self.tree.is_on() {
            return;
        }
        let tree = std::mem::take(&mut self.tree);
        let mut aside = Out { held: self.held, grown: self.grown, depth: self.depth, ..Out::new(tree) };
        read(&mut aside);
        (self.tree, self.grown) = (aside.tree, aside.grown);
    }

    /// Bytes that break the protocol's rules: a note in the tree and an issue in the case.
    pub fn malformed(&mut self, at: usize, why: impl Into<String>) {
        let why = why.into();
        self.tree.note(crate::Level::Error, at..at, &why);
        self.complaints.push(Complaint { at, why });
    }
}
