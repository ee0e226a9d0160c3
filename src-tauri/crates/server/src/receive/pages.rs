//! What was received, for people and for programs: HTML, or JSON where that is asked for. The routes are those of older receivers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::seen::{self, COLUMNS, MOST, Nothing, Row};
use super::{Hall, say};

/// Rows on a page, unless asked otherwise.
const USUAL: u32 = 100;

pub async fn all(State(hall): State<Arc<Hall>>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = Asked::new(&uri, &headers);
    let limit = match asked.limit() {
        Ok(limit) => limit,
        Err(nothing) => return no(nothing),
    };
    asked.answer("All sightings", move || seen::sightings(&hall.receiver, &[], limit)).await
}

pub async fn filter(State(hall): State<Arc<Hall>>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = Asked::new(&uri, &headers);
    let fits = || {
        let mut fits = Vec::new();
        for (name, field) in [("mac", "device"), ("node_mac", "node")] {
            if let Some(given) = asked.get(name) {
                fits.push((field, seen::mac(given)?));
            }
        }
        if fits.is_empty() {
            return Err(Nothing::Asked("give mac, node_mac, or both".into()));
        }
        Ok((fits, asked.limit()?))
    };
    match fits() {
        Ok((fits, limit)) => asked.answer("Sightings", move || seen::sightings(&hall.receiver, &fits, limit)).await,
        Err(nothing) => no(nothing),
    }
}

pub async fn nodes_seen(
    State(hall): State<Arc<Hall>>,
    Path(client): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(&uri, &headers);
    let title = "Nodes that heard the client";
    asked.answer(title, move || seen::nodes(&hall.receiver, &seen::mac(&client)?)).await
}

pub async fn last_seen(State(hall): State<Arc<Hall>>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = Asked::new(&uri, &headers);
    match asked.get("mac").map(str::to_owned) {
        Some(client) => one(hall, client, asked).await,
        None => no(Nothing::Asked("give mac".into())),
    }
}

pub async fn last_seen_of(
    State(hall): State<Arc<Hall>>,
    Path(client): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    one(hall, client, Asked::new(&uri, &headers)).await
}

async fn one(hall: Arc<Hall>, client: String, asked: Asked) -> Response {
    let look = move || Ok(vec![seen::last(&hall.receiver, &seen::mac(&client)?)?]);
    Asked { single: true, ..asked }.answer("Last sighting", look).await
}

/// Tries the receiver out, away from the case.
pub async fn test(uri: Uri, headers: HeaderMap) -> Response {
    let title = "success! The sample went through a receiver of its own into a scratch case in a temporary folder, which has been \
                 removed again. The open case was not touched.";
    Asked::new(&uri, &headers).answer(title, seen::try_out).await
}

/// What somebody wants to see, and how.
struct Asked {
    query: Vec<(String, String)>,
    json: bool,
    /// One row rather than a list of them.
    single: bool,
}

impl Asked {
    fn new(uri: &Uri, headers: &HeaderMap) -> Asked {
        let query = uri.query().unwrap_or_default();
        let parts = query.split('&').filter_map(|part| part.split_once('='));
        let query: Vec<_> = parts.map(|(name, value)| (decoded(name), decoded(value))).collect();
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let json = accept.contains("application/json") || query.contains(&("format".into(), "json".into()));
        Asked { query, json, single: false }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    fn limit(&self) -> Result<u32, Nothing> {
        let Some(given) = self.get("limit") else { return Ok(USUAL) };
        let limit = given.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.ok_or_else(|| Nothing::Asked(format!("limit is a number from 1 to {MOST}")))
    }

    /// Looking reads the disk: it is done where it holds nobody up.
    async fn answer(
        self,
        title: &'static str,
        look: impl FnOnce() -> Result<Vec<Row>, Nothing> + Send + 'static,
    ) -> Response {
        let rows = match tokio::task::spawn_blocking(look).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(nothing)) => return no(nothing),
            Err(_) => return no(Nothing::Failed("looking broke off".into())),
        };
        if self.json {
            let answer = if self.single { json!(rows.first()) } else { json!(rows) };
            return ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response();
        }
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page(title, &rows)).into_response()
    }
}

fn no(nothing: Nothing) -> Response {
    match nothing {
        Nothing::Asked(why) => say(StatusCode::BAD_REQUEST, &why),
        Nothing::Missing(why) => say(StatusCode::NOT_FOUND, &why),
        Nothing::Failed(why) => say(StatusCode::CONFLICT, &why),
    }
}

/// A table. Every text is escaped: it comes from whoever sends reports.
fn page(title: &str, rows: &[Row]) -> String {
    let names: Vec<&str> = match rows.first() {
        Some(row) => row.keys().map(String::as_str).collect(),
        None => COLUMNS.iter().map(|(name, _)| *name).collect(),
    };
    let mut out = String::from("<!doctype html><meta charset=\"utf-8\"><title>Presence reports</title>");
    out += "<style>body{font:14px system-ui}td,th{padding:2px 10px;text-align:left}td{font-family:monospace}</style>";
    out += &format!("<p>{}</p><table><tr>", escaped(title));
    names.iter().for_each(|name| out += &format!("<th>{}</th>", escaped(name)));
    out += "</tr>";
    for row in rows {
        out += "<tr>";
        for name in &names {
            let shown = match row.get(*name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) if name.ends_with("_seen") => when(text),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            out += &format!("<td>{}</td>", escaped(&shown));
        }
        out += "</tr>\n";
    }
    out + "</table>"
}

/// `2023-11-14T22:13:20.000000000Z` as `2023-11-14 22:13:20 +00:00`.
fn when(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..19)) {
        (Some(day), Some(time)) if rfc3339.ends_with('Z') => format!("{day} {time} +00:00"),
        _ => rfc3339.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// Without `+` and `%41`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok()).filter(|two| !two.starts_with('+'));
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_read_as_html() {
        let row = |node: &str| -> Row {
            [("node_mac", json!(node)), ("last_seen", json!("2023-11-14T22:13:20.000000000Z")), ("count", json!(3))]
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect()
        };
        let html = page("<b>", &[row("<script>alert('x')</script>&\"")]);
        assert!(html.contains("<td>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;</td>"), "{html}");
        assert!(
            html.contains("<p>&lt;b&gt;</p>") && html.contains("<td>2023-11-14 22:13:20 +00:00</td><td>3</td>"),
            "{html}"
        );
        assert!(page("none", &[]).contains("<th>node_mac</th>"));
    }

    #[test]
    fn queries_are_decoded() {
        for (text, want) in
            [("a%3Ab+c", "a:b c"), ("%", "%"), ("%4", "%4"), ("%+1", "% 1"), ("%zz%41", "%zzA"), ("%ff", "\u{fffd}")]
        {
            assert_eq!(decoded(text), want, "{text}");
        }
    }
}
