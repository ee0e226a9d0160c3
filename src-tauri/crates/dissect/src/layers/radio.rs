//! IEEE 802.15.4 (Zigbee, Thread) and Bluetooth LE: recognised, with addresses.

use model::{Kind, Mac, Party};

use super::Layers;
use crate::bytes::{chunk, u16_le, u32_le};
use crate::protocols::Out;

pub(super) const BLE: Kind = Kind {
    name: "ble",
    about: "a Bluetooth LE device that advertises, scans or connects; the first time with each kind and name",
    fields: &[
        ("msg_type", "kind of advertising packet"),
        ("address", "the advertiser's address"),
        ("address_type", "public or random"),
        ("name", "name that it gives itself"),
        ("signal", "dBm at the receiver"),
    ],
};

pub(super) const IEEE802154: Kind = Kind {
    name: "ieee802154",
    about: "a device of an IEEE 802.15.4 network (Zigbee, Thread); the first time with each address and network",
    fields: &[
        ("msg_type", "kind of frame: beacon, data, command"),
        ("pan", "network (PAN) identifier, hex"),
        ("address", "sender's address: 16-bit short or 64-bit extended, hex"),
    ],
};

/// IEEE 802.15.4 MAC frames. TAP header: LINKTYPE_IEEE802_15_4_TAP.
pub(super) fn ieee802154(bytes: &[u8], link_type: u16, layers: &mut Layers, out: &mut Out) {
    layers.top = "wpan";
    let at = match link_type {
        283 => match u16_le(bytes, 2).map(usize::from).filter(|length| *length >= 4 && *length <= bytes.len()) {
            Some(length) => length,
            None => return out.malformed(0, "802.15.4 TAP header cut short"),
        },
        215 => 4, // preamble length, start of frame delimiter and length come first
        _ => 0,
    };
    let Some(control) = u16_le(bytes, at) else { return out.malformed(at, "802.15.4 header cut short") };
    let word = match control & 7 {
        0 => "beacon",
        1 => "data",
        2 => "ack",
        3 => "command",
        _ => "other",
    };
    out.tree.open("wpan", "IEEE 802.15.4", at..bytes.len(), || word.to_owned());
    out.tree.coded("wpan.frame_type", "Frame type", at..at + 2, control & 7, || word.to_owned());
    let (dst_mode, src_mode) = (control >> 10 & 3, control >> 14 & 3);
    let same_pan = control & 0x40 != 0;
    let size = |mode| match mode {
        2 => 2,
        3 => 8,
        _ => 0,
    };
    let mut cursor = at + 3;
    let mut pan = None;
    if dst_mode >= 2 {
        pan = u16_le(bytes, cursor);
        cursor += 2 + size(dst_mode);
    }
    if src_mode >= 2 {
        if !same_pan || dst_mode < 2 {
            pan = u16_le(bytes, cursor);
            cursor += 2;
        }
        let address = match src_mode {
            2 => u16_le(bytes, cursor).map(|short| format!("{short:04x}")),
            _ => chunk::<8>(bytes, cursor).map(|raw| format!("{:016x}", u64::from_le_bytes(raw))),
        };
        if let (Some(pan), Some(address)) = (pan, address) {
            out.tree.coded("wpan.src_pan", "PAN", at + 3..cursor, pan, || format!("0x{pan:04x}"));
            out.tree.text("wpan.src16", "Source", cursor..cursor + size(src_mode), &address);
            let fact = out.fact("ieee802154", at..bytes.len());
            fact.once = true;
            fact.subject = address.clone();
            fact.parties = Some((Party::Name(address.clone()), Party::None));
            fact.fields.text("msg_type", word);
            fact.fields.shown("pan", format_args!("{pan:04x}"));
            fact.fields.text("address", &address);
        }
    }
    out.tree.close();
}

/// Bluetooth LE link layer (Core specification, vol. 6 part B). Pseudo header: LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR.
pub(super) fn ble(bytes: &[u8], link_type: u16, layers: &mut Layers, out: &mut Out) {
    layers.top = "btle";
    let at = if link_type == 256 { 10 } else { 0 };
    let (Some(access), Some([head, length])) = (u32_le(bytes, at), chunk::<2>(bytes, at + 4)) else {
        return out.malformed(at, "Bluetooth LE packet cut short");
    };
    out.tree
        .open("btle", "Bluetooth Low Energy Link Layer", at..bytes.len(), || format!("access address 0x{access:08x}"));
    out.tree.coded("btle.access_address", "Access address", at..at + 4, access, || format!("0x{access:08x}"));
    let advertising = access == 0x8e89_bed6;
    if advertising {
        let word = match head & 15 {
            0 => "ADV_IND",
            1 => "ADV_DIRECT_IND",
            2 => "ADV_NONCONN_IND",
            3 => "SCAN_REQ",
            4 => "SCAN_RSP",
            5 => "CONNECT_IND",
            6 => "ADV_SCAN_IND",
            _ => "ADV_EXT_IND",
        };
        out.tree.coded("btle.advertising_header.pdu_type", "PDU type", at + 4..at + 5, head & 15, || word.to_owned());
        let body = at + 6;
        let end = (body + usize::from(length)).min(bytes.len());
        // Scan and connection requests name the asker first, then the advertiser.
        let asks = matches!(head & 15, 3 | 5);
        let advertiser = chunk::<6>(bytes, if asks { body + 6 } else { body }).map(reversed);
        let asker = asks.then(|| chunk::<6>(bytes, body).map(reversed)).flatten();
        let random = head & if asks { 0x80 } else { 0x40 } != 0;
        if let Some(address) = advertiser.filter(|_| head & 15 <= 6) {
            layers.src_mac = asker.or(Some(address));
            out.tree.text("btle.advertising_address", "Advertising address", body..(body + 6).min(end), address);
            let name = local_name(bytes, body + 6, end).filter(|_| !asks);
            let signal = (link_type == 256).then(|| bytes.get(1).map(|byte| *byte as i8)).flatten();
            let fact = out.fact("ble", at..end);
            fact.once = true;
            fact.subject = name.clone().unwrap_or_else(|| address.to_string());
            fact.parties =
                Some((Party::Mac(asker.unwrap_or(address)), if asks { Party::Mac(address) } else { Party::None }));
            fact.fields.text("msg_type", word);
            fact.fields.shown("address", address);
            fact.fields.text("address_type", if random { "random" } else { "public" });
            if let Some(name) = name {
                fact.fields.text("name", &name);
            }
            if let Some(signal) = signal {
                fact.own.int("signal", signal.into());
            }
        }
    }
    out.tree.close();
}

fn reversed(mut raw: [u8; 6]) -> Mac {
    raw.reverse();
    Mac(raw)
}

/// The shortened or complete local name among the advertising data structures.
fn local_name(bytes: &[u8], start: usize, end: usize) -> Option<String> {
    let mut at = start;
    while at < end {
        let length = usize::from(*bytes.get(at)?);
        let structure = bytes.get(at + 1..at + 1 + length)?;
        if let Some((8 | 9, name)) = structure.split_first() {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
        at += 1 + length;
    }
    None
}
