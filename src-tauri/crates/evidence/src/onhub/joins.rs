//! Which pseudonyms are one device.
//!
//! A report shows a MAC address as its true OUI and a counter of this report. Most devices have two such pseudonyms, as the
//! router hashes the compact form (`aabbccddeeff`: station ids, leases, bridge ids) and the form with colons (ARP, `iw`, `brctl`,
//! almost all of the log) apart. Nothing states which two belong together, so each join says by which rule it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Fact, Mac, Party};

/// Seen addresses and pairs of them are kept up to this many, which no home has.
const MOST: usize = 65_536;

/// Where pseudonyms were seen, gathered while the report is read.
#[derive(Debug, Default)]
pub struct Seen {
    /// The report's own table: station id and pseudonym.
    pairs: Vec<(String, Mac)>,
    compact: BTreeSet<Mac>,
    colon: BTreeSet<Mac>,
    leases: BTreeSet<(Mac, IpAddr)>,
    neighbours: BTreeSet<(IpAddr, Mac)>,
}

/// Two pseudonyms of one device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Join {
    pub other: Mac,
    /// `ip_and_oui`, `only_pair_of_oui` or `neighbouring_counters`.
    pub rule: &'static str,
    /// `high` or `medium`.
    pub confidence: &'static str,
}

/// What is known of pseudonyms when all has been seen.
#[derive(Debug, Default)]
pub struct Joins {
    joins: BTreeMap<Mac, Join>,
    /// The station that a pseudonym belongs to: name and id.
    stations: BTreeMap<Mac, (String, String)>,
    ids: BTreeMap<String, Mac>,
}

impl Seen {
    /// Begins with the report's table.
    pub fn new(pairs: Vec<(String, Mac)>) -> Seen {
        Seen { pairs, ..Seen::default() }
    }

    /// Ids of stations and of the router's own interfaces are hashes of the compact form.
    pub fn ids(&mut self, ids: &BTreeSet<&str>) {
        let known = self.pairs.iter().filter(|(id, _)| ids.contains(id.as_str())).map(|(_, mac)| *mac);
        let known: Vec<Mac> = known.collect();
        known.into_iter().for_each(|mac| self.compact(mac));
    }

    pub fn compact(&mut self, mac: Mac) {
        if self.compact.len() < MOST {
            self.compact.insert(mac);
        }
    }

    pub fn colon(&mut self, mac: Mac) {
        if self.colon.len() < MOST {
            self.colon.insert(mac);
        }
    }

    /// A lease: address and compact pseudonym.
    pub fn lease(&mut self, ip: IpAddr, mac: Mac) {
        self.compact(mac);
        if self.leases.len() < MOST {
            self.leases.insert((mac, ip));
        }
    }

    /// An ARP entry or a DHCPACK: address and pseudonym of the form with colons.
    pub fn neighbour(&mut self, ip: IpAddr, mac: Mac) {
        self.colon(mac);
        if self.neighbours.len() < MOST {
            self.neighbours.insert((ip, mac));
        }
    }

    /// `compact`, `colon` or nothing if the pseudonym was seen in neither place.
    pub fn form(&self, mac: Mac) -> Option<&'static str> {
        match (self.compact.contains(&mac), self.colon.contains(&mac)) {
            (true, false) => Some("compact"),
            (false, true) => Some("colon"),
            _ => None,
        }
    }

    /// The address that is leased to a compact pseudonym.
    pub fn lease_of(&self, mac: Mac) -> Option<IpAddr> {
        self.leases.range((mac, IpAddr::from([0; 4]))..).next().filter(|(at, _)| *at == mac).map(|(_, ip)| *ip)
    }

    pub fn join(&self) -> Joins {
        let mut joins = Joins { ids: self.pairs.iter().cloned().collect(), ..Joins::default() };
        for (compact, ip) in &self.leases {
            let [a, b, c] = oui(*compact);
            let same = (*ip, Mac([a, b, c, 0, 0, 0]))..=(*ip, Mac([a, b, c, 0xff, 0xff, 0xff]));
            let mut fitting = self.neighbours.range(same).map(|(_, mac)| *mac);
            if let (Some(colon), None) = (fitting.next(), fitting.next()) {
                joins.add(*compact, colon, "ip_and_oui", "high");
            }
        }
        let alone = |of: &BTreeSet<Mac>| -> BTreeMap<[u8; 3], Option<Mac>> {
            let mut only = BTreeMap::new();
            for mac in of {
                only.entry(oui(*mac)).and_modify(|one| *one = None).or_insert(Some(*mac));
            }
            only
        };
        let colons = alone(&self.colon);
        for (oui, compact) in alone(&self.compact) {
            if let (Some(compact), Some(Some(colon))) = (compact, colons.get(&oui)) {
                joins.add(compact, *colon, "only_pair_of_oui", "high");
            }
        }
        // In the table of a router that knows a device, both forms were met one after the other, compact first.
        let table: BTreeSet<Mac> = self.pairs.iter().map(|(_, mac)| *mac).chain(self.compact.iter().copied()).collect();
        for compact in table.iter().filter(|mac| self.form(**mac) != Some("colon")) {
            let Some(colon) = next(*compact) else { continue };
            let seen = self.form(*compact).is_some() || self.form(colon).is_some();
            let known = table.contains(&colon) || self.colon.contains(&colon);
            if seen && known && self.form(colon) != Some("compact") {
                joins.add(*compact, colon, "neighbouring_counters", "medium");
            }
        }
        joins
    }
}

