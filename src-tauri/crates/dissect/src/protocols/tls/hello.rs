//! ClientHello and ServerHello (RFC 8446 section 4.1).

use std::ops::Range;

use super::{fingerprint, names};
use crate::Tree;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::{Draft, payload};

/// The random bytes of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

pub const SERVER_NAME: u16 = 0;
pub const GROUPS: u16 = 10;
pub const POINT_FORMATS: u16 = 11;
pub const SIGNATURES: u16 = 13;
pub const ALPN: u16 = 16;
pub const SESSION_TICKET: u16 = 35;
pub const PRE_SHARED_KEY: u16 = 41;
pub const EARLY_DATA: u16 = 42;
pub const VERSIONS: u16 = 43;
pub const KEY_SHARE: u16 = 51;
pub const ENCRYPTED_HELLO: u16 = 0xfe0d;

/// What a hello says, as far as it could be read.
#[derive(Debug, Default)]
pub struct Hello<'a> {
    pub client: bool,
    pub legacy_version: u16,
    pub random: &'a [u8],
    pub session_id: &'a [u8],
    /// Of a server: the one that it chose.
    pub ciphers: Vec<u16>,
    /// Types, in the order of the hello.
    pub extensions: Vec<u16>,
    pub server_name: Option<String>,
    pub alpn: Vec<&'a [u8]>,
    pub versions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signatures: Vec<u16>,
    pub ticket: bool,
    pub key_share: Option<u16>,
    /// All of it is there, so that fingerprints mean something.
    pub complete: bool,
}

/// Where the bytes of a joined content lie in the message: content offset and message offset of each piece.
#[derive(Debug)]
pub struct Pieces(pub Vec<(usize, usize)>);

impl Pieces {
    pub fn place(&self, range: Range<usize>) -> Range<usize> {
        let start = self.offset(range.start);
        let end = if range.is_empty() { start } else { self.offset(range.end - 1) + 1 };
        start..end
    }

    fn offset(&self, at: usize) -> usize {
        let (from, to) = self.0.iter().rev().find(|(from, _)| *from <= at).copied().unwrap_or_default();
        at - from + to
    }
}

/// Reads the body of a hello: what lies behind type and length.
/// `transport`: of JA4.
pub fn read<'a>(
    mut cursor: Cursor<'a>,
    client: bool,
    transport: char,
    pieces: &Pieces,
    tree: &mut Tree,
) -> (Hello<'a>, Option<Stop>) {
    let mut hello = Hello { client, ..Hello::default() };
    let read = read_into(&mut hello, &mut cursor, transport == 'd', pieces, tree);
    hello.complete = read.is_ok();
    let stop = read.unwrap_or_else(Some);
    let stop = stop.map(|stop| Stop { at: pieces.place(stop.at..stop.at).start, ..stop });
    show_fingerprints(&hello, transport, pieces, cursor.at(), tree);
    (hello, stop)
}

fn show_fingerprints(hello: &Hello, transport: char, pieces: &Pieces, end: usize, tree: &mut Tree) {
    if !tree.is_on() || !hello.complete {
        return;
    }
    let at = pieces.place(end..end);
    let full = fingerprint::ja3_text(hello);
    if hello.client {
        tree.text("tls.handshake.ja4", "JA4", at.clone(), fingerprint::ja4(hello, transport));
        tree.text("tls.handshake.ja3_full", "JA3 Fullstring", at.clone(), &full);
        tree.text("tls.handshake.ja3", "JA3", at, fingerprint::md5(&full));
    } else {
        tree.text("tls.handshake.ja3s_full", "JA3S Fullstring", at.clone(), &full);
        tree.text("tls.handshake.ja3s", "JA3S", at, fingerprint::md5(&full));
    }
}

