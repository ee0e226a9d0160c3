//! Recording `samples/` anew.

use anyhow::{Result, bail};

use crate::program::{program, run};

/// Runs `samples/record.sh`, which lets a small home happen and records it.
pub fn record() -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("samples are recorded on Linux: the home that they show is made of network namespaces");
    }
    run(&mut program("samples/record.sh", [""; 0]))
}
