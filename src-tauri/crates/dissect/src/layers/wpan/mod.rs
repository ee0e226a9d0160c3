//! IEEE 802.15.4 (Zigbee, Thread): the MAC header with its addresses (section 7.2), bare or behind a receiver's header.

mod aps;
mod keys;
mod nwk;
mod payload;
mod receiver;

use std::fmt::{self, Write};

use model::{Kind, Party};

pub(super) use aps::KIND as ZIGBEE;
pub(super) use keys::Keys;
pub(super) use receiver::{tap, zep};

use super::{Layers, Line};
use crate::bytes::{chunk, u16_le, u32_le};
use crate::protocols::Out;
use crate::tree::Tree;

pub(super) const KIND: Kind = Kind {
    name: "ieee802154",
    about: "a device of an IEEE 802.15.4 network (Zigbee, Thread); the first time with each address, network and kind of message, joins each time",
    fields: &[
        ("msg_type", "kind of frame: beacon, data, command"),
        ("pan", "network (PAN) identifier, hex"),
        ("address", "sender's address: 16-bit short or 64-bit extended, hex"),
        ("command", "of a command: association_request, data_request, beacon_request, ..."),
        ("joined", "device that an association response is for, extended address in hex"),
        ("assigned", "short address that it is given, hex"),
        (
            "status",
            "of an association response: 0 success, 1 the network is full, 2 access denied; why a device is sent off",
        ),
        ("network", "zigbee or thread, by the beacon"),
        ("extended_pan", "the network's own 64-bit identifier, hex"),
        ("permit_join", "the network lets devices in"),
        ("encrypted", "by the MAC layer"),
        ("channel", "that it was heard on"),
        ("signal", "dBm at the receiver"),
        ("lqi", "link quality at the receiver, 0 to 255"),
        ("sequence", "sequence number"),
        ("frame_counter", "of an encrypted frame"),
    ],
};

/// What the receiver says of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Radio {
    pub channel: Option<u16>,
    pub signal: Option<f32>,
    pub lqi: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    None,
    Short(u16),
    Long(u64),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Address::None => Ok(()),
            Address::Short(short) => write!(f, "{short:04x}"),
            Address::Long(long) => write!(f, "{long:016x}"),
        }
    }
}

/// The MAC header.
struct Header {
    control: u16,
    sequence: Option<u8>,
    pans: (Option<u16>, Option<u16>),
    dst: Address,
    src: Address,
    frame_counter: Option<u32>,
    /// Where the payload begins.
    body: usize,
}

impl Header {
    fn is_secured(&self) -> bool {
        self.control & 8 != 0
    }

    /// The sender's network, or the receiver's where only that is told: who wants to join has none yet.
    fn pan(&self) -> Option<u16> {
        self.pans.1.filter(|pan| *pan != 0xffff).or(self.pans.0).or(self.pans.1)
    }
}

/// A frame of one of the link types 195, 215, 230 and 283.
pub(super) fn read(bytes: &[u8], link_type: u16, layers: &mut Layers, out: &mut Out) {
    match link_type {
        283 => tap(bytes, layers, out),
        // Preamble, start of frame and length come first.
        215 => mac(bytes, 6, Some(2), Radio::default(), layers, out),
        195 => mac(bytes, 0, Some(2), Radio::default(), layers, out),
        _ => mac(bytes, 0, None, Radio::default(), layers, out),
    }
}

/// A MAC frame. `fcs`: bytes of check sequence at its end.
pub(super) fn mac(bytes: &[u8], at: usize, fcs: Option<usize>, radio: Radio, layers: &mut Layers, out: &mut Out) {
    (layers.top, layers.line) = ("wpan", Some(Line { at, says: sentence }));
    let end = match layers.cut {
        true => bytes.len(),
        false => bytes.len().saturating_sub(fcs.unwrap_or(0)).max(at.min(bytes.len())),
    };
    let frame = &bytes[..end];
    let word = u16_le(frame, at).map_or("", |control| kind_word(control & 7));
    out.tree.open("wpan", "IEEE 802.15.4", at.min(end)..bytes.len(), || word.to_owned());
    match header(frame, at, out) {
        Some(header) => read_body(frame, at, &header, radio, layers, out),
        None if layers.cut => {}
        None => out.malformed(at.min(end), "802.15.4 header cut short"),
    }
    out.tree.close();
}

