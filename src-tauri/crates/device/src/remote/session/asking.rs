//! What a broker is asked for, and its answers.

use std::sync::mpsc::SyncSender;

use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::super::Ask;
use super::super::client::{Busy, Client};
use super::super::wire::{self, Ack, PUBACK, PUBCOMP, PUBREC, PUBREL, SUBACK, UNSUBACK};
use super::super::words::reason;
use super::{GOODBYE, Over, Session};

/// Questions to the broker that are unanswered.
const MOST_PENDING: usize = 1_000;

/// What was granted, or why not.
pub(in crate::remote) type Answer = Result<String, String>;

/// And to whom it is said.
pub(super) type Answered = (SyncSender<Answer>, Answer);

/// A question on its way.
pub(super) struct Pending {
    pub what: What,
    pub to: SyncSender<Answer>,
}

pub(super) enum What {
    /// QoS 2 has two answers.
    Publish {
        qos: u8,
        received: bool,
    },
    Subscribe {
        filter: String,
        qos: u8,
    },
    Unsubscribe {
        filter: String,
    },
}

impl Session<'_> {
    /// Takes up what was subscribed to.
    pub(super) fn subscribe_again(&self, client: &Client) {
        for (filter, qos) in self.shared.wanted() {
            let (to, _) = std::sync::mpsc::sync_channel(1);
            self.ask(Ask::Subscribe { filter, qos, to }, client);
        }
    }

    /// Asks the library for all that we are asked for, until we are to go.
    pub(super) async fn asked(&self, asks: &mut Receiver<Ask>, client: &Client) -> Over {
        loop {
            match asks.recv().await {
                Some(Ask::End) | None => break,
                Some(ask) => self.ask(ask, client),
            }
        }
        if self.is_in.get() && client.disconnect().is_ok() {
            sleep(GOODBYE).await; // the relay ends it as soon as it is said
        }
        Over::Asked
    }

    fn ask(&self, ask: Ask, client: &Client) {
        let (what, to) = match &ask {
            Ask::End => return,
            Ask::Subscribe { filter, qos, to } => (What::Subscribe { filter: filter.clone(), qos: *qos }, to.clone()),
            Ask::Unsubscribe { filter, to } => (What::Unsubscribe { filter: filter.clone() }, to.clone()),
            Ask::Publish { qos, to, .. } => (What::Publish { qos: *qos, received: false }, to.clone()),
        };
        if let Err(why) = self.has_room(&what) {
            let _ = to.send(Err(why)); // whoever asked may have gone
            return;
        }
        if let What::Subscribe { filter, qos } = &what {
            self.shared.subscribed(filter, *qos, None);
        }
        let begun = match ask {
            Ask::End => return,
            Ask::Subscribe { filter, qos, .. } => client.subscribe(&filter, qos),
            Ask::Unsubscribe { filter, .. } => client.unsubscribe(&filter),
            Ask::Publish { topic, payload, qos, retain, .. } => client.publish(&topic, payload, qos, retain),
        };
        match begun {
            Ok(()) => self.asking.borrow_mut().push_back(Pending { what, to }),
            Err(Busy) => {
                let _ = to.send(Err("the connection is busy, or has ended".into()));
            }
        }
    }

    fn has_room(&self, what: &What) -> Result<(), String> {
        let (asking, pending) = (self.asking.borrow(), self.pending.borrow());
        if asking.len() + pending.len() >= MOST_PENDING {
            return Err(format!("the broker has left {MOST_PENDING} questions unanswered"));
        }
        let is_message = |what: &What| matches!(what, What::Publish { qos: 1.., .. });
        let on_their_way = || asking.iter().chain(pending.values()).filter(|own| is_message(&own.what)).count();
        match self.most.get() {
            Some(most) if is_message(what) && on_their_way() >= most.into() => {
                Err(format!("the broker takes {most} messages at a time, and has not yet answered those before"))
            }
            _ => Ok(()),
        }
    }

    /// The library sends what it was asked for next, under this identifier; without one there is no answer but that it was sent.
    pub(super) fn goes(&self, id: Option<u16>) -> Option<Pending> {
        let own = self.asking.borrow_mut().pop_front()?;
        let Some(id) = id else { return Some(own) };
        if let Some(old) = self.pending.borrow_mut().insert(id, own) {
            let _ = old.to.send(Err("the broker has not answered".into()));
        }
        None
    }

    /// What the broker answers, to be said when that is safe; gives what the library is to know of it. What nobody asked for it is not told.
    pub(super) fn acknowledged(&self, ack: &Ack, packet: &[u8], answers: &mut Vec<Answered>) -> Vec<u8> {
        let mut all = self.pending.borrow_mut();
        let Some(pending) = all.get_mut(&ack.id) else { return Vec::new() };
        let (failed, said) = (ack.code >= 0x80, ack.said.reason);
        let plain = wire::ack(ack.kind, ack.id).to_vec();
        let (handed, answer) = match (&mut pending.what, ack.kind) {
            (What::Publish { qos: 2, received: received @ false }, PUBREC) if !failed => {
                *received = true;
                return plain;
            }
            (What::Publish { qos: 1, .. }, PUBACK)
            | (What::Publish { qos: 2, received: false }, PUBREC)
            | (What::Publish { qos: 2, received: true }, PUBCOMP) => {
                let mut handed = plain;
                if ack.kind == PUBREC {
                    // To the library it is done: it would wait for ever for the end of what never began.
                    handed.extend(wire::ack(PUBCOMP, ack.id));
                    self.hushed.borrow_mut().insert(ack.id);
                }
                let What::Publish { qos, .. } = pending.what else { return handed };
                let answer = match failed {
                    true => Err(reason("the broker does not take the message", ack.code, said)),
                    false => Ok(format!("taken by the broker with QoS {qos}")),
                };
                (handed, answer)
            }
            (What::Subscribe { filter, qos }, SUBACK) => {
                let no = format!("the broker does not allow to subscribe to '{filter}'");
                let answer = match failed {
                    true if ack.code == 0x80 && said.is_none() => Err(no), // MQTT 3.1.1 has one code for all reasons
                    true => Err(reason(&no, ack.code, said)),
                    false => Ok(format!("subscribed with QoS {}", ack.code)),
                };
                match &answer {
                    Ok(_) => self.shared.subscribed(filter, *qos, Some(ack.code)),
                    Err(why) => self.shared.refused(filter, why),
                }
                (packet.to_vec(), answer)
            }
            (What::Unsubscribe { .. }, UNSUBACK) if failed => {
                let answer = Err(reason("the broker does not end the subscription", ack.code, said));
                (packet.to_vec(), answer)
            }
            (What::Unsubscribe { filter }, UNSUBACK) => {
                self.shared.unsubscribed(filter);
                (packet.to_vec(), Ok("no longer subscribed".into()))
            }
            _ => return Vec::new(),
        };
        if let Some(pending) = all.remove(&ack.id) {
            answers.push((pending.to, answer));
        }
        handed
    }

    /// The library ends what the broker has refused already: nobody outside is told.
    pub(super) fn is_hushed(&self, kind: u8, id: u16) -> bool {
        kind == PUBREL && self.hushed.borrow_mut().remove(&id)
    }
}
