//! A recording: packets in, files with their descriptions and counts out.

use std::time::{Duration, Instant};

use crate::clock;
use crate::event::{Counts, Event, Why, tell};
use crate::output::{Ended, Gone, Output};
use crate::pcapng::{self, Interface, Section, Statistics};

/// When to end, and when to begin a new file. None: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub duration: Option<Duration>,
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
    pub file_duration: Option<Duration>,
    pub file_packets: Option<u64>,
    pub file_bytes: Option<u64>,
}

impl Limits {
    /// Whether there may be more than one file.
    pub fn of_files(&self) -> bool {
        self.file_duration.is_some() || self.file_packets.is_some() || self.file_bytes.is_some()
    }
}

/// What is to happen after a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    More,
    /// The file has as much as it may: `next_file` before the next packet.
    FileFull,
    Done(Why),
}

/// Packets that libpcap counted, since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Received {
    pub received: u64,
    pub dropped: u64,
    pub if_dropped: u64,
    last: [u32; 3],
}

impl Received {
    /// Takes in libpcap's counters, which go over from 2^32 - 1 to 0.
    pub fn update(&mut self, stat: &pcap::Stat) {
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let totals = [&mut self.received, &mut self.dropped, &mut self.if_dropped];
        for ((total, now), last) in totals.into_iter().zip(now).zip(self.last) {
            *total += u64::from(now.wrapping_sub(last));
        }
        self.last = now;
    }
}

pub struct Recording {
    section: Section,
    interface: Interface,
    limits: Limits,
    output: Output,
    gone: bool,
    /// Whether counts are the packets that were read, since a file or pipe has no others.
    offline: bool,
    started: Instant,
    packets: u64,
    bytes: u64,
    pub received: Received,
    /// Packets that were captured later than this are not wanted.
    pub until: u64,
    first_ticks: u64,
    last_ticks: u64,
    file: ThisFile,
    told: Instant,
}

struct ThisFile {
    number: u64,
    started: Instant,
    ticks: u64,
    packets: u64,
    length: u64,
    before: Received,
}

/// How often what came is handed on, and how often it is told how much.
pub const FLUSH: Duration = Duration::from_millis(50);
const TELL: Duration = Duration::from_millis(500);

impl Recording {
    pub fn start(section: Section, interface: Interface, limits: Limits, offline: bool, output: Output) -> Recording {
        let (now, ticks) = (Instant::now(), clock::ticks(interface.nanoseconds));
        let file = ThisFile { number: 0, started: now, ticks, packets: 0, length: 0, before: Received::default() };
        let mut recording = Recording {
            section,
            interface,
            limits,
            output,
            gone: false,
            offline,
            started: now,
            packets: 0,
            bytes: 0,
            received: Received::default(),
            until: u64::MAX,
            first_ticks: u64::MAX,
            last_ticks: 0,
            file,
            told: now,
        };
        recording.head();
        recording
    }

    /// Writes a packet.
    #[inline]
    pub fn packet(&mut self, ticks: u64, data: &[u8], original: u32) -> After {
        if ticks > self.until {
            return After::Done(Why::Asked);
        }
        let length = pcapng::packet_len(data.len());
        let Ok(room) = self.output.room(length) else {
            self.gone = true;
            return After::Done(Why::Output);
        };
        pcapng::packet(room, ticks, data, original);
        self.packets += 1;
        self.bytes += data.len() as u64;
        self.first_ticks = self.first_ticks.min(ticks);
        self.last_ticks = self.last_ticks.max(ticks);
        self.file.packets += 1;
        self.file.length += length as u64;
        let reached = |limit: Option<u64>, count: u64| limit.is_some_and(|limit| count >= limit);
        if reached(self.limits.packets, self.packets) || reached(self.limits.bytes, self.bytes) {
            After::Done(Why::Limit)
        } else if reached(self.limits.file_packets, self.file.packets)
            || reached(self.limits.file_bytes, self.file.length)
        {
            After::FileFull
        } else {
            After::More
        }
    }

