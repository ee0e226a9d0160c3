//! How much came when, from whom and in which protocol: what the live charts show.

use std::collections::HashMap;

use dissect::Latest;
use model::{Mac, Time};

/// Steps that are kept; when there are more, two become one.
const MOST: usize = 4_096;
/// Senders that are told apart in all; further ones count together.
const MOST_SENDERS: usize = 64;
const SECOND: i64 = 1_000_000_000;

/// Traffic over time, in steps of equal length: a second first, longer as the capture grows longer.
pub(crate) struct Traffic {
    /// Nanoseconds.
    step: i64,
    /// Start of the first step, ns since 1970.
    first: Option<i64>,
    steps: Vec<Step>,
    protocols: Vec<&'static str>,
    senders: HashMap<Mac, usize>,
    by_number: Vec<Mac>,
}

#[derive(Clone, Default)]
struct Step {
    packets: u64,
    bytes: u64,
    /// Packets that were lost in it.
    dropped: u64,
    /// Bytes by index in `protocols`.
    protocols: Vec<u64>,
    /// Bytes by index in `by_number`; the last is everybody else.
    senders: Vec<u64>,
}

/// Traffic as it is drawn: a value for each step and series.
pub(crate) struct Series {
    /// Of the first step, ns since 1970.
    pub from: i64,
    /// Nanoseconds.
    pub step: i64,
    pub names: Vec<String>,
    /// By series, then by step.
    pub values: Vec<Vec<u64>>,
    pub dropped: Vec<u64>,
}

impl Series {
    /// Without the last step.
    pub fn leave_last(&mut self) {
        self.values.iter_mut().for_each(|values| values.truncate(values.len().saturating_sub(1)));
        self.dropped.pop();
    }
}

/// What to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Packets,
    Bytes,
    Protocol,
    Sender,
}

impl Default for Traffic {
    fn default() -> Traffic {
        Traffic {
            step: SECOND,
            first: None,
            steps: Vec::new(),
            protocols: Vec::new(),
            senders: HashMap::new(),
            by_number: Vec::new(),
        }
    }
}

impl Traffic {
    /// A packet came.
    pub fn add(&mut self, ts: Option<Time>, wire_len: u32, latest: &Latest) {
        let Some(Time(ts)) = ts else { return };
        let bytes = u64::from(wire_len);
        let protocol = index(&mut self.protocols, latest.protocol);
        let sender = latest.sender.map(|mac| self.sender(mac));
        let Some(step) = self.at(ts) else { return };
        step.packets += 1;
        step.bytes += bytes;
        add(&mut step.protocols, protocol, bytes);
        if let Some(sender) = sender {
            add(&mut step.senders, sender, bytes);
        }
    }

    /// Packets were lost just now.
    pub fn drop_at(&mut self, ts: Time, packets: u64) {
        if let Some(step) = self.at(ts.0) {
            step.dropped += packets;
        }
    }

    fn sender(&mut self, mac: Mac) -> usize {
        let next = self.by_number.len();
        match self.senders.get(&mac) {
            Some(number) => *number,
            None if next >= MOST_SENDERS => MOST_SENDERS,
            None => {
                self.senders.insert(mac, next);
                self.by_number.push(mac);
                next
            }
        }
    }

    fn at(&mut self, ts: i64) -> Option<&mut Step> {
        let first = *self.first.get_or_insert(ts.div_euclid(SECOND) * SECOND);
        // Earlier than the first, or far from it: a clock that was set. Nothing to draw.
        let after = ts.checked_sub(first).filter(|after| *after >= 0)?;
        while after / self.step >= MOST as i64 {
            self.halve()?;
        }
        let at = (after / self.step) as usize;
        if self.steps.len() <= at {
            self.steps.resize(at + 1, Step::default());
        }
        self.steps.get_mut(at)
    }

    fn halve(&mut self) -> Option<()> {
        self.step = self.step.checked_mul(2)?;
        self.steps = self.steps.chunks(2).map(|pair| pair.iter().fold(Step::default(), Step::plus)).collect();
        Some(())
    }

    /// The last `seconds` (0: all), in at most `most` steps; of protocols and senders the `top` largest, and the rest.
    pub fn series(&self, by: By, seconds: u64, most: usize, top: usize) -> Series {
        let wanted = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND) / self.step;
        let skip = match wanted {
            0 => 0,
            wanted => self.steps.len().saturating_sub(usize::try_from(wanted).unwrap_or(usize::MAX)),
        };
        let shown = self.steps.get(skip..).unwrap_or_default();
        let wide = shown.len().div_ceil(most.max(1)).max(1);
        let shown: Vec<Step> = shown.chunks(wide).map(|steps| steps.iter().fold(Step::default(), Step::plus)).collect();
        let (names, values) = match by {
            By::Packets => (vec!["packets".to_owned()], vec![shown.iter().map(|step| step.packets).collect()]),
            By::Bytes => (vec!["bytes".to_owned()], vec![shown.iter().map(|step| step.bytes).collect()]),
            By::Protocol => {
                let name = |number: usize| self.protocols.get(number).map_or("other", |name| name).to_owned();
                largest(&shown, |step| &step.protocols, name, top)
            }
            By::Sender => {
                let name =
                    |number: usize| self.by_number.get(number).map_or_else(|| "others".into(), ToString::to_string);
                largest(&shown, |step| &step.senders, name, top)
            }
        };
        Series {
            from: self.first.unwrap_or(0) + skip as i64 * self.step,
            step: self.step * wide as i64,
            names,
            values,
            dropped: shown.iter().map(|step| step.dropped).collect(),
        }
    }
}

