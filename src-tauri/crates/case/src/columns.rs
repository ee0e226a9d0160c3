//! Columns of integers as bytes: what chunks of frames and of facts are made of. Reading gives `None` where bytes are damaged.

use std::collections::HashMap;

/// A column of values that repeat.
#[derive(Debug, PartialEq)]
pub(crate) struct Dictionary {
    pub values: Vec<u64>,
    /// Of each fact, into `values`.
    pub index: Vec<u16>,
}

impl Dictionary {
    pub fn get(&self, row: usize) -> u64 {
        let at = self.index.get(row).copied().unwrap_or(0);
        self.values.get(usize::from(at)).copied().unwrap_or(0)
    }
}

/// Integers that grow, as zigzag varints of their differences (LEB128).
pub(crate) fn deltas(out: &mut Vec<u8>, values: impl Iterator<Item = i64>) {
    // By the hundred: growing the whole byte by byte takes longer than all the rest.
    let mut room = [0_u8; 1_024];
    let (mut used, mut last) = (0, 0_i64);
    for value in values {
        let difference = value.wrapping_sub(last);
        last = value;
        let zigzag = ((difference << 1) ^ (difference >> 63)) as u64;
        if used + 8 > room.len() || zigzag >> 56 != 0 {
            out.extend_from_slice(room.get(..used).unwrap_or_default());
            used = 0;
        }
        if zigzag >> 56 != 0 {
            varint(out, zigzag);
        } else if let Some(to) = room.get_mut(used..).and_then(|rest| rest.first_chunk_mut()) {
            let (bytes, length) = in_sevens(zigzag);
            *to = bytes.to_le_bytes();
            used += length;
        }
    }
    out.extend_from_slice(room.get(..used).unwrap_or_default());
}

/// The varint of a number of at most 56 bits, its first byte the lowest, and how many bytes it has. Without a branch, as lengths
/// come in no order that a processor could guess.
fn in_sevens(number: u64) -> (u64, usize) {
    // Halves of 28 bits, quarters of 14, eighths of 7 move apart.
    let halves = number & 0x0fff_ffff | (number & 0x00ff_ffff_f000_0000) << 4;
    let quarters = halves & 0x0000_3fff_0000_3fff | (halves & 0x0fff_c000_0fff_c000) << 2;
    let eighths = quarters & 0x007f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
    let length = (70 - (number | 1).leading_zeros()) / 7;
    let go_on = 0x0080_8080_8080_8080 & ((1 << (8 * (length - 1))) - 1);
    (eighths | go_on, length as usize)
}

/// The same of a column that is often one value throughout: then that is all that is written.
pub(crate) fn even_deltas(out: &mut Vec<u8>, mut values: impl Iterator<Item = i64> + Clone) {
    let column = values.clone();
    let first = values.next();
    let even = values.all(|value| Some(value) == first);
    out.push(u8::from(even));
    match even {
        true => deltas(out, first.into_iter()),
        false => deltas(out, column),
    }
}

pub(crate) fn read_even_deltas(from: &mut &[u8], count: usize) -> Option<Vec<i64>> {
    let (even, rest) = from.split_first()?;
    *from = rest;
    match even {
        0 => read_deltas(from, count),
        _ => Some(vec![*read_deltas(from, count.min(1))?.first().unwrap_or(&0); count]),
    }
}

pub(crate) fn read_deltas(from: &mut &[u8], count: usize) -> Option<Vec<i64>> {
    let mut values = Vec::with_capacity(count);
    let mut last = 0_i64;
    for _ in 0..count {
        let raw = read_varint(from)?;
        last = last.wrapping_add((raw >> 1) as i64 ^ -((raw & 1) as i64));
        values.push(last);
    }
    Some(values)
}

/// What finding the distinct values of a column takes; memory for one column after the other.
#[derive(Default)]
pub(crate) struct Distinct {
    values: Vec<u64>,
    known: HashMap<u64, u16, foldhash::fast::FixedState>,
    index: Vec<u16>,
}

impl Distinct {
    /// Values that repeat: the distinct ones, and an index of one or two bytes each; none where all are the same. At most 65 536 values.
    pub fn write(&mut self, out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
        let Distinct { values: distinct, known, index } = self;
        distinct.clear();
        known.clear();
        index.clear();
        let mut last = None;
        index.extend(values.map(|value| {
            let at = match last {
                Some((same, at)) if same == value => at,
                _ => *known.entry(value).or_insert_with(|| {
                    distinct.push(value);
                    (distinct.len() - 1) as u16
                }),
            };
            last = Some((value, at));
            at
        }));
        varint(out, distinct.len() as u64);
        deltas(out, distinct.iter().map(|value| *value as i64));
        match distinct.len() {
            0 | 1 => {}
            2..=256 => out.extend(index.iter().map(|at| *at as u8)),
            _ => {
                let start = out.len();
                out.resize(start + index.len() * 2, 0);
                let room = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>().0;
                room.iter_mut().zip(index.iter()).for_each(|(bytes, at)| *bytes = at.to_le_bytes());
            }
        }
    }
}

pub(crate) fn read_dictionary(from: &mut &[u8], count: usize) -> Option<Dictionary> {
    let distinct = read_varint(from)? as usize;
    if distinct > count {
        return None;
    }
    let values = read_deltas(from, distinct)?.into_iter().map(|value| value as u64).collect();
    let width = match distinct {
        0 | 1 => 0,
        2..=256 => 1,
        _ => 2,
    };
    let (index, rest) = from.split_at_checked(count * width)?;
    *from = rest;
    let index: Vec<u16> = match width {
        0 => vec![0; count],
        1 => index.iter().map(|at| u16::from(*at)).collect(),
        _ => index.as_chunks::<2>().0.iter().map(|at| u16::from_le_bytes(*at)).collect(),
    };
    if index.iter().any(|at| usize::from(*at) >= distinct) && count > 0 {
        return None;
    }
    Some(Dictionary { values, index })
}

pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_leb128_of_their_zigzag() {
        let edges =
            (0..64).flat_map(|bit| [1_i64 << bit, (1_i64 << bit).wrapping_sub(1), (1_i64 << bit).wrapping_neg()]);
        // In an order in which short and long ones follow each other, past the end of the room.
        let mut values: Vec<i64> =
            (0..20).flat_map(|n| edges.clone().map(move |value| value.rotate_left(n * 7))).collect();
        values.extend([0, 0, i64::MIN, i64::MAX, i64::MIN]);
        let (mut made, mut expected) = (Vec::new(), Vec::new());
        deltas(&mut made, values.iter().copied());
        let mut last = 0_i64;
        for value in &values {
            let difference = value.wrapping_sub(last);
            last = *value;
            varint(&mut expected, ((difference << 1) ^ (difference >> 63)) as u64);
        }
        assert!(made == expected);
        assert_eq!(read_deltas(&mut &made[..], values.len()).unwrap(), values);
    }
}
