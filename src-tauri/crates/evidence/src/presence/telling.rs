//! What all makers' reports share on their way to facts.

use model::{Cancelled, Fact, Issue, Place, Sighting, Signal, Sink, Time};

use super::envelope::{Body, Envelope};
use super::once::Once;
use crate::format::Ending;
use crate::tree::Node;

/// A clock that says something before 2010 was not set: there were no such reports.
const EARLIEST: Time = Time(1_262_304_000_000_000_000);
/// So far an access point's clock may be ahead of ours before it is remarked.
const AHEAD: i64 = 86_400_000_000_000;
/// No receiver stands so near that it hears a client stronger, dBm.
const STRONGEST: i8 = -10;

/// Over one item.
pub struct Telling<'s> {
    sink: &'s mut dyn Sink,
    once: Once,
    issues: u64,
}

impl<'s> Telling<'s> {
    pub fn new(sink: &'s mut dyn Sink) -> Telling<'s> {
        Telling { sink, once: Once::default(), issues: 0 }
    }

    pub fn issue(&mut self, what: &str, why: &str, offset: u64) {
        self.issues += 1;
        self.sink.issue(Issue::new(what, why, offset));
    }

    /// Tells a sighting as it is.
    pub fn tell(&mut self, sighting: &Sighting, place: Place, more: impl FnOnce(&mut Fact)) -> Result<(), Cancelled> {
        sighting.tell(place, more, self.sink)
    }

    pub fn ending(&self) -> Ending {
        if self.issues == 0 { Ending::Complete } else { Ending::Partial }
    }
}

/// One report.
pub struct Report<'r, 's> {
    telling: &'r mut Telling<'s>,
    /// When it was received, and whether it bore the right signature or secret, if an envelope says so.
    received: Option<(Time, bool)>,
    body: Option<Body<'r>>,
    /// Where the report is broken.
    broken: Option<usize>,
}

/// What a maker says of a device besides.
#[derive(Default)]
pub struct More<'m> {
    pub network: Option<&'m str>,
    pub ssid: Option<&'m str>,
    pub ip: Option<&'m str>,
    /// Decibels above the noise.
    pub above_noise: Option<i64>,
    /// Latitude, longitude, uncertainty in metres.
    pub location: Option<(f64, f64, Option<f64>)>,
    /// What can't be, beyond what is seen of the sighting itself.
    pub implausible: Vec<String>,
}

impl<'r, 's> Report<'r, 's> {
    pub fn bare(telling: &'r mut Telling<'s>) -> Report<'r, 's> {
        Report { telling, received: None, body: None, broken: None }
    }

    /// `raw`: the body with its escapes, which lies at `at`.
    pub fn enveloped(telling: &'r mut Telling<'s>, envelope: &Envelope, raw: &'r str, at: u64) -> Report<'r, 's> {
        let received = Some((envelope.received, envelope.verified));
        Report { telling, received, body: Some(Body::new(raw, at)), broken: None }
    }

    /// What reaches to where the report is broken is not believed: its last number may be half a number.
    pub fn broken(self, at: Option<usize>) -> Report<'r, 's> {
        Report { broken: at, ..self }
    }

    pub fn is_whole(&self, node: &Node) -> bool {
        self.broken.is_none_or(|at| node.end < at)
    }

    pub fn issue(&mut self, what: &str, why: &str, offset: u64) {
        self.telling.issue(what, why, offset);
    }

    /// Where in the item something stands that lies at `at` in the report. To be asked in the order of the report.
    pub fn offset(&mut self, at: usize) -> u64 {
        self.body.as_mut().map_or(at as u64, |body| body.offset(at))
    }

    /// Where in the item the value stands. To be asked in the order of the report.
    pub fn place(&mut self, node: &Node) -> Place {
        let at = self.offset(node.at);
        let end = self.offset(node.end);
        Place::bytes(at, end.saturating_sub(at))
    }

    /// Tells a sighting unless it was told already. One whose end is before its beginning is turned round.
    pub fn tell(&mut self, mut sighting: Sighting, place: Place, more: More) -> Result<(), Cancelled> {
        let network = more.network.unwrap_or_default();
        let Sighting { first, last, .. } = sighting;
        let key = (network, &sighting.node, &sighting.device, first, last, sighting.count);
        if !self.telling.once.is_new(key) {
            return Ok(());
        }
        let implausible = self.doubts(&sighting, &more);
        (sighting.first, sighting.last) = (first.min(last), first.max(last));
        let received = self.received;
        let add = |fact: &mut Fact| {
            let fields = &mut fact.fields;
            for (name, text) in [("network", more.network), ("ssid", more.ssid), ("ip", more.ip)] {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    fields.text(name, text);
                }
            }
            let own = &mut fact.own;
            if let Some(raw) = more.above_noise {
                own.int("signal_raw", raw);
                fields.text("signal_unit", "dB above noise");
            }
            if let Some((received, verified)) = received {
                own.shown("received", received);
                fields.flag("verified", verified);
            }
            if let Some((latitude, longitude, uncertainty)) = more.location {
                own.real("latitude", latitude);
                own.real("longitude", longitude);
                if let Some(uncertainty) = uncertainty {
                    own.real("uncertainty", uncertainty);
                }
            }
            if !implausible.is_empty() {
                own.text("implausible", &implausible);
            }
        };
        self.telling.tell(&sighting, place, add)
    }

    /// What can't be, in words; mostly empty.
    fn doubts(&self, sighting: &Sighting, more: &More) -> String {
        let mut doubts = more.implausible.clone();
        if sighting.mac().is_some_and(model::Mac::is_group) {
            doubts.push("a group address, which sends nothing".into());
        }
        if sighting.first > sighting.last {
            doubts.push("seen first after it was seen last".into());
        }
        if sighting.first < EARLIEST || sighting.last < EARLIEST {
            doubts.push("before 2010: a clock that was not set".into());
        }
        if let Some((received, _)) = self.received
            && sighting.last.0 > received.0.saturating_add(AHEAD)
        {
            doubts.push("more than a day after it was received".into());
        }
        if let Some(signal) = sighting.signal {
            doubts.extend(too_strong(signal.max));
            if signal.min > signal.avg || signal.avg > signal.max {
                doubts.push("weakest, mean and strongest signal are not in this order".into());
            }
        }
        doubts.join("; ")
    }
}

/// What speaks against a signal of so many dBm.
pub fn too_strong(dbm: i8) -> Option<String> {
    (dbm > STRONGEST).then(|| format!("a signal of {dbm} dBm"))
}

/// dBm that are all the same.
pub fn level(dbm: i8) -> Signal {
    Signal { min: dbm, avg: dbm, max: dbm }
}

/// A whole number, also in quotes or with a fraction, which is rounded.
pub fn number(node: Option<&Node>) -> Option<i64> {
    let node = node?;
    node.int().or_else(|| {
        let real: f64 = node.text()?.parse().ok()?;
        (real.abs() < 9e15).then_some(real.round() as i64)
    })
}

/// A finite number.
pub fn real(node: Option<&Node>) -> Option<f64> {
    node?.text()?.parse().ok().filter(|real: &f64| real.is_finite())
}
