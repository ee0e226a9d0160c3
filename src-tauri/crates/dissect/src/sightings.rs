//! Who sent frames: hardware addresses, and the IP addresses that are their own.

use std::collections::HashMap;
use std::net::IpAddr;

use model::{Mac, Time};

use crate::flows::Active;

/// A hardware address that sent frames, and the IP address that it used - only where it is its own, not a routed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    pub mac: Mac,
    pub ip: Option<IpAddr>,
    pub first_ts: Option<Time>,
    pub last_ts: Option<Time>,
    pub first_frame: u64,
    pub frames: u64,
    pub bytes: u64,
}

/// Distinct senders kept; a flood of forged addresses must not fill the memory.
const MOST: usize = 200_000;

/// Everybody seen so far.
#[derive(Clone, Default)]
pub(crate) struct Sightings {
    seen: HashMap<(Mac, Option<IpAddr>), Sighting, foldhash::fast::RandomState>,
}

/// Number and time of a frame.
type At = (u64, Option<Time>);

impl Sightings {
    pub fn add(&mut self, mac: Mac, ip: Option<IpAddr>, first: At, last: At, frames: u64, bytes: u64) {
        if mac.is_group() || (self.seen.len() >= MOST && !self.seen.contains_key(&(mac, ip))) {
            return;
        }
        let sighting = self.seen.entry((mac, ip)).or_insert_with(|| Sighting {
            mac,
            ip,
            first_ts: first.1,
            last_ts: last.1,
            first_frame: first.0,
            frames: 0,
            bytes: 0,
        });
        sighting.first_frame = sighting.first_frame.min(first.0);
        sighting.first_ts = match (sighting.first_ts, first.1) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        sighting.last_ts = sighting.last_ts.max(last.1);
        sighting.frames += frames;
        sighting.bytes += bytes;
    }

    /// Both sides of a flow.
    pub fn add_flow(&mut self, active: &Active) {
        let ((first_frame, first_ts), (_, last_ts)) = active.span();
        for (mac, ip, ttl, frames, bytes) in active.speakers() {
            let own = is_own(ip, ttl).then_some(ip);
            self.add(mac, own, (first_frame, first_ts), (first_frame, last_ts), frames, bytes);
        }
    }

    /// By hardware address, then IP.
    pub fn into_sorted(self) -> Vec<Sighting> {
        let mut sightings: Vec<Sighting> = self.seen.into_values().collect();
        sightings.sort_unstable_by_key(|sighting| (sighting.mac, sighting.ip));
        sightings
    }
}

/// Whether an address that a frame came from is the sender's own: the local kind, or not yet forwarded by any router.
fn is_own(ip: IpAddr, ttl: u8) -> bool {
    match ip {
        IpAddr::V4(four) => (four.is_private() || four.is_link_local()) && !four.is_broadcast(),
        IpAddr::V6(six) => {
            let local = six.is_unicast_link_local() || six.is_unique_local();
            local || (!six.is_unspecified() && !six.is_loopback() && matches!(ttl, 64 | 128 | 255))
        }
    }
}
