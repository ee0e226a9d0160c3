//! Devices as conclusions from facts: who is behind a hardware address, and what says so.
//!
//! Facts are never changed; this is drawn up anew from all of them after each import.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use case::{Case, DeviceRow, FactGroup, IdentityRow};
use model::Mac;
use serde_json::Value;

use crate::error::Result;
use crate::vendors::vendor;

/// Whose identity a fact tells.
enum Of {
    /// The hardware address in this field.
    Field(&'static str),
    /// The sender: its hardware address, or the one that its IP address belonged to in this capture.
    Sender,
}

/// A field of a kind of fact that identifies a device.
struct Sign {
    kind: &'static str,
    field: &'static str,
    of: Of,
    /// What an analyst calls it.
    name: &'static str,
    /// How good a name for the device it makes; 0: none.
    rank: u8,
}

/// Facts are grouped by their `fields`, and those without a sign are not looked at: a sign has to be among these, not in a fact's `own`. Devices are known by hardware address: what
/// only names a Zigbee device's 64-bit address (`extended_address`) makes none.
const fn sign(kind: &'static str, field: &'static str, of: Of, name: &'static str, rank: u8) -> Sign {
    Sign { kind, field, of, name, rank }
}

/// Everything that identifies a device, the best names first. `subject` is the fact's subject.
const SIGNS: &[Sign] = &[
    sign("station", "mdns_names", Of::Field("mac"), "router: mdns name", 9),
    sign("dhcp", "host_name", Of::Field("mac"), "dhcp name", 8),
    sign("station", "hostname", Of::Field("mac"), "router: dhcp name", 7),
    sign("mdns", "instance", Of::Sender, "mdns service name", 5),
    sign("mdns", "host", Of::Sender, "mdns host", 6),
    sign("mqtt", "client_id", Of::Sender, "mqtt client", 3),
    sign("ble", "name", Of::Field("address"), "bluetooth name", 4),
    sign("kasa", "alias", Of::Field("mac"), "kasa alias", 8),
    sign("lifx", "label", Of::Field("target"), "lifx label", 8),
    sign("lldp", "system_name", Of::Sender, "lldp system name", 6),
    sign("snmp", "sys_name", Of::Sender, "snmp system name", 6),
    sign("hue", "name", Of::Field("mac"), "hue bridge name", 7),
    sign("upnp", "friendly_name", Of::Sender, "upnp friendly name", 6),
    sign("wsd", "name", Of::Sender, "ws-discovery name", 4),
    sign("wlan", "wps_device_name", Of::Sender, "wps device name", 4),
    sign("ssdp", "friendly_name", Of::Sender, "upnp friendly name", 4),
    sign("dhcp", "vendor_class", Of::Field("mac"), "dhcp vendor class", 0),
    sign("dhcp", "param_list", Of::Field("mac"), "dhcp fingerprint", 0),
    sign("dhcp", "assigned_addr", Of::Field("mac"), "ip by dhcp", 0),
    sign("arp", "ip", Of::Field("mac"), "ip by arp", 0),
    sign("ndp", "target_ip", Of::Field("mac"), "ip by neighbour discovery", 0),
    sign("mdns", "service", Of::Sender, "mdns service", 0),
    sign("ssdp", "server", Of::Sender, "ssdp server", 0),
    sign("ssdp", "usn", Of::Sender, "ssdp usn", 0),
    sign("ssdp", "hue_bridgeid", Of::Sender, "hue bridge id", 0),
    sign("hue", "bridge_id", Of::Field("mac"), "hue bridge id", 0),
    sign("hue", "model_id", Of::Field("mac"), "model", 0),
    sign("upnp", "model_name", Of::Sender, "model", 0),
    sign("upnp", "model_number", Of::Sender, "model number", 0),
    sign("upnp", "manufacturer", Of::Sender, "maker", 0),
    sign("upnp", "serial_number", Of::Sender, "serial number", 0),
    sign("upnp", "udn", Of::Sender, "upnp udn", 0),
    sign("http", "user_agent", Of::Sender, "user agent", 0),
    sign("http", "server", Of::Sender, "http server", 0),
    sign("tls", "ja4", Of::Sender, "tls client (JA4)", 0),
    sign("quic_hello", "ja4", Of::Sender, "quic client (JA4)", 0),
    sign("kasa", "model", Of::Field("mac"), "model", 0),
    sign("wsd", "hardware", Of::Sender, "model", 0),
    sign("wlan", "wps_model", Of::Sender, "model", 0),
    sign("wlan", "wps_manufacturer", Of::Sender, "maker", 0),
    sign("lldp", "system_description", Of::Sender, "lldp system description", 0),
    sign("snmp", "display_string", Of::Sender, "snmp description", 0),
    sign("eapol", "identity", Of::Sender, "802.1X identity", 0),
    sign("wlan", "ssid", Of::Sender, "network asked for or offered", 0),
    sign("sighting", "node", Of::Field("device"), "heard by", 0),
    sign("station", "station_id", Of::Field("mac"), "router: station id", 0),
    sign("station", "colon_mac", Of::Field("mac"), "router: other pseudonym", 0),
    sign("station", "ip_addresses", Of::Field("mac"), "router: ip", 0),
    sign("station", "lease_address", Of::Field("mac"), "router: leased ip", 0),
    sign("station", "taxonomy_ids", Of::Field("mac"), "router: kind of device", 0),
];

/// Fields of a router's station that a device shows as its own.
const DETAILS: &[&str] =
    &["station_id", "join_rule", "join_confidence", "band", "connected", "wired", "lease_address", "guest"];

/// Draws up all devices of the case.
pub(crate) fn devices(case: &Case) -> Result<()> {
    let mut board = Board::default();
    for same in case.same_devices()? {
        if let (Ok(mac), Ok(device)) = (Mac::parse(&same.mac), Mac::parse(&same.device)) {
            board.same.insert(mac, device);
        }
    }
    board.sightings(case)?;
    let mut signs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for sign in SIGNS.iter().filter(|sign| sign.kind != "station") {
        signs.entry(sign.kind).or_default().push(sign.field);
    }
    // Stations first: they say which pseudonyms are the same client's. Of these and of a router's log, all counts.
    let first = [("station", &[] as &[&str])].into_iter();
    let kinds = first.chain(signs.iter().map(|(kind, fields)| (*kind, &fields[..])));
    let kinds: Vec<(&str, &[&str])> = kinds.chain([("log", &[] as &[&str]), ("association", &[])]).collect();
    case.each_group(&kinds, &mut |group| board.group(&group))?;
    let mut runs: HashMap<i64, i64> = HashMap::new();
    for item in case.all_evidence()? {
        if let Some(run) = case.run_of(item.id)? {
            runs.insert(run.id, item.id);
        }
    }
    let protocols = case.spoken()?;
    let (devices, identities) = board.finish(&runs, &protocols);
    Ok(case.replace_devices(&devices, &identities)?)
}

#[derive(Default)]
struct Board {
    devices: BTreeMap<Mac, Found>,
    /// The hardware address behind an IP address, in one capture.
    behind: HashMap<(i64, String), Mac>,
    /// A second pseudonym of a router's report, and the first.
    also: HashMap<Mac, Mac>,
    /// What the analyst takes for another's address, and whose.
    same: HashMap<Mac, Mac>,
}

#[derive(Default)]
struct Found {
    first_ts: Option<i64>,
    last_ts: Option<i64>,
    frames: u64,
    bytes: u64,
    signs: BTreeMap<(&'static str, String), Proven>,
    details: serde_json::Map<String, Value>,
    also: Option<Mac>,
    /// Addresses that the analyst takes for this device's.
    joined: BTreeSet<Mac>,
}

struct Proven {
    rank: u8,
    first_ts: Option<i64>,
    last_ts: Option<i64>,
    count: u64,
    fact: Option<i64>,
    run: i64,
    frame: Option<u64>,
}

impl Found {
    fn see(&mut self, ts: Option<i64>) {
        if let Some(ts) = ts {
            self.first_ts = Some(self.first_ts.map_or(ts, |first| first.min(ts)));
            self.last_ts = Some(self.last_ts.map_or(ts, |last| last.max(ts)));
        }
    }
}

impl Board {
    fn sightings(&mut self, case: &Case) -> Result<()> {
        for seen in case.sightings()? {
            let Ok(mac) = Mac::parse(&seen.mac) else { continue };
            if mac.is_group() || mac == Mac::ZERO {
                continue;
            }
            let device = device(&mut self.devices, &self.same, mac);
            device.see(seen.first_ts);
            device.see(seen.last_ts);
            device.frames += seen.frames;
            device.bytes += seen.bytes;
            if let Some(ip) = seen.ip {
                self.behind.insert((seen.run, ip.clone()), mac);
                let proven = Proven {
                    rank: 0,
                    first_ts: seen.first_ts,
                    last_ts: seen.last_ts,
                    count: seen.frames,
                    fact: None,
                    run: seen.run,
                    frame: Some(seen.first_frame),
                };
                device.signs.entry(("ip", ip)).or_insert(proven);
            }
        }
        Ok(())
    }

