//! Captures for TShark, and what was found when it was asked.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn has_tshark() -> bool {
    let there = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: TShark is not here");
    }
    there
}

/// The frames of a classic capture in this machine's byte order, as TShark writes it, with their link type.
pub fn frames(file: &Path) -> (u16, Vec<Vec<u8>>) {
    let raw = fs::read(file).unwrap();
    let word = |at: usize| u32::from_ne_bytes(raw[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut frames) = (24, Vec::new());
    while at < raw.len() {
        let length = word(at + 8);
        frames.push(raw[at + 16..at + 16 + length].to_vec());
        at += 16 + length;
    }
    (word(20) as u16, frames)
}

/// A classic capture of these frames.
pub fn written<'a>(name: &str, link_type: u16, frames: impl Iterator<Item = &'a Vec<u8>>) -> PathBuf {
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0];
    capture.extend(u32::from(link_type).to_le_bytes());
    for bytes in frames {
        let length = (bytes.len() as u32).to_le_bytes();
        capture.extend([[0; 4], [0; 4], length, length].concat());
        capture.extend(bytes);
    }
    let file = std::env::temp_dir().join(format!("lintel-{name}-{}-{link_type}.pcap", std::process::id()));
    fs::write(&file, capture).unwrap();
    file
}

pub fn tell(differences: &[String]) {
    let first: Vec<&str> = differences.iter().take(40).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), first.join("\n"));
}
