//! When each device was heard, by radio or on the cable: intervals without a longer silence, told as they end.

use std::collections::HashMap;

use model::{Cancelled, Fact, Frame, Interface, Issue, Mac, Party, Place, Sighting, Signal, Sink, Time};

use crate::engine::Findings;
use crate::layers::Layers;

/// A longer silence ends an interval (nanoseconds).
const SILENCE: i64 = 300 * 1_000_000_000;
/// Intervals open at once; a flood of forged addresses must not fill the memory.
const MOST: usize = 50_000;
/// Frames between looks for intervals that have ended.
const SWEEP_EVERY: u32 = 32_768;
/// Who was heard lately is found without looking for it.
const SLOT_BITS: u32 = 10;
const SLOTS: usize = 1 << SLOT_BITS;
/// Interfaces whose names are kept, and how much of each.
const MOST_INTERFACES: usize = 4_096;
const LONGEST_NAME: usize = 64;

/// Everybody who is being heard.
pub(crate) struct Heard {
    intervals: Vec<Interval>,
    /// Where in `intervals`.
    known: HashMap<Key, usize, foldhash::fast::RandomState>,
    recent: [u32; SLOTS],
    interfaces: Vec<Option<String>>,
    now: Time,
    since_sweep: u32,
    /// Somebody was left out: the offset of the first frame.
    left_out: Option<(u64, u64)>,
}

/// Who, and how: one device that looks for networks and uses one is heard as two. Packed, as it is compared for each frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    /// The device's address, [`How`] above it.
    sender: u64,
    /// The address of the access point that it speaks to, above it the interface. Those beyond 65 535 count as one.
    at: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Cable,
    Radio { associated: Option<bool> },
}

struct Interval {
    key: Key,
    first: Time,
    last: Time,
    count: u32,
    /// Number of the first frame, and where it is.
    frame: u64,
    offset: u64,
    length: u64,
    levels: Levels,
}

/// dBm of the frames whose receiver says so.
#[derive(Clone, Copy)]
struct Levels {
    min: i8,
    max: i8,
    sum: i64,
    count: u32,
}

impl Default for Heard {
    fn default() -> Heard {
        Heard {
            intervals: Vec::new(),
            known: HashMap::default(),
            recent: [0; SLOTS],
            interfaces: Vec::new(),
            now: Time(i64::MIN),
            since_sweep: 0,
            left_out: None,
        }
    }
}

impl Heard {
    /// What the capture says of an interface, before its frames.
    pub fn interface(&mut self, interface: &Interface) {
        let at = interface.index as usize;
        if at < MOST_INTERFACES {
            self.interfaces.resize(self.interfaces.len().max(at + 1), None);
            let short = |name: &String| name.chars().take(LONGEST_NAME).collect();
            if let Some(place) = self.interfaces.get_mut(at) {
                *place = interface.name.as_ref().filter(|name| !name.is_empty()).map(short);
            }
        }
    }

    /// A frame and what was read of it. Tells the interval that it shows to have ended.
    #[inline]
    pub fn frame(&mut self, frame: &Frame, layers: &Layers, to: &mut dyn Findings) -> Result<(), Cancelled> {
        let Some(ts) = frame.ts else { return Ok(()) };
        let (key, signal) = match (&layers.air, layers.src_mac) {
            (Some(air), _) => {
                let how = How::Radio { associated: air.associated };
                (Key::new(air.sender, how, air.bssid.unwrap_or_default(), frame.interface), air.signal)
            }
            (None, Some(mac)) if is_cable(frame.link_type) => {
                (Key::new(mac, How::Cable, Mac::ZERO, frame.interface), None)
            }
            _ => return Ok(()),
        };
        if !key.is_somebody() {
            return Ok(());
        }
        self.now = self.now.max(ts);
        let slot = key.slot();
        let recent = self.recent.get(slot).map_or(0, |at| *at as usize);
        match self.intervals.get_mut(recent) {
            Some(interval) if interval.key == key && interval.is_near(ts) => interval.add(ts, signal),
            _ => self.look(key, slot, ts, signal, frame, to)?,
        }
        self.since_sweep += 1;
        if self.since_sweep >= SWEEP_EVERY { self.sweep(to) } else { Ok(()) }
    }

    /// A frame of somebody who was not heard lately.
    #[cold]
    fn look(
        &mut self,
        key: Key,
        slot: usize,
        ts: Time,
        signal: Option<i8>,
        frame: &Frame,
        to: &mut dyn Findings,
    ) -> Result<(), Cancelled> {
        let known = self.known.get(&key).copied();
        let at = known.unwrap_or(self.intervals.len());
        let full = self.intervals.len() >= MOST;
        match known.and_then(|at| self.intervals.get_mut(at)) {
            Some(interval) if interval.is_near(ts) => interval.add(ts, signal),
            Some(interval) => {
                let ended = std::mem::replace(interval, Interval::begin(key, ts, signal, frame));
                self.tell(&ended, to)?;
            }
            None if full => {
                self.left_out.get_or_insert((frame.number, frame.offset));
                return Ok(());
            }
            None => {
                self.known.insert(key, at);
                self.intervals.push(Interval::begin(key, ts, signal, frame));
            }
        }
        if let (Some(recent), Ok(at)) = (self.recent.get_mut(slot), u32::try_from(at)) {
            *recent = at;
        }
        Ok(())
    }

    /// Tells the intervals that have ended by now, in the order in which they began.
    #[cold]
    fn sweep(&mut self, to: &mut dyn Findings) -> Result<(), Cancelled> {
        self.since_sweep = 0;
        let silent = Time(self.now.0.saturating_sub(SILENCE));
        let (ended, open) =
            std::mem::take(&mut self.intervals).into_iter().partition(|interval| interval.last < silent);
        self.intervals = open;
        self.known.clear();
        self.known.extend(self.intervals.iter().enumerate().map(|(at, interval)| (interval.key, at)));
        self.tell_all(ended, to)
    }

