//! Devices: who lived in the house, by hardware address, and how we know.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Clone, Debug, Deserialize, TS)]
pub struct DeviceId {
    /// `18:b4:30:00:00:07`
    pub mac: String,
}

/// All that the case says of one device.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Dossier {
    pub mac: String,
    /// The best name known, else empty.
    pub name: String,
    /// From the IEEE lists; empty when unknown or locally administered.
    pub vendor: String,
    /// The date of the lists.
    pub vendor_as_of: String,
    /// Locally administered: made up by software, perhaps for a short time.
    pub local: bool,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub frames: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub identities: Vec<Identity>,
    pub protocols: Vec<Spoken>,
    pub peers: Vec<Peer>,
    /// Facts per hour that it sent or that are about it.
    pub activity: Vec<Activity>,
    /// Items of evidence that know it.
    pub evidence: Vec<SeenIn>,
}

/// Something that identifies a device, and the fact that says so.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Identity {
    /// `ip`, `dhcp name`, `mdns name`, `onhub name`, `vendor class`, `user agent`, `mqtt client`, `station id`, ...
    pub kind: String,
    pub value: String,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
    /// A fact (or frame) that proves it.
    pub fact_id: Option<String>,
    pub evidence: String,
    #[ts(type = "number | null")]
    pub frame: Option<u64>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Spoken {
    pub protocol: String,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Peer {
    pub address: String,
    /// A name known for it, else empty.
    pub name: String,
    /// Hardware address, when it is a device of the house.
    pub mac: Option<String>,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Activity {
    /// Start of the hour, milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub hour_ms: i64,
    #[ts(type = "number")]
    pub count: u64,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct SeenIn {
    #[ts(type = "number")]
    pub evidence_id: i64,
    pub path: String,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub frames: u64,
}
