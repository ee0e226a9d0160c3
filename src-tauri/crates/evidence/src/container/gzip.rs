//! gzip (RFC 1952): one member, out of one or more concatenated streams.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use model::Time;

use super::{Container, Entry, Gate, Stop, Unpack, member_name};
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static GZIP: Container =
    Container { name: "gzip", version: "1", recognise, unpack: Unpack::Streaming(unpack) };

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    let bytes = head.bytes();
    begins_with(bytes, &[0x1f, 0x8b], "gzip")?;
    match bytes.get(2..10) {
        Some([8, flags, ..]) if flags & 0xe0 == 0 => Ok("gzip magic, deflate".to_owned().into()),
        Some(_) => Err("gzip magic, but no gzip header".into()),
        None => Err("gzip magic, but cut short in the header".into()),
    }
}

fn unpack(input: &mut dyn BufRead, name: &[u8], gate: &mut Gate) -> Result<Ending, Stop> {
    let decoder = GzDecoder::new(input);
    let (stored_name, modified) = match decoder.header() {
        Some(header) => (header.filename().map(<[u8]>::to_vec), header.mtime()),
        None => (None, 0),
    };
    let member = member_name(name, &[(".gz", ""), (".tgz", ".tar"), (".gzip", "")], stored_name);
    let modified = if modified == 0 { None } else { Time::new(modified.into(), 0) }; // 0: not known
    let mut streams = Streams { decoder: Some(decoder), rest: None };
    gate.member(&Entry { name: &member, modified, ..Entry::default() }, &mut streams)?;
    if let Some(rest) = streams.rest {
        gate.issue(format!("after the last gzip stream comes something else: {rest}; left out"), 0);
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

/// Concatenated gzip streams, read as one. Zeros may follow, as tapes leave them.
struct Streams<'a> {
    /// `None`: all are read.
    decoder: Option<GzDecoder<&'a mut dyn BufRead>>,
    /// What follows the last one.
    rest: Option<String>,
}

impl Read for Streams<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let n = decoder.read(into)?;
            if n > 0 || into.is_empty() {
                return Ok(n);
            }
            let Some(input) = self.decoder.take().map(GzDecoder::into_inner) else { break };
            let next = input.fill_buf()?;
            match next {
                [] => {}
                [0x1f, ..] => self.decoder = Some(GzDecoder::new(input)),
                [0, ..] => loop {
                    let zeros = input.fill_buf()?;
                    match zeros.iter().position(|byte| *byte != 0) {
                        Some(_) => {
                            self.rest = Some("zeros, then other bytes".into());
                            break;
                        }
                        None if zeros.is_empty() => break,
                        None => {
                            let n = zeros.len();
                            input.consume(n);
                        }
                    }
                },
                other => self.rest = Some(model::hex(other.get(..4).unwrap_or(other))),
            }
        }
        Ok(0)
    }
}
