//! Exported PDUs: whole messages without the packets that they came in. Their flows are those that their tags tell of.

use model::{Cancelled, Frame};

use super::{Context, Engine, Findings, again, emit, read_stream};
use crate::flows::Active;
use crate::layers::{Exported, Layers};
use crate::origin::{Origin, Segment};
use crate::protocols::{Complaint, Message, Out, Protocol, by_name};

impl Engine {
    /// What the tags and an event have told is in `out` already. Returns the number of the flow; 0 if there is none.
    pub(super) fn exported(
        &mut self,
        frame: &Frame,
        layers: &Layers,
        exported: Exported,
        to: &mut dyn Findings,
    ) -> Result<u32, Cancelled> {
        let segments = [Segment { at: 0, length: frame.bytes.len(), frame: frame.number, offset: frame.offset }];
        let Engine { flows, once, out, latest, .. } = self;
        let (Some(ip), Some(transport)) = (&layers.ip, &layers.transport) else {
            let Out { facts, complaints, .. } = out;
            emit(facts, complaints, &segments, &Context::outside(frame.ts, layers.top), once, to)?;
            return Ok(0);
        };
        let mut reused = None;
        let (active, side) = flows.of(frame, layers, ip, transport, &mut |old| reused = Some(old));
        let serial = active.serial;
        let mut context = Context { what: layers.top, ..Context::of(frame.ts, active, ip) };
        {
            let Out { facts, complaints, .. } = &mut *out;
            emit(facts, complaints, &segments, &context, once, to)?;
        }
        let at = transport.payload.start;
        let payload = frame.bytes.get(transport.payload.clone()).unwrap_or_default();
        let missing = (frame.wire_len as usize).saturating_sub(frame.bytes.len());
        let service = &mut active.service;
        let aside = match exported {
            Exported::Message(name) => by_name(name).filter(|protocol| !service.is_now(*protocol)),
            Exported::Payload | Exported::More => None,
            Exported::Event { .. } | Exported::Unknown => {
                latest.protocol = layers.top;
                return self.ended(serial, reused, to);
            }
        };
        latest.protocol = aside.map(Protocol::name).or(active.service.name()).unwrap_or(layers.top);
        context.what = latest.protocol;
        let mut failed = Ok(());
        let ends = active.ends(side);
        if let Some(protocol) = aside {
            // Another protocol than the flow's: it is read for itself.
            let origin = Origin { segments: &segments, at, made_of: None };
            let mut conversation = protocol.conversation();
            conversation.read(&Message { origin, ..ends.message(payload, true) }, out);
            conversation.finish(&ends.message(&[], true), out);
        } else if ip.proto == 17 {
            let origin = Origin { segments: &segments, at, made_of: None };
            active.service.datagram(payload, missing > 0, &ends, origin, out);
        } else {
            if exported != Exported::More {
                finish_message(active, side, out);
            }
            let known = active.service.name().is_some();
            let sequence = active.streams[side].expected().unwrap_or(0);
            let length = (payload.len() + missing).try_into().unwrap_or(u32::MAX);
            let offset = frame.offset + at as u64;
            read_stream(active, side, out, &context, once, to, &mut failed, |stream, read| {
                stream.take(sequence, payload, length, frame.number, offset, read);
            });
            // This side has told what the connection is: read what the other said before.
            if !known && active.service.name().is_some() {
                again(active, 1 - side, false, out, &context, once, to, &mut failed);
            }
        }
        failed?;
        if !out.facts.is_empty() || !out.complaints.is_empty() {
            out.facts.iter_mut().for_each(|draft| draft.bytes = draft.bytes.start + at..draft.bytes.end + at);
            out.complaints.iter_mut().for_each(|complaint| complaint.at += at);
            let Out { facts, complaints, .. } = out;
            emit(facts, complaints, &segments, &context, once, to)?;
        }
        self.ended(serial, reused, to)
    }

    fn ended(&mut self, serial: u32, reused: Option<Box<Active>>, to: &mut dyn Findings) -> Result<u32, Cancelled> {
        if let Some(old) = reused {
            self.end(old, to)?;
        }
        Ok(serial)
    }
}

/// A message begins: nothing more comes of the one before it on this side.
fn finish_message(active: &mut Active, side: usize, out: &mut Out) {
    let from = active.ends(side).side;
    let stream = &mut active.streams[side];
    let lacks = stream.skip;
    if lacks > 0 || !stream.unread.is_empty() {
        stream.skip = 0;
        active.service.gap(stream, from, 0);
        let why = match lacks {
            0 => "the message before this one is shorter than it says".to_owned(),
            n => format!("the message before this one is {n} bytes shorter than it says"),
        };
        out.complaints.push(Complaint { at: 0, why });
    }
}
