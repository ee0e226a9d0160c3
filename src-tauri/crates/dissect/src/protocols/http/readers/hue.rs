//! Philips Hue's REST API, versions 1 and 2, and what speaks like it: lights that are switched, what the bridge answers, and who it is.

use model::{Fields, Kind, Mac};
use serde_json::{Map, Value};

use super::{Exchange, Reader};
use crate::protocols::credentials::Login;
use crate::protocols::files::Kept;
use crate::protocols::{Out, json};

pub struct Hue;

/// Keys that one answer tells.
const MOST_KEYS: usize = 64;

pub const KIND: Kind = Kind {
    name: "hue",
    about: "A Hue bridge is told to switch something, answers, or says who it is; its place is the body's bytes.",
    fields: &[
        ("msg_type", "request, response, or config: the bridge says who it is"),
        ("what", "light, group, grouped_light, scene or smart_scene"),
        ("id", "of the light, group or scene; group 0 is all of them"),
        ("on", "it is switched on or off"),
        ("brightness", "in percent"),
        ("bri", "the same as version 1 says it: 1 to 254"),
        ("mirek", "colour temperature in mireds"),
        ("hue", "colour: 0 to 65535"),
        ("saturation", "of the colour: 0 to 254"),
        ("xy", "the colour as coordinates (CIE 1931)"),
        ("scene", "id of the scene that a group is set to"),
        ("recall", "how a scene is called up: active, static, dynamic_palette, ..."),
        ("effect", "colorloop, candle, ..."),
        ("path", "what was addressed, without the key"),
        ("version", "of the way in which it is spoken to: 1 or 2"),
        ("host", "who was asked"),
        ("success", "of a response: all was done"),
        ("error", "of a response: the first thing that went wrong"),
        ("error_type", "number of that error"),
        ("bridge_id", "unique name of the bridge"),
        ("name", "what its owner calls the bridge"),
        ("model_id", "of the bridge"),
        ("mac", "its hardware address"),
        ("sw_version", "its software"),
        ("api_version", "what it can be asked"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
};

/// What a path addresses.
enum Target<'a> {
    /// Where apps get their key.
    Keys,
    Config,
    Switch {
        what: &'a str,
        id: &'a str,
        version: u8,
    },
}

impl Target<'_> {
    fn of(path: &str) -> Option<Target<'_>> {
        let mut segments = [""; 6];
        let mut parts = path.trim_matches('/').split('/');
        segments.iter_mut().zip(parts.by_ref()).for_each(|(to, part)| *to = part);
        if parts.next().is_some() {
            return None;
        }
        Some(match segments {
            ["api", "", ..] => Target::Keys,
            ["api", "config", "", ..] | ["api", _, "config", "", ..] => Target::Config,
            ["api", _, "lights", id, "state", ""] => Target::Switch { what: "light", id, version: 1 },
            ["api", _, "groups", id, "action", ""] => Target::Switch { what: "group", id, version: 1 },
            ["clip", "v2", "resource", what @ ("light" | "grouped_light" | "scene" | "smart_scene"), id, ""]
                if !id.is_empty() =>
            {
                Target::Switch { what, id, version: 2 }
            }
            _ => return None,
        })
    }
}

impl Reader for Hue {
    fn wants(&self, exchange: &Exchange) -> bool {
        let method = exchange.request.method.as_str();
        match Target::of(exchange.request.path()) {
            Some(Target::Keys) => method == "POST" && exchange.status.is_some(),
            Some(Target::Config) => method == "GET" && exchange.status == Some(200),
            Some(Target::Switch { .. }) => method == "PUT",
            None => false,
        }
    }

    fn tell(&self, exchange: &Exchange, body: &Kept, out: &mut Out) {
        let host = json::short(exchange.request.host.as_deref().unwrap_or_default());
        let bytes = if body.whole { &body.bytes[..] } else { &[] };
        match Target::of(exchange.request.path()) {
            Some(Target::Keys) => keys(host, bytes, out),
            Some(Target::Config) => config(host, bytes, out),
            Some(Target::Switch { what, id, version }) => {
                let mut fields = Fields::new();
                fields.text("msg_type", if exchange.status.is_some() { "response" } else { "request" });
                fields.text("what", what);
                fields.text("id", json::short(id));
                let known = match (exchange.status, version) {
                    (None, 1) => json::object(bytes).map(|object| state(&object, &mut fields)),
                    (None, _) => json::object(bytes).map(|object| state_2(&object, &mut fields)),
                    (Some(status), 1) => answer(status, bytes, &mut fields),
                    (Some(status), _) => answer_2(status, bytes, &mut fields),
                };
                if known.is_none() {
                    return;
                }
                fields.text("path", json::short(&without_key(what, id, version)));
                fields.int("version", version.into());
                if !host.is_empty() {
                    fields.text("host", host);
                }
                let fact = out.fact(KIND.name, 0..0);
                fact.fields = fields;
                fact.subject = json::short(&format!("{what} {id}")).to_owned();
            }
            None => {}
        }
    }
}

fn without_key(what: &str, id: &str, version: u8) -> String {
    match (version, what) {
        (1, "light") => format!("/lights/{id}/state"),
        (1, _) => format!("/groups/{id}/action"),
        _ => format!("/clip/v2/resource/{what}/{id}"),
    }
}

