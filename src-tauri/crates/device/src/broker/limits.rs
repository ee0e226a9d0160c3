//! How many files may be open: a device takes three of them (its connection, and both ends of the one inside).

/// Many systems allow a thousand unless asked for more.
#[cfg(unix)]
pub fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 32_768;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    // Some systems refuse what they say they allow; a good part of it will do.
    for wanted in [wanted, wanted.min(10_240)] {
        if limit.current.is_none_or(|now| now >= wanted) {
            return;
        }
        if setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok() {
            return;
        }
    }
}

#[cfg(not(unix))]
pub fn raise() {}
