//! DHCP for IPv6 (RFC 8415): the same stories as DHCP tells, by other options.

use std::net::Ipv6Addr;

use model::{Fields, Kind, Mac, Time};

use super::cursor::{Cursor, Stop};
use super::payload::{printable, shown};
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::Tree;

pub struct Dhcpv6;

static KINDS: [Kind; 1] = [Kind {
    name: "dhcpv6",
    about: "A DHCPv6 message: a device asks for addresses or settings, or a server gives them.",
    fields: &[
        ("msg_types", "SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, ..."),
        ("mac", "client's hardware address, from its DUID or from a relay"),
        ("client_fqdn", "client's full name (option 39)"),
        ("vendor_class", "what the client is (option 16)"),
        ("user_class", "what kind of user it serves (option 15)"),
        ("param_list", "options that the client asks for, in its order (option 6): a fingerprint of its software"),
        ("option_list", "options that the message holds, in their order"),
        ("addresses", "addresses that are wanted or given"),
        ("prefixes", "networks that are wanted or given"),
        ("lease_time", "how long the first address or network is given, in seconds"),
        ("client_duid", "client's identifier, hex"),
        ("client_duid_time", "when the client made its identifier, by its clock then"),
        ("server_duid", "server's identifier, hex"),
        ("dns_servers", "option 23"),
        ("domain_search", "option 24"),
        ("status", "why a server refuses (option 13)"),
        ("relay_link", "network of the client, as a relay says"),
        ("relay_peer", "client's address, as a relay says"),
        ("trans_id", "transaction id"),
        ("elapsed", "how long the client has tried, in hundredths of a second"),
        ("incomplete", "the capture cut the message"),
    ],
}];

const CLIENT_ID: u16 = 1;
const SERVER_ID: u16 = 2;
const ADDRESSES: u16 = 3;
const TEMPORARY: u16 = 4;
const ADDRESS: u16 = 5;
const REQUESTED: u16 = 6;
const ELAPSED: u16 = 8;
const RELAYED: u16 = 9;
const STATUS: u16 = 13;
const USER_CLASS: u16 = 15;
const VENDOR_CLASS: u16 = 16;
const DNS_SERVERS: u16 = 23;
const DOMAINS: u16 = 24;
const PREFIXES: u16 = 25;
const PREFIX: u16 = 26;
const FQDN: u16 = 39;
const LINK_LAYER: u16 = 79;

/// Relays in a row, and options in options; beyond that no one is serious.
const DEEPEST: u8 = 8;
const MOST_LISTED: usize = 64;

impl Protocol for Dhcpv6 {
    fn name(&self) -> &'static str {
        "dhcpv6"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 546), (Transport::Udp, 547)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let Some([kind, ..]) = message.bytes.first_chunk::<4>() else { return false };
        message.transport == Transport::Udp && at_home && (1..=36).contains(kind)
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let Some(kind) = bytes.first() else { return Step::Took(1) };
        let mut said = Said { kind: *kind, ..Said::default() };
        out.tree.open("dhcpv6", "DHCPv6", 0..bytes.len(), || type_name(*kind).to_owned());
        let read = said.message(Cursor::new(bytes), 0, &mut out.tree);
        let incomplete = read.is_err_and(|stop| stop.tell(message, out));
        out.tree.close();
        let fact = out.fact("dhcpv6", 0..bytes.len());
        said.write(&mut fact.fields, &mut fact.own);
        if incomplete {
            fact.own.flag("incomplete", true);
        }
        fact.subject = said.fqdn.or(said.mac).unwrap_or(said.client_duid);
        Step::Took(bytes.len())
    }
}

#[derive(Default)]
struct Said {
    /// Of a relayed message its own, not the relay's.
    kind: u8,
    trans_id: Option<u32>,
    elapsed: Option<u16>,
    client_duid: String,
    client_duid_time: Option<Time>,
    server_duid: String,
    mac: Option<String>,
    fqdn: Option<String>,
    vendor_class: Option<String>,
    user_class: Option<String>,
    status: Option<String>,
    requested: Vec<String>,
    options: Vec<String>,
    addresses: Vec<String>,
    prefixes: Vec<String>,
    lease_time: Option<u32>,
    dns_servers: Vec<String>,
    domains: Vec<String>,
    relay: Option<(Ipv6Addr, Ipv6Addr)>,
}

