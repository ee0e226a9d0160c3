//! Cases: make, open, describe, close; and which were open before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use case::{About, Case};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::jobs::JobState;
use crate::state::{App, actor, now};

/// Make a new case.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaseNew {
    /// The folder to make; `.lintel` is added to its name if missing.
    pub dir: String,
    #[serde(flatten)]
    pub about: CaseAbout,
}

/// What an analyst states about a case.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
pub struct CaseAbout {
    pub name: String,
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub examiner: String,
    #[serde(default)]
    pub agency: String,
    /// IANA name of the zone in which times are shown; empty: UTC.
    #[serde(default)]
    pub zone: String,
    #[serde(default)]
    pub notes: String,
}

/// A case by its folder.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CaseDir {
    pub dir: String,
}

/// An open case.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaseInfo {
    pub dir: String,
    #[serde(flatten)]
    pub about: CaseAbout,
    /// RFC 3339 UTC.
    pub created: String,
    pub counts: CaseCounts,
    /// Imports that were cut off (a crash, a power failure), by evidence path: offer to finish them.
    pub interrupted: Vec<String>,
    /// Whether the custody log's chain holds; the sentence says what is wrong if not.
    pub custody_problem: Option<String>,
    /// Earliest and latest time of any fact or frame; RFC 3339 UTC.
    pub first_ts: Option<String>,
    pub last_ts: Option<String>,
}

/// How much a case holds.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct CaseCounts {
    #[ts(type = "number")]
    pub evidence: u64,
    #[ts(type = "number")]
    pub frames: u64,
    #[ts(type = "number")]
    pub facts: u64,
    #[ts(type = "number")]
    pub flows: u64,
    #[ts(type = "number")]
    pub devices: u64,
    #[ts(type = "number")]
    pub issues: u64,
    /// Bytes of top-level evidence.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// A case that was open before.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct RecentCase {
    pub dir: String,
    pub name: String,
    #[serde(default)]
    pub number: String,
    /// RFC 3339 UTC.
    pub opened: String,
    /// Items of evidence, when last seen.
    #[ts(type = "number")]
    pub evidence: u64,
    /// Bytes of the evidence, when last seen.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Its folder is still there.
    #[serde(default)]
    pub present: bool,
}

const RECENT_FILE: &str = "recent.json";
const MOST_RECENT: usize = 30;

pub(crate) fn case_recent(app: &App, _: Nothing) -> Result<Vec<RecentCase>> {
    let mut recent = read_recent(app);
    for case in &mut recent {
        case.present = Path::new(&case.dir).join("case.db").is_file();
    }
    Ok(recent)
}

pub(crate) fn case_new(app: &App, request: CaseNew) -> Result<CaseInfo> {
    let CaseNew { dir, about } = request;
    if about.name.trim().is_empty() {
        return Err(Error::invalid("making a case: it needs a name"));
    }
    check_zone(&about.zone)?;
    let dir = dir.trim();
    if dir.is_empty() {
        return Err(Error::invalid("making a case: it needs a folder"));
    }
    let dir = if dir.ends_with(".lintel") { PathBuf::from(dir) } else { PathBuf::from(format!("{dir}.lintel")) };
    let dir = std::path::absolute(&dir).unwrap_or(dir);
    if let Some(outer) = dir.ancestors().skip(1).find(|folder| folder.extension().is_some_and(|e| e == "lintel")) {
        return Err(Error::invalid(format!("making a case in {}: that is inside another case", outer.display())));
    }
    let case = Case::create(&dir, &about.into_case(), actor(), now())?;
    enter(app, case)
}

pub(crate) fn case_open(app: &App, request: CaseDir) -> Result<CaseInfo> {
    let dir = PathBuf::from(&request.dir);
    let dir = std::path::absolute(&dir).unwrap_or(dir);
    let case = Case::open(&dir, actor())?;
    enter(app, case)
}

pub(crate) fn case_close(app: &App, _: Nothing) -> Result<Nothing> {
    let case = app.open_case()?;
    if crate::jobs::jobs(app, Nothing)?.iter().any(|job| job.state == JobState::Running) {
        return Err(Error::new(Code::Busy, "closing the case: a job is still running; wait for it or cancel it"));
    }
    crate::watch::stop_all(app);
    remember(app, &case)?;
    app.set_case(None);
    Ok(Nothing)
}

