//! DHCP for IPv4 (RFC 2131, options RFC 2132): who a device says that it is, and which address it got.

use std::net::Ipv4Addr;
use std::ops::Range;

use model::{Fields, Kind, Mac};

use super::cursor::{Cursor, Stop};
use super::payload::printable;
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::Tree;

pub struct Dhcp;

static KINDS: [Kind; 1] = [Kind {
    name: "dhcp",
    about: "A DHCP message: a device asks for an address, or a server gives one.",
    fields: &[
        ("msg_types", "DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM"),
        ("mac", "client's hardware address, as the message says"),
        ("host_name", "client's name (option 12)"),
        ("client_fqdn", "client's full name (option 81)"),
        ("vendor_class", "what the client is (option 60)"),
        ("user_class", "what kind of user it serves (option 77)"),
        ("param_list", "options that the client asks for, in its order (option 55): a fingerprint of its software"),
        ("option_list", "options that the message holds, in their order"),
        ("requested_addr", "address that the client wants, often its former one (option 50)"),
        ("assigned_addr", "address that the server gives (yiaddr)"),
        ("client_addr", "address that the client has (ciaddr)"),
        ("server_addr", "server (option 54)"),
        ("relay_addr", "relay agent (giaddr)"),
        ("next_server", "server to boot from (siaddr)"),
        ("lease_time", "how long the address is given, in seconds (option 51)"),
        ("renewal_time", "when to renew, in seconds (option 58)"),
        ("rebinding_time", "when to ask any server, in seconds (option 59)"),
        ("subnet_mask", "option 1"),
        ("routers", "option 3"),
        ("dns_servers", "option 6"),
        ("ntp_servers", "option 42"),
        ("domain", "option 15"),
        ("domain_search", "option 119"),
        ("client_id", "client identifier (option 61): a MAC address, text or hex"),
        ("max_size", "largest message that the client takes, in bytes (option 57)"),
        ("server_message", "why a server refuses (option 56)"),
        ("client_message", "why a client declines (option 56)"),
        ("vendor_specific", "option 43, hex"),
        ("wpad", "where the proxy configuration is (option 252)"),
        ("relay_agent", "what a relay adds (option 82), hex"),
        ("boot_file", "file to boot"),
        ("trans_id", "transaction id"),
        ("secs", "seconds since the client began"),
        ("incomplete", "the capture cut the message"),
    ],
}];

/// Where the options begin: after 236 bytes of BOOTP come four of a magic number.
const OPTIONS: usize = 240;
const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

impl Protocol for Dhcp {
    fn name(&self) -> &'static str {
        "dhcp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 67), (Transport::Udp, 68)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let bytes = message.bytes;
        let Some([op, htype, hlen, ..]) = bytes.first_chunk::<4>() else { return false };
        // Some clients of old state 16 for Ethernet's 6; with the magic number it is DHCP all the same.
        let (head, usual) = (matches!(op, 1 | 2) && *hlen <= 16, *hlen == 6 || *htype != 1);
        let magic = bytes.get(236..OPTIONS).map(|magic| magic == MAGIC);
        // BOOTP, the older protocol on the same ports, has no magic number
        let known = magic == Some(true) && (usual || at_home) || at_home && usual && bytes.len() >= 44;
        message.transport == Transport::Udp && head && known
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        if bytes.is_empty() {
            return Step::Took(1);
        }
        let mut dhcp = Dhcpv4::default();
        out.tree.open("dhcp", "Dynamic Host Configuration Protocol", 0..bytes.len(), || headline(bytes));
        let stop = read(bytes, &mut dhcp, &mut out.tree).err();
        let incomplete = stop.is_some_and(|stop| stop.tell(message, out));
        out.tree.close();
        if bytes.len() < 44 {
            return Step::Took(bytes.len());
        }
        let fact = out.fact("dhcp", 0..bytes.len());
        dhcp.write(&mut fact.fields, &mut fact.own);
        if incomplete {
            fact.own.flag("incomplete", true);
        }
        fact.subject = dhcp.host_name().unwrap_or(dhcp.mac);
        Step::Took(bytes.len())
    }
}

fn headline(bytes: &[u8]) -> String {
    // the type is the first option of nearly every message
    let kind = bytes
        .get(OPTIONS..)
        .and_then(|options| options.first_chunk())
        .map_or("", |[code, _, kind]| if *code == 53 { message_type(*kind) } else { "" });
    let mac = bytes.get(28..).and_then(Mac::read).unwrap_or_default();
    format!("{kind} {mac}").trim_start().to_owned()
}

