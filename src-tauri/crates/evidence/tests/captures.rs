//! Captures in every variant, cut at every byte, and damaged at random.

mod common;

use common::build::*;
use common::mutate::Dice;
use common::{Read, Seen};
use evidence::{Ending, Source, format};
use model::Time;

const USEC: u32 = 0xa1b2_c3d4;
const NSEC: u32 = 0xa1b2_3c4d;

/// Reads `bytes` with the format called `name`, in chunks of `chunk` bytes.
fn read_in_chunks(name: &str, bytes: &[u8], chunk: usize) -> (Read, Ending) {
    let format = format::ALL.iter().find(|format| format.name() == name).unwrap();
    let mut reader = bytes;
    let mut source = Source::over_with_chunks(&mut reader, &(), chunk);
    let mut read = Read::default();
    let ending = format.read(&mut source, &mut read).unwrap();
    let finished = source.finish().unwrap();
    assert_eq!(finished.hashes.size, bytes.len() as u64);
    assert_eq!(finished.hashes.blake3, *blake3::hash(bytes).as_bytes());
    (read, ending)
}

fn read(name: &str, bytes: &[u8]) -> (Read, Ending) {
    read_in_chunks(name, bytes, evidence::CHUNK)
}

fn times(read: &Read) -> Vec<Option<i64>> {
    read.frames.iter().map(|frame| frame.ts.map(|Time(nanos)| nanos)).collect()
}

fn issues(read: &Read) -> Vec<String> {
    read.issues.iter().map(|issue| format!("{} @{}: {}", issue.what, issue.offset, issue.why)).collect()
}

/// What holds for any bytes: numbers from 1, offsets that rise, frames that are where they claim to be, an issue when partial.
fn check_sound(bytes: &[u8], read: &Read, ending: &Ending) {
    let mut end = 0;
    for (n, frame) in read.frames.iter().enumerate() {
        assert_eq!(frame.number, n as u64 + 1);
        assert!(frame.offset >= end);
        end = frame.offset + frame.bytes.len() as u64;
        assert_eq!(bytes.get(frame.offset as usize..end as usize), Some(&frame.bytes[..]));
    }
    for issue in &read.issues {
        assert!(issue.offset <= bytes.len() as u64);
    }
    assert!(*ending != Ending::Partial || !read.issues.is_empty());
}

#[test]
fn pcap_in_both_orders_and_all_magics() {
    let extra = [0; 8];
    let cases: &[(u32, &[u8], &[u8], i64)] = &[
        (USEC, &[], &[], 5_000),
        (NSEC, &[], &[], 5),
        (0xa1b2_cd34, &[], &extra, 5_000),
        (0x1c00_01ac, &[0; 4], &[], 5),
        (0x1c00_01ab, &[0; 4], &[], 5_000),
    ];
    for order in [Little, Big] {
        for (magic, after_header, extra, fraction) in cases {
            // The upper bits of the link type say that there is an FCS.
            let bytes = [pcap(order, *magic, 0x4400_0001), after_header.to_vec(), three_records(order, extra)].concat();
            let (read, ending) = read("pcap", &bytes);
            let at = |second: i64| Some((1_700_000_000 + second) * 1_000_000_000 + fraction);
            assert_eq!(times(&read), [at(0), at(1), at(2)], "{magic:x} {order:?}");
            assert_eq!(
                read.frames.iter().map(|frame| frame.bytes.clone()).collect::<Vec<_>>(),
                [packet(60), packet(1), packet(1500)]
            );
            assert_eq!((read.interfaces[0].link_type, read.interfaces[0].snap_len), (1, 65_535));
            assert_eq!(ending, Ending::Complete);
            check_sound(&bytes, &read, &ending);
        }
    }
}

#[test]
fn pcap_lengths_of_old_versions() {
    for (version, swapped) in [((2, 4), false), ((2, 2), true), ((2, 3), true), ((2, 3), false), ((543, 0), true)] {
        let (captured, wire) = (10_u32, 100_u32);
        let (first, second) = if swapped { (wire, captured) } else { (captured, wire) };
        let record = [1, 0, first, second].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<_>>();
        let bytes = [pcap_version(Little, USEC, version, 1), record, packet(10)].concat();
        let (read, _) = read("pcap", &bytes);
        assert_eq!((read.frames[0].bytes.len(), read.frames[0].wire_len), (10, 100), "{version:?}");
    }
}

