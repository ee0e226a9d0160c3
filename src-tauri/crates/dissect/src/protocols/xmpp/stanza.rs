//! One stanza: its fields in the tree, its row in the facts.

use model::Fields;

use super::xml::{self, Next, Token, attribute, decode, local};
use crate::protocols::credentials::Login;
use crate::protocols::http::credentials;
use crate::protocols::payload::MOST_PAYLOAD;
use crate::protocols::{Out, payload};

/// Elements that stand right in a stream.
const KNOWN: [&str; 17] = [
    "stream",
    "message",
    "presence",
    "iq",
    "features",
    "starttls",
    "proceed",
    "auth",
    "challenge",
    "response",
    "success",
    "failure",
    "abort",
    "error",
    "compress",
    "handshake",
    "authenticate",
];

pub fn is_known(name: &[u8]) -> bool {
    KNOWN.iter().any(|known| known.as_bytes() == name)
}

/// What a stanza's elements say, besides its own attributes.
#[derive(Default)]
struct Inside {
    first_child: Option<(String, Option<String>)>,
    /// Text by the element's name; only of those that [`TEXTS`] lists.
    texts: Vec<(&'static str, String)>,
    /// The last of them goes on: its element is still open.
    unfinished: bool,
    mechanisms: Vec<String>,
    /// Text that stands right in the stanza.
    own_text: String,
    starttls: Option<&'static str>,
    error: Option<String>,
}

/// Element, field.
const TEXTS: [(&str, &str); 8] = [
    ("body", "body"),
    ("subject", "topic"),
    ("show", "show"),
    ("status", "status"),
    ("jid", "jid"),
    ("resource", "resource"),
    ("username", "user"),
    ("password", "password"),
];

/// Reads the stanza that is `bytes`: one fact. Returns its name.
pub fn dissect(bytes: &[u8], out: &mut Out) -> String {
    let Next::Token(Token::Open { name, attributes, .. }, start) = xml::next(bytes, 0) else { return String::new() };
    let stanza = String::from_utf8_lossy(bytes.get(name.clone()).map(local).unwrap_or_default()).into_owned();
    let get = |name: &str| attribute(bytes, &attributes, name);
    out.tree.open("xmpp", "XMPP Protocol", 0..bytes.len(), || {
        let kind = get("type").unwrap_or_default();
        format!("{stanza} {kind}").trim_end().to_owned()
    });
    out.tree.text("xmpp.stanza", "Stanza", name, &stanza);
    for (field, label, name) in [
        ("xmpp.from", "from", "from"),
        ("xmpp.to", "to", "to"),
        ("xmpp.id", "id", "id"),
        ("xmpp.type", "type", "type"),
        ("xmpp.xmlns", "xmlns", "xmlns"),
    ] {
        if let Some(value) = get(name) {
            out.tree.text(field, label, attributes.clone(), value);
        }
    }
    let inside = read(bytes, start, &stanza, out);
    out.tree.close();

    let is_auth = stanza == "auth" || stanza == "authenticate";
    let mechanism = get("mechanism").filter(|_| is_auth).unwrap_or_default();
    let host = get("to").unwrap_or_default();
    if is_auth && mechanism == "PLAIN" {
        tell_plain(&inside.own_text, &host, bytes.len(), out);
    }
    let fact = out.fact("xmpp", 0..bytes.len());
    let fields = &mut fact.fields;
    fields.text("stanza", &stanza);
    for (field, name) in
        [("from", "from"), ("to", "to"), ("type", "type"), ("version", "version"), ("lang", "xml:lang")]
    {
        if let Some(value) = get(name) {
            fields.text(field, &value);
        }
    }
    if let Some(id) = get("id") {
        fact.own.text("id", &id);
    }
    let own_namespace = get("xmlns").map(|namespace| namespace.into_owned());
    inside.write(fields, own_namespace);
    if is_auth {
        fields.text("mechanism", &mechanism);
        login(&mechanism, &inside.own_text, fields);
    }
    let subject = get("to").or_else(|| get("from")).filter(|jid| !jid.is_empty());
    fact.subject = subject.map_or_else(|| stanza.clone(), |jid| jid.into_owned());
    stanza
}

fn read(bytes: &[u8], mut at: usize, stanza: &str, out: &mut Out) -> Inside {
    let mut inside = Inside::default();
    // names of the elements that are open; deep nesting is no one's business
    let mut path: Vec<std::ops::Range<usize>> = Vec::new();
    let mut too_deep = 0_usize;
    while let Next::Token(token, end) = xml::next(bytes, at) {
        at = end;
        match token {
            Token::Open { name, attributes, empty } => {
                if path.is_empty() {
                    inside.child(bytes, &name, &attributes, stanza);
                }
                let element = bytes.get(name.clone()).map(local).unwrap_or_default();
                if element == b"required" && path.iter().any(|of| bytes.get(of.clone()).map(local) == Some(b"starttls"))
                {
                    inside.starttls = Some("required");
                }
                let parent = path.last().and_then(|parent| bytes.get(parent.clone())).map(local);
                let failed = parent == Some(b"error") || stanza == "failure" && path.is_empty();
                if failed && inside.error.is_none() && element != b"text" {
                    inside.error = Some(String::from_utf8_lossy(element).into_owned());
                }
                if !empty && path.len() < 16 && too_deep == 0 {
                    path.push(name);
                } else if !empty {
                    too_deep += 1;
                }
            }
            Token::Close { .. } if too_deep > 0 => too_deep -= 1,
            Token::Close { .. } => {
                inside.unfinished = false;
                path.pop();
            }
            Token::Text(range) | Token::Data(range) => {
                let element = path.last().and_then(|name| bytes.get(name.clone())).map(local);
                inside.text(element, bytes, range, out);
            }
            Token::Aside => {}
        }
    }
    inside
}

impl Inside {
    fn child(
        &mut self,
        bytes: &[u8],
        name: &std::ops::Range<usize>,
        attributes: &std::ops::Range<usize>,
        stanza: &str,
    ) {
        let element = bytes.get(name.clone()).map(local).unwrap_or_default();
        if self.first_child.is_none() {
            let namespace = attribute(bytes, attributes, "xmlns").map(|namespace| namespace.into_owned());
            self.first_child = Some((String::from_utf8_lossy(element).into_owned(), namespace));
        }
        if stanza == "features" && element == b"starttls" {
            self.starttls = Some("offered");
        }
    }

