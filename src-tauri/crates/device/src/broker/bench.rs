//! What all connections share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::hex;
use serde_json::{Map, Value};

use super::inner::Inner;
use super::leaving::Leaving;
use super::seats::{Seat, Seats};
use super::shadows::Shadows;
use super::verify::Refusal;
use crate::clock::now;
use crate::home::{Connectivity, Home};
use crate::kind::{Kind, Kinds};
use crate::record::{Event, Packet, Record, Recorder};

pub struct Bench {
    pub home: Arc<dyn Home>,
    pub recorder: Arc<dyn Recorder>,
    pub inner: Inner,
    pub seats: Seats,
    pub shadows: Shadows,
    kinds: Vec<(String, Arc<Kind>)>,
    refusals: Refusals,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    pub device: SocketAddr,
    pub bench: SocketAddr,
}

impl Bench {
    pub fn new(home: Arc<dyn Home>, recorder: Arc<dyn Recorder>, kinds: Kinds, inner: Inner) -> Bench {
        let shadows = Shadows::new(home.clone(), recorder.clone());
        let kinds = kinds.names().filter_map(|name| Some((name.to_owned(), Arc::new(kinds.get(name)?.clone()))));
        Bench {
            kinds: kinds.collect(),
            home,
            recorder,
            inner,
            seats: Seats::default(),
            shadows,
            refusals: Refusals::default(),
        }
    }

    pub fn kind(&self, name: &str) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|(known, _)| known == name).map(|(_, kind)| kind.clone())
    }

    /// Sends those away whose certificate is no longer theirs, or no longer good.
    pub fn recheck(&self) {
        self.seats.keep_only(|thing, certificate| {
            let holder = self.home.holder(certificate);
            holder.is_some_and(|holder| holder.barred.is_none() && holder.thing == thing)
        });
    }

    /// What a device sent.
    pub fn came(&self, ends: Ends, bytes: Vec<u8>, refused: Option<String>) -> u64 {
        self.recorder.keep(Record::Packet(Packet { at: now(), from: ends.device, to: ends.bench, bytes, refused }))
    }

    /// What is sent to a device.
    pub fn goes(&self, ends: Ends, bytes: Vec<u8>) {
        let packet = Packet { at: now(), from: ends.bench, to: ends.device, bytes, refused: None };
        self.recorder.keep(Record::Packet(packet));
    }

    pub fn event(&self, ends: Ends, act: &'static str, thing: Option<&str>, fields: Fields) {
        let between = Some((ends.device, ends.bench));
        let event = Event { at: now(), between, act, thing: thing.map(str::to_owned), fields: fields.0 };
        self.recorder.keep(Record::Event(event));
    }

    /// Somebody was not let in. Whoever knocks without end does not fill the disk: beyond so many in a second they are counted, and the next that is
    /// told says how many.
    pub fn refused(&self, ends: Ends, refusal: &Refusal) {
        let Some(untold) = self.refusals.tell(Instant::now()) else { return };
        let fields = Fields::default()
            .with_some("untold", (untold > 0).then_some(untold))
            .with("reason", refusal.reason.as_str())
            .with("why", refusal.why.as_str())
            .with_some("certificate", refusal.certificate.map(|sha256| hex(&sha256)));
        self.event(ends, "refused", refusal.thing.as_deref(), fields);
    }

    /// A thing came (`None`) or left.
    pub fn is_now(&self, thing: &str, seat: &Seat, left: Option<Leaving>) {
        let now = Connectivity {
            connected: left.is_none(),
            at: Some(now().0.div_euclid(1_000_000)),
            reason: left.map(|leaving| leaving.as_str().to_owned()),
        };
        if self.seats.say(thing, seat, &now) {
            self.home.connectivity(thing, &now);
        }
    }
}

/// How many strangers were told of in this second, and how many were not.
#[derive(Default)]
struct Refusals(Mutex<Option<(Instant, u32, u64)>>);

/// Strangers in a second that are told one by one.
const MOST_TOLD: u32 = 200;

impl Refusals {
    /// Whether this one is to be told, and how many before it were not.
    fn tell(&self, now: Instant) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, told, untold) = second.unwrap_or((now, 0, 0));
        let over = now.duration_since(began) >= Duration::from_secs(1);
        let (began, told) = if over { (now, 0) } else { (began, told) };
        let tell = told < MOST_TOLD;
        *second = Some(if tell { (began, told + 1, 0) } else { (began, told, untold.saturating_add(1)) });
        tell.then_some(untold)
    }
}

#[cfg(test)]
#[test]
fn strangers_without_end_are_counted() {
    let (refusals, now) = (Refusals::default(), Instant::now());
    let told: Vec<_> = (0..1000).map(|_| refusals.tell(now)).collect();
    assert_eq!(told.iter().flatten().sum::<u64>(), 0);
    assert_eq!(told.iter().flatten().count(), 200);
    assert_eq!(refusals.tell(now + Duration::from_millis(999)), None);
    assert_eq!(refusals.tell(now + Duration::from_secs(1)), Some(801));
    assert_eq!(refusals.tell(now + Duration::from_secs(1)), Some(0));
}

/// The particulars of an event.
#[derive(Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Fields {
        self.0.insert(name.into(), value.into());
        self
    }

    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Fields {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}
