//! IPv6 neighbour discovery (RFC 4861) with the routers' options for names (RFC 8106) and duplicate address detection (RFC 4862).

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use model::{Kind, Mac, Party};

use super::{Layers, quoted};
use crate::Level;
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "ndp",
    about: "one IPv6 neighbour discovery message: who claims or asks for an address",
    fields: &[
        ("msg_type", "neighbour or router, solicitation or advertisement, or redirect"),
        ("target_ip", "the address that is asked for or claimed"),
        ("mac", "hardware address that the message states (option 1 or 2)"),
        ("duplicate_check", "sent from :: - a device that has just joined checks that its address is free"),
        ("router", "the sender is a router"),
        ("solicited", "an advertisement that answers a solicitation"),
        ("override", "an advertisement that replaces what is known of the address"),
        ("prefix", "a router advertises this prefix"),
        ("prefixes", "all prefixes, if the router advertises several"),
        ("dns_servers", "name servers that the router gives out"),
        ("dns_search", "domains that the router lets names be looked for in"),
        ("mtu", "greatest packet of the link, in bytes"),
        ("lifetime", "seconds for which the sender is a default router; 0: it is none"),
        ("managed", "addresses come by DHCPv6"),
        ("other_config", "other settings come by DHCPv6"),
        ("destination", "address that a redirect is about"),
        ("hop_limit", "of the packet, if it isn't 255: the message came through a router, or is forged"),
        ("mac_differs", "the Ethernet sender is not the one that the message names"),
    ],
};

/// What the options say.
#[derive(Default)]
struct Options {
    mac: Option<Mac>,
    prefixes: Vec<String>,
    servers: Vec<String>,
    search: Vec<String>,
    mtu: Option<u32>,
}

pub(super) fn read(bytes: &[u8], at: usize, kind: u8, layers: &Layers, out: &mut Out) {
    let Some(ip) = layers.ip else { return };
    let target = matches!(kind, 135..=137).then(|| chunk::<16>(bytes, at + 8).map(Ipv6Addr::from)).flatten();
    if let Some(target) = target {
        let name = match kind {
            135 => "icmpv6.nd.ns.target_address",
            136 => "icmpv6.nd.na.target_address",
            _ => "icmpv6.nd.rd.target_address",
        };
        out.tree.text(name, "Target address", at + 8..at + 24, target);
    }
    let destination = (kind == 137).then(|| chunk::<16>(bytes, at + 24).map(Ipv6Addr::from)).flatten();
    if let Some(destination) = destination {
        out.tree.text("icmpv6.rd.na.destination_address", "Destination address", at + 24..at + 40, destination);
    }
    if ip.ttl != 255 {
        out.tree.note(Level::Warn, at..at + 4, "hop limit is not 255: came through a router, or is forged");
    }
    let flags = bytes.get(at + if kind == 134 { 5 } else { 4 }).copied().unwrap_or(0);
    if kind == 136 && bytes.len() > at + 4 {
        for (name, label, bit) in [
            ("icmpv6.nd.na.flag.r", "Router", 0x80),
            ("icmpv6.nd.na.flag.s", "Solicited", 0x40),
            ("icmpv6.nd.na.flag.o", "Override", 0x20),
        ] {
            out.tree.int(name, label, at + 4..at + 5, u8::from(flags & bit != 0));
        }
    }
    let lifetime = (kind == 134).then(|| advertisement(bytes, at, flags, out)).flatten();
    let start = at
        + match kind {
            133 => 8,
            134 => 16,
            137 => 40,
            _ => 24,
        };
    let (options, end) = options(bytes, start, layers, out);
    let fact = out.fact("ndp", at..end.min(bytes.len()));
    fact.subject = target.map_or(ip.src, IpAddr::V6).to_string();
    fact.parties = Some((layers.src_mac.map_or(Party::Ip(ip.src), Party::Mac), Party::Ip(ip.dst)));
    let fields = &mut fact.fields;
    fields.text("msg_type", message_word(kind));
    if let Some(target) = target {
        fields.shown("target_ip", target);
    }
    if let Some(mac) = options.mac {
        fields.shown("mac", mac);
    }
    let advertises = kind == 136;
    // In a redirect the option names the target, not the sender.
    let differs = kind != 137 && options.mac.zip(layers.src_mac).is_some_and(|(stated, sender)| stated != sender);
    for (name, holds) in [
        ("duplicate_check", kind == 135 && ip.src.is_unspecified()),
        ("router", kind == 134 || (advertises && flags & 0x80 != 0)),
        ("solicited", advertises && flags & 0x40 != 0),
        ("override", advertises && flags & 0x20 != 0),
        ("managed", kind == 134 && flags & 0x80 != 0),
        ("other_config", kind == 134 && flags & 0x40 != 0),
        ("mac_differs", differs),
    ] {
        if holds {
            fields.flag(name, true);
        }
    }
    if let Some(prefix) = options.prefixes.first() {
        fields.text("prefix", prefix);
    }
    if options.prefixes.len() > 1 {
        fields.texts("prefixes", &options.prefixes);
    }
    for (name, list) in [("dns_servers", &options.servers), ("dns_search", &options.search)] {
        if !list.is_empty() {
            fields.texts(name, list);
        }
    }
    if let Some(mtu) = options.mtu {
        fields.int("mtu", mtu.into());
    }
    if let Some(lifetime) = lifetime {
        fields.int("lifetime", lifetime.into());
    }
    if let Some(destination) = destination {
        fields.shown("destination", destination);
    }
    if ip.ttl != 255 {
        fields.int("hop_limit", ip.ttl.into());
    }
}

