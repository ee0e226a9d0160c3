//! LLDP (IEEE 802.1AB clause 8): network equipment says what it is, and through which port it is heard.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::{Kind, Mac, Party, hex};

use super::Layers;
use crate::Tree;
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "lldp",
    about: "a switch, access point, router or phone describes itself; the first time that it says so",
    fields: &[
        ("chassis", "what names the device: mostly its hardware address"),
        ("port", "what names the port that it was sent from"),
        ("port_description", "of the port"),
        ("system_name", "host name"),
        ("system_description", "make, model and software in the device's own words"),
        ("capabilities", "what the device does: bridge, wlan_access_point, router, telephone, ..."),
        ("management", "addresses that it is managed at"),
        ("ttl", "seconds for which this holds; 0: the device goes"),
    ],
};

/// What has been read of one frame's elements.
#[derive(Default)]
struct Said {
    chassis: String,
    port: String,
    port_description: String,
    name: String,
    description: String,
    capabilities: Vec<&'static str>,
    management: Vec<String>,
    ttl: Option<u16>,
}

const CAPABILITIES: [&str; 8] =
    ["other", "repeater", "bridge", "wlan_access_point", "router", "telephone", "docsis_cable_device", "station_only"];

pub(super) fn read(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "lldp";
    let (mut said, mut cursor) = (Said::default(), at);
    out.tree.open("lldp", "Link Layer Discovery Protocol", at..bytes.len(), String::new);
    loop {
        let Some(head) = u16_be(bytes, cursor) else {
            layers.short(bytes, cursor, "LLDP elements without an end", out);
            break;
        };
        let (kind, length) = ((head >> 9) as u8, usize::from(head & 0x1ff));
        let range = cursor + 2..cursor + 2 + length;
        let Some(value) = bytes.get(range.clone()) else {
            layers.short(bytes, cursor, "LLDP element cut short", out);
            break;
        };
        out.tree.open("lldp.tlv", "Element", cursor..range.end, || kind_word(kind).to_owned());
        out.tree.coded("lldp.tlv.type", "Type", cursor..cursor + 1, kind, || format!("{kind} ({})", kind_word(kind)));
        said.element(kind, value, range.start, out);
        out.tree.close();
        cursor = range.end;
        if kind == 0 {
            break;
        }
    }
    out.tree.close();
    if said.chassis.is_empty() {
        return;
    }
    let fact = out.fact("lldp", at..cursor.max(at + 1).min(bytes.len()));
    fact.once = true;
    fact.parties = layers.src_mac.map(|mac| (Party::Mac(mac), Party::None));
    fact.subject = if said.name.is_empty() { said.chassis.clone() } else { said.name.clone() };
    for (name, text) in [
        ("chassis", &said.chassis),
        ("port", &said.port),
        ("port_description", &said.port_description),
        ("system_name", &said.name),
        ("system_description", &said.description),
    ] {
        if !text.is_empty() {
            fact.fields.text(name, text);
        }
    }
    if !said.capabilities.is_empty() {
        fact.fields.texts("capabilities", said.capabilities);
    }
    if !said.management.is_empty() {
        fact.fields.texts("management", said.management);
    }
    if let Some(ttl) = said.ttl {
        fact.fields.int("ttl", ttl.into());
    }
}

