//! What comes out is what went in, in order, whichever page, direction or filter: against sorting everything.

use model::{Fact, Party, Place, Time};

use super::FactRow;
use crate::{Actor, Batch, Case, Condition, NewEvidence, Op, PageRequest, RunStatus, Select};

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const KINDS: [&str; 3] = ["dns", "mqtt", "coap"];

fn a_case(dir: &std::path::Path, batches: u64, facts: u64) -> Case {
    let actor = Actor { actor: "tester".into(), machine: "bench".into(), version: "0".into() };
    let case =
        Case::create(&dir.join("a.lintel"), &crate::About { name: "a".into(), ..Default::default() }, actor, Time(0))
            .unwrap();
    let mut dice = Dice(7);
    let mut writer = case.writer().unwrap();
    for run in 0..2 {
        let new = NewEvidence { path: format!("/e/{run}.pcap"), kind: "pcap".into(), ..NewEvidence::default() };
        let item = case.evidence_begin(&new, Time(0)).unwrap();
        let run = case.run_begin(item, "pcap", "1", Time(0)).unwrap();
        for batch in 0..batches {
            let mut batch_of = Batch::default();
            for n in 0..facts {
                let number = batch * facts + n;
                let mut fact = Fact::new(KINDS[dice.roll(3) as usize], Place::bytes(number * 10, 5));
                fact.ts = (dice.roll(50) > 0).then(|| Time((number * 100 + dice.roll(3_000)) as i64));
                fact.src = Party::Name(format!("host{}", dice.roll(5)));
                fact.subject = format!("topic/{}", dice.roll(40));
                fact.fields.int("qos", dice.roll(3) as i64);
                if dice.roll(2) == 0 {
                    fact.own.int("packet_id", dice.roll(20) as i64);
                }
                fact.place.frame = Some(number / 2 + 1);
                batch_of.facts.push(&fact);
            }
            writer.write(run, &batch_of).unwrap();
        }
        case.run_end(run, RunStatus::Done, Time(0)).unwrap();
    }
    case.index().unwrap();
    case
}

fn all(case: &Case, kind: Option<&str>, select: &Select) -> Vec<FactRow> {
    let request = PageRequest { select: select.clone(), limit: u32::MAX, ..PageRequest::default() };
    case.facts_page(kind, &request).unwrap().0
}

fn condition(field: &str, op: Op, value: &str) -> Condition {
    Condition { field: field.into(), op, value: value.into() }
}

#[test]
fn every_page_is_where_sorting_would_put_it() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path(), 9, 1_000);
    let everything = all(&case, None, &Select::default());
    assert_eq!(everything.len(), 18_000);
    let key = |row: &FactRow| (row.ts.map_or(i64::MIN, |ts| ts.0), row.id);
    assert!(everything.is_sorted_by_key(key));
    let mut dice = Dice(3);
    let selects = [
        (None, Select::default()),
        (Some("mqtt"), Select::default()),
        (None, Select { since: Some(40_000), until: Some(200_000), ..Select::default() }),
        (Some("dns"), Select { conditions: vec![condition("src", Op::Is, "host3")], ..Select::default() }),
        (
            None,
            Select {
                conditions: vec![condition("packet_id", Op::More, "11"), condition("qos", Op::IsNot, "1")],
                ..Select::default()
            },
        ),
        (None, Select { search: "topic 17".into(), ..Select::default() }),
    ];
    for (kind, select) in &selects {
        let holds = |row: &&FactRow| {
            let ts = row.ts.map_or(i64::MIN, |ts| ts.0);
            let number = |name: &str| row.fields.get(name).and_then(serde_json::Value::as_i64);
            kind.is_none_or(|kind| row.kind == kind)
                && select.since.is_none_or(|since| ts >= since)
                && select.until.is_none_or(|until| ts < until)
                && select.conditions.iter().all(|c| match c.field.as_str() {
                    "src" => row.src == "host3",
                    "packet_id" => number("packet_id").is_some_and(|n| n > 11),
                    _ => number("qos") != Some(1),
                })
                && (select.search.is_empty() || row.subject == "topic/17")
        };
        let wanted: Vec<i64> = everything.iter().filter(holds).map(|row| row.id).collect();
        assert!(wanted.len() > 100);
        assert_eq!(case.count_facts(*kind, select).unwrap(), wanted.len() as u64);
        for descending in [false, true] {
            let ordered: Vec<i64> = if descending { wanted.iter().rev().copied().collect() } else { wanted.clone() };
            for _ in 0..12 {
                let skip = dice.roll(ordered.len() as u64);
                let from = dice.roll(skip + 1);
                let mut request =
                    PageRequest { select: select.clone(), limit: 7, skip: from, descending, ..PageRequest::default() };
                // First a page up to a row, then on from its key, stepping over the rest.
                let (page, next, _) = case.facts_page(*kind, &request).unwrap();
                assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), ordered[from as usize..][..page.len()]);
                let Some(next) = next else { continue };
                request.after = Some(next);
                request.skip = skip - from;
                let (page, ..) = case.facts_page(*kind, &request).unwrap();
                let start = (skip as usize + 7).min(ordered.len());
                let end = (start + 7).min(ordered.len());
                assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), ordered[start..end]);
            }
        }
    }
}

