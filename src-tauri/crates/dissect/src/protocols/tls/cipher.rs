//! Ciphers of records: AES-GCM, ChaCha20-Poly1305, AES-CCM, AES-CBC, and the functions that make their keys.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use aes_gcm::aes::{Aes128, Aes256};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac};
use sha2::{Sha256, Sha384};

/// The hash of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
}

/// What a suite's name says of its cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    pub kind: Kind,
    pub hash: Hash,
    pub key_len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gcm,
    ChaCha,
    /// Length of the tag.
    Ccm(usize),
    /// Length of the MAC.
    Cbc(usize),
}

impl Suite {
    /// By the IANA's name; `None` if it is not one that is read.
    pub fn of(name: &str) -> Option<Suite> {
        let hash = if name.ends_with("SHA384") { Hash::Sha384 } else { Hash::Sha256 };
        let key_len = if name.contains("AES_128") { 16 } else { 32 };
        let mac = || match name.rsplit('_').next() {
            Some("SHA") => Some(20),
            Some("SHA256") => Some(32),
            Some("SHA384") => Some(48),
            _ => None,
        };
        let kind = match () {
            () if name.contains("CHACHA20_POLY1305") => Kind::ChaCha,
            () if !name.contains("AES_128") && !name.contains("AES_256") => return None,
            () if name.contains("_GCM") => Kind::Gcm,
            () if name.contains("_CCM_8") => Kind::Ccm(8),
            () if name.contains("_CCM") => Kind::Ccm(16),
            () if name.contains("_CBC") => Kind::Cbc(mac()?),
            () => return None,
        };
        Some(Suite { kind, hash, key_len })
    }
}

/// A cipher with its key.
pub enum Cipher {
    Gcm128(Box<Aes128Gcm>),
    Gcm256(Box<Aes256Gcm>),
    ChaCha(Box<ChaCha20Poly1305>),
    Ccm(Aes, usize),
    Cbc(Aes),
}

pub enum Aes {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl Cipher {
    pub fn new(suite: Suite, key: &[u8]) -> Option<Cipher> {
        Some(match suite.kind {
            Kind::Gcm if key.len() == 16 => Cipher::Gcm128(Box::new(Aes128Gcm::new_from_slice(key).ok()?)),
            Kind::Gcm => Cipher::Gcm256(Box::new(Aes256Gcm::new_from_slice(key).ok()?)),
            Kind::ChaCha => Cipher::ChaCha(Box::new(ChaCha20Poly1305::new_from_slice(key).ok()?)),
            Kind::Ccm(tag) => Cipher::Ccm(Aes::new(key)?, tag),
            Kind::Cbc(_) => Cipher::Cbc(Aes::new(key)?),
        })
    }

    /// Length of what proves the text, behind it.
    pub fn tag_len(&self) -> usize {
        match self {
            Cipher::Ccm(_, tag) => *tag,
            Cipher::Cbc(_) => 0,
            _ => 16,
        }
    }

    /// Opens an AEAD's text with its tag; `None` if it is not what was sealed.
    pub fn open(&self, nonce: [u8; 12], head: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut text = sealed.to_vec();
        match self {
            Cipher::Gcm128(gcm) => gcm.decrypt_in_place(&nonce.into(), head, &mut text).ok()?,
            Cipher::Gcm256(gcm) => gcm.decrypt_in_place(&nonce.into(), head, &mut text).ok()?,
            Cipher::ChaCha(chacha) => chacha.decrypt_in_place(&nonce.into(), head, &mut text).ok()?,
            Cipher::Ccm(aes, tag) => return aes.open_ccm(nonce, head, sealed, *tag),
            Cipher::Cbc(_) => return None,
        }
        Some(text)
    }
}

impl Aes {
    fn new(key: &[u8]) -> Option<Aes> {
        Some(match key.len() {
            16 => Aes::Short(Box::new(Aes128::new_from_slice(key).ok()?)),
            _ => Aes::Long(Box::new(Aes256::new_from_slice(key).ok()?)),
        })
    }

