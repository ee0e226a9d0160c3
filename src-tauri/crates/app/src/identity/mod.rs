//! Phones that change their address: which addresses may be one device. Hypotheses with what speaks for and against them; two
//! addresses become one device only by the analyst's act, which is logged and can be taken back.

mod link;
mod probing;
mod same;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use case::PageRequest;
use model::{Mac, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::error::Result;
use crate::filter::Around;
use crate::rows::Select;
use crate::state::App;

pub use link::{Link, Reason, Weights, links};
pub use probing::{Probe, Prober, Probers};
pub use same::*;

/// What to look for.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct IdentityRequest {
    pub select: Select,
    pub weights: Weights,
}

/// Which made-up addresses may be one device.
#[derive(Clone, Debug, Serialize, TS)]
pub struct IdentityHypotheses {
    /// The likeliest first.
    pub hypotheses: Vec<Hypothesis>,
    /// Addresses that asked for networks, and how many of them are made up.
    pub addresses: u32,
    pub randomised: u32,
    #[ts(type = "number")]
    pub probes: u64,
    /// Probe requests that were too many to look at.
    #[ts(type = "number")]
    pub left_out: u64,
    /// What counted how much.
    pub weights: Weights,
}

/// Addresses that may be one device, in the order in which it had them.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Hypothesis {
    pub addresses: Vec<Alias>,
    /// Of its weakest step, 0 to 1. Not a proof: what speaks for and against stands with each address.
    pub probability: f64,
    /// Networks that it asked for by name.
    pub ssids: Vec<String>,
    /// Fingerprint of its elements.
    pub elements: String,
    /// The analyst has put them together already.
    pub joined: bool,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Alias {
    pub mac: String,
    pub first_ts: String,
    pub last_ts: String,
    #[ts(type = "number")]
    pub probes: u64,
    /// The first and the last probe request.
    pub facts: [String; 2],
    /// That it follows the one before; none for the first.
    pub probability: Option<f64>,
    pub reasons: Vec<Reason>,
}

/// The kind of facts that has them.
const KIND: &str = "wlan";
/// Probe requests that are looked at.
const MOST_PROBES: u64 = 2_000_000;
/// Facts asked for at once.
const PAGE: u32 = 3_000;

pub(crate) fn identity_hypotheses(app: &App, request: IdentityRequest) -> Result<IdentityHypotheses> {
    let case = app.open_case()?;
    let mut probers = Probers::default();
    let mut probes = 0_u64;
    let select = request.select.to_case(KIND, &Around::new(&case, &app.geo))?;
    let mut page = PageRequest { select, limit: PAGE, ..PageRequest::default() };
    loop {
        let (facts, next, _) = case.facts_page(Some(KIND), &page)?;
        for fact in &facts {
            let text = |name: &str| fact.fields.get(name).and_then(Value::as_str).unwrap_or_default();
            let is_sound = fact.fields.get("bad_fcs").is_none();
            let (Some(ts), Ok(mac)) = (fact.ts, Mac::parse(&fact.src)) else { continue };
            if text("msg_type") != "probe_request" || !is_sound {
                continue;
            }
            probes += 1;
            let int = |name: &str| fact.fields.get(name).and_then(Value::as_i64);
            probers.add(&Probe {
                mac,
                ts: ts.0,
                fact: fact.id,
                sequence: int("sequence").and_then(|number| u16::try_from(number).ok()),
                elements: text("elements_hash"),
                ssid: text("ssid"),
                signal: int("signal").and_then(|dbm| i8::try_from(dbm).ok()),
            });
        }
        page.after = next;
        if page.after.is_none() || probes >= MOST_PROBES {
            break;
        }
    }
    let rest =
        if page.after.is_some() { case.count_facts(Some(KIND), &page.select)?.saturating_sub(probes) } else { 0 };
    let order = probers.in_order();
    let links = links(&order, &probers, &request.weights);
    let joined: HashMap<String, String> =
        case.same_devices()?.into_iter().map(|same| (same.mac, same.device)).collect();
    Ok(IdentityHypotheses {
        hypotheses: hypotheses(&order, &probers, links, &joined),
        addresses: order.len() as u32,
        randomised: order.iter().filter(|prober| prober.mac.is_local()).count() as u32,
        probes,
        left_out: probers.left_out + rest,
        weights: request.weights,
    })
}

/// Chains of links, the likeliest first.
fn hypotheses(
    order: &[&Prober],
    probers: &Probers,
    links: Vec<Link>,
    joined: &HashMap<String, String>,
) -> Vec<Hypothesis> {
    let mut before: HashMap<usize, Link> = links.into_iter().map(|link| (link.later, link)).collect();
    let after: HashMap<usize, usize> = before.values().map(|link| (link.earlier, link.later)).collect();
    let mut found = Vec::new();
    let firsts: Vec<usize> = after.keys().filter(|at| !before.contains_key(at)).copied().collect();
    for first in firsts {
        let mut chain = vec![(first, None)];
        let mut at = first;
        // Each place is the later one of one link at most, so that this ends.
        while let Some(next) = after.get(&at) {
            chain.push((*next, before.remove(next)));
            at = *next;
        }
        let members: Vec<(&Prober, Option<Link>)> =
            chain.into_iter().filter_map(|(at, link)| Some((*order.get(at)?, link))).collect();
        let probability = members.iter().filter_map(|(_, link)| link.as_ref()).map(|link| link.probability);
        let probability = probability.fold(1.0, f64::min);
        let mut ssids: Vec<&str> =
            members.iter().flat_map(|(prober, _)| &prober.names).map(|name| probers.names.text(*name)).collect();
        ssids.sort_unstable();
        ssids.dedup();
        let device = |prober: &Prober| {
            let mac = prober.mac.to_string();
            joined.get(&mac).cloned().unwrap_or(mac)
        };
        let one = members.first().map(|(prober, _)| device(prober));
        found.push(Hypothesis {
            joined: members.iter().all(|(prober, _)| Some(device(prober)) == one),
            ssids: ssids.into_iter().map(str::to_owned).collect(),
            elements: members
                .iter()
                .find_map(|(prober, _)| prober.elements)
                .map_or("", |n| probers.elements.text(n))
                .into(),
            addresses: members.into_iter().map(|(prober, link)| alias(prober, link)).collect(),
            probability,
        });
    }
    found.sort_by(|a, b| {
        let first = |one: &Hypothesis| one.addresses.first().map(|alias| alias.mac.clone());
        b.probability.total_cmp(&a.probability).then_with(|| first(a).cmp(&first(b)))
    });
    found
}

fn alias(prober: &Prober, link: Option<Link>) -> Alias {
    let (probability, reasons) = link.map_or((None, Vec::new()), |link| (Some(link.probability), link.reasons));
    Alias {
        mac: prober.mac.to_string(),
        first_ts: Time(prober.first.ts).to_string(),
        last_ts: Time(prober.last.ts).to_string(),
        probes: prober.probes,
        facts: [prober.first.fact, prober.last.fact].map(|id| id.to_string()),
        probability,
        reasons,
    }
}
