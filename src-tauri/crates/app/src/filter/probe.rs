//! Tests on texts as rows and packets have them.

use std::collections::HashSet;

use case::{Block, Op as On};

use super::check::Checked;

pub(super) type Probe = Box<dyn Fn(&str) -> bool>;

/// A test, without its `not`.
pub(super) fn probe(test: &Checked) -> Probe {
    let any: Vec<Vec<Probe>> =
        test.any.iter().map(|both| both.iter().map(|(op, value)| single(*op, value)).collect()).collect();
    Box::new(move |text| any.iter().any(|both| both.iter().all(|one| one(text))))
}

fn single(op: On, value: &str) -> Probe {
    let wanted = value.to_owned();
    let number = value.parse::<f64>().ok();
    let ordered = move |is: fn(std::cmp::Ordering) -> bool| -> Probe {
        Box::new(move |text| {
            let order = match (text.parse::<f64>(), number) {
                (Ok(a), Some(b)) => a.partial_cmp(&b),
                (Err(_), Some(_)) => None,
                (_, None) => Some(text.cmp(wanted.as_str())),
            };
            order.is_some_and(is)
        })
    };
    match op {
        On::Less => ordered(|order| order.is_lt()),
        On::AtMost => ordered(|order| order.is_le()),
        On::More => ordered(|order| order.is_gt()),
        On::AtLeast => ordered(|order| order.is_ge()),
        On::Has => Box::new(|text| !text.is_empty()),
        On::OneOf => {
            let list: HashSet<String> = serde_json::from_str(value).unwrap_or_default(); // it was made by us
            Box::new(move |text| list.contains(text))
        }
        On::Holds => {
            let wanted = value.to_owned();
            Box::new(move |text| text.contains(&wanted))
        }
        On::Contains => {
            let wanted = value.to_lowercase();
            Box::new(move |text| text.to_lowercase().contains(&wanted))
        }
        On::Matches => match case::pattern(value) {
            Ok(pattern) => Box::new(move |text| pattern.is_match(text)),
            Err(_) => Box::new(|_| false), // it was refused before
        },
        On::Within => {
            let block = Block::parse(value);
            Box::new(move |text| text.parse().is_ok_and(|ip| block.is_some_and(|block| block.holds(ip))))
        }
        On::Is | On::IsNot => {
            let wanted = value.to_owned();
            Box::new(move |text| {
                let same = text == wanted || text.parse::<f64>().ok().zip(number).is_some_and(|(a, b)| a == b);
                same != (op == On::IsNot)
            })
        }
    }
}
