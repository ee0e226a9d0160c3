//! Phones that pass an access point and change their addresses, of which one knows which is whose.
//!
//! The orders of elements are those seen most often in captures of probe requests in public places; their contents are usual ones.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::Random;

/// How the phones are.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub phones: usize,
    /// Seconds.
    pub length: u64,
    pub seed: u64,
}

/// An address, the phone that had it, and whether that goes on counting its frames when it changes its address.
pub type Truth = Vec<([u8; 6], usize, bool)>;

/// A make of phones: how it looks for networks.
struct Make {
    /// Its elements after the network name, in order: ids and values, the zeros at the end of HT capabilities left out.
    elements: &'static [(u8, &'static str)],
    /// Seconds between scans, and for how many of them an address stays.
    pause: u64,
    scans: u64,
    /// The sequence number goes on when the address changes.
    goes_on: bool,
    /// Of ten scans so many ask for known networks by name.
    names: u64,
}

const MAKES: &[Make] = &[
    // 0,1,50,3,45,127,221 (00:17:f2): goes on
    Make {
        elements: &[
            (1, "02040b16"),
            (50, "0c1218243048606c"),
            (3, "06"),
            (45, "ef1917ffff"),
            (127, "0400088000000040"),
            (221, "0017f20a00010400000000"),
        ],
        pause: 40,
        scans: 1,
        goes_on: false,
        names: 0,
    },
    // 0,1,50,3,45,127,255 (HE)
    Make {
        elements: &[
            (1, "02040b16"),
            (50, "0c1218243048606c"),
            (3, "06"),
            (45, "6f0117ff"),
            (127, "04000a82014000400001"),
            (255, "230108081800802030020d009f08000000fdfffdff391cc7711c07"),
        ],
        pause: 60,
        scans: 2,
        goes_on: true,
        names: 0,
    },
    // 0,1,50,3,45,127,221 (Microsoft), 221 (Broadcom)
    Make {
        elements: &[
            (1, "02040b16"),
            (50, "0c1218243048606c"),
            (3, "06"),
            (45, "2d0017ff"),
            (127, "00000a0200000040"),
            (221, "0050f208001200"),
            (221, "00101802000010000"),
        ],
        pause: 25,
        scans: 3,
        goes_on: true,
        names: 2,
    },
    // 0,1,50,45,70,127
    Make {
        elements: &[
            (1, "82848b96"),
            (50, "0c1218243048606c"),
            (45, "620117ff"),
            (70, "7000000000"),
            (127, "0000000000000040"),
        ],
        pause: 90,
        scans: 1,
        goes_on: true,
        names: 5,
    },
    // 0,1,50,3,45,127,107
    Make {
        elements: &[
            (1, "02040b16"),
            (50, "0c1218243048606c"),
            (3, "0b"),
            (45, "ad0117ffff"),
            (127, "04000a82014000400001"),
            (107, "00"),
        ],
        pause: 50,
        scans: 4,
        goes_on: false,
        names: 4,
    },
    // 0,1,50,221 (Microsoft WPS), 3
    Make {
        elements: &[(1, "02040b16"), (50, "0c1218243048606c"), (221, "0050f204104a0001101012000200"), (3, "01")],
        pause: 120,
        scans: 2,
        goes_on: true,
        names: 10,
    },
];

/// Names of networks; the first few are everywhere.
const NETWORKS: u64 = 60;

struct Phone {
    make: &'static Make,
    mac: [u8; 6],
    sequence: u16,
    scans_left: u64,
    signal: i64,
    networks: Vec<u64>,
    /// Seconds: from when to when it is near.
    near: (u64, u64),
}

/// Writes what was heard (pcap, radiotap), and tells whose each address was.
pub fn phones(crowd: Crowd, path: &Path) -> Result<Truth> {
    let write = || -> io::Result<Truth> {
        let mut out = BufWriter::new(File::create(path)?);
        let truth = write(crowd, &mut out)?;
        out.flush()?;
        Ok(truth)
    };
    write().with_context(|| format!("writing probe requests to {}", path.display()))
}

