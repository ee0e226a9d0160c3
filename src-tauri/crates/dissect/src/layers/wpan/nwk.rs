//! Zigbee's network layer (Zigbee specification, document 05-3474, sections 3.3 and 4.5).

use std::ops::Range;

use super::{Address, Header, aps, eui64, show};
use crate::bytes::{chunk, u16_le, u32_le};
use crate::layers::Layers;
use crate::protocols::Out;

/// What a network header and its security header say.
pub(super) struct Network {
    pub pan: Option<u16>,
    /// None between networks.
    pub src: Option<u16>,
    pub dst: Address,
    pub src_long: Option<u64>,
    /// What is told of it was encrypted, and a key was known.
    pub decrypted: bool,
}

pub(super) fn read(bytes: &[u8], mac: &Header, layers: &mut Layers, out: &mut Out) {
    let at = mac.body;
    let Some(control) = u16_le(bytes, at) else { return };
    // Version 2, as all Zigbee since 2006; Thread's first byte (6LoWPAN) is never like this.
    if control >> 2 & 15 != 2 {
        return;
    }
    layers.top = "zbee_nwk";
    let kind = control & 3;
    out.tree.open("zbee_nwk", "ZigBee Network Layer", at..bytes.len(), || kind_word(kind).to_owned());
    out.tree.coded("zbee_nwk.frame_type", "Frame type", at..at + 2, kind, || format!("{kind} ({})", kind_word(kind)));
    out.tree.int("zbee_nwk.proto_version", "Version", at..at + 2, 2);
    out.tree.int("zbee_nwk.security", "Encrypted", at + 1..at + 2, control >> 9 & 1);
    if kind == 3 {
        out.tree.close();
        return aps::inter_pan(bytes, at + 2, mac, layers, out);
    }
    if body(bytes, at, control, mac, layers, out).is_none() && !layers.cut {
        out.malformed(at, "ZigBee network header cut short");
    }
    out.tree.close();
}

fn body(bytes: &[u8], at: usize, control: u16, mac: &Header, layers: &mut Layers, out: &mut Out) -> Option<()> {
    let (dst, src) = (u16_le(bytes, at + 2)?, u16_le(bytes, at + 4)?);
    let [radius, sequence] = chunk::<2>(bytes, at + 6)?;
    out.tree.coded("zbee_nwk.dst", "Destination", at + 2..at + 4, dst, || format!("0x{dst:04x}"));
    out.tree.coded("zbee_nwk.src", "Source", at + 4..at + 6, src, || format!("0x{src:04x}"));
    out.tree.int("zbee_nwk.radius", "Radius", at + 6..at + 7, radius);
    out.tree.int("zbee_nwk.seqno", "Sequence number", at + 7..at + 8, sequence);
    let mut cursor = at + 8;
    let mut long = |bit: u16, name: &'static str, cursor: &mut usize| {
        if control & bit == 0 {
            return Some(None);
        }
        let value = chunk::<8>(bytes, *cursor).map(u64::from_le_bytes)?;
        out.tree.text(name, "Extended address", *cursor..*cursor + 8, eui64(value));
        *cursor += 8;
        Some(Some(value))
    };
    long(0x0800, "zbee_nwk.dst64", &mut cursor)?;
    let src_long = long(0x1000, "zbee_nwk.src64", &mut cursor)?;
    if control & 0x0100 != 0 {
        cursor += 1; // multicast control
    }
    if control & 0x0400 != 0 {
        let relays = usize::from(*bytes.get(cursor)?);
        out.tree.int("zbee_nwk.relay.count", "Relays", cursor..cursor + 1, relays as i64);
        cursor += 2 + relays * 2;
    }
    let secured = control & 0x0200 != 0;
    let security = if secured { Some(Security::read(bytes, &mut cursor, out)?) } else { None };
    let hop = security.as_ref().and_then(|security| security.source);
    // The security header names who sent this hop; that is who sent the packet if both short addresses are the same.
    let same = mac.src == Address::Short(src);
    let src_long = src_long.or(hop.filter(|_| same));
    let mut network = Network { pan: mac.pan(), src: Some(src), dst: Address::Short(dst), src_long, decrypted: false };
    let range = at..cursor.min(bytes.len()).max(at + 1);
    aps::device(&network, range.clone(), out);
    if let (Some(hop), false, Address::Short(short)) = (hop, same, mac.src) {
        aps::device(&Network { src: Some(short), src_long: Some(hop), ..network }, range, out);
    }
    let Some(security) = security else {
        inside(bytes, cursor, control, &network, layers, out);
        return Some(());
    };
    if let Some(plain) = security.open_network(bytes, at, network.pan, &out.learned.zigbee) {
        network.decrypted = true;
        out.tree.text("zbee.sec.decrypted", "Opened with the network's key", cursor..bytes.len(), "yes");
        inside(&plain, cursor, control, &network, layers, out);
    } else {
        let data = bytes.get(cursor..).unwrap_or_default();
        out.tree.bytes("zbee_nwk.payload", "Encrypted payload", cursor.min(bytes.len())..bytes.len(), data);
    }
    Some(())
}

fn inside(bytes: &[u8], at: usize, control: u16, network: &Network, layers: &mut Layers, out: &mut Out) {
    match control & 3 {
        0 => aps::read(bytes, at, network, layers, out),
        1 => aps::network_command(bytes, at, network, out),
        _ => {}
    }
}

/// The auxiliary security header (section 4.5.1).
pub(super) struct Security {
    pub control: u8,
    pub counter: u32,
    pub source: Option<u64>,
    pub key_number: Option<u8>,
    /// Where the header begins and where it ends.
    pub range: Range<usize>,
}

impl Security {
    pub fn read(bytes: &[u8], cursor: &mut usize, out: &mut Out) -> Option<Security> {
        let at = *cursor;
        let (control, counter) = (*bytes.get(at)?, u32_le(bytes, at + 1)?);
        let key = control >> 3 & 3;
        *cursor = at + 5;
        out.tree.coded("zbee.sec.key_id", "Key", at..at + 1, key, || format!("{key} ({})", key_word(key)));
        out.tree.int("zbee.sec.counter", "Frame counter", at + 1..at + 5, counter);
        let mut source = None;
        if control & 0x20 != 0 {
            source = Some(chunk::<8>(bytes, *cursor).map(u64::from_le_bytes)?);
            show("", "zbee.sec.src64", "Sender", Address::Long(source.unwrap_or(0)), *cursor..*cursor + 8, out);
            *cursor += 8;
        }
        let mut key_number = None;
        if key == 1 {
            let number = *bytes.get(*cursor)?;
            out.tree.int("zbee.sec.key_seqno", "Key number", *cursor..*cursor + 1, number);
            key_number = Some(number);
            *cursor += 1;
        }
        Some(Security { control, counter, source, key_number, range: at..*cursor })
    }

    /// Which kind of key it is sealed with.
    pub fn key(&self) -> u8 {
        self.control >> 3 & 3
    }
}

fn key_word(key: u8) -> &'static str {
    match key {
        0 => "link",
        1 => "network",
        2 => "key transport",
        _ => "key load",
    }
}

fn kind_word(kind: u16) -> &'static str {
    match kind {
        0 => "data",
        1 => "command",
        2 => "reserved",
        _ => "between networks",
    }
}
