//! How large a 7z directory is, before anything of it is held in memory.
//!
//! The directory lies at the end, mostly packed itself; a few bytes may claim to unpack to any size. The layout is that of
//! 7zFormat.txt in the LZMA SDK.

use std::io::{Read, SeekFrom};

use super::ReadSeek;

pub(super) const LZMA: &[u8] = &[3, 1, 1];
pub(super) const LZMA2: &[u8] = &[0x21];
pub(super) const PPMD: &[u8] = &[3, 4, 1];

/// The longest directory that is read, unpacked: some 60 000 members.
const LONGEST: u64 = 8 << 20;

/// Ok: the directory can be read. Err: why not.
pub(super) fn check(input: &mut dyn ReadSeek) -> Result<(), String> {
    let failed = |error| format!("reading the 7z directory: {error}");
    let mut start = [0; 32];
    input.seek(SeekFrom::Start(0)).map_err(failed)?;
    input.read_exact(&mut start).map_err(failed)?;
    let number =
        |at: usize| start.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |eight| u64::from_le_bytes(*eight));
    let (offset, size) = (number(12), number(20));
    if size == 0 {
        return Err("no 7z directory: the archive was not finished".into());
    }
    if size > LONGEST {
        return Err(too_long(size));
    }
    let at = offset.checked_add(32).ok_or("a 7z directory beyond the end")?;
    input.seek(SeekFrom::Start(at)).map_err(failed)?;
    let mut header = Vec::new();
    Read::take(&mut *input, size).read_to_end(&mut header).map_err(failed)?;
    if header.first() != Some(&ENCODED_HEADER) {
        return Ok(());
    }
    match unpacked_size(header.get(1..).unwrap_or_default()) {
        Some(size) if size > LONGEST => Err(too_long(size)),
        Some(_) => Ok(()),
        None => Err("the 7z directory is packed in a way that is not read".into()),
    }
}

fn too_long(size: u64) -> String {
    format!("a 7z directory of {size} bytes, where {LONGEST} is the most")
}

const END: u8 = 0;
const PACK_INFO: u8 = 6;
const UNPACK_INFO: u8 = 7;
const SIZE: u8 = 9;
const CRC: u8 = 10;
const FOLDER: u8 = 11;
const CODERS_UNPACK_SIZE: u8 = 12;
const ENCODED_HEADER: u8 = 0x17;

/// What the streams of an encoded header unpack to, over all coders.
fn unpacked_size(mut bytes: &[u8]) -> Option<u64> {
    let b = &mut bytes;
    if byte(b)? != PACK_INFO {
        return None;
    }
    let _position = number(b)?;
    let streams = number(b)?;
    let mut id = byte(b)?;
    if id == SIZE {
        for _ in 0..streams {
            number(b)?;
        }
        id = byte(b)?;
    }
    if id == CRC {
        digests(b, streams)?;
        id = byte(b)?;
    }
    if id != END || byte(b)? != UNPACK_INFO || byte(b)? != FOLDER {
        return None;
    }
    // One folder, described here and not elsewhere, is what writers make.
    if number(b)? != 1 || byte(b)? != 0 {
        return None;
    }
    let coders = number(b)?;
    let mut outputs = 0_u64;
    let mut inputs = 0_u64;
    for _ in 0..coders.min(32) {
        let flags = byte(b)?;
        let method = take(b, (flags & 15).into())?;
        if method == PPMD || flags & 0xc0 != 0 {
            return None;
        }
        let (ins, outs) = if flags & 0x10 != 0 { (number(b)?, number(b)?) } else { (1, 1) };
        inputs = inputs.checked_add(ins)?;
        outputs = outputs.checked_add(outs)?;
        if flags & 0x20 != 0 {
            let length = number(b)?;
            take(b, length)?;
        }
    }
    let bindings = outputs.checked_sub(1)?;
    for _ in 0..bindings.checked_mul(2)? {
        number(b)?;
    }
    let packed = inputs.checked_sub(bindings)?;
    if packed > 1 {
        for _ in 0..packed {
            number(b)?;
        }
    }
    if byte(b)? != CODERS_UNPACK_SIZE {
        return None;
    }
    (0..outputs).try_fold(0_u64, |sum, _| sum.checked_add(number(b)?))
}

fn digests(b: &mut &[u8], streams: u64) -> Option<()> {
    let defined = if byte(b)? != 0 {
        streams
    } else {
        take(b, streams.div_ceil(8))?.iter().map(|byte| u64::from(byte.count_ones())).sum()
    };
    take(b, defined.checked_mul(4)?).map(drop)
}

fn byte(b: &mut &[u8]) -> Option<u8> {
    take(b, 1)?.first().copied()
}

fn take<'a>(b: &mut &'a [u8], n: u64) -> Option<&'a [u8]> {
    let (taken, rest) = b.split_at_checked(usize::try_from(n).ok()?)?;
    *b = rest;
    Some(taken)
}

/// 7z's numbers: the leading ones of the first byte say how many bytes follow.
fn number(b: &mut &[u8]) -> Option<u64> {
    let first = byte(b)?;
    let extra = first.leading_ones();
    let mut low = 0_u64;
    for (at, byte) in take(b, extra.into())?.iter().enumerate() {
        low |= u64::from(*byte) << (8 * at);
    }
    let high = if extra < 7 { u64::from(first) & (0x7f >> extra) } else { 0 };
    Some(low | high.checked_shl(8 * extra).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (&[0x7f], Some(0x7f)),
            (&[0x80, 0x80], Some(0x80)),
            (&[0xbf, 0xff], Some(0x3fff)),
            (&[0xc1, 0x02, 0x03], Some(0x1_0302)),
            (&[0xff, 1, 0, 0, 0, 0, 0, 0, 0x80], Some(0x8000_0000_0000_0001)),
            (&[0xfe, 1, 2, 3, 4, 5, 6, 7], Some(0x07_0605_0403_0201)),
            (&[0xc0, 1], None),
            (&[], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(number(&mut &bytes[..]), *expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn sizes_of_packed_directories() {
        // As a writer makes them: one packed stream of 0x4d bytes at 0x10, LZMA, unpacking to 0x80 bytes.
        let usual = [6, 0x10, 1, 9, 0x4d, 0, 7, 11, 1, 0, 1, 0x23, 3, 1, 1, 5, 0x5d, 0, 0, 1, 0, 12, 0x80, 0x80];
        assert_eq!(unpacked_size(&usual), Some(0x80));
        let mut huge = usual[..22].to_vec();
        huge.extend([0xff; 9]);
        assert_eq!(unpacked_size(&huge), Some(u64::MAX));
        for length in 0..usual.len() {
            assert_eq!(unpacked_size(&usual[..length]), None);
        }
    }
}
