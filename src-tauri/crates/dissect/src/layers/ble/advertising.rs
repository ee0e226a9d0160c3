//! Advertising packets (Core specification, volume 6 part B section 2.3): devices that want to be found, look for others, or connect.

use model::{Kind, Mac, Party};

use super::Radio;
use super::structures::{self, Structures};
use crate::bytes::{chunk, u16_le, u32_le};
use crate::layers::Layers;
use crate::protocols::Out;

pub(in crate::layers) const KIND: Kind = Kind {
    name: "ble",
    about: "a Bluetooth LE device that advertises, scans or connects; the first time with each kind and content, connections each time",
    fields: &[
        ("msg_type", "kind of advertising packet"),
        ("address", "the advertiser's address"),
        ("address_type", "public or random"),
        ("address_kind", "public, static, resolvable (changes, but its friends know it) or non_resolvable"),
        ("name", "name that it gives itself"),
        ("peer", "the other device: who scans or connects, or who a directed packet is for"),
        ("peer_kind", "kind of its address"),
        ("companies", "company identifiers of manufacturers' data, hex"),
        ("company_names", "their names, where known"),
        ("services", "services that it offers or wants, by UUID"),
        ("service_data", "services that it gives data of, by UUID"),
        ("flags", "how it can be found, hex"),
        ("appearance", "what it looks like, by the specification's number"),
        ("tx_power", "dBm that it sends with, by its own word"),
        ("uri", "address that it advertises"),
        ("bad_crc", "received damaged: what it says may be wrong"),
        ("signal", "dBm at the receiver"),
        ("channel", "channel that it was heard on"),
        ("access_address", "of the connection that begins, hex"),
        ("interval", "of the connection that begins, in milliseconds"),
        ("advertising_data", "number of the set of data that an extended packet belongs to"),
    ],
};

/// What a packet says, whichever kind it is.
#[derive(Default)]
struct Packet {
    advertiser: Option<(Mac, bool)>,
    /// Who asks, or who is meant.
    peer: Option<(Mac, bool)>,
    /// The peer is the sender.
    asks: bool,
    said: Structures,
    connection: Option<(u32, u16)>,
    set: Option<u16>,
}

/// `bytes` ends where the packet does; its header is at `at`.
pub(super) fn read(bytes: &[u8], at: usize, head: u8, radio: Radio, layers: &mut Layers, out: &mut Out) {
    let kind = head & 15;
    // On the other channels the same numbers stand for what extended advertising leads to.
    let auxiliary = radio.channel.is_some_and(|channel| channel < 37);
    let word = pdu_word(kind, auxiliary);
    let (tx_random, rx_random) = (head & 0x40 != 0, head & 0x80 != 0);
    out.tree.coded("btle.advertising_header.pdu_type", "PDU type", at..at + 1, kind, || format!("{kind} ({word})"));
    out.tree.int("btle.advertising_header.randomized_tx", "Sender's address is random", at..at + 1, tx_random);
    out.tree.int("btle.advertising_header.randomized_rx", "Other address is random", at..at + 1, rx_random);
    if let Some(length) = bytes.get(at + 1) {
        out.tree.int("btle.advertising_header.length", "Length", at + 1..at + 2, *length);
    }
    let body = at + 2;
    let mut packet = Packet::default();
    let first = address(bytes, body).map(|mac| (mac, tx_random));
    let second = address(bytes, body + 6).map(|mac| (mac, rx_random));
    match kind {
        0 | 2 | 4 | 6 => {
            packet.advertiser = first;
            show("btle.advertising_address", "Advertiser", first, body, out);
            packet.said = structures::read(bytes, body + 6, out);
        }
        1 => {
            (packet.advertiser, packet.peer) = (first, second);
            show("btle.advertising_address", "Advertiser", first, body, out);
            show("btle.target_address", "Target", second, body + 6, out);
        }
        3 | 5 => {
            (packet.advertiser, packet.peer, packet.asks) = (second, first, true);
            let name = if kind == 3 { "btle.scanning_address" } else { "btle.initiator_address" };
            show(name, if kind == 3 { "Scanner" } else { "Initiator" }, first, body, out);
            show("btle.advertising_address", "Advertiser", second, body + 6, out);
            if kind == 5 {
                packet.connection = connection(bytes, body + 12, out);
            }
        }
        7 | 8 => packet.extended(bytes, body, (tx_random, rx_random), out),
        _ => {}
    }
    packet.record(at..bytes.len(), word, radio, layers, out);
}

