//! Logins and keys that pass in the clear: one kind of fact for all protocols.

use std::borrow::Cow;
use std::ops::Range;

use model::Kind;

use super::{Draft, Out};

pub const KIND: Kind = Kind {
    name: "credentials",
    about: "A login, key or token that passed in the clear; each once.",
    fields: &[
        ("protocol", "where it was said"),
        (
            "method",
            "how: basic, digest, bearer, header, cookie, form, json, query, path, connect, plain, community, wifi, token, ...",
        ),
        ("username", "who logs in"),
        ("name", "of the header, cookie, form field, query key, client, app or network"),
        ("password", "password, token or key"),
        ("realm", "what the login is for"),
        ("host", "who was asked"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
};

/// So much of a secret is kept.
const LONGEST: usize = 4_096;

/// What was said; empty: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Login<'a> {
    pub protocol: &'static str,
    pub method: &'static str,
    pub username: &'a str,
    pub name: &'a str,
    pub password: &'a str,
    pub realm: &'a str,
    pub host: &'a str,
}

impl Login<'_> {
    /// Makes the fact, about `bytes` of the message.
    pub fn tell<'o>(&self, bytes: Range<usize>, out: &'o mut Out) -> &'o mut Draft {
        let fact = out.fact(KIND.name, bytes);
        fact.once = true;
        for (name, value) in [
            ("protocol", self.protocol),
            ("method", self.method),
            ("username", self.username),
            ("name", self.name),
            ("realm", self.realm),
            ("host", self.host),
        ] {
            if !value.is_empty() {
                fact.fields.text(name, short(value));
            }
        }
        if !self.password.is_empty() {
            fact.own.text("password", short(self.password));
        }
        let subject = [self.username, self.name, self.realm].into_iter().find(|text| !text.is_empty());
        fact.subject = short(subject.unwrap_or(self.method)).to_owned();
        fact
    }
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

/// Whether a form field, query key or member of that name holds a secret.
pub fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "access_token",
        "accesstoken",
        "api_key",
        "apikey",
        "appkey",
        "auth",
        "auth_token",
        "authkey",
        "client_secret",
        "id_token",
        "key",
        "loginpas",
        "pass",
        "passwd",
        "password",
        "pin",
        "psk",
        "pwd",
        "refresh_token",
        "secret",
        "token",
        "wifi_password",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a form field, query key or member of that name says who logs in.
pub fn is_user(name: &str) -> bool {
    const NAMES: [&str; 10] =
        ["user", "username", "login", "email", "account", "usr", "loginuse", "userid", "user_name", "client_id"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a cookie of that name stands for a login.
pub fn is_session(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["sess", "sid", "token", "auth", "login", "jwt", "pass", "user", "remember", "secret", "cred", "apikey"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether a header of that name holds a key of its own, beside those that HTTP itself has for it.
pub fn is_key_header(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["api-key", "hue-application-key", "x-access-token", "x-api-key", "x-auth-key", "x-auth-token"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What follows `/api/` in a path, if it looks like a key: Philips Hue and its likes name the user so.
pub fn key_in_path(uri: &str) -> Option<&str> {
    let path = uri.split(['?', '#']).next().unwrap_or(uri);
    let (_, rest) = path.split_once("/api/")?;
    let key = rest.split('/').next()?;
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let mixed = key.bytes().any(|byte| byte.is_ascii_digit()) || key.len() == 40;
    (key.len() >= 16 && key.len() <= 128 && mixed && key.bytes().all(is_key)).then_some(key)
}

/// The pairs of `a=1&b=2`, as forms and queries write them (WHATWG URL section 5.1).
pub fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').take(256).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((unescape(name), unescape(value)))
    })
}

/// `%41` and `+`.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digit = |n: usize| after.get(n).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Members of JSON objects whose values are texts, at any depth, without unescaping: enough to find a login.
pub fn members(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let mut rest = text;
    let mut found = 0;
    std::iter::from_fn(move || {
        loop {
            found += 1;
            let (_, after) = rest.split_once('"').filter(|_| found < 1_024)?;
            let (name, after) = string(after)?;
            rest = after;
            let Some(value) = after.trim_start().strip_prefix(':') else { continue };
            let Some(value) = value.trim_start().strip_prefix('"') else { continue };
            let (value, after) = string(value)?;
            rest = after;
            return Some((Cow::Borrowed(name), Cow::Borrowed(value)));
        }
    })
}

/// A JSON string up to its closing quote, and what follows.
fn string(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_unescaped() {
        let found: Vec<_> = pairs("a=1&b%20c=%C3%A9+%zz&d").collect();
        assert_eq!(found, [("a".into(), "1".into()), ("b c".into(), "é %zz".into())]);
    }

    #[test]
    fn members_at_any_depth() {
        let text = r#"[{"login":{"user": "bob", "n": 1, "password":"a\"b"}, "x": ["y", "z"]}]"#;
        let found: Vec<_> = members(text).collect();
        assert_eq!(found, [("user".into(), "bob".into()), ("password".into(), r#"a\"b"#.into())]);
        assert_eq!(members("\"a\":\"").count() + members("\"").count() + members("{\"a").count(), 0);
    }
}
