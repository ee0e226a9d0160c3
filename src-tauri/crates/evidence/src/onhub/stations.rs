//! The router's list of client devices: in info JSON, or in the network state of later firmware.

use model::{Fact, Fields, Mac, Party, Place, Sighting, Time, TimeKind};

use super::heard::sighting;
use super::joins::{Joins, Seen};
use super::masked::{MASKED, is_masked, shown};
use super::report::offset;
use crate::tree::{Member, Node, Value};

/// One client device, as one place of the report states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// `info_json` or `network_state`.
    source: &'static str,
    at: usize,
    end: usize,
    /// Keyed hash of the MAC address: the same in all reports of a router.
    pub id: String,
    pub connected: Option<bool>,
    /// Seconds since 1970; 0 says nothing.
    last_seen: Option<i64>,
    hostname: String,
    mdns_names: Vec<String>,
    ip_addresses: Vec<String>,
    other_ip_addresses: Vec<String>,
    oui: String,
    guest: Option<bool>,
    wireless: Option<bool>,
    /// `2400_mhz`, `5000_mhz`.
    band: Option<String>,
    interface: Option<String>,
    taxonomy_ids: Vec<String>,
    /// What it says of itself by mDNS and UPnP: name and value.
    signals: Vec<(String, String)>,
    upnp: Vec<(String, String)>,
    /// `os_version`, `os_build`, `device_model` of later firmware.
    more: Vec<(&'static str, String)>,
}

/// The stations of info JSON.
pub fn of_info(info: &Node) -> Vec<Station> {
    let Some(state) = info.get("_apState") else { return Vec::new() };
    let objects = state.all("_stations").filter(|node| matches!(node.value, Value::Object(_)));
    objects.map(|node| from_info(node)).collect()
}

/// The stations of network state, wherever it nests them.
pub fn of_network_state(state: &Node) -> Vec<Station> {
    let mut found = Vec::new();
    collect(state, &mut found);
    found
}

