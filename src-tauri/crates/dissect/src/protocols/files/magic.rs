//! What a file is, by its first bytes.

/// (offset, bytes there, type), the more special first.
const SIGNS: &[(usize, &[u8], &str)] = &[
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (8, b"WAVE", "audio/x-wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (4, b"styp", "video/mp4"),
    (4, b"moof", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"\0\0\0\x01\x67", "video/h264"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-dosexec"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-o"),
    (0, b"dex\n", "application/vnd.android.dex"),
    (0, b"hsqs", "application/x-squashfs"),
    (0, b"sqsh", "application/x-squashfs"),
    (0, b"\x27\x05\x19\x56", "application/x-uboot"),
    (0, b"HDR0", "application/x-trx"),
    (0, b"\xd0\x0d\xfe\xed", "application/x-device-tree"),
    (0, b"\x1e\xf1\xee\x0b", "application/x-zigbee-ota"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (0, b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
    (0, b"bplist00", "application/x-bplist"),
    (0, b"wOF2", "font/woff2"),
    (0, b"wOFF", "font/woff"),
    (0, b"\0asm", "application/wasm"),
    (0, b"-----BEGIN CERTIFICATE", "application/x-pem-file"),
    (0, b"-----BEGIN ", "application/x-pem-file"),
    (0, b"SIMPLE  =", "application/fits"),
];

/// The type of a file that begins so; `None` if nothing is known of it.
pub fn mime_type(head: &[u8]) -> Option<&'static str> {
    let text = crate::protocols::payload::printable(head, true);
    let sign = |(at, sign, _): &&(usize, &[u8], &str)| {
        let weak = sign.len() < 3 && text.is_some() || *at == 8 && !head.starts_with(b"RIFF");
        !weak && head.get(*at..).is_some_and(|rest| rest.starts_with(sign))
    };
    if let Some((_, _, mime_type)) = SIGNS.iter().find(sign) {
        return Some(mime_type);
    }
    match head.first_chunk() {
        // MPEG audio layer III, AAC in ADTS
        Some([0xff, 0xfa | 0xfb | 0xf2 | 0xf3]) => return Some("audio/mpeg"),
        Some([0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9]) => return Some("audio/aac"),
        // transport streams repeat their mark every 188 bytes
        Some([0x47, _]) if head.get(188) == Some(&0x47) => return Some("video/mp2t"),
        _ => {}
    }
    let start = text?.trim_start_matches('\u{feff}').trim_start();
    let has = |what: &str| start.get(..what.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(what));
    Some(match start.as_bytes().first()? {
        b'{' => "application/json",
        b'[' if matches!(start.as_bytes().get(1), Some(b'{' | b'[' | b'"' | b']' | b'0'..=b'9')) => "application/json",
        b'<' if has("<!doctype html") || has("<html") => "text/html",
        b'<' if has("<svg") => "image/svg+xml",
        b'<' if has("<?xml") || has("<soap") || has("<s:envelope") || has("<root") => "application/xml",
        b'#' if has("#!") => "text/x-shellscript",
        _ => "text/plain",
    })
}
