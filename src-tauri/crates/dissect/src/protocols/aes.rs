//! AES-128 as simple devices use it: block by block, padded (NIST SP 800-38A; RFC 5652 section 6.3). Only to open.

use aes_gcm::KeyInit;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherDecrypt;

/// Every block for itself (ECB).
pub fn open_blocks(key: [u8; 16], bytes: &[u8]) -> Option<Vec<u8>> {
    open(key, bytes, |_, _| {})
}

/// Every block mixed with the one before (CBC).
pub fn open_chain(key: [u8; 16], iv: [u8; 16], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut before = iv;
    open(key, bytes, |block, cipher| {
        block.iter_mut().zip(before).for_each(|(byte, with)| *byte ^= with);
        before = *cipher;
    })
}

/// `None`: not whole blocks, or no padding at the end - most likely another key.
fn open(key: [u8; 16], bytes: &[u8], mut mix: impl FnMut(&mut [u8; 16], &[u8; 16])) -> Option<Vec<u8>> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    if !rest.is_empty() {
        return None;
    }
    let aes = Aes128::new(&key.into());
    let mut plain = Vec::with_capacity(bytes.len());
    for cipher in blocks {
        let mut block = (*cipher).into();
        aes.decrypt_block(&mut block);
        let mut block: [u8; 16] = block.into();
        mix(&mut block, cipher);
        plain.extend_from_slice(&block);
    }
    let padding = usize::from(*plain.last()?);
    let end = plain.len().checked_sub(padding).filter(|_| (1..=16).contains(&padding))?;
    let padded = plain.get(end..)?.iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(end);
    padded.then_some(plain)
}

/// What [`open_blocks`] and [`open_chain`] open.
#[cfg(test)]
pub fn seal(key: [u8; 16], iv: Option<[u8; 16]>, plain: &[u8]) -> Vec<u8> {
    use aes_gcm::aes::cipher::BlockCipherEncrypt;
    let padding = 16 - plain.len() % 16;
    let padded = [plain, &vec![padding as u8; padding]].concat();
    let aes = Aes128::new(&key.into());
    let mut before = iv.unwrap_or_default();
    let mut sealed = Vec::new();
    for block in padded.as_chunks::<16>().0 {
        let mut block = *block;
        if iv.is_some() {
            block.iter_mut().zip(before).for_each(|(byte, with)| *byte ^= with);
        }
        let mut block = block.into();
        aes.encrypt_block(&mut block);
        before = block.into();
        sealed.extend_from_slice(&before);
    }
    sealed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::bytes;

    /// NIST SP 800-38A appendices F.1 and F.2, first block, and a block of padding behind it.
    #[test]
    fn known_answers() {
        let key: [u8; 16] = bytes("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap();
        let iv: [u8; 16] = bytes("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
        let plain = bytes("6bc1bee22e409f96e93d7e117393172a");
        let blocks = seal(key, None, &plain);
        assert_eq!(model::hex(&blocks[..16]), "3ad77bb40d7a3660a89ecaf32466ef97");
        assert_eq!(open_blocks(key, &blocks), Some(plain.clone()));
        let chain = seal(key, Some(iv), &plain);
        assert_eq!(model::hex(&chain[..16]), "7649abac8119b246cee98e9b12e9197d");
        assert_eq!(open_chain(key, iv, &chain), Some(plain));
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = seal([1; 16], None, b"hello");
        assert_eq!(open_blocks([2; 16], &sealed), None);
        assert_eq!(open_blocks([1; 16], &sealed[..15]), None);
        assert_eq!(open_blocks([1; 16], b""), None);
    }
}