#[test]
fn pcapng_with_everything() {
    let bytes = everything();
    let (read, ending) = read("pcapng", &bytes);
    let second = 1_000_000_000;
    assert_eq!(
        times(&read),
        [
            Some(1_700_000_000 * second + 1),
            Some(1_700_000_000 * second),
            None, // a custom block
            None, // a simple packet
            Some((1_700_000_000 - 3600) * second),
            Some((1_700_000_001 - 3600) * second),
        ]
    );
    let frames: Vec<_> = read.frames.iter().map(|f| (f.bytes.len(), f.wire_len, f.interface, f.link_type)).collect();
    assert_eq!(
        frames,
        [(60, 60, 0, 1), (33, 90, 1, 127), (8, 8, 2, 65535), (8, 20, 3, 105), (5, 5, 3, 105), (7, 7, 3, 105)]
    );
    let interfaces: Vec<_> = read
        .interfaces
        .iter()
        .map(|i| (i.name.as_deref(), i.filter.as_deref(), i.ticks_per_second, i.offset_seconds, i.snap_len))
        .collect();
    assert_eq!(
        interfaces,
        [
            (Some("eth0"), Some("not arp"), second as u64, 0, 0),
            (None, None, 1 << 20, 0, 96),
            (None, None, 0, 0, 0),
            (None, None, 1_000_000, -3600, 8),
        ]
    );
    let facts: Vec<_> = read
        .facts
        .iter()
        .map(|fact| format!("{} {} {} {}", fact.kind, fact.subject, fact.fields.members(), fact.own.members()))
        .collect();
    assert_eq!(
        facts,
        [
            r#"capture_section builder "hardware":"lab bench","application":"builder","byte_order":"big" "#,
            r#"capture_comment first half "comment":"first half","scope":"section" "#,
            r#"capture_comment look here "comment":"look here","scope":"packet" "#,
            r#"capture_statistics   "interface":0,"received":77,"dropped":2"#,
            r#"capture_section  "byte_order":"little" "#,
            r#"capture_name hub.test "host":"192.0.2.7","name":"hub.test" "#,
            r#"capture_secrets TLS key log "secrets_type":"TLS key log","size":6 "#,
        ]
    );
    assert_eq!(read.secrets, b"secret");
    let place = &read.facts.iter().find(|fact| fact.kind == "capture_secrets").unwrap().place;
    let block = &bytes[place.offset as usize..][..place.length as usize];
    assert_eq!(evidence::secrets_in_block(block), Some(&b"secret"[..]));
    assert!((0..16 + 6).all(|cut| evidence::secrets_in_block(&block[..cut]).is_none()));
    let comment = &read.facts[2].place;
    assert_eq!(comment.frame, Some(1));
    assert_eq!(&bytes[comment.offset as usize..][..comment.length as usize], b"look here");
    let unknown = bytes.windows(4).position(|w| w == b"abcd").unwrap() - 8;
    assert_eq!(issues(&read), [format!("pcapng block @{unknown}: 1 block of type 0x7777, left out"),]);
    assert_eq!(ending, Ending::Complete);
    check_sound(&bytes, &read, &ending);
}

#[test]
fn key_logs_are_told_and_found_beforehand() {
    let line = format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "cd".repeat(48));
    let (seen, ending) = read("keylog", line.as_bytes());
    assert_eq!((seen.secrets.as_slice(), ending), (line.as_bytes(), Ending::Complete));
    assert_eq!(seen.facts[0].fields.members(), r#""secrets_type":"TLS key log","size":176"#);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.txt"), &line).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "CLIENT_RANDOM of nothing").unwrap();
    assert_eq!(evidence::key_logs(folder.path()), format!("{line}\n").as_bytes());
}

#[test]
fn snoop_records() {
    let bytes = snoop(4, &[(&packet(61), 61), (&packet(4), 900)]);
    let (seen, ending) = read("snoop", &bytes);
    let frames: Vec<_> = seen.frames.iter().map(|frame| (frame.bytes.len(), frame.wire_len, frame.offset)).collect();
    assert_eq!(frames, [(61, 61, 40), (4, 900, 128)]);
    assert_eq!(times(&seen)[0], Some(911_274_719_885_516_000));
    assert_eq!(ending, Ending::Complete);
    let (seen, _) = read("snoop", &snoop(99, &[]));
    assert_eq!(issues(&seen), ["snoop header @12: datalink type 99 has no LINKTYPE"]);
}

/// Every format's small file, for cutting and damaging.
fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("pcap", [pcap(Little, USEC, 1), three_records(Little, &[])].concat()),
        ("pcap", [pcap(Big, 0xa1b2_cd34, 1), three_records(Big, &[0; 8])].concat()),
        ("pcapng", everything()),
        ("snoop", snoop(4, &[(&packet(61), 61), (&packet(4), 900), (&packet(90), 90)])),
    ]
}

