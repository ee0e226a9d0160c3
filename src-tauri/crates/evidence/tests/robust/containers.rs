//! Every container, read by the walk as a file on the disk, with all its guards.

use crate::mutate::Dice;
use crate::runs::Reader;
use crate::seeds;
use crate::walked::{HIGH, LOW, mend, walk};

/// Bytes of one container.
const MOST_BYTES: usize = 16 << 10;
/// What the hungriest decoder may ask for, and chunks of what is in it.
const CAP: usize = (512 << 20) + (128 << 20);
#[test]
fn every_container_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    for name in seeds::CONTAINERS {
        let seeds = seeds::of(name);
        let path = folder.path().join(format!("x.{name}"));
        for seed in &seeds {
            assert_eq!(walk(&path, seed, &HIGH).kind, *name, "a seed is not what it is to be");
        }
        Reader { name, usual: 300, cap: CAP }.run(
            |dice| {
                let mut bytes = dice.input(&seeds, MOST_BYTES);
                if !dice.one_in(8) {
                    mend(name, &mut bytes);
                }
                vec![bytes]
            },
            |input, dice: &mut Dice| {
                walk(&path, &input[0], if dice.one_in(32) { &HIGH } else { &LOW });
            },
        );
    }
}
