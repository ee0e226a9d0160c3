//! What a name in a filter means.

use dissect::protocols;
use model::filter::{Mistake, Name};

use super::aliases::{ALIASES, Alias};
use super::countries::{SAID, Said};
use crate::kinds::{kind, kinds};

/// Which end of a packet, a fact or a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Either,
    Src,
    Dst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Four,
    Six,
}

impl Version {
    /// All its addresses.
    pub fn block(self) -> &'static str {
        match self {
            Version::Four => "0.0.0.0/0",
            Version::Six => "::/0",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// `dns`, `tcp`, `eth`; also a kind of fact.
    Protocol(&'static str),
    /// An IP address; of version 4 or 6.
    Host(End, Version),
    /// Where an address is, by a table that is loaded.
    Geo(End, Version, Said),
    /// A hardware address.
    Mac(End),
    /// Of `tcp` or `udp`.
    Port(&'static str, End),
    Time,
    /// A column of the frame index.
    Index(&'static str),
    /// A column of flows.
    Flow(&'static str),
    Fact(Told),
    /// A column of the view that is asked.
    Column(String),
    /// Read from packets only: the name of a node of a packet's tree.
    Seen(&'static str),
}

/// What facts tell: of these kinds, one of these fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub kinds: Vec<&'static str>,
    pub fields: Vec<&'static str>,
    pub only: [Option<(&'static str, &'static str)>; 2],
    pub words: &'static [(&'static str, &'static str)],
}

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Ip,
    Mac,
    Number,
    Time,
    Text,
}

/// A name that can be written, and what it means.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub name: String,
    pub means: Means,
    pub shape: Shape,
    pub about: String,
}

fn known(name: impl Into<String>, means: Means, shape: Shape, about: impl Into<String>) -> Known {
    Known { name: name.into(), means, shape, about: about.into() }
}

/// Lower layers, which make no kind of fact of their own name.
const LAYERS: &[(&str, &str)] = &[
    ("frame", "every packet"),
    ("eth", "Ethernet"),
    ("ip", "Internet Protocol version 4"),
    ("ipv6", "Internet Protocol version 6"),
    ("tcp", "Transmission Control Protocol"),
    ("udp", "User Datagram Protocol"),
    ("icmp", "Internet Control Message Protocol of version 4"),
    ("icmpv6", "Internet Control Message Protocol of version 6"),
];

/// Fields of the lower layers that only packets have.
const SEEN: &[(&str, Shape, &str)] = &[
    ("eth.type", Shape::Number, "what an Ethernet frame carries"),
    ("vlan.id", Shape::Number, "VLAN"),
    ("ip.ttl", Shape::Number, "IPv4 time to live"),
    ("ip.id", Shape::Number, "IPv4 identification"),
    ("ip.len", Shape::Number, "IPv4 total length"),
    ("ip.proto", Shape::Number, "what an IPv4 packet carries"),
    ("ip.frag_offset", Shape::Number, "place of a fragment in its datagram"),
    ("ipv6.hlim", Shape::Number, "IPv6 hop limit"),
    ("ipv6.flow", Shape::Number, "IPv6 flow label"),
    ("ipv6.nxt", Shape::Number, "what an IPv6 packet carries"),
    ("icmp.type", Shape::Number, "kind of ICMP message: 3 is that something could not be reached"),
    ("icmp.code", Shape::Number, "why, within the kind"),
    ("icmpv6.type", Shape::Number, "kind of ICMPv6 message: 1 is that something could not be reached"),
    ("icmpv6.code", Shape::Number, "why, within the kind"),
    ("igmp.type", Shape::Number, "kind of IGMP message: 0x11 is a query"),
    ("igmp.maddr", Shape::Ip, "group that an IGMP message is about"),
    ("tcp.flags", Shape::Number, "TCP flags as a number: 0x02 is SYN"),
    ("tcp.seq_raw", Shape::Number, "TCP sequence number as it is sent"),
    ("tcp.ack_raw", Shape::Number, "TCP acknowledgment number as it is sent"),
    ("tcp.window_size_value", Shape::Number, "TCP window as it is sent"),
    ("udp.length", Shape::Number, "UDP length"),
    ("radiotap.dbm_antsignal", Shape::Number, "signal at the receiver, dBm"),
    ("wlan.fc.type_subtype", Shape::Number, "kind of 802.11 frame"),
    ("wlan.ra", Shape::Mac, "receiver of an 802.11 frame"),
    ("wlan.ta", Shape::Mac, "transmitter of an 802.11 frame"),
];

/// Columns of flows under names of our own.
const FLOWS: &[(&str, &str, Shape, &str)] = &[
    ("flow.service", "service", Shape::Text, "application protocol of the flow, recognised by payload"),
    ("flow.state", "conn_state", Shape::Text, "how the flow went, in Zeek's words"),
    ("flow.duration", "duration", Shape::Number, "first to last frame of the flow, seconds"),
    ("flow.orig_bytes", "orig_bytes", Shape::Number, "payload from who opened the flow"),
    ("flow.resp_bytes", "resp_bytes", Shape::Number, "payload from who answered"),
    ("flow.missed_bytes", "missed_bytes", Shape::Number, "payload of the flow that no frame holds"),
    ("flow.odd_port", "odd_port", Shape::Number, "1: the protocol is on a port that is not its own"),
];

/// Everything that can be written in a filter on a view.
pub(super) fn all(view: &str) -> Vec<Known> {
    use Shape::{Ip, Mac, Number, Text, Time};
    let mut list = Vec::new();
    for (name, about) in LAYERS {
        list.push(known(*name, Means::Protocol(name), Text, *about));
    }
    for protocol in protocols::ALL {
        let kind = protocol.kinds().iter().find(|kind| kind.name == protocol.name());
        let about = kind.map_or_else(|| format!("conversations in {}", protocol.name()), |kind| kind.about.to_owned());
        list.push(known(protocol.name(), Means::Protocol(protocol.name()), Text, about));
    }
    for kind in kinds() {
        list.push(known(kind.name, Means::Protocol(kind.name), Text, kind.about));
    }
    for (end, suffix, who) in [
        (End::Either, "addr", "of either end"),
        (End::Src, "src", "of the sender"),
        (End::Dst, "dst", "of the receiver"),
    ] {
        list.push(known(
            format!("ip.{suffix}"),
            Means::Host(end, Version::Four),
            Ip,
            format!("IPv4 address {who}; 10.0.0.0/8 is a block"),
        ));
        list.push(known(
            format!("ipv6.{suffix}"),
            Means::Host(end, Version::Six),
            Ip,
            format!("IPv6 address {who}; fe80::/10 is a block"),
        ));
        list.push(known(format!("eth.{suffix}"), Means::Mac(end), Mac, format!("hardware address {who}")));
    }
    for (layer, version) in [("ip", Version::Four), ("ipv6", Version::Six)] {
        for (end, prefix, who) in [
            (End::Either, "", "of either end"),
            (End::Src, "src_", "of the sender"),
            (End::Dst, "dst_", "of the receiver"),
        ] {
            let name = |part: &str| format!("{layer}.geoip.{prefix}{part}");
            let geo = SAID.iter().map(|(part, said, shape, about)| {
                known(
                    name(part),
                    Means::Geo(end, version, *said),
                    *shape,
                    format!("{about}, {who}, by the table that is loaded"),
                )
            });
            list.extend(geo);
        }
    }
    for transport in ["tcp", "udp"] {
        for (end, suffix, who) in [
            (End::Either, "port", "of either end"),
            (End::Src, "srcport", "of the sender"),
            (End::Dst, "dstport", "of the receiver"),
        ] {
            let about = format!("{} port {who}", transport.to_uppercase());
            list.push(known(format!("{transport}.{suffix}"), Means::Port(transport, end), Number, about));
        }
    }
    list.push(known("frame.time", Means::Time, Time, "when: \"2026-03-14T17:42:09Z\""));
    list.push(known("frame.number", Means::Index("frame"), Number, "number of the packet in its capture, from 1"));
    list.push(known("frame.len", Means::Index("length"), Number, "bytes on the wire"));
    list.push(known("frame.cap_len", Means::Index("cap_len"), Number, "bytes captured"));
    list.push(known("frame.interface_id", Means::Index("interface"), Number, "interface of the capture, from 0"));
    for (name, column, shape, about) in FLOWS {
        list.push(known(*name, Means::Flow(column), *shape, *about));
    }
    if view == "frames" {
        for (name, shape, about) in SEEN {
            list.push(known(*name, Means::Seen(name), *shape, *about));
        }
    }
    for alias in ALIASES {
        list.push(known(alias.name, Means::Fact(told(alias)), Text, about(alias)));
    }
    for kind in kinds() {
        for (field, about) in kind.fields {
            let name = format!("{}.{field}", kind.name);
            // A protocol's field may be in several of its kinds.
            let mine =
                protocols::ALL.iter().find(|protocol| protocol.name() == kind.name).map(|protocol| protocol.kinds());
            let mut kinds: Vec<&'static str> = mine
                .unwrap_or_default()
                .iter()
                .filter(|other| other.name == kind.name || other.fields.iter().any(|(name, _)| name == field))
                .map(|kind| kind.name)
                .collect();
            if kinds.is_empty() {
                kinds.push(kind.name);
            }
            list.push(known(
                name,
                Means::Fact(Told { kinds, fields: vec![field], only: [None; 2], words: &[] }),
                Text,
                *about,
            ));
        }
    }
    for column in columns(view) {
        list.push(column);
    }
    // The first of a name counts: a Wireshark name before a kind's own.
    let mut seen = std::collections::HashSet::new();
    list.retain(|known| seen.insert(known.name.clone()));
    list
}

/// The view's own columns, under their own names.
fn columns(view: &str) -> Vec<Known> {
    let columns = match case::VIEWS.iter().find(|fixed| fixed.name == view) {
        Some(fixed) => fixed.columns().into_iter().map(crate::rows::Column::from).collect(),
        None if view == "coverage" => Vec::new(),
        None if view == "frames" => crate::frames::columns(),
        None => crate::rows::fact_columns(kind(view)),
    };
    let shape = |shape| match shape {
        crate::rows::Shape::Number | crate::rows::Shape::Bytes | crate::rows::Shape::Duration => Shape::Number,
        crate::rows::Shape::Time => Shape::Time,
        _ => Shape::Text,
    };
    let unasked = |name: &str| matches!(name, "summary" | "run" | "time_kind");
    columns
        .into_iter()
        .filter(|column| !unasked(&column.name) || case::VIEWS.iter().any(|fixed| fixed.name == view))
        .map(|column| known(column.name.clone(), Means::Column(column.name), shape(column.shape), column.about))
        .collect()
}

fn told(alias: &Alias) -> Told {
    Told { kinds: alias.kinds.to_vec(), fields: alias.fields.to_vec(), only: alias.only, words: alias.words }
}

fn about(alias: &Alias) -> String {
    let declared = alias.kinds.first().and_then(|name| kind(name)).into_iter().flat_map(|kind| kind.fields);
    let first = alias.fields.first().copied().unwrap_or_default();
    let about = declared.clone().find(|(field, _)| *field == first).map_or("", |(_, about)| *about);
    format!("{about} ({}.{first})", alias.kinds.first().copied().unwrap_or_default())
}

/// What a name means in a filter on a view.
pub(super) fn lookup(name: &Name, view: &str) -> Result<Known, Mistake> {
    let mut all = all(view);
    let found = all.iter().position(|known| known.name == name.text);
    let found = found.or_else(|| all.iter().position(|known| known.name.eq_ignore_ascii_case(&name.text)));
    if let Some(at) = found {
        return Ok(all.swap_remove(at));
    }
    let what = if name.text.contains('.') { "field" } else { "field or protocol" };
    let mut mistake = Mistake::new(format!("unknown {what} '{}'", name.text), name.at.clone());
    if view != "frames" && SEEN.iter().any(|(seen, ..)| *seen == name.text) {
        mistake.why = format!("'{}' is read from packets, and can only be asked of frames", name.text);
    } else if let Some(near) = nearest(&name.text, all.iter().map(|known| known.name.as_str())) {
        mistake.hint = format!("did you mean '{near}'?");
    }
    Err(mistake)
}

/// The name that was probably meant.
fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let wrong = wrong.to_ascii_lowercase();
    let near = names.map(|name| (distance(&wrong, &name.to_ascii_lowercase()), name)).min()?;
    let most = (wrong.len() / 3).max(1);
    (near.0 <= most).then(|| near.1.to_owned())
}

/// Letters to change, add, leave out or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 8 || a.len() > 64 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let above = &rows[i];
            let mut best = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}
