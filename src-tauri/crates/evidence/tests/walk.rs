//! Folders, links, what is left as it was, and the way back to the bytes.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use common::build::*;
use common::mutate::Dice;
use common::{Memory, Read};
use evidence::{Options, Watch, hash_item, name, read_at, read_many};
use model::{Cancelled, hex};

fn capture() -> Vec<u8> {
    [pcap(Little, 0xa1b2_c3d4, 1), three_records(Little, &[])].concat()
}

#[test]
fn folders_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for path in ["b/2.txt", "b/10.txt", "a/z.txt", "c.txt", "kept.lintel/case.db", "b/.hidden"] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), path).unwrap();
    }
    let memory = Memory::of(root);
    let names: Vec<_> = memory.items.iter().map(|item| item.new.name.as_str()).collect();
    assert_eq!(names, ["z.txt", ".hidden", "10.txt", "2.txt", "c.txt"]);
    assert_eq!(memory.items[0].new.path, name::escape_path(&root.join("a/z.txt")));
    let skipped: Vec<_> = memory.skipped.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(skipped, ["a case folder"]);
    assert_eq!(evidence::measure(root), (5, 7 + 9 + 8 + 7 + 5));
    assert_eq!(Memory::of(&root.join("none")).skipped.len(), 1);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("real.txt"), "real").unwrap();
    std::os::unix::fs::symlink("real.txt", root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(".", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("broken")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    assert_eq!(
        Memory::of(root).tree(),
        "real.txt [text] complete
- broken: a symbolic link to 'nowhere', which is not followed
- link.txt: a symbolic link to 'real.txt', which is not followed
- loop: a symbolic link to '.', which is not followed
- socket: a device, pipe or socket
"
    );
    // What the analyst names is meant.
    assert_eq!(Memory::of(&root.join("link.txt")).tree(), "link.txt [text] complete\n");
}

#[cfg(unix)]
#[test]
fn evidence_stays_as_it_was() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eth0.pcap");
    fs::write(&path, capture()).unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_times(fs::FileTimes::new().set_accessed(long_ago).set_modified(long_ago)).unwrap();
    drop(file);
    let state = || {
        let metadata = fs::metadata(&path).unwrap();
        (
            metadata.mtime_nsec(),
            metadata.mtime(),
            metadata.ctime(),
            metadata.ctime_nsec(),
            metadata.mode(),
            metadata.len(),
        )
    };
    let before = state();
    let accessed = fs::metadata(&path).unwrap().atime();
    let memory = Memory::of(&path);
    assert_eq!(read_at(&path, &[], &Options::default(), &(), 24, 4).unwrap(), 1_700_000_000_u32.to_le_bytes());
    assert_eq!(state(), before);
    if cfg!(target_os = "linux") {
        assert_eq!(fs::metadata(&path).unwrap().atime(), accessed);
    }
    assert_eq!(memory.items[0].new.times.accessed.unwrap().to_string(), "2001-09-09T01:46:40.000000000Z");
    assert_eq!(fs::read(&path).unwrap(), capture());
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_lead_back() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9!"));
    fs::create_dir(&path).unwrap();
    fs::write(path.join("a%41.txt"), "x").unwrap();
    let memory = Memory::of(folder.path());
    let new = &memory.items[0].new;
    assert!(new.path.ends_with("caf%E9%21/a%2541.txt"), "{}", new.path);
    let (file, members) = name::split(&new.path);
    assert_eq!(members, Vec::<String>::new());
    assert_eq!(fs::read(file).unwrap(), b"x");
}

