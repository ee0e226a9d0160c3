//! One frame: mark, number, command, length, payload, a sum, and a mark again.

use std::ops::Range;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit};

use super::LONGEST;
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::payload::{self, printable};
use crate::protocols::{aes, json};

/// What frames begin with: up to version 3.4, and 3.5.
pub const MARKS: [[u8; 4]; 2] = [[0, 0, 0x55, 0xaa], [0, 0, 0x66, 0x99]];

/// MD5 of `yGAdlopoPVldABfn`: what devices encrypt their announcements with, the same for all.
const EVERYONES_KEY: [u8; 16] =
    [0x6c, 0x1e, 0xc8, 0xe2, 0xbb, 0x9b, 0xb5, 0x9a, 0xb5, 0x0b, 0x0d, 0xaf, 0x64, 0x9b, 0x41, 0x0a];

const NAMES: [(u32, &str); 23] = [
    (0x00, "UDP"),
    (0x01, "AP_CONFIG"),
    (0x02, "ACTIVE"),
    (0x03, "SESS_KEY_NEG_START"),
    (0x04, "SESS_KEY_NEG_RESP"),
    (0x05, "SESS_KEY_NEG_FINISH"),
    (0x06, "UNBIND"),
    (0x07, "CONTROL"),
    (0x08, "STATUS"),
    (0x09, "HEART_BEAT"),
    (0x0a, "DP_QUERY"),
    (0x0b, "QUERY_WIFI"),
    (0x0c, "TOKEN_BIND"),
    (0x0d, "CONTROL_NEW"),
    (0x0e, "ENABLE_WIFI"),
    (0x0f, "WIFI_INFO"),
    (0x10, "DP_QUERY_NEW"),
    (0x11, "SCENE_EXECUTE"),
    (0x12, "UPDATE_DPS"),
    (0x13, "UDP_NEW"),
    (0x14, "AP_CONFIG_NEW"),
    (0x25, "REQ_DEVINFO"),
    (0x40, "LAN_EXT_STREAM"),
];

pub fn name(command: u32) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == command).map_or("unknown", |(_, name)| name)
}

#[derive(Default)]
pub enum Body {
    #[default]
    Empty,
    Clear(Vec<u8>),
    /// So many bytes that need the device's own key.
    Sealed(usize),
}

/// What a frame holds, as far as it could be read.
#[derive(Default)]
pub struct Frame {
    pub seq: u32,
    pub command: Option<u32>,
    pub return_code: Option<u32>,
    pub version: Option<String>,
    pub body: Body,
    pub integrity: Option<&'static str>,
    pub cut: bool,
}

/// How long the frame that begins here is; `None` if too little of it is there, or it cannot be one.
pub fn total(bytes: &[u8]) -> Option<usize> {
    let new = bytes.starts_with(&MARKS[1]);
    let (front, least, behind) = if new { (18, 28, 4) } else { (16, 8, 0) };
    let len = usize::try_from(crate::bytes::u32_be(bytes, front - 4)?).ok()?;
    (len >= least && len <= LONGEST).then(|| front + len + behind)
}

/// Reads the frame that has `total` bytes. `asks`: it comes from an app over TCP, and has no return code.
pub fn read(bytes: &[u8], total: usize, asks: bool, tree: &mut Tree) -> Result<Frame, (Frame, Stop)> {
    let mut frame = Frame::default();
    let mut cursor = Cursor::new(bytes);
    let read = if bytes.starts_with(&MARKS[1]) {
        new(&mut cursor, asks, &mut frame, tree)
    } else {
        old(&mut cursor, total, asks, &mut frame, tree)
    };
    match read {
        Ok(()) => Ok(frame),
        Err(stop) => Err((frame, stop)),
    }
}

const SHORT: &str = "Tuya frame cut short";

/// Up to 3.4: `000055aa`, number, command, length, perhaps a return code, payload, CRC or HMAC, `0000aa55`.
fn old(cursor: &mut Cursor, total: usize, asks: bool, frame: &mut Frame, tree: &mut Tree) -> Result<(), Stop> {
    header(cursor, frame, tree)?;
    let body = cursor.at();
    let bytes = cursor.message();
    let crc_at = total.saturating_sub(8);
    let sum = crate::bytes::u32_be(bytes, crc_at).filter(|_| bytes.len() >= total);
    let mac_at = total.saturating_sub(36);
    let (end, integrity) = match sum {
        None => (bytes.len(), None),
        Some(sum) if bytes.get(..crc_at).map(crc) == Some(sum) => (crc_at, Some("crc")),
        Some(_) if mac_at >= body => (mac_at, Some("hmac")),
        Some(_) => (crc_at, None),
    };
    frame.integrity = integrity;
    let code = crate::bytes::u32_be(bytes, body).filter(|code| *code < 0x100 && body + 4 <= end && !asks);
    if let Some(code) = code {
        tree.int("tuya.return_code", "Return code", body..body + 4, code);
        frame.return_code = Some(code);
    }
    let start = if code.is_some() { body + 4 } else { body };
    open(bytes, start..end.max(start), frame, tree);
    let mut tail = Cursor::starting(bytes, end.max(start));
    match integrity {
        Some("hmac") => tree.bytes("tuya.hmac", "HMAC", tail.at()..tail.at() + 32, tail.take(32, SHORT)?),
        _ => tree.bytes("tuya.crc", "CRC", tail.at()..(tail.at() + 4).min(bytes.len()), tail.take(4, SHORT)?),
    }
    let stop = tail.stop("Tuya frame without its end mark");
    if tail.u32(SHORT)? != 0xaa55 {
        return Err(stop);
    }
    if integrity.is_none() {
        return Err(Stop { at: crc_at, why: "the sum of a Tuya frame is wrong", short: false });
    }
    Ok(())
}

