//! What a device says of itself by Wi-Fi Protected Setup (Wi-Fi Simple Configuration, section 12).

use model::{Fields, hex};

use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

/// Texts as they stand in the element.
#[derive(Default)]
pub(super) struct Wps<'a> {
    texts: [Option<&'a [u8]>; 5],
    uuid: Option<&'a [u8]>,
    category: Option<u16>,
}

/// Attribute id, field of the fact, field of the tree.
const TEXTS: [(u16, &str, &str); 5] = [
    (0x1011, "wps_device_name", "wps.device_name"),
    (0x1021, "wps_manufacturer", "wps.manufacturer"),
    (0x1023, "wps_model", "wps.model_name"),
    (0x1024, "wps_model_number", "wps.model_number"),
    (0x1042, "wps_serial", "wps.serial_number"),
];

impl<'a> Wps<'a> {
    /// `base`: where `value`, after organisation and type, stands in the frame.
    pub fn read(&mut self, value: &'a [u8], base: usize, out: &mut Out) {
        let mut at = 0;
        // Each attribute is at least 4 bytes, so that this ends.
        while let (Some(id), Some(length)) = (u16_be(value, at), u16_be(value, at + 2)) {
            let range = at + 4..at + 4 + usize::from(length);
            let Some(data) = value.get(range.clone()) else { break };
            let place = base + range.start..base + range.end;
            let text = TEXTS.iter().enumerate().find(|(_, (own, _, _))| *own == id);
            match (id, text) {
                (_, Some((n, (_, _, name)))) => {
                    out.tree.text(name, "Text", place, String::from_utf8_lossy(data));
                    self.texts[n] = Some(data);
                }
                (0x1047 | 0x1048, _) => {
                    let name = if id == 0x1047 { "wps.uuid_e" } else { "wps.uuid_r" };
                    out.tree.bytes(name, "UUID", place, data);
                    self.uuid = Some(data);
                }
                (0x1054, _) => {
                    self.category = u16_be(data, 0);
                    let category = self.category.unwrap_or(0);
                    out.tree.coded("wps.primary_device_type.category", "Kind of device", place, category, || {
                        category_word(category).to_owned()
                    });
                }
                _ => {}
            }
            at = range.end;
        }
    }

    pub fn write(&self, fields: &mut Fields) {
        for ((_, name, _), text) in TEXTS.iter().zip(self.texts) {
            let text = String::from_utf8_lossy(text.unwrap_or_default());
            let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            if !text.is_empty() {
                fields.text(name, text);
            }
        }
        if let Some(uuid) = self.uuid {
            fields.text("wps_uuid", &uuid_text(uuid));
        }
        if let Some(category) = self.category {
            fields.text("wps_category", category_word(category));
        }
    }
}

fn uuid_text(raw: &[u8]) -> String {
    match chunk::<16>(raw, 0) {
        Some(raw) => {
            let all = hex(&raw);
            let part = |from, to| all.get(from..to).unwrap_or_default();
            [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
        }
        None => hex(raw),
    }
}

fn category_word(category: u16) -> &'static str {
    match category {
        1 => "computer",
        2 => "input device",
        3 => "printer or scanner",
        4 => "camera",
        5 => "storage",
        6 => "network",
        7 => "display",
        8 => "multimedia",
        9 => "gaming",
        10 => "telephone",
        11 => "audio",
        12 => "dock",
        _ => "other",
    }
}
