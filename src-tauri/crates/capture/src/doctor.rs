//! `lintel-capture doctor`: what this program may do here, and what mends what it may not.

use std::env::consts::{ARCH, OS};

use pcap::Device;
use serde::Serialize;

use crate::event::Failure;
use crate::open::{self, How};
use crate::{libpcap, npcap, print, privileges};

#[derive(Serialize)]
struct Health {
    program: String,
    /// Its version in its own words; null: it is not there.
    libpcap: Option<String>,
    can_capture: bool,
    /// Why it can't, a sentence.
    why: Option<String>,
    /// The one command that mends it.
    mend: Option<String>,
    effective_capabilities: Vec<String>,
    platform: String,
}

pub fn doctor() -> Result<(), Failure> {
    let mut health = Health {
        program: concat!("lintel-capture ", env!("CARGO_PKG_VERSION")).into(),
        libpcap: None,
        can_capture: false,
        why: None,
        mend: None,
        effective_capabilities: privileges::effective(),
        platform: format!("{OS} {ARCH}"),
    };
    match npcap::present() {
        Ok(()) => {
            health.libpcap = Some(libpcap::version());
            match try_one() {
                Ok(()) => health.can_capture = true,
                Err(failure) => (health.why, health.mend) = (Some(failure.why), failure.mend),
            }
        }
        Err(failure) => (health.why, health.mend) = (Some(failure.why), failure.mend),
    }
    print(&health)
}

/// Opens interfaces until one opens; otherwise says why the first didn't.
fn try_one() -> Result<(), Failure> {
    let devices = Device::list().map_err(|error| Failure::failed(libpcap::words(&error)))?;
    let how = How { snap: 96, promiscuous: false, monitor: false, link_type: None, buffer: 1, nanoseconds: false };
    let is_network = |device: &&Device| device.flags.is_loopback() || device.flags.is_up();
    let mut first = None;
    for device in devices.iter().filter(is_network) {
        match open::live(&device.name, &how) {
            Ok(_) => return Ok(()),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    let Some(failure) = first else {
        return Err(Failure { mend: open::mend(), ..Failure::failed("libpcap finds no interface here") });
    };
    if cfg!(target_os = "macos") && failure.mend.is_some() {
        let why = "the devices /dev/bpf*, through which macOS lets programs capture, are not readable by this user";
        return Err(Failure { why: why.into(), ..failure });
    }
    Err(failure)
}
