//! Listening at an interface.

use std::time::{Duration, Instant};

use pcap::{Active, BreakLoop, Capture, Error};

use super::{About, Stop, begin};
use crate::args::Record;
use crate::event::{Failure, Why};
use crate::recording::{After, FLUSH, Recording};
use crate::{clock, libpcap, open, privileges};

/// Packets in a row before time is looked at.
const BATCH: usize = 4_096;

/// How long after the end packets of before it may still come out of the system's buffer.
const AFTERWARDS: Duration = Duration::from_millis(open::LATENCY as u64 + 60);

/// Clocks may be set while this waits for packets of before the end.
const AFTERWARDS_AT_MOST: Duration = Duration::from_secs(5);

pub fn record(name: &str, wanted: &Record) -> Result<u8, Failure> {
    let live = open::live(name, &wanted.how())?;
    let mut capture = live.capture;
    open::filter(&mut capture, &wanted.filter)?;
    privileges::give_up(wanted.monitor)?;
    #[cfg(target_os = "linux")]
    {
        // Waiting is done here, so that it ends in time even where nothing comes.
        capture = capture.setnonblock().map_err(|error| Failure::failed(libpcap::words(&error)))?;
    }
    let about = About {
        name,
        link_type: capture.get_datalink(),
        snap_len: wanted.snap,
        nanoseconds: live.nanoseconds,
        promiscuous: live.promiscuous,
        offline: false,
    };
    let (recording, stop) = begin(&about, wanted)?;
    let breaker = capture.breakloop_handle();
    let mut listener = Listener { capture, breaker, recording, broke: false };
    let outcome = listener.listen(&stop);
    listener.count();
    let outcome = match outcome {
        Ok(End { why, by_time: true }) => listener.afterwards().map(|()| why),
        other => other.map(|end| end.why),
    };
    match outcome {
        Ok(why) => Ok(listener.recording.end(why)),
        Err(error) => {
            let there = open::exists(name);
            let failure = match there {
                true => Failure::failed(format!("listening at {name}: {}", libpcap::words(&error))),
                false => Failure::failed(format!("the interface {name} went away")),
            };
            failure.tell();
            listener.recording.end(if there { Why::Error } else { Why::Interface });
            Ok(failure.code)
        }
    }
}

struct Listener {
    capture: Capture<Active>,
    breaker: BreakLoop,
    recording: Recording,
    /// libpcap was told to stop early, and may still say so.
    broke: bool,
}

/// Why it ends, and whether that is a moment, so that what is under way until then belongs to it.
struct End {
    why: Why,
    by_time: bool,
}

impl Listener {
    fn listen(&mut self, stop: &Stop) -> Result<End, Error> {
        let mut due = Instant::now();
        loop {
            let (fetched, after) = self.fetch()?;
            if let Some(why) = self.act(after) {
                return Ok(End { why, by_time: false });
            }
            if stop.asked() {
                return Ok(End { why: Why::Asked, by_time: true });
            }
            if fetched == 0 {
                wait(&self.capture);
            }
            let now = Instant::now();
            if now >= due {
                due = now + FLUSH;
                self.count();
                let after = self.recording.tick(now);
                if let Some(why) = self.act(after) {
                    return Ok(End { why, by_time: why == Why::Limit });
                }
            }
        }
    }

    /// What was captured before this moment is wanted, though the system has it still.
    fn afterwards(&mut self) -> Result<(), Error> {
        // Npcap's stamps are not of the clock that is asked here.
        if cfg!(unix) {
            self.recording.until = clock::ticks(self.recording.nanoseconds());
        }
        let began = Instant::now();
        loop {
            let (fetched, after) = self.fetch()?;
            if self.act(after).is_some() {
                return Ok(());
            }
            let spent = began.elapsed();
            if fetched == 0 && spent >= AFTERWARDS || spent >= AFTERWARDS_AT_MOST {
                return Ok(());
            }
            if fetched == 0 {
                wait(&self.capture);
            }
        }
    }

    /// Takes what the system has, up to a batch.
    fn fetch(&mut self) -> Result<(usize, After), Error> {
        let Listener { capture, breaker, recording, broke } = self;
        let second = if recording.nanoseconds() { 1_000_000_000 } else { 1_000_000 };
        let mut after = After::More;
        let fetched = capture.dispatch(Some(BATCH), |packet| {
            // Whatever comes although it was told to stop still belongs to the file, unless it is the last.
            if !matches!(after, After::Done(_)) {
                let this = recording.packet(ticks(packet.header, second), packet.data, packet.header.len);
                if this != After::More {
                    after = this;
                    breaker.breakloop();
                }
            }
        });
        let expected = std::mem::replace(broke, after != After::More);
        match fetched {
            Ok(fetched) => Ok((fetched, after)),
            Err(_) if *broke || expected => {
                *broke = false;
                Ok((1, after))
            }
            Err(error) => Err(error),
        }
    }

    /// Begins the next file if it is time, or says why to end.
    fn act(&mut self, after: After) -> Option<Why> {
        match after {
            After::More => None,
            After::FileFull => {
                self.count();
                self.recording.next_file();
                None
            }
            After::Done(why) => Some(why),
        }
    }

    /// An interface that is gone has no counters: the last ones stay.
    fn count(&mut self) {
        if let Ok(stat) = self.capture.stats() {
            self.recording.received.update(&stat);
        }
    }
}

/// A packet's time, in its interface's resolution. What libpcap calls microseconds are nanoseconds if that was agreed.
#[inline]
#[allow(clippy::unnecessary_cast)] // the types differ between systems
pub fn ticks(header: &pcap::PacketHeader, second: u64) -> u64 {
    (header.ts.tv_sec as u64).wrapping_mul(second).wrapping_add(header.ts.tv_usec as u64)
}

/// Waits until there are packets, or a while.
#[cfg(target_os = "linux")]
fn wait(capture: &Capture<Active>) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec { tv_sec: 0, tv_nsec: FLUSH.as_nanos() as _ };
    let _ = poll(&mut [PollFd::new(capture, PollFlags::IN)], Some(&timeout));
}

/// Fetching has waited already.
#[cfg(not(target_os = "linux"))]
fn wait(_: &Capture<Active>) {}