    fn group(&mut self, fact: &FactGroup) {
        if fact.kind == "station" {
            self.station(fact);
        }
        if matches!(fact.kind.as_str(), "log" | "association") {
            // A router's report knows its clients by either pseudonym.
            if let Some(mac) = Mac::parse(&fact.src).ok().map(|mac| self.also.get(&mac).copied().unwrap_or(mac))
                && let Some(device) = self.devices.get_mut(&mac)
            {
                device.see(fact.first_ts);
                device.see(fact.last_ts);
            }
            return;
        }
        for sign in SIGNS.iter().filter(|sign| sign.kind == fact.kind) {
            if !tells(fact) {
                continue;
            }
            let mac = match sign.of {
                Of::Field(field) => {
                    fact.fields.get(field).and_then(Value::as_str).and_then(|text| Mac::parse(text).ok())
                }
                Of::Sender => {
                    Mac::parse(&fact.src).ok().or_else(|| self.behind.get(&(fact.run, fact.src.clone())).copied())
                }
            };
            let Some(mac) = mac.filter(|mac| !mac.is_group() && *mac != Mac::ZERO) else { continue };
            for value in texts(fact.fields.get(sign.field)) {
                let device = device(&mut self.devices, &self.same, mac);
                device.see(fact.first_ts);
                device.see(fact.last_ts);
                let proven = device.signs.entry((sign.name, value)).or_insert(Proven {
                    rank: sign.rank,
                    first_ts: fact.first_ts,
                    last_ts: fact.last_ts,
                    count: 0,
                    fact: Some(fact.first),
                    run: fact.run,
                    frame: fact.first_frame,
                });
                proven.count += fact.count;
                proven.first_ts = [proven.first_ts, fact.first_ts].into_iter().flatten().min();
                proven.last_ts = proven.last_ts.max(fact.last_ts);
            }
        }
    }

