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
const SLOTS: usize = 256;
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

/// Who, and how: one device that looks for networks and uses one is heard as two.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    mac: Mac,
    /// The access point that it speaks to; of a cable none.
    bssid: Mac,
    interface: u32,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
        let interface = frame.interface;
        let (key, signal) = match (&layers.air, layers.src_mac) {
            (Some(air), _) => {
                let how = How::Radio { associated: air.associated };
                (Key { mac: air.sender, bssid: air.bssid.unwrap_or_default(), interface, how }, air.signal)
            }
            (None, Some(mac)) if is_cable(frame.link_type) => {
                (Key { mac, bssid: Mac::ZERO, interface, how: How::Cable }, None)
            }
            _ => return Ok(()),
        };
        if key.mac.is_group() || key.mac == Mac::ZERO {
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
        let Key { mac, bssid, interface, how } = interval.key;
        let name = self.interfaces.get(interface as usize).and_then(Option::as_deref);
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

impl Key {
    #[inline]
    fn slot(&self) -> usize {
        let [a, b, c, d, e, f] = self.mac.0;
        let [.., x, y] = self.bssid.0;
        let mixed = u64::from_le_bytes([a, b, c, d, e, f, x, y]) ^ u64::from(self.interface) << 16;
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
    }
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
        self.0.fact(fact)
    }

    fn issue(&mut self, issue: Issue) {
        self.0.issue(issue);
    }

    fn sighting(&mut self, sighting: &Sighting) {
        self.0.heard(sighting);
    }
}

#[cfg(test)]
mod tests {
    use model::{Flow, Uid};

    use super::*;
    use crate::Engine;

    #[derive(Default)]
    struct Kept {
        facts: Vec<Fact>,
        heard: Vec<Sighting>,
        issues: Vec<Issue>,
    }

    impl Findings for Kept {
        fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
            if fact.kind == model::SIGHTING.name {
                self.facts.push(fact);
            }
            Ok(())
        }

        fn flow(&mut self, _: u32, _: &Flow) -> Result<(), Cancelled> {
            Ok(())
        }

        fn sighting(&mut self, _: &crate::Sighting) -> Result<(), Cancelled> {
            Ok(())
        }

        fn heard(&mut self, sighting: &Sighting) {
            self.heard.push(sighting.clone());
        }

