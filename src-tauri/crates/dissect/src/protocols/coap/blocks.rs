//! Payloads that come in blocks (RFC 7959), one after the other: files.

use std::ops::Range;

use crate::protocols::files::{File, name_of};
use crate::protocols::{Message, Out, Side};

/// Transfers at the same time in one flow.
const MOST_TRANSFERS: usize = 16;

/// What is on its way.
#[derive(Default)]
pub struct Blocks(Vec<Transfer>);

struct Transfer {
    side: Side,
    /// Of a request (Block1), not of a response (Block2).
    request: bool,
    uri: String,
    /// Offset of the block that comes next.
    next: u64,
    file: File,
}

/// One block: what it is of, the option's value, and where its payload is.
pub struct Block<'a> {
    pub request: bool,
    pub uri: &'a str,
    pub content_type: Option<&'a str>,
    pub option: u32,
    pub payload: Range<usize>,
}

impl Blocks {
    /// The message's block.
    pub fn take(&mut self, message: &Message, block: Block, out: &mut Out) {
        let Block { request, uri, content_type, option, payload } = block;
        let (number, more, exponent) = (option >> 4, option & 8 != 0, option & 7);
        if exponent == 7 || payload.is_empty() {
            return;
        }
        let at = u64::from(number) << (exponent + 4);
        let side = message.side;
        let same = |transfer: &Transfer| transfer.side == side && transfer.request == request && transfer.uri == uri;
        let mut known = self.0.iter().position(same);
        if at == 0 {
            if let Some(former) = known.take() {
                if self.0.get(former).is_some_and(|former| former.next == payload.len() as u64) {
                    return; // the first block, sent again
                }
                self.0.remove(former).file.end(side, false, out);
            }
            if !more {
                return; // all of it is in this message
            }
        }
        let known = match known {
            Some(known) => known,
            None => {
                if self.0.len() >= MOST_TRANSFERS {
                    let oldest = self.0.remove(0);
                    oldest.file.end(oldest.side, false, out);
                }
                let mut file = File::new("coap", "", out);
                uri.clone_into(&mut file.subject);
                if let Some(name) = name_of(uri) {
                    file.fields.text("filename", name);
                }
                if let Some(content_type) = content_type {
                    file.fields.text("content_type", content_type);
                }
                self.0.push(Transfer { side, request, uri: uri.to_owned(), next: 0, file });
                self.0.len() - 1
            }
        };
        let Some(transfer) = self.0.get_mut(known) else { return };
        if at < transfer.next {
            return; // sent again
        }
        if at > transfer.next {
            transfer.file.missing(at - transfer.next);
        }
        transfer.next = at.saturating_add(payload.len() as u64);
        transfer.file.take(message, payload, out);
        if !more {
            self.0.remove(known).file.end(side, true, out);
        }
    }

    /// Nothing more will come from this side.
    pub fn finish(&mut self, side: Side, out: &mut Out) {
        let (ended, others) = std::mem::take(&mut self.0).into_iter().partition(|transfer| transfer.side == side);
        self.0 = others;
        let ended: Vec<Transfer> = ended;
        for transfer in ended {
            transfer.file.end(side, false, out);
        }
    }
}
