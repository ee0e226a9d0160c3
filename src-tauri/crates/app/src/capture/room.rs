//! Room on the disk while something is recorded.

use std::path::Path;
use std::time::Duration;

/// Room that is left: with none at all nothing could be sealed.
const RESERVE: u64 = 64 << 20;
/// How often it is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// Why no more may be recorded into this case. `ahead`: bytes that are not yet taken apart, which needs room in the case and in its journal.
pub(crate) fn too_little(case: &Path, ahead: u64) -> Option<String> {
    let (free, all) = (fs4::available_space(case).ok()?, fs4::total_space(case).ok()?);
    let few = free < RESERVE.min(all / 2).saturating_add(ahead.saturating_mul(2));
    few.then(|| format!("the disk is almost full: {} MB are left, which sealing needs", free / 1_000_000))
}
