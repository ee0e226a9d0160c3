use std::time::{SystemTime, UNIX_EPOCH};

use model::Time;

/// What the machine's clock says.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
