//! A container of any kind; a first byte that is odd lets its checksums be made right.
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
#[allow(dead_code)]
mod sound;
#[path = "../../tests/robust/walked.rs"]
mod walked;

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Dice;
use seeds::CONTAINERS;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((mend, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if mend & 1 == 1 {
        walked::mend(CONTAINERS[usize::from(mend >> 1) % CONTAINERS.len()], &mut bytes);
    }
    walked::walk(&FOLDER.path().join("x"), &bytes);
});

// Now and then a fresh start from a good file; else what libFuzzer makes of what it has.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::of("mutator", seed.into());
    if size > 1 && !dice.one_in(256) {
        return fuzzer_mutate(data, size, max_size);
    }
    let container = dice.below(CONTAINERS.len());
    let seeds = seeds::of(CONTAINERS[container]);
    let made = [&[(container << 1) as u8 | 1], dice.pick(&seeds)].concat();
    let length = made.len().min(max_size);
    data[..length].copy_from_slice(&made[..length]);
    length
});
