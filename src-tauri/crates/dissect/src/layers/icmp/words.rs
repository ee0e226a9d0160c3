//! What ICMP's types and codes are called, in Wireshark's words, and the line that they make.

use crate::bytes::chunk;
use crate::layers::Ip;

/// What the message that begins at `at` is, in one line: `Destination unreachable (Port unreachable)`.
pub(super) fn sentence(bytes: &[u8], at: usize, ip: &Ip) -> String {
    let Some([kind, code]) = chunk::<2>(bytes, at) else { return String::new() };
    let six = ip.proto == 58;
    let Some(word) = type_word(six, kind) else { return format!("Unknown type {kind}") };
    match code_word(six, kind, code) {
        Some(Some(code)) => return format!("{word} ({code})"),
        Some(None) => return format!("{word} (code {code})"),
        None => {}
    }
    let asks = matches!((six, kind), (false, 0 | 8 | 13..=18) | (true, 128 | 129));
    let Some([a, b, high, low]) = chunk::<4>(bytes, at + 4).filter(|_| asks) else { return word.to_owned() };
    let (id, seq) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([high, low]));
    match six {
        true => format!("{word} id=0x{id:04x}, seq={seq}, hop limit={}", ip.ttl),
        // Some systems count with the low byte first.
        false => format!("{word} id=0x{id:04x}, seq={seq}/{}, ttl={}", seq.swap_bytes(), ip.ttl),
    }
}

pub(super) fn type_word(six: bool, kind: u8) -> Option<&'static str> {
    Some(match (six, kind) {
        (false, 0) | (true, 129) => "Echo (ping) reply",
        (false, 8) | (true, 128) => "Echo (ping) request",
        (false, 42) | (true, 160) => "Extended Echo request",
        (false, 43) | (true, 161) => "Extended Echo reply",
        (false, 5) | (true, 137) => "Redirect",
        (false, 1 | 2) => "Reserved",
        (false, 3) => "Destination unreachable",
        (false, 4) => "Source quench (flow control)",
        (false, 6) => "Alternate host address",
        (false, 9) => "Router advertisement",
        (false, 10) => "Router solicitation",
        (false, 11) => "Time-to-live exceeded",
        (false, 12) => "Parameter problem",
        (false, 13) => "Timestamp request",
        (false, 14) => "Timestamp reply",
        (false, 15) => "Information request",
        (false, 16) => "Information reply",
        (false, 17) => "Address mask request",
        (false, 18) => "Address mask reply",
        (false, 19) => "Reserved (for security)",
        (false, 30) => "Traceroute",
        (false, 31) => "Datagram Conversion Error",
        (false, 32) => "Mobile Host Redirect",
        (false, 33) => "IPv6 Where-Are-You",
        (false, 34) => "IPv6 I-Am-Here",
        (false, 35) => "Mobile Registration Request",
        (false, 36) => "Mobile Registration Reply",
        (false, 37) => "Domain Name Request",
        (false, 38) => "Domain Name Reply",
        (false, 39) => "SKIP",
        (false, 40) => "Photuris",
        (false, 41) => "Experimental mobility protocols",
        (true, 1) => "Destination Unreachable",
        (true, 2) => "Packet Too Big",
        (true, 3) => "Time Exceeded",
        (true, 4) => "Parameter Problem",
        (true, 100 | 101 | 200 | 201) => "Private experimentation",
        (true, 127) => "Reserved for expansion of ICMPv6 error messages",
        (true, 130) => "Multicast Listener Query",
        (true, 131) => "Multicast Listener Report",
        (true, 132) => "Multicast Listener Done",
        (true, 133) => "Router Solicitation",
        (true, 134) => "Router Advertisement",
        (true, 135) => "Neighbor Solicitation",
        (true, 136) => "Neighbor Advertisement",
        (true, 138) => "Router Renumbering",
        (true, 139) => "Node Information Query",
        (true, 140) => "Node Information Reply",
        (true, 141) => "Inverse Neighbor Discovery Solicitation",
        (true, 142) => "Inverse Neighbor Discovery Advertisement",
        (true, 143) => "Multicast Listener Report Message v2",
        (true, 144) => "Home Agent Address Discovery Request",
        (true, 145) => "Home Agent Address Discovery Reply",
        (true, 146) => "Mobile Prefix Solicitation",
        (true, 147) => "Mobile Prefix Advertisement",
        (true, 148) => "Certification Path Solicitation",
        (true, 149) => "Certification Path Advertisement",
        (true, 150) => "Experimental Mobility",
        (true, 151) => "Multicast Router Advertisement",
        (true, 152) => "Multicast Router Solicitation",
        (true, 153) => "Multicast Router Termination",
        (true, 154) => "FMIPv6",
        (true, 155) => "RPL Control",
        (true, 156) => "Locator Update",
        (true, 157) => "Duplicate Address Request",
        (true, 158) => "Duplicate Address Confirmation",
        (true, 159) => "MPL Control Message",
        (true, 255) => "Reserved for expansion of ICMPv6 informational messages",
        _ => return None,
    })
}

