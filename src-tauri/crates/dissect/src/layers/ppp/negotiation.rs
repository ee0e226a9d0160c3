//! What both ends agree on: the line (LCP), and the addresses on it (IPCP, IPV6CP).

use std::net::Ipv4Addr;
use std::ops::Range;

use super::{CHAP, IPCP, IPV6CP, LCP, PAP, Said, protocol_word};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

/// Real requests have about ten.
const MOST_OPTIONS: usize = 64;

impl<'b> Said<'b> {
    pub(super) fn negotiation(&mut self, kind: u16, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        match code {
            1..=4 => return self.options(kind, body, at, out),
            5 | 6 => {
                self.message = body;
                if !body.is_empty() {
                    out.tree.bytes("ppp.data", "Data", at..at + body.len(), body);
                }
            }
            8 if kind == LCP => {
                if let Some(rejected) = u16_be(body, 0) {
                    let word = || format!("0x{rejected:04x} ({})", protocol_word(rejected));
                    out.tree.coded("lcp.rej_proto", "Rejected protocol", at..at + 2, rejected, word);
                }
            }
            9..=11 if kind == LCP => {
                if let Some(magic) = u32_be(body, 0) {
                    out.tree.coded("lcp.magic_number", "Magic number", at..at + 4, magic, || format!("0x{magic:08x}"));
                }
            }
            _ => {}
        }
        true
    }

    fn options(&mut self, kind: u16, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        let names = match kind {
            LCP => ["lcp.opt.type", "lcp.opt.length"],
            IPCP => ["ipcp.opt.type", "ipcp.opt.length"],
            _ => ["ipv6cp.opt.type", "ipv6cp.opt.length"],
        };
        let mut cursor = 0;
        for _ in 0..MOST_OPTIONS {
            let Some([option, length]) = chunk::<2>(body, cursor) else { return cursor == body.len() };
            let end = cursor + usize::from(length);
            let Some(value) = body.get(cursor + 2..end) else { return false };
            let range = at + cursor..at + end;
            let word = option_word(kind, option);
            out.tree.open("ppp.option", "Option", range.clone(), || word.to_owned());
            out.tree.coded(names[0], "Type", range.start..range.start + 1, option, || format!("{option} ({word})"));
            out.tree.int(names[1], "Length", range.start + 1..range.start + 2, length);
            self.option(kind, option, value, range.start + 2..range.end, out);
            out.tree.close();
            cursor = end;
        }
        true
    }

    fn option(&mut self, kind: u16, option: u8, value: &'b [u8], range: Range<usize>, out: &mut Out) {
        let tree = &mut out.tree;
        match (kind, option, value) {
            (LCP, 1, [a, b]) => {
                let mru = u16::from_be_bytes([*a, *b]);
                tree.int("lcp.opt.mru", "Longest packet", range, mru);
                self.mru = Some(mru);
            }
            (LCP, 3, [a, b, rest @ ..]) => {
                let method = u16::from_be_bytes([*a, *b]);
                let word = auth_word(method, rest.first().copied());
                let of_method = range.start..range.start + 2;
                tree.coded("lcp.opt.auth_protocol", "Proof", of_method, method, || format!("0x{method:04x} ({word})"));
                if let ([algorithm], CHAP) = (rest, method) {
                    tree.int("lcp.opt.algorithm", "Algorithm", range.start + 2..range.end, *algorithm);
                }
                self.auth = Some(word);
            }
            (LCP, 5, [a, b, c, d]) => {
                let magic = u32::from_be_bytes([*a, *b, *c, *d]);
                tree.coded("lcp.opt.magic_number", "Magic number", range, magic, || format!("0x{magic:08x}"));
            }
            (IPCP, 3 | 129 | 131, [a, b, c, d]) => {
                let address = Ipv4Addr::new(*a, *b, *c, *d);
                let (name, label) = match option {
                    3 => ("ipcp.opt.ip_address", "Address"),
                    129 => ("ipcp.opt.pri_dns_address", "First name server"),
                    _ => ("ipcp.opt.sec_dns_address", "Second name server"),
                };
                tree.text(name, label, range, address);
                match option {
                    3 => self.ip = Some(address),
                    _ => self.dns.push(address),
                }
            }
            (IPV6CP, 1, interface) if interface.len() == 8 => {
                let pairs: Vec<String> = interface.iter().map(|byte| format!("{byte:02x}")).collect();
                tree.text("ipv6cp.interface_identifier", "Interface identifier", range, pairs.join(":"));
                self.interface = Some(interface);
            }
            (_, _, []) => {}
            _ => tree.bytes("ppp.option.data", "Data", range, value),
        }
    }
}

pub(super) fn word(code: u8) -> &'static str {
    match code {
        1 => "configure_request",
        2 => "configure_ack",
        3 => "configure_nak",
        4 => "configure_reject",
        5 => "terminate_request",
        6 => "terminate_ack",
        7 => "code_reject",
        8 => "protocol_reject",
        9 => "echo_request",
        10 => "echo_reply",
        11 => "discard_request",
        12 => "identification",
        13 => "time_remaining",
        _ => "other",
    }
}

fn auth_word(method: u16, algorithm: Option<u8>) -> &'static str {
    match (method, algorithm) {
        (PAP, _) => "pap",
        (CHAP, Some(5)) => "chap_md5",
        (CHAP, Some(0x80)) => "mschap",
        (CHAP, Some(0x81)) => "mschapv2",
        (CHAP, _) => "chap",
        (0xc227, _) => "eap",
        _ => "other",
    }
}

fn option_word(kind: u16, option: u8) -> &'static str {
    match (kind, option) {
        (LCP, 1) => "longest packet",
        (LCP, 2) => "characters escaped",
        (LCP, 3) => "proof of who it is",
        (LCP, 4) => "quality protocol",
        (LCP, 5) => "magic number",
        (LCP, 7) => "protocol field compressed",
        (LCP, 8) => "address and control compressed",
        (IPCP, 2) => "header compression",
        (IPCP, 3) => "address",
        (IPCP, 129) => "first name server",
        (IPCP, 131) => "second name server",
        (IPV6CP, 1) => "interface identifier",
        _ => "other",
    }
}
