//! What a message says: modules, their commands, and what these hold.

use std::ops::Range;

use model::{Fields, Mac};
use serde_json::{Map, Value};

use crate::protocols::credentials::Login;
use crate::protocols::{Draft, Out, json};

/// Commands and sockets that go into a fact; messages have one or two.
const MOST: usize = 32;

/// JSON's name and ours; the first that is there counts.
const FIELDS: [(&str, &str); 23] = [
    ("alias", "alias"),
    ("deviceId", "device_id"),
    ("mac", "mac"),
    ("mic_mac", "mac"),
    ("ethernet_mac", "mac"),
    ("model", "model"),
    ("dev_name", "dev_name"),
    ("description", "dev_name"),
    ("type", "device_type"),
    ("mic_type", "device_type"),
    ("relay_state", "relay_state"),
    ("on_off", "on_off"),
    ("brightness", "brightness"),
    ("hue", "hue"),
    ("saturation", "saturation"),
    ("color_temp", "color_temp"),
    ("led_off", "led_off"),
    ("sw_ver", "sw_ver"),
    ("hw_ver", "hw_ver"),
    ("hwId", "hw_id"),
    ("oemId", "oem_id"),
    ("err_code", "err_code"),
    ("err_msg", "err_msg"),
];

/// What changes from one message to the next, or is a secret.
const OWN: [(&str, &str); 5] =
    [("ssid", "ssid"), ("username", "username"), ("password", "password"), ("on_time", "on_time"), ("rssi", "rssi")];

/// Measures: JSON's name, ours, and what the number is divided by. Newer devices speak of thousandths.
const MEASURES: [(&str, &str, f64); 12] = [
    ("latitude", "latitude", 1.0),
    ("latitude_i", "latitude", 10_000.0),
    ("longitude", "longitude", 1.0),
    ("longitude_i", "longitude", 10_000.0),
    ("power", "power", 1.0),
    ("power_mw", "power", 1_000.0),
    ("voltage", "voltage", 1.0),
    ("voltage_mv", "voltage", 1_000.0),
    ("current", "current", 1.0),
    ("current_ma", "current", 1_000.0),
    ("total", "total", 1.0),
    ("total_wh", "total", 1_000.0),
];

pub fn write(message: &Map<String, Value>, fact: &mut Draft) {
    let mut commands = Vec::new();
    let mut objects: Vec<&Map<String, Value>> = Vec::new();
    for (module, value) in message {
        let Value::Object(calls) = value else { continue };
        if module == "context" {
            let ids = calls.get("child_ids").and_then(Value::as_array).into_iter().flatten();
            fact.fields.texts("child_ids", ids.filter_map(Value::as_str).take(MOST).map(json::short));
            continue;
        }
        for (command, value) in calls.iter().take(MOST) {
            if commands.len() < MOST && !command.starts_with("err_") {
                commands.push(json::short(&format!("{module}.{command}")).to_owned());
            }
            if let Value::Object(object) = value {
                objects.push(object);
                objects.extend(object.get("light_state").and_then(Value::as_object));
            }
        }
        // an error may stand in place of commands
        if calls.contains_key("err_code") {
            objects.push(calls);
        }
    }
    let find = |name: &str| objects.iter().find_map(|object| object.get(name)).filter(|value| !value.is_null());
    fact.fields.texts("commands", &commands);
    let mut written = "";
    for (name, field) in FIELDS {
        let Some(value) = find(name).filter(|value| written != field && !value.is_object() && !value.is_array()) else {
            continue;
        };
        match value.as_str().map(Mac::parse) {
            Some(Ok(mac)) if field == "mac" => fact.fields.shown(field, mac),
            _ => json::write(&mut fact.fields, field, value),
        }
        written = field;
    }
    let switched = message.get("system").and_then(|system| system.get("set_relay_state")?.get("state"));
    if let Some(state) = switched.filter(|_| find("relay_state").is_none()).and_then(Value::as_i64) {
        fact.fields.int("relay_state", state);
    }
    for (name, field) in OWN {
        if let Some(value) = find(name) {
            json::write(&mut fact.own, field, value);
        }
    }
    written = "";
    for (name, field, part) in MEASURES {
        if let Some(number) = find(name).and_then(Value::as_f64).filter(|_| written != field) {
            fact.own.real(field, number / part);
            written = field;
        }
    }
    if let Some(children) = find("children").and_then(Value::as_array) {
        fact.own.objects("children", children.iter().take(MOST).map(child));
    }
    let subject = find("alias").and_then(Value::as_str).map(json::short).filter(|alias| !alias.is_empty());
    fact.subject = subject.map(str::to_owned).or_else(|| commands.into_iter().next()).unwrap_or_default();
}

/// The login itself, to a network or to the maker's cloud, as a fact of its own.
pub fn tell_login(message: &Map<String, Value>, bytes: Range<usize>, out: &mut Out) {
    for (module, calls) in message {
        for call in calls.as_object().into_iter().flat_map(Map::values).take(MOST) {
            let text = |name: &str| call.get(name).and_then(Value::as_str).map(json::short);
            let Some(password) = text("password").filter(|password| !password.is_empty()) else { continue };
            let method = if module == "netif" { "wifi" } else { "json" };
            let (username, name) = (text("username").unwrap_or_default(), text("ssid").unwrap_or_default());
            let login = Login { protocol: "kasa", method, username, name, password, ..Login::default() };
            login.tell(bytes.clone(), out);
        }
    }
}

/// A socket of a power strip.
fn child(value: &Value) -> Fields {
    let mut fields = Fields::new();
    for name in ["id", "alias", "state", "on_time"] {
        if let Some(value) = value.get(name) {
            json::write(&mut fields, name, value);
        }
    }
    fields
}
