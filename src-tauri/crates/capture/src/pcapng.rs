//! Blocks of the pcapng format, little-endian (draft-ietf-opsawg-pcapng, sections 4.1 to 4.6).

/// What a file says of where and how it was made: its Section Header Block.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub hardware: String,
    pub os: String,
    pub application: String,
    pub comments: Vec<String>,
}

/// The interface that was listened at: its Interface Description Block.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    pub name: String,
    pub description: String,
    pub filter: String,
    pub os: String,
    pub hardware: String,
    pub mac: Option<[u8; 6]>,
    pub link_type: u16,
    pub snap_len: u32,
    pub nanoseconds: bool,
}

/// How a recording went: its Interface Statistics Block. Times are in the interface's own resolution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    pub started: u64,
    pub ended: u64,
    /// Packets that libpcap counted, those dropped for want of room included.
    pub received: u64,
    /// Dropped by the interface or its driver.
    pub if_dropped: u64,
    /// Dropped by the system since they were not fetched in time.
    pub os_dropped: u64,
    /// Written here.
    pub delivered: u64,
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const COMMENT: u16 = 1;

/// Section Header Block, of a length that is not known.
pub fn section(out: &mut Vec<u8>, about: &Section) {
    block(out, SECTION, |out| {
        out.extend(0x1a2b_3c4d_u32.to_le_bytes());
        out.extend([1, 0, 0, 0]); // version 1.0
        out.extend(u64::MAX.to_le_bytes());
        for comment in &about.comments {
            text(out, COMMENT, comment);
        }
        text(out, 2, &about.hardware);
        text(out, 3, &about.os);
        text(out, 4, &about.application);
        end_of_options(out);
    });
}

/// Interface Description Block.
pub fn interface(out: &mut Vec<u8>, about: &Interface) {
    block(out, INTERFACE, |out| {
        out.extend(about.link_type.to_le_bytes());
        out.extend([0, 0]);
        out.extend(about.snap_len.to_le_bytes());
        text(out, 2, &about.name);
        text(out, 3, &about.description);
        if let Some(mac) = about.mac {
            option(out, 6, &mac);
        }
        option(out, 9, &[if about.nanoseconds { 9 } else { 6 }]);
        if !about.filter.is_empty() {
            // The first byte says what the rest is: 0 is the text of a capture filter.
            let mut filter = vec![0];
            filter.extend(about.filter.bytes());
            option(out, 11, &filter);
        }
        text(out, 12, &about.os);
        text(out, 15, &about.hardware);
        end_of_options(out);
    });
}

/// Enhanced Packet Block of the only interface. `ticks` are of the interface's resolution.
#[inline]
pub fn packet(out: &mut Vec<u8>, ticks: u64, data: &[u8], original: u32) {
    let padding = data.len().wrapping_neg() & 3;
    let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let total = (packet_len(data.len()) as u32).to_le_bytes();
    let mut head = [0; 28];
    head[0..4].copy_from_slice(&PACKET.to_le_bytes());
    head[4..8].copy_from_slice(&total);
    head[12..16].copy_from_slice(&((ticks >> 32) as u32).to_le_bytes());
    head[16..20].copy_from_slice(&(ticks as u32).to_le_bytes());
    head[20..24].copy_from_slice(&captured.to_le_bytes());
    head[24..28].copy_from_slice(&original.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(data);
    out.extend_from_slice(&[0; 3][..padding]);
    out.extend_from_slice(&total);
}

/// Length of the block of a packet of so many bytes.
pub const fn packet_len(data: usize) -> usize {
    32 + data + (data.wrapping_neg() & 3)
}

/// Interface Statistics Block of the only interface.
pub fn statistics(out: &mut Vec<u8>, about: &Statistics, comment: &str) {
    block(out, STATISTICS, |out| {
        out.extend([0; 4]);
        time(out, about.ended);
        text(out, COMMENT, comment);
        for (code, ticks) in [(2, about.started), (3, about.ended)] {
            out.extend([code, 0, 8, 0]);
            time(out, ticks);
        }
        let counts = [
            (4, about.received),
            (5, about.if_dropped),
            (6, about.delivered.saturating_add(about.os_dropped)), // accepted by the filter
            (7, about.os_dropped),
            (8, about.delivered),
        ];
        for (code, count) in counts {
            option(out, code, &count.to_le_bytes());
        }
        end_of_options(out);
    });
}

/// How many of the bytes are whole blocks.
pub fn whole(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = bytes.get(at + 4..at + 8) {
        let length = u32::from_le_bytes(length.try_into().unwrap_or_default()) as usize;
        if length < 12 || length > bytes.len() - at {
            break;
        }
        at += length;
    }
    at
}

fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let total = ((out.len() - start + 4) as u32).to_le_bytes();
    out[start + 4..start + 8].copy_from_slice(&total);
    out.extend(total);
}

