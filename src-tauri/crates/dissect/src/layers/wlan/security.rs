//! Ciphers and key management that a network offers or a device chooses: RSN (IEEE 802.11 section 9.4.2.24) and WPA, its forerunner.

use crate::bytes::{chunk, u16_le};
use crate::protocols::Out;

/// So many suites a real network may list.
const MOST: usize = 8;

/// What one element states.
#[derive(Debug, Default)]
pub(super) struct Suites {
    pub group: Option<&'static str>,
    pub pairwise: Vec<&'static str>,
    pub akm: Vec<&'static str>,
    kinds: Vec<Asked>,
    /// Management frames: protection is required, or possible.
    pub mfp: Option<&'static str>,
}

/// What a device must show to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Enterprise,
    Password,
    Sae,
    SuiteB,
    Owe,
}

const RSN: [u8; 3] = [0, 0x0f, 0xac];
const WPA: [u8; 3] = [0, 0x50, 0xf2];

/// Names of the tree's fields.
struct Names {
    version: &'static str,
    group: &'static str,
    pairwise: &'static str,
    akm: &'static str,
}

impl Suites {
    pub fn asks(&self, what: Asked) -> bool {
        self.kinds.contains(&what)
    }

    pub fn rsn(value: &[u8], base: usize, out: &mut Out) -> Option<Suites> {
        let names = Names {
            version: "wlan.rsn.version",
            group: "wlan.rsn.gcs.type",
            pairwise: "wlan.rsn.pcs.type",
            akm: "wlan.rsn.akms.type",
        };
        let (mut suites, at) = read(value, base, RSN, &names, out)?;
        if let Some(capabilities) = u16_le(value, at) {
            let range = base + at..base + at + 2;
            let shown = || format!("0x{capabilities:04x}");
            out.tree.coded("wlan.rsn.capabilities", "RSN capabilities", range, capabilities, shown);
            suites.mfp = match (capabilities & 0x40 != 0, capabilities & 0x80 != 0) {
                (true, _) => Some("required"),
                (false, true) => Some("possible"),
                _ => None,
            };
        }
        Some(suites)
    }

    /// `value`: after organisation and type.
    pub fn wpa(value: &[u8], base: usize, out: &mut Out) -> Option<Suites> {
        let names = Names {
            version: "wlan.wfa.ie.wpa.version",
            group: "wlan.wfa.ie.wpa.mcs.type",
            pairwise: "wlan.wfa.ie.wpa.ucs.type",
            akm: "wlan.wfa.ie.wpa.akms.type",
        };
        read(value, base, WPA, &names, out).map(|(suites, _)| suites)
    }
}

/// Reads version, group cipher, pairwise ciphers, key managements; what is not there has the standard's default. Gives where it ended.
fn read(value: &[u8], base: usize, oui: [u8; 3], names: &Names, out: &mut Out) -> Option<(Suites, usize)> {
    let version = u16_le(value, 0)?;
    let place = |at: usize, length: usize| base + at..base + at + length;
    out.tree.int(names.version, "Version", place(0, 2), version);
    let mut suites = Suites::default();
    let mut at = 2;
    if let Some([a, b, c, kind]) = chunk::<4>(value, at) {
        let word = cipher([a, b, c] == oui, kind);
        out.tree.coded(names.group, "Group cipher", place(at + 3, 1), kind, || format!("{kind} ({word})"));
        suites.group = Some(word);
        at += 4;
    }
    for pairwise in [true, false] {
        let Some(count) = u16_le(value, at).map(usize::from) else { break };
        let list = value.get(at + 2..at + 2 + count * 4)?;
        for (n, suite) in list.chunks_exact(4).enumerate().take(MOST) {
            let Some([a, b, c, kind]) = chunk::<4>(suite, 0) else { break };
            let own = [a, b, c] == oui;
            let range = place(at + 2 + n * 4 + 3, 1);
            if pairwise {
                let word = cipher(own, kind);
                out.tree.coded(names.pairwise, "Pairwise cipher", range, kind, || format!("{kind} ({word})"));
                suites.pairwise.push(word);
            } else {
                let (word, asked) = key_management(own, kind);
                out.tree.coded(names.akm, "Key management", range, kind, || format!("{kind} ({word})"));
                suites.akm.push(word);
                suites.kinds.extend(asked);
            }
        }
        at += 2 + count * 4;
    }
    Some((suites, at))
}

/// IEEE 802.11 table 9-186.
fn cipher(own: bool, kind: u8) -> &'static str {
    match kind {
        _ if !own => "vendor's own",
        0 => "group",
        1 => "WEP-40",
        2 => "TKIP",
        4 => "CCMP",
        5 => "WEP-104",
        6 => "BIP",
        7 => "none",
        8 => "GCMP",
        9 => "GCMP-256",
        10 => "CCMP-256",
        _ => "other",
    }
}

/// IEEE 802.11 table 9-188.
fn key_management(own: bool, kind: u8) -> (&'static str, Option<Asked>) {
    match kind {
        _ if !own => ("vendor's own", None),
        1 => ("802.1X", Some(Asked::Enterprise)),
        2 => ("PSK", Some(Asked::Password)),
        3 => ("FT-802.1X", Some(Asked::Enterprise)),
        4 => ("FT-PSK", Some(Asked::Password)),
        5 => ("802.1X-SHA256", Some(Asked::Enterprise)),
        6 => ("PSK-SHA256", Some(Asked::Password)),
        8 => ("SAE", Some(Asked::Sae)),
        9 => ("FT-SAE", Some(Asked::Sae)),
        11 => ("802.1X-SUITE-B", Some(Asked::SuiteB)),
        12 => ("802.1X-SUITE-B-192", Some(Asked::SuiteB)),
        13 => ("FT-802.1X-SHA384", Some(Asked::SuiteB)),
        18 => ("OWE", Some(Asked::Owe)),
        24 => ("SAE-EXT", Some(Asked::Sae)),
        25 => ("FT-SAE-EXT", Some(Asked::Sae)),
        _ => ("other", None),
    }
}
