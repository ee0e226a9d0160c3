//! Information elements of management frames (IEEE 802.11 section 9.4.2).

use std::fmt::Write;
use std::ops::Range;

use model::hex;
use sha2::{Digest, Sha256};

use super::security::{Asked, Suites};
use super::wps::Wps;
use crate::bytes::u16_be;
use crate::protocols::Out;

/// Elements kept of one frame; real ones have about twenty.
const MOST: usize = 64;

/// What has been read of a frame's elements.
#[derive(Default)]
pub(super) struct Elements<'a> {
    pub ssid: Option<&'a [u8]>,
    pub channel: Option<u8>,
    pub ids: Vec<u8>,
    /// In steps of half a megabit a second, the highest bit set on those that all must have.
    pub rates: Vec<u8>,
    pub country: Option<String>,
    /// ht, vht, he, eht: what generations the sender speaks.
    pub generations: [bool; 4],
    pub rsn: Option<Suites>,
    pub wpa: Option<Suites>,
    pub wps: Wps<'a>,
    pub mesh: Option<&'a [u8]>,
    /// Organisations whose own elements are there.
    pub vendors: Vec<[u8; 3]>,
    /// Not all are there, or not all are sound.
    pub broken: bool,
}

/// What is asked of the reader.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The capture cut the frame.
    pub cut: bool,
    /// Received damaged, so that anything may be wrong.
    pub damaged: bool,
}

pub(super) fn read<'a>(bytes: &'a [u8], start: usize, wanted: Wanted, out: &mut Out) -> Elements<'a> {
    let mut elements = Elements::default();
    let mut at = start;
    // Each element is at least 2 bytes, so that this ends.
    while let (Some(id), Some(length)) = (bytes.get(at), bytes.get(at + 1)) {
        let range = at + 2..at + 2 + usize::from(*length);
        let Some(value) = bytes.get(range.clone()) else {
            elements.broken = true;
            // Four bytes that fit nowhere are a check sequence that the receiver did not mention.
            if bytes.len() - at > 4 && !wanted.cut && !wanted.damaged {
                out.malformed(at, "information element cut short");
            } else {
                out.tree.note(crate::Level::Note, at..bytes.len(), "not an information element");
            }
            break;
        };
        out.tree.open("wlan.tag", "Element", at..range.end, || element_word(*id, value).to_owned());
        out.tree.int("wlan.tag.number", "Id", at..at + 1, *id);
        let name = if *id == 255 { "wlan.ext_tag.length" } else { "wlan.tag.length" };
        out.tree.int(name, "Length", at + 1..at + 2, length.saturating_sub(u8::from(*id == 255)));
        if elements.ids.len() < MOST {
            elements.ids.push(*id);
            elements.element(*id, value, range.clone(), out);
        }
        out.tree.close();
        at = range.end;
    }
    elements.broken |= wanted.cut || wanted.damaged;
    elements
}

