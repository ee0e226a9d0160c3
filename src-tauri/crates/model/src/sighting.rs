//! Who was near, as any source says it: access points' reports, captures, routers.

use crate::{Cancelled, Fact, Kind, Mac, Party, Place, Sink, Time, TimeKind};

/// The kind of facts that [`Sighting::tell`] makes.
pub const SIGHTING: Kind = Kind {
    name: "sighting",
    about: "an interval in which one observer heard a device by radio or on the cable",
    fields: &[
        ("device", "hardware address, or the pseudonym by which the source knows the device"),
        ("node", "who heard it: hardware address of an access point or radio, or the recording interface"),
        ("first_seen", "when it was heard first in this interval"),
        ("last_seen", "when it was heard last"),
        ("count", "frames heard; of sources that don't count, absent"),
        ("signal_min", "weakest, dBm"),
        ("signal_avg", "mean, dBm"),
        ("signal_max", "strongest, dBm"),
        ("signal_raw", "what the source gave as signal where its scale is another; signal_unit says which"),
        ("signal_unit", "scale of signal_raw: dB above noise"),
        ("associated", "joined to the observer's network; absent where the source can't know"),
        ("ssid", "network that it is joined to"),
        ("network", "the source's name for the place: network id"),
        ("ip", "its IP address, where the source gives it"),
        ("randomised", "the address is locally administered: made up, perhaps for this one scan"),
        ("source", "what kind of source: cloudtrax, meraki, kismet, wlan, onhub, lan"),
        ("received", "when the report was received"),
        ("verified", "the report bore the right signature or secret"),
        ("latitude", "degrees, as the source computes it"),
        ("longitude", "degrees, as the source computes it"),
        ("uncertainty", "metres"),
        ("implausible", "a value that can't be, and is kept as stated"),
    ],
};

/// One interval in which one observer heard one device. [`Sighting::tell`] makes all sources' facts alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    pub device: Party,
    /// Empty: the source doesn't say.
    pub node: String,
    /// What kind of source: `cloudtrax`, `wlan`, ...
    pub source: &'static str,
    pub first: Time,
    pub last: Time,
    pub count: Option<u32>,
    pub signal: Option<Signal>,
    pub associated: Option<bool>,
}

/// dBm at the observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    pub min: i8,
    pub avg: i8,
    pub max: i8,
}

impl Sighting {
    /// Tells it as a fact, at the time of the first frame and about the device, and in numbers. `more` adds what else the source says
    /// to the fact's fields (what repeats) and its own (what doesn't).
    pub fn tell(&self, place: Place, more: impl FnOnce(&mut Fact), sink: &mut dyn Sink) -> Result<(), Cancelled> {
        let mut fact = self.fact(place);
        more(&mut fact);
        sink.fact(fact)?;
        sink.sighting(self);
        Ok(())
    }

    fn fact(&self, place: Place) -> Fact {
        let mut fact = Fact::new(SIGHTING.name, place);
        fact.ts = Some(self.first);
        fact.time_kind = TimeKind::LastSeen;
        fact.src = self.device.clone();
        fact.subject = self.device.to_string();
        let fields = &mut fact.fields;
        fields.text("device", &fact.subject);
        if !self.node.is_empty() {
            fields.text("node", &self.node);
        }
        fields.text("source", self.source);
        if let Some(associated) = self.associated {
            fields.flag("associated", associated);
        }
        if matches!(self.device, Party::Mac(mac) if mac.is_local()) {
            fields.flag("randomised", true);
        }
        let own = &mut fact.own;
        own.shown("first_seen", self.first);
        own.shown("last_seen", self.last);
        if let Some(count) = self.count {
            own.int("count", count.into());
        }
        if let Some(signal) = self.signal {
            for (name, value) in [("signal_min", signal.min), ("signal_avg", signal.avg), ("signal_max", signal.max)] {
                own.int(name, value.into());
            }
        }
        fact
    }

    /// The hardware address, if the source knows the device by it.
    pub fn mac(&self) -> Option<Mac> {
        match self.device {
            Party::Mac(mac) => Some(mac),
            _ => None,
        }
    }
}
