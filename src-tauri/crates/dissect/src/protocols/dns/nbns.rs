//! NetBIOS names (RFC 1002): what computers, printers and network drives call themselves. DNS's format with other names in it.

use std::net::Ipv4Addr;

use model::{Kind, Mac};

use super::message::{self, DnsMessage, Name, Record};
use super::records::rcode_name;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::{Conversation, Message, Out, Protocol, Step, Transport};

pub struct Nbns;

static KINDS: [Kind; 1] = [Kind {
    name: "nbns",
    about: "A NetBIOS name is looked for, claimed or told.",
    fields: &[
        ("msg_type", "query or response"),
        ("operation", "query, registration, release, wait or refresh"),
        ("query", "name, and in brackets what kind of service it is: <00> workstation, <20> files"),
        ("qtype_name", "NB, or NBSTAT: all names of a computer"),
        ("answers", "addresses of the name"),
        ("names", "all names of the computer"),
        ("mac", "hardware address that the computer tells"),
        ("rcode_name", "how a response ended"),
        ("ttl", "how long the name is held, in seconds"),
        ("broadcast", "asked of all, not of a name server"),
        ("trans_id", "transaction id"),
        ("incomplete", "the capture cut the message"),
    ],
}];

const NB: u16 = 32;
const NBSTAT: u16 = 33;

impl Protocol for Nbns {
    fn name(&self) -> &'static str {
        "nbns"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 137)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        message.transport == Transport::Udp
            && at_home
            && super::seems(message.bytes.get(..512).unwrap_or(message.bytes))
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let took = Step::Took(bytes.len().max(1));
        let nbns = match message::read(bytes) {
            Ok(nbns) => nbns,
            Err(stop) => {
                stop.tell(message, out);
                return took;
            }
        };
        let first = nbns.questions.first().map(|question| &question.name);
        let name = first.or_else(|| nbns.records.first().map(|record| &record.name)).map(text).unwrap_or_default();
        out.tree.open("nbns", "NetBIOS Name Service", 0..bytes.len(), || format!("{} {name}", operation(&nbns)));
        show(&nbns, out);
        let mut said = Said::default();
        let mut stop = nbns.broken.clone();
        for record in &nbns.records {
            stop = stop.or(said.read(bytes, record, out).err());
        }
        let stop = stop.or(nbns.stop.clone());
        let incomplete = stop.is_some_and(|stop| stop.tell(message, out));
        out.tree.close();

        let fact = out.fact("nbns", 0..bytes.len());
        let fields = &mut fact.fields;
        fields.text("msg_type", if nbns.is_response() { "response" } else { "query" });
        fields.text("operation", operation(&nbns));
        if !name.is_empty() {
            fields.text("query", &name);
        }
        let asked = nbns.questions.first().map(|question| question.qtype);
        match asked.or_else(|| nbns.records.first().map(|record| record.rtype)) {
            Some(NB) => fields.text("qtype_name", "NB"),
            Some(NBSTAT) => fields.text("qtype_name", "NBSTAT"),
            _ => {}
        }
        if nbns.is_response() {
            fields.text("rcode_name", rcode_name(nbns.rcode()).unwrap_or("unknown"));
        }
        fields.flag("broadcast", nbns.flags & 0x10 != 0);
        for (name, list) in [("answers", &said.addresses), ("names", &said.names)] {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        if let Some(mac) = said.mac {
            fields.shown("mac", mac);
        }
        if let Some(ttl) = said.ttl {
            fields.int("ttl", ttl.into());
        }
        fact.own.int("trans_id", nbns.id.into());
        if incomplete {
            fact.own.flag("incomplete", true);
        }
        fact.subject = name;
        took
    }
}

fn operation(nbns: &DnsMessage) -> &'static str {
    match nbns.opcode() {
        0 => "query",
        5 => "registration",
        6 => "release",
        7 => "wait",
        8 | 9 => "refresh",
        _ => "unknown",
    }
}

fn show(nbns: &DnsMessage, out: &mut Out) {
    out.tree.coded("nbns.id", "Transaction ID", 0..2, nbns.id, || format!("{:#06x}", nbns.id));
    out.tree.int("nbns.flags.response", "Response", 2..3, nbns.flags >> 15);
    out.tree.coded("nbns.flags.opcode", "Opcode", 2..3, nbns.opcode(), || {
        format!("{} ({})", nbns.opcode(), operation(nbns))
    });
    out.tree.int("nbns.flags.broadcast", "Broadcast", 3..4, nbns.flags >> 4 & 1);
    for question in &nbns.questions {
        out.tree.text("nbns.name", "Name", question.name.bytes.clone(), text(&question.name));
        let end = question.bytes.end;
        out.tree.int("nbns.type", "Type", end - 4..end - 2, question.qtype);
    }
}

#[derive(Default)]
struct Said {
    addresses: Vec<String>,
    names: Vec<String>,
    mac: Option<Mac>,
    ttl: Option<u32>,
}

