//! One connection to a broker, from its first packet to its last.

mod asking;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use serde_json::{Map, Value};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until, timeout};

pub(super) use self::asking::Answer;
use self::asking::Pending;
use super::dial::Link;
use super::settings::{Settings, Version};
use super::tls::words;
use super::wire::{self, Connack, PUBACK, PUBREC, Publish, Received};
use super::words::{reason, refused};
use super::{Ask, Shared, now};
use crate::record::{Event, Packet, Record};

/// How long a broker may take to let us in.
const PATIENCE: Duration = Duration::from_secs(15);

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
    link: Link,
    buffer: BytesMut,
    pending: HashMap<u16, Pending>,
    next_id: u16,
    /// QoS 2: came, and was not released yet.
    unreleased: HashSet<u16>,
    keep_alive: Duration,
    /// When we said something last, and since when an answer to a ping is missing.
    said: Instant,
    pinged: Option<Instant>,
    client_id: String,
}

impl<'s> Session<'s> {
    pub fn new(settings: &'s Settings, shared: &'s Arc<Shared>, link: Link) -> Session<'s> {
        Session {
            settings,
            shared,
            link,
            buffer: BytesMut::new(),
            pending: HashMap::new(),
            next_id: 0,
            unreleased: HashSet::new(),
            keep_alive: Duration::from_secs(settings.keep_alive.into()),
            said: Instant::now(),
            pinged: None,
            client_id: settings.client_id.clone(),
        }
    }

    fn is_v5(&self) -> bool {
        self.settings.version == Version::V5
    }

    /// Is let in, and takes up what was subscribed to.
    pub async fn begin(&mut self) -> Result<(), Over> {
        let settings = self.settings;
        let mut fields = self.link.about.clone();
        if settings.password.is_some() {
            fields.insert("text".into(), "the password in the CONNECT that follows is masked".into());
        }
        self.event("connected", fields);
        let password = settings.password.as_ref().map(|secret| secret.0.as_slice());
        let say = wire::Connect {
            is_v5: self.is_v5(),
            clean: settings.clean,
            keep_alive: settings.keep_alive,
            id: &settings.client_id,
            user: settings.user.as_deref(),
            password,
        };
        let long = || over("client id, user or password is too long");
        let connect = wire::connect(&say).ok_or_else(long)?;
        let stars = password.map(|password| vec![b'*'; password.len()]);
        let shown = wire::connect(&wire::Connect { password: stars.as_deref(), ..say }).ok_or_else(long)?;
        self.keep(true, shown, None);
        self.link.write(&connect).await.map_err(|why| lost(words(&why)))?;
        self.said = Instant::now();
        let until = Instant::now() + PATIENCE;
        let packet = loop {
            if let Some(packet) = self.cut()? {
                break packet;
            }
            let read = timeout(until.saturating_duration_since(Instant::now()), self.link.read(&mut self.buffer)).await;
            match read {
                Err(_) => return Err(lost("the broker does not answer the CONNECT")),
                Ok(Err(why)) => return Err(lost(words(&why))),
                Ok(Ok(0)) => {
                    return Err(lost(
                        "the broker closes the connection instead of answering; it may not know our certificate or client id",
                    ));
                }
                Ok(Ok(_)) => {}
            }
        };
        self.keep(false, packet.clone(), None);
        let Ok(Received::Connack(answer)) = wire::read(&packet, self.is_v5()) else {
            return Err(over("what answers the CONNECT is no CONNACK: it is no MQTT broker, or of another version"));
        };
        let present = answer.session_present;
        self.let_in(&answer)?;
        let wanted: Vec<(String, u8)> = self.shared.wanted();
        if !present {
            for (filter, qos) in wanted {
                let (to, _) = std::sync::mpsc::sync_channel(1);
                self.subscribe(filter, qos, to).await?;
            }
        }
        Ok(())
    }

    fn let_in(&mut self, answer: &Connack) -> Result<(), Over> {
        if answer.code != 0 {
            let mut why = refused(answer.code, self.is_v5(), answer.said.reason);
            if let Some(server) = answer.said.server {
                why.push_str(&format!("; it names {}", server.chars().take(200).collect::<String>()));
            }
            // Not available, busy: later it may go.
            let again = matches!((self.is_v5(), answer.code), (false, 3) | (true, 0x88 | 0x89 | 0x9f));
            return Err(Over::Lost { why, again });
        }
        if let Some(id) = answer.said.assigned_id {
            self.client_id = id.to_owned();
        }
        if let Some(seconds) = answer.said.keep_alive {
            self.keep_alive = Duration::from_secs(seconds.into());
        }
        self.shared.let_in(&self.client_id);
        Ok(())
    }

    /// Goes on until something ends it.
    pub async fn run(&mut self, asks: &mut Receiver<Ask>) -> Over {
        loop {
            let wakes = self.wakes();
            let ended = match self.packets().await {
                Err(over) => Some(over),
                Ok(()) => tokio::select! {
                    read = self.link.read(&mut self.buffer) => match read {
                        Ok(0) => Some(self.closed()),
                        Ok(_) => None,
                        Err(why) => Some(lost(words(&why))),
                    },
                    ask = asks.recv() => match ask {
                        None | Some(Ask::End) => Some(Over::Asked),
                        Some(ask) => self.ask(ask).await.err(),
                    },
                    () = sleep_until(wakes) => self.tick().await.err(),
                },
            };
            if let Some(over) = ended {
                if over == Over::Asked {
                    let _ = self.send(wire::disconnect()).await; // it may be gone already
                    self.link.close().await;
                }
                return over;
            }
        }
    }

    /// The broker closed the connection, as MQTT 3.1.1 ends everything.
    fn closed(&self) -> Over {
        let why = "the broker has closed the connection without saying why; a message or filter that it does not allow is the usual reason";
        match self.settings.alone {
            true => lost(why),
            false => over(format!("{why}, or another client that came with the same client id: it is not tried again")),
        }
    }

    /// All answers that are missing will not come.
    pub fn end(mut self, over: &Over) {
        let why = match over {
            Over::Asked => "the connection was ended before the broker had answered".to_owned(),
            Over::Lost { why, .. } => format!("the connection was lost before the broker had answered: {why}"),
        };
        for (_, pending) in self.pending.drain() {
            let _ = pending.to.send(Err(why.clone())); // whoever asked may have gone
        }
        let mut fields = Map::new();
        fields.insert("broker".into(), self.settings.url().into());
        let reason = if let Over::Lost { why, .. } = over { why.as_str() } else { "asked" };
        fields.insert("reason".into(), reason.into());
        if !self.buffer.is_empty() {
            let rest = self.buffer.get(..self.buffer.len().min(2_048)).unwrap_or_default();
            fields.insert("rest_hex".into(), model::hex(rest).into());
        }
        self.event("disconnected", fields);
    }

    /// Cuts the next packet out of what came.
    fn cut(&mut self) -> Result<Option<Vec<u8>>, Over> {
        match wire::cut(&self.buffer) {
            Ok(Some(length)) => {
                let packet = self.buffer.get(..length).unwrap_or_default().to_vec();
                self.buffer.advance(packet.len());
                Ok(Some(packet))
            }
            Ok(None) => Ok(None),
            Err(why) => Err(over(why)),
        }
    }

    /// Reads all packets that are there; what has to be acknowledged is, when it is safe.
    async fn packets(&mut self) -> Result<(), Over> {
        let (mut acks, mut last) = (Vec::new(), 0);
        while let Some(packet) = self.cut()? {
            last = self.keep(false, packet.clone(), None);
            match wire::read(&packet, self.is_v5()) {
                Ok(Received::Publish(publish)) => self.publish(&publish, &mut acks),
                Ok(Received::Ack(ack)) => self.acknowledged(&ack, &mut acks),
                Ok(Received::PingResp) => self.pinged = None,
                Ok(Received::Disconnect(code, said)) => {
                    let again = !matches!(code, 0x81 | 0x82 | 0x83 | 0x87 | 0x8a | 0x8c | 0x8e | 0x98 | 0x9c | 0x9d);
                    let why = reason("the broker has ended the connection", code, said.reason);
                    return Err(Over::Lost { why, again });
                }
                Ok(Received::Connack(_)) => return Err(over("the broker sends a second CONNACK")),
                Err(why) => return Err(over(why)),
            }
        }
        if !acks.is_empty() {
            let safe = self.shared.recorder.safe(last).await;
            safe.map_err(|why| over(format!("what came could not be kept, so that it is not acknowledged: {why}")))?;
            for ack in acks {
                self.send(ack).await?;
            }
        }
        Ok(())
    }

    fn publish(&mut self, publish: &Publish, acks: &mut Vec<Vec<u8>>) {
        let again = publish.qos == 2 && !self.unreleased.insert(publish.id);
        match publish.qos {
            1 => acks.push(wire::ack(PUBACK, publish.id)),
            2 => acks.push(wire::ack(PUBREC, publish.id)),
            _ => {}
        }
        if !again {
            self.shared.came(publish.topic, publish.payload, publish.qos, publish.retain);
        }
    }

    /// What we do is written down for certain before it is done.
    async fn send_safely(&mut self, packet: Vec<u8>) -> Result<(), Over> {
        let number = self.keep(true, packet.clone(), None);
        let safe = self.shared.recorder.safe(number).await;
        safe.map_err(|why| over(format!("what is sent could not be kept, so that it is not sent: {why}")))?;
        self.write(&packet).await
    }

    async fn send(&mut self, packet: Vec<u8>) -> Result<(), Over> {
        self.keep(true, packet.clone(), None);
        self.write(&packet).await
    }

    async fn write(&mut self, packet: &[u8]) -> Result<(), Over> {
        self.said = Instant::now();
        self.link.write(packet).await.map_err(|why| lost(words(&why)))
    }

    fn wakes(&self) -> Instant {
        match (self.keep_alive, self.pinged) {
            (Duration::ZERO, _) => Instant::now() + Duration::from_secs(3_600),
            (keep_alive, Some(pinged)) => pinged + keep_alive.max(Duration::from_secs(5)),
            (keep_alive, None) => self.said + keep_alive * 3 / 4,
        }
    }

    async fn tick(&mut self) -> Result<(), Over> {
        if self.keep_alive.is_zero() {
            return Ok(());
        }
        if self.pinged.is_some() {
            return Err(lost("the broker does not answer any more"));
        }
        self.pinged = Some(Instant::now());
        self.send(wire::pingreq()).await
    }

    fn keep(&self, up: bool, bytes: Vec<u8>, refused: Option<String>) -> u64 {
        let (ours, theirs) = self.link.ends;
        let (from, to) = if up { (ours, theirs) } else { (theirs, ours) };
        self.shared.recorder.keep(Record::Packet(Packet { at: now(), from, to, bytes, refused }))
    }

    fn event(&self, act: &'static str, fields: Map<String, Value>) {
        let thing = Some(self.client_id.clone()).filter(|id| !id.is_empty());
        self.shared.recorder.keep(Record::Event(Event {
            at: now(),
            between: Some(self.link.ends),
            act,
            thing,
            fields,
        }));
    }
}
