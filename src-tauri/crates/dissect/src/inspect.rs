//! One frame, for a person: the tree of its fields, and one line that says what it is.

use std::fmt::Write;

use crate::carried;
use crate::layers::{self, Exported, Layers};
use crate::protocols::{Message, Out, Side, by_name, is_beside};
use crate::service::recognise;
use crate::tree::{Node, Tree};

/// A message that spans frames, put together for this look.
#[derive(Clone, Debug)]
pub struct Assembled {
    pub bytes: Vec<u8>,
    /// The flow's application protocol.
    pub service: String,
    /// The originator sent it.
    pub from_orig: bool,
}

/// What is known of the frame's flow from the import.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowHint<'a> {
    pub service: Option<&'a str>,
    /// The frame was sent by the flow's originator.
    pub from_orig: bool,
}

/// The fields of a frame, in order. `starts`: where in the frame messages of the flow's protocol begin, as far as the import found
/// some; a TCP segment is read there rather than at its first byte. Nodes of `assembled[n]` have source `n + 1`.
pub fn inspect(
    bytes: &[u8],
    link_type: u16,
    wire_len: u32,
    hint: FlowHint,
    starts: &[usize],
    assembled: &[Assembled],
) -> Vec<Node> {
    let mut out = Out::new(Tree::on());
    let layers = layers::read(bytes, link_type, wire_len, &mut out);
    if let Some(transport) = &layers.transport {
        let payload = transport.payload.clone();
        let whole = [payload.start];
        let starts = if starts.is_empty() { &whole[..] } else { starts };
        let mut end = 0;
        if hint.service.and_then(by_name).is_some_and(|protocol| protocol.is_chain()) {
            end = read_messages(bytes, payload.clone(), &layers, hint, &mut out).unwrap_or(0);
        }
        for start in starts.iter().filter(|start| payload.contains(start)) {
            if *start >= end {
                end = read_messages(bytes, *start..payload.end, &layers, hint, &mut out).unwrap_or(end);
            }
        }
        if end == 0 && starts[..] != whole {
            // What the import found may lie inside a frame of the protocol's own, as a handshake message does in a TLS record.
            end = read_messages(bytes, payload.clone(), &layers, hint, &mut out).unwrap_or(0);
        }
        if end == 0 && !payload.is_empty() && !layers.shown {
            out.tree.bytes("data.data", "Payload", payload.clone(), &bytes[payload]);
        }
    }
    for (n, message) in assembled.iter().enumerate() {
        let Some(protocol) = by_name(&message.service) else { continue };
        let Some(ends) = ends(&layers, message.from_orig) else { continue };
        out.tree.rebase(n as u8 + 1, 0);
        protocol.conversation().read(&Message { bytes: &message.bytes, cut: true, ..ends }, &mut out);
    }
    out.tree.into_nodes()
}

/// One line on a frame, for lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub src: String,
    pub dst: String,
    /// The topmost protocol: `dns`, `tcp`, `arp`.
    pub protocol: &'static str,
    pub info: String,
}

/// What a frame is, in one line.
pub fn summarise(bytes: &[u8], link_type: u16, wire_len: u32, hint: FlowHint) -> Summary {
    let mut out = Out { line: Some(String::new()), ..Out::new(Tree::off()) };
    let layers = layers::read(bytes, link_type, wire_len, &mut out);
    // A tunnel is what the frame came through, not what it is.
    out.facts.retain(|fact| fact.kind != "tunnel");
    let mut summary = Summary { protocol: layers.top, ..Summary::default() };
    match (&layers.ip, layers.src_mac, layers.dst_mac) {
        (Some(ip), _, _) => (summary.src, summary.dst) = (ip.src.to_string(), ip.dst.to_string()),
        (None, src, dst) => {
            let text = |mac: Option<model::Mac>| mac.map_or(String::new(), |mac| mac.to_string());
            (summary.src, summary.dst) = (text(src), text(dst));
        }
    }
    if let Some(transport) = &layers.transport {
        let payload = transport.payload.clone();
        if let Some(tcp) = transport.tcp {
            let _ = write!(
                summary.info,
                "{} → {} {} seq {} len {}",
                transport.src_port,
                transport.dst_port,
                flags(tcp.flags),
                tcp.seq,
                transport.payload_len
            );
        } else if layers.top == "udp" {
            let _ =
                write!(summary.info, "{} → {} len {}", transport.src_port, transport.dst_port, transport.payload_len);
        }
        if !payload.is_empty() {
            let service = hint.service.and_then(by_name);
            let _ = read_messages(bytes, payload, &layers, hint, &mut out);
            if let (Some(service), true) = (service, layers.top == "tcp" || layers.top == "udp") {
                summary.protocol = service.name();
            }
        }
    }
    out.facts.retain(|fact| !is_beside(fact.kind));
    let by_itself = out.facts.is_empty() || hint.service.and_then(by_name).is_some_and(|protocol| protocol.is_chain());
    if let Some(line) = out.line.take().filter(|line| by_itself && !line.is_empty()) {
        summary.info = line;
    } else if let Some(last) = out.facts.last() {
        summary.protocol = last.kind;
        let members: Vec<_> = out.facts.iter().take(4).map(|fact| fact.fields.members()).collect();
        summary.info = line(members.iter().zip(out.facts.iter()).map(|(members, fact)| words(members, &fact.subject)));
    } else if let Some(fragment) = &layers.fragment {
        summary.info = format!("fragment of 0x{:04x} at {}", fragment.id, fragment.offset);
    } else if layers.line.is_some() {
        summary.info = layers.sentence(bytes);
    }
    if summary.info.is_empty()
        && let Some(complaint) = out.complaints.first()
    {
        summary.info.clone_from(&complaint.why);
    }
    summary
}

