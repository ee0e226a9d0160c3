//! What key logs open of one packet, for who looks at it, and of files: those of the case, and those that the capture carries. What
//! HTTP/2 in the clear says in one packet together with those before it.

use case::{Case, FactRow, FrameEntry, PageRequest};
use dissect::{Decrypt, Decrypted, Kept, Wanted};
use model::{Piece, Place};

use crate::error::{Error, Result};
use crate::frames::Reader;
use crate::import::known_secrets;
use crate::proof::Source;

/// A connection is followed from its beginning, as far as so many packets and bytes: nobody waits for more.
const MOST_FRAMES: usize = 50_000;
const MOST_BYTES: u64 = 32 << 20;
/// Packets that are in memory at the same time while a file is looked for.
const AT_ONCE: usize = 256;

/// Kind of facts that say where a capture carries keys.
const CARRIED: &str = "capture_secrets";
/// More of them are not looked at.
const MOST_CARRIED: u32 = 1_000;

pub(crate) enum Opened {
    /// Maybe nothing.
    All(Decrypted),
    /// Too much lies before this packet.
    Far,
}

/// What a packet of a TLS connection brings; or one of HTTP/2 `in_clear`, which needs no keys.
pub(crate) fn of(case: &Case, run: i64, item: i64, entry: &FrameEntry, in_clear: bool) -> Result<Opened> {
    let bounds = case.flow_bounds(run, entry.flow)?;
    let opener = if in_clear { Some(Decrypt::new()) } else { opener(case, run, item)? };
    let Some(((first, _), mut decrypt)) = bounds.zip(opener) else {
        return Ok(Opened::All(Decrypted::default()));
    };
    let Some(entries) = so_far(case, run, first, entry)? else { return Ok(Opened::Far) };
    let mut reader = Reader::new(case, run, item);
    let mut last = Decrypted::default();
    for (entry, bytes) in entries.iter().zip(reader.bytes(&entries)?) {
        last = decrypt.frame(&reader.frame(entry, &bytes)?);
    }
    Ok(Opened::All(last))
}

/// The content of one file; see [`files`].
pub(crate) fn file(case: &Case, item: i64, fact: &FactRow, each: &mut dyn FnMut(u64) -> Result<()>) -> Result<Kept> {
    let mut only = None;
    let flow = flow(case, fact)?.ok_or_else(shut)?;
    let mut had = |_, kept| -> Result<()> {
        only = Some(kept);
        Ok(())
    };
    files(case, item, flow, &[fact], each, &mut had)?;
    only.ok_or_else(shut)
}

/// Why a file could not be had.
pub(crate) fn shut() -> Error {
    Error::missing("its connection could not be opened again: no key log of the case fits it any more")
}

/// Number of the connection in its run that a file passed in.
pub(crate) fn flow(case: &Case, fact: &FactRow) -> Result<Option<u32>> {
    let number = fact.frame.unwrap_or(0);
    let mut flow = None;
    case.each_frames(fact.run, number, number, &mut |chunk: &[FrameEntry]| -> Result<bool> {
        flow = chunk.first().map(|entry| entry.flow);
        Ok(false)
    })?;
    Ok(flow.filter(|flow| *flow != 0))
}

