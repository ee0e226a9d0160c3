//! Management frames (IEEE 802.11 section 9.3.3): networks announce themselves, devices look for them, join and leave.

use model::{Fields, Kind, Mac, Party, hex};

use super::elements::{self, Elements, Wanted};
use super::{Control, Radio, channel, frame_word};
use crate::bytes::{chunk, u16_le};
use crate::layers::Layers;
use crate::protocols::Out;

pub(in crate::layers) const KIND: Kind = Kind {
    name: "wlan",
    about: "one 802.11 management frame; of beacons the first of each kind",
    fields: &[
        ("msg_type", "kind of frame: probe_request, beacon, authentication, deauthentication, ..."),
        ("ssid", "network name; empty in a broadcast probe or a hidden network's beacon"),
        ("hidden", "the network does not tell its name"),
        ("bssid", "address of the access point"),
        ("channel", "channel that the sender names, else the one it was heard on"),
        ("frequency", "MHz that it was heard on"),
        ("signal", "dBm at the receiver"),
        ("sequence", "sequence number"),
        ("security", "what protects the network: open, WEP, WPA2-PSK, WPA3-SAE, ..."),
        ("group_cipher", "cipher for all: CCMP, TKIP, ..."),
        ("pairwise_ciphers", "ciphers for one device"),
        ("akm", "key managements: PSK, SAE, 802.1X, ..."),
        ("mfp", "protection of management frames: required or possible"),
        ("generations", "what the sender speaks: ht (Wi-Fi 4), vht (5), he (6), eht (7)"),
        ("country", "country code that the network gives"),
        ("rates", "Mb/s; (B): all must have it"),
        ("mesh", "name of the mesh"),
        ("wps_device_name", "name that the device gives itself (WPS)"),
        ("wps_manufacturer", "maker (WPS)"),
        ("wps_model", "model name (WPS)"),
        ("wps_model_number", "model number (WPS)"),
        ("wps_serial", "serial number (WPS)"),
        ("wps_uuid", "the device's own id (WPS)"),
        ("wps_category", "kind of device (WPS)"),
        ("vendors", "organisations whose own elements are in the frame (OUI)"),
        ("reason", "reason code of a disassociation or deauthentication"),
        ("reason_text", "what it means"),
        ("status", "status code of an authentication or association"),
        ("auth_algorithm", "open, shared_key, fast_transition, sae, ..."),
        ("auth_sequence", "step of the authentication"),
        ("category", "of an action frame: its category's number"),
        ("current_ap", "access point that a device comes from"),
        ("elements", "ids of the information elements in order: a fingerprint of the sender's software"),
        ("elements_hash", "of a probe request: fingerprint of the elements and what in them doesn't change"),
        ("randomised", "the sender's address is locally administered: made up, perhaps for this one scan"),
        ("retry", "sent again"),
        ("bad_fcs", "received damaged"),
    ],
};

/// The fields before the elements.
#[derive(Default)]
struct Fixed {
    capabilities: Option<u16>,
    reason: Option<u16>,
    status: Option<u16>,
    algorithm: Option<(u16, u16)>,
    category: Option<u8>,
    current_ap: Option<Mac>,
}

