//! SNMP versions 1, 2c and 3 (RFC 1157, 1901, 3412, 3414, 3416): what a device is asked about itself, and answers.

mod ber;
mod pdu;

use model::{Fields, Kind};

use self::ber::{OCTET_STRING, SEQUENCE};
use super::credentials::Login;
use super::cursor::{Cursor, Stop};
use super::payload::{printable, shown};
use super::{Conversation, Message, Out, Protocol, Step, Transport};

pub struct Snmp;

static KINDS: [Kind; 1] = [Kind {
    name: "snmp",
    about: "An SNMP message: someone asks a device about itself, sets something, or is told.",
    fields: &[
        ("msg_type", "get-request, get-next-request, get-response, set-request, trap, ..."),
        ("version", "1, 2c or 3"),
        ("community", "the password of versions 1 and 2c, which is sent in the clear"),
        ("username", "who asks, in version 3"),
        ("oids", "what is asked for, set or told: the first 32"),
        ("display_string", "what the device says that it is (sysDescr)"),
        ("sys_name", "the device's name"),
        ("sys_location", "where it stands"),
        ("sys_contact", "whom to ask about it"),
        ("sys_object_id", "what the maker calls the model"),
        ("up_time", "how long the device has been running, in seconds"),
        ("trap", "what the device reports: the object identifier of a notification"),
        ("enterprise", "what kind of device reports (version 1)"),
        ("agent_addr", "the device that reports (version 1)"),
        ("generic_trap", "coldStart, linkDown, authenticationFailure, ... (version 1)"),
        ("specific_trap", "the maker's number of what is reported (version 1)"),
        ("error_status", "why a request failed"),
        ("error_index", "number of the binding that failed, from 1"),
        ("non_repeaters", "of a bulk request: how many are asked for once"),
        ("max_repetitions", "of a bulk request: how often the rest is"),
        ("bindings", "objects with type and value: the first 32"),
        ("bindings_count", "how many there are"),
        ("security", "noAuthNoPriv, authNoPriv or authPriv"),
        ("encrypted", "what is said is encrypted (version 3)"),
        ("engine_id", "name of the device (version 3), hex"),
        ("engine_boots", "how often the device has started"),
        ("engine_time", "seconds since it last did"),
        ("context_name", "which part of the device is meant"),
        ("msg_id", "of the message (version 3)"),
        ("request_id", "what an answer is known by"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for Snmp {
    fn name(&self) -> &'static str {
        "snmp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 161), (Transport::Udp, 162)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let bytes = message.bytes;
        if message.transport != Transport::Udp || bytes.first() != Some(&SEQUENCE) {
            return false;
        }
        let Some((front, len)) = ber::head(bytes) else { return false };
        let fits = front + len == bytes.len() || front + len > bytes.len() && (message.cut || at_home);
        let body = bytes.get(front..).unwrap_or_default();
        match body {
            [0x02, 1, 0 | 1, rest @ ..] => {
                // a community, and one of the messages
                let message = match (rest.first(), ber::head(rest)) {
                    (Some(&OCTET_STRING), Some((front, len))) => rest.get(front + len),
                    _ => return false,
                };
                fits && message.map_or(at_home, |tag| (0xa0..=0xa8).contains(tag))
            }
            [0x02, 1, 3, SEQUENCE, _, 0x02, ..] => fits,
            _ => false,
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if bytes.first() != Some(&SEQUENCE) {
            return Step::NotMine;
        }
        let mut said = Said::default();
        out.tree.open("snmp", "Simple Network Management Protocol", 0..bytes.len(), String::new);
        let read = read(bytes, &mut said, out);
        if read.is_err_and(|stop| stop.tell(message, out)) {
            said.own.flag("incomplete", true);
        }
        while said.open > 0 {
            out.tree.close();
            said.open -= 1;
        }
        out.tree.close();
        if said.fields.is_empty() {
            return Step::Took(bytes.len());
        }
        let fact = out.fact("snmp", 0..bytes.len());
        fact.subject = said.subject;
        (fact.fields, fact.own) = (said.fields, said.own);
        if !said.community.is_empty() {
            let password = said.community.as_str();
            let login = Login { protocol: "snmp", method: "community", password, ..Login::default() };
            login.tell(0..bytes.len(), out);
        }
        Step::Took(bytes.len())
    }
}

/// What a message says, as far as it could be read.
#[derive(Default)]
struct Said {
    fields: Fields,
    own: Fields,
    subject: String,
    community: String,
    /// Groups of the tree that are still open.
    open: usize,
}

fn read(bytes: &[u8], said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let mut cursor = Cursor::new(bytes);
    let mut body = ber::expect(&mut cursor, SEQUENCE, "no SNMP message")?;
    if !cursor.is_empty() {
        out.tree.bytes("snmp.trailer", "After the message", cursor.remaining(), cursor.rest());
    }
    read_body(&mut body, said, out)?;
    match ber::head(bytes) {
        Some((front, len)) if front + len > bytes.len() => {
            Err(Stop { at: bytes.len(), why: "SNMP message cut short", short: true })
        }
        _ => Ok(()),
    }
}

fn read_body(body: &mut Cursor, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let (version, at) = ber::int(body, "SNMP message without a version")?;
    let name = match version {
        0 => "1",
        1 => "2c",
        3 => "3",
        _ => return Err(body.stop("unknown version of SNMP")),
    };
    if version == 3 {
        out.tree.coded("snmp.msgVersion", "msgVersion", at, version, || "snmpv3 (3)".into());
        return version_3(body, said, out);
    }
    let shown_version = || format!("{} ({version})", if version == 0 { "version-1" } else { "v2c" });
    out.tree.coded("snmp.version", "version", at, version, shown_version);
    let (community, at) = ber::octets(body, "SNMP message without a community")?;
    out.tree.text("snmp.community", "community", at, shown(community));
    said.fields.text("version", name);
    said.community = shown(community);
    said.own.text("community", &said.community);
    pdu::read(body, said, out)
}

/// RFC 3412 section 6, RFC 3414 section 2.4.
fn version_3(body: &mut Cursor, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    said.fields.text("version", "3");
    let start = body.at();
    let mut global = ber::expect(body, SEQUENCE, "SNMP message without a header")?;
    out.tree.open("snmp.msgGlobalData_element", "msgGlobalData", body.since(start), String::new);
    said.open += 1;
    let (id, at) = ber::int(&mut global, "SNMP message without an id")?;
    out.tree.int("snmp.msgID", "msgID", at, id);
    said.own.int("msg_id", id);
    let (size, at) = ber::int(&mut global, "SNMP message without a size")?;
    out.tree.int("snmp.msgMaxSize", "msgMaxSize", at, size);
    let (flags, at) = ber::octets(&mut global, "SNMP message without flags")?;
    let flags = flags.first().copied().unwrap_or_default();
    let security = ["noAuthNoPriv", "authNoPriv", "reserved", "authPriv"][usize::from(flags & 3)];
    out.tree.coded("snmp.msgFlags", "msgFlags", at, flags, || format!("{flags:02x} ({security})"));
    said.fields.text("security", security);
    let (model, at) = ber::int(&mut global, "SNMP message without a security model")?;
    let usm = model == 3;
    let shown_model = || if usm { "USM (3)".into() } else { model.to_string() };
    out.tree.coded("snmp.msgSecurityModel", "msgSecurityModel", at, model, shown_model);
    out.tree.close();
    said.open -= 1;
    let start = body.at();
    let mut parameters = ber::expect(body, OCTET_STRING, "SNMP message without security parameters")?;
    if usm {
        user(&mut parameters, said, out)?;
    } else {
        let range = body.since(start);
        out.tree.bytes("snmp.msgSecurityParameters", "msgSecurityParameters", range, parameters.rest());
    }
    let start = body.at();
    let (tag, mut scoped) = ber::open(body)?;
    if tag == OCTET_STRING {
        out.tree.bytes("snmp.encryptedPDU", "encryptedPDU", body.since(start), scoped.rest());
        said.fields.flag("encrypted", true);
        return Ok(());
    }
    out.tree.open("snmp.plaintext_element", "plaintext", body.since(start), String::new);
    said.open += 1;
    let (engine, at) = ber::octets(&mut scoped, "SNMP message without a context")?;
    out.tree.bytes("snmp.contextEngineID", "contextEngineID", at, engine);
    let (name, at) = ber::octets(&mut scoped, "SNMP message without a context's name")?;
    out.tree.text("snmp.contextName", "contextName", at, shown(name));
    if !name.is_empty() {
        said.fields.text("context_name", &shown(name));
    }
    pdu::read(&mut scoped, said, out)
}

/// Who asks, and which device is meant.
fn user(parameters: &mut Cursor, said: &mut Said, out: &mut Out) -> Result<(), Stop> {
    let mut usm = ber::expect(parameters, SEQUENCE, "SNMP security parameters of another kind")?;
    let (engine, at) = ber::octets(&mut usm, "SNMP message without an engine")?;
    out.tree.bytes("snmp.msgAuthoritativeEngineID", "msgAuthoritativeEngineID", at, engine);
    if !engine.is_empty() {
        said.fields.text("engine_id", &model::hex(engine.get(..64).unwrap_or(engine)));
    }
    let (boots, at) = ber::int(&mut usm, "SNMP message without engine boots")?;
    out.tree.int("snmp.msgAuthoritativeEngineBoots", "msgAuthoritativeEngineBoots", at, boots);
    let (time, at) = ber::int(&mut usm, "SNMP message without an engine time")?;
    out.tree.int("snmp.msgAuthoritativeEngineTime", "msgAuthoritativeEngineTime", at, time);
    if boots != 0 || time != 0 {
        said.own.int("engine_boots", boots);
        said.own.int("engine_time", time);
    }
    let (name, at) = ber::octets(&mut usm, "SNMP message without a user")?;
    out.tree.text("snmp.msgUserName", "msgUserName", at, shown(name));
    if let Some(name) = printable(name, false).filter(|name| !name.is_empty()) {
        said.own.text("username", name);
        said.subject = name.to_owned();
    }
    for (name, label) in [
        ("snmp.msgAuthenticationParameters", "msgAuthenticationParameters"),
        ("snmp.msgPrivacyParameters", "msgPrivacyParameters"),
    ] {
        let (secret, at) = ber::octets(&mut usm, "SNMP security parameters cut short")?;
        out.tree.bytes(name, label, at, secret);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
