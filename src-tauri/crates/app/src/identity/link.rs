//! Which made-up address may have come after which: what speaks for it, what against, in bits.
//!
//! A bit for: what is seen is twice as likely if it is one device than if these are two. Bayes' rule makes a probability of the sums:
//! an address is a newcomer's, or follows one of those that were there before it, at first the likelier the less time lies between.
//! What counts how much stands in [`Weights`], and is the analyst's to change.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::probing::{Moment, Prober, Probers};

/// What counts how much.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct Weights {
    /// Seconds after which an address is no longer looked for under another name.
    #[ts(type = "number")]
    pub horizon: i64,
    /// Seconds between two scans of a device, about: the longer ago an address was heard last, the less likely it is to be the one before.
    pub pause: f64,
    /// Sequence numbers that a device uses up in a second beside what was heard.
    pub sequence_rate: f64,
    /// How many devices begin a new count with a new address.
    pub sequence_restarts: f64,
    /// The most that equal elements may count.
    pub elements_most: f64,
    /// The most that one shared network name may count.
    pub name_most: f64,
    /// Against, where both ask for networks by name, and none is the same.
    pub names_differ: f64,
    /// Standard deviation in dB: of what is heard of one device, a little later; and of different ones.
    pub signal_same: f64,
    pub signal_other: f64,
    /// How likely an address is a newcomer's, before anything is known of it.
    pub newcomer: f64,
    /// From this probability on two addresses are put into one group.
    pub least: f64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            horizon: 1_200,
            pause: 90.0,
            sequence_rate: 0.5,
            sequence_restarts: 0.4,
            elements_most: 8.0,
            name_most: 8.0,
            names_differ: -3.0,
            signal_same: 6.0,
            signal_other: 18.0,
            newcomer: 0.5,
            least: 0.5,
        }
    }
}

/// One thing that speaks for two addresses being one device, or against it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct Reason {
    /// Positive: for it.
    pub bits: f64,
    /// In a sentence.
    pub why: String,
}

/// `later` may be `earlier` under a new address. Both are places in the order of first probe requests.
#[derive(Clone, Debug)]
pub struct Link {
    pub earlier: usize,
    pub later: usize,
    pub probability: f64,
    pub reasons: Vec<Reason>,
}

/// Candidates for what an address was before; the nearest in time.
const MOST_CANDIDATES: usize = 200;
/// Sequence numbers are 12 bits (IEEE 802.11 section 9.2.4.4.2).
const SEQUENCES: f64 = 4_096.0;
const SECOND: f64 = 1e9;
/// Sent on several channels.
const FRAMES_OF_A_SCAN: f64 = 10.0;
/// Bits at the most that one of these speaks against it: walls and lost frames are usual.
const WORST_SIGNAL: f64 = -6.0;
const WORST_SEQUENCE: f64 = -10.0;

/// How often each fingerprint and each name stands, to know what they are worth.
struct Common {
    all: f64,
    elements: HashMap<u32, f64>,
    names: HashMap<u32, f64>,
}

/// The best chain of addresses: each has at most one before it and one after it. Likeliest first.
pub fn links(order: &[&Prober], probers: &Probers, weights: &Weights) -> Vec<Link> {
    let common = Common::of(order);
    let mut by_elements: HashMap<u32, Vec<usize>> = HashMap::new();
    let mut all = Vec::new();
    for (later, prober) in order.iter().enumerate() {
        // Without a fingerprint nothing ties an address to others.
        let Some(elements) = prober.elements.filter(|_| prober.mac.is_local()) else { continue };
        let peers = by_elements.entry(elements).or_default();
        let near = |at: &&usize| {
            order.get(**at).is_some_and(|peer| {
                let gap = prober.first.ts.saturating_sub(peer.last.ts);
                gap >= 0 && gap / 1_000_000_000 <= weights.horizon
            })
        };
        let candidates: Vec<usize> = peers.iter().rev().filter(near).take(MOST_CANDIDATES).copied().collect();
        let at_first = |peer: &Prober| {
            (-(prober.first.ts.saturating_sub(peer.last.ts) as f64 / SECOND) / weights.pause.max(1.0)).exp()
        };
        let all_at_first: f64 = candidates.iter().filter_map(|at| order.get(*at)).map(|peer| at_first(peer)).sum();
        let each = (1.0 - weights.newcomer) / all_at_first.max(f64::MIN_POSITIVE);
        let mut found: Vec<Link> = Vec::with_capacity(candidates.len());
        for earlier in candidates {
            let Some(peer) = order.get(earlier) else { continue };
            let reasons = reasons(peer, prober, &common, probers, weights);
            let bits: f64 = reasons.iter().map(|reason| reason.bits).sum();
            found.push(Link { earlier, later, probability: each * at_first(peer) * bits.exp2(), reasons });
        }
        let sum = weights.newcomer + found.iter().map(|link| link.probability).sum::<f64>();
        found.iter_mut().for_each(|link| link.probability /= sum);
        all.extend(found.into_iter().filter(|link| link.probability >= weights.least));
        peers.push(later);
    }
    all.sort_by(|a, b| {
        let gap = |link: &Link| link.later - link.earlier;
        b.probability.total_cmp(&a.probability).then_with(|| (gap(a), a.later).cmp(&(gap(b), b.later)))
    });
    let (mut has_later, mut has_earlier) = (vec![false; order.len()], vec![false; order.len()]);
    all.retain(|link| {
        let is_free = !has_later[link.earlier] && !has_earlier[link.later];
        if is_free {
            (has_later[link.earlier], has_earlier[link.later]) = (true, true);
        }
        is_free
    });
    all
}

