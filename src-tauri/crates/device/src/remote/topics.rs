//! What was said under which topic: a tree of topics, each with its last values. What does not fit here is in the recording.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use model::Time;

/// Topics that are told apart.
const MOST_TOPICS: usize = 200_000;
/// Bytes of all their names.
const MOST_NAMES: usize = 32 << 20;
/// Levels that are told apart; what is deeper is one level.
const MOST_LEVELS: usize = 64;
/// Values of one topic that are kept.
const MOST_VALUES: usize = 200;
/// Bytes of all values.
const MOST_BYTES: usize = 64 << 20;
/// Of one value.
const LONGEST_VALUE: usize = 256 << 10;
/// Seconds over which the rate is counted.
const WINDOW: i64 = 10;
const SECOND: i64 = 1_000_000_000;

/// Everything that came.
pub struct Topics {
    root: Branch,
    /// By number, as [`Told`] names them.
    topics: Vec<Topic>,
    /// Kept values in the order in which they came: topic, and number of the value there.
    kept: VecDeque<(u32, u64)>,
    /// Values that are kept now.
    live: usize,
    bytes: usize,
    names: usize,
    messages: u64,
    left_out: u64,
    limits: Limits,
}

/// What is kept at most.
#[derive(Clone, Copy)]
struct Limits {
    topics: usize,
    names: usize,
    values: usize,
    bytes: usize,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub topics: u64,
    pub messages: u64,
    /// Messages under topics that are too many to be told apart.
    pub left_out: u64,
    /// Of values that are kept.
    pub bytes: u64,
}

#[derive(Default)]
struct Branch {
    below: BTreeMap<Box<str>, Branch>,
    topic: Option<u32>,
    /// Topics here and below.
    topics: u64,
    messages: u64,
}

/// One topic.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: String,
    pub messages: u64,
    pub first: Time,
    pub last: Time,
    pub qos: u8,
    /// The last value was one that the broker had kept.
    pub retained: bool,
    values: VecDeque<Value>,
    /// Of the next value.
    next: u64,
    /// Messages in each of the last seconds, by the second's number.
    lately: [u32; WINDOW as usize],
    second: i64,
}

/// What was said once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub at: Time,
    pub qos: u8,
    pub retained: bool,
    /// The first 256 KiB.
    pub bytes: Vec<u8>,
    /// As it was said.
    pub length: usize,
}

/// A level of the tree.
#[derive(Clone, Debug)]
pub struct Level<'t> {
    /// Its own name, and the whole path.
    pub name: &'t str,
    pub path: String,
    pub topic: Option<&'t Topic>,
    /// Topics here and below.
    pub topics: u64,
    pub messages: u64,
    pub has_more: bool,
}

impl Default for Topics {
    fn default() -> Topics {
        Topics::with(Limits { topics: MOST_TOPICS, names: MOST_NAMES, values: MOST_VALUES, bytes: MOST_BYTES })
    }
}

/// Levels of a topic.
fn levels(topic: &str) -> impl Iterator<Item = &str> {
    topic.splitn(MOST_LEVELS, '/')
}

impl Topics {
    fn with(limits: Limits) -> Topics {
        Topics {
            root: Branch::default(),
            topics: Vec::new(),
            kept: VecDeque::new(),
            live: 0,
            bytes: 0,
            names: 0,
            messages: 0,
            left_out: 0,
            limits,
        }
    }

    pub fn sums(&self) -> Sums {
        let (topics, bytes) = (self.topics.len() as u64, self.bytes as u64);
        Sums { topics, messages: self.messages, left_out: self.left_out, bytes }
    }

    pub fn add(&mut self, name: &str, payload: &[u8], qos: u8, retained: bool, at: Time) {
        self.messages += 1;
        let Some(number) = self.number(name, at) else {
            self.left_out += 1;
            return;
        };
        let mut branch = &mut self.root;
        branch.messages += 1;
        for level in levels(name) {
            let Some(next) = branch.below.get_mut(level) else { break };
            next.messages += 1;
            branch = next;
        }
        let Some(topic) = self.topics.get_mut(number as usize) else { return };
        topic.messages += 1;
        (topic.last, topic.qos, topic.retained) = (at, qos, retained);
        topic.count(at);
        let bytes = payload.get(..LONGEST_VALUE).unwrap_or(payload).to_vec();
        self.bytes += bytes.len();
        self.live += 1;
        self.kept.push_back((number, topic.next));
        topic.next += 1;
        topic.values.push_back(Value { at, qos, retained, bytes, length: payload.len() });
        if topic.values.len() > self.limits.values
            && let Some(old) = topic.values.pop_front()
        {
            self.bytes -= old.bytes.len();
            self.live -= 1;
        }
        self.make_room();
    }

