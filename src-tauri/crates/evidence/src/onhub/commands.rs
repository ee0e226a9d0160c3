//! What the router's own commands printed when the report was made: interfaces, associations, bridge ports, traffic a client.
//!
//! Offsets are those of the lines in the report. Pseudonyms in these outputs are of the form with colons.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Fact, Fields, Issue, Mac, Party, Place, Sighting, Signal, Time, TimeKind};

use super::files::{Line, lines};
use super::heard::sighting;
use super::joins::Seen;
use super::masked::{MASKED, is_masked_ipv6};
use super::report::{Entry, Span, offset};
use super::settings::capped;

/// Of an output, this much is taken apart; a true one has some kilobytes.
const LONGEST: usize = 1 << 20;
/// Facts that all outputs together may give.
const MOST: usize = 100_000;

/// Times that the outputs are relative to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// When the report was made.
    pub report: Option<Time>,
    /// When the router was started.
    pub boot: Option<Time>,
}

/// Facts that one after the other state a command's output.
#[derive(Debug, Default)]
pub struct Outputs {
    pub facts: Vec<Fact>,
    /// Networks of the router's interfaces: interface, address, prefix length.
    pub networks: Vec<(String, IpAddr, u8)>,
    /// What associations say of who was near.
    pub heard: Vec<(Sighting, Place)>,
    pub issues: Vec<Issue>,
}

/// Reads all outputs that have a known form, by the text of their command.
pub fn read(commands: &[Entry], clock: Clock, seen: &mut Seen) -> Outputs {
    let mut outputs = Outputs::default();
    let ports = bridge_port_names(commands);
    for command in commands {
        let name = command.name.text();
        let output = beginning(command.content);
        if output.bytes.len() < command.content.bytes.len() || outputs.facts.len() >= MOST {
            let why = "more output than any router has; the rest is not taken apart";
            outputs.issues.push(Issue::new("onhub command output", why, offset(command.content.at)));
        }
        if outputs.facts.len() >= MOST {
            break;
        }
        if name.contains("iw dev") && name.contains("station dump") {
            associations(output, clock, seen, &mut outputs);
        } else if name.ends_with("iw dev") {
            outputs.facts.extend(radios(output, clock, seen));
        } else if name.contains("/ip ") && name.ends_with(" addr") {
            addresses(output, clock, seen, &mut outputs);
        } else if name.contains("ifconfig") {
            ifconfig(output, clock, seen, &mut outputs);
        } else if name.contains("ecm_db") {
            outputs.facts.extend(nodes(output, clock, seen));
        } else if name.contains("brctl showmacs") {
            let bridge = name.split_whitespace().last().unwrap_or_default();
            outputs.facts.extend(bridge_ports(output, bridge, &ports, clock, seen));
        } else if name.contains("brctl showstp") {
            bridge_ids(output, seen);
        }
    }
    outputs
}

/// A command, its status and the beginning of what it printed; the range covers all of it.
pub fn output(command: &Entry, clock: Clock) -> Fact {
    let mut fact = Fact::new("command_output", span_place(command.whole));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    let (name, text) = (command.name.text(), beginning(command.content).text());
    fact.subject = capped(&name).to_owned();
    fact.fields.text("command", capped(&name));
    fact.fields.int("status", command.number);
    if command.number == 237 && command.content.bytes.is_empty() {
        fact.fields.text("meaning", "interface absent");
    }
    fact.own.int("output_length", int(command.content.bytes.len()));
    fact.own.flag("output_cut", capped(&text).len() < text.len());
    fact.own.text("output", capped(&text));
    fact
}

