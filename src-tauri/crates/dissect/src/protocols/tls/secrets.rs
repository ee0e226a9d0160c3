//! Key logs (the SSLKEYLOGFILE format, RFC 9850): what one has to know to read a connection.

use std::collections::HashMap;

/// Connections whose secrets are kept.
const MOST: usize = 200_000;

/// The kinds of lines that are of use here, and what the secrets are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The master secret up to TLS 1.2.
    Master,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

impl Label {
    fn of(word: &[u8]) -> Option<Label> {
        Some(match word {
            b"CLIENT_RANDOM" => Label::Master,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Label::ClientHandshake,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Label::ServerHandshake,
            b"CLIENT_TRAFFIC_SECRET_0" => Label::ClientTraffic,
            b"SERVER_TRAFFIC_SECRET_0" => Label::ServerTraffic,
            _ => return None,
        })
    }
}

/// Secrets by the random bytes of the ClientHello that they belong to.
#[derive(Debug, Default)]
pub struct Secrets(HashMap<[u8; 32], Vec<Secret>, foldhash::fast::RandomState>);

type Secret = (Label, Box<[u8]>);

impl Secrets {
    /// Takes the lines that are of use; what is none is left out.
    pub fn read(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            let mut words = line.trim_ascii().split(|byte| *byte == b' ');
            let Some(label) = words.next().and_then(Label::of) else { continue };
            let (Some(random), Some(secret)) = (words.next().and_then(bytes), words.next().and_then(bytes)) else {
                continue;
            };
            let Ok(random) = <[u8; 32]>::try_from(random) else { continue };
            if !matches!(secret.len(), 32 | 48) || self.0.len() >= MOST && !self.0.contains_key(&random) {
                continue;
            }
            let known = self.0.entry(random).or_default();
            if known.iter().all(|(other, _)| *other != label) {
                known.push((label, secret.into()));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, random: &[u8; 32], label: Label) -> Option<&[u8]> {
        let of = self.0.get(random)?;
        of.iter().find(|(other, _)| *other == label).map(|(_, secret)| &secret[..])
    }
}

/// The bytes of hex digits, 48 at most.
fn bytes(hex: &[u8]) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || hex.len() > 96 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    hex.chunks_exact(2).map(|pair| Some((digit(pair.first()?)? << 4 | digit(pair.last()?)?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_and_leaves_out_what_is_none() {
        let random = "ab".repeat(32);
        let text = format!(
            "# a comment\r\nCLIENT_RANDOM {random} {}\r\nCLIENT_RANDOM {random} {}\nEXPORTER_SECRET {random} {}\n\
             SERVER_TRAFFIC_SECRET_0 {random} {}\nCLIENT_TRAFFIC_SECRET_0 {random} 1234\nCLIENT_RANDOM zz zz\n\
             SERVER_HANDSHAKE_TRAFFIC_SECRET {random}",
            "11".repeat(48),
            "22".repeat(48),
            "33".repeat(32),
            "44".repeat(32),
        );
        let mut secrets = Secrets::default();
        secrets.read(text.as_bytes());
        let random = [0xab; 32];
        assert_eq!(secrets.get(&random, Label::Master), Some(&[0x11; 48][..]));
        assert_eq!(secrets.get(&random, Label::ServerTraffic), Some(&[0x44; 32][..]));
        assert_eq!(secrets.get(&random, Label::ClientTraffic), None);
        assert_eq!(secrets.get(&random, Label::ServerHandshake), None);
    }
}
