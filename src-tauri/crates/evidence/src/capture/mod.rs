//! Captures: files of packets, as Wireshark and its kin write them.

mod blocks;
mod clock;
mod exported;
mod pcap;
mod pcapng;
mod snoop;
mod write;

pub use blocks::secrets_in_block;
pub use exported::{EXPORTED_PDU, ExportedPdu};
pub use pcap::Pcap;
pub use pcapng::Pcapng;
pub use snoop::Snoop;
pub use write::{Counted, PcapngWriter};

use model::Kind;

/// The largest packet that Wireshark and libpcap take for one (`WTAP_MAX_PACKET_SIZE_STANDARD`).
const LONGEST_PACKET: u32 = 262_144;
/// The largest when the file itself announces longer ones.
const LONGEST_ANNOUNCED: u32 = 16 << 20;
/// No LINKTYPE is known.
const NO_LINK_TYPE: u16 = u16::MAX;
/// How far behind a damaged record the next good one is looked for.
const SEARCH: usize = 1 << 20;
/// After so many damaged places a file is given up.
const MOST_SEARCHES: u32 = 10_000;

/// The longest packet believed of an interface of this link type and snap length. D-Bus messages and USB transfers may be long
/// whatever the file says.
fn longest_packet(link_type: u16, snap_len: u32) -> u32 {
    const DBUS: u16 = 231;
    const USBPCAP: u16 = 249;
    match snap_len {
        _ if matches!(link_type, DBUS | USBPCAP) => LONGEST_ANNOUNCED,
        LONGEST_PACKET..=LONGEST_ANNOUNCED => snap_len,
        _ => LONGEST_PACKET,
    }
}

/// What captures say beside their packets.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "capture_section",
        about: "The machine and program that wrote a section of a capture.",
        fields: &[
            ("hardware", "machine that captured"),
            ("os", "its operating system"),
            ("application", "program that wrote the file"),
            ("byte_order", "little or big"),
        ],
    },
    Kind {
        name: "capture_comment",
        about: "A comment that someone wrote into the capture.",
        fields: &[
            ("comment", "text"),
            ("scope", "what it is about: section, interface, packet, statistics, names or secrets"),
        ],
    },
    Kind {
        name: "capture_name",
        about: "A name for an address, as the capturing machine knew it.",
        fields: &[("host", "IP or MAC address"), ("name", "its name")],
    },
    Kind {
        name: "capture_statistics",
        about: "What an interface counted while it was captured.",
        fields: &[
            ("interface", "number of the interface in the file, from 0"),
            ("start", "when the capture started"),
            ("end", "when it ended"),
            ("received", "packets that the interface received"),
            ("dropped", "packets that the interface dropped for want of resources"),
            ("filter_accepted", "packets that the filter let through"),
            ("os_dropped", "packets that the operating system dropped"),
            ("delivered", "packets delivered to the capturing program"),
        ],
    },
    Kind {
        name: "bookmark",
        about: "A note that somebody made while the capture ran: an interface statistics block that counts nothing and has a comment.",
        fields: &[("note", "what was noted")],
    },
    Kind {
        name: "capture_secrets",
        about: "Keys that the capture carries to decrypt it with; they themselves are not copied.",
        fields: &[("secrets_type", "whose keys"), ("size", "bytes of key material")],
    },
];