    /// The number of a topic; a new one, if there is room for it.
    fn number(&mut self, name: &str, at: Time) -> Option<u32> {
        let found = levels(name).try_fold(&self.root, |branch, level| branch.below.get(level));
        if let Some(number) = found.and_then(|branch| branch.topic) {
            return Some(number);
        }
        if self.topics.len() >= self.limits.topics || self.names + name.len() > self.limits.names {
            return None;
        }
        let number = u32::try_from(self.topics.len()).ok()?;
        self.names += name.len();
        let mut branch = &mut self.root;
        branch.topics += 1;
        for level in levels(name) {
            branch = branch.below.entry(level.into()).or_default();
            branch.topics += 1;
        }
        branch.topic = Some(number);
        self.topics.push(Topic {
            name: name.to_owned(),
            messages: 0,
            first: at,
            last: at,
            qos: 0,
            retained: false,
            values: VecDeque::new(),
            next: 0,
            lately: [0; WINDOW as usize],
            second: i64::MIN,
        });
        Some(number)
    }

    /// Drops the oldest values, and forgets those that are gone already.
    fn make_room(&mut self) {
        while self.bytes > self.limits.bytes {
            let Some((number, value)) = self.kept.pop_front() else { return };
            let Some(topic) = self.topics.get_mut(number as usize) else { continue };
            let oldest = topic.next.saturating_sub(topic.values.len() as u64);
            if value == oldest
                && let Some(old) = topic.values.pop_front()
            {
                self.bytes -= old.bytes.len();
                self.live -= 1;
            }
        }
        if self.kept.len() > 2 * self.live + 1_024 {
            let topics = &self.topics;
            self.kept.retain(|(number, value)| {
                let topic = topics.get(*number as usize);
                topic.is_some_and(|topic| *value + topic.values.len() as u64 >= topic.next)
            });
        }
    }

    /// One topic, by its whole name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        let found = levels(name).try_fold(&self.root, |branch, level| branch.below.get(level))?;
        self.topics.get(found.topic? as usize)
    }

    /// The levels below a path (empty: the first ones), by name, after the one of this name; and whether there are more.
    pub fn below(&self, path: Option<&str>, after: Option<&str>, limit: usize) -> (Vec<Level<'_>>, bool) {
        let found = match path {
            None => Some(&self.root),
            Some(path) => levels(path).try_fold(&self.root, |branch, level| branch.below.get(level)),
        };
        let Some(branch) = found else { return (Vec::new(), false) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut all = branch.below.range::<str, _>((from, Bound::Unbounded));
        let mut levels = Vec::new();
        for (name, branch) in all.by_ref().take(limit) {
            levels.push(Level {
                name,
                path: path.map_or(name.to_string(), |path| format!("{path}/{name}")),
                topic: branch.topic.and_then(|number| self.topics.get(number as usize)),
                topics: branch.topics,
                messages: branch.messages,
                has_more: !branch.below.is_empty(),
            });
        }
        (levels, all.next().is_some())
    }

    /// All topics in the order in which they came.
    pub fn all(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter()
    }
}

