//! LIFX's own protocol (lan.developer.lifx.com): bulbs that are found and switched over UDP, in the clear.

use model::{Fields, Kind, Mac, Time};

use super::cursor::{Cursor, Stop};
use super::payload::printable;
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::Tree;
use crate::bytes::{chunk, u16_le, u32_le};

pub struct Lifx;

const HEADER: usize = 36;

static KINDS: [Kind; 1] = [Kind {
    name: "lifx",
    about: "A LIFX bulb is asked or told something, or says how it is.",
    fields: &[
        ("msg_type", "GetService, StateService, SetPower, SetColor, State, ..."),
        ("type", "its number"),
        ("target", "hardware address of the bulb; none: all bulbs"),
        ("label", "name that the owner gave the bulb, the group or the place"),
        ("power", "on or off"),
        ("hue", "in degrees"),
        ("saturation", "in percent"),
        ("brightness", "in percent"),
        ("kelvin", "colour of white light"),
        ("duration", "how long the change takes, in seconds"),
        ("vendor", "number of the maker"),
        ("product", "number of the model"),
        ("firmware", "version of the bulb's software"),
        ("service_port", "where the bulb listens"),
        ("group_id", "id of a group or place, hex"),
        ("updated_at", "when the group or place was last changed"),
        ("time", "the bulb's clock"),
        ("uptime", "how long it has been on, in seconds"),
        ("downtime", "how long it was off before, in seconds"),
        ("source", "number that the client chose for itself"),
        ("seq", "what an answer is known by"),
        ("ack_required", "the sender wants to know that it arrived"),
        ("res_required", "the sender wants to know the state"),
        ("incomplete", "the capture cut the message"),
    ],
}];

const TYPES: [(u16, &str); 45] = [
    (2, "GetService"),
    (3, "StateService"),
    (12, "GetHostInfo"),
    (13, "StateHostInfo"),
    (14, "GetHostFirmware"),
    (15, "StateHostFirmware"),
    (16, "GetWifiInfo"),
    (17, "StateWifiInfo"),
    (18, "GetWifiFirmware"),
    (19, "StateWifiFirmware"),
    (20, "GetPower"),
    (21, "SetPower"),
    (22, "StatePower"),
    (23, "GetLabel"),
    (24, "SetLabel"),
    (25, "StateLabel"),
    (32, "GetVersion"),
    (33, "StateVersion"),
    (34, "GetInfo"),
    (35, "StateInfo"),
    (38, "SetReboot"),
    (45, "Acknowledgement"),
    (48, "GetLocation"),
    (49, "SetLocation"),
    (50, "StateLocation"),
    (51, "GetGroup"),
    (52, "SetGroup"),
    (53, "StateGroup"),
    (58, "EchoRequest"),
    (59, "EchoResponse"),
    (101, "GetColor"),
    (102, "SetColor"),
    (103, "SetWaveform"),
    (107, "LightState"),
    (116, "GetLightPower"),
    (117, "SetLightPower"),
    (118, "StateLightPower"),
    (119, "SetWaveformOptional"),
    (120, "GetInfrared"),
    (121, "StateInfrared"),
    (122, "SetInfrared"),
    (223, "StateUnhandled"),
    (502, "GetColorZones"),
    (503, "StateZone"),
    (506, "StateMultiZone"),
];

impl Protocol for Lifx {
    fn name(&self) -> &'static str {
        "lifx"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 56_700)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let bytes = message.bytes;
        let (Some(size), Some(flags)) = (u16_le(bytes, 0), u16_le(bytes, 2)) else { return false };
        let size = usize::from(size);
        let fits = size == bytes.len() || at_home && message.cut && size > bytes.len();
        let known = |kind| at_home || TYPES.iter().any(|(number, _)| *number == kind);
        // protocol 1024, addressable, origin 0
        message.transport == Transport::Udp
            && fits
            && size >= HEADER
            && flags & 0xdfff == 0x1400
            && u16_le(bytes, 32).is_none_or(known)
            && u16_le(bytes, 34).is_none_or(|reserved| at_home || reserved == 0)
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let (mut fields, mut own) = (Fields::new(), Fields::new());
        let name = u16_le(bytes, 32).map_or("", name);
        out.tree.open("lifx", "LIFX", 0..bytes.len(), || name.to_owned());
        let read = read(bytes, &mut out.tree, &mut fields, &mut own);
        let mut subject = String::new();
        match read {
            Ok(said) => subject = said,
            Err(stop) => {
                if stop.tell(message, out) {
                    own.flag("incomplete", true);
                }
            }
        }
        out.tree.close();
        if fields.is_empty() {
            return Step::Took(bytes.len().max(1));
        }
        let fact = out.fact("lifx", 0..bytes.len());
        (fact.fields, fact.own) = (fields, own);
        fact.subject = if subject.is_empty() { name.to_owned() } else { subject };
        Step::Took(bytes.len())
    }
}

