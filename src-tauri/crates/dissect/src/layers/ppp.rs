//! PPP (RFC 1661): what goes over a line to the provider, and how its ends agree on it - LCP, PAP (RFC 1334), CHAP (RFC 1994), IPCP
//! (RFC 1332, RFC 1877) and IPV6CP (RFC 5072).

use std::net::Ipv4Addr;
use std::ops::Range;

use model::{Kind, Mac, Party, hex};

use super::{Layers, ip};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;
use crate::protocols::credentials::Login;

pub(super) const KIND: Kind = Kind {
    name: "ppp",
    about: "a line to the provider is agreed on, logged in to, given its address, or ended (PPP)",
    fields: &[
        ("protocol", "lcp (the line), pap or chap (who dials in), ipcp or ipv6cp (addresses)"),
        (
            "msg_type",
            "configure_request, configure_ack, configure_nak (with what would do), configure_reject, terminate_request, terminate_ack, \
             code_reject, protocol_reject; login, login_ok, login_failed; challenge, response, success, failure",
        ),
        ("id", "number that an answer is known by"),
        ("auth", "how the other end is to prove who it is: pap, chap_md5, mschap, mschapv2, eap"),
        ("mru", "longest packet that is taken"),
        ("ip", "address asked for, offered or agreed on"),
        ("dns_servers", "name servers asked for, offered or agreed on"),
        ("interface_id", "lower half of the link-local IPv6 address"),
        ("username", "who dials in"),
        ("peer", "whom a challenge is from"),
        ("value", "challenge or response, hex: with both, the password can be guessed at"),
        ("message", "the other end's words, or why it ends"),
    ],
};

const SHORT: &str = "PPP packet cut short";
/// Real requests have about ten.
const MOST_OPTIONS: usize = 64;

const LCP: u16 = 0xc021;
const PAP: u16 = 0xc023;
const CHAP: u16 = 0xc223;
const IPCP: u16 = 0x8021;
const IPV6CP: u16 = 0x8057;

/// The protocol field (one byte if compressed), and what is behind it.
pub(super) fn read(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "ppp";
    // In PPTP, HDLC's address and control may stand in front.
    let at = if chunk::<2>(bytes, at) == Some([0xff, 3]) { at + 2 } else { at };
    let Some(first) = bytes.get(at) else { return };
    let (kind, next) = match u16_be(bytes, at) {
        _ if first & 1 != 0 => (u16::from(*first), at + 1),
        Some(kind) => (kind, at + 2),
        None => return,
    };
    out.tree.open("ppp", "Point-to-Point Protocol", at..next, || protocol_word(kind).to_owned());
    out.tree.coded("ppp.protocol", "Protocol", at..next, kind, || format!("0x{kind:04x} ({})", protocol_word(kind)));
    out.tree.close();
    match kind {
        0x0021 => ip::v4(bytes, next, layers, out),
        0x0057 => ip::v6(bytes, next, layers, out),
        LCP | PAP | CHAP | IPCP | IPV6CP => control(bytes, next, kind, layers, out),
        _ => {}
    }
}

/// What has been read of one packet.
#[derive(Default)]
struct Said<'b> {
    auth: Option<&'static str>,
    mru: Option<u16>,
    ip: Option<Ipv4Addr>,
    dns: Vec<Ipv4Addr>,
    interface: Option<&'b [u8]>,
    username: &'b [u8],
    password: &'b [u8],
    peer: &'b [u8],
    value: &'b [u8],
    message: &'b [u8],
}

/// A packet of one of the protocols that share a header: code, number, length.
fn control(bytes: &[u8], at: usize, kind: u16, layers: &mut Layers, out: &mut Out) {
    let (Some([code, id]), Some(length)) = (chunk::<2>(bytes, at), u16_be(bytes, at + 2)) else {
        return layers.short(bytes, at, SHORT, out);
    };
    let stated = at + usize::from(length.max(4));
    let end = stated.min(bytes.len());
    let (body, from) = (bytes.get(at + 4..end).unwrap_or_default(), at + 4);
    let (protocol, label, names, word) = match kind {
        PAP => ("pap", "Password Authentication", ["pap.code", "pap.identifier", "pap.length"], pap_word(code)),
        CHAP => ("chap", "Challenge Handshake", ["chap.code", "chap.identifier", "chap.length"], chap_word(code)),
        _ => {
            let (protocol, label) = match kind {
                LCP => ("lcp", "Link Control Protocol"),
                IPCP => ("ipcp", "IP Control Protocol"),
                _ => ("ipv6cp", "IPv6 Control Protocol"),
            };
            (protocol, label, ["ppp.code", "ppp.identifier", "ppp.length"], control_word(code))
        }
    };
    layers.top = match kind {
        LCP => "ppp lcp",
        PAP => "ppp pap",
        CHAP => "ppp chap",
        IPCP => "ppp ipcp",
        _ => "ppp ipv6cp",
    };
    out.tree.open(protocol, label, at..end, || word.replace('_', " "));
    out.tree.coded(names[0], "Code", at..at + 1, code, || format!("{code} ({})", word.replace('_', " ")));
    out.tree.int(names[1], "Identifier", at + 1..at + 2, id);
    out.tree.int(names[2], "Length", at + 2..at + 4, length);
    let mut said = Said::default();
    let whole = match kind {
        PAP => said.pap(code, body, from, out),
        CHAP => said.chap(code, body, from, out),
        _ => said.negotiation(kind, code, body, from, out),
    };
    if stated > bytes.len() || length < 4 || !whole {
        layers.short(bytes, end, SHORT, out);
    }
    out.tree.close();
    // That the line is still there is asked every few seconds.
    if !(kind == LCP && (9..=11).contains(&code)) {
        said.tell(protocol, word, id, at..end, layers, out);
    }
}

