//! Hardware addresses.

use std::fmt;

/// A 48-bit MAC address (IEEE 802 EUI-48), in transmission order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    pub const BROADCAST: Mac = Mac([0xff; 6]);
    pub const ZERO: Mac = Mac([0; 6]);

    /// The first six bytes of `bytes`, if there are as many.
    pub fn read(bytes: &[u8]) -> Option<Mac> {
        bytes.first_chunk().map(|six| Mac(*six))
    }

    /// As a number of 48 bits, the first byte the highest.
    pub fn to_bits(self) -> u64 {
        self.0.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }

    /// What [`Mac::to_bits`] gave.
    pub fn from_bits(bits: u64) -> Mac {
        let [_, _, six @ ..] = bits.to_be_bytes();
        Mac(six)
    }

    /// A group address: multicast or broadcast; never a sender.
    pub fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Locally administered: made up by software, so no vendor and perhaps no identity stands behind it.
    pub fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// Reads `aa:bb:cc:dd:ee:ff`, `aa-bb-…` and `aabbccddeeff`.
    pub fn parse(text: &str) -> Result<Mac, MacParseError> {
        let bad = || MacParseError(text.to_owned());
        let digits: Vec<u8> = text
            .bytes()
            .filter(|b| !matches!(b, b':' | b'-'))
            .map(|b| (b as char).to_digit(16).map(|d| d as u8))
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        let octets: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, d| sum << 4 | d)).collect();
        if digits.len() != 12 {
            return Err(bad());
        }
        octets.try_into().map(Mac).map_err(|_| bad())
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut text = [b':'; 17];
        for (two, byte) in text.chunks_mut(3).zip(self.0) {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            (two[0], two[1]) = (digit(byte >> 4), digit(byte & 15));
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// A text is no MAC address.
#[derive(Debug, PartialEq, Eq)]
pub struct MacParseError(pub String);

impl fmt::Display for MacParseError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "'{}' is not a MAC address such as 18:b4:30:00:00:07", self.0)
    }
}

impl std::error::Error for MacParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_says() {
        let mac = Mac([0x18, 0xb4, 0x30, 0, 0, 7]);
        for text in ["18:b4:30:00:00:07", "18-B4-30-00-00-07", "18b430000007"] {
            assert_eq!(Mac::parse(text), Ok(mac));
        }
        for bad in ["", "18:b4:30:00:00", "18:b4:30:00:00:0g", "18b4300000070"] {
            assert!(Mac::parse(bad).is_err());
        }
        assert_eq!(mac.to_string(), "18:b4:30:00:00:07");
    }
}
