//! How the router is set up: every value of its configuration with its path, its Wi-Fi networks, and the leases it gave.

use model::{Fact, Fields, Mac, Party, Place, Time, TimeKind};

use super::joins::Seen;
use super::masked::shown;
use super::report::offset;
use crate::tree::{Node, Value};

/// Values of one source that become facts; a true report has about two hundred.
const MOST: usize = 20_000;
/// The most text of one value.
const TEXT: usize = 4096;

/// What a path speaks of, by a word in it; the first that fits.
const TOPICS: &[(&str, &str)] = &[
    ("upnp", "UPnP"),
    ("portforwarding", "port forwarding"),
    ("port_forwarding", "port forwarding"),
    ("dhcp", "DHCP"),
    ("dns", "DNS"),
    ("name_server", "DNS"),
    ("nameserver", "DNS"),
    ("guest", "guest network"),
    ("mesh", "mesh"),
    ("speedtest", "speed test"),
    ("wan_speed", "speed test"),
    ("blocked", "blocked stations"),
    ("stationpolicy", "station policy"),
    ("prioritized", "prioritised device"),
    ("psk", "Wi-Fi"),
    ("ssid", "Wi-Fi"),
    ("radio", "radio"),
    ("wireless", "Wi-Fi"),
    ("wan", "WAN"),
    ("update", "update"),
    ("developermode", "developer mode"),
    ("_lan", "LAN"),
    ("lan_", "LAN"),
    ("release", "firmware"),
    ("firmware", "firmware"),
];

/// One `router_setting` for every value under `node`, with the bytes that state it (name and value). Stations and leases have
/// kinds of their own and are left out. The second value says that there were too many.
pub fn settings(source: &'static str, node: &Node, report_time: Option<Time>) -> (Vec<Fact>, bool) {
    let mut facts = Vec::new();
    walk(node, &mut String::new(), &mut |path, at, node| {
        let value = match &node.value {
            Value::Text(text) if text.is_empty() => return true,
            Value::Text(text) => text.as_ref(),
            Value::Word(word) => word,
            Value::List(_) | Value::Object(_) => "[]", // an empty list says something: nothing is forwarded, nobody blocked
        };
        let place = Place::bytes(offset(at), offset(node.end.saturating_sub(at)));
        facts.push(setting(source, path, value, place, report_time));
        facts.len() < MOST
    });
    let full = facts.len() >= MOST;
    (facts, full)
}

/// One value of the router's configuration.
pub fn setting(source: &str, path: &str, value: &str, place: Place, report_time: Option<Time>) -> Fact {
    let mut fact = Fact::new("router_setting", place);
    (fact.ts, fact.time_kind) = (report_time, TimeKind::Reported);
    let path = capped(path);
    fact.subject = path.to_owned();
    fact.fields.text("path", path);
    fact.fields.text("value", &shown(capped(value)));
    let lower = path.to_ascii_lowercase();
    if let Some((_, topic)) = TOPICS.iter().find(|(word, _)| lower.contains(word)) {
        fact.fields.text("topic", topic);
    }
    if lower.ends_with("secondssinceepoch")
        && let Some(time) = value.parse().ok().filter(|at| *at > 0).and_then(|at| Time::new(at, 0))
    {
        fact.fields.shown("time", time);
    }
    fact.fields.text("source", source);
    fact
}

/// `false` from `each` ends it. Depth is bounded by that of the tree.
fn walk<'a>(node: &Node<'a>, path: &mut String, each: &mut dyn FnMut(&str, usize, &Node<'a>) -> bool) -> bool {
    let length = path.len();
    for member in node.members() {
        if matches!(member.name.as_ref(), "_stations" if path == "_apState")
            || matches!(member.name.as_ref(), "dhcp_lease" | "station_state_updates" | "station_info")
        {
            continue;
        }
        if length > 0 {
            path.push('.');
        }
        path.push_str(&member.name);
        let on = match &member.value.value {
            Value::Object(_) => walk(&member.value, path, each),
            Value::List(items) if !items.is_empty() => items.iter().enumerate().all(|(n, item)| {
                let length = path.len();
                path.push_str(&format!("[{n}]"));
                let on = match &item.value {
                    Value::Object(_) => walk(item, path, each),
                    _ => each(path, item.at, item),
                };
                path.truncate(length);
                on
            }),
            _ => each(path, member.at, &member.value),
        };
        path.truncate(length);
        if !on {
            return false;
        }
    }
    true
}