fn read_body(bytes: &[u8], at: usize, header: &Header, radio: Radio, layers: &mut Layers, out: &mut Out) {
    let kind = header.control & 7;
    let said = match kind {
        _ if header.is_secured() => payload::Said::default(),
        0 => payload::beacon(bytes, header.body, out),
        3 => payload::command(bytes, header.body, out),
        _ => payload::Said::default(),
    };
    if header.src != Address::None && header.pan().is_some() || said.command.is_some() {
        let fact = out.fact("ieee802154", at..bytes.len());
        fact.once = !said.is_event();
        fact.subject = header.src.to_string();
        let party = |address: Address| match address {
            Address::None => Party::None,
            address => Party::Name(address.to_string()),
        };
        fact.parties = Some((party(header.src), if said.is_event() { party(header.dst) } else { Party::None }));
        let fields = &mut fact.fields;
        fields.text("msg_type", kind_word(kind));
        if let Some(pan) = header.pan() {
            fields.shown("pan", format_args!("{pan:04x}"));
        }
        if header.src != Address::None {
            fields.shown("address", header.src);
        }
        said.write(header.dst, fields);
        if header.is_secured() {
            fields.flag("encrypted", true);
        }
        let own = &mut fact.own;
        if let Some(channel) = radio.channel {
            own.int("channel", channel.into());
        }
        if let Some(signal) = radio.signal {
            own.real("signal", f64::from(signal));
        }
        if let Some(lqi) = radio.lqi {
            own.int("lqi", lqi.into());
        }
        if let Some(sequence) = header.sequence {
            own.int("sequence", sequence.into());
        }
        if let Some(counter) = header.frame_counter {
            own.int("frame_counter", counter.into());
        }
    }
    if kind == 1 && !header.is_secured() {
        nwk::read(bytes, header, layers, out);
    }
}

/// The header up to the payload; none if it is cut short.
fn header(bytes: &[u8], at: usize, out: &mut Out) -> Option<Header> {
    let control = u16_le(bytes, at)?;
    let (kind, version) = (control & 7, control >> 12 & 3);
    let tree = &mut out.tree;
    tree.coded("wpan.frame_type", "Frame type", at..at + 2, kind, || format!("{kind} ({})", kind_word(kind)));
    for (name, label, bit) in [
        ("wpan.security", "Encrypted", 3),
        ("wpan.pending", "More waits", 4),
        ("wpan.ack_request", "To be acknowledged", 5),
        ("wpan.pan_id_compression", "One network for both", 6),
    ] {
        tree.int(name, label, at..at + 2, control >> bit & 1);
    }
    tree.int("wpan.version", "Version", at + 1..at + 2, version);
    let mut cursor = at + 2;
    let mut sequence = None;
    if version < 2 || control & 0x100 == 0 {
        sequence = Some(*bytes.get(cursor)?);
        tree.int("wpan.seq_no", "Sequence number", cursor..cursor + 1, sequence.unwrap_or(0));
        cursor += 1;
    }
    if kind > 3 {
        // Multipurpose and extended frames are built otherwise.
        let (dst, src) = (Address::None, Address::None);
        return Some(Header {
            control,
            sequence,
            pans: (None, None),
            dst,
            src,
            frame_counter: None,
            body: bytes.len(),
        });
    }
    let (dst_mode, src_mode) = (control >> 10 & 3, control >> 14 & 3);
    let (dst_pan, src_pan) = pans_present(control);
    let mut pan = |there: bool, name, label, cursor: &mut usize| {
        let pan = there.then(|| u16_le(bytes, *cursor));
        if let Some(Some(pan)) = pan {
            tree.coded(name, label, *cursor..*cursor + 2, pan, || format!("0x{pan:04x}"));
            *cursor += 2;
        }
        pan.map_or(Some(None), |read| read.map(Some))
    };
    let dst_pan = pan(dst_pan, "wpan.dst_pan", "Destination network", &mut cursor)?;
    let dst = address(bytes, &mut cursor, dst_mode)?;
    let src_pan = pan(src_pan, "wpan.src_pan", "Source network", &mut cursor)?;
    let src_at = cursor;
    let src = address(bytes, &mut cursor, src_mode)?;
    show("wpan.dst16", "wpan.dst64", "Destination", dst, at..cursor, out);
    show("wpan.src16", "wpan.src64", "Source", src, src_at..cursor, out);
    let frame_counter = if control & 8 != 0 { security(bytes, &mut cursor, version, out) } else { None };
    if version == 2 && control & 0x200 != 0 {
        skip_elements(bytes, &mut cursor);
    }
    Some(Header { control, sequence, pans: (dst_pan, src_pan), dst, src, frame_counter, body: cursor })
}

