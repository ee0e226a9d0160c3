//! The lower layers, field by field, against TShark: frames made by hand, and real ones. Skipped where TShark or the real files are not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "common/tshark.rs"]
mod tshark;

use dissect::{FlowHint, Value, inspect};
use tshark::{frames, has_tshark, tell, written};

/// Captures and the fields that are compared in them.
const REAL: &[(&str, &[&str])] = &[
    ("probe-requests-radiotap-2023-04-14.pcap", WLAN),
    ("zigbee-touchlink-802154-tap.pcap", WPAN),
    ("ble-le-secure-connections.pcapng", BLE),
    ("ble-ppi.pcap", BLE),
];

const WLAN: &[&str] = &[
    "radiotap.dbm_antsignal",
    "radiotap.channel.freq",
    "radiotap.antenna",
    "wlan.fc.type_subtype",
    "wlan.fc.retry",
    "wlan.fc.protected",
    "wlan.ra",
    "wlan.ta",
    "wlan.bssid",
    "wlan.seq",
    "wlan.frag",
    "wlan.tag.number",
    "wlan.tag.length",
    "wlan.ext_tag.length",
    "wlan.supported_rates",
    "wlan.extended_supported_rates",
    "wlan.ds.current_channel",
    "wlan.country_info.code",
    "wlan.ht.capabilities",
    "wlan.vht.capabilities",
    "wlan.ext_tag.number",
    "wlan.tag.oui",
    "wlan.rsn.version",
    "wlan.rsn.gcs.type",
    "wlan.rsn.pcs.type",
    "wlan.rsn.akms.type",
    "wlan.rsn.capabilities",
    "wlan.fixed.reason_code",
    "wlan.fixed.status_code",
    "wlan.fixed.auth.alg",
    "wlan.fixed.auth_seq",
    "wlan.fixed.category_code",
    "wlan.fixed.beacon",
    "wlan.fixed.capabilities",
    "wps.device_name",
    "wps.manufacturer",
    "wps.model_name",
    "wps.model_number",
    "wps.serial_number",
    "eapol.type",
    "eapol.keydes.replay_counter",
    "wlan_rsna_eapol.keydes.msgnr",
    "wlan_rsna_eapol.keydes.key_info",
    "wlan_rsna_eapol.keydes.nonce",
];

const WPAN: &[&str] = &[
    "wpan-tap.ch_num",
    "wpan-tap.lqi",
    "wpan.frame_type",
    "wpan.security",
    "wpan.pending",
    "wpan.ack_request",
    "wpan.pan_id_compression",
    "wpan.version",
    "wpan.seq_no",
    "wpan.dst_pan",
    "wpan.dst16",
    "wpan.dst64",
    "wpan.src_pan",
    "wpan.src16",
    "wpan.src64",
    "wpan.cmd",
    "wpan.asoc.addr",
    "wpan.assoc.status",
    "wpan.assoc_permit",
    "wpan.aux_sec.frame_counter",
    "wpan.aux_sec.key_index",
    "zbee_beacon.ext_panid",
    "zbee_beacon.depth",
    "zbee_beacon.update_id",
    "zbee_nwk.frame_type",
    "zbee_nwk.src",
    "zbee_nwk.dst",
    "zbee_nwk.src64",
    "zbee_nwk.dst64",
    "zbee_nwk.radius",
    "zbee_nwk.seqno",
    "zbee_nwk.cmd.id",
    "zbee.sec.counter",
    "zbee.sec.src64",
    "zbee.sec.key_seqno",
    "zbee_aps.type",
    "zbee_aps.cluster",
    "zbee_aps.profile",
    "zbee_aps.counter",
    "zbee_aps.cmd.id",
    "zbee_aps.cmd.key_type",
    "zbee_aps.cmd.key",
    "zbee_zcl.cmd.tsn",
];

const BLE: &[&str] = &[
    "btle_rf.channel",
    "btle_rf.signal_dbm",
    "nordic_ble.channel",
    "nordic_ble.rssi",
    "btle.access_address",
    "btle.advertising_header.pdu_type",
    "btle.advertising_header.length",
    "btle.advertising_address",
    "btle.scanning_address",
    "btle.initiator_address",
    "btle.target_address",
    "btle.link_layer_data.access_address",
    "btle.link_layer_data.interval",
    "btle.link_layer_data.hop",
    "btle.data_header.llid",
    "btcommon.eir_ad.entry.type",
    "btcommon.eir_ad.entry.device_name",
    "btcommon.eir_ad.entry.company_id",
    "btcommon.eir_ad.entry.uuid_16",
    "btcommon.eir_ad.entry.power_level",
];