impl Said {
    fn read(&mut self, bytes: &[u8], record: &Record, out: &mut Out) -> Result<(), Stop> {
        let mut data = Cursor::starting(bytes, record.data.start).part(record.data.len(), "record data cut short")?;
        self.ttl.get_or_insert(record.ttl);
        out.tree.text("nbns.name", "Name", record.name.bytes.clone(), text(&record.name));
        match record.rtype {
            NB => {
                while !data.is_empty() && self.addresses.len() < 64 {
                    data.u16("NetBIOS flags cut short")?;
                    let at = data.at();
                    let address = Ipv4Addr::from(data.u32("address cut short")?).to_string();
                    out.tree.text("nbns.addr", "Addr", data.since(at), &address);
                    self.addresses.push(address);
                }
            }
            NBSTAT => {
                for _ in 0..data.u8("names cut short")? {
                    let at = data.at();
                    let name = plain(data.take(16, "names cut short")?);
                    data.u16("NetBIOS flags cut short")?;
                    out.tree.text("nbns.netbios_name", "Name", at..at + 16, &name);
                    self.names.push(name);
                }
                let at = data.at();
                let mac = Mac::read(data.take(6, "unit id cut short")?).unwrap_or_default();
                out.tree.text("nbns.unitid", "Unit ID", data.since(at), mac);
                self.mac = Some(mac).filter(|mac| *mac != Mac::ZERO);
            }
            _ => {}
        }
        Ok(())
    }
}

/// RFC 1001 section 14.1: each byte of a name is two letters from A to P.
fn text(name: &Name) -> String {
    let first = name.labels().next().unwrap_or_default();
    let (pairs, rest) = first.as_chunks::<2>();
    let half = |letter: u8| letter.checked_sub(b'A').filter(|half| *half < 16);
    let decoded: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(half(*high)? << 4 | half(*low)?)).collect();
    match decoded {
        Some(decoded) if decoded.len() == 16 && rest.is_empty() => plain(&decoded),
        _ => name.text(),
    }
}

/// `LAMP<20>`: fifteen bytes of name, one that says what kind.
fn plain(sixteen: &[u8]) -> String {
    let (kind, name) = sixteen.split_last().unwrap_or((&0, &[]));
    let mut text = String::new();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    message::write_text(&mut text, name.trim_ascii_end());
    format!("{text}<{kind:02x}>")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side;
    use crate::protocols::testing::{bytes, datagrams, survives, taken, tree};

    /// `WPAD<00>` by broadcast.
    const QUERY: &str = "0001 0110 0001 0000 0000 0000 20 4648464145424545434143414341434143414341434143414341434143414141 00 0020 0001";
    const ANSWER: &str = "0001 8500 0000 0001 0000 0000 20 4648464145424545434143414341434143414341434143414341434143414141 00 \
        0020 0001 000493e0 0006 0000 c0000209";
    /// Two names and a unit id.
    const STATUS: &str = "0002 8400 0000 0001 0000 0000 20 434b414141414141414141414141414141414141414141414141414141414141 00 \
        0021 0001 00000000 002b 02 4c414d50 2020202020202020202020 00 0400 4c414d50 2020202020202020202020 20 0400 aabbcc000001";

    fn check(hex: &str, expect: Expect) {
        expect.assert_eq(&datagrams(&Nbns, &[(Side::Orig, &bytes(hex))]));
    }

    #[test]
    fn query_and_answer() {
        check(
            QUERY,
            expect![[r#"
            nbns 'WPAD<00>' {"msg_type":"query","operation":"query","query":"WPAD<00>","qtype_name":"NB","broadcast":true} {"trans_id":1}
        "#]],
        );
        check(
            ANSWER,
            expect![[r#"
            nbns 'WPAD<00>' {"msg_type":"response","operation":"query","query":"WPAD<00>","qtype_name":"NB","rcode_name":"NOERROR","broadcast":false,"answers":["192.0.2.9"],"ttl":300000} {"trans_id":1}
        "#]],
        );
    }

    #[test]
    fn all_names_of_a_computer() {
        check(
            STATUS,
            expect![[r#"
                nbns '*<00>' {"msg_type":"response","operation":"query","query":"*<00>","qtype_name":"NBSTAT","rcode_name":"NOERROR","broadcast":false,"names":["LAMP<00>","LAMP<20>"],"mac":"aa:bb:cc:00:00:01","ttl":0} {"trans_id":2}
            "#]],
        );
    }

    #[test]
    fn malformed() {
        check(
            &STATUS.replace("002b 02", "002b 09"),
            expect![[r#"
                nbns '*<00>' {"msg_type":"response","operation":"query","query":"*<00>","qtype_name":"NBSTAT","rcode_name":"NOERROR","broadcast":false,"names":["LAMP<00>","LAMP<20>"],"ttl":0} {"trans_id":2}
                ! 93 names cut short
            "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            nbns = query *<00> 0..99
              nbns.id = 0x0002 0..2
              nbns.flags.response = 1 2..3
              nbns.flags.opcode = 0 (query) 2..3
              nbns.flags.broadcast = 0 3..4
              nbns.name = *<00> 12..46
              nbns.netbios_name = LAMP<00> 57..73
              nbns.netbios_name = LAMP<20> 75..91
              nbns.unitid = aa:bb:cc:00:00:01 93..99
        "#]]
        .assert_eq(&tree(&Nbns, Transport::Udp, Side::Orig, &bytes(STATUS)));
    }

    #[test]
    fn recognised_on_its_port() {
        for hex in [QUERY, ANSWER, STATUS] {
            assert!(taken(&Nbns, Transport::Udp, true, &bytes(hex)));
            assert!(!taken(&Nbns, Transport::Udp, false, &bytes(hex)));
        }
    }

    #[test]
    fn survives_anything() {
        survives(&Nbns, Transport::Udp, &[QUERY, ANSWER, STATUS].map(bytes));
    }
}