    /// What time brings: hands on what came, tells how much that is, and says whether it is enough.
    pub fn tick(&mut self, now: Instant) -> After {
        self.gone |= self.output.flush().is_err();
        if now.duration_since(self.told) >= TELL {
            self.told = now;
            tell(&Event::Status(self.counts()));
        }
        if self.gone {
            After::Done(Why::Output)
        } else if self.limits.duration.is_some_and(|most| now.duration_since(self.started) >= most) {
            After::Done(Why::Limit)
        } else if self.limits.file_duration.is_some_and(|most| now.duration_since(self.file.started) >= most) {
            After::FileFull
        } else {
            After::More
        }
    }

    /// Closes this file with its counts and begins the next one.
    pub fn next_file(&mut self) {
        self.tail("continued in the next file");
        // As long after the last one as it was to be, not as it happened to be: an hour's files stay an hour's files.
        let due = self.limits.file_duration.map(|most| self.file.started + most);
        let now = Instant::now();
        self.file = ThisFile {
            number: self.file.number + 1,
            started: due.filter(|due| *due <= now && self.limits.file_duration > Some(now - *due)).unwrap_or(now),
            ticks: clock::ticks(self.interface.nanoseconds),
            packets: 0,
            length: 0,
            before: self.received,
        };
        self.gone |= self.output.next_file().is_err();
        self.head();
    }

    /// Writes the last counts, waits until everything is written, tells how it ended, and gives the exit code.
    pub fn end(mut self, why: Why) -> u8 {
        // Counted a moment before the last of them were fetched.
        self.received.received = self.received.received.max(self.packets + self.received.dropped);
        self.tail(&format!("ended {}", why.words()));
        let counts = self.counts();
        let (why, code) = match self.output.end() {
            Ended::Well => (why, 0),
            Ended::Closed => (Why::Output, 0),
            Ended::Failed(failure) => {
                failure.tell();
                (Why::Error, failure.code)
            }
        };
        tell(&Event::Stopped { why, counts });
        code
    }

    pub fn nanoseconds(&self) -> bool {
        self.interface.nanoseconds
    }

    fn counts(&self) -> Counts {
        let Received { received, dropped, if_dropped, .. } = self.received;
        let received = if self.offline { self.packets } else { received };
        Counts::now(self.packets, self.bytes, [received, dropped, if_dropped])
    }

    fn head(&mut self) {
        let mut section = self.section.clone();
        section.comments.push(format!(
            "{} {}, {:.6} s into the recording; clock: {}",
            if self.file.number == 0 { "Started" } else { "Continued" },
            clock::now(),
            self.started.elapsed().as_secs_f64(),
            clock::kept()
        ));
        let mut blocks = Vec::new();
        pcapng::section(&mut blocks, &section);
        pcapng::interface(&mut blocks, &self.interface);
        self.append(&blocks);
    }

    /// Counts of this file alone.
    fn tail(&mut self, how: &str) {
        let (now, before) = (clock::ticks(self.interface.nanoseconds), self.file.before);
        let total = self.received;
        let started = if self.offline && self.packets > 0 { self.first_ticks } else { self.file.ticks };
        let about = Statistics {
            started,
            ended: if self.offline && self.packets > 0 { self.last_ticks } else { now },
            received: if self.offline { self.file.packets } else { total.received - before.received },
            if_dropped: total.if_dropped - before.if_dropped,
            os_dropped: total.dropped - before.dropped,
            delivered: self.file.packets,
        };
        let comment = format!(
            "Recording {how} {}, after {:.6} s; clock: {}",
            clock::now(),
            self.started.elapsed().as_secs_f64(),
            clock::kept()
        );
        let mut blocks = Vec::new();
        pcapng::statistics(&mut blocks, &about, &comment);
        self.append(&blocks);
    }

    fn append(&mut self, blocks: &[u8]) {
        self.file.length += blocks.len() as u64;
        match self.output.room(blocks.len()) {
            Ok(room) => room.extend_from_slice(blocks),
            Err(Gone) => self.gone = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_go_over() {
        let mut received = Received::default();
        for (now, total) in [(10, 10), (u32::MAX, u64::from(u32::MAX)), (4, (1 << 32) + 4), (4, (1 << 32) + 4)] {
            received.update(&pcap::Stat { received: now, dropped: now / 2, if_dropped: 0 });
            assert_eq!(received.received, total);
        }
        assert_eq!(received.dropped, (1 << 31) + (1 << 31) - 1 + 3);
    }
}