/// 3.5: `00006699`, two bytes, number, command, length, AES-GCM's nonce, ciphertext and tag, `00009966`.
fn new(cursor: &mut Cursor, asks: bool, frame: &mut Frame, tree: &mut Tree) -> Result<(), Stop> {
    header(cursor, frame, tree)?;
    let front = cursor.at();
    frame.integrity = Some("gcm");
    let bytes = cursor.message();
    let len = crate::bytes::u32_be(bytes, front - 4).and_then(|len| usize::try_from(len).ok()).unwrap_or_default();
    let at = cursor.at();
    let nonce = cursor.take(12, SHORT)?;
    tree.bytes("tuya.nonce", "Nonce", at..at + 12, nonce);
    let start = cursor.at();
    let sealed = cursor.take(len.saturating_sub(12), SHORT)?;
    let mut plain = sealed.to_vec();
    let nonce: [u8; 12] = nonce.try_into().unwrap_or_default();
    let known = bytes.get(4..front).unwrap_or_default();
    let opened = Aes128Gcm::new(&EVERYONES_KEY.into()).decrypt_in_place(&nonce.into(), known, &mut plain).is_ok();
    if opened {
        let code = crate::bytes::u32_be(&plain, 0).filter(|code| *code < 0x100 && !asks);
        frame.return_code = code;
        plain.drain(..if code.is_some() { 4 } else { 0 });
        show_clear(&plain, start..cursor.at(), tree);
        frame.body = Body::Clear(plain);
    } else {
        tree.bytes("tuya.payload", "Payload (encrypted)", start..cursor.at(), sealed);
        frame.body = Body::Sealed(sealed.len().saturating_sub(16));
    }
    frame.version = Some("3.5".to_owned());
    let stop = cursor.stop("Tuya frame without its end mark");
    if cursor.u32(SHORT)? == 0x9966 { Ok(()) } else { Err(stop) }
}

fn header(cursor: &mut Cursor, frame: &mut Frame, tree: &mut Tree) -> Result<(), Stop> {
    let mark = cursor.u32(SHORT)?;
    tree.coded("tuya.prefix", "Prefix", 0..4, mark, || format!("0x{mark:08x}"));
    if mark == 0x6699 {
        cursor.u16(SHORT)?;
    }
    let start = cursor.at();
    frame.seq = cursor.u32(SHORT)?;
    tree.int("tuya.seq", "Sequence number", cursor.since(start), frame.seq);
    let start = cursor.at();
    let command = cursor.u32(SHORT)?;
    tree.coded("tuya.cmd", "Command", cursor.since(start), command, || format!("{} ({command})", name(command)));
    frame.command = Some(command);
    let start = cursor.at();
    let len = cursor.u32(SHORT)?;
    tree.int("tuya.len", "Length", cursor.since(start), len);
    Ok(())
}

/// The payload: JSON, or encrypted with everyone's key, or - behind a version - with the device's.
fn open(bytes: &[u8], range: Range<usize>, frame: &mut Frame, tree: &mut Tree) {
    let payload = bytes.get(range.clone()).unwrap_or_default();
    if payload.is_empty() {
        return;
    }
    let version = match payload {
        [b'3', b'.', minor @ b'1'..=b'9', ..] => Some(format!("3.{}", char::from(*minor))),
        _ => None,
    };
    if version.is_none() && printable(payload, true).is_some() {
        show_clear(payload, range, tree);
        frame.body = Body::Clear(payload.to_vec());
        return;
    }
    let opened = aes::open_blocks(EVERYONES_KEY, payload).filter(|plain| json::object(plain).is_some());
    match opened {
        Some(plain) => {
            show_clear(&plain, range, tree);
            frame.body = Body::Clear(plain);
        }
        None => {
            if let Some(version) = &version {
                tree.text("tuya.version", "Version", range.start..range.start + 3, version);
            }
            tree.bytes("tuya.payload", "Payload (encrypted)", range, payload);
            frame.body = Body::Sealed(payload.len());
            frame.version = version;
        }
    }
}

fn show_clear(plain: &[u8], range: Range<usize>, tree: &mut Tree) {
    if tree.is_on() {
        tree.text("tuya.data", "Data", range, payload::shown(plain));
    }
}

/// CRC-32 (ISO 3309), as everywhere.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A frame of version 3.5 with everyone's key: what [`read`] opens.
#[cfg(test)]
pub fn seal(command: u32, plain: &[u8]) -> Vec<u8> {
    let mut frame = [&MARKS[1][..], &[0; 2], &7_u32.to_be_bytes(), &command.to_be_bytes()].concat();
    frame.extend((plain.len() as u32 + 28).to_be_bytes());
    let mut sealed = plain.to_vec();
    let nonce = [9; 12];
    Aes128Gcm::new(&EVERYONES_KEY.into()).encrypt_in_place(&nonce.into(), &frame[4..], &mut sealed).unwrap();
    [frame, nonce.to_vec(), sealed, vec![0, 0, 0x99, 0x66]].concat()
}

/// A frame up to version 3.4 with a right sum.
#[cfg(test)]
pub fn wrap(command: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = [&MARKS[0][..], &5_u32.to_be_bytes(), &command.to_be_bytes()].concat();
    frame.extend((body.len() as u32 + 8).to_be_bytes());
    frame.extend(body);
    frame.extend(crc(&frame).to_be_bytes());
    [frame, vec![0, 0, 0xaa, 0x55]].concat()
}
