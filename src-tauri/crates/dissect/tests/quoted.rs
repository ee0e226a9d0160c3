//! The packets that ICMP errors quote: shown byte by byte to whoever looks, and nothing that happened.

use std::net::IpAddr;

use dissect::{Engine, Findings, FlowHint, Level, Node, Sighting, Value, inspect};
use model::{Cancelled, Fact, Flow, Frame, Issue, Time};

/// The errors among the frames of the lower layers' tests.
fn errors() -> Vec<(&'static str, Vec<u8>)> {
    let rows = include_str!("../src/layers/frames.txt").lines();
    let bytes =
        |hex: &str| (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let errors = rows.filter_map(|line| line.split_once(" 1 ")).filter(|(name, _)| name.contains("icmp"));
    errors.map(|(name, hex)| (name, bytes(hex))).collect()
}

fn tree(frame: &[u8]) -> Vec<Node> {
    inspect(frame, 1, frame.len() as u32, FlowHint::default(), &[], &[])
}

fn count(nodes: &[Node], name: &str) -> usize {
    nodes.iter().filter(|node| node.name == name).count()
}

#[derive(Default)]
struct Kept {
    facts: Vec<&'static str>,
    flows: Vec<Flow>,
    seen: Vec<Option<IpAddr>>,
}

impl Findings for Kept {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        self.facts.push(fact.kind);
        Ok(())
    }
    fn flow(&mut self, _: u32, flow: &Flow) -> Result<(), Cancelled> {
        self.flows.push(flow.clone());
        Ok(())
    }
    fn sighting(&mut self, sighting: &Sighting) -> Result<(), Cancelled> {
        self.seen.push(sighting.ip);
        Ok(())
    }
    fn issue(&mut self, issue: Issue) {
        panic!("{issue:?}");
    }
}

/// The only flow is the error's own, the only sender seen its sender, and what is quoted is told by no fact.
#[test]
fn nothing_is_told_of_them() {
    for (name, bytes) in errors() {
        let (mut engine, mut kept) = (Engine::new(), Kept::default());
        for number in 1..=3 {
            let (ts, offset) = (Some(Time(number as i64)), number * 10_000);
            let wire_len = bytes.len() as u32;
            let frame = Frame { number, ts, offset, bytes: &bytes, wire_len, interface: 0, link_type: 1 };
            engine.frame(&frame, &mut kept).unwrap();
        }
        engine.finish(&mut kept).unwrap();
        kept.facts.retain(|kind| *kind != "sighting" && !(name == "icmpv6_redirect" && *kind == "ndp"));
        assert!(kept.facts.is_empty(), "{name}: {:?}", kept.facts);
        let [flow] = &kept.flows[..] else { panic!("{name}: {:?}", kept.flows) };
        assert_eq!((flow.orig.frames, flow.service), (3, None), "{name}");
        // Whose IP it is, is told only where no router lies between.
        assert!(kept.seen.iter().all(|ip| ip.is_none_or(|ip| ip == flow.orig.ip)), "{name}: {:?}", kept.seen);
    }
}

#[test]
fn what_is_shown_is_where_it_says() {
    for (name, bytes) in errors() {
        for node in tree(&bytes) {
            let Value::Text(text) = &node.value else { continue };
            let octets = match text.parse() {
                Ok(IpAddr::V4(ip)) => ip.octets().to_vec(),
                Ok(IpAddr::V6(ip)) => ip.octets().to_vec(),
                Err(_) => continue,
            };
            assert_eq!(bytes[node.bytes.clone()], octets, "{name}: {node:?}");
        }
    }
}

#[test]
fn they_lie_within_the_error() {
    let all = errors();
    let of = |name: &str| tree(&all.iter().find(|(own, _)| *own == name).unwrap().1);
    for (name, expect) in [
        ("icmp_port_unreachable", &["eth", "ip", "icmp", " ip", " udp", " dns"][..]),
        ("icmp_eight_bytes", &["eth", "ip", "icmp", " ip", " tcp"]),
        ("icmp_too_big", &["eth", "ip", "icmp", " ip", " tcp", " http"]),
        ("icmp_redirect", &["eth", "ip", "icmp", " ip", " icmp", " data.data"]),
        ("icmp_extended", &["eth", "ip", "icmp", " ip", " udp", " dns", " icmp.ext"]),
        ("icmp_first_fragment", &["eth", "ip", "icmp", " ip", " udp", " dns"]),
        ("icmp_later_fragment", &["eth", "ip", "icmp", " ip", " data.data"]),
        ("icmp_cut_header", &["eth", "ip", "icmp", " data.data"]),
        ("icmp_no_quote", &["eth", "ip", "icmp"]),
        ("icmp_tunnel", &["eth", "ip", "icmp", " ip", " ip", " udp", " dns"]),
        ("icmp_twice", &["eth", "ip", "icmp", " ip", " icmp", "  ip", "  udp", "  dns"]),
        ("icmpv6_time_exceeded", &["eth", "ipv6", "icmpv6", " ipv6", " ipv6.ext", " udp", " dns"]),
        ("icmpv6_redirect", &["eth", "ipv6", "icmpv6", "  ipv6", "  udp", "  dns"]),
    ] {
        let is_shown =
            |node: &&Node| !node.name.contains('.') || matches!(node.name, "data.data" | "icmp.ext" | "ipv6.ext");
        let told: Vec<String> = of(name)
            .iter()
            .filter(is_shown)
            .map(|node| format!("{}{}", " ".repeat(node.depth.into()), node.name))
            .collect();
        assert_eq!(told, expect, "{name}");
    }
}

/// Nine errors one in the other: some are shown, the rest as bytes.
#[test]
fn an_error_about_an_error_ends() {
    let (_, bytes) = errors().into_iter().find(|(name, _)| *name == "nested_icmp").unwrap();
    let nodes = tree(&bytes);
    assert_eq!((count(&nodes, "icmp"), count(&nodes, "dns"), count(&nodes, "data.data")), (7, 0, 1));
}

/// Wherever a router stops quoting: that is no error of the packet's.
#[test]
fn a_cut_quote_is_not_malformed() {
    for (name, whole) in errors() {
        let six = whole[12..14] == [0x86, 0xdd];
        let start = if six { 14 + 40 + 8 } else { 14 + 20 + 8 };
        if name == "icmpv6_redirect" {
            continue; // its options have lengths of their own
        }
        for end in start..whole.len() {
            let mut bytes = whole[..end].to_vec();
            let (place, length) = if six { (18, end - 54) } else { (16, end - 14) };
            bytes[place..place + 2].copy_from_slice(&(length as u16).to_be_bytes());
            let nodes = tree(&bytes);
            assert!(nodes.iter().all(|node| node.level != Some(Level::Error)), "{name} up to {end}: {nodes:#?}");
            assert!(nodes.iter().all(|node| node.bytes.end <= end), "{name} up to {end}: {nodes:#?}");
        }
    }
}
