//! One direction of a TCP connection, put in order (RFC 9293 section 3.4), with caps.

use crate::origin::Segment;

/// Bytes out of order that are waited for, per direction; past it a gap is declared.
const MOST_PENDING: usize = 1 << 20;
const MOST_PENDING_SEGMENTS: usize = 1_024;
/// Unread bytes of one message that is not complete yet.
pub(crate) const MOST_UNREAD: usize = 1 << 20;

/// Sequence numbers, and what is not yet read.
#[derive(Default)]
pub(crate) struct Stream {
    /// Sequence number expected next.
    next: Option<u32>,
    /// Sequence number behind the last byte, as the sender's FIN says.
    end: Option<u32>,
    /// In order, unread.
    pub unread: Vec<u8>,
    /// Where `unread` came from.
    pub segments: Vec<Segment>,
    /// Bytes still to be dropped as they arrive: they belong to a message that is done with.
    pub skip: u64,
    /// Nothing further is worth reading.
    pub done: bool,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// Payload bytes, retransmissions counted once.
    pub bytes: u64,
    /// Payload bytes that no frame holds.
    pub missed: u64,
}

struct Waiting {
    seq: u32,
    bytes: Vec<u8>,
    /// On the wire; the snap length may have cut `bytes`.
    length: u32,
    frame: u64,
    offset: u64,
}

/// What [`Stream::take`] found in order.
pub(crate) enum Next<'a> {
    /// Bytes to read, and where they came from.
    Bytes { bytes: &'a [u8], frame: u64, offset: u64 },
    /// So many bytes will never come.
    Gap(u32),
}

impl Stream {
    /// A SYN: numbering begins after it.
    pub fn open(&mut self, seq: u32) {
        self.next = Some(seq.wrapping_add(1));
    }

    /// Goes on where another look at the same bytes stopped.
    pub fn resume(&mut self, next: u32) {
        self.next = Some(next);
    }

    /// Sequence number expected next, once one was seen.
    pub fn expected(&self) -> Option<u32> {
        self.next
    }

    /// The earliest frame whose bytes wait for what is before them.
    pub fn waiting_from(&self) -> Option<u64> {
        self.waiting.iter().map(|waiting| waiting.frame).min()
    }

    /// A FIN, whose payload ends before `end`.
    pub fn close(&mut self, end: u32) {
        self.end.get_or_insert(end);
    }