pub(super) fn read(bytes: &[u8], at: usize, control: Control, radio: Radio, layers: &mut Layers, out: &mut Out) {
    let (Some(src), Some(dst), Some(sequence)) = (layers.src_mac, layers.dst_mac, u16_le(bytes, at + 22)) else {
        return if radio.bad_fcs {
        } else {
            layers.short(bytes, at, "802.11 management header cut short", out)
        };
    };
    let bssid = bytes.get(at + 16..).and_then(Mac::read);
    layers.bssid = bssid;
    out.tree.text("wlan.da", "Destination", at + 4..at + 10, dst);
    out.tree.text("wlan.sa", "Source", at + 10..at + 16, src);
    if let Some(bssid) = bssid {
        out.tree.text("wlan.bssid", "BSS", at + 16..at + 22, bssid);
    }
    out.tree.int("wlan.frag", "Fragment number", at + 22..at + 24, sequence & 15);
    out.tree.int("wlan.seq", "Sequence number", at + 22..at + 24, sequence >> 4);
    let subtype = control.subtype();
    let start = at + if control.has_order() { 28 } else { 24 };
    let (mut fixed, mut elements, mut hash) = (Fixed::default(), Elements::default(), None);
    // Protected frames have no readable body.
    if !control.is_protected() {
        let length = fixed.read(bytes, start, subtype, out);
        if let Some(first) = length.map(|length| start + length) {
            let wanted = Wanted { cut: layers.cut, damaged: radio.bad_fcs };
            elements = elements::read(bytes, first, wanted, out);
            if subtype == 4 && !elements.broken {
                hash = Some(elements::fingerprint(bytes, first));
            }
        }
    }
    let fact = out.fact("wlan", at..bytes.len());
    fact.parties = Some((Party::Mac(src), Party::Mac(dst)));
    // An access point says the same ten times a second.
    fact.once = subtype == 8;
    let fields = &mut fact.fields;
    fields.text("msg_type", frame_word(0, subtype));
    if let Some(ssid) = elements.ssid {
        let hidden = ssid.iter().all(|byte| *byte == 0);
        match std::str::from_utf8(ssid) {
            Ok(name) if !hidden => fact.subject = name.to_owned(),
            Ok(_) => {} // zeros instead of its name, or nothing
            Err(_) => fact.subject = hex(ssid),
        }
        fields.text("ssid", &fact.subject);
        if hidden && matches!(subtype, 5 | 8) {
            fields.flag("hidden", true);
        }
    }
    if let Some(bssid) = bssid.filter(|mac| !mac.is_group()) {
        fields.shown("bssid", bssid);
    }
    if let Some(channel) = elements.channel.or_else(|| radio.frequency.and_then(channel)) {
        fields.int("channel", channel.into());
    }
    fixed.write(fields);
    write_elements(&elements, fixed.capabilities.filter(|_| matches!(subtype, 5 | 8)), fields);
    if let Some(hash) = hash {
        fields.text("elements_hash", &hash);
    }
    if src.is_local() {
        fields.flag("randomised", true);
    }
    let own = &mut fact.own;
    if let Some(signal) = radio.signal {
        own.int("signal", signal.into());
    }
    if let Some(frequency) = radio.frequency {
        own.int("frequency", frequency.into());
    }
    own.int("sequence", (sequence >> 4).into());
    for (name, holds) in [("retry", control.is_retry()), ("bad_fcs", radio.bad_fcs)] {
        if holds {
            own.flag(name, true);
        }
    }
}

