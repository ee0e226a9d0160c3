//! Packets as a capture file holds them.

use crate::Time;

/// One captured packet, still in the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// From 1, per evidence item, as Wireshark counts.
    pub number: u64,
    /// When it was captured; pcapng's simple packets don't say.
    pub ts: Option<Time>,
    /// Offset of `bytes` in the evidence item.
    pub offset: u64,
    /// What was captured; shorter than `wire_len` when the snap length cut it.
    pub bytes: &'a [u8],
    /// Length on the wire.
    pub wire_len: u32,
    /// Index into the evidence item's interfaces, in the order in which [`crate::Sink::interface`] saw them.
    pub interface: u32,
    /// libpcap link type (LINKTYPE_...), from the interface.
    pub link_type: u16,
}

/// What a capture file says of one interface. A classic pcap has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// From 0, in the order of the file, counted over all sections.
    pub index: u32,
    /// libpcap link type (LINKTYPE_...).
    pub link_type: u16,
    /// 0: not set.
    pub snap_len: u32,
    pub name: Option<String>,
    pub description: Option<String>,
    pub filter: Option<String>,
    pub os: Option<String>,
    /// Ticks a second of its time stamps.
    pub ticks_per_second: u64,
    /// Seconds added to each time stamp (pcapng `if_tsoffset`).
    pub offset_seconds: i64,
    /// Offset of its record in the evidence item.
    pub offset: u64,
}
