//! Options (RFC 7252 section 3.1 and 5.10).

use std::fmt;
use std::ops::Range;

use super::codes::content_format;
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::payload::printable;

/// Numbers of the options that we know.
pub mod number {
    pub const IF_MATCH: u16 = 1;
    pub const URI_HOST: u16 = 3;
    pub const ETAG: u16 = 4;
    pub const IF_NONE_MATCH: u16 = 5;
    pub const OBSERVE: u16 = 6;
    pub const URI_PORT: u16 = 7;
    pub const LOCATION_PATH: u16 = 8;
    pub const OSCORE: u16 = 9;
    pub const URI_PATH: u16 = 11;
    pub const CONTENT_FORMAT: u16 = 12;
    pub const MAX_AGE: u16 = 14;
    pub const URI_QUERY: u16 = 15;
    pub const HOP_LIMIT: u16 = 16;
    pub const ACCEPT: u16 = 17;
    pub const Q_BLOCK1: u16 = 19;
    pub const LOCATION_QUERY: u16 = 20;
    pub const BLOCK2: u16 = 23;
    pub const BLOCK1: u16 = 27;
    pub const SIZE2: u16 = 28;
    pub const Q_BLOCK2: u16 = 31;
    pub const PROXY_URI: u16 = 35;
    pub const PROXY_SCHEME: u16 = 39;
    pub const SIZE1: u16 = 60;
    pub const ECHO: u16 = 252;
    pub const NO_RESPONSE: u16 = 258;
    pub const REQUEST_TAG: u16 = 292;
    pub const OCF_ACCEPT: u16 = 2049;
    pub const OCF_CONTENT: u16 = 2053;
    pub const COIOT_DEVICE: u16 = 3332;
    pub const COIOT_VALIDITY: u16 = 3412;
    pub const COIOT_SERIAL: u16 = 3420;
}

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Opaque,
}

/// Number, Wireshark's field, label, shape, least and most bytes.
const OPTIONS: [(u16, &str, &str, Shape, usize, usize); 31] = [
    (number::IF_MATCH, "coap.opt.if_match", "If-Match", Shape::Opaque, 0, 8),
    (number::URI_HOST, "coap.opt.uri_host", "Uri-Host", Shape::Text, 1, 255),
    (number::ETAG, "coap.opt.etag", "Etag", Shape::Opaque, 1, 8),
    (number::IF_NONE_MATCH, "coap.opt.if_none_match", "If-None-Match", Shape::Opaque, 0, 0),
    (number::OBSERVE, "coap.opt.observe", "Observe", Shape::Number, 0, 3),
    (number::URI_PORT, "coap.opt.uri_port", "Uri-Port", Shape::Number, 0, 2),
    (number::LOCATION_PATH, "coap.opt.location_path", "Location-Path", Shape::Text, 0, 255),
    (number::OSCORE, "coap.opt.object_security", "OSCORE", Shape::Opaque, 0, 255),
    (number::URI_PATH, "coap.opt.uri_path", "Uri-Path", Shape::Text, 0, 255),
    (number::CONTENT_FORMAT, "coap.opt.ctype", "Content-type", Shape::Number, 0, 2),
    (number::MAX_AGE, "coap.opt.max_age", "Max-age", Shape::Number, 0, 4),
    (number::URI_QUERY, "coap.opt.uri_query", "Uri-Query", Shape::Text, 0, 255),
    (number::HOP_LIMIT, "coap.opt.hop_limit", "Hop Limit", Shape::Number, 1, 1),
    (number::ACCEPT, "coap.opt.accept", "Accept", Shape::Number, 0, 2),
    (number::Q_BLOCK1, "coap.opt.q_block1", "Q-Block1", Shape::Number, 0, 3),
    (number::LOCATION_QUERY, "coap.opt.location_query", "Location-Query", Shape::Text, 0, 255),
    (number::BLOCK2, "coap.opt.block2", "Block2", Shape::Number, 0, 3),
    (number::BLOCK1, "coap.opt.block1", "Block1", Shape::Number, 0, 3),
    (number::SIZE2, "coap.opt.size2", "Size2", Shape::Number, 0, 4),
    (number::Q_BLOCK2, "coap.opt.q_block2", "Q-Block2", Shape::Number, 0, 3),
    (number::PROXY_URI, "coap.opt.proxy_uri", "Proxy-Uri", Shape::Text, 1, 1034),
    (number::PROXY_SCHEME, "coap.opt.proxy_scheme", "Proxy-Scheme", Shape::Text, 1, 255),
    (number::SIZE1, "coap.opt.size1", "Size1", Shape::Number, 0, 4),
    (number::ECHO, "coap.opt.echo", "Echo", Shape::Opaque, 1, 40),
    (number::NO_RESPONSE, "coap.opt.no_response", "No-Response", Shape::Number, 0, 1),
    (number::REQUEST_TAG, "coap.opt.request_tag", "Request-Tag", Shape::Opaque, 0, 8),
    (number::OCF_ACCEPT, "coap.opt.ocf_accept", "OCF-Accept-Content-Format-Version", Shape::Number, 0, 2),
    (number::OCF_CONTENT, "coap.opt.ocf_version", "OCF-Content-Format-Version", Shape::Number, 0, 2),
    (number::COIOT_DEVICE, "coap.opt.coiot_device", "CoIoT device", Shape::Text, 1, 255),
    (number::COIOT_VALIDITY, "coap.opt.coiot_validity", "CoIoT validity", Shape::Number, 0, 2),
    (number::COIOT_SERIAL, "coap.opt.coiot_serial", "CoIoT serial", Shape::Number, 0, 4),
];

