//! Rows on a terminal: a table for people, one JSON object a line for programs.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};

use app::{App, Code, Error};
use serde_json::{Map, Value, json};

use crate::args::Show;
use crate::text;

pub struct Printer {
    json: bool,
    out: BufWriter<Stdout>,
    gone: bool,
}

type Done = Result<(), Error>;

/// Rows asked for at once.
const PAGE: u64 = 2_000;
/// Width of a column on a terminal.
const WIDEST: usize = 44;

impl Printer {
    pub fn new(json: bool) -> Printer {
        Printer { json, out: BufWriter::new(io::stdout()), gone: false }
    }

    /// The reader of our output closed it.
    pub fn reader_is_gone(&self) -> bool {
        self.gone
    }

    /// One object, worded by `say` for people.
    pub fn one(&mut self, value: &Value, say: impl Fn(&Value) -> String) -> Done {
        let line = if self.json { value.to_string() } else { say(value) };
        let written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        self.check(written)
    }

    /// A whole answer: one line of JSON, or spread out for people.
    pub fn object(&mut self, value: &Value) -> Done {
        self.one(value, |value| serde_json::to_string_pretty(value).unwrap_or_default())
    }

    /// All rows of a view that are wanted, page by page.
    pub fn pages(&mut self, app: &App, show: Show) -> Done {
        let select = show.filters.to_json()?;
        if show.count {
            let page = app.call("rows", json!({ "view": show.view, "select": select, "limit": 1, "count": true }))?;
            return self.one(&json!({ "count": page["total"] }), |line| line["count"].to_string());
        }
        let mut left = show.limit.unwrap_or(u64::MAX);
        let mut after = Value::Null;
        let mut first = true;
        while left > 0 {
            let request = json!({ "view": show.view, "select": select, "after": after, "limit": left.min(PAGE) });
            let page = app.call("rows", request)?;
            let mut rows = page["rows"].as_array().cloned().unwrap_or_default();
            if let Some(reason) = &show.reveal {
                reveal(app, &mut rows, reason)?;
            }
            let written = match self.json {
                true => rows.iter().try_for_each(|row| writeln!(self.out, "{}", Value::Object(public(row)))),
                false => self.table(&page["columns"], &rows, first),
            };
            self.check(written)?;
            first = false;
            left = left.saturating_sub(rows.len() as u64);
            after = page["next"].clone();
            if after.is_null() {
                break;
            }
        }
        let flushed = self.out.flush();
        self.check(flushed)
    }

    pub fn custody(&mut self, app: &App) -> Done {
        let mut after = 0;
        loop {
            let page = app.call("custody", json!({ "after": after, "limit": 1_000 }))?;
            let lines = page["lines"].as_array().cloned().unwrap_or_default();
            if lines.is_empty() {
                return Ok(());
            }
            after += lines.len() as u64;
            for line in &lines {
                self.one(line, |line| {
                    let (seq, ts, action) = (&line["seq"], text(&line["ts"]), text(&line["action"]));
                    format!("{seq:>5} {ts} {action:<18} {} {}", text(&line["outcome"]), line["params"])
                })?;
            }
        }
    }

    /// What both sides of a flow said: a line for each frame; for people as text, the other side's indented.
    pub fn stream(&mut self, app: &App, uid: &str, evidence: &str) -> Done {
        let mut after = Value::Null;
        loop {
            let page =
                app.call("stream", json!({ "uid": uid, "evidence": evidence, "after": after, "limit": 1 << 20 }))?;
            for part in page["parts"].as_array().into_iter().flatten() {
                self.one(part, said)?;
            }
            after = page["next"].clone();
            if after.is_null() {
                return Ok(());
            }
        }
    }