impl Said {
    fn message(&mut self, mut cursor: Cursor, depth: u8, tree: &mut Tree) -> Result<(), Stop> {
        let why = "DHCPv6 header cut short";
        let start = cursor.at();
        let kind = cursor.u8(why)?;
        self.kind = kind;
        tree.coded("dhcpv6.msgtype", "Message type", start..start + 1, kind, || {
            format!("{} ({kind})", type_name(kind))
        });
        if matches!(kind, 12 | 13) {
            cursor.u8(why)?; // hops
            let at = cursor.at();
            let (link, peer) = (address(&mut cursor)?, address(&mut cursor)?);
            tree.text("dhcpv6.linkaddr", "Link address", at..at + 16, link);
            tree.text("dhcpv6.peeraddr", "Peer address", at + 16..at + 32, peer);
            self.relay = Some((link, peer));
        } else {
            let high = cursor.u8(why)?;
            let id = u32::from(high) << 16 | u32::from(cursor.u16(why)?);
            tree.coded("dhcpv6.xid", "Transaction ID", cursor.since(start + 1), id, || format!("{id:#08x}"));
            self.trans_id = Some(id);
        }
        self.options(cursor, depth, tree)
    }

    fn options(&mut self, mut cursor: Cursor, depth: u8, tree: &mut Tree) -> Result<(), Stop> {
        while !cursor.is_empty() {
            let start = cursor.at();
            let code = cursor.u16("option cut short")?;
            let len = cursor.u16("option cut short")?;
            let value = cursor.part(len.into(), "option cut short")?;
            if depth == 0 && self.options.len() < MOST_LISTED {
                self.options.push(code.to_string());
            }
            tree.open("dhcpv6.option.type", "Option", cursor.since(start), || format!("{code} {}", option_name(code)));
            tree.int("dhcpv6.option.length", "Length", start + 2..start + 4, len);
            let read = self.option(code, value, depth, tree);
            tree.close();
            read?;
        }
        Ok(())
    }

