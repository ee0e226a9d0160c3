//! What each parser is known not to read: said beside what it read, so that silence is not taken for absence.

/// By format or protocol.
const LIMITS: &[(&str, &str)] = &[
    ("arp", "requests and replies are kept once each; repetitions are in the packets only"),
    ("ble", "advertising packets: addresses, names and signal; connections are not followed"),
    ("coap", "the first 4096 bytes of a payload; blocks make files; OSCORE and DTLS are encrypted"),
    ("dhcp", "options that have no name here are kept in the list of options only"),
    ("dhcpv6", "relayed messages are read as far as the client's own"),
    ("dns", "names over TLS, HTTPS and QUIC are encrypted, and are seen as those"),
    ("dtls", "the hellos; what follows is encrypted"),
    (
        "http",
        "HTTP/1 and HTTP/2, the latter from connections whose beginning was captured; bodies are hashed as files, and read where they are logins, UPnP descriptions or Hue's; HTTP/3 is not read",
    ),
    ("http2", "connections whose beginning was captured; header fields that refer to what is missing are left out"),
    (
        "hue",
        "what is switched, and what the bridge answers; states that are asked for, event streams and Entertainment are not read",
    ),
    ("ieee802154", "addresses and kinds of frames; Zigbee and Thread above it are mostly encrypted"),
    ("mdns", "announcements are kept once each; repetitions are in the packets only"),
    ("mqtt", "the first 4096 bytes of a payload"),
    ("nbns", "names only; file sharing itself is not read"),
    ("ntp", "clocks; extension fields and signatures are not read"),
    (
        "onhub",
        "hardware addresses are pseudonyms; sections that no table here names are told as issues or unknown fields",
    ),
    ("pcap", "packets as captured; what the snap length cut is gone"),
    (
        "pcapng",
        "packets as captured; keys in the file are told, not used; systemd journals and custom blocks are not read",
    ),
    ("quic", "the first packets: names, versions, fingerprints; what follows is encrypted"),
    ("snoop", "packets as captured; what the snap length cut is gone"),
    (
        "ssdp",
        "announcements and searches; the descriptions that they point to only if they were fetched in the capture",
    ),
    ("tls", "the hellos, and certificates up to TLS 1.2; what follows is encrypted, unless a key log opens it"),
    ("wlan", "management frames; data frames are counted, and mostly encrypted"),
    ("xmpp", "stanzas before TLS begins"),
];

/// What a format or protocol is known not to read.
pub(crate) fn limits(name: &str) -> &'static str {
    LIMITS.iter().find(|(known, _)| *known == name).map_or("", |(_, limits)| limits)
}
