//! Long headers and the frames of first packets (RFC 9000 sections 17.2 and 19).

use std::ops::Range;

use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};

pub const VERSION_1: u32 = 1;
pub const VERSION_2: u32 = 0x6b33_43cf;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    VersionNegotiation,
    /// Of a version that we don't know.
    Unknown,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Initial => "Initial",
            Form::ZeroRtt => "0-RTT",
            Form::Handshake => "Handshake",
            Form::Retry => "Retry",
            Form::VersionNegotiation => "Version Negotiation",
            Form::Unknown => "unknown version",
        }
    }
}

/// A packet with a long header. Positions are those of the datagram.
#[derive(Debug)]
pub struct Long<'a> {
    pub form: Form,
    pub version: u32,
    pub dcid: &'a [u8],
    pub scid: &'a [u8],
    pub token: Range<usize>,
    /// Packet number and what it protects; of other forms what follows the header.
    pub payload: Range<usize>,
    /// Where the next packet of the datagram begins, as this one claims.
    pub end: usize,
}

impl<'a> Long<'a> {
    pub fn read(mut cursor: Cursor<'a>) -> Result<Long<'a>, Stop> {
        let why = "QUIC header cut short";
        let at = cursor.at();
        let first = cursor.u8(why)?;
        let version = cursor.u32(why)?;
        let bad = |why| Stop { at, why, short: false };
        let form = match (version, first >> 4 & 3) {
            (0, _) => Form::VersionNegotiation,
            (VERSION_2, bits) => [Form::Retry, Form::Initial, Form::ZeroRtt, Form::Handshake][usize::from(bits)],
            (VERSION_1 | 0xff00_0017..=0xff00_0022, bits) => {
                [Form::Initial, Form::ZeroRtt, Form::Handshake, Form::Retry][usize::from(bits)]
            }
            _ => Form::Unknown,
        };
        // the second bit may be anything once both sides have agreed so (RFC 9287), and in a Version Negotiation
        if first & 0x80 == 0 || first & 0x40 == 0 && form == Form::Unknown {
            return Err(bad("no QUIC packet begins here"));
        }
        let mut id = || {
            let len = cursor.u8(why)?;
            if len > 20 && form != Form::VersionNegotiation {
                return Err(bad("QUIC connection id of more than 20 bytes"));
            }
            cursor.take(len.into(), why)
        };
        let (dcid, scid) = (id()?, id()?);
        let mut token = cursor.at()..cursor.at();
        if form == Form::Initial {
            let len = varint(&mut cursor)?;
            token = cursor.part(usize::try_from(len).unwrap_or(usize::MAX), "QUIC token cut short")?.remaining();
        }
        let end = match form {
            Form::Initial | Form::ZeroRtt | Form::Handshake => {
                let len = usize::try_from(varint(&mut cursor)?).unwrap_or(usize::MAX);
                if len < 20 {
                    return Err(bad("QUIC packet too short to be protected"));
                }
                cursor.at().saturating_add(len)
            }
            Form::Retry | Form::VersionNegotiation | Form::Unknown => cursor.end(),
        };
        let payload = cursor.at()..end.min(cursor.end());
        Ok(Long { form, version, dcid, scid, token, payload, end })
    }

    /// Version 2 numbers the types anew (RFC 9369, section 3.2).
    fn packet_type(&self) -> (&'static str, u8) {
        let code = match self.form {
            Form::Initial | Form::VersionNegotiation | Form::Unknown => 0,
            Form::ZeroRtt => 1,
            Form::Handshake => 2,
            Form::Retry => 3,
        };
        match self.version {
            VERSION_2 => ("quic.long.packet_type_v2", (code + 1) % 4),
            _ => ("quic.long.packet_type", code),
        }
    }

    pub fn version_name(&self) -> String {
        version_name(self.version)
    }

    /// Writes the header's fields to the tree; it begins at `at`.
    pub fn show(&self, at: usize, tree: &mut Tree) {
        let dcid = at + 6..at + 6 + self.dcid.len();
        let scid = dcid.end + 1..dcid.end + 1 + self.scid.len();
        tree.int("quic.header_form", "Header Form", at..at + 1, 1);
        let (field, code) = self.packet_type();
        tree.coded(field, "Packet Type", at..at + 1, code, || self.form.name().to_owned());
        tree.coded("quic.version", "Version", at + 1..at + 5, self.version, || self.version_name());
        tree.bytes("quic.dcid", "Destination Connection ID", dcid, self.dcid);
        tree.bytes("quic.scid", "Source Connection ID", scid, self.scid);
        if !self.token.is_empty() {
            tree.int("quic.token_length", "Token Length", self.token.clone(), self.token.len());
        }
        tree.int("quic.length", "Length", self.payload.clone(), self.payload.len());
    }
}

pub fn version_name(version: u32) -> String {
    match version {
        VERSION_1 => "1".to_owned(),
        VERSION_2 => "2".to_owned(),
        0xff00_0000..=0xff00_00ff => format!("draft-{}", version & 0xff),
        other => format!("{other:08x}"),
    }
}

/// RFC 9000 section 16.
pub fn varint(cursor: &mut Cursor) -> Result<u64, Stop> {
    let why = "QUIC number cut short";
    let first = cursor.u8(why)?;
    let mut value = u64::from(first & 0x3f);
    for _ in 1..1 << (first >> 6) {
        value = value << 8 | u64::from(cursor.u8(why)?);
    }
    Ok(value)
}

/// Reads the frames of a first packet; `crypto` gets each CRYPTO frame's offset and where its data are in `plain`. `place`: where
/// `plain` lies in the datagram.
pub fn frames(plain: &[u8], place: usize, tree: &mut Tree, crypto: &mut dyn FnMut(u64, Range<usize>)) {
    let mut cursor = Cursor::new(plain);
    while !cursor.is_empty() {
        let start = cursor.at();
        if frame(&mut cursor, place, tree, crypto).is_err() || cursor.at() == start {
            break; // other frames do not belong here
        }
    }
}

fn frame(
    cursor: &mut Cursor,
    place: usize,
    tree: &mut Tree,
    crypto: &mut dyn FnMut(u64, Range<usize>),
) -> Result<(), Stop> {
    let start = cursor.at();
    let kind = varint(cursor)?;
    let name = match kind {
        0 => {
            let padding = cursor.rest();
            let len = padding.iter().take_while(|byte| **byte == 0).count();
            *cursor = Cursor::starting(cursor.message(), start + 1 + len);
            "PADDING"
        }
        1 => "PING",
        2 | 3 => {
            varint(cursor)?;
            varint(cursor)?;
            let ranges = varint(cursor)?;
            varint(cursor)?;
            for _ in 0..ranges {
                varint(cursor)?;
                varint(cursor)?;
            }
            for _ in 0..if kind == 3 { 3 } else { 0 } {
                varint(cursor)?;
            }
            "ACK"
        }
        6 => {
            let offset = varint(cursor)?;
            let len = usize::try_from(varint(cursor)?).unwrap_or(usize::MAX);
            crypto(offset, cursor.part(len, "CRYPTO frame cut short")?.remaining());
            "CRYPTO"
        }
        0x1c | 0x1d => {
            varint(cursor)?;
            if kind == 0x1c {
                varint(cursor)?;
            }
            let len = usize::try_from(varint(cursor)?).unwrap_or(usize::MAX);
            cursor.take(len, "reason cut short")?;
            "CONNECTION_CLOSE"
        }
        _ => return Err(cursor.stop("frame of an unknown kind")),
    };
    let range = cursor.since(start);
    tree.text("quic.frame", "Frame", place + range.start..place + range.end, name);
    Ok(())
}
