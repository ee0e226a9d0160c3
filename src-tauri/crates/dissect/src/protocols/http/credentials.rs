//! Who logs in: without the secret in the message's own fact, with it in one of the kind `credentials`.

use std::ops::Range;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use model::Fields;

use crate::protocols::Out;
use crate::protocols::credentials::Login;

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
