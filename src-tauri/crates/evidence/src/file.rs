//! Files on the disk, opened so that they stay as they are.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use model::Time;

/// What the file system says of a file's times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub modified: Option<Time>,
    pub created: Option<Time>,
    /// Before we opened it.
    pub accessed: Option<Time>,
}

impl Times {
    pub(crate) fn of(metadata: &Metadata) -> Times {
        let known = |at: io::Result<SystemTime>| at.ok().and_then(time);
        Times {
            modified: known(metadata.modified()),
            created: known(metadata.created()),
            accessed: known(metadata.accessed()),
        }
    }
}

/// Opens for reading only, without locking anyone out, and where the system allows it without a new access time.
pub fn open(path: &Path) -> io::Result<File> {
    without_access_time(path).or_else(|_| OpenOptions::new().read(true).open(path))
}

/// Linux grants `O_NOATIME` to the owner and to root.
#[cfg(target_os = "linux")]
fn without_access_time(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).custom_flags(libc::O_NOATIME).open(path)
}

/// Elsewhere there is no such flag; Windows does not keep the time of access by default.
#[cfg(not(target_os = "linux"))]
fn without_access_time(_path: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn time(at: SystemTime) -> Option<Time> {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok().map(Time),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok()?.checked_neg().map(Time),
    }
}
