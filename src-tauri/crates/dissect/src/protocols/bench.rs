//! What happened on the bench beside the packets that passed there: JSON objects on a line, `{"bench":"refused","thing":...,"reason":...}`.

use std::borrow::Cow;
use std::ops::Range;

use model::{Fields, Kind};
use serde_json::Value;

use super::payload::MOST_PAYLOAD;
use super::{Out, json};

/// Node of a packet's tree, its label, and the field that it shows.
type Known = (&'static str, &'static str, &'static str);

pub const KIND: Kind = Kind {
    name: "bench",
    about: "What happened on the bench, or on the way to a broker elsewhere: comings and goings, refusals, commands, shadows.",
    fields: &[
        ("act", "connected, disconnected, refused, command, scene, shadow, publish, allowed, note, ..."),
        ("thing", "whom it concerns, by its MQTT client id"),
        ("reason", "why: in AWS IoT's words where they have one"),
        ("why", "why, in a sentence"),
        ("topic", "what it is about"),
        ("payload", "what was said: the first 4096 bytes"),
        ("command", "command that was given"),
        ("scene", "scene that was played"),
        ("what", "what became of it"),
        ("name", "of the shadow; empty: the one without a name"),
        ("version", "of the shadow"),
        ("document", "the shadow, as JSON: the first 4096 bytes"),
        ("certificate", "SHA-256 of the certificate that was shown"),
        ("protocol", "version of MQTT that is spoken"),
        ("broker", "broker elsewhere"),
        ("text", "what a person noted"),
        ("more", "what else was told, as JSON"),
    ],
};

/// In the order of [`KIND`].
const NODES: &[Known] = &[
    ("bench.act", "Act", "act"),
    ("bench.thing", "Thing", "thing"),
    ("bench.reason", "Reason", "reason"),
    ("bench.why", "Why", "why"),
    ("bench.topic", "Topic", "topic"),
    ("bench.payload", "Payload", "payload"),
    ("bench.command", "Command", "command"),
    ("bench.scene", "Scene", "scene"),
    ("bench.what", "What", "what"),
    ("bench.name", "Shadow", "name"),
    ("bench.version", "Version", "version"),
    ("bench.document", "Document", "document"),
    ("bench.certificate", "Certificate", "certificate"),
    ("bench.protocol", "Protocol", "protocol"),
    ("bench.broker", "Broker", "broker"),
    ("bench.text", "Text", "text"),
];

/// What is said of one event alone.
const OWN: &[&str] = &["why", "payload", "version", "document", "text", "more"];

/// Reads an event, if the bytes are one: makes its fact, and gives its act.
pub(crate) fn read(bytes: &[u8], range: Range<usize>, out: &mut Out) -> Option<String> {
    let mut told = json::object(bytes.get(range.clone())?)?;
    let act = match told.remove("bench")? {
        Value::String(act) if !act.is_empty() => act,
        _ => return None,
    };
    told.insert("act".into(), json::short(&act).into());
    let show = out.tree.is_on();
    if show {
        out.tree.open("bench", "Bench", range.clone(), || json::short(&act).to_owned());
    }
    let (mut fields, mut own, mut subject) = (Fields::new(), Fields::new(), String::new());
    for (node, label, name) in NODES {
        let Some(value) = told.remove(*name).filter(|value| !value.is_null()) else { continue };
        let to = if OWN.contains(name) { &mut own } else { &mut fields };
        match &value {
            Value::Array(_) | Value::Object(_) => to.text(name, cut(&value.to_string())),
            Value::String(text) => to.text(name, cut(text)),
            other => json::write(to, name, other),
        }
        if show {
            out.tree.text(node, label, range.clone(), words(&value));
        }
        if subject.is_empty() && matches!(*name, "thing" | "topic") {
            subject = words(&value).into_owned();
        }
    }
    if !told.is_empty() {
        let more = Value::Object(told).to_string();
        own.text("more", cut(&more));
        out.tree.text("bench.more", "More", range.clone(), cut(&more));
    }
    if show {
        out.tree.close();
    }
    let fact = out.fact(KIND.name, range);
    (fact.fields, fact.own, fact.subject) = (fields, own, subject);
    Some(act)
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST_PAYLOAD)).unwrap_or(text)
}

fn words(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(cut(text)),
        other => Cow::Owned(cut(&other.to_string()).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tree;
    use crate::protocols::testing::lines;

    fn told(text: &str) -> String {
        let mut out = Out::new(Tree::on());
        let act = read(text.as_bytes(), 0..text.len(), &mut out);
        let mut told = act.map_or(String::new(), |act| format!("{act}: "));
        lines(&mut told, out, text.len());
        told
    }

    #[test]
    fn events() {
        for (text, expect) in [
            (
                r#"{"bench":"refused","thing":"lamp-1","reason":"topic not allowed","topic":"other/data"}"#,
                r#"refused: bench 'lamp-1' {"act":"refused","thing":"lamp-1","reason":"topic not allowed","topic":"other/data"} {}"#,
            ),
            (
                r#"{"bench":"shadow","thing":"lamp-1","version":7,"name":"","document":{"state":{"on":true}},"of":[1]}"#,
                r#"shadow: bench 'lamp-1' {"act":"shadow","thing":"lamp-1","name":""} {"version":7,"document":"{\"state\":{\"on\":true}}","more":"{\"of\":[1]}"}"#,
            ),
            (r#"{"bench":"note","text":"lamp moved"}"#, r#"note: bench '' {"act":"note"} {"text":"lamp moved"}"#),
            (
                r#"{"bench":"note","thing":null,"payload":[1,2]}"#,
                r#"note: bench '' {"act":"note"} {"payload":"[1,2]"}"#,
            ),
            (r#"{"bench":1}"#, ""),
            (r#"{"bench":""}"#, ""),
            (r#"{"other":"refused"}"#, ""),
            ("[]", ""),
        ] {
            assert_eq!(told(text).trim_end(), expect, "{text}");
        }
    }
}
