//! Connections that are open at once, and how long one may be silent.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Whoever comes then waits for one to end.
const MOST: usize = 512;
/// A connection from which nothing comes is closed: access points report every 30 seconds or so, and connect again.
const SILENCE: Duration = Duration::from_secs(45);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Connections>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// A listener with room for so many.
pub struct Connections {
    listener: TcpListener,
    room: Arc<Semaphore>,
    tls: Option<TlsAcceptor>,
    /// Handshakes that go on, beside each other.
    shaking: JoinSet<Option<(Connection, SocketAddr)>>,
}

impl Connections {
    pub fn new(listener: TcpListener, tls: Option<TlsAcceptor>) -> Connections {
        Connections { listener, room: Arc::new(Semaphore::new(MOST)), tls, shaking: JoinSet::new() }
    }
}

/// The next one who comes, when there is room.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // It is never closed.
        let Ok(permit) = room.clone().acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            // No room for more files, or a peer that has gone already.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            tokio::select! {
                Some(shaken) = self.shaking.join_next() => {
                    if let Ok(Some(ready)) = shaken {
                        return ready;
                    }
                }
                (stream, peer, permit) = next(&self.listener, &self.room) => match self.tls.clone() {
                    None => return (Connection::new(Stream::Plain(stream), permit), peer),
                    Some(tls) => drop(self.shaking.spawn(async move {
                        let shaken = timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()?;
                        Some((Connection::new(Stream::Tls(Box::new(shaken)), permit), peer))
                    })),
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A stream that ends when nothing comes for too long.
pub struct Connection {
    stream: Stream,
    quiet: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    fn new(stream: Stream, permit: OwnedSemaphorePermit) -> Connection {
        Connection { stream, quiet: Box::pin(sleep(SILENCE)), _permit: permit }
    }
}

/// The same, whichever it is.
macro_rules! stream {
    ($connection:expr, $stream:ident => $do:expr) => {
        match &mut $connection.stream {
            Stream::Plain($stream) => $do,
            Stream::Tls($stream) => $do,
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, into: &mut ReadBuf) -> Poll<io::Result<()>> {
        match stream!(self, stream => Pin::new(stream).poll_read(cx, into)) {
            Poll::Ready(read) => {
                self.quiet.as_mut().reset(Instant::now() + SILENCE);
                Poll::Ready(read)
            }
            Poll::Pending => self.quiet.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        stream!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        stream!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        stream!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
