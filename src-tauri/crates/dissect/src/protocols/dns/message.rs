//! The wire format that DNS, mDNS and LLMNR share (RFC 1035 section 4).

use std::fmt;
use std::ops::Range;

use crate::protocols::cursor::{Cursor, Stop};

/// Length of the header.
pub const HEADER: usize = 12;

/// More compression pointers than this in one name are a loop.
const MOST_JUMPS: usize = 128;

/// RFC 1035 section 2.3.4.
const LONGEST_NAME: usize = 255;

/// A message as far as it can be read. Ranges count from its first byte.
#[derive(Debug)]
pub struct DnsMessage<'a> {
    pub bytes: &'a [u8],
    pub id: u16,
    pub flags: u16,
    /// Questions, answers, authority and additional records, as the header claims.
    pub counts: [u16; 4],
    pub questions: Vec<Question<'a>>,
    pub records: Vec<Record<'a>>,
    /// Why reading stopped before all was read.
    pub stop: Option<Stop>,
    /// What lies behind the last record.
    pub trailing: Range<usize>,
}

#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub name: Name<'a>,
    pub qtype: u16,
    /// mDNS: the high bit asks for a unicast answer.
    pub qclass: u16,
    pub bytes: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Answer,
    Authority,
    Additional,
}

#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub section: Section,
    pub name: Name<'a>,
    pub rtype: u16,
    /// mDNS: the high bit says that older records are to be forgotten.
    pub class: u16,
    pub ttl: u32,
    pub bytes: Range<usize>,
    pub data: Range<usize>,
}

impl DnsMessage<'_> {
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub fn opcode(&self) -> u16 {
        self.flags >> 11 & 15
    }

    pub fn rcode(&self) -> u16 {
        self.flags & 15
    }

    pub fn of(&self, section: Section) -> impl Iterator<Item = &Record<'_>> {
        self.records.iter().filter(move |record| record.section == section)
    }
}

/// Reads a whole message; an error only if there is no header.
pub fn read(bytes: &[u8]) -> Result<DnsMessage<'_>, Stop> {
    let mut cursor = Cursor::new(bytes);
    let id = cursor.u16("DNS header cut short")?;
    let flags = cursor.u16("DNS header cut short")?;
    let mut counts = [0; 4];
    for count in &mut counts {
        *count = cursor.u16("DNS header cut short")?;
    }
    let mut message = DnsMessage {
        bytes,
        id,
        flags,
        counts,
        questions: Vec::with_capacity(usize::from(counts[0]).min(8)),
        records: Vec::with_capacity(counts[1..].iter().map(|n| usize::from(*n)).sum::<usize>().min(32)),
        stop: None,
        trailing: 0..0,
    };
    message.stop = read_body(&mut cursor, &mut message).err();
    if message.stop.is_none() {
        message.trailing = cursor.remaining();
    }
    Ok(message)
}

fn read_body<'a>(cursor: &mut Cursor<'a>, message: &mut DnsMessage<'a>) -> Result<(), Stop> {
    for _ in 0..message.counts[0] {
        message.questions.push(question(cursor)?);
    }
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    for (section, count) in sections.into_iter().zip(&message.counts[1..]) {
        for _ in 0..*count {
            message.records.push(record(cursor, section)?);
        }
    }
    Ok(())
}

fn question<'a>(cursor: &mut Cursor<'a>) -> Result<Question<'a>, Stop> {
    let start = cursor.at();
    let name = Name::read(cursor)?;
    let qtype = cursor.u16("question type cut short")?;
    let qclass = cursor.u16("question class cut short")?;
    Ok(Question { name, qtype, qclass, bytes: cursor.since(start) })
}

fn record<'a>(cursor: &mut Cursor<'a>, section: Section) -> Result<Record<'a>, Stop> {
    let start = cursor.at();
    let name = Name::read(cursor)?;
    let rtype = cursor.u16("record type cut short")?;
    let class = cursor.u16("record class cut short")?;
    let ttl = cursor.u32("record time to live cut short")?;
    let len = cursor.u16("record data length cut short")?;
    let data = cursor.part(len.into(), "record data cut short")?.remaining();
    Ok(Record { section, name, rtype, class, ttl, bytes: cursor.since(start), data })
}

