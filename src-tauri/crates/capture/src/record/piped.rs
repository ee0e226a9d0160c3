//! Packets that somebody else captured: from standard input or a pipe as they come, from a file as fast as is wanted.
//!
//! Reading may wait for the next packet for ever, so a thread does it, and what came before is handed on meanwhile.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap::{Capture, Error, Offline};

use super::live::ticks;
use super::{About, Stop, begin};
use crate::args::Record;
use crate::event::{Failure, Why};
use crate::recording::{After, FLUSH, Recording};
use crate::{libpcap, open, privileges};

/// None once it has ended.
type Shared = Mutex<Option<Recording>>;

/// `speed`: how many times as fast as the packets were captured, 0: without waiting; none: as they come.
pub fn record(path: &str, speed: Option<f64>, wanted: &Record) -> Result<u8, Failure> {
    privileges::give_up(false)?;
    let mut source = open::offline(path)?;
    open::filter(&mut source, &wanted.filter)?;
    let about = About {
        name: path,
        link_type: source.get_datalink(),
        snap_len: libpcap::snap_len(&source).min(wanted.snap),
        nanoseconds: !wanted.micro,
        promiscuous: false,
        offline: true,
    };
    let (recording, stop) = begin(&about, wanted)?;
    let shared = Arc::new(Mutex::new(Some(recording)));
    let reader = Reader {
        source,
        snap: wanted.snap as usize,
        divisor: if wanted.micro { 1_000 } else { 1 },
        pace: Pace { speed: speed.unwrap_or_default(), first: None },
        stop: stop.clone(),
        into: shared.clone(),
    };
    let (tell, told) = channel();
    thread::Builder::new()
        .name("source".into())
        .spawn(move || tell.send(reader.read()))
        .map_err(|error| Failure::failed(format!("starting a thread: {error}")))?;
    let outcome = loop {
        match told.recv_timeout(FLUSH) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Disconnected) => break Ok(Why::Error),
            Err(RecvTimeoutError::Timeout) if stop.asked() => break Ok(Why::Asked),
            Err(RecvTimeoutError::Timeout) => (),
        }
        if let Some(recording) = lock(&shared).as_mut() {
            match recording.tick(Instant::now()) {
                After::More => (),
                After::FileFull => recording.next_file(),
                After::Done(why) => break Ok(why),
            }
        }
    };
    let recording = lock(&shared).take();
    let end = |why| recording.map_or(3, |recording| recording.end(why));
    match outcome {
        Ok(why) => Ok(end(why)),
        Err(error) => {
            let failure = Failure::failed(format!("reading {path}: {}", libpcap::words(&error)));
            failure.tell();
            end(Why::Error);
            Ok(failure.code)
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Option<Recording>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Reader {
    source: Capture<Offline>,
    snap: usize,
    /// From nanoseconds.
    divisor: u64,
    pace: Pace,
    stop: Stop,
    into: Arc<Shared>,
}

impl Reader {
    fn read(mut self) -> Result<Why, Error> {
        loop {
            let packet = match self.source.next_packet() {
                Ok(packet) => packet,
                Err(Error::NoMorePackets) => return Ok(Why::End),
                Err(error) => return Err(error),
            };
            let at = ticks(packet.header, 1_000_000_000);
            self.pace.wait(at, &self.stop);
            if self.stop.asked() {
                return Ok(Why::Asked);
            }
            let data = packet.data.get(..self.snap).unwrap_or(packet.data);
            let mut into = lock(&self.into);
            let Some(recording) = into.as_mut() else { return Ok(Why::Asked) };
            match recording.packet(at / self.divisor, data, packet.header.len) {
                After::More => (),
                After::FileFull => recording.next_file(),
                After::Done(why) => return Ok(why),
            }
        }
    }
}

/// As far apart as packets were when they were captured, or some times as near.
struct Pace {
    speed: f64,
    first: Option<(u64, Instant)>,
}

impl Pace {
    fn wait(&mut self, at: u64, stop: &Stop) {
        if self.speed <= 0.0 {
            return;
        }
        let (first, began) = *self.first.get_or_insert_with(|| (at, Instant::now()));
        let after = at.saturating_sub(first) as f64 / 1e9 / self.speed;
        let after = Duration::try_from_secs_f64(after).unwrap_or(Duration::MAX);
        while let Some(left) = after.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            if stop.asked() {
                return;
            }
            thread::sleep(left.min(FLUSH));
        }
    }
}
