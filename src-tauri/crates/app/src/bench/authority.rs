//! The case's own authority: its certificate in the case, its key in the vault.

use case::Case;
use device::authority::Authority;
use device::kind::Kinds;

use crate::error::{Code, Error, Result};
use crate::state::{App, now};

/// Under which name the case remembers its certificate, and kinds that were added.
const CERTIFICATE: &str = "authority";
const KINDS: &str = "kinds";

/// The authority of the open case; made when it is first needed.
pub(super) fn of(app: &App, case: &Case) -> Result<Authority> {
    let doing = "opening the case's authority";
    if let Some(certificate) = case.bench_get(CERTIFICATE)? {
        let name = entry(&certificate).map_err(|why| failed(doing, &why))?;
        let key = app.vault.get(&name)?.ok_or_else(|| {
            let why = format!(
                "{doing}: its key is not in this machine's vault ({name}); the case was made on another machine, or the key was removed. Delete nothing: \
                 things that it vouched for can be imported by their certificates"
            );
            Error::new(Code::Refused, why)
        })?;
        return Authority::open(&certificate, &key).map_err(|why| failed(doing, &why));
    }
    let about = case.about()?;
    let name = if about.name.is_empty() { "Lintel bench".to_owned() } else { format!("Lintel bench, {}", about.name) };
    let made = Authority::make(&name, now()).map_err(|why| failed("making the case's authority", &why))?;
    let entry = entry(made.certificate_pem()).map_err(|why| failed("making the case's authority", &why))?;
    app.vault.set(&entry, made.key_pem())?;
    case.bench_set(CERTIFICATE, made.certificate_pem())?;
    Ok(made)
}

/// Its certificate, if there is one already.
pub(super) fn certificate(case: &Case) -> Result<Option<String>> {
    Ok(case.bench_get(CERTIFICATE)?)
}

/// All kinds: ours, and those that were added to the case.
pub(super) fn kinds(case: &Case) -> Result<Kinds> {
    match case.bench_get(KINDS)? {
        Some(json) => Kinds::usual().with(&json).map_err(|why| failed("reading the kinds of things", &why)),
        None => Ok(Kinds::usual()),
    }
}

/// Adds kinds, or puts others in the place of known ones.
pub(super) fn add_kinds(case: &Case, json: &str) -> Result<()> {
    let invalid = |why: String| Error::invalid(format!("adding kinds of things: {why}"));
    Kinds::usual().with(json).map_err(|why| invalid(why.to_string()))?;
    let read = |text: &str| match serde_json::from_str(text) {
        Ok(serde_json::Value::Array(list)) => Ok(list),
        Ok(one) => Ok(vec![one]),
        Err(why) => Err(invalid(why.to_string())),
    };
    let mut all = case.bench_get(KINDS)?.map_or(Ok(Vec::new()), |known| read(&known))?;
    for kind in read(json)? {
        all.retain(|known| known["name"] != kind["name"]);
        all.push(kind);
    }
    Ok(case.bench_set(KINDS, &serde_json::Value::Array(all).to_string())?)
}

/// Its name in the vault.
fn entry(certificate: &str) -> std::result::Result<String, device::Error> {
    Ok(format!("authority-{}", model::hex(&device::certificate::read(certificate)?.sha256)))
}

pub(super) fn failed(doing: &str, why: &device::Error) -> Error {
    let code = if matches!(why, device::Error::Invalid(_)) { Code::Invalid } else { Code::Failed };
    Error::new(code, format!("{doing}: {why}"))
}
