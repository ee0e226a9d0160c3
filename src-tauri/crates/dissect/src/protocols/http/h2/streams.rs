//! The exchanges of a connection that are not over, and the bodies on their way in them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::protocols::http::body::Body;
use crate::protocols::http::exchange::Request;
use crate::protocols::{Message, Out, Side};

/// Streams at the same time; real clients have a hundred.
const MOST: usize = 256;

#[derive(Default)]
pub struct Streams {
    open: BTreeMap<u32, Stream>,
    /// Bodies that ended where bytes are missing, and whether that was their proper end.
    ended: Vec<(Side, bool, Box<Body>)>,
}

/// An exchange; both sides each have a part in it.
#[derive(Default)]
pub struct Stream {
    pub request: Option<Request>,
    /// A head has been read: another holds trailers.
    pub heads: [bool; 2],
    over: [bool; 2],
    bodies: [Option<Box<Body>>; 2],
}

impl Streams {
    pub fn get(&self, number: u32) -> Option<&Stream> {
        self.open.get(&number)
    }

    /// The stream of that number; it may be new. Where there are too many, the first is given up.
    pub fn begin(&mut self, number: u32, out: &mut Out) -> &mut Stream {
        if !self.open.contains_key(&number)
            && self.open.len() >= MOST
            && let Some((_, stream)) = self.open.pop_first()
        {
            stream.end(out);
        }
        self.open.entry(number).or_default()
    }

    /// What is said next in a stream, by that side, is a body.
    pub fn set_body(&mut self, number: u32, side: Side, body: Body, out: &mut Out) {
        let before = self.begin(number, out).bodies[side as usize].replace(Box::new(body));
        if let Some(before) = before {
            before.end(side, false, out);
        }
    }

    /// A body goes on.
    pub fn take(&mut self, number: u32, message: &Message, range: Range<usize>, out: &mut Out) {
        if let Some(body) = self.body(number, message.side) {
            body.take(message, range, out);
        }
    }

    /// Bytes of a body are missing.
    pub fn missing(&mut self, number: u32, side: Side, bytes: u64) {
        if let Some(body) = self.body(number, side) {
            body.missing(bytes);
        }
    }

    fn body(&mut self, number: u32, side: Side) -> Option<&mut Box<Body>> {
        self.open.get_mut(&number)?.bodies[side as usize].as_mut()
    }

    /// A side has said all that it says in a stream. Its body is told with the next message.
    pub fn over(&mut self, number: u32, side: Side) {
        let Some(stream) = self.open.get_mut(&number) else { return };
        stream.over[side as usize] = true;
        let over = stream.over == [true; 2];
        self.ended.extend(stream.bodies[side as usize].take().map(|body| (side, true, body)));
        if over {
            self.open.remove(&number);
        }
    }

    /// A stream was broken off.
    pub fn reset(&mut self, number: u32, out: &mut Out) {
        if let Some(stream) = self.open.remove(&number) {
            stream.end(out);
        }
    }

    /// It is not known what that side says next: none of its bodies goes on.
    pub fn lose(&mut self, side: Side) {
        for stream in self.open.values_mut() {
            if let Some(mut body) = stream.bodies[side as usize].take() {
                body.missing(0);
                self.ended.push((side, false, body));
            }
        }
    }

    /// That side says nothing any more.
    pub fn finish(&mut self, side: Side, out: &mut Out) {
        for stream in self.open.values_mut() {
            if let Some(body) = stream.bodies[side as usize].take() {
                body.end(side, false, out);
            }
        }
    }

    pub fn tell_ended(&mut self, out: &mut Out) {
        for (side, complete, body) in self.ended.drain(..) {
            body.end(side, complete, out);
        }
    }
}

impl Stream {
    fn end(self, out: &mut Out) {
        for (side, body) in [Side::Orig, Side::Resp].into_iter().zip(self.bodies) {
            if let Some(body) = body {
                body.end(side, false, out);
            }
        }
    }
}