        fn issue(&mut self, issue: Issue) {
            self.issues.push(issue);
        }
    }

    const PHONE: [u8; 6] = [0xda, 0xa1, 0x19, 0, 0, 1];
    const TV: [u8; 6] = [0x38, 0x8c, 0x50, 0, 0, 2];
    const ACCESS_POINT: [u8; 6] = [0xf4, 0xf2, 0x6d, 0, 0, 3];

    /// Seconds, link type, bytes: in this order, a thousand bytes apart.
    fn run(frames: &[(i64, u16, Vec<u8>)]) -> Kept {
        let (mut engine, mut kept) = (Engine::new(), Kept::default());
        engine.interface(&Interface { name: Some("eth1".into()), index: 1, ..Interface::default() });
        for ((seconds, link_type, bytes), number) in frames.iter().zip(1..) {
            let frame = Frame {
                number,
                ts: Time::new(*seconds, 0),
                offset: number * 1_000,
                bytes,
                wire_len: bytes.len() as u32,
                interface: u32::from(*link_type == 1),
                link_type: *link_type,
            };
            engine.frame(&frame, &mut kept).unwrap();
        }
        engine.finish(&mut kept).unwrap();
        kept
    }

    fn said(kept: &Kept) -> Vec<String> {
        assert_eq!(kept.facts.len(), kept.heard.len());
        let line = |fact: &Fact| {
            let Place { frame, offset, length, .. } = fact.place;
            let own = fact.own.members().replace("1970-01-01T00:", "").replace(":00.000000000Z", "");
            assert_eq!((fact.uid, &fact.subject), (None::<Uid>, &fact.src.to_string()));
            format!("{}@{offset}+{length} {},{own}", frame.unwrap(), fact.fields.members())
        };
        kept.facts.iter().map(line).collect()
    }

    fn ethernet(sender: [u8; 6]) -> Vec<u8> {
        [&[0xff; 6][..], &sender, &[0x88, 0xb5], &[0; 46]].concat()
    }

    /// Radiotap with flags and signal, then a frame of this control word and these addresses.
    fn radio(flags: u8, signal: i8, control: [u8; 2], addresses: [[u8; 6]; 3]) -> Vec<u8> {
        let tap = [0, 0, 10, 0, 0x22, 0, 0, 0, flags, signal.cast_unsigned()];
        [&tap[..], &control, &[0, 0], &addresses.concat(), &[0x10, 0]].concat()
    }

    #[test]
    fn silence_parts_intervals_of_a_cable() {
        let frames: Vec<_> = [0, 60, 360, 300, 660, 961]
            .map(|at| (at, 1, ethernet(TV)))
            .into_iter()
            .chain([(0, 1, ethernet([0; 6])), (0, 1, ethernet(ACCESS_POINT))])
            .collect();
        let start = |mac: &str| format!("\"device\":\"{mac}\",\"node\":\"eth1\",\"source\":\"lan\"");
        let tv = start("38:8c:50:00:00:02");
        assert_eq!(
            said(&run(&frames)),
            [
                format!("1@1000+60 {tv},\"first_seen\":\"00\",\"last_seen\":\"11\",\"count\":5"),
                format!(
                    "6@6000+60 {tv},\"first_seen\":\"16:01.000000000Z\",\"last_seen\":\"16:01.000000000Z\",\"count\":1"
                ),
                format!(
                    "8@8000+60 {},\"first_seen\":\"00\",\"last_seen\":\"00\",\"count\":1",
                    start("f4:f2:6d:00:00:03")
                ),
            ]
        );
    }

    #[test]
    fn by_radio_looking_for_a_network_is_not_being_in_one() {
        let (all, probe, data) = ([0xff; 6], [0x40, 0], [0x48, 1]);
        let frames = [
            (0, 127, radio(0, -60, probe, [all, PHONE, all])),
            (60, 127, radio(0x40, -90, probe, [all, PHONE, all])), // damaged
            (60, 127, radio(0, -71, probe, [all, PHONE, all])),
            (120, 127, radio(0, -50, data, [ACCESS_POINT, PHONE, TV])),
            (120, 127, radio(0, -40, [0x80, 0], [all, ACCESS_POINT, ACCESS_POINT])), // beacon
            (120, 127, radio(0, -41, [0x48, 2], [PHONE, ACCESS_POINT, TV])), // to the phone, from the television
            (180, 127, radio(0, -50, [0xb0, 0], [ACCESS_POINT, PHONE, ACCESS_POINT])), // authentication
        ];
        let start = |mac: &str, associated: &str| {
            format!("\"device\":\"{mac}\",\"node\":\"radio\",\"source\":\"wlan\"{associated}")
        };
        let phone = |associated: &str| start("da:a1:19:00:00:01", associated);
        let levels =
            |min: i8, avg: i8, max: i8| format!("\"signal_min\":{min},\"signal_avg\":{avg},\"signal_max\":{max}");
        assert_eq!(
            said(&run(&frames)),
            [
                format!(
                    "1@1000+34 {},\"first_seen\":\"00\",\"last_seen\":\"01\",\"count\":2,{}",
                    phone(",\"associated\":false,\"randomised\":true"),
                    levels(-71, -66, -60)
                ),
                format!(
                    "4@4000+34 {},\"first_seen\":\"02\",\"last_seen\":\"02\",\"count\":1,{}",
                    phone(",\"associated\":true,\"randomised\":true,\"network\":\"f4:f2:6d:00:00:03\""),
                    levels(-50, -50, -50)
                ),
                format!(
                    "5@5000+34 {},\"first_seen\":\"02\",\"last_seen\":\"02\",\"count\":2,{}",
                    start("f4:f2:6d:00:00:03", ""),
                    levels(-41, -41, -40)
                ),
                format!(
                    "7@7000+34 {},\"first_seen\":\"03\",\"last_seen\":\"03\",\"count\":1,{}",
                    phone(",\"randomised\":true,\"network\":\"f4:f2:6d:00:00:03\""),
                    levels(-50, -50, -50)
                ),
            ]
        );
    }

    #[test]
    fn a_flood_of_forged_addresses_is_bounded_and_intervals_end_as_it_goes() {
        let forged = |n: u32| {
            let [_, b, c, d] = n.to_be_bytes();
            ethernet([2, 0, 0, b, c, d])
        };
        let flood: Vec<_> = (0..60_000).map(|n| (0, 1, forged(n))).collect();
        let kept = run(&flood);
        assert_eq!((kept.facts.len(), kept.issues.len()), (MOST, 1));
        // Spread over time, each ends before the last of them come.
        let spread: Vec<_> = (0..120_000).map(|n| (i64::from(n) / 10, 1, forged(n))).collect();
        let kept = run(&spread);
        assert_eq!((kept.facts.len(), kept.issues.len()), (120_000, 0));
        let frames: Vec<_> = kept.facts.iter().filter_map(|fact| fact.place.frame).collect();
        assert!(frames.is_sorted(), "in the order in which they began");
    }
}
