//! Texts packed by Huffman's code (RFC 7541 section 5.2 and appendix B). The code is canonical: lengths alone say what it is.

/// Bits of the code of each byte, and of the end of a text.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// What ends a text, and must not be in one.
const END: u16 = 256;

/// An entry of the tree that is no branch.
const LEAF: u16 = 0x8000;

/// For each branch, what follows a 0 and a 1.
static TREE: [[u16; 2]; 256] = tree();

const fn tree() -> [[u16; 2]; 256] {
    let mut tree = [[0; 2]; 256];
    let (mut branches, mut code, mut length) = (1, 0_u32, 1);
    while length <= 30 {
        code <<= 1;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] == length {
                let (mut at, mut left) = (0, length);
                while left > 1 {
                    left -= 1;
                    let side = (code >> left & 1) as usize;
                    if tree[at][side] == 0 {
                        tree[at][side] = branches;
                        branches += 1;
                    }
                    at = tree[at][side] as usize;
                }
                tree[at][(code & 1) as usize] = LEAF | symbol as u16;
                code += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    tree
}

/// None: it is no text of this code.
pub fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len() * 8 / 5);
    // bits since the last code ended, and whether they are all ones
    let (mut at, mut bits, mut ones) = (0, 0, true);
    for byte in bytes {
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1;
            let next = *TREE.get(usize::from(at))?.get(usize::from(bit))?;
            (bits, ones) = (bits + 1, ones && bit == 1);
            at = next;
            if next & LEAF != 0 {
                text.push(u8::try_from(next & !LEAF).ok().filter(|_| next & !LEAF != END)?);
                (at, bits, ones) = (0, 0, true);
            }
        }
    }
    (bits < 8 && ones).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::testing::{Random, bytes};

    #[test]
    fn every_code_leads_to_a_leaf() {
        let leaves = TREE.iter().flatten().filter(|next| **next & LEAF != 0).count();
        assert_eq!((leaves, TREE.iter().flatten().filter(|next| **next == 0).count()), (257, 0));
    }

    #[test]
    fn texts() {
        for (hex, text) in [
            ("", Some("")),
            ("f1e3c2e5f23a6ba0ab90f4ff", Some("www.example.com")),
            ("a8eb10649cbf", Some("no-cache")),
            ("aec3771a4b", Some("private")),
            // padded by zeros, by more than seven ones, by nothing but ones for a whole byte, and the code that ends
            ("a8eb10649cbe", None),
            ("a8eb10649cbfff", None),
            ("ff", None),
            ("fffffffc", None),
        ] {
            assert_eq!(decode(&bytes(hex)).as_deref(), text.map(str::as_bytes), "{hex}");
        }
        let mut random = Random(3);
        for n in 0..20_000 {
            decode(&random.bytes(n % 40));
        }
    }
}
