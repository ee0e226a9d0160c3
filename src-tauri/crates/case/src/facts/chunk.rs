//! Facts of one kind and run, some thousands at a time, as columns: a few bytes a fact, and a filter looks only at its column.
//!
//! Three parts, each read when it is needed: `keys` (time, number, texts), `places` (flow, frame, offset, length) and `own` (what
//! is a fact's alone). Integers that grow are zigzag varints of differences (LEB128); values that repeat are a dictionary of
//! distinct values and an index of one or two bytes a fact, or none where all are the same; texts of `own` are packed by Zstandard (RFC 8878).

use std::io;

use zstd::bulk::{Compressor, decompress};
use zstd::zstd_safe::{CParameter, compress_bound, get_frame_content_size};

use crate::columns::{Dictionary, Distinct, deltas, read_deltas, read_dictionary, read_varint, varint};
use crate::{Error, Result};

/// Facts in a chunk at most: an index of a dictionary has two bytes.
pub(crate) const MOST: usize = 1 << 15;
/// Bytes of `own` in a chunk that are unpacked at most.
const MOST_OWN: u64 = 1 << 30;

/// A fact on its way into a chunk; texts by their ids, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub ts: i64,
    /// Of the fact in its run, from 1.
    pub number: i64,
    pub src: u32,
    pub dst: u32,
    pub subject: u32,
    pub fields: u32,
    pub time_kind: u8,
    /// Of its flow; 0 for none.
    pub uid: u64,
    /// From 1; 0 for none.
    pub frame: u64,
    pub offset: u64,
    pub length: u64,
}

/// Makes the parts of a chunk, as they are stored: one chunk after the other, in the same memory.
#[derive(Default)]
pub(crate) struct Encoder {
    pub keys: Vec<u8>,
    pub places: Vec<u8>,
    distinct: Distinct,
    packer: Option<Compressor<'static>>,
    own: Vec<u8>,
}

impl Encoder {
    /// `own`: [`push_own`] of each of the entries, in their order; empty if there is nothing in any of them.
    pub fn encode(&mut self, entries: &[Entry], own: &[u8]) -> Result<()> {
        let Encoder { keys, places, distinct, .. } = self;
        keys.clear();
        deltas(keys, entries.iter().map(|e| e.ts));
        deltas(keys, entries.iter().map(|e| e.number));
        for column in [|e: &Entry| e.src, |e: &Entry| e.dst, |e: &Entry| e.subject, |e: &Entry| e.fields] {
            distinct.write(keys, entries.iter().map(|e| column(e).into()));
        }
        places.clear();
        distinct.write(places, entries.iter().map(|e| e.time_kind.into()));
        distinct.write(places, entries.iter().map(|e| e.uid));
        deltas(places, entries.iter().map(|e| e.frame as i64));
        deltas(places, entries.iter().map(|e| e.offset as i64));
        deltas(places, entries.iter().map(|e| e.length as i64));
        self.pack(own).map_err(|why| Error::Refused(format!("packing facts: {why}")))
    }

    fn pack(&mut self, own: &[u8]) -> io::Result<()> {
        self.own.clear();
        self.own.shrink_to(MOST_KEPT);
        if own.is_empty() {
            return Ok(());
        }
        let packer = match &mut self.packer {
            Some(packer) => packer,
            none => {
                let packer = none.insert(Compressor::new(LEVEL)?);
                packer.set_parameter(CParameter::HashLog(HASH_LOG))?;
                packer
            }
        };
        self.own.reserve(compress_bound(own.len()));
        packer.compress_to_buffer(own, &mut self.own).map(|_| ())
    }

    /// What is the facts' alone, packed.
    pub fn own(&self) -> &[u8] {
        &self.own
    }
}

/// The lowest level that looks at how often each byte comes: what devices say is mostly numbers, of which LZ4, as fast, leaves twice as much.
const LEVEL: i32 = 1;
/// A table of 2^12 places stays in the processor's nearest memory: an eighth faster than the level's own size, and packs as well.
const HASH_LOG: u32 = 12;
/// Memory for packing that is kept for the next chunk.
const MOST_KEPT: usize = 32 << 20;

/// What is a fact's alone, as [`model::Fields::packed`] gives it, and its pieces as JSON.
pub(crate) type Own = (String, String);