/// A domain name in a message: its labels may lie anywhere in it (RFC 1035 section 4.1.4).
#[derive(Clone)]
pub struct Name<'a> {
    message: &'a [u8],
    at: usize,
    /// The bytes at its own place, without what pointers lead to.
    pub bytes: Range<usize>,
}

impl<'a> Name<'a> {
    /// Reads a name and checks all of it, pointers included.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Name<'a>, Stop> {
        let start = cursor.at();
        loop {
            let at = cursor.at();
            match cursor.u8("domain name cut short")? {
                0 => break,
                len @ 1..0x40 => {
                    cursor.take(len.into(), "label of a domain name cut short")?;
                }
                0xc0.. => {
                    cursor.u8("compression pointer cut short")?;
                    break;
                }
                _ => return Err(Stop { at, why: "label of an unknown kind in a domain name", short: false }),
            }
        }
        let name = Name { message: cursor.message(), at: start, bytes: cursor.since(start) };
        let mut labels = name.labels();
        labels.by_ref().for_each(drop);
        match labels.broken {
            Some(why) => Err(Stop { at: start, why, short: false }),
            None => Ok(name),
        }
    }

    pub fn labels(&self) -> Labels<'a> {
        Labels { message: self.message, at: self.at, jumps: 0, len: 1, broken: None }
    }
}

/// The labels of a name, in order.
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
    jumps: usize,
    len: usize,
    broken: Option<&'static str>,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let len = usize::from(*self.message.get(self.at)?);
            match len {
                0 => return None,
                1..0x40 => {
                    let label = self.message.get(self.at + 1..self.at + 1 + len);
                    self.at += 1 + len;
                    self.len += 1 + len;
                    if self.len > LONGEST_NAME {
                        self.broken = Some("domain name of more than 255 bytes");
                        return None;
                    }
                    if label.is_none() {
                        self.broken = Some("domain name points outside the message");
                    }
                    return label;
                }
                0xc0.. => {
                    let low = usize::from(*self.message.get(self.at + 1)?);
                    self.at = (len & 0x3f) << 8 | low;
                    self.jumps += 1;
                    if self.jumps > MOST_JUMPS {
                        self.broken = Some("compression pointers of a domain name go round in circles");
                        return None;
                    }
                    if self.at >= self.message.len() {
                        self.broken = Some("domain name points outside the message");
                        return None;
                    }
                }
                _ => {
                    self.broken = Some("domain name points to a label of an unknown kind");
                    return None;
                }
            }
        }
    }
}

impl fmt::Display for Name<'_> {
    /// Labels with dots between and none at the end; the root is `<Root>`, as Wireshark writes it. Bytes that are no text are
    /// written `\ddd` (RFC 1035 section 5.1).
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut labels = self.labels().peekable();
        if labels.peek().is_none() { f.write_str("<Root>") } else { write_labels(f, labels) }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_labels<'a>(out: &mut impl fmt::Write, labels: impl Iterator<Item = &'a [u8]>) -> fmt::Result {
    for (n, label) in labels.enumerate() {
        if n > 0 {
            out.write_char('.')?;
        }
        write_text(out, label)?;
    }
    Ok(())
}

/// Text as it is, but for bytes that no one could read: `\ddd`.
pub fn write_text(out: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    for piece in bytes.utf8_chunks() {
        let mut clean = piece.valid();
        while let Some(at) = clean.find(|c: char| c.is_control()) {
            let (before, rest) = clean.split_at(at);
            out.write_str(before)?;
            let mut rest = rest.chars();
            write!(out, "\\{:03}", u32::from(rest.next().unwrap_or_default()))?;
            clean = rest.as_str();
        }
        out.write_str(clean)?;
        for byte in piece.invalid() {
            write!(out, "\\{byte:03}")?;
        }
    }
    Ok(())
}
