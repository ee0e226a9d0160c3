//! Evidence looked at again: is it still what was read?

use std::path::PathBuf;

use case::{Case, Evidence, Verified};
use evidence::Options;
use serde_json::json;

use crate::error::{Error, Result};
use crate::evidence_items::EvidenceVerify;
use crate::jobs::{self, Ended, JobId, Tick, Topic};
use crate::state::{App, now};

pub(crate) fn evidence_verify(app: &App, request: EvidenceVerify) -> Result<JobId> {
    let case = app.open_case()?;
    let all = case.all_evidence()?;
    let wanted = |item: &Evidence| request.ids.is_empty() || request.ids.contains(&item.id);
    // A member is what its container is: only what lies on the disk is looked at, and members of a chosen container by name.
    let items: Vec<Evidence> = all
        .into_iter()
        .filter(|item| item.sha256.is_some() && wanted(item) && (item.parent.is_none() || !request.ids.is_empty()))
        .collect();
    if items.is_empty() && !request.ids.is_empty() {
        return Err(Error::missing("verifying: there is no such evidence, or it was never hashed"));
    }
    jobs::start(app, "verify", "bytes", move |app, tick| {
        tick.total(items.iter().filter_map(|item| item.size).sum());
        let mut differs = Vec::new();
        for item in &items {
            tick.at(&item.path);
            let found = look(&case, item, tick)?;
            case.evidence_verified(item.id, found, now())?;
            let entry = case::Entry {
                action: "evidence.verify",
                objects: item.sha256.clone().into_iter().collect(),
                params: json!({ "path": item.path }),
                outcome: found.as_str().to_owned(),
            };
            case.log(now(), &entry)?;
            if found != Verified::Match {
                differs.push(format!("{} {}", item.path, word(found)));
            }
            app.changed(&[Topic::Evidence, Topic::Custody]);
        }
        Ok(match differs.is_empty() {
            true => Ended::well(format!("{} of {} items are what they were", items.len(), items.len())),
            false => Ended { message: differs.join("; "), differs: true },
        })
    })
}

fn word(found: Verified) -> &'static str {
    match found {
        Verified::Match => "is what it was",
        Verified::Changed => "has changed since it was read",
        Verified::Missing => "is missing",
        Verified::Unreadable => "can't be read",
    }
}

/// The item itself, not the case's copy: both are looked at, and the worse counts.
fn look(case: &Case, item: &Evidence, tick: &Tick) -> Result<Verified> {
    let (file, members) = evidence::name::split(&item.path);
    let mut found = hash(case.dir().join(file), &members, item, tick)?;
    if let (Some(copy), Verified::Match) = (&item.copy, found) {
        found = hash(case.dir().join(copy), &[], item, tick)?;
    }
    Ok(found)
}

fn hash(file: PathBuf, members: &[String], item: &Evidence, tick: &Tick) -> Result<Verified> {
    if !file.exists() {
        return Ok(Verified::Missing);
    }
    let hashed = evidence::hash_item(&file, members, &Options::default(), tick);
    tick.advance(0)?;
    Ok(match hashed {
        Ok(now) if Some(model::hex(&now.sha256)) == item.sha256 => Verified::Match,
        Ok(_) => Verified::Changed,
        Err(_) => Verified::Unreadable,
    })
}
