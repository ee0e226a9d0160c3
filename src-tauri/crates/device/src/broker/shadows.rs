//! Serves the shadows of things: keeps what is accepted, answers who asked, and tells of differences.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::inner::Inner;
use crate::clock::now;
use crate::home::Home;
use crate::record::{Event, Record, Recorder};
use crate::shadow::topic::{Ask, answer, is_name};
use crate::shadow::{Outcome, Shadow, ShadowAnswer, apply};

/// A thing that asks for ever new names is stopped.
const MOST_NAMES: usize = 100;

pub struct Shadows {
    home: Arc<dyn Home>,
    recorder: Arc<dyn Recorder>,
    /// One change at a time: a version is made from the one before.
    turn: Mutex<()>,
}

/// A message that follows from a request.
pub struct Said {
    pub topic: String,
    pub payload: Vec<u8>,
}

impl Shadows {
    pub fn new(home: Arc<dyn Home>, recorder: Arc<dyn Recorder>) -> Shadows {
        Shadows { home, recorder, turn: Mutex::new(()) }
    }

    /// Does what is asked, keeps it, and gives the answer with all messages that are to be published. May take as long as keeping does.
    pub fn ask(&self, thing: &str, name: &str, ask: Ask, payload: &[u8]) -> (ShadowAnswer, Vec<Said>) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.outcome(thing, name, ask, payload);
        drop(turn);
        let what = if outcome.answer.accepted() { "accepted" } else { "rejected" };
        let mut said = vec![(format!("{}/{what}", ask.as_str()), outcome.answer.body.clone())];
        said.extend(outcome.delta.map(|delta| ("update/delta".to_owned(), delta)));
        said.extend(outcome.documents.map(|documents| ("update/documents".to_owned(), documents)));
        let said = said.into_iter();
        let said =
            said.map(|(what, body)| Said { topic: answer(thing, name, &what), payload: body.to_string().into() });
        (outcome.answer, said.collect())
    }

    fn outcome(&self, thing: &str, name: &str, ask: Ask, payload: &[u8]) -> Outcome {
        let now = now();
        let reject = |code: u16, message: &str| Outcome {
            answer: ShadowAnswer::rejected(code, message, now),
            keep: None,
            delta: None,
            documents: None,
        };
        const FAILED: &str = "Internal service failure";
        if !name.is_empty() && !is_name(name) {
            return reject(400, "Invalid shadow name");
        }
        let Ok(newest) = self.home.shadow(thing, name) else { return reject(500, FAILED) };
        let outcome = apply(Shadow { thing, name, newest: newest.as_ref(), now }, ask, payload);
        let Some(version) = &outcome.keep else { return outcome };
        if newest.is_none() && !name.is_empty() {
            match self.home.shadows(thing) {
                Ok(names) if names.len() >= MOST_NAMES => return reject(429, "Too many named shadows"),
                Ok(_) => {}
                Err(_) => return reject(500, FAILED),
            }
        }
        if self.home.keep_shadow(version).is_err() {
            return reject(500, FAILED);
        }
        let mut fields = Map::new();
        fields.insert("name".into(), name.into());
        fields.insert("version".into(), version.version.into());
        fields.insert("document".into(), version.document.clone().unwrap_or(Value::Null));
        let event = Event { at: now, between: None, act: "shadow", thing: Some(thing.to_owned()), fields };
        self.recorder.keep(Record::Event(event));
        outcome
    }
}

/// Publishes what follows, in its order.
pub async fn publish(inner: &Inner, said: Vec<Said>) {
    for said in said {
        inner.publish(&said.topic, said.payload, 1, false).await;
    }
}
