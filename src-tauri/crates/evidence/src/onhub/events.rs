//! What a log line says happened, by process. Lines that say what another line already said (echoes, acknowledgements,
//! retransmissions) say nothing here, so that nothing counts twice.

use std::net::IpAddr;

use model::{Fields, Mac};

use super::masked::shown;

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event<'a> {
    /// `sta_connect`, `dhcp_ack`, ...: see the field `event` of the kind `log`.
    pub name: &'static str,
    pub interface: Option<&'a str>,
    pub mac: Option<Mac>,
    pub ip: Option<IpAddr>,
    /// A name that a device gave itself.
    pub host: Option<String>,
    /// dBm.
    pub rssi: Option<i64>,
    pub reason: Option<&'a str>,
    /// The one text to look for, if it is neither host nor device.
    pub about: Option<String>,
    /// The router did it to `mac` or `ip`, rather than they themselves.
    pub to_them: bool,
    /// Values that come again in other lines.
    pub fields: Details,
    /// Values of this line alone.
    pub own: Details,
}

/// Named values, to be written among others of a fact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details(Vec<(&'static str, Detail)>);

#[derive(Clone, Debug, PartialEq)]
enum Detail {
    Text(String),
    Texts(Vec<String>),
    Int(i64),
    Flag(bool),
}

impl Details {
    pub fn write(&self, fields: &mut Fields) {
        for (name, detail) in &self.0 {
            match detail {
                Detail::Text(text) => fields.text(name, text),
                Detail::Texts(texts) => fields.texts(name, texts),
                Detail::Int(value) => fields.int(name, *value),
                Detail::Flag(value) => fields.flag(name, *value),
            }
        }
    }

    pub fn text(&mut self, name: &'static str, text: &str) {
        self.0.push((name, Detail::Text(text.to_owned())));
    }

    pub fn int(&mut self, name: &'static str, value: i64) {
        self.0.push((name, Detail::Int(value)));
    }

    fn texts<'a>(&mut self, name: &'static str, texts: impl Iterator<Item = &'a str>) {
        self.0.push((name, Detail::Texts(texts.map(str::to_owned).collect())));
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        self.0.push((name, Detail::Flag(value)));
    }
}

/// What the text of a line of that process says.
pub fn event<'a>(process: &str, text: &'a str) -> Option<Event<'a>> {
    let message = without_source(text);
    match process {
        "hostapd" => hostapd(text),
        "dnsmasq-dhcp" => dnsmasq_dhcp(text),
        "kernel" => kernel(text),
        "ap-monitor" => ap_monitor(message),
        "buffet" => buffet(message),
        "ap-diagnostics" => ap_diagnostics(message),
        "ap-controller" => ap_controller(message),
        "speed-test" => speed_test(message),
        "dhcpcd" => dhcpcd(text),
        "miniupnpd" => miniupnpd(text),
        _ => None,
    }
}

/// `[seconds.micros]` at the beginning of a kernel line: time since boot, in nanoseconds.
pub fn uptime(text: &str) -> Option<i64> {
    let (seconds, micros) = text.strip_prefix('[')?.split_once(']')?.0.trim().split_once('.')?;
    let micros = format!("{micros:0<9}").get(..9)?.parse::<i64>().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(micros)
}

/// `Band: 5 MCS (Tx/Rx): 15/15 RSSI (Current/Avg): 224/225 Bw …`, the line after `Wireless Client:`: band in GHz, and signal now
/// and on average in dBm, which the router prints as unsigned bytes.
pub fn client_signal(text: &str) -> Option<(i64, i64, i64)> {
    let rest = without_source(text).strip_prefix("Band: ")?;
    let band = first(rest)?.parse().ok()?;
    let (now, average) = first(rest.split_once("RSSI (Current/Avg): ")?.1)?.split_once('/')?;
    Some((band, unsigned_dbm(now)?, unsigned_dbm(average)?))
}

