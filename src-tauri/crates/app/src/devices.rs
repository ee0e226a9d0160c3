//! Devices: who lived in the house, by hardware address, and how we know.

use std::collections::HashMap;

use model::{Mac, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::rows::{Filter, Op, Row, RowsRequest, Select};
use crate::state::App;

#[derive(Clone, Debug, Deserialize, TS)]
pub struct DeviceId {
    /// `18:b4:30:00:00:07`
    pub mac: String,
}

/// All that the case says of one device.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Dossier {
    /// As in the view `devices`.
    pub row: Row,
    pub mac: String,
    /// The best name known, else empty.
    pub name: String,
    /// From the IEEE lists; empty when unknown or locally administered.
    pub vendor: String,
    /// The date of the lists.
    pub vendor_as_of: String,
    /// Locally administered: made up by software, perhaps for a short time.
    pub local: bool,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub frames: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub identities: Vec<Identity>,
    pub protocols: Vec<Spoken>,
    pub peers: Vec<Peer>,
    /// Facts per hour that it sent or that are about it.
    pub activity: Vec<Activity>,
    /// Items of evidence that know it.
    pub evidence: Vec<SeenIn>,
}

/// Something that identifies a device, and the fact that says so.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Identity {
    /// `ip`, `dhcp name`, `mdns name`, `onhub name`, `vendor class`, `user agent`, `mqtt client`, `station id`, ...
    pub kind: String,
    pub value: String,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
    /// A fact (or frame) that proves it.
    pub fact_id: Option<String>,
    pub evidence: String,
    #[ts(type = "number")]
    pub evidence_id: i64,
    #[ts(type = "number | null")]
    pub frame: Option<u64>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Spoken {
    pub protocol: String,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Peer {
    pub address: String,
    /// A name known for it, else empty.
    pub name: String,
    /// Hardware address, when it is a device of the house.
    pub mac: Option<String>,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Activity {
    /// Start of the hour, milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub hour_ms: i64,
    #[ts(type = "number")]
    pub count: u64,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct SeenIn {
    #[ts(type = "number")]
    pub evidence_id: i64,
    pub path: String,
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
    #[ts(type = "number")]
    pub frames: u64,
}

pub(crate) fn device(app: &App, request: DeviceId) -> Result<Dossier> {
    let case = app.open_case()?;
    let mac = Mac::parse(&request.mac).map_err(|why| Error::invalid(why.to_string()))?;
    let text = mac.to_string();
    let filter = Filter { field: "mac".into(), op: Op::Is, value: text.clone() };
    let select = Select { filters: vec![filter], ..Select::default() };
    let page = |view: &str| {
        let request = RowsRequest { view: view.into(), select: select.clone(), limit: 1_000, ..RowsRequest::default() };
        crate::rows::rows(app, request)
    };
    let row = page("devices")?
        .rows
        .into_iter()
        .next()
        .ok_or_else(|| Error::missing(format!("there is no device {text} in this case")))?;
    let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |row: &Row, name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
    let time = |ns: Option<i64>| ns.map(|ns| Time(ns).to_string());
    let items: HashMap<i64, (String, String)> =
        case.all_evidence()?.into_iter().map(|item| (item.id, (item.path, item.sha256.unwrap_or_default()))).collect();

    let identities = case.identities(&text)?.into_iter().map(|identity| Identity {
        kind: identity.kind,
        value: identity.value,
        first_ts: time(identity.first_ts),
        last_ts: time(identity.last_ts),
        count: identity.count,
        fact_id: identity.fact.map(|id| id.to_string()),
        evidence: items.get(&identity.evidence).map(|(_, sha256)| sha256.clone()).unwrap_or_default(),
        evidence_id: identity.evidence,
        frame: identity.frame,
    });
    let identities: Vec<Identity> = identities.collect();
    let protocols = case.flow_totals(&text, false)?.into_iter().map(|total| Spoken {
        protocol: total.key,
        flows: total.flows,
        bytes: total.bytes,
        first_ts: time(total.first_ts),
        last_ts: time(total.last_ts),
    });
    let names = all_names(app)?;
    let peers = case.flow_totals(&text, true)?.into_iter().map(|total| Peer {
        name: total
            .mac
            .as_ref()
            .and_then(|mac| names.get(mac))
            .or_else(|| names.get(&total.key))
            .cloned()
            .unwrap_or_default(),
        address: total.key,
        mac: total.mac.filter(|mac| names.contains_key(mac)),
        flows: total.flows,
        bytes: total.bytes,
        first_ts: time(total.first_ts),
        last_ts: time(total.last_ts),
    });
    let mut addresses: Vec<String> = vec![text.clone(), word("also")];
    let joined = row.get("joined").and_then(Value::as_array).into_iter().flatten();
    addresses.extend(joined.filter_map(Value::as_str).map(str::to_owned));
    addresses.extend(identities.iter().filter(|identity| identity.kind == "ip").map(|identity| identity.value.clone()));
    addresses.retain(|address| !address.is_empty());
    let activity = case.activity(&addresses)?.into_iter();
    let mut seen: Vec<SeenIn> = Vec::new();
    for sighting in page("presence")?.rows {
        let sha256 = sighting.get("evidence").and_then(Value::as_str).unwrap_or_default();
        let Some((id, (path, _))) = items.iter().find(|(_, (_, other))| other == sha256) else { continue };
        let ts = |name: &str| sighting.get(name).and_then(Value::as_str).map(str::to_owned);
        let frames = number(&sighting, "frames");
        match seen.iter_mut().find(|other| other.evidence_id == *id) {
            Some(other) => {
                other.frames += frames;
                other.first_ts = [other.first_ts.take(), ts("first_ts")].into_iter().flatten().min();
                other.last_ts = other.last_ts.take().max(ts("last_ts"));
            }
            None => seen.push(SeenIn {
                evidence_id: *id,
                path: path.clone(),
                first_ts: ts("first_ts"),
                last_ts: ts("last_ts"),
                frames,
            }),
        }
    }
    for identity in identities.iter().filter(|identity| identity.kind.starts_with("router")) {
        if !seen.iter().any(|other| other.evidence_id == identity.evidence_id) {
            seen.push(SeenIn {
                evidence_id: identity.evidence_id,
                path: items.get(&identity.evidence_id).map(|(path, _)| path.clone()).unwrap_or_default(),
                first_ts: identity.first_ts.clone(),
                last_ts: identity.last_ts.clone(),
                frames: 0,
            });
        }
    }
    Ok(Dossier {
        name: word("name"),
        vendor: word("vendor"),
        vendor_as_of: crate::vendors::as_of().to_owned(),
        local: mac.is_local(),
        first_ts: row.get("first_ts").and_then(Value::as_str).map(str::to_owned),
        last_ts: row.get("last_ts").and_then(Value::as_str).map(str::to_owned),
        frames: number(&row, "frames"),
        bytes: number(&row, "bytes"),
        protocols: protocols.collect(),
        peers: peers.collect(),
        activity: activity.map(|(hour, count)| Activity { hour_ms: hour / 1_000_000, count }).collect(),
        evidence: seen,
        identities,
        mac: text,
        row,
    })
}

/// Names of devices by hardware address and by IP address.
fn all_names(app: &App) -> Result<HashMap<String, String>> {
    let request = RowsRequest { view: "devices".into(), limit: 10_000, ..RowsRequest::default() };
    let mut names = HashMap::new();
    for row in crate::rows::rows(app, request)?.rows {
        let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for ip in row.get("ips").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            names.entry(ip.to_owned()).or_insert_with(|| word("name"));
        }
        names.insert(word("mac"), word("name"));
    }
    Ok(names)
}
