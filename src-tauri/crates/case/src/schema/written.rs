//! Whether a case is still written as [`FORMAT`] says: what fixed facts, flows, frames and sightings become, table by table, by hashes.

use model::{Endpoint, Fact, Flow, Interface, Issue, Mac, Party, Piece, Place, Signal, Time, TimeKind, Uid};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::{FORMAT, WRITTEN};
use crate::{About, Actor, Batch, Case, FrameColumns, FrameEntry, NO_TIME, NewEvidence, RunStatus, Sighting};

const START: i64 = 1_700_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// What is read again: tables, and the columns that give their rows' order.
const TABLES: [(&str, &str); 13] = [
    ("fact_chunk", "id"),
    ("fact_columns", "chunk"),
    ("kind", "id"),
    ("text", "id"),
    ("flow", "id"),
    ("frame_chunk", "run, first"),
    ("presence_name", "id"),
    ("presence_hour", "hour, run, part"),
    ("sighting", "run, mac"),
    ("spoken", "run, mac, service"),
    ("tally", "run, kind, minute"),
    ("issue", "id"),
    ("capture_interface", "run, number"),
];

#[test]
fn the_format_is_raised_with_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path());
    let found = case.read(|db| Ok(hashes(db))).unwrap();
    let wanted: Vec<(&str, String)> = WRITTEN.iter().map(|(part, hash)| (*part, (*hash).to_owned())).collect();
    if found == wanted {
        return;
    }
    let other: Vec<&str> = found.iter().filter(|one| !wanted.contains(one)).map(|(part, _)| *part).collect();
    let lines: Vec<String> = found.iter().map(|(part, hash)| format!("    (\"{part}\", \"{hash}\"),\n")).collect();
    panic!(
        "a case of format {FORMAT} is written in another way than before: {other:?} differ.\n\
         Would a Lintel from before this change misread the new cases, or this one the old? Then raise FORMAT in schema.rs.\n\
         If both read both (other ids of texts, say), FORMAT stays. Either way put the new hashes there, as WRITTEN:\n{}",
        lines.concat()
    );
}

/// Of the schema, and of the rows of each table.
fn hashes(db: &Connection) -> Vec<(&'static str, String)> {
    let mut found = vec![("schema", hash(schema(db).as_bytes()))];
    for (table, order) in TABLES {
        let bytes = rows(db, table, order);
        assert!(!bytes.is_empty(), "nothing is in {table}: whether it is written as before can't be said");
        found.push((table, hash(&bytes)));
    }
    found
}

fn hash(bytes: &[u8]) -> String {
    model::hex(&Sha256::digest(bytes))[..16].to_owned()
}

