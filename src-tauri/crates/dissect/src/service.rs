//! Which application protocol a flow speaks, and reading its messages.

use std::net::IpAddr;

use model::Mac;

use crate::decrypt::Opening;
use crate::origin::{Origin, Segment};
use crate::protocols::{ALL, Complaint, Conversation, Drafts, Message, Out, Protocol, Side, Step, Transport};
use crate::stream::{MOST_UNREAD, Stream};

/// Takes what one step found, with the segments that its ranges are of.
pub(crate) type Emit<'a> = dyn FnMut(&mut Drafts, &mut Vec<Complaint>, &[Segment]) + 'a;

/// What a flow speaks.
#[derive(Default)]
pub(crate) enum Service {
    /// Not known yet, after so many looks at payload.
    #[default]
    Unknown,
    Looked(u8),
    Known(&'static dyn Protocol, Box<dyn Conversation>),
    /// Nothing that we read.
    Opaque,
}

/// Looks at unrecognised payload before it is given up.
const MOST_LOOKS: u8 = 6;
/// Bytes of unrecognised payload, per direction, before it is given up.
const MOST_UNKNOWN: usize = 4_096;

/// Both ends of what is being read, from the sender's point of view.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub transport: Transport,
    pub side: Side,
    pub src: (IpAddr, u16),
    pub dst: (IpAddr, u16),
    pub src_mac: Option<Mac>,
    /// The sender has said that it sends no more (FIN), and nothing is missing before that.
    pub closed: bool,
}

impl Ends {
    pub fn message<'a>(&self, bytes: &'a [u8], cut: bool) -> Message<'a> {
        let Ends { transport, side, src, dst, src_mac, .. } = *self;
        Message { bytes, transport, side, src, dst, src_mac, cut, origin: Origin::default() }
    }
}

impl Service {
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Service::Known(protocol, _) => Some(protocol.name()),
            _ => None,
        }
    }

    /// Takes the flow for this protocol's if it is not known yet; whether it is its.
    pub fn is_now(&mut self, protocol: &'static dyn Protocol) -> bool {
        if !matches!(self, Service::Known(..)) {
            *self = Service::Known(protocol, protocol.conversation());
        }
        self.name() == Some(protocol.name())
    }

    /// Whether one of the ports is the protocol's own.
    pub fn at_home(&self, ports: [u16; 2], transport: Transport) -> bool {
        match self {
            Service::Known(protocol, _) => is_home(*protocol, ports, transport),
            _ => true,
        }
    }

    pub fn is_opaque(&self) -> bool {
        matches!(self, Service::Opaque)
    }

    /// Reads a datagram.
    pub fn datagram(&mut self, bytes: &[u8], cut: bool, ends: &Ends, origin: Origin, out: &mut Out) {
        if bytes.is_empty() {
            return;
        }
        let message = Message { origin, ..ends.message(bytes, cut) };
        self.recognise(&message);
        let Service::Known(protocol, conversation) = self else { return };
        if !protocol.repeats() || cut || out.tree.is_on() {
            conversation.read(&message, out);
            return;
        }
        let key = out.repeats.key(bytes);
        if let Some(known) = out.repeats.get(key) {
            return out.facts.extend_from_slice(known);
        }
        let before = out.facts.len();
        conversation.read(&message, out);
        if out.complaints.is_empty() {
            out.repeats.put(key, bytes, out.facts.get(before..).unwrap_or_default());
        }
    }

    fn recognise(&mut self, message: &Message) {
        let looks = match self {
            Service::Unknown => 0,
            Service::Looked(looks) => *looks,
            _ => return,
        };
        *self = match recognise(message) {
            Some(protocol) => Service::Known(protocol, protocol.conversation()),
            None if looks + 1 >= MOST_LOOKS => Service::Opaque,
            None => Service::Looked(looks + 1),
        };
    }

    /// Reads what is in order of one direction of a TCP connection: `fresh` bytes after what the stream holds unread.
    pub fn stream(
        &mut self,
        stream: &mut Stream,
        fresh: &[u8],
        from: Segment,
        ends: &Ends,
        out: &mut Out,
        emit: &mut Emit,
    ) {
        if stream.done || self.is_opaque() {
            return stream.unread.clear();
        }
        let skipped = stream.skip.min(fresh.len() as u64) as usize;
        stream.skip -= skipped as u64;
        let fresh = &fresh[skipped..];
        let from = Segment { at: 0, length: fresh.len(), offset: from.offset + skipped as u64, ..from };
        if fresh.is_empty() {
            return;
        }
        if stream.unread.is_empty() {
            // The common case: a message is whole in its segment, and nothing is copied.
            let read = self.read_all(fresh, &[from], false, stream, ends, out, emit);
            if let Some(rest) = fresh.get(read..).filter(|rest| !rest.is_empty()) {
                stream.segments.clear();
                let offset = from.offset + read as u64;
                stream.segments.push(Segment { at: 0, length: rest.len(), frame: from.frame, offset });
                stream.unread.extend_from_slice(rest);
            }
        } else {
            stream.segments.push(Segment { at: stream.unread.len(), ..from });
            stream.unread.extend_from_slice(fresh);
            self.again(stream, false, ends, out, emit);
        }
        if stream.unread.len() > MOST_UNREAD {
            out.complaints.push(Complaint { at: 0, why: format!("message of more than {MOST_UNREAD} bytes") });
            emit(&mut out.facts, &mut out.complaints, &stream.segments);
            self.gap(stream, ends.side, 0);
        }
    }

    /// Reads the unread bytes again: the other direction has told what they are, or (`cut`) nothing more will come.
    pub fn again(&mut self, stream: &mut Stream, cut: bool, ends: &Ends, out: &mut Out, emit: &mut Emit) {
        if !stream.unread.is_empty() {
            self.read_again(stream, cut, ends, out, emit);
        }
        if let (true, Service::Known(_, conversation)) = (cut, self) {
            conversation.finish(&ends.message(&[], !ends.closed), out);
            if !out.facts.is_empty() || !out.complaints.is_empty() {
                emit(&mut out.facts, &mut out.complaints, &[]);
            }
        }
    }

    fn read_again(&mut self, stream: &mut Stream, cut: bool, ends: &Ends, out: &mut Out, emit: &mut Emit) {
        let unread = std::mem::take(&mut stream.unread);
        let segments = std::mem::take(&mut stream.segments);
        let read = self.read_all(&unread, &segments, cut, stream, ends, out, emit);
        if read < unread.len() && !cut {
            stream.segments = shift(segments, read);
            stream.unread = unread;
            stream.unread.drain(..read);
        }
    }

    /// So many bytes are missing (0: not known how many): what was half read is lost, and the next bytes may start anywhere.
    pub fn gap(&mut self, stream: &mut Stream, side: Side, bytes: u64) {
        let whole = stream.unread.is_empty();
        stream.unread.clear();
        stream.segments.clear();
        if let Service::Known(_, conversation) = self
            && !(whole && bytes > 0 && conversation.missed(side, bytes))
        {
            conversation.gap(side);
        }
    }

    /// Reads message after message; returns how many bytes are done with.
    #[expect(clippy::too_many_arguments, reason = "the loop that everything meets in")]
    fn read_all(
        &mut self,
        bytes: &[u8],
        segments: &[Segment],
        cut: bool,
        stream: &mut Stream,
        ends: &Ends,
        out: &mut Out,
        emit: &mut Emit,
    ) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let message = Message { origin: Origin { segments, at, made_of: None }, ..ends.message(rest, cut) };
            self.recognise(&message);
            let Service::Known(_, conversation) = self else {
                let give_up = self.is_opaque() || rest.len() > MOST_UNKNOWN;
                if rest.len() > MOST_UNKNOWN {
                    *self = Service::Opaque;
                }
                return if give_up { bytes.len() } else { at };
            };
            let step = match out.opening.take() {
                None => conversation.read(&message, out),
                Some(opening) => opened(conversation.as_mut(), &message, opening, out),
            };
            if !out.facts.is_empty() || !out.complaints.is_empty() {
                shift_drafts(out, at);
                emit(&mut out.facts, &mut out.complaints, segments);
                out.facts.clear();
                out.complaints.clear();
            }
            match step {
                Step::Took(n) => {
                    let n = n.max(1);
                    stream.skip = n.saturating_sub(rest.len()) as u64;
                    at += n.min(rest.len());
                }
                Step::More if cut => {
                    let why = "cut short: the connection or the capture ends in it".to_owned();
                    out.complaints.push(Complaint { at, why });
                    emit(&mut out.facts, &mut out.complaints, segments);
                    return bytes.len();
                }
                Step::More => return at,
                Step::Done => {
                    stream.done = true;
                    return bytes.len();
                }
                // Lost: the next segment may begin a message again.
                Step::NotMine => return bytes.len(),
            }
        }
        at
    }
}

