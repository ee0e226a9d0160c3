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
    let mut last = 0_i64;
    for value in values {
        let difference = value.wrapping_sub(last);
        varint(out, ((difference << 1) ^ (difference >> 63)) as u64);
        last = value;
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

/// Values that repeat: the distinct ones, and an index of one or two bytes each; none where all are the same. At most 65 536 values.
pub(crate) fn dictionary(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    let mut distinct: Vec<u64> = Vec::new();
    let mut known: HashMap<u64, u16, foldhash::fast::FixedState> = HashMap::default();
    let mut index: Vec<u16> = Vec::with_capacity(values.size_hint().0);
    let mut last = None;
    for value in values {
        let at = match last {
            Some((same, at)) if same == value => at,
            _ => *known.entry(value).or_insert_with(|| {
                distinct.push(value);
                (distinct.len() - 1) as u16
            }),
        };
        last = Some((value, at));
        index.push(at);
    }
    varint(out, distinct.len() as u64);
    let mut before = 0_u64;
    for value in &distinct {
        let difference = value.wrapping_sub(before) as i64;
        varint(out, ((difference << 1) ^ (difference >> 63)) as u64);
        before = *value;
    }
    match distinct.len() {
        0 | 1 => {}
        2..=256 => out.extend(index.iter().map(|at| *at as u8)),
        _ => out.extend(index.iter().flat_map(|at| at.to_le_bytes())),
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
