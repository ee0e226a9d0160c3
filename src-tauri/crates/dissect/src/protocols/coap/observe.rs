//! Who observes what (RFC 7641). A sensor may tell its state once an hour, long after its flow has ended: this is kept for a whole capture.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Asked, Token};

/// Relations known at the same time; past it, the one that was silent for longest is forgotten.
const MOST: usize = 1_024;
/// What has a longer path is not remembered.
const LONGEST_URI: usize = 1_024;

type End = (IpAddr, u16);

#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// By client, server and the client's token.
    relations: HashMap<(End, End, Token), Relation, foldhash::fast::RandomState>,
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
        if self.relations.len() >= MOST && !self.relations.contains_key(&key) {
            let oldest = self.relations.iter().min_by_key(|(_, relation)| relation.heard).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.relations.remove(&oldest));
        }
        self.relations.insert(key, Relation { asked: asked.clone(), latest: None, heard: self.clock });
    }

    pub(super) fn end(&mut self, client: End, server: End, token: Token) {
        self.relations.remove(&(client, server, token));
    }

    /// A notification: what it is about.
    pub(super) fn notified(&mut self, client: End, server: End, token: Token, mid: u16) -> Option<Asked> {
        let relation = self.relations.get_mut(&(client, server, token))?;
        self.clock += 1;
        (relation.latest, relation.heard) = (Some(mid), self.clock);
        Some(relation.asked.clone())
    }

    /// An answer that is no notification: the server does not agree, or an error ends what it had agreed to (section 4.2). True for
    /// the latter.
    pub(super) fn answered(&mut self, client: End, server: End, token: Token, error: bool) -> bool {
        let key = (client, server, token);
        let Some(agreed) = self.relations.get(&key).map(|relation| relation.latest.is_some()) else { return false };
        if error || !agreed {
            self.relations.remove(&key);
        }
        error && agreed
    }

    /// The client says that the message of this id has come, or resets it, which ends the relation (section 3.6): what it is about, and
    /// whether it ended.
    pub(super) fn heard(&mut self, client: End, server: End, mid: u16, reset: bool) -> (Option<Asked>, bool) {
        let its = |(key, relation): &(&(End, End, Token), &Relation)| {
            (key.0, key.1, relation.latest) == (client, server, Some(mid))
        };
        // ids come again: the latest is meant
        let found = self.relations.iter().filter(its).max_by_key(|(_, relation)| relation.heard);
        let Some((key, asked)) = found.map(|(key, relation)| (*key, relation.asked.clone())) else {
            return (None, false);
        };
        if reset {
            self.relations.remove(&key);
        }
        (Some(asked), reset)
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
}
