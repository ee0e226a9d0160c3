//! What receivers put in front of an IEEE 802.15.4 frame: TAP (LINKTYPE_IEEE802_15_4_TAP), and ZEP, which carries frames over UDP.

use std::ops::Range;

use super::{Radio, mac};
use crate::bytes::{chunk, u16_le};
use crate::layers::Layers;
use crate::protocols::Out;

/// Version, length, then elements of type, length and value, each filled up to a multiple of 4.
pub(in crate::layers) fn tap(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "wpan";
    let length = u16_le(bytes, 2).map(usize::from).filter(|length| *length >= 4 && *length <= bytes.len());
    let Some((length, header)) = length.and_then(|length| Some((length, bytes.get(..length)?))) else {
        return out.malformed(0, "802.15.4 TAP header cut short");
    };
    out.tree.open("wpan-tap", "IEEE 802.15.4 TAP", 0..length, || format!("{length} bytes"));
    out.tree.int("wpan-tap.length", "Length", 2..4, length as i64);
    let (mut radio, mut fcs, mut at) = (Radio::default(), None, 4);
    while let (Some(kind), Some(size)) = (u16_le(header, at), u16_le(header, at + 2)) {
        let start = at + 4;
        let end = start + usize::from(size);
        let Some(value) = header.get(start..end) else { break };
        match (kind, value) {
            (0, [kind, ..]) => {
                fcs = [None, Some(2), Some(4)].get(usize::from(*kind)).copied().flatten();
                out.tree.int("wpan-tap.fcs_type", "Check sequence", start..start + 1, *kind);
            }
            (1, _) => {
                let signal = chunk::<4>(value, 0).map(f32::from_le_bytes).filter(|signal| signal.is_finite());
                if let Some(signal) = signal {
                    radio.signal = Some(signal);
                    out.tree.text("wpan-tap.rss", "Signal (dBm)", start..end, signal);
                }
            }
            (3, [low, high, page, ..]) => {
                let channel = u16::from_le_bytes([*low, *high]);
                radio.channel = Some(channel);
                out.tree.int("wpan-tap.ch_num", "Channel", start..start + 2, channel);
                out.tree.int("wpan-tap.ch_page", "Channel page", start + 2..start + 3, *page);
            }
            (10, [lqi, ..]) => {
                radio.lqi = Some(*lqi);
                out.tree.int("wpan-tap.lqi", "Link quality", start..start + 1, *lqi);
            }
            _ => {}
        }
        at = end.next_multiple_of(4);
    }
    out.tree.close();
    mac(bytes, length, fcs, radio, layers, out);
}

/// Zigbee Encapsulation Protocol, versions 1 and 2, in a UDP payload.
pub(in crate::layers) fn zep(bytes: &[u8], payload: Range<usize>, layers: &mut Layers, out: &mut Out) {
    let (bytes, at) = (bytes.get(..payload.end).unwrap_or(bytes), payload.start);
    let Some([b'E', b'X', version, kind]) = chunk::<4>(bytes, at) else { return };
    let (channel, device, mode, lqi, length) = match (version, kind) {
        (1, channel) => (channel, at + 4, at + 6, at + 7, 16),
        (2, 1) => (bytes.get(at + 4).copied().unwrap_or(0), at + 5, at + 7, at + 8, 32),
        _ => return,
    };
    let (Some(device), Some(mode), Some(lqi), Some(stated)) =
        (chunk::<2>(bytes, device), bytes.get(mode), bytes.get(lqi), bytes.get(at + length - 1))
    else {
        return;
    };
    let end = (at + length + usize::from(*stated)).min(bytes.len());
    let device = u16::from_be_bytes(device);
    out.tree.open("zep", "ZigBee Encapsulation Protocol", at..at + length, || format!("channel {channel}"));
    out.tree.int("zep.version", "Version", at + 2..at + 3, version);
    out.tree.int("zep.channel_id", "Channel", at + 3..at + 5, channel);
    out.tree.int("zep.device_id", "Device", at + 4..at + 7, device);
    out.tree.int("zep.lqi_mode", "Check sequence or link quality", at + 6..at + 8, *mode);
    // Else the frame's check sequence is its own, and nothing is said of the link.
    let lqi = (*mode == 0).then_some(*lqi);
    if let Some(lqi) = lqi {
        out.tree.int("zep.lqi", "Link quality", at + 7..at + 9, lqi);
    }
    out.tree.int("zep.length", "Length", at + length - 1..at + length, *stated);
    out.tree.close();
    let radio = Radio { channel: Some(channel.into()), signal: None, lqi };
    let top = layers.top;
    mac(&bytes[..end], at + length, Some(2), radio, layers, out);
    // The frame's conversation is still that of the two ends that send radio frames over the network.
    layers.top = top;
}
