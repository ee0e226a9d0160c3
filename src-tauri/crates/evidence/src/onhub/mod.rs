//! Google OnHub / Google Wifi diagnostic reports.
//!
//! A report is one protobuf message without magic number: router state, the list of client devices, DHCP leases, ARP and bridge
//! tables, radio statistics, and about a day of the router's log. MAC addresses are replaced by pseudonyms (see [`joins`]).
//!
//! Invariant: pure functions over the whole bytes, which a caller has taken out of any gzip. No file, no clock.

mod commands;
mod events;
mod files;
mod heard;
mod joins;
mod kinds;
mod logs;
mod masked;
mod recognise;
mod report;
mod settings;
mod stations;
mod text_format;
mod wire;

use std::collections::BTreeSet;

use model::{Cancelled, Fact, Fields, Issue, Mac, Party, Place, Sink, Time, TimeKind, hex};

use crate::json_span;
use crate::tree::{Fault, Node};
use commands::{Clock, int, span_place};
use files::Member;
use joins::{Joins, Seen, counter};
use logs::{Boot, Known, Survey};
use report::{Entry, Report, Span, Unknown, offset};
use settings::capped;
use stations::Station;
use wire::Value;

pub use kinds::KINDS;
pub use recognise::{Recognised, might_be, recognise};

/// Changes whenever the same report would give other facts.
pub const VERSION: &str = "1";

/// Copies of small files that are taken apart are read up to this many bytes.
const SMALL: usize = 1 << 20;

/// Tells all facts and issues of a report. A broken report gives what it holds, and an issue for what it does not.
///
/// Whole report first, then its files, tables, commands, settings, stations, pseudonyms; last the logs, which run forward in time.
pub fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Cancelled> {
    let mut report = Report::parse(bytes);
    for issue in report.issues.drain(..) {
        sink.issue(issue);
    }
    let members: Vec<Member> = report.files.iter().map(Member::new).collect();
    let mut seen = Seen::new(pairs(&report, sink));
    let (surveys, boot) = survey(&members, &mut seen, sink);
    let clock = Clock { report: report.time().or_else(|| last_log(&members, &surveys)), boot: boot.time() };

    let info = report.info.and_then(|span| {
        let (node, fault) = json_span::parse(span.bytes, span.at);
        tell_fault("onhub info JSON", fault, sink);
        node
    });
    let network_config = text_tree("onhub network config", report.network_config, sink);
    let wan_info = text_tree("onhub WAN info", report.wan_info, sink);
    let network_state = text_tree("onhub network state", report.network_state, sink);

    let leases = wan_info.as_ref().map(|node| settings::leases(node, &mut seen, clock.report)).unwrap_or_default();
    let arp = arp_entries(&members, clock, &mut seen);
    let outputs = commands::read(&report.commands, clock, &mut seen);
    outputs.issues.iter().for_each(|issue| sink.issue(issue.clone()));
    let mut stations = info.as_ref().map(stations::of_info).unwrap_or_default();
    stations.extend(network_state.as_ref().map(stations::of_network_state).unwrap_or_default());

    seen.ids(&report_ids(&stations, info.as_ref()));
    let mut joins = seen.join();
    for station in &stations {
        if let Some(compact) = joins.compact(&station.id) {
            joins.name(compact, &station.name(), &station.id);
        }
    }
    let tell = |mut fact: Fact, sink: &mut dyn Sink| {
        joins.tell(&mut fact);
        sink.fact(fact)
    };

    sink.fact(summary(&report, bytes, clock, &members, &surveys, &stations, leases.len()))?;
    for (member, survey) in members.iter().zip(&surveys) {
        sink.fact(report_file(member, survey, clock))?;
    }
    report.file_lengths.iter().try_for_each(|entry| sink.fact(file_length(entry, &members, &surveys, clock)))?;
    report.commands.iter().try_for_each(|command| sink.fact(commands::output(command, clock)))?;
    report.unknown.iter().try_for_each(|unknown| sink.fact(unknown_field(bytes, unknown)))?;
    wan_idle_usage(&members, clock).into_iter().try_for_each(|fact| sink.fact(fact))?;

    let networks = settings::wifi_networks(network_config.as_ref(), info.as_ref(), clock.report);
    networks.into_iter().try_for_each(|fact| sink.fact(fact))?;
    for (source, node) in [
        ("network_config", &network_config),
        ("wan_info", &wan_info),
        ("info_json", &info),
        ("network_state", &network_state),
    ] {
        let Some(node) = node else { continue };
        let (facts, full) = settings::settings(source, node, clock.report);
        if full {
            sink.issue(Issue::new("onhub settings", "too many values; the rest is left out", offset(node.at)));
        }
        facts.into_iter().try_for_each(|fact| sink.fact(fact))?;
    }
    file_settings(&members, clock).into_iter().try_for_each(|fact| sink.fact(fact))?;

    stations.iter().try_for_each(|station| sink.fact(station.fact(&joins, &seen, clock.report)))?;
    leases.into_iter().try_for_each(|fact| tell(fact, sink))?;
    arp.into_iter().try_for_each(|fact| tell(fact, sink))?;
    outputs.facts.into_iter().try_for_each(|fact| tell(fact, sink))?;
    heard(&stations, &joins, clock, sink)?;
    outputs.heard.into_iter().try_for_each(|(sighting, place)| sighting.tell(place, |_| (), sink))?;
    report.pseudonyms.iter().try_for_each(|entry| tell(pseudonym(entry, &joins, &seen, clock), sink))?;

    let known = Known { joins: &joins, networks: &outputs.networks };
    let mut budget = files::BUDGET;
    let order = files::oldest_first(&members);
    order.iter().filter_map(|n| members.get(*n)).try_for_each(|member| logs::facts(member, &mut budget, &known, sink))
}

