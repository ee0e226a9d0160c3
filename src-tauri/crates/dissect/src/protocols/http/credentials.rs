//! Who logs in: without the secret in the message's own fact, with it in one of the kind `credentials`.

use std::ops::Range;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use model::Fields;

use super::head::Head;
use super::{Request, body};
use crate::protocols::Out;
use crate::protocols::credentials::{Login, is_key_header, is_session, key_in_path, pairs};

/// Lenient: clients leave out the padding.
static BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

/// Writes scheme, user and realm of an `Authorization` (RFC 7617, 7616).
pub fn write(value: &str, fields: &mut Fields) {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    fields.text("authorization", scheme);
    if scheme.eq_ignore_ascii_case("basic") {
        let Some(pair) = decode(rest) else { return };
        let pair = String::from_utf8_lossy(&pair);
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        fields.text("username", user);
        if !password.is_empty() {
            fields.text("password", "masked");
        }
    } else if scheme.eq_ignore_ascii_case("digest") {
        for (name, parameter_name) in [("username", "username"), ("realm", "realm")] {
            if let Some(value) = parameter(rest, parameter_name) {
                fields.text(name, value);
            }
        }
    }
}

/// Logins in a request's head, each as a fact of its own.
pub(super) fn tell_all(head: &Head, request: &Request, bytes: Range<usize>, out: &mut Out) {
    let host = request.host.as_deref().unwrap_or_default();
    let login = Login { protocol: "http", host, ..Login::default() };
    for value in head.all("authorization").chain(head.all("proxy-authorization")).take(4) {
        tell(&value, &login, bytes.clone(), out);
    }
    for header in head.headers.iter().filter(|header| is_key_header(&head.text(&header.name))).take(4) {
        let (name, password) = (head.text(&header.name).to_ascii_lowercase(), head.text(&header.value));
        if !password.is_empty() {
            Login { method: "header", name: &name, password: &password, ..login }.tell(bytes.clone(), out);
        }
    }
    // HTTP/2 may send each cookie as a field of its own
    let mut pairs_left: usize = 512;
    for cookie in head.all("cookie") {
        for pair in cookie.split(';').take(pairs_left) {
            pairs_left -= 1;
            let Some((name, password)) = pair.trim().split_once('=') else { continue };
            if is_session(name) && !password.is_empty() {
                Login { method: "cookie", name, password, ..login }.tell(bytes.clone(), out);
            }
        }
    }
    if let Some((_, query)) = request.uri.split_once('?') {
        body::told("query", host, pairs(query), bytes.clone(), out);
    }
    if let Some(key) = key_in_path(&request.uri) {
        Login { method: "path", name: "api", password: key, ..login }.tell(bytes, out);
    }
}

/// The login itself, as a fact of its own.
pub fn tell(value: &str, login: &Login, bytes: Range<usize>, out: &mut Out) {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("basic") {
        let Some(pair) = decode(rest) else { return };
        let pair = String::from_utf8_lossy(&pair);
        let (username, password) = pair.split_once(':').unwrap_or((&pair, ""));
        Login { method: "basic", username, password, ..*login }.tell(bytes, out);
    } else if is("digest") {
        let username = parameter(rest, "username").unwrap_or_default();
        let realm = parameter(rest, "realm").unwrap_or_default();
        Login { method: "digest", username, realm, ..*login }.tell(bytes, out);
    } else if is("bearer") && !rest.trim().is_empty() {
        Login { method: "bearer", password: rest.trim(), ..*login }.tell(bytes, out);
    }
}

/// The value of `name="value"` in a list.
pub fn parameter<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let at = rest.find(name)?;
        let (before, after) = rest.split_at(at);
        rest = after.get(name.len()..)?;
        let starts = before.chars().next_back().is_none_or(|c| c == ' ' || c == ',');
        if let Some(value) = rest.strip_prefix('=').filter(|_| starts) {
            return Some(match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or(quoted),
                None => value.split([',', ' ']).next().unwrap_or(value),
            });
        }
    }
}
