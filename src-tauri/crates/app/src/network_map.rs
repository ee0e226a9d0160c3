//! The home as a drawing: its devices, what they talk to inside and outside, and who stands in the middle.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use case::FlowPair;
use serde::Serialize;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::Result;
use crate::state::App;

#[derive(Clone, Debug, Serialize, TS)]
pub struct NetworkMap {
    /// Those with the most bytes first.
    pub nodes: Vec<MapNode>,
    pub links: Vec<MapLink>,
    /// Devices and addresses that were too many to draw.
    pub left_out: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct MapNode {
    /// Hardware address of a device; address of what is outside.
    pub id: String,
    pub name: String,
    pub role: MapRole,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// A conclusion from who talks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum MapRole {
    /// What is outside is behind its hardware address.
    Router,
    /// Several devices of the home talk to it.
    Hub,
    Leaf,
    Outside,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct MapLink {
    pub a: String,
    pub b: String,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub services: Vec<String>,
}

/// Devices and outside addresses that are drawn.
const MOST_DEVICES: usize = 60;
const MOST_OUTSIDE: usize = 40;
/// Neighbours in the home that make a hub.
const HUB: usize = 2;

pub(crate) fn network_map(app: &App, _: Nothing) -> Result<NetworkMap> {
    let case = app.open_case()?;
    let view = case::VIEWS.iter().find(|view| view.name == "devices");
    let request = case::PageRequest { limit: 10_000, ..case::PageRequest::default() };
    let devices = view.map(|view| case.page(view, &request)).transpose()?.unwrap_or_default().rows;
    let text =
        |row: &case::Row, name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let names = devices.iter().map(|row| (text(row, "mac"), text(row, "name"))).collect();
    // An end that never answered has no hardware address in its flow; its address may be known as one device's.
    let mut owners: HashMap<String, Vec<String>> = HashMap::new();
    for row in &devices {
        for ip in row.get("ips").and_then(|ips| ips.as_array()).into_iter().flatten().filter_map(|ip| ip.as_str()) {
            owners.entry(ip.to_owned()).or_default().push(text(row, "mac"));
        }
    }
    let one =
        |(ip, mut macs): (String, Vec<String>)| (macs.len() == 1).then(|| macs.pop()).flatten().map(|mac| (ip, mac));
    Ok(draw(&case.flow_pairs()?, &names, &owners.into_iter().filter_map(one).collect()))
}

/// Who an end of a flow is, if it is anybody in particular.
fn who(ip: &str, mac: Option<&String>) -> Option<(String, bool)> {
    let address: IpAddr = ip.parse().ok()?;
    let nobody = match address {
        IpAddr::V4(four) => four.is_broadcast() || four.is_multicast() || four.octets()[3] == 255,
        IpAddr::V6(six) => six.is_multicast(),
    };
    let home = match address {
        IpAddr::V4(four) => four.is_private() || four.is_link_local() || four.is_unspecified(),
        IpAddr::V6(six) => six.is_unicast_link_local() || six.is_unique_local() || six.is_unspecified(),
    };
    match (nobody, home, mac) {
        (true, ..) => None,
        (_, true, Some(mac)) => Some((mac.clone(), true)),
        (_, true, None) if address.is_unspecified() => None,
        (_, true, None) => Some((ip.to_owned(), true)),
        (_, false, _) => Some((ip.to_owned(), false)),
    }
}

fn draw(pairs: &[FlowPair], names: &HashMap<String, String>, owners: &HashMap<String, String>) -> NetworkMap {
    let mut links: BTreeMap<(String, String), (u64, u64, BTreeSet<String>)> = BTreeMap::new();
    let mut bytes: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    let mut doors: BTreeMap<String, u64> = BTreeMap::new();
    let mut neighbours: HashMap<String, BTreeSet<String>> = HashMap::new();
    for pair in pairs {
        let ends = [&pair.orig, &pair.resp].map(|(ip, mac)| who(ip, mac.as_ref().or_else(|| owners.get(ip))));
        for ((_, mac), end) in [&pair.orig, &pair.resp].iter().zip(&ends) {
            if let Some((id, home)) = end {
                let known = bytes.entry(id.clone()).or_insert((0, *home));
                known.0 = known.0.saturating_add(pair.bytes);
                // What is outside comes in through a hardware address of the home.
                if let (false, Some(mac)) = (*home, mac) {
                    let door = doors.entry(mac.clone()).or_default();
                    *door = door.saturating_add(pair.bytes);
                }
            }
        }
        let [Some((a, a_home)), Some((b, b_home))] = ends else { continue };
        if a == b {
            continue;
        }
        if a_home && b_home {
            neighbours.entry(a.clone()).or_default().insert(b.clone());
            neighbours.entry(b.clone()).or_default().insert(a.clone());
        }
        let link = links.entry(if a < b { (a, b) } else { (b, a) }).or_default();
        link.0 += pair.flows;
        link.1 = link.1.saturating_add(pair.bytes);
        link.2.extend(pair.services.split(',').filter(|service| !service.is_empty()).map(str::to_owned));
    }
    let router =
        doors.into_iter().max_by_key(|(mac, bytes)| (*bytes, std::cmp::Reverse(mac.clone()))).map(|(mac, _)| mac);
    if let Some(router) = &router {
        bytes.entry(router.clone()).or_insert((0, true));
    }
    let role = |id: &String, home: bool| {
        let beside =
            neighbours.get(id).map_or(0, |all| all.iter().filter(|other| Some(*other) != router.as_ref()).count());
        match home {
            false => MapRole::Outside,
            true if Some(id) == router.as_ref() => MapRole::Router,
            true if beside >= HUB => MapRole::Hub,
            true => MapRole::Leaf,
        }
    };
    let mut nodes: Vec<MapNode> = bytes
        .iter()
        .map(|(id, (bytes, home))| MapNode {
            id: id.clone(),
            name: names.get(id).cloned().unwrap_or_default(),
            role: role(id, *home),
            bytes: *bytes,
        })
        .collect();
    nodes.sort_by(|a, b| (a.role != MapRole::Router, b.bytes, &a.id).cmp(&(b.role != MapRole::Router, a.bytes, &b.id)));
    let before = nodes.len();
    let (mut devices, mut outside) = (0, 0);
    nodes.retain(|node| {
        let (count, most) = match node.role {
            MapRole::Outside => (&mut outside, MOST_OUTSIDE),
            _ => (&mut devices, MOST_DEVICES),
        };
        *count += 1;
        *count <= most
    });
    let drawn: BTreeSet<&String> = nodes.iter().map(|node| &node.id).collect();
    let links = links
        .into_iter()
        .filter(|((a, b), _)| drawn.contains(a) && drawn.contains(b))
        .map(|((a, b), (flows, bytes, services))| MapLink {
            a,
            b,
            flows,
            bytes,
            services: services.into_iter().collect(),
        })
        .collect();
    NetworkMap { left_out: (before - nodes.len()) as u32, links, nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_from_who_talks_to_whom() {
        let end = |ip: &str, mac: &str| (ip.to_owned(), (!mac.is_empty()).then(|| mac.to_owned()));
        let pair = |orig, resp, bytes| FlowPair { orig, resp, flows: 1, bytes, services: "mqtt,tls".into() };
        let (hub, lamp, plug) = (end("10.0.0.2", "hub"), end("10.0.0.3", "lamp"), end("10.0.0.4", "plug"));
        let map = draw(
            &[
                pair(lamp.clone(), hub.clone(), 10),
                pair(plug.clone(), hub.clone(), 20),
                pair(hub.clone(), end("203.0.113.9", "router"), 400),
                pair(lamp.clone(), end("203.0.113.9", "router"), 5),
                pair(lamp, end("224.0.0.251", ""), 9),
                pair(plug.clone(), end("10.0.0.255", ""), 9),
                // It did not answer, and yet it is known who it is.
                pair(plug, end("10.0.0.2", ""), 1),
            ],
            &HashMap::from([("lamp".to_owned(), "Desk lamp".to_owned())]),
            &HashMap::from([("10.0.0.2".to_owned(), "hub".to_owned())]),
        );
        let said: Vec<String> =
            map.nodes.iter().map(|node| format!("{} {:?} {} {}", node.id, node.role, node.bytes, node.name)).collect();
        assert_eq!(
            said,
            ["router Router 0 ", "hub Hub 431 ", "203.0.113.9 Outside 405 ", "plug Leaf 30 ", "lamp Leaf 24 Desk lamp"]
        );
        assert_eq!((map.links.len(), map.left_out), (4, 0));
        let link = map.links.iter().find(|link| link.a == "hub" && link.b == "lamp").unwrap();
        assert_eq!((link.bytes, link.services.join(" ")), (10, "mqtt tls".into()));
    }

    #[test]
    fn a_flood_of_addresses_is_cut() {
        let pairs: Vec<FlowPair> = (0..5_000_u32)
            .map(|n| FlowPair {
                orig: (format!("198.51.{}.{}", n / 250, n % 250 + 1), None),
                resp: (format!("10.0.{}.{}", n / 250, n % 250 + 1), Some(format!("mac{n}"))),
                flows: 1,
                bytes: u64::MAX,
                services: String::new(),
            })
            .collect();
        let map = draw(&pairs, &HashMap::new(), &HashMap::new());
        assert_eq!(map.nodes.len(), MOST_DEVICES + MOST_OUTSIDE);
        assert_eq!(map.left_out as usize, 10_000 - map.nodes.len());
    }
}
