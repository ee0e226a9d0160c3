//! Putting IP fragments together (RFC 791, RFC 8200 section 4.5), with caps. Where fragments overlap, the first one's bytes stay.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use model::Frame;

use crate::layers::{Fragment, Ip};
use crate::origin::Segment;

/// Longest datagram that IP can carry.
const LONGEST: usize = 65_535;
/// Datagrams that are waited for at once; the oldest gives way.
const MOST_PENDING: usize = 1_024;
/// Fragments of one datagram: more is an attack.
const MOST_PIECES: usize = 512;

#[derive(Default)]
pub(crate) struct Fragments {
    pending: HashMap<Key, Pending>,
    order: VecDeque<Key>,
}

type Key = (IpAddr, IpAddr, u32, u8);

#[derive(Default)]
struct Pending {
    pieces: Vec<Piece>,
    /// Length of the whole, once the last fragment is there.
    total: Option<usize>,
}

struct Piece {
    at: usize,
    bytes: Vec<u8>,
    frame: u64,
    offset: u64,
}

impl Fragments {
    /// Takes a fragment; gives the datagram's payload when it is the last one missing.
    pub fn add(&mut self, frame: &Frame, ip: &Ip, fragment: &Fragment) -> Option<(Vec<u8>, Vec<Segment>)> {
        let bytes = frame.bytes.get(fragment.payload.clone())?;
        if fragment.offset + bytes.len() > LONGEST {
            return None;
        }
        let key = (ip.src, ip.dst, fragment.id, ip.proto);
        if !self.pending.contains_key(&key) {
            if self.order.len() >= MOST_PENDING
                && let Some(oldest) = self.order.pop_front()
            {
                self.pending.remove(&oldest);
            }
            self.order.push_back(key);
        }
        let pending = self.pending.entry(key).or_default();
        if pending.pieces.len() < MOST_PIECES {
            let offset = frame.offset + fragment.payload.start as u64;
            pending.pieces.push(Piece { at: fragment.offset, bytes: bytes.to_vec(), frame: frame.number, offset });
        }
        if !fragment.more {
            pending.total.get_or_insert(fragment.offset + bytes.len());
        }
        let whole = pending.assemble()?;
        self.pending.remove(&key);
        self.order.retain(|other| *other != key);
        Some(whole)
    }
}

impl Pending {
    fn assemble(&self) -> Option<(Vec<u8>, Vec<Segment>)> {
        let total = self.total?;
        let mut order: Vec<&Piece> = self.pieces.iter().collect();
        order.sort_by_key(|piece| piece.at); // stable: of equals the first that came
        let (mut whole, mut segments) = (Vec::with_capacity(total), Vec::new());
        for piece in order {
            if piece.at > whole.len() {
                return None; // still a hole
            }
            let known = whole.len() - piece.at;
            let fresh = piece.bytes.get(known..).unwrap_or_default();
            let fresh = &fresh[..fresh.len().min(total.saturating_sub(whole.len()))];
            if !fresh.is_empty() {
                let offset = piece.offset + known as u64;
                segments.push(Segment { at: whole.len(), length: fresh.len(), frame: piece.frame, offset });
                whole.extend_from_slice(fresh);
            }
        }
        (whole.len() == total).then_some((whole, segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(fragments: &mut Fragments, number: u64, offset: usize, more: bool, bytes: &[u8]) -> Option<Vec<u8>> {
        let frame = Frame { number, ts: None, offset: 1_000 * number, bytes, wire_len: 0, interface: 0, link_type: 1 };
        let localhost = IpAddr::from([127, 0, 0, 1]);
        let ip = Ip { src: localhost, dst: localhost, proto: 17, total: 0, ttl: 1 };
        let fragment = Fragment { id: 7, offset, more, payload: 0..bytes.len() };
        fragments.add(&frame, &ip, &fragment).map(|whole| whole.0)
    }

    #[test]
    fn any_order_and_overlap() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, 1, 8, false, b"second"), None);
        assert_eq!(add(&mut fragments, 2, 0, true, b"first..."), Some(b"first...second".to_vec()));
        assert_eq!(add(&mut fragments, 3, 0, true, b"first..."), None);
        assert_eq!(add(&mut fragments, 4, 4, false, b"XXXXsecond"), Some(b"first...second".to_vec()));
        assert!(fragments.pending.is_empty() && fragments.order.is_empty());
    }

    #[test]
    fn never_waits_for_more_than_its_cap() {
        let mut fragments = Fragments::default();
        let ip = Ip { src: [1, 1, 1, 1].into(), dst: [2, 2, 2, 2].into(), proto: 17, total: 0, ttl: 1 };
        for id in 0..5_000 {
            let frame = Frame { number: 1, ts: None, offset: 0, bytes: b"x", wire_len: 1, interface: 0, link_type: 1 };
            fragments.add(&frame, &ip, &Fragment { id, offset: 0, more: true, payload: 0..1 });
        }
        assert_eq!(fragments.pending.len(), MOST_PENDING);
    }
}
