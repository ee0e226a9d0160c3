//! Packets within packets, through the engine: the innermost is the conversation, and a tunnel is told once.

use std::collections::BTreeSet;

use dissect::{Engine, Findings, FlowHint, Sighting, summarise};
use model::{Cancelled, Fact, Flow, Frame, Issue, Time};

#[derive(Default)]
struct Kept {
    facts: Vec<Fact>,
    flows: Vec<Flow>,
    sightings: Vec<Sighting>,
}

impl Findings for Kept {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        self.facts.push(fact.clone());
        Ok(())
    }
    fn flow(&mut self, _: u32, flow: &Flow) -> Result<(), Cancelled> {
        self.flows.push(flow.clone());
        Ok(())
    }
    fn sighting(&mut self, sighting: &Sighting) -> Result<(), Cancelled> {
        self.sightings.push(sighting.clone());
        Ok(())
    }
    fn issue(&mut self, issue: Issue) {
        panic!("{issue:?}");
    }
}

fn read(frames: &[Vec<u8>]) -> Kept {
    let (mut engine, mut kept) = (Engine::new(), Kept::default());
    for (n, bytes) in frames.iter().enumerate() {
        let number = n as u64 + 1;
        let (ts, offset) = (Some(Time(number as i64 * 1_000_000)), number * 10_000);
        let frame = Frame { number, ts, offset, bytes, wire_len: bytes.len() as u32, interface: 0, link_type: 1 };
        engine.frame(&frame, &mut kept).unwrap();
    }
    engine.finish(&mut kept).unwrap();
    kept
}

/// The frames of the lower layers' tests by name.
fn frame(name: &str) -> Vec<u8> {
    let rows = include_str!("../src/layers/frames.txt").lines();
    let hex = rows.filter_map(|line| line.strip_prefix(&format!("{name} 1 "))).next().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The same frame from the other end: IPv4 addresses exchanged.
fn back(mut frame: Vec<u8>) -> Vec<u8> {
    let (src, dst) = (frame[26..30].to_vec(), frame[30..34].to_vec());
    frame[26..30].copy_from_slice(&dst);
    frame[30..34].copy_from_slice(&src);
    frame
}

#[test]
fn the_innermost_packet_is_the_conversation() {
    for (name, kind) in [
        ("gre_ip", "gre"),
        ("gre_key_teb", "gre"),
        ("pptp", "pptp"),
        ("ip4_in_4", "4in4"),
        ("ip4_in_6", "4in6"),
        ("vxlan", "vxlan"),
        ("pppoe_session", "pppoe"),
    ] {
        let kept = read(&[frame(name), frame(name)]);
        let [flow] = &kept.flows[..] else { panic!("{name}: {:?}", kept.flows) };
        assert_eq!(
            (flow.orig.ip.to_string(), flow.resp.port, flow.service, flow.orig.frames),
            ("10.0.0.2".to_owned(), 53, Some("dns"), 2),
            "{name}"
        );
        let told: Vec<&Fact> = kept.facts.iter().filter(|fact| fact.kind == "tunnel").collect();
        assert_eq!((told.len(), told[0].subject.as_str()), (1, kind), "{name}");
        assert_eq!(kept.facts.iter().filter(|fact| fact.kind == "dns").count(), 2, "{name}");
    }
}

#[test]
fn a_tunnel_is_told_once_whichever_end_speaks() {
    let kept = read(&[frame("gre_ip"), back(frame("gre_ip"))]);
    let ends: Vec<String> =
        kept.facts.iter().filter(|fact| fact.kind == "tunnel").map(|f| f.fields.to_json()).collect();
    assert_eq!(ends, [r#"{"tunnel_type":"gre","endpoints":["192.0.2.7","198.51.100.9"]}"#]);
}

#[test]
fn a_line_on_a_frame_says_what_is_inside() {
    for (name, protocol, info) in [
        ("pppoe_lcp", "ppp", "configure_request lcp"),
        ("vxlan_arp", "arp", "request 10.0.0.1"),
        ("ip4_in_4", "dns", "query www.example"),
        ("igmp_v2_report", "igmp", "membership_report 224.0.0.251"),
    ] {
        let bytes = frame(name);
        let line = summarise(&bytes, 1, bytes.len() as u32, FlowHint::default());
        assert_eq!((line.protocol, line.info.as_str()), (protocol, info), "{name}");
    }
}

/// The machine at a tunnel's end isn't the one whose packets come out of it.
#[test]
fn no_address_within_a_routed_tunnel_is_the_outer_senders() {
    let seen = |name: &str| -> BTreeSet<String> {
        let sightings = read(&[frame(name)]).sightings;
        sightings.iter().map(|s| format!("{} {}", s.mac, s.ip.map_or(String::new(), |ip| ip.to_string()))).collect()
    };
    assert!(seen("gre_ip").is_empty());
    assert_eq!(seen("vxlan"), BTreeSet::from(["02:00:00:00:00:21 10.0.0.2".to_owned()]));
}

#[test]
fn a_tunnels_packet_in_fragments() {
    let whole = frame("vxlan");
    let (header, payload) = (&whole[..34], &whole[34..]);
    let cut = 48;
    let fragments: Vec<Vec<u8>> = [(0, &payload[..cut], true), (cut, &payload[cut..], false)]
        .into_iter()
        .map(|(offset, part, more)| {
            let mut frame = header.to_vec();
            frame[16..18].copy_from_slice(&(20 + part.len() as u16).to_be_bytes());
            frame[20..22].copy_from_slice(&((offset as u16 / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
            [frame, part.to_vec()].concat()
        })
        .collect();
    let kept = read(&fragments);
    assert_eq!((kept.flows.len(), kept.flows[0].service), (1, Some("dns")));
    let told: Vec<(&str, Option<u64>)> = kept.facts.iter().map(|fact| (fact.kind, fact.place.frame)).collect();
    assert_eq!(told, [("tunnel", Some(1)), ("dns", Some(2)), ("sighting", Some(1))]);
}