/// Returns the first extension's trouble, if all is there; fails where the hello ends too early.
fn read_into<'a>(
    hello: &mut Hello<'a>,
    cursor: &mut Cursor<'a>,
    has_cookie: bool,
    pieces: &Pieces,
    tree: &mut Tree,
) -> Result<Option<Stop>, Stop> {
    let start = cursor.at();
    hello.legacy_version = cursor.u16("version cut short")?;
    tree.coded("tls.handshake.version", "Version", pieces.place(cursor.since(start)), hello.legacy_version, || {
        format!("{:#06x} ({})", hello.legacy_version, names::version(hello.legacy_version))
    });
    let start = cursor.at();
    hello.random = cursor.take(32, "random cut short")?;
    tree.bytes("tls.handshake.random", "Random", pieces.place(cursor.since(start)), hello.random);
    let len = cursor.u8("session id cut short")?;
    let start = cursor.at();
    hello.session_id = cursor.take(len.into(), "session id cut short")?;
    tree.int("tls.handshake.session_id_length", "Session ID Length", pieces.place(start - 1..start), len);
    tree.bytes("tls.handshake.session_id", "Session ID", pieces.place(cursor.since(start)), hello.session_id);
    if hello.client && has_cookie {
        let len = cursor.u8("cookie cut short")?;
        let start = cursor.at();
        let cookie = cursor.take(len.into(), "cookie cut short")?;
        tree.bytes("dtls.handshake.cookie", "Cookie", pieces.place(cursor.since(start)), cookie);
    }
    if hello.client {
        let len = cursor.u16("cipher suites cut short")?;
        let mut ciphers = cursor.part(len.into(), "cipher suites cut short")?;
        tree.open("tls.handshake.ciphersuites", "Cipher Suites", pieces.place(ciphers.remaining()), || {
            format!("{} suites", len / 2)
        });
        while ciphers.left() >= 2 {
            cipher(hello, &mut ciphers, pieces, tree)?;
        }
        tree.close();
        let len = cursor.u8("compression methods cut short")?;
        let start = cursor.at();
        let methods = cursor.take(len.into(), "compression methods cut short")?;
        tree.bytes("tls.handshake.comp_methods", "Compression Methods", pieces.place(cursor.since(start)), methods);
    } else {
        cipher(hello, cursor, pieces, tree)?;
        let start = cursor.at();
        let method = cursor.u8("compression method cut short")?;
        tree.int("tls.handshake.comp_method", "Compression Method", pieces.place(cursor.since(start)), method);
    }
    if cursor.is_empty() {
        return Ok(None); // older ones have no extensions
    }
    let len = cursor.u16("extensions cut short")?;
    let mut extensions = cursor.part(len.into(), "extensions cut short")?;
    let mut trouble = None;
    while !extensions.is_empty() {
        let start = extensions.at();
        let kind = extensions.u16("extension cut short")?;
        let len = extensions.u16("extension cut short")?;
        let mut data = extensions.part(len.into(), "extension cut short")?;
        hello.extensions.push(kind);
        let name = names::extension(kind);
        tree.open("tls.handshake.extension", "Extension", pieces.place(extensions.since(start)), || {
            format!("{name} ({kind}), {len} bytes")
        });
        tree.int("tls.handshake.extension.type", "Type", pieces.place(start..start + 2), kind);
        tree.int("tls.handshake.extension.len", "Length", pieces.place(start + 2..start + 4), len);
        let read = extension(hello, kind, &mut data, pieces, tree);
        tree.close();
        trouble = trouble.or(read.err());
    }
    Ok(trouble)
}

fn cipher(hello: &mut Hello, cursor: &mut Cursor, pieces: &Pieces, tree: &mut Tree) -> Result<(), Stop> {
    let start = cursor.at();
    let cipher = cursor.u16("cipher suite cut short")?;
    tree.coded("tls.handshake.ciphersuite", "Cipher Suite", pieces.place(cursor.since(start)), cipher, || {
        format!("{} ({cipher:#06x})", names::cipher(cipher).unwrap_or("unknown"))
    });
    hello.ciphers.push(cipher);
    Ok(())
}

