//! Frames as trees of fields, with Wireshark's names.

use std::borrow::Cow;
use std::ops::Range;

use super::block::Whole;
use super::frame::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADER, HEADERS, PADDED, PING, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, WITH_PRIORITY,
};
use super::hpack::{Field, List};
use crate::Tree;
use crate::protocols::{Out, payload};

pub const LABEL: &str = "HyperText Transfer Protocol 2";

/// A frame's own header, which begins at `at`.
pub fn header(at: usize, frame: &Frame, tree: &mut Tree) {
    if !tree.is_on() {
        return;
    }
    tree.int("http2.length", "Length", at..at + 3, frame.length);
    tree.coded("http2.type", "Type", at + 3..at + 4, frame.kind, || format!("{} ({})", frame.name(), frame.kind));
    let flags = at + 4..at + 5;
    tree.coded("http2.flags", "Flags", flags.clone(), frame.flags, || format!("{:#04x}", frame.flags));
    let of: &[(&'static str, &'static str, u8)] = match frame.kind {
        DATA => &[("http2.flags.end_stream", "End Stream", END_STREAM), ("http2.flags.padded", "Padded", PADDED)],
        HEADERS => &[
            ("http2.flags.priority", "Priority", WITH_PRIORITY),
            ("http2.flags.padded", "Padded", PADDED),
            ("http2.flags.eh", "End Headers", END_HEADERS),
            ("http2.flags.end_stream", "End Stream", END_STREAM),
        ],
        PUSH_PROMISE => &[("http2.flags.padded", "Padded", PADDED), ("http2.flags.eh", "End Headers", END_HEADERS)],
        CONTINUATION => &[("http2.flags.eh", "End Headers", END_HEADERS)],
        SETTINGS => &[("http2.flags.ack.settings", "ACK", ACK)],
        PING => &[("http2.flags.ack.ping", "ACK", ACK)],
        _ => &[],
    };
    for (name, label, flag) in of {
        tree.int(name, label, flags.clone(), u8::from(frame.has(*flag)));
    }
    tree.int("http2.r", "Reserved", at + 5..at + HEADER, u8::from(frame.reserved));
    tree.int("http2.streamid", "Stream Identifier", at + 5..at + HEADER, frame.stream);
}

/// A frame that holds neither a header block nor data; `content` is what is there of it.
pub fn control(frame: &Frame, content: &[u8], end: usize, out: &mut Out) {
    let tree = &mut out.tree;
    if !tree.is_on() {
        return;
    }
    tree.open("http2", LABEL, 0..end, || format!("{}, stream {}", frame.name(), frame.stream));
    header(0, frame, tree);
    let word = |at: usize| content.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_be_bytes(*word));
    match frame.kind {
        SETTINGS => settings(content, tree),
        PING => {
            let name = if frame.has(ACK) { ("http2.pong", "Pong") } else { ("http2.ping", "Ping") };
            tree.bytes(name.0, name.1, HEADER..end, content);
        }
        WINDOW_UPDATE => {
            if let Some(by) = word(0) {
                let by = by & 0x7fff_ffff;
                tree.int("http2.window_update.window_size_increment", "Window Size Increment", HEADER..end, by);
            }
        }
        RST_STREAM => {
            if let Some(code) = word(0) {
                tree.coded("http2.rst_stream.error", "Error", HEADER..end, code, || error(code));
            }
        }
        GOAWAY => {
            if let (Some(last), Some(code)) = (word(0), word(4)) {
                let last = last & 0x7fff_ffff;
                tree.int("http2.goaway.last_stream_id", "Last-Stream-ID", HEADER..HEADER + 4, last);
                tree.coded("http2.goaway.error", "Error", HEADER + 4..HEADER + 8, code, || error(code));
                if let Some(more) = content.get(8..).filter(|more| !more.is_empty()) {
                    tree.text("http2.goaway.addata", "Additional Debug Data", HEADER + 8..end, payload::shown(more));
                }
            }
        }
        PRIORITY => priority(HEADER, content, tree),
        _ if !content.is_empty() => tree.bytes("http2.unknown", "Content", HEADER..end, content),
        _ => {}
    }
    tree.close();
}

