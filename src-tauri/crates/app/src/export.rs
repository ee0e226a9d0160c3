//! Tables out of the case, as files that other programs read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use case::Case;
use serde_json::{Value, json};

use crate::error::{Code, Error, Result};
use crate::jobs::{Ended, Tick};
use crate::rows::{Column, Row, RowsExport, RowsRequest, rows};
use crate::state::{App, now};

/// A file to be: in the case's `exports` folder, named after what it holds and when it was made.
pub(crate) struct Export {
    pub name: String,
    pub path: PathBuf,
}

impl Export {
    pub fn new(case: &Case, what: &str, ending: &str) -> Export {
        let stamp: String = now().to_string().chars().filter(char::is_ascii_digit).take(17).collect();
        let folder = case.dir().join("exports");
        let plain = format!("{what}-{stamp}.{ending}");
        let free = |name: &String| !folder.join(name).exists();
        let numbered = (2..1_000).map(|n| format!("{what}-{stamp}-{n}.{ending}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(free).unwrap_or(plain);
        Export { path: folder.join(&name), name }
    }

    /// As the custody log and the page name it.
    pub fn at(&self) -> String {
        format!("exports/{}", self.name)
    }

    pub fn failed(&self, why: std::io::Error) -> Error {
        Error::new(Code::Failed, format!("writing {}: {why}", self.path.display()))
    }
}

/// Writes into the custody log what was exported, with the file's hash; of a filter, no secret that it names.
pub(crate) fn sealed(case: &Case, export: &Export, params: Value) -> Result<()> {
    let hashes = evidence::hash_item(&export.path, &[], &evidence::Options::default(), &());
    let sha256 = model::hex(&hashes.map_err(|why| export.failed(why))?.sha256);
    let params = crate::secrets::unsaid(params);
    case.log(now(), &case::Entry { action: "export", objects: vec![sha256], params, outcome: "done".into() })?;
    Ok(())
}

/// Writes all rows of a view to `exports/` in the case; the custody log gets its name and hash.
pub(crate) fn write(app: &App, case: &Case, request: &RowsExport, columns: &[Column], tick: &Tick) -> Result<Ended> {
    let export = Export::new(case, &request.view, if request.format == "csv" { "csv" } else { "jsonl" });
    let path = &export.path;
    tick.at(export.at());
    let failed = |why: std::io::Error| export.failed(why);
    let mut out = BufWriter::new(File::create(path).map_err(failed)?);
    let mut page = RowsRequest {
        view: request.view.clone(),
        select: request.select.clone(),
        limit: 5_000,
        count: true,
        ..RowsRequest::default()
    };
    let mut written = 0;
    if request.format == "csv" {
        line(&mut out, columns.iter().map(|column| column.name.clone())).map_err(failed)?;
    }
    let result = loop {
        let found = rows(app, page.clone())?;
        if let Some(total) = found.total {
            tick.total(total);
        }
        for row in &found.rows {
            let done = match request.format.as_str() {
                "csv" => line(&mut out, columns.iter().map(|column| cell(row, &column.name))),
                _ => serde_json::to_writer(&mut out, &public(row))
                    .map_err(Into::into)
                    .and_then(|()| out.write_all(b"\n")),
            };
            done.map_err(failed)?;
        }
        written += found.rows.len() as u64;
        if let Err(stop) = tick.advance(found.rows.len() as u64) {
            break Err(stop);
        }
        match found.next {
            Some(next) => page = RowsRequest { after: Some(next), count: false, ..page },
            None => break Ok(()),
        }
    };
    out.flush().map_err(failed)?;
    if let Err(stop) = result {
        let _ = std::fs::remove_file(path);
        return Err(stop.into());
    }
    let params = json!({ "file": export.at(), "rows": written, "view": request.view, "select": request.select });
    sealed(case, &export, params)?;
    Ok(Ended::well(format!("{written} rows written to {}", path.display())))
}

/// A row as it leaves: without what only the page needs.
pub(crate) fn public(row: &Row) -> Row {
    row.iter().filter(|(name, _)| !name.starts_with('_')).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn cell(row: &Row, column: &str) -> String {
    match row.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(other) => other.to_string(),
    }
}

/// A text that a spreadsheet would take for a formula gets a `'` before it, as OWASP advises for CSV.
pub(crate) fn harmless(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

pub(crate) fn line(out: &mut impl Write, cells: impl Iterator<Item = String>) -> std::io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(cells).map_err(std::io::Error::other)?;
    writer.flush()
}

#[cfg(test)]
mod tests {
    #[test]
    fn formulas_are_only_text() {
        for (text, safe) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "'-5"), ("a=b", "a=b"), ("", "")] {
            assert_eq!(super::harmless(text), safe);
        }
    }
}