    /// The sender has said that nothing more comes, and all that it sent has been seen or is known to be missing.
    pub fn is_closed(&self) -> bool {
        self.end.is_some() && self.end == self.next
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A segment of `length` bytes on the wire, of which `bytes` were captured. Calls `read` with all that is in order now.
    pub fn take(
        &mut self,
        seq: u32,
        bytes: &[u8],
        length: u32,
        frame: u64,
        offset: u64,
        read: &mut dyn FnMut(&mut Stream, Next),
    ) {
        let next = *self.next.get_or_insert(seq);
        let ahead = seq.wrapping_sub(next) as i32;
        if ahead > 0 {
            self.wait(seq, bytes, length, frame, offset);
            if self.waiting_bytes > MOST_PENDING || self.waiting.len() > MOST_PENDING_SEGMENTS {
                self.give_up(read);
            }
            return;
        }
        self.deliver(ahead.unsigned_abs(), bytes, length, frame, offset, read);
        self.drain(read);
    }

    /// The other side has acknowledged up to `ack`: what is missing below it was lost by the capture, not by the network.
    pub fn acknowledged(&mut self, ack: u32, read: &mut dyn FnMut(&mut Stream, Next)) {
        let Some(next) = self.next else { return };
        if !self.waiting.is_empty() && ack.wrapping_sub(next) as i32 > 0 {
            let first = self.waiting.iter().map(|w| w.seq.wrapping_sub(next)).min().unwrap_or(0);
            if ack.wrapping_sub(next) > first {
                self.give_up(read);
            }
        }
    }

    /// The end of the capture or connection: gaps will not be filled.
    pub fn finish(&mut self, read: &mut dyn FnMut(&mut Stream, Next)) {
        while !self.waiting.is_empty() {
            self.give_up(read);
        }
    }

    fn wait(&mut self, seq: u32, bytes: &[u8], length: u32, frame: u64, offset: u64) {
        let kept = if self.done { &[][..] } else { bytes };
        self.waiting_bytes += kept.len();
        self.waiting.push(Waiting { seq, bytes: kept.to_vec(), length, frame, offset });
    }

    /// Declares what is missing before the earliest waiting segment lost, and goes on there.
    fn give_up(&mut self, read: &mut dyn FnMut(&mut Stream, Next)) {
        let Some(next) = self.next else { return };
        let Some(gap) = self.waiting.iter().map(|w| w.seq.wrapping_sub(next)).min() else { return };
        if (gap as i32) > 0 {
            self.missed += u64::from(gap);
            self.bytes += u64::from(gap);
            self.next = Some(next.wrapping_add(gap));
            read(self, Next::Gap(gap));
        }
        self.drain(read);
    }

    fn drain(&mut self, read: &mut dyn FnMut(&mut Stream, Next)) {
        while !self.waiting.is_empty() {
            let Some(next) = self.next else { return };
            let ready = self.waiting.iter().position(|w| w.seq.wrapping_sub(next) as i32 <= 0);
            let Some(ready) = ready else { return };
            let segment = self.waiting.remove(ready);
            self.waiting_bytes -= segment.bytes.len();
            let known = next.wrapping_sub(segment.seq);
            self.deliver(known, &segment.bytes, segment.length, segment.frame, segment.offset, read);
        }
    }

    /// Bytes that begin `known` bytes before what is expected.
    fn deliver(
        &mut self,
        known: u32,
        bytes: &[u8],
        length: u32,
        frame: u64,
        offset: u64,
        read: &mut dyn FnMut(&mut Stream, Next),
    ) {
        if known >= length {
            return; // a retransmission
        }
        let fresh = length - known;
        self.next = self.next.map(|next| next.wrapping_add(fresh));
        self.bytes += u64::from(fresh);
        let captured = bytes.get(known as usize..).unwrap_or_default();
        if !captured.is_empty() {
            read(self, Next::Bytes { bytes: captured, frame, offset: offset + u64::from(known) });
        }
        let lost = fresh - (captured.len() as u32).min(fresh);
        if lost > 0 && !self.done {
            self.missed += u64::from(lost);
            read(self, Next::Gap(lost));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(segments: &[(u32, &str)]) -> (String, u64, u64) {
        let mut stream = Stream::default();
        stream.open(99);
        let mut text = String::new();
        let mut read = |_: &mut Stream, next: Next| match next {
            Next::Bytes { bytes, .. } => text.push_str(std::str::from_utf8(bytes).unwrap()),
            Next::Gap(n) => text.push_str(&format!("[{n}]")),
        };
        for (seq, bytes) in segments {
            stream.take(*seq, bytes.as_bytes(), bytes.len() as u32, 1, 0, &mut read);
        }
        stream.finish(&mut read);
        (text, stream.bytes, stream.missed)
    }

    #[test]
    fn puts_segments_in_order() {
        assert_eq!(run(&[(100, "ab"), (102, "cd")]), ("abcd".into(), 4, 0));
        assert_eq!(run(&[(102, "cd"), (100, "ab")]), ("abcd".into(), 4, 0));
        assert_eq!(run(&[(104, "ef"), (102, "cd"), (100, "ab")]), ("abcdef".into(), 6, 0));
    }

    #[test]
    fn counts_retransmissions_once() {
        assert_eq!(run(&[(100, "ab"), (100, "ab"), (101, "bcd"), (98, "..ab")]), ("abcd".into(), 4, 0));
    }

    #[test]
    fn says_where_bytes_are_missing() {
        assert_eq!(run(&[(100, "ab"), (105, "fg")]), ("ab[3]fg".into(), 7, 3));
    }

    #[test]
    fn numbers_wrap_around() {
        let mut stream = Stream::default();
        stream.open(u32::MAX - 1);
        let mut count = 0;
        let mut read = |_: &mut Stream, next: Next| {
            if let Next::Bytes { bytes, .. } = next {
                count += bytes.len();
            }
        };
        stream.take(u32::MAX, b"ab", 2, 1, 0, &mut read);
        stream.take(1, b"cd", 2, 1, 0, &mut read);
        assert_eq!(count, 4);
    }

    #[test]
    fn an_acknowledged_gap_is_not_waited_for() {
        let mut stream = Stream::default();
        stream.open(99);
        let mut text = String::new();
        let mut read = |_: &mut Stream, next: Next| match next {
            Next::Bytes { bytes, .. } => text.push_str(std::str::from_utf8(bytes).unwrap()),
            Next::Gap(n) => text.push_str(&format!("[{n}]")),
        };
        stream.take(102, b"cd", 2, 1, 0, &mut read);
        stream.acknowledged(104, &mut read);
        assert_eq!(text, "[2]cd");
    }
}
