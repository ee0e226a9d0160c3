//! The tables that header fields refer to (RFC 7541 section 2.3): one that everybody knows, and one that grows from what was said.

use std::collections::VecDeque;
use std::sync::Arc;

/// What is kept of one direction's table; encoders hold 4 KiB, if nothing else was agreed on.
const MOST: usize = 64 * 1024;

/// What an entry counts beside its texts (section 4.1).
const EACH: usize = 32;

/// A field that was said.
#[derive(Debug)]
pub struct Entry {
    /// None: it was taken from an entry that is not known.
    name: Option<Name>,
    value: Vec<u8>,
}

/// Shared: a hostile sender says a long one again and again.
pub type Name = Arc<[u8]>;

pub enum Found<'t> {
    /// Name and value, as far as they are known.
    Entry(Option<&'t [u8]>, Option<&'t [u8]>),
    /// There is no such entry.
    Nothing,
}

/// What was said in one direction, the last first.
pub struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
    /// There are older entries, which are not known.
    lost: bool,
}

impl Default for Table {
    fn default() -> Table {
        Table { entries: VecDeque::new(), size: 0, most: 4_096, lost: false }
    }
}

impl Entry {
    pub fn new(name: Option<Name>, value: Vec<u8>) -> Entry {
        Entry { name, value }
    }

    fn size(&self) -> usize {
        EACH + self.name.as_ref().map_or(0, |name| name.len()) + self.value.len()
    }
}

impl Table {
    pub fn get(&self, index: usize) -> Found<'_> {
        let Some(at) = index.checked_sub(1) else { return Found::Nothing };
        if let Some((name, value)) = STATIC.get(at) {
            return Found::Entry(Some(name.as_bytes()), Some(value.as_bytes()));
        }
        match self.entries.get(at - STATIC.len()) {
            Some(entry) => Found::Entry(entry.name.as_deref(), Some(&entry.value)),
            None if self.lost => Found::Entry(None, None),
            None => Found::Nothing,
        }
    }

    /// The name alone; None: there is no such entry.
    pub fn name(&self, index: usize) -> Option<Option<Name>> {
        match self.get(index) {
            Found::Entry(Some(name), _) => {
                let kept = index.checked_sub(1 + STATIC.len()).and_then(|at| self.entries.get(at));
                Some(kept.and_then(|entry| entry.name.clone()).or_else(|| Some(name.into())))
            }
            Found::Entry(None, _) => Some(None),
            Found::Nothing => None,
        }
    }

    pub fn insert(&mut self, entry: Entry) {
        let size = entry.size();
        self.make_room(size);
        if size <= self.most {
            self.size += size;
            self.entries.push_front(entry);
        }
    }

    /// The sender changes how much is kept. Of a table that is larger than ours, the oldest entries are not known.
    pub fn resize(&mut self, most: usize) {
        self.lost |= most > MOST;
        self.most = most.min(MOST);
        self.make_room(0);
    }

    /// What was said before is not known any more.
    pub fn lose(&mut self) {
        self.entries.clear();
        (self.size, self.lost) = (0, true);
    }

    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.size
    }

    fn make_room(&mut self, size: usize) {
        while self.size + size > self.most {
            let Some(oldest) = self.entries.pop_back() else { return };
            self.size -= oldest.size();
        }
    }
}

/// Appendix A.
static STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
