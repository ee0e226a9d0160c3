//! Topics as the page shows them: the tree, what was said under one, and its numbers over time.

use std::cell::LazyCell;

use device::remote::{Level, Topic, Topics, Value};
use model::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{connection, said};
use crate::error::{Error, Result};
use crate::state::{App, now};

const PAGE: usize = 200;
const LARGEST_PAGE: usize = 1_000;
/// Of each last value this much is searched.
const SEARCHED: usize = 4_096;
/// Of a value in a list.
const GLANCE: usize = 200;

/// Topics below a level, or those that hold words.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerTopicsAsk {
    pub id: u32,
    /// Topics below this one; none: the first level.
    pub path: Option<String>,
    /// Whole topics whose name or last value holds all these words instead.
    pub search: String,
    /// `next` of an earlier page.
    pub after: Option<String>,
    /// 0: 200.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerTopics {
    pub levels: Vec<BrokerLevel>,
    /// For the next page's `after`; none: this was the last.
    pub next: Option<String>,
}

/// A level of the tree of topics.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerLevel {
    pub name: String,
    pub path: String,
    /// Something was said under exactly this.
    pub is_topic: bool,
    /// There are levels below.
    pub has_more: bool,
    /// Topics here and below.
    #[ts(type = "number")]
    pub topics: u64,
    /// Messages here and below.
    #[ts(type = "number")]
    pub messages: u64,
    /// The beginning of what was said last.
    pub last: Option<String>,
    pub last_ts: Option<String>,
    /// Messages a second, over the last ten.
    pub rate: f64,
    pub retained: bool,
}

/// What was said under one topic.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct BrokerTopicAsk {
    pub id: u32,
    pub topic: String,
    /// A number in what was said, for a series; one of `numbers`.
    pub number: Option<String>,
    /// Values, newest first; 0: 50.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerTopic {
    pub topic: String,
    #[ts(type = "number")]
    pub messages: u64,
    /// Messages that are not kept here any more; the recording has them.
    #[ts(type = "number")]
    pub dropped: u64,
    /// RFC 3339 UTC.
    pub first: String,
    pub last: String,
    pub rate: f64,
    pub qos: u8,
    pub retained: bool,
    /// Newest first.
    pub values: Vec<BrokerValue>,
    /// Paths (RFC 6901) of numbers in the last value.
    pub numbers: Vec<String>,
    /// Oldest first.
    pub series: Vec<BrokerPoint>,
}

/// What was said once.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerValue {
    pub ts: String,
    pub qos: u8,
    /// The broker had kept it: it was said before we came.
    pub retained: bool,
    #[ts(type = "number")]
    pub length: u64,
    /// `json`, `text`, `cbor`, `msgpack`, `gzip`, `zlib`, a type of file, or `binary`
    pub kind: String,
    /// As text, if it is some, or can be said so.
    pub text: Option<String>,
    /// The first 64 KiB.
    pub hex: String,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct BrokerPoint {
    pub ts: String,
    pub value: f64,
}

pub(crate) fn broker_topics(app: &App, request: BrokerTopicsAsk) -> Result<BrokerTopics> {
    let connection = connection::find(app, request.id)?;
    let limit = if request.limit == 0 { PAGE } else { (request.limit as usize).min(LARGEST_PAGE) };
    let words: Vec<String> = request.search.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let at = now();
    if words.is_empty() {
        return Ok(connection.broker.topics(|topics| {
            let (levels, more) = topics.below(request.path.as_deref(), request.after.as_deref(), limit);
            let next = levels.last().filter(|_| more).map(|level| level.name.to_owned());
            BrokerTopics { levels: levels.iter().map(|level| show(level, at)).collect(), next }
        }));
    }
    let from = request.after.as_deref().map_or(Ok(0), str::parse::<usize>);
    let from = from.map_err(|_| Error::invalid("the page to go on from is not one of ours"))?;
    Ok(connection.broker.topics(|topics| search(topics, &words, from, limit, at)))
}

