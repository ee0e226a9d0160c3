//! Cisco Meraki Location Scanning, versions 2.0, 2.1 and 3.0: developer.cisco.com/meraki/scanning-api.
//!
//! Version 2 is one access point's view, with signals as decibels above the noise; version 3 is a network's, by records of several
//! access points, with dBm.

use model::{Cancelled, Mac, Party, Place, Sighting, Time};

use super::telling::{More, Report, level, number, real};
use crate::tree::{Node, Value};

const WHAT: &str = "meraki observation";

/// A report has a version, a type and data with a list of observations.
pub fn judge(node: &Node) -> Result<String, String> {
    let version = node.word("version").ok_or("no version")?;
    if !matches!(version, "2.0" | "2.1" | "3.0") {
        return Err("not of version 2.0, 2.1 or 3.0".into());
    }
    if !matches!(kind(node), "DevicesSeen" | "BluetoothDevicesSeen" | "WiFi" | "BLE" | "Bluetooth") {
        return Err("not of a type that sees devices".into());
    }
    let data = node.get("data").ok_or("no data")?;
    match data.get("observations").map(|list| &list.value) {
        Some(Value::List(items)) if items.iter().all(|item| matches!(item.value, Value::Object(_))) => {}
        _ => return Err("data without a list of observations".into()),
    }
    let by = match (access_point(data), data.word("networkId")) {
        (Some(mac), _) => format!("by access point {mac}"),
        (None, Some(network)) => format!("of network {}", network.chars().take(64).collect::<String>()),
        (None, None) => return Err("data with neither apMac nor networkId".into()),
    };
    Ok(format!("Meraki scanning report {version} {by}"))
}

fn kind<'n>(node: &'n Node) -> &'n str {
    node.word("type").unwrap_or_default()
}

fn access_point(data: &Node) -> Option<Mac> {
    Mac::parse(data.word("apMac")?).ok()
}

pub fn tell(node: &Node, report: &mut Report) -> Result<(), Cancelled> {
    let Some(data) = node.get("data") else { return Ok(()) };
    let radio = matches!(kind(node), "DevicesSeen" | "WiFi");
    let network = data.word("networkId");
    let access_point = access_point(data).map(|mac| mac.to_string()).unwrap_or_default();
    for item in data.all("observations") {
        if !report.is_whole(item) {
            break;
        }
        let place = report.place(item);
        let Some(mac) = item.word("clientMac").and_then(|mac| Mac::parse(mac).ok()) else {
            report.issue(WHAT, "no clientMac that is an address", place.offset);
            continue;
        };
        let seen = Seen { item, mac, network, radio, place };
        if item.get("locations").is_some() || item.get("latestRecord").is_some() {
            seen.third(report)?;
        } else {
            seen.second(&access_point, report)?;
        }
    }
    Ok(())
}

/// One observation.
struct Seen<'n, 'a> {
    item: &'n Node<'a>,
    mac: Mac,
    network: Option<&'n str>,
    /// Wi-Fi, of which no SSID says that it is not joined; else Bluetooth.
    radio: bool,
    place: Place,
}

impl Seen<'_, '_> {
    fn second(&self, access_point: &str, report: &mut Report) -> Result<(), Cancelled> {
        let epoch = || number(self.item.get("seenEpoch")).and_then(|seconds| Time::new(seconds, 0));
        let time = self.item.word("seenTime").and_then(|time| Time::parse(time).ok()).or_else(epoch);
        let Some(time) = time else {
            report.issue(WHAT, "neither seenTime nor seenEpoch is a time", self.place.offset);
            return Ok(());
        };
        self.tell(access_point, time, number(self.item.get("rssi")), true, self.item.get("location"), report)
    }

    /// A sighting for each access point's record.
    fn third(&self, report: &mut Report) -> Result<(), Cancelled> {
        let mut told = false;
        for location in self.item.all("locations") {
            let Some(time) = location.word("time").and_then(|time| Time::parse(time).ok()) else { continue };
            for record in location.all("rssiRecords") {
                let Some(by) = record.word("apMac").and_then(|mac| Mac::parse(mac).ok()) else { continue };
                self.tell(&by.to_string(), time, number(record.get("rssi")), false, Some(location), report)?;
                told = true;
            }
        }
        if let Some(latest) = self.item.get("latestRecord")
            && let Some(time) = latest.word("time").and_then(|time| Time::parse(time).ok())
        {
            let by = latest.word("nearestApMac").and_then(|mac| Mac::parse(mac).ok());
            let by = by.map(|mac| mac.to_string()).unwrap_or_default();
            self.tell(&by, time, number(latest.get("nearestApRssi")), false, None, report)?;
            told = true;
        }
        if !told {
            report.issue(WHAT, "neither a location nor a latest record with a time", self.place.offset);
        }
        Ok(())
    }

    /// `above_noise`: what a positive number means in any case.
    fn tell(
        &self,
        access_point: &str,
        time: Time,
        rssi: Option<i64>,
        above_noise: bool,
        location: Option<&Node>,
        report: &mut Report,
    ) -> Result<(), Cancelled> {
        let ssid = self.item.get("ssid").filter(|ssid| ssid.value != Value::Word("null")).and_then(Node::text);
        let mut more = More { network: self.network, ssid, ..More::default() };
        let is_raw = |rssi: &i64| above_noise || *rssi > 0;
        more.above_noise = rssi.filter(is_raw);
        let dbm = rssi.filter(|rssi| !is_raw(rssi));
        let signal = dbm.and_then(|dbm| i8::try_from(dbm).ok());
        if let (Some(dbm), None) = (dbm, signal) {
            more.implausible.push(format!("rssi {dbm}"));
        }
        let addresses = ["ipv4", "ipv6"].iter().filter_map(|name| self.item.word(name));
        // `host/address`, mostly without the host.
        more.ip = addresses.map(|text| text.rsplit('/').next().unwrap_or(text)).find(|ip| is_address(ip));
        more.location = location.and_then(|location| {
            let (latitude, longitude) = (real(location.get("lat"))?, real(location.get("lng"))?);
            Some((latitude, longitude, real(location.get("unc"))))
        });
        let sighting = Sighting {
            device: Party::Mac(self.mac),
            node: access_point.to_owned(),
            source: "meraki",
            first: time,
            last: time,
            count: None,
            signal: signal.map(level),
            associated: (self.radio && self.item.get("ssid").is_some()).then_some(ssid.is_some()),
        };
        report.tell(sighting, self.place.clone(), more)
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}
