//! What a certificate says (X.509, RFC 5280), and whether a key belongs to it.

use model::{Time, hex};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::Error;

/// Longer texts are no certificate and no key.
const LONGEST: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Of its DER: AWS calls it the certificate's id.
    pub sha256: [u8; 32],
    pub subject: String,
    pub issuer: String,
    /// Hex, without leading zeros.
    pub serial: String,
    pub not_before: Time,
    pub not_after: Time,
    /// Kind and size of its key: `RSA 2048`, `EC 256`.
    pub public_key: String,
}

/// Reads the first certificate of a PEM text.
pub fn read(pem: &str) -> Result<CertificateFacts, Error> {
    facts(&der(pem)?)
}

/// Whether the private key (PKCS#8, PKCS#1 or SEC1) is the one whose public half is in the certificate.
pub fn key_matches(certificate_pem: &str, key_pem: &str) -> Result<bool, Error> {
    let certificate = der(certificate_pem)?;
    let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|why| unread(&why))?;
    if key_pem.len() > LONGEST {
        return Err(Error::invalid("reading a private key: it is too long for one"));
    }
    let no_key = |why: &dyn std::fmt::Display| Error::invalid(format!("reading a private key: {why}"));
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|why| no_key(&why))?;
    let key = any_supported_type(&key).map_err(|why| no_key(&why))?;
    let public = key.public_key().ok_or_else(|| no_key(&"its public half can't be told"))?;
    // Compared without the algorithm's parameters, which some leave out.
    let (_, public) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&public).map_err(|why| no_key(&why))?;
    let own = parsed.public_key();
    Ok(own.subject_public_key == public.subject_public_key && own.algorithm.algorithm == public.algorithm.algorithm)
}

/// The same, of a certificate as it comes over TLS.
pub(crate) fn facts(der: &[u8]) -> Result<CertificateFacts, Error> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|why| unread(&why))?;
    if !rest.is_empty() {
        return Err(unread(&"something follows it"));
    }
    let time = |seconds: i64| Time::new(seconds, 0).unwrap_or(Time(if seconds < 0 { i64::MIN } else { i64::MAX }));
    let serial = hex(certificate.raw_serial());
    let digits = serial.trim_start_matches('0');
    Ok(CertificateFacts {
        sha256: fingerprint(der),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: if digits.is_empty() { "0".into() } else { digits.to_owned() },
        not_before: time(certificate.validity().not_before.timestamp()),
        not_after: time(certificate.validity().not_after.timestamp()),
        public_key: match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
            Ok(PublicKey::EC(key)) => format!("EC {}", key.key_size()),
            _ => certificate.public_key().algorithm.algorithm.to_id_string(),
        },
    })
}

pub(crate) fn fingerprint(der: &[u8]) -> [u8; 32] {
    Sha256::digest(der).into()
}

fn der(pem: &str) -> Result<CertificateDer<'static>, Error> {
    if pem.len() > LONGEST {
        return Err(unread(&"it is too long for one"));
    }
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|why| unread(&why))
}

fn unread(why: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("reading a certificate: {why}"))
}