    fn station(&mut self, fact: &FactGroup) {
        let mac = |field: &str| fact.fields.get(field).and_then(Value::as_str).and_then(|text| Mac::parse(text).ok());
        let Some(own) = mac("mac") else { return };
        let device = device(&mut self.devices, &self.same, own);
        device.see(fact.first_ts);
        device.see(fact.last_ts);
        for name in DETAILS {
            if let Some(value) = fact.fields.get(*name) {
                device.details.insert((*name).to_owned(), value.clone());
            }
        }
        if let Some(other) = mac("colon_mac") {
            device.also = Some(other);
            device.details.insert("also".into(), other.to_string().into());
            self.also.insert(other, own);
        }
    }

    fn finish(self, runs: &HashMap<i64, i64>, protocols: &[(String, String)]) -> (Vec<DeviceRow>, Vec<IdentityRow>) {
        let (mut devices, mut identities) = (Vec::new(), Vec::new());
        for (mac, mut found) in self.devices {
            let text = mac.to_string();
            let joined: Vec<String> = found.joined.iter().map(Mac::to_string).collect();
            if !joined.is_empty() {
                found.details.insert("joined".into(), joined.clone().into());
            }
            let mut names: Vec<(u8, &str)> = found
                .signs
                .iter()
                .filter(|(_, proven)| proven.rank > 0)
                .map(|((_, value), proven)| (proven.rank, value.as_str()))
                .collect();
            names.sort_by_key(|(rank, name)| (u8::MAX - rank, *name));
            let mut known: Vec<String> = Vec::new();
            for (_, name) in &names {
                let name = tidy(name);
                if !known.contains(&name) {
                    known.push(name);
                }
            }
            let ips: BTreeSet<String> = found
                .signs
                .keys()
                .filter(|(kind, _)| kind.starts_with("ip") || kind.ends_with(" ip"))
                .map(|(_, ip)| ip.clone())
                .collect();
            devices.push(DeviceRow {
                name: known.first().cloned().unwrap_or_default(),
                vendor: vendor(mac).to_owned(),
                local: mac.is_local(),
                first_ts: found.first_ts,
                last_ts: found.last_ts,
                frames: found.frames,
                bytes: found.bytes,
                ips: ips.into_iter().collect(),
                names: known,
                protocols: spoken(protocols, &text, &joined),
                details: found.details,
                mac: text.clone(),
            });
            identities.extend(found.signs.into_iter().map(|((kind, value), proven)| IdentityRow {
                mac: text.clone(),
                kind: kind.to_owned(),
                value,
                first_ts: proven.first_ts,
                last_ts: proven.last_ts,
                count: proven.count,
                fact: proven.fact,
                evidence: runs.get(&proven.run).copied().unwrap_or(0),
                frame: proven.frame,
            }));
        }
        (devices, identities)
    }
}

/// The device behind an address.
fn device<'d>(devices: &'d mut BTreeMap<Mac, Found>, same: &HashMap<Mac, Mac>, mac: Mac) -> &'d mut Found {
    let found = devices.entry(same.get(&mac).copied().unwrap_or(mac)).or_default();
    if same.contains_key(&mac) {
        found.joined.insert(mac);
    }
    found
}