impl Joins {
    /// The other pseudonym of a device.
    pub fn of(&self, mac: Mac) -> Option<Join> {
        self.joins.get(&mac).copied()
    }

    /// The compact pseudonym of a station, by the report's table.
    pub fn compact(&self, station_id: &str) -> Option<Mac> {
        self.ids.get(station_id).copied()
    }

    /// Remembers what a station is called; both of its pseudonyms then are.
    pub fn name(&mut self, compact: Mac, name: &str, station_id: &str) {
        for mac in [Some(compact), self.of(compact).map(|join| join.other)].into_iter().flatten() {
            self.stations.insert(mac, (name.to_owned(), station_id.to_owned()));
        }
    }

    /// Adds to a fact which station it is about; its name becomes the subject.
    pub fn tell(&self, fact: &mut Fact) {
        let mac = match (&fact.src, &fact.dst) {
            (Party::Mac(mac), _) | (_, Party::Mac(mac)) => mac,
            _ => return,
        };
        if let Some((name, id)) = self.stations.get(mac) {
            fact.fields.text("station", name);
            fact.fields.text("station_id", id);
            fact.subject.clone_from(name);
        }
    }

    /// The first rule that joins a pseudonym counts.
    fn add(&mut self, compact: Mac, colon: Mac, rule: &'static str, confidence: &'static str) {
        if compact != colon && !self.joins.contains_key(&compact) && !self.joins.contains_key(&colon) {
            self.joins.insert(compact, Join { other: colon, rule, confidence });
            self.joins.insert(colon, Join { other: compact, rule, confidence });
        }
    }
}

/// The vendor's prefix, the part of a pseudonym that is true.
fn oui(mac: Mac) -> [u8; 3] {
    let [a, b, c, ..] = mac.0;
    [a, b, c]
}

/// The report's counter, the part that is made up.
pub fn counter(mac: Mac) -> u32 {
    let [_, _, _, d, e, f] = mac.0;
    u32::from_be_bytes([0, d, e, f])
}

/// The pseudonym of the same OUI with the next counter.
fn next(mac: Mac) -> Option<Mac> {
    let [a, b, c, ..] = mac.0;
    let [over, d, e, f] = (counter(mac) + 1).to_be_bytes();
    (over == 0).then_some(Mac([a, b, c, d, e, f]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(text: &str) -> Mac {
        Mac::parse(text).unwrap()
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn check(seen: &Seen, compact: &str, expected: Option<(&str, &str)>) {
        let join = seen.join().of(mac(compact));
        assert_eq!(join.map(|join| (join.other, join.rule)), expected.map(|(other, rule)| (mac(other), rule)));
        if let Some(join) = join {
            assert_eq!(seen.join().of(join.other).map(|back| back.other), Some(mac(compact)));
        }
    }

    #[test]
    fn same_address_and_vendor() {
        let mut seen = Seen::default();
        seen.lease(ip(1), mac("aabbcc000001"));
        seen.lease(ip(2), mac("aabbcc000002"));
        seen.neighbour(ip(1), mac("aabbcc000011"));
        seen.neighbour(ip(1), mac("ddeeff000012")); // another vendor had the address before
        seen.neighbour(ip(2), mac("aabbcc000013"));
        check(&seen, "aabbcc000001", Some(("aabbcc000011", "ip_and_oui")));
        check(&seen, "aabbcc000002", Some(("aabbcc000013", "ip_and_oui")));
        assert_eq!(seen.lease_of(mac("aabbcc000002")), Some(ip(2)));
        seen.neighbour(ip(2), mac("aabbcc000014")); // now two could be meant
        check(&seen, "aabbcc000002", None);
    }

    #[test]
    fn only_pair_of_its_vendor() {
        let mut seen = Seen::default();
        seen.compact(mac("aabbcc000001"));
        seen.colon(mac("aabbcc000009"));
        check(&seen, "aabbcc000001", Some(("aabbcc000009", "only_pair_of_oui")));
        seen.colon(mac("aabbcc000008"));
        check(&seen, "aabbcc000001", None);
    }

    #[test]
    fn counters_that_follow_each_other() {
        let mut seen = Seen::default();
        for (id, text) in [("A", "aabbcc000001"), ("B", "aabbcc000002"), ("C", "aabbcc000005"), ("D", "aabbcc000006")] {
            seen.pairs.push((id.into(), mac(text)));
        }
        seen.colon(mac("aabbcc000002"));
        seen.colon(mac("aabbcc000006"));
        check(&seen, "aabbcc000001", Some(("aabbcc000002", "neighbouring_counters")));
        check(&seen, "aabbcc000005", Some(("aabbcc000006", "neighbouring_counters")));
        assert_eq!(seen.join().compact("C"), Some(mac("aabbcc000005")));
        assert_eq!(next(mac("aabbccffffff")), None);
    }
}
