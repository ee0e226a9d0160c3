//! MQTT packets as a client has them: what it sends, and what a broker says (MQTT 3.1.1 and 5). Nothing here trusts a length.

mod read;
mod write;

pub(super) use read::{Ack, Connack, Publish, Received, cut, read};
pub(super) use write::{Connect, ack, connect, disconnect, pingreq, publish, subscribe, unsubscribe};

/// The longest packet that is taken.
pub(super) const LONGEST: usize = 16 << 20;

pub(super) const PUBACK: u8 = 4;
pub(super) const PUBREC: u8 = 5;
pub(super) const PUBREL: u8 = 6;
pub(super) const PUBCOMP: u8 = 7;
pub(super) const SUBACK: u8 = 9;
pub(super) const UNSUBACK: u8 = 11;

/// Properties of MQTT 5 that are looked at or said.
mod property {
    pub const SESSION_EXPIRY: u8 = 0x11;
    pub const ASSIGNED_ID: u8 = 0x12;
    pub const SERVER_KEEP_ALIVE: u8 = 0x13;
    pub const SERVER_REFERENCE: u8 = 0x1c;
    pub const REASON: u8 = 0x1f;
    pub const TOPIC_ALIAS: u8 = 0x23;
    pub const LONGEST_PACKET: u8 = 0x27;
}