    fn text(&mut self, element: Option<&[u8]>, bytes: &[u8], range: std::ops::Range<usize>, out: &mut Out) {
        let raw = bytes.get(range.clone()).unwrap_or_default();
        let raw = raw.get(..MOST_PAYLOAD).unwrap_or(raw);
        let Some(element) = element else {
            self.own_text.push_str(&decode(raw.trim_ascii()));
            return;
        };
        if element == b"mechanism" && self.mechanisms.len() < 32 {
            self.mechanisms.push(decode(raw).into_owned());
        }
        let Some((element, field)) = TEXTS.iter().find(|(known, _)| known.as_bytes() == element) else { return };
        // a password goes no further than this
        let text = if *element == "password" { "masked".to_owned() } else { decode(raw).into_owned() };
        let name = if *element == "body" { "xmpp.message.body" } else { "xmpp.cdata" };
        out.tree.text(name, element, range, &text);
        match self.texts.iter_mut().find(|(known, _)| known == field) {
            Some((_, said)) if self.unfinished && said.len() + text.len() <= MOST_PAYLOAD => said.push_str(&text),
            None if !text.trim().is_empty() => {
                self.texts.push((field, text));
                self.unfinished = true;
            }
            _ => {}
        }
    }

    fn write(&self, fields: &mut Fields, own_namespace: Option<String>) {
        let child_namespace = self.first_child.as_ref().and_then(|(_, namespace)| namespace.clone());
        if let Some(namespace) = child_namespace.or(own_namespace) {
            fields.text("namespace", &namespace);
        }
        if let Some((child, _)) = &self.first_child {
            fields.text("child", child);
        }
        for (field, text) in &self.texts {
            fields.text(field, text);
        }
        if !self.mechanisms.is_empty() {
            fields.texts("mechanisms", &self.mechanisms);
        }
        if let Some(starttls) = self.starttls {
            fields.text("starttls", starttls);
        }
        if let Some(error) = &self.error {
            fields.text("error", error);
        }
    }
}

/// The login itself, as a fact of its own.
fn tell_plain(text: &str, host: &str, len: usize, out: &mut Out) {
    let Some(said) = credentials::decode(text) else { return };
    let mut parts = said.split(|byte| *byte == 0).skip(1).map(payload::shown);
    let (username, password) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !password.is_empty() {
        let login = Login {
            protocol: "xmpp",
            method: "plain",
            username: &username,
            password: &password,
            host,
            ..Login::default()
        };
        login.tell(0..len, out);
    }
}

/// Who logs in: PLAIN (RFC 4616) holds `authzid NUL user NUL password`, SCRAM (RFC 5802) `n,,n=user,r=…`.
fn login(mechanism: &str, text: &str, fields: &mut Fields) {
    let Some(said) = credentials::decode(text) else { return };
    if mechanism == "PLAIN" {
        let mut parts = said.split(|byte| *byte == 0).skip(1);
        if let Some(user) = parts.next().filter(|user| !user.is_empty()) {
            fields.text("user", &payload::shown(user));
        }
        if parts.next().is_some_and(|password| !password.is_empty()) {
            fields.text("password", "masked");
        }
    } else if mechanism.starts_with("SCRAM") {
        let said = String::from_utf8_lossy(&said);
        if let Some(user) = said.split(',').find_map(|part| part.strip_prefix("n=")) {
            fields.text("user", &user.replace("=2C", ",").replace("=3D", "="));
        }
    }
}