fn hostapd(text: &str) -> Option<Event<'_>> {
    let (interface, rest) = text.split_once(": ")?;
    let interface = Some(interface);
    if let Some(rest) = rest.strip_prefix("IEEE 802.11 AP-STA-") {
        let mut words = rest.split_whitespace();
        let name = match words.next()? {
            "AUTH" => "sta_auth",
            "AUTH-RESP" => "sta_auth_resp",
            "ASSOC" => "sta_assoc",
            "CONNECT" => "sta_connect",
            "DISCONNECT" => "sta_disconnect",
            "DISASSOC-RESP" => "sta_disassoc_resp",
            "POSSIBLE-PSK-MISMATCH" => "wrong_password",
            _ => return None,
        };
        let mut event = Event { name, interface, mac: Mac::parse(words.next()?).ok(), ..Event::default() };
        let said = |key: &str| rest.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix(':'));
        event.reason = said("event_reason").filter(|reason| *reason != "none");
        let dbm = |key: &str| said(key).and_then(|value| value.parse::<i64>().ok());
        event.rssi = dbm("frame_rssi").or(dbm("last_rx_rssi")).or(dbm("avg_rssi"));
        if let Some(success) = said("success") {
            event.fields.flag("success", success == "1");
        }
        for key in ["mode", "steering_reason"] {
            if let Some(value) = said(key) {
                event.fields.text(key, value);
            }
        }
        for (key, field) in [
            ("frame_status", "frame_status"),
            ("nss", "spatial_streams"),
            ("avg_rssi", "rssi_average"),
            ("last_rx_rssi", "rssi_last_received"),
        ] {
            if let Some(value) = dbm(key) {
                event.own.int(field, value);
            }
        }
        return Some(event);
    }
    let (mac, rest) = rest.strip_prefix("STA ")?.split_once(' ')?;
    let mut event = Event { interface, mac: Some(Mac::parse(mac).ok()?), ..Event::default() };
    let (layer, message) = rest.trim_start().split_once(": ")?;
    let message = message.trim_end();
    event.name = match (layer, message) {
        ("IEEE 802.11", "AP-STA-POSSIBLE-PSK-MISMATCH") => "wrong_password",
        ("IEEE 802.11", "authenticated") => "sta_authenticated",
        ("IEEE 802.11", _) if message.starts_with("associated (aid ") => {
            if let Some(aid) = between(message, "(aid ", ")").and_then(|aid| aid.parse().ok()) {
                event.own.int("aid", aid);
            }
            "sta_associated"
        }
        ("IEEE 802.11", _) if message.starts_with("disassociated") => "sta_disassociated",
        ("IEEE 802.11", _) if message.starts_with("deauthenticated") => "sta_deauthenticated",
        ("IEEE 802.11", _) if message.starts_with("did not acknowledge") => "sta_no_answer",
        ("IEEE 802.11", _) if message.contains("excessive missing ACKs") => "sta_no_answer",
        ("IEEE 802.1X", "authorizing port") => "port_authorized",
        ("IEEE 802.1X", "unauthorizing port") => "port_unauthorized",
        ("WPA", "pairwise key handshake completed (RSN)") => "wpa_completed",
        ("WPA", "group key handshake completed (RSN)") => "wpa_rekeyed",
        ("WPA", "EAPOL-Key timeout") => "wpa_timeout",
        ("WPA", _) if message.starts_with("pairwise key handshake completed") => "wpa_completed",
        ("WPA", _) if message.starts_with("PTKSTART: Retry limit") => "wpa_failed",
        ("WPA", _) if message.starts_with("invalid MIC") => "wpa_invalid_mic",
        _ => return None,
    };
    if matches!(event.name, "sta_disassociated" | "sta_deauthenticated" | "sta_no_answer") {
        event.reason = Some(message);
    }
    Some(event)
}