/// Whether a message says something of its sender: a hello of a client, not of a server; an address that is claimed, not asked for.
fn tells(fact: &FactGroup) -> bool {
    let msg_type = fact.fields.get("msg_type").and_then(Value::as_str);
    match fact.kind.as_str() {
        "tls" | "quic_hello" => msg_type == Some("client_hello"),
        "ndp" => msg_type == Some("neighbour advertisement"),
        // What a capture heard, its frames say better.
        "sighting" => {
            let source = fact.fields.get("source").and_then(Value::as_str);
            matches!(source, Some("cloudtrax" | "meraki" | "kismet"))
        }
        // Groups and places have labels, too; and who asks for an object may name it.
        "lifx" => msg_type.is_some_and(|word| !word.contains("Group") && !word.contains("Location")),
        "snmp" => msg_type.is_some_and(|word| !word.contains("request") && !word.contains("Request")),
        _ => true,
    }
}

fn spoken(protocols: &[(String, String)], mac: &str, joined: &[String]) -> Vec<String> {
    let its = protocols.iter().filter(|(other, _)| other == mac || joined.contains(other));
    its.map(|(_, name)| name.clone()).collect::<BTreeSet<String>>().into_iter().collect()
}

/// `Kitchen._hap._tcp.local` and `kitchen.local` without what only machines need.
fn tidy(name: &str) -> String {
    let name = name.strip_suffix(".local").unwrap_or(name);
    name.split("._").next().unwrap_or(name).to_owned()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_declared_fields() {
        for Sign { kind, field, of, .. } in SIGNS {
            let declared = crate::kinds::kind(kind).unwrap_or_else(|| panic!("no kind {kind}")).fields;
            let is_there = |field: &str| declared.iter().any(|(name, _)| *name == field);
            assert!(is_there(field), "{kind}.{field}");
            if let Of::Field(mac) = of {
                assert!(is_there(mac), "{kind}.{mac}");
            }
        }
    }
}
