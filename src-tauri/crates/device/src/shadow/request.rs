//! What is asked of a shadow, read strictly: what AWS IoT rejects is rejected, with its code and its words.

use serde_json::{Map, Value, json};

use super::state::levels;

/// The largest request, and the largest state.
pub const LARGEST: usize = 8 << 10;
/// Levels of keys below `desired` and `reported`.
const DEEPEST: usize = 6;
/// Deeper texts are not even taken apart.
const DEEPEST_TEXT: usize = 32;
const LONGEST_TOKEN: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// As HTTP has it.
    pub code: u16,
    pub message: String,
    pub token: Option<String>,
}

impl Rejection {
    pub fn new(code: u16, message: impl Into<String>) -> Rejection {
        Rejection { code, message: message.into(), token: None }
    }

    pub fn with_token(self, token: &Option<String>) -> Rejection {
        Rejection { token: token.clone(), ..self }
    }

    pub fn body(&self, now: i64) -> Value {
        let mut body = json!({ "code": self.code, "message": self.message, "timestamp": now });
        if let (Some(token), Value::Object(map)) = (&self.token, &mut body) {
            map.insert("clientToken".into(), token.as_str().into());
        }
        body
    }
}

/// A section of an update: not mentioned, to be cleared, or to be merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Section {
    #[default]
    Absent,
    Clear,
    Merge(Map<String, Value>),
}

#[derive(Clone, Debug, Default)]
pub struct Update {
    pub desired: Section,
    pub reported: Section,
    pub version: Option<u64>,
    pub token: Option<String>,
    /// `state` as it came.
    pub state: Map<String, Value>,
}

impl Update {
    pub fn read(payload: &[u8]) -> Result<Update, Rejection> {
        let mut document = object(payload)?;
        let token = token(&document)?;
        let reject = |message: &str| Rejection::new(400, message).with_token(&token);
        let version = match document.get("version") {
            None | Some(Value::Null) => None,
            Some(version) => Some(version.as_u64().ok_or_else(|| reject("Invalid version"))?),
        };
        let state = match document.remove("state") {
            None => return Err(reject("Missing required node: state")),
            Some(Value::Object(state)) => state,
            Some(_) => return Err(reject("State node must be an object")),
        };
        let section = |name: &str, must: &str| match state.get(name) {
            None => Ok(Section::Absent),
            Some(Value::Null) => Ok(Section::Clear),
            Some(value) if levels(value) > DEEPEST => Err(reject(NESTING)),
            Some(Value::Object(section)) => Ok(Section::Merge(section.clone())),
            Some(_) => Err(reject(must)),
        };
        let desired = section("desired", "Desired node must be an object")?;
        let reported = section("reported", "Reported node must be an object")?;
        if state.keys().any(|name| name != "desired" && name != "reported") {
            return Err(reject("State contains an invalid node"));
        }
        Ok(Update { desired, reported, version, token, state })
    }
}

/// The token of a request that has nothing else to say: an empty payload, or an object.
pub fn bare(payload: &[u8]) -> Result<Option<String>, Rejection> {
    if payload.is_empty() { Ok(None) } else { token(&object(payload)?) }
}

const NESTING: &str = "JSON contains too many levels of nesting";

fn object(payload: &[u8]) -> Result<Map<String, Value>, Rejection> {
    if payload.len() > LARGEST {
        return Err(too_large());
    }
    let Ok(text) = std::str::from_utf8(payload) else {
        return Err(Rejection::new(415, "Unsupported documented encoding; supported encoding is UTF-8"));
    };
    if depth(text) > DEEPEST_TEXT {
        return Err(Rejection::new(400, NESTING));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(document)) => Ok(document),
        _ => Err(Rejection::new(400, "Invalid JSON")),
    }
}

pub fn too_large() -> Rejection {
    Rejection::new(413, "The payload exceeds the maximum size allowed")
}

fn token(document: &Map<String, Value>) -> Result<Option<String>, Rejection> {
    match document.get("clientToken") {
        None => Ok(None),
        Some(Value::String(token)) if token.len() <= LONGEST_TOKEN => Ok(Some(token.clone())),
        Some(_) => Err(Rejection::new(400, "Invalid clientToken")),
    }
}

/// How deep brackets go, whether or not the rest is JSON.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}
