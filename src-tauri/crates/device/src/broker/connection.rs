//! One connection, from its certificate to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::bench::{Bench, Ends, Fields};
use super::judge::{Entry, Judge, Refused, enter, no_packet};
use super::leaving::Leaving;
use super::pump::{Pump, pump};
use super::verify::Refusal;
use crate::certificate::fingerprint;
use crate::home::Holder;
use crate::kind::Kind;
use crate::packet::answer::{self, goodbye, refuse_connect, welcomes, with_decisions};
use crate::packet::{Cutter, Malformed, Version};

/// How long the first packet, and its answer from inside, may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long the broker inside may take to see that somebody has left.
const HANG_UP: Duration = Duration::from_secs(1);
/// How long a client may take to hear the last word.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How much is kept of what is no packet.
const MOST_OF_NOTHING: usize = 16 << 10;

/// Whom it is about.
struct Who {
    holder: Holder,
    kind: Arc<Kind>,
    certificate: [u8; 32],
}

pub async fn serve(bench: &Bench, stream: TlsStream<TcpStream>, ends: Ends) {
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|shown| fingerprint(shown));
    let who = match identify(bench, shown) {
        Ok(who) => who,
        Err(refusal) => return bench.refused(ends, &refusal),
    };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut cutter = Cutter::default();
    let refused = match timeout(CONNECT_WITHIN, first(&mut reader, &mut cutter)).await {
        Ok(Ok(Some(packet))) => match enter(&packet, &who.holder.thing, &who.kind) {
            Ok(entry) => return talk(bench, ends, &who, entry, &packet, cutter, reader, writer).await,
            Err(refused) => {
                bench.came(ends, packet, Some(refused.record()));
                refused
            }
        },
        Ok(Err(malformed)) => {
            let refused = Refused { farewell: Vec::new(), ..no_packet(malformed, Version::V3) };
            bench.came(ends, nothing(&cutter), Some(refused.record()));
            refused
        }
        Ok(Ok(None)) => {
            return not_let_in(bench, ends, &who, "CONNECTION_LOST", "it went away before it had said who it is", None);
        }
        Err(_) => return not_let_in(bench, ends, &who, "CONNECT_TIMEOUT", "it did not say who it is", None),
    };
    not_let_in(bench, ends, &who, refused.leaving.as_str(), &refused.why, refused.topic.as_deref());
    say(bench, ends, &mut writer, refused.farewell).await;
}

/// Whose certificate it is. The handshake has asked already; since then much may have changed.
fn identify(bench: &Bench, shown: Option<[u8; 32]>) -> Result<Who, Refusal> {
    let certificate = shown.ok_or_else(|| Refusal::new("NO_CERTIFICATE", "it showed no certificate"))?;
    let refuse = |reason: &str, why: String, thing: Option<String>| Refusal {
        certificate: Some(certificate),
        thing,
        ..Refusal::new(reason, why)
    };
    let holder = bench.home.holder(&certificate);
    let holder = holder.ok_or_else(|| refuse("UNKNOWN_CERTIFICATE", "it is not registered".into(), None))?;
    if let Some(barred) = &holder.barred {
        return Err(refuse(barred, format!("the certificate is {barred}"), Some(holder.thing.clone())));
    }
    match bench.kind(&holder.kind) {
        Some(kind) => Ok(Who { kind, certificate, holder }),
        None => {
            Err(refuse("UNKNOWN_KIND", format!("nothing is known of the kind '{}'", holder.kind), Some(holder.thing)))
        }
    }
}

