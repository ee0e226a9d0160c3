//! The router's logs: lines of syslog and of its web server, in any file of the report.

use std::net::IpAddr;

use model::{Cancelled, Fact, Fields, Party, Sink, Time, TimeKind};
use sha2::{Digest, Sha256};

use super::events::{Event, client_signal, event, uptime};
use super::files::{Line, Lines, Member, family};
use super::heard;
use super::joins::{Joins, Seen};
use super::settings::capped;

/// What a first pass over a file finds.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Uncompressed.
    pub size: u64,
    pub lines: u64,
    /// SHA-256 of the uncompressed content, hex.
    pub sha256: String,
    /// First and last time that a line bears.
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// Why the content could not be read to its end.
    pub fault: Option<String>,
}

/// The latest line of the kernel: its time and that of the start which it implies. The log's clock and the kernel's drift apart
/// by seconds a day, so that the line nearest to the report counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boot(Option<(Time, Time)>);

impl Boot {
    pub fn time(self) -> Option<Time> {
        self.0.map(|(_, boot)| boot)
    }

    fn see(&mut self, at: Time, uptime: i64) {
        if self.0.is_none_or(|(latest, _)| latest <= at)
            && let Some(boot) = at.0.checked_sub(uptime)
        {
            self.0 = Some((at, Time(boot)));
        }
    }
}

/// Reads a file once: size, hash, lines, and the pseudonyms that its log lines mention.
pub fn survey(member: &Member, budget: &mut u64, seen: &mut Seen, boot: &mut Boot) -> Survey {
    let mut survey = Survey::default();
    let mut hash = Sha256::new();
    let mut lines = Lines::default();
    let mut line = |line: Line| {
        survey.lines += 1;
        let text = String::from_utf8_lossy(line.bytes);
        let Some(entry) = entry(capped(&text)) else { return Ok(()) };
        survey.first = Some(survey.first.map_or(entry.ts, |first| first.min(entry.ts)));
        survey.last = survey.last.max(Some(entry.ts));
        if let Some(uptime) = uptime(entry.text).filter(|_| entry.process == "kernel") {
            boot.see(entry.ts, uptime);
        }
        if let Some(event) = entry.event()
            && let Some(mac) = event.mac
        {
            match (event.name, event.ip) {
                ("wireless_client_traffic", _) => seen.compact(mac),
                ("dhcp_ack", Some(ip)) => seen.neighbour(ip, mac),
                _ => seen.colon(mac),
            }
        }
        Ok(())
    };
    let mut size = 0_u64;
    let fault = member.content(budget, &mut |piece| {
        size = size.saturating_add(piece.len() as u64);
        hash.update(piece);
        lines.push(piece, &mut line)
    });
    // Nobody can cancel here: there is no sink.
    let _ = lines.finish(&mut line);
    survey.fault = fault.unwrap_or_default();
    survey.size = size;
    survey.sha256 = model::hex(&hash.finalize());
    survey
}

/// Whether lines of this file are those of the router's main log.
pub fn is_main_log(path: &str) -> bool {
    family(path).0 == "/var/log/messages"
}

/// What the reader knows when it comes to the logs.
pub struct Known<'a> {
    pub joins: &'a Joins,
    /// Networks of the router's interfaces: interface, address, prefix length.
    pub networks: &'a [(String, IpAddr, u8)],
}

/// Reads a file again, and tells what its log lines say happened.
pub fn facts(member: &Member, budget: &mut u64, known: &Known, sink: &mut dyn Sink) -> Result<(), Cancelled> {
    let mut lines = Lines::default();
    // `Wireless Client:` is told in two lines; the first waits here for the second.
    let mut waiting: Option<Fact> = None;
    let mut line = |line: Line| {
        let text = String::from_utf8_lossy(line.bytes);
        let Some(entry) = entry(capped(&text)) else { return Ok(()) };
        if let Some(mut fact) = waiting.take() {
            if let Some((band, now, average)) = client_signal(entry.text) {
                fact.fields.int("band_ghz", band);
                fact.own.int("rssi", now);
                fact.own.int("rssi_average", average);
                let end = member.place(line.at, line.length);
                let end = end.offset.saturating_add(end.length);
                fact.place.length = end.saturating_sub(fact.place.offset);
            }
            sink.fact(fact)?;
        }
        let Some(event) = entry.event() else { return Ok(()) };
        let was_elsewhere = was_elsewhere(&event, known);
        let heard = heard::of_event(&event, entry.ts);
        let is_first_of_two = event.name == "wireless_client_traffic";
        let fact = fact(member, &line, &entry, event, known);
        let elsewhere = was_elsewhere.then(|| previous_network(&fact, &entry, known));
        let place = fact.place.clone();
        if is_first_of_two {
            waiting = Some(fact);
        } else {
            sink.fact(fact)?;
        }
        if let Some(sighting) = heard {
            sighting.tell(place, |_| (), sink)?;
        }
        elsewhere.flatten().map_or(Ok(()), |fact| sink.fact(fact))
    };
    member.content(budget, &mut |piece| lines.push(piece, &mut line))?;
    lines.finish(&mut line)?;
    waiting.map_or(Ok(()), |fact| sink.fact(fact))
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
struct Entry<'a> {
    ts: Time,
    level: Option<&'a str>,
    process: &'a str,
    pid: Option<i64>,
    text: &'a str,
    /// How often it happened, of a line that says `message repeated N times: [ … ]`.
    repeated: Option<i64>,
    /// From the web server's log, already taken apart.
    access: Option<Event<'a>>,
}

