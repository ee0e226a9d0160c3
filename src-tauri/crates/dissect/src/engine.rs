//! A whole capture, frame by frame: flows, reassembly, messages, facts.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::ops::Range;

use model::{Cancelled, Fact, Flow, Frame, Issue, Mac, Party, Place, Time, TimeKind, Uid};

use crate::flows::{Active, Flows};
use crate::fragment::Fragments;
use crate::layers::{self, Ip, Layers};
use crate::origin::{Origin, Segment, place};
use crate::protocols::{Complaint, Draft, Out, credentials};
use crate::stream::{Next, Stream};

/// Where the engine puts what it finds.
pub trait Findings {
    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled>;
    /// A flow that has ended, with its number in this capture.
    fn flow(&mut self, serial: u32, flow: &Flow) -> Result<(), Cancelled>;
    /// A sender on the wire; once for each (hardware address, IP), at the end.
    fn sighting(&mut self, sighting: &Sighting) -> Result<(), Cancelled>;
    fn issue(&mut self, issue: Issue);
}

/// A hardware address that sent frames, and the IP address that it used - only where it is its own, not a routed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    pub mac: Mac,
    pub ip: Option<IpAddr>,
    pub first_ts: Option<Time>,
    pub last_ts: Option<Time>,
    pub first_frame: u64,
    pub frames: u64,
    pub bytes: u64,
}

/// Reads a capture's frames in order. Memory grows with what is active at once, not with the capture.
#[derive(Default)]
pub struct Engine {
    flows: Flows,
    fragments: Fragments,
    sightings: HashMap<(Mac, Option<IpAddr>), Sighting, foldhash::fast::RandomState>,
    /// Hashes of the facts that are kept only once.
    once: HashSet<u64, foldhash::fast::RandomState>,
    out: Out,
    now: Option<Time>,
}

/// Distinct senders kept; a flood of forged addresses must not fill the memory.
const MOST_SIGHTINGS: usize = 200_000;
const MOST_ONCE: usize = 500_000;

impl Engine {
    pub fn new() -> Engine {
        Engine::default()
    }

    /// Lines of a key log (SSLKEYLOGFILE): connections that are encrypted later are read with them.
    pub fn secrets(&mut self, text: &[u8]) {
        self.out.secrets.read(text);
    }

    /// Reads one frame. Returns the number of its flow in this capture; 0 if it has none.
    pub fn frame(&mut self, frame: &Frame, to: &mut dyn Findings) -> Result<u32, Cancelled> {
        self.now = self.now.max(frame.ts);
        let layers = layers::read(frame.bytes, frame.link_type, frame.wire_len, &mut self.out);
        let context = Context { ts: frame.ts, uid: None, src: Party::None, dst: Party::None, what: layers.top };
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
        if serial == 0
            && let Some(mac) = layers.src_mac
        {
            let at = (frame.number, frame.ts);
            self.sight(mac, None, at, at, 1, frame.wire_len.into());
        }
        for ended in self.flows.sweep(self.now) {
            self.end(ended, to)?;
        }
        Ok(serial)
    }

