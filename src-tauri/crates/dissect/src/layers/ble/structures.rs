//! What a device says of itself when it advertises: AD structures (Core specification supplement, part A).

use model::{Fields, hex};

use crate::Level;
use crate::bytes::{chunk, u16_le};
use crate::protocols::Out;

/// So many of each may fit in one packet of a real device.
const MOST: usize = 32;

#[derive(Default)]
pub(super) struct Structures {
    pub name: Option<String>,
    flags: Option<u8>,
    services: Vec<String>,
    service_data: Vec<String>,
    companies: Vec<u16>,
    tx_power: Option<i8>,
    appearance: Option<u16>,
    uri: Option<String>,
}

pub(super) fn read(bytes: &[u8], start: usize, out: &mut Out) -> Structures {
    let (mut said, mut at) = (Structures::default(), start);
    while let Some(length) = bytes.get(at).map(|length| usize::from(*length)) {
        if length == 0 {
            break; // what follows is filling
        }
        let end = at + 1 + length;
        let Some((kind, value)) = bytes.get(at + 1..end).and_then(<[u8]>::split_first) else {
            out.tree.note(Level::Warn, at..bytes.len(), "advertising data cut short");
            break;
        };
        out.tree.open("btcommon.eir_ad.entry", "Entry", at..end, || kind_word(*kind).to_owned());
        let shown = || format!("0x{kind:02x} ({})", kind_word(*kind));
        out.tree.coded("btcommon.eir_ad.entry.type", "Type", at + 1..at + 2, *kind, shown);
        said.entry(*kind, value, at + 2, out);
        out.tree.close();
        at = end;
    }
    said
}

impl Structures {
    fn entry(&mut self, kind: u8, value: &[u8], at: usize, out: &mut Out) {
        let range = at..at + value.len();
        match kind {
            0x01 => {
                self.flags = value.first().copied();
                let flags = self.flags.unwrap_or(0);
                let label = "General discoverable";
                out.tree.int("btcommon.eir_ad.entry.flags.le_general_discoverable_mode", label, range, flags >> 1 & 1);
            }
            0x02..=0x07 | 0x14 | 0x15 | 0x1f => {
                let (size, name) = match kind {
                    0x02 | 0x03 | 0x14 => (2, "btcommon.eir_ad.entry.uuid_16"),
                    0x04 | 0x05 | 0x1f => (4, "btcommon.eir_ad.entry.uuid_32"),
                    _ => (16, "btcommon.eir_ad.entry.uuid_128"),
                };
                for (n, raw) in value.chunks_exact(size).enumerate() {
                    let text = uuid(raw);
                    show(name, raw, at + n * size, out);
                    keep(&mut self.services, text);
                }
            }
            0x08 | 0x09 => {
                let name = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned();
                out.tree.text("btcommon.eir_ad.entry.device_name", "Device name", range, &name);
                // The complete name (9) is better than a shortened one.
                if !name.is_empty() && (kind == 0x09 || self.name.is_none()) {
                    self.name = Some(name);
                }
            }
            0x0a => {
                self.tx_power = value.first().map(|byte| byte.cast_signed());
                let power = self.tx_power.unwrap_or(0);
                let shown = || format!("{power} dBm");
                out.tree.coded("btcommon.eir_ad.entry.power_level", "Transmission power", range, power, shown);
            }
            0x16 | 0x20 | 0x21 => {
                let size = match kind {
                    0x16 => 2,
                    0x20 => 4,
                    _ => 16,
                };
                let Some((raw, data)) = value.split_at_checked(size) else { return };
                let name = match size {
                    2 => "btcommon.eir_ad.entry.uuid_16",
                    4 => "btcommon.eir_ad.entry.uuid_32",
                    _ => "btcommon.eir_ad.entry.uuid_128",
                };
                show(name, raw, at, out);
                out.tree.bytes("btcommon.eir_ad.entry.service_data", "Service data", at + size..range.end, data);
                keep(&mut self.service_data, uuid(raw));
            }
            0x19 => {
                self.appearance = u16_le(value, 0);
                let appearance = self.appearance.unwrap_or(0);
                let shown = || format!("0x{appearance:04x}");
                out.tree.coded("btcommon.eir_ad.entry.appearance", "Appearance", range, appearance, shown);
            }
            0x24 => {
                self.uri = Some(uri(value));
                out.tree.text("btcommon.eir_ad.entry.uri", "URI", range, uri(value));
            }
            0xff => {
                let (Some(company), Some(data)) = (u16_le(value, 0), value.get(2..)) else { return };
                let shown = || match company_name(company) {
                    Some(name) => format!("0x{company:04x} ({name})"),
                    None => format!("0x{company:04x}"),
                };
                out.tree.coded("btcommon.eir_ad.entry.company_id", "Company", at..at + 2, company, shown);
                out.tree.bytes("btcommon.eir_ad.entry.data", "Data", at + 2..range.end, data);
                if !self.companies.contains(&company) && self.companies.len() < MOST {
                    self.companies.push(company);
                }
            }
            _ => out.tree.bytes("btcommon.eir_ad.entry.data", "Data", range, value),
        }
    }

