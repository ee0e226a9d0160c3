//! What time it is, and whether somebody keeps this machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// RFC 3339, UTC, microseconds.
pub fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

/// For the names of files: `20261121160000`.
pub fn compact() -> String {
    now().chars().filter(char::is_ascii_digit).take(14).collect()
}

/// Since 1970, in nanoseconds or microseconds.
pub fn ticks(nanoseconds: bool) -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(if nanoseconds { since.as_nanos() } else { since.as_micros() }).unwrap_or(u64::MAX)
}

/// What the system says of its clock: whether a time service keeps it, and by how much it may be wrong.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // adjtimex(2) has no safe wrapper; without a mode it changes nothing
pub fn kept() -> String {
    // SAFETY: all zeros are a valid `timex`, and the kernel writes within the one that is given.
    let (state, about) = unsafe {
        let mut about: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&mut about), about)
    };
    match state {
        -1 => "unknown".into(),
        libc::TIME_ERROR => "not synchronised".into(),
        _ => format!("synchronised, estimated error {} us, at most {} us", about.esterror, about.maxerror),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn kept() -> String {
    "not asked on this system".into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn forms() {
        let now = super::now();
        assert!(now.len() == 27 && now.ends_with('Z'), "{now}");
        assert_eq!(super::compact().len(), 14);
        assert!(super::ticks(true) / 1_000_000_000 - super::ticks(false) / 1_000_000 <= 1);
    }
}
