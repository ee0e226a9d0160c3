//! Both ways of a connection: what comes is judged, kept and handed inside; what comes out is kept and sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::bench::{Bench, Ends, Fields};
use super::connection::nothing;
use super::judge::{Judge, Refused, Verdict, no_packet};
use super::leaving::Leaving;
use super::shadows;
use crate::clock::now;
use crate::packet::answer::{for_outside, goodbye};
use crate::packet::{self, Cutter, Publish, Version};
use crate::shadow::topic::asked;

/// A client that takes nothing for so long is gone.
const STUCK: Duration = Duration::from_secs(30);
/// So many refused filters of one SUBSCRIBE are told one by one.
const MOST_TOLD: usize = 16;

pub struct Pump<'a> {
    pub bench: &'a Bench,
    pub ends: Ends,
    pub thing: &'a str,
    pub version: Version,
    /// How long the client may keep still.
    pub still: Duration,
    pub kicked: watch::Receiver<Option<Leaving>>,
}

/// How it ended.
pub struct Ended {
    pub leaving: Leaving,
    pub why: Option<String>,
    /// The last word, if it is another than the usual.
    pub farewell: Option<Vec<u8>>,
    /// Whether a last word would be understood.
    pub at_a_packets_end: bool,
}

impl From<Leaving> for Ended {
    fn from(leaving: Leaving) -> Ended {
        Ended { leaving, why: None, farewell: None, at_a_packets_end: true }
    }
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Ended {
        let farewell = Some(refused.farewell);
        Ended { leaving: refused.leaving, why: Some(refused.why), farewell, at_a_packets_end: true }
    }
}

/// Goes on until somebody leaves. `welcome` is what the client hears first.
pub async fn pump<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    pump: Pump<'_>,
    mut judge: Judge<'_>,
    welcome: Vec<u8>,
    (mut cutter, mut reader): (Cutter, R),
    (inner_cutter, inside): (Cutter, &mut TcpStream),
    writer: &mut W,
) -> Ended {
    let writing = AtomicBool::new(false);
    let mut kicked = pump.kicked.clone();
    let (inner_reader, mut inner_writer) = inside.split();
    let ended = tokio::select! {
        ended = pump.up(&mut judge, &mut cutter, &mut reader, &mut inner_writer) => ended,
        ended = pump.down(welcome, inner_cutter, inner_reader, writer, &writing) => ended,
        kicked = kicked.wait_for(Option::is_some) => {
            kicked.ok().and_then(|leaving| *leaving).unwrap_or(Leaving::Server).into()
        }
    };
    Ended { at_a_packets_end: ended.at_a_packets_end && !writing.load(Ordering::Relaxed), ..ended }
}

/// What came at once and goes on together.
#[derive(Default)]
struct Batch {
    inside: Vec<u8>,
    messages: Vec<(String, Vec<u8>)>,
    /// The number of the last record.
    last: Option<u64>,
    end: Option<Ended>,
}