/// Adds what is a fact's alone to that of the facts before it.
pub(crate) fn push_own(out: &mut Vec<u8>, own: &str, pieces: &str) {
    for text in [own, pieces] {
        varint(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
}

/// Time, number and texts.
pub(crate) struct Keys {
    /// In order; of equal times the smaller number first.
    pub ts: Vec<i64>,
    pub number: Vec<i64>,
    pub src: Dictionary,
    pub dst: Dictionary,
    pub subject: Dictionary,
    pub fields: Dictionary,
}

/// Which clock, which flow, and where the bytes are.
pub(crate) struct Places {
    pub time_kind: Dictionary,
    pub uid: Dictionary,
    pub frame: Vec<i64>,
    pub offset: Vec<i64>,
    pub length: Vec<i64>,
}

impl Keys {
    pub fn decode(mut bytes: &[u8], count: usize) -> Result<Keys> {
        let from = &mut bytes;
        let mut read = || {
            Some(Keys {
                ts: read_deltas(from, count)?,
                number: read_deltas(from, count)?,
                src: read_dictionary(from, count)?,
                dst: read_dictionary(from, count)?,
                subject: read_dictionary(from, count)?,
                fields: read_dictionary(from, count)?,
            })
        };
        read().ok_or_else(damaged)
    }
}

impl Places {
    pub fn decode(mut bytes: &[u8], count: usize) -> Result<Places> {
        let from = &mut bytes;
        let mut read = || {
            Some(Places {
                time_kind: read_dictionary(from, count)?,
                uid: read_dictionary(from, count)?,
                frame: read_deltas(from, count)?,
                offset: read_deltas(from, count)?,
                length: read_deltas(from, count)?,
            })
        };
        read().ok_or_else(damaged)
    }
}

pub(crate) fn decode_own(bytes: &[u8], count: usize) -> Result<Vec<Own>> {
    if bytes.is_empty() {
        return Ok(vec![Own::default(); count]);
    }
    let size = get_frame_content_size(bytes).ok().flatten().filter(|size| *size <= MOST_OWN).ok_or_else(damaged)?;
    let texts = decompress(bytes, size as usize).map_err(|_| damaged())?;
    let mut rest = &texts[..];
    let mut text = || {
        let length = read_varint(&mut rest).ok_or_else(damaged)? as usize;
        let (text, more) = rest.split_at_checked(length).ok_or_else(damaged)?;
        rest = more;
        String::from_utf8(text.to_vec()).map_err(|_| damaged())
    };
    (0..count).map(|_| Ok((text()?, text()?))).collect()
}

fn damaged() -> Error {
    Error::Refused("the case database is damaged: a chunk of facts can't be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: u64, distinct: u64) -> Vec<Entry> {
        let entry = |n: u64| Entry {
            ts: if n == 3 { i64::MIN } else { 1_700_000_000_000_000_000 + n as i64 * 977 },
            number: n as i64 + 1,
            src: (n % distinct) as u32,
            dst: 9,
            subject: (n * 7 % distinct) as u32,
            fields: n as u32,
            time_kind: (n % 2) as u8,
            uid: (n % distinct).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            frame: n / 2,
            offset: n * 60,
            length: 40 + n % 5,
        };
        (0..count).map(entry).collect()
    }

    fn encode(entries: &[Entry], own: &[Own]) -> Encoder {
        let (mut parts, mut texts) = (Encoder::default(), Vec::new());
        own.iter().for_each(|(own, pieces)| push_own(&mut texts, own, pieces));
        // What was packed before leaves nothing behind.
        parts.encode(&[Entry::default(); 3], &b"longer than what follows".repeat(entries.len())).unwrap();
        parts.encode(entries, &texts).unwrap();
        parts
    }

    #[test]
    fn reads_what_it_wrote() {
        for (count, distinct) in [(0, 1), (1, 1), (300, 3), (5_000, 700)] {
            let entries = entries(count, distinct);
            let own: Vec<Own> = (0..count).map(|n| (format!("\"n\":{n}"), String::new())).collect();
            let parts = encode(&entries, &own);
            let keys = Keys::decode(&parts.keys, entries.len()).unwrap();
            let places = Places::decode(&parts.places, entries.len()).unwrap();
            for (row, entry) in entries.iter().enumerate() {
                let read = Entry {
                    ts: keys.ts[row],
                    number: keys.number[row],
                    src: keys.src.get(row) as u32,
                    dst: keys.dst.get(row) as u32,
                    subject: keys.subject.get(row) as u32,
                    fields: keys.fields.get(row) as u32,
                    time_kind: places.time_kind.get(row) as u8,
                    uid: places.uid.get(row),
                    frame: places.frame[row] as u64,
                    offset: places.offset[row] as u64,
                    length: places.length[row] as u64,
                };
                assert_eq!(read, *entry);
            }
            assert_eq!(decode_own(parts.own(), entries.len()).unwrap(), own);
        }
    }

    #[test]
    fn damage_is_an_error() {
        let entries = entries(300, 300);
        let parts = encode(&entries, &vec![("\"n\":1".to_owned(), String::new()); 300]);
        for cut in 0..parts.keys.len() {
            assert!(Keys::decode(&parts.keys[..cut], 300).is_err());
        }
        for cut in 0..parts.places.len() {
            assert!(Places::decode(&parts.places[..cut], 300).is_err());
        }
        for cut in 1..parts.own().len() {
            assert!(decode_own(&parts.own()[..cut], 300).is_err());
        }
    }
}