/// The kernel's ARP table (`/proc/net/arp`). `place` tells where in the report a line is.
pub fn arp(text: &[u8], report: Option<Time>, seen: &mut Seen, place: &dyn Fn(&Line) -> Place) -> Vec<Fact> {
    let mut facts = Vec::new();
    for line in lines(text) {
        let said = String::from_utf8_lossy(line.bytes);
        let words: Vec<&str> = said.split_whitespace().take(7).collect();
        let [ip, hardware, flags, mac, _mask, device] = words[..] else { continue }; // the header has more words
        let (Ok(address), Ok(mac)) = (ip.parse::<IpAddr>(), Mac::parse(mac)) else { continue };
        seen.neighbour(address, mac);
        let mut fact = Fact::new("arp_entry", place(&line));
        (fact.ts, fact.time_kind) = (report, TimeKind::Reported);
        fact.src = Party::Mac(mac);
        fact.subject = ip.to_owned();
        fact.fields.text("ip", ip);
        fact.fields.shown("mac", mac);
        fact.fields.text("interface", device);
        fact.fields.text("flags", flags);
        fact.fields.flag("complete", flags == "0x2");
        fact.fields.text("hardware_type", hardware);
        facts.push(fact);
    }
    facts
}

/// `iw dev IF station dump`: who is associated, since when, how strong.
fn associations(output: Span, clock: Clock, seen: &mut Seen, to: &mut Outputs) {
    for block in blocks(output, |line| line.starts_with(b"Station ")) {
        let head = block.head();
        let mut words = head.split_whitespace().skip(1);
        let Some(mac) = words.next().and_then(|word| Mac::parse(word).ok()) else { continue };
        let interface = head.split_once("(on ").map(|(_, rest)| rest.trim_end_matches([')', ' '])).unwrap_or_default();
        seen.colon(mac);
        let mut fact = Fact::new("association", block.place());
        fact.src = Party::Mac(mac);
        fact.subject = mac.to_string();
        fact.fields.shown("mac", mac);
        fact.fields.text("interface", interface);
        band_and_guest(&mut fact.fields, interface);
        let values: BTreeMap<String, String> = block.values(':');
        let number = |key: &str| values.get(key)?.split_whitespace().next()?.parse::<i64>().ok();
        let since = number("connected time").and_then(|seconds| before(clock.report?, seconds, 0));
        (fact.ts, fact.time_kind) = (since, TimeKind::Created);
        for key in ["authorized", "authenticated"] {
            if let Some(value) = values.get(key) {
                fact.fields.flag(key, value == "yes");
            }
        }
        for (key, field) in [
            ("signal", "signal_dbm"),
            ("signal avg", "signal_average_dbm"),
            ("connected time", "connected_seconds"),
            ("inactive time", "inactive_ms"),
            ("rx bytes", "rx_bytes"),
            ("tx bytes", "tx_bytes"),
            ("rx packets", "rx_packets"),
            ("tx packets", "tx_packets"),
            ("tx failed", "tx_failed"),
        ] {
            if let Some(value) = number(key) {
                fact.own.int(field, value);
            }
        }
        for (key, field) in [("rx bitrate", "rx_bitrate"), ("tx bitrate", "tx_bitrate")] {
            if let Some(value) = values.get(key) {
                fact.own.text(field, value);
            }
        }
        if let (Some(first), Some(report)) = (since, clock.report) {
            // Until its last frame.
            let silent = number("inactive time").unwrap_or(0).clamp(0, 86_400_000).saturating_mul(1_000_000);
            let last = Time(report.0.saturating_sub(silent)).max(first);
            let sighting = sighting(Party::Mac(mac), interface, first, last, Some(true));
            let avg = number("signal avg").or(number("signal")).and_then(|dbm| i8::try_from(dbm).ok());
            let signal = avg.map(|dbm| Signal { min: dbm, avg: dbm, max: dbm });
            to.heard.push((Sighting { signal, ..sighting }, fact.place.clone()));
        }
        to.facts.push(fact);
    }
}

