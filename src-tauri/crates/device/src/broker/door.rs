//! The door: whoever comes is asked for a certificate, and whoever has none that is good stays outside - and on record.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use model::hex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::bench::{Bench, Ends};
use super::connection;
use super::verify::Refusal;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A record that begins a handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Lets in who may, for ever.
pub async fn open(bench: Arc<Bench>, listener: TcpListener, tls: TlsAcceptor, most: usize) {
    let room = Arc::new(Semaphore::new(most));
    loop {
        // It is never closed.
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, device)) => {
                let (bench, tls) = (bench.clone(), tls.clone());
                tokio::spawn(async move {
                    if let Ok(ends) = stream.local_addr().map(|bench| Ends { device, bench }) {
                        receive(bench, tls, stream, ends).await;
                    }
                    drop(permit);
                });
            }
            // No room for more files, or a peer that has gone already.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn receive(bench: Arc<Bench>, tls: TlsAcceptor, stream: TcpStream, ends: Ends) {
    let _ = stream.set_nodelay(true);
    let refusal = match timeout(HANDSHAKE, shake(tls, stream)).await {
        Ok(Ok(stream)) => return connection::serve(&bench, stream, ends).await,
        Ok(Err(refusal)) => refusal,
        Err(_) => Refusal::new("HANDSHAKE_TIMEOUT", "the TLS handshake took too long"),
    };
    bench.refused(ends, &refusal);
}

async fn shake(tls: TlsAcceptor, stream: TcpStream) -> Result<TlsStream<TcpStream>, Refusal> {
    let gone = |why: io::Error| Refusal::new("NO_TLS", why.to_string());
    let mut first = [0; 64];
    let len = stream.peek(&mut first).await.map_err(gone)?;
    match first.get(..len) {
        Some([TLS_HANDSHAKE, ..]) => tls.accept(stream).await.map_err(|why| Refusal::of(&why)),
        Some([]) | None => Err(Refusal::new("NO_TLS", "it closed without a word")),
        Some(said) => Err(Refusal::new("NO_TLS", format!("it began with {}", hex(said)))),
    }
}
