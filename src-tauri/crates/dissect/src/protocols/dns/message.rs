//! The wire format that DNS, mDNS and LLMNR share (RFC 1035 section 4).

use std::fmt;
use std::fmt::Write;
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
    /// A name that leads nowhere; it spoils no more than itself.
    pub broken: Option<Stop>,
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
        broken: None,
        trailing: 0..0,
    };
    message.stop = read_body(&mut cursor, &mut message).err();
    if message.stop.is_none() {
        message.trailing = cursor.remaining();
    }
    let names = message.questions.iter().map(|q| &q.name).chain(message.records.iter().map(|r| &r.name));
    let mut broken = names.filter_map(|name| Some(Stop { at: name.bytes.start, why: name.broken?, short: false }));
    message.broken = broken.next();
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
    let name = Name::read_loosely(cursor)?;
    let qtype = cursor.u16("question type cut short")?;
    let qclass = cursor.u16("question class cut short")?;
    Ok(Question { name, qtype, qclass, bytes: cursor.since(start) })
}

fn record<'a>(cursor: &mut Cursor<'a>, section: Section) -> Result<Record<'a>, Stop> {
    let start = cursor.at();
    let name = Name::read_loosely(cursor)?;
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
    /// Where its first label is.
    at: usize,
    /// Its length as text, or about that.
    len: usize,
    /// The bytes at its own place, without what pointers lead to.
    pub bytes: Range<usize>,
    /// Why it cannot be read to its end, although what follows it can.
    pub broken: Option<&'static str>,
}

impl<'a> Name<'a> {
    /// Reads a name and checks all of it, pointers included.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Name<'a>, Stop> {
        let name = Name::read_loosely(cursor)?;
        match name.broken {
            Some(why) => Err(Stop { at: name.bytes.start, why, short: false }),
            None => Ok(name),
        }
    }

    /// Reads a name. Fails only if what follows it cannot be found.
    pub fn read_loosely(cursor: &mut Cursor<'a>) -> Result<Name<'a>, Stop> {
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
        let mut labels = Labels { message: cursor.message(), at: start, jumps: 0, len: 0, broken: None };
        let first = labels.next().map_or(0, <[u8]>::len);
        let at = labels.at - (1 + first) * usize::from(first > 0);
        labels.by_ref().for_each(drop);
        let Labels { message, len, broken, .. } = labels;
        Ok(Name { message, at, len, bytes: cursor.since(start), broken })
    }

    pub fn labels(&self) -> Labels<'a> {
        Labels { message: self.message, at: self.at, jumps: 0, len: 0, broken: None }
    }

    /// Whether both are read from the same place, so that they are equal.
    pub fn is_same(&self, other: &Name) -> bool {
        self.at == other.at
    }

    /// Labels with dots between and none at the end; the root is `<Root>`, as Wireshark writes it. Bytes that are no text are
    /// written `\ddd` (RFC 1035 section 5.1).
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// The same into an empty text.
    pub fn write(&self, text: &mut String) {
        text.reserve(self.len.max(8));
        for label in self.labels() {
            if !text.is_empty() {
                text.push('.');
            }
            write_text(text, label);
        }
        match self.broken {
            Some(_) => text.push_str("<malformed>"),
            None if text.is_empty() => text.push_str("<Root>"),
            None => {}
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The labels of a name, in order.
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
    jumps: usize,
    /// Bytes of the labels so far, each with its length.
    len: usize,
    broken: Option<&'static str>,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.broken.is_some() {
            return None;
        }
        match self.step() {
            Ok(label) => label,
            Err(why) => {
                self.broken = Some(why);
                None
            }
        }
    }
}

impl<'a> Labels<'a> {
    fn step(&mut self) -> Result<Option<&'a [u8]>, &'static str> {
        const OUTSIDE: &str = "domain name points outside the message";
        loop {
            let len = usize::from(*self.message.get(self.at).ok_or(OUTSIDE)?);
            match len {
                0 => return Ok(None),
                1..0x40 => {
                    let label = self.message.get(self.at + 1..self.at + 1 + len).ok_or(OUTSIDE)?;
                    self.at += 1 + len;
                    self.len += 1 + len;
                    if self.len >= LONGEST_NAME {
                        return Err("domain name of more than 255 bytes");
                    }
                    return Ok(Some(label));
                }
                0xc0.. => {
                    let low = usize::from(*self.message.get(self.at + 1).ok_or(OUTSIDE)?);
                    self.at = (len & 0x3f) << 8 | low;
                    self.jumps += 1;
                    if self.jumps > MOST_JUMPS {
                        return Err("compression pointers of a domain name go round in circles");
                    }
                }
                _ => return Err("domain name points to a label of an unknown kind"),
            }
        }
    }
}

/// Text as it is, but for bytes that no one could read: `\ddd`.
pub fn write_text(out: &mut String, bytes: &[u8]) {
    let readable = bytes.iter().fold(true, |so_far, byte| so_far & (*byte >= 0x20) & (*byte != 0x7f));
    if readable && let Ok(text) = std::str::from_utf8(bytes) {
        return out.push_str(text);
    }
    for piece in bytes.utf8_chunks() {
        for character in piece.valid().chars() {
            if character.is_control() {
                let _ = write!(out, "\\{:03}", u32::from(character));
            } else {
                out.push(character);
            }
        }
        for byte in piece.invalid() {
            let _ = write!(out, "\\{byte:03}");
        }
    }
}
