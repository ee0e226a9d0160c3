//! Packed contents (RFC 9110 section 8.4.1): gzip, deflate, brotli, one piece after the other.

use std::io::{self, Write};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Memory of all unpackers of one capture at the same time, in KiB.
pub const MOST_HELD: u32 = 512 << 10;

/// What an unpacker may hold, in KiB.
pub fn weight(encoding: &str) -> u32 {
    match Encoding::of(encoding) {
        Encoding::Brotli => 16 << 10, // its window, at most
        Encoding::Gzip | Encoding::Deflate => 96,
        Encoding::None | Encoding::Other => 0,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    None,
    Gzip,
    Deflate,
    Brotli,
    Other,
}

impl Encoding {
    fn of(text: &str) -> Encoding {
        let is = |name: &str| text.trim().eq_ignore_ascii_case(name);
        match () {
            () if text.trim().is_empty() || is("identity") => Encoding::None,
            () if is("gzip") || is("x-gzip") => Encoding::Gzip,
            () if is("deflate") => Encoding::Deflate,
            () if is("br") => Encoding::Brotli,
            () => Encoding::Other,
        }
    }
}

/// Whether it can be unpacked. What can't passes as it is.
pub fn is_known(encoding: &str) -> bool {
    Encoding::of(encoding) != Encoding::Other
}

/// The content of a file out of its body's pieces in order, as a fact of the kind `files` names them (`encoding` as there).
/// Stops with an error where it would be longer than `most` bytes, or where the bytes are not what they should be.
pub fn content<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, encoding: &str, most: usize) -> io::Result<Vec<u8>> {
    let mut unpacker = Unpacker::new(encoding, Capped { bytes: Vec::new(), most });
    pieces.into_iter().try_for_each(|piece| unpacker.write(piece))?;
    unpacker.end().map(|capped| capped.bytes)
}

struct Capped {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.most - self.bytes.len().min(self.most) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unpacks what is written to it, into `W`. Holds a window's worth of bytes, whatever the length.
pub struct Unpacker<W: Write> {
    with: With<W>,
}

enum With<W: Write> {
    Plain(W),
    Gzip(Box<MultiGzDecoder<W>>),
    /// What browsers take for deflate too, without zlib's header: the first byte tells.
    Deflate(W),
    Zlib(Box<ZlibDecoder<W>>),
    Raw(Box<DeflateDecoder<W>>),
    Brotli(Box<Brotli<W>>),
    /// An error of the past.
    Broken,
}

struct Brotli<W> {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    over: bool,
    to: W,
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl<W: Write> Unpacker<W> {
    /// What is packed in a way that [`is_known`] does not know passes as it is.
    pub fn new(encoding: &str, to: W) -> Unpacker<W> {
        let with = match Encoding::of(encoding) {
            Encoding::None | Encoding::Other => With::Plain(to),
            Encoding::Gzip => With::Gzip(Box::new(MultiGzDecoder::new(to))),
            Encoding::Deflate => With::Deflate(to),
            Encoding::Brotli => {
                let alloc = StandardAlloc::default;
                let state = BrotliState::new_strict(alloc(), alloc(), alloc());
                With::Brotli(Box::new(Brotli { state, over: false, to }))
            }
        };
        Unpacker { with }
    }

    /// The next piece.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let (With::Deflate(_), Some(first)) = (&self.with, bytes.first()) {
            let zlib = first & 0x0f == 8 && first >> 4 <= 7;
            self.with = match std::mem::replace(&mut self.with, With::Broken) {
                With::Deflate(to) if zlib => With::Zlib(Box::new(ZlibDecoder::new(to))),
                With::Deflate(to) => With::Raw(Box::new(DeflateDecoder::new(to))),
                other => other,
            };
        }
        match &mut self.with {
            With::Plain(to) => to.write_all(bytes),
            With::Gzip(decoder) => decoder.write_all(bytes),
            With::Zlib(decoder) => decoder.write_all(bytes),
            With::Raw(decoder) => decoder.write_all(bytes),
            With::Brotli(brotli) => brotli.write(bytes),
            With::Deflate(_) => Ok(()),
            With::Broken => Err(broken()),
        }
    }

    /// Nothing more comes: an error if more should have.
    pub fn end(self) -> io::Result<W> {
        match self.with {
            With::Plain(to) | With::Deflate(to) => Ok(to),
            With::Gzip(decoder) => decoder.finish(),
            With::Zlib(decoder) => decoder.finish(),
            With::Raw(decoder) => decoder.finish(),
            With::Brotli(brotli) if brotli.over => Ok(brotli.to),
            With::Brotli(_) | With::Broken => Err(broken()),
        }
    }
}

impl<W: Write> Brotli<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        let (mut left, mut at, mut total) = (bytes.len(), 0, 0);
        while !self.over {
            let (mut room, mut written) = (buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                bytes,
                &mut room,
                &mut written,
                &mut buffer,
                &mut total,
                &mut self.state,
            );
            self.to.write_all(buffer.get(..written).unwrap_or_default())?;
            match result {
                BrotliResult::ResultSuccess => self.over = true,
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::NeedsMoreOutput if written > 0 => {}
                BrotliResult::NeedsMoreOutput | BrotliResult::ResultFailure => return Err(broken()),
            }
        }
        Ok(())
    }
}

impl<W: Write> Unpacker<W> {
    pub(super) fn get_mut(&mut self) -> Option<&mut W> {
        match &mut self.with {
            With::Plain(to) | With::Deflate(to) => Some(to),
            With::Gzip(decoder) => Some(decoder.get_mut()),
            With::Zlib(decoder) => Some(decoder.get_mut()),
            With::Raw(decoder) => Some(decoder.get_mut()),
            With::Brotli(brotli) => Some(&mut brotli.to),
            With::Broken => None,
        }
    }
}
