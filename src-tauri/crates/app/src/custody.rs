//! The custody log, as the analyst reads it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::Result;
use crate::rows::Row;
use crate::state::App;

#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct CustodyRequest {
    /// Lines after this sequence number.
    #[ts(type = "number")]
    pub after: u64,
    /// 0: 500.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct CustodyPage {
    /// Each line as it stands in the log.
    pub lines: Vec<Row>,
    #[ts(type = "number")]
    pub total: u64,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct CustodyCheck {
    #[ts(type = "number")]
    pub lines: u64,
    /// What is wrong, each naming its line; empty: the chain holds.
    pub problems: Vec<String>,
}

pub(crate) fn custody(app: &App, request: CustodyRequest) -> Result<CustodyPage> {
    let case = app.open_case()?;
    let limit = if request.limit == 0 { 500 } else { request.limit.min(5_000) };
    let (lines, total) = case.custody().lines(request.after, limit as usize)?;
    let lines = lines.into_iter().filter_map(|line| line.as_object().cloned()).collect();
    Ok(CustodyPage { lines, total })
}

pub(crate) fn custody_verify(app: &App, _: Nothing) -> Result<CustodyCheck> {
    let check = app.open_case()?.check_custody()?;
    Ok(CustodyCheck { lines: check.lines, problems: check.problems })
}