/// When each station was last seen; of two lists that name it, by the first.
fn heard(stations: &[Station], joins: &Joins, clock: Clock, sink: &mut dyn Sink) -> Result<(), Cancelled> {
    let mut told = BTreeSet::new();
    for station in stations.iter().filter(|station| told.insert(station.id.as_str())) {
        let Some((sighting, place)) = station.heard(joins, clock.report) else { continue };
        let more = |fact: &mut Fact| {
            if let Some(ip) = station.ip() {
                fact.fields.text("ip", ip);
            }
        };
        sighting.tell(place, more, sink)?;
    }
    Ok(())
}

/// The table of pseudonyms, without rows that are none.
fn pairs(report: &Report, sink: &mut dyn Sink) -> Vec<(String, Mac)> {
    let mut pairs = Vec::new();
    for entry in &report.pseudonyms {
        match Mac::parse(entry.content.text().trim()) {
            Ok(mac) => pairs.push((entry.name.text().into_owned(), mac)),
            Err(error) => sink.issue(Issue::new("onhub pseudonym", error.to_string(), offset(entry.whole.at))),
        }
    }
    pairs
}

fn survey(members: &[Member], seen: &mut Seen, sink: &mut dyn Sink) -> (Vec<Survey>, Boot) {
    let (mut boot, mut budget) = (Boot::default(), files::BUDGET);
    let mut surveys = Vec::new();
    for member in members {
        let survey = logs::survey(member, &mut budget, seen, &mut boot);
        if let Some(why) = &survey.fault {
            let what = format!("onhub file {}", capped(&member.path));
            sink.issue(Issue::new(what, why.clone(), offset(member.stored.at)));
        }
        surveys.push(survey);
    }
    (surveys, boot)
}

/// The main log's last time, or that of any log.
fn last_log(members: &[Member], surveys: &[Survey]) -> Option<Time> {
    let main = members.iter().zip(surveys).filter(|(member, _)| logs::is_main_log(&member.path));
    main.filter_map(|(_, survey)| survey.last).max().or_else(|| surveys.iter().filter_map(|survey| survey.last).max())
}

fn text_tree<'a>(what: &str, span: Option<Span<'a>>, sink: &mut dyn Sink) -> Option<Node<'a>> {
    let span = span?;
    let (node, fault) = text_format::parse(span.bytes, span.at);
    tell_fault(what, fault, sink);
    Some(node)
}

fn tell_fault(what: &str, fault: Option<Fault>, sink: &mut dyn Sink) {
    if let Some(Fault { at, why }) = fault {
        sink.issue(Issue::new(what, why, offset(at)));
    }
}

/// Station ids, and those of the router's own interfaces: all of compact pseudonyms.
fn report_ids<'a>(stations: &'a [Station], info: Option<&'a Node>) -> BTreeSet<&'a str> {
    let lan = info.and_then(|info| info.path(&["_apState", "_lan"]));
    let own = lan.into_iter().flat_map(|lan| lan.all("_ids").chain(lan.all("_id"))).filter_map(Node::text);
    stations.iter().map(|station| station.id.as_str()).chain(own).collect()
}

