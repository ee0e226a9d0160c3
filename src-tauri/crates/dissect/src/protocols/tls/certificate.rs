//! Certificates that are sent in the clear (X.509, RFC 5280): who a device or server says that it is.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::{Fields, Kind, Time};
use sha2::{Digest, Sha256};

use super::der::{self, BIT_STRING, BOOLEAN, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, SET};
use super::hello::Pieces;
use crate::Tree;
use crate::protocols::Out;
use crate::protocols::cursor::{Cursor, Stop};

pub const KIND: Kind = Kind {
    name: "x509",
    about: "A certificate sent in a TLS handshake (later than TLS 1.2 they are encrypted: only with a key log).",
    fields: &[
        ("common_name", "whose it is, in short"),
        ("certificate_subject", "whose it is"),
        ("certificate_issuer", "who vouches for it"),
        ("san_dns", "host names that it is for"),
        ("san_ip", "addresses that it is for"),
        ("san_email", "mail addresses that it is for"),
        ("san_uri", "URIs that it is for"),
        ("not_valid_before", "from when it is valid"),
        ("not_valid_after", "until when it is valid"),
        ("serial", "its number at the issuer, hex"),
        ("fingerprint", "SHA-256 of the certificate"),
        ("from_client", "the client sent it: it names a device"),
        ("depth", "place in the chain: 0 is the sender's own"),
        ("self_signed", "the issuer is the subject"),
        ("key_alg", "kind of the public key"),
        ("key_length", "length of the public key in bits"),
        ("sig_alg", "how it is signed"),
        ("ca", "may sign others"),
        ("cert_version", "of X.509"),
        ("decrypted", "it was read with the keys of a key log: its place is the encrypted record"),
    ],
};

/// A chain has a handful; a hostile one may have thousands.
const MOST_CERTIFICATES: usize = 16;
const MOST_NAMES: usize = 128;

/// Reads the certificates of a handshake message (RFC 5246 section 7.4.2; `is_13`: RFC 8446 section 4.4.2): a fact each.
pub fn read_chain(
    mut body: Cursor,
    from_client: bool,
    is_13: bool,
    pieces: &Pieces,
    out: &mut Out,
) -> Result<(), Stop> {
    let placed = |stop: Stop| Stop { at: pieces.place(stop.at..stop.at).start, ..stop };
    let why = "certificates cut short";
    if is_13 {
        let len = body.u8(why).map_err(placed)?;
        body.take(len.into(), why).map_err(placed)?;
    }
    let len = u24(&mut body, why).map_err(placed)?;
    let mut list = body.part(len, why).map_err(placed)?;
    for depth in 0..MOST_CERTIFICATES {
        if list.is_empty() {
            break;
        }
        let len = u24(&mut list, why).map_err(placed)?;
        let certificate = list.part(len, why).map_err(placed)?;
        if is_13 {
            let len = list.u16(why).map_err(placed)?;
            list.take(len.into(), why).map_err(placed)?; // extensions
        }
        let range = pieces.place(certificate.remaining());
        if range.is_empty() {
            continue;
        }
        let mut said = Certificate { fingerprint: sha256(certificate.clone().rest()), ..Certificate::default() };
        let read = said.read(certificate);
        out.tree.open("x509af.signedCertificate", "Certificate", range.clone(), || said.subject.clone());
        said.show(pieces, &mut out.tree);
        out.tree.close();
        if let Err(stop) = read {
            let stop = placed(stop);
            out.malformed(stop.at, stop.why);
        }
        let fact = out.fact("x509", range);
        fact.subject = said.name();
        said.write(&mut fact.fields);
        fact.fields.flag("from_client", from_client);
        fact.fields.int("depth", depth as i64);
    }
    Ok(())
}

fn u24(cursor: &mut Cursor, why: &'static str) -> Result<usize, Stop> {
    let high = cursor.u8(why)?;
    Ok(usize::from(high) << 16 | usize::from(cursor.u16(why)?))
}

fn sha256(bytes: &[u8]) -> String {
    model::hex(&Sha256::digest(bytes))
}

