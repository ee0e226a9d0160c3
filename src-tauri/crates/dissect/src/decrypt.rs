//! What a frame brings of what is encrypted, once key logs open it: the bytes, and the fields in them. The same of HTTP/2 in the clear,
//! whose header fields refer to those before.
//!
//! Records can only be opened one after the other, so that the conversation is followed from its beginning.

use model::Frame;

use crate::engine::Engine;
use crate::protocols::files::{Kept, Sought, Wanted};
use crate::tree::{Node, Tree};

/// No frame brings so much; one on which many waited may.
const MOST: usize = 1 << 20;

/// Follows one conversation up to a frame, or until files have passed.
pub struct Decrypt(Engine);

/// What that frame brings. Nodes' ranges are of `bytes`: messages as they are spoken, with what former frames brought of them.
#[derive(Clone, Debug, Default)]
pub struct Decrypted {
    pub bytes: Vec<u8>,
    pub nodes: Vec<Node>,
}

impl Decrypt {
    pub fn new() -> Decrypt {
        Decrypt(Engine::new())
    }

    /// Lines of a key log.
    pub fn secrets(&mut self, text: &[u8]) {
        self.0.secrets(text);
    }

    /// The conversation's next frame.
    pub fn frame(&mut self, frame: &Frame) -> Decrypted {
        *self.0.opening() = Some(Box::default());
        let _ = self.0.frame(frame, &mut ()); // nobody cancels
        self.0.opening().take().map(|opening| opening.told()).unwrap_or_default()
    }

    /// Files are wanted, each known by the place that its fact has and by the hash of its content.
    pub fn seek(&mut self, wanted: Vec<Wanted>) {
        *self.0.sought() = Some(Box::new(Sought::new(wanted)));
    }

    /// The conversation's next frame. The contents of files that are wanted of which all has passed by now, by their numbers among them.
    /// One that is missing at the end may be had when fewer are wanted: what is held at the same time is bounded.
    pub fn pass(&mut self, frame: &Frame) -> Vec<(usize, Kept)> {
        let _ = self.0.frame(frame, &mut ()); // nobody cancels
        self.0.found()
    }

    /// The conversation has no more frames, which ends what passed to its end.
    pub fn end(&mut self) -> Vec<(usize, Kept)> {
        let _ = self.0.finish(&mut ());
        self.0.found()
    }

    /// All that is wanted has passed.
    pub fn is_over(&mut self) -> bool {
        self.0.sought().as_ref().is_none_or(|sought| sought.is_over())
    }
}

impl Default for Decrypt {
    fn default() -> Decrypt {
        Decrypt::new()
    }
}

/// What one frame has brought so far.
#[derive(Debug)]
pub(crate) struct Opening {
    tree: Tree,
    bytes: Vec<u8>,
    /// Fields when the message began that is being read.
    before: usize,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening { tree: Tree::on(), bytes: Vec::new(), before: 0 }
    }
}

impl Opening {
    /// A message may begin: what is read of it goes into this tree instead of the frame's.
    pub fn begin(&mut self, tree: &mut Tree) {
        std::mem::swap(&mut self.tree, tree);
        self.before = tree.len();
        tree.rebase(0, self.bytes.len());
    }

    /// So much of it was read; nothing: it was none, or is not whole.
    pub fn end(&mut self, tree: &mut Tree, read: &[u8]) {
        if read.is_empty() || self.bytes.len() + read.len() > MOST {
            tree.truncate(self.before);
        } else {
            self.bytes.extend_from_slice(read);
        }
        std::mem::swap(&mut self.tree, tree);
    }

    /// Bytes that no message is known of, or a part of one that is not whole yet.
    pub fn rest(&mut self, bytes: &[u8]) {
        let start = self.bytes.len();
        if !bytes.is_empty() && start + bytes.len() <= MOST {
            self.bytes.extend_from_slice(bytes);
            self.tree.rebase(0, 0);
            self.tree.bytes("tls.segment.data", "TLS segment data", start..self.bytes.len(), bytes);
        }
    }

    fn told(self) -> Decrypted {
        let Opening { tree, bytes, .. } = self;
        let mut nodes = tree.into_nodes();
        // a message may say that more of it follows than is there
        for node in &mut nodes {
            node.bytes = node.bytes.start.min(bytes.len())..node.bytes.end.min(bytes.len());
        }
        Decrypted { bytes, nodes }
    }
}
