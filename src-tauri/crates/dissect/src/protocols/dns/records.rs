//! What records say (RFC 1035, 2782, 3596, 4034, 6891, 9460), as text and as fields.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::{Name, Record, write_text};
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};

pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const CNAME: u16 = 5;
pub const SOA: u16 = 6;
pub const PTR: u16 = 12;
pub const MX: u16 = 15;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const SRV: u16 = 33;
pub const DNAME: u16 = 39;
pub const OPT: u16 = 41;
pub const NSEC: u16 = 47;
pub const SVCB: u16 = 64;
pub const HTTPS: u16 = 65;
pub const SPF: u16 = 99;
pub const CAA: u16 = 257;

/// The IANA's name of a type; `*` is any.
pub fn type_name(rtype: u16) -> Option<&'static str> {
    Some(match rtype {
        A => "A",
        NS => "NS",
        3 => "MD",
        4 => "MF",
        CNAME => "CNAME",
        SOA => "SOA",
        7 => "MB",
        8 => "MG",
        9 => "MR",
        10 => "NULL",
        11 => "WKS",
        PTR => "PTR",
        13 => "HINFO",
        14 => "MINFO",
        MX => "MX",
        TXT => "TXT",
        17 => "RP",
        18 => "AFSDB",
        24 => "SIG",
        25 => "KEY",
        AAAA => "AAAA",
        29 => "LOC",
        SRV => "SRV",
        35 => "NAPTR",
        36 => "KX",
        37 => "CERT",
        DNAME => "DNAME",
        OPT => "OPT",
        42 => "APL",
        43 => "DS",
        44 => "SSHFP",
        45 => "IPSECKEY",
        46 => "RRSIG",
        NSEC => "NSEC",
        48 => "DNSKEY",
        49 => "DHCID",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        53 => "SMIMEA",
        55 => "HIP",
        59 => "CDS",
        60 => "CDNSKEY",
        61 => "OPENPGPKEY",
        62 => "CSYNC",
        63 => "ZONEMD",
        SVCB => "SVCB",
        HTTPS => "HTTPS",
        SPF => "SPF",
        108 => "EUI48",
        109 => "EUI64",
        249 => "TKEY",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        255 => "*",
        256 => "URI",
        CAA => "CAA",
        32768 => "TA",
        32769 => "DLV",
        _ => return None,
    })
}

/// [`type_name`], or `TYPE65534` (RFC 3597).
pub fn type_text(rtype: u16) -> Cow<'static, str> {
    type_name(rtype).map_or_else(|| Cow::Owned(format!("TYPE{rtype}")), Cow::Borrowed)
}

/// Zeek's names of classes.
pub fn class_name(class: u16) -> Option<&'static str> {
    Some(match class {
        1 => "C_INTERNET",
        2 => "C_CSNET",
        3 => "C_CHAOS",
        4 => "C_HESIOD",
        254 => "C_NONE",
        255 => "C_ANY",
        _ => return None,
    })
}

/// RFC 1035, 2136 and 6891.
pub fn rcode_name(rcode: u16) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "YXRRSET",
        "NXRRSET",
        "NOTAUTH",
        "NOTZONE",
        "DSOTYPENI",
    ];
    match rcode {
        16 => Some("BADVERS"),
        17 => Some("BADKEY"),
        18 => Some("BADTIME"),
        23 => Some("BADCOOKIE"),
        other => NAMES.get(usize::from(other)).copied(),
    }
}

pub fn opcode_name(opcode: u16) -> Option<&'static str> {
    match opcode {
        0 => Some("query"),
        1 => Some("iquery"),
        2 => Some("status"),
        4 => Some("notify"),
        5 => Some("update"),
        6 => Some("stateful"),
        _ => None,
    }
}

