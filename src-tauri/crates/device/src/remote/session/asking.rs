//! What a broker is asked for, and its answers.

use std::sync::mpsc::SyncSender;

use super::super::Ask;
use super::super::wire::{self, Ack, PUBACK, PUBCOMP, PUBREC, PUBREL, SUBACK, UNSUBACK};
use super::super::words::reason;
use super::{Over, Session};

/// Questions to the broker that are unanswered.
const MOST_PENDING: usize = 1_000;

/// What was granted, or why not.
pub(in crate::remote) type Answer = Result<String, String>;

/// A question on its way.
pub(super) struct Pending {
    what: What,
    pub to: SyncSender<Answer>,
}

enum What {
    Publish { qos: u8 },
    Subscribe { filter: String, qos: u8 },
    Unsubscribe { filter: String },
}

impl Session<'_> {
    pub(super) fn acknowledged(&mut self, ack: &Ack, acks: &mut Vec<Vec<u8>>) {
        if ack.kind == PUBREL {
            self.unreleased.remove(&ack.id);
            return acks.push(wire::ack(PUBCOMP, ack.id));
        }
        let failed = ack.code >= 0x80;
        let Some(pending) = self.pending.get(&ack.id) else { return };
        let answer = match (&pending.what, ack.kind) {
            (What::Publish { qos: 2 }, PUBREC) if !failed => return acks.push(wire::ack(PUBREL, ack.id)),
            (What::Publish { qos }, PUBACK | PUBREC | PUBCOMP) => match failed {
                true => Err(reason("the broker does not take the message", ack.code, ack.said.reason)),
                false => Ok(format!("taken by the broker with QoS {qos}")),
            },
            (What::Subscribe { filter, qos }, SUBACK) => match failed {
                // MQTT 3.1.1 has one code for all reasons.
                true if ack.code == 0x80 && ack.said.reason.is_none() => {
                    Err(format!("the broker does not allow to subscribe to '{filter}'"))
                }
                true => Err(reason(
                    &format!("the broker does not allow to subscribe to '{filter}'"),
                    ack.code,
                    ack.said.reason,
                )),
                false => {
                    self.shared.subscribed(filter, *qos, Some(ack.code));
                    Ok(format!("subscribed with QoS {}", ack.code))
                }
            },
            (What::Unsubscribe { .. }, UNSUBACK) if failed => {
                Err(reason("the broker does not end the subscription", ack.code, ack.said.reason))
            }
            (What::Unsubscribe { filter }, UNSUBACK) => {
                self.shared.unsubscribed(filter);
                Ok("no longer subscribed".into())
            }
            _ => return,
        };
        if let (Err(why), What::Subscribe { filter, .. }) = (&answer, &pending.what) {
            self.shared.refused(filter, why);
        }
        if let Some(pending) = self.pending.remove(&ack.id) {
            let _ = pending.to.send(answer); // whoever asked may have gone
        }
    }

    pub(super) async fn ask(&mut self, ask: Ask) -> Result<(), Over> {
        match ask {
            Ask::End => Ok(()),
            Ask::Subscribe { filter, qos, to } => self.subscribe(filter, qos, to).await,
            Ask::Unsubscribe { filter, to } => {
                let Some(id) = self.id(&to) else { return Ok(()) };
                let packet = wire::unsubscribe(self.is_v5(), id, &filter);
                self.ask_with(id, packet, What::Unsubscribe { filter }, to).await
            }
            Ask::Publish { topic, payload, qos, retain, to } => {
                if qos == 0 {
                    let Some(packet) = wire::publish(self.is_v5(), (&topic, &payload), 0, retain, 0) else {
                        let _ = to.send(Err("the message is longer than MQTT can say".into()));
                        return Ok(());
                    };
                    let sent = self.send_safely(packet).await;
                    let _ = to.send(match &sent {
                        Ok(()) => Ok("sent; with QoS 0 no broker says whether it came".into()),
                        Err(_) => Err("the connection was lost while it was sent".into()),
                    });
                    return sent;
                }
                let Some(id) = self.id(&to) else { return Ok(()) };
                let packet = wire::publish(self.is_v5(), (&topic, &payload), qos, retain, id);
                self.ask_with(id, packet, What::Publish { qos }, to).await
            }
        }
    }

    pub(super) async fn subscribe(&mut self, filter: String, qos: u8, to: SyncSender<Answer>) -> Result<(), Over> {
        let Some(id) = self.id(&to) else { return Ok(()) };
        self.shared.subscribed(&filter, qos, None);
        let packet = wire::subscribe(self.is_v5(), id, &filter, qos);
        self.ask_with(id, packet, What::Subscribe { filter, qos }, to).await
    }

    async fn ask_with(
        &mut self,
        id: u16,
        packet: Option<Vec<u8>>,
        what: What,
        to: SyncSender<Answer>,
    ) -> Result<(), Over> {
        let Some(packet) = packet else {
            let _ = to.send(Err("that is longer than MQTT can say".into()));
            return Ok(());
        };
        self.pending.insert(id, Pending { what, to });
        self.send_safely(packet).await
    }

    /// A packet identifier that is free.
    fn id(&mut self, to: &SyncSender<Answer>) -> Option<u16> {
        if self.pending.len() >= MOST_PENDING {
            let _ = to.send(Err(format!("the broker has left {MOST_PENDING} questions unanswered")));
            return None;
        }
        loop {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            if !self.pending.contains_key(&self.next_id) {
                return Some(self.next_id);
            }
        }
    }
}
