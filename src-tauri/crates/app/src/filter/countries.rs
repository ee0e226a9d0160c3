//! Where addresses are, in filters. A country is a set of networks, far more than a case has addresses: so the tables that are loaded are
//! asked for each distinct address of the case, and those of which the test holds stand for the country.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::sync::Arc;

use case::{Case, Op as On};
use model::filter::{Mistake, Name};

use super::check::Checked;
use super::fields::{Shape, Version};
use super::probe::{Probe, probe};
use crate::geo::{GeoPlace, Loaded, Tables, is_global};

/// What a table says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Country,
    Code,
    Number,
    Organisation,
}

/// By the last part of Wireshark's names.
pub(super) const SAID: [(&str, Said, Shape, &str); 4] = [
    ("country_iso", Said::Code, Shape::Text, "country of two letters (ISO 3166)"),
    ("country", Said::Country, Shape::Text, "country, as the table calls it"),
    ("asnum", Said::Number, Shape::Number, "number of the autonomous system"),
    ("org", Said::Organisation, Shape::Text, "organisation that announces the network"),
];

impl Said {
    /// Empty: nothing is said.
    fn of(self, place: &GeoPlace) -> String {
        match self {
            Said::Country => place.country.clone(),
            Said::Code => place.code.clone(),
            Said::Number => place.as_number.map(|number| number.to_string()).unwrap_or_default(),
            Said::Organisation => place.organisation.clone(),
        }
    }

    fn holds(self, place: &GeoPlace, probe: &Probe) -> bool {
        let value = self.of(place);
        !value.is_empty() && probe(&value)
    }
}

/// What filters ask beside the rows: the case's addresses, and the tables that know where they are.
pub(crate) struct Around<'c> {
    /// None: the filter is only looked over.
    case: Option<&'c Case>,
    tables: Loaded,
    /// The case's outside addresses that a table knows.
    places: OnceCell<Vec<Placed>>,
}

/// An address, as the case writes it, and where it is.
type Placed = (String, IpAddr, Arc<GeoPlace>);

/// Outside addresses that are looked up.
const MOST: usize = 100_000;

impl<'c> Around<'c> {
    pub fn new(case: &'c Case, tables: &Tables) -> Around<'c> {
        Around { case: Some(case), ..Around::without_case(tables) }
    }

    /// For whoever only wants to know whether a filter makes sense.
    pub fn without_case(tables: &Tables) -> Around<'c> {
        Around { case: None, tables: tables.loaded(), places: OnceCell::new() }
    }

    /// Whether some table can tell it.
    pub(super) fn check(&self, name: &Name, said: Said) -> Result<(), Mistake> {
        let (countries, operators) = self.tables.tells();
        let (told, what) = match said {
            Said::Country | Said::Code => (countries, "countries"),
            Said::Number | Said::Organisation => (operators, "organisations"),
        };
        if told {
            return Ok(());
        }
        let why = format!("'{}' is told by a table of {what}, and none is loaded", name.text);
        Err(Mistake { hint: "load one in MaxMind's format (geo_load)".into(), ..Mistake::new(why, name.at.clone()) })
    }

    /// The same test on addresses: that it is one of those of which `test` holds.
    pub(super) fn hosts(&self, name: &Name, version: Version, said: Said, test: &Checked) -> Result<Checked, Mistake> {
        self.check(name, said)?;
        let probe = probe(test);
        let of_version = |address: &IpAddr| address.is_ipv6() == (version == Version::Six);
        let places = self.places(name)?.iter();
        let found: Vec<&str> = places
            .filter(|(_, address, place)| of_version(address) && said.holds(place, &probe))
            .map(|(text, ..)| text.as_str())
            .collect();
        let list = serde_json::to_string(&found).unwrap_or_else(|_| "[]".into());
        Ok(Checked { any: vec![vec![(On::OneOf, list)]], not: test.not })
    }

    /// The test on addresses that may be none of the case's: those in packets that belong to no flow.
    pub(super) fn probe(&self, said: Said, test: &Checked) -> Probe {
        let (tables, probe) = (self.tables.clone(), probe(test));
        Box::new(move |text| {
            let place = text.parse().ok().and_then(|address| tables.place(address));
            place.is_some_and(|place| said.holds(&place, &probe))
        })
    }

    fn places(&self, name: &Name) -> Result<&[Placed], Mistake> {
        if let Some(known) = self.places.get() {
            return Ok(known);
        }
        let (mut places, mut asked) = (Vec::new(), 0);
        let mut look = |text: &str, address: IpAddr| {
            if is_global(address.to_canonical()) {
                asked += 1;
                let place = (asked <= MOST).then(|| self.tables.place(address)).flatten();
                places.extend(place.map(|place| (text.to_owned(), address, place)));
            }
        };
        let looked = self.case.map_or(Ok(()), |case| case.each_address(&mut look));
        looked.map_err(|why| Mistake::new(why.to_string(), name.at.clone()))?;
        if asked > MOST {
            let why =
                format!("'{}': the case has {asked} outside addresses; more than {MOST} are not looked up", name.text);
            return Err(Mistake::new(why, name.at.clone()));
        }
        Ok(self.places.get_or_init(|| places))
    }
}
