//! The custody log, as the analyst reads it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rows::Row;

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