/// Section 6.5.
fn settings(content: &[u8], tree: &mut Tree) {
    for (n, [high, low, value @ ..]) in content.as_chunks::<6>().0.iter().enumerate() {
        let (id, value) = (u16::from_be_bytes([*high, *low]), u32::from_be_bytes(*value));
        let (name, label) = match id {
            1 => ("http2.settings.header_table_size", "Header table size"),
            2 => ("http2.settings.enable_push", "Enable PUSH"),
            3 => ("http2.settings.max_concurrent_streams", "Max concurrent streams"),
            4 => ("http2.settings.initial_window_size", "Initial Windows Size"),
            5 => ("http2.settings.max_frame_size", "Max frame size"),
            6 => ("http2.settings.max_header_list_size", "Max header list size"),
            8 => ("http2.settings.extended_connect", "Extended CONNECT"),
            _ => ("http2.settings.unknown", "Unknown Settings"),
        };
        let at = HEADER + n * 6;
        tree.open("http2.settings", "Settings", at..at + 6, || format!("{label}: {value}"));
        tree.coded("http2.settings.id", "Settings Identifier", at..at + 2, id, || format!("{label} ({id})"));
        tree.int(name, label, at + 2..at + 6, value);
        tree.close();
    }
}

/// On which stream a stream depends, at `at` of the message.
fn priority(at: usize, content: &[u8], tree: &mut Tree) {
    let Some([word @ .., weight]) = content.first_chunk::<5>() else { return };
    let word = u32::from_be_bytes(*word);
    tree.int("http2.exclusive", "Exclusive", at..at + 4, word >> 31);
    tree.int("http2.stream_dependency", "Stream Dependency", at..at + 4, word & 0x7fff_ffff);
    tree.int("http2.headers.weight", "Weight", at + 4..at + 5, *weight);
    tree.int("http2.headers.weight_real", "Weight real", at + 4..at + 5, u16::from(*weight) + 1);
}

/// A header block: its frames, then its fields. A field is as long as it is packed.
pub fn block(bytes: &[u8], block: &Whole, list: &List, tree: &mut Tree) {
    if !tree.is_on() {
        return;
    }
    for (at, frame) in &block.frames {
        header(*at, frame, tree);
        let mut start = at + HEADER;
        if frame.has(PADDED)
            && frame.kind != CONTINUATION
            && let Some(padding) = bytes.get(start)
        {
            tree.int("http2.padding", "Pad Length", start..start + 1, *padding);
            start += 1;
        }
        match frame.kind {
            HEADERS if frame.has(WITH_PRIORITY) => priority(start, bytes.get(start..).unwrap_or_default(), tree),
            PUSH_PROMISE => {
                if let Some(number) = bytes.get(start..).and_then(|rest| rest.first_chunk()) {
                    let number = u32::from_be_bytes(*number) & 0x7fff_ffff;
                    let name = "http2.push_promise.promised_stream_id";
                    tree.int(name, "Promised-Stream-ID", start..start + 4, number);
                }
            }
            _ => {}
        }
    }
    for one in &list.fields {
        field(block, list, one, bytes.len(), tree);
    }
}

fn field(block: &Whole, list: &List, field: &Field, length: usize, tree: &mut Tree) {
    let place = block.pieces.place(field.place.clone());
    let place = place.start.min(length)..place.end.min(length);
    let Some(header) = field.header.and_then(|n| list.headers.get(n)) else {
        tree.open("http2.header", "Header", place.clone(), || "said before, and not known here".to_owned());
        tree.text("http2.header.repr", "Representation", place.clone(), field.form);
        tree.int("http2.header.index", "Index", place, field.index);
        return tree.close();
    };
    let text = |range: &Range<usize>| String::from_utf8_lossy(list.text.get(range.clone()).unwrap_or_default());
    let (name, value) = (text(&header.name), shown(&text(&header.name), text(&header.value)));
    tree.open("http2.header", "Header", place.clone(), || format!("{name}: {value}"));
    tree.text("http2.header.name", "Name", place.clone(), &name);
    tree.text("http2.header.value", "Value", place.clone(), &value);
    if let Some((_, field, label)) = FIELDS.iter().find(|(known, ..)| *known == name) {
        tree.text(field, label, place.clone(), &value);
    }
    tree.text("http2.header.repr", "Representation", place.clone(), field.form);
    if field.index > 0 {
        tree.int("http2.header.index", "Index", place, field.index);
    }
    tree.close();
}

