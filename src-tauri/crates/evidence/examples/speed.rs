//! How fast captures go through this crate when nobody does anything with the frames.
//!
//! `cargo run --release -p evidence --example speed [MiB]` makes a pcap and a pcapng of packets of 219 bytes on average, and says
//! for each how long reading takes with hashing beside it, and how long the format alone takes.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use evidence::{Host, ItemId, NewItem, Options, Outcome, Source, format};
use model::{Cancelled, Fact, Frame, Interface, Issue, Sink};

fn main() -> io::Result<()> {
    let mib = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1024);
    let folder = tempfile::tempdir()?;
    for kind in ["pcap", "pcapng"] {
        let path = folder.path().join(kind);
        write(&path, kind, mib << 20)?;
        for _ in 0..3 {
            let began = Instant::now();
            io::copy(&mut Copied(File::open(&path)?), &mut io::sink())?;
            let copied = began.elapsed();
            let mut nobody = Nobody::default();
            let began = Instant::now();
            evidence::read_path(&path, &mut nobody, &Options::default(), &()).map_err(io::Error::other)?;
            let whole = began.elapsed();
            let mut alone = Nobody::default();
            let format = format::ALL.iter().find(|format| format.name() == kind).ok_or(io::ErrorKind::NotFound)?;
            let mut file = File::open(&path)?;
            let began = Instant::now();
            let _ = format.read(&mut Source::again(&mut file, &()), &mut alone).map_err(io::Error::other)?;
            let parsed = began.elapsed();
            println!(
                "{kind} {mib} MiB, {} frames: {whole:.2?} with hashes, {parsed:.0?} reading and format alone, {copied:.0?} reading alone",
                nobody.frames
            );
        }
    }
    Ok(())
}

/// Reads in pieces of 256 KiB.
struct Copied(File);

impl Read for Copied {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = vec![0; 256 << 10];
        while self.0.read(&mut buffer)? > 0 {}
        Ok(0)
    }
}

fn write(path: &Path, kind: &str, size: usize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let packet = [0xa5; 1514];
    let mut written = 0;
    if kind == "pcap" {
        out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
    } else {
        let section: [u32; 7] = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
        let interface: [u32; 5] = [1, 20, 1, 0, 20];
        for word in section.into_iter().chain(interface) {
            out.write_all(&word.to_le_bytes())?;
        }
    }
    // Mostly short, some full: as on a home network.
    for (n, length) in [60_u32, 66, 60, 90, 1514, 66, 74, 60, 54, 146].into_iter().cycle().enumerate() {
        if written >= size {
            break;
        }
        let bytes = packet.get(..length as usize).unwrap_or_default();
        let ticks = 1_700_000_000_000_000 + n as u64 * 250;
        let mut words = |words: &[u32]| words.iter().try_for_each(|word| out.write_all(&word.to_le_bytes()));
        if kind == "pcap" {
            words(&[(ticks / 1_000_000) as u32, (ticks % 1_000_000) as u32, length, length])?;
            out.write_all(bytes)?;
            written += 16 + length as usize;
        } else {
            let padded = length.next_multiple_of(4);
            words(&[6, padded + 32, 0, (ticks >> 32) as u32, ticks as u32, length, length])?;
            out.write_all(bytes)?;
            out.write_all(packet.get(..(padded - length) as usize).unwrap_or_default())?;
            out.write_all(&(padded + 32).to_le_bytes())?;
            written += 32 + padded as usize;
        }
    }
    out.flush()
}

/// Counts frames.
#[derive(Default)]
struct Nobody {
    frames: u64,
}

impl Sink for Nobody {
    fn interface(&mut self, _interface: &Interface) {}

    fn frame(&mut self, frame: &Frame) -> Result<(), Cancelled> {
        self.frames = frame.number;
        Ok(())
    }

    fn fact(&mut self, _fact: Fact) -> Result<(), Cancelled> {
        Ok(())
    }

    fn issue(&mut self, issue: Issue) {
        eprintln!("{}: {}", issue.what, issue.why);
    }
}

impl Host for Nobody {
    fn begin(&mut self, _item: &NewItem) -> Result<ItemId, Cancelled> {
        Ok(ItemId(0))
    }

    fn sink(&mut self, _item: ItemId) -> &mut dyn Sink {
        self
    }

    fn end(&mut self, _item: ItemId, _outcome: &Outcome) -> Result<(), Cancelled> {
        Ok(())
    }

    fn skip(&mut self, _path: &str, _why: &str) -> Result<(), Cancelled> {
        Ok(())
    }
}