fn extension<'a>(
    hello: &mut Hello<'a>,
    kind: u16,
    data: &mut Cursor<'a>,
    pieces: &Pieces,
    tree: &mut Tree,
) -> Result<(), Stop> {
    match kind {
        SERVER_NAME if hello.client => {
            let len = data.u16("server name cut short")?;
            let mut list = data.part(len.into(), "server name cut short")?;
            while !list.is_empty() {
                let kind = list.u8("server name cut short")?;
                let len = list.u16("server name cut short")?;
                let start = list.at();
                let name = String::from_utf8_lossy(list.take(len.into(), "server name cut short")?);
                tree.text(
                    "tls.handshake.extensions_server_name",
                    "Server Name",
                    pieces.place(list.since(start)),
                    &name,
                );
                if kind == 0 && hello.server_name.is_none() {
                    hello.server_name = Some(name.into_owned());
                }
            }
        }
        ALPN => {
            let len = data.u16("ALPN cut short")?;
            let mut list = data.part(len.into(), "ALPN cut short")?;
            while !list.is_empty() {
                let len = list.u8("ALPN cut short")?;
                let start = list.at();
                let protocol = list.take(len.into(), "ALPN cut short")?;
                tree.text(
                    "tls.handshake.extensions_alpn_str",
                    "ALPN Next Protocol",
                    pieces.place(list.since(start)),
                    String::from_utf8_lossy(protocol),
                );
                hello.alpn.push(protocol);
            }
        }
        VERSIONS => {
            let mut list = if hello.client {
                let len = data.u8("versions cut short")?;
                data.part(len.into(), "versions cut short")?
            } else {
                *data
            };
            while list.left() >= 2 {
                let start = list.at();
                let version = list.u16("version cut short")?;
                tree.coded(
                    "tls.handshake.extensions.supported_version",
                    "Supported Version",
                    pieces.place(list.since(start)),
                    version,
                    || format!("{} ({version:#06x})", names::version(version)),
                );
                hello.versions.push(version);
            }
        }
        GROUPS => {
            let len = data.u16("groups cut short")?;
            let mut list = data.part(len.into(), "groups cut short")?;
            while list.left() >= 2 {
                let start = list.at();
                let group = list.u16("group cut short")?;
                tree.coded(
                    "tls.handshake.extensions_supported_group",
                    "Supported Group",
                    pieces.place(list.since(start)),
                    group,
                    || format!("{} ({group:#06x})", names::group(group).unwrap_or("unknown")),
                );
                hello.groups.push(group);
            }
        }
        POINT_FORMATS => {
            let len = data.u8("point formats cut short")?;
            let start = data.at();
            for (n, format) in data.take(len.into(), "point formats cut short")?.iter().enumerate() {
                let at = pieces.place(start + n..start + n + 1);
                tree.int("tls.handshake.extensions_ec_point_format", "EC point format", at, *format);
                hello.point_formats.push(*format);
            }
        }
        SIGNATURES => {
            let len = data.u16("signature algorithms cut short")?;
            let mut list = data.part(len.into(), "signature algorithms cut short")?;
            while list.left() >= 2 {
                let start = list.at();
                let algorithm = list.u16("signature algorithm cut short")?;
                tree.coded(
                    "tls.handshake.sig_hash_alg",
                    "Signature Algorithm",
                    pieces.place(list.since(start)),
                    algorithm,
                    || format!("{algorithm:#06x}"),
                );
                hello.signatures.push(algorithm);
            }
        }
        KEY_SHARE => {
            let mut list = if hello.client {
                let len = data.u16("key share cut short")?;
                data.part(len.into(), "key share cut short")?
            } else {
                *data
            };
            while list.left() >= 2 {
                let start = list.at();
                let group = list.u16("key share cut short")?;
                tree.coded(
                    "tls.handshake.extensions_key_share_group",
                    "Key Share Group",
                    pieces.place(list.since(start)),
                    group,
                    || names::group(group).map_or_else(|| format!("{group:#06x}"), str::to_owned),
                );
                hello.key_share.get_or_insert(group);
                if list.is_empty() {
                    break; // a server that asks for another try names the group alone
                }
                let len = list.u16("key share cut short")?;
                list.take(len.into(), "key share cut short")?;
            }
        }
        SESSION_TICKET => hello.ticket = !data.is_empty(),
        _ if !data.is_empty() => {
            let at = pieces.place(data.remaining());
            tree.bytes("tls.handshake.extension.data", "Data", at, data.rest());
        }
        _ => {}
    }
    Ok(())
}