#[test]
fn far_places_are_found_by_halving() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path(), 5, 9_000);
    let everything = all(&case, None, &Select::default());
    for descending in [false, true] {
        for skip in [0, 32_769, 50_000, 89_995] {
            let request = PageRequest { limit: 5, skip, descending, ..PageRequest::default() };
            let (page, ..) = case.facts_page(None, &request).unwrap();
            let at = |n: usize| if descending { everything.len() - 1 - n } else { n };
            let wanted: Vec<i64> = (0..5).map(|n| everything[at(skip as usize + n)].id).collect();
            assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), wanted, "{descending} {skip}");
        }
    }
}

#[test]
fn a_fact_is_found_by_its_id_and_by_its_frame() {
    let dir = tempfile::tempdir().unwrap();
    let case = a_case(dir.path(), 3, 500);
    let everything = all(&case, None, &Select::default());
    for row in everything.iter().step_by(97) {
        let found = case.fact(row.id).unwrap().unwrap();
        assert_eq!((&found.subject, found.ts, found.offset), (&row.subject, row.ts, row.offset));
        let of_frame = case.facts_of_frame(row.run, row.frame.unwrap()).unwrap();
        assert_eq!(of_frame.len(), 2);
        assert!(of_frame.iter().any(|other| other.id == row.id));
    }
    let sources = case.facets(None, &Select::default(), "src", 20).unwrap();
    assert_eq!(sources.iter().map(|(_, count)| count).sum::<u64>(), 3_000);
    let mut count = 0;
    case.each_group(&KINDS.map(|kind| (kind, &[] as &[&str])), &mut |group| count += group.count).unwrap();
    assert_eq!(count, 3_000);
}

/// Of a value that is the subject, too, the field set has none of its own: that shows nowhere.
#[test]
fn a_subject_within_the_fields_is_read_found_and_grouped_as_any_value() {
    let dir = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for (name, once) in [("a", true), ("b", false)] {
        let place = dir.path().join(name);
        std::fs::create_dir(&place).unwrap();
        let case = a_case(&place, 0, 0);
        let mut batch = Batch::default();
        for n in 0..300_u64 {
            let mut fact = Fact::new("dns", Place::bytes(n, 1));
            fact.ts = Some(Time(n as i64));
            fact.src = Party::Name(format!("host{}", n % 3));
            // Some need escapes, and one is of another name.
            fact.subject = match n {
                _ if n % 7 == 0 => format!("a\"{}", n % 4),
                _ if n % 13 == 0 => format!("{{device}}/{}", n % 3),
                _ => format!("host{}.example", n % 11),
            };
            let query = if n == 5 { "other.example" } else { &fact.subject };
            fact.fields.int("qtype", n as i64 % 2);
            if once {
                fact.fields.name("query", query);
            } else {
                fact.fields.text("query", query);
            }
            fact.fields.texts("answers", [format!("host{}.example", n % 5)]);
            if n % 10 == 0 {
                fact.own.text("query", "two\nlines");
            }
            batch.facts.push(&fact);
        }
        case.writer().unwrap().write(1, &batch).unwrap();
        let mut groups = Vec::new();
        case.each_group(&[("dns", &["query"])], &mut |group| groups.push(format!("{group:?}"))).unwrap();
        let none = case.each_group(&[("dns", &["quer"])], &mut |group| panic!("{group:?}"));
        none.unwrap();
        let rows: Vec<String> = all(&case, None, &Select::default()).iter().map(|row| format!("{row:?}")).collect();
        let mut found = Vec::new();
        for (field, op, value) in [
            ("query", Op::Is, "host7.example"),
            ("query", Op::IsNot, "host7.example"),
            ("query", Op::Contains, "EXAMPLE"),
            ("query", Op::Matches, "^host[12]\\."),
            ("query", Op::Contains, "\""),
            ("query", Op::Has, ""),
            ("query", Op::Is, "other.example"),
            ("query", Op::Contains, "lines"),
            ("query", Op::Less, "host3"),
            ("answers", Op::Is, "host2.example"),
            ("qtype", Op::Is, "1"),
            ("subject", Op::Is, "host7.example"),
        ] {
            let select = Select { conditions: vec![condition(field, op, value)], ..Select::default() };
            let ids: Vec<i64> = all(&case, None, &select).iter().map(|row| row.id).collect();
            assert!(!ids.is_empty() && ids.len() <= 300, "{field} {op:?} {value}");
            found.push(ids);
        }
        // Both words may be in the name, one in it and one in the answers, or one of them in another text altogether.
        for words in ["host7", "other", "example host3", "host7 host2", "host9 1", "device", "device 2 host1"] {
            let select = Select { search: words.into(), ..Select::default() };
            let ids: Vec<i64> = all(&case, None, &select).iter().map(|row| row.id).collect();
            assert!(!ids.is_empty() && ids.len() < 250, "{words}");
            found.push(ids);
        }
        let sets = case
            .read(|db| Ok(db.query_row("SELECT count(*) FROM text WHERE hash = 0", [], |row| row.get::<_, i64>(0))?));
        cases.push((rows, groups, found, sets.unwrap()));
    }
    let (a, b) = (&cases[0], &cases[1]);
    assert_eq!((&a.0, &a.1, &a.2), (&b.0, &b.1, &b.2));
    assert!(a.3 < b.3 / 2, "{} field sets instead of {}", a.3, b.3);
}

