//! Reading on behind the handshake, where a key log has the connection's secrets.

use super::inner::{self, Inner};
use super::records::{Hellos, Opener};
use super::secrets::Secrets;
use super::{
    ALERT, APPLICATION_DATA, CERTIFICATE, Cursor, HANDSHAKE, LONGEST_MESSAGE, Pieces, certificate, names, show_alert,
};
use crate::Tree;
use crate::protocols::{Message, Out, Side};

const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

/// Records in a row that can't be opened (a client's early data has keys of its own), before a side is given up.
const MOST_FAILED: u8 = 32;

/// Both sides of an opened connection.
pub struct Open {
    client: Side,
    openers: [Option<Opener>; 2],
    /// Records in a row that could not be opened.
    failed: [u8; 2],
    /// Records are missing before the next.
    lost: [bool; 2],
    /// Handshake messages that are not whole yet.
    handshakes: [Vec<u8>; 2],
    is_13: bool,
    inner: Inner,
}

impl Open {
    /// `None`: no secrets of this connection are known.
    pub fn new(hellos: &Hellos, client: Side, secrets: &Secrets) -> Option<Open> {
        let opener = |side: Side| Opener::new(hellos, side == client, secrets);
        let openers = [opener(Side::Orig), opener(Side::Resp)];
        openers.iter().any(Option::is_some).then(|| Open {
            client,
            openers,
            failed: [0; 2],
            lost: [false; 2],
            handshakes: Default::default(),
            is_13: hellos.version == 0x0304,
            inner: Inner::default(),
        })
    }

    /// Reads the whole record that the message begins with; false if this side is not worth reading further.
    pub fn record(&mut self, message: &Message, len: usize, out: &mut Out) -> bool {
        let side = message.side as usize;
        let Some((head, rest)) = message.bytes.split_first_chunk::<5>() else { return false };
        let (Some(sealed), Some(opener)) = (rest.get(..len), &mut self.openers[side]) else { return false };
        let Some(opened) = opener.open(*head, sealed, self.lost[side]) else {
            self.failed[side] += 1;
            return self.failed[side] < MOST_FAILED;
        };
        (self.failed[side], self.lost[side]) = (0, false);
        let record = 5 + len;
        match opened.kind {
            HANDSHAKE if self.is_13 => self.handshake(message, record, &opened.content, out),
            APPLICATION_DATA => self.inner.feed(message, record, &opened.content, out),
            kind => show_other(kind, &opened.content, out),
        }
        // who looks at frames sees what is opened, whether anybody reads it or not
        !self.inner.is_opaque() || out.opening.is_some()
    }

    fn handshake(&mut self, message: &Message, record: usize, content: &[u8], out: &mut Out) {
        let side = message.side as usize;
        let mut held = std::mem::take(&mut self.handshakes[side]);
        held.extend_from_slice(content);
        let mut at = 0;
        while let Some([kind, high, middle, low]) = held.get(at..).and_then(|rest| rest.first_chunk()) {
            let len = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            if len > LONGEST_MESSAGE {
                return;
            }
            let Some(body) = held.get(at + 4..at + 4 + len) else { break };
            let mut opening = out.opening.take();
            if let Some(opening) = &mut opening {
                opening.begin(&mut out.tree);
                begin_message(*kind, len, &mut out.tree);
            }
            match (*kind, &mut self.openers[side]) {
                (CERTIFICATE, _) => {
                    let first = (out.facts.len(), out.complaints.len());
                    let pieces = Pieces(vec![(0, 4)]);
                    let from_client = message.side == self.client;
                    if let Err(stop) = certificate::read_chain(Cursor::new(body), from_client, true, &pieces, out) {
                        out.malformed(stop.at, stop.why);
                    }
                    inner::mark(first, 0..record, out);
                }
                (FINISHED, Some(opener)) => opener.finished(),
                (KEY_UPDATE, Some(opener)) => opener.update(),
                _ => {}
            }
            if let Some(opening) = &mut opening {
                out.tree.close();
                opening.end(&mut out.tree, held.get(at..at + 4 + len).unwrap_or_default());
            }
            out.opening = opening;
            at += 4 + len;
        }
        held.drain(..at);
        self.handshakes[side] = held;
    }

    pub fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
        self.handshakes[side as usize].clear();
        self.inner.gap(side);
    }

    pub fn finish(&mut self, message: &Message, out: &mut Out) {
        self.inner.finish(message, out);
    }
}

/// A handshake message's own fields, for who looks at its frame; what it says goes into the same group.
fn begin_message(kind: u8, len: usize, tree: &mut Tree) {
    let name = names::handshake(kind);
    tree.open("tls.handshake", "Handshake Protocol", 0..4 + len, || name.to_owned());
    tree.coded("tls.handshake.type", "Handshake Type", 0..1, kind, || format!("{kind} ({name})"));
    tree.int("tls.handshake.length", "Length", 1..4, len);
}

/// An alert; or what is neither that nor said by an application.
fn show_other(kind: u8, content: &[u8], out: &mut Out) {
    let Some(opening) = &mut out.opening else { return };
    match (kind, content) {
        (ALERT, [level, what]) => {
            opening.begin(&mut out.tree);
            show_alert(0, *level, *what, &mut out.tree);
            opening.end(&mut out.tree, content);
        }
        _ => opening.rest(content),
    }
}
