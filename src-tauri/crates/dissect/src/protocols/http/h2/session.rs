//! One connection: frame after frame of both sides.

use super::block::{Block, gather};
use super::frame::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADER, HEADERS, PADDED, PREFACE, PUSH_PROMISE,
    RST_STREAM, SETTINGS, USUAL_MOST, chain,
};
use super::hpack::Decoder;
use super::show;
use super::streams::Streams;
use crate::Level;
use crate::protocols::http::exchange::Request;
use crate::protocols::{Conversation, Message, Out, Side, Step};

/// Setting: the longest frame that a side takes.
const MAX_FRAME_SIZE: u16 = 5;

/// What one frame says about the next.
#[derive(Default)]
pub struct Session {
    /// The connection was seen from its beginning.
    pub(super) begun: bool,
    sides: [Half; 2],
    /// Of what each side sends.
    tables: [Decoder; 2],
    pub(super) streams: Streams,
    /// Requests so far.
    pub(super) depth: i64,
    /// The longest frame that each side takes; none: not known.
    takes: [Option<usize>; 2],
    /// It was told that header fields of a side are not known.
    told: [bool; 2],
}

#[derive(Clone, Copy, Default)]
enum Half {
    /// Nothing read so far.
    #[default]
    Start,
    /// A frame is next.
    Frame,
    Data(Data),
    /// Frames that continue a header block which is too long, in this stream, are next.
    Skipped(u32),
    /// It is not known where frames begin.
    Lost,
}

/// What is next of a DATA frame.
#[derive(Clone, Copy)]
struct Data {
    stream: u32,
    left: usize,
    padding: usize,
    /// Its side says nothing further in this stream.
    last: bool,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        self.streams.tell_ended(out);
        let side = message.side as usize;
        if let Half::Data(data) = self.sides[side] {
            out.tree.open("http2", show::LABEL, 0..message.bytes.len().min(data.left + data.padding), || {
                format!("DATA of stream {} goes on", data.stream)
            });
            let step = self.data(message, 0, data, out);
            out.tree.close();
            return step;
        }
        if let Half::Start = self.sides[side]
            && let Some(step) = self.preface(message, out)
        {
            return step;
        }
        let bytes = message.bytes;
        let lost = matches!(self.sides[side], Half::Lost);
        let Some(frame) = Frame::read(bytes) else {
            // too few for a frame
            return if lost || message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        };
        if lost || matches!(self.sides[side], Half::Start) {
            // a server's first frame, on a connection seen from its beginning, says what it sets
            let first = !lost && self.begun && frame.kind == SETTINGS && !frame.has(ACK) && frame.wrong().is_none();
            let goes_on = frame.kind == DATA && frame.is_likely() && self.streams.get(frame.stream).is_some();
            if !first && !goes_on && !chain(bytes) {
                self.lose(message.side);
                return if self.begun { Step::Took(bytes.len()) } else { Step::NotMine };
            }
            if !first {
                self.tables[side].lose();
            }
            self.sides[side] = Half::Frame;
        }
        self.frame(message, frame, out)
    }

    fn is_chain(&self) -> bool {
        true
    }

    fn gap(&mut self, side: Side) {
        self.lose(side);
        self.takes[side as usize] = None;
    }

    fn missed(&mut self, side: Side, bytes: u64) -> bool {
        let Half::Data(data) = &mut self.sides[side as usize] else { return false };
        let Some(missing) = usize::try_from(bytes).ok().filter(|bytes| *bytes <= data.left) else { return false };
        data.left -= missing;
        let Data { stream, left, padding, last } = *data;
        self.streams.missing(stream, side, bytes);
        if left == 0 {
            if last {
                self.streams.over(stream, side);
            }
            data.last = false;
            if padding == 0 {
                self.sides[side as usize] = Half::Frame;
            }
        }
        true
    }

    fn finish(&mut self, message: &Message, out: &mut Out) {
        self.streams.tell_ended(out);
        self.streams.finish(message.side, out);
    }
}

