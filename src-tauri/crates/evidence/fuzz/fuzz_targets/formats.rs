//! A file of one format: its number in the list, a byte of dice, then the file.
#![no_main]

#[path = "../../tests/common/build.rs"]
#[allow(dead_code)] // the tests use the rest
mod build;
#[path = "../../../dissect/tests/robust/mutate.rs"]
#[allow(dead_code)]
mod mutate;
#[path = "../../tests/robust/seeds.rs"]
#[allow(dead_code)]
mod seeds;
#[path = "../../tests/robust/sound.rs"]
mod sound;

use evidence::format::ALL;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Dice;

fuzz_target!(|data: &[u8]| {
    let Some(([format, chance], bytes)) = data.split_first_chunk() else { return };
    sound::read(ALL[usize::from(*format) % ALL.len()], bytes, &mut Dice::of("fuzz", (*chance).into()));
});

// Now and then a fresh start from a good file; else what libFuzzer makes of what it has.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::of("mutator", seed.into());
    if size > 2 && !dice.one_in(256) {
        return fuzzer_mutate(data, size, max_size);
    }
    let format = dice.below(ALL.len());
    let seeds = seeds::of(ALL[format].name());
    let made = [&[format as u8, dice.next() as u8], dice.pick(&seeds)].concat();
    let length = made.len().min(max_size);
    data[..length].copy_from_slice(&made[..length]);
    length
});