fn arp_entries(members: &[Member], clock: Clock, seen: &mut Seen) -> Vec<Fact> {
    let tables = members.iter().filter(|member| member.path == "/proc/net/arp");
    tables
        .flat_map(|member| {
            let text = member.beginning(SMALL);
            commands::arp(&text, clock.report, seen, &|line| member.place(line.at, line.length))
        })
        .collect()
}

/// `/etc/lsb-release` and `/etc/resolv.conf`, line by line.
fn file_settings(members: &[Member], clock: Clock) -> Vec<Fact> {
    let mut facts = Vec::new();
    for member in members {
        let separator = match member.path.as_str() {
            "/etc/lsb-release" => '=',
            "/etc/resolv.conf" => ' ',
            _ => continue,
        };
        for line in files::lines(&member.beginning(SMALL)) {
            let text = String::from_utf8_lossy(line.bytes);
            let Some((name, value)) = text.trim().split_once(separator).filter(|(_, value)| !value.is_empty()) else {
                continue;
            };
            facts.push(settings::setting(&member.path, name, value, member.place(line.at, line.length), clock.report));
        }
    }
    facts
}

/// `/var/lib/ap/monitor/wan_idle_usage`: protobuf, field 1 a varint for each interval.
fn wan_idle_usage(members: &[Member], clock: Clock) -> Option<Fact> {
    const MOST: usize = 1000;
    let member = members.iter().find(|member| member.path.ends_with("/wan_idle_usage"))?;
    let content = member.beginning(SMALL);
    let values: Vec<i64> = wire::fields(&content, 0)
        .map_while(Result::ok)
        .filter_map(|field| match (field.number, field.value) {
            (1, Value::Varint(value)) => Some(value.cast_signed()),
            _ => None,
        })
        .collect();
    let mut fact = Fact::new("wan_idle_usage", span_place(member.stored));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    fact.subject.clone_from(&member.path);
    fact.own.int("intervals", int(values.len()));
    fact.own.int("total_bytes", values.iter().fold(0, |sum: i64, value| sum.saturating_add(*value)));
    fact.own.ints("bytes", values.into_iter().take(MOST));
    Some(fact)
}

fn summary(
    report: &Report,
    bytes: &[u8],
    clock: Clock,
    members: &[Member],
    surveys: &[Survey],
    stations: &[Station],
    leases: usize,
) -> Fact {
    let mut fact = Fact::new("report", Place::bytes(0, offset(bytes.len())));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    let text = |span: Option<Span>| span.map(|span| capped(&span.text()).to_owned()).unwrap_or_default();
    fact.subject = text(report.version);
    let fields = &mut fact.fields;
    fields.text("version", &text(report.version));
    fields.text("hardware", &text(report.hardware));
    fields.text("boot_firmware", &text(report.boot_firmware));
    if let Some(time) = clock.report {
        fields.shown("unix_time", time);
        fields.text("time_source", if report.time().is_some() { "unix_time" } else { "last_log_line" });
    }
    if let Some(boot) = clock.boot {
        fields.shown("boot_time", boot);
    }
    let main = || members.iter().zip(surveys).filter(|(member, _)| logs::is_main_log(&member.path));
    let lines = main().fold(0, |sum: u64, (_, survey)| sum.saturating_add(survey.lines));
    for (name, count) in [
        ("stations", stations.len()),
        ("stations_connected", stations.iter().filter(|station| station.connected == Some(true)).count()),
        ("files", report.files.len()),
        ("file_lengths", report.file_lengths.len()),
        ("commands", report.commands.len()),
        ("pseudonyms", report.pseudonyms.len()),
        ("leases", leases),
        ("log_lines", usize::try_from(lines).unwrap_or(usize::MAX)),
        ("unknown_fields", report.unknown.len()),
    ] {
        fields.int(name, int(count));
    }
    if let Some(first) = main().filter_map(|(_, survey)| survey.first).min() {
        fields.shown("first_log", first);
    }
    if let Some(last) = main().filter_map(|(_, survey)| survey.last).max() {
        fields.shown("last_log", last);
    }
    if let Some(value) = report.unknown1 {
        fields.int("unknown1", value);
    }
    fact
}