/// `None`: the type's code says nothing. `Some(None)`: it says something that nobody knows.
pub(super) fn code_word(six: bool, kind: u8, code: u8) -> Option<Option<&'static str>> {
    let words: &[&str] = match (six, kind) {
        (false, 9) if code == 16 => return Some(Some("Does not route common traffic")),
        (false, 3) => &[
            "Network unreachable",
            "Host unreachable",
            "Protocol unreachable",
            "Port unreachable",
            "Fragmentation needed",
            "Source route failed",
            "Destination network unknown",
            "Destination host unknown",
            "Source host isolated",
            "Network administratively prohibited",
            "Host administratively prohibited",
            "Network unreachable for TOS",
            "Host unreachable for TOS",
            "Communication administratively filtered",
            "Host precedence violation",
            "Precedence cutoff in effect",
        ],
        (false, 5) => {
            &["Redirect for network", "Redirect for host", "Redirect for TOS and network", "Redirect for TOS and host"]
        }
        (false, 6) => &["Alternate address for host"],
        (false, 9) => &["Normal router advertisement"],
        (false, 11) => &["Time to live exceeded in transit", "Fragment reassembly time exceeded"],
        (false, 12) => &["Pointer indicates the error", "Required option missing", "Bad length"],
        (false, 40) => &[
            "Bad SPI",
            "Authentication Failed",
            "Decompression Failed",
            "Decryption Failed",
            "Need Authentication",
            "Need Authorization",
        ],
        (true, 1) => &[
            "no route to destination",
            "Administratively prohibited",
            "Beyond scope of source address",
            "Address unreachable",
            "Port unreachable",
            "Source address failed ingress/egress policy",
            "Reject route to destination",
            "Error in Source Routing Header",
        ],
        (true, 3) => &["hop limit exceeded in transit", "fragment reassembly time exceeded"],
        (true, 4) => &[
            "erroneous header field encountered",
            "unrecognized Next Header type encountered",
            "unrecognized IPv6 option encountered",
            "IPv6 First Fragment has incomplete IPv6 Header Chain",
        ],
        (true, 138) => &["Command", "Result"],
        (true, 139) => {
            &["Query subject = IPv6 addresses", "Query subject = DNS name or empty", "Query subject = IPv4 addresses"]
        }
        (true, 140) => &["Successful", "Refused", "Unknown query type"],
        (true, 155) => &[
            "DODAG Information Solicitation",
            "DODAG Information Object",
            "Destination Advertisement Object",
            "Destination Advertisement Object Acknowledgment",
            "P2P Discovery Reply Object",
            "P2P Discovery Reply Object Acknowledgement",
        ],
        (false, 42) | (true, 160) => &["No error"],
        (false, 43) | (true, 161) => &[
            "No error",
            "Malformed Query",
            "No Such Interface",
            "No Such Table Entry",
            "Multiple Interfaces Satisfy Query",
        ],
        _ => return None,
    };
    Some(words.get(usize::from(code)).copied())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// All of them are compared with TShark's in `tests/tshark.rs`, where it is installed.
    #[test]
    fn a_message_in_one_line() {
        let line = |proto: u8, bytes: &[u8]| {
            let host = Ipv4Addr::LOCALHOST.into();
            sentence(bytes, 0, &Ip { src: host, dst: host, proto, total: 0, ttl: 64 })
        };
        for (proto, bytes, wanted) in [
            (1, &[3, 3, 0, 0][..], "Destination unreachable (Port unreachable)"),
            (1, &[3, 16, 0, 0], "Destination unreachable (code 16)"),
            (1, &[9, 16, 0, 0], "Router advertisement (Does not route common traffic)"),
            (1, &[8, 0, 0, 0, 0x12, 0x34, 0, 7], "Echo (ping) request id=0x1234, seq=7/1792, ttl=64"),
            (1, &[8, 0, 0, 0, 0x12], "Echo (ping) request"),
            (1, &[7, 0, 0, 0], "Unknown type 7"),
            (58, &[129, 0, 0, 0, 0x12, 0x34, 0, 7], "Echo (ping) reply id=0x1234, seq=7, hop limit=64"),
            (58, &[1, 4, 0, 0], "Destination Unreachable (Port unreachable)"),
            (58, &[2, 0, 0, 0], "Packet Too Big"),
        ] {
            assert_eq!(line(proto, bytes), wanted);
        }
    }
}