/// What a record says, in one line; also writes its fields to the tree. What cannot be read is shown as hex.
pub fn data(message: &[u8], record: &Record, tree: &mut Tree) -> Result<String, Stop> {
    let mut cursor = Cursor::starting(message, record.data.start);
    let mut data = cursor.part(record.data.len(), "record data cut short")?;
    let mut text = String::new();
    let name = |data: &mut Cursor, tree: &mut Tree, field, label| -> Result<String, Stop> {
        let name = Name::read(data)?;
        let text = name.text();
        tree.text(field, label, name.bytes, &text);
        Ok(text)
    };
    match record.rtype {
        A if data.left() == 4 => {
            let range = data.remaining();
            model::dotted(&mut text, Ipv4Addr::from(data.u32("address cut short")?));
            tree.text("dns.a", "Address", range, &text);
        }
        AAAA if data.left() == 16 => {
            let range = data.remaining();
            let (high, low) = (data.u64("address cut short")?, data.u64("address cut short")?);
            text = Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)).to_string();
            tree.text("dns.aaaa", "AAAA Address", range, &text);
        }
        A | AAAA => return Err(data.stop("address of a wrong length")),
        NS => text = name(&mut data, tree, "dns.ns", "Name Server")?,
        CNAME => text = name(&mut data, tree, "dns.cname", "CNAME")?,
        DNAME => text = name(&mut data, tree, "dns.dname", "DNAME")?,
        PTR => text = name(&mut data, tree, "dns.ptr.domain_name", "Domain Name")?,
        MX => {
            let start = data.at();
            let preference = data.u16("MX preference cut short")?;
            tree.int("dns.mx.preference", "Preference", data.since(start), preference);
            text = format!("{preference} {}", name(&mut data, tree, "dns.mx.mail_exchange", "Mail Exchange")?);
        }
        SOA => {
            let primary = name(&mut data, tree, "dns.soa.mname", "Primary name server")?;
            let mailbox = name(&mut data, tree, "dns.soa.rname", "Responsible authority's mailbox")?;
            text = format!("{primary} {mailbox}");
            for (field, label) in [
                ("dns.soa.serial_number", "Serial Number"),
                ("dns.soa.refresh_interval", "Refresh Interval"),
                ("dns.soa.retry_interval", "Retry Interval"),
                ("dns.soa.expire_limit", "Expire limit"),
                ("dns.soa.minimum_ttl", "Minimum TTL"),
            ] {
                let start = data.at();
                let value = data.u32("SOA record cut short")?;
                tree.int(field, label, data.since(start), value);
                let _ = write!(text, " {value}");
            }
        }
        TXT | SPF => {
            for (n, string) in strings(data).enumerate() {
                let string = string?;
                if n > 0 {
                    text.push(' ');
                }
                let from = text.len();
                write_text(&mut text, string.clone().rest());
                tree.text("dns.txt", "TXT", string.remaining(), text.get(from..).unwrap_or_default());
            }
        }
        SRV => {
            let mut port = 0;
            for (field, label) in
                [("dns.srv.priority", "Priority"), ("dns.srv.weight", "Weight"), ("dns.srv.port", "Port")]
            {
                let start = data.at();
                port = data.u16("SRV record cut short")?;
                tree.int(field, label, data.since(start), port);
            }
            text = format!("{}:{port}", name(&mut data, tree, "dns.srv.target", "Target")?);
        }
        NSEC => {
            text = name(&mut data, tree, "dns.nsec.next_domain_name", "Next Domain Name")?;
            type_bitmap(&mut data, &mut text)?;
        }
        SVCB | HTTPS => service_binding(&mut data, tree, &mut text)?,
        CAA => {
            let flags = data.u8("CAA record cut short")?;
            let len = data.u8("CAA record cut short")?;
            let tag = data.take(len.into(), "CAA tag cut short")?;
            let _ = write!(text, "{flags} ");
            write_text(&mut text, tag);
            text.push_str(" \"");
            write_text(&mut text, data.rest());
            text.push('"');
        }
        _ => {
            let raw = data.clone().rest();
            tree.bytes("dns.data", "Data", data.remaining(), raw);
            text = model::hex(raw.get(..64).unwrap_or(raw));
        }
    }
    Ok(text)
}

/// The character strings of a TXT record (RFC 1035 section 3.3.14).
pub fn strings(mut data: Cursor<'_>) -> impl Iterator<Item = Result<Cursor<'_>, Stop>> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let part = data.u8("text cut short").and_then(|len| data.part(len.into(), "text cut short"));
        if part.is_err() {
            data.rest();
        }
        Some(part)
    })
}

/// The types that exist at a name (RFC 4034 section 4.1.2), each with a space before it.
fn type_bitmap(data: &mut Cursor, text: &mut String) -> Result<(), Stop> {
    while !data.is_empty() {
        let window = data.u8("type bitmap cut short")?;
        let len = data.u8("type bitmap cut short")?;
        for (at, byte) in data.take(len.into(), "type bitmap cut short")?.iter().enumerate().take(32) {
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                let rtype = u16::from(window) << 8 | (at as u16 * 8 + bit);
                let _ = write!(text, " {}", type_text(rtype));
            }
        }
    }
    Ok(())
}

/// SVCB and HTTPS (RFC 9460): `1 . alpn=h2,h3 ipv4hint=192.0.2.1`.
fn service_binding(data: &mut Cursor, tree: &mut Tree, text: &mut String) -> Result<(), Stop> {
    let start = data.at();
    let priority = data.u16("service priority cut short")?;
    tree.int("dns.svcb.svcpriority", "SvcPriority", data.since(start), priority);
    let target = Name::read(data)?;
    let shown = if target.labels().next().is_none() { ".".to_owned() } else { target.text() };
    tree.text("dns.svcb.targetname", "TargetName", target.bytes.clone(), &shown);
    let _ = write!(text, "{priority} {shown}");
    while !data.is_empty() {
        let start = data.at();
        let key = data.u16("service parameter cut short")?;
        let len = data.u16("service parameter cut short")?;
        let mut value = data.part(len.into(), "service parameter cut short")?;
        let from = text.len();
        parameter(key, &mut value, text)?;
        tree.text(
            "dns.svcb.svcparam",
            "SvcParam",
            data.since(start),
            text.get(from..).unwrap_or_default().trim_start(),
        );
    }
    Ok(())
}

fn parameter(key: u16, value: &mut Cursor, text: &mut String) -> Result<(), Stop> {
    let name = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"];
    match name.get(usize::from(key)) {
        Some(name) => write!(text, " {name}"),
        None => write!(text, " key{key}"),
    }
    .unwrap_or_default();
    let mut separator = '=';
    while !value.is_empty() {
        text.push(std::mem::replace(&mut separator, ','));
        match key {
            0 => write!(text, "{}", value.u16("service parameter cut short")?),
            1 => {
                let len = value.u8("service parameter cut short")?;
                write_text(text, value.take(len.into(), "service parameter cut short")?);
                Ok(())
            }
            3 => write!(text, "{}", value.u16("service parameter cut short")?),
            4 => write!(text, "{}", Ipv4Addr::from(value.u32("service parameter cut short")?)),
            6 => {
                let (high, low) =
                    (value.u64("service parameter cut short")?, value.u64("service parameter cut short")?);
                write!(text, "{}", Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)))
            }
            7 => {
                write_text(text, value.rest());
                Ok(())
            }
            _ => {
                let raw = value.rest();
                write!(text, "{}", model::hex(raw.get(..64).unwrap_or(raw)))
            }
        }
        .unwrap_or_default();
    }
    Ok(())
}