#[test]
fn pieces_of_members_lead_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.zip");
    let capture = capture();
    {
        use std::io::Write;
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&capture).unwrap();
        let mut out = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        out.start_file("router/eth0.pcap.gz", zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&gz.finish().unwrap()).unwrap();
        out.finish().unwrap();
    }
    let memory = Memory::of(&path);
    let item = memory.items.last().unwrap();
    let (file, members) = name::split(&item.new.path);
    assert_eq!((file.as_path(), members.len()), (path.as_path(), 2));
    let options = Options::default();
    // Latest first, one beyond the end, two that overlap.
    let pieces: Vec<_> = item.read.frames.iter().rev().map(|frame| (frame.offset, frame.bytes.len() as u64)).collect();
    let pieces = [&pieces[..], &[(1 << 40, 5), (10, 20), (12, 4)]].concat();
    let expected: Vec<_> = pieces
        .iter()
        .map(|&(offset, length)| {
            capture.iter().skip(offset as usize).take(length as usize).copied().collect::<Vec<u8>>()
        })
        .collect();
    assert_eq!(read_many(&file, &members, &options, &(), &pieces).unwrap(), expected);
    let plain = folder.path().join("eth0.pcap");
    fs::write(&plain, &capture).unwrap();
    assert_eq!(read_many(&plain, &[], &options, &(), &pieces).unwrap(), expected);
    let hashes = hash_item(&file, &members, &options, &()).unwrap();
    assert_eq!(Some(hashes), item.outcome.as_ref().unwrap().hashes);
    assert_eq!(hash_item(&file, &[], &options, &()).unwrap().size, fs::metadata(&path).unwrap().len());
    let gone = read_at(&file, &["router/other".to_owned()], &options, &(), 0, 1).unwrap_err();
    assert_eq!(gone.to_string(), "no 'router/other' in 'all.zip'");
    let gone = read_at(&plain, &["x".to_owned()], &options, &(), 0, 1).unwrap_err();
    assert_eq!(gone.to_string(), "'eth0.pcap' is no container any more");
}

/// Ends the work after some chunks.
struct Patience(AtomicU64);

impl Watch for Patience {
    fn advance(&self, _bytes: u64) -> Result<(), Cancelled> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map_or(Err(Cancelled), |_| Ok(()))
    }
}

#[test]
fn a_cancelled_walk_ends_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut tar = tar::Builder::new(Vec::new());
    for n in 0..20 {
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        tar.append_data(&mut header, format!("{n}.txt"), &b"abc"[..]).unwrap();
    }
    fs::write(root.join("a.tar"), tar.into_inner().unwrap()).unwrap();
    fs::write(root.join("b.pcap"), capture()).unwrap();
    let mut whole = None;
    for patience in 0.. {
        let mut memory = Memory::default();
        let walked = evidence::read_path(root, &mut memory, &Options::default(), &Patience(AtomicU64::new(patience)));
        if walked.is_ok() {
            whole = Some(memory);
            break;
        }
        assert_eq!(walked, Err(Cancelled));
        assert!(patience < 1000);
    }
    assert_eq!(whole.unwrap().items.len(), 22);
}

#[test]
fn long_files_are_hashed_by_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    for length in [evidence::CHUNK - 1, evidence::CHUNK, evidence::CHUNK + 1, 5 * evidence::CHUNK + 77] {
        let bytes = packet(length);
        fs::write(&path, &bytes).unwrap();
        let memory = Memory::of(&path);
        let hashes = memory.items[0].outcome.as_ref().unwrap().hashes.unwrap();
        assert_eq!(hashes.size, length as u64);
        assert_eq!(hashes.blake3, *blake3::hash(&bytes).as_bytes());
        use sha2::Digest;
        assert_eq!(hex(&hashes.sha256), hex(&sha2::Sha256::digest(&bytes)));
    }
}

#[test]
fn frames_that_straddle_chunks_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.pcap");
    let mut bytes = pcap(Little, 0xa1b2_c3d4, 1);
    let mut sizes = Vec::new();
    let mut dice = Dice::of("frames", 1);
    while bytes.len() < 3 * evidence::CHUNK {
        sizes.push(1 + dice.below(200_000));
        bytes.extend(record(Little, sizes.len() as u32, 0, &[], &packet(sizes[sizes.len() - 1]), 200_000));
    }
    fs::write(&path, &bytes).unwrap();
    let memory = Memory::of(&path);
    let read: &Read = &memory.items[0].read;
    assert_eq!(read.frames.iter().map(|frame| frame.bytes.len()).collect::<Vec<_>>(), sizes);
    for frame in &read.frames {
        assert_eq!(frame.bytes, bytes[frame.offset as usize..][..frame.bytes.len()]);
    }
}

#[test]
fn unreadable_files_do_not_end_the_walk() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "a").unwrap();
    let mut memory = Memory::default();
    evidence::read_path(Path::new("/nonexistent/x"), &mut memory, &Options::default(), &()).unwrap();
    evidence::read_path(folder.path(), &mut memory, &Options::default(), &()).unwrap();
    assert_eq!((memory.items.len(), memory.skipped.len()), (1, 1));
}
