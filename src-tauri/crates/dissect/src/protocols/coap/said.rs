//! What a message's options say.

use model::Fields;

use super::codes::content_format;
use super::options::{self, Options, number};
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};

/// What the options say.
#[derive(Default)]
pub struct Said {
    path: String,
    query: String,
    location: String,
    location_query: String,
    host: Option<String>,
    proxy_uri: Option<String>,
    device: Option<String>,
    etag: Option<String>,
    /// Options that hold a number, by their own.
    numbers: Vec<(u16, u32)>,
    oscore: bool,
}

impl Said {
    /// Reads all options. Returns where the payload begins.
    pub fn read(&mut self, cursor: Cursor, tree: &mut Tree) -> Result<usize, Stop> {
        let mut options = Options::new(cursor.remaining(), cursor.message());
        for option in options.by_ref() {
            let option = option?;
            options::show(&option, tree);
            let text = || String::from_utf8_lossy(option.value);
            match option.number {
                number::URI_PATH => join(&mut self.path, '/', true, &text()),
                number::URI_QUERY => join(&mut self.query, '&', false, &text()),
                number::LOCATION_PATH => join(&mut self.location, '/', true, &text()),
                number::LOCATION_QUERY => join(&mut self.location_query, '&', false, &text()),
                number::URI_HOST => self.host = Some(text().into_owned()),
                number::PROXY_URI => self.proxy_uri = Some(text().into_owned()),
                number::COIOT_DEVICE => self.device = Some(text().into_owned()),
                number::ETAG => self.etag = Some(model::hex(option.value)),
                number::OSCORE => self.oscore = true,
                other if options::is_number(other) && !self.numbers.iter().any(|(of, _)| *of == other) => {
                    self.numbers.push((other, options::uint(option.value)));
                }
                _ => {}
            }
        }
        let payload = options.payload();
        if payload.start > cursor.end() {
            return Err(Stop { at: cursor.end(), why: "CoAP options cut short", short: true });
        }
        if options.marked && payload.is_empty() {
            return Err(Stop { at: payload.start, why: "CoAP payload missing behind its marker", short: true });
        }
        Ok(payload.start)
    }

    pub fn uri(&self) -> String {
        with_query(&self.path, &self.query)
    }

    pub fn number(&self, number: u16) -> Option<u32> {
        self.numbers.iter().find(|(of, _)| *of == number).map(|(_, value)| *value)
    }

    pub fn write(&self, request: bool, fields: &mut Fields, own: &mut Fields) {
        for (name, number) in [("content_format", number::CONTENT_FORMAT), ("accept", number::ACCEPT)] {
            if let Some(format) = self.number(number) {
                match content_format(format) {
                    Some(known) => fields.text(name, known),
                    None => fields.shown(name, format),
                }
            }
        }
        if let Some(observe) = self.number(number::OBSERVE) {
            match request {
                true => fields.int("observe", observe.into()),
                false => own.int("observe_seq", observe.into()),
            }
        }
        for (name, text) in
            [("host", &self.host), ("proxy_uri", &self.proxy_uri), ("device", &self.device), ("etag", &self.etag)]
        {
            if let Some(text) = text {
                fields.text(name, text);
            }
        }
        let location = with_query(&self.location, &self.location_query);
        if !location.is_empty() {
            fields.text("location", &location);
        }
        if let Some(age) = self.number(number::MAX_AGE) {
            fields.int("max_age", age.into());
        }
        if self.oscore {
            fields.flag("oscore", true);
        }
        for (name, number) in [("block1", number::BLOCK1), ("block2", number::BLOCK2)] {
            if let Some(block) = self.number(number) {
                own.shown(name, options::Block(block));
            }
        }
        for (name, number) in [
            ("size1", number::SIZE1),
            ("size2", number::SIZE2),
            ("coiot_validity", number::COIOT_VALIDITY),
            ("coiot_serial", number::COIOT_SERIAL),
        ] {
            if let Some(value) = self.number(number) {
                own.int(name, value.into());
            }
        }
    }
}

fn join(to: &mut String, separator: char, first: bool, text: &str) {
    if first || !to.is_empty() {
        to.push(separator);
    }
    to.push_str(text);
}

fn with_query(path: &str, query: &str) -> String {
    match (path, query) {
        (path, "") => path.to_owned(),
        ("", query) => format!("/?{query}"),
        (path, query) => format!("{path}?{query}"),
    }
}