impl Packet {
    /// The common extended advertising payload (section 2.3.4): a header with a bit for each of its fields, then data.
    fn extended(&mut self, bytes: &[u8], body: usize, random: (bool, bool), out: &mut Out) {
        let Some(first) = bytes.get(body) else { return };
        let (start, length) = (body + 1, usize::from(first & 0x3f));
        let end = (start + length).min(bytes.len());
        let header = &bytes[..end];
        out.tree.int("btle.extended_advertising_header.length", "Extended header length", body..start, first & 0x3f);
        if let Some(flags) = header.get(start) {
            let mut at = start + 1;
            for (bit, size) in [6, 6, 1, 2, 3, 18, 1].into_iter().enumerate() {
                if flags & (1 << bit) == 0 {
                    continue;
                }
                match bit {
                    0 => {
                        self.advertiser = address(header, at).map(|mac| (mac, random.0));
                        show("btle.advertising_address", "Advertiser", self.advertiser, at, out);
                    }
                    1 => {
                        self.peer = address(header, at).map(|mac| (mac, random.1));
                        show("btle.target_address", "Target", self.peer, at, out);
                    }
                    3 => {
                        self.set = u16_le(header, at);
                        let set = self.set.unwrap_or(0);
                        let name = "btle.extended_advertising.advertising_data_info";
                        out.tree
                            .coded(name, "Data set", at.min(end)..(at + 2).min(end), set, || format!("0x{set:04x}"));
                    }
                    6 => {
                        let power = header.get(at).map_or(0, |byte| byte.cast_signed());
                        let name = "btle.extended_advertising_header.tx_power";
                        out.tree.int(name, "Transmission power", at.min(end)..(at + 1).min(end), power);
                    }
                    _ => {}
                }
                at += size;
            }
        }
        self.said = structures::read(bytes, end, out);
    }

    fn record(self, range: std::ops::Range<usize>, word: &str, radio: Radio, layers: &mut Layers, out: &mut Out) {
        let Some((address, random)) = self.advertiser else { return };
        let peer = self.peer.map(|(mac, _)| mac);
        let sender = if self.asks { peer } else { Some(address) };
        if !radio.bad_crc {
            layers.src_mac = sender;
        }
        let party = |mac: Option<Mac>| mac.map_or(Party::None, Party::Mac);
        let fact = out.fact("ble", range);
        fact.once = self.connection.is_none();
        fact.subject = self.said.name.clone().unwrap_or_else(|| address.to_string());
        fact.parties = Some((party(sender), party(if self.asks { Some(address) } else { peer })));
        let fields = &mut fact.fields;
        fields.text("msg_type", word);
        fields.shown("address", address);
        fields.text("address_type", if random { "random" } else { "public" });
        fields.text("address_kind", address_kind(address, random));
        if let Some((mac, random)) = self.peer {
            fields.shown("peer", mac);
            fields.text("peer_kind", address_kind(mac, random));
        }
        self.said.write(fields);
        if radio.bad_crc {
            fields.flag("bad_crc", true);
        }
        let own = &mut fact.own;
        if let Some(signal) = radio.signal {
            own.int("signal", signal.into());
        }
        if let Some(channel) = radio.channel {
            own.int("channel", channel.into());
        }
        if let Some((access, interval)) = self.connection {
            own.shown("access_address", format_args!("{access:08x}"));
            own.real("interval", f64::from(interval) * 1.25);
        }
        if let Some(set) = self.set {
            own.int("advertising_data", set.into());
        }
    }
}

/// A connection's beginnings (section 2.3.3.1): its access address and interval.
fn connection(bytes: &[u8], at: usize, out: &mut Out) -> Option<(u32, u16)> {
    let (access, interval) = (u32_le(bytes, at)?, u16_le(bytes, at + 10)?);
    let (latency, timeout) = (u16_le(bytes, at + 12)?, u16_le(bytes, at + 14)?);
    let tree = &mut out.tree;
    let shown = || format!("0x{access:08x}");
    tree.coded("btle.link_layer_data.access_address", "Access address", at..at + 4, access, shown);
    let shown = || format!("{} ms", f64::from(interval) * 1.25);
    tree.coded("btle.link_layer_data.interval", "Interval", at + 10..at + 12, interval, shown);
    tree.int("btle.link_layer_data.latency", "Latency", at + 12..at + 14, latency);
    let shown = || format!("{} ms", u32::from(timeout) * 10);
    tree.coded("btle.link_layer_data.timeout", "Timeout", at + 14..at + 16, timeout, shown);
    if let Some(last) = bytes.get(at + 21) {
        tree.int("btle.link_layer_data.hop", "Hop", at + 21..at + 22, last & 0x1f);
    }
    Some((access, interval))
}

fn show(name: &'static str, label: &'static str, who: Option<(Mac, bool)>, at: usize, out: &mut Out) {
    if let Some((mac, _)) = who {
        out.tree.text(name, label, at..at + 6, mac);
    }
}

/// Lowest byte first on the air.
fn address(bytes: &[u8], at: usize) -> Option<Mac> {
    let mut raw = chunk::<6>(bytes, at)?;
    raw.reverse();
    Some(Mac(raw))
}

/// Volume 6 part B section 1.3.
fn address_kind(mac: Mac, random: bool) -> &'static str {
    match (random, mac.0[0] >> 6) {
        (false, _) => "public",
        (true, 3) => "static",
        (true, 1) => "resolvable",
        (true, 0) => "non_resolvable",
        (true, _) => "reserved",
    }
}

fn pdu_word(kind: u8, auxiliary: bool) -> &'static str {
    match (kind, auxiliary) {
        (0, _) => "ADV_IND",
        (1, _) => "ADV_DIRECT_IND",
        (2, _) => "ADV_NONCONN_IND",
        (3, false) => "SCAN_REQ",
        (3, true) => "AUX_SCAN_REQ",
        (4, _) => "SCAN_RSP",
        (5, false) => "CONNECT_IND",
        (5, true) => "AUX_CONNECT_REQ",
        (6, _) => "ADV_SCAN_IND",
        (7, false) => "ADV_EXT_IND",
        (7, true) => "AUX_ADV_IND",
        (8, _) => "AUX_CONNECT_RSP",
        _ => "other",
    }
}
