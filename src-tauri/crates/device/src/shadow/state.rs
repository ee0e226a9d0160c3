//! How states are put together and compared, and when each value came.

use serde_json::{Map, Value, json};

/// Puts `patch` into `into`: objects are merged, arrays and all else replaced, and null takes a key away. `times`, which has the shape of `into`, is
/// brought along: what came now has the time `now`.
pub fn merge(into: &mut Map<String, Value>, times: &mut Map<String, Value>, patch: &Map<String, Value>, now: i64) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.remove(key);
                times.remove(key);
            }
            Value::Object(patch) => {
                let (mut inner, mut inner_times) = match (into.remove(key), times.remove(key)) {
                    (Some(Value::Object(inner)), Some(Value::Object(times))) => (inner, times),
                    _ => (Map::new(), Map::new()),
                };
                merge(&mut inner, &mut inner_times, patch, now);
                into.insert(key.clone(), Value::Object(inner));
                times.insert(key.clone(), Value::Object(inner_times));
            }
            value => {
                into.insert(key.clone(), value.clone());
                times.insert(key.clone(), stamped(value, now));
            }
        }
    }
}

/// What is in `desired` and absent from, or different in, `reported`; with the times of `desired`.
pub fn difference(
    desired: &Map<String, Value>,
    reported: &Map<String, Value>,
    times: &Map<String, Value>,
) -> [Map<String, Value>; 2] {
    let (mut delta, mut when) = (Map::new(), Map::new());
    let nothing = Map::new();
    for (key, value) in desired {
        let time = times.get(key).cloned().unwrap_or(Value::Null);
        match (value, reported.get(key)) {
            (Value::Object(value), Some(Value::Object(known))) => {
                let [inner, inner_when] = difference(value, known, time.as_object().unwrap_or(&nothing));
                if !inner.is_empty() {
                    delta.insert(key.clone(), Value::Object(inner));
                    when.insert(key.clone(), Value::Object(inner_when));
                }
            }
            (value, Some(known)) if value == known => {}
            (value, _) => {
                delta.insert(key.clone(), value.clone());
                when.insert(key.clone(), time);
            }
        }
    }
    [delta, when]
}

/// The times of a value that came now: one for each leaf, and for each element of an array.
pub fn stamped(value: &Value, now: i64) -> Value {
    match value {
        Value::Object(map) => {
            let inner = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(inner.map(|(key, value)| (key.clone(), stamped(value, now))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(|value| stamped(value, now)).collect()),
        _ => json!({ "timestamp": now }),
    }
}

/// How many levels a value has: an empty object has none, one key is one.
pub fn levels(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(|value| levels(value) + 1).max().unwrap_or(0),
        Value::Array(list) => list.iter().map(|value| levels(value) + 1).max().unwrap_or(0),
        _ => 0,
    }
}