#[derive(Default)]
struct Certificate {
    fingerprint: String,
    version: u8,
    serial: String,
    sig_alg: String,
    subject: String,
    issuer: String,
    common_name: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    key_alg: String,
    key_length: Option<i64>,
    ca: bool,
    /// Alternative names by kind: dns, ip, email, uri.
    names: [Vec<String>; 4],
    /// Where some of it lies, for the tree.
    places: Vec<(&'static str, &'static str, std::ops::Range<usize>, String)>,
}

impl Certificate {
    fn read(&mut self, mut cursor: Cursor) -> Result<(), Stop> {
        let mut outer = der::expect(&mut cursor, SEQUENCE, "certificate is no sequence")?;
        let mut body = der::expect(&mut outer, SEQUENCE, "certificate has no body")?;
        self.version = 1;
        if let Some(mut version) = der::optional(&mut body, 0xa0)? {
            self.version = der::expect(&mut version, INTEGER, "version is no number")?
                .rest()
                .last()
                .map_or(1, |n| n.saturating_add(1));
        }
        let mut serial = der::expect(&mut body, INTEGER, "serial number missing")?;
        let at = serial.remaining();
        let digits = serial.rest();
        // a zero byte before says no more than that the number is positive
        self.serial = model::hex(match digits {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all.get(..64).unwrap_or(all),
        });
        self.places.push(("x509af.serialNumber", "Serial Number", at, self.serial.clone()));
        let mut algorithm = der::expect(&mut body, SEQUENCE, "signature algorithm missing")?;
        let algorithm = der::expect(&mut algorithm, OBJECT_ID, "signature algorithm missing")?.rest();
        self.sig_alg = algorithm_name(&der::object_id(algorithm));
        let issuer = der::expect(&mut body, SEQUENCE, "issuer missing")?;
        let at = issuer.remaining();
        self.issuer = name(issuer)?.0;
        self.places.push(("x509af.issuer", "Issuer", at, self.issuer.clone()));
        let mut validity = der::expect(&mut body, SEQUENCE, "validity missing")?;
        let (_, before) = der::element(&mut validity)?;
        let (_, after) = der::element(&mut validity)?;
        for (to, field, label, mut text) in [
            (&mut self.not_before, "x509af.notBefore", "Not Before", before),
            (&mut self.not_after, "x509af.notAfter", "Not After", after),
        ] {
            let at = text.remaining();
            let shown = time(text.rest());
            self.places.push((field, label, at, shown.clone()));
            *to = Some(shown);
        }
        let subject = der::expect(&mut body, SEQUENCE, "subject missing")?;
        let at = subject.remaining();
        (self.subject, self.common_name) = name(subject)?;
        self.places.push(("x509af.subject", "Subject", at, self.subject.clone()));
        let mut key = der::expect(&mut body, SEQUENCE, "public key missing")?;
        self.key(&mut key)?;
        while !body.is_empty() {
            if let (0xa3, mut extensions) = der::element(&mut body)? {
                let mut list = der::expect(&mut extensions, SEQUENCE, "extensions are no sequence")?;
                while !list.is_empty() {
                    let mut extension = der::expect(&mut list, SEQUENCE, "extension is no sequence")?;
                    self.extension(&mut extension)?;
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, key: &mut Cursor) -> Result<(), Stop> {
        let mut algorithm = der::expect(key, SEQUENCE, "key algorithm missing")?;
        let id = der::object_id(der::expect(&mut algorithm, OBJECT_ID, "key algorithm missing")?.rest());
        self.key_alg = algorithm_name(&id);
        let curve = der::optional(&mut algorithm, OBJECT_ID)?.map(|mut curve| der::object_id(curve.rest()));
        self.key_length = match (id.as_str(), curve.as_deref()) {
            ("1.2.840.113549.1.1.1", _) => {
                let mut bits = der::expect(key, BIT_STRING, "public key missing")?;
                bits.u8("public key cut short")?; // no unused bits
                let mut pair = der::expect(&mut bits, SEQUENCE, "RSA key is no sequence")?;
                let modulus = der::expect(&mut pair, INTEGER, "RSA key has no modulus")?.rest();
                let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
                Some(modulus.len() as i64 * 8)
            }
            (_, Some("1.2.840.10045.3.1.7")) => Some(256),
            (_, Some("1.3.132.0.34")) => Some(384),
            (_, Some("1.3.132.0.35")) => Some(521),
            ("1.3.101.110" | "1.3.101.112", _) => Some(256),
            _ => None,
        };
        Ok(())
    }

    fn extension(&mut self, extension: &mut Cursor) -> Result<(), Stop> {
        let id = der::object_id(der::expect(extension, OBJECT_ID, "extension without a name")?.rest());
        der::optional(extension, BOOLEAN)?; // critical
        let mut value = der::expect(extension, OCTET_STRING, "extension without a value")?;
        match id.as_str() {
            // alternative names
            "2.5.29.17" => {
                let mut list = der::expect(&mut value, SEQUENCE, "alternative names are no sequence")?;
                while !list.is_empty() {
                    let (tag, mut name) = der::element(&mut list)?;
                    let at = name.remaining();
                    let raw = name.rest();
                    let (kind, field, text) = match (tag, raw.len()) {
                        (0x82, _) => (0, "x509ce.dNSName", String::from_utf8_lossy(raw).into_owned()),
                        (0x87, 4) => (1, "x509ce.iPAddress", v4(raw)),
                        (0x87, 16) => (1, "x509ce.iPAddress", v6(raw)),
                        (0x81, _) => (2, "x509ce.rfc822Name", String::from_utf8_lossy(raw).into_owned()),
                        (0x86, _) => (3, "x509ce.uniformResourceIdentifier", String::from_utf8_lossy(raw).into_owned()),
                        _ => continue,
                    };
                    if self.names[kind].len() < MOST_NAMES {
                        self.places.push((field, "Alternative Name", at, text.clone()));
                        self.names[kind].push(text);
                    }
                }
            }
            // basic constraints
            "2.5.29.19" => {
                let mut constraints = der::expect(&mut value, SEQUENCE, "constraints are no sequence")?;
                self.ca = der::optional(&mut constraints, BOOLEAN)?.is_some_and(|mut ca| ca.rest() != [0]);
            }
            _ => {}
        }
        Ok(())
    }

    /// The name that an analyst would look for.
    fn name(&self) -> String {
        let named = self.common_name.as_ref().or_else(|| self.names.iter().flatten().next());
        named.unwrap_or(&self.subject).clone()
    }

    fn show(&self, pieces: &Pieces, tree: &mut Tree) {
        for (field, label, at, text) in &self.places {
            tree.text(field, label, pieces.place(at.clone()), text);
        }
    }

    fn write(&self, fields: &mut Fields) {
        if let Some(name) = &self.common_name {
            fields.text("common_name", name);
        }
        for (name, text) in [
            ("certificate_subject", &self.subject),
            ("certificate_issuer", &self.issuer),
            ("serial", &self.serial),
            ("fingerprint", &self.fingerprint),
            ("key_alg", &self.key_alg),
            ("sig_alg", &self.sig_alg),
        ] {
            if !text.is_empty() {
                fields.text(name, text);
            }
        }
        for (name, time) in [("not_valid_before", &self.not_before), ("not_valid_after", &self.not_after)] {
            if let Some(time) = time {
                fields.text(name, time);
            }
        }
        for (name, list) in ["san_dns", "san_ip", "san_email", "san_uri"].into_iter().zip(&self.names) {
            if !list.is_empty() {
                fields.texts(name, list);
            }
        }
        if let Some(bits) = self.key_length {
            fields.int("key_length", bits);
        }
        fields.flag("self_signed", !self.subject.is_empty() && self.subject == self.issuer);
        fields.flag("ca", self.ca);
        fields.int("cert_version", self.version.into());
    }
}

/// A distinguished name, the most special part first (RFC 4514), and its common name.
fn name(mut cursor: Cursor) -> Result<(String, Option<String>), Stop> {
    let mut parts = Vec::new();
    let mut common = None;
    while !cursor.is_empty() && parts.len() < MOST_NAMES {
        let mut set = der::expect(&mut cursor, SET, "name is no set")?;
        while !set.is_empty() {
            let mut pair = der::expect(&mut set, SEQUENCE, "name is no pair")?;
            let id = der::object_id(der::expect(&mut pair, OBJECT_ID, "name without a type")?.rest());
            let (tag, mut value) = der::element(&mut pair)?;
            let value = text(tag, value.rest());
            let short = match id.as_str() {
                "2.5.4.3" => "CN",
                "2.5.4.5" => "serialNumber",
                "2.5.4.6" => "C",
                "2.5.4.7" => "L",
                "2.5.4.8" => "ST",
                "2.5.4.9" => "street",
                "2.5.4.10" => "O",
                "2.5.4.11" => "OU",
                "2.5.4.12" => "title",
                "2.5.4.46" => "dnQualifier",
                "0.9.2342.19200300.100.1.1" => "UID",
                "0.9.2342.19200300.100.1.25" => "DC",
                "1.2.840.113549.1.9.1" => "emailAddress",
                other => other,
            };
            parts.push(format!("{short}={}", value.replace('\\', "\\\\").replace(',', "\\,")));
            if short == "CN" {
                common = Some(value);
            }
        }
    }
    parts.reverse();
    Ok((parts.join(","), common))
}

/// BMPString is UTF-16, T61String mostly Latin 1; all others are UTF-8 or less.
fn text(tag: u8, raw: &[u8]) -> String {
    let (pairs, _) = raw.as_chunks::<2>();
    match tag {
        0x1e => char::decode_utf16(pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        0x14 if std::str::from_utf8(raw).is_err() => raw.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(raw).into_owned(),
    }
}

/// UTCTime and GeneralizedTime (RFC 5280 section 4.1.2.5) as RFC 3339; what is neither, as it is.
fn time(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let full = match digits {
        Some(digits) if digits.len() == 12 => {
            let century = if digits < "50" { "20" } else { "19" };
            format!("{century}{digits}")
        }
        Some(digits) if digits.len() == 14 => digits.to_owned(),
        _ => return text.into_owned(),
    };
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or_default();
    let written =
        format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14));
    Time::parse(&written).map_or(written, |time| time.to_string())
}

fn v4(raw: &[u8]) -> String {
    raw.first_chunk::<4>().map_or_else(String::new, |four| Ipv4Addr::from(*four).to_string())
}

fn v6(raw: &[u8]) -> String {
    raw.first_chunk::<16>().map_or_else(String::new, |all| Ipv6Addr::from(*all).to_string())
}

fn algorithm_name(id: &str) -> String {
    match id {
        "1.2.840.113549.1.1.1" => "rsaEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.2.1" => "id-ecPublicKey",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::testing::{bytes, segments};
    use crate::protocols::{Side, tls::Tls};

    /// Made by `openssl req -x509` for a lamp: its own issuer, a key on P-256, six alternative names.
    const LAMP: &str = "3082021c308201c2a0030201020203008001300a06082a8648ce3d040302303d310b300906035504061302444531153013060355040a0c0c4578\
    616d706c652c20496e633117301506035504030c0e6c616d702d372e6578616d706c653020170d3236313132303134323232315a180f32303534\
    303430373134323232315a303d310b300906035504061302444531153013060355040a0c0c4578616d706c652c20496e63311730150603550403\
    0c0e6c616d702d372e6578616d706c653059301306072a8648ce3d020106082a8648ce3d03010703420004e1fac19ccad7f41bf0a57efddc263a\
    aea829e648f56e83cd5ef75f92e3122382e59be874e061c99f9c8a8ccddd1f9d92a322e344783c048d79e265076546d621a381ae3081ab301d06\
    03551d0e04160414e88c8339f2ffdd6aff3c52a77caa3663878a7268301f0603551d23041830168014e88c8339f2ffdd6aff3c52a77caa366387\
    8a7268300f0603551d130101ff040530030101ff30580603551d110451304f820e6c616d702d372e6578616d706c65820e2a2e6c616d702e6578\
    616d706c658704c0000207871020010db8000000000000000000000007810e61406c616d702e6578616d706c65860575726e3a78300a06082a86\
    48ce3d04030203480030450221008769361e715170c31b95bd637d76c0cef90d6b8c015b5fa334c578cb33c8e8920220630d1e7e86d4ea3cc04b\
    4b341fc6b82c944490550c2a24b597b92a5553eaf189";

    /// A handshake message with certificates.
    fn message(certificates: &[Vec<u8>]) -> Vec<u8> {
        let with_len = |bytes: Vec<u8>| [(bytes.len() as u32).to_be_bytes()[1..].to_vec(), bytes].concat();
        let list = certificates.iter().flat_map(|one| with_len(one.clone())).collect();
        [vec![11], with_len(with_len(list))].concat()
    }

    fn records(content: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[22, 3, 3], &(part.len() as u16).to_be_bytes()[..], part].concat();
        content.chunks(size).flat_map(record).collect()
    }

    fn check(certificates: &[Vec<u8>], expect: Expect) {
        expect.assert_eq(&segments(&Tls, &[(Side::Resp, &records(&message(certificates), 16_384))]));
    }

    #[test]
    fn a_lamp() {
        check(
            &[bytes(LAMP)],
            expect![[r#"
            x509 'lamp-7.example' {"common_name":"lamp-7.example","certificate_subject":"CN=lamp-7.example,O=Example\\, Inc,C=DE","certificate_issuer":"CN=lamp-7.example,O=Example\\, Inc,C=DE","serial":"8001","fingerprint":"6d5b1f00227d19a44dba852b9bffb14a643dc84bcc9dca7d5d673fec73395622","key_alg":"id-ecPublicKey","sig_alg":"ecdsa-with-SHA256","not_valid_before":"2026-11-20T14:22:21.000000000Z","not_valid_after":"2054-04-07T14:22:21.000000000Z","san_dns":["lamp-7.example","*.lamp.example"],"san_ip":["192.0.2.7","2001:db8::7"],"san_email":["a@lamp.example"],"san_uri":["urn:x"],"key_length":256,"self_signed":true,"ca":true,"cert_version":3,"from_client":false,"depth":0} {}
        "#]],
        );
    }

    #[test]
    fn any_split_into_records_and_segments_reads_the_same() {
        let stream = records(&message(&[bytes(LAMP), bytes(LAMP)]), 16_384);
        let whole = segments(&Tls, &[(Side::Resp, &stream)]);
        assert_eq!(whole.lines().count(), 2);
        for size in [1, 3, 4, 5, 100, 600] {
            let stream = records(&message(&[bytes(LAMP), bytes(LAMP)]), size);
            let (head, tail) = stream.split_at(stream.len() / 3);
            assert_eq!(segments(&Tls, &[(Side::Resp, head), (Side::Resp, tail)]), whole, "records of {size}");
        }
    }

    #[test]
    fn damaged_ones_keep_what_was_read() {
        let lamp = bytes(LAMP);
        let read = |lamp: &[u8]| segments(&Tls, &[(Side::Resp, &records(&message(&[lamp.to_vec()]), 16_384))]);
        for len in 1..lamp.len() {
            assert_eq!(read(&lamp[..len]).matches("x509 ").count(), 1, "{len}");
        }
        for at in 0..lamp.len() {
            for value in [0, 0xff, 0x80, 0x84, lamp[at] ^ 1] {
                let mut damaged = lamp.clone();
                damaged[at] = value;
                assert_eq!(read(&damaged).matches("x509 ").count(), 1, "{at} {value}");
            }
        }
    }

    #[test]
    fn times_of_both_kinds() {
        for (text, expect) in [
            ("240501120000Z", "2024-05-01T12:00:00.000000000Z"),
            ("990501120000Z", "1999-05-01T12:00:00.000000000Z"),
            ("20500101000000Z", "2050-01-01T00:00:00.000000000Z"),
            ("99991231235959Z", "9999-12-31T23:59:59Z"),
            ("soon", "soon"),
        ] {
            assert_eq!(time(text.as_bytes()), expect);
        }
    }
}
