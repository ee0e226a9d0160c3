//! What was heard, newest first, as the case has it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use app::{App, Door, Maker, Opened, Receiver};
use serde_json::{Map, Value, json};

/// The most that is shown at once.
pub const MOST: u32 = 1_000;
/// Sightings of one client that are looked through.
const MOST_OF_CLIENT: u64 = 200_000;

pub type Row = Map<String, Value>;

/// Why nothing is shown.
pub enum Nothing {
    /// The question makes no sense.
    Asked(String),
    /// The answer is that there is none.
    Missing(String),
    Failed(String),
}

/// Column by column: as older receivers name it, and the field of a sighting.
pub const COLUMNS: &[(&str, &str)] = &[
    ("network_id", "network"),
    ("node_mac", "node"),
    ("mac", "device"),
    ("count", "count"),
    ("min_signal", "signal_min"),
    ("max_signal", "signal_max"),
    ("avg_signal", "signal_avg"),
    ("first_seen", "first_seen"),
    ("last_seen", "last_seen"),
    ("associated", "associated"),
    ("verified", "verified"),
    ("source", "source"),
];

/// Sightings that fit, newest first. Addresses have been brought into one form.
pub fn sightings(receiver: &Receiver, fits: &[(&str, String)], limit: u32) -> Result<Vec<Row>, Nothing> {
    let app = own(receiver)?;
    let (rows, _) = page(&app, fits, None, limit.min(MOST))?;
    Ok(rows)
}

/// The nodes that heard a client, the one that heard it last in front.
pub fn nodes(receiver: &Receiver, client: &str) -> Result<Vec<Row>, Nothing> {
    let mut nodes: BTreeMap<String, Row> = BTreeMap::new();
    each(receiver, client, &mut |row| {
        let name = row.get("node_mac").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(node) = nodes.get_mut(&name) else {
            let kept = ["node_mac", "first_seen", "last_seen", "count", "max_signal"];
            let row = kept.iter().map(|name| ((*name).to_owned(), row.get(*name).cloned().unwrap_or_default()));
            nodes.insert(name, row.collect());
            return;
        };
        // RFC 3339 in UTC sorts as it reads.
        let earlier = text(node, "first_seen") > text(&row, "first_seen");
        let later = text(node, "last_seen") < text(&row, "last_seen");
        for (name, replaces) in [("first_seen", earlier), ("last_seen", later)] {
            if replaces {
                node.insert(name.to_owned(), row.get(name).cloned().unwrap_or_default());
            }
        }
        let number = |row: &Row, name: &str| row.get(name).and_then(Value::as_i64);
        let sum = number(node, "count").unwrap_or(0).saturating_add(number(&row, "count").unwrap_or(0));
        node.insert("count".to_owned(), json!(sum));
        node.insert("max_signal".to_owned(), json!(number(node, "max_signal").max(number(&row, "max_signal"))));
    })?;
    let mut nodes: Vec<Row> = nodes.into_values().collect();
    nodes.sort_by(|a, b| text(b, "last_seen").cmp(text(a, "last_seen")));
    Ok(nodes)
}

/// The sighting of a client that ended last.
pub fn last(receiver: &Receiver, client: &str) -> Result<Row, Nothing> {
    let mut last: Option<Row> = None;
    each(receiver, client, &mut |row| {
        if last.as_ref().is_none_or(|last| text(last, "last_seen") < text(&row, "last_seen")) {
            last = Some(row);
        }
    })?;
    last.ok_or_else(|| Nothing::Missing(format!("{client} was not seen")))
}

pub fn text<'r>(row: &'r Row, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `9C-B6-D0-11-22-33`, `9cb6.d011.2233` and `9cb6d0112233` are `9c:b6:d0:11:22:33`.
pub fn mac(given: &str) -> Result<String, Nothing> {
    let digits: String = given.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Nothing::Asked(format!("'{given}' is no MAC address")));
    }
    let digits = digits.to_ascii_lowercase();
    let pairs: Vec<&str> = (0..6).filter_map(|n| digits.get(2 * n..2 * n + 2)).collect();
    Ok(pairs.join(":"))
}

