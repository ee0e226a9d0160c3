//! The report's outermost message, field by field. See the table in [`Report`].

use model::{Issue, Time};

use super::wire::{self, Field, Value};

/// How many outermost fields are read; a true report has about a hundred.
const FIELDS: usize = 100_000;

/// Bytes and where in the report they begin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span<'a> {
    pub at: usize,
    pub bytes: &'a [u8],
}

impl<'a> Span<'a> {
    pub fn end(self) -> usize {
        self.at + self.bytes.len()
    }

    pub fn text(self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

/// A message that names something and says a few values of it; unset parts are empty or zero, as proto3 says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entry<'a> {
    /// The whole message.
    pub whole: Span<'a>,
    /// Field 1: path, command or station id.
    pub name: Span<'a>,
    /// Field 2 if it is a string: content, output or MAC pseudonym.
    pub content: Span<'a>,
    /// Field 2 or 3 if it is a varint: length or status code.
    pub number: i64,
    /// Field 3 of a file that is itself a protobuf message: the message's type.
    pub message_type: Span<'a>,
}

/// A field that the reader does not understand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unknown<'a> {
    /// The message that it was in; empty for the report itself.
    pub inside: &'static str,
    pub field: Field<'a>,
}

/// What a report holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report<'a> {
    /// Field 1: `9460.40.5 (Official Build) stable-channel whirlwind`.
    pub version: Option<Span<'a>>,
    /// Field 2: copies of files.
    pub files: Vec<Entry<'a>>,
    /// Field 3: boot firmware.
    pub boot_firmware: Option<Span<'a>>,
    /// Field 4: hardware id.
    pub hardware: Option<Span<'a>>,
    /// Field 5, protobuf text format.
    pub network_config: Option<Span<'a>>,
    /// Field 7: sizes of files and folders on the router.
    pub file_lengths: Vec<Entry<'a>>,
    /// Field 8, protobuf text format.
    pub wan_info: Option<Span<'a>>,
    /// Field 9: commands, what they printed, and their exit status.
    pub commands: Vec<Entry<'a>>,
    /// Field 10, JSON.
    pub info: Option<Span<'a>>,
    /// Field 11: 1 wherever seen; nobody knows what it says.
    pub unknown1: Option<i64>,
    /// Field 12: station id (keyed hash of a MAC address) and the MAC pseudonym of this report.
    pub pseudonyms: Vec<Entry<'a>>,
    /// Field 13: when the report was made, seconds since 1970 UTC; and the bytes that say so.
    pub unix_time: Option<(i64, Span<'a>)>,
    /// Field 16 of later firmware, protobuf text format.
    pub network_state: Option<Span<'a>>,
    pub unknown: Vec<Unknown<'a>>,
    pub issues: Vec<Issue>,
}

/// The wire type that a field of the outermost message has. 6 and 14 were never seen; 15, 17 and 18 are of later firmware.
pub fn wire_type(number: u32) -> Option<u8> {
    match number {
        1..=5 | 7..=10 | 12 | 15..=18 => Some(2),
        11 | 13 => Some(0),
        _ => None,
    }
}