    /// The capture has ended: what is still open is told.
    pub fn finish(&mut self, to: &mut dyn Findings) -> Result<(), Cancelled> {
        for ended in self.flows.finish() {
            self.end(ended, to)?;
        }
        let mut sightings: Vec<Sighting> = self.sightings.drain().map(|(_, sighting)| sighting).collect();
        sightings.sort_unstable_by_key(|sighting| (sighting.mac, sighting.ip));
        sightings.iter().try_for_each(|sighting| to.sighting(sighting))
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
                    for draft in &mut self.out.facts {
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

    fn end(&mut self, mut active: Active, to: &mut dyn Findings) -> Result<(), Cancelled> {
        let mut failed = Ok(());
        let ((first_frame, first_ts), (_, last_ts)) = active.span();
        for side in 0..2 {
            let ends = active.ends(side);
            let context = Context {
                ts: last_ts,
                uid: Some(active.uid),
                src: Party::Ip(ends.src.0),
                dst: Party::Ip(ends.dst.0),
                what: active.service.name().unwrap_or("tcp"),
            };
            let (once, out) = (&mut self.once, &mut self.out);
            read_stream(&mut active, side, out, &context, once, to, &mut failed, |stream, read| stream.finish(read));
            again(&mut active, side, true, out, &context, once, to, &mut failed);
        }
        failed?;
        to.flow(active.serial, &active.to_flow())?;
        for (mac, ip, ttl, frames, bytes) in active.speakers().collect::<Vec<_>>() {
            let own = is_own(ip, ttl).then_some(ip);
            self.sight(mac, own, (first_frame, first_ts), (first_frame, last_ts), frames, bytes);
        }
        Ok(())
    }

    fn sight(
        &mut self,
        mac: Mac,
        ip: Option<IpAddr>,
        first: (u64, Option<Time>),
        last: (u64, Option<Time>),
        frames: u64,
        bytes: u64,
    ) {
        if mac.is_group() || (self.sightings.len() >= MOST_SIGHTINGS && !self.sightings.contains_key(&(mac, ip))) {
            return;
        }
        let sighting = self.sightings.entry((mac, ip)).or_insert_with(|| Sighting {
            mac,
            ip,
            first_ts: first.1,
            last_ts: last.1,
            first_frame: first.0,
            frames: 0,
            bytes: 0,
        });
        sighting.first_frame = sighting.first_frame.min(first.0);
        sighting.first_ts = match (sighting.first_ts, first.1) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        sighting.last_ts = sighting.last_ts.max(last.1);
        sighting.frames += frames;
        sighting.bytes += bytes;
    }
}

/// Whether an address that a frame came from is the sender's own: the local kind, or not yet forwarded by any router.
fn is_own(ip: IpAddr, ttl: u8) -> bool {
    match ip {
        IpAddr::V4(four) => (four.is_private() || four.is_link_local()) && !four.is_broadcast(),
        IpAddr::V6(six) => {
            let local = six.is_unicast_link_local() || six.is_unique_local();
            local || (!six.is_unspecified() && !six.is_loopback() && matches!(ttl, 64 | 128 | 255))
        }
    }
}

/// What facts of one message share.
struct Context {
    ts: Option<Time>,
    uid: Option<Uid>,
    src: Party,
    dst: Party,
    what: &'static str,
}

impl Context {
    fn of(ts: Option<Time>, active: &Active, ip: &Ip) -> Context {
        Context {
            ts,
            uid: Some(active.uid),
            src: Party::Ip(ip.src),
            dst: Party::Ip(ip.dst),
            what: active.service.name().unwrap_or("tcp"),
        }
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
    let mut stream = std::mem::take(&mut active.streams[side]);
    let mut lost = false;
    let service = &mut active.service;
    feed(&mut stream, &mut |stream, next| match next {
        Next::Bytes { bytes, frame, offset } => {
            let from = Segment { at: 0, length: bytes.len(), frame, offset };
            let context = Context { src: Party::Ip(ends.src.0), dst: Party::Ip(ends.dst.0), ..*context };
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
    active.streams[side] = stream;
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
    let context = Context { src: Party::Ip(ends.src.0), dst: Party::Ip(ends.dst.0), ..*context };
    let mut stream = std::mem::take(&mut active.streams[side]);
    active.service.again(&mut stream, cut, &ends, out, &mut |facts, complaints, segments| {
        if failed.is_ok() {
            *failed = emit(facts, complaints, segments, &context, once, to);
        }
    });
    active.streams[side] = stream;
}

/// Turns drafts into facts: adds time, flow, parties and place.
fn emit(
    facts: &mut Vec<Draft>,
    complaints: &mut Vec<Complaint>,
    segments: &[Segment],
    context: &Context,
    once: &mut HashSet<u64, foldhash::fast::RandomState>,
    to: &mut dyn Findings,
) -> Result<(), Cancelled> {
    for draft in facts.drain(..) {
        if draft.once && (once.len() >= MOST_ONCE || !once.insert(fingerprint(&draft))) {
            continue;
        }
        let (src, dst) = draft.parties.unwrap_or_else(|| (context.src.clone(), context.dst.clone()));
        to.fact(Fact {
            kind: draft.kind,
            ts: context.ts,
            time_kind: TimeKind::Captured,
            uid: context.uid,
            src,
            dst,
            subject: draft.subject,
            fields: draft.fields,
            own: draft.own,
            place: draft.place.unwrap_or_else(|| place(clamp(draft.bytes, segments), segments)),
        })?;
    }
    for complaint in complaints.drain(..) {
        let Place { frame, offset, .. } = place(clamp(complaint.at..complaint.at, segments), segments);
        let mut issue = Issue::new(format!("{} message", context.what), complaint.why, offset);
        issue.frame = frame;
        to.issue(issue);
    }
    Ok(())
}

fn clamp(range: Range<usize>, segments: &[Segment]) -> Range<usize> {
    let end = segments.last().map_or(0, |last| last.at + last.length);
    range.start.min(end.saturating_sub(1))..range.end.min(end)
}

fn fingerprint(draft: &Draft) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(7).build_hasher();
    draft.kind.hash(&mut hasher);
    draft.subject.hash(&mut hasher);
    draft.fields.members().hash(&mut hasher);
    draft.parties.hash(&mut hasher);
    if draft.kind == credentials::KIND.name {
        draft.own.members().hash(&mut hasher); // another password is another login
    }
    hasher.finish()
}
