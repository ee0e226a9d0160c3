//! CloudTrax (Open-Mesh) Presence Reporting: help.cloudtrax.com, article 207985916.
//!
//! Each access point reports every 30 s or so which clients it heard. Times are Unix seconds of its own clock, signals dBm.

use model::{Cancelled, Mac, Party, Sighting, Signal, Time};

use super::telling::{More, Report, number};
use crate::tree::{Node, Value};

const WHAT: &str = "cloudtrax probe request";

/// A report has a network, a node and a list of probe requests, all of which are clients with an address.
pub fn judge(node: &Node) -> Result<String, String> {
    let network = network(node).ok_or("no network_id that is a number")?;
    let access_point = access_point(node).ok_or("no node_mac that is an address")?;
    let Some(Node { value: Value::List(probes), .. }) = node.get("probe_requests") else {
        return Err("no list of probe_requests".into());
    };
    if probes.iter().any(|probe| !matches!(probe.value, Value::Object(_))) {
        return Err("probe_requests that are no objects".into());
    }
    Ok(format!("CloudTrax presence report of network {network} by node {access_point}"))
}

pub fn tell(node: &Node, report: &mut Report) -> Result<(), Cancelled> {
    let network = network(node).unwrap_or_default();
    let access_point = access_point(node).map(|mac| mac.to_string()).unwrap_or_default();
    for probe in node.all("probe_requests") {
        if !report.is_whole(probe) {
            break;
        }
        self::probe(probe, network, &access_point, report)?;
    }
    Ok(())
}

fn network<'n>(node: &'n Node) -> Option<&'n str> {
    node.word("network_id").filter(|id| id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit()))
}

fn access_point(node: &Node) -> Option<Mac> {
    Mac::parse(node.word("node_mac")?).ok()
}

fn probe(probe: &Node, network: &str, access_point: &str, report: &mut Report) -> Result<(), Cancelled> {
    let place = report.place(probe);
    let Some(mac) = probe.word("mac").and_then(|mac| Mac::parse(mac).ok()) else {
        report.issue(WHAT, "no mac that is an address", place.offset);
        return Ok(());
    };
    let time = |name| number(probe.get(name)).and_then(|seconds| Time::new(seconds, 0));
    let (first, last) = (time("first_seen"), time("last_seen"));
    let Some((first, last)) = first.or(last).zip(last.or(first)) else {
        report.issue(WHAT, "neither first_seen nor last_seen is a time", place.offset);
        return Ok(());
    };
    let mut more = More { network: Some(network), ..More::default() };
    let sighting = Sighting {
        device: Party::Mac(mac),
        node: access_point.to_owned(),
        source: "cloudtrax",
        first,
        last,
        count: number(probe.get("count")).and_then(|count| u32::try_from(count).ok()),
        signal: signal(probe, &mut more),
        associated: probe.get("associated").and_then(associated),
    };
    report.tell(sighting, place, more)
}

/// Of three, those that are stated; a mean alone is all three.
fn signal(probe: &Node, more: &mut More) -> Option<Signal> {
    let mut stated = [None; 3];
    for (name, stated) in ["min_signal", "avg_signal", "max_signal"].into_iter().zip(&mut stated) {
        let Some(dbm) = number(probe.get(name)) else { continue };
        match i8::try_from(dbm) {
            Ok(dbm) => *stated = Some(dbm),
            Err(_) => more.implausible.push(format!("{name} {dbm}")),
        }
    }
    let [min, avg, max] = stated;
    let avg = avg.or(min).or(max)?;
    Some(Signal { min: min.unwrap_or(avg), avg, max: max.unwrap_or(avg) })
}

/// Receivers that store everything as text write it as 1 and 0.
fn associated(node: &Node) -> Option<bool> {
    match node.text()? {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
