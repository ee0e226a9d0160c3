//! Is this an OnHub report? There is no magic number, and a lenient protobuf decoder accepts a lot, so the rules are strict.

use model::Time;

use super::report::{Report, wire_type};
use super::wire::{self, Value};
use crate::{json_span, tree};

/// What a file is, as far as its bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A report by all rules; why.
    Whole(String),
    /// Bears a report's marks but lacks something; what.
    Partial(String),
}

/// A report has at least this many bytes.
const SMALLEST: usize = 64;
/// 2015-01-01, before which no OnHub was sold.
const EARLIEST: i64 = 1_420_070_400;
const DAY: i64 = 86_400;

/// The strict rule, over all bytes (not gzipped any more). `now` guards against report times in the future.
///
/// 1. 64 bytes or more.
/// 2. The first field is 1, a string like `9460.40.5 (Official Build) …`.
/// 3. All of it is protobuf, with fields 1 to 18 of the right wire types.
/// 4. Field 10 is JSON with `_apState`, or field 16 speaks of `network_service_state`.
/// 5. A file with an absolute path, and a report time from 2015 to tomorrow.
///
/// A report that fails only 4 or 5, or that was cut short after its first file, is partial. An error says which rule refused.
pub fn recognise(bytes: &[u8], now: Option<Time>) -> Result<Recognised, String> {
    might_be(bytes)?;
    let mut faults = Vec::new();
    if let Some(cut_at) = wire_rule(bytes)? {
        faults.push(format!("cut short: the field at {cut_at} is longer than what is left"));
    }
    let report = Report::parse(bytes);
    let has_file = report.files.iter().any(|file| file.name.bytes.starts_with(b"/"));
    if !faults.is_empty() && !has_file {
        return Err("rule 3: cut short before the first file".into());
    }
    faults.extend(state_rule(&report).err());
    if !has_file {
        faults.push("no file with an absolute path".into());
    }
    faults.extend(time_rule(&report, now).err());
    let version = report.version.map(|version| version.text().into_owned()).unwrap_or_default();
    let version = version.get(..version.floor_char_boundary(100)).unwrap_or_default();
    if faults.is_empty() {
        let files = report.files.len();
        return Ok(Recognised::Whole(format!("OnHub diagnostic report of firmware {version} with {files} files")));
    }
    Ok(Recognised::Partial(format!(
        "looks like an OnHub diagnostic report of firmware {version}, but: {}",
        faults.join("; ")
    )))
}

/// The cheap first test, on the first 64 KiB or all of a shorter file: rules 1 and 2, and rule 3 as far as the bytes go.
pub fn might_be(head: &[u8]) -> Result<(), String> {
    if head.len() < SMALLEST {
        return Err(format!("rule 1: {} bytes, fewer than a report's {SMALLEST}", head.len()));
    }
    match head.first() {
        Some(0x0a) => {}
        Some(0x1f) => return Err("rule 2: still gzipped".into()),
        other => return Err(format!("rule 2: first byte is {:#04x}, not 0x0a", other.copied().unwrap_or_default())),
    }
    match wire::fields(head, 0).next() {
        Some(Ok(field)) if matches!(field.value, Value::Bytes(text) if is_version(text)) => {}
        Some(Ok(_)) => return Err("rule 2: the first field is not a version such as 9460.40.5".into()),
        _ => return Err("rule 2: the first field does not end".into()),
    }
    wire_rule(head).map(|_| ())
}

/// Rule 3. The offset of the last field if the bytes end within it.
fn wire_rule(bytes: &[u8]) -> Result<Option<usize>, String> {
    for field in wire::fields(bytes, 0) {
        let (field, whole) = match field {
            Ok(field) => (field, true),
            Err(fault) => match fault.cut {
                Some(cut) => (cut, false),
                // A tag or a number that the end cut in two is a cut too: there are fewer bytes left than it may have.
                None if fault.why.ends_with("cut short") => return Ok(Some(fault.at)),
                None => return Err(format!("rule 3: {} at {}", fault.why, fault.at)),
            },
        };
        let (number, got, at) = (field.number, field.value.wire_type(), field.start);
        match wire_type(number) {
            Some(expected) if expected != got => {
                return Err(format!("rule 3: field {number} at {at} has wire type {got}, not {expected}"));
            }
            None if number != 6 && number != 14 => {
                return Err(format!("rule 3: field {number} at {at} is none of a report's"));
            }
            _ if !whole => return Ok(Some(at)),
            _ => {}
        }
    }
    Ok(None)
}

