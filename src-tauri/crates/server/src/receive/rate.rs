//! How often each peer may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Requests a second that a peer may keep up: many access points may stand behind one address.
const STEADY: f64 = 300.0;
/// And at once.
const BURST: f64 = 600.0;
/// Peers that are remembered; when there are more, those that have been quiet are forgotten.
const MOST: usize = 10_000;

/// Each peer has a bucket that fills steadily.
pub struct Rate {
    peers: HashMap<IpAddr, Bucket>,
    cleared: Instant,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Rate {
    pub fn new(now: Instant) -> Rate {
        Rate { peers: HashMap::new(), cleared: now }
    }

    pub fn allows(&mut self, peer: IpAddr, now: Instant) -> bool {
        let peer = network(peer);
        if self.peers.len() >= MOST && !self.peers.contains_key(&peer) {
            let full = Duration::from_secs_f64(BURST / STEADY);
            // Looked for once a second at most: a flood from everywhere must not cost a search each time.
            if now.duration_since(self.cleared) >= Duration::from_secs(1) {
                self.cleared = now;
                self.peers.retain(|_, bucket| now.duration_since(bucket.at) < full);
            }
            if self.peers.len() >= MOST {
                return false;
            }
        }
        let bucket = self.peers.entry(peer).or_insert(Bucket { left: BURST, at: now });
        bucket.left = (bucket.left + now.duration_since(bucket.at).as_secs_f64() * STEADY).min(BURST);
        bucket.at = now;
        let allowed = bucket.left >= 1.0;
        if allowed {
            bucket.left -= 1.0;
        }
        allowed
    }
}

/// Of IPv6, a network is one peer: it has as many addresses as it likes.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.into(),
            None => std::net::Ipv6Addr::from(u128::from(six) >> 64 << 64).into(),
        },
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    #[test]
    fn a_flood_is_cut_to_the_steady_rate_and_others_are_not_touched() {
        let begin = Instant::now();
        let mut rate = Rate::new(begin);
        let allowed = (0..5_000).filter(|_| rate.allows(peer(1), begin)).count();
        assert_eq!(allowed, 600);
        assert!(rate.allows(peer(2), begin));
        let later = begin + Duration::from_secs(1);
        assert_eq!((0..5_000).filter(|_| rate.allows(peer(1), later)).count(), 300);
        // 200 a second for a minute.
        let mut rate = Rate::new(begin);
        assert!((0..12_000).all(|n| rate.allows(peer(1), begin + Duration::from_millis(n * 5))));
    }

    #[test]
    fn peers_are_bounded() {
        let begin = Instant::now();
        let mut rate = Rate::new(begin);
        assert_eq!((0..20_000).filter(|n| rate.allows(peer(*n), begin)).count(), MOST);
        assert!(rate.allows(peer(1_000_000), begin + Duration::from_secs(5)));
        let [a, b] = ["2001:db8::1", "2001:db8::2"].map(|text| network(text.parse().unwrap()));
        assert_eq!(a, b);
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