/// A value; credentials are not shown.
fn shown<'v>(name: &str, value: Cow<'v, str>) -> Cow<'v, str> {
    match name {
        "authorization" | "proxy-authorization" => {
            format!("{} (masked)", value.split(' ').next().unwrap_or_default()).into()
        }
        _ => value,
    }
}

pub fn data(bytes: &[u8], range: Range<usize>, tree: &mut Tree) {
    if tree.is_on() && !range.is_empty() {
        let data = bytes.get(range.clone()).unwrap_or_default();
        tree.text("http2.data.data", "Data", range, payload::shown(data));
    }
}

/// Section 7.
fn error(code: u32) -> String {
    let names = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    let name = usize::try_from(code).ok().and_then(|code| names.get(code)).unwrap_or(&"unknown");
    format!("{name} ({code})")
}

/// Header, Wireshark's field, label.
static FIELDS: [(&str, &str, &str); 50] = [
    (":authority", "http2.headers.authority", ":authority"),
    (":status", "http2.headers.status", ":status"),
    (":path", "http2.headers.path", ":path"),
    (":method", "http2.headers.method", ":method"),
    (":scheme", "http2.headers.scheme", ":scheme"),
    ("accept", "http2.headers.accept", "accept"),
    ("accept-charset", "http2.headers.accept_charset", "accept-charset"),
    ("accept-encoding", "http2.headers.accept_encoding", "accept-encoding"),
    ("accept-language", "http2.headers.accept_language", "accept-language"),
    ("accept-ranges", "http2.headers.accept_ranges", "accept-ranges"),
    ("access-control-allow-origin", "http2.headers.access_control_allow_origin", "access-control-allow-origin"),
    ("age", "http2.headers.age", "age"),
    ("allow", "http2.headers.allow", "allow"),
    ("authorization", "http2.headers.authorization", "authorization"),
    ("cache-control", "http2.headers.cache_control", "cache-control"),
    ("content-disposition", "http2.headers.content_disposition", "content-disposition"),
    ("content-encoding", "http2.headers.content_encoding", "content-encoding"),
    ("content-language", "http2.headers.content_language", "content-language"),
    ("content-length", "http2.headers.content_length", "content-length"),
    ("content-location", "http2.headers.content_location", "content-location"),
    ("content-range", "http2.headers.content_range", "content-range"),
    ("content-type", "http2.headers.content_type", "content-type"),
    ("cookie", "http2.headers.cookie", "cookie"),
    ("date", "http2.headers.date", "date"),
    ("etag", "http2.headers.etag", "etag"),
    ("expect", "http2.headers.expect", "expect"),
    ("expires", "http2.headers.expires", "expires"),
    ("from", "http2.headers.from", "from"),
    ("if-match", "http2.headers.if_match", "if-match"),
    ("if-modified-since", "http2.headers.if_modified_since", "if-modified-since"),
    ("if-none-match", "http2.headers.if_none_match", "if-none-match"),
    ("if-range", "http2.headers.if_range", "if-range"),
    ("if-unmodified-since", "http2.headers.if_unmodified_since", "if-unmodified-since"),
    ("last-modified", "http2.headers.last_modified", "last-modified"),
    ("link", "http2.headers.link", "link"),
    ("location", "http2.headers.location", "location"),
    ("max-forwards", "http2.headers.max_forwards", "max-forwards"),
    ("proxy-authenticate", "http2.headers.proxy_authenticate", "proxy-authenticate"),
    ("proxy-authorization", "http2.headers.proxy_authorization", "proxy-authorization"),
    ("range", "http2.headers.range", "range"),
    ("referer", "http2.headers.referer", "referer"),
    ("refresh", "http2.headers.refresh", "refresh"),
    ("retry-after", "http2.headers.retry_after", "retry-after"),
    ("server", "http2.headers.server", "server"),
    ("set-cookie", "http2.headers.set_cookie", "set-cookie"),
    ("strict-transport-security", "http2.headers.strict_transport_security", "strict-transport-security"),
    ("user-agent", "http2.headers.user_agent", "user-agent"),
    ("vary", "http2.headers.vary", "vary"),
    ("via", "http2.headers.via", "via"),
    ("www-authenticate", "http2.headers.www_authenticate", "www-authenticate"),
];
