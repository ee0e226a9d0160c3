//! Containers: what comes out of them, and what does not.

mod common;

use std::io::{Cursor, Read, Write};
use std::path::Path;

use common::build::*;
use common::mutate::Dice;
use common::{Memory, samples};
use evidence::{Limits, Options};
use flate2::Compression;
use zip::write::SimpleFileOptions;

fn capture() -> Vec<u8> {
    [pcap(Little, 0xa1b2_c3d4, 1), three_records(Little, &[])].concat()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn gz_named(name: &str, bytes: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().filename(name).mtime(1_700_000_000);
    let mut out = builder.write(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        raw_name(&mut header, name.as_bytes());
        out.append(&header, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

/// The `tar` crate refuses to write the names that we must refuse to read.
fn raw_name(header: &mut tar::Header, name: &[u8]) {
    let field = &mut header.as_gnu_mut().unwrap().name;
    field.fill(0);
    field[..name.len()].copy_from_slice(name);
    header.set_cksum();
}

fn tar_entry(kind: tar::EntryType, name: &str, link: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_link_name_literal(link).unwrap();
    raw_name(&mut header, name.as_bytes());
    header.as_bytes().to_vec()
}

fn sevenz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in members {
        out.push_archive_entry(sevenz_rust2::ArchiveEntry::new_file(name), Some(*bytes)).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn check(name: &str, bytes: &[u8], tree: &str) -> Memory {
    let memory = Memory::of_bytes(name, bytes);
    assert_eq!(memory.tree().trim(), tree.trim());
    memory
}

#[test]
fn every_container_gives_its_members() {
    let capture = capture();
    let members: &[(&str, &[u8])] = &[("router/eth0.pcap", &capture), ("notes.txt", b"seen"), ("empty", b"")];
    for (name, bytes) in [("a.zip", zip(members)), ("a.tar", tar(members)), ("a.7z", sevenz(members))] {
        let memory = Memory::of_bytes(name, &bytes);
        let kind = memory.items[0].new.kind;
        let tree = memory.tree();
        let expected = format!(
            "{name} [{kind}] complete\n  eth0.pcap [pcap] complete 3 frames\n  notes.txt [text] complete\n  empty [other] complete\n"
        );
        assert_eq!(tree, expected);
        for (item, (name, bytes)) in memory.items[1..].iter().zip(members) {
            let hashes = item.outcome.as_ref().unwrap().hashes.unwrap();
            assert_eq!(hashes.blake3, *blake3::hash(bytes).as_bytes());
            assert_eq!(hashes.size, bytes.len() as u64);
            assert_eq!(item.new.size, Some(bytes.len() as u64));
            assert!(item.new.path.ends_with(&format!("!/{name}")), "{}", item.new.path);
        }
    }
}

#[test]
fn compressed_files_name_their_member() {
    let capture = capture();
    let cases: &[(&str, Vec<u8>, &str, &str)] = &[
        ("eth0.pcap.gz", gz(&capture), "gzip", "eth0.pcap"),
        ("ETH0.PCAP.GZ", gz_named("other", &capture), "gzip", "ETH0.PCAP"),
        ("backup.tgz", gz(&capture), "gzip", "backup.tar"),
        ("upload", gz_named("eth0.pcap", &capture), "gzip", "eth0.pcap"),
        ("upload", gz_named("../eth0.pcap", &capture), "gzip", "upload"),
        ("upload", gz(&capture), "gzip", "upload"),
        (".gz", gz(&capture), "gzip", ".gz"),
        ("100%41.gz", gz(&capture), "gzip", "100%2541"),
        ("eth0.pcap.zst", zst(&capture), "zstd", "eth0.pcap"),
        ("eth0.pcap.xz", xz(&capture), "xz", "eth0.pcap"),
        ("eth0.pcap.bz2", bz2(&capture), "bzip2", "eth0.pcap"),
    ];
    for (file, bytes, kind, member) in cases {
        let shown = file.replace("%41", "%2541");
        check(file, bytes, &format!("{shown} [{kind}] complete\n  {member} [pcap] complete 3 frames"));
    }
    let memory = Memory::of_bytes("upload", &gz_named("x", b"x"));
    assert_eq!(memory.items[1].new.times.modified.unwrap().to_string(), "2023-11-14T22:13:20.000000000Z");
}

#[test]
fn concatenated_streams_are_one() {
    let capture = capture();
    let (front, back) = capture.split_at(700);
    let whole = "x.gz [gzip] complete\n  x [pcap] complete 3 frames";
    check("x.gz", &[gz(front), gz(back)].concat(), whole);
    check("x.gz", &[gz(front), gz(back), vec![0; 1000]].concat(), whole);
    let rest = "x.gz [gzip] partial\n  ! gzip @0: after the last gzip stream comes something else: 74726173; left out\n  x [pcap] complete 3 frames";
    check("x.gz", &[gz(&capture), b"trash".to_vec()].concat(), rest);
    let skippable = [&0x184d_2a53_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
    let whole = "x.zst [zstd] complete\n  x [pcap] complete 3 frames";
    check("x.zst", &[zst(front), skippable, zst(back)].concat(), whole);
    check("x.xz", &[xz(front), xz(back)].concat(), "x.xz [xz] complete\n  x [pcap] complete 3 frames");
    check("x.bz2", &[bz2(front), bz2(back)].concat(), "x.bz2 [bzip2] complete\n  x [pcap] complete 3 frames");
}

#[test]
fn containers_in_each_other() {
    let inner = zip(&[("eth0.pcap.gz", &gz(&capture()))]);
    let outer = gz(&tar(&[("deep/inner.zip", &inner), ("z.7z", &sevenz(&[("t.txt", b"t")]))]));
    let memory = check(
        "all.tgz",
        &outer,
        "
all.tgz [gzip] complete
  all.tar [tar] complete
    inner.zip [zip] complete
      eth0.pcap.gz [gzip] complete
        eth0.pcap [pcap] complete 3 frames
    z.7z [7z] complete
      t.txt [text] complete",
    );
    assert!(memory.items[4].new.path.ends_with("all.tgz!/all.tar!/deep/inner.zip!/eth0.pcap.gz!/eth0.pcap"));
}

#[test]
fn too_deep_is_not_opened() {
    let mut bytes = b"core".to_vec();
    for _ in 0..10 {
        bytes = gz(&bytes);
    }
    let memory = Memory::of_bytes("x.gz", &bytes);
    let kinds: Vec<_> = memory.items.iter().map(|item| item.new.kind).collect();
    assert_eq!(kinds, ["gzip", "gzip", "gzip", "gzip", "gzip", "gzip", "gzip", "gzip", "other"]);
    assert_eq!(memory.items[8].new.refusals[0].why, "containers in each other are opened to a depth of 8");
}

#[test]
fn names_that_lead_elsewhere_are_left_out() {
    let members: &[(&str, &[u8])] = &[
        ("../up.txt", b"a"),
        ("/abs.txt", b"b"),
        ("a/../../b", b"c"),
        ("NUL", b"d"),
        ("c:\\x", b"e"),
        ("fine.txt", b"f"),
    ];
    for (name, bytes) in [("x.tar", tar(members)), ("x.7z", sevenz(members))] {
        let kind = name.trim_start_matches("x.");
        let memory = Memory::of_bytes(name, &bytes);
        assert_eq!(memory.items.len(), 2, "{}", memory.tree());
        let told: Vec<_> =
            memory.items[0].read.issues.iter().map(|issue| format!("{}: {}", issue.what, issue.why)).collect();
        assert_eq!(
            told,
            [
                format!("{kind} member '../up.txt': the name leaves the archive by '..'; left out"),
                format!("{kind} member '/abs.txt': the name is an absolute path; left out"),
                format!("{kind} member 'a/../../b': the name leaves the archive by '..'; left out"),
                format!("{kind} member 'NUL': 'NUL' is a device on Windows; left out"),
                format!("{kind} member 'c:\\x': the name is an absolute path; left out"),
            ]
        );
    }
    // The `zip` crate cleans some names when it writes them; put the bad ones in afterwards.
    let mut bytes = zip(&[("aa/up.txt", b"a"), ("fine.txt", b"f")]);
    while let Some(at) = bytes.windows(9).position(|window| window == b"aa/up.txt") {
        bytes[at..at + 2].copy_from_slice(b"..");
    }
    check(
        "x.zip",
        &bytes,
        "x.zip [zip] partial\n  ! zip member '../up.txt' @0: the name leaves the archive by '..'; left out\n  fine.txt [text] complete",
    );
}

#[test]
fn what_is_no_file_is_left_out() {
    use tar::EntryType;
    let bytes = [
        tar_entry(EntryType::Symlink, "link", "/etc/passwd"),
        tar_entry(EntryType::Link, "hard", "other"),
        tar_entry(EntryType::Char, "tty", ""),
        tar_entry(EntryType::Fifo, "pipe", ""),
        tar_entry(EntryType::Directory, "folder/", ""),
        tar(&[("fine.txt", b"f")]),
    ];
    check(
        "x.tar",
        &bytes.concat(),
        "
x.tar [tar] partial
  ! tar member 'link' @0: a symbolic link to '/etc/passwd'; left out
  ! tar member 'hard' @512: a hard link to 'other'; left out
  ! tar member 'tty' @1024: a device; left out
  ! tar member 'pipe' @1536: a named pipe; left out
  fine.txt [text] complete",
    );
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    out.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    out.add_directory("folder", SimpleFileOptions::default()).unwrap();
    let bytes = out.finish().unwrap().into_inner();
    check("x.zip", &bytes, "x.zip [zip] partial\n  ! zip member 'link' @0: a symbolic link; left out");
}

#[test]
fn encrypted_and_unknown_methods_are_left_out() {
    let mut bytes = zip(&[("secret.txt", b"hidden"), ("fine.txt", b"f")]);
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = bytes.windows(4).position(|window| window == signature).unwrap();
        bytes[at + flags] |= 1;
    }
    check(
        "x.zip",
        &bytes,
        "x.zip [zip] partial\n  ! zip member 'secret.txt' @0: encrypted; left out\n  fine.txt [text] complete",
    );
    let mut bytes = zip(&[("odd.txt", b"odd"), ("fine.txt", b"f")]);
    for (signature, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at = bytes.windows(4).position(|window| window == signature).unwrap();
        bytes[at + method] = 97;
    }
    let memory = Memory::of_bytes("x.zip", &bytes);
    let told = &memory.items[0].read.issues[0];
    assert_eq!(told.why, "packed by method 97 (Unknown), which is not supported; left out");
    assert_eq!(memory.items.len(), 2, "{}", memory.tree());
}

#[test]
fn names_that_come_twice_are_read_twice() {
    let memory = check(
        "x.tar",
        &tar(&[("a", b"one"), ("a", b"two"), ("a#2", b"three")]),
        "
x.tar [tar] partial
  ! tar member 'a' @1024: number 2 of this name, read as 'a#2'
  a [text] complete
  a#2 [text] complete
  a%232 [text] complete",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    std::fs::write(&path, tar(&[("a", b"one"), ("a", b"two"), ("a#2", b"three")])).unwrap();
    for (item, content) in memory.items[1..].iter().zip(["one", "two", "three"]) {
        let (_, members) = evidence::name::split(&item.new.path);
        let bytes = evidence::read_at(&path, &members, &Options::default(), &(), 0, 100).unwrap();
        assert_eq!(bytes, content.as_bytes());
    }
}

#[test]
fn bombs_are_stopped() {
    let zeros = 200 << 20;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut std::io::repeat(0).take(zeros), &mut out).unwrap();
    let bomb = out.finish().unwrap();
    let memory = Memory::of_bytes("x.gz", &bomb);
    let member = &memory.items[1];
    assert!(member.outcome.as_ref().unwrap().hashes.unwrap().size < zeros, "{}", memory.tree());
    assert_eq!(member.read.issues.len(), 1);
    assert!(member.read.issues[0].why.contains("a decompression bomb"), "{}", memory.tree());

    let memory = Memory::of_bytes("x.zip", &{
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        out.start_file("bomb", SimpleFileOptions::default()).unwrap();
        std::io::copy(&mut std::io::repeat(0).take(zeros), &mut out).unwrap();
        out.start_file("after.txt", SimpleFileOptions::default()).unwrap();
        out.write_all(b"still here").unwrap();
        out.finish().unwrap().into_inner()
    });
    assert!(memory.items[1].read.issues[0].why.contains("a decompression bomb"), "{}", memory.tree());
}

#[test]
fn limits_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    std::fs::write(&path, tar(&[("a", &[b'a'; 3000]), ("b", b"b"), ("c", b"c")])).unwrap();
    let with = |limits: Limits| Memory::with(&path, &Options { limits, ..Options::default() }).tree();
    assert_eq!(
        with(Limits { members: 2, ..Limits::default() }),
        "x.tar [tar] partial\n  ! tar @4608: more than 2 members; the rest is left out\n  a [text] complete\n  b [text] complete\n"
    );
    let why = "bytes @0: reading ended early: unpacks to more than 1000 bytes, which is the limit";
    assert_eq!(
        with(Limits { member_bytes: 1000, ..Limits::default() }),
        format!("x.tar [tar] complete\n  a [other] partial\n    ! {why}\n  b [text] complete\n  c [text] complete\n")
    );
    let path = folder.path().join("x.gz");
    std::fs::write(&path, gz(&zip(&[("a", &[b'a'; 3000])]))).unwrap();
    let options = Options { limits: Limits { spool_bytes: 10, ..Limits::default() }, ..Options::default() };
    assert_eq!(
        Memory::with(&path, &options).tree(),
        "x.gz [gzip] complete\n  x [zip] failed: laying it into a temporary file: longer than 10 bytes, which is the limit\n"
    );
}

#[test]
fn huge_tar_headers_are_not_held() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(64 << 20);
    raw_name(&mut header, b"././@LongLink");
    let bytes = [header.as_bytes().to_vec(), vec![b'a'; 64 << 20], tar(&[("x", b"x")])].concat();
    let memory = Memory::of_bytes("x.tar", &bytes);
    assert_eq!(memory.items.len(), 1);
    assert!(memory.items[0].read.issues[0].why.contains("headers longer than 4 MiB"), "{}", memory.tree());
}

#[test]
fn cut_and_damaged_containers_are_survived() {
    let capture = capture();
    let members: &[(&str, &[u8])] = &[("eth0.pcap", &capture), ("notes.txt", b"seen"), ("in.gz", &gz(b"more"))];
    let files = [
        ("x.gz", gz(&capture)),
        ("x.zst", zst(&capture)),
        ("x.xz", xz(&capture)),
        ("x.bz2", bz2(&capture)),
        ("x.tar", tar(members)),
        ("x.zip", zip(members)),
        ("x.7z", sevenz(members)),
    ];
    let mut dice = Dice::of("containers", 1);
    for (name, bytes) in &files {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let survive = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let memory = Memory::of(&path);
            let hashes = memory.items[0].outcome.as_ref().unwrap().hashes.unwrap();
            assert_eq!(hashes.blake3, *blake3::hash(bytes).as_bytes());
        };
        for length in (0..bytes.len()).step_by(7) {
            survive(&bytes[..length]);
        }
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            (0..=dice.below(4)).for_each(|_| dice.damage(&mut damaged, &[]));
            survive(&damaged);
        }
    }
}

#[test]
fn a_zip_without_its_end_is_read_from_the_beginning() {
    let bytes = zip(&[("eth0.pcap", &capture()), ("notes.txt", b"seen")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let memory = Memory::of_bytes("x.zip", &bytes[..directory]);
    let names: Vec<_> = memory.items.iter().map(|item| (item.new.name.as_str(), item.read.frames.len())).collect();
    assert_eq!(names, [("x.zip", 0), ("eth0.pcap", 3), ("notes.txt", 0)]);
    let why = &memory.items[0].read.issues[0].why;
    assert!(why.ends_with("members are looked for from the beginning"), "{why}");
}

#[test]
fn cut_gzip_gives_what_was_before_the_cut() {
    let Some(samples) = samples() else { return };
    let bytes = gz(&std::fs::read(samples.join("http-linux-sll.pcap")).unwrap());
    let memory = Memory::of_bytes("x.pcap.gz", &bytes[..bytes.len() / 2]);
    let member = &memory.items[1];
    assert!(member.read.frames.len() > 100);
    let told: Vec<_> = member.read.issues.iter().map(|issue| issue.what.as_str()).collect();
    assert_eq!(told, ["pcap record", "bytes"], "{}", memory.tree());
}

#[test]
fn detect_lists_members_and_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.tgz");
    let inner = zip(&[("eth0.pcap", &capture())]);
    std::fs::write(&path, gz(&tar(&[("inner.zip", &inner), ("notes.txt", b"seen")]))).unwrap();
    let mut memory = Memory::default();
    evidence::detect(Path::new(&path), &mut memory, &Options::default(), &()).unwrap();
    assert_eq!(
        memory.tree(),
        "all.tgz [gzip] complete\n  all.tar [tar] complete\n    inner.zip [zip] complete\n      eth0.pcap [pcap] complete\n    notes.txt [text] complete\n"
    );
    assert!(memory.items.iter().all(|item| item.outcome.as_ref().unwrap().hashes.is_none()));
}