fn write(crowd: Crowd, out: &mut impl Write) -> io::Result<Truth> {
    let mut random = Random(crowd.seed);
    out.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?;
    out.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    out.write_all(&262_144_u32.to_le_bytes())?;
    out.write_all(&127_u32.to_le_bytes())?; // radiotap
    let (mut truth, mut heard) = (Truth::new(), Vec::new());
    for number in 0..crowd.phones {
        let mut phone = Phone::new(&mut random, crowd.length);
        truth.push((phone.mac, number, phone.make.goes_on));
        let mut now = phone.near.0 * 1_000_000 + random.below(phone.make.pause * 1_000_000);
        while now < phone.near.1 * 1_000_000 {
            if phone.scans_left == 0 {
                phone.change(&mut random);
                truth.push((phone.mac, number, phone.make.goes_on));
            }
            phone.scans_left -= 1;
            now = phone.scan(&mut random, now, &mut heard);
            now += phone.make.pause * 500_000 + random.below(phone.make.pause * 1_000_000);
        }
    }
    heard.sort();
    for (micros, frame) in heard {
        let seconds = 1_700_000_000 + micros / 1_000_000;
        for word in [seconds, micros % 1_000_000, frame.len() as u64, frame.len() as u64] {
            out.write_all(&(word as u32).to_le_bytes())?;
        }
        out.write_all(&frame)?;
    }
    // One that was never heard has no address to be found.
    truth.sort_unstable();
    truth.dedup();
    Ok(truth)
}

impl Phone {
    fn new(random: &mut Random, length: u64) -> Phone {
        let make = &MAKES[random.below(MAKES.len() as u64) as usize];
        let stays = (length / 10 + random.below(length)).min(length);
        let from = random.below(length - stays + 1);
        let networks = (0..1 + random.below(3)).map(|_| random.below(NETWORKS)).collect();
        let mut phone = Phone {
            make,
            mac: [0; 6],
            sequence: 0,
            scans_left: 0,
            signal: -40 - random.below(45) as i64,
            networks,
            near: (from, from + stays),
        };
        phone.sequence = random.below(4_096) as u16;
        phone.change(random);
        phone
    }

    fn change(&mut self, random: &mut Random) {
        let bytes = random.bytes(6);
        for (byte, new) in self.mac.iter_mut().zip(bytes) {
            *byte = new;
        }
        self.mac[0] = self.mac[0] & 0xfc | 2; // locally administered, one device
        self.scans_left = self.make.scans;
        if !self.make.goes_on {
            self.sequence = random.below(4_096) as u16;
        }
    }

    /// A few requests, of which not all are heard. Gives the time after them.
    fn scan(&mut self, random: &mut Random, mut now: u64, heard: &mut Vec<(u64, Vec<u8>)>) -> u64 {
        self.signal = (self.signal + random.below(5) as i64 - 2).clamp(-92, -30);
        let name = match random.below(10) < self.make.names {
            true => format!("hollis-{}", self.networks[random.below(self.networks.len() as u64) as usize]),
            false => String::new(),
        };
        for _ in 0..2 + random.below(4) {
            if random.below(4) > 0 {
                let signal = (self.signal + random.below(7) as i64 - 3) as i8;
                heard.push((now, self.request(&name, signal)));
            }
            self.sequence = (self.sequence + 1) & 0xfff;
            now += 10_000 + random.below(30_000);
        }
        // What it sends meanwhile that nobody hears.
        self.sequence = (self.sequence + random.below(20) as u16) & 0xfff;
        now
    }

    /// Radiotap (channel and signal), header, network name, elements.
    fn request(&self, name: &str, signal: i8) -> Vec<u8> {
        let mut frame = vec![0, 0, 13, 0, 0x28, 0, 0, 0, 0x85, 0x09, 0xa0, 0x00, signal as u8];
        frame.extend([0x40, 0, 0, 0]);
        frame.extend([0xff; 6]);
        frame.extend(self.mac);
        frame.extend([0xff; 6]);
        frame.extend((self.sequence << 4).to_le_bytes());
        frame.extend([0, name.len() as u8]);
        frame.extend(name.bytes());
        for (id, digits) in self.make.elements {
            let digits: Vec<u8> =
                digits.bytes().filter_map(|c| (c as char).to_digit(16)).map(|digit| digit as u8).collect();
            let mut value: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            if *id == 45 {
                value.resize(26, 0);
            }
            frame.extend([*id, value.len() as u8]);
            frame.extend(value);
        }
        frame
    }
}
