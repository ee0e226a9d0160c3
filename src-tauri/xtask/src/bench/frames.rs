//! What is in a capture, to compare two of them: how many frames, and one hash over them all.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Frames {
    pub count: u64,
    pub bytes: u64,
    /// Of each frame's length and bytes, in order. No times: these are the recorder's.
    pub hash: Vec<u8>,
}

/// Reads a little-endian pcap or pcapng, or its first `limit` frames.
pub fn frames(path: &Path, limit: Option<u64>) -> Result<Frames> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let read = |error| format!("reading {}: {error}", path.display());
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).with_context(|| read("its first bytes"))?;
    let is_pcapng = match u32::from_le_bytes(magic) {
        0x0a0d_0d0a => true,
        0xa1b2_c3d4 | 0xa1b2_3c4d => false,
        _ => bail!("{} is no little-endian pcap or pcapng", path.display()),
    };
    let mut hasher = Sha256::new();
    let mut frames = Frames::default();
    let mut block = Vec::new();
    let mut at_start = true;
    loop {
        if limit.is_some_and(|limit| frames.count >= limit) {
            break;
        }
        // The rest of the first head, then heads of blocks or packets.
        let head = match (is_pcapng, at_start) {
            (true, true) => 4,
            (true, false) => 8,
            (false, true) => 20,
            (false, false) => 16,
        };
        block.resize(head, 0);
        match reader.read_exact(&mut block) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            outcome => outcome.with_context(|| read("a head"))?,
        }
        let word = |block: &[u8], at: usize| {
            block.get(at..at + 4).map_or(0, |word| u32::from_le_bytes(word.try_into().unwrap_or_default()) as usize)
        };
        let (kind, body) = match (is_pcapng, at_start) {
            (true, true) => (0x0a0d_0d0a, word(&block, 0).saturating_sub(8)),
            (true, false) => (word(&block, 0), word(&block, 4).saturating_sub(8)),
            (false, true) => (0, 0),
            (false, false) => (6, word(&block, 8)),
        };
        at_start = false;
        if body > 1 << 28 {
            bail!("{} says that a packet has {body} bytes", path.display());
        }
        block.resize(body, 0);
        reader.read_exact(&mut block).with_context(|| read("a packet"))?;
        if kind == 6 && body > 0 {
            let data = if is_pcapng { block.get(20..20 + word(&block, 12)).context("a short packet")? } else { &block };
            hasher.update((data.len() as u32).to_le_bytes());
            hasher.update(data);
            frames.count += 1;
            frames.bytes += data.len() as u64;
        }
    }
    frames.hash = hasher.finalize().to_vec();
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(words: &[u32]) -> std::path::PathBuf {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let path = std::env::temp_dir().join(format!("lintel-frames-{}-{}", std::process::id(), words.len()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn the_same_frames_in_both_formats() {
        let pcap = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1, 7, 0, 4, 4, 0x1122_3344, 8, 0, 8, 8, 5, 6];
        let pcapng = [
            [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28].as_slice(),
            &[1, 20, 1, 0, 20, 6, 36, 0, 0, 9, 4, 4, 0x1122_3344, 36, 5, 12, 12],
            &[6, 40, 0, 0, 9, 8, 8, 5, 6, 40],
        ];
        let [pcap, pcapng] = [file(&pcap), file(&pcapng.concat())];
        let (one, other) = (frames(&pcap, None).unwrap(), frames(&pcapng, None).unwrap());
        assert_eq!((one.count, one.bytes), (2, 12));
        assert_eq!(one, other);
        assert_ne!(frames(&pcap, Some(1)).unwrap(), one);
        for path in [pcap, pcapng] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
