//! A conversation with one protocol: its number in the list, what it goes over and how it is held (seven bytes of dice), then messages
//! or segments, each behind its length.
#![no_main]

#[path = "../../tests/robust/look.rs"]
#[allow(dead_code)] // the tests use the rest
mod look;
#[path = "../../tests/robust/mutate.rs"]
#[allow(dead_code)]
mod mutate;
#[path = "../../tests/robust/packet.rs"]
mod packet;
#[path = "../../tests/robust/seeds.rs"]
mod seeds;
#[path = "../../tests/robust/talk.rs"]
mod talk;
#[path = "../../tests/robust/ways.rs"]
mod ways;

use dissect::protocols::{ALL, Transport};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Dice;

/// Bytes before the first length.
const HEAD: usize = 8;

fuzz_target!(|data: &[u8]| {
    let Some((head, mut rest)) = data.split_first_chunk::<HEAD>() else { return };
    let (protocol, transport) = whose(head[0]);
    let mut pieces = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (piece, behind) = after.split_at(after.len().min(u16::from_be_bytes(*length).into()));
        pieces.push(piece.to_vec());
        rest = behind;
    }
    if pieces.is_empty() {
        return;
    }
    ways::both_ways(ALL[protocol], transport, &pieces, &mut Dice::of("fuzz", u64::from_be_bytes(*head)));
});

/// The protocol, and what it goes over; that it has no port there means that it never does.
fn whose(byte: u8) -> (usize, Transport) {
    let protocol = usize::from(byte & 0x7f) % ALL.len();
    let speaks = |transport| ALL[protocol].ports().iter().any(|(over, _)| *over == transport);
    let transport = match (speaks(Transport::Udp), speaks(Transport::Tcp)) {
        (true, true) if byte & 0x80 == 0 => Transport::Udp,
        (true, false) => Transport::Udp,
        _ => Transport::Tcp,
    };
    (protocol, transport)
}

// Now and then a fresh start from what a protocol is tested with; else what libFuzzer makes of what it has.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::of("mutator", seed.into());
    if size > HEAD && !dice.one_in(64) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut made = dice.bytes(HEAD);
    let (protocol, transport) = whose(made[0]);
    let seeds = seeds::of(ALL[protocol].name(), transport);
    for _ in 0..1 + dice.below(2) {
        let piece = if dice.one_in(2) { dice.pick(&seeds).to_vec() } else { dice.input(&seeds, 2_000) };
        made.extend((piece.len() as u16).to_be_bytes());
        made.extend(piece);
    }
    let length = made.len().min(max_size);
    data[..length].copy_from_slice(&made[..length]);
    length
});