impl Session {
    /// The request before the upgrade is the first stream's, and its client has said all of it.
    pub fn upgraded(server: Side, request: Option<Request>, depth: i64) -> Session {
        let mut session = Session { begun: true, depth, ..Session::default() };
        let client = if server == Side::Orig { Side::Resp } else { Side::Orig };
        // what the client takes stands in a header field of its request
        session.takes = [None; 2];
        let stream = session.streams.begin(1, &mut Out::default());
        stream.request = request;
        stream.heads[client as usize] = true;
        session.streams.over(1, client);
        session
    }

    /// What a client says before its first frame. None: it is none.
    fn preface(&mut self, message: &Message, out: &mut Out) -> Option<Step> {
        let bytes = message.bytes;
        if bytes.len() < PREFACE.len() && PREFACE.starts_with(bytes) {
            return Some(if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More });
        }
        if !bytes.starts_with(PREFACE) {
            return None;
        }
        if !self.begun {
            (self.begun, self.takes) = (true, [Some(USUAL_MOST); 2]);
        }
        self.sides[message.side as usize] = Half::Frame;
        out.say(|| "Magic".to_owned());
        out.tree.open("http2", show::LABEL, 0..PREFACE.len(), || "Magic".to_owned());
        out.tree.text("http2.magic", "Magic", 0..PREFACE.len(), PREFACE.escape_ascii());
        out.tree.close();
        Some(Step::Took(PREFACE.len()))
    }

    /// Where frames of that side begin is not known any more, and what its header fields refer to.
    fn lose(&mut self, side: Side) {
        self.sides[side as usize] = Half::Lost;
        self.tables[side as usize].lose();
        self.streams.lose(side);
    }

    fn frame(&mut self, message: &Message, frame: Frame, out: &mut Out) -> Step {
        let side = message.side as usize;
        if let Half::Skipped(stream) = self.sides[side] {
            let more = frame.kind == CONTINUATION && frame.stream == stream;
            if !more || frame.has(END_HEADERS) {
                self.sides[side] = Half::Frame;
            }
            if more {
                return Step::Took(frame.end());
            }
        }
        let other = self.takes[1 - side].unwrap_or(usize::MAX);
        let wrong =
            frame.wrong().or((frame.length > other).then_some("HTTP/2 frame is longer than the other side takes"));
        if let Some(why) = wrong {
            let here = 0..frame.end().min(message.bytes.len());
            out.tree.open("http2", show::LABEL, here, || frame.name().to_owned());
            show::header(0, &frame, &mut out.tree);
            out.malformed(0, why);
            out.tree.close();
            if frame.length > other {
                self.lose(message.side);
                return Step::Took(message.bytes.len());
            }
            if matches!(frame.kind, HEADERS | PUSH_PROMISE | CONTINUATION) {
                self.tables[side].lose();
            }
            return Step::Took(frame.end());
        }
        match frame.kind {
            DATA => self.begin_data(message, frame, out),
            HEADERS | PUSH_PROMISE => self.block(message, frame, out),
            CONTINUATION => {
                self.tables[side].lose();
                out.malformed(0, "HTTP/2 header block is continued that was not begun");
                Step::Took(frame.end())
            }
            _ => self.control(message, frame, out),
        }
    }

    /// Frames about the connection or a stream.
    fn control(&mut self, message: &Message, frame: Frame, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let waits = frame.name() != "Unknown" && frame.length <= USUAL_MOST;
        if bytes.len() < frame.end() && waits && !message.cut {
            return Step::More;
        }
        let end = frame.end().min(bytes.len());
        let content = bytes.get(HEADER..end).unwrap_or_default();
        out.say(|| format!("{}[{}]", frame.name(), frame.stream));
        show::control(&frame, content, end, out);
        match frame.kind {
            SETTINGS if !frame.has(ACK) => {
                for [_, _, setting @ ..] in content.as_chunks::<6>().0.iter().filter(|it| is_frame_size(it)) {
                    let most = u32::from_be_bytes(*setting) as usize;
                    let takes = &mut self.takes[message.side as usize];
                    *takes = takes.map(|takes| takes.max(most));
                }
            }
            RST_STREAM => self.streams.reset(frame.stream, out),
            _ => {}
        }
        Step::Took(frame.end())
    }

    fn block(&mut self, message: &Message, frame: Frame, out: &mut Out) -> Step {
        let side = message.side as usize;
        let block = match gather(message.bytes, frame, message.cut) {
            Block::More => return Step::More,
            Block::Wrong(wrong) => {
                out.malformed(wrong.at.min(message.bytes.len()), wrong.why);
                self.tables[side].lose();
                self.sides[side] = if wrong.goes_on { Half::Skipped(frame.stream) } else { Half::Frame };
                return Step::Took(wrong.taken.max(HEADER));
            }
            Block::Read(block) => block,
        };
        let list = self.tables[side].read(&block.content, !block.whole);
        let here = 0..block.end.min(message.bytes.len());
        out.say(|| format!("{}[{}]", frame.name(), frame.stream));
        out.tree.open("http2", show::LABEL, here, || format!("{}, stream {}", frame.name(), frame.stream));
        show::block(message.bytes, &block, &list, &mut out.tree);
        if let Some((at, why)) = list.wrong {
            out.malformed(block.pieces.place(at..at).start.min(message.bytes.len()), why);
        }
        if list.more {
            out.malformed(0, "HTTP/2 header block unpacks to more than is kept");
        }
        if list.unknown > 0 {
            let why = "header fields refer to what was said before, which is missing from the capture";
            if self.begun && !std::mem::replace(&mut self.told[side], true) {
                out.malformed(0, why);
            } else {
                out.tree.note(Level::Note, 0..0, why);
            }
        }
        let (end, whole) = (block.end, block.whole && !list.cut);
        self.head(message, frame, list, (end, whole), out);
        out.tree.close();
        Step::Took(end)
    }

    fn begin_data(&mut self, message: &Message, frame: Frame, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let padded = usize::from(frame.has(PADDED));
        let start = HEADER + padded;
        if bytes.len() < start {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        }
        let padding = if padded > 0 { bytes.get(HEADER).map_or(0, |byte| usize::from(*byte)) } else { 0 };
        out.say(|| format!("DATA[{}]", frame.stream));
        out.tree
            .open("http2", show::LABEL, 0..frame.end().min(bytes.len()), || format!("DATA, stream {}", frame.stream));
        show::header(0, &frame, &mut out.tree);
        if padded > 0 {
            out.tree.int("http2.padding", "Pad Length", HEADER..start, padding);
        }
        let step = match frame.length.checked_sub(padded + padding) {
            Some(left) => {
                let data = Data { stream: frame.stream, left, padding, last: frame.has(END_STREAM) };
                self.data(message, start, data, out)
            }
            None => {
                out.malformed(0, "HTTP/2 padding is longer than its frame");
                Step::Took(frame.end())
            }
        };
        out.tree.close();
        step
    }

    /// A DATA frame goes on at `at` of the message.
    fn data(&mut self, message: &Message, at: usize, data: Data, out: &mut Out) -> Step {
        let here = message.bytes.len().saturating_sub(at);
        let taken = data.left.min(here);
        show::data(message.bytes, at..at + taken, &mut out.tree);
        self.streams.take(data.stream, message, at..at + taken, out);
        let left = data.left - taken;
        if left > 0 {
            self.sides[message.side as usize] = Half::Data(Data { left, ..data });
            return Step::Took((at + taken).max(1));
        }
        self.sides[message.side as usize] = Half::Frame;
        if data.last {
            self.streams.over(data.stream, message.side);
            self.streams.tell_ended(out);
        }
        Step::Took((at + taken + data.padding).max(1))
    }
}

fn is_frame_size(setting: &[u8; 6]) -> bool {
    u16::from_be_bytes([setting[0], setting[1]]) == MAX_FRAME_SIZE
}
