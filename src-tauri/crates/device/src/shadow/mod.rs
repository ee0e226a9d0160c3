//! Device shadows as AWS IoT has them (AWS IoT Developer Guide, "AWS IoT Device Shadow service"): what is asked of one, and what follows from it. Nothing
//! here waits, keeps or sends: [`apply`] is given the newest version and answers with the next.

mod request;
mod state;
#[cfg(test)]
mod tests;
pub mod topic;

use model::Time;
use serde_json::{Map, Value, json};

use crate::home::ShadowVersion;
use request::{LARGEST, Rejection, Section, Update};
use topic::Ask;

/// What the operator asks of a shadow.
#[derive(Clone, Debug, PartialEq)]
pub enum ShadowRequest {
    Get,
    /// The JSON document as it would be published.
    Update(Vec<u8>),
    Delete,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowAnswer {
    /// 200, or the code of the rejection.
    pub code: u16,
    /// The document of `accepted` or `rejected`.
    pub body: Value,
}

impl ShadowAnswer {
    pub fn accepted(&self) -> bool {
        self.code == 200
    }

    /// An answer that is given for reasons outside of the shadow.
    pub(crate) fn rejected(code: u16, message: &str, now: Time) -> ShadowAnswer {
        ShadowAnswer { code, body: Rejection::new(code, message).body(seconds(now)) }
    }
}

/// What follows from a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub answer: ShadowAnswer,
    /// To be kept before anybody is told.
    pub keep: Option<ShadowVersion>,
    /// To be published, if desired and reported differ.
    pub delta: Option<Value>,
    pub documents: Option<Value>,
}

/// Which shadow is asked, and when.
#[derive(Clone, Copy, Debug)]
pub struct Shadow<'a> {
    pub thing: &'a str,
    /// Empty: the classic one.
    pub name: &'a str,
    /// The newest version, deleted or not.
    pub newest: Option<&'a ShadowVersion>,
    pub now: Time,
}

/// Does what is asked.
pub fn apply(shadow: Shadow, ask: Ask, payload: &[u8]) -> Outcome {
    let outcome = match ask {
        Ask::Get => get(shadow, payload),
        Ask::Update => update(shadow, payload),
        Ask::Delete => delete(shadow, payload),
    };
    outcome.unwrap_or_else(|rejection| Outcome {
        answer: ShadowAnswer { code: rejection.code, body: rejection.body(seconds(shadow.now)) },
        keep: None,
        delta: None,
        documents: None,
    })
}

fn get(shadow: Shadow, payload: &[u8]) -> Result<Outcome, Rejection> {
    let token = request::bare(payload)?;
    let (version, document) = shadow.present().ok_or_else(|| shadow.missing().with_token(&token))?;
    let mut sections = Sections::of(Some(document));
    let delta = sections.delta();
    let mut state = sections.state.sections();
    if let Some([delta, _]) = delta {
        state.insert("delta".into(), Value::Object(delta));
    }
    let body = json!({ "state": state, "metadata": sections.times.sections(), "version": version });
    Ok(Outcome { answer: shadow.accepted(body, &token), keep: None, delta: None, documents: None })
}

fn update(shadow: Shadow, payload: &[u8]) -> Result<Outcome, Rejection> {
    let request = Update::read(payload)?;
    let token = &request.token;
    let known = shadow.newest.map_or(0, |newest| newest.version);
    if request.version.is_some_and(|version| version != known) {
        return Err(Rejection::new(409, "Version conflict").with_token(token));
    }
    let version = known.saturating_add(1);
    let mut sections = Sections::of(shadow.present().map(|(_, document)| document));
    let previous = sections.document();
    let now = seconds(shadow.now);
    sections.state.desired.apply(&mut sections.times.desired, &request.desired, now);
    sections.state.reported.apply(&mut sections.times.reported, &request.reported, now);
    let state = Value::Object(sections.state.sections());
    if state.to_string().len() > LARGEST {
        return Err(request::too_large().with_token(token));
    }
    let document = sections.document();
    let changed: Map<String, Value> = request
        .state
        .iter()
        .filter(|(_, section)| !section.is_null())
        .map(|(name, section)| (name.clone(), state::stamped(section, now)))
        .collect();
    let accepted = json!({ "state": request.state, "metadata": changed, "version": version });
    let delta = sections
        .delta()
        .map(|[state, times]| shadow.said(json!({ "version": version, "state": state, "metadata": times }), token));
    let at = |document: &Value, version: u64| json!({ "state": document["state"], "metadata": document["metadata"], "version": version });
    let documents = json!({ "previous": at(&previous, known), "current": at(&document, version) });
    Ok(Outcome {
        answer: shadow.accepted(accepted, token),
        keep: Some(shadow.version(version, Some(document))),
        delta,
        documents: Some(shadow.said(documents, token)),
    })
}

