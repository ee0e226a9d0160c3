//! Who listens to which multicast group: IGMP (RFC 1112, RFC 2236, RFC 3376) and MLD (RFC 2710, RFC 3810).
//!
//! Homes are full of it: a group is a service that a device looks for or offers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use model::{Kind, Party};

use super::Layers;
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "igmp",
    about: "a device joins, reports or leaves a multicast group (IGMP, MLD); once per sender and group",
    fields: &[
        ("msg_type", "membership_query, membership_report or leave_group"),
        ("group", "address of the group; of a query for all groups the unspecified address"),
        ("service", "what the group is for, if it is one of those that homes know"),
        ("protocol", "igmp or mld"),
        ("version", "of the protocol"),
        ("ip", "sender's IP address"),
        ("record_type", "what a report of the newest version says of the group: is_exclude, change_to_include, ..."),
        ("sources", "addresses that the group's packets are wanted from, or not wanted from"),
    ],
};

/// A report may name hundreds of groups; a device in a home names a dozen.
const MOST_RECORDS: usize = 128;
const MOST_SOURCES: usize = 16;

const SHORT: &str = "group membership message cut short";

pub(super) fn v4(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "igmp";
    let (Some([kind, time]), Some(sum)) = (chunk::<2>(bytes, at), u16_be(bytes, at + 2)) else {
        return layers.short(bytes, at, SHORT, out);
    };
    let long = bytes.len() >= at + 12;
    let (word, version) = match (kind, time) {
        (0x11, _) if long => ("membership_query", 3),
        (0x11, 0) => ("membership_query", 1),
        (0x11, _) => ("membership_query", 2),
        (0x12, _) => ("membership_report", 1),
        (0x16, _) => ("membership_report", 2),
        (0x17, _) => ("leave_group", 2),
        (0x22, _) => ("membership_report", 3),
        _ => return,
    };
    out.tree.open("igmp", "Internet Group Management Protocol", at..bytes.len(), || word.replace('_', " "));
    out.tree.int("igmp.version", "Version", at..at + 1, version);
    out.tree.coded("igmp.type", "Type", at..at + 1, kind, || format!("0x{kind:02x} ({})", word.replace('_', " ")));
    // RFC 2236 section 2.2: zero in what is no query.
    if kind == 0x11 || version == 2 {
        out.tree.int("igmp.max_resp", "Max response time", at + 1..at + 2, time);
    }
    out.tree.coded("igmp.checksum", "Checksum", at + 2..at + 4, sum, || format!("0x{sum:04x}"));
    let heard = Heard { word, version, protocol: "igmp" };
    if kind == 0x22 {
        records::<4>(bytes, at, &heard, layers, out);
    } else if let Some(group) = chunk::<4>(bytes, at + 4) {
        out.tree.text("igmp.maddr", "Multicast address", at + 4..at + 8, Ipv4Addr::from(group));
        heard.record(at..at + 8, address(&group), None, &[], layers, out);
    } else {
        layers.short(bytes, at + 4, SHORT, out);
    }
    out.tree.close();
}

/// The ICMPv6 messages 130, 131, 132 and 143; ICMPv6 has opened its group of the tree.
pub(super) fn v6(bytes: &[u8], at: usize, kind: u8, layers: &Layers, out: &mut Out) {
    let (word, version) = match kind {
        130 if bytes.len() >= at + 28 => ("membership_query", 2),
        130 => ("membership_query", 1),
        131 => ("membership_report", 1),
        132 => ("leave_group", 1),
        _ => ("membership_report", 2),
    };
    let heard = Heard { word, version, protocol: "mld" };
    if kind == 143 {
        records::<16>(bytes, at, &heard, layers, out);
    } else if let Some(group) = chunk::<16>(bytes, at + 8) {
        out.tree.text("icmpv6.mld.multicast_address", "Multicast address", at + 8..at + 24, Ipv6Addr::from(group));
        heard.record(at..at + 24, address(&group), None, &[], layers, out);
    } else {
        layers.short(bytes, at + 8, SHORT, out);
    }
}

