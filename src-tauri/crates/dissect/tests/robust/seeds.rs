//! Good inputs to begin with: what each protocol is tested with, a message or stream a line, and the frames of the lower layers.

use std::path::Path;

use dissect::protocols::Transport;

/// What lies in `tests/seeds/<protocol>/udp.txt` or `tcp.txt`.
pub fn of(protocol: &str, transport: Transport) -> Vec<Vec<u8>> {
    let name = if transport == Transport::Udp { "udp.txt" } else { "tcp.txt" };
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("tests/seeds"));
    let folder = folders.find(|folder| folder.is_dir()).unwrap();
    let text = std::fs::read_to_string(folder.join(protocol).join(name)).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(bytes).collect()
}

pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