/// The deletion is a version of its own, so that no number ever stands for two things; the answer names the version that was deleted.
fn delete(shadow: Shadow, payload: &[u8]) -> Result<Outcome, Rejection> {
    let token = request::bare(payload)?;
    let (version, _) = shadow.present().ok_or_else(|| shadow.missing().with_token(&token))?;
    Ok(Outcome {
        answer: shadow.accepted(json!({ "version": version }), &token),
        keep: Some(shadow.version(version.saturating_add(1), None)),
        delta: None,
        documents: None,
    })
}

impl<'a> Shadow<'a> {
    fn present(&self) -> Option<(u64, &'a Value)> {
        self.newest.and_then(|newest| Some((newest.version, newest.document.as_ref()?)))
    }

    fn missing(&self) -> Rejection {
        let tilde = if self.name.is_empty() { "" } else { "~" };
        Rejection::new(404, format!("No shadow exists with name: '{}{tilde}{}'", self.thing, self.name))
    }

    fn version(&self, version: u64, document: Option<Value>) -> ShadowVersion {
        let (thing, name) = (self.thing.to_owned(), self.name.to_owned());
        ShadowVersion { thing, name, version, at: self.now, document }
    }

    fn accepted(&self, body: Value, token: &Option<String>) -> ShadowAnswer {
        ShadowAnswer { code: 200, body: self.said(body, token) }
    }

    /// With the time, and the token of who asked.
    fn said(&self, mut body: Value, token: &Option<String>) -> Value {
        if let Value::Object(body) = &mut body {
            body.insert("timestamp".into(), seconds(self.now).into());
            if let Some(token) = token {
                body.insert("clientToken".into(), token.as_str().into());
            }
        }
        body
    }
}

/// A document taken apart: state and times, each with its two sections.
struct Sections {
    state: Pair,
    times: Pair,
}

struct Pair {
    desired: Half,
    reported: Half,
}

struct Half(Map<String, Value>);

impl Sections {
    fn of(document: Option<&Value>) -> Sections {
        let pair = |part: &str| {
            let section =
                |name: &str| document.and_then(|document| document.get(part)?.get(name)?.as_object().cloned());
            Pair {
                desired: Half(section("desired").unwrap_or_default()),
                reported: Half(section("reported").unwrap_or_default()),
            }
        };
        Sections { state: pair("state"), times: pair("metadata") }
    }

    fn document(&self) -> Value {
        json!({ "state": self.state.sections(), "metadata": self.times.sections() })
    }

    /// What is desired and not reported, and since when; `None`: nothing.
    fn delta(&mut self) -> Option<[Map<String, Value>; 2]> {
        let [delta, times] = state::difference(&self.state.desired.0, &self.state.reported.0, &self.times.desired.0);
        (!delta.is_empty()).then_some([delta, times])
    }
}

impl Pair {
    /// Those that are not empty.
    fn sections(&self) -> Map<String, Value> {
        [("desired", &self.desired), ("reported", &self.reported)]
            .into_iter()
            .filter(|(_, half)| !half.0.is_empty())
            .map(|(name, half)| (name.to_owned(), Value::Object(half.0.clone())))
            .collect()
    }
}

impl Half {
    fn apply(&mut self, times: &mut Half, section: &Section, now: i64) {
        match section {
            Section::Absent => {}
            Section::Clear => (self.0, times.0) = (Map::new(), Map::new()),
            Section::Merge(patch) => state::merge(&mut self.0, &mut times.0, patch, now),
        }
    }
}

fn seconds(time: Time) -> i64 {
    time.0.div_euclid(1_000_000_000)
}