/// `iw dev`: the radios' interfaces.
fn radios(output: Span, clock: Clock, seen: &mut Seen) -> Vec<Fact> {
    let mut facts = Vec::new();
    for block in blocks(output, |line| line.trim_ascii().starts_with(b"Interface ")) {
        let head = block.head();
        let Some(name) = head.split_whitespace().nth(1) else { continue };
        let mut fact = interface(name, "iw dev", block.place(), clock);
        for line in block.lines.iter().skip(1) {
            let text = String::from_utf8_lossy(line.bytes);
            let Some((key, value)) = text.trim().split_once(' ') else { continue };
            match key {
                "addr" => set_mac(&mut fact, value, seen),
                "ssid" => fact.fields.text("ssid", value),
                "type" => fact.fields.text("type", value),
                "channel" => {
                    if let Some(channel) = value.split_whitespace().next().and_then(|channel| channel.parse().ok()) {
                        fact.fields.int("channel", channel);
                    }
                    fact.fields.text("radio", value);
                }
                _ => {}
            }
        }
        band_and_guest(&mut fact.fields, name);
        facts.push(fact);
    }
    facts
}

/// `ip -s -d addr`: addresses and counters of all interfaces.
fn addresses(output: Span, clock: Clock, seen: &mut Seen, outputs: &mut Outputs) {
    for block in blocks(output, |line| line.first().is_some_and(u8::is_ascii_digit)) {
        let head = block.head();
        let mut words = head.split_whitespace();
        let Some(name) = words.nth(1).map(|name| name.trim_end_matches(':').split('@').next().unwrap_or_default())
        else {
            continue;
        };
        let mut fact = interface(name, "ip addr", block.place(), clock);
        fact.fields.texts(
            "flags",
            words.next().unwrap_or_default().trim_matches(['<', '>']).split(',').filter(|f| !f.is_empty()),
        );
        let after = |key: &str| head.split_whitespace().skip_while(|word| *word != key).nth(1);
        let mut said = |key: &str, field: &str| {
            if let Some(value) = after(key) {
                fact.fields.text(field, value);
            }
        };
        said("state", "state");
        said("master", "bridge");
        if let Some(mtu) = after("mtu").and_then(|mtu| mtu.parse().ok()) {
            fact.fields.int("mtu", mtu);
        }
        let (mut ips, mut ipv6) = (Vec::new(), Vec::new());
        let mut counters = None;
        for line in block.lines.iter().skip(1) {
            let text = String::from_utf8_lossy(line.bytes);
            let mut words = text.split_whitespace();
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if let Some(direction) = counters.take() {
                count(&mut fact.own, direction, first, second);
                continue;
            }
            match first {
                "link/ether" | "link/loopback" => set_mac(&mut fact, second, seen),
                "inet" => {
                    if let Some((ip, prefix)) = second.split_once('/')
                        && let (Ok(ip), Ok(prefix)) = (ip.parse(), prefix.parse())
                    {
                        outputs.networks.push((name.to_owned(), ip, prefix));
                    }
                    ips.push(second.to_owned());
                }
                "inet6" if is_masked_ipv6(second) => ipv6.push(MASKED.to_owned()),
                "inet6" => ipv6.push(second.to_owned()),
                "RX:" => counters = Some("rx"),
                "TX:" => counters = Some("tx"),
                _ => {}
            }
        }
        fact.fields.texts("ip_addresses", ips);
        fact.fields.texts("ipv6_addresses", ipv6);
        outputs.facts.push(fact);
    }
}

/// `ifconfig` of older firmware.
fn ifconfig(output: Span, clock: Clock, seen: &mut Seen, outputs: &mut Outputs) {
    for block in blocks(output, |line| line.first().is_some_and(u8::is_ascii_alphanumeric)) {
        let head = block.head();
        let Some(name) = head.split([' ', ':']).next().filter(|name| !name.is_empty()) else { continue };
        let mut fact = interface(name, "ifconfig", block.place(), clock);
        let (mut ips, mut mac, mut bytes) = (Vec::new(), None, [None; 2]);
        for line in &block.lines {
            let text = String::from_utf8_lossy(line.bytes);
            let after = |key: &str| text.split_once(key).and_then(|(_, rest)| rest.split_whitespace().next());
            mac = mac.or_else(|| after("HWaddr ").or(after("ether ")).map(str::to_owned));
            ips.extend(after("inet addr:").or(after("inet ")).map(str::to_owned));
            if text.contains("RX bytes:") {
                bytes = ["RX bytes:", "TX bytes:"].map(|key| after(key).and_then(|value| value.parse::<i64>().ok()));
            }
        }
        if let Some(mac) = mac {
            set_mac(&mut fact, &mac, seen);
        }
        fact.fields.texts("ip_addresses", ips);
        for (name, value) in ["rx_bytes", "tx_bytes"].into_iter().zip(bytes) {
            if let Some(value) = value {
                fact.own.int(name, value);
            }
        }
        outputs.facts.push(fact);
    }
}