/// Depth is bounded by that of the tree.
fn collect(node: &Node, found: &mut Vec<Station>) {
    match &node.value {
        Value::Object(members) => {
            for member in members {
                match (member.name.as_ref(), &member.value.value) {
                    ("station_info", Value::Object(_)) => found.push(from_network_state(member)),
                    _ => collect(&member.value, found),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Text(_) | Value::Word(_) => {}
    }
}

fn from_info(node: &Node) -> Station {
    let flag = |name| node.get(name).and_then(Node::flag);
    let pairs = |list: &str| named(node, list, "_name", "_value");
    Station {
        source: "info_json",
        at: node.at,
        end: node.end,
        id: node.word("_id").unwrap_or_default().to_owned(),
        connected: flag("_connected"),
        last_seen: node.get("_lastSeenSecondsSinceEpoch").and_then(Node::int),
        hostname: node.word("_dhcpHostname").unwrap_or_default().to_owned(),
        mdns_names: node.texts("_mdnsNames"),
        ip_addresses: node.texts("_ipAddresses"),
        other_ip_addresses: node.texts("_otherIpAddresses"),
        oui: node.word("_oui").unwrap_or_default().to_owned(),
        guest: flag("_guest"),
        wireless: flag("_wireless"),
        band: node.word("_wirelessBand").filter(|band| *band != "not_applicable").map(str::to_owned),
        interface: None,
        taxonomy_ids: node.texts("_taxonomyIds"),
        signals: pairs("_categorizationSignals"),
        upnp: pairs("_upnpAttributes"),
        more: Vec::new(),
    }
}

fn from_network_state(member: &Member) -> Station {
    let node = &member.value;
    // The text format leaves out what is false.
    let flag = |name| node.get(name).map_or(Some(false), Node::flag);
    let interface = node.word("wireless_interface").map(str::to_owned);
    let band = interface.as_deref().and_then(|name| {
        [("2400mhz", "2400_mhz"), ("5000mhz", "5000_mhz")]
            .iter()
            .find(|(part, _)| name.contains(part))
            .map(|(_, b)| (*b).to_owned())
    });
    let more = ["os_version", "os_build", "device_model"].into_iter();
    Station {
        source: "network_state",
        at: member.at,
        end: node.end,
        id: node.word("station_id").unwrap_or_default().to_owned(),
        connected: flag("connected"),
        last_seen: node.get("last_seen_seconds_since_epoch").and_then(Node::int),
        hostname: node.word("dhcp_hostname").unwrap_or_default().to_owned(),
        mdns_names: node.texts("mdns_name"),
        ip_addresses: node.texts("ip_addresses"),
        other_ip_addresses: node.texts("other_ip_addresses"),
        oui: node.word("oui").unwrap_or_default().to_owned(),
        guest: flag("guest"),
        wireless: flag("wireless"),
        band,
        interface,
        taxonomy_ids: node.texts("taxonomy_ids"),
        signals: named(node, "dns_sd_features", "key", "value"),
        upnp: named(node, "upnp_attributes", "key", "value"),
        more: more.filter_map(|name| Some((name, node.word(name)?.to_owned()))).collect(),
    }
}

fn named(node: &Node, list: &str, name: &str, value: &str) -> Vec<(String, String)> {
    let text = |item: &Node, part: &str| item.word(part).unwrap_or_default().to_owned();
    node.all(list).map(|item| (text(item, name), text(item, value))).collect()
}

impl Station {
    /// What to call it: a name that is whole, else one that is partly masked, else its vendor's prefix.
    pub fn name(&self) -> String {
        let names = || std::iter::once(&self.hostname).chain(&self.mdns_names).filter(|name| !name.is_empty());
        let best = names().find(|name| !is_masked(name)).cloned();
        best.or_else(|| names().map(|name| shown(name)).find(|name| name != MASKED))
            .or_else(|| (!self.oui.is_empty()).then(|| format!("station of vendor {}", self.oui)))
            .unwrap_or_else(|| format!("station {}", self.id.get(..8).unwrap_or(&self.id)))
    }

    fn place(&self) -> Place {
        Place::bytes(offset(self.at), offset(self.end.saturating_sub(self.at)))
    }

    /// When it was there last, if ever.
    fn seen(&self, report_time: Option<Time>) -> (Option<Time>, TimeKind) {
        let last_seen = self.last_seen.filter(|seconds| *seconds > 0).and_then(|seconds| Time::new(seconds, 0));
        match self.connected {
            Some(true) => (report_time, TimeKind::Reported),
            _ => (last_seen, TimeKind::LastSeen),
        }
    }

    /// Its address, of several the first.
    pub fn ip(&self) -> Option<&str> {
        self.ip_addresses.first().map(String::as_str)
    }

    /// That it was there when it was seen last. `None`: it never was, as far as the router knows.
    pub fn heard(&self, joins: &Joins, report_time: Option<Time>) -> Option<(Sighting, Place)> {
        let at = self.seen(report_time).0?;
        let device = joins.compact(&self.id).map_or_else(|| Party::Name(format!("station {}", self.id)), Party::Mac);
        let node = self.interface.as_deref().unwrap_or_default();
        Some((sighting(device, node, at, at, self.connected.filter(|connected| *connected)), self.place()))
    }

    /// `report_time` stands for "now", which is what the router means by last seen 0 of a connected station.
    pub fn fact(&self, joins: &Joins, seen: &Seen, report_time: Option<Time>) -> Fact {
        let mut fact = Fact::new("station", self.place());
        fact.subject = self.name();
        (fact.ts, fact.time_kind) = self.seen(report_time);
        let mac = joins.compact(&self.id);
        fact.src = mac.map_or(Party::None, Party::Mac);

        let fields = &mut fact.fields;
        fields.text("station_id", &self.id);
        if !self.hostname.is_empty() {
            fields.text("hostname", &shown(&self.hostname));
        }
        fields.flag("hostname_masked", is_masked(&self.hostname));
        fields.texts("mdns_names", self.mdns_names.iter().map(|name| shown(name)));
        let flag = |fields: &mut Fields, name, value: Option<bool>| {
            if let Some(value) = value {
                fields.flag(name, value);
            }
        };
        flag(fields, "connected", self.connected);
        if let Some(ts) = fact.ts {
            fields.shown("last_seen", ts);
        }
        fields.texts("ip_addresses", &self.ip_addresses);
        if !self.other_ip_addresses.is_empty() {
            fields.texts("other_ip_addresses", &self.other_ip_addresses);
        }
        if let Some(ip) = mac.and_then(|mac| seen.lease_of(mac)) {
            fields.shown("lease_address", ip);
        }
        fields.text("oui", &self.oui);
        if let Some(band) = &self.band {
            fields.text("band", band);
        }
        if let Some(interface) = &self.interface {
            fields.text("interface", interface);
        }
        flag(fields, "wireless", self.wireless);
        // A disconnected station is never "wireless", so that only of a connected one it means a cable.
        flag(fields, "wired", self.connected.zip(self.wireless).map(|(connected, wireless)| connected && !wireless));
        flag(fields, "guest", self.guest);
        join_fields(fields, mac, joins);
        fields.texts("taxonomy_ids", &self.taxonomy_ids);
        for (name, list) in [("signals", &self.signals), ("upnp_attributes", &self.upnp)] {
            if !list.is_empty() {
                fields.texts(name, list.iter().map(|(name, value)| format!("{} {}", shown(name), shown(value))));
            }
        }
        for (name, value) in &self.more {
            fields.text(name, &shown(value));
        }
        fields.text("source", self.source);
        fact
    }
}

fn join_fields(fields: &mut Fields, mac: Option<Mac>, joins: &Joins) {
    if let Some(mac) = mac {
        fields.shown("mac", mac);
    }
    let join = mac.and_then(|mac| joins.of(mac));
    if let Some(join) = join {
        fields.shown("colon_mac", join.other);
        fields.text("join_rule", join.rule);
    }
    fields.text("join_confidence", join.map_or("unresolved", |join| join.confidence));
}

#[cfg(test)]
mod tests {
    use super::super::text_format;
    use super::*;
    use crate::json_span;

    fn fields(station: &Station) -> String {
        let fact = station.fact(&Joins::default(), &Seen::default(), Time::new(1_500_276_531, 0));
        format!("{} {} {}", fact.subject, fact.ts.map_or("never".into(), |ts| ts.to_string()), fact.fields.to_json())
    }

    #[test]
    fn network_state_says_the_same_as_info_json() {
        let json = br#"{"_apState":{"_stations":[{"_connected":true,"_dhcpHostname":"tv","_guest":false,"_id":"AB",
            "_ipAddresses":["192.0.2.1"],"_lastSeenSecondsSinceEpoch":0,"_mdnsNames":["tv.local"],"_oui":"aabbcc","_taxonomyIds":[],
            "_wireless":true,"_wirelessBand":"5000_mhz"}]}}"#;
        let text = br#"network_service_state { station_state_updates { station_state_update { station_info {
            station_id: "AB" mdns_name: "tv.local" connected: true ip_addresses: "192.0.2.1" wireless: true
            dhcp_hostname: "tv" oui: "aabbcc" } } station_state_update { station_info { station_id: "CD"
            last_seen_seconds_since_epoch: 1500000000 wireless_interface: "wlan-2400mhz" } } } }"#;
        let (node, _) = json_span::parse(json, 0);
        let one = of_info(&node.unwrap());
        let other = of_network_state(&text_format::parse(text, 0).0);
        assert_eq!((one.len(), other.len()), (1, 2));
        let said = fields(&one[0]);
        assert_eq!(
            said,
            "tv 2017-07-17T07:28:51.000000000Z {\"station_id\":\"AB\",\"hostname\":\"tv\",\"hostname_masked\":false,\
             \"mdns_names\":[\"tv.local\"],\"connected\":true,\"last_seen\":\"2017-07-17T07:28:51.000000000Z\",\
             \"ip_addresses\":[\"192.0.2.1\"],\"oui\":\"aabbcc\",\"band\":\"5000_mhz\",\"wireless\":true,\"wired\":false,\
             \"guest\":false,\"join_confidence\":\"unresolved\",\"taxonomy_ids\":[],\"source\":\"info_json\"}"
        );
        assert_eq!(fields(&other[0]), said.replace("\"band\":\"5000_mhz\",", "").replace("info_json", "network_state"));
        let gone = fields(&other[1]);
        assert!(gone.starts_with("station CD 2017-07-14T02:40:00.000000000Z"), "{gone}");
        assert!(gone.contains("\"connected\":false") && gone.contains("2400_mhz"), "{gone}");
        let span = text.get(other[1].at..other[1].end).unwrap();
        assert!(span.starts_with(b"station_info {") && span.ends_with(b"}"));
    }

    #[test]
    fn never_seen_is_not_1970() {
        let json = br#"{"_apState":{"_stations":[{"_connected":false,"_id":"AB","_lastSeenSecondsSinceEpoch":0}]}}"#;
        let stations = of_info(&json_span::parse(json, 0).0.unwrap());
        assert!(fields(&stations[0]).starts_with("station AB never"));
    }
}