fn dnsmasq_dhcp(text: &str) -> Option<Event<'_>> {
    let (verb, rest) = text.split_once('(')?;
    let name = match verb {
        "DHCPDISCOVER" => "dhcp_discover",
        "DHCPOFFER" => "dhcp_offer",
        "DHCPREQUEST" => "dhcp_request",
        "DHCPACK" => "dhcp_ack",
        "DHCPNAK" => "dhcp_nak",
        "DHCPDECLINE" => "dhcp_decline",
        "DHCPRELEASE" => "dhcp_release",
        "DHCPINFORM" => "dhcp_inform",
        "RTR-SOLICIT" => "router_solicit",
        _ => return None,
    };
    let (interface, rest) = rest.split_once(')')?;
    let mut event = Event { name, interface: Some(interface), ..Event::default() };
    let mut rest = rest.trim();
    if let Some((ip, after)) = split_word(rest).and_then(|(word, after)| Some((word.parse().ok()?, after))) {
        (event.ip, rest) = (Some(ip), after);
    }
    if let Some((mac, after)) = split_word(rest).and_then(|(word, after)| Some((Mac::parse(word).ok()?, after))) {
        (event.mac, rest) = (Some(mac), after);
    }
    match rest {
        "" => {}
        _ if name == "dhcp_ack" => event.host = Some(shown(rest)),
        _ => event.reason = Some(rest),
    }
    event.to_them = matches!(name, "dhcp_offer" | "dhcp_ack" | "dhcp_nak");
    Some(event)
}

fn kernel(text: &str) -> Option<Event<'_>> {
    let message = without_source(text);
    if let Some(rest) = message.strip_prefix("wifi diag: ") {
        let (verb, mac) = rest.split_once(" MAC ")?;
        let name = match verb {
            "add" => "wifi_diag_add",
            "remove" => "wifi_diag_remove",
            _ => return None,
        };
        return Some(Event { name, mac: Some(Mac::parse(mac.trim()).ok()?), ..Event::default() });
    }
    let (interface, rest) = message.split_once(": ")?;
    let event = Event { interface: Some(interface), ..Event::default() };
    if let Some(rest) = rest.strip_prefix("dropped frame to ") {
        let mac = Some(Mac::parse(first(rest)?).ok()?);
        return Some(Event { name: "dropped_frame", mac, reason: between(rest, "(", ")"), to_them: true, ..event });
    }
    // What a driver (`ath10k_pci`) says of the same frame names its sequence number first.
    let mut words = rest.strip_prefix("STA ")?.split_whitespace();
    let mac = Some(Mac::parse(words.next()?).ok()?);
    let sent = match words.next()? {
        "TX" => true,
        "RX" => false,
        _ => return None,
    };
    let (protocol, _) = words.next()?.split_once('(')?;
    if !matches!(protocol, "dhcp" | "eapol") {
        return None;
    }
    let rssi = words.find_map(|word| word.strip_prefix("RSSI=")?.parse().ok());
    let name = if sent { "frame_sent" } else { "frame_received" };
    let mut event = Event { name, mac, rssi, to_them: sent, ..event };
    event.fields.text("protocol", protocol);
    Some(event)
}