/// `/dev/ecm/ecm_db`: the connection manager's nodes, each with its traffic since it was added.
fn nodes(output: Span, clock: Clock, seen: &mut Seen) -> Vec<Fact> {
    let mut facts = Vec::new();
    for block in blocks(output, |line| line.starts_with(b"nodes.node.address=")) {
        let values = block.values('=');
        let Some(mac) = values.get("nodes.node.address").and_then(|mac| Mac::parse(mac).ok()) else { continue };
        seen.colon(mac);
        let mut fact = Fact::new("node", block.place());
        fact.src = Party::Mac(mac);
        fact.subject = mac.to_string();
        fact.fields.shown("mac", mac);
        let number = |key: &str| values.get(&format!("nodes.node.{key}"))?.parse::<i64>().ok();
        let added = number("time_added");
        fact.ts = added.and_then(|uptime| before(clock.boot?, uptime.checked_neg()?, 0));
        fact.time_kind = TimeKind::Created;
        for (key, field) in [
            ("adv_stats.from_data_total", "from_bytes"),
            ("adv_stats.to_data_total", "to_bytes"),
            ("adv_stats.from_packet_total", "from_packets"),
            ("adv_stats.to_packet_total", "to_packets"),
            ("from_connections_count", "from_connections"),
            ("to_connections_count", "to_connections"),
            ("from_nat_connections_count", "from_nat_connections"),
            ("to_nat_connections_count", "to_nat_connections"),
            ("adv_stats.from_data_total_dropped", "from_bytes_dropped"),
            ("adv_stats.to_data_total_dropped", "to_bytes_dropped"),
            ("adv_stats.from_packet_total_dropped", "from_packets_dropped"),
            ("adv_stats.to_packet_total_dropped", "to_packets_dropped"),
            ("time_added", "added_uptime_seconds"),
        ] {
            if let Some(value) = number(key) {
                fact.own.int(field, value);
            }
        }
        facts.push(fact);
    }
    facts
}

