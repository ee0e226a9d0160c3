//! The IANA's names.

use std::borrow::Cow;
use std::sync::LazyLock;

/// Zeek's name of a version.
pub fn version(version: u16) -> Cow<'static, str> {
    Cow::Borrowed(match version {
        0x0002 => "SSLv2",
        0x0300 => "SSLv3",
        0x0301 => "TLSv10",
        0x0302 => "TLSv11",
        0x0303 => "TLSv12",
        0x0304 => "TLSv13",
        0xfeff => "DTLSv10",
        0xfefd => "DTLSv12",
        0xfefc => "DTLSv13",
        draft if draft >> 8 == 0x7f => return Cow::Owned(format!("TLSv13-draft{}", draft & 0xff)),
        other => return Cow::Owned(format!("unknown-{other:04x}")),
    })
}

/// One a line, in order: number in four hex digits, name.
static CIPHERS: &str = include_str!("ciphers.txt");

pub fn cipher(cipher: u16) -> Option<&'static str> {
    static TABLE: LazyLock<Vec<(u16, &str)>> = LazyLock::new(|| {
        let lines = CIPHERS.lines().filter_map(|line| line.split_once(' '));
        let mut table: Vec<(u16, &str)> =
            lines.filter_map(|(number, name)| Some((u16::from_str_radix(number, 16).ok()?, name))).collect();
        table.sort_by_key(|(number, _)| *number);
        table
    });
    let at = TABLE.binary_search_by_key(&cipher, |(number, _)| *number).ok()?;
    TABLE.get(at).map(|(_, name)| *name)
}

pub fn group(group: u16) -> Option<&'static str> {
    Some(match group {
        19 => "secp192r1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "x25519",
        30 => "x448",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        259 => "ffdhe6144",
        260 => "ffdhe8192",
        4587 => "SecP256r1MLKEM768",
        4588 => "X25519MLKEM768",
        4589 => "SecP384r1MLKEM1024",
        25497 => "X25519Kyber768Draft00",
        _ => return None,
    })
}

pub fn content_type(kind: u8) -> &'static str {
    match kind {
        super::CHANGE_CIPHER_SPEC => "Change Cipher Spec",
        super::ALERT => "Alert",
        super::HANDSHAKE => "Handshake",
        super::APPLICATION_DATA => "Application Data",
        super::HEARTBEAT => "Heartbeat",
        _ => "unknown",
    }
}

pub fn handshake(kind: u8) -> &'static str {
    match kind {
        0 => "Hello Request",
        super::CLIENT_HELLO => "Client Hello",
        super::SERVER_HELLO => "Server Hello",
        4 => "New Session Ticket",
        8 => "Encrypted Extensions",
        11 => "Certificate",
        12 => "Server Key Exchange",
        13 => "Certificate Request",
        14 => "Server Hello Done",
        15 => "Certificate Verify",
        16 => "Client Key Exchange",
        20 => "Finished",
        22 => "Certificate Status",
        _ => "Encrypted or unknown",
    }
}

pub fn alert(what: u8) -> &'static str {
    match what {
        0 => "Close Notify",
        10 => "Unexpected Message",
        20 => "Bad Record MAC",
        22 => "Record Overflow",
        40 => "Handshake Failure",
        41 => "No Certificate",
        42 => "Bad Certificate",
        43 => "Unsupported Certificate",
        44 => "Certificate Revoked",
        45 => "Certificate Expired",
        46 => "Certificate Unknown",
        47 => "Illegal Parameter",
        48 => "Unknown CA",
        49 => "Access Denied",
        50 => "Decode Error",
        51 => "Decrypt Error",
        70 => "Protocol Version",
        71 => "Insufficient Security",
        80 => "Internal Error",
        86 => "Inappropriate Fallback",
        90 => "User Canceled",
        100 => "No Renegotiation",
        109 => "Missing Extension",
        110 => "Unsupported Extension",
        112 => "Unrecognized Name",
        115 => "Unknown PSK Identity",
        116 => "Certificate Required",
        120 => "No Application Protocol",
        _ => "unknown",
    }
}

pub fn extension(kind: u16) -> &'static str {
    match kind {
        0 => "server_name",
        1 => "max_fragment_length",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        13 => "signature_algorithms",
        14 => "use_srtp",
        15 => "heartbeat",
        16 => "application_layer_protocol_negotiation",
        17 => "status_request_v2",
        18 => "signed_certificate_timestamp",
        19 => "client_certificate_type",
        20 => "server_certificate_type",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        24 => "token_binding",
        27 => "compress_certificate",
        28 => "record_size_limit",
        34 => "delegated_credentials",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        57 => "quic_transport_parameters",
        13172 => "next_protocol_negotiation",
        17513 => "application_settings",
        17613 => "application_settings_new",
        30032 => "channel_id",
        0xfe0d => "encrypted_client_hello",
        0xff01 => "renegotiation_info",
        grease if super::fingerprint::is_grease(grease) => "GREASE",
        _ => "unknown",
    }
}
