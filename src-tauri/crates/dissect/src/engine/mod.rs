//! A whole capture, frame by frame: flows, reassembly, messages, facts.

mod exported;

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::ops::Range;

use model::{Cancelled, Fact, Flow, Frame, Interface, Issue, Mac, Party, Place, Time, TimeKind, Uid};

use crate::decrypt::Opening;
use crate::flows::{Active, Flows};
use crate::fragment::Fragments;
use crate::heard::Heard;
use crate::layers::{self, Ip, Layers};
use crate::origin::{Origin, Segment, place};
use crate::protocols::{Complaint, Draft, Drafts, Out, credentials, files};
use crate::sightings::{Sighting, Sightings};
use crate::stream::{Next, Stream};

/// Where the engine puts what it finds.
pub trait Findings {
    fn fact(&mut self, fact: &Fact) -> Result<(), Cancelled>;
    /// A flow that has ended, with its number in this capture.
    fn flow(&mut self, serial: u32, flow: &Flow) -> Result<(), Cancelled>;
    /// A sender on the wire; once for each (hardware address, IP), at the end.
    fn sighting(&mut self, sighting: &Sighting) -> Result<(), Cancelled>;
    /// What the fact before it says in words: an interval in which a device was heard.
    fn heard(&mut self, _sighting: &model::Sighting) {}
    fn issue(&mut self, issue: Issue);
}

/// What is found is dropped.
impl Findings for () {
    fn fact(&mut self, _: &Fact) -> Result<(), Cancelled> {
        Ok(())
    }
    fn flow(&mut self, _: u32, _: &Flow) -> Result<(), Cancelled> {
        Ok(())
    }
    fn sighting(&mut self, _: &Sighting) -> Result<(), Cancelled> {
        Ok(())
    }
    fn issue(&mut self, _: Issue) {}
}

/// Reads a capture's frames in order. Memory grows with what is active at once, not with the capture.
#[derive(Default)]
pub struct Engine {
    flows: Flows,
    fragments: Fragments,
    sightings: Sightings,
    heard: Heard,
    /// Hashes of the facts that are kept only once.
    once: HashSet<u64, foldhash::fast::RandomState>,
    out: Out,
    now: Option<Time>,
    latest: Latest,
    /// The last frame when [`Engine::so_far`] was asked.
    told: u64,
}

/// Of the frame that was read last: who sent it, and what it spoke.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latest {
    pub frame: u64,
    pub sender: Option<Mac>,
    /// The topmost protocol known of it.
    pub protocol: &'static str,
}

const MOST_ONCE: usize = 500_000;

impl Engine {
    pub fn new() -> Engine {
        Engine::default()
    }

    /// Lines of a key log (SSLKEYLOGFILE): connections that are encrypted later are read with them.
    pub fn secrets(&mut self, text: &[u8]) {
        self.out.secrets.read(text);
    }

    /// What the next frame brings of what is encrypted goes there, if there is something.
    pub(crate) fn opening(&mut self) -> &mut Option<Box<Opening>> {
        &mut self.out.opening
    }

    /// Files whose content is held once they have passed.
    pub(crate) fn sought(&mut self) -> &mut Option<Box<files::Sought>> {
        &mut self.out.sought
    }

    /// Those that have passed since this was asked last.
    pub(crate) fn found(&mut self) -> Vec<(usize, files::Kept)> {
        let Out { sought, held, .. } = &mut self.out;
        sought.as_mut().map(|sought| sought.take(held)).unwrap_or_default()
    }

    /// What the capture says of an interface; before its frames.
    pub fn interface(&mut self, interface: &Interface) {
        self.heard.interface(interface);
    }

