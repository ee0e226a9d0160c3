//! What key logs open of one packet, for who looks at it: those of the case, and those that the capture carries.

use case::{Case, FrameEntry, PageRequest};
use dissect::{Decrypt, Decrypted};

use crate::error::Result;
use crate::frames::Reader;
use crate::import::known_secrets;
use crate::proof::Source;

/// A connection is followed from its beginning, as far as so many packets and bytes: nobody waits for more.
const MOST_FRAMES: usize = 50_000;
const MOST_BYTES: u64 = 32 << 20;

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

/// What a packet of a TLS connection brings.
pub(crate) fn of(case: &Case, run: i64, item: i64, entry: &FrameEntry) -> Result<Opened> {
    let mut decrypt = Decrypt::new();
    let known = known_secrets(case);
    let carried = carried(case, run, item)?;
    let first = if known.is_empty() && carried.is_empty() { None } else { case.flow_begins(run, entry.flow)? };
    let Some(first) = first else { return Ok(Opened::All(Decrypted::default())) };
    decrypt.secrets(&known);
    carried.iter().for_each(|secrets| decrypt.secrets(secrets));
    let Some(entries) = so_far(case, run, first, entry)? else { return Ok(Opened::Far) };
    let mut reader = Reader::new(case, run, item);
    let mut last = Decrypted::default();
    for (entry, bytes) in entries.iter().zip(reader.bytes(&entries)?) {
        last = decrypt.frame(&reader.frame(entry, &bytes)?);
    }
    Ok(Opened::All(last))
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
