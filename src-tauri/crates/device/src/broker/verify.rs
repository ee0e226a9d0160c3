//! Who may come in: whoever shows a certificate that the registry knows and that is valid now, and has its key.

use std::fmt;
use std::sync::Arc;

use model::Time;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError, RootCertStore,
    ServerConfig, SignatureScheme,
};

use crate::Error;
use crate::authority::Authority;
use crate::certificate;
use crate::clock::now;
use crate::home::Home;

/// Why somebody was not let in.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// A word: `CERTIFICATE_EXPIRED`, `FOREIGN_AUTHORITY`, ...
    pub reason: String,
    /// A sentence.
    pub why: String,
    pub certificate: Option<[u8; 32]>,
    pub thing: Option<String>,
}

impl Refusal {
    pub fn new(reason: &str, why: impl Into<String>) -> Refusal {
        Refusal { reason: reason.into(), why: why.into(), certificate: None, thing: None }
    }

    /// What a failed handshake was about.
    pub fn of(error: &std::io::Error) -> Refusal {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(TlsError::InvalidCertificate(CertificateError::Other(OtherError(inner)))) => {
                match inner.downcast_ref::<Refusal>() {
                    Some(refusal) => refusal.clone(),
                    None => Refusal::new("HANDSHAKE_FAILED", inner.to_string()),
                }
            }
            Some(TlsError::NoCertificatesPresented) => Refusal::new("NO_CERTIFICATE", "it showed no certificate"),
            Some(other) => Refusal::new("HANDSHAKE_FAILED", other.to_string()),
            None => Refusal::new("HANDSHAKE_FAILED", error.to_string()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.why)
    }
}

impl std::error::Error for Refusal {}

/// TLS 1.2 and 1.3 with a certificate of the authority's own, and a certificate wanted of whoever comes. Nothing is resumed: each time who comes is
/// judged anew.
pub fn tls(authority: &Authority, names: &[String], home: Arc<dyn Home>) -> Result<ServerConfig, Error> {
    let failed = |why: &dyn fmt::Display| Error::failed("setting up TLS for the broker", why);
    let provider = Arc::new(ring::default_provider());
    let own = authority.server(names, now())?;
    let pem = |text: &str| CertificateDer::from_pem_slice(text.as_bytes()).map_err(|why| failed(&why));
    let root = pem(authority.certificate_pem())?;
    let key = PrivateKeyDer::from_pem_slice(own.private_key_pem.as_bytes()).map_err(|why| failed(&why))?;
    let verifier = Verifier::new(&root, home, &provider).map_err(|why| failed(&why))?;
    let chain = vec![pem(&own.certificate_pem)?, root];
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_client_cert_verifier(Arc::new(verifier)).with_single_cert(chain, key))
        .map_err(|why| failed(&why))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

struct Verifier {
    home: Arc<dyn Home>,
    /// Tells whether our own authority vouches for one whom the registry does not know.
    ours: Arc<dyn ClientCertVerifier>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(
        root: &CertificateDer<'static>,
        home: Arc<dyn Home>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Verifier, String> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).map_err(|why| why.to_string())?;
        let ours = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        Ok(Verifier { home, ours: ours.map_err(|why| why.to_string())?, provider: provider.clone() })
    }

    fn judge(&self, shown: &CertificateDer, others: &[CertificateDer], at: UnixTime) -> Result<(), Refusal> {
        let sha256 = certificate::fingerprint(shown);
        let refuse = |reason: &str, why: String, thing: Option<String>| {
            Err(Refusal { reason: reason.into(), why, certificate: Some(sha256), thing })
        };
        let facts = match certificate::facts(shown) {
            Ok(facts) => facts,
            Err(why) => return refuse("CERTIFICATE_UNREADABLE", why.to_string(), None),
        };
        let Some(holder) = self.home.holder(&sha256) else {
            // Whether it is valid does not matter any more; an expired one of ours is still ours.
            return match self.ours.verify_client_cert(shown, others, at) {
                Err(TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
                    let why = format!("'{}' was issued by '{}', not by this case", facts.subject, facts.issuer);
                    refuse("FOREIGN_AUTHORITY", why, None)
                }
                _ => refuse("UNKNOWN_CERTIFICATE", format!("'{}' is not registered", facts.subject), None),
            };
        };
        let thing = Some(holder.thing);
        if let Some(barred) = holder.barred {
            return refuse(&barred, format!("the certificate is {barred}"), thing);
        }
        let at = Time(i64::try_from(at.as_secs()).unwrap_or(i64::MAX).saturating_mul(1_000_000_000));
        if at < facts.not_before {
            return refuse("CERTIFICATE_NOT_YET_VALID", format!("valid from {}", facts.not_before), thing);
        }
        if at > facts.not_after {
            return refuse("CERTIFICATE_EXPIRED", format!("valid until {}", facts.not_after), thing);
        }
        Ok(())
    }
}

impl ClientCertVerifier for Verifier {
    /// Whoever has any certificate is to show it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        at: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        match self.judge(shown, others, at) {
            Ok(()) => Ok(ClientCertVerified::assertion()),
            Err(refusal) => Err(CertificateError::Other(OtherError(Arc::new(refusal))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Verifier")
    }
}