    /// Reads one frame. Returns the number of its flow in this capture; 0 if it has none.
    pub fn frame(&mut self, frame: &Frame, to: &mut dyn Findings) -> Result<u32, Cancelled> {
        self.now = self.now.max(frame.ts);
        let mut layers = Layers::default();
        layers::read_into(frame.bytes, frame.link_type, frame.wire_len, &mut layers, &mut self.out);
        if let Some(exported) = layers.exported {
            let serial = self.exported(frame, &layers, exported, to)?;
            return self.after(frame, &layers, serial, to);
        }
        let context = Context::outside(frame.ts, layers.top);
        let whole = [Segment { at: 0, length: frame.bytes.len(), frame: frame.number, offset: frame.offset }];
        if !self.out.facts.is_empty() || !self.out.complaints.is_empty() {
            let Out { facts, complaints, .. } = &mut self.out;
            emit(facts, complaints, &whole, &context, &mut self.once, to)?;
        }
        let reassembled = match (&layers.fragment, &layers.ip) {
            (Some(fragment), Some(ip)) => {
                self.fragments.add(frame, ip, fragment).map(|(bytes, segments)| (bytes, segments, *ip))
            }
            _ => None,
        };
        let serial = match reassembled {
            Some((bytes, segments, ip)) => {
                let mut inner = layers::read_reassembled(&bytes, ip, &mut self.out);
                let Out { facts, complaints, .. } = &mut self.out;
                emit(facts, complaints, &segments, &context, &mut self.once, to)?;
                (inner.src_mac, inner.dst_mac, inner.vlan) = (layers.src_mac, layers.dst_mac, layers.vlan);
                self.converse(frame, &bytes, &segments, &inner, to)?
            }
            None => self.converse(frame, frame.bytes, &whole, &layers, to)?,
        };
        self.after(frame, &layers, serial, to)
    }

    /// What is done after each frame, whatever it was.
    fn after(&mut self, frame: &Frame, layers: &Layers, serial: u32, to: &mut dyn Findings) -> Result<u32, Cancelled> {
        if serial == 0
            && let Some(mac) = layers.src_mac
        {
            let at = (frame.number, frame.ts);
            self.sightings.add(mac, None, at, at, 1, frame.wire_len.into());
        }
        self.heard.frame(frame, layers, to)?;
        for ended in self.flows.sweep(self.now) {
            self.end(ended, to)?;
        }
        if serial == 0 {
            self.latest.protocol = layers.top;
        }
        (self.latest.frame, self.latest.sender) = (frame.number, layers.src_mac);
        Ok(serial)
    }

    /// Of the frame that was read last.
    pub fn latest(&self) -> Latest {
        self.latest
    }

    /// A look at a capture that goes on: flows that have not ended and have changed since the last look, and everybody seen so far.
    pub fn so_far(&mut self, flow: &mut dyn FnMut(u32, Flow)) -> Vec<Sighting> {
        let mut sightings = self.sightings.clone();
        for active in self.flows.active() {
            let (_, (last, _)) = active.span();
            if last > self.told {
                flow(active.serial, active.to_flow());
            }
            sightings.add_flow(active);
        }
        self.told = self.latest.frame;
        sightings.into_sorted()
    }

    /// The capture has ended: what is still open is told.
    pub fn finish(&mut self, to: &mut dyn Findings) -> Result<(), Cancelled> {
        for ended in self.flows.finish() {
            self.end(ended, to)?;
        }
        self.heard.finish(to)?;
        std::mem::take(&mut self.sightings).into_sorted().iter().try_for_each(|sighting| to.sighting(sighting))
    }