    fn option(&mut self, code: u16, mut value: Cursor, depth: u8, tree: &mut Tree) -> Result<(), Stop> {
        let why = "option cut short";
        let whole = value.remaining();
        match code {
            CLIENT_ID => {
                let raw = value.rest();
                self.client_duid = model::hex(raw.get(..130).unwrap_or(raw));
                let (mac, time) = duid(raw);
                self.mac = self.mac.take().or(mac);
                self.client_duid_time = time;
                tree.text("dhcpv6.duid.bytes", "DUID", whole, &self.client_duid);
            }
            SERVER_ID => {
                let raw = value.rest();
                self.server_duid = model::hex(raw.get(..130).unwrap_or(raw));
                tree.text("dhcpv6.duid.bytes", "DUID", whole, &self.server_duid);
            }
            ADDRESSES | TEMPORARY | PREFIXES => {
                value.take(if code == TEMPORARY { 4 } else { 12 }, why)?; // id, and when to renew
                if depth < DEEPEST {
                    self.options(value, depth + 1, tree)?;
                }
            }
            ADDRESS => {
                let at = value.at();
                let address = address(&mut value)?.to_string();
                tree.text("dhcpv6.iaaddr.ip", "IPv6 address", at..at + 16, &address);
                value.u32(why)?; // preferred
                let at = value.at();
                let valid = value.u32(why)?;
                tree.int("dhcpv6.iaaddr.valid_lifetime", "Valid lifetime", at..at + 4, valid);
                self.lease_time.get_or_insert(valid);
                push(&mut self.addresses, address);
            }
            PREFIX => {
                value.u32(why)?; // preferred
                let valid = value.u32(why)?;
                let at = value.at();
                let bits = value.u8(why)?;
                let prefix = format!("{}/{bits}", address(&mut value)?);
                tree.text("dhcpv6.iaprefix.pref_addr", "Prefix", at..at + 17, &prefix);
                self.lease_time.get_or_insert(valid);
                push(&mut self.prefixes, prefix);
            }
            REQUESTED => {
                while !value.is_empty() {
                    let at = value.at();
                    let asked = value.u16(why)?;
                    tree.coded("dhcpv6.requested_option_code", "Requested Option code", at..at + 2, asked, || {
                        format!("{} ({asked})", option_name(asked))
                    });
                    push(&mut self.requested, asked.to_string());
                }
            }
            ELAPSED => {
                let elapsed = value.u16(why)?;
                tree.int("dhcpv6.elapsed_time", "Elapsed time", whole, elapsed);
                self.elapsed = Some(elapsed);
            }
            RELAYED if depth < DEEPEST => self.message(value, depth + 1, tree)?,
            STATUS => {
                let code = value.u16(why)?;
                let said = shown(value.rest());
                tree.text("dhcpv6.status_msg", "Status Message", whole, &said);
                if code != 0 {
                    self.status = Some(said);
                }
            }
            USER_CLASS => {
                value.u16(why)?; // length of the first
                let class = shown(value.rest());
                tree.text("dhcpv6.user_class", "User class", whole, &class);
                self.user_class = Some(class);
            }
            VENDOR_CLASS => {
                let enterprise = value.u32(why)?;
                let len = value.u16(why)?;
                let class = shown(value.take(len.into(), why)?);
                tree.text("dhcpv6.vendorclass.data", "Vendor class", whole, &class);
                self.vendor_class = Some(if class.is_empty() { enterprise.to_string() } else { class });
            }
            DNS_SERVERS => {
                while !value.is_empty() {
                    let at = value.at();
                    let server = address(&mut value)?.to_string();
                    tree.text("dhcpv6.dns_server", "DNS server address", at..at + 16, &server);
                    push(&mut self.dns_servers, server);
                }
            }
            DOMAINS => {
                let names = names(value.rest());
                tree.text("dhcpv6.search_domain", "Domain name suffix", whole, names.join(" "));
                self.domains = names;
            }
            FQDN => {
                value.u8(why)?; // flags
                let raw = value.rest();
                let name = names(raw).into_iter().next().or_else(|| printable(raw, false).map(str::to_owned));
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    tree.text("dhcpv6.client_fqdn", "Client FQDN", whole, &name);
                    self.fqdn = Some(name);
                }
            }
            LINK_LAYER => {
                value.u16(why)?; // kind of hardware
                if let Some(mac) = Mac::read(value.rest()) {
                    tree.text("dhcpv6.link_layer_address", "Link-layer address", whole, mac);
                    self.mac = Some(mac.to_string());
                }
            }
            _ => {
                let raw = value.rest();
                tree.bytes("dhcpv6.option.value", "Value", whole, raw);
            }
        }
        Ok(())
    }

    fn write(&self, fields: &mut Fields, own: &mut Fields) {
        fields.text("msg_types", type_name(self.kind));
        for (name, text) in [
            ("mac", &self.mac),
            ("client_fqdn", &self.fqdn),
            ("vendor_class", &self.vendor_class),
            ("user_class", &self.user_class),
            ("status", &self.status),
        ] {
            if let Some(text) = text {
                fields.text(name, text);
            }
        }
        for (name, text) in [
            ("param_list", self.requested.join(",")),
            ("option_list", self.options.join(",")),
            ("client_duid", self.client_duid.clone()),
            ("server_duid", self.server_duid.clone()),
        ] {
            if !text.is_empty() {
                fields.text(name, &text);
            }
        }
        if let Some(time) = self.client_duid_time {
            fields.shown("client_duid_time", time);
        }
        for (name, list) in [
            ("addresses", &self.addresses),
            ("prefixes", &self.prefixes),
            ("dns_servers", &self.dns_servers),
            ("domain_search", &self.domains),
        ] {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        if let Some(seconds) = self.lease_time {
            fields.int("lease_time", seconds.into());
        }
        if let Some((link, peer)) = self.relay {
            fields.shown("relay_link", link);
            fields.shown("relay_peer", peer);
        }
        if let Some(id) = self.trans_id {
            own.int("trans_id", id.into());
        }
        if let Some(elapsed) = self.elapsed {
            own.int("elapsed", elapsed.into());
        }
    }
}

fn push(list: &mut Vec<String>, text: String) {
    if list.len() < MOST_LISTED {
        list.push(text);
    }
}

fn address(cursor: &mut Cursor) -> Result<Ipv6Addr, Stop> {
    let (high, low) = (cursor.u64("address cut short")?, cursor.u64("address cut short")?);
    Ok(Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)))
}