impl Pump<'_> {
    async fn up(
        &self,
        judge: &mut Judge<'_>,
        cutter: &mut Cutter,
        reader: &mut (impl AsyncRead + Unpin),
        inside: &mut WriteHalf<'_>,
    ) -> Ended {
        let mut until = Instant::now() + self.still;
        loop {
            let batch = self.batch(judge, cutter);
            if let Some(last) = batch.last {
                until = Instant::now() + self.still;
                if let Err(why) = self.bench.recorder.safe(last).await {
                    return Ended {
                        why: Some(format!("what it says can't be kept: {why}")),
                        ..Leaving::ServerError.into()
                    };
                }
                if inside.write_all(&batch.inside).await.is_err() {
                    return self.put_out(None);
                }
                for (topic, payload) in batch.messages {
                    self.message(&topic, payload).await;
                }
            }
            if let Some(end) = batch.end {
                return end;
            }
            match timeout_at(until, reader.read_buf(cutter.room())).await {
                Err(_) => return Leaving::KeepAlive.into(),
                Ok(Ok(1..)) => {}
                Ok(_) => return Leaving::Lost.into(),
            }
        }
    }

    /// Judges all whole packets that have come.
    fn batch(&self, judge: &mut Judge, cutter: &mut Cutter) -> Batch {
        let mut batch = Batch::default();
        while batch.end.is_none() {
            let packet = match cutter.next() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(malformed) => {
                    let refused = no_packet(malformed, self.version);
                    self.refuse(nothing(cutter), &refused);
                    batch.end = Some(refused.into());
                    break;
                }
            };
            let mut refused_part = None;
            match judge.judge(&packet) {
                Verdict::Pass => {}
                Verdict::Say { topic, payload } => {
                    batch.messages.push((topic, packet.get(payload).unwrap_or_default().to_vec()));
                }
                Verdict::Part(filters) => {
                    for filter in filters.iter().take(MOST_TOLD) {
                        self.refused(Leaving::Forbidden, "it may not subscribe to this", Some(filter));
                    }
                    refused_part = Some(format!("{}: {} filters of it", Leaving::Forbidden.as_str(), filters.len()));
                }
                Verdict::Leave => batch.end = Some(Leaving::Client.into()),
                Verdict::Refuse(refused) => {
                    self.refuse(packet, &refused);
                    batch.end = Some(refused.into());
                    break;
                }
            }
            batch.inside.extend_from_slice(&packet);
            batch.last = Some(self.bench.came(self.ends, packet, refused_part));
        }
        batch
    }

    /// A message that was let through.
    async fn message(&self, topic: &str, payload: Vec<u8>) {
        self.bench.home.message(self.thing, topic, &payload, now());
        if let Some(asked) = asked(topic) {
            // Keeping it may take a while.
            let (_, said) =
                tokio::task::block_in_place(|| self.bench.shadows.ask(asked.thing, asked.name, asked.ask, &payload));
            shadows::publish(&self.bench.inner, said).await;
        }
    }

    async fn down(
        &self,
        welcome: Vec<u8>,
        mut cutter: Cutter,
        mut inside: ReadHalf<'_>,
        writer: &mut (impl AsyncWrite + Unpin),
        writing: &AtomicBool,
    ) -> Ended {
        self.bench.goes(self.ends, welcome.clone());
        let mut out = welcome;
        loop {
            let mut last = None;
            while let Ok(Some(packet)) = cutter.next() {
                let packet = for_outside(&packet, self.version).unwrap_or(packet);
                if packet::kind(&packet) == packet::PUBLISH
                    && let Ok(publish) = Publish::read(&packet, self.version)
                {
                    let payload = packet.get(publish.payload).unwrap_or_default();
                    self.bench.home.message(self.thing, publish.topic, payload, now());
                }
                if packet::kind(&packet) == packet::DISCONNECT {
                    last = packet.get(2).copied();
                }
                out.extend_from_slice(&packet);
                self.bench.goes(self.ends, packet);
            }
            writing.store(true, Ordering::Relaxed);
            let sent = timeout(STUCK, async {
                writer.write_all(&out).await?;
                writer.flush().await
            });
            if !matches!(sent.await, Ok(Ok(()))) {
                return Leaving::Lost.into();
            }
            writing.store(false, Ordering::Relaxed);
            out.clear();
            if last.is_some() {
                return self.put_out(last);
            }
            if !matches!(inside.read_buf(cutter.room()).await, Ok(1..)) {
                return self.put_out(None);
            }
        }
    }

    /// The broker inside would not go on with it.
    fn put_out(&self, reason: Option<u8>) -> Ended {
        let why = match reason {
            Some(reason) => format!("MQTT does not allow what it did (reason {reason:#04x})"),
            None => "MQTT does not allow what it did".into(),
        };
        // What had to be said has been said inside.
        let farewell =
            if reason.is_some() { Vec::new() } else { goodbye(self.version, crate::packet::answer::PROTOCOL_ERROR) };
        Ended { why: Some(why), farewell: Some(farewell), ..Leaving::ClientError.into() }
    }

    fn refuse(&self, packet: Vec<u8>, refused: &Refused) {
        self.bench.came(self.ends, packet, Some(refused.record()));
        self.refused(refused.leaving, &refused.why, refused.topic.as_deref());
    }

    fn refused(&self, leaving: Leaving, why: &str, topic: Option<&str>) {
        let fields = Fields::default().with("reason", leaving.as_str()).with("why", why).with_some("topic", topic);
        self.bench.event(self.ends, "refused", Some(self.thing), fields);
    }
}
