//! Zstandard (RFC 8878): one member, out of one or more concatenated frames.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Container, Entry, Gate, Stop, Unpack, member_name};
use crate::format::{Ending, Head, Recognised, begins_with};

pub(crate) static ZSTD: Container =
    Container { name: "zstd", version: "1", recognise, unpack: Unpack::Streaming(unpack) };

/// The most that a frame may ask us to remember: what `zstd --long` uses at most without being told otherwise.
const WINDOW: u64 = 128 << 20;

fn recognise(head: &mut Head) -> Result<Recognised, String> {
    begins_with(head.bytes(), &[0x28, 0xb5, 0x2f, 0xfd], "Zstandard")?;
    Ok("Zstandard magic".to_owned().into())
}

fn unpack(input: &mut dyn BufRead, name: &[u8], gate: &mut Gate) -> Result<Ending, Stop> {
    let member = member_name(name, &[(".zst", ""), (".tzst", ".tar"), (".zstd", "")], None);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    let mut frames = Frames { input, decoder, within: false, frames: 0, rest: None };
    gate.member(&Entry { name: &member, ..Entry::default() }, &mut frames)?;
    if let Some(rest) = frames.rest {
        gate.issue(format!("after the last Zstandard frame comes something else: {rest}; left out"), 0);
    }
    Ok(if gate.has_issues() { Ending::Partial } else { Ending::Complete })
}

/// Concatenated frames, read as one; skippable frames between them are skipped.
struct Frames<'a> {
    input: &'a mut dyn BufRead,
    decoder: FrameDecoder,
    /// Whether the decoder is in a frame.
    within: bool,
    frames: u64,
    /// What follows the last frame.
    rest: Option<String>,
}

impl Read for Frames<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.within || self.next_frame()? {
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder.decode_blocks(&mut *self.input, BlockDecodingStrategy::UptoBlocks(1)).map_err(invalid)?;
            }
            let n = self.decoder.read(into)?;
            if n > 0 || into.is_empty() {
                return Ok(n);
            }
            self.within = false;
            let stated = self.decoder.get_checksum_from_data();
            if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                return Err(invalid("the checksum of the contents differs"));
            }
        }
        Ok(0)
    }
}

impl Frames<'_> {
    /// Goes on to the next frame; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        while self.rest.is_none() {
            let next = self.input.fill_buf()?;
            if next.is_empty() {
                return Ok(false);
            }
            let begin = model::hex(next.get(..4).unwrap_or(next));
            match self.decoder.init(&mut *self.input) {
                Ok(()) => {
                    self.frames += 1;
                    self.within = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut *self.input).take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)))
                    if self.frames > 0 =>
                {
                    self.rest = Some(begin);
                }
                Err(error) => return Err(invalid(error.to_string())),
            }
        }
        Ok(false)
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
