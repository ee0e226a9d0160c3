//! Keys of first packets (RFC 9001 section 5, RFC 9369 section 3.3), and what they open.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

use super::packet::{VERSION_1, VERSION_2};

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];

/// The keys of both sides.
pub struct Pair {
    pub client: Keys,
    pub server: Keys,
    /// Connection id that they follow from.
    pub dcid: Vec<u8>,
}

pub struct Keys {
    packet: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

impl Pair {
    /// The keys of a connection whose client first wrote to `dcid`; `None` for versions whose salt is unknown.
    pub fn derive(version: u32, dcid: &[u8]) -> Option<Pair> {
        let salt = match version {
            VERSION_1 | 0xff00_0021 | 0xff00_0022 => SALT_1,
            VERSION_2 => SALT_2,
            0xff00_001d..=0xff00_0020 => SALT_DRAFT_29,
            0xff00_0017..=0xff00_001c => SALT_DRAFT_23,
            _ => return None,
        };
        let (_, initial) = Hkdf::<Sha256>::extract(Some(&salt), dcid);
        let prefix = if version == VERSION_2 { "quicv2" } else { "quic" };
        Some(Pair {
            client: Keys::derive(&expand::<32>(&initial, "client in")?, prefix)?,
            server: Keys::derive(&expand::<32>(&initial, "server in")?, prefix)?,
            dcid: dcid.to_vec(),
        })
    }
}

impl Keys {
    fn derive(secret: &Hkdf<Sha256>, prefix: &str) -> Option<Keys> {
        Some(Keys {
            packet: Aes128Gcm::new(&label::<16>(secret, &format!("{prefix} key"))?.into()),
            iv: label(secret, &format!("{prefix} iv"))?,
            header: Aes128::new(&label::<16>(secret, &format!("{prefix} hp"))?.into()),
        })
    }

    /// Opens a packet whose number lies at `pn_offset`. Returns the plain text, and where in the packet it began.
    pub fn open(&self, packet: &[u8], pn_offset: usize) -> Option<(Vec<u8>, usize)> {
        let sample: [u8; 16] = packet.get(pn_offset + 4..pn_offset + 20)?.try_into().ok()?;
        let mut mask = sample.into();
        self.header.encrypt_block(&mut mask);
        let first = packet.first()? ^ mask[0] & 0x0f;
        let pn_len = usize::from(first & 3) + 1;
        let start = pn_offset + pn_len;
        let mut head = packet.get(..start)?.to_vec();
        *head.first_mut()? = first;
        let mut nonce = self.iv;
        // the number's upper bytes are zero in a first packet
        for n in 0..pn_len {
            let byte = head.get_mut(pn_offset + n)?;
            *byte ^= mask[n + 1];
            nonce[12 - pn_len + n] ^= *byte;
        }
        let mut plain = packet.get(start..)?.to_vec();
        self.packet.decrypt_in_place(&nonce.into(), &head, &mut plain).ok()?;
        Some((plain, start))
    }
}

fn label<const N: usize>(secret: &Hkdf<Sha256>, name: &str) -> Option<[u8; N]> {
    // RFC 8446 section 7.1: length, label, no context
    let mut info = vec![0, N as u8, 6 + name.len() as u8];
    info.extend(b"tls13 ");
    info.extend(name.as_bytes());
    info.push(0);
    let mut out = [0; N];
    secret.expand(&info, &mut out).ok()?;
    Some(out)
}

fn expand<const N: usize>(secret: &Hkdf<Sha256>, name: &str) -> Option<Hkdf<Sha256>> {
    Hkdf::from_prk(&label::<N>(secret, name)?).ok()
}

#[cfg(test)]
impl Keys {
    /// A packet with a long header and number 0 around a plain text: what [`Keys::open`] opens.
    pub fn seal(&self, header: &[u8], plain: &[u8]) -> Vec<u8> {
        let head = [header, &[0]].concat();
        let mut body = plain.to_vec();
        self.packet.encrypt_in_place(&self.iv.into(), &head, &mut body).unwrap();
        let mut mask = <[u8; 16]>::try_from(&body[3..19]).unwrap().into();
        self.header.encrypt_block(&mut mask);
        let mut packet = [head, body].concat();
        packet[0] ^= mask[0] & 0x0f;
        packet[header.len()] ^= mask[1];
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::bytes;

    /// RFC 9001 appendix A.3.
    #[test]
    fn opens_the_published_packet_of_a_server() {
        let packet = bytes(
            "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c\
             3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f5889\
             1850abbdca3d20398c276456cbc42158407dd074ee",
        );
        let pair = Pair::derive(VERSION_1, &bytes("8394c8f03e515708")).unwrap();
        let (plain, start) = pair.server.open(&packet, 18).unwrap();
        assert_eq!((start, plain.len()), (20, 99));
        assert!(model::hex(&plain).starts_with("02000000000600405a020000560303eefce7f7b37ba1d163"));
        assert!(pair.client.open(&packet, 18).is_none());
        for at in 0..packet.len() {
            assert!(pair.server.open(&packet[..at], 18).is_none());
        }
    }

    #[test]
    fn keys_are_those_of_the_published_examples() {
        let dcid = bytes("8394c8f03e515708");
        for (salt, prefix, key, iv, hp) in [
            (
                SALT_1,
                "quic",
                "1f369613dd76d5467730efcbe3b1a22d",
                "fa044b2f42a3fd3b46fb255c",
                "9f50449e04a0e810283a1e9933adedd2",
            ),
            (
                SALT_2,
                "quicv2",
                "8b1a0bc121284290a29e0971b5cd045d",
                "91f73e2351d8fa91660e909f",
                "45b95e15235d6f45a6b19cbcb0294ba9",
            ),
        ] {
            let (_, initial) = Hkdf::<Sha256>::extract(Some(&salt), &dcid);
            let client = expand::<32>(&initial, "client in").unwrap();
            assert_eq!(model::hex(&label::<16>(&client, &format!("{prefix} key")).unwrap()), key);
            assert_eq!(model::hex(&label::<12>(&client, &format!("{prefix} iv")).unwrap()), iv);
            assert_eq!(model::hex(&label::<16>(&client, &format!("{prefix} hp")).unwrap()), hp);
        }
    }
}