#[test]
fn chunks_of_any_size_give_the_same() {
    for (name, bytes) in small_files() {
        let (whole, _) = read(name, &bytes);
        for chunk in [1, 2, 3, 5, 7, 16, 17, 61, 64, 100, 1000] {
            let (pieces, _) = read_in_chunks(name, &bytes, chunk);
            assert_eq!(pieces.frames, whole.frames, "{name} in chunks of {chunk}");
            assert_eq!(pieces.facts, whole.facts, "{name} in chunks of {chunk}");
            assert_eq!(pieces.issues, whole.issues, "{name} in chunks of {chunk}");
        }
    }
}

#[test]
fn cut_at_every_byte() {
    for (name, bytes) in small_files() {
        let (whole, _) = read(name, &bytes);
        let mut least = 0;
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            let (read, ending) = read_in_chunks(name, cut, 64);
            check_sound(cut, &read, &ending);
            assert!(read.frames.len() >= least, "{name} cut at {length} has fewer frames than cut before");
            assert_eq!(read.frames[..], whole.frames[..read.frames.len()], "{name} cut at {length}");
            least = read.frames.len();
        }
    }
}

#[test]
fn damage_is_survived() {
    let mut dice = Dice::of("damage", 1);
    for (name, bytes) in small_files() {
        for _ in 0..4_000 {
            let mut damaged = bytes.clone();
            (0..=dice.below(4)).for_each(|_| dice.damage(&mut damaged, &[]));
            let (read, ending) = read_in_chunks(name, &damaged, 1 + dice.below(300));
            check_sound(&damaged, &read, &ending);
        }
    }
}

#[test]
fn reading_goes_on_behind_damage() {
    let broken_length = {
        let mut bytes = [pcap(Little, USEC, 1), three_records(Little, &[]), three_records(Little, &[])].concat();
        bytes[24 + 76 + 17 + 8..][..4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes()); // the third record
        bytes
    };
    let (seen, ending) = read("pcap", &broken_length);
    assert_eq!(seen.frames.iter().map(|f| f.bytes.len()).collect::<Vec<_>>(), [60, 1, 60, 1, 1500]);
    assert_eq!(issues(&seen), ["pcap record @117: a length of 2147483647 bytes, where 262144 is the most"]);
    assert_eq!(seen.issues[0].skipped, Some(1516));
    assert_eq!(ending, Ending::Partial);

    let zeros = [pcap(Little, USEC, 1), three_records(Little, &[]), vec![0; 5000]].concat();
    let (seen, _) = read("pcap", &zeros);
    assert_eq!(seen.frames.len(), 3);
    assert_eq!(issues(&seen), ["pcap record @1633: a record header of zeros; no further record found"]);

    let mut packets: Vec<u8> = Vec::new();
    for second in 0..5 {
        packets.extend(enhanced(Little, 0, second, &packet(40), 40, &[]));
    }
    let mut trailer = [section(Little, &[]), interface(Little, 1, 0, &[]), packets].concat();
    trailer[28 + 20 + 72 + 4] ^= 0x40; // the length in front of the second packet
    let (seen, _) = read("pcapng", &trailer);
    assert_eq!(seen.frames.len(), 4);
    assert_eq!(issues(&seen).len(), 1);

    let mut short = snoop(4, &[(&packet(40), 40), (&packet(40), 40), (&packet(44), 44)]);
    short[16 + 64 + 4..][..4].copy_from_slice(&u32::MAX.to_be_bytes());
    let (seen, _) = read("snoop", &short);
    assert_eq!(seen.frames.iter().map(|f| f.bytes.len()).collect::<Vec<_>>(), [40, 44]);
    assert_eq!(issues(&seen), ["snoop record @80: a length of 4294967295 bytes, where 262144 is the most"]);
}

#[test]
fn blocks_that_do_not_fit_are_told() {
    let start = || [section(Little, &[]), interface(Little, 1, 0, &option(Little, 9, &[0x7f]))].concat();
    let long = {
        let mut block = enhanced(Little, 0, 0, &packet(40), 40, &[]);
        block[20..24].copy_from_slice(&41_u32.to_le_bytes());
        block[20..24].copy_from_slice(&60_u32.to_le_bytes());
        block
    };
    let cases: &[(Vec<u8>, &str)] = &[
        (enhanced(Little, 3, 0, &packet(4), 4, &[]), "interface 3 is not described in this section"),
        (long, "60 bytes of packet in a block of 72"),
        (block(Little, 5, &[&Little.u32(9)[..], &[0; 8]].concat()), "interface 9 is not described in this section"),
        (block(Little, 4, b"\x01\x00\x04\x00"), "its contents do not fit its length"),
        (block(Little, 10, &[&[0; 4][..], &Little.u32(4000)].concat()), "its contents do not fit its length"),
    ];
    for (block, why) in cases {
        let bytes = [start(), block.clone(), enhanced(Little, 0, 0, &packet(9), 9, &[])].concat();
        let (read, ending) = read("pcapng", &bytes);
        let told: Vec<_> = read.issues.iter().map(|issue| issue.why.as_str()).collect();
        let clock = "a time resolution of 0x7f is finer than 64 bits can count; its frames have no time";
        assert_eq!(told, [clock, why]);
        assert_eq!(read.issues[1].offset, start().len() as u64);
        assert_eq!(read.frames.iter().map(|f: &Seen| (f.bytes.len(), f.ts)).collect::<Vec<_>>(), [(9, None)]);
        assert_eq!(ending, Ending::Partial);
    }
}

