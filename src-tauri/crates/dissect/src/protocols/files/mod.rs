//! Files that pass in a protocol's bodies (Zeek's files.log): read as they arrive, hashed, never held.

mod magic;
mod sought;
mod unpack;

pub use self::magic::mime_type;
pub use self::sought::{Sought, Wanted};
pub use self::unpack::{Unpacker, content, is_known};

use std::io::{self, Write};
use std::ops::Range;

use model::{Fields, Kind, Piece, Place};
use sha2::{Digest, Sha256};

use super::{Message, Out, Side};

/// Pieces of a file that its place names; a longer file's place says only where it begins.
pub const MOST_PIECES: usize = 4_096;

/// So much of a content is kept to recognise it by.
const HEAD: usize = 1_024;

/// Packed content may unpack to so many times its length.
const GROWTH: u64 = 32;

/// What contents of one capture grow beyond that, all together: a few do, many are bombs.
const MOST_GROWN: u64 = 4 << 30;

pub const KIND: Kind = Kind {
    name: "files",
    about: "A file that passed in a message's body; its place is the body's bytes.",
    fields: &[
        ("mime_type", "what it is, by its first bytes"),
        ("filename", "as the sender calls it, else the last part of its address"),
        ("source", "protocol that carried it"),
        ("is_orig", "the side that opened the connection sent it"),
        ("sha256", "of the content, unpacked; only if all of it was seen"),
        ("total_bytes", "length of the body, if it was announced or all of it was seen"),
        ("seen_bytes", "bytes of the body that the capture holds"),
        ("missing_bytes", "bytes of the body that it lacks"),
        ("content_bytes", "length of what was packed"),
        ("encoding", "how the body is packed"),
        ("packed", "hash and type are of the body as it is: this packing is not one that is read"),
        ("transfer_encoding", "chunked: the place leaves the chunks' own bytes out"),
        ("content_type", "what it is, as the sender says"),
        ("content_range", "only this part of a file was sent"),
        ("host", "who was asked, or whom it was sent to"),
        ("decrypted", "it was read with the keys of a key log: its place is the encrypted records"),
        ("place_cut", "the place names only the first pieces"),
        ("incomplete", "the end of it was not seen"),
        ("error", "why it could not be unpacked"),
    ],
};

/// A file on its way.
pub struct File {
    pub subject: String,
    /// What is known of it beforehand.
    pub fields: Fields,
    /// Length of the body, as announced.
    pub total: Option<u64>,
    encoding: String,
    /// Of [`Out::held`].
    held: u32,
    /// So much of the content is handed over at the end.
    keep: usize,
    content: Option<Unpacker<Content>>,
    /// What is left of the content when it could not be unpacked to its end.
    head: Vec<u8>,
    error: Option<&'static str>,
    seen: u64,
    missing: u64,
    /// Of [`Out::grown`].
    grown: u64,
    pieces: Vec<Piece>,
    cut: bool,
    /// Somebody wants it, and it was not kept: too much is held already.
    is_refused: bool,
}

/// The beginning of a file's content, as far as it was to be kept.
#[derive(Debug, Default)]
pub struct Kept {
    pub bytes: Vec<u8>,
    /// That is all of it.
    pub whole: bool,
}

/// Unpacked bytes: hashed and counted.
struct Content {
    hash: Sha256,
    length: u64,
    head: Vec<u8>,
    /// So much of it goes there.
    keep: usize,
    /// More is too much.
    most: u64,
}