const WIRED: &[&str] = &[
    "exported_pdu.tag",
    "exported_pdu.tag_len",
    "exported_pdu.prot_name",
    "exported_pdu.heur_prot_name",
    "exported_pdu.dis_table_name",
    "exported_pdu.dis_table_val",
    "exported_pdu.ipv4_src",
    "exported_pdu.ipv4_dst",
    "exported_pdu.ipv6_src",
    "exported_pdu.ipv6_dst",
    "exported_pdu.port_type",
    "exported_pdu.src_port",
    "exported_pdu.dst_port",
    "exported_pdu.orig_fno",
    "exported_pdu.col_proto_str",
    "mqtt.msgtype",
    "mqtt.topic",
    "mqtt.clientid",
    "igmp.version",
    "igmp.type",
    "igmp.maddr",
    "igmp.record_type",
    "igmp.saddr",
    "icmp.type",
    "icmp.code",
    "icmp.length",
    "icmp.mtu",
    "icmp.pointer",
    "icmp.redir_gw",
    "icmpv6.type",
    "icmpv6.length",
    "icmpv6.mtu",
    "icmpv6.pointer",
    "icmpv6.mld.multicast_address",
    "icmpv6.mldr.mar.record_type",
    "icmpv6.mldr.mar.multicast_address",
    "icmpv6.nd.ns.target_address",
    "icmpv6.nd.na.target_address",
    "icmpv6.nd.na.flag.r",
    "icmpv6.nd.na.flag.s",
    "icmpv6.nd.na.flag.o",
    "icmpv6.nd.ra.cur_hop_limit",
    "icmpv6.nd.ra.router_lifetime",
    "icmpv6.nd.ra.flag.m",
    "icmpv6.nd.ra.flag.o",
    "icmpv6.opt.type",
    "icmpv6.opt.linkaddr",
    "icmpv6.opt.prefix",
    "icmpv6.opt.prefix.length",
    "icmpv6.opt.prefix.valid_lifetime",
    "icmpv6.opt.prefix.preferred_lifetime",
    "icmpv6.opt.rdnss",
    "icmpv6.opt.dnssl",
    "icmpv6.opt.mtu",
    "arp.isprobe",
    "arp.isgratuitous",
    "arp.isannouncement",
    "ip.src",
    "ip.dst",
    "ip.len",
    "ip.ttl",
    "ip.proto",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.plen",
    "ipv6.nxt",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.options.mss_val",
    "dns.id",
    "dns.qry.name",
    "dns.a",
    "http.request.uri",
    "gre.proto",
    "gre.key",
    "gre.key.call_id",
    "vxlan.vni",
    "pppoe.code",
    "pppoe.session_id",
    "ppp.protocol",
    "pppoed.tags.ac_name",
    "eth.src",
    "eth.dst",
    "eap.code",
    "eap.type",
    "eap.identity",
    "lldp.tlv.type",
    "lldp.chassis.id.mac",
    "lldp.port.id",
    "lldp.port.desc",
    "lldp.time_to_live",
    "lldp.tlv.system.name",
    "lldp.tlv.system.desc",
    "lldp.mgn.addr.ip4",
    "stp.version",
    "stp.type",
    "stp.root.hw",
    "stp.root.prio",
    "stp.root.cost",
    "stp.bridge.hw",
    "stp.port",
    "zep.channel_id",
    "zep.device_id",
    "zep.lqi",
];

/// What is told differently on purpose: frame or file, field, why.
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("nested", "*", "we stop at the sixth packet within a packet"),
    ("icmp_cut_header", "ip.len", "an IP header that is cut is shown as bytes"),
    ("icmp_cut_header", "ip.ttl", "an IP header that is cut is shown as bytes"),
    ("icmp_cut_header", "ip.proto", "an IP header that is cut is shown as bytes"),
    ("icmpv6_pointer", "udp.srcport", "the first fragment of a packet is shown, which TShark does for IPv4 alone"),
    ("icmpv6_pointer", "udp.dstport", "the first fragment of a packet is shown, which TShark does for IPv4 alone"),
    ("icmpv6_pointer", "udp.length", "the first fragment of a packet is shown, which TShark does for IPv4 alone"),
    ("zigbee_sealed", "*", "a look at one frame knows no key that another frame handed out"),
    ("exported", "ip.src", "repeated there, hidden, for filters: ours know the tags"),
    ("exported", "ip.dst", "repeated there, hidden, for filters: ours know the tags"),
    ("exported", "ipv6.src", "repeated there, hidden, for filters: ours know the tags"),
    ("exported", "ipv6.dst", "repeated there, hidden, for filters: ours know the tags"),
    ("wlan_bad_fcs", "*", "received damaged: what is wrong in it is shown as far as it goes"),
];

