//! What a PUBLISH carries: what kind of thing it is, its text, whose shadow it is about, and files.

use std::borrow::Cow;

use model::Fields;

use super::{Session, cbor, msgpack};
use crate::protocols::files::{self, File, mime_type};
use crate::protocols::payload::{self, MOST_PAYLOAD, printable};
use crate::protocols::{Message, Out, Side};

/// Two or three bytes are a sign of a file only if something follows.
const SHORTEST_FILE: usize = 64;

/// Unpacked text is not longer.
const LONGEST_TEXT: usize = 256 << 10;

/// A payload that is a file and on its way.
pub struct Carried {
    pub file: File,
    pub left: u64,
}

/// Writes the payload as [`payload::write`] does, but what is packed or coded as text. Returns which it is.
pub fn write(own: &mut Fields, said: &[u8], len: usize) -> &'static str {
    let (kind, text) = read(said, len);
    match text {
        Some(text) => {
            let text = text.get(..text.floor_char_boundary(MOST_PAYLOAD)).unwrap_or_default();
            own.text("payload", text);
            own.int("payload_len", len.try_into().unwrap_or(i64::MAX));
        }
        None => payload::write(own, said, len),
    }
    kind
}

/// Which kind a payload of `len` bytes is, of which `said` is there; and its text, if it has one.
pub fn read(said: &[u8], len: usize) -> (&'static str, Option<Cow<'_, str>>) {
    if said.is_empty() {
        return ("", None);
    }
    let whole = said.len() == len;
    let head = said.get(..MOST_PAYLOAD).unwrap_or(said);
    if let Some(text) = printable(head, head.len() < len) {
        let inside = text.trim();
        let is = |open, close| inside.starts_with(open) && (inside.ends_with(close) || head.len() < len);
        let kind = if is('{', '}') || is('[', ']') { "json" } else { "text" };
        return (kind, Some(Cow::Borrowed(text)).filter(|text| !text.is_empty()));
    }
    if !whole {
        return (short_name(said), None);
    }
    for (packing, begin, name) in [("gzip", &b"\x1f\x8b"[..], "gzip"), ("deflate", b"\x78", "zlib")] {
        if said.starts_with(begin)
            && let Ok(content) = files::content([said], packing, LONGEST_TEXT.min(said.len() * 32 + MOST_PAYLOAD))
        {
            let head = content.get(..MOST_PAYLOAD).unwrap_or(&content);
            return (name, printable(head, head.len() < content.len()).map(|text| Cow::Owned(text.to_owned())));
        }
    }
    let coded = [("cbor", cbor::text as fn(&[u8]) -> Option<String>), ("msgpack", msgpack::text)];
    let found = coded.into_iter().find_map(|(name, text)| text(said).map(|text| (name, Some(Cow::Owned(text)))));
    found.unwrap_or_else(|| (short_name(said), None))
}

fn short_name(said: &[u8]) -> &'static str {
    let sign = mime_type(said).filter(|_| said.len() >= SHORTEST_FILE);
    sign.filter(|mime_type| !mime_type.starts_with("text/")).unwrap_or("binary")
}

/// Thing, shadow and action of `$aws/things/<thing>/shadow/[name/<shadow>/]<action>`.
pub fn write_shadow(fields: &mut Fields, topic: &str) {
    let Some((thing, rest)) = topic.strip_prefix("$aws/things/").and_then(|rest| rest.split_once('/')) else { return };
    let (shadow, action) = match rest.strip_prefix("shadow/") {
        Some(rest) => match rest.strip_prefix("name/").and_then(|rest| rest.split_once('/')) {
            Some((name, action)) => (Some(name), action),
            None => (Some(""), rest),
        },
        None => (None, rest), // jobs, streams, ...
    };
    fields.text("thing", thing);
    if let Some(name) = shadow.filter(|name| !name.is_empty()) {
        fields.text("shadow", name);
    }
    fields.text("action", action);
}

impl Session {
    /// Begins a file if the payload is one: what is recognised as a file, and what is too long for a fact.
    pub(super) fn carry(
        &mut self,
        message: &Message,
        said: std::ops::Range<usize>,
        len: usize,
        topic: String,
        out: &mut Out,
    ) {
        let bytes = message.bytes.get(said.clone()).unwrap_or_default();
        let sign = mime_type(bytes).filter(|_| len >= SHORTEST_FILE);
        let is_file = sign.is_some_and(|mime_type| !mime_type.starts_with("text/") && mime_type != "application/json");
        if bytes.is_empty() || !is_file && len <= MOST_PAYLOAD {
            return;
        }
        let mut file = File::new("mqtt", "", out);
        file.subject = topic;
        file.total = Some(len as u64);
        file.take(message, said, out);
        let left = len.saturating_sub(bytes.len()) as u64;
        if left == 0 {
            file.end(message.side, true, out);
        } else {
            self.carried[message.side as usize] = Some(Box::new(Carried { file, left }));
        }
    }

    /// The payload goes on: how many bytes of the message are its.
    pub(super) fn carry_on(&mut self, message: &Message, out: &mut Out) -> Option<usize> {
        let slot = &mut self.carried[message.side as usize];
        let carried = slot.as_mut()?;
        let taken = usize::try_from(carried.left).unwrap_or(usize::MAX).min(message.bytes.len());
        carried.file.take(message, 0..taken, out);
        carried.left -= taken as u64;
        if carried.left == 0
            && let Some(carried) = slot.take()
        {
            carried.file.end(message.side, true, out);
        }
        Some(taken)
    }

    pub(super) fn missed_in_payload(&mut self, side: Side, bytes: u64) -> bool {
        let slot = &mut self.carried[side as usize];
        let Some(carried) = slot.as_mut().filter(|carried| bytes <= carried.left) else { return false };
        carried.file.missing(bytes);
        carried.left -= bytes;
        if carried.left == 0
            && let Some(carried) = slot.take()
        {
            self.ended.push((side, true, carried));
        }
        true
    }

    pub(super) fn tell_ended(&mut self, out: &mut Out) {
        for (side, complete, carried) in self.ended.drain(..) {
            carried.file.end(side, complete, out);
        }
    }
}