impl<'b> Said<'b> {
    fn tell(&self, protocol: &'static str, word: &str, id: u8, range: Range<usize>, layers: &Layers, out: &mut Out) {
        let party = |mac: Option<Mac>| mac.map_or(Party::None, Party::Mac);
        let parties = layers.src_mac.map(|src| (Party::Mac(src), party(layers.dst_mac)));
        let [username, password, peer] =
            [self.username, self.password, self.peer].map(|raw| String::from_utf8_lossy(raw).into_owned());
        if !username.is_empty() {
            let method = if protocol == "pap" { "plain" } else { "chap" };
            let login = Login { protocol: "ppp", method, username: &username, password: &password, ..Login::default() };
            login.tell(range.clone(), out).parties = parties.clone();
        }
        let fact = out.fact(KIND.name, range);
        fact.parties = parties;
        fact.subject = match self.ip {
            _ if !username.is_empty() => username.clone(),
            Some(ip) if !ip.is_unspecified() => ip.to_string(),
            _ => protocol.to_owned(),
        };
        fact.fields.text("protocol", protocol);
        fact.fields.text("msg_type", word);
        fact.own.int("id", id.into());
        if let Some(auth) = self.auth {
            fact.fields.text("auth", auth);
        }
        if let Some(mru) = self.mru {
            fact.fields.int("mru", mru.into());
        }
        if let Some(ip) = self.ip {
            fact.fields.shown("ip", ip);
        }
        if !self.dns.is_empty() {
            fact.fields.texts("dns_servers", self.dns.iter().map(Ipv4Addr::to_string));
        }
        if let Some(interface) = self.interface {
            fact.own.text("interface_id", &hex(interface));
        }
        for (name, text) in [("username", &username), ("peer", &peer)] {
            if !text.is_empty() {
                fact.fields.text(name, text);
            }
        }
        if !self.value.is_empty() {
            fact.own.text("value", &hex(self.value));
        }
        if !self.message.is_empty() {
            fact.fields.bytes_as_text("message", self.message);
        }
    }

    /// False: it ends too early.
    fn pap(&mut self, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        const NAMES: [[&str; 2]; 3] = [
            ["pap.peer_id.length", "pap.peer_id"],
            ["pap.password.length", "pap.password"],
            ["pap.message.length", "pap.message"],
        ];
        let mut cursor = 0;
        let mut next = |[length_name, name]: [&'static str; 2], label: &'static str| {
            let length = *body.get(cursor)?;
            let range = cursor + 1..cursor + 1 + usize::from(length);
            out.tree.int(length_name, "Length", at + cursor..at + cursor + 1, length);
            let text = body.get(range.clone())?;
            out.tree.text(name, label, at + range.start..at + range.end, String::from_utf8_lossy(text));
            cursor = range.end;
            Some(text)
        };
        let read = match code {
            1 => next(NAMES[0], "Who dials in").and_then(|name| {
                self.username = name;
                next(NAMES[1], "Password").inspect(|word| self.password = word)
            }),
            // RFC 1334 section 2.2.2 asks for the message; not all have it.
            2 | 3 if body.is_empty() => Some(body),
            2 | 3 => next(NAMES[2], "Message").inspect(|text| self.message = text),
            _ => Some(body),
        };
        read.is_some()
    }

    fn chap(&mut self, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        if matches!(code, 3 | 4) {
            self.message = body;
            if !body.is_empty() {
                out.tree.text("chap.message", "Message", at..at + body.len(), String::from_utf8_lossy(body));
            }
            return true;
        }
        if !matches!(code, 1 | 2) {
            return true;
        }
        let Some((length, rest)) = body.split_first() else { return false };
        let Some((value, name)) = rest.split_at_checked(usize::from(*length)) else { return false };
        let name_at = at + 1 + value.len();
        out.tree.int("chap.value_size", "Length", at..at + 1, *length);
        out.tree.bytes("chap.value", "Value", at + 1..name_at, value);
        if !name.is_empty() {
            out.tree.text("chap.name", "Name", name_at..name_at + name.len(), String::from_utf8_lossy(name));
        }
        self.value = value;
        *(if code == 1 { &mut self.peer } else { &mut self.username }) = name;
        true
    }

    fn negotiation(&mut self, kind: u16, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
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

/// IANA's PPP protocol numbers.
fn protocol_word(kind: u16) -> &'static str {
    match kind {
        0x0021 => "IPv4",
        0x0057 => "IPv6",
        IPCP => "IPCP",
        IPV6CP => "IPV6CP",
        0x80fd => "CCP",
        LCP => "LCP",
        PAP => "PAP",
        CHAP => "CHAP",
        0xc227 => "EAP",
        _ => "other",
    }
}

fn control_word(code: u8) -> &'static str {
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

fn pap_word(code: u8) -> &'static str {
    match code {
        1 => "login",
        2 => "login_ok",
        3 => "login_failed",
        _ => "other",
    }
}

fn chap_word(code: u8) -> &'static str {
    match code {
        1 => "challenge",
        2 => "response",
        3 => "success",
        4 => "failure",
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
