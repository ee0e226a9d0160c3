//! Registering things: a certificate of the case's own authority, or one that the thing has already.

use std::path::PathBuf;

use case::ThingRow as Row;
use device::authority::KeyKind;
use device::certificate::{self, CertificateFacts};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::things::{self, ThingId, ThingRow};
use super::{authority, bundle};
use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::state::{App, now};

/// Of what an analyst writes of a thing.
const LONGEST: usize = 10_000;

/// A thing that is to have a certificate of the case's own authority.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct ThingNew {
    /// Empty: a light.
    pub kind: String,
    pub name: String,
    pub note: String,
    pub exhibit: String,
    /// The private key is also kept in the system's vault, so that a device bundle can be written later.
    pub keep_key: bool,
    /// A folder into which the device bundle, private key included, is written at once.
    pub bundle: Option<String>,
}

/// What a thing needs to come in. The private key is shown this once.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ThingKeys {
    pub id: String,
    /// PEM, as all of these.
    pub certificate: String,
    pub public_key: String,
    pub private_key: String,
    pub topics: Vec<String>,
    /// The files of the device bundle, if one was asked for.
    pub files: Vec<String>,
}

/// A thing that has a certificate.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct ThingImport {
    pub kind: String,
    pub name: String,
    pub note: String,
    pub exhibit: String,
    /// Its MQTT client id; empty: a new one.
    pub id: String,
    /// PEM, or the path of a file that holds it.
    pub certificate: String,
}

/// Another name, note or exhibit number.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ThingChange {
    pub id: String,
    pub name: String,
    pub note: String,
    pub exhibit: String,
}

/// Whether its certificate is good.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ThingStatus {
    pub id: String,
    pub active: bool,
}

pub(crate) fn thing_register(app: &App, request: ThingNew) -> Result<ThingKeys> {
    let doing = "registering a thing";
    let case = app.open_case()?;
    let ours = authority::of(app, &case)?;
    let kinds = authority::kinds(&case)?;
    let kind = if request.kind.is_empty() { "light" } else { &request.kind };
    let of = kinds.get(kind).ok_or_else(|| Error::invalid(format!("{doing}: there is no kind '{kind}'")))?;
    let id = new_id()?;
    let issued = ours.issue(&id, KeyKind::Rsa2048, now(), None).map_err(|why| authority::failed(doing, &why))?;
    let row = Row {
        kind: kind.to_owned(),
        name: written(doing, &request.name)?,
        note: written(doing, &request.note)?,
        exhibit: written(doing, &request.exhibit)?,
        ..row(&id, &issued.certificate_pem, &issued.certificate, false)
    };
    // What may fail comes before the thing is there.
    if request.keep_key {
        app.vault.set(&bundle::entry(&id), &issued.private_key_pem)?;
    }
    let files = match &request.bundle {
        Some(folder) => bundle::write(app, &row, of, &PathBuf::from(folder), Some(&issued.private_key_pem))?,
        None => Vec::new(),
    };
    case.thing_add(&row)?;
    Ok(ThingKeys {
        topics: of.topics(&id),
        id,
        certificate: issued.certificate_pem.clone(),
        public_key: issued.public_key_pem.clone(),
        private_key: issued.private_key_pem.clone(),
        files,
    })
}

pub(crate) fn thing_import(app: &App, request: ThingImport) -> Result<ThingRow> {
    let doing = "importing a certificate";
    let case = app.open_case()?;
    let kind = if request.kind.is_empty() { "light" } else { &request.kind };
    if authority::kinds(&case)?.get(kind).is_none() {
        return Err(Error::invalid(format!("{doing}: there is no kind '{kind}'")));
    }
    let pem = match request.certificate.contains("-----BEGIN") {
        true => request.certificate.clone(),
        false => read(doing, &request.certificate)?,
    };
    if pem.contains("PRIVATE KEY-----") && !pem.contains("BEGIN CERTIFICATE") {
        return Err(Error::invalid(format!("{doing}: this is a private key; the certificate is wanted")));
    }
    let facts = certificate::read(&pem).map_err(|why| authority::failed(doing, &why))?;
    let id = match request.id.trim() {
        "" => new_id()?,
        id if device::authority::is_thing_id(id) => id.to_owned(),
        id => return Err(Error::invalid(format!("{doing}: '{id}' can't be a thing's id"))),
    };
    // Only the certificate: whatever else was in the file, such as its key, is not kept.
    let pem = pem.split_inclusive("-----END CERTIFICATE-----").find(|part| part.contains("BEGIN CERTIFICATE"));
    let pem =
        pem.and_then(|part| part.find("-----BEGIN CERTIFICATE").and_then(|at| part.get(at..))).unwrap_or_default();
    let row = Row {
        kind: kind.to_owned(),
        name: written(doing, &request.name)?,
        note: written(doing, &request.note)?,
        exhibit: written(doing, &request.exhibit)?,
        ..row(&id, &format!("{pem}\n"), &facts, true)
    };
    case.thing_add(&row).map_err(|why| Error::from(why).while_doing(doing))?;
    things::thing(app, ThingId { id })
}

pub(crate) fn thing_change(app: &App, request: ThingChange) -> Result<ThingRow> {
    let doing = "changing a thing";
    let (name, note) = (written(doing, &request.name)?, written(doing, &request.note)?);
    if !app.open_case()?.thing_change(&request.id, &name, &note, &written(doing, &request.exhibit)?)? {
        return Err(Error::missing(format!("{doing}: there is no thing {}", request.id)));
    }
    things::thing(app, ThingId { id: request.id })
}

/// One that is no longer good is sent away at once.
pub(crate) fn thing_status(app: &App, request: ThingStatus) -> Result<Nothing> {
    let status = if request.active { "ACTIVE" } else { "INACTIVE" };
    if !app.open_case()?.thing_status(&request.id, status)? {
        return Err(Error::missing(format!("there is no thing {}", request.id)));
    }
    if let Some(session) = things::of_case(app) {
        session.recheck();
    }
    Ok(Nothing)
}

fn row(id: &str, pem: &str, facts: &CertificateFacts, imported: bool) -> Row {
    Row {
        id: id.to_owned(),
        created: now().0,
        certificate: pem.to_owned(),
        sha256: model::hex(&facts.sha256),
        imported,
        status: "ACTIVE".into(),
        ..Row::default()
    }
}

fn written(doing: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() > LONGEST {
        Err(Error::invalid(format!("{doing}: a text is longer than {LONGEST} bytes")))
    } else {
        Ok(text.to_owned())
    }
}

fn read(doing: &str, path: &str) -> Result<String> {
    let missing = |why: &dyn std::fmt::Display| Error::missing(format!("{doing}: reading {path}: {why}"));
    match std::fs::metadata(path) {
        Err(why) => Err(missing(&why)),
        Ok(about) if about.len() > 1 << 20 => Err(missing(&"it is too long for a certificate")),
        Ok(_) => std::fs::read_to_string(path).map_err(|why| missing(&why)),
    }
}

/// A random UUID (RFC 9562 section 5.4), lower case.
fn new_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|why| {
        Error::new(Code::Failed, format!("registering a thing: the system gives no random bytes: {why}"))
    })?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = model::hex(&bytes);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    Ok([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
}
