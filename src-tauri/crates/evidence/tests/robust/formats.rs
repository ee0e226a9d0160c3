//! Every format, asked about and given damaged files.

use evidence::format::ALL;

use crate::runs::Reader;
use crate::seeds;
use crate::sound::read;

/// Bytes of one file; of a report, which is long by nature, more.
const MOST_BYTES: usize = 32 << 10;
/// Memory of one reader, over what the file itself takes.
const CAP: usize = 16 << 20;

#[test]
fn every_format_reads_anything() {
    for format in ALL {
        let seeds = seeds::of(format.name());
        assert!(!seeds.is_empty(), "{} has no seeds in seeds.rs", format.name());
        let others: Vec<Vec<u8>> = ALL.iter().flat_map(|format| seeds::of(format.name())).collect();
        let reader = Reader { name: format.name(), usual: 20_000, cap: CAP };
        reader.run(
            |dice| vec![if dice.one_in(64) { dice.input(&others, MOST_BYTES) } else { dice.input(&seeds, MOST_BYTES) }],
            |input, dice| read(*format, &input[0], dice),
        );
    }
}
