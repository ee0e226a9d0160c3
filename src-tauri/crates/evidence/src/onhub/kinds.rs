//! The kinds of facts that a report gives, and what their fields mean.

use model::Kind;

/// All kinds; [`super::read`] makes no others.
pub const KINDS: &[Kind] = &[
    REPORT,
    STATION,
    LEASE,
    ARP_ENTRY,
    ASSOCIATION,
    NODE,
    BRIDGE_PORT,
    LOG,
    PSEUDONYM,
    WIFI_NETWORK,
    ROUTER_SETTING,
    INTERFACE,
    WAN_IDLE_USAGE,
    COMMAND_OUTPUT,
    REPORT_FILE,
    FILE_LENGTH,
    UNKNOWN_FIELD,
    model::SIGHTING,
];

const REPORT: Kind = Kind {
    name: "report",
    about: "A router's diagnostic report as a whole: which router, when, and how much of what.",
    fields: &[
        ("version", "firmware version"),
        ("hardware", "hardware id"),
        ("boot_firmware", "boot firmware version"),
        ("unix_time", "when the report was made, UTC, by the router's clock"),
        ("time_source", "unix_time, or last_log_line if the report does not say when it was made"),
        ("boot_time", "when the router was started: the time of the kernel's latest log line less its uptime"),
        ("stations", "client devices that the router knows"),
        ("stations_connected", "of these, connected when the report was made"),
        ("files", "copied files"),
        ("file_lengths", "sizes of files and folders on the router"),
        ("commands", "command outputs"),
        ("pseudonyms", "rows of the table of MAC pseudonyms"),
        ("leases", "current DHCP leases"),
        ("log_lines", "lines of the main log, /var/log/messages and its rotations"),
        ("first_log", "time of the main log's first line"),
        ("last_log", "time of the main log's last line"),
        ("unknown_fields", "protobuf fields that the reader does not understand"),
        ("unknown1", "field 11, whose meaning is not known"),
    ],
};

const STATION: Kind = Kind {
    name: "station",
    about: "A client device as the router lists it; of a connected one the time is that of the report, else when it was last seen.",
    fields: &[
        ("station_id", "keyed hash of its MAC address, the same in all reports of this router"),
        ("hostname", "the name it gave by DHCP (option 12); what the router masked is said so"),
        ("hostname_masked", "the router masked at least part of the name"),
        ("mdns_names", "names it announced by mDNS"),
        ("connected", "whether it was connected when the report was made"),
        ("last_seen", "last contact; for a connected station the report's time"),
        ("ip_addresses", "its addresses; none when disconnected"),
        ("other_ip_addresses", "further addresses (later firmware)"),
        ("lease_address", "the address that is leased to it, also when disconnected"),
        ("oui", "first three bytes of its MAC address, which are true"),
        ("band", "2400_mhz or 5000_mhz; absent by cable or disconnected"),
        ("interface", "the router's radio interface (later firmware)"),
        ("wireless", "connected by Wi-Fi; false for every disconnected station"),
        ("wired", "connected by cable"),
        ("guest", "on the guest network"),
        ("mac", "its compact pseudonym of this report: true OUI and a counter"),
        ("colon_mac", "its other pseudonym, which ARP, iw, brctl and most of the log use"),
        ("join_rule", "how both were joined: ip_and_oui, only_pair_of_oui or neighbouring_counters"),
        ("join_confidence", "high, medium or unresolved"),
        ("taxonomy_ids", "hashes of its Wi-Fi and DHCP fingerprints; the same value means the same kind of device"),
        ("signals", "what it says of itself by mDNS: service name and value"),
        ("upnp_attributes", "what it says of itself by UPnP"),
        ("os_version", "operating system version (later firmware)"),
        ("os_build", "operating system build (later firmware)"),
        ("device_model", "model (later firmware)"),
        ("source", "info_json, or network_state of later firmware"),
    ],
};

