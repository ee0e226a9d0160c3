//! Records on their way to the disk: gathered into groups, each made safe by one act.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use device::record::{Kept, Record};
use evidence::Counted;
use model::Time;
use tokio::sync::watch;

use super::blocks;
use crate::state::{lock, now};

/// Bytes that may wait for the disk; whoever comes then waits too.
const MOST_WAITING: usize = 64 << 20;
/// Of one group.
const MOST_IN_GROUP: usize = 8 << 20;
/// How long is waited for more to come along.
const GATHER: Duration = Duration::from_millis(2);
/// What a record takes in memory besides its bytes.
const EACH: usize = 256;
/// Of what came when nothing was taken any more.
const NEVER: u64 = u64::MAX;

/// Where groups are made safe.
pub(super) trait Disk: Send + 'static {
    /// Returns when the bytes are safe.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Nothing more comes.
    fn close(&mut self);
}

/// What was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub packets: u64,
    pub refused: u64,
    pub events: u64,
    /// Came, and was not kept.
    pub lost: u64,
}

pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    safe: watch::Sender<Safe>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Record>,
    bytes: usize,
    /// How many have come with too much, and wait until there is room.
    held_up: usize,
    /// Number of the last record that was taken.
    last: u64,
    ended: bool,
    counts: Counts,
}

/// How far records are safe.
#[derive(Clone, Debug, Default)]
struct Safe {
    number: u64,
    /// Why nothing behind that ever will be.
    over: Option<String>,
    /// It is the end that was asked for.
    well: bool,
}

impl Queue {
    /// With a thread of its own, which ends when the queue does.
    pub fn begin(disk: impl Disk, began: Time) -> io::Result<Arc<Queue>> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            safe: watch::Sender::new(Safe::default()),
            thread: Mutex::default(),
        });
        let writes = queue.clone();
        let spawned =
            std::thread::Builder::new().name("bench recorder".into()).spawn(move || writes.write(disk, began));
        *lock(&queue.thread) = Some(spawned?);
        Ok(queue)
    }

    pub fn keep(&self, record: Record) -> u64 {
        let size = EACH + weight(&record);
        let mut state = lock(&self.state);
        while !state.ended && !state.waiting.is_empty() && state.bytes.saturating_add(size) > MOST_WAITING {
            state.held_up += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.held_up -= 1;
        }
        if state.ended {
            state.counts.lost += 1;
            return NEVER;
        }
        let idle = state.waiting.is_empty();
        state.bytes += size;
        state.waiting.push(record);
        state.last += 1;
        let number = state.last;
        drop(state);
        if idle {
            self.changed.notify_all();
        }
        number
    }

    pub async fn safe(&self, number: u64) -> Kept {
        let mut receiver = self.safe.subscribe();
        let reached = receiver.wait_for(|safe| safe.number >= number || safe.over.is_some()).await;
        let ended = || "the recording has ended".to_owned();
        match reached {
            Ok(safe) if safe.number >= number => Ok(()),
            Ok(safe) => Err(safe.over.clone().unwrap_or_else(ended)),
            Err(_) => Err(ended()),
        }
    }

    /// Nothing more is taken; what waits is still written.
    pub fn end(&self) {
        lock(&self.state).ended = true;
        self.changed.notify_all();
    }

    /// Until all is written that ever will be.
    pub fn wait(&self) {
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join(); // what it could not write was told to whoever waited
        }
    }

    pub fn is_taking(&self) -> bool {
        !lock(&self.state).ended
    }

    pub fn counts(&self) -> Counts {
        lock(&self.state).counts
    }

    /// Why it ended, if nobody asked it to.
    pub fn problem(&self) -> Option<String> {
        let safe = self.safe.borrow();
        safe.over.clone().filter(|_| !safe.well)
    }

    fn write(&self, mut disk: impl Disk, began: Time) {
        let mut safe = 0;
        let over = loop {
            let Some(group) = self.next_group() else { break None };
            let written = blocks::group(&group).and_then(|bytes| disk.write(&bytes));
            let mut state = lock(&self.state);
            if let Err(why) = written {
                // What came to the disk of it was not acknowledged, and nothing may stand behind it.
                state.ended = true;
                state.counts.lost += (group.len() + state.waiting.len()) as u64;
                state.waiting = Vec::new();
                break Some(format!("writing the recording: {why}"));
            }
            for record in &group {
                match record {
                    Record::Packet(packet) => {
                        state.counts.packets += 1;
                        state.counts.refused += u64::from(packet.refused.is_some());
                    }
                    Record::Event(_) => state.counts.events += 1,
                }
            }
            drop(state);
            safe += group.len() as u64;
            self.safe.send_modify(|now| now.number = safe);
        };
        let well = over.is_none();
        if well {
            let counts = self.counts();
            let counted = Counted { start: began, end: now(), received: counts.packets, dropped: 0 };
            // It only counts what is there: a file without it is whole.
            let _ = blocks::tail(&counted).and_then(|bytes| disk.write(&bytes));
        }
        disk.close();
        self.changed.notify_all();
        let over = over.unwrap_or_else(|| "the recording has ended".into());
        self.safe.send_modify(|now| (now.over, now.well) = (Some(over), well));
    }

    /// What waits, and what comes along in a moment. `None`: nothing more will.
    fn next_group(&self) -> Option<Vec<Record>> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() {
            if state.ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.ended && state.bytes < MOST_IN_GROUP {
            drop(state);
            std::thread::sleep(GATHER);
            state = lock(&self.state);
        }
        state.bytes = 0;
        let group = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_all();
        Some(group)
    }
}

