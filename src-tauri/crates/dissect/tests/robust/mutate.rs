//! Damaged inputs out of good ones, the same in every run on every machine.

/// A source of numbers that look random (xorshift64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

/// Numbers at which lengths and counts turn over.
const EDGES: &[u64] =
    &[0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

impl Dice {
    /// Those of the `n`th input to `what`.
    pub fn of(what: &str, n: u64) -> Dice {
        // FNV-1a, then a round of splitmix64, so that neighbours have nothing in common.
        let name = what
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        let mut z = name.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Dice((z ^ z >> 31).max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 11) % limit.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 32) as u8).collect()
    }

    pub fn pick<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a [u8] {
        seeds.get(self.below(seeds.len())).map_or(&[], Vec::as_slice)
    }

    /// An input of at most `most` bytes: mostly a seed with a few places changed; also cut, spliced, repeated and random ones.
    pub fn input(&mut self, seeds: &[Vec<u8>], most: usize) -> Vec<u8> {
        let mut bytes = match self.below(16) {
            0 => {
                let length = [16, 64, 600][self.below(3)];
                let length = self.below(length);
                self.bytes(length)
            }
            1 => {
                let seed = self.pick(seeds);
                let length = self.below(seed.len() + 1);
                seed[..length].to_vec()
            }
            2 | 3 => {
                let (front, back) = (self.pick(seeds), self.pick(seeds));
                let (to, from) = (self.below(front.len() + 1), self.below(back.len() + 1));
                [&front[..to], &back[from..]].concat()
            }
            4 => {
                let seed = self.pick(seeds);
                let from = self.below(seed.len());
                let longest = if self.one_in(2) { 8 } else { 200 };
                let length = 1 + self.below(seed.len().min(longest));
                let piece = &seed[from..seed.len().min(from + length)];
                let room = if self.one_in(16) { most } else { 64 };
                let times = self.below(room / piece.len().max(1) + 1);
                [&seed[..from], &piece.repeat(times), &seed[from..]].concat()
            }
            _ => self.pick(seeds).to_vec(),
        };
        for _ in 0..self.below(5) {
            self.damage(&mut bytes, seeds);
        }
        bytes.truncate(most);
        bytes
    }

    /// Damages one place.
    pub fn damage(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let Some(&byte) = bytes.get(at) else { return bytes.push(self.next() as u8) };
        match self.below(12) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = (self.next() >> 32) as u8,
            3 => bytes[at] = byte.wrapping_add([1, 0xff][self.below(2)]),
            4..=6 => self.number(bytes, at),
            7 => bytes.truncate(at),
            8 => {
                let to = bytes.len().min(at + 1 + self.below(16));
                bytes.drain(at..to);
            }
            9 => {
                let from = self.below(bytes.len());
                let piece = bytes[from..bytes.len().min(from + 1 + self.below(32))].to_vec();
                bytes.splice(at..at, piece);
            }
            10 => {
                let other = self.pick(seeds);
                let from = self.below(other.len());
                let piece = &other[from..other.len().min(from + 1 + self.below(32))];
                let to = if self.one_in(2) { at } else { bytes.len().min(at + piece.len()) };
                bytes.splice(at..to, piece.iter().copied());
            }
            _ => self.digits(bytes, at),
        }
    }

    /// Writes a number over what may be a length: an edge, or near to what is left of the bytes.
    fn number(&mut self, bytes: &mut [u8], at: usize) {
        let left = (bytes.len() - at) as u64;
        let number = match self.below(4) {
            0 => left.wrapping_add(self.below(9) as u64).wrapping_sub(4),
            _ => EDGES[self.below(EDGES.len())],
        };
        let width = [1, 2, 4, 8][self.below(4)];
        let to = bytes.len().min(at + width);
        let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
        let written = if self.one_in(2) { &little[..width] } else { &big[8 - width..] };
        bytes[at..to].copy_from_slice(&written[..to - at]);
    }

    /// The next number in digits becomes another.
    fn digits(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit).map(|n| at + n) else { return };
        let to = bytes[from..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |n| from + n);
        let number = EDGES[self.below(EDGES.len())];
        let text = match self.below(4) {
            0 => format!("{number}{number}{number}"),
            1 => format!("-{number}"),
            _ => number.to_string(),
        };
        bytes.splice(from..to, text.into_bytes());
    }
}