fn search(topics: &Topics, words: &[String], from: usize, limit: usize, at: Time) -> BrokerTopics {
    let mut levels = Vec::new();
    for (n, topic) in topics.all().enumerate().skip(from) {
        if !holds(topic, words) {
            continue;
        }
        if levels.len() == limit {
            return BrokerTopics { levels, next: Some(n.to_string()) };
        }
        let (path, topics) = (topic.name.clone(), 1);
        let level =
            Level { name: &topic.name, path, topic: Some(topic), topics, messages: topic.messages, has_more: false };
        levels.push(show(&level, at));
    }
    BrokerTopics { levels, next: None }
}

fn holds(topic: &Topic, words: &[String]) -> bool {
    let name = topic.name.to_lowercase();
    // Most are known by their names: what was said is looked at only where that leaves something open.
    let said = LazyCell::new(|| {
        let last = topic.values().next_back().map(|value| value.bytes.get(..SEARCHED).unwrap_or(&value.bytes));
        last.map(|bytes| String::from_utf8_lossy(bytes).to_lowercase()).unwrap_or_default()
    });
    words.iter().all(|word| name.contains(word) || said.contains(word))
}

fn show(level: &Level, at: Time) -> BrokerLevel {
    let last = level.topic.and_then(|topic| topic.values().next_back());
    BrokerLevel {
        name: level.name.to_owned(),
        path: level.path.clone(),
        is_topic: level.topic.is_some(),
        has_more: level.has_more,
        topics: level.topics,
        messages: level.messages,
        last: last.map(glance),
        last_ts: level.topic.map(|topic| topic.last.to_string()),
        rate: level.topic.map_or(0.0, |topic| topic.rate(at)),
        retained: level.topic.is_some_and(|topic| topic.retained),
    }
}

fn glance(value: &Value) -> String {
    let head = value.bytes.get(..GLANCE * 4).unwrap_or(&value.bytes);
    // The whole of it only where that is short: a list has many.
    let read = if value.length <= head.len() { said::read(head, value.length) } else { said::read(head, head.len()) };
    let text = read.text.unwrap_or_else(|| format!("{} ({} bytes)", read.kind, value.length));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(GLANCE).collect()
}

pub(crate) fn broker_topic(app: &App, request: BrokerTopicAsk) -> Result<BrokerTopic> {
    let connection = connection::find(app, request.id)?;
    let limit = if request.limit == 0 { 50 } else { request.limit as usize };
    // A copy, so that whoever brings messages does not wait for the reading of them.
    let topic = connection.broker.topics(|topics| topics.topic(&request.topic).cloned());
    let topic = topic.ok_or_else(|| Error::missing(format!("nothing was said under '{}'", request.topic)))?;
    let series = request.number.as_deref().map(|path| series(&topic, path)).unwrap_or_default();
    let last = topic.values().next_back();
    Ok(BrokerTopic {
        messages: topic.messages,
        dropped: topic.dropped(),
        first: topic.first.to_string(),
        last: topic.last.to_string(),
        rate: topic.rate(now()),
        qos: topic.qos,
        retained: topic.retained,
        values: topic.values().rev().take(limit).map(value).collect(),
        numbers: last.map(|last| said::numbers(&last.bytes, last.length)).unwrap_or_default(),
        series,
        topic: request.topic,
    })
}

pub(super) fn value(value: &Value) -> BrokerValue {
    let read = said::read(&value.bytes, value.length);
    BrokerValue {
        ts: value.at.to_string(),
        qos: value.qos,
        retained: value.retained,
        length: value.length as u64,
        kind: read.kind.to_owned(),
        text: read.text,
        hex: model::hex(value.bytes.get(..said::SHOWN).unwrap_or(&value.bytes)),
    }
}

fn series(topic: &Topic, path: &str) -> Vec<BrokerPoint> {
    let point = |value: &Value| {
        let number = said::number(&value.bytes, value.length, path)?;
        Some(BrokerPoint { ts: value.at.to_string(), value: number })
    };
    topic.values().filter_map(point).collect()
}
