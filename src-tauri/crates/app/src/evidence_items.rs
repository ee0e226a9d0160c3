//! Evidence: add, watch, describe, verify.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Error, Result};
use crate::jobs::{self, JobId};
use crate::rows::{FacetsRequest, Filter, Op, Row, RowsRequest, Select};
use crate::state::App;

/// Read files and folders into the open case, as a job.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct EvidenceAdd {
    pub paths: Vec<String>,
    /// Copy into the case folder (verified by hash) rather than refer to it where it is.
    #[serde(default)]
    pub copy: bool,
}

/// What a path would be taken for, without a case.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EvidenceDetect {
    pub paths: Vec<String>,
}

/// What one file is, and why.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Detected {
    pub path: String,
    /// `pcap`, `pcapng`, `snoop`, `onhub`, a container, ..., or `other`.
    pub kind: String,
    pub reason: String,
    pub refusals: Vec<Refusal>,
    #[ts(type = "number | null")]
    pub size: Option<u64>,
    /// Path of the container that it is in.
    pub parent: Option<String>,
    /// What could not be looked into, and why.
    pub problem: Option<String>,
}

/// Why a format did not take a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Refusal {
    pub format: String,
    pub why: String,
}

/// One item of evidence by its id.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EvidenceId {
    #[ts(type = "number")]
    pub id: i64,
}

/// Everything about one item.
#[derive(Clone, Debug, Serialize, TS)]
pub struct EvidenceDetail {
    /// As in the view `evidence`.
    pub row: Row,
    pub refusals: Vec<Refusal>,
    /// As in the view `runs`, newest first.
    pub runs: Vec<Row>,
    /// As in the view `issues`, the first 200.
    pub issues: Vec<Row>,
    /// As in the view `evidence`: what is inside it.
    pub members: Vec<Row>,
    /// How many facts of each kind.
    pub kinds: Vec<Count>,
    /// Interfaces of a capture.
    pub interfaces: Vec<Row>,
}

/// A name and how often.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Count {
    pub name: String,
    #[ts(type = "number")]
    pub count: u64,
}

/// Re-hash evidence and compare, as a job. No ids: all of it.
#[derive(Clone, Debug, Default, Deserialize, TS)]
pub struct EvidenceVerify {
    #[serde(default)]
    #[ts(type = "number[]")]
    pub ids: Vec<i64>,
}

pub(crate) fn evidence_detect(_: &App, request: EvidenceDetect) -> Result<Vec<Detected>> {
    let mut detector = Detector::default();
    let options = evidence::Options { now: Some(crate::state::now()), ..evidence::Options::default() };
    for path in &request.paths {
        let path = std::path::PathBuf::from(path);
        if !path.exists() {
            return Err(Error::missing(format!("looking at {}: there is no such file or folder", path.display())));
        }
        evidence::detect(&path, &mut detector, &options, &())?;
    }
    Ok(detector.found)
}

pub(crate) fn evidence_add(app: &App, request: EvidenceAdd) -> Result<JobId> {
    let case = app.open_case()?;
    if request.paths.is_empty() {
        return Err(Error::invalid("adding evidence: no path was given"));
    }
    if let Some(missing) = request.paths.iter().find(|path| !std::path::Path::new(path).exists()) {
        return Err(Error::missing(format!("adding {missing}: there is no such file or folder")));
    }
    jobs::start(app, "import", "bytes", move |app, tick| crate::import::import(app, &case, &request, tick))
}

pub(crate) fn evidence_resume(app: &App, _: Nothing) -> Result<JobId> {
    let case = app.open_case()?;
    let request = match crate::import::remembered(&case)? {
        Some(request) => request,
        None => EvidenceAdd { paths: case.interrupted()?, copy: false },
    };
    if request.paths.is_empty() {
        return Err(Error::missing("finishing an import: none was interrupted"));
    }
    jobs::start(app, "import", "bytes", move |app, tick| crate::import::import(app, &case, &request, tick))
}

