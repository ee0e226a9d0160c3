//! A few frames of one link type (two bytes), each behind its length.
#![no_main]

#[path = "../../tests/robust/look.rs"]
mod look;
#[path = "../../tests/robust/mutate.rs"]
#[allow(dead_code)] // the tests use the rest
mod mutate;
#[path = "../../tests/robust/seeds.rs"]
#[allow(dead_code)]
mod seeds;

use dissect::Engine;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| {
    let Some((link_type, mut rest)) = data.split_first_chunk() else { return };
    let (mut engine, mut number) = (Engine::new(), 0);
    while let Some((length, after)) = rest.split_first_chunk() {
        let (frame, behind) = after.split_at(after.len().min(u16::from_be_bytes(*length).into()));
        number += 1;
        look::try_all(&mut engine, number, frame, u16::from_be_bytes(*link_type));
        rest = behind;
    }
    engine.finish(&mut look::Nowhere).unwrap();
});

// Now and then a fresh start from a frame that the lower layers are tested with.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = mutate::Dice::of("mutator", seed.into());
    if size > 2 && !dice.one_in(64) {
        return fuzzer_mutate(data, size, max_size);
    }
    let lines: Vec<&str> =
        include_str!("../../src/layers/frames.txt").lines().filter(|line| !line.starts_with('#')).collect();
    let [_, link_type, hex] = lines[dice.below(lines.len())].split(' ').collect::<Vec<_>>().try_into().unwrap();
    let frame = seeds::bytes(hex);
    let head = [link_type.parse::<u16>().unwrap().to_be_bytes(), (frame.len() as u16).to_be_bytes()].concat();
    let made = [head, frame].concat();
    let length = made.len().min(max_size);
    data[..length].copy_from_slice(&made[..length]);
    length
});