impl Hello<'_> {
    pub fn has(&self, extension: u16) -> bool {
        self.extensions.contains(&extension)
    }

    /// The highest version offered, or the one chosen.
    pub fn version(&self) -> u16 {
        let offered = self.versions.iter().copied().filter(|version| !fingerprint::is_grease(*version));
        // drafts of 1.3 have higher numbers than 1.3 itself, and DTLS counts down
        let rank = |version: &u16| (*version <= 0x0304, if *version >= 0xfe00 { 0xffff - version } else { *version });
        offered.max_by_key(rank).unwrap_or(self.legacy_version)
    }

    /// Whether the server chose a key from before TLS 1.3's way.
    pub fn is_psk(&self) -> bool {
        let name = self.ciphers.first().and_then(|cipher| names::cipher(*cipher));
        !self.client && name.is_some_and(|name| name.contains("_PSK_"))
    }

    /// Writes the hello's row. `transport`: of JA4. `asked`: the session id of the ClientHello that a ServerHello answers.
    pub fn write(&self, transport: char, asked: Option<&[u8]>, fact: &mut Draft) {
        let (fields, own) = (&mut fact.fields, &mut fact.own);
        fields.text("msg_type", if self.client { "client_hello" } else { "server_hello" });
        if let Some(name) = &self.server_name {
            fields.name("server_name", name);
        }
        if self.random.is_empty() {
            return;
        }
        fields.text("version", &names::version(self.version()));
        fields.text("legacy_version", &names::version(self.legacy_version));
        if self.client {
            self.write_offer(transport, fact);
            return;
        }
        if let Some(cipher) = self.ciphers.first() {
            match names::cipher(*cipher) {
                Some(name) => fields.text("cipher", name),
                None => fields.shown("cipher", format_args!("unknown-{cipher:04x}")),
            }
            if self.complete {
                fields.text("ja3s", &fingerprint::md5(&fingerprint::ja3_text(self)));
            }
        }
        if let Some(protocol) = self.alpn.first() {
            fields.text("next_protocol", &payload::shown(protocol));
        }
        if let Some(group) = self.key_share {
            match names::group(group) {
                Some(name) => fields.text("curve", name),
                None => fields.shown("curve", format_args!("unknown-{group:04x}")),
            }
        }
        let echoed = self.version() < 0x0304 && !self.session_id.is_empty() && asked == Some(self.session_id);
        fields.flag("resumed", echoed || self.has(PRE_SHARED_KEY));
        if self.random == RETRY {
            fields.flag("hello_retry", true);
        }
        if !self.session_id.is_empty() {
            own.text("session_id", &model::hex(self.session_id));
        }
    }

    fn write_offer(&self, transport: char, fact: &mut Draft) {
        let (fields, own) = (&mut fact.fields, &mut fact.own);
        if !self.versions.is_empty() {
            let versions = self.versions.iter().filter(|version| !fingerprint::is_grease(**version));
            fields.texts("versions", versions.map(|version| names::version(*version)));
        }
        if !self.alpn.is_empty() {
            fields.texts("alpn", self.alpn.iter().map(|protocol| payload::shown(protocol)));
        }
        if !self.ciphers.is_empty() {
            fields.text("ciphers", &fingerprint::hex_list(self.ciphers.iter().copied()));
        }
        if self.complete {
            fields.text("ja3", &fingerprint::md5(&fingerprint::ja3_text(self)));
            fields.text("ja4", &fingerprint::ja4(self, transport));
        }
        for (name, is) in [
            ("session_ticket", self.ticket),
            ("psk", self.has(PRE_SHARED_KEY)),
            ("early_data", self.has(EARLY_DATA)),
            ("ech", self.has(ENCRYPTED_HELLO)),
        ] {
            if is {
                fields.flag(name, true);
            }
        }
        own.text("client_random", &model::hex(self.random));
        if !self.session_id.is_empty() {
            own.text("session_id", &model::hex(self.session_id));
        }
    }
}
