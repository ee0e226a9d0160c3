//! Kinds of things: what they understand, and to whom they may speak. New ones are data (`kinds.json`), not code.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;
use crate::authority::is_thing_id;
use crate::topic::{covers, is_filter, is_topic};

mod python;

/// More of anything is no description of a kind.
const MOST: usize = 256;

/// All kinds that are known, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Kinds(Vec<Kind>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// By which it is registered: lower-case letters, digits, `-`.
    pub name: String,
    /// As people call it.
    pub label: String,
    /// The JSON object that each command is. Names are told apart by case, as IoTLite does.
    #[serde(default)]
    pub commands: Map<String, Value>,
    /// The topic for commands, with `{id}` where the thing's id goes.
    pub command: String,
    #[serde(default = "once")]
    pub qos: u8,
    /// Topics that it may publish to, with `{id}`.
    pub publish: Vec<String>,
    /// Filters that it may subscribe to, with `{id}`.
    pub subscribe: Vec<String>,
    /// Whether it has shadows, and may speak of them.
    #[serde(default)]
    pub shadow: bool,
    /// Which field of what it says tells whether it is on.
    #[serde(default)]
    pub state: Option<String>,
}

/// A command as it goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub topic: String,
    /// `{"power": true}`: spaces as Python writes them, which is what lamps of this kind have always been sent.
    pub payload: Vec<u8>,
    pub qos: u8,
    pub body: Value,
}

impl Kinds {
    /// Those that we know ourselves.
    pub fn usual() -> Kinds {
        Kinds::default().with(include_str!("kinds.json")).unwrap_or_default()
    }

    /// With more: a JSON array of kinds, or one. Those with a name that is known take its place.
    pub fn with(mut self, json: &str) -> Result<Kinds, Error> {
        let unread = |why| Error::invalid(format!("reading kinds of things: {why}"));
        let value: Value = serde_json::from_str(json).map_err(|why| unread(why.to_string()))?;
        let list = if let Value::Array(list) = value { list } else { vec![value] };
        for value in list {
            let kind: Kind = serde_json::from_value(value).map_err(|why| unread(why.to_string()))?;
            kind.check().map_err(|why| unread(format!("'{}': {why}", kind.name)))?;
            match self.0.iter_mut().find(|known| known.name == kind.name) {
                Some(known) => *known = kind,
                None => self.0.push(kind),
            }
        }
        if self.0.len() > MOST {
            return Err(unread(format!("more than {MOST}")));
        }
        Ok(self)
    }

    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.0.iter().find(|kind| kind.name == name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|kind| kind.name.as_str())
    }
}

impl Kind {
    /// A command to this thing; `None`: it understands none of that name.
    pub fn command(&self, id: &str, name: &str) -> Option<Command> {
        let body = self.commands.get(name)?.clone();
        Some(Command { topic: filled(&self.command, id), payload: python::json(&body), qos: self.qos, body })
    }

    pub fn may_publish(&self, id: &str, topic: &str) -> bool {
        let own = |allowed: &String| filled(allowed, id) == topic;
        is_thing_id(id) && is_topic(topic) && (self.publish.iter().any(own) || self.asks_shadow(id, topic))
    }

    pub fn may_subscribe(&self, id: &str, filter: &str) -> bool {
        let own = |allowed: &String| covers(&filled(allowed, id), filter);
        let shadow = || self.shadow && covers(&format!("$aws/things/{id}/shadow/#"), filter);
        is_thing_id(id) && is_filter(filter) && (self.subscribe.iter().any(own) || shadow())
    }

    /// The topics of a thing: those that it publishes to, then those that it listens to.
    pub fn topics(&self, id: &str) -> Vec<String> {
        self.publish.iter().chain(&self.subscribe).map(|topic| filled(topic, id)).collect()
    }

    fn asks_shadow(&self, id: &str, topic: &str) -> bool {
        self.shadow && crate::shadow::topic::asked(topic).is_some_and(|asked| asked.thing == id)
    }

    fn check(&self) -> Result<(), String> {
        let named = |name: &str| (1..=64).contains(&name.len()) && !name.chars().any(char::is_control);
        if !named(&self.name) || !self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err("its name is not of lower-case letters, digits and '-'".into());
        }
        if [self.commands.len(), self.publish.len(), self.subscribe.len()].iter().any(|many| *many > MOST) {
            return Err(format!("more than {MOST} commands or topics"));
        }
        if let Some((name, _)) = self.commands.iter().find(|(name, body)| !named(name) || !body.is_object()) {
            return Err(format!("command '{name}' has no proper name or is no JSON object"));
        }
        if self.qos > 2 {
            return Err("qos is 0, 1 or 2".into());
        }
        // Without its id a thing would speak on another's topics.
        let own = |topic: &&String| topic.split('/').any(|level| level == "{id}");
        let topics = self.publish.iter().chain([&self.command]);
        if let Some(topic) = topics.clone().find(|topic| !own(topic) || !is_topic(topic)) {
            return Err(format!("'{topic}' is no topic with {{id}} as one of its levels"));
        }
        match self.subscribe.iter().find(|filter| !own(filter) || !is_filter(filter)) {
            Some(filter) => Err(format!("'{filter}' is no filter with {{id}} as one of its levels")),
            None => Ok(()),
        }
    }
}

