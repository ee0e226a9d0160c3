//! Files that somebody wants once more: their content was hashed as it passed, and not held.

use std::collections::HashMap;

use model::Place;

use super::Kept;
use super::unpack::MOST_HELD;

/// One of them, and what it is known by.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of its fact.
    pub place: Place,
    /// Of its content; empty: not all of it was seen.
    pub sha256: String,
    /// Of its content, if it is known.
    pub length: Option<u64>,
}

#[derive(Debug, Default)]
pub struct Sought {
    wanted: Vec<Wanted>,
    /// Those that have not passed again yet, by frame and offset of their first bytes: of several in one encrypted record there are more.
    left: HashMap<(u64, u64), Vec<usize>, foldhash::fast::FixedState>,
    found: Vec<(usize, Kept)>,
}

/// So much of a content is held while it is looked for.
const LONGEST: usize = 128 << 20;

impl Wanted {
    /// One byte more than it ought to have: whether it ends there is known then.
    fn room(&self) -> usize {
        let length = self.length.and_then(|length| usize::try_from(length).ok());
        length.map_or(LONGEST, |length| length.saturating_add(1).min(LONGEST))
    }
}

fn begin(place: &Place) -> (u64, u64) {
    match place.pieces.first() {
        Some(first) => (first.frame, first.offset),
        None => (place.frame.unwrap_or(0), place.offset),
    }
}

impl Sought {
    pub fn new(wanted: Vec<Wanted>) -> Sought {
        let mut sought = Sought { wanted, ..Sought::default() };
        for (number, one) in sought.wanted.iter().enumerate() {
            sought.left.entry(begin(&one.place)).or_default().push(number);
        }
        sought
    }

    /// So much of a file's content is to be kept, of which the first bytes are there; 0: nobody wants one that begins so.
    pub fn room(&self, first: (u64, u64)) -> usize {
        let numbers = self.left.get(&first).into_iter().flatten();
        numbers.filter_map(|number| self.wanted.get(*number)).map(Wanted::room).max().unwrap_or(0)
    }

    /// A file has passed, of whose content as much was kept as [`Sought::room`] said. Of several in the same encrypted record, the hash
    /// says which it is; of the same content, the first is meant first. `held`: KiB in memory; one that does not fit is left for another
    /// time.
    pub fn see(&mut self, place: &Place, sha256: &str, content: &[u8], held: &mut u32) {
        let Sought { wanted, left, found } = self;
        let first = begin(place);
        let Some(numbers) = left.get_mut(&first) else { return };
        let is_it = |number: &usize| wanted.get(*number).is_some_and(|one| one.place == *place && one.sha256 == sha256);
        let Some(at) = numbers.iter().position(is_it) else { return };
        let room = numbers.get(at).and_then(|number| wanted.get(*number)).map_or(0, Wanted::room);
        // More than that may be there: every file's beginning is kept, to recognise it by.
        let bytes = content.get(..room).unwrap_or(content);
        let needs = held.saturating_add(weight(bytes.len()));
        if needs > MOST_HELD {
            return;
        }
        *held = needs;
        found.push((numbers.remove(at), Kept { bytes: bytes.to_vec(), whole: content.len() < room }));
        if numbers.is_empty() {
            left.remove(&first);
        }
    }

    /// What has passed since this was asked last, with its number among those that are wanted.
    pub fn take(&mut self, held: &mut u32) -> Vec<(usize, Kept)> {
        let weights = self.found.iter().map(|(_, kept)| weight(kept.bytes.len()));
        *held = held.saturating_sub(weights.fold(0, u32::saturating_add));
        std::mem::take(&mut self.found)
    }

    /// Nothing is wanted any more.
    pub fn is_over(&self) -> bool {
        self.left.is_empty()
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use model::Piece;

    use super::*;

    fn place(pieces: &[(u64, u64)]) -> Place {
        match pieces {
            [(frame, offset)] => Place { frame: Some(*frame), ..Place::bytes(*offset, 10) },
            pieces => {
                let pieces: Vec<Piece> =
                    pieces.iter().map(|(frame, offset)| Piece { frame: *frame, offset: *offset, length: 10 }).collect();
                let last = pieces[pieces.len() - 1];
                Place { frame: Some(last.frame), pieces, ..Place::bytes(last.offset, last.length) }
            }
        }
    }

    fn wanted(pieces: &[(u64, u64)], sha256: &str, length: Option<u64>) -> Wanted {
        Wanted { place: place(pieces), sha256: sha256.into(), length }
    }

    #[test]
    fn each_is_found_once_by_its_place_and_hash() {
        let record = [(4, 400)];
        let (long, other) = ([(5, 500), (6, 600)], [(5, 500), (7, 700)]);
        let mut sought = Sought::new(vec![
            wanted(&record, "a", Some(3)),
            wanted(&record, "b", Some(9)),
            wanted(&record, "a", Some(3)),
            wanted(&long, "", None),
        ]);
        let rooms = [(4, 400), (5, 500), (6, 600), (4, 401)].map(|first| sought.room(first));
        assert_eq!(rooms, [10, LONGEST, 0, 0]);
        let mut held = 7;
        let mut see = |pieces: &[(u64, u64)], sha256: &str, content: &[u8]| {
            sought.see(&place(pieces), sha256, content, &mut held);
            let found = sought.take(&mut held);
            assert_eq!(held, 7);
            found.into_iter().map(|(number, kept)| (number, kept.bytes, kept.whole)).collect::<Vec<_>>()
        };
        assert_eq!(see(&record, "c", b"ccc"), []);
        assert_eq!(see(&record, "a", b"aaa"), [(0, b"aaa".to_vec(), true)]);
        assert_eq!(see(&record, "a", b"aaa"), [(2, b"aaa".to_vec(), true)]);
        assert_eq!(see(&record, "a", b"aaa"), []);
        assert_eq!(see(&other, "", b"x"), []);
        assert_eq!(see(&long, "", b"x"), [(3, b"x".to_vec(), true)]);
        assert_eq!(see(&record, "b", &[7; 10]), [(1, vec![7; 10], false)], "it is longer than it was");
        assert!(sought.is_over());
    }

    #[test]
    fn what_does_not_fit_is_left() {
        let mut sought = Sought::new(vec![wanted(&[(1, 1)], "a", None)]);
        let mut held = MOST_HELD;
        sought.see(&place(&[(1, 1)]), "a", b"a", &mut held);
        assert!(sought.take(&mut held).is_empty() && !sought.is_over());
        held -= 1;
        sought.see(&place(&[(1, 1)]), "a", b"a", &mut held);
        assert_eq!((held, sought.found.len(), sought.is_over()), (MOST_HELD, 1, true));
    }
}
