//! Codes and formats (the IANA's CoRE parameters).

use std::fmt;

pub fn type_name(kind: u8) -> &'static str {
    ["CON", "NON", "ACK", "RST"][usize::from(kind & 3)]
}

/// Request codes: 0.01 to 0.07, and 0.30 of CoIoT, with which Shelly devices report.
pub fn is_method(code: u8) -> bool {
    matches!(code, 1..=7 | 30)
}

/// Whether its class exists.
pub fn is_possible(code: u8) -> bool {
    matches!(code >> 5, 0 | 2 | 4 | 5 | 7)
}

/// A request's code by its method's name, a response's as class.detail.
pub struct Code(pub u8);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            0 => f.write_str("EMPTY"),
            1..=7 => f.write_str(code_name(self.0).unwrap_or_default()),
            other => write!(f, "{}.{:02}", other >> 5, other & 31),
        }
    }
}

/// What a code means, if it is known.
pub fn code_name(code: u8) -> Option<&'static str> {
    Some(match (code >> 5, code & 31) {
        (0, 0) => "Empty",
        (0, 1) => "GET",
        (0, 2) => "POST",
        (0, 3) => "PUT",
        (0, 4) => "DELETE",
        (0, 5) => "FETCH",
        (0, 6) => "PATCH",
        (0, 7) => "iPATCH",
        (0, 30) => "CoIoT report",
        (2, 1) => "Created",
        (2, 2) => "Deleted",
        (2, 3) => "Valid",
        (2, 4) => "Changed",
        (2, 5) => "Content",
        (2, 31) => "Continue",
        (4, 0) => "Bad Request",
        (4, 1) => "Unauthorized",
        (4, 2) => "Bad Option",
        (4, 3) => "Forbidden",
        (4, 4) => "Not Found",
        (4, 5) => "Method Not Allowed",
        (4, 6) => "Not Acceptable",
        (4, 8) => "Request Entity Incomplete",
        (4, 9) => "Conflict",
        (4, 12) => "Precondition Failed",
        (4, 13) => "Request Entity Too Large",
        (4, 15) => "Unsupported Content-Format",
        (4, 22) => "Unprocessable Entity",
        (4, 29) => "Too Many Requests",
        (5, 0) => "Internal Server Error",
        (5, 1) => "Not Implemented",
        (5, 2) => "Bad Gateway",
        (5, 3) => "Service Unavailable",
        (5, 4) => "Gateway Timeout",
        (5, 5) => "Proxying Not Supported",
        (5, 8) => "Hop Limit Reached",
        _ => return None,
    })
}

/// Media type of a content format.
pub fn content_format(format: u32) -> Option<&'static str> {
    Some(match format {
        0 => "text/plain",
        16 => "application/cose; cose-type=\"cose-encrypt0\"",
        17 => "application/cose; cose-type=\"cose-mac0\"",
        18 => "application/cose; cose-type=\"cose-sign1\"",
        40 => "application/link-format",
        41 => "application/xml",
        42 => "application/octet-stream",
        47 => "application/exi",
        50 => "application/json",
        51 => "application/json-patch+json",
        52 => "application/merge-patch+json",
        60 => "application/cbor",
        61 => "application/cwt",
        62 => "application/multipart-core",
        63 => "application/cbor-seq",
        96 => "application/cose; cose-type=\"cose-encrypt\"",
        97 => "application/cose; cose-type=\"cose-mac\"",
        98 => "application/cose; cose-type=\"cose-sign\"",
        101 => "application/cose-key",
        102 => "application/cose-key-set",
        110 => "application/senml+json",
        111 => "application/sensml+json",
        112 => "application/senml+cbor",
        113 => "application/sensml+cbor",
        114 => "application/senml-exi",
        115 => "application/sensml-exi",
        256 => "application/coap-group+json",
        310 => "application/senml+xml",
        311 => "application/sensml+xml",
        320 => "application/senml-etch+json",
        322 => "application/senml-etch+cbor",
        432 => "application/td+json",
        10000 => "application/vnd.ocf+cbor",
        10001 => "application/oscore",
        11542 => "application/vnd.oma.lwm2m+tlv",
        11543 => "application/vnd.oma.lwm2m+json",
        11544 => "application/vnd.oma.lwm2m+cbor",
        _ => return None,
    })
}
