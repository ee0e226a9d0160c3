//! What one packet carries, for a person: the messages in it, one after the other.

use std::ops::Range;

use crate::layers::{Ip, Transport as Header};
use crate::origin::Origin;
use crate::protocols::{Message, Out, Protocol, Side, Step, Transport};
use crate::service::recognise;

/// A message between the ends that a packet's headers name, still without bytes. None if it carries neither TCP nor UDP.
pub(crate) fn ends(ip: &Ip, header: Option<&Header>, side: Side) -> Option<Message<'static>> {
    // A fragment has no ports to show: what it completes is read all the same.
    let (src_port, dst_port) = header.map_or((0, 0), |ends| (ends.src_port, ends.dst_port));
    Some(Message {
        bytes: &[],
        transport: match ip.proto {
            6 => Transport::Tcp,
            17 => Transport::Udp,
            _ => return None,
        },
        side,
        src: (ip.src, src_port),
        dst: (ip.dst, dst_port),
        src_mac: None,
        cut: false,
        origin: Origin::default(),
    })
}

/// Reads the messages in `range`; returns the end of the last one that was understood.
pub(crate) fn messages(
    protocol: &dyn Protocol,
    bytes: &[u8],
    range: Range<usize>,
    ends: &Message,
    out: &mut Out,
) -> Option<usize> {
    let (mut at, mut understood) = (range.start, None);
    let mut conversation = protocol.conversation();
    while at < range.end {
        let rest = bytes.get(at..range.end)?;
        let facts = out.facts.len();
        let (source, base) = out.tree.shift(at);
        let step = conversation.read(&Message { bytes: rest, ..*ends }, out);
        out.tree.rebase(source, base);
        match step {
            Step::Took(n) => {
                at = at.saturating_add(n.max(1)).min(range.end);
                understood = Some(at);
            }
            Step::Done => return Some(range.end),
            Step::More | Step::NotMine => return understood.or((out.facts.len() > facts).then_some(range.end)),
        }
        if ends.transport == Transport::Udp {
            break;
        }
    }
    understood
}

/// Shows what nobody knows the flow of: messages if they can be told by what they are, else bytes.
pub(crate) fn show(bytes: &[u8], range: Range<usize>, ends: Option<Message>, out: &mut Out) {
    let Some(here) = bytes.get(range.clone()).filter(|here| !here.is_empty()) else { return };
    let read = ends.and_then(|ends| {
        let protocol = recognise(&Message { bytes: here, ..ends })?;
        messages(protocol, bytes, range.clone(), &ends, out)
    });
    if read.is_none() {
        out.tree.bytes("data.data", "Payload", range, here);
    }
}