/// What a message says. Options may be split over several of the same code (RFC 3396): they are put together again.
#[derive(Default)]
struct Dhcpv4 {
    mac: String,
    trans_id: u32,
    secs: u16,
    client: Option<Ipv4Addr>,
    yours: Option<Ipv4Addr>,
    next_server: Option<Ipv4Addr>,
    relay: Option<Ipv4Addr>,
    boot_file: Vec<u8>,
    options: Vec<(u8, Vec<u8>)>,
}

fn read(bytes: &[u8], dhcp: &mut Dhcpv4, tree: &mut Tree) -> Result<(), Stop> {
    let mut cursor = Cursor::new(bytes);
    let why = "DHCP header cut short";
    let op = cursor.u8(why)?;
    tree.coded("dhcp.type", "Message type", 0..1, op, || {
        format!("{op} ({})", if op == 1 { "boot request" } else { "boot reply" })
    });
    let hardware = cursor.u8(why)?;
    tree.int("dhcp.hw.type", "Hardware type", 1..2, hardware);
    let hardware_len = cursor.u8(why)?;
    tree.int("dhcp.hw.len", "Hardware address length", 2..3, hardware_len);
    let hops = cursor.u8(why)?;
    tree.int("dhcp.hops", "Hops", 3..4, hops);
    dhcp.trans_id = cursor.u32(why)?;
    tree.coded("dhcp.id", "Transaction ID", 4..8, dhcp.trans_id, || format!("{:#010x}", dhcp.trans_id));
    dhcp.secs = cursor.u16(why)?;
    tree.int("dhcp.secs", "Seconds elapsed", 8..10, dhcp.secs);
    let flags = cursor.u16(why)?;
    tree.int("dhcp.flags.bc", "Broadcast flag", 10..12, flags >> 15);
    for (to, name, label) in [
        (&mut dhcp.client, "dhcp.ip.client", "Client IP address"),
        (&mut dhcp.yours, "dhcp.ip.your", "Your (client) IP address"),
        (&mut dhcp.next_server, "dhcp.ip.server", "Next server IP address"),
        (&mut dhcp.relay, "dhcp.ip.relay", "Relay agent IP address"),
    ] {
        let start = cursor.at();
        let address = Ipv4Addr::from(cursor.u32(why)?);
        tree.text(name, label, cursor.since(start), address);
        *to = (!address.is_unspecified()).then_some(address);
    }
    let start = cursor.at();
    let address = cursor.take(16, why)?;
    let address = address.get(..usize::from(hardware_len)).unwrap_or(address);
    dhcp.mac = match Mac::read(address) {
        Some(mac) if address.len() == 6 => mac.to_string(),
        _ => model::hex(address),
    };
    tree.text("dhcp.hw.mac_addr", "Client MAC address", start..start + address.len(), &dhcp.mac);
    let server = cursor.part(64, "server name cut short")?;
    let file = cursor.part(128, "boot file name cut short")?;
    // BOOTP ends here, or goes on in ways of its own
    if cursor.left() < MAGIC.len() && !cursor.is_empty() || cursor.is_empty() {
        return named(server, file, 0, dhcp, tree);
    }
    let start = cursor.at();
    if cursor.take(4, "magic number cut short")? != MAGIC {
        return named(server, file, 0, dhcp, tree);
    }
    tree.text("dhcp.cookie", "Magic cookie", cursor.since(start), "DHCP");
    let overload = options(&mut cursor, dhcp, tree)?;
    named(server, file, overload, dhcp, tree)
}

/// The two name fields, which hold options instead if option 52 says so.
fn named(server: Cursor, file: Cursor, overload: u8, dhcp: &mut Dhcpv4, tree: &mut Tree) -> Result<(), Stop> {
    for (mut field, bit, name, label) in
        [(file, 1, "dhcp.file", "Boot file name"), (server, 2, "dhcp.server", "Server host name")]
    {
        if overload & bit != 0 {
            options(&mut field, dhcp, tree)?;
            continue;
        }
        let range = field.remaining();
        let text = until_nul(field.rest());
        if !text.is_empty() {
            tree.text(name, label, range.start..range.start + text.len(), String::from_utf8_lossy(text));
            if bit == 1 {
                dhcp.boot_file = text.to_vec();
            }
        }
    }
    Ok(())
}