impl<'a> Entry<'a> {
    fn event(&self) -> Option<Event<'a>> {
        self.access.clone().or_else(|| event(self.process, self.text))
    }
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let line = line.trim_end_matches('\r');
    // A cheap look before the time is read, as most lines of other files are no log lines.
    match (line.as_bytes().get(4), line.as_bytes().get(10)) {
        (Some(b'-'), Some(b'T')) => syslog(line),
        _ => access(line),
    }
}

/// `2017-07-16T08:14:43.484216+00:00 LEVEL process[pid]: text`; `/tmp/debug-log` has `localhost` for a level.
fn syslog(line: &str) -> Option<Entry<'_>> {
    let (ts, rest) = line.split_once(' ')?;
    let ts = Time::parse(ts).ok()?;
    let (level, rest) = rest.split_once(' ')?;
    let (process, text) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    let (process, pid) = match process.split_once('[') {
        Some((process, pid)) => (process, pid.trim_end_matches(']').parse().ok()),
        None => (process, None),
    };
    let (text, repeated) = match text.strip_prefix("message repeated ").and_then(|rest| rest.split_once(" times: [ ")) {
        Some((times, inner)) => (inner.strip_suffix(']').unwrap_or(inner), times.parse().ok()),
        None => (text, None),
    };
    let level = Some(level).filter(|level| *level != "localhost");
    Some(Entry { ts, level, process, pid, text, repeated, access: None })
}

/// Apache's common log: `192.168.86.22 - - [17/Jul/2017:05:27:05 +0000] "GET / HTTP/1.1" 200 7597`.
fn access(line: &str) -> Option<Entry<'_>> {
    let (ip, rest) = line.split_once(' ')?;
    let ip: IpAddr = ip.parse().ok()?;
    let (ts, rest) = rest.split_once('[')?.1.split_once("] \"")?;
    let (request, rest) = rest.split_once('"')?;
    let mut event = Event { name: "web_access", ip: Some(ip), about: Some(request.to_owned()), ..Event::default() };
    let mut parts = request.split(' ');
    for name in ["method", "uri"] {
        if let Some(part) = parts.next() {
            event.fields.text(name, part);
        }
    }
    let mut numbers = rest.split_whitespace().map(str::parse::<i64>);
    if let Some(Ok(status)) = numbers.next() {
        event.fields.int("status_code", status);
    }
    if let Some(Ok(size)) = numbers.next() {
        event.own.int("response_bytes", size);
    }
    let ts = access_time(ts)?;
    Some(Entry { ts, level: None, process: "webservd", pid: None, text: line, repeated: None, access: Some(event) })
}

/// `17/Jul/2017:05:27:05 +0000`.
fn access_time(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (stamp, zone) = text.split_once(' ')?;
    let (date, time) = stamp.split_once(':')?;
    let mut date = date.split('/');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (hours, minutes) = zone.split_at_checked(3)?;
    Time::parse(&format!("{year}-{month:02}-{day}T{time}{hours}:{minutes}")).ok()
}

fn fact(member: &Member, line: &Line, entry: &Entry, event: Event, known: &Known) -> Fact {
    let mut fact = Fact::new("log", member.place(line.at, line.length));
    fact.ts = Some(entry.ts);
    fact.time_kind = TimeKind::Logged;
    let party = event.mac.map(Party::Mac).or(event.ip.map(Party::Ip)).unwrap_or_default();
    match event.to_them {
        true => fact.dst = party,
        false => fact.src = party,
    }
    let fields = &mut fact.fields;
    fields.text("event", event.name);
    fields.text("process", entry.process);
    if let Some(level) = entry.level {
        fields.text("level", level);
    }
    if let Some(interface) = event.interface {
        fields.text("interface", interface);
    }
    if let Some(mac) = event.mac {
        fields.shown("mac", mac);
    }
    if let Some(ip) = event.ip {
        fields.shown("ip", ip);
    }
    if let Some(host) = &event.host {
        fields.text("host", host);
    }
    if let Some(reason) = event.reason {
        fields.text("reason", reason);
    }
    event.fields.write(fields);
    fact.subject = event.host.or(event.about).or(event.mac.map(|mac| mac.to_string())).unwrap_or_default();
    if fact.subject.is_empty() {
        fact.subject = event.ip.map_or(event.name.to_owned(), |ip| ip.to_string());
    }
    if event.mac.is_some() {
        known.joins.tell(&mut fact);
    }
    let own = &mut fact.own;
    if let Some(rssi) = event.rssi {
        own.int("rssi", rssi);
    }
    event.own.write(own);
    if let Some(repeated) = entry.repeated {
        own.int("repeated", repeated);
    }
    if let Some(pid) = entry.pid {
        own.int("pid", pid);
    }
    own.text("member", capped(&member.path));
    own.int("line", i64::try_from(line.number).unwrap_or(i64::MAX));
    own.int("member_offset", i64::try_from(line.at).unwrap_or(i64::MAX));
    own.text("text", entry.text.trim_end());
    fact
}

