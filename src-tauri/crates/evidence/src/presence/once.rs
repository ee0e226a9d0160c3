//! What was told already: reports are sent again when an access point doubts that they arrived.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};

/// Remembered at least; the last so many to twice as many are known.
const REMEMBERED: usize = 500_000;

/// Knows what came before by a hash that is keyed anew in each process, so that no evidence can be made to collide.
#[derive(Default)]
pub struct Once {
    recent: HashSet<u64>,
    older: HashSet<u64>,
    keys: RandomState,
}

impl Once {
    /// Whether this is the first time.
    pub fn is_new(&mut self, what: impl Hash) -> bool {
        let hash = self.keys.hash_one(what);
        if self.recent.contains(&hash) || self.older.contains(&hash) {
            return false;
        }
        if self.recent.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(hash);
        true
    }
}
