//! Opening what Zigbee seals: AES-CCM* (Zigbee specification, annex A), keys made from the one that all devices know (section 4.5.3,
//! annex B.1), and the network keys that are handed out under it.

use aes_gcm::KeyInit;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use ccm::Ccm;
use ccm::aead::{Aead, Payload};
use ccm::consts::{U4, U13};

use super::nwk::Security;

/// The link key that devices join with unless they were given another.
const WELL_KNOWN: [u8; 16] = *b"ZigBeeAlliance09";

/// A home has one network key, or two while it changes.
const MOST: usize = 16;

/// Network keys that have been seen on their way to devices.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<NetworkKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NetworkKey {
    pan: Option<u16>,
    number: u8,
    key: [u8; 16],
}

impl Keys {
    pub fn keep(&mut self, pan: Option<u16>, number: u8, key: [u8; 16]) {
        let key = NetworkKey { pan, number, key };
        // The same key is repeated: it then counts as the newest.
        self.keys.retain(|kept| *kept != key);
        if self.keys.len() >= MOST {
            self.keys.remove(0);
        }
        self.keys.push(key);
    }
}

impl Security {
    /// The frame with its network payload opened, without the check at its end. The network header begins at `header`.
    pub fn open_network(&self, bytes: &[u8], header: usize, pan: Option<u16>, learned: &Keys) -> Option<Vec<u8>> {
        let (source, number) = (self.source?, self.key_number?);
        let own = learned.keys.iter().rev().filter(|key| key.number == number && key.pan == pan);
        own.into_iter().find_map(|key| self.open(bytes, header, source, &key.key))
    }

    /// The same for an application layer command, sealed with the key that all know or what is made from it.
    pub fn open_application(&self, bytes: &[u8], header: usize, sender: Option<u64>) -> Option<Vec<u8>> {
        let source = self.source.or(sender)?;
        let key = match self.key() {
            0 => WELL_KNOWN,
            2 => keyed_hash(&WELL_KNOWN, 0x00),
            3 => keyed_hash(&WELL_KNOWN, 0x02),
            _ => return None,
        };
        self.open(bytes, header, source, &key)
    }

    fn open(&self, bytes: &[u8], header: usize, source: u64, key: &[u8; 16]) -> Option<Vec<u8>> {
        // On the air the level is left out; it is always 5, encrypted with a check of 4 bytes.
        let control = self.control & 0xf8 | 5;
        let mut nonce = [0; 13];
        nonce[..8].copy_from_slice(&source.to_le_bytes());
        nonce[8..12].copy_from_slice(&self.counter.to_le_bytes());
        nonce[12] = control;
        let mut seen = bytes.get(header..self.range.end)?.to_vec();
        *seen.get_mut(self.range.start.checked_sub(header)?)? = control;
        let sealed = Payload { msg: bytes.get(self.range.end..)?, aad: &seen };
        let opened = Ccm::<Aes128, U4, U13>::new(&(*key).into()).decrypt(&nonce.into(), sealed).ok()?;
        // Everything keeps its place, so that what is read of it leads to the bytes of the evidence.
        let mut plain = bytes.get(..self.range.end)?.to_vec();
        plain.extend(opened);
        Some(plain)
    }
}

/// The keyed hash of annex B.1.4 (HMAC over the hash below) of one byte, which says what the made key is for.
fn keyed_hash(key: &[u8; 16], what_for: u8) -> [u8; 16] {
    let inner = hash(&[&key.map(|byte| byte ^ 0x36)[..], &[what_for]].concat());
    hash(&[key.map(|byte| byte ^ 0x5c), inner].concat())
}

/// Matyas-Meyer-Oseas over AES-128 (annex B.6), of texts shorter than 8 KiB.
fn hash(text: &[u8]) -> [u8; 16] {
    let mut padded = text.to_vec();
    padded.push(0x80);
    while padded.len() % 16 != 14 {
        padded.push(0);
    }
    padded.extend(((text.len() * 8) as u16).to_be_bytes());
    let mut state = [0; 16];
    for block in padded.as_chunks::<16>().0 {
        let mut next = (*block).into();
        Aes128::new(&state.into()).encrypt_block(&mut next);
        for (out, (sealed, plain)) in state.iter_mut().zip(next.iter().zip(block)) {
            *out = sealed ^ plain;
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Annex C.5.1 and C.6.1 of the specification.
    #[test]
    fn hashes_as_the_specification_does() {
        assert_eq!(model::hex(&hash(&[0xc0])), "ae3a102a28d43ee0d4a09e22788b206c");
        let key: [u8; 16] = std::array::from_fn(|n| 0x40 + n as u8);
        assert_eq!(model::hex(&keyed_hash(&key, 0xc0)), "4512807bf94cb3400f0e2c25fb76e999");
    }
}
