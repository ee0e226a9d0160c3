//! What leaves for a device or another broker: a folder as gateways call it `certificate_store`, and files for mosquitto.

use std::path::{Path, PathBuf};

use device::authority::KeyKind;
use device::kind::Kind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::{authority, things};
use crate::error::{Code, Error, Result};
use crate::state::{App, lock, now};

/// Write a thing's device bundle.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct ThingBundle {
    pub id: String,
    /// A folder; made if it is not there.
    pub folder: String,
}

/// Write a configuration that says our rules to mosquitto.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct BenchBundle {
    /// A folder; made if it is not there.
    pub folder: String,
}

/// What was written.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BenchFiles {
    pub files: Vec<String>,
    /// What is missing and why, or nothing.
    pub note: String,
}

/// Who may do everything at a mosquitto that has our rules, and where it listens.
const OPERATOR: &str = "operator";
const PORT: u16 = 8883;

/// Under which name a thing's private key is in the vault, if it was to be kept.
pub(super) fn entry(thing: &str) -> String {
    let plain: String = thing.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("thing-{plain}")
}

pub(crate) fn thing_bundle(app: &App, request: ThingBundle) -> Result<BenchFiles> {
    let row = things::found(app, &request.id)?;
    let kinds = authority::kinds(&*app.open_case()?)?;
    let kind = kinds.get(&row.kind).ok_or_else(|| Error::missing(format!("there is no kind '{}'", row.kind)))?;
    let key = app.vault.get(&entry(&row.id))?;
    let files = write(app, &row, kind, Path::new(&request.folder), key.as_deref())?;
    let note = match key {
        Some(_) => String::new(),
        None => "without the private key: it was shown once and not kept in the vault".into(),
    };
    Ok(BenchFiles { files, note })
}

/// The folder `certificate_store`: certificate, authority, what to connect to, and the key if it is known. Files that are there are not
/// written over.
pub(super) fn write(
    app: &App,
    row: &case::ThingRow,
    kind: &Kind,
    folder: &Path,
    key: Option<&str>,
) -> Result<Vec<String>> {
    let case = app.open_case()?;
    let session = lock(&app.bench).clone();
    let listen = session.and_then(|session| session.broker().ok()).map(|broker| broker.listen());
    let properties = json!({
        "mqtt_endpoint": listen.map_or("localhost".to_owned(), |at| at.ip().to_string()),
        "mqtt_port": listen.map_or(8883, |at| at.port()),
        "client_id": row.id,
        "telemetry_topic": kind.topics(&row.id).first(),
        "topics": kind.topics(&row.id),
        "kind": row.kind,
    });
    let properties = serde_json::to_string_pretty(&properties).unwrap_or_default() + "\n";
    let authority = authority::certificate(&case)?.unwrap_or_default();
    let mut files = vec![
        ("deviceCert.pem", row.certificate.as_str(), false),
        ("amazonRootCA1.pem", &authority, false),
        ("properties.json", &properties, false),
    ];
    files.extend(key.map(|key| ("devicePrivateKey.pem", key, true)));
    put(&case, folder, &files)
}

pub(crate) fn bench_mosquitto(app: &App, request: BenchBundle) -> Result<BenchFiles> {
    let case = app.open_case()?;
    let ours = authority::of(app, &case)?;
    let kinds = authority::kinds(&case)?;
    let failed = |why: device::Error| authority::failed("writing files for mosquitto", &why);
    let server = ours.server(&["localhost".into(), "127.0.0.1".into()], now()).map_err(failed)?;
    let operator = ours.issue(OPERATOR, KeyKind::P256, now(), None).map_err(failed)?;
    let known: Vec<&Kind> = kinds.names().filter_map(|name| kinds.get(name)).collect();
    let folder = std::path::absolute(&request.folder).unwrap_or_else(|_| request.folder.clone().into());
    let said = device::mosquitto_files(&known, &folder, PORT, OPERATOR).map_err(failed)?;
    let files = [
        ("mosquitto.conf", said.configuration.as_str(), false),
        ("acl", &said.acl, false),
        ("authority.pem", ours.certificate_pem(), false),
        ("broker.pem", &server.certificate_pem, false),
        ("broker-key.pem", &server.private_key_pem, true),
        ("operator.pem", &operator.certificate_pem, false),
        ("operator-key.pem", &operator.private_key_pem, true),
    ];
    Ok(BenchFiles { files: put(&case, &folder, &files)?, note: String::new() })
}

/// Writes files (name, content, for its owner alone) into a folder that may have to be made.
fn put(case: &case::Case, folder: &Path, files: &[(&str, &str, bool)]) -> Result<Vec<String>> {
    let failed = |path: &Path, why: std::io::Error| {
        let code = if why.kind() == std::io::ErrorKind::AlreadyExists { Code::Refused } else { Code::Failed };
        Error::new(code, format!("writing {}: {why}", path.display()))
    };
    if folder.as_os_str().is_empty() {
        return Err(Error::invalid("writing files: name a folder"));
    }
    let inside = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    if inside.starts_with(case.dir()) {
        return Err(Error::new(Code::Refused, "writing files: the case folder is no place for keys; name another"));
    }
    std::fs::create_dir_all(folder).map_err(|why| failed(folder, why))?;
    // All or none: what is there already is somebody's.
    let paths: Vec<PathBuf> = files.iter().map(|(name, ..)| folder.join(name)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(failed(there, std::io::ErrorKind::AlreadyExists.into()));
    }
    for ((_, text, secret), path) in files.iter().zip(&paths) {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if *secret { 0o600 } else { 0o644 });
        let _ = secret;
        let written = options.open(path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|why| failed(path, why))?;
    }
    Ok(paths.iter().map(|path| path.display().to_string()).collect())
}