/// Rule 4.
fn state_rule(report: &Report) -> Result<(), String> {
    let state = report.network_state.map(|state| state.text()).unwrap_or_default();
    if state.contains("network_service_state") {
        return Ok(());
    }
    let Some(info) = report.info else { return Err("neither field 10 (info JSON) nor 16 (network state)".into()) };
    match json_span::parse(info.bytes, info.at) {
        (_, Some(tree::Fault { at, why })) => Err(format!("field 10 is no JSON: {why} at {at}")),
        (Some(node), None) if node.get("_apState").is_some() => Ok(()),
        _ => Err("field 10 says nothing of _apState".into()),
    }
}

/// Rule 5, second half.
fn time_rule(report: &Report, now: Option<Time>) -> Result<(), String> {
    let Some((seconds, _)) = report.unix_time else { return Err("no report time".into()) };
    let latest = now.map_or(i64::MAX, |now| (now.0 / 1_000_000_000).saturating_add(DAY));
    if (EARLIEST..=latest).contains(&seconds) && Time::new(seconds, 0).is_some() {
        Ok(())
    } else {
        Err(format!("report time {seconds} is not between 2015 and tomorrow"))
    }
}

/// `^\d+\.\d+\.\d+\b` of UTF-8 text.
fn is_version(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut rest = text;
    for n in 0..3 {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() == rest.len() {
            return false;
        }
        rest = after;
        if n < 2 {
            let Some(after) = rest.strip_prefix('.') else { return false };
            rest = after;
        }
    }
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::tests::vector;
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let now = Time::new(1_600_000_000, 0);
        let said = match recognise(bytes, now) {
            Ok(Recognised::Whole(why)) => format!("whole: {why}"),
            Ok(Recognised::Partial(why)) => format!("partial: {why}"),
            Err(why) => why,
        };
        assert_eq!(said, expected);
    }

    /// The minimal report with the first `from` turned into `to`, of the same length.
    fn with(from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut bytes = vector();
        let at = bytes.windows(from.len()).position(|window| window == from).expect("in the minimal report");
        bytes.splice(at..at + from.len(), to.iter().copied());
        bytes
    }

    #[test]
    fn whole_reports() {
        check(&vector(), "whole: OnHub diagnostic report of firmware 9999.1.2 x with 1 files");
        let state = with(b"\x52\x1d{\"_apState\":{\"_stations\":[]}}", b"\x82\x01\x1cnetwork_service_state { a: 1");
        check(&state, "whole: OnHub diagnostic report of firmware 9999.1.2 x with 1 files");
        assert_eq!(might_be(&vector()), Ok(()));
    }

    #[test]
    fn each_rule_refuses() {
        check(b"", "rule 1: 0 bytes, fewer than a report's 64");
        check(&vector()[..63], "rule 1: 63 bytes, fewer than a report's 64");
        check(&[0; 64], "rule 2: first byte is 0x00, not 0x0a");
        check(&[0x1f; 64], "rule 2: still gzipped");
        check(&[0x0a; 64], "rule 2: the first field is not a version such as 9460.40.5");
        check(&[&[0x0a, 0x7f][..], &[b'1'; 70]].concat(), "rule 2: the first field does not end");
        check(&with(b"9999.1.2 x", b"9999.1.2xx"), "rule 2: the first field is not a version such as 9460.40.5");
        check(&with(b"9999.1.2 x", b"9999.1. xx"), "rule 2: the first field is not a version such as 9460.40.5");
        check(&with(b"\x58\x01", b"\x5b\x01"), "rule 3: a wire type that reports do not use at 139");
        check(&with(b"\x58\x01", b"\x5d\x01"), "rule 3: field 11 at 139 has wire type 5, not 0");
        check(&with(b"\x58\x01\x62\x12", b"\x58\x01\x9a\x01"), "rule 3: field 19 at 141 is none of a report's");
        let cut = [&b"\x0a\x4611.22.33"[..], &[b' '; 62], b"\x12\x7f\x0a\x03"].concat();
        check(&cut, "rule 3: cut short before the first file");
    }

    #[test]
    fn a_report_that_fails_only_the_last_rules_is_partial() {
        let but =
            |why: &str| format!("partial: looks like an OnHub diagnostic report of firmware 9999.1.2 x, but: {why}");
        check(&with(b"_apState", b"_upState"), &but("field 10 says nothing of _apState"));
        check(&with(b"{\"_ap", b"(\"_ap"), &but("field 10 is no JSON: no JSON value here at 110"));
        check(&with(b"/var/log/net", b"-var/log/net"), &but("no file with an absolute path"));
        check(
            &with(b"\xb3\xce\xb1\xcb\x05", b"\xb3\xce\xb1\xcb\x7f"),
            &but("report time 34249402163 is not between 2015 and tomorrow"),
        );
        check(&with(b"\x68\xb3\xce\xb1\xcb\x05", b""), &but("no report time"));
        let cut = "cut short: the field at 108 is longer than what is left; field 10 is no JSON: a string without end at 111; \
                   no report time";
        check(&vector()[..120], &but(cut));
    }
}