    /// The transport and above: `bytes` is the frame, or a datagram put together from fragments.
    fn converse(
        &mut self,
        frame: &Frame,
        bytes: &[u8],
        segments: &[Segment],
        layers: &Layers,
        to: &mut dyn Findings,
    ) -> Result<u32, Cancelled> {
        let (Some(ip), Some(transport)) = (&layers.ip, &layers.transport) else { return Ok(0) };
        let mut reused = None;
        let (active, side) = self.flows.of(frame, layers, ip, transport, &mut |old| reused = Some(old));
        let serial = active.serial;
        self.latest.protocol = active.service.name().unwrap_or(layers.top);
        let payload = bytes.get(transport.payload.clone()).unwrap_or_default();
        let mut context = Context::of(frame.ts, active, ip);
        let mut failed = Ok(());
        match transport.tcp {
            None if ip.proto == 17 => {
                let ends = active.ends(side);
                let cut = (payload.len() as u64) < u64::from(transport.payload_len);
                let ends = crate::service::Ends { src_mac: layers.src_mac, ..ends };
                let origin = Origin { segments, at: transport.payload.start, made_of: None };
                active.service.datagram(payload, cut, &ends, origin, &mut self.out);
                if !self.out.facts.is_empty() || !self.out.complaints.is_empty() {
                    let start = transport.payload.start;
                    for draft in self.out.facts.iter_mut() {
                        draft.bytes = draft.bytes.start + start..draft.bytes.end + start;
                    }
                    self.out.complaints.iter_mut().for_each(|complaint| complaint.at += start);
                    context.what = active.service.name().unwrap_or(layers.top);
                    let Out { facts, complaints, .. } = &mut self.out;
                    failed = emit(facts, complaints, segments, &context, &mut self.once, to);
                }
            }
            None => {}
            Some(tcp) => {
                let origin = segments.first().map_or((frame.number, 0), |first| {
                    // A reassembled TCP segment is rare; its first piece stands for it.
                    (frame.number, first.offset + transport.payload.start as u64)
                });
                let (once, out) = (&mut self.once, &mut self.out);
                if tcp.flags & layers::FIN != 0 {
                    active.streams[side].close(tcp.seq.wrapping_add(transport.payload_len));
                }
                if tcp.flags & layers::SYN != 0 {
                    active.streams[side].open(tcp.seq);
                } else {
                    let cx = &context;
                    if tcp.flags & layers::ACK != 0 && active.streams[1 - side].has_waiting() {
                        read_stream(active, 1 - side, out, cx, once, to, &mut failed, |stream, read| {
                            stream.acknowledged(tcp.ack, read)
                        });
                    }
                    if transport.payload_len > 0 {
                        let (frame_number, offset) = origin;
                        let opaque = active.service.is_opaque();
                        let known = active.service.name().is_some();
                        read_stream(active, side, out, cx, once, to, &mut failed, |stream, read| {
                            let kept = if opaque { &[][..] } else { payload };
                            let length = transport.payload_len;
                            if opaque {
                                stream.done = true;
                            }
                            stream.take(tcp.seq, kept, length, frame_number, offset, read);
                        });
                        // This side has told what the connection is: read what the other said before.
                        if !known && active.service.name().is_some() {
                            again(active, 1 - side, false, out, cx, once, to, &mut failed);
                        }
                    }
                }
            }
        }
        failed?;
        if let Some(old) = reused {
            self.end(old, to)?;
        }
        Ok(serial)
    }

    fn end(&mut self, mut active: Box<Active>, to: &mut dyn Findings) -> Result<(), Cancelled> {
        let mut failed = Ok(());
        let (_, (_, last_ts)) = active.span();
        for side in 0..2 {
            let ends = active.ends(side);
            let context = Context {
                ts: last_ts,
                uid: Some(active.uid),
                ends: Some((&ends.src.0, &ends.dst.0)),
                what: active.service.name().unwrap_or("tcp"),
            };
            let (once, out) = (&mut self.once, &mut self.out);
            read_stream(&mut active, side, out, &context, once, to, &mut failed, |stream, read| stream.finish(read));
            again(&mut active, side, true, out, &context, once, to, &mut failed);
        }
        failed?;
        to.flow(active.serial, &active.to_flow())?;
        self.sightings.add_flow(&active);
        Ok(())
    }
}

/// What facts of one message share.
#[derive(Clone, Copy)]
struct Context<'a> {
    ts: Option<Time>,
    uid: Option<Uid>,
    /// From whom to whom, if it belongs to a flow.
    ends: Option<(&'a IpAddr, &'a IpAddr)>,
    what: &'static str,
}

