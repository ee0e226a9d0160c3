//! IEEE 802.11 frames, bare or behind radiotap (radiotap.org) or PPI headers: kinds, addresses, and what management
//! frames say of networks and devices.

use model::{Kind, Mac, Party, hex};

use super::{Layers, link};
use crate::bytes::{chunk, u16_be, u16_le, u32_le};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "wlan",
    about: "one 802.11 management frame; of beacons the first of each kind",
    fields: &[
        ("msg_type", "kind of frame: probe_request, beacon, authentication, deauthentication, ..."),
        ("ssid", "network name; empty in a broadcast probe or a hidden network's beacon"),
        ("bssid", "address of the access point"),
        ("channel", "channel that the sender names, else the one it was heard on"),
        ("frequency", "MHz that it was heard on"),
        ("signal", "dBm at the receiver"),
        ("sequence", "sequence number"),
        ("reason", "reason code of a disassociation or deauthentication"),
        ("status", "status code of an authentication or association"),
        ("elements", "ids of the information elements in order: a fingerprint of the sender's software"),
        ("randomised", "the sender's address is locally administered: made up, perhaps for this one scan"),
    ],
};

/// What the radio header says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Radio {
    signal: Option<i8>,
    frequency: Option<u16>,
    /// A frame check sequence of 4 bytes ends the frame.
    fcs: bool,
}

pub(super) fn radiotap(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "radiotap";
    let (Some(length), Some(0)) = (u16_le(bytes, 2).map(usize::from), bytes.first()) else {
        return out.malformed(0, "radiotap header cut short or of an unknown version");
    };
    if length < 8 || length > bytes.len() {
        return out.malformed(2, "radiotap header is longer than the frame");
    }
    let radio = radiotap_fields(&bytes[..length]);
    out.tree.open("radiotap", "Radiotap", 0..length, || format!("{length} bytes"));
    if let Some(signal) = radio.signal {
        out.tree.coded("radiotap.dbm_antsignal", "Antenna signal", 0..length, signal, || format!("{signal} dBm"));
    }
    if let Some(frequency) = radio.frequency {
        out.tree
            .coded("radiotap.channel.freq", "Channel frequency", 0..length, frequency, || format!("{frequency} MHz"));
    }
    out.tree.close();
    read(bytes, length, radio, layers, out);
}

fn radiotap_fields(header: &[u8]) -> Radio {
    let mut radio = Radio::default();
    let Some(present) = u32_le(header, 4) else { return radio };
    let mut at = 8;
    let mut word = present;
    // Further presence words follow while the highest bit is set; their fields come after those of the first.
    while word & 0x8000_0000 != 0 {
        match u32_le(header, at) {
            Some(next) => (word, at) = (next, at + 4),
            None => return radio,
        }
    }
    for bit in 0..=5 {
        if present & (1 << bit) == 0 {
            continue;
        }
        let (align, size) = [(8, 8), (1, 1), (1, 1), (2, 4), (2, 2), (1, 1)][bit];
        at = at.next_multiple_of(align);
        match bit {
            1 => radio.fcs = header.get(at).is_some_and(|flags| flags & 0x10 != 0),
            3 => radio.frequency = u16_le(header, at),
            5 => radio.signal = header.get(at).map(|byte| *byte as i8),
            _ => {}
        }
        at += size;
    }
    radio
}

/// Per-packet information header: its length and the link type of what follows.
pub(super) fn ppi(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "ppi";
    let (Some(length), Some(inner)) = (u16_le(bytes, 2).map(usize::from), u32_le(bytes, 4)) else {
        return out.malformed(0, "PPI header cut short");
    };
    if length < 8 || length > bytes.len() {
        return out.malformed(2, "PPI header is longer than the frame");
    }
    out.tree.open("ppi", "Per-Packet Information", 0..length, || format!("link type {inner}"));
    out.tree.int("ppi.dlt", "Link type", 4..8, inner);
    out.tree.close();
    match inner {
        105 => read(bytes, length, Radio::default(), layers, out),
        1 => link::ethernet(bytes, length, layers, out),
        _ => {}
    }
}

