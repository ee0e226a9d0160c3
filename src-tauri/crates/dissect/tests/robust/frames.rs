//! Frames of every link type, damaged.

use dissect::Engine;

use crate::look::{at, try_all};
use crate::meter::peak_of;
use crate::mutate::Dice;
use crate::runs::Reader;
use crate::seeds::bytes;

/// Frames of the common shapes: TCP with options, UDP with DNS, ARP, IPv6 with a fragment header, neighbour discovery, 802.11.
const SEEDS: &[(u16, &str)] = &[
    (
        1,
        "0200000000010200000000020800450000340001400040060000c0a80002c0a800010400075b000000010000000050020fff0000000002040578080a0000000100000000",
    ),
    (
        1,
        "0200000000010200000000020800450000390001400040110000c0a80002c0a80001040000350025000012340100000100000000000003777777076578616d706c650000010001",
    ),
    (1, "ffffffffffff0200000000020806000108000604000102000000000ac0a80002000000000000c0a80001"),
    (
        1,
        "02000000000102000000000286dd60000000001a2c40fe800000000000000000000000000001fe8000000000000000000000000000021100000100000007040000350012000001020304050607080910",
    ),
    (
        1,
        "33330000000102000000000286dd6000000000203afffe800000000000000000000000000001ff02000000000000000000000000000187000000000000fe80000000000000000000000000000201010200000000ff",
    ),
    (
        127,
        "00001200 2e48000010 02 6c09a000c9000000 40000000ffffffffffff0200000000aaffffffffffff1000 0003616263 0104828496ac",
    ),
    (
        113,
        "0000000100060200000000020000080045000028000140004006000001020304050607080050c00000000001000000015010ffff00000000",
    ),
];

/// Those and the frames that the lower layers are tested with.
fn seeds() -> Vec<(u16, Vec<u8>)> {
    let more = include_str!("../../src/layers/frames.txt").lines().filter(|line| !line.starts_with('#'));
    let more = more.map(|line| {
        let [_, link_type, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        (link_type.parse().unwrap(), bytes(hex))
    });
    SEEDS.iter().map(|(link_type, hex)| (*link_type, bytes(hex))).chain(more).collect()
}

#[test]
fn frames_cut_at_every_length() {
    let mut engine = Engine::new();
    let mut number = 0;
    for (link_type, whole) in seeds() {
        for length in 0..=whole.len() {
            number += 1;
            try_all(&mut engine, number, &whole[..length], link_type);
        }
    }
    engine.finish(&mut ()).unwrap();
}

/// Link types that we know, and one that we do not.
const LINK_TYPES: &[u16] =
    &[0, 1, 101, 105, 108, 113, 127, 147, 192, 195, 215, 228, 229, 230, 251, 252, 256, 272, 276, 283];

/// One engine reads a few damaged frames: each as it is, then as a person looks at it.
#[test]
fn damaged_frames() {
    let seeds = seeds();
    let (types, raw): (Vec<u16>, Vec<Vec<u8>>) = seeds.into_iter().unzip();
    Reader { name: "frames", usual: 100_000, cap: 16 << 20 }.run(
        |dice| {
            let link_types = (0..1 + dice.below(6)).map(|_| dice.below(types.len())).collect::<Vec<_>>();
            let frames = link_types.iter().flat_map(|&seed| {
                let other = dice.one_in(16).then(|| LINK_TYPES[dice.below(LINK_TYPES.len())]);
                let link_type = other.unwrap_or(types[seed]);
                let bytes = if dice.one_in(4) {
                    dice.input(&raw, 2_000)
                } else {
                    let mut bytes = raw[seed].clone();
                    for _ in 0..dice.below(4) {
                        dice.damage(&mut bytes, &raw);
                    }
                    bytes
                };
                [link_type.to_be_bytes().to_vec(), bytes]
            });
            frames.collect()
        },
        |input, dice| {
            let mut engine = Engine::new();
            for (pair, number) in input.chunks_exact(2).zip(1..) {
                let (link_type, raw) = (u16::from_be_bytes([pair[0][0], pair[0][1]]), &pair[1]);
                if dice.one_in(2) {
                    try_all(&mut engine, number, raw, link_type);
                } else {
                    let captured = &raw[..dice.below(raw.len() + 1)];
                    engine.frame(&at(number, captured, raw.len(), link_type), &mut ()).unwrap();
                }
            }
            engine.finish(&mut ()).unwrap();
        },
    );
}

/// One engine for all of them: what it remembers of damaged flows and fragments must stay bounded.
#[test]
fn one_engine_for_many_damaged_frames() {
    let seeds = seeds();
    let raw: Vec<Vec<u8>> = seeds.iter().map(|(_, bytes)| bytes.clone()).collect();
    let mut engine = Engine::new();
    let mut read = || {
        for number in 1..80_000_u64 {
            let mut dice = Dice::of("engine", number);
            let (link_type, mut bytes) = seeds[dice.below(seeds.len())].clone();
            for _ in 0..=dice.below(4) {
                dice.damage(&mut bytes, &raw);
            }
            engine.frame(&at(number, &bytes, bytes.len(), link_type), &mut ()).unwrap();
        }
        engine.finish(&mut ()).unwrap();
    };
    let ((), peak) = peak_of(&mut read);
    assert!(peak < 256 << 20, "{peak} bytes");
}
