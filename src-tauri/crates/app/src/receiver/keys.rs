//! What reports are signed with: in memory, and nowhere else.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::ReceiverKey;
use crate::error::{Error, Result};

/// Keys of so many networks; each may have to be tried for a report.
const MOST: usize = 64;
const LONGEST: usize = 4_096;
/// The name under which the secret of Meraki's reports is kept.
const MERAKI: &str = "meraki";

/// By network. Has no `Debug`, so that no key can be printed.
#[derive(Clone, Default)]
pub(crate) struct Keys(BTreeMap<String, Vec<u8>>);

impl Keys {
    /// Remembers a key; says where it came from.
    pub fn set(&mut self, request: &ReceiverKey) -> Result<String> {
        let network = request.network.trim();
        if network != MERAKI
            && (network.is_empty() || network.len() > 20 || !network.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(Error::invalid(format!(
                "keeping a key: '{network}' is neither a network's number nor 'meraki'"
            )));
        }
        let (secret, source) = match (&request.secret, &request.file, &request.variable) {
            (Some(secret), None, None) => (secret.clone().into_bytes(), "typed in".to_owned()),
            (None, Some(file), None) => {
                let missing = |why: std::io::Error| Error::missing(format!("keeping a key: reading {file}: {why}"));
                let long = std::fs::metadata(file).map_err(missing)?.len() > LONGEST as u64;
                let mut secret = if long { vec![0; LONGEST + 1] } else { std::fs::read(file).map_err(missing)? };
                while matches!(secret.last(), Some(b'\n' | b'\r')) {
                    secret.pop();
                }
                (secret, format!("file {file}"))
            }
            (None, None, Some(name)) => {
                let missing = || Error::missing(format!("keeping a key: there is no environment variable {name}"));
                (std::env::var(name).map_err(|_| missing())?.into_bytes(), format!("environment variable {name}"))
            }
            _ => return Err(Error::invalid("keeping a key: give it by exactly one of secret, file and variable")),
        };
        if secret.is_empty() || secret.len() > LONGEST {
            return Err(Error::invalid(format!("keeping a key: one of 1 to {LONGEST} bytes is wanted")));
        }
        if self.0.len() >= MOST && !self.0.contains_key(network) {
            return Err(Error::invalid(format!("keeping a key: there are {MOST} already")));
        }
        self.0.insert(network.to_owned(), secret);
        Ok(source)
    }

    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub fn has(&self, network: &str) -> bool {
        self.0.contains_key(network)
    }

    /// The CloudTrax network with whose key the body was signed: hex of HMAC-SHA256, compared in constant time.
    pub fn signer(&self, signature: &[u8], body: &[u8]) -> Option<&str> {
        let signature = unhex(signature)?;
        let signed = |secret: &[u8]| {
            let hmac = Hmac::<Sha256>::new_from_slice(secret).ok();
            hmac.is_some_and(|hmac| hmac.chain_update(body).verify_slice(&signature).is_ok())
        };
        let mut networks = self.0.iter().filter(|(network, _)| *network != MERAKI);
        networks.find(|(_, secret)| signed(secret)).map(|(network, _)| network.as_str())
    }

    /// Whether that is the secret of Meraki's reports.
    pub fn is_meraki(&self, secret: &str) -> bool {
        self.0.get(MERAKI).is_some_and(|known| known.ct_eq(secret.as_bytes()).into())
    }

    pub fn has_meraki(&self) -> bool {
        self.has(MERAKI)
    }
}

/// 64 hexadecimal digits, of either case.
fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes: Vec<u8> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{"mac":"9c:b6:d0:11:22:33","count":3,"min_signal":-71,"max_signal":-60,"avg_signal":-66,"first_seen":1700000000,"last_seen":1700000012,"associated":true}]}"#;
    const SIGNATURE: &str = "dbee9298562dee4d88a4d10a0c276c8ee3cb423f74a59783033f234580487006";

    fn key(network: &str, secret: &str) -> ReceiverKey {
        ReceiverKey { network: network.into(), secret: Some(secret.into()), file: None, variable: None }
    }

    #[test]
    fn a_report_is_signed_by_whoever_has_the_key() {
        let mut keys = Keys::default();
        keys.set(&key("1", "other")).unwrap();
        assert_eq!(keys.signer(SIGNATURE.as_bytes(), BODY), None);
        keys.set(&key("700123", "s3cret")).unwrap();
        keys.set(&key("meraki", "s3cret")).unwrap();
        assert_eq!(keys.signer(SIGNATURE.as_bytes(), BODY), Some("700123"));
        assert_eq!(keys.signer(SIGNATURE.to_uppercase().as_bytes(), BODY), Some("700123"));
        for wrong in [
            "",
            "db",
            &SIGNATURE[..62],
            &format!("{SIGNATURE}00"),
            &SIGNATURE.replace('d', "x"),
            &SIGNATURE.replace("dbee", "dbef"),
        ] {
            assert_eq!(keys.signer(wrong.as_bytes(), BODY), None, "{wrong}");
        }
        assert_eq!(keys.signer(SIGNATURE.as_bytes(), &BODY[1..]), None);
        assert!(keys.is_meraki("s3cret") && !keys.is_meraki("s3cre") && !Keys::default().is_meraki(""));
    }

    #[test]
    fn keys_come_from_one_place_each() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "s3cret\r\n").unwrap();
        let mut keys = Keys::default();
        let from_file = ReceiverKey { secret: None, file: Some(file.display().to_string()), ..key("700123", "") };
        assert!(keys.set(&from_file).unwrap().starts_with("file "));
        assert_eq!(keys.signer(SIGNATURE.as_bytes(), BODY), Some("700123"));
        for bad in [
            key("", "x"),
            key("7x", "x"),
            key("7", ""),
            key("7", &"x".repeat(5_000)),
            ReceiverKey { secret: None, ..key("7", "") },
            ReceiverKey { file: from_file.file.clone(), ..key("7", "x") },
            ReceiverKey { secret: None, file: Some("/no/such/file".into()), ..key("7", "") },
            ReceiverKey { secret: None, variable: Some("NO_SUCH_VARIABLE_OF_OURS".into()), ..key("7", "") },
        ] {
            assert!(keys.set(&bad).is_err(), "{}", bad.network);
        }
        assert_eq!(keys.names(), ["700123"]);
    }
}
