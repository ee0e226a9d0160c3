//! What an analyst writes to say which rows: the common part of Wireshark's display filters (wireshark-filter(4)).
//!
//! `ip.addr == 10.0.0.0/8 && (dns || http.host contains "cloud")`. Here it is only taken apart; what a name means, and in which
//! table it is looked for, is known further up.

mod lex;
mod parse;

use std::fmt;
use std::ops::Range;

pub use parse::parse;

/// A filter, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold (at least two).
    And(Vec<Expr>),
    /// One of them holds (at least two).
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// A name alone: a protocol, or a field that is there.
    Has(Name),
    Test(Test),
}

/// A field compared with values.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub field: Name,
    pub op: Op,
    /// One; for [`Op::In`] all that stand between the braces.
    pub values: Vec<Value>,
}

/// A field's name, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    /// Bytes of the filter.
    pub at: Range<usize>,
}

/// What a field is compared with, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Without quotes and escapes.
    pub text: String,
    /// The end of a range: `5` of `1..5`.
    pub to: Option<String>,
    /// It stood in quotes.
    pub quoted: bool,
    pub at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
    Contains,
    /// A regular expression.
    Matches,
    In,
}

impl Op {
    /// As it is written in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Is => "==",
            Op::IsNot => "!=",
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Contains => "contains",
            Op::Matches => "matches",
            Op::In => "in",
        }
    }
}

/// Why a filter can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub why: String,
    /// Bytes of the filter; empty at its end when something is missing there.
    pub at: Range<usize>,
    /// What was probably meant, said after the place.
    pub hint: String,
}

impl Mistake {
    pub fn new(why: impl Into<String>, at: Range<usize>) -> Mistake {
        Mistake { why: why.into(), at, hint: String::new() }
    }
}

impl fmt::Display for Mistake {
    /// `unknown field 'htpp.host' at 5; did you mean 'http.host'?` The place counts from 1, as people do.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} at {}", self.why, self.at.start + 1)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}

impl std::error::Error for Mistake {}