fn write_elements(elements: &Elements, network: Option<u16>, fields: &mut Fields) {
    if let Some(security) = network.and_then(|capabilities| elements.security(capabilities & 0x10 != 0)) {
        fields.text("security", &security);
    }
    if let Some(suites) = elements.rsn.as_ref().or(elements.wpa.as_ref()) {
        if let Some(group) = suites.group {
            fields.text("group_cipher", group);
        }
        for (name, list) in [("pairwise_ciphers", &suites.pairwise), ("akm", &suites.akm)] {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        if let Some(mfp) = suites.mfp {
            fields.text("mfp", mfp);
        }
    }
    if elements.generations.contains(&true) {
        fields.texts("generations", elements.generations());
    }
    if let Some(country) = &elements.country {
        fields.text("country", country);
    }
    if !elements.rates.is_empty() {
        fields.texts("rates", elements.rate_words());
    }
    if let Some(mesh) = elements.mesh {
        fields.bytes_as_text("mesh", mesh);
    }
    elements.wps.write(fields);
    if !elements.vendors.is_empty() {
        fields.texts("vendors", elements.vendors.iter().map(|oui| elements::oui_text(*oui)));
    }
    if !elements.ids.is_empty() {
        let ids: Vec<String> = elements.ids.iter().map(u8::to_string).collect();
        fields.text("elements", &ids.join(","));
    }
}

impl Fixed {
    /// Reads the fields of fixed place; gives their length if elements follow.
    fn read(&mut self, bytes: &[u8], at: usize, subtype: u8, out: &mut Out) -> Option<usize> {
        let int = |n: usize| u16_le(bytes, at + n);
        let place = |n: usize| at + n..at + n + 2;
        let length = match subtype {
            0 => 4,      // association request
            1 | 3 => 6,  // (re)association response
            2 => 10,     // reassociation request
            4 => 0,      // probe request
            5 | 8 => 12, // probe response, beacon
            10 | 12 => {
                self.reason = int(0);
                if let Some(reason) = self.reason {
                    let shown = || format!("{reason} ({})", reason_word(reason));
                    out.tree.coded("wlan.fixed.reason_code", "Reason", place(0), reason, shown);
                }
                2
            }
            11 => {
                (self.algorithm, self.status) = (int(0).zip(int(2)), int(4));
                if let (Some((algorithm, step)), Some(status)) = (self.algorithm, self.status) {
                    let shown = || format!("{algorithm} ({})", algorithm_word(algorithm));
                    out.tree.coded("wlan.fixed.auth.alg", "Algorithm", place(0), algorithm, shown);
                    out.tree.int("wlan.fixed.auth_seq", "Step", place(2), step);
                    out.tree.int("wlan.fixed.status_code", "Status", place(4), status);
                }
                return None;
            }
            13 | 14 => {
                self.category = bytes.get(at).copied();
                if let Some(category) = self.category {
                    out.tree.int("wlan.fixed.category_code", "Category", at..at + 1, category);
                }
                return None;
            }
            _ => return None,
        };
        match subtype {
            0..=3 => self.capabilities = int(0),
            5 | 8 => {
                self.capabilities = int(10);
                if let Some((time, interval)) = chunk::<8>(bytes, at).map(u64::from_le_bytes).zip(int(8)) {
                    let shown = || format!("{time} µs");
                    out.tree.coded("wlan.fixed.timestamp", "Sender's clock", at..at + 8, time, shown);
                    out.tree.int("wlan.fixed.beacon", "Beacon interval (1024 µs)", place(8), interval);
                }
            }
            _ => {}
        }
        if let Some(capabilities) = self.capabilities {
            let range = place(if subtype < 4 { 0 } else { 10 });
            let shown = || format!("0x{capabilities:04x}");
            out.tree.coded("wlan.fixed.capabilities", "Capabilities", range, capabilities, shown);
        }
        if let (1 | 3, Some(status)) = (subtype, int(2)) {
            self.status = Some(status);
            out.tree.int("wlan.fixed.status_code", "Status", place(2), status);
        }
        if let (2, Some(mac)) = (subtype, bytes.get(at + 4..).and_then(Mac::read)) {
            self.current_ap = Some(mac);
            out.tree.text("wlan.fixed.current_ap", "Current access point", at + 4..at + 10, mac);
        }
        Some(length)
    }

    fn write(&self, fields: &mut Fields) {
        for (name, code) in [("reason", self.reason), ("status", self.status)] {
            if let Some(code) = code {
                fields.int(name, code.into());
            }
        }
        if let Some(reason) = self.reason {
            fields.text("reason_text", reason_word(reason));
        }
        if let Some((algorithm, step)) = self.algorithm {
            fields.text("auth_algorithm", algorithm_word(algorithm));
            fields.int("auth_sequence", step.into());
        }
        if let Some(category) = self.category {
            fields.int("category", category.into());
        }
        if let Some(mac) = self.current_ap {
            fields.shown("current_ap", mac);
        }
    }
}

/// IEEE 802.11 section 9.4.1.1.
fn algorithm_word(algorithm: u16) -> &'static str {
    match algorithm {
        0 => "open",
        1 => "shared_key",
        2 => "fast_transition",
        3 => "sae",
        4 => "fils",
        5 => "fils_pfs",
        6 => "fils_public_key",
        _ => "other",
    }
}

/// IEEE 802.11 table 9-90, the reasons that are seen.
fn reason_word(reason: u16) -> &'static str {
    match reason {
        1 => "unspecified",
        2 => "authentication is no longer valid",
        3 => "the sender leaves",
        4 => "inactivity",
        5 => "too many stations",
        6 => "frame before authentication",
        7 => "frame before association",
        8 => "the station leaves",
        9 => "association before authentication",
        12 => "moved to another access point",
        13 => "invalid element",
        14 => "message integrity failure",
        15 => "four-way handshake timed out",
        16 => "group key handshake timed out",
        17 => "elements of the handshake differ",
        18 => "invalid group cipher",
        19 => "invalid pairwise cipher",
        20 => "invalid key management",
        23 => "802.1X authentication failed",
        24 => "cipher refused",
        34 => "bad channel",
        36 => "the station leaves the network",
        37 => "the station does not want the mechanism",
        39 => "timed out",
        45 => "key management refused",
        46..=66 => "mesh",
        _ => "reserved",
    }
}
