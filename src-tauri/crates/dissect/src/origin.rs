//! Which frames the bytes of a reassembled message came in.

use std::ops::Range;

use model::{Piece, Place};

/// A run of reassembled bytes and the place in the evidence that it was taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Position in the reassembled bytes.
    pub at: usize,
    pub length: usize,
    pub frame: u64,
    /// Offset in the evidence item.
    pub offset: u64,
}

/// Where the bytes of a message are in the evidence, for facts about what came in many messages.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'a> {
    pub segments: &'a [Segment],
    /// Position of the message's first byte in what the segments make up.
    pub at: usize,
    /// The message's bytes are not in the evidence as they are (decrypted, unmasked): all of them were made of so many there.
    pub made_of: Option<usize>,
}

impl Origin<'_> {
    /// Adds the pieces of `range` of the message to `pieces`, `most` at most; false if there are more.
    pub fn add(&self, range: Range<usize>, pieces: &mut Vec<Piece>, most: usize) -> bool {
        let range = match self.made_of {
            Some(length) => self.at..self.at + length,
            None => self.at + range.start..self.at + range.end,
        };
        let first = self.segments.partition_point(|segment| segment.at + segment.length <= range.start);
        for segment in self.segments.get(first..).unwrap_or_default() {
            if segment.at >= range.end {
                break;
            }
            let start = segment.at.max(range.start);
            let end = (segment.at + segment.length).min(range.end);
            let offset = segment.offset + (start - segment.at) as u64;
            let piece = Piece { frame: segment.frame, offset, length: end.saturating_sub(start) as u64 };
            let room = pieces.len() < most;
            match pieces.last_mut() {
                Some(last) if last.frame == piece.frame && last.offset + last.length == offset => {
                    last.length += piece.length;
                }
                Some(last) if self.made_of.is_some() && *last == piece => {}
                _ if room => pieces.push(piece),
                _ => return false,
            }
        }
        true
    }
}

/// A message of more pieces names the first ones and the last.
const MOST_PIECES: usize = 256;

/// The place of `range` of bytes that `segments` (in order) make up. The frame is the one that completes it, as in Wireshark.
pub(crate) fn place(range: Range<usize>, segments: &[Segment]) -> Place {
    // The common case: a message in one frame.
    if let [one] = segments
        && range.start >= one.at
        && range.start < one.at + one.length
        && range.end <= one.at + one.length
    {
        let offset = one.offset + (range.start - one.at) as u64;
        return Place { frame: Some(one.frame), offset, length: range.len() as u64, pieces: Vec::new() };
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for segment in segments {
        let start = segment.at.max(range.start);
        let end = (segment.at + segment.length).min(range.end);
        let empty = range.is_empty() && start == range.start && start < segment.at + segment.length;
        if start < end || empty {
            let offset = segment.offset + (start - segment.at) as u64;
            let length = end.saturating_sub(start) as u64;
            match pieces.last_mut() {
                // Adjacent bytes of one frame are one piece.
                Some(last) if last.frame == segment.frame && last.offset + last.length == offset => {
                    last.length += length
                }
                _ => pieces.push(Piece { frame: segment.frame, offset, length }),
            }
        }
    }
    if pieces.len() > MOST_PIECES {
        pieces.drain(MOST_PIECES - 1..pieces.len() - 1);
    }
    match pieces.as_slice() {
        [] => Place::default(),
        [one] => Place { frame: Some(one.frame), offset: one.offset, length: one.length, pieces: Vec::new() },
        [.., last] => Place { frame: Some(last.frame), offset: last.offset, length: last.length, pieces },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Segment; 2] =
        [Segment { at: 0, length: 10, frame: 3, offset: 100 }, Segment { at: 10, length: 5, frame: 4, offset: 200 }];

    #[test]
    fn inside_one_frame() {
        let place = place(2..6, &TWO);
        assert_eq!((place.frame, place.offset, place.length, place.pieces.len()), (Some(3), 102, 4, 0));
    }

    #[test]
    fn one_frame_is_like_the_first_of_two() {
        let mut two = TWO;
        two[1].at = 1_000;
        for start in 0..14 {
            for end in 0..14 {
                assert_eq!(place(start..end, &TWO[..1]), place(start..end, &two), "{start}..{end}");
            }
        }
    }

    #[test]
    fn over_two_frames() {
        let place = place(8..12, &TWO);
        assert_eq!(place.frame, Some(4));
        let pieces: Vec<_> = place.pieces.iter().map(|p| (p.frame, p.offset, p.length)).collect();
        assert_eq!(pieces, [(3, 108, 2), (4, 200, 2)]);
    }
}