/// The Wi-Fi networks: of network config and, for a role that it does not speak of, of info JSON.
pub fn wifi_networks(config: Option<&Node>, info: Option<&Node>, report_time: Option<Time>) -> Vec<Fact> {
    let configuration = info.and_then(|info| info.get("_apConfiguration"));
    let mut facts = Vec::new();
    for (role, in_config, in_info) in [
        ("main", "wireless_network", "_pskNetworkConfiguration"),
        ("guest", "guest_network", "_guestNetworkConfiguration"),
        ("mesh", "mesh_network", "_meshNetworkConfiguration"),
        ("setup", "group_setup_network", "_groupSetupNetworkConfiguration"),
    ] {
        let stated = config.and_then(|config| config.get(in_config)).map(|node| (node, "network_config"));
        let found = stated.or_else(|| Some((configuration?.get(in_info)?, "info_json")));
        if let Some((node, source)) = found {
            facts.extend(wifi_network(role, node, source, report_time));
        }
    }
    facts
}

fn wifi_network(role: &str, node: &Node, source: &str, report_time: Option<Time>) -> Option<Fact> {
    let either = |one: &str, other: &str| node.get(one).or_else(|| node.get(other));
    let ssid = either("ssid", "_ssid").and_then(Node::text).map(capped).filter(|ssid| !ssid.is_empty())?;
    let place = Place::bytes(offset(node.at), offset(node.end.saturating_sub(node.at)));
    let mut fact = Fact::new("wifi_network", place);
    (fact.ts, fact.time_kind) = (report_time, TimeKind::Reported);
    fact.subject = ssid.to_owned();
    let fields: &mut Fields = &mut fact.fields;
    fields.text("ssid", ssid);
    fields.text("role", role);
    if let Some(enabled) = either("enabled", "_enabled").and_then(Node::flag) {
        fields.flag("enabled", enabled);
    }
    if let Some(psk) = either("primary_psk", "psk").and_then(Node::text) {
        fields.text("psk", &shown(capped(psk)));
    }
    for (name, band) in [("channel_2400mhz", "channel_2400_mhz"), ("channel_5000mhz", "channel_5000_mhz")] {
        if let Some(channel) = node.path(&[name, "number"]).and_then(Node::int) {
            fields.int(band, channel);
        }
    }
    fields.text("source", source);
    Some(fact)
}

/// All current leases, also of clients that are away.
pub fn leases(wan_info: &Node, seen: &mut Seen, report_time: Option<Time>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for member in wan_info.members().iter().filter(|member| member.name == "dhcp_lease") {
        let place = Place::bytes(offset(member.at), offset(member.value.end.saturating_sub(member.at)));
        let mut fact = Fact::new("lease", place);
        (fact.ts, fact.time_kind) = (report_time, TimeKind::Reported);
        let ip = member.value.word("ip_address").map(capped).unwrap_or_default();
        fact.subject = ip.to_owned();
        fact.fields.text("ip", ip);
        if let Some(mac) = member.value.word("mac_address").and_then(|mac| Mac::parse(mac).ok()) {
            fact.src = Party::Mac(mac);
            fact.fields.shown("mac", mac);
            match ip.parse() {
                Ok(ip) => seen.lease(ip, mac),
                Err(_) => seen.compact(mac),
            }
        }
        facts.push(fact);
    }
    facts
}

/// The first 4 KiB of a text, at a character's border.
pub fn capped(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::text_format;
    use super::*;

    #[test]
    fn every_value_has_its_path_and_bytes() {
        let text =
            b"wan { type: DHCP } guest_network { ssid: \"x\" psk: \"********\" } ports: [] ports: [7] empty: \"\"";
        let (node, _) = text_format::parse(text, 0);
        let (facts, full) = settings("network_config", &node, None);
        assert!(!full);
        let said: Vec<String> = facts
            .iter()
            .map(|fact| {
                let at = usize::try_from(fact.place.offset).unwrap();
                let end = at + usize::try_from(fact.place.length).unwrap();
                format!("{} <{}>", fact.fields.members(), String::from_utf8_lossy(text.get(at..end).unwrap()))
            })
            .collect();
        assert_eq!(
            said,
            [
                r#""path":"wan.type","value":"DHCP","topic":"WAN","source":"network_config" <type: DHCP>"#,
                r#""path":"guest_network.ssid","value":"x","topic":"guest network","source":"network_config" <ssid: "x">"#,
                r#""path":"guest_network.psk","value":"masked by device","topic":"guest network","source":"network_config" <psk: "********">"#,
                r#""path":"ports","value":"[]","source":"network_config" <ports: []>"#,
                r#""path":"ports[0]","value":"7","source":"network_config" <7>"#,
            ]
        );
    }

    #[test]
    fn texts_are_capped_at_a_character() {
        let text = format!("{}é", "x".repeat(TEXT - 1));
        assert_eq!(capped(&text).len(), TEXT - 1);
        assert_eq!(capped("é"), "é");
    }
}
