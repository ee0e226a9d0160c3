//! What the broker needs of whoever runs it: whose a certificate is, where shadows are kept, who is told of comings and goings.

use model::Time;
use serde::{Deserialize, Serialize};

/// Who holds a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The thing's id, which is its MQTT client id.
    pub thing: String,
    /// Its kind: says what it may do and what it understands.
    pub kind: String,
    /// Why it may not come in, as AWS says it (`INACTIVE`, `REVOKED`, ...); `None`: it may.
    pub barred: Option<String>,
}

/// Knows the things that were registered.
pub trait Registry: Send + Sync + 'static {
    /// Whose certificate this is, by the SHA-256 of its DER. Asked at each connection, and again when it is said that something changed.
    fn holder(&self, certificate: &[u8; 32]) -> Option<Holder>;
}

/// Whether a thing is there, as AWS IoT's fleet index reports it (reference: AWS IoT Developer Guide, "Managing fleet indexing", connectivity).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connectivity {
    pub connected: bool,
    /// Of the last coming or going: milliseconds since 1970, UTC, as AWS says it.
    pub at: Option<i64>,
    /// `CLIENT_INITIATED_DISCONNECT`, `CONNECTION_LOST`, `MQTT_KEEP_ALIVE_TIMEOUT`, `DUPLICATE_CLIENTID`, `FORBIDDEN_ACCESS`, ...; `None` while connected.
    pub reason: Option<String>,
}

/// One version of a shadow.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowVersion {
    pub thing: String,
    /// Empty: the classic one, which has no name.
    pub name: String,
    /// One more than that of the version before, deletions included: no number of a shadow comes twice.
    pub version: u64,
    pub at: Time,
    /// `{"state":{"desired":...,"reported":...},"metadata":{...}}`; `None`: it was deleted with this version.
    pub document: Option<serde_json::Value>,
}

/// Keeps shadows, and is told of what changes. Its functions return soon: what takes time is done elsewhere.
pub trait Home: Registry {
    /// The newest version of a shadow, deleted or not; `None`: there never was one.
    fn shadow(&self, thing: &str, name: &str) -> Result<Option<ShadowVersion>, String>;
    /// The names of a thing's shadows that are not deleted.
    fn shadows(&self, thing: &str) -> Result<Vec<String>, String>;
    /// Kept before it is answered; an error is answered as 500.
    fn keep_shadow(&self, version: &ShadowVersion) -> Result<(), String>;
    /// A thing came or went.
    fn connectivity(&self, thing: &str, now: &Connectivity);
    /// A thing published this (or something was published to it), and it was let through.
    fn message(&self, thing: &str, topic: &str, payload: &[u8], at: Time);
}