impl Write for Content {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length += bytes.len() as u64;
        if self.length > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.hash.update(bytes);
        if let Some(room) = self.keep.checked_sub(self.head.len()).filter(|room| *room > 0) {
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl File {
    /// `encoding`: how it is packed; empty: it is not.
    pub fn new(source: &str, encoding: &str, out: &mut Out) -> File {
        let mut fields = Fields::new();
        fields.text("source", source);
        let content = Content { hash: Sha256::new(), length: 0, head: Vec::new(), keep: HEAD, most: u64::MAX };
        let held = unpack::weight(encoding);
        let room = out.held.saturating_add(held) <= unpack::MOST_HELD;
        let held = if room { held } else { 0 };
        out.held += held;
        File {
            subject: String::new(),
            fields,
            total: None,
            encoding: encoding.to_owned(),
            held,
            keep: 0,
            content: room.then(|| Unpacker::new(encoding, content)),
            head: Vec::new(),
            error: (!room).then_some("too many packed files at the same time"),
            seen: 0,
            missing: 0,
            grown: 0,
            pieces: Vec::new(),
            cut: false,
            is_refused: false,
        }
    }

    /// So many bytes of the content will be read when it is whole. Before anything of it has come.
    pub fn keep(&mut self, bytes: usize, out: &mut Out) {
        let held = (bytes.saturating_sub(self.keep) >> 10) as u32;
        if bytes > self.keep
            && let Some(content) = self.content.as_mut().and_then(|content| content.get_mut())
            && out.held.saturating_add(held) <= unpack::MOST_HELD
        {
            (self.keep, content.keep) = (bytes, bytes.max(HEAD));
            self.held += held;
            out.held += held;
        }
    }

    /// The body goes on with this part of the message.
    pub fn take(&mut self, message: &Message, range: Range<usize>, out: &mut Out) {
        let Some(bytes) = message.bytes.get(range.clone()).filter(|bytes| !bytes.is_empty()) else { return };
        let is_first = self.seen == 0;
        self.seen += bytes.len() as u64;
        self.cut |= self.cut || !message.origin.add(range, &mut self.pieces, MOST_PIECES);
        if is_first && let Some((sought, first)) = out.sought.as_ref().zip(self.pieces.first()) {
            let room = sought.room((first.frame, first.offset));
            self.keep(room, out);
            self.is_refused = self.keep < room && self.content.is_some();
        }
        let Some(content) = &mut self.content else { return };
        let fair = self.seen.saturating_mul(GROWTH);
        if let Some(content) = content.get_mut() {
            content.most = fair.saturating_add(self.grown).saturating_add(MOST_GROWN.saturating_sub(out.grown));
        }
        let written = content.write(bytes);
        let grown = content.get_mut().map_or(0, |content| content.length.saturating_sub(fair));
        if grown > self.grown {
            out.grown = out.grown.saturating_add(grown - self.grown);
            self.grown = grown;
        }
        if let Err(why) = written {
            self.fail(match why.kind() {
                io::ErrorKind::FileTooLarge => "it unpacks to more than is believed",
                _ => "it is not packed as it says",
            });
        }
    }

    /// So many bytes of the body are not in the capture.
    pub fn missing(&mut self, bytes: u64) {
        self.missing = self.missing.saturating_add(bytes);
        self.stop();
    }

    fn fail(&mut self, why: &'static str) {
        self.error = Some(why);
        self.stop();
    }

    /// The content is not followed further.
    fn stop(&mut self) {
        if let Some(mut content) = self.content.take() {
            self.head = content.get_mut().map(|content| std::mem::take(&mut content.head)).unwrap_or_default();
        }
    }

    /// The first bytes of the content.
    pub fn head(&mut self) -> &[u8] {
        self.content.as_mut().and_then(|content| content.get_mut()).map_or(&self.head, |content| &content.head)
    }

    /// Where it is in the evidence.
    pub fn place(&self) -> Place {
        place(self.pieces.clone())
    }

    /// Nothing more of it will come. `complete`: that was its end. Hands over what was to be kept.
    pub fn end(mut self, side: Side, complete: bool, out: &mut Out) -> Kept {
        out.held = out.held.saturating_sub(self.held);
        if self.seen == 0 {
            return Kept::default();
        }
        let whole = complete && self.missing == 0 && self.total.is_none_or(|total| total == self.seen);
        if !whole {
            self.stop();
        }
        let mut hash = None;
        if let Some(mut content) = self.content.take() {
            let head = content.get_mut().map(|content| content.head.clone());
            match content.end() {
                Ok(content) => {
                    self.head = content.head;
                    hash = Some((model::hex(&content.hash.finalize()), content.length));
                }
                Err(_) => {
                    self.head = head.unwrap_or_default();
                    self.error = Some("it is not packed as it says");
                }
            }
        }
        let place = place(self.pieces);
        let sha256 = hash.as_ref().map_or("", |(sha256, _)| sha256);
        if let Some(sought) = out.sought.as_mut().filter(|_| !self.is_refused) {
            sought.see(&place, sha256, &self.head, &mut out.held);
        }
        let fact = out.fact(KIND.name, 0..0);
        fact.subject = self.subject;
        fact.fields = self.fields;
        let (fields, own) = (&mut fact.fields, &mut fact.own);
        let known = is_known(&self.encoding);
        if let Some(mime_type) = mime_type(self.head.get(..HEAD).unwrap_or(&self.head)).filter(|_| known) {
            fields.text("mime_type", mime_type);
        }
        fields.flag("is_orig", side == Side::Orig);
        if !self.encoding.is_empty() {
            fields.text("encoding", &self.encoding);
            if !known {
                fields.flag("packed", true);
            }
        }
        if let Some(total) = self.total.or(whole.then_some(self.seen)) {
            fields.int("total_bytes", i64::try_from(total).unwrap_or(i64::MAX));
        }
        if let Some((sha256, length)) = &hash {
            fields.text("sha256", sha256);
            if !self.encoding.is_empty() && known {
                own.int("content_bytes", i64::try_from(*length).unwrap_or(i64::MAX));
            }
        }
        own.int("seen_bytes", i64::try_from(self.seen).unwrap_or(i64::MAX));
        if self.missing > 0 {
            own.int("missing_bytes", i64::try_from(self.missing).unwrap_or(i64::MAX));
        }
        if !complete {
            own.flag("incomplete", true);
        }
        if self.cut {
            own.flag("place_cut", true);
        }
        if let Some(error) = self.error {
            own.text("error", error);
        }
        fact.place = Some(place);
        let mut bytes = if known { self.head } else { Vec::new() };
        bytes.truncate(self.keep);
        Kept { whole: hash.is_some_and(|(_, length)| length == bytes.len() as u64), bytes }
    }
}

fn place(pieces: Vec<Piece>) -> Place {
    match pieces.as_slice() {
        [] => Place::default(),
        [one] => Place { frame: Some(one.frame), offset: one.offset, length: one.length, pieces: Vec::new() },
        [.., last] => Place { frame: Some(last.frame), offset: last.offset, length: last.length, pieces },
    }
}

/// The last part of a URI's path, if it looks like a file's name.
pub fn name_of(uri: &str) -> Option<&str> {
    let path = uri.split(['?', '#']).next().unwrap_or(uri);
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.rsplit('/').next().filter(|name| !name.is_empty())
}
