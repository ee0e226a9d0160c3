//! Formats that we name but do not read yet.

use model::{Cancelled, Kind, Sink};
use serde::de::IgnoredAny;

use crate::format::{Ending, Format, Head, Recognised, begins_with};
use crate::source::Source;

/// A longer text is not checked as JSON: it would have to be in memory.
const LONGEST: usize = 64 << 20;

/// A JSON object or list (RFC 8259), checked to its end.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let kind = match head.bytes().trim_ascii_start().first() {
            Some(b'{') => "object",
            Some(b'[') => "list",
            _ => return Err("begins with neither { nor [".into()),
        };
        let whole = head.whole(LONGEST).ok_or("longer than 64 MiB, which is the most that is checked")?;
        match serde_json::from_slice::<IgnoredAny>(whole) {
            Ok(_) => Ok(format!("a JSON {kind} to its end").into()),
            Err(error) => Err(format!("begins like a JSON {kind}, but {error}")),
        }
    }

    fn read(&self, _source: &mut Source, _sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        Ok(Ending::Complete)
    }
}

/// An SQLite 3 database.
pub struct Sqlite;

impl Format for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        begins_with(head.bytes(), b"SQLite format 3\0", "SQLite")?;
        Ok("begins with 'SQLite format 3'".to_owned().into())
    }

    fn read(&self, _source: &mut Source, _sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        Ok(Ending::Complete)
    }
}

/// UTF-8 text, by its first 64 KiB.
pub struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let is_whole = head.is_whole();
        let bytes = head.bytes();
        if bytes.is_empty() {
            return Err("empty".into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // The head may end within a character.
            Err(error) if !is_whole && error.error_len().is_none() => {
                bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default()
            }
            Err(error) => return Err(format!("no UTF-8 at offset {}", error.valid_up_to())),
        };
        let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}');
        match text.char_indices().find(|(_, c)| control(*c)) {
            Some((at, c)) => Err(format!("control character U+{:04X} at offset {at}", u32::from(c))),
            None => Ok(format!("UTF-8 text in the first {} bytes", text.len()).into()),
        }
    }

    fn read(&self, _source: &mut Source, _sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        Ok(Ending::Complete)
    }
}