const LEASE: Kind = Kind {
    name: "lease",
    about: "A DHCP lease that was current when the report was made, also of a client that was away.",
    fields: &[
        ("ip", "the leased address"),
        ("mac", "the client's compact pseudonym"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const ARP_ENTRY: Kind = Kind {
    name: "arp_entry",
    about: "A row of the router's ARP table.",
    fields: &[
        ("ip", "address"),
        ("mac", "pseudonym of the form with colons"),
        ("interface", "the router's interface"),
        ("complete", "answered; false for a stale or unanswered entry"),
        ("flags", "as the kernel prints them: 0x2 complete, 0x0 not"),
        ("hardware_type", "0x1 Ethernet"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const ASSOCIATION: Kind = Kind {
    name: "association",
    about: "A client that was associated with a radio when the report was made; the time is when that association began.",
    fields: &[
        ("mac", "pseudonym of the form with colons"),
        ("interface", "the radio's interface"),
        ("band", "2400_mhz or 5000_mhz"),
        ("guest", "on the guest network"),
        ("authorized", "let through after the key handshake"),
        ("authenticated", "authenticated"),
        ("signal_dbm", "signal of the last frame, dBm"),
        ("signal_average_dbm", "average signal, dBm"),
        ("connected_seconds", "how long it had been associated"),
        ("inactive_ms", "since its last frame, ms"),
        ("rx_bytes", "bytes that the router received from it in this association"),
        ("tx_bytes", "bytes that the router sent to it"),
        ("rx_packets", "packets received from it"),
        ("tx_packets", "packets sent to it"),
        ("tx_failed", "packets that could not be sent to it"),
        ("rx_bitrate", "rate of its last frame"),
        ("tx_bitrate", "rate of the last frame to it"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const NODE: Kind = Kind {
    name: "node",
    about: "A host in the router's connection manager with its traffic since it was added, which is the fact's time.",
    fields: &[
        ("mac", "pseudonym of the form with colons"),
        ("from_bytes", "bytes from it"),
        ("to_bytes", "bytes to it"),
        ("from_packets", "packets from it"),
        ("to_packets", "packets to it"),
        ("from_connections", "open connections that it began"),
        ("to_connections", "open connections to it"),
        ("from_nat_connections", "open connections from it, by its translated address"),
        ("to_nat_connections", "open connections to it, by its translated address"),
        ("from_bytes_dropped", "bytes from it that were dropped"),
        ("to_bytes_dropped", "bytes to it that were dropped"),
        ("from_packets_dropped", "packets from it that were dropped"),
        ("to_packets_dropped", "packets to it that were dropped"),
        ("added_uptime_seconds", "when it was added, seconds since the router was started"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const BRIDGE_PORT: Kind = Kind {
    name: "bridge_port",
    about: "An address in a bridge's table: on which port it was last heard, and when.",
    fields: &[
        ("mac", "pseudonym of the form with colons"),
        ("bridge", "the bridge"),
        ("port", "number of the port"),
        ("interface", "name of the port, if the report tells it"),
        ("local", "the router's own address"),
        ("wired", "heard on a port for cables"),
        ("ageing_seconds", "since it was last heard"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const LOG: Kind = Kind {
    name: "log",
    about: "An event that a line of the router's logs tells; echoes of the same event by other processes are left out.",
    fields: &[
        (
            "event",
            "sta_auth, sta_auth_resp, sta_assoc, sta_connect, sta_disconnect, sta_disassoc_resp (the access point's event lines); \
             sta_authenticated, sta_associated, sta_disassociated, sta_deauthenticated, sta_no_answer (its state lines); \
             wrong_password; wpa_completed, wpa_rekeyed, wpa_timeout, wpa_failed, wpa_invalid_mic; port_authorized, \
             port_unauthorized; dhcp_discover, dhcp_offer, dhcp_request, dhcp_ack, dhcp_nak, dhcp_decline, dhcp_release, \
             dhcp_inform; previous_network (the address that a client brought from elsewhere: read from a dhcp_nak or dhcp_discover \
             line); router_solicit; frame_received, frame_sent (DHCP and EAPOL frames on the air); dropped_frame; wifi_diag_add, \
             wifi_diag_remove; wireless_client_traffic; taxonomy; steering; packet_blast, packet_blast_result; \
             unauthorized_station; scan; ssdp_services; upnp_search; wan_active, wan_idle, wan_usage, wan_address, \
             wan_dhcp_status, wan_dhcp_ack, wan_lease; public_address; speed_test; password_shown (the owner's app asked for the \
             Wi-Fi password); app_used; settings_changed; web_access; report_fetch, report_file_added",
        ),
        ("process", "who wrote the line"),
        ("level", "INFO, NOTICE, WARNING or ERR"),
        ("interface", "the router's interface"),
        ("mac", "pseudonym: compact in wireless_client_traffic, else of the form with colons"),
        ("ip", "address"),
        ("host", "the name that a client gave by DHCP"),
        ("reason", "why, in the line's words"),
        ("success", "whether it succeeded"),
        ("mode", "ht (802.11n) or vht (802.11ac)"),
        ("steering_reason", "why the client was put on this band"),
        ("protocol", "dhcp or eapol, of a frame on the air"),
        ("message", "what a steering line says"),
        ("signature", "fingerprint of the client's Wi-Fi: taxonomy"),
        ("command", "the app's command"),
        ("settings", "what was changed"),
        ("server", "DHCP server of the WAN"),
        ("service", "what was searched for"),
        ("path", "file that was put into the report"),
        ("method", "HTTP method"),
        ("uri", "what was asked of the router's web server"),
        ("status_code", "HTTP status"),
        ("band_ghz", "2 or 5"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
        ("rssi", "signal, dBm"),
        ("rssi_average", "average signal, dBm"),
        ("rssi_last_received", "signal of the last frame, dBm"),
        ("frame_status", "802.11 status or reason code"),
        ("spatial_streams", "spatial streams of the client's radio"),
        ("aid", "association id"),
        ("tx_bytes", "bytes that the router sent to the client in this association"),
        ("rx_bytes", "bytes that it received from the client"),
        ("tx_packets", "packets sent to the client"),
        ("rx_packets", "packets received from the client"),
        ("sent_bytes", "bytes sent to the internet since the router was started"),
        ("received_bytes", "bytes received from the internet since the router was started"),
        ("bytes", "bytes of the interval"),
        ("observed_aps", "access points in range"),
        ("services", "SSDP services that were found"),
        ("bits_per_second", "measured throughput"),
        ("download_bytes_per_second", "measured speed from the internet"),
        ("upload_bytes_per_second", "measured speed to the internet"),
        ("lease_seconds", "how long the address is leased"),
        ("size", "bytes of the file"),
        ("response_bytes", "bytes of the web server's answer"),
        ("repeated", "the line says that it happened this often"),
        ("pid", "process id"),
        ("member", "file that the line is in"),
        ("line", "number of the line, from 1"),
        ("member_offset", "offset of the line in the uncompressed file"),
        ("text", "what the line says"),
    ],
};

const PSEUDONYM: Kind = Kind {
    name: "pseudonym",
    about: "A row of the report's table of MAC pseudonyms.",
    fields: &[
        ("id", "keyed hash of the MAC address, the same in all reports of this router"),
        ("mac", "pseudonym: true OUI and a counter; not the same in other reports"),
        ("oui", "true OUI"),
        ("counter", "order in which the router met it while it made the report"),
        ("form", "compact or colon: the form of the address that was hashed, told by where it is used"),
        ("same_as", "the other pseudonym of the same device"),
        ("join_rule", "how both were joined"),
        ("join_confidence", "high, medium or unresolved"),
        ("locally_administered", "made up by software, such as a guest network's address"),
        ("special", "zero or broadcast"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const WIFI_NETWORK: Kind = Kind {
    name: "wifi_network",
    about: "A Wi-Fi network of the router.",
    fields: &[
        ("ssid", "its name"),
        ("role", "main, guest, mesh or setup"),
        ("enabled", "switched on"),
        ("psk", "its password, as far as the device did not mask it"),
        ("channel_2400_mhz", "channel of the 2.4 GHz radio"),
        ("channel_5000_mhz", "channel of the 5 GHz radio"),
        ("source", "network_config or info_json"),
    ],
};

const ROUTER_SETTING: Kind = Kind {
    name: "router_setting",
    about: "One value of the router's configuration or state.",
    fields: &[
        ("path", "its name, from the outermost"),
        ("value", "as stated; [] is an empty list"),
        ("topic", "what it is about: Wi-Fi, guest network, UPnP, port forwarding, DNS, WAN, ..."),
        ("time", "the value as a time, if it is one"),
        ("source", "network_config, wan_info, info_json, network_state or the path of a file"),
    ],
};

const INTERFACE: Kind = Kind {
    name: "interface",
    about: "An interface of the router, as ip, ifconfig or iw shows it.",
    fields: &[
        ("interface", "its name"),
        ("command", "ip addr, ifconfig or iw dev"),
        ("mac", "pseudonym of the form with colons"),
        ("ip_addresses", "IPv4 addresses with prefix length"),
        ("ipv6_addresses", "IPv6 addresses; the device masks them"),
        ("state", "UP, DOWN or UNKNOWN"),
        ("flags", "flags"),
        ("mtu", "largest packet, bytes"),
        ("bridge", "the bridge that it is part of"),
        ("ssid", "the Wi-Fi network's name"),
        ("type", "AP, managed, ..."),
        ("channel", "Wi-Fi channel"),
        ("radio", "channel, frequency and width"),
        ("band", "2400_mhz or 5000_mhz"),
        ("guest", "for guests"),
        ("rx_bytes", "bytes received since the router was started"),
        ("rx_packets", "packets received"),
        ("tx_bytes", "bytes sent"),
        ("tx_packets", "packets sent"),
        ("station", "the station's name"),
        ("station_id", "the station's id"),
    ],
};

const WAN_IDLE_USAGE: Kind = Kind {
    name: "wan_idle_usage",
    about: "Bytes through the WAN in intervals that follow each other; the router does not store their times.",
    fields: &[
        ("intervals", "how many"),
        ("bytes", "bytes of each, oldest first; at most 1000"),
        ("total_bytes", "sum"),
    ],
};

const COMMAND_OUTPUT: Kind = Kind {
    name: "command_output",
    about: "A command that the router ran for the report, and what it printed.",
    fields: &[
        ("command", "with its arguments"),
        ("status", "exit status; 0 is well"),
        ("meaning", "what the status means, where known"),
        ("output_length", "bytes"),
        ("output_cut", "output is longer than the 4 KiB that are kept here; the bytes in the report are whole"),
        ("output", "what it printed"),
    ],
};

const REPORT_FILE: Kind = Kind {
    name: "report_file",
    about: "A file of the router that was copied into the report.",
    fields: &[
        ("path", "its path on the router"),
        ("size", "bytes, uncompressed"),
        ("stored_size", "bytes in the report"),
        ("content_offset", "where in the report its stored content begins"),
        ("compression", "none, gzip, or gzip (damaged)"),
        ("message_type", "type of the protobuf message that the file is, if the report says so"),
        ("sha256", "SHA-256 of the uncompressed content"),
        ("lines", "lines"),
        ("first_log", "time of its first log line"),
        ("last_log", "time of its last log line"),
    ],
};

const FILE_LENGTH: Kind = Kind {
    name: "file_length",
    about: "The size of a file or folder on the router, also of files that the report does not hold.",
    fields: &[("path", "its path"), ("size", "bytes"), ("in_report", "a copy of this very length is in the report")],
};

const UNKNOWN_FIELD: Kind = Kind {
    name: "unknown_field",
    about: "A protobuf field that the reader does not understand, kept as it is.",
    fields: &[
        ("inside", "message that it is in: report, files, file lengths, command outputs or pseudonyms"),
        ("number", "field number"),
        ("wire_type", "0 varint, 1 64 bit, 2 length-delimited, 5 32 bit"),
        ("value_length", "bytes of the value"),
        ("raw", "first 256 bytes of the value, hex"),
        ("text", "the value, if it is text"),
    ],
};
