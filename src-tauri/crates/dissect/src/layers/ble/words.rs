//! One line on a packet of a connection, in Wireshark's words, with the protocol in front that its own column would name. A packet
//! is read by itself: of one that is encrypted it may say what is not so, as Wireshark does.

use crate::bytes::{chunk, u16_le};
use crate::layers::Layers;

/// From the header on.
pub(super) fn sentence(bytes: &[u8], at: usize, _: &Layers) -> String {
    let Some([first, length]) = chunk::<2>(bytes, at) else { return String::new() };
    let body = bytes.get(at + 2..).unwrap_or_default();
    let body = body.get(..usize::from(length)).unwrap_or(body);
    match (first & 3, length) {
        (1, 0) => "Empty PDU".into(),
        (1, _) => "L2CAP Fragment".into(),
        (2, 1..) => start(body, length),
        (3, 1..) => {
            let word = body.first().and_then(|code| control_word(*code)).unwrap_or("Unknown");
            format!("Control Opcode: {word}")
        }
        _ => String::new(),
    }
}

/// A whole message of a channel, or the beginning of one.
fn start(body: &[u8], length: u8) -> String {
    let (Some(stated), Some(channel)) = (u16_le(body, 0), u16_le(body, 2)) else {
        return "L2CAP Fragment Start".into();
    };
    if u32::from(stated) + 4 > u32::from(length) {
        return "L2CAP Fragment Start".into();
    }
    let code = body.get(4).copied();
    let word = |words: fn(u8) -> Option<&'static str>| code.and_then(words).unwrap_or("unknown");
    match channel {
        4 => format!("ATT {}", word(attribute_word)),
        5 => format!("L2CAP {}", code.and_then(signal_word).unwrap_or("Unknown command")),
        6 => format!("SMP {}", word(security_word)),
        0x40.. => "L2CAP Connection oriented channel".into(),
        _ => "L2CAP".into(),
    }
}

/// The link layer's own messages (Core specification, volume 6 part B section 2.4.2).
pub(super) fn control_word(code: u8) -> Option<&'static str> {
    const WORDS: [&str; 38] = [
        "LL_CONNECTION_UPDATE_IND",
        "LL_CHANNEL_MAP_IND",
        "LL_TERMINATE_IND",
        "LL_ENC_REQ",
        "LL_ENC_RSP",
        "LL_START_ENC_REQ",
        "LL_START_ENC_RSP",
        "LL_UNKNOWN_RSP",
        "LL_FEATURE_REQ",
        "LL_FEATURE_RSP",
        "LL_PAUSE_ENC_REQ",
        "LL_PAUSE_ENC_RSP",
        "LL_VERSION_IND",
        "LL_REJECT_IND",
        "LL_SLAVE_FEATURE_REQ",
        "LL_CONNECTION_PARAM_REQ",
        "LL_CONNECTION_PARAM_RSP",
        "LL_REJECT_EXT_IND",
        "LL_PING_REQ",
        "LL_PING_RSP",
        "LL_LENGTH_REQ",
        "LL_LENGTH_RSP",
        "LL_PHY_REQ",
        "LL_PHY_RSP",
        "LL_PHY_UPDATE_IND",
        "LL_MIN_USED_CHANNELS_IND",
        "LL_CTE_REQ",
        "LL_CTE_RSP",
        "LL_PERIODIC_SYNC_IND",
        "LL_CLOCK_ACCURACY_REQ",
        "LL_CLOCK_ACCURACY_RSP",
        "LL_CIS_REQ",
        "LL_CIS_RSP",
        "LL_CIS_IND",
        "LL_CIS_TERMINATE_IND",
        "LL_POWER_CONTROL_REQ",
        "LL_POWER_CONTROL_RSP",
        "LL_POWER_CHANGE_IND",
    ];
    WORDS.get(usize::from(code)).copied()
}

/// Attribute protocol (volume 3 part F section 3.4).
fn attribute_word(code: u8) -> Option<&'static str> {
    Some(match code {
        0x01 => "Error Response",
        0x02 => "Exchange MTU Request",
        0x03 => "Exchange MTU Response",
        0x04 => "Find Information Request",
        0x05 => "Find Information Response",
        0x06 => "Find By Type Value Request",
        0x07 => "Find By Type Value Response",
        0x08 => "Read By Type Request",
        0x09 => "Read By Type Response",
        0x0a => "Read Request",
        0x0b => "Read Response",
        0x0c => "Read Blob Request",
        0x0d => "Read Blob Response",
        0x0e => "Read Multiple Request",
        0x0f => "Read Multiple Response",
        0x10 => "Read By Group Type Request",
        0x11 => "Read By Group Type Response",
        0x12 => "Write Request",
        0x13 => "Write Response",
        0x16 => "Prepare Write Request",
        0x17 => "Prepare Write Response",
        0x18 => "Execute Write Request",
        0x19 => "Execute Write Response",
        0x1b => "Handle Value Notification",
        0x1d => "Handle Value Indication",
        0x1e => "Handle Value Confirmation",
        0x52 => "Write Command",
        0xd2 => "Signed Write Command",
        _ => return None,
    })
}

/// Security manager (volume 3 part H section 3.3).
fn security_word(code: u8) -> Option<&'static str> {
    const WORDS: [&str; 14] = [
        "Pairing Request",
        "Pairing Response",
        "Pairing Confirm",
        "Pairing Random",
        "Pairing Failed",
        "Encryption Information",
        "Master Identification",
        "Identity Information",
        "Identity Address Information",
        "Signing Information",
        "Security Request",
        "Pairing Public Key",
        "Pairing DHKey Check",
        "Pairing Keypress Notification",
    ];
    usize::from(code).checked_sub(1).and_then(|at| WORDS.get(at)).copied()
}

/// Signals between the ends of channels (volume 3 part A section 4).
fn signal_word(code: u8) -> Option<&'static str> {
    const WORDS: [&str; 22] = [
        "Command Reject",
        "Connection Request",
        "Connection Response",
        "Configure Request",
        "Configure Response",
        "Disconnection Request",
        "Disconnection Response",
        "Echo Request",
        "Echo Response",
        "Information Request",
        "Information Response",
        "Create Channel Request",
        "Create Channel Response",
        "Move Channel Request",
        "Move Channel Response",
        "Move Channel Confirmation",
        "Move Channel Confirmation Response",
        "Connection Parameter Update Request",
        "Connection Parameter Update Response",
        "LE Credit Based Connection Request",
        "LE Credit Based Connection Response",
        "LE Flow Control Credit",
    ];
    usize::from(code).checked_sub(1).and_then(|at| WORDS.get(at)).copied()
}
