//! To which broker, and how.

use std::fmt;
use std::path::PathBuf;

/// How to come to a broker.
#[derive(Clone, Debug)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Files (PEM) with our certificate, and its private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub version: Version,
    /// Over WebSocket, at this path.
    pub websocket: Option<String>,
    /// What is asked for in the TLS handshake: `x-amzn-mqtt-ca` for AWS IoT on port 443.
    pub alpn: Option<String>,
    /// Seconds.
    pub keep_alive: u16,
    /// Nothing of a former session is taken up.
    pub clean: bool,
    pub client_id: String,
    /// Nobody else has this client id. Else we do not come back when we are thrown out: it may be a device that came.
    pub alone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    Off,
    /// The broker's certificate has to come from an authority that this system trusts.
    System,
    /// From one of these (PEM).
    Own(PathBuf),
    /// Whoever answers is believed. Only if the analyst says so.
    Insecure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V311,
    V5,
}

/// What is shown to nobody.
#[derive(Clone)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Settings {
    /// `mqtts://host:8883`, for people.
    pub fn url(&self) -> String {
        let scheme = match (&self.websocket, &self.tls) {
            (None, Tls::Off) => "mqtt",
            (None, _) => "mqtts",
            (Some(_), Tls::Off) => "ws",
            (Some(_), _) => "wss",
        };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}{}", self.port, self.websocket.as_deref().unwrap_or_default())
    }

    /// What makes no sense, in a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        let no = |why: &str| Err(why.to_owned());
        let bad = |text: &str| text.is_empty() || text.len() > 253 || text.chars().any(|c| c.is_control() || c == ' ');
        match self {
            _ if bad(&self.host) || self.host.contains('/') => no("the broker's host is a name or an address"),
            _ if self.port == 0 => no("the broker's port is a number from 1 to 65535"),
            _ if self.client_id.len() > 65_535 || self.client_id.contains('\0') => no("the client id is too long"),
            _ if self.user.as_ref().is_some_and(|user| user.len() > 65_535 || user.contains('\0')) => {
                no("the user's name is too long, or is no text")
            }
            _ if self.password.as_ref().is_some_and(|secret| secret.0.len() > 65_535) => no("the password is too long"),
            _ if self.client_id.is_empty() && !self.clean => {
                no("a session that is to be taken up again needs a client id")
            }
            Settings { tls: Tls::Off, certificate: Some(_), .. } => no("a client certificate is shown over TLS only"),
            Settings { tls: Tls::Off, alpn: Some(_), .. } => no("ALPN is part of TLS"),
            Settings { user, password: Some(_), version: Version::V311, .. }
                if user.as_deref().is_none_or(str::is_empty) =>
            {
                no("MQTT 3.1.1 knows no password without a user")
            }
            Settings { websocket: Some(path), .. } if bad(path) || !path.starts_with('/') => {
                no("the path of a WebSocket begins with /, as in /mqtt")
            }
            _ => Ok(()),
        }
    }
}