fn weight(record: &Record) -> usize {
    match record {
        Record::Packet(packet) => packet.bytes.len() + packet.refused.as_ref().map_or(0, String::len),
        Record::Event(event) => {
            let texts = event.fields.iter().map(|(name, value)| name.len() + value.as_str().map_or(64, str::len));
            texts.sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use device::record::Packet;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Says that it begins with a group, writes nothing before it is told to, and fails from a number of groups on.
    struct Slow {
        begun: Sender<()>,
        go: Receiver<()>,
        groups: Sender<usize>,
        fails_from: usize,
        written: usize,
    }

    impl Disk for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            let _ = self.begun.send(()); // not every test listens
            let _ = self.go.recv();
            self.written += 1;
            self.groups.send(bytes.len()).unwrap();
            if self.written > self.fails_from { Err(io::Error::other("no room")) } else { Ok(()) }
        }
        fn close(&mut self) {
            self.groups.send(0).unwrap();
        }
    }

    /// What a test has of it: who lets it write, what it wrote, and when it begins.
    fn slow(fails_from: usize) -> (Arc<Queue>, Sender<()>, Receiver<usize>, Receiver<()>) {
        let ((tell, go), (groups, told), (begun, begins)) = (channel(), channel(), channel());
        let queue = Queue::begin(Slow { begun, go, groups, fails_from, written: 0 }, Time(0)).unwrap();
        (queue, tell, told, begins)
    }

    fn packet(length: usize) -> Record {
        let (from, to) = blocks::ends();
        Record::Packet(Packet { at: Time(1), from, to, bytes: vec![0xc0; length], refused: None })
    }

    fn wait(queue: &Queue, number: u64) -> Kept {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(queue.safe(number))
    }

    fn is_safe_now(queue: &Queue, number: u64) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_millis(50), queue.safe(number)).await.is_ok() })
    }

    #[test]
    fn nothing_is_safe_before_the_disk_has_it_and_much_shares_one_act() {
        let (queue, go, groups, begins) = slow(usize::MAX);
        assert_eq!(queue.keep(packet(2)), 1);
        begins.recv().unwrap();
        let last = (0..500).fold(0, |_, _| queue.keep(packet(2)));
        assert!(!is_safe_now(&queue, 1));
        go.send(()).unwrap();
        assert_eq!(wait(&queue, 1), Ok(()));
        assert!(!is_safe_now(&queue, 2));
        go.send(()).unwrap();
        assert_eq!(wait(&queue, last), Ok(()));
        queue.end();
        drop(go);
        queue.wait();
        assert_eq!(queue.keep(packet(2)), NEVER);
        assert!(wait(&queue, NEVER).unwrap_err().contains("ended"));
        assert_eq!((groups.iter().count(), queue.problem()), (4, None)); // two groups, what was counted, the end
        assert_eq!(queue.counts(), Counts { packets: 501, lost: 1, ..Counts::default() });
    }

    #[test]
    fn what_the_disk_refuses_is_told_to_all_who_wait() {
        let (queue, go, _groups, _) = slow(1);
        queue.keep(packet(2));
        go.send(()).unwrap();
        assert_eq!(wait(&queue, 1), Ok(()));
        let (second, third) = (queue.keep(packet(2)), queue.keep(packet(2)));
        drop(go);
        for number in [second, third, queue.keep(packet(2)).max(third)] {
            assert_eq!(wait(&queue, number), Err("writing the recording: no room".into()));
        }
        assert_eq!(wait(&queue, 1), Ok(()));
        queue.wait();
        assert_eq!(queue.keep(packet(2)), NEVER);
        assert!(queue.problem().unwrap().contains("no room"));
        assert_eq!(queue.counts().packets, 1);
    }

    #[test]
    fn whoever_comes_with_too_much_waits() {
        let (queue, go, _groups, _) = slow(usize::MAX);
        let keeps = queue.clone();
        // Six of them fit, and six more once the first are a group on its way to the disk, which waits.
        let keeper = std::thread::spawn(move || {
            for _ in 0..14 {
                keeps.keep(packet(10 << 20));
            }
        });
        // Sooner or later one of both is so, however slow the machine is.
        while lock(&queue.state).held_up == 0 {
            assert!(!keeper.is_finished(), "nobody waited");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(lock(&queue.state).bytes <= MOST_WAITING);
        drop(go);
        keeper.join().unwrap();
        queue.end();
        queue.wait();
        assert_eq!(queue.counts().packets, 14);
        assert_eq!(lock(&queue.state).held_up, 0);
    }
}
