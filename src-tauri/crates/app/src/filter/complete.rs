//! What could be written where the caret stands.

use model::filter::{Op, parse};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::countries::Around;
use super::fields::{Known, Means, Shape, all, lookup};
use super::rows::translate;
use crate::error::Result;
use crate::state::App;

/// A filter under construction.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(default)]
pub struct FilterComplete {
    pub text: String,
    /// Where the caret stands, in bytes (UTF-8); beyond the end: at the end.
    pub caret: u32,
    /// `facts`, `flows`, `frames`, a kind of fact, ...
    pub view: String,
}

#[derive(Clone, Debug, Serialize, TS)]
pub struct Completion {
    /// Bytes that a candidate takes the place of.
    pub start: u32,
    pub end: u32,
    /// The likeliest first; at most fifty.
    pub candidates: Vec<Candidate>,
    /// What is wrong with the filter as it stands; nothing: it can be used.
    pub problem: Option<String>,
    /// Where, in bytes.
    pub problem_start: u32,
    pub problem_end: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct Candidate {
    pub text: String,
    /// What it means.
    pub about: String,
}

const MOST: usize = 50;

pub(crate) fn filter_complete(app: &App, request: FilterComplete) -> Result<Completion> {
    let FilterComplete { text, caret, view } = request;
    let view = if view.is_empty() { "facts" } else { view.as_str() };
    let mut caret = (caret as usize).min(text.len());
    while !text.is_char_boundary(caret) {
        caret -= 1;
    }
    let (before, after) = text.split_at(caret);
    let start =
        before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let end = caret + after.find(|c: char| !is_name(c)).unwrap_or(after.len());
    let typed = before.get(start..).unwrap_or_default();
    let candidates = match expected(before.get(..start).unwrap_or_default(), view) {
        Expected::Name => names(typed, view),
        Expected::Operator(known) => operators(&known).into_iter().filter(|one| one.text.starts_with(typed)).collect(),
        Expected::Joint => joints().into_iter().filter(|one| one.text.starts_with(typed)).collect(),
        Expected::Value(known) => values(&known).into_iter().filter(|one| one.text.starts_with(typed)).collect(),
    };
    let around = Around::without_case(&app.geo);
    let problem = match parse(&text) {
        Ok(None) => None,
        Ok(Some(expr)) if view == "frames" => super::frames::check_names(&expr, &around).err(),
        Ok(Some(expr)) => translate(&expr, view, &around).err(),
        Err(mistake) => Some(mistake),
    };
    let at = problem.as_ref().map_or(0..0, |mistake| mistake.at.clone());
    Ok(Completion {
        start: start as u32,
        end: end as u32,
        candidates,
        problem: problem.map(|mistake| mistake.to_string()),
        problem_start: at.start as u32,
        problem_end: at.end as u32,
    })
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

enum Expected {
    Name,
    Operator(Box<Known>),
    Value(Box<Known>),
    /// `&&`, `||`
    Joint,
}

/// What the words before the caret leave to be written.
fn expected(before: &str, view: &str) -> Expected {
    let before = before.trim_end();
    let last = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '!')).next().unwrap_or_default();
    let field = |text: &str| {
        let text = text.trim_end();
        let word = text.rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
        lookup(&model::filter::Name { text: word.to_owned(), at: 0..0 }, view).ok().map(Box::new)
    };
    let operator = [Op::IsNot, Op::AtMost, Op::AtLeast, Op::Is, Op::Less, Op::More, Op::Contains, Op::Matches]
        .iter()
        .map(|op| op.as_str())
        .find(|sign| before.ends_with(sign));
    if before.is_empty() || before.ends_with(['(', '!', '&', '|']) && operator.is_none() {
        return Expected::Name;
    }
    if matches!(last.to_ascii_lowercase().as_str(), "and" | "or" | "not") {
        return Expected::Name;
    }
    if let Some(known) = operator.and_then(|sign| before.strip_suffix(sign)).and_then(field) {
        return Expected::Value(known);
    }
    match field(last) {
        Some(known) if last.ends_with(is_name) && !matches!(known.means, Means::Protocol(_)) => {
            Expected::Operator(known)
        }
        _ => Expected::Joint,
    }
}

/// Names that begin so, then names that hold it; short before long, since they are the general ones.
fn names(typed: &str, view: &str) -> Vec<Candidate> {
    let typed = typed.to_ascii_lowercase();
    let rank = |name: &str| {
        let name = name.to_ascii_lowercase();
        if name.starts_with(&typed) {
            Some(0)
        } else if typed.len() > 1 && name.contains(&typed) {
            Some(1)
        } else {
            None
        }
    };
    // Of `dns.q` what follows the last dot counts; without a dot whole protocols come first.
    let mut found: Vec<(usize, usize, Known)> = all(view)
        .into_iter()
        .filter_map(|known| Some((rank(&known.name)?, known.name.matches('.').count(), known)))
        .collect();
    found.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| a.2.name.cmp(&b.2.name)));
    found.truncate(MOST);
    found.into_iter().map(|(.., known)| Candidate { text: known.name, about: known.about }).collect()
}

fn operators(known: &Known) -> Vec<Candidate> {
    let mut list = vec![("==", "is"), ("!=", "is there, and is not")];
    if matches!(known.shape, Shape::Number | Shape::Time | Shape::Text) {
        list.extend([("<", "less, or earlier"), ("<=", "at most"), (">", "more, or later"), (">=", "at least")]);
    }
    if known.shape == Shape::Text {
        list.extend([("contains", "holds this text"), ("matches", "fits a regular expression, whatever the case")]);
    }
    list.push(("in", "is one of {a b 1..5}"));
    list.extend([("&&", "and"), ("||", "or")]);
    list.into_iter().map(|(text, about)| Candidate { text: text.into(), about: about.into() }).collect()
}

fn joints() -> Vec<Candidate> {
    [("&&", "both hold"), ("||", "one of both holds")]
        .map(|(text, about)| Candidate { text: text.into(), about: about.into() })
        .into()
}

/// Where few values are possible.
fn values(known: &Known) -> Vec<Candidate> {
    let Means::Fact(told) = &known.means else { return Vec::new() };
    told.words.iter().map(|(number, word)| Candidate { text: (*number).into(), about: (*word).into() }).collect()
}