/// A router advertisement's own fields (RFC 4861 section 4.2); gives the router lifetime.
fn advertisement(bytes: &[u8], at: usize, flags: u8, out: &mut Out) -> Option<u16> {
    let [hops, _] = chunk::<2>(bytes, at + 4)?;
    out.tree.int("icmpv6.nd.ra.cur_hop_limit", "Hop limit", at + 4..at + 5, hops);
    out.tree.int("icmpv6.nd.ra.flag.m", "Managed addresses", at + 5..at + 6, flags >> 7);
    out.tree.int("icmpv6.nd.ra.flag.o", "Other configuration", at + 5..at + 6, flags >> 6 & 1);
    let lifetime = u16_be(bytes, at + 6)?;
    out.tree.int("icmpv6.nd.ra.router_lifetime", "Router lifetime (s)", at + 6..at + 8, lifetime);
    let (reachable, retrans) = (u32_be(bytes, at + 8)?, u32_be(bytes, at + 12)?);
    out.tree.int("icmpv6.nd.ra.reachable_time", "Reachable time (ms)", at + 8..at + 12, reachable);
    out.tree.int("icmpv6.nd.ra.retrans_timer", "Retransmission timer (ms)", at + 12..at + 16, retrans);
    Some(lifetime)
}

/// Reads the options; gives them and where they end.
fn options(bytes: &[u8], start: usize, layers: &Layers, out: &mut Out) -> (Options, usize) {
    let (mut options, mut at) = (Options::default(), start);
    // Each option is at least 8 bytes, so that this ends.
    while let (Some(kind), Some(units)) = (bytes.get(at), bytes.get(at + 1)) {
        let end = at + usize::from(*units) * 8;
        if *units == 0 || end > bytes.len() {
            layers.short(bytes, at, "neighbour discovery option cut short", out);
            break;
        }
        out.tree.open("icmpv6.opt", "Option", at..end, || option_word(*kind).to_owned());
        out.tree.coded("icmpv6.opt.type", "Type", at..at + 1, *kind, || format!("{kind} ({})", option_word(*kind)));
        match *kind {
            4 => quoted::read(bytes, at + 8..end, true, layers, out),
            _ => options.read(&bytes[..end], at..end, *kind, out),
        }
        out.tree.close();
        at = end;
    }
    (options, at)
}