impl Said {
    fn element(&mut self, kind: u8, value: &[u8], at: usize, out: &mut Out) {
        let range = at..at + value.len();
        let text = || String::from_utf8_lossy(value).trim_end_matches('\0').to_owned();
        let tree = &mut out.tree;
        match kind {
            1 => {
                self.chassis = identity(value, 4, 5);
                subtype(tree, "lldp.chassis.subtype", value, at);
                tree.text(chassis_name(value), "Chassis", range, &self.chassis);
            }
            2 => {
                self.port = identity(value, 3, 4);
                subtype(tree, "lldp.port.subtype", value, at);
                tree.text(
                    if value.first() == Some(&3) { "lldp.port.id.mac" } else { "lldp.port.id" },
                    "Port",
                    range,
                    &self.port,
                );
            }
            3 => {
                self.ttl = u16_be(value, 0);
                tree.int("lldp.time_to_live", "Time to live (s)", range, self.ttl.unwrap_or(0));
            }
            4 => {
                self.port_description = text();
                tree.text("lldp.port.desc", "Port description", range, &self.port_description);
            }
            5 => {
                self.name = text();
                tree.text("lldp.tlv.system.name", "System name", range, &self.name);
            }
            6 => {
                self.description = text();
                tree.text("lldp.tlv.system.desc", "System description", range, &self.description);
            }
            7 => {
                let enabled = u16_be(value, 2).unwrap_or(0);
                let words = CAPABILITIES.iter().enumerate().filter(|(bit, _)| enabled >> bit & 1 != 0);
                self.capabilities = words.map(|(_, word)| *word).collect();
                tree.coded("lldp.tlv.enable_system_cap", "Enabled capabilities", range, enabled, || {
                    format!("0x{enabled:04x} ({})", self.capabilities.join(", "))
                });
            }
            8 if self.management.len() < 16 => {
                let Some((length, rest)) = value.split_first() else { return };
                let address = rest.get(..usize::from(*length)).unwrap_or_default();
                let (name, text) = match address {
                    [1, rest @ ..] if rest.len() == 4 => {
                        ("lldp.mgn.addr.ip4", chunk::<4>(rest, 0).map(|raw| Ipv4Addr::from(raw).to_string()))
                    }
                    [2, rest @ ..] if rest.len() == 16 => {
                        ("lldp.mgn.addr.ip6", chunk::<16>(rest, 0).map(|raw| Ipv6Addr::from(raw).to_string()))
                    }
                    [_, rest @ ..] => ("lldp.mgn.addr.hex", Some(hex(rest))),
                    [] => return,
                };
                if let Some(text) = text {
                    tree.text(name, "Management address", at + 2..at + 1 + address.len(), &text);
                    self.management.push(text);
                }
            }
            127 => {
                if let Some([a, b, c]) = chunk::<3>(value, 0) {
                    let oui = u32::from_be_bytes([0, a, b, c]);
                    tree.coded("lldp.orgtlv.oui", "Organisation", at..at + 3, oui, || hex(&[a, b, c]));
                }
            }
            _ => {}
        }
    }
}

fn subtype(tree: &mut Tree, name: &'static str, value: &[u8], at: usize) {
    if let Some(kind) = value.first() {
        tree.int(name, "Subtype", at..at + 1, *kind);
    }
}

fn chassis_name(value: &[u8]) -> &'static str {
    match value.first() {
        Some(4) => "lldp.chassis.id.mac",
        Some(5) => "lldp.chassis.id.ip4",
        _ => "lldp.chassis.id",
    }
}

/// A chassis or port identifier, whose first byte says what it is; these two are hardware and network addresses.
fn identity(value: &[u8], mac: u8, network: u8) -> String {
    let Some((kind, rest)) = value.split_first() else { return String::new() };
    match rest {
        _ if *kind == mac && rest.len() == 6 => Mac::read(rest).map_or(String::new(), |mac| mac.to_string()),
        [1, address @ ..] if *kind == network && address.len() == 4 => {
            chunk::<4>(address, 0).map_or(String::new(), |raw| Ipv4Addr::from(raw).to_string())
        }
        [2, address @ ..] if *kind == network && address.len() == 16 => {
            chunk::<16>(address, 0).map_or(String::new(), |raw| Ipv6Addr::from(raw).to_string())
        }
        _ => match std::str::from_utf8(rest) {
            Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
            _ => hex(rest),
        },
    }
}

fn kind_word(kind: u8) -> &'static str {
    match kind {
        0 => "end",
        1 => "chassis",
        2 => "port",
        3 => "time to live",
        4 => "port description",
        5 => "system name",
        6 => "system description",
        7 => "capabilities",
        8 => "management address",
        127 => "organisation's own",
        _ => "reserved",
    }
}