fn name(kind: u16) -> &'static str {
    TYPES.iter().find(|(number, _)| *number == kind).map_or("unknown", |(_, name)| name)
}

/// Returns what the bulb is called, if the message says so.
fn read(bytes: &[u8], tree: &mut Tree, fields: &mut Fields, own: &mut Fields) -> Result<String, Stop> {
    let mut cursor = Cursor::new(bytes);
    let why = "LIFX message cut short";
    let header = cursor.take(HEADER, why)?;
    let number = |at| u16_le(header, at).unwrap_or_default();
    let size = usize::from(number(0));
    tree.int("lifx.size", "Size", 0..2, size);
    let flags = number(2);
    tree.int("lifx.protocol", "Protocol", 2..4, flags & 0xfff);
    tree.int("lifx.tagged", "Tagged", 2..4, flags >> 13 & 1);
    let source = u32_le(header, 4).unwrap_or_default();
    tree.coded("lifx.source", "Source", 4..8, source, || format!("0x{source:08x}"));
    let target = header.get(8..).and_then(Mac::read).unwrap_or(Mac::ZERO);
    tree.text("lifx.target", "Target", 8..16, target);
    let wanted = header.get(22).copied().unwrap_or_default();
    tree.int("lifx.res_required", "Response required", 22..23, wanted & 1);
    tree.int("lifx.ack_required", "Acknowledgement required", 22..23, wanted >> 1 & 1);
    let sequence = header.get(23).copied().unwrap_or_default();
    tree.int("lifx.sequence", "Sequence", 23..24, sequence);
    let kind = number(32);
    tree.coded("lifx.type", "Type", 32..34, kind, || format!("{} ({kind})", name(kind)));
    fields.text("msg_type", name(kind));
    fields.int("type", kind.into());
    if target != Mac::ZERO {
        fields.shown("target", target);
    }
    own.int("source", source.into());
    own.int("seq", sequence.into());
    for (flag, bit) in [("res_required", 1), ("ack_required", 2)] {
        if wanted & bit != 0 {
            own.flag(flag, true);
        }
    }
    let label = said(kind, cursor.rest(), tree, fields, own);
    let end = size.clamp(HEADER, bytes.len());
    match label {
        _ if size > bytes.len() => Err(Stop { at: end, why, short: true }),
        _ if size < bytes.len() => Err(Stop { at: end, why: "LIFX message longer than it says", short: false }),
        None => Err(Stop { at: end, why: "LIFX payload cut short", short: false }),
        Some(label) => Ok(label),
    }
}

