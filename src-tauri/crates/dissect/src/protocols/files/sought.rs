//! One file that somebody wants once more: its content was hashed as it passed, and not held.

use model::Place;

use super::Kept;

/// What it is known by, and its content once it has passed again.
#[derive(Debug, Default)]
pub struct Sought {
    /// Of its fact.
    place: Place,
    /// Of its content; empty: not all of it was seen.
    sha256: String,
    pub found: Option<Kept>,
}

/// So much of a content is held while it is looked for.
pub const LONGEST: usize = 128 << 20;

impl Sought {
    pub fn new(place: Place, sha256: &str) -> Sought {
        Sought { place, sha256: sha256.to_owned(), found: None }
    }

    /// A file has passed, of whose content up to `most` bytes were kept. Of several in the same encrypted record, the hash says which
    /// it is.
    pub fn see(&mut self, place: &Place, sha256: &str, content: &[u8], most: usize) {
        if self.found.is_none() && *place == self.place && sha256 == self.sha256 {
            self.found = Some(Kept { bytes: content.to_vec(), whole: content.len() < most });
        }
    }
}