/// A client that is told "wrong network", or asks for an address that its interface's networks do not have, comes from elsewhere.
fn was_elsewhere(event: &Event, known: &Known) -> bool {
    let Some(ip) = event.ip else { return false };
    match event.name {
        "dhcp_nak" => event.reason == Some("wrong network"),
        "dhcp_discover" => {
            let own = known.networks.iter().filter(|(interface, ..)| Some(interface.as_str()) == event.interface);
            let (mut any, mut inside) = (false, false);
            for (_, address, prefix) in own {
                any = true;
                inside |= same_network(*address, ip, *prefix);
            }
            any && !inside
        }
        _ => false,
    }
}

/// The same line as evidence of where the client was before.
fn previous_network(fact: &Fact, entry: &Entry, known: &Known) -> Option<Fact> {
    let event = entry.event()?;
    let mut other = Fact { fields: Fields::new(), own: fact.own.clone(), ..fact.clone() };
    (other.src, other.dst) = (event.mac.map_or(Party::None, Party::Mac), Party::None);
    other.fields.text("event", "previous_network");
    other.fields.text("process", entry.process);
    if let Some(interface) = event.interface {
        other.fields.text("interface", interface);
    }
    if let Some(mac) = event.mac {
        other.fields.shown("mac", mac);
    }
    other.fields.shown("ip", event.ip?);
    known.joins.tell(&mut other);
    Some(other)
}

fn same_network(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    let (IpAddr::V4(one), IpAddr::V4(other)) = (one, other) else { return false };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
    (one.to_bits() ^ other.to_bits()) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let said = entry(line).map(|e| {
            let event = e.event().map_or("-", |event| event.name);
            format!("{} {:?} {} {:?} x{:?} {event} <{}>", e.ts, e.level, e.process, e.pid, e.repeated, e.text)
        });
        assert_eq!(said.unwrap_or_else(|| "nothing".into()), expected);
    }

    #[test]
    fn lines_of_logs() {
        check(
            "2017-07-17T04:41:29.873445+00:00 INFO dnsmasq-dhcp[2724]: message repeated 3 times: [ RTR-SOLICIT(br-lan) 109266000026     ]",
            "2017-07-17T04:41:29.873445000Z Some(\"INFO\") dnsmasq-dhcp Some(2724) xSome(3) router_solicit <RTR-SOLICIT(br-lan) 109266000026     >",
        );
        check(
            "2017-07-17T06:56:17.417506+00:00 WARNING kernel: [346334.177538] init: x",
            "2017-07-17T06:56:17.417506000Z Some(\"WARNING\") kernel None xNone - <[346334.177538] init: x>",
        );
        check(
            "2017-07-17T06:56:17+00:00 localhost miniupnpd[1]: ST: urn:a (ver=1)",
            "2017-07-17T06:56:17.000000000Z None miniupnpd Some(1) xNone upnp_search <ST: urn:a (ver=1)>",
        );
        let access = r#"192.168.86.22 - - [17/Jul/2017:05:27:05 +0000] "GET / HTTP/1.1" 200 7597"#;
        check(access, &format!("2017-07-17T05:27:05.000000000Z None webservd None xNone web_access <{access}>"));
        for bad in [
            "",
            "2017-07-17T",
            "2017-07-17T06:56:17+00:00",
            "2017-99-17T06:56:17+00:00 INFO a: b",
            "x",
            "1.2.3.4 - - [x] \"",
        ] {
            check(bad, "nothing");
        }
    }

    #[test]
    fn networks() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(same_network(ip("192.168.86.1"), ip("192.168.86.250"), 24));
        assert!(!same_network(ip("192.168.86.1"), ip("192.168.165.23"), 24));
        assert!(same_network(ip("1.2.3.4"), ip("9.9.9.9"), 0) && !same_network(ip("1.2.3.4"), ip("1.2.3.5"), 32));
        assert!(same_network(ip("1.2.3.4"), ip("1.2.3.5"), 0) && !same_network(ip("1.2.3.4"), ip("1.2.3.5"), 255));
    }
}