pub(crate) fn case_info(app: &App, _: Nothing) -> Result<Option<CaseInfo>> {
    match app.open_case() {
        Ok(case) => info(&case).map(Some),
        Err(_) => Ok(None),
    }
}

pub(crate) fn case_edit(app: &App, request: CaseAbout) -> Result<CaseInfo> {
    let case = app.open_case()?;
    check_zone(&request.zone)?;
    if request.name.trim().is_empty() {
        return Err(Error::invalid("describing the case: it needs a name"));
    }
    case.state(&request.into_case())?;
    remember(app, &case)?;
    info(&case)
}

fn enter(app: &App, case: Case) -> Result<CaseInfo> {
    crate::watch::stop_all(app);
    let case = Arc::new(case);
    app.set_case(Some(case.clone()));
    crate::orphans::adopt(app, &case);
    crate::bench::change_case(app);
    remember(app, &case)?;
    info(&case)
}

fn info(case: &Case) -> Result<CaseInfo> {
    let about = case.about()?;
    let counts = case.counts()?;
    let mut interrupted = case.interrupted()?;
    if interrupted.is_empty() && case.remembered_import()?.is_some() && case.may_import()? {
        // Cut off between two files: nothing half read, but not all that was asked for.
        case.done_importing();
        interrupted = crate::import::remembered_paths(case)?;
    }
    let check = case.check_custody()?;
    let time = |ns: Option<i64>| ns.map(|ns| model::Time(ns).to_string());
    Ok(CaseInfo {
        dir: case.dir().display().to_string(),
        created: about.created.map(|at| at.to_string()).unwrap_or_default(),
        about: CaseAbout::from_case(about),
        first_ts: time(counts.first_ts),
        last_ts: time(counts.last_ts),
        counts: CaseCounts {
            evidence: counts.evidence,
            frames: counts.frames,
            facts: counts.facts,
            flows: counts.flows,
            devices: counts.devices,
            issues: counts.issues,
            bytes: counts.bytes,
        },
        interrupted,
        custody_problem: check.problems.into_iter().next(),
    })
}

fn check_zone(zone: &str) -> Result<()> {
    match zone.is_empty() || jiff::tz::TimeZone::get(zone).is_ok() {
        true => Ok(()),
        false => Err(Error::invalid(format!("'{zone}' is no zone of the IANA database, such as Europe/Berlin"))),
    }
}

impl CaseAbout {
    fn into_case(self) -> About {
        let CaseAbout { name, number, examiner, agency, zone, notes } = self;
        About { name, number, examiner, agency, zone, notes, created: None }
    }

    fn from_case(about: About) -> CaseAbout {
        let About { name, number, examiner, agency, zone, notes, .. } = about;
        CaseAbout { name, number, examiner, agency, zone, notes }
    }
}

/// Puts the case at the top of the recent ones. Not being able to is no reason to fail.
pub(crate) fn remember(app: &App, case: &Case) -> Result<()> {
    let (about, counts) = (case.about()?, case.counts()?);
    let dir = case.dir().display().to_string();
    let mut recent = read_recent(app);
    recent.retain(|other| other.dir != dir);
    let opened = now().to_string();
    recent.insert(
        0,
        RecentCase {
            dir,
            name: about.name,
            number: about.number,
            opened,
            evidence: counts.evidence,
            bytes: counts.bytes,
            present: true,
        },
    );
    recent.truncate(MOST_RECENT);
    if let Some(settings) = &app.settings {
        let text = serde_json::to_string_pretty(&recent).unwrap_or_default();
        let _ = std::fs::create_dir_all(settings).and_then(|()| std::fs::write(settings.join(RECENT_FILE), text));
    }
    Ok(())
}

fn read_recent(app: &App) -> Vec<RecentCase> {
    let Some(settings) = &app.settings else { return Vec::new() };
    let text = std::fs::read_to_string(settings.join(RECENT_FILE)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
