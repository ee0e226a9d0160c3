//! DNS (RFC 1035), multicast DNS (RFC 6762) and LLMNR (RFC 4795): one wire format, three protocols.

mod edns;
mod message;
pub mod nbns;
mod records;
mod service;

use std::ops::Range;

use model::{Fields, Kind};

use self::message::{DnsMessage, HEADER, Section};
use self::records::{OPT, TXT, class_name, opcode_name, rcode_name, type_name, type_text};
use super::cursor::Stop;
use super::{Conversation, Draft, Message, Out, Protocol, Side, Step, Transport};
use crate::{Level, Tree};

/// DNS over UDP and TCP.
pub struct Dns;
/// Multicast DNS, with the services that it announces (DNS-SD, RFC 6763).
pub struct Mdns;
/// Link-local multicast name resolution.
pub struct Llmnr;

/// A fact lists no more records than this; the rest is in the evidence.
const MOST_RECORDS: usize = 256;

/// mDNS uses the class's high bit: of a question for a unicast answer, of a record to say that older ones are to be forgotten.
const MULTICAST_BIT: u16 = 0x8000;

static DNS: Flavour = Flavour {
    name: "dns",
    label: "Domain Name System",
    ports: &[(Transport::Udp, 53), (Transport::Tcp, 53)],
    kinds: &[Kind {
        name: "dns",
        about: "A DNS query or response.",
        fields: &[
            ("msg_type", "query or response"),
            ("query", "first question's name as on the wire, without the last dot; `<Root>` is the root"),
            ("qtype_name", "first question's type; * is any"),
            ("qtype", "its number"),
            ("qclass_name", "first question's class"),
            ("qclass", "its number"),
            ("questions", "all questions, if there is more than one"),
            ("opcode_name", "what is asked for, if not a plain query"),
            ("rcode_name", "how a response ended"),
            ("rcode", "its number"),
            ("answers", "what the answer records say"),
            ("TTLs", "how long each answer is valid, in seconds"),
            ("records", "answer, authority and additional records: name, type, ttl (seconds), data, section"),
            ("AA", "authoritative answer"),
            ("TC", "truncated by the sender"),
            ("RD", "recursion desired"),
            ("RA", "recursion available"),
            ("client_subnet", "network on whose behalf is asked (EDNS)"),
            ("trans_id", "transaction id"),
            ("incomplete", "the capture cut the message"),
        ],
    }],
};

static MDNS: Flavour = Flavour {
    name: "mdns",
    label: "Multicast Domain Name System",
    ports: &[(Transport::Udp, 5353)],
    kinds: &[Kind {
        name: "mdns",
        about: "A multicast DNS query or announcement.",
        fields: &[
            ("msg_type", "query or response"),
            ("query", "first question's name as on the wire, without the last dot"),
            ("qtype_name", "first question's type; * is any"),
            ("qtype", "its number"),
            ("qclass_name", "first question's class"),
            ("qclass", "its number"),
            ("unicast", "the first question asks for a unicast answer"),
            ("questions", "all questions, if there is more than one"),
            ("service", "service that is announced: _hap._tcp"),
            ("instance", "name of what offers it"),
            ("host", "host that offers it"),
            ("port", "port on which it is offered"),
            ("txt", "what the service says of itself: key=value"),
            ("addresses", "addresses that are announced"),
            ("services", "all services that are announced, if there is more than one"),
            ("instances", "all instances that are announced, if there is more than one"),
            ("goodbye", "a record is taken back (time to live 0): the service or device leaves"),
            ("answers", "what the answer records say"),
            ("TTLs", "how long each answer is valid, in seconds"),
            ("records", "answer, authority and additional records: name, type, ttl (seconds), data, section"),
            ("opcode_name", "what is asked for, if not a plain query"),
            ("rcode_name", "how a response ended"),
            ("rcode", "its number"),
            ("AA", "authoritative answer"),
            ("TC", "more known answers follow"),
            ("RD", "recursion desired"),
            ("RA", "recursion available"),
            ("client_subnet", "network on whose behalf is asked (EDNS)"),
            ("trans_id", "transaction id"),
            ("incomplete", "the capture cut the message"),
        ],
    }],
};

