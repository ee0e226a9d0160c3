//! A file on the disk, walked with all guards.

use std::path::Path;

use evidence::{Host, ItemId, Limits, NewItem, Options, Outcome, read_path};
use flate2::Crc;
use model::{Cancelled, Sink};

use crate::sound::Sound;

/// Low enough to be reached, and soon: a bomb is cut before hashing it takes longer than all else.
pub const LOW: Limits =
    Limits { depth: 4, members: 200, member_bytes: 300 << 10, total_bytes: 600 << 10, spool_bytes: 200 << 10 };
/// Members of several chunks.
pub const HIGH: Limits = Limits { member_bytes: 8 << 20, total_bytes: 16 << 20, spool_bytes: 4 << 20, ..LOW };

/// Reads a file of these bytes, and all that is in it.
pub fn walk(path: &Path, bytes: &[u8], limits: &Limits) -> Items {
    std::fs::write(path, bytes).unwrap();
    let mut items = Items::default();
    read_path(path, &mut items, &Options { limits: limits.clone(), ..Options::default() }, &()).unwrap();
    assert!(items.open.is_empty() && items.begun > 0, "an item without end");
    assert!(items.total <= limits.total_bytes + bytes.len() as u64, "{} bytes came out", items.total);
    assert!(items.begun <= limits.members + 1, "{} members", items.begun);
    items
}

/// Counts items and bytes.
#[derive(Default)]
pub struct Items {
    /// Of the outermost.
    pub kind: &'static str,
    begun: u64,
    total: u64,
    open: Vec<Sound>,
}

impl Host for Items {
    fn begin(&mut self, item: &NewItem) -> Result<ItemId, Cancelled> {
        assert_eq!(item.parent.map(|ItemId(parent)| parent as usize + 1).unwrap_or(0), self.open.len());
        if self.begun == 0 {
            self.kind = item.kind;
        }
        self.begun += 1;
        self.open.push(Sound::default());
        Ok(ItemId(self.open.len() as u64 - 1))
    }

    fn sink(&mut self, ItemId(item): ItemId) -> &mut dyn Sink {
        &mut self.open[item as usize]
    }

    fn end(&mut self, ItemId(item): ItemId, outcome: &Outcome) -> Result<(), Cancelled> {
        assert_eq!(item as usize + 1, self.open.len());
        let size = outcome.hashes.unwrap().size;
        self.open.pop().unwrap().check(size + LOW.members);
        self.total += size;
        Ok(())
    }

    fn skip(&mut self, _: &str, _: &str) -> Result<(), Cancelled> {
        Ok(())
    }
}

/// Makes the checksums right again that keep a reader from looking at what is damaged.
pub fn mend(container: &str, bytes: &mut [u8]) {
    match container {
        "tar" => {
            for header in bytes.chunks_exact_mut(512).filter(|block| block[257..].starts_with(b"ustar")) {
                header[148..156].fill(b' ');
                let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
                header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        "7z" if bytes.len() >= 32 => {
            let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let next = number(12).checked_add(32).and_then(|from| bytes.get(from..from.checked_add(number(20))?));
            if let Some(crc) = next.map(crc) {
                bytes[28..32].copy_from_slice(&crc);
            }
            let start = crc(&bytes[12..32]);
            bytes[8..12].copy_from_slice(&start);
        }
        "xz" if bytes.len() > 12 => {
            let end = 12 + usize::from(bytes[12]) * 4;
            if let Some(crc) = bytes.get(12..end).map(crc)
                && let Some(place) = bytes.get_mut(end..end + 4)
            {
                place.copy_from_slice(&crc);
            }
        }
        _ => {}
    }
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}
