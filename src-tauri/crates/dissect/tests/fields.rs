//! What the tree says of each frame, field by field, against TShark: all captures in `samples/` and the real ones, and the messages in
//! `tests/seeds`. [`FIELDS`] says which fields of which protocol; [`ACCEPTED`] what is told differently, and why. Skipped where
//! TShark is not. `cargo test -p dissect --test fields -- --nocapture` tells how many values were compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dissect::protocols::Transport;
use dissect::{Assembled, Decrypt, Engine, Findings, FlowHint, Sighting, Value, inspect};
use model::{Cancelled, Fact, Flow, Frame, Issue, Time};

/// Protocol by protocol: the fields that are compared.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "arp",
        &[
            "arp.dst.hw_mac",
            "arp.dst.proto_ipv4",
            "arp.hw.type",
            "arp.isannouncement",
            "arp.isgratuitous",
            "arp.isprobe",
            "arp.opcode",
            "arp.proto.type",
            "arp.src.hw_mac",
            "arp.src.proto_ipv4",
        ],
    ),
    (
        "btcommon",
        &[
            "btcommon.eir_ad.entry.appearance",
            "btcommon.eir_ad.entry.company_id",
            "btcommon.eir_ad.entry.data",
            "btcommon.eir_ad.entry.device_name",
            "btcommon.eir_ad.entry.flags.le_general_discoverable_mode",
            "btcommon.eir_ad.entry.power_level",
            "btcommon.eir_ad.entry.service_data",
            "btcommon.eir_ad.entry.type",
            "btcommon.eir_ad.entry.uri",
            "btcommon.eir_ad.entry.uuid_128",
            "btcommon.eir_ad.entry.uuid_16",
            "btcommon.eir_ad.entry.uuid_32",
        ],
    ),
    (
        "btle",
        &[
            "btle.access_address",
            "btle.advertising_address",
            "btle.advertising_header.length",
            "btle.advertising_header.pdu_type",
            "btle.advertising_header.randomized_rx",
            "btle.advertising_header.randomized_tx",
            "btle.control_opcode",
            "btle.crc",
            "btle.data_header.length",
            "btle.data_header.llid",
            "btle.extended_advertising.advertising_data_info",
            "btle.extended_advertising_header.length",
            "btle.extended_advertising_header.tx_power",
            "btle.initiator_address",
            "btle.link_layer_data.access_address",
            "btle.link_layer_data.hop",
            "btle.link_layer_data.interval",
            "btle.link_layer_data.latency",
            "btle.link_layer_data.timeout",
            "btle.scanning_address",
            "btle.target_address",
        ],
    ),
    ("btle_rf", &["btle_rf.channel", "btle_rf.flags", "btle_rf.noise_dbm", "btle_rf.signal_dbm"]),
    (
        "chap",
        &["chap.code", "chap.identifier", "chap.length", "chap.message", "chap.name", "chap.value", "chap.value_size"],
    ),
    (
        "coap",
        &[
            "coap.code",
            "coap.mid",
            "coap.opt.accept",
            "coap.opt.ctype",
            "coap.opt.etag",
            "coap.opt.hop_limit",
            "coap.opt.if_match",
            "coap.opt.location_path",
            "coap.opt.location_query",
            "coap.opt.max_age",
            "coap.opt.observe",
            "coap.opt.proxy_scheme",
            "coap.opt.proxy_uri",
            "coap.opt.size1",
            "coap.opt.unknown",
            "coap.opt.uri_host",
            "coap.opt.uri_path",
            "coap.opt.uri_port",
            "coap.opt.uri_query",
            "coap.payload",
            "coap.token",
            "coap.token_len",
            "coap.type",
            "coap.version",
        ],
    ),
    (
        "dhcp",
        &[
            "dhcp.client_id",
            "dhcp.cookie",
            "dhcp.file",
            "dhcp.flags.bc",
            "dhcp.fqdn.name",
            "dhcp.hops",
            "dhcp.hw.len",
            "dhcp.hw.mac_addr",
            "dhcp.hw.type",
            "dhcp.id",
            "dhcp.ip.client",
            "dhcp.ip.relay",
            "dhcp.ip.server",
            "dhcp.ip.your",
            "dhcp.option.bootfile_name",
            "dhcp.option.broadcast_address",
            "dhcp.option.captive_portal",
            "dhcp.option.classless_static_route",
            "dhcp.option.dhcp",
            "dhcp.option.dhcp_max_message_size",
            "dhcp.option.dhcp_server_id",
            "dhcp.option.domain_name",
            "dhcp.option.domain_name_server",
            "dhcp.option.end",
            "dhcp.option.hostname",
            "dhcp.option.interface_mtu",
            "dhcp.option.ip_address_lease_time",
            "dhcp.option.length",
            "dhcp.option.log_server",
            "dhcp.option.message",
            "dhcp.option.netbios_over_tcpip_name_server",
            "dhcp.option.netbios_over_tcpip_node_type",
            "dhcp.option.netbios_over_tcpip_scope",
            "dhcp.option.ntp_server",
            "dhcp.option.option_overload",
            "dhcp.option.perform_router_discover",
            "dhcp.option.private_proxy_autodiscovery",
            "dhcp.option.rebinding_time_value",
            "dhcp.option.renewal_time_value",
            "dhcp.option.request_list_item",
            "dhcp.option.requested_ip_address",
            "dhcp.option.root_path",
            "dhcp.option.router",
            "dhcp.option.subnet_mask",
            "dhcp.option.tftp_server_name",
            "dhcp.option.time_offset",
            "dhcp.option.time_server",
            "dhcp.option.type",
            "dhcp.option.user_class",
            "dhcp.option.vendor.value",
            "dhcp.option.vendor_class_id",
            "dhcp.secs",
            "dhcp.server",
            "dhcp.type",
        ],
    ),
    (
        "dhcpv6",
        &[
            "dhcpv6.dns_server",
            "dhcpv6.duid.bytes",
            "dhcpv6.elapsed_time",
            "dhcpv6.iaaddr.ip",
            "dhcpv6.iaaddr.valid_lifetime",
            "dhcpv6.iaprefix.pref_addr",
            "dhcpv6.linkaddr",
            "dhcpv6.msgtype",
            "dhcpv6.option.length",
            "dhcpv6.option.type",
            "dhcpv6.peeraddr",
            "dhcpv6.requested_option_code",
            "dhcpv6.status_msg",
            "dhcpv6.vendorclass.data",
            "dhcpv6.xid",
        ],
    ),
    (
        "dns",
        &[
            "dns.a",
            "dns.aaaa",
            "dns.cname",
            "dns.count.add_rr",
            "dns.count.answers",
            "dns.count.auth_rr",
            "dns.count.queries",
            "dns.data",
            "dns.dname",
            "dns.flags",
            "dns.flags.authenticated",
            "dns.flags.authoritative",
            "dns.flags.checkdisable",
            "dns.flags.opcode",
            "dns.flags.rcode",
            "dns.flags.recavail",
            "dns.flags.recdesired",
            "dns.flags.response",
            "dns.flags.truncated",
            "dns.flags.z",
            "dns.id",
            "dns.mx.mail_exchange",
            "dns.mx.preference",
            "dns.ns",
            "dns.nsec.next_domain_name",
            "dns.opt.client.addr",
            "dns.opt.code",
            "dns.opt.data",
            "dns.opt.ext_error.extra_text",
            "dns.opt.ext_error.info_code",
            "dns.opt.padding",
            "dns.ptr.domain_name",
            "dns.qry.class",
            "dns.qry.name",
            "dns.qry.qu",
            "dns.qry.type",
            "dns.resp.cache_flush",
            "dns.resp.class",
            "dns.resp.edns0_version",
            "dns.resp.len",
            "dns.resp.name",
            "dns.resp.ttl",
            "dns.resp.type",
            "dns.resp.z.do",
            "dns.rr.udp_payload_size",
            "dns.soa.expire_limit",
            "dns.soa.minimum_ttl",
            "dns.soa.mname",
            "dns.soa.refresh_interval",
            "dns.soa.retry_interval",
            "dns.soa.rname",
            "dns.soa.serial_number",
            "dns.srv.port",
            "dns.srv.priority",
            "dns.srv.target",
            "dns.srv.weight",
            "dns.svcb.svcpriority",
            "dns.svcb.targetname",
            "dns.txt",
        ],
    ),
    (
        "dtls",
        &[
            "dtls.handshake.cookie",
            "dtls.handshake.type",
            "dtls.record.content_type",
            "dtls.record.epoch",
            "dtls.record.length",
            "dtls.record.version",
        ],
    ),
    ("eap", &["eap.code", "eap.id", "eap.identity", "eap.len", "eap.type"]),
    (
        "eapol",
        &[
            "eapol.keydes.key_len",
            "eapol.keydes.replay_counter",
            "eapol.keydes.type",
            "eapol.len",
            "eapol.type",
            "eapol.version",
        ],
    ),
    ("eth", &["eth.dst", "eth.src", "eth.type"]),
    (
        "ftp",
        &[
            "ftp.active.cip",
            "ftp.active.port",
            "ftp.eprt.ip",
            "ftp.eprt.ipv6",
            "ftp.eprt.port",
            "ftp.epsv.ip",
            "ftp.epsv.port",
            "ftp.passive.ip",
            "ftp.passive.port",
            "ftp.request.arg",
            "ftp.request.command",
            "ftp.response.arg",
            "ftp.response.code",
        ],
    ),
    ("gre", &["gre.flags_and_version", "gre.key", "gre.key.call_id", "gre.proto"]),
    (
        "http",
        &[
            "http.accept",
            "http.accept_encoding",
            "http.accept_language",
            "http.authorization",
            "http.cache_control",
            "http.chunk_size",
            "http.connection",
            "http.content_encoding",
            "http.content_length_header",
            "http.content_type",
            "http.cookie",
            "http.date",
            "http.file_data",
            "http.host",
            "http.last_modified",
            "http.location",
            "http.proxy_authenticate",
            "http.proxy_authorization",
            "http.referer",
            "http.request.method",
            "http.request.uri",
            "http.request.version",
            "http.response.code",
            "http.response.phrase",
            "http.response.version",
            "http.sec_websocket_protocol",
            "http.server",
            "http.set_cookie",
            "http.transfer_encoding",
            "http.upgrade",
            "http.user_agent",
            "http.www_authenticate",
            "http.x_forwarded_for",
        ],
    ),
    (
        "http2",
        &[
            "http2.data.data",
            "http2.exclusive",
            "http2.flags",
            "http2.flags.ack.ping",
            "http2.flags.ack.settings",
            "http2.flags.eh",
            "http2.flags.end_stream",
            "http2.flags.padded",
            "http2.flags.priority",
            "http2.goaway.error",
            "http2.goaway.last_stream_id",
            "http2.header.index",
            "http2.header.name",
            "http2.header.repr",
            "http2.header.value",
            "http2.headers.accept",
            "http2.headers.accept_encoding",
            "http2.headers.authority",
            "http2.headers.authorization",
            "http2.headers.cache_control",
            "http2.headers.content_encoding",
            "http2.headers.content_length",
            "http2.headers.content_type",
            "http2.headers.cookie",
            "http2.headers.date",
            "http2.headers.last_modified",
            "http2.headers.method",
            "http2.headers.path",
            "http2.headers.scheme",
            "http2.headers.server",
            "http2.headers.set_cookie",
            "http2.headers.status",
            "http2.headers.user_agent",
            "http2.headers.via",
            "http2.headers.weight",
            "http2.length",
            "http2.magic",
            "http2.padding",
            "http2.push_promise.promised_stream_id",
            "http2.rst_stream.error",
            "http2.settings.enable_push",
            "http2.settings.header_table_size",
            "http2.settings.id",
            "http2.settings.initial_window_size",
            "http2.settings.max_concurrent_streams",
            "http2.settings.max_frame_size",
            "http2.stream_dependency",
            "http2.streamid",
            "http2.type",
            "http2.window_update.window_size_increment",
        ],
    ),
    ("icmp", &["icmp.checksum", "icmp.code", "icmp.type"]),
    ("ieee8021ad", &["ieee8021ad.id", "ieee8021ad.priority"]),
    (
        "ipcp",
        &[
            "ipcp.opt.ip_address",
            "ipcp.opt.length",
            "ipcp.opt.pri_dns_address",
            "ipcp.opt.sec_dns_address",
            "ipcp.opt.type",
        ],
    ),
    ("ipv6cp", &["ipv6cp.interface_identifier", "ipv6cp.opt.length", "ipv6cp.opt.type"]),
    (
        "icmpv6",
        &[
            "icmpv6.code",
            "icmpv6.mld.multicast_address",
            "icmpv6.mldr.mar.multicast_address",
            "icmpv6.mldr.mar.record_type",
            "icmpv6.mldr.mar.source_address",
            "icmpv6.mldr.nb_mcast_records",
            "icmpv6.nd.na.flag.o",
            "icmpv6.nd.na.flag.r",
            "icmpv6.nd.na.flag.s",
            "icmpv6.nd.na.target_address",
            "icmpv6.nd.ns.target_address",
            "icmpv6.nd.ra.cur_hop_limit",
            "icmpv6.nd.ra.flag.m",
            "icmpv6.nd.ra.flag.o",
            "icmpv6.nd.ra.reachable_time",
            "icmpv6.nd.ra.retrans_timer",
            "icmpv6.nd.ra.router_lifetime",
            "icmpv6.nd.rd.target_address",
            "icmpv6.opt.dnssl",
            "icmpv6.opt.linkaddr",
            "icmpv6.opt.mtu",
            "icmpv6.opt.nonce",
            "icmpv6.opt.prefix",
            "icmpv6.opt.prefix.flag.a",
            "icmpv6.opt.prefix.flag.l",
            "icmpv6.opt.prefix.length",
            "icmpv6.opt.prefix.preferred_lifetime",
            "icmpv6.opt.prefix.valid_lifetime",
            "icmpv6.opt.rdnss",
            "icmpv6.opt.type",
            "icmpv6.rd.na.destination_address",
            "icmpv6.type",
        ],
    ),
    (
        "igmp",
        &[
            "igmp.checksum",
            "igmp.maddr",
            "igmp.max_resp",
            "igmp.num_grp_recs",
            "igmp.record_type",
            "igmp.saddr",
            "igmp.type",
            "igmp.version",
        ],
    ),
    (
        "ip",
        &[
            "ip.checksum",
            "ip.dsfield",
            "ip.dst",
            "ip.flags",
            "ip.frag_offset",
            "ip.hdr_len",
            "ip.id",
            "ip.len",
            "ip.proto",
            "ip.src",
            "ip.ttl",
            "ip.version",
        ],
    ),
    (
        "ipv6",
        &[
            "ipv6.dst",
            "ipv6.flow",
            "ipv6.fraghdr.ident",
            "ipv6.fraghdr.more",
            "ipv6.fraghdr.offset",
            "ipv6.hlim",
            "ipv6.nxt",
            "ipv6.plen",
            "ipv6.src",
            "ipv6.version",
        ],
    ),
    (
        "lcp",
        &[
            "lcp.magic_number",
            "lcp.opt.algorithm",
            "lcp.opt.auth_protocol",
            "lcp.opt.length",
            "lcp.opt.magic_number",
            "lcp.opt.mru",
            "lcp.opt.type",
            "lcp.rej_proto",
        ],
    ),
    ("llc", &["llc.dsap", "llc.ssap", "llc.type"]),
    (
        "lldp",
        &[
            "lldp.chassis.id",
            "lldp.chassis.id.ip4",
            "lldp.chassis.id.mac",
            "lldp.chassis.subtype",
            "lldp.mgn.addr.hex",
            "lldp.mgn.addr.ip4",
            "lldp.mgn.addr.ip6",
            "lldp.orgtlv.oui",
            "lldp.port.desc",
            "lldp.port.id",
            "lldp.port.id.mac",
            "lldp.port.subtype",
            "lldp.time_to_live",
            "lldp.tlv.enable_system_cap",
            "lldp.tlv.system.desc",
            "lldp.tlv.system.name",
            "lldp.tlv.type",
        ],
    ),
    (
        "mqtt",
        &[
            "mqtt.clientid",
            "mqtt.conack.flags.sp",
            "mqtt.conack.val",
            "mqtt.conflag.cleansess",
            "mqtt.conflag.passwd",
            "mqtt.conflag.qos",
            "mqtt.conflag.retain",
            "mqtt.conflag.uname",
            "mqtt.conflag.willflag",
            "mqtt.conflags",
            "mqtt.connack.reason_code",
            "mqtt.dupflag",
            "mqtt.kalive",
            "mqtt.len",
            "mqtt.msg",
            "mqtt.msgid",
            "mqtt.msgtype",
            "mqtt.passwd",
            "mqtt.prop_key",
            "mqtt.prop_number",
            "mqtt.prop_string",
            "mqtt.prop_value",
            "mqtt.property_len",
            "mqtt.protoname",
            "mqtt.qos",
            "mqtt.retain",
            "mqtt.sub.qos",
            "mqtt.suback.qos",
            "mqtt.suback.reason_code",
            "mqtt.topic",
            "mqtt.unsuback.reason_code",
            "mqtt.username",
            "mqtt.ver",
            "mqtt.willmsg",
            "mqtt.willtopic",
        ],
    ),
    (
        "nbns",
        &[
            "nbns.addr",
            "nbns.flags.broadcast",
            "nbns.flags.opcode",
            "nbns.flags.response",
            "nbns.id",
            "nbns.name",
            "nbns.netbios_name",
            "nbns.type",
        ],
    ),
    (
        "nordic_ble",
        &[
            "nordic_ble.board_id",
            "nordic_ble.channel",
            "nordic_ble.crcok",
            "nordic_ble.flags",
            "nordic_ble.packet_id",
            "nordic_ble.plen",
            "nordic_ble.protover",
            "nordic_ble.rssi",
        ],
    ),
    (
        "ntp",
        &[
            "ntp.flags.li",
            "ntp.flags.mode",
            "ntp.flags.vn",
            "ntp.org",
            "ntp.ppoll",
            "ntp.precision",
            "ntp.rec",
            "ntp.refid",
            "ntp.reftime",
            "ntp.rootdelay",
            "ntp.rootdispersion",
            "ntp.stratum",
            "ntp.xmt",
        ],
    ),
    ("null", &["null.family"]),
    (
        "pap",
        &[
            "pap.code",
            "pap.identifier",
            "pap.length",
            "pap.message",
            "pap.message.length",
            "pap.password",
            "pap.password.length",
            "pap.peer_id",
            "pap.peer_id.length",
        ],
    ),
    ("ppi", &["ppi.80211-common.chan.freq", "ppi.80211-common.dbm.antsignal", "ppi.dlt"]),
    ("ppp", &["ppp.code", "ppp.data", "ppp.identifier", "ppp.length", "ppp.protocol"]),
    ("pppoe", &["pppoe.code", "pppoe.payload_length", "pppoe.session_id"]),
    (
        "pppoed",
        &[
            "pppoed.tag",
            "pppoed.tags.ac_cookie",
            "pppoed.tags.ac_name",
            "pppoed.tags.generic_error",
            "pppoed.tags.host_uniq",
            "pppoed.tags.service_name",
        ],
    ),
    (
        "quic",
        &[
            "quic.dcid",
            "quic.header_form",
            "quic.length",
            "quic.long.packet_type",
            "quic.scid",
            "quic.token_length",
            "quic.version",
        ],
    ),
    (
        "radiotap",
        &[
            "radiotap.antenna",
            "radiotap.channel.freq",
            "radiotap.datarate",
            "radiotap.dbm_antnoise",
            "radiotap.dbm_antsignal",
            "radiotap.flags.badfcs",
            "radiotap.flags.fcs",
            "radiotap.mactime",
        ],
    ),
    (
        "rtsp",
        &[
            "rtsp.channel",
            "rtsp.content-length",
            "rtsp.content-type",
            "rtsp.data",
            "rtsp.length",
            "rtsp.method",
            "rtsp.request",
            "rtsp.response",
            "rtsp.session",
            "rtsp.status",
            "rtsp.transport",
            "rtsp.url",
        ],
    ),
    ("sdp", &["sdp.media", "sdp.media_attr", "sdp.session_attr", "sdp.session_name"]),
    ("sll", &["sll.etype", "sll.hatype", "sll.ifindex", "sll.pkttype", "sll.src.eth"]),
    (
        "snmp",
        &[
            "snmp.agent_addr",
            "snmp.community",
            "snmp.contextEngineID",
            "snmp.contextName",
            "snmp.data",
            "snmp.encryptedPDU",
            "snmp.enterprise",
            "snmp.error_index",
            "snmp.error_status",
            "snmp.generic_trap",
            "snmp.max_repetitions",
            "snmp.msgAuthenticationParameters",
            "snmp.msgAuthoritativeEngineBoots",
            "snmp.msgAuthoritativeEngineID",
            "snmp.msgAuthoritativeEngineTime",
            "snmp.msgFlags",
            "snmp.msgID",
            "snmp.msgMaxSize",
            "snmp.msgPrivacyParameters",
            "snmp.msgSecurityModel",
            "snmp.msgSecurityParameters",
            "snmp.msgUserName",
            "snmp.msgVersion",
            "snmp.name",
            "snmp.non_repeaters",
            "snmp.request_id",
            "snmp.specific_trap",
            "snmp.time_stamp",
            "snmp.value.counter",
            "snmp.value.g32",
            "snmp.value.int",
            "snmp.value.ipv4",
            "snmp.value.octets",
            "snmp.value.oid",
            "snmp.value.opaque",
            "snmp.value.timeticks",
            "snmp.value.unk",
            "snmp.version",
        ],
    ),
    (
        "stp",
        &[
            "stp.bridge.hw",
            "stp.bridge.prio",
            "stp.flags",
            "stp.port",
            "stp.root.cost",
            "stp.root.hw",
            "stp.root.prio",
            "stp.type",
            "stp.version",
        ],
    ),
    (
        "stun",
        &[
            "stun.att.channelnum",
            "stun.att.error",
            "stun.att.error.class",
            "stun.att.error.reason",
            "stun.att.family",
            "stun.att.ipv4",
            "stun.att.ipv6",
            "stun.att.length",
            "stun.att.lifetime",
            "stun.att.port",
            "stun.att.realm",
            "stun.att.software",
            "stun.att.tie-breaker",
            "stun.att.type",
            "stun.att.username",
            "stun.attribute",
            "stun.channel",
            "stun.cookie",
            "stun.id",
            "stun.length",
            "stun.type",
            "stun.value",
        ],
    ),
    (
        "tcp",
        &[
            "tcp.ack_raw",
            "tcp.checksum",
            "tcp.dstport",
            "tcp.flags",
            "tcp.hdr_len",
            "tcp.options.mss_val",
            "tcp.options.wscale.shift",
            "tcp.seq_raw",
            "tcp.srcport",
            "tcp.urgent_pointer",
            "tcp.window_size_value",
        ],
    ),
    ("telnet", &["telnet.cmd", "telnet.data", "telnet.subcmd"]),
    (
        "tls",
        &[
            "tls.alert_message.desc",
            "tls.alert_message.level",
            "tls.handshake.ciphersuite",
            "tls.handshake.comp_method",
            "tls.handshake.extension.data",
            "tls.handshake.extension.len",
            "tls.handshake.extension.type",
            "tls.handshake.extensions.supported_version",
            "tls.handshake.extensions_alpn_str",
            "tls.handshake.extensions_ec_point_format",
            "tls.handshake.extensions_key_share_group",
            "tls.handshake.extensions_server_name",
            "tls.handshake.extensions_supported_group",
            "tls.handshake.ja3",
            "tls.handshake.ja3_full",
            "tls.handshake.ja3s",
            "tls.handshake.ja3s_full",
            "tls.handshake.length",
            "tls.handshake.random",
            "tls.handshake.session_id",
            "tls.handshake.session_id_length",
            "tls.handshake.sig_hash_alg",
            "tls.handshake.type",
            "tls.handshake.version",
            "tls.record.content_type",
            "tls.record.length",
            "tls.record.version",
        ],
    ),
    ("tplink_smarthome", &["tplink_smarthome.len", "tplink_smarthome.msg"]),
    ("udp", &["udp.checksum", "udp.dstport", "udp.length", "udp.srcport"]),
    ("vlan", &["vlan.etype", "vlan.id", "vlan.priority"]),
    ("vxlan", &["vxlan.flags", "vxlan.vni"]),
    (
        "websocket",
        &["websocket.fin", "websocket.mask", "websocket.opcode", "websocket.payload_length", "websocket.rsv"],
    ),
    (
        "wg",
        &[
            "wg.counter",
            "wg.encrypted_cookie",
            "wg.ephemeral",
            "wg.mac1",
            "wg.mac2",
            "wg.nonce",
            "wg.receiver",
            "wg.reserved",
            "wg.sender",
            "wg.type",
        ],
    ),
    (
        "wlan",
        &[
            "wlan.bssid",
            "wlan.country_info.code",
            "wlan.da",
            "wlan.ds.current_channel",
            "wlan.ext_tag.length",
            "wlan.ext_tag.number",
            "wlan.extended_supported_rates",
            "wlan.fc.fromds",
            "wlan.fc.protected",
            "wlan.fc.pwrmgt",
            "wlan.fc.retry",
            "wlan.fc.tods",
            "wlan.fc.type_subtype",
            "wlan.fixed.auth.alg",
            "wlan.fixed.auth_seq",
            "wlan.fixed.beacon",
            "wlan.fixed.capabilities",
            "wlan.fixed.category_code",
            "wlan.fixed.current_ap",
            "wlan.fixed.reason_code",
            "wlan.fixed.status_code",
            "wlan.fixed.timestamp",
            "wlan.frag",
            "wlan.ht.capabilities",
            "wlan.mesh.id",
            "wlan.ra",
            "wlan.rsn.akms.type",
            "wlan.rsn.capabilities",
            "wlan.rsn.gcs.type",
            "wlan.rsn.ie.pmkid",
            "wlan.rsn.pcs.type",
            "wlan.rsn.version",
            "wlan.sa",
            "wlan.seq",
            "wlan.ssid",
            "wlan.supported_rates",
            "wlan.ta",
            "wlan.tag.length",
            "wlan.tag.number",
            "wlan.tag.oui",
            "wlan.tag.vendor.oui.type",
            "wlan.vht.capabilities",
            "wlan.wfa.ie.wpa.akms.type",
            "wlan.wfa.ie.wpa.mcs.type",
            "wlan.wfa.ie.wpa.ucs.type",
            "wlan.wfa.ie.wpa.version",
        ],
    ),
    (
        "wlan_rsna_eapol",
        &[
            "wlan_rsna_eapol.keydes.data",
            "wlan_rsna_eapol.keydes.data_len",
            "wlan_rsna_eapol.keydes.key_info",
            "wlan_rsna_eapol.keydes.mic",
            "wlan_rsna_eapol.keydes.msgnr",
            "wlan_rsna_eapol.keydes.nonce",
        ],
    ),
    (
        "wpan-tap",
        &[
            "wpan-tap.ch_num",
            "wpan-tap.ch_page",
            "wpan-tap.fcs_type",
            "wpan-tap.length",
            "wpan-tap.lqi",
            "wpan-tap.rss",
        ],
    ),
    (
        "wpan",
        &[
            "wpan.ack_request",
            "wpan.asoc.addr",
            "wpan.assoc.status",
            "wpan.assoc_permit",
            "wpan.aux_sec.frame_counter",
            "wpan.aux_sec.key_id_mode",
            "wpan.aux_sec.key_index",
            "wpan.aux_sec.sec_level",
            "wpan.bcn_coord",
            "wpan.beacon_order",
            "wpan.cinfo.alloc_addr",
            "wpan.cinfo.device_type",
            "wpan.cinfo.idle_rx",
            "wpan.cinfo.power_src",
            "wpan.cmd",
            "wpan.disassoc.reason",
            "wpan.dst16",
            "wpan.dst64",
            "wpan.dst_pan",
            "wpan.frame_type",
            "wpan.pan_id_compression",
            "wpan.pending",
            "wpan.security",
            "wpan.seq_no",
            "wpan.src16",
            "wpan.src64",
            "wpan.src_pan",
            "wpan.version",
        ],
    ),
    (
        "wps",
        &[
            "wps.device_name",
            "wps.manufacturer",
            "wps.model_name",
            "wps.model_number",
            "wps.primary_device_type.category",
            "wps.serial_number",
            "wps.uuid_e",
            "wps.uuid_r",
        ],
    ),
    ("x509af", &["x509af.serialNumber"]),
    ("x509ce", &["x509ce.dNSName", "x509ce.iPAddress", "x509ce.rfc822Name", "x509ce.uniformResourceIdentifier"]),
    ("xmpp", &["xmpp.cdata", "xmpp.from", "xmpp.id", "xmpp.to", "xmpp.type", "xmpp.xmlns"]),
    ("zbee", &["zbee.sec.counter", "zbee.sec.key_id", "zbee.sec.key_seqno", "zbee.sec.src64"]),
    (
        "zbee_aps",
        &[
            "zbee_aps.cluster",
            "zbee_aps.cmd.id",
            "zbee_aps.cmd.key",
            "zbee_aps.cmd.key_type",
            "zbee_aps.counter",
            "zbee_aps.delivery",
            "zbee_aps.dst",
            "zbee_aps.group",
            "zbee_aps.profile",
            "zbee_aps.security",
            "zbee_aps.src",
            "zbee_aps.type",
            "zbee_aps.zdp_cluster",
        ],
    ),
    (
        "zbee_beacon",
        &[
            "zbee_beacon.depth",
            "zbee_beacon.end_dev",
            "zbee_beacon.ext_panid",
            "zbee_beacon.profile",
            "zbee_beacon.protocol",
            "zbee_beacon.router",
            "zbee_beacon.update_id",
            "zbee_beacon.version",
        ],
    ),
    (
        "zbee_nwk",
        &[
            "zbee_nwk.cmd.id",
            "zbee_nwk.dst",
            "zbee_nwk.dst64",
            "zbee_nwk.frame_type",
            "zbee_nwk.proto_version",
            "zbee_nwk.radius",
            "zbee_nwk.relay.count",
            "zbee_nwk.security",
            "zbee_nwk.seqno",
            "zbee_nwk.src",
            "zbee_nwk.src64",
        ],
    ),
    ("zbee_zcl", &["zbee_zcl.cmd.id", "zbee_zcl.cmd.tsn", "zbee_zcl.cs.cmd.id", "zbee_zcl.dir", "zbee_zcl.type"]),
    ("zbee_zdp", &["zbee_zdp.ext_addr"]),
    ("zep", &["zep.channel_id", "zep.device_id", "zep.length", "zep.lqi", "zep.lqi_mode", "zep.version"]),
];

