//! The rare blocks of pcapng: sections, interfaces, names, statistics, secrets, and what we leave out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{Cancelled, Fact, Fields, Interface, Issue, Mac, Party, Place, Sink, Time, TimeKind};
use pcap_parser::nom::IResult;
use pcap_parser::{OptionCode, PcapError, PcapNGOption};

use super::clock::Clock;
use super::pcapng::{Order, SECTION_HEADER};

pub(super) const COMMENT: u16 = 1;

const INTERFACE_DESCRIPTION: u32 = 1;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const SYSTEMD_JOURNAL: u32 = 9;
const DECRYPTION_SECRETS: u32 = 10;
pub(super) const CUSTOM: u32 = 0xbad;
pub(super) const CUSTOM_DO_NOT_COPY: u32 = 0x4000_0bad;

/// More interfaces than a file can honestly have.
const MOST_INTERFACES: u32 = 65_536;

/// A section of a pcapng file: its byte order, and its interfaces so far.
pub(super) struct Section {
    pub order: Order,
    pub interfaces: Vec<Described>,
}

impl Section {
    pub fn new(order: Order) -> Section {
        Section { order, interfaces: Vec::new() }
    }
}

/// What a packet needs to know of its interface.
#[derive(Clone, Copy)]
pub(super) struct Described {
    /// Counted over all sections.
    pub index: u32,
    pub link_type: u16,
    pub snap_len: u32,
    /// `None`: finer than we can count.
    pub clock: Option<Clock>,
}

/// Whether blocks of this type are usual, so that four such bytes may be the beginning of one.
pub(super) fn is_known(kind: u32) -> bool {
    matches!(kind, 1..=6 | SYSTEMD_JOURNAL | DECRYPTION_SECRETS | CUSTOM | CUSTOM_DO_NOT_COPY)
}

/// What a block of this type is called.
pub(super) fn name(kind: u32) -> &'static str {
    match kind {
        SECTION_HEADER => "pcapng section header block",
        INTERFACE_DESCRIPTION => "pcapng interface description block",
        NAME_RESOLUTION => "pcapng name resolution block",
        INTERFACE_STATISTICS => "pcapng interface statistics block",
        DECRYPTION_SECRETS => "pcapng decryption secrets block",
        _ => "pcapng block",
    }
}

/// Reads one block that holds no packet. The inner error says why it could not be read.
pub(super) fn read(
    kind: u32,
    block: &[u8],
    offset: u64,
    section: &mut Section,
    interfaces: &mut u32,
    skipped: &mut Skipped,
    sink: &mut dyn Sink,
) -> Result<Result<(), String>, Cancelled> {
    let mut out = Out { order: section.order, offset, length: block.len() as u64, sink };
    match kind {
        SECTION_HEADER => out.section_header(block),
        INTERFACE_DESCRIPTION => out.interface_description(block, section, interfaces),
        NAME_RESOLUTION => out.name_resolution(block),
        INTERFACE_STATISTICS => out.interface_statistics(block, section),
        DECRYPTION_SECRETS => out.decryption_secrets(block),
        _ => {
            skipped.count(kind, block, offset);
            Ok(Ok(()))
        }
    }
}

/// One block on its way into the sink.
struct Out<'s> {
    order: Order,
    offset: u64,
    length: u64,
    sink: &'s mut dyn Sink,
}

type Done = Result<Result<(), String>, Cancelled>;