fn known(number: u16) -> Option<&'static (u16, &'static str, &'static str, Shape, usize, usize)> {
    OPTIONS.iter().find(|(of, ..)| *of == number)
}

pub fn is_number(number: u16) -> bool {
    known(number).is_some_and(|(_, _, _, shape, ..)| matches!(shape, Shape::Number))
}

/// Whether an option is known, and its value of the right length and kind.
pub fn fits(number: u16, value: &[u8]) -> bool {
    known(number).is_some_and(|(_, _, _, shape, least, most)| {
        let text = matches!(shape, Shape::Text);
        (*least..=*most).contains(&value.len()) && (!text || printable(value, false).is_some_and(|t| !t.contains('\n')))
    })
}

/// A number without leading zeroes; of more than four bytes the last four.
pub fn uint(value: &[u8]) -> u32 {
    value.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

pub struct CoapOption<'a> {
    pub number: u16,
    pub value: &'a [u8],
    /// All of it, and its value alone, in the message.
    pub bytes: Range<usize>,
    pub value_bytes: Range<usize>,
}

/// Reads options one after the other until the payload's marker or the end.
pub struct Options<'a> {
    cursor: Cursor<'a>,
    number: u16,
    done: bool,
    /// The payload's marker was there.
    pub marked: bool,
}

impl<'a> Options<'a> {
    pub fn new(at: Range<usize>, message: &'a [u8]) -> Options<'a> {
        Options { cursor: Cursor::starting(message, at.start), number: 0, done: false, marked: false }
    }

    /// What follows the options read so far.
    pub fn payload(&self) -> Range<usize> {
        self.cursor.remaining()
    }

    fn read(&mut self) -> Result<Option<CoapOption<'a>>, Stop> {
        let cursor = &mut self.cursor;
        if cursor.is_empty() {
            return Ok(None);
        }
        let start = cursor.at();
        let first = cursor.u8("CoAP option cut short")?;
        if first == 0xff {
            self.marked = true;
            return Ok(None);
        }
        let delta = extended(cursor, first >> 4)?;
        let len = extended(cursor, first & 15)?;
        let number = u16::try_from(usize::from(self.number) + delta).map_err(|_| Stop {
            at: start,
            why: "CoAP option with a number over 65535",
            short: false,
        })?;
        self.number = number;
        let value_start = cursor.at();
        let value = cursor.take(len, "CoAP option cut short")?;
        Ok(Some(CoapOption { number, value, bytes: cursor.since(start), value_bytes: cursor.since(value_start) }))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<CoapOption<'a>, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}

fn extended(cursor: &mut Cursor, nibble: u8) -> Result<usize, Stop> {
    match nibble {
        13 => Ok(usize::from(cursor.u8("CoAP option cut short")?) + 13),
        14 => Ok(usize::from(cursor.u16("CoAP option cut short")?) + 269),
        15 => Err(Stop { at: cursor.at() - 1, why: "CoAP option with the reserved length 15", short: false }),
        plain => Ok(plain.into()),
    }
}

pub fn show(option: &CoapOption, tree: &mut Tree) {
    if !tree.is_on() {
        return;
    }
    let Some((_, name, label, shape, ..)) = known(option.number) else {
        tree.open("coap.opt.unknown", "Unknown", option.bytes.clone(), || format!("option {}", option.number));
        tree.bytes("coap.opt.unknown.value", "Value", option.value_bytes.clone(), option.value);
        return tree.close();
    };
    let at = option.value_bytes.clone();
    match shape {
        Shape::Text => tree.text(name, label, at, String::from_utf8_lossy(option.value)),
        Shape::Opaque => tree.bytes(name, label, at, option.value),
        Shape::Number => {
            let value = uint(option.value);
            tree.coded(name, label, at, value, || match option.number {
                number::CONTENT_FORMAT | number::ACCEPT => match content_format(value) {
                    Some(known) => format!("{value} ({known})"),
                    None => value.to_string(),
                },
                number::BLOCK1 | number::BLOCK2 => Block(value).to_string(),
                _ => value.to_string(),
            });
        }
    }
}

/// `number/more/size`, as RFC 7959 writes it.
pub struct Block(pub u32);

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}/{}", self.0 >> 4, self.0 >> 3 & 1, 16_u32 << (self.0 & 7))
    }
}