/// What SQLite keeps of it, without remarks and line breaks; of the index of words only its declaration, as the rest is SQLite's.
fn schema(db: &Connection) -> String {
    let mut statement = db
        .prepare(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'text_fts_*' ORDER BY type, name",
        )
        .unwrap();
    let declared: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let lines = declared.iter().flat_map(|sql| sql.lines()).map(|line| line.split("--").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// All cells one after the other, each with its type and length. What Zstandard packed is unpacked first: another version of it may
/// write the same in fewer bytes.
fn rows(db: &Connection, table: &str, order: &str) -> Vec<u8> {
    let mut statement = db.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        for (at, name) in names.iter().enumerate() {
            let (kind, cell) = match row.get_ref(at).unwrap() {
                ValueRef::Null => (b'n', Vec::new()),
                ValueRef::Integer(n) => (b'i', n.to_le_bytes().into()),
                ValueRef::Real(n) => (b'r', n.to_le_bytes().into()),
                ValueRef::Text(text) => (b't', text.to_vec()),
                ValueRef::Blob(packed) if name == "own" && !packed.is_empty() => {
                    (b'z', zstd::bulk::decompress(packed, 1 << 20).unwrap())
                }
                ValueRef::Blob(blob) => (b'b', blob.to_vec()),
            };
            bytes.push(kind);
            bytes.extend((cell.len() as u64).to_le_bytes());
            bytes.extend(cell);
        }
    }
    bytes
}

fn a_case(dir: &std::path::Path) -> Case {
    let actor = Actor { actor: "tester".into(), machine: "bench".into(), version: "0".into() };
    let about = About { name: "a".into(), ..About::default() };
    let case = Case::create(&dir.join("a.lintel"), &about, actor, Time(0)).unwrap();
    let new = NewEvidence { path: "/e/1.pcap".into(), kind: "pcap".into(), ..NewEvidence::default() };
    let item = case.evidence_begin(&new, Time(0)).unwrap();
    let run = case.run_begin(item, "pcap", "1", Time(0)).unwrap();
    let mut writer = case.writer().unwrap();
    writer.write(run, &a_batch(300, false)).unwrap();
    // As of a live capture: small chunks, which are put together.
    (0..9).for_each(|_| writer.write(run, &a_batch(4, true)).unwrap());
    drop(writer);
    case.run_end(run, RunStatus::Done, Time(0)).unwrap();
    case.index().unwrap();
    case
}

/// Each kind of value that there is, in columns with one, few and more than 256 different ones.
fn a_batch(count: u64, live: bool) -> Batch {
    let mut batch = Batch { live, ..Batch::default() };
    (0..count).for_each(|n| batch.facts.push(&a_fact(n)));
    batch.flows = (0..3).map(|n| (n + 1, a_flow(n))).collect();
    batch.open_flows = vec![(4, a_flow(4))];
    batch.issues =
        vec![Issue { frame: Some(7), skipped: Some(9), ..Issue::new("dns message", "it is cut off", 1_234) }];
    batch.interfaces = vec![Interface {
        link_type: 1,
        snap_len: 65_535,
        name: Some("eth0".into()),
        ticks_per_second: 1_000_000,
        offset: 24,
        ..Interface::default()
    }];
    batch.sightings = vec![Sighting {
        mac: mac(3),
        ip: Some([192, 0, 2, 3].into()),
        first_ts: Some(START),
        last_ts: None,
        first_frame: 1,
        frames: 70_000,
        bytes: 1 << 33,
    }];
    batch.all_sightings = true;
    batch.presence = (0..6).map(heard).collect();
    let mut frames = FrameColumns::default();
    batch.chunks.extend((0..count).filter_map(|n| frames.push(a_frame(n))));
    batch.chunks.extend(frames.take());
    batch
}

fn mac(n: u8) -> Mac {
    Mac([0x18, 0xb4, 0x30, 0, 0, n])
}

fn a_fact(n: u64) -> Fact {
    let kind = if n.is_multiple_of(10) { "mqtt" } else { "dns" };
    let mut fact = Fact::new(
        kind,
        Place { frame: (!n.is_multiple_of(4)).then_some(n / 2 + 1), ..Place::bytes(n * 70, 40 + n % 5) },
    );
    // Not quite in order, some without a time.
    fact.ts = (n % 7 != 3).then(|| Time(START + (n ^ 5) as i64 * 977 * SECOND / 100));
    fact.time_kind = TimeKind::ALL[n as usize % TimeKind::ALL.len()];
    fact.uid = (!n.is_multiple_of(5)).then(|| Uid((n % 3 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    fact.src = match n % 5 {
        0 => Party::None,
        1 => Party::Ip([192, 0, 2, n as u8].into()),
        2 => Party::Ip([0x2001, 0xdb8, 0, 0, 0, 0, 0, n as u16].into()),
        3 => Party::Mac(mac(n as u8)),
        _ => Party::Name(format!("lamp{}", n % 3)),
    };
    fact.dst = Party::Ip([192, 0, 2, 1].into());
    fact.subject = if n.is_multiple_of(9) { String::new() } else { format!("{n}.lamp.example") };
    fact.fields.text("query", &format!("{n}.\"lamp\".example"));
    let subject = fact.subject.clone();
    fact.fields.name("about", &subject);
    fact.fields.int("qtype", n as i64 % 2 - 1);
    fact.fields.flag("AA", n.is_multiple_of(2));
    if !n.is_multiple_of(3) {
        fact.own.int("trans_id", n as i64 * 77);
        fact.own.real("rtt", n as f64 / 8.0);
        fact.own.text("payload", "{\"on\":\"yes\\no\"}\n\u{1}é");
    }
    if n % 50 == 11 {
        fact.place.pieces =
            vec![Piece { frame: n, offset: 1, length: 2 }, Piece { frame: n + 1, offset: 1 << 40, length: 3 }];
    }
    fact
}

fn a_flow(n: u32) -> Flow {
    let end = |last: u8, port| Endpoint {
        ip: if n == 2 { [0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()].into() } else { [192, 0, 2, last].into() },
        port,
        mac: (n != 1).then(|| mac(last)),
        frames: 3,
        wire_bytes: 300,
        ip_bytes: 258,
        bytes: 1 << 40,
    };
    Flow {
        uid: Uid(u64::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        proto: "tcp",
        ip_proto: 6,
        service: (n != 1).then_some("dns"),
        odd_port: n == 2,
        vlan: (n == 2).then_some(7),
        first_ts: (n != 1).then_some(Time(START)),
        last_ts: Some(Time(START + i64::from(n))),
        first_frame: 1,
        last_frame: 9,
        orig: end(3, 50_000),
        resp: end(1, 53),
        conn_state: "SF",
        history: "ShADadFf".into(),
        missed_bytes: 5,
    }
}

fn a_frame(n: u64) -> FrameEntry {
    FrameEntry {
        number: n + 1,
        ts: if n == 50 { NO_TIME } else { START - n as i64 * 977 },
        offset: 24 + n * 80,
        cap_len: 60 + (n as u32 % 9),
        wire_len: if n.is_multiple_of(5) { 1_514 } else { 60 + (n as u32 % 9) },
        interface: 0,
        flow: n as u32 / 3,
    }
}

/// One over several quarter hours among them, one without a signal, and one of a name.
fn heard(n: i64) -> model::Sighting {
    let first = Time(START + n % 4 * 700 * SECOND);
    model::Sighting {
        device: if n == 5 {
            Party::Name("a pseudonym".into())
        } else {
            Party::Mac(Mac([0x1a, 0, 0, 0, 0, n as u8 / 2]))
        },
        node: if n == 4 { String::new() } else { format!("node{}", n % 2) },
        source: "wlan",
        first,
        last: Time(first.0 + if n == 3 { 3_000 * SECOND } else { 40 * SECOND }),
        count: (n != 2).then_some(1_000),
        signal: (n != 1).then_some(Signal { min: -90, avg: -70, max: -40 }),
        associated: [None, Some(true), Some(false)][n as usize % 3],
    }
}