fn ap_monitor(message: &str) -> Option<Event<'_>> {
    if let Some(rest) = message.strip_prefix("Wireless Client: ") {
        let mut event =
            Event { name: "wireless_client_traffic", mac: Mac::parse(first(rest)?).ok(), ..Event::default() };
        let (sent, received) = pair(rest, "Bytes (Tx/Rx): ")?;
        event.own.int("tx_bytes", sent);
        event.own.int("rx_bytes", received);
        if let Some((sent, received)) = pair(rest, "Packet (Tx/Rx/Failed): ") {
            event.own.int("tx_packets", sent);
            event.own.int("rx_packets", received);
        }
        return Some(event);
    }
    let mut event = Event::default();
    if let Some((sent, received)) = pair(message, "WAN Usage (Sent/Received): ") {
        event.name = "wan_usage";
        event.own.int("sent_bytes", sent);
        event.own.int("received_bytes", received);
    } else if message.starts_with("AP scan report") {
        event.name = "scan";
        event.own.int("observed_aps", number_before(message, " observed APs")?);
    } else if let Some(bytes) = between(message, "WAN is now active: ", " bytes") {
        event.name = "wan_active";
        event.own.int("bytes", bytes.parse().ok()?);
    } else if let Some(bytes) = between(message, "WAN is now idle: ", " bytes") {
        event.name = "wan_idle";
        event.own.int("bytes", bytes.parse().ok()?);
    } else if let Some(count) = between(message, "Found ", " SSDP services") {
        event.name = "ssdp_services";
        event.own.int("services", count.parse().ok()?);
    } else if message.starts_with("Unauthorized station on network") {
        event.name = "unauthorized_station";
    } else if let Some(mac) = message.strip_prefix("Starting packet blast to ") {
        event = Event { name: "packet_blast", mac: Some(Mac::parse(mac.trim()).ok()?), to_them: true, ..event };
    } else if let Some(rest) = message.strip_prefix("Wifiblaster result: ") {
        event.name = "packet_blast_result";
        event.rssi = between(rest, " rssi=", " ").and_then(unsigned_dbm);
        let throughput = rest.split_once("(all samples)=").and_then(|(_, rest)| first(rest)?.parse().ok());
        if let Some(speed) = throughput {
            event.own.int("bits_per_second", speed);
        }
    } else if let Some(rest) = message.strip_prefix("New taxonomy for ") {
        let (mac, signature) = rest.split_once(" : ").or_else(|| rest.split_once(": "))?;
        event = Event { name: "taxonomy", mac: Mac::parse(mac.trim()).ok(), ..event };
        event.fields.text("signature", &shown(signature));
    } else if message.contains("teer") {
        // "Steering roaming station: M", "Non steering association for station: M     , reason: new-station"
        let (what, rest) = message.split_once(": ")?;
        event = Event { name: "steering", mac: Some(Mac::parse(first(rest)?).ok()?), ..event };
        event.reason = rest.split_once("reason: ").map(|(_, reason)| reason.split(',').next().unwrap_or(reason));
        event.fields.text("message", what);
    } else {
        return None;
    }
    Some(event)
}

fn buffet(message: &str) -> Option<Event<'_>> {
    if let Some(command) = between(message, "New command '", "' arrived") {
        // The owner's app showed the Wi-Fi password; any other command says that the app was in use.
        let name = if command.ends_with("._getPsks") { "password_shown" } else { "app_used" };
        let mut event = Event { name, about: Some(command.to_owned()), ..Event::default() };
        event.fields.text("command", command);
        return Some(event);
    }
    let rest = message.strip_prefix("IPConfigProperty address = ")?;
    Some(Event { name: "wan_address", ip: Some(first(rest)?.parse().ok()?), ..Event::default() })
}

fn ap_diagnostics(message: &str) -> Option<Event<'_>> {
    if let Some(ip) = message.strip_prefix("Starting fetch for ") {
        let ip = Some(ip.trim().parse().ok()?);
        return Some(Event { name: "report_fetch", ip, to_them: true, ..Event::default() });
    }
    let (path, size) = message.strip_prefix("Added file report: ")?.split_once("having size : ")?;
    let mut event = Event { name: "report_file_added", about: Some(path.trim().to_owned()), ..Event::default() };
    event.fields.text("path", path.trim());
    event.own.int("size", size.trim().parse().ok()?);
    Some(event)
}

fn ap_controller(message: &str) -> Option<Event<'_>> {
    let mut event = Event { name: "settings_changed", ..Event::default() };
    if let Some(settings) = message.strip_prefix("Restarting services with ") {
        event.fields.texts("settings", settings.split_whitespace());
    } else if !message.starts_with("Received Configuration.Set command") {
        return None;
    }
    Some(event)
}