/// Whether destination and source network are there (IEEE 802.15.4-2015 table 7-2; the older versions have a simpler rule).
fn pans_present(control: u16) -> (bool, bool) {
    let (version, dst, src) = (control >> 12 & 3, control >> 10 & 3, control >> 14 & 3);
    let compressed = control & 0x40 != 0;
    if version < 2 {
        return (dst > 1, src > 1 && !(compressed && dst > 1));
    }
    match (dst > 1, src > 1) {
        (false, false) => (compressed, false),
        (true, false) => (!compressed, false),
        (false, true) => (false, !compressed),
        (true, true) if dst == 3 && src == 3 => (!compressed, false),
        (true, true) => (true, !compressed),
    }
}

fn address(bytes: &[u8], cursor: &mut usize, mode: u16) -> Option<Address> {
    let (address, size) = match mode {
        2 => (Address::Short(u16_le(bytes, *cursor)?), 2),
        3 => (Address::Long(chunk(bytes, *cursor).map(u64::from_le_bytes)?), 8),
        _ => (Address::None, 0),
    };
    *cursor += size;
    Some(address)
}

fn show(
    short: &'static str,
    long: &'static str,
    label: &'static str,
    who: Address,
    range: std::ops::Range<usize>,
    out: &mut Out,
) {
    match who {
        Address::None => {}
        Address::Short(value) => out.tree.coded(short, label, range, value, || format!("0x{value:04x}")),
        Address::Long(value) => out.tree.text(long, label, range, eui64(value)),
    }
}

/// As people write them: `00:0b:57:ff:fe:20:9d:2a`.
fn eui64(value: u64) -> String {
    value.to_be_bytes().map(|byte| format!("{byte:02x}")).join(":")
}

/// The auxiliary security header (section 9.4); gives the frame counter.
fn security(bytes: &[u8], cursor: &mut usize, version: u16, out: &mut Out) -> Option<u32> {
    // Frames of the first version are protected in another way.
    let control = bytes.get(*cursor).filter(|_| version > 0)?;
    let at = *cursor + 1;
    let (level, mode) = (control & 7, control >> 3 & 3);
    out.tree.int("wpan.aux_sec.sec_level", "Security level", at - 1..at, level);
    out.tree.int("wpan.aux_sec.key_id_mode", "Key identifier mode", at - 1..at, mode);
    let counter = if version == 2 && control & 0x20 != 0 { None } else { u32_le(bytes, at) };
    *cursor = at;
    if let Some(counter) = counter {
        out.tree.int("wpan.aux_sec.frame_counter", "Frame counter", at..at + 4, counter);
        *cursor += 4;
    }
    let key = [0, 1, 5, 9][usize::from(mode)];
    if let Some(index) = bytes.get((*cursor + key).saturating_sub(1)).filter(|_| key > 0) {
        out.tree.int("wpan.aux_sec.key_index", "Key index", *cursor + key - 1..*cursor + key, *index);
    }
    *cursor += key;
    counter
}

/// Information elements (section 7.4): headers, up to their end or that of the payload's own.
fn skip_elements(bytes: &[u8], cursor: &mut usize) {
    let mut payload = false;
    // Each is at least 2 bytes, so that this ends.
    while let Some(head) = u16_le(bytes, *cursor) {
        let (length, id) = match payload {
            false => (head & 0x7f, head >> 7 & 0xff),
            true => (head & 0x7ff, head >> 11 & 15),
        };
        *cursor = (*cursor + 2 + usize::from(length)).min(bytes.len());
        match (payload, id) {
            (false, 0x7e) => payload = true,
            (false, 0x7f) | (true, 15) => return,
            _ => {}
        }
    }
}

/// One line on a frame, in Wireshark's words: `Data, Dst: Broadcast, Src: 0x1a2b`.
fn sentence(bytes: &[u8], at: usize, _: &Layers) -> String {
    let Some(control) = u16_le(bytes, at) else { return String::new() };
    let word = match control & 7 {
        0 if control >> 12 & 3 == 2 => "Enhanced Beacon",
        0 => "Beacon",
        1 => "Data",
        2 => "Ack",
        3 => "Command",
        4 => "Reserved",
        5 => "Multipurpose",
        6 => "Fragment or Frak",
        _ => "Extended",
    };
    let mut line = word.to_owned();
    let header = header(bytes, at, &mut Out::new(Tree::off())).filter(|_| control & 7 < 2);
    for (label, address) in header.iter().flat_map(|header| [("Dst", header.dst), ("Src", header.src)]) {
        let _ = match address {
            Address::None => Ok(()),
            Address::Short(0xffff) => write!(line, ", {label}: Broadcast"),
            Address::Short(short) => write!(line, ", {label}: 0x{short:04x}"),
            Address::Long(long) => write!(line, ", {label}: {}", eui64(long)),
        };
    }
    line
}

fn kind_word(kind: u16) -> &'static str {
    match kind {
        0 => "beacon",
        1 => "data",
        2 => "ack",
        3 => "command",
        _ => "other",
    }
}