/// What is told differently on purpose: file and frame (how they begin), field (how it begins), who says what, why.
const ACCEPTED: &[(&str, &str, Differs, &str)] = &[
    // Wording.
    (
        "",
        "ntp.",
        Other,
        "times, the fractions of delay and dispersion, and the reference are worded for people; precision is signed",
    ),
    ("", "ntp.", Theirs, "a time of zero is not said"),
    ("", "dhcp.cookie", Other, "four magic bytes, which are no address"),
    ("", "dhcp.option.type", Other, "its headline names the option, and fill is left out"),
    ("", "dhcp.option.length", Other, "options in the overloaded fields come after the others"),
    ("", "dhcpv6.option.type", Other, "its headline names the option"),
    ("", "dhcpv6.elapsed_time", Other, "in hundredths, as the message has it; TShark says milliseconds"),
    ("", "dhcpv6.iaprefix.pref_addr", Other, "with the length of the prefix"),
    ("", "dtls.record.version", Other, "worded"),
    ("", "stun.attribute", Other, "worded"),
    ("", "btle.crc", Other, "TShark turns its bits round"),
    ("", "btle.crc", Theirs, "shown where the capture's header does not say that it was found right"),
    ("", "radiotap.datarate", Other, "in steps of 500 kb/s, as the header has it"),
    ("", "coap.payload", Other, "the payload, where TShark words its format and length"),
    ("", "coap.payload", Ours, "the payload, where TShark words its format and length"),
    ("", "nbns.n", Other, "the sixteenth byte stands in the name, TShark words it too"),
    ("", "dns.svcb.targetname", Other, "the root is a dot"),
    ("", "dns.txt", Other, "bytes beyond ASCII: TShark takes them for UTF-8"),
    ("", "dns.qry.name", Other, "bytes beyond ASCII, and pointers that loop, in other words"),
    ("", "dns.opt.client.addr", Ours, "a whole address, which TShark takes from IP alone"),
    ("", "mqtt.passwd", Other, "masked"),
    ("", "http.authorization", Other, "masked"),
    ("", "rtsp.re", Other, "without the end of the line"),
    ("", "xmpp.cdata", Ours, "text of every element; TShark's is that of mechanisms and proofs"),
    ("", "xmpp.cdata", Theirs, "text of every element; TShark's is that of mechanisms and proofs"),
    ("", "xmpp.", Ours, "attributes of the stream's head too"),
    ("", "xmpp.xmlns", Theirs, "the namespace of the stanza's first child is the fact's, those of others are left out"),
    ("", "xmpp.xmlns", Other, "the namespace of the stanza's first child is the fact's, those of others are left out"),
    ("", "http2.headers.authorization", Other, "masked"),
    ("http2", "http2.header.value", Other, "credentials are masked"),
    // Shown by one of the two.
    ("http2-tls.pcapng", "http2.data.data", Other, "as it was sent: TShark unpacks it"),
    ("http2.pcapng 36", "http2.data.data", Other, "without its padding, which TShark takes for data"),
    ("http2.pcapng 6", "http2.", Ours, "a server that speaks first, which TShark does not take for HTTP/2 yet"),
    ("http2.pcapng 20", "http2.", Ours, "a server that speaks first, which TShark does not take for HTTP/2 yet"),
    ("http2.pcapng 34", "http2.", Ours, "a server that speaks first, which TShark does not take for HTTP/2 yet"),
    ("http2.pcapng 46", "http2.", Ours, "a server that speaks first, which TShark does not take for HTTP/2 yet"),
    ("http2.pcapng 76", "http2.", Other, "data in two segments: its frame is shown where it begins"),
    ("http2.pcapng 76", "http2.data.data", Ours, "data in two segments: its frame is shown where it begins"),
    ("http2.pcapng 77", "http2.", Theirs, "data in two segments: its frame is shown where it begins"),
    ("http2.pcapng 77", "http2.data.data", Other, "data in two segments: its frame is shown where it begins"),
    (
        "http2.pcapng 86",
        "http2.settings.",
        Theirs,
        "in a header field of HTTP/1 (HTTP2-Settings), which is shown as it is",
    ),
    ("http2.pcapng 94", "http2.", Ours, "data in two segments: its frame is shown where it begins"),
    ("http2.pcapng 95", "http2.", Theirs, "data in two segments: its frame is shown where it begins"),
    ("http2.pcapng 95", "http2.data.data", Other, "data in two segments: its frame is shown where it begins"),
    (
        "http2-tls.pcapng",
        "tls.handshake.",
        Theirs,
        "what is sealed of a handshake is not taken apart, but for certificates",
    ),
    (
        "http2-tls.pcapng",
        "tls.handshake.",
        Other,
        "what is sealed of a handshake is not taken apart, but for certificates",
    ),
    ("tls.pcapng", "tls.handshake.", Theirs, "what is sealed of a handshake is not taken apart, but for certificates"),
    ("tls.pcapng", "tls.handshake.", Other, "what is sealed of a handshake is not taken apart, but for certificates"),
    ("tls.pcapng", "http.", Ours, "a body that ends with the connection, for which TShark waits"),
    ("http2.pcapng 48", "http2.", Theirs, "a header block in two frames is shown when all of it is there"),
    ("http2.pcapng 48", "http2.", Other, "a header block in two frames is shown when all of it is there"),
    ("http2.pcapng 74", "http2.", Ours, "a header block in two frames, which TShark does not put together"),
    ("http2.pcapng 79", "http2.", Ours, "behind a header block in two frames, where TShark is lost"),
    ("tls.pcapng 19", "tls.record.", Ours, "sent again, which TShark does not take apart a second time"),
    ("", "btle.advertising_header.randomized_rx", Ours, "a bit that TShark calls reserved in this kind"),
    ("", "wps.primary_device_type.category", Ours, "zero, which TShark does not count as a category"),
    ("", "dns.flags.", Ours, "bits that mean something in an answer only; TShark leaves them out of questions"),
    ("mdns seed", "dns.resp.cache_flush", Other, "TShark has it of the EDNS record too, which has no class"),
    ("ipv6-fragments-dns.pcap 8", "udp.", Theirs, "of a datagram put together, the message is shown and no header"),
    ("kasa seed 2", "tplink_smarthome.msg", Other, "TShark shows control characters as dots"),
    ("", "dns.resp.cache_flush", Ours, "mDNS's bit of the class; TShark leaves it out where there is none"),
    ("", "dns.resp.class", Other, "without mDNS's bit"),
    ("", "dns.resp.name", Other, "TShark has no name for the owner of an SRV record"),
    ("", "dns.resp.type", Other, "TShark takes the types that an NSEC record lists for records"),
    ("", "dns.resp.len", Theirs, "the length of EDNS options is not said"),
    ("", "dns.resp.len", Other, "the length of EDNS options is not said"),
    ("", "dns.opt.data", Theirs, "taken apart instead"),
    ("", "nbns.type", Theirs, "in words, beside the name"),
    ("", "ip.version", Theirs, "TShark has IPv4's name for IPv6's too"),
    ("", "ftp.epsv.ip", Theirs, "TShark says whose port it is: the server's, which is in the IP header"),
    ("", "http.request.version", Theirs, "SSDP's first line is told as method and notice"),
    ("", "http.response.version", Theirs, "SSDP's first line is told as method and notice"),
    ("", "stun.value", Ours, "hex of what is not taken apart"),
    ("", "mqtt.property_len", Theirs, "an empty list of properties is not shown"),
    ("", "tls.handshake.comp_method", Theirs, "there is one method, which is none"),
    ("", "tls.handshake.extension.data", Ours, "TShark takes the extension apart"),
    ("", "tls.handshake.extension.data", Other, "TShark takes the extension apart"),
    ("", "tls.handshake.sig_hash_alg", Theirs, "of key exchanges and certificate requests, which are not read"),
    ("quic", "tls.handshake.sig_hash_alg", Other, "and of delegated credentials, a list of its own"),
    ("", "tls.handshake.extensions_key_share_group", Other, "TShark has it of the client alone"),
    ("", "tls.record.content_type", Ours, "TLS 1.3: TShark calls it opaque"),
    ("", "tls.record.content_type", Other, "TLS 1.3: TShark calls it opaque"),
    ("tls13-psk.pcap", "tls.handshake.extensions_key_share_group", Ours, "of the server's hello"),
    ("zigbee-touchlink", "zbee_zcl.cs.cmd.id", Ours, "touchlink's commands, which TShark names by their cluster"),
    ("", "llc.", Ours, "raw 802.3 and vendors' protocols, for which TShark has names of their own"),
    ("", "dhcp.client_id", Ours, "TShark takes the address in it for the client's"),
    ("", "dhcp.hw.", Other, "TShark takes the address in the client's id for the client's"),
    ("solaris.snoop 245", "dhcp.hw.mac_addr", Ours, "a hardware address of 16 bytes"),
    ("solaris.snoop 245", "dhcp.secs", Other, "TShark guesses that the client meant it in little-endian order"),
    ("", "telnet.cmd", Other, "a subnegotiation's frame (SB, SE) is its node, not two"),
    ("", "telnet.cmd", Theirs, "a subnegotiation's frame (SB, SE) is its node, not two"),
    ("", "telnet.subcmd", Other, "TShark has one name for the option of a command and of a subnegotiation"),
    ("", "telnet.subcmd", Theirs, "TShark has one name for the option of a command and of a subnegotiation"),
    ("", "telnet.data", Ours, "a zero byte behind a carriage return"),
    // What one frame alone does not tell.
    ("secrets-dsb-quic", "quic.header_form", Theirs, "its fixed bit is not set: it may be padding"),
    ("secrets-dsb-quic", "quic.header_form", Other, "its fixed bit is not set: it may be padding"),
    ("", "quic.dcid", Theirs, "how long a short header's id is, only the handshake tells"),
    ("", "quic.dcid", Other, "how long a short header's id is, only the handshake tells"),
    ("", "quic.token_length", Theirs, "an empty token is not said"),
    ("quic", "tls.handshake", Theirs, "a server's first packets are sealed with an id that the client made up before"),
    (
        "raw-ip-quic",
        "tls.handshake",
        Theirs,
        "a server's first packets are sealed with an id that the client made up before",
    ),
    (
        "secrets-dsb-quic",
        "tls.handshake",
        Theirs,
        "a server's first packets are sealed with an id that the client made up before",
    ),
    ("quic", "quic.", Ours, "TShark does not take it for QUIC"),
    ("quic seed", "tls.", Ours, "TShark does not take it for QUIC"),
    ("buffer-too-small", "tls.", Theirs, "records whose beginning is in another frame"),
    ("buffer-too-small", "tls.", Other, "records whose beginning is in another frame"),
    ("buffer-too-small", "tls.", Ours, "records whose beginning is in another frame"),
    ("router.pcapng 47", "mqtt.", Ours, "MQTT 5 looks like 3.1.1 to whoever has not seen the CONNECT"),
    ("router.pcapng", "mqtt.msg", Other, "MQTT 5 looks like 3.1.1 to whoever has not seen the CONNECT"),
    ("router.pcapng 474", "mqtt.", Theirs, "MQTT 5 looks like 3.1.1 to whoever has not seen the CONNECT"),
    ("router.pcapng 475", "mqtt.", Theirs, "MQTT 5 looks like 3.1.1 to whoever has not seen the CONNECT"),
    (
        "http-linux-sll.pcap",
        "http.chunk_size",
        Ours,
        "a body of many segments: its chunks are read, and not shown, as they come",
    ),
    (
        "http-linux-sll.pcap",
        "http.chunk_size",
        Theirs,
        "a body of many segments: its chunks are read, and not shown, as they come",
    ),
    ("", "http.file_data", Theirs, "of a long body what is in the first segment"),
    ("", "http.file_data", Ours, "of a long body what is in the first segment"),
    ("", "http.response.version", Ours, "the first line stands in the first segment"),
    ("stun seed 9", "stun.", Ours, "a message that a relay passes on, which TShark shows as bytes"),
    ("stun seed 9", "stun.length", Other, "a message that a relay passes on, which TShark shows as bytes"),
    // Not read here.
    ("qinq.pcap", "sdp.", Theirs, "announced by SAP"),
    // Hostile messages.
    ("", "ip.version", Other, "TShark has IPv4's name for IPv6's too"),
    ("", "ip.frag_offset", Other, "in bytes, where the header counts in eights"),
    ("", "nbns.type", Other, "in words, beside the name"),
    ("fragments.pcapng", "udp.", Theirs, "of a datagram put together, the message is shown and no header"),
    (
        "fragments.pcapng",
        "icmp",
        Theirs,
        "of an echo put together nothing is shown: only facts say where the pieces are",
    ),
    (
        "losses.pcapng",
        "http.",
        Ours,
        "segments that overtook each other, which TShark does not put in order unless told to",
    ),
    ("coap.pcapng", "coap.opt.unknown", Theirs, "Request-Tag (RFC 9175), by its name"),
    ("vlan.pcapng", "vlan.etype", Theirs, "of the outer tag (802.1ad), whose type has its own name"),
    ("vlan.pcapng", "vlan.etype", Other, "of the outer tag (802.1ad), whose type has its own name"),
    ("dtls.pcapng", "x509af.", Theirs, "of a certificate in pieces"),
    (
        "websocket.pcapng",
        "mqtt.",
        Ours,
        "the handshake names the protocol in a way that TShark does not follow in every frame",
    ),
    (
        "websocket.pcapng",
        "websocket.payload_length",
        Other,
        "the length itself, where TShark has the byte that says how long it is",
    ),
    ("dtls.pcapng", "dtls.", Theirs, "a hello is a node of its own, without a record's"),
    ("coap seed", "coap.", Theirs, "malformed: read as far as it goes"),
    ("dhcpv6 seed 3", "dhcpv6.", Other, "relays within relays: we stop earlier"),
    ("dhcpv6 seed 3", "dhcpv6.", Theirs, "relays within relays: we stop earlier"),
    ("stun seed", "stun.att", Theirs, "malformed: read as far as it goes"),
    ("snmp seed 1", "snmp.", Theirs, "malformed: read as far as it goes"),
    ("dtls seed", "dtls.", Theirs, "a hello is a node of its own, without a record's"),
    ("llmnr seed", "", Ours, "LLMNR's flags are others than DNS's: TShark has names of its own for them"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Differs {
    /// Lintel alone has the field.
    Ours,
    /// TShark alone has it.
    Theirs,
    /// Both have it, with other values.
    Value,
}
use Differs::{Ours, Theirs, Value as Other};

/// A value, and how it is worded.
type Row = BTreeMap<&'static str, Vec<(String, String)>>;

/// What the engine learns of a capture: what is needed to look at one frame.
#[derive(Default)]
struct Learned {
    facts: Vec<Fact>,
    flows: BTreeMap<u32, Flow>,
}

impl Findings for Learned {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled> {
        self.facts.push(fact.clone());
        Ok(())
    }
    fn flow(&mut self, serial: u32, flow: &Flow) -> Result<(), Cancelled> {
        self.flows.insert(serial, flow.clone());
        Ok(())
    }
    fn sighting(&mut self, _: &Sighting) -> Result<(), Cancelled> {
        Ok(())
    }
    fn issue(&mut self, _: Issue) {}
}

fn fields() -> Vec<&'static str> {
    FIELDS.iter().flat_map(|(_, fields)| fields.iter().copied()).collect()
}

/// What TShark says of each frame.
fn theirs(file: &Path, keys: &Path, fields: &[&'static str]) -> Vec<Row> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=\u{1}"]);
    command.args(["-o", "uat:user_dlts:\"User 0 (DLT=147)\",\"btle\",\"0\",\"\",\"0\",\"\""]);
    command.args(["-o", &format!("uat:zigbee_pc_keys:\"{WELL_KNOWN}\",\"Normal\",\"\""), "-r"]).arg(file);
    if keys.exists() {
        command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]);
    }
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = |cell: &str| {
        let said = cell.split('\u{1}').filter(|value| !value.is_empty() && *value != "<MISSING>");
        said.map(|value| (plain(value), String::new())).collect()
    };
    text.lines()
        .map(|line| fields.iter().zip(line.split('\t')).map(|(field, cell)| (*field, values(cell))).collect())
        .collect()
}