fn report_file(member: &Member, survey: &Survey, clock: Clock) -> Fact {
    let mut fact = Fact::new("report_file", span_place(member.whole));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    let path = capped(&member.path);
    fact.subject = path.to_owned();
    fact.fields.text("path", path);
    fact.fields.text(
        "compression",
        match (member.is_gzip(), &survey.fault) {
            (false, _) => "none",
            (true, None) => "gzip",
            (true, Some(_)) => "gzip (damaged)",
        },
    );
    if !member.message_type.is_empty() {
        fact.fields.text("message_type", capped(&member.message_type));
    }
    let own = &mut fact.own;
    own.int("size", i64::try_from(survey.size).unwrap_or(i64::MAX));
    own.int("stored_size", int(member.stored.bytes.len()));
    own.int("content_offset", int(member.stored.at));
    own.text("sha256", &survey.sha256);
    own.int("lines", i64::try_from(survey.lines).unwrap_or(i64::MAX));
    for (name, time) in [("first_log", survey.first), ("last_log", survey.last)] {
        if let Some(time) = time {
            own.shown(name, time);
        }
    }
    fact
}

fn file_length(entry: &Entry, members: &[Member], surveys: &[Survey], clock: Clock) -> Fact {
    let mut fact = Fact::new("file_length", span_place(entry.whole));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    let path = entry.name.text();
    fact.subject = capped(&path).to_owned();
    fact.fields.text("path", capped(&path));
    fact.own.int("size", entry.number);
    let copied = members.iter().zip(surveys).take(1000).any(|(member, survey)| {
        path.ends_with(&member.path) && !member.path.is_empty() && u64::try_from(entry.number) == Ok(survey.size)
    });
    fact.fields.flag("in_report", copied);
    fact
}

fn pseudonym(entry: &Entry, joins: &Joins, seen: &Seen, clock: Clock) -> Fact {
    let mut fact = Fact::new("pseudonym", span_place(entry.whole));
    (fact.ts, fact.time_kind) = (clock.report, TimeKind::Reported);
    let id = entry.name.text();
    fact.subject = capped(&id).to_owned();
    let fields: &mut Fields = &mut fact.fields;
    fields.text("id", capped(&id));
    let text = entry.content.text();
    let Ok(mac) = Mac::parse(text.trim()) else {
        fields.text("mac", capped(&text));
        return fact;
    };
    fact.src = Party::Mac(mac);
    fields.shown("mac", mac);
    let [a, b, c, ..] = mac.0;
    fields.text("oui", &hex(&[a, b, c]));
    fields.int("counter", counter(mac).into());
    if let Some(form) = seen.form(mac) {
        fields.text("form", form);
    }
    let join = joins.of(mac);
    if let Some(join) = join {
        fields.shown("same_as", join.other);
        fields.text("join_rule", join.rule);
    }
    fields.text("join_confidence", join.map_or("unresolved", |join| join.confidence));
    let special = match [a, b, c] {
        [0, 0, 0] => Some("zero"),
        [0xff, 0xff, 0xff] => Some("broadcast"),
        _ => None,
    };
    match special {
        Some(special) => fields.text("special", special),
        None => fields.flag("locally_administered", mac.is_local()),
    }
    fact
}

fn unknown_field(bytes: &[u8], unknown: &Unknown) -> Fact {
    const RAW: usize = 256;
    let field = unknown.field;
    let whole = Place::bytes(offset(field.start), offset(field.end.saturating_sub(field.start)));
    let mut fact = Fact::new("unknown_field", whole);
    fact.subject = format!("field {}", field.number);
    fact.fields.text("inside", if unknown.inside.is_empty() { "report" } else { unknown.inside });
    fact.fields.int("number", field.number.into());
    fact.fields.int("wire_type", field.value.wire_type().into());
    let value = bytes.get(field.at..field.end).unwrap_or_default();
    fact.own.int("value_length", int(value.len()));
    fact.own.text("raw", &hex(value.get(..RAW).unwrap_or(value)));
    if let (Value::Bytes(_), Ok(text)) = (field.value, std::str::from_utf8(value))
        && !text.contains(|c: char| c.is_control() && !c.is_whitespace())
    {
        fact.own.text("text", capped(text));
    }
    fact
}

#[cfg(test)]
mod tests;
