//! Secrets in the clear, for a reason that goes to the custody log.

use case::{Case, Entry, FactRow, PageRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::{mask, unsaid};
use crate::error::{Error, Result};
use crate::filter::Around;
use crate::rows::{Labels, Row, Select};
use crate::state::{App, now};

/// Which masked values are wanted, and why.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct SecretsReveal {
    /// Facts by their `_id`; empty: those of `view` that `select` selects.
    pub facts: Vec<String>,
    /// `facts` or a kind of fact.
    pub view: String,
    pub select: Select,
    /// Written to the custody log, with the facts; never what they hold.
    pub reason: String,
}

/// What is masked in rows, in the clear.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Revealed {
    /// Those of the wanted facts that have something masked.
    pub facts: Vec<RevealedFact>,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct RevealedFact {
    /// `_id` of its row.
    pub id: String,
    /// What the row has masked, by name.
    pub values: Row,
}

/// Facts that are revealed at once.
const MOST: usize = 10_000;
const LONGEST_REASON: usize = 500;

pub(crate) fn secrets_reveal(app: &App, request: SecretsReveal) -> Result<Revealed> {
    let case = app.open_case()?;
    let reason = request.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(Error::invalid(format!("revealing secrets: say why, in at most {LONGEST_REASON} letters")));
    }
    let wanted = wanted(app, &case, &request)?;
    let (mut facts, mut items) = (Vec::new(), Vec::new());
    let mut labels = Labels::new(&case);
    for fact in wanted {
        let run = fact.run;
        let revealed = reveal(fact);
        if !revealed.values.is_empty() {
            let (_, sha256, _) = labels.of(run);
            if !items.contains(&sha256) {
                items.push(sha256);
            }
            facts.push(revealed);
        }
    }
    // Written before anything is told. Which facts: their ids, and what of them.
    let told: Vec<Value> =
        facts.iter().map(|fact| json!({ "fact": fact.id, "fields": fact.values.keys().collect::<Vec<_>>() })).collect();
    let params = match request.facts.is_empty() {
        true => json!({ "reason": reason, "revealed": told, "view": request.view, "select": request.select }),
        false => json!({ "reason": reason, "revealed": told }),
    };
    let params = unsaid(params);
    case.log(now(), &Entry { action: "secrets_reveal", objects: items, params, outcome: "done".into() })?;
    Ok(Revealed { facts })
}

fn wanted(app: &App, case: &Case, request: &SecretsReveal) -> Result<Vec<FactRow>> {
    let too_many = || Error::invalid(format!("revealing secrets: more than {MOST} facts; ask for fewer"));
    if !request.facts.is_empty() {
        if request.facts.len() > MOST {
            return Err(too_many());
        }
        let one = |id: &String| {
            let number = id.parse().map_err(|_| Error::invalid(format!("'{id}' is no fact's id")))?;
            case.fact(number)?.ok_or_else(|| Error::missing(format!("there is no fact {id}")))
        };
        return request.facts.iter().map(one).collect();
    }
    let kind = match request.view.as_str() {
        "facts" => None,
        view => Some(crate::kinds::kind(view).ok_or_else(|| Error::invalid(format!("'{view}' is no kind of fact")))?),
    };
    let page = PageRequest {
        select: request.select.to_case(&request.view, &Around::new(case, &app.geo))?,
        sort: String::new(),
        descending: false,
        after: None,
        skip: 0,
        limit: MOST as u32,
        count: false,
    };
    let (facts, next, _) = case.facts_page(kind.map(|kind| kind.name), &page)?;
    if next.is_some() { Err(too_many()) } else { Ok(facts) }
}

fn reveal(fact: FactRow) -> RevealedFact {
    let mut shown = fact.clone();
    let masked = mask(&mut shown);
    let values = masked.into_iter().map(|name| {
        let value = match fact.fields.get(&name) {
            Some(value) => value.clone(),
            None => fact.subject.clone().into(),
        };
        (name, value)
    });
    RevealedFact { id: fact.id.to_string(), values: values.collect() }
}