/// Reads a message for somebody who looks at its frame, and would not understand it without those before.
fn opened(with: &mut dyn Conversation, message: &Message, mut opening: Box<Opening>, out: &mut Out) -> Step {
    if !with.is_chain() {
        out.opening = Some(opening);
        return with.read(message, out);
    }
    opening.begin(&mut out.tree);
    let step = with.read(message, out);
    opening.end(&mut out.tree, step.read_of(message.bytes));
    out.opening = Some(opening);
    step
}

/// The protocol whose these first bytes are: those at home on the port are asked first.
pub(crate) fn recognise(message: &Message) -> Option<&'static dyn Protocol> {
    let ports = [message.src.1, message.dst.1];
    let home = ALL.iter().copied().filter(|protocol| is_home(*protocol, ports, message.transport));
    home.clone()
        .find(|protocol| protocol.recognises(message, true))
        .or_else(|| ALL.iter().copied().find(|protocol| protocol.recognises(message, false)))
}

fn is_home(protocol: &dyn Protocol, ports: [u16; 2], transport: Transport) -> bool {
    protocol.ports().iter().any(|(over, port)| *over == transport && ports.contains(port))
}

fn shift_drafts(out: &mut Out, by: usize) {
    for draft in out.facts.iter_mut() {
        draft.bytes = draft.bytes.start + by..draft.bytes.end + by;
    }
    for complaint in &mut out.complaints {
        complaint.at += by;
    }
}

/// The segments of what is left when `read` bytes are taken away.
fn shift(segments: Vec<Segment>, read: usize) -> Vec<Segment> {
    let left = segments.into_iter().filter(|segment| segment.at + segment.length > read);
    left.map(|segment| {
        let gone = read.saturating_sub(segment.at);
        Segment {
            at: segment.at + gone - read,
            length: segment.length - gone,
            frame: segment.frame,
            offset: segment.offset + gone as u64,
        }
    })
    .collect()
}
