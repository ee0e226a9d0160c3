//! A filter's words.

use std::ops::Range;

use super::{Mistake, Op};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, or a value without quotes.
    Word(String),
    Quoted(String),
    Op(Op),
    And,
    Or,
    Not,
    Open,
    Close,
    /// `{` and `}`
    Begin,
    End,
    Comma,
}

pub(super) type Placed = (Token, Range<usize>);

/// Longer is no filter that a person wrote.
const LONGEST: usize = 16_384;

/// Words that are operators, wherever a name would make no sense.
const WORDS: &[(&str, Token)] = &[
    ("and", Token::And),
    ("or", Token::Or),
    ("not", Token::Not),
    ("eq", Token::Op(Op::Is)),
    ("ne", Token::Op(Op::IsNot)),
    ("lt", Token::Op(Op::Less)),
    ("le", Token::Op(Op::AtMost)),
    ("gt", Token::Op(Op::More)),
    ("ge", Token::Op(Op::AtLeast)),
    ("contains", Token::Op(Op::Contains)),
    ("matches", Token::Op(Op::Matches)),
    ("in", Token::Op(Op::In)),
];

/// Longer signs before the shorter ones that they begin with.
const SIGNS: &[(&str, Token)] = &[
    ("&&", Token::And),
    ("||", Token::Or),
    ("==", Token::Op(Op::Is)),
    ("!=", Token::Op(Op::IsNot)),
    ("<=", Token::Op(Op::AtMost)),
    (">=", Token::Op(Op::AtLeast)),
    ("<", Token::Op(Op::Less)),
    (">", Token::Op(Op::More)),
    ("~", Token::Op(Op::Matches)),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
    ("{", Token::Begin),
    ("}", Token::End),
    (",", Token::Comma),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Mistake> {
    if text.len() > LONGEST {
        return Err(Mistake::new(format!("the filter is longer than {LONGEST} bytes"), LONGEST..text.len()));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if first == '"' || first == '\'' {
            let (inside, length) = quoted(rest, first).ok_or_else(|| unclosed(at, text.len()))?;
            found.push((Token::Quoted(inside), at..at + length));
            at += length;
        } else if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            found.push((token.clone(), at..at + sign.len()));
            at += sign.len();
        } else {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let Some(word) = rest.get(..length).filter(|word| !word.is_empty()) else {
                let sign =
                    if first == '=' { "'=' is not a comparison".into() } else { format!("'{first}' makes no sense") };
                let mut mistake = Mistake::new(sign, at..at + first.len_utf8());
                if first == '=' {
                    mistake.hint = "did you mean '=='?".into();
                }
                return Err(mistake);
            };
            let known = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
            found.push((
                known.map_or_else(|| Token::Word(word.to_owned()), |(_, token)| token.clone()),
                at..at + length,
            ));
            at += length;
        }
    }
    Ok(found)
}

/// What names, numbers, addresses, times and plain words are made of.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '-' | '+' | '*' | '@' | '%' | '#' | '$')
}

fn unclosed(at: usize, end: usize) -> Mistake {
    Mistake::new("the text in quotes has no end", at..end)
}

/// A text in quotes without them, and how long it is with them.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                'n' => inside.push('\n'),
                'r' => inside.push('\r'),
                't' => inside.push('\t'),
                same @ ('"' | '\'' | '\\') => inside.push(same),
                // Regular expressions keep their own: `\d`, `\.`.
                other => inside.extend(['\\', other]),
            },
            c if c == quote => return Some((inside, at + c.len_utf8())),
            c => inside.push(c),
        }
    }
    None
}