static LLMNR: Flavour = Flavour {
    name: "llmnr",
    label: "Link-local Multicast Name Resolution",
    ports: &[(Transport::Udp, 5355), (Transport::Tcp, 5355)],
    kinds: &[Kind { name: "llmnr", about: "A link-local name query or response.", fields: DNS.kinds[0].fields }],
};

struct Flavour {
    name: &'static str,
    label: &'static str,
    ports: &'static [(Transport, u16)],
    kinds: &'static [Kind],
}

macro_rules! protocol {
    ($type:ty, $flavour:expr, $recognises:expr) => {
        impl Protocol for $type {
            fn name(&self) -> &'static str {
                $flavour.name
            }

            fn ports(&self) -> &'static [(Transport, u16)] {
                $flavour.ports
            }

            fn kinds(&self) -> &'static [Kind] {
                $flavour.kinds
            }

            fn recognises(&self, message: &Message, at_home: bool) -> bool {
                $recognises(message, at_home)
            }

            fn repeats(&self) -> bool {
                // What a resolver says bears a number that changes.
                $flavour.name == "mdns"
            }

            fn conversation(&self) -> Box<dyn Conversation> {
                Box::new(Reader { flavour: &$flavour, lost: [false; 2] })
            }
        }
    };
}

protocol!(Dns, DNS, recognises);
// The other two look the same, so that only the port tells them apart.
protocol!(Mdns, MDNS, |message, at_home| at_home && recognises(message, at_home));
protocol!(Llmnr, LLMNR, |message, at_home| at_home && recognises(message, at_home));

fn recognises(message: &Message, at_home: bool) -> bool {
    let (start, whole) = match message.transport {
        Transport::Udp => (0, !message.cut),
        Transport::Tcp => {
            let claimed = message.bytes.first_chunk().map_or(0, |two| usize::from(u16::from_be_bytes(*two)));
            if claimed < HEADER {
                return false;
            }
            (2, message.bytes.len() == claimed + 2)
        }
    };
    let Some(bytes) = message.bytes.get(start..) else { return false };
    let head = bytes.get(..512).unwrap_or(bytes);
    if at_home { seems(head) } else { whole && is(bytes) }
}

/// Signs that will do on the right port: a header, and a name where it says that one is.
fn seems(bytes: &[u8]) -> bool {
    let Ok(message) = message::read(bytes) else { return false };
    let claims_something = message.counts.iter().any(|count| *count > 0);
    let has_something = !message.questions.is_empty() || !message.records.is_empty();
    // a refusal may hold nothing but the header
    let header_only = message.is_response() && !claims_something;
    opcode_name(message.opcode()).is_some() && (has_something || header_only)
}

/// All of it makes sense to the last byte: no other protocol passes for this.
fn is(bytes: &[u8]) -> bool {
    let plausible = bytes.get(2..6).is_some_and(|head| {
        // a plain query, the reserved bit off, one question
        head[0] & 0x78 == 0 && head[1] & 0x40 == 0 && head[2..4] == [0, 1]
    });
    plausible
        && message::read(bytes).is_ok_and(|message| {
            let known = |rtype: u16, class: u16| type_name(rtype).is_some() && class & 0x7fff == 1;
            message.stop.is_none()
                && message.broken.is_none()
                && message.trailing.is_empty()
                && (message.is_response() || message.counts[1] == 0 && message.counts[2] == 0)
                && message.questions.iter().all(|q| known(q.qtype, q.qclass) && is_name(q))
                && message.records.iter().all(|r| r.rtype == OPT || known(r.rtype, r.class))
        })
}

fn is_name(question: &message::Question) -> bool {
    question.name.labels().flatten().all(|byte| byte.is_ascii_graphic()) && question.name.labels().next().is_some()
}