fn each(receiver: &Receiver, client: &str, each: &mut dyn FnMut(Row)) -> Result<(), Nothing> {
    let app = own(receiver)?;
    let (mut after, mut seen) = (None, 0);
    while seen < MOST_OF_CLIENT {
        let (rows, next) = page(&app, &[("device", client.to_owned())], after, 5_000)?;
        seen += rows.len() as u64;
        rows.into_iter().for_each(&mut *each);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(())
}

/// The case that is received into, as long as it is open.
fn own(receiver: &Receiver) -> Result<Arc<App>, Nothing> {
    let other = || Nothing::Failed("another case is open now".into());
    receiver.app().filter(|_| receiver.is_of_open_case()).ok_or_else(other)
}

type Page = (Vec<Row>, Option<String>);

fn page(app: &App, fits: &[(&str, String)], after: Option<String>, limit: u32) -> Result<Page, Nothing> {
    let filters: Vec<Value> =
        fits.iter().map(|(field, value)| json!({ "field": field, "op": "=", "value": value })).collect();
    let request = json!({
        "view": "sighting", "select": { "filters": filters }, "sort": "ts", "descending": true, "after": after, "limit": limit,
    });
    let mut page = app.call("rows", request).map_err(|why| Nothing::Failed(why.message))?;
    let next = page["next"].as_str().map(str::to_owned);
    let rows = match page["rows"].take() {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    };
    let named = |row: Value| {
        let value = |field: &str| row.get(field).cloned().unwrap_or_default();
        COLUMNS.iter().map(|(name, field)| ((*name).to_owned(), value(field))).collect()
    };
    Ok((rows.into_iter().map(named).collect(), next))
}

/// The example of the makers' own description, and how it is signed with `s3cret`.
const SAMPLE: &str = r#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{"mac":"9c:b6:d0:11:22:33","count":3,"min_signal":-71,"max_signal":-60,"avg_signal":-66,"first_seen":1700000000,"last_seen":1700000012,"associated":true}]}"#;
const SAMPLE_KEY: &str = "s3cret";
const SAMPLE_SIGNATURE: &str = "dbee9298562dee4d88a4d10a0c276c8ee3cb423f74a59783033f234580487006";

/// Takes the receiver and listens nowhere.
#[derive(Clone, Default)]
struct NoDoor(Arc<Mutex<Option<Arc<Receiver>>>>);

impl Door for NoDoor {
    fn open(&self, receiver: Arc<Receiver>, listen: std::net::SocketAddr) -> Result<Opened, String> {
        *self.0.lock().map_err(|why| why.to_string())? = Some(receiver);
        Ok(Opened { listen, url: String::new(), guard: Box::new(()) })
    }
}

/// Sends the sample through a receiver of its own into a case of its own, in a temporary folder that is removed again.
pub fn try_out() -> Result<Vec<Row>, Nothing> {
    let failed = |why: String| Nothing::Failed(format!("trying the receiver out: {why}"));
    let folder = tempfile::tempdir().map_err(|why| failed(why.to_string()))?;
    let app = App::new(Some(folder.path().join("settings")));
    let call = |name: &str, request: Value| app.call(name, request).map_err(|why| failed(why.message));
    call("case_new", json!({ "dir": folder.path().join("scratch.lintel"), "name": "scratch" }))?;
    call("receiver_key", json!({ "network": "700123", "secret": SAMPLE_KEY }))?;
    let door = NoDoor::default();
    app.install(Box::new(door.clone()));
    let started = call("receiver_start", json!({}))?;
    let receiver = door.0.lock().ok().and_then(|mut receiver| receiver.take());
    let receiver = receiver.ok_or_else(|| failed("it did not start".into()))?;
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let taken = receiver.take(Maker::CloudTrax, peer, Some(SAMPLE_SIGNATURE.as_bytes()), SAMPLE.as_bytes());
    call("receiver_stop", Value::Null)?;
    let job = started["job"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    app.wait(job, &mut |_| ()).map_err(|why| failed(why.message))?;
    taken.map_err(|why| failed(format!("the sample was refused: {why:?}")))?;
    let (rows, _) = page(&app, &[], None, MOST)?;
    Ok(rows)
}
