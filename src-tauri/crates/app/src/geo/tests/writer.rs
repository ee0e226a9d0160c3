//! Writes tables in MaxMind's format, as far as tests need it.

use std::net::IpAddr;

use serde_json::{Value, json};

/// Networks must not lie in each other.
pub struct Writer {
    pub kind: &'static str,
    pub ip_version: u16,
    pub record_size: u16,
    /// Two records each.
    pub nodes: Vec<[Record; 2]>,
    pub data: Vec<u8>,
}

#[derive(Clone, Copy)]
pub enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

pub const BUILT: u64 = 1_793_664_000; // 2026-11-03

impl Writer {
    pub fn new(kind: &'static str, ip_version: u16, record_size: u16) -> Writer {
        Writer { kind, ip_version, record_size, nodes: vec![[Record::Nothing; 2]], data: Vec::new() }
    }

    pub fn with(mut self, networks: &[&str], record: &Value) -> Writer {
        let at = self.data.len();
        value(record, &mut self.data);
        for network in networks {
            self.lead(network, Record::Data(at));
        }
        self
    }

    pub fn lead(&mut self, network: &str, to: Record) {
        let (address, length) = network.split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        let (bits, length) = match (address.parse().unwrap(), self.ip_version) {
            (IpAddr::V4(four), 4) => (u128::from(u32::from(four)) << 96, length),
            (IpAddr::V4(four), _) => (u128::from(u32::from(four)), length + 96),
            (IpAddr::V6(six), _) => (u128::from(six), length),
        };
        let mut node = 0;
        for depth in 0..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            if depth + 1 == length {
                self.nodes[node][side] = to;
            } else if let Record::Node(next) = self.nodes[node][side] {
                node = next;
            } else {
                self.nodes.push([Record::Nothing; 2]);
                let next = self.nodes.len() - 1;
                self.nodes[node][side] = Record::Node(next);
                node = next;
            }
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for node in &self.nodes {
            let [left, right] = node.map(|record| match record {
                Record::Nothing => count as u32,
                Record::Node(at) => at as u32,
                Record::Data(at) => (count + 16 + at) as u32,
            });
            let [l, r] = [left.to_be_bytes(), right.to_be_bytes()];
            match self.record_size {
                24 => out.extend([&l[1..], &r[1..]].concat()),
                28 => out.extend([&l[1..], &[l[0] << 4 | r[0]], &r[1..]].concat()),
                _ => out.extend([l, r].concat()),
            }
        }
        out.extend([0; 16]);
        out.extend(&self.data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        head(7, 9, &mut out);
        let number = |name: &str, kind: u8, bytes: &[u8], out: &mut Vec<u8>| {
            value(&json!(name), out);
            head(kind, bytes.len(), out);
            out.extend(bytes);
        };
        number("binary_format_major_version", 5, &[2], &mut out);
        number("binary_format_minor_version", 5, &[], &mut out);
        number("build_epoch", 9, &BUILT.to_be_bytes(), &mut out);
        number("ip_version", 5, &self.ip_version.to_be_bytes(), &mut out);
        number("node_count", 6, &(count as u32).to_be_bytes(), &mut out);
        number("record_size", 5, &self.record_size.to_be_bytes(), &mut out);
        for (name, what) in [
            ("database_type", json!(self.kind)),
            ("description", json!({ "en": "made for tests" })),
            ("languages", json!(["en"])),
        ] {
            value(&json!(name), &mut out);
            value(&what, &mut out);
        }
        out
    }
}

fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    out.push(if kind > 7 { short } else { kind << 5 | short });
    if kind > 7 {
        out.push(kind - 7);
    }
    out.extend(more);
}

fn value(from: &Value, out: &mut Vec<u8>) {
    match from {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) => {
            head(6, 4, out);
            out.extend((number.as_u64().unwrap() as u32).to_be_bytes());
        }
        Value::Bool(yes) => head(14, usize::from(*yes), out),
        Value::Array(all) => {
            head(11, all.len(), out);
            all.iter().for_each(|one| value(one, out));
        }
        Value::Object(map) => {
            head(7, map.len(), out);
            for (name, one) in map {
                value(&json!(name), out);
                value(one, out);
            }
        }
        Value::Null => unreachable!(),
    }
}
