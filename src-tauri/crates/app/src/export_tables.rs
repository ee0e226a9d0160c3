//! Views out of the case as one SQLite file: for facts a table for each kind, and the tables that explain them.

use case::{Case, Tables};
use serde_json::json;

use crate::error::Result;
use crate::export::{Export, public, sealed};
use crate::jobs::{Ended, Tick};
use crate::rows::{RowsExport, RowsRequest, rows};
use crate::state::App;

/// Beside the facts: what they are from, and who is meant.
const BESIDE: [&str; 4] = ["evidence", "devices", "flows", "issues"];

pub(crate) fn write(app: &App, case: &Case, request: &RowsExport, tick: &Tick) -> Result<Ended> {
    let export = Export::new(case, &request.view, "sqlite");
    tick.at(export.at());
    let views: Vec<String> = match request.view.as_str() {
        "facts" => {
            let kinds = case.kind_counts()?.into_iter().map(|(kind, _)| kind);
            kinds.filter(|kind| crate::kinds::kind(kind).is_some()).chain(BESIDE.map(str::to_owned)).collect()
        }
        view => vec![view.to_owned()],
    };
    let mut written = 0;
    let result = (|| -> Result<()> {
        let mut tables = Tables::create(&export.path)?;
        for view in &views {
            // What was selected among facts says nothing about other tables.
            let beside = request.view == "facts" && BESIDE.contains(&view.as_str());
            let select = if beside { Default::default() } else { request.select.clone() };
            let mut page = RowsRequest { view: view.clone(), select, limit: 5_000, ..RowsRequest::default() };
            let mut columns: Vec<(String, String)> = Vec::new();
            loop {
                let found = rows(app, page.clone())?;
                if columns.is_empty() {
                    columns = found.columns.iter().map(|column| (column.name.clone(), column.about.clone())).collect();
                    tables.table(view, &columns)?;
                }
                let list: Vec<crate::rows::Row> = found.rows.iter().map(public).collect();
                tables.rows(view, &columns, &list)?;
                written += list.len() as u64;
                tick.advance(list.len() as u64)?;
                match found.next {
                    Some(next) => page.after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    })();
    if let Err(stop) = result {
        let _ = std::fs::remove_file(&export.path);
        return Err(stop);
    }
    let params = json!({ "file": export.at(), "rows": written, "view": request.view, "select": request.select });
    sealed(case, &export, params)?;
    Ok(Ended::well(format!("{written} rows in {} tables written to {}", views.len(), export.path.display())))
}