pub(super) fn read(bytes: &[u8], at: usize, radio: Radio, layers: &mut Layers, out: &mut Out) {
    layers.top = "wlan";
    let (Some(control), Some(receiver)) = (u16_le(bytes, at), bytes.get(at + 4..).and_then(Mac::read)) else {
        return out.malformed(at, "802.11 header cut short");
    };
    let (kind, subtype) = ((control >> 2 & 3) as u8, (control >> 4 & 15) as u8);
    let word = frame_word(kind, subtype);
    layers.dst_mac = Some(receiver);
    let transmitter = bytes.get(at + 10..).and_then(Mac::read);
    let third = bytes.get(at + 16..).and_then(Mac::read);
    if kind != 1 || matches!(subtype, 8..=11) {
        layers.src_mac = transmitter;
    }
    out.tree.open("wlan", "IEEE 802.11", at..bytes.len(), || word.replace('_', " "));
    out.tree.coded("wlan.fc.type_subtype", "Type/subtype", at..at + 2, kind * 16 + subtype, || word.replace('_', " "));
    out.tree.text("wlan.ra", "Receiver", at + 4..at + 10, receiver);
    if let Some(mac) = layers.src_mac {
        out.tree.text("wlan.ta", "Transmitter", at + 10..at + 16, mac);
    }
    match kind {
        0 => management(bytes, at, subtype, word, radio, third, layers, out),
        2 => data(bytes, at, control, subtype, layers, out),
        _ => {}
    }
    out.tree.close();
}

#[expect(clippy::too_many_arguments, reason = "one header's parts, used once")]
fn management(
    bytes: &[u8],
    at: usize,
    subtype: u8,
    word: &str,
    radio: Radio,
    bssid: Option<Mac>,
    layers: &Layers,
    out: &mut Out,
) {
    let (Some(src), Some(dst), Some(sequence)) = (layers.src_mac, layers.dst_mac, u16_le(bytes, at + 22)) else {
        return out.malformed(at, "802.11 management header cut short");
    };
    let end = if radio.fcs { bytes.len().saturating_sub(4).max(at + 24) } else { bytes.len() };
    let body = &bytes[..end];
    out.tree.int("wlan.seq", "Sequence number", at + 22..at + 24, sequence >> 4);
    let fixed = match subtype {
        0 => 4,          // association request
        1 | 3 | 11 => 6, // association response, authentication
        2 => 10,         // reassociation request
        5 | 8 => 12,     // probe response, beacon
        10 | 12 => 2,    // disassociation, deauthentication
        4 => 0,          // probe request
        _ => return record(out, at..end, word, src, dst, bssid, sequence, radio, &Elements::default(), None, None),
    };
    let mut elements = Elements::default();
    // Protected frames have no readable elements.
    if u16_le(bytes, at).is_some_and(|control| control & 0x4000 == 0) && subtype != 11 {
        elements = read_elements(body, at + 24 + fixed, layers.cut, out);
    }
    let reason = matches!(subtype, 10 | 12).then(|| u16_le(body, at + 24)).flatten();
    let status = match subtype {
        1 | 3 => u16_le(body, at + 26),
        11 => u16_le(body, at + 28),
        _ => None,
    };
    record(out, at..end, word, src, dst, bssid, sequence, radio, &elements, reason, status);
    if subtype == 8 {
        // An access point says the same ten times a second.
        if let Some(fact) = out.facts.last_mut() {
            fact.once = true;
        }
    }
}

#[derive(Default)]
struct Elements<'a> {
    ssid: Option<&'a [u8]>,
    channel: Option<u8>,
    ids: Vec<u8>,
}

fn read_elements<'a>(bytes: &'a [u8], start: usize, cut: bool, out: &mut Out) -> Elements<'a> {
    let mut elements = Elements::default();
    let mut at = start;
    while let (Some(id), Some(length)) = (bytes.get(at), bytes.get(at + 1)) {
        let range = at + 2..at + 2 + usize::from(*length);
        let Some(value) = bytes.get(range.clone()) else {
            if !cut {
                out.tree.note(crate::Level::Warn, at..bytes.len(), "information element cut short");
            }
            break;
        };
        match id {
            0 if elements.ssid.is_none() => {
                elements.ssid = Some(value);
                out.tree.text("wlan.ssid", "SSID", range.clone(), String::from_utf8_lossy(value));
            }
            3 if elements.channel.is_none() => elements.channel = value.first().copied(),
            _ => {}
        }
        out.tree.int("wlan.tag.number", "Element", at..range.end, *id);
        if elements.ids.len() < 64 {
            elements.ids.push(*id);
        }
        at = range.end;
    }
    elements
}