    fn table(&mut self, columns: &Value, rows: &[Value], head: bool) -> io::Result<()> {
        let names: Vec<&str> =
            columns.as_array().into_iter().flatten().filter_map(|column| column["name"].as_str()).collect();
        // What no row has would only push the rest off the screen.
        let used: Vec<&str> =
            names.into_iter().filter(|name| rows.iter().any(|row| !cell(row, name).is_empty())).collect();
        let width = |name: &&str| {
            let widest = rows.iter().map(|row| cell(row, name).chars().count()).max().unwrap_or(0);
            widest.max(name.chars().count()).min(WIDEST)
        };
        let widths: Vec<usize> = used.iter().map(width).collect();
        let bold = io::stdout().is_terminal();
        if head && !used.is_empty() {
            let line: Vec<String> = used.iter().zip(&widths).map(|(name, width)| fit(name, *width)).collect();
            let line = line.join("  ");
            if bold { writeln!(self.out, "\x1b[1m{line}\x1b[0m")? } else { writeln!(self.out, "{line}")? }
        }
        for row in rows {
            let line: Vec<String> =
                used.iter().zip(&widths).map(|(name, width)| fit(&cell(row, name), *width)).collect();
            writeln!(self.out, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }

    fn check(&mut self, written: io::Result<()>) -> Done {
        written.map_err(|why| {
            self.gone = why.kind() == ErrorKind::BrokenPipe;
            Error { code: Code::Failed, message: format!("printing: {why}") }
        })
    }
}

/// Puts what is masked in rows back, for a reason that goes to the custody log.
fn reveal(app: &App, rows: &mut [Value], reason: &str) -> Done {
    let masked: Vec<Value> =
        rows.iter().filter(|row| row["_masked"].is_array()).map(|row| row["_id"].clone()).collect();
    if masked.is_empty() {
        return Ok(());
    }
    let revealed = app.call("secrets_reveal", json!({ "facts": masked, "reason": reason }))?;
    let mut facts = revealed["facts"].as_array().into_iter().flatten().peekable();
    // They come in the order of the rows.
    for row in rows.iter_mut().filter(|row| row["_masked"].is_array()) {
        let Some(fact) = facts.next_if(|fact| fact["id"] == row["_id"]) else { continue };
        for (name, value) in fact["values"].as_object().into_iter().flatten() {
            row[name.as_str()] = value.clone();
        }
    }
    Ok(())
}

/// What a file is, and why.
pub fn detected(item: &Value) -> String {
    let mut line = format!("{:<10} {}\n           {}", text(&item["kind"]), text(&item["path"]), text(&item["reason"]));
    if let Some(problem) = item["problem"].as_str() {
        line.push_str(&format!("\n           but: {problem}"));
    }
    if item["kind"] == "other" {
        for no in item["refusals"].as_array().into_iter().flatten() {
            line.push_str(&format!("\n           not {}: {}", text(&no["format"]), text(&no["why"])));
        }
    }
    line
}

/// A part of a stream as text: line by line, what is no text as dots.
fn said(part: &Value) -> String {
    let side = if part["from_orig"] == true { "" } else { "        " };
    if part["missing"] != 0 {
        return format!("{side}[{} bytes are missing from the capture]", part["missing"]);
    }
    let digits = part["hex"].as_str().unwrap_or_default().as_bytes();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or(0))
        .collect();
    let shown: String = String::from_utf8_lossy(&bytes)
        .chars()
        .filter(|c| *c != '\r')
        .map(|c| if c.is_control() && c != '\n' && c != '\t' || c == '\u{fffd}' { '.' } else { c })
        .collect();
    shown.trim_end_matches('\n').split('\n').map(|line| format!("{side}{line}")).collect::<Vec<_>>().join("\n")
}

/// Without what only the page needs.
fn public(row: &Value) -> Map<String, Value> {
    let members = row.as_object().into_iter().flatten();
    members.filter(|(name, _)| !name.starts_with('_')).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn cell(row: &Value, name: &str) -> String {
    match &row[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Text from evidence must not steer the terminal: control characters are shown, not sent.
fn fit(value: &str, width: usize) -> String {
    let clean: String = value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if clean.chars().count() <= width {
        return format!("{clean:<width$}");
    }
    let kept: String = clean.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}
