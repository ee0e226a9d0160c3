//! Wireshark's exported PDUs (LINKTYPE_WIRESHARK_UPPER_PDU; tags: wsutil/exported_pdu_tlvs.h there): a message without the packets that it
//! came in, behind tags that say what it is and between whom it passed. What passes on the bench is kept like this.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Ip, Layers, Transport};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::{Out, bench, by_name};

/// What an exported PDU is, as its tags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exported {
    /// A whole message of the protocol of this name.
    Message(&'static str),
    /// The message before it goes on: it was too long for one packet of a capture.
    More,
    /// What a port got: what it is has to be found out.
    Payload,
    /// Something that happened on the bench, which has been read; `begins`: it is the beginning of a connection.
    Event { begins: bool },
    /// Of a protocol that is not read here.
    Unknown,
}

const END: u16 = 0;
const PROTOCOL: u16 = 12;
const HEURISTIC: u16 = 13;
const TABLE: u16 = 14;
const IPV4_SRC: u16 = 20;
const IPV4_DST: u16 = 21;
const IPV6_SRC: u16 = 22;
const IPV6_DST: u16 = 23;
const PORT_TYPE: u16 = 24;
const SRC_PORT: u16 = 25;
const DST_PORT: u16 = 26;
const ORIGINAL: u16 = 30;
const TABLE_VALUE: u16 = 32;
const SHOWN: u16 = 33;
const DATA: u16 = 34;

/// Of ports.
const TCP: u32 = 2;
const UDP: u32 = 3;

#[derive(Default)]
struct Tags<'b> {
    protocol: Option<Cow<'b, str>>,
    heuristic: Option<Cow<'b, str>>,
    table: Option<Cow<'b, str>>,
    shown: Option<Cow<'b, str>>,
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    port_type: u32,
    ports: [u16; 2],
}

pub(super) fn read(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "exported_pdu";
    layers.exported = Some(Exported::Unknown);
    out.tree.open("exported_pdu", "Exported PDU", 0..end_of_tags(bytes), String::new);
    let found = tags(bytes, layers, out);
    out.tree.close();
    let Some((tags, at)) = found else { return };
    let payload = at..bytes.len();
    let is = tags.is(bytes, payload.clone(), out);
    layers.exported = Some(is);
    layers.top = match is {
        Exported::Message(name) => name,
        Exported::Event { .. } => bench::KIND.name,
        _ => layers.top,
    };
    let (Some(src), Some(dst)) = (tags.src, tags.dst) else { return };
    let proto = match tags.port_type {
        TCP => 6,
        UDP => 17,
        _ => return,
    };
    // An event is nothing that was said on the connection that it is about.
    let payload = if matches!(is, Exported::Event { .. }) { bytes.len()..bytes.len() } else { payload };
    layers.ip = Some(Ip { src, dst, proto, total: 0, ttl: 0 });
    let [src_port, dst_port] = tags.ports;
    let payload_len = payload.len() as u32;
    layers.transport = Some(Transport { src_port, dst_port, payload, payload_len, tcp: None });
}

/// Where the tags end, as far as they can be followed.
fn end_of_tags(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let (Some(tag), Some(length)) = (u16_be(bytes, at), u16_be(bytes, at + 2)) {
        at += 4 + usize::from(length);
        if tag == END || at >= bytes.len() {
            break;
        }
    }
    at.min(bytes.len())
}

/// The tags, and where what they are about begins.
fn tags<'b>(bytes: &'b [u8], layers: &Layers, out: &mut Out) -> Option<(Tags<'b>, usize)> {
    let (mut tags, mut at) = (Tags::default(), 0);
    loop {
        let (Some(tag), Some(length)) = (u16_be(bytes, at), u16_be(bytes, at + 2)) else {
            layers.short(bytes, at, "exported PDU: the tags end without their end", out);
            return None;
        };
        let range = at + 4..at + 4 + usize::from(length);
        let Some(value) = bytes.get(range.clone()) else {
            layers.short(bytes, at, "exported PDU: a tag is longer than the packet", out);
            return None;
        };
        out.tree.coded("exported_pdu.tag", "Tag", at..at + 2, tag, || format!("{tag} ({})", word(tag)));
        out.tree.int("exported_pdu.tag_len", "Length", at + 2..at + 4, length);
        at = range.end;
        if tag == END {
            return Some((tags, at));
        }
        tags.take(tag, value, range, out);
    }
}

