//! JSON that devices send each other: as much of it as goes into a fact.

use model::Fields;
use serde_json::{Map, Value};

/// A longer text is not read as JSON: what it takes in memory is many times its length.
const LONGEST: usize = 64 * 1024;
/// So many bytes of a text do.
const MOST_TEXT: usize = 512;

/// The object that these bytes are; what stands behind it, as some devices pad it, must be blank.
pub fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    text(bytes).filter(|text| text.starts_with(b"{")).and_then(|text| serde_json::from_slice(text).ok())
}

/// The same of a list of objects.
pub fn objects(bytes: &[u8]) -> Option<Vec<Map<String, Value>>> {
    text(bytes).filter(|text| text.starts_with(b"[")).and_then(|text| serde_json::from_slice(text).ok())
}

fn text(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().rposition(|byte| *byte > b' ')? + 1;
    bytes.get(..end).filter(|text| text.len() <= LONGEST)
}

/// Writes a value as what it is. Lists and objects are left out.
pub fn write(fields: &mut Fields, name: &str, value: &Value) {
    match value {
        Value::String(text) => fields.text(name, short(text)),
        Value::Bool(flag) => fields.flag(name, *flag),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => fields.int(name, int),
            (None, Some(real)) => fields.real(name, real),
            _ => {}
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

/// The beginning of a text, if it is long.
pub fn short(text: &str) -> &str {
    let end = text.floor_char_boundary(MOST_TEXT);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_alone() {
        let deep = "{\"a\":".repeat(10_000);
        for (text, expect) in [
            (&b"{\"a\":1}\0\n"[..], true),
            (b"{\"a\":1}{", false),
            (b"[1]", false),
            (b"{\"a\":", false),
            (b"{\"a\":\"\xff\"}", false),
            (b"", false),
            (deep.as_bytes(), false),
        ] {
            assert_eq!(object(text).is_some(), expect, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn values_as_what_they_are() {
        let long = "é".repeat(300);
        let mut fields = Fields::new();
        let object = object(br#"{"a":1,"b":-0.5,"c":true,"d":"x","e":null,"f":[1],"g":18446744073709551615}"#).unwrap();
        for (name, value) in &object {
            write(&mut fields, name, value);
        }
        assert_eq!(fields.members(), r#""a":1,"b":-0.5,"c":true,"d":"x","g":18446744073709552000"#);
        assert_eq!(short(&long).len(), 512);
    }
}