/// `query tuya-cloud.example`: what kind of message it is, and its subject. Where that is the same word, what else is said of it:
/// `refresh request`.
fn words<'f>(members: &'f str, subject: &'f str) -> [&'f str; 2] {
    let after = |key: &str| members.split_once(key).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
    let keys = ["\"method\":\"", "\"msg_type\":\"", "\"operation\":\"", "\"act\":\""];
    let mut verbs = keys.into_iter().filter_map(after);
    match verbs.next().unwrap_or("") {
        verb if verb == subject => [subject, verbs.next().unwrap_or("")],
        verb => [verb, subject],
    }
}

/// What several messages say, without what is the same as in the one before.
fn line<'f>(messages: impl Iterator<Item = [&'f str; 2]>) -> String {
    let (mut line, mut former) = (String::new(), ["", ""]);
    for [verb, subject] in messages.filter(|words| words.iter().any(|word| !word.is_empty())) {
        let (same_verb, same_subject) = (!line.is_empty() && verb == former[0], subject == former[1]);
        let (between, said) = match (same_verb, same_subject) {
            (true, true) => continue,
            (true, false) if !verb.is_empty() && !former[1].is_empty() => (", ", ["", subject]),
            (false, true) if !line.is_empty() && !verb.is_empty() => (" · ", [verb, ""]),
            _ if line.is_empty() => ("", [verb, subject]),
            _ => (" · ", [verb, subject]),
        };
        let _ = write!(line, "{between}{}", said.join(" ").trim());
        former = [verb, subject];
    }
    line
}

fn flags(flags: u8) -> &'static str {
    match flags & (layers::SYN | layers::FIN | layers::RST | layers::ACK) {
        layers::SYN => "SYN",
        f if f == layers::SYN | layers::ACK => "SYN ACK",
        f if f & layers::RST != 0 => "RST",
        f if f & layers::FIN != 0 => "FIN",
        layers::ACK => "ACK",
        _ => "",
    }
}

/// Reads messages of the flow's protocol; returns the end of the last one that was understood.
fn read_messages(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    layers: &Layers,
    hint: FlowHint,
    out: &mut Out,
) -> Option<usize> {
    let ends = ends(layers, hint.from_orig)?;
    let first = Message { bytes: bytes.get(range.clone())?, ..ends };
    let protocol = match (layers.exported, hint.service) {
        (Some(Exported::Message(name)), _) | (None | Some(Exported::Payload), Some(name)) => by_name(name)?,
        (None | Some(Exported::Payload), None) => recognise(&first)?,
        (Some(Exported::Event { .. } | Exported::More | Exported::Unknown), _) => return None,
    };
    carried::messages(protocol, bytes, range, &ends, out)
}

/// A message of this frame's flow, still without bytes.
fn ends(layers: &Layers, from_orig: bool) -> Option<Message<'static>> {
    let side = if from_orig { Side::Orig } else { Side::Resp };
    let ends = carried::ends(layers.ip.as_ref()?, layers.transport.as_ref(), side)?;
    Some(Message { src_mac: layers.src_mac, cut: layers.cut, ..ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_said_twice() {
        for (members, subject, wanted) in [
            (r#""method":"GET","host":"lamp""#, "lamp/on", ["GET", "lamp/on"]),
            (r#""msg_type":"request","method":"refresh""#, "refresh", ["refresh", "request"]),
            (r#""version":4,"msg_type":"client""#, "client", ["client", ""]),
            (r#""host":"lamp""#, "lamp", ["", "lamp"]),
        ] {
            assert_eq!(words(members, subject), wanted);
        }
        for (messages, wanted) in [
            (
                &[["query", "a"], ["query", "b"], ["response", "b"], ["query", "c"]][..],
                "query a, b · response · query c",
            ),
            (&[["hello", "a"], ["hello", "a"]], "hello a"),
            (&[["", "a"], ["", "b"], ["query", ""], ["query", "c"]], "a · b · query · query c"),
            (&[["", ""], ["PUBACK", ""], ["PINGREQ", ""], ["PUBACK", ""]], "PUBACK · PINGREQ · PUBACK"),
            (&[["hello", "a"], ["", "a"]], "hello a · a"),
            (&[], ""),
        ] {
            assert_eq!(line(messages.iter().copied()), wanted);
        }
    }
}
