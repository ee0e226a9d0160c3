//! WireGuard (wireguard.com/protocol): tunnels. What is inside stays unread; who opens one, and when, is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Kind;

use super::cursor::{Cursor, Stop};
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::bytes::{chunk, u32_le};

pub struct WireGuard;

/// Lengths of the four types of messages; of the last: the least.
const LENGTHS: [usize; 4] = [148, 92, 64, 32];
const NAMES: [&str; 4] = ["handshake initiation", "handshake response", "cookie reply", "transport data"];
const SHORT: &str = "WireGuard message cut short";

static KINDS: [Kind; 1] = [Kind {
    name: "wireguard",
    about: "A WireGuard tunnel is opened, or its keys are renewed.",
    fields: &[
        ("msg_type", "handshake initiation, handshake response, cookie reply"),
        ("under_load", "the other side asked for proof of the address first (mac2 is set)"),
        ("sender", "number of the sender's end of the tunnel"),
        ("receiver", "number of the receiver's end"),
        ("ephemeral", "key of this handshake alone, base64"),
        ("incomplete", "the capture cut the message"),
    ],
}];

impl Protocol for WireGuard {
    fn name(&self) -> &'static str {
        "wireguard"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 51_820)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let [kind @ 1..=4, 0, 0, 0, ..] = message.bytes else { return false };
        if message.transport != Transport::Udp {
            return false;
        }
        if *kind > 2 && !at_home {
            return false; // too little to tell
        }
        let set = |from: usize| chunk::<8>(message.bytes, from).is_some_and(|some| some != [0; 8]);
        // a number, a key, and behind all what is encrypted a first sum that is never zero
        fits(*kind, message)
            && match kind {
                1 => set(8) && set(116),
                2 => set(12) && set(60),
                _ => true,
            }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

/// Whether the length is one that the type has.
fn fits(kind: u8, message: &Message) -> bool {
    let len = message.bytes.len();
    let Some(own) = LENGTHS.get(usize::from(kind.wrapping_sub(1))) else { return false };
    if kind == 4 {
        message.cut || len >= *own && len.is_multiple_of(16)
    } else {
        len == *own || message.cut && len < *own
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let [kind @ 1..=4, 0, 0, 0, ..] = *bytes else { return Step::NotMine };
        let name = NAMES.get(usize::from(kind) - 1).copied().unwrap_or_default();
        out.tree.open("wg", "WireGuard Protocol", 0..bytes.len(), || name.to_owned());
        out.tree.coded("wg.type", "Type", 0..1, kind, || format!("{name} ({kind})"));
        out.tree.bytes("wg.reserved", "Reserved", 1..4, bytes.get(1..4).unwrap_or_default());
        if !fits(kind, message) {
            out.malformed(bytes.len(), "WireGuard message of a length that its type does not have");
        } else if let Err(stop) = read(kind, bytes, out)
            && stop.tell(message, out)
            && let Some(fact) = out.facts.last_mut()
        {
            fact.own.flag("incomplete", true);
        }
        out.tree.close();
        Step::Took(bytes.len())
    }
}

fn read(kind: u8, bytes: &[u8], out: &mut Out) -> Result<(), Stop> {
    let mut cursor = Cursor::starting(bytes, 4);
    if kind != 4 {
        let fact = out.fact("wireguard", 0..bytes.len());
        let name = NAMES.get(usize::from(kind) - 1).copied().unwrap_or_default();
        fact.fields.text("msg_type", name);
        name.clone_into(&mut fact.subject);
    }
    if kind <= 2 {
        number(&mut cursor, "wg.sender", "Sender", "sender", out)?;
    }
    if kind >= 2 {
        number(&mut cursor, "wg.receiver", "Receiver", if kind == 4 { "" } else { "receiver" }, out)?;
    }
    match kind {
        1 | 2 => {
            let key = take(&mut cursor, 32)?;
            if let Some(fact) = out.facts.last_mut() {
                fact.own.text("ephemeral", &STANDARD.encode(key));
            }
            let from = cursor.at() - 32;
            out.tree.text("wg.ephemeral", "Ephemeral", from..cursor.at(), STANDARD.encode(key));
            let sealed: &[(&str, &str, usize)] = if kind == 1 {
                &[
                    ("wg.encrypted_static", "Encrypted Static", 48),
                    ("wg.encrypted_timestamp", "Encrypted Timestamp", 28),
                ]
            } else {
                &[("wg.encrypted_empty", "Encrypted Empty", 16)]
            };
            for (field, label, len) in sealed {
                show(&mut cursor, field, label, *len, out)?;
            }
            show(&mut cursor, "wg.mac1", "mac1", 16, out)?;
            if show(&mut cursor, "wg.mac2", "mac2", 16, out)? != [0; 16]
                && let Some(fact) = out.facts.last_mut()
            {
                fact.fields.flag("under_load", true);
            }
        }
        3 => {
            show(&mut cursor, "wg.nonce", "Nonce", 24, out)?;
            show(&mut cursor, "wg.encrypted_cookie", "Encrypted Cookie", 32, out)?;
        }
        _ => {
            let counter = take(&mut cursor, 8)?;
            let counter = chunk(counter, 0).map(u64::from_le_bytes).unwrap_or_default();
            out.tree.text("wg.counter", "Counter", 8..16, counter);
            let rest = cursor.remaining();
            out.tree.bytes("wg.encrypted_packet", "Encrypted Packet", rest, cursor.rest());
        }
    }
    Ok(())
}

