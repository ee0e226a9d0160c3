//! Tables for other programs: a plain SQLite file, one table a view, without anything that is ours.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value as Json;

use crate::views::Row;
use crate::{Error, Result};

/// A file of tables under construction.
pub struct Tables {
    db: Connection,
}

impl Tables {
    /// Makes the file; there must be none yet.
    pub fn create(path: &Path) -> Result<Tables> {
        if path.exists() {
            return Err(Error::Refused(format!("writing {}: there is a file already", path.display())));
        }
        let db = Connection::open(path)?;
        // A file that a crash spoils is made again; until then it is nobody's.
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        Ok(Tables { db })
    }

    /// A new table; `columns` with what they mean, which stands beside them in `about`.
    pub fn table(&self, name: &str, columns: &[(String, String)]) -> Result<()> {
        let list: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
        self.db.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS about (\"table\" TEXT, \"column\" TEXT, meaning TEXT);
             CREATE TABLE {} ({});",
            quoted(name),
            list.join(", ")
        ))?;
        let mut about = self.db.prepare_cached("INSERT INTO about VALUES (?, ?, ?)")?;
        columns.iter().try_for_each(|(column, meaning)| about.execute([name, column, meaning]).map(drop))?;
        Ok(())
    }

    /// Adds rows, in one transaction.
    pub fn rows(&mut self, name: &str, columns: &[(String, String)], rows: &[Row]) -> Result<()> {
        let transaction = self.db.transaction()?;
        {
            let marks = vec!["?"; columns.len()].join(", ");
            let mut insert = transaction.prepare_cached(&format!("INSERT INTO {} VALUES ({marks})", quoted(name)))?;
            for row in rows {
                insert.execute(params_from_iter(columns.iter().map(|(column, _)| value(row.get(column)))))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn value(json: Option<&Json>) -> Value {
    match json {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Bool(so)) => Value::Integer((*so).into()),
        Some(Json::String(text)) => Value::Text(text.clone()),
        Some(Json::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Value::Integer(int),
            (None, Some(real)) => Value::Real(real),
            _ => Value::Text(number.to_string()),
        },
        Some(list) => Value::Text(list.to_string()),
    }
}