fn speed_test(message: &str) -> Option<Event<'_>> {
    if let Some(rest) = message.strip_prefix("WAN download speed: ") {
        let mut event = Event { name: "speed_test", ..Event::default() };
        let (down, up) = rest.split_once("; upload speed: ")?;
        event.own.int("download_bytes_per_second", down.trim().parse().ok()?);
        event.own.int("upload_bytes_per_second", up.trim().parse().ok()?);
        return Some(event);
    }
    // The address by which the outside knows the home is not masked in the query of the test's URL.
    let rest = message.split_once("&ip=").or_else(|| message.split_once("?ip="))?.1;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':'))).unwrap_or(rest.len());
    Some(Event { name: "public_address", ip: Some(rest.get(..end)?.parse().ok()?), ..Event::default() })
}

fn dhcpcd(text: &str) -> Option<Event<'_>> {
    if let Some(status) = text.strip_prefix("status changed to ") {
        return Some(Event { name: "wan_dhcp_status", reason: Some(status.trim()), ..Event::default() });
    }
    let (interface, rest) = text.split_once(": ")?;
    let mut event = Event { interface: Some(interface), ..Event::default() };
    if let Some((ip, server)) = rest.strip_prefix("acknowledged ").and_then(|rest| rest.split_once(" from ")) {
        event = Event { name: "wan_dhcp_ack", ip: Some(ip.parse().ok()?), ..event };
        event.fields.text("server", server.trim());
    } else {
        let (ip, seconds) = rest.strip_prefix("leased ")?.split_once(" for ")?;
        event = Event { name: "wan_lease", ip: Some(ip.parse().ok()?), ..event };
        event.own.int("lease_seconds", first(seconds)?.parse().ok()?);
    }
    Some(event)
}

fn miniupnpd(text: &str) -> Option<Event<'_>> {
    let service = text.strip_prefix("ST: ")?.split(" (ver").next()?;
    let mut event = Event { name: "upnp_search", about: Some(service.to_owned()), ..Event::default() };
    event.fields.text("service", service);
    Some(event)
}