/// Reads options to their end. Returns which other fields hold options, too.
fn options(cursor: &mut Cursor, dhcp: &mut Dhcpv4, tree: &mut Tree) -> Result<u8, Stop> {
    let mut overload = 0;
    while !cursor.is_empty() {
        let start = cursor.at();
        let code = cursor.u8("option cut short")?;
        match code {
            0 => continue,
            255 => {
                tree.int("dhcp.option.end", "End", cursor.since(start), 255);
                break;
            }
            _ => {}
        }
        let len = cursor.u8("option cut short")?;
        let mut value = cursor.part(len.into(), "option cut short")?;
        let range = value.remaining();
        let value = value.rest();
        tree.open("dhcp.option.type", "Option", cursor.since(start), || match option_name(code) {
            Some((_, label)) => format!("{code} {label}"),
            None => code.to_string(),
        });
        tree.int("dhcp.option.length", "Length", start + 1..start + 2, len);
        show(code, value, range, tree);
        tree.close();
        if code == 52 {
            overload = value.first().copied().unwrap_or(0);
        }
        match dhcp.options.iter_mut().find(|(of, _)| *of == code) {
            Some((_, former)) => former.extend_from_slice(value),
            None => dhcp.options.push((code, value.to_vec())),
        }
    }
    Ok(overload)
}

fn show(code: u8, value: &[u8], range: Range<usize>, tree: &mut Tree) {
    if !tree.is_on() {
        return;
    }
    let (name, label) = option_name(code).unwrap_or(("dhcp.option.value", "Value"));
    match code {
        53 => {
            let of = value.first().copied().unwrap_or(0);
            tree.coded(name, label, range, of, || format!("{of} ({})", message_type(of)));
        }
        55 => {
            for (n, asked) in value.iter().enumerate() {
                let at = range.start + n;
                tree.coded(name, label, at..at + 1, *asked, || match option_name(*asked) {
                    Some((_, label)) => format!("{asked} ({label})"),
                    None => asked.to_string(),
                });
            }
        }
        61 => tree.text(name, label, range, client_id(value)),
        81 => tree.text(name, label, range, fqdn(value)),
        _ => match addresses(code, value) {
            Some(list) => {
                for (n, address) in list.iter().enumerate() {
                    let at = range.start + n * 4;
                    tree.text(name, label, at..at + 4, address);
                }
            }
            None => match (code, number(value)) {
                (2 | 13 | 23..=26 | 35 | 37 | 38 | 51 | 52 | 57..=59, Some(number)) => {
                    tree.int(name, label, range, number)
                }
                _ => match printable(value.strip_suffix(&[0]).unwrap_or(value), false) {
                    Some(text) if !text.is_empty() => tree.text(name, label, range, text),
                    _ => tree.bytes(name, label, range, value),
                },
            },
        },
    }
}

