//! Per-packet information (PPI, CACE 2007): a header with fields of a receiver's own, then a frame of any link type.

use std::ops::Range;

use super::{Layers, ble, link, wlan, wpan};
use crate::bytes::{chunk, u16_le, u32_le};
use crate::protocols::Out;

/// What the fields say, for whichever link the frame is of.
#[derive(Default)]
struct Said {
    wlan: wlan::Radio,
    /// A field that only Bluetooth LE sniffers write: the frame is of their kind, whatever private link type it bears.
    ble: Option<ble::Radio>,
}

pub(super) fn read(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "ppi";
    let (Some(length), Some(inner)) = (u16_le(bytes, 2).map(usize::from), u32_le(bytes, 4)) else {
        return out.malformed(0, "PPI header cut short");
    };
    let Some(header) = bytes.get(..length).filter(|header| header.len() >= 8) else {
        return out.malformed(2, "PPI header is longer than the frame");
    };
    out.tree.open("ppi", "Per-Packet Information", 0..length, || format!("link type {inner}"));
    out.tree.int("ppi.dlt", "Link type", 4..8, inner);
    let said = fields(header, out);
    out.tree.close();
    match (inner, said.ble) {
        (105, _) => wlan::read(bytes, length, said.wlan, layers, out),
        (1, _) => link::ethernet(bytes, length, layers, out),
        (195 | 230, _) => wpan::mac(bytes, length, (inner == 195).then_some(2), wpan::Radio::default(), layers, out),
        (251, radio) | (_, radio @ Some(_)) => ble::link_layer(bytes, length, radio.unwrap_or_default(), layers, out),
        _ => {}
    }
}

fn fields(header: &[u8], out: &mut Out) -> Said {
    let (mut said, mut at) = (Said::default(), 8);
    while let (Some(kind), Some(length)) = (u16_le(header, at), u16_le(header, at + 2)) {
        let range = at + 4..at + 4 + usize::from(length);
        let Some(value) = header.get(range.clone()) else { break };
        match kind {
            2 => said.wlan = common(value, range.clone(), out),
            30006 => said.ble = sniffed(value, range.clone(), out),
            _ => {}
        }
        // Headers with bit 0 of the flags set keep their fields on multiples of 4.
        let aligned = header.get(1).is_some_and(|flags| flags & 1 != 0);
        at = if aligned { range.end.next_multiple_of(4) } else { range.end };
    }
    said
}

/// Field 2, 802.11-Common: clock, flags, rate, channel, hopping, signal, noise.
fn common(value: &[u8], range: Range<usize>, out: &mut Out) -> wlan::Radio {
    let (flags, frequency) = (u16_le(value, 8).unwrap_or(0), u16_le(value, 12).filter(|frequency| *frequency != 0));
    // -128 says that the signal is not known.
    let signal = value.get(18).map(|byte| byte.cast_signed()).filter(|signal| *signal != -128);
    if let Some(frequency) = frequency {
        let shown = || format!("{frequency} MHz");
        out.tree.coded("ppi.80211-common.chan.freq", "Channel frequency", range.clone(), frequency, shown);
    }
    if let Some(signal) = signal {
        let shown = || format!("{signal} dBm");
        out.tree.coded("ppi.80211-common.dbm.antsignal", "Antenna signal", range, signal, shown);
    }
    wlan::Radio { signal, frequency, fcs: flags & 1 != 0, bad_fcs: flags & 4 != 0 }
}

/// Field 30006, of Ubertooth: version, MHz, clock, clock in 100 ns, then the signal's maximum, minimum and mean.
fn sniffed(value: &[u8], range: Range<usize>, out: &mut Out) -> Option<ble::Radio> {
    let (frequency, [_, _, mean]) = (u16_le(value, 1)?, chunk::<3>(value, 8)?);
    let signal = mean.cast_signed();
    let shown = || format!("{frequency} MHz");
    out.tree.coded("ppi.btle.freq", "Channel frequency", range.start + 1..range.start + 3, frequency, shown);
    let shown = || format!("{signal} dBm");
    out.tree.coded("ppi.btle.rssi", "Signal", range.start + 10..range.start + 11, signal, shown);
    Some(ble::Radio { channel: ble::channel(frequency), signal: Some(signal), bad_crc: false, coded: false })
}
