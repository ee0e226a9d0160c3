//! One line on an 802.2 frame that nobody here reads further, in Wireshark's words.

use std::fmt::Write;

use super::Layers;
use crate::bytes::{chunk, u16_be};

/// From the LLC header on: `U, func=UI; SNAP, OUI 0x080007, PID 0x809B`.
pub(super) fn sentence(bytes: &[u8], at: usize, _: &Layers) -> String {
    let Some([dsap, ssap, control]) = chunk::<3>(bytes, at) else { return String::new() };
    let is_response = ssap & 1 != 0;
    let mut line = match control & 3 {
        3 => {
            let bit = final_bit(control & 0x10 != 0, is_response);
            format!("U{bit}, func={}", unnumbered(control & 0xec, is_response))
        }
        kind => {
            let Some(second) = bytes.get(at + 3) else { return String::new() };
            let received = second >> 1;
            match kind {
                1 => {
                    let bit = final_bit(second & 1 != 0, is_response);
                    let word = ["RR", "RNR", "REJ", "SREJ"][usize::from(control >> 2 & 3)];
                    format!("S{bit}, func={word}, N(R)={received}")
                }
                _ => {
                    // To Wireshark these are commands always.
                    let bit = final_bit(second & 1 != 0, false);
                    format!("I{bit}, N(R)={received}, N(S)={}", control >> 1)
                }
            }
        }
    };
    if (dsap, ssap, control) == (0xaa, 0xaa, 3)
        && let (Some([a, b, c]), Some(kind)) = (chunk::<3>(bytes, at + 3), u16_be(bytes, at + 6))
    {
        let _ = write!(line, "; SNAP, OUI 0x{a:02X}{b:02X}{c:02X}, PID 0x{kind:04X}");
        return line;
    }
    let name = |sap: u8| sap_word(sap & 0xfe).map_or_else(|| format!("0x{:02x}", sap & 0xfe), str::to_owned);
    let group = if dsap & 1 != 0 { "Group" } else { "Individual" };
    let response = if is_response { "Response" } else { "Command" };
    let _ = write!(line, "; DSAP {} {group}, SSAP {} {response}", name(dsap), name(ssap));
    line
}

fn final_bit(is_set: bool, is_response: bool) -> &'static str {
    match (is_set, is_response) {
        (false, _) => "",
        (true, false) => " P",
        (true, true) => " F",
    }
}

fn unnumbered(modifier: u8, is_response: bool) -> &'static str {
    match (modifier, is_response) {
        (0x00, _) => "UI",
        (0x04, false) => "SIM",
        (0x04, true) => "RIM",
        (0x0c, false) => "SARM",
        (0x0c, true) => "DM",
        (0x20, _) => "UP",
        (0x2c, _) => "SABM",
        (0x40, false) => "DISC",
        (0x40, true) => "RD",
        (0x4c, _) => "SARME",
        (0x60, _) => "UA",
        (0x6c, _) => "SABME",
        (0x80, _) => "SNRM",
        (0x84, _) => "FRMR",
        (0x8c, _) => "RESET",
        (0xac, _) => "XID",
        (0xc4, _) => "CFGR",
        (0xcc, _) => "SNRME",
        (0xe0, _) => "TEST",
        (0xec, _) => "BCN",
        _ => "Unknown",
    }
}

fn sap_word(sap: u8) -> Option<&'static str> {
    Some(match sap {
        0x00 => "NULL LSAP",
        0x02 => "LLC Sub-Layer Management",
        0x04 => "SNA Path Control",
        0x06 => "TCP/IP",
        0x08 | 0x0c => "SNA",
        0x0e => "PROWAY (IEC955) Network Management and Initialization",
        0x10 => "NetWare (unofficial?)",
        0x14 => "ISO Network Layer (OSLAN 1)",
        0x18 => "Texas Instruments",
        0x20 | 0x34 => "ISO Network Layer (unofficial?)",
        0x42 => "Spanning Tree BPDU",
        0x4e => "EIA RS-511 Manufacturing Message Service",
        0x54 => "ISO Network Layer (OSLAN 2)",
        0x7e => "ISO 8208 (X.25 over 802.2)",
        0x80 => "XNS",
        0x82 => "BACnet",
        0x86 => "Nestar",
        0x8e => "PROWAY (IEC955) Active Station List Maintenance",
        0x98 => "ARP",
        0xaa => "SNAP",
        0xb4 => "HP JetDirect Printer",
        0xba | 0xbc => "Banyan Vines",
        0xe0 => "NetWare",
        0xf0 => "NetBIOS",
        0xf4 => "IBM Net Management",
        0xf8 => "HP Extended LLC",
        0xfa => "Ungermann-Bass",
        0xfc => "Remote Program Load",
        0xfe => "ISO Network Layer",
        _ => return None,
    })
}

/// Entries of a CDP message that are looked through.
const MOST_ENTRIES: usize = 64;

/// Of a message of Cisco's discovery protocol, who speaks: `Device ID: R1  Port ID: FastEthernet0/0`.
pub(super) fn cdp(bytes: &[u8], at: usize, _: &Layers) -> String {
    let (mut line, mut cursor) = (String::new(), at + 4);
    for _ in 0..MOST_ENTRIES {
        let (Some(kind), Some(length)) = (u16_be(bytes, cursor), u16_be(bytes, cursor + 2)) else { break };
        let end = cursor + usize::from(length);
        let Some(value) = bytes.get(cursor + 4..end) else { break };
        let label = match kind {
            1 => "Device ID: ",
            3 => "Port ID: ",
            _ => "",
        };
        if !label.is_empty() {
            let between = if line.is_empty() { "" } else { "  " };
            let text: String = String::from_utf8_lossy(value).chars().filter(|c| !c.is_control()).take(100).collect();
            let _ = write!(line, "{between}{label}{text}");
        }
        cursor = end;
    }
    line
}
