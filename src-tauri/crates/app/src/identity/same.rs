//! Addresses that the analyst takes for one device.

use model::Mac;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::analysis;
use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::jobs::Topic;
use crate::state::{App, now};

/// Addresses that are to be one device.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct DevicesJoin {
    /// The device goes by the first.
    pub macs: Vec<String>,
    /// Why; goes to the custody log.
    pub why: String,
}

/// An address that is to be a device of its own again.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct DevicesPart {
    pub mac: String,
    pub why: String,
}

/// An address, and the device that the analyst takes it for.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Joined {
    pub mac: String,
    pub device: String,
    pub why: String,
    pub at: String,
}

/// Addresses that one act may join.
const MOST: usize = 1_000;

pub(crate) fn devices_join(app: &App, request: DevicesJoin) -> Result<Vec<Joined>> {
    let case = app.open_case()?;
    let why = reason(&request.why)?;
    let macs: Vec<String> = request.macs.iter().map(|text| address(text)).collect::<Result<_>>()?;
    let [device, others @ ..] = &macs[..] else {
        return Err(Error::invalid("joining devices: name at least two addresses"));
    };
    if others.is_empty() || macs.len() > MOST {
        return Err(Error::invalid(format!("joining devices: name 2 to {MOST} addresses")));
    }
    case.devices_join(device, others, why, now())?;
    drawn_anew(app)?;
    devices_joined(app, Nothing)
}

pub(crate) fn devices_part(app: &App, request: DevicesPart) -> Result<Vec<Joined>> {
    let case = app.open_case()?;
    reason(&request.why)?;
    let mac = address(&request.mac)?;
    if !case.devices_part(&mac)? {
        return Err(Error::missing(format!("{mac} was not joined to another address")));
    }
    drawn_anew(app)?;
    devices_joined(app, Nothing)
}

pub(crate) fn devices_joined(app: &App, _: Nothing) -> Result<Vec<Joined>> {
    let joined = app.open_case()?.same_devices()?.into_iter();
    Ok(joined
        .map(|same| Joined { mac: same.mac, device: same.device, why: same.why, at: same.at.to_string() })
        .collect())
}

fn drawn_anew(app: &App) -> Result<()> {
    analysis::devices(&*app.open_case()?)?;
    app.changed(&[Topic::Devices]);
    Ok(())
}

fn reason(why: &str) -> Result<&str> {
    let why = why.trim();
    if why.is_empty() {
        Err(Error::invalid("joining or parting devices: give a reason; it goes to the custody log"))
    } else {
        Ok(why)
    }
}

fn address(text: &str) -> Result<String> {
    Mac::parse(text).map(|mac| mac.to_string()).map_err(|why| Error::invalid(why.to_string()))
}
