//! Passwords, keys and tokens in facts: masked in everything that leaves, until somebody says why they want to see them.
//!
//! What is secret stands here alone: [`FIELDS`] of facts, [`NODES`] of a packet's tree, and what [`text`] finds in what was said.
//! Masked are rows, facts, summaries, counts by value, exports and trees. Bytes are not: evidence is evidence, and whoever looks at hex,
//! at what a flow said or into `case.db` itself sees it as it is.
//!
//! A filter may ask whether a secret field is there and whether it equals what the analyst typed, nothing else: answers to
//! `contains` or `<` would tell the secret letter by letter. What is typed does not go to the custody log either.

mod reveal;
mod text;

pub(crate) use reveal::secrets_reveal;
pub use reveal::{Revealed, SecretsReveal};

use case::FactRow;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::proof::TreeNode;
use crate::rows::{Filter, Op};

/// What stands for a secret, however long it is.
const MASK: &str = "••••••";

/// Fields that hold a secret: (kind of fact, field).
const FIELDS: &[(&str, &str)] = &[
    ("credentials", "password"),
    ("ftp", "password"),
    ("kasa", "password"),
    ("miio", "password"),
    ("miio", "token"),
    ("rtsp", "password"),
    ("snmp", "community"),
    ("telnet", "password"),
    ("zigbee", "network_key"),
];

/// Nodes of a packet's tree that hold a secret.
const NODES: &[&str] = &[
    "http2.headers.authorization",
    "http2.headers.cookie",
    "http2.headers.proxy_authorization",
    "http2.headers.set_cookie",
    "http.authorization",
    "http.cookie",
    "http.proxy_authorization",
    "http.set_cookie",
    "miio.checksum", // the token, in a hello's answer
    "mqtt.passwd",
    "snmp.community",
    "zbee_aps.cmd.key",
];

/// Nodes that hold a header's name and value: secret if its name says so.
const HEADERS: &[&str] = &["http.header", "http2.header", "rtsp.header"];

/// A secret shorter than this is not looked for in other texts: it would be found everywhere.
const SHORTEST: usize = 2;

/// Secrets of one packet that are looked for all over its tree; a hostile one may name thousands.
const MOST: usize = 64;

/// Whether a field of a kind holds a secret; of any kind, if none is named.
pub(crate) fn is_secret(kind: Option<&str>, field: &str) -> bool {
    FIELDS.iter().any(|(known, secret)| *secret == field && kind.is_none_or(|kind| kind == *known))
}

/// Whether a node of a packet's tree holds one.
pub(crate) fn is_secret_node(name: &str) -> bool {
    NODES.contains(&name)
}

/// Masks what is secret in a fact; gives the names of what was masked, `subject` among them.
pub(crate) fn mask(fact: &mut FactRow) -> Vec<String> {
    let mut masked = Vec::new();
    for (name, value) in &mut fact.fields {
        let whole = is_secret(Some(&fact.kind), name);
        if whole && value.as_str() != Some("") {
            *value = MASK.into();
            masked.push(name.clone());
        } else if !whole && hide(value) {
            masked.push(name.clone());
        }
    }
    if let Some(subject) = text::masked(&fact.subject) {
        fact.subject = subject;
        masked.push("subject".to_owned());
    }
    masked
}

/// The secrets that a fact tells.
fn told(fact: &FactRow) -> Vec<String> {
    let secret = |(name, value): (&String, &Value)| {
        let text = value.as_str().filter(|text| text.len() >= SHORTEST)?;
        is_secret(Some(&fact.kind), name).then(|| text.to_owned())
    };
    fact.fields.iter().filter_map(secret).collect()
}

/// Masks secrets in what was said; whether there was one.
fn hide(value: &mut Value) -> bool {
    match value {
        Value::String(said) => match text::masked(said) {
            Some(masked) => {
                *said = masked;
                true
            }
            None => false,
        },
        Value::Array(list) => list.iter_mut().fold(false, |any, one| hide(one) | any),
        Value::Object(map) => map.values_mut().fold(false, |any, one| hide(one) | any),
        _ => false,
    }
}

/// A line about a packet.
pub(crate) fn line(said: String) -> String {
    text::masked(&said).unwrap_or(said)
}

/// Masks what is secret in a packet's tree; `facts` are what the packet tells, still unmasked.
pub(crate) fn mask_tree(nodes: &mut [TreeNode], facts: &[FactRow]) {
    let mut secrets: Vec<String> = facts.iter().flat_map(told).collect();
    let (mut before_is_login, mut before_names_it) = (false, false);
    for node in nodes.iter_mut() {
        let login =
            before_is_login && node.name == "ftp.request.arg" || before_names_it && node.name == "http2.header.value";
        before_names_it = node.name == "http2.header.name" && is_secret_header(&node.text);
        before_is_login = node.name == "ftp.request.command" && matches!(node.text.as_str(), "PASS" | "ACCT");
        let secret = if login || is_secret_node(&node.name) {
            std::mem::replace(&mut node.text, MASK.to_owned())
        } else if HEADERS.contains(&node.name.as_str())
            && let Some((name, value)) = node.text.split_once(": ").filter(|(name, _)| is_secret_header(name))
        {
            let secret = value.to_owned();
            node.text = format!("{name}: {MASK}");
            secret
        } else {
            continue;
        };
        if secret.len() >= SHORTEST && !secret.contains("masked)") {
            secrets.push(secret);
        }
    }
    secrets.truncate(MOST);
    for node in nodes {
        if let Some(masked) = text::masked(&node.text) {
            node.text = masked;
        }
        if let Some(masked) = text::without(&node.text, &secrets) {
            node.text = masked;
        }
    }
}

fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "token", "api-key", "apikey", "application-key", "auth-key", "secret", "password"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether a filter may be answered; see the top of this file.
pub(crate) fn check(filter: &Filter, view: &str) -> Result<()> {
    let kind = (view != "facts" && !view.is_empty()).then_some(view);
    let there = filter.op == Op::IsNot && filter.value.is_empty();
    if filter.op == Op::Is || there || !is_secret(kind, &filter.field) {
        return Ok(());
    }
    Err(Error::invalid(format!("'{}' is secret: it can only be asked for the very value, by =", filter.field)))
}

/// A request as it goes to the custody log: without the secrets that its filters name.
pub(crate) fn unsaid(request: Value) -> Value {
    match request {
        Value::String(said) => line(said).into(),
        Value::Array(list) => list.into_iter().map(unsaid).collect(),
        Value::Object(mut map) => {
            if map.get("field").and_then(Value::as_str).is_some_and(|field| is_secret(None, field)) {
                map.entry("value").and_modify(|value| *value = MASK.into());
            }
            if let Some(Value::String(filter)) = map.get_mut("filter") {
                *filter = unsaid_filter(filter);
            }
            map.into_iter().map(|(name, value)| (name, unsaid(value))).collect()
        }
        other => other,
    }
}

/// Of a filter that names a secret, the texts are left out, whichever of them it is.
fn unsaid_filter(filter: &str) -> String {
    let is_word = |c: char| !(c.is_alphanumeric() || c == '_');
    if !filter.split(is_word).any(|word| is_secret(None, word) || matches!(word, "passwd" | "arg")) {
        return filter.to_owned();
    }
    let mut out = String::new();
    for (n, part) in filter.split('"').enumerate() {
        out.push_str(if n % 2 == 1 { MASK } else { part });
        out.push('"');
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_secret_field_is_declared_and_no_other_sounds_like_one() {
        for (kind, field) in FIELDS {
            let declared = crate::kinds::kind(kind).unwrap_or_else(|| panic!("no kind {kind}")).fields;
            assert!(declared.iter().any(|(name, _)| name == field), "{kind}.{field}");
        }
        // Only the word `masked`, or no secret whatever its name.
        let harmless = [("http", "password"), ("xmpp", "password"), ("coap", "token")];
        let names = ["psk", "psk_identity"]; // whether, and which, not the key
        for kind in crate::kinds() {
            for (field, _) in kind.fields {
                let words: Vec<&str> = field.split('_').collect();
                let sounds = words.iter().any(|word| {
                    matches!(
                        *word,
                        "password" | "passwd" | "passphrase" | "psk" | "secret" | "token" | "community" | "pin"
                    )
                });
                let stated = is_secret(Some(kind.name), field)
                    || harmless.contains(&(kind.name, field))
                    || names.contains(field);
                assert!(!sounds || words[0] == "has" || stated, "{}.{field}: secret or not?", kind.name);
            }
        }
    }

    #[test]
    fn a_log_of_requests_holds_no_secret() {
        let request = json!({ "view": "ftp", "select": { "filters": [{ "field": "password", "op": "=", "value": "hunter2" },
            { "field": "user", "op": "=", "value": "bob" }], "filter": "ftp.password == \"hunter2\" && dns" } });
        assert_eq!(
            unsaid(request),
            json!({ "view": "ftp", "select": { "filters": [{ "field": "password", "op": "=", "value": MASK },
                { "field": "user", "op": "=", "value": "bob" }], "filter": format!("ftp.password == \"{MASK}\" && dns") } })
        );
    }

    #[test]
    fn trees_are_masked() {
        let node = |name: &str, text: &str| TreeNode {
            name: name.into(),
            label: String::new(),
            text: text.into(),
            start: 0,
            end: 0,
            source: 0,
            depth: 0,
            level: None,
        };
        let mut nodes = [
            node("ftp", "PASS pw1"),
            node("ftp.request.command", "PASS"),
            node("ftp.request.arg", "pw1"),
            node("ftp.request.arg", "kept"),
            node("rtsp.header", "Authorization: Basic YWJj"),
            node("http.header", "Accept: x"),
            node("http2.header", "x-api-key: 7"),
            node("http2.header.name", "x-api-key"),
            node("http2.header.value", "7"),
            node("http2.header.value", "kept too"),
            node("http2.headers.cookie", "sid=77"),
            node("tplink_smarthome.msg", r#"{"password":"x"}"#),
        ];
        mask_tree(&mut nodes, &[]);
        let texts: Vec<&str> = nodes.iter().map(|node| node.text.as_str()).collect();
        let expect = [
            "PASS •",
            "PASS",
            "•",
            "kept",
            "Authorization: •",
            "Accept: x",
            "x-api-key: •",
            "x-api-key",
            "•",
            "kept too",
            "•",
            r#"{"password":"•"}"#,
        ];
        assert_eq!(texts, expect.map(|text| text.replace('•', MASK)));
    }
}