impl Out<'_> {
    fn section_header(&mut self, block: &[u8]) -> Done {
        use pcap_parser::{parse_sectionheaderblock_be as big, parse_sectionheaderblock_le as little};
        let header = match self.parse(block, big, little) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        if header.major_version != 1 {
            return Ok(Err(format!("version {}.{}", header.major_version, header.minor_version)));
        }
        let mut fields = Fields::new();
        for (code, field) in [(2, "hardware"), (3, "os"), (4, "application")] {
            if let Some(value) = find(&header.options, code) {
                fields.bytes_as_text(field, value);
            }
        }
        let application = find(&header.options, 4).map(text).unwrap_or_default();
        fields.text("byte_order", if self.order == Order::Big { "big" } else { "little" });
        self.sink.fact(Fact { subject: application, fields, ..self.fact("capture_section") })?;
        self.comments(&header.options, "section", None)
    }

    fn interface_description(&mut self, block: &[u8], section: &mut Section, interfaces: &mut u32) -> Done {
        use pcap_parser::{parse_interfacedescriptionblock_be as big, parse_interfacedescriptionblock_le as little};
        let header = match self.parse(block, big, little) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        if *interfaces >= MOST_INTERFACES {
            return Ok(Err(format!("more than {MOST_INTERFACES} interfaces")));
        }
        let offset_seconds =
            find(&header.options, 14).and_then(|value| self.order.u64(value)).unwrap_or_default().cast_signed();
        let resolution = find(&header.options, 9).and_then(|value| value.first().copied()).unwrap_or(6);
        let clock = Clock::by_resolution(resolution, offset_seconds);
        if clock.is_none() {
            let why = format!(
                "a time resolution of {resolution:#x} is finer than 64 bits can count; its frames have no time"
            );
            self.sink.issue(Issue::new(name(INTERFACE_DESCRIPTION), why, self.offset));
        }
        let option = |code| find(&header.options, code).map(text);
        let link_type = header.linktype.0 as u16;
        self.sink.interface(&Interface {
            index: *interfaces,
            link_type,
            snap_len: header.snaplen,
            name: option(2),
            description: option(3),
            filter: find(&header.options, 11).and_then(|value| value.split_first()).and_then(|(kind, rest)| {
                (*kind == 0).then(|| text(rest)) // 1: compiled BPF
            }),
            os: option(12),
            ticks_per_second: clock.map_or(0, |clock| clock.ticks_per_second),
            offset_seconds,
            offset: self.offset,
        });
        section.interfaces.push(Described { index: *interfaces, link_type, snap_len: header.snaplen, clock });
        *interfaces += 1;
        self.comments(&header.options, "interface", None)
    }

    fn name_resolution(&mut self, block: &[u8]) -> Done {
        use pcap_parser::{parse_nameresolutionblock_be as big, parse_nameresolutionblock_le as little};
        let header = match self.parse(block, big, little) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        for record in &header.nr {
            let (host, names) = match record.record_type.0 {
                1 => match record.record_value.split_first_chunk::<4>() {
                    Some((ip, names)) => (Party::Ip(IpAddr::V4(Ipv4Addr::from(*ip))), names),
                    None => continue,
                },
                2 => match record.record_value.split_first_chunk::<16>() {
                    Some((ip, names)) => (Party::Ip(IpAddr::V6(Ipv6Addr::from(*ip))), names),
                    None => continue,
                },
                3 => match record.record_value.split_first_chunk::<6>() {
                    Some((mac, names)) => (Party::Mac(Mac(*mac)), names),
                    None => continue,
                },
                _ => continue,
            };
            for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(text) {
                let mut fields = Fields::new();
                fields.shown("host", &host);
                fields.text("name", &name);
                self.sink.fact(Fact { src: host.clone(), subject: name, fields, ..self.fact("capture_name") })?;
            }
        }
        self.comments(&header.options, "names", None)
    }

    fn interface_statistics(&mut self, block: &[u8], section: &Section) -> Done {
        use pcap_parser::{parse_interfacestatisticsblock_be as big, parse_interfacestatisticsblock_le as little};
        let header = match self.parse(block, big, little) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        let Some(interface) = section.interfaces.get(header.if_id as usize) else {
            return Ok(Err(format!("interface {} is not described in this section", header.if_id)));
        };
        let time =
            |high: u32, low: u32| interface.clock.and_then(|clock| clock.time(u64::from(high) << 32 | u64::from(low)));
        let option_time = |code| {
            let (high, low) = find(&header.options, code)?.split_at_checked(4)?;
            time(self.order.u32(high)?, self.order.u32(low)?)
        };
        let ts = time(header.ts_high, header.ts_low);
        // Counting nothing, and saying something: what was noted while the capture ran.
        if !header.options.iter().any(|option| (2..=8).contains(&option.code.0))
            && let Some(note) = find(&header.options, COMMENT).map(text)
        {
            let mut fields = Fields::new();
            fields.text("note", &note);
            let fact = Fact { ts, time_kind: TimeKind::Reported, subject: note, fields, ..self.fact("bookmark") };
            return self.sink.fact(fact).map(Ok);
        }
        let mut own = Fields::new();
        own.int("interface", interface.index.into());
        for (code, field) in [(2, "start"), (3, "end")] {
            if let Some(at) = option_time(code) {
                own.shown(field, at);
            }
        }
        for (code, field) in
            [(4, "received"), (5, "dropped"), (6, "filter_accepted"), (7, "os_dropped"), (8, "delivered")]
        {
            if let Some(count) = find(&header.options, code).and_then(|value| self.order.u64(value)) {
                own.int(field, i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        let fact = Fact { ts, time_kind: TimeKind::Reported, own, ..self.fact("capture_statistics") };
        self.sink.fact(fact)?;
        self.comments(&header.options, "statistics", ts)
    }

    fn decryption_secrets(&mut self, block: &[u8]) -> Done {
        use pcap_parser::{parse_decryptionsecretsblock_be as big, parse_decryptionsecretsblock_le as little};
        let header = match self.parse(block, big, little) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        let whose = match &header.secrets_type.0.to_be_bytes() {
            b"TLSK" => "TLS key log".to_owned(),
            b"SSHK" => "SSH key log".to_owned(),
            b"WGKL" => "WireGuard key log".to_owned(),
            b"ZNWK" => "Zigbee network key".to_owned(),
            b"ZAPS" => "Zigbee APS key".to_owned(),
            b"UADC" => "OPC UA key log".to_owned(),
            other => format!("0x{}", model::hex(other)),
        };
        if &header.secrets_type.0.to_be_bytes() == b"TLSK" {
            let len = (header.secrets_len as usize).min(header.data.len());
            self.sink.secrets(header.data.get(..len).unwrap_or_default());
        }
        let mut fields = Fields::new();
        fields.text("secrets_type", &whose);
        fields.int("size", header.secrets_len.into());
        self.sink.fact(Fact { subject: whose, fields, ..self.fact("capture_secrets") })?;
        self.comments(&header.options, "secrets", None)
    }

    fn comments(&mut self, options: &[PcapNGOption], scope: &str, ts: Option<Time>) -> Done {
        for option in options.iter().filter(|option| option.code == OptionCode(COMMENT)) {
            let text = option.as_bytes().map(text).unwrap_or_default();
            let mut fields = Fields::new();
            fields.text("comment", &text);
            fields.text("scope", scope);
            self.sink.fact(Fact { ts, subject: text, fields, ..self.fact("capture_comment") })?;
        }
        Ok(Ok(()))
    }

    fn fact(&self, kind: &'static str) -> Fact {
        Fact::new(kind, Place::bytes(self.offset, self.length))
    }

    fn parse<'b, B>(&self, block: &'b [u8], big: Parse<'b, B>, little: Parse<'b, B>) -> Result<B, String> {
        let parse = if self.order == Order::Big { big } else { little };
        parse(block).map(|(_, parsed)| parsed).map_err(|_| "its contents do not fit its length".to_owned())
    }
}

/// The key log for TLS in a whole decryption secrets block, if it holds one.
pub fn secrets_in_block(block: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| block.get(at..)?.first_chunk::<4>().copied();
    let is_little = word(0)? == DECRYPTION_SECRETS.to_le_bytes();
    let number = |at: usize| word(at).map(if is_little { u32::from_le_bytes } else { u32::from_be_bytes });
    if number(0)? != DECRYPTION_SECRETS || number(8)?.to_be_bytes() != *b"TLSK" {
        return None;
    }
    let end = usize::try_from(number(12)?).ok()?.checked_add(16)?;
    block.get(16..end)
}

type Parse<'b, B> = fn(&'b [u8]) -> IResult<&'b [u8], B, PcapError<&'b [u8]>>;