/// Group records of the newest versions (RFC 3376 section 4.2.4, RFC 3810 section 5.2.5): `N` is the length of an address.
fn records<const N: usize>(bytes: &[u8], at: usize, heard: &Heard, layers: &Layers, out: &mut Out) {
    let four = N == 4;
    let Some(count) = u16_be(bytes, at + 6) else { return layers.short(bytes, at + 6, SHORT, out) };
    let names = match four {
        true => ("igmp.num_grp_recs", "igmp.group_record", "igmp.record_type", "igmp.maddr", "igmp.saddr"),
        false => (
            "icmpv6.mldr.nb_mcast_records",
            "icmpv6.mldr.mar",
            "icmpv6.mldr.mar.record_type",
            "icmpv6.mldr.mar.multicast_address",
            "icmpv6.mldr.mar.source_address",
        ),
    };
    out.tree.int(names.0, "Group records", at + 6..at + 8, count);
    let mut cursor = at + 8;
    for _ in 0..usize::from(count).min(MOST_RECORDS) {
        let (Some([kind, auxiliary]), Some(sources), Some(group)) =
            (chunk::<2>(bytes, cursor), u16_be(bytes, cursor + 2), chunk::<N>(bytes, cursor + 4))
        else {
            return layers.short(bytes, cursor, SHORT, out);
        };
        let list = cursor + 4 + N;
        let end = list + usize::from(sources) * N + usize::from(auxiliary) * 4;
        let word = record_word(kind);
        let range = cursor..end.min(bytes.len());
        out.tree.open(names.1, "Group record", range.clone(), || format!("{} {word}", address(&group)));
        out.tree.coded(names.2, "Record type", cursor..cursor + 1, kind, || format!("{kind} ({word})"));
        out.tree.text(names.3, "Multicast address", cursor + 4..list, address(&group));
        let mut wanted = Vec::new();
        for place in (list..).step_by(N).take(usize::from(sources).min(MOST_SOURCES)) {
            let Some(source) = chunk::<N>(bytes, place) else { break };
            out.tree.text(names.4, "Source address", place..place + N, address(&source));
            wanted.push(address(&source).to_string());
        }
        out.tree.close();
        // To include nothing any more is to leave.
        let heard = match (kind, sources) {
            (1 | 3, 0) => &Heard { word: "leave_group", ..*heard },
            _ => heard,
        };
        heard.record(range, address(&group), Some(word), &wanted, layers, out);
        if end > bytes.len() {
            return layers.short(bytes, list, SHORT, out);
        }
        cursor = end;
    }
}

#[derive(Clone, Copy)]
struct Heard {
    word: &'static str,
    version: u8,
    protocol: &'static str,
}

impl Heard {
    fn record(
        &self,
        range: Range<usize>,
        group: IpAddr,
        kind: Option<&str>,
        sources: &[String],
        layers: &Layers,
        out: &mut Out,
    ) {
        let Some(ip) = layers.ip else { return };
        let fact = out.fact("igmp", range);
        fact.once = true;
        fact.subject = group.to_string();
        fact.parties = Some((layers.src_mac.map_or(Party::Ip(ip.src), Party::Mac), Party::Ip(ip.dst)));
        fact.fields.text("msg_type", self.word);
        fact.fields.text("group", &fact.subject);
        if let Some(service) = service(group) {
            fact.fields.text("service", service);
        }
        fact.fields.text("protocol", self.protocol);
        fact.fields.int("version", self.version.into());
        fact.fields.shown("ip", ip.src);
        if let Some(kind) = kind {
            fact.own.text("record_type", kind);
        }
        if !sources.is_empty() {
            fact.own.texts("sources", sources);
        }
    }
}

fn address(raw: &[u8]) -> IpAddr {
    match (raw.first_chunk::<16>(), raw.first_chunk::<4>()) {
        (Some(six), _) => IpAddr::V6(Ipv6Addr::from(*six)),
        (None, Some(four)) => IpAddr::V4(Ipv4Addr::from(*four)),
        _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

fn record_word(kind: u8) -> &'static str {
    match kind {
        1 => "is_include",
        2 => "is_exclude",
        3 => "change_to_include",
        4 => "change_to_exclude",
        5 => "allow_new_sources",
        6 => "block_old_sources",
        _ => "other",
    }
}

/// IANA's multicast address registries, as far as homes use them.
fn service(group: IpAddr) -> Option<&'static str> {
    let word = match group {
        IpAddr::V4(four) => match four.octets() {
            [224, 0, 0, 1] => "all hosts",
            [224, 0, 0, 2] => "all routers",
            [224, 0, 0, 22] => "membership reports",
            [224, 0, 0, 251] => "mdns",
            [224, 0, 0, 252] => "llmnr",
            [224, 0, 1, 1] => "ntp",
            [224, 0, 1, 129..=132] => "ptp",
            [224, 0, 1, 187] => "coap",
            [224, 0, 23, 12] => "knxnet/ip",
            [239, 255, 255, 250] => "ssdp",
            [239, 255, 255, 253] => "slp",
            _ => return None,
        },
        IpAddr::V6(six) => match six.segments() {
            [0xff02, 0, 0, 0, 0, 0, 0, 1] => "all nodes",
            [0xff02, 0, 0, 0, 0, 0, 0, 2] => "all routers",
            [0xff02, 0, 0, 0, 0, 0, 0, 0x16] => "membership reports",
            [0xff02 | 0xff05 | 0xff08, 0, 0, 0, 0, 0, 0, 0xc] => "ssdp",
            [0xff02 | 0xff05, 0, 0, 0, 0, 0, 0, 0xfb] => "mdns",
            [0xff02 | 0xff03 | 0xff05, 0, 0, 0, 0, 0, 0, 0xfd] => "coap",
            [0xff02, 0, 0, 0, 0, 0, 1, 2] => "dhcpv6",
            [0xff02, 0, 0, 0, 0, 0, 1, 3] => "llmnr",
            [0xff02, 0, 0, 0, 0, 1, 0xff00..=0xffff, _] => "solicited node",
            _ => return None,
        },
    };
    Some(word)
}