/// The message after `[INFO:file.cc(12)] ` or the kernel's `[seconds.micros] `.
fn without_source(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(text, |(_, message)| message)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

fn first(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

fn split_word(text: &str) -> Option<(&str, &str)> {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => Some((word, rest.trim_start())),
        None => (!text.is_empty()).then_some((text, "")),
    }
}

/// The number that stands before `after`.
fn number_before(text: &str, after: &str) -> Option<i64> {
    text.split_once(after)?.0.rsplit(' ').next()?.parse().ok()
}

/// `12/34` after `before`.
fn pair(text: &str, before: &str) -> Option<(i64, i64)> {
    let mut numbers = first(text.split_once(before)?.1)?.split('/').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Signal in dBm that was printed as an unsigned byte: 224 is -32.
fn unsigned_dbm(text: &str) -> Option<i64> {
    text.parse::<u8>().ok().map(|byte| byte.cast_signed().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(process: &str, text: &str, expected: &str) {
        let Some(event) = event(process, text) else { return assert_eq!("nothing", expected) };
        let mut said = event.name.to_owned();
        for (name, value) in [
            ("if", event.interface.map(str::to_owned)),
            ("mac", event.mac.map(|mac| mac.to_string())),
            ("ip", event.ip.map(|ip| ip.to_string())),
            ("host", event.host),
            ("rssi", event.rssi.map(|rssi| rssi.to_string())),
            ("reason", event.reason.map(str::to_owned)),
            ("about", event.about),
        ] {
            if let Some(value) = value {
                said.push_str(&format!(" {name}={value}"));
            }
        }
        for details in [event.fields, event.own] {
            let mut fields = Fields::new();
            details.write(&mut fields);
            if !fields.is_empty() {
                said.push_str(&format!(" {}", fields.to_json()));
            }
        }
        if event.to_them {
            said.push_str(" to them");
        }
        assert_eq!(said, expected);
    }

    #[test]
    fn stations_come_and_go() {
        check(
            "hostapd",
            "wlan-5000mhz: IEEE 802.11 AP-STA-CONNECT 109266000026      timestamp:************* success:1 event_reason:none \
             last_rx_rssi:-46 tx_rate_kbps:6000 avg_rssi:-45 nss:2 mode:vht ext_capability:0x****************",
            r#"sta_connect if=wlan-5000mhz mac=10:92:66:00:00:26 rssi=-46 {"success":true,"mode":"vht"} {"spatial_streams":2,"rssi_average":-45,"rssi_last_received":-46}"#,
        );
        check(
            "hostapd",
            "guest-5000mhz: IEEE 802.11 AP-STA-DISCONNECT 3010e400002a      timestamp:************* success:1 \
             event_reason:psk_mismatch frame_status:2",
            r#"sta_disconnect if=guest-5000mhz mac=30:10:e4:00:00:2a reason=psk_mismatch {"success":true} {"frame_status":2}"#,
        );
        check(
            "hostapd",
            "wlan-2400mhz: STA 2016d800001f      IEEE 802.11: associated (aid 1)",
            r#"sta_associated if=wlan-2400mhz mac=20:16:d8:00:00:1f {"aid":1}"#,
        );
        check(
            "hostapd",
            "wlan-2400mhz: STA 20:16:d8:00:00:1f IEEE 802.11: deauthenticated due to inactivity (timer DEAUTH/REMOVE)",
            "sta_deauthenticated if=wlan-2400mhz mac=20:16:d8:00:00:1f reason=deauthenticated due to inactivity (timer DEAUTH/REMOVE)",
        );
        let mismatch = "w: STA 2016d800001f      IEEE 802.11: AP-STA-POSSIBLE-PSK-MISMATCH ";
        check("hostapd", mismatch, "wrong_password if=w mac=20:16:d8:00:00:1f");
        let completed = "w: STA 2016d800001f      WPA: pairwise key handshake completed (RSN)";
        check("hostapd", completed, "wpa_completed if=w mac=20:16:d8:00:00:1f");
        check("hostapd", "w: STA 2016d800001f      WPA: sending 1/4 msg of 4-Way Handshake", "nothing");
        check("hostapd", "w: STA nobody WPA: EAPOL-Key timeout", "nothing");
    }

    #[test]
    fn echoes_say_nothing() {
        check("ap-monitor", "[INFO:hostapd_monitor.cc(270)] Received unknown event: AP-STA-CONNECT", "nothing");
        check("ap-wireless-optimizer", "[INFO:hostapd_monitor.cc(272)] Received unknown event: AP-STA-AUTH", "nothing");
        check("kernel", "[1.5] ath10k_pci: STA 80ea9600002c      TX SN=0: eapol(65) - SENT ", "nothing");
        check("buffet", "[INFO:x.cc(1)] Received call to Command<_apConfiguration._getPsks>::Complete()", "nothing");
    }

    #[test]
    fn addresses() {
        check(
            "dnsmasq-dhcp",
            "DHCPACK(br-lan) 192.168.86.28 109266000026      android-****************",
            "dhcp_ack if=br-lan mac=10:92:66:00:00:26 ip=192.168.86.28 host=android-… (masked by device) to them",
        );
        check(
            "dnsmasq-dhcp",
            "DHCPNAK(br-lan) 192.168.165.23 2016d800001f      wrong network",
            "dhcp_nak if=br-lan mac=20:16:d8:00:00:1f ip=192.168.165.23 reason=wrong network to them",
        );
        check(
            "dnsmasq-dhcp",
            "DHCPDISCOVER(br-lan) a002dc000020      ",
            "dhcp_discover if=br-lan mac=a0:02:dc:00:00:20",
        );
        check("dnsmasq-dhcp", "RTR-SOLICIT(br-lan) ", "router_solicit if=br-lan");
        check(
            "dhcpcd",
            "wan0: acknowledged 192.168.165.9 from 192.168.165.1",
            r#"wan_dhcp_ack if=wan0 ip=192.168.165.9 {"server":"192.168.165.1"}"#,
        );
        check(
            "dhcpcd",
            "wan0: leased 192.0.2.9 for 86400 seconds",
            r#"wan_lease if=wan0 ip=192.0.2.9 {"lease_seconds":86400}"#,
        );
        check("dhcpcd", "status changed to Renew", "wan_dhcp_status reason=Renew");
        check("speed-test", "[I] Sending a GET request to ****,ip&ip=203.0.113.7&x", "public_address ip=203.0.113.7");
    }

    #[test]
    fn radio() {
        check(
            "kernel",
            "[348233.998418] wlan-2400mhz: STA 2016d800001f      RX dhcp(66) RSSI=-46 SN=0",
            r#"frame_received if=wlan-2400mhz mac=20:16:d8:00:00:1f rssi=-46 {"protocol":"dhcp"}"#,
        );
        check(
            "kernel",
            "[1.5] wlan-5000mhz: dropped frame to 2016d800001f      (unauthorized port)",
            "dropped_frame if=wlan-5000mhz mac=20:16:d8:00:00:1f reason=unauthorized port to them",
        );
        check("kernel", "[1.5] wifi diag: add MAC 2016d800001f     ", "wifi_diag_add mac=20:16:d8:00:00:1f");
        check("ap-monitor", "[I] AP scan report queued for upload: 12 observed APs", r#"scan {"observed_aps":12}"#);
        check(
            "ap-monitor",
            "[VERBOSE1:x.cc(114)] Wireless Client: a002dc000008 Bytes (Tx/Rx): 15/3 Packet (Tx/Rx/Failed): 7/9/0",
            r#"wireless_client_traffic mac=a0:02:dc:00:00:08 {"tx_bytes":15,"rx_bytes":3,"tx_packets":7,"rx_packets":9}"#,
        );
        let band = "[VERBOSE1:x.cc(119)] Band: 5 MCS (Tx/Rx): 15/15 RSSI (Current/Avg): 224/225 Bw (Tx/Rx): 40/40";
        assert_eq!(client_signal(band), Some((5, -32, -31)));
        assert_eq!(client_signal("Band: 5 RSSI (Current/Avg): 256/1"), None);
        check(
            "ap-monitor",
            "[I] Non steering association for station: 2016d800001f     , reason: new-station",
            r#"steering mac=20:16:d8:00:00:1f reason=new-station {"message":"Non steering association for station"}"#,
        );
        check("ap-monitor", "[W] Unauthorized station on network.", "unauthorized_station");
        check("ap-monitor", "[I] WAN is now idle: 108617 bytes", r#"wan_idle {"bytes":108617}"#);
    }

    #[test]
    fn people() {
        check(
            "buffet",
            "[I] New command '_apConfiguration._getPsks' arrived, ID: ****",
            r#"password_shown about=_apConfiguration._getPsks {"command":"_apConfiguration._getPsks"}"#,
        );
        check(
            "buffet",
            "[I] New command '_apInsights._getRealtimeMetrics' arrived, ID: ****",
            r#"app_used about=_apInsights._getRealtimeMetrics {"command":"_apInsights._getRealtimeMetrics"}"#,
        );
        check("ap-diagnostics", "[I] Starting fetch for 192.168.86.21", "report_fetch ip=192.168.86.21 to them");
        check(
            "ap-diagnostics",
            "[I] Added file report: /tmp/debug-loghaving size : 71482",
            r#"report_file_added about=/tmp/debug-log {"path":"/tmp/debug-log"} {"size":71482}"#,
        );
        check(
            "ap-controller",
            "[I] Restarting services with A=true B=true",
            r#"settings_changed {"settings":["A=true","B=true"]}"#,
        );
        check(
            "miniupnpd",
            "ST: urn:x:service:dial:1 (ver=1)",
            r#"upnp_search about=urn:x:service:dial:1 {"service":"urn:x:service:dial:1"}"#,
        );
    }

    #[test]
    fn time_since_boot() {
        assert_eq!(uptime("[346334.177538] init"), Some(346_334_177_538_000));
        assert_eq!(uptime("[    1.5] init"), Some(1_500_000_000));
        assert_eq!(uptime("no"), None);
    }
}