fn take<'a>(cursor: &mut Cursor<'a>, len: usize) -> Result<&'a [u8], Stop> {
    cursor.take(len, SHORT)
}

fn show<'a>(
    cursor: &mut Cursor<'a>,
    field: &'static str,
    label: &'static str,
    len: usize,
    out: &mut Out,
) -> Result<&'a [u8], Stop> {
    let start = cursor.at();
    let bytes = take(cursor, len)?;
    out.tree.bytes(field, label, cursor.since(start), bytes);
    Ok(bytes)
}

/// One end of the tunnel; `name` is empty if it belongs to no fact.
fn number(
    cursor: &mut Cursor,
    field: &'static str,
    label: &'static str,
    name: &str,
    out: &mut Out,
) -> Result<(), Stop> {
    let start = cursor.at();
    let number = u32_le(take(cursor, 4)?, 0).unwrap_or_default();
    out.tree.coded(field, label, cursor.since(start), number, || format!("0x{number:08x}"));
    if let Some(fact) = out.facts.last_mut().filter(|_| !name.is_empty()) {
        fact.own.int(name, number.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side::{self, Orig, Resp};
    use crate::protocols::testing::{Random, datagrams, found, survives, taken, tree};

    /// A message of a type, its bytes counted up from 1; `mac2` as given.
    fn sample(kind: u8, mac2: u8) -> Vec<u8> {
        let len = LENGTHS[usize::from(kind) - 1];
        let mut message: Vec<u8> = (0..len).map(|at| at as u8 | 1).collect();
        message[..4].copy_from_slice(&[kind, 0, 0, 0]);
        if kind < 3 {
            message[len - 16..].fill(mac2);
        }
        message
    }

    fn check(parts: &[(Side, &[u8])], expect: Expect) {
        expect.assert_eq(&datagrams(&WireGuard, parts));
    }

    #[test]
    fn a_handshake() {
        check(
            &[
                (Orig, &sample(1, 0)),
                (Resp, &sample(3, 0)),
                (Orig, &sample(1, 7)),
                (Resp, &sample(2, 0)),
                (Orig, &sample(4, 0)),
            ],
            expect![[r#"
                wireguard 'handshake initiation' {"msg_type":"handshake initiation"} {"sender":117900549,"ephemeral":"CQkLCw0NDw8RERMTFRUXFxkZGxsdHR8fISEjIyUlJyc="}
                wireguard 'cookie reply' {"msg_type":"cookie reply"} {"receiver":117900549}
                wireguard 'handshake initiation' {"msg_type":"handshake initiation","under_load":true} {"sender":117900549,"ephemeral":"CQkLCw0NDw8RERMTFRUXFxkZGxsdHR8fISEjIyUlJyc="}
                wireguard 'handshake response' {"msg_type":"handshake response"} {"sender":117900549,"receiver":185272585,"ephemeral":"DQ0PDxERExMVFRcXGRkbGx0dHx8hISMjJSUnJykpKys="}
            "#]],
        );
    }

    #[test]
    fn malformed() {
        check(
            &[(Orig, &sample(1, 0)[..147]), (Orig, &sample(4, 0)[..31]), (Orig, b"\x05\0\0\0")],
            expect![[r#"
            ! 147 WireGuard message of a length that its type does not have
            ! 31 WireGuard message of a length that its type does not have
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            wg = handshake initiation 0..148
              wg.type = handshake initiation (1) 0..1
              wg.reserved = 000000 1..4
              wg.sender = 0x07070505 4..8
              wg.ephemeral = CQkLCw0NDw8RERMTFRUXFxkZGxsdHR8fISEjIyUlJyc= 8..40
              wg.encrypted_static = 29292b2b2d2d2f2f313133333535373739393b3b3d3d3f3f414143434545474749494b4b4d4d4f4f5151535355555757 40..88
              wg.encrypted_timestamp = 59595b5b5d5d5f5f616163636565676769696b6b6d6d6f6f71717373 88..116
              wg.mac1 = 7575777779797b7b7d7d7f7f81818383 116..132
              wg.mac2 = 00000000000000000000000000000000 132..148
        "#]].assert_eq(&tree(&WireGuard, Transport::Udp, Orig, &sample(1, 0)));
        expect![[r#"
            wg = transport data 0..32
              wg.type = transport data (4) 0..1
              wg.reserved = 000000 1..4
              wg.receiver = 0x07070505 4..8
              wg.counter = 1085100384890587401 8..16
              wg.encrypted_packet = 111113131515171719191b1b1d1d1f1f 16..32
        "#]]
        .assert_eq(&tree(&WireGuard, Transport::Udp, Orig, &sample(4, 0)));
    }

    #[test]
    fn recognised_by_payload() {
        for kind in 1..=4 {
            assert!(taken(&WireGuard, Transport::Udp, true, &sample(kind, 0)));
            let expect = (kind < 3).then_some("wireguard");
            assert_eq!(found(Transport::Udp, &sample(kind, 0)), expect);
        }
        assert!(!taken(&WireGuard, Transport::Udp, true, &sample(1, 0)[..147]));
        let mut random = Random(51_820);
        assert!((0..100_000).all(|n| !taken(&WireGuard, Transport::Udp, true, &random.bytes(n % 160))));
    }

    #[test]
    fn survives_anything() {
        survives(&WireGuard, Transport::Udp, &[1, 2, 3, 4].map(|kind| sample(kind, 0)));
    }
}