impl<'b> Tags<'b> {
    fn take(&mut self, tag: u16, value: &'b [u8], range: Range<usize>, out: &mut Out) {
        match tag {
            PROTOCOL => name(value, "exported_pdu.prot_name", "Protocol name", range, &mut self.protocol, out),
            HEURISTIC => {
                name(value, "exported_pdu.heur_prot_name", "Heuristic protocol name", range, &mut self.heuristic, out);
            }
            TABLE => name(value, "exported_pdu.dis_table_name", "Dissector table", range, &mut self.table, out),
            SHOWN => name(value, "exported_pdu.col_proto_str", "Shown as", range, &mut self.shown, out),
            IPV4_SRC => address(v4(value), "exported_pdu.ipv4_src", "Source", range, &mut self.src, out),
            IPV4_DST => address(v4(value), "exported_pdu.ipv4_dst", "Destination", range, &mut self.dst, out),
            IPV6_SRC => address(v6(value), "exported_pdu.ipv6_src", "Source", range, &mut self.src, out),
            IPV6_DST => address(v6(value), "exported_pdu.ipv6_dst", "Destination", range, &mut self.dst, out),
            PORT_TYPE => {
                self.port_type = u32_be(value, 0).unwrap_or(0);
                out.tree.int("exported_pdu.port_type", "Port type", range, self.port_type);
            }
            SRC_PORT => port(value, "exported_pdu.src_port", "Source port", range, &mut self.ports[0], out),
            DST_PORT => port(value, "exported_pdu.dst_port", "Destination port", range, &mut self.ports[1], out),
            ORIGINAL => {
                let number = u32_be(value, 0).unwrap_or(0);
                out.tree.int("exported_pdu.orig_fno", "Frame that it came in", range, number);
            }
            TABLE_VALUE => {
                let number = u32_be(value, 0).unwrap_or(0);
                out.tree.int("exported_pdu.dis_table_val", "Value in the table", range, number);
            }
            DATA => out.tree.bytes("exported_pdu.dissector_data", "For the dissector", range, value),
            _ => out.tree.bytes("exported_pdu.unknown_tag.val", "Value", range, value),
        }
    }

    fn is(&self, bytes: &[u8], payload: Range<usize>, out: &mut Out) -> Exported {
        let protocol = self.protocol.as_deref().map(|name| name.split_once("-over-").map_or(name, |(short, _)| short));
        match protocol {
            Some("json") => match bench::read(bytes, payload, out) {
                Some(act) => Exported::Event { begins: act == "connected" },
                None => Exported::Unknown,
            },
            Some("data") if self.shown.as_deref().is_some_and(|name| by_name(name).is_some()) => Exported::More,
            Some(name) => known(name),
            None => match (self.heuristic.as_deref(), self.table.as_deref()) {
                // Those of Wireshark are called `http_tls`: over what it was found stands behind.
                (Some(name), _) => known(name.rsplit_once('_').map_or(name, |(short, _)| short)),
                (None, Some("tcp.port" | "udp.port")) => Exported::Payload,
                _ => Exported::Unknown,
            },
        }
    }
}

fn known(name: &str) -> Exported {
    by_name(name).map_or(Exported::Unknown, |protocol| Exported::Message(protocol.name()))
}

fn name<'b>(
    value: &'b [u8],
    node: &'static str,
    label: &'static str,
    range: Range<usize>,
    to: &mut Option<Cow<'b, str>>,
    out: &mut Out,
) {
    // Filled up with zeros to whole words.
    let length = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = String::from_utf8_lossy(value.get(..length).unwrap_or_default());
    out.tree.text(node, label, range, &text);
    *to = Some(text);
}

fn address(
    found: Option<IpAddr>,
    node: &'static str,
    label: &'static str,
    range: Range<usize>,
    to: &mut Option<IpAddr>,
    out: &mut Out,
) {
    if let Some(ip) = found {
        out.tree.text(node, label, range, ip);
        *to = Some(ip);
    }
}

fn v4(value: &[u8]) -> Option<IpAddr> {
    chunk::<4>(value, 0).map(|four| IpAddr::V4(Ipv4Addr::from(four)))
}

fn v6(value: &[u8]) -> Option<IpAddr> {
    chunk::<16>(value, 0).map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen)))
}

fn port(value: &[u8], node: &'static str, label: &'static str, range: Range<usize>, to: &mut u16, out: &mut Out) {
    let number = u32_be(value, 0).unwrap_or(0);
    out.tree.int(node, label, range, number);
    *to = number.try_into().unwrap_or(0);
}

fn word(tag: u16) -> &'static str {
    match tag {
        END => "end of tags",
        PROTOCOL => "protocol",
        HEURISTIC => "heuristic protocol",
        TABLE => "dissector table",
        IPV4_SRC => "IPv4 source",
        IPV4_DST => "IPv4 destination",
        IPV6_SRC => "IPv6 source",
        IPV6_DST => "IPv6 destination",
        PORT_TYPE => "port type",
        SRC_PORT => "source port",
        DST_PORT => "destination port",
        ORIGINAL => "original frame",
        TABLE_VALUE => "value in the dissector table",
        SHOWN => "shown as",
        DATA => "data for the dissector",
        _ => "unknown",
    }
}
