//! Small good files to begin with, and damaged ones of `samples/`.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::build::*;

/// As evidence rows name them.
pub const CONTAINERS: &[&str] = &["gzip", "zstd", "xz", "bzip2", "zip", "7z", "tar"];

/// Those of a format or a container.
pub fn of(name: &str) -> Vec<Vec<u8>> {
    match name {
        "pcap" => {
            let mut files = vec![
                [pcap(Little, 0xa1b2_c3d4, 1), records(Little, &[])].concat(),
                [pcap(Big, 0xa1b2_3c4d, 127), records(Big, &[])].concat(),
                [pcap(Big, 0xa1b2_cd34, 1), records(Big, &[0; 8])].concat(),
            ];
            files.extend(broken(".pcap"));
            files
        }
        "pcapng" => [vec![everything()], broken(".pcapng")].concat(),
        "snoop" => vec![snoop(4, &[(&packet(61), 61), (&packet(4), 900), (&packet(90), 90)])],
        "sqlite" => {
            let head = [&b"SQLite format 3\0"[..], &[0x10, 0, 1, 1, 0, 0x40, 0x20, 0x20], &[0; 76]].concat();
            vec![[&head[..], &[13, 0, 0, 0, 1, 15, 224, 0]].concat()]
        }
        "json" => [r#"{"a": [1, -2.5e3, "x\u00e9", null, true, {"b": {}}]}"#, "[[[[1], []]]]", " \n{\"k\":\"v\"}"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        "cloudtrax" => presence(&["cloudtrax.jsonl", "received.jsonl"]),
        "meraki" => presence(&["meraki.json"]),
        "kismetdb" => presence(&["home.kismet"]),
        "keylog" => vec![
            format!("# keys\nCLIENT_RANDOM {} {}\n", "5a".repeat(32), "0f".repeat(48)).into_bytes(),
            format!("SERVER_TRAFFIC_SECRET_0 {0} {0}\r\nCLIENT_TRAFFIC_SECRET_0 {0} {0}\r\n", "c3".repeat(32))
                .into_bytes(),
        ],
        "text" => ["plain words\n", "\u{feff}with a mark\r\n", "sm\u{f8}rrebr\u{f8}d \u{1f980}\n"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        "onhub" => reports(),
        container => packed(container),
    }
}

fn records(order: Order, extra: &[u8]) -> Vec<u8> {
    let lengths = [(1, 60), (2, 1), (3, 150)];
    lengths.iter().flat_map(|&(second, n)| record(order, second, 5, extra, &packet(n), n as u32)).collect()
}

fn samples() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("samples"));
    folders.find(|folder| folder.join("broken").is_dir()).unwrap()
}

/// Files of `samples/presence`, and the first lines of them.
fn presence(names: &[&str]) -> Vec<Vec<u8>> {
    let whole = names.iter().map(|name| std::fs::read(samples().join("presence").join(name)).unwrap());
    let line = |bytes: &Vec<u8>| bytes.split_inclusive(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
    let whole: Vec<Vec<u8>> = whole.collect();
    whole.iter().filter_map(line).chain(whole.iter().cloned()).collect()
}

/// Files of `samples/broken` with this ending.
fn broken(ending: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(samples().join("broken")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| !bytes.is_empty()).collect()
}

/// A whole report, and small ones of one or two of its fields each (Protocol Buffers: number and type, length, value).
fn reports() -> Vec<Vec<u8>> {
    let whole = std::fs::read(samples().join("hollis-street/onhub.report")).unwrap();
    let (mut small, mut at) = (Vec::new(), 0);
    while at < whole.len() {
        let begin = at;
        let mut varint = || {
            let length = whole[at..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
            let value = whole[at..at + length].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
            at += length;
            value
        };
        let tag = varint();
        at += match tag & 7 {
            0 => {
                varint();
                0
            }
            2 => varint(),
            5 => 4,
            _ => 8,
        };
        if at - begin <= 3_000 {
            small.push(whole[begin..at].to_vec());
        }
    }
    let beside: Vec<Vec<u8>> = small.windows(2).map(<[_]>::concat).collect();
    small.extend(beside);
    small.push(whole);
    small
}

/// Containers of small members, and of one another.
fn packed(container: &str) -> Vec<Vec<u8>> {
    let capture = [pcap(Little, 0xa1b2_c3d4, 1), records(Little, &[])].concat();
    let text = b"seen in the hall, seen in the hall, seen in the kitchen\n".repeat(20);
    let one: &[&[u8]] = &[&capture, &text, b""];
    let members: &[(&str, &[u8])] = &[("router/eth0.pcap", &capture), ("notes.txt", &text), ("empty", b"")];
    let nested: &[(&str, &[u8])] = &[("in.gz", &gz(&capture)), ("in.zip", &zip(members, CompressionMethod::Deflated))];
    match container {
        "gzip" => {
            [one.iter().map(|bytes| gz(bytes)).collect(), vec![gz(&tar(members)), gz(&gz(&gz(&gz(&gz(b"core")))))]]
                .concat()
        }
        "zstd" => one.iter().map(|bytes| zst(bytes)).collect(),
        "xz" => one.iter().map(|bytes| xz(bytes)).collect(),
        "bzip2" => one.iter().map(|bytes| bz2(bytes)).collect(),
        "zip" => {
            let methods = [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Bzip2];
            let mut files: Vec<_> = methods.iter().map(|method| zip(members, *method)).collect();
            files.push(zip(nested, CompressionMethod::Stored));
            files.extend(broken(".zip"));
            files
        }
        "7z" => vec![sevenz(members), sevenz(nested)],
        "tar" => vec![tar(members), tar(nested)],
        _ => Vec::new(),
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::GzBuilder::new().filename("eth0").write(Vec::new(), Compression::fast());
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

fn zip(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

fn sevenz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in members {
        out.push_archive_entry(sevenz_rust2::ArchiveEntry::new_file(name), Some(*bytes)).unwrap();
    }
    out.finish().unwrap().into_inner()
}
