//! Device descriptions (UPnP Device Architecture 1.1 section 2.3): what a device says it is, to whoever followed its announcement.

use std::ops::Range;

use model::Kind;

use super::{Exchange, Reader};
use crate::protocols::files::Kept;
use crate::protocols::xmpp::xml::{self, Event, Wrong};
use crate::protocols::{Out, json};

pub struct Description;

/// Services, and devices inside of a device, that go into a fact.
const MOST: usize = 32;

pub const KIND: Kind = Kind {
    name: "upnp",
    about: "A UPnP device describes itself; its place is the description's bytes.",
    fields: &[
        ("friendly_name", "what its owner or maker calls it"),
        ("manufacturer", "who made it"),
        ("model_name", "what it is called in the shop"),
        ("model_number", "number of the model"),
        ("model_description", "what the maker says of the model"),
        ("serial_number", "number of this one"),
        ("udn", "its unique name, as it announces itself by SSDP"),
        ("device_type", "what it is: urn:schemas-upnp-org:device:MediaRenderer:1"),
        ("presentation_url", "its own page"),
        ("services", "what it can be asked to do"),
        ("embedded", "types of the devices that it is made of"),
        ("host", "where the description was fetched"),
        ("uri", "path of the description"),
        ("incomplete", "only the beginning of the description was read"),
        ("error", "why its end was not read"),
        ("decrypted", "it was read with the keys of a key log"),
    ],
};

/// Namespace of its root element.
const NAMESPACE: &[u8] = b"urn:schemas-upnp-org:device-1-0";

/// Elements of the device, and ours.
const FIELDS: [(&str, &str); 9] = [
    ("friendlyName", "friendly_name"),
    ("manufacturer", "manufacturer"),
    ("modelName", "model_name"),
    ("modelNumber", "model_number"),
    ("modelDescription", "model_description"),
    ("serialNumber", "serial_number"),
    ("UDN", "udn"),
    ("deviceType", "device_type"),
    ("presentationURL", "presentation_url"),
];

const WRONG: Wrong = Wrong { deep: "too deep", short: "cut short", bad: "no XML" };

impl Reader for Description {
    fn wants(&self, exchange: &Exchange) -> bool {
        let Exchange { request, status, content_type } = exchange;
        let xml = content_type.contains("xml") || request.path().ends_with(".xml");
        *status == Some(200) && (xml || content_type.is_empty())
    }

    fn tell(&self, exchange: &Exchange, body: &Kept, out: &mut Out) {
        let bytes = &body.bytes;
        let mut said = Said::default();
        let read = xml::walk(bytes, &WRONG, &mut |open, event| match event {
            Event::Open { attributes, .. } => said.begins(open, bytes, attributes),
            Event::Text(text, _) => said.text(open, text),
        });
        if !said.describes {
            return;
        }
        let fact = out.fact(KIND.name, 0..0);
        let fields = &mut fact.fields;
        for ((_, name), value) in FIELDS.iter().zip(&said.values).filter(|(_, value)| !value.is_empty()) {
            fields.text(name, value);
        }
        for (name, list) in [("services", &said.services), ("embedded", &said.embedded)] {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        let request = exchange.request;
        if let Some(host) = &request.host {
            fields.text("host", json::short(host));
        }
        if !request.uri.is_empty() {
            fields.text("uri", json::short(&request.uri));
        }
        if read.is_err() || !body.whole {
            fact.own.flag("incomplete", true);
        }
        if let Err(stop) = read {
            fact.own.text("error", stop.why);
        }
        let [name, ..] = &said.values;
        fact.subject = if name.is_empty() { json::short(&request.subject()).to_owned() } else { name.clone() };
    }
}

#[derive(Default)]
struct Said {
    /// It is a description.
    describes: bool,
    /// Of [`FIELDS`].
    values: [String; FIELDS.len()],
    services: Vec<String>,
    embedded: Vec<String>,
}

impl Said {
    fn begins(&mut self, open: &[&[u8]], bytes: &[u8], attributes: Range<usize>) {
        if open.is_empty() {
            let attributes = bytes.get(attributes).unwrap_or_default();
            self.describes |= attributes.windows(NAMESPACE.len()).any(|window| window == NAMESPACE);
        }
    }

    fn text(&mut self, open: &[&[u8]], text: &str) {
        let [first, second, inside @ .., last] = open else { return };
        if !self.describes || *first != b"root" || *second != b"device" {
            return;
        }
        let is = |name: &[u8]| inside.last() == Some(&name);
        let list = match *last {
            b"serviceType" if is(b"service") => &mut self.services,
            b"deviceType" if is(b"device") => &mut self.embedded,
            _ if inside.is_empty() => {
                let of = FIELDS.iter().position(|(name, _)| name.as_bytes() == *last);
                if let Some(value) = of.and_then(|of| self.values.get_mut(of)).filter(|value| value.is_empty()) {
                    json::short(text).clone_into(value);
                }
                return;
            }
            _ => return,
        };
        if list.len() < MOST {
            list.push(json::short(text).to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
