//! MQTT packets as they pass between a broker and the library that speaks for us (MQTT 3.1.1 and 5). Nothing here trusts a length.

mod plain;
mod read;

pub(super) use plain::{ack, connack};
pub(super) use read::{Ack, Connack, Publish, Received, cut, cut_theirs, read};

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
    pub const ASSIGNED_ID: u8 = 0x12;
    pub const SERVER_KEEP_ALIVE: u8 = 0x13;
    pub const SERVER_REFERENCE: u8 = 0x1c;
    pub const REASON: u8 = 0x1f;
    pub const RECEIVE_MAXIMUM: u8 = 0x21;
    pub const TOPIC_ALIAS: u8 = 0x23;
}