#[test]
fn times_that_nobody_believes_come_last() {
    let dir = tempfile::tempdir().unwrap();
    let actor = Actor { actor: "tester".into(), machine: "bench".into(), version: "0".into() };
    let about = crate::About { name: "a".into(), ..Default::default() };
    let case = Case::create(&dir.path().join("a.lintel"), &about, actor, Time(0)).unwrap();
    let new = NewEvidence { path: "/e/1.pcap".into(), kind: "pcap".into(), ..NewEvidence::default() };
    let item = case.evidence_begin(&new, Time(0)).unwrap();
    let run = case.run_begin(item, "pcap", "1", Time(0)).unwrap();
    let mut writer = case.writer().unwrap();
    let second = 1_000_000_000;
    // A clock that was never set, none at all, and the first moment that is believed.
    let times =
        [None, Some(0), Some(1_700_000_000), Some(-5), Some(631_152_000), Some(631_151_999), Some(1_600_000_000), None];
    for chunk in times.chunks(3) {
        let mut batch = Batch::default();
        for (n, ts) in chunk.iter().enumerate() {
            let mut fact = Fact::new("dns", Place::bytes(n as u64, 1));
            fact.ts = ts.map(|ts| Time(ts * second));
            batch.facts.push(&fact);
        }
        writer.write(run, &batch).unwrap();
    }
    drop(writer);
    case.run_end(run, RunStatus::Done, Time(0)).unwrap();
    case.index().unwrap();
    let ordered = |descending| -> Vec<Option<i64>> {
        let mut rows = Vec::new();
        let mut request = PageRequest { limit: 2, descending, ..PageRequest::default() };
        loop {
            let (page, next, _) = case.facts_page(None, &request).unwrap();
            rows.extend(page.iter().map(|row| row.ts.map(|ts| ts.0 / second)));
            request.after = next;
            if request.after.is_none() {
                return rows;
            }
        }
    };
    let (believed, others) =
        ([631_152_000, 1_600_000_000, 1_700_000_000], [None, None, Some(-5), Some(0), Some(631_151_999)]);
    let up: Vec<Option<i64>> = believed.map(Some).into_iter().chain(others).collect();
    let down: Vec<Option<i64>> = believed.map(Some).into_iter().rev().chain(others.into_iter().rev()).collect();
    assert_eq!((ordered(false), ordered(true)), (up.clone(), down.clone()));
    for (descending, wanted) in [(false, up), (true, down)] {
        for skip in 0..10 {
            let request = PageRequest { limit: 3, skip: skip as u64, descending, ..PageRequest::default() };
            let (page, next, _) = case.facts_page(None, &request).unwrap();
            let page: Vec<Option<i64>> = page.iter().map(|row| row.ts.map(|ts| ts.0 / second)).collect();
            let left = wanted.get(skip..).unwrap_or_default();
            assert_eq!(page, left[..left.len().min(3)], "{descending} {skip}");
            assert_eq!(next.is_some(), left.len() > 3);
        }
    }
}
