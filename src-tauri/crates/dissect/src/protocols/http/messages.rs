//! What is said by WebSocket where no other protocol is spoken inside: messages, put together and unpacked (RFC 6455, RFC 7692).

use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};
use model::Kind;

use super::body::told;
use crate::protocols::credentials::members;
use crate::protocols::{Out, payload};

pub const KIND: Kind = Kind {
    name: "websocket",
    about: "A message by WebSocket, or why it was closed.",
    fields: &[
        ("msg_type", "text, binary or close"),
        ("uri", "what was asked for, and whom"),
        ("payload", "the message, as far as it is text"),
        ("payload_hex", "the message, if it is none"),
        ("payload_len", "its length in bytes, unpacked"),
        ("compressed", "it was sent packed (permessage-deflate)"),
        ("code", "why it was closed: 1000 is nothing special"),
        ("reason", "the same in words"),
    ],
};

/// A longer message is not kept.
const LONGEST: usize = 256 * 1024;
/// What ends each packed message, and is not sent (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The message of one direction that is being put together.
#[derive(Default)]
pub struct Whole {
    pub text: bool,
    pub packed: bool,
    bytes: Vec<u8>,
    /// Something of it is missing.
    lost: bool,
    inflate: Option<Decompress>,
    /// What was packed before is missing, and what comes refers to it.
    blind: bool,
}

impl Whole {
    pub fn begin(&mut self, text: bool, packed: bool) {
        (self.text, self.packed, self.lost) = (text, packed, false);
        self.bytes.clear();
    }

    /// Something is missing.
    pub fn lose(&mut self) {
        self.lost = true;
        self.bytes.clear();
        self.blind |= self.packed;
    }

    /// A gap: all that is packed from here on may refer to what is missing.
    pub fn gap(&mut self) {
        self.lose();
        self.blind = true;
    }

    /// The next piece as it is when unpacked; none if it cannot be had.
    pub fn unpack(&mut self, piece: &[u8], last: bool) -> Option<Vec<u8>> {
        if !self.packed {
            return Some(piece.to_vec());
        }
        if self.blind {
            return None;
        }
        let inflate = self.inflate.get_or_insert_with(|| Decompress::new(false));
        let mut out = Vec::new();
        for part in [piece, if last { &TAIL } else { &[] }] {
            let before = inflate.total_in();
            let mut at = 0;
            // a full buffer may not be all
            while at < part.len() || out.len() == out.capacity() && !out.is_empty() {
                if out.len() >= LONGEST {
                    self.blind = true;
                    return None;
                }
                out.reserve(8 * 1024);
                let held = out.len();
                let rest = part.get(at..).unwrap_or_default();
                let status = inflate.decompress_vec(rest, &mut out, FlushDecompress::Sync);
                let read = usize::try_from(inflate.total_in() - before).unwrap_or(usize::MAX);
                let stuck = read <= at && out.len() == held;
                at = read;
                match status {
                    Ok(Status::StreamEnd) => {
                        inflate.reset(false);
                        break;
                    }
                    Ok(_) if !stuck => {}
                    Ok(_) if at >= part.len() => break,
                    _ => {
                        self.blind = true;
                        return None;
                    }
                }
            }
        }
        Some(out)
    }

    pub fn add(&mut self, piece: &[u8]) {
        if self.bytes.len() + piece.len() > LONGEST {
            self.lost = true;
            self.bytes.clear();
        } else if !self.lost {
            self.bytes.extend_from_slice(piece);
        }
    }

    /// The whole message, which a frame completes: `place` are its bytes.
    pub fn tell(&mut self, uri: &str, place: Range<usize>, out: &mut Out) {
        let bytes = std::mem::take(&mut self.bytes);
        if self.lost || bytes.is_empty() {
            return;
        }
        if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| self.text && text.starts_with(['{', '['])) {
            let host = uri.split('/').next().unwrap_or_default();
            told("json", host, members(text), place.clone(), out);
        }
        let fact = out.fact(KIND.name, place);
        fact.subject = uri.to_owned();
        fact.fields.text("msg_type", if self.text { "text" } else { "binary" });
        if !uri.is_empty() {
            fact.fields.text("uri", uri);
        }
        if self.packed {
            fact.fields.flag("compressed", true);
        }
        payload::write(&mut fact.own, &bytes, bytes.len());
    }
}

/// A close frame (RFC 6455 section 5.5.1).
pub fn close(data: &[u8], uri: &str, place: Range<usize>, out: &mut Out) {
    let fact = out.fact(KIND.name, place);
    fact.subject = uri.to_owned();
    fact.fields.text("msg_type", "close");
    if !uri.is_empty() {
        fact.fields.text("uri", uri);
    }
    if let Some((code, reason)) = data.split_first_chunk::<2>() {
        fact.fields.int("code", u16::from_be_bytes(*code).into());
        if !reason.is_empty() {
            fact.fields.bytes_as_text("reason", reason);
        }
    }
}