pub(crate) fn evidence_detail(app: &App, request: EvidenceId) -> Result<EvidenceDetail> {
    let case = app.open_case()?;
    let missing = || Error::missing(format!("there is no evidence {}", request.id));
    let item = case.evidence(request.id)?.ok_or_else(missing)?;
    let mine = |view: &str| -> Result<Vec<Row>> {
        let page = RowsRequest { view: view.into(), limit: 2_000, ..RowsRequest::default() };
        Ok(crate::rows::rows(app, page)?.rows)
    };
    let is = |row: &Row, key: &str| row.get(key).and_then(serde_json::Value::as_i64) == Some(request.id);
    let evidence = mine("evidence")?;
    let row = evidence.iter().find(|row| is(row, "_id")).cloned().ok_or_else(missing)?;
    let filter = |value: &str| Select {
        filters: vec![Filter { field: "evidence".into(), op: Op::Is, value: value.to_owned() }],
        ..Select::default()
    };
    let (kinds, issues) = match &item.sha256 {
        Some(sha256) => {
            let facets =
                FacetsRequest { view: "facts".into(), select: filter(sha256), field: "kind".into(), limit: 100 };
            let issues =
                RowsRequest { view: "issues".into(), select: filter(sha256), limit: 200, ..RowsRequest::default() };
            (crate::rows::facets(app, facets)?, crate::rows::rows(app, issues)?.rows)
        }
        None => Default::default(),
    };
    let interfaces = match case.run_of(request.id)? {
        Some(run) => case.interfaces(run.id)?,
        None => Vec::new(),
    };
    Ok(EvidenceDetail {
        refusals: item.refusals.into_iter().map(|(format, why)| Refusal { format, why }).collect(),
        runs: mine("runs")?.into_iter().filter(|run| is(run, "_evidence")).collect(),
        members: evidence.iter().filter(|row| is(row, "_parent")).cloned().collect(),
        row,
        issues,
        kinds,
        interfaces,
    })
}

/// Takes what a walk recognises, and reads nothing.
#[derive(Default)]
struct Detector {
    found: Vec<Detected>,
}

type Going = std::result::Result<(), model::Cancelled>;

impl evidence::Host for Detector {
    fn begin(&mut self, item: &evidence::NewItem) -> std::result::Result<evidence::ItemId, model::Cancelled> {
        let parent = item.parent.and_then(|parent| self.found.get(parent.0 as usize)).map(|parent| parent.path.clone());
        let refusals = item.refusals.iter().map(|no| Refusal { format: no.format.to_owned(), why: no.why.clone() });
        self.found.push(Detected {
            path: item.path.clone(),
            kind: item.kind.to_owned(),
            reason: item.reason.clone(),
            refusals: refusals.collect(),
            size: item.size,
            parent,
            problem: None,
        });
        Ok(evidence::ItemId(self.found.len() as u64 - 1))
    }

    fn sink(&mut self, item: evidence::ItemId) -> &mut dyn model::Sink {
        &mut self.found[item.0 as usize] // our own number, from `begin`
    }

    fn end(&mut self, item: evidence::ItemId, outcome: &evidence::Outcome) -> Going {
        if let (evidence::Ending::Failed(why), Some(found)) = (&outcome.ending, self.found.get_mut(item.0 as usize)) {
            found.problem.get_or_insert_with(|| why.clone());
        }
        Ok(())
    }

    fn skip(&mut self, path: &str, why: &str) -> Going {
        self.found.push(Detected {
            path: path.to_owned(),
            kind: evidence::OTHER.to_owned(),
            reason: "not a regular file".into(),
            refusals: Vec::new(),
            size: None,
            parent: None,
            problem: Some(why.to_owned()),
        });
        Ok(())
    }
}

/// While only looking, the first complaint is all that is kept.
impl model::Sink for Detected {
    fn interface(&mut self, _: &model::Interface) {}

    fn frame(&mut self, _: &model::Frame) -> Going {
        Ok(())
    }

    fn fact(&mut self, _: model::Fact) -> Going {
        Ok(())
    }

    fn issue(&mut self, issue: model::Issue) {
        self.problem.get_or_insert_with(|| format!("{}: {}", issue.what, issue.why));
    }
}