impl<'a> Context<'a> {
    /// Of what belongs to no flow.
    fn outside(ts: Option<Time>, what: &'static str) -> Context<'a> {
        Context { ts, uid: None, ends: None, what }
    }

    fn of(ts: Option<Time>, active: &Active, ip: &'a Ip) -> Context<'a> {
        let what = active.service.name().unwrap_or("tcp");
        Context { ts, uid: Some(active.uid), ends: Some((&ip.src, &ip.dst)), what }
    }
}

#[expect(clippy::too_many_arguments, reason = "parts of the engine that are borrowed apart")]
fn read_stream(
    active: &mut Active,
    side: usize,
    out: &mut Out,
    context: &Context,
    once: &mut HashSet<u64, foldhash::fast::RandomState>,
    to: &mut dyn Findings,
    failed: &mut Result<(), Cancelled>,
    feed: impl FnOnce(&mut Stream, &mut dyn FnMut(&mut Stream, Next)),
) {
    let ends = active.ends(side);
    let mut lost = false;
    let Active { streams, service, .. } = active;
    feed(&mut streams[side], &mut |stream, next| match next {
        Next::Bytes { bytes, frame, offset } => {
            let from = Segment { at: 0, length: bytes.len(), frame, offset };
            let context = Context { ends: Some((&ends.src.0, &ends.dst.0)), ..*context };
            service.stream(stream, bytes, from, &ends, out, &mut |facts, complaints, segments| {
                if failed.is_ok() {
                    *failed = emit(facts, complaints, segments, &context, once, to);
                }
            });
        }
        Next::Gap(bytes) => {
            lost = true;
            let skipped = stream.skip.min(bytes.into());
            stream.skip -= skipped;
            if skipped < u64::from(bytes) {
                service.gap(stream, ends.side, u64::from(bytes) - skipped);
            }
        }
    });
    if lost {
        active.note(side, b'g');
    }
}

#[expect(clippy::too_many_arguments, reason = "parts of the engine that are borrowed apart")]
fn again(
    active: &mut Active,
    side: usize,
    cut: bool,
    out: &mut Out,
    context: &Context,
    once: &mut HashSet<u64, foldhash::fast::RandomState>,
    to: &mut dyn Findings,
    failed: &mut Result<(), Cancelled>,
) {
    let ends = active.ends(side);
    let context = Context { ends: Some((&ends.src.0, &ends.dst.0)), ..*context };
    let Active { streams, service, .. } = active;
    let opening = out.opening.take(); // it came in frames before the one that is looked at
    service.again(&mut streams[side], cut, &ends, out, &mut |facts, complaints, segments| {
        if failed.is_ok() {
            *failed = emit(facts, complaints, segments, &context, once, to);
        }
    });
    out.opening = opening;
}

/// Turns drafts into facts: adds time, flow, parties and place.
fn emit(
    facts: &mut Drafts,
    complaints: &mut Vec<Complaint>,
    segments: &[Segment],
    context: &Context,
    once: &mut HashSet<u64, foldhash::fast::RandomState>,
    to: &mut dyn Findings,
) -> Result<(), Cancelled> {
    let told = facts.iter_mut().try_for_each(|draft| tell(draft, segments, context, once, to));
    facts.clear();
    told?;
    for complaint in complaints.drain(..) {
        let Place { frame, offset, .. } = place(clamp(complaint.at..complaint.at, segments), segments);
        let mut issue = Issue::new(format!("{} message", context.what), complaint.why, offset);
        issue.frame = frame;
        to.issue(issue);
    }
    Ok(())
}

/// A fact has its texts only for as long as it is told: their memory is the draft's, and serves the next one.
fn tell(
    draft: &mut Draft,
    segments: &[Segment],
    context: &Context,
    once: &mut HashSet<u64, foldhash::fast::RandomState>,
    to: &mut dyn Findings,
) -> Result<(), Cancelled> {
    if draft.once && (once.len() >= MOST_ONCE || !once.insert(fingerprint(draft))) {
        return Ok(());
    }
    let party = |ip: &IpAddr| Party::Ip(*ip);
    let (src, dst) = match (draft.parties.take(), context.ends) {
        (Some(parties), _) => parties,
        (None, Some((src, dst))) => (party(src), party(dst)),
        (None, None) => (Party::None, Party::None),
    };
    let fact = Fact {
        kind: draft.kind,
        ts: context.ts,
        time_kind: TimeKind::Captured,
        uid: context.uid,
        src,
        dst,
        subject: std::mem::take(&mut draft.subject),
        fields: std::mem::take(&mut draft.fields),
        own: std::mem::take(&mut draft.own),
        place: draft.place.take().unwrap_or_else(|| place(clamp(draft.bytes.clone(), segments), segments)),
    };
    let told = to.fact(&fact);
    (draft.subject, draft.fields, draft.own) = (fact.subject, fact.fields, fact.own);
    told
}

fn clamp(range: Range<usize>, segments: &[Segment]) -> Range<usize> {
    let end = segments.last().map_or(0, |last| last.at + last.length);
    range.start.min(end.saturating_sub(1))..range.end.min(end)
}

fn fingerprint(draft: &Draft) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(7).build_hasher();
    draft.kind.hash(&mut hasher);
    draft.subject.hash(&mut hasher);
    draft.fields.packed().hash(&mut hasher);
    draft.parties.hash(&mut hasher);
    if draft.kind == credentials::KIND.name {
        draft.own.packed().hash(&mut hasher); // another password is another login
    }
    hasher.finish()
}
