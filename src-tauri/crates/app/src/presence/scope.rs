//! Whom and when a question about presence is about.

use std::collections::HashMap;
use std::sync::Arc;

use case::{Case, PresenceSelect};
use jiff::tz::TimeZone;
use model::{Mac, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::charts::{Look, Theme};
use crate::error::{Error, Result};
use crate::state::App;

/// Whom and when.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceScope {
    /// RFC 3339; from this time on. None: from the first sighting.
    pub since: Option<String>,
    /// RFC 3339; before this time. None: to the last sighting.
    pub until: Option<String>,
    /// IANA name; empty: the case's.
    pub zone: String,
    /// Addresses, or the pseudonyms by which sources know devices; none: everybody.
    pub devices: Vec<String>,
    /// Observers; none: all.
    pub nodes: Vec<String>,
    /// Without made-up addresses.
    pub without_randomised: bool,
}

/// How a chart is drawn.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct PresenceLook {
    /// In CSS pixels; 0: figures alone.
    pub width: u32,
    pub height: u32,
    pub theme: Theme,
}

/// A device, as sources and the case know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PresenceDevice {
    /// Its address, or the pseudonym by which the source knows it.
    pub id: String,
    /// The best name that the case has for it, else empty.
    pub name: String,
    /// Locally administered: made up, perhaps for a single scan.
    pub randomised: bool,
}

impl PresenceDevice {
    /// Name before address.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// The same, as the case is asked.
pub(super) struct Scope {
    pub case: Arc<Case>,
    pub select: PresenceSelect,
    /// Seconds since 1970 UTC, the end not included; none: nobody was ever heard.
    pub span: Option<(i64, i64)>,
    pub zone: TimeZone,
}

/// What the case keeps sightings of: 1990 to 2100.
const KEPT: (i64, i64) = (631_152_000, 4_102_444_800);
const SECOND: i64 = 1_000_000_000;

impl Scope {
    pub fn of(app: &App, request: &PresenceScope) -> Result<Scope> {
        let case = app.open_case()?;
        let time = |text: &Option<String>| {
            let parsed = text.as_deref().filter(|text| !text.is_empty()).map(Time::parse).transpose();
            parsed.map_err(|why| Error::invalid(format!("asking for presence: {why}")))
        };
        let since = time(&request.since)?.map(|time| time.0.div_euclid(SECOND).clamp(KEPT.0, KEPT.1));
        let until = time(&request.until)?
            .map(|time| (time.0.div_euclid(SECOND) + i64::from(time.0.rem_euclid(SECOND) > 0)).clamp(KEPT.0, KEPT.1));
        let span = case.presence_span()?.map(|(first, last)| (since.unwrap_or(first), until.unwrap_or(last)));
        if since.zip(until).is_some_and(|(since, until)| since >= until) {
            return Err(Error::invalid("asking for presence: its end is not after its beginning"));
        }
        let zone = match request.zone.as_str() {
            "" => case.about()?.zone,
            name => name.to_owned(),
        };
        Ok(Scope {
            select: PresenceSelect {
                since: span.map(|(since, _)| since),
                until: span.map(|(_, until)| until),
                devices: request.devices.iter().map(|device| plain(device)).collect(),
                nodes: request.nodes.iter().map(|node| plain(node)).collect(),
                without_randomised: request.without_randomised,
            },
            span: span.filter(|(since, until)| since < until),
            zone: crate::zone::zone(&zone)?,
            case,
        })
    }

    pub fn look(&self, look: &PresenceLook) -> Option<Look> {
        let PresenceLook { width, height, theme } = *look;
        (width > 0).then(|| Look { width, height, theme, zone: self.zone.clone() })
    }

    /// Devices by their numbers, named as the case names them.
    pub fn devices(&self, numbers: &[u32]) -> Result<Vec<PresenceDevice>> {
        let names = self.case.device_names()?;
        Ok(self.case.presence_names(numbers)?.into_iter().map(|id| named(&names, id)).collect())
    }

    /// A time, as tables show it.
    pub fn time(&self, second: i64) -> String {
        crate::charts::full(&self.zone, super::nanos(second))
    }
}

/// An address is found however it is written.
pub(super) fn plain(id: &str) -> String {
    Mac::parse(id).map_or_else(|_| id.to_owned(), |mac| mac.to_string())
}

fn named(names: &HashMap<String, String>, id: String) -> PresenceDevice {
    let randomised = Mac::parse(&id).is_ok_and(Mac::is_local);
    PresenceDevice { name: names.get(&id).cloned().unwrap_or_default(), id, randomised }
}