/// `brctl showmacs BRIDGE`: on which port of the bridge each address was heard.
fn bridge_ports(
    output: Span,
    bridge: &str,
    ports: &BTreeMap<(String, i64), String>,
    clock: Clock,
    seen: &mut Seen,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    for line in lines(output.bytes) {
        let text = String::from_utf8_lossy(line.bytes);
        let words: Vec<&str> = text.split_whitespace().take(5).collect();
        let [number, mac, local, ageing] = words[..] else { continue };
        let (Ok(number), Ok(mac)) = (number.parse::<i64>(), Mac::parse(mac)) else { continue };
        seen.colon(mac);
        let local = local == "yes";
        let place = Place::bytes(offset(output.at).saturating_add(line.at), line.length);
        let mut fact = Fact::new("bridge_port", place);
        fact.src = Party::Mac(mac);
        fact.subject = mac.to_string();
        fact.fields.shown("mac", mac);
        fact.fields.text("bridge", bridge);
        fact.fields.int("port", number);
        let port = ports.get(&(bridge.to_owned(), number)).map(String::as_str);
        if let Some(port) = port {
            fact.fields.text("interface", port);
        }
        fact.fields.flag("local", local);
        fact.fields.flag("wired", !local && port.is_some_and(|port| port.starts_with("lan")));
        let aged = ageing.parse::<f64>().ok().filter(|age| (0.0..1e9).contains(age));
        (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
        if let Some(age) = aged {
            fact.own.real("ageing_seconds", age);
            if !local {
                let (seconds, nanos) = (age.trunc() as i64, (age.fract() * 1e9).round() as i64);
                fact.ts = clock.report.and_then(|report| before(report, seconds, nanos));
                fact.time_kind = TimeKind::LastSeen;
            }
        }
        facts.push(fact);
    }
    facts
}

/// Port names of all bridges, from `brctl showstp BRIDGE`: `lan0 (1)`.
fn bridge_port_names(commands: &[Entry]) -> BTreeMap<(String, i64), String> {
    let mut names = BTreeMap::new();
    for command in commands {
        let text = command.name.text();
        let Some((_, bridge)) = text.split_once("brctl showstp ") else { continue };
        for line in lines(beginning(command.content).bytes)
            .filter(|line| line.bytes.first().is_some_and(|b| !b.is_ascii_whitespace()))
        {
            let line = String::from_utf8_lossy(line.bytes);
            if let Some((name, number)) = line.trim_end().trim_end_matches(')').split_once(" (")
                && let Ok(number) = number.parse()
            {
                names.insert((bridge.trim().to_owned(), number), name.to_owned());
            }
        }
    }
    names
}

/// Bridge ids (`7f00.f4f26d00000f`) hold compact pseudonyms.
fn bridge_ids(output: Span, seen: &mut Seen) {
    for word in output.text().split_whitespace().take(10_000) {
        if let Some(Ok(mac)) = word.split_once('.').filter(|(_, mac)| mac.len() == 12).map(|(_, mac)| Mac::parse(mac)) {
            seen.compact(mac);
        }
    }
}

fn interface(name: &str, command: &str, place: Place, clock: Clock) -> Fact {
    let mut fact = Fact::new("interface", place);
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    fact.subject = name.to_owned();
    fact.fields.text("interface", name);
    fact.fields.text("command", command);
    fact
}

fn set_mac(fact: &mut Fact, text: &str, seen: &mut Seen) {
    if let Ok(mac) = Mac::parse(text.trim())
        && fact.src == Party::None
    {
        seen.colon(mac);
        fact.src = Party::Mac(mac);
        fact.fields.shown("mac", mac);
    }
}

fn count(own: &mut Fields, direction: &str, bytes: &str, packets: &str) {
    for (value, unit) in [(bytes, "bytes"), (packets, "packets")] {
        if let Ok(value) = value.parse() {
            own.int(&format!("{direction}_{unit}"), value);
        }
    }
}

/// The interface's name tells the band and whether it is the guests'.
fn band_and_guest(fields: &mut Fields, interface: &str) {
    for (part, band) in [("2400mhz", "2400_mhz"), ("5000mhz", "5000_mhz")] {
        if interface.ends_with(part) {
            fields.text("band", band);
        }
    }
    fields.flag("guest", interface.starts_with("guest-"));
}

/// `seconds` and `nanos` before `time`.
fn before(time: Time, seconds: i64, nanos: i64) -> Option<Time> {
    time.0.checked_sub(seconds.checked_mul(1_000_000_000)?)?.checked_sub(nanos).map(Time)
}

/// Lines that belong together; the first one says what they are of.
struct Block<'a> {
    /// Where the output begins in the report.
    base: usize,
    lines: Vec<Line<'a>>,
}

/// Cuts an output into blocks that begin with lines which `begins`; what stands before the first is left out.
fn blocks<'a>(output: Span<'a>, begins: impl Fn(&[u8]) -> bool) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in lines(output.bytes) {
        if begins(line.bytes) {
            blocks.push(Block { base: output.at, lines: vec![line] });
        } else if let Some(block) = blocks.last_mut() {
            block.lines.push(line);
        }
    }
    blocks
}

