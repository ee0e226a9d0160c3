//! What devices announce again and again, word for word: taken apart once, told each time.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::protocols::Draft;

/// Messages remembered; past it all are forgotten, and read anew.
const MOST: usize = 2_048;
/// Longer ones are not remembered.
const LONGEST: usize = 2_048;

/// Messages, and the facts that they make. Known by a 128-bit hash that is seeded anew in each process, so that no evidence can be
/// made to collide.
#[derive(Default)]
pub(crate) struct Repeats {
    known: HashMap<u128, Vec<Draft>, foldhash::fast::FixedState>,
    seeds: [foldhash::quality::RandomState; 2],
}

impl Repeats {
    pub fn key(&self, bytes: &[u8]) -> u128 {
        let [high, low] = self.seeds.each_ref().map(|seed| u128::from(seed.hash_one(bytes)));
        high << 64 | low
    }

    pub fn get(&self, key: u128) -> Option<&[Draft]> {
        self.known.get(&key).map(Vec::as_slice)
    }

    pub fn put(&mut self, key: u128, bytes: &[u8], facts: &[Box<Draft>]) {
        if bytes.len() > LONGEST {
            return;
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(key, facts.iter().map(|fact| Draft::clone(fact)).collect());
    }
}

impl std::fmt::Debug for Repeats {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} messages", self.known.len())
    }
}
