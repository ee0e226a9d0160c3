//! What is asked and told (RFC 3416 section 3; RFC 1157 section 4.1.6 for the traps of version 1).

use std::net::Ipv4Addr;
use std::ops::Range;

use model::Fields;

use super::Said;
use super::ber::{self, Element, INTEGER, NULL, OBJECT_ID, OCTET_STRING, SEQUENCE};
use crate::protocols::Out;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::payload::{printable, shown};

/// Bindings that go into a fact; the rest is in the evidence.
const MOST_BINDINGS: usize = 32;
/// So many bytes of a value do.
const MOST_VALUE: usize = 512;

const GET_BULK: u8 = 5;
const TRAP_1: u8 = 4;

/// By tag: the name as the standard writes it, and Wireshark's field.
const TYPES: [(&str, &str); 9] = [
    ("get-request", "snmp.get_request_element"),
    ("get-next-request", "snmp.get_next_request_element"),
    ("get-response", "snmp.get_response_element"),
    ("set-request", "snmp.set_request_element"),
    ("trap", "snmp.trap_element"),
    ("getBulkRequest", "snmp.getBulkRequest_element"),
    ("informRequest", "snmp.informRequest_element"),
    ("snmpV2-trap", "snmp.snmpV2_trap_element"),
    ("report", "snmp.report_element"),
];

/// RFC 3416 section 3.
const ERRORS: [&str; 19] = [
    "noError",
    "tooBig",
    "noSuchName",
    "badValue",
    "readOnly",
    "genErr",
    "noAccess",
    "wrongType",
    "wrongLength",
    "wrongEncoding",
    "wrongValue",
    "noCreation",
    "inconsistentValue",
    "resourceUnavailable",
    "commitFailed",
    "undoFailed",
    "authorizationError",
    "notWritable",
    "inconsistentName",
];

/// RFC 1157 section 4.1.6.
const TRAPS: [&str; 7] =
    ["coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss", "enterpriseSpecific"];

/// What a device says of itself (RFC 3418 section 2), and what a notification is.
const TOLD: [(&str, &str); 7] = [
    ("1.3.6.1.2.1.1.1.0", "display_string"),
    ("1.3.6.1.2.1.1.2.0", "sys_object_id"),
    ("1.3.6.1.2.1.1.3.0", "up_time"),
    ("1.3.6.1.2.1.1.4.0", "sys_contact"),
    ("1.3.6.1.2.1.1.5.0", "sys_name"),
    ("1.3.6.1.2.1.1.6.0", "sys_location"),
    ("1.3.6.1.6.3.1.1.4.1.0", "trap"),
];

