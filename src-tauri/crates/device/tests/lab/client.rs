//! A client that says what it is told to, byte for byte.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use device::authority::Issued;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::Lab;
use super::mqtt::{Came, Connect, Message, V, ack, publish, subscribe};

/// Longer than anything takes that is to come.
const SOON: Duration = Duration::from_secs(10);
/// Long enough for what is not to come.
const QUIET: Duration = Duration::from_millis(300);

pub struct Client {
    stream: TlsStream<TcpStream>,
    came: Vec<u8>,
    pub version: V,
}

/// TLS as a device sets it up.
pub fn config(root_pem: &str, own: Option<&Issued>) -> Arc<ClientConfig> {
    config_of(ALL_VERSIONS, root_pem, own)
}

pub fn config_of(
    versions: &[&'static SupportedProtocolVersion],
    root_pem: &str,
    own: Option<&Issued>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let Some(own) = own else { return Arc::new(builder.with_no_client_auth()) };
    let chain = vec![CertificateDer::from_pem_slice(own.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(own.private_key_pem.as_bytes()).unwrap();
    Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
}

impl Client {
    /// TLS alone. With TLS 1.3 a refusal shows only when something is read.
    pub async fn open(lab: &Lab, own: Option<&Issued>) -> io::Result<Client> {
        Client::open_with(lab, config(lab.authority.certificate_pem(), own)).await
    }

    pub async fn open_with(lab: &Lab, config: Arc<ClientConfig>) -> io::Result<Client> {
        let connector = TlsConnector::from(config);
        let stream = TcpStream::connect(lab.at()).await?;
        stream.set_nodelay(true)?;
        let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        Ok(Client { stream, came: vec![], version: V::V3 })
    }

    /// Says CONNECT, and gives the CONNACK; `None`: the connection was closed instead.
    pub async fn connect(lab: &Lab, own: &Issued, connect: &Connect<'_>) -> (Client, Option<Came>) {
        let mut client = Client::open(lab, Some(own)).await.unwrap();
        client.version = connect.version;
        client.say(&connect.bytes()).await;
        let connack = client.hear().await;
        (client, connack)
    }

    /// One that was let in.
    pub async fn come(lab: &Lab, own: &Issued, connect: Connect<'_>) -> Client {
        let (client, connack) = Client::connect(lab, own, &connect).await;
        let connack = connack.expect("a CONNACK");
        assert_eq!((connack.kind, connack.body[1]), (2, 0), "{connack:x?}");
        client
    }

    pub async fn say(&mut self, bytes: &[u8]) {
        // Who was sent away finds out by hearing.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// The next packet; `None`: the connection has ended.
    pub async fn hear(&mut self) -> Option<Came> {
        timeout(SOON, self.next()).await.expect("something is said, or the connection ends")
    }

    async fn next(&mut self) -> Option<Came> {
        loop {
            if let Some(came) = Came::take(&mut self.came) {
                return Some(came);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(len @ 1..) => self.came.extend_from_slice(&buffer[..len]),
                _ => return None,
            }
        }
    }

    /// What comes within a short while, if anything does.
    pub async fn hears_soon(&mut self) -> Option<Came> {
        timeout(QUIET, self.next()).await.ok().flatten()
    }

    /// What has come by now, or the end of it.
    pub async fn hears_now(mut self) -> Option<Came> {
        timeout(Duration::from_millis(5), self.next()).await.ok().flatten()
    }

    /// Neither a packet nor the end.
    pub async fn hears_nothing(&mut self) {
        if let Ok(came) = timeout(QUIET, self.next()).await {
            panic!("{came:x?}");
        }
    }

    /// Subscribes, and gives the codes.
    pub async fn subscribe(&mut self, filters: &[(&str, u8)]) -> Vec<u8> {
        self.say(&subscribe(self.version, 77, filters)).await;
        let suback = self.hear().await.expect("a SUBACK");
        assert_eq!((suback.kind, suback.id()), (9, 77), "{suback:x?}");
        suback.body[suback.body.len() - filters.len()..].to_vec()
    }

    /// Publishes with QoS 1 and waits until it is acknowledged.
    pub async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.say(&publish(self.version, topic, payload, 1, 5)).await;
        let puback = self.hear().await.expect("a PUBACK");
        assert_eq!((puback.kind, puback.id()), (4, 5), "{puback:x?}");
    }

    /// The next message, acknowledged if it is to be (QoS 2 as far as PUBREC).
    pub async fn message(&mut self) -> Message {
        let message = self.hear().await.expect("a message").message(self.version);
        match message.qos {
            1 => self.say(&ack(4, message.id)).await,
            2 => self.say(&ack(5, message.id)).await,
            _ => {}
        }
        message
    }

    /// Ends the connection without a word.
    pub async fn vanish(self) {
        let (tcp, _) = self.stream.into_inner();
        drop(tcp);
    }
}
