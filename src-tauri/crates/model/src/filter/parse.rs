//! From words to a tree. `&&` binds closer than `||`, as in Wireshark.

use std::ops::Range;

use super::lex::{Placed, Token, tokens};
use super::{Expr, Mistake, Name, Op, Test, Value};

/// Parentheses and negations in each other.
const DEEPEST: usize = 64;
/// Tests and values together.
const MOST: usize = 2_000;

/// Takes a filter apart. An empty one says nothing: `None`.
pub fn parse(text: &str) -> Result<Option<Expr>, Mistake> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    if tokens.len() > MOST {
        return Err(Mistake::new(format!("the filter has more than {MOST} words"), text.len()..text.len()));
    }
    let mut parser = Parser { tokens: &tokens, next: 0, end: text.len(), depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(Some(expr)),
        Some((Token::Close, at)) => Err(Mistake::new("')' closes nothing", at.clone())),
        Some((_, at)) => Err(Mistake::new("'&&' or '||' is missing", at.clone())),
    }
}

struct Parser<'t> {
    tokens: &'t [Placed],
    next: usize,
    end: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Placed> {
        self.tokens.get(self.next)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek().is_some_and(|(token, _)| token == wanted);
        self.next += usize::from(found);
        found
    }

    fn missing(&self, what: &str) -> Mistake {
        let at = self.peek().map_or(self.end..self.end, |(_, at)| at.clone());
        Mistake::new(format!("{what} is missing"), at)
    }

    fn any(&mut self) -> Result<Expr, Mistake> {
        let first = self.all()?;
        let mut list = vec![first];
        while self.take(&Token::Or) {
            list.push(self.all()?);
        }
        Ok(one_or(list, Expr::Or))
    }

    fn all(&mut self) -> Result<Expr, Mistake> {
        let first = self.one()?;
        let mut list = vec![first];
        while self.take(&Token::And) {
            list.push(self.one()?);
        }
        Ok(one_or(list, Expr::And))
    }

    fn one(&mut self) -> Result<Expr, Mistake> {
        let start = self.peek().map_or(self.end, |(_, at)| at.start);
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::new(format!("more than {DEEPEST} parentheses in each other"), start..self.end));
        }
        let expr = if self.take(&Token::Not) {
            Expr::Not(Box::new(self.one()?))
        } else if self.take(&Token::Open) {
            let inner = self.any()?;
            if !self.take(&Token::Close) {
                return Err(self.missing("')'"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr, Mistake> {
        let Some((Token::Word(text), at)) = self.peek() else { return Err(self.missing("a field or protocol")) };
        self.next += 1;
        let field = Name { text: text.clone(), at: at.clone() };
        let Some((Token::Op(op), _)) = self.peek() else { return Ok(Expr::Has(field)) };
        self.next += 1;
        let values = if *op == Op::In { self.set()? } else { vec![self.value(false)?] };
        Ok(Expr::Test(Test { field, op: *op, values }))
    }

    fn set(&mut self) -> Result<Vec<Value>, Mistake> {
        if !self.take(&Token::Begin) {
            return Err(self.missing("'{'"));
        }
        let mut values = Vec::new();
        while !self.take(&Token::End) {
            if !values.is_empty() {
                self.take(&Token::Comma);
            }
            if self.peek().is_none() {
                return Err(self.missing("'}'"));
            }
            values.push(self.value(true)?);
        }
        if values.is_empty() { Err(self.missing("a value between '{' and '}'")) } else { Ok(values) }
    }

    fn value(&mut self, ranges: bool) -> Result<Value, Mistake> {
        let (text, quoted, at) = match self.peek() {
            Some((Token::Word(text), at)) => (text.clone(), false, at.clone()),
            Some((Token::Quoted(text), at)) => (text.clone(), true, at.clone()),
            _ => return Err(self.missing("a value")),
        };
        self.next += 1;
        if ranges && !quoted && text.contains("..") {
            return self.range(&text, at);
        }
        Ok(Value { text, to: None, quoted, at })
    }

    /// `1..5`, `1 .. 5`, `1 ..5`: the dots may stand alone or touch either end.
    fn range(&mut self, text: &str, at: Range<usize>) -> Result<Value, Mistake> {
        let Some((from, to)) = text.split_once("..").filter(|(from, to)| !from.is_empty() && !to.is_empty()) else {
            return Err(Mistake::new("a range has two ends, as in 1..5", at));
        };
        Ok(Value { text: from.to_owned(), to: Some(to.to_owned()), quoted: false, at })
    }
}

fn one_or(mut list: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match (list.len(), list.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            list.extend(last);
            many(list)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line: `(a & !b)`.
    fn say(expr: &Expr) -> String {
        let list = |list: &[Expr], sign: &str| format!("({})", list.iter().map(say).collect::<Vec<_>>().join(sign));
        match expr {
            Expr::And(parts) => list(parts, " & "),
            Expr::Or(parts) => list(parts, " | "),
            Expr::Not(inner) => format!("!{}", say(inner)),
            Expr::Has(name) => name.text.clone(),
            Expr::Test(test) => {
                let value = |value: &Value| match &value.to {
                    Some(to) => format!("{}..{to}", value.text),
                    None => value.text.clone(),
                };
                let values: Vec<String> = test.values.iter().map(value).collect();
                format!("{} {} {}", test.field.text, test.op.as_str(), values.join(","))
            }
        }
    }

    #[test]
    fn filters() {
        for (text, tree) in [
            ("dns", "dns"),
            ("ip.addr == 10.0.0.5 && dns", "(ip.addr == 10.0.0.5 & dns)"),
            ("a or b and c", "(a | (b & c))"),
            ("(a || b) && !c", "((a | b) & !c)"),
            ("not not a", "!!a"),
            ("!(tcp.port == 80)", "!tcp.port == 80"),
            ("tcp.port in {80 8080, 1..5}", "tcp.port in 80,8080,1..5"),
            ("http.host contains \"a \\\"b\\\"\"", "http.host contains a \"b\""),
            ("dns.qry.name matches \"\\\\.example$\"", "dns.qry.name matches \\.example$"),
            ("dns.qry.name ~ '^\\d+'", "dns.qry.name matches ^\\d+"),
            ("ip.src eq fe80::1 and ipv6.addr == 2001:db8::/32", "(ip.src == fe80::1 & ipv6.addr == 2001:db8::/32)"),
            ("frame.time >= \"2026-03-14T17:42:09Z\"", "frame.time >= 2026-03-14T17:42:09Z"),
            ("a AND b", "(a & b)"),
            ("tcp.len<=5", "tcp.len <= 5"),
        ] {
            let expr = parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
            assert_eq!(expr.as_ref().map(say).as_deref(), Some(tree), "{text}");
        }
        assert_eq!(parse("  "), Ok(None));
    }

    #[test]
    fn mistakes_say_where() {
        for (text, says) in [
            ("dns &&", "a field or protocol is missing at 7"),
            ("&& dns", "a field or protocol is missing at 1"),
            ("(dns", "')' is missing at 5"),
            ("dns)", "')' closes nothing at 4"),
            ("dns http", "'&&' or '||' is missing at 5"),
            ("a = 5", "'=' is not a comparison at 3; did you mean '=='?"),
            ("a == ", "a value is missing at 6"),
            ("a == \"x", "the text in quotes has no end at 6"),
            ("a in 5", "'{' is missing at 6"),
            ("a in {5", "'}' is missing at 8"),
            ("a in {}", "a value between '{' and '}' is missing at 8"),
            ("a in {1..}", "a range has two ends, as in 1..5 at 7"),
            ("a ^ b", "'^' makes no sense at 3"),
            ("é == ;", "';' makes no sense at 7"),
        ] {
            assert_eq!(parse(text).map_err(|mistake| mistake.to_string()), Err(says.to_owned()), "{text}");
        }
    }

    #[test]
    fn hostile_filters_end() {
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"!".repeat(10_000)).is_err());
        assert!(parse(&"a".repeat(100_000)).is_err());
        assert!(parse(&"a&&".repeat(5_000)).is_err());
        for text in ["\"\\", "'", "{", "..", "a in {..}", "\u{0}", "a matches \u{10ffff}"] {
            let _ = parse(text);
        }
    }
}