struct Reader {
    flavour: &'static Flavour,
    /// Bytes of a stream are missing: messages may begin anywhere.
    lost: [bool; 2],
}

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if message.transport == Transport::Udp {
            dissect(self.flavour, message, 0..bytes.len(), out);
            return Step::Took(bytes.len().max(1));
        }
        let Some(claimed) = bytes.first_chunk().map(|two| usize::from(u16::from_be_bytes(*two))) else {
            return if message.cut { Step::Took(bytes.len().max(1)) } else { Step::More };
        };
        let lost = &mut self.lost[message.side as usize];
        if claimed < HEADER || *lost && !bytes.get(2..).is_some_and(seems) {
            // messages mostly begin where segments do: the next one is tried
            if !std::mem::replace(lost, true) {
                out.malformed(0, "no DNS message begins here; the next is looked for where a segment begins");
            }
            return Step::Took(bytes.len());
        }
        *lost = false;
        if bytes.len() < claimed + 2 && !message.cut {
            return Step::More;
        }
        dissect(self.flavour, message, 2..bytes.len().min(claimed + 2), out);
        Step::Took(claimed + 2)
    }

    fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
    }
}

/// Reads the message that lies in `at`: one fact, whatever state it is in.
fn dissect(flavour: &Flavour, message: &Message, at: Range<usize>, out: &mut Out) {
    let bytes = message.bytes.get(at.clone()).unwrap_or_default();
    if bytes.is_empty() {
        return;
    }
    let dns = match message::read(bytes) {
        Ok(dns) => dns,
        Err(stop) => {
            out.tree.open(flavour.name, flavour.label, 0..at.end, String::new);
            shifted(stop, at.start).tell(message, out);
            out.tree.close();
            return;
        }
    };
    let (source, base) = out.tree.shift(at.start);
    out.tree.open(flavour.name, flavour.label, 0..bytes.len(), || headline(&dns));
    let mut draft = out.facts.apart(flavour.kinds[0].name, 0..at.end);
    let Draft { fields, own, subject, .. } = &mut *draft;
    own.int("trans_id", dns.id.into());
    head(&dns, &mut out.tree, fields);
    let flag_bit = if flavour.name == "mdns" { MULTICAST_BIT } else { 0 };
    let mut names =
        dns.questions.iter().map(|question| &question.name).chain(dns.records.iter().map(|record| &record.name));
    if let Some(name) = names.next() {
        name.write(subject);
    }
    questions(&dns, subject, flag_bit, &mut out.tree, fields);
    // What a resolver answers counts down; what a device announces of itself is always the same.
    let said = answers(&dns, &mut out.tree);
    said.write_answers(fields);
    said.write_validity(&dns, subject, if flavour.name == "dns" { own } else { &mut *fields });
    if flavour.name == "mdns" && dns.is_response() {
        service::summarise(&dns, fields);
    }
    if !dns.trailing.is_empty() {
        out.tree.note(Level::Warn, dns.trailing.clone(), "bytes behind the last record");
    }
    out.tree.rebase(source, base);
    let mut incomplete = false;
    for stop in dns.broken.iter().chain(&said.stop).chain(&dns.stop).cloned() {
        incomplete |= shifted(stop, at.start).tell(message, out);
    }
    out.tree.close();
    if incomplete {
        draft.own.flag("incomplete", true);
    }
    out.facts.push(draft);
}

fn shifted(stop: Stop, by: usize) -> Stop {
    Stop { at: stop.at + by, ..stop }
}

fn headline(dns: &DnsMessage) -> String {
    let what = if dns.is_response() { "response" } else { "query" };
    let mut text = format!("{what} {:#06x}", dns.id);
    if let Some(question) = dns.questions.first() {
        text += &format!(" {} {}", type_text(question.qtype), question.name);
    }
    if dns.is_response() && dns.rcode() != 0 {
        text += &format!(" {}", rcode_name(dns.rcode()).unwrap_or("error"));
    }
    text
}

