//! Between the broker and the library that speaks for us: whole packets, each of which is safe before it goes on.
//!
//! What a broker says is read here first, so that the library is handed nothing malformed, and no answers to what it did not ask.

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex;

use super::super::client::Client;
use super::super::dial::{Reads, Writes};
use super::super::tls::words;
use super::super::wire::{self, Connack, PUBCOMP, PUBREL, Publish, Received};
use super::super::words::{reason, refused};
use super::asking::Pending;
use super::{Over, Session, lost, over};
use crate::packet;

/// What the library sends.
enum Sent {
    /// With what it answers, if nothing else does.
    On(Vec<u8>, Option<Pending>),
    /// It stays here.
    Kept,
}

impl Session<'_> {
    /// From the library to the broker.
    pub(super) async fn up(&self, mut library: OwnedReadHalf, writes: &Mutex<Writes>) -> Over {
        let mut buffer = BytesMut::new();
        loop {
            match self.up_all(&mut buffer, writes).await {
                Err(over) => return over,
                Ok(()) => match library.read_buf(&mut buffer).await {
                    // It ends, and says why.
                    Ok(0) | Err(_) => std::future::pending().await,
                    Ok(_) => {}
                },
            }
        }
    }

    async fn up_all(&self, buffer: &mut BytesMut, writes: &Mutex<Writes>) -> Result<(), Over> {
        let (mut goes, mut last) = (Vec::new(), 0);
        while let Some(packet) = wire::cut(buffer).map_err(over)? {
            let shown = if self.is_known.get() { packet } else { self.known(&packet)? };
            if let Sent::On(packet, pending) = self.sent(shown)? {
                last = self.keep(true, packet.clone());
                let is_goodbye = packet::kind(&packet) == packet::DISCONNECT;
                goes.push((packet, pending));
                if is_goodbye {
                    break; // nothing follows it
                }
            }
        }
        if goes.is_empty() {
            return Ok(());
        }
        let safe = self.shared.recorder.safe(last).await;
        safe.map_err(|why| over(format!("what is sent could not be kept, so that it is not sent: {why}")))?;
        for (mut packet, pending) in goes {
            let kind = packet::kind(&packet);
            if kind == packet::CONNECT {
                self.unmask(&mut packet);
            }
            let mut writes = writes.lock().await;
            writes.write(&packet).await.map_err(|why| lost(words(&why)))?;
            if kind == packet::DISCONNECT {
                writes.close().await;
                return Err(Over::Asked);
            }
            if let Some(pending) = pending {
                // Whoever asked may have gone.
                let _ = pending.to.send(Ok("sent; with QoS 0 no broker says whether it came".into()));
            }
        }
        Ok(())
    }

    /// The library's CONNECT as ours, if it is the library that came: nobody else knows its name.
    fn known(&self, packet: &[u8]) -> Result<Vec<u8>, Over> {
        match packet::Connect::read(packet) {
            Ok(connect) if connect.id == self.name => {
                self.is_known.set(true);
                let settings = self.settings;
                let is_off = settings.keep_alive == 0;
                let keep_alive = if is_off { 0 } else { connect.keep_alive };
                Ok(connect.with(packet, &settings.client_id, keep_alive))
            }
            _ => Err(lost("another program of this machine came in between")),
        }
    }

    /// Puts the password, which is all at the end, in its place.
    fn unmask(&self, connect: &mut [u8]) {
        let Some(password) = &self.settings.password else { return };
        if let Some(place) = connect.len().checked_sub(password.0.len()).and_then(|at| connect.get_mut(at..)) {
            place.copy_from_slice(&password.0);
        }
    }

    fn sent(&self, packet: Vec<u8>) -> Result<Sent, Over> {
        let wrong = |_| over("what we would say is no MQTT");
        let pending = match packet::kind(&packet) {
            packet::PUBLISH => {
                let version = if self.is_v5() { packet::Version::V5 } else { packet::Version::V3 };
                self.goes(packet::Publish::read(&packet, version).map_err(wrong)?.id)
            }
            packet::SUBSCRIBE | packet::UNSUBSCRIBE => self.goes(Some(packet::identifier(&packet).map_err(wrong)?)),
            kind @ PUBREL if self.is_hushed(kind, packet::identifier(&packet).map_err(wrong)?) => {
                return Ok(Sent::Kept);
            }
            _ => None,
        };
        Ok(Sent::On(packet, pending))
    }

    /// From the broker to the library.
    pub(super) async fn down(
        &self,
        reads: &mut Reads,
        buffer: &mut BytesMut,
        mut library: OwnedWriteHalf,
        writes: &Mutex<Writes>,
        client: &Client,
    ) -> Over {
        loop {
            match self.down_all(buffer, &mut library, writes, client).await {
                Err(over) => return over,
                Ok(true) => {}
                Ok(false) => match reads.read(buffer).await {
                    Ok(0) => return self.closed(),
                    Ok(_) => {}
                    Err(why) => return lost(words(&why)),
                },
            }
        }
    }

    /// What is there, but a CONNACK by itself; `false`: no packet is there any more.
    async fn down_all(
        &self,
        buffer: &mut BytesMut,
        library: &mut OwnedWriteHalf,
        writes: &Mutex<Writes>,
        client: &Client,
    ) -> Result<bool, Over> {
        let (mut handed, mut ended, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut last, mut present) = (None, None);
        while let Some(packet) = wire::cut_theirs(buffer).map_err(over)? {
            last = Some(self.keep(false, packet.clone()));
            match wire::read(&packet, self.is_v5()) {
                Ok(Received::Connack(answer)) if !self.is_answered.get() => {
                    self.let_in(&answer)?;
                    present = Some(answer.session_present);
                    handed.extend(wire::connack(&answer, self.is_v5()));
                    break;
                }
                _ if !self.is_answered.get() => {
                    return Err(over(
                        "what answers the CONNECT is no CONNACK: it is no MQTT broker, or of another version",
                    ));
                }
                Ok(Received::Publish(publish)) => {
                    self.publish(&publish);
                    handed.extend(packet);
                }
                Ok(Received::Ack(ack)) if ack.kind == PUBREL => match self.unreleased.borrow_mut().remove(&ack.id) {
                    true => handed.extend(wire::ack(PUBREL, ack.id)),
                    // Of a session before: the library knows nothing of it.
                    false => ended.push(wire::ack(PUBCOMP, ack.id).to_vec()),
                },
                Ok(Received::Ack(ack)) => handed.extend(self.acknowledged(&ack, &packet, &mut answers)),
                Ok(Received::PingResp) => handed.extend(packet),
                Ok(Received::Disconnect(code, said)) => {
                    let again = !matches!(code, 0x81 | 0x82 | 0x83 | 0x87 | 0x8a | 0x8c | 0x8e | 0x98 | 0x9c | 0x9d);
                    let why = reason("the broker has ended the connection", code, said.reason);
                    return Err(Over::Lost { why, again });
                }
                Ok(Received::Connack(_)) => return Err(over("the broker sends a second CONNACK")),
                Err(why) => return Err(over(why)),
            }
        }
        let Some(mut last) = last else { return Ok(false) };
        for answer in &ended {
            last = self.keep(true, answer.clone());
        }
        let safe = self.shared.recorder.safe(last).await;
        safe.map_err(|why| over(format!("what came could not be kept, so that it is not acknowledged: {why}")))?;
        for answer in ended {
            writes.lock().await.write(&answer).await.map_err(|why| lost(words(&why)))?;
        }
        if library.write_all(&handed).await.is_err() {
            std::future::pending::<()>().await; // it ends, and says why
        }
        for (to, answer) in answers {
            let _ = to.send(answer); // whoever asked may have gone
        }
        if let Some(present) = present {
            self.is_in.set(true);
            self.shared.stands(super::super::Standing::Connected, None);
            if let Some(first) = &self.first {
                let _ = first.send(Ok(())); // whoever asked may have gone
            }
            if !present {
                self.subscribe_again(client);
            }
        }
        Ok(true)
    }

    fn let_in(&self, answer: &Connack) -> Result<(), Over> {
        if answer.code != 0 {
            let mut why = refused(answer.code, self.is_v5(), answer.said.reason);
            if let Some(server) = answer.said.server {
                why.push_str(&format!("; it names {}", server.chars().take(200).collect::<String>()));
            }
            // Not available, busy: later it may go.
            let again = matches!((self.is_v5(), answer.code), (false, 3) | (true, 0x88 | 0x89 | 0x9f));
            return Err(Over::Lost { why, again });
        }
        self.is_answered.set(true);
        if let Some(id) = answer.said.assigned_id {
            *self.client_id.borrow_mut() = id.to_owned();
        }
        self.most.set(answer.said.most);
        self.shared.let_in(&self.client_id.borrow());
        Ok(())
    }

    fn publish(&self, publish: &Publish) {
        let again = publish.qos == 2 && !self.unreleased.borrow_mut().insert(publish.id);
        if !again {
            self.shared.came(publish.topic, publish.payload, publish.qos, publish.retain);
        }
    }
}
