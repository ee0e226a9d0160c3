//! What is spoken inside TLS, once it is opened.

use std::ops::Range;

use model::Party;

use crate::origin::Origin;
use crate::protocols::{Conversation, Message, Out, Side, Step};
use crate::service;

/// So much of what is spoken is kept until a message of it is whole.
const MOST_UNREAD: usize = 256 * 1024;

/// Looks at what no protocol knows before it is given up.
const MOST_LOOKS: u8 = 8;

/// TLS inside of TLS inside of ...: more is not believed.
const MOST_DEEP: u8 = 4;

/// Both directions of what is spoken.
#[derive(Default)]
pub struct Inner {
    conversation: Option<Box<dyn Conversation>>,
    looks: u8,
    sides: [Unread; 2],
}

#[derive(Default)]
struct Unread {
    bytes: Vec<u8>,
    skip: usize,
    done: bool,
}

impl Inner {
    /// Nothing that we read is spoken.
    pub fn is_opaque(&self) -> bool {
        self.conversation.is_none() && self.looks >= MOST_LOOKS || self.sides.iter().all(|side| side.done)
    }

    /// Reads what is whole. `message` holds the record that it came in, of `record` bytes.
    pub fn feed(&mut self, message: &Message, record: usize, plain: &[u8], out: &mut Out) {
        if out.depth >= MOST_DEEP {
            return;
        }
        out.depth += 1;
        let first = (out.facts.len(), out.complaints.len());
        let known = self.conversation.is_some();
        self.read(message, record, plain, out);
        mark(first, 0..record, out);
        out.depth -= 1;
        // this side has told what it is: read what the other said before
        let other = if message.side == Side::Orig { Side::Resp } else { Side::Orig };
        if !known && self.conversation.is_some() && !self.sides[other as usize].bytes.is_empty() {
            let turned = Message { side: other, src: message.dst, dst: message.src, ..*message };
            let first = out.facts.len();
            self.feed(&turned, record, &[], out);
            for fact in out.facts.iter_mut().skip(first) {
                fact.parties.get_or_insert((Party::Ip(turned.src.0), Party::Ip(turned.dst.0)));
            }
        }
    }

    fn read(&mut self, message: &Message, record: usize, plain: &[u8], out: &mut Out) {
        let mut opening = out.opening.take(); // what is sealed once more inside is not shown
        let unread = &mut self.sides[message.side as usize];
        if unread.done {
            opening.iter_mut().for_each(|opening| opening.rest(plain));
            out.opening = opening;
            return;
        }
        let mut bytes = std::mem::take(&mut unread.bytes);
        bytes.extend_from_slice(plain);
        let mut at = unread.skip.min(bytes.len());
        unread.skip -= at;
        opening.iter_mut().for_each(|opening| opening.rest(bytes.get(..at).unwrap_or_default()));
        let origin = Origin { made_of: Some(record), ..message.origin };
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let spoken = Message { bytes: rest, cut: false, origin, ..*message };
            if self.conversation.is_none() && self.looks < MOST_LOOKS {
                self.looks += 1;
                let known = service::recognise(&spoken).filter(|protocol| protocol.name() != "tls");
                self.conversation = known.map(|protocol| protocol.conversation());
            }
            let Some(conversation) = &mut self.conversation else { break };
            if let Some(opening) = &mut opening {
                opening.begin(&mut out.tree);
            }
            let step = conversation.read(&spoken, out);
            if let Some(opening) = &mut opening {
                opening.end(&mut out.tree, step.read_of(rest));
            }
            match step {
                Step::Took(n) => {
                    let n = n.max(1);
                    unread.skip = n.saturating_sub(rest.len());
                    at += n.min(rest.len());
                }
                Step::More => break,
                Step::Done => {
                    unread.done = true;
                    at = bytes.len();
                }
                Step::NotMine => at = bytes.len(),
            }
        }
        if let Some(opening) = &mut opening {
            // of what is not whole yet, the part that came just now
            let fresh = bytes.len().saturating_sub(plain.len()).max(at);
            opening.rest(bytes.get(fresh..).unwrap_or_default());
        }
        out.opening = opening;
        bytes.drain(..at);
        if bytes.len() > MOST_UNREAD {
            bytes.clear();
            if let Some(conversation) = &mut self.conversation {
                conversation.gap(message.side);
            }
        }
        unread.bytes = bytes;
    }

    pub fn gap(&mut self, side: Side) {
        let unread = &mut self.sides[side as usize];
        (unread.skip, unread.bytes) = (0, Vec::new());
        if let Some(conversation) = &mut self.conversation {
            conversation.gap(side);
        }
    }

    pub fn finish(&mut self, message: &Message, out: &mut Out) {
        let first = (out.facts.len(), out.complaints.len());
        if let Some(conversation) = &mut self.conversation {
            conversation.finish(message, out);
        }
        mark(first, 0..0, out);
    }
}

/// What was found since `first` is about the record, and was not there for everyone to read.
pub fn mark(first: (usize, usize), record: Range<usize>, out: &mut Out) {
    for fact in out.facts.iter_mut().skip(first.0) {
        fact.bytes = record.clone();
        if !fact.own.members().contains("\"decrypted\":true") {
            fact.own.flag("decrypted", true);
        }
    }
    for complaint in out.complaints.iter_mut().skip(first.1) {
        complaint.at = record.start;
    }
}