/// The payload of the types that say something. `None`: it is too short.
fn said(kind: u16, payload: &[u8], tree: &mut Tree, fields: &mut Fields, own: &mut Fields) -> Option<String> {
    let at = |from: usize, len: usize| HEADER + from..HEADER + from + len;
    let long = |from| chunk::<8>(payload, from).map(u64::from_le_bytes);
    let mut called = String::new();
    match kind {
        3 => {
            let port = u32_le(payload, 1)?;
            tree.int("lifx.service", "Service", at(0, 1), *payload.first()?);
            tree.int("lifx.port", "Port", at(1, 4), port);
            fields.int("service_port", port.into());
        }
        15 | 19 => {
            let version = u32_le(payload, 16)?;
            let text = format!("{}.{}", version >> 16, version & 0xffff);
            tree.text("lifx.firmware", "Firmware", at(16, 4), &text);
            fields.text("firmware", &text);
        }
        21 | 22 | 117 | 118 => {
            power(u16_le(payload, 0)?, 0, tree, fields);
            if kind == 117 {
                duration(u32_le(payload, 2)?, 2, tree, own);
            }
        }
        24 | 25 => called = label(payload, 0, tree, fields)?,
        33 => {
            for (from, name, field, text) in
                [(0, "vendor", "lifx.vendor", "Vendor"), (4, "product", "lifx.product", "Product")]
            {
                let number = u32_le(payload, from)?;
                tree.int(field, text, at(from, 4), number);
                fields.int(name, number.into());
            }
        }
        35 => {
            if let Some(time) = time(long(0)?) {
                tree.text("lifx.time", "Time", at(0, 8), time);
                own.shown("time", time);
            }
            for (from, name, field, text) in
                [(8, "uptime", "lifx.uptime", "Uptime"), (16, "downtime", "lifx.downtime", "Downtime")]
            {
                let seconds = long(from)? as f64 / 1e9;
                tree.text(field, text, at(from, 8), format_args!("{seconds} seconds"));
                own.real(name, seconds);
            }
        }
        49 | 50 | 52 | 53 => {
            let id = model::hex(payload.get(..16)?);
            tree.text("lifx.group", "Group or location", at(0, 16), &id);
            fields.text("group_id", &id);
            called = label(payload, 16, tree, fields)?;
            if let Some(time) = time(long(48)?) {
                tree.text("lifx.updated_at", "Updated", at(48, 8), time);
                fields.shown("updated_at", time);
            }
        }
        102 => {
            colour(payload, 1, tree, fields)?;
            duration(u32_le(payload, 9)?, 9, tree, own);
        }
        107 => {
            colour(payload, 0, tree, fields)?;
            power(u16_le(payload, 10)?, 10, tree, fields);
            called = label(payload, 12, tree, fields)?;
        }
        _ if !payload.is_empty() => tree.bytes("lifx.payload", "Payload", at(0, payload.len()), payload),
        _ => {}
    }
    Some(called)
}

fn power(level: u16, from: usize, tree: &mut Tree, fields: &mut Fields) {
    let power = if level == 0 { "off" } else { "on" };
    let range = HEADER + from..HEADER + from + 2;
    tree.coded("lifx.power", "Power", range, level, || format!("{power} ({level})"));
    fields.text("power", power);
}

fn duration(milliseconds: u32, from: usize, tree: &mut Tree, own: &mut Fields) {
    tree.int("lifx.duration", "Duration", HEADER + from..HEADER + from + 4, milliseconds);
    own.real("duration", f64::from(milliseconds) / 1000.0);
}

/// Hue, saturation and brightness as parts of 65536, and kelvin.
fn colour(payload: &[u8], from: usize, tree: &mut Tree, fields: &mut Fields) -> Option<()> {
    for (n, name, field, label, whole) in [
        (0, "hue", "lifx.hue", "Hue", 360.0),
        (1, "saturation", "lifx.saturation", "Saturation", 100.0),
        (2, "brightness", "lifx.brightness", "Brightness", 100.0),
        (3, "kelvin", "lifx.kelvin", "Kelvin", 0.0),
    ] {
        let at = from + n * 2;
        let number = u16_le(payload, at)?;
        tree.int(field, label, HEADER + at..HEADER + at + 2, number);
        if whole == 0.0 {
            fields.int(name, number.into());
        } else {
            fields.real(name, (f64::from(number) * whole * 10.0 / 65_535.0).round() / 10.0);
        }
    }
    Some(())
}

/// 32 bytes, filled up with zeros.
fn label(payload: &[u8], from: usize, tree: &mut Tree, fields: &mut Fields) -> Option<String> {
    let bytes = payload.get(from..from + 32)?;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = printable(text, true).unwrap_or_default();
    tree.text("lifx.label", "Label", HEADER + from..HEADER + from + 32, text);
    fields.text("label", text);
    Some(text.to_owned())
}

/// Nanoseconds since 1970.
fn time(nanos: u64) -> Option<Time> {
    i64::try_from(nanos).ok().filter(|nanos| *nanos != 0).map(Time)
}

#[cfg(test)]
mod tests;
