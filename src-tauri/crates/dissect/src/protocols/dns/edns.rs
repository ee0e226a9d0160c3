//! EDNS (RFC 6891): what the OPT record adds to a message.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::Record;
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};

const CLIENT_SUBNET: u16 = 8;
const PADDING: u16 = 12;
const EXTENDED_ERROR: u16 = 15;

/// The response code with its upper eight bits from an OPT record.
pub fn extended_rcode(low: u16, opt: &Record) -> u16 {
    low | (opt.ttl >> 20 & 0xff0) as u16
}

/// Writes an OPT record's fields to the tree. Returns the client subnet, if there is one.
pub fn read(message: &[u8], record: &Record, tree: &mut Tree) -> Result<Option<String>, Stop> {
    // type, class, ttl and length end where the data begin
    let fixed = record.data.start.saturating_sub(10);
    tree.int("dns.rr.udp_payload_size", "UDP payload size", fixed + 2..fixed + 4, record.class);
    tree.int("dns.resp.edns0_version", "EDNS0 version", fixed + 5..fixed + 6, record.ttl >> 16 & 0xff);
    tree.int("dns.resp.z.do", "DO bit", fixed + 6..fixed + 8, record.ttl >> 15 & 1);
    let mut data = Cursor::starting(message, record.data.start).part(record.data.len(), "OPT record cut short")?;
    let mut subnet = None;
    while !data.is_empty() {
        let start = data.at();
        let code = data.u16("EDNS option cut short")?;
        let len = data.u16("EDNS option cut short")?;
        let mut value = data.part(len.into(), "EDNS option cut short")?;
        tree.open("dns.opt", "Option", data.since(start), || option_name(code).to_owned());
        tree.int("dns.opt.code", "Option Code", start..start + 2, code);
        let read = option(code, &mut value, tree);
        tree.close();
        subnet = read?.or(subnet);
    }
    Ok(subnet)
}

/// Returns the client subnet, if the option is one.
fn option(code: u16, value: &mut Cursor, tree: &mut Tree) -> Result<Option<String>, Stop> {
    let whole = value.remaining();
    match code {
        CLIENT_SUBNET => {
            let family = value.u16("client subnet cut short")?;
            let [bits, _scope] = value.u16("client subnet cut short")?.to_be_bytes();
            let mut address = [0; 16];
            for (to, from) in address.iter_mut().zip(value.rest()) {
                *to = *from;
            }
            let subnet = match family {
                1 => format!("{}/{bits}", Ipv4Addr::new(address[0], address[1], address[2], address[3])),
                2 => format!("{}/{bits}", Ipv6Addr::from(address)),
                _ => return Err(value.stop("client subnet of an unknown address family")),
            };
            tree.text("dns.opt.client.addr", "Client Subnet", whole, &subnet);
            Ok(Some(subnet))
        }
        EXTENDED_ERROR => {
            let start = value.at();
            let code = value.u16("extended error cut short")?;
            tree.int("dns.opt.ext_error.info_code", "Info Code", value.since(start), code);
            let text = value.remaining();
            tree.text("dns.opt.ext_error.extra_text", "Extra Text", text, String::from_utf8_lossy(value.rest()));
            Ok(None)
        }
        PADDING => {
            tree.bytes("dns.opt.padding", "Padding", whole, value.rest());
            Ok(None)
        }
        _ => {
            tree.bytes("dns.opt.data", "Option Data", whole, value.rest());
            Ok(None)
        }
    }
}

fn option_name(code: u16) -> &'static str {
    match code {
        3 => "name server identifier",
        CLIENT_SUBNET => "client subnet",
        9 => "expire",
        10 => "cookie",
        11 => "TCP keep-alive",
        PADDING => "padding",
        EXTENDED_ERROR => "extended error",
        _ => "other",
    }
}