    /// Writes what a device says again and again alike; what it changes with each packet would make each a fact of its own.
    pub fn write(&self, fields: &mut Fields) {
        if let Some(name) = &self.name {
            fields.text("name", name);
        }
        if !self.companies.is_empty() {
            fields.texts("companies", self.companies.iter().map(|company| format!("{company:04x}")));
            let names: Vec<&str> = self.companies.iter().filter_map(|company| company_name(*company)).collect();
            if !names.is_empty() {
                fields.texts("company_names", names);
            }
        }
        for (name, list) in [("services", &self.services), ("service_data", &self.service_data)] {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        if let Some(flags) = self.flags {
            fields.shown("flags", format_args!("{flags:02x}"));
        }
        if let Some(appearance) = self.appearance {
            fields.int("appearance", appearance.into());
        }
        if let Some(power) = self.tx_power {
            fields.int("tx_power", power.into());
        }
        if let Some(uri) = &self.uri {
            fields.text("uri", uri);
        }
    }
}

fn keep(list: &mut Vec<String>, text: String) {
    if list.len() < MOST && !list.contains(&text) {
        list.push(text);
    }
}

fn show(name: &'static str, raw: &[u8], at: usize, out: &mut Out) {
    let range = at..at + raw.len();
    match u16_le(raw, 0).filter(|_| raw.len() == 2) {
        Some(short) => out.tree.coded(name, "Service", range, short, || format!("0x{short:04x}")),
        None => out.tree.text(name, "Service", range, uuid(raw)),
    }
}

/// Little-endian on the air.
fn uuid(raw: &[u8]) -> String {
    if let Some(short) = chunk::<4>(raw, 0).filter(|_| raw.len() == 4) {
        return format!("{:08x}", u32::from_le_bytes(short));
    }
    let Some(long) = chunk::<16>(raw, 0).map(u128::from_le_bytes) else {
        return format!("{:04x}", u16_le(raw, 0).unwrap_or(0));
    };
    let all = format!("{long:032x}");
    let part = |from, to| all.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The first character stands for a scheme (Assigned Numbers, URI scheme name string mapping).
fn uri(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match (text.strip_prefix('\u{16}'), text.strip_prefix('\u{17}')) {
        (Some(rest), _) => format!("http:{rest}"),
        (_, Some(rest)) => format!("https:{rest}"),
        _ if text.chars().any(char::is_control) => hex(value),
        _ => text.into_owned(),
    }
}

/// Assigned Numbers, company identifiers: those that homes are full of.
fn company_name(company: u16) -> Option<&'static str> {
    let name = match company {
        0x0006 => "Microsoft",
        0x000f => "Broadcom",
        0x004c => "Apple",
        0x0059 => "Nordic Semiconductor",
        0x0075 => "Samsung Electronics",
        0x0087 => "Garmin",
        0x009e => "Bose",
        0x00c4 => "LG Electronics",
        0x00e0 => "Google",
        0x0118 => "Radius Networks",
        0x012d => "Sony",
        0x0157 => "Anhui Huami",
        0x0171 => "Amazon",
        0x01a9 => "Canon",
        0x01da => "Logitech",
        0x027d => "Huawei",
        0x02e5 => "Espressif",
        0x038f => "Xiaomi",
        0x0499 => "Ruuvi",
        0x07d0 => "Tuya",
        _ => return None,
    };
    Some(name)
}

fn kind_word(kind: u8) -> &'static str {
    match kind {
        0x01 => "flags",
        0x02..=0x07 => "services",
        0x08 => "shortened name",
        0x09 => "complete name",
        0x0a => "transmission power",
        0x12 => "connection interval",
        0x14 | 0x15 | 0x1f => "wanted services",
        0x16 | 0x20 | 0x21 => "service data",
        0x19 => "appearance",
        0x1b => "LE device address",
        0x24 => "URI",
        0x29..=0x2b => "mesh",
        0xff => "manufacturer's own",
        _ => "other",
    }
}
