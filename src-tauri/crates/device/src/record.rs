//! What passes between the bench and devices, as it is handed over to be kept: packets byte for byte, and what happened beside them.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use model::Time;
use serde_json::{Map, Value};

/// One thing to be kept.
#[derive(Clone, Debug)]
pub enum Record {
    Packet(Packet),
    Event(Event),
}

/// An MQTT packet, whole: fixed header and all (MQTT 3.1.1 section 2, MQTT 5 section 2).
#[derive(Clone, Debug)]
pub struct Packet {
    pub at: Time,
    /// Who sent it. Packets of one connection have the same two ends.
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    /// Why it went no further; `None`: it did.
    pub refused: Option<String>,
}

/// What happened and is no packet: a connection that came or went, a refusal, a command, a shadow's new version.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: Time,
    /// The two ends of the connection that it concerns, device first, if there is one.
    pub between: Option<(SocketAddr, SocketAddr)>,
    /// `connected`, `disconnected`, `refused`, `command`, `scene`, `shadow`, `note`, ...
    pub act: &'static str,
    /// Whom it concerns: the thing's id, which is its MQTT client id.
    pub thing: Option<String>,
    /// Its particulars: `reason`, `topic`, `payload`, `certificate` (SHA-256 of the DER, hex), `version`, ...
    pub fields: Map<String, Value>,
}

/// Why something could not be kept.
pub type Kept = Result<(), String>;

/// Whoever keeps what passes.
///
/// What was told is kept in the order in which it was told. Whoever must not go on before it is safe (on the disk, not only handed to the system)
/// waits for [`Recorder::safe`] with the number that [`Recorder::keep`] gave.
pub trait Recorder: Send + Sync + 'static {
    /// Takes one record and gives its number; returns at once unless far too much waits already.
    fn keep(&self, record: Record) -> u64;

    /// Ready when all records up to this number are safe, or when it is known that one of them never will be.
    fn safe(&self, number: u64) -> Pin<Box<dyn Future<Output = Kept> + Send + '_>>;
}
