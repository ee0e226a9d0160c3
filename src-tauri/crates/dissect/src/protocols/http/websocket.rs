//! WebSocket (RFC 6455): frames, and the protocol spoken inside them.

use std::ops::Range;

use super::messages::{self, Whole};
use crate::origin::Origin;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::{ALL, Conversation, Message, Out, Side, Step, payload};
use crate::{Level, Tree};

/// A longer frame is skipped.
const LONGEST_FRAME: usize = 64 * 1024;

/// So much of what is spoken inside is kept until a message of it is whole.
const MOST_UNREAD: usize = 256 * 1024;

/// Both directions of a connection after the upgrade.
#[derive(Default)]
pub struct WebSocket {
    /// Who was asked for it, and for what.
    uri: String,
    inner: Option<Box<dyn Conversation>>,
    sides: [Inside; 2],
}

/// What came out of the frames of one direction, as far as it is not read.
#[derive(Default)]
struct Inside {
    unread: Vec<u8>,
    skip: usize,
    done: bool,
    whole: Whole,
}

struct Frame {
    opcode: u8,
    flags: u8,
    mask: Option<[u8; 4]>,
    payload: Range<usize>,
}

impl WebSocket {
    /// `protocol`: what the handshake agreed on.
    pub fn new(protocol: &str, uri: String) -> WebSocket {
        let named = ALL.iter().find(|known| protocol.to_ascii_lowercase().starts_with(known.name()));
        WebSocket { uri, inner: named.map(|known| known.conversation()), ..WebSocket::default() }
    }

    /// Reads one frame.
    pub fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let frame = match header(bytes) {
            Ok(frame) => frame,
            Err(stop) if stop.short && !message.cut => return Step::More,
            Err(stop) => {
                out.tree.open("websocket", "WebSocket", 0..bytes.len(), String::new);
                stop.tell(message, out);
                out.tree.close();
                return Step::Done;
            }
        };
        let whole = frame.payload.end;
        let skipped = frame.payload.len() > LONGEST_FRAME;
        if bytes.len() < whole && !skipped && !message.cut {
            return Step::More;
        }
        let mut data = bytes.get(frame.payload.start..whole.min(bytes.len())).unwrap_or_default().to_vec();
        if let Some(mask) = frame.mask {
            data.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
        let end = whole.min(bytes.len());
        let place = frame.payload.start.min(end)..end;
        if frame.opcode >= 8 {
            // about the connection, not of what is spoken
            show(&frame, bytes.len(), &data, out);
            if frame.opcode == 8 {
                messages::close(&data, &self.uri, 0..end, out);
            }
            out.tree.close();
            return Step::Took(whole);
        }
        let last = frame.flags & 0x80 != 0;
        let inside = &mut self.sides[message.side as usize];
        if frame.opcode != 0 {
            inside.whole.begin(frame.opcode == 1, frame.flags & 0x40 != 0);
        }
        let packed = inside.whole.packed;
        let unpacked =
            if skipped || data.len() < frame.payload.len() { None } else { inside.whole.unpack(&data, last) };
        show(&frame, bytes.len(), unpacked.as_deref().unwrap_or(&data), out);
        match unpacked {
            None => {
                inside.unread.clear();
                inside.whole.lose();
                if let Some(inner) = &mut self.inner {
                    inner.gap(message.side);
                }
                if packed {
                    out.tree.note(
                        Level::Note,
                        place,
                        "compressed (permessage-deflate), and what came before is missing",
                    );
                }
            }
            Some(data) => {
                if packed {
                    // what is inside does not stand in these bytes
                    let tree = std::mem::take(&mut out.tree);
                    self.feed(message, place, &data, out);
                    out.tree = tree;
                } else {
                    self.feed(message, place, &data, out);
                }
                self.spoken(message.side, &data, last, 0..end, out);
            }
        }
        out.tree.close();
        Step::Took(whole)
    }

    /// A message that is of no protocol known is told as it is.
    fn spoken(&mut self, side: Side, data: &[u8], last: bool, place: Range<usize>, out: &mut Out) {
        let inside = &mut self.sides[side as usize];
        if self.inner.is_some() {
            return;
        }
        inside.whole.add(data);
        if last {
            inside.whole.tell(&self.uri, place, out);
            if inside.whole.text {
                inside.unread.clear(); // the next message may be of a protocol that is known
            }
        }
    }

