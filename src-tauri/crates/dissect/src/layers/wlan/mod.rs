//! IEEE 802.11 frames, bare or behind a receiver's header: kinds, addresses, what management frames say of networks and devices, and
//! what is inside data frames that are not encrypted.

mod elements;
mod management;
pub(super) mod radiotap;
mod security;
mod wps;

use model::Mac;

pub(super) use management::KIND;

use super::{Air, Layers, llc};
use crate::bytes::{chunk, u16_le};
use crate::protocols::Out;

/// What the receiver says of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Radio {
    pub signal: Option<i8>,
    pub frequency: Option<u16>,
    /// A frame check sequence of 4 bytes ends the frame.
    pub fcs: bool,
    /// It was received damaged.
    pub bad_fcs: bool,
}

/// The frame control field (IEEE 802.11 section 9.2.4.1).
#[derive(Clone, Copy)]
struct Control(u16);

impl Control {
    fn kind(self) -> u8 {
        (self.0 >> 2 & 3) as u8
    }

    fn subtype(self) -> u8 {
        (self.0 >> 4 & 15) as u8
    }

    fn is_to_ds(self) -> bool {
        self.0 & 0x0100 != 0
    }

    fn is_from_ds(self) -> bool {
        self.0 & 0x0200 != 0
    }

    fn is_retry(self) -> bool {
        self.0 & 0x0800 != 0
    }

    fn is_protected(self) -> bool {
        self.0 & 0x4000 != 0
    }

    /// A longer header: of data frames with quality of service and of management frames, HT control follows.
    fn has_order(self) -> bool {
        self.0 & 0x8000 != 0
    }
}

pub(super) fn read(bytes: &[u8], at: usize, radio: Radio, layers: &mut Layers, out: &mut Out) {
    layers.top = "wlan";
    let (Some(control), Some(receiver)) = (u16_le(bytes, at).map(Control), bytes.get(at + 4..).and_then(Mac::read))
    else {
        return layers.short(bytes, at, "802.11 header cut short", out);
    };
    let end = if radio.fcs { bytes.len().saturating_sub(4).max(at + 10) } else { bytes.len() };
    let body = bytes.get(..end).unwrap_or(bytes);
    let (kind, subtype) = (control.kind(), control.subtype());
    let word = frame_word(kind, subtype);
    layers.dst_mac = Some(receiver);
    if kind != 1 || matches!(subtype, 8..=11) {
        layers.src_mac = body.get(at + 10..).and_then(Mac::read);
    }
    out.tree.open("wlan", "IEEE 802.11", at..bytes.len(), || word.replace('_', " "));
    out.tree.coded("wlan.fc.type_subtype", "Type/subtype", at..at + 2, kind * 16 + subtype, || word.replace('_', " "));
    if out.tree.is_on() {
        for (name, label, holds) in [
            ("wlan.fc.tods", "To the access point", control.is_to_ds()),
            ("wlan.fc.fromds", "From the access point", control.is_from_ds()),
            ("wlan.fc.retry", "Retry", control.is_retry()),
            ("wlan.fc.pwrmgt", "Will sleep", control.0 & 0x1000 != 0),
            ("wlan.fc.protected", "Encrypted", control.is_protected()),
        ] {
            out.tree.int(name, label, at + 1..at + 2, holds);
        }
    }
    out.tree.text("wlan.ra", "Receiver", at + 4..at + 10, receiver);
    if let Some(mac) = layers.src_mac {
        out.tree.text("wlan.ta", "Transmitter", at + 10..at + 16, mac);
    }
    if radio.bad_fcs {
        out.tree.note(crate::Level::Warn, at..bytes.len(), "received damaged: the check sequence is wrong");
    }
    match kind {
        0 => management::read(body, at, control, radio, layers, out),
        2 => data(body, at, control, radio, layers, out),
        _ => {}
    }
    if radio.bad_fcs {
        layers.src_mac = None; // perhaps nobody's
    } else {
        layers.air = body.get(at + 10..).and_then(Mac::read).and_then(|sender| air(sender, control, radio, layers));
    }
    out.tree.close();
}

/// Who was heard. Control frames have no sender that is one's own for certain.
fn air(sender: Mac, control: Control, radio: Radio, layers: &Layers) -> Option<Air> {
    let bssid = layers.bssid.filter(|mac| !mac.is_group());
    let (bssid, associated) = match (control.kind(), control.subtype()) {
        (0, 4) => (None, Some(false)),
        (0, _) => (bssid, None),
        // Keys are exchanged by whoever wants to come in.
        (2, _) if control.is_to_ds() && !control.is_from_ds() => (bssid, (layers.top != "eapol").then_some(true)),
        (2, _) => (bssid, None),
        _ => return None,
    };
    Some(Air { sender, bssid, associated, signal: radio.signal })
}

/// Shows information elements that stand somewhere else: in a handshake's key data.
pub(super) fn show_elements(bytes: &[u8], at: usize, out: &mut Out) {
    if out.tree.is_on() {
        // What is wrong there is the sender's affair, not the frame's.
        elements::read(bytes, at, elements::Wanted { cut: true, damaged: false }, out);
    }
}

/// Data frames: the stations' addresses, and what is inside when it is not encrypted.
fn data(bytes: &[u8], at: usize, control: Control, radio: Radio, layers: &mut Layers, out: &mut Out) {
    let address = |n: usize| bytes.get(at + n..).and_then(Mac::read);
    let (src, dst, bssid) = match (control.is_to_ds(), control.is_from_ds()) {
        (false, false) => (address(10), address(4), address(16)),
        (true, false) => (address(10), address(16), address(4)),
        (false, true) => (address(16), address(4), address(10)),
        (true, true) => (address(24), address(16), None),
    };
    (layers.src_mac, layers.dst_mac, layers.bssid) = (src, dst, bssid);
    for (name, label, mac) in
        [("wlan.bssid", "BSS", bssid), ("wlan.sa", "Source", src), ("wlan.da", "Destination", dst)]
    {
        if let Some(mac) = mac {
            out.tree.text(name, label, at + 4..(at + 30).min(bytes.len()), mac);
        }
    }
    if let Some(sequence) = u16_le(bytes, at + 22) {
        out.tree.int("wlan.frag", "Fragment number", at + 22..at + 24, sequence & 15);
        out.tree.int("wlan.seq", "Sequence number", at + 22..at + 24, sequence >> 4);
    }
    let subtype = control.subtype();
    if control.is_protected() || subtype & 4 != 0 || radio.bad_fcs {
        return;
    }
    let qos = subtype & 8 != 0;
    let mut header = at + 24 + if control.is_to_ds() && control.is_from_ds() { 6 } else { 0 };
    let aggregated = qos && bytes.get(header).is_some_and(|low| low & 0x80 != 0);
    if qos {
        header += if control.has_order() { 6 } else { 2 };
    }
    if aggregated {
        header += 14; // of several packets in one frame the first
    }
    if matches!(chunk::<6>(bytes, header), Some([0xaa, 0xaa, 3, 0, 0, 0 | 0xf8] | [0x42, 0x42, 3, 0, 0, _])) {
        llc::read(bytes, header, layers, out);
    }
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