#[allow(clippy::too_many_arguments)] // the two halves and what belongs to them
async fn talk<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    bench: &Bench,
    ends: Ends,
    who: &Who,
    entry: Entry<'_>,
    packet: &[u8],
    cutter: Cutter,
    reader: R,
    mut writer: W,
) {
    let (thing, version) = (who.holder.thing.as_str(), entry.connect.version);
    let number = bench.came(ends, packet.to_vec(), None);
    let failed = |why: &str| not_let_in(bench, ends, who, Leaving::ServerError.as_str(), why, None);
    if let Err(why) = bench.recorder.safe(number).await {
        failed(&format!("what it says can't be kept: {why}"));
        return say(bench, ends, &mut writer, refuse_connect(version, answer::SERVER_UNAVAILABLE)).await;
    }
    let seat = bench.seats.take(thing, who.certificate).await;
    let inside = timeout(CONNECT_WITHIN, knock(bench, who, &entry)).await;
    let (mut inside, pass, inner_cutter, connack) = match inside {
        Ok(Ok(Some(inside))) => inside,
        Ok(Ok(None)) | Ok(Err(_)) | Err(_) => {
            bench.seats.leave(thing, seat.number);
            failed("the broker inside does not answer");
            return say(bench, ends, &mut writer, refuse_connect(version, answer::SERVER_UNAVAILABLE)).await;
        }
    };
    if !welcomes(&connack) {
        bench.seats.leave(thing, seat.number);
        not_let_in(
            bench,
            ends,
            who,
            Leaving::ClientError.as_str(),
            "the broker inside does not take its CONNECT",
            None,
        );
        return say(bench, ends, &mut writer, connack).await;
    }
    let will = entry.connect.will.as_ref();
    let fields = Fields::default()
        .with("protocol", version.as_str())
        .with("keep_alive", entry.keep_alive)
        .with("clean", entry.connect.clean)
        .with("certificate", model::hex(&who.certificate))
        .with_some("will", will.map(|will| will.topic));
    bench.event(ends, "connected", Some(thing), fields);
    bench.is_now(thing, &seat, None);
    let welcome = with_decisions(&connack, &entry.connect, thing, entry.keep_alive);
    let judge = Judge::new(thing, &who.kind, version);
    let still = Duration::from_millis(1500) * u32::from(entry.keep_alive);
    let going = Pump { bench, ends, thing, version, still, kicked: seat.kicked.clone() };
    let ended = pump(going, judge, welcome, (cutter, reader), (inner_cutter, &mut inside), &mut writer).await;
    hang_up(inside).await;
    drop(pass);
    let fields = Fields::default().with("reason", ended.leaving.as_str()).with_some("why", ended.why);
    bench.event(ends, "disconnected", Some(thing), fields);
    bench.is_now(thing, &seat, Some(ended.leaving));
    // Whoever waits for the seat need not wait for the last word; whoever waits for all to be gone does.
    let number = seat.number;
    drop(seat);
    if ended.at_a_packets_end {
        let usual = || ended.leaving.reason().map(|reason| goodbye(version, reason));
        let farewell = ended.farewell.or_else(usual).unwrap_or_default();
        say(bench, ends, &mut writer, farewell).await;
    }
    bench.seats.leave(thing, number);
}

type Inside = (TcpStream, super::inner::Pass, Cutter, Vec<u8>);

/// Goes inside with its CONNECT, and comes back with the answer.
async fn knock(bench: &Bench, who: &Who, entry: &Entry<'_>) -> std::io::Result<Option<Inside>> {
    let (mut stream, pass) = bench.inner.connect(&who.holder.thing, &who.kind).await?;
    stream.write_all(&entry.inside).await?;
    let mut cutter = Cutter::default();
    let connack = first(&mut stream, &mut cutter).await.ok().flatten();
    Ok(connack.map(|connack| (stream, pass, cutter, connack)))
}

/// Leaves, and waits until that is done inside: whoever is told that the thing has left finds its session put away and its will said.
async fn hang_up(mut inside: TcpStream) {
    let gone = async {
        inside.shutdown().await?;
        let mut rest = [0; 4096];
        while inside.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(HANG_UP, gone).await;
}

/// The first packet; `None`: there was none.
async fn first(reader: &mut (impl AsyncRead + Unpin), cutter: &mut Cutter) -> Result<Option<Vec<u8>>, Malformed> {
    loop {
        if let Some(packet) = cutter.next()? {
            return Ok(Some(packet));
        }
        if !matches!(reader.read_buf(cutter.room()).await, Ok(1..)) {
            return Ok(None);
        }
    }
}

/// What came and is no packet, or the beginning of it.
pub fn nothing(cutter: &Cutter) -> Vec<u8> {
    cutter.rest().iter().take(MOST_OF_NOTHING).copied().collect()
}

fn not_let_in(bench: &Bench, ends: Ends, who: &Who, reason: &str, why: &str, topic: Option<&str>) {
    let fields = Fields::default()
        .with("reason", reason)
        .with("why", why)
        .with("certificate", model::hex(&who.certificate))
        .with_some("topic", topic);
    bench.event(ends, "refused", Some(&who.holder.thing), fields);
}

/// A last packet, if there is one, and the end.
async fn say(bench: &Bench, ends: Ends, writer: &mut (impl AsyncWrite + Unpin), packet: Vec<u8>) {
    if !packet.is_empty() {
        bench.goes(ends, packet.clone());
    }
    let said = async {
        writer.write_all(&packet).await?;
        writer.shutdown().await
    };
    let _ = timeout(LAST_WORD, said).await;
}
