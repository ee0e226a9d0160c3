//! Values of a filter, read as what their field holds.

use case::{Block, Expr, Op as On};
use model::filter::{Mistake, Op, Test, Value};
use model::{Mac, Time};

use super::fields::{Known, Means, Shape, Version};
use crate::secrets;

/// A test whose values make sense.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// One of these has to hold; a range is both of its ends.
    pub any: Vec<Vec<(On, String)>>,
    /// ... or rather must not, while the field is there (`!=`).
    pub not: bool,
}

impl Checked {
    /// The field is there.
    pub fn there(known: &Known) -> Checked {
        let there = match &known.means {
            Means::Host(_, version) => (On::Within, version.block().to_owned()),
            _ => (On::Has, String::new()),
        };
        Checked { any: vec![vec![there]], not: false }
    }

    /// An address of this version.
    pub fn any_of(version: Version) -> Checked {
        Checked { any: vec![vec![(On::Within, version.block().to_owned())]], not: false }
    }

    /// As conditions on a column, without `not`.
    pub fn on(&self, column: &str) -> Expr {
        let each = |both: &Vec<(On, String)>| {
            let mut list: Vec<Expr> = both.iter().map(|(op, value)| Expr::is(column, *op, value.clone())).collect();
            if list.len() == 1 { list.swap_remove(0) } else { Expr::All(list) }
        };
        let mut list: Vec<Expr> = self.any.iter().map(each).collect();
        if list.len() == 1 { list.swap_remove(0) } else { Expr::Any(list) }
    }
}

pub(super) fn check(test: &Test, known: &Known) -> Result<Checked, Mistake> {
    let text = matches!(test.op, Op::Contains | Op::Matches);
    if matches!(known.means, Means::Protocol(_)) {
        let why = format!("'{}' is a protocol, and stands alone", test.field.text);
        return Err(Mistake::new(why, test.field.at.clone()));
    }
    let ordered = matches!(test.op, Op::Less | Op::AtMost | Op::More | Op::AtLeast);
    if matches!(known.shape, Shape::Ip | Shape::Mac) && ordered {
        let why = format!("addresses are compared with ==, != and in, not with {}", test.op.as_str());
        return Err(Mistake::new(why, test.field.at.clone()));
    }
    let is_range = test.values.iter().any(|value| value.to.is_some());
    if is_secret(known) && (text || ordered || is_range) {
        let why = format!("'{}' is secret: it can only be asked for the very value, by ==", test.field.text);
        return Err(Mistake::new(why, test.field.at.clone()));
    }
    let mut any = Vec::new();
    for value in &test.values {
        any.push(match test.op {
            Op::Contains => vec![(On::Holds, value.text.clone())],
            Op::Matches => {
                case::pattern(&value.text)
                    .map_err(|why| Mistake::new(format!("the pattern can't be used ({why})"), value.at.clone()))?;
                vec![(On::Matches, value.text.clone())]
            }
            _ if !text => one(test.op, value, known)?,
            _ => Vec::new(),
        });
    }
    Ok(Checked { any, not: test.op == Op::IsNot })
}

/// Whether what the name means holds a secret; see `secrets`.
fn is_secret(known: &Known) -> bool {
    match &known.means {
        Means::Fact(told) => {
            told.kinds.iter().any(|kind| told.fields.iter().any(|field| secrets::is_secret(Some(kind), field)))
        }
        Means::Column(column) => secrets::is_secret(None, column),
        Means::Seen(node) => secrets::is_secret_node(node),
        _ => false,
    }
}

fn one(op: Op, value: &Value, known: &Known) -> Result<Vec<(On, String)>, Mistake> {
    let read = |text: &str| read(text, known).map_err(|why| Mistake::new(why, value.at.clone()));
    let from = read(&value.text)?;
    if let Some(to) = &value.to {
        if !matches!(known.shape, Shape::Number | Shape::Time | Shape::Text) {
            return Err(Mistake::new("addresses have no ranges; write a block, as in 10.0.0.0/8", value.at.clone()));
        }
        return Ok(vec![(On::AtLeast, from), (On::AtMost, read(to)?)]);
    }
    let on = match op {
        Op::Less => On::Less,
        Op::AtMost => On::AtMost,
        Op::More => On::More,
        Op::AtLeast => On::AtLeast,
        _ if known.shape == Shape::Ip && from.contains('/') => On::Within,
        _ => On::Is,
    };
    Ok(vec![(on, from)])
}

/// A value as the case holds it.
fn read(text: &str, known: &Known) -> Result<String, String> {
    match known.shape {
        Shape::Ip => {
            let six = matches!(known.means, Means::Host(_, Version::Six));
            let address = text.split_once('/').map_or(text, |(address, _)| address).parse::<std::net::IpAddr>();
            match address {
                Ok(ip) if ip.is_ipv6() != six => Err(match six {
                    true => format!("'{text}' is an IPv4 address: write ip rather than ipv6"),
                    false => format!("'{text}' is an IPv6 address: write ipv6 rather than ip"),
                }),
                Ok(_) if text.contains('/') => match Block::parse(text) {
                    Some(_) => Ok(text.to_owned()),
                    None => Err(format!("'{text}' is not a block such as 10.0.0.0/8")),
                },
                Ok(ip) => Ok(ip.to_string()),
                Err(_) => Err(format!("'{text}' is not an IP address")),
            }
        }
        Shape::Mac => Mac::parse(text).map(|mac| mac.to_string()).map_err(|why| why.to_string()),
        Shape::Number => number(text).ok_or_else(|| format!("'{text}' is not a number")),
        Shape::Time => time(text).ok_or_else(|| format!("'{text}' is not a time such as 2026-03-14T17:42:09Z")),
        Shape::Text => {
            let words = if let Means::Fact(told) = &known.means { told.words } else { &[] };
            let word = words.iter().find(|(wireshark, _)| *wireshark == text).map(|(_, ours)| (*ours).to_owned());
            let hex = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            Ok(word.or(hex.map(|n| n.to_string())).unwrap_or_else(|| text.to_owned()))
        }
    }
}

fn number(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(digits, 16).ok().map(|n| n.to_string());
    }
    match text {
        "true" => return Some("1".into()),
        "false" => return Some("0".into()),
        _ => {}
    }
    if text.parse::<i64>().is_ok() {
        return Some(text.trim_start_matches('+').to_owned());
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| n.to_string())
}

/// RFC 3339, a date, or a date and time of day in UTC.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let spaced = text.replacen(' ', "T", 1);
    let zoned = format!("{spaced}Z");
    [text, spaced.as_str(), zoned.as_str()].iter().find_map(|text| Time::parse(text).ok()).map(|time| time.to_string())
}
