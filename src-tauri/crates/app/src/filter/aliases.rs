//! Wireshark's names for what our facts say under Zeek's.

/// One name of a field of facts.
pub(super) struct Alias {
    pub name: &'static str,
    /// Kinds of facts that have it.
    pub kinds: &'static [&'static str],
    /// What it is called there; one of them is enough.
    pub fields: &'static [&'static str],
    /// It counts only where these fields have these values.
    pub only: [Option<(&'static str, &'static str)>; 2],
    /// Values that Wireshark writes as numbers, and what facts say.
    pub words: &'static [(&'static str, &'static str)],
}

const fn alias(name: &'static str, kinds: &'static [&'static str], fields: &'static [&'static str]) -> Alias {
    Alias { name, kinds, fields, only: [None; 2], words: &[] }
}

impl Alias {
    const fn only(self, field: &'static str, value: &'static str) -> Alias {
        let only = match self.only {
            [None, _] => [Some((field, value)), None],
            [first, _] => [first, Some((field, value))],
        };
        Alias { only, ..self }
    }

    const fn words(self, words: &'static [(&'static str, &'static str)]) -> Alias {
        Alias { words, ..self }
    }
}

const DNS: &[&str] = &["dns", "mdns", "llmnr"];
const TLS: &[&str] = &["tls", "dtls", "quic_hello"];
const HTTP: &[&str] = &["http", "ssdp"];

/// A field of HTTP as HTTP/2 alone writes it.
const fn http2(name: &'static str, field: &'static [&'static str]) -> Alias {
    alias(name, &["http"], field).only("version", "2")
}

pub(super) static ALIASES: &[Alias] = &[
    alias("arp.opcode", &["arp"], &["operation"]).words(&[
        ("1", "request"),
        ("2", "reply"),
        ("3", "reverse_request"),
        ("4", "reverse_reply"),
    ]),
    alias("arp.src.proto_ipv4", &["arp"], &["ip"]),
    alias("arp.dst.proto_ipv4", &["arp"], &["target_ip"]),
    alias("arp.src.hw_mac", &["arp"], &["mac"]),
    alias("arp.dst.hw_mac", &["arp"], &["target_mac"]),
    alias("coap.code", &["coap"], &["code"]),
    alias("coap.opt.observe", &["coap"], &["observe", "observe_seq"]),
    alias("coap.opt.uri_path", &["coap"], &["uri"]),
    alias("coap.opt.uri_path_recon", &["coap"], &["uri", "request_uri"]),
    alias("coap.opt.uri_host", &["coap"], &["host"]),
    alias("coap.mid", &["coap"], &["mid"]),
    alias("coap.token", &["coap"], &["token"]),
    alias("dhcp.option.hostname", &["dhcp"], &["host_name"]),
    alias("dhcp.option.vendor_class_id", &["dhcp"], &["vendor_class"]),
    alias("dhcp.option.requested_ip_address", &["dhcp"], &["requested_addr"]),
    alias("dhcp.option.dhcp_server_id", &["dhcp"], &["server_addr"]),
    alias("dhcp.option.dhcp", &["dhcp"], &["msg_types"]).words(&[
        ("1", "DISCOVER"),
        ("2", "OFFER"),
        ("3", "REQUEST"),
        ("4", "DECLINE"),
        ("5", "ACK"),
        ("6", "NAK"),
        ("7", "RELEASE"),
        ("8", "INFORM"),
    ]),
    alias("dhcp.hw.mac_addr", &["dhcp"], &["mac"]),
    alias("dhcp.ip.your", &["dhcp"], &["assigned_addr"]),
    alias("dhcp.ip.client", &["dhcp"], &["client_addr"]),
    alias("dns.qry.name", DNS, &["query", "questions"]),
    alias("dns.qry.type", DNS, &["qtype"]),
    alias("dns.qry.class", DNS, &["qclass"]),
    alias("dns.flags.response", DNS, &["msg_type"]).words(&[
        ("0", "query"),
        ("1", "response"),
        ("false", "query"),
        ("true", "response"),
    ]),
    alias("dns.flags.rcode", DNS, &["rcode"]),
    alias("dns.id", DNS, &["trans_id"]),
    alias("dns.a", DNS, &["answers"]),
    alias("dns.aaaa", DNS, &["answers"]),
    alias("dns.cname", DNS, &["answers"]),
    alias("http.host", HTTP, &["host"]).only("msg_type", "request"),
    alias("http.request", &["http"], &["method"]).only("msg_type", "request"),
    alias("http.request.method", &["http"], &["method"]).only("msg_type", "request"),
    alias("http.request.uri", &["http"], &["uri"]).only("msg_type", "request"),
    alias("http.response", &["http"], &["status_code"]).only("msg_type", "response"),
    alias("http.response.code", &["http"], &["status_code"]),
    alias("http.response.phrase", &["http"], &["status_msg"]),
    alias("http.user_agent", HTTP, &["user_agent"]),
    alias("http.server", HTTP, &["server"]),
    alias("http.location", HTTP, &["location"]),
    alias("http.content_type", &["http"], &["content_type"]),
    alias("http.content_length", &["http"], &["content_length"]),
    alias("http.referer", &["http"], &["referrer"]),
    http2("http2.headers.authority", &["host"]).only("msg_type", "request"),
    http2("http2.headers.method", &["method"]).only("msg_type", "request"),
    http2("http2.headers.path", &["uri"]).only("msg_type", "request"),
    http2("http2.headers.status", &["status_code"]),
    http2("http2.headers.user_agent", &["user_agent"]),
    http2("http2.headers.server", &["server"]),
    http2("http2.headers.location", &["location"]),
    http2("http2.headers.content_type", &["content_type"]),
    http2("http2.headers.content_length", &["content_length"]),
    http2("http2.headers.content_encoding", &["content_encoding"]),
    http2("http2.headers.referer", &["referrer"]),
    http2("http2.headers.via", &["via"]),
    alias("mqtt.clientid", &["mqtt"], &["client_id"]),
    alias("mqtt.msg", &["mqtt"], &["payload", "payload_hex"]),
    alias("mqtt.topic", &["mqtt"], &["topic", "topics"]),
    alias("mqtt.willtopic", &["mqtt"], &["will_topic"]),
    alias("mqtt.username", &["mqtt"], &["username"]),
    alias("mqtt.retain", &["mqtt"], &["retain"]),
    alias("mqtt.qos", &["mqtt"], &["qos"]),
    alias("mqtt.ver", &["mqtt"], &["proto_level"]),
    alias("mqtt.msgtype", &["mqtt"], &["msg_type"]).words(&[
        ("1", "CONNECT"),
        ("2", "CONNACK"),
        ("3", "PUBLISH"),
        ("4", "PUBACK"),
        ("5", "PUBREC"),
        ("6", "PUBREL"),
        ("7", "PUBCOMP"),
        ("8", "SUBSCRIBE"),
        ("9", "SUBACK"),
        ("10", "UNSUBSCRIBE"),
        ("11", "UNSUBACK"),
        ("12", "PINGREQ"),
        ("13", "PINGRESP"),
        ("14", "DISCONNECT"),
        ("15", "AUTH"),
    ]),
    alias("ntp.stratum", &["ntp"], &["stratum"]),
    alias("ntp.flags.mode", &["ntp"], &["mode"]),
    alias("tls.handshake.extensions_server_name", TLS, &["server_name"]),
    alias("tls.handshake.ja3", TLS, &["ja3"]),
    alias("tls.handshake.ja3s", TLS, &["ja3s"]),
    alias("tls.handshake.ja4", TLS, &["ja4"]),
    alias("tls.handshake.type", TLS, &["msg_type"]).words(&[("1", "client_hello"), ("2", "server_hello")]),
    alias("wlan.ssid", &["wlan"], &["ssid"]),
    alias("wlan.bssid", &["wlan"], &["bssid"]),
    alias("x509ce.dNSName", &["x509"], &["san_dns"]),
    alias("xmpp.to", &["xmpp"], &["to"]),
    alias("xmpp.from", &["xmpp"], &["from"]),
];