/// What version 1 sets: `{"on":true,"bri":254,"xy":[0.3,0.4]}`.
fn state(said: &Map<String, Value>, fields: &mut Fields) {
    if let Some(on) = said.get("on").and_then(Value::as_bool) {
        fields.flag("on", on);
    }
    if let Some(bri) = said.get("bri").and_then(Value::as_i64).filter(|bri| (0..=254).contains(bri)) {
        fields.real("brightness", (bri as f64 * 1_000.0 / 254.0).round() / 10.0);
        fields.int("bri", bri);
    }
    for (theirs, ours) in
        [("ct", "mirek"), ("hue", "hue"), ("sat", "saturation"), ("scene", "scene"), ("effect", "effect")]
    {
        if let Some(value) = said.get(theirs) {
            json::write(fields, ours, value);
        }
    }
    let part = |n: usize| said.get("xy")?.get(n)?.as_f64();
    colour(part(0), part(1), fields);
}

/// What version 2 sets: `{"on":{"on":true},"dimming":{"brightness":50.0}}`.
fn state_2(said: &Map<String, Value>, fields: &mut Fields) {
    for (outer, inner, ours) in [
        ("on", "on", "on"),
        ("dimming", "brightness", "brightness"),
        ("color_temperature", "mirek", "mirek"),
        ("recall", "action", "recall"),
        ("effects", "effect", "effect"),
    ] {
        if let Some(value) = said.get(outer).and_then(|outer| outer.get(inner)) {
            json::write(fields, ours, value);
        }
    }
    let part = |name: &str| said.get("color")?.get("xy")?.get(name)?.as_f64();
    colour(part("x"), part("y"), fields);
}

fn colour(x: Option<f64>, y: Option<f64>, fields: &mut Fields) {
    if let (Some(x), Some(y)) = (x, y) {
        fields.shown("xy", format_args!("{x},{y}"));
    }
}

/// `[{"success":{"/lights/1/state/on":true}},{"error":{"type":201,"description":"..."}}]`: what was set, and what was not.
fn answer(status: u16, body: &[u8], fields: &mut Fields) -> Option<()> {
    let Some(said) = json::objects(body) else { return refused(status, fields) };
    let mut done = Map::new();
    for (path, value) in said.iter().filter_map(|one| one.get("success")?.as_object()).flatten() {
        let name = path.rsplit('/').next().unwrap_or(path);
        done.insert(json::short(name).to_owned(), value.clone());
    }
    state(&done, fields);
    let error = said.iter().find_map(|one| one.get("error"));
    fields.flag("success", error.is_none() && status < 400);
    if let Some(error) = error {
        tell_error(error, fields);
    }
    Some(())
}

/// `{"data":[{"rid":"...","rtype":"light"}],"errors":[{"description":"..."}]}`
fn answer_2(status: u16, body: &[u8], fields: &mut Fields) -> Option<()> {
    let Some(said) = json::object(body) else { return refused(status, fields) };
    let error = said.get("errors").and_then(|errors| errors.get(0));
    fields.flag("success", error.is_none() && status < 400);
    if let Some(error) = error {
        tell_error(error, fields);
    }
    Some(())
}

fn tell_error(error: &Value, fields: &mut Fields) {
    for (theirs, ours) in [("description", "error"), ("type", "error_type")] {
        if let Some(value) = error.get(theirs) {
            json::write(fields, ours, value);
        }
    }
}

/// An answer that is not the API's own: by its status alone.
fn refused(status: u16, fields: &mut Fields) -> Option<()> {
    (status >= 400).then(|| {
        fields.flag("success", false);
        fields.shown("error", format_args!("HTTP {status}"));
    })
}

/// `[{"success":{"username":"...","clientkey":"..."}}]`: an app was given a key, after somebody pressed the bridge's button.
fn keys(host: &str, body: &[u8], out: &mut Out) {
    let said = json::objects(body).unwrap_or_default();
    let given = said.iter().filter_map(|one| one.get("success")?.as_object()).flatten();
    for (name, key) in given.take(MOST_KEYS) {
        if let (true, Some(password)) = (matches!(name.as_str(), "username" | "clientkey"), key.as_str()) {
            tell_key(name, password, host, out);
        }
    }
}

fn tell_key(name: &str, password: &str, host: &str, out: &mut Out) {
    if !password.is_empty() {
        let login = Login { protocol: "http", method: "json", name: json::short(name), host, ..Login::default() };
        Login { password: json::short(password), ..login }.tell(0..0, out);
    }
}

/// Who the bridge is; to those with a key it tells who else has one.
fn config(host: &str, body: &[u8], out: &mut Out) {
    let Some(said) = json::object(body) else { return };
    let text = |name: &str| said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(id) = text("bridgeid").or_else(|| text("modelid")) else { return };
    for (key, app) in said.get("whitelist").and_then(Value::as_object).into_iter().flatten().take(MOST_KEYS) {
        tell_key(app.get("name").and_then(Value::as_str).unwrap_or("app"), key, host, out);
    }
    let fact = out.fact(KIND.name, 0..0);
    fact.subject = json::short(text("name").unwrap_or(id)).to_owned();
    let fields = &mut fact.fields;
    fields.text("msg_type", "config");
    for (theirs, ours) in [
        ("bridgeid", "bridge_id"),
        ("name", "name"),
        ("modelid", "model_id"),
        ("swversion", "sw_version"),
        ("apiversion", "api_version"),
    ] {
        if let Some(text) = text(theirs) {
            fields.text(ours, json::short(text));
        }
    }
    if let Some(mac) = text("mac") {
        match Mac::parse(mac) {
            Ok(mac) => fields.shown("mac", mac),
            Err(_) => fields.text("mac", json::short(mac)),
        }
    }
    if !host.is_empty() {
        fields.text("host", host);
    }
}

#[cfg(test)]
mod tests;
