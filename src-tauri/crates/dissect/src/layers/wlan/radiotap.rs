//! What a receiver puts in front of an 802.11 frame: radiotap (radiotap.org).

use super::super::Layers;
use super::Radio;
use crate::bytes::{chunk, u16_le, u32_le};
use crate::protocols::Out;

/// Sizes and alignments of the fields of presence bits 0 to 14, in their order; later ones say nothing of where or how strong.
const FIELDS: [(usize, usize); 15] = [
    (8, 8), // TSFT
    (1, 1), // flags
    (1, 1), // rate
    (4, 2), // channel
    (2, 2), // hopping
    (1, 1), // signal
    (1, 1), // noise
    (2, 2), // lock quality
    (2, 2),
    (2, 2),
    (1, 1), // transmission power and attenuation
    (1, 1), // antenna
    (1, 1),
    (1, 1),
    (2, 2), // receive flags
];

/// Reads the header and then the frame.
pub(in crate::layers) fn read(bytes: &[u8], layers: &mut Layers, out: &mut Out) {
    layers.top = "radiotap";
    let (Some(length), Some(0)) = (u16_le(bytes, 2).map(usize::from), bytes.first()) else {
        return out.malformed(0, "radiotap header cut short or of an unknown version");
    };
    let Some(header) = bytes.get(..length).filter(|header| header.len() >= 8) else {
        return out.malformed(2, "radiotap header is longer than the frame");
    };
    out.tree.open("radiotap", "Radiotap", 0..length, || format!("{length} bytes"));
    let radio = fields(header, out);
    out.tree.close();
    super::read(bytes, length, radio, layers, out);
}

fn fields(header: &[u8], out: &mut Out) -> Radio {
    let mut radio = Radio::default();
    let Some(present) = u32_le(header, 4) else { return radio };
    let (mut at, mut word) = (8, present);
    // Further presence words follow while the highest bit is set; their fields come after those of the first.
    while word & 0x8000_0000 != 0 {
        match u32_le(header, at) {
            Some(next) => (word, at) = (next, at + 4),
            None => return radio,
        }
    }
    for (bit, (size, align)) in FIELDS.into_iter().enumerate().filter(|(bit, _)| present & (1 << bit) != 0) {
        at = at.next_multiple_of(align);
        let range = at..at + size;
        let Some(value) = header.get(range.clone()) else { break };
        let byte = value.first().copied().unwrap_or(0);
        match bit {
            0 => {
                if let Some(time) = chunk::<8>(header, at).map(u64::from_le_bytes) {
                    out.tree.coded("radiotap.mactime", "Receiver's clock", range, time, || format!("{time} µs"));
                }
            }
            1 => {
                (radio.fcs, radio.bad_fcs) = (byte & 0x10 != 0, byte & 0x40 != 0);
                out.tree.int("radiotap.flags.fcs", "Check sequence at the end", range.clone(), radio.fcs);
                out.tree.int("radiotap.flags.badfcs", "Check sequence is wrong", range, radio.bad_fcs);
            }
            2 => out.tree.coded("radiotap.datarate", "Rate", range, byte, || rate_word(byte)),
            3 => {
                radio.frequency = u16_le(header, at);
                let frequency = radio.frequency.unwrap_or(0);
                out.tree.coded("radiotap.channel.freq", "Channel frequency", range, frequency, || {
                    format!("{frequency} MHz")
                });
            }
            5 => {
                let signal = byte.cast_signed();
                radio.signal = Some(signal);
                out.tree.coded("radiotap.dbm_antsignal", "Antenna signal", range, signal, || format!("{signal} dBm"));
            }
            6 => {
                let noise = byte.cast_signed();
                out.tree.coded("radiotap.dbm_antnoise", "Antenna noise", range, noise, || format!("{noise} dBm"));
            }
            11 => out.tree.int("radiotap.antenna", "Antenna", range, byte),
            _ => {}
        }
        at += size;
    }
    radio
}

/// In steps of half a megabit a second.
fn rate_word(steps: u8) -> String {
    format!("{}{} Mb/s", steps / 2, if steps & 1 == 1 { ".5" } else { "" })
}
