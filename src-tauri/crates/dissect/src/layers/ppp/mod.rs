//! PPP (RFC 1661): what goes over a line to the provider, and how its ends agree on it - LCP, PAP (RFC 1334), CHAP (RFC 1994), IPCP
//! (RFC 1332, RFC 1877) and IPV6CP (RFC 5072).

mod login;
mod negotiation;

use std::net::Ipv4Addr;
use std::ops::Range;

use model::{Kind, Mac, Party, hex};

use super::{Layers, Line, ip};
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;
use crate::protocols::credentials::Login;
use login::{chap_word, pap_word};

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
            (protocol, label, ["ppp.code", "ppp.identifier", "ppp.length"], negotiation::word(code))
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
    match kind == LCP && (9..=11).contains(&code) {
        true => layers.line = Some(Line { at, says: echo }),
        false => said.tell(protocol, word, id, at..end, layers, out),
    }
}

fn echo(bytes: &[u8], at: usize, _: &Layers) -> String {
    let word = match bytes.get(at) {
        Some(9) => "Echo Request",
        Some(10) => "Echo Reply",
        _ => "Discard Request",
    };
    word.to_owned()
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