fn head(dns: &DnsMessage, tree: &mut Tree, fields: &mut Fields) {
    let response = dns.is_response();
    fields.text("msg_type", if response { "response" } else { "query" });
    tree.coded("dns.id", "Transaction ID", 0..2, dns.id, || format!("{:#06x}", dns.id));
    tree.open("dns.flags", "Flags", 2..4, || format!("{:#06x}", dns.flags));
    tree.int("dns.flags.response", "Response", 2..3, dns.flags >> 15);
    tree.coded("dns.flags.opcode", "Opcode", 2..3, dns.opcode(), || {
        format!("{} ({})", dns.opcode(), opcode_name(dns.opcode()).unwrap_or("unknown"))
    });
    for (name, label, byte, bit) in [
        ("dns.flags.authoritative", "Authoritative", 2, 10),
        ("dns.flags.truncated", "Truncated", 2, 9),
        ("dns.flags.recdesired", "Recursion desired", 2, 8),
        ("dns.flags.recavail", "Recursion available", 3, 7),
        ("dns.flags.z", "Z", 3, 6),
        ("dns.flags.authenticated", "Answer authenticated", 3, 5),
        ("dns.flags.checkdisable", "Non-authenticated data", 3, 4),
    ] {
        tree.int(name, label, byte..byte + 1, dns.flags >> bit & 1);
    }
    tree.coded("dns.flags.rcode", "Reply code", 3..4, dns.rcode(), || {
        format!("{} ({})", dns.rcode(), rcode_name(dns.rcode()).unwrap_or("unknown"))
    });
    tree.close();
    for (n, (name, label)) in [
        ("dns.count.queries", "Questions"),
        ("dns.count.answers", "Answer RRs"),
        ("dns.count.auth_rr", "Authority RRs"),
        ("dns.count.add_rr", "Additional RRs"),
    ]
    .into_iter()
    .enumerate()
    {
        tree.int(name, label, 4 + n * 2..6 + n * 2, dns.counts[n]);
    }
    if dns.opcode() != 0 {
        match opcode_name(dns.opcode()) {
            Some(name) => fields.text("opcode_name", name),
            None => fields.shown("opcode_name", dns.opcode()),
        }
    }
    if response {
        let opt = dns.records.iter().find(|record| record.rtype == OPT);
        let rcode = opt.map_or(dns.rcode(), |opt| edns::extended_rcode(dns.rcode(), opt));
        fields.int("rcode", rcode.into());
        match rcode_name(rcode) {
            Some(name) => fields.text("rcode_name", name),
            None => fields.shown("rcode_name", format_args!("unknown-{rcode}")),
        }
    }
    for (name, bit) in [("AA", 10), ("TC", 9), ("RD", 8), ("RA", 7)] {
        fields.flag(name, dns.flags >> bit & 1 != 0);
    }
}

fn questions(dns: &DnsMessage, query: &str, unicast: u16, tree: &mut Tree, fields: &mut Fields) {
    if let Some(first) = dns.questions.first() {
        let class = first.qclass & !unicast;
        fields.name("query", query);
        fields.int("qtype", first.qtype.into());
        fields.text("qtype_name", &type_text(first.qtype));
        fields.int("qclass", class.into());
        if let Some(name) = class_name(class) {
            fields.text("qclass_name", name);
        }
        if first.qclass & unicast != 0 {
            fields.flag("unicast", true);
        }
        let last = dns.questions.last().map_or(0, |question| question.bytes.end);
        tree.open("dns.queries", "Queries", first.bytes.start..last, String::new);
        for question in &dns.questions {
            let end = question.bytes.end;
            tree.open("dns.qry", "Query", question.bytes.clone(), || {
                format!("{}: type {}", question.name, type_text(question.qtype))
            });
            tree.text("dns.qry.name", "Name", question.name.bytes.clone(), &question.name);
            tree.coded("dns.qry.type", "Type", end - 4..end - 2, question.qtype, || {
                format!("{} ({})", question.qtype, type_text(question.qtype))
            });
            tree.int("dns.qry.class", "Class", end - 2..end, question.qclass & !unicast);
            if unicast != 0 {
                tree.int("dns.qry.qu", "\"QU\" question", end - 2..end - 1, question.qclass >> 15);
            }
            tree.close();
        }
        tree.close();
    }
    if dns.questions.len() > 1 {
        fields.objects(
            "questions",
            dns.questions.iter().take(MOST_RECORDS).map(|question| {
                let mut one = Fields::new();
                one.text("name", &question.name.text());
                one.text("type", &type_text(question.qtype));
                one
            }),
        );
    }
}

/// What the records say.
struct Said<'d> {
    data: Vec<(&'d message::Record<'d>, String)>,
    client_subnet: Option<String>,
    /// The first thing that could not be read.
    stop: Option<Stop>,
}

