//! Header blocks: put together from their frames (RFC 9113 section 4.3), and what they say.

use std::borrow::Cow;

use super::frame::{
    CONTINUATION, END_HEADERS, END_STREAM, Frame, HEADER, HEADERS, PADDED, PUSH_PROMISE, WITH_PRIORITY,
};
use super::hpack::List;
use super::session::Session;
use crate::protocols::http::body::{Body, Framing};
use crate::protocols::http::exchange::{Answer, Request, tell_request, tell_response};
use crate::protocols::http::head::Head;
use crate::protocols::tls::hello::Pieces;
use crate::protocols::{Message, Out};

/// A longer block is not waited for.
const LONGEST: usize = 64 * 1024;

/// Frames that continue one.
const MOST_PIECES: usize = 64;

pub enum Block<'a> {
    /// It is not all here yet.
    More,
    Wrong(Wrong),
    Read(Whole<'a>),
}

/// Why a block can't be read, at an offset in the message.
pub struct Wrong {
    pub at: usize,
    pub why: &'static str,
    /// So many bytes are done with.
    pub taken: usize,
    /// Frames that continue it may follow.
    pub goes_on: bool,
}

/// A block, without what stands between its pieces.
pub struct Whole<'a> {
    pub content: Cow<'a, [u8]>,
    pub pieces: Pieces,
    /// Its frames, and where they begin.
    pub frames: Vec<(usize, Frame)>,
    /// Where the last of them ends; may be beyond what is there.
    pub end: usize,
    /// All of it is here.
    pub whole: bool,
}

/// The block that begins with `first`, at the start of `bytes`. `cut`: nothing more will come.
pub fn gather(bytes: &[u8], first: Frame, cut: bool) -> Block<'_> {
    let wrong = |at, why, taken, goes_on| Block::Wrong(Wrong { at, why, taken, goes_on });
    let padded = usize::from(first.has(PADDED));
    let before = match first.kind {
        HEADERS if first.has(WITH_PRIORITY) => 5,
        PUSH_PROMISE => 4,
        _ => 0,
    };
    if first.length > LONGEST {
        return wrong(0, "HTTP/2 header block is too long", first.end(), !first.has(END_HEADERS));
    }
    if !cut && !is_here(bytes, first) {
        return Block::More;
    }
    let padding = if padded > 0 { bytes.get(HEADER).map_or(0, |byte| usize::from(*byte)) } else { 0 };
    let start = HEADER + padded + before;
    let Some(end) = first.end().checked_sub(padding).filter(|end| *end >= start) else {
        return wrong(0, "HTTP/2 padding is longer than its frame", first.end(), !first.has(END_HEADERS));
    };
    let part = |start: usize, end: usize| bytes.get(start..end.min(bytes.len())).unwrap_or_default();
    let mut block = Whole {
        content: Cow::Borrowed(part(start, end)),
        pieces: Pieces(vec![(0, start)]),
        frames: vec![(0, first)],
        end: first.end(),
        whole: bytes.len() >= first.end(),
    };
    let mut last = first;
    while block.whole && !last.has(END_HEADERS) {
        let at = block.end;
        let Some(next) = bytes.get(at..).and_then(Frame::read) else {
            block.whole = false;
            break;
        };
        if next.kind != CONTINUATION || next.stream != first.stream {
            return wrong(at, "HTTP/2 header block is interrupted by another frame", at, false);
        }
        if block.content.len() + next.length > LONGEST || block.frames.len() > MOST_PIECES {
            return wrong(0, "HTTP/2 header block is too long", at, true);
        }
        block.whole = bytes.len() >= at + next.end();
        block.pieces.0.push((block.content.len(), at + HEADER));
        block.content.to_mut().extend_from_slice(part(at + HEADER, at + next.end()));
        block.frames.push((at, next));
        block.end = at + next.end();
        last = next;
    }
    if block.whole || cut { Block::Read(block) } else { Block::More }
}

/// Whether all frames of the block are here, or what is wrong with them; nothing is copied to know it.
fn is_here(bytes: &[u8], first: Frame) -> bool {
    let (mut last, mut end, mut content) = (first, first.end(), first.length);
    for _ in 0..=MOST_PIECES {
        if last.has(END_HEADERS) {
            break;
        }
        let Some(next) = bytes.get(end..).and_then(Frame::read) else { return false };
        content += next.length;
        if next.kind != CONTINUATION || next.stream != first.stream || content > LONGEST {
            return true;
        }
        (last, end) = (next, end + next.end());
    }
    bytes.len() >= end
}