#[expect(clippy::too_many_arguments, reason = "one fact's parts, put together once")]
fn record(
    out: &mut Out,
    range: std::ops::Range<usize>,
    word: &str,
    src: Mac,
    dst: Mac,
    bssid: Option<Mac>,
    sequence: u16,
    radio: Radio,
    elements: &Elements,
    reason: Option<u16>,
    status: Option<u16>,
) {
    let fact = out.fact("wlan", range);
    fact.parties = Some((Party::Mac(src), Party::Mac(dst)));
    let fields = &mut fact.fields;
    fields.text("msg_type", word);
    if let Some(ssid) = elements.ssid {
        match std::str::from_utf8(ssid) {
            Ok(name) if !name.bytes().all(|b| b == 0) || name.is_empty() => fact.subject = name.to_owned(),
            Ok(_) => {} // a hidden network: zeros instead of its name
            Err(_) => fact.subject = hex(ssid),
        }
        fields.text("ssid", &fact.subject);
    }
    if let Some(bssid) = bssid.filter(|mac| !mac.is_group()) {
        fields.shown("bssid", bssid);
    }
    if let Some(channel) = elements.channel.or_else(|| radio.frequency.and_then(channel)) {
        fields.int("channel", channel.into());
    }
    for (name, code) in [("reason", reason), ("status", status)] {
        if let Some(code) = code {
            fields.int(name, code.into());
        }
    }
    if !elements.ids.is_empty() {
        let ids: Vec<String> = elements.ids.iter().map(u8::to_string).collect();
        fields.text("elements", &ids.join(","));
    }
    if src.is_local() {
        fields.flag("randomised", true);
    }
    if let Some(signal) = radio.signal {
        fact.own.int("signal", signal.into());
    }
    if let Some(frequency) = radio.frequency {
        fact.own.int("frequency", frequency.into());
    }
    fact.own.int("sequence", (sequence >> 4).into());
}

/// Channel number of a centre frequency in MHz (IEEE 802.11 annex E).
fn channel(frequency: u16) -> Option<u8> {
    match frequency {
        2484 => Some(14),
        2412..=2472 => u8::try_from((frequency - 2407) / 5).ok(),
        5000..=5900 => u8::try_from((frequency - 5000) / 5).ok(),
        5955..=7115 => u8::try_from((frequency - 5950) / 5).ok(),
        _ => None,
    }
}

/// Data frames: the station's address, and what is inside when it is not encrypted.
fn data(bytes: &[u8], at: usize, control: u16, subtype: u8, layers: &mut Layers, out: &mut Out) {
    let (to_ds, from_ds) = (control & 0x0100 != 0, control & 0x0200 != 0);
    let address = |n: usize| bytes.get(at + n..).and_then(Mac::read);
    let (src, dst) = match (to_ds, from_ds) {
        (false, false) => (address(10), address(4)),
        (true, false) => (address(10), address(16)),
        (false, true) => (address(16), address(4)),
        (true, true) => (address(24), address(16)),
    };
    (layers.src_mac, layers.dst_mac) = (src, dst);
    let (protected, empty) = (control & 0x4000 != 0, subtype & 4 != 0);
    if protected || empty {
        return;
    }
    let header = 24 + if to_ds && from_ds { 6 } else { 0 } + if subtype & 8 != 0 { 2 } else { 0 };
    let header = if subtype & 8 != 0 && control & 0x8000 != 0 { header + 4 } else { header };
    if chunk::<6>(bytes, at + header) == Some([0xaa, 0xaa, 3, 0, 0, 0])
        && let Some(kind) = u16_be(bytes, at + header + 6)
    {
        link::ether_type(bytes, at + header + 8, kind, layers, out);
    }
}

fn frame_word(kind: u8, subtype: u8) -> &'static str {
    match (kind, subtype) {
        (0, 0) => "association_request",
        (0, 1) => "association_response",
        (0, 2) => "reassociation_request",
        (0, 3) => "reassociation_response",
        (0, 4) => "probe_request",
        (0, 5) => "probe_response",
        (0, 8) => "beacon",
        (0, 9) => "atim",
        (0, 10) => "disassociation",
        (0, 11) => "authentication",
        (0, 12) => "deauthentication",
        (0, 13 | 14) => "action",
        (0, _) => "management",
        (1, 8) => "block_ack_request",
        (1, 9) => "block_ack",
        (1, 10) => "ps_poll",
        (1, 11) => "rts",
        (1, 12) => "cts",
        (1, 13) => "ack",
        (1, _) => "control",
        (2, n) if n & 4 != 0 => "null_data",
        (2, n) if n & 8 != 0 => "qos_data",
        (2, _) => "data",
        _ => "extension",
    }
}
