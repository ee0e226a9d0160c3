//! Opening encrypted records with the secrets of a key log (RFC 8446 section 5.2, RFC 5246 section 6.2.3).

use super::cipher::{self, Cipher, Kind, Suite};
use super::secrets::{Label, Secrets};

/// Records that may be missing before one that is tried.
const MOST_SKIPPED: u64 = 32;

/// What the hellos said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hellos {
    pub client_random: [u8; 32],
    pub server_random: [u8; 32],
    pub version: u16,
    pub cipher: u16,
    /// The MAC is over the encrypted text (RFC 7366).
    pub mac_last: bool,
}

/// Opens the records of one side.
pub struct Opener {
    keys: Keys,
    /// With TLS 1.3: the secret of what follows the handshake.
    later: Option<Vec<u8>>,
    suite: Suite,
    version: u16,
    mac_last: bool,
}

struct Keys {
    cipher: Cipher,
    iv: [u8; 12],
    /// Number of the next record.
    next: u64,
    secret: Vec<u8>,
}

/// A record's content and what it is.
pub struct Opened {
    pub kind: u8,
    pub content: Vec<u8>,
}

impl Opener {
    /// `None`: the key log has nothing of this connection, or it has a cipher that is not read.
    pub fn new(hellos: &Hellos, client: bool, secrets: &Secrets) -> Option<Opener> {
        let suite = Suite::of(super::names::cipher(hellos.cipher)?)?;
        let Hellos { client_random, server_random, version, mac_last, .. } = hellos;
        let get = |label| secrets.get(client_random, label);
        let (keys, later) = match version {
            0x0304 => {
                let [first, later] = match client {
                    true => [Label::ClientHandshake, Label::ClientTraffic],
                    false => [Label::ServerHandshake, Label::ServerTraffic],
                };
                let later = get(later);
                let keys = Keys::of_secret(suite, get(first).or(later)?)?;
                (keys, later.map(<[u8]>::to_vec))
            }
            0x0303 => {
                let master = get(Label::Master)?;
                let (mac, iv) = match suite.kind {
                    Kind::Gcm | Kind::Ccm(_) => (0, 4),
                    Kind::ChaCha => (0, 12),
                    Kind::Cbc(mac) => (mac, 0),
                };
                let len = 2 * (mac + suite.key_len + iv);
                let seed = [&server_random[..], client_random].concat();
                let block = cipher::prf(suite.hash, master, b"key expansion", &seed, len);
                let side = usize::from(!client);
                let key = block.get(2 * mac + side * suite.key_len..)?.get(..suite.key_len)?;
                let salt = block.get(2 * (mac + suite.key_len) + side * iv..)?.get(..iv)?;
                let mut iv = [0; 12];
                iv.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
                (Keys { cipher: Cipher::new(suite, key)?, iv, next: 0, secret: Vec::new() }, None)
            }
            _ => return None,
        };
        Some(Opener { keys, later, suite, version: *version, mac_last: *mac_last })
    }

    /// Opens a record: its head and what follows. `lost`: records before it may be missing.
    pub fn open(&mut self, head: [u8; 5], sealed: &[u8], lost: bool) -> Option<Opened> {
        let is_13 = self.version == 0x0304;
        if let Some(opened) = self.try_keys(head, sealed, lost) {
            return Some(opened);
        }
        // The handshake may have ended in what is missing, or in a message that was not understood.
        let later = self.later_keys().filter(|_| is_13)?;
        let former = std::mem::replace(&mut self.keys, later);
        match self.try_keys(head, sealed, lost) {
            Some(opened) => {
                self.later = None;
                Some(opened)
            }
            None => {
                self.keys = former;
                None
            }
        }
    }

    fn later_keys(&self) -> Option<Keys> {
        Keys::of_secret(self.suite, self.later.as_deref()?)
    }

    fn try_keys(&mut self, head: [u8; 5], sealed: &[u8], lost: bool) -> Option<Opened> {
        let tries = if lost { MOST_SKIPPED } else { 1 };
        let (first, suite) = (self.keys.next, self.suite);
        let numbers = (first..).take(tries as usize);
        let (number, opened) = numbers
            .map(|number| (number, self.keys.open(suite, self.version, self.mac_last, number, head, sealed)))
            .find_map(|(number, opened)| Some((number, opened?)))?;
        self.keys.next = number.checked_add(1)?;
        Some(opened)
    }

    /// This side has ended its handshake: from now on other keys hold.
    pub fn finished(&mut self) {
        if let Some(keys) = self.later_keys() {
            self.keys = keys;
            self.later = None;
        }
    }

    /// This side goes on with new keys (RFC 8446 section 7.2).
    pub fn update(&mut self) {
        let secret = cipher::expand(self.suite.hash, &self.keys.secret, "traffic upd", self.keys.secret.len());
        if let Some(keys) = secret.and_then(|secret| Keys::of_secret(self.suite, &secret)) {
            self.keys = keys;
        }
    }
}

impl Keys {
    fn of_secret(suite: Suite, secret: &[u8]) -> Option<Keys> {
        let key = cipher::expand(suite.hash, secret, "key", suite.key_len)?;
        let iv = cipher::expand(suite.hash, secret, "iv", 12)?.try_into().ok()?;
        Some(Keys { cipher: Cipher::new(suite, &key)?, iv, next: 0, secret: secret.to_vec() })
    }

    fn open(
        &self,
        suite: Suite,
        version: u16,
        mac_last: bool,
        number: u64,
        head: [u8; 5],
        sealed: &[u8],
    ) -> Option<Opened> {
        let mut nonce = self.iv;
        if version == 0x0304 {
            number_into(&mut nonce, number);
            let mut content = self.cipher.open(nonce, &head, sealed)?;
            // the content's kind lies behind it, and zeros behind that
            let end = content.iter().rposition(|byte| *byte != 0)?;
            let kind = *content.get(end)?;
            content.truncate(end);
            return Some(Opened { kind, content });
        }
        let [kind, major, minor, ..] = head;
        if let (Cipher::Cbc(aes), Kind::Cbc(mac)) = (&self.cipher, suite.kind) {
            let (iv, text) = sealed.split_first_chunk::<16>()?;
            let text = if mac_last { text.get(..text.len().checked_sub(mac)?)? } else { text };
            let mut content = aes.open_cbc(*iv, text)?;
            if !mac_last {
                content.truncate(content.len().checked_sub(mac)?);
            }
            return Some(Opened { kind, content });
        }
        let sealed = match suite.kind {
            Kind::ChaCha => {
                number_into(&mut nonce, number);
                sealed
            }
            _ => {
                let (explicit, rest) = sealed.split_first_chunk::<8>()?;
                nonce[4..].copy_from_slice(explicit);
                rest
            }
        };
        let len = u16::try_from(sealed.len().checked_sub(self.cipher.tag_len())?).ok()?.to_be_bytes();
        let mut said = number.to_be_bytes().to_vec();
        said.extend([kind, major, minor, len[0], len[1]]);
        Some(Opened { kind, content: self.cipher.open(nonce, &said, sealed)? })
    }
}

fn number_into(nonce: &mut [u8; 12], number: u64) {
    nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(to, byte)| *to ^= byte);
}