impl Options {
    fn read(&mut self, bytes: &[u8], range: Range<usize>, kind: u8, out: &mut Out) {
        let Range { start: at, end } = range;
        match kind {
            1 | 2 => {
                self.mac = bytes.get(at + 2..).and_then(Mac::read).or(self.mac);
                if let Some(mac) = self.mac {
                    out.tree.text("icmpv6.opt.linkaddr", "Link-layer address", at + 2..at + 8, mac);
                }
            }
            3 => {
                if let (Some(bits), Some(raw)) = (bytes.get(at + 2), chunk::<16>(bytes, at + 16)) {
                    let flags = bytes.get(at + 3).copied().unwrap_or(0);
                    let time = |from: usize| u32_be(bytes, from).unwrap_or(0);
                    out.tree.int("icmpv6.opt.prefix.length", "Prefix length", at + 2..at + 3, *bits);
                    out.tree.int("icmpv6.opt.prefix.flag.l", "On link", at + 3..at + 4, flags >> 7);
                    out.tree.int("icmpv6.opt.prefix.flag.a", "For own addresses", at + 3..at + 4, flags >> 6 & 1);
                    let lifetimes = (time(at + 4), time(at + 8));
                    out.tree.int("icmpv6.opt.prefix.valid_lifetime", "Valid for (s)", at + 4..at + 8, lifetimes.0);
                    let label = "Preferred for (s)";
                    out.tree.int("icmpv6.opt.prefix.preferred_lifetime", label, at + 8..at + 12, lifetimes.1);
                    out.tree.text("icmpv6.opt.prefix", "Prefix", at + 16..at + 32, Ipv6Addr::from(raw));
                    self.prefixes.push(format!("{}/{bits}", Ipv6Addr::from(raw)));
                }
            }
            5 => {
                self.mtu = u32_be(bytes, at + 4);
                out.tree.int("icmpv6.opt.mtu", "MTU", at + 4..at + 8, self.mtu.unwrap_or(0));
            }
            25 => {
                for place in (at + 8..end).step_by(16) {
                    let Some(server) = chunk::<16>(bytes, place).map(Ipv6Addr::from) else { break };
                    out.tree.text("icmpv6.opt.rdnss", "Recursive DNS server", place..place + 16, server);
                    self.servers.push(server.to_string());
                }
            }
            31 => self.domains(bytes, at + 8, out),
            14 => {
                if let Some(nonce) = bytes.get(at + 2..end) {
                    out.tree.bytes("icmpv6.opt.nonce", "Nonce", at + 2..end, nonce);
                }
            }
            _ => {}
        }
    }

    /// Domain names as in DNS, without compression, then zeros (RFC 8106 section 5.2).
    fn domains(&mut self, bytes: &[u8], start: usize, out: &mut Out) {
        let (mut at, mut name, mut first) = (start, String::new(), start);
        while let Some(length) = bytes.get(at).map(|length| usize::from(*length)) {
            if length == 0 {
                if name.is_empty() {
                    return;
                }
                out.tree.text("icmpv6.opt.dnssl", "Search domain", first..at + 1, &name);
                self.search.push(std::mem::take(&mut name));
                (at, first) = (at + 1, at + 1);
                continue;
            }
            let Some(label) = bytes.get(at + 1..at + 1 + length) else { return };
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&String::from_utf8_lossy(label));
            at += 1 + length;
        }
    }
}

fn message_word(kind: u8) -> &'static str {
    match kind {
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbour solicitation",
        136 => "neighbour advertisement",
        _ => "redirect",
    }
}

fn option_word(kind: u8) -> &'static str {
    match kind {
        1 => "source link-layer address",
        2 => "target link-layer address",
        3 => "prefix",
        4 => "redirected header",
        5 => "MTU",
        14 => "nonce",
        24 => "route",
        25 => "recursive DNS servers",
        31 => "DNS search list",
        37 => "captive portal",
        38 => "NAT64 prefix",
        _ => "other",
    }
}