impl Block<'_> {
    fn head(&self) -> String {
        self.lines.first().map(|line| String::from_utf8_lossy(line.bytes).into_owned()).unwrap_or_default()
    }

    /// From its first line to its last that is not empty.
    fn place(&self) -> Place {
        let last = self.lines.iter().rev().find(|line| !line.bytes.trim_ascii().is_empty());
        let (start, end) =
            (self.lines.first().map_or(0, |line| line.at), last.map_or(0, |line| line.at.saturating_add(line.length)));
        Place::bytes(offset(self.base).saturating_add(start), end.saturating_sub(start))
    }

    /// `key: value` lines; the first of a key counts.
    fn values(&self, separator: char) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for line in &self.lines {
            let text = String::from_utf8_lossy(line.bytes);
            if let Some((key, value)) = text.split_once(separator) {
                values.entry(key.trim().to_owned()).or_insert_with(|| capped(value.trim()).to_owned());
            }
        }
        values
    }
}

fn beginning(output: Span) -> Span {
    Span { bytes: output.bytes.get(..LONGEST).unwrap_or(output.bytes), ..output }
}

pub fn span_place(span: Span) -> Place {
    Place::bytes(offset(span.at), offset(span.bytes.len()))
}

/// A length as a field's number; no report is longer than 2^63.
pub fn int(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts of an output: time, who, subject, fields, and the first line of its bytes.
    fn check(command: &str, output: &str, expected: &[&str]) {
        let entry = Entry {
            name: Span { at: 0, bytes: command.as_bytes() },
            content: Span { at: 100, bytes: output.as_bytes() },
            ..Entry::default()
        };
        let ports = Entry {
            name: Span { at: 0, bytes: b"/sbin/brctl showstp br-lan" },
            content: Span { at: 0, bytes: b"br-lan\n bridge id\t\t7f00.aabbcc00000f\n\nlan0 (1)\n port id\t8001\n" },
            ..Entry::default()
        };
        let clock = Clock { report: Time::new(1_000_000, 0), boot: Time::new(900_000, 0) };
        let outputs = read(&[entry, ports], clock, &mut Seen::default());
        let said: Vec<String> = outputs
            .facts
            .iter()
            .map(|fact| {
                let at = usize::try_from(fact.place.offset).unwrap() - 100;
                let bytes = output.get(at..at + usize::try_from(fact.place.length).unwrap()).unwrap();
                let ts = fact.ts.map_or(0, |ts| ts.0 / 1_000_000_000);
                let first = bytes.lines().next().unwrap_or_default();
                format!("{} {ts} {} {} {} <{first}>", fact.kind, fact.src, fact.fields.members(), fact.own.members())
            })
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn who_is_associated() {
        check(
            "/usr/sbin/iw dev guest-5000mhz station dump",
            "Station aabbcc000002      (on guest-5000mhz)\n\tsignal:  \t-48 dBm\n\tauthorized:\tno\n\tconnected time:\t55 seconds\n",
            &[
                r#"association 999945 aa:bb:cc:00:00:02 "mac":"aa:bb:cc:00:00:02","interface":"guest-5000mhz","band":"5000_mhz","guest":true,"authorized":false "signal_dbm":-48,"connected_seconds":55 <Station aabbcc000002      (on guest-5000mhz)>"#,
            ],
        );
    }

    #[test]
    fn interfaces() {
        check(
            "/usr/sbin/iw dev",
            "phy#1\n\tInterface wlan-5000mhz\n\t\taddr aabbcc000003     \n\t\tssid HO ME\n\t\tchannel 36 (5180 MHz), width: 80 MHz\n",
            &[
                r#"interface 1000000 aa:bb:cc:00:00:03 "interface":"wlan-5000mhz","command":"iw dev","mac":"aa:bb:cc:00:00:03","ssid":"HO ME","channel":36,"radio":"36 (5180 MHz), width: 80 MHz","band":"5000_mhz","guest":false  <	Interface wlan-5000mhz>"#,
            ],
        );
        check(
            "/bin/ip -s -d addr",
            "2: wan0: <UP,LOWER_UP> mtu 1500 qdisc x state UP\n    link/ether aabbcc000004      brd x\n    inet 192.0.2.9/24 brd x\n    \
             inet6 0000::0000/00 scope link\n    RX: bytes  packets\n    12 3 0\n    TX: bytes  packets\n    45 6 0\n",
            &[
                r#"interface 1000000 aa:bb:cc:00:00:04 "interface":"wan0","command":"ip addr","flags":["UP","LOWER_UP"],"state":"UP","mtu":1500,"mac":"aa:bb:cc:00:00:04","ip_addresses":["192.0.2.9/24"],"ipv6_addresses":["masked by device"] "rx_bytes":12,"rx_packets":3,"tx_bytes":45,"tx_packets":6 <2: wan0: <UP,LOWER_UP> mtu 1500 qdisc x state UP>"#,
            ],
        );
        check(
            "/sbin/ifconfig",
            "br-lan    Link encap:Ethernet  HWaddr aabbcc000005     \n          inet addr:192.0.2.1  Bcast:x\n          RX bytes:12 (1 KiB)  TX bytes:34 (3 KiB)\n\n",
            &[
                r#"interface 1000000 aa:bb:cc:00:00:05 "interface":"br-lan","command":"ifconfig","mac":"aa:bb:cc:00:00:05","ip_addresses":["192.0.2.1"] "rx_bytes":12,"tx_bytes":34 <br-lan    Link encap:Ethernet  HWaddr aabbcc000005     >"#,
            ],
        );
    }

    #[test]
    fn nodes_and_ports() {
        check(
            "/bin/cat /dev/ecm/ecm_db",
            "x\nnodes.node.address=aabbcc000006     \nnodes.node.time_added=50\nnodes.node.adv_stats.from_data_total=7\n",
            &[
                r#"node 900050 aa:bb:cc:00:00:06 "mac":"aa:bb:cc:00:00:06" "from_bytes":7,"added_uptime_seconds":50 <nodes.node.address=aabbcc000006     >"#,
            ],
        );
        check(
            "/sbin/brctl showmacs br-lan",
            "port no\tmac addr\t\tis local?\tageing timer\n  1\taabbcc000007     \tno\t\t   6.00\n  1\taabbcc000008     \tyes\t\t   0.00\n",
            &[
                r#"bridge_port 999994 aa:bb:cc:00:00:07 "mac":"aa:bb:cc:00:00:07","bridge":"br-lan","port":1,"interface":"lan0","local":false,"wired":true "ageing_seconds":6 <  1	aabbcc000007     	no		   6.00>"#,
                r#"bridge_port 1000000 aa:bb:cc:00:00:08 "mac":"aa:bb:cc:00:00:08","bridge":"br-lan","port":1,"interface":"lan0","local":true,"wired":false "ageing_seconds":0 <  1	aabbcc000008     	yes		   0.00>"#,
            ],
        );
    }

    #[test]
    fn arp_with_and_without_a_header() {
        let text = b"IP address       HW type     Flags       HW address            Mask     Device\n\
            192.0.2.7    0x1         0x2         aabbcc000009          *        br-lan\nrubbish\n";
        let mut seen = Seen::default();
        let facts = arp(text, None, &mut seen, &|line| Place::bytes(line.at, line.length));
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].place, Place::bytes(79, 74));
        assert_eq!(
            facts[0].fields.members(),
            r#""ip":"192.0.2.7","mac":"aa:bb:cc:00:00:09","interface":"br-lan","flags":"0x2","complete":true,"hardware_type":"0x1""#
        );
        assert_eq!(seen.form(Mac::parse("aabbcc000009").unwrap()), Some("colon"));
    }

    #[test]
    fn absurdly_long_outputs_are_not_taken_apart_to_the_end() {
        let text = "\n".repeat(LONGEST + 1);
        let entry = Entry {
            name: Span { at: 0, bytes: b"iw dev" },
            content: Span { at: 7, bytes: text.as_bytes() },
            ..Entry::default()
        };
        let outputs = read(&[entry], Clock::default(), &mut Seen::default());
        assert_eq!(outputs.issues.len(), 1);
    }
}