/// The contents of files of one run that passed in one connection which a key log opens: all that passed is read once more until they are
/// there; again for those that did not fit beside the others. `had` gets each with its number among `facts`, and those that can't be
/// had not at all. `each`: bytes of the evidence that were read.
pub(crate) fn files(
    case: &Case,
    item: i64,
    flow: u32,
    facts: &[&FactRow],
    each: &mut dyn FnMut(u64) -> Result<()>,
    had: &mut dyn FnMut(usize, Kept) -> Result<()>,
) -> Result<()> {
    let Some(run) = facts.first().map(|fact| fact.run) else { return Ok(()) };
    let Some((first, last)) = case.flow_bounds(run, flow)? else { return Ok(()) };
    let mut left: Vec<usize> = (0..facts.len()).collect();
    while !left.is_empty() {
        let Some(mut decrypt) = opener(case, run, item)? else { return Ok(()) };
        decrypt.seek(left.iter().filter_map(|number| facts.get(*number)).map(|fact| wanted(fact)).collect());
        let mut passed: Vec<usize> = Vec::new();
        let mut hand = |found: Vec<(usize, Kept)>| {
            found.into_iter().try_for_each(|(at, kept)| {
                let Some(number) = left.get(at) else { return Ok(()) };
                passed.push(*number);
                had(*number, kept)
            })
        };
        let mut reader = Reader::new(case, run, item);
        case.each_frames(run, first, last, &mut |chunk: &[FrameEntry]| -> Result<bool> {
            let mine: Vec<FrameEntry> = chunk.iter().filter(|entry| entry.flow == flow).copied().collect();
            for entries in mine.chunks(AT_ONCE) {
                each(entries.iter().map(|entry| u64::from(entry.cap_len)).sum())?;
                for (entry, bytes) in entries.iter().zip(reader.bytes(entries)?) {
                    hand(decrypt.pass(&reader.frame(entry, &bytes)?))?;
                    if decrypt.is_over() {
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })?;
        if !decrypt.is_over() {
            hand(decrypt.end())?;
        }
        if passed.is_empty() {
            return Ok(()); // nor would another time find them
        }
        passed.sort_unstable();
        left.retain(|number| passed.binary_search(number).is_err());
    }
    Ok(())
}

fn wanted(fact: &FactRow) -> Wanted {
    let piece = |&(frame, offset, length): &(u64, u64, u64)| Piece { frame, offset, length };
    let pieces = fact.pieces.iter().map(piece).collect();
    let text = |name: &str| fact.fields.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let number = |name: &str| fact.fields.get(name).and_then(serde_json::Value::as_u64);
    // What was not packed is as long as what was seen of it.
    let seen = || number("seen_bytes").filter(|_| text("encoding").is_empty());
    Wanted {
        place: Place { frame: fact.frame, offset: fact.offset, length: fact.length, pieces },
        sha256: text("sha256").to_owned(),
        length: number("content_bytes").or_else(seen),
    }
}

/// Who opens connections of a capture; nobody if there is no key log.
fn opener(case: &Case, run: i64, item: i64) -> Result<Option<Decrypt>> {
    let known = known_secrets(case);
    let carried = carried(case, run, item)?;
    if known.is_empty() && carried.is_empty() {
        return Ok(None);
    }
    let mut decrypt = Decrypt::new();
    decrypt.secrets(&known);
    carried.iter().for_each(|secrets| decrypt.secrets(secrets));
    Ok(Some(decrypt))
}

/// The connection's packets from the first up to this one; none if they are too many.
fn so_far(case: &Case, run: i64, first: u64, last: &FrameEntry) -> Result<Option<Vec<FrameEntry>>> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    case.each_frames(run, first, last.number, &mut |chunk: &[FrameEntry]| -> Result<bool> {
        for entry in chunk.iter().filter(|entry| entry.flow == last.flow) {
            bytes += u64::from(entry.cap_len);
            entries.push(*entry);
        }
        Ok(bytes <= MOST_BYTES && entries.len() <= MOST_FRAMES)
    })?;
    Ok((bytes <= MOST_BYTES && entries.len() <= MOST_FRAMES).then_some(entries))
}

/// The key logs that lie in the capture itself.
fn carried(case: &Case, run: i64, item: i64) -> Result<Vec<Vec<u8>>> {
    let (facts, ..) = case.facts_page(Some(CARRIED), &PageRequest { limit: MOST_CARRIED, ..PageRequest::default() })?;
    let places = facts.iter().filter(|fact| fact.run == run).map(|fact| (fact.offset, fact.length));
    let places: Vec<(u64, u64)> = places.filter(|(_, length)| *length <= MOST_BYTES).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let blocks = Source::of(case, item)?.read(&places)?;
    Ok(blocks.iter().filter_map(|block| evidence::secrets_in_block(block)).map(<[u8]>::to_vec).collect())
}
