//! What one address did while it looked for networks.

use std::collections::{BTreeSet, HashMap};

use model::Mac;

/// A probe request, as far as it can tell who sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe<'a> {
    pub mac: Mac,
    /// Nanoseconds since 1970 UTC.
    pub ts: i64,
    /// Of the fact that says so.
    pub fact: i64,
    /// Sequence number, 0 to 4095.
    pub sequence: Option<u16>,
    /// Fingerprint of its elements; empty: unknown.
    pub elements: &'a str,
    /// The network that it asks for; empty: any.
    pub ssid: &'a str,
    /// dBm.
    pub signal: Option<i8>,
}

/// All that one address asked, summed up.
#[derive(Clone, Debug)]
pub struct Prober {
    pub mac: Mac,
    pub first: Moment,
    pub last: Moment,
    pub probes: u64,
    /// Which fingerprint; none if it changed, or is unknown.
    pub elements: Option<u32>,
    /// Which networks it asked for by name.
    pub names: BTreeSet<u32>,
}

/// Its first or last probe request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    pub ts: i64,
    pub fact: i64,
    pub sequence: Option<u16>,
    pub signal: Option<i8>,
}

/// Addresses and texts that are looked at; a flood of made-up ones is cut, and that is told.
pub const MOST: usize = 100_000;
/// Names kept of one address.
const MOST_OF_ONE: usize = 256;

/// Everybody who asked, while the probe requests come in order of time.
#[derive(Default)]
pub struct Probers {
    at: HashMap<Mac, usize>,
    found: Vec<Prober>,
    pub elements: Texts,
    pub names: Texts,
    /// Probe requests that were left out.
    pub left_out: u64,
}

/// Texts by number.
#[derive(Default)]
pub struct Texts {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        if self.texts.len() >= MOST {
            return None;
        }
        let number = self.texts.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        Some(number)
    }

    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }
}

impl Probers {
    pub fn add(&mut self, probe: &Probe) {
        let elements = if probe.elements.is_empty() { None } else { self.elements.number(probe.elements) };
        let name = if probe.ssid.is_empty() { None } else { self.names.number(probe.ssid) };
        let moment = Moment { ts: probe.ts, fact: probe.fact, sequence: probe.sequence, signal: probe.signal };
        let at = match self.at.get(&probe.mac) {
            Some(at) => *at,
            None if self.found.len() >= MOST => {
                self.left_out += 1;
                return;
            }
            None => {
                self.at.insert(probe.mac, self.found.len());
                let names = BTreeSet::new();
                self.found.push(Prober { mac: probe.mac, first: moment, last: moment, probes: 0, elements, names });
                self.found.len() - 1
            }
        };
        let Some(prober) = self.found.get_mut(at) else { return };
        prober.probes += 1;
        prober.last = moment;
        if prober.elements != elements {
            prober.elements = None;
        }
        if let Some(name) = name
            && prober.names.len() < MOST_OF_ONE
        {
            prober.names.insert(name);
        }
    }

    /// By their first probe request.
    pub fn in_order(&self) -> Vec<&Prober> {
        let mut all: Vec<&Prober> = self.found.iter().collect();
        all.sort_by_key(|prober| (prober.first.ts, prober.mac));
        all
    }
}
