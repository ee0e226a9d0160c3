//! One connection to a broker, from its first packet to its last.

mod asking;
mod relay;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};

pub(super) use self::asking::Answer;
use self::asking::Pending;
use super::client;
use super::dial::Link;
use super::settings::{Settings, Version};
use super::tls::words;
use super::{Ask, Shared, now};
use crate::record::{Event, Packet, Record};

/// How long a broker may take to let us in.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// We wanted it.
    Asked,
    /// And whether it may go better in a while.
    Lost { why: String, again: bool },
}

fn lost(why: impl Into<String>) -> Over {
    Over::Lost { why: why.into(), again: true }
}

fn over(why: impl Into<String>) -> Over {
    Over::Lost { why: why.into(), again: false }
}

pub(super) struct Session<'s> {
    settings: &'s Settings,
    shared: &'s Arc<Shared>,
    /// Our end, and theirs.
    ends: (SocketAddr, SocketAddr),
    /// Who waits for the first connection.
    first: Option<SyncSender<Result<(), String>>>,
    /// By which the library is known, and whether it has come.
    name: String,
    is_known: Cell<bool>,
    /// The broker has let us in; and that is safe.
    is_answered: Cell<bool>,
    is_in: Cell<bool>,
    client_id: RefCell<String>,
    /// How many messages with QoS the broker takes at a time.
    most: Cell<Option<u16>>,
    /// What the library was asked for and has not sent yet, in its order; and what it has, by its identifier.
    asking: RefCell<VecDeque<Pending>>,
    pending: RefCell<HashMap<u16, Pending>>,
    /// QoS 2: came, and was not released yet.
    unreleased: RefCell<HashSet<u16>>,
    /// QoS 2: refused, which the library does not know.
    hushed: RefCell<HashSet<u16>>,
}

impl<'s> Session<'s> {
    pub fn new(
        settings: &'s Settings,
        shared: &'s Arc<Shared>,
        ends: (SocketAddr, SocketAddr),
        first: Option<SyncSender<Result<(), String>>>,
    ) -> Session<'s> {
        Session {
            settings,
            shared,
            ends,
            first,
            name: String::new(),
            is_known: Cell::new(false),
            is_answered: Cell::new(false),
            is_in: Cell::new(false),
            client_id: RefCell::new(settings.client_id.clone()),
            most: Cell::new(None),
            asking: RefCell::default(),
            pending: RefCell::default(),
            unreleased: RefCell::default(),
            hushed: RefCell::default(),
        }
    }

    fn is_v5(&self) -> bool {
        self.settings.version == Version::V5
    }

    /// From the CONNECT until something ends it; says what, and whether the broker had let us in.
    pub async fn run(mut self, link: Link, asks: &mut Receiver<Ask>) -> (Over, bool) {
        let Link { mut reads, writes, about, .. } = link;
        let mut fields = about;
        if self.settings.password.is_some() {
            fields.insert("text".into(), "the password in the CONNECT that follows is masked".into());
        }
        self.event("connected", fields);
        let mut rest = BytesMut::new();
        let ended = match self.door().await {
            Err(why) => lost(format!("no room for the connection on this machine: {why}")),
            Ok((listener, port)) => {
                let (client, library) = client::new(self.settings, &self.name, port);
                let (writes, session) = (Mutex::new(writes), &self);
                let relay = async {
                    let stream = match accept(listener).await {
                        Ok(stream) => stream,
                        Err(why) => return lost(words(&why)),
                    };
                    let (from, to) = stream.into_split();
                    tokio::select! {
                        biased;
                        over = session.down(&mut reads, &mut rest, to, &writes, &client) => over,
                        over = session.up(from, &writes) => over,
                    }
                };
                tokio::select! {
                    biased;
                    over = relay => over,
                    over = session.asked(asks, &client) => over,
                    why = library.run() => lost(why),
                    over = session.late() => over,
                }
            }
        };
        let was_in = self.is_in.get();
        self.end(&ended, &rest);
        (ended, was_in)
    }

    /// Where the library comes to us, and the name by which it will be known.
    async fn door(&mut self) -> io::Result<(TcpListener, u16)> {
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(io::Error::other)?;
        self.name = model::hex(&name);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    }

    /// The broker was to have let us in.
    async fn late(&self) -> Over {
        sleep(PATIENCE).await;
        if self.is_in.get() {
            std::future::pending::<()>().await;
        }
        lost("the broker does not answer the CONNECT")
    }

    /// The broker closed the connection, as MQTT 3.1.1 ends everything.
    fn closed(&self) -> Over {
        if !self.is_answered.get() {
            return lost(
                "the broker closes the connection instead of answering; it may not know our certificate or client id",
            );
        }
        let why = "the broker has closed the connection without saying why; a message or filter that it does not allow is the usual reason";
        match self.settings.alone {
            true => lost(why),
            false => over(format!("{why}, or another client that came with the same client id: it is not tried again")),
        }
    }

    /// All answers that are missing will not come.
    fn end(self, over: &Over, rest: &[u8]) {
        let why = match over {
            Over::Asked => "the connection was ended before the broker had answered".to_owned(),
            Over::Lost { why, .. } => format!("the connection was lost before the broker had answered: {why}"),
        };
        for own in self.asking.take().into_iter().chain(self.pending.take().into_values()) {
            let _ = own.to.send(Err(why.clone())); // whoever asked may have gone
        }
        let mut fields = Map::new();
        fields.insert("broker".into(), self.settings.url().into());
        let reason = if let Over::Lost { why, .. } = over { why.as_str() } else { "asked" };
        fields.insert("reason".into(), reason.into());
        if !rest.is_empty() {
            let rest = rest.get(..rest.len().min(2_048)).unwrap_or_default();
            fields.insert("rest_hex".into(), model::hex(rest).into());
        }
        self.event("disconnected", fields);
    }

    fn keep(&self, up: bool, bytes: Vec<u8>) -> u64 {
        let (ours, theirs) = self.ends;
        let (from, to) = if up { (ours, theirs) } else { (theirs, ours) };
        self.shared.recorder.keep(Record::Packet(Packet { at: now(), from, to, bytes, refused: None }))
    }

    fn event(&self, act: &'static str, fields: Map<String, Value>) {
        let thing = Some(self.client_id.borrow().clone()).filter(|id| !id.is_empty());
        self.shared.recorder.keep(Record::Event(Event { at: now(), between: Some(self.ends), act, thing, fields }));
    }
}

/// Takes one connection from this machine, and no other.
async fn accept(listener: TcpListener) -> io::Result<TcpStream> {
    loop {
        let come = timeout(PATIENCE, listener.accept()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let (stream, from) = come?;
        if from.ip().is_loopback() {
            let _ = stream.set_nodelay(true); // only slower, if not
            return Ok(stream);
        }
    }
}