impl<'a> Elements<'a> {
    fn element(&mut self, id: u8, value: &'a [u8], range: Range<usize>, out: &mut Out) {
        match (id, value) {
            (0, _) if self.ssid.is_none() => {
                self.ssid = Some(value);
                out.tree.text("wlan.ssid", "SSID", range, String::from_utf8_lossy(value));
            }
            (1 | 50, _) => {
                self.rates.extend_from_slice(value);
                let name = if id == 1 { "wlan.supported_rates" } else { "wlan.extended_supported_rates" };
                for (n, rate) in value.iter().enumerate() {
                    let place = range.start + n..range.start + n + 1;
                    out.tree.coded(name, "Rate", place, *rate, || format!("{} Mb/s", rate_word(*rate)));
                }
            }
            (3, [channel, ..]) if self.channel.is_none() => {
                self.channel = Some(*channel);
                out.tree.int("wlan.ds.current_channel", "Channel", range.start..range.start + 1, *channel);
            }
            (7, [a, b, ..]) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => {
                let code: String = [*a, *b].map(char::from).iter().collect();
                out.tree.text("wlan.country_info.code", "Country", range.start..range.start + 2, &code);
                self.country = Some(code);
            }
            (45, _) => {
                self.generations[0] = true;
                let info = value.first_chunk().map_or(0, |raw| u16::from_le_bytes(*raw));
                out.tree.coded("wlan.ht.capabilities", "HT capabilities", range, info, || format!("0x{info:04x}"));
            }
            (191, _) => {
                self.generations[1] = true;
                let info = value.first_chunk().map_or(0, |raw| u32::from_le_bytes(*raw));
                out.tree.coded("wlan.vht.capabilities", "VHT capabilities", range, info, || format!("0x{info:08x}"));
            }
            (48, _) => match Suites::rsn(value, range.start, out) {
                Some(suites) => self.rsn = Some(suites),
                None => self.broken = true,
            },
            (114, _) if !value.is_empty() => {
                self.mesh = Some(value);
                out.tree.text("wlan.mesh.id", "Mesh", range, String::from_utf8_lossy(value));
            }
            (221, [a, b, c, rest @ ..]) => self.vendor([*a, *b, *c], rest, range.start, out),
            (255, [extension, ..]) => {
                out.tree.int("wlan.ext_tag.number", "Extension", range.start..range.start + 1, *extension);
                match extension {
                    35 => self.generations[2] = true,
                    108 => self.generations[3] = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn vendor(&mut self, oui: [u8; 3], rest: &'a [u8], at: usize, out: &mut Out) {
        if !self.vendors.contains(&oui) {
            self.vendors.push(oui);
        }
        let number = u32::from_be_bytes([0, oui[0], oui[1], oui[2]]);
        out.tree.coded("wlan.tag.oui", "Organisation", at..at + 3, number, || oui_text(oui));
        if let Some(kind) = rest.first() {
            out.tree.int("wlan.tag.vendor.oui.type", "Its type", at + 3..at + 4, *kind);
        }
        match (oui, rest) {
            ([0, 0x50, 0xf2], [1, rest @ ..]) => self.wpa = Suites::wpa(rest, at + 4, out),
            ([0, 0x50, 0xf2], [4, rest @ ..]) => self.wps.read(rest, at + 4, out),
            _ => {}
        }
    }

    pub fn generations(&self) -> impl Iterator<Item = &'static str> {
        ["ht", "vht", "he", "eht"].into_iter().zip(self.generations).filter_map(|(word, there)| there.then_some(word))
    }

    pub fn rate_words(&self) -> Vec<String> {
        let word = |rate: &u8| format!("{}{}", rate_word(*rate), if rate & 0x80 != 0 { "(B)" } else { "" });
        self.rates.iter().take(16).map(word).collect()
    }

    /// What protects the network, as people call it; `private`: the capability says that something does.
    pub fn security(&self, private: bool) -> Option<String> {
        let mut words: Vec<&str> = Vec::new();
        if let Some(wpa) = &self.wpa {
            words.push(if wpa.asks(Asked::Enterprise) { "WPA-Enterprise" } else { "WPA-PSK" });
        }
        if let Some(rsn) = &self.rsn {
            for (asked, word) in [
                (Asked::Enterprise, "WPA2-Enterprise"),
                (Asked::Password, "WPA2-PSK"),
                (Asked::Sae, "WPA3-SAE"),
                (Asked::SuiteB, "WPA3-Enterprise"),
                (Asked::Owe, "OWE"),
            ] {
                if rsn.asks(asked) {
                    words.push(word);
                }
            }
        }
        match (words.is_empty(), private) {
            (false, _) => Some(words.join("/")),
            (true, true) => Some(if self.rsn.is_some() { "RSN" } else { "WEP" }.to_owned()),
            (true, false) => (!self.broken).then(|| "open".to_owned()),
        }
    }
}

/// Names a make of device by the elements of its probe requests, whatever address it makes up: the first 16 hex digits of the SHA-256 of
/// a text that has, for each element in the frame's order and with commas between, its decimal id, and
///
/// - for 1 (rates), 50 (extended rates), 45 (HT), 127 (extended capabilities), 191 (VHT) all its bytes in hex: `1[02040b16]`,
/// - for 221 (vendor's own) the first four bytes, organisation and type: `221[0050f208]`,
/// - of all others nothing. So the bytes of SSID (0) and channel (3), which change from one request to the next, are left out.
pub(super) fn fingerprint(bytes: &[u8], start: usize) -> String {
    let (mut text, mut at) = (String::with_capacity(256), start);
    while let (Some(id), Some(length)) = (bytes.get(at), bytes.get(at + 1)) {
        let Some(value) = bytes.get(at + 2..at + 2 + usize::from(*length)) else { break };
        if !text.is_empty() {
            text.push(',');
        }
        let _ = write!(text, "{id}");
        let kept = match id {
            1 | 50 | 45 | 127 | 191 => Some(value),
            221 => Some(value.get(..4).unwrap_or(value)),
            _ => None,
        };
        if let Some(kept) = kept {
            let _ = write!(text, "[{}]", hex(kept));
        }
        at += 2 + value.len();
    }
    hex(Sha256::digest(text.as_bytes()).get(..8).unwrap_or_default())
}

pub(super) fn oui_text(oui: [u8; 3]) -> String {
    format!("{:02x}:{:02x}:{:02x}", oui[0], oui[1], oui[2])
}

fn rate_word(rate: u8) -> String {
    let steps = rate & 0x7f;
    format!("{}{}", steps / 2, if steps & 1 == 1 { ".5" } else { "" })
}

fn element_word(id: u8, value: &[u8]) -> &'static str {
    match id {
        0 => "SSID",
        1 => "supported rates",
        3 => "channel",
        5 => "traffic indication map",
        7 => "country",
        11 => "load",
        35 => "transmission power",
        42 => "ERP",
        45 => "HT capabilities",
        48 => "RSN",
        50 => "extended supported rates",
        54 => "mobility domain",
        61 => "HT operation",
        70 => "radio measurement",
        107 => "interworking",
        114 => "mesh id",
        127 => "extended capabilities",
        191 => "VHT capabilities",
        192 => "VHT operation",
        221 => match u16_be(value, 0).zip(u16_be(value, 2)) {
            Some((0x0050, 0xf201)) => "WPA",
            Some((0x0050, 0xf202)) => "WMM",
            Some((0x0050, 0xf204)) => "WPS",
            Some((0x506f, 0x9a09)) => "Wi-Fi Direct",
            _ => "vendor's own",
        },
        244 => "RSN extension",
        255 => match value.first() {
            Some(35) => "HE capabilities",
            Some(36) => "HE operation",
            Some(106) => "EHT operation",
            Some(108) => "EHT capabilities",
            _ => "extension",
        },
        _ => "other",
    }
}