    /// Reads what is whole of the protocol inside. Its facts are about the frame that completes them.
    fn feed(&mut self, message: &Message, place: Range<usize>, data: &[u8], out: &mut Out) {
        let inside = &mut self.sides[message.side as usize];
        if inside.done {
            return;
        }
        let before = inside.unread.len();
        inside.unread.extend_from_slice(data);
        let unread = std::mem::take(&mut inside.unread);
        let mut at = inside.skip.min(unread.len());
        inside.skip -= at;
        while at < unread.len() {
            let rest = unread.get(at..).unwrap_or_default();
            let origin = Origin { made_of: Some(place.end.min(message.bytes.len())), ..message.origin };
            let spoken = Message { bytes: rest, cut: false, origin, ..*message };
            if self.inner.is_none() {
                let known = ALL.iter().find(|protocol| protocol.recognises(&spoken, false));
                self.inner = known.map(|protocol| protocol.conversation());
            }
            let Some(inner) = &mut self.inner else { break };
            let mut found = Out { held: out.held, grown: out.grown, ..Out::new(Tree::off()) };
            // positions can be given only if the message began in this frame
            let shifted = at.checked_sub(before).map(|ahead| {
                std::mem::swap(&mut found.tree, &mut out.tree);
                found.tree.shift(place.start + ahead)
            });
            let step = inner.read(&spoken, &mut found);
            if let Some((source, base)) = shifted {
                found.tree.rebase(source, base);
                std::mem::swap(&mut found.tree, &mut out.tree);
            }
            (out.held, out.grown) = (found.held, found.grown);
            for mut fact in found.facts {
                fact.bytes = 0..place.end.min(message.bytes.len());
                out.facts.push(fact);
            }
            out.complaints.extend(
                found
                    .complaints
                    .into_iter()
                    .map(|complaint| crate::protocols::Complaint { at: place.start, ..complaint }),
            );
            match step {
                Step::Took(n) => {
                    let n = n.max(1);
                    inside.skip = n.saturating_sub(rest.len());
                    at += n.min(rest.len());
                }
                Step::More => break,
                Step::Done => {
                    inside.done = true;
                    at = unread.len();
                }
                Step::NotMine => at = unread.len(),
            }
        }
        if unread.len() - at <= MOST_UNREAD && !inside.done {
            inside.unread = unread.get(at..).unwrap_or_default().to_vec();
        }
    }

    pub fn finish(&mut self, message: &Message, out: &mut Out) {
        if let Some(inner) = &mut self.inner {
            inner.finish(message, out);
        }
    }

    pub fn gap(&mut self, side: Side) {
        self.sides[side as usize].unread.clear();
        self.sides[side as usize].whole.gap();
        if let Some(inner) = &mut self.inner {
            inner.gap(side);
        }
    }
}

/// Whether whole frames fill these bytes.
pub fn fill(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match header(rest) {
            Ok(frame) if frame.payload.end <= rest.len() => at += frame.payload.end,
            _ => return false,
        }
    }
    !bytes.is_empty()
}

/// Section 5.2.
fn header(bytes: &[u8]) -> Result<Frame, Stop> {
    let mut cursor = Cursor::new(bytes);
    let why = "WebSocket frame cut short";
    let first = cursor.u8(why)?;
    let second = cursor.u8(why)?;
    if !matches!(first & 15, 0..=2 | 8..=10) || first & 0x30 != 0 {
        return Err(Stop { at: 0, why: "no WebSocket frame begins here", short: false });
    }
    let len = match second & 0x7f {
        126 => usize::from(cursor.u16(why)?),
        127 => usize::try_from(cursor.u64(why)?).unwrap_or(usize::MAX),
        short => short.into(),
    };
    // Section 5.5: those about the connection come whole, short and as they are.
    if first & 8 != 0 && (first & 0xc0 != 0x80 || second & 0x7f > 125) {
        return Err(Stop { at: 0, why: "no WebSocket frame begins here", short: false });
    }
    let mask = if second & 0x80 != 0 { Some(cursor.u32(why)?.to_be_bytes()) } else { None };
    let start = cursor.at();
    Ok(Frame { opcode: first & 15, flags: first & 0xf0, mask, payload: start..start.saturating_add(len) })
}

fn show(frame: &Frame, have: usize, data: &[u8], out: &mut Out) {
    let end = frame.payload.end.min(have);
    let name = match frame.opcode {
        0 => "continuation",
        1 => "text",
        2 => "binary",
        8 => "close",
        9 => "ping",
        _ => "pong",
    };
    out.tree.open("websocket", "WebSocket", 0..end, || name.to_owned());
    out.tree.int("websocket.fin", "Fin", 0..1, frame.flags >> 7);
    out.tree.int("websocket.rsv", "Reserved", 0..1, frame.flags >> 4 & 7);
    out.tree.coded("websocket.opcode", "Opcode", 0..1, frame.opcode, || format!("{} ({name})", frame.opcode));
    out.tree.int("websocket.mask", "Mask", 1..2, u8::from(frame.mask.is_some()));
    out.tree.int("websocket.payload_length", "Payload length", 1..2, frame.payload.len());
    if out.tree.is_on() && !data.is_empty() {
        out.tree.text("websocket.payload", "Payload", frame.payload.start..end, payload::shown(data));
    }
}