impl Step {
    fn plus(mut self, other: &Step) -> Step {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.dropped += other.dropped;
        for (mine, theirs) in [(&mut self.protocols, &other.protocols), (&mut self.senders, &other.senders)] {
            theirs.iter().enumerate().for_each(|(number, bytes)| add(mine, number, *bytes));
        }
        self
    }
}

/// The largest parts as series of their own, the others together.
fn largest(
    steps: &[Step],
    of: impl Fn(&Step) -> &Vec<u64>,
    name: impl Fn(usize) -> String,
    top: usize,
) -> (Vec<String>, Vec<Vec<u64>>) {
    let count = steps.iter().map(|step| of(step).len()).max().unwrap_or(0);
    let value = |step: &Step, number: usize| of(step).get(number).copied().unwrap_or(0);
    let sum = |number: usize| steps.iter().map(|step| value(step, number)).sum::<u64>();
    let mut order: Vec<(u64, usize)> =
        (0..count).map(|number| (sum(number), number)).filter(|(sum, _)| *sum > 0).collect();
    order.sort_unstable_by_key(|(sum, number)| (std::cmp::Reverse(*sum), *number));
    let (large, small) = order.split_at(order.len().min(top));
    let mut names: Vec<String> = large.iter().map(|(_, number)| name(*number)).collect();
    let mut values: Vec<Vec<u64>> =
        large.iter().map(|(_, number)| steps.iter().map(|step| value(step, *number)).collect()).collect();
    if !small.is_empty() {
        names.push("others".into());
        values.push(steps.iter().map(|step| small.iter().map(|(_, number)| value(step, *number)).sum()).collect());
    }
    (names, values)
}

fn add(to: &mut Vec<u64>, at: usize, value: u64) {
    if to.len() <= at {
        to.resize(at + 1, 0);
    }
    if let Some(sum) = to.get_mut(at) {
        *sum += value;
    }
}

fn index(of: &mut Vec<&'static str>, name: &'static str) -> usize {
    of.iter().position(|other| *other == name).unwrap_or_else(|| {
        of.push(name);
        of.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(last: u8, protocol: &'static str) -> Latest {
        Latest { frame: 1, sender: Some(Mac([2, 0, 0, 0, 0, last])), protocol }
    }

    #[test]
    fn adds_up_by_second_protocol_and_sender() {
        let mut traffic = Traffic::default();
        let start = 1_700_000_000 * SECOND;
        for (second, size, sender, protocol) in
            [(0, 100, 1, "dns"), (0, 50, 2, "mqtt"), (2, 10, 1, "dns"), (3, 7, 3, "arp"), (3, 500, 1, "tls")]
        {
            traffic.add(Some(Time(start + second * SECOND + 5)), size, &latest(sender, protocol));
        }
        traffic.add(Some(Time(start - 1)), 9_999, &latest(1, "dns"));
        traffic.add(None, 9_999, &latest(1, "dns"));
        traffic.drop_at(Time(start + 2 * SECOND), 4);
        let bytes = traffic.series(By::Bytes, 0, 100, 5);
        assert_eq!((bytes.from, bytes.step), (start, SECOND));
        assert_eq!((bytes.values, bytes.dropped), (vec![vec![150, 0, 10, 507]], vec![0, 0, 4, 0]));
        let protocols = traffic.series(By::Protocol, 0, 100, 2);
        assert_eq!(protocols.names, ["tls", "dns", "others"]);
        assert_eq!(protocols.values, [[0, 0, 0, 500], [100, 0, 10, 0], [50, 0, 0, 7]]);
        let senders = traffic.series(By::Sender, 2, 100, 1);
        assert_eq!((senders.from, senders.names.len()), (start + 2 * SECOND, 2));
        assert_eq!(senders.values, [[10, 500], [0, 7]]);
        assert_eq!(traffic.series(By::Packets, 0, 2, 1).values, [[2, 3]]);
    }

    #[test]
    fn a_week_takes_no_more_room_than_an_hour() {
        let mut traffic = Traffic::default();
        for second in 0..7 * 24 * 3600 {
            traffic.add(Some(Time(second * SECOND)), 1, &latest((second % 200) as u8, "arp"));
        }
        assert!(traffic.steps.len() <= MOST && traffic.by_number.len() == MOST_SENDERS);
        let all = traffic.series(By::Bytes, 0, 500, 1);
        assert_eq!(all.values[0].iter().sum::<u64>(), 7 * 24 * 3600);
        assert!(all.values[0].len() <= 500);
        let senders = traffic.series(By::Sender, 0, 10, 100);
        assert_eq!(senders.names.len(), MOST_SENDERS + 1);
        // A clock that jumps far ahead is no reason to loop or to grow.
        traffic.add(Some(Time(i64::MAX)), 1, &latest(1, "arp"));
        assert!(traffic.steps.len() <= MOST);
    }
}