/// Zigbee's link key that all devices know, which TShark must be told.
const WELL_KNOWN: &str = "5A:69:67:42:65:65:41:6C:6C:69:61:6E:63:65:30:39";

type Row = BTreeMap<&'static str, Vec<String>>;

/// What TShark says of each frame. Packets of Bluetooth sniffers' private link type are told to be what they are.
fn theirs(file: &Path, fields: &[&'static str]) -> Vec<Row> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=\u{1}"]);
    command.args(["-o", "uat:user_dlts:\"User 0 (DLT=147)\",\"btle\",\"0\",\"\",\"0\",\"\""]);
    command.args(["-o", &format!("uat:zigbee_pc_keys:\"{WELL_KNOWN}\",\"Normal\",\"\""), "-r"]).arg(file);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = |cell: &str| cell.split('\u{1}').filter(|value| !value.is_empty()).map(plain).collect();
    text.lines()
        .map(|line| fields.iter().zip(line.split('\t')).map(|(field, cell)| (*field, values(cell))).collect())
        .collect()
}

/// Numbers in decimal, so that it doesn't matter how they are written.
fn plain(value: &str) -> String {
    match value.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16)) {
        Some(Ok(number)) => number.to_string(),
        _ => value.to_owned(),
    }
}

fn ours(bytes: &[u8], link_type: u16, fields: &[&'static str]) -> Row {
    let mut row: Row = fields.iter().map(|field| (*field, Vec::new())).collect();
    for node in inspect(bytes, link_type, bytes.len() as u32, FlowHint::default(), &[], &[]) {
        let value = match node.value {
            Value::Int(int) => int.to_string(),
            Value::Text(text) => text,
            Value::None => continue,
        };
        if let Some(values) = row.get_mut(node.name) {
            values.push(value);
        }
    }
    row
}

fn compare(
    names: &[String],
    link_type: u16,
    frames: &[Vec<u8>],
    theirs: &[Row],
    fields: &[&'static str],
) -> Vec<String> {
    assert_eq!(frames.len(), theirs.len());
    let mut differences = Vec::new();
    for ((name, frame), theirs) in names.iter().zip(frames).zip(theirs) {
        let ours = ours(frame, link_type, fields);
        for field in fields {
            let accepted = ACCEPTED.iter().any(|(what, of, _)| name.starts_with(what) && (of == field || *of == "*"));
            if ours[field] != theirs[field] && !accepted {
                differences.push(format!("{name}: {field}: TShark {:?}, Lintel {:?}", theirs[field], ours[field]));
            }
        }
    }
    differences
}

#[test]
fn frames_made_by_hand() {
    if !has_tshark() {
        return;
    }
    let mut by_link: BTreeMap<u16, Vec<(&str, Vec<u8>)>> = BTreeMap::new();
    for line in include_str!("../src/layers/frames.txt").lines().filter(|line| !line.starts_with('#')) {
        let [name, link_type, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes = (0..hex.len()).step_by(2).map(byte).collect();
        by_link.entry(link_type.parse().unwrap()).or_default().push((name, bytes));
    }
    let fields: Vec<&str> = [WLAN, WPAN, BLE, WIRED].concat();
    let mut unseen = fields.clone();
    let mut differences = Vec::new();
    for (link_type, list) in by_link {
        let file = written("by-hand", link_type, list.iter().map(|(_, bytes)| bytes));
        let theirs = theirs(&file, &fields);
        fs::remove_file(&file).unwrap();
        unseen.retain(|field| theirs.iter().all(|row| row[field].is_empty()));
        let (names, frames): (Vec<String>, Vec<_>) = list.into_iter().map(|(name, raw)| (name.to_owned(), raw)).unzip();
        differences.extend(compare(&names, link_type, &frames, &theirs, &fields));
    }
    tell(&differences);
    assert!(unseen.is_empty(), "no frame has {unseen:?}");
}

#[test]
fn real_captures() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples-real");
    if !folder.is_dir() || !has_tshark() {
        return eprintln!("skipped: the real samples are not here");
    }
    let mut differences = Vec::new();
    for (name, fields) in REAL {
        let plain = std::env::temp_dir().join(format!("lintel-real-{}.pcap", std::process::id()));
        let mut converter = Command::new("tshark");
        converter.args(["-F", "pcap", "-r"]).arg(folder.join(name)).arg("-w").arg(&plain);
        assert!(converter.status().unwrap().success(), "{name}");
        let theirs = theirs(&plain, fields);
        let (link_type, frames) = frames(&plain);
        fs::remove_file(&plain).unwrap();
        assert!(frames.len() > 100, "{name}");
        let names: Vec<String> = (1..=frames.len()).map(|number| format!("{name} {number}")).collect();
        differences.extend(compare(&names, link_type, &frames, &theirs, fields));
    }
    tell(&differences);
}
