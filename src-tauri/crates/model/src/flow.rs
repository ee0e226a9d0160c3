//! Conversations, with the fields of Zeek's conn.log.

use std::fmt;
use std::net::IpAddr;

use crate::{Mac, Time};

/// A flow's name, made from what it is (addresses, ports, first frame) and its number in the capture, so that the same evidence gives
/// the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u64);

impl fmt::Display for Uid {
    /// `C` and eleven base-62 digits, the look of Zeek's uids.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = [b'C'; 12];
        let mut rest = self.0;
        for digit in text[1..].iter_mut().rev() {
            *digit = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl Uid {
    /// `hash`: of what the flow is; `serial`: its number in the capture, from 1.
    pub fn new(hash: u32, serial: u32) -> Uid {
        Uid(u64::from(hash) << 32 | u64::from(serial))
    }

    /// The flow's number in its capture: where its row is.
    pub fn serial(self) -> u32 {
        self.0 as u32
    }

    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Uid> {
        let digits = text.strip_prefix('C').filter(|digits| digits.len() == 11)?;
        digits
            .bytes()
            .try_fold(0_u64, |sum, byte| {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0',
                    b'A'..=b'Z' => byte - b'A' + 10,
                    b'a'..=b'z' => byte - b'a' + 36,
                    _ => return None,
                };
                sum.checked_mul(62)?.checked_add(digit.into())
            })
            .map(Uid)
    }
}

/// A conversation: all frames of one 5-tuple (and VLAN), both ways. Names in brackets are Zeek's.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub uid: Uid,
    /// `tcp`, `udp`, `icmp`, or the IP protocol's number. (`proto`)
    pub proto: &'static str,
    /// IP protocol number.
    pub ip_proto: u8,
    /// The application protocol that was recognised by payload. (`service`)
    pub service: Option<&'static str>,
    /// Recognised on a port that is not its own.
    pub odd_port: bool,
    pub vlan: Option<u16>,
    /// (`ts`)
    pub first_ts: Option<Time>,
    /// (`ts` + `duration`)
    pub last_ts: Option<Time>,
    pub first_frame: u64,
    pub last_frame: u64,
    /// Who opened it, as far as can be seen. (`id.orig_h`, ...)
    pub orig: Endpoint,
    /// (`id.resp_h`, ...)
    pub resp: Endpoint,
    /// (`conn_state`) S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH
    pub conn_state: &'static str,
    /// (`history`)
    pub history: String,
    /// Payload bytes that TCP sequence numbers claim but no frame holds. (`missed_bytes`)
    pub missed_bytes: u64,
}

/// One side of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub ip: IpAddr,
    /// For ICMP: type (originator) and code (responder), as Zeek does.
    pub port: u16,
    pub mac: Option<Mac>,
    /// Frames that it sent. (`orig_pkts`)
    pub frames: u64,
    /// Bytes on the wire of those frames, link layer included.
    pub wire_bytes: u64,
    /// IP bytes. (`orig_ip_bytes`)
    pub ip_bytes: u64,
    /// Payload bytes. (`orig_bytes`)
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_read_what_they_say() {
        for n in [0, 61, 62, u64::MAX] {
            assert_eq!(Uid::parse(&Uid(n).to_string()), Some(Uid(n)));
        }
        assert_eq!(Uid::parse("Czzzzzzzzzzz"), None); // over 64 bits
        assert_eq!(Uid::parse("x"), None);
        assert_eq!((Uid::new(u32::MAX, 7).0, Uid::new(1, u32::MAX).serial()), (0xffff_ffff_0000_0007, u32::MAX));
    }
}