impl<'a> Report<'a> {
    /// Reads as far as the bytes make sense; why not further is in `issues`.
    pub fn parse(bytes: &'a [u8]) -> Report<'a> {
        let mut report = Report::default();
        for (n, field) in wire::fields(bytes, 0).enumerate() {
            match field {
                Ok(field) if n >= FIELDS => {
                    let why = format!("more than {FIELDS} fields; the rest is left out");
                    report.issues.push(Issue::new("onhub report", why, offset(field.start)));
                    break;
                }
                Ok(field) => report.field(bytes, field),
                Err(fault) => {
                    let mut issue = Issue::new("onhub report", fault.why, offset(fault.at));
                    issue.skipped = bytes.len().checked_sub(fault.at).map(offset);
                    report.issues.push(issue);
                    if let Some(cut) = fault.cut {
                        report.field(bytes, cut);
                    }
                }
            }
        }
        report
    }

    /// When the report says it was made.
    pub fn time(&self) -> Option<Time> {
        self.unix_time.filter(|(seconds, _)| *seconds > 0).and_then(|(seconds, _)| Time::new(seconds, 0))
    }

    fn field(&mut self, bytes: &'a [u8], field: Field<'a>) {
        let mut once = |slot: &mut Option<Span<'a>>, span: Span<'a>, what: &str| {
            if slot.replace(span).is_some() {
                self.issues.push(Issue::new(what, "stated twice; the last one counts", offset(field.start)));
            }
        };
        match (field.number, field.value) {
            (1, Value::Bytes(value)) => once(&mut self.version, Span { at: field.at, bytes: value }, "onhub version"),
            (3, Value::Bytes(value)) => {
                once(&mut self.boot_firmware, Span { at: field.at, bytes: value }, "onhub boot firmware");
            }
            (4, Value::Bytes(value)) => once(&mut self.hardware, Span { at: field.at, bytes: value }, "onhub hardware"),
            (5, Value::Bytes(value)) => {
                once(&mut self.network_config, Span { at: field.at, bytes: value }, "onhub network config");
            }
            (8, Value::Bytes(value)) => once(&mut self.wan_info, Span { at: field.at, bytes: value }, "onhub WAN info"),
            (10, Value::Bytes(value)) => once(&mut self.info, Span { at: field.at, bytes: value }, "onhub info JSON"),
            (16, Value::Bytes(value)) => {
                once(&mut self.network_state, Span { at: field.at, bytes: value }, "onhub network state");
            }
            (11, Value::Varint(value)) => {
                if self.unknown1.replace(value.cast_signed()).is_some() {
                    let why = "stated twice; the last one counts";
                    self.issues.push(Issue::new("onhub field 11", why, offset(field.start)));
                }
            }
            (13, Value::Varint(value)) => {
                let span = Span { at: field.start, bytes: bytes.get(field.start..field.end).unwrap_or_default() };
                if self.unix_time.replace((value.cast_signed(), span)).is_some() {
                    let why = "stated twice; the last one counts";
                    self.issues.push(Issue::new("onhub report time", why, offset(field.start)));
                }
            }
            (2, Value::Bytes(value)) => {
                let entry = self.entry(value, field.at, "files", [2, 0, 3]);
                self.files.push(entry);
            }
            (7, Value::Bytes(value)) => {
                let entry = self.entry(value, field.at, "file lengths", [0, 2, 0]);
                self.file_lengths.push(entry);
            }
            (9, Value::Bytes(value)) => {
                let entry = self.entry(value, field.at, "command outputs", [2, 3, 0]);
                self.commands.push(entry);
            }
            (12, Value::Bytes(value)) => {
                let entry = self.entry(value, field.at, "pseudonyms", [2, 0, 0]);
                self.pseudonyms.push(entry);
            }
            _ => self.unknown.push(Unknown { inside: "", field }),
        }
    }

    /// A message with a name in field 1; `numbers` are the fields of its content, number and message type (0: has none).
    fn entry(&mut self, bytes: &'a [u8], at: usize, inside: &'static str, numbers: [u32; 3]) -> Entry<'a> {
        let whole = Span { at, bytes };
        let empty = Span { at: whole.end(), bytes: &[] };
        let mut entry = Entry { whole, name: empty, content: empty, number: 0, message_type: empty };
        for field in wire::fields(bytes, at) {
            let field = match field {
                Ok(field) => field,
                Err(fault) => {
                    self.issues.push(Issue::new(format!("onhub {inside}"), fault.why, offset(fault.at)));
                    let Some(cut) = fault.cut else { break };
                    cut
                }
            };
            match field.value {
                Value::Bytes(value) if field.number == 1 => entry.name = Span { at: field.at, bytes: value },
                Value::Bytes(value) if field.number == numbers[0] => {
                    entry.content = Span { at: field.at, bytes: value }
                }
                Value::Varint(value) if field.number == numbers[1] => entry.number = value.cast_signed(),
                Value::Bytes(value) if field.number == numbers[2] => {
                    entry.message_type = Span { at: field.at, bytes: value };
                }
                _ => self.unknown.push(Unknown { inside, field }),
            }
        }
        entry
    }
}

/// A place in memory as an offset in the evidence.
pub fn offset(at: usize) -> u64 {
    at as u64 // usize is never wider than 64 bits
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VECTOR, vector};
    use super::*;

    #[test]
    fn minimal_report_decodes_exactly() {
        let bytes = vector();
        assert_eq!(VECTOR.len(), 2 * 167);
        let report = Report::parse(&bytes);
        assert_eq!(report.issues, []);
        assert_eq!(report.unknown, []);
        assert_eq!(report.version.unwrap().text(), "9999.1.2 x");
        let [file] = report.files[..] else { panic!("one file") };
        assert_eq!((&*file.name.text(), file.content.bytes.len()), ("/var/log/net.log", 0));
        let [length] = report.file_lengths[..] else { panic!("one length") };
        assert_eq!((&*length.name.text(), length.number), ("/var/log/messages", 105_792));
        assert_eq!(report.wan_info.unwrap().text(), "wan_ipv4_address: \"198.51.100.7\"\n");
        let [command] = report.commands[..] else { panic!("one command") };
        assert_eq!((&*command.name.text(), command.content.bytes, command.number), ("/sbin/x", &b""[..], 237));
        assert_eq!(report.info.unwrap().text(), r#"{"_apState":{"_stations":[]}}"#);
        assert_eq!(report.unknown1, Some(1));
        let [pair] = report.pseudonyms[..] else { panic!("one pair") };
        assert_eq!((&*pair.name.text(), &*pair.content.text()), ("AB", "18b430000007"));
        assert_eq!(report.unix_time.unwrap().0, 1_500_276_531);
        assert_eq!(report.time(), Time::new(1_500_276_531, 0));
    }

    #[test]
    fn twice_the_same_scalar_last_wins() {
        let report = Report::parse(b"\x0a\x01a\x0a\x01b\x68\x01\x68\x02");
        assert_eq!(report.version.unwrap().text(), "b");
        assert_eq!(report.unix_time.unwrap().0, 2);
        let whats: Vec<&str> = report.issues.iter().map(|issue| issue.what.as_str()).collect();
        assert_eq!(whats, ["onhub version", "onhub report time"]);
    }

    #[test]
    fn a_cut_report_keeps_what_it_holds() {
        let bytes = vector();
        let cut = Report::parse(bytes.get(..20).unwrap());
        assert_eq!(cut.files[0].name.text(), "/var");
        assert_eq!(cut.issues[0].offset, 12);
        assert_eq!(cut.issues[0].skipped, Some(8));
    }
}