/// The hardware address in a DUID, and when it was made (section 11.2): type 1 has both, type 3 the address.
fn duid(raw: &[u8]) -> (Option<String>, Option<Time>) {
    match raw {
        [0, 1, 0, 1, a, b, c, d, rest @ ..] => {
            // seconds since 2000
            let seconds = i64::from(u32::from_be_bytes([*a, *b, *c, *d])) + 946_684_800;
            (Mac::read(rest).map(|mac| mac.to_string()), Time::new(seconds, 0))
        }
        [0, 3, 0, 1, rest @ ..] => (Mac::read(rest).map(|mac| mac.to_string()), None),
        _ => (None, None),
    }
}

/// Names as labels, without pointers (section 10). The last may lack its end.
fn names(mut raw: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    while let Some((len, rest)) = raw.split_first() {
        let len = usize::from(*len).min(rest.len());
        let (label, after) = rest.split_at(len);
        raw = after;
        if len > 0 {
            labels.push(String::from_utf8_lossy(label).into_owned());
        }
        if (len == 0 || raw.is_empty()) && !labels.is_empty() {
            push(&mut names, labels.join("."));
            labels.clear();
        }
    }
    names
}

fn type_name(kind: u8) -> &'static str {
    const NAMES: [&str; 13] = [
        "SOLICIT",
        "ADVERTISE",
        "REQUEST",
        "CONFIRM",
        "RENEW",
        "REBIND",
        "REPLY",
        "RELEASE",
        "DECLINE",
        "RECONFIGURE",
        "INFORMATION_REQUEST",
        "RELAY_FORW",
        "RELAY_REPL",
    ];
    usize::from(kind).checked_sub(1).and_then(|n| NAMES.get(n)).copied().unwrap_or("unknown")
}

