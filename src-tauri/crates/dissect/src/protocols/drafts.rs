//! Facts on their way from a dissector to whoever makes facts of them.
#![expect(clippy::vec_box, reason = "one is longer than most messages: they lie in boxes, and are never copied")]

use std::ops::{Deref, DerefMut, Range};

use model::{Fields, Party, Place};

/// A fact on its way: its bytes are a range of the message, the engine adds time, flow and place.
#[derive(Debug, Default, PartialEq)]
pub struct Draft {
    pub kind: &'static str,
    pub bytes: Range<usize>,
    pub subject: String,
    pub fields: Fields,
    pub own: Fields,
    /// The sender repeats this endlessly: only the first with the same kind, parties and `fields` is kept.
    pub once: bool,
    /// Else: the sender's and receiver's addresses.
    pub parties: Option<(Party, Party)>,
    /// Else: where `bytes` of the message are.
    pub place: Option<Place>,
}

impl Clone for Draft {
    fn clone(&self) -> Draft {
        let mut draft = Draft::default();
        draft.clone_from(self);
        draft
    }

    fn clone_from(&mut self, other: &Draft) {
        let Draft { kind, bytes, subject, fields, own, once, parties, place } = other;
        (self.kind, self.bytes, self.once) = (kind, bytes.clone(), *once);
        self.subject.clone_from(subject);
        self.fields.clone_from(fields);
        self.own.clone_from(own);
        self.parties.clone_from(parties);
        self.place.clone_from(place);
    }
}

impl Draft {
    /// Makes it new, in the memory that it has.
    fn renew(&mut self, kind: &'static str, bytes: Range<usize>) {
        (self.kind, self.bytes, self.once) = (kind, bytes, false);
        self.subject.clear();
        self.fields.clear();
        self.own.clear();
        (self.parties, self.place) = (None, None);
    }
}

/// Drafts in the order in which they were begun. Those that are cleared away leave their memory to the next: facts come by the
/// million, one or two at a time.
#[derive(Default)]
pub struct Drafts {
    /// The first `count` are drafts; what is behind them is memory.
    slots: Vec<Box<Draft>>,
    count: usize,
}

/// Slots whose memory is kept, and texts too long to be kept there.
const MOST_SPARE: usize = 64;
const LONG: usize = 4_096;

impl Drafts {
    /// A new one to fill in, about `bytes` of the message.
    pub fn begin(&mut self, kind: &'static str, bytes: Range<usize>) -> &mut Draft {
        let draft = self.spare();
        draft.renew(kind, bytes);
        draft
    }

    /// The same of one that is not among them yet: it is pushed when it is done.
    pub fn apart(&mut self, kind: &'static str, bytes: Range<usize>) -> Box<Draft> {
        let mut draft = if self.count < self.slots.len() { self.slots.swap_remove(self.count) } else { Box::default() };
        draft.renew(kind, bytes);
        draft
    }

    pub fn push(&mut self, draft: Box<Draft>) {
        self.slots.push(draft);
        let last = self.slots.len() - 1;
        self.slots.swap(self.count, last);
        self.count += 1;
    }

    /// Adds copies.
    pub fn extend_from_slice(&mut self, drafts: &[Draft]) {
        drafts.iter().for_each(|draft| self.spare().clone_from(draft));
    }

    pub fn clear(&mut self) {
        for draft in self.slots.iter_mut().take(self.count) {
            let long = draft.subject.capacity().max(draft.fields.capacity()).max(draft.own.capacity()) > LONG;
            if long {
                **draft = Draft::default();
            }
        }
        self.slots.truncate(MOST_SPARE);
        self.count = 0;
    }

    /// Drops those of which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&Draft) -> bool) {
        self.slots.truncate(self.count);
        self.slots.retain(|draft| keep(draft));
        self.count = self.slots.len();
    }

    /// The next slot, as it was left.
    fn spare(&mut self) -> &mut Draft {
        if self.count == self.slots.len() {
            self.slots.push(Box::default());
        }
        self.count += 1;
        &mut self.slots[self.count - 1]
    }
}

impl Deref for Drafts {
    type Target = [Box<Draft>];

    fn deref(&self) -> &[Box<Draft>] {
        &self.slots[..self.count]
    }
}

impl DerefMut for Drafts {
    fn deref_mut(&mut self) -> &mut [Box<Draft>] {
        &mut self.slots[..self.count]
    }
}

impl IntoIterator for Drafts {
    type Item = Box<Draft>;
    type IntoIter = std::vec::IntoIter<Box<Draft>>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.slots.truncate(self.count);
        self.slots.into_iter()
    }
}

impl std::fmt::Debug for Drafts {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_who_was_in_the_slot() {
        let mut drafts = Drafts::default();
        drafts.extend_from_slice(&[Draft::default(), Draft::default()]);
        drafts[1].fields.int("qtype", 1);
        drafts.clear();
        let full = drafts.begin("dns", 3..9);
        full.subject.push_str("lamp.example");
        full.fields.int("qtype", 1);
        full.own.text("said", "\"twice\"");
        (full.once, full.parties, full.place) = (true, Some((Party::None, Party::None)), Some(Place::bytes(1, 2)));
        let copy = Box::new(full.clone());
        drafts.clear();
        assert!(drafts.is_empty());
        assert_eq!(*drafts.begin("arp", 1..2), Draft { kind: "arp", bytes: 1..2, ..Draft::default() });
        let apart = drafts.apart("dns", 3..4);
        assert_eq!(*apart, Draft { kind: "dns", bytes: 3..4, ..Draft::default() });
        assert!(apart.fields.capacity() > 0 && drafts.len() == 1);
        drafts.clear();
        drafts.extend_from_slice(std::slice::from_ref(&*copy));
        drafts.push(Box::default());
        assert_eq!(drafts[..], [copy, Box::default()]);
        drafts.retain(|draft| draft.kind == "dns");
        assert_eq!((drafts.len(), drafts.into_iter().count()), (1, 1));
    }

    #[test]
    fn long_texts_and_many_slots_are_given_up() {
        let mut drafts = Drafts::default();
        for _ in 0..1_000 {
            drafts.begin("http", 0..1).own.text("body", &"x".repeat(LONG));
        }
        drafts.clear();
        assert_eq!(drafts.slots.len(), MOST_SPARE);
        assert!(drafts.slots.iter().all(|draft| draft.own.capacity() == 0));
    }
}