impl Common {
    fn of(order: &[&Prober]) -> Common {
        let mut common = Common { all: order.len() as f64, elements: HashMap::new(), names: HashMap::new() };
        for prober in order {
            if let Some(elements) = prober.elements {
                *common.elements.entry(elements).or_default() += 1.0;
            }
            for name in &prober.names {
                *common.names.entry(*name).or_default() += 1.0;
            }
        }
        common
    }

    /// How rare it is among the others to have what so many have, in bits.
    fn worth(&self, having: f64) -> f64 {
        ((self.all - 1.0) / (having - 1.0).max(1.0)).max(1.0).log2()
    }
}

fn reasons(a: &Prober, b: &Prober, common: &Common, probers: &Probers, weights: &Weights) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut tell = |bits: f64, why: String| reasons.push(Reason { bits, why });
    if let Some(elements) = a.elements.filter(|_| a.elements == b.elements) {
        let having = common.elements.get(&elements).copied().unwrap_or(1.0);
        let bits = common.worth(having).min(weights.elements_most);
        let print = probers.elements.text(elements);
        tell(bits, format!("the same elements ({print}), as {having} of {} addresses have", common.all));
    }
    sequence(&a.last, &b.first, weights, &mut tell);
    let shared: Vec<u32> = a.names.intersection(&b.names).copied().collect();
    for name in &shared {
        let having = common.names.get(name).copied().unwrap_or(1.0);
        let bits = common.worth(having).min(weights.name_most);
        tell(bits, format!("both ask for the network '{}', as {having} addresses do", probers.names.text(*name)));
    }
    if shared.is_empty() && !a.names.is_empty() && !b.names.is_empty() {
        tell(weights.names_differ, "they ask for different networks".to_owned());
    }
    if let (Some(before), Some(after)) = (a.last.signal, b.first.signal) {
        let apart = f64::from(before) - f64::from(after);
        let density = |deviation: f64| (-(apart / deviation).powi(2) / 2.0).exp() / deviation;
        let likelier = density(weights.signal_same.max(1.0)) / density(weights.signal_other.max(1.0));
        tell(likelier.log2().max(WORST_SIGNAL), format!("{before} dBm, then {after} dBm"));
    }
    reasons
}

/// Does the count of frames go on from the one to the other?
fn sequence(last: &Moment, first: &Moment, weights: &Weights, tell: &mut impl FnMut(f64, String)) {
    let (Some(from), Some(to)) = (last.sequence, first.sequence) else { return };
    let seconds = (first.ts.saturating_sub(last.ts)).max(0) as f64 / SECOND;
    let gap = (to.wrapping_sub(from) & 0xfff) as f64;
    // About so many are usual after that time; far more are rare, and not impossible.
    let usual = FRAMES_OF_A_SCAN + weights.sequence_rate * seconds;
    let goes_on = if gap < 1.0 { 0.0 } else { SEQUENCES / usual / (1.0 + gap / usual).powi(2) };
    let restarts = weights.sequence_restarts.clamp(0.0, 1.0);
    // Whoever begins anew may begin anywhere.
    let bits = ((1.0 - restarts) * goes_on + restarts).max(f64::MIN_POSITIVE).log2();
    let word = if bits > 0.0 { "it may go on" } else { "it does not go on" };
    tell(bits.max(WORST_SEQUENCE), format!("sequence number {from}, then {to} after {seconds:.1} s: {word}"));
}
