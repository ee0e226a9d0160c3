//! The case's own certificate authority: it vouches for the things that are registered on the bench, and for the broker that they connect to.

use model::Time;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, SubjectPublicKeyInfo,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use time::OffsetDateTime;

use crate::Error;
use crate::certificate::{self, CertificateFacts};

/// Until when what AWS IoT gives is valid: 2049-12-31T23:59:59Z.
const AS_AWS: i64 = 2_524_607_999;
const DAY: i64 = 86_400;
/// How long the broker's own certificate is valid: longer is refused by some clients.
const SERVER_DAYS: i64 = 397;

pub struct Authority {
    certificate_pem: String,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// What kind of key a thing gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// As AWS IoT gives. Takes a moment to make.
    Rsa2048,
    P256,
}

/// A key pair and its certificate. The private key is kept nowhere else.
#[derive(Clone)]
pub struct Issued {
    pub certificate_pem: String,
    pub public_key_pem: String,
    /// RSA as PKCS#1 (`RSA PRIVATE KEY`), as AWS gives it; others as PKCS#8.
    pub private_key_pem: String,
    pub certificate: CertificateFacts,
}

impl Authority {
    pub fn make(name: &str, now: Time) -> Result<Authority, Error> {
        let key = KeyPair::generate().map_err(making)?;
        // A clock that is somewhat slow must not refuse it.
        let mut params = params(name, seconds(now).saturating_sub(DAY), AS_AWS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(making)?;
        Ok(Authority {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            issuer: Issuer::new(params, key),
        })
    }

    pub fn open(certificate_pem: &str, key_pem: &str) -> Result<Authority, Error> {
        if !certificate::key_matches(certificate_pem, key_pem)? {
            return Err(Error::invalid("opening the authority: the key is not the certificate's"));
        }
        let opening = |why| Error::failed("opening the authority", why);
        let key = KeyPair::from_pem(key_pem).map_err(opening)?;
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key).map_err(opening)?;
        Ok(Authority { certificate_pem: certificate_pem.to_owned(), key_pem: key_pem.to_owned(), issuer })
    }

    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// A key pair for a thing, and a certificate that names it; valid as long as AWS IoT's unless `until` says otherwise.
    pub fn issue(&self, thing: &str, key: KeyKind, now: Time, until: Option<Time>) -> Result<Issued, Error> {
        if !is_thing_id(thing) {
            return Err(Error::invalid(format!("issuing a certificate: '{thing}' is not a thing's id")));
        }
        let mut params = params(thing, seconds(now), until.map_or(AS_AWS, seconds))?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, key)
    }

    /// The broker's own: names and addresses by which it is reached.
    pub fn server(&self, names: &[String], now: Time) -> Result<Issued, Error> {
        let first = names.first().ok_or_else(|| Error::invalid("issuing the broker's certificate: no name for it"))?;
        let (from, until) = (seconds(now).saturating_sub(DAY), seconds(now).saturating_add(SERVER_DAYS * DAY));
        let mut params = params(first, from, until.min(AS_AWS))?;
        params.subject_alt_names = CertificateParams::new(names.to_vec()).map_err(making)?.subject_alt_names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, KeyKind::P256)
    }

    fn sign(&self, params: CertificateParams, kind: KeyKind) -> Result<Issued, Error> {
        let (signed, public_key_pem, private_key_pem) = match kind {
            KeyKind::P256 => {
                let key = KeyPair::generate().map_err(making)?;
                (params.signed_by(&key, &self.issuer), key.public_key_pem(), key.serialize_pem())
            }
            KeyKind::Rsa2048 => {
                let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(making)?;
                let public = key.to_public_key();
                let der = public.to_public_key_der().map_err(making)?;
                let half = SubjectPublicKeyInfo::from_der(der.as_bytes()).map_err(making)?;
                let public_pem = public.to_public_key_pem(LineEnding::LF).map_err(making)?;
                let private_pem = key.to_pkcs1_pem(LineEnding::LF).map_err(making)?.to_string();
                (params.signed_by(&half, &self.issuer), public_pem, private_pem)
            }
        };
        let certificate_pem = signed.map_err(making)?.pem();
        let certificate = certificate::read(&certificate_pem)?;
        Ok(Issued { certificate_pem, public_key_pem, private_key_pem, certificate })
    }
}

/// What AWS IoT takes as the name of a thing; nothing in it means anything in topics, names or paths.
pub fn is_thing_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b))
}

fn params(name: &str, from: i64, until: i64) -> Result<CertificateParams, Error> {
    if name.is_empty() || name.len() > 256 || name.chars().any(char::is_control) {
        return Err(Error::invalid("making a certificate: its name is empty, too long or has control characters"));
    }
    if until <= from {
        return Err(Error::invalid("making a certificate: it would end before it begins"));
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(from)?;
    params.not_after = moment(until)?;
    params.serial_number = Some(serial()?);
    Ok(params)
}

fn moment(seconds: i64) -> Result<OffsetDateTime, Error> {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let fits = moment.filter(|moment| (1950..=9999).contains(&moment.year()));
    fits.ok_or_else(|| Error::invalid("making a certificate: a time that certificates can't say"))
}

fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes).map_err(making)?;
    // Positive, and of the same length always.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn seconds(time: Time) -> i64 {
    time.0.div_euclid(1_000_000_000)
}

fn making(why: impl std::fmt::Display) -> Error {
    Error::failed("making a certificate", why)
}