/// The value of the first option of this code, without padding. Options end at code 0.
fn find<'a>(options: &'a [PcapNGOption], code: u16) -> Option<&'a [u8]> {
    let before_end = options.iter().take_while(|option| option.code.0 != 0);
    before_end.filter(|option| option.code.0 == code).find_map(|option| option.as_bytes().ok())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_suffix(b"\0").unwrap_or(bytes)).into_owned()
}

/// Blocks that nobody here reads: counted by type, and told once at the end.
#[derive(Default)]
pub(super) struct Skipped(BTreeMap<u32, Count>);

#[derive(Clone, Copy, Default)]
struct Count {
    blocks: u64,
    bytes: u64,
    first: u64,
}

impl Skipped {
    /// Only so many types are told apart.
    const MOST: usize = 64;
    /// All further types together.
    const REST: u32 = u32::MAX;

    fn count(&mut self, kind: u32, block: &[u8], offset: u64) {
        let full = self.0.len() >= Skipped::MOST && !self.0.contains_key(&kind);
        let key = if full { Skipped::REST } else { kind };
        let count = self.0.entry(key).or_insert(Count { first: offset, ..Count::default() });
        count.blocks += 1;
        count.bytes += block.len() as u64;
    }

    /// One issue for each type.
    pub fn tell(&self, sink: &mut dyn Sink) {
        for (&kind, count) in &self.0 {
            let of = if kind == Skipped::REST { "of further types".to_owned() } else { format!("of type {kind:#x}") };
            let blocks = if count.blocks == 1 { "block" } else { "blocks" };
            let why = format!("{} {blocks} {of}, left out", count.blocks);
            sink.issue(Issue { skipped: Some(count.bytes), ..Issue::new(name(kind), why, count.first) });
        }
    }
}
