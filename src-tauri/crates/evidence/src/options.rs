//! How far reading goes.

use model::Time;

/// What the caller decides about reading.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The time by the analyst's clock, for formats that refuse the future. `None`: they don't.
    pub now: Option<Time>,
    pub limits: Limits,
}

/// Bounds against hostile containers. What lies beyond becomes an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep containers may lie in each other.
    pub depth: usize,
    /// Members of one top-level file, over all depths.
    pub members: u64,
    /// Unpacked bytes of one member.
    pub member_bytes: u64,
    /// Unpacked bytes of one top-level file, over all depths.
    pub total_bytes: u64,
    /// Bytes of a zip or 7z inside another container, which has to be laid into a temporary file.
    pub spool_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 8, members: 100_000, member_bytes: 256 << 30, total_bytes: 1 << 40, spool_bytes: 4 << 30 }
    }
}
