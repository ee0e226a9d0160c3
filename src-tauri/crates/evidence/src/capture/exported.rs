//! Messages without the packets that they came in, as Wireshark exports them (LINKTYPE_WIRESHARK_UPPER_PDU; tags: its
//! wsutil/exported_pdu_tlvs.h): tags in network order, filled up to whole words, then the message. They are read by whoever reads packets.

use std::net::{IpAddr, SocketAddr};

/// The link type of such packets.
pub const EXPORTED_PDU: u16 = 252;

/// What stands in front of a message: what it is, and between whom it passed over TCP.
#[derive(Clone, Copy, Debug)]
pub struct ExportedPdu<'a> {
    /// The dissector's name, as Wireshark has it: `mqtt`, `json`, ...
    pub protocol: &'a str,
    /// Sender and receiver, if there are any.
    pub between: Option<(SocketAddr, SocketAddr)>,
    /// What it is called in lists. Of `data`: the protocol whose last message goes on here.
    pub shown: Option<&'a str>,
}

impl ExportedPdu<'_> {
    /// Longest that [`ExportedPdu::write`] gets.
    pub const LONGEST: usize = 256;

    /// Writes the tags; the message follows them.
    pub fn write(&self, to: &mut Vec<u8>) {
        text(to, 12, self.protocol);
        if let Some((from, into)) = self.between {
            address(to, [20, 22], from.ip());
            address(to, [21, 23], into.ip());
            for (tag, number) in [(24, 2), (25, u32::from(from.port())), (26, u32::from(into.port()))] {
                put(to, tag, &number.to_be_bytes());
            }
        }
        if let Some(shown) = self.shown {
            text(to, 33, shown);
        }
        put(to, 0, &[]);
    }
}

fn put(to: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let padded = value.len().next_multiple_of(4);
    to.extend(tag.to_be_bytes());
    to.extend((padded as u16).to_be_bytes());
    to.extend(value);
    to.extend(&[0; 3][..padded - value.len()]);
}

/// No name is longer than 64 bytes.
fn text(to: &mut Vec<u8>, tag: u16, text: &str) {
    put(to, tag, text.as_bytes().get(..text.len().min(64)).unwrap_or_default());
}

fn address(to: &mut Vec<u8>, [four, six]: [u16; 2], ip: IpAddr) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => put(to, four, &ip.octets()),
        IpAddr::V6(ip) => put(to, six, &ip.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fill_words() {
        let between = Some(("192.0.2.7:40000".parse().unwrap(), "[2001:db8::9]:8883".parse().unwrap()));
        let mut bytes = Vec::new();
        ExportedPdu { protocol: "mqtts", between, shown: Some("mqtt") }.write(&mut bytes);
        let expect = "000c00086d71747473000000 00140004c0000207 0017001020010db8000000000000000000000009 0018000400000002 \
                      0019000400009c40 001a0004000022b3 002100046d717474 00000000";
        assert_eq!(model::hex(&bytes), expect.replace(' ', ""));
        assert!(bytes.len() <= ExportedPdu::LONGEST);
    }

    #[test]
    fn an_address_of_four_within_six_is_one_of_four() {
        let end: SocketAddr = "[::ffff:192.0.2.7]:1".parse().unwrap();
        let mut bytes = Vec::new();
        ExportedPdu { protocol: "json", between: Some((end, end)), shown: None }.write(&mut bytes);
        assert!(model::hex(&bytes).contains("00140004c000020700150004c0000207"));
    }
}
