//! What a request or a response says, whichever version of HTTP carried it.

use std::ops::Range;

use model::Fields;

use super::credentials;
use super::head::Head;
use crate::protocols::Out;

/// What was asked, as far as it matters for the answer.
#[derive(Clone, Default)]
pub struct Request {
    pub method: String,
    pub host: Option<String>,
    pub uri: String,
    /// Its number in the connection, from 1; 0: it was never sent (a server's push).
    pub depth: i64,
}

/// A response, beside its header fields.
pub struct Answer<'a> {
    pub status: u16,
    /// The status in words; HTTP/2 has none.
    pub phrase: Option<&'a str>,
    pub version: Option<&'a str>,
    pub request: Option<&'a Request>,
}

/// A request's fact, and the logins in its head, which is at `place`.
pub fn tell_request(head: &Head, request: &Request, version: Option<&str>, place: Range<usize>, out: &mut Out) {
    let fact = out.fact("http", place.clone());
    let fields = &mut fact.fields;
    fields.text("msg_type", "request");
    request.write(fields);
    if let Some(version) = version {
        fields.text("version", version);
    }
    for (name, header) in [
        ("user_agent", "user-agent"),
        ("referrer", "referer"),
        ("origin", "origin"),
        ("content_type", "content-type"),
        ("content_encoding", "content-encoding"),
        ("proxied", "x-forwarded-for"),
        ("via", "via"),
        ("soap_action", "soapaction"),
        ("upgrade", "upgrade"),
        ("websocket_protocol", "sec-websocket-protocol"),
    ] {
        if let Some(value) = head.get(header) {
            fields.text(name, value.trim_matches('"'));
        }
    }
    if let Some(value) = head.get("authorization").or_else(|| head.get("proxy-authorization")) {
        credentials::write(&value, fields);
    }
    write_names("cookie_vars", head.all("cookie").flat_map(|all| cookies(&all)), fields);
    write_length(head, &mut fact.own);
    fact.own.int("trans_depth", request.depth);
    fact.subject = request.subject();
    credentials::tell_all(head, request, place, out);
}

/// A response's fact; its head is at `place`.
pub fn tell_response(head: &Head, answer: &Answer, place: Range<usize>, out: &mut Out) {
    let fact = out.fact("http", place);
    let fields = &mut fact.fields;
    fields.text("msg_type", "response");
    fields.int("status_code", answer.status.into());
    if let Some(phrase) = answer.phrase {
        fields.text("status_msg", phrase);
    }
    if let Some(request) = answer.request {
        request.write(fields);
        if request.depth > 0 {
            fact.own.int("trans_depth", request.depth);
        }
        fact.subject = request.subject();
    }
    if let Some(version) = answer.version {
        fields.text("version", version);
    }
    for (name, header) in [
        ("server", "server"),
        ("content_type", "content-type"),
        ("content_encoding", "content-encoding"),
        ("location", "location"),
        ("via", "via"),
        ("upgrade", "upgrade"),
        ("websocket_protocol", "sec-websocket-protocol"),
    ] {
        if let Some(value) = head.get(header) {
            fields.text(name, &value);
        }
    }
    if let Some(value) = head.get("www-authenticate").or_else(|| head.get("proxy-authenticate")) {
        fields.text("authenticate", value.split(' ').next().unwrap_or_default());
        if let Some(realm) = credentials::parameter(&value, "realm") {
            fields.text("realm", realm);
        }
    }
    let set = head.all("set-cookie").flat_map(|cookie| cookies(&cookie).into_iter().next());
    write_names("set_cookie_vars", set, fields);
    write_length(head, &mut fact.own);
}

impl Request {
    pub fn write(&self, fields: &mut Fields) {
        fields.text("method", &self.method);
        if let Some(host) = &self.host {
            fields.text("host", host);
        }
        fields.text("uri", &self.uri);
    }

    /// What is asked for, without the query.
    pub fn path(&self) -> &str {
        let uri = self.uri.split(['?', '#']).next().unwrap_or(&self.uri);
        match uri.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
            None => uri,
        }
    }

    pub fn subject(&self) -> String {
        match &self.host {
            Some(host) if self.uri.starts_with('/') => format!("{host}{}", self.uri),
            _ => self.uri.clone(),
        }
    }
}

/// The host of a URI that names one, as those to a proxy do.
pub fn authority(uri: &str) -> Option<String> {
    let rest = uri.split_once("://")?.1;
    let host = rest.split(['/', '?']).next()?;
    Some(host.rsplit('@').next().unwrap_or(host).to_owned())
}

/// `1.1` of `HTTP/1.1`.
pub fn number(version: &str) -> Option<&str> {
    version.trim().strip_prefix("HTTP/")
}

fn write_length(head: &Head, own: &mut Fields) {
    if let Some(len) = head.get("content-length").and_then(|len| len.parse().ok()) {
        own.int("content_length", len);
    }
}

/// Names of the cookies in a `Cookie` or `Set-Cookie`, never their values.
fn cookies(value: &str) -> Vec<String> {
    value.split(';').take(64).filter_map(|pair| Some(pair.split_once('=')?.0.trim().to_owned())).collect()
}

fn write_names(name: &str, names: impl Iterator<Item = String>, fields: &mut Fields) {
    let names: Vec<String> = names.take(64).collect();
    if !names.is_empty() {
        fields.texts(name, names);
    }
}