fn option_name(code: u16) -> &'static str {
    match code {
        CLIENT_ID => "Client Identifier",
        SERVER_ID => "Server Identifier",
        ADDRESSES => "Identity Association for Non-temporary Address",
        TEMPORARY => "Identity Association for Temporary Address",
        ADDRESS => "IA Address",
        REQUESTED => "Option Request",
        7 => "Preference",
        ELAPSED => "Elapsed time",
        RELAYED => "Relay Message",
        STATUS => "Status code",
        14 => "Rapid Commit",
        USER_CLASS => "User Class",
        VENDOR_CLASS => "Vendor Class",
        17 => "Vendor-specific Information",
        DNS_SERVERS => "DNS recursive name server",
        DOMAINS => "Domain Search List",
        PREFIXES => "Identity Association for Prefix Delegation",
        PREFIX => "IA Prefix",
        FQDN => "Fully Qualified Domain Name",
        56 => "NTP Server",
        LINK_LAYER => "Client link-layer address",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side;
    use crate::protocols::testing::{bytes, datagrams, survives, taken, tree};

    const SOLICIT: &str = "01 3d1d01 0001 000e 0001 0001 1c39cf88 aabbcc000001 0006 0004 0017 0018 0008 0002 0064 \
        0010 000c 00000137 0006 4d5346542035 0027 0007 00 05 6c616d7031 0003 000c 00000001 00000e10 00001518";
    const REPLY: &str = "07 3d1d01 0001 000a 0003 0001 aabbcc000001 0002 0004 00020001 \
        0003 0028 00000001 00000e10 00001518 0005 0018 20010db8000000000000000000000007 00000e10 00001c20 \
        0019 0029 00000002 00000e10 00001518 001a 0019 00000e10 00001c20 38 20010db8000100000000000000000000 \
        0017 0010 20010db8000000000000000000000001 0018 000a 036c616e00 03666f6f00";
    const RELAYED: &str = "0c 00 20010db8000000000000000000000001 fe80000000000000a8bbccfffe000001 \
        004f 0008 0001 aabbcc000002 0009 0004 0b 000102";

    fn check(hex: &str, expect: Expect) {
        expect.assert_eq(&datagrams(&Dhcpv6, &[(Side::Orig, &bytes(hex))]));
    }

    #[test]
    fn solicit() {
        check(
            SOLICIT,
            expect![[r#"
            dhcpv6 'lamp1' {"msg_types":"SOLICIT","mac":"aa:bb:cc:00:00:01","client_fqdn":"lamp1","vendor_class":"MSFT 5","param_list":"23,24","option_list":"1,6,8,16,39,3","client_duid":"000100011c39cf88aabbcc000001","client_duid_time":"2015-01-02T21:52:08.000000000Z"} {"trans_id":4005121,"elapsed":100}
        "#]],
        );
    }

    #[test]
    fn reply() {
        check(
            REPLY,
            expect![[r#"
            dhcpv6 'aa:bb:cc:00:00:01' {"msg_types":"REPLY","mac":"aa:bb:cc:00:00:01","option_list":"1,2,3,25,23,24","client_duid":"00030001aabbcc000001","server_duid":"00020001","addresses":["2001:db8::7"],"prefixes":["2001:db8:1::/56"],"dns_servers":["2001:db8::1"],"domain_search":["lan","foo"],"lease_time":7200} {"trans_id":4005121}
        "#]],
        );
    }

    #[test]
    fn through_a_relay() {
        check(
            RELAYED,
            expect![[r#"
            dhcpv6 'aa:bb:cc:00:00:02' {"msg_types":"INFORMATION_REQUEST","mac":"aa:bb:cc:00:00:02","option_list":"79,9","relay_link":"2001:db8::1","relay_peer":"fe80::a8bb:ccff:fe00:1"} {"trans_id":258}
        "#]],
        );
    }

    #[test]
    fn refused() {
        check(
            "07 000001 000d 0009 0002 6e6f206d6f7265",
            expect![[r#"
            dhcpv6 '' {"msg_types":"REPLY","status":"no more","option_list":"13"} {"trans_id":1}
        "#]],
        );
    }

    #[test]
    fn option_longer_than_the_message() {
        check(
            "01 000001 0001 00ff 0001",
            expect![[r#"
            dhcpv6 '' {"msg_types":"SOLICIT"} {"trans_id":1}
            ! 8 option cut short
        "#]],
        );
    }

    #[test]
    fn relays_without_end() {
        let mut message = bytes("01 000001");
        for _ in 0..40 {
            let len = (message.len() as u16).to_be_bytes();
            message = [&[12, 0], &[0; 32][..], &[0, 9], &len, &message].concat();
        }
        assert_eq!(datagrams(&Dhcpv6, &[(Side::Orig, &message)]).lines().count(), 1);
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            dhcpv6 = REPLY 0..149
              dhcpv6.msgtype = REPLY (7) 0..1
              dhcpv6.xid = 0x3d1d01 1..4
              dhcpv6.option.type = 1 Client Identifier 4..18
                dhcpv6.option.length = 10 6..8
                dhcpv6.duid.bytes = 00030001aabbcc000001 8..18
              dhcpv6.option.type = 2 Server Identifier 18..26
                dhcpv6.option.length = 4 20..22
                dhcpv6.duid.bytes = 00020001 22..26
              dhcpv6.option.type = 3 Identity Association for Non-temporary Address 26..70
                dhcpv6.option.length = 40 28..30
                dhcpv6.option.type = 5 IA Address 42..70
                  dhcpv6.option.length = 24 44..46
                  dhcpv6.iaaddr.ip = 2001:db8::7 46..62
                  dhcpv6.iaaddr.valid_lifetime = 7200 66..70
              dhcpv6.option.type = 25 Identity Association for Prefix Delegation 70..115
                dhcpv6.option.length = 41 72..74
                dhcpv6.option.type = 26 IA Prefix 86..115
                  dhcpv6.option.length = 25 88..90
                  dhcpv6.iaprefix.pref_addr = 2001:db8:1::/56 98..115
              dhcpv6.option.type = 23 DNS recursive name server 115..135
                dhcpv6.option.length = 16 117..119
                dhcpv6.dns_server = 2001:db8::1 119..135
              dhcpv6.option.type = 24 Domain Search List 135..149
                dhcpv6.option.length = 10 137..139
                dhcpv6.search_domain = lan foo 139..149
        "#]]
        .assert_eq(&tree(&Dhcpv6, Transport::Udp, Side::Orig, &bytes(REPLY)));
    }

    #[test]
    fn recognised_on_its_ports() {
        assert!(taken(&Dhcpv6, Transport::Udp, true, &bytes(SOLICIT)));
        assert!(!taken(&Dhcpv6, Transport::Udp, false, &bytes(SOLICIT)));
    }

    #[test]
    fn survives_anything() {
        survives(&Dhcpv6, Transport::Udp, &[SOLICIT, REPLY, RELAYED].map(bytes));
    }
}
