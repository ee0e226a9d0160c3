//! Every protocol, spoken with directly and through frames.

use dissect::protocols::{ALL, Transport};

use crate::mutate::Dice;
use crate::runs::{Input, Reader};
use crate::seeds;
use crate::ways::both_ways;

/// Bytes of one message or segment.
const MOST_BYTES: usize = 4_096;
/// Memory of one conversation.
const CAP: usize = 16 << 20;

#[test]
fn every_protocol_reads_anything() {
    for protocol in ALL {
        let of = |transport| seeds::of(protocol.name(), transport);
        let (udp, tcp) = (of(Transport::Udp), of(Transport::Tcp));
        assert!(!udp.is_empty() || !tcp.is_empty(), "{} has no seeds in tests/seeds/", protocol.name());
        let over = |dice: &mut Dice| match (udp.is_empty(), tcp.is_empty()) {
            (false, false) => [Transport::Udp, Transport::Tcp][dice.below(2)],
            (true, _) => Transport::Tcp,
            (_, true) => Transport::Udp,
        };
        let reader = Reader { name: protocol.name(), usual: 20_000, cap: CAP };
        // The first die of both says what it goes over.
        reader.run(
            |dice| {
                let transport = over(&mut dice.clone());
                pieces(if transport == Transport::Udp { &udp } else { &tcp }, transport, dice)
            },
            |input, dice| {
                let transport = if input[0] == [17] { Transport::Udp } else { Transport::Tcp };
                both_ways(*protocol, transport, &input[1..], dice);
            },
        );
    }
}

/// What goes over, then a few messages or segments: one of them damaged, at least.
fn pieces(seeds: &[Vec<u8>], transport: Transport, dice: &mut Dice) -> Input {
    dice.next();
    let mut input = vec![vec![if transport == Transport::Udp { 17 } else { 6 }]];
    if dice.one_in(2) {
        input.push(dice.pick(seeds).to_vec());
    }
    let damaged = dice.input(seeds, MOST_BYTES);
    if transport == Transport::Tcp && dice.one_in(2) {
        let cut = dice.below(damaged.len() + 1);
        input.extend([damaged[..cut].to_vec(), damaged[cut..].to_vec()]);
    } else {
        input.push(damaged);
    }
    if dice.one_in(4) {
        input.push(dice.pick(seeds).to_vec());
    }
    input
}
