//! Bluetooth LE link layer (Core specification, volume 6 part B), as sniffers write it.

mod advertising;
mod structures;
mod words;

pub(super) use advertising::KIND;

use super::{Layers, Line};
use crate::Level;
use crate::bytes::{chunk, u16_le, u32_le};
use crate::protocols::Out;

/// What the receiver says of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Radio {
    /// Channel index: 37 to 39 are for advertising.
    pub channel: Option<u8>,
    /// dBm.
    pub signal: Option<i8>,
    /// The receiver found the check sequence wrong.
    pub bad_crc: bool,
    /// Long-range coding: an indicator follows the access address.
    pub coded: bool,
}

const ADVERTISING: u32 = 0x8e89_bed6;

/// The pseudo header of LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR.
pub(super) fn with_header(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "btle";
    let (Some([channel, signal, noise, _]), Some(flags)) = (chunk::<4>(bytes, 0), u16_le(bytes, 8)) else {
        return out.malformed(0, "Bluetooth LE radio header cut short");
    };
    let (signal, noise) = (signal.cast_signed(), noise.cast_signed());
    let is = |bit: u16| flags & bit != 0;
    out.tree.open("btle_rf", "Bluetooth Low Energy RF Info", 0..10, || format!("RF channel {channel}"));
    out.tree.int("btle_rf.channel", "RF channel", 0..1, channel);
    if is(0x0002) {
        out.tree.coded("btle_rf.signal_dbm", "Signal", 1..2, signal, || format!("{signal} dBm"));
    }
    if is(0x0004) {
        out.tree.coded("btle_rf.noise_dbm", "Noise", 2..3, noise, || format!("{noise} dBm"));
    }
    out.tree.coded("btle_rf.flags", "Flags", 8..10, flags, || format!("0x{flags:04x}"));
    out.tree.close();
    let radio = Radio {
        channel: self::channel(2402 + 2 * u16::from(channel)),
        signal: is(0x0002).then_some(signal),
        bad_crc: is(0x0400) && !is(0x0800),
        coded: flags >> 14 == 2,
    };
    link_layer(bytes, 10, radio, layers, out);
}

/// The header of Nordic's sniffer, LINKTYPE_NORDIC_BLE: board, length, version, counter, packet id; then ten bytes on the packet.
pub(super) fn nordic(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "nordic_ble";
    let Some([board, low, high, version, _, _, id]) = chunk::<7>(bytes, 0) else {
        return out.malformed(0, "nRF sniffer header cut short");
    };
    out.tree.open("nordic_ble", "nRF Sniffer for Bluetooth LE", 0..17.min(bytes.len()), || format!("board {board}"));
    out.tree.int("nordic_ble.board_id", "Board", 0..1, board);
    out.tree.int("nordic_ble.protover", "Version", 3..4, version);
    out.tree.int("nordic_ble.packet_id", "Packet id", 6..7, id);
    let stated = if version < 2 { u16::from(high) } else { u16::from_le_bytes([low, high]) };
    out.tree.int("nordic_ble.plen", "Payload length", 1..3, stated);
    // Other ids are talk between the sniffer and its program.
    let packet = matches!((version, id), (0 | 1, 6) | (2.., 2 | 6));
    let Some([_, flags, channel, signal]) = chunk::<4>(bytes, 7).filter(|_| packet) else { return out.tree.close() };
    let signal = i8::try_from(-i16::from(signal)).unwrap_or(i8::MIN);
    out.tree.coded("nordic_ble.flags", "Flags", 8..9, flags, || format!("0x{flags:02x}"));
    out.tree.int("nordic_ble.crcok", "Check sequence is right", 8..9, flags & 1);
    out.tree.int("nordic_ble.channel", "Channel", 9..10, channel);
    out.tree.coded("nordic_ble.rssi", "Signal", 10..11, signal, || format!("{signal} dBm"));
    out.tree.close();
    let phy = flags >> 4 & 7;
    let radio = Radio {
        channel: Some(channel),
        signal: Some(signal),
        bad_crc: flags & 1 == 0,
        coded: version >= 2 && phy == 2,
    };
    link_layer(bytes, 17, radio, layers, out);
}