    /// The capture has ended: what is still open is told.
    pub fn finish(&mut self, to: &mut dyn Findings) -> Result<(), Cancelled> {
        self.known.clear();
        let open = std::mem::take(&mut self.intervals);
        self.tell_all(open, to)?;
        if let Some((frame, offset)) = self.left_out.take() {
            let why = format!("more than {MOST} senders at once: sightings of some are left out");
            to.issue(Issue { frame: Some(frame), ..Issue::new("sightings", why, offset) });
        }
        Ok(())
    }

    fn tell_all(&self, mut intervals: Vec<Interval>, to: &mut dyn Findings) -> Result<(), Cancelled> {
        intervals.sort_unstable_by_key(|interval| interval.frame);
        intervals.iter().try_for_each(|interval| self.tell(interval, to))
    }

    fn tell(&self, interval: &Interval, to: &mut dyn Findings) -> Result<(), Cancelled> {
        let (mac, how, bssid, interface) = interval.key.parts();
        let name = self.interfaces.get(interface).and_then(Option::as_deref);
        let (source, associated, unnamed) = match how {
            How::Cable => ("lan", None, ""),
            How::Radio { associated } => ("wlan", associated, "radio"),
        };
        let sighting = Sighting {
            device: Party::Mac(mac),
            node: name.unwrap_or(unnamed).to_owned(),
            source,
            first: interval.first,
            last: interval.last,
            count: Some(interval.count),
            signal: interval.levels.signal(),
            associated,
        };
        let place = Place { frame: Some(interval.frame), ..Place::bytes(interval.offset, interval.length) };
        let more = |fact: &mut Fact| {
            if bssid != Mac::ZERO && bssid != mac {
                fact.fields.shown("network", bssid);
            }
        };
        sighting.tell(place, more, &mut Telling(to))
    }
}

/// Link types whose frames name their sender on a cable, or on what looks like one: Ethernet, Linux cooked.
fn is_cable(link_type: u16) -> bool {
    matches!(link_type, 1 | 113 | 276)
}

const ADDRESS: u64 = (1 << 48) - 1;

impl Key {
    #[inline]
    fn new(sender: Mac, how: How, bssid: Mac, interface: u32) -> Key {
        let how = match how {
            How::Cable => 0,
            How::Radio { associated: None } => 1,
            How::Radio { associated: Some(false) } => 2,
            How::Radio { associated: Some(true) } => 3,
        };
        Key { sender: packed(sender) | how << 48, at: packed(bssid) | u64::from(interface.min(0xffff)) << 48 }
    }

    fn parts(self) -> (Mac, How, Mac, usize) {
        let how = match self.sender >> 48 {
            0 => How::Cable,
            1 => How::Radio { associated: None },
            2 => How::Radio { associated: Some(false) },
            _ => How::Radio { associated: Some(true) },
        };
        (address(self.sender), how, address(self.at), (self.at >> 48) as usize)
    }

    /// No group, and not nobody, as on a loopback interface.
    #[inline]
    fn is_somebody(self) -> bool {
        self.sender & ADDRESS != 0 && self.sender & 1 == 0
    }

    #[inline]
    fn slot(self) -> usize {
        ((self.sender ^ self.at.rotate_left(24)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize
    }
}

/// The first octet in the lowest place.
#[inline]
fn packed(Mac([a, b, c, d, e, f]): Mac) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}

fn address(packed: u64) -> Mac {
    let [a, b, c, d, e, f, _, _] = packed.to_le_bytes();
    Mac([a, b, c, d, e, f])
}

impl Interval {
    fn begin(key: Key, ts: Time, signal: Option<i8>, frame: &Frame) -> Interval {
        let mut interval = Interval {
            key,
            first: ts,
            last: ts,
            count: 0,
            frame: frame.number,
            offset: frame.offset,
            length: frame.bytes.len() as u64,
            levels: Levels { min: i8::MAX, max: i8::MIN, sum: 0, count: 0 },
        };
        interval.add(ts, signal);
        interval
    }

    /// Clocks may go back: a little before the interval belongs to it too.
    #[inline]
    fn is_near(&self, ts: Time) -> bool {
        ts.0 <= self.last.0.saturating_add(SILENCE) && ts.0 >= self.first.0.saturating_sub(SILENCE)
    }

    #[inline]
    fn add(&mut self, ts: Time, signal: Option<i8>) {
        (self.first, self.last) = (self.first.min(ts), self.last.max(ts));
        self.count = self.count.saturating_add(1);
        if let Some(dbm) = signal {
            let levels = &mut self.levels;
            (levels.min, levels.max) = (levels.min.min(dbm), levels.max.max(dbm));
            levels.sum = levels.sum.saturating_add(dbm.into());
            levels.count = levels.count.saturating_add(1);
        }
    }
}

impl Levels {
    fn signal(self) -> Option<Signal> {
        let mean = self.sum as f64 / f64::from(self.count);
        (self.count > 0).then_some(Signal { min: self.min, avg: mean.round() as i8, max: self.max })
    }
}

/// What a sighting tells goes where everything goes.
struct Telling<'f>(&'f mut dyn Findings);

impl Sink for Telling<'_> {
    fn interface(&mut self, _: &Interface) {}

    fn frame(&mut self, _: &Frame) -> Result<(), Cancelled> {
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        self.0.fact(&fact)
    }

    fn issue(&mut self, issue: Issue) {
        self.0.issue(issue);
    }

    fn sighting(&mut self, sighting: &Sighting) {
        self.0.heard(sighting);
    }
}

#[cfg(test)]
mod tests;
