//! The home as a drawing: its devices, what they talk to inside and outside, and who stands in the middle.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use case::{Binding, FlowPair};
use serde::Serialize;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::Result;
use crate::geo::{self, GeoPlace};
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
    /// Of what is outside, as loaded tables say.
    pub place: Option<GeoPlace>,
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
    let mut map = draw(&case.flow_pairs()?, &names, &Owners::new(case.bindings()?));
    for node in map.nodes.iter_mut().filter(|node| node.role == MapRole::Outside) {
        node.place = geo::place(app, &node.id);
    }
    Ok(map)
}

/// Whose an IP address was. An end that never answered, or was heard on a link without hardware addresses, has none in its flow.
#[derive(Default)]
struct Owners(HashMap<String, Claims>);

/// All that say whose one address was.
#[derive(Default)]
struct Claims {
    all: Vec<Binding>,
    /// They don't say the same.
    differ: bool,
}

/// An address about which more is said, and not the same, is nobody's.
const MOST_CLAIMS: usize = 1_000;

impl Owners {
    fn new(bindings: Vec<Binding>) -> Owners {
        let mut owners: HashMap<String, Claims> = HashMap::new();
        for binding in bindings {
            let claims = owners.entry(binding.ip.clone()).or_default();
            claims.differ |= claims.all.first().is_some_and(|first| first.mac != binding.mac);
            if claims.all.len() <= MOST_CLAIMS {
                claims.all.push(binding);
            }
        }
        Owners(owners)
    }

    /// The one that had the address in the same evidence at the time, else in the same evidence, else at the time in other evidence,
    /// else in the whole case. Nobody where several did.
    fn of(&self, ip: &str, pair: &FlowPair) -> Option<&String> {
        let Claims { all, differ } = self.0.get(ip)?;
        if !differ {
            return all.first().map(|claim| &claim.mac);
        }
        if all.len() > MOST_CLAIMS {
            return None;
        }
        let here = |binding: &&Binding| binding.run.is_some() && binding.run == pair.run;
        let then = |binding: &&Binding| match (binding.span, pair.span) {
            (Some((first, last)), Some((from, to))) => first <= to && from <= last,
            _ => false,
        };
        only(all.iter().filter(here).filter(then))
            .or_else(|| only(all.iter().filter(here)))
            .or_else(|| only(all.iter().filter(then)))
    }
}

/// The hardware address, if it is the same in all of them.
fn only<'b>(mut bindings: impl Iterator<Item = &'b Binding>) -> Option<&'b String> {
    let first = &bindings.next()?.mac;
    bindings.all(|binding| binding.mac == *first).then_some(first)
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

fn draw(pairs: &[FlowPair], names: &HashMap<String, String>, owners: &Owners) -> NetworkMap {
    let mut links: BTreeMap<(String, String), (u64, u64, BTreeSet<String>)> = BTreeMap::new();
    let mut bytes: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    let mut doors: BTreeMap<String, u64> = BTreeMap::new();
    let mut neighbours: HashMap<String, BTreeSet<String>> = HashMap::new();
    for pair in pairs {
        let ends = [&pair.orig, &pair.resp].map(|(ip, mac)| who(ip, mac.as_ref().or_else(|| owners.of(ip, pair))));
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
            place: None,
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
        let pair = |orig, resp, bytes| FlowPair {
            orig,
            resp,
            flows: 1,
            bytes,
            services: "mqtt,tls".into(),
            run: Some(7),
            span: None,
        };
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
            &Owners::new(vec![binding(7, "10.0.0.2", "hub", None)]),
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

    fn binding(run: i64, ip: &str, mac: &str, span: Option<(i64, i64)>) -> Binding {
        Binding { run: Some(run), ip: ip.to_owned(), mac: mac.to_owned(), span }
    }

    #[test]
    fn an_address_is_whose_it_was_there_and_then() {
        let owners = Owners::new(vec![
            // In one capture an address went from lamp to plug; a report knows it by a pseudonym, without a time.
            binding(1, "10.0.0.4", "lamp", Some((10, 20))),
            binding(1, "10.0.0.4", "plug", Some((30, 40))),
            binding(2, "10.0.0.4", "pseudonym", None),
            binding(1, "10.0.0.5", "hub", Some((10, 40))),
            binding(3, "10.0.0.5", "camera", Some((90, 99))),
        ]);
        let of = |ip: &str, run, span| {
            let nobody = (String::new(), None);
            let (services, flows, bytes) = (String::new(), 1, 1);
            let pair = FlowPair { orig: nobody.clone(), resp: nobody, flows, bytes, services, run: Some(run), span };
            owners.of(ip, &pair).cloned()
        };
        for (ip, run, span, who) in [
            ("10.0.0.4", 1, Some((12, 13)), Some("lamp")),
            ("10.0.0.4", 1, Some((35, 60)), Some("plug")),
            ("10.0.0.4", 1, Some((50, 60)), None),
            ("10.0.0.4", 2, Some((12, 13)), Some("pseudonym")),
            ("10.0.0.4", 9, Some((12, 13)), Some("lamp")),
            ("10.0.0.4", 9, None, None),
            ("10.0.0.5", 1, Some((91, 92)), Some("hub")),
            ("10.0.0.5", 9, Some((91, 92)), Some("camera")),
            ("10.0.0.6", 1, None, None),
        ] {
            assert_eq!(of(ip, run, span).as_deref(), who, "{ip} {run} {span:?}");
        }
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
                run: None,
                span: None,
            })
            .collect();
        let map = draw(&pairs, &HashMap::new(), &Owners::default());
        assert_eq!(map.nodes.len(), MOST_DEVICES + MOST_OUTSIDE);
        assert_eq!(map.left_out as usize, 10_000 - map.nodes.len());
    }
}