/// A packet from its access address on.
pub(super) fn link_layer(bytes: &[u8], at: usize, radio: Radio, layers: &mut Layers, out: &mut Out) {
    layers.top = "btle";
    let head = at + 4 + usize::from(radio.coded);
    let (Some(access), Some([first, length])) = (u32_le(bytes, at), chunk::<2>(bytes, head)) else {
        return layers.short(bytes, at.min(bytes.len()), "Bluetooth LE packet cut short", out);
    };
    out.tree
        .open("btle", "Bluetooth Low Energy Link Layer", at..bytes.len(), || format!("access address 0x{access:08x}"));
    out.tree.coded("btle.access_address", "Access address", at..at + 4, access, || format!("0x{access:08x}"));
    let body = head + 2;
    let stated = body + usize::from(length);
    let end = stated.min(bytes.len());
    if access == ADVERTISING {
        let sum = chunk::<3>(bytes, stated);
        let wrong = radio.bad_crc || sum.is_some_and(|sum| sum != crc(bytes.get(head..end).unwrap_or_default()));
        if let Some([a, b, c]) = sum {
            let shown = || format!("0x{a:02x}{b:02x}{c:02x}");
            out.tree.coded("btle.crc", "Check sequence", stated..stated + 3, u32::from_be_bytes([0, a, b, c]), shown);
        }
        if wrong {
            out.tree.note(Level::Warn, at..bytes.len(), "received damaged: the check sequence is wrong");
        }
        if stated > bytes.len() && !layers.cut && !wrong {
            out.malformed(head + 1, "Bluetooth LE packet is shorter than it says");
        }
        let radio = Radio { bad_crc: wrong, ..radio };
        advertising::read(&bytes[..end], head, first, radio, layers, out);
    } else {
        data(bytes, body, first, length, out);
        layers.line = Some(Line { at: head, says: words::sentence });
    }
    out.tree.close();
}

/// A packet of a connection: its kind, and the word of the link layer's own messages. What follows is mostly encrypted.
fn data(bytes: &[u8], body: usize, first: u8, length: u8, out: &mut Out) {
    let llid = first & 3;
    let word = match llid {
        1 => "continuation",
        2 => "start",
        3 => "control",
        _ => "reserved",
    };
    out.tree.coded("btle.data_header.llid", "Kind", body - 2..body - 1, llid, || format!("{llid} ({word})"));
    out.tree.int("btle.data_header.length", "Length", body - 1..body, length);
    if let (3, Some(code)) = (llid, bytes.get(body).filter(|_| length > 0)) {
        out.tree.coded("btle.control_opcode", "Control opcode", body..body + 1, *code, || {
            format!("0x{code:02x} ({})", words::control_word(*code).unwrap_or("other, or encrypted"))
        });
    }
}

/// Channel index of a frequency in MHz.
pub(super) fn channel(frequency: u16) -> Option<u8> {
    match frequency {
        2402 => Some(37),
        2426 => Some(38),
        2480 => Some(39),
        2404..=2424 => u8::try_from((frequency - 2404) / 2).ok(),
        2428..=2478 => u8::try_from((frequency - 2428) / 2 + 11).ok(),
        _ => None,
    }
}

/// The check sequence of advertising packets, as its bytes follow the packet (volume 6 part B section 3.1.1).
fn crc(packet: &[u8]) -> [u8; 3] {
    // The register of the specification with its bits reversed, as they go over the air lowest first.
    let mut register: u32 = 0x00aa_aaaa;
    for byte in packet {
        let mut byte = *byte;
        for _ in 0..8 {
            let feed = (register ^ u32::from(byte)) & 1;
            register = register >> 1 ^ if feed == 1 { 0x00da_6000 } else { 0 };
            byte >>= 1;
        }
    }
    let [low, middle, high, _] = register.to_le_bytes();
    [low, middle, high]
}