impl Dhcpv4 {
    fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(of, _)| *of == code).map(|(_, value)| value.as_slice())
    }

    fn text(&self, code: u8) -> Option<String> {
        // some clients end their name with a zero byte
        let text = self.option(code).map(until_nul).filter(|text| !text.is_empty())?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn host_name(&self) -> Option<String> {
        self.text(12).or_else(|| self.option(81).map(fqdn).filter(|name| !name.is_empty()))
    }

    fn write(&self, fields: &mut Fields, own: &mut Fields) {
        let kind = self.option(53).and_then(|value| value.first().copied());
        fields.text("msg_types", kind.map_or("BOOTP", message_type));
        fields.text("mac", &self.mac);
        for (name, code) in [("host_name", 12), ("vendor_class", 60), ("user_class", 77), ("domain", 15), ("wpad", 252)]
        {
            if let Some(text) = self.text(code) {
                fields.text(name, &text);
            }
        }
        if let Some(name) = self.option(81).map(fqdn).filter(|name| !name.is_empty()) {
            fields.text("client_fqdn", &name);
        }
        if let Some(list) = self.option(55) {
            fields.text("param_list", &commas(list.iter().copied()));
        }
        if !self.options.is_empty() {
            fields.text("option_list", &commas(self.options.iter().map(|(code, _)| *code)));
        }
        for (name, code) in [("requested_addr", 50), ("server_addr", 54), ("subnet_mask", 1)] {
            if let Some(address) = self.option(code).and_then(|value| addresses(code, value)?.into_iter().next()) {
                fields.shown(name, address);
            }
        }
        for (name, address) in [
            ("assigned_addr", self.yours),
            ("client_addr", self.client),
            ("relay_addr", self.relay),
            ("next_server", self.next_server),
        ] {
            if let Some(address) = address {
                fields.shown(name, address);
            }
        }
        for (name, code) in [("routers", 3), ("dns_servers", 6), ("ntp_servers", 42)] {
            if let Some(list) = self.option(code).and_then(|value| addresses(code, value)) {
                fields.texts(name, list.iter().map(ToString::to_string));
            }
        }
        for (name, code) in [("lease_time", 51), ("renewal_time", 58), ("rebinding_time", 59), ("max_size", 57)] {
            if let Some(number) = self.option(code).and_then(number) {
                fields.int(name, number.into());
            }
        }
        if let Some(value) = self.option(61) {
            fields.text("client_id", &client_id(value));
        }
        if let Some(value) = self.option(119) {
            let names = search_list(value);
            if !names.is_empty() {
                fields.texts("domain_search", names);
            }
        }
        if let Some(text) = self.text(56) {
            fields.text(if kind == Some(4) { "client_message" } else { "server_message" }, &text);
        }
        for (name, code) in [("vendor_specific", 43), ("relay_agent", 82)] {
            if let Some(value) = self.option(code) {
                fields.text(name, &model::hex(value));
            }
        }
        if !self.boot_file.is_empty() {
            fields.bytes_as_text("boot_file", &self.boot_file);
        }
        own.int("trans_id", self.trans_id.into());
        if self.secs != 0 {
            own.int("secs", self.secs.into());
        }
    }
}