impl Topic {
    /// Kept values, oldest first.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.values.iter()
    }

    /// Messages that are not kept here any more.
    pub fn dropped(&self) -> u64 {
        self.messages.saturating_sub(self.values.len() as u64)
    }

    /// Messages a second over the last ten.
    pub fn rate(&self, now: Time) -> f64 {
        let second = now.0.div_euclid(SECOND);
        let gone = second.saturating_sub(self.second).clamp(0, WINDOW);
        // Of the seconds that have ended since, nothing came in any.
        let count: u64 = (0..WINDOW - gone).map(|back| u64::from(self.slot(self.second.saturating_sub(back)))).sum();
        count as f64 / WINDOW as f64
    }

    fn slot(&self, second: i64) -> u32 {
        self.lately.get(second.rem_euclid(WINDOW) as usize).copied().unwrap_or(0)
    }

    fn count(&mut self, at: Time) {
        let second = at.0.div_euclid(SECOND);
        if second > self.second {
            let gone = second.saturating_sub(self.second).min(WINDOW);
            for back in 0..gone {
                if let Some(slot) = self.lately.get_mut((second - back).rem_euclid(WINDOW) as usize) {
                    *slot = 0;
                }
            }
            self.second = second;
        }
        if let Some(slot) = self.lately.get_mut(self.second.rem_euclid(WINDOW) as usize) {
            *slot = slot.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time(seconds * SECOND)
    }

    fn names(topics: &Topics, path: Option<&str>, after: Option<&str>, limit: usize) -> (String, bool) {
        let (levels, more) = topics.below(path, after, limit);
        let words = levels.iter().map(|level| format!("{}:{}:{}", level.path, level.topics, level.messages));
        (words.collect::<Vec<_>>().join(" "), more)
    }

    #[test]
    fn a_tree_by_levels_page_by_page() {
        let mut topics = Topics::default();
        for name in ["home/lamp/state", "home/lamp", "home/cam", "home//x", "/a", "z", "home/lamp"] {
            topics.add(name, b"1", 0, false, at(1));
        }
        assert_eq!(names(&topics, None, None, 10), (":1:1 home:4:5 z:1:1".into(), false));
        assert_eq!(names(&topics, Some("home"), None, 2), ("home/:1:1 home/cam:1:1".into(), true));
        assert_eq!(names(&topics, Some("home"), Some("cam"), 2), ("home/lamp:2:3".into(), false));
        assert_eq!(names(&topics, Some(""), None, 9), ("/a:1:1".into(), false));
        assert_eq!(names(&topics, Some("nowhere"), None, 9), (String::new(), false));
        assert_eq!(topics.topic("home/lamp").map(|topic| topic.messages), Some(2));
        assert!(topics.topic("home").is_none());
    }

    #[test]
    fn too_many_topics_are_counted_and_left_out() {
        let mut topics = Topics::with(Limits { topics: 3, names: 20, values: 9, bytes: 1_000 });
        for n in 0..10 {
            topics.add(&format!("t/{n}"), b"x", 0, false, at(n));
        }
        topics.add("t/1", b"y", 0, false, at(20));
        assert_eq!(topics.sums(), Sums { topics: 3, messages: 11, left_out: 7, bytes: 4 });
        let mut topics = Topics::with(Limits { topics: 99, names: 20, values: 9, bytes: 1_000 });
        topics.add(&"n".repeat(21), b"", 0, false, at(0));
        assert_eq!(topics.sums().left_out, 1);
    }

    #[test]
    fn old_values_make_room_for_new_ones() {
        let mut topics = Topics::with(Limits { topics: 9, names: 99, values: 4, bytes: 100 });
        for n in 0..5_000_i64 {
            topics.add(if n % 3 == 0 { "a" } else { "b" }, &[n as u8; 10], 1, n == 0, at(n));
            assert!(topics.bytes <= 100 && topics.kept.len() <= 2 * topics.live + 1_024);
            assert_eq!(topics.bytes, topics.live * 10);
        }
        let (a, b) = (topics.topic("a").unwrap(), topics.topic("b").unwrap());
        let last = |topic: &Topic| topic.values().map(|value| value.at.0 / SECOND).collect::<Vec<_>>();
        assert_eq!((last(a), last(b)), (vec![4_989, 4_992, 4_995, 4_998], vec![4_994, 4_996, 4_997, 4_999]));
        assert_eq!((a.messages, a.dropped()), (1_667, 1_663));
        topics.add("b", &[0; 300], 0, false, at(5_000));
        assert_eq!(topics.bytes, 0);
    }

    #[test]
    fn deep_names_and_long_values_have_an_end() {
        let mut topics = Topics::default();
        let deep = "a/".repeat(30_000);
        topics.add(&deep, &vec![1; LONGEST_VALUE + 1], 0, false, at(1));
        let topic = topics.topic(&deep).unwrap();
        let value = topic.values().next().unwrap();
        assert_eq!((value.bytes.len(), value.length), (LONGEST_VALUE, LONGEST_VALUE + 1));
    }

    #[test]
    fn rates_are_of_the_last_ten_seconds() {
        let mut topics = Topics::default();
        for (second, times) in [(100, 20), (105, 30), (104, 1)] {
            (0..times).for_each(|_| topics.add("t", b"", 0, false, at(second)));
        }
        let topic = topics.topic("t").unwrap();
        for (now, rate) in [(105, 5.1), (109, 5.1), (110, 3.1), (115, 0.0), (500, 0.0), (0, 5.1)] {
            assert_eq!(topic.rate(at(now)), rate, "{now}");
        }
    }
}
