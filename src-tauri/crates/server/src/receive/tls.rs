//! The certificate that the door shows.

use std::sync::Arc;

use app::TlsFiles;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, ServerConfig};

/// TLS 1.2 and 1.3 with the certificate and key of these files (PEM). Err: what is wrong with them.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let TlsFiles { certificate, key } = files;
    let of = |path: &std::path::Path, why: String| format!("reading {}: {why}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|why| of(certificate, why.to_string()))?;
    if chain.is_empty() {
        return Err(of(certificate, "there is no certificate in it".into()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| of(key, why.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private));
    let fits = |why: Error| format!("the certificate of {} and the key do not do: {why}", certificate.display());
    Ok(TlsAcceptor::from(Arc::new(config.map_err(fits)?)))
}