/// Zigbee's link key that all devices know, which TShark must be told.
const WELL_KNOWN: &str = "5A:69:67:42:65:65:41:6C:6C:69:61:6E:63:65:30:39";

/// Numbers in decimal, so that it doesn't matter how they are written.
fn plain(value: &str) -> String {
    match value.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16)) {
        Some(Ok(number)) => number.to_string(),
        _ => value.to_owned(),
    }
}

/// A classic capture in this machine's byte order, as TShark writes it: link type, and where each frame lies in the file.
fn frames(raw: &[u8]) -> (u16, Vec<std::ops::Range<usize>>) {
    let word = |at: usize| u32::from_ne_bytes(raw[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut frames) = (24, Vec::new());
    while at < raw.len() {
        let length = word(at + 8);
        frames.push(at + 16..at + 16 + length);
        at += 16 + length;
    }
    (word(20) as u16, frames)
}

/// What we say of each frame, as whoever looks at it in a case is told: with what the import knows of its flow.
fn ours(raw: &[u8], keys: &Path, fields: &[&'static str]) -> Vec<Row> {
    let (link_type, frames) = frames(raw);
    let (mut engine, mut learned) = (Engine::new(), Learned::default());
    let wire =
        |range: &std::ops::Range<usize>| u32::from_ne_bytes(raw[range.start - 4..range.start].try_into().unwrap());
    let (mut serials, mut opened, mut decrypt) = (Vec::new(), Vec::new(), Decrypt::new());
    decrypt.secrets(&fs::read(keys).unwrap_or_default());
    for (n, range) in frames.iter().enumerate() {
        let frame = Frame {
            number: n as u64 + 1,
            ts: Some(Time(n as i64 * 1_000_000)),
            offset: range.start as u64,
            bytes: &raw[range.clone()],
            wire_len: wire(range),
            interface: 0,
            link_type,
        };
        serials.push(engine.frame(&frame, &mut learned).unwrap());
        opened.push(decrypt.frame(&frame).nodes);
    }
    engine.finish(&mut learned).unwrap();
    let mut rows = Vec::new();
    for (n, range) in frames.iter().enumerate() {
        let flow = learned.flows.get(&serials[n]);
        let service = flow.and_then(|flow| flow.service);
        let (mut starts, mut assembled, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        let mine = learned.facts.iter().filter(|fact| fact.place.frame == Some(n as u64 + 1));
        let facts = mine.filter(|fact| !dissect::protocols::is_beside(fact.kind));
        for fact in facts {
            if fact.place.pieces.is_empty() {
                starts.extend((fact.place.offset as usize).checked_sub(range.start));
            } else if let (Some(flow), Some(service), false) = (flow, service, seen.contains(&&fact.place.pieces)) {
                seen.push(&fact.place.pieces);
                let piece = |at: &model::Piece| &raw[at.offset as usize..(at.offset + at.length) as usize];
                let bytes = fact.place.pieces.iter().flat_map(piece).copied().collect();
                let from_orig = fact.src.to_string() == flow.orig.ip.to_string();
                assembled.push(Assembled { bytes, service: service.to_owned(), from_orig });
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let bytes = &raw[range.clone()];
        let from_orig = flow.is_none_or(|flow| {
            let layers = dissect::summarise(bytes, link_type, wire(range), FlowHint::default());
            layers.src == flow.orig.ip.to_string()
        });
        let mut row: Row = fields.iter().map(|field| (*field, Vec::new())).collect();
        let mut nodes = inspect(bytes, link_type, wire(range), FlowHint { service, from_orig }, &starts, &assembled);
        // what refers to former packets is shown by following them
        nodes.retain(|node| opened[n].is_empty() || !node.name.starts_with("http2"));
        nodes.append(&mut opened[n]);
        for node in nodes {
            let value = match node.value {
                Value::Int(int) => int.to_string(),
                Value::Text(text) if !text.is_empty() => text,
                _ => continue,
            };
            if let Some(values) = row.get_mut(node.name) {
                values.push((plain(&value), node.shown.unwrap_or_default()));
            }
        }
        rows.push(row);
    }
    rows
}

/// Whether one value is the other: bytes are text to us where they read as text, and hex to TShark; long ones we cut short.
fn is_same((value, shown): &(String, String), theirs: &str) -> bool {
    let escaped = || value.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    let as_bytes = || model::hex(value.as_bytes());
    let number = || u64::from_str_radix(theirs, 16).is_ok_and(|number| value == &number.to_string());
    let start = value.strip_suffix('…').or_else(|| shown.strip_suffix('…'));
    value == theirs
        || shown == theirs
        || shown
            .strip_suffix(')')
            .is_some_and(|shown| shown.ends_with(&format!("({theirs}")) || theirs.ends_with("; charset=utf-8"))
        || as_bytes() == theirs
        || escaped() == theirs
        || theirs.len() == 2 && number()
        || start.is_some_and(|start| theirs.starts_with(start))
}

/// A frame, and the values of both that differ in it.
type Left<'v> = (usize, &'v Vec<(String, String)>, &'v Vec<(String, String)>);

fn are_same(ours: &[(String, String)], theirs: &[(String, String)]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, (theirs, _))| is_same(ours, theirs))
}

/// How many values of each field agreed.
#[derive(Default)]
struct Tally {
    agreed: BTreeMap<&'static str, usize>,
    accepted: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, names: &[String], raw: &[u8], keys: &Path, theirs: &[Row], fields: &[&'static str]) {
        let ours = ours(raw, keys, fields);
        assert_eq!((ours.len(), theirs.len()), (names.len(), names.len()), "{}", names[0]);
        for field in fields {
            let mut left: Vec<Left> = Vec::new();
            for (n, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                match are_same(&ours[field], &theirs[field]) {
                    true if ours[field].is_empty() => {}
                    true => *self.agreed.entry(field).or_default() += ours[field].len(),
                    false => left.push((n, &ours[field], &theirs[field])),
                }
            }
            // A message that spans frames: TShark shows it in the last, we show some in the first. All in all it is the same.
            let all = |side: fn(&Left) -> Vec<(String, String)>| {
                let mut values: Vec<_> = left.iter().flat_map(side).collect();
                values.sort();
                values
            };
            let (all_ours, all_theirs) = (all(|(_, ours, _)| ours.to_vec()), all(|(.., theirs)| theirs.to_vec()));
            if are_same(&all_ours, &all_theirs) {
                *self.agreed.entry(field).or_default() += all_ours.len();
                continue;
            }
            for (n, ours, theirs) in left {
                let differs = match (ours.is_empty(), theirs.is_empty()) {
                    (_, true) => Ours,
                    (true, _) => Theirs,
                    _ => Other,
                };
                let place = &names[n];
                let known = ACCEPTED
                    .iter()
                    .find(|(file, of, how, _)| place.starts_with(file) && field.starts_with(of) && *how == differs);
                if let Some((.., why)) = known {
                    *self.accepted.entry(why).or_default() += 1;
                    continue;
                }
                let of =
                    |values: &[(String, String)]| values.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>();
                let (theirs, ours) = (of(theirs), of(ours));
                self.differences.push(format!("{field}: {place}: {differs:?} TShark {theirs:?}, Lintel {ours:?}"));
            }
        }
    }

    fn tell(&self) {
        for (protocol, fields) in FIELDS {
            let values: usize = fields.iter().filter_map(|field| self.agreed.get(field)).sum();
            let seen = fields.iter().filter(|field| self.agreed.get(*field).is_some_and(|count| *count > 0)).count();
            eprintln!("{protocol}: {seen} of {} fields seen, {values} values agree", fields.len());
        }
        for (why, count) in &self.accepted {
            eprintln!("{count} frames: {why}");
        }
        let count = self.differences.len();
        assert!(count == 0, "{count} differences\n{}", self.differences.join("\n"));
    }
}

fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let folders = ["samples/hollis-street", "samples/protocols", "../shared/samples-real"].map(|name| root.join(name));
    let mut list: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    list.retain(|path| {
        path.extension().is_some_and(|end| ["pcap", "pcapng", "snoop"].iter().any(|known| end == *known))
    });
    list.sort();
    list
}

fn has_tshark() -> bool {
    let there = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: TShark is not here");
    }
    there
}

#[test]
fn every_field_agrees() {
    if !has_tshark() {
        return;
    }
    let (fields, mut tally) = (fields(), Tally::default());
    captures_agree(&fields, &mut tally);
    messages_agree(&fields, &mut tally);
    tally.tell();
    let unseen: Vec<_> = fields.iter().filter(|field| !tally.agreed.contains_key(**field)).collect();
    eprintln!("in no frame: {unseen:?}");
}

fn captures_agree(fields: &[&'static str], tally: &mut Tally) {
    let file = std::env::temp_dir().join(format!("lintel-fields-{}.pcap", std::process::id()));
    for path in captures() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // QUIC is not opened.
        let keys = if name.starts_with("quic") { PathBuf::from("none") } else { path.with_extension("keys.txt") };
        let _ = fs::remove_file(&file);
        // Of several link types in one file no classic capture can be made; of secrets in it none is left.
        let made = Command::new("tshark").args(["-F", "pcap", "-r"]).arg(&path).arg("-w").arg(&file).output().unwrap();
        let Some(raw) = fs::read(&file).ok().filter(|raw| made.status.success() && raw.len() > 24) else {
            eprintln!("{name} is left out");
            continue;
        };
        let names: Vec<String> = (1..=frames(&raw).1.len()).map(|number| format!("{name} {number}")).collect();
        tally.compare(&names, &raw, &keys, &theirs(&file, &keys, fields), fields);
    }
    fs::remove_file(&file).unwrap();
}

/// Each message of `tests/seeds` as a frame of its own, between addresses of its own.
fn messages_agree(fields: &[&'static str], tally: &mut Tally) {
    let file = std::env::temp_dir().join(format!("lintel-messages-{}.pcap", std::process::id()));
    let mut capture = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1].map(u32::to_ne_bytes).concat();
    let mut names = Vec::new();
    for protocol in dissect::protocols::ALL {
        let home = protocol.ports().iter().find(|(transport, _)| *transport == Transport::Udp);
        for (n, message) in home.iter().flat_map(|_| seeds(protocol.name())).enumerate() {
            let frame = frame(names.len() as u8, home.map_or(0, |(_, port)| *port), &message);
            capture
                .extend([names.len() as u32, 0, frame.len() as u32, frame.len() as u32].map(u32::to_ne_bytes).concat());
            capture.extend(frame);
            names.push(format!("{} seed {}", protocol.name(), n + 1));
        }
    }
    assert!(names.len() < 256);
    fs::write(&file, &capture).unwrap();
    let keys = Path::new("none");
    tally.compare(&names, &capture, keys, &theirs(&file, keys, fields), fields);
    fs::remove_file(&file).unwrap();
}

/// Datagrams alone: a line of a stream holds both sides at once.
fn seeds(protocol: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(protocol).join("udp.txt");
    let text = fs::read_to_string(path).unwrap_or_default();
    let bytes = |hex: &str| {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    text.lines().filter(|line| !line.starts_with('#')).map(bytes).collect()
}

fn frame(n: u8, port: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut ip = vec![0x45, 0];
    ip.extend((20 + length).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 192, 168, n, 2, 192, 168, n, 1]);
    let udp = [40_000, port, length, 0].map(u16::to_be_bytes).concat();
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &ip, &udp, payload].concat()
}