fn filled(topic: &str, id: &str) -> String {
    topic.replace("{id}", id)
}

fn once() -> u8 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "3f0c6a51-2c1e-4c0f-9a40-9d6f5d0b7c11";

    fn light() -> Kind {
        Kinds::usual().get("light").expect("the light is known").clone()
    }

    #[test]
    fn commands_are_spelt_as_python_does() {
        let on = light().command(A, "on").unwrap();
        assert_eq!((on.topic, on.qos), (format!("{A}/command"), 1));
        assert_eq!(on.payload, br#"{"power": true}"#);
        assert_eq!(light().command(A, "off").unwrap().payload, br#"{"power": false}"#);
        assert_eq!((light().command(A, "ON"), light().command(A, "dim")), (None, None));
        assert_eq!(light().topics(A), [format!("{A}/data"), format!("{A}/command")]);
    }

    #[test]
    fn a_light_speaks_on_its_own_topics_alone() {
        for (topic, publish, subscribe) in [
            ("A/data", true, false),
            ("A/command", false, true),
            ("B/data", false, false),
            ("B/command", false, false),
            ("A/data/x", false, false),
            ("A", false, false),
            ("", false, false),
            ("#", false, false),
            ("+/command", false, false),
            ("A/+", false, false),
            ("A/#", false, false),
            ("$share/g/A/command", false, false),
            ("$SYS/#", false, false),
            ("$aws/things/A/shadow/update", true, true),
            ("$aws/things/A/shadow/name/x/get", true, true),
            ("$aws/things/A/shadow/update/accepted", false, true),
            ("$aws/things/A/shadow/#", false, true),
            ("$aws/things/B/shadow/update", false, false),
            ("$aws/things/B/shadow/update/delta", false, false),
            ("$aws/things/+/shadow/update/delta", false, false),
            ("$aws/#", false, false),
        ] {
            assert_eq!(light().may_publish("A", topic), publish, "publish {topic}");
            assert_eq!(light().may_subscribe("A", topic), subscribe, "subscribe {topic}");
        }
        assert!(!light().may_subscribe("+", "+/command") && !light().may_publish("a/b", "a/b/data"));
        let mute = Kind { shadow: false, ..light() };
        assert!(!mute.may_publish("A", "$aws/things/A/shadow/update"));
        assert!(!mute.may_subscribe("A", "$aws/things/A/shadow/update/delta"));
    }

    #[test]
    fn kinds_come_as_data() {
        let plug = r#"{"name":"plug","label":"Plug","commands":{"cut":{"relay":[0,"ü"],"s":null}},
            "command":"shop/{id}/in","publish":["shop/{id}/out"],"subscribe":["shop/{id}/#"],"qos":0}"#;
        let kinds = Kinds::usual().with(plug).unwrap();
        assert_eq!(kinds.names().collect::<Vec<_>>(), ["light", "plug"]);
        let plug = kinds.get("plug").unwrap();
        assert_eq!(plug.command("7", "cut").unwrap().payload, br#"{"relay": [0, "\u00fc"], "s": null}"#);
        assert!(plug.may_subscribe("7", "shop/7/in") && plug.may_subscribe("7", "shop/7/+/x"));
        assert!(!plug.may_subscribe("7", "shop/8/in"));
        for (bad, why) in [
            ("{", "EOF"),
            (r#"{"name":"x"}"#, "missing field"),
            (r#"{"name":"X","label":"","command":"{id}/c","publish":[],"subscribe":[]}"#, "lower-case"),
            (r#"{"name":"x","label":"","command":"all/c","publish":[],"subscribe":[]}"#, "{id}"),
            (r#"{"name":"x","label":"","command":"{id}/c","publish":["{id}/#"],"subscribe":[]}"#, "{id}"),
            (r##"{"name":"x","label":"","command":"{id}/c","publish":[],"subscribe":["#"]}"##, "{id}"),
            (r#"{"name":"x","label":"","command":"{id}/c","publish":[],"subscribe":[],"commands":{"a":1}}"#, "object"),
        ] {
            let said = Kinds::usual().with(bad).unwrap_err().to_string();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}