fn commas(codes: impl Iterator<Item = u8>) -> String {
    codes.map(|code| code.to_string()).collect::<Vec<_>>().join(",")
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn number(value: &[u8]) -> Option<u32> {
    (matches!(value.len(), 1 | 2 | 4)).then(|| value.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// The addresses of an option that holds nothing else.
fn addresses(code: u8, value: &[u8]) -> Option<Vec<Ipv4Addr>> {
    let holds = matches!(code, 1 | 3..=11 | 16 | 28 | 32 | 41 | 42 | 44 | 45 | 48..=50 | 54 | 65 | 68..=76);
    let (fours, rest) = value.as_chunks::<4>();
    (holds && rest.is_empty() && !fours.is_empty()).then(|| fours.iter().map(|four| Ipv4Addr::from(*four)).collect())
}

/// Option 61 (RFC 2132 section 9.14, RFC 4361): a MAC address, text, or hex.
fn client_id(value: &[u8]) -> String {
    match value.split_first() {
        Some((1, rest)) if rest.len() == 6 => Mac::read(rest).unwrap_or_default().to_string(),
        Some((0, rest)) if !rest.is_empty() && printable(rest, false).is_some() => {
            String::from_utf8_lossy(rest).into_owned()
        }
        _ => model::hex(value),
    }
}

/// Option 81 (RFC 4702): flags, two codes of no use any more, and a name, as text or as labels.
fn fqdn(value: &[u8]) -> String {
    let name = value.get(3..).unwrap_or_default();
    let encoded = value.first().is_some_and(|flags| flags & 4 != 0);
    if !encoded {
        return String::from_utf8_lossy(until_nul(name)).trim_end_matches('.').to_owned();
    }
    search_list(name).into_iter().next().unwrap_or_default()
}

/// Names as labels, which may point back (RFC 3397). A name that is cut short is kept as far as it goes.
fn search_list(value: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while at < value.len() && names.len() < 32 {
        let mut labels: Vec<String> = Vec::new();
        let (mut here, mut next) = (at, None);
        while labels.len() < 64
            && let Some(len) = value.get(here).copied()
        {
            match len {
                0 => {
                    next.get_or_insert(here + 1);
                    break;
                }
                0xc0.. => {
                    next.get_or_insert(here + 2);
                    let to = usize::from(len & 0x3f) << 8 | usize::from(value.get(here + 1).copied().unwrap_or(0));
                    // only backwards, so that it ends
                    if to >= here {
                        break;
                    }
                    here = to;
                }
                _ => {
                    let end = (here + 1 + usize::from(len)).min(value.len());
                    labels.push(String::from_utf8_lossy(value.get(here + 1..end).unwrap_or_default()).into_owned());
                    here = end;
                }
            }
        }
        if !labels.is_empty() {
            names.push(labels.join("."));
        }
        at = next.unwrap_or(value.len());
    }
    names
}

fn message_type(kind: u8) -> &'static str {
    const NAMES: [&str; 18] = [
        "DISCOVER",
        "OFFER",
        "REQUEST",
        "DECLINE",
        "ACK",
        "NAK",
        "RELEASE",
        "INFORM",
        "FORCERENEW",
        "LEASEQUERY",
        "LEASEUNASSIGNED",
        "LEASEUNKNOWN",
        "LEASEACTIVE",
        "BULKLEASEQUERY",
        "LEASEQUERYDONE",
        "ACTIVELEASEQUERY",
        "LEASEQUERYSTATUS",
        "TLS",
    ];
    usize::from(kind).checked_sub(1).and_then(|n| NAMES.get(n)).copied().unwrap_or("unknown")
}

/// Wireshark's field name and a label.
fn option_name(code: u8) -> Option<(&'static str, &'static str)> {
    Some(match code {
        1 => ("dhcp.option.subnet_mask", "Subnet Mask"),
        2 => ("dhcp.option.time_offset", "Time Offset"),
        3 => ("dhcp.option.router", "Router"),
        4 => ("dhcp.option.time_server", "Time Server"),
        6 => ("dhcp.option.domain_name_server", "Domain Name Server"),
        7 => ("dhcp.option.log_server", "Log Server"),
        12 => ("dhcp.option.hostname", "Host Name"),
        15 => ("dhcp.option.domain_name", "Domain Name"),
        17 => ("dhcp.option.root_path", "Root Path"),
        26 => ("dhcp.option.interface_mtu", "Interface MTU"),
        28 => ("dhcp.option.broadcast_address", "Broadcast Address"),
        31 => ("dhcp.option.perform_router_discover", "Perform Router Discover"),
        33 => ("dhcp.option.static_route", "Static Route"),
        42 => ("dhcp.option.ntp_server", "Network Time Protocol Servers"),
        43 => ("dhcp.option.vendor.value", "Vendor-Specific Information"),
        44 => ("dhcp.option.netbios_over_tcpip_name_server", "NetBIOS over TCP/IP Name Server"),
        46 => ("dhcp.option.netbios_over_tcpip_node_type", "NetBIOS over TCP/IP Node Type"),
        47 => ("dhcp.option.netbios_over_tcpip_scope", "NetBIOS over TCP/IP Scope"),
        50 => ("dhcp.option.requested_ip_address", "Requested IP Address"),
        51 => ("dhcp.option.ip_address_lease_time", "IP Address Lease Time"),
        52 => ("dhcp.option.option_overload", "Option Overload"),
        53 => ("dhcp.option.dhcp", "DHCP Message Type"),
        54 => ("dhcp.option.dhcp_server_id", "DHCP Server Identifier"),
        55 => ("dhcp.option.request_list_item", "Parameter Request List Item"),
        56 => ("dhcp.option.message", "Message"),
        57 => ("dhcp.option.dhcp_max_message_size", "Maximum DHCP Message Size"),
        58 => ("dhcp.option.renewal_time_value", "Renewal Time Value"),
        59 => ("dhcp.option.rebinding_time_value", "Rebinding Time Value"),
        60 => ("dhcp.option.vendor_class_id", "Vendor class identifier"),
        61 => ("dhcp.client_id", "Client identifier"),
        66 => ("dhcp.option.tftp_server_name", "TFTP Server Name"),
        67 => ("dhcp.option.bootfile_name", "Bootfile name"),
        77 => ("dhcp.option.user_class", "User Class Information"),
        81 => ("dhcp.fqdn.name", "Client Fully Qualified Domain Name"),
        82 => ("dhcp.option.agent_information_option", "Agent Information Option"),
        108 => ("dhcp.option.ipv6_only_preferred", "IPv6-Only Preferred"),
        114 => ("dhcp.option.captive_portal", "Captive-Portal"),
        119 => ("dhcp.option.dhcp_dns_domain_search", "Domain Search"),
        121 => ("dhcp.option.classless_static_route", "Classless Static Route"),
        252 => ("dhcp.option.private_proxy_autodiscovery", "Private/Proxy autodiscovery"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side;
    use crate::protocols::testing::{Random, bytes, datagrams, survives, taken, tree};

    /// BOOTP header of `aa:bb:cc:00:00:01` and options.
    fn packet(op: u8, yours: [u8; 4], options: &str) -> Vec<u8> {
        let mut packet = vec![op, 1, 6, 0, 0x3d, 0x1d, 0, 1, 0, 2, 0x80, 0, 0, 0, 0, 0];
        packet.extend(yours);
        packet.extend([0; 8]);
        packet.extend([0xaa, 0xbb, 0xcc, 0, 0, 1]);
        packet.resize(236, 0);
        packet.extend(MAGIC);
        packet.extend(bytes(options));
        packet
    }

    const DISCOVER: &str = "350101 3d0701aabbcc000001 3204c0a80117 0c056c616d7031 3c0c7564686370 20312e32342e31 \
        3707 01 03 06 0f 1a 1c 33 510c 00 00 00 6c616d70312e6c616e 390205dc ff 0000";
    const ACK: &str = "350105 3604c0a80101 330400015180 3a040000a8c0 0104ffffff00 0304c0a80101 0608c0a8010108080808 \
        0f036c616e 770f 03666f6f036c616e00 03626172c004 2a04c0a80101 2b02beef ff";

    fn check(bytes: &[u8], expect: Expect) {
        expect.assert_eq(&datagrams(&Dhcp, &[(Side::Orig, bytes)]));
    }

    #[test]
    fn discover() {
        check(
            &packet(1, [0; 4], DISCOVER),
            expect![[r#"
            dhcp 'lamp1' {"msg_types":"DISCOVER","mac":"aa:bb:cc:00:00:01","host_name":"lamp1","vendor_class":"udhcp 1.24.1","client_fqdn":"lamp1.lan","param_list":"1,3,6,15,26,28,51","option_list":"53,61,50,12,60,55,81,57","requested_addr":"192.168.1.23","max_size":1500,"client_id":"aa:bb:cc:00:00:01"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn ack() {
        check(
            &packet(2, [192, 168, 1, 23], ACK),
            expect![[r#"
            dhcp 'aa:bb:cc:00:00:01' {"msg_types":"ACK","mac":"aa:bb:cc:00:00:01","domain":"lan","option_list":"53,54,51,58,1,3,6,15,119,42,43","server_addr":"192.168.1.1","subnet_mask":"255.255.255.0","assigned_addr":"192.168.1.23","routers":["192.168.1.1"],"dns_servers":["192.168.1.1","8.8.8.8"],"ntp_servers":["192.168.1.1"],"lease_time":86400,"renewal_time":43200,"domain_search":["foo.lan","bar.lan"],"vendor_specific":"beef"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn name_as_labels_and_options_in_the_file_field() {
        let mut overloaded = packet(1, [0; 4], "350103 340101 5109 04 0000 046c616d70 00 ff");
        overloaded[108..116].copy_from_slice(&[12, 4, b'c', b'a', b'm', b'1', 255, 0]);
        check(
            &overloaded,
            expect![[r#"
            dhcp 'cam1' {"msg_types":"REQUEST","mac":"aa:bb:cc:00:00:01","host_name":"cam1","client_fqdn":"lamp","option_list":"53,52,81,12"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn long_option_in_two_parts() {
        check(
            &packet(1, [0; 4], "350103 3c03616263 0c0178 3c03646566 ff"),
            expect![[r#"
            dhcp 'x' {"msg_types":"REQUEST","mac":"aa:bb:cc:00:00:01","host_name":"x","vendor_class":"abcdef","option_list":"53,60,12"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn decline_and_nak_say_why() {
        check(
            &packet(1, [0; 4], "350104 3803747769 ff"),
            expect![[r#"
            dhcp 'aa:bb:cc:00:00:01' {"msg_types":"DECLINE","mac":"aa:bb:cc:00:00:01","option_list":"53,56","client_message":"twi"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
        check(
            &packet(2, [0; 4], "350106 38036e6f21 ff"),
            expect![[r#"
            dhcp 'aa:bb:cc:00:00:01' {"msg_types":"NAK","mac":"aa:bb:cc:00:00:01","option_list":"53,56","server_message":"no!"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn bootp_without_options() {
        let mut bootp = packet(1, [0; 4], "");
        bootp.truncate(236);
        check(
            &bootp,
            expect![[r#"
            dhcp 'aa:bb:cc:00:00:01' {"msg_types":"BOOTP","mac":"aa:bb:cc:00:00:01"} {"trans_id":1025310721,"secs":2}
        "#]],
        );
    }

    #[test]
    fn option_longer_than_the_message() {
        check(
            &packet(1, [0; 4], "350101 0c20 6c616d"),
            expect![[r#"
            dhcp 'aa:bb:cc:00:00:01' {"msg_types":"DISCOVER","mac":"aa:bb:cc:00:00:01","option_list":"53"} {"trans_id":1025310721,"secs":2}
            ! 245 option cut short
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            dhcp = DISCOVER aa:bb:cc:00:00:01 0..309
              dhcp.type = 1 (boot request) 0..1
              dhcp.hw.type = 1 1..2
              dhcp.hw.len = 6 2..3
              dhcp.hops = 0 3..4
              dhcp.id = 0x3d1d0001 4..8
              dhcp.secs = 2 8..10
              dhcp.flags.bc = 1 10..12
              dhcp.ip.client = 0.0.0.0 12..16
              dhcp.ip.your = 0.0.0.0 16..20
              dhcp.ip.server = 0.0.0.0 20..24
              dhcp.ip.relay = 0.0.0.0 24..28
              dhcp.hw.mac_addr = aa:bb:cc:00:00:01 28..34
              dhcp.cookie = DHCP 236..240
              dhcp.option.type = 53 DHCP Message Type 240..243
                dhcp.option.length = 1 241..242
                dhcp.option.dhcp = 1 (DISCOVER) 242..243
              dhcp.option.type = 61 Client identifier 243..252
                dhcp.option.length = 7 244..245
                dhcp.client_id = aa:bb:cc:00:00:01 245..252
              dhcp.option.type = 50 Requested IP Address 252..258
                dhcp.option.length = 4 253..254
                dhcp.option.requested_ip_address = 192.168.1.23 254..258
              dhcp.option.type = 12 Host Name 258..265
                dhcp.option.length = 5 259..260
                dhcp.option.hostname = lamp1 260..265
              dhcp.option.type = 60 Vendor class identifier 265..279
                dhcp.option.length = 12 266..267
                dhcp.option.vendor_class_id = udhcp 1.24.1 267..279
              dhcp.option.type = 55 Parameter Request List Item 279..288
                dhcp.option.length = 7 280..281
                dhcp.option.request_list_item = 1 (Subnet Mask) 281..282
                dhcp.option.request_list_item = 3 (Router) 282..283
                dhcp.option.request_list_item = 6 (Domain Name Server) 283..284
                dhcp.option.request_list_item = 15 (Domain Name) 284..285
                dhcp.option.request_list_item = 26 (Interface MTU) 285..286
                dhcp.option.request_list_item = 28 (Broadcast Address) 286..287
                dhcp.option.request_list_item = 51 (IP Address Lease Time) 287..288
              dhcp.option.type = 81 Client Fully Qualified Domain Name 288..302
                dhcp.option.length = 12 289..290
                dhcp.fqdn.name = lamp1.lan 290..302
              dhcp.option.type = 57 Maximum DHCP Message Size 302..306
                dhcp.option.length = 2 303..304
                dhcp.option.dhcp_max_message_size = 1500 304..306
              dhcp.option.end = 255 306..307
        "#]]
        .assert_eq(&tree(&Dhcp, Transport::Udp, Side::Orig, &packet(1, [0; 4], DISCOVER)));
    }

    #[test]
    fn recognised_by_magic_number() {
        let discover = packet(1, [0; 4], DISCOVER);
        assert!(taken(&Dhcp, Transport::Udp, false, &discover));
        assert!(!taken(&Dhcp, Transport::Udp, false, &discover[..236]));
        assert!(!taken(&Dhcp, Transport::Tcp, false, &discover));
        let mut random = Random(3);
        assert!((0..20_000).all(|n| !taken(&Dhcp, Transport::Udp, false, &random.bytes(200 + n % 200))));
    }

    #[test]
    fn survives_anything() {
        survives(&Dhcp, Transport::Udp, &[packet(1, [0; 4], DISCOVER), packet(2, [192, 168, 1, 23], ACK)]);
    }
}