fn answers<'d>(dns: &'d DnsMessage, tree: &mut Tree) -> Said<'d> {
    let mut said = Said { data: Vec::new(), client_subnet: None, stop: None };
    for (section, name, label) in [
        (Section::Answer, "dns.answers", "Answers"),
        (Section::Authority, "dns.authorities", "Authoritative nameservers"),
        (Section::Additional, "dns.additionals", "Additional records"),
    ] {
        let Some(first) = dns.of(section).next() else { continue };
        let end = dns.of(section).last().map_or(first.bytes.end, |record| record.bytes.end);
        tree.open(name, label, first.bytes.start..end, String::new);
        for record in dns.of(section) {
            tree.open("dns.resp", "Record", record.bytes.clone(), || {
                format!("{}: type {}", record.name, type_text(record.rtype))
            });
            read_record(dns, record, tree, &mut said);
            tree.close();
        }
        tree.close();
    }
    said.data.truncate(MOST_RECORDS);
    said
}

fn read_record<'d>(dns: &DnsMessage, record: &'d message::Record<'d>, tree: &mut Tree, said: &mut Said<'d>) {
    let fixed = record.name.bytes.end;
    tree.text("dns.resp.name", "Name", record.name.bytes.clone(), &record.name);
    tree.coded("dns.resp.type", "Type", fixed..fixed + 2, record.rtype, || {
        format!("{} ({})", record.rtype, type_text(record.rtype))
    });
    if record.rtype == OPT {
        match edns::read(dns.bytes, record, tree) {
            Ok(found) => said.client_subnet = found.or(said.client_subnet.take()),
            Err(why) => _ = said.stop.get_or_insert(why),
        }
        return;
    }
    tree.int("dns.resp.class", "Class", fixed + 2..fixed + 4, record.class & !MULTICAST_BIT);
    tree.int("dns.resp.cache_flush", "Cache flush", fixed + 2..fixed + 3, record.class >> 15);
    tree.int("dns.resp.ttl", "Time to live", fixed + 4..fixed + 8, record.ttl);
    tree.int("dns.resp.len", "Data length", fixed + 8..fixed + 10, record.data.len());
    if said.data.len() < MOST_RECORDS || tree.is_on() {
        let text = records::data(dns.bytes, record, tree).unwrap_or_else(|why| {
            said.stop.get_or_insert(why);
            let raw = dns.bytes.get(record.data.clone()).unwrap_or_default();
            model::hex(raw.get(..64).unwrap_or(raw))
        });
        said.data.push((record, text));
    }
}

impl Said<'_> {
    fn answers(&self) -> impl Iterator<Item = &(&message::Record<'_>, String)> {
        self.data.iter().filter(|(record, _)| record.section == Section::Answer)
    }

    fn write_answers(&self, fields: &mut Fields) {
        if self.answers().next().is_some() {
            fields.texts("answers", self.answers().map(|(_, text)| text));
        }
        if let Some(subnet) = &self.client_subnet {
            fields.text("client_subnet", subnet);
        }
    }

    /// `query`: the text of the first name in the message.
    fn write_validity(&self, dns: &DnsMessage, query: &str, fields: &mut Fields) {
        if self.answers().next().is_some() {
            fields.ints("TTLs", self.answers().map(|(record, _)| record.ttl));
        }
        if !self.data.is_empty() {
            fields.objects_of("records", &self.data, |one, (record, text)| row(dns, query, record, text, one));
        }
    }
}

fn row(dns: &DnsMessage, query: &str, record: &message::Record, said: &str, one: &mut Fields) {
    match dns.questions.first() {
        // most answers are about what was asked: its text is there already
        Some(question) if question.name.is_same(&record.name) => one.text("name", query),
        _ => one.text("name", &record.name.text()),
    }
    one.text("type", &type_text(record.rtype));
    one.int("ttl", record.ttl.into());
    one.text("data", said);
    if record.rtype == TXT {
        one.texts("txt", service::texts(dns.bytes, record));
    }
    one.text(
        "section",
        match record.section {
            Section::Answer => "answer",
            Section::Authority => "authority",
            Section::Additional => "additional",
        },
    );
}

#[cfg(test)]
mod tests;
