//! Who observes what (RFC 7641). A sensor may tell its state once an hour, long after its flow has ended: this is kept for a whole capture.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::{Asked, Token};

/// Relations known at the same time; past it, the one that was silent for longest is forgotten.
const MOST: usize = 1_024;
/// What has a longer path is not remembered.
const LONGEST_URI: usize = 1_024;

type End = (IpAddr, u16);
/// Client, server and the client's token.
type Key = (End, End, Token);

#[derive(Debug, Default)]
pub(crate) struct Observed {
    relations: HashMap<Key, Relation, foldhash::fast::RandomState>,
    /// Their tokens by client, server, the latest notification's message id, and when it was heard: ids come again.
    by_id: BTreeMap<(End, End, u16, u64), Token>,
    /// All of them by when they were last heard of; the clock says no time twice.
    by_age: BTreeMap<u64, Key>,
    /// Messages about relations so far.
    clock: u64,
}

#[derive(Debug)]
struct Relation {
    asked: Asked,
    /// Message id of the latest notification; none so far: the server has not agreed yet.
    latest: Option<u16>,
    /// When it was last heard of.
    heard: u64,
}

impl Observed {
    /// A client asks for notifications: in place of what it asked for with this token before.
    pub(super) fn begin(&mut self, client: End, server: End, token: Token, asked: &Asked) {
        self.clock += 1;
        if asked.uri.len() > LONGEST_URI {
            return self.end(client, server, token);
        }
        let key = (client, server, token);
        if self.relations.len() >= MOST
            && !self.relations.contains_key(&key)
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.remove(&oldest);
        }
        self.put(key, Relation { asked: asked.clone(), latest: None, heard: self.clock });
    }

    pub(super) fn end(&mut self, client: End, server: End, token: Token) {
        self.remove(&(client, server, token));
    }

    /// A notification: what it is about.
    pub(super) fn notified(&mut self, client: End, server: End, token: Token, mid: u16) -> Option<Asked> {
        let key = (client, server, token);
        let Relation { asked, .. } = self.remove(&key)?;
        self.clock += 1;
        self.put(key, Relation { asked: asked.clone(), latest: Some(mid), heard: self.clock });
        Some(asked)
    }

    /// An answer that is no notification: the server does not agree, or an error ends what it had agreed to (section 4.2). True for
    /// the latter.
    pub(super) fn answered(&mut self, client: End, server: End, token: Token, error: bool) -> bool {
        let key = (client, server, token);
        let Some(agreed) = self.relations.get(&key).map(|relation| relation.latest.is_some()) else { return false };
        if error || !agreed {
            self.remove(&key);
        }
        error && agreed
    }

    /// The client says that the message of this id has come, or resets it, which ends the relation (section 3.6): what it is about, and
    /// whether it ended.
    pub(super) fn heard(&mut self, client: End, server: End, mid: u16, reset: bool) -> (Option<Asked>, bool) {
        // ids come again: the latest is meant
        let its = (client, server, mid, 0)..=(client, server, mid, u64::MAX);
        let Some(token) = self.by_id.range(its).next_back().map(|(_, token)| *token) else { return (None, false) };
        let key = (client, server, token);
        let asked = self.relations.get(&key).map(|relation| relation.asked.clone());
        if reset {
            self.remove(&key);
        }
        (asked, reset)
    }

    fn put(&mut self, key: Key, relation: Relation) {
        self.remove(&key);
        self.by_age.insert(relation.heard, key);
        if let Some(mid) = relation.latest {
            self.by_id.insert((key.0, key.1, mid, relation.heard), key.2);
        }
        self.relations.insert(key, relation);
    }

    fn remove(&mut self, key: &Key) -> Option<Relation> {
        let relation = self.relations.remove(key)?;
        self.by_age.remove(&relation.heard);
        if let Some(mid) = relation.latest {
            self.by_id.remove(&(key.0, key.1, mid, relation.heard));
        }
        Some(relation)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_longest_silent_is_forgotten_and_paths_are_short() {
        let end = |last, port| (IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port);
        let asked = |uri: &str| Asked { method: 1, uri: uri.to_owned() };
        let (server, token) = (end(1, 5683), Token::of(b"t"));
        let mut observed = Observed::default();
        for port in 0..MOST as u16 {
            observed.begin(end(7, port), server, token, &asked("/a"));
        }
        assert!(observed.notified(end(7, 0), server, token, 1).is_some());
        observed.begin(end(7, 2_000), server, token, &asked("/b"));
        observed.begin(end(7, 2_001), server, token, &asked(&"x".repeat(LONGEST_URI + 1)));
        assert_eq!(observed.relations.len(), MOST);
        let known = [0, 1, 2, 2_000, 2_001].map(|port| observed.notified(end(7, port), server, token, 1).is_some());
        assert_eq!(known, [true, false, true, true, false]);
    }

    /// What a relation is found by is the same as if all were looked through.
    #[test]
    fn the_one_that_is_meant_is_found() {
        let end = |port: u64| (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port as u16);
        let mut dice = 7_u64;
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        let mut observed = Observed::default();
        let (mut found, mut ended, mut forgotten) = (0, 0, 0);
        for round in 0..60_000 {
            // Now few that often meet, now more than are remembered.
            let clients = if round / 20_000 == 1 { 1_500 } else { 3 };
            let (client, server, mid) = (end(roll(clients)), end(5_683 + roll(2)), roll(4) as u16);
            let token = Token::of(&[roll(3) as u8]);
            let before = observed.relations.len();
            match roll(6) {
                0 | 1 => {
                    let known = observed.relations.contains_key(&(client, server, token));
                    let oldest =
                        observed.relations.iter().min_by_key(|(_, relation)| relation.heard).map(|(key, _)| *key);
                    observed.begin(client, server, token, &Asked { method: 1, uri: round.to_string() });
                    if before == MOST && !known {
                        forgotten += 1;
                        assert!(!observed.relations.contains_key(&oldest.unwrap()));
                    }
                }
                2 => drop(observed.notified(client, server, token, mid)),
                3 => drop(observed.answered(client, server, token, roll(8) == 0)),
                4 if roll(4) == 0 => observed.end(client, server, token),
                _ => {
                    let its = |(key, relation): &(&Key, &Relation)| {
                        (key.0, key.1, relation.latest) == (client, server, Some(mid))
                    };
                    let meant = observed.relations.iter().filter(its).max_by_key(|(_, relation)| relation.heard);
                    let meant = meant.map(|(key, relation)| (*key, relation.asked.uri.clone()));
                    let reset = roll(2) == 0;
                    let (asked, is_over) = observed.heard(client, server, mid, reset);
                    assert_eq!(asked.map(|asked| asked.uri), meant.clone().map(|(_, uri)| uri));
                    assert_eq!(is_over, reset && meant.is_some());
                    if let Some((key, _)) = meant {
                        found += 1;
                        ended += usize::from(reset);
                        assert_eq!(observed.relations.contains_key(&key), !reset);
                    }
                }
            }
            let agreed = observed.relations.values().filter(|relation| relation.latest.is_some()).count();
            assert_eq!((observed.by_age.len(), observed.by_id.len()), (observed.relations.len(), agreed));
        }
        assert!(found > 1_000 && ended > 500 && forgotten > 500, "{found} {ended} {forgotten}");
    }
}
