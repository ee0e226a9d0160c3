//! TLS towards a broker, and what its errors mean.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::settings::{Settings, Tls};

/// How we come over TLS; `None`: without it.
pub(super) fn config(settings: &Settings) -> Result<Option<Arc<ClientConfig>>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|why| format!("TLS: {why}"))?;
    let builder = match &settings.tls {
        Tls::Off => return Ok(None),
        Tls::System => builder.with_root_certificates(of_system()?),
        Tls::Own(path) => builder.with_root_certificates(of_file(path)?),
        Tls::Insecure => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody { provider: provider.clone() }))
        }
    };
    let mut config = match &settings.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|why| format!("reading the private key {}: {why}", key.display()))?;
            builder.with_client_auth_cert(chain, key).map_err(|why| match why {
                Error::InconsistentKeys(_) => "the private key does not belong to the client certificate".to_owned(),
                why => format!("the client certificate can't be used: {why}"),
            })?
        }
    };
    config.alpn_protocols = settings.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Some(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |why: &dyn std::fmt::Display| format!("reading the certificate {}: {why}", path.display());
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|why| failed(&why))?;
    if chain.is_empty() { Err(failed(&"there is none in this file")) } else { Ok(chain) }
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|why| format!("the certificate in {} is no authority's: {why}", path.display()))?;
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this system trusts no authority that could be found; name a file with the broker's".into());
    }
    Ok(roots)
}

/// Believes whoever answers; that they have the key to what they show is still checked.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Of an error while TLS is begun.
pub(super) fn handshake_words(why: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match why.kind() {
        BrokenPipe | ConnectionReset | UnexpectedEof => {
            "the broker breaks off when TLS is begun; is it the port without?".into()
        }
        _ => words(why),
    }
}

/// What an error of the connection means, and what can be done.
pub(super) fn words(why: &io::Error) -> String {
    match why.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(why) => tls_words(why),
        None => match why.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there; check host and port".into(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the broker broke the connection off".into(),
            io::ErrorKind::UnexpectedEof => {
                "the broker closed the connection in the middle; it may be TLS that it wants, or does not want".into()
            }
            io::ErrorKind::TimedOut => "no answer came in time; check the network and the port".into(),
            _ => why.to_string(),
        },
    }
}

fn tls_words(why: &Error) -> String {
    use CertificateError as Bad;
    let words = match why {
        Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "the broker's certificate comes from an authority that is not trusted here; name the file with that authority's certificate"
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the broker's certificate is for another name; connect by the name that it is for"
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the broker's certificate has expired; check this machine's clock"
        }
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the broker's certificate is not valid yet; check this machine's clock"
        }
        Error::InvalidCertificate(Bad::Revoked) => "the broker's certificate was revoked",
        Error::InvalidCertificate(Bad::BadSignature) => {
            "the broker's certificate is forged, or its authority is another of the same name"
        }
        Error::AlertReceived(alert) => return refused(*alert),
        Error::NoApplicationProtocol => "the broker does not speak what ALPN asks for",
        Error::InvalidMessage(_) => "what answers does not speak TLS; is it the port without?",
        Error::PeerIncompatible(_) => "the broker speaks no version of TLS, or no ciphers, that are safe",
        _ => return format!("TLS: {why}"),
    };
    words.into()
}

fn refused(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::CertificateRequired => "the broker wants a client certificate",
        AlertDescription::UnknownCA => "the broker does not know the authority of our certificate",
        AlertDescription::CertificateExpired => "our certificate has expired",
        AlertDescription::CertificateRevoked => "our certificate was revoked",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown | AlertDescription::AccessDenied => {
            "the broker does not accept our certificate"
        }
        AlertDescription::NoApplicationProtocol => "the broker does not speak what ALPN asks for",
        AlertDescription::ProtocolVersion => "the broker does not speak this version of TLS",
        AlertDescription::UnrecognisedName => "the broker does not know itself by this name",
        AlertDescription::HandshakeFailure => {
            "the broker breaks the handshake off; it may want a client certificate, or other ciphers"
        }
        _ => return format!("the broker breaks TLS off ({alert:?})"),
    };
    words.into()
}