fn name(names: &[&'static str], number: i64) -> &'static str {
    usize::try_from(number).ok().and_then(|at| names.get(at).copied()).unwrap_or("unknown")
}

pub fn read(cursor: &mut Cursor, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let (start, stop) = (cursor.at(), cursor.stop("unknown type of SNMP message"));
    let (tag, mut pdu) = ber::open(cursor)?;
    let kind = tag.wrapping_sub(0xa0);
    let Some((kind_name, field)) = TYPES.get(usize::from(kind)) else { return Err(stop) };
    out.tree.coded("snmp.data", "data", cursor.since(start), kind, || format!("{kind_name} ({kind})"));
    out.tree.open(field, kind_name, cursor.since(start), String::new);
    said.open += 1;
    said.fields.text("msg_type", kind_name);
    if kind == TRAP_1 {
        trap(&mut pdu, said, out)?;
    } else {
        let (id, at) = ber::int(&mut pdu, "SNMP message without a request's id")?;
        out.tree.int("snmp.request_id", "request-id", at, id);
        said.own.int("request_id", id);
        let (first, at) = ber::int(&mut pdu, "SNMP message without an error status")?;
        if kind == GET_BULK {
            out.tree.int("snmp.non_repeaters", "non-repeaters", at, first);
            said.fields.int("non_repeaters", first);
        } else {
            let error = name(&ERRORS, first);
            out.tree.coded("snmp.error_status", "error-status", at, first, || format!("{error} ({first})"));
            if first != 0 {
                said.fields.text("error_status", error);
            }
        }
        let (second, at) = ber::int(&mut pdu, "SNMP message without an error index")?;
        if kind == GET_BULK {
            out.tree.int("snmp.max_repetitions", "max-repetitions", at, second);
            said.fields.int("max_repetitions", second);
        } else {
            out.tree.int("snmp.error_index", "error-index", at, second);
            if second != 0 {
                said.fields.int("error_index", second);
            }
        }
    }
    bindings(&mut pdu, kind, said, out)
}

fn trap(pdu: &mut Cursor, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let why = "SNMP trap cut short";
    let enterprise = ber::element(pdu)?;
    let oid = ber::object_id(enterprise.content).unwrap_or_default();
    out.tree.text("snmp.enterprise", "enterprise", enterprise.bytes, &oid);
    said.fields.text("enterprise", &oid);
    said.subject = oid;
    let agent = ber::element(pdu)?;
    if let Some(address) = agent.content.first_chunk::<4>().filter(|_| agent.content.len() == 4) {
        let address = Ipv4Addr::from(*address);
        out.tree.text("snmp.agent_addr", "agent-addr", agent.bytes, address);
        said.fields.shown("agent_addr", address);
    }
    let (generic, at) = ber::int(pdu, why)?;
    let generic_name = name(&TRAPS, generic);
    out.tree.coded("snmp.generic_trap", "generic-trap", at, generic, || format!("{generic_name} ({generic})"));
    said.fields.text("generic_trap", generic_name);
    let (specific, at) = ber::int(pdu, why)?;
    out.tree.int("snmp.specific_trap", "specific-trap", at, specific);
    if specific != 0 {
        said.fields.int("specific_trap", specific);
    }
    let ticks = ber::element(pdu)?;
    let time = ber::unsigned(ticks.content).unwrap_or_default();
    out.tree.int("snmp.time_stamp", "time-stamp", ticks.bytes, time);
    said.own.real("up_time", time as f64 / 100.0);
    Ok(())
}

fn bindings(pdu: &mut Cursor, kind: u8, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let start = pdu.at();
    let mut list = ber::expect(pdu, SEQUENCE, "SNMP message without variable bindings")?;
    out.tree.open("snmp.variable_bindings", "variable-bindings", pdu.since(start), String::new);
    said.open += 1;
    let (mut kept, mut oids, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 0;
    let mut read = Ok(());
    while !list.is_empty() && read.is_ok() {
        read = binding(&mut list, out).map(|bound| {
            count += 1;
            if let Some((_, field)) = TOLD.iter().find(|(oid, _)| *oid == bound.oid)
                && !bound.value.is_empty()
                && !told.iter().any(|(known, _)| known == field)
                && !(*field == "up_time" && kind == TRAP_1)
            {
                told.push((*field, bound.value.clone()));
            }
            if kept.len() < MOST_BINDINGS {
                let mut object = Fields::new();
                object.text("oid", &bound.oid);
                object.text("type", bound.kind);
                if !bound.value.is_empty() {
                    object.text("value", &bound.value);
                }
                kept.push(object);
                oids.push(bound.oid);
            }
        });
    }
    if said.subject.is_empty() {
        let subject = told.iter().find(|(field, _)| matches!(*field, "trap" | "sys_name" | "display_string"));
        said.subject = subject.map(|(_, value)| value.clone()).or_else(|| oids.first().cloned()).unwrap_or_default();
    }
    for (field, value) in told {
        match (field, value.parse::<f64>()) {
            ("up_time", Ok(ticks)) => said.own.real("up_time", ticks / 100.0),
            ("up_time", Err(_)) => {}
            _ => said.fields.text(field, &value),
        }
    }
    if count > 0 {
        said.fields.texts("oids", &oids);
        said.own.objects("bindings", kept);
        said.own.int("bindings_count", count);
    }
    read
}

struct Bound {
    oid: String,
    kind: &'static str,
    value: String,
}

fn binding(list: &mut Cursor, out: &mut Out) -> Result<Bound, Stop> {
    let start = list.at();
    let mut pair = ber::expect(list, SEQUENCE, "no SNMP variable binding")?;
    let whole = list.since(start);
    let stop = pair.stop("SNMP variable binding without an object identifier");
    let object = ber::element(&mut pair)?;
    let Some(oid) = ber::object_id(object.content).filter(|_| object.tag == OBJECT_ID) else { return Err(stop) };
    let element = ber::element(&mut pair)?;
    let range = element.bytes.clone();
    let (kind, field, label, value) = value(&element);
    out.tree.open("snmp.VarBind_element", "VarBind", whole, || format!("{oid}: {value}"));
    out.tree.text("snmp.name", "Object Name", object.bytes, &oid);
    show(out, field, label, range, &value, element.content);
    out.tree.close();
    Ok(Bound { oid, kind, value })
}

fn show(out: &mut Out, field: &'static str, label: &'static str, at: Range<usize>, value: &str, content: &[u8]) {
    match value.parse::<i64>() {
        Ok(number) if field != "snmp.value.octets" => out.tree.int(field, label, at, number),
        _ if field == "snmp.value.unk" => out.tree.bytes(field, label, at, content),
        _ => out.tree.text(field, label, at, value),
    }
}

/// Type (RFC 2578 section 7.1), Wireshark's field and its label, and the value as text.
fn value(element: &Element) -> (&'static str, &'static str, &'static str, String) {
    let content = element.content;
    let head = content.get(..MOST_VALUE).unwrap_or(content);
    let number = || ber::unsigned(content).map_or_else(|| model::hex(head), |number| number.to_string());
    match element.tag {
        INTEGER => {
            let number = ber::signed(content).map_or_else(|| model::hex(head), |number| number.to_string());
            ("integer", "snmp.value.int", "Value (Integer32)", number)
        }
        OCTET_STRING => {
            let text = printable(head, head.len() < content.len()).map(str::to_owned);
            let text = text.unwrap_or_else(|| model::hex(head));
            ("octets", "snmp.value.octets", "Value (OctetString)", text)
        }
        NULL => ("null", "snmp.value.null", "Value (Null)", String::new()),
        OBJECT_ID => {
            let oid = ber::object_id(content).unwrap_or_else(|| model::hex(head));
            ("oid", "snmp.value.oid", "Value (OID)", oid)
        }
        0x40 => {
            let address = content.first_chunk::<4>().filter(|_| content.len() == 4);
            let text = address.map_or_else(|| model::hex(head), |four| Ipv4Addr::from(*four).to_string());
            ("address", "snmp.value.ipv4", "Value (IpAddress)", text)
        }
        0x41 => ("counter", "snmp.value.counter", "Value (Counter32)", number()),
        0x42 => ("gauge", "snmp.value.g32", "Value (Gauge32)", number()),
        0x43 => ("timeticks", "snmp.value.timeticks", "Value (Timeticks)", number()),
        0x44 => ("opaque", "snmp.value.opaque", "Value (Opaque)", shown(head)),
        0x46 => ("counter64", "snmp.value.counter", "Value (Counter64)", number()),
        0x80 => ("noSuchObject", "snmp.noSuchObject", "noSuchObject", String::new()),
        0x81 => ("noSuchInstance", "snmp.noSuchInstance", "noSuchInstance", String::new()),
        0x82 => ("endOfMibView", "snmp.endOfMibView", "endOfMibView", String::new()),
        _ => ("unknown", "snmp.value.unk", "Value (Unknown)", model::hex(head)),
    }
}
