//! Who was given a block of MAC addresses: the IEEE's MA-L, MA-M and MA-S lists, packed by `data/make_oui.py`.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use model::Mac;

struct Vendors {
    as_of: String,
    /// By prefix of 6, 7 or 9 hex digits.
    by_prefix: HashMap<String, String>,
}

static VENDORS: LazyLock<Vendors> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../data/oui.txt.gz");
    let mut text = String::new();
    // Our own file: a test makes sure that it can be read.
    let _ = flate2::read::GzDecoder::new(packed).read_to_string(&mut text);
    let as_of =
        text.lines().next().and_then(|line| line.split("as of ").nth(1)).and_then(|rest| rest.split(',').next());
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    Vendors {
        as_of: as_of.unwrap_or_default().to_owned(),
        by_prefix: rows.map(|(prefix, name)| (prefix.to_ascii_lowercase(), name.to_owned())).collect(),
    }
});

/// The organisation that the address block belongs to; empty when unknown or locally administered.
pub(crate) fn vendor(mac: Mac) -> &'static str {
    if mac.is_local() {
        return "";
    }
    let digits = model::hex(&mac.0);
    let known = [9, 7, 6].into_iter().find_map(|length| VENDORS.by_prefix.get(digits.get(..length)?));
    known.map_or("", String::as_str)
}

/// Date of the lists.
pub(crate) fn as_of() -> &'static str {
    &VENDORS.as_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_blocks_of_all_sizes() {
        assert!(VENDORS.by_prefix.len() > 40_000);
        assert_eq!(as_of().len(), 10, "{}", as_of());
        assert_eq!(vendor(Mac([0, 0, 0, 1, 2, 3])), "XEROX CORPORATION");
        assert!(vendor(Mac([0x18, 0xb4, 0x30, 0, 0, 7])).contains("Nest"));
        assert_eq!(vendor(Mac([0x02, 0, 0, 1, 2, 3])), "");
        for length in [7, 9] {
            assert!(VENDORS.by_prefix.keys().any(|prefix| prefix.len() == length));
        }
    }
}