    fn encrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Aes::Short(aes) => aes.encrypt_block(&mut block),
            Aes::Long(aes) => aes.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Aes::Short(aes) => aes.decrypt_block(&mut block),
            Aes::Long(aes) => aes.decrypt_block(&mut block),
        }
        block.into()
    }

    /// Counter with CBC-MAC (RFC 3610) with nonces of 12 bytes.
    fn open_ccm(&self, nonce: [u8; 12], head: &[u8], sealed: &[u8], tag_len: usize) -> Option<Vec<u8>> {
        let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(tag_len)?)?;
        let block = |first: u8, last: usize| {
            let mut block = [0; 16];
            block[0] = first;
            block[1..13].copy_from_slice(&nonce);
            block[13..].copy_from_slice(&[(last >> 16) as u8, (last >> 8) as u8, last as u8]);
            block
        };
        let mut plain = text.to_vec();
        for (n, part) in plain.chunks_mut(16).enumerate() {
            xor(part, &self.encrypt(block(2, n + 1)));
        }
        // head: of less than 2^16 - 2^8 bytes
        let mut mac = self.encrypt(block(0x40 | ((tag_len as u8).saturating_sub(2) / 2) << 3 | 2, plain.len()));
        let mut padded = (head.len() as u16).to_be_bytes().to_vec();
        padded.extend(head);
        for part in padded.chunks(16).chain(plain.chunks(16)) {
            xor(&mut mac, part);
            mac = self.encrypt(mac);
        }
        xor(&mut mac, &self.encrypt(block(2, 0)));
        (mac.get(..tag_len) == Some(tag)).then_some(plain)
    }

    /// Cipher block chaining (RFC 5246 section 6.2.3.2): the text without its padding.
    pub fn open_cbc(&self, iv: [u8; 16], sealed: &[u8]) -> Option<Vec<u8>> {
        let (blocks, rest) = sealed.as_chunks::<16>();
        if !rest.is_empty() || blocks.is_empty() {
            return None;
        }
        let mut plain = Vec::with_capacity(sealed.len());
        let mut former = iv;
        for block in blocks {
            let mut text = self.decrypt(*block);
            xor(&mut text, &former);
            plain.extend(text);
            former = *block;
        }
        let padding = usize::from(*plain.last()?) + 1;
        let end = plain.len().checked_sub(padding)?;
        let even = plain.get(end..)?.iter().all(|byte| usize::from(*byte) + 1 == padding);
        plain.truncate(end);
        even.then_some(plain)
    }
}

fn xor(to: &mut [u8], with: &[u8]) {
    to.iter_mut().zip(with).for_each(|(to, with)| *to ^= with);
}

fn hmac(hash: Hash, key: &[u8], parts: [&[u8]; 3]) -> Vec<u8> {
    fn of<M: Mac + KeyInit>(key: &[u8], parts: [&[u8]; 3]) -> Option<Vec<u8>> {
        let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac.finalize().into_bytes().to_vec())
    }
    match hash {
        Hash::Sha256 => of::<Hmac<Sha256>>(key, parts),
        Hash::Sha384 => of::<Hmac<Sha384>>(key, parts),
    }
    .unwrap_or_default()
}

/// The pseudorandom function of TLS 1.2 (RFC 5246 section 5), `len` bytes of it.
pub fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 48);
    let mut a = hmac(hash, secret, [label, seed, b""]);
    while out.len() < len && !a.is_empty() {
        out.extend(hmac(hash, secret, [&a, label, seed]));
        a = hmac(hash, secret, [&a, b"", b""]);
    }
    out.truncate(len);
    out
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) without a context, `len` bytes of it.
pub fn expand(hash: Hash, secret: &[u8], label: &str, len: usize) -> Option<Vec<u8>> {
    let mut info = vec![0, u8::try_from(len).ok()?, u8::try_from(6 + label.len()).ok()?];
    info.extend(b"tls13 ");
    info.extend(label.bytes());
    info.push(0);
    let mut out = vec![0; len];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::bytes;

    #[test]
    fn suites_by_their_names() {
        let suite = |kind, hash, key_len| Some(Suite { kind, hash, key_len });
        for (name, expect) in [
            ("TLS_AES_128_GCM_SHA256", suite(Kind::Gcm, Hash::Sha256, 16)),
            ("TLS_CHACHA20_POLY1305_SHA256", suite(Kind::ChaCha, Hash::Sha256, 32)),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", suite(Kind::Gcm, Hash::Sha384, 32)),
            ("TLS_PSK_WITH_AES_128_CCM_8", suite(Kind::Ccm(8), Hash::Sha256, 16)),
            ("TLS_RSA_WITH_AES_256_CBC_SHA", suite(Kind::Cbc(20), Hash::Sha256, 32)),
            ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", suite(Kind::Cbc(48), Hash::Sha384, 32)),
            ("TLS_RSA_WITH_RC4_128_SHA", None),
            ("TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", None),
        ] {
            assert_eq!(Suite::of(name), expect, "{name}");
        }
    }

    /// RFC 3610 has nonces of 13 bytes; these are NIST SP 800-38C, example 3.
    #[test]
    fn opens_the_published_example_of_ccm() {
        let aes = Aes::new(&bytes("404142434445464748494a4b4c4d4e4f")).unwrap();
        let nonce = bytes("101112131415161718191a1b").try_into().unwrap();
        let head: Vec<u8> = (0..0x14).collect();
        let sealed = bytes("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951");
        let plain = aes.open_ccm(nonce, &head, &sealed, 8).unwrap();
        assert_eq!(plain, (0x20..0x38).collect::<Vec<u8>>());
        assert_eq!(aes.open_ccm(nonce, &head[1..], &sealed, 8), None);
        assert_eq!(aes.open_ccm(nonce, &head, &sealed[..5], 8), None);
    }

    /// The vector for TLS 1.2's function with SHA-256 that implementers compare with.
    #[test]
    fn prf_gives_the_known_bytes() {
        let secret = bytes("9bbe436ba940f017b17652849a71db35");
        let seed = bytes("a0ba9f936cda311827a6f796ffd5198c");
        let out = prf(Hash::Sha256, &secret, b"test label", &seed, 100);
        assert_eq!(
            model::hex(&out),
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17ab\
             fd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
        );
    }
}
