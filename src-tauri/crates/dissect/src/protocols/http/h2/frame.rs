//! What stands before each frame (RFC 9113 section 4.1).

/// What a client says first (section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Length of a frame's own header.
pub const HEADER: usize = 9;

/// The longest frame, if the other side does not say that it takes longer ones.
pub const USUAL_MOST: usize = 16_384;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags; the first of them means two things.
pub const ACK: u8 = 0x01;
pub const END_STREAM: u8 = 0x01;
pub const END_HEADERS: u8 = 0x04;
pub const PADDED: u8 = 0x08;
pub const WITH_PRIORITY: u8 = 0x20;

#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Of what follows the header.
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub reserved: bool,
    pub stream: u32,
}

impl Frame {
    pub fn read(bytes: &[u8]) -> Option<Frame> {
        let [high, middle, low, kind, flags, stream @ ..] = *bytes.first_chunk::<HEADER>()?;
        let stream = u32::from_be_bytes(stream);
        Some(Frame {
            length: u32::from_be_bytes([0, high, middle, low]) as usize,
            kind,
            flags,
            reserved: stream >> 31 != 0,
            stream: stream & 0x7fff_ffff,
        })
    }

    /// Header and all.
    pub fn end(&self) -> usize {
        HEADER + self.length
    }

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub fn name(&self) -> &'static str {
        match self.kind {
            DATA => "DATA",
            HEADERS => "HEADERS",
            PRIORITY => "PRIORITY",
            RST_STREAM => "RST_STREAM",
            SETTINGS => "SETTINGS",
            PUSH_PROMISE => "PUSH_PROMISE",
            PING => "PING",
            GOAWAY => "GOAWAY",
            WINDOW_UPDATE => "WINDOW_UPDATE",
            CONTINUATION => "CONTINUATION",
            10 => "ALTSVC",
            12 => "ORIGIN",
            16 => "PRIORITY_UPDATE",
            _ => "Unknown",
        }
    }

    /// What the rules of its type do not allow.
    pub fn wrong(&self) -> Option<&'static str> {
        let (streams, length) = match self.kind {
            DATA | HEADERS | CONTINUATION | PUSH_PROMISE => (Some(true), true),
            PRIORITY => (Some(true), self.length == 5),
            RST_STREAM => (Some(true), self.length == 4),
            SETTINGS => (Some(false), self.length.is_multiple_of(6) && (!self.has(ACK) || self.length == 0)),
            PING => (Some(false), self.length == 8),
            GOAWAY => (Some(false), self.length >= 8),
            WINDOW_UPDATE => (None, self.length == 4),
            _ => (None, true),
        };
        match streams {
            Some(needed) if needed != (self.stream != 0) => Some("HTTP/2 frame of a type that is not for this stream"),
            _ if !length => Some("HTTP/2 frame of a length that its type does not have"),
            _ => None,
        }
    }

    /// Whether it looks like one, to somebody who does not know that a frame begins here.
    pub fn is_likely(&self) -> bool {
        let flags = match self.kind {
            DATA => END_STREAM | PADDED,
            HEADERS => END_STREAM | END_HEADERS | PADDED | WITH_PRIORITY,
            PUSH_PROMISE => END_HEADERS | PADDED,
            SETTINGS | PING => ACK,
            PRIORITY | RST_STREAM | GOAWAY | WINDOW_UPDATE | 10 | 12 | 16 => 0,
            // one that continues what is not there is of no use
            _ => return false,
        };
        // zeros, such as padding is of, would be an empty one
        if self.kind == DATA && self.length == 0 && !self.has(END_STREAM) {
            return false;
        }
        let fits = self.length <= USUAL_MOST && self.flags & !flags == 0 && self.stream < 1 << 20;
        fits && !self.reserved && self.wrong().is_none()
    }
}

/// More frames in a row need not be looked at.
const ENOUGH: usize = 32;

/// Whether frames follow each other here; the last may not be all there, if it is not the only one.
pub fn chain(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for n in 0..ENOUGH {
        let Some(frame) = Frame::read(rest) else { return n > 0 };
        // behind one that looks like it, also what goes on with a header block, or is of a type to come
        let further = n > 0 && (frame.kind == CONTINUATION || frame.name() == "Unknown");
        let further = further && frame.length <= USUAL_MOST && !frame.reserved;
        if !frame.is_likely() && !further {
            return false;
        }
        // of a first frame that goes on beyond these bytes its header alone would speak, and few bytes look like many things
        let Some(next) = rest.get(frame.end()..) else { return n > 0 };
        rest = next;
    }
    true
}