impl Session {
    /// Tells what a header block says; it ends at `end` of the message. `first`: its first frame. `whole`: all of it was read.
    pub(super) fn head(
        &mut self,
        message: &Message,
        first: Frame,
        mut list: List,
        (end, whole): (usize, bool),
        out: &mut Out,
    ) {
        let headers = std::mem::take(&mut list.headers);
        let head = Head::of(&list.text, headers);
        let place = 0..end.min(message.bytes.len());
        let side = message.side as usize;
        let facts = out.facts.len();
        let status = head.get(":status").map(|status| status.parse::<u16>().unwrap_or(0));
        if first.kind == PUSH_PROMISE {
            // nobody asks for it: it is known what its answer will be to
            if let Some(promised) = message.bytes.get(HEADER + usize::from(first.has(PADDED))..) {
                let number = promised.first_chunk().map_or(0, |number| u32::from_be_bytes(*number)) & 0x7fff_ffff;
                let request = asked(&head, 0);
                self.streams.begin(number, out).request = request;
            }
            return;
        }
        let number = first.stream;
        match (status, asked(&head, self.depth + 1)) {
            (Some(status), _) => {
                let request = self.streams.get(number).and_then(|stream| stream.request.clone());
                out.say(|| format!(": {status}"));
                let answer = Answer { status, phrase: None, version: Some("2"), request: request.as_ref() };
                tell_response(&head, &answer, place, out);
                // 100 and 103 come before the response proper
                let interim = (100..200).contains(&status);
                let stream = self.streams.begin(number, out);
                stream.heads[side] |= !interim;
                let tunnel = request.as_ref().is_some_and(|request| request.method == "CONNECT");
                if !interim && !tunnel && !first.has(END_STREAM) {
                    let framing = framing(&head);
                    let body = Body::new(&head, &request.unwrap_or_default(), Some(status), &framing, out);
                    self.streams.set_body(number, message.side, body, out);
                }
            }
            (None, Some(request)) => {
                self.depth += 1;
                out.say(|| format!(": {} {}", request.method, request.subject()).trim_end().to_owned());
                tell_request(&head, &request, Some("2"), place, out);
                let stream = self.streams.begin(number, out);
                stream.heads[side] = true;
                stream.request = Some(request.clone());
                let tunnel = request.method == "CONNECT";
                if !tunnel && !first.has(END_STREAM) {
                    let body = Body::new(&head, &request, None, &framing(&head), out);
                    self.streams.set_body(number, message.side, body, out);
                }
            }
            // trailers say nothing that is told
            (None, None) => {
                let known = self.streams.get(number).is_some_and(|stream| stream.heads[side]);
                if !known && whole && list.unknown == 0 && list.wrong.is_none() && self.begun {
                    out.malformed(0, "HTTP/2 head that is neither a request nor a response");
                }
            }
        }
        if (!whole || list.unknown > 0 || list.wrong.is_some() || list.more)
            && let Some(fact) =
                out.facts.get_mut(facts..).and_then(|new| new.iter_mut().find(|fact| fact.kind == "http"))
        {
            fact.own.flag("incomplete", true);
        }
        if first.has(END_STREAM) {
            self.streams.over(number, message.side);
            self.streams.tell_ended(out);
        }
    }
}

/// What is asked for, if it is a request.
fn asked(head: &Head, depth: i64) -> Option<Request> {
    let method = head.get(":method")?.into_owned();
    let host = head.get(":authority").or_else(|| head.get("host")).map(|host| host.into_owned());
    let uri = head.get(":path").map(|path| path.into_owned());
    let uri = uri.or_else(|| host.clone().filter(|_| method == "CONNECT")).unwrap_or_default();
    Some(Request { method, host, uri, depth })
}

/// A body ends with its stream; how long it is may be announced.
fn framing(head: &Head) -> Framing {
    head.get("content-length").and_then(|length| length.parse().ok()).map_or(Framing::UntilClose, Framing::Length)
}