#[test]
fn times_beyond_counting_are_told() {
    let bytes = [
        section(Little, &[]),
        interface(Little, 1, 0, &[]),
        enhanced(Little, 0, u64::MAX, &packet(9), 9, &[]),
        enhanced(Little, 0, 1_000_000, &packet(9), 9, &[]),
    ];
    let (read, ending) = read("pcapng", &bytes.concat());
    assert_eq!(times(&read), [None, Some(1_000_000_000)]);
    assert_eq!(issues(&read), ["pcapng packets @48: 1 state a time outside 1677 to 2262, and are given none"]);
    assert_eq!(ending, Ending::Complete);
}

#[test]
fn recognised_by_content_alone() {
    let cases: &[(&str, Vec<u8>)] = &[
        ("pcap", pcap(Big, NSEC, 1)),
        ("pcapng", section(Big, &[])),
        ("snoop", snoop(4, &[])),
        ("json", b" {\"a\": [1, 2]}\n".to_vec()),
        ("json", b"[]".to_vec()),
        ("text", b"{\"a\": [1, 2}".to_vec()),
        ("text", "Küche\r\n".as_bytes().to_vec()),
        ("sqlite", b"SQLite format 3\0...".to_vec()),
        ("other", Vec::new()),
        ("other", vec![0; 4096]),
        ("other", b"\xa1\xb2\xc3\xd4".to_vec()),
        ("other", b"text\x01".to_vec()),
        ("other", b"snoop\0\0\0\0\0\0\x03\0\0\0\x04".to_vec()),
    ];
    for (kind, bytes) in cases {
        let memory = common::Memory::of_bytes("evidence.pcap", bytes);
        let new = &memory.items[0].new;
        assert_eq!(new.kind, *kind, "{}: {:?}", bytes.escape_ascii(), new.refusals);
        assert!(!new.reason.is_empty());
        assert!(new.refusals.iter().all(|refusal| !refusal.why.is_empty()));
        if *kind == "other" {
            assert_eq!(new.refusals.len(), format::ALL.len() + 7, "of all formats and containers");
        }
    }
}

/// Gives a few bytes at a time, as a pipe does, and knows how much was taken.
struct Pipe<'p> {
    bytes: &'p [u8],
    taken: &'p std::cell::Cell<usize>,
}

impl std::io::Read for Pipe<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = into.len().min(50);
        let n = self.bytes.read(&mut into[..n])?;
        self.taken.set(self.taken.get() + n);
        Ok(n)
    }
}

#[test]
fn a_running_capture_is_shown_as_it_comes() {
    struct Watcher<'w> {
        taken: &'w std::cell::Cell<usize>,
        frames: u64,
    }
    impl model::Sink for Watcher<'_> {
        fn interface(&mut self, _interface: &model::Interface) {}
        fn frame(&mut self, frame: &model::Frame) -> Result<(), model::Cancelled> {
            let end = frame.offset as usize + frame.bytes.len();
            assert!(self.taken.get() < end + 50, "a frame waited for later bytes");
            self.frames = frame.number;
            Ok(())
        }
        fn fact(&mut self, _fact: model::Fact) -> Result<(), model::Cancelled> {
            Ok(())
        }
        fn issue(&mut self, issue: model::Issue) {
            panic!("{issue:?}");
        }
    }
    let bytes = [pcap(Little, USEC, 1), three_records(Little, &[])].concat();
    let taken = std::cell::Cell::new(0);
    let mut pipe = Pipe { bytes: &bytes, taken: &taken };
    let mut source = Source::live(&mut pipe, &());
    let mut watcher = Watcher { taken: &taken, frames: 0 };
    let format = format::ALL.iter().find(|format| format.name() == "pcap").unwrap();
    assert_eq!(format.read(&mut source, &mut watcher), Ok(Ending::Complete));
    assert_eq!(watcher.frames, 3);
    assert_eq!(source.finish().unwrap().hashes.size, bytes.len() as u64);
}