fn time(out: &mut Vec<u8>, ticks: u64) {
    out.extend(((ticks >> 32) as u32).to_le_bytes());
    out.extend((ticks as u32).to_le_bytes());
}

/// An option of text, unless there is none. What is longer than an option can be is cut between two characters.
fn text(out: &mut Vec<u8>, code: u16, text: &str) {
    if !text.is_empty() {
        option(out, code, &text.as_bytes()[..text.floor_char_boundary(LONGEST)]);
    }
}

const LONGEST: usize = 65_535;

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(LONGEST)];
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    out.extend(&[0; 3][..value.len().wrapping_neg() & 3]);
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes
            .chunks(4)
            .map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_section() {
        let mut out = Vec::new();
        section(&mut out, &Section { os: "Linux".into(), comments: vec!["hi".into()], ..Section::default() });
        assert_eq!(
            hex(&out),
            "0a0d0d0a 34000000 4d3c2b1a 01000000 ffffffff ffffffff 01000200 68690000 03000500 4c696e75 78000000 00000000 34000000"
        );
    }

    #[test]
    fn an_interface() {
        let about = Interface {
            name: "eth0".into(),
            filter: "tcp".into(),
            mac: Some([2, 0, 0, 0, 0, 1]),
            link_type: 1,
            snap_len: 262_144,
            nanoseconds: true,
            ..Interface::default()
        };
        let mut out = Vec::new();
        interface(&mut out, &about);
        assert_eq!(
            hex(&out),
            "01000000 3c000000 01000000 00000400 02000400 65746830 06000600 02000000 00010000 09000100 09000000 \
             0b000400 00746370 00000000 3c000000"
        );
    }

    #[test]
    fn packets_of_all_paddings() {
        for length in 0..9 {
            let mut out = Vec::new();
            packet(&mut out, 0x0011_2233_4455_6677, &[0xaa; 9][..length], 1_500);
            assert_eq!(out.len(), packet_len(length));
            assert_eq!(out.len() % 4, 0);
            assert_eq!(whole(&out), out.len());
            assert_eq!(whole(&out[..out.len() - 1]), 0);
        }
        let mut out = Vec::new();
        packet(&mut out, 0x0011_2233_4455_6677, &[0xaa; 5], 1_500);
        assert_eq!(
            hex(&out),
            "06000000 28000000 00000000 33221100 77665544 05000000 dc050000 aaaaaaaa aa000000 28000000"
        );
    }

    #[test]
    fn statistics_with_a_word() {
        let about = Statistics {
            started: 1 << 32,
            ended: (1 << 32) + 5,
            received: 9,
            if_dropped: 1,
            os_dropped: 2,
            delivered: 7,
        };
        let mut out = Vec::new();
        statistics(&mut out, &about, "end");
        assert_eq!(
            hex(&out),
            "05000000 78000000 00000000 01000000 05000000 01000300 656e6400 02000800 01000000 00000000 \
             03000800 01000000 05000000 04000800 09000000 00000000 05000800 01000000 00000000 \
             06000800 09000000 00000000 07000800 02000000 00000000 08000800 07000000 00000000 00000000 78000000"
        );
    }

    #[test]
    fn what_is_whole() {
        let mut out = Vec::new();
        packet(&mut out, 1, b"one", 3);
        let first = out.len();
        packet(&mut out, 2, b"another", 7);
        let cases = [(0, 0), (7, 0), (first - 1, 0), (first, first), (first + 9, first), (out.len(), out.len())];
        for (length, expected) in cases {
            assert_eq!(whole(&out[..length]), expected, "{length}");
        }
        assert_eq!(whole(&[0; 64]), 0);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut out = Vec::new();
        text(&mut out, COMMENT, &format!("x{}", "é".repeat(40_000)));
        assert_eq!(u16::from_le_bytes([out[2], out[3]]), 65_535);
        let mut out = Vec::new();
        text(&mut out, COMMENT, &"é".repeat(40_000));
        assert_eq!(u16::from_le_bytes([out[2], out[3]]), 65_534);
        assert!(std::str::from_utf8(&out[4..4 + 65_534]).is_ok());
    }
}
