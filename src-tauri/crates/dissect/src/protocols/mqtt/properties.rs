//! The properties of MQTT 5.0 (section 2.2.2.2).

use model::Fields;

use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};

/// A packet has few; a hostile one may have thousands.
const MOST_LISTED: usize = 64;

/// What properties say that matters beyond the packet's own row.
#[derive(Default)]
pub struct Said {
    pub topic_alias: Option<u16>,
}

enum Shape {
    Byte,
    Two,
    Four,
    Varint,
    Binary,
    Text,
    Pair,
}

/// Identifier, field of the fact (empty: the tree alone shows it), label, and how the value is written.
const PROPERTIES: [(u8, &str, &str, Shape); 27] = [
    (0x01, "", "Payload Format Indicator", Shape::Byte),
    (0x02, "message_expiry", "Message Expiry Interval", Shape::Four),
    (0x03, "content_type", "Content Type", Shape::Text),
    (0x08, "response_topic", "Response Topic", Shape::Text),
    (0x09, "correlation_data", "Correlation Data", Shape::Binary),
    (0x0b, "", "Subscription Identifier", Shape::Varint),
    (0x11, "session_expiry", "Session Expiry Interval", Shape::Four),
    (0x12, "assigned_client_id", "Assigned Client Identifier", Shape::Text),
    (0x13, "server_keep_alive", "Server Keep Alive", Shape::Two),
    (0x15, "auth_method", "Authentication Method", Shape::Text),
    (0x16, "", "Authentication Data", Shape::Binary),
    (0x17, "", "Request Problem Information", Shape::Byte),
    (0x18, "", "Will Delay Interval", Shape::Four),
    (0x19, "", "Request Response Information", Shape::Byte),
    (0x1a, "", "Response Information", Shape::Text),
    (0x1c, "server_reference", "Server Reference", Shape::Text),
    (0x1f, "reason_string", "Reason String", Shape::Text),
    (0x21, "receive_maximum", "Receive Maximum", Shape::Two),
    (0x22, "topic_alias_maximum", "Topic Alias Maximum", Shape::Two),
    (0x23, "topic_alias", "Topic Alias", Shape::Two),
    (0x24, "", "Maximum QoS", Shape::Byte),
    (0x25, "", "Retain Available", Shape::Byte),
    (0x26, "", "User Property", Shape::Pair),
    (0x27, "", "Maximum Packet Size", Shape::Four),
    (0x28, "", "Wildcard Subscription Available", Shape::Byte),
    (0x29, "", "Subscription Identifiers Available", Shape::Byte),
    (0x2a, "", "Shared Subscription Available", Shape::Byte),
];

/// Reads the properties at the cursor. `fields`: where they go, if they are the packet's own and not the will's.
pub fn read(cursor: &mut Cursor, tree: &mut Tree, mut fields: Option<&mut Fields>) -> Result<Said, Stop> {
    let start = cursor.at();
    let len = varint(cursor)?;
    let value_start = cursor.at();
    let mut part = cursor.part(len, "MQTT properties cut short")?;
    let name = if fields.is_some() { "mqtt.properties" } else { "mqtt.will_properties" };
    tree.open(name, "Properties", cursor.since(start), String::new);
    tree.int("mqtt.property_len", "Total Length", start..value_start, len);
    let mut said = Said::default();
    let mut lists = Lists::default();
    let mut written = 0_u64;
    let mut read_all = || {
        while !part.is_empty() {
            one(&mut part, tree, fields.as_deref_mut(), &mut written, &mut said, &mut lists)?;
        }
        Ok(())
    };
    let read = read_all();
    tree.close();
    if let Some(fields) = fields {
        if !lists.subscriptions.is_empty() {
            fields.ints("subscription_ids", lists.subscriptions);
        }
        if !lists.pairs.is_empty() {
            fields.texts("user_properties", lists.pairs);
        }
    }
    read.map(|()| said)
}

#[derive(Default)]
struct Lists {
    subscriptions: Vec<i64>,
    pairs: Vec<String>,
}

fn one(
    part: &mut Cursor,
    tree: &mut Tree,
    fields: Option<&mut Fields>,
    written: &mut u64,
    said: &mut Said,
    lists: &mut Lists,
) -> Result<(), Stop> {
    let start = part.at();
    let id = part.u8("MQTT property cut short")?;
    let Some((_, field, label, shape)) = PROPERTIES.iter().find(|(of, ..)| *of == id) else {
        // its length cannot be known
        return Err(Stop { at: start, why: "unknown MQTT property", short: false });
    };
    // most may stand only once; a second one is shown in the tree alone
    let fields = fields.filter(|_| !field.is_empty() && *written >> id & 1 == 0);
    *written |= 1 << id;
    let value_start = part.at();
    match shape {
        Shape::Byte | Shape::Two | Shape::Four | Shape::Varint => {
            let value = match shape {
                Shape::Byte => part.u8("MQTT property cut short")?.into(),
                Shape::Two => part.u16("MQTT property cut short")?.into(),
                Shape::Four => part.u32("MQTT property cut short")?,
                _ => varint(part)? as u32,
            };
            tree.coded("mqtt.prop_number", label, value_start..part.at(), value, || format!("{label}: {value}"));
            if let Some(fields) = fields {
                fields.int(field, value.into());
            }
            match id {
                0x23 => said.topic_alias = u16::try_from(value).ok(),
                0x0b if lists.subscriptions.len() < MOST_LISTED => lists.subscriptions.push(value.into()),
                _ => {}
            }
        }
        Shape::Text => {
            let text = text(part)?;
            let range = part.since(value_start + 2);
            tree.text("mqtt.prop_string", label, range, &text);
            if let Some(fields) = fields {
                fields.text(field, &text);
            }
        }
        Shape::Binary => {
            let len = part.u16("MQTT property cut short")?;
            let raw = part.take(len.into(), "MQTT property cut short")?;
            tree.bytes("mqtt.prop_value", label, part.since(value_start + 2), raw);
            if let Some(fields) = fields {
                fields.text(field, &model::hex(raw.get(..1024).unwrap_or(raw)));
            }
        }
        Shape::Pair => {
            let key = text(part)?;
            tree.text("mqtt.prop_key", label, part.since(value_start + 2), &key);
            let value_start = part.at();
            let value = text(part)?;
            tree.text("mqtt.prop_value", label, part.since(value_start + 2), &value);
            if lists.pairs.len() < MOST_LISTED {
                lists.pairs.push(format!("{key}={value}"));
            }
        }
    }
    Ok(())
}

/// A number of one to four bytes of seven bits, the lowest first.
pub fn varint(cursor: &mut Cursor) -> Result<usize, Stop> {
    let mut value = 0;
    for n in 0..4 {
        let byte = cursor.u8("MQTT number cut short")?;
        value |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(cursor.stop("MQTT number of more than four bytes"))
}

/// A text with its length before it; what is no UTF-8 becomes U+FFFD.
pub fn text<'a>(cursor: &mut Cursor<'a>) -> Result<std::borrow::Cow<'a, str>, Stop> {
    let len = cursor.u16("MQTT text cut short")?;
    cursor.take(len.into(), "MQTT text cut short").map(String::from_utf8_lossy)
}
