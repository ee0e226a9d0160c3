//! One table in MaxMind's format (mmdb): in which country a block of addresses is said to be, and who announces it. Bytes in, places out.
//!
//! The file is hostile input as any other: what the library does is bounded here (it follows a tree as it stands in the file), and its
//! panics, if it had any, end in an error.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::catch_unwind;

use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions, path};
use model::Time;
use serde::Deserialize;

pub(super) struct Table {
    reader: Reader<Vec<u8>>,
    /// Its own name for what it is: `GeoLite2-Country`.
    pub kind: String,
    pub built: Option<Time>,
    /// It tells countries, and who announces networks.
    pub countries: bool,
    pub operators: bool,
}

/// What one table says of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// ISO 3166: `DE`.
    pub code: String,
    pub country: String,
    pub organisation: String,
    pub as_number: Option<u32>,
}

/// Of a table, so much is looked at when it is loaded: networks from the first on, addresses all over, and records that they lead to.
const NETWORKS: usize = 1 << 16;
const ADDRESSES: u32 = 4_096;
const RECORDS: usize = 4_096;
/// Characters of a text that are kept.
const LONGEST: usize = 100;

type Found<'t> = LookupResult<'t, Vec<u8>>;

impl Table {
    /// Checks it, too, as far as can be done in bounded time.
    pub fn read(bytes: Vec<u8>) -> Result<Table, String> {
        guarded(move || {
            let reader = Reader::from_source(bytes).map_err(|why| why.to_string())?;
            let about = reader.metadata();
            let kind = clean(&about.database_type);
            let built = i64::try_from(about.build_epoch).ok().and_then(|seconds| Time::new(seconds, 0));
            let mut table = Table { reader, kind, built, countries: false, operators: false };
            (table.countries, table.operators) = table.check()?;
            Ok(table)
        })
    }

    /// Nothing where it says nothing, or cannot be read.
    pub fn said(&self, address: IpAddr) -> Said {
        let looked = guarded(|| {
            let found = self.reader.lookup(address).map_err(|why| why.to_string())?;
            said(&found).map_err(|why| why.to_string())
        });
        looked.unwrap_or_default()
    }

    /// Whether it tells countries, and operators of networks: one of both, or it is of no use.
    fn check(&self) -> Result<(bool, bool), String> {
        let mut seen = HashSet::new();
        let (mut countries, mut operators) = (false, false);
        let mut look = |found: &Found| {
            let Some(offset) = found.offset() else { return Ok(()) };
            if seen.len() < RECORDS && seen.insert(offset) {
                let said = said(found)?;
                countries |= !said.code.is_empty() || !said.country.is_empty();
                operators |= !said.organisation.is_empty() || said.as_number.is_some();
            }
            Ok::<(), MaxMindDbError>(())
        };
        // All that the tree leads to, so that no step of this walk can go on without an end: it is its networks that are counted.
        let all = WithinOptions::default().include_networks_without_data().include_aliased_networks();
        let networks = self.reader.networks(all).map_err(|why| why.to_string())?;
        for found in networks.take(NETWORKS) {
            found.and_then(|found| look(&found)).map_err(|why| why.to_string())?;
        }
        for address in all_over(self.reader.metadata().ip_version == 6) {
            let found = self.reader.lookup(address);
            found.and_then(|found| look(&found)).map_err(|why| format!("looking up {address}: {why}"))?;
        }
        match countries || operators {
            true => Ok((countries, operators)),
            false => Err(format!("it is of the type '{}', and tells neither countries nor organisations", self.kind)),
        }
    }
}

/// Addresses at equal distances; of IPv6 those that are given out at all (2000::/3).
fn all_over(six: bool) -> impl Iterator<Item = IpAddr> {
    let four = (0..ADDRESSES).map(|n| IpAddr::V4(Ipv4Addr::from(n.wrapping_mul(u32::MAX / ADDRESSES))));
    let six = (0..if six { ADDRESSES } else { 0 })
        .map(|n| IpAddr::V6(Ipv6Addr::from((1 << 125) + (u128::from(n) << 125) / u128::from(ADDRESSES))));
    four.chain(six)
}

/// In the words of MaxMind and DB-IP (`country/iso_code`), else in those of flat tables such as IPinfo's.
fn said(found: &Found) -> Result<Said, MaxMindDbError> {
    let text =
        |path: &[PathElement]| Ok::<_, MaxMindDbError>(value::<&str>(found, path)?.map(clean).unwrap_or_default());
    // Of flat tables, some call the code a country, and some its name.
    let flat = text(&path!["country"])?;
    let codes = [text(&path!["country", "iso_code"])?, text(&path!["country_code"])?, flat.clone()];
    let names = [text(&path!["country", "names", "en"])?, text(&path!["country_name"])?, flat];
    let organisations = [text(&path!["autonomous_system_organization"])?, text(&path!["as_name"])?];
    let as_number = match value(found, &path!["autonomous_system_number"])? {
        Some(number) => Some(number),
        None => text(&path!["asn"])?.strip_prefix("AS").and_then(|digits| digits.parse().ok()),
    };
    Ok(Said {
        code: codes.into_iter().find(|code| is_code(code)).unwrap_or_default(),
        country: names.into_iter().find(|name| !name.is_empty() && !is_code(name)).unwrap_or_default(),
        organisation: organisations.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        as_number,
    })
}

/// None, too, if it is of another type: tables differ in what they call by one name.
fn value<'t, T: Deserialize<'t>>(found: &Found<'t>, path: &[PathElement]) -> Result<Option<T>, MaxMindDbError> {
    match found.decode_path(path) {
        Err(MaxMindDbError::Decoding { .. }) => Ok(None),
        said => said,
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect::<String>().trim().to_owned()
}

fn guarded<T>(work: impl FnOnce() -> Result<T, String> + std::panic::UnwindSafe) -> Result<T, String> {
    catch_unwind(work).unwrap_or_else(|_| Err("the library that reads such tables failed on it".into()))
}
