//! The way to a broker: TCP, perhaps TLS, perhaps WebSocket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::settings::Settings;
use super::tls::{handshake_words, words};
use super::wire;

/// How long each step of coming there may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long writing may take.
const WRITING: Duration = Duration::from_secs(20);
/// What is read at once.
const PIECE: usize = 64 << 10;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that stands; both its directions go on by themselves.
pub(super) struct Link {
    pub reads: Reads,
    pub writes: Writes,
    /// Our end, and theirs.
    pub ends: (SocketAddr, SocketAddr),
    /// What can be said of it: names, versions, certificates.
    pub about: Map<String, Value>,
}

pub(super) enum Reads {
    Plain(ReadHalf<Box<dyn Stream>>),
    WebSocket(SplitStream<WebSocketStream<Box<dyn Stream>>>),
}

pub(super) enum Writes {
    Plain(WriteHalf<Box<dyn Stream>>),
    WebSocket(SplitSink<WebSocketStream<Box<dyn Stream>>, Message>),
}

/// Comes to the broker, as far as its door.
pub(super) async fn dial(settings: &Settings, tls: Option<Arc<ClientConfig>>) -> Result<Link, String> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let found = timeout(PATIENCE, lookup_host((host, port))).await.unwrap_or_else(|_| Err(late()));
    let found: Vec<SocketAddr> = found.map_err(|why| format!("{host} was not found: {why}"))?.collect();
    let tcp = timeout(PATIENCE, TcpStream::connect(&found[..])).await.unwrap_or_else(|_| Err(late()));
    let tcp = tcp.map_err(|why| format!("connecting to {host}:{port}: {}", words(&why)))?;
    let _ = tcp.set_nodelay(true); // only slower, if not
    let ends = tcp.local_addr().and_then(|ours| Ok((ours, tcp.peer_addr()?))).map_err(|why| words(&why))?;
    let mut about = Map::new();
    about.insert("broker".into(), settings.url().into());
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(tcp),
        Some(config) => {
            let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("'{host}' is no name of a server"))?;
            let shaken = timeout(PATIENCE, TlsConnector::from(config).connect(name, tcp)).await;
            let stream = shaken.unwrap_or_else(|_| Err(late())).map_err(|why| handshake_words(&why))?;
            let (_, session) = stream.get_ref();
            if let Some(version) = session.protocol_version() {
                about.insert("tls".into(), format!("{version:?}").into());
            }
            if let Some(suite) = session.negotiated_cipher_suite() {
                about.insert("cipher".into(), format!("{:?}", suite.suite()).into());
            }
            if let Some(own) = session.peer_certificates().and_then(<[_]>::first) {
                about.insert("certificate".into(), model::hex(&Sha256::digest(own)).into());
            }
            if let Some(alpn) = session.alpn_protocol() {
                about.insert("alpn".into(), String::from_utf8_lossy(alpn).into_owned().into());
            }
            Box::new(stream)
        }
    };
    let (reads, writes) = match &settings.websocket {
        None => {
            let (reads, writes) = tokio::io::split(stream);
            (Reads::Plain(reads), Writes::Plain(writes))
        }
        Some(_) => {
            about.insert("websocket".into(), json!(true));
            let (writes, reads) = websocket(settings, stream).await?.split();
            (Reads::WebSocket(reads), Writes::WebSocket(writes))
        }
    };
    Ok(Link { reads, writes, ends, about })
}

async fn websocket(settings: &Settings, stream: Box<dyn Stream>) -> Result<WebSocketStream<Box<dyn Stream>>, String> {
    let url = settings.url();
    let mut request = url.as_str().into_client_request().map_err(|why| format!("{url}: {why}"))?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(wire::LONGEST))
        .max_frame_size(Some(wire::LONGEST))
        .max_write_buffer_size(wire::LONGEST * 2);
    let shaken = timeout(PATIENCE, client_async_with_config(request, stream, Some(config))).await;
    match shaken {
        Err(_) => Err(words(&late())),
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(tungstenite::Error::Http(answer))) => {
            Err(format!("the broker does not take up a WebSocket at {url}: it answers {}", answer.status()))
        }
        Ok(Err(tungstenite::Error::Io(why))) => Err(words(&why)),
        Ok(Err(why)) => Err(format!("the broker does not take up a WebSocket at {url}: {why}")),
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl Reads {
    /// Puts what comes behind what is there already; 0: nothing more will.
    pub async fn read(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        match self {
            Reads::Plain(stream) => {
                into.reserve(PIECE);
                stream.read_buf(into).await
            }
            Reads::WebSocket(stream) => loop {
                match stream.next().await {
                    None | Some(Ok(Message::Close(_))) => return Ok(0),
                    Some(Ok(Message::Binary(bytes))) if !bytes.is_empty() => {
                        into.extend_from_slice(&bytes);
                        return Ok(bytes.len());
                    }
                    // MQTT comes in binary frames (MQTT 5 section 6); pings are answered by the library.
                    Some(Ok(Message::Text(_))) => {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "the broker sends text where MQTT is binary",
                        ));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(why)) => return Err(into_io(why)),
                }
            },
        }
    }
}

impl Writes {
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let write = async {
            match self {
                Writes::Plain(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Writes::WebSocket(stream) => stream.send(Message::Binary(bytes.to_vec().into())).await.map_err(into_io),
            }
        };
        timeout(WRITING, write).await.unwrap_or_else(|_| Err(late()))
    }

    /// Says goodbye, as far as that is possible.
    pub async fn close(&mut self) {
        let goodbye = async {
            match self {
                Writes::Plain(stream) => stream.shutdown().await,
                Writes::WebSocket(stream) => stream.send(Message::Close(None)).await.map_err(into_io),
            }
        };
        let _ = timeout(Duration::from_secs(1), goodbye).await; // it may be gone already
    }
}

fn into_io(why: tungstenite::Error) -> io::Error {
    match why {
        tungstenite::Error::Io(why) => why,
        why => io::Error::other(why),
    }
}
